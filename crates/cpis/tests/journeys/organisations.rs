//! `cpis organisations` as an operator has it: an import, its history, and a service that answers by it.

use crate::child::{cpis, failed};
use crate::installation::{Installation, person, question, request, try_send, upload_file};

const SITES: &str =
    "code,name,organisation,setting,until\nRJ122,The renamed hospital,RJ1,S07,\nXX101,Closed,RJ1,U01,2020-03-31\n";

fn words<'a>(config: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    [&["organisations", "--config", config], rest].concat()
}

#[test]
fn tables_are_imported_as_a_whole_and_their_history_is_kept() {
    let installation = Installation::new(&[]);
    let config = installation.config();
    let config = config.to_str().unwrap();
    let file = |name: &str, text: &str| {
        let path = installation.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let run = |rest: &[&str]| {
        let done = cpis(&words(config, rest), "");
        assert_eq!(done.code, 0, "{rest:?}: {} {}", done.out, done.err);
        done.out
    };
    let (sites, bad) = (file("sites.csv", SITES), file("bad.csv", "code,name,organisation,setting\nXX102,A,RJ1,U99\n"));

    let refused = failed(&words(config, &["import", &sites, &bad, "--kind", "sites", "--why", "the list of November"]));
    assert!(refused.code == 1 && refused.err.contains("bad.csv, line 2, setting: "), "{}", refused.err);
    assert!(refused.err.contains("Nothing was imported"));
    assert_eq!(failed(&words(config, &["import", &sites, "--kind", "sites", "--why", " "])).code, 2);
    assert_eq!(failed(&words(config, &["import", &sites, "--kind", "people", "--why", "x"])).code, 2);
    assert!(failed(&words(config, &["show", "XX101"])).err.contains("nothing under this code"));

    let import = ["import", &sites, "--kind", "sites", "--why", "the list of November"];
    let dry = run(&[&import[..], &["--dry-run"]].concat());
    assert!(dry.contains("Would be: 1 new, 1 changed, 1 of these closed; 0 unchanged."), "{dry}");
    assert!(dry.contains("site RJ122 setting: `U01` is now `S07`") && dry.contains("Nothing was changed."), "{dry}");
    assert!(run(&["list", "--kind", "site", "XX"]).is_empty());
    assert!(run(&import).contains("Records: 1 new, 1 changed"));
    assert!(run(&import).contains("Records: 0 new, 0 changed, 0 of these closed; 2 unchanged."));

    let list = run(&["list", "--kind", "site", "rj122"]);
    assert!(list.starts_with("site      RJ122          1  The renamed hospital"), "{list}");
    assert!(run(&["show", "rj122"]).contains("\"setting\": \"S07\""));
    let history = run(&["history", "RJ122"]);
    assert!(history.contains(", by cpis organisations: the list of November\n"), "{history}");
    assert!(history.contains("  setting: `U01` is now `S07`"), "{history}");
    let records = file("records.jsonl", &run(&["export", "--changed"]));
    assert_eq!(std::fs::read_to_string(&records).unwrap().lines().count(), 2);
    assert!(run(&["import", &records, "--kind", "records", "--why", "back again"]).contains("2 unchanged"));
    let verified = installation.verify();
    assert!(verified.0, "{}", verified.1);
}

#[test]
fn a_service_answers_by_the_imported_register() {
    let child = person(999_000_001, "Robin", "Testcase");
    let installation = Installation::new(std::slice::from_ref(&child));
    let config = installation.config();
    let authorities = installation.folder.path().join("authorities.csv");
    std::fs::write(&authorities, "ods_code,name\n702,The Council of Camden\n").unwrap();
    let import = ["import", authorities.to_str().unwrap(), "--kind", "authorities", "--why", "its new name"];
    let words = words(config.to_str().unwrap(), &import);
    assert_eq!(cpis(&words, "").code, 0);
    let service = installation.start();
    let refused = failed(&words);
    assert!(refused.code == 4 && refused.err.contains("in use by another process"), "{}", refused.err);
    let file = upload_file(1, std::slice::from_ref(&child));
    let xml = [("content-type", "application/xml")];
    let upload = request("POST", "/authority/v1/uploads", &installation.worker(), &xml, &file);
    let answer = try_send(installation.address, &upload).unwrap();
    assert!(answer.text().contains("CPF02"), "{}", answer.text());
    let question = question(&installation.clinician(), child.number.digits(), "t-1");
    let answer = try_send(installation.address, &question).unwrap();
    assert!(answer.status == 200 && answer.text().contains("The Council of Camden"), "{}", answer.text());
    installation.stop(service);
}
