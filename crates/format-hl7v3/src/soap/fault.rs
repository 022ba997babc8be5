//! What is wrong, as answers say it: reasons in HL7v3 messages, and faults of SOAP (spec/hl7v3.md 3.3 and 8.3).

use crate::names::{REASON_SYSTEM, SOAP};
use crate::write::{attribute, element, raw};
use crate::xml::allowed;
use std::borrow::Cow;

/// Codes of reasons that say: nothing is held for this number.
pub const NOT_FOUND_CODES: [&str; 2] = ["1", "NHSNCC002"];

/// Why a question was not answered with a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The code.
    pub code: Cow<'static, str>,
    /// In words.
    pub text: Cow<'static, str>,
}

impl Reason {
    /// Nothing is held for this number.
    pub const NOT_FOUND: Self = Self { code: Cow::Borrowed("1"), text: Cow::Borrowed("NHS Number Not Found") };
    /// Something unexpected went wrong in the service.
    pub const UNEXPECTED: Self =
        Self { code: Cow::Borrowed("GE002"), text: Cow::Borrowed("Unexpected business error encountered.") };

    /// The question has a fault. Assumed: the numbers of the national service's own faults are not public.
    pub fn invalid(fault: &super::Invalid) -> Self {
        Self { code: Cow::Borrowed("202"), text: Cow::Owned(fault.display()) }
    }

    /// Adds it to a message.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        raw(out, "<reason typeCode=\"RSON\"><justifyingDetectedIssueEvent classCode=\"ALRT\" moodCode=\"EVN\"><code");
        attribute(out, "code", &allowed(&self.code));
        attribute(out, "codeSystem", REASON_SYSTEM);
        attribute(out, "displayName", &allowed(&self.text));
        raw(out, "><qualifier code=\"ER\"/></code></justifyingDetectedIssueEvent></reason>\n");
    }
}

/// Faults of SOAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The message cannot be read.
    Unreadable,
    /// The envelope is of another version of SOAP.
    Version,
    /// The service or the interaction is not offered.
    Unsupported,
    /// The system is not known, or may not ask so.
    Refused,
    /// We cannot tell at the moment.
    CannotTell,
}

impl FaultKind {
    /// The code, its context and SOAP's own code. All but the one of the unsupported interaction are ours: the national
    /// service's are not public.
    fn codes(self) -> (&'static str, &'static str, &'static str) {
        const OURS: &str = "urn:opencpis:errors";
        match self {
            Self::Unsupported => ("urn:nhs:names:errors:tms", "101", "soap:Client"),
            Self::Unreadable => (OURS, "400", "soap:Client"),
            Self::Version => (OURS, "400", "soap:VersionMismatch"),
            Self::Refused => (OURS, "403", "soap:Client"),
            Self::CannotTell => (OURS, "503", "soap:Server"),
        }
    }
}

/// A SOAP message with a fault: what it is, where, and in words.
pub fn fault_xml(kind: FaultKind, place: &str, text: &str) -> Vec<u8> {
    let (context, code, soap_code) = kind.codes();
    let out = &mut Vec::with_capacity(1024);
    raw(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soap:Envelope");
    attribute(out, "xmlns:soap", SOAP);
    attribute(out, "xmlns:nasp", "http://national.carerecords.nhs.uk/schema/");
    raw(out, ">\n<soap:Body>\n<soap:Fault>\n");
    element(out, "faultcode", soap_code);
    element(out, "faultstring", &allowed(text));
    raw(out, "\n<detail>\n<nasp:errorList>\n<nasp:error>\n");
    for (name, text) in [
        ("nasp:codeContext", context),
        ("nasp:errorCode", code),
        ("nasp:severity", "Error"),
        ("nasp:location", place),
        ("nasp:description", text),
    ] {
        element(out, name, &allowed(text));
        raw(out, "\n");
    }
    raw(out, "</nasp:error>\n</nasp:errorList>\n</detail>\n</soap:Fault>\n</soap:Body>\n</soap:Envelope>\n");
    std::mem::take(out)
}
