//! An acknowledgement as `FileResponse` (spec/hl7v3.md 4.2 and 9.2).

use crate::write::{attribute, begin, element, organisation, raw};
use cpis_model::codes::{Detail, FileCode, RecordCode};
use cpis_model::upload::Acknowledgement;
use std::io::Write;

/// Code system of the record codes.
const RECORD_CODE_SYSTEM: &str = "2.16.840.1.113883.2.1.3.2.4.17.473";

/// Code system of the detail codes. Assumed: the true list (CP-ISUploadRecordResponseDetail) and its number are not
/// public, so the codes are ours and so is this number, from the arc of UUIDs, which needs no registration.
pub const DETAIL_CODE_SYSTEM: &str = "2.25.253407142861935287345671229403386120518";

/// The acknowledgement as XML, strictly as the schema.
///
/// Assumed, as no public source says so: each fault and warning is one `acknowledgementRecordDetail`, whose location is
/// the place in the *uploaded* document; the detail code is a `translation` of the record code. The schema has no room for
/// faults of a file as a whole, so each of these is told in the same way, as CPR07 with the place and, as `originalText`,
/// the words: the sender learns all of them at once. With CPF01 the counters are 0 and no record is returned.
pub fn acknowledgement_xml(acknowledgement: &Acknowledgement) -> Vec<u8> {
    let ack = acknowledgement;
    let out = &mut Vec::with_capacity(4096);
    begin(out, "FileResponse");
    let created = ack.created.strftime("%Y%m%d%H%M%S+0000");
    let _ = writeln!(out, "<creationTime value=\"{created}\"/>");
    let number = |value: Option<u64>| value.map_or_else(|| "-1".to_owned(), |value| value.to_string());
    let _ = writeln!(out, "<id extension=\"{}\"/>", number(ack.sequence));
    let _ = writeln!(out, "<transmissionQuantity value=\"{}\"/>", number(ack.records.map(u64::from)));
    raw(out, "<acknowledgementFile><acknowledgementFileDetail><code");
    attribute(out, "code", ack.code.code());
    attribute(out, "displayName", ack.code.display());
    raw(out, "/></acknowledgementFileDetail></acknowledgementFile>\n");
    if !(ack.rejections.is_empty() && ack.file_faults.is_empty()) {
        raw(out, "<acknowledgementRecord>\n");
        for (place, words) in &ack.file_faults {
            detail(out, RecordCode::Rejected, None, Some(words), place);
        }
        for rejection in &ack.rejections {
            detail(out, rejection.code, rejection.detail, None, &rejection.location);
        }
        raw(out, "</acknowledgementRecord>\n");
    }
    raw(out, "<communicationFunctionRcv>");
    let code = ack.authority.0;
    let name = if ack.authority_name.is_empty() { code.as_str() } else { &ack.authority_name };
    organisation(out, ack.authority, name, ack.contact.as_ref());
    raw(out, "</communicationFunctionRcv>\n");
    let refused = ack.code == FileCode::FileFault;
    let (loaded, failed) = if refused { (0, 0) } else { (ack.loaded, ack.failed) };
    let _ = writeln!(out, "<failedReturnedCP-ISRecords><value value=\"{failed}\"/></failedReturnedCP-ISRecords>");
    for (_, record) in ack.returned.iter().filter(|_| !refused) {
        raw(out, "<message><cP-ISLAAcknowledgementResponse><pertinentInformation1><invalidCP-ISRecord>");
        out.extend_from_slice(record);
        raw(out, "</invalidCP-ISRecord></pertinentInformation1></cP-ISLAAcknowledgementResponse></message>\n");
    }
    let _ =
        writeln!(out, "<successfulReturnedCP-ISRecords><value value=\"{loaded}\"/></successfulReturnedCP-ISRecords>");
    raw(out, "</FileResponse>\n");
    std::mem::take(out)
}

fn detail(out: &mut Vec<u8>, code: RecordCode, detail: Option<Detail>, words: Option<&str>, location: &str) {
    raw(out, "<acknowledgementRecordDetail><code");
    attribute(out, "code", code.code());
    attribute(out, "codeSystem", RECORD_CODE_SYSTEM);
    attribute(out, "displayName", code.display());
    if detail.is_none() && words.is_none() {
        raw(out, "/>");
    } else {
        raw(out, ">");
        if let Some(words) = words {
            element(out, "originalText", words);
        }
        if let Some(detail) = detail {
            raw(out, "<translation");
            attribute(out, "code", detail.code());
            attribute(out, "codeSystem", DETAIL_CODE_SYSTEM);
            attribute(out, "displayName", detail.display());
            raw(out, "/>");
        }
        raw(out, "</code>");
    }
    element(out, "location", location);
    raw(out, "</acknowledgementRecordDetail>\n");
}
