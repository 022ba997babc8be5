//! The XPath of what a fault is about.

use crate::names::{LOCAL_ROOT, NUMBER_ROOT, subject_element, template};
use cpis_model::plan::PlanKind;
use cpis_model::upload::{Field, SubjectKind};

/// The XPath into the uploaded document of what a fault is about, for faults found after reading. It selects by names, so
/// that it is exact in whatever order the elements of the record stand.
///
/// ```
/// use cpis_format_hl7v3::location;
/// use cpis_model::plan::PlanKind;
/// use cpis_model::upload::{Field, SubjectKind};
/// assert_eq!(
///     location(3, SubjectKind::Child, Field::End(PlanKind::ChildProtection)),
///     "/File/record[3]/CP-ISRecord/pertinentInformation/COCT_TP146101GB01.CPPInformation/component1/cPPEndDate/value"
/// );
/// ```
pub fn location(position: u32, subject: SubjectKind, field: Field) -> String {
    let plan = |kind: PlanKind, rest: &[&str]| {
        let parts = [&["pertinentInformation", template(kind).element][..], rest].concat();
        below(position, &parts)
    };
    let (ids, person) = match subject {
        SubjectKind::Child => (&["subject", subject_element(subject)][..], "childPerson"),
        SubjectKind::Unborn => {
            (&["subject", subject_element(subject), "parentMotherPerson", "playedMother"][..], "parentMotherPerson")
        }
    };
    let id = |root: &str| format!("{}/id[@root='{root}']", below(position, ids));
    let person = |rest: &[&str]| below(position, &[&["subject", subject_element(subject), person][..], rest].concat());
    match field {
        Field::Record => format!("/File/record[{position}]"),
        Field::Number => id(NUMBER_ROOT),
        Field::LocalId => id(LOCAL_ROOT),
        Field::Family => person(&["name", "family"]),
        Field::Given => person(&["name", "given"]),
        Field::Birth => person(&["birthTime"]),
        Field::Plan(kind) => plan(kind, &[]),
        Field::Start(kind) => plan(kind, &["component", template(kind).start, "value"]),
        Field::End(kind) => plan(kind, &["component1", template(kind).end, "value"]),
        Field::Delete(kind) => plan(kind, &["component2", template(kind).delete, "value"]),
    }
}

/// A place below a record's `CP-ISRecord`.
pub(crate) fn below(position: u32, parts: &[&str]) -> String {
    let mut text = format!("/File/record[{position}]/CP-ISRecord");
    for part in parts {
        text.push('/');
        text.push_str(part);
    }
    text
}
