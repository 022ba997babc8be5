//! The circuit breaker: after some failures in a row nobody asks for a while; then one asks for all.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Failures in a row that open it.
const FAILURES: u32 = 5;
/// The first time for which it is open; it doubles with each probe that fails.
const FIRST: Duration = Duration::from_secs(10);
/// The longest time for which it is open.
const LONGEST: Duration = Duration::from_mins(5);
/// Time after which a probe that nobody heard of again is given up: who asked may have gone.
const PROBE: Duration = Duration::from_secs(30);

/// What has become of the last requests, in times since some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { until: Duration, pause: Duration },
    Probing { until: Duration, pause: Duration },
}

pub(crate) struct Breaker(Mutex<State>);

impl Breaker {
    pub fn new() -> Self {
        told(State::Closed { failures: 0 });
        Self(Mutex::new(State::Closed { failures: 0 }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a request is worth waiting for; the time until then otherwise.
    pub fn look(&self, now: Duration) -> Result<(), Duration> {
        match *self.state() {
            State::Open { until, .. } | State::Probing { until, .. } if now < until => Err(until.saturating_sub(now)),
            _ => Ok(()),
        }
    }

    /// Lets a request through, the only one where it was open; the time until the next otherwise.
    pub fn admit(&self, now: Duration) -> Result<(), Duration> {
        let mut state = self.state();
        match *state {
            State::Closed { .. } => Ok(()),
            State::Open { until, .. } | State::Probing { until, .. } if now < until => Err(until.saturating_sub(now)),
            State::Open { pause, .. } | State::Probing { pause, .. } => {
                *state = State::Probing { until: now + PROBE, pause };
                told(*state);
                Ok(())
            }
        }
    }

    /// A request was answered, whatever the answer.
    pub fn succeeded(&self) {
        let mut state = self.state();
        if !matches!(*state, State::Closed { .. }) {
            tracing::info!("PDS answers again");
        }
        *state = State::Closed { failures: 0 };
        told(*state);
    }

    /// A request was not answered, or PDS said that it cannot.
    pub fn failed(&self, now: Duration) {
        let mut state = self.state();
        let open = |pause: Duration| {
            tracing::warn!(seconds = pause.as_secs(), "PDS does not answer: it is left alone for a while");
            State::Open { until: now + pause, pause }
        };
        *state = match *state {
            State::Closed { failures } if failures + 1 < FAILURES => State::Closed { failures: failures + 1 },
            State::Closed { .. } => open(FIRST),
            State::Probing { pause, .. } => open((pause * 2).min(LONGEST)),
            // Sent before it was opened.
            open @ State::Open { .. } => open,
        };
        told(*state);
    }
}

/// 0 closed, 1 probing, 2 open.
fn told(state: State) {
    let value = match state {
        State::Closed { .. } => 0.0,
        State::Probing { .. } => 1.0,
        State::Open { .. } => 2.0,
    };
    metrics::gauge!("cpis_pds_breaker").set(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn failures_in_a_row_open_it_and_one_success_begins_anew() {
        let breaker = Breaker::new();
        for _ in 0..3 {
            (0..4).for_each(|_| breaker.failed(at(0)));
            assert_eq!(breaker.admit(at(0)), Ok(()));
            breaker.succeeded();
        }
        (0..5).for_each(|_| breaker.failed(at(3)));
        assert_eq!((breaker.look(at(3)), breaker.admit(at(5))), (Err(at(10)), Err(at(8))));
        breaker.failed(at(6));
        assert_eq!(breaker.admit(at(12)), Err(at(1)), "a late failure does not make it longer");
    }

    #[test]
    fn one_probes_for_all_and_each_probe_that_fails_doubles_the_pause_up_to_a_limit() {
        let breaker = Breaker::new();
        (0..5).for_each(|_| breaker.failed(at(0)));
        let mut now = 10;
        for pause in [20, 40, 80, 160, 300, 300] {
            assert_eq!((breaker.look(at(now)), breaker.admit(at(now))), (Ok(()), Ok(())));
            assert_eq!(breaker.admit(at(now)), Err(PROBE), "nobody else");
            breaker.failed(at(now));
            assert_eq!(breaker.admit(at(now)), Err(at(pause)));
            now += pause;
        }
        assert_eq!(breaker.admit(at(now)), Ok(()));
        breaker.succeeded();
        assert_eq!((breaker.admit(at(now)), breaker.admit(at(now))), (Ok(()), Ok(())));
    }

    #[test]
    fn a_probe_that_nobody_heard_of_again_is_given_up() {
        let breaker = Breaker::new();
        (0..5).for_each(|_| breaker.failed(at(0)));
        assert_eq!(breaker.admit(at(10)), Ok(()));
        assert_eq!(breaker.admit(at(39)), Err(at(1)));
        assert_eq!(breaker.admit(at(40)), Ok(()));
    }
}
