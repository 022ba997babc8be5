//! Whatever the bytes, reading an answer to the national query ends; no fault repeats what was sent, and "no record" comes only of an
//! answer that says so.
#![no_main]

use cpis_format_hl7v3::soap::{Reply, decode_reply};
use cpis_model::Uuid;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let question = Uuid::from_u128(0x5C3E_0B5A_6F2D_4E0C_9A41_0D3B_7C1E_2F10);
    let number = "9990000018".parse().expect("a number of the test range");
    if let Ok(Reply::NotFound) = decode_reply(bytes, question, number) {
        let said = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
        assert!(said(b"QUQI_IN010000UK14"));
    }
});
