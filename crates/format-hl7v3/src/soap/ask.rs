//! Writes a question, strictly as the schema (spec/hl7v3.md 4.3, 9.3 and 9.4).

use super::QUERY;
use super::authors::Author;
use super::wrapper::{VERSION, Wrapper};
use crate::notification::moment_and_id;
use crate::write::{attribute, raw};
use cpis_model::caller::Declared;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::{Timestamp, Uuid};

/// A question to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Id of this message; each has its own.
    pub message: Uuid,
    /// When it is made.
    pub made: Timestamp,
    /// The service's address.
    pub to: &'a str,
    /// The sender's address. Nobody answers to it: the answer comes on the same connection.
    pub from: &'a str,
    /// ASID of the service.
    pub receiver: &'a str,
    /// ASID of the system that sends.
    pub sender: &'a str,
    /// Id of the event.
    pub event: Uuid,
    /// Who asks.
    pub author: &'a Author,
    /// About whom.
    pub number: NhsNumber,
    /// What is said about the care. The element is left out where nothing is: schemas from before it was added refuse it.
    pub declared: Declared,
}

/// The question with its SOAP envelope.
pub fn query_xml(ask: &Ask) -> Vec<u8> {
    let out = &mut Vec::with_capacity(4096);
    let wrapper = Wrapper {
        interaction: QUERY,
        version: VERSION,
        message: ask.message,
        made: ask.made,
        to: ask.to,
        from: ask.from,
        reply_to: true,
        relates_to: None,
        acknowledges: None,
        receiver: ask.receiver,
        sender: ask.sender,
        processing: 'P',
    };
    wrapper.write(out, |out| {
        raw(out, "<subject typeCode=\"SUBJ\"><CP-ISQueryStub><cP-ISNHSQuery>\n");
        moment_and_id(out, ask.made, ask.event);
        raw(out, "\n");
        ask.author.write(out);
        raw(out, "\n<queryByParameter>");
        let said = match ask.declared {
            Declared::Nothing => "",
            Declared::Unscheduled => "<accessEventType><value value=\"true\"/></accessEventType>",
            Declared::Scheduled => "<accessEventType><value value=\"false\"/></accessEventType>",
        };
        raw(out, said);
        raw(out, "<person.NHSnumber><value");
        attribute(out, "extension", ask.number.digits());
        raw(out, "/></person.NHSnumber></queryByParameter>\n</cP-ISNHSQuery></CP-ISQueryStub></subject>\n");
    });
    std::mem::take(out)
}
