//! A day of 500 arrivals: the national service stops twice, the gateway is killed twice, the PAS repeats itself. Every visit that should
//! be checked is asked about under one event, every flag is back, and the list of those who are not checked is exact.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::pedantic,
    reason = "a panic is how a test fails"
)]

mod world;

use async_trait::async_trait;
use cpis_app::{Clock, SystemClock, SystemEntropy};
use cpis_format_hl7v2::mllp::frame;
use cpis_gateway::national::{Ask, National, Told};
use cpis_gateway::{Rules, Store, Vault};
use cpis_model::nhs_number::NhsNumber;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use world::{Adt, PATIENCE, Pas, Sender, said};

/// Says that this process is the gateway, and where its folder is.
const CHILD: &str = "GATEWAY_JOURNEY_CHILD";
const ARRIVALS: usize = 500;

/// The national service at the other end of a line.
struct Line(SocketAddr);

#[async_trait]
impl National for Line {
    async fn ask(&self, ask: &Ask) -> Told {
        let told = async {
            let mut stream = TcpStream::connect(self.0).await.ok()?;
            let birth = ask.birth.map(|birth| birth.to_string()).unwrap_or_default();
            let line = format!("{} {} {birth}\n", ask.event, ask.number.digits());
            stream.write_all(line.as_bytes()).await.ok()?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.ok()?;
            Some(match answer.as_str() {
                "record" => Told::Record,
                "none" => Told::NoRecord,
                "mismatch" => Told::Mismatch,
                _ => return None,
            })
        };
        told.await.unwrap_or(Told::Away(None))
    }
}

/// The gateway, when this process is a child; a test that passes otherwise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(folder) = std::env::var(CHILD) else { return };
    let folder = Path::new(&folder);
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let national = Arc::new(Line(read("national").parse().unwrap()));
    let pas: SocketAddr = read("pas").parse().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (_store, _gateway, mllp, _page) = world::start(
        folder,
        &read("key"),
        world::PROFILE,
        pas,
        national as Arc<dyn National>,
        clock,
        cpis_gateway::feed::Limits::default(),
        None,
    )
    .await;
    let part = folder.join("mllp.part");
    std::fs::write(&part, mllp.to_string()).unwrap();
    std::fs::rename(part, folder.join("mllp")).unwrap();
    std::future::pending::<()>().await;
}

fn start_child(folder: &Path) -> Child {
    let _ = std::fs::remove_file(folder.join("mllp"));
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

async fn address(folder: &Path) -> SocketAddr {
    let found = async {
        loop {
            if let Ok(text) = std::fs::read_to_string(folder.join("mllp")) {
                return text.parse().unwrap();
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("the gateway starts")
}

/// What is known nationally: numbers with a record and their dates of birth; and what was asked and answered.
#[derive(Clone, Default)]
struct Nation {
    records: Arc<BTreeMap<String, String>>,
    is_away: Arc<AtomicBool>,
    answered: watch::Sender<BTreeMap<String, BTreeSet<String>>>,
}

impl Nation {
    async fn serve(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let nation = self.clone();
            tokio::spawn(async move {
                let mut lines = BufReader::new(stream);
                let mut line = String::new();
                if nation.is_away.load(Ordering::SeqCst) || lines.read_line(&mut line).await.is_err() {
                    return;
                }
                let words: Vec<&str> = line.trim_end().split(' ').collect();
                let answer = match nation.records.get(words[1]) {
                    None => "none",
                    Some(birth) if words[2] != birth => "mismatch",
                    Some(_) => "record",
                };
                nation.answered.send_modify(|all| {
                    all.entry(words[1].to_owned()).or_default().insert(words[0].to_owned());
                });
                let _ = lines.get_mut().write_all(answer.as_bytes()).await;
            });
        }
    }
}

/// A patient of the day.
struct Patient {
    local: String,
    visit: String,
    number: String,
    kind: usize,
    has_record: bool,
}

impl Patient {
    fn is_child(&self) -> bool {
        self.kind != 4
    }

    /// Whether the national service should have answered about them by the end of the day.
    fn is_asked(&self) -> bool {
        self.is_child() && self.kind != 6
    }

    fn message(&self, event: &str, id: String, minute: i64, with_number: bool, now: &str) -> String {
        let birth = if self.is_child() { "20190722" } else { "19800722" };
        let birth = if self.kind == 7 { "20190723" } else { birth };
        let at = format!("{now}{:02}{:02}", minute / 60, minute % 60);
        let number = with_number.then_some(self.number.as_str());
        let status = if with_number { "NSTS01" } else { "NSTS03" };
        let visit = if event == "A31" { "" } else { self.visit.as_str() };
        Adt { event, id: &id, at: &at, local: &self.local, number, status, birth, visit, started: &at, more: "" }.text()
    }
}

fn patients() -> Vec<Patient> {
    let mut numbers = (0..).filter_map(|n| NhsNumber::from_first_nine(999_100_000 + n));
    (0..ARRIVALS)
        .map(|n| Patient {
            local: format!("L{n:06}"),
            visit: format!("AE{n:06}"),
            number: numbers.next().unwrap().digits().to_owned(),
            kind: n % 10,
            has_record: n % 3 == 0 || n % 10 == 7,
        })
        .collect()
}

/// All messages of the day, in their order.
fn day(patients: &[Patient], date: &str) -> Vec<String> {
    let mut messages = Vec::new();
    let mut later: Vec<(usize, String)> = Vec::new();
    for (n, patient) in patients.iter().enumerate() {
        let id = |part: &str| format!("{n}{part}");
        messages.push(patient.message("A04", id("a"), 1, !matches!(patient.kind, 5 | 6), date));
        let event = match patient.kind {
            5 => Some("A31"),
            8 => Some("A11"),
            9 => Some("A03"),
            _ => None,
        };
        later.extend(event.map(|event| (n + 20, patient.message(event, id("b"), 2, true, date))));
        while later.first().is_some_and(|(due, _)| *due <= n) {
            messages.push(later.remove(0).1);
        }
    }
    messages.extend(later.into_iter().map(|(_, message)| message));
    messages
}

/// Sends until it is accepted: over a new connection where the old one ended.
async fn send(folder: &Path, sender: &mut Option<Sender>, message: &str) {
    loop {
        if sender.is_none() {
            let stream = TcpStream::connect(address(folder).await).await;
            *sender = stream.ok().map(Sender::over);
        }
        let Some(open) = sender.as_mut() else { continue };
        let written = open.stream.write_all(&frame(message.as_bytes())).await;
        match (written, open.read().await) {
            (Ok(()), Some(answer)) if answer.contains("MSA|AA|") => return,
            (Ok(()), Some(answer)) => assert!(answer.contains("MSA|AE|"), "{answer}"),
            _ => *sender = None,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_with_outages_and_kills_loses_and_doubles_nothing() {
    let folder = world::folder();
    let key = Vault::new_text(&SystemEntropy::new().unwrap()).to_string();
    let patients = patients();
    let known = patients.iter().filter(|patient| patient.has_record);
    let records = known.map(|patient| (patient.number.clone(), "2019-07-22".to_owned())).collect();
    let nation = Nation { records: Arc::new(records), ..Nation::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let pas = Pas::start().await;
    for (name, text) in [
        ("key", key.clone()),
        ("national", listener.local_addr().unwrap().to_string()),
        ("pas", pas.address.to_string()),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    tokio::spawn(nation.clone().serve(listener));
    let mut child = start_child(folder.path());
    let mut sender = None;
    let date = cpis_model::time::london_day(SystemClock.now()).strftime("%Y%m%d").to_string();
    for (n, message) in day(&patients, &date).iter().enumerate() {
        match n {
            100 | 300 => nation.is_away.store(true, Ordering::SeqCst),
            200 | 450 => nation.is_away.store(false, Ordering::SeqCst),
            150 | 400 => {
                child.kill().unwrap();
                child.wait().unwrap();
                child = start_child(folder.path());
            }
            _ => {}
        }
        send(folder.path(), &mut sender, message).await;
        if n % 7 == 0 {
            send(folder.path(), &mut sender, message).await;
        }
    }

    // Everybody who should be is answered about, each under one event.
    let expected: BTreeSet<&str> =
        patients.iter().filter(|p| p.is_asked() && p.kind != 8).map(|p| &*p.number).collect();
    let mut answered = nation.answered.subscribe();
    let all = answered.wait_for(|all| expected.iter().all(|number| all.contains_key(*number)));
    let all = tokio::time::timeout(PATIENCE, all).await.expect("all are asked about").unwrap().clone();
    for (number, events) in &all {
        assert_eq!(events.len(), 1, "one event for each visit");
        // Somebody whose visit was cancelled may have been asked about before.
        let patient = patients.iter().find(|patient| &patient.number == number).unwrap();
        assert!(patient.is_asked(), "nobody else is asked about");
    }

    // Every flag of somebody who is still there is back in the PAS; of nobody else.
    let due = |kind: usize| !matches!(kind, 4 | 6 | 7 | 8 | 9);
    let flagged: BTreeSet<String> =
        patients.iter().filter(|p| p.has_record && due(p.kind)).map(|p| p.visit.clone()).collect();
    let shown = |all: &Vec<String>| {
        let mut state = BTreeMap::new();
        for message in all {
            let (what, _, visit) = said(message);
            state.insert(visit, what);
        }
        state.into_iter().filter(|(_, what)| *what == "shown").map(|(visit, _)| visit).collect::<BTreeSet<_>>()
    };
    let mut got = pas.got.subscribe();
    let found = tokio::time::timeout(PATIENCE, got.wait_for(|all| shown(all) == flagged)).await.is_ok();
    assert!(found, "{:?}", shown(&pas.got.borrow()).symmetric_difference(&flagged).collect::<Vec<_>>());
    // What was sent twice is the same message with the same control id.
    let mut by_id: BTreeMap<String, String> = BTreeMap::new();
    for message in pas.got.borrow().iter() {
        let id = message.split('|').nth(9).unwrap().to_owned();
        assert_eq!(by_id.entry(id).or_insert_with(|| message.clone()), message);
    }

    // The list is exact.
    child.kill().unwrap();
    child.wait().unwrap();
    let vault = Vault::parse(&key, SystemEntropy::new().unwrap()).unwrap();
    let store = Store::open(&folder.path().join("gateway.sqlite"), vault, Rules::default()).unwrap();
    let unchecked = store.unchecked(SystemClock.now()).await.unwrap();
    let listed: BTreeMap<_, _> = unchecked.into_iter().map(|row| (row.local, row.reason.code())).collect();
    let expected: BTreeMap<_, _> = patients
        .iter()
        .filter_map(|patient| match patient.kind {
            6 => Some((patient.local.clone(), "no-number")),
            7 => Some((patient.local.clone(), "mismatch")),
            _ => None,
        })
        .collect();
    assert_eq!(listed, expected);
}
