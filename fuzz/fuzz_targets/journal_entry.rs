//! Bytes of a journal row or an entry: reading them never panics, and what reads is canonical.
#![no_main]

use cpis_app::{codec, frame};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for found in frame::frames(bytes, 0) {
        if found.is_err() {
            break;
        }
    }
    if let Ok(entry) = codec::decode(bytes) {
        assert_eq!(codec::encode(&entry), bytes);
    }
    let _ = codec::decode_person(bytes);
    let _ = codec::decode_caller(bytes);
    let _ = codec::decode_register(bytes);
    let _ = codec::decode_acknowledgement(bytes);
});
