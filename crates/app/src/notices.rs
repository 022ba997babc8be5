//! Notices as their authority reads and acknowledges them.

use crate::accesses::open_frame;
use crate::codec;
use crate::error::AppError;
use crate::frame::{self, KeyOf, month_of};
use crate::look;
use crate::people::Keys;
use crate::seal::place;
use crate::service::Service;
use cpis_model::Uuid;
use cpis_model::caller::{Action, Caller, Decision, Refusal, Subject, may};
use cpis_model::entry::{Entry, PersonId, What};
use cpis_model::notice::Notice;
use cpis_model::organisation::AuthorityCode;
use cpis_store::{JournalRow, NoticeRow};
use std::collections::HashMap;
use std::sync::Arc;

/// Notices on one page at most.
pub const PAGE_MAX: u32 = 200;
/// Notices on one page by default.
pub const PAGE_DEFAULT: u32 = 50;

/// One page of an authority's notices.
#[derive(Clone, Debug)]
pub struct Page {
    /// In the order that was asked for.
    pub notices: Vec<Notice>,
    /// The cursor from which to go on.
    pub next: u64,
    /// Whether there are more at this moment.
    pub more: bool,
}

/// The authority for which a caller acts, if the policy lets it have this.
pub(crate) async fn authority_of(
    service: &Service,
    caller: &Arc<Caller>,
    action: Action,
    word: &'static str,
) -> Result<AuthorityCode, AppError> {
    let own = caller.rights.authority;
    match (may(caller, action, own.map_or(Subject::AnyChild, Subject::Of)), own) {
        (Decision::Allowed(_), Some(authority)) => Ok(authority),
        (Decision::Refused(refusal), _) => look::refuse(service, caller.clone(), word, refusal, None).await,
        (Decision::Allowed(_), None) => look::refuse(service, caller.clone(), word, Refusal::NoActivity, None).await,
    }
}

/// An authority's notices after a cursor. The reading is an entry, never an access.
pub async fn notices(service: &Service, caller: Arc<Caller>, after: u64, limit: u32) -> Result<Page, AppError> {
    let authority = authority_of(service, &caller, Action::Notices, "notices").await?;
    let limit = limit.clamp(1, PAGE_MAX);
    let mut rows = service.store.notices(authority, after, limit + 1).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().map_or(after, |row| row.number);
    let notices = open(service, &rows).await?;
    record_read(service, caller, authority, notices.len() as u32).await?;
    Ok(Page { notices, next, more })
}

/// An authority's notices before a cursor, newest first: those that are acknowledged, or those that are not. The reading is an
/// entry, never an access. `next` of the page is the cursor of the next one.
pub async fn newest(
    service: &Service,
    caller: Arc<Caller>,
    acknowledged: bool,
    before: Option<u64>,
    limit: u32,
) -> Result<Page, AppError> {
    let authority = authority_of(service, &caller, Action::Notices, "notices").await?;
    let limit = limit.clamp(1, PAGE_MAX);
    let before = before.unwrap_or(u64::MAX);
    let mut rows = service.store.notices_before(authority, acknowledged, before, limit + 1).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().map_or(before, |row| row.number);
    let notices = open(service, &rows).await?;
    record_read(service, caller, authority, notices.len() as u32).await?;
    Ok(Page { notices, next, more })
}

/// The number of an authority's newest notice.
pub(crate) async fn last_number(service: &Service, authority: AuthorityCode) -> Result<u64, AppError> {
    let mut newest = 0;
    for acknowledged in [false, true] {
        let rows = service.store.notices_before(authority, acknowledged, u64::MAX, 1).await?;
        newest = newest.max(rows.first().map_or(0, |row| row.number));
    }
    Ok(newest)
}

/// One notice of the caller's authority.
pub async fn notice(service: &Service, caller: Arc<Caller>, id: Uuid) -> Result<Notice, AppError> {
    let authority = authority_of(service, &caller, Action::Notices, "notices").await?;
    let row = service.store.notice(authority, id).await?.ok_or(AppError::NotFound)?;
    let notice = open(service, std::slice::from_ref(&row)).await?.pop().ok_or(AppError::NotFound)?;
    record_read(service, caller, authority, 1).await?;
    Ok(notice)
}

/// Where it is sealed who acknowledged a notice, under the key of the month in which they did.
fn by_place(id: Uuid) -> Vec<u8> {
    place("notice.acknowledged_by", &[id.as_bytes()])
}

/// Acknowledges a notice of the caller's authority; once is enough, and the first time stands.
pub async fn acknowledge(service: &Service, caller: Arc<Caller>, id: Uuid) -> Result<Notice, AppError> {
    let authority = authority_of(service, &caller, Action::Notices, "notices").await?;
    let at = service.clock.now();
    let (_, month) = service.month_key(at).await?;
    let by = month.seal(&*service.keys.entropy, &by_place(id), &codec::encode_caller(&caller));
    service.store.notice(authority, id).await?.ok_or(AppError::NotFound)?;
    // The entry first: what stands without it would be nobody's.
    record_read(service, caller, authority, 1).await?;
    let row = service.store.acknowledge(authority, id, at, by).await?.ok_or(AppError::NotFound)?;
    open(service, std::slice::from_ref(&row)).await?.pop().ok_or(AppError::NotFound)
}

async fn record_read(
    service: &Service,
    caller: Arc<Caller>,
    authority: AuthorityCode,
    count: u32,
) -> Result<(), AppError> {
    let at = service.clock.now();
    let (key_of, key) = service.month_key(at).await?;
    let what = What::AuthorityRead { caller, authority, what: "notices".to_owned(), count };
    service
        .recorder
        .record(None, move |batch, _| {
            batch.add(&Entry { at, person: None, what }, key_of, &key);
            Ok(())
        })
        .await
}

/// Opens the looks that notices speak of. A notice of a person erased meanwhile is left out.
pub(crate) async fn open(service: &Service, rows: &[NoticeRow]) -> Result<Vec<Notice>, AppError> {
    let mut seqs: Vec<u64> = rows.iter().map(|row| row.access.seq).collect();
    seqs.sort_unstable();
    seqs.dedup();
    let journal: HashMap<u64, JournalRow> =
        service.store.journal_rows(seqs).await?.into_iter().map(|row| (row.place.seq, row)).collect();
    let mut ids: Vec<PersonId> = rows.iter().map(|row| row.person).collect();
    ids.sort_unstable();
    ids.dedup();
    let people: HashMap<PersonId, _> =
        service.store.people(ids).await?.into_iter().map(|person| (person.row.id, person)).collect();
    let mut notices = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(person) = people.get(&row.person).filter(|person| person.row.data_key.is_some()) else { continue };
        let (key, number) = (service.keys.person(&person.row)?, person.number.as_deref().unwrap_or_default());
        let number_of_person = service.keys.number(row.person, number)?;
        let damaged = |why: &str| AppError::damaged(format!("notice {}: {why}", row.number));
        let from = journal.get(&row.access.seq).ok_or_else(|| damaged("its journal row is missing"))?;
        let ordinal = u32::try_from(row.access.index.saturating_sub(from.place.first_index)).unwrap_or(u32::MAX);
        let frame = frame::frames(from.body.as_deref().unwrap_or_default(), 0)
            .filter_map(Result::ok)
            .find(|frame| frame.ordinal == ordinal && frame.key == KeyOf::Person(row.person))
            .ok_or_else(|| damaged("its entry is missing"))?;
        let (entry, _) = open_frame(&key, from.group, &frame).map_err(damaged)?;
        let (caller, report) = match entry.what {
            What::Look(look) => (look.caller, None),
            What::Reported { caller, report, .. } => (caller, Some(report)),
            _ => return Err(damaged("its entry is neither a look nor a report")),
        };
        let local_id = local_id(service, row, number_of_person, &key).await?;
        notices.push(Notice {
            id: row.id,
            number: row.number,
            authority: row.authority,
            number_of_person,
            local_id,
            at: entry.at,
            who: caller.who.clone(),
            organisation: caller.organisation.clone(),
            site: caller.site.clone(),
            report,
            acknowledged: row.acknowledged,
            acknowledged_by: acknowledged_by(service, row).await?,
        });
    }
    Ok(notices)
}

/// Who acknowledged a notice, where that was noted.
async fn acknowledged_by(service: &Service, row: &NoticeRow) -> Result<Option<Arc<Caller>>, AppError> {
    let (Some(at), Some(sealed)) = (row.acknowledged, row.acknowledged_by.as_deref()) else { return Ok(None) };
    let damaged = || AppError::damaged(format!("notice {}: who acknowledged it does not open", row.number));
    let key = service.stored_month_key(month_of(at)).await?.ok_or_else(damaged)?;
    let opened = key.open(&by_place(row.id), sealed).map_err(|_| damaged())?;
    codec::decode_caller(&opened).map(|caller| Some(Arc::new(caller))).map_err(|_| damaged())
}

async fn local_id(
    service: &Service,
    row: &NoticeRow,
    number: cpis_model::nhs_number::NhsNumber,
    key: &crate::seal::SealKey,
) -> Result<Option<String>, AppError> {
    let found = service.store.find(vec![service.keys.ring.find(number)]).await?;
    for found in found.into_iter().flatten().filter(|found| found.person.id == row.person) {
        for plan in found.plans.iter().filter(|plan| plan.authority == row.authority) {
            if let Some(id) = Keys::open_details(key, plan)?.local_id {
                return Ok(Some(id));
            }
        }
    }
    Ok(None)
}
