//! Acknowledgements against the structure of the specification's example.

use super::{UPLOAD, changed, compact};
use crate::{Mode, acknowledgement_json, acknowledgement_xml, decode, location, record_bytes};
use cpis_model::codes::{Detail, FileCode, RecordCode};
use cpis_model::upload::{Acknowledgement, Field, Rejection, SubjectKind, file_code};
use expect_test::expect;

fn answer() -> Acknowledgement {
    let header = decode(UPLOAD.as_bytes(), Mode::Strict).unwrap().header;
    Acknowledgement {
        created: "2026-03-02T09:32:10Z".parse().unwrap(),
        sequence: Some(1042),
        records: Some(3),
        code: file_code(2, 1),
        authority: header.authority,
        authority_name: header.name,
        contact: Some(cpis_model::organisation::Contact { office: None, ..header.contact }),
        loaded: 2,
        failed: 1,
        rejections: vec![Rejection::coded(
            2,
            RecordCode::NoMatch,
            None,
            location(2, SubjectKind::Child, Field::Number),
        )],
        file_faults: Vec::new(),
        returned: record_bytes(UPLOAD.as_bytes(), &[2]),
    }
}

#[test]
fn the_example_of_the_specification_is_written() {
    let written = String::from_utf8(acknowledgement_xml(&answer())).unwrap();
    assert_eq!(compact(&written), compact(include_str!("../../tests/golden/acknowledgement.xml")));
}

#[test]
fn details_and_warnings_are_translations() {
    let mut answer = answer();
    answer.rejections = [(RecordCode::Rejected, Detail::BadNumber), (RecordCode::Loaded, Detail::LateEnd)]
        .map(|(code, detail)| Rejection::coded(1, code, Some(detail), "/File/a[b='<']".into()))
        .into();
    answer.returned.clear();
    let written = String::from_utf8(acknowledgement_xml(&answer)).unwrap();
    let part =
        written.split_once("<acknowledgementRecord>").unwrap().1.split_once("</acknowledgementRecord>").unwrap().0;
    expect![[r#"

        <acknowledgementRecordDetail><code code="CPR07" codeSystem="2.16.840.1.113883.2.1.3.2.4.17.473" displayName="Unsucessful Record Upload"><translation code="D13" codeSystem="2.25.253407142861935287345671229403386120518" displayName="The NHS number is not valid"/></code><location>/File/a[b='&lt;']</location></acknowledgementRecordDetail>
        <acknowledgementRecordDetail><code code="CPR06" codeSystem="2.16.840.1.113883.2.1.3.2.4.17.473" displayName="Successful Record Upload"><translation code="D15" codeSystem="2.25.253407142861935287345671229403386120518" displayName="The end date is more than 365 days ago"/></code><location>/File/a[b='&lt;']</location></acknowledgementRecordDetail>
    "#]].assert_eq(part);
    expect![[r#"{"sequence":1042,"code":"CPF03","display":"Partial File Upload","mend":"Correct the rejected records and send them in the next file.","records":3,"loaded":2,"failed":1,"created":"2026-03-02T09:32:10Z","authority":{"code":"999","name":"EXAMPLESHIRE COUNTY COUNCIL"},"rejections":[{"record":1,"code":"CPR07","display":"Unsucessful Record Upload","detail":{"code":"D13","display":"The NHS number is not valid"},"warning":false,"location":"/File/a[b='<']","mend":"Check the number: it has ten digits and the last one checks the others."},{"record":1,"code":"CPR06","display":"Successful Record Upload","detail":{"code":"D15","display":"The end date is more than 365 days ago"},"warning":true,"location":"/File/a[b='<']","mend":"Nothing to do: the plan is accepted and not shown any more."}],"faults":[]}"#]].assert_eq(std::str::from_utf8(&acknowledgement_json(&answer)).unwrap());
}

#[test]
fn a_refused_file_learns_every_fault() {
    let fault = decode(
        changed("extension=\"1042\"", "").replace("<name>EX", "<nome>EX").replace("IL</name>", "IL</nome>").as_bytes(),
        Mode::Lenient,
    )
    .unwrap_err();
    let answer = Acknowledgement {
        code: FileCode::FileFault,
        sequence: fault.sequence,
        records: None,
        rejections: Vec::new(),
        file_faults: fault.faults,
        contact: None,
        authority_name: String::new(),
        ..answer()
    };
    expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <FileResponse xmlns="urn:hl7-org:v3" xmlns:npfitlc="NPFIT:HL7:Localisation">
        <creationTime value="20260302093210+0000"/>
        <id extension="-1"/>
        <transmissionQuantity value="-1"/>
        <acknowledgementFile><acknowledgementFileDetail><code code="CPF01" displayName="File Level Error"/></acknowledgementFileDetail></acknowledgementFile>
        <acknowledgementRecord>
        <acknowledgementRecordDetail><code code="CPR07" codeSystem="2.16.840.1.113883.2.1.3.2.4.17.473" displayName="Unsucessful Record Upload"><originalText>the sequence number is missing</originalText></code><location>/File/id/@extension</location></acknowledgementRecordDetail>
        <acknowledgementRecordDetail><code code="CPR07" codeSystem="2.16.840.1.113883.2.1.3.2.4.17.473" displayName="Unsucessful Record Upload"><originalText>the sender's name is missing</originalText></code><location>/File/communicationFunctionSnd/organisation/name</location></acknowledgementRecordDetail>
        </acknowledgementRecord>
        <communicationFunctionRcv><organisation><id root="2.16.840.1.113883.2.1.3.2.4.19.1" extension="999"/><name>999</name><telecom value="tel:" use="EC"/></organisation></communicationFunctionRcv>
        <failedReturnedCP-ISRecords><value value="0"/></failedReturnedCP-ISRecords>
        <successfulReturnedCP-ISRecords><value value="0"/></successfulReturnedCP-ISRecords>
        </FileResponse>
    "#]].assert_eq(std::str::from_utf8(&acknowledgement_xml(&answer)).unwrap());
    expect![[r#"{"sequence":null,"code":"CPF01","display":"File Level Error","mend":"Correct the file and send it again with the same sequence number.","records":null,"loaded":2,"failed":1,"created":"2026-03-02T09:32:10Z","authority":{"code":"999","name":""},"rejections":[],"faults":[{"location":"/File/id/@extension","text":"the sequence number is missing"},{"location":"/File/communicationFunctionSnd/organisation/name","text":"the sender's name is missing"}]}"#]].assert_eq(std::str::from_utf8(&acknowledgement_json(&answer)).unwrap());
}
