//! Message 05 against the example of the specification, its rules, and names of all kinds.

use super::compact;
use super::notification_schema::{at, faults, tree};
use crate::names::{ASSIGNED_AUTHOR, INTENDED_RECIPIENT, SYSTEM};
use crate::tree::Node;
use crate::xml::allowed;
use crate::{AccessNotification, NotifiedAccess, access_notification_xml};
use cpis_model::Uuid;
use cpis_model::caller::{Staff, Who};
use cpis_model::notice::{Notice, Report, ReportKind};
use cpis_model::organisation::{Organisation, Site};
use proptest::option;
use proptest::prelude::*;

const EXAMPLE: &str = include_str!("../../tests/golden/access_notification.xml");

/// The access of the example.
fn access() -> NotifiedAccess {
    let staff = Staff {
        user_id: "999000000001".into(),
        role_profile_id: None,
        role_code: "R0670".into(),
        role_name: "Midwife - Sister/Charge Nurse".into(),
        name: "Mrs Ada Example".into(),
    };
    let notice = Notice {
        id: "0b8c7e4d-2a51-4c7b-8e11-6e5a0f9d3c22".parse().unwrap(),
        number: 1,
        authority: "999".parse().unwrap(),
        number_of_person: "9990000018".parse().unwrap(),
        local_id: Some("EX-000101".into()),
        at: "2026-03-04T10:15:00Z".parse().unwrap(),
        who: Who::Person(staff),
        organisation: Organisation { code: "ZZ1".parse().unwrap(), name: "EXAMPLE COMMUNITY HOSPITAL".into() },
        site: None,
        report: None,
        acknowledged: None,
        acknowledged_by: None,
    };
    NotifiedAccess { notice, upload: Some(1042) }
}

fn written(name: &str, accesses: &[NotifiedAccess]) -> String {
    let notification = AccessNotification {
        id: "f3b1c9d0-4e7a-4d55-9c0e-2a8b6e1d7f05".parse().unwrap(),
        made: "2026-03-04T11:00:00Z".parse().unwrap(),
        authority: "999".parse().unwrap(),
        authority_name: name,
        accesses,
    };
    String::from_utf8(access_notification_xml(&notification)).unwrap()
}

/// With everything as in the example but the accesses.
fn of(accesses: &[NotifiedAccess]) -> String {
    let text = written("EXAMPLESHIRE COUNTY COUNCIL", accesses);
    assert_eq!(faults(text.as_bytes()), Vec::<String>::new(), "{text}");
    text
}

/// The texts between two others, wherever they stand.
fn between<'t>(text: &'t str, start: &str, end: &str) -> Vec<&'t str> {
    text.split(start).skip(1).map(|rest| rest.split(end).next().unwrap()).collect()
}

#[test]
fn the_example_of_the_specification_is_written() {
    assert_eq!(faults(EXAMPLE.as_bytes()), Vec::<String>::new());
    assert_eq!(compact(&of(&[access()])), compact(EXAMPLE));
}

#[test]
fn a_time_without_accesses_is_told_too() {
    let text = of(&[]);
    assert!(text.contains("<pertinentTotalReturnedRecords><value value=\"0\"/>"), "{text}");
    assert!(!text.contains("pertinentInformation1") && text.contains(INTENDED_RECIPIENT), "{text}");
}

#[test]
fn each_person_of_each_upload_is_one_record_with_its_accesses_oldest_first() {
    let one = |person: &str, upload: Option<u64>, at: &str, number: u64| {
        let mut access = access();
        access.upload = upload;
        access.notice.id = Uuid::from_u128(number.into());
        access.notice.number = number;
        access.notice.number_of_person = person.parse().unwrap();
        access.notice.at = format!("2026-03-04T{at}:00Z").parse().unwrap();
        access
    };
    let mut report = one("9990000018", Some(7), "07:00", 9);
    report.notice.report = Some(Report { kind: ReportKind::NoAnswer, phone: None, text: None, replaced_by: None });
    let text = of(&[
        one("9990000026", Some(7), "10:00", 5),
        one("9990000018", Some(7), "09:00", 4),
        report,
        one("9990000026", None, "08:00", 1),
        one("9990000026", Some(7), "10:00", 3),
        one("9990000026", Some(7), "08:30", 2),
    ]);
    let records: Vec<String> = between(&text, "<pertinentCP-ISRecordAccess>", "</pertinentCP-ISRecordAccess>")
        .into_iter()
        .map(|record| {
            let first = |start: &str| between(record, start, "\"")[0].to_owned();
            let person = first("<value root=\"2.16.840.1.113883.2.1.4.1\" extension=\"");
            let upload = first("<referredToLAUploadFile><value extension=\"");
            let ids = between(record, "<id root=\"00000000-0000-0000-0000-", "\"");
            let ids: Vec<&str> = ids.into_iter().map(|id| id.trim_start_matches('0')).collect();
            format!("{person} of {upload}: {}", ids.join(" "))
        })
        .collect();
    assert_eq!(records, ["9990000026 of 7: 2 3 5", "9990000018 of 7: 4", "9990000026 of -1: 1"]);
    assert!(text.contains("<pertinentTotalReturnedRecords><value value=\"5\"/>"), "a report is no access: {text}");
}

fn site(code: &str) -> Site {
    let organisation = "ZZ1".parse().unwrap();
    Site { code: code.parse().unwrap(), name: "A site".into(), organisation, setting: "S01".parse().unwrap() }
}

fn staff(change: fn(&mut Staff)) -> Who {
    let Who::Person(mut staff) = access().notice.who else { unreachable!("the example's author is a person") };
    change(&mut staff);
    Who::Person(staff)
}

#[test]
fn an_author_is_a_person_or_a_system_at_a_site_or_an_organisation() {
    let system = |client: &str| Who::System { client: client.into() };
    let site_id = "<id root=\"2.16.840.1.113883.2.1.3.2.4.19.2\" extension=\"ZZ101\"/><name>A site</name>";
    let own_id = "<id root=\"2.16.840.1.113883.2.1.3.2.4.19.1\" extension=\"ZZ1\"/><name>EXAMPLE";
    let asid =
        |number: &str| format!("System><id root=\"1.2.826.0.1285.0.2.0.107\" extension=\"{number}\"/><maintaining");
    for (who, place, expected) in [
        (system("999000000107"), None, asid("999000000107")),
        (system("camden-system"), None, asid("000000000000")),
        (system("99900000010٧"), None, asid("000000000000")),
        (system("x"), None, format!("<maintainingOrganization>{own_id}")),
        (system("x"), Some(site("ZZ101")), format!("<maintainingOrganization>{site_id}</maintaining")),
        (staff(|_| {}), Some(site("ZZ101")), format!("<representedOrganization>{site_id}</represented")),
        (staff(|_| {}), Some(site("ZZ1")), format!("<representedOrganization>{own_id}")),
        (
            staff(|staff| staff.role_profile_id = Some("555".into())),
            None,
            "<id root=\"1.2.826.0.1285.0.2.0.65\" extension=\"999000000001\"/><id root=\"1.2.826.0.1285.0.2.0.67\" extension=\"555\"/>"
                .to_owned(),
        ),
        (staff(|staff| staff.role_name = " ".into()), None, "displayName=\"R0670\"/>".to_owned()),
        (staff(|staff| staff.name = "".into()), None, "<name use=\"L\"><family>999000000001</family></name>".to_owned()),
        (
            staff(|staff| staff.name = "OAK Ada Mary (Dr)".into()),
            None,
            "<prefix>Dr</prefix><given>Ada</given><given>Mary</given><family>OAK</family>".to_owned(),
        ),
    ] {
        let mut access = access();
        (access.notice.who, access.notice.site) = (who, place);
        let text = of(&[access]);
        assert!(text.contains(&expected), "{expected}\n{text}");
    }
}

#[test]
fn the_checker_of_the_tests_keeps_to_the_schema() {
    for (from, to, expected) in [
        ("<pertinentCP-ISNHSQuery>", "<pertinentCP-ISNHSQuery moodCode=\"EVN\">", "Attribute"),
        ("<value extension=\"1042\"/>", "<value root=\"1.2\" extension=\"1042\"/>", "Attribute"),
        ("<reference>", "<code code=\"CRA\"/><reference>", "Element"),
        ("<family>Example</family>", "", "Missing"),
        ("<given>Ada</given><family>Example</family>", "<family>Example</family><given>Ada</given>", "Order"),
        ("<prefix>Mrs</prefix>", "<prefix>Mrs</prefix><prefix>Dr</prefix>", "TooMany"),
        ("<author>", "<author>text", "Text"),
        ("F3B1C9D0", "f3b1c9d0", "id: f3b1c9d0-4E7A-4D55-9C0E-2A8B6E1D7F05"),
        ("20260304101500+0000", "20260304101500", "effectiveTime:"),
        ("0.2.0.65", "0.2.0.66", "id: 1.2.826.0.1285.0.2.0.66"),
        ("GB01#AssignedAuthor", "GB01#System", "author:"),
        ("extension=\"9990000018\"", "extension=\"9990000019\"", "value:"),
        ("displayName=\"Midwife - Sister/Charge Nurse\"", "", "Missing"),
        ("<npfitlc:contentId", "<contentId", "Missing"),
    ] {
        assert!(EXAMPLE.contains(from), "{from}");
        let found = faults(EXAMPLE.replacen(from, to, 1).as_bytes());
        assert!(found.iter().any(|fault| fault.starts_with(expected)), "{to}: {found:?}");
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[<>&\"'\\]A-Za-zÀ-ÿ ŁłŞ李ع\r\n\t\u{0}\u{1}\u{b}\u{fffe}\u{ffff}\u{1f600}]{0,30}", any::<String>()]
}

fn words(text: &str) -> String {
    allowed(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The words of a name, whatever their order, and without brackets.
fn sorted(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = text.split(' ').map(|word| word.trim_matches(['(', ')'])).collect();
    words.sort_unstable();
    words
}

proptest! {
    #[test]
    fn whatever_the_names_are_the_document_is_that_of_the_schema(
        (authority, organisation, name) in (any_text(), any_text(), any_text()),
        (user, role, role_name) in ("[0-9a-z&<-]{1,20}", any_text(), any_text()),
        (client, profile, local_id) in (any_text(), option::of(any_text()), option::of(any_text())),
        (at_site, system) in (any::<bool>(), any::<bool>()),
        (id, number, upload) in (any::<u128>(), any::<u64>(), option::of(any::<u64>())),
    ) {
        let mut access = access();
        let notice = &mut access.notice;
        (notice.id, notice.number, access.upload) = (Uuid::from_u128(id), number, upload);
        notice.local_id.clone_from(&local_id);
        notice.organisation.name = organisation.as_str().into();
        notice.site = at_site.then(|| Site { name: organisation.as_str().into(), ..site("ZZ101") });
        notice.who = if system {
            Who::System { client: client.as_str().into() }
        } else {
            Who::Person(Staff {
                user_id: user.as_str().into(),
                role_profile_id: profile.map(Into::into),
                role_code: role.as_str().into(),
                role_name: role_name.as_str().into(),
                name: name.as_str().into(),
            })
        };
        let text = written(&authority, &[access]);
        prop_assert_eq!(faults(text.as_bytes()), Vec::<String>::new(), "{}", text);

        let tree = tree(text.as_bytes());
        let query =
            at(&tree, &["pertinentInformation1", "pertinentCP-ISRecordAccess", "pertinentInformation2", "pertinentCP-ISNHSQuery"]);
        let ids: Vec<Node> = query.child("queryByParameter").unwrap().child("person.id").unwrap().children().collect();
        let found = ids.get(1).map(|own| own.attribute("extension").unwrap().into_owned());
        prop_assert_eq!(found, local_id.map(|own| allowed(&own).into_owned()));
        let author = query.child("author").unwrap();
        prop_assert_eq!(author.child(SYSTEM).is_some(), system);
        if let Some(author) = author.child(ASSIGNED_AUTHOR) {
            prop_assert_eq!(author.child("code").unwrap().attribute("code").unwrap(), allowed(&role));
            let parts = author.child("assignedAuthorPerson").unwrap().child("name").unwrap();
            let said = parts.children().map(Node::text).collect::<Vec<_>>().join(" ");
            let name = words(&name);
            prop_assert_eq!(sorted(&said), sorted(if name.is_empty() { &user } else { &name }));
        }
    }
}
