//! The richer list of an inbox: what waits, with what is said about each message. No specification has it; the public sandbox
//! answers it in this form, in version 2 alone.

use crate::delivered::{Delivered, DeliveredKind};
use crate::id::{MailboxId, MessageId};
use crate::inbox::{Links, QueryFault, is_place, number};
use crate::json;
use crate::path::{self, part};
use crate::time::{iso, read};
use cpis_model::Timestamp;
use serde::Serialize;
use std::ops::RangeInclusive;

/// Fewest and most results that may be asked for.
pub const RESULTS: RangeInclusive<u32> = 1..=2000;
/// How many are listed where nothing is said.
pub const RESULTS_DEFAULT: u32 = 100;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RichQuery {
    /// Only what was accepted from then on.
    pub start: Option<Timestamp>,
    /// How many at most.
    pub max_results: u32,
    /// Where the last page ended.
    pub continue_from: Option<String>,
}

impl RichQuery {
    /// Reads the pairs of a query, decoded. Parameters that are not known are passed over.
    ///
    /// ```
    /// use cpis_format_mesh::RichQuery;
    /// let query = RichQuery::parse([("max_results", "1"), ("start_time", "2026-03-14T15:59:01Z")]).unwrap();
    /// assert_eq!((query.max_results, query.continue_from), (1, None));
    /// assert_eq!(RichQuery::parse([("max_results", "0"), ("start_time", "then")]).unwrap_err().len(), 2);
    /// ```
    pub fn parse<K: AsRef<str>, V: AsRef<str>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, Vec<QueryFault>> {
        let mut query = Self { start: None, max_results: RESULTS_DEFAULT, continue_from: None };
        let mut faults = Vec::new();
        for (name, value) in pairs {
            let value = value.as_ref();
            match name.as_ref() {
                "start_time" => match read(value) {
                    Some(start) => query.start = Some(start),
                    None => faults.push(QueryFault { parameter: "start_time", msg: "it is no time of ISO 8601" }),
                },
                "max_results" => match number(value).filter(|number| RESULTS.contains(number)) {
                    Some(max) => query.max_results = max,
                    None => {
                        faults.push(QueryFault { parameter: "max_results", msg: "it must be a number from 1 to 2000" });
                    }
                },
                "continue_from" if is_place(value) => query.continue_from = Some(value.to_owned()),
                "continue_from" => {
                    let msg = "it must be 24 to 1000 visible characters, as an earlier answer gave them";
                    faults.push(QueryFault { parameter: "continue_from", msg });
                }
                _ => {}
            }
        }
        if faults.is_empty() { Ok(query) } else { Err(faults) }
    }

    fn link(&self, mailbox: &MailboxId, continue_from: Option<&str>) -> String {
        let mut link = format!("{}/rich?max_results={}", path::inbox(mailbox), self.max_results);
        let start = self.start.map(iso);
        for (name, value) in [("start_time", start.as_deref()), ("continue_from", continue_from)] {
            if let Some(value) = value {
                link.extend(["&", name, "="]);
                link.extend(part(value));
            }
        }
        link
    }
}

/// A message that waits, with the names of its mailboxes.
#[derive(Clone, Debug)]
pub struct RichMessage {
    /// The message.
    pub delivered: Delivered,
    /// Name of the sender's mailbox; empty where it is not known.
    pub sender_name: String,
    /// Name of the recipient's mailbox.
    pub recipient_name: String,
    /// When it leaves the inbox.
    pub expires_at: Timestamp,
}

/// Body of the answer. `next` is where the next page begins.
pub fn body(
    mailbox: &MailboxId,
    query: &RichQuery,
    messages: &[RichMessage],
    next: Option<&str>,
    now: Timestamp,
) -> Vec<u8> {
    let links = Links {
        own: query.link(mailbox, query.continue_from.as_deref()),
        next: next.map(|next| query.link(mailbox, Some(next))),
    };
    json(&Page { valid_at: iso(now), messages: messages.iter().map(Row::of).collect(), links })
}

#[derive(Serialize)]
struct Page<'p> {
    valid_at: String,
    messages: Vec<Row<'p>>,
    links: Links,
}

#[derive(Serialize)]
struct Row<'p> {
    message_id: &'p MessageId,
    expiry_timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    local_id: Option<&'p str>,
    message_type: &'static str,
    recipient: &'p MailboxId,
    recipient_name: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<&'p MailboxId>,
    sender_name: &'p str,
    sent_date: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<&'p str>,
    workflow_id: &'p str,
    total_chunks: u32,
}

impl<'p> Row<'p> {
    fn of(message: &'p RichMessage) -> Self {
        let Delivered { id, from, envelope, chunk, accepted_at, kind } = &message.delivered;
        let (message_type, status_code) = match kind {
            DeliveredKind::Data => ("DATA", None),
            DeliveredKind::Report(report) => ("REPORT", Some(report.code.as_str())),
        };
        Self {
            message_id: id,
            expiry_timestamp: iso(message.expires_at),
            local_id: envelope.local_id.as_deref(),
            message_type,
            recipient: &envelope.to,
            recipient_name: &message.recipient_name,
            sender: from.as_ref(),
            sender_name: &message.sender_name,
            sent_date: iso(*accepted_at),
            status: "Accepted",
            status_code,
            workflow_id: &envelope.workflow,
            total_chunks: chunk.total(),
        }
    }
}
