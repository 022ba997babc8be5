//! The register of organisations: every node holds it in memory and looks for changes every few seconds; an operator's change
//! is an entry of the journal, and the history of a record is read from there.

use crate::accesses::open_frame;
use crate::error::AppError;
use crate::frame::{self, KeyOf};
use crate::look;
use crate::recorder::record_alone;
use crate::service::Service;
use cpis_model::caller::{Action, Caller, Decision, Subject, may};
use cpis_model::entry::{Entry, What};
use cpis_model::organisation_json::{Difference, RecordError, differences};
use cpis_model::organisation_record::{Record, RecordKind};
use cpis_model::record_text::Text;
use cpis_model::register::{Change, Register, SearchPage};
use cpis_model::time::london_day;
use cpis_model::{Date, Timestamp};
use cpis_store::{Effect, JournalRow, NewOrganisation, OrganisationRow, Store, StoreError};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Rows that are loaded at a time.
const ROWS: u32 = 500;
/// Pause between two looks for changes that other nodes made.
const PAUSE: Duration = Duration::from_secs(2);
/// Records on one page of a search at most.
pub const PAGE_MAX: usize = 50;

/// A record as it is to be.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The record.
    pub record: Record,
    /// The version that whoever edits it saw; 0 where no operator has kept one yet.
    pub expected: u32,
}

/// A version of a record, as the journal tells it.
pub struct Version {
    /// From 1.
    pub version: u32,
    /// When it was made.
    pub at: Timestamp,
    /// By whom.
    pub caller: Arc<Caller>,
    /// Why, in their words.
    pub why: String,
    /// What differs from the version before it, or from the row of a table before the first one.
    pub differences: Vec<Difference>,
}

/// Brings the register up to what the database holds and to today. Says how many changes it found.
pub async fn refresh(service: &Service) -> Result<usize, AppError> {
    let current = service.register.get();
    let today = london_day(service.clock.now());
    let rows = rows_after(&*service.store, current.number()).await?;
    if !rows.is_empty() || current.day() != Some(today) {
        service.register.advance(current.with(rows.iter().map(change_of), today));
    }
    Ok(rows.len())
}

/// The register that the database holds over tables, as it stands on a day.
pub async fn load(store: &dyn Store, tables: &Register, today: Date) -> Result<Register, AppError> {
    let rows = rows_after(store, 0).await?;
    Ok(tables.with(rows.iter().map(change_of), today))
}

async fn rows_after(store: &dyn Store, number: u64) -> Result<Vec<OrganisationRow>, AppError> {
    let (mut after, mut all) = (number, Vec::new());
    loop {
        let rows = store.organisations_after(after, ROWS).await?;
        let Some(last) = rows.last() else { return Ok(all) };
        after = last.number;
        all.extend(rows);
    }
}

/// A stored version. One that this program cannot read is left out with an alarm: the version before it goes on.
fn change_of(row: &OrganisationRow) -> Change {
    let record = read(row).map_err(|error| {
        metrics::counter!("cpis_register_unreadable_total").increment(1);
        tracing::error!(%error, kind = row.kind, code = row.code, version = row.version, "a record of the register is passed over");
    });
    Change { number: row.number, version: row.version, record: record.ok() }
}

fn read(row: &OrganisationRow) -> Result<Record, RecordError> {
    let record = Record::from_json(&row.record)?;
    // A record that stands under another code would take that one's place.
    let is_its_own = record.kind().number() == row.kind && record.code() == row.code;
    if is_its_own { Ok(record) } else { Err(RecordError::NotJson) }
}

/// Follows the changes that other nodes and commands make, and the days, until the end.
pub(crate) async fn follow(service: Arc<Service>, mut stop: watch::Receiver<bool>) {
    loop {
        match refresh(&service).await {
            Ok(0) => {}
            Ok(changes) => tracing::info!(changes, "the register of organisations has changed"),
            Err(error) => tracing::warn!(%error, "cannot tell whether the register of organisations has changed"),
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Makes or changes one record, and says which version it has now. [`AppError::Conflict`] where somebody else was first.
pub async fn change(service: &Service, caller: Arc<Caller>, edit: Edit, why: &Text) -> Result<u32, AppError> {
    let expected = edit.expected;
    let written = change_all(service, caller, vec![edit], why).await?;
    Ok(expected + written as u32)
}

/// Makes or changes records, all of them or none, and says how many. What a record says already is not written again.
pub async fn change_all(
    service: &Service,
    caller: Arc<Caller>,
    edits: Vec<Edit>,
    why: &Text,
) -> Result<usize, AppError> {
    let caller = allow(service, caller).await?;
    refresh(service).await?;
    let register = service.register.get();
    let at = service.clock.now();
    let (key_of, key) = service.month_key(at).await?;
    let mut parts = Vec::new();
    for Edit { record, expected } in edits {
        let held = register.record(record.kind(), record.code());
        if held.map_or(0, |held| held.version) != expected {
            return Err(AppError::Conflict);
        }
        if held.is_some_and(|held| *held.record == record) {
            continue;
        }
        let (kind, code) = (record.kind().number(), record.code().to_owned());
        let record = record.to_json().map_err(|error| AppError::Internal(error.to_string()))?;
        let (caller, why) = (caller.clone(), why.as_str().to_owned());
        let what = What::OrganisationChanged { caller, kind, code: code.clone(), record: record.clone(), why };
        let new = NewOrganisation { kind, code, version: expected + 1, record };
        parts.push((Entry { at, person: None, what }, Effect::Organisation(new)));
    }
    let count = parts.len();
    if count == 0 {
        return Ok(0);
    }
    let recorded = record_alone(service, move |batch| {
        for (entry, effect) in parts {
            batch.add(&entry, key_of, &key);
            batch.effect(effect);
        }
    });
    match recorded.await {
        Ok(()) => {}
        Err(StoreError::Stale) => return Err(AppError::Conflict),
        Err(error) => return Err(error.into()),
    }
    if let Err(error) = refresh(service).await {
        // It is written all the same, and seen in some seconds.
        tracing::warn!(%error, "a change of the register of organisations is not seen yet");
    }
    Ok(count)
}

/// Asks the policy; a refusal is an entry.
async fn allow(service: &Service, caller: Arc<Caller>) -> Result<Arc<Caller>, AppError> {
    match may(&caller, Action::EditRegister, Subject::AnyChild) {
        Decision::Allowed(_) => Ok(caller),
        Decision::Refused(refusal) => look::refuse(service, caller, "edit-register", refusal, None).await,
    }
}

/// Records that a text finds, page by page from 0.
pub async fn search(
    service: &Service,
    caller: Arc<Caller>,
    text: &str,
    kind: Option<RecordKind>,
    page: usize,
) -> Result<SearchPage, AppError> {
    allow(service, caller).await?;
    Ok(service.register.get().search(text, kind, page.saturating_mul(PAGE_MAX), PAGE_MAX))
}

/// All versions of a record, newest first. [`AppError::NotFound`] where the register holds no such record; none where it is
/// a row of a table that nobody has changed.
pub async fn history(
    service: &Service,
    caller: Arc<Caller>,
    kind: RecordKind,
    code: &str,
) -> Result<Vec<Version>, AppError> {
    allow(service, caller).await?;
    let rows: Vec<_> = rows_after(&*service.store, 0)
        .await?
        .into_iter()
        .filter(|row| row.kind == kind.number() && row.code == code)
        .collect();
    let register = service.register.get();
    let held = register.record(kind, code);
    if rows.is_empty() && held.is_none() {
        return Err(AppError::NotFound);
    }
    let journal = journal_of(service, &rows).await?;
    let mut before = held.and_then(|held| held.base.clone());
    let mut versions = Vec::with_capacity(rows.len());
    for row in &rows {
        let damaged = |why: &str| AppError::damaged(format!("organisation {}: {why}", row.number));
        let journal_row = journal.get(&row.group.0).ok_or_else(|| damaged("its journal row is missing"))?;
        let (at, caller, why) =
            told(service, journal_row, row).await?.ok_or_else(|| damaged("its entry is missing"))?;
        let record = read(row).map_err(|error| damaged(&error.to_string()))?;
        let differences = differences(before.as_deref(), &record);
        versions.push(Version { version: row.version, at, caller, why, differences });
        before = Some(Arc::new(record));
    }
    versions.reverse();
    Ok(versions)
}

/// The journal's rows by which versions came.
async fn journal_of(service: &Service, rows: &[OrganisationRow]) -> Result<HashMap<i64, JournalRow>, AppError> {
    let mut seqs = Vec::new();
    for row in rows {
        seqs.extend(service.store.find_group(row.group).await?.map(|place| place.seq));
    }
    seqs.dedup();
    Ok(service.store.journal_rows(seqs).await?.into_iter().map(|row| (row.group.0, row)).collect())
}

/// Who made a version, when and why.
async fn told(
    service: &Service,
    journal: &JournalRow,
    row: &OrganisationRow,
) -> Result<Option<(Timestamp, Arc<Caller>, String)>, AppError> {
    for frame in frame::frames(journal.body.as_deref().unwrap_or_default(), 0) {
        let frame = frame.map_err(|error| AppError::damaged(error.to_string()))?;
        let KeyOf::Month(month) = frame.key else { continue };
        let key = service.stored_month_key(month).await?.ok_or_else(|| AppError::damaged("month_key"))?;
        let (entry, _) = open_frame(&key, journal.group, &frame).map_err(AppError::damaged)?;
        match entry.what {
            What::OrganisationChanged { caller, kind, code, record, why }
                if kind == row.kind && code == row.code && record == row.record =>
            {
                return Ok(Some((entry.at, caller, why)));
            }
            _ => {}
        }
    }
    Ok(None)
}
