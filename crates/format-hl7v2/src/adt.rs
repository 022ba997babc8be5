//! A message of a hospital's system as values: who, where, since when, and what was odd about it.

use crate::ack::{self, Acknowledgement};
use crate::er7::Message;
use crate::event::{Effect, Event};
use crate::header::Header;
use crate::hidden::Hidden;
use crate::moment::Moment;
use crate::number::{Collector, Identifiers, NoNumber};
use crate::oddity::{Oddity, OddityKind, Place};
use crate::patient::{self, Context, Patient};
use crate::profile::Profile;
use crate::refusal::Refusal;
use crate::visit::{self, Visit, VisitNumber};

/// What a frame held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A message about a patient.
    Adt(Box<Adt>),
    /// A message that is not about arrivals: acknowledged and passed over.
    Other(Box<Header>),
    /// A message that the gateway itself has sent, and that came back: acknowledged and dropped.
    Own(Box<Header>),
    /// An acknowledgement. Nothing is ever answered to one.
    Acknowledgement(Acknowledgement),
}

/// A message that will never be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Refused {
    /// Why.
    pub why: Refusal,
    /// Its header, where that much could be read.
    pub header: Option<Box<Header>>,
}

/// A message of ADT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adt {
    /// Header.
    pub header: Header,
    /// Event.
    pub event: Event,
    /// EVN-2: when it was entered.
    pub recorded: Option<Moment>,
    /// EVN-6: when it happened.
    pub happened: Option<Moment>,
    /// EVN-5: the directory id of who entered it.
    pub operator: Option<Hidden>,
    /// The patient: the survivor of a merge. Without PID nobody is known.
    pub patient: Option<Patient>,
    /// The visit.
    pub visit: Option<Visit>,
    /// Who is merged into whom. One of them in most merges.
    pub merges: Vec<Merge>,
    /// What was read although it is not as it should be.
    pub oddities: Vec<Oddity>,
}

/// One identity that goes into another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merge {
    /// Who remains.
    pub survivor: Patient,
    /// MRG-1: who is no more.
    pub merged: Identifiers,
    /// MRG-5: a visit that moves.
    pub visit: Option<VisitNumber>,
}

/// Reads a message, without its frame, as a feed's profile says.
pub fn read(bytes: &[u8], profile: &Profile) -> Result<Received, Refused> {
    let message = match Message::parse(bytes) {
        Ok(message) => message,
        Err(why) => return Err(Refused { why, header: head(bytes, profile).map(Box::new) }),
    };
    let mut oddities = message.oddities().to_vec();
    let header = Header::read(&message, profile, &mut oddities);
    if header.message_type == "ACK" {
        return Ok(Received::Acknowledgement(ack::from_message(&message)));
    }
    if let Err(why) = header.check(&message, profile, &mut oddities) {
        return Err(Refused { why, header: Some(Box::new(header)) });
    }
    let own = profile.own_application.as_str();
    if !own.is_empty() && header.sending_application.eq_ignore_ascii_case(own) {
        return Ok(Received::Own(Box::new(header)));
    }
    if header.message_type != "ADT" {
        return Ok(Received::Other(Box::new(header)));
    }
    if header.trigger.is_empty() {
        return Err(Refused { why: Refusal::NoMessageType, header: Some(Box::new(header)) });
    }
    Ok(Received::Adt(Box::new(adt(&message, header, profile, oddities))))
}

/// The header of a message that cannot be read as a whole, so that its sender can be answered.
pub fn head(bytes: &[u8], profile: &Profile) -> Option<Header> {
    let message = Message::parse_head(bytes)?;
    Some(Header::read(&message, profile, &mut Vec::new()))
}

fn adt(message: &Message, header: Header, profile: &Profile, mut oddities: Vec<Oddity>) -> Adt {
    let odd = &mut oddities;
    let event = Event::from_code(&header.trigger);
    check_event(message, &event, &header, odd);
    let evn = message.first("EVN");
    let mut time = |field: usize| {
        let note = &mut |kind| odd.push(Oddity { kind, place: Place::new("EVN", field as u16) });
        Moment::read(evn?.field(field), profile.time_zone, profile.offsets, note)
    };
    let (recorded, happened) = (time(2), time(6));
    let today = header.sent.as_ref().or(recorded.as_ref()).map(|sent| sent.local.date());
    let context = Context { message, profile, version: &header.version, today };
    let (patients, merges) = people(&context, event.effect(), odd);
    let patient = only_patient(patients, event.effect(), odd);
    let account = message.first("PID").and_then(|pid| VisitNumber::read(pid.field(18)));
    let visit = visit_of(message, account, profile, odd);
    oddities.sort_unstable();
    oddities.dedup();
    let operator = evn.and_then(|evn| evn.field(5).first()).map(Hidden);
    Adt { header, event, recorded, happened, operator, patient, visit, merges, oddities }
}

/// MSH-9.3 and EVN-1 are not relied on; where they say something else, that is told.
fn check_event(message: &Message, event: &Event, header: &Header, odd: &mut Vec<Oddity>) {
    let named = header.structure.strip_prefix("ADT_");
    let is_structure = named.is_some_and(|code| code.len() == 3) || header.structure.is_empty();
    let fits = structures(event).is_none_or(|known| known.contains(&header.structure.as_str()));
    if !is_structure || (!header.structure.is_empty() && !fits) {
        odd.push(Oddity { kind: OddityKind::Structure, place: Place::new("MSH", 9) });
    }
    let said = message.first("EVN").and_then(|evn| evn.field(1).code());
    if said.is_some_and(|said| said != event.code()) {
        odd.push(Oddity { kind: OddityKind::EventDiffers, place: Place::new("EVN", 1) });
    }
}

/// Structures that versions and the UK standard give an event.
fn structures(event: &Event) -> Option<&'static [&'static str]> {
    Some(match event {
        Event::A01 | Event::A04 | Event::A08 | Event::A13 => &["ADT_A01"],
        Event::A05 => &["ADT_A01", "ADT_A05"],
        Event::A02 => &["ADT_A02"],
        Event::A03 => &["ADT_A02", "ADT_A03"],
        Event::A28 | Event::A31 => &["ADT_A28", "ADT_A31", "ADT_A05", "ADT_A01"],
        Event::A11 => &["ADT_A11", "ADT_A09"],
        Event::A40 => &["ADT_A40", "ADT_A39"],
        Event::A34 => &["ADT_A34", "ADT_A30", "ADT_A28"],
        _ => return None,
    })
}

/// All patients, and which of them others are merged into: each MRG belongs to the PID before it.
fn people(context: &Context<'_>, effect: Effect, odd: &mut Vec<Oddity>) -> (Vec<Patient>, Vec<Merge>) {
    let (mut patients, mut merges): (Vec<Patient>, Vec<Merge>) = (Vec::new(), Vec::new());
    let (mut pids, mut mrgs) = (0, 0);
    for segment in context.message.segments() {
        if segment.is("PID") {
            pids += 1;
            patients.push(patient::read(segment, pids, context, odd));
        } else if segment.is("MRG")
            && let Some(survivor) = patients.last()
        {
            mrgs += 1;
            let place = |field| Place::nth("MRG", mrgs, field);
            let mut collector = Collector::new(context.profile, context.today);
            collector.field(&segment, 1, place(1), odd);
            collector.field(&segment, 4, place(4), odd);
            let merged = collector.finish(odd);
            let is_self = survivor.local.first().is_some_and(|first| merged.local.first() == Some(first));
            if is_self && matches!(effect, Effect::Merge | Effect::Review | Effect::Correct) {
                odd.push(Oddity { kind: OddityKind::MergedIntoSelf, place: place(1) });
            }
            merges.push(Merge { survivor: survivor.clone(), merged, visit: VisitNumber::read(segment.field(5)) });
        }
    }
    if merges.is_empty() && matches!(effect, Effect::Merge | Effect::MoveVisit | Effect::Correct) {
        odd.push(Oddity { kind: OddityKind::MergeMissing, place: Place::new("MRG", 0) });
    }
    (patients, merges)
}

/// The patient. A message about one that holds two with different numbers is about nobody who could be asked about.
fn only_patient(patients: Vec<Patient>, effect: Effect, odd: &mut Vec<Oddity>) -> Option<Patient> {
    let mut all = patients.into_iter();
    let Some(mut first) = all.next() else {
        odd.push(Oddity { kind: OddityKind::SegmentMissing, place: Place::new("PID", 0) });
        return None;
    };
    let several = matches!(effect, Effect::Merge | Effect::Review | Effect::Link | Effect::Unlink | Effect::MoveVisit);
    for other in all.filter(|_| !several) {
        odd.push(Oddity { kind: OddityKind::SegmentTwice, place: Place::new("PID", 0) });
        match (&first.number, other.number) {
            (Ok(own), Ok(others)) if own.number != others.number => first.number = Err(NoNumber::TwoDifferent),
            (Err(_), Ok(_)) => first.number = Err(NoNumber::TwoDifferent),
            _ => {}
        }
    }
    Some(first)
}

/// The first PV1, or the first with a number where that one has none.
fn visit_of(
    message: &Message,
    account: Option<VisitNumber>,
    profile: &Profile,
    odd: &mut Vec<Oddity>,
) -> Option<Visit> {
    let all: Vec<_> = message.all("PV1").collect();
    if all.len() > 1 {
        odd.push(Oddity { kind: OddityKind::SegmentTwice, place: Place::new("PV1", 0) });
    }
    let numbered = all.iter().find(|(_, segment)| segment.field(19).value().is_some());
    let (occurrence, segment) = numbered.or_else(|| all.first())?;
    Some(visit::read(*segment, *occurrence, account, profile, odd))
}
