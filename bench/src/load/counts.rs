//! What came of a load, as it is counted and as it is told.

use cpis_load::histogram::Histogram;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What came of a load.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Outcome {
    /// Right answers within the time, per second.
    pub answers_per_second: f64,
    /// Microseconds that half of them took at most.
    pub p50_us: f64,
    /// Microseconds that 90 % of them took at most.
    pub p90_us: f64,
    /// Microseconds that 99 % of them took at most.
    pub p99_us: f64,
    /// Microseconds of the slowest.
    pub max_us: f64,
    /// Answers of status 200 in all, right or wrong, warm-up and last ones included: what the service must have in its journal.
    pub answers_200: u64,
    /// Answers in all by status, warm-up and last ones included.
    pub statuses: BTreeMap<u16, u64>,
    /// Answers of status 200 that were not the right answer.
    pub wrong: u64,
    /// Connections that could not be made.
    pub refused: u64,
    /// Connections that ended while an answer was awaited.
    pub cut: u64,
    /// Answers that could not be read.
    pub malformed: u64,
    /// Questions without an answer when the waiting ended.
    pub unanswered: u64,
    /// CPU seconds of the client within the time.
    pub client_cpu_seconds: f64,
}

impl Outcome {
    /// Everything that is not a right answer.
    pub fn errors(&self) -> u64 {
        let other: u64 = self.statuses.iter().filter(|(status, _)| **status != 200).map(|(_, count)| count).sum();
        other + self.wrong + self.refused + self.cut + self.malformed + self.unanswered
    }

    /// All answers, whatever their status.
    pub fn answers(&self) -> u64 {
        self.statuses.values().sum()
    }
}

/// What the connections of one thread count.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) histogram: Histogram,
    pub(super) answers_200: u64,
    pub(super) others: BTreeMap<u16, u64>,
    pub(super) wrong: u64,
    pub(super) refused: u64,
    pub(super) cut: u64,
    pub(super) malformed: u64,
    pub(super) unanswered: u64,
}

impl Counts {
    /// Adds another thread's.
    pub(super) fn add(&mut self, other: &Self) {
        self.histogram.add(&other.histogram);
        self.answers_200 += other.answers_200;
        for (status, count) in &other.others {
            *self.others.entry(*status).or_default() += count;
        }
        self.wrong += other.wrong;
        self.refused += other.refused;
        self.cut += other.cut;
        self.malformed += other.malformed;
        self.unanswered += other.unanswered;
    }

    /// The figures for people.
    pub(super) fn outcome(mut self, duration_ms: u64, client_cpu_seconds: f64) -> Outcome {
        if self.answers_200 > 0 {
            self.others.insert(200, self.answers_200);
        }
        let quantile = |share| self.histogram.quantile(share) as f64 / 1e3;
        Outcome {
            answers_per_second: self.histogram.count() as f64 / (duration_ms.max(1) as f64 / 1e3),
            p50_us: quantile(0.5),
            p90_us: quantile(0.9),
            p99_us: quantile(0.99),
            max_us: self.histogram.max() as f64 / 1e3,
            answers_200: self.answers_200,
            statuses: self.others,
            wrong: self.wrong,
            refused: self.refused,
            cut: self.cut,
            malformed: self.malformed,
            unanswered: self.unanswered,
            client_cpu_seconds,
        }
    }
}
