//! What the schema allows in the two notifications (spec/hl7v3.md 1, 4.5, 4.6, 5.1, 5.2 and 5.6), and a checker that holds a
//! document against it.

use crate::Mode;
use crate::dates::is_timestamp;
use crate::names::{
    ASSIGNED_AUTHOR, CONTENT_ROOT, INTENDED_RECIPIENT, JOB_ROLE_SYSTEM, LOCAL_ROOT, NUMBER_ROOT, ORGANISATION_ROOT,
    ROLE_PROFILE_ROOT, SITE_ROOT, SYSTEM, SYSTEM_ROOT, USER_ROOT, content_matches,
};
use crate::schema::{Class, Part};
use crate::strict::{Report, check};
use crate::tree::{Node, Tree};
use crate::xml::{Space, Token, Tokens};
use cpis_model::Uuid;
use cpis_model::nhs_number::NhsNumber;

type Choices = &'static [(&'static str, &'static Class)];

/// With attributes, all of which it needs.
const fn value(sent: &'static [&'static str]) -> Class {
    Class { sent, required: sent, tolerated: &[], parts: &[], text: false }
}

/// With elements. What may stand there and is never sent is not allowed.
const fn holder(parts: &'static [Part]) -> Class {
    Class { sent: &[], required: &[], tolerated: &[], parts, text: false }
}

const fn one(choices: Choices) -> Part {
    Part { choices, min: 1, max: 1 }
}

const fn part(choices: Choices, min: usize, max: usize) -> Part {
    Part { choices, min, max }
}

const MANY: usize = usize::MAX;

static TEXT: Class = Class { sent: &[], required: &[], tolerated: &[], parts: &[], text: true };
static VALUE: Class = value(&["value"]);
static ROOT: Class = value(&["root"]);
static EXTENSION: Class = value(&["extension"]);
static ID: Class = value(&["root", "extension"]);
static PERSON_ID: Class = Class {
    sent: &["root", "extension", "assigningAuthorityName"],
    required: &["root", "extension"],
    tolerated: &[],
    parts: &[],
    text: false,
};
static CODED: Class = value(&["code", "codeSystem", "displayName"]);
const CONTENT: Part = Part { choices: &[("contentId", &ID)], min: 1, max: 1 };

static NAME: Class = Class {
    sent: &["use"],
    required: &[],
    tolerated: &[],
    parts: &[part(&[("prefix", &TEXT)], 0, 1), part(&[("given", &TEXT)], 0, MANY), one(&[("family", &TEXT)])],
    text: false,
};
static ORGANISATION: Class = holder(&[one(&[("id", &ID)]), one(&[("name", &TEXT)])]);
static AUTHOR_PERSON: Class = holder(&[one(&[("name", &NAME)])]);
static AUTHOR_CLASS: Class = holder(&[
    one(&[("code", &CODED)]),
    part(&[("id", &ID)], 1, 2),
    one(&[("assignedAuthorPerson", &AUTHOR_PERSON)]),
    one(&[("representedOrganization", &ORGANISATION)]),
]);
static SYSTEM_CLASS: Class = holder(&[one(&[("id", &ID)]), one(&[("maintainingOrganization", &ORGANISATION)])]);
static AUTHOR: Class = holder(&[CONTENT, one(&[(ASSIGNED_AUTHOR, &AUTHOR_CLASS), (SYSTEM, &SYSTEM_CLASS)])]);

static PERSON: Class = holder(&[part(&[("value", &PERSON_ID)], 1, 2)]);
static PARAMETERS: Class = holder(&[one(&[("person.id", &PERSON)])]);
static QUERY: Class = holder(&[
    one(&[("effectiveTime", &VALUE)]),
    one(&[("id", &ROOT)]),
    one(&[("author", &AUTHOR)]),
    one(&[("queryByParameter", &PARAMETERS)]),
]);
static QUERY_HOLDER: Class = holder(&[one(&[("pertinentCP-ISNHSQuery", &QUERY)])]);
static UPLOAD: Class = holder(&[one(&[("value", &EXTENSION)])]);
static REFERENCE: Class = holder(&[one(&[("referredToLAUploadFile", &UPLOAD)])]);
static ACCESS: Class =
    holder(&[part(&[("pertinentInformation2", &QUERY_HOLDER)], 1, MANY), one(&[("reference", &REFERENCE)])]);
static ACCESS_HOLDER: Class = holder(&[one(&[("pertinentCP-ISRecordAccess", &ACCESS)])]);
static TOTAL: Class = holder(&[one(&[("value", &VALUE)])]);
static TOTAL_HOLDER: Class = holder(&[one(&[("pertinentTotalReturnedRecords", &TOTAL)])]);

static RECIPIENT_CLASS: Class = holder(&[one(&[("representedSourceOrganization", &ORGANISATION)])]);
static RECIPIENT: Class = holder(&[CONTENT, one(&[(INTENDED_RECIPIENT, &RECIPIENT_CLASS)])]);

/// Message 05.
static ACCESS_NOTIFICATION: Class = holder(&[
    one(&[("effectiveTime", &VALUE)]),
    one(&[("id", &ROOT)]),
    one(&[("pertinentInformation", &TOTAL_HOLDER)]),
    part(&[("pertinentInformation1", &ACCESS_HOLDER)], 0, MANY),
    one(&[("primaryInformationRecipient", &RECIPIENT)]),
]);

static NEW_VERSION: Class = holder(&[part(&[("id", &EXTENSION)], 1, 99_999)]);
static REPLACED: Class = holder(&[one(&[("newVersion", &NEW_VERSION)])]);
static SUBJECT_OF: Class = holder(&[one(&[("lAUploadFile", &UPLOAD)])]);
static PATIENT: Class = holder(&[
    part(&[("id", &PERSON_ID)], 1, 2),
    part(&[("replacedBy", &REPLACED)], 0, 1),
    one(&[("subjectOf", &SUBJECT_OF)]),
]);
static SUBJECT: Class = holder(&[one(&[("pDSInactivePatient", &PATIENT)])]);

/// Message 06.
static INACTIVE_NUMBERS: Class = holder(&[
    one(&[("effectiveTime", &VALUE)]),
    one(&[("id", &ROOT)]),
    one(&[("primaryInformationRecipient", &RECIPIENT)]),
    part(&[("subject", &SUBJECT)], 1, MANY),
]);

/// The tree of a document that is well formed, with namespaces as the strict reader wants them.
pub(super) fn tree(document: &[u8]) -> Tree<'_> {
    let mut tokens = Tokens::new(document).unwrap();
    let mut tree = Tree::new();
    loop {
        match tokens.next().unwrap() {
            Token::Open(element) => {
                let space = if element.name == "contentId" { Space::Localisation } else { Space::Hl7 };
                tree.open(element, element.space == space, tokens.attributes());
            }
            Token::Close => tree.close(),
            Token::Text(text) => tree.text(text),
            Token::End => return tree,
        }
    }
}

/// What is wrong with a document, a line for each.
pub(super) fn faults(document: &[u8]) -> Vec<String> {
    let tree = tree(document);
    let root = tree.root().unwrap();
    let class = match root.name() {
        "CP-ISAccessToServiceNotification" => &ACCESS_NOTIFICATION,
        "CP-ISInactiveNHSNumberNotification" => &INACTIVE_NUMBERS,
        other => return vec![format!("{other} is no notification")],
    };
    let mut report = Report::default();
    check(root, class, Mode::Strict, &mut report);
    let mut faults: Vec<String> = report.0.into_iter().map(|(violation, _)| format!("{violation:?}")).collect();
    values(root, &mut faults);
    faults
}

/// The rules of section 1 for what attributes and texts say.
fn values(node: Node, faults: &mut Vec<String>) {
    let of = |name: &str| node.attribute(name).unwrap_or_default();
    let (root, extension, value) = (of("root"), of("extension"), of("value"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let number = |text: &str| digits(text) && text.parse::<NhsNumber>().is_ok();
    let around = node.parent().map_or("", Node::name);
    let good = match (node.name(), around) {
        ("effectiveTime", _) => is_timestamp(&value) && value.ends_with("+0000") && value.len() == 19,
        ("contentId", _) => root == CONTENT_ROOT,
        (
            "id",
            "CP-ISAccessToServiceNotification" | "CP-ISInactiveNHSNumberNotification" | "pertinentCP-ISNHSQuery",
        ) => root.parse::<Uuid>().is_ok_and(|id| format!("{id:X}") == root),
        ("id", ASSIGNED_AUTHOR) => [USER_ROOT, ROLE_PROFILE_ROOT].contains(&&*root),
        ("id", SYSTEM) => root == SYSTEM_ROOT && extension.len() == 12 && digits(&extension),
        ("id", "representedOrganization" | "maintainingOrganization") => {
            [ORGANISATION_ROOT, SITE_ROOT].contains(&&*root)
        }
        ("id", "representedSourceOrganization") => root == ORGANISATION_ROOT,
        ("id", "newVersion") => number(&extension),
        ("id", "pDSInactivePatient") | ("value", "person.id") if root == NUMBER_ROOT => number(&extension),
        ("id", "pDSInactivePatient") | ("value", "person.id") => {
            root == LOCAL_ROOT && node.attribute("assigningAuthorityName").is_some_and(|name| name.contains(':'))
        }
        ("value", "pertinentTotalReturnedRecords") => value.parse::<u64>().is_ok(),
        ("value", "referredToLAUploadFile" | "lAUploadFile") => extension == "-1" || digits(&extension),
        ("code", _) => of("codeSystem") == JOB_ROLE_SYSTEM,
        ("author" | "primaryInformationRecipient", _) => {
            let names: Vec<&str> = node.children().map(Node::name).collect();
            let content = node.child("contentId").and_then(|own| own.attribute("extension")).unwrap_or_default();
            matches!(names.as_slice(), ["contentId", name] if content_matches(&content, name))
        }
        ("prefix" | "given" | "family", _) | ("name", "representedOrganization" | "maintainingOrganization") => {
            !node.text().trim().is_empty()
        }
        _ => true,
    };
    if !good {
        faults.push(format!("{}: {root} {extension} {value} {}", node.name(), node.text()));
    }
    node.children().for_each(|child| values(child, faults));
}

/// The first element at the end of these names.
pub(super) fn at<'t, 'a>(tree: &'t Tree<'a>, names: &[&'static str]) -> Node<'t, 'a> {
    names.iter().fold(tree.root().unwrap(), |node, name| node.child(name).unwrap())
}
