//! Whatever the stream and however the network splits it, the same frames are found, none is longer than the limit, and what is
//! put into a frame comes back.
//! Input: the first byte says how long the pieces are, the rest is the stream.
#![no_main]

use cpis_format_hl7v2::mllp::{Decoder, Event, HEAD_BYTES, frame};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((step, stream)) = bytes.split_first() else { return };
    let decoder = || Decoder::new().with_limit(HEAD_BYTES).with_release_2(step % 2 == 0);
    let mut whole = decoder();
    whole.push(stream);
    let mut pieces = decoder();
    for piece in stream.chunks(usize::from(*step).max(1)) {
        pieces.push(piece);
    }
    assert_eq!(whole.is_open(), pieces.is_open());
    let events: Vec<Event> = whole.collect();
    assert_eq!(events, pieces.collect::<Vec<_>>());
    for event in events {
        if let Event::Message(message) = event {
            assert!(message.len() <= HEAD_BYTES);
            let mut again = Decoder::new();
            again.push(&frame(&message));
            assert_eq!(again.next(), Some(Event::Message(message)));
        }
    }
});
