//! The tools for a feed of HL7 v2, against a listener that answers as it is told.

use crate::child::{Demo, Running, cpis};
use cpis_app::Clock as _;
use cpis_format_hl7v2::mllp::{Decoder, Event, frame};
use cpis_format_hl7v2::{Outcome, Problem, Profile, ack, adt};
use cpis_testkit::pds::{Application, Entry, PdsServer, Somebody, application_key};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

/// A feed that keeps what came and answers each in turn.
struct Feed {
    address: String,
    received: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// What becomes of the nth message.
#[derive(Clone, Copy, PartialEq)]
enum Turn {
    Accept,
    Fail,
    Reject,
    Close,
    AnswerAnother,
}

impl Feed {
    fn start(turn: fn(usize) -> Turn) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let received = Arc::new(Mutex::new(Vec::new()));
        let kept = received.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut decoder = Decoder::new();
                let mut buffer = [0; 4096];
                'connection: while let Ok(count) = stream.read(&mut buffer) {
                    if count == 0 {
                        break;
                    }
                    decoder.push(&buffer[..count]);
                    for event in decoder.by_ref() {
                        let Event::Message(message) = event else { continue };
                        let n = {
                            let mut kept = kept.lock().unwrap();
                            kept.push(message.clone());
                            kept.len()
                        };
                        let turn = turn(n);
                        if turn == Turn::Close || stream.write_all(&answer(&message, turn)).is_err() {
                            break 'connection;
                        }
                    }
                }
            }
        });
        Self { address, received }
    }

    fn count(&self) -> usize {
        self.received.lock().unwrap().len()
    }
}

fn answer(message: &[u8], turn: Turn) -> Vec<u8> {
    let profile = Profile::default();
    let mut header = adt::head(message, &profile);
    let outcome = match turn {
        Turn::Fail => Outcome::Failed(Problem::NOT_STORED),
        Turn::Reject => Outcome::refused(cpis_format_hl7v2::Refusal::ProcessingId),
        _ => Outcome::Accepted,
    };
    if let (Turn::AnswerAnother, Some(header)) = (turn, &mut header) {
        header.control_id = "another".to_owned();
    }
    let now = "2026-11-23T12:00:00Z".parse().unwrap();
    let answers = ack::answers(header.as_ref(), outcome, &profile, now, || "G1".to_owned());
    answers.iter().flat_map(|answer| frame(answer)).collect()
}

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../format-hl7v2/samples");
const WORLD: [&str; 6] = ["--plans", "500", "--today", "2026-11-23", "--seed", "3"];

fn sample(name: &str) -> String {
    format!("{SAMPLES}/{name}.hl7")
}

#[test]
fn samples_are_sent_one_after_another_and_nothing_personal_is_shown() {
    let feed = Feed::start(|_| Turn::Accept);
    let folder = tempfile::tempdir().unwrap();
    let all = folder.path().join("all.hl7");
    let mut names: Vec<_> = std::fs::read_dir(SAMPLES).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|end| end == "hl7"));
    names.sort();
    let texts: Vec<String> = names.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    std::fs::write(&all, texts.concat()).unwrap();
    let done = cpis(&["adt", "send", all.to_str().unwrap(), "--to", &feed.address], "");
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert!(done.out.contains("20260314183205000101 ADT^A04 AA in ") && done.out.contains("12 messages, 12 accepted"));
    assert!(!done.out.contains("TESTCHILD") && !done.out.contains("999"), "{}", done.out);
    let received = feed.received.lock().unwrap();
    assert_eq!(received.len(), 12);
    assert!(
        received[0].starts_with(b"MSH|^~\\&|PAS|RR8|CPGW|RR8|20260314183205||ADT^A04") && received[0].ends_with(b"\r")
    );
}

#[test]
fn what_is_not_accepted_is_told_and_sent_again_as_often_as_asked() {
    let arrival = sample("01-a04-arrival");
    let send = |feed: &Feed, more: &[&str]| {
        let words = [&["adt", "send", &arrival, "--to", &feed.address, "--timeout", "5"], more].concat();
        cpis(&words, "")
    };
    let feed = Feed::start(|n| if n < 3 { Turn::Fail } else { Turn::Accept });
    let done = send(&feed, &[]);
    assert!(done.code == 1 && done.out.contains(" AE 207 in ") && feed.count() == 1, "{}", done.out);
    let done = send(&feed, &["--attempts", "5", "--json"]);
    let told: Value = serde_json::from_str(&done.out).unwrap();
    assert!(done.code == 0 && told["accepted"] == 1 && told["sent_again"] == 1, "{told}");
    let feed = Feed::start(|_| Turn::Reject);
    let done = send(&feed, &["--attempts", "5"]);
    assert!(done.code == 1 && done.out.contains(" AR 202 in ") && feed.count() == 1, "{}", done.out);
    let feed = Feed::start(|n| if n == 1 { Turn::Close } else { Turn::Accept });
    let done = send(&feed, &["--attempts", "2"]);
    assert!(done.code == 0 && feed.count() == 2, "{}", done.out);
    let done = send(&Feed::start(|_| Turn::AnswerAnother), &[]);
    assert!(done.code == 1 && done.out.contains("an answer came to another message"), "{}", done.out);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let done = cpis(&["adt", "send", &arrival, "--to", &nobody], "");
    assert!(done.code == 1 && done.out.contains("not reached"), "{}", done.out);
}

#[test]
fn times_are_moved_to_now_where_asked() {
    let feed = Feed::start(|_| Turn::Accept);
    let done = cpis(&["adt", "send", &sample("01-a04-arrival"), "--to", &feed.address, "--as-of-now"], "");
    assert_eq!(done.code, 0, "{}", done.out);
    let received = String::from_utf8(feed.received.lock().unwrap()[0].clone()).unwrap();
    assert!(!received.contains("|20260314183000") && received.contains("|20190722|"), "{received}");
}

/// A listener that speaks TLS, lets in who shows a certificate of `authority`, and accepts all.
fn tls_feed(server: (&str, &str), authority: &str) -> Feed {
    use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio_rustls::rustls::server::WebPkiClientVerifier;
    use tokio_rustls::rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(default_provider());
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let chain = vec![CertificateDer::from_pem_slice(server.0.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(server.1.as_bytes()).unwrap();
    let config = Arc::new(builder.with_client_cert_verifier(clients).with_single_cert(chain, key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let received = Arc::new(Mutex::new(Vec::new()));
    let kept = received.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(config.clone()).unwrap();
            let mut stream = StreamOwned::new(connection, stream.unwrap());
            let (mut decoder, mut buffer) = (Decoder::new(), [0; 4096]);
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                decoder.push(&buffer[..count]);
                for event in decoder.by_ref() {
                    let Event::Message(message) = event else { continue };
                    stream.write_all(&answer(&message, Turn::Accept)).unwrap();
                    stream.flush().unwrap();
                    kept.lock().unwrap().push(message);
                }
            }
        }
    });
    Feed { address, received }
}

/// A certificate and its key, in PEM.
fn certificate(name: &str) -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

#[test]
fn tls_is_spoken_with_a_certificate_where_asked() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (server, client) = (certificate("feed.example"), certificate("pas.example"));
    let address = tls_feed((&server.0, &server.1), &client.0).address;
    let (ca, own, key) = (write("ca.pem", &server.0), write("own.pem", &client.0), write("key.pem", &client.1));
    let arrival = sample("01-a04-arrival");
    let base = ["adt", "send", &arrival, "--to", &address, "--timeout", "5", "--tls-ca", &ca];
    let named = ["--tls-name", "feed.example"];
    let both = ["--tls-cert", &own, "--tls-key", &key];
    let done = cpis(&[&base[..], &named, &both].concat(), "");
    assert!(done.code == 0 && done.out.contains(" AA in "), "{}{}", done.out, done.err);
    for more in [&named[..], &both[..]] {
        let done = cpis(&[&base[..], more].concat(), "");
        assert!(done.code == 1 && !done.out.contains(" AA in "), "{}{}", done.out, done.err);
    }
    let done = cpis(&[&base[..8], &["missing.pem"]].concat(), "");
    assert!(done.code == 2 && done.err.contains("missing.pem"), "{}{}", done.out, done.err);
}

#[test]
fn a_gateway_traces_and_speaks_tls_to_the_feed_the_service_and_the_system_that_takes_alerts() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(&folder.path().join("data"), folder.path());
    let ready = demo.ready();
    let text = |key: &str| ready[key].as_str().unwrap().to_owned();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let write = |name: &str, text: &str| std::fs::write(path(name), text).unwrap();
    // Three certificates: the feed's, the sender's, the alerts' system's. The gateway shows the feed's to that system, too.
    let (feed, sender, target) = (certificate("feed.example"), certificate("pas.example"), certificate("localhost"));
    let alerts = tls_feed((&target.0, &target.1), &feed.0);
    for (name, (certificate, key)) in [("feed", &feed), ("sender", &sender), ("target", &target)] {
        write(&format!("{name}.crt"), certificate);
        write(&format!("{name}.key"), key);
    }
    // PDS knows the child of the sample under the number of one of the demo's, who was born on another day.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let pds_key = application_key("pds-1").unwrap();
    let application = Application { api_key: "an-application".to_owned(), key: pds_key.public().clone() };
    let now = || cpis_app::SystemClock.now();
    let pds = runtime.block_on(PdsServer::start("127.0.0.1:0".parse().unwrap(), application, now)).unwrap();
    let somebody = Somebody::new("Samuel", "Testchild", "2019-07-22".parse().unwrap());
    let two = ready["examples"]["two_authorities"].as_str().unwrap();
    pds.put(two.parse().unwrap(), Entry::Person(Somebody { gender: "male", ..somebody }));
    write("pds-key.pem", &pds_key.private_pem());
    write("pds-api-key", "an-application\n");
    let read = |key: &str| std::fs::read_to_string(text(key)).unwrap();
    write("own.pem", &(read("soap_client_cert") + &read("soap_client_key")));
    write("profile.toml", "test_numbers = true\n");
    assert_eq!(cpis(&["gateway", "key", &path("gateway.key")], "").code, 0);
    let config = format!(
        "data_dir = \"gateway\"\nkey_file = \"gateway.key\"\npage_listen = \"127.0.0.1:0\"\n\
         [national]\nurl = \"{}\"\nservice_asid = \"999999999901\"\nown_asid = \"{}\"\nidentity_file = \"own.pem\"\nca_file = \"{}\"\n\
         [[place]]\ncode = \"RAL01\"\nname = \"Royal Free Hospital\"\nresponsible = \"Sister Robin Example\"\n\
         [[feed]]\nname = \"pas\"\nlisten = \"127.0.0.1:0\"\nsite = \"RAL01\"\nprofile = \"profile.toml\"\ntarget = \"pas\"\n\
         certificate = \"feed.crt\"\nkey = \"feed.key\"\nclient_ca_file = \"sender.crt\"\n\
         [[target]]\nname = \"pas\"\naddress = \"localhost:{}\"\nfacility = \"RAL\"\nto_application = \"PAS\"\n\
         to_facility = \"RAL\"\nca_file = \"target.crt\"\ncertificate = \"feed.crt\"\nkey = \"feed.key\"\n\
         [demographics]\nsource = \"pds\"\nbase_url = \"{}\"\ntoken_url = \"{}\"\napi_key_file = \"pds-api-key\"\n\
         key_id = \"pds-1\"\nkey_file = \"pds-key.pem\"\n",
        text("soap"),
        text("soap_asid"),
        text("soap_ca"),
        alerts.address.rsplit_once(':').unwrap().1,
        pds.base_url(),
        pds.token_url(),
    );
    write("gateway.toml", &config);
    let config = path("gateway.toml");
    let (gateway, told) = Running::start(&["gateway", "run", "--config", &config], "for the page").unwrap();
    let address = told.split("Listening on ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    let arrival = std::fs::read_to_string(sample("01-a04-arrival")).unwrap();
    let number = ready["examples"]["lac"].as_str().unwrap();
    write("arrival.hl7", &arrival.replace("9990417008", number).replace("|20190722|", "||").replace("RR813", "RAL01"));
    let (file, ca) = (path("arrival.hl7"), path("feed.crt"));
    let base = ["adt", "send", &file, "--as-of-now", "--to", &address, "--timeout", "20"];
    let tls = ["--tls-ca", &ca, "--tls-name", "feed.example"];
    let (own, key) = (path("sender.crt"), path("sender.key"));
    let both = ["--tls-cert", &own, "--tls-key", &key];
    // In the clear, without a certificate, and with one of somebody else: nothing is taken.
    let (other, others_key) = (path("target.crt"), path("target.key"));
    let stranger = ["--tls-cert", &other, "--tls-key", &others_key];
    for more in [vec![], tls.to_vec(), [&tls[..], &stranger].concat()] {
        let done = cpis(&[&base[..], &more].concat(), "");
        assert!(done.code == 1 && !done.out.contains(" AA in "), "{more:?}: {}{}", done.out, done.err);
    }
    let done = cpis(&[&base[..], &tls, &both].concat(), "");
    assert!(done.code == 0 && done.out.contains(" AA in "), "{}{}", done.out, done.err);
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while alerts.count() == 0 {
        assert!(std::time::Instant::now() < until, "no alert came");
        std::thread::yield_now();
    }
    let alert = String::from_utf8(alerts.received.lock().unwrap()[0].clone()).unwrap();
    assert!(alert.contains("ADT^A08") && alert.contains("Present, see viewer"));
    // Somebody without a number is found by name, date of birth and sex; the record that the number has is of another day.
    let unnumbered = arrival.replace("~9990417008^^^NHS^NH", "").replace("NSTS01", "NSTS03").replace("RR813", "RAL01");
    write("unnumbered.hl7", &unnumbered.replace("L4410021", "L8").replace("AE26031400771", "AE8"));
    let unnumbered = path("unnumbered.hl7");
    let more = ["adt", "send", &unnumbered, "--as-of-now", "--to", &address, "--timeout", "20"];
    let done = cpis(&[&more[..], &tls, &both].concat(), "");
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let page = told.split("Listening on http://").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    let metrics = || {
        let mut stream = std::net::TcpStream::connect(&page).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !metrics().contains("cpis_gateway_asked_total{outcome=\"mismatch\"} 1") {
        assert!(std::time::Instant::now() < until, "{}", metrics());
        std::thread::yield_now();
    }
    assert!(metrics().contains("cpis_gateway_traced_total{outcome=\"found\"} 1"));
    let (_, code) = gateway.end();
    assert_eq!((alerts.count(), code), (1, 0));

    // From a file, in a batch, with the gateway stopped: one that came before, and one more.
    let text = std::fs::read_to_string(&file).unwrap();
    let number = |example: &str| ready["examples"][example].as_str().unwrap().to_owned();
    let other =
        text.replace(&number("lac"), &number("two_plans")).replace("L4410021", "L7").replace("AE26031400771", "AE7");
    let minute = format!("{}", now().strftime("%Y%m%d%H%M00"));
    write("batch.hl7", &format!("BHS|^~\\&|PAS\n{}BTS|1\n", other.replace("20260314183000", &minute)));
    let batch = path("batch.hl7");
    let load = |more: &[&str]| cpis(&[&["gateway", "load", &batch, "--config", &config], more].concat(), "");
    let done = load(&[]);
    assert!(
        done.code == 0 && done.out.contains("1 messages had an effect, 0 had it before"),
        "{}{}",
        done.out,
        done.err
    );
    assert!(load(&["--notify"]).out.contains("0 messages had an effect, 1 had it before"));
    assert!(load(&["--feed", "ed"]).err.contains("The feeds are pas."));
    let (gateway, _) = Running::start(&["gateway", "run", "--config", &config], "for the page").unwrap();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while alerts.count() == 1 {
        assert!(std::time::Instant::now() < until, "no alert came of what was loaded");
        std::thread::yield_now();
    }
    assert_eq!(gateway.end().1, 0);
    demo.end();
}

#[test]
fn a_played_day_is_accepted_whatever_the_feed_does_meanwhile() {
    let feed = Feed::start(|n| match n {
        n if n % 37 == 0 => Turn::Fail,
        n if n % 57 == 0 => Turn::Close,
        _ => Turn::Accept,
    });
    let words = ["adt", "simulate", "--to", &feed.address, "--arrivals", "25", "--adults", "1", "--per-second", "2000"];
    let more = ["--deviations", "100%", "--repeats", "10%", "--bursts", "1", "--json"];
    let done = cpis(&[&words[..], &more, &WORLD].concat(), "");
    let told: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(done.code, 0, "{told}{}", done.err);
    assert!(told["visits"] == 25 && told["accepted"] == told["messages"], "{told}");
    assert!(told["deviations"].as_object().unwrap().len() == 25 && told["repeated"].as_u64() > Some(0), "{told}");
    assert!(told["asks"].as_u64() > Some(15) && told["waits_for_number"].as_u64() > Some(0), "{told}");
    let sent =
        [&told["messages"], &told["sent_again"], &told["repeated"]].map(|n| n.as_u64().unwrap()).iter().sum::<u64>();
    assert_eq!(feed.count() as u64, sent, "{told}");
}

#[test]
fn a_gateways_day_is_told_without_a_name_or_a_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let words = ["synth", "day", "--format", "hl7v2", "--arrivals", "40", "--deviations", "100%"];
    // Not all of it is UTF-8.
    let made = || Command::new(env!("CARGO_BIN_EXE_cpis")).args(words).args(WORLD).output().unwrap().stdout;
    let day = made();
    assert!(day == made(), "the same each time");
    std::fs::write(path("day.hl7"), &day).unwrap();
    std::fs::write(path("feed.toml"), "test_numbers = true\n").unwrap();
    let check = |more: &[&str]| {
        let (day, feed) = (path("day.hl7"), path("feed.toml"));
        cpis(&[&["gateway", "check", &day, "--profile", &feed], more].concat(), "")
    };
    let done = check(&["--json"]);
    let told: Value = serde_json::from_str(&done.out).unwrap();
    let sum = |name: &str| told[name].as_object().unwrap().values().filter_map(Value::as_u64).sum::<u64>();
    assert!(done.code == 0 && sum("rejected") == 0, "{told}");
    assert!(sum("asked") > 25 && sum("waiting_for_number") > 2 && told["unknown_locations"]["XQ7"].as_u64() > Some(0));
    assert_eq!(told["not_asked"]["an adult"], 80);
    let all = check(&["--all"]).out + &done.out;
    assert!(all.contains("waits: the check digit of the NHS number is wrong"));
    assert!(String::from_utf8_lossy(&day).contains("TESTADULT") && !all.contains("TESTADULT"));
    let is_number = |word: &str| word.len() == 10 && word.starts_with("999");
    assert!(!all.split(|c: char| !c.is_ascii_digit()).any(is_number), "no number is told");
    // What would be rejected is a fault.
    std::fs::write(
        path("day.hl7"),
        std::fs::read_to_string(sample("01-a04-arrival")).unwrap().replace("|P|2.4", "|T|2.4"),
    )
    .unwrap();
    let done = check(&[]);
    assert!(done.code == 1 && done.out.contains("MSH-11 rejected: unsupported processing id"), "{}", done.out);
    std::fs::write(path("feed.toml"), "nmae = 1\n").unwrap();
    let done = check(&[]);
    assert!(done.code == 3 && done.err.contains("unknown field"), "{}", done.err);
    std::fs::write(path("feed.toml"), "").unwrap();
    std::fs::write(path("day.hl7"), "nothing\n").unwrap();
    assert!(check(&[]).err.contains("No message is in"));
}

#[test]
fn the_commands_of_the_page_do_what_it_says() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api/hl7v2.md")).unwrap();
    let feed = Feed::start(|_| Turn::Accept);
    let folder = tempfile::tempdir().unwrap();
    let steps = page.split("\n## 1. ").nth(1).unwrap();
    let commands: Vec<&str> = steps.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    assert_eq!(commands.len(), 6);
    let code = commands.join("\n").replace("localhost:2575", &feed.address);
    let program = Path::new(env!("CARGO_BIN_EXE_cpis")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let done =
        Command::new("bash").args(["-eu", "-c", &code]).current_dir(folder.path()).env("PATH", path).output().unwrap();
    let text = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{text}{}", String::from_utf8_lossy(&done.stderr));
    assert!(text.contains("Asked about") && text.contains("a gateway asks about:") && feed.count() > 300, "{text}");
    let toml = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(Profile::from_toml(toml).unwrap().name, "PAS of the north site");
}
