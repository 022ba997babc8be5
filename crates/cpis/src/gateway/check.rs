//! `cpis gateway check`: a day of a site's own messages, and what a gateway would do with them. It shows counts, codes of places
//! and classes, and findings by control id and field; never a name or a number.

use crate::adt::Messages;
use crate::cli::GatewayCheck;
use crate::fault::{Fault, Kind, OrFault, Result};
use crate::{progress, say};
use cpis_app::{Clock, SystemClock};
use cpis_format_hl7v2::{Adt, Decision, Oddity, OddityKind, Profile, Received, Refused, adt, read, should_ask};
use cpis_model::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};
use std::process::ExitCode;

/// Findings that are shown unless all are asked for.
const SHOWN_MAX: usize = 50;
/// Of one kind so many.
const EXAMPLES_MAX: u64 = 3;
/// Findings that are kept at most.
const KEPT_MAX: usize = 1_000_000;
/// Most kinds of places and classes that are listed.
const CODES_MAX: usize = 200;

/// Reads the file and says what it holds.
pub fn run(arguments: &GatewayCheck) -> Result<ExitCode> {
    let profile = match &arguments.profile {
        None => Profile::default(),
        Some(path) => {
            let what = format!("The profile {}", path.display());
            let text = std::fs::read_to_string(path).or_fault(Kind::Configuration, &what)?;
            Profile::from_toml(&text).or_fault(Kind::Configuration, what)?
        }
    };
    let mut messages = Messages::open(&arguments.file)?;
    let bar = progress::bar("reading", messages.bytes(), progress::BYTES);
    let mut report = Report::default();
    while let Some(message) = messages.next()? {
        report.add(&message, &profile);
        bar.set_position(messages.position());
    }
    bar.finish_and_clear();
    if report.messages == 0 {
        return Err(Fault::failed(format!("No message is in {}.", arguments.file.display()))
            .mend("A message begins with MSH. Is it the right file?"));
    }
    if arguments.json {
        say::line(report.json());
    } else {
        say::text(report.words(arguments.all));
    }
    Ok(if report.rejected.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

type Counts<K = String> = BTreeMap<K, u64>;

#[derive(Default)]
struct Report {
    messages: u64,
    events: Counts,
    asked: Counts,
    asked_again: u64,
    held: Counts,
    not_asked: Counts,
    applied: u64,
    passed_over: Counts,
    rejected: Counts,
    concerns: Counts,
    oddities: Counts,
    places: Counts,
    classes: Counts,
    methods: Counts,
    findings: Vec<Finding>,
    left_out: u64,
    /// Digests of visits, so that no number of one is kept.
    visits: HashSet<u64>,
    secret: RandomState,
}

/// Something to look at, in one message.
struct Finding {
    control_id: String,
    event: String,
    place: String,
    what: String,
}

fn count<K: Ord>(counts: &mut Counts<K>, key: K) {
    *counts.entry(key).or_default() += 1;
}

impl Report {
    fn add(&mut self, message: &[u8], profile: &Profile) {
        self.messages += 1;
        match read(message, profile) {
            Ok(Received::Adt(adt)) => self.adt(&adt, profile),
            Ok(Received::Other(header)) => count(&mut self.passed_over, header.message_type.chars().take(8).collect()),
            Ok(Received::Own(_)) => count(&mut self.passed_over, "our own".to_owned()),
            Ok(Received::Acknowledgement(_)) => count(&mut self.passed_over, "ACK".to_owned()),
            Err(refused) => self.refused(&refused, message, profile),
        }
    }

    fn refused(&mut self, refused: &Refused, message: &[u8], profile: &Profile) {
        count(&mut self.rejected, refused.why.word().to_owned());
        let header = refused.header.as_deref().cloned().or_else(|| adt::head(message, profile));
        let place = refused.why.field().map(|field| format!("MSH-{field}")).unwrap_or_default();
        self.find(Finding {
            control_id: header.as_ref().map(cpis_format_hl7v2::Header::shown_control_id).unwrap_or_default(),
            event: header.map(|header| header.trigger.chars().take(8).collect()).unwrap_or_default(),
            place,
            what: format!("rejected: {}", refused.why),
        });
    }

    fn adt(&mut self, adt: &Adt, profile: &Profile) {
        count(&mut self.events, adt.event.to_string());
        let now = adt.header.sent.as_ref().map_or_else(|| SystemClock.now(), cpis_format_hl7v2::Moment::at);
        self.decision(adt, profile, now);
        for Oddity { place, kind } in &adt.oddities {
            count(&mut self.oddities, format!("{} {}", field(*place), kind.code()));
            self.find(Finding::of(adt, place.to_string(), kind.text().to_owned()));
        }
        let Some(visit) = &adt.visit else { return };
        let is_odd = |wanted| adt.oddities.iter().any(|oddity| oddity.kind == wanted);
        if is_odd(OddityKind::LocationUnknown) && self.places.len() < CODES_MAX {
            count(&mut self.places, visit.location.point_of_care.clone().unwrap_or_default());
        }
        if is_odd(OddityKind::ClassUnknown) && self.classes.len() < CODES_MAX {
            count(&mut self.classes, visit.class_raw.clone());
        }
        if is_odd(OddityKind::MethodUnknown) && self.methods.len() < CODES_MAX {
            count(&mut self.methods, visit.method_raw.clone());
        }
    }

    fn decision(&mut self, adt: &Adt, profile: &Profile, now: Timestamp) {
        match should_ask(adt, profile, now) {
            Decision::Ask(ask) => {
                let visit = ask.visit.as_ref().map(|visit| self.secret.hash_one((visit, ask.site)));
                if visit.is_some_and(|visit| !self.visits.insert(visit)) {
                    self.asked_again += 1;
                    return;
                }
                count(&mut self.asked, format!("{:?} in {}", ask.who, ask.setting.name()));
                for concern in &ask.concerns {
                    count(&mut self.concerns, concern.text().to_owned());
                    self.find(Finding::of(adt, String::new(), format!("asked, but {}", concern.text())));
                }
            }
            Decision::Hold { why, .. } => {
                count(&mut self.held, why.text().to_owned());
                self.find(Finding::of(adt, "PID-3".to_owned(), format!("waits: {}", why.text())));
            }
            Decision::No(why) => {
                count(&mut self.not_asked, why.text().to_owned());
                if why.is_for_work_list() {
                    self.find(Finding::of(adt, "PV1-44".to_owned(), format!("not asked: {}", why.text())));
                }
            }
            Decision::Apply(_) => self.applied += 1,
        }
    }

    fn find(&mut self, finding: Finding) {
        if self.findings.len() < KEPT_MAX {
            self.findings.push(finding);
        } else {
            self.left_out += 1;
        }
    }

    /// All findings, or some examples of each kind.
    fn chosen(&self, all: bool) -> Vec<&Finding> {
        let mut seen: Counts<(&str, &str)> = BTreeMap::new();
        let mut chosen = Vec::new();
        for finding in &self.findings {
            let kind = (finding.place.as_str(), finding.what.as_str());
            count(&mut seen, kind);
            let is_example = seen.get(&kind).is_some_and(|n| *n <= EXAMPLES_MAX) && chosen.len() < SHOWN_MAX;
            if all || is_example {
                chosen.push(finding);
            }
        }
        chosen
    }

    fn words(&self, all: bool) -> String {
        let mut text = format!("{} messages\n", self.messages);
        let mut list = |title: &str, counts: &Counts| {
            if counts.is_empty() {
                return;
            }
            let _ = writeln!(text, "\n{title}: {}", counts.values().sum::<u64>());
            for (what, n) in counts {
                let _ = writeln!(text, "  {n:>7}  {what}");
            }
        };
        list("Events", &self.events);
        list("Asked about", &self.asked);
        list("Asked about, with something to look at", &self.concerns);
        list("Not asked until there is a number", &self.held);
        list("Not asked", &self.not_asked);
        list("Not about arrivals, passed over", &self.passed_over);
        list("Rejected", &self.rejected);
        list("Locations that the profile does not know", &self.places);
        list("Classes that the profile does not know", &self.classes);
        list("Admission methods that the profile does not know", &self.methods);
        list("Odd fields", &self.oddities);
        let _ = writeln!(text, "\nOf visits asked about already: {}", self.asked_again);
        let _ = writeln!(text, "Changes of visits and persons: {}", self.applied);
        if !self.findings.is_empty() {
            let _ = writeln!(text, "\nControl id, event, field, finding:");
        }
        let chosen = self.chosen(all);
        for finding in &chosen {
            let Finding { control_id, event, place, what } = finding;
            let gap = if place.is_empty() { "" } else { " " };
            let _ = writeln!(text, "  {control_id} {event} {place}{gap}{what}");
        }
        let more = (self.findings.len() - chosen.len()) as u64 + self.left_out;
        if more > 0 {
            let _ = writeln!(text, "  and {more} more; --all shows them");
        }
        text
    }

    fn json(&self) -> Value {
        let findings = self.findings.iter().map(|finding| {
            let Finding { control_id, event, place, what } = finding;
            json!({ "control_id": control_id, "event": event, "field": place, "what": what })
        });
        json!({
            "messages": self.messages,
            "events": self.events,
            "asked": self.asked,
            "asked_again": self.asked_again,
            "concerns": self.concerns,
            "waiting_for_number": self.held,
            "not_asked": self.not_asked,
            "applied": self.applied,
            "passed_over": self.passed_over,
            "rejected": self.rejected,
            "unknown_locations": self.places,
            "unknown_classes": self.classes,
            "unknown_methods": self.methods,
            "odd_fields": self.oddities,
            "findings": findings.collect::<Vec<_>>(),
            "findings_left_out": self.left_out,
        })
    }
}

impl Finding {
    fn of(adt: &Adt, place: String, what: String) -> Self {
        Self { control_id: adt.header.shown_control_id(), event: adt.event.to_string(), place, what }
    }
}

/// A field without which of several segments it stands in.
fn field(place: cpis_format_hl7v2::Place) -> String {
    cpis_format_hl7v2::Place::new(place.segment(), place.field()).to_string()
}
