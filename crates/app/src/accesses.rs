//! The list of accesses: derived state and the journal's tail, folded by the one function that the applier uses too.

use crate::codec;
use crate::error::AppError;
use crate::frame::{self, KeyOf, SALT_BYTES};
use crate::look::{self, Flags, Question, fact, still_found};
use crate::people::Keys;
use crate::seal::SealKey;
use crate::service::Service;
use cpis_model::access::{Access, Accesses, LookFact, Purpose};
use cpis_model::answer::{AccessList, ShownAccess};
use cpis_model::caller::{Action, Caller, Decision, Subject, may};
use cpis_model::entry::{Entry, PersonId, RefusedFor, What};
use cpis_model::nhs_number::NhsNumber;
use cpis_model::plan::{PlanKind, visibility};
use cpis_model::time::london_day;
use cpis_model::{Timestamp, Uuid};
use cpis_store::{GroupId, JournalRow};
use std::collections::HashMap;
use std::sync::Arc;

/// Answers a clinician with the accesses. A look in itself, unless the same author has a listed look in the window.
pub async fn accesses(service: &Arc<Service>, question: Question) -> Result<AccessList, AppError> {
    let caller = question.caller.clone();
    let looked = look::look(service, question, Purpose::AccessList).await?;
    let own = |fact| Some((fact, caller.clone()));
    let people = looked.people.into_iter().map(|person| (person.person, person.key, own(person.fact))).collect();
    list(service, people).await
}

/// Answers a clinician with the flags and the accesses together: one look. Once it is on disk the flags are given, whatever
/// becomes of the list: `None` where it cannot be read.
pub async fn flags_and_accesses(
    service: &Arc<Service>,
    question: Question,
) -> Result<(Flags, Option<AccessList>), AppError> {
    let caller = question.caller.clone();
    let looked = look::look(service, question, Purpose::Flags).await?;
    let own = |fact| Some((fact, caller.clone()));
    let people = looked.people.into_iter().map(|person| (person.person, person.key, own(person.fact))).collect();
    let accesses = list(service, people).await.inspect_err(|error| {
        tracing::error!(%error, "a look is answered without the list of accesses");
    });
    let accesses = accesses.ok();
    Ok((Flags { at: looked.at, plans: looked.plans }, accesses))
}

/// Answers an authority with the accesses to a child of its own. Never an access itself.
pub async fn accesses_of_own_child(
    service: &Arc<Service>,
    caller: Arc<Caller>,
    number: NhsNumber,
) -> Result<AccessList, AppError> {
    service.admit(number)?;
    let own = caller.rights.authority;
    let subject = own.map_or(Subject::AnyChild, Subject::Of);
    let authority = match (may(&caller, Action::ReadOwnChild, subject), own) {
        (Decision::Allowed(_), Some(authority)) => authority,
        (Decision::Refused(refusal), _) => {
            return look::refuse(service, caller, "read-own-child", refusal, Some(number)).await;
        }
        (Decision::Allowed(_), None) => {
            let refusal = cpis_model::caller::Refusal::NoActivity;
            return look::refuse(service, caller, "read-own-child", refusal, Some(number)).await;
        }
    };
    let at = service.clock.now();
    let today = london_day(at);
    let (month_of, month) = service.month_key(at).await?;
    let keys = service.keys.clone();
    let asked = keys.ring.find(number);
    let people = service
        .recorder
        .record(Some(asked), move |batch, found| {
            let mut people = Vec::new();
            for found in found.iter().filter(|found| still_found(found, today)) {
                let is_hidden = |kind| found.person.hidden.is_some_and(|reason| reason.hides(kind));
                let key = keys.person(&found.person)?;
                for plan in found.plans.iter().filter(|plan| plan.authority == authority) {
                    let details = Keys::open_details(&key, plan)?;
                    let kind: PlanKind = plan.kind;
                    if !is_hidden(kind) && visibility(kind, plan.dates, details.birth, today).is_visible() {
                        people.push((found.person.id, key.clone()));
                        break;
                    }
                }
            }
            if people.is_empty() {
                let refusal = cpis_model::caller::Refusal::NotOwn;
                let what = What::Refused {
                    caller,
                    action: "read-own-child".to_owned(),
                    refusal: RefusedFor::Policy(refusal),
                    number: Some(number),
                };
                batch.add(&Entry { at, person: None, what }, month_of, &month);
                return Err(AppError::Refused(refusal));
            }
            for (person, key) in &people {
                let what =
                    What::AuthorityRead { caller: caller.clone(), authority, what: "accesses".to_owned(), count: 1 };
                batch.add(&Entry { at, person: Some(*person), what }, KeyOf::Person(*person), key);
            }
            Ok(people)
        })
        .await?;
    list(service, people.into_iter().map(|(person, key)| (person, key, None)).collect()).await
}

/// Opens a frame and reads its entry.
pub(crate) fn open_frame(
    key: &SealKey,
    group: GroupId,
    frame: &frame::Frame<'_>,
) -> Result<(Entry, [u8; 32]), &'static str> {
    let place = frame::place(group, frame.ordinal, frame.key);
    let opened = key.open(&place, frame.sealed).map_err(|_| "it cannot be opened")?;
    let (salt, text) = opened.split_first_chunk::<SALT_BYTES>().ok_or("it is too short")?;
    let entry = codec::decode(text).map_err(|_| "it is not in the expected form")?;
    if entry.person.map(KeyOf::Person) != (if let KeyOf::Person(_) = frame.key { Some(frame.key) } else { None }) {
        return Err("it speaks of another person");
    }
    Ok((entry, cpis_audit::leaf_hash(salt, text)))
}

/// Entries of some people that were opened from the tail or from journal rows.
type Callers = HashMap<u64, Arc<Caller>>;

/// A person of the list, their key, and the reader's own look, if it was one.
type Listed = (PersonId, SealKey, Option<(LookFact, Arc<Caller>)>);

async fn list(service: &Service, people: Vec<Listed>) -> Result<AccessList, AppError> {
    let ids: Vec<PersonId> = people.iter().map(|(id, ..)| *id).collect();
    if ids.is_empty() {
        return Ok(AccessList { accesses: Vec::new(), complete_to: None });
    }
    let view = service.store.accesses(ids, service.settings.tail_entries_max).await?;
    let reached = view.tail.last().map_or(view.applied, |row| row.place.first_index + u64::from(row.place.count));
    let mut callers = Callers::new();
    let lags = reached < view.size;
    let reached_at = view.tail.last().and_then(|row| made_at(row.group));
    let mut shown: Vec<(Access, usize)> = Vec::new();
    let mut seqs: HashMap<u64, u64> = HashMap::new();
    for (place, ((id, key, own), derived)) in people.iter().zip(view.derived).enumerate() {
        let mut state = derived.state;
        seqs.extend(state.listed.iter().map(|access| access.index).zip(derived.seqs));
        fold_tail(&mut state, &view.tail, view.applied, *id, key, &mut callers);
        if let Some((own, caller)) = own.as_ref().filter(|(own, _)| own.index >= reached) {
            state.fold(own);
            callers.insert(own.index, caller.clone());
        }
        shown.extend(state.newest().map(|access| (*access, place)));
    }
    shown.sort_by_key(|(access, _)| std::cmp::Reverse(access.index));
    let last_listed = shown.first().map(|(access, _)| access.at);
    shown.dedup_by_key(|(access, place)| (access.at, access.author, *place));
    shown.truncate(cpis_model::access::ACCESSES_SHOWN_MAX);
    let missing: Vec<u64> = shown
        .iter()
        .filter(|(access, _)| !callers.contains_key(&access.index))
        .filter_map(|(access, _)| seqs.get(&access.index).copied())
        .collect();
    for row in service.store.journal_rows(missing).await? {
        for (id, key, _) in &people {
            read_callers(&row, *id, key, &mut callers);
        }
    }
    let accesses = shown
        .into_iter()
        .filter_map(|(access, _)| {
            let caller = callers.get(&access.index)?.clone();
            Some(ShownAccess { id: access_id(&service.keys, access.index), at: access.at, caller })
        })
        .collect();
    // Where not even the first row could be folded, the list says nothing about later than its last access.
    let complete_to = lags.then(|| reached_at.or(last_listed).unwrap_or(Timestamp::UNIX_EPOCH));
    Ok(AccessList { accesses, complete_to })
}

/// When a group was made, from its id.
fn made_at(group: GroupId) -> Option<Timestamp> {
    Timestamp::from_millisecond(crate::people::millis(group) as i64).ok()
}

/// The stable public id of an access.
fn access_id(keys: &Keys, index: u64) -> Uuid {
    let name = [keys.ring.signing_name().as_bytes(), b"/access/", &index.to_be_bytes()].concat();
    Uuid::new_v5(&Uuid::NAMESPACE_URL, &name)
}

/// Folds the looks at a person that the tail holds.
fn fold_tail(
    state: &mut Accesses,
    tail: &[JournalRow],
    applied: u64,
    person: PersonId,
    key: &SealKey,
    callers: &mut Callers,
) {
    for row in tail {
        for (index, entry) in entries_of(row, person, key).into_iter().filter(|(index, _)| *index >= applied) {
            if let Some(fact) = fact(index, &entry) {
                state.fold(&fact);
                note_caller(index, &entry, callers);
            }
        }
    }
}

fn note_caller(index: u64, entry: &Entry, callers: &mut Callers) {
    if let What::Look(look) = &entry.what {
        callers.insert(index, look.caller.clone());
    }
}

fn read_callers(row: &JournalRow, person: PersonId, key: &SealKey, callers: &mut Callers) {
    for (index, entry) in entries_of(row, person, key) {
        note_caller(index, &entry, callers);
    }
}

/// One person's entries of a journal row, with their indexes. One that cannot be read is left out with an alarm, just as the
/// applier sets it aside.
fn entries_of(row: &JournalRow, person: PersonId, key: &SealKey) -> Vec<(u64, Entry)> {
    let mut entries = Vec::new();
    let alarm = |why: &str| tracing::error!(row = row.place.seq, why, "an entry of a list of accesses cannot be read");
    for frame in frame::frames(row.body.as_deref().unwrap_or_default(), 0) {
        let frame = match frame {
            Ok(frame) if frame.key == KeyOf::Person(person) => frame,
            Ok(_) => continue,
            Err(error) => {
                alarm(&error.to_string());
                break;
            }
        };
        match open_frame(key, row.group, &frame) {
            Ok((entry, _)) => entries.push((row.place.first_index + u64::from(frame.ordinal), entry)),
            Err(why) => alarm(why),
        }
    }
    entries
}
