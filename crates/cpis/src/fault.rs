//! Why a command did not do what it was asked, with the program's exit code and what to do about it.

use std::fmt;

/// Kinds of fault. The number is the exit code; 0 is success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// What was asked for failed, or faults were found.
    Failed = 1,
    /// The command line.
    Usage = 2,
    /// The configuration.
    Configuration = 3,
    /// The data directory or the database.
    Data = 4,
    /// The key ring.
    Keys = 5,
    /// An address to listen on.
    Address = 6,
    /// An issuer of tokens.
    Issuer = 7,
}

/// The exit codes, as the help prints them.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  what was asked for failed, or faults were found
  2  the command line is wrong
  3  the configuration is wrong
  4  the data directory or the database cannot be used
  5  the key ring cannot be used
  6  an address cannot be listened on
  7  an issuer's mapping is wrong";

/// A fault in plain words. Never holds personal data or a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its kind.
    pub kind: Kind,
    /// What is wrong.
    pub what: String,
    /// What to do; empty where nothing is known.
    pub mend: String,
}

/// The result of a command.
pub type Result<T, E = Fault> = std::result::Result<T, E>;

impl Fault {
    /// A fault of a kind.
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), mend: String::new() }
    }

    /// The same fault with what to do about it.
    #[must_use]
    pub fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = mend.into();
        self
    }

    /// A fault of the kind "failed".
    pub fn failed(what: impl Into<String>) -> Self {
        Self::new(Kind::Failed, what)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if self.mend.is_empty() { Ok(()) } else { write!(f, "\n{}", self.mend) }
    }
}

impl std::error::Error for Fault {}

/// Turns errors of the layers below into faults.
pub trait OrFault<T> {
    /// What was being done when it failed.
    fn or_fault(self, kind: Kind, what: impl fmt::Display) -> Result<T>;
}

impl<T, E: fmt::Display> OrFault<T> for std::result::Result<T, E> {
    fn or_fault(self, kind: Kind, what: impl fmt::Display) -> Result<T> {
        self.map_err(|error| Fault::new(kind, format!("{what}: {error}")))
    }
}
