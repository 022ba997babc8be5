//! From values to XML, in the order in which the client's own files have it.

use super::ControlFile;
use super::elements::is_xml;
use crate::id::{MailboxId, MessageId};
use crate::time;

pub(super) fn write(file: &ControlFile) -> Vec<u8> {
    let mut out = String::from("<DTSControl>\n");
    let flag = |flag: bool| if flag { "Y" } else { "N" };
    let kind = if file.is_report { "Report" } else { "Data" };
    for (name, text) in [
        ("Version", Some("1.0")),
        ("AddressType", Some(file.address_type.word())),
        ("MessageType", Some(kind)),
        ("WorkflowId", file.workflow.as_deref()),
        ("To_DTS", file.to.as_ref().map(MailboxId::as_str)),
        ("From_DTS", file.from.as_ref().map(MailboxId::as_str)),
        ("Subject", file.subject.as_deref()),
        ("LocalId", file.local_id.as_deref()),
        ("PartnerId", file.partner_id.as_deref()),
        ("Compress", file.compress.map(flag)),
        ("AllowChunking", file.allow_chunking.map(flag)),
        ("Encrypted", Some(flag(file.encrypted))),
        ("DTSId", file.id.as_ref().map(MessageId::as_str)),
        ("IsCompressed", file.is_compressed.map(flag)),
        ("DataChecksum", file.checksum.as_deref()),
    ] {
        element(&mut out, "  ", name, text);
    }
    if let Some(status) = &file.status {
        let at = status.at.map(time::compact);
        out.push_str("  <StatusRecord>\n");
        element(&mut out, "    ", "DateTime", at.as_deref());
        element(&mut out, "    ", "Event", Some(&status.event));
        element(&mut out, "    ", "Status", Some(status.success_word()));
        element(&mut out, "    ", "StatusCode", Some(&status.code));
        element(&mut out, "    ", "Description", Some(&status.description));
        out.push_str("  </StatusRecord>\n");
    }
    out.push_str("</DTSControl>\n");
    out.into_bytes()
}

/// Adds an element where it has a text. What XML does not allow becomes a space.
fn element(out: &mut String, indent: &str, name: &str, text: Option<&str>) {
    let text = text.unwrap_or_default().replace(|c: char| c.is_ascii_control() || !is_xml(c), " ");
    let text = text.trim_matches(' ');
    if text.is_empty() {
        return;
    }
    out.extend([indent, "<", name, ">", &quick_xml::escape::partial_escape(text), "</", name, ">\n"]);
}
