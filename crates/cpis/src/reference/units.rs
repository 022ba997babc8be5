//! The units of systemd call the program as it is, leave it time to end, and shut it in.

use super::{files, read, repository};
use crate::cli::Cli;
use crate::config::Config;
use clap::Parser;
use cpis_inbound_http::Limits;
use std::process::Command;

const FOLDER: &str = "ops/systemd";
/// What a service's unit must say, so that a fault of ours does not become one of the machine.
const SHUT_IN: &[&str] = &[
    "User=cpis",
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "ProtectKernelTunables=yes",
    "ProtectKernelModules=yes",
    "ProtectControlGroups=yes",
    "MemoryDenyWriteExecute=yes",
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
    "RestrictNamespaces=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "UMask=0077",
    "LimitCORE=0",
    "MemorySwapMax=0",
];
/// Exposure by the measure of `systemd-analyze security`, in tenths, that a unit must stay below.
const EXPOSURE_MAX: &str = "20";

/// The values of a key, in its section.
fn values<'a>(text: &'a str, section: &str, key: &str) -> Vec<&'a str> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line == format!("[{section}]");
        } else if let Some((name, value)) = line.split_once('=').filter(|_| inside && !line.starts_with('#')) {
            found.extend((name == key).then_some(value));
        }
    }
    found
}

fn seconds(text: &str) -> u64 {
    text.trim_end_matches('s').parse().unwrap()
}

#[test]
fn units_call_the_program_as_it_is_and_shut_it_in() {
    let services = files(FOLDER, ".service");
    assert!(services.len() >= 2);
    for path in &services {
        let unit = read(path);
        let lines = values(&unit, "Service", "ExecStart");
        let words: Vec<&str> = lines.iter().flat_map(|line| line.split(' ')).collect();
        assert_eq!((lines.len(), words[0]), (1, "/usr/bin/cpis"), "{path}");
        if let Err(error) = Cli::try_parse_from(&words) {
            panic!("{path}: {error}");
        }
        for line in SHUT_IN {
            assert!(unit.lines().any(|found| found == *line), "{path} lacks {line}");
        }
        let capabilities = values(&unit, "Service", "CapabilityBoundingSet");
        let few = capabilities == [""] || capabilities == ["CAP_NET_BIND_SERVICE"];
        assert!(few && !unit.contains("\nSystemCallFilter=@system-service @"), "{path}");
    }
    for path in files(FOLDER, ".timer") {
        let service = path.replace(".timer", ".service");
        assert!(services.contains(&service), "{path} starts nothing");
        assert_eq!(values(&read(&path), "Timer", "OnCalendar").len(), 1, "{path}");
    }
}

#[test]
fn a_service_starts_again_unless_that_mends_nothing_and_has_time_to_end() {
    let limits = Limits::default();
    for name in ["cpis", "cpis-work"] {
        let unit = read(&format!("{FOLDER}/{name}.service"));
        let of = |key| values(&unit, "Service", key);
        assert_eq!(of("Restart"), ["on-failure"]);
        // Command line, configuration, key ring, mapping. The database (4) and an address in use (6) may come right.
        assert_eq!(of("RestartPreventExitStatus"), ["2 3 5 7"]);
        let wait = seconds(of("TimeoutStopSec")[0]);
        for sample in files("docs/samples", ".toml").into_iter().filter(|path| !path.ends_with("mesh-agent.toml")) {
            let config = Config::parse(&read(&sample)).unwrap();
            // Both doors answer what they took, then the worker ends and the last checkpoint is signed.
            let needed = u64::from(config.leave_seconds) + 2 * limits.drain_seconds + 30;
            assert!(needed <= wait, "{sample} needs {needed} s to end, and {name}.service kills it after {wait}");
        }
    }
}

/// systemd's own judgement, where it is installed.
#[test]
fn systemd_takes_the_units() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut units = Vec::new();
    for path in files(FOLDER, ".service").into_iter().chain(files(FOLDER, ".timer")) {
        let copy = folder.path().join(path.rsplit('/').next().unwrap());
        // The program need not be installed here.
        std::fs::write(&copy, read(&path).replace("/usr/bin/cpis", "/bin/true")).unwrap();
        units.push(copy);
    }
    let verified = Command::new("systemd-analyze")
        .args(["verify", "--man=no", "--recursive-errors=no"])
        .args(&units)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && told.trim().is_empty(), "{told}");
    for path in files(FOLDER, ".service") {
        let judged = Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--no-pager", "--threshold", EXPOSURE_MAX])
            .arg(repository(&path))
            .output()
            .unwrap();
        assert!(judged.status.success(), "{path}: {}", String::from_utf8_lossy(&judged.stdout));
    }
}
