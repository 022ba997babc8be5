//! The visit of a message: PV1, with what the profile makes of its codes.

use crate::er7::{Part, Segment};
use crate::hidden::Hidden;
use crate::moment::Moment;
use crate::oddity::{Oddity, OddityKind, Place};
use crate::profile::{Care, Class, LocationRule, Profile};
use cpis_model::organisation::OdsCode;

/// The number of a visit, which stops a second access. `Debug` never shows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VisitNumber {
    /// CX-1.
    pub value: Hidden,
    /// CX-4, who gave it out.
    pub authority: Option<String>,
}

impl VisitNumber {
    /// Reads one from a field of type CX.
    pub(crate) fn read(field: Part<'_>) -> Option<Self> {
        let first = field.repetitions().next()?;
        let value = first.component(1).value()?;
        Some(Self { value: value.into(), authority: first.component(4).subcomponent(1).value() })
    }
}

/// Where the patient is.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Location {
    /// PV1-3.1.
    pub point_of_care: Option<String>,
    /// PV1-3.2.
    pub room: Option<String>,
    /// PV1-3.3.
    pub bed: Option<String>,
    /// PV1-3.4.
    pub facility: Option<String>,
    /// PV1-3.7.
    pub building: Option<String>,
    /// The site: the profile's for this location, else component 4 or 7 where it is a site's code, else the profile's.
    pub site: Option<OdsCode>,
    /// What the profile says of it.
    pub rule: Option<LocationRule>,
}

/// A visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// PV1-19, else PID-18.
    pub number: Option<VisitNumber>,
    /// PV1-2 by the profile.
    pub class: Class,
    /// PV1-2 as it came.
    pub class_raw: String,
    /// PV1-3.
    pub location: Location,
    /// PV1-3 as it is written, to give it back.
    pub location_raw: String,
    /// PV1-4 as it came.
    pub method_raw: String,
    /// PV1-4 by the profile.
    pub method: Option<Care>,
    /// PV1-10 as it came.
    pub specialty_raw: String,
    /// PV1-10 by the profile.
    pub specialty: Option<Care>,
    /// PV1-18 by the profile.
    pub patient_type: Option<Care>,
    /// PV1-44.
    pub start: Option<Moment>,
    /// PV1-45.
    pub end: Option<Moment>,
}

/// Reads a PV1.
pub(crate) fn read(
    pv1: Segment<'_>,
    occurrence: u16,
    account: Option<VisitNumber>,
    profile: &Profile,
    odd: &mut Vec<Oddity>,
) -> Visit {
    let mut note = |kind, field| odd.push(Oddity { kind, place: Place::nth("PV1", occurrence, field) });
    let class_raw = pv1.field(2).code().unwrap_or_default();
    let class = profile.classes.get(&class_raw).copied();
    if class.is_none() {
        note(if class_raw.is_empty() { OddityKind::ClassMissing } else { OddityKind::ClassUnknown }, 2);
    }
    let location = location(pv1.field(3), profile);
    if location.rule.is_none() && class != Some(Class::Never) {
        let missing = location.point_of_care.is_none();
        note(if missing { OddityKind::LocationMissing } else { OddityKind::LocationUnknown }, 3);
    }
    let method_raw = pv1.field(4).code().unwrap_or_default();
    let method = profile.admission_methods.get(&method_raw).copied();
    if !method_raw.is_empty() && method.is_none() {
        note(OddityKind::MethodUnknown, 4);
    }
    let specialty_raw = pv1.field(10).code().unwrap_or_default();
    let number = VisitNumber::read(pv1.field(19));
    if number.is_none() && class != Some(Class::Never) {
        note(OddityKind::VisitNumberMissing, 19);
    }
    let mut time = |field: usize| {
        let odd = &mut |kind| note(kind, field as u16);
        Moment::read(pv1.field(field), profile.time_zone, profile.offsets, odd)
    };
    let (start, end) = (time(44), time(45));
    if start.is_none() && class != Some(Class::Never) {
        note(OddityKind::StartMissing, 44);
    }
    Visit {
        number: number.or(account),
        class: class.unwrap_or(Class::Unknown),
        class_raw,
        location,
        location_raw: pv1.field(3).raw().to_owned(),
        method_raw,
        method,
        specialty: profile.specialties.get(&specialty_raw).copied(),
        specialty_raw,
        patient_type: pv1.field(18).code().and_then(|code| profile.patient_types.get(&code)).copied(),
        start,
        end,
    }
}

fn location(field: Part<'_>, profile: &Profile) -> Location {
    let first = field.repetitions().next().unwrap_or(field);
    let text = |number| first.component(number).value();
    let (point_of_care, facility, building) = (text(1), text(4), text(7));
    let named = |text: &Option<String>| text.as_deref().and_then(site_code);
    let facility_code = first.component(4).subcomponent(1).value();
    let rule = point_of_care.as_deref().and_then(|code| profile.location(code, facility_code.as_deref()));
    let own = rule.and_then(|rule| rule.site);
    let site = own.or_else(|| named(&facility_code)).or_else(|| named(&building)).or(profile.site);
    let rule = rule.cloned();
    Location { room: text(2), bed: text(3), point_of_care, facility, building, site, rule }
}

/// A site of a trust has five letters and digits, a trust three; the first is a letter.
fn site_code(text: &str) -> Option<OdsCode> {
    let fits = matches!(text.len(), 3 | 5 | 6) && text.starts_with(|c: char| c.is_ascii_alphabetic());
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit()) || text.len() == 3;
    if fits && has_digit { text.parse().ok() } else { None }
}
