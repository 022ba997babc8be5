//! Several recorders, one of them slow, beside an upload: the order of sequence numbers is the order of commits, and no look
//! carries a plan older than an upload that took effect before it.

use crate::common::database;
use crate::common::samples::{
    Dice, append, entries, flip, group, keys, new_person, node, plan, rounds, slice, time, whole_journal,
};
use cpis_store::Store as _;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use tokio::sync::Mutex;

#[derive(Default)]
struct Seen {
    /// Sequence number of each look and the version that it saw; 0 for none.
    looks: Mutex<Vec<(u64, u32)>>,
    /// Sequence number of each flip and its version.
    flips: Mutex<BTreeMap<u64, u32>>,
    /// The newest version whose flip was answered.
    answered: AtomicU32,
    /// Appends that are under way.
    waiting: AtomicU64,
    ended: AtomicBool,
}

/// Ends the race, also when it fails.
struct End(Arc<Seen>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.ended.store(true, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_look_carries_a_plan_older_than_an_upload_before_it() {
    let database = database().await;
    let first = node(&database.service_url).await;
    first.create_people(vec![new_person(1)]).await.unwrap();
    let seen = Arc::new(Seen::default());
    let end = End(Arc::clone(&seen));
    let mut tasks = Vec::new();
    for writer in 1..=3_i64 {
        let (store, seen, mut dice) = (node(&database.service_url).await, Arc::clone(&seen), Dice::new());
        tasks.push(tokio::spawn(async move {
            for number in 0.. {
                if seen.ended.load(Ordering::SeqCst) {
                    break;
                }
                let answered = seen.answered.load(Ordering::SeqCst);
                seen.waiting.fetch_add(1, Ordering::SeqCst);
                // Stalled inside the decision, with the lock: until the others have come and wait.
                let stall = writer == 1 && dice.below(3) == 0;
                let (watched, (tell, told)) = (Arc::clone(&seen), std::sync::mpsc::channel());
                let decide = Box::new(move |loaded: &cpis_store::Loaded| {
                    while stall && watched.waiting.load(Ordering::SeqCst) < 3 && !watched.ended.load(Ordering::SeqCst) {
                        std::thread::yield_now();
                    }
                    let version = loaded.found[0][0].plans.first().map_or(0, |plan| plan.version);
                    tell.send((loaded.seq, version)).unwrap();
                    entries(2)
                });
                let place = store.append(group(writer * 1_000_000 + number), vec![keys(1)], decide).await.unwrap();
                seen.waiting.fetch_sub(1, Ordering::SeqCst);
                let (seq, version) = told.recv().unwrap();
                assert_eq!(seq, place.seq);
                assert!(version >= answered, "version {answered} was answered before the look, which saw {version}");
                seen.looks.lock().await.push((seq, version));
            }
        }));
    }
    let (reader, watched) = (node(&database.service_url).await, Arc::clone(&seen));
    tasks.push(tokio::spawn(async move {
        let mut before = 0;
        while !watched.ended.load(Ordering::SeqCst) {
            // What a reader sees has no gaps and only grows.
            let rows = whole_journal(&reader).await.len();
            assert!(rows >= before);
            before = rows;
        }
    }));
    for round in rounds() {
        let (of, version) = (group(9_000_000 + round), round as u32 + 1);
        first.begin_staging(of, time(0)).await.unwrap();
        first.stage(of, slice(0, 0, vec![plan(1, version, of)])).await.unwrap();
        let last = (round > 0).then_some(round as u64);
        let place = first.flip(flip(of, last, round as u64 + 1, 1)).await.unwrap();
        seen.answered.store(version, Ordering::SeqCst);
        seen.flips.lock().await.insert(place.seq, version);
        append(&first, group(8_000_000 + round), 1).await.unwrap();
    }
    drop(end);
    for task in tasks {
        task.await.unwrap();
    }
    let (looks, flips) = (seen.looks.lock().await, seen.flips.lock().await);
    assert!(looks.len() > 3 && !flips.is_empty(), "{} looks, {} flips", looks.len(), flips.len());
    for (seq, version) in looks.iter() {
        let expected = flips.range(..*seq).next_back().map_or(0, |(_, version)| *version);
        assert_eq!(*version, expected, "the look in row {seq}");
    }
    assert_eq!(whole_journal(&first).await.len(), looks.len() + 2 * flips.len());
}
