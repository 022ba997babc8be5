//! The `Authorization` header of MESH: who calls, proven by a keyed hash over a password that never travels.

use crate::id::MailboxId;
use crate::time;
use cpis_model::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt::{self, Write};
use thiserror::Error;

const SCHEME: &str = "NHSMESH";
/// Longest nonce in characters.
pub const NONCE_CHARS_MAX: usize = 100;
/// Longest count in digits: that of the largest number of 64 bits.
pub const COUNT_DIGITS_MAX: usize = 20;

/// What is wrong with the form of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TokenFault {
    /// Another scheme.
    #[error("the scheme is not NHSMESH")]
    Scheme,
    /// Fewer or more parts.
    #[error("a token has five parts with colons between")]
    Parts,
    /// The mailbox.
    #[error("the first part is no mailbox id")]
    Mailbox,
    /// The nonce.
    #[error("the nonce is not 1 to 100 visible characters")]
    Nonce,
    /// The count.
    #[error("the count is not 1 to 20 digits")]
    Count,
    /// The time.
    #[error("the fourth part is not a time as yyyyMMddHHmm")]
    Timestamp,
    /// The hash.
    #[error("the last part is not a hash of 64 hexadecimal digits")]
    Hash,
}

/// A token that was read. It proves nothing before [`Token::is_signed`] has said so. `Debug` never shows the hash.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// The mailbox that calls, in upper case.
    pub mailbox: MailboxId,
    /// The nonce.
    pub nonce: String,
    /// How often the nonce was used, as written.
    pub count: String,
    /// When the token was made, as written.
    pub timestamp: String,
    /// The same moment, to the minute.
    pub at: Timestamp,
    /// The mailbox as written: the hash is over this.
    named: String,
    hash: [u8; 32],
}

impl Token {
    /// How far a token's time may be from the server's, either side: 2 hours.
    pub const WINDOW_SECONDS: i64 = 2 * 60 * 60;
    /// How long a used nonce is remembered at least: the width of the window.
    pub const REMEMBER_SECONDS: i64 = 2 * Self::WINDOW_SECONDS;

    /// Reads the header's value. The scheme may be in any case, and may be absent.
    ///
    /// ```
    /// use cpis_format_mesh::Token;
    /// let token = Token::parse(
    ///     "NHSMESH X26ABC1:11111111-2222-3333-4444-555555555555:0:202001010000:\
    ///      d17e073f157ce2a85e3a6a971b46a8a277639abe318977af4173acb028072573",
    /// )
    /// .unwrap();
    /// assert!(token.is_signed(b"TestKey", b"password"));
    /// assert!(!token.is_signed(b"TestKey", b"Password"));
    /// ```
    pub fn parse(header: &str) -> Result<Self, TokenFault> {
        let header = header.trim();
        let value = match header.split_once([' ', '\t']) {
            Some((scheme, value)) if scheme.eq_ignore_ascii_case(SCHEME) => value.trim_start(),
            Some(_) => return Err(TokenFault::Scheme),
            None => header,
        };
        let mut parts = value.split(':');
        let mut part = || parts.next().ok_or(TokenFault::Parts);
        let (named, nonce, count, timestamp, hash) = (part()?, part()?, part()?, part()?, part()?);
        if parts.next().is_some() {
            return Err(TokenFault::Parts);
        }
        let mailbox = named.parse().map_err(|_| TokenFault::Mailbox)?;
        let is_nonce =
            (1..=NONCE_CHARS_MAX).contains(&nonce.len()) && nonce.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_nonce {
            return Err(TokenFault::Nonce);
        }
        let is_count =
            (1..=COUNT_DIGITS_MAX).contains(&count.len()) && count.bytes().all(|digit| digit.is_ascii_digit());
        if !is_count {
            return Err(TokenFault::Count);
        }
        let is_time = timestamp.len() == 12 && timestamp.bytes().all(|digit| digit.is_ascii_digit());
        let at = Some(timestamp).filter(|_| is_time).and_then(time::read).ok_or(TokenFault::Timestamp)?;
        let hash = from_hex(hash).ok_or(TokenFault::Hash)?;
        let (nonce, count, timestamp) = (nonce.to_owned(), count.to_owned(), timestamp.to_owned());
        Ok(Self { mailbox, nonce, count, timestamp, at, named: named.to_owned(), hash })
    }

    /// Whether the hash is that of these secrets. Takes the same time whatever the hash.
    pub fn is_signed(&self, shared_key: &[u8], password: &[u8]) -> bool {
        let Self { named, nonce, count, timestamp, .. } = self;
        keyed(named, nonce, count, timestamp, shared_key, password)
            .is_some_and(|mac| mac.verify_slice(&self.hash).is_ok())
    }

    /// How old the token is, in seconds; less than nought where its time is still to come.
    pub fn age_seconds(&self, now: Timestamp) -> i64 {
        now.as_second() - self.at.as_second()
    }

    /// Whether its time is within [`Token::WINDOW_SECONDS`] of now.
    pub fn is_timely(&self, now: Timestamp) -> bool {
        self.age_seconds(now).abs() <= Self::WINDOW_SECONDS
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Token");
        shown.field("mailbox", &self.mailbox).field("nonce", &self.nonce).field("count", &self.count);
        shown.field("timestamp", &self.timestamp).finish_non_exhaustive()
    }
}

/// The header's value for one request. The nonce must be a new one, or one that is used again with a higher count.
pub fn sign(mailbox: &MailboxId, nonce: &str, count: u64, at: Timestamp, shared_key: &[u8], password: &[u8]) -> String {
    let (count, timestamp) = (count.to_string(), time::minute(at));
    let mut header = format!("{SCHEME} {mailbox}:{nonce}:{count}:{timestamp}:");
    let mac = keyed(mailbox.as_str(), nonce, &count, &timestamp, shared_key, password);
    for byte in mac.map(|mac| mac.finalize().into_bytes()).into_iter().flatten() {
        let _ = write!(header, "{byte:02x}");
    }
    header
}

/// The hash before it is finished. There is always one: a key of this kind can have any length.
fn keyed(
    mailbox: &str,
    nonce: &str,
    count: &str,
    timestamp: &str,
    shared_key: &[u8],
    password: &[u8],
) -> Option<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(shared_key).ok()?;
    for part in [mailbox.as_bytes(), nonce.as_bytes(), count.as_bytes(), password] {
        mac.update(part);
        mac.update(b":");
    }
    mac.update(timestamp.as_bytes());
    Some(mac)
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> =
        text.chars().map(|digit| digit.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    let bytes: Vec<u8> =
        digits.chunks(2).map(|pair| pair.iter().fold(0u8, |byte, digit| (byte << 4) | digit)).collect();
    if digits.len() == 64 { bytes.try_into().ok() } else { None }
}
