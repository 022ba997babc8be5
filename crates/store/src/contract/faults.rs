//! A fault at the first step of an operation, then at the second, and so on, until it gets by without: after each, either all of
//! the operation is there or nothing.

use super::Backend;
use super::samples::{
    access, append, authority, derived_of, entries, find, flip, group, held, keys, new_person, notice, person, plan,
    slice, time, upload, whole_journal,
};
use crate::fault::Fault;
use crate::{CheckpointRow, Effect, Group, LookStep, Store, StoreError, TreeStep, UploadStatus, Watermarks};
use cpis_model::entry::HiddenFor;

const FAULTS: [Fault; 4] = [Fault::Kill, Fault::Fail, Fault::UnknownAfter, Fault::UnknownBefore];
/// No operation of the suite takes so many steps.
const STEPS_MAX: i64 = 500;

/// Whether an answer and what is found afterwards go together.
fn agree(answer: Result<(), &StoreError>, there: bool, fault: Fault, step: i64) {
    let fits = match answer {
        Ok(()) => there,
        Err(StoreError::OutcomeUnknown) => there == (fault == Fault::UnknownAfter),
        Err(StoreError::Unavailable(_)) => !there,
        Err(_) => false,
    };
    assert!(fits, "{fault:?} at step {step}: {answer:?}, and afterwards it is there: {there}");
}

/// Ends the handle that a fault may have harmed: a killed one stays away.
async fn reopen(backend: &dyn Backend, store: &dyn Store, fault: Fault, fired: bool) -> std::sync::Arc<dyn Store> {
    if fault == Fault::Kill && fired {
        assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
        assert!(matches!(append(store, 9_999, 1).await, Err(StoreError::Unavailable(_))));
    } else {
        store.ping().await.unwrap();
    }
    backend.open().await
}

/// A group with its leaves and effects, at every step.
pub async fn appends_survive_every_fault(backend: &dyn Backend) {
    let mut store = backend.open().await;
    let mut number = 0;
    for fault in FAULTS {
        let mut unknown = 0;
        for step in 1.. {
            assert!(step < STEPS_MAX);
            number += 1;
            store.create_people(vec![new_person(number)]).await.unwrap();
            let before = whole_journal(&*store).await.len();
            let decide = Box::new(move |loaded: &crate::Loaded| {
                assert_eq!(loaded.found[0][0].person.id, person(number));
                let effects = vec![
                    Effect::Hide(person(number), Some(HiddenFor::Deceased)),
                    Effect::SkipSequence(authority(1), number as u64),
                ];
                Group { effects, ..entries(10, 1) }
            });
            backend.faults().arm(step, fault);
            let answer = store.append(group(number), vec![keys(number)], decide).await;
            let fired = !backend.faults().disarm();
            store = reopen(backend, &*store, fault, fired).await;

            let place = store.find_group(group(number)).await.unwrap();
            agree(answer.as_ref().map(drop), place.is_some(), fault, step);
            unknown += u32::from(answer == Err(StoreError::OutcomeUnknown));
            assert!(answer.is_err() || answer.ok() == place);
            assert_eq!(whole_journal(&*store).await.len(), before + usize::from(place.is_some()));
            assert_eq!(find(&*store, keys(number)).await[0].person.hidden.is_some(), place.is_some());
            assert_eq!(store.upload(authority(1), number as u64).await.unwrap().is_some(), place.is_some());
            assert_eq!(
                store.leaves(group(number), 0, 99).await.unwrap().len(),
                place.map_or(0, |place| place.count as usize)
            );
            if !fired {
                break;
            }
        }
        assert_eq!(unknown, u32::from(matches!(fault, Fault::UnknownAfter | Fault::UnknownBefore)));
    }
}

async fn whole_upload(store: &dyn Store, number: i64, last: Option<u64>) -> Result<(), StoreError> {
    let (by, of) = (authority(1), group(number));
    let row = |status| upload(by, number as u64, status);
    store.keep_file(row(UploadStatus::Processing), vec![vec![1; 50], vec![2; 50]]).await?;
    store.begin_staging(of, time(0)).await?;
    for part in 0..3 {
        let plans = vec![(person(number), plan(number * 10 + i64::from(part), 1, by, of))];
        store.stage(of, slice(part, part * 9, 9, plans)).await?;
    }
    store.flip(flip(of, last, row(UploadStatus::Done), 27)).await.map(drop)
}

/// A whole upload: keeping the file, staging, and the flip, at every step.
pub async fn uploads_survive_every_fault(backend: &dyn Backend) {
    let mut store = backend.open().await;
    let (by, mut number) = (authority(1), 0);
    for fault in FAULTS {
        for step in 1.. {
            assert!(step < STEPS_MAX);
            number += 1;
            store.create_people(vec![new_person(number)]).await.unwrap();
            let (before, rows) = (store.upload_state(by).await.unwrap(), whole_journal(&*store).await.len());
            backend.faults().arm(step, fault);
            let answer = whole_upload(&*store, number, before.last).await;
            let fired = !backend.faults().disarm();
            store = reopen(backend, &*store, fault, fired).await;

            let flipped = store.find_group(group(number)).await.unwrap().is_some();
            if !flipped || answer != Err(StoreError::OutcomeUnknown) {
                // An unknown outcome before the flip says nothing of the flip.
                let unknown = answer == Err(StoreError::OutcomeUnknown);
                assert!(unknown || answer.is_ok() == flipped, "{fault:?} at step {step}: {answer:?}, {flipped}");
            }
            let plans = find(&*store, keys(number)).await.remove(0).plans.len();
            assert_eq!(plans, if flipped { 3 } else { 0 }, "{fault:?} at step {step}");
            assert_eq!(whole_journal(&*store).await.len(), rows + usize::from(flipped));
            let state = store.upload_state(by).await.unwrap();
            assert_eq!(state.last, if flipped { Some(number as u64) } else { before.last });
            let kept = store.upload(by, number as u64).await.unwrap();
            let parts = store.file_parts(by, number as u64).await.unwrap().len();
            assert_eq!(parts, if kept.is_some() { 2 } else { 0 }, "{fault:?} at step {step}");
            assert_eq!(kept.is_some_and(|kept| kept.status == UploadStatus::Done), flipped);
            for stale in store.stale_staging(time(1)).await.unwrap() {
                assert!(!flipped);
                store.discard(stale).await.unwrap();
            }
            if !flipped {
                assert!(store.leaves(group(number), 0, 99).await.unwrap().is_empty());
                assert!(store.upload_bodies(group(number), 0, 99).await.unwrap().is_empty());
            }
            if !fired {
                assert!(flipped);
                break;
            }
        }
    }
}

/// A step of each applier, at every step.
pub async fn appliers_survive_every_fault(backend: &dyn Backend) {
    let mut store = backend.open().await;
    let mut number = 0;
    for fault in FAULTS {
        for step in 1.. {
            assert!(step < STEPS_MAX);
            number += 1;
            let Watermarks { looks, tree } = store.watermarks().await.unwrap();
            let of = person(number);
            let owed = [authority(1), authority(2)];
            let look_step = LookStep {
                from: looks,
                to: looks + 10,
                accesses: (0..3).map(|index| (of, held(access(looks + index, number), &owed))).collect(),
                notices: (0..)
                    .zip(owed)
                    .map(|(which, to)| notice(number * 10 + which, to, of, access(looks, number)))
                    .collect(),
                pruned: Vec::new(),
                quarantined: vec![(looks + 9, "no key".into())],
            };
            let tree_step = TreeStep {
                from: tree,
                to: tree + 10,
                frontier: vec![number as u8; 32],
                tiles: vec![(0, number as u64, vec![1; 32]), (1, number as u64, vec![2; 32])],
                checkpoint: Some(CheckpointRow { number: 0, size: tree + 10, note: "signed".into() }),
            };
            let checkpoints = store.checkpoints(0, 9999).await.unwrap().len();
            backend.faults().arm(step, fault);
            let looked = store.apply_looks(look_step).await;
            let grew = store.apply_tree(tree_step).await;
            let fired = !backend.faults().disarm();
            store = reopen(backend, &*store, fault, fired).await;

            let now = store.watermarks().await.unwrap();
            let (there, grown) = (now.looks == looks + 10, now.tree == tree + 10);
            agree(looked.as_ref().copied(), there, fault, step);
            agree(grew.as_ref().copied(), grown, fault, step);
            assert!(there || now.looks == looks);
            assert!(grown || now.tree == tree);
            let derived = derived_of(&*store, vec![of]).await.remove(0);
            let counts = (derived.state.listed.len(), derived.state.owed.len());
            assert_eq!(counts, if there { (3, 6) } else { (0, 0) }, "{fault:?} at step {step}");
            for to in owed {
                let told = store.notices(to, 0, 9999).await.unwrap();
                assert_eq!(told.iter().any(|notice| notice.person == of), there, "{fault:?} at step {step}");
            }
            let quarantined = store.quarantined().await.unwrap();
            assert_eq!(quarantined.iter().any(|(index, _)| *index == looks + 9), there);
            assert_eq!(store.tree().await.unwrap().0, now.tree);
            for level in 0..2 {
                assert_eq!(store.tile(level, number as u64).await.unwrap().is_some(), grown);
            }
            assert_eq!(store.checkpoints(0, 9999).await.unwrap().len(), checkpoints + usize::from(grown));
            if !fired {
                break;
            }
        }
    }
}
