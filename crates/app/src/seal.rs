//! Sealing with AES-256-GCM-SIV: what is sealed can be opened only under its key and at its place.
//!
//! A sealed value is nonce (12 bytes), ciphertext, tag (16 bytes). The place (table, column, row) is associated data, so that
//! a value moved to another row does not open.

use crate::effects::{Entropy, random};
use aes_gcm_siv::aead::{Aead, AeadInOut, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// A value that does not open: wrong key, wrong place, or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value cannot be opened")]
pub struct SealError;

/// A key that seals. Leaves memory when dropped; `Debug` shows nothing.
#[derive(Clone)]
pub struct SealKey {
    cipher: Aes256GcmSiv,
    raw: Zeroizing<[u8; KEY_BYTES]>,
}

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey(…)")
    }
}

impl SealKey {
    /// The key of these bytes.
    pub fn new(raw: [u8; KEY_BYTES]) -> Self {
        Self { cipher: Aes256GcmSiv::new(&raw.into()), raw: Zeroizing::new(raw) }
    }

    /// A new random key.
    pub fn random(entropy: &dyn Entropy) -> Self {
        Self::new(random(entropy))
    }

    /// A key from opened bytes.
    pub fn from_slice(raw: &[u8]) -> Result<Self, SealError> {
        Ok(Self::new(raw.try_into().map_err(|_| SealError)?))
    }

    /// The bytes, to be wrapped by another key.
    pub fn raw(&self) -> &[u8; KEY_BYTES] {
        &self.raw
    }

    /// Seals a value at a place.
    pub fn seal(&self, entropy: &dyn Entropy, place: &[u8], value: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = random(entropy);
        let mut sealed = Vec::with_capacity(NONCE_BYTES + value.len() + TAG_BYTES);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(value);
        let (_, text) = sealed.split_at_mut(NONCE_BYTES);
        match self.cipher.encrypt_inout_detached(&Nonce::from(nonce), place, text.into()) {
            Ok(tag) => sealed.extend_from_slice(&tag),
            // Only beyond 2^36 bytes. A nonce alone does not open, so nothing is lost silently, and nothing leaves in the clear.
            Err(_) => sealed.truncate(NONCE_BYTES),
        }
        sealed
    }

    /// Opens a value sealed at this place.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(SealError)?;
        let payload = Payload { msg: text, aad: place };
        self.cipher.decrypt(&Nonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| SealError)
    }

    /// A keyed digest of some parts, each with its length, under this key.
    pub fn digest(&self, parts: &[&[u8]]) -> [u8; 16] {
        keyed_digest(self.raw.as_slice(), parts)
    }
}

/// HMAC-SHA-256 over parts with their lengths, cut to 16 bytes.
pub(crate) fn keyed_digest(key: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    // HMAC takes keys of every length.
    let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(key) else { return [0; 16] };
    for part in parts {
        mac.update(&(part.len() as u32).to_be_bytes());
        mac.update(part);
    }
    let full = mac.finalize().into_bytes();
    let mut cut = [0; 16];
    cut.iter_mut().zip(full).for_each(|(to, from)| *to = from);
    cut
}

/// The place of a column of a row: table, column and the row's key.
pub(crate) fn place(column: &str, row: &[&[u8]]) -> Vec<u8> {
    let mut place = Vec::with_capacity(48);
    place.extend_from_slice(column.as_bytes());
    for part in row {
        place.push(0);
        place.extend_from_slice(part);
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effects::SystemEntropy;

    #[test]
    fn a_value_opens_only_under_its_key_and_at_its_place() {
        let entropy = SystemEntropy::seeded(1);
        let key = SealKey::random(&entropy);
        let sealed = key.seal(&entropy, b"person.number\x001", b"value");
        assert_eq!(key.open(b"person.number\x001", &sealed).unwrap().as_slice(), b"value");
        assert!(key.open(b"person.number\x002", &sealed).is_err());
        assert!(SealKey::random(&entropy).open(b"person.number\x001", &sealed).is_err());
        for byte in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[byte] ^= 1;
            assert!(key.open(b"person.number\x001", &changed).is_err());
        }
        assert!(key.open(b"", &[]).is_err());
        assert_eq!(format!("{key:?}"), "SealKey(…)");
    }

    #[test]
    fn digests_tell_parts_apart() {
        let key = SealKey::new([7; 32]);
        assert_ne!(key.digest(&[b"ab", b"c"]), key.digest(&[b"a", b"bc"]));
        assert_eq!(key.digest(&[b"ab"]), key.digest(&[b"ab"]));
    }
}
