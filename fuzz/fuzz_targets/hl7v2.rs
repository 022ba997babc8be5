//! Whatever the bytes, a message is read or refused, a decision is made, and what is answered is an acknowledgement of this
//! message, in one frame, with its control id byte for byte.
//! Input: a message without its frame; a line feed may stand for each end of a segment.
#![no_main]

use cpis_format_hl7v2::{Outcome, Profile, Received, ack, answers, read, should_ask};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static PROFILE: LazyLock<Profile> = LazyLock::new(|| {
    let toml = "test_numbers = true\na08_is_arrival = true\nprocessing_ids = [\"P\", \"T\"]\n[number]\nunlabelled_fields = [2, 19]";
    Profile::from_toml(toml).expect("a profile")
});
/// 2026-03-14T18:32:06Z.
const NOW: i64 = 1_773_513_126;

fuzz_target!(|bytes: &[u8]| {
    let now = cpis_model::Timestamp::from_second(NOW).expect("a moment");
    let (header, outcome) = match read(bytes, &PROFILE) {
        Ok(Received::Adt(adt)) => {
            let _ = should_ask(&adt, &PROFILE, now);
            let _ = format!("{adt:?}");
            (Some(adt.header), Outcome::Accepted)
        }
        Ok(Received::Other(header) | Received::Own(header)) => (Some(*header), Outcome::Accepted),
        Ok(Received::Acknowledgement(_)) => return,
        Err(refused) => (refused.header.map(|header| *header), Outcome::refused(refused.why)),
    };
    for answer in answers(header.as_ref(), outcome, &PROFILE, now, || "G1".to_owned()) {
        assert!(!answer.iter().any(|byte| matches!(byte, 0x0B | 0x1C)));
        let read = ack::read(&answer).expect("our answers are acknowledgements");
        assert!(read.code.is_some());
        let Some(header) = &header else { continue };
        // Byte for byte, in the set in which the message came; what is left of an answer may be of another one.
        let sign = header.delimiters.field as u8;
        let start = answer.windows(4).rposition(|four| four == [b'\r', b'M', b'S', b'A']).expect("MSA");
        let id = answer[start + 1..].split(|byte| *byte == sign || *byte == b'\r').nth(2).unwrap_or_default();
        assert_eq!(id, header.charset.encode(&header.control_id.replace(['\u{b}', '\u{1c}'], "")));
    }
});
