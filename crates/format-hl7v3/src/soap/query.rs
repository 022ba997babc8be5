//! Reads a question, or tells all that is wrong with it (spec/hl7v3.md 7 and 8.1).

use super::authors::{self, Author};
use super::envelope::{self, Message, at, filled, value};
use super::{QUERY, QUERY_BYTES_MAX, SERVICE};
use crate::author::NO_ASID;
use crate::names::{INTERACTION_ROOT, SYSTEM_ROOT};
use crate::tree::Node;
use cpis_model::Uuid;
use cpis_model::caller::Declared;
use cpis_model::nhs_number::{NhsNumber, NhsNumberError};
use std::borrow::Cow;

/// Longest text of a question in characters.
const TEXT_CHARS_MAX: usize = 200;
/// Most faults of one question that are told.
const FAULTS_MAX: usize = 50;

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// What the answer repeats.
    pub head: Head,
    /// The id of the event.
    pub event: Uuid,
    /// Who asks.
    pub author: Author,
    /// About whom.
    pub number: NhsNumber,
    /// What it says about the care.
    pub declared: Declared,
}

/// What an answer repeats of its question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Id of the HL7 message.
    pub message: Uuid,
    /// Id of the SOAP message, as it stands.
    pub message_id: String,
    /// ASID of the system that sends.
    pub sender: String,
    /// ASID of the system that is asked.
    pub receiver: String,
    /// `P` for production, `D` or `T`.
    pub processing: char,
}

/// A fault of a question's content. It holds no value of the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Its name, as the national service has it: `MANDATORY_DATA_MISSING`, `INVALID_ID` and the like; `INVALID_DATA` for ours.
    pub name: &'static str,
    /// What it is about.
    pub parameter: &'static str,
    /// Why, where the name does not say it.
    pub why: &'static str,
}

impl Invalid {
    /// In words, as the answer has it.
    pub fn display(&self) -> String {
        let Self { name, parameter, why } = self;
        match (parameter.is_empty(), why.is_empty()) {
            (true, true) => (*name).to_owned(),
            (true, false) => format!("{name} ({why})"),
            (false, true) => format!("{name}: {parameter}"),
            (false, false) => format!("{name}: {parameter} ({why})"),
        }
    }
}

/// Why a question is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryFault {
    /// It cannot be read.
    Unreadable {
        /// Where: a line and a column, or nothing.
        place: String,
        /// What is wrong there.
        text: Cow<'static, str>,
        /// A limit was passed.
        too_large: bool,
        /// The envelope is of another version of SOAP.
        version: bool,
    },
    /// It is no question, or another action is named.
    Unsupported {
        /// Where that is said.
        place: &'static str,
    },
    /// Its content has faults: all of them.
    Invalid {
        /// What could be read, for the answer.
        head: Head,
        /// The faults.
        faults: Vec<Invalid>,
    },
}

/// The faults of a question.
#[derive(Default)]
pub(super) struct Faults(Vec<Invalid>);

impl Faults {
    fn add(&mut self, fault: Invalid) {
        if self.0.len() < FAULTS_MAX && !self.0.contains(&fault) {
            self.0.push(fault);
        }
    }

    /// A fault of the wrapper.
    fn wrapper(&mut self, name: &'static str, why: &'static str) {
        self.add(Invalid { name, parameter: "", why });
    }

    /// Something mandatory says nothing.
    pub fn missing(&mut self, parameter: &'static str) {
        self.add(Invalid { name: "MANDATORY_DATA_MISSING", parameter, why: "" });
    }

    /// Something cannot be what it says.
    pub fn invalid(&mut self, parameter: &'static str, why: &'static str) {
        self.add(Invalid { name: "INVALID_DATA", parameter, why });
    }

    /// A text that must be there.
    pub fn text(&mut self, text: Option<Cow<'_, str>>, parameter: &'static str) -> Option<String> {
        let Some(text) = text else {
            self.missing(parameter);
            return None;
        };
        if text.chars().count() > TEXT_CHARS_MAX || text.contains(char::is_control) {
            self.invalid(parameter, "it is too long, or has control characters");
            return None;
        }
        Some(text.into_owned())
    }
}

/// Reads a question. `soap_action` is the HTTP header's value, if there is one.
pub fn decode_query(bytes: &[u8], soap_action: Option<&str>) -> Result<Query, QueryFault> {
    let tree = envelope::read(bytes, QUERY_BYTES_MAX).map_err(|broken| QueryFault::Unreadable {
        place: broken.place,
        text: broken.text,
        too_large: broken.too_large,
        version: false,
    })?;
    let message = envelope::open(&tree).map_err(|(text, version)| QueryFault::Unreadable {
        place: String::new(),
        text: Cow::Borrowed(text),
        too_large: false,
        version,
    })?;
    check_action(&message, soap_action)?;
    let (wrapper, mut faults) = (message.content, Faults::default());
    let head = read_head(&message, &mut faults);
    let stub = read_control_act(wrapper, &mut faults);
    let query = stub.and_then(|stub| at(stub, &["cP-ISNHSQuery"]));
    let event = query.and_then(|query| value(query, &["id"], "root"));
    let event = match event.map(|text| text.parse::<Uuid>()) {
        Some(Ok(event)) => Some(event),
        Some(Err(_)) => {
            faults.invalid("Event ID", "it is no UUID");
            None
        }
        None => {
            faults.missing("Event ID");
            None
        }
    };
    let number = read_number(query, &mut faults);
    let author = authors::read(query, &mut faults);
    let declared = read_access(query, &mut faults);
    match (event, number, author, declared) {
        (Some(event), Some(number), Some(author), Some(declared)) if faults.0.is_empty() => {
            Ok(Query { head, event, author, number, declared })
        }
        _ => Err(QueryFault::Invalid { head, faults: faults.0 }),
    }
}

/// The action of a question, also as the register of the Spine writes it, with a colon.
fn is_query(action: &str) -> bool {
    let rest = action.trim().trim_matches('"').trim().strip_prefix(SERVICE);
    rest.and_then(|rest| rest.strip_prefix(['/', ':'])) == Some(QUERY)
}

/// At least one of the header of HTTP and the one of SOAP names the action, and neither another.
fn check_action(message: &Message, soap_action: Option<&str>) -> Result<(), QueryFault> {
    let said = soap_action.filter(|action| !action.trim().trim_matches('"').trim().is_empty());
    let addressed = message.said("Action");
    let place = match (said, addressed) {
        (Some(said), _) if !is_query(said) => "HTTP Header - SOAPAction",
        (_, Some(addressed)) if !is_query(addressed) => "SOAP Header - wsa:Action",
        (None, None) => "HTTP Header - SOAPAction",
        _ if message.content.name() != QUERY || !message.content.is_known_space() => "SOAP Body",
        _ => return Ok(()),
    };
    Err(QueryFault::Unsupported { place })
}

fn count(node: Node, name: &'static str) -> usize {
    node.named(name).count()
}

/// The transmission wrapper's own checks.
fn read_head(message: &Message, faults: &mut Faults) -> Head {
    let wrapper = message.content;
    let one = |name, attribute| (count(wrapper, name) == 1).then(|| value(wrapper, &[name], attribute)).flatten();
    let id = one("id", "root").and_then(|id| id.parse::<Uuid>().ok());
    if id.is_none() {
        faults.wrapper("INVALID_ID", "");
    }
    if one("creationTime", "value").is_none() {
        faults.wrapper("INVALID_CREATION_TIME", "");
    }
    if one("versionCode", "code").is_none() {
        faults.wrapper("INVALID_VERSION_CODE", "");
    }
    let root = one("interactionId", "root").is_some_and(|root| root == INTERACTION_ROOT);
    if !root || one("interactionId", "extension").is_none_or(|name| name != QUERY) {
        faults.wrapper("INCONSISTENT_HL7_INTERACTION_ID", "");
    }
    let mut system = |name, fault| {
        let asid = system_of(wrapper, name);
        let is_same = || message.header.and_then(|header| system_of(header, name)).is_none_or(|own| Some(own) == asid);
        if asid.is_none() {
            faults.wrapper(fault, "");
        } else if !is_same() {
            faults.wrapper(fault, "the SOAP header names another system");
        }
        asid.unwrap_or_else(|| NO_ASID.to_owned())
    };
    let receiver = system("communicationFunctionRcv", "INVALID_COMM_FUNC_RCV");
    let sender = system("communicationFunctionSnd", "INVALID_COMM_FUNC_SND");
    let said = message.said("MessageID").filter(|said| said.chars().count() <= TEXT_CHARS_MAX);
    let of_said = || said.and_then(|said| said.rsplit(':').next()?.parse::<Uuid>().ok());
    let id = id.or_else(of_said).unwrap_or_default();
    let processing = value(wrapper, &["processingCode"], "code").unwrap_or_default();
    Head {
        message: id,
        message_id: said.map_or_else(|| format!("uuid:{id:X}"), str::to_owned),
        sender,
        receiver,
        processing: processing.chars().next().filter(|code| matches!(code, 'D' | 'T')).unwrap_or('P'),
    }
}

/// The one ASID of a communication function.
fn system_of(node: Node, name: &'static str) -> Option<String> {
    let ids = node.named(name).flat_map(|function| function.named("device")).flat_map(|device| device.named("id"));
    let mut ids = ids.filter(|id| id.attribute("root").is_some_and(|root| root.trim() == SYSTEM_ROOT));
    let asid = ids.next()?.attribute("extension").and_then(filled)?;
    let is_plain = asid.chars().count() <= TEXT_CHARS_MAX && !asid.contains(char::is_control);
    (ids.next().is_none() && is_plain).then(|| asid.into_owned())
}

/// The control act's own checks; then what the question is in.
fn read_control_act<'t, 'a>(wrapper: Node<'t, 'a>, faults: &mut Faults) -> Option<Node<'t, 'a>> {
    if count(wrapper, "ControlActEvent") != 1 {
        faults.wrapper("INVALID_CONTROL_ACT", "");
    }
    let act = wrapper.child("ControlActEvent");
    let systems: Vec<Node> = act.into_iter().flat_map(|act| act.named("author1")).collect();
    let asid = match systems.as_slice() {
        [system] => {
            at(*system, &["AgentSystemSDS", "agentSystemSDS"]).and_then(|device| envelope::id_of(device, SYSTEM_ROOT))
        }
        _ => None,
    };
    if asid.is_none() {
        faults.missing("author1");
    }
    act.and_then(|act| at(act, &["subject", "CP-ISQueryStub"]))
}

fn read_number(query: Option<Node>, faults: &mut Faults) -> Option<NhsNumber> {
    let parameter = "NHS Number";
    let values: Vec<Node> = query
        .into_iter()
        .flat_map(|query| query.named("queryByParameter"))
        .flat_map(|parameters| parameters.named("person.NHSnumber"))
        .flat_map(|person| person.named("value"))
        .collect();
    let [only] = values.as_slice() else {
        if values.is_empty() {
            faults.missing(parameter);
        } else {
            faults.invalid(parameter, "there are several");
        }
        return None;
    };
    let Some(text) = only.attribute("extension").and_then(filled) else {
        faults.missing(parameter);
        return None;
    };
    let why = match text.parse() {
        Ok(number) => return Some(number),
        Err(NhsNumberError::OldStyle) => "it is an old-style number",
        Err(NhsNumberError::CheckDigit) => "its check digit is wrong",
        Err(NhsNumberError::AllSame) => "one digit ten times is no number",
        Err(_) => "it has not ten digits",
    };
    faults.invalid(parameter, why);
    None
}

/// A question that says nothing about the care counts as an access: the authority is told (spec/hl7v3.md 7, assumed there).
const UNSAID: Declared = Declared::Unscheduled;

/// What is said about the care, wherever it stands in the question: its place is not known for certain (spec/hl7v3.md 7).
fn read_access(query: Option<Node>, faults: &mut Faults) -> Option<Declared> {
    let mut found = Vec::new();
    if let Some(query) = query {
        collect(query, &mut found);
    }
    let mut declared = None;
    for node in found {
        let said = value(node, &[], "value").or_else(|| value(node, &["value"], "value"));
        let said = said.or_else(|| filled(Cow::Borrowed(node.text())));
        let this = match said.as_deref() {
            Some("false" | "0") => Declared::Scheduled,
            Some("true" | "1") => Declared::Unscheduled,
            _ => {
                faults.invalid("accessEventType", "true or false is expected");
                return None;
            }
        };
        if declared.is_some_and(|declared| declared != this) {
            faults.invalid("accessEventType", "it contradicts itself");
            return None;
        }
        declared = Some(this);
    }
    Some(declared.unwrap_or(UNSAID))
}

/// How deep they nest is limited when the message is read.
fn collect<'t, 'a>(node: Node<'t, 'a>, found: &mut Vec<Node<'t, 'a>>) {
    for child in node.children() {
        if child.name() == "accessEventType" && child.is_known_space() {
            found.push(child);
        } else {
            collect(child, found);
        }
    }
}
