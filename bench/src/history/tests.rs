//! A year that was loaded holds together.

use super::*;
use crate::small::Small;
use cpis_app::applier::{STEP_ENTRIES_MAX, apply_looks, apply_tree};
use cpis_app::verify::{Witnesses, verify};
use cpis_store::Store;
use cpis_store::tables::Tables;
use cpis_store_sqlite::{Options, SqliteStore};

const PEOPLE: u32 = 30;
const LOOKS: u32 = 3;

#[tokio::test]
async fn a_loaded_year_is_as_if_the_service_had_written_it() {
    let folder = tempfile::tempdir().unwrap();
    let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
    let store = Arc::new(SqliteStore::open(&folder.path().join("cpis.db"), Options::default()).unwrap());
    let small = Small::make(store.clone(), now, PEOPLE).await.unwrap();
    apply_looks(&small.service, STEP_ENTRIES_MAX, usize::MAX).await.unwrap();
    apply_tree(&small.service, &mut Tree::default(), true).await.unwrap();
    let before = store.size().await.unwrap();

    let history = History::of(&*store, small.keys.clone(), &small.register, LOOKS, now).await.unwrap();
    history.load(&*store, &|_| {}).await.unwrap();

    let looks = u64::from(PEOPLE * LOOKS);
    assert_eq!(store.size().await.unwrap(), before + looks);
    assert_eq!(store.count(rows_of("access").unwrap()).await.unwrap(), looks);
    assert!(store.highest(rows_of("notice").unwrap()).await.unwrap() >= looks);
    // What the journal says gives just these lists, notices and this tree.
    apply_tree(&small.service, &mut Tree::default(), true).await.unwrap();
    let marks = store.watermarks().await.unwrap();
    assert_eq!((marks.looks, marks.tree), (before + looks, before + looks));
    let report = verify(&*store, &small.keys, Witnesses::default(), |_, _| {}).await.unwrap();
    assert!(report.is_clean(), "{report:?}");
    small.service.close().await;
}
