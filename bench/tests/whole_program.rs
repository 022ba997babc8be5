//! The program itself: the client in its own process, and a run against the bare routes as a service.

use cpis_bench::load::Burst;
use cpis_bench::rounds::Report;
use cpis_bench::settings::Target;
use cpis_bench::{bare, drive};
use std::path::Path;
use std::process::Command;

const PROGRAM: &str = env!("CARGO_BIN_EXE_cpis-bench");

#[test]
fn the_client_runs_in_a_process_of_its_own() {
    let server = bare::serve(bare::router()).unwrap();
    let target = Target::plain("a", server.address, "/body");
    let burst = Burst { target, connections: 8, threads: 1, warm_up_ms: 50, duration_ms: 200 };
    let outcome = drive::in_own_process(Path::new(PROGRAM), &burst).unwrap();
    assert!(outcome.answers_200 > 0 && outcome.errors() == 0, "{outcome:?}");
}

#[test]
fn a_run_prints_a_table_and_keeps_its_figures() {
    let server = bare::serve(bare::router()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (service, figures) = (folder.path().join("service.json"), folder.path().join("figures.json"));
    let text = format!(
        r#"{{"address": "{}", "host": "localhost", "path": "/body?n={{number}}", "hits": ["0123456789"],
            "misses": ["0123456789"], "pid": {}}}"#,
        server.address,
        std::process::id()
    );
    std::fs::write(&service, text).unwrap();
    let output = Command::new(PROGRAM)
        .args(["--quick", "--rounds", "1", "--connections", "4", "--only", "hits", "--even-if-busy"])
        .arg("--folder")
        .arg(folder.path())
        .arg("--service")
        .arg(&service)
        .arg("--out")
        .arg(&figures)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let table = String::from_utf8(output.stdout).unwrap();
    let report: Report = serde_json::from_slice(&std::fs::read(&figures).unwrap()).unwrap();
    let names: Vec<_> = report.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, [bare::REFERENCE, "service, hits", "service, 20 % hits"]);
    assert!(names.iter().all(|name| table.contains(name)), "{table}");
    assert!(report.errors() == 0 && report.answers_200("service") > 0, "{table}");
}
