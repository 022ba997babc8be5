//! What is hashed: the leaf of one entry, the inner node, the empty tree (RFC 6962 §2.1). The tree's shape is in `tree`; how
//! an entry becomes bytes is the caller's affair.

use std::fmt;

use sha2::{Digest, Sha256};

/// A SHA-256 hash: a leaf, an inner node or a root.
pub type Hash = [u8; 32];

/// The 128 random bits that are hashed before an entry, so that nobody can guess the entry from its published leaf.
/// It is sealed with the entry, and `Debug` never shows it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt([u8; 16]);

impl Salt {
    /// Takes 16 random bytes; where they come from is the caller's affair.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, for sealing and for [`leaf_hash`].
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl From<[u8; 16]> for Salt {
    fn from(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}

/// The leaf of an entry: `SHA-256(0x00 ‖ salt ‖ plaintext)`, which is the RFC 6962 leaf hash of `salt ‖ plaintext`.
///
/// ```
/// use cpis_audit::{leaf_hash, rfc6962_leaf};
/// let salt = [7; 16];
/// let data = [&salt[..], b"entry"].concat();
/// assert_eq!(leaf_hash(&salt, b"entry"), rfc6962_leaf(&data));
/// ```
pub fn leaf_hash(salt: &[u8; 16], plaintext: &[u8]) -> Hash {
    Sha256::new().chain_update([0x00]).chain_update(salt).chain_update(plaintext).finalize().into()
}

/// The RFC 6962 leaf hash of any data: `SHA-256(0x00 ‖ data)`.
///
/// ```
/// let leaf = cpis_audit::rfc6962_leaf(b"");
/// assert_eq!(leaf[..4], [0x6e, 0x34, 0x0b, 0x9c]);
/// ```
pub fn rfc6962_leaf(data: &[u8]) -> Hash {
    Sha256::new().chain_update([0x00]).chain_update(data).finalize().into()
}

/// The hash of an inner node: `SHA-256(0x01 ‖ left ‖ right)`.
///
/// ```
/// use cpis_audit::{node_hash, rfc6962_leaf, root_of};
/// let (a, b) = (rfc6962_leaf(b"a"), rfc6962_leaf(b"b"));
/// assert_eq!(node_hash(&a, &b), root_of([a, b]));
/// ```
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([0x01]).chain_update(left).chain_update(right).finalize().into()
}

/// The root of a log without entries: SHA-256 of nothing.
///
/// ```
/// assert_eq!(cpis_audit::empty_root()[..4], [0xe3, 0xb0, 0xc4, 0x42]);
/// ```
pub fn empty_root() -> Hash {
    Sha256::new().finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_salt_does_not_print_itself() {
        assert_eq!(format!("{:?}", Salt::new([0xab; 16])), "Salt(..)");
    }

    #[test]
    fn salt_and_text_are_both_hashed() {
        let base = leaf_hash(&[1; 16], b"entry");
        assert_ne!(base, leaf_hash(&[2; 16], b"entry"));
        assert_ne!(base, leaf_hash(&[1; 16], b"entrz"));
    }

    #[test]
    fn a_leaf_is_never_a_node() {
        let (a, b) = ([1; 32], [2; 32]);
        assert_ne!(rfc6962_leaf(&[a, b].concat()), node_hash(&a, &b));
    }
}
