//! The reader's own looks: when each authority was told, and who read it there.

use crate::frame::Frame;
use crate::lines::Line;
use crate::view::{Acknowledged, Pages};
use crate::words;
use askama::Template;
use cpis_model::Timestamp;
use std::borrow::Borrow;

/// A look in the list. It does not name the person.
#[derive(Clone)]
pub struct OwnLook {
    /// Its notice's short reference, which the authority sees too.
    pub reference: String,
    /// When the record was opened.
    pub at: Timestamp,
    /// The authority.
    pub authority: String,
    /// When it was told.
    pub told: Option<Timestamp>,
    /// Who read it there.
    pub read: Option<Acknowledged>,
    /// Minutes for which nobody has, where that is too long.
    pub overdue: Option<i64>,
    /// When the emergency duty team was told of that by e-mail.
    pub escalated: Option<Timestamp>,
}

impl OwnLook {
    /// Whether the authority was told, as a short sentence.
    pub fn told(&self, now: impl Borrow<Timestamp>) -> String {
        self.told.map_or_else(
            || "Stands in the authority's list".to_owned(),
            |at| format!("Told the authority {}", words::when(at, *now.borrow())),
        )
    }

    /// When the emergency duty team was told, as a short sentence.
    pub fn escalated(&self, now: impl Borrow<Timestamp>) -> Option<String> {
        let at = self.escalated?;
        Some(format!("E-mail to the emergency duty team {}", words::when(at, *now.borrow())))
    }

    /// Whether somebody read it, as a short sentence.
    pub fn read(&self, now: impl Borrow<Timestamp>) -> String {
        match (&self.read, self.overdue) {
            (Some(by), _) => format!("Read {} by {}", words::when(by.at, *now.borrow()), by.role),
            (None, Some(minutes)) => format!("Not read for {}: call the authority", words::waited(minutes)),
            (None, None) => "Not read yet".to_owned(),
        }
    }
}

/// An authority in which nobody has read of a look for too long.
#[derive(Clone)]
pub struct ToCall {
    /// Its name.
    pub name: String,
    /// Minutes since the oldest of these looks.
    pub minutes: i64,
    /// Its telephone lines, the open ones first.
    pub lines: Vec<Line>,
}

/// The reader's own looks, newest first.
#[derive(Template)]
#[template(path = "looks.html")]
pub struct Looks {
    /// The frame.
    pub page: Frame,
    /// Whom to call.
    pub to_call: Vec<ToCall>,
    /// The looks of this page.
    pub looks: Vec<OwnLook>,
    /// Days for which looks are listed.
    pub days: i64,
    /// Where one is.
    pub pages: Pages,
}
