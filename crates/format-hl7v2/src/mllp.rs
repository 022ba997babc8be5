//! The minimal lower layer protocol: where a message begins and ends in a stream of bytes (HL7 UK A.3, 2.4.1).
//!
//! A frame is `VT`, the message, `FS`, `CR`. The decoder is pure: it is given bytes as they come and tells what they were, the
//! same for every way in which a network may split them.

/// Begins a frame.
pub const VT: u8 = 0x0B;
/// Ends a frame, followed by [`CR`].
pub const FS: u8 = 0x1C;
/// The last byte of a frame; some senders leave it out.
pub const CR: u8 = 0x0D;
/// Largest message in bytes.
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// Bytes outside frames in one go, after which a stream is taken for another protocol.
pub const JUNK_BYTES_MAX: u64 = 64 * 1024;
/// Bytes of a message that is too long which are kept, so that its sender can be answered.
pub const HEAD_BYTES: usize = 4 * 1024;
/// The commit block of release 2 that says "received".
pub const COMMIT_ACK: [u8; 4] = [VT, 0x06, FS, CR];
/// The commit block of release 2 that says "not received".
pub const COMMIT_NAK: [u8; 4] = [VT, 0x15, FS, CR];

/// Puts a message into a frame.
///
/// ```
/// assert_eq!(cpis_format_hl7v2::mllp::frame(b"MSH|"), b"\x0BMSH|\x1C\x0D");
/// ```
pub fn frame(message: &[u8]) -> Vec<u8> {
    let mut framed = Vec::with_capacity(message.len() + 3);
    framed.push(VT);
    framed.extend_from_slice(message);
    framed.extend([FS, CR]);
    framed
}

/// What came.
#[derive(Clone, PartialEq, Eq)]
pub enum Event {
    /// A whole message, without its frame.
    Message(Vec<u8>),
    /// Bytes between frames that were passed over: blank lines, remains of another message.
    Junk {
        /// How many.
        bytes: u64,
    },
    /// A frame began within a frame: what had come of the first one is gone. The second one follows as usual.
    Restarted {
        /// Bytes of the first one.
        bytes: u64,
    },
    /// A message over the limit. The rest of it is passed over; the connection should be closed after an answer.
    TooLong {
        /// How it begins.
        head: Vec<u8>,
    },
    /// The stream is no MLLP: the connection should be closed. Told once.
    Foreign(Foreign),
    /// A commit block of release 2, where it is switched on: true for "received".
    Commit(bool),
}

/// Never shows what a message says.
impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Message(message) => write!(f, "Message({} bytes)", message.len()),
            Self::Junk { bytes } => write!(f, "Junk({bytes} bytes)"),
            Self::Restarted { bytes } => write!(f, "Restarted({bytes} bytes)"),
            Self::TooLong { .. } => f.write_str("TooLong"),
            Self::Foreign(foreign) => write!(f, "Foreign({foreign:?})"),
            Self::Commit(received) => write!(f, "Commit({received})"),
        }
    }
}

/// What a stream is that is no MLLP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// A request of HTTP.
    Http,
    /// The hello of a TLS client: this door is a plain one.
    Tls,
    /// A message that begins without `VT`: the sender uses no framing.
    Unframed,
    /// Anything else, for longer than [`JUNK_BYTES_MAX`].
    Unknown,
}

impl Foreign {
    /// What the stream is, in words.
    pub fn text(self) -> &'static str {
        match self {
            Self::Http => "an HTTP request on a port for MLLP",
            Self::Tls => "a TLS hello on a plain port",
            Self::Unframed => "HL7 without MLLP framing",
            Self::Unknown => "no MLLP",
        }
    }
}

/// Beginnings by which other protocols are known.
const OTHERS: &[(&[u8], Foreign)] = &[
    (b"GET ", Foreign::Http),
    (b"POST ", Foreign::Http),
    (b"PUT ", Foreign::Http),
    (b"HEAD ", Foreign::Http),
    (b"OPTIONS ", Foreign::Http),
    (b"DELETE ", Foreign::Http),
    (b"CONNECT ", Foreign::Http),
    (b"PRI * HTTP", Foreign::Http),
    (b"\x16\x03", Foreign::Tls),
    (b"MSH|", Foreign::Unframed),
];
/// Longest of those beginnings.
const BEGINNING_BYTES: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Between frames.
    Outside,
    /// Just after `FS`, where a `CR` belongs.
    Ended,
    /// Within a frame.
    Inside,
    /// Within a frame that is too long.
    Skipping,
}

/// Finds the messages in a stream of bytes.
///
/// ```
/// use cpis_format_hl7v2::mllp::{Decoder, Event, frame};
/// let mut decoder = Decoder::new();
/// decoder.push(&frame(b"MSH|^~\\&|"));
/// assert_eq!(decoder.next(), Some(Event::Message(b"MSH|^~\\&|".to_vec())));
/// assert_eq!(decoder.next(), None);
/// ```
pub struct Decoder {
    limit: usize,
    release_2: bool,
    state: State,
    open: Vec<u8>,
    junk: u64,
    /// The first bytes outside of a frame, by which another protocol is known; `None` once it is no longer looked for.
    beginning: Option<Vec<u8>>,
    events: std::collections::VecDeque<Event>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A decoder for a new connection, with the usual limit and without commit blocks.
    pub fn new() -> Self {
        Self {
            limit: MESSAGE_BYTES_MAX,
            release_2: false,
            state: State::Outside,
            open: Vec::new(),
            junk: 0,
            beginning: Some(Vec::new()),
            events: std::collections::VecDeque::new(),
        }
    }

    /// With another limit of a message's bytes.
    #[must_use]
    pub fn with_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes.max(HEAD_BYTES);
        self
    }

    /// With commit blocks of release 2 told apart from messages.
    #[must_use]
    pub fn with_release_2(mut self, on: bool) -> Self {
        self.release_2 = on;
        self
    }

    /// Whether a frame has begun and not ended: the idle limit runs.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Inside | State::Skipping)
    }

    /// Takes bytes as they came.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while let Some((first, rest)) = bytes.split_first() {
            match self.state {
                State::Inside | State::Skipping => {
                    let end = bytes.iter().position(|byte| matches!(*byte, VT | FS)).unwrap_or(bytes.len());
                    let (text, after) = bytes.split_at(end);
                    self.take(text);
                    bytes = match after.split_first() {
                        Some((&FS, rest)) => {
                            self.end();
                            rest
                        }
                        Some((_, rest)) => {
                            self.restart();
                            rest
                        }
                        None => after,
                    };
                }
                State::Ended if *first == CR => {
                    self.state = State::Outside;
                    bytes = rest;
                }
                State::Outside | State::Ended => {
                    self.between(*first);
                    bytes = rest;
                }
            }
        }
    }

    fn take(&mut self, text: &[u8]) {
        if self.state == State::Skipping {
            return;
        }
        if self.open.len() + text.len() <= self.limit {
            self.open.extend_from_slice(text);
            return;
        }
        let mut head = std::mem::take(&mut self.open);
        head.extend(text.iter().take(HEAD_BYTES.saturating_sub(head.len())));
        head.truncate(HEAD_BYTES);
        self.events.push_back(Event::TooLong { head });
        self.state = State::Skipping;
    }

    fn end(&mut self) {
        if self.state == State::Inside {
            let message = std::mem::take(&mut self.open);
            self.events.push_back(match message.as_slice() {
                [0x06] if self.release_2 => Event::Commit(true),
                [0x15] if self.release_2 => Event::Commit(false),
                _ => Event::Message(message),
            });
        }
        self.state = State::Ended;
    }

    fn restart(&mut self) {
        if self.state == State::Inside {
            self.events.push_back(Event::Restarted { bytes: self.open.len() as u64 });
            self.open.clear();
        }
        self.state = State::Inside;
    }

    fn between(&mut self, byte: u8) {
        if byte == VT {
            if self.junk > 0 {
                self.events.push_back(Event::Junk { bytes: std::mem::take(&mut self.junk) });
            }
            self.beginning = None;
            self.state = State::Inside;
            return;
        }
        self.state = State::Outside;
        self.junk += 1;
        if self.junk == JUNK_BYTES_MAX {
            self.events.push_back(Event::Foreign(Foreign::Unknown));
        }
        if let Some(beginning) = &mut self.beginning {
            beginning.push(byte);
            if let Some((_, foreign)) = OTHERS.iter().find(|(start, _)| beginning.starts_with(start)) {
                self.events.push_back(Event::Foreign(*foreign));
                self.beginning = None;
            } else if beginning.len() >= BEGINNING_BYTES {
                self.beginning = None;
            }
        }
    }
}

/// What the bytes so far were, in their order.
impl Iterator for Decoder {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
}

#[cfg(test)]
mod tests;
