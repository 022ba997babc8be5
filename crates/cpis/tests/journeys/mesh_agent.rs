//! The agent of an authority without MESH software, with the mailboxes of the whole binary: files are dropped into a folder, agent
//! and service are killed while they are at it, and each file is answered once.

use crate::child::cpis;
use crate::installation::{
    AUTHORITY, Installation, MAILBOX_PASSWORD, SHARED_KEY, free, mailbox, person, question, try_send, upload_file,
};
use cpis_format_mesh::ControlFile;
use std::collections::BTreeMap;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Files that are sent.
const FILES: u64 = 6;
/// The whole test, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// The authority's machine.
struct Authority<'i> {
    installation: &'i Installation,
    page: SocketAddr,
}

impl<'i> Authority<'i> {
    fn new(installation: &'i Installation, mesh: SocketAddr, page: SocketAddr) -> Self {
        let folder = installation.folder.path();
        std::fs::write(folder.join("agent-password"), MAILBOX_PASSWORD).unwrap();
        let own = mailbox(AUTHORITY.parse().unwrap());
        let config = format!(
            "folder = \"agent\"\ndata_dir = \"agent-data\"\nmailbox = \"{own}\"\nsettle_seconds = 1\n\
             control_settle_ms = 100\nscan_ms = 100\nstatus_listen = \"{page}\"\n\n[server]\nurl = \"http://{mesh}\"\n\
             password_file = \"agent-password\"\nshared_key_file = \"shared-key\"\npoll_seconds = 5\n\n\
             [logs]\nformat = \"human\"\n"
        );
        std::fs::write(folder.join("agent.toml"), config).unwrap();
        assert_eq!(std::fs::read_to_string(folder.join("shared-key")).unwrap(), SHARED_KEY);
        std::fs::create_dir_all(folder.join("agent/OUT")).unwrap();
        Self { installation, page }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.installation.folder.path().join(name)
    }

    fn names(&self, place: &str) -> Vec<String> {
        let listed = std::fs::read_dir(self.path("agent").join(place));
        listed.map_or_else(
            |_| Vec::new(),
            |listed| listed.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect(),
        )
    }

    fn start(&self) -> Child {
        let log = File::options().create(true).append(true).open(self.path("agent-log")).unwrap();
        Command::new(env!("CARGO_BIN_EXE_cpis"))
            .args(["mesh-agent", "--config"])
            .arg(self.path("agent.toml"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    /// A file with a control file, the content first.
    fn drop_file(&self, sequence: u64, content: &[u8]) {
        let out = self.path("agent/OUT");
        let control = format!(
            "<DTSControl><Version>1.0</Version><AddressType>DTS</AddressType><MessageType>Data</MessageType>\
             <WorkflowId>CPIS_UPLOAD</WorkflowId><To_DTS>CPIS0HC001</To_DTS><LocalId>UPLOAD-{sequence}</LocalId></DTSControl>"
        );
        std::fs::write(out.join(format!("plans-{sequence}.dat")), content).unwrap();
        std::fs::write(out.join(format!("plans-{sequence}.ctl")), control).unwrap();
    }

    fn wait(&self, what: &str, holds: impl Fn() -> bool) {
        let began = Instant::now();
        while !holds() {
            let log = || std::fs::read_to_string(self.path("agent-log")).unwrap_or_default();
            assert!(began.elapsed() < PATIENCE, "{what}: {}", log());
            // tidy: sleeps because folders are looked at again and again
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn page(&self, path: &str) -> String {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.page);
        try_send(self.page, request.as_bytes()).map_or_else(|_| String::new(), |answer| answer.text())
    }
}

fn killed(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn an_authority_without_mesh_software_sends_files_and_has_each_answered_once() {
    let people: Vec<_> = (0..=FILES).map(|n| person(999_000_100 + n * 20, "Robin", "Testcase")).collect();
    let installation = Installation::new(&people);
    let [mesh, page] = free();
    installation.offer_mailboxes(&[AUTHORITY.parse().unwrap()], mesh);
    let authority = Authority::new(&installation, mesh, page);
    // The agent is up before the service is.
    let mut agent = authority.start();
    for (person, sequence) in people.iter().zip(1..FILES) {
        authority.drop_file(sequence, &upload_file(sequence, std::slice::from_ref(person)));
    }
    authority.wait("the files are taken", || authority.names("OUT").is_empty());
    let mut service = installation.start();
    // Killed at once, then after each of the first files.
    for sent in 0..4 {
        authority.wait("a file is sent", || authority.names("SENT").len() >= 2 * sent);
        killed(agent);
        agent = authority.start();
    }
    killed(service);
    service = installation.start();
    // A file without a control file, and one that is none.
    let last = upload_file(FILES, std::slice::from_ref(&people[FILES as usize]));
    std::fs::write(authority.path("agent/OUT/plans.xml"), last).unwrap();
    std::fs::write(authority.path("agent/OUT/bad.ctl"), "<DTSControl><To_DTS>CPIS0HC001</To_DTS></DTSControl>")
        .unwrap();
    std::fs::write(authority.path("agent/OUT/bad.dat"), "x").unwrap();
    authority.wait("everything is sent", || authority.names("SENT").len() == 2 * FILES as usize);
    let reports = 1;
    authority.wait("everything is answered", || authority.names("IN").len() == 2 * FILES as usize + reports);
    // A look tells the authority something of its own accord.
    let asked = question(&installation.clinician(), people[0].number.digits(), "trace-1");
    assert_eq!(try_send(installation.address, &asked).unwrap().status, 200);
    authority.wait("the look is told", || authority.names("IN").len() == 2 * FILES as usize + reports + 2);
    check_answers(&authority);
    let shown = authority.page("/");
    assert!(shown.contains("Working.") && shown.contains("plans-1.dat") && !shown.contains("none yet"), "{shown}");
    let metrics = authority.page("/metrics");
    assert!(metrics.contains("cpis_agent_works 1") && !metrics.contains("cpis_recorder"), "{metrics}");
    assert_eq!(authority.page("/health/ready"), "ready\n");
    installation.stop(agent);
    installation.stop(service);
    let log = std::fs::read_to_string(authority.path("agent-log")).unwrap();
    assert!(log.contains("a file was sent") && log.contains("a file was not sent"), "{log}");
    for secret in ["plans-1", "bad.dat", MAILBOX_PASSWORD, "Testcase", people[0].number.digits()] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
    let (clean, told) = installation.verify();
    assert!(clean, "{told}");
}

/// Every file has one answer under its reference, in the classic form.
fn check_answers(authority: &Authority<'_>) {
    let mut codes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut told = Vec::new();
    for name in
        authority.names("IN").into_iter().filter(|name| Path::new(name).extension().is_some_and(|found| found == "ctl"))
    {
        let path = authority.path("agent/IN").join(&name);
        let control = ControlFile::read(&std::fs::read(&path).unwrap()).unwrap();
        let local_id = control.local_id.clone().unwrap_or_default();
        if control.is_report {
            assert!(!path.with_extension("dat").exists());
            told.push(control.status.unwrap().code);
        } else {
            let text = std::fs::read_to_string(path.with_extension("dat")).unwrap();
            match control.workflow.as_deref().unwrap() {
                "CPIS_UPLOAD_ACK" => {
                    let code = text.split("<code code=\"").nth(1).unwrap().get(..5).unwrap().to_owned();
                    codes.entry(local_id).or_default().push(code);
                }
                workflow => told.push(workflow.to_owned()),
            }
        }
    }
    told.sort();
    assert_eq!(told, ["06", "CPIS_ACCESS_NOTIFICATION"]);
    assert!(codes.values().all(|codes| *codes == ["CPF02"]), "each once: {codes:?}");
    let named: Vec<&str> = codes.keys().map(String::as_str).filter(|id| id.starts_with("UPLOAD")).collect();
    assert_eq!(named, ["UPLOAD-1", "UPLOAD-2", "UPLOAD-3", "UPLOAD-4", "UPLOAD-5"]);
    assert_eq!(codes.len(), FILES as usize);
}

#[test]
fn faults_of_an_agent_have_their_words_and_codes() {
    let installation = Installation::new(&[]);
    let [mesh, page] = free();
    installation.offer_mailboxes(&[AUTHORITY.parse().unwrap()], mesh);
    let authority = Authority::new(&installation, mesh, page);
    let config = authority.path("agent.toml");
    let check = || cpis(&["mesh-agent", "check", "--config", config.to_str().unwrap()], "");
    let done = check();
    assert!(done.code == 1 && done.err.contains("the MESH server is away"), "{}", done.err);
    let service = installation.start();
    let done = check();
    assert!(done.code == 0 && done.out.contains("lets us in; 0 messages wait there."), "{}", done.err);
    let agent = authority.start();
    authority.wait("it is up", || authority.page("/health/live") == "live\n");
    let done = check();
    assert!(done.code == 4 && done.err.contains("in use by another process"), "{}", done.err);
    installation.stop(agent);
    std::fs::write(authority.path("agent-password"), "another one").unwrap();
    let done = check();
    assert!(done.code == 1 && done.err.contains("does not admit our mailbox"), "{}", done.err);
    installation.stop(service);
    let done = cpis(&["mesh-agent"], "");
    assert!(done.code == 2 && done.err.contains("cpis mesh-agent config"), "{}", done.err);
    let done = cpis(&["mesh-agent", "config"], "");
    assert!(done.code == 0 && done.out.contains("settle_seconds = 10"), "{}", done.out);
    std::fs::write(&config, "folder = 5").unwrap();
    assert_eq!(check().code, 3);
}
