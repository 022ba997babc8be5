//! What the table `[email]` must say, and what it says to what sends.

use super::read_text;
use super::settings::{Email, EmailSecurity};
use crate::fault::{Fault, Kind, Result};
use cpis_outbound_email::{Login, Security, Settings};
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// Largest file of a password or of certificates in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

impl Email {
    /// Everything that is wrong, each in one sentence.
    pub(super) fn check(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.host.is_empty() {
            faults.push("[email] needs `host`".to_owned());
        }
        if self.from.parse::<cpis_model::record_text::Email>().is_err() {
            faults.push("[email] needs `from`, an e-mail address".to_owned());
        }
        if self.user.is_some() != self.password_file.is_some() {
            faults.push("[email] needs both `user` and `password_file`, or neither".to_owned());
        }
        for (name, value, range) in
            [("digest_minutes", self.digest_minutes, 1..=1440), ("timeout_seconds", self.timeout_seconds, 1..=300)]
        {
            if !range.contains(&value) {
                faults.push(format!("`email.{name}` must be {} to {}", range.start(), range.end()));
            }
        }
        faults
    }

    /// Its paths.
    pub(super) fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let Self { password_file, ca_file, .. } = self;
        [password_file, ca_file].into_iter().flatten()
    }

    /// The choices of what sends, for a service of this name.
    pub fn choices(&self, name: &str) -> Result<Settings> {
        let read = |path: &Path, setting: &str| {
            let fault = |what| Fault::new(Kind::Configuration, format!("`email.{setting}` {}: {what}", path.display()));
            read_text(path, FILE_BYTES_MAX).map(Zeroizing::new).map_err(fault)
        };
        let login = match (&self.user, &self.password_file) {
            (Some(user), Some(path)) => {
                let text = read(path, "password_file")?;
                let password = Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
                Some(Login { user: user.clone(), password })
            }
            _ => None,
        };
        let authorities_pem = match &self.ca_file {
            Some(path) => read(path, "ca_file")?.as_bytes().to_vec(),
            None => Vec::new(),
        };
        let from =
            self.from.parse().map_err(|error| Fault::new(Kind::Configuration, format!("`email.from`: {error}")))?;
        Ok(Settings {
            host: self.host.clone(),
            port: self.port,
            security: match self.security {
                EmailSecurity::StartTls => Security::StartTls,
                EmailSecurity::Tls => Security::Tls,
                EmailSecurity::Plain => Security::Plain,
            },
            login,
            from,
            name: name.to_owned(),
            authorities_pem,
            timeout: Duration::from_secs(self.timeout_seconds.into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn email(text: &str) -> Email {
        Config::parse(text).unwrap().email.unwrap()
    }

    #[test]
    fn what_is_missing_is_said_and_a_password_comes_from_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "a secret\n").unwrap();
        let good = format!(
            "[email]\nhost = \"smtp.example.org\"\nfrom = \"cpis@example.org\"\nuser = \"cpis\"\npassword_file = {path:?}\n"
        );
        assert!(email(&good).check().is_empty(), "{:?}", email(&good).check());
        let choices = email(&good).choices("CPIS").unwrap();
        assert_eq!((choices.port, choices.security), (587, Security::StartTls));
        assert_eq!(choices.login.unwrap().password.as_str(), "a secret");
        std::fs::remove_file(&path).unwrap();
        assert!(email(&good).choices("CPIS").unwrap_err().what.contains("`email.password_file`"));
        let bad = email("[email]\nuser = \"cpis\"\ndigest_minutes = 0\n");
        assert_eq!(bad.check().len(), 4, "{:?}", bad.check());
        assert!(Config::parse("").unwrap().email.is_none());
    }
}
