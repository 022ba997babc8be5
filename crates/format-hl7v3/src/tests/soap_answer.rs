//! Answers: written as the specification's examples have them, and read again; what is doubtful is never "no record".

use super::soap_query::{consultant, staff};
use super::soap_schema::check_soap;
use crate::soap::{
    Exchange, FaultKind, Found, Head, Invalid, Reason, Reply, ReplyFault, decode_reply, error_xml, fault_xml,
    found_xml, not_found_xml,
};
use cpis_model::answer::{ShownAccess, ShownPlan};
use cpis_model::caller::{Caller, Device, ResponsiblePerson, Rights, Who};
use cpis_model::name::PersonName;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::organisation::{Contact, Organisation, Site};
use cpis_model::plan::{Plan, PlanDates, PlanKind};
use cpis_model::upload::Person;
use cpis_model::{Date, Timestamp, Uuid};
use expect_test::expect_file;
use std::sync::Arc;

const FOUND: &str = include_str!("../../tests/golden/soap/example_found.xml");
const NOT_FOUND: &str = include_str!("../../tests/golden/soap/example_not_found.xml");
const ERROR: &str = include_str!("../../tests/golden/soap/example_error.xml");
const FAULT: &str = include_str!("../../tests/golden/soap/example_fault.xml");

fn question() -> Uuid {
    "5C3E0B5A-6F2D-4E0C-9A41-0D3B7C1E2F10".parse().unwrap()
}

fn number() -> NhsNumber {
    "9990000018".parse().unwrap()
}

fn read(text: &str) -> Result<Reply, ReplyFault> {
    decode_reply(text.as_bytes(), question(), number())
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn plan(authority: &str, kind: PlanKind, start: &str, end: Option<&str>) -> ShownPlan {
    let dates = PlanDates { start: day(start), end: end.map(day), delete: None };
    let is_unborn = kind == PlanKind::Unborn;
    let (given, family, birth) =
        if is_unborn { ("Casey", "Fixture", "1998-06-11") } else { ("Robin", "Testcase", "2017-04-04") };
    ShownPlan {
        plan: Plan { id: Uuid::from_u128(1), version: 1, authority: authority.parse().unwrap(), kind, dates },
        ended: false,
        person: Person {
            number: number(),
            local_id: Some("EX-000101".to_owned()),
            name: PersonName::new(given, family),
            birth: day(birth),
        },
        authority_name: if authority == "999" { "EXAMPLESHIRE COUNTY COUNCIL" } else { "SAMPLE & SONS BOROUGH" }.into(),
        contact: Some(Contact {
            emergency: "01632960001".parse().unwrap(),
            office: (authority == "999").then(|| "01632960002".parse().unwrap()),
        }),
    }
}

fn caller(who: Who, site: Option<&str>) -> Arc<Caller> {
    let organisation = Organisation { code: "ZZ1".parse().unwrap(), name: "EXAMPLE COMMUNITY HOSPITAL".into() };
    let site = site.map(|code| Site {
        code: code.parse().unwrap(),
        name: "EXAMPLE WARD".into(),
        organisation: organisation.code,
        setting: "U01".parse().unwrap(),
    });
    Arc::new(Caller { who, organisation, site, rights: Rights::default() })
}

fn device(responsible: Vec<ResponsiblePerson>, place_name: Option<&str>) -> Who {
    Who::Device(Device {
        asid: "999999999902".into(),
        event: Uuid::from_u128(0x0B8C_7E4D_2A51_4C7B_8E11_6E5A_0F9D_3C22),
        one_id_a_visit: false,
        responsible,
        place_name: place_name.map(Into::into),
    })
}

fn accesses() -> Vec<ShownAccess> {
    let access = |id, time: &str, caller| ShownAccess { id: Uuid::from_u128(id), at: at(time), caller };
    vec![
        access(3, "2026-03-04T10:15:00Z", caller(device(vec![consultant()], None), Some("ZZ101"))),
        access(2, "2026-03-03T10:15:00Z", caller(device(vec![], Some("12 Example Road")), None)),
        access(1, "2026-03-02T10:15:00Z", caller(Who::Person(staff()), None)),
    ]
}

fn head() -> Head {
    Head {
        message: question(),
        message_id: format!("uuid:{:X}", question()),
        sender: "999999999902".to_owned(),
        receiver: "999999999901".to_owned(),
        processing: 'P',
    }
}

fn exchange(head: &Head) -> Exchange<'_> {
    Exchange {
        message: "7E0D51C1-5B44-4E43-8B62-9B1B0E5B7A01".parse().unwrap(),
        made: at("2026-03-04T10:15:03Z"),
        address: "https://cpisquery.example.invalid/syncservice",
        asid: "999999999901",
        head,
    }
}

fn found(plans: &[ShownPlan], accesses: &[ShownAccess]) -> String {
    let id = "A1F4D8E2-93B6-4B1E-8C55-3F0E2D7C6B04".parse().unwrap();
    let found = Found { id, number: number(), plans, accesses };
    String::from_utf8(found_xml(&exchange(&head()), &found)).unwrap()
}

fn golden(file: &str, text: &str) {
    check_soap(text.as_bytes());
    expect_file![format!("{}/tests/golden/soap/{file}", env!("CARGO_MANIFEST_DIR"))].assert_eq(text);
}

#[test]
fn every_branch_of_a_record_is_written_and_read() {
    use PlanKind::{ChildProtection, LookedAfter, Unborn};
    let cpp = plan("999", ChildProtection, "2026-01-15", Some("2026-07-15"));
    let lac = plan("999", LookedAfter, "2025-11-03", None);
    let ucp = plan("999", Unborn, "2026-02-01", Some("2026-09-30"));
    let other = plan("ZZ2", ChildProtection, "2024-01-15", Some("2025-12-31"));
    let nobody = ShownPlan { contact: None, authority_name: "".into(), ..lac.clone() };
    for (file, plans, accesses) in [
        ("found_cpp.xml", vec![cpp.clone()], vec![]),
        ("found_lac.xml", vec![lac.clone()], accesses()),
        ("found_ucp.xml", vec![ucp.clone()], vec![]),
        ("found_two_authorities.xml", vec![cpp.clone(), other, lac.clone()], accesses()),
        ("found_child_and_unborn.xml", vec![lac.clone(), cpp.clone(), ucp], vec![]),
        (
            "found_two_of_a_kind.xml",
            vec![cpp.clone(), plan("999", ChildProtection, "2024-01-15", Some("2025-12-31"))],
            vec![],
        ),
        ("found_no_contact.xml", vec![nobody], vec![]),
    ] {
        let text = found(&plans, &accesses);
        golden(file, &text);
        assert!(!text.contains("EX-000101"), "the authority's own id stays with it");
        let Ok(Reply::Found { plans: read, accesses: looks }) = read(&text) else { panic!("{file}") };
        let mut kinds: Vec<_> =
            read.iter().map(|plan| (plan.authority.clone(), plan.kind, plan.start, plan.end)).collect();
        let mut expected: Vec<_> = plans
            .iter()
            .map(|shown| {
                (shown.plan.authority.to_string(), shown.plan.kind, Some(shown.plan.dates.start), shown.plan.dates.end)
            })
            .collect();
        kinds.sort();
        expected.sort();
        assert_eq!(kinds, expected, "{file}");
        for plan in &read {
            let (name, birth) = match plan.kind {
                Unborn => ("Casey", "1998-06-11"),
                _ => ("Robin", "2017-04-04"),
            };
            assert_eq!((&*plan.person.name.given, plan.person.birth), (name, Some(day(birth))), "{file}");
            assert_eq!(plan.person.number, Some(number()));
        }
        assert_eq!(looks.len(), accesses.len(), "{file}");
        assert!(looks.is_sorted_by_key(|look| look.at), "oldest first");
    }
    let text = found(&[lac], &accesses());
    let Ok(Reply::Found { accesses, .. }) = read(&text) else { panic!() };
    let told: Vec<_> = accesses
        .iter()
        .map(|look| (&*look.name, &*look.role, look.by_system, &*look.place, &*look.place_name))
        .collect();
    assert_eq!(
        told,
        [
            ("Mrs Ada Example", "Midwife - Sister/Charge Nurse", false, "ZZ1", "EXAMPLE COMMUNITY HOSPITAL"),
            ("", "", true, "ZZ1", "12 Example Road"),
            ("Dr Noor Example", "Consultant", true, "ZZ101", "EXAMPLE WARD"),
        ]
    );
    assert_eq!(accesses[2].id, Some("0B8C7E4D-2A51-4C7B-8E11-6E5A0F9D3C22".parse().unwrap()), "its query's own");
    assert!(!format!("{accesses:?}").contains("Ada"));
}

#[test]
fn an_answer_of_ours_differs_from_the_example_in_the_zone_alone() {
    let mut access = accesses().remove(2);
    access.id = "0B8C7E4D-2A51-4C7B-8E11-6E5A0F9D3C22".parse().unwrap();
    access.at = at("2026-03-04T10:15:00Z");
    let cpp = plan("999", PlanKind::ChildProtection, "2026-01-15", Some("2026-07-15"));
    let ours =
        found(&[cpp], &[access]).replace("20260304101503+0000\"/>\n<versionCode", "20260304101503\"/>\n<versionCode");
    let sorted = |text: &str| {
        let mut tags: Vec<String> = super::compact(text).split('<').map(str::to_owned).collect();
        tags.sort();
        tags
    };
    assert_eq!(sorted(&ours), sorted(FOUND), "the telephone numbers stand in another order");
}

#[test]
fn answers_without_a_record_are_written_and_read() {
    let head = head();
    let none = String::from_utf8(not_found_xml(&exchange(&head))).unwrap();
    golden("not_found.xml", &none);
    assert_eq!(read(&none), Ok(Reply::NotFound));
    let missing = |parameter| Invalid { name: "MANDATORY_DATA_MISSING", parameter, why: "" };
    let reasons: Vec<Reason> = [missing("Event ID"), missing("NHS Number")].iter().map(Reason::invalid).collect();
    let error = String::from_utf8(error_xml(&exchange(&head), &reasons)).unwrap();
    golden("error_mandatory_data.xml", &error);
    assert_eq!(read(&error), Ok(Reply::Failed(reasons)));
    let unexpected = String::from_utf8(error_xml(&exchange(&head), &[Reason::UNEXPECTED])).unwrap();
    golden("error_unexpected.xml", &unexpected);
    let unread = Head {
        message: Uuid::nil(),
        message_id: "a <b> & \u{1}".to_owned(),
        sender: "000000000000".to_owned(),
        processing: 'T',
        ..head
    };
    let error = String::from_utf8(error_xml(&exchange(&unread), &[Reason::UNEXPECTED])).unwrap();
    golden("error_head_unread.xml", &error);
    assert_eq!(read(&error), Err(ReplyFault::OtherQuestion));
}

#[test]
fn every_fault_of_soap_is_written_and_read() {
    for (file, kind, place, is_server) in [
        ("fault_unsupported.xml", FaultKind::Unsupported, "HTTP Header - SOAPAction", false),
        ("fault_unreadable.xml", FaultKind::Unreadable, "line 3, column 7", false),
        ("fault_version.xml", FaultKind::Version, "", false),
        ("fault_refused.xml", FaultKind::Refused, "TLS client certificate", false),
        ("fault_cannot_tell.xml", FaultKind::CannotTell, "service", true),
    ] {
        let text = String::from_utf8(fault_xml(kind, place, "In words & <more>")).unwrap();
        golden(file, &text);
        let Ok(Reply::Fault { text, is_server: server, .. }) = read(&text) else { panic!("{file}") };
        assert_eq!((&*text, server), ("In words & <more>", is_server));
    }
    let ours = fault_xml(
        FaultKind::Unsupported,
        "HTTP Header - SOAPAction",
        "The service/interaction is not supported for the requested URI",
    );
    let ours = String::from_utf8(ours).unwrap();
    let declared = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{FAULT}");
    assert_eq!(super::compact(&ours), super::compact(&declared));
}

#[test]
fn the_examples_of_the_specification_are_read() {
    let Ok(Reply::Found { plans, accesses }) = read(FOUND) else { panic!() };
    assert_eq!((plans.len(), accesses.len()), (1, 1));
    assert_eq!(plans[0].emergency.as_ref().unwrap().as_str(), "01632960001");
    assert_eq!(plans[0].office.as_ref().unwrap().as_str(), "01632960002");
    assert_eq!(read(NOT_FOUND), Ok(Reply::NotFound));
    assert_eq!(read(ERROR), Ok(Reply::Failed(vec![Reason::UNEXPECTED])));
    assert!(matches!(read(FAULT), Ok(Reply::Fault { code, is_server: false, .. }) if code == "101"));
}

#[test]
fn real_answers_that_break_the_schema_are_understood() {
    let change = |from: &str, to: &str| {
        assert!(FOUND.contains(from), "{from}");
        read(&FOUND.replace(from, to))
    };
    let plans = |reply| match reply {
        Ok(Reply::Found { plans, .. }) => plans,
        other => panic!("{other:?}"),
    };
    let swapped =
        plans(change("<given>Robin</given><family>Testcase</family>", "<family>Testcase</family><given>Robin</given>"));
    assert_eq!((&*swapped[0].person.name.given, &*swapped[0].person.name.family), ("Robin", "Testcase"));
    let id = "<id root=\"2.16.840.1.113883.2.1.4.1\" extension=\"9990000018\"/>";
    assert_eq!(plans(change(id, ""))[0].person.number, None);
    let query =
        &FOUND[FOUND.find("<pertinentCP-ISNHSQuery>").unwrap()..FOUND.find("</pertinentInformation13>").unwrap()];
    let Ok(Reply::Found { accesses, .. }) = change(query, &query.repeat(2)) else { panic!() };
    assert_eq!(accesses.len(), 2);
    assert_eq!(plans(change("202601150000", "20260115"))[0].start, Some(day("2026-01-15")));
    assert_eq!(plans(change("202601150000", "soon"))[0].start, None, "a date that cannot be read hides no plan");
    assert_eq!(plans(change("COCT_TP146105GB01", "COCT_TP146101GB01")).len(), 1);
    let direct = FOUND
        .replacen("<CP-ISNHSQueryResponse xmlns=\"urn:hl7-org:v3\" xmlns:npfitlc=\"NPFIT:HL7:Localisation\">", "", 1)
        .replace("</REPC_IN000007GB01>\n    </CP-ISNHSQueryResponse>", "</REPC_IN000007GB01>");
    assert_eq!(plans(read(&direct)).len(), 1);
}

#[test]
fn what_is_doubtful_is_never_no_record() {
    let found = |from: &str, to: &str| {
        assert!(FOUND.contains(from), "{from}");
        read(&FOUND.replace(from, to))
    };
    let none = |from: &str, to: &str| {
        assert!(NOT_FOUND.contains(from), "{from}");
        read(&NOT_FOUND.replace(from, to))
    };
    for (reply, expected) in [
        (found("5C3E0B5A-6F2D-4E0C-9A41-0D3B7C1E2F10", "6C3E0B5A-6F2D-4E0C-9A41-0D3B7C1E2F10"), "OtherQuestion"),
        (none("5C3E0B5A-6F2D-4E0C-9A41-0D3B7C1E2F10", "6C3E0B5A-6F2D-4E0C-9A41-0D3B7C1E2F10"), "OtherQuestion"),
        (found("9990000018", "9990000026"), "OtherNumber"),
        (found("code=\"OK\"", "code=\"ID\""), "Unreadable"),
        (found("<record>", "<other>").and(found("pertinentInformation14", "pertinentInformation99")), "Unreadable"),
        (found("COCT_TP146105GB01.CPPInformation", "COCT_TP146199GB01.NewInformation"), "Unreadable"),
        (none("code=\"ID\"", "code=\"OK\""), "Unreadable"),
        (read(""), "Unreadable"),
        (read("<html/>"), "Unreadable"),
        (
            read(
                "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><x/></e:Body></e:Envelope>",
            ),
            "Unreadable",
        ),
    ] {
        let told = format!("{:?}", reply.unwrap_err());
        assert!(told.starts_with(expected), "{told}: {expected}");
    }
    let reason = &NOT_FOUND[NOT_FOUND.find("<reason").unwrap()..NOT_FOUND.find("<queryAck").unwrap()];
    for (reply, is_none) in [
        (none("code=\"1\"", "code=\"NHSNCC002\""), true),
        (none("code=\"1\" codeSystem", "code=\"7\" codeSystem").clone(), false),
        (none("displayName=\"NHS Number Not Found\"", "displayName=\"No Records Found\""), true),
        (none(reason, ""), false),
        (none(reason, &format!("{reason}{}", reason.replace("code=\"1\"", "code=\"GE002\""))), false),
        (none(reason, &reason.repeat(2)), true),
    ] {
        assert_eq!(reply == Ok(Reply::NotFound), is_none, "{reply:?}");
    }
    let no_data = NOT_FOUND.replace(reason, "").replace("code=\"ID\"", "code=\"NF\"");
    assert_eq!(read(&no_data), Ok(Reply::NotFound));
}
