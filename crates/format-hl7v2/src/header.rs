//! The header of a message: who sends what to whom, and how it wants to be answered.

use crate::charset::Charset;
use crate::delimiters::Delimiters;
use crate::er7::Message;
use crate::moment::Moment;
use crate::oddity::{Oddity, OddityKind, Place};
use crate::profile::Profile;
use crate::refusal::Refusal;
use std::fmt;

/// Longest control id in bytes that is kept. The standard has 20 characters.
pub const CONTROL_ID_BYTES_MAX: usize = 256;
/// What the standard has.
const CONTROL_ID_USUAL: usize = 20;

/// When an answer is wanted (HL7 table 0155).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `AL`.
    Always,
    /// `NE`.
    Never,
    /// `ER`: only of errors and rejections.
    Error,
    /// `SU`: only of success.
    Success,
}

impl Condition {
    fn read(code: &str) -> Option<Self> {
        match code.trim().to_ascii_uppercase().as_str() {
            "AL" => Some(Self::Always),
            "NE" => Some(Self::Never),
            "ER" => Some(Self::Error),
            "SU" => Some(Self::Success),
            _ => None,
        }
    }

    /// Whether an answer is wanted after this outcome.
    pub fn wants(self, success: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Error => !success,
            Self::Success => success,
        }
    }
}

/// A version of HL7.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Version(pub String);

impl Version {
    /// Whether it comes before 2.`minor`. One that is not said counts as 2.4, which is the UK's.
    pub fn is_before(&self, minor: u32) -> bool {
        let own = self.0.trim().strip_prefix("2.").and_then(|rest| rest.split('.').next()?.parse::<u32>().ok());
        let own = if self.0.trim() == "2" { Some(0) } else { own };
        own.unwrap_or(4) < minor
    }

    fn is_two(&self) -> bool {
        let text = self.0.trim();
        let digits = |rest: &str| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit() || c == '.');
        text == "2" || text.strip_prefix("2.").is_some_and(digits)
    }
}

/// The header of a message. Texts are as they are written, escapes included, so that an answer can give them back byte for byte.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    /// The message's delimiters.
    pub delimiters: Delimiters,
    /// The set in which it came.
    pub charset: Charset,
    /// MSH-18 as written.
    pub charset_name: String,
    /// MSH-3.
    pub sending_application: String,
    /// MSH-4.
    pub sending_facility: String,
    /// MSH-5.
    pub receiving_application: String,
    /// MSH-6.
    pub receiving_facility: String,
    /// MSH-7.
    pub sent: Option<Moment>,
    /// MSH-9.1, in upper case.
    pub message_type: String,
    /// MSH-9.2 as written, or EVN-1 where it is empty.
    pub trigger: String,
    /// MSH-9.3.
    pub structure: String,
    /// MSH-10.
    pub control_id: String,
    /// MSH-11.
    pub processing_id: String,
    /// MSH-12.
    pub version: Version,
    /// MSH-13.
    pub sequence: Option<u64>,
    /// MSH-15.
    pub accept: Option<Condition>,
    /// MSH-16.
    pub application: Option<Condition>,
}

/// Shows what a log may hold: the control id and the event.
impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Header({} {}^{})", self.shown_control_id(), self.message_type, self.trigger)
    }
}

impl Header {
    /// The control id for logs and pages: cut, and without control characters.
    pub fn shown_control_id(&self) -> String {
        self.control_id.chars().filter(|c| !c.is_control()).take(64).collect()
    }

    /// The processing id without its mode.
    pub fn processing(&self) -> String {
        let code = self.processing_id.split(self.delimiters.component).next().unwrap_or_default();
        code.trim().to_uppercase()
    }

    /// Whether this message asks for the enhanced mode: a commit answer, an application answer, or neither.
    pub fn is_enhanced(&self) -> bool {
        self.accept.is_some() || self.application.is_some()
    }

    /// What can be read of the header, however wrong it is.
    pub fn read(message: &Message, profile: &Profile, odd: &mut Vec<Oddity>) -> Self {
        let msh = message.msh();
        let raw = |field| msh.field(field).raw().trim().to_owned();
        let kind = msh.field(9);
        let trigger = kind.component(2).value();
        let from_evn = || message.first("EVN").and_then(|evn| evn.field(1).code());
        if trigger.is_none() && from_evn().is_some() {
            odd.push(Oddity { kind: OddityKind::EventFromEvn, place: Place::new("MSH", 9) });
        }
        let mut note = |kind| odd.push(Oddity { kind, place: Place::new("MSH", 7) });
        let sent = Moment::read(msh.field(7), profile.time_zone, profile.offsets, &mut note);
        Self {
            delimiters: *message.delimiters(),
            charset: message.charset(),
            charset_name: raw(18),
            sending_application: raw(3),
            sending_facility: raw(4),
            receiving_application: raw(5),
            receiving_facility: raw(6),
            sent,
            message_type: kind.component(1).value().unwrap_or_default().to_uppercase(),
            trigger: trigger.or_else(from_evn).unwrap_or_default().to_uppercase(),
            structure: kind.component(3).value().unwrap_or_default().to_uppercase(),
            control_id: msh.field(10).raw().to_owned(),
            processing_id: raw(11),
            version: Version(msh.field(12).component(1).value().unwrap_or_default()),
            sequence: msh.field(13).value().and_then(|text| text.parse().ok()),
            accept: Condition::read(msh.field(15).raw()),
            application: Condition::read(msh.field(16).raw()),
        }
    }

    /// Whether a message with this header will ever be taken on this feed.
    pub(crate) fn check(&self, message: &Message, profile: &Profile, odd: &mut Vec<Oddity>) -> Result<(), Refusal> {
        let mut note = |kind, field| odd.push(Oddity { kind, place: Place::new("MSH", field) });
        if self.message_type.is_empty() {
            return Err(Refusal::NoMessageType);
        }
        if self.control_id.trim().is_empty() {
            return Err(Refusal::NoControlId);
        }
        if self.control_id.len() > CONTROL_ID_BYTES_MAX {
            return Err(Refusal::ControlIdTooLong);
        }
        if self.control_id.chars().count() > CONTROL_ID_USUAL {
            note(OddityKind::ControlIdLong, 10);
        }
        if self.version.0.is_empty() {
            note(OddityKind::Version, 12);
        } else if !self.version.is_two() {
            return Err(Refusal::Version);
        }
        if self.processing_id.is_empty() {
            note(OddityKind::ProcessingId, 11);
        } else if !profile.processing_ids.contains(&self.processing()) {
            return Err(Refusal::ProcessingId);
        }
        if !profile.takes_sender(&self.sending_application, &self.sending_facility) {
            return Err(Refusal::Sender);
        }
        let continues = !message.msh().field(14).is_empty() || message.segments().any(|s| s.is("ADD") || s.is("DSC"));
        if continues {
            return Err(Refusal::Continuation);
        }
        let is_batch = |name: &str| ["FHS", "BHS", "BTS", "FTS"].iter().any(|batch| name.eq_ignore_ascii_case(batch));
        if message.segments().any(|segment| is_batch(segment.name())) {
            return Err(Refusal::Batch);
        }
        let first = message.msh();
        let mut others = message.all("MSH").skip(1).peekable();
        if others.peek().is_some() {
            let same =
                |second: &crate::er7::Segment<'_>| (2..20).all(|n| second.field(n).raw() == first.field(n).raw());
            if !others.all(|(_, second)| same(&second)) {
                return Err(Refusal::SeveralMessages);
            }
            note(OddityKind::HeaderTwice, 0);
        }
        Ok(())
    }
}
