//! What the service itself writes into mailboxes and reads from them: HL7v3 in the envelopes of MESH.

use crate::stored::Stored;
use cpis_app::mail::{AccessLetter, UnpackError, Wire};
use cpis_format_hl7v3::{
    AccessNotification, InactiveNumber, InactiveNumbers, NotifiedAccess, access_notification_xml, acknowledgement_xml,
    inactive_numbers_xml, is_upload,
};
use flate2::read::MultiGzDecoder;
use std::io::Read;

/// The bytes of messages.
pub fn wire() -> Wire {
    Wire {
        is_upload,
        acknowledgement: acknowledgement_xml,
        accesses,
        inactive,
        envelope: |letter| Stored::of_letter(letter).map(|stored| stored.to_bytes()).unwrap_or_default(),
        letter: |bytes| Stored::of(bytes).map(Stored::letter),
        unpack,
    }
}

fn accesses(letter: &AccessLetter<'_>) -> Vec<u8> {
    let accesses: Vec<NotifiedAccess> = letter
        .accesses
        .iter()
        .map(|(notice, upload)| NotifiedAccess { notice: notice.clone(), upload: *upload })
        .collect();
    access_notification_xml(&AccessNotification {
        id: letter.id,
        made: letter.made,
        authority: letter.authority,
        authority_name: letter.authority_name,
        accesses: &accesses,
    })
}

fn inactive(letter: &AccessLetter<'_>) -> Vec<u8> {
    let numbers: Vec<InactiveNumber> = letter
        .accesses
        .iter()
        .map(|(notice, upload)| InactiveNumber {
            number: notice.number_of_person,
            local_id: notice.local_id.clone(),
            replaced_by: notice.report.as_ref().and_then(|report| report.replaced_by).into_iter().collect(),
            upload: *upload,
        })
        .collect();
    let message = InactiveNumbers {
        id: letter.id,
        made: letter.made,
        authority: letter.authority,
        authority_name: letter.authority_name,
        numbers: &numbers,
    };
    inactive_numbers_xml(&message).unwrap_or_default()
}

/// Unpacks gzip up to a limit.
pub(crate) fn unpack(bytes: &[u8], bytes_max: usize) -> Result<Vec<u8>, UnpackError> {
    let mut unpacked = Vec::new();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(bytes).take(limit).read_to_end(&mut unpacked).map_err(|_| UnpackError)?;
    if unpacked.len() > bytes_max { Err(UnpackError) } else { Ok(unpacked) }
}
