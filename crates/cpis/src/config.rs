//! The configuration of `cpis serve`: read from one TOML file, checked as a whole.

#[macro_use]
pub(crate) mod settings;
mod agent;
mod demographics;
mod email;
mod mesh;
mod print;
mod soap;
mod subscriptions;

pub use agent::MeshAgent;
pub use print::{agent_printed, printed, printed_of};
pub use settings::{
    Config, Demographics, DemographicsSource, Email, LogFormat, LogLevel, Logs, Mesh, MeshServer, Pages, Postgres, Soap,
};

use crate::age_file;
use crate::fault::{Fault, Kind, Result};
use cpis_app::Settings;
use cpis_app::recorder::Limits;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// Largest configuration file in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

impl Config {
    /// Reads a text. The error names the line.
    #[cfg(test)]
    pub fn parse(text: &str) -> Result<Self, String> {
        parse(text)
    }

    /// Reads and checks a file. All faults come together.
    pub fn read(path: &Path) -> Result<Self> {
        let mut config = read(path, "cpis config", Self::check)?;
        config.resolve(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    /// The certificates of the listeners that have one, with the name under which they are spoken of and their keys.
    pub fn certificates(&self) -> impl Iterator<Item = (&'static str, &Path, &Path)> {
        let tls = self.tls.as_ref().map(|tls| ("certificate", &*tls.certificate, &*tls.key));
        let mesh = self
            .mesh
            .as_ref()
            .and_then(|mesh| Some(("certificate of [mesh]", mesh.certificate.as_deref()?, mesh.key.as_deref()?)));
        let soap = self
            .soap
            .as_ref()
            .and_then(|soap| Some(("certificate of [soap]", soap.certificate.as_deref()?, soap.key.as_deref()?)));
        [tls, mesh, soap].into_iter().flatten()
    }

    /// Everything that is wrong, each in one sentence.
    pub fn check(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (name, value, range) in [
            ("readers", self.readers, 1..=64),
            ("leave_seconds", self.leave_seconds, 0..=300),
            ("tail_entries_max", self.tail_entries_max, 100..=10_000_000),
            ("file_days", self.file_days, 1..=3650),
            ("gap_alarm_hours", self.gap_alarm_hours, 1..=8760),
            ("escalate_minutes", self.escalate_minutes, 0..=10_080),
            ("retrace_days", self.retrace_days, 0..=365),
            ("checkpoint_seconds", self.checkpoint_seconds, 1..=3600),
            ("demographics.requests_per_second", self.demographics.requests_per_second, 1..=10_000),
            ("demographics.concurrent", self.demographics.concurrent, 2..=1_000),
            ("demographics.timeout_ms", self.demographics.timeout_ms, 100..=60_000),
            ("recorder.queue_max", self.recorder.queue_max, 1..=1_000_000),
            ("recorder.group_max", self.recorder.group_max, 1..=10_000),
            ("recorder.wait_ms_max", self.recorder.wait_ms_max, 100..=60_000),
            ("pages.idle_minutes", self.pages.idle_minutes, 1..=240),
            ("pages.shift_hours", self.pages.shift_hours, 1..=24),
            ("pages.person_an_hour", self.pages.person_an_hour, 1..=100_000),
            ("pages.organisation_an_hour", self.pages.organisation_an_hour, 1..=10_000_000),
            ("publish.seconds", self.publish.seconds, 10..=604_800),
            ("publish.multiple", self.publish.multiple, 1..=100_000),
            ("backup.keep_days", self.backup.keep_days, 1..=3650),
        ] {
            if !range.contains(&value) {
                faults.push(format!("`{name}` must be {} to {}", range.start(), range.end()));
            }
        }
        if self.tls.is_none() && !self.behind_proxy && !self.listen.ip().is_loopback() {
            faults.push(
                "`listen` is an address of the network, and personal data must not travel in the clear: \
                 add [tls], or say `behind_proxy = true` where something before the service ends TLS"
                    .to_owned(),
            );
        }
        if self.listen == self.inside_listen && self.listen.port() != 0 {
            faults.push("`listen` and `inside_listen` must differ".to_owned());
        }
        if let Some(url) = &self.base_url {
            let parsed = reqwest::Url::parse(url).ok();
            let good = parsed.is_some_and(|url| {
                matches!(url.scheme(), "http" | "https")
                    && url.path() == "/"
                    && url.query().is_none()
                    && url.fragment().is_none()
            });
            if !good {
                faults.push("`base_url` must be an http or https address without a path".to_owned());
            }
        }
        if self.tls.as_ref().is_some_and(|tls| tls.certificate.as_os_str().is_empty() || tls.key.as_os_str().is_empty())
        {
            faults.push("[tls] needs `certificate` and `key`".to_owned());
        }
        if self.issuer.iter().any(|issuer| issuer.mapping.as_os_str().is_empty()) {
            faults.push("each [[issuer]] needs `mapping`".to_owned());
        }
        faults.extend(self.demographics.check());
        faults.extend(self.subscriptions.check());
        faults.extend(self.email.iter().flat_map(Email::check));
        faults.extend(self.mesh.iter().flat_map(Mesh::check));
        faults.extend(self.mesh_server.iter().flat_map(|server| server.check("mesh_server")));
        faults.extend(self.soap.iter().flat_map(Soap::check));
        let recipients = self.backup.recipients.iter().map(|text| age_file::recipient(text));
        faults.extend(recipients.filter_map(Result::err).map(|what| format!("`backup.recipients`: {what}")));
        faults.extend(self.postgres.iter().flat_map(Postgres::check));
        if self.postgres.is_some() && self.database.is_some() {
            faults.push("`database` is the embedded one's file: take it out, or [postgres]".to_owned());
        }
        if self.register.authorities.is_some() != self.register.sites.is_some() {
            faults.push("[register] needs both `authorities` and `sites`, or neither".to_owned());
        }
        faults
    }

    /// Lets relative paths begin at a folder.
    fn resolve(&mut self, folder: &Path) {
        let Self {
            data_dir,
            key_ring,
            database,
            checkpoint_file,
            tls,
            issuer,
            register,
            publish,
            backup,
            subscriptions,
            postgres,
            mesh,
            mesh_server,
            soap,
            email,
            demographics: Demographics { api_key_file, key_file, .. },
            ..
        } = self;
        let paths = [
            key_ring,
            database,
            checkpoint_file,
            &mut register.authorities,
            &mut register.sites,
            &mut publish.folder,
            api_key_file,
            key_file,
            &mut backup.folder,
            &mut backup.recipients_file,
            &mut subscriptions.ca_file,
        ];
        let optional = paths.into_iter().filter_map(Option::as_mut);
        let tls = tls.iter_mut().flat_map(|tls| [&mut tls.certificate, &mut tls.key]);
        let mappings = issuer.iter_mut().map(|issuer| &mut issuer.mapping);
        let server = postgres.iter_mut().flat_map(|server| {
            [&mut server.password_file, &mut server.ca_file, &mut server.owner_password_file].into_iter().flatten()
        });
        let mesh = mesh.iter_mut().flat_map(Mesh::paths).chain(mesh_server.iter_mut().flat_map(MeshServer::paths));
        let soap = soap.iter_mut().flat_map(Soap::paths).chain(email.iter_mut().flat_map(Email::paths));
        for path in
            std::iter::once(data_dir).chain(optional).chain(tls).chain(mappings).chain(server).chain(mesh).chain(soap)
        {
            *path = folder.join(&*path);
        }
    }

    /// The address by which others reach the service.
    pub fn external_url(&self, listens_on: std::net::SocketAddr) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let url = self.base_url.clone().unwrap_or_else(|| format!("{scheme}://{listens_on}"));
        url.trim_end_matches('/').to_owned()
    }

    /// The choices that the use cases take.
    pub fn choices(&self, checkpoint_file: PathBuf) -> Settings {
        Settings {
            test_numbers: self.test_numbers,
            limits: Limits {
                queue_max: self.recorder.queue_max as usize,
                group_max: self.recorder.group_max as usize,
                wait_ms_max: u64::from(self.recorder.wait_ms_max),
            },
            tail_entries_max: self.tail_entries_max as usize,
            file_days: i32::try_from(self.file_days).unwrap_or(i32::MAX),
            checkpoint_seconds: u64::from(self.checkpoint_seconds),
            checkpoint_file: Some(checkpoint_file),
            publish_folder: self.publish.folder.clone(),
            publish_seconds: u64::from(self.publish.seconds),
            publish_multiple: u64::from(self.publish.multiple),
            gap_alarm_hours: i64::from(self.gap_alarm_hours),
            escalate_minutes: i64::from(self.escalate_minutes),
            retrace_days: i64::from(self.retrace_days),
        }
    }
}

impl Postgres {
    /// Everything that is wrong, each in one sentence.
    fn check(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let plain = |name: &str| {
            let part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            !name.is_empty() && name.len() <= 63 && name.bytes().all(part)
        };
        if self.address.is_empty() {
            faults.push("[postgres] needs `address`".to_owned());
        }
        for (name, address) in [("address", Some(&self.address)), ("owner_address", self.owner_address.as_ref())] {
            if address.is_some_and(|address| cpis_store_postgres::holds_password(address)) {
                faults.push(format!("`postgres.{name}` must not hold a password: name a file with it"));
            }
        }
        for (name, value) in [("schema", &self.schema), ("service_role", &self.service_role)] {
            if !plain(value) {
                faults.push(format!("`postgres.{name}` must be lower-case letters, digits and _"));
            }
        }
        if !(2..=100).contains(&self.connections) {
            faults.push("`postgres.connections` must be 2 to 100".to_owned());
        }
        faults
    }
}

/// Reads a text. The error names the line.
fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    toml::from_str(text).map_err(|error| {
        let message = error.message().replace("unknown field", "unknown setting");
        match error.span() {
            Some(span) => {
                let before = text.get(..span.start).unwrap_or_default();
                format!("line {}: {message}", before.matches('\n').count() + 1)
            }
            None => message,
        }
    })
}

/// Reads and checks a file. `printed_by` is the command that prints every setting.
fn read<T: DeserializeOwned>(path: &Path, printed_by: &str, check: impl Fn(&T) -> Vec<String>) -> Result<T> {
    let fault = |what: String| {
        let mend = format!("{printed_by} prints every setting with its default and its meaning.");
        Fault::new(Kind::Configuration, format!("The configuration {}: {what}", path.display())).mend(mend)
    };
    let text = read_text(path, FILE_BYTES_MAX).map_err(&fault)?;
    let config = parse(&text).map_err(&fault)?;
    let faults = check(&config);
    if faults.is_empty() { Ok(config) } else { Err(fault(faults.join("; "))) }
}

/// Reads a file of text; the error is a sentence's end.
pub fn read_text(path: &Path, bytes_max: u64) -> Result<String, String> {
    let told = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "it may not be read by this user".to_owned(),
        std::io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        _ => format!("it cannot be read ({error})"),
    };
    let size = std::fs::metadata(path).map_err(told)?;
    if !size.is_file() {
        return Err("it is not a file".to_owned());
    }
    if size.len() > bytes_max {
        return Err(format!("it is larger than {bytes_max} bytes"));
    }
    std::fs::read_to_string(path).map_err(told)
}

#[cfg(test)]
mod tests;
