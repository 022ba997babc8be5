//! The key ring among several people: split into shares of which any k make it again, and fewer tell nothing (Shamir's secret
//! sharing). Each share is a text that can be printed and typed again; each of its lines has two check letters.
//!
//! The list of erased people goes with every share as it is: it names nobody without the database. The secret that is split
//! holds a digest of it, so that a list that lost a line is not taken for the whole.

mod text;

pub use text::{erased_from_text, erased_to_text};

use crate::effects::{Entropy, random};
use crate::ring::{KeyRing, RingError};
use blahaj::Sharks;
use cpis_model::Date;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use text::Lines;
use zeroize::Zeroizing;

/// The form of a share.
const FORM: u8 = 1;
/// Bytes of a share before what was split: form, threshold, count, set.
const HEAD_BYTES: usize = 7;
/// Bytes of the check at a share's end.
const CHECK_BYTES: usize = 4;
/// Bytes of the digest at the end of the secret: a wrong mixture of shares does not pass for a key ring.
const SEAL_BYTES: usize = 8;
/// Shares at most.
pub const SHARES_MAX: u8 = 32;

/// Why shares make no key ring.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CustodyError {
    /// So many shares cannot be made.
    #[error("there can be 2 to {SHARES_MAX} shares, and 2 to all of them must be needed")]
    Numbers,
    /// The text holds no share.
    #[error("it holds no key share")]
    NoShare,
    /// A line was typed wrong.
    #[error("line {0} does not fit its two check letters: a letter of it is wrong")]
    Line(String),
    /// A line is not there.
    #[error("line {0} is missing")]
    Missing(String),
    /// Its lines fit and the whole does not.
    #[error("its lines do not belong together")]
    Mixed,
    /// A share of a form that this program does not know.
    #[error("it was made by a newer program")]
    Newer,
    /// Shares that were made at different times.
    #[error("share {0} and share {1} were not made together")]
    OtherSet(u8, u8),
    /// Too few different shares.
    #[error("{have} different shares are there, and {need} are needed")]
    TooFew {
        /// How many there are.
        have: usize,
        /// How many there must be.
        need: u8,
    },
    /// They do not give what was split.
    #[error("the shares give no key ring: one of them is not what was made")]
    NoRing,
    /// The list of erased people is not the one that the key ring had.
    #[error("the list of erased people is not whole")]
    ErasedList,
    /// The key ring itself.
    #[error(transparent)]
    Ring(#[from] RingError),
}

/// One share, read from its text.
pub struct Share {
    /// Its number, from 1.
    pub number: u8,
    /// How many are needed.
    pub threshold: u8,
    /// How many were made.
    pub count: u8,
    set: [u8; 4],
    part: Zeroizing<Vec<u8>>,
    erased: Option<Vec<i64>>,
}

/// Splits a key ring into the texts of `count` shares, any `threshold` of which make it again.
pub fn split(
    ring: &KeyRing,
    threshold: u8,
    count: u8,
    today: Date,
    entropy: &dyn Entropy,
) -> Result<Vec<Zeroizing<String>>, CustodyError> {
    if !(2..=SHARES_MAX).contains(&count) || !(2..=count).contains(&threshold) {
        return Err(CustodyError::Numbers);
    }
    let secret = secret(ring);
    let set: [u8; 4] = random(entropy);
    // The dealer wants a generator of its own; it is seeded from the same randomness as the keys.
    let mut generator = <rand::rngs::StdRng as rand::SeedableRng>::from_seed(random(entropy));
    let dealt: Vec<blahaj::Share> =
        Sharks(threshold).dealer_rng(&secret, &mut generator).take(usize::from(count)).collect();
    let erased = erased_to_text(ring.erased());
    let texts = (1_u8..).zip(&dealt).map(|(number, share)| {
        let part = Zeroizing::new(Vec::from(share));
        let mut bytes = Zeroizing::new(vec![FORM, threshold, count]);
        bytes.extend(set);
        bytes.extend(part.iter());
        let check = Sha256::digest(&bytes);
        bytes.extend(check.iter().take(CHECK_BYTES));
        let lines = text::to_lines("", &bytes);
        Zeroizing::new(format!(
            "OpenCPIS key share {number} of {count}: any {threshold} of them make the key ring again\n\
             Audit log: {}\nMade: {today}, set {}\n\
             Keep it where none of the other shares and no backup of the database lies. Read by: cpis keys import\n\n\
             {}\n{erased}",
            ring.signing_name(),
            text::word(&set),
            *lines
        ))
    });
    Ok(texts.collect())
}

/// Reads the text of one share.
pub fn parse(text: &str) -> Result<Share, CustodyError> {
    let Lines { bytes, erased } = text::from_lines(text)?;
    let (head, rest) = bytes.split_at_checked(HEAD_BYTES).ok_or(CustodyError::NoShare)?;
    let (part, check) =
        rest.len().checked_sub(CHECK_BYTES).and_then(|at| rest.split_at_checked(at)).ok_or(CustodyError::NoShare)?;
    let digest = Sha256::digest(bytes.get(..HEAD_BYTES + part.len()).unwrap_or_default());
    if digest.get(..CHECK_BYTES) != Some(check) {
        return Err(CustodyError::Mixed);
    }
    match (head, part) {
        ([FORM, threshold, count, set @ ..], [number, _, ..]) => Ok(Share {
            number: *number,
            threshold: *threshold,
            count: *count,
            set: set.try_into().map_err(|_| CustodyError::NoShare)?,
            part: Zeroizing::new(part.to_vec()),
            erased,
        }),
        ([FORM, ..], _) => Err(CustodyError::NoShare),
        _ => Err(CustodyError::Newer),
    }
}

/// Makes the key ring from its shares. `erased` is a list from elsewhere, where the shares were typed without it.
pub fn combine(shares: &[Share], erased: Option<&[i64]>) -> Result<KeyRing, CustodyError> {
    let first = shares.first().ok_or(CustodyError::NoShare)?;
    if let Some(other) = shares.iter().find(|share| share.set != first.set || share.threshold != first.threshold) {
        return Err(CustodyError::OtherSet(first.number, other.number));
    }
    let different: BTreeMap<u8, &Share> = shares.iter().map(|share| (share.number, share)).collect();
    if different.len() < usize::from(first.threshold) {
        return Err(CustodyError::TooFew { have: different.len(), need: first.threshold });
    }
    let needed = different.values().take(usize::from(first.threshold));
    let parts: Result<Vec<blahaj::Share>, _> =
        needed.map(|share| blahaj::Share::try_from(share.part.as_slice())).collect();
    let parts = parts.map_err(|_| CustodyError::NoRing)?;
    let secret = Sharks(first.threshold).recover(&parts).map_err(|_| CustodyError::NoRing)?;
    let lists = shares.iter().filter_map(|share| share.erased.as_deref()).chain(erased);
    open_secret(&Zeroizing::new(secret), lists)
}

/// What is split: the ring's secrets, the digest of its list of erased people, and a seal over both.
fn secret(ring: &KeyRing) -> Zeroizing<Vec<u8>> {
    let mut bytes = ring.to_compact();
    bytes.extend(digest_of(ring.erased()));
    let seal = Sha256::digest(&bytes);
    bytes.extend(seal.iter().take(SEAL_BYTES));
    bytes
}

fn open_secret<'a>(secret: &[u8], mut lists: impl Iterator<Item = &'a [i64]>) -> Result<KeyRing, CustodyError> {
    let split = |bytes: &'_ [u8], end: usize| bytes.len().checked_sub(end);
    let (body, seal) =
        split(secret, SEAL_BYTES).and_then(|at| secret.split_at_checked(at)).ok_or(CustodyError::NoRing)?;
    if Sha256::digest(body).get(..SEAL_BYTES) != Some(seal) {
        return Err(CustodyError::NoRing);
    }
    let (compact, digest) = split(body, 16).and_then(|at| body.split_at_checked(at)).ok_or(CustodyError::NoRing)?;
    let erased = lists.find(|list| digest_of(list) == digest).ok_or(CustodyError::ErasedList)?;
    Ok(KeyRing::from_compact(compact, erased.to_vec())?)
}

/// Says the same of the same people in any order.
fn digest_of(erased: &[i64]) -> [u8; 16] {
    let mut sorted = erased.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let digest = sorted.iter().fold(Sha256::new(), |digest, id| digest.chain_update(id.to_be_bytes())).finalize();
    let mut cut = [0; 16];
    cut.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    cut
}

#[cfg(test)]
mod tests;
