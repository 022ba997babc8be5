//! Acknowledgements: what is answered to a message, in the mode that it asks for, and what others answer to ours.
//!
//! No text of an answer holds anything of the patient. MSA-2 is the sender's control id byte for byte, in the set in which the
//! message came and between its own delimiters.

use crate::er7::Message;
use crate::header::{Condition, Header};
use crate::oddity::Place;
use crate::profile::{Acknowledge, Profile};
use crate::refusal::{Refusal, code_text};
use crate::write::{Writer, stamp};
use cpis_model::Timestamp;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is on disk, or needs not be.
    Accepted,
    /// Not stored now; it may work later, and the sender sends again.
    Failed(Problem),
    /// It will never be taken.
    Rejected(Problem),
}

/// What is said of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The code of HL7 table 0357.
    pub code: u16,
    /// Where, if it is one field.
    pub place: Option<Place>,
    /// What, in words. Nothing of the patient.
    pub text: &'static str,
}

impl Problem {
    /// The message could not be stored.
    pub const NOT_STORED: Self = Self { code: 207, place: None, text: "Not stored, send again" };
    /// More is waiting than is taken.
    pub const BUSY: Self = Self { code: 207, place: None, text: "Busy, send again" };
}

impl Outcome {
    /// The outcome of a message that is refused.
    pub fn refused(why: Refusal) -> Self {
        let place = why.field().map(|field| Place::new("MSH", field));
        Self::Rejected(Problem { code: why.code(), place, text: text_of(why) })
    }

    fn problem(self) -> Option<Problem> {
        match self {
            Self::Accepted => None,
            Self::Failed(problem) | Self::Rejected(problem) => Some(problem),
        }
    }
}

/// The text of a refusal as the answer has it: a sentence.
fn text_of(why: Refusal) -> &'static str {
    match why {
        Refusal::Empty => "The message is empty",
        Refusal::NoHeader => "The message does not begin with MSH",
        Refusal::Xml => "XML is not taken, only ER7",
        Refusal::Batch => "Batches are not taken",
        Refusal::Delimiters => "The delimiters cannot be used",
        Refusal::TooLong => "The message is too long",
        Refusal::TooManySegments => "Too many segments",
        Refusal::TooManyFields => "Too many fields in a segment",
        Refusal::TooManyRepetitions => "Too many repetitions of a field",
        Refusal::SeveralMessages => "More than one message in a frame",
        Refusal::NoMessageType => "The message type is missing",
        Refusal::NoControlId => "The control id is missing",
        Refusal::ControlIdTooLong => "The control id is too long",
        Refusal::Version => "The version is not 2.x",
        Refusal::ProcessingId => "Unsupported processing id",
        Refusal::Continuation => "Continuation is not supported",
        Refusal::Sender => "The sender is not known here",
    }
}

/// Codes of MSA-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// Accepted.
    Aa,
    /// Error: send again.
    Ae,
    /// Rejected.
    Ar,
    /// Commit: accepted.
    Ca,
    /// Commit: error.
    Ce,
    /// Commit: rejected.
    Cr,
}

impl Code {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Aa, Self::Ae, Self::Ar, Self::Ca, Self::Ce, Self::Cr];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aa => "AA",
            Self::Ae => "AE",
            Self::Ar => "AR",
            Self::Ca => "CA",
            Self::Ce => "CE",
            Self::Cr => "CR",
        }
    }

    /// The code as it is read.
    pub fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str().eq_ignore_ascii_case(text.trim()))
    }

    /// Accepted.
    pub fn is_accepted(self) -> bool {
        matches!(self, Self::Aa | Self::Ca)
    }

    /// An error, after which the message is sent again.
    pub fn is_retried(self) -> bool {
        matches!(self, Self::Ae | Self::Ce)
    }

    /// A commit answer, after which an application answer may come as a message of its own.
    pub fn is_commit(self) -> bool {
        matches!(self, Self::Ca | Self::Ce | Self::Cr)
    }
}

/// The codes that are answered to a message: none, one, or a commit answer and an application answer.
pub fn codes(header: Option<&Header>, outcome: Outcome, acknowledge: Acknowledge) -> Vec<Code> {
    let (application, commit) = match outcome {
        Outcome::Accepted => (Code::Aa, Code::Ca),
        Outcome::Failed(_) => (Code::Ae, Code::Ce),
        Outcome::Rejected(_) => (Code::Ar, Code::Cr),
    };
    match (acknowledge, header) {
        (Acknowledge::None, _) => Vec::new(),
        (Acknowledge::AsAsked, Some(header)) if header.is_enhanced() => {
            let success = outcome == Outcome::Accepted;
            let wants = |condition: Option<Condition>| condition.is_some_and(|condition| condition.wants(success));
            let answers = [(wants(header.accept), commit), (wants(header.application), application)];
            answers.into_iter().filter_map(|(wanted, code)| wanted.then_some(code)).collect()
        }
        _ => vec![application],
    }
}

/// All answers to a message, in order, without frames. `next_id` gives each its own control id.
pub fn answers(
    header: Option<&Header>,
    outcome: Outcome,
    profile: &Profile,
    now: Timestamp,
    mut next_id: impl FnMut() -> String,
) -> Vec<Vec<u8>> {
    let codes = codes(header, outcome, profile.acknowledge);
    codes.into_iter().map(|code| answer(header, code, outcome.problem(), profile, (now, &next_id()))).collect()
}

/// One answer.
fn answer(
    header: Option<&Header>,
    code: Code,
    problem: Option<Problem>,
    profile: &Profile,
    (now, id): (Timestamp, &str),
) -> Vec<u8> {
    let delimiters = header.map(|header| header.delimiters).unwrap_or_default();
    let charset = header.map(|header| header.charset).unwrap_or_default();
    let mut writer = Writer::new(delimiters);
    let known = |text: fn(&Header) -> &String, own: &str| {
        let text = header.map(text).filter(|text| !text.is_empty()).cloned();
        text.unwrap_or_else(|| crate::escape::escape(own, &delimiters))
    };
    writer.segment("MSH");
    writer.raw(2, &delimiters.encoding_characters());
    writer.raw(3, &known(|header| &header.receiving_application, &profile.own_application));
    writer.raw(4, &known(|header| &header.receiving_facility, &profile.own_facility));
    writer.raw(5, &known(|header| &header.sending_application, ""));
    writer.raw(6, &known(|header| &header.sending_facility, ""));
    writer.text(7, &stamp(now));
    let old = header.is_some_and(|header| header.version.is_before(4));
    let trigger = header.map(|header| header.trigger.as_str()).unwrap_or_default();
    if old || trigger.is_empty() {
        writer.text(9, "ACK");
    } else {
        writer.components(9, &["ACK", trigger, "ACK"]);
    }
    writer.text(10, id);
    writer.raw(11, &known(|header| &header.processing_id, "P"));
    let version = header.map(|header| header.version.0.as_str()).filter(|version| !version.is_empty());
    writer.text(12, version.unwrap_or("2.4"));
    writer.raw(18, header.map(|header| header.charset_name.as_str()).unwrap_or_default());
    writer.segment("MSA");
    writer.text(1, code.as_str());
    writer.raw(2, header.map(|header| header.control_id.as_str()).unwrap_or_default());
    if let Some(problem) = problem {
        writer.text(3, problem.text);
        error(&mut writer, problem, header.is_none_or(|header| header.version.is_before(5)));
    }
    charset.encode(&writer.finish())
}

/// ERR: one field with everything up to 2.4, a field each from 2.5 on.
fn error(writer: &mut Writer, problem: Problem, old: bool) {
    let (code, text) = (problem.code.to_string(), code_text(problem.code));
    let segment = problem.place.map(|place| place.segment().to_owned()).unwrap_or_default();
    let field = problem.place.map(|place| place.field().to_string()).unwrap_or_default();
    writer.segment("ERR");
    if old {
        writer.parts(
            1,
            &[
                &[&segment],
                &["1"].map(|n| if segment.is_empty() { "" } else { n }),
                &[&field],
                &[&code, text, "HL70357"],
            ],
        );
        return;
    }
    if !segment.is_empty() {
        writer.components(2, &[&segment, "1", &field]);
    }
    writer.components(3, &[&code, text, "HL70357"]);
    writer.text(4, "E");
}

/// An acknowledgement that somebody sent. Its texts are not kept: they may hold what they should not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// MSA-1; `None` where it is none of the codes.
    pub code: Option<Code>,
    /// MSA-2, as it is written: which message it answers.
    pub control_id: String,
    /// The code of the error, where there is one that is a number.
    pub error: Option<u16>,
}

/// No acknowledgement could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what was answered is no acknowledgement")]
pub struct NoAcknowledgement;

/// Reads what was answered to a message, without its frame.
pub fn read(bytes: &[u8]) -> Result<Acknowledgement, NoAcknowledgement> {
    let message = Message::parse(bytes).map_err(|_| NoAcknowledgement)?;
    message.first("MSA").ok_or(NoAcknowledgement)?;
    Ok(from_message(&message))
}

pub(crate) fn from_message(message: &Message) -> Acknowledgement {
    let msa = message.first("MSA");
    let part = |field: usize| msa.map(|msa| msa.field(field).raw().to_owned()).unwrap_or_default();
    let err = message.first("ERR");
    let number = |text: Option<String>| text.and_then(|text| text.parse::<u16>().ok());
    let error = err.and_then(|err| {
        number(err.field(1).component(4).first()).or_else(|| number(err.field(3).component(1).value()))
    });
    Acknowledgement { code: Code::read(&part(1)), control_id: part(2), error }
}

#[cfg(test)]
mod tests;
