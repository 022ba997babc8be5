//! Contents in chunks: each compressed by itself on the way out, undone by itself on the way in.

use crate::MeshError;
use bytes::Bytes;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use std::io::{Read, Write};

/// Splits a content; there is one chunk at least.
pub(crate) fn split(content: &Bytes, chunk_bytes: usize) -> Vec<Bytes> {
    let step = chunk_bytes.max(1);
    let count = content.len().div_ceil(step).max(1);
    (0..count).map(|n| content.slice(n * step..((n + 1) * step).min(content.len()))).collect()
}

/// Compresses a chunk.
pub(crate) fn pack(chunk: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(chunk.len() / 4), Compression::fast());
    // Writing to memory does not fail.
    let _ = encoder.write_all(chunk);
    encoder.finish().unwrap_or_default()
}

/// Undoes it, up to a limit.
pub(crate) fn unpack(chunk: &[u8], bytes_max: usize) -> Result<Vec<u8>, MeshError> {
    let mut unpacked = Vec::new();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let read = MultiGzDecoder::new(chunk).take(limit).read_to_end(&mut unpacked);
    if read.is_err() {
        return Err(MeshError::NotUnderstood("a chunk says that it is gzip and is not"));
    }
    if unpacked.len() > bytes_max {
        return Err(MeshError::NotUnderstood("the content is too large"));
    }
    Ok(unpacked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_is_what_its_chunks_are_together() {
        for (length, step, expected) in [(0, 10, 1), (1, 10, 1), (10, 10, 1), (11, 10, 2), (100, 7, 15), (5, 0, 5)] {
            let content: Bytes = (0..length).map(|n| n as u8).collect::<Vec<_>>().into();
            let chunks = split(&content, step);
            assert_eq!(chunks.len(), expected, "{length} {step}");
            let unpacked = |chunk: &Bytes| unpack(&pack(chunk), 1000).unwrap();
            assert_eq!(chunks.iter().flat_map(unpacked).collect::<Vec<_>>(), content);
        }
        assert!(unpack(b"no gzip", 100).is_err());
        assert!(unpack(&pack(&[0; 101]), 100).is_err());
    }
}
