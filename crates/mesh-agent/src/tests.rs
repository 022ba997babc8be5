//! The agent against a server in memory: ended after every step, and whatever else may happen to files and messages.

use crate::agent::Trouble;
use crate::folders::Place;
use crate::journal::Stage;
use crate::{Agent, AgentError, Server, Settings, router, run};
use async_trait::async_trait;
use bytes::Bytes;
use cpis_app::{Clock, SystemClock};
use cpis_format_mesh::received::{Refusal, TrackedMessage};
use cpis_format_mesh::{ChunkRange, ControlFile, Delivered, DeliveredKind, Envelope, MessageId, ReportStatus};
use cpis_outbound_mesh::{Collected, MeshError};
use http_body_util::BodyExt;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tower::ServiceExt;

const SERVICE: &str = "CPIS0HC001";
const OWN: &str = "999OT001";

/// What a server would hold.
#[derive(Default)]
struct Held {
    sent: Vec<(MessageId, Envelope, Bytes)>,
    inbox: Vec<(MessageId, Collected)>,
    /// What the next request to send is told.
    send_fails: Vec<MeshError>,
    /// Whether nobody answers.
    away: bool,
}

#[derive(Default)]
struct InMemory {
    held: Mutex<Held>,
    made: AtomicUsize,
}

impl InMemory {
    fn id(&self) -> MessageId {
        let n = self.made.fetch_add(1, Ordering::SeqCst) as u32;
        let [_, a, b, c] = n.to_be_bytes();
        MessageId::new("2026-03-14T15:59:01Z".parse().unwrap(), [a, b, c])
    }

    fn put(&self, kind: DeliveredKind, content: &str) -> MessageId {
        let id = self.id();
        let envelope = Envelope {
            local_id: Some("UPLOAD-1".to_owned()),
            ..Envelope::new(OWN.parse().unwrap(), "CPIS_UPLOAD_ACK")
        };
        let delivered = Delivered {
            id: id.clone(),
            from: Some(SERVICE.parse().unwrap()),
            envelope,
            chunk: ChunkRange::WHOLE,
            accepted_at: SystemClock.now(),
            kind,
        };
        let content = Bytes::from(content.to_owned());
        self.held.lock().unwrap().inbox.push((id.clone(), Collected { delivered, content }));
        id
    }

    fn is_away(&self) -> Result<(), MeshError> {
        if self.held.lock().unwrap().away { Err(MeshError::Away("it is not reached")) } else { Ok(()) }
    }

    fn contents(&self) -> Vec<String> {
        let held = self.held.lock().unwrap();
        held.sent.iter().map(|(_, _, content)| String::from_utf8_lossy(content).into_owned()).collect()
    }
}

#[async_trait]
impl Server for InMemory {
    async fn handshake(&self) -> Result<(), MeshError> {
        self.is_away()
    }

    async fn send(&self, envelope: &Envelope, content: Bytes) -> Result<MessageId, MeshError> {
        self.is_away()?;
        let id = self.id();
        let mut held = self.held.lock().unwrap();
        if let Some(error) = held.send_fails.pop() {
            if error == MeshError::Unknown {
                held.sent.push((id, envelope.clone(), content));
            }
            return Err(error);
        }
        held.sent.push((id.clone(), envelope.clone(), content));
        Ok(id)
    }

    async fn find(&self, local_id: &str) -> Result<Option<TrackedMessage>, MeshError> {
        self.is_away()?;
        let held = self.held.lock().unwrap();
        let mut found = held.sent.iter().filter(|(_, envelope, _)| envelope.local_id.as_deref() == Some(local_id));
        let first = found.next().map(|(id, _, _)| TrackedMessage { id: Some(id.clone()), is_whole: true });
        Ok(first.filter(|_| found.next().is_none()))
    }

    async fn inbox(&self) -> Result<Vec<MessageId>, MeshError> {
        self.is_away()?;
        Ok(self.held.lock().unwrap().inbox.iter().map(|(id, _)| id.clone()).collect())
    }

    async fn collect(&self, id: &MessageId) -> Result<Collected, MeshError> {
        let held = self.held.lock().unwrap();
        let (_, found) = held.inbox.iter().find(|(listed, _)| listed == id).ok_or(MeshError::Gone)?;
        if found.content.is_empty() && found.delivered.kind == DeliveredKind::Data {
            return Err(MeshError::NotUnderstood("it is too large"));
        }
        Ok(Collected { delivered: found.delivered.clone(), content: found.content.clone() })
    }

    async fn acknowledge(&self, id: &MessageId) -> Result<(), MeshError> {
        self.held.lock().unwrap().inbox.retain(|(listed, _)| listed != id);
        Ok(())
    }
}

/// A folder, a server, and an application that takes what comes.
struct World {
    folder: tempfile::TempDir,
    server: Arc<InMemory>,
    /// Names and control files that the application took out of `IN`.
    taken: Vec<(String, ControlFile)>,
}

impl World {
    fn new() -> Self {
        // In memory where that can be: every step is flushed.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        Self { folder, server: Arc::default(), taken: Vec::new() }
    }

    fn settings(&self) -> Settings {
        Settings {
            folder: self.folder.path().to_owned(),
            data_dir: self.folder.path().to_owned(),
            mailbox: OWN.parse().unwrap(),
            to: SERVICE.parse().unwrap(),
            workflow: "CPIS_UPLOAD".to_owned(),
            alone: vec!["xml".to_owned()],
            settle: Duration::ZERO,
            control_settle: Duration::ZERO,
            scan: Duration::from_millis(10),
            poll: Duration::from_millis(10),
            keep_days: 90,
            file_bytes_max: 1000,
            for_group: true,
            names_in_log: false,
        }
    }

    fn agent(&self) -> Agent {
        Agent::open(self.settings(), self.server.clone(), Arc::new(SystemClock)).unwrap()
    }

    fn write(&self, place: &str, name: &str, text: &str) {
        std::fs::create_dir_all(self.folder.path().join(place)).unwrap();
        std::fs::write(self.folder.path().join(place).join(name), text).unwrap();
    }

    fn names(&self, place: &str) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.folder.path().join(place))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// What the application does: it acts on control files, and removes what it has.
    fn take(&mut self) {
        let folder = self.folder.path().join("IN");
        let is_control = |name: &String| name.strip_suffix("ctl").is_some();
        for name in self.names("IN").into_iter().filter(is_control) {
            let control = ControlFile::read(&std::fs::read(folder.join(&name)).unwrap()).unwrap();
            let data = folder.join(name.replace(".ctl", ".dat"));
            assert_eq!(data.exists(), !control.is_report, "{name}");
            for path in [folder.join(&name), data] {
                let _ = std::fs::remove_file(path);
            }
            self.taken.push((name, control));
        }
    }

    /// Rounds until nothing is left to do; an error ends it.
    async fn work(&mut self, agent: &Agent) -> Result<(), AgentError> {
        for _ in 0..3 {
            agent.take(Instant::now())?;
            agent.send_all().await?;
            agent.collect_all().await?;
            self.take();
        }
        Ok(())
    }
}

fn control(local_id: &str, to: &str) -> String {
    format!(
        "<DTSControl><Version>1.0</Version><WorkflowId>CPIS_UPLOAD</WorkflowId><To_DTS>{to}</To_DTS>\
         <From_DTS>{OWN}</From_DTS><LocalId>{local_id}</LocalId></DTSControl>"
    )
}

fn report() -> DeliveredKind {
    DeliveredKind::Report(ReportStatus {
        linked: Some("A_1".parse().unwrap()),
        code: "15".to_owned(),
        event: "SEND".to_owned(),
        description: "Bad CP-IS file".to_owned(),
        at: SystemClock.now(),
    })
}

/// Three files to send, of which one cannot be, and two messages that wait.
fn a_day() -> World {
    let world = World::new();
    world.write("OUT", "a.dat", "first");
    world.write("OUT", "a.ctl", &control("UPLOAD-1", SERVICE));
    world.write("OUT", "b.xml", "<second/>");
    world.write("OUT", "c.dat", "third");
    world.write("OUT", "c.ctl", "<DTSControl><To_DTS>");
    world.server.put(DeliveredKind::Data, "an answer");
    world.server.put(report(), "");
    world
}

fn check(world: &World, place: &str) {
    let mut contents = world.server.contents();
    contents.sort();
    assert_eq!(contents, ["<second/>", "first"], "{place}");
    assert!(world.server.held.lock().unwrap().inbox.is_empty(), "{place}");
    assert_eq!(world.names("OUT"), [""; 0], "{place}");
    assert_eq!(world.names("SENT"), ["a.ctl", "a.dat", "b.ctl", "b.xml"], "{place}");
    assert_eq!(world.names("FAILED"), ["c.ctl", "c.dat"], "{place}");
    assert_eq!(world.names("TEMP"), [""; 0], "{place}");
    assert_eq!(world.names("ARCHIVE").len(), 3, "{place}");
    let mut came: Vec<String> = world
        .taken
        .iter()
        .map(|(_, control)| control.status.as_ref().map(|status| status.code.clone()).unwrap_or_default())
        .collect();
    came.sort();
    assert_eq!(came, ["00", "06", "15"], "each once, and what failed is reported: {place}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_after_any_step_nothing_is_lost_and_nothing_comes_twice() {
    // How many steps there are without an end.
    let mut world = a_day();
    let mut agent = world.agent();
    agent.ends_after = Some(AtomicUsize::new(10_000));
    world.work(&agent).await.unwrap();
    check(&world, "without an end");
    let steps = 10_000 - agent.ends_after.unwrap().into_inner();
    assert!(steps > 30, "{steps}");
    for first in 0..steps {
        for second in [None, Some(first % 5)] {
            let mut world = a_day();
            for ends in std::iter::once(first).chain(second) {
                let mut agent = world.agent();
                agent.ends_after = Some(AtomicUsize::new(ends));
                let _ = world.work(&agent).await;
                world.take();
            }
            let agent = world.agent();
            world.work(&agent).await.unwrap();
            check(&world, &format!("ended after {first}, then {second:?}"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_lies_with_its_reference_and_its_id() {
    let mut world = a_day();
    let agent = world.agent();
    world.work(&agent).await.unwrap();
    let control = |place: Place, name: &str| ControlFile::read(&agent.folders.read(place, name).unwrap().unwrap());
    let (a, b) = (control(Place::Sent, "a.ctl").unwrap(), control(Place::Sent, "b.ctl").unwrap());
    let held = world.server.held.lock().unwrap();
    for (file, content) in [(&a, "first"), (&b, "<second/>")] {
        let (id, envelope, _) = held.sent.iter().find(|(_, _, sent)| sent == content).unwrap();
        assert_eq!(file.id.as_ref(), Some(id));
        assert_eq!(file.local_id, envelope.local_id);
        assert!(file.status.as_ref().unwrap().is_success && envelope.workflow == "CPIS_UPLOAD");
        assert_eq!((envelope.to.as_str(), envelope.file_name.as_ref()), (SERVICE, None), "no name of a file leaves");
    }
    assert_eq!(a.local_id.as_deref(), Some("UPLOAD-1"));
    assert!(b.local_id.unwrap().starts_with("CPIS-"));
    let about: Vec<_> = world.taken.iter().filter(|(_, file)| file.is_report).collect();
    assert!(about.iter().any(|(_, file)| file.status.as_ref().unwrap().description.contains("line 1, column")));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_cannot_be_sent_say_why() {
    let large = "x".repeat(1001);
    for (control, content, code) in [
        (control("L", "GPPROVIDER_1"), Some("x"), "06"),
        (control("L", SERVICE), None, "02"),
        (control("L", SERVICE), Some(""), "02"),
        (control("L", SERVICE), Some(large.as_str()), "06"),
        (control("L", SERVICE).replace(OWN, "ANOTHER"), Some("x"), "07"),
        (control("L", SERVICE).replace("<Version>", "<MessageType>Report</MessageType><Version>"), Some("x"), "11"),
        (" ".repeat(70_000), Some("x"), "06"),
    ] {
        let mut world = World::new();
        if let Some(content) = content {
            world.write("OUT", "a.dat", content);
        }
        world.write("OUT", "a.ctl", &control);
        let agent = world.agent();
        world.work(&agent).await.unwrap();
        let codes: Vec<&str> =
            world.taken.iter().map(|(_, file)| file.status.as_ref().unwrap().code.as_str()).collect();
        assert_eq!(codes, [code], "{}", control.len());
        assert!(world.names("OUT").is_empty() && world.names("FAILED").contains(&"a.ctl".to_owned()));
        assert!(world.server.contents().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_refuses_does_not_hold_up_the_rest() {
    let mut world = World::new();
    world.write("OUT", "a.xml", "<a/>");
    let refusal = Refusal { code: "12".to_owned(), text: "Unregistered to address".to_owned() };
    world.server.held.lock().unwrap().send_fails = vec![MeshError::Refused { status: 417, refusal }];
    let agent = world.agent();
    world.work(&agent).await.unwrap();
    world.write("OUT", "b.xml", "<b/>");
    world.work(&agent).await.unwrap();
    assert_eq!(world.server.contents(), ["<b/>"]);
    let (_, report) = &world.taken[0];
    let status = report.status.as_ref().unwrap();
    assert_eq!((status.code.as_str(), status.event.as_str(), status.is_success), ("12", "COLLECT", false));
    assert_eq!(status.description, "The server refuses with 417: Unregistered to address");
    // The same name again, mended: both stay.
    world.write("OUT", "b.xml", "<c/>");
    world.work(&agent).await.unwrap();
    assert_eq!(world.names("SENT"), ["b-2.ctl", "b-2.xml", "b.ctl", "b.xml"]);
    let mode = std::fs::metadata(world.folder.path().join("SENT/b.ctl")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660, "the case system reads it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_whose_fate_is_not_known_is_looked_for() {
    for (local_id, known) in [("UPLOAD-1", false), ("UPLOAD-1", true)] {
        let mut world = World::new();
        if known {
            let envelope = Envelope {
                local_id: Some(local_id.to_owned()),
                ..Envelope::new(SERVICE.parse().unwrap(), "CPIS_UPLOAD")
            };
            world.server.send(&envelope, "an older one".into()).await.unwrap();
        }
        world.write("OUT", "a.dat", "first");
        world.write("OUT", "a.ctl", &control(local_id, SERVICE));
        // It arrives, and its answer is lost.
        world.server.held.lock().unwrap().send_fails = vec![MeshError::Unknown];
        let agent = world.agent();
        assert!(world.work(&agent).await.is_err());
        world.work(&agent).await.unwrap();
        let firsts = world.server.contents().iter().filter(|content| *content == "first").count();
        // Under a name that was used before nothing is known: twice is better than never, and the service knows a file again.
        assert_eq!(firsts, 1 + usize::from(known));
        assert_eq!(world.names("SENT"), ["a.ctl", "a.dat"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_document_waits_and_links_are_no_files() {
    let mut world = World::new();
    let agent = world.agent();
    world.write("OUT", "a.xml", "<a><b>half");
    std::os::unix::fs::symlink("/etc/hostname", world.folder.path().join("OUT/b.xml")).unwrap();
    std::fs::create_dir(world.folder.path().join("OUT/c.xml")).unwrap();
    world.work(&agent).await.unwrap();
    assert!(world.server.contents().is_empty());
    assert_eq!(agent.said().waiting[0].why, "its end is missing");
    world.write("OUT", "a.xml", "<a><b>half</b></a>\n");
    world.work(&agent).await.unwrap();
    assert_eq!(world.server.contents(), ["<a><b>half</b></a>\n"]);
    assert_eq!(agent.folders.read(Place::Out, "b.xml").unwrap(), None, "what a link leads to is not read");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_read_does_not_hold_up_the_others() {
    let mut world = World::new();
    world.server.put(DeliveredKind::Data, "");
    world.server.put(DeliveredKind::Data, "an answer");
    let agent = world.agent();
    assert!(matches!(world.work(&agent).await, Err(AgentError::Mesh(MeshError::NotUnderstood(_)))));
    world.take();
    assert_eq!(world.taken.len(), 1);
    assert_eq!(world.server.held.lock().unwrap().inbox.len(), 1, "it stays there");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_for_long_enough_is_removed() {
    let mut world = a_day();
    let agent = world.agent();
    world.work(&agent).await.unwrap();
    world.write("TEMP", "LEFT_1.dat", "of a message that was never whole");
    let old = agent.file_time() - Duration::from_hours(91 * 24);
    for (place, name) in [("SENT", "a.dat"), ("SENT", "a.ctl"), ("FAILED", "c.dat"), ("TEMP", "LEFT_1.dat")] {
        let file = std::fs::File::options().append(true).open(world.folder.path().join(place).join(name)).unwrap();
        file.set_modified(old).unwrap();
    }
    agent.tidy().unwrap();
    assert_eq!(world.names("SENT"), ["b.ctl", "b.xml"]);
    assert_eq!(world.names("FAILED"), ["c.ctl", "c.dat"], "somebody has to look at them");
    assert_eq!(world.names("TEMP"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_loop_works_while_the_server_is_away_and_says_so() {
    let world = World::new();
    world.server.held.lock().unwrap().away = true;
    let agent = Arc::new(world.agent());
    world.write("OUT", "a.xml", "<a/>");
    let (end, stop) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(run(agent.clone(), stop));
    let until = async |what: &str, holds: &dyn Fn() -> bool| {
        let began = Instant::now();
        while !holds() {
            assert!(began.elapsed() < Duration::from_secs(20), "{what}");
            tokio::task::yield_now().await;
        }
    };
    until("the trouble is told", &|| agent.said().trouble.is_some()).await;
    until("the file is taken all the same", &|| agent.journal.count(&[Stage::Ready]).unwrap() == 1).await;
    assert!(agent.said().trouble.as_ref().unwrap().of_server);
    world.server.held.lock().unwrap().away = false;
    until("it is sent", &|| !world.server.contents().is_empty()).await;
    until("the trouble is over", &|| agent.said().trouble.is_none()).await;
    end.send(true).unwrap();
    running.await.unwrap();
}

async fn ask(agent: &Arc<Agent>, path: &str, host: &str) -> (u16, String) {
    let router = router(agent.clone(), Arc::new(|| "cpis_agent_works 1\n".to_owned()));
    let request = http::Request::get(path).header("host", host).body(axum::body::Body::empty()).unwrap();
    let answer = router.oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_says_what_happened_and_shows_no_content() {
    let mut world = a_day();
    world.write("OUT", "<script>.dat", "waits");
    let agent = Arc::new(world.agent());
    assert_eq!(ask(&agent, "/health/ready", "127.0.0.1:8083").await.0, 503);
    world.work(&agent).await.unwrap();
    agent.said().reached = Some(SystemClock.now());
    let (status, page) = ask(&agent, "/", "localhost:8083").await;
    assert_eq!(status, 200);
    for words in [
        "Working.",
        "a.dat",
        "UPLOAD-1",
        "failed: Malformed control file",
        "report, code 15",
        "control file is missing",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    for words in ["first", "second", "an answer", "<script>"] {
        assert!(!page.contains(words), "{words}: {page}");
    }
    let (_, json) = ask(&agent, "/status.json", "[::1]:8083").await;
    assert!(json.contains("\"works\":true") && json.contains("\"waiting\":1") && !json.contains("a.dat"), "{json}");
    assert_eq!(ask(&agent, "/health/ready", "127.0.0.1").await.0, 200);
    let trouble = Trouble { what: "it is away".to_owned(), since: SystemClock.now(), of_server: true };
    agent.said().trouble = Some(trouble);
    assert_eq!(ask(&agent, "/health/ready", "127.0.0.1").await, (503, "it is away\n".to_owned()));
    assert!(ask(&agent, "/", "127.0.0.1").await.1.contains("Needs attention"));
    assert_eq!(ask(&agent, "/", "evil.example:8083").await.0, 403);
    assert_eq!(ask(&agent, "/metrics", "127.0.0.1:8083").await.1, "cpis_agent_works 1\n");
}

#[test]
fn a_journal_of_another_version_is_not_touched() {
    let world = World::new();
    drop(world.agent());
    let path = world.folder.path().join("agent.db");
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 7).unwrap();
    let opened = Agent::open(world.settings(), world.server.clone(), Arc::new(SystemClock));
    assert!(matches!(opened, Err(AgentError::Version(7))));
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let world = World::new();
    let file = world.folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let opened =
        Agent::open(Settings { folder: file, ..world.settings() }, world.server.clone(), Arc::new(SystemClock));
    assert_eq!(opened.err().unwrap().to_string().split(':').next(), Some("a folder cannot be made"));
}
