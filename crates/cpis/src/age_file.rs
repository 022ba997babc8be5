//! Files that are encrypted to named people with age (age-encryption.org): for whom, by whom, and the two directions.

use crate::config::read_text;
use crate::fault::{Fault, Kind, Result};
use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::secrecy::ExposeSecret;
use age::x25519;
use std::io::{BufRead, Read, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Largest file of recipients or identities in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Somebody who can open what is encrypted for them.
pub type Recipient = x25519::Recipient;

/// What opens it.
pub struct Identities(Vec<x25519::Identity>);

/// Reads a recipient, as `age-keygen` and `cpis keys identity` print it.
pub fn recipient(text: &str) -> Result<Recipient, String> {
    let text = text.trim();
    if text.starts_with("AGE-SECRET-KEY-") {
        return Err("this is an identity, which must stay secret: give the recipient that begins with age1".to_owned());
    }
    text.parse().map_err(|_| {
        let shown: String = text.chars().take(24).collect();
        format!("`{shown}` is no recipient: one begins with age1 and has 62 characters")
    })
}

/// Reads a file with a recipient in each line; lines that begin with # are remarks.
pub fn recipients_of(path: &Path) -> Result<Vec<Recipient>> {
    let fault = |what: String| Fault::new(Kind::Configuration, format!("The recipients {}: {what}", path.display()));
    let text = read_text(path, FILE_BYTES_MAX).map_err(fault)?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    lines.map(|(at, line)| recipient(line).map_err(|what| fault(format!("line {}: {what}", at + 1)))).collect()
}

impl Identities {
    /// Reads files of identities, as `age-keygen` and `cpis keys identity` write them.
    pub fn read(paths: &[PathBuf]) -> Result<Self> {
        let mut all = Vec::new();
        for path in paths {
            let fault = |what: String| Fault::new(Kind::Usage, format!("The identity {}: {what}", path.display()));
            let text = Zeroizing::new(read_text(path, FILE_BYTES_MAX).map_err(fault)?);
            let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
            let before = all.len();
            for (at, line) in lines {
                // The line is a secret and is not shown.
                let read = line.trim().parse::<x25519::Identity>();
                all.push(read.map_err(|_| fault(format!("line {} is no identity", at + 1)))?);
            }
            if all.len() == before {
                return Err(fault("it holds none".to_owned()));
            }
        }
        Ok(Self(all))
    }

    /// Whether there is one.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Opens an encrypted stream.
    pub fn open<R: BufRead>(&self, input: R) -> Result<impl Read + use<R>, String> {
        let opened = age::Decryptor::new_buffered(input).map_err(|error| told(&error))?;
        opened.decrypt(self.0.iter().map(|one| one as &dyn age::Identity)).map_err(|error| told(&error))
    }

    /// Opens a short text, with or without armour.
    pub fn open_text(&self, bytes: &[u8]) -> Result<Zeroizing<String>, String> {
        if !is_encrypted(bytes) {
            return Err("it is not encrypted with age".to_owned());
        }
        let opened = age::Decryptor::new(ArmoredReader::new(bytes)).map_err(|error| told(&error))?;
        let mut reader =
            opened.decrypt(self.0.iter().map(|one| one as &dyn age::Identity)).map_err(|error| told(&error))?;
        let mut text = Zeroizing::new(String::new());
        reader.read_to_string(&mut text).map_err(|_| "it is damaged".to_owned())?;
        Ok(text)
    }
}

fn told(error: &age::DecryptError) -> String {
    match error {
        age::DecryptError::NoMatchingKeys => {
            "it was encrypted for others: no identity that was given opens it".to_owned()
        }
        age::DecryptError::InvalidHeader | age::DecryptError::UnknownFormat => {
            "it is not encrypted with age".to_owned()
        }
        age::DecryptError::Io(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            format!("it cannot be read: {error}")
        }
        _ => "it is damaged".to_owned(),
    }
}

/// Whether a file begins as an encrypted one.
pub fn is_encrypted(bytes: &[u8]) -> bool {
    bytes.starts_with(b"age-encryption.org/") || bytes.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----")
}

/// Whether the beginning of a stream is that of an encrypted one.
pub fn begins_encrypted(input: impl BufRead) -> Result<(), String> {
    age::Decryptor::new_buffered(input).map(drop).map_err(|error| told(&error))
}

/// Encrypts what is written.
pub fn encrypt<W: Write>(recipients: &[Recipient], out: W) -> std::io::Result<age::stream::StreamWriter<W>> {
    let all = recipients.iter().map(|one| one as &dyn age::Recipient);
    age::Encryptor::with_recipients(all).map_err(std::io::Error::other)?.wrap_output(out)
}

/// Encrypts a short text, as a text.
pub fn encrypt_text(recipient: &Recipient, text: &str) -> std::io::Result<Vec<u8>> {
    let armoured = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
    let mut writer = encrypt(std::slice::from_ref(recipient), armoured)?;
    writer.write_all(text.as_bytes())?;
    writer.finish()?.finish()
}

/// A new identity: the text of its file, and the recipient for others.
pub fn new_identity() -> (Zeroizing<String>, String) {
    let identity = x25519::Identity::generate();
    let recipient = identity.to_public().to_string();
    let secret = identity.to_string();
    let text = format!(
        "# Opens what is encrypted for {recipient}\n# Keep it from everybody else, and a copy of it in a safe.\n{}\n",
        secret.expose_secret()
    );
    (Zeroizing::new(text), recipient)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encrypted_for_somebody_is_opened_by_them_alone() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let (text, public) = new_identity();
            let path = folder.path().join(name);
            std::fs::write(&path, text.as_bytes()).unwrap();
            (path, recipient(&public).unwrap())
        };
        let ((one, for_one), (two, _)) = (make("one"), make("two"));
        let sealed = encrypt_text(&for_one, "a share").unwrap();
        assert!(is_encrypted(&sealed) && !String::from_utf8_lossy(&sealed).contains("share"));
        assert_eq!(*Identities::read(&[two.clone(), one.clone()]).unwrap().open_text(&sealed).unwrap(), "a share");
        let told = Identities::read(&[two]).unwrap().open_text(&sealed).unwrap_err();
        assert!(told.contains("encrypted for others"), "{told}");
        let ids = Identities::read(&[one]).unwrap();
        assert_eq!(ids.open_text(b"a share as it was made").unwrap_err(), "it is not encrypted with age");
        assert!(ids.open_text(&sealed[..sealed.len() / 2]).is_err());
    }

    #[test]
    fn a_wrong_recipient_or_identity_is_named_without_its_secret() {
        let (secret, _) = new_identity();
        let line = secret.lines().last().unwrap();
        let told = recipient(line).err().unwrap();
        assert!(told.contains("must stay secret") && !told.contains(&line[20..]), "{told}");
        assert!(recipient("age1nobody").err().unwrap().contains("`age1nobody` is no recipient"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity");
        // Another last character than it has: one in 32 identities ends with any one.
        let other = if line.ends_with('X') { 'Q' } else { 'X' };
        std::fs::write(&path, format!("# mine\n{}{other}\n", &line[..line.len() - 1])).unwrap();
        let fault = Identities::read(std::slice::from_ref(&path)).err().unwrap();
        assert!(fault.what.ends_with("line 2 is no identity"), "{fault}");
        std::fs::write(&path, "# nothing\n").unwrap();
        assert!(Identities::read(std::slice::from_ref(&path)).err().unwrap().what.ends_with("it holds none"));
        std::fs::write(&path, "# team\nage1x\n").unwrap();
        let fault = recipients_of(&path).err().unwrap();
        assert!(fault.kind == Kind::Configuration && fault.what.contains("line 2: `age1x`"), "{fault}");
    }
}
