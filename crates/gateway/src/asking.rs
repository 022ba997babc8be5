//! Asks what waits, in order: several at a time while the national service answers; one, and ever more rarely, while it does not.

use crate::facts::Unchecked;
use crate::national::{Ask, National, Told};
use crate::signals::Signals;
use crate::store::{Answered, Due, Store, StoreError};
use cpis_app::Clock;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// A flag that the national service will not be asked about again is left alone for so long: it stands, and nobody waits.
const LEFT_ALONE: Duration = Duration::from_hours(1);
/// Questions that are refused one after another before all others wait too: it is not one site's fault.
const REFUSED_MAX: u32 = 3;

/// How questions are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Questions that are asked at the same time at most.
    pub concurrent: usize,
    /// The first pause after a failure; it doubles with each that follows.
    pub pause_first: Duration,
    /// The longest.
    pub pause_max: Duration,
    /// How often is looked for questions that nobody was woken for.
    pub look: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            concurrent: 8,
            pause_first: Duration::from_secs(1),
            pause_max: Duration::from_mins(1),
            look: Duration::from_secs(5),
        }
    }
}

/// How the national service stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// When it last answered.
    pub answered: Option<Timestamp>,
    /// Since when it does not, and why.
    pub hindered: Option<(Timestamp, Unchecked)>,
}

/// The same, shared with whoever shows it.
#[derive(Clone, Debug, Default)]
pub struct SharedReach(Arc<Mutex<Reach>>);

impl SharedReach {
    /// How it stands now.
    pub fn get(&self) -> Reach {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, reach: Reach) {
        metrics::gauge!("cpis_gateway_national_away").set(f64::from(u8::from(reach.hindered.is_some())));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = reach;
    }
}

/// What the asking needs.
pub(crate) struct Asking {
    pub store: Store,
    pub national: Arc<dyn National>,
    pub clock: Arc<dyn Clock>,
    pub signals: Signals,
    pub reach: SharedReach,
    pub pace: Pace,
}

/// Questions that are being asked, and when the next may be.
struct Course {
    asked: JoinSet<(Due, Told)>,
    ids: Vec<i64>,
    pause: Duration,
    not_before: Instant,
    /// Questions that were not answered: not asked before this, so that one of them does not hold up the others.
    postponed: HashMap<i64, (Instant, Duration)>,
    /// Questions that were refused one after another.
    refused: u32,
}

impl Course {
    fn new(pause: Duration) -> Self {
        Self {
            asked: JoinSet::new(),
            ids: Vec::new(),
            pause,
            not_before: Instant::now(),
            postponed: HashMap::new(),
            refused: 0,
        }
    }

    /// Questions that are not asked now.
    fn excluded(&self) -> Vec<i64> {
        let now = Instant::now();
        let waiting = self.postponed.iter().filter(|(_, (until, _))| *until > now).map(|(id, _)| *id);
        self.ids.iter().copied().chain(waiting).collect()
    }

    /// Puts a question behind the others for a while, longer each time.
    fn postpone(&mut self, id: i64, pace: Pace) {
        let pause = self.postponed.get(&id).map_or(pace.pause_first * 2, |(_, pause)| (*pause * 2).min(pace.pause_max));
        self.postponed.insert(id, (Instant::now() + pause, pause));
    }

    /// When something may be asked again that may not now.
    fn next(&self, look: Duration) -> Instant {
        let now = Instant::now();
        let soonest = self.postponed.values().map(|(until, _)| *until).filter(|until| *until > now).min();
        let look = now + look;
        self.not_before.max(soonest.unwrap_or(look)).min(look)
    }
}

impl Asking {
    /// Until the end is asked for.
    pub async fn run(self) {
        let mut wake = self.signals.asks();
        let mut course = Course::new(self.pace.pause_first);
        loop {
            let most = if self.reach.get().hindered.is_some() { 1 } else { self.pace.concurrent };
            let free = most.saturating_sub(course.ids.len());
            let may_ask = free > 0 && Instant::now() >= course.not_before;
            if may_ask && let Err(error) = self.ask_more(&mut course, free).await {
                tracing::warn!(%error, "questions could not be read; it is tried again");
                course.not_before = Instant::now() + self.pace.pause_first;
            }
            let next = if course.not_before > Instant::now() { course.not_before } else { course.next(self.pace.look) };
            tokio::select! {
                () = self.signals.ending() => break,
                Some(done) = course.asked.join_next(), if !course.asked.is_empty() => if let Ok((due, told)) = done {
                    course.ids.retain(|id| *id != due.id);
                    self.note(&due, told, &mut course).await;
                } else {
                    // A task that ended by a fault of the program: its question is asked again with the others.
                    course.asked.abort_all();
                    course.ids.clear();
                    course.not_before = Instant::now() + self.pace.pause_max;
                },
                _ = wake.changed() => {}
                () = tokio::time::sleep_until(next) => {}
            }
        }
    }

    async fn ask_more(&self, course: &mut Course, free: usize) -> Result<(), StoreError> {
        let (excluded, now) = (course.excluded(), self.clock.now());
        let mut all = self.store.asks_due(free, excluded.clone(), now).await?;
        // Whoever waits goes first.
        if all.is_empty() && course.ids.is_empty() {
            all = self.store.flags_due(free, excluded, now).await?;
        }
        for due in all {
            course.ids.push(due.id);
            let national = Arc::clone(&self.national);
            let (event, number, birth, silent) = (due.event, due.number, due.birth, due.silent);
            let ask = Ask { event, number, birth, site: due.site.clone(), silent };
            let begun = Instant::now();
            course.asked.spawn(async move {
                let told = national.ask(&ask).await;
                metrics::histogram!("cpis_gateway_ask_seconds").record(begun.elapsed().as_secs_f64());
                (due, told)
            });
        }
        Ok(())
    }

    async fn note(&self, due: &Due, told: Told, course: &mut Course) {
        let (outcome, answered) = match told {
            Told::Record => ("record", Ok(Answered::Record)),
            Told::NoRecord => ("no-record", Ok(Answered::NoRecord)),
            Told::Mismatch => ("mismatch", Ok(Answered::Mismatch)),
            Told::Invalid => ("invalid", Ok(Answered::Invalid)),
            Told::Away(after) => ("away", Err((Unchecked::Away, after))),
            Told::Unreadable => ("unreadable", Err((Unchecked::Away, None))),
            Told::Refused => ("refused", Err((Unchecked::Refused, None))),
        };
        metrics::counter!("cpis_gateway_asked_total", "outcome" => outcome).increment(1);
        if due.again && matches!(told, Told::Refused | Told::Unreadable | Told::Invalid) {
            // A service may take no silent reads. That says nothing about the flag, nor about those who wait.
            tracing::warn!(outcome, site = due.site, "whether an alert still stands cannot be asked");
            course.postponed.insert(due.id, (Instant::now() + LEFT_ALONE, LEFT_ALONE));
            return;
        }
        match answered {
            Ok(answered) => self.answered(due, answered, course).await,
            Err((trouble, after)) => {
                course.postpone(due.id, self.pace);
                course.refused = if told == Told::Refused { course.refused + 1 } else { 0 };
                let is_one = (told == Told::Refused && course.refused < REFUSED_MAX) || told == Told::Unreadable;
                if is_one {
                    tracing::warn!(outcome, site = due.site, "a question is not answered; others go before it");
                    let hindered = self.store.ask_hindered(due.id, trouble, self.clock.now()).await;
                    warn(hindered);
                } else {
                    self.hinder(trouble, after, course).await;
                }
            }
        }
    }

    async fn answered(&self, due: &Due, answered: Answered, course: &mut Course) {
        if answered == Answered::Invalid {
            tracing::error!(site = due.site, "the national service finds a fault in a question");
        }
        let now = self.clock.now();
        let is_late = !due.again && now.duration_since(due.made) > self.store.rules().late;
        if let Err(error) = self.store.answered(due.id, answered, is_late, now).await {
            // It waits and is asked again with the same event id.
            tracing::warn!(%error, "an answer could not be stored; it is asked again");
            course.not_before = Instant::now() + self.pace.pause_first;
            return;
        }
        if due.again {
            tracing::info!(site = due.site, stands = answered == Answered::Record, "an alert was looked at again");
        } else {
            let seconds = now.duration_since(due.made).as_secs_f64().max(0.0);
            metrics::histogram!("cpis_gateway_checked_seconds").record(seconds);
        }
        self.signals.wake_pushes();
        let was = self.reach.get();
        self.reach.set(Reach { answered: Some(now), hindered: None });
        course.pause = self.pace.pause_first;
        course.not_before = Instant::now();
        course.refused = 0;
        course.postponed.remove(&due.id);
        if let Some((since, _)) = was.hindered {
            course.postponed.clear();
            tracing::info!(seconds = now.duration_since(since).as_secs(), "the national service answers again");
            let cleared = self.store.asks_hindered(None).await;
            warn(cleared);
        }
    }

    /// Nobody is answered: the rest waits, and one question is asked from time to time.
    async fn hinder(&self, trouble: Unchecked, after: Option<Duration>, course: &mut Course) {
        let now = self.clock.now();
        let reach = self.reach.get();
        let since = reach.hindered.map_or(now, |(since, _)| since);
        if reach.hindered.is_none_or(|(_, was)| was != trouble) {
            if trouble == Unchecked::Refused {
                tracing::error!(
                    "the national service does not take our questions: look at certificate, ASID and sites"
                );
            } else {
                tracing::error!("the national service does not answer; what waits is asked again");
            }
        }
        self.reach.set(Reach { hindered: Some((since, trouble)), ..reach });
        course.not_before = Instant::now() + after.unwrap_or(course.pause).min(self.pace.pause_max);
        course.pause = (course.pause * 2).min(self.pace.pause_max);
        let hindered = self.store.asks_hindered(Some(trouble)).await;
        warn(hindered);
    }
}

fn warn(done: Result<(), StoreError>) {
    if let Err(error) = done {
        tracing::warn!(%error, "the state of questions could not be stored");
    }
}
