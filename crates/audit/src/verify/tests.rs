//! A small journal of four groups; each test tampers with it in one way and looks at what the verifier says.

use super::*;
use crate::checkpoint::{Checkpoint, Epoch};
use crate::checkpoint_file::file_record;
use crate::expected::CheckpointSource::{self, Database, File, Outside};
use crate::key::SigningKey;
use crate::leaf::{empty_root, leaf_hash};
use crate::tree::root_of;

const ORIGIN: &str = "cpis.example/log";
const SIZES: [u64; 4] = [3, 1, 4, 2];

fn key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[9; 32]).unwrap()
}

fn leaf(index: u64) -> Hash {
    leaf_hash(&[1; 16], &index.to_be_bytes())
}

fn root(size: u64) -> Hash {
    root_of((0..size).map(leaf))
}

fn signed(size: u64) -> String {
    Checkpoint::new(ORIGIN, size, root(size)).sign(&key()).unwrap()
}

#[derive(Clone)]
struct Group {
    seq: u64,
    first: u64,
    count: u64,
    digest: Hash,
    leaves: Vec<LeafEvidence>,
}

fn journal() -> Vec<Group> {
    let (mut seq, mut first) = (0, 0);
    let group = |count| {
        seq += 1;
        let range = first..first + count;
        first += count;
        let good = |leaf| LeafEvidence { stored: Some(leaf), recomputed: Recomputed::Opened(leaf) };
        let leaves = range.clone().map(|index| good(leaf(index))).collect();
        Group { seq, first: range.start, count, digest: group_digest(range.map(leaf)), leaves }
    };
    SIZES.into_iter().map(group).collect()
}

/// Checkpoints in the database at each group's end and one from outside at 8.
fn checkpoints() -> Checkpoints {
    let mut checkpoints = Checkpoints::new(vec![key().verifying_key().clone()]);
    for size in [3, 4, 8, 10] {
        checkpoints.add_signed(&signed(size), Database);
    }
    checkpoints.add_signed(&signed(8), Outside);
    checkpoints
}

fn verify(journal: Vec<Group>, checkpoints: Checkpoints) -> Report {
    let mut verifier = Verifier::new(checkpoints);
    for group in journal {
        verifier.group(group.seq, group.first, group.count, &group.digest, group.leaves);
    }
    verifier.finish()
}

fn tampered(tamper: impl FnOnce(&mut Vec<Group>)) -> Report {
    let mut journal = journal();
    tamper(&mut journal);
    verify(journal, checkpoints())
}

fn kinds(report: &Report) -> Vec<&FaultKind> {
    report.faults.iter().map(|fault| &fault.what).collect()
}

fn first(report: &Report) -> (Option<u64>, Option<u64>, FaultKind) {
    assert!(!report.is_clean());
    let fault = report.first_fault.clone().unwrap();
    (fault.index, fault.seq, fault.what)
}

#[test]
fn an_untouched_journal_is_clean() {
    let report = verify(journal(), checkpoints());
    assert_eq!(report.faults, []);
    assert!(report.is_clean() && report.tail_proven);
    assert_eq!((report.entries, report.root, report.erased), (10, root(10), 0));
    assert_eq!((report.checkpoints_checked, report.tail_proven_to), (5, Some(8)));
    assert_eq!(
        report.to_string(),
        "10 entries, 0 of them erased\n5 checkpoints hold\n\
         a checkpoint from outside proves that no tail was cut up to 8 entries\nno faults\n"
    );
}

#[test]
fn an_empty_journal_is_clean() {
    let mut checkpoints = Checkpoints::new(vec![]);
    checkpoints.add(Checkpoint::new(ORIGIN, 0, empty_root()), Outside);
    let report = verify(vec![], checkpoints);
    assert!(report.is_clean() && report.tail_proven);
    assert_eq!((report.entries, report.root, report.tail_proven_to), (0, empty_root(), Some(0)));
}

#[test]
fn without_a_checkpoint_from_outside_the_tail_is_not_proven() {
    let mut inside = Checkpoints::new(vec![key().verifying_key().clone()]);
    inside.add_signed(&signed(10), Database);
    inside.add_file(&file_record(&signed(10)), File);
    let report = verify(journal(), inside);
    assert!(report.is_clean() && !report.tail_proven && report.tail_proven_to.is_none());
    assert!(report.to_string().contains("nobody can tell"));
    // the last group gone without a trace: only the count of entries shows it
    let report = verify(journal()[..3].to_vec(), Checkpoints::new(vec![]));
    assert!(report.is_clean() && !report.tail_proven);
}

#[test]
fn an_erased_entry_is_no_fault_and_an_unreadable_one_is() {
    let report = tampered(|journal| journal[2].leaves[1].recomputed = Recomputed::Erased);
    assert!(report.is_clean() && report.erased == 1);
    let report = tampered(|journal| journal[2].leaves[1].recomputed = Recomputed::Unreadable);
    assert_eq!(first(&report), (Some(5), Some(3), FaultKind::EntryUnreadable));
    assert_eq!(report.faults_found, 1);
}

#[test]
fn an_altered_entry_is_named() {
    let report = tampered(|journal| journal[2].leaves[1].recomputed = Recomputed::Opened(leaf(99)));
    assert_eq!(first(&report), (Some(5), Some(3), FaultKind::LeafMismatch));
    // the roots still hold, so the leaf is the original and the entry was altered
    assert_eq!((report.faults_found, report.checkpoints_checked), (1, 5));
}

#[test]
fn an_altered_leaf_is_named() {
    let report = tampered(|journal| journal[2].leaves[1].stored = Some(leaf(99)));
    assert_eq!(first(&report), (Some(5), Some(3), FaultKind::LeafMismatch));
    assert!(kinds(&report).contains(&&FaultKind::DigestMismatch));
    assert!(kinds(&report).contains(&&FaultKind::RootMismatch { size: 8, after: 4, from: Database }));
    assert!(!report.tail_proven);
}

#[test]
fn a_missing_leaf_is_named() {
    let report = tampered(|journal| journal[1].leaves[0].stored = None);
    assert_eq!(first(&report), (Some(3), Some(2), FaultKind::LeafMissing));
    // the entry itself gave the hash, so nothing else is wrong
    assert_eq!(report.faults_found, 1);
    let report = tampered(|journal| {
        journal[1].leaves[0] = LeafEvidence { stored: None, recomputed: Recomputed::Unreadable };
    });
    assert_eq!(first(&report), (Some(3), Some(2), FaultKind::LeafMissing));
    assert!(kinds(&report).contains(&&FaultKind::EntryUnreadable));
    assert!(kinds(&report).contains(&&FaultKind::RootMismatch { size: 4, after: 3, from: Database }));
}

#[test]
fn an_altered_digest_is_named() {
    let report = tampered(|journal| journal[3].digest = [0; 32]);
    assert_eq!(first(&report), (Some(8), Some(4), FaultKind::DigestMismatch));
    assert_eq!(report.faults_found, 1);
}

#[test]
fn an_entry_that_was_altered_with_its_leaf_and_digest_is_found_by_the_root() {
    let forge = |journal: &mut Vec<Group>| {
        journal[2].leaves[1] = LeafEvidence { stored: Some(leaf(99)), recomputed: Recomputed::Opened(leaf(99)) };
        journal[2].digest = group_digest(journal[2].leaves.iter().filter_map(|leaf| leaf.stored));
    };
    let report = tampered(forge);
    assert_eq!(first(&report), (Some(4), None, FaultKind::RootMismatch { size: 8, after: 4, from: Database }));
    // database, outside, and the later one
    assert_eq!((report.faults_found, report.checkpoints_checked), (3, 2));
    // a second, clumsier forgery further on does not hide the first
    let report = tampered(|journal| {
        forge(journal);
        journal[3].leaves[0].recomputed = Recomputed::Unreadable;
    });
    assert_eq!(first(&report).0, Some(4));
}

#[test]
fn a_removed_group_is_named() {
    let report = tampered(|journal| drop(journal.remove(1)));
    assert_eq!(first(&report), (Some(3), Some(3), FaultKind::SeqGap { expected: 2, found: 3 }));
    assert!(kinds(&report).contains(&&FaultKind::IndexGap { expected: 3, found: 4 }));
    assert!(!kinds(&report).iter().any(|kind| matches!(kind, FaultKind::TailCut { .. })));
    // one gap is reported once
    assert_eq!(kinds(&report).iter().filter(|kind| matches!(kind, FaultKind::SeqGap { .. })).count(), 1);
}

#[test]
fn a_removed_group_whose_followers_were_renumbered_is_found() {
    let report = tampered(|journal| {
        journal.remove(1);
        for group in &mut journal[1..] {
            group.seq -= 1;
            group.first -= 1;
        }
    });
    assert_eq!(first(&report).0, Some(3));
    assert!(kinds(&report).contains(&&FaultKind::TailCut { have: 9, expected: 10, from: Database }));
}

#[test]
fn swapped_and_repeated_groups_are_named() {
    let report = tampered(|journal| journal.swap(1, 2));
    assert_eq!(first(&report), (Some(3), Some(3), FaultKind::SeqGap { expected: 2, found: 3 }));
    let report = tampered(|journal| journal.insert(2, journal[1].clone()));
    assert_eq!(first(&report), (Some(3), Some(2), FaultKind::SeqGap { expected: 3, found: 2 }));
}

#[test]
fn an_index_gap_alone_is_named() {
    let report = tampered(|journal| {
        journal[2].first += 5;
        journal[3].first += 5;
    });
    assert_eq!(first(&report), (Some(4), Some(3), FaultKind::IndexGap { expected: 4, found: 9 }));
    assert_eq!(report.faults_found, 1);
}

#[test]
fn an_entry_removed_from_or_added_to_a_group_is_named() {
    let report = tampered(|journal| journal[2].leaves.truncate(3));
    assert_eq!(first(&report), (Some(7), Some(3), FaultKind::CountWrong { expected: 4, found: 3 }));
    let report = tampered(|journal| journal[2].leaves.extend_from_within(..1));
    assert_eq!(first(&report), (Some(8), Some(3), FaultKind::CountWrong { expected: 4, found: 5 }));
}

#[test]
fn a_leaf_without_a_group_is_a_fault() {
    let mut verifier = Verifier::new(Checkpoints::new(vec![]));
    verifier.leaf(&LeafEvidence { stored: Some(leaf(0)), recomputed: Recomputed::Opened(leaf(0)) });
    let report = verifier.finish();
    assert_eq!(first(&report), (Some(0), None, FaultKind::CountWrong { expected: 0, found: 1 }));
}

#[test]
fn a_cut_tail_is_named_wherever_the_checkpoint_came_from() {
    for from in [Database, File, Outside] {
        let mut checkpoints = Checkpoints::new(vec![key().verifying_key().clone()]);
        checkpoints.add_signed(&signed(8), Outside);
        checkpoints.add_signed(&signed(10), from);
        let report = verify(journal()[..3].to_vec(), checkpoints);
        assert_eq!(first(&report), (Some(8), None, FaultKind::TailCut { have: 8, expected: 10, from }));
        assert!(!report.tail_proven);
        assert_eq!(report.tail_proven_to, Some(8));
    }
}

#[test]
fn a_forged_checkpoint_is_a_fault() {
    let mut checkpoints = checkpoints();
    checkpoints.add_signed(&signed(8).replace("\n8\n", "\n9\n"), Outside);
    let file = file_record(&signed(3)) + &file_record(&signed(4).replace("\n4\n", "\n5\n")) + &file_record(&signed(8));
    checkpoints.add_file(&file, File);
    let report = verify(journal(), checkpoints);
    let why = "the signature on the checkpoint does not hold".to_owned();
    let outside = FaultKind::CheckpointSignature { from: Outside, line: None, what: why.clone() };
    let in_file = FaultKind::CheckpointSignature { from: File, line: Some(7), what: why };
    assert_eq!(kinds(&report), [&outside, &in_file]);
    assert_eq!((report.checkpoints_checked, report.tail_proven), (7, true));
}

#[test]
fn two_checkpoints_of_one_size_show_two_pasts() {
    let (good, other) = (Checkpoint::new(ORIGIN, 8, root(8)), Checkpoint::new(ORIGIN, 8, [7; 32]));
    for order in [[&good, &other], [&other, &good]] {
        let mut checkpoints = Checkpoints::new(vec![]);
        for one in order {
            checkpoints.add(one.clone(), Outside);
        }
        let report = verify(journal(), checkpoints);
        assert_eq!(first(&report), (None, None, FaultKind::RootMismatch { size: 8, after: 8, from: Outside }));
    }
}

#[test]
fn faults_in_derived_tables_are_kept() {
    let mut verifier = Verifier::new(Checkpoints::new(vec![]));
    verifier.derived("access", "12", "no entry is behind it");
    let report = verifier.finish();
    assert_eq!(report.first_fault.unwrap().to_string(), "table access, row 12: no entry is behind it");
}

#[test]
fn faults_are_counted_beyond_those_kept_and_the_earliest_entry_is_remembered() {
    let mut verifier = Verifier::new(Checkpoints::new(vec![]));
    for row in 0..FAULTS_MAX + 5 {
        verifier.derived("access", row.to_string(), "odd");
    }
    for group in journal() {
        verifier.group(group.seq, group.first, group.count, &[0; 32], group.leaves);
    }
    let report = verifier.finish();
    assert_eq!((report.faults.len(), report.faults_found), (FAULTS_MAX, FAULTS_MAX as u64 + 5 + 4));
    assert_eq!(first(&report), (Some(0), Some(1), FaultKind::DigestMismatch));
}

#[test]
fn many_groups_page_by_page() {
    let leaves: Vec<Hash> = (0..5000).map(leaf).collect();
    let mut checkpoints = Checkpoints::new(vec![]);
    for size in [0, 1, 1000, 4999, 5000] {
        checkpoints.add(Checkpoint::new(ORIGIN, size, root(size)), Outside);
    }
    let mut verifier = Verifier::new(checkpoints);
    for (part, seq) in leaves.chunks(700).zip(1..) {
        verifier.begin_group(seq, (seq - 1) * 700, part.len() as u64, &group_digest(part));
        for leaf in part {
            verifier.leaf(&LeafEvidence { stored: Some(*leaf), recomputed: Recomputed::Opened(*leaf) });
        }
        verifier.end_group();
    }
    let report = verifier.finish();
    assert_eq!((report.faults, report.tail_proven_to), (vec![], Some(5000)));
}

mod restored;
