//! What a subscriber does with its subscriptions. Another authority's are not found.

use super::kept::{Held, Rows, State};
use super::{Request, SECRET_BYTES, SUBSCRIPTIONS_MAX, Status, Subscription, Subscriptions};
use crate::effects::random;
use crate::error::AppError;
use crate::nodes::{Turn, Work};
use crate::notices::{self, authority_of};
use cpis_model::Uuid;
use cpis_model::caller::{Action, Caller};
use cpis_model::entry::What;
use cpis_model::organisation::AuthorityCode;
use cpis_store::{Delivery, MailStep, StoreError};
use std::sync::Arc;
use zeroize::Zeroizing;

/// How often a change is tried while the sender changes the same subscription.
const TRIES: usize = 8;

/// A caller whom the policy lets have subscriptions of an authority.
pub struct Admitted {
    caller: Arc<Caller>,
    pub(super) authority: AuthorityCode,
}

/// What became of a new subscription.
pub enum Made {
    /// It is stored, and this is the secret with which its deliveries are signed. It is shown here and never again.
    Made(Subscription, Zeroizing<Vec<u8>>),
    /// The authority has as many as it may.
    TooMany,
    /// Nothing may be sent to its endpoint.
    Endpoint,
}

/// What became of a change.
pub enum Changed {
    /// It is stored.
    Changed(Subscription),
    /// Another topic would count other events under the same numbers.
    OtherTopic,
    /// Nothing may be sent to its endpoint.
    Endpoint,
}

impl Subscriptions {
    pub(super) fn rows(&self) -> Rows<'_> {
        Rows { store: &*self.service.store, keys: &self.service.keys }
    }

    /// Lets a caller in, or refuses and records it.
    pub async fn admit(&self, caller: Arc<Caller>) -> Result<Admitted, AppError> {
        let authority = authority_of(&self.service, &caller, Action::Notices, "subscriptions").await?;
        Ok(Admitted { caller, authority })
    }

    pub(super) async fn record(&self, by: &Admitted, what: &str, count: usize) -> Result<(), AppError> {
        let (caller, authority) = (by.caller.clone(), by.authority);
        let what = What::AuthorityRead { caller, authority, what: what.to_owned(), count: count as u32 };
        self.service.record_one(what).await
    }

    /// One of the caller's authority.
    pub(super) async fn own(&self, by: &Admitted, id: Uuid) -> Result<Held, AppError> {
        let held = self.rows().one(id).await?.filter(|held| held.state.shown.authority == by.authority);
        held.ok_or(AppError::NotFound)
    }

    /// A new subscription. Its events are the notices from now on.
    pub async fn create(&self, by: &Admitted, request: Request) -> Result<Made, AppError> {
        if !self.hooks.takes(&request.endpoint) {
            return Ok(Made::Endpoint);
        }
        // Two at once must not both be the last one.
        let _turn = Turn::wait(&self.service, Work::Subscriptions, by.authority).await?;
        if self.rows().all(Some(by.authority)).await?.len() >= SUBSCRIPTIONS_MAX {
            return Ok(Made::TooMany);
        }
        self.record(by, "subscription created", 1).await?;
        let now = self.service.clock.now();
        let status = if request.on { Status::Requested } else { Status::Off };
        let shown =
            Subscription { id: self.fresh_id(), authority: by.authority, request, status, error: String::new() };
        let secret = Zeroizing::new(random::<SECRET_BYTES>(&*self.service.keys.entropy).to_vec());
        let state = State {
            shown: shown.clone(),
            secret: secret.clone(),
            position: self.newest(by.authority).await?,
            events: 0,
            sent: Vec::new(),
            pending: None,
            again: None,
            first_failure: None,
            failures: 0,
            next_at: None,
            last_sent: None,
        };
        let begin = state.position;
        if !self.rows().save(&mut Rows::fresh(state), now).await? {
            return Err(AppError::Conflict);
        }
        // Of what was before, nothing is told in this way.
        self.delivered(&shown, begin, None).await?;
        Ok(Made::Made(shown, secret))
    }

    /// All of the caller's authority.
    pub async fn list(&self, by: &Admitted) -> Result<Vec<Subscription>, AppError> {
        let all = self.rows().all(Some(by.authority)).await?;
        self.record(by, "subscriptions", all.len()).await?;
        Ok(all.into_iter().map(|held| held.state.shown).collect())
    }

    /// One of the caller's authority.
    pub async fn read(&self, by: &Admitted, id: Uuid) -> Result<Subscription, AppError> {
        let held = self.own(by, id).await?;
        self.record(by, "subscriptions", 1).await?;
        Ok(held.state.shown)
    }

    /// Puts a request in place of the one that it has. Switched on, it begins with a handshake and goes on where it was.
    pub async fn change(&self, by: &Admitted, id: Uuid, request: Request) -> Result<Changed, AppError> {
        if self.own(by, id).await?.state.shown.request.topic != request.topic {
            return Ok(Changed::OtherTopic);
        }
        if !self.hooks.takes(&request.endpoint) {
            return Ok(Changed::Endpoint);
        }
        self.record(by, "subscription changed", 1).await?;
        let held = self.update(by, id, |state| state.ask(request.clone())).await?;
        Ok(Changed::Changed(held.state.shown))
    }

    /// Removes one, with its secret.
    pub async fn remove(&self, by: &Admitted, id: Uuid) -> Result<(), AppError> {
        self.own(by, id).await?;
        self.record(by, "subscription removed", 1).await?;
        if self.rows().remove(id).await? { Ok(()) } else { Err(AppError::NotFound) }
    }

    /// Changes one of the caller's authority, also while the sender goes on with it.
    pub(super) async fn update(&self, by: &Admitted, id: Uuid, change: impl Fn(&mut State)) -> Result<Held, AppError> {
        for _ in 0..TRIES {
            let mut held = self.own(by, id).await?;
            change(&mut held.state);
            if self.rows().save(&mut held, self.service.clock.now()).await? {
                return Ok(held);
            }
        }
        Err(AppError::Conflict)
    }

    /// The number of an authority's newest notice; 0 where there is none.
    pub(super) async fn newest(&self, authority: AuthorityCode) -> Result<u64, AppError> {
        notices::last_number(&self.service, authority).await
    }

    /// Notes that an authority was told its notices up to one, in a delivery; or that they were passed over.
    pub(super) async fn delivered(&self, of: &Subscription, upto: u64, id: Option<Uuid>) -> Result<(), AppError> {
        let (store, authority) = (&self.service.store, of.authority);
        let channel = format!("subscription {}", of.id);
        let before = store.delivered(authority, channel.clone()).await?.map_or(0, |last| last.upto);
        if upto <= before {
            return Ok(());
        }
        let (at, mail) = (self.service.clock.now(), id.map(|id| id.to_string()));
        let delivery = Delivery { authority, channel, upto, at, mail };
        match store.mail_step(MailStep { delivered: Some((delivery, before)), ..MailStep::default() }).await {
            // Stale: another node noted it.
            Ok(()) | Err(StoreError::Stale) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl State {
    /// Takes what the subscriber asks for now.
    fn ask(&mut self, request: Request) {
        let old = &self.shown.request;
        if old.empty != request.empty || old.max_count != request.max_count {
            // It would not be the same to the byte, or longer than asked for: it is made anew.
            self.pending = None;
        }
        self.shown.status = if request.on { Status::Requested } else { Status::Off };
        self.shown.error.clear();
        self.shown.request = request;
        (self.first_failure, self.failures, self.next_at) = (None, 0, None);
    }
}
