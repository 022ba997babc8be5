//! The text in which a proof travels (C2SP tlog-proof): the entry's index, its leaf, the inclusion proof and the signed
//! checkpoint, checked offline with nothing but the log's public key.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::checkpoint::{Checkpoint, CheckpointError, parse_signed};
use crate::key::VerifyingKey;
use crate::leaf::Hash;
use crate::note::NOTE_BYTES_MAX;
use crate::proof::{ProofError, verify_inclusion};
use crate::text::{decimal, hash_from_base64, to_base64};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
/// No log has more levels.
const HASHES_MAX: usize = 63;
/// A checkpoint and 63 short lines.
const PROOF_BYTES_MAX: usize = NOTE_BYTES_MAX + 4096;

/// Why a text proves nothing.
#[derive(Debug, Error)]
pub enum ProofTextError {
    /// The text does not follow the format, or is too long.
    #[error("the proof is malformed: {0}")]
    Malformed(&'static str),
    /// The checkpoint in it may not be believed.
    #[error("the checkpoint in the proof does not hold")]
    Checkpoint(#[from] CheckpointError),
    /// The entry is not in the log of that checkpoint.
    #[error("the entry is not proven to be in the log")]
    Proof(#[from] ProofError),
}

/// A proof that an entry is in the log. The leaf stands in the `extra` line, which the format leaves to the application;
/// without the leaf nothing could be checked. Whoever holds the entry and its salt also compares [`crate::leaf_hash`].
///
/// ```
/// use cpis_audit::{Checkpoint, ProofText, SigningKey, leaf_hash, root_of};
/// let key = SigningKey::from_seed("cpis.example/log", &[1; 32])?;
/// let leaves = [leaf_hash(&[1; 16], b"one"), leaf_hash(&[2; 16], b"two")];
/// let note = Checkpoint::new("cpis.example/log", 2, root_of(leaves)).sign(&key)?;
/// let proof = ProofText { index: 1, leaf: leaves[1], hashes: vec![leaves[0]], note };
///
/// let read: ProofText = proof.to_string().parse()?;
/// assert_eq!(read.leaf, leaf_hash(&[2; 16], b"two"));
/// assert_eq!(read.verify(&[key.verifying_key().clone()])?.size, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofText {
    /// Which entry, from 0.
    pub index: u64,
    /// Its leaf hash.
    pub leaf: Hash,
    /// The inclusion proof, from the leaf's sibling upwards.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint; it names the log, its size and its root.
    pub note: String,
}

impl ProofText {
    /// The checkpoint under which the entry is proven to be entry `index` of the log.
    pub fn verify(&self, keys: &[VerifyingKey]) -> Result<Checkpoint, ProofTextError> {
        let checkpoint = parse_signed(&self.note, keys)?;
        verify_inclusion(&self.leaf, self.index, checkpoint.size, &self.hashes, &checkpoint.root)?;
        Ok(checkpoint)
    }
}

impl fmt::Display for ProofText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}\nextra {}\nindex {}", to_base64(&self.leaf), self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", to_base64(hash)))?;
        write!(f, "\n{}", self.note)
    }
}

impl FromStr for ProofText {
    type Err = ProofTextError;

    /// Reads the parts; [`ProofText::verify`] says whether they hold.
    fn from_str(text: &str) -> Result<Self, ProofTextError> {
        use ProofTextError::Malformed;
        if text.len() > PROOF_BYTES_MAX {
            return Err(Malformed("it is too long"));
        }
        let (head, note) = text.split_once("\n\n").ok_or(Malformed("there is no checkpoint"))?;
        let mut lines = head.split('\n');
        lines.next().filter(|line| *line == FIRST_LINE).ok_or(Malformed("it does not begin as a proof"))?;
        let extra = lines.next().and_then(|line| line.strip_prefix("extra "));
        let leaf = extra.and_then(hash_from_base64).ok_or(Malformed("there is no leaf hash"))?;
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = index.and_then(decimal).ok_or(Malformed("there is no index"))?;
        let hashes: Option<Vec<Hash>> = lines.take(HASHES_MAX + 1).map(hash_from_base64).collect();
        let hashes = hashes.filter(|hashes| hashes.len() <= HASHES_MAX);
        let hashes = hashes.ok_or(Malformed("the hashes cannot be read"))?;
        Ok(Self { index, leaf, hashes, note: note.to_owned() })
    }
}

#[cfg(test)]
mod tests;
