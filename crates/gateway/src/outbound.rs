//! What is written to the hospital's system: that information exists and where to look, or that this is withdrawn.

use crate::facts::{Local, Person, Visit};
use crate::reading::NHS;
use crate::rules::Target;
use cpis_format_hl7v2::alert::{self, Birth, Said, Subject};
use cpis_format_hl7v2::patient::Name;
use cpis_format_hl7v2::{Hidden, LocalId, VisitNumber};
use cpis_model::demographics::Sex;
use cpis_model::name::PersonName;
use jiff::Timestamp;
use zeroize::Zeroizing;

/// The control id of a message: the same for the same row.
pub(crate) fn control_id(id: i64) -> String {
    format!("G{id:010}")
}

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    /// Information exists.
    Shown,
    /// The same, and it was found late.
    ShownLate,
    /// It is withdrawn.
    Withdrawn,
}

/// The message, without its frame.
pub(crate) fn write(
    target: &Target,
    visit: &Visit,
    person: &Person,
    says: Says,
    control_id: &str,
    now: Timestamp,
) -> Zeroizing<Vec<u8>> {
    let some = |text: &String| (!text.is_empty()).then(|| text.clone());
    let subject = Subject {
        local: local(&person.local).into_iter().collect(),
        number: person.number,
        name: (!person.family.is_empty() || !person.given.is_empty())
            .then(|| Name { name: PersonName::new(&person.given, &person.family), kind: String::new() }),
        birth: person.birth.map(Birth),
        sex: match person.sex.as_str() {
            "F" => Some(Sex::Female),
            "M" => Some(Sex::Male),
            "O" => Some(Sex::Indeterminate),
            _ => None,
        },
        class: visit.place.class.clone(),
        location: visit.place.location.clone(),
        visit: visit.place.is_numbered().then(|| VisitNumber {
            value: Hidden(visit.place.number.clone()),
            authority: some(&visit.place.authority),
        }),
    };
    let said = if says == Says::Withdrawn { Said::Withdrawn(now) } else { Said::Present(now) };
    let mut wording = target.wording.clone();
    if says == Says::ShownLate {
        wording.present.clone_from(&target.present_late);
    }
    Zeroizing::new(alert::write(target.shape, &target.route, &wording, &subject, said, (control_id, now)))
}

/// The receiver's own number of the patient, where there is one.
fn local(local: &Local) -> Option<LocalId> {
    (local.authority != NHS).then(|| LocalId {
        value: Hidden(local.number.clone()),
        authority: (!local.authority.is_empty()).then(|| local.authority.clone()),
        kind: Some("MR".to_owned()),
    })
}
