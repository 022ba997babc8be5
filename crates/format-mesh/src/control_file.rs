//! The control file that a MESH client of the file interface puts beside a message: `DTSControl` in XML.
//!
//! Elements are read by name, in any order; those that are not known are passed over, and an empty one is none.

mod convert;
mod elements;
mod read;
mod write;

use crate::id::{MailboxId, MessageId};
use crate::status::StatusRecord;
use std::fmt;

/// Largest control file in bytes.
pub const CONTROL_FILE_BYTES_MAX: usize = 64 * 1024;

/// A fault of a control file, with its place. It never repeats a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlFault {
    /// An element, or a line and a column where the file is not readable.
    pub place: String,
    /// What is wrong.
    pub what: String,
}

impl ControlFault {
    fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into() }
    }
}

impl fmt::Display for ControlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// What kind of address the file has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddressType {
    /// A mailbox, as an outgoing file has it.
    #[default]
    Dts,
    /// As a received file has it.
    All,
    /// Of old.
    Smtp,
}

impl AddressType {
    const ALL: [Self; 3] = [Self::Dts, Self::All, Self::Smtp];

    fn word(self) -> &'static str {
        match self {
            Self::Dts => "DTS",
            Self::All => "ALL",
            Self::Smtp => "SMTP",
        }
    }
}

/// A control file. Texts are never empty and have no line ends. `Debug` shows none that is free.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ControlFile {
    /// Kind of address.
    pub address_type: AddressType,
    /// Whether it is about a message that failed; then there is no content beside it.
    pub is_report: bool,
    /// Type of content.
    pub workflow: Option<String>,
    /// Recipient.
    pub to: Option<MailboxId>,
    /// Sender.
    pub from: Option<MailboxId>,
    /// Free text.
    pub subject: Option<String>,
    /// The sender's own reference.
    pub local_id: Option<String>,
    /// Obsolete.
    pub partner_id: Option<String>,
    /// Whether the client may compress the content.
    pub compress: Option<bool>,
    /// Whether the client may part the content into chunks.
    pub allow_chunking: Option<bool>,
    /// Whether the application encrypted the content.
    pub encrypted: bool,
    /// Id of the message; in a report it may be that of the message that failed.
    pub id: Option<MessageId>,
    /// Whether the content itself is compressed; absent in an outgoing file.
    pub is_compressed: Option<bool>,
    /// Checksum.
    pub checksum: Option<String>,
    /// What became of it; absent in an outgoing file.
    pub status: Option<StatusRecord>,
}

impl ControlFile {
    /// Reads a file, or tells all its faults. Whether it says enough to be sent is asked by [`ControlFile::envelope`].
    ///
    /// ```
    /// use cpis_format_mesh::ControlFile;
    /// let file = ControlFile::read(b"<DTSControl><To_DTS>cpis0hc001</To_DTS><New>x</New></DTSControl>").unwrap();
    /// assert_eq!(file.to.unwrap().as_str(), "CPIS0HC001");
    /// let faults = ControlFile::read(b"<DTSControl><Encrypted>?</Encrypted></DTSControl>").unwrap_err();
    /// assert_eq!(faults[0].to_string(), "Encrypted: it is neither Y nor N");
    /// ```
    pub fn read(bytes: &[u8]) -> Result<Self, Vec<ControlFault>> {
        read::read(bytes)
    }

    /// Writes the file.
    pub fn write(&self) -> Vec<u8> {
        write::write(self)
    }
}

impl fmt::Debug for ControlFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ControlFile");
        shown.field("id", &self.id).field("from", &self.from).field("to", &self.to);
        shown.field("workflow", &self.workflow).field("status", &self.status).finish_non_exhaustive()
    }
}
