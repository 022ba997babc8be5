//! Three nodes are replaced one after another under load: nobody who asks as a load balancer does is failed, and nothing that
//! was answered is missing.

use crate::installation::{Answer, question, try_send};
use crate::several::{NODES, Nodes, people};
use std::io::{Error, ErrorKind};
use std::process::{Child, Command};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const PEOPLE: u64 = 20;
const CLIENTS: usize = 4;
/// Answers between two restarts.
const ANSWERS: usize = 60;
/// Time between two looks at readiness.
const LOOK: Duration = Duration::from_millis(50);
/// The time that the nodes have to leave: many looks at readiness, also on a busy machine.
const LEAVE_SECONDS: u32 = 2;

/// A load balancer: it looks at readiness again and again, sends each request to the next node that was ready, and asks once
/// more, at the node after it, where the answer is 503 or the connection is refused.
struct Balancer<'a> {
    nodes: &'a Nodes,
    ready: [AtomicBool; NODES],
    next: AtomicUsize,
    retries: AtomicUsize,
    stop: AtomicBool,
}

impl<'a> Balancer<'a> {
    fn new(nodes: &'a Nodes) -> Self {
        let (next, retries, stop) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
        Self { nodes, ready: [const { AtomicBool::new(true) }; NODES], next, retries, stop }
    }

    fn watch(&self) {
        while !self.stop.load(Ordering::SeqCst) {
            for (node, ready) in self.ready.iter().enumerate() {
                ready.store(readiness(self.nodes, node).is_ok_and(|status| status == 200), Ordering::SeqCst);
            }
            // tidy: sleeps because a load balancer looks from time to time
            std::thread::sleep(LOOK);
        }
    }

    fn next(&self) -> usize {
        let mut asked = 0;
        loop {
            let node = self.next.fetch_add(1, Ordering::SeqCst) % NODES;
            asked += 1;
            // With nobody ready it asks anybody.
            if asked > NODES || self.ready[node].load(Ordering::SeqCst) {
                return node;
            }
        }
    }

    fn send(&self, request: &[u8]) -> std::io::Result<Answer> {
        match try_send(self.nodes.nodes[self.next()].address, request) {
            Ok(answer) if answer.status != 503 => Ok(answer),
            Err(error) if error.kind() != ErrorKind::ConnectionRefused => Err(error),
            _ => {
                self.retries.fetch_add(1, Ordering::SeqCst);
                try_send(self.nodes.nodes[self.next()].address, request)
            }
        }
    }
}

fn readiness(nodes: &Nodes, node: usize) -> Result<u16, Error> {
    let asked = try_send(nodes.nodes[node].inside, b"GET /health/ready HTTP/1.1\r\nhost: x\r\n\r\n");
    asked.map(|answer| answer.status)
}

/// Replaces a node as an operator does. It says that it is not ready while it still answers.
fn replace(nodes: &Nodes, node: usize, mut service: Child, look: &[u8]) -> Child {
    assert!(Command::new("kill").args(["-TERM", &service.id().to_string()]).status().unwrap().success());
    while readiness(nodes, node).expect("readiness is answered before anything is refused") == 200 {}
    assert_eq!(try_send(nodes.nodes[node].address, look).expect("a node that leaves answers").status, 200);
    assert_eq!(readiness(nodes, node).unwrap(), 503);
    assert!(service.wait().unwrap().success());
    nodes.start(node)
}

#[test]
fn nodes_are_replaced_one_after_another_and_nobody_is_failed() {
    let people = people(PEOPLE);
    let nodes = Nodes::new(&people);
    nodes.configure(&format!("leave_seconds = {LEAVE_SECONDS}"));
    nodes.fill();
    let services: Vec<Child> = (0..NODES).map(|node| nodes.start(node)).collect();
    assert!(nodes.upload(0, 1, &people).contains("CPF02"));
    let token = nodes.installation.clinician();
    let numbers: Vec<&str> = people.iter().map(|person| person.number.digits()).collect();
    let (balancer, answered) = (Balancer::new(&nodes), Mutex::new(Vec::new()));
    let ask = |client: usize| {
        for count in 0usize.. {
            if balancer.stop.load(Ordering::SeqCst) {
                return;
            }
            let trace = format!("trace-{client}-{count}");
            let answer = balancer.send(&question(&token, numbers[count % numbers.len()], &trace));
            let answer = answer.expect("no look fails beyond one retry");
            assert!(answer.status == 200 && answer.text().contains("\"total\":1"), "{}", answer.text());
            answered.lock().unwrap().push(trace);
        }
    };
    let go_on = || {
        let (began, before) = (Instant::now(), answered.lock().unwrap().len());
        while answered.lock().unwrap().len() < before + ANSWERS {
            assert!(began.elapsed() < Duration::from_secs(60), "no answers any more");
            std::thread::yield_now();
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| balancer.watch());
        let clients: Vec<_> = (0..CLIENTS).map(|client| scope.spawn(move || ask(client))).collect();
        let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let replaced = services.into_iter().enumerate().map(|(node, service)| {
                go_on();
                let leaving = question(&token, numbers[0], &format!("leaving-{node}"));
                replace(&nodes, node, service, &leaving)
            });
            let replaced: Vec<Child> = replaced.collect();
            go_on();
            replaced
        }));
        balancer.stop.store(true, Ordering::SeqCst);
        for client in clients {
            client.join().unwrap();
        }
        run.unwrap().into_iter().for_each(|service| nodes.stop(service));
    });
    let log = std::fs::read_to_string(nodes.installation.log()).unwrap();
    assert!(log.contains("Ended. Everything is stored.") && !log.contains("the recorder did not end"), "{log}");
    for node in &nodes.nodes {
        let told = nodes.verify(node);
        assert!(told.contains("No fault"), "{told}");
    }
    let (journal, answered) = (nodes.traces(), answered.into_inner().unwrap());
    let others = answered.iter().filter(|trace| journal.get(*trace) != Some(&1)).count();
    assert_eq!(others, 0, "of {} answered looks, {} asked twice", answered.len(), balancer.retries.into_inner());
    assert!((0..NODES).all(|node| journal.get(&format!("leaving-{node}")) == Some(&1)));
}
