//! The national query over SOAP (spec/hl7v3.md 2.3, 3, 4.3, 4.4, 7, 8), for a server and for a client.
//!
//! A server reads a question with [`decode_query`] and answers with [`found_xml`], [`not_found_xml`], [`error_xml`] or
//! [`fault_xml`]; a client writes one with [`query_xml`] and reads what came with [`decode_reply`]. Reading is lenient: prefixes,
//! order, attributes that the schema prohibits and elements that it does not know do not matter. Writing is strict.
//!
//! Reading order: `query`, `answer`; `ask`, `reply`.

mod answer;
mod ask;
mod authors;
mod envelope;
mod fault;
mod query;
mod reply;
mod wrapper;

pub use answer::{Exchange, Found, error_xml, found_xml, not_found_xml};
pub use ask::{Ask, query_xml};
pub use authors::{Author, Place};
pub use fault::{FaultKind, NOT_FOUND_CODES, Reason, fault_xml};
pub use query::{Head, Invalid, Query, QueryFault, decode_query};
pub use reply::{FoundAccess, FoundPerson, FoundPlan, Reply, ReplyFault, decode_reply};

/// The service's name.
pub const SERVICE: &str = "urn:nhs:names:services:cpisquery";
/// The question.
pub const QUERY: &str = "QUPC_IN000006GB01";
/// The answer with a record.
pub const RESPONSE: &str = "REPC_IN000007GB01";
/// The answer without one.
pub const FAILURE: &str = "QUQI_IN010000UK14";
/// The answer that says what is wrong with the question, or with the service.
pub const ACKNOWLEDGEMENT: &str = "MCCI_IN010000UK13";
/// Largest question in bytes. One takes about 4 KiB.
pub const QUERY_BYTES_MAX: usize = 64 * 1024;
/// Largest answer in bytes that is read.
pub const REPLY_BYTES_MAX: usize = 1024 * 1024;

/// The action of an interaction, as `SOAPAction` and `wsa:Action` have it.
pub fn action(interaction: &str) -> String {
    format!("{SERVICE}/{interaction}")
}
