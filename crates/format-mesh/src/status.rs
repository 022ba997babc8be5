//! What became of a message, as headers, control files and tracking say it.

use cpis_model::Timestamp;

/// Code of success.
pub const CODE_SUCCESS: &str = "00";
/// Code of content that is missing.
pub const CODE_NO_DATA: &str = "02";
/// Code of a control file that cannot be used.
pub const CODE_BAD_CONTROL: &str = "06";
/// Code of a sender that is not the one of the mailbox.
pub const CODE_BAD_SENDER: &str = "07";
/// Code of a kind of message that cannot be sent.
pub const CODE_BAD_TYPE: &str = "11";
/// Code of a report of what was not collected.
pub const CODE_UNDELIVERED: &str = "14";
/// Code of a report of what is no CP-IS file.
pub const CODE_BAD_FILE: &str = "15";

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusRecord {
    /// When.
    pub at: Option<Timestamp>,
    /// `COLLECT`, `TRANSFER`, `SEND` or `RECEIVE`.
    pub event: String,
    /// Whether it went well.
    pub is_success: bool,
    /// Code, `00` where it went well.
    pub code: String,
    /// Text.
    pub description: String,
}

impl StatusRecord {
    /// The message is in the recipient's inbox.
    pub fn transferred(at: Timestamp) -> Self {
        Self {
            at: Some(at),
            event: "TRANSFER".to_owned(),
            is_success: true,
            code: CODE_SUCCESS.to_owned(),
            description: "Transferred to recipient mailbox".to_owned(),
        }
    }

    /// `SUCCESS` or `ERROR`.
    pub fn success_word(&self) -> &'static str {
        success_word(self.is_success)
    }
}

/// `SUCCESS` or `ERROR`.
pub(crate) fn success_word(is_success: bool) -> &'static str {
    if is_success { "SUCCESS" } else { "ERROR" }
}
