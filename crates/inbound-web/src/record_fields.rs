//! The fields of records of the register, as pages and forms have them: labels, hints, how each is entered and how its value
//! is said. Which values are good is judged by the one reader of records, `cpis_model::organisation_json`.

use crate::{lines, words};
use cpis_model::Date;
use cpis_model::hours::Hours;
use cpis_model::organisation::{OdsCode, Phone};
use cpis_model::organisation_record::{ContactKind, RecordKind};
use cpis_model::register::Register;
use cpis_model::setting::Setting;

/// How a field is entered and said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A line of text.
    Text,
    /// A code or an id.
    Code,
    /// An organisation, by its ODS code.
    Organisation,
    /// A telephone number.
    Phone,
    /// Hours of the week.
    Hours,
    /// A day, in three boxes.
    Day,
    /// Several texts, one a line.
    Lines,
    /// A tick.
    Yes,
    /// A setting, to be chosen.
    Setting,
    /// A kind of contact, to be chosen.
    Contact,
}

/// A field.
#[derive(Debug)]
pub struct Field {
    /// Where it stands in the record's JSON, within its group.
    pub path: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// What to enter; may be empty.
    pub hint: &'static str,
    /// How.
    pub shape: Shape,
}

/// Fields that there may be several times.
#[derive(Debug)]
pub struct Group {
    /// Its list in the record's JSON.
    pub path: &'static str,
    /// What people call one of them.
    pub label: &'static str,
    /// The fields of one.
    pub fields: &'static [Field],
    /// Empty ones that a form offers.
    pub empty: usize,
}

const fn field(path: &'static str, label: &'static str, shape: Shape, hint: &'static str) -> Field {
    Field { path, label, hint, shape }
}

/// The code of a new record.
pub const CODE: Field = field("code", "Code", Shape::Code, "");
const NAME: Field = field("name", "Name", Shape::Text, "");
const FROM: Field = field("from", "In use from", Shape::Day, "");
const UNTIL: Field =
    field("until", "In use until", Shape::Day, "The last day. Leave it empty while there is no end in sight.");

#[rustfmt::skip]
const AUTHORITY: &[Field] = &[
    NAME,
    field("mailboxes", "Mailboxes", Shape::Lines, "One a line. Messages for the authority go there"),
    field("notice_emails", "E-mail addresses for notices", Shape::Lines, "One a line. They are told that there are notices, and nothing else"),
    field("duty_emails", "E-mail addresses of the emergency duty team", Shape::Lines, "One a line. They are told when nobody has read a notice in time"),
    field("dfe_code", "DfE code", Shape::Code, "The Department for Education's: 3 digits"),
    field("gss_code", "GSS code", Shape::Code, "The statistics office's: a letter and 8 digits"),
    field("region", "Region", Shape::Text, ""),
    FROM, UNTIL,
];
#[rustfmt::skip]
const PROVIDER: &[Field] = &[
    NAME,
    field("type", "Type", Shape::Text, "In the words of its source"),
    field("parent", "Organisation that it belongs to", Shape::Organisation, "ODS code"),
    FROM, UNTIL,
];
#[rustfmt::skip]
const SITE: &[Field] = &[
    NAME,
    field("organisation", "Organisation that runs it", Shape::Organisation, "ODS code"),
    field("setting", "Setting", Shape::Setting, "It decides whether the authority is told"),
    field("responsible.name", "Responsible person", Shape::Text, "Named where a system asks without a person at it"),
    field("responsible.role", "Job role of the responsible person", Shape::Text, ""),
    field("responsible.phone", "Telephone of the responsible person", Shape::Phone, "Authorities see it with their notices"),
    field("lead.phone", "Telephone of the lead for safeguarding", Shape::Phone, "Authorities see it with their notices"),
    field("lead.email", "E-mail of the lead for safeguarding", Shape::Text, ""),
    FROM, UNTIL,
];
#[rustfmt::skip]
const SUPPLIER: &[Field] = &[
    NAME,
    field("email", "E-mail of the help desk", Shape::Text, ""),
    FROM, UNTIL,
];
#[rustfmt::skip]
const SYSTEM: &[Field] = &[
    NAME,
    field("organisation", "Organisation that uses it", Shape::Organisation, "ODS code"),
    field("supplier", "Supplier", Shape::Code, "Code of the supplier"),
    field("sites", "Sites", Shape::Lines, "ODS codes, one a line. None: everywhere in the organisation"),
    field("asids", "ASIDs", Shape::Lines, "Its ids on the Spine: 12 digits, one a line"),
    field("client", "Client id", Shape::Code, "Its id at the issuer of tokens"),
    field("certificates", "Certificate fingerprints", Shape::Lines, "SHA-256, one a line. Two may be valid while a certificate is changed"),
    field("mailbox", "Mailbox", Shape::Code, ""),
    field("one_id_a_visit", "It sends one id for each visit", Shape::Yes, "Looks of one visit are then shown together"),
    FROM, UNTIL,
];

const CONTACTS: Group = Group {
    path: "contacts",
    label: "Contact",
    fields: &[
        field("kind", "Whom it reaches", Shape::Contact, ""),
        field("phone", "Telephone number", Shape::Phone, ""),
        field("hours", "Hours", Shape::Hours, "For example, Mon-Fri 08:45-17:00; Sat 10:00-12:00. Or: at all times"),
        field("from", "Valid from", Shape::Day, ""),
        field("until", "Valid until", Shape::Day, ""),
    ],
    empty: 2,
};
const SUCCESSORS: Group = Group {
    path: "successors",
    label: "Successor",
    fields: &[field("code", "Its code", Shape::Code, "Of the same kind"), field("on", "Goes on from", Shape::Day, "")],
    empty: 1,
};

/// The fields that a record of a kind has once, in the order of its form.
pub fn fields(kind: RecordKind) -> &'static [Field] {
    match kind {
        RecordKind::Authority => AUTHORITY,
        RecordKind::Provider => PROVIDER,
        RecordKind::Site => SITE,
        RecordKind::Supplier => SUPPLIER,
        RecordKind::System => SYSTEM,
    }
}

/// The fields that it may have several times.
pub fn groups(kind: RecordKind) -> &'static [Group] {
    const OF_AUTHORITY: &[Group] = &[CONTACTS, SUCCESSORS];
    const OF_OTHERS: &[Group] = &[SUCCESSORS];
    if kind == RecordKind::Authority { OF_AUTHORITY } else { OF_OTHERS }
}

/// Whether a form must have it.
pub fn is_needed(field: &Field) -> bool {
    matches!(field.path, "code" | "name" | "organisation" | "setting")
}

/// A field at its place in a record, such as that of `contacts[1].phone` or `asids[2]`.
pub struct Place {
    /// The field.
    pub field: &'static Field,
    /// Its group, and which one it is, from 0.
    pub group: Option<(&'static Group, usize)>,
    /// Which of its lines, from 0.
    pub line: Option<usize>,
}

/// The field of a path.
pub fn place(kind: RecordKind, path: &str) -> Option<Place> {
    static OWN_CODE: Field = CODE;
    let find = |fields: &'static [Field], path: &str| fields.iter().find(|field| field.path == path);
    let Some((root, rest)) = path.split_once('[') else {
        let field = if path == OWN_CODE.path { Some(&OWN_CODE) } else { find(fields(kind), path) };
        return field.map(|field| Place { field, group: None, line: None });
    };
    let (number, inner) = rest.split_once(']')?;
    let number = number.parse().ok()?;
    match groups(kind).iter().find(|group| group.path == root) {
        Some(group) => {
            let field = find(group.fields, inner.strip_prefix('.')?)?;
            Some(Place { field, group: Some((group, number)), line: None })
        }
        None => Some(Place { field: find(fields(kind), root)?, group: None, line: Some(number) }),
    }
}

/// The id of a field in its form.
pub fn id(field: &Field, group: Option<(&Group, usize)>) -> String {
    let own = field.path.replace('.', "-");
    match group {
        Some((group, number)) => format!("{}-{}-{own}", group.path, number + 1),
        None => own,
    }
}

impl Place {
    /// The id of the field in its form.
    pub fn id(&self) -> String {
        id(self.field, self.group)
    }

    /// What people call it, such as `Contact 2, telephone number`.
    pub fn label(&self) -> String {
        match (self.group, self.line) {
            (Some((group, number)), _) => {
                format!("{} {}, {}", group.label, number + 1, lower_first(self.field.label))
            }
            (None, Some(line)) => format!("{}, line {}", self.field.label, line + 1),
            (None, None) => self.field.label.to_owned(),
        }
    }
}

/// What people call the field of a path.
pub fn label(kind: RecordKind, path: &str) -> String {
    place(kind, path).map_or_else(|| path.to_owned(), |place| place.label())
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// A value as people say it.
pub fn said(shape: Shape, value: &str, register: &Register) -> String {
    let said = match shape {
        Shape::Text | Shape::Code | Shape::Lines => None,
        Shape::Organisation => {
            let known = value.parse::<OdsCode>().ok().and_then(|code| register.organisation(code));
            known.map(|known| format!("{value}, {}", known.name))
        }
        Shape::Phone => value.parse::<Phone>().ok().map(|phone| words::phone(&phone)),
        Shape::Hours => value.parse::<Hours>().ok().map(|hours| hours.words()),
        Shape::Day => value.parse::<Date>().ok().map(words::day),
        Shape::Yes => Some(if value == "true" { "Yes" } else { "No" }.to_owned()),
        Shape::Setting => value.parse().ok().map(setting),
        Shape::Contact => value.parse::<ContactKind>().ok().map(|kind| lines::whom(kind).to_owned()),
    };
    said.unwrap_or_else(|| value.to_owned())
}

/// A setting, and what follows from it.
pub fn setting(setting: Setting) -> String {
    let tells = if setting.notifies() { "the authority is told" } else { "the authority is not told" };
    format!("{} ({}): {tells}", setting.name(), setting.code())
}
