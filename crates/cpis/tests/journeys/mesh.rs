//! All authorities send their files at once, by MESH, to the whole binary: the service is killed twice, demographics is away for a
//! while, and every file is answered in order, none lost, none twice.

use crate::installation::{Installation, MAILBOX_PASSWORD, SHARED_KEY, free, mailbox, now, person};
use cpis_app::SystemClock;
use cpis_format_mesh::Envelope;
use cpis_model::organisation::{AuthorityCode, Contact};
use cpis_model::plan::{PlanDates, PlanKind};
use cpis_model::upload::{Header, Person, Record, SubjectKind, UploadedPlan};
use cpis_outbound_mesh::{Mesh, MeshError, Settings};
use cpis_store::Store;
use cpis_testkit::pds::{Application, Entry, PdsServer, Somebody, Trouble, application_key};
use std::collections::HashMap;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const SERVICE: &str = "CPIS0HC001";
/// Files of each authority.
const FILES: u64 = 2;
/// The whole test, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(200);

fn people_of(place: usize, sequence: u64) -> Vec<Person> {
    (0..2).map(|n| person(999_000_100 + place as u64 * 1000 + sequence * 100 + n * 20, "Robin", "Testcase")).collect()
}

fn file(authority: AuthorityCode, sequence: u64, people: &[Person]) -> Vec<u8> {
    let dates = PlanDates { start: "2026-01-15".parse().unwrap(), end: None, delete: None };
    let plans = vec![UploadedPlan { kind: PlanKind::ChildProtection, dates }];
    let records: Vec<Record> = people
        .iter()
        .zip(1..)
        .map(|(person, position)| Record {
            position,
            subject: SubjectKind::Child,
            person: person.clone(),
            plans: plans.clone(),
        })
        .collect();
    let header = Header {
        created: "20261122093000+0000".to_owned(),
        sequence,
        declared_records: records.len() as u64,
        authority,
        name: "An authority".to_owned(),
        contact: Contact { emergency: "01632960001".parse().unwrap(), office: None },
    };
    cpis_format_hl7v3::encode_file(&header, &records)
}

/// An authority's system: sends its files, each until it is known to have come, and collects what lies in its mailbox.
struct System {
    mesh: Mesh,
    code: AuthorityCode,
    place: usize,
}

impl System {
    async fn send(&self, sequence: u64) {
        let local_id = format!("UPLOAD-{sequence}");
        let envelope =
            Envelope { local_id: Some(local_id.clone()), ..Envelope::new(SERVICE.parse().unwrap(), "CPIS_UPLOAD") };
        let content = file(self.code, sequence, &people_of(self.place, sequence));
        loop {
            match self.mesh.send(&envelope, content.clone().into()).await {
                Ok(_) => return,
                Err(error) if error.is_passing() => {}
                Err(error) => panic!("{}: {error}", self.code),
            }
            // Its fate is not known: it is looked for before it is sent again.
            loop {
                match self.mesh.find(&local_id).await {
                    Ok(Some(_)) => return,
                    Ok(None) => break,
                    Err(error) => assert!(error.is_passing(), "{}: {error}", self.code),
                }
            }
        }
    }

    /// The codes of all answers to each file, in the order in which they came.
    async fn collect(&self) -> Vec<(String, String)> {
        let mut answers = Vec::new();
        let is_done =
            |answers: &[(String, String)]| answers.iter().filter(|(_, code)| code == "CPF02").count() as u64 == FILES;
        while !is_done(&answers) {
            let listed = match self.mesh.inbox().await {
                Ok(listed) => listed,
                Err(error) => {
                    assert!(error.is_passing(), "{}: {error}", self.code);
                    continue;
                }
            };
            for id in listed {
                let Ok(found) = self.mesh.collect(&id).await else { break };
                let text = String::from_utf8(found.content.to_vec()).unwrap();
                let code = text.split("<code code=\"").nth(1).unwrap().get(..5).unwrap().to_owned();
                // Acknowledged for certain, so that it is not counted twice.
                while let Err(error) = self.mesh.acknowledge(&id).await {
                    assert!(error.is_passing(), "{}: {error}", self.code);
                }
                answers.push((found.delivered.envelope.local_id.unwrap(), code));
            }
            // tidy: sleeps because the mailbox is looked into again and again
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        answers
    }
}

#[test]
fn authorities_send_at_once_and_every_file_is_answered_in_order() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let key = application_key("pds-1").unwrap();
    let application = Application { api_key: "an-application".to_owned(), key: key.public().clone() };
    let pds = runtime.block_on(PdsServer::start("127.0.0.1:0".parse().unwrap(), application, now)).unwrap();
    let installation = Installation::new(&[]);
    let authorities: Vec<AuthorityCode> =
        installation.register.authorities().into_iter().map(|(code, _)| code).collect();
    assert!(authorities.len() >= 153, "{}", authorities.len());
    for (place, _) in authorities.iter().enumerate() {
        for person in (1..=FILES).flat_map(|sequence| people_of(place, sequence)) {
            let somebody = Somebody::new(&person.name.given, &person.name.family, person.birth);
            pds.put(person.number, Entry::Person(somebody));
        }
    }
    let [address] = free();
    prepare(&installation, &authorities, &pds, &key.private_pem(), address);
    let systems: Vec<System> = authorities
        .iter()
        .enumerate()
        .map(|(place, code)| {
            let (url, mailbox) = (format!("http://{address}"), mailbox(*code).parse().unwrap());
            let settings = Settings::new(&url, mailbox, MAILBOX_PASSWORD, SHARED_KEY.as_bytes());
            let settings = Settings { time: Duration::from_secs(20), ..settings };
            System { mesh: Mesh::new(settings, Arc::new(SystemClock)).unwrap(), code: *code, place }
        })
        .collect();

    let mut service = installation.start();
    pds.trouble(Some(Trouble::Status(503, Some("1".to_owned()))));
    let sent = Arc::new(AtomicUsize::new(0));
    let work: Vec<_> = systems
        .into_iter()
        .map(|system| {
            let sent = sent.clone();
            runtime.spawn(async move {
                for sequence in 1..=FILES {
                    system.send(sequence).await;
                    sent.fetch_add(1, Ordering::SeqCst);
                }
                (system.code, system.collect().await)
            })
        })
        .collect();
    let wait_until = |count: usize| {
        let began = std::time::Instant::now();
        while sent.load(Ordering::SeqCst) < count {
            assert!(began.elapsed() < PATIENCE, "{} sent", sent.load(Ordering::SeqCst));
            // tidy: sleeps because the count is looked at again and again
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    for share in [1, 2] {
        wait_until(authorities.len() * FILES as usize * share / 3);
        service.kill().unwrap();
        service.wait().unwrap();
        service = installation.start();
    }
    wait_until(authorities.len() * FILES as usize);
    pds.trouble(None);
    let answered = runtime.block_on(async {
        let all = async {
            let mut answered = HashMap::new();
            for work in work {
                let (code, answers) = work.await.unwrap();
                answered.insert(code, answers);
            }
            answered
        };
        tokio::time::timeout(PATIENCE, all).await.expect("every file is answered")
    });
    installation.stop(service);
    let (mut loaded, mut waited) = (0, 0);
    for (code, answers) in &answered {
        let done: Vec<&str> =
            answers.iter().filter(|(_, code)| code == "CPF02").map(|(local_id, _)| local_id.as_str()).collect();
        let expected: Vec<String> = (1..=FILES).map(|sequence| format!("UPLOAD-{sequence}")).collect();
        assert_eq!(done, expected, "{code}: each file once, in order: {answers:?}");
        waited += answers.iter().filter(|(_, code)| code == "CPF05").count();
        loaded += done.len();
    }
    assert_eq!(loaded, authorities.len() * FILES as usize);
    assert!(waited > 0, "demographics was away for some of them");
    installation.open(async |store, _| {
        for code in &authorities {
            let state = store.upload_state(*code).await.unwrap();
            assert_eq!((state.last, state.waiting.len()), (Some(FILES), 0), "{code}");
        }
    });
    let (clean, told) = installation.verify();
    assert!(clean, "{told}");
}

/// Mailboxes for all authorities, with PDS and the door of MESH in the configuration.
fn prepare(
    installation: &Installation,
    authorities: &[AuthorityCode],
    pds: &PdsServer,
    private_key: &str,
    address: std::net::SocketAddr,
) {
    let folder = installation.folder.path();
    std::fs::write(folder.join("pds-key.pem"), private_key).unwrap();
    std::fs::write(folder.join("pds-api-key"), "an-application\n").unwrap();
    let mut config = std::fs::File::options().append(true).open(installation.config()).unwrap();
    write!(
        config,
        "\n[demographics]\nsource = \"pds\"\nbase_url = \"{}\"\ntoken_url = \"{}\"\napi_key_file = \"pds-api-key\"\n\
         key_id = \"pds-1\"\nkey_file = \"pds-key.pem\"\nrequests_per_second = 2000\nconcurrent = 64\n",
        pds.base_url(),
        pds.token_url()
    )
    .unwrap();
    drop(config);
    installation.offer_mailboxes(authorities, address);
}

#[test]
fn a_stranger_at_the_mailboxes_learns_nothing() {
    let installation = Installation::new(&[]);
    let [address] = free();
    installation.offer_mailboxes(&[], address);
    let service = installation.start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let settings =
            Settings::new(&format!("http://{address}"), "702OT001".parse().unwrap(), "guessed", SHARED_KEY.as_bytes());
        let mesh = Mesh::new(settings, Arc::new(SystemClock)).unwrap();
        assert!(matches!(mesh.handshake().await, Err(MeshError::NotAdmitted(_))));
        assert!(matches!(mesh.inbox().await, Err(MeshError::NotAdmitted(_))));
    });
    installation.stop(service);
    let log = std::fs::read_to_string(installation.log()).unwrap();
    assert!(!log.contains("guessed") && !log.contains("NHSMESH"), "{log}");
}

#[test]
fn a_password_is_changed_while_the_service_runs() {
    let installation = Installation::new(&[]);
    let [address] = free();
    let code: AuthorityCode = "702".parse().unwrap();
    installation.offer_mailboxes(&[code], address);
    let service = installation.start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let admits = |password: &str| {
        let (url, own) = (format!("http://{address}"), mailbox(code).parse().unwrap());
        let mesh = Mesh::new(Settings::new(&url, own, password, SHARED_KEY.as_bytes()), Arc::new(SystemClock)).unwrap();
        match runtime.block_on(mesh.handshake()) {
            Ok(()) => true,
            Err(MeshError::NotAdmitted(_)) => false,
            Err(error) => panic!("{error}"),
        }
    };
    let config = installation.config();
    let run = |words: &[&str], input: &str| {
        let done = crate::child::cpis(&[words, &["--config", config.to_str().unwrap()]].concat(), input);
        assert_eq!(done.code, 0, "{}", done.err);
        done.out
    };
    assert!(admits(MAILBOX_PASSWORD));
    run(&["mailbox", "password", "702ot001", "--stdin"], "another password\n");
    assert!(!admits(MAILBOX_PASSWORD) && admits("another password"));
    let told = run(&["mailbox", "password", "702OT001"], "");
    assert!(admits(told.lines().last().unwrap().trim()) && !admits("another password"));
    assert!(run(&["mailbox", "list"], "").contains("702OT001  open"));
    run(&["mailbox", "shut", "702OT001"], "");
    assert!(!admits(told.lines().last().unwrap().trim()));
    installation.stop(service);
    let (clean, told) = installation.verify();
    assert!(clean, "{told}");
}
