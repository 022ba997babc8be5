//! Appending and reading the journal.

use super::Backend;
use super::samples::{append, entries, group, leaf, slice, time, whole_journal};
use crate::{Place, StoreError};

/// Sequence numbers and indexes have no gaps, over a new start of the program too.
pub async fn groups_get_consecutive_places(backend: &dyn Backend) {
    let store = backend.open().await;
    assert_eq!(store.size().await.unwrap(), 0);
    assert_eq!(append(&*store, 1, 3).await.unwrap(), Place { seq: 1, first_index: 0, count: 3 });
    let decide = Box::new(|loaded: &crate::Loaded| {
        assert_eq!((loaded.seq, loaded.first_index), (2, 3));
        assert!(loaded.found.is_empty() && loaded.contacts.is_empty());
        entries(1, 2)
    });
    assert_eq!(store.append(group(2), Vec::new(), decide).await.unwrap(), Place { seq: 2, first_index: 3, count: 1 });
    let store = backend.open().await;
    assert_eq!(append(&*store, 3, 256).await.unwrap(), Place { seq: 3, first_index: 4, count: 256 });
    assert_eq!(store.size().await.unwrap(), 260);
    assert_eq!(store.find_group(group(2)).await.unwrap(), Some(Place { seq: 2, first_index: 3, count: 1 }));
    assert_eq!(store.find_group(group(4)).await.unwrap(), None);
    store.ping().await.unwrap();
}

/// The id of a group stands once in the journal.
pub async fn a_group_is_appended_once(backend: &dyn Backend) {
    let store = backend.open().await;
    let place = append(&*store, 1, 2).await.unwrap();
    assert_eq!(append(&*store, 1, 2).await, Err(StoreError::Stale));
    assert_eq!(store.find_group(group(1)).await.unwrap(), Some(place));
    assert_eq!(whole_journal(&*store).await.len(), 1);
    append(&*store, 2, 1).await.unwrap();
}

/// A group that was decided to be empty leaves no row, and its id stays free.
pub async fn an_empty_group_leaves_no_row(backend: &dyn Backend) {
    let store = backend.open().await;
    append(&*store, 1, 2).await.unwrap();
    assert_eq!(append(&*store, 2, 0).await.unwrap().count, 0);
    assert_eq!(store.find_group(group(2)).await.unwrap(), None);
    assert_eq!(append(&*store, 2, 1).await.unwrap(), Place { seq: 2, first_index: 2, count: 1 });
    whole_journal(&*store).await;
}

/// Where nothing waits any more, nothing is appended.
pub async fn nothing_gathered_leaves_no_row(backend: &dyn Backend) {
    let store = backend.open().await;
    assert_eq!(store.append_gathered(Box::new(|| None)).await, Ok(None));
    assert_eq!(append(&*store, 1, 2).await.unwrap(), Place { seq: 1, first_index: 0, count: 2 });
    assert_eq!(store.append_gathered(Box::new(|| None)).await, Ok(None));
    assert_eq!(whole_journal(&*store).await.len(), 1);
}

/// Rows are found by any entry they hold.
pub async fn the_journal_is_read_from_any_entry(backend: &dyn Backend) {
    let store = backend.open().await;
    assert!(store.journal_from(0, 10).await.unwrap().is_empty());
    for number in 1..=5 {
        append(&*store, number, 3).await.unwrap();
    }
    for (index, entries_max, expected) in [
        (0, 3, vec![1]),
        (0, 4, vec![1, 2]),
        (2, 1, vec![1]),
        (2, 2, vec![1, 2]),
        (3, 100, vec![2, 3, 4, 5]),
        (14, 1, vec![5]),
        (15, 1, vec![]),
        (99, 1, vec![]),
    ] {
        let rows = store.journal_from(index, entries_max).await.unwrap();
        let seqs: Vec<u64> = rows.iter().map(|row| row.place.seq).collect();
        assert_eq!(seqs, expected, "from {index}, {entries_max} entries");
    }
    let rows = store.journal_rows(vec![4, 9, 2]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.place.seq).collect::<Vec<_>>(), [4, 2]);
    assert_eq!((rows[0].group, rows[0].digest), (group(4), [4; 32]));
    assert_eq!(rows[0].body.as_deref(), Some(&[4_u8; 30][..]));
}

/// Leaf hashes are found by group and ordinal, whatever the number of them.
pub async fn leaves_are_read_from_any_ordinal(backend: &dyn Backend) {
    let store = backend.open().await;
    for count in [1, 7, 8, 9, 64, 255] {
        let number = i64::from(count);
        append(&*store, number, count).await.unwrap();
        let expected: Vec<_> = (0..count).map(|ordinal| (ordinal, leaf(count as u8, ordinal))).collect();
        assert_eq!(store.leaves(group(number), 0, 1000).await.unwrap(), expected);
        assert_eq!(store.leaves(group(number), count - 1, 5).await.unwrap(), expected[expected.len() - 1..]);
        assert_eq!(store.leaves(group(number), 0, 1).await.unwrap(), expected[..1]);
    }
    assert!(store.leaves(group(2), 0, 10).await.unwrap().is_empty());
}

/// Leaf hashes are found by the place of their entries, across groups and without those that are only staged.
pub async fn leaves_are_read_from_any_entry(backend: &dyn Backend) {
    let store = backend.open().await;
    assert!(store.leaves_from(0, 10).await.unwrap().is_empty());
    let mut expected = Vec::new();
    // Later groups have smaller ids: their order is that of the journal.
    for (number, count) in [(9, 3), (8, 1), (7, 10)] {
        append(&*store, number, count).await.unwrap();
        expected.extend((0..count).map(|ordinal| leaf(number as u8, ordinal)));
    }
    store.begin_staging(group(6), time(0)).await.unwrap();
    store.stage(group(6), slice(0, 0, 5, Vec::new())).await.unwrap();
    for (index, leaves_max) in
        [(0, 0), (0, 1), (0, 3), (0, 4), (1, 5), (2, 1), (3, 1), (4, 9), (12, 50), (14, 1), (99, 1)]
    {
        let wanted: Vec<_> = expected.iter().skip(index).take(leaves_max as usize).copied().collect();
        assert_eq!(store.leaves_from(index as u64, leaves_max).await.unwrap(), wanted, "{leaves_max} from {index}");
    }
}

/// A decision that panics saves nothing and does not harm the next one.
pub async fn a_panicking_decision_saves_nothing(backend: &dyn Backend) {
    let store = backend.open().await;
    let answer = store.append(group(1), Vec::new(), Box::new(|_| panic!("a decision that panics, on purpose"))).await;
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    assert_eq!(store.find_group(group(1)).await.unwrap(), None);
    append(&*store, 1, 1).await.unwrap();
    assert_eq!(whole_journal(&*store).await.len(), 1);
}
