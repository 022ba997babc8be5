//! From a message as the format reads it to what happened: which message may begin a visit is decided by the feed's profile, the
//! rest is put into the store's words.

use crate::facts::{Local, NumberTrouble, Person, Place};
use crate::happening::{Happening, Said, What};
use cpis_format_hl7v2::alert::location_as_usual;
use cpis_format_hl7v2::number::{Identifiers, LocalId, NoNumber, Number};
use cpis_format_hl7v2::patient::Patient;
use cpis_format_hl7v2::visit::{Visit, VisitNumber};
use cpis_format_hl7v2::{Adt, Concern, Decision, Effect, Event, NotAsked, Profile, should_ask};
use cpis_model::demographics::Sex;
use cpis_model::time::{birthday, london_day};
use jiff::Timestamp;

/// Who assigned what stands for a local number, where a message has an NHS number alone.
pub(crate) const NHS: &str = "NHS";

/// What a message says. More than one thing where it merges several persons.
pub(crate) fn happenings(adt: &Adt, feed: &str, profile: &Profile, now: Timestamp) -> Vec<Happening> {
    let reading = Reading { adt, feed, profile, now, at: event_time(adt, now) };
    let effect = adt.event.effect();
    match effect {
        Effect::Merge | Effect::Correct if !adt.merges.is_empty() => {
            adt.merges.iter().map(|merge| reading.merge(&merge.survivor, &merge.merged)).collect()
        }
        Effect::MoveVisit if !adt.merges.is_empty() => {
            let move_one = |merge: &cpis_format_hl7v2::adt::Merge| {
                let what = merge.visit.as_ref().map_or(What::Facts, |number| What::MoveVisit(reading.place(number)));
                reading.one(what, Some(&merge.survivor), reading.visit())
            };
            adt.merges.iter().map(move_one).collect()
        }
        _ => vec![reading.one(what(effect), adt.patient.as_ref(), reading.visit())],
    }
}

fn what(effect: Effect) -> What {
    match effect {
        Effect::End => What::End,
        Effect::CancelVisit => What::Cancel,
        Effect::Reopen => What::Reopen,
        Effect::DeletePerson => What::Delete,
        Effect::Review => What::Unclear,
        // A merge without its other side, a link, a move: facts about whoever is named.
        _ => What::Facts,
    }
}

/// When it happened: what the sender says of that, else when it was entered, else when it was sent.
fn event_time(adt: &Adt, now: Timestamp) -> Timestamp {
    let said = adt.happened.as_ref().or(adt.recorded.as_ref()).or(adt.header.sent.as_ref());
    // A clock that is wrong must not make a message newer than all that follow.
    said.map_or(now, |moment| moment.at().min(now))
}

struct Reading<'a> {
    adt: &'a Adt,
    feed: &'a str,
    profile: &'a Profile,
    now: Timestamp,
    at: Timestamp,
}

impl Reading<'_> {
    fn one(&self, what: What, patient: Option<&Patient>, visit: Option<Said>) -> Happening {
        let (arrival, concerns) = self.arrival();
        let has = |concern| concerns.contains(&concern);
        let person = patient.and_then(|patient| self.person(patient));
        let mut visit = visit;
        if arrival
            && visit.is_none()
            && let (Some(person), Some(pv1)) = (&person, &self.adt.visit)
        {
            visit = Some(self.unnumbered(person, pv1));
        }
        Happening {
            feed: self.feed.to_owned(),
            control_id: self.adt.header.shown_control_id(),
            at: self.at,
            eligible: arrival || self.eligible(patient),
            unknown_location: has(Concern::UnknownLocation),
            what,
            arrival,
            person,
            visit,
        }
    }

    fn merge(&self, survivor: &Patient, merged: &Identifiers) -> Happening {
        let what = match merged.local.first() {
            Some(old) => What::Merge(self.local(old)),
            None => What::Facts,
        };
        let person = self.person(survivor);
        Happening {
            feed: self.feed.to_owned(),
            control_id: self.adt.header.shown_control_id(),
            at: self.at,
            what,
            eligible: self.is_young(Some(survivor)),
            arrival: false,
            unknown_location: false,
            person,
            visit: None,
        }
    }

    /// Whether it announces a visit to ask about, and what somebody should look at. One that started too long ago, or in the future,
    /// is an arrival too: it is kept and not asked about.
    fn arrival(&self) -> (bool, Vec<Concern>) {
        let decide = |now| should_ask(self.adt, self.profile, now);
        let mut decision = decide(self.now);
        if matches!(decision, Decision::No(NotAsked::TooOld | NotAsked::InFuture)) {
            let started = self.adt.visit.as_ref().and_then(|visit| visit.start.as_ref());
            let times = [started, self.adt.happened.as_ref(), self.adt.header.sent.as_ref()];
            let decisions = times.into_iter().flatten().map(|moment| decide(moment.at()));
            decision = decisions
                .into_iter()
                .find(|decision| matches!(decision, Decision::Ask(_) | Decision::Hold { .. }))
                .unwrap_or(decision);
        }
        match decision {
            Decision::Ask(ask) | Decision::Hold { ask, .. } => (true, ask.concerns),
            Decision::Apply(_) | Decision::No(_) => (false, Vec::new()),
        }
    }

    /// Whether a message that announces no arrival is about a visit that would have been asked about: the end of a visit may come
    /// before its beginning.
    fn eligible(&self, patient: Option<&Patient>) -> bool {
        match self.adt.event.effect() {
            Effect::End | Effect::CancelVisit | Effect::Reopen => {
                let mut beginning = self.adt.clone();
                beginning.event = Event::A04;
                matches!(should_ask(&beginning, self.profile, self.now), Decision::Ask(_) | Decision::Hold { .. })
            }
            _ => self.is_young(patient),
        }
    }

    fn is_young(&self, patient: Option<&Patient>) -> bool {
        let grown =
            patient.and_then(|patient| patient.birth.latest()).and_then(|birth| birthday(birth, self.profile.age));
        grown.is_none_or(|grown| london_day(self.now) < grown)
    }

    fn local(&self, local: &LocalId) -> Local {
        let authority = local.authority.clone().unwrap_or_default();
        let feed = if authority.is_empty() { self.feed.to_owned() } else { String::new() };
        Local { number: local.value.0.clone(), authority, feed }
    }

    fn person(&self, patient: &Patient) -> Option<Person> {
        let number = patient.number.as_ref().ok().map(|found| found.number);
        let local = match (patient.local.first(), number) {
            (Some(local), _) => self.local(local),
            (None, Some(number)) => {
                Local { number: number.digits().to_owned(), authority: NHS.to_owned(), feed: String::new() }
            }
            (None, None) => return None,
        };
        let name = patient.name().cloned().unwrap_or_default();
        Some(Person {
            local,
            number,
            trouble: trouble(&patient.number),
            verified: is_status_said(patient).then(|| patient.is_verified()),
            traced: false,
            sought: None,
            birth: patient.birth.day(),
            estimated_birth: patient.birth_is_estimated,
            family: name.family,
            given: name.given,
            sex: patient.sex.map_or("", sex_code).to_owned(),
            unknown: patient.identity_is_unknown,
            at: self.at,
            earlier: Vec::new(),
        })
    }

    fn place(&self, number: &VisitNumber) -> Place {
        let authority = number.authority.clone().unwrap_or_default();
        let feed = if authority.is_empty() { self.feed.to_owned() } else { String::new() };
        let visit = self.adt.visit.as_ref();
        Place {
            number: number.value.0.clone(),
            authority,
            feed,
            unnumbered: false,
            class: visit.map(|visit| visit.class_raw.clone()).unwrap_or_default(),
            location: visit.map(|visit| self.location(visit)).unwrap_or_default(),
        }
    }

    fn visit(&self) -> Option<Said> {
        let visit = self.adt.visit.as_ref()?;
        Some(self.said(visit, self.place(visit.number.as_ref()?)))
    }

    fn location(&self, visit: &Visit) -> String {
        location_as_usual(&visit.location_raw, &self.adt.header.delimiters).0
    }

    /// A visit without a number: local number and start stand for it, so that the same message again is the same visit.
    fn unnumbered(&self, person: &Person, visit: &Visit) -> Said {
        let start = self.start(visit);
        let number = format!("{}@{}", person.local.number, start.as_second() / 60);
        let place = Place {
            number,
            authority: String::new(),
            feed: self.feed.to_owned(),
            unnumbered: true,
            class: visit.class_raw.clone(),
            location: self.location(visit),
        };
        self.said(visit, place)
    }

    fn said(&self, visit: &Visit, place: Place) -> Said {
        let site = visit.location.site.or(self.profile.site).map(|site| site.to_string()).unwrap_or_default();
        Said { site, place, started: self.start(visit) }
    }

    fn start(&self, visit: &Visit) -> Timestamp {
        visit.start.as_ref().map_or(self.at, cpis_format_hl7v2::moment::Moment::at)
    }
}

/// Whether a message says how sure its number is. An empty field leaves it as it was.
fn is_status_said(patient: &Patient) -> bool {
    patient.status.is_some() || patient.number_is_doubted || patient.birth_is_estimated
}

fn trouble(number: &Number) -> Option<NumberTrouble> {
    match number {
        Ok(_) => None,
        Err(NoNumber::Absent | NoNumber::Foreign | NoNumber::Unlabelled) => Some(NumberTrouble::Missing),
        Err(NoNumber::Deleted) => Some(NumberTrouble::Deleted),
        Err(NoNumber::TwoDifferent) => Some(NumberTrouble::Two),
        Err(NoNumber::NotDigits | NoNumber::CheckDigit | NoNumber::Placeholder) => Some(NumberTrouble::Wrong),
        Err(NoNumber::TestNumber) => Some(NumberTrouble::Test),
    }
}

fn sex_code(sex: Sex) -> &'static str {
    match sex {
        Sex::Female => "F",
        Sex::Male => "M",
        Sex::Indeterminate => "O",
    }
}
