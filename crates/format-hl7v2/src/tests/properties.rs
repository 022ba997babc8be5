//! Whatever the bytes, nothing panics; what is escaped comes back; nothing personal shows.

use super::deviations::{ARRIVAL, MERGE, now};
use super::{adt, profile, wire};
use crate::ack::{self, Outcome};
use crate::delimiters::Delimiters;
use crate::escape::{escape, unescape};
use crate::{Profile, Received, read, should_ask};
use proptest::prelude::*;

/// A message that is as it should be but for some bytes.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let base = prop_oneof![Just(ARRIVAL), Just(MERGE)];
    let byte = prop_oneof![Just(b'|'), Just(b'^'), Just(b'~'), Just(b'\\'), Just(b'&'), Just(b'\r'), any::<u8>()];
    (base, prop::collection::vec((any::<prop::sample::Index>(), byte, 0u8..3), 0..8)).prop_map(|(base, edits)| {
        let mut bytes = wire(base);
        for (place, byte, kind) in edits {
            let place = place.index(bytes.len());
            match kind {
                0 => bytes[place] = byte,
                1 => bytes.insert(place, byte),
                _ => {
                    bytes.remove(place);
                }
            }
        }
        bytes
    })
}

fn read_and_answer(bytes: &[u8], profile: &Profile) {
    let (header, outcome) = match read(bytes, profile) {
        Ok(Received::Adt(adt)) => {
            let _ = should_ask(&adt, profile, now());
            (Some(adt.header), Outcome::Accepted)
        }
        Ok(Received::Other(header) | Received::Own(header)) => (Some(*header), Outcome::Accepted),
        Ok(Received::Acknowledgement(_)) => return,
        Err(refused) => (refused.header.map(|header| *header), Outcome::refused(refused.why)),
    };
    for answer in ack::answers(header.as_ref(), outcome, profile, now(), || "G1".to_owned()) {
        assert!(ack::read(&answer).expect("our answers are acknowledgements").code.is_some());
        let Some(header) = &header else { continue };
        // Byte for byte, in the set in which the message came.
        let sign = header.delimiters.field as u8;
        let start = answer.windows(4).rposition(|four| four == b"\rMSA").unwrap();
        let id = answer[start + 1..].split(|byte| *byte == sign || *byte == b'\r').nth(2).unwrap_or_default();
        assert_eq!(id, header.charset.encode(&header.control_id.replace(['\u{b}', '\u{1c}'], "")));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read_and_answer(&bytes, &profile());
        read_and_answer(&[b"MSH|^~\\&|".as_slice(), &bytes].concat(), &profile());
    }

    #[test]
    fn a_damaged_message_is_read_or_refused(bytes in damaged()) {
        read_and_answer(&bytes, &profile());
    }

    #[test]
    fn what_is_escaped_comes_back(text in "[ -~áéñŁ]{0,40}", signs in prop::sample::subsequence(vec!['|', '^', '~', '\\', '&', '*', '@', '#'], 5)) {
        let delimiters = Delimiters {
            field: signs[0],
            component: signs[1],
            repetition: Some(signs[2]),
            escape: Some(signs[3]),
            subcomponent: Some(signs[4]),
        };
        let written = escape(&text, &delimiters);
        prop_assert!(!written.contains([signs[0], signs[1], signs[2], signs[4]]));
        prop_assert_eq!(unescape(&written, &delimiters), text);
    }
}

#[test]
fn debug_shows_nothing_personal() {
    let secrets = ["TESTCHILD", "SAMUEL", "9990417008", "L4410021", "2019", "AE1", "ZZ99", "9990417040", "L4399016"];
    let address = ARRIVAL.replace("20190722|M|||||", "20190722|M|||1 SAMPLE STREET^^TESTVILLE^^ZZ99 3WZ||");
    for text in [ARRIVAL, MERGE, &address] {
        let adt = adt(text, &profile());
        let shown = format!("{adt:?} {:?}", should_ask(&adt, &profile(), now()));
        for secret in secrets {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
}

#[test]
fn every_profile_that_says_nothing_is_the_default() {
    assert_eq!(Profile::from_toml("").unwrap(), Profile::default());
    assert_eq!(Profile::default().name, "default");
}

#[test]
fn a_profile_that_cannot_be_is_refused_with_a_reason() {
    for (toml, reason) in [
        ("nmae = \"x\"", "unknown field"),
        ("triggers = [\"A08\"]", "A08 cannot be a trigger: it begins no visit"),
        (
            "[number]\nunlabelled_fields = [7]",
            "PID-7 cannot hold an NHS number without a label: 2, 3, 4 or 19 are possible",
        ),
        ("hours_past_max = -1", "hours_past_max must be at least 0"),
        ("setting = \"X9\"", "this code is not in the table of care settings"),
        ("time_zone = \"Mars\"", "unknown variant"),
        ("[classes]\nE = \"maybe\"", "unknown variant"),
        ("not toml", "the profile cannot be read"),
    ] {
        let fault = Profile::from_toml(toml).unwrap_err().to_string();
        assert!(fault.contains(reason), "{toml}: {fault}");
    }
}
