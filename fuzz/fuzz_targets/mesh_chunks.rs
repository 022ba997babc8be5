//! Whatever the headers, reading them ends with a message or its faults, never with a panic, and what is read comes back;
//! whatever the order of chunks, a message is complete once, and only when all of them are there.
//! Input: lines `name: value` are headers, lines `number range encoding` are requests with further chunks.
#![no_main]

use cpis_format_mesh::header::Pair;
use cpis_format_mesh::{Assembly, ChunkRange, Delivered, Envelope, Headers, Progress, Version};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeSet;

/// 2026-06-01T09:00:00Z.
const NOW: i64 = 1_780_304_400;

fuzz_target!(|bytes: &[u8]| {
    let lines = || bytes.split(|byte| *byte == b'\n');
    let headers = Headers::new(lines().filter_map(|line| {
        let colon = line.windows(2).position(|pair| pair == b": ")?;
        Some((std::str::from_utf8(&line[..colon]).ok()?, &line[colon + 2..]))
    }));
    if let Ok(envelope) = Envelope::from_headers(&headers) {
        let pairs = envelope.to_headers(&envelope.to, ChunkRange::WHOLE);
        assert_eq!(Envelope::from_headers(&sent(&pairs)).as_ref(), Ok(&envelope));
        assert_eq!(Envelope::from_json(&envelope.to_json()), Ok(envelope));
    }
    let now = cpis_model::Timestamp::from_second(NOW).expect("a moment");
    let first = Delivered::from_headers(&headers, now).map(|first| first.to_headers(Version::V2));
    if let Some(again) = first.ok().and_then(|pairs| Delivered::from_headers(&sent(&pairs), now).ok()) {
        // What was cleaned once stays as it is.
        assert_eq!(Delivered::from_headers(&sent(&again.to_headers(Version::V1)), now), Ok(again));
    }
    let Ok(mut assembly) = Assembly::begin(ChunkRange::of(&headers), headers.get("content-encoding")) else { return };
    let mut have = BTreeSet::from([1]);
    for line in lines() {
        let line = String::from_utf8_lossy(line);
        let mut words = line.split(' ');
        let Some(number) = words.next().and_then(|word| word.parse().ok()) else { continue };
        if let Ok(progress) = assembly.accept(number, words.next(), words.next()) {
            assert!(have.len() < assembly.total() as usize, "taken after completion");
            have.insert(number);
            assert!(have.iter().all(|number| (1..=assembly.total()).contains(number)));
            assert_eq!(progress == Progress::Complete, have.len() == assembly.total() as usize);
        }
        assert_eq!(assembly.is_complete(), have.len() == assembly.total() as usize);
    }
});

fn sent(pairs: &[Pair]) -> Headers {
    Headers::new(pairs.iter().map(|(name, value)| (*name, value.as_bytes())))
}
