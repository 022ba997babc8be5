//! What real feeds send that is not as it should be: a table of what each deviation does to an arrival's message.

use super::draft::{Draft, Odd, TimeForm};

/// One kind of deviation.
pub struct Deviation {
    /// What it is called in summaries.
    pub name: &'static str,
    /// What it changes.
    pub apply: fn(&mut Draft),
}

/// The national number of a draft, as it is written in PID-3.
fn number(draft: &Draft) -> Option<String> {
    draft.identifiers.iter().find_map(|written| written.strip_suffix("^^^NHS^NH")).map(str::to_owned)
}

/// Writes the number with another label, or leaves it out.
fn relabel(draft: &mut Draft, written: impl Fn(&str) -> Option<String>) {
    let Some(number) = number(draft) else { return };
    draft.identifiers.retain(|one| !one.ends_with("^^^NHS^NH"));
    draft.identifiers.extend(written(&number));
}

fn spaced(number: &str) -> String {
    let part = |from, to| number.get(from..to).unwrap_or_default();
    format!("{} {} {}", part(0, 3), part(3, 6), part(6, 10))
}

/// A number whose last digit is another one.
fn wrong_digit(number: &str) -> String {
    let (start, last) = number.split_at(number.len().saturating_sub(1));
    let last = last.parse::<u8>().unwrap_or_default();
    format!("{start}{}", (last + 1) % 10)
}

/// The number comes later, with an A31: the name by which the day's maker knows it.
pub const NUMBER_LATER: &str = "number later";

/// All kinds, in the order in which a day takes them in turn.
pub const DEVIATIONS: &[Deviation] = &[
    Deviation {
        name: NUMBER_LATER,
        apply: |draft| {
            relabel(draft, |_| None);
            "NSTS03".clone_into(&mut draft.reliability);
        },
    },
    Deviation {
        name: "other label",
        apply: |draft| relabel(draft, |n| Some(format!("{}^^^NHSNBR^NHSNMBR^01", spaced(n)))),
    },
    Deviation { name: "trust as authority", apply: |draft| relabel(draft, |n| Some(format!("{n}^^^RR8^NH"))) },
    Deviation { name: "type without authority", apply: |draft| relabel(draft, |n| Some(format!("{n}^^^^NHS"))) },
    Deviation { name: "number also in PID-2", apply: |draft| draft.old_number = number(draft).unwrap_or_default() },
    Deviation {
        name: "wrong check digit",
        apply: |draft| {
            relabel(draft, |n| Some(format!("{}^^^NHS^NH", wrong_digit(n))));
        },
    },
    Deviation { name: "two numbers", apply: |draft| draft.identifiers.push("9990417016^^^NHS^NH".to_owned()) },
    Deviation { name: "Scottish number", apply: |draft| relabel(draft, |n| Some(format!("{n}^^^CHI^NH"))) },
    Deviation {
        name: "status in ZU1",
        apply: |draft| {
            draft.reliability.clear();
            draft.zu1_status = "01";
        },
    },
    Deviation { name: "status bare", apply: |draft| "02".clone_into(&mut draft.reliability) },
    Deviation { name: "no status", apply: |draft| draft.reliability.clear() },
    Deviation {
        name: "older version",
        apply: |draft| {
            (draft.version, draft.structure) = ("2.3", "");
            draft.odd.insert(Odd::NoEvn);
            draft.line_end = "\n";
            draft.birth.push_str("000000");
        },
    },
    Deviation { name: "newer version", apply: |draft| draft.version = "2.5.1" },
    Deviation { name: "wrong structure", apply: |draft| draft.structure = "ADT_A05" },
    Deviation { name: "carriage returns and line feeds", apply: |draft| draft.line_end = "\r\n" },
    Deviation {
        name: "no last carriage return",
        apply: |draft| {
            draft.odd.insert(Odd::OpenEnd);
        },
    },
    Deviation {
        name: "byte order mark",
        apply: |draft| {
            draft.odd.insert(Odd::ByteOrderMark);
        },
    },
    Deviation {
        name: "lower-case segments",
        apply: |draft| {
            draft.odd.insert(Odd::LowerCase);
        },
    },
    Deviation {
        name: "doubled signs",
        apply: |draft| {
            draft.odd.insert(Odd::DoubledSigns);
        },
    },
    Deviation {
        name: "Windows-1252",
        apply: |draft| {
            draft.given.push('\u{e9}');
            draft.odd.insert(Odd::Windows1252);
        },
    },
    Deviation {
        name: "break in a field",
        apply: |draft| {
            draft.odd.insert(Odd::BrokenAddress);
        },
    },
    Deviation {
        name: "ampersand as it is",
        apply: |draft| {
            draft.family.push_str(" & SONS");
            draft.odd.insert(Odd::FamilyAsIs);
        },
    },
    Deviation {
        name: "no name",
        apply: |draft| {
            draft.family.clear();
            draft.given.clear();
        },
    },
    Deviation { name: "outpatient class", apply: |draft| draft.class = "O" },
    Deviation { name: "class as a word", apply: |draft| draft.class = "EMERGENCY" },
    Deviation { name: "no class", apply: |draft| draft.class = "" },
    Deviation { name: "unknown location", apply: |draft| draft.location = draft.location.replacen("ED", "XQ7", 1) },
    Deviation {
        name: "no start",
        apply: |draft| {
            draft.odd.insert(Odd::NoStart);
        },
    },
    Deviation { name: "times in ISO", apply: |draft| draft.times = TimeForm::Iso },
    Deviation { name: "times to the minute", apply: |draft| draft.times = TimeForm::Minutes },
    Deviation {
        name: "unknown segments",
        apply: |draft| draft.extra.extend(["ZTR|1|LOCAL^triage category^L|3", "ZZZ"]),
    },
    Deviation { name: "sex as a digit", apply: |draft| draft.sex = if draft.sex == "M" { "1" } else { "2" } },
];
