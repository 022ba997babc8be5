//! HL7 version 2 as a hospital's systems speak it: MLLP frames, messages in ER7, events of ADT, acknowledgements, and what a
//! gateway puts back.
//!
//! Pure code: no clock, no network. It reads leniently, because feeds differ, and says what was odd and where; in what feeds
//! differ is a [`Profile`], which is data. Nothing personal shows in `Debug`, in an oddity or in an answer.
//!
//! Reading order: [`mllp`], [`er7`], [`header`], [`event`], [`number`], [`patient`], [`visit`], [`adt`], [`profile`],
//! [`decide`]; the way back: [`ack`], [`alert`].
//!
//! ```
//! use cpis_format_hl7v2::{Decision, Profile, Received, read, should_ask};
//! let message = "MSH|^~\\&|PAS|RR8|CPGW|RR8|20260314183205||ADT^A04|1|P|2.4\r\
//!                PID|1||9990417008^^^NHS^NH||TESTCHILD^SAMUEL||20190722|M\r\
//!                PV1|1|E|ED^^^RR813||||||||||||||||AE1^^^RR8AE^VN|||||||||||||||||||||||||20260314183000\r";
//! let profile = Profile::from_toml("test_numbers = true").unwrap();
//! let Ok(Received::Adt(adt)) = read(message.as_bytes(), &profile) else { panic!() };
//! let now = "2026-03-14T18:32:06Z".parse().unwrap();
//! assert!(matches!(should_ask(&adt, &profile, now), Decision::Ask(_)));
//! ```

pub mod ack;
pub mod adt;
pub mod alert;
pub mod charset;
pub mod decide;
pub mod delimiters;
pub mod er7;
pub mod escape;
pub mod event;
pub mod header;
pub mod hidden;
pub mod mllp;
pub mod moment;
pub mod number;
pub mod oddity;
pub mod patient;
pub mod profile;
pub mod refusal;
pub mod visit;
mod write;

pub use ack::{Acknowledgement, Outcome, Problem, answers};
pub use adt::{Adt, Received, Refused, read};
pub use decide::{Ask, Concern, Decision, NotAsked, Who, should_ask};
pub use event::{Effect, Event};
pub use header::Header;
pub use hidden::Hidden;
pub use moment::Moment;
pub use number::{LocalId, NoNumber, Status};
pub use oddity::{Oddity, OddityKind, Place};
pub use patient::{Birth, Patient};
pub use profile::{Profile, ProfileFault};
pub use refusal::Refusal;
pub use visit::{Location, Visit, VisitNumber};

#[cfg(test)]
mod tests;
