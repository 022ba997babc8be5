//! One record: its plans and subjects, or all its faults.

use crate::Mode;
use crate::dates;
use crate::location::{below, location};
use crate::names::{CHILD, CONTENT_ROOT, LOCAL_ROOT, NUMBER_ROOT, Template, UNBORN, content_matches, template_of};
use crate::schema::RECORD;
use crate::strict::{Report, TOLD_MAX, Violation, check, path};
use crate::tree::Node;
use cpis_model::Date;
use cpis_model::codes::{Detail, RecordCode};
use cpis_model::name::{NAME_CHARS_MAX, PersonName};
use cpis_model::nhs_number::{NhsNumber, NhsNumberError};
use cpis_model::plan::{PlanDates, PlanKind};
use cpis_model::upload::{Field, LOCAL_ID_CHARS_MAX, Person, Record, Rejection, SubjectKind, UploadedPlan};

/// Faults of a file up to which all of each record are kept; after that the first of each, to bound what is kept.
const REJECTIONS_MAX: usize = 300_000;

/// Reads a record. Its subjects go to `records`, or, where there is any fault, all its faults to `rejections`.
pub(crate) fn read(node: Node, position: u32, mode: Mode, records: &mut Vec<Record>, rejections: &mut Vec<Rejection>) {
    let mut reader = Reader { position, mode, faults: Vec::new() };
    reader.schema(node);
    let subjects = if let Some(inner) = reader.only(node, "CP-ISRecord") {
        reader.subjects(inner)
    } else {
        reader.fault(Detail::Missing, below(position, &[]));
        Vec::new()
    };
    if reader.faults.is_empty() {
        records.extend(subjects);
    } else {
        let room = REJECTIONS_MAX.saturating_sub(rejections.len()).max(1);
        rejections.extend(reader.faults.into_iter().take(room));
    }
}

/// A date that is there and cannot be read; the fault is already noted.
#[derive(PartialEq, Eq)]
struct Unread;

struct Reader {
    position: u32,
    mode: Mode,
    faults: Vec<Rejection>,
}

impl Reader {
    fn fault(&mut self, detail: Detail, location: String) {
        self.push(RecordCode::Rejected, Some(detail), location);
    }

    fn push(&mut self, code: RecordCode, detail: Option<Detail>, location: String) {
        let fault = Rejection::coded(self.position, code, detail, location);
        if self.faults.len() < TOLD_MAX && !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn fault_at(&mut self, detail: Detail, node: Node) {
        if self.faults.len() < TOLD_MAX {
            self.fault(detail, path(&format!("/File/record[{}]", self.position), node));
        }
    }

    /// What the schema has to say. A second plan of a kind and the like have a fault of their own below.
    fn schema(&mut self, node: Node) {
        let mut report = Report::default();
        check(node, &RECORD, self.mode, &mut report);
        for (violation, place) in report.0 {
            let detail = if violation == Violation::Missing { Detail::Missing } else { Detail::BadValue };
            self.fault(detail, format!("/File/record[{}]{place}", self.position));
        }
    }

    /// The first element of a name; each further one is a fault, as nobody can say which of them is meant.
    fn only<'t, 'a>(&mut self, node: Node<'t, 'a>, name: &'static str) -> Option<Node<'t, 'a>> {
        let mut list = node.named(name);
        let first = list.next();
        for other in list {
            self.fault_at(Detail::BadValue, other);
        }
        first
    }

    fn subjects(&mut self, record: Node) -> Vec<Record> {
        let (plans, unclear) = self.plans(record);
        let (mut child, mut unborn) = (None, None);
        for holder in record.named("subject") {
            let mut found = false;
            for inner in holder.children().filter(|inner| inner.is_known_space()) {
                let (kind, place) = match inner.name() {
                    CHILD => (SubjectKind::Child, &mut child),
                    UNBORN => (SubjectKind::Unborn, &mut unborn),
                    _ => continue,
                };
                found = true;
                self.content(holder, inner);
                if place.is_some() {
                    self.fault_at(Detail::Duplicate, inner);
                } else {
                    *place = Some((kind, self.person(inner, kind)));
                }
            }
            if !found {
                self.fault_at(Detail::Missing, holder);
            }
        }
        let subjects: Vec<_> = [child, unborn].into_iter().flatten().collect();
        let Some(first) = subjects.first().map(|(kind, _)| *kind) else {
            self.fault(Detail::Missing, below(self.position, &["subject"]));
            if plans.is_empty() && !unclear {
                self.fault(Detail::Missing, below(self.position, &["pertinentInformation"]));
            }
            return Vec::new();
        };
        let mut misplaced = false;
        for (kind, _) in &plans {
            if !subjects.iter().any(|(subject, _)| subject.holds(*kind)) {
                self.fault(Detail::WrongSubject, location(self.position, first, Field::Plan(*kind)));
                misplaced = true;
            }
        }
        let mut records = Vec::new();
        for (subject, person) in subjects {
            let own: Vec<_> = plans.iter().filter(|(kind, _)| subject.holds(*kind)).map(|(_, plan)| *plan).collect();
            if own.is_empty() && !misplaced && !unclear {
                let missing = match subject {
                    SubjectKind::Child => below(self.position, &["pertinentInformation"]),
                    SubjectKind::Unborn => location(self.position, subject, Field::Plan(PlanKind::Unborn)),
                };
                self.fault(Detail::Missing, missing);
            }
            if let (Some(person), Some(plans)) = (person, own.into_iter().collect()) {
                records.push(Record { position: self.position, subject, person, plans });
            }
        }
        records
    }

    /// The plans by kind, without what could not be read; and whether some element holds none that is known.
    fn plans(&mut self, record: Node) -> (Vec<(PlanKind, Option<UploadedPlan>)>, bool) {
        let (mut plans, mut unclear) = (Vec::<(PlanKind, _)>::new(), false);
        for holder in record.named("pertinentInformation") {
            let mut found = false;
            for inner in holder.children().filter(|inner| inner.is_known_space()) {
                let Some(template) = template_of(inner.name()) else { continue };
                found = true;
                self.content(holder, inner);
                if plans.iter().any(|(kind, _)| *kind == template.kind) {
                    self.fault_at(Detail::Duplicate, inner);
                } else {
                    plans.push((template.kind, self.plan(inner, template)));
                }
            }
            if !found {
                self.fault_at(Detail::Missing, holder);
                unclear = true;
            }
        }
        (plans, unclear)
    }

    fn plan(&mut self, node: Node, template: &'static Template) -> Option<UploadedPlan> {
        let kind = template.kind;
        let start = self.date(node, ("component", template.start), Field::Start(kind));
        let end = self.date(node, ("component1", template.end), Field::End(kind));
        let delete = self.date(node, ("component2", template.delete), Field::Delete(kind));
        if start == Ok(None) {
            self.missing::<()>(SubjectKind::Child, Field::Start(kind));
        }
        if end == Ok(None) && kind == PlanKind::Unborn {
            self.fault(Detail::NoDueDate, location(self.position, SubjectKind::Unborn, Field::End(kind)));
        }
        Some(UploadedPlan { kind, dates: PlanDates { start: start.ok()??, end: end.ok()?, delete: delete.ok()? } })
    }

    /// A date of a plan, if it is there.
    fn date(
        &mut self,
        plan: Node,
        (holder, name): (&'static str, &'static str),
        field: Field,
    ) -> Result<Option<Date>, Unread> {
        let mut list = plan.named(holder).flat_map(|holder| holder.named(name));
        let Some(first) = list.next() else { return Ok(None) };
        let mut clear = true;
        for other in list {
            self.fault_at(Detail::BadValue, other);
            clear = false;
        }
        let value = self.only(first, "value").and_then(|value| value.attribute("value")).unwrap_or_default();
        let value = value.trim();
        if value.is_empty() {
            self.missing::<()>(SubjectKind::Child, field);
            return Err(Unread);
        }
        let day = dates::plan(value, self.mode);
        if day.is_none() {
            self.fault(Detail::BadDate, location(self.position, SubjectKind::Child, field));
        }
        day.filter(|_| clear).map(Some).ok_or(Unread)
    }

    fn person(&mut self, node: Node, kind: SubjectKind) -> Option<Person> {
        let (person, ids) = match kind {
            SubjectKind::Child => (self.only(node, "childPerson"), Some(node)),
            SubjectKind::Unborn => {
                let person = self.only(node, "parentMotherPerson");
                (person, person.and_then(|person| self.only(person, "playedMother")))
            }
        };
        let number = self.id(ids, NUMBER_ROOT).filter(|text| !text.is_empty());
        let number = match number.map(|text| text.parse::<NhsNumber>()) {
            None => self.missing(kind, Field::Number),
            Some(Ok(number)) => Some(number),
            Some(Err(error)) => {
                let (code, detail) = match error {
                    NhsNumberError::OldStyle => (RecordCode::OldStyle, None),
                    _ => (RecordCode::Rejected, Some(Detail::BadNumber)),
                };
                self.push(code, detail, location(self.position, kind, Field::Number));
                None
            }
        };
        let local_id = self.id(ids, LOCAL_ROOT).filter(|text| !text.is_empty());
        if local_id.as_ref().is_some_and(|id| id.chars().count() > LOCAL_ID_CHARS_MAX || id.contains(char::is_control))
        {
            self.fault(Detail::BadValue, location(self.position, kind, Field::LocalId));
        }
        let birth = person.and_then(|person| self.only(person, "birthTime")).and_then(|time| time.attribute("value"));
        let birth = match birth.as_ref().map(|value| value.trim()).filter(|value| !value.is_empty()) {
            None => self.missing(kind, Field::Birth),
            Some(value) => {
                let day = dates::birth(value);
                if day.is_none() {
                    self.fault(Detail::BadDate, location(self.position, kind, Field::Birth));
                }
                day
            }
        };
        let name = person.and_then(|person| self.only(person, "name"));
        let name = self.name(name, kind);
        Some(Person { number: number?, local_id, name, birth: birth? })
    }

    fn id(&mut self, node: Option<Node>, root: &str) -> Option<String> {
        let fits = |id: &Node| id.attribute("root").is_some_and(|own| own.trim() == root);
        let mut list = node?.named("id").filter(fits);
        let first = list.next()?;
        for other in list {
            self.fault_at(Detail::BadValue, other);
        }
        first.attribute("extension").map(|value| value.trim().to_owned())
    }

    fn name(&mut self, node: Option<Node>, kind: SubjectKind) -> PersonName {
        let family = node.and_then(|node| self.only(node, "family")).map_or("", Node::text);
        let mut list = node.into_iter().flat_map(|node| node.named("given")).map(Node::text);
        let first = list.next().unwrap_or_default();
        let rest: Vec<_> = list.collect();
        let name = if rest.is_empty() {
            PersonName::new(first, family)
        } else {
            PersonName::new(&[first, &rest.join(" ")].join(" "), family)
        };
        for (text, field) in [(&name.given, Field::Given), (&name.family, Field::Family)] {
            if text.is_empty() {
                self.missing::<()>(kind, field);
            } else if text.chars().count() > NAME_CHARS_MAX || text.contains(char::is_control) {
                self.fault(Detail::BadValue, location(self.position, kind, field));
            }
        }
        name
    }

    fn missing<T>(&mut self, kind: SubjectKind, field: Field) -> Option<T> {
        self.fault(Detail::Missing, location(self.position, kind, field));
        None
    }

    /// The strict reader wants the marker before a template to name it; the schema itself does not tie them together.
    fn content(&mut self, holder: Node, inner: Node) {
        let Some(content) = holder.child("contentId").filter(|_| self.mode == Mode::Strict) else { return };
        let (root, extension) = (content.attribute("root"), content.attribute("extension"));
        let agrees = root.is_none_or(|root| root == CONTENT_ROOT)
            && extension.is_none_or(|extension| content_matches(&extension, inner.name()));
        if !agrees {
            self.fault_at(Detail::BadValue, content);
        }
    }
}
