//! Applies messages that were set aside, after the cause was mended: in their order, through the same rules as at the door. Nobody is
//! told of what is too old by now.

use crate::reading;
use crate::store::{Store, StoreError, Taken};
use cpis_format_hl7v2::{Received, read};
use jiff::Timestamp;
use tokio::sync::oneshot;

/// What became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Applied now.
    pub applied: u64,
    /// Still not: they stay.
    pub left: u64,
}

/// Applies what was set aside.
pub async fn replay(store: &Store, now: Timestamp) -> Result<Replayed, StoreError> {
    let mut replayed = Replayed::default();
    for letter in store.dead_letters().await? {
        let Some(feed) = store.rules().feeds.get(&letter.feed) else {
            replayed.left += 1;
            continue;
        };
        let Ok(Received::Adt(adt)) = read(&letter.raw, &feed.profile) else {
            replayed.left += 1;
            continue;
        };
        let happenings = reading::happenings(&adt, &letter.feed, &feed.profile, now);
        match one(store, happenings, letter.raw.to_vec(), now).await {
            Ok(_) => {
                store.dead_letter_applied(letter.id).await?;
                replayed.applied += 1;
            }
            Err(StoreError::Row(_) | StoreError::Fault) => replayed.left += 1,
            Err(error) => return Err(error),
        }
    }
    Ok(replayed)
}

async fn one(
    store: &Store,
    happenings: Vec<crate::happening::Happening>,
    raw: Vec<u8>,
    now: Timestamp,
) -> Result<Taken, StoreError> {
    let (tell, told) = oneshot::channel();
    store.take(happenings, raw, now, move |taken| drop(tell.send(taken)))?;
    told.await.unwrap_or(Err(StoreError::Away("closed")))
}
