//! Uploads: staging, flipping, files that wait.

use super::Backend;
use super::samples::{
    append, append_effects, authority, contact, entries, find, flip, group, keys, new_person, person, plan, slice,
    time, upload, upload_plans, whole_journal,
};
use crate::{Effect, Flip, PlanKey, Slice, StoreError, UploadState, UploadStatus};
use cpis_model::upload::Series;

/// Nothing of a staged upload is seen before its flip, everything after it.
pub async fn staged_rows_are_invisible_until_flipped(backend: &dyn Backend) {
    let store = backend.open().await;
    let by = authority(1);
    store.create_people(vec![new_person(1), new_person(2)]).await.unwrap();
    upload_plans(&*store, group(1), by, 1, vec![(person(1), plan(1, 1, by, group(1)))], Some(contact(by, 1, group(1))))
        .await;

    store.begin_staging(group(2), time(0)).await.unwrap();
    store.stage(group(2), slice(0, 0, 1, vec![(person(1), plan(1, 2, by, group(2)))])).await.unwrap();
    let second = slice(1, 1, 2, vec![(person(2), plan(2, 1, by, group(2)))]);
    store.stage(group(2), Slice { contact: Some(contact(by, 2, group(2))), ..second }).await.unwrap();
    for looks in 0..2 {
        // Before and after a new start of the program.
        let store = backend.open().await;
        assert_eq!(find(&*store, keys(1)).await[0].plans, [plan(1, 1, by, group(1))]);
        assert!(find(&*store, keys(2)).await[0].plans.is_empty());
        assert_eq!(store.contacts().await.unwrap(), [contact(by, 1, group(1))]);
        assert_eq!(store.plans_after(None, 10).await.unwrap().len(), 1);
        assert_eq!(store.find_group(group(2)).await.unwrap(), None);
        assert_eq!(store.size().await.unwrap(), 1 + looks);
        assert_eq!(store.stale_staging(time(1)).await.unwrap(), [group(2)]);
        assert!(store.stale_staging(time(0)).await.unwrap().is_empty());
        let (seen, saw) = std::sync::mpsc::channel();
        let decide = Box::new(move |loaded: &crate::Loaded| {
            seen.send((loaded.found[0][0].plans.clone(), loaded.contacts[&by].version)).unwrap();
            entries(1, 5)
        });
        store.append(group(100 + looks as i64), vec![keys(1)], decide).await.unwrap();
        assert_eq!(saw.recv().unwrap(), (vec![plan(1, 1, by, group(1))], 1));
    }
    let store = backend.open().await;
    let done = upload(by, 2, UploadStatus::Done);
    let place = store.flip(flip(group(2), Some(1), done.clone(), 3)).await.unwrap();
    assert_eq!((place.first_index, place.count), (3, 3));
    assert_eq!(find(&*store, keys(1)).await[0].plans, [plan(1, 2, by, group(2))]);
    assert_eq!(find(&*store, keys(2)).await[0].plans, [plan(2, 1, by, group(2))]);
    assert_eq!(store.contacts().await.unwrap(), [contact(by, 1, group(1)), contact(by, 2, group(2))]);
    assert!(store.stale_staging(time(1)).await.unwrap().is_empty());
    assert_eq!(store.upload(by, 2).await.unwrap(), Some(done));
    let state = UploadState { last: Some(2), last_at: Some(time(1000)), ..UploadState::default() };
    assert_eq!(store.upload_state(by).await.unwrap(), state);
    let row = store.journal_rows(vec![place.seq]).await.unwrap().remove(0);
    assert_eq!((row.group, row.digest, row.body), (group(2), [3; 32], None));
    assert_eq!(store.upload_bodies(group(2), 0, 10).await.unwrap(), [vec![0; 100], vec![1; 100]]);
    assert_eq!(store.upload_bodies(group(2), 1, 10).await.unwrap(), [vec![1; 100]]);
    assert_eq!(store.upload_bodies(group(2), 0, 1).await.unwrap(), [vec![0; 100]]);
    whole_journal(&*store).await;
}

/// Each plan is found in its latest version, and all versions are listed.
pub async fn the_latest_version_wins(backend: &dyn Backend) {
    let store = backend.open().await;
    store.create_people(vec![new_person(1)]).await.unwrap();
    let by = authority(1);
    for version in 1..=3 {
        let of = group(i64::from(version));
        let mut plans = vec![(person(1), plan(1, version, by, of))];
        if version == 2 {
            plans.push((person(1), plan(2, 1, by, of)));
        }
        upload_plans(&*store, of, by, u64::from(version), plans, None).await;
    }
    let mut plans = find(&*store, keys(1)).await.remove(0).plans;
    plans.sort_by_key(|plan| plan.id);
    assert_eq!(plans, [plan(1, 3, by, group(3)), plan(2, 1, by, group(2))]);
    assert_eq!(store.plans_after(None, 10).await.unwrap().len(), 4);
}

/// Plan versions come in stored order, page by page.
pub async fn plans_are_listed_in_pages(backend: &dyn Backend) {
    let store = backend.open().await;
    let by = authority(1);
    let plans: Vec<_> = (1..=3)
        .flat_map(|of| (1..=3).map(move |number| (person(of), plan(of * 10 + number, 1, by, group(1)))))
        .collect();
    upload_plans(&*store, group(1), by, 1, plans.clone(), None).await;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.plans_after(after, 2).await.unwrap();
        let Some((of, last)) = page.last() else { break };
        assert!(page.len() <= 2);
        after = Some(PlanKey { person: *of, plan: last.id, version: last.version, group: last.group });
        seen.extend(page);
    }
    assert_eq!(seen, plans);
}

/// Of two uploads that decided on the same state, one wins.
pub async fn a_flip_needs_the_expected_sequence(backend: &dyn Backend) {
    let store = backend.open().await;
    let by = authority(1);
    for number in [1, 2] {
        store.begin_staging(group(number), time(0)).await.unwrap();
        store.stage(group(number), slice(0, 0, 1, vec![(person(1), plan(1, 1, by, group(number)))])).await.unwrap();
    }
    let done = |sequence| upload(by, sequence, UploadStatus::Done);
    assert_eq!(store.flip(flip(group(1), Some(4), done(5), 1)).await, Err(StoreError::Stale));
    store.flip(flip(group(1), None, done(5), 1)).await.unwrap();
    assert_eq!(store.flip(flip(group(2), None, done(6), 1)).await, Err(StoreError::Stale));
    assert_eq!(store.flip(flip(group(1), Some(5), done(6), 1)).await, Err(StoreError::Stale), "it is flipped already");
    assert_eq!(store.upload(by, 6).await.unwrap(), None);
    assert_eq!(store.size().await.unwrap(), 1);
    store.flip(flip(group(2), Some(5), done(6), 1)).await.unwrap();
    assert_eq!(store.flip(flip(group(3), Some(6), done(7), 0)).await, Err(StoreError::Stale), "nothing is staged");
    // Another authority counts for itself.
    store.begin_staging(group(4), time(0)).await.unwrap();
    store.stage(group(4), slice(0, 0, 1, Vec::new())).await.unwrap();
    store.flip(flip(group(4), None, upload(authority(2), 1, UploadStatus::Done), 1)).await.unwrap();
    assert_eq!(whole_journal(&*store).await.len(), 3);
}

/// A flip that counts other entries than stand there is refused.
pub async fn a_flip_needs_every_staged_entry(backend: &dyn Backend) {
    let store = backend.open().await;
    store.begin_staging(group(1), time(0)).await.unwrap();
    store.stage(group(1), slice(0, 0, 4, Vec::new())).await.unwrap();
    let done = upload(authority(1), 1, UploadStatus::Done);
    for count in [0, 3, 5] {
        let answer = store.flip(flip(group(1), None, done.clone(), count)).await;
        assert!(matches!(answer, Err(StoreError::Corrupt(_))), "{count}: {answer:?}");
    }
    store.flip(flip(group(1), None, done, 4)).await.unwrap();
}

/// A discarded group leaves nothing behind.
pub async fn discarded_groups_cannot_be_flipped(backend: &dyn Backend) {
    let store = backend.open().await;
    let by = authority(1);
    store.begin_staging(group(1), time(0)).await.unwrap();
    for number in 0..3 {
        let plans =
            (0..400).map(|plan_no| (person(1), plan(i64::from(number) * 400 + plan_no, 1, by, group(1)))).collect();
        store.stage(group(1), slice(number, number * 400, 400, plans)).await.unwrap();
    }
    store.discard(group(1)).await.unwrap();
    store.discard(group(1)).await.unwrap();
    assert!(store.stale_staging(time(9)).await.unwrap().is_empty());
    assert!(store.leaves(group(1), 0, 10).await.unwrap().is_empty());
    assert!(store.upload_bodies(group(1), 0, 10).await.unwrap().is_empty());
    assert!(store.plans_after(None, 10).await.unwrap().is_empty());
    let done = upload(by, 1, UploadStatus::Done);
    assert_eq!(store.flip(flip(group(1), None, done, 1200)).await, Err(StoreError::Stale));
    assert_eq!(store.stage(group(1), slice(0, 0, 1, Vec::new())).await, Err(StoreError::Stale));
}

/// What became visible stays.
pub async fn flipped_groups_cannot_be_discarded(backend: &dyn Backend) {
    let store = backend.open().await;
    let by = authority(1);
    let place = upload_plans(&*store, group(1), by, 1, vec![(person(1), plan(1, 1, by, group(1)))], None).await;
    append(&*store, 2, 2).await.unwrap();
    store.discard(group(1)).await.unwrap();
    store.discard(group(2)).await.unwrap();
    assert_eq!(store.find_group(group(1)).await.unwrap(), Some(place));
    assert_eq!(store.plans_after(None, 10).await.unwrap().len(), 1);
    assert_eq!(store.begin_staging(group(1), time(0)).await, Err(StoreError::Stale));
    whole_journal(&*store).await;
}

/// A step of an upload that is repeated after a lost answer changes nothing.
pub async fn staging_twice_is_staging_once(backend: &dyn Backend) {
    let store = backend.open().await;
    let by = authority(1);
    for _ in 0..2 {
        store.begin_staging(group(1), time(0)).await.unwrap();
    }
    let part = slice(0, 0, 9, vec![(person(1), plan(1, 1, by, group(1)))]);
    for _ in 0..2 {
        let contact = Some(contact(by, 1, group(1)));
        store.stage(group(1), Slice { contact, ..part.clone() }).await.unwrap();
    }
    store.flip(flip(group(1), None, upload(by, 1, UploadStatus::Done), 9)).await.unwrap();
    assert_eq!(store.plans_after(None, 10).await.unwrap().len(), 1);
    assert_eq!(store.contacts().await.unwrap().len(), 1);
    assert_eq!(store.upload_bodies(group(1), 0, 10).await.unwrap().len(), 1);
    whole_journal(&*store).await;
}

/// Numbers that the service gives do not meet those that the authority gives.
pub async fn the_service_s_own_numbers_are_a_series_of_their_own(backend: &dyn Backend) {
    let store = backend.open().await;
    let (by, first) = (authority(1), Series::Assigned.bounds().0);
    let steps = [(first, None, 2000), (7, None, 3000), (first + 1, Some(first), 4000), (8, Some(7), 1000)];
    for (n, (sequence, expected_last, at)) in (1..).zip(steps) {
        store.begin_staging(group(n), time(0)).await.unwrap();
        store.stage(group(n), slice(0, 0, 1, Vec::new())).await.unwrap();
        let row = crate::UploadRow { sequence, ..upload(by, 1, UploadStatus::Done) };
        let stale = flip(group(n), Some(77), row.clone(), 1);
        assert!(matches!(store.flip(stale).await, Err(StoreError::Stale)));
        let next = Flip { at: time(at), ..flip(group(n), expected_last, row, 1) };
        store.flip(next).await.unwrap();
    }
    let state =
        UploadState { last: Some(8), last_assigned: Some(first + 1), waiting: Vec::new(), last_at: Some(time(4000)) };
    assert_eq!(store.upload_state(by).await.unwrap(), state);
}

/// A file that waits is replaced by the next one with its number.
pub async fn waiting_files_are_replaced(backend: &dyn Backend) {
    let store = backend.open().await;
    let (first, second) = (authority(1), authority(2));
    let late = upload(first, 7, UploadStatus::WaitsForGap);
    store.keep_file(late.clone(), vec![vec![1; 10], vec![2; 10], vec![3; 10]]).await.unwrap();
    let early = upload(second, 3, UploadStatus::WaitsForDemographics);
    store.keep_file(early.clone(), vec![vec![4; 10]]).await.unwrap();
    store.keep_file(upload(first, 9, UploadStatus::Processing), Vec::new()).await.unwrap();
    assert_eq!(store.file_parts(first, 7).await.unwrap(), [vec![1; 10], vec![2; 10], vec![3; 10]]);
    let waiting = store.waiting().await.unwrap();
    assert_eq!(waiting.iter().map(|row| row.sequence).collect::<Vec<_>>(), [3, 7, 9], "oldest first");
    assert_eq!((&waiting[0], &waiting[1]), (&early, &late));
    assert_eq!(store.upload_state(first).await.unwrap(), UploadState { waiting: vec![7, 9], ..UploadState::default() });

    let mut other = crate::UploadRow { checksum: [77; 32], ..upload(first, 7, UploadStatus::Processing) };
    other.code = Some(cpis_model::codes::FileCode::DemographicsAway);
    store.keep_file(other.clone(), vec![vec![5; 10]]).await.unwrap();
    assert_eq!(store.upload(first, 7).await.unwrap(), Some(other));
    assert_eq!(store.file_parts(first, 7).await.unwrap(), [vec![5; 10]]);
    assert_eq!(store.upload(first, 8).await.unwrap(), None);
    assert!(store.file_parts(first, 8).await.unwrap().is_empty());
}

/// An upload that took effect is neither replaced by a file nor by another flip.
pub async fn accepted_uploads_stand(backend: &dyn Backend) {
    let store = backend.open().await;
    let by = authority(1);
    store.keep_file(upload(by, 1, UploadStatus::Processing), vec![vec![1]]).await.unwrap();
    upload_plans(&*store, group(1), by, 1, vec![(person(1), plan(1, 1, by, group(1)))], None).await;
    assert!(store.waiting().await.unwrap().is_empty());
    assert_eq!(store.file_parts(by, 1).await.unwrap(), [vec![1]], "the raw file stays for its days");
    let again = store.keep_file(upload(by, 1, UploadStatus::Processing), vec![vec![2]]).await;
    assert_eq!(again, Err(StoreError::Stale));
    assert_eq!(store.file_parts(by, 1).await.unwrap(), [vec![1]]);
    store.begin_staging(group(2), time(0)).await.unwrap();
    store.stage(group(2), slice(0, 0, 1, Vec::new())).await.unwrap();
    let other = upload(by, 1, UploadStatus::Done);
    assert_eq!(store.flip(flip(group(2), Some(1), other, 1)).await, Err(StoreError::Stale));
    assert_eq!(store.size().await.unwrap(), 1);
}

/// A number that will not come counts as the last one.
pub async fn sequences_are_skipped(backend: &dyn Backend) {
    let store = backend.open().await;
    let by = authority(1);
    store.keep_file(upload(by, 5, UploadStatus::WaitsForGap), vec![vec![1]]).await.unwrap();
    append_effects(&*store, 1, vec![Effect::SkipSequence(by, 4)]).await;
    let state = store.upload_state(by).await.unwrap();
    assert_eq!((state.last, state.waiting, state.last_at), (Some(4), vec![5], None));
    assert_eq!(store.upload(by, 4).await.unwrap().unwrap().status, UploadStatus::Skipped);
    append_effects(&*store, 2, vec![Effect::SkipSequence(by, 5)]).await;
    let state = store.upload_state(by).await.unwrap();
    assert_eq!((state.last, state.waiting), (Some(5), vec![]));
    let late = store.keep_file(upload(by, 4, UploadStatus::Processing), Vec::new()).await;
    assert_eq!(late, Err(StoreError::Stale));
    upload_plans(&*store, group(3), by, 6, vec![(person(1), plan(1, 1, by, group(3)))], None).await;
    append_effects(&*store, 4, vec![Effect::SkipSequence(by, 6)]).await;
    assert_eq!(store.upload(by, 6).await.unwrap().unwrap().status, UploadStatus::Done, "what took effect stands");
}

/// Keys and parts of raw files that are done with go after their days; those that wait stay, and the rest of each upload.
pub async fn raw_files_are_destroyed(backend: &dyn Backend) {
    let store = backend.open().await;
    let by = authority(1);
    for sequence in 1..=40 {
        store.keep_file(upload(by, sequence, UploadStatus::WaitsForGap), vec![vec![1], vec![2]]).await.unwrap();
    }
    let skipped = (1..=38).map(|sequence| Effect::SkipSequence(by, sequence)).collect();
    append_effects(&*store, 1, skipped).await;
    assert_eq!(store.destroy_files(time(1)).await.unwrap(), 0);
    assert_eq!(store.destroy_files(time(38)).await.unwrap(), 37);
    assert_eq!(store.destroy_files(time(41)).await.unwrap(), 1);
    assert_eq!(store.destroy_files(time(41)).await.unwrap(), 0);
    let gone = crate::UploadRow { file_key: None, ..upload(by, 37, UploadStatus::Skipped) };
    assert_eq!(store.upload(by, 37).await.unwrap(), Some(gone));
    assert!(store.file_parts(by, 37).await.unwrap().is_empty());
    assert_eq!(store.file_parts(by, 39).await.unwrap().len(), 2, "it waits");
}

/// Uploads of every status come in the order of authority and number.
pub async fn uploads_are_listed_in_pages(backend: &dyn Backend) {
    let store = backend.open().await;
    for (number, sequence) in [(2, 1), (1, 7), (1, 3), (1, 20)] {
        let row = upload(authority(number), sequence, UploadStatus::WaitsForGap);
        store.keep_file(row, vec![vec![1]]).await.unwrap();
    }
    append_effects(&*store, 1, vec![Effect::SkipSequence(authority(1), 3)]).await;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.uploads_after(after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.authority, last.sequence));
        seen.extend(page.iter().map(|row| (row.authority, row.sequence)));
    }
    let expected = [(1, 3), (1, 7), (1, 20), (2, 1)].map(|(number, sequence)| (authority(number), sequence));
    assert_eq!(seen, expected);
}

/// A rotation replaces sealed columns, but not those of an upload that went on meanwhile, and destroyed keys stay destroyed.
pub async fn sealed_columns_of_uploads_are_replaced(backend: &dyn Backend) {
    let store = backend.open().await;
    let by = authority(1);
    for sequence in 1..=3 {
        store.keep_file(upload(by, sequence, UploadStatus::Processing), vec![vec![1]]).await.unwrap();
    }
    append_effects(&*store, 1, vec![Effect::SkipSequence(by, 1)]).await;
    let mut rows = store.uploads_after(None, 10).await.unwrap();
    for row in &mut rows {
        (row.file_key, row.sender) = (Some(vec![77]), vec![78]);
    }
    // Meanwhile the raw file of one is destroyed, and another takes effect with its acknowledgement.
    assert_eq!(store.destroy_files(time(2)).await.unwrap(), 1);
    store.begin_staging(group(2), time(0)).await.unwrap();
    store.stage(group(2), slice(0, 0, 1, Vec::new())).await.unwrap();
    let done = crate::UploadRow { acknowledgement: Some(vec![5]), ..upload(by, 2, UploadStatus::Done) };
    store.flip(flip(group(2), Some(1), done.clone(), 1)).await.unwrap();

    store.reseal_uploads(rows.clone()).await.unwrap();
    let stored = store.uploads_after(None, 10).await.unwrap();
    assert_eq!((&stored[0].file_key, &stored[0].sender), (&None, &vec![78]));
    assert_eq!(stored[1], done, "what was saved meanwhile stands");
    assert_eq!(stored[2], rows[2]);
}

/// Every leaf and body belongs to a row of the journal or to a staging.
pub async fn nothing_is_left_without_its_group(backend: &dyn Backend) {
    let store = backend.open().await;
    append(&*store, 1, 20).await.unwrap();
    upload_plans(&*store, group(2), authority(1), 1, vec![(person(1), plan(1, 1, authority(1), group(2)))], None).await;
    for number in [3, 4] {
        store.begin_staging(group(number), time(0)).await.unwrap();
        store.stage(group(number), slice(0, 0, 5, Vec::new())).await.unwrap();
    }
    store.discard(group(4)).await.unwrap();
    assert!(store.orphans().await.unwrap().is_empty());
}
