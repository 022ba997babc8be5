//! Pages that say one thing: signed out, not allowed, not found, failed.

use crate::frame::Frame;
use askama::Template;

/// A page that says one thing.
#[derive(Template)]
#[template(path = "message.html")]
pub struct Message {
    /// The frame.
    pub page: Frame,
    /// What it says.
    pub what: What,
}

/// What a page says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The person signed out.
    SignedOut,
    /// The session ran out.
    SessionEnded,
    /// The policy refuses (403).
    NotAllowed,
    /// No such page (404).
    NotFound,
    /// Our fault (500).
    Failed {
        /// The id of the request, which the log names too.
        reference: String,
    },
    /// Too many requests (429).
    TooMany {
        /// When to try again.
        minutes: u32,
    },
    /// The service is away (503).
    Unavailable,
}

impl What {
    /// Its heading, which is its title too.
    pub fn heading(&self) -> &'static str {
        match self {
            Self::SignedOut => "You are signed out",
            Self::SessionEnded => "Your session has ended",
            Self::NotAllowed => "You may not do this",
            Self::NotFound => "There is no such page",
            Self::Failed { .. } => "Something went wrong",
            Self::TooMany { .. } => "Too many requests",
            Self::Unavailable => "We cannot check at the moment",
        }
    }

    fn needs_support(&self) -> bool {
        matches!(self, Self::Failed { .. } | Self::Unavailable)
    }
}
