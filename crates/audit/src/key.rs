//! The keys of signed notes (C2SP signed-note, Ed25519 only) and their text form, the `vkey`. Where the seed is kept and how
//! it was drawn is the caller's affair.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::Signer as _;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::text::{from_base64, to_base64};

/// The signature type of Ed25519 notes.
const ED25519: u8 = 0x01;

/// What is wrong with a key: the operator corrects the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Empty, or with white space, control characters or a plus sign.
    #[error("a key name must not be empty nor hold spaces or plus signs")]
    Name,
    /// Not `name+hash+base64`.
    #[error("a verifier key has the form name+hash+base64")]
    Shape,
    /// The key is not an Ed25519 note key, or no usable point of the curve.
    #[error("this is no usable Ed25519 key")]
    Key,
    /// The short hash belongs to another name or key.
    #[error("the hash does not belong to this name and key")]
    Hash,
}

/// Signs checkpoints. The seed leaves memory when the key is dropped, and `Debug` shows the public part alone.
///
/// ```
/// use cpis_audit::{SigningKey, VerifyingKey};
/// let key = SigningKey::from_seed("cpis.example/log", &[1; 32])?;
/// let public: VerifyingKey = key.verifying_key().to_string().parse()?;
/// assert_eq!(&public, key.verifying_key());
/// # Ok::<(), cpis_audit::KeyError>(())
/// ```
#[derive(Clone)]
pub struct SigningKey {
    secret: ed25519_dalek::SigningKey,
    public: VerifyingKey,
}

impl SigningKey {
    /// A key of this name from its 32 secret bytes. The name of a log's key is the log's origin.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let secret = ed25519_dalek::SigningKey::from_bytes(seed);
        let public = VerifyingKey::new(name, secret.verifying_key())?;
        Ok(Self { secret, public })
    }

    /// What verifiers are given.
    pub const fn verifying_key(&self) -> &VerifyingKey {
        &self.public
    }

    /// The name that stands before its signatures.
    pub fn name(&self) -> &str {
        self.public.name()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.secret.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public)
    }
}

/// The public half. `Display` and `FromStr` are the `vkey` text: `name+hash+base64(0x01 ‖ public key)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    name: String,
    id: [u8; 4],
    public: ed25519_dalek::VerifyingKey,
}

impl VerifyingKey {
    fn new(name: &str, public: ed25519_dalek::VerifyingKey) -> Result<Self, KeyError> {
        if !is_key_name(name) {
            return Err(KeyError::Name);
        }
        if public.is_weak() {
            return Err(KeyError::Key);
        }
        let hash = Sha256::new().chain_update(name).chain_update([b'\n', ED25519]).chain_update(public.as_bytes());
        let [a, b, c, d, ..]: [u8; 32] = hash.finalize().into();
        Ok(Self { name: name.to_owned(), id: [a, b, c, d], public })
    }

    /// The name that stands before its signatures.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of `SHA-256(name ‖ "\n" ‖ 0x01 ‖ public key)`.
    pub const fn id(&self) -> [u8; 4] {
        self.id
    }

    /// `verify_strict` also refuses the encodings that RFC 8032 leaves open.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.public.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[ED25519][..], self.public.as_bytes()].concat();
        write!(f, "{}+{:08x}+{}", self.name, u32::from_be_bytes(self.id), to_base64(&key))
    }
}

impl FromStr for VerifyingKey {
    type Err = KeyError;

    fn from_str(vkey: &str) -> Result<Self, KeyError> {
        // base64 may hold plus signs, so only the first two count
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(_id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Shape);
        };
        let bytes = from_base64(key).ok_or(KeyError::Shape)?;
        let Some((&ED25519, public)) = bytes.split_first() else { return Err(KeyError::Key) };
        let public: &[u8; 32] = public.try_into().map_err(|_| KeyError::Key)?;
        let public = ed25519_dalek::VerifyingKey::from_bytes(public).map_err(|_| KeyError::Key)?;
        let read = Self::new(name, public)?;
        if read.to_string() == vkey { Ok(read) } else { Err(KeyError::Hash) }
    }
}

/// Non-empty, without plus signs, spaces of any script and control characters (C2SP signed-note, "Format").
pub(crate) fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c == '+' || c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISHED: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    #[test]
    fn the_published_key_is_read_and_printed() {
        let key: VerifyingKey = PUBLISHED.parse().unwrap();
        assert_eq!((key.name(), key.id()), ("example.com/foo", [0x53, 0x0d, 0x90, 0x3a]));
        assert_eq!(key.to_string(), PUBLISHED);
    }

    #[test]
    fn malformed_keys_are_refused() {
        let key = "AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        let weak = to_base64(&[&[1_u8][..], &[0; 32]].concat());
        for (text, fault) in [
            (String::new(), KeyError::Shape),
            ("example.com/foo".to_owned(), KeyError::Shape),
            ("example.com/foo+530d903a".to_owned(), KeyError::Shape),
            (format!("example.com/foo+530d903a+{key}="), KeyError::Shape),
            (format!("example.com/foo+530d903a+{key}\n"), KeyError::Shape),
            (format!("example.com/foo+530D903A+{key}"), KeyError::Hash),
            (format!("example.com/foo+530d903b+{key}"), KeyError::Hash),
            (format!("example.com/fop+530d903a+{key}"), KeyError::Hash),
            (format!("+530d903a+{key}"), KeyError::Name),
            (format!("example com+530d903a+{key}"), KeyError::Name),
            (format!("example\u{2003}com+530d903a+{key}"), KeyError::Name),
            (format!("a\u{7}+530d903a+{key}"), KeyError::Name),
            ("example.com/foo+530d903a+".to_owned(), KeyError::Key),
            ("example.com/foo+530d903a+AQ==".to_owned(), KeyError::Key),
            (PUBLISHED.replace("+Aeky", "+Beky"), KeyError::Key),
            (format!("example.com/foo+530d903a+{weak}"), KeyError::Key),
        ] {
            assert_eq!(text.parse::<VerifyingKey>(), Err(fault), "{text:?}");
        }
    }

    #[test]
    fn a_signing_key_does_not_print_its_seed() {
        let key = SigningKey::from_seed("cpis.example/log", &[0x42; 32]).unwrap();
        assert_eq!(format!("{key:?}"), format!("SigningKey({})", key.verifying_key()));
        assert!(matches!(SigningKey::from_seed("a+b", &[0; 32]), Err(KeyError::Name)));
    }
}
