//! Writes uploads, for demonstrations, tests and generated data: strictly as the schema.

use crate::names::{
    CONTENT_ROOT, HL7, LOCAL_ROOT, LOCALISATION, NUMBER_ROOT, ORGANISATION_ROOT, subject_element, template,
};
use crate::xml::{escape_attribute, escape_text};
use cpis_model::Date;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::organisation::{AuthorityCode, Contact};
use cpis_model::upload::{Header, Person, Record, SubjectKind, UploadedPlan};
use std::io::Write;

/// Adds text as it is.
pub(crate) fn raw(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// Adds ` name="value"`.
pub(crate) fn attribute(out: &mut Vec<u8>, name: &str, value: &str) {
    raw(out, " ");
    raw(out, name);
    raw(out, "=\"");
    escape_attribute(out, value);
    raw(out, "\"");
}

/// Adds `<name>text</name>`.
pub(crate) fn element(out: &mut Vec<u8>, name: &str, text: &str) {
    raw(out, "<");
    raw(out, name);
    raw(out, ">");
    escape_text(out, text);
    raw(out, "</");
    raw(out, name);
    raw(out, ">");
}

/// Adds the declaration and the start of the document's element.
pub(crate) fn begin(out: &mut Vec<u8>, root: &str) {
    raw(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<");
    raw(out, root);
    attribute(out, "xmlns", HL7);
    attribute(out, "xmlns:npfitlc", LOCALISATION);
    raw(out, ">\n");
}

/// Adds the id of something.
pub(crate) fn id(out: &mut Vec<u8>, root: &str, extension: &str) {
    raw(out, "<id");
    attribute(out, "root", root);
    attribute(out, "extension", extension);
    raw(out, "/>");
}

/// Adds the mark that stands before the element of a template.
pub(crate) fn content(out: &mut Vec<u8>, extension: &str) {
    raw(out, "<npfitlc:contentId");
    attribute(out, "root", CONTENT_ROOT);
    attribute(out, "extension", extension);
    raw(out, "/>");
}

/// Adds the ids of a person in elements of this name: the NHS number, then the authority's own.
pub(crate) fn person_ids(out: &mut Vec<u8>, name: &str, number: NhsNumber, local_id: Option<&str>, assigner: &str) {
    let _ = write!(out, "<{name}");
    attribute(out, "root", NUMBER_ROOT);
    attribute(out, "extension", number.digits());
    raw(out, "/>");
    if let Some(local_id) = local_id {
        let _ = write!(out, "<{name}");
        attribute(out, "root", LOCAL_ROOT);
        attribute(out, "extension", local_id);
        attribute(out, "assigningAuthorityName", assigner);
        raw(out, "/>");
    }
}

/// Adds the organisation that sends a file, or to which an acknowledgement goes.
pub(crate) fn organisation(out: &mut Vec<u8>, code: AuthorityCode, name: &str, contact: Option<&Contact>) {
    raw(out, "<organisation>");
    id(out, ORGANISATION_ROOT, code.0.as_str());
    element(out, "name", name);
    let emergency = contact.map(|contact| (&contact.emergency, "EC"));
    let office = contact.and_then(|contact| contact.office.as_ref()).map(|phone| (phone, "WP"));
    for (phone, purpose) in emergency.into_iter().chain(office) {
        raw(out, "<telecom");
        attribute(out, "value", &format!("tel:{}", phone.as_str()));
        attribute(out, "use", purpose);
        raw(out, "/>");
    }
    if contact.is_none() {
        // The schema wants one number, of any number of digits.
        raw(out, "<telecom value=\"tel:\" use=\"EC\"/>");
    }
    raw(out, "</organisation>");
}

/// Writes a file record by record.
///
/// ```
/// use cpis_format_hl7v3::{FileWriter, head};
/// # use cpis_model::{organisation::Contact, upload::Header};
/// let header = Header {
///     created: "20260302093000+0000".to_owned(),
///     sequence: 1042,
///     declared_records: 0,
///     authority: "999".parse().unwrap(),
///     name: "EXAMPLESHIRE COUNTY COUNCIL".to_owned(),
///     contact: Contact { emergency: "01632960001".parse().unwrap(), office: None },
/// };
/// let file = FileWriter::new(&header).finish();
/// assert_eq!(head(&file), Ok(header));
/// ```
pub struct FileWriter {
    out: Vec<u8>,
    assigner: String,
}

impl FileWriter {
    /// Begins a file; the number of records is what the header says.
    pub fn new(header: &Header) -> Self {
        let mut out = Vec::with_capacity(4096);
        begin(&mut out, "File");
        raw(&mut out, "<creationTime");
        attribute(&mut out, "value", &header.created);
        let _ = write!(out, "/>\n<id extension=\"{}\"/>\n", header.sequence);
        let _ =
            write!(out, "<transmissionQuantity value=\"{}\"/>\n<communicationFunctionSnd>", header.declared_records);
        organisation(&mut out, header.authority, &header.name, Some(&header.contact));
        raw(&mut out, "</communicationFunctionSnd>\n");
        Self { out, assigner: format!("{}:{}", header.authority, header.name) }
    }

    /// Adds one record: a child, an unborn child, or both.
    pub fn push(&mut self, subjects: &[Record]) {
        let out = &mut self.out;
        raw(out, "<record><CP-ISRecord>");
        for record in subjects {
            record.plans.iter().for_each(|plan| write_plan(out, *plan));
        }
        for record in subjects {
            write_subject(out, record, &self.assigner);
        }
        raw(out, "</CP-ISRecord></record>\n");
    }

    /// Bytes so far.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Never: a file begins with its head.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Takes out what has been written so far, so that a long file need not stay in memory.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Ends the file.
    pub fn finish(mut self) -> Vec<u8> {
        raw(&mut self.out, "</File>\n");
        self.out
    }
}

/// A whole file. Records of one place that follow each other are one record element.
pub fn encode_file(header: &Header, records: &[Record]) -> Vec<u8> {
    let mut writer = FileWriter::new(header);
    records.chunk_by(|left, right| left.position == right.position).for_each(|subjects| writer.push(subjects));
    writer.finish()
}

fn write_plan(out: &mut Vec<u8>, plan: UploadedPlan) {
    let template = template(plan.kind);
    raw(out, "<pertinentInformation>");
    content(out, template.content);
    let _ = write!(out, "<{}>", template.element);
    for (holder, name, day) in [
        ("component", template.start, Some(plan.dates.start)),
        ("component1", template.end, plan.dates.end),
        ("component2", template.delete, plan.dates.delete),
    ] {
        if let Some(day) = day {
            let day = compact(day);
            let _ = write!(out, "<{holder}><{name}><value value=\"{day}0000\"/></{name}></{holder}>");
        }
    }
    let _ = write!(out, "</{}></pertinentInformation>", template.element);
}

fn compact(day: Date) -> String {
    format!("{:04}{:02}{:02}", day.year(), day.month(), day.day())
}

fn write_subject(out: &mut Vec<u8>, record: &Record, assigner: &str) {
    let name = subject_element(record.subject);
    raw(out, "<subject>");
    content(out, &name.replace('.', "#"));
    let _ = write!(out, "<{name}>");
    let person = &record.person;
    match record.subject {
        SubjectKind::Child => {
            write_ids(out, person, assigner);
            raw(out, "<childPerson>");
            write_person(out, person);
            raw(out, "</childPerson>");
        }
        SubjectKind::Unborn => {
            raw(out, "<parentMotherPerson>");
            write_person(out, person);
            raw(out, "<playedMother>");
            write_ids(out, person, assigner);
            raw(out, "</playedMother></parentMotherPerson>");
        }
    }
    let _ = write!(out, "</{name}></subject>");
}

fn write_ids(out: &mut Vec<u8>, person: &Person, assigner: &str) {
    person_ids(out, "id", person.number, person.local_id.as_deref(), assigner);
}

fn write_person(out: &mut Vec<u8>, person: &Person) {
    let _ = write!(out, "<birthTime value=\"{}\"/><name>", compact(person.birth));
    element(out, "given", &person.name.given);
    element(out, "family", &person.name.family);
    raw(out, "</name>");
}
