//! What every message has around its content: envelope, header, transmission wrapper, control act (spec/hl7v3.md 3).

use super::action;
use crate::names::{ADDRESSING, HL7, INTERACTION_ROOT, LOCALISATION, SOAP, SYSTEM_ROOT};
use crate::write::{attribute, element, id, raw};
use crate::xml::allowed;
use cpis_model::{Timestamp, Uuid};
use std::io::Write;

/// The version that messages with content name, as real ones do.
pub(super) const VERSION: &str = "v3INF_DMSv5.7:FIN";
/// The version that real failures name.
pub(super) const VERSION_OF_FAILURES: &str = "V3NPfIT3.0";

/// What stands in the header and the wrapper.
pub(super) struct Wrapper<'a> {
    pub interaction: &'static str,
    pub version: &'static str,
    pub message: Uuid,
    pub made: Timestamp,
    pub to: &'a str,
    pub from: &'a str,
    /// Whether the address of the sender is the one to answer to, too: in a question.
    pub reply_to: bool,
    /// The message that is answered, as it named itself.
    pub relates_to: Option<&'a str>,
    /// The message that is answered, where the wrapper says so.
    pub acknowledges: Option<Uuid>,
    pub receiver: &'a str,
    pub sender: &'a str,
    pub processing: char,
}

impl Wrapper<'_> {
    /// Writes a message. `inner` adds what the control act has after its author; an answer's interaction stands in an element
    /// of its own.
    pub fn write(&self, out: &mut Vec<u8>, inner: impl FnOnce(&mut Vec<u8>)) {
        raw(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<SOAP:Envelope");
        for (name, space) in [("xmlns:SOAP", SOAP), ("xmlns:wsa", ADDRESSING), ("xmlns:hl7", HL7), ("xmlns", HL7)] {
            attribute(out, name, space);
        }
        raw(out, ">\n<SOAP:Header>\n");
        self.header(out);
        raw(out, "</SOAP:Header>\n<SOAP:Body>\n");
        let is_answer = self.relates_to.is_some();
        if is_answer {
            let _ = writeln!(out, "<CP-ISNHSQueryResponse xmlns=\"{HL7}\" xmlns:npfitlc=\"{LOCALISATION}\">");
        }
        self.interaction(out, inner);
        if is_answer {
            raw(out, "</CP-ISNHSQueryResponse>\n");
        }
        raw(out, "</SOAP:Body>\n</SOAP:Envelope>\n");
    }

    fn header(&self, out: &mut Vec<u8>) {
        element(out, "wsa:MessageID", &format!("uuid:{:X}", self.message));
        element(out, "wsa:Action", &action(self.interaction));
        element(out, "wsa:To", &allowed(self.to));
        raw(out, "<wsa:From>");
        element(out, "wsa:Address", &allowed(self.from));
        raw(out, "</wsa:From>");
        if self.reply_to {
            raw(out, "<wsa:ReplyTo>");
            element(out, "wsa:Address", &allowed(self.from));
            raw(out, "</wsa:ReplyTo>");
        }
        raw(out, "\n");
        self.systems(out);
        if let Some(relates_to) = self.relates_to {
            element(out, "wsa:RelatesTo", &allowed(relates_to));
            raw(out, "\n");
        }
    }

    fn systems(&self, out: &mut Vec<u8>) {
        for (name, code, asid) in [("Rcv", "RCV", self.receiver), ("Snd", "SND", self.sender)] {
            let _ = write!(out, "<communicationFunction{name} typeCode=\"{code}\">");
            raw(out, "<device classCode=\"DEV\" determinerCode=\"INSTANCE\">");
            id(out, SYSTEM_ROOT, &allowed(asid));
            let _ = writeln!(out, "</device></communicationFunction{name}>");
        }
    }

    fn interaction(&self, out: &mut Vec<u8>, inner: impl FnOnce(&mut Vec<u8>)) {
        let (name, version) = (self.interaction, self.version);
        let _ = writeln!(out, "<{name} xmlns=\"{HL7}\" xmlns:npfitlc=\"{LOCALISATION}\">");
        let _ = writeln!(out, "<id root=\"{:X}\"/>", self.message);
        let _ = writeln!(out, "<creationTime value=\"{}\"/>", self.made.strftime("%Y%m%d%H%M%S+0000"));
        let _ = writeln!(out, "<versionCode code=\"{version}\"/>");
        let _ = writeln!(out, "<interactionId root=\"{INTERACTION_ROOT}\" extension=\"{name}\"/>");
        let _ = writeln!(out, "<processingCode code=\"{}\"/>", self.processing);
        raw(out, "<processingModeCode code=\"T\"/>\n<acceptAckCode code=\"NE\"/>\n");
        if let Some(message) = self.acknowledges {
            raw(out, "<acknowledgement typeCode=\"AE\">");
            let _ = writeln!(out, "<messageRef><id root=\"{message:X}\"/></messageRef></acknowledgement>");
        }
        self.systems(out);
        raw(out, "<ControlActEvent classCode=\"CACT\" moodCode=\"EVN\">\n<author1 typeCode=\"AUT\">");
        raw(out, "<AgentSystemSDS classCode=\"AGNT\"><agentSystemSDS classCode=\"DEV\" determinerCode=\"INSTANCE\">");
        id(out, SYSTEM_ROOT, &allowed(self.sender));
        raw(out, "</agentSystemSDS></AgentSystemSDS></author1>\n");
        inner(out);
        let _ = writeln!(out, "</ControlActEvent>\n</{name}>");
    }
}
