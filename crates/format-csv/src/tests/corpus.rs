//! Replays the fuzzer's corpus: nothing in it makes the reader panic, nor lose count of a row.

use super::taken;
use std::path::Path;

#[test]
fn the_corpus_is_read_without_panic() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/csv_upload");
    let (mut files, mut read) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        if let Ok(table) = taken(&bytes) {
            let mut lines: Vec<u32> = table.records.iter().map(|record| record.position).collect();
            lines.extend(table.faults.iter().map(|fault| fault.line));
            lines.sort_unstable();
            lines.dedup();
            assert_eq!(lines.len(), table.count as usize);
            read += 1;
        }
        files += 1;
    }
    assert!(files >= 15 && read >= 8, "{files} {read}");
}
