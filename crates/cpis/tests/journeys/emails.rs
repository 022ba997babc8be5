//! The whole binary with a mail relay: an authority is told that there are notices, in a letter that names nobody; what the relay puts
//! off comes later; `cpis email try` tells what the relay said.

use crate::child::cpis;
use crate::installation::{Installation, person, question, request, try_send, upload_file};
use cpis_testkit::smtp::{Manner, SmtpServer, Step};
use std::io::Write as _;
use std::time::{Duration, Instant};

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what}");
        // tidy: sleeps because it is looked again and again
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn an_authority_is_told_by_e_mail_that_there_are_notices_and_of_nobody() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let relay = runtime.block_on(SmtpServer::start("127.0.0.1:0".parse().unwrap(), None, None)).unwrap();
    let child = person(999_123_450, "Zebulonia Xanthe", "Quartermainewright");
    let installation = Installation::new(std::slice::from_ref(&child));
    let mut config = std::fs::File::options().append(true).open(installation.config()).unwrap();
    let port = relay.address().port();
    write!(
        config,
        "\n[email]\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"plain\"\nfrom = \"cpis@nhs.example.org\"\n"
    )
    .unwrap();
    drop(config);
    let record =
        r#"{"version":1,"kind":"authority","code":"702","name":"Camden","notice_emails":["team@camden.example.org"]}"#;
    let table = installation.folder.path().join("records.jsonl");
    std::fs::write(&table, record).unwrap();
    let data = installation.data();
    let words = ["organisations", "import", "--kind", "records", "--why", "a test", "--data-dir"];
    let done = installation.run(&[&words[..], &[data.to_str().unwrap(), table.to_str().unwrap()]].concat());
    assert!(done.0, "{}", done.1);

    let service = installation.start();
    let kind = [("content-type", "application/xml"), ("accept", "application/json")];
    let file = upload_file(1, std::slice::from_ref(&child));
    let sent = request("POST", "/authority/v1/uploads", &installation.worker(), &kind, &file);
    assert_eq!(try_send(installation.address, &sent).unwrap().status, 200);
    let metric = |line: &str| {
        let asked = try_send(installation.inside, b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n");
        asked.is_ok_and(|answer| answer.text().contains(line))
    };
    wait_until("the address is known", || metric("cpis_email_addresses{status=\"good\"} 1"));
    relay.from_now_on(Manner::Close(Step::Greeting));
    let asked = question(&installation.clinician(), child.number.digits(), "look");
    assert!(try_send(installation.address, &asked).unwrap().text().contains("\"total\":1"));
    wait_until("the relay is away", || metric("cpis_email_away 1"));
    relay.from_now_on(Manner::Good);
    // A start tries at once what waits.
    installation.stop(service);
    let service = installation.start();
    wait_until("a letter comes", || !relay.letters().is_empty());
    let letter = relay.letters().remove(0);
    assert_eq!((&*letter.from, &letter.to[..]), ("cpis@nhs.example.org", &["team@camden.example.org".to_owned()][..]));
    assert!(letter.text.contains(&format!("http://{}/notices\r\n", installation.address)), "{}", letter.text);
    for word in [child.number.digits(), "Zebulonia", "Quartermainewright", "Camden", crate::installation::SITE] {
        assert!(!letter.text.contains(word), "{word}: {}", letter.text);
    }

    // Somebody tries the relay beside the service.
    let config = installation.config();
    let try_it = || cpis(&["email", "try", "you@nhs.example.org", "--config", config.to_str().unwrap()], "");
    assert!(try_it().out.contains("The relay took the letter."));
    let letters = relay.letters().len();
    let doctor = || cpis(&["doctor", "--config", config.to_str().unwrap()], "").out;
    assert!(doctor().contains("e-mail: the relay answers"));
    relay.from_now_on(Manner::Close(Step::Greeting));
    assert!(doctor().contains("e-mail: the relay does not answer at the greeting"));
    assert_eq!(relay.letters().len(), letters, "doctor sends nothing");
    relay.from_now_on(Manner::Say { at: Step::Recipient, line: "550 5.1.1 you@nhs.example.org is unknown".to_owned() });
    let refused = try_it();
    assert!(refused.code == 1 && refused.err.contains("the relay refuses the recipient (550)"), "{}", refused.err);
    installation.stop(service);
    let log = std::fs::read_to_string(installation.log()).unwrap();
    assert!(log.contains("e-mail is sent later") && !log.contains("team@camden"), "{log}");
}
