//! Reads what a question was answered with: a record, none, or something that says neither (spec/hl7v3.md 3.4 and 8.3).
//!
//! Real answers break the schema (1.1): a name with its family first, a child without an id, several accesses in one element.
//! What is understood without doubt is taken. What is doubtful is never "no record".

use super::authors::read_name;
use super::envelope::{self, Message, at, filled, id_of, value};
use super::fault::{NOT_FOUND_CODES, Reason};
use super::{ACKNOWLEDGEMENT, FAILURE, REPLY_BYTES_MAX, RESPONSE};
use crate::Mode;
use crate::dates;
use crate::names::{ASSIGNED_AUTHOR, CHILD, NUMBER_ROOT, SYSTEM, UNBORN, answer_element, template};
use crate::tree::Node;
use cpis_model::name::PersonName;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::organisation::Phone;
use cpis_model::plan::PlanKind;
use cpis_model::{Date, Timestamp, Uuid};
use std::borrow::Cow;
use std::fmt;

/// Most accesses that are read.
const ACCESSES_MAX: usize = 1000;
/// Longest text that is kept, in characters.
const TEXT_CHARS_MAX: usize = 200;

/// What a question was answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A record is held.
    Found {
        /// Its plans; there is one at least.
        plans: Vec<FoundPlan>,
        /// Who looked before, oldest first.
        accesses: Vec<FoundAccess>,
    },
    /// No record is held.
    NotFound,
    /// The question was not answered, for these reasons.
    Failed(Vec<Reason>),
    /// A fault of SOAP.
    Fault {
        /// The service's code.
        code: String,
        /// In words.
        text: String,
        /// Whether the fault is the service's and not the question's.
        is_server: bool,
    },
}

/// A plan with its person and its authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPlan {
    /// Its kind.
    pub kind: PlanKind,
    /// Its first day, where it can be read.
    pub start: Option<Date>,
    /// Its last day, or the day on which an unborn child is due.
    pub end: Option<Date>,
    /// The child, or the mother of an unborn child.
    pub person: FoundPerson,
    /// ODS code of the authority.
    pub authority: String,
    /// The authority's name.
    pub authority_name: String,
    /// The emergency duty team's number.
    pub emergency: Option<Phone>,
    /// The office's number.
    pub office: Option<Phone>,
}

/// The person of a plan. `Debug` shows nothing of them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct FoundPerson {
    /// NHS number; real answers may leave it out.
    pub number: Option<NhsNumber>,
    /// Name.
    pub name: PersonName,
    /// Date of birth, where it can be read.
    pub birth: Option<Date>,
}

impl fmt::Debug for FoundPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FoundPerson(…)")
    }
}

/// An earlier access. `Debug` shows no name.
#[derive(Clone, PartialEq, Eq)]
pub struct FoundAccess {
    /// Id of its query.
    pub id: Option<Uuid>,
    /// When, where it can be read.
    pub at: Option<Timestamp>,
    /// The member of staff, or who answers for the system; empty where it is not said.
    pub name: String,
    /// Their job role.
    pub role: String,
    /// Whether a system looked without a person at it.
    pub by_system: bool,
    /// ODS code of the place.
    pub place: String,
    /// Name of the place.
    pub place_name: String,
}

impl fmt::Debug for FoundAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FoundAccess(at {})", self.place)
    }
}

/// Why an answer is none. The words hold nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplyFault {
    /// It cannot be read.
    Unreadable(Cow<'static, str>),
    /// It is the answer to another question.
    OtherQuestion,
    /// It is about another number.
    OtherNumber,
}

/// Reads an answer to the question with this id about this number.
pub fn decode_reply(bytes: &[u8], question: Uuid, number: NhsNumber) -> Result<Reply, ReplyFault> {
    let tree = envelope::read(bytes, REPLY_BYTES_MAX)
        .map_err(|broken| ReplyFault::Unreadable(Cow::Owned(format!("{}: {}", broken.place, broken.text))))?;
    let message = envelope::open(&tree).map_err(|(text, _)| unreadable(text))?;
    let content = message.content;
    if content.name() == "Fault" && content.is_known_space() {
        return Ok(read_fault(content));
    }
    let is_interaction =
        |node: &Node| node.is_known_space() && matches!(node.name(), RESPONSE | FAILURE | ACKNOWLEDGEMENT);
    // One simulator leaves the outer element out.
    let outer = content.is_known_space() && content.name() == "CP-ISNHSQueryResponse";
    let mut interactions: Vec<Node> = if outer { content.children().collect() } else { vec![content] };
    interactions.retain(is_interaction);
    let [interaction] = interactions.as_slice() else { return Err(unreadable("it is no answer to a query")) };
    check_relation(&message, *interaction, question)?;
    let act = interaction.child("ControlActEvent").ok_or(unreadable("it has no control act"))?;
    match interaction.name() {
        RESPONSE => read_found(act, number),
        FAILURE => read_failure(act),
        _ => Ok(Reply::Failed(read_reasons(act))),
    }
}

fn unreadable(text: &'static str) -> ReplyFault {
    ReplyFault::Unreadable(Cow::Borrowed(text))
}

/// Where the answer says which question it belongs to, it must be this one.
fn check_relation(message: &Message, interaction: Node, question: Uuid) -> Result<(), ReplyFault> {
    let related = message.said("RelatesTo").map(|text| text.rsplit(':').next().unwrap_or_default().to_owned());
    let acknowledged = value(interaction, &["acknowledgement", "messageRef", "id"], "root").map(Cow::into_owned);
    let is_ours = |text: &String| text.trim().parse::<Uuid>().is_ok_and(|id| id == question);
    if related.iter().chain(&acknowledged).all(is_ours) { Ok(()) } else { Err(ReplyFault::OtherQuestion) }
}

fn response_code<'a>(act: Node<'_, 'a>) -> Option<Cow<'a, str>> {
    value(act, &["queryAck", "queryResponseCode"], "code")
}

fn read_failure(act: Node) -> Result<Reply, ReplyFault> {
    let reasons = read_reasons(act);
    let says_none = |reason: &Reason| {
        NOT_FOUND_CODES.contains(&&*reason.code) || reason.text.eq_ignore_ascii_case("no records found")
    };
    let code = response_code(act);
    if at(act, &["subject"]).is_some() || code.as_deref() == Some("OK") {
        return Err(unreadable("it says that nothing was found, and that something was"));
    }
    match (reasons.is_empty(), code.as_deref()) {
        (true, Some("NF")) => Ok(Reply::NotFound),
        (false, _) if reasons.iter().all(says_none) => Ok(Reply::NotFound),
        _ => Ok(Reply::Failed(reasons)),
    }
}

fn read_reasons(act: Node) -> Vec<Reason> {
    let codes = act.named("reason").filter_map(|reason| at(reason, &["justifyingDetectedIssueEvent", "code"]));
    let said = |code: Node, attribute| Cow::Owned(short(&code.attribute(attribute).unwrap_or_default()));
    codes.take(50).map(|code| Reason { code: said(code, "code"), text: said(code, "displayName") }).collect()
}

/// A text in one line, up to a length.
fn short(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().filter(|c| !c.is_control()).take(TEXT_CHARS_MAX).collect()
}

fn read_fault(fault: Node) -> Reply {
    let said = |name| fault.child(name).map(Node::text).unwrap_or_default();
    let error = fault.child("detail").and_then(|detail| at(detail, &["errorList", "error"]));
    let code = error.and_then(|error| error.child("errorCode")).map(Node::text).unwrap_or_default();
    let is_server = said("faultcode").trim().ends_with("Server");
    Reply::Fault { code: short(code), text: short(said("faultstring")), is_server }
}

fn read_found(act: Node, number: NhsNumber) -> Result<Reply, ReplyFault> {
    if response_code(act).is_some_and(|code| code != "OK") {
        return Err(unreadable("it has a record, and says that it has none"));
    }
    let response =
        at(act, &["subject", "CP-ISNHSQueryResponse"]).ok_or(unreadable("it says OK, and has no content"))?;
    let mut plans = Vec::new();
    for record in response
        .named("pertinentInformation14")
        .flat_map(|holder| holder.named("pertinentCP-ISRecordControlAct"))
        .flat_map(|act| act.named("record"))
    {
        read_record(record, &mut plans)?;
    }
    if plans.is_empty() {
        return Err(unreadable("it says OK, and has no plan that can be read"));
    }
    if plans.iter().any(|plan| plan.person.number.is_some_and(|own| own != number)) {
        return Err(ReplyFault::OtherNumber);
    }
    let accesses = response.named("pertinentInformation13").flat_map(|holder| holder.named("pertinentCP-ISNHSQuery"));
    let accesses = accesses.take(ACCESSES_MAX).map(read_access).collect();
    Ok(Reply::Found { plans, accesses })
}

fn read_record(record: Node, plans: &mut Vec<FoundPlan>) -> Result<(), ReplyFault> {
    let organisation = at(record, &["communicationFunctionSnd", "organisation"]);
    let phone = |purpose: &str| {
        let of = |telecom: &Node| telecom.attribute("use").is_some_and(|own| own.trim() == purpose);
        let telecom = organisation?.named("telecom").find(of)?;
        telecom.attribute("value")?.parse::<Phone>().ok()
    };
    let inner = record.child("CP-ISRecord").ok_or(unreadable("a record is empty"))?;
    let people = |name| inner.named("subject").find_map(|subject| subject.child(name));
    let (child, unborn) = (people(CHILD), people(UNBORN));
    for holder in inner.named("pertinentInformation15") {
        for node in holder.children().filter(|node| node.is_known_space()) {
            let Some(kind) = kind_of(node.name()) else { continue };
            let person = match kind {
                PlanKind::Unborn => read_mother(unborn.or(child)),
                PlanKind::ChildProtection | PlanKind::LookedAfter => read_child(child),
            };
            let names = template(kind);
            let day = |holder, name| {
                let text = value(node, &[holder, name, "value"], "value")?;
                dates::plan(&text, Mode::Lenient)
            };
            plans.push(FoundPlan {
                kind,
                start: day("component", names.start),
                end: day("component1", names.end),
                person,
                authority: organisation
                    .and_then(|own| value(own, &["id"], "extension"))
                    .map_or_else(String::new, |code| short(&code)),
                authority_name: short(
                    organisation.and_then(|own| own.child("name")).map(Node::text).unwrap_or_default(),
                ),
                emergency: phone("EC"),
                office: phone("WP"),
            });
        }
    }
    Ok(())
}

/// The kind of plan that an element holds, also where it is named as in an upload.
fn kind_of(name: &str) -> Option<PlanKind> {
    PlanKind::ALL.into_iter().find(|kind| answer_element(*kind) == name || template(*kind).element == name)
}

fn read_child(node: Option<Node>) -> FoundPerson {
    let person = node.and_then(|node| node.child("childPerson"));
    read_person(person, node)
}

fn read_mother(node: Option<Node>) -> FoundPerson {
    let person = node.and_then(|node| node.child("parentMotherPerson"));
    read_person(person, person.and_then(|person| person.child("playedMother")))
}

fn read_person(person: Option<Node>, ids: Option<Node>) -> FoundPerson {
    let name = person.and_then(|person| person.child("name"));
    let part = |part: &'static str| {
        let all = name.into_iter().flat_map(|name| name.named(part)).map(Node::text);
        short(&all.collect::<Vec<_>>().join(" "))
    };
    let birth = person.and_then(|person| value(person, &["birthTime"], "value"));
    FoundPerson {
        number: ids.and_then(|ids| id_of(ids, NUMBER_ROOT)).and_then(|digits| digits.parse().ok()),
        name: PersonName::new(&part("given"), &part("family")),
        birth: birth.and_then(|text| dates::birth(&text)),
    }
}

fn read_access(node: Node) -> FoundAccess {
    let author = node.child("author");
    let person = author.and_then(|author| author.child(ASSIGNED_AUTHOR));
    let system = author.and_then(|author| author.child(SYSTEM));
    let answers = system.and_then(|system| at(system, &["indirectAuthority", "superiorAssignedEntity"]));
    let name = match person {
        Some(person) => at(person, &["assignedAuthorPerson", "name"]),
        None => answers.and_then(|own| at(own, &["assignedPerson", "name"])),
    };
    let role = person.or(answers).and_then(|own| value(own, &["code"], "displayName"));
    let place = person.and_then(|own| own.child("representedOrganization"));
    let place = place.or_else(|| system.and_then(|own| own.child("maintainingOrganization")));
    FoundAccess {
        id: value(node, &["id"], "root").and_then(|id| id.parse().ok()),
        at: value(node, &["effectiveTime"], "value").and_then(|text| dates::moment(&text)),
        name: short(&read_name(name)),
        role: short(&role.and_then(filled).unwrap_or_default()),
        by_system: system.is_some(),
        place: place.and_then(|own| value(own, &["id"], "extension")).map_or_else(String::new, |code| short(&code)),
        place_name: short(place.and_then(|own| own.child("name")).map(Node::text).unwrap_or_default()),
    }
}
