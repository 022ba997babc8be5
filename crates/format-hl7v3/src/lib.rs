//! HL7v3 uploads: the `File` of an authority becomes values of the model, and an acknowledgement becomes `FileResponse`.
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
//! Reading order: [`decode`](decode()), [`acknowledgement_xml`], [`encode_file`].

mod acknowledgement;
mod acknowledgement_json;
mod dates;
mod decode;
mod fault;
mod header;
mod location;
mod names;
mod reader;
mod record;
mod schema;
mod strict;
mod tree;
mod walk;
mod write;
mod xml;

pub use acknowledgement::{DETAIL_CODE_SYSTEM, acknowledgement_xml};
pub use acknowledgement_json::acknowledgement_json;
pub use decode::{Mode, decode, head, record_bytes};
pub use location::location;
pub use reader::READER;
pub use write::{FileWriter, encode_file};

#[cfg(test)]
mod tests;
