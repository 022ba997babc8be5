//! One file from decoding to the flip, and what was waiting behind it.

use super::staging::{Checked, Staging};
use super::{files, given, name_of, sender};
use crate::demographics::{DemographicsFault, TRACE_MAX};
use crate::error::AppError;
use crate::nodes::{Turn, Work};
use crate::people::Keys;
use crate::service::Service;
use bytes::Bytes;
use cpis_model::Timestamp;
use cpis_model::caller::Caller;
use cpis_model::codes::FileCode;
use cpis_model::demographics::Trace;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::organisation::AuthorityCode;
use cpis_model::upload::{Acknowledgement, Decoded, FileFault, Given, Header, Record, Series, file_code};
use cpis_store::{Flip, StoreError, UploadRow, UploadStatus};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A file that is next in its authority's sequence.
pub(super) struct Job {
    pub caller: Arc<Caller>,
    pub head: Header,
    pub decoded: Decoded,
    pub checksum: [u8; 32],
    pub file: Bytes,
    /// When it came. What waits keeps its time, and with it its place among what waits.
    pub received: Timestamp,
    pub expected_last: Option<u64>,
}

/// Decodes a file on a thread of its own: a large one takes a while. Its records come in the order in which they are stored.
pub(super) async fn decode(
    service: &Service,
    file: &Bytes,
    given: Given,
) -> Result<Result<Decoded, FileFault>, AppError> {
    let (decode, file, keys) = (service.decode.of(given.sequence).decode, file.clone(), service.keys.clone());
    let decoded = tokio::task::spawn_blocking(move || {
        let mut decoded = decode(&file, &given)?;
        in_stored_order(&keys, &mut decoded.records);
        Ok(decoded)
    });
    decoded.await.map_err(|_| AppError::Internal("a file was not decoded".to_owned()))
}

/// Puts records in the order in which the database finds their numbers: what a slice reads and writes then lies side by side,
/// where a file's own order would touch as many pages as it has records. Records of one number keep their order. So does a file
/// in which a place has two subjects, since both have to stay together.
fn in_stored_order(keys: &Keys, records: &mut [Record]) {
    if records.is_sorted_by(|one, next| one.position < next.position) {
        records.sort_by_cached_key(|record| {
            let keys = keys.ring.find(record.person.number);
            keys.a.or(keys.b)
        });
    }
}

/// The times for which what waits leaves demographics alone, from when until when: one authority's files, or everybody's.
/// This node's, and forgotten when it ends.
#[derive(Default)]
pub(crate) struct Rest(Mutex<HashMap<Option<AuthorityCode>, (Timestamp, Timestamp)>>);

impl Rest {
    /// Begins a rest; says how many seconds it lasts.
    fn begin(&self, whose: Option<AuthorityCode>, now: Timestamp, pause: Duration) -> u64 {
        let until = now.checked_add(pause).unwrap_or(now);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(whose, (now, until));
        pause.as_secs()
    }

    /// Whether it lasts. Where the clock has gone back, it does not.
    fn lasts(&self, whose: Option<AuthorityCode>, now: Timestamp) -> bool {
        let rest = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&whose).copied();
        rest.is_some_and(|(begun, until)| begun <= now && now < until)
    }
}

/// Processes a file. The caller holds the authority's turn.
pub(super) async fn run(service: &Arc<Service>, job: Job) -> Result<Acknowledgement, AppError> {
    metrics::gauge!("cpis_upload_records").set(f64::from(job.decoded.count));
    let keep = files::keep(service, &job, UploadStatus::Processing);
    let (row, traced) = tokio::join!(keep, trace(service, &job.decoded.records));
    let row = row?;
    let traced = match traced {
        Ok(traced) => traced,
        Err(fault) => {
            leave_alone(service, &row, fault);
            return keep_behind(service, &job).await;
        }
    };
    let mut staging = Staging::begin(service, &job.decoded.header).await?;
    if let Err(error) = stage(service, &mut staging, &job.decoded, &traced).await {
        staging.discard(service).await;
        return Err(error);
    }
    flip(service, job, row, staging).await
}

/// Traces everybody in a file before anything is staged: a service elsewhere may take minutes, and what is staged must not
/// lie about for so long. Two calls are under way at a time, so that the last numbers of one hold up nobody.
async fn trace(service: &Service, records: &[Record]) -> Result<Vec<Trace>, DemographicsFault> {
    let numbers: Vec<_> = records.iter().map(|record| record.person.number).collect();
    let call = async |part: &[NhsNumber]| {
        if part.is_empty() { Ok(Vec::new()) } else { service.demographics.trace(part).await }
    };
    let mut traced = Vec::with_capacity(numbers.len());
    for parts in numbers.chunks(2 * TRACE_MAX) {
        let (one, other) = parts.split_at(parts.len().min(TRACE_MAX));
        let (one, other) = tokio::try_join!(call(one), call(other))?;
        traced.extend(one);
        traced.extend(other);
    }
    Ok(traced)
}

/// Checks and stages the records in slices, so that looks are not held up.
async fn stage(
    service: &Arc<Service>,
    staging: &mut Staging,
    decoded: &Decoded,
    traced: &[Trace],
) -> Result<(), AppError> {
    let (mut rest, mut traced) = (decoded.records.as_slice(), traced);
    while !rest.is_empty() {
        let end = slice_end(rest);
        let (slice, after) = rest.split_at(end);
        let (of_slice, traced_after) = traced.split_at_checked(end).ok_or_else(|| {
            AppError::Internal("demographics answered for fewer people than it was asked for".to_owned())
        })?;
        (rest, traced) = (after, traced_after);
        let checked: Vec<Checked<'_>> = staging.check(service, slice, of_slice).await?;
        staging.stage(service, checked).await?;
    }
    Ok(())
}

/// The end of a slice: records of one place stay together.
fn slice_end(records: &[Record]) -> usize {
    let mut end = records.len().min(TRACE_MAX - 1);
    while let (Some(last), Some(next)) = (records.get(end - 1), records.get(end)) {
        if last.position != next.position || end >= TRACE_MAX {
            break;
        }
        end += 1;
    }
    end
}

async fn flip(
    service: &Arc<Service>,
    mut job: Job,
    mut row: UploadRow,
    mut staging: Staging,
) -> Result<Acknowledgement, AppError> {
    let mut rejections = std::mem::take(&mut job.decoded.rejections);
    let decoded = &job.decoded;
    rejections.extend(staging.take_rejections());
    rejections.sort_by_key(|rejection| rejection.position);
    let mut failed: Vec<u32> =
        rejections.iter().filter(|rejection| !rejection.is_warning()).map(|rejection| rejection.position).collect();
    failed.dedup();
    let (loaded, rejected) = (decoded.count - failed.len() as u32, failed.len() as u32);
    let (records, file) = (service.decode.of(decoded.header.sequence).records, job.file.clone());
    let returned = tokio::task::spawn_blocking(move || records(&file, &failed)).await.unwrap_or_default();
    let ack = Acknowledgement {
        created: service.clock.now(),
        sequence: Some(decoded.header.sequence),
        records: Some(decoded.count),
        code: file_code(loaded, rejected),
        authority: decoded.header.authority,
        authority_name: name_of(service, decoded.header.authority, Some(&decoded.header.name)),
        contact: Some(decoded.header.contact.clone()),
        loaded,
        failed: rejected,
        rejections,
        file_faults: Vec::new(),
        returned,
    };
    if let Err(error) = staging.finish(service, &job, &decoded.header, &ack).await {
        staging.discard(service).await;
        return Err(error);
    }
    row.acknowledgement = Some(files::seal_acknowledgement(service, &row, &ack)?);
    row.status = UploadStatus::Done;
    row.code = Some(ack.code);
    let flip = Flip {
        group: staging.group(),
        expected_last: job.expected_last,
        upload: row,
        count: staging.count(),
        digest: staging.digest(),
        at: service.clock.now(),
    };
    let group = flip.group;
    let flipped = match service.store.flip(flip).await {
        Err(StoreError::OutcomeUnknown) => match service.store.find_group(group).await? {
            Some(place) => Ok(place),
            None => Err(StoreError::Unavailable("the upload did not take effect".to_owned())),
        },
        other => other,
    };
    if let Err(error) = flipped {
        staging.discard(service).await;
        return match error {
            StoreError::Stale => answered_elsewhere(service, &job).await,
            error => Err(error.into()),
        };
    }
    service.committed.notify_waiters();
    metrics::counter!("cpis_uploads_total", "code" => ack.code.code()).increment(1);
    tracing::info!(authority = %ack.authority, sequence = ack.sequence, code = ack.code.code(), loaded, rejected, "an upload took effect");
    Ok(ack)
}

/// The answer of the node that was quicker with the same file; otherwise the sender has to try again.
async fn answered_elsewhere(service: &Service, job: &Job) -> Result<Acknowledgement, AppError> {
    match service.store.upload(job.head.authority, job.head.sequence).await? {
        Some(row) if row.status == UploadStatus::Done && row.checksum == job.checksum => {
            files::open_acknowledgement(service, &row)
        }
        _ => Err(AppError::unavailable()),
    }
}

/// Begins the time for which what waits leaves demographics alone, and says so.
fn leave_alone(service: &Service, row: &UploadRow, fault: DemographicsFault) {
    let (authority, sequence) = (row.authority, row.sequence);
    // An answer that is not understood is about somebody in this file; the others go on.
    let whose = (fault == DemographicsFault::NotUnderstood).then_some(authority);
    let seconds = service.rest.begin(whose, service.clock.now(), fault.pause());
    match fault {
        DemographicsFault::Away(_) => {
            tracing::warn!(%authority, sequence, seconds, "demographics is away: an upload waits");
        }
        DemographicsFault::Refused | DemographicsFault::NotUnderstood => {
            tracing::error!(%authority, sequence, seconds, error = %fault, "an upload waits for demographics");
        }
    }
}

/// Keeps a file that has its place and cannot be processed now: demographics is away, or a file before it waits for the same.
pub(super) async fn keep_behind(service: &Service, job: &Job) -> Result<Acknowledgement, AppError> {
    files::keep(service, job, UploadStatus::WaitsForDemographics).await?;
    metrics::counter!("cpis_uploads_total", "code" => FileCode::DemographicsAway.code()).increment(1);
    Ok(Acknowledgement {
        created: service.clock.now(),
        sequence: Some(job.head.sequence),
        records: Some(job.decoded.count),
        code: FileCode::DemographicsAway,
        authority: job.head.authority,
        authority_name: name_of(service, job.head.authority, Some(&job.head.name)),
        contact: Some(job.head.contact.clone()),
        loaded: 0,
        failed: 0,
        rejections: Vec::new(),
        file_faults: Vec::new(),
        returned: Vec::new(),
    })
}

/// Processes what waits behind an authority's last file, in order; of all authorities when none is given.
pub(super) async fn release(service: &Arc<Service>, authority: Option<AuthorityCode>) {
    if let Err(error) = process_waiting(service, authority).await {
        tracing::warn!(%error, "what waits was not processed; it is tried again");
    }
}

/// Processes one kept file whose turn has come. Says whether it took effect.
async fn process_one(
    service: &Arc<Service>,
    authority: AuthorityCode,
    sequence: u64,
    expected_last: Option<u64>,
) -> Result<bool, AppError> {
    let Some(row) = service.store.upload(authority, sequence).await? else { return Ok(false) };
    if matches!(row.status, UploadStatus::Done | UploadStatus::Skipped) {
        return Ok(false);
    }
    let file = files::read(service, &row).await?;
    let caller = Arc::new(sender(service, &row)?);
    let unreadable = || AppError::damaged(format!("upload {authority} {sequence}: it does not decode any more"));
    let given = given(service, authority, sequence, row.received);
    let decoded = decode(service, &file, given).await?.map_err(|_| unreadable())?;
    let head = decoded.header.clone();
    let job = Job { caller, head, decoded, checksum: row.checksum, file, received: row.received, expected_last };
    Ok(run(service, job).await?.code != FileCode::DemographicsAway)
}

/// Processes waiting files whose turn has come. Says how many took effect.
pub async fn process_waiting(service: &Arc<Service>, authority: Option<AuthorityCode>) -> Result<usize, AppError> {
    let mut count = 0;
    loop {
        let waiting = service.store.waiting().await?;
        let mut progressed = false;
        let mut held = HashSet::new();
        for row in waiting.iter().filter(|row| authority.is_none_or(|own| own == row.authority)) {
            let now = service.clock.now();
            if service.rest.lasts(None, now) {
                return Ok(count);
            }
            // What came later does not take effect before what came earlier.
            if held.contains(&row.authority) || service.rest.lasts(Some(row.authority), now) {
                continue;
            }
            // One authority is waited for; the round through all of them leaves out who is busy.
            let turn = match authority {
                Some(_) => Turn::wait(service, Work::Uploads, row.authority).await?,
                None => match Turn::take(service, Work::Uploads, row.authority).await? {
                    Some(turn) => turn,
                    None => continue,
                },
            };
            let state = service.store.upload_state(row.authority).await?;
            if !state.is_next(row.sequence) {
                continue;
            }
            let last = state.last_of(Series::of(row.sequence));
            // One file that cannot be processed does not hold up the others.
            match process_one(service, row.authority, row.sequence, last).await {
                Ok(true) => {
                    count += 1;
                    progressed = true;
                }
                Ok(false) => {
                    held.insert(row.authority);
                }
                Err(error) => {
                    metrics::counter!("cpis_upload_waiting_failed_total").increment(1);
                    tracing::error!(%error, authority = %row.authority, sequence = row.sequence, "a kept upload was not processed");
                }
            }
            drop(turn);
        }
        if !progressed {
            return Ok(count);
        }
    }
}
