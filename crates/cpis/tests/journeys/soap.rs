//! The national query over real sockets with mutual TLS, against the demo: the examples of the page, our own client, a stranger.

use crate::child::{Demo, cpis};
use cpis_app::{Clock, SystemClock};
use cpis_client::{Answer, Author, Declared, Place, Question, ResponsiblePerson, SoapClient, SoapSettings, Tries, Why};
use cpis_model::Uuid;
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The code of the page by its headings: lines that are indented by four blanks.
fn code(page: &str, heading: &str) -> String {
    let section = page.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let mut code = String::new();
    for line in section.lines() {
        if let Some(line) = line.strip_prefix("    ") {
            code += line;
            code.push('\n');
        } else if line.is_empty() && !code.is_empty() {
            code.push('\n');
        }
    }
    code
}

fn run(folder: &Path, program: &str, words: &[&str]) -> String {
    let done = Command::new(program).args(words).current_dir(folder).env("no_proxy", "127.0.0.1").output().unwrap();
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{program}\n{text}{}", String::from_utf8_lossy(&done.stderr));
    text
}

fn client(ready: &Value, asid: &str) -> SoapClient {
    let read = |key: &str| std::fs::read(ready[key].as_str().unwrap()).unwrap();
    let identity = [read("soap_client_cert"), read("soap_client_key")].concat();
    let settings =
        SoapSettings::new(ready["soap"].as_str().unwrap(), "999999999901", asid, Arc::new(|| SystemClock.now()));
    let settings = SoapSettings {
        identity: Some(Zeroizing::new(identity)),
        authorities: Some(read("soap_ca")),
        tries: Tries::once(),
        ..settings
    };
    SoapClient::new(settings).unwrap()
}

fn question(ready: &Value, example: &str, event: u128) -> Question {
    let person =
        ResponsiblePerson { role_code: "R0050".into(), role_name: "Consultant".into(), name: "Dr Noor Example".into() };
    Question {
        number: ready["examples"][example].as_str().unwrap().parse().unwrap(),
        birth: None,
        event: Uuid::from_u128(event),
        author: Author::Device {
            asid: ready["soap_asid"].as_str().unwrap().to_owned(),
            responsible: vec![person],
            place: Place { code: "RAL01".parse().unwrap(), is_site: true, name: "Royal Free Hospital".to_owned() },
        },
        declared: Declared::Unscheduled,
    }
}

fn record(answer: Answer) -> cpis_client::Record {
    match answer {
        Answer::Record(record) => *record,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_query_is_answered_as_its_page_says() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api/soap.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let data = folder.join("data");
    let demo = Demo::start_as(&data, &folder.join("demo.json"));
    let ready = demo.ready();
    let number = |example: &str| ready["examples"][example].as_str().unwrap().to_owned();

    // The page's examples.
    let message = code(&page, "The question");
    std::fs::write(folder.join("ask.sh"), message + &code(&page, "With curl")).unwrap();
    std::fs::write(folder.join("ask.py"), code(&page, "With Python")).unwrap();
    std::fs::write(folder.join("ask.mjs"), code(&page, "With JavaScript")).unwrap();
    let told = run(folder, "bash", &["-euo", "pipefail", "ask.sh"]);
    assert_eq!(
        (told.matches("<REPC_IN000007GB01").count(), told.matches("<QUQI_IN010000UK14").count()),
        (1, 1),
        "{told}"
    );
    let numbers = [number("two_plans"), number("none"), "9990000019".to_owned()];
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    for (program, file, last) in
        [("python3", "ask.py", "cannot tell: ['202']"), ("node", "ask.mjs", "cannot tell: status 200")]
    {
        let told = run(folder, program, &[&[file], &*numbers].concat());
        let lines: Vec<&str> = told.lines().collect();
        assert!(lines[0].starts_with("record: 2 plan(s), born 20"), "{told}");
        assert_eq!(lines[1..], ["no record", last], "{file}");
    }

    // Our own client: the three answers.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let asid = ready["soap_asid"].as_str().unwrap();
    let ours = client(&ready, asid);
    let ask = |question: &Question| runtime.block_on(ours.ask(question));
    let two = record(ask(&question(&ready, "two_authorities", 1)));
    assert_eq!((two.plans.len(), two.contacts.len()), (2, 2));
    assert!(two.contacts.iter().all(|contact| contact.emergency.is_some()));
    for none in ["none", "sensitive", "unknown"] {
        assert_eq!(ask(&question(&ready, none, 1)), Answer::NoRecord, "{none}");
    }
    assert_eq!(record(ask(&question(&ready, "superseded", 1))).plans.len(), 1);
    assert!(record(ask(&question(&ready, "ended", 1))).plans[0].ended);
    // Two visits of a system that the register marks are two; one visit twice is one.
    let lac = |event| record(ask(&question(&ready, "lac", event)));
    let (first, again, other) = (lac(1).accesses.len(), lac(1).accesses.len(), lac(2).accesses.len());
    assert_eq!((again, other), (first, first + 1));
    let child = lac(1);
    let birth = child.child.as_ref().unwrap().birth.unwrap();
    let with = |birth| Question { birth: Some(birth), ..question(&ready, "lac", 1) };
    assert!(matches!(ask(&with(birth)), Answer::Record(_)));
    assert_eq!(ask(&with(birth.tomorrow().unwrap())), Answer::CannotTell(Why::DetailsDiffer));
    // A silent read is answered and listed nowhere.
    let silent = Question { declared: Declared::Scheduled, ..question(&ready, "lac", 3) };
    assert_eq!(record(ask(&silent)).accesses.len(), other);

    // Another system's number with our certificate, and no certificate at all.
    let stranger = client(&ready, "999999999909");
    let told = runtime.block_on(stranger.ask(&question(&ready, "lac", 1)));
    assert!(matches!(&told, Answer::CannotTell(Why::Refused { code, .. }) if code == "403"), "{told:?}");
    let settings =
        SoapSettings::new(ready["soap"].as_str().unwrap(), "999999999901", asid, Arc::new(|| SystemClock.now()));
    let authorities = Some(std::fs::read(ready["soap_ca"].as_str().unwrap()).unwrap());
    let bare = SoapClient::new(SoapSettings { authorities, tries: Tries::once(), ..settings }).unwrap();
    let told = runtime.block_on(bare.ask(&question(&ready, "lac", 1)));
    assert!(matches!(told, Answer::CannotTell(Why::Away { .. })), "{told:?}");

    // The authority is told, and the log holds.
    let authority = ready["tokens"]["authority"].as_str().unwrap();
    let notices = format!("{}/notices?limit=200", ready["authority_api"].as_str().unwrap());
    let token = format!("Authorization: Bearer {authority}");
    let is_told = || run(folder, "curl", &["-s", "-H", &token, &notices]).contains("Dr Noor Example");
    assert!((0..200).any(|_| is_told()), "what is owed is derived after the answer");
    demo.end();
    let done = cpis(&["audit", "verify", "--data-dir", data.to_str().unwrap()], "");
    assert!(done.code == 0 && done.out.contains("No fault"), "{}{}", done.out, done.err);
}
