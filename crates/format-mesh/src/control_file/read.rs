//! From elements to values.

use super::elements::{Element, elements};
use super::{AddressType, ControlFault, ControlFile};
use crate::header::flag;
use crate::status::StatusRecord;
use crate::time;
use cpis_model::Timestamp;
use std::str::FromStr;

pub(super) fn read(bytes: &[u8]) -> Result<ControlFile, Vec<ControlFault>> {
    let mut fields = Fields { elements: elements(bytes).map_err(|fault| vec![fault])?, faults: Vec::new() };
    if fields.text("Version").is_some_and(|version| version != "1.0") {
        fields.refuse("Version", "it is not 1.0");
    }
    let address = |word: &str| AddressType::ALL.into_iter().find(|known| known.word().eq_ignore_ascii_case(word));
    let kind = |word: &str| match word.to_ascii_lowercase().as_str() {
        "data" => Some(false),
        "report" => Some(true),
        _ => None,
    };
    let file = ControlFile {
        address_type: fields.one("AddressType", "it is neither DTS nor ALL nor SMTP", address).unwrap_or_default(),
        is_report: fields.one("MessageType", "it is neither Data nor Report", kind).unwrap_or_default(),
        workflow: fields.text("WorkflowId"),
        to: fields.id("To_DTS", "it is no mailbox id"),
        from: fields.id("From_DTS", "it is no mailbox id"),
        subject: fields.text("Subject"),
        local_id: fields.text("LocalId"),
        partner_id: fields.text("PartnerId"),
        compress: fields.flag("Compress"),
        allow_chunking: fields.flag("AllowChunking"),
        encrypted: fields.flag("Encrypted").unwrap_or_default(),
        id: fields.id("DTSId", "it is no message id"),
        is_compressed: fields.flag("IsCompressed"),
        checksum: fields.text("DataChecksum").or_else(|| fields.text("DataCheckSum")),
        status: fields.status(),
    };
    if fields.faults.is_empty() { Ok(file) } else { Err(fields.faults) }
}

struct Fields {
    elements: Vec<Element>,
    faults: Vec<ControlFault>,
}

impl Fields {
    /// The text of an element.
    fn text(&mut self, path: &str) -> Option<String> {
        let mut found = self.elements.iter().filter(|element| element.path == path).map(|element| &element.text);
        let text = found.next()?.clone();
        if found.any(|other| *other != text) {
            self.refuse(path, "it stands more than once, with different values");
        }
        Some(text)
    }

    /// The value of an element's text, or a fault.
    fn one<T>(&mut self, path: &str, fault: &str, value: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let value = value(&self.text(path)?);
        if value.is_none() {
            self.refuse(path, fault);
        }
        value
    }

    fn id<T: FromStr>(&mut self, path: &str, fault: &str) -> Option<T> {
        self.one(path, fault, |text| text.parse().ok())
    }

    fn flag(&mut self, path: &str) -> Option<bool> {
        self.one(path, "it is neither Y nor N", flag)
    }

    fn status(&mut self) -> Option<StatusRecord> {
        self.elements.iter().find(|element| element.path.starts_with("StatusRecord/"))?;
        let success = |word: &str| match word.to_ascii_uppercase().as_str() {
            "SUCCESS" => Some(true),
            "ERROR" => Some(false),
            _ => None,
        };
        let code = self.text("StatusRecord/StatusCode").map(|code| if code == "0" { "00".to_owned() } else { code });
        let at = self.one("StatusRecord/DateTime", "it is no time as yyyyMMddHHmmss", to_the_second);
        let event = self.text("StatusRecord/Event").unwrap_or_default();
        let told = self.one("StatusRecord/Status", "it is neither SUCCESS nor ERROR", success);
        let is_success = told.unwrap_or(code.as_deref() == Some("00"));
        let description = self.text("StatusRecord/Description").unwrap_or_default();
        Some(StatusRecord { at, event, is_success, code: code.unwrap_or_default(), description })
    }

    fn refuse(&mut self, path: &str, what: &str) {
        self.faults.push(ControlFault::new(path, what));
    }
}

fn to_the_second(text: &str) -> Option<Timestamp> {
    Timestamp::from_second(time::read(text)?.as_second()).ok()
}
