//! How to reach an authority at a moment: which numbers there are, and which of them are open now.

use crate::Timestamp;
use crate::hours::Hours;
use crate::organisation::{AuthorityCode, Contact, Phone};
use crate::organisation_record::ContactKind;
use crate::register::Register;
use crate::time::london_day;

/// A number to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Whom it reaches.
    pub kind: ContactKind,
    /// The number.
    pub phone: Phone,
    /// When somebody answers, where the register says so.
    pub hours: Option<Hours>,
    /// Whether that is now; `None` where it is not known.
    pub is_open: Option<bool>,
    /// Whether the authority's last file names it.
    pub is_uploaded: bool,
}

/// The numbers of an authority at a moment.
///
/// 1. The numbers of its last file are all there: they come with every file and are the authority's own word.
/// 2. The register's numbers that are in force on the day are there too. Where both have a number, it is shown once, as the
///    kind that the file says, with the register's hours.
/// 3. Open numbers stand first, then those whose hours nobody knows, then closed ones. Among those, office, then teams, then
///    emergency duty team; then in the order in which they were found.
///
/// Hours do not know bank holidays: a page that says "open now" gives the emergency number as well.
pub fn contacts_for(register: &Register, code: AuthorityCode, uploaded: Option<&Contact>, at: Timestamp) -> Vec<Reach> {
    let office = uploaded.and_then(|contact| contact.office.as_ref()).map(|phone| (ContactKind::Office, phone));
    let emergency = uploaded.map(|contact| (ContactKind::Emergency, &contact.emergency));
    let mut numbers: Vec<Reach> = office
        .into_iter()
        .chain(emergency)
        .map(|(kind, phone)| Reach { kind, phone: phone.clone(), hours: None, is_open: None, is_uploaded: true })
        .collect();
    for contact in register.contacts_of(code, london_day(at)) {
        let (hours, is_open) = (Some(contact.hours.clone()), Some(contact.hours.is_open(at)));
        let mut known = false;
        // An authority may have one number for office and emergencies; a kind that agrees goes first.
        for same in numbers.iter_mut().filter(|number| same_number(&number.phone, &contact.phone)) {
            known = true;
            if same.hours.is_none() || same.kind == contact.kind {
                (same.hours, same.is_open) = (hours.clone(), is_open);
            }
        }
        if !known {
            let (kind, phone) = (contact.kind, contact.phone.clone());
            numbers.push(Reach { kind, phone, hours, is_open, is_uploaded: false });
        }
    }
    let rank = |is_open| match is_open {
        Some(true) => 0,
        None => 1,
        Some(false) => 2,
    };
    numbers.sort_by_key(|number| (rank(number.is_open), number.kind));
    numbers
}

/// Whether two texts are one number: `+44` stands for the leading 0.
fn same_number(one: &Phone, other: &Phone) -> bool {
    let national = |phone: &Phone| match phone.as_str().strip_prefix("+44") {
        Some(rest) => format!("0{rest}"),
        None => phone.as_str().to_owned(),
    };
    national(one) == national(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::organisation_record::Record;
    use crate::register::Change;

    fn contact(emergency: &str, office: &str) -> Contact {
        Contact { emergency: emergency.parse().unwrap(), office: office.parse().ok() }
    }

    fn with(contacts: &str) -> Register {
        let text = format!(r#"{{"version":1,"kind":"authority","code":"714","name":"City","contacts":[{contacts}]}}"#);
        let record = Some(Record::from_json(text.as_bytes()).unwrap());
        Register::built_in().with([Change { number: 1, version: 1, record }], "2026-11-25".parse().unwrap())
    }

    #[test]
    fn the_files_numbers_stand_with_the_registers_hours_and_open_ones_first() {
        let office = r#"{"kind":"office","phone":"01632960002","hours":"Mon-Fri 09:00-17:00"}"#;
        let duty = r#"{"kind":"emergency","phone":"+441632960001","hours":"Mon-Fri 17:00-09:00; Sat-Sun 00:00-24:00"}"#;
        let team = r#"{"kind":"team","phone":"01632960003","hours":"Wed 09:00-12:00"}"#;
        let ended = r#"{"kind":"team","phone":"01632960004","hours":"at all times","until":"2026-11-24"}"#;
        let one = r#"{"kind":"office","phone":"01632960001","hours":"Mon-Fri 09:00-17:00"}"#;
        let all = [office, duty, team, ended].join(",");
        let (night, noon) = ("2026-11-25T23:00:00Z", "2026-11-25T11:00:00Z");
        let both = contact("01632960001", "01632960002");
        // Each number as its last digit, its kind, whether it is open, and whether the file has it.
        for (name, register, uploaded, at, expected) in [
            ("nothing is known", with(""), None, noon, ""),
            ("only the file", with(""), Some(&both), noon, "2 office ? file, 1 emergency ? file"),
            ("only the register", with(office), None, noon, "2 office open"),
            ("at noon", with(&all), Some(&both), noon, "2 office open file, 3 team open, 1 emergency closed file"),
            ("at night", with(&all), Some(&both), night, "1 emergency open file, 2 office closed file, 3 team closed"),
            (
                "hours of the office only, at noon",
                with(office),
                Some(&both),
                noon,
                "2 office open file, 1 emergency ? file",
            ),
            (
                "hours of the office only, at night",
                with(office),
                Some(&both),
                night,
                "1 emergency ? file, 2 office closed file",
            ),
            (
                "one number for both, of which the register knows two sets of hours",
                with(&format!("{one},{duty}")),
                Some(&contact("01632960001", "01632960001")),
                night,
                "1 emergency open file, 1 office closed file",
            ),
        ] {
            let numbers = contacts_for(&register, "714".parse().unwrap(), uploaded, at.parse().unwrap());
            let told: Vec<String> = numbers
                .iter()
                .map(|number| {
                    let last = number.phone.as_str().chars().last().unwrap();
                    let open = number.is_open.map_or("?", |open| if open { "open" } else { "closed" });
                    format!("{last} {} {open}{}", number.kind.code(), if number.is_uploaded { " file" } else { "" })
                })
                .collect();
            assert_eq!(told.join(", "), expected, "{name}");
        }
    }
}
