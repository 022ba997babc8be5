//! Small values, numbered.

use super::options;
use cpis_model::access::AuthorKey;
use cpis_model::entry::PersonId;
use cpis_model::organisation::AuthorityCode;
use cpis_model::plan::{PlanDates, PlanKind};
use cpis_model::{Timestamp, Uuid};
use cpis_store::{
    AccessRow, Flip, Group, GroupId, HeldAccess, JournalRow, NewPerson, NoticeRow, NumberKeys, Place, PlanRow, Slice,
    Store, StoreError, UploadRow, UploadStatus,
};
use cpis_store_postgres::PgStore;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A handle, as one node has it.
pub async fn node(url: &str) -> Arc<PgStore> {
    Arc::new(PgStore::open(options(url)).await.unwrap())
}

pub fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + seconds).unwrap()
}

pub fn authority(number: u8) -> AuthorityCode {
    format!("E{number:03}").parse().unwrap()
}

/// A group's id as the service makes it.
pub fn group(number: i64) -> GroupId {
    GroupId((1_795_000_000_000 << 21) + number)
}

pub fn person(number: i64) -> PersonId {
    PersonId::from_stored(number).unwrap()
}

pub fn keys(number: i64) -> NumberKeys {
    let key = |column: u8| {
        let mut key = [column; 16];
        key[..8].copy_from_slice(&number.to_be_bytes());
        Some(key)
    };
    NumberKeys { a: key(b'a'), b: key(b'b') }
}

pub fn new_person(number: i64) -> NewPerson {
    NewPerson { id: person(number), keys: keys(number), number: vec![1, 2, 3], data_key: number.to_be_bytes().to_vec() }
}

pub fn plan(number: i64, version: u32, group: GroupId) -> PlanRow {
    PlanRow {
        id: Uuid::from_u128(number as u128),
        version,
        authority: authority(1),
        kind: PlanKind::LookedAfter,
        dates: PlanDates { start: "2026-01-12".parse().unwrap(), end: None, delete: None },
        details: vec![version as u8; 400],
        group,
    }
}

pub fn access(index: u64) -> AccessRow {
    AccessRow { index, seq: index + 1, at: time(index as i64), author: AuthorKey([7; 16]) }
}

/// The same, listed.
pub fn listed(index: u64) -> HeldAccess {
    HeldAccess { access: access(index), listed: true, owed: Vec::new() }
}

pub fn notice(number: i64, index: u64) -> NoticeRow {
    NoticeRow {
        number: 0,
        id: Uuid::from_u128(number as u128),
        authority: authority(1),
        person: person(1),
        access: access(index),
        acknowledged: None,
        kind: 0,
        acknowledged_by: None,
        reader: None,
    }
}

pub fn upload(sequence: u64, status: UploadStatus) -> UploadRow {
    UploadRow {
        authority: authority(1),
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

/// A group of so many entries, each as long as a look is.
pub fn entries(count: u32) -> Group {
    let leaf = |ordinal: u32| {
        let mut leaf = [1; 32];
        leaf[..4].copy_from_slice(&ordinal.to_be_bytes());
        leaf
    };
    Group { body: vec![7; count as usize * 300], leaves: (0..count).map(leaf).collect(), ..Group::default() }
}

pub async fn append(store: &PgStore, group: GroupId, count: u32) -> Result<Place, StoreError> {
    store.append(group, Vec::new(), Box::new(move |_| entries(count))).await
}

pub fn slice(number: u32, first_ordinal: u32, plans: Vec<PlanRow>) -> Slice {
    let leaves = entries(plans.len() as u32).leaves;
    let plans = plans.into_iter().map(|plan| (person(1), plan)).collect();
    Slice { number, first_ordinal, body: vec![8; 5000], leaves, plans, contact: None }
}

pub fn flip(of: GroupId, expected_last: Option<u64>, sequence: u64, count: u32) -> Flip {
    let upload = upload(sequence, UploadStatus::Done);
    Flip { group: of, expected_last, upload, count, digest: [3; 32], at: time(1000) }
}

/// The whole journal, after a look whether it has gaps or groups twice.
pub async fn whole_journal(store: &PgStore) -> Vec<JournalRow> {
    let rows = store.journal_from(0, usize::MAX).await.unwrap();
    let (mut seq, mut index) = (0, 0);
    for row in &rows {
        assert_eq!((row.place.seq, row.place.first_index), (seq + 1, index), "the journal has a gap");
        (seq, index) = (seq + 1, index + u64::from(row.place.count));
    }
    let mut groups: Vec<GroupId> = rows.iter().map(|row| row.group).collect();
    groups.sort_unstable();
    groups.dedup();
    assert_eq!(groups.len(), rows.len(), "a group is there twice");
    rows
}

/// Random numbers from the seed that is printed; another with `CPIS_RACES_SEED`.
pub struct Dice(u64);

impl Dice {
    pub fn new() -> Self {
        let seed = std::env::var("CPIS_RACES_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
        println!("CPIS_RACES_SEED={seed}");
        Self(seed)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

/// Rounds for as long as a race lasts, at least one: `CPIS_RACES_SECONDS`, half a second by default.
pub fn rounds() -> impl Iterator<Item = i64> {
    let seconds: f64 = std::env::var("CPIS_RACES_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(0.5);
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    (0..).take_while(move |round| *round == 0 || Instant::now() < end)
}
