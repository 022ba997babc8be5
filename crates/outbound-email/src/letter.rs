//! What a letter says: that there are notices, where to read them, and nothing of what they are about.

use crate::settings::Checked;
use cpis_app::emails::{Kind, Letter};
use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use std::error::Error;
use std::time::SystemTime;

/// `Auto-Submitted: auto-generated` (RFC 3834): out-of-office answers are not sent to it.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// The subject and the text.
fn words(letter: &Letter<'_>, name: &str) -> (String, String) {
    let Letter { link, .. } = letter;
    let (subject, first) = match letter.kind {
        Kind::Notices => ("You have notices to read", "There are notices for your authority.".to_owned()),
        Kind::Unread { minutes } => (
            "Notices have not been read",
            format!("Nobody has read notices from urgent care for {minutes} minutes or more."),
        ),
        Kind::Trial => ("A test of e-mail", "This is a test. There is nothing to do.".to_owned()),
    };
    let text = format!(
        "{first}\r\n\r\nSign in to read them:\r\n{link}\r\n\r\n\
         This e-mail is sent by a machine: do not reply to it.\r\n\
         On purpose, it does not say what a notice is about.\r\n\r\n{name}\r\n"
    );
    let text =
        if letter.kind == Kind::Trial { text.replace("Sign in to read them:", "The service is at:") } else { text };
    (subject.to_owned(), text)
}

/// The bytes of a letter.
pub(crate) fn message(letter: &Letter<'_>, settings: &Checked) -> Option<Vec<u8>> {
    let (subject, text) = words(letter, &settings.name);
    let message = Message::builder()
        .from(Mailbox::new(None, settings.from.clone()))
        .to(Mailbox::new(None, letter.to.as_str().parse().ok()?))
        .subject(subject)
        .date(SystemTime::from(letter.at))
        .message_id(Some(format!("<{}@{}>", letter.id, settings.from.domain())))
        .header(AutoSubmitted)
        .header(ContentType::TEXT_PLAIN)
        .body(text)
        .ok()?;
    Some(message.formatted())
}
