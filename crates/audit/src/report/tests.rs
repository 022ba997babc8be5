//! Tests of `report`: published vectors, tables and properties.

use super::*;

fn check(index: Option<u64>, seq: Option<u64>, what: FaultKind, expected: &str) {
    assert_eq!(Fault { index, seq, what }.to_string(), expected);
}

#[test]
fn faults_are_plain_english() {
    use CheckpointSource::{Database, File, Outside};
    let at = Some(17);
    let group = Some(4);
    check(at, group, FaultKind::LeafMismatch, "entry 17 (group 4): the stored leaf does not match the entry");
    check(at, group, FaultKind::LeafMissing, "entry 17 (group 4): there is no stored leaf");
    check(
        at,
        group,
        FaultKind::EntryUnreadable,
        "entry 17 (group 4): the entry cannot be opened and no erasure explains it",
    );
    check(None, group, FaultKind::DigestMismatch, "group 4: the digest of the group does not match its leaves");
    check(
        at,
        group,
        FaultKind::SeqGap { expected: 3, found: 4 },
        "entry 17 (group 4): group 3 should follow, not group 4",
    );
    check(
        at,
        group,
        FaultKind::IndexGap { expected: 17, found: 20 },
        "entry 17 (group 4): entry 17 should follow, not entry 20",
    );
    check(
        at,
        group,
        FaultKind::CountWrong { expected: 5, found: 4 },
        "entry 17 (group 4): the group says that it has 5 entries and has 4",
    );
    check(
        Some(10),
        None,
        FaultKind::RootMismatch { size: 20, after: 10, from: File },
        "entry 10: the root of the first 20 entries is not that of the checkpoint in the file: \
         an entry from 10 to 19 was altered, removed or moved",
    );
    check(
        None,
        None,
        FaultKind::RootMismatch { size: 20, after: 20, from: Outside },
        "two signed checkpoints of 20 entries differ, and the one from outside is not of this log",
    );
    check(
        None,
        None,
        FaultKind::CheckpointSignature { from: File, line: Some(7), what: "why".to_owned() },
        "a checkpoint in the file, line 7, cannot be believed: why",
    );
    check(
        None,
        None,
        FaultKind::CheckpointSignature { from: Database, line: None, what: "why".to_owned() },
        "a checkpoint in the database cannot be believed: why",
    );
    check(
        Some(90),
        None,
        FaultKind::TailCut { have: 90, expected: 100, from: Outside },
        "entry 90: the log ends after 90 entries, but a checkpoint from outside has 100: the tail was cut",
    );
    check(
        None,
        None,
        FaultKind::Derived { table: "access", row: "12".to_owned(), what: "no entry is behind it".to_owned() },
        "table access, row 12: no entry is behind it",
    );
}
