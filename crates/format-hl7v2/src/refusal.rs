//! Why a message will never be taken: each has its code of table 0357 for the answer.

use thiserror::Error;

/// Why a message is rejected. None of them repeats anything of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum Refusal {
    /// There is nothing in the frame.
    #[error("the message is empty")]
    Empty,
    /// It does not begin with `MSH`.
    #[error("the message does not begin with MSH")]
    NoHeader,
    /// HL7 in XML, or any other XML.
    #[error("XML is not taken, only ER7")]
    Xml,
    /// A batch or a file of messages.
    #[error("batches are not taken")]
    Batch,
    /// MSH-1 or MSH-2.
    #[error("the delimiters of MSH-1 and MSH-2 cannot be used")]
    Delimiters,
    /// Over the size limit.
    #[error("the message is too long")]
    TooLong,
    /// Over the limit of segments.
    #[error("the message has too many segments")]
    TooManySegments,
    /// Over the limit of fields in a segment.
    #[error("a segment has too many fields")]
    TooManyFields,
    /// Over the limit of repetitions of a field.
    #[error("a field has too many repetitions")]
    TooManyRepetitions,
    /// Two messages in one frame.
    #[error("the frame holds more than one message")]
    SeveralMessages,
    /// No MSH-9, and no EVN-1 in its place.
    #[error("the message type is missing")]
    NoMessageType,
    /// No MSH-10.
    #[error("the control id is missing")]
    NoControlId,
    /// MSH-10 is longer than is kept.
    #[error("the control id is too long")]
    ControlIdTooLong,
    /// Not version 2.
    #[error("the version is not 2.x")]
    Version,
    /// Test or debug on a live feed.
    #[error("unsupported processing id")]
    ProcessingId,
    /// A message in pieces.
    #[error("continuation is not supported")]
    Continuation,
    /// Not one of the senders of this feed.
    #[error("the sender is not known here")]
    Sender,
}

impl Refusal {
    /// The code of HL7 table 0357 (HL7 v2.4, chapter 2).
    pub fn code(self) -> u16 {
        match self {
            Self::Empty | Self::NoHeader | Self::Xml | Self::Batch | Self::SeveralMessages => 100,
            Self::NoMessageType | Self::NoControlId => 101,
            Self::Delimiters
            | Self::TooLong
            | Self::TooManySegments
            | Self::TooManyFields
            | Self::TooManyRepetitions
            | Self::ControlIdTooLong => 102,
            Self::Continuation => 200,
            Self::ProcessingId => 202,
            Self::Version => 203,
            Self::Sender => 204,
        }
    }

    /// The text of that code.
    pub fn code_text(self) -> &'static str {
        code_text(self.code())
    }

    /// A short word for counters.
    pub fn word(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NoHeader => "no-header",
            Self::Xml => "xml",
            Self::Batch => "batch",
            Self::Delimiters => "delimiters",
            Self::TooLong => "too-long",
            Self::TooManySegments => "too-many-segments",
            Self::TooManyFields => "too-many-fields",
            Self::TooManyRepetitions => "too-many-repetitions",
            Self::SeveralMessages => "several-messages",
            Self::NoMessageType => "no-message-type",
            Self::NoControlId => "no-control-id",
            Self::ControlIdTooLong => "control-id-too-long",
            Self::Version => "version",
            Self::ProcessingId => "processing-id",
            Self::Continuation => "continuation",
            Self::Sender => "sender",
        }
    }

    /// Where it is wrong: the field of MSH, where it is one.
    pub fn field(self) -> Option<u16> {
        match self {
            Self::Delimiters => Some(2),
            Self::Sender => Some(3),
            Self::NoMessageType => Some(9),
            Self::NoControlId | Self::ControlIdTooLong => Some(10),
            Self::ProcessingId => Some(11),
            Self::Version => Some(12),
            Self::Continuation => Some(14),
            _ => None,
        }
    }
}

/// The text of a code of HL7 table 0357.
pub(crate) fn code_text(code: u16) -> &'static str {
    match code {
        100 => "Segment sequence error",
        101 => "Required field missing",
        102 => "Data type error",
        103 => "Table value not found",
        200 => "Unsupported message type",
        201 => "Unsupported event code",
        202 => "Unsupported processing id",
        203 => "Unsupported version id",
        204 => "Unknown key identifier",
        206 => "Application record locked",
        _ => "Application internal error",
    }
}
