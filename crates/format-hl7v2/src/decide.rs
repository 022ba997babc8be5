//! Whether a message is a reason to ask: the rules that need only the message, the profile and the time.
//!
//! What needs memory is the gateway's: whether this visit was asked about already, and which visits are open.

use crate::adt::Adt;
use crate::event::{Effect, Event};
use crate::moment::Moment;
use crate::number::{NoNumber, Number};
use crate::patient::{Birth, Patient};
use crate::profile::{Care, Class, Profile};
use crate::visit::{Visit, VisitNumber};
use cpis_model::Timestamp;
use cpis_model::demographics::Sex;
use cpis_model::organisation::OdsCode;
use cpis_model::setting::Setting;
use cpis_model::time::{birthday, london_day};
use jiff::SignedDuration;

/// What to do with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A visit to ask about, once.
    Ask(Ask),
    /// A visit to ask about as soon as there is a number that can be used.
    Hold {
        /// Everything but the number.
        ask: Ask,
        /// Why there is none.
        why: NoNumber,
    },
    /// Not an arrival, but it may change what is known of a visit or a person.
    Apply(Effect),
    /// No reason to ask.
    No(NotAsked),
}

/// Somebody to ask about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Why them.
    pub who: Who,
    /// The number, or why there is none to use.
    pub number: Number,
    /// Whether its status says that it was verified. The answer is marked otherwise.
    pub verified: bool,
    /// The visit's number.
    pub visit: Option<VisitNumber>,
    /// The site.
    pub site: Option<OdsCode>,
    /// The care setting.
    pub setting: Setting,
    /// When the visit began.
    pub started: Timestamp,
    /// What somebody should look at, although it is asked.
    pub concerns: Vec<Concern>,
}

/// Why somebody is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// Under 18.
    Child,
    /// May be pregnant: an unborn child's plan is found through the mother.
    Pregnant,
    /// Both.
    PregnantChild,
    /// The date of birth does not say.
    AgeUnknown,
}

/// What somebody should look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Concern {
    /// The location is not in the profile.
    UnknownLocation,
    /// There is no visit number: nothing stops a second access but the patient and the time.
    NoVisitNumber,
    /// Nothing says which site it is.
    NoSite,
    /// The date of birth is not a whole date.
    BirthUncertain,
    /// The sender does not know who it is.
    IdentityUnknown,
}

impl Concern {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::UnknownLocation, Self::NoVisitNumber, Self::NoSite, Self::BirthUncertain, Self::IdentityUnknown];

    /// A short word for counters.
    pub fn code(self) -> &'static str {
        match self {
            Self::UnknownLocation => "unknown-location",
            Self::NoVisitNumber => "no-visit-number",
            Self::NoSite => "no-site",
            Self::BirthUncertain => "birth-uncertain",
            Self::IdentityUnknown => "identity-unknown",
        }
    }

    /// What it is, in words.
    pub fn text(self) -> &'static str {
        match self {
            Self::UnknownLocation => "the location is not in the profile",
            Self::NoVisitNumber => "there is no visit number",
            Self::NoSite => "nothing says which site it is",
            Self::BirthUncertain => "the date of birth is not a whole date",
            Self::IdentityUnknown => "the sender does not know who it is",
        }
    }
}

/// Why nothing is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NotAsked {
    /// The event is not about arrivals.
    NotAnArrival,
    /// Planned care.
    Planned,
    /// The event could begin a visit, and the profile does not take it for one.
    NotATrigger,
    /// No patient, or no visit.
    NothingToAsk,
    /// Scheduled care.
    NotUnscheduled,
    /// The ward is not one where somebody is asked about.
    OutOfScope,
    /// Began too long ago: for the work list.
    TooOld,
    /// Begins in the future: for the work list.
    InFuture,
    /// No time at all: for the work list.
    NoTime,
    /// An adult.
    AgeOver,
    /// Has died.
    Deceased,
}

impl NotAsked {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::NotAnArrival,
        Self::Planned,
        Self::NotATrigger,
        Self::NothingToAsk,
        Self::NotUnscheduled,
        Self::OutOfScope,
        Self::TooOld,
        Self::InFuture,
        Self::NoTime,
        Self::AgeOver,
        Self::Deceased,
    ];

    /// A short word for counters.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotAnArrival => "not-an-arrival",
            Self::Planned => "planned",
            Self::NotATrigger => "not-a-trigger",
            Self::NothingToAsk => "nothing-to-ask",
            Self::NotUnscheduled => "not-unscheduled",
            Self::OutOfScope => "out-of-scope",
            Self::TooOld => "too-old",
            Self::InFuture => "in-future",
            Self::NoTime => "no-time",
            Self::AgeOver => "adult",
            Self::Deceased => "deceased",
        }
    }

    /// What it is, in words.
    pub fn text(self) -> &'static str {
        match self {
            Self::NotAnArrival => "not about an arrival",
            Self::Planned => "planned care",
            Self::NotATrigger => "the profile does not take this event for an arrival",
            Self::NothingToAsk => "no patient or no visit is named",
            Self::NotUnscheduled => "scheduled care",
            Self::OutOfScope => "a ward where nobody is asked about",
            Self::TooOld => "began too long ago",
            Self::InFuture => "begins in the future",
            Self::NoTime => "no time is given",
            Self::AgeOver => "an adult",
            Self::Deceased => "has died",
        }
    }

    /// Whether somebody should look at it all the same.
    pub fn is_for_work_list(self) -> bool {
        matches!(self, Self::TooOld | Self::InFuture | Self::NoTime)
    }
}

/// What to do with a message at a moment.
pub fn should_ask(adt: &Adt, profile: &Profile, now: Timestamp) -> Decision {
    let effect = adt.event.effect();
    if !profile.triggers_on(&adt.event) {
        return match effect {
            Effect::Planned => Decision::No(NotAsked::Planned),
            Effect::Nothing | Effect::Leave => Decision::No(NotAsked::NotAnArrival),
            Effect::Arrival | Effect::Admission | Effect::Arriving => Decision::No(NotAsked::NotATrigger),
            effect => Decision::Apply(effect),
        };
    }
    let (Some(patient), Some(visit)) = (&adt.patient, &adt.visit) else {
        return not(effect, NotAsked::NothingToAsk);
    };
    let place = match scope(visit, effect, profile) {
        Ok(place) => place,
        Err(why) => return not(effect, why),
    };
    let started = match start(adt, visit, profile, now) {
        Ok(started) => started,
        // An update of a visit that began long ago is an update.
        Err(_) if effect == Effect::Update => return Decision::Apply(effect),
        Err(why) => return Decision::No(why),
    };
    if patient.death.is_recorded {
        return not(effect, NotAsked::Deceased);
    }
    let Some(who) = who(patient, visit, profile, started) else { return not(effect, NotAsked::AgeOver) };
    let ask = ask(patient, visit, profile, (who, started, place));
    match ask.number {
        Ok(_) => Decision::Ask(ask),
        Err(why) => Decision::Hold { ask, why },
    }
}

/// A transfer or an update that is no reason to ask still changes the visit.
fn not(effect: Effect, why: NotAsked) -> Decision {
    match effect {
        Effect::Transfer | Effect::Update => Decision::Apply(effect),
        _ => Decision::No(why),
    }
}

/// Whether the care is unscheduled: the location's own row first, then class, admission method, patient type and specialty.
/// True where the location is known.
fn scope(visit: &Visit, effect: Effect, profile: &Profile) -> Result<bool, NotAsked> {
    if visit.class == Class::Never {
        return Err(NotAsked::NotUnscheduled);
    }
    if let Some(rule) = &visit.location.rule {
        return if rule.care == Care::Scheduled { Err(NotAsked::NotUnscheduled) } else { Ok(true) };
    }
    // Moves within a visit count only where the ward is known to be in scope.
    if matches!(effect, Effect::Transfer | Effect::Arriving | Effect::Leaving) {
        return Err(NotAsked::OutOfScope);
    }
    let is_unscheduled = |care: Care| care != Care::Scheduled;
    let by_class = match visit.class {
        Class::Emergency | Class::Obstetric => Some(true),
        Class::Inpatient => visit.method.map(is_unscheduled),
        _ => None,
    };
    let by_type = visit.patient_type.map(is_unscheduled);
    // Maternity has clinics too: there the location decides.
    let by_specialty = visit.specialty.filter(|care| *care != Care::Maternity).map(is_unscheduled);
    let unscheduled = by_class.or(by_type).or(by_specialty).unwrap_or(profile.ask_at_unknown_locations);
    if unscheduled { Ok(false) } else { Err(NotAsked::NotUnscheduled) }
}

/// When the visit began; of a move, when that happened.
fn start(adt: &Adt, visit: &Visit, profile: &Profile, now: Timestamp) -> Result<Timestamp, NotAsked> {
    let moved = matches!(adt.event, Event::A02 | Event::A06 | Event::A09 | Event::A10);
    let (first, second) = if moved { (&adt.happened, &visit.start) } else { (&visit.start, &adt.happened) };
    let known: Option<&Moment> = first.as_ref().or(second.as_ref());
    let moment = known.or(adt.header.sent.as_ref()).or(adt.recorded.as_ref()).ok_or(NotAsked::NoTime)?;
    let hours = |hours: i64| SignedDuration::from_hours(hours);
    if now.duration_since(moment.latest) > hours(profile.hours_past_max) {
        return Err(NotAsked::TooOld);
    }
    if moment.earliest.duration_since(now) > hours(profile.hours_ahead_max) {
        return Err(NotAsked::InFuture);
    }
    Ok(moment.at())
}

fn who(patient: &Patient, visit: &Visit, profile: &Profile, started: Timestamp) -> Option<Who> {
    let by_location = visit.location.rule.as_ref().map(|rule| rule.care);
    let of_maternity =
        [by_location, visit.method, visit.specialty, visit.patient_type].contains(&Some(Care::Maternity));
    let at_maternity = visit.class == Class::Obstetric || of_maternity;
    let may_be_pregnant = at_maternity && patient.sex != Some(Sex::Male);
    let grown = patient.birth.latest().and_then(|latest| birthday(latest, profile.age));
    let is_child = grown.map(|grown| london_day(started) < grown);
    match (is_child, may_be_pregnant) {
        (Some(true), true) => Some(Who::PregnantChild),
        (Some(true), false) => Some(Who::Child),
        (Some(false) | None, true) => Some(Who::Pregnant),
        (Some(false), false) => None,
        (None, false) => Some(Who::AgeUnknown),
    }
}

fn ask(patient: &Patient, visit: &Visit, profile: &Profile, found: (Who, Timestamp, bool)) -> Ask {
    let (who, started, location_is_known) = found;
    let concerns = [
        (!location_is_known, Concern::UnknownLocation),
        (visit.number.is_none(), Concern::NoVisitNumber),
        (visit.location.site.is_none(), Concern::NoSite),
        (!matches!(patient.birth, Birth::Day(_)), Concern::BirthUncertain),
        (patient.identity_is_unknown, Concern::IdentityUnknown),
    ];
    let rule = visit.location.rule.as_ref();
    Ask {
        who,
        number: patient.number,
        verified: patient.is_verified(),
        visit: visit.number.clone(),
        site: visit.location.site,
        setting: rule.and_then(|rule| rule.setting).unwrap_or(profile.setting),
        started,
        concerns: concerns.into_iter().filter_map(|(is_so, concern)| is_so.then_some(concern)).collect(),
    }
}
