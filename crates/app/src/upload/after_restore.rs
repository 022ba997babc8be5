//! How an authority goes on after a restore: the service knows its files up to the backup, the authority has sent more since.

use super::process::Job;
use crate::backup;
use crate::error::AppError;
use crate::service::Service;
use cpis_model::organisation::AuthorityCode;
use cpis_store::UploadState;

/// Whether a restore has put this authority back to an earlier file, and it has sent none since. Files between may be lost for
/// good, so the next one may have any higher number, as an authority's first file may.
pub(super) async fn goes_on(
    service: &Service,
    authority: AuthorityCode,
    state: &UploadState,
) -> Result<bool, AppError> {
    let (Some(restored), Some(last)) = (backup::resume(&*service.store).await?, state.last) else { return Ok(false) };
    let row = service.store.upload(authority, last).await?;
    Ok(row.is_some_and(|row| row.received < restored.at))
}

/// Gives up the numbers before a file, so that it is the next one: older files must not come after it. Each is an entry. Says
/// the number that is the last one now.
pub(super) async fn give_up_before(service: &Service, job: &Job, state: &UploadState) -> Result<Option<u64>, AppError> {
    let (authority, sequence) = (job.head.authority, job.head.sequence);
    let before = sequence.saturating_sub(1);
    let waiting = state.waiting.iter().copied().filter(|number| *number < before);
    for number in waiting.chain([before]) {
        super::give_up(service, job.caller.clone(), authority, number).await?;
    }
    tracing::warn!(%authority, sequence, "an authority goes on after a restore");
    Ok(service.store.upload_state(authority).await?.last)
}
