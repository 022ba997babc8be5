//! Kept files: packed, sealed under a key of their own, in parts; and acknowledgements.

use super::process::Job;
use crate::codec;
use crate::error::AppError;
use crate::people::Keys;
use crate::seal::{SealKey, place};
use crate::service::Service;
use bytes::Bytes;
use cpis_model::organisation::AuthorityCode;
use cpis_model::upload::{Acknowledgement, UPLOAD_BYTES_MAX};
use cpis_store::{UploadRow, UploadStatus};

/// Bytes of a packed file in one part.
const PART_BYTES: usize = 256 * 1024;

fn row_place(column: &str, authority: AuthorityCode, sequence: u64) -> Vec<u8> {
    place(column, &[authority.0.as_str().as_bytes(), &sequence.to_be_bytes()])
}

pub(super) fn sender_place(row: &UploadRow) -> Vec<u8> {
    row_place("upload.sender", row.authority, row.sequence)
}

fn key_place(row: &UploadRow) -> Vec<u8> {
    row_place("upload.file_key", row.authority, row.sequence)
}

fn part_place(row: &UploadRow, part: usize) -> Vec<u8> {
    place(
        "upload_file.sealed",
        &[row.authority.0.as_str().as_bytes(), &row.sequence.to_be_bytes(), &(part as u64).to_be_bytes()],
    )
}

/// Keeps a file under its number, for ever new with the same number.
pub(super) async fn keep(service: &Service, job: &Job, status: UploadStatus) -> Result<UploadRow, AppError> {
    let (keys, file) = (service.keys.clone(), job.file.clone());
    let mut row = UploadRow {
        authority: job.head.authority,
        sequence: job.head.sequence,
        checksum: job.checksum,
        status,
        code: None,
        received: job.received,
        file_key: None,
        acknowledgement: None,
        sender: Vec::new(),
    };
    row.sender = keys.ring.seal(&*keys.entropy, &sender_place(&row), &codec::encode_caller(&job.caller));
    let key = SealKey::random(&*keys.entropy);
    row.file_key = Some(keys.ring.seal(&*keys.entropy, &key_place(&row), key.raw()));
    let sealing = row.clone();
    let parts = tokio::task::spawn_blocking(move || {
        let packed = lz4_flex::compress_prepend_size(&file);
        let parts = packed.chunks(PART_BYTES).enumerate();
        parts.map(|(n, part)| key.seal(&*keys.entropy, &part_place(&sealing, n), part)).collect::<Vec<_>>()
    });
    let parts = parts.await.map_err(|_| AppError::Internal("a file was not sealed".to_owned()))?;
    service.store.keep_file(row.clone(), parts).await?;
    Ok(row)
}

/// A kept file as it was sent.
pub(super) async fn read(service: &Service, row: &UploadRow) -> Result<Bytes, AppError> {
    let damaged = |what: &str| AppError::damaged(format!("upload {} {}: {what}", row.authority, row.sequence));
    let key = file_key(service, row)?;
    let mut packed = Vec::new();
    for (n, part) in service.store.file_parts(row.authority, row.sequence).await?.iter().enumerate() {
        packed.extend_from_slice(&key.open(&part_place(row, n), part).map_err(|_| damaged("a part does not open"))?);
    }
    let size = packed.first_chunk::<4>().map_or(0, |size| u32::from_le_bytes(*size) as usize);
    if size > UPLOAD_BYTES_MAX {
        return Err(damaged("it is too large"));
    }
    let file = lz4_flex::decompress_size_prepended(&packed).map_err(|_| damaged("it does not unpack"))?;
    Ok(file.into())
}

/// Seals an upload's columns again under the ring's active key. What lies under the file's own key stays as it is.
pub(crate) fn reseal(keys: &Keys, mut row: UploadRow) -> Result<UploadRow, AppError> {
    let again = |place: &[u8], sealed: &[u8]| -> Result<Vec<u8>, AppError> {
        let opened = keys.ring.open(place, sealed);
        let damaged = |_| AppError::damaged(format!("upload {} {} does not open", row.authority, row.sequence));
        Ok(keys.ring.seal(&*keys.entropy, place, &opened.map_err(damaged)?))
    };
    let sender = if row.sender.is_empty() { Vec::new() } else { again(&sender_place(&row), &row.sender)? };
    let file_key = row.file_key.as_deref().map(|sealed| again(&key_place(&row), sealed)).transpose()?;
    row.sender = sender;
    row.file_key = file_key;
    Ok(row)
}

/// Seals an acknowledgement under its file's key: it returns rejected records, and goes when the file goes.
pub(super) fn seal_acknowledgement(
    service: &Service,
    row: &UploadRow,
    ack: &Acknowledgement,
) -> Result<Vec<u8>, AppError> {
    let place = row_place("upload.acknowledgement", row.authority, row.sequence);
    let key = file_key(service, row)?;
    Ok(key.seal(&*service.keys.entropy, &place, &codec::encode_acknowledgement(ack)))
}

/// Opens the acknowledgement of a row. Once the file's key was destroyed, only what became of the file is left.
pub(super) fn open_acknowledgement(service: &Service, row: &UploadRow) -> Result<Acknowledgement, AppError> {
    if let (None, Some(code)) = (&row.file_key, row.code) {
        return Ok(Acknowledgement {
            created: row.received,
            sequence: Some(row.sequence),
            records: None,
            code,
            authority: row.authority,
            authority_name: super::name_of(service, row.authority, None),
            contact: None,
            loaded: 0,
            failed: 0,
            rejections: Vec::new(),
            file_faults: Vec::new(),
            returned: Vec::new(),
        });
    }
    let place = row_place("upload.acknowledgement", row.authority, row.sequence);
    let opened = file_key(service, row)?.open(&place, row.acknowledgement.as_deref().unwrap_or_default()).ok();
    opened
        .and_then(|bytes| codec::decode_acknowledgement(&bytes).ok())
        .ok_or_else(|| AppError::damaged(format!("upload {} {}: its acknowledgement", row.authority, row.sequence)))
}

/// The key of a kept file.
fn file_key(service: &Service, row: &UploadRow) -> Result<SealKey, AppError> {
    let damaged = |what: &str| AppError::damaged(format!("upload {} {}: {what}", row.authority, row.sequence));
    let wrapped = row.file_key.as_deref().ok_or_else(|| damaged("its key was destroyed"))?;
    let raw = service.keys.ring.open(&key_place(row), wrapped).map_err(|_| damaged("its key does not open"))?;
    SealKey::from_slice(&raw).map_err(|_| damaged("its key is no key"))
}
