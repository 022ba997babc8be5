//! Whatever the bytes, reading a control file of MESH ends with a file or its faults, never with a panic; what is read is
//! written and read again as it was; and what can be sent has a recipient and a workflow.
#![no_main]

use cpis_format_mesh::ControlFile;
use libfuzzer_sys::fuzz_target;

/// 2026-06-01T09:00:00Z.
const NOW: i64 = 1_780_304_400;

fuzz_target!(|bytes: &[u8]| {
    let Ok(file) = ControlFile::read(bytes) else { return };
    assert!(ControlFile::read(&file.write()).as_ref() == Ok(&file));
    if let Ok(envelope) = file.envelope() {
        assert!(file.to.is_some() && !envelope.workflow.is_empty());
    }
    let now = cpis_model::Timestamp::from_second(NOW).expect("a moment");
    let _ = file.delivered(&"A1".parse().expect("a message id"), now);
});
