//! Months' keys, the local register, settings.

use super::Backend;
use super::samples::{append, append_effects, group, keys, time, try_append_effects};
use crate::{Effect, Forget, KeptGroup, KeptKind, KeptRow, NewOrganisation, NumberKeys, RegisterRow, StoreError};

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
    let row = |number: i64, sealed: u8| RegisterRow {
        id: 0,
        keys: keys(number),
        search: NumberKeys::default(),
        person: vec![sealed; 9],
    };
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
    // Of rows that mean the same, the later one stands.
    let named = RegisterRow { id: all[0].id, ..row(102, 8) };
    store.register_put(vec![row(5, 5), row(6, 6), row(5, 55), row(101, 9), named, row(2, 23)]).await.unwrap();
    let asked = vec![keys(5), keys(6), keys(101), keys(102), keys(2)];
    let found = store.register_find(asked).await.unwrap();
    let sealed: Vec<_> = found.iter().map(|row| row.as_ref().map(|row| row.person[0])).collect();
    assert_eq!(sealed, [Some(55), Some(6), None, Some(8), Some(23)]);
    assert_eq!(store.register_after(0, 10).await.unwrap().len(), 5);
}

/// Rows of the local register are found by either digest of name and date of birth, as long as they have it.
pub async fn the_register_is_searched(backend: &dyn Backend) {
    let store = backend.open().await;
    let row = |number: i64, search: NumberKeys| RegisterRow { id: 0, keys: keys(number), search, person: vec![1] };
    let NumberKeys { a, b } = keys(50);
    let rows =
        vec![row(1, keys(50)), row(2, NumberKeys { a, b: None }), row(3, keys(51)), row(4, NumberKeys::default())];
    store.register_put(rows).await.unwrap();
    let found = async |search, rows_max| {
        let rows = store.register_search(search, rows_max).await.unwrap();
        rows.iter().map(|row| row.keys).collect::<Vec<_>>()
    };
    assert_eq!(found(keys(50), 10).await, [keys(1), keys(2)]);
    assert_eq!(found(keys(50), 1).await, [keys(1)]);
    assert_eq!(found(NumberKeys { a: None, b }, 10).await, [keys(1)]);
    assert_eq!(found(NumberKeys::default(), 10).await, [], "who has no digest is found by nobody");
    store.register_put(vec![row(1, keys(51))]).await.unwrap();
    assert_eq!(found(keys(51), 10).await, [keys(1), keys(3)]);
}

/// Records of organisations get numbers in the order of the journal, and nobody's version is overwritten unseen.
pub async fn organisations_are_kept_in_versions(backend: &dyn Backend) {
    let store = backend.open().await;
    let new = |kind: u8, code: &str, version: u32, mark: u8| {
        Effect::Organisation(NewOrganisation { kind, code: code.to_owned(), version, record: vec![mark; 3] })
    };
    append_effects(&*store, 1, vec![new(1, "E001", 1, 1), new(3, "E001", 1, 2), new(1, "E001", 2, 3)]).await;
    append_effects(&*store, 2, vec![new(1, "E002", 1, 4)]).await;
    append_effects(&*store, 3, vec![new(1, "E001", 3, 5)]).await;
    for version in [0, 1, 3, 5] {
        // The record before it goes too: a group takes effect as a whole.
        let effects = vec![new(1, "E003", 1, 6), new(1, "E001", version, 6)];
        let refused = try_append_effects(&*store, 4, effects).await;
        assert_eq!(refused, Err(StoreError::Stale), "version {version} after 3");
    }
    assert_eq!(store.find_group(group(4)).await.unwrap(), None);
    let store = backend.open().await;
    let all = store.organisations_after(0, 10).await.unwrap();
    let told: Vec<_> = all.iter().map(|row| (row.kind, &*row.code, row.version, row.record[0])).collect();
    let expected = [(1, "E001", 1, 1), (3, "E001", 1, 2), (1, "E001", 2, 3), (1, "E002", 1, 4), (1, "E001", 3, 5)];
    assert_eq!(told, expected);
    assert!(all.is_sorted_by(|one, next| one.number < next.number));
    assert_eq!(all[4].group, group(3));
    assert_eq!(store.organisations_after(all[2].number, 1).await.unwrap(), all[3..4]);
}

/// What doors keep is changed by whoever saw its last revision, and ends.
pub async fn what_is_kept_is_changed_by_whoever_saw_it(backend: &dyn Backend) {
    let store = backend.open().await;
    let row = |id: u8, revision, mark: u8| KeptRow {
        kind: KeptKind::Session,
        id: [id; 32],
        revision,
        groups: [Some([id % 2; 16]), (id > 4).then_some([9; 16])],
        ends: Some(time(100 + i64::from(id))),
        body: vec![mark; 5],
    };
    assert!(store.keep(row(1, 1, 1), time(1)).await.unwrap());
    assert!(!store.keep(row(1, 1, 2), time(1)).await.unwrap(), "there is one already");
    assert!(!store.keep(row(1, 3, 2), time(1)).await.unwrap(), "somebody changed it meanwhile");
    assert!(store.keep(row(1, 2, 2), time(1)).await.unwrap());
    assert!(!store.keep(row(2, 2, 2), time(1)).await.unwrap(), "there is none");
    assert!(store.keep(row(1, 1, 3), time(101)).await.unwrap(), "the other one has ended");
    assert_eq!(store.kept(KeptKind::Session, [1; 32]).await.unwrap(), Some(row(1, 1, 3)));
    assert_eq!(store.kept(KeptKind::Account, [1; 32]).await.unwrap(), None, "another kind");
    for id in 2..=6 {
        assert!(store.keep(row(id, 1, id), time(1)).await.unwrap());
    }
    let account = KeptRow { kind: KeptKind::Account, ends: None, groups: [None; 2], ..row(3, 1, 7) };
    assert!(store.keep(account.clone(), time(1)).await.unwrap());

    let store = backend.open().await;
    let ids = async |after| {
        let rows = store.kept_after(KeptKind::Session, after, 10).await.unwrap();
        rows.iter().map(|row| row.id[0]).collect::<Vec<_>>()
    };
    assert_eq!(ids(Some([2; 32])).await, [3, 4, 5, 6]);
    let forget = |which| store.forget(KeptKind::Session, which);
    assert_eq!(forget(Forget::One([2; 32])).await.unwrap(), 1);
    assert_eq!(forget(Forget::One([2; 32])).await.unwrap(), 0);
    assert_eq!(forget(Forget::Group(KeptGroup::Second, [9; 16])).await.unwrap(), 2);
    assert_eq!(ids(None).await, [1, 3, 4]);
    assert_eq!(forget(Forget::Ended(time(103))).await.unwrap(), 2, "1 and 3");
    assert_eq!(forget(Forget::Group(KeptGroup::First, [0; 16])).await.unwrap(), 1);
    assert_eq!(ids(None).await, [0; 0]);
    assert_eq!(store.forget(KeptKind::Account, Forget::Ended(time(1_000))).await.unwrap(), 0, "it does not end");
    assert_eq!(store.kept_after(KeptKind::Account, None, 10).await.unwrap(), [account]);
    assert_eq!(store.forget(KeptKind::Account, Forget::All).await.unwrap(), 1);
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
