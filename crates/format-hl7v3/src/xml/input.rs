//! From bytes to text: size, encoding and the characters that XML allows.

use crate::fault::Broken;
use cpis_model::upload::UPLOAD_BYTES_MAX;

const SCAN_BYTES: usize = 4096;

/// The text of a file without its byte order mark.
pub(super) fn text(bytes: &[u8]) -> Result<&str, Broken> {
    if bytes.len() > UPLOAD_BYTES_MAX {
        return Err(Broken::at(&[], 0, "the file is larger than 200 MiB").limit());
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if [&b"\xff\xfe"[..], b"\xfe\xff", b"<\0", b"\0"].into_iter().any(|start| bytes.starts_with(start)) {
        return Err(Broken::at(&[], 0, "the file is in UTF-16 or UTF-32; it has to be in UTF-8"));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Broken::at(bytes, error.valid_up_to(), "the file is not in UTF-8"))?;
    if text.starts_with('\u{feff}') {
        return Err(Broken::at(bytes, 0, "a second byte order mark stands before the document"));
    }
    // Bytes instead of truth values and no early stop: this is reckoned many bytes at a time.
    let odd = |byte: u8| {
        let blank = u8::from(byte == b'\t') | u8::from(byte == b'\n') | u8::from(byte == b'\r');
        (u8::from(byte < 0x20) ^ blank) | u8::from(byte == 0xef)
    };
    let suspicious = |chunk: &[u8]| chunk.iter().fold(0, |found, byte| found | odd(*byte)) > 0;
    // Only a chunk with a control character or a byte that begins U+FFFE is looked at closely.
    for (place, chunk) in bytes.chunks(SCAN_BYTES).enumerate().filter(|(_, chunk)| suspicious(chunk)) {
        let start = place * SCAN_BYTES;
        for (within, byte) in chunk.iter().enumerate() {
            let noncharacter = *byte == 0xef
                && bytes.get(start + within..).is_some_and(|rest| {
                    rest.starts_with("\u{fffe}".as_bytes()) || rest.starts_with("\u{ffff}".as_bytes())
                });
            if noncharacter || (*byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')) {
                return Err(Broken::at(bytes, start + within, "a character that XML does not allow"));
            }
        }
    }
    Ok(text)
}
