//! E-mail to addresses that the register of organisations has of an authority: that there are notices, and that nobody has read
//! them in time. A letter says so and where to read them, and never of whom: it may be read by anybody on its way.
//!
//! Where each address stands is a row of its own, so that a letter is owed until a relay took it, whatever ends in between; it may
//! be sent twice under the same id. Reading order: [`Mailer`] in `round`, `step` (one address goes on), `kept` (how it is stored).

mod kept;
mod round;
mod step;

pub(crate) use kept::Rows;
pub use round::Mailer;
pub(crate) use step::DUTY;

use crate::service::Service;
use async_trait::async_trait;
use cpis_model::Timestamp;
use cpis_model::record_text::Email;
use std::sync::Arc;

/// What a letter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// There are notices.
    Notices,
    /// Nobody has read notices of looks in urgent care for so long.
    Unread {
        /// So many minutes.
        minutes: i64,
    },
    /// Nothing: somebody tries whether e-mail arrives.
    Trial,
}

/// A letter.
pub struct Letter<'a> {
    /// To whom.
    pub to: &'a Email,
    /// What it says.
    pub kind: Kind,
    /// Where notices are read.
    pub link: &'a str,
    /// Its id: the same however often it is sent.
    pub id: &'a str,
    /// Now.
    pub at: Timestamp,
}

/// Why a letter was not taken, by what is done next. The words name nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmailFault {
    /// The relay takes nothing now: all letters wait.
    Away {
        /// What happened.
        why: String,
    },
    /// The relay takes nothing of ours until somebody mends the configuration or the relay: all letters wait.
    Refused {
        /// What happened.
        why: String,
    },
    /// This letter is to come again.
    Later {
        /// What happened.
        why: String,
    },
    /// This address takes no letters.
    Never {
        /// What happened.
        why: String,
    },
}

/// Sends letters.
#[async_trait]
pub trait Emailer: Send + Sync {
    /// Makes one attempt.
    async fn send(&self, letter: &Letter<'_>) -> Result<(), EmailFault>;
}

/// The e-mail of an installation.
pub struct Emails {
    /// The service.
    pub service: Arc<Service>,
    /// What sends.
    pub emailer: Arc<dyn Emailer>,
    /// Where notices are read.
    pub link: String,
    /// Minutes between two letters of a kind to the same address at least.
    pub digest_minutes: i64,
}
