//! The addresses of MESH, read once.

use percent_encoding::percent_decode_str;

/// What an address stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Path {
    /// `_ping`
    Ping,
    /// `{mailbox}`: the handshake.
    Mailbox(String),
    /// `{mailbox}/update`
    Update(String),
    /// `{mailbox}/inbox`
    Inbox(String),
    /// `{mailbox}/inbox/rich`
    Rich(String),
    /// `{mailbox}/inbox/{id}` and `{mailbox}/inbox/{id}/{n}`
    Message(String, String, Option<String>),
    /// `{mailbox}/inbox/{id}/status/acknowledged`
    Acknowledged(String, String),
    /// `{mailbox}/count`
    Count(String),
    /// `{mailbox}/outbox`
    Outbox(String),
    /// `{mailbox}/outbox/{id}/{n}`
    Chunk(String, String, String),
    /// `{mailbox}/outbox/tracking`
    Tracking(String),
    /// `{mailbox}/outbox/tracking/{local id}`
    TrackingLocal(String, String),
    /// `endpointlookup/{code}/{workflow}`
    Lookup(String, String),
    /// `workflowsearch/{workflow}`
    Search(String),
}

impl Path {
    /// Reads a path. Mailboxes and ids are compared in upper case.
    pub fn parse(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("/messageexchange/")?;
        let mut parts = Vec::new();
        for part in rest.trim_end_matches('/').split('/') {
            let part = percent_decode_str(part).decode_utf8().ok()?;
            if part.is_empty() || part.chars().any(char::is_control) {
                return None;
            }
            parts.push(part.into_owned());
        }
        let upper = |text: &str| text.to_uppercase();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        Some(match parts.as_slice() {
            ["_ping"] => Self::Ping,
            ["endpointlookup", code, workflow] => Self::Lookup(upper(code), (*workflow).to_owned()),
            ["workflowsearch", workflow] => Self::Search((*workflow).to_owned()),
            [mailbox] => Self::Mailbox(upper(mailbox)),
            [mailbox, "update"] => Self::Update(upper(mailbox)),
            [mailbox, "inbox"] => Self::Inbox(upper(mailbox)),
            [mailbox, "inbox", "rich"] => Self::Rich(upper(mailbox)),
            [mailbox, "inbox", id] => Self::Message(upper(mailbox), upper(id), None),
            [mailbox, "inbox", id, "status", "acknowledged"] => Self::Acknowledged(upper(mailbox), upper(id)),
            [mailbox, "inbox", id, chunk] => Self::Message(upper(mailbox), upper(id), Some((*chunk).to_owned())),
            [mailbox, "count"] => Self::Count(upper(mailbox)),
            [mailbox, "outbox"] => Self::Outbox(upper(mailbox)),
            [mailbox, "outbox", "tracking"] => Self::Tracking(upper(mailbox)),
            [mailbox, "outbox", "tracking", local] => Self::TrackingLocal(upper(mailbox), (*local).to_owned()),
            [mailbox, "outbox", id, chunk] => Self::Chunk(upper(mailbox), upper(id), (*chunk).to_owned()),
            _ => return None,
        })
    }

    /// A word for metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Mailbox(_) => "handshake",
            Self::Update(_) => "update",
            Self::Inbox(_) | Self::Rich(_) => "inbox",
            Self::Message(..) => "message",
            Self::Acknowledged(..) => "acknowledge",
            Self::Count(_) => "count",
            Self::Outbox(_) | Self::Chunk(..) => "send",
            Self::Tracking(_) | Self::TrackingLocal(..) => "tracking",
            Self::Lookup(..) | Self::Search(_) => "lookup",
        }
    }

    /// The mailbox whose token is needed; none where nobody is asked.
    pub fn mailbox(&self) -> Option<&str> {
        match self {
            Self::Ping | Self::Lookup(..) | Self::Search(_) => None,
            Self::Mailbox(mailbox)
            | Self::Update(mailbox)
            | Self::Inbox(mailbox)
            | Self::Rich(mailbox)
            | Self::Message(mailbox, ..)
            | Self::Acknowledged(mailbox, _)
            | Self::Count(mailbox)
            | Self::Outbox(mailbox)
            | Self::Chunk(mailbox, ..)
            | Self::Tracking(mailbox)
            | Self::TrackingLocal(mailbox, _) => Some(mailbox),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_once() {
        let own = |text: &str| text.to_owned();
        for (path, expected) in [
            ("/messageexchange/_ping", Some(Path::Ping)),
            ("/messageexchange/x26abc1", Some(Path::Mailbox(own("X26ABC1")))),
            ("/messageexchange/X26ABC1/", Some(Path::Mailbox(own("X26ABC1")))),
            ("/messageexchange/X26ABC1/inbox/rich", Some(Path::Rich(own("X26ABC1")))),
            ("/messageexchange/X26ABC1/inbox/a_1", Some(Path::Message(own("X26ABC1"), own("A_1"), None))),
            ("/messageexchange/X26ABC1/inbox/A/2", Some(Path::Message(own("X26ABC1"), own("A"), Some(own("2"))))),
            (
                "/messageexchange/X26ABC1/inbox/A/status/acknowledged",
                Some(Path::Acknowledged(own("X26ABC1"), own("A"))),
            ),
            (
                "/messageexchange/X26ABC1/outbox/tracking/My%20file%2F1",
                Some(Path::TrackingLocal(own("X26ABC1"), own("My file/1"))),
            ),
            ("/messageexchange/X26ABC1/outbox/tracking", Some(Path::Tracking(own("X26ABC1")))),
            ("/messageexchange/X26ABC1/outbox/A/2", Some(Path::Chunk(own("X26ABC1"), own("A"), own("2")))),
            ("/messageexchange/endpointlookup/x26/CPIS_UPLOAD", Some(Path::Lookup(own("X26"), own("CPIS_UPLOAD")))),
            ("/messageexchange/", None),
            ("/messageexchange//inbox", None),
            ("/messageexchange/X26ABC1/%00", None),
            ("/messageexchange/X26ABC1/%FF", None),
            ("/messageexchange/X26ABC1/other/1", None),
            ("/other", None),
        ] {
            assert_eq!(Path::parse(path), expected, "{path}");
        }
    }
}
