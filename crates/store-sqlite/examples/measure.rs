//! How fast groups are appended, measured by hand:
//! `cargo run --release -p cpis-store-sqlite --example measure`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "test support: a panic is how a test fails"
)]

use cpis_model::entry::PersonId;
use cpis_model::organisation::{AuthorityCode, Contact};
use cpis_model::plan::{PlanDates, PlanKind};
use cpis_model::{Timestamp, Uuid};
use cpis_store::{
    ContactRow, Flip, Group, GroupId, NewPerson, NumberKeys, PlanRow, Slice, Store, UploadRow, UploadStatus,
};
use cpis_store_sqlite::{Options, SqliteStore};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const PEOPLE: u64 = 200_000;
const ENTRY_BYTES: usize = 250;
const DETAILS_BYTES: usize = 300;
const AUTHORITIES: u64 = 153;

/// Numbers that look random and are the same in every run.
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

fn keys(number: u64) -> NumberKeys {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&mix(number).to_be_bytes());
    NumberKeys { a: Some(key), b: None }
}

fn authority(number: u64) -> AuthorityCode {
    format!("E{:03}", number % AUTHORITIES).parse().unwrap()
}

/// Processor time of this process so far, in ticks of 10 ms; nothing where the machine does not say.
fn ticks() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

async fn fill(store: &SqliteStore) {
    let time = Timestamp::from_second(1_780_000_000).unwrap();
    let people: Vec<u64> = (0..PEOPLE).collect();
    for some in people.chunks(2000) {
        let new = some.iter().map(|&number| NewPerson {
            id: PersonId::from_stored((mix(number + 1_000_000_000) >> 1) as i64).unwrap(),
            keys: keys(number),
            number: vec![1; 38],
            data_key: vec![2; 60],
        });
        let new: Vec<NewPerson> = new.collect();
        let ids: Vec<_> = new.iter().map(|person| person.id).collect();
        store.create_people(new).await.unwrap();
        let sequence = some[0] / 2000;
        let group = GroupId(sequence as i64 + 1);
        store.begin_staging(group, time).await.unwrap();
        let plan = |(of, number): (PersonId, &u64)| {
            let plan = PlanRow {
                id: Uuid::from_u128(u128::from(mix(number + 7)) << 64 | u128::from(mix(number + 9))),
                version: 1,
                authority: authority(*number),
                kind: PlanKind::LookedAfter,
                dates: PlanDates { start: "2026-01-12".parse().unwrap(), end: None, delete: None },
                details: vec![3; DETAILS_BYTES],
                group,
            };
            (of, plan)
        };
        let contact = ContactRow {
            authority: authority(sequence),
            version: 1,
            name: "Synthshire County Council".into(),
            contact: Contact { emergency: "01632960001".parse().unwrap(), office: "01632960002".parse().ok() },
            group,
        };
        let slice = Slice {
            leaves: vec![[1; 32]],
            plans: ids.into_iter().zip(some).map(plan).collect(),
            contact: Some(contact),
            ..Slice::default()
        };
        store.stage(group, slice).await.unwrap();
        let upload = UploadRow {
            authority: authority(sequence),
            sequence,
            checksum: [0; 32],
            status: UploadStatus::Done,
            code: None,
            received: time,
            file_key: None,
            acknowledgement: None,
            sender: Vec::new(),
        };
        let flip = Flip { group, expected_last: None, upload, count: 1, digest: [0; 32], at: time };
        store.flip(flip).await.unwrap();
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() {
    let folder = std::env::var_os("CPIS_MEASURE").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(folder).unwrap();
    let store = SqliteStore::open(&folder.path().join("cpis.sqlite"), Options::default()).unwrap();
    let began = Instant::now();
    fill(&store).await;
    println!("{PEOPLE} people with a plan each: {:.1} s", began.elapsed().as_secs_f64());
    let mut number = 1_000_000;
    for (count, hits) in [(1, true), (64, true), (64, false), (256, true), (1, true), (64, true)] {
        let mut times: Vec<Duration> = Vec::new();
        let mut waited = Duration::ZERO;
        let (began, before) = (Instant::now(), ticks());
        while began.elapsed() < Duration::from_secs(10) {
            number += 1;
            let far = if hits { 0 } else { PEOPLE };
            let asked = (0..count).map(|which| keys(mix(number * 1000 + which) % PEOPLE + far)).collect();
            let decide = Box::new(move |_: &_| Group {
                body: vec![7; ENTRY_BYTES * count as usize],
                leaves: vec![[4; 32]; count as usize],
                ..Group::default()
            });
            let one = Instant::now();
            store.append(GroupId(number as i64), asked, decide).await.unwrap();
            times.push(one.elapsed());
            waited += one.elapsed();
        }
        let used = ticks().zip(before).map_or(0.0, |(now, before)| (now - before) as f64 * 10.0 / times.len() as f64);
        times.sort();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
        let rate = times.len() as f64 / waited.as_secs_f64();
        println!(
            "groups of {count:3}, {}: {rate:7.0} groups/s, {:7.0} entries/s, p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, max {:.1} ms, processor {used:.2} ms a group",
            if hits { "all hits" } else { "no hit  " },
            rate * count as f64,
            at(0.5),
            at(0.99),
            at(0.999),
            at(1.0)
        );
    }
    store.close().await;
}
