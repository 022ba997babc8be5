//! What the lenient reader takes without a word, and the strict one does not.

use super::{UPLOAD, changed, faults, outcome};
use crate::Mode;

/// Every way of writing the example that says the same.
fn same() -> Vec<(&'static str, String)> {
    let name = "<name><given>Robin</given><family>Testcase</family></name>";
    let mut prefixed = UPLOAD.replace("</npfitlc:", "</n:").replace("<npfitlc:", "<n:").replace("npfitlc", "n");
    prefixed = prefixed.replace("</", "</h:").replace('<', "<h:").replace("<h:/h:", "</h:").replace("<h:?", "<?");
    prefixed = prefixed.replace("<h:n:", "<n:").replace("xmlns=", "xmlns:h=");
    let (start, sender) = UPLOAD.split_once("  <communicationFunctionSnd>").unwrap();
    let (sender, records) = sender.split_once("</communicationFunctionSnd>\n").unwrap();
    let records = records.replace("</File>\n", "");
    vec![
        ("prefixed", prefixed),
        (
            "no namespace",
            changed(" xmlns=\"urn:hl7-org:v3\" xmlns:npfitlc=\"NPFIT:HL7:Localisation\"", "").replace("npfitlc:", ""),
        ),
        ("head last", format!("{start}{records}<communicationFunctionSnd>{sender}</communicationFunctionSnd></File>")),
        ("family first", changed(name, "<name><family>Testcase</family><given>Robin</given></name>")),
        ("several elements turned round", {
            let text = changed("<birthTime value=\"20170404\"/>", "");
            text.replace(name, &format!("{name}<birthTime value=\"20170404\"/>"))
        }),
        ("fixed attributes", changed("<CP-ISRecord>", "<CP-ISRecord classCode=\"ACTN\" moodCode=\"RQO\">")),
        ("fixed code", changed("<CP-ISRecord>", "<CP-ISRecord><code code=\"01\"/><templateId root=\"1\"/>")),
        (
            "unknown elements",
            changed("<childPerson>", "<genderCode/><x:y xmlns:x=\"urn:x\"><name/></x:y><childPerson>"),
        ),
        ("null flavour", changed("<childPerson>", "<childPerson nullFlavor=\"NI\" updateMode=\"A\">")),
        ("comments", changed("<record>", "<!-- a --><?b c?><record><!-- d -->")),
        ("byte order mark", format!("\u{feff}{UPLOAD}")),
        ("no declaration", changed("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", "")),
        ("single quotes", UPLOAD.replace('"', "'")),
        ("eight digits", changed("202601150000", "20260115")),
        ("other content id", changed("COCT_TP146101GB01#CPPInformation", "COCT_TP146105GB01#CPPInformation")),
        ("no content id", changed("<npfitlc:contentId", "<npfitlc:other")),
        (
            "root on the file's id",
            changed("<id extension=\"1042\"/>", "<id root=\"2.16.840.1.113883.2.1.3.2.4.18.46\" extension=\"1042\"/>"),
        ),
        ("references", changed("Testcase", "T&#101;st&#x63;ase")),
        ("character data", changed("Testcase", "<![CDATA[Testcase]]>")),
        ("white space", changed("Testcase", "\n  Testcase\r\n\t")),
        ("birth with minutes", changed("\"20170404\"", "\"201704041230+0100\"")),
        ("spaces in the number", changed("9990000018", "999 000 0018")),
        ("spaces in telephone numbers", changed("tel:01632960001", "(01632) 960001")),
        (
            "XInclude",
            changed(
                "<record>",
                "<record><xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"file:///etc/passwd\"/>",
            ),
        ),
    ]
}

#[test]
fn the_lenient_reader_takes_every_way_of_saying_the_same() {
    let expected = outcome(UPLOAD.as_bytes(), Mode::Lenient);
    for (name, text) in same() {
        assert_eq!(outcome(text.as_bytes(), Mode::Lenient), expected, "{name}");
    }
}

#[test]
fn ids_are_told_apart_by_their_root() {
    let number = "<id root=\"2.16.840.1.113883.2.1.4.1\" extension=\"9990000018\"/>";
    let local = "<id root=\"2.16.840.1.113883.2.1.3.2.4.18.24\" extension=\"EX-000101\" assigningAuthorityName=\"999:EXAMPLESHIRE COUNTY COUNCIL\"/>";
    let text = UPLOAD.replace(number, "@").replace(local, number).replace('@', local);
    assert_eq!(outcome(text.as_bytes(), Mode::Lenient), outcome(UPLOAD.as_bytes(), Mode::Lenient));
}

#[test]
fn several_given_names_are_joined() {
    let text = changed("<given>Robin</given>", "<given>Robin</given><given> Ana-Maria  </given>");
    assert!(outcome(text.as_bytes(), Mode::Lenient).contains("\"Robin Ana-Maria\" \"Testcase\""));
    assert!(faults(text.as_bytes(), Mode::Strict).ends_with("/childPerson/name/given[2]"));
}

#[test]
fn a_record_of_a_child_who_is_a_mother_is_two() {
    let (before, rest) = UPLOAD.split_once("      </subject>\n").unwrap();
    let subject = |text: &str| {
        let from = text.find("<subject>").unwrap();
        text[from..].split_once("</subject>").unwrap().0.to_owned() + "</subject>"
    };
    let mother = subject(&UPLOAD[UPLOAD.find("UCPInformation").unwrap()..]);
    let plan = &UPLOAD[UPLOAD.rfind("<pertinentInformation>").unwrap()..UPLOAD.rfind("<subject>").unwrap()];
    let before = before.replacen("<CP-ISRecord>", &format!("<CP-ISRecord>{plan}"), 1);
    let text = format!("{before}</subject>{mother}{rest}");
    let expected = "1 Child 9990000018 \"Robin\" \"Testcase\" 2017-04-04 EX-000101 CPP 2026-01-15/2026-07-15/-\n\
        1 Unborn 9990000034 \"Casey\" \"Fixture\" 1998-06-11 EX-000103 UCPP 2026-02-01/2026-09-30/-\n\
        2 Child";
    for mode in [Mode::Lenient, Mode::Strict] {
        assert!(outcome(text.as_bytes(), mode).starts_with(expected), "{}", outcome(text.as_bytes(), mode));
    }
    // A fault of one of the two keeps both back.
    let text = text.replacen("9990000034", "9990000035", 1);
    let outcome = outcome(text.as_bytes(), Mode::Lenient);
    assert!(outcome.starts_with("2 Child"), "{outcome}");
    assert!(
        outcome.contains("CPR07 D13 /File/record[1]/CP-ISRecord/subject/COCT_TP145100GB01.UnbornChild/"),
        "{outcome}"
    );
}
