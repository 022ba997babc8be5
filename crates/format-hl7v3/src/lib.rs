//! HL7v3 between an authority and the service: its `File` becomes values of the model, an acknowledgement becomes
//! `FileResponse`, and what the authority is told becomes the notifications of accesses and of inactive NHS numbers. Between
//! hospitals and the service: the national query over SOAP, both ways ([`soap`]).
//!
//! Pure code: bytes in, values out. A file is read as a stream with one record in memory at a time; every fault of every
//! record is reported with its place, and nothing but places and rules is ever reported (no value of the file).
//!
//! The place of a fault is its XPath in the uploaded document. Their names are in `urn:hl7-org:v3`, but for
//! `npfitlc:contentId`. Steps select by name, and by a predicate or an index from 1 only where a name alone would not be
//! exact, so that a place holds in whatever order the elements stand. A missing element is named by the place where it
//! belongs. An element or attribute of a name that the schema does not know is given by its place (`*[3]`, `@*`).
//! Where a document is not well formed, its place is a line and a column, both from 1.
//!
//! Reading order: [`decode`](decode()), [`acknowledgement_xml`], [`encode_file`], [`access_notification_xml`],
//! [`inactive_numbers_xml`].

mod access_notification;
mod acknowledgement;
mod acknowledgement_json;
mod author;
mod dates;
mod decode;
mod fault;
mod header;
mod inactive_number;
mod kind;
mod location;
mod names;
mod notification;
mod reader;
mod record;
mod schema;
pub mod soap;
mod staff_name;
mod strict;
mod tree;
mod walk;
mod write;
mod xml;

pub use access_notification::{AccessNotification, NotifiedAccess, access_notification_xml};
pub use acknowledgement::{DETAIL_CODE_SYSTEM, acknowledgement_xml};
pub use acknowledgement_json::acknowledgement_json;
pub use decode::{Mode, decode, head, record_bytes};
pub use inactive_number::{InactiveNumber, InactiveNumbers, inactive_numbers_xml};
pub use kind::is_upload;
pub use location::location;
pub use reader::READER;
pub use write::{FileWriter, encode_file};

#[cfg(test)]
mod tests;
