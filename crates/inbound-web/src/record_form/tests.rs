//! Records go into a form and come back the same; faults stand at fields that the form has.

use super::*;
use std::collections::HashMap;

const FULL: [&str; 5] = [
    r#"{"version":1,"kind":"authority","code":"714","name":"City & <County>","from":"2024-04-01","until":"2027-03-31",
        "contacts":[{"kind":"office","phone":"01632960001","hours":"Mon-Fri 09:00-17:00","from":"2026-01-09"},
                    {"kind":"emergency","phone":"01632960002","hours":"at all times","until":"2026-12-31"}],
        "mailboxes":["BOX01","BOX02"],"notice_emails":["notices@example.org"],
        "duty_emails":["duty@example.org","edt@example.org"],"dfe_code":"201","gss_code":"E09000001","region":"London",
        "successors":[{"code":"715","on":"2027-04-01"},{"code":"716","on":"2027-04-02"}]}"#,
    r#"{"version":1,"kind":"provider","code":"XX1","name":"A trust","type":"TRUST","parent":"XX0","from":"2020-01-01",
        "until":"2026-12-31","successors":[{"code":"XX2","on":"2027-01-01"}]}"#,
    r#"{"version":1,"kind":"site","code":"XX122","name":"A clinic","organisation":"XX1","setting":"S07",
        "responsible":{"name":"A Nurse","role":"Matron","phone":"01632960003"},
        "lead":{"phone":"01632960004","email":"lead@example.org"},"from":"2020-02-29","until":"2026-12-31",
        "successors":[{"code":"XX123","on":"2027-01-01"}]}"#,
    r#"{"version":1,"kind":"supplier","code":"YGM24","name":"A maker","email":"desk@example.org","from":"2020-01-01",
        "until":"2026-12-31","successors":[{"code":"YGM25","on":"2027-01-01"}]}"#,
    r#"{"version":1,"kind":"system","code":"ward.1","name":"Wards","supplier":"YGM24","organisation":"XX1",
        "sites":["XX122","XX123"],"asids":["200000000001","200000000002"],"client":"https://client.example/1",
        "certificates":["abababababababababababababababababababababababababababababababab"],"mailbox":"BOX01",
        "one_id_a_visit":true,"from":"2020-01-01","until":"2026-12-31","successors":[{"code":"ward.2","on":"2027-01-01"}]}"#,
];

fn object(record: &Record) -> Map<String, Value> {
    record.json().as_object().unwrap().clone()
}

/// What a browser sends for parts that nobody changed.
fn sent(parts: &[Part]) -> HashMap<String, String> {
    let mut sent = HashMap::new();
    for field in parts.iter().flat_map(Part::fields) {
        match field.shape {
            Shape::Day => {
                let EnteredDate { day, month, year } = field.date.clone();
                sent.extend(
                    [("day", day), ("month", month), ("year", year)]
                        .map(|(name, value)| (format!("{}{name}", field.prefix()), value)),
                );
            }
            Shape::Yes if field.value == "true" => drop(sent.insert(field.id.clone(), "yes".to_owned())),
            Shape::Yes => {}
            // Browsers send the ends of lines so.
            _ => drop(sent.insert(field.id.clone(), field.value.replace('\n', "\r\n"))),
        }
    }
    sent
}

fn entered_from(kind: RecordKind, sent: &HashMap<String, String>) -> Map<String, Value> {
    entered(kind, |id| sent.get(id).map_or("", String::as_str))
}

#[test]
fn a_record_comes_back_from_its_form_as_it_was() {
    for (kind, text) in RecordKind::ALL.into_iter().zip(FULL) {
        let record = Record::from_json(text.as_bytes()).unwrap();
        assert_eq!(record.kind(), kind);
        let sent = sent(&parts(kind, &object(&record), true));
        assert_eq!(Value::Object(entered_from(kind, &sent)), record.json(), "every field of {kind:?} has its place");
    }
}

#[test]
fn every_fault_stands_at_a_field_of_the_form() {
    let long = "x".repeat(201);
    for (kind, changes, expected) in [
        (RecordKind::Site, vec![("name", ""), ("setting", "")], vec!["name", "setting"]),
        (RecordKind::Site, vec![("name", long.as_str()), ("lead-phone", "1")], vec!["name", "lead-phone"]),
        (RecordKind::Site, vec![("responsible-role", ""), ("code", "!")], vec!["code", "responsible-role"]),
        (RecordKind::Site, vec![("from_day", "31"), ("until_year", "1999")], vec!["from"]),
        (RecordKind::Site, vec![("until_year", "1999")], vec!["until"]),
        (
            RecordKind::Authority,
            vec![("contacts-2-phone", "x"), ("contacts-1-hours", "now")],
            vec!["contacts-1-hours", "contacts-2-phone"],
        ),
        (RecordKind::Authority, vec![("successors-2-on_year", "")], vec!["successors-2-on"]),
        // An empty first row moves the second to its place, in the form that is shown again as well.
        (
            RecordKind::Authority,
            vec![
                ("successors-1-code", ""),
                ("successors-1-on_day", ""),
                ("successors-1-on_month", ""),
                ("successors-1-on_year", ""),
                ("successors-2-code", "?"),
            ],
            vec!["successors-1-code"],
        ),
        (
            RecordKind::System,
            vec![("asids", "200000000001\nshort"), ("certificates", "x")],
            vec!["asids", "certificates"],
        ),
        (RecordKind::Provider, vec![("parent", "?")], vec!["parent"]),
        (RecordKind::Supplier, vec![("email", "?")], vec!["email"]),
    ] {
        let text = FULL.get(usize::from(kind.number()) - 1).unwrap();
        let record = Record::from_json(text.as_bytes()).unwrap();
        let mut sent = sent(&parts(kind, &object(&record), true));
        for (id, value) in changes {
            assert!(sent.insert(id.to_owned(), value.to_owned()).is_some(), "the form has no {id}");
        }
        let object = entered_from(kind, &sent);
        let error = Record::from_json(Value::Object(object.clone()).to_string().as_bytes()).unwrap_err();
        let again = parts(kind, &object, true);
        let told = faults(kind, &error, &again);
        let at: Vec<&str> = told.0.iter().map(|fault| &*fault.field).collect();
        assert_eq!(at, expected, "{error}");
        let ids: Vec<&str> = again.iter().flat_map(Part::fields).map(|field| field.id.as_str()).collect();
        for fault in &told.0 {
            assert!(ids.contains(&&*fault.field), "{} leads nowhere", fault.field);
            assert!(fault.text.contains(": "), "{}", fault.text);
        }
    }
}

#[test]
fn a_record_is_said_in_words() {
    let record = Record::from_json(FULL[0].as_bytes()).unwrap();
    let rows = rows(&record, &Register::built_in());
    let of = |label: &str| rows.iter().find(|(its, _)| its == label).map_or("missing", |(_, said)| said.as_str());
    for (label, said) in [
        ("Contact 1", "Office\n01632 960001\nMonday to Friday, 09:00 to 17:00\nValid from: 9 January 2026"),
        ("Contact 2", "Emergency duty team\n01632 960002\nday and night\nValid until: 31 December 2026"),
        ("Mailboxes", "BOX01\nBOX02"),
        ("In use until", "31 March 2027"),
        ("Successor 2", "716\nGoes on from: 2 April 2027"),
    ] {
        assert_eq!(of(label), said, "{label}");
    }
}
