//! Whatever the bytes, reading a question of the national query ends with the question or with all its faults; what is read is
//! written and read again as it was.
#![no_main]

use cpis_format_hl7v3::soap::{Ask, QUERY, action, decode_query, query_xml};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = decode_query(bytes, None);
    let Ok(query) = decode_query(bytes, Some(&action(QUERY))) else { return };
    let written = query_xml(&Ask {
        message: query.head.message,
        made: cpis_model::Timestamp::UNIX_EPOCH,
        to: "",
        from: "",
        receiver: &query.head.receiver,
        sender: &query.head.sender,
        event: query.event,
        author: &query.author,
        number: query.number,
        declared: query.declared,
    });
    let again = decode_query(&written, Some(&action(QUERY))).expect("what is written can be read");
    assert_eq!((again.event, again.number, again.declared), (query.event, query.number, query.declared));
});
