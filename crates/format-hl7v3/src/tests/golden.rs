//! The worked example of the specification, decoded and described.

use super::{UPLOAD, outcome};
use crate::{Mode, decode, head, location, record_bytes};
use cpis_model::plan::PlanKind;
use cpis_model::upload::{Field, SubjectKind};
use expect_test::expect;
use std::fmt::Write;

#[test]
fn the_example_of_the_specification_is_read_in_both_modes() {
    let expected = expect![[r#"
        1 Child 9990000018 "Robin" "Testcase" 2017-04-04 EX-000101 CPP 2026-01-15/2026-07-15/-
        2 Child 9990000026 "Morgan" "Sample" 2012-12-24 - LAC 2025-11-03/-/2026-03-02
        3 Unborn 9990000034 "Casey" "Fixture" 1998-06-11 EX-000103 UCPP 2026-02-01/2026-09-30/-
    "#]];
    expected.assert_eq(&outcome(UPLOAD.as_bytes(), Mode::Lenient));
    expected.assert_eq(&outcome(UPLOAD.as_bytes(), Mode::Strict));
}

#[test]
fn the_head_is_read_without_the_rest() {
    let whole = decode(UPLOAD.as_bytes(), Mode::Strict).unwrap();
    assert_eq!(whole.count, 3);
    let header = head(UPLOAD.as_bytes()).unwrap();
    assert_eq!(header, whole.header);
    expect![[r#"
        Header {
            created: "20260302093000+0000",
            sequence: 1042,
            declared_records: 3,
            authority: AuthorityCode(
                999,
            ),
            name: "EXAMPLESHIRE COUNTY COUNCIL",
            contact: Contact {
                emergency: Phone(
                    "01632960001",
                ),
                office: Some(
                    Phone(
                        "01632960002",
                    ),
                ),
            },
        }
    "#]]
    .assert_debug_eq(&header);
    let cut = UPLOAD.find("<record>").unwrap();
    let broken_later = format!("{}{}", &UPLOAD[..cut], "<".repeat(300_000));
    assert_eq!(head(broken_later.as_bytes()), Ok(whole.header));
}

#[test]
fn rejected_records_come_back_in_the_form_of_the_schema() {
    let upload = UPLOAD
        .replace("<CP-ISRecord>", "<CP-ISRecord classCode=\"ACTN\"><code code=\"01\"/>")
        .replace(
            "<given>Morgan</given><family>Sample</family>",
            "<family>O'Br&#105;en &amp; Co</family><given use='x'>A</given>",
        )
        .replace("20121224", "not &lt;a> date");
    let list = record_bytes(upload.as_bytes(), &[9, 2, 2]);
    let [(2, bytes)] = list.as_slice() else { panic!("{list:?}") };
    expect![[r#"<pertinentInformation><npfitlc:contentId root="2.16.840.1.113883.2.1.3.2.4.18.16" extension="COCT_TP146100GB01#LACInformation"/><COCT_TP146100GB01.LACInformation><component><lACStartDate><value value="202511030000"/></lACStartDate></component><component2><lACDeleteDate><value value="202603020915"/></lACDeleteDate></component2></COCT_TP146100GB01.LACInformation></pertinentInformation><subject><npfitlc:contentId root="2.16.840.1.113883.2.1.3.2.4.18.16" extension="COCT_TP145101GB01#Child"/><COCT_TP145101GB01.Child><id root="2.16.840.1.113883.2.1.4.1" extension="9990000026"/><childPerson><birthTime value="not &lt;a> date"/><name><given>A</given><family>O'Brien &amp; Co</family></name></childPerson></COCT_TP145101GB01.Child></subject>"#]]
    .assert_eq(std::str::from_utf8(bytes).unwrap());
    assert_eq!(record_bytes(upload.as_bytes(), &[]), []);
    assert_eq!(record_bytes(b"<File", &[1]), []);
}

#[test]
fn places_name_every_field() {
    let mut text = String::new();
    for field in [Field::Record, Field::Number, Field::LocalId, Field::Family, Field::Given, Field::Birth] {
        let _ = writeln!(text, "{}", location(2, SubjectKind::Unborn, field));
    }
    for kind in PlanKind::ALL {
        for field in [Field::Plan(kind), Field::Start(kind), Field::End(kind), Field::Delete(kind)] {
            let _ = writeln!(text, "{}", location(2, SubjectKind::Child, field));
        }
    }
    expect![[r"
        /File/record[2]
        /File/record[2]/CP-ISRecord/subject/COCT_TP145100GB01.UnbornChild/parentMotherPerson/playedMother/id[@root='2.16.840.1.113883.2.1.4.1']
        /File/record[2]/CP-ISRecord/subject/COCT_TP145100GB01.UnbornChild/parentMotherPerson/playedMother/id[@root='2.16.840.1.113883.2.1.3.2.4.18.24']
        /File/record[2]/CP-ISRecord/subject/COCT_TP145100GB01.UnbornChild/parentMotherPerson/name/family
        /File/record[2]/CP-ISRecord/subject/COCT_TP145100GB01.UnbornChild/parentMotherPerson/name/given
        /File/record[2]/CP-ISRecord/subject/COCT_TP145100GB01.UnbornChild/parentMotherPerson/birthTime
        /File/record[2]/CP-ISRecord/pertinentInformation/COCT_TP146101GB01.CPPInformation
        /File/record[2]/CP-ISRecord/pertinentInformation/COCT_TP146101GB01.CPPInformation/component/cPPStartDate/value
        /File/record[2]/CP-ISRecord/pertinentInformation/COCT_TP146101GB01.CPPInformation/component1/cPPEndDate/value
        /File/record[2]/CP-ISRecord/pertinentInformation/COCT_TP146101GB01.CPPInformation/component2/cPPDeleteDate/value
        /File/record[2]/CP-ISRecord/pertinentInformation/COCT_TP146100GB01.LACInformation
        /File/record[2]/CP-ISRecord/pertinentInformation/COCT_TP146100GB01.LACInformation/component/lACStartDate/value
        /File/record[2]/CP-ISRecord/pertinentInformation/COCT_TP146100GB01.LACInformation/component1/lACEndDate/value
        /File/record[2]/CP-ISRecord/pertinentInformation/COCT_TP146100GB01.LACInformation/component2/lACDeleteDate/value
        /File/record[2]/CP-ISRecord/pertinentInformation/COCT_TP146102GB01.UCPInformation
        /File/record[2]/CP-ISRecord/pertinentInformation/COCT_TP146102GB01.UCPInformation/component/uCPStartDate/value
        /File/record[2]/CP-ISRecord/pertinentInformation/COCT_TP146102GB01.UCPInformation/component1/uCPEndDate/value
        /File/record[2]/CP-ISRecord/pertinentInformation/COCT_TP146102GB01.UCPInformation/component2/uCPDeleteDate/value
    "]].assert_eq(&text);
}
