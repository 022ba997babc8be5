//! Frames as they are sent, and streams that are none.

use super::*;
use proptest::prelude::*;

/// What a stream is, given in one piece; that it is the same in pieces of one byte is checked too.
fn check(stream: &[u8], expected: &[&str]) {
    for step in [stream.len().max(1), 1, 3] {
        let mut decoder = Decoder::new().with_limit(HEAD_BYTES).with_release_2(true);
        stream.chunks(step).for_each(|piece| decoder.push(piece));
        let events: Vec<String> = decoder.map(|event| shown(&event)).collect();
        assert_eq!(events, expected, "in pieces of {step}");
    }
}

fn shown(event: &Event) -> String {
    match event {
        Event::Message(message) => String::from_utf8_lossy(message).into_owned(),
        Event::TooLong { head } => format!("too long, {} kept", head.len()),
        other => format!("{other:?}"),
    }
}

#[test]
fn frames_are_found() {
    check(b"\x0Bone\x1C\x0D", &["one"]);
    check(b"\x0Bone\x1C\x0D\x0Btwo\x1C\x0D", &["one", "two"]);
    check(b"\x0Bone\x1C\x0Btwo\x1C", &["one", "two"]);
    check(b"\x0Bone\x1C\r\n\r\n\x0Btwo\x1C\x0D", &["one", "Junk(3 bytes)", "two"]);
    check(b"junk\x0Bone\x1C\x0D", &["Junk(4 bytes)", "one"]);
    check(b"\x0Bhalf\x0Bone\x1C\x0D", &["Restarted(4 bytes)", "one"]);
    check(b"\x0B\x1C\x0D", &[""]);
    check(b"\x0Bno end", &[]);
    check(b"\x0B\x06\x1C\x0D\x0B\x15\x1C\x0D", &["Commit(true)", "Commit(false)"]);
    check(b"", &[]);
}

#[test]
fn a_message_over_the_limit_is_told_at_once_and_passed_over() {
    let long = [&[VT][..], &vec![b'A'; HEAD_BYTES + 1], &[FS, CR], &frame(b"next")].concat();
    check(&long, &["too long, 4096 kept", "next"]);
    let exact = frame(&vec![b'A'; HEAD_BYTES]);
    let mut decoder = Decoder::new().with_limit(HEAD_BYTES);
    decoder.push(&exact);
    assert!(matches!(decoder.next(), Some(Event::Message(message)) if message.len() == HEAD_BYTES));
}

#[test]
fn streams_of_other_protocols_are_known() {
    for (stream, foreign) in [
        (&b"GET / HTTP/1.1\r\n\r\n"[..], Foreign::Http),
        (b"POST /hl7 HTTP/1.1\r\n", Foreign::Http),
        (b"\x16\x03\x01\x02\x00\x01", Foreign::Tls),
        (b"MSH|^~\\&|PAS", Foreign::Unframed),
    ] {
        let mut decoder = Decoder::new();
        for byte in stream {
            decoder.push(&[*byte]);
        }
        assert_eq!(decoder.next(), Some(Event::Foreign(foreign)), "{}", foreign.text());
        assert_eq!(decoder.next(), None, "told once");
    }
    let mut decoder = Decoder::new();
    (0..JUNK_BYTES_MAX).for_each(|_| decoder.push(b"x"));
    assert_eq!(decoder.next(), Some(Event::Foreign(Foreign::Unknown)));
    // Between messages the same letters are remains of something else.
    let mut decoder = Decoder::new();
    decoder.push(b"\x0Bone\x1C\x0DGET / HTTP\x0Btwo\x1C\x0D");
    assert!(decoder.all(|event| !matches!(event, Event::Foreign(_))));
}

#[test]
fn an_open_frame_is_known_for_the_idle_limit() {
    let mut decoder = Decoder::new();
    assert!(!decoder.is_open());
    decoder.push(b"\x0BMSH");
    assert!(decoder.is_open());
    decoder.push(&[FS]);
    assert!(!decoder.is_open());
}

/// Bytes among which those that matter are frequent.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![3 => Just(VT), 3 => Just(FS), 3 => Just(CR), 1 => Just(b'\n'), 4 => any::<u8>()];
    prop::collection::vec(byte, 0..300)
}

proptest! {
    #[test]
    fn any_split_gives_the_same(stream in stream(), cuts in prop::collection::vec(0usize..300, 0..6)) {
        let mut whole = Decoder::new();
        whole.push(&stream);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let mut pieces = Decoder::new();
        for pair in cuts.windows(2) {
            pieces.push(&stream[pair[0]..pair[1]]);
        }
        prop_assert_eq!(whole.is_open(), pieces.is_open());
        prop_assert_eq!(whole.collect::<Vec<_>>(), pieces.collect::<Vec<_>>());
    }

    #[test]
    fn what_is_framed_comes_back(message in prop::collection::vec(any::<u8>().prop_filter("not a sign", |b| !matches!(*b, VT | FS)), 0..200)) {
        let mut decoder = Decoder::new();
        decoder.push(&frame(&message));
        prop_assert_eq!(decoder.next(), Some(Event::Message(message)));
        prop_assert_eq!(decoder.next(), None);
    }
}
