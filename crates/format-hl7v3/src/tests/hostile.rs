//! Documents made to hurt, and documents that are none.

use super::{UPLOAD, changed, faults};
use crate::{Mode, decode, head, record_bytes};
use cpis_model::upload::{RECORDS_MAX, UPLOAD_BYTES_MAX};

const DOCTYPE: &str = "a document type declaration is not allowed";

fn before_root(text: &str) -> String {
    changed("<File ", &format!("{text}<File "))
}

#[test]
fn what_could_hurt_is_refused_with_its_place() {
    let utf16 = |bytes: fn(u16) -> [u8; 2]| UPLOAD.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let latin = [b"<File><name>".as_slice(), b"\xe9", b"</name></File>"].concat();
    let attributes = (0..65).map(|number| format!(" a{number}=''")).collect::<Vec<_>>().concat();
    let spaces = (0..40).map(|number| format!(" xmlns:a{number}='u'")).collect::<Vec<_>>().concat();
    let laughs = "<!DOCTYPE File [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\"><!ENTITY c \"&b;&b;\">]>";
    let mut wrong = Vec::new();
    for (name, bytes, place, words) in [
        ("billion laughs", before_root(laughs).replace("Testcase", "&c;").into_bytes(), "line 2, column 1", DOCTYPE),
        (
            "external entity",
            before_root("<!DOCTYPE File [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>").into(),
            "line 2, column 1",
            DOCTYPE,
        ),
        (
            "parameter entity",
            before_root("<!DOCTYPE File [<!ENTITY % a SYSTEM \"http://x.invalid/\"> %a;]>").into(),
            "line 2, column 1",
            DOCTYPE,
        ),
        ("document type", before_root("<!DOCTYPE File>").into(), "line 2, column 1", DOCTYPE),
        ("document type not closed", before_root("<!DOCTYPE File [").into(), "line 2, column 1", DOCTYPE),
        (
            "entity in text",
            changed("Testcase", "&xxe;").into(),
            "line 30, column 47",
            "a reference to an entity other than amp, lt, gt, quot and apos",
        ),
        (
            "entity in an attribute",
            changed("20170404", "&xxe;").into(),
            "line 29, column 31",
            "a reference to an entity other than amp, lt, gt, quot and apos",
        ),
        (
            "character that is none",
            changed("Testcase", "&#0;").into(),
            "line 30, column 47",
            "an ampersand that begins no reference to a character of XML",
        ),
        (
            "lone ampersand",
            changed("Testcase", "A & B").into(),
            "line 30, column 49",
            "an ampersand that begins no reference",
        ),
        (
            "control character",
            changed("Testcase", "A\u{1}B").into(),
            "line 30, column 48",
            "a character that XML does not allow",
        ),
        (
            "noncharacter",
            changed("Testcase", "A\u{fffe}B").into(),
            "line 30, column 48",
            "a character that XML does not allow",
        ),
        (
            "deep",
            format!("<File xmlns='urn:hl7-org:v3'>{}", "<a>".repeat(10_000)).into(),
            "line 1, column 123",
            "elements are nested more than 32 deep",
        ),
        (
            "long attribute",
            changed("20170404", &"9".repeat(1 << 20)).into(),
            "line 29, column 13",
            "a start tag is larger than 64 KiB",
        ),
        (
            "large record",
            changed("Testcase", &"x".repeat(1 << 16)).into(),
            "/File/record[1]",
            "a record, or the head of the file, is larger than 64 KiB",
        ),
        (
            "large head",
            changed("EXAMPLESHIRE COUNTY COUNCIL</name>", &format!("{}</name>", "x".repeat(1 << 16))).into(),
            "/File",
            "a record, or the head of the file, is larger than 64 KiB",
        ),
        (
            "large unknown element",
            changed("<record>", &format!("<record><a>{}</a>", "<!-- -->".repeat(1 << 13))).into(),
            "/File/record[1]",
            "a record, or the head of the file, is larger than 64 KiB",
        ),
        (
            "UTF-16, little end first",
            [b"\xff\xfe".as_slice(), &utf16(u16::to_le_bytes)].concat(),
            "line 1, column 1",
            "the file is in UTF-16 or UTF-32; it has to be in UTF-8",
        ),
        (
            "UTF-16, big end first",
            [b"\xfe\xff".as_slice(), &utf16(u16::to_be_bytes)].concat(),
            "line 1, column 1",
            "the file is in UTF-16 or UTF-32; it has to be in UTF-8",
        ),
        (
            "UTF-16 without mark",
            utf16(u16::to_le_bytes),
            "line 1, column 1",
            "the file is in UTF-16 or UTF-32; it has to be in UTF-8",
        ),
        (
            "UTF-7",
            changed("UTF-8", "UTF-7").into(),
            "line 1, column 1",
            "the XML declaration names another encoding than UTF-8",
        ),
        (
            "Latin 1 declared",
            changed("UTF-8", "ISO-8859-1").into(),
            "line 1, column 1",
            "the XML declaration names another encoding than UTF-8",
        ),
        ("Latin 1", latin, "line 1, column 13", "the file is not in UTF-8"),
        (
            "XML 1.1",
            changed("\"1.0\"", "\"1.1\"").into(),
            "line 1, column 1",
            "the XML declaration does not say version 1.0",
        ),
        (
            "late declaration",
            format!("\n{UPLOAD}").into(),
            "line 2, column 1",
            "the XML declaration does not stand at the start",
        ),
        (
            "second declaration",
            before_root("<?xml version='1.0'?>").into(),
            "line 2, column 1",
            "the XML declaration does not stand at the start",
        ),
        ("empty", Vec::new(), "line 1, column 1", "the file has no element"),
        ("blank", b" \n ".into(), "line 1, column 1", "the file has no element"),
        ("no XML", b"hello".into(), "line 1, column 1", "text outside of the document's element"),
        (
            "text after the end",
            format!("{UPLOAD}x").into(),
            "line 81, column 8",
            "text outside of the document's element",
        ),
        (
            "two elements",
            format!("{UPLOAD}<File/>").into(),
            "line 82, column 1",
            "a second element beside the document's own",
        ),
        (
            "other element",
            changed("<File ", "<Fail ").replace("</File", "</Fail").into(),
            "line 2, column 1",
            "the document's element is not File of urn:hl7-org:v3",
        ),
        (
            "other namespace",
            changed("=\"urn:hl7-org:v3\"", "=\"urn:hl7-org:v2\"").into(),
            "line 2, column 1",
            "the document's element is not File of urn:hl7-org:v3",
        ),
        (
            "end tag that does not match",
            changed("</given>", "</giver>").into(),
            "line 30, column 31",
            "an end tag that does not match its start tag",
        ),
        (
            "cut",
            UPLOAD[..UPLOAD.len() - 9].into(),
            "line 80, column 12",
            "the file ends before its last element is closed",
        ),
        (
            "cut in a tag",
            UPLOAD[..UPLOAD.len() - 3].into(),
            "line 81, column 1",
            "a tag, comment or section is not closed",
        ),
        (
            "attribute twice",
            changed("value=\"20170404\"", "value=\"20170404\" value=\"1\"").into(),
            "line 29, column 41",
            "an attribute stands twice in one element",
        ),
        (
            "attribute without quotes",
            changed("\"20170404\"", "1").into(),
            "line 29, column 30",
            "the value of an attribute does not stand in quotes",
        ),
        (
            "tag in an attribute",
            changed("\"20170404\"", "\"<\"").into(),
            "line 29, column 31",
            "a less-than sign in the value of an attribute",
        ),
        (
            "prefix not bound",
            changed(" xmlns:npfitlc=\"NPFIT:HL7:Localisation\"", "").into(),
            "line 17, column 9",
            "a prefix that is bound to no namespace",
        ),
        ("bad name", changed("<childPerson>", "<1>").into(), "line 28, column 11", "an element without a proper name"),
        (
            "bad comment",
            changed("<childPerson>", "<!-- -- --><childPerson>").into(),
            "line 28, column 16",
            "two hyphens within a comment",
        ),
        (
            "stray markup",
            changed("<childPerson>", "<!ELEMENT a><childPerson>").into(),
            "line 28, column 11",
            "markup that XML does not know",
        ),
        (
            "many attributes",
            changed("<record>", &format!("<record{attributes}>")).into(),
            "line 14, column 449",
            "more than 64 attributes in one element",
        ),
        (
            "many namespaces",
            changed("<CP-ISRecord>", &format!("<CP-ISRecord{spaces}>"))
                .replace("<record>", &format!("<record{spaces}>"))
                .into(),
            "line 15, column 5",
            "more than 64 namespace declarations in one place",
        ),
    ] {
        for mode in [Mode::Lenient, Mode::Strict] {
            let fault = decode(&bytes, mode).unwrap_err();
            let [(own_place, own_words)] = fault.faults.as_slice() else { panic!("{name}: {:?}", fault.faults) };
            if (own_place.as_str(), own_words.as_str()) != (place, words) {
                wrong.push(format!("{name}: {own_place}: {own_words}"));
            }
            let limit = ["larger", "deep"].iter().any(|word| words.contains(word));
            if fault.too_large != limit {
                wrong.push(format!("{name}: limit"));
            }
        }
        let _ = (head(&bytes), record_bytes(&bytes, &[1, 2, 3]));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_with_too_many_records_or_bytes_are_refused() {
    let records = format!("<File>{}</File>", "<record/>".repeat(RECORDS_MAX + 1));
    assert_eq!(
        faults(records.as_bytes(), Mode::Lenient),
        "too large -\n/File/record: the file has more than 150000 records"
    );
    let bytes = vec![b' '; UPLOAD_BYTES_MAX + 1];
    assert_eq!(faults(&bytes, Mode::Lenient), "too large -\nline 1, column 1: the file is larger than 200 MiB");
}

#[test]
fn a_file_that_breaks_later_still_tells_its_number() {
    let fault = decode(&UPLOAD.as_bytes()[..UPLOAD.len() - 9], Mode::Lenient).unwrap_err();
    assert_eq!(fault.sequence, Some(1042));
}

#[test]
fn a_record_of_nothing_but_faults_tells_of_some() {
    for many in ["<birthTime value='x'/>", "<subject/>", "<a/>"] {
        let text = changed("<childPerson>", &format!("<childPerson>{}", many.repeat(2500)));
        for mode in [Mode::Lenient, Mode::Strict] {
            assert!(faults(text.as_bytes(), mode).lines().count() <= 2 * 20, "{many}");
        }
    }
}
