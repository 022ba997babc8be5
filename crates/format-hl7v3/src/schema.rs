//! What the schema of the upload allows (spec/hl7v3.md 4.1, 5.3 to 5.5): elements in order, attributes, text. The strict
//! reader checks by it and rejected records are written by it.

use crate::names::{CHILD, UNBORN};

/// An element's content.
pub(crate) struct Class {
    /// Attributes that travel.
    pub sent: &'static [&'static str],
    /// Of these, the ones without which the element says nothing, where no other check tells so.
    pub required: &'static [&'static str],
    /// Attributes that may stand there and are never sent.
    pub tolerated: &'static [&'static str],
    /// Elements in order.
    pub parts: &'static [Part],
    /// Whether it has text.
    pub text: bool,
}

/// One place among an element's elements.
pub(crate) struct Part {
    /// The names that may stand there, one or the other.
    pub choices: &'static [(&'static str, &'static Class)],
    /// Fewest, where no other check tells of its absence.
    pub min: usize,
    /// Most.
    pub max: usize,
}

impl Class {
    /// The place of an element of this name.
    pub fn part(&self, name: &str) -> Option<(usize, &'static Class)> {
        self.parts.iter().enumerate().find_map(|(place, part)| {
            part.choices.iter().find(|(own, _)| *own == name).map(|(_, class)| (place, *class))
        })
    }
}

const fn value(sent: &'static [&'static str], required: &'static [&'static str]) -> Class {
    Class { sent, required, tolerated: &[], parts: &[], text: false }
}

const fn class(parts: &'static [Part]) -> Class {
    Class { sent: &[], required: &[], tolerated: &["nullFlavor", "updateMode"], parts, text: false }
}

const fn part(choices: &'static [(&'static str, &'static Class)], max: usize) -> Part {
    Part { choices, min: 0, max }
}

static TEXT: Class = Class { sent: &[], required: &[], tolerated: &[], parts: &[], text: true };
static VALUE: Class = value(&["value"], &[]);
static EXTENSION: Class = value(&["extension"], &[]);
static ORGANISATION_ID: Class = value(&["root", "extension"], &["root"]);
static PERSON_ID: Class = value(&["root", "extension", "assigningAuthorityName"], &["root", "extension"]);
static CONTENT_ID: Class = value(&["root", "extension"], &["root", "extension"]);
static TELECOM: Class = value(&["value", "use"], &["value", "use"]);
const CONTENT: Part = Part { choices: &[("contentId", &CONTENT_ID)], min: 1, max: 1 };

static NAME: Class = Class {
    sent: &[],
    required: &[],
    tolerated: &[],
    parts: &[part(&[("given", &TEXT)], 1), part(&[("family", &TEXT)], 1)],
    text: false,
};
static CHILD_PERSON: Class = class(&[part(&[("birthTime", &VALUE)], 1), part(&[("name", &NAME)], 1)]);
static CHILD_CLASS: Class = class(&[part(&[("id", &PERSON_ID)], 2), part(&[("childPerson", &CHILD_PERSON)], 1)]);
static MOTHER: Class = class(&[part(&[("id", &PERSON_ID)], 2)]);
static MOTHER_PERSON: Class =
    class(&[part(&[("birthTime", &VALUE)], 1), part(&[("name", &NAME)], 1), part(&[("playedMother", &MOTHER)], 1)]);
static UNBORN_CLASS: Class = class(&[part(&[("parentMotherPerson", &MOTHER_PERSON)], 1)]);
static SUBJECT: Class = class(&[CONTENT, part(&[(UNBORN, &UNBORN_CLASS), (CHILD, &CHILD_CLASS)], 1)]);

static DATE: Class = class(&[part(&[("value", &VALUE)], 1)]);

macro_rules! plan {
    ($name:ident, $start:literal, $end:literal, $delete:literal) => {
        static $name: Class = {
            static START: Class = class(&[part(&[($start, &DATE)], 1)]);
            static END: Class = class(&[part(&[($end, &DATE)], 1)]);
            static DELETE: Class = class(&[part(&[($delete, &DATE)], 1)]);
            class(&[
                part(&[("component", &START)], 1),
                part(&[("component1", &END)], 1),
                part(&[("component2", &DELETE)], 1),
            ])
        };
    };
}
plan!(LOOKED_AFTER, "lACStartDate", "lACEndDate", "lACDeleteDate");
plan!(CHILD_PROTECTION, "cPPStartDate", "cPPEndDate", "cPPDeleteDate");
plan!(UNBORN_PLAN, "uCPStartDate", "uCPEndDate", "uCPDeleteDate");

static PERTINENT: Class = class(&[
    CONTENT,
    part(
        &[
            ("COCT_TP146100GB01.LACInformation", &LOOKED_AFTER),
            ("COCT_TP146101GB01.CPPInformation", &CHILD_PROTECTION),
            ("COCT_TP146102GB01.UCPInformation", &UNBORN_PLAN),
        ],
        1,
    ),
]);

/// What stands in `CP-ISRecord`, and in `invalidCP-ISRecord` of an acknowledgement.
pub(crate) static CP_IS_RECORD: Class =
    class(&[part(&[("pertinentInformation", &PERTINENT)], 3), part(&[("subject", &SUBJECT)], 2)]);

/// A record.
pub(crate) static RECORD: Class = class(&[part(&[("CP-ISRecord", &CP_IS_RECORD)], 1)]);

static ORGANISATION: Class =
    class(&[part(&[("id", &ORGANISATION_ID)], 1), part(&[("name", &TEXT)], 1), part(&[("telecom", &TELECOM)], 2)]);
static SENDER: Class = class(&[part(&[("organisation", &ORGANISATION)], 1)]);

/// A file without its records.
pub(crate) static FILE: Class = class(&[
    part(&[("creationTime", &VALUE)], 1),
    part(&[("id", &EXTENSION)], 1),
    part(&[("transmissionQuantity", &VALUE)], 1),
    part(&[("communicationFunctionSnd", &SENDER)], 1),
]);

/// Whether an element of this name says something of a plan or a person: standing where it does not belong it must not be
/// read past, whoever reads.
pub(crate) fn is_weighty(name: &str) -> bool {
    name.starts_with("COCT_TP14")
        || matches!(name, "record" | "CP-ISRecord" | "pertinentInformation" | "subject" | "birthTime")
        || ["cPP", "lAC", "uCP"].iter().any(|kind| name.starts_with(kind) && name.ends_with("Date"))
}
