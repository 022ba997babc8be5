//! An authority's upload: check who sends it and its place in the sequence, verify the numbers, stage what is accepted, and
//! make it visible in one flip.
//!
//! `receive` reads top to bottom. A file is kept, sealed, before anything is decided, so that what was accepted survives
//! whatever happens and a resend gets the same answer.

mod after_restore;
mod files;
mod process;
mod staging;

use crate::codec;
use crate::error::AppError;
use crate::frame::KeyOf;
use crate::nodes::{Turn, Work};
use crate::notices::authority_of;
use crate::service::Service;
use bytes::Bytes;
use cpis_model::Timestamp;
use cpis_model::caller::{Action, Caller, Decision, Subject, may};
use cpis_model::codes::FileCode;
use cpis_model::entry::{Entry, What};
use cpis_model::organisation::AuthorityCode;
use cpis_model::organisation_record::ContactKind;
use cpis_model::time::{london_day, london_instant};
use cpis_model::upload::{Acknowledgement, FileFault, Given, Header, Reader, Sender, Series};
pub use cpis_store::UploadStatus;
use cpis_store::{Effect, UploadRow, UploadState};
use sha2::{Digest, Sha256};
use std::sync::Arc;

pub(crate) use files::reseal;
pub(crate) use process::Rest;
pub use process::process_waiting;

/// Reads uploaded files; given by the binary, since `app` knows no format.
#[derive(Clone, Copy)]
pub struct DecodeUpload {
    /// Only the head of a message, quickly.
    pub head: fn(&[u8]) -> Result<Header, FileFault>,
    /// Messages, which carry their sender and number.
    pub message: Reader,
    /// Tables, which do not.
    pub table: Reader,
}

impl DecodeUpload {
    /// The reader of a file: tables are the files to which the service gives the number.
    pub(crate) fn of(&self, sequence: u64) -> Reader {
        match Series::of(sequence) {
            Series::Sent => self.message,
            Series::Assigned => self.table,
        }
    }
}

/// What became of a file that was sent.
#[derive(Clone, Debug)]
pub enum Received {
    /// It was processed, or could not be taken; the acknowledgement says which.
    Answered(Box<Acknowledgement>),
    /// It passes a limit of size, depth or count; nothing was stored.
    TooLarge(Box<Acknowledgement>),
    /// It waits: for the numbers that are missing, or in the background.
    Waits(Waiting),
    /// Another file of this authority is being processed, and the sender did not want to wait.
    Busy,
}

/// A file that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its sequence number.
    pub sequence: u64,
    /// The first number that is missing before it; `None` where it waits for its turn.
    pub missing: Option<u64>,
}

/// How the sender wants to be answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// Answer at once with a status address (`Prefer: respond-async`).
    pub in_background: bool,
    /// Do not wait while another file of this authority is processed (`Prefer: wait=0`).
    pub no_wait: bool,
}

/// Takes a message, which says itself who sends it and what number it has.
pub async fn receive(
    service: &Arc<Service>,
    caller: Arc<Caller>,
    file: Bytes,
    wishes: Wishes,
) -> Result<Received, AppError> {
    authority_of(service, &caller, Action::Upload, "upload").await?;
    let head = match (service.decode.head)(&file) {
        Ok(head) => head,
        Err(fault) => return Ok(refuse_file(service, &caller, fault)),
    };
    let (authority, sequence) = (head.authority, head.sequence);
    if let Decision::Refused(refusal) = may(&caller, Action::Upload, Subject::Of(authority)) {
        return crate::look::refuse(service, caller, "upload", refusal, None).await;
    }
    // Tables take effect in the order in which they came; a file before this one that waits has to go before it.
    let goes_before = |state: &UploadState, number: u64| match Series::of(number) {
        Series::Assigned => true,
        Series::Sent => number < sequence && state.is_next(number),
    };
    let Some((turn, state, order)) = first(service, authority, wishes, goes_before).await? else {
        return Ok(Received::Busy);
    };
    let (checksum, received): ([u8; 32], _) = (Sha256::digest(&file).into(), service.clock.now());
    let place = match place(service, &head, checksum, &state).await? {
        Place::Answered(ack) => return Ok(Received::Answered(ack)),
        Place::Conflict(words) => {
            let fault = FileFault {
                faults: vec![("/File/id".to_owned(), words)],
                too_large: false,
                sequence: Some(head.sequence),
            };
            return Ok(refuse_file(service, &caller, fault));
        }
        waits_or_next => waits_or_next,
    };
    // A file that could never be taken is refused now, not when its turn comes: a kept one would wait for ever.
    let given = given(service, authority, sequence, received);
    let decoded = match process::decode(service, &file, given).await? {
        Ok(decoded) => decoded,
        Err(mut fault) => {
            fault.sequence = Some(sequence);
            return Ok(refuse_file(service, &caller, fault));
        }
    };
    let mut job = process::Job { caller, head, decoded, checksum, file, received, expected_last: state.last };
    if matches!(place, Place::Gap) {
        let Some(missing) = state.missing_before(sequence) else {
            // Nothing is missing: what is before it waits too.
            return take_effect(service, job, turn, wishes, Order::Behind).await;
        };
        if !after_restore::goes_on(service, authority, &state).await? {
            files::keep(service, &job, UploadStatus::WaitsForGap).await?;
            tracing::warn!(%authority, sequence, missing, "an upload waits for a missing one");
            return Ok(Received::Waits(Waiting { sequence, missing: Some(missing) }));
        }
        job.expected_last = after_restore::give_up_before(service, &job, &state).await?;
    }
    take_effect(service, job, turn, wishes, order).await
}

/// Takes a table, which says neither who sends it nor what number it has: it is the caller's authority's, and gets the next
/// number of the service's own series. The same table again is another file, which changes nothing.
pub async fn receive_table(
    service: &Arc<Service>,
    caller: Arc<Caller>,
    file: Bytes,
    wishes: Wishes,
) -> Result<Received, AppError> {
    let authority = authority_of(service, &caller, Action::Upload, "upload").await?;
    let Some((turn, state, first)) = first(service, authority, wishes, UploadState::is_due).await? else {
        return Ok(Received::Busy);
    };
    let (checksum, received): ([u8; 32], _) = (Sha256::digest(&file).into(), service.clock.now());
    let mut sequence = state.next_assigned();
    for number in state.waiting.iter().copied().filter(|&number| Series::of(number) == Series::Assigned) {
        // Sent again while it waits: it keeps its place.
        if service.store.upload(authority, number).await?.is_some_and(|row| row.checksum == checksum) {
            sequence = number;
        }
    }
    let given = given(service, authority, sequence, received);
    let decoded = match process::decode(service, &file, given).await? {
        Ok(decoded) => decoded,
        Err(mut fault) => {
            fault.sequence = None;
            return Ok(refuse_file(service, &caller, fault));
        }
    };
    let head = decoded.header.clone();
    let job = process::Job { caller, head, decoded, checksum, file, received, expected_last: state.last_assigned };
    take_effect(service, job, turn, wishes, first).await
}

/// Whether a file is the first of its authority that is to be processed, or another one waits and goes before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    First,
    Behind,
}

/// The authority's turn, and what it has sent so far. What waits and has to go before the file is tried once more; an older file
/// that takes effect after a newer one would bring back what is past.
async fn first(
    service: &Arc<Service>,
    authority: AuthorityCode,
    wishes: Wishes,
    goes_before: impl Fn(&UploadState, u64) -> bool,
) -> Result<Option<(Turn, UploadState, Order)>, AppError> {
    let turn = async || {
        if wishes.no_wait {
            Turn::take(service, Work::Uploads, authority).await
        } else {
            Turn::wait(service, Work::Uploads, authority).await.map(Some)
        }
    };
    let waits = |state: &UploadState| state.waiting.iter().any(|&number| goes_before(state, number));
    let Some(mut held) = turn().await? else { return Ok(None) };
    let mut state = service.store.upload_state(authority).await?;
    if waits(&state) {
        drop(held);
        process::release(service, Some(authority)).await;
        let Some(again) = turn().await? else { return Ok(None) };
        held = again;
        state = service.store.upload_state(authority).await?;
    }
    let order = if waits(&state) { Order::Behind } else { Order::First };
    Ok(Some((held, state, order)))
}

/// What the service knows of a file.
fn given(service: &Service, authority: AuthorityCode, sequence: u64, at: Timestamp) -> Given {
    let register = service.register.get();
    let contacts = register.contacts_of(authority, london_day(at));
    let number = |kind| contacts.iter().find(|contact| contact.kind == kind).map(|contact| contact.phone.clone());
    let sender = Sender {
        authority,
        name: name_of(service, authority, None),
        emergency: number(ContactKind::Emergency),
        office: number(ContactKind::Office),
    };
    Given { sender, sequence, created: london_instant(at) }
}

/// Processes a file whose turn has come, or keeps it behind what waits.
async fn take_effect(
    service: &Arc<Service>,
    job: process::Job,
    turn: Turn,
    wishes: Wishes,
    order: Order,
) -> Result<Received, AppError> {
    let (sequence, authority) = (job.head.sequence, job.head.authority);
    if order == Order::Behind {
        return process::keep_behind(service, &job).await.map(|answer| Received::Answered(Box::new(answer)));
    }
    if wishes.in_background {
        files::keep(service, &job, UploadStatus::Processing).await?;
        let own = service.clone();
        tokio::spawn(async move {
            if let Err(error) = process::run(&own, job).await {
                tracing::error!(%error, sequence, "an upload was not processed; it is kept and tried again");
            }
            drop(turn);
            process::release(&own, None).await;
        });
        return Ok(Received::Waits(Waiting { sequence, missing: None }));
    }
    // The work goes on to its end even when the sender hangs up: a resend gets the same answer.
    let own = service.clone();
    let task = tokio::spawn(async move {
        let answer = process::run(&own, job).await;
        drop(turn);
        answer
    });
    let answer = task.await.map_err(|_| AppError::Internal("an upload ended without an answer".to_owned()))??;
    if answer.code != FileCode::DemographicsAway {
        let own = service.clone();
        tokio::spawn(async move { process::release(&own, Some(authority)).await });
    }
    Ok(Received::Answered(Box::new(answer)))
}

enum Place {
    Next,
    Gap,
    Answered(Box<Acknowledgement>),
    Conflict(String),
}

/// A file's place in its authority's sequence (spec/decisions.md section 3).
async fn place(service: &Service, head: &Header, checksum: [u8; 32], state: &UploadState) -> Result<Place, AppError> {
    let Some(last) = state.last else { return Ok(Place::Next) };
    if head.sequence == last + 1 {
        return Ok(Place::Next);
    }
    if head.sequence > last + 1 {
        return Ok(Place::Gap);
    }
    let earlier = service.store.upload(head.authority, head.sequence).await?;
    match earlier {
        Some(row) if row.status == UploadStatus::Done && row.checksum == checksum => {
            Ok(Place::Answered(Box::new(files::open_acknowledgement(service, &row)?)))
        }
        Some(row) if row.status == UploadStatus::Done => {
            Ok(Place::Conflict("this sequence number was used for another file".to_owned()))
        }
        Some(_) => Ok(Place::Conflict("this sequence number was given up".to_owned())),
        None => Ok(Place::Conflict(format!("the next sequence number is {}", last + 1))),
    }
}

fn refuse_file(service: &Service, caller: &Caller, fault: FileFault) -> Received {
    let too_large = fault.too_large;
    let ack = Box::new(refused(service, caller, fault));
    if too_large { Received::TooLarge(ack) } else { Received::Answered(ack) }
}

/// The acknowledgement of a file that cannot be taken as a whole. Nothing is stored and the number is not used up.
fn refused(service: &Service, caller: &Caller, fault: FileFault) -> Acknowledgement {
    let authority = caller.rights.authority.unwrap_or(AuthorityCode(caller.organisation.code));
    metrics::counter!("cpis_uploads_total", "code" => FileCode::FileFault.code()).increment(1);
    tracing::warn!(%authority, faults = fault.faults.len(), "an upload cannot be taken");
    Acknowledgement {
        created: service.clock.now(),
        sequence: fault.sequence,
        records: None,
        code: FileCode::FileFault,
        authority,
        authority_name: name_of(service, authority, None),
        contact: None,
        loaded: 0,
        failed: 0,
        rejections: Vec::new(),
        file_faults: fault.faults,
        returned: Vec::new(),
    }
}

fn name_of(service: &Service, authority: AuthorityCode, uploaded: Option<&str>) -> String {
    let registered = service.register.get().authority_name(authority).map(ToString::to_string);
    registered.or_else(|| uploaded.map(str::to_owned)).unwrap_or_else(|| authority.to_string())
}

/// The answer to an upload that took effect.
pub(crate) fn acknowledgement(service: &Service, row: &UploadRow) -> Result<Acknowledgement, AppError> {
    files::open_acknowledgement(service, row)
}

/// Where an upload stands, for its authority.
#[derive(Clone, Debug)]
pub struct Status {
    /// Sequence number.
    pub sequence: u64,
    /// Where it stands.
    pub status: UploadStatus,
    /// When it was received.
    pub received: Timestamp,
    /// The number that is missing before it.
    pub missing: Option<u64>,
    /// The acknowledgement, once there is one.
    pub acknowledgement: Option<Acknowledgement>,
}

/// Says where an upload stands.
pub async fn status(service: &Service, caller: Arc<Caller>, sequence: u64) -> Result<Status, AppError> {
    let authority = authority_of(service, &caller, Action::Upload, "upload").await?;
    let row = service.store.upload(authority, sequence).await?.ok_or(AppError::NotFound)?;
    let state = service.store.upload_state(authority).await?;
    let acknowledgement = row.acknowledgement.is_some().then(|| files::open_acknowledgement(service, &row));
    let waits = row.status == UploadStatus::WaitsForGap;
    Ok(Status {
        sequence,
        status: row.status,
        received: row.received,
        missing: waits.then(|| state.missing_before(sequence)).flatten(),
        acknowledgement: acknowledgement.transpose()?,
    })
}

/// What an authority's next upload is: its number, and what waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// The number that is expected; `None` before the first file, which may have any.
    pub next: Option<u64>,
    /// Numbers that wait.
    pub waiting: Vec<u64>,
    /// When the last file took effect.
    pub last_at: Option<Timestamp>,
}

/// Says which sequence number is expected.
pub async fn sequence(service: &Service, caller: Arc<Caller>) -> Result<Sequence, AppError> {
    let authority = authority_of(service, &caller, Action::Upload, "upload").await?;
    let state = service.store.upload_state(authority).await?;
    Ok(Sequence { next: state.last.map(|last| last + 1), waiting: state.waiting, last_at: state.last_at })
}

/// What became of a wish to give up a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// It is given up, and what waited for it is processed.
    Yes,
    /// Only the number that is missing next can be given up: this one.
    NotMissing {
        /// The next number, if one is expected at all.
        next: Option<u64>,
    },
}

/// Gives up a missing sequence number, so that what waits behind it is processed.
pub async fn skip(service: &Arc<Service>, caller: Arc<Caller>, sequence: u64) -> Result<Skipped, AppError> {
    let authority = authority_of(service, &caller, Action::Upload, "upload").await?;
    let turn = Turn::wait(service, Work::Uploads, authority).await?;
    let state = service.store.upload_state(authority).await?;
    let next = state.last.map(|last| last + 1);
    if next != Some(sequence) {
        return Ok(Skipped::NotMissing { next });
    }
    give_up(service, caller, authority, sequence).await?;
    drop(turn);
    let own = service.clone();
    tokio::spawn(async move { process::release(&own, Some(authority)).await });
    Ok(Skipped::Yes)
}

/// Gives up a number: an entry, and its effect.
async fn give_up(
    service: &Service,
    caller: Arc<Caller>,
    authority: AuthorityCode,
    sequence: u64,
) -> Result<(), AppError> {
    let at = service.clock.now();
    let (key_of, key): (KeyOf, _) = service.month_key(at).await?;
    let what = What::SequenceSkipped { caller, authority, sequence };
    service
        .recorder
        .record(None, move |batch, _| {
            batch.add(&Entry { at, person: None, what }, key_of, &key);
            batch.effect(Effect::SkipSequence(authority, sequence));
            Ok(())
        })
        .await
}

/// Who sent a kept file.
fn sender(service: &Service, row: &UploadRow) -> Result<Caller, AppError> {
    let damaged = || AppError::damaged(format!("upload {} {}: its sender", row.authority, row.sequence));
    let opened = service.keys.ring.open(&files::sender_place(row), &row.sender).map_err(|_| damaged())?;
    codec::decode_caller(&opened).map_err(|_| damaged())
}
