//! `kill -9` again and again under load: what was answered is in the journal once, and the log verifies each time.

use crate::installation::{Installation, person, question, read_answer, request, try_send, upload_file};
use cpis_model::upload::Person;
use std::fs::File;
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Kills of the ordinary run, seventeen of them while an upload is sent. `cargo xtask soak kill-nine` asks for more with `CPIS_KILLS`.
const KILLS: u64 = 50;
const CLIENTS: u64 = 4;
const PEOPLE: u64 = 40;

/// Answered looks, each noted on disk before it counts.
struct Notes {
    file: Mutex<File>,
    answered: AtomicU64,
}

impl Notes {
    fn note(&self, trace: &str) {
        let mut file = self.file.lock().unwrap();
        writeln!(file, "{trace}").unwrap();
        file.sync_data().unwrap();
        self.answered.fetch_add(1, Ordering::SeqCst);
    }
}

/// Asks again and again on one connection until it is told to stop; never the same question twice.
fn ask(installation: &Installation, notes: &Notes, stop: &AtomicBool, numbers: &[String], name: &str) {
    let token = installation.clinician();
    let mut count = 0usize;
    while !stop.load(Ordering::SeqCst) {
        let Ok(mut stream) = TcpStream::connect(installation.address) else { return };
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        loop {
            count += 1;
            let trace = format!("{name}-{count}");
            let number = &numbers[count % numbers.len()];
            if stream.write_all(&question(&token, number, &trace)).is_err() {
                break;
            }
            match read_answer(&mut stream) {
                Ok(answer) if answer.status == 200 => {
                    assert!(answer.text().contains("\"total\":1"), "no flag: {}", answer.text());
                    notes.note(&trace);
                }
                Ok(answer) => assert_eq!(answer.status, 503, "{}", answer.text()),
                Err(_) => break,
            }
            if stop.load(Ordering::SeqCst) {
                return;
            }
        }
    }
}

/// Sends the file of a round; says what was answered, if anything was.
fn upload(installation: &Installation, sequence: u64, people: &[Person]) -> Option<String> {
    let file = upload_file(sequence, &people[(sequence as usize - 1) % people.len()..]);
    let headers = [("content-type", "application/xml"), ("accept", "application/json")];
    let sent = request("POST", "/authority/v1/uploads", &installation.worker(), &headers, &file);
    try_send(installation.address, &sent).ok().filter(|answer| answer.status == 200).map(|answer| answer.text())
}

#[test]
fn no_answered_look_is_lost_by_kill_nine() {
    let people: Vec<Person> = (0..PEOPLE).map(|n| person(999_000_001 + n * 100, "Robin", "Testcase")).collect();
    let installation = Arc::new(Installation::new(&people));
    let numbers: Arc<Vec<String>> = Arc::new(people.iter().map(|person| person.number.digits().to_owned()).collect());
    let path = installation.folder.path().join("answered");
    let notes = Arc::new(Notes { file: Mutex::new(File::create(&path).unwrap()), answered: AtomicU64::new(0) });
    let (mut sequence, mut acknowledged) = (2, Vec::new());
    let kills = std::env::var("CPIS_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    for round in 0..kills {
        let mut service = installation.start();
        if round == 0 {
            let first = upload(&installation, 1, &people);
            assert!(first.as_ref().is_some_and(|text| text.contains("CPF02")), "{first:?}");
        }
        let stop = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (installation, notes, stop, numbers) =
                    (installation.clone(), notes.clone(), stop.clone(), numbers.clone());
                let name = format!("trace-{round}-{client}");
                std::thread::spawn(move || ask(&installation, &notes, &stop, &numbers, &name))
            })
            .collect();
        // The kill comes after a number of answers that differs from round to round, sometimes in the middle of an upload.
        let until = notes.answered.load(Ordering::SeqCst) + 5 + (round * 37) % 120;
        let sender = (round % 3 == 0).then(|| {
            let (installation, people) = (installation.clone(), people.clone());
            std::thread::spawn(move || upload(&installation, sequence, &people))
        });
        while notes.answered.load(Ordering::SeqCst) < until {
            std::thread::yield_now();
        }
        service.kill().unwrap();
        service.wait().unwrap();
        stop.store(true, Ordering::SeqCst);
        for client in clients {
            client.join().unwrap();
        }
        if let Some(answer) = sender.and_then(|sender| sender.join().unwrap()) {
            acknowledged.push((sequence, answer));
            sequence += 1;
        } else if round % 3 == 0 {
            // Whether it took effect is not known: the resend tells.
            let service = installation.start();
            let answer = upload(&installation, sequence, &people);
            assert!(answer.as_ref().is_some_and(|text| text.contains("CPF02")), "{answer:?}");
            acknowledged.push((sequence, answer.unwrap()));
            sequence += 1;
            installation.stop(service);
        }
        let (clean, report) = installation.verify();
        assert!(clean, "after kill {round}:\n{report}");
    }
    let service = installation.start();
    for (sequence, answer) in &acknowledged {
        assert_eq!(upload(&installation, *sequence, &people).as_ref(), Some(answer), "the resend of {sequence}");
    }
    installation.stop(service);
    let journal = installation.traces();
    let noted = std::fs::read_to_string(&path).unwrap();
    let lost = noted.lines().filter(|trace| !journal.contains_key(*trace)).count();
    let doubled = journal.values().filter(|count| **count > 1).count();
    assert_eq!((lost, doubled), (0, 0), "of {} answered looks", noted.lines().count());
    assert!(noted.lines().count() as u64 >= kills * 5);
    let (clean, report) = installation.verify();
    assert!(clean, "{report}");
}
