//! A checkpoint: the size and root of the log at one moment, signed (C2SP tlog-checkpoint over signed-note), and the epoch
//! line that a log carries after a restore. Files of many checkpoints are in `checkpoint_file`.

use std::fmt;

use thiserror::Error;

use crate::key::{SigningKey, VerifyingKey};
use crate::leaf::{Hash, empty_root};
use crate::note;
use crate::text::{decimal, hash_from_base64, to_base64};
use crate::tree::SIZE_MAX;

/// Extension lines in a checkpoint.
pub const EXTENSIONS_MAX: usize = 16;

/// Why a text is not a checkpoint that may be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CheckpointError {
    /// More than 64 KiB, 16 extension lines or 64 signatures.
    #[error("the checkpoint is too large")]
    TooLarge,
    /// The text does not follow the format.
    #[error("the checkpoint is malformed: {0}")]
    Malformed(&'static str),
    /// The record at the end of a file was not written to its end.
    #[error("the checkpoint is unfinished")]
    Unfinished,
    /// Nobody whose key was given has signed it.
    #[error("the checkpoint bears no signature of a known key")]
    NoKnownSignature,
    /// It bears the name of a known key and a signature that does not hold.
    #[error("the signature on the checkpoint does not hold")]
    BadSignature,
    /// It was signed by a known key, but by none that is named after the origin.
    #[error("the checkpoint was signed by the key of another log")]
    OtherLog,
}

/// The state of a log at one moment.
///
/// ```
/// use cpis_audit::{Checkpoint, SigningKey, empty_root, parse_signed};
/// let key = SigningKey::from_seed("cpis.example/log", &[1; 32])?;
/// let checkpoint = Checkpoint::new("cpis.example/log", 0, empty_root());
/// let note = checkpoint.sign(&key)?;
/// assert_eq!(parse_signed(&note, &[key.verifying_key().clone()])?, checkpoint);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: the name of its key.
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// The root of the tree of that size.
    pub root: Hash,
    /// Further lines; this crate knows one, the epoch line.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// A checkpoint without extension lines.
    pub fn new(origin: impl Into<String>, size: u64, root: Hash) -> Self {
        Self { origin: origin.into(), size, root, extensions: Vec::new() }
    }

    /// The note: text, blank line, signature line. Refuses what [`parse_signed`] would not read again, above all a key
    /// that is not named after the origin and a line break within a line.
    pub fn sign(&self, key: &SigningKey) -> Result<String, CheckpointError> {
        if key.name() != self.origin {
            return Err(CheckpointError::OtherLog);
        }
        let text = self.to_string();
        if text.bytes().any(|b| b < 0x20 && b != b'\n') {
            return Err(CheckpointError::Malformed("there are control characters"));
        }
        if read_text(&text)? != *self {
            return Err(CheckpointError::Malformed("there is a line break within a line"));
        }
        let note = note::sign(&text, key);
        if note.len() > note::NOTE_BYTES_MAX { Err(CheckpointError::TooLarge) } else { Ok(note) }
    }

    /// The epoch that this checkpoint begins, when it is the first one after a restore to an earlier point.
    ///
    /// ```
    /// use cpis_audit::{Checkpoint, Epoch};
    /// let epoch = Epoch { number: 2, old_size: 90, old_root: [3; 32] };
    /// let mut checkpoint = Checkpoint::new("cpis.example/log", 70, [4; 32]);
    /// checkpoint.extensions.push(epoch.to_string());
    /// assert_eq!(checkpoint.begins_epoch(), Some(epoch));
    /// ```
    pub fn begins_epoch(&self) -> Option<Epoch> {
        self.extensions.iter().find_map(|line| Epoch::from_line(line))
    }
}

/// The text that is signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, to_base64(&self.root))?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// After a restore the log goes on from an earlier point. The first checkpoint is then signed at the restored size, before
/// anything is appended, and names the tip that was lost: `epoch <number> after <old size> <old root in base64>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epoch {
    /// 2 for the first restore; the log begins in epoch 1.
    pub number: u64,
    /// The last signed size before the restore.
    pub old_size: u64,
    /// The root at that size.
    pub old_root: Hash,
}

impl Epoch {
    fn from_line(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("epoch ")?.split(' ');
        let number = decimal(words.next()?).filter(|number| *number >= 2)?;
        words.next().filter(|word| *word == "after")?;
        let old_size = decimal(words.next()?).filter(|size| *size <= SIZE_MAX)?;
        let old_root = hash_from_base64(words.next()?)?;
        if words.next().is_some() { None } else { Some(Self { number, old_size, old_root }) }
    }
}

/// The extension line.
impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch {} after {} {}", self.number, self.old_size, to_base64(&self.old_root))
    }
}

/// Reads a signed checkpoint. At least one of `keys` that is named after the origin must have signed it; signatures by keys
/// that are not given are ignored, so that keys can change and witnesses may sign along.
pub fn parse_signed(text: &str, keys: &[VerifyingKey]) -> Result<Checkpoint, CheckpointError> {
    let (text, signers) = note::open(text, keys)?;
    let checkpoint = read_text(text)?;
    let own = signers.iter().any(|key| key.name() == checkpoint.origin);
    if own { Ok(checkpoint) } else { Err(CheckpointError::OtherLog) }
}

fn read_text(text: &str) -> Result<Checkpoint, CheckpointError> {
    use CheckpointError::Malformed;
    let mut lines = text.strip_suffix('\n').ok_or(Malformed("the last line has no end"))?.split('\n');
    let origin = lines.next().filter(|line| !line.is_empty()).ok_or(Malformed("there is no origin"))?;
    let size = lines.next().and_then(decimal).filter(|size| *size <= SIZE_MAX);
    let size = size.ok_or(Malformed("the size is not a plain number"))?;
    let root = lines.next().and_then(hash_from_base64).ok_or(Malformed("the root is not 32 bytes in base64"))?;
    if size == 0 && root != empty_root() {
        return Err(Malformed("an empty log has another root"));
    }
    let extensions: Vec<String> = lines.take(EXTENSIONS_MAX + 1).map(str::to_owned).collect();
    if extensions.len() > EXTENSIONS_MAX {
        return Err(CheckpointError::TooLarge);
    }
    if extensions.iter().any(String::is_empty) {
        return Err(Malformed("an extension line is empty"));
    }
    let epochs: Vec<&String> = extensions.iter().filter(|line| line.starts_with("epoch ")).collect();
    if epochs.len() > 1 || epochs.iter().any(|line| Epoch::from_line(line).is_none()) {
        return Err(Malformed("the epoch line cannot be read"));
    }
    Ok(Checkpoint { origin: origin.to_owned(), size, root, extensions })
}

#[cfg(test)]
mod tests;
