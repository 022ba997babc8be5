//! What is counted while a play runs: by door, by the moment at which looks were due, and over the last ten seconds.

use super::door::{Door, Failure, Outcome};
use cpis_load::histogram::Histogram;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Parts of the time of which the report tells.
pub const SLOTS: usize = 60;
/// Whole seconds that the view on the terminal looks back.
const RECENT_SECONDS: usize = 10;
/// Those, and the one that is not over yet.
const KEPT_SECONDS: usize = RECENT_SECONDS + 1;

/// Counts of questions and of what came of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Were due.
    pub due: u64,
    /// Were sent.
    pub sent: u64,
    /// Found a record.
    pub record: u64,
    /// Found that none is held.
    pub no_record: u64,
    /// Gave a list of accesses.
    pub accesses: u64,
    /// Failed, by the number of the failure.
    pub failed: [u64; Failure::ALL.len()],
}

impl Counts {
    fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Record => self.record += 1,
            Outcome::NoRecord => self.no_record += 1,
            Outcome::Accesses => self.accesses += 1,
            Outcome::Failed(failure) => {
                if let Some(count) = self.failed.get_mut(failure as usize) {
                    *count += 1;
                }
            }
        }
    }

    /// Rightly answered.
    pub fn answered(&self) -> u64 {
        self.record + self.no_record + self.accesses
    }

    /// Failed in any way: nobody could tell.
    pub fn failures(&self) -> u64 {
        self.failed.iter().sum()
    }

    /// Each kind of failure that happened.
    pub fn kinds(&self) -> impl Iterator<Item = (Failure, u64)> {
        Failure::ALL.into_iter().zip(self.failed).filter(|(_, count)| *count > 0)
    }

    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        self.due += other.due;
        self.sent += other.sent;
        self.record += other.record;
        self.no_record += other.no_record;
        self.accesses += other.accesses;
        for (own, others) in self.failed.iter_mut().zip(other.failed) {
            *own += others;
        }
    }
}

/// Counts and latencies.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// Counts.
    pub counts: Counts,
    /// Nanoseconds from when a question was due to its answer, or to the end of the waiting.
    pub latency: Histogram,
}

/// All of one door.
#[derive(Clone, Debug)]
pub struct OfDoor {
    /// Which.
    pub door: Door,
    /// Over the whole time.
    pub all: Measured,
    /// By the part of the time in which a question was due.
    pub slots: Vec<Measured>,
}

/// The last seconds.
#[derive(Clone, Debug, Default)]
pub struct Recent {
    /// Which second of the play each is about, and what it brought.
    seconds: [(u64, Measured); KEPT_SECONDS],
}

impl Recent {
    fn at(&mut self, second: u64) -> Option<&mut Measured> {
        let (own, measured) = self.seconds.get_mut(second as usize % KEPT_SECONDS)?;
        if *own != second {
            (*own, *measured) = (second, Measured::default());
        }
        Some(measured)
    }

    /// The sum of the last whole seconds, and how many those are.
    pub fn sum(&self, now: u64) -> (Measured, u64) {
        let first = now.saturating_sub(RECENT_SECONDS as u64);
        let mut sum = Measured::default();
        for (_, measured) in self.seconds.iter().filter(|(second, _)| (first..now).contains(second)) {
            sum.counts.add(&measured.counts);
            sum.latency.add(&measured.latency);
        }
        (sum, now - first)
    }
}

/// Everything that was counted.
#[derive(Clone, Debug)]
pub struct Figures {
    /// By door, in the order of [`Door::ALL`].
    pub doors: Vec<OfDoor>,
    /// Nanoseconds that looks were handed over late by this program itself.
    pub late: Histogram,
    /// The last seconds.
    pub recent: Recent,
}

impl Figures {
    /// The sum over all doors.
    pub fn counts(&self) -> Counts {
        let mut sum = Counts::default();
        for door in &self.doors {
            sum.add(&door.all.counts);
        }
        sum
    }
}

/// Counts for all tasks of a play. The lock is held for some additions at a time.
pub struct Recorder {
    start: Instant,
    length: Duration,
    slot: Duration,
    figures: Mutex<Figures>,
}

impl Recorder {
    /// For a play of this length that begins at this moment.
    pub fn new(start: Instant, length: Duration) -> Self {
        let slot = slot_of(length);
        let slots = length.as_nanos().div_ceil(slot.as_nanos()).max(1) as usize;
        let door = |door| OfDoor { door, all: Measured::default(), slots: vec![Measured::default(); slots] };
        let figures =
            Figures { doors: Door::ALL.map(door).into(), late: Histogram::default(), recent: Recent::default() };
        Self { start, length, slot, figures: Mutex::new(figures) }
    }

    /// When the play begins.
    pub fn start(&self) -> Instant {
        self.start
    }

    /// How long it lasts.
    pub fn length(&self) -> Duration {
        self.length
    }

    /// How long a part of the time is.
    pub fn slot(&self) -> Duration {
        self.slot
    }

    /// A copy of what was counted so far, as `part` picks it.
    pub fn read<T>(&self, part: impl FnOnce(&Figures) -> T) -> T {
        part(&self.figures.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A question was due.
    pub fn due(&self, door: Door, due: Instant) {
        self.change(door, due, due, |measured| measured.counts.due += 1);
    }

    /// A look was handed over so late.
    pub fn handed_over(&self, late: Duration) {
        let mut figures = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
        figures.late.record(nanoseconds(late));
    }

    /// A question that was due then was sent now.
    pub fn sent(&self, door: Door, due: Instant, now: Instant) {
        self.change(door, due, now, |measured| measured.counts.sent += 1);
    }

    /// Something came of a question. What failed at once has no latency: it would make the others look better.
    pub fn came(&self, door: Door, due: Instant, now: Instant, outcome: Outcome) {
        let waited =
            !matches!(outcome, Outcome::Failed(failure) if failure != Failure::TimedOut && !failure.is_wrong());
        self.change(door, due, now, |measured| {
            measured.counts.count(outcome);
            if waited {
                measured.latency.record(nanoseconds(now.saturating_duration_since(due)));
            }
        });
    }

    fn change(&self, door: Door, due: Instant, now: Instant, change: impl Fn(&mut Measured)) {
        let slot = (due.saturating_duration_since(self.start).as_nanos() / self.slot.as_nanos()) as usize;
        let second = now.saturating_duration_since(self.start).as_secs();
        let mut figures = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_door) = figures.doors.get_mut(door as usize) {
            change(&mut of_door.all);
            let last = of_door.slots.len().saturating_sub(1);
            of_door.slots.get_mut(slot.min(last)).into_iter().for_each(&change);
        }
        figures.recent.at(second).into_iter().for_each(change);
    }
}

/// Whole seconds, so that at most [`SLOTS`] make the length; less for a play of some seconds.
fn slot_of(length: Duration) -> Duration {
    let slot = length.div_f64(SLOTS as f64);
    if slot > Duration::from_millis(500) {
        Duration::from_secs(slot.as_secs_f64().ceil() as u64)
    } else {
        Duration::from_millis(500)
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_counts_where_it_was_due_whenever_it_was_answered() {
        let start = Instant::now();
        let recorder = Recorder::new(start, Duration::from_secs(30));
        let at = |millis| start + Duration::from_millis(millis);
        recorder.due(Door::CareTeam, at(1_200));
        recorder.sent(Door::CareTeam, at(1_200), at(1_201));
        recorder.came(Door::CareTeam, at(1_200), at(9_200), Outcome::NoRecord);
        recorder.due(Door::AuditEvent, at(40_000));
        recorder.came(Door::AuditEvent, at(40_000), at(40_000), Outcome::Failed(Failure::NotSent));
        recorder.came(Door::CareTeam, at(100), at(10_100), Outcome::Failed(Failure::TimedOut));
        let figures = recorder.read(Clone::clone);
        let [care, events] = &figures.doors[..] else { panic!("two doors") };
        let slot = 1_200 / recorder.slot().as_millis() as usize;
        assert_eq!((care.slots.len(), care.slots[slot].counts.no_record), (60, 1));
        let off = care.slots[slot].latency.quantile(0.5).abs_diff(8_000_000_000);
        assert!(off < 40_000_000, "counted from when it was due: off by {off}");
        assert_eq!(events.slots[59].counts.failures(), 1, "what is due after the end counts in the last part");
        assert_eq!((events.all.latency.count(), care.all.latency.count()), (0, 2), "an end of waiting has a latency");
        let sum = figures.counts();
        assert_eq!((sum.due, sum.sent, sum.answered(), sum.failures()), (2, 1, 1, 2));
        assert_eq!(sum.kinds().collect::<Vec<_>>(), [(Failure::TimedOut, 1), (Failure::NotSent, 1)]);
    }

    #[test]
    fn the_last_seconds_forget_what_was_before() {
        let start = Instant::now();
        let recorder = Recorder::new(start, Duration::from_mins(1));
        for second in 0..30u64 {
            recorder.due(Door::CareTeam, start + Duration::from_secs(second));
        }
        let recent = recorder.read(|figures| figures.recent.clone());
        assert_eq!((recent.sum(30).0.counts.due, recent.sum(30).1), (10, 10));
        assert_eq!(recent.sum(34).0.counts.due, 6);
        assert_eq!(recent.sum(0).0.counts.due, 0);
        assert_eq!(recent.sum(1_000).0.counts.due, 0);
    }

    #[test]
    fn there_are_at_most_sixty_parts() {
        for seconds in [1u64, 2, 29, 30, 31, 59, 60, 61, 600, 3_600, 86_400, 604_800] {
            let length = Duration::from_secs(seconds);
            let recorder = Recorder::new(Instant::now(), length);
            let slots = recorder.read(|figures| figures.doors[0].slots.len());
            assert!((1..=SLOTS).contains(&slots) && recorder.slot() * slots as u32 >= length, "{seconds}: {slots}");
        }
    }
}
