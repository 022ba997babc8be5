//! Replays the fuzzer's corpora: nothing in them makes a reader panic, and what is read is read again as it was.

use super::{at, sent};
use crate::{Assembly, ChunkRange, ControlFile, Delivered, Envelope, Headers, Token, Version, sign};
use std::path::Path;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

#[test]
fn no_token_of_the_corpus_is_signed_without_the_key() {
    let files = corpus("mesh_authorization");
    let tokens: Vec<Token> =
        files.iter().filter_map(|file| Token::parse(&String::from_utf8_lossy(file)).ok()).collect();
    for token in &tokens {
        assert!(!token.is_signed(b"a key that no file knows", b"password"));
        let own = sign(&token.mailbox, &token.nonce, 7, token.at, b"key", b"password");
        assert!(Token::parse(&own).unwrap().is_signed(b"key", b"password"));
    }
    assert!(files.len() >= 8 && tokens.len() >= 4, "{} {}", files.len(), tokens.len());
}

#[test]
fn chunks_and_headers_of_the_corpus_are_read() {
    let (mut files, mut complete, mut envelopes, mut delivered) = (0, 0, 0, 0);
    for file in corpus("mesh_chunks") {
        let lines = || file.split(|byte| *byte == b'\n');
        let pairs = lines().filter_map(|line| {
            let colon = line.windows(2).position(|pair| pair == b": ")?;
            Some((std::str::from_utf8(&line[..colon]).ok()?, &line[colon + 2..]))
        });
        let headers = Headers::new(pairs);
        if let Ok(envelope) = Envelope::from_headers(&headers) {
            let pairs = envelope.to_headers(&envelope.to, ChunkRange::WHOLE);
            assert_eq!(Envelope::from_headers(&sent(&pairs)), Ok(envelope));
            envelopes += 1;
        }
        let now = at("2026-06-01T09:00:00Z");
        if let Ok(first) = Delivered::from_headers(&headers, now) {
            let again = Delivered::from_headers(&sent(&first.to_headers(Version::V2)), now).unwrap();
            assert_eq!(Delivered::from_headers(&sent(&again.to_headers(Version::V1)), now), Ok(again));
            delivered += 1;
        }
        if let Ok(mut assembly) = Assembly::begin(ChunkRange::of(&headers), headers.get("content-encoding")) {
            for line in lines() {
                let line = String::from_utf8_lossy(line);
                let mut words = line.split(' ');
                if let Some(number) = words.next().and_then(|word| word.parse().ok()) {
                    let _ = assembly.accept(number, words.next(), words.next());
                }
            }
            complete += usize::from(assembly.is_complete());
        }
        files += 1;
    }
    assert!(
        files >= 8 && complete >= 2 && envelopes >= 3 && delivered >= 2,
        "{files} {complete} {envelopes} {delivered}"
    );
}

#[test]
fn control_files_of_the_corpus_are_read_or_refused() {
    let files = corpus("mesh_control_file");
    let read: Vec<ControlFile> = files.iter().filter_map(|file| ControlFile::read(file).ok()).collect();
    for file in &read {
        assert!(ControlFile::read(&file.write()).as_ref() == Ok(file));
    }
    assert!(files.len() >= 8 && read.len() >= 4, "{} {}", files.len(), read.len());
}
