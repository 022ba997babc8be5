//! Whatever stands in the `Authorization` header of MESH, reading it ends without a panic, and no token is accepted without
//! the key; what we sign is accepted. The same bytes as `Accept` and as the query of an inbox are read or refused, and a
//! query is written as it was read.
#![no_main]

use cpis_format_mesh::{InboxQuery, Token, Version, WorkflowFilter, sign};
use libfuzzer_sys::fuzz_target;

const KEY: &[u8] = b"a key that no file knows";

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(token) = Token::parse(&text) {
        assert!(!token.is_signed(KEY, b"password"), "a token was accepted without the key");
        let own = sign(&token.mailbox, &token.nonce, 7, token.at, bytes, b"password");
        let own = Token::parse(&own).expect("our own token");
        assert!(own.is_signed(bytes, b"password") && own.at == token.at);
    }
    let _ = Version::of_accept(Some(&text));
    if let Ok(filter) = text.parse::<WorkflowFilter>() {
        assert_eq!(filter.to_string(), text);
    }
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    if let Ok(query) = InboxQuery::parse(pairs) {
        let link = query.link(&"X26ABC1".parse().expect("a mailbox id"));
        assert!(link.bytes().all(|byte| byte.is_ascii_graphic()), "a link with odd characters");
    }
});
