//! The sender: whose turn it is, several side by side, each at one delivery at a time.

use super::kept::Held;
use super::step::Step;
use super::{Status, Subscriptions};
use crate::error::AppError;
use cpis_model::Uuid;
use cpis_model::organisation::AuthorityCode;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::task::{AbortHandle, JoinSet};

/// Subscriptions that are sent to at the same time.
const SIDE_BY_SIDE: usize = 32;
/// Deliveries to one subscription before the others have their turn.
const STEPS_MAX: usize = 20;

/// Sends what is due while this node leads. Begin with [`Sender::default`]; what is on its way when it is dropped is sent again
/// by whoever comes next.
#[derive(Default)]
pub struct Sender {
    /// How far the notices had come when the newest ones were asked for.
    looks: u64,
    newest: HashMap<AuthorityCode, u64>,
    tasks: JoinSet<()>,
    busy: HashMap<Uuid, AbortHandle>,
}

impl Sender {
    /// Begins what is due and is not under way, and says how many subscriptions that was.
    pub async fn round(&mut self, subscriptions: &Arc<Subscriptions>) -> Result<usize, AppError> {
        while self.tasks.try_join_next().is_some() {}
        self.busy.retain(|_, task| !task.is_finished());
        let mut due = self.due(subscriptions).await?;
        // Who waited longest comes first.
        due.sort_by_key(|held| held.state.last_sent);
        let mut begun = 0;
        for held in due {
            if self.busy.len() >= SIDE_BY_SIDE {
                break;
            }
            let id = held.state.shown.id;
            if !self.busy.contains_key(&id) {
                let task = self.tasks.spawn(turn(subscriptions.clone(), held));
                self.busy.insert(id, task);
                begun += 1;
            }
        }
        Ok(begun)
    }

    /// Waits until nothing is under way.
    pub async fn settle(&mut self) {
        while self.tasks.join_next().await.is_some() {}
        self.busy.clear();
    }

    async fn due(&mut self, subscriptions: &Subscriptions) -> Result<Vec<Held>, AppError> {
        let now = subscriptions.service.clock.now();
        let all = subscriptions.rows().all(None).await?;
        let mut counts = [0_u32; Status::ALL.len()];
        for held in &all {
            let of_status = counts.iter_mut().zip(Status::ALL).find(|(_, status)| *status == held.state.shown.status);
            if let Some((count, _)) = of_status {
                *count += 1;
            }
        }
        for (status, count) in Status::ALL.into_iter().zip(counts) {
            metrics::gauge!("cpis_subscriptions", "status" => status.word()).set(f64::from(count));
        }
        // Without new looks there are no new notices.
        let looks = subscriptions.service.store.watermarks().await?.looks;
        if looks != self.looks {
            self.newest.clear();
            self.looks = looks;
        }
        let mut due = Vec::new();
        for held in all {
            let authority = held.state.shown.authority;
            let known = self.newest.get(&authority).copied();
            let newest = if let Some(newest) = known { newest } else { subscriptions.newest(authority).await? };
            self.newest.insert(authority, newest);
            if held.state.is_due(newest, now) {
                due.push(held);
            }
        }
        Ok(due)
    }
}

/// One subscription's turn.
async fn turn(subscriptions: Arc<Subscriptions>, mut held: Held) {
    for _ in 0..STEPS_MAX {
        match subscriptions.step(&mut held).await {
            Ok(Step::Again) => {}
            Ok(Step::Rest) => return,
            Err(error) => {
                let id = held.state.shown.id;
                tracing::warn!(%error, subscription = %id, "a subscription goes on later");
                return;
            }
        }
    }
}
