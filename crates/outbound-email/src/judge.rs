//! What an answer of the relay means, by the step at which it came. Nothing of its words is kept: they name the recipient.

use cpis_app::emails::EmailFault;
use lettre::transport::smtp::Error;
use std::io;

/// Where a letter stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Connecting and greeting.
    Connect,
    /// STARTTLS.
    StartTls,
    /// Logging in.
    Login,
    /// Saying from whom.
    Sender,
    /// Saying to whom.
    Recipient,
    /// The letter itself.
    Content,
}

impl Step {
    fn words(self) -> &'static str {
        match self {
            Self::Connect => "the greeting",
            Self::StartTls => "TLS",
            Self::Login => "the login",
            Self::Sender => "the sender",
            Self::Recipient => "the recipient",
            Self::Content => "the letter",
        }
    }
}

/// What went wrong, as far as it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// An answer with this status.
    Status(u16),
    /// A certificate that is not believed, or TLS that failed.
    Tls,
    /// It does not offer what we need.
    Lacks,
    /// No answer, a broken one, or none in time.
    Nothing,
}

impl From<&Error> for Seen {
    fn from(error: &Error) -> Self {
        if let Some(code) = error.status() {
            return Self::Status(u16::from(code));
        }
        if error.is_tls() || is_of_tls(error) {
            Self::Tls
        } else if error.is_client() {
            Self::Lacks
        } else {
            Self::Nothing
        }
    }
}

/// A handshake that fails comes as a fault of the connection with this kind.
fn is_of_tls(error: &Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::InvalidData) {
            return true;
        }
        source = cause.source();
    }
    false
}

/// What to do next.
pub(crate) fn judge(step: Step, seen: Seen) -> EmailFault {
    let what = step.words();
    let is_about_one = matches!(step, Step::Recipient | Step::Content);
    match seen {
        // The relay is closing (RFC 5321 section 3.8).
        Seen::Status(421) => EmailFault::Away { why: format!("the relay closed at {what} (421)") },
        Seen::Status(code @ 400..=499) if is_about_one => {
            EmailFault::Later { why: format!("the relay puts off {what} ({code})") }
        }
        Seen::Status(code @ 400..=499) => EmailFault::Away { why: format!("the relay puts off {what} ({code})") },
        Seen::Status(code) if is_about_one => EmailFault::Never { why: format!("the relay refuses {what} ({code})") },
        Seen::Status(code) => EmailFault::Refused { why: format!("the relay refuses {what} ({code})") },
        Seen::Tls => {
            EmailFault::Refused { why: format!("the relay's certificate is not accepted, or TLS fails, at {what}") }
        }
        Seen::Lacks => EmailFault::Refused { why: format!("the relay does not offer what is needed for {what}") },
        Seen::Nothing => EmailFault::Away { why: format!("the relay does not answer at {what}") },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_means_what_its_step_says() {
        use Step::{Connect, Content, Login, Recipient, Sender, StartTls};
        let word = |fault: EmailFault| match fault {
            EmailFault::Away { .. } => "away",
            EmailFault::Refused { .. } => "refused",
            EmailFault::Later { .. } => "later",
            EmailFault::Never { .. } => "never",
        };
        for (step, seen, expected) in [
            (Connect, Seen::Nothing, "away"),
            (Connect, Seen::Status(554), "refused"),
            (Connect, Seen::Status(421), "away"),
            (StartTls, Seen::Lacks, "refused"),
            (StartTls, Seen::Tls, "refused"),
            (Login, Seen::Status(535), "refused"),
            (Login, Seen::Status(454), "away"),
            (Sender, Seen::Status(550), "refused"),
            (Sender, Seen::Status(451), "away"),
            (Recipient, Seen::Status(450), "later"),
            (Recipient, Seen::Status(421), "away"),
            (Recipient, Seen::Status(550), "never"),
            (Recipient, Seen::Nothing, "away"),
            (Content, Seen::Status(452), "later"),
            (Content, Seen::Status(554), "never"),
            (Content, Seen::Nothing, "away"),
        ] {
            assert_eq!(word(judge(step, seen)), expected, "{step:?} {seen:?}");
        }
    }
}
