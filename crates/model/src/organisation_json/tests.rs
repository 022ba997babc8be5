//! Records come back as they were written, and every fault of one is named.

use super::*;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

fn parsed<T: FromStr<Err: std::fmt::Debug> + std::fmt::Debug>(pattern: &'static str) -> impl Strategy<Value = T> {
    pattern.prop_map(|text| text.parse().unwrap())
}

fn day() -> impl Strategy<Value = crate::Date> {
    (2000i16..2050, 1i8..13, 1i8..29).prop_map(|(year, month, day)| crate::Date::new(year, month, day).unwrap())
}

fn period() -> impl Strategy<Value = Period> {
    (of(day()), of(day()))
        .prop_map(|(from, until)| Period { from, until })
        .prop_filter("days in order", |p| !p.is_upside_down())
}

fn about() -> impl Strategy<Value = About> {
    let successor = (parsed("[A-Z0-9]{3,6}"), day()).prop_map(|(code, on)| Successor { code, on });
    (parsed("[A-Z][a-zé,'\"<& ]{0,20}x"), period(), proptest::collection::vec(successor, 0..3))
        .prop_map(|(name, period, successors)| About { name, period, successors })
}

fn hours() -> impl Strategy<Value = crate::hours::Hours> {
    select(vec!["at all times", "Mon-Fri 08:45-17:00", "Mon-Thu 17:00-08:45; Fri 16:30-24:00; Sat-Sun 00:00-24:00"])
        .prop_map(|text| text.parse().unwrap())
}

fn phone() -> impl Strategy<Value = crate::organisation::Phone> {
    parsed("01632960[0-9]{3}")
}

fn any_record() -> impl Strategy<Value = Record> {
    let kind = select(crate::organisation_record::ContactKind::ALL.to_vec());
    let contact = (kind, phone(), hours(), period()).prop_map(|(kind, phone, hours, period)| AuthorityContact {
        kind,
        phone,
        hours,
        period,
    });
    let ids = || proptest::collection::vec(parsed("[!-~]{1,12}"), 0..3);
    let emails = || proptest::collection::vec(parsed("[a-z]{1,12}@[a-z]{1,9}\\.org"), 0..3);
    let authority = (
        parsed("[A-Z0-9]{3,5}"),
        about(),
        proptest::collection::vec(contact, 0..4),
        ids(),
        emails(),
        emails(),
        of(parsed("[0-9]{3}")),
        of(parsed("E[0-9]{8}")),
        of(parsed("[A-Z][a-z]{2,9}")),
    )
        .prop_map(|(code, about, contacts, mailboxes, notice_emails, duty_emails, dfe_code, gss_code, region)| {
            Record::Authority(Authority {
                code,
                about,
                contacts,
                mailboxes,
                notice_emails,
                duty_emails,
                dfe_code,
                gss_code,
                region,
            })
        });
    let provider = (parsed("[A-Z0-9]{3,5}"), about(), of(parsed("[A-Z_]{3,20}")), of(parsed("[A-Z0-9]{3}")))
        .prop_map(|(code, about, kind, parent)| Record::Provider(Provider { code, about, kind, parent }));
    let responsible = (parsed("[A-Z][a-z]{2,9}"), parsed("[A-Z][a-z]{2,9}"), of(phone()))
        .prop_map(|(name, role, phone)| Responsible { name, role, phone });
    let lead = (of(phone()), of(parsed("[a-z]{1,9}@[a-z]{1,9}\\.uk"))).prop_map(|(phone, email)| Lead { phone, email });
    let settings: Vec<_> = crate::setting::Setting::all().collect();
    let site = (parsed("[A-Z0-9]{5}"), about(), parsed("[A-Z0-9]{3}"), select(settings), of(responsible), lead)
        .prop_map(|(code, about, organisation, setting, responsible, lead)| {
            Record::Site(SiteRecord { code, about, organisation, setting, responsible, lead })
        });
    let supplier = (parsed("[A-Za-z0-9.-]{3,9}"), about(), of(parsed("[a-z]{1,9}@[a-z]{1,9}\\.uk")))
        .prop_map(|(code, about, email)| Record::Supplier(Supplier { code, about, email }));
    let list = |pattern| proptest::collection::vec(parsed::<crate::organisation::OdsCode>(pattern), 0..3);
    let system = (
        (parsed("[A-Za-z0-9.-]{3,9}"), about(), of(parsed("[A-Z0-9]{3}")), parsed("[A-Z0-9]{3}"), list("[A-Z0-9]{5}")),
        proptest::collection::vec(parsed("2000[0-9]{8}"), 0..3),
        of(parsed("[!-~]{1,12}")),
        proptest::collection::vec(parsed("[0-9a-f]{64}"), 0..3),
        of(parsed("[A-Z0-9]{7}")),
        any::<bool>(),
    )
        .prop_map(
            |((code, about, supplier, organisation, sites), asids, client, certificates, mailbox, one_id_a_visit)| {
                Record::System(System {
                    code,
                    about,
                    supplier,
                    organisation,
                    sites,
                    asids,
                    client,
                    certificates,
                    mailbox,
                    one_id_a_visit,
                })
            },
        );
    prop_oneof![authority, provider, site, supplier, system]
}

proptest! {
    #[test]
    fn a_record_comes_back_as_it_was_written(record in any_record(), other in any_record()) {
        let bytes = record.to_json().unwrap();
        prop_assert_eq!(Record::from_json(&bytes), Ok(record.clone()));
        prop_assert!(differences(Some(&record), &record).is_empty());
        prop_assert_eq!(differences(Some(&record), &other).is_empty(), record == other);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "\\{\"(kind|version|[a-z]{1,4})\":\\PC{0,20}\\}") {
        let _ = Record::from_json(&bytes);
        let _ = Record::from_json(text.as_bytes());
    }

    #[test]
    fn a_record_with_a_field_missing_or_of_another_type_is_judged(record in any_record(), at in any::<proptest::sample::Index>(), other in select(vec![json!(null), json!(7), json!({"x": []}), json!(["", 1])])) {
        let Value::Object(mut object) = record.json() else { unreachable!() };
        let name = object.keys().nth(at.index(object.len())).unwrap().clone();
        object.insert(name, other);
        let _ = Record::from_json(Value::Object(object).to_string().as_bytes());
    }
}

#[test]
fn every_fault_is_named_with_its_field() {
    let fields = |text: &str| match Record::from_json(text.as_bytes()) {
        Err(RecordError::Faults(faults)) => faults.into_iter().map(|fault| fault.field).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    for (text, expected) in [
        (r#"{"version":1}"#, &["kind", "name"][..]),
        (r#"{"kind":"council","name":"A","code":"714"}"#, &["version", "kind"]),
        (r#"{"version":1,"kind":"authority","name":"","code":"7","dfe_code":"20"}"#, &["name", "code", "dfe_code"]),
        (
            r#"{"version":1,"kind":"authority","name":"A","code":"714","contacts":[
                {"kind":"office","phone":"01632960001","hours":"at all times"},
                {"kind":"fax","phone":"none","hours":"9 to 5","from":"2026-02-02","until":"2026-02-01"}],"mailboxes":["a b"]}"#,
            &["contacts[1].kind", "contacts[1].phone", "contacts[1].hours", "contacts[1].until", "mailboxes[0]"],
        ),
        (
            r#"{"version":1,"kind":"site","name":"A","code":"RJ121","from":"20260401","successors":[{"code":"RJ122"}],
                "responsible":{"name":"x"},"lead":[]}"#,
            &["from", "successors[0].on", "organisation", "setting", "responsible.role", "lead"],
        ),
        (
            r#"{"version":1,"kind":"system","name":"A","code":"x1","organisation":"RJ1","asids":["1"],"sites":{},"one_id_a_visit":"yes"}"#,
            &["sites", "asids[0]", "one_id_a_visit"],
        ),
    ] {
        assert_eq!(fields(text), expected, "{text}");
    }
}

#[test]
fn newer_forms_are_told_apart() {
    let known = r#"{"version":1,"kind":"supplier","name":"A","code":"YGM24","colour":"blue"}"#;
    assert!(Record::from_json(known.as_bytes()).is_ok(), "an added field is passed over");
    let newer = r#"{"version":2,"kind":"hub"}"#;
    assert_eq!(Record::from_json(newer.as_bytes()), Err(RecordError::Newer(2)));
    assert!(RecordError::Newer(2).to_string().ends_with("use a newer cpis"));
    assert_eq!(Record::from_json(b"[]"), Err(RecordError::NotJson));
    assert_eq!(Record::from_json(&vec![b' '; RECORD_BYTES_MAX + 1]), Err(RecordError::TooLarge));
}

#[test]
fn debug_and_faults_show_no_name_of_a_person() {
    let text = r#"{"version":1,"kind":"site","name":"A site","code":"RJ121","organisation":"RJ1","setting":"U01",
        "responsible":{"name":"Robin Testcase","role":"Lead nurse"}}"#;
    let record = Record::from_json(text.as_bytes()).unwrap();
    let shown = format!("{record:?} {:?}", differences(None, &record));
    assert!(!shown.contains("Testcase"), "{shown}");
    let faulty = text.replace("Robin Testcase", "Robin\\nTestcase").replace("Lead nurse", "");
    assert!(!Record::from_json(faulty.as_bytes()).unwrap_err().to_string().contains("Testcase"));
}

#[test]
fn versions_are_compared_field_by_field() {
    let record = |text: &str| Record::from_json(text.as_bytes()).unwrap();
    let before = record(
        r#"{"version":1,"kind":"authority","name":"A","code":"714","region":"London",
        "contacts":[{"kind":"office","phone":"01632960001","hours":"at all times"}]}"#,
    );
    let after = record(
        r#"{"version":1,"kind":"authority","name":"B","code":"714","until":"2026-03-31",
        "contacts":[{"kind":"office","phone":"01632960002","hours":"at all times"}]}"#,
    );
    let told: Vec<_> = differences(Some(&before), &after)
        .into_iter()
        .map(|one| (one.field, one.before.unwrap_or_default(), one.after.unwrap_or_default()))
        .collect();
    let expected = [
        ("contacts[0].phone", "01632960001", "01632960002"),
        ("name", "A", "B"),
        ("region", "London", ""),
        ("until", "", "2026-03-31"),
    ];
    assert_eq!(told, expected.map(|(field, before, after)| (field.to_owned(), before.to_owned(), after.to_owned())));
    assert_eq!(differences(None, &after).len(), 7);
}
