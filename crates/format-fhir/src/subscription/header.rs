//! Headers that a subscriber wants with its notifications: `Name: value`.

use super::fault::{FaultKind, Faults};
use super::node::Node;
use super::{HEADER_BYTES_MAX, HEADERS_MAX};

/// What stands in place of a header's value when a subscription is shown. It is not taken back.
pub const HIDDEN: &str = "********";

/// Headers that are of the connection, of the message or ours (RFC 9110, 7.6.1; RFC 9112).
const REFUSED: [&str; 8] =
    ["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "host", "expect"];
const REFUSED_STARTS: [&str; 3] = ["content-", "proxy-", "cpis-"];

/// Reads the list at this place.
pub fn read(items: &[Node], place: &str, faults: &mut Faults) -> Vec<(String, String)> {
    if items.len() > HEADERS_MAX {
        faults.add(FaultKind::Value, place, "There must not be more than 16 headers");
        return Vec::new();
    }
    let mut headers: Vec<(String, String)> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let place = format!("{place}[{index}]");
        let Node::Text(line) = item else {
            faults.add(FaultKind::Structure, place, "Must be a text");
            continue;
        };
        match check(line) {
            Ok((name, _)) if headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) => {
                faults.add(FaultKind::Value, place, "A header must stand there once");
            }
            Ok((name, value)) => headers.push((name.to_owned(), value.to_owned())),
            Err(what) => faults.add(FaultKind::Value, place, what),
        }
    }
    headers
}

/// Name and value of a header.
fn check(line: &str) -> Result<(&str, &str), &'static str> {
    if line.len() > HEADER_BYTES_MAX {
        return Err("Must not be longer than 4096 bytes");
    }
    let (name, value) = line.split_once(':').ok_or("Must be 'Name: value'")?;
    let value = value.trim_matches([' ', '\t']);
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err("The name of the header must be a token (RFC 9110)");
    }
    if value.is_empty() || !value.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t')) {
        return Err("The value of the header must be printable ASCII");
    }
    if value == HIDDEN {
        return Err("The value was hidden when it was shown: send the value itself");
    }
    let lower = name.to_ascii_lowercase();
    if REFUSED.contains(&lower.as_str()) || REFUSED_STARTS.iter().any(|start| lower.starts_with(start)) {
        return Err("This header is not the subscriber's to send");
    }
    Ok((name, value))
}
