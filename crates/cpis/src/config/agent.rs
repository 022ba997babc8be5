//! The configuration of `cpis mesh-agent`.

use super::settings::{Logs, MeshServer, Setting, Shown, toml_of};
use crate::fault::Result;
use cpis_format_mesh::MailboxId;
use cpis_mesh_agent::Settings;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Bytes of a MiB.
const MIB: u64 = 1024 * 1024;

settings! {
    /// The configuration of an agent for an authority without MESH software.
    MeshAgent {
        /// Folder with the folders OUT, IN, SENT, FAILED, ARCHIVE and TEMP, which are made where they are
        /// missing. It may be on the network; all of them on the same disk.
        folder: PathBuf = default(PathBuf::from("/srv/cpis-mesh")),
        /// Folder for the agent's journal, on a disk of this machine.
        data_dir: PathBuf = default(PathBuf::from("/var/lib/cpis-mesh-agent")),
        /// The authority's mailbox.
        mailbox: String = example("\"999OT001\""),
        /// Mailbox to which files without a control file go.
        to: String = default("CPIS0HC001".to_owned()),
        /// Their workflow id.
        workflow: String = default("CPIS_UPLOAD".to_owned()),
        /// Endings of files that need no control file.
        alone: Vec<String> = default(vec!["xml".to_owned()]),
        /// Seconds for which a file without a control file must not have changed before it is sent.
        settle_seconds: u32 = default(10),
        /// Milliseconds for which a file with a control file must not have changed.
        control_settle_ms: u32 = default(1000),
        /// Milliseconds between two looks into the folder.
        scan_ms: u32 = default(2000),
        /// MiB of a file at most.
        file_mib_max: u32 = default(200),
        /// Days after which what was sent, and the copies of what came, are removed. 0 is never.
        keep_days: u32 = default(90),
        /// Let the group of the folders read and write what the agent puts there, such as the case system's.
        group_access: bool = default(false),
        /// Name files in log lines. Only where the names of files hold no names of people and no numbers.
        names_in_log: bool = default(false),
        /// Address of the status page and of metrics, on this machine.
        status_listen: SocketAddr = default(SocketAddr::from(([127, 0, 0, 1], 8083))),
        /// The MESH server.
        server: MeshServer = table(MeshServer),
        /// Logs, written to standard error. They hold no personal data.
        logs: Logs = table(Logs),
    }
}

impl MeshAgent {
    /// Reads and checks a file. All faults come together.
    pub fn read(path: &Path) -> Result<Self> {
        let mut config: Self = super::read(path, "cpis mesh-agent config", Self::check)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let Self { folder: files, data_dir, server, .. } = &mut config;
        for path in [files, data_dir].into_iter().chain(server.paths()) {
            *path = folder.join(&*path);
        }
        Ok(config)
    }

    /// Everything that is wrong, each in one sentence.
    fn check(&self) -> Vec<String> {
        let mut faults = self.server.check("server");
        for (name, value) in [("mailbox", &self.mailbox), ("to", &self.to)] {
            if value.parse::<MailboxId>().is_err() {
                faults.push(format!("`{name}` must be the id of a mailbox"));
            }
        }
        if self.workflow.trim().is_empty() || self.workflow.chars().any(char::is_control) {
            faults.push("`workflow` must be a workflow id".to_owned());
        }
        let is_ending = |ending: &String| {
            !ending.is_empty()
                && ending.chars().all(char::is_alphanumeric)
                && !["ctl", "dat"].contains(&ending.as_str())
        };
        if !self.alone.iter().all(is_ending) {
            faults.push("`alone` must hold endings without a full stop, other than ctl and dat".to_owned());
        }
        for (name, value, range) in [
            ("settle_seconds", self.settle_seconds, 1..=3600),
            ("control_settle_ms", self.control_settle_ms, 100..=600_000),
            ("scan_ms", self.scan_ms, 100..=600_000),
            ("file_mib_max", self.file_mib_max, 1..=100_000),
            ("keep_days", self.keep_days, 0..=36_500),
        ] {
            if !range.contains(&value) {
                faults.push(format!("`{name}` must be {} to {}", range.start(), range.end()));
            }
        }
        if !self.status_listen.ip().is_loopback() {
            faults.push("`status_listen` must be an address of this machine, such as 127.0.0.1:8083".to_owned());
        }
        faults
    }

    /// What the agent takes.
    pub fn choices(&self, mailbox: MailboxId, to: MailboxId) -> Settings {
        Settings {
            folder: self.folder.clone(),
            data_dir: self.data_dir.clone(),
            mailbox,
            to,
            workflow: self.workflow.trim().to_owned(),
            alone: self.alone.iter().map(|ending| ending.to_lowercase()).collect(),
            settle: Duration::from_secs(u64::from(self.settle_seconds)),
            control_settle: Duration::from_millis(u64::from(self.control_settle_ms)),
            scan: Duration::from_millis(u64::from(self.scan_ms)),
            poll: Duration::from_secs(u64::from(self.server.poll_seconds)),
            keep_days: self.keep_days,
            file_bytes_max: u64::from(self.file_mib_max) * MIB,
            for_group: self.group_access,
            names_in_log: self.names_in_log,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{agent_printed, parse};

    fn faults(text: &str) -> String {
        parse::<MeshAgent>(text).unwrap().check().join("; ")
    }

    const GOOD: &str = "mailbox = \"999OT001\"\n[server]\nurl = \"https://mesh.example\"\npassword_file = \"p\"\n\
                        shared_key_file = \"k\"\n";

    #[test]
    fn faults_are_told_together() {
        assert_eq!(faults(GOOD), "");
        let told = faults("to = \"no id\"\nalone = [\".xml\", \"ctl\"]\nscan_ms = 5\nstatus_listen = \"0.0.0.0:80\"");
        for words in [
            "`server.url` must be an https address",
            "[server] needs `password_file`",
            "`mailbox` must be",
            "`to` must be",
            "`alone` must hold",
            "`scan_ms` must be 100 to 600000",
            "`status_listen` must be",
        ] {
            assert!(told.contains(words), "{words}: {told}");
        }
        assert!(faults(&format!("keep_days = 0\n{GOOD}")).is_empty(), "nothing is removed");
        let told = parse::<MeshAgent>("folders = 1").unwrap_err();
        assert!(told.starts_with("line 1: unknown setting `folders`"), "{told}");
    }

    #[test]
    fn what_is_printed_is_a_configuration_with_the_defaults() {
        assert_eq!(parse(&agent_printed()), Ok(MeshAgent::default()));
    }

    #[test]
    fn the_sample_is_a_configuration() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/samples/mesh-agent.toml");
        let config = MeshAgent::read(&path).unwrap();
        assert!(config.folder.is_absolute() && config.server.url.starts_with("https://"));
    }
}
