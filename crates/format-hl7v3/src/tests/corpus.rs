//! Replays the fuzzer's corpus: nothing in it makes the decoder panic, nor lose count of a record.

use crate::{Mode, decode, head, record_bytes};
use std::path::Path;

#[test]
fn the_corpus_is_read_without_panic() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/hl7v3_upload");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for mode in [Mode::Lenient, Mode::Strict] {
            let Ok(decoded) = decode(&bytes, mode) else { continue };
            let mut places: Vec<u32> = decoded.records.iter().map(|record| record.position).collect();
            places.extend(decoded.rejections.iter().map(|rejection| rejection.position));
            places.sort_unstable();
            places.dedup();
            assert_eq!(places, (1..=decoded.count).collect::<Vec<_>>());
        }
        let _ = (head(&bytes), record_bytes(&bytes, &[1, 2, 3]));
        files += 1;
    }
    assert!(files >= 15, "{files}");
}
