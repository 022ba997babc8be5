//! The list of an inbox: what is asked, and the page that answers it.

use crate::filter::{BadFilter, WorkflowFilter};
use crate::id::{MailboxId, MessageId};
use crate::json;
use crate::path::{self, part};
use crate::version::Version;
use serde::Serialize;
use std::fmt;
use std::ops::RangeInclusive;

/// Fewest and most results that may be asked for.
pub const RESULTS: RangeInclusive<u32> = 10..=5000;
/// How many are listed where nothing is said.
pub const RESULTS_DEFAULT: u32 = 500;
/// Shortest and longest place to continue from, in characters.
pub const CONTINUE_CHARS: RangeInclusive<usize> = 24..=1000;

/// A fault of one parameter of a query. It never repeats the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryFault {
    /// Name of the parameter.
    pub parameter: &'static str,
    /// What is wrong.
    pub msg: &'static str,
}

impl fmt::Display for QueryFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.parameter, self.msg)
    }
}

/// What is asked of an inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxQuery {
    /// How many at most.
    pub max_results: u32,
    /// Where the last page ended: a message id in version 1, opaque to clients in version 2.
    pub continue_from: Option<String>,
    /// Which workflows.
    pub filter: Option<WorkflowFilter>,
}

impl Default for InboxQuery {
    fn default() -> Self {
        Self { max_results: RESULTS_DEFAULT, continue_from: None, filter: None }
    }
}

impl InboxQuery {
    /// Reads the pairs of a query, decoded. Parameters that are not known are passed over.
    ///
    /// ```
    /// use cpis_format_mesh::InboxQuery;
    /// let query = InboxQuery::parse([("max_results", "10"), ("workflow_filter", "CPIS_*")]).unwrap();
    /// assert_eq!(query.max_results, 10);
    /// assert_eq!(InboxQuery::parse([("max_results", "9"), ("workflow_filter", "*")]).unwrap_err().len(), 2);
    /// ```
    pub fn parse<K: AsRef<str>, V: AsRef<str>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, Vec<QueryFault>> {
        let (mut query, mut faults, mut seen) = (Self::default(), Vec::new(), Vec::new());
        let known = ["max_results", "continue_from", "workflow_filter"];
        for (name, value) in pairs {
            let Some(parameter) = known.into_iter().find(|known| *known == name.as_ref()) else { continue };
            let value = value.as_ref();
            if seen.contains(&parameter) {
                faults.push(QueryFault { parameter, msg: "it stands more than once" });
                continue;
            }
            seen.push(parameter);
            let taken = match parameter {
                "max_results" => number(value)
                    .filter(|number| RESULTS.contains(number))
                    .map(|number| query.max_results = number)
                    .ok_or("it must be a number from 10 to 5000"),
                "continue_from" => Some(value)
                    .filter(|place| is_place(place))
                    .map(|place| query.continue_from = Some(place.to_owned()))
                    .ok_or("it must be 24 to 1000 visible characters, as an earlier answer gave them"),
                _ => value
                    .parse::<WorkflowFilter>()
                    .map(|filter| query.filter = Some(filter))
                    .map_err(|BadFilter| "it must be 2 to 255 characters: W, W* or *W*, each also with ! before it"),
            };
            faults.extend(taken.err().map(|msg| QueryFault { parameter, msg }));
        }
        if faults.is_empty() { Ok(query) } else { Err(faults) }
    }

    /// Path and query that ask this, relative to the host.
    pub fn link(&self, mailbox: &MailboxId) -> String {
        self.link_from(mailbox, self.continue_from.as_deref())
    }

    fn link_from(&self, mailbox: &MailboxId, continue_from: Option<&str>) -> String {
        let mut link = format!("{}?max_results={}", path::inbox(mailbox), self.max_results);
        let filter = self.filter.as_ref().map(ToString::to_string);
        for (name, value) in [("workflow_filter", filter.as_deref()), ("continue_from", continue_from)] {
            if let Some(value) = value {
                link.extend(["&", name, "="]);
                link.extend(part(value));
            }
        }
        link
    }
}

pub(crate) fn is_place(value: &str) -> bool {
    CONTINUE_CHARS.contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_graphic())
}

pub(crate) fn number(value: &str) -> Option<u32> {
    value.parse().ok().filter(|_| value.bytes().all(|digit| digit.is_ascii_digit()))
}

/// One page of an inbox.
#[derive(Clone, Copy, Debug)]
pub struct InboxPage<'p> {
    /// Whose inbox.
    pub mailbox: &'p MailboxId,
    /// What was asked.
    pub query: &'p InboxQuery,
    /// What is listed, oldest first.
    pub messages: &'p [MessageId],
    /// Where the next page begins; none on the last.
    pub next: Option<&'p str>,
    /// How many are waiting in all, about.
    pub approx_count: u64,
}

impl InboxPage<'_> {
    /// Body of the answer.
    pub fn body(&self, version: Version) -> Vec<u8> {
        let Self { mailbox, query, messages, next, approx_count } = *self;
        match version {
            Version::V1 => json(&Page1 { messages }),
            Version::V2 => {
                let own = query.link(mailbox);
                let next = next.map(|next| query.link_from(mailbox, Some(next)));
                json(&Page2 { messages, links: Links { own, next }, approx_inbox_count: approx_count })
            }
        }
    }
}

#[derive(Serialize)]
struct Page1<'p> {
    messages: &'p [MessageId],
}

#[derive(Serialize)]
struct Page2<'p> {
    messages: &'p [MessageId],
    links: Links,
    approx_inbox_count: u64,
}

#[derive(Serialize)]
pub(crate) struct Links {
    #[serde(rename = "self")]
    pub(crate) own: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}
