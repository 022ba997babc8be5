//! Lists, notices, the tree: what appliers save and readers get.

use super::Backend;
use super::samples::{
    access, append, author, authority, derived_of, flip, group, held, notice, person, slice, time, upload, uuid,
};
use crate::{
    AccessRow, CheckpointRow, HeldAccess, LookStep, NoticeRow, StoreError, TreeStep, UploadStatus, Watermarks,
};

fn looks(from: u64, to: u64) -> LookStep {
    LookStep { from, to, ..LookStep::default() }
}

/// The applier that comes second with the same step changes nothing.
pub async fn one_of_two_appliers_wins(backend: &dyn Backend) {
    let store = backend.open().await;
    assert_eq!(store.watermarks().await.unwrap(), Watermarks::default());
    let step = |seconds| LookStep {
        accesses: vec![(person(1), held(access(3, seconds), &[authority(1)]))],
        notices: vec![notice(seconds, authority(1), person(1), access(3, seconds))],
        quarantined: vec![(4, "no key".into())],
        ..looks(0, 5)
    };
    store.apply_looks(step(1)).await.unwrap();
    assert_eq!(store.apply_looks(step(2)).await, Err(StoreError::Stale));
    assert_eq!(store.apply_looks(looks(6, 7)).await, Err(StoreError::Stale));
    let derived = derived_of(&*store, vec![person(2), person(1)]).await;
    assert!(derived[0].state.listed.is_empty());
    assert_eq!((derived[1].state.listed.len(), derived[1].state.listed[0].at), (1, time(1)));
    assert_eq!((derived[1].state.owed.len(), derived[1].seqs.clone()), (1, vec![4]));
    assert_eq!(derived[1].state.owed[0].authority, authority(1));
    assert_eq!(store.quarantined().await.unwrap(), [(4, "no key".to_owned())]);
    store.apply_looks(LookStep { pruned: vec![(person(1), 3)], ..looks(5, 6) }).await.unwrap();
    assert!(derived_of(&*store, vec![person(1)]).await[0].state.listed.is_empty());

    let tree = |from, to| TreeStep { from, to, frontier: vec![to as u8], ..TreeStep::default() };
    store.apply_tree(TreeStep { tiles: vec![(0, 0, vec![1; 64])], ..tree(0, 3) }).await.unwrap();
    assert_eq!(store.apply_tree(tree(0, 4)).await, Err(StoreError::Stale));
    assert_eq!(store.tree().await.unwrap(), (3, vec![3]));
    assert_eq!(store.tile(0, 0).await.unwrap(), Some(vec![1; 64]));
    assert_eq!(store.tile(1, 0).await.unwrap(), None);
    let store = backend.open().await;
    assert_eq!(store.watermarks().await.unwrap(), Watermarks { looks: 6, tree: 3 });
}

/// Readers get derived state and the tail that is not in it, as of one moment and never more than they asked for.
pub async fn lists_come_with_their_tail(backend: &dyn Backend) {
    let store = backend.open().await;
    for number in 1..=4 {
        append(&*store, number, 5).await.unwrap();
    }
    let listed = |of, index, seconds| (person(of), held(access(index, seconds), &[]));
    let accesses = vec![listed(1, 0, 1), listed(1, 2, 2), listed(2, 1, 1)];
    store.apply_looks(LookStep { accesses, ..looks(0, 7) }).await.unwrap();
    for (entries_max, expected) in [(0, vec![]), (2, vec![]), (3, vec![2]), (8, vec![2, 3]), (100, vec![2, 3, 4])] {
        let view = store.accesses(vec![person(2), person(1), person(3)], entries_max).await.unwrap();
        let tail: Vec<u64> = view.tail.iter().map(|row| row.place.seq).collect();
        assert_eq!((view.applied, view.size, tail), (7, 20, expected), "{entries_max}");
        let listed: Vec<usize> = view.derived.iter().map(|derived| derived.state.listed.len()).collect();
        assert_eq!(listed, [1, 2, 0]);
        assert_eq!(view.derived[1].seqs, [1, 3]);
    }
    for (entries_max, expected) in [(1, vec![2]), (3, vec![2]), (4, vec![2, 3]), (100, vec![2, 3, 4])] {
        let waiting = store.not_applied(entries_max).await.unwrap();
        let rows: Vec<u64> = waiting.rows.iter().map(|row| row.place.seq).collect();
        assert_eq!(
            (waiting.marks, waiting.size, rows),
            (Watermarks { looks: 7, tree: 0 }, 20, expected),
            "{entries_max}"
        );
    }
    // The entries of an upload lie elsewhere and hold no looks: they do not use up the tail.
    store.begin_staging(group(9), time(0)).await.unwrap();
    store.stage(group(9), slice(0, 0, 50, Vec::new())).await.unwrap();
    store.flip(flip(group(9), None, upload(authority(1), 1, UploadStatus::Done), 50)).await.unwrap();
    append(&*store, 10, 5).await.unwrap();
    let view = store.accesses(vec![person(1)], 18).await.unwrap();
    assert_eq!(view.tail.iter().map(|row| row.place.seq).collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    assert_eq!((view.tail[3].body.as_ref(), view.size), (None, 75));
}

/// Notices have rising numbers; an authority sees and acknowledges its own, once.
pub async fn notices_are_acknowledged_once(backend: &dyn Backend) {
    let store = backend.open().await;
    assert_eq!(store.unacknowledged().await.unwrap(), (0, None));
    let notices =
        (1..=6).map(|number| notice(number, authority((number % 2) as u8), person(number), access(1, 100 - number)));
    store.apply_looks(LookStep { notices: notices.collect(), ..looks(0, 1) }).await.unwrap();
    let all = store.notices_after(0, 10).await.unwrap();
    assert!(all.is_sorted_by(|one, next| one.number < next.number) && all.len() == 6);
    assert_eq!(
        all.iter().map(|row| row.id).collect::<Vec<_>>(),
        (1..=6).map(uuid).collect::<Vec<_>>(),
        "in the order owed"
    );
    assert_eq!(all[0], NoticeRow { number: all[0].number, ..notice(1, authority(1), person(1), access(1, 99)) });
    assert_eq!(store.notices_after(all[3].number, 10).await.unwrap(), all[4..]);
    let own = store.notices(authority(1), 0, 2).await.unwrap();
    assert_eq!(own, [all[0].clone(), all[2].clone()]);
    assert_eq!(store.notices(authority(1), own[1].number, 2).await.unwrap(), [all[4].clone()]);
    assert_eq!(store.unacknowledged().await.unwrap(), (6, Some(time(94))));

    assert_eq!(store.acknowledge(authority(0), uuid(1), time(200), vec![200]).await.unwrap(), None, "not theirs");
    assert_eq!(store.acknowledge(authority(1), uuid(99), time(200), vec![200]).await.unwrap(), None);
    let acknowledged = store.acknowledge(authority(1), uuid(1), time(200), vec![200]).await.unwrap().unwrap();
    assert_eq!((acknowledged.number, acknowledged.acknowledged), (all[0].number, Some(time(200))));
    assert_eq!(acknowledged.acknowledged_by, Some(vec![200]));
    assert_eq!(store.notice(authority(1), uuid(1)).await.unwrap(), Some(acknowledged));
    assert_eq!(store.notice(authority(0), uuid(1)).await.unwrap(), None, "not theirs");
    let again = store.acknowledge(authority(1), uuid(1), time(300), vec![3]).await.unwrap().unwrap();
    assert_eq!((again.acknowledged, again.acknowledged_by), (Some(time(200)), Some(vec![200])), "the first one stands");
    store.acknowledge(authority(0), uuid(6), time(300), vec![3]).await.unwrap().unwrap();
    assert_eq!(store.unacknowledged().await.unwrap(), (4, Some(time(95))));
    let before = async |acknowledged, before, rows_max| {
        let rows = store.notices_before(authority(1), acknowledged, before, rows_max).await.unwrap();
        rows.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(before(false, u64::MAX, 10).await, [uuid(5), uuid(3)], "newest first");
    assert_eq!(before(false, u64::MAX, 1).await, [uuid(5)]);
    assert_eq!(before(false, all[4].number, 10).await, [uuid(3)]);
    assert_eq!(before(true, u64::MAX, 10).await, [uuid(1)]);
}

/// Reports are notices with a kind. Their author finds them.
pub async fn reports_are_found_by_their_author(backend: &dyn Backend) {
    let store = backend.open().await;
    let of = |number: i64, kind: u8, by: u8| NoticeRow {
        kind,
        ..notice(
            number,
            authority(1),
            person(1),
            AccessRow { author: author(by), ..access(number as u64, 10 * number) },
        )
    };
    let notices = vec![of(1, 0, 1), of(2, 1, 1), of(3, 2, 2), of(4, 0, 2), of(5, 3, 1), of(6, 4, 1)];
    store.apply_looks(LookStep { notices, ..looks(0, 7) }).await.unwrap();
    let kinds = |rows: &[NoticeRow]| rows.iter().map(|row| row.kind).collect::<Vec<_>>();
    let own = store.reports_by(author(1), u64::MAX, 10).await.unwrap();
    assert_eq!(kinds(&own), [4, 3, 1], "newest first, and no look among them");
    assert_eq!(kinds(&store.reports_by(author(1), own[1].number, 10).await.unwrap()), [1]);
    assert_eq!(kinds(&store.reports_by(author(1), u64::MAX, 2).await.unwrap()), [4, 3]);
    assert_eq!(kinds(&store.reports_by(author(3), u64::MAX, 10).await.unwrap()), [0; 0]);
    assert_eq!(kinds(&store.notices(authority(1), 0, 10).await.unwrap()), [0, 1, 2, 0, 3, 4]);
}

/// Whoever looked finds the notices of their own looks, whichever child they were of; reports are not among them.
pub async fn looks_are_found_by_their_reader(backend: &dyn Backend) {
    let store = backend.open().await;
    let of = |number: i64, kind: u8, by: Option<u8>| NoticeRow {
        kind,
        reader: by.map(author),
        ..notice(number, authority(1), person(number), access(number as u64, 10 * number))
    };
    let notices = vec![of(1, 0, Some(1)), of(2, 0, Some(2)), of(3, 1, None), of(4, 0, Some(1)), of(5, 0, None)];
    let notices = notices.into_iter().chain([of(6, 0, Some(1))]).collect();
    store.apply_looks(LookStep { notices, ..looks(0, 7) }).await.unwrap();
    let store = backend.open().await;
    let ids = |rows: &[NoticeRow]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
    let own = store.looks_by(author(1), u64::MAX, 10).await.unwrap();
    assert_eq!(ids(&own), [uuid(6), uuid(4), uuid(1)], "newest first");
    assert_eq!(own[0].reader, Some(author(1)));
    assert_eq!(ids(&store.looks_by(author(1), own[0].number, 10).await.unwrap()), [uuid(4), uuid(1)]);
    assert_eq!(ids(&store.looks_by(author(1), u64::MAX, 2).await.unwrap()), [uuid(6), uuid(4)]);
    assert_eq!(ids(&store.looks_by(author(2), u64::MAX, 10).await.unwrap()), [uuid(2)]);
    assert!(
        store.looks_by(author(7), u64::MAX, 10).await.unwrap().is_empty(),
        "the key for the 24-hour rule is another"
    );
    assert_eq!(store.forget_readers(time(25)).await.unwrap(), 2, "those that had a reader");
    assert_eq!(store.forget_readers(time(25)).await.unwrap(), 0);
    assert_eq!(ids(&store.looks_by(author(1), u64::MAX, 10).await.unwrap()), [uuid(6), uuid(4)]);
    assert!(store.looks_by(author(2), u64::MAX, 10).await.unwrap().is_empty());
    let all = store.notices_after(0, 10).await.unwrap();
    assert_eq!(all[0], NoticeRow { number: all[0].number, ..of(1, 0, None) }, "the notice itself stays");
}

/// Looks that an authority has not acknowledged are found by their age, the oldest first; reports are not among them.
pub async fn what_nobody_read_is_found_by_its_age(backend: &dyn Backend) {
    let store = backend.open().await;
    assert!(store.overdue(None, time(1_000), 10).await.unwrap().is_empty());
    let of = |number: i64, kind: u8, to: u8, seconds: i64| NoticeRow {
        kind,
        ..notice(number, authority(to), person(number), access(number as u64, seconds))
    };
    let reported = of(3, 1, 1, 5);
    let notices = vec![of(1, 0, 1, 30), of(2, 0, 2, 10), reported, of(4, 0, 1, 20), of(5, 0, 1, 20), of(6, 0, 1, 50)];
    store.apply_looks(LookStep { notices, ..looks(0, 7) }).await.unwrap();
    let found = async |of: Option<u8>, before, rows_max| {
        let rows = store.overdue(of.map(authority), time(before), rows_max).await.unwrap();
        rows.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(found(None, 31, 10).await, [uuid(2), uuid(4), uuid(5), uuid(1)], "oldest first, then as they were owed");
    assert_eq!(found(None, 30, 10).await, [uuid(2), uuid(4), uuid(5)], "before the moment");
    assert_eq!(found(None, 31, 2).await, [uuid(2), uuid(4)]);
    assert_eq!(found(Some(1), 31, 2).await, [uuid(4), uuid(5)]);
    assert!(found(Some(3), 31, 10).await.is_empty());
    store.acknowledge(authority(1), uuid(4), time(40), vec![1]).await.unwrap().unwrap();
    assert_eq!(found(Some(1), 31, 10).await, [uuid(5), uuid(1)]);
}

/// Checkpoints count from 1, one for each size.
pub async fn checkpoints_are_numbered_without_gaps(backend: &dyn Backend) {
    let store = backend.open().await;
    for (from, to, size) in [(0, 4, Some(4)), (4, 4, Some(4)), (4, 9, None), (9, 9, Some(9)), (9, 12, Some(12))] {
        let checkpoint = size.map(|size| CheckpointRow { number: 0, size, note: format!("{from} to {to}") });
        store.apply_tree(TreeStep { from, to, checkpoint, ..TreeStep::default() }).await.unwrap();
    }
    let row = |number, size, note: &str| CheckpointRow { number, size, note: note.into() };
    let all = [row(1, 4, "0 to 4"), row(2, 9, "9 to 9"), row(3, 12, "9 to 12")];
    assert_eq!(store.checkpoints(0, 10).await.unwrap(), all);
    assert_eq!(store.checkpoints(2, 1).await.unwrap(), all[1..2]);
    assert!(store.checkpoints(4, 10).await.unwrap().is_empty());
}

/// Accesses come in stored order, page by page.
pub async fn accesses_are_listed_in_pages(backend: &dyn Backend) {
    let store = backend.open().await;
    let listed = |of, index| (person(of), held(access(index, 5), &[authority(of as u8)]));
    let accesses: Vec<_> = (1..=3).flat_map(|of| (0..3).map(move |index| listed(of, index * 10 + of as u64))).collect();
    store.apply_looks(LookStep { accesses: accesses.clone(), ..looks(0, 30) }).await.unwrap();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.accesses_after(after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.0, last.1.access.index));
        seen.extend(page);
    }
    assert_eq!(seen, accesses);
}

/// The windows of the 24-hour rule, of the list and of each authority, come back as they were saved: a look may be listed and owe
/// nothing, and it may owe a notice without being listed again.
pub async fn a_look_is_held_with_what_it_owes(backend: &dyn Backend) {
    let store = backend.open().await;
    let unlisted = |held: HeldAccess| HeldAccess { listed: false, ..held };
    let rows = [
        held(access(3, 10), &[authority(2), authority(1)]),
        held(access(5, 20), &[]),
        unlisted(held(access(8, 30), &[authority(3)])),
    ];
    let accesses = rows.iter().map(|row| (person(1), row.clone())).collect();
    store.apply_looks(LookStep { accesses, ..looks(0, 9) }).await.unwrap();
    let store = backend.open().await;
    let derived = derived_of(&*store, vec![person(1)]).await.remove(0);
    let owed: Vec<_> = derived.state.owed.iter().map(|owed| (owed.access.index, owed.authority)).collect();
    assert_eq!(owed, [(3, authority(2)), (3, authority(1)), (8, authority(3))]);
    assert_eq!(derived.state.listed.iter().map(|access| access.index).collect::<Vec<_>>(), [3, 5]);
    assert_eq!(derived.seqs, [4, 6]);
    let stored: Vec<HeldAccess> =
        store.accesses_after(None, 10).await.unwrap().into_iter().map(|(_, row)| row).collect();
    assert_eq!(stored, rows);
    store.apply_looks(LookStep { pruned: vec![(person(1), 8), (person(1), 3)], ..looks(9, 10) }).await.unwrap();
    let derived = derived_of(&*store, vec![person(1)]).await.remove(0);
    assert_eq!((derived.state.owed.len(), derived.seqs), (0, vec![6]));
}

/// The tile at the tree's edge is saved with each step, longer each time.
pub async fn a_tile_at_the_edge_grows(backend: &dyn Backend) {
    let store = backend.open().await;
    for to in 1..=3u64 {
        let hashes = vec![7; 32 * to as usize];
        let tiles = vec![(0, 0, hashes.clone())];
        store.apply_tree(TreeStep { from: to - 1, to, frontier: vec![1], tiles, checkpoint: None }).await.unwrap();
        assert_eq!(store.tile(0, 0).await.unwrap(), Some(hashes));
    }
}
