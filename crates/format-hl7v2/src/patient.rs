//! The patient of a message: PID, and what the status of the NHS number needs from ZU1.

use crate::er7::{Message, Part, Segment};
use crate::header::Version;
use crate::hidden::Hidden;
use crate::moment::{Moment, Precision};
use crate::number::{Collector, Identifiers, LocalId, Number, Status};
use crate::oddity::{Oddity, OddityKind, Place};
use crate::profile::Profile;
use cpis_model::Date;
use cpis_model::demographics::Sex;
use cpis_model::name::PersonName;
use std::fmt;

/// One name of a patient. `Debug` never shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub name: PersonName,
    /// XPN-7: `L`, `A`, `CURRENT` and others; empty where none is given.
    pub kind: String,
}

/// A date of birth, as much of it as was given. `Debug` never shows it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Birth {
    /// A whole date.
    Day(Date),
    /// A month.
    Month {
        /// Year.
        year: i16,
        /// Month.
        month: i8,
    },
    /// A year, or 1 January of a year that was estimated.
    Year(i16),
    /// None that can be used.
    Unknown,
}

impl fmt::Debug for Birth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Day(_) => "Day(…)",
            Self::Month { .. } => "Month(…)",
            Self::Year(_) => "Year(…)",
            Self::Unknown => "Unknown",
        })
    }
}

impl Birth {
    /// The whole date.
    pub fn day(self) -> Option<Date> {
        match self {
            Self::Day(day) => Some(day),
            _ => None,
        }
    }

    /// The last day that it may be.
    pub fn latest(self) -> Option<Date> {
        match self {
            Self::Day(day) => Some(day),
            Self::Month { year, month } => Some(Date::new(year, month, 1).ok()?.last_of_month()),
            Self::Year(year) => Date::new(year, 12, 31).ok(),
            Self::Unknown => None,
        }
    }

    /// Whether a whole date may be this one: what a national record's date of birth is compared with.
    pub fn agrees_with(self, day: Date) -> bool {
        match self {
            Self::Day(own) => own == day,
            Self::Month { year, month } => day.year() == year && day.month() == month,
            Self::Year(year) => day.year() == year,
            Self::Unknown => true,
        }
    }
}

/// Whether somebody has died.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Death {
    /// PID-30 or PID-29 says so.
    pub is_recorded: bool,
}

/// The patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patient {
    /// The sender's own identifiers, in order.
    pub local: Vec<LocalId>,
    /// The NHS number, or why there is none to use.
    pub number: Number,
    /// Its status and where that stood.
    pub status: Option<(Status, Place)>,
    /// Names, in order.
    pub names: Vec<Name>,
    /// Date of birth.
    pub birth: Birth,
    /// PID-7 with its precision, as it came.
    pub birth_raw: Hidden,
    /// Whether PID-32 marks the date of birth as estimated or unknown.
    pub birth_is_estimated: bool,
    /// Whether PID-32 marks the NHS number as a default or unknown.
    pub number_is_doubted: bool,
    /// Sex, where it is known.
    pub sex: Option<Sex>,
    /// Postcode of the first address that has one.
    pub postcode: Option<Hidden>,
    /// Death.
    pub death: Death,
    /// PID-31: identity unknown, so exact matching only.
    pub identity_is_unknown: bool,
    /// PID-21: the mother's identifiers.
    pub mother: Option<Identifiers>,
}

impl Patient {
    /// The name to use: the legal or current one, else the first.
    pub fn name(&self) -> Option<&PersonName> {
        let usual = |name: &&Name| matches!(name.kind.as_str(), "" | "L" | "CURRENT" | "U");
        self.names.iter().find(usual).or_else(|| self.names.first()).map(|name| &name.name)
    }

    /// Whether number and date of birth are verified, and so whether an answer needs no mark.
    pub fn is_verified(&self) -> bool {
        let is_doubted = self.number_is_doubted || self.birth_is_estimated;
        !is_doubted && self.status.is_some_and(|(status, _)| status == Status::Verified)
    }
}

/// What a patient is read with.
pub(crate) struct Context<'m> {
    pub(crate) message: &'m Message,
    pub(crate) profile: &'m Profile,
    pub(crate) version: &'m Version,
    /// The day of the message.
    pub(crate) today: Option<Date>,
}

/// Reads a PID, the `occurrence`th of its message.
pub(crate) fn read(pid: Segment<'_>, occurrence: u16, context: &Context<'_>, odd: &mut Vec<Oddity>) -> Patient {
    let place = |field| Place::nth("PID", occurrence, field);
    let mut collector = Collector::new(context.profile, context.today);
    for field in [3, 2, 4, 19] {
        collector.field(&pid, field, place(field), odd);
    }
    let identifiers = collector.finish(odd);
    if identifiers.local.is_empty() {
        odd.push(Oddity { kind: OddityKind::LocalMissing, place: place(3) });
    }
    let reliability = Reliability::read(pid.field(32));
    let mut note = |kind, field| odd.push(Oddity { kind, place: place(field) });
    let names = names(pid.field(5), context.version);
    if names.is_empty() {
        note(OddityKind::NameMissing, 5);
    }
    let birth = birth(pid.field(7), context, &reliability, |kind| note(kind, 7));
    let sex = sex(pid.field(8), |kind| note(kind, 8));
    for field in [5, 7, 11] {
        if pid.field(field).has_controls() {
            note(OddityKind::ControlCharacter, field as u16);
        }
    }
    let status = status(&reliability, identifiers.status, place(32), context.message, odd);
    let mother = mother(&pid, place(21), context, odd);
    let postcode = pid.field(11).repetitions().find_map(|address| address.component(5).value());
    Patient {
        local: identifiers.local,
        number: identifiers.number,
        status,
        names,
        birth,
        birth_raw: pid.field(7).raw().into(),
        birth_is_estimated: reliability.birth_is_estimated || reliability.birth_is_default,
        number_is_doubted: reliability.number_is_doubted,
        sex,
        postcode: postcode.map(Hidden),
        death: Death { is_recorded: is_dead(pid.field(29), pid.field(30)) },
        identity_is_unknown: pid.field(31).code().as_deref() == Some("Y"),
        mother,
    }
}

/// PID-32 (A.3, and what is sent in it).
#[derive(Default)]
struct Reliability {
    status: Option<Status>,
    number_is_doubted: bool,
    birth_is_default: bool,
    birth_is_estimated: bool,
}

impl Reliability {
    fn read(field: Part<'_>) -> Self {
        let mut own = Self::default();
        for code in field.repetitions().filter_map(|part| part.code()) {
            match code.as_str() {
                "US" => own.number_is_doubted = true,
                "UD" => own.birth_is_default = true,
                "ED" => own.birth_is_estimated = true,
                code => {
                    let bare = code.strip_prefix("NSTS").or_else(|| code.strip_prefix("PDS")).unwrap_or(code);
                    own.status = own.status.or_else(|| Status::from_code(bare));
                }
            }
        }
        own
    }
}

/// The status from PID-32, else from beside the number, else from ZU1-27. Where two disagree the number is not verified.
fn status(
    reliability: &Reliability,
    beside: Option<(Status, Place)>,
    place: Place,
    message: &Message,
    odd: &mut Vec<Oddity>,
) -> Option<(Status, Place)> {
    let zu1 = Place::new("ZU1", 27);
    let in_zu1 = message.first("ZU1").and_then(|segment| segment.field(27).code());
    let in_zu1 = in_zu1.and_then(|code| Status::from_code(&code)).map(|status| (status, zu1));
    if in_zu1.is_some() {
        odd.push(Oddity { kind: OddityKind::StatusPlace, place: zu1 });
    }
    let all = [reliability.status.map(|status| (status, place)), beside, in_zu1];
    let first = all.iter().flatten().next().copied()?;
    let least_sure = all.iter().flatten().max_by_key(|(status, _)| *status).copied()?;
    if all.iter().flatten().any(|(status, _)| *status != first.0) {
        odd.push(Oddity { kind: OddityKind::StatusConflict, place });
        return Some(least_sure);
    }
    Some(first)
}

fn names(field: Part<'_>, version: &Version) -> Vec<Name> {
    let name = |part: Part<'_>| {
        // Up to 2.4 an ampersand in a family name is one that nobody escaped.
        let family = part.component(1);
        let family = if version.is_before(5) { family.value() } else { family.subcomponent(1).value() };
        let given = [part.component(2).value(), part.component(3).value()];
        let given: Vec<String> = given.into_iter().flatten().collect();
        let name = PersonName::new(&given.join(" "), &family.unwrap_or_default());
        let kind = part.component(7).value().unwrap_or_default().to_uppercase();
        (name != PersonName::default()).then_some(Name { name, kind })
    };
    field.repetitions().filter_map(name).collect()
}

fn birth(field: Part<'_>, context: &Context<'_>, reliability: &Reliability, mut odd: impl FnMut(OddityKind)) -> Birth {
    let profile = context.profile;
    if field.value().is_none() {
        odd(OddityKind::BirthMissing);
        return Birth::Unknown;
    }
    let mut kinds = Vec::new();
    // A day of birth has no time of day: what the clocks did in that night does not matter.
    let read = Moment::read(field, profile.time_zone, crate::profile::Offsets::Ignored, &mut |kind| kinds.push(kind));
    kinds.retain(|kind| !matches!(kind, OddityKind::TimeTwice | OddityKind::TimeNever));
    kinds.into_iter().for_each(&mut odd);
    let Some(moment) = read else { return Birth::Unknown };
    let day = moment.local.date();
    if context.today.is_some_and(|today| day > today) {
        odd(OddityKind::BirthFuture);
        return Birth::Unknown;
    }
    if reliability.birth_is_default || reliability.birth_is_estimated {
        odd(OddityKind::BirthEstimated);
    }
    if reliability.birth_is_default {
        return Birth::Unknown;
    }
    let is_first_of_year = day.month() == 1 && day.day() == 1;
    match moment.precision {
        Precision::Year => {
            odd(OddityKind::BirthPartial);
            Birth::Year(day.year())
        }
        Precision::Month => {
            odd(OddityKind::BirthPartial);
            Birth::Month { year: day.year(), month: day.month() }
        }
        _ if reliability.birth_is_estimated && is_first_of_year => Birth::Year(day.year()),
        _ => Birth::Day(day),
    }
}

fn sex(field: Part<'_>, mut odd: impl FnMut(OddityKind)) -> Option<Sex> {
    match field.code()?.as_str() {
        "M" | "1" | "MALE" => Some(Sex::Male),
        "F" | "2" | "FEMALE" => Some(Sex::Female),
        "O" | "9" => Some(Sex::Indeterminate),
        "U" | "0" | "N" => None,
        _ => {
            odd(OddityKind::SexUnknown);
            None
        }
    }
}

/// PID-30 `Y`, or a time in PID-29 unless PID-30 says `N`.
fn is_dead(time: Part<'_>, indicator: Part<'_>) -> bool {
    match indicator.code().as_deref() {
        Some("Y" | "YES" | "D" | "1") => true,
        Some("N" | "NO" | "0") => false,
        _ => time.value().is_some(),
    }
}

fn mother(pid: &Segment<'_>, place: Place, context: &Context<'_>, odd: &mut Vec<Oddity>) -> Option<Identifiers> {
    pid.field(21).value()?;
    let mut collector = Collector::new(context.profile, context.today);
    collector.field(pid, 21, place, odd);
    Some(collector.finish(odd))
}
