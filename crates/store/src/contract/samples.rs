//! Small values for the suite, numbered so that each test can have its own.

use crate::{
    AccessRow, ContactRow, Derived, Effect, Flip, Found, Group, GroupId, HeldAccess, JournalRow, NewPerson, NoticeRow,
    NumberKeys, Place, PlanRow, Slice, Store, StoreError, UploadRow, UploadStatus,
};
use cpis_model::access::AuthorKey;
use cpis_model::entry::PersonId;
use cpis_model::organisation::{AuthorityCode, Contact};
use cpis_model::plan::{PlanDates, PlanKind};
use cpis_model::{Date, Timestamp, Uuid};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

pub(super) fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// Seconds after a fixed moment.
pub(super) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + seconds).unwrap()
}

pub(super) fn authority(number: u8) -> AuthorityCode {
    format!("E{number:03}").parse().unwrap()
}

pub(super) fn group(number: i64) -> GroupId {
    GroupId(1_780_000_000_000 + number)
}

pub(super) fn person(number: i64) -> PersonId {
    PersonId::from_stored(number).unwrap()
}

fn key(column: u8, number: i64) -> [u8; 16] {
    let mut key = [column; 16];
    key[..8].copy_from_slice(&number.to_be_bytes());
    key
}

pub(super) fn keys(number: i64) -> NumberKeys {
    NumberKeys { a: Some(key(b'a', number)), b: Some(key(b'b', number)) }
}

pub(super) fn new_person(number: i64) -> NewPerson {
    NewPerson { id: person(number), keys: keys(number), number: vec![1, 2, 3], data_key: number.to_be_bytes().to_vec() }
}

pub(super) fn uuid(number: i64) -> Uuid {
    Uuid::from_u128(0x1000 + number as u128)
}

pub(super) fn author(number: u8) -> AuthorKey {
    AuthorKey([number; 16])
}

pub(super) fn plan(number: i64, version: u32, authority: AuthorityCode, group: GroupId) -> PlanRow {
    PlanRow {
        id: uuid(number),
        version,
        authority,
        kind: PlanKind::LookedAfter,
        dates: PlanDates { start: day("2026-01-12"), end: (version > 1).then(|| day("2026-03-01")), delete: None },
        details: vec![version as u8; 40],
        group,
    }
}

pub(super) fn contact(authority: AuthorityCode, version: u32, group: GroupId) -> ContactRow {
    let phone = |digits: &str| digits.parse().unwrap();
    ContactRow {
        authority,
        version,
        name: "Synthshire".into(),
        contact: Contact { emergency: phone("01632960001"), office: (version > 1).then(|| phone("01632960002")) },
        group,
    }
}

pub(super) fn access(index: u64, seconds: i64) -> AccessRow {
    AccessRow { index, seq: index + 1, at: time(seconds), author: author(7) }
}

/// A listed look for which these authorities are owed a notice.
pub(super) fn held(access: AccessRow, owed: &[AuthorityCode]) -> HeldAccess {
    HeldAccess { access, listed: true, owed: owed.to_vec() }
}

pub(super) fn notice(number: i64, authority: AuthorityCode, of: PersonId, access: AccessRow) -> NoticeRow {
    NoticeRow {
        number: 0,
        id: uuid(number),
        authority,
        person: of,
        access,
        acknowledged: None,
        kind: 0,
        acknowledged_by: None,
        reader: None,
    }
}

pub(super) fn upload(authority: AuthorityCode, sequence: u64, status: UploadStatus) -> UploadRow {
    UploadRow {
        authority,
        sequence,
        checksum: [sequence as u8; 32],
        status,
        code: None,
        received: time(sequence as i64),
        file_key: Some(vec![9; 48]),
        acknowledgement: None,
        sender: vec![5; 20],
    }
}

/// A group of so many entries, the n-th byte of the digest telling them apart.
pub(super) fn entries(count: u32, mark: u8) -> Group {
    let leaves = (0..count).map(|ordinal| leaf(mark, ordinal)).collect();
    Group { body: vec![mark; count as usize * 10], leaves, digest: [mark; 32], effects: Vec::new() }
}

pub(super) fn leaf(mark: u8, ordinal: u32) -> [u8; 32] {
    let mut leaf = [mark; 32];
    leaf[..4].copy_from_slice(&ordinal.to_be_bytes());
    leaf
}

/// Appends so many entries.
pub(super) async fn append(store: &dyn Store, number: i64, count: u32) -> Result<Place, StoreError> {
    store.append(group(number), Vec::new(), Box::new(move |_| entries(count, number as u8))).await
}

/// Appends one entry with effects.
pub(super) async fn append_effects(store: &dyn Store, number: i64, effects: Vec<Effect>) -> Place {
    try_append_effects(store, number, effects).await.unwrap()
}

/// The same, where it may be refused.
pub(super) async fn try_append_effects(
    store: &dyn Store,
    number: i64,
    effects: Vec<Effect>,
) -> Result<Place, StoreError> {
    let decide = Box::new(move |_: &_| Group { effects, ..entries(1, number as u8) });
    store.append(group(number), Vec::new(), decide).await
}

/// Who is found behind one number.
/// What is derived for these people.
pub(super) async fn derived_of(store: &dyn Store, people: Vec<PersonId>) -> Vec<Derived> {
    store.followed(people).await.unwrap().into_iter().map(|followed| followed.derived).collect()
}

pub(super) async fn find(store: &dyn Store, asked: NumberKeys) -> Vec<Found> {
    store.find(vec![asked]).await.unwrap().remove(0)
}

/// One slice with so many leaves, the marks of the group's number.
pub(super) fn slice(number: u32, first_ordinal: u32, count: u32, plans: Vec<(PersonId, PlanRow)>) -> Slice {
    let leaves = (first_ordinal..first_ordinal + count).map(|ordinal| leaf(1, ordinal)).collect();
    Slice { number, first_ordinal, body: vec![number as u8; 100], leaves, plans, contact: None }
}

/// The flip of a group as an authority's upload.
pub(super) fn flip(of: GroupId, expected_last: Option<u64>, upload: UploadRow, count: u32) -> Flip {
    Flip { group: of, expected_last, upload, count, digest: [3; 32], at: time(1000) }
}

/// Stages plans in one slice and makes them visible.
pub(super) async fn upload_plans(
    store: &dyn Store,
    of: GroupId,
    authority: AuthorityCode,
    sequence: u64,
    plans: Vec<(PersonId, PlanRow)>,
    contact: Option<ContactRow>,
) -> Place {
    let count = plans.len() as u32;
    let last = store.upload_state(authority).await.unwrap().last;
    store.begin_staging(of, time(0)).await.unwrap();
    store.stage(of, Slice { contact, ..slice(0, 0, count, plans) }).await.unwrap();
    store.flip(flip(of, last, upload(authority, sequence, UploadStatus::Done), count)).await.unwrap()
}

/// The whole journal, after a look whether it has no gaps.
pub(super) async fn whole_journal(store: &dyn Store) -> Vec<JournalRow> {
    let rows = store.journal_from(0, usize::MAX).await.unwrap();
    let (mut seq, mut index) = (0, 0);
    for row in &rows {
        assert_eq!((row.place.seq, row.place.first_index), (seq + 1, index), "the journal has a gap");
        seq += 1;
        index += u64::from(row.place.count);
        assert_eq!(store.find_group(row.group).await.unwrap(), Some(row.place));
        assert_eq!(store.leaves(row.group, 0, u32::MAX).await.unwrap().len(), row.place.count as usize);
    }
    assert_eq!(store.size().await.unwrap(), index);
    rows
}

/// A future on the heap.
pub(super) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Runs futures side by side.
pub(super) async fn all<T>(mut futures: Vec<Boxed<'_, T>>) -> Vec<T> {
    let mut done: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, done) in futures.iter_mut().zip(&mut done) {
            if done.is_none()
                && let Poll::Ready(value) = future.as_mut().poll(context)
            {
                *done = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}
