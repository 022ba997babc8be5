//! What became of many messages: counts by event and by answer, and how long answers took.

use super::link::Delivery;
use cpis_format_hl7v2::Header;
use cpis_load::histogram::Histogram;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Counts.
#[derive(Default)]
pub struct Tally {
    events: BTreeMap<String, u64>,
    answers: BTreeMap<&'static str, u64>,
    accepted: u64,
    sent: u64,
    again: u64,
    took: Histogram,
}

impl Tally {
    /// A message and what became of it in the end.
    pub fn add(&mut self, header: Option<&Header>, delivery: &Delivery) {
        let event = header.map_or("unreadable".to_owned(), |header| header.trigger.chars().take(8).collect());
        *self.events.entry(event).or_default() += 1;
        *self.answers.entry(delivery.word()).or_default() += 1;
        self.sent += 1;
        self.accepted += u64::from(delivery.is_accepted());
        if let Delivery::Answered { took, .. } = delivery {
            self.took.record(took.as_nanos() as u64);
        }
    }

    /// A message was sent again.
    pub fn again(&mut self) {
        self.again += 1;
    }

    /// How many messages there were.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Whether all of them were accepted.
    pub fn all_accepted(&self) -> bool {
        self.accepted == self.sent
    }

    /// For a person.
    pub fn words(&self) -> String {
        let mut text = format!("{} messages, {} accepted", self.sent, self.accepted);
        if self.again > 0 {
            let _ = write!(text, ", {} sent again", self.again);
        }
        let list = |counts: Vec<String>| counts.join(", ");
        let _ =
            write!(text, "\nevents: {}", list(self.events.iter().map(|(event, n)| format!("{event} {n}")).collect()));
        let _ =
            write!(text, "\nanswers: {}", list(self.answers.iter().map(|(code, n)| format!("{code} {n}")).collect()));
        if self.took.count() > 0 {
            let at = |share| cpis_load::words::time(self.took.quantile(share) as f64 / 1_000.0);
            let _ = write!(text, "\nanswered in: half within {}, 99 of 100 within {}", at(0.5), at(0.99));
        }
        text
    }

    /// For a program.
    pub fn json(&self) -> Value {
        let milliseconds = |share| self.took.quantile(share) as f64 / 1_000_000.0;
        json!({
            "messages": self.sent,
            "accepted": self.accepted,
            "sent_again": self.again,
            "events": self.events,
            "answers": self.answers,
            "answer_ms": { "p50": milliseconds(0.5), "p99": milliseconds(0.99), "max": self.took.max() as f64 / 1_000_000.0 },
        })
    }
}
