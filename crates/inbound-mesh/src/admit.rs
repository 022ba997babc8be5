//! Who is let in: the token is of the mailbox in the path, proved by the password, young enough, and used for the first time.

use crate::Door;
use cpis_app::AppError;
use cpis_app::mail::passwords::{Passwords, release_token, use_token};
use cpis_format_mesh::{MailboxId, MeshFault, Token};
use cpis_model::Timestamp;
use http::HeaderMap;
use http::header::AUTHORIZATION;

/// Stands for the password of a mailbox that has none, so that the answer takes as long.
const NO_PASSWORD: &str = "nobody has this password";

/// A caller who proved their mailbox.
pub struct Admitted {
    /// The mailbox.
    pub mailbox: MailboxId,
    nonce: String,
    count: String,
}

/// Judges the token of a request for a mailbox. It is not used up yet.
pub async fn judge(door: &Door, mailbox: &str, headers: &HeaderMap) -> Result<Admitted, Refused> {
    let service = &door.post.service;
    let header = headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok()).ok_or(MeshFault::NoToken)?;
    let token = Token::parse(header).map_err(MeshFault::from)?;
    if token.mailbox.as_str() != mailbox {
        return Err(MeshFault::OtherMailbox.into());
    }
    let known = door.post.mailbox(mailbox).is_some();
    let password = Passwords { store: &*service.store, keys: &service.keys }.of(mailbox).await?;
    let is_signed = token.is_signed(&door.shared_key, password.as_ref().map_or(NO_PASSWORD, |own| own).as_bytes());
    if !known || password.is_none() {
        return Err(MeshFault::UnknownMailbox.into());
    }
    if !is_signed || !token.is_timely(service.clock.now()) {
        return Err(MeshFault::BadToken.into());
    }
    Ok(Admitted { mailbox: token.mailbox, nonce: token.nonce, count: token.count })
}

/// Uses the token up.
pub async fn use_up(door: &Door, admitted: &Admitted) -> Result<(), Refused> {
    let service = &door.post.service;
    let until = service.clock.now().as_second() + Token::REMEMBER_SECONDS;
    let until = Timestamp::from_second(until).unwrap_or(Timestamp::MAX);
    let first = use_token(service, admitted.mailbox.as_str(), &admitted.nonce, &admitted.count, until).await?;
    if first { Ok(()) } else { Err(MeshFault::BadToken.into()) }
}

/// Lets the token be used again: clients repeat it after an answer that asks them to.
pub async fn release(door: &Door, admitted: &Admitted) {
    let (mailbox, nonce, count) = (admitted.mailbox.as_str(), &admitted.nonce, &admitted.count);
    if let Err(error) = release_token(&door.post.service, mailbox, nonce, count).await {
        tracing::warn!(%error, "a token of MESH stays used");
    }
}

/// Why a request is not answered as asked.
#[derive(Debug)]
pub enum Refused {
    /// As MESH says it.
    Fault(MeshFault),
    /// What the use case says.
    App(AppError),
}

impl From<MeshFault> for Refused {
    fn from(fault: MeshFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<AppError> for Refused {
    fn from(error: AppError) -> Self {
        Self::App(error)
    }
}

impl Refused {
    /// As MESH says it; what only an operator can mend is logged.
    pub fn fault(self) -> MeshFault {
        match self {
            Self::Fault(fault) => fault,
            Self::App(AppError::Unavailable { .. } | AppError::Conflict) => MeshFault::Unavailable,
            Self::App(AppError::NotFound) => MeshFault::NoSuchMessage,
            Self::App(error) => {
                tracing::error!(%error, "a request of MESH could not be answered");
                MeshFault::Internal
            }
        }
    }
}
