//! Rounds with a client that makes figures up.

use super::*;
use std::cell::{Cell, RefCell};

fn plan(only: Option<&str>) -> Plan {
    Plan {
        rounds: 3,
        burst: Duration::from_millis(40),
        probe: Duration::from_millis(2),
        folder: std::env::temp_dir(),
        connections: vec![1, 16],
        client_threads: 1,
        only: only.map(str::to_owned),
        even_if_busy: true,
        targets: vec![Target::plain("service, hits", "127.0.0.1:1".parse().unwrap(), "/")],
        pid: None,
        beside: Vec::new(),
    }
}

/// The reference gives 100, 200 and 300 answers a second in the three rounds; others half of it.
fn made_up(bursts: &Cell<usize>, per_round: usize, burst: &Burst) -> Outcome {
    let round = bursts.get() / per_round + 1;
    bursts.set(bursts.get() + 1);
    let rate = round as f64 * 100.0 / if burst.target.name == bare::REFERENCE { 1.0 } else { 2.0 };
    let statuses = BTreeMap::from([(200, 10), (503, 1)]);
    Outcome { answers_per_second: rate, max_us: rate, answers_200: 10, statuses, ..Outcome::default() }
}

#[test]
fn rounds_are_interleaved_and_their_medians_taken() {
    let (bursts, said) = (Cell::new(0), RefCell::new(Vec::new()));
    let report = run(
        &plan(None),
        || Ok(()),
        |burst| Ok(made_up(&bursts, 6, burst)),
        |text| said.borrow_mut().push(text.to_owned()),
    )
    .unwrap();
    assert_eq!(said.borrow().len(), 3 * (1 + 6));
    assert_eq!(
        said.borrow()[..4],
        [
            "round 1 of 3: disk",
            "round 1 of 3: bare, hello, 1 connections",
            "round 1 of 3: bare, 2 KiB, 1 connections",
            "round 1 of 3: service, hits, 1 connections",
        ]
    );
    assert_eq!((report.rows.len(), report.probes.len()), (6, 3));
    let row = report.rows.iter().find(|row| row.name == "service, hits" && row.connections == 16).unwrap();
    let median = &row.median;
    assert_eq!((median.outcome.answers_per_second, median.outcome.max_us, median.ratio), (100.0, 150.0, Some(0.5)));
    assert_eq!((median.outcome.answers_200, median.outcome.errors(), median.server_cpu_us), (30, 3, None));
    assert!(report.rows[0].median.server_cpu_us.is_some() && report.rows[0].median.server_private_bytes.is_some());
    assert_eq!((report.answers_200("service"), report.errors()), (60, 18));
}

#[test]
fn one_row_is_run_with_the_reference_beside_it() {
    for (only, names) in
        [("hits", vec!["bare, hello", "service, hits"]), ("probe", vec![]), ("hello", vec!["bare, hello"])]
    {
        let bursts = Cell::new(0);
        let report = run(&plan(Some(only)), || Ok(()), |burst| Ok(made_up(&bursts, 4, burst)), |_| ()).unwrap();
        let mut found: Vec<_> = report.rows.iter().map(|row| row.name.as_str()).collect();
        found.dedup();
        assert_eq!(found, names, "{only}");
    }
}

#[test]
fn the_middle_of_figures() {
    for (figures, expected) in
        [(vec![], None), (vec![3.0], Some(3.0)), (vec![9.0, 1.0], Some(5.0)), (vec![9.0, 1.0, 2.0], Some(2.0))]
    {
        assert_eq!(middle(figures.into_iter()), expected);
    }
}

#[test]
fn a_program_beside_is_run_after_the_targets_and_only_where_it_is_for() {
    let asked = std::rc::Rc::new(RefCell::new(Vec::new()));
    let own = asked.clone();
    let run_it = move |connections: usize| {
        own.borrow_mut().push(connections);
        let rate = 10.0 * own.borrow().len() as f64;
        Ok(Outcome { answers_per_second: rate, p99_us: 7.0, ..Outcome::default() })
    };
    let beside = vec![Beside { name: "pgbench", connections_max: 1, run: Box::new(run_it) }];
    let (bursts, said) = (Cell::new(0), RefCell::new(Vec::new()));
    let client = |burst: &Burst| Ok(made_up(&bursts, 6, burst));
    let say = |text: &str| said.borrow_mut().push(text.to_owned());
    let report = run(&Plan { beside, ..plan(None) }, || Ok(()), client, say).unwrap();
    assert_eq!(*asked.borrow(), [1, 1, 1]);
    assert_eq!(said.borrow()[4], "round 1 of 3: pgbench, 1 connections");
    let row = report.row("pgbench", 1).unwrap();
    assert_eq!((row.median.outcome.answers_per_second, row.median.ratio), (20.0, Some(0.1)));
    assert_eq!(report.rates("pgbench"), [(10.0, 1), (20.0, 1), (30.0, 1)]);
    assert!(report.row("pgbench", 16).is_none() && report.rates("none").is_empty());
}
