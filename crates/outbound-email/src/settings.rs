//! What an installation says about its relay, checked as a whole.

use cpis_model::record_text::Email;
use lettre::Address;
use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters, TlsVersion};
use lettre::transport::smtp::extension::ClientId;
use std::fmt;
use std::time::Duration;
use zeroize::Zeroizing;

/// Longest name of a relay in bytes.
const HOST_BYTES_MAX: usize = 253;

/// How the connection to the relay is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// STARTTLS, and nothing is sent without it (RFC 3207).
    StartTls,
    /// None: to a relay on this machine only.
    Plain,
}

/// With what we log in. `Debug` shows nothing.
#[derive(Clone)]
pub struct Login {
    /// Who.
    pub user: String,
    /// The password.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(…)")
    }
}

/// A relay, as it is configured.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// With what we log in, where it asks for that.
    pub login: Option<Login>,
    /// From whom letters come.
    pub from: Email,
    /// What the service calls itself in them.
    pub name: String,
    /// Authorities that may have signed the relay's certificate, in PEM. Without them those of the system.
    pub authorities_pem: Vec<u8>,
    /// The longest time for one letter.
    pub timeout: Duration,
}

/// Everything that is wrong, each in one sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<String>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

/// Settings that can work.
pub(crate) struct Checked {
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub login: Option<Login>,
    pub from: Address,
    pub name: String,
    pub hello: ClientId,
    pub tls: TlsParameters,
    pub timeout: Duration,
}

impl Settings {
    pub(crate) fn check(&self) -> Result<Checked, Faults> {
        let mut faults = Vec::new();
        let mut note = |fault: &str| faults.push(fault.to_owned());
        let is_name = (1..=HOST_BYTES_MAX).contains(&self.host.len())
            && self.host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':'));
        if !is_name {
            note("`host` must be a name or an address");
        }
        if self.port == 0 {
            note("`port` must be 1 to 65535");
        }
        if self.security == Security::Plain && !is_here(&self.host) {
            note("a relay on another machine needs TLS");
        }
        if self.login.as_ref().is_some_and(|login| login.user.is_empty() || login.password.is_empty()) {
            note("a user and a password are needed to log in");
        }
        if self.login.is_some() && self.security == Security::Plain {
            note("a password is not sent without TLS");
        }
        if self.name.chars().any(char::is_control) {
            note("`name` must be one line");
        }
        let from = self.from.as_str().parse::<Address>().ok();
        if from.is_none() {
            note("`from` must be an e-mail address");
        }
        let tls = tls(&self.host, &self.authorities_pem);
        if let Err(fault) = &tls {
            note(fault);
        }
        match (from, tls, faults.is_empty()) {
            (Some(from), Ok(tls), true) => Ok(Checked {
                host: self.host.clone(),
                port: self.port,
                security: self.security,
                login: self.login.clone(),
                // The domain from which letters come is ours, whatever this machine is called.
                hello: ClientId::Domain(from.domain().to_owned()),
                from,
                name: self.name.clone(),
                tls,
                timeout: self.timeout,
            }),
            _ => Err(Faults(faults)),
        }
    }
}

/// Whether a relay is on this machine.
fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn tls(host: &str, authorities_pem: &[u8]) -> Result<TlsParameters, &'static str> {
    let mut builder = TlsParameters::builder(host.to_owned()).set_min_tls_version(TlsVersion::Tlsv12);
    if !authorities_pem.is_empty() {
        builder = builder.certificate_store(CertificateStore::None);
        let text = String::from_utf8_lossy(authorities_pem);
        let parts = text.split_inclusive("-----END CERTIFICATE-----").filter(|part| part.contains("BEGIN CERTIFICATE"));
        let mut count = 0;
        for part in parts {
            let certificate = Certificate::from_pem(part.as_bytes());
            builder = builder.add_root_certificate(certificate.map_err(|_| "a certificate cannot be read")?);
            count += 1;
        }
        if count == 0 {
            return Err("the file of certificates has none");
        }
    }
    builder.build().map_err(|_| "TLS cannot be prepared")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Settings {
        Settings {
            host: "relay.example.org".to_owned(),
            port: 587,
            security: Security::StartTls,
            login: None,
            from: "cpis@example.org".parse().unwrap(),
            name: "Child protection information sharing".to_owned(),
            authorities_pem: Vec::new(),
            timeout: Duration::from_secs(30),
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said() {
        assert!(good().check().is_ok());
        let login = Some(Login { user: "cpis".to_owned(), password: "secret".to_owned().into() });
        let with = |change: &dyn Fn(&mut Settings)| {
            let mut settings = good();
            change(&mut settings);
            settings.check().err().map(|faults| faults.0.len()).unwrap_or_default()
        };
        for (what, count, change) in [
            ("no host", 1, &(|s: &mut Settings| s.host.clear()) as &dyn Fn(&mut Settings)),
            ("an address in place of a name", 0, &|s| s.host = "192.0.2.1".to_owned()),
            ("a command in the name", 1, &|s| s.host = "relay\r\nX".to_owned()),
            ("no port", 1, &|s| s.port = 0),
            ("plain to another machine", 1, &|s| s.security = Security::Plain),
            ("plain on this one", 0, &|s| (s.security, s.host) = (Security::Plain, "127.0.0.1".to_owned())),
            ("no password", 1, &|s| s.login = Some(Login { user: "cpis".to_owned(), password: String::new().into() })),
            ("two lines in the name", 1, &|s| s.name = "CPIS\nBcc: all".to_owned()),
            ("no certificates", 1, &|s| s.authorities_pem = b"nothing".to_vec()),
            ("several", 3, &|s| (s.port, s.security, s.login) = (0, Security::Plain, login.clone())),
        ] {
            assert_eq!(with(change), count, "{what}");
        }
        assert!(!format!("{:?}", Settings { login, ..good() }).contains("secret"));
    }
}
