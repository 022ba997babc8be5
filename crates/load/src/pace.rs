//! The open model: each thing is sent when it is due, whether or not what was sent before is answered.
//!
//! Whoever measures counts from the moment at which a thing was due. Then a service that stalls is seen in the latencies of
//! everything that was due meanwhile, and not only in that of the one question it stalled at.

use std::time::{Duration, Instant};

/// Longest time for which an end that was asked for is not noticed.
const STOP_POLL: Duration = Duration::from_millis(50);

/// How a schedule ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Everything was handed over.
    Done,
    /// It was asked to end.
    Stopped,
}

/// Hands each thing over once it is due, in the order given, never before, and late rather than not at all. It keeps its thread
/// busy until the end; `send` gets the moment at which the thing was due, and must not wait for anything.
///
/// ```
/// use std::time::{Duration, Instant};
/// let (start, mut sent) = (Instant::now(), Vec::new());
/// let schedule = [(Duration::ZERO, "first"), (Duration::from_millis(1), "second")];
/// cpis_load::pace::run(start, schedule, || false, |due, what| sent.push((due - start, what)));
/// assert_eq!(sent, schedule);
/// ```
pub fn run<T>(
    start: Instant,
    schedule: impl IntoIterator<Item = (Duration, T)>,
    stopped: impl Fn() -> bool,
    mut send: impl FnMut(Instant, T),
) -> End {
    for (after, what) in schedule {
        let due = start + after;
        loop {
            if stopped() {
                return End::Stopped;
            }
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            std::thread::sleep(left.min(STOP_POLL));
        }
        send(due, what);
    }
    End::Done
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn everything_due_is_sent_in_order_and_never_before(mut micros in prop::collection::vec(0u64..5_000, 0..300)) {
            micros.sort_unstable();
            let schedule: Vec<_> =
                micros.iter().map(|micros| Duration::from_micros(*micros)).zip(0usize..).collect();
            let (start, mut sent) = (Instant::now(), Vec::new());
            let end = run(start, schedule.clone(), || false, |due, what| {
                assert!(Instant::now() >= due, "sent before it was due");
                sent.push((due - start, what));
            });
            prop_assert_eq!(end, End::Done);
            prop_assert_eq!(sent, schedule);
        }
    }

    #[test]
    fn what_is_due_while_somebody_dawdles_is_sent_late_and_not_lost() {
        // Each hand-over takes longer than the time between two: the schedule falls behind, and keeps its due times.
        let schedule = (0..20).map(|place| (Duration::from_micros(place), place));
        let (start, mut sent) = (Instant::now(), Vec::new());
        run(
            start,
            schedule.clone(),
            || false,
            |due, what| {
                while due + Duration::from_micros(50) * (what as u32 + 1) > Instant::now() {}
                sent.push((due - start, what));
            },
        );
        assert_eq!(sent, schedule.collect::<Vec<_>>());
    }

    #[test]
    fn an_end_that_is_asked_for_is_kept() {
        let asked = std::cell::Cell::new(false);
        let schedule = [(Duration::ZERO, 1), (Duration::from_hours(1), 2)];
        let mut sent = Vec::new();
        let end = run(
            Instant::now(),
            schedule,
            || asked.get(),
            |_, what| {
                sent.push(what);
                asked.set(true);
            },
        );
        assert_eq!((end, sent), (End::Stopped, vec![1]));
    }
}
