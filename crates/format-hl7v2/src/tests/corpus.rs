//! Replays the fuzzers' corpora: nothing in them makes a reader panic.

use super::deviations::now;
use super::profile;
use crate::mllp::{Decoder, HEAD_BYTES};
use crate::{Received, read, should_ask};
use std::fs;
use std::path::Path;

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
    let files = fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    let files: Vec<_> = files.collect();
    assert!(files.len() >= 10, "the corpus is there");
    files
}

#[test]
fn messages_of_the_corpus_are_read_or_refused() {
    let profile = profile();
    let mut read_ones = 0;
    for bytes in corpus("hl7v2") {
        if let Ok(Received::Adt(adt)) = read(&bytes, &profile) {
            should_ask(&adt, &profile, now());
            read_ones += 1;
        }
    }
    assert!(read_ones >= 15);
}

#[test]
fn streams_of_the_corpus_give_the_same_however_they_are_split() {
    for bytes in corpus("mllp") {
        let decoder = || Decoder::new().with_limit(HEAD_BYTES).with_release_2(true);
        let (mut whole, mut pieces) = (decoder(), decoder());
        whole.push(&bytes[1..]);
        bytes[1..].chunks(usize::from(bytes[0])).for_each(|piece| pieces.push(piece));
        assert_eq!(whole.collect::<Vec<_>>(), pieces.collect::<Vec<_>>());
    }
}
