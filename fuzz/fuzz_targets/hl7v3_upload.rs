//! Whatever the bytes, reading an upload ends, in both modes, with its records and rejections or with the faults of the
//! file, never with a panic; and no record is lost: each is either read or rejected.
#![no_main]

use cpis_format_hl7v3::{Mode, decode, head, record_bytes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for mode in [Mode::Lenient, Mode::Strict] {
        if let Ok(decoded) = decode(bytes, mode) {
            let mut places: Vec<u32> = decoded.records.iter().map(|record| record.position).collect();
            places.extend(decoded.rejections.iter().map(|rejection| rejection.position));
            places.sort_unstable();
            places.dedup();
            assert!(places.into_iter().eq(1..=decoded.count));
        }
    }
    let _ = head(bytes);
    let _ = record_bytes(bytes, &[1, 2, 3]);
});
