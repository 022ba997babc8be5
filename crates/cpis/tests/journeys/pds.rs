//! The whole binary with people at a Personal Demographics Service: uploads wait while it is away and are taken up by
//! themselves, `cpis doctor` says what is wrong, and nothing that is asked for stands in a log or a metric.

use crate::child::{Done, cpis};
use crate::installation::{Installation, now, person, question, request, try_send, upload_file};
use cpis_model::upload::Person;
use cpis_testkit::pds::{Application, Entry, PdsServer, Somebody, Trouble, application_key};
use std::io::Write as _;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const API_KEY: &str = "an-application-of-tests";

/// An installation whose local register is empty, and the service that knows these people.
fn world(people: &[Person]) -> (Installation, PdsServer, Runtime) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let key = application_key("pds-1").unwrap();
    let application = Application { api_key: API_KEY.to_owned(), key: key.public().clone() };
    let pds = runtime.block_on(PdsServer::start("127.0.0.1:0".parse().unwrap(), application, now)).unwrap();
    for person in people {
        let somebody = Somebody::new(&person.name.given, &person.name.family, person.birth);
        pds.put(person.number, Entry::Person(somebody));
    }
    let installation = Installation::new(&[]);
    let folder = installation.folder.path();
    std::fs::write(folder.join("pds-key.pem"), key.private_pem()).unwrap();
    std::fs::write(folder.join("pds-api-key"), format!("{API_KEY}\n")).unwrap();
    let mut config = std::fs::File::options().append(true).open(installation.config()).unwrap();
    write!(
        config,
        "\n[demographics]\nsource = \"pds\"\nbase_url = \"{}\"\ntoken_url = \"{}\"\napi_key_file = \"pds-api-key\"\n\
         key_id = \"pds-1\"\nkey_file = \"pds-key.pem\"\nrequests_per_second = 500\ntest_number = \"9990000018\"\n",
        pds.base_url(),
        pds.token_url()
    )
    .unwrap();
    (installation, pds, runtime)
}

fn doctor(installation: &Installation) -> Done {
    cpis(&["doctor", "--config", installation.config().to_str().unwrap()], "")
}

fn send_upload(installation: &Installation, sequence: u64, people: &[Person]) -> String {
    let kind = [("content-type", "application/xml"), ("accept", "application/json")];
    let file = upload_file(sequence, people);
    let sent = request("POST", "/authority/v1/uploads", &installation.worker(), &kind, &file);
    let answer = try_send(installation.address, &sent).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text()
}

#[test]
fn an_upload_waits_for_pds_and_is_taken_up_by_itself_and_nobody_is_named_on_the_way() {
    let people = [
        person(999_123_450, "Zebulonia Xanthe", "Quartermainewright"),
        person(999_234_560, "Ottiliana", "Featherstonehaughly"),
    ];
    let (installation, pds, _runtime) = world(&people);
    let service = installation.start();
    pds.trouble(Some(Trouble::Status(503, Some("1".to_owned()))));
    assert!(send_upload(&installation, 1, &people[..1]).contains("CPF05"));
    let look = |person: &Person| {
        let asked = question(&installation.clinician(), person.number.digits(), "look");
        try_send(installation.address, &asked).unwrap().text().contains("\"total\":1")
    };
    assert!(!look(&people[0]), "nothing is in force yet");

    pds.trouble(None);
    let began = Instant::now();
    while !look(&people[0]) {
        assert!(began.elapsed() < Duration::from_secs(60), "{}", std::fs::read_to_string(installation.log()).unwrap());
        // tidy: sleeps because the record is asked for again and again
        std::thread::sleep(Duration::from_millis(100));
    }
    let status =
        request("GET", "/authority/v1/uploads/1", &installation.worker(), &[("accept", "application/json")], b"");
    let status = try_send(installation.address, &status).unwrap().text();
    assert!(status.contains("CPF02"), "the second response: {status}");

    // Somebody else than was uploaded, somebody unknown, a number that was replaced.
    let mut other = people[0].clone();
    other.name.family = "Cholmondeleyson".to_owned();
    let unknown = person(999_345_670, "Peregrinius", "Unrecordedson");
    let old = person(999_456_780, "Ottiliana", "Featherstonehaughly");
    pds.put(old.number, Entry::Superseded(people[1].number));
    let answer = send_upload(&installation, 2, &[people[1].clone(), other.clone(), unknown.clone(), old.clone()]);
    assert!(look(&people[1]));
    for code in ["CPF03", "CPR01", "CPR03", "CPR05"] {
        assert!(answer.contains(code), "{code}: {answer}");
    }

    let metrics = try_send(installation.inside, b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n").unwrap().text();
    for line in [
        "cpis_pds_requests_total{operation=\"read\",outcome=\"answered\"}",
        "cpis_pds_requests_total{operation=\"token\",outcome=\"answered\"} 1",
        "cpis_pds_breaker 0",
        "cpis_pds_seconds_count{operation=\"read\"}",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    installation.stop(service);
    let log = std::fs::read_to_string(installation.log()).unwrap();
    assert!(log.contains("demographics is away: an upload waits"), "{log}");
    let secret = application_key("pds-1").unwrap().private_pem().lines().nth(1).unwrap().to_owned();
    let mut words = vec![API_KEY.to_owned(), "Bearer".to_owned(), "token-1".to_owned(), "/Patient".to_owned(), secret];
    for person in people.iter().chain([&other, &unknown, &old]) {
        words.extend([person.number.digits().to_owned(), person.name.family.clone(), person.name.given.clone()]);
    }
    for (place, text) in [("the log", &log), ("the metrics", &metrics)] {
        for word in &words {
            assert!(!text.contains(word.as_str()), "{word} in {place}");
        }
    }
    assert!(installation.verify().0);
}

#[test]
fn doctor_asks_for_a_token_and_for_the_test_number() {
    let (installation, pds, _runtime) = world(&[]);
    let has = |done: &Done, weight: &str, words: &str| {
        let found = done.out.lines().any(|line| line.starts_with(weight) && line.contains(words));
        assert!(found, "{weight} {words} in\n{}", done.out);
    };
    let done = doctor(&installation);
    has(&done, "ok", "demographics: PDS gives a token");
    has(&done, "warning", "demographics: PDS answers, but nobody has the test number");
    let robin = Somebody::new("Robin", "Testcase", "2017-04-04".parse().unwrap());
    pds.put("9990000018".parse().unwrap(), Entry::Person(robin));
    has(&doctor(&installation), "ok", "demographics: PDS answers a read of the test number");
    pds.trouble(Some(Trouble::Status(403, None)));
    has(
        &doctor(&installation),
        "fault",
        "PDS does not admit this installation (forbidden). Look at what the application",
    );
    pds.trouble(None);
    pds.trouble_tokens(9, Trouble::Status(401, None));
    let done = doctor(&installation);
    has(&done, "fault", "no token can be had: PDS does not admit this installation (client). Look at the API key");
    assert_eq!(done.code, 1);
    assert!(!done.out.contains("9990000018") && !done.out.contains(API_KEY));
    std::fs::write(installation.folder.path().join("pds-key.pem"), "no key").unwrap();
    has(&doctor(&installation), "fault", "the key must be a private RSA key in PEM");
    // The service says the same and does not start.
    let done = cpis(&["serve", "--config", installation.config().to_str().unwrap()], "");
    assert_eq!(done.code, 3, "{}", done.err);
    assert!(done.err.contains("Access to PDS: the key must be a private RSA key in PEM"), "{}", done.err);
}
