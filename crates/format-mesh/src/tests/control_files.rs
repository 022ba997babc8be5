//! Control files: the described examples, every fault, and round trips with headers' values.

use super::{ID, any_envelope, any_id, any_mailbox, any_second, any_words, at, full, mailbox, message, text};
use crate::control_file::{AddressType, CONTROL_FILE_BYTES_MAX};
use crate::{ChunkRange, ControlFile, Delivered, DeliveredKind, Envelope, ReportStatus, StatusRecord};
use proptest::option;
use proptest::prelude::*;

const OUTGOING: &str = "<DTSControl>
  <Version>1.0</Version>
  <AddressType>DTS</AddressType>
  <MessageType>Data</MessageType>
  <WorkflowId>CPIS_UPLOAD</WorkflowId>
  <To_DTS>CPIS0HC001</To_DTS>
  <From_DTS>999OT001</From_DTS>
  <Subject>CP-IS upload</Subject>
  <LocalId>UPLOAD-000123</LocalId>
  <Compress>Y</Compress>
  <AllowChunking>Y</AllowChunking>
  <Encrypted>N</Encrypted>
</DTSControl>
";

const MORE: &str = "  <DTSId>20260314155901123456_0A1B2C</DTSId>
  <IsCompressed>N</IsCompressed>
  <StatusRecord>
    <DateTime>20260314155901</DateTime>
    <Event>TRANSFER</Event>
    <Status>SUCCESS</Status>
    <StatusCode>00</StatusCode>
    <Description>Transferred to recipient mailbox</Description>
  </StatusRecord>
</DTSControl>
";

fn upload() -> Envelope {
    Envelope {
        subject: Some("CP-IS upload".to_owned()),
        local_id: Some("UPLOAD-000123".to_owned()),
        ..Envelope::new(mailbox("CPIS0HC001"), "CPIS_UPLOAD")
    }
}

fn faults(file: &str) -> Vec<String> {
    ControlFile::read(file.as_bytes()).unwrap_err().iter().map(ToString::to_string).collect()
}

fn within(elements: &str) -> String {
    format!("<DTSControl>{elements}</DTSControl>")
}

#[test]
fn an_outgoing_file_is_read_and_written_as_described() {
    let file = ControlFile::read(OUTGOING.as_bytes()).unwrap();
    assert_eq!(file.envelope(), Ok(upload()));
    assert_eq!(file, ControlFile::outgoing(&mailbox("999OT001"), &upload()));
    assert_eq!(text(file.write()), OUTGOING);
    let sent = file.sent(Some(message(ID)), StatusRecord::transferred(at("2026-03-14T15:59:01Z")));
    let expected = OUTGOING.replace("</DTSControl>\n", MORE).replace("  <IsCompressed>N</IsCompressed>\n", "");
    assert_eq!(text(sent.write()), expected);
}

#[test]
fn a_received_file_is_read_and_written_as_described() {
    let received = OUTGOING.replace("</DTSControl>\n", MORE);
    let file = ControlFile::read(received.as_bytes()).unwrap();
    let delivered = file.delivered(&message("other"), at("2000-01-01T00:00:00Z")).unwrap();
    let expected = Delivered {
        id: message(ID),
        from: Some(mailbox("999OT001")),
        envelope: upload(),
        chunk: ChunkRange::WHOLE,
        accepted_at: at("2026-03-14T15:59:01Z"),
        kind: DeliveredKind::Data,
    };
    assert_eq!(delivered, expected);
    let written = text(ControlFile::received(&delivered).write());
    let expected = received
        .replace(">DTS<", ">ALL<")
        .replace("  <Compress>Y</Compress>\n  <AllowChunking>Y</AllowChunking>\n", "");
    assert_eq!(written, expected);
}

#[test]
fn elements_are_read_by_name_in_any_order_and_empty_ones_are_none() {
    let file = "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<!-- made by hand -->\r\n<DTSControl a='b'>\r\n\
        <DataCheckSum>ab:cd</DataCheckSum><StatusRecord><StatusCode>0</StatusCode><Else/></StatusRecord>\
        <Subject>\r\n  Caf&#233; &amp; <![CDATA[<tea>]]>\r\n now </Subject><LocalId/><PartnerId>  </PartnerId>\
        <To_DTS> cpis0hc001 </To_DTS><MessageType>DATA</MessageType><AddressType>all</AddressType>\
        <WorkflowId a=\"&lt;\">W1</WorkflowId><New><Subject>other</Subject></New><Encrypted>yes</Encrypted>\
        <From_ESMTP>x@y.example</From_ESMTP></DTSControl>\r\n<!-- end -->";
    let file = ControlFile::read(file.as_bytes()).unwrap();
    let status = StatusRecord {
        at: None,
        event: String::new(),
        is_success: true,
        code: "00".to_owned(),
        description: String::new(),
    };
    let expected = ControlFile {
        address_type: AddressType::All,
        workflow: Some("W1".to_owned()),
        to: Some(mailbox("CPIS0HC001")),
        subject: Some("Café & <tea> now".to_owned()),
        encrypted: true,
        checksum: Some("ab:cd".to_owned()),
        status: Some(status),
        ..ControlFile::default()
    };
    assert!(file == expected, "{file:?}");
    assert_eq!(ControlFile::read(b"<DTSControl/>").unwrap(), ControlFile::default());
}

#[test]
fn what_is_no_control_file_is_refused_with_its_place() {
    for (file, expected) in [
        ("", "line 1, column 1: the file has no element"),
        ("\n\n  ", "line 3, column 3: the file has no element"),
        ("text", "line 1, column 1: text outside of the document's element"),
        ("<Other/>", "line 1, column 1: the document's element is not DTSControl"),
        ("<DTSControl></DTSControl>\n<DTSControl/>", "line 2, column 1: a second element beside the document's own"),
        ("<DTSControl>\n<Subject>a", "line 2, column 11: the file ends before its last element is closed"),
        ("<DTSControl>\n<a></b></DTSControl>", "line 2, column 4: the file is not well-formed XML"),
        ("<DTSControl>&eacute;</DTSControl>", "line 1, column 13: a reference to no character of XML"),
        ("<DTSControl>&#0;</DTSControl>", "line 1, column 13: a reference to no character of XML"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><DTSControl/>", "line 1, column 1: a document type declaration is not allowed"),
        ("<DTSControl>\u{1}</DTSControl>", "line 1, column 13: a character that XML does not allow"),
        ("<DTSControl/>text", "line 1, column 14: text outside of the document's element"),
    ] {
        assert_eq!(faults(file), [expected], "{file}");
    }
    let bytes = b"<DTSControl>\n\xff</DTSControl>";
    assert_eq!(ControlFile::read(bytes).unwrap_err()[0].to_string(), "line 2, column 1: the file is not in UTF-8");
    let deep = format!("{}{}", "<DTSControl>".repeat(17), "</DTSControl>".repeat(17));
    assert_eq!(faults(&deep), ["line 1, column 193: elements are nested more than 16 deep"]);
    let padded = |size: usize| within(&" ".repeat(size - within("").len()));
    assert!(ControlFile::read(padded(CONTROL_FILE_BYTES_MAX).as_bytes()).is_ok());
    assert_eq!(faults(&padded(CONTROL_FILE_BYTES_MAX + 1)), ["file: it is larger than 64 KiB"]);
}

#[test]
fn all_faults_are_told_with_their_elements() {
    let file = within(
        "<Version>2</Version><AddressType>X</AddressType><MessageType>Ack</MessageType><To_DTS>a b</To_DTS>\
         <From_DTS>a/b</From_DTS><Subject>a</Subject><Subject>b</Subject><Compress>2</Compress><DTSId>a.b</DTSId>\
         <StatusRecord><DateTime>now</DateTime><Status>fine</Status></StatusRecord>",
    );
    let expected = [
        "Version: it is not 1.0",
        "AddressType: it is neither DTS nor ALL nor SMTP",
        "MessageType: it is neither Data nor Report",
        "To_DTS: it is no mailbox id",
        "From_DTS: it is no mailbox id",
        "Subject: it stands more than once, with different values",
        "Compress: it is neither Y nor N",
        "DTSId: it is no message id",
        "StatusRecord/DateTime: it is no time as yyyyMMddHHmmss",
        "StatusRecord/Status: it is neither SUCCESS nor ERROR",
    ];
    assert_eq!(faults(&file), expected);
}

#[test]
fn a_file_that_cannot_be_sent_says_why() {
    let sendable = |elements: &str| {
        let file = ControlFile::read(within(elements).as_bytes()).unwrap();
        file.envelope().map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(sendable("").unwrap_err(), ["To_DTS: it is missing or empty", "WorkflowId: it is missing or empty"]);
    let long = format!("<To_DTS>A</To_DTS><WorkflowId>W</WorkflowId><LocalId>{}</LocalId>", "a".repeat(301));
    assert_eq!(sendable(&long).unwrap_err(), ["LocalId: it has more than 300 characters"]);
    let odd = "<To_DTS>A</To_DTS><WorkflowId>http://w</WorkflowId><DataChecksum>a=b</DataChecksum>";
    let expected = [
        "WorkflowId: it is an address of the web",
        "DataChecksum: it has other characters than letters, digits, spaces, colons, hyphens and slashes",
    ];
    assert_eq!(sendable(odd).unwrap_err(), expected);
    assert!(!format!("{:?}", ControlFile::outgoing(&mailbox("A"), &full())).contains("UPLOAD-"));
}

fn any_status() -> impl Strategy<Value = StatusRecord> {
    (option::of(any_second()), any_words(), any::<bool>(), "[1-9][0-9]", any_words()).prop_map(
        |(at, event, is_success, code, description)| StatusRecord { at, event, is_success, code, description },
    )
}

proptest! {
    #[test]
    fn control_files_come_back(
        envelope in any_envelope(), from in option::of(any_mailbox()), id in option::of(any_id()),
        flags in (any::<bool>(), option::of(any::<bool>()), option::of(any::<bool>()), option::of(any::<bool>())),
        status in option::of(any_status()), address in 0usize..3,
    ) {
        let (is_report, compress, allow_chunking, is_compressed) = flags;
        let address_type = [AddressType::Dts, AddressType::All, AddressType::Smtp][address];
        let whole = ControlFile::outgoing(&mailbox("A"), &envelope);
        let file = ControlFile { address_type, is_report, from, compress, allow_chunking, id, is_compressed, status, ..whole };
        prop_assert!(ControlFile::read(&file.write()) == Ok(file.clone()), "{}", text(file.write()));
    }

    #[test]
    fn messages_come_back_from_their_files(
        envelope in any_envelope(), id in any_id(), from in any_mailbox(), accepted_at in any_second(),
        report in option::of((option::of(any_id()), "[1-9][0-9]", any_words())),
    ) {
        let envelope = Envelope { file_name: None, content_type: None, ..envelope };
        let (from, kind) = match report {
            None => (Some(from), DeliveredKind::Data),
            Some((linked, code, description)) => {
                let (linked, event) = (linked.or(Some(id.clone())), "SEND".to_owned());
                (None, DeliveredKind::Report(ReportStatus { linked, code, event, description, at: accepted_at }))
            }
        };
        let delivered = Delivered { id: id.clone(), from, envelope, chunk: ChunkRange::WHOLE, accepted_at, kind };
        let file = ControlFile::read(&ControlFile::received(&delivered).write()).unwrap();
        prop_assert_eq!(file.delivered(&id, at("2000-01-01T00:00:00Z")), Ok(delivered));
    }

    #[test]
    fn noise_never_panics_and_what_is_read_is_read_again(
        noise in "(?s).{0,100}", tags in "(</?(DTSControl|Subject|StatusRecord|DateTime|To_DTS)/?>|&[a-z#0-9]{0,5};|[ a-z0-9]|<!\\[CDATA\\[|\\]\\]>){0,30}",
    ) {
        for file in [noise.clone(), tags.clone(), within(&noise), within(&tags), within(&format!("<Subject>{noise}</Subject>"))] {
            if let Ok(file) = ControlFile::read(file.as_bytes()) {
                prop_assert!(ControlFile::read(&file.write()) == Ok(file.clone()), "{}", text(file.write()));
                let _ = file.delivered(&message(ID), at("2000-01-01T00:00:00Z"));
            }
        }
    }
}
