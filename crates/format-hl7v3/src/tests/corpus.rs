//! Replays the fuzzer's corpus: nothing in it makes the decoder panic, nor lose count of a record.

use crate::soap::{Reply, action, decode_query, decode_reply};
use crate::{Mode, decode, head, record_bytes};
use cpis_model::Uuid;
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

#[test]
fn the_corpora_of_questions_and_answers_are_read_without_panic() {
    let corpus = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
        std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
            .collect::<Vec<_>>()
    };
    let (questions, answers) = (corpus("soap_query"), corpus("soap_answer"));
    assert!(questions.len() >= 8 && answers.len() >= 8, "{} {}", questions.len(), answers.len());
    let mut read = 0;
    for bytes in &questions {
        read += usize::from(decode_query(bytes, Some(&action(crate::soap::QUERY))).is_ok());
        let _ = decode_query(bytes, None);
    }
    assert!(read >= 3, "{read}");
    let (question, number) =
        (Uuid::from_u128(0x5C3E_0B5A_6F2D_4E0C_9A41_0D3B_7C1E_2F10), "9990000018".parse().unwrap());
    let found = answers.iter().filter(|bytes| matches!(decode_reply(bytes, question, number), Ok(Reply::Found { .. })));
    assert!(found.count() >= 2);
}
