//! `cpis doctor` and `cpis migrate` on a PostgreSQL server: what is well, and each fault with its line and exit code.

use crate::child::{Done, cpis};
use crate::several::{Nodes, people};
use cpis_testkit::postgres::{PASSWORD, SERVICE, Stop};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn run(nodes: &Nodes, words: &[&str]) -> Done {
    cpis(&[words, &["--config", nodes.nodes[0].config.to_str().unwrap()]].concat(), "")
}

fn has(done: &Done, code: i32, words: &[&str]) {
    let text = format!("{}{}", done.out, done.err);
    assert_eq!(done.code, code, "{text}");
    assert!(text.lines().any(|line| words.iter().all(|word| line.contains(word))), "{words:?} in\n{text}");
}

#[test]
fn the_doctor_says_what_is_well_and_what_is_not_with_a_server() {
    let nodes = Nodes::new(&people(3));
    let folder = nodes.installation.folder.path();
    let private = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    private(&folder.join("node-0"), 0o700);
    private(&folder.join("node-0/key-ring.toml"), 0o600);
    let doctor = || run(&nodes, &["doctor"]);
    has(&doctor(), 1, &["fault", "database: ", "schema version 0", "run `cpis migrate`"]);
    nodes.fill();

    // Beside a node, which goes on.
    let service = nodes.start(0);
    let done = doctor();
    assert!(!done.out.lines().any(|line| line.starts_with("fault")), "{}", done.out);
    for line in [
        "ok       schema: ",
        "ok       PostgreSQL: ",
        "ok       synchronous_commit: on",
        "ok       fsync: on",
        "ok       primary: yes",
        "ok       database clock: agrees with that of this machine",
        "warning  synchronous standbys: none is asked for",
        "ok       service: it is ready",
    ] {
        has(&done, 0, &[line]);
    }
    // The role's own setting is not what the service works with.
    nodes.sql("postgres", &format!("ALTER ROLE {SERVICE} SET synchronous_commit = off"));
    has(&doctor(), 0, &["ok       synchronous_commit: on"]);
    for (setting, value) in [("fsync", "off"), ("full_page_writes", "off")] {
        nodes.sql("postgres", &format!("ALTER SYSTEM SET {setting} = {value}"));
        nodes.sql("postgres", "SELECT pg_reload_conf()");
        // The server takes it up a moment later.
        let mut done = doctor();
        while done.code == 0 {
            done = doctor();
        }
        has(&done, 1, &["fault", &format!("{setting}: {value}"), "set it to on"]);
        nodes.sql("postgres", &format!("ALTER SYSTEM SET {setting} = on"));
        nodes.sql("postgres", "SELECT pg_reload_conf()");
        while doctor().code != 0 {}
    }
    nodes.stop(service);
    has(&doctor(), 0, &["warning  service: it does not run"]);

    std::fs::write(folder.join("password"), "another").unwrap();
    let done = doctor();
    has(&done, 1, &["fault", "database: ", "does not accept the role or its password", "lets this role in"]);
    assert!(!done.out.contains("another"), "{}", done.out);
    std::fs::write(folder.join("password"), PASSWORD).unwrap();
    nodes.cluster.stop(Stop::Fast);
    has(&doctor(), 1, &["fault", "database: ", "cannot be reached", "Look whether the server runs"]);
    nodes.cluster.restart();
    has(&doctor(), 0, &["ok       primary: yes"]);
}

#[test]
fn migrating_a_server_is_said_before_done_once_and_then_nothing_is_left() {
    let nodes = Nodes::new(&people(1));
    let migrate = |words: &[&str]| run(&nodes, &[&["migrate"], words].concat());
    for _ in 0..2 {
        let done = migrate(&["--dry-run"]);
        has(&done, 0, &["has schema 0 and needs schema ", "This would be done:"]);
        has(&done, 0, &["  1  the first schema"]);
        has(&done, 0, &["Nothing was changed."]);
    }
    has(&run(&nodes, &["serve"]), 4, &["cannot be used", "schema"]);
    has(&migrate(&[]), 0, &["had schema 0 and has schema ", "This was done:"]);
    for words in [&["--dry-run"][..], &[]] {
        has(&migrate(words), 0, &["There is nothing to do."]);
    }
    // Nodes run on.
    let service = nodes.start(0);
    has(&migrate(&[]), 0, &["There is nothing to do."]);
    nodes.stop(service);

    nodes.sql("cpis", "INSERT INTO cpis.schema_version (version, serves, name) VALUES (90, 90, 'of a newer program')");
    has(&migrate(&[]), 4, &["cannot be used", "90"]);
    let config = std::fs::read_to_string(&nodes.nodes[0].config).unwrap();
    let without: Vec<&str> = config.lines().filter(|line| !line.starts_with("owner_")).collect();
    std::fs::write(&nodes.nodes[0].config, without.join("\n")).unwrap();
    has(&migrate(&[]), 3, &["does not say who owns the tables"]);
    std::fs::write(&nodes.nodes[0].config, config).unwrap();
    std::fs::write(nodes.installation.folder.path().join("password"), "another").unwrap();
    has(&migrate(&[]), 4, &["does not accept the role or its password"]);
    nodes.cluster.stop(Stop::Fast);
    has(&migrate(&["--dry-run"]), 4, &["cannot be reached"]);
}
