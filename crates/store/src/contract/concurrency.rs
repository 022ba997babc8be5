//! Several callers at once.

use super::Backend;
use super::samples::{
    Boxed, all, append, authority, find, flip, group, keys, new_person, person, plan, slice, time, upload,
    whole_journal,
};
use crate::UploadStatus;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Writers at once: each group gets a place of its own, and the journal has no gap.
pub async fn many_writers_leave_no_gap(backend: &dyn Backend) {
    const WRITERS: i64 = 8;
    const GROUPS: i64 = 200;
    let store = backend.open().await;
    let write = |writer: i64| -> Boxed<'_, Vec<u64>> {
        let store = &store;
        Box::pin(async move {
            let mut seqs = Vec::new();
            for number in 0..GROUPS {
                let place = append(&**store, writer * 1000 + number, 1 + (number % 3) as u32).await.unwrap();
                seqs.push(place.seq);
            }
            seqs
        })
    };
    let places = all((0..WRITERS).map(write).collect()).await;
    assert!(places.iter().all(|seqs| seqs.is_sorted()));
    let seqs: HashSet<u64> = places.into_iter().flatten().collect();
    assert_eq!(seqs, (1..=(WRITERS * GROUPS) as u64).collect());
    assert_eq!(whole_journal(&*store).await.len() as i64, WRITERS * GROUPS);
}

/// A long slice of an upload holds no reader up, and none sees a part of it.
pub async fn reads_go_on_while_an_upload_is_staged(backend: &dyn Backend) {
    const PLANS: i64 = 20_000;
    let store = backend.open().await;
    let (by, of) = (authority(1), group(1));
    store.create_people(vec![new_person(1)]).await.unwrap();
    store.begin_staging(of, time(0)).await.unwrap();
    let (staged, reads) = (AtomicBool::new(false), AtomicU32::new(0));
    let stage: Boxed<'_, ()> = Box::pin(async {
        let plans = (0..PLANS).map(|number| (person(1), plan(number, 1, by, of))).collect();
        store.stage(of, slice(0, 0, PLANS as u32, plans)).await.unwrap();
        staged.store(true, Ordering::SeqCst);
    });
    let read: Boxed<'_, ()> = Box::pin(async {
        while !staged.load(Ordering::SeqCst) {
            assert!(find(&*store, keys(1)).await[0].plans.is_empty());
            assert_eq!(store.size().await.unwrap(), 0);
            reads.fetch_add(1, Ordering::SeqCst);
        }
    });
    all(vec![stage, read]).await;
    let reads = reads.load(Ordering::SeqCst);
    assert!(reads >= 5, "only {reads} reads were answered meanwhile");
    store.flip(flip(of, None, upload(by, 1, UploadStatus::Done), PLANS as u32)).await.unwrap();
    assert_eq!(find(&*store, keys(1)).await[0].plans.len() as i64, PLANS);
}
