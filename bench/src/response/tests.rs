//! The parser at every boundary, and what it refuses.

use super::*;

fn whole(status: u16, body: Range<usize>, close: bool) -> Parsed {
    Parsed::Whole(Answer { status, body, close })
}

#[test]
fn an_answer_split_at_every_byte_is_partial_until_it_is_whole() {
    let texts: [&[u8]; 4] = [
        b"HTTP/1.1 200 OK\r\ncontent-type: application/fhir+json\r\nCache-Control: no-store\r\nContent-Length: 12\r\n\r\nhello\n\r\n\r\nab",
        b"HTTP/1.1 404 Not Found\r\nCONTENT-LENGTH:0\r\nConnection: Close\r\n\r\n",
        b"HTTP/1.1 200 \r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.1 503\r\ndate: today\r\ncontent-length:  3 \r\nconnection: keep-alive\r\n\r\nabc",
    ];
    for (text, (status, body, close)) in
        texts.into_iter().zip([(200, 12, false), (404, 0, true), (200, 2, false), (503, 3, false)])
    {
        for end in 0..text.len() {
            assert_eq!(parse(&text[..end]), Parsed::Partial, "{end} bytes of {}", text.escape_ascii());
        }
        assert_eq!(parse(text), whole(status, text.len() - body..text.len(), close), "{}", text.escape_ascii());
    }
}

#[test]
fn other_texts_are_malformed() {
    for text in [
        "HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/2",
        "GET / HTTP/1.1\r\n",
        "HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 099 OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\na",
        "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab",
    ] {
        assert_eq!(parse(text.as_bytes()), Parsed::Malformed, "{text:?}");
    }
    let endless = format!("HTTP/1.1 200 OK\r\n{}", "a: b\r\n".repeat(HEAD_BYTES_MAX / 6));
    assert_eq!(parse(endless.as_bytes()), Parsed::Malformed);
}

#[test]
fn a_text_is_found_wherever_it_stands() {
    let mut hint = 0;
    for (body, expected, at) in [
        ("9990000018 and more", true, 0),
        ("...9990000018", true, 3),
        (".. 9990000018 9990000018", true, 3),
        ("999000001", false, 3),
        ("", false, 3),
        ("9990000018", true, 0),
    ] {
        assert_eq!((contains(body.as_bytes(), b"9990000018", &mut hint), hint), (expected, at), "{body}");
    }
    assert!(contains(b"\xff\xfe9990000018", b"9990000018", &mut hint), "bytes that are no text");
}
