//! Loads messages of a file, by an operator's command alone: what a feed could not send, or what a new gateway is to know. Through the
//! same rules as at the door; authorities are told only where that is asked for.

use crate::reading;
use crate::store::{Store, StoreError, Taken};
use cpis_format_hl7v2::{Received, read};
use jiff::Timestamp;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// It had an effect.
    Applied,
    /// It had its effect before.
    Again,
    /// Nothing of it is kept: it is about nobody whom a gateway asks about.
    Dropped,
    /// It would be rejected at the door.
    Rejected,
}

/// Loads a message as if the feed had sent it. `silent`: what is asked because of it is no access, and no authority is told.
pub async fn load(
    store: &Store,
    feed: &str,
    message: Vec<u8>,
    silent: bool,
    now: Timestamp,
) -> Result<Loaded, StoreError> {
    let Some(rules) = store.rules().feeds.get(feed) else { return Ok(Loaded::Rejected) };
    let adt = match read(&message, &rules.profile) {
        Ok(Received::Adt(adt)) => adt,
        Ok(_) => return Ok(Loaded::Dropped),
        Err(_) => return Ok(Loaded::Rejected),
    };
    let happenings = reading::happenings(&adt, feed, &rules.profile, now);
    Ok(match store.load(happenings, message, silent, now).await? {
        Taken::Applied | Taken::Noted => Loaded::Applied,
        Taken::Again => Loaded::Again,
        Taken::Dropped => Loaded::Dropped,
    })
}
