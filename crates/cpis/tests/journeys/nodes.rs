//! Three nodes over one PostgreSQL server: what one takes another lists, and neither a killed node nor a killed server loses or
//! doubles an answered look or gives a wrong answer.

use crate::installation::{question, read_answer, request, try_send};
use crate::several::{NODES, Nodes, people};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const PEOPLE: u64 = 20;
/// Kills of each kind; `CPIS_KILLS` says otherwise for a long run.
const KILLS: usize = 3;
/// Answers between two faults.
const ANSWERS: usize = 60;

/// Asks one node again and again until it is told to stop. What is not a flag is 503, or no answer.
fn ask(
    address: SocketAddr,
    token: &str,
    answered: &Mutex<Vec<String>>,
    stop: &AtomicBool,
    numbers: &[String],
    name: &str,
) {
    let mut count = 0usize;
    while !stop.load(Ordering::SeqCst) {
        let Ok(mut stream) = TcpStream::connect(address) else {
            std::thread::yield_now();
            continue;
        };
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        while !stop.load(Ordering::SeqCst) {
            count += 1;
            let trace = format!("{name}-{count}");
            if stream.write_all(&question(token, &numbers[count % numbers.len()], &trace)).is_err() {
                break;
            }
            match read_answer(&mut stream) {
                Ok(answer) if answer.status == 200 => {
                    assert!(answer.text().contains("\"total\":1"), "no flag: {}", answer.text());
                    answered.lock().unwrap().push(trace);
                }
                Ok(answer) => assert_eq!(answer.status, 503, "{}", answer.text()),
                Err(_) => break,
            }
        }
    }
}

#[test]
fn what_one_node_takes_another_lists_and_a_dead_one_is_not_missed() {
    let people = people(PEOPLE);
    let nodes = Nodes::new(&people);
    nodes.fill();
    let mut services: Vec<Child> = (0..NODES).map(|node| nodes.start(node)).collect();
    assert!(nodes.upload(0, 1, &people).contains("CPF02"));

    // A look on one node is in the list of another within a second.
    let (token, number) = (nodes.installation.clinician(), people[0].number.digits().to_owned());
    let began = Instant::now();
    assert_eq!(try_send(nodes.nodes[0].address, &question(&token, &number, "first")).unwrap().status, 200);
    let body = format!("patient:identifier=https%3A%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C{number}");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let list = request("POST", "/cpis/FHIR/R4/AuditEvent/_search", &token, &form, body.as_bytes());
    let listed = try_send(nodes.nodes[1].address, &list).unwrap();
    assert!(listed.status == 200 && listed.text().contains("\"total\":1"), "{}", listed.text());
    assert!(began.elapsed() < Duration::from_secs(30));
    // A file that one node took is answered by another as it was.
    assert_eq!(nodes.upload(2, 1, &people), nodes.upload(0, 1, &people));
    let told = nodes.installation.run(&["audit", "verify", "--config", nodes.nodes[0].config.to_str().unwrap()]);
    assert!(!told.0 && told.1.contains("in use by another process"), "{}", told.1);

    let answered = Arc::new(Mutex::new(Vec::new()));
    let stop = Arc::new(AtomicBool::new(false));
    let numbers: Arc<Vec<String>> = Arc::new(people.iter().map(|person| person.number.digits().to_owned()).collect());
    let clients: Vec<_> = (0..NODES)
        .map(|node| {
            let (address, token) = (nodes.nodes[node].address, token.clone());
            let (answered, stop, numbers) = (answered.clone(), stop.clone(), numbers.clone());
            std::thread::spawn(move || ask(address, &token, &answered, &stop, &numbers, &format!("trace-{node}")))
        })
        .collect();
    let kills = std::env::var("CPIS_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    // After each fault the service goes on without hands.
    let go_on = || {
        let (began, before) = (Instant::now(), answered.lock().unwrap().len());
        while answered.lock().unwrap().len() < before + ANSWERS {
            assert!(began.elapsed() < Duration::from_secs(60), "no answers any more");
            std::thread::yield_now();
        }
    };
    for round in 0..kills {
        go_on();
        let node = round % NODES;
        services[node].kill().unwrap();
        services[node].wait().unwrap();
        services[node] = nodes.start(node);
        go_on();
        nodes.cluster.kill_postmaster();
        nodes.cluster.restart();
        go_on();
        let ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'cpis_service' LIMIT 1";
        nodes.sql("postgres", ended);
    }
    go_on();
    stop.store(true, Ordering::SeqCst);
    for client in clients {
        client.join().unwrap();
    }
    for service in services {
        nodes.stop(service);
    }
    for node in &nodes.nodes {
        let told = nodes.verify(node);
        assert!(told.contains("No fault"), "{told}");
    }
    let journal = nodes.traces();
    let answered = answered.lock().unwrap();
    let lost = answered.iter().filter(|trace| !journal.contains_key(*trace)).count();
    let doubled = journal.values().filter(|count| **count > 1).count();
    assert_eq!((lost, doubled), (0, 0), "of {} answered looks", answered.len());
    let (clean, report) = nodes.installation.verify();
    assert!(clean, "{report}");
}
