//! The audit log outside the database: checkpoints appended to a file, publication at fixed times, exports and proofs.

use crate::checkpoint_file;
use crate::error::AppError;
use crate::service::Service;
use cpis_audit::{Hash, ProofText, ReadError, SigningKey, Tile, VerifyingKey, inclusion_proof, inclusion_tiles};
use cpis_model::entry::{Entry, What};
use cpis_store::{CheckpointRow, Store};
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

fn io(what: &str) -> impl Fn(std::io::Error) -> AppError + '_ {
    move |error| AppError::Internal(format!("{what}: {error}"))
}

/// Appends a checkpoint to the file outside the database, on disk before this returns.
pub(crate) async fn append_checkpoint(service: &Service, note: String) -> Result<(), AppError> {
    let Some(path) = service.settings.checkpoint_file.clone() else { return Ok(()) };
    // It waits for the disk, which tasks of the doors must not.
    let appended = tokio::task::spawn_blocking(move || checkpoint_file::append(&path, &note)).await;
    appended.unwrap_or_else(|_| Err(AppError::Internal("the file of checkpoints was not written".to_owned())))
}

/// The key that checks the signatures of this installation's checkpoints.
pub fn verifying_key(ring: &crate::ring::KeyRing) -> Result<VerifyingKey, AppError> {
    SigningKey::from_seed(ring.signing_name(), ring.signing_seed())
        .map(|key| key.verifying_key().clone())
        .map_err(|_| AppError::Internal("the signing key cannot be used".to_owned()))
}

/// The last signed checkpoint. They are numbered without gaps, so it is found by halving.
pub async fn last_checkpoint(store: &dyn Store) -> Result<Option<CheckpointRow>, AppError> {
    let from = async |number| store.checkpoints(number, 1).await.map(|rows| rows.into_iter().next());
    let Some(mut last) = from(1).await? else { return Ok(None) };
    let mut step = 1;
    while let Some(later) = from(last.number + step).await? {
        last = later;
        step *= 2;
    }
    while step > 1 {
        step /= 2;
        last = from(last.number + step).await?.unwrap_or(last);
    }
    Ok(Some(last))
}

/// How long a publication waits for the applier to reach it.
const PUBLISH_WAIT: Duration = Duration::from_secs(30);

/// Publishes the log: pads the journal so that a small site's traffic does not show, waits until the applier has signed a
/// checkpoint at just that size, and writes tiles and checkpoint. Nothing is written where no folder is set.
pub async fn publish(service: &Service) -> Result<Option<u64>, AppError> {
    let Some(folder) = service.settings.publish_folder.clone() else { return Ok(None) };
    let size = pad(service).await?;
    service.publish_at.store(size, Ordering::SeqCst);
    let signed = tokio::time::timeout(PUBLISH_WAIT, signed_at(service, size)).await;
    let checkpoint = signed.map_err(|_| AppError::unavailable())??;
    export(&*service.store, &checkpoint, &folder).await?;
    Ok(Some(size))
}

/// Adds padding up to the next multiple; says the size.
async fn pad(service: &Service) -> Result<u64, AppError> {
    let multiple = service.settings.publish_multiple.max(1);
    let at = service.clock.now();
    let (key_of, key) = service.month_key(at).await?;
    let pad = move |batch: &mut crate::recorder::Batch<'_>, _: &[cpis_store::Found]| {
        while !batch.next_index().is_multiple_of(multiple) {
            batch.add(&Entry { at, person: None, what: What::Padding }, key_of, &key);
        }
        Ok(batch.next_index())
    };
    service.recorder.record(None, pad).await
}

/// Waits for the checkpoint at a size.
async fn signed_at(service: &Service, size: u64) -> Result<CheckpointRow, AppError> {
    loop {
        let last = last_checkpoint(&*service.store).await?;
        if let Some(last) = last.filter(|last| last.size >= size) {
            let mut number = last.number;
            while number > 0 {
                let row = service.store.checkpoints(number, 1).await?.into_iter().next();
                match row {
                    Some(row) if row.size == size => return Ok(row),
                    Some(row) if row.size > size => number -= 1,
                    _ => return Err(AppError::Internal("no checkpoint was signed at the size to publish".to_owned())),
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Writes the tiles below a checkpoint and the checkpoint itself in the layout of C2SP tlog-tiles. No entry is exported.
pub async fn export(store: &dyn Store, checkpoint: &CheckpointRow, folder: &Path) -> Result<usize, AppError> {
    let fail = io("the export cannot be written");
    let mut count = 0;
    for tile in cpis_audit::grown_tiles(0, checkpoint.size) {
        let path = folder.join(tile.path());
        if path.exists() {
            continue;
        }
        let bytes = tile_bytes(store, tile).await?;
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(&fail)?;
        }
        std::fs::write(&path, bytes).map_err(&fail)?;
        count += 1;
    }
    let path = folder.join("checkpoint");
    std::fs::write(&path, &checkpoint.note).map_err(&fail)?;
    Ok(count)
}

async fn tile_bytes(store: &dyn Store, tile: Tile) -> Result<Vec<u8>, AppError> {
    let damaged = || AppError::damaged(format!("tile {} {}", tile.level(), tile.index()));
    let mut bytes = store.tile(tile.level(), tile.index()).await?.ok_or_else(damaged)?;
    let width = tile.width() as usize * 32;
    if bytes.len() < width {
        return Err(damaged());
    }
    bytes.truncate(width);
    Ok(bytes)
}

/// A proof that an entry stands in the log under the last checkpoint, to be checked by anyone with the verifying key.
pub async fn prove(store: &dyn Store, index: u64) -> Result<String, AppError> {
    let checkpoint = last_checkpoint(store).await?.ok_or(AppError::NotFound)?;
    let rows = store.journal_from(index, 1).await?;
    let row = rows.first().filter(|_| index < checkpoint.size).ok_or(AppError::NotFound)?;
    let ordinal = (index - row.place.first_index) as u32;
    let leaves = store.leaves(row.group, ordinal, 1).await?;
    let (_, leaf) = leaves.first().ok_or_else(|| AppError::damaged(format!("leaf of entry {index}")))?;
    let wanted = inclusion_tiles(index, checkpoint.size).map_err(|_| AppError::NotFound)?;
    let mut tiles: HashMap<(u8, u64), Vec<Hash>> = HashMap::new();
    for tile in wanted {
        tiles.insert((tile.level(), tile.index()), crate::applier::hashes(&tile_bytes(store, tile).await?));
    }
    let read = |tile: Tile| -> Result<Option<Vec<Hash>>, ReadError> {
        Ok(tiles
            .get(&(tile.level(), tile.index()))
            .map(|all| all.iter().copied().take(tile.width() as usize).collect()))
    };
    let hashes = inclusion_proof(index, checkpoint.size, &read)
        .map_err(|error| AppError::damaged(format!("tiles below entry {index}: {error}")))?;
    Ok(ProofText { index, leaf: *leaf, hashes, note: checkpoint.note }.to_string())
}
