//! Each runbook is followed: its commands run from top to bottom against an installation with the fault that it is about.
//! `systemctl`, `journalctl` and `sudo` are small scripts that do to this installation what the real ones do to a machine's.

use crate::child::cpis;
use crate::installation::{Installation, free, person, question, request, try_send, upload_file};
use std::collections::BTreeSet;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Starts the service and waits until it is ready.
const START: &str =
    "systemctl start cpis\ncurl -sf --retry 30 --retry-delay 1 --retry-all-errors http://127.0.0.1:8081/health/ready";
/// What each page says, in this order.
const PARTS: [&str; 5] = ["Symptom", "How to be sure", "What to do", "How to know that it is over", "Whom to tell"];
/// The longest page in lines: it is read by somebody who was woken.
const LINES_MAX: usize = 80;
/// The mark of a block that is run.
const MARK: &str = "```sh run";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ops/runbooks")
}

/// A page: its parts, each with the commands in it.
struct Book {
    parts: Vec<(String, String)>,
}

impl Book {
    fn read(name: &str) -> Self {
        let text = std::fs::read_to_string(folder().join(name)).unwrap();
        let mut parts: Vec<(String, String)> = Vec::new();
        let mut indent = None;
        for line in text.lines() {
            if let Some(title) = line.strip_prefix("## ") {
                parts.push((title.to_owned(), String::new()));
            } else if line.trim() == MARK {
                indent = Some(line.len() - MARK.len());
            } else if line.trim() == "```" {
                indent = None;
            } else if let (Some(indent), Some((_, commands))) = (indent, parts.last_mut()) {
                commands.push_str(line.get(indent..).unwrap_or_default());
                commands.push('\n');
            }
        }
        Self { parts }
    }

    fn commands(&self, part: &str) -> &str {
        &self.parts.iter().find(|(title, _)| title == part).unwrap().1
    }
}

/// An installation as a machine has it, for commands that name the machine's paths.
struct Machine {
    installation: Installation,
    bin: PathBuf,
    /// Where the page of an agent is.
    agent_page: SocketAddr,
    /// Where a gateway's page would listen.
    gateway: SocketAddr,
}

impl Machine {
    /// With people, an upload and a look; the service runs.
    fn new() -> Self {
        let machine = Self::stopped();
        machine.sh(START, "");
        let people = people();
        let installation = &machine.installation;
        let xml = [("content-type", "application/xml")];
        let sent = request("POST", "/authority/v1/uploads", &installation.worker(), &xml, &upload_file(1, &people));
        assert_eq!(try_send(installation.address, &sent).unwrap().status, 200);
        let asked = question(&installation.clinician(), &digits(&people[0]), "trace-1");
        assert_eq!(try_send(installation.address, &asked).unwrap().status, 200);
        machine
    }

    fn stopped() -> Self {
        let installation = Installation::new(&people());
        let private =
            |path: PathBuf, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        private(installation.data(), 0o700);
        private(installation.data().join("key-ring.toml"), 0o600);
        let folder = installation.folder.path();
        let bin = folder.join("bin");
        for path in [&bin, &folder.join("srv/import"), &folder.join("srv/keys")] {
            std::fs::create_dir_all(path).unwrap();
        }
        symlink(env!("CARGO_BIN_EXE_cpis"), bin.join("cpis")).unwrap();
        let script = |name: &str, text: &str| {
            let text = text
                .replace("LOG", installation.log().to_str().unwrap())
                .replace("CONFIG", installation.config().to_str().unwrap())
                .replace("AGENT", folder.join("mesh-agent.toml").to_str().unwrap())
                .replace("GATEWAY", folder.join("gateway.toml").to_str().unwrap())
                .replace("PID", folder.join("pid").to_str().unwrap());
            std::fs::write(bin.join(name), format!("#!/bin/sh\nset -eu\n{text}")).unwrap();
            private(bin.join(name), 0o755);
        };
        script(
            "systemctl",
            "case \"$2\" in cpis) pid=PID what=serve config=CONFIG ;; cpis-mesh-agent) pid=PID what=mesh-agent config=AGENT ;; \
             cpis-gateway) pid=PID.gateway what='gateway run' config=GATEWAY ;; *) exit 64 ;; esac\n\
             running() { [ -e \"$pid\" ] && kill -0 \"$(cat \"$pid\")\" 2>/dev/null && ! grep -q 'State:.Z' \"/proc/$(cat \"$pid\")/status\"; }\n\
             ended() { while running; do sleep 0.05; done; }\n\
             stop() { running || return 0; kill -TERM \"$(cat \"$pid\")\"; ended; }\n\
             start() { running && return 0; nohup cpis $what --config \"$config\" >>LOG 2>&1 </dev/null & echo $! >\"$pid\"; }\n\
             case \"$1\" in start) start ;; stop) stop ;; restart) stop; start ;; ended) ended ;; reset-failed) ;; status) running ;; \
             *) exit 64 ;; esac\n",
        );
        script(
            "journalctl",
            "case \"$*\" in *-u\\ cpis*) cat LOG 2>/dev/null || true ;; --vacuum-size=*) ;; *) exit 64 ;; esac\n",
        );
        script("sudo", "[ \"$1 $2\" = '-u cpis' ]\nshift 2\nexec \"$@\"\n");
        let [gateway] = crate::installation::free();
        Self { installation, bin, agent_page: SocketAddr::from(([127, 0, 0, 1], 8083)), gateway }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.installation.folder.path().join(name)
    }

    /// Runs commands that name a machine's paths; gives what they print, and panics where one fails.
    fn sh(&self, commands: &str, input: &str) -> String {
        let folder = self.installation.folder.path().to_str().unwrap();
        let data = self.installation.data();
        let script = commands
            .replace("/mnt/backup/cpis", self.path("backups").to_str().unwrap())
            .replace("/mnt/witness/checkpoints", data.join("checkpoints").to_str().unwrap())
            .replace("/var/lib/cpis", data.to_str().unwrap())
            .replace("/etc/cpis", folder)
            .replace("/srv/", &format!("{folder}/srv/"))
            .replace("127.0.0.1:8083", &self.agent_page.to_string())
            .replace("127.0.0.1:8081", &self.installation.inside.to_string())
            .replace("127.0.0.1:8090", &self.gateway.to_string());
        let path = format!("{}:{}", self.bin.display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &script])
            .env("PATH", path)
            .env_remove("CPIS_CONFIG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _ = shell.stdin.take().unwrap().write_all(input.as_bytes());
        let done = shell.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        assert!(done.status.success(), "{}\n{commands}\n{told}", done.status);
        told
    }

    /// Follows a whole page, with this on the standard input of its commands.
    fn follow(&self, book: &str, input: &str) -> Vec<String> {
        let book = Book::read(book);
        PARTS.iter().map(|part| self.sh(book.commands(part), input)).collect()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        for file in ["pid", "pid.gateway"] {
            if let Ok(id) = std::fs::read_to_string(self.path(file)) {
                let _ = Command::new("kill").args(["-KILL", id.trim()]).status();
            }
        }
    }
}

fn people() -> Vec<cpis_model::upload::Person> {
    (0..3).map(|n| person(999_000_100 + n * 10, "Robin", "Testcase")).collect()
}

fn digits(person: &cpis_model::upload::Person) -> String {
    person.number.digits().to_string()
}

/// Every page; each has its test below.
const FOLLOWED: &[&str] = &[
    "applier-lags.md",
    "agent-stuck.md",
    "authority-silent.md",
    "mailbox-stuck.md",
    "backup-old.md",
    "cannot-tell.md",
    "clock-wrong.md",
    "demographics-away.md",
    "disk-filling.md",
    "email-stuck.md",
    "erase-a-person.md",
    "gateway-stuck.md",
    "misuse.md",
    "nobody-signs-in.md",
    "notices-overdue.md",
    "renew-certificate.md",
    "restore.md",
    "rotate-keys.md",
    "subscription-dead.md",
    "verification-fails.md",
    "will-not-start.md",
];

#[test]
fn every_page_has_its_parts_and_is_followed_by_a_test() {
    let index = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name == "README.md" {
            continue;
        }
        let titles: Vec<String> = Book::read(&name).parts.into_iter().map(|(title, _)| title).collect();
        assert_eq!(titles, PARTS, "{name}");
        let text = std::fs::read_to_string(folder().join(&name)).unwrap();
        assert!(text.lines().count() <= LINES_MAX, "{name} has {} lines", text.lines().count());
        assert!(index.contains(&format!("]({name})")), "README.md does not name {name}");
        names.insert(name);
    }
    assert_eq!(
        names,
        FOLLOWED.iter().map(|&name| name.to_owned()).collect(),
        "left: the folder, right: the tests below"
    );
}

#[test]
fn will_not_start() {
    let machine = Machine::stopped();
    let book = Book::read("will-not-start.md");
    let good = std::fs::read_to_string(machine.installation.config()).unwrap();
    std::fs::write(machine.installation.config(), format!("lisen = 5\n{good}")).unwrap();
    machine.sh("systemctl start cpis; systemctl ended cpis", "");
    let told = machine.sh(book.commands("How to be sure"), "");
    assert!(told.matches("line 1: unknown setting `lisen`").count() >= 2, "the log and the doctor name it: {told}");
    std::fs::write(machine.installation.config(), good).unwrap();
    machine.sh(book.commands("What to do"), "");
    let told = machine.sh(book.commands("How to know that it is over"), "");
    assert!(told.contains("service: it is ready"), "{told}");
}

#[test]
fn cannot_tell() {
    let machine = Machine::new();
    let told = machine.follow("cannot-tell.md", "");
    assert!(told[1].contains("cpis_groups_failed_total 0") && told[1].contains("cpis_recorder_queue 0"), "{}", told[1]);
    // Whatever is counted says what it is.
    let metrics = machine.sh("curl -sf http://127.0.0.1:8081/metrics", "");
    let kinds: Vec<&str> = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    assert!(kinds.len() > 25, "{metrics}");
    for name in kinds {
        assert!(metrics.contains(&format!("# HELP {name} ")), "{name}");
    }
}

#[test]
fn disk_filling() {
    let machine = Machine::new();
    let old = machine.installation.data().join("cpis.db.schema-1");
    std::fs::write(&old, "an old copy").unwrap();
    let week = std::time::Duration::from_hours(8 * 24);
    let file = std::fs::File::options().write(true).open(&old).unwrap();
    file.set_modified(file.metadata().unwrap().modified().unwrap() - week).unwrap();
    let told = machine.follow("disk-filling.md", "");
    assert!(told[1].contains("free room: ") && told[3].contains("cpis_disk_free_bytes{of=\"database\"}"), "{told:?}");
    assert!(!old.exists() && machine.installation.data().join("cpis.db.reserve").exists());
}

#[test]
fn applier_lags() {
    let told = Machine::new().follow("applier-lags.md", "");
    assert!(told[1].contains("cpis_leads 1") && told[1].contains("cpis_applier_lag_entries"), "{}", told[1]);
}

#[test]
fn verification_fails() {
    let machine = Machine::new();
    machine.sh("systemctl stop cpis", "");
    let database = rusqlite::Connection::open(machine.installation.data().join("cpis.db")).unwrap();
    database.execute("INSERT INTO quarantine VALUES (3, 'the row is not in the expected form')", []).unwrap();
    database.execute("UPDATE leaf SET hash = zeroblob(32) WHERE ordinal = 0", []).unwrap();
    drop(database);
    machine.sh(START, "");
    let told = machine.follow("verification-fails.md", "");
    assert!(
        told[1].contains("quarantine: 1 entries could not be read") && told[1].contains("The first one: "),
        "{}",
        told[1]
    );
    assert!(told[3].contains("cpis_quarantine_entries 1"), "{}", told[3]);
}

#[test]
fn authority_silent() {
    let machine = Machine::new();
    let xml = [("content-type", "application/xml")];
    let sent =
        request("POST", "/authority/v1/uploads", &machine.installation.worker(), &xml, &upload_file(7, &people()));
    assert_eq!(try_send(machine.installation.address, &sent).unwrap().status, 202);
    let told = machine.follow("authority-silent.md", "");
    assert!(told[1].contains("an upload waits for a missing one"), "{}", told[1]);
    assert!(told[3].contains("cpis_uploads_total{code=\"CPF02\"} 1"), "{}", told[3]);
}

#[test]
fn notices_overdue() {
    let machine = Machine::new();
    let told = machine.follow("notices-overdue.md", "");
    assert!(told[1].contains("cpis_notices_overdue 0") && told[1].contains("escalate_minutes = 30"), "{}", told[1]);
    assert!(told[3].contains("cpis_leads 1"), "{}", told[3]);
}

#[test]
fn mailbox_stuck() {
    let told = Machine::new().follow("mailbox-stuck.md", "");
    assert!(told[3].contains("oldest message waits 0 seconds"), "{}", told[3]);
}

#[test]
fn agent_stuck() {
    let mut machine = Machine::stopped();
    let [mesh, page] = free();
    machine.agent_page = page;
    machine.installation.offer_mailboxes(&["702".parse().unwrap()], mesh);
    let service = machine.installation.start();
    std::fs::write(machine.path("agent-password"), "a wrong one").unwrap();
    let config = format!(
        "folder = \"srv/cpis-mesh\"\ndata_dir = \"agent-data\"\nmailbox = \"702OT001\"\nstatus_listen = \"{page}\"\n\
         scan_ms = 100\ncontrol_settle_ms = 100\n\n[server]\nurl = \"http://{mesh}\"\npassword_file = \"agent-password\"\n\
         shared_key_file = \"shared-key\"\n"
    );
    std::fs::write(machine.path("mesh-agent.toml"), config).unwrap();
    machine.sh("systemctl start cpis-mesh-agent\nuntil curl -s http://127.0.0.1:8083/health/ready | grep -q mailbox; do sleep 0.1; done", "");
    let book = Book::read("agent-stuck.md");
    let told = machine.sh(book.commands("How to be sure"), "");
    assert!(told.contains("does not admit our mailbox") && told.contains("\"works\":false"), "{told}");
    std::fs::write(machine.path("agent-password"), crate::installation::MAILBOX_PASSWORD).unwrap();
    machine.sh(book.commands("What to do"), "");
    let told = machine.sh(book.commands("How to know that it is over"), "");
    assert!(told.contains("ready") && told.contains("0 files wait"), "{told}");
    machine.installation.stop(service);
}

#[test]
fn gateway_stuck() {
    let machine = Machine::stopped();
    let [feed] = crate::installation::free();
    let key = machine.path("gateway.key");
    assert!(cpis(&["gateway", "key", key.to_str().unwrap()], "").code == 0);
    let text = format!(
        "data_dir = \"gateway\"\nkey_file = \"gateway.key\"\npage_listen = \"{}\"\n[national]\nurl = \"http://127.0.0.1:9/\"\n\
         service_asid = \"999999999901\"\nown_asid = \"999999999902\"\n[[place]]\ncode = \"RR813\"\nname = \"A\"\nresponsible = \"B\"\n\
         [[feed]]\nname = \"pas\"\nsite = \"RR813\"\nlisten = \"{feed}\"\n",
        machine.gateway
    );
    std::fs::write(machine.path("gateway.toml"), text).unwrap();
    machine.sh(
        "systemctl start cpis-gateway\n\
         curl -sf --retry 30 --retry-delay 1 --retry-all-errors http://127.0.0.1:8090/health/ready",
        "",
    );
    let told = machine.follow("gateway-stuck.md", "");
    assert!(told[1].contains("cpis_gateway_asks_waiting 0"), "{}", told[1]);
    assert!(told[2].contains("0 messages were applied, 0 were left.") && told[2].contains("ready"), "{}", told[2]);
    assert!(told[3].contains("national service away: 0"), "{}", told[3]);
}

#[test]
fn email_stuck() {
    let told = Machine::new().follow("email-stuck.md", "");
    assert!(told[1].contains("cpis_email_addresses{status=\"dead\"} 0"), "{}", told[1]);
    assert!(told[3].contains("0 0"), "{}", told[3]);
}

#[test]
fn subscription_dead() {
    let told = Machine::new().follow("subscription-dead.md", "");
    assert!(told[1].contains("cpis_subscriptions{status=\"error\"} 0"), "{}", told[1]);
    assert!(told[3].contains("0 in error"), "{}", told[3]);
}

#[test]
fn demographics_away() {
    let machine = Machine::new();
    let table = "nhs_number,given,family,birth_date,restricted,deceased,superseded_by\n";
    let somebody = person(999_000_500, "Sam", "Testcase");
    let text = format!("{table}{},Sam,Testcase,2017-04-04,no,no,\n", digits(&somebody));
    std::fs::write(machine.path("srv/import/people.csv"), text).unwrap();
    machine.follow("demographics-away.md", "");
    assert!(!machine.path("srv/import/people.csv").exists());
    let xml = [("content-type", "application/xml")];
    let file = upload_file(2, &[somebody]);
    let sent = request("POST", "/authority/v1/uploads", &machine.installation.worker(), &xml, &file);
    assert!(try_send(machine.installation.address, &sent).unwrap().text().contains("CPF02"));
}

#[test]
fn nobody_signs_in() {
    let told = Machine::new().follow("nobody-signs-in.md", "");
    assert!(told[1].contains("its keys can be read"), "{}", told[1]);
}

#[test]
fn misuse() {
    let machine = Machine::stopped();
    let config = machine.installation.config();
    let words = ["account", "add", "site.lead", "--config", config.to_str().unwrap(), "--name", "Ms Sample"];
    let rest = ["--organisation", "RRV", "--site", "RRV03", "--activity", "view"];
    let made = cpis(&[&words[..], &rest[..]].concat(), "a long enough password\n");
    assert_eq!(made.code, 0, "{}", made.err);
    machine.sh(START, "");
    let told = machine.follow("misuse.md", "");
    assert!(told[1].contains("cpis_break_glass_total{outcome=\"used\"} 0"), "{}", told[1]);
    assert!(told[2].contains("site.lead"), "{}", told[2]);
}

#[test]
fn clock_wrong() {
    let told = Machine::new().follow("clock-wrong.md", "");
    assert!(told[1].contains("clock: agrees with that of"), "{}", told[1]);
}

#[test]
fn renew_certificate() {
    let machine = Machine::stopped();
    let write = |folder: &str, ends: i32| {
        let mut wanted = rcgen::CertificateParams::new(vec!["cpis.example".to_owned()]).unwrap();
        wanted.not_before = rcgen::date_time_ymd(2020, 1, 1);
        wanted.not_after = rcgen::date_time_ymd(ends, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        std::fs::write(machine.path(folder).join("certificate.pem"), wanted.self_signed(&key).unwrap().pem()).unwrap();
        std::fs::write(machine.path(folder).join("key.pem"), key.serialize_pem()).unwrap();
    };
    write(".", 2100);
    write("srv/import", 2120);
    let text = std::fs::read_to_string(machine.installation.config()).unwrap();
    let tls = "[tls]\ncertificate = \"certificate.pem\"\nkey = \"key.pem\"\n\n[[issuer]]";
    std::fs::write(machine.installation.config(), text.replace("[[issuer]]", tls)).unwrap();
    machine.sh(START, "");
    let told = machine.follow("renew-certificate.md", "");
    assert!(told[1].contains("it ends on 2100-01-01") && told[2].contains("it ends on 2120-01-01"), "{told:?}");
    let ends = |text: &str| text.split("cpis_certificate_ends_timestamp_seconds ").nth(1).unwrap().trim().to_owned();
    assert_ne!(ends(&told[1]), ends(&told[3]), "the new one is in use");
}

#[test]
fn backup_old() {
    let machine = Machine::stopped();
    let made = cpis(&["keys", "identity", "--out", machine.path("identity").to_str().unwrap()], "");
    assert_eq!(made.code, 0, "{}", made.err);
    std::fs::create_dir(machine.path("backups")).unwrap();
    std::fs::write(machine.path("backups/cpis-2026-01-02T01-30-00.000Z.age"), "an old one").unwrap();
    let text = std::fs::read_to_string(machine.installation.config()).unwrap();
    let backup = format!("[backup]\nfolder = \"backups\"\nrecipients = [\"{}\"]\n\n[[issuer]]", made.out.trim());
    std::fs::write(machine.installation.config(), text.replace("[[issuer]]", &backup)).unwrap();
    machine.sh(START, "");
    let told = machine.follow("backup-old.md", "");
    assert!(told[1].contains("the last one is of 2026-01-02 01:30 UTC"), "{}", told[1]);
    assert!(told[1].contains("cpis_backup_last_timestamp_seconds 1767317400"), "{}", told[1]);
    assert!(told[3].contains(", 0 hours ago") && !told[3].contains("2026-01-02"), "{}", told[3]);
}

#[test]
fn rotate_keys() {
    let machine = Machine::new();
    let told = machine.follow("rotate-keys.md", "");
    assert!(told[2].contains("Sealed again: 3 people"), "{}", told[2]);
    assert!(told[3].matches("column").count() == 1 && told[3].contains("active: seals and reads"), "{}", told[3]);
    let asked = question(&machine.installation.clinician(), &digits(&people()[0]), "trace-2");
    assert!(try_send(machine.installation.address, &asked).unwrap().text().contains("\"total\":1"));
}

#[test]
fn erase_a_person() {
    let machine = Machine::new();
    let told = machine.follow("erase-a-person.md", &digits(&people()[0]));
    assert!(told[2].contains("Erased 1") && told[3].contains("1 people erased"), "{told:?}");
    let kept = std::fs::read(machine.path("srv/keys/key-ring.toml")).unwrap();
    assert_eq!(kept, std::fs::read(machine.installation.data().join("key-ring.toml")).unwrap());
    let asked = question(&machine.installation.clinician(), &digits(&people()[0]), "trace-2");
    assert!(try_send(machine.installation.address, &asked).unwrap().text().contains("\"total\":0"));
}

#[test]
fn restore() {
    let machine = Machine::new();
    // An older copy is put back, beside checkpoints that know of more.
    machine.sh("systemctl stop cpis\ncp -a /var/lib/cpis/cpis.db /srv/keys/cpis.db", "");
    machine.sh(START, "");
    let asked = question(&machine.installation.clinician(), &digits(&people()[1]), "trace-2");
    assert_eq!(try_send(machine.installation.address, &asked).unwrap().status, 200);
    machine.sh("systemctl stop cpis\nrm -f /var/lib/cpis/cpis.db*\ncp -a /srv/keys/cpis.db /var/lib/cpis/cpis.db", "");
    let told = machine.follow("restore.md", "");
    assert!(told[1].contains("Put a newer one back, or: cpis audit begin-epoch"), "{}", told[1]);
    assert!(told[3].contains("service: it is ready"), "{}", told[3]);
}
