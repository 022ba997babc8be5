//! NHS numbers that are no longer in use as `CP-ISInactiveNHSNumberNotification`, message 06 (spec/hl7v3.md 4.6 and 9.9).

use crate::notification::{Recipient, head, upload};
use crate::write::{attribute, raw};
use cpis_model::nhs_number::NhsNumber;
use cpis_model::organisation::AuthorityCode;
use cpis_model::{Timestamp, Uuid};
use std::io::Write;

const ROOT: &str = "CP-ISInactiveNHSNumberNotification";

/// What an authority is told of the numbers of its people.
pub struct InactiveNumbers<'a> {
    /// Id of this message.
    pub id: Uuid,
    /// When it was made.
    pub made: Timestamp,
    /// Who is told.
    pub authority: AuthorityCode,
    /// Its name.
    pub authority_name: &'a str,
    /// The numbers.
    pub numbers: &'a [InactiveNumber],
}

/// A number that is no longer in use.
#[derive(Clone)]
pub struct InactiveNumber {
    /// The number.
    pub number: NhsNumber,
    /// The authority's own id for the person, where it sent one.
    pub local_id: Option<String>,
    /// What it was replaced by; nothing where it is inactive without a successor.
    pub replaced_by: Vec<NhsNumber>,
    /// Sequence number of the authority's upload that holds the record; -1 is written where it is not known.
    pub upload: Option<u64>,
}

/// The notification as XML, strictly as the schema. The schema wants at least one number: without any there is no such
/// message, and nothing is sent.
///
/// ```
/// use cpis_format_hl7v3::{InactiveNumber, InactiveNumbers, inactive_numbers_xml};
/// # use cpis_model::{Timestamp, Uuid};
/// let number = "9990000042".parse().unwrap();
/// let numbers = [InactiveNumber { number, local_id: None, replaced_by: Vec::new(), upload: Some(1042) }];
/// let with = |numbers| InactiveNumbers {
///     id: Uuid::nil(),
///     made: Timestamp::UNIX_EPOCH,
///     authority: "999".parse().unwrap(),
///     authority_name: "EXAMPLESHIRE COUNTY COUNCIL",
///     numbers,
/// };
/// assert!(inactive_numbers_xml(&with(&numbers)).is_some());
/// assert!(inactive_numbers_xml(&with(&[])).is_none());
/// ```
pub fn inactive_numbers_xml(notification: &InactiveNumbers) -> Option<Vec<u8>> {
    if notification.numbers.is_empty() {
        return None;
    }
    let recipient = Recipient::new(notification.authority, notification.authority_name);
    let mut out = Vec::with_capacity(1024 + 512 * notification.numbers.len());
    head(&mut out, ROOT, notification.made, notification.id);
    recipient.write(&mut out);
    for inactive in notification.numbers {
        subject(&mut out, inactive, &recipient);
    }
    let _ = writeln!(out, "</{ROOT}>");
    Some(out)
}

fn subject(out: &mut Vec<u8>, inactive: &InactiveNumber, recipient: &Recipient) {
    raw(out, "<subject><pDSInactivePatient>");
    recipient.write_ids(out, "id", inactive.number, inactive.local_id.as_deref());
    if !inactive.replaced_by.is_empty() {
        raw(out, "<replacedBy><newVersion>");
        for number in &inactive.replaced_by {
            raw(out, "<id");
            attribute(out, "extension", number.digits());
            raw(out, "/>");
        }
        raw(out, "</newVersion></replacedBy>");
    }
    raw(out, "<subjectOf>");
    upload(out, "lAUploadFile", inactive.upload);
    raw(out, "</subjectOf></pDSInactivePatient></subject>\n");
}
