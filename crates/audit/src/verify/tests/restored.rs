//! A log of 12 entries was restored to 8 and went on to 10.

use super::*;

/// The tree before the restore: other entries from 8 on.
fn old(size: u64) -> Checkpoint {
    let lost = (8..size).map(|index| leaf(index + 1000));
    Checkpoint::new(ORIGIN, size, root_of((0..size.min(8)).map(leaf).chain(lost)))
}

fn epoch() -> Checkpoint {
    let line = Epoch { number: 2, old_size: 12, old_root: old(12).root }.to_string();
    Checkpoint { extensions: vec![line], ..Checkpoint::new(ORIGIN, 8, root(8)) }
}

fn new(size: u64) -> Checkpoint {
    Checkpoint::new(ORIGIN, size, root(size))
}

fn report(checkpoints: &[(Checkpoint, CheckpointSource)]) -> Report {
    let mut all = Checkpoints::new(vec![]);
    for (checkpoint, from) in checkpoints {
        all.add(checkpoint.clone(), *from);
    }
    verify(journal(), all)
}

#[test]
fn what_it_declares_lost_is_no_fault() {
    let file = [old(4), old(9), old(11), old(12), epoch(), new(10)].map(|one| (one, File));
    let rest = [(epoch(), Database), (new(10), Database), (old(9), Outside), (old(12), Outside), (new(9), Outside)];
    let report = report(&[&file[..], &rest].concat());
    assert_eq!(report.faults, []);
    assert_eq!((report.checkpoints_checked, report.checkpoints_set_aside), (6, 5));
    assert!(report.tail_proven && report.tail_proven_to == Some(9));
    assert_eq!(report.restores.len(), 1);
    assert!(report.to_string().contains("restored to 8 entries from 12: epoch 2 began"), "{report}");
}

#[test]
fn what_it_does_not_declare_lost_is_a_fault() {
    let other = Checkpoint::new(ORIGIN, 5, [7; 32]);
    let wrong_tip = Checkpoint::new(ORIGIN, 12, [7; 32]);
    let beyond = Checkpoint::new(ORIGIN, 13, [7; 32]);
    for (wrong, from) in [
        (other, Outside),
        (wrong_tip, Outside),
        (beyond, Outside),
        (old(9), Database),
        // in the file after the restore, so of the new epoch
        (old(9), File),
    ] {
        let report = report(&[(epoch(), File), (wrong.clone(), from)]);
        assert_eq!((report.faults_found, report.checkpoints_set_aside), (1, 0), "{wrong} {from}");
    }
}

#[test]
fn a_restore_that_the_log_does_not_bear_out_declares_nothing() {
    let mut astray = epoch();
    astray.root = [7; 32];
    let report = report(&[(old(9), File), (astray, File)]);
    assert_eq!((report.faults_found, report.restores.len()), (2, 0));
}

#[test]
fn a_second_restore_before_the_first_keeps_both() {
    let line = Epoch { number: 3, old_size: 10, old_root: root(10) }.to_string();
    let third = Checkpoint { extensions: vec![line], ..Checkpoint::new(ORIGIN, 4, root(4)) };
    let mut all = Checkpoints::new(vec![]);
    for one in [old(11), epoch(), new(10), third] {
        all.add(one, File);
    }
    // the third epoch has other entries from 4 on
    let report = verify(journal()[..2].to_vec(), all);
    assert_eq!(report.faults, []);
    assert_eq!((report.checkpoints_set_aside, report.restores.len()), (3, 2));
}
