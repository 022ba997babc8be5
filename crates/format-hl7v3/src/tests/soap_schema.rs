//! What the schemas allow in the messages of the query (spec/hl7v3.md 3, 4.3, 4.4, 5 and 7), and a checker that holds a message
//! of ours against it: elements, their order and number, attributes, values.

use crate::Mode;
use crate::dates::{is_timestamp, plan};
use crate::names::{
    ASSIGNED_AUTHOR, CHILD, CONTENT_ROOT, INTERACTION_ROOT, JOB_ROLE_SYSTEM, NUMBER_ROOT, ORGANISATION_ROOT,
    REASON_SYSTEM, ROLE_PROFILE_ROOT, SITE_ROOT, SYSTEM, SYSTEM_ROOT, UNBORN, USER_ROOT, content_matches,
};
use crate::schema::{Class, Part};
use crate::soap::{ACKNOWLEDGEMENT, FAILURE, QUERY, REPLY_BYTES_MAX, RESPONSE, action};
use crate::strict::{Report, check};
use crate::tree::{Node, Tree};
use crate::xml::{Space, Token, Tokens};
use cpis_model::Uuid;
use cpis_model::nhs_number::NhsNumber;

type Choices = &'static [(&'static str, &'static Class)];

const fn value(sent: &'static [&'static str]) -> Class {
    Class { sent, required: sent, tolerated: &[], parts: &[], text: false }
}

/// Elements, and attributes that travel.
const fn with(sent: &'static [&'static str], parts: &'static [Part]) -> Class {
    Class { sent, required: sent, tolerated: &[], parts, text: false }
}

const fn holder(parts: &'static [Part]) -> Class {
    with(&[], parts)
}

const fn one(choices: Choices) -> Part {
    Part { choices, min: 1, max: 1 }
}

const fn some(choices: Choices, min: usize, max: usize) -> Part {
    Part { choices, min, max }
}

const MANY: usize = usize::MAX;

static TEXT: Class = Class { sent: &[], required: &[], tolerated: &[], parts: &[], text: true };
static VALUE: Class = value(&["value"]);
static CODE: Class = value(&["code"]);
static ROOT: Class = value(&["root"]);
static EXTENSION: Class = value(&["extension"]);
static ID: Class = value(&["root", "extension"]);
static CODED: Class = value(&["code", "codeSystem", "displayName"]);
static TELECOM: Class = value(&["value", "use"]);
const CONTENT: Part = Part { choices: &[("contentId", &ID)], min: 1, max: 1 };

static STAFF_NAME: Class = Class {
    sent: &["use"],
    required: &[],
    tolerated: &[],
    parts: &[some(&[("prefix", &TEXT)], 0, 1), some(&[("given", &TEXT)], 0, MANY), one(&[("family", &TEXT)])],
    text: false,
};
static PLACE: Class = holder(&[one(&[("id", &ID)]), one(&[("name", &TEXT)])]);
static PERSON: Class = holder(&[one(&[("name", &STAFF_NAME)])]);
static AUTHOR_CLASS: Class = holder(&[
    one(&[("code", &CODED)]),
    some(&[("id", &ID)], 1, 2),
    one(&[("assignedAuthorPerson", &PERSON)]),
    one(&[("representedOrganization", &PLACE)]),
]);
static ENTITY: Class = holder(&[one(&[("code", &CODED)]), one(&[("assignedPerson", &PERSON)])]);
static AUTHORITY: Class = holder(&[one(&[("superiorAssignedEntity", &ENTITY)])]);
static SYSTEM_CLASS: Class = holder(&[
    one(&[("id", &ID)]),
    some(&[("indirectAuthority", &AUTHORITY)], 0, MANY),
    one(&[("maintainingOrganization", &PLACE)]),
]);
static AUTHOR: Class = holder(&[CONTENT, one(&[(ASSIGNED_AUTHOR, &AUTHOR_CLASS), (SYSTEM, &SYSTEM_CLASS)])]);
static NUMBER: Class = holder(&[one(&[("value", &EXTENSION)])]);
static CARE: Class = holder(&[one(&[("value", &VALUE)])]);
static PARAMETERS: Class = holder(&[some(&[("accessEventType", &CARE)], 0, 1), one(&[("person.NHSnumber", &NUMBER)])]);
static NHS_QUERY: Class = holder(&[
    one(&[("effectiveTime", &VALUE)]),
    one(&[("id", &ROOT)]),
    one(&[("author", &AUTHOR)]),
    one(&[("queryByParameter", &PARAMETERS)]),
]);
static STUB: Class = holder(&[one(&[("cP-ISNHSQuery", &NHS_QUERY)])]);

static TOTAL: Class = holder(&[one(&[("value", &VALUE)])]);
static ACCESS_TOTAL: Class = holder(&[one(&[("pertinentTotalReturnedAccessRecords", &TOTAL)])]);
static CHILD_TOTAL: Class = holder(&[one(&[("pertinentTotalReturnedChildRecords", &TOTAL)])]);
static ACCESS: Class = holder(&[one(&[("pertinentCP-ISNHSQuery", &NHS_QUERY)])]);
static CHILD_NAME: Class = holder(&[one(&[("given", &TEXT)]), one(&[("family", &TEXT)])]);
static CHILD_PERSON: Class = holder(&[one(&[("birthTime", &VALUE)]), one(&[("name", &CHILD_NAME)])]);
static CHILD_CLASS: Class = holder(&[some(&[("id", &ID)], 1, 2), one(&[("childPerson", &CHILD_PERSON)])]);
static MOTHER: Class = holder(&[some(&[("id", &ID)], 1, 2)]);
static MOTHER_PERSON: Class =
    holder(&[one(&[("birthTime", &VALUE)]), one(&[("name", &CHILD_NAME)]), one(&[("playedMother", &MOTHER)])]);
static UNBORN_CLASS: Class = holder(&[one(&[("parentMotherPerson", &MOTHER_PERSON)])]);
static SUBJECT: Class = holder(&[CONTENT, one(&[(UNBORN, &UNBORN_CLASS), (CHILD, &CHILD_CLASS)])]);
static DATE: Class = holder(&[one(&[("value", &VALUE)])]);

macro_rules! plan {
    ($name:ident, $start:literal, $end:literal, $ends:literal) => {
        static $name: Class = {
            static START: Class = holder(&[one(&[($start, &DATE)])]);
            static END: Class = holder(&[one(&[($end, &DATE)])]);
            holder(&[one(&[("component", &START)]), some(&[("component1", &END)], $ends, 1)])
        };
    };
}
plan!(LOOKED_AFTER, "lACStartDate", "lACEndDate", 0);
plan!(CHILD_PROTECTION, "cPPStartDate", "cPPEndDate", 0);
plan!(UNBORN_PLAN, "uCPStartDate", "uCPEndDate", 1);
static PLAN: Class = holder(&[
    CONTENT,
    one(&[
        ("COCT_TP146103GB01.LACInformation", &LOOKED_AFTER),
        ("COCT_TP146104GB01.UCPInformation", &UNBORN_PLAN),
        ("COCT_TP146105GB01.CPPInformation", &CHILD_PROTECTION),
    ]),
]);
static ORGANISATION: Class =
    holder(&[one(&[("id", &ID)]), one(&[("name", &TEXT)]), some(&[("telecom", &TELECOM)], 1, 2)]);
static SENDER: Class = holder(&[one(&[("organisation", &ORGANISATION)])]);
static CP_IS_RECORD: Class =
    holder(&[some(&[("pertinentInformation15", &PLAN)], 1, 3), some(&[("subject", &SUBJECT)], 1, 2)]);
static RECORD: Class = holder(&[one(&[("communicationFunctionSnd", &SENDER)]), one(&[("CP-ISRecord", &CP_IS_RECORD)])]);
static RECORD_ACT: Class = holder(&[some(&[("record", &RECORD)], 1, MANY)]);
static RECORDS: Class = holder(&[one(&[("pertinentCP-ISRecordControlAct", &RECORD_ACT)])]);
static FOUND: Class = holder(&[
    one(&[("effectiveTime", &VALUE)]),
    one(&[("id", &ROOT)]),
    one(&[("pertinentInformation11", &ACCESS_TOTAL)]),
    one(&[("pertinentInformation12", &CHILD_TOTAL)]),
    some(&[("pertinentInformation13", &ACCESS)], 0, MANY),
    some(&[("pertinentInformation14", &RECORDS)], 1, MANY),
]);

static DEVICE: Class = with(&["classCode", "determinerCode"], &[one(&[("id", &ID)])]);
static FUNCTION: Class = with(&["typeCode"], &[one(&[("device", &DEVICE)])]);
static AGENT: Class = with(&["classCode"], &[one(&[("agentSystemSDS", &DEVICE)])]);
static ACT_AUTHOR: Class = with(&["typeCode"], &[one(&[("AgentSystemSDS", &AGENT)])]);
static REASON_CODE: Class = with(&["code", "codeSystem", "displayName"], &[one(&[("qualifier", &CODE)])]);
static ISSUE: Class = with(&["classCode", "moodCode"], &[one(&[("code", &REASON_CODE)])]);
static REASON: Class = with(&["typeCode"], &[one(&[("justifyingDetectedIssueEvent", &ISSUE)])]);
static QUERY_ACK: Class = with(&["type"], &[one(&[("queryResponseCode", &CODE)])]);
static MESSAGE: Class = holder(&[one(&[("id", &ROOT)])]);
static ACKNOWLEDGES: Class = with(&["typeCode"], &[one(&[("messageRef", &MESSAGE)])]);

static ASKED: Class = with(&["typeCode"], &[one(&[("CP-ISQueryStub", &STUB)])]);
static ANSWERED: Class = with(&["typeCode"], &[one(&[("CP-ISNHSQueryResponse", &FOUND)])]);

const ACT: &[&str] = &["classCode", "moodCode"];
static QUERY_ACT: Class = with(ACT, &[one(&[("author1", &ACT_AUTHOR)]), one(&[("subject", &ASKED)])]);
static RESPONSE_ACT: Class =
    with(ACT, &[one(&[("author1", &ACT_AUTHOR)]), one(&[("subject", &ANSWERED)]), one(&[("queryAck", &QUERY_ACK)])]);
static FAILURE_ACT: Class = with(
    ACT,
    &[one(&[("author1", &ACT_AUTHOR)]), some(&[("reason", &REASON)], 1, MANY), one(&[("queryAck", &QUERY_ACK)])],
);
static ACKNOWLEDGEMENT_ACT: Class =
    with(ACT, &[one(&[("author1", &ACT_AUTHOR)]), some(&[("reason", &REASON)], 1, MANY)]);

macro_rules! wrapper {
    ($name:ident, $act:ident, $acknowledges:literal) => {
        static $name: Class = holder(&[
            one(&[("id", &ROOT)]),
            one(&[("creationTime", &VALUE)]),
            one(&[("versionCode", &CODE)]),
            one(&[("interactionId", &ID)]),
            one(&[("processingCode", &CODE)]),
            one(&[("processingModeCode", &CODE)]),
            one(&[("acceptAckCode", &CODE)]),
            some(&[("acknowledgement", &ACKNOWLEDGES)], $acknowledges, $acknowledges),
            one(&[("communicationFunctionRcv", &FUNCTION)]),
            one(&[("communicationFunctionSnd", &FUNCTION)]),
            one(&[("ControlActEvent", &$act)]),
        ]);
    };
}
wrapper!(QUERY_CLASS, QUERY_ACT, 0);
wrapper!(RESPONSE_CLASS, RESPONSE_ACT, 0);
wrapper!(FAILURE_CLASS, FAILURE_ACT, 1);
wrapper!(ACKNOWLEDGEMENT_CLASS, ACKNOWLEDGEMENT_ACT, 1);

static FROM: Class = holder(&[one(&[("Address", &TEXT)])]);
static HEADER_OF_QUERY: Class = holder(&[
    one(&[("MessageID", &TEXT)]),
    one(&[("Action", &TEXT)]),
    one(&[("To", &TEXT)]),
    one(&[("From", &FROM)]),
    one(&[("ReplyTo", &FROM)]),
    one(&[("communicationFunctionRcv", &FUNCTION)]),
    one(&[("communicationFunctionSnd", &FUNCTION)]),
]);
static HEADER_OF_ANSWER: Class = holder(&[
    one(&[("MessageID", &TEXT)]),
    one(&[("Action", &TEXT)]),
    one(&[("To", &TEXT)]),
    one(&[("From", &FROM)]),
    one(&[("communicationFunctionRcv", &FUNCTION)]),
    one(&[("communicationFunctionSnd", &FUNCTION)]),
    one(&[("RelatesTo", &TEXT)]),
]);

/// The tree of a message, each element in the namespace that it must be in: no leniency.
fn tree(document: &[u8]) -> Tree<'_> {
    let mut tokens = Tokens::new(document).unwrap();
    let mut tree = Tree::new();
    loop {
        match tokens.next().unwrap() {
            Token::Open(element) => {
                let space = match element.name {
                    "Envelope" | "Header" | "Body" | "Fault" => Space::Soap,
                    "MessageID" | "Action" | "To" | "From" | "ReplyTo" | "Address" | "RelatesTo" => Space::Addressing,
                    "faultcode" | "faultstring" | "detail" => Space::Absent,
                    "errorList" | "error" | "codeContext" | "errorCode" | "severity" | "location" | "description" => {
                        Space::Other
                    }
                    "contentId" => Space::Localisation,
                    _ => Space::Hl7,
                };
                tree.open(element, element.space == space, tokens.attributes());
            }
            Token::Close => tree.close(),
            Token::Text(text) => tree.text(text),
            Token::End => return tree,
        }
    }
}

/// Holds a message of ours against the schemas.
pub(super) fn check_soap(document: &[u8]) {
    assert!(document.len() < REPLY_BYTES_MAX);
    let tree = tree(document);
    let mut faults = Vec::new();
    let envelope = tree.root().unwrap();
    assert!(envelope.name() == "Envelope" && envelope.is_known_space());
    let body = envelope.child("Body").unwrap();
    let mut content = body.children().next().unwrap();
    assert!(content.is_known_space(), "{}", content.name());
    if content.name() == "Fault" {
        let names: Vec<&str> = content.children().map(Node::name).collect();
        assert_eq!(names, ["faultcode", "faultstring", "detail"]);
        assert!(envelope.child("Header").is_none());
        return;
    }
    let is_answer = content.name() == "CP-ISNHSQueryResponse";
    if is_answer {
        assert_eq!((content.children().count(), content.attributes().len()), (1, 0));
        content = content.children().next().unwrap();
    }
    let (class, header_class) = match content.name() {
        QUERY => (&QUERY_CLASS, &HEADER_OF_QUERY),
        RESPONSE => (&RESPONSE_CLASS, &HEADER_OF_ANSWER),
        FAILURE => (&FAILURE_CLASS, &HEADER_OF_ANSWER),
        ACKNOWLEDGEMENT => (&ACKNOWLEDGEMENT_CLASS, &HEADER_OF_ANSWER),
        other => panic!("{other}"),
    };
    assert_eq!(is_answer, content.name() != QUERY);
    let header = envelope.child("Header").unwrap();
    for (node, class) in [(header, header_class), (content, class)] {
        let mut report = Report::default();
        check(node, class, Mode::Strict, &mut report);
        faults.extend(report.0.into_iter().map(|(violation, place)| format!("{violation:?} {place}")));
        values(node, &mut faults);
    }
    let said = |name: &'static str| header.child(name).unwrap().text();
    let id = content.child("id").unwrap().attribute("root").unwrap();
    assert_eq!(said("MessageID"), format!("uuid:{id}"));
    assert_eq!(said("Action"), action(content.name()));
    let interaction = content.child("interactionId").unwrap();
    assert_eq!(interaction.attribute("root").unwrap(), INTERACTION_ROOT);
    assert_eq!(interaction.attribute("extension").unwrap(), content.name());
    assert_eq!(faults, Vec::<String>::new());
}

/// The rules for what attributes and texts say (spec/hl7v3.md 1.3).
fn values(node: Node, faults: &mut Vec<String>) {
    let of = |name: &str| node.attribute(name).unwrap_or_default();
    let (root, extension, value) = (of("root"), of("extension"), of("value"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = |text: &str| digits(text) && text.parse::<NhsNumber>().is_ok();
    let around = node.parent().map_or("", Node::name);
    let name = node.name();
    let good = match (name, around) {
        ("effectiveTime" | "creationTime", _) => is_timestamp(&value) && value.ends_with("+0000"),
        ("birthTime", _) => is_timestamp(&value) && value.len() == 8,
        ("contentId", _) => root == CONTENT_ROOT,
        ("id", ASSIGNED_AUTHOR) => [USER_ROOT, ROLE_PROFILE_ROOT].contains(&&*root),
        ("id", SYSTEM | "device" | "agentSystemSDS") => {
            root == SYSTEM_ROOT && extension.len() == 12 && digits(&extension)
        }
        ("id", "representedOrganization" | "maintainingOrganization" | "organisation") => {
            [ORGANISATION_ROOT, SITE_ROOT].contains(&&*root)
        }
        ("id", CHILD | "playedMother") => root == NUMBER_ROOT && is_number(&extension),
        ("id", _) => root.parse::<Uuid>().is_ok_and(|id| format!("{id:X}") == root),
        ("value", "person.NHSnumber") => is_number(&extension),
        ("value", "accessEventType") => matches!(&*value, "true" | "false"),
        ("value", _) if around.starts_with("pertinentTotal") => value.parse::<u64>().is_ok(),
        ("value", _) => plan(&value, Mode::Strict).is_some(),
        ("telecom", _) => value.strip_prefix("tel:").is_some_and(digits) && matches!(&*of("use"), "EC" | "WP"),
        ("code", "justifyingDetectedIssueEvent") => of("codeSystem") == REASON_SYSTEM,
        ("code", _) => of("codeSystem") == JOB_ROLE_SYSTEM,
        ("author" | "subject" | "pertinentInformation15", _) if node.child("contentId").is_some() => {
            let names: Vec<&str> = node.children().map(Node::name).collect();
            let content = node.child("contentId").and_then(|own| own.attribute("extension")).unwrap_or_default();
            matches!(names.as_slice(), ["contentId", name] if content_matches(&content, name))
        }
        ("prefix" | "given" | "family", _) => !node.text().trim().is_empty(),
        ("name", "representedOrganization" | "maintainingOrganization" | "organisation") => {
            !node.text().trim().is_empty()
        }
        _ => true,
    };
    if !good {
        faults.push(format!("{name} in {around}: {root} {extension} {value} {}", node.text()));
    }
    node.children().for_each(|child| values(child, faults));
}
