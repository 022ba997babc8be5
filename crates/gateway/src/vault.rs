//! What seals the gateway's file: a key from a file of its own, one part of it for values and one for look-ups.

use cpis_app::seal::{KEY_BYTES, SealError, SealKey};
use cpis_app::{Entropy, SystemEntropy};
use hkdf::Hkdf;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;
use zeroize::Zeroizing;

/// A keyed digest: the same person or visit has the same one, and nobody can tell whose it is without the key.
pub type Key = [u8; 16];

/// Characters of a key file: 32 bytes in hexadecimal.
const TEXT_CHARACTERS: usize = KEY_BYTES * 2;

/// What is wrong with a key file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must hold one line of {TEXT_CHARACTERS} hexadecimal digits, as `cpis gateway key` writes it")]
pub struct VaultError;

/// Seals values and makes digests.
pub struct Vault {
    values: SealKey,
    digests: SealKey,
    entropy: Box<dyn Entropy>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(…)")
    }
}

impl Vault {
    /// The text of a new key file.
    pub fn new_text(entropy: &dyn Entropy) -> Zeroizing<String> {
        let mut raw = Zeroizing::new([0; KEY_BYTES]);
        entropy.fill(raw.as_mut_slice());
        let mut text = Zeroizing::new(String::with_capacity(TEXT_CHARACTERS + 1));
        for byte in raw.iter() {
            for half in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(half), 16).unwrap_or('0'));
            }
        }
        text.push('\n');
        text
    }

    /// From a key file's text.
    pub fn parse(text: &str, entropy: SystemEntropy) -> Result<Self, VaultError> {
        let text = text.trim();
        if text.len() != TEXT_CHARACTERS {
            return Err(VaultError);
        }
        let mut raw = Zeroizing::new([0_u8; KEY_BYTES]);
        for (byte, pair) in raw.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digit = |at: usize| pair.get(at).and_then(|&digit| char::from(digit).to_digit(16));
            let (Some(high), Some(low)) = (digit(0), digit(1)) else { return Err(VaultError) };
            *byte = (high * 16 + low) as u8;
        }
        let derived = |purpose: &[u8]| {
            let mut key = [0; KEY_BYTES];
            // Fails only for lengths beyond 255 blocks.
            Hkdf::<Sha256>::new(None, raw.as_slice()).expand(purpose, &mut key).map_err(|_| VaultError)?;
            Ok(SealKey::new(key))
        };
        Ok(Self {
            values: derived(b"cpis gateway values")?,
            digests: derived(b"cpis gateway digests")?,
            entropy: Box::new(entropy),
        })
    }

    /// The digest of some parts, for a purpose.
    pub fn digest(&self, purpose: &str, parts: &[&str]) -> Key {
        let all: Vec<&[u8]> = std::iter::once(purpose).chain(parts.iter().copied()).map(str::as_bytes).collect();
        self.digests.digest(&all)
    }

    /// The digest of bytes, for a purpose.
    pub fn digest_bytes(&self, purpose: &str, parts: &[&[u8]]) -> Key {
        let all: Vec<&[u8]> = std::iter::once(purpose.as_bytes()).chain(parts.iter().copied()).collect();
        self.digests.digest(&all)
    }

    /// Seals bytes: what stands in a column of a row opens there alone.
    pub fn seal(&self, column: &str, row: &[u8], value: &[u8]) -> Vec<u8> {
        self.values.seal(self.entropy.as_ref(), &place(column, row), value)
    }

    /// Opens bytes.
    pub fn open(&self, column: &str, row: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        self.values.open(&place(column, row), sealed)
    }

    /// Seals a value of a type with a form of its own.
    pub fn seal_value(&self, column: &str, row: &[u8], value: &impl Serialize) -> Vec<u8> {
        // Our own forms always have a JSON; an empty text would not open as one, so nothing is lost silently.
        let text = Zeroizing::new(serde_json::to_vec(value).unwrap_or_default());
        self.seal(column, row, &text)
    }

    /// Opens such a value.
    pub fn open_value<T: DeserializeOwned>(&self, column: &str, row: &[u8], sealed: &[u8]) -> Result<T, SealError> {
        serde_json::from_slice(&self.open(column, row, sealed)?).map_err(|_| SealError)
    }
}

fn place(column: &str, row: &[u8]) -> Vec<u8> {
    [b"gateway.", column.as_bytes(), &[0], row].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entropy() -> SystemEntropy {
        SystemEntropy::new().unwrap()
    }

    #[test]
    fn what_is_sealed_opens_at_its_place_under_its_key_alone() {
        let text = Vault::new_text(&entropy());
        let vault = Vault::parse(&text, entropy()).unwrap();
        let sealed = vault.seal_value("person", b"1", &"Robin");
        assert_eq!(vault.open_value::<String>("person", b"1", &sealed).unwrap(), "Robin");
        assert!(vault.open_value::<String>("person", b"2", &sealed).is_err());
        assert!(vault.open_value::<String>("visit", b"1", &sealed).is_err());
        let other = Vault::parse(&Vault::new_text(&entropy()), entropy()).unwrap();
        assert!(other.open_value::<String>("person", b"1", &sealed).is_err());
        assert_ne!(vault.digest("person", &["a", "b"]), vault.digest("person", &["ab", ""]));
        assert_ne!(vault.digest("person", &["a"]), vault.digest("visit", &["a"]));
        assert_ne!(vault.digest("person", &["a"]), other.digest("person", &["a"]));
        assert_eq!(format!("{vault:?}"), "Vault(…)");
    }

    #[test]
    fn a_text_that_is_no_key_is_refused() {
        for text in ["", "00", &"g".repeat(64), &"0".repeat(63), &"é".repeat(32)] {
            assert_eq!(Vault::parse(text, entropy()).err(), Some(VaultError), "{text}");
        }
    }
}
