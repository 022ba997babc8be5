//! A database server that is away: a node waits for it at its start, says "cannot tell" while it is gone, and goes on by itself.

use crate::installation::{question, try_send};
use crate::several::{Nodes, people};
use cpis_testkit::postgres::Stop;
use std::time::{Duration, Instant};

/// Looks while the server is away.
const LOOKS: usize = 40;
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_server_that_comes_late_and_goes_for_a_while_needs_no_hands() {
    let people = people(1);
    let nodes = Nodes::new(&people);
    nodes.fill();
    nodes.cluster.stop(Stop::Fast);
    let (service, told) = std::thread::scope(|scope| {
        let starting = scope.spawn(|| nodes.start(0));
        let began = Instant::now();
        let log = || std::fs::read_to_string(nodes.installation.log()).unwrap_or_default();
        while !log().contains("the database is away: waiting for it") {
            assert!(began.elapsed() < PATIENCE && !starting.is_finished(), "{}", log());
        }
        let told = log();
        nodes.cluster.restart();
        (starting.join().unwrap(), told)
    });
    assert!(!told.contains("Listening"), "nothing was answered before: {told}");
    assert!(nodes.upload(0, 1, &people).contains("CPF02"));
    let (address, inside) = (nodes.nodes[0].address, nodes.nodes[0].inside);
    let token = nodes.installation.clinician();
    let look = |trace: &str| try_send(address, &question(&token, people[0].number.digits(), trace)).unwrap();
    let ready = || try_send(inside, b"GET /health/ready HTTP/1.1\r\nhost: x\r\n\r\n").unwrap().status;
    assert_eq!((look("before").status, ready()), (200, 200));

    nodes.cluster.stop(Stop::Immediate);
    for count in 0..LOOKS {
        let answer = look(&format!("away-{count}"));
        assert!(answer.status == 503 && answer.head.contains("retry-after"), "{} {}", answer.head, answer.text());
        assert!(!answer.text().contains("\"total\""), "no flag, and no record of none: {}", answer.text());
        assert_eq!(ready(), 503);
    }
    nodes.cluster.restart();
    let began = Instant::now();
    while ready() != 200 || look("after").status != 200 {
        assert!(began.elapsed() < PATIENCE, "it does not go on by itself");
    }
    nodes.stop(service);
    let told = nodes.verify(&nodes.nodes[0]);
    assert!(told.contains("No fault"), "{told}");
    let journal = nodes.traces();
    assert_eq!(journal.get("before"), Some(&1));
    assert!(journal.contains_key("after") && !journal.keys().any(|trace| trace.starts_with("away")), "{journal:?}");
}
