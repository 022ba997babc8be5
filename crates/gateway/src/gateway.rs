//! A whole gateway running: feeds, asking, answering, upkeep, page.

use crate::answering::{Answering, TargetSettings};
use crate::asking::{Asking, Pace, SharedReach};
use crate::feed::{self, Counts, Feed, FeedSettings};
use crate::finding::{self, Finder};
use crate::national::National;
use crate::page::{self, Page};
use crate::signals::Signals;
use crate::store::{Keep, Store};
use cpis_app::Clock;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How often time's own work is done.
const UPKEEP: Duration = Duration::from_mins(1);
/// Rounds of upkeep between two purges: about an hour.
const PURGE_ROUNDS: u32 = 60;
/// How often the metrics of queues are brought up to date.
const MEASURE: Duration = Duration::from_secs(5);

/// What a gateway is made of.
pub struct Parts {
    /// The store.
    pub store: Store,
    /// Feeds, with open listeners.
    pub feeds: Vec<FeedSettings>,
    /// Systems that take flags.
    pub targets: Vec<TargetSettings>,
    /// Who is asked.
    pub national: Arc<dyn National>,
    /// Who knows people by name, where somebody comes without a number; nobody is looked for otherwise.
    pub finder: Option<Arc<dyn Finder>>,
    /// How fast.
    pub pace: Pace,
    /// How long rows are kept.
    pub keep: Keep,
    /// The page, if there is one.
    pub page: Option<PageSettings>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// How the page is served.
pub struct PageSettings {
    /// Where it listens. It asks nobody who they are: keep it inside.
    pub listener: TcpListener,
    /// Who says it sees local numbers whole; without it nobody does.
    pub token: Option<String>,
    /// Name of the place, for the heading.
    pub name: String,
    /// What `/metrics` answers.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// When certificates end and whose they are.
    pub certificates: Vec<(String, jiff::Timestamp)>,
}

/// A running gateway.
pub struct Gateway {
    signals: Signals,
    store: Store,
    doors: JoinSet<()>,
    workers: JoinSet<()>,
    reach: SharedReach,
}

impl Gateway {
    /// Starts everything.
    pub fn start(parts: Parts) -> Self {
        let Parts { store, feeds, targets, national, finder, pace, keep, page, clock } = parts;
        let signals = Signals::default();
        let reach = SharedReach::default();
        let (mut doors, mut workers) = (JoinSet::new(), JoinSet::new());
        let mut running = Vec::new();
        for settings in feeds {
            let FeedSettings { name, listener, tls, peers, limits, release_2, profile } = settings;
            let feed = Arc::new(Feed {
                name,
                peers,
                limits,
                release_2,
                profile,
                store: store.clone(),
                clock: Arc::clone(&clock),
                signals: signals.clone(),
                counts: Counts::default(),
            });
            running.push(Arc::clone(&feed));
            doors.spawn(feed::run(feed, listener, tls));
        }
        let names = targets.iter().map(|target| target.name.clone()).collect();
        let asking = Asking {
            store: store.clone(),
            national,
            clock: Arc::clone(&clock),
            signals: signals.clone(),
            reach: reach.clone(),
            pace,
        };
        workers.spawn(asking.run());
        if let Some(finder) = finder {
            workers.spawn(finding::run(store.clone(), finder, Arc::clone(&clock), signals.clone()));
        }
        for target in targets {
            let answering =
                Answering { store: store.clone(), target, clock: Arc::clone(&clock), signals: signals.clone() };
            workers.spawn(answering.run());
        }
        workers.spawn(upkeep(store.clone(), keep, Arc::clone(&clock), signals.clone()));
        let page_of = |settings: &PageSettings| Page {
            store: store.clone(),
            feeds: running.clone(),
            targets: names,
            reach: reach.clone(),
            clock: Arc::clone(&clock),
            token: settings.token.clone(),
            name: settings.name.clone(),
            metrics: Arc::clone(&settings.metrics),
            certificates: settings.certificates.clone(),
            started: clock.now(),
        };
        if let Some(settings) = page {
            let page = Arc::new(page_of(&settings));
            workers.spawn(measure(Arc::clone(&page), signals.clone()));
            workers.spawn(page::serve(page, settings.listener, signals.clone()));
        }
        Self { signals, store, doors, workers, reach }
    }

    /// How the national service stands.
    pub fn reach(&self) -> crate::asking::Reach {
        self.reach.get()
    }

    /// Ends: nothing more is taken, what was taken is acknowledged, the file is closed. What waits goes on at the next start.
    pub async fn stop(mut self, leave: Duration) {
        self.signals.end();
        if timeout(leave, async { while self.doors.join_next().await.is_some() {} }).await.is_err() {
            tracing::warn!("connections did not end in time and are closed");
            self.doors.shutdown().await;
        }
        if timeout(leave, async { while self.workers.join_next().await.is_some() {} }).await.is_err() {
            self.workers.shutdown().await;
        }
        let Self { store, doors, workers, .. } = self;
        drop((doors, workers));
        let _ = timeout(leave, store.close()).await;
    }
}

async fn upkeep(store: Store, keep: Keep, clock: Arc<dyn Clock>, signals: Signals) {
    let mut round = 0_u32;
    loop {
        let done = match store.look_again(clock.now()).await {
            Ok(()) if round.is_multiple_of(PURGE_ROUNDS) => store.purge(keep, clock.now()).await.map(|purged| {
                if purged > 0 {
                    tracing::info!(visits = purged, "visits were removed: they were kept long enough");
                }
            }),
            done => done,
        };
        if let Err(error) = done {
            tracing::warn!(%error, "the gateway's file could not be tidied; it is tried again");
        }
        signals.wake_all();
        round = round.wrapping_add(1);
        tokio::select! { () = signals.ending() => return, () = tokio::time::sleep(UPKEEP) => {} }
    }
}

async fn measure(page: Arc<Page>, signals: Signals) {
    loop {
        if let Err(error) = page.measure().await {
            tracing::warn!(%error, "queues could not be counted; it is tried again");
        }
        tokio::select! { () = signals.ending() => return, () = tokio::time::sleep(MEASURE) => {} }
    }
}
