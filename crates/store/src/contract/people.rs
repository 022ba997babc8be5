//! People, and under which numbers they are found.

use super::Backend;
use super::samples::{
    access, append_effects, authority, contact, day, derived_of, entries, find, group, held, keys, new_person, notice,
    person, plan, slice, time, upload_plans, whole_journal,
};
use crate::{Effect, LookStep, NumberKeys, PersonRow, StoredAlias, Via};
use cpis_model::entry::HiddenFor;
use std::sync::mpsc;

fn alias(number: i64, of: i64) -> StoredAlias {
    StoredAlias { id: 0, keys: keys(number), number: vec![8; 8], person: person(of), until: None }
}

/// Own numbers under either key, second numbers, and days on which they ended.
pub async fn people_are_found_by_every_number(backend: &dyn Backend) {
    let store = backend.open().await;
    store.create_people(vec![new_person(1), new_person(2), new_person(3)]).await.unwrap();
    let NumberKeys { a, b } = keys(1);
    for asked in [keys(1), NumberKeys { a, b: None }, NumberKeys { a: None, b }] {
        let found = find(&*store, asked).await;
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].person.id, found[0].via), (person(1), Via::Own(None)));
        assert_eq!(found[0].person.data_key, new_person(1).data_key.into());
    }
    assert!(find(&*store, keys(9)).await.is_empty());
    assert!(find(&*store, NumberKeys::default()).await.is_empty());

    let until = Some(day("2026-05-01"));
    let effects = vec![
        Effect::EndOwnNumber(person(1), day("2026-04-01")),
        Effect::AddAlias(alias(2, 1)),
        Effect::AddAlias(StoredAlias { until, ..alias(9, 1) }),
        Effect::AddAlias(alias(9, 3)),
        Effect::AddAlias(alias(3, 3)),
        Effect::AddAlias(alias(6, 3)),
        Effect::EndAlias(person(3), keys(6), day("2027-05-01")),
        Effect::EndAlias(person(1), keys(3), day("2027-05-01")),
        Effect::EndAlias(person(1), keys(9), day("2027-05-01")),
    ];
    append_effects(&*store, 1, effects).await;
    let via = |number| {
        let store = &store;
        async move {
            let found = find(&**store, keys(number)).await;
            found.iter().map(|found| (found.person.id, found.via)).collect::<Vec<_>>()
        }
    };
    assert_eq!(via(1).await, [(person(1), Via::Own(Some(day("2026-04-01"))))]);
    assert_eq!(via(2).await, [(person(2), Via::Own(None)), (person(1), Via::Alias(None))]);
    assert_eq!(via(9).await, [(person(1), Via::Alias(until)), (person(3), Via::Alias(None))]);
    assert_eq!(via(3).await, [(person(3), Via::Own(None))], "nobody is found twice");
    assert_eq!(
        via(6).await,
        [(person(3), Via::Alias(Some(day("2027-05-01"))))],
        "a second number that was replaced too"
    );
    let several = store.find(vec![keys(9), keys(7), keys(1)]).await.unwrap();
    assert_eq!(several.iter().map(Vec::len).collect::<Vec<_>>(), [2, 0, 1], "in the order asked");
    let aliases = store.aliases_after(0, 10).await.unwrap();
    assert_eq!(aliases.len(), 5);
    assert_eq!(store.aliases_after(aliases[1].id, 1).await.unwrap(), aliases[2..3]);
    assert_eq!(aliases[1], StoredAlias { id: aliases[1].id, until, ..alias(9, 1) });
}

/// What `append` loads under the lock is what `find` finds, with contacts.
pub async fn a_decision_sees_people_plans_and_contacts(backend: &dyn Backend) {
    let store = backend.open().await;
    store.create_people(vec![new_person(1), new_person(2)]).await.unwrap();
    for number in [1, 2] {
        let (by, of) = (authority(number), group(i64::from(number)));
        let plans = vec![(person(1), plan(i64::from(number), 1, by, of))];
        upload_plans(&*store, of, by, 1, plans, Some(contact(by, 1, of))).await;
    }
    let newer = contact(authority(2), 2, group(3));
    upload_plans(
        &*store,
        group(3),
        authority(2),
        2,
        vec![(person(2), plan(7, 1, authority(2), group(3)))],
        Some(newer.clone()),
    )
    .await;
    let (seen, saw) = mpsc::channel();
    let decide = Box::new(move |loaded: &crate::Loaded| {
        seen.send((loaded.found.clone(), loaded.contacts.clone())).unwrap();
        entries(3, 9)
    });
    store.append(group(9), vec![keys(1), keys(5), keys(2)], decide).await.unwrap();
    let (found, contacts) = saw.recv().unwrap();
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0, 1]);
    let mut plans = found[0][0].plans.clone();
    plans.sort_by_key(|plan| plan.id);
    assert_eq!(plans, [plan(1, 1, authority(1), group(1)), plan(2, 1, authority(2), group(2))]);
    assert_eq!(found[2][0].plans, [plan(7, 1, authority(2), group(3))]);
    assert_eq!(contacts.len(), 2);
    assert_eq!(contacts[&authority(1)], contact(authority(1), 1, group(1)));
    assert_eq!(contacts[&authority(2)], newer);
}

/// Two uploads that meet the same new number make one person of it.
pub async fn the_first_person_of_a_number_stays(backend: &dyn Backend) {
    let store = backend.open().await;
    let row = |number| PersonRow { id: person(number), data_key: Some(new_person(number).data_key), hidden: None };
    assert_eq!(store.create_people(vec![new_person(1)]).await.unwrap(), [row(1)]);
    let again = crate::NewPerson { id: person(5), ..new_person(1) };
    let by_b = crate::NewPerson { id: person(6), keys: NumberKeys { a: None, b: keys(1).b }, ..new_person(1) };
    let created = store.create_people(vec![again, new_person(2), by_b, new_person(2)]).await.unwrap();
    assert_eq!(created, [row(1), row(2), row(1), row(2)]);
    assert_eq!(store.people_after(None, 10).await.unwrap().len(), 2);
}

/// Hiding is an effect of an entry, and can be taken back.
pub async fn people_are_hidden_and_shown(backend: &dyn Backend) {
    let store = backend.open().await;
    store.create_people(vec![new_person(1)]).await.unwrap();
    for (number, hidden) in
        (1..).zip([Some(HiddenFor::Restricted), Some(HiddenFor::Deceased), Some(HiddenFor::Invalidated), None])
    {
        append_effects(&*store, number, vec![Effect::Hide(person(1), hidden)]).await;
        assert_eq!(find(&*store, keys(1)).await[0].person.hidden, hidden);
    }
}

/// After an erasure nothing of the person is left but the id, known as erased; others keep theirs.
pub async fn erasing_removes_everything_of_a_person(backend: &dyn Backend) {
    let store = backend.open().await;
    store.create_people(vec![new_person(1), new_person(2)]).await.unwrap();
    let by = authority(1);
    let plans = [1, 2].map(|number| (person(number), plan(number, 1, by, group(1))));
    upload_plans(&*store, group(1), by, 1, plans.to_vec(), None).await;
    append_effects(&*store, 2, vec![Effect::AddAlias(alias(8, 1)), Effect::AddAlias(alias(9, 2))]).await;
    let looks = LookStep {
        from: 0,
        to: 3,
        accesses: [1, 2].map(|number| (person(number), held(access(number as u64, 5), &[by]))).to_vec(),
        notices: [1, 2].map(|number| notice(number, by, person(number), access(number as u64, 5))).to_vec(),
        ..LookStep::default()
    };
    store.apply_looks(looks).await.unwrap();

    append_effects(&*store, 3, vec![Effect::Erase(person(1))]).await;
    let store = backend.open().await;
    assert!(find(&*store, keys(1)).await.is_empty() && find(&*store, keys(8)).await.is_empty());
    let rows = store.people(vec![person(1), person(2)]).await.unwrap();
    assert_eq!(rows[0].row, PersonRow { id: person(1), data_key: None, hidden: None });
    assert_eq!((rows[0].keys, &rows[0].number), (NumberKeys::default(), &None));
    let derived = derived_of(&*store, vec![person(1), person(2)]).await;
    assert!(derived[0].state.listed.is_empty() && derived[0].state.owed.is_empty());
    assert_eq!((derived[1].state.listed.len(), derived[1].state.owed.len()), (1, 1));
    let followed = store.followed(vec![person(2), person(7), person(1)]).await.unwrap();
    let people: Vec<_> = followed.into_iter().map(|followed| followed.person).collect();
    assert_eq!(people, [Some(rows[1].row.clone()), None, Some(rows[0].row.clone())]);
    assert_eq!(store.plans_after(None, 10).await.unwrap().len(), 1);
    assert_eq!(store.notices_after(0, 10).await.unwrap().len(), 1);
    assert_eq!(store.aliases_after(0, 10).await.unwrap().len(), 1);
    assert_eq!(find(&*store, keys(9)).await[0].plans.len(), 1);
    assert_eq!(whole_journal(&*store).await.len(), 3, "the past does not change");
    // The number is free for a new person.
    let anew = crate::NewPerson { id: person(4), ..new_person(1) };
    assert_eq!(store.create_people(vec![anew]).await.unwrap()[0].id, person(4));
}

/// An applier or an upload that began before an erasure does not bring the person back.
pub async fn nothing_is_kept_of_a_person_erased_meanwhile(backend: &dyn Backend) {
    let store = backend.open().await;
    store.create_people(vec![new_person(1)]).await.unwrap();
    store.begin_staging(group(1), time(0)).await.unwrap();
    store.stage(group(1), slice(0, 0, 1, vec![(person(1), plan(1, 1, authority(1), group(1)))])).await.unwrap();
    append_effects(&*store, 2, vec![Effect::Erase(person(1))]).await;
    store.stage(group(1), slice(1, 1, 1, vec![(person(1), plan(2, 1, authority(1), group(1)))])).await.unwrap();
    let done = super::samples::upload(authority(1), 1, crate::UploadStatus::Done);
    store.flip(super::samples::flip(group(1), None, done, 2)).await.unwrap();
    assert!(store.plans_after(None, 10).await.unwrap().is_empty());
    let looks = LookStep {
        to: 1,
        accesses: vec![(person(1), held(access(0, 5), &[authority(1)]))],
        notices: vec![notice(1, authority(1), person(1), access(0, 5))],
        ..LookStep::default()
    };
    store.apply_looks(looks).await.unwrap();
    assert!(store.accesses_after(None, 10).await.unwrap().is_empty());
    assert!(store.notices_after(0, 10).await.unwrap().is_empty());
}

/// A rotation replaces sealed columns, in pages, and erased people stay erased.
pub async fn sealed_columns_are_replaced_but_not_of_erased_people(backend: &dyn Backend) {
    let store = backend.open().await;
    store.create_people(vec![new_person(1), new_person(2)]).await.unwrap();
    append_effects(&*store, 1, vec![Effect::AddAlias(alias(8, 2)), Effect::Hide(person(2), Some(HiddenFor::Deceased))])
        .await;
    let mut rows = store.people_after(None, 10).await.unwrap();
    for row in &mut rows {
        row.keys = NumberKeys { a: keys(row.row.id.value() + 100).a, b: None };
        row.number = Some(vec![7; 4]);
        row.row.data_key = Some(vec![6; 4]);
        row.row.hidden = None;
    }
    append_effects(&*store, 2, vec![Effect::Erase(person(1))]).await;
    store.reseal_people(rows.clone()).await.unwrap();
    let stored = store.people(vec![person(1), person(2)]).await.unwrap();
    assert_eq!((stored[0].row.data_key.as_ref(), stored[0].keys), (None, NumberKeys::default()));
    rows[1].row.hidden = Some(HiddenFor::Deceased);
    assert_eq!(stored[1], rows[1], "hiding is the journal's affair");
    assert!(find(&*store, keys(2)).await.is_empty());
    assert_eq!(find(&*store, keys(102)).await.len(), 1);

    let mut aliases = store.aliases_after(0, 10).await.unwrap();
    aliases[0].keys = keys(108);
    aliases[0].number = vec![5];
    store.reseal_aliases(aliases.clone()).await.unwrap();
    assert_eq!(store.aliases_after(0, 10).await.unwrap(), aliases);
    assert!(find(&*store, keys(8)).await.is_empty());
    append_effects(&*store, 3, vec![Effect::Erase(person(2))]).await;
    store.reseal_aliases(aliases).await.unwrap();
    assert!(store.aliases_after(0, 10).await.unwrap().is_empty());
}

/// People come in the order of their ids.
pub async fn people_are_listed_in_pages(backend: &dyn Backend) {
    let store = backend.open().await;
    store.create_people([3, 1, 5, 2, 4].map(new_person).to_vec()).await.unwrap();
    let ids = |rows: Vec<crate::StoredPerson>| rows.iter().map(|row| row.row.id.value()).collect::<Vec<_>>();
    assert_eq!(ids(store.people_after(None, 2).await.unwrap()), [1, 2]);
    assert_eq!(ids(store.people_after(Some(person(2)), 2).await.unwrap()), [3, 4]);
    assert_eq!(ids(store.people_after(Some(person(4)), 2).await.unwrap()), [5]);
    assert_eq!(ids(store.people(vec![person(4), person(9), person(1)]).await.unwrap()), [4, 1]);
    let one = store.people(vec![person(4)]).await.unwrap().remove(0);
    assert_eq!((one.keys, one.number, one.own_until), (keys(4), Some(vec![1, 2, 3]), None));
}
