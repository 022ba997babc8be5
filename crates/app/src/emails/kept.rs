//! Where an address stands, as it is stored: one kept row, sealed under the key ring. Who saw the last revision may change it.

use crate::error::AppError;
use crate::people::Keys;
use crate::seal::place;
use cpis_model::Timestamp;
use cpis_model::organisation::AuthorityCode;
use cpis_model::record_text::Email;
use cpis_store::{Forget, KeptKind, KeptRow, Store};
use minicbor::{Decode, Encode};

/// Rows that are read together.
const ROWS: u32 = 100;

/// For what an address is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Purpose {
    /// To tell that nobody has read notices in time.
    Unread,
    /// To tell that there are notices.
    Notices,
}

impl Purpose {
    fn number(self) -> u8 {
        match self {
            Self::Notices => 1,
            Self::Unread => 2,
        }
    }
}

/// Where an address stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub authority: AuthorityCode,
    pub address: Email,
    pub purpose: Purpose,
    /// The number of the last notice of which it was told, or need not be told.
    pub position: u64,
    /// The version of the authority's record under which the address was given up, and when.
    pub dead: Option<(u64, Timestamp)>,
    pub first_failure: Option<Timestamp>,
    pub failures: u32,
    /// Nothing is sent before.
    pub next_at: Option<Timestamp>,
    pub last_sent: Option<Timestamp>,
}

impl State {
    /// One that was told up to here.
    pub fn fresh(authority: AuthorityCode, address: Email, purpose: Purpose, position: u64) -> Self {
        let (dead, first_failure, next_at, last_sent) = (None, None, None, None);
        Self { authority, address, purpose, position, dead, first_failure, failures: 0, next_at, last_sent }
    }

    /// Whether it is this address for this purpose.
    pub fn is_of(&self, authority: AuthorityCode, address: &Email, purpose: Purpose) -> bool {
        self.authority == authority && self.address == *address && self.purpose == purpose
    }
}

/// A state as it was read, with what is needed to save it.
pub(super) struct Held {
    pub state: State,
    revision: u64,
}

impl Held {
    /// One that is not saved yet.
    pub fn fresh(state: State) -> Self {
        Self { state, revision: 0 }
    }
}

#[derive(Encode, Decode)]
struct Wire {
    #[n(0)]
    authority: String,
    #[n(1)]
    address: String,
    #[n(2)]
    purpose: u8,
    #[n(3)]
    position: u64,
    #[n(4)]
    dead: Option<(u64, i64)>,
    #[n(5)]
    first_failure: Option<i64>,
    #[n(6)]
    failures: u32,
    #[n(7)]
    next_at: Option<i64>,
    #[n(8)]
    last_sent: Option<i64>,
}

fn ms(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_millisecond)
}

fn at(ms: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(ms).ok()
}

impl From<&State> for Wire {
    fn from(state: &State) -> Self {
        Self {
            authority: state.authority.to_string(),
            address: state.address.as_str().to_owned(),
            purpose: state.purpose.number(),
            position: state.position,
            dead: state.dead.map(|(version, since)| (version, since.as_millisecond())),
            first_failure: ms(state.first_failure),
            failures: state.failures,
            next_at: ms(state.next_at),
            last_sent: ms(state.last_sent),
        }
    }
}

impl Wire {
    fn state(self) -> Option<State> {
        let purpose = [Purpose::Notices, Purpose::Unread].into_iter().find(|kind| kind.number() == self.purpose);
        Some(State {
            authority: self.authority.parse().ok()?,
            address: self.address.parse().ok()?,
            purpose: purpose?,
            position: self.position,
            dead: self.dead.and_then(|(version, since)| Some((version, at(since)?))),
            first_failure: self.first_failure.and_then(at),
            failures: self.failures,
            next_at: self.next_at.and_then(at),
            last_sent: self.last_sent.and_then(at),
        })
    }
}

/// The addresses of an installation.
pub(crate) struct Rows<'a> {
    /// The database.
    pub store: &'a dyn Store,
    /// Keys and randomness.
    pub keys: &'a Keys,
}

impl Rows<'_> {
    /// A digest of an address and its purpose.
    pub(super) fn digest(&self, state: &State) -> [u8; 16] {
        let (authority, purpose) = (state.authority.to_string(), state.purpose.number().to_string());
        self.keys.ring.group(&["e-mail", &authority, &purpose, state.address.as_str()])
    }

    fn id(&self, state: &State) -> [u8; 32] {
        let mut id = [0; 32];
        id.iter_mut().zip(self.digest(state)).for_each(|(to, from)| *to = from);
        id
    }

    /// Saves it, if nobody changed it since it was read. Says whether it did.
    pub(super) async fn save(&self, held: &mut Held, now: Timestamp) -> Result<bool, AppError> {
        let (id, revision) = (self.id(&held.state), held.revision + 1);
        let bytes = minicbor::to_vec(Wire::from(&held.state)).unwrap_or_default();
        let body = self.keys.ring.seal(&*self.keys.entropy, &place("kept.email", &[&id]), &bytes);
        let row = KeptRow { kind: KeptKind::Email, id, revision, groups: [None, None], ends: None, body };
        let saved = self.store.keep(row, now).await?;
        if saved {
            held.revision = revision;
        }
        Ok(saved)
    }

    /// All of them.
    pub(super) async fn all(&self) -> Result<Vec<Held>, AppError> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let rows = self.store.kept_after(KeptKind::Email, after, ROWS).await?;
            let Some(last) = rows.last() else { return Ok(all) };
            after = Some(last.id);
            for row in &rows {
                let opened = self.keys.ring.open(&place("kept.email", &[&row.id]), &row.body).ok();
                let state = opened.and_then(|bytes| minicbor::decode::<Wire>(&bytes).ok()).and_then(Wire::state);
                let state = state.ok_or_else(|| AppError::damaged("an e-mail address does not open"))?;
                all.push(Held { state, revision: row.revision });
            }
        }
    }

    /// Forgets one that the register does not have any more.
    pub(super) async fn remove(&self, state: &State) -> Result<(), AppError> {
        self.store.forget(KeptKind::Email, Forget::One(self.id(state))).await?;
        Ok(())
    }

    /// Seals all of them again under the active key. One that changes meanwhile is sealed so by whoever changes it.
    pub(crate) async fn reseal(&self) -> Result<u64, AppError> {
        let all = self.all().await?;
        let count = all.len() as u64;
        for mut held in all {
            self.save(&mut held, Timestamp::UNIX_EPOCH).await?;
        }
        Ok(count)
    }
}
