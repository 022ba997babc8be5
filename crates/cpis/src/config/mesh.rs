//! What the tables `[mesh]` and `[mesh_server]` must say, and what they say to the use cases.

use super::settings::{Mesh, MeshServer};
use cpis_app::mail::MailSettings;
use cpis_model::organisation::AuthorityCode;
use std::path::PathBuf;

/// Bytes of a MiB.
const MIB: u64 = 1024 * 1024;

impl Mesh {
    /// Everything that is wrong, each in one sentence.
    pub(super) fn check(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.shared_key_file.is_none() {
            faults.push("[mesh] needs `shared_key_file`".to_owned());
        }
        match (&self.certificate, &self.key) {
            (Some(_), Some(_)) => {
                if self.client_ca_file.is_none() && !self.without_client_certificates {
                    faults.push(
                        "[mesh] needs `client_ca_file`, or `without_client_certificates = true` where passwords alone are to \
                         protect the mailboxes"
                            .to_owned(),
                    );
                }
            }
            (None, None) => {
                if !self.listen.ip().is_loopback() {
                    faults.push(
                        "`mesh.listen` is an address of the network, and personal data must not travel in the clear: add \
                         `certificate` and `key`"
                            .to_owned(),
                    );
                }
            }
            _ => faults.push("[mesh] needs both `certificate` and `key`, or neither".to_owned()),
        }
        for (name, value, range) in [
            ("expiry_days", self.expiry_days, 1..=365),
            ("keep_days", self.keep_days, 1..=3650),
            ("inbox_messages_max", self.inbox_messages_max, 10..=10_000_000),
            ("inbox_mib_max", self.inbox_mib_max, 1..=1_000_000),
            ("message_mib_max", self.message_mib_max, 1..=100_000),
            ("tell_seconds", self.tell_seconds, 1..=3600),
        ] {
            if !range.contains(&value) {
                faults.push(format!("`mesh.{name}` must be {} to {}", range.start(), range.end()));
            }
        }
        if self.mailbox.trim().is_empty() {
            faults.push("`mesh.mailbox` must not be empty".to_owned());
        }
        if self.upload_workflows.is_empty() {
            faults.push("`mesh.upload_workflows` must name one workflow id at least".to_owned());
        }
        for code in self.empty_cycles.iter().filter(|code| code.parse::<AuthorityCode>().is_err()) {
            faults.push(format!("`mesh.empty_cycles`: {code} is no ODS code"));
        }
        faults
    }

    /// Its paths.
    pub(super) fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let Self { certificate, key, client_ca_file, shared_key_file, .. } = self;
        [certificate, key, client_ca_file, shared_key_file].into_iter().flatten()
    }

    /// The choices that the use cases take.
    pub fn choices(&self) -> MailSettings {
        MailSettings {
            service_mailbox: self.mailbox.trim().to_uppercase(),
            upload: self.upload_workflows.clone(),
            acknowledgement: self.acknowledgement_workflow.clone(),
            access: self.access_workflow.clone(),
            inactive: self.inactive_workflow.clone(),
            expiry_days: i64::from(self.expiry_days),
            keep_days: i64::from(self.keep_days),
            message_bytes_max: u64::from(self.message_mib_max) * MIB,
            inbox_messages_max: u64::from(self.inbox_messages_max),
            inbox_bytes_max: u64::from(self.inbox_mib_max) * MIB,
            tell_seconds: u64::from(self.tell_seconds),
            empty_cycles: self.empty_cycles.iter().filter_map(|code| code.parse().ok()).collect(),
        }
    }
}

impl MeshServer {
    /// Its paths.
    pub(super) fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let Self { password_file, shared_key_file, ca_file, identity_file, .. } = self;
        [password_file, shared_key_file, ca_file, identity_file].into_iter().flatten()
    }

    /// Everything that is wrong, each in one sentence, in a table of this name.
    pub(super) fn check(&self, table: &str) -> Vec<String> {
        let mut faults = Vec::new();
        let is_good = reqwest::Url::parse(&self.url).is_ok_and(|url| {
            let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
            url.path() == "/" && (url.scheme() == "https" || (url.scheme() == "http" && loopback))
        });
        if !is_good {
            faults.push(format!("`{table}.url` must be an https address without a path"));
        }
        for (name, file) in [("password_file", &self.password_file), ("shared_key_file", &self.shared_key_file)] {
            if file.is_none() {
                faults.push(format!("[{table}] needs `{name}`"));
            }
        }
        if !(5..=86_400).contains(&self.poll_seconds) {
            faults.push(format!("`{table}.poll_seconds` must be 5 to 86400"));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn faults(text: &str) -> Vec<String> {
        Config::parse(text).unwrap().check()
    }

    #[test]
    fn mailboxes_are_safe_or_on_this_machine() {
        assert_eq!(faults("[mesh]\nshared_key_file = \"k\""), [""; 0]);
        let tls = "[mesh]\nshared_key_file = \"k\"\nlisten = \"0.0.0.0:8443\"\ncertificate = \"c\"\nkey = \"p\"\n";
        assert_eq!(faults(&format!("{tls}client_ca_file = \"a\"")), [""; 0]);
        assert_eq!(faults(&format!("{tls}without_client_certificates = true")), [""; 0]);
        for (text, words) in [
            ("[mesh]", "needs `shared_key_file`"),
            ("[mesh]\nshared_key_file = \"k\"\nlisten = \"0.0.0.0:8443\"", "must not travel in the clear"),
            (tls, "needs `client_ca_file`"),
            ("[mesh]\nshared_key_file = \"k\"\nkey = \"p\"", "both `certificate` and `key`"),
            ("[mesh]\nshared_key_file = \"k\"\nexpiry_days = 0", "`mesh.expiry_days` must be 1 to 365"),
            ("[mesh]\nshared_key_file = \"k\"\nupload_workflows = []", "one workflow id at least"),
            ("[mesh]\nshared_key_file = \"k\"\nempty_cycles = [\"?\"]", "is no ODS code"),
            ("[mesh_server]\nurl = \"http://mesh.example\"", "an https address"),
            ("[mesh_server]\nurl = \"https://mesh.example\"", "needs `password_file`"),
        ] {
            let told = faults(text).join("; ");
            assert!(told.contains(words), "{text}: {told}");
        }
    }
}
