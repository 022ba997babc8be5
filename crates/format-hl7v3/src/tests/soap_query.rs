//! Questions: the specification's examples, every fault of its table, hostile messages.

use crate::soap::{Ask, Author, Invalid, Place, QUERY_BYTES_MAX, Query, QueryFault, action, decode_query, query_xml};
use cpis_model::Uuid;
use cpis_model::caller::{Declared, ResponsiblePerson, Staff};
use expect_test::{Expect, expect, expect_file};

pub(super) const PERSON: &str = include_str!("../../tests/golden/soap/example_query_person.xml");
pub(super) const DEVICE: &str = include_str!("../../tests/golden/soap/example_query_device.xml");
const ACTION: &str = "urn:nhs:names:services:cpisquery/QUPC_IN000006GB01";

fn read(text: &str) -> Result<Query, QueryFault> {
    decode_query(text.as_bytes(), Some(&format!("\"{ACTION}\"")))
}

/// An example with a text in it replaced wherever it stands.
fn changed(example: &str, from: &str, to: &str) -> String {
    assert!(example.contains(from), "{from}");
    example.replace(from, to)
}

/// The faults of a question, in words.
fn faults(text: &str) -> Vec<String> {
    match read(text) {
        Ok(_) => Vec::new(),
        Err(QueryFault::Invalid { faults, .. }) => faults.iter().map(Invalid::display).collect(),
        Err(other) => vec![format!("{other:?}")],
    }
}

pub(super) fn staff() -> Staff {
    Staff {
        user_id: "999000000001".into(),
        role_profile_id: Some("999000000002".into()),
        role_code: "R0670".into(),
        role_name: "Midwife - Sister/Charge Nurse".into(),
        name: "Mrs Ada Example".into(),
    }
}

pub(super) fn consultant() -> ResponsiblePerson {
    ResponsiblePerson { role_code: "R0050".into(), role_name: "Consultant".into(), name: "Dr Noor Example".into() }
}

fn place() -> Place {
    Place { code: "ZZ1".parse().unwrap(), is_site: false, name: "EXAMPLE COMMUNITY HOSPITAL".to_owned() }
}

#[test]
fn the_examples_of_the_specification_are_read() {
    let person = read(PERSON).unwrap();
    assert_eq!(person.author, Author::Person { staff: staff(), place: place() });
    assert_eq!(person.number.digits(), "9990000018");
    assert_eq!(person.event, "0B8C7E4D-2A51-4C7B-8E11-6E5A0F9D3C22".parse::<Uuid>().unwrap());
    assert_eq!(person.declared, Declared::Unscheduled, "nothing said counts as an access");
    assert_eq!((&*person.head.sender, &*person.head.receiver), ("999999999902", "999999999901"));
    assert_eq!(person.head.message_id, "uuid:5C3E0B5A-6F2D-4E0C-9A41-0D3B7C1E2F10");
    let device = read(DEVICE).unwrap();
    let asid = "999999999902".to_owned();
    assert_eq!(device.author, Author::Device { asid, responsible: vec![consultant()], place: place() });
    let shown = format!("{person:?} {device:?}");
    for personal in ["Ada", "Noor", "9990000018", "999000000001"] {
        assert!(!shown.contains(personal), "{personal}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    let message = Uuid::from_u128(0x5C3E_0B5A_6F2D_4E0C_9A41_0D3B_7C1E_2F10);
    let person = Author::Person { staff: staff(), place: place() };
    let device = |responsible, name: &str, is_site| Author::Device {
        asid: "999999999902".to_owned(),
        responsible,
        place: Place { is_site, name: name.to_owned(), ..place() },
    };
    for (file, author, declared) in [
        ("query_person.xml", person, Declared::Nothing),
        ("query_device.xml", device(vec![consultant()], "EXAMPLE COMMUNITY HOSPITAL", true), Declared::Unscheduled),
        ("query_device_silent.xml", device(vec![consultant()], "EXAMPLE CLINIC", false), Declared::Scheduled),
        (
            "query_device_111.xml",
            device(
                vec![consultant(), ResponsiblePerson { name: "O'Brien & <Sons>".into(), ..consultant() }],
                "12 Example Road, Exampleton",
                false,
            ),
            Declared::Nothing,
        ),
        ("query_device_alone.xml", device(vec![], "EXAMPLE COMMUNITY HOSPITAL", false), Declared::Nothing),
    ] {
        let ask = Ask {
            message,
            made: "2026-03-04T10:15:02Z".parse().unwrap(),
            to: "https://cpisquery.example.invalid/syncservice",
            from: "https://client.example.invalid/cpis",
            receiver: "999999999901",
            sender: "999999999902",
            event: "0B8C7E4D-2A51-4C7B-8E11-6E5A0F9D3C22".parse().unwrap(),
            author: &author,
            number: "9990000018".parse().unwrap(),
            declared,
        };
        let xml = query_xml(&ask);
        super::soap_schema::check_soap(&xml);
        let text = String::from_utf8(xml).unwrap();
        expect_file![format!("{}/tests/golden/soap/{file}", env!("CARGO_MANIFEST_DIR"))].assert_eq(&text);
        let query = read(&text).unwrap();
        let declared = if declared == Declared::Nothing { Declared::Unscheduled } else { declared };
        assert_eq!((&query.author, query.declared, query.event), (&author, declared, ask.event), "{file}");
        assert_eq!(query.head.message, message);
    }
}

#[test]
fn prefixes_order_and_what_the_schema_prohibits_do_not_matter() {
    let shuffled = changed(PERSON, "<person.NHSnumber>", "<person.NHSnumber classCode=\"x\">")
        .replace("<cP-ISNHSQuery>", "<cP-ISNHSQuery classCode=\"CACT\" moodCode=\"EVN\"><code code=\"03\"/>")
        .replace(
            "<value extension=\"9990000018\"/>",
            "<value root=\"2.16.840.1.113883.2.1.4.1\" extension=\" 999 000 0018 \"/>",
        )
        .replace("0B8C7E4D-2A51-4C7B-8E11-6E5A0F9D3C22", "0b8c7e4d-2a51-4c7b-8e11-6e5a0f9d3c22")
        .replace("<SOAP:", "<s:")
        .replace("</SOAP:", "</s:")
        .replace("xmlns:SOAP", "xmlns:s");
    let (plain, other) = (read(PERSON).unwrap(), read(&shuffled).unwrap());
    assert_eq!(plain, other);
    let without_space = PERSON.replace(" xmlns=\"urn:hl7-org:v3\"", "");
    assert_eq!(read(&without_space).unwrap(), plain, "names without a namespace");
    let colon = decode_query(PERSON.as_bytes(), Some("urn:nhs:names:services:cpisquery:QUPC_IN000006GB01"));
    assert_eq!(colon.unwrap(), plain);
    assert_eq!(decode_query(PERSON.as_bytes(), None).unwrap(), plain, "the SOAP header names the action");
}

fn check(example: &str, changes: &[(&str, &str)], expected: &Expect) {
    let text = changes.iter().fold(example.to_owned(), |text, (from, to)| changed(&text, from, to));
    let mut told = faults(&text).join("\n");
    told.push('\n');
    expected.assert_eq(&told);
}

#[test]
fn each_check_of_the_wrapper_has_its_fault() {
    // Source: spec/hl7v3.md 8.1, the first table.
    let id = "<id root=\"5C3E0B5A-6F2D-4E0C-9A41-0D3B7C1E2F10\"/>";
    let system = "<id root=\"1.2.826.0.1285.0.2.0.107\" extension=\"999999999902\"/>";
    for (from, to, fault) in [
        (id, "", "INVALID_ID"),
        (id, "<id root=\"\"/>", "INVALID_ID"),
        ("<creationTime value=\"20260304101502\"/>", "", "INVALID_CREATION_TIME"),
        ("<versionCode code=\"v3INF_DMSv5.7:FIN\"/>", "<versionCode code=\" \"/>", "INVALID_VERSION_CODE"),
        ("extension=\"QUPC_IN000006GB01\"", "extension=\"REPC_IN000007GB01\"", "INCONSISTENT_HL7_INTERACTION_ID"),
        ("2.16.840.1.113883.2.1.3.2.4.12\"", "1.2\"", "INCONSISTENT_HL7_INTERACTION_ID"),
    ] {
        assert_eq!(faults(&changed(PERSON, from, to)), [fault], "{from}");
    }
    let twice = changed(PERSON, id, &id.repeat(2));
    assert_eq!(faults(&twice), ["INVALID_ID"]);
    let in_wrapper = |text: &str, name: &str| {
        let start = text.find("<QUPC_IN").unwrap();
        let (head, rest) = text.split_at(start);
        let from = rest.find(&format!("<{name}>")).unwrap();
        let to = rest.find(&format!("</{name}>")).unwrap() + name.len() + 3;
        format!("{head}{}{}", &rest[..from], &rest[to..])
    };
    assert_eq!(faults(&in_wrapper(PERSON, "communicationFunctionRcv")), ["INVALID_COMM_FUNC_RCV"]);
    assert_eq!(faults(&in_wrapper(PERSON, "communicationFunctionSnd")), ["INVALID_COMM_FUNC_SND"]);
    let other = PERSON.replacen("999999999902", "999999999909", 1);
    assert_eq!(faults(&other), ["INVALID_COMM_FUNC_SND (the SOAP header names another system)"]);
    let author = "<author1 typeCode=\"AUT\">";
    assert_eq!(faults(&changed(PERSON, author, "<author1/><author1>")), ["MANDATORY_DATA_MISSING: author1"]);
    let at = PERSON.rfind(system).unwrap();
    let without = format!("{}{}", &PERSON[..at], &PERSON[at + system.len()..]);
    assert_eq!(faults(&without), ["MANDATORY_DATA_MISSING: author1"]);
}

#[test]
fn all_mandatory_data_of_a_person_is_told_at_once() {
    // Source: spec/hl7v3.md 8.1, the second table.
    check(
        PERSON,
        &[
            ("<id root=\"0B8C7E4D-2A51-4C7B-8E11-6E5A0F9D3C22\"/>", ""),
            ("<value extension=\"9990000018\"/>", "<value extension=\"\"/>"),
            ("code=\"R0670\"", "code=\"\""),
            ("displayName=\"Midwife - Sister/Charge Nurse\"", ""),
            ("extension=\"ZZ1\"", ""),
            ("<name>EXAMPLE COMMUNITY HOSPITAL</name>", "<name>  </name>"),
            ("<id root=\"1.2.826.0.1285.0.2.0.65\" extension=\"999000000001\"/>", ""),
        ],
        &expect![[r"
            MANDATORY_DATA_MISSING: Event ID
            MANDATORY_DATA_MISSING: NHS Number
            MANDATORY_DATA_MISSING: Job Role Code
            MANDATORY_DATA_MISSING: Job Role Name
            MANDATORY_DATA_MISSING: Organisation Code
            MANDATORY_DATA_MISSING: Organisation Name
            MANDATORY_DATA_MISSING: authorID
        "]],
    );
}

#[test]
fn all_mandatory_data_of_a_device_is_told_at_once() {
    check(
        DEVICE,
        &[
            (
                "<COCT_TP145104GB01.System>\n                  <id root=\"1.2.826.0.1285.0.2.0.107\" extension=\"999999999902\"/>",
                "<COCT_TP145104GB01.System>",
            ),
            ("code=\"R0050\"", "code=\"\""),
            ("displayName=\"Consultant\"", "displayName=\"\""),
            ("<name><prefix>Dr</prefix><given>Noor</given><family>Example</family></name>", ""),
            ("extension=\"ZZ1\"", "extension=\" \""),
            ("<name>EXAMPLE COMMUNITY HOSPITAL</name>", ""),
        ],
        &expect![[r"
            MANDATORY_DATA_MISSING: authorDevice.systemID
            MANDATORY_DATA_MISSING: authorDevice.orgCode
            MANDATORY_DATA_MISSING: authorDevice.orgName
            MANDATORY_DATA_MISSING: authorDevice.jobRoleCode
            MANDATORY_DATA_MISSING: authorDevice.jobRoleName
            MANDATORY_DATA_MISSING: authorDevice.assignedPersonName
        "]],
    );
}

#[test]
fn a_question_without_anything_has_every_fault() {
    let empty = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><QUPC_IN000006GB01 xmlns=\"urn:hl7-org:v3\"/></s:Body></s:Envelope>";
    check(
        empty,
        &[],
        &expect![[r"
            INVALID_ID
            INVALID_CREATION_TIME
            INVALID_VERSION_CODE
            INCONSISTENT_HL7_INTERACTION_ID
            INVALID_COMM_FUNC_RCV
            INVALID_COMM_FUNC_SND
            INVALID_CONTROL_ACT
            MANDATORY_DATA_MISSING: author1
            MANDATORY_DATA_MISSING: Event ID
            MANDATORY_DATA_MISSING: NHS Number
            MANDATORY_DATA_MISSING: [authorPerson or authorDevice]
        "]],
    );
}

#[test]
fn values_that_cannot_be_are_told_apart() {
    let number = |to: &str| faults(&changed(PERSON, "9990000018", to));
    for (digits, why) in [
        ("9990000019", "its check digit is wrong"),
        ("999000001", "it has not ten digits"),
        ("99900000180", "it has not ten digits"),
        ("A123456", "it is an old-style number"),
        ("9999999999", "one digit ten times is no number"),
    ] {
        assert_eq!(number(digits), [format!("INVALID_DATA: NHS Number ({why})")], "{digits}");
    }
    for (from, to, expected) in [
        ("0B8C7E4D-2A51-4C7B-8E11-6E5A0F9D3C22", "7", "INVALID_DATA: Event ID (it is no UUID)"),
        ("extension=\"ZZ1\"", "extension=\"Z Z\"", "INVALID_DATA: Organisation Code (it is no ODS code)"),
        (
            "GB01#AssignedAuthor",
            "GB01#System",
            "INVALID_DATA: contentId (it names another template than the one that follows)",
        ),
        ("999000000001", &"9".repeat(201), "INVALID_DATA: authorID (it is too long, or has control characters)"),
        (
            "</COCT_TP145102GB01.AssignedAuthor>",
            "</COCT_TP145102GB01.AssignedAuthor><COCT_TP145104GB01.System/>",
            "INVALID_DATA: [authorPerson or authorDevice] (there are both)",
        ),
        (
            "<value extension=\"9990000018\"/>",
            "<value extension=\"9990000018\"/><value extension=\"9990000026\"/>",
            "INVALID_DATA: NHS Number (there are several)",
        ),
    ] {
        assert_eq!(faults(&changed(PERSON, from, to)), [expected], "{from}");
    }
    let holder = "<indirectAuthority>";
    let end = "</indirectAuthority>";
    let (from, to) = (DEVICE.find(holder).unwrap(), DEVICE.find(end).unwrap() + end.len());
    let many = format!("{}{}{}", &DEVICE[..from], DEVICE[from..to].repeat(11), &DEVICE[to..]);
    assert_eq!(faults(&many), ["INVALID_DATA: indirectAuthority (there are more than 10)"]);
}

#[test]
fn what_is_said_about_the_care_is_found_wherever_it_stands() {
    // Source: spec/hl7v3.md 7.
    let parameters = "<queryByParameter>";
    let element = |inner: &str| format!("<accessEventType{inner}");
    for (value, expected) in [
        ("false", Some(Declared::Scheduled)),
        ("0", Some(Declared::Scheduled)),
        ("true", Some(Declared::Unscheduled)),
        (" 1 ", Some(Declared::Unscheduled)),
        ("no", None),
        ("FALSE", None),
        ("", None),
    ] {
        for shape in [
            element(&format!("><value value=\"{value}\"/></accessEventType>")),
            element(&format!(" value=\"{value}\"/>")),
            element(&format!(">{value}</accessEventType>")),
        ] {
            for place in [format!("{parameters}{shape}"), format!("{shape}{parameters}")] {
                let read = read(&changed(PERSON, parameters, &place));
                assert_eq!(read.ok().map(|query| query.declared), expected, "{place}");
            }
        }
    }
    let both = "<accessEventType value=\"true\"/><queryByParameter><accessEventType value=\"false\"/>";
    assert_eq!(faults(&changed(PERSON, parameters, both)), ["INVALID_DATA: accessEventType (it contradicts itself)"]);
}

#[test]
fn other_actions_and_interactions_are_not_supported() {
    let unsupported = |text: &str, action: Option<&str>| match decode_query(text.as_bytes(), action) {
        Err(QueryFault::Unsupported { place }) => place,
        other => panic!("{other:?}"),
    };
    assert_eq!(unsupported(PERSON, Some("\"urn:other\"")), "HTTP Header - SOAPAction");
    let mixed = "urn:nhs:names:services:cpisquery/REPC_IN000007GB01";
    assert_eq!(unsupported(PERSON, Some(mixed)), "HTTP Header - SOAPAction");
    let header = format!("<wsa:Action>{ACTION}</wsa:Action>");
    assert_eq!(unsupported(&changed(PERSON, &header, ""), None), "HTTP Header - SOAPAction");
    let other = format!("<wsa:Action>{}</wsa:Action>", action("X"));
    assert_eq!(unsupported(&changed(PERSON, &header, &other), Some(ACTION)), "SOAP Header - wsa:Action");
    let space =
        changed(PERSON, "<QUPC_IN000006GB01 xmlns=\"urn:hl7-org:v3\"", "<QUPC_IN000006GB01 xmlns=\"urn:hl7-org:v2\"");
    assert_eq!(unsupported(&space, Some(ACTION)), "SOAP Body");
    assert_eq!(
        unsupported(
            &PERSON
                .replace("<QUPC_IN000006GB01 ", "<QUPC_IN000099GB01 ")
                .replace("</QUPC_IN000006GB01>", "</QUPC_IN000099GB01>"),
            Some(ACTION)
        ),
        "SOAP Body"
    );
}

#[test]
fn what_cannot_be_read_says_where_and_never_what() {
    let unreadable = |text: &str| match read(text) {
        Err(QueryFault::Unreadable { place, text, too_large, version }) => {
            (place, text.into_owned(), too_large, version)
        }
        other => panic!("{other:?}"),
    };
    let doctype = "<!DOCTYPE x [<!ENTITY a \"b\">]>\n<SOAP:Envelope";
    for text in [
        changed(PERSON, "<SOAP:Envelope", doctype),
        changed(PERSON, "<SOAP:Envelope", "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><SOAP:Envelope"),
    ] {
        assert!(unreadable(&text).1.contains("document type"), "{:?}", unreadable(&text));
    }
    assert!(unreadable(&changed(PERSON, "Mrs", "&secret;")).1.contains("entity"));
    assert!(unreadable("").1.contains("no element"));
    assert!(unreadable("<a>").1.contains("before its last element"));
    assert_eq!(unreadable("<a/>").1, "it is no SOAP envelope");
    let newer = changed(PERSON, "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope");
    assert_eq!(unreadable(&newer), (String::new(), "it is no envelope of SOAP 1.1".to_owned(), false, true));
    let body =
        |inner: &str| format!("<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\">{inner}</e:Envelope>");
    for (inner, words) in [
        ("", "it has no SOAP body"),
        ("<e:Body/><e:Body/>", "it has several SOAP bodies"),
        ("<e:Body/>", "its SOAP body is empty"),
        ("<e:Body><a/><b/></e:Body>", "its SOAP body has several elements"),
    ] {
        assert_eq!(unreadable(&body(inner)).1, words);
    }
    let (_, _, too_large, _) = unreadable(&" ".repeat(QUERY_BYTES_MAX + 1));
    assert!(too_large);
    let deep = body(&format!("<e:Body>{}{}</e:Body>", "<a>".repeat(40), "</a>".repeat(40)));
    assert!(unreadable(&deep).2, "depth");
    let many = body(&format!("<e:Body><x>{}</x></e:Body>", "<a/>".repeat(5000)));
    assert!(unreadable(&many).1.contains("too many elements"));
}
