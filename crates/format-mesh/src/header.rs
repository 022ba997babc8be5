//! The headers of a request or an answer, and what can be wrong with them.

use crate::id::MailboxId;
use std::fmt;

/// One header to be written: its name in lower case, and its value. A value that is not ASCII goes out as UTF-8.
pub type Pair = (&'static str, String);

/// Names, in lower case.
pub mod names {
    /// Sender.
    pub const FROM: &str = "mex-from";
    /// Recipient.
    pub const TO: &str = "mex-to";
    /// Type of content.
    pub const WORKFLOW: &str = "mex-workflowid";
    /// Which chunk of how many.
    pub const CHUNK_RANGE: &str = "mex-chunk-range";
    /// How many chunks.
    pub const TOTAL_CHUNKS: &str = "mex-total-chunks";
    /// Free text.
    pub const SUBJECT: &str = "mex-subject";
    /// The sender's own reference.
    pub const LOCAL_ID: &str = "mex-localid";
    /// Obsolete.
    pub const PARTNER_ID: &str = "mex-partnerid";
    /// Name of the file.
    pub const FILE_NAME: &str = "mex-filename";
    /// Whether the application encrypted the content.
    pub const ENCRYPTED: &str = "mex-content-encrypted";
    /// Whether the content itself is compressed.
    pub const COMPRESSED: &str = "mex-content-compressed";
    /// Checksum, as the sender reckons it.
    pub const CHECKSUM: &str = "mex-content-checksum";
    /// Content type of the whole message.
    pub const CONTENT_TYPE: &str = "mex-content-type";
    /// `DATA` or `REPORT`.
    pub const MESSAGE_TYPE: &str = "mex-messagetype";
    /// Id of the message.
    pub const MESSAGE_ID: &str = "mex-messageid";
    /// Id of the message that a report is about.
    pub const LINKED: &str = "mex-linkedmsgid";
    /// Always `ALL`.
    pub const ADDRESS_TYPE: &str = "mex-addresstype";
    /// Always `1.0`.
    pub const VERSION: &str = "mex-version";
    /// Code of the outcome.
    pub const STATUS_CODE: &str = "mex-statuscode";
    /// Event of the outcome.
    pub const STATUS_EVENT: &str = "mex-statusevent";
    /// Text of the outcome.
    pub const STATUS_DESCRIPTION: &str = "mex-statusdescription";
    /// `SUCCESS` or `ERROR`.
    pub const STATUS_SUCCESS: &str = "mex-statussuccess";
    /// When.
    pub const STATUS_TIMESTAMP: &str = "mex-statustimestamp";
    /// Version of a client, in a handshake.
    pub const CLIENT_VERSION: &str = "mex-clientversion";
    /// Operating system of a client.
    pub const OS_NAME: &str = "mex-osname";
    /// Its version.
    pub const OS_VERSION: &str = "mex-osversion";
    /// The content type of a body as it travels.
    pub const BODY_TYPE: &str = "content-type";
}

/// What kind of fault a header has; it decides the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderFaultKind {
    /// A header that must be there is not.
    Missing,
    /// Too long.
    TooLong,
    /// It stands more than once, with different values.
    Repeated,
    /// Not one of the values that are allowed.
    Value,
    /// A control character, or an address of the web where none belongs: code 06.
    Malformed,
    /// A checksum with other characters than it may have.
    Checksum,
    /// `Mex-To` stands there and is empty: code 08.
    NoRecipient,
    /// `Mex-To` is no mailbox id: code 12.
    UnknownRecipient,
}

impl HeaderFaultKind {
    /// The kind as validation answers name it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::TooLong => "string_too_long",
            Self::Repeated | Self::Value | Self::Malformed | Self::NoRecipient | Self::UnknownRecipient => {
                "value_error"
            }
            Self::Checksum => "string_pattern_mismatch",
        }
    }
}

/// A fault of one header. It never repeats the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderFault {
    /// Name of the header, in lower case.
    pub header: String,
    /// What is wrong.
    pub msg: String,
    /// Its kind.
    pub kind: HeaderFaultKind,
}

impl HeaderFault {
    /// A fault.
    pub fn new(header: &str, kind: HeaderFaultKind, msg: impl Into<String>) -> Self {
        Self { header: header.to_owned(), msg: msg.into(), kind }
    }
}

impl fmt::Display for HeaderFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.header, self.msg)
    }
}

/// The headers of one request or answer, to be asked by name in any case. Values are UTF-8, or else Latin-1, without the
/// space around them. `Debug` shows no value.
#[derive(Clone, Default)]
pub struct Headers {
    list: Vec<(String, String)>,
}

impl Headers {
    /// Collects them.
    ///
    /// ```
    /// use cpis_format_mesh::Headers;
    /// let headers = Headers::new([("Mex-Subject", b" Caf\xe9 ".as_slice()), ("Mex-LocalID", b"")]);
    /// assert_eq!(headers.get("mex-subject"), Some("Café"));
    /// assert_eq!(headers.get("mex-localid"), None);
    /// ```
    pub fn new<'h>(headers: impl IntoIterator<Item = (&'h str, &'h [u8])>) -> Self {
        let list = headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), text(value)));
        Self { list: list.collect() }
    }

    /// The first value under this name that is not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values(name).find(|value| !value.is_empty())
    }

    /// Whether the header stands there, be it empty.
    pub fn has(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    /// `Mex-From` may be absent; where it stands it must be the mailbox that calls.
    pub fn are_from(&self, mailbox: &MailboxId) -> bool {
        self.get(names::FROM).is_none_or(|from| from.parse::<MailboxId>().is_ok_and(|from| from == *mailbox))
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.list.iter().filter(move |(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.list.iter().map(|(name, _)| name)).finish()
    }
}

fn text(value: &[u8]) -> String {
    let is_space = |c: char| matches!(c, ' ' | '\t');
    match std::str::from_utf8(value) {
        Ok(text) => text.trim_matches(is_space).to_owned(),
        Err(_) => value.iter().map(|byte| char::from(*byte)).collect::<String>().trim_matches(is_space).to_owned(),
    }
}

/// Reads headers strictly, and gathers all faults.
pub(crate) struct Reader<'h> {
    headers: &'h Headers,
    pub faults: Vec<HeaderFault>,
}

impl<'h> Reader<'h> {
    /// Begins with what is asked of every header of MESH: no control characters.
    pub fn new(headers: &'h Headers) -> Self {
        let odd = headers.list.iter().filter(|(name, value)| name.starts_with("mex-") && value.contains(is_control));
        let fault = |name: &str| HeaderFault::new(name, HeaderFaultKind::Malformed, "it holds a control character");
        Self { headers, faults: odd.map(|(name, _)| fault(name)).collect() }
    }

    /// A text of at most so many characters; an empty one is none.
    pub fn text(&mut self, name: &'static str, chars_max: usize) -> Option<String> {
        let headers = self.headers;
        let value = headers.get(name)?;
        if headers.values(name).any(|other| other != value && !other.is_empty()) {
            self.refuse(name, HeaderFaultKind::Repeated, "it stands more than once, with different values");
        }
        if value.chars().count() > chars_max {
            self.refuse(name, HeaderFaultKind::TooLong, format!("it has more than {chars_max} characters"));
        }
        Some(value.to_owned())
    }

    /// The same, of a header that must be there.
    pub fn required(&mut self, name: &'static str, chars_max: usize) -> Option<String> {
        let text = self.text(name, chars_max);
        if text.is_none() {
            let is_empty_recipient = name == names::TO && self.headers.has(name);
            let kind = if is_empty_recipient { HeaderFaultKind::NoRecipient } else { HeaderFaultKind::Missing };
            self.refuse(name, kind, "it is missing or empty");
        }
        text
    }

    /// Yes or no, in all words in which it is said; absent it is no.
    pub fn flag(&mut self, name: &'static str) -> bool {
        let Some(value) = self.text(name, FLAG_CHARS_MAX) else { return false };
        flag(&value).unwrap_or_else(|| {
            self.refuse(name, HeaderFaultKind::Value, "it is neither Y nor N");
            false
        })
    }

    /// Adds a fault.
    pub fn refuse(&mut self, name: &str, kind: HeaderFaultKind, msg: impl Into<String>) {
        self.faults.push(HeaderFault::new(name, kind, msg));
    }
}

const FLAG_CHARS_MAX: usize = 20;

/// What a flag says, in any of the words in which it is said.
pub(crate) fn flag(value: &str) -> Option<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" | "true" | "t" | "on" | "1" => Some(true),
        "n" | "no" | "false" | "f" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// A character that no header may hold.
pub(crate) fn is_control(c: char) -> bool {
    c < ' ' || c == '\u{7f}'
}

/// A value to be written: control characters become spaces.
pub(crate) fn clean(value: &str) -> String {
    value.replace(is_control, " ")
}

/// Adds headers that have a value.
pub(crate) fn push(pairs: &mut Vec<Pair>, name: &'static str, value: Option<&str>) {
    pairs.extend(value.map(clean).filter(|value| !value.trim_matches(' ').is_empty()).map(|value| (name, value)));
}
