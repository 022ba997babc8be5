//! Months' keys, the local register, settings.

use super::Backend;
use super::samples::{append, keys};
use crate::{NumberKeys, RegisterRow, StoreError};

/// The first key proposed for a month is its key.
pub async fn the_first_month_key_stays(backend: &dyn Backend) {
    let store = backend.open().await;
    assert_eq!(store.month_key(202_611, None).await.unwrap(), None);
    assert_eq!(store.month_key(202_611, Some(vec![1])).await.unwrap(), Some(vec![1]));
    assert_eq!(store.month_key(202_611, Some(vec![2])).await.unwrap(), Some(vec![1]));
    assert_eq!(store.month_key(202_610, Some(vec![3])).await.unwrap(), Some(vec![3]));
    store.reseal_month_keys(vec![(202_611, vec![9]), (202_512, vec![8])]).await.unwrap();
    let store = backend.open().await;
    assert_eq!(store.month_keys().await.unwrap(), [(202_610, vec![3]), (202_611, vec![9])]);
    assert_eq!(store.month_key(202_611, None).await.unwrap(), Some(vec![9]));
}

/// Rows of the local register are found by number, replaced, and listed.
pub async fn the_register_finds_people(backend: &dyn Backend) {
    let store = backend.open().await;
    let row = |number: i64, sealed: u8| RegisterRow { id: 0, keys: keys(number), person: vec![sealed; 9] };
    store.register_put(vec![row(1, 1), row(2, 2), row(3, 3)]).await.unwrap();
    store.register_put(vec![row(2, 22)]).await.unwrap();
    let NumberKeys { a, b } = keys(1);
    let asked = vec![keys(2), keys(9), NumberKeys { a: None, b }, NumberKeys { a, b: None }, NumberKeys::default()];
    let found = store.register_find(asked).await.unwrap();
    let sealed: Vec<_> = found.iter().map(|row| row.as_ref().map(|row| row.person[0])).collect();
    assert_eq!(sealed, [Some(22), None, Some(1), Some(1), None]);
    let all = store.register_after(0, 10).await.unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!(store.register_after(all[0].id, 1).await.unwrap(), all[1..2]);
    let sealed_again = RegisterRow { keys: keys(101), person: vec![7], ..all[0].clone() };
    store.register_put(vec![sealed_again.clone()]).await.unwrap();
    assert_eq!(store.register_after(0, 1).await.unwrap(), [sealed_again]);
    assert_eq!(store.register_find(vec![keys(1)]).await.unwrap(), [None]);
}

/// Values of the installation are saved and replaced.
pub async fn settings_are_kept(backend: &dyn Backend) {
    let store = backend.open().await;
    assert_eq!(store.setting("origin").await.unwrap(), None);
    store.set_setting("origin", vec![1]).await.unwrap();
    store.set_setting("origin", vec![2]).await.unwrap();
    store.set_setting("other", vec![]).await.unwrap();
    let store = backend.open().await;
    assert_eq!(store.setting("origin").await.unwrap(), Some(vec![2]));
    assert_eq!(store.setting("other").await.unwrap(), Some(vec![]));
}

/// A closed store answers that it is away; what was answered before is there at the next start.
pub async fn a_closed_store_says_so(backend: &dyn Backend) {
    let store = backend.open().await;
    append(&*store, 1, 2).await.unwrap();
    store.close().await;
    store.close().await;
    assert!(matches!(append(&*store, 2, 1).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    let store = backend.open().await;
    assert_eq!(store.size().await.unwrap(), 2);
}

/// A lease has one holder until it runs out or is given back.
pub async fn a_lease_has_one_holder(backend: &dyn Backend) {
    const LONG_MS: u32 = 600_000;
    let store = backend.open().await;
    let lease = |name: &str, holder, ms| store.lease(name.to_owned(), holder, ms);
    assert!(lease("applier", 1, LONG_MS).await.unwrap());
    assert!(!lease("applier", 2, LONG_MS).await.unwrap(), "another has it");
    assert!(lease("applier", 1, LONG_MS).await.unwrap(), "the holder renews it");
    assert!(lease("upload E001", 2, LONG_MS).await.unwrap(), "leases of other names are others");
    store.end_lease("applier".to_owned(), 2).await.unwrap();
    assert!(!lease("applier", 2, LONG_MS).await.unwrap(), "only the holder gives it back");
    store.end_lease("applier".to_owned(), 1).await.unwrap();
    assert!(lease("applier", 2, 1).await.unwrap());
    // It runs out by itself.
    while !lease("applier", 3, LONG_MS).await.unwrap() {}
    assert!(!lease("applier", 2, LONG_MS).await.unwrap());
}
