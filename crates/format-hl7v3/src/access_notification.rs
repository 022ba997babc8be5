//! An authority's accesses as `CP-ISAccessToServiceNotification`, message 05 (spec/hl7v3.md 4.5 and 9.8).

use crate::author;
use crate::notification::{Recipient, head, moment_and_id, upload};
use crate::write::raw;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::notice::Notice;
use cpis_model::organisation::AuthorityCode;
use cpis_model::{Timestamp, Uuid};
use std::collections::BTreeMap;
use std::io::Write;

const ROOT: &str = "CP-ISAccessToServiceNotification";

/// What an authority is told of accesses to its records.
pub struct AccessNotification<'a> {
    /// Id of this message: each has its own, also where one tells what another told.
    pub id: Uuid,
    /// When it was made.
    pub made: Timestamp,
    /// Who is told.
    pub authority: AuthorityCode,
    /// Its name.
    pub authority_name: &'a str,
    /// The accesses. There may be none.
    pub accesses: &'a [NotifiedAccess],
}

/// An access, with the file that brought the record.
#[derive(Clone)]
pub struct NotifiedAccess {
    /// The notice of it. One that reports something is no access and is left out.
    pub notice: Notice,
    /// Sequence number of the authority's upload that holds the record; -1 is written where it is not known.
    pub upload: Option<u64>,
}

/// Accesses to one record, oldest first.
struct Record<'a> {
    upload: Option<u64>,
    notices: Vec<&'a Notice>,
}

/// The notification as XML, strictly as the schema.
///
/// Each person of each upload is one `pertinentCP-ISRecordAccess`, in the order in which they first come; in it the accesses
/// stand oldest first. Assumed: the id of a query is the notice's, which stays the same however often it is told, and
/// `pertinentTotalReturnedRecords` counts the accesses.
pub fn access_notification_xml(notification: &AccessNotification) -> Vec<u8> {
    let recipient = Recipient::new(notification.authority, notification.authority_name);
    let records = records(notification.accesses);
    let count: usize = records.iter().map(|record| record.notices.len()).sum();
    let out = &mut Vec::with_capacity(2048 + 1024 * count);
    head(out, ROOT, notification.made, notification.id);
    raw(out, "<pertinentInformation><pertinentTotalReturnedRecords>");
    let _ = write!(out, "<value value=\"{count}\"/>");
    raw(out, "</pertinentTotalReturnedRecords></pertinentInformation>\n");
    for record in records {
        raw(out, "<pertinentInformation1><pertinentCP-ISRecordAccess>\n");
        for notice in record.notices {
            raw(out, "<pertinentInformation2><pertinentCP-ISNHSQuery>");
            query(out, notice, &recipient);
            raw(out, "</pertinentCP-ISNHSQuery></pertinentInformation2>\n");
        }
        raw(out, "<reference>");
        upload(out, "referredToLAUploadFile", record.upload);
        raw(out, "</reference></pertinentCP-ISRecordAccess></pertinentInformation1>\n");
    }
    recipient.write(out);
    let _ = writeln!(out, "</{ROOT}>");
    std::mem::take(out)
}

fn records(accesses: &[NotifiedAccess]) -> Vec<Record<'_>> {
    let mut records: Vec<Record> = Vec::new();
    let mut places: BTreeMap<(NhsNumber, Option<u64>), usize> = BTreeMap::new();
    for NotifiedAccess { notice, upload } in accesses.iter().filter(|access| access.notice.report.is_none()) {
        let place = *places.entry((notice.number_of_person, *upload)).or_insert(records.len());
        match records.get_mut(place) {
            Some(record) => record.notices.push(notice),
            None => records.push(Record { upload: *upload, notices: vec![notice] }),
        }
    }
    for record in &mut records {
        record.notices.sort_by_key(|notice| (notice.at, notice.number));
    }
    records
}

fn query(out: &mut Vec<u8>, notice: &Notice, recipient: &Recipient) {
    moment_and_id(out, notice.at, notice.id);
    author::write(out, &notice.who, &notice.organisation, notice.site.as_ref());
    raw(out, "<queryByParameter><person.id>");
    recipient.write_ids(out, "value", notice.number_of_person, notice.local_id.as_deref());
    raw(out, "</person.id></queryByParameter>");
}
