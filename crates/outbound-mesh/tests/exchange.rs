//! The client against a MESH server over a socket: our mailbox there and ours here, kept together.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use bytes::Bytes;
use cpis_app::demographics::{LocalRegister, RegisterEntry};
use cpis_app::mail::passwords::Passwords;
use cpis_app::mail::{MailSettings, Post, intake};
use cpis_app::organisations::{Edit, change_all};
use cpis_app::people::Keys;
use cpis_app::ring::KeyRing;
use cpis_app::upload::DecodeUpload;
use cpis_app::{Service, Settings as ServiceSettings, SystemClock, SystemEntropy};
use cpis_format_mesh::Envelope;
use cpis_inbound_mesh::{Door, Limits, keep, kept, router, wire};
use cpis_model::caller::{Caller, Rights, Who};
use cpis_model::demographics::Demographics;
use cpis_model::name::PersonName;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::organisation::Contact;
use cpis_model::organisation_record::{Authority, Record, RecordKind};
use cpis_model::plan::{PlanDates, PlanKind};
use cpis_model::register::Register;
use cpis_model::upload::{Header, Person, Record as Uploaded, SubjectKind, UploadedPlan};
use cpis_outbound_mesh::exchange::{Kept, collect_all, send_all};
use cpis_outbound_mesh::{Mesh, MeshError, Settings};
use cpis_store_sqlite::SqliteStore;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

const KEY: &[u8] = b"SharedKeyForTests";
const OURS: &str = "B0HC001";
const CAMDEN: &str = "702OT001";
const KEPT: Kept = Kept { write: keep, read: kept };

/// A service whose own mailbox has this id.
async fn service(mailbox: &str) -> Arc<Post> {
    let store: Arc<dyn cpis_store::Store> = Arc::new(SqliteStore::open_memory().unwrap());
    let entropy = Arc::new(SystemEntropy::new().unwrap());
    let ring = Arc::new(KeyRing::generate("test.example/log", &*entropy).unwrap());
    let keys = Keys { ring: ring.clone(), entropy: entropy.clone() };
    let local = LocalRegister::new(store.clone(), keys);
    let known = Demographics {
        name: PersonName::new("Robin", "Testcase"),
        birth: "2017-04-04".parse().unwrap(),
        restricted: false,
        deceased: false,
        sex: None,
    };
    local.put(&[RegisterEntry { number: number(), person: Some(known), superseded_by: None }]).await.unwrap();
    let decode = DecodeUpload {
        head: cpis_format_hl7v3::head,
        message: cpis_format_hl7v3::READER,
        table: cpis_format_csv::READER,
    };
    let settings = ServiceSettings { test_numbers: true, ..ServiceSettings::default() };
    let register = Arc::new(Register::built_in());
    let clock = Arc::new(SystemClock);
    let service = Service::start(store, ring, clock, entropy, register, Arc::new(local), decode, settings);
    let held = service.register.get().record(RecordKind::Authority, "702").unwrap().clone();
    let Record::Authority(authority) = &*held.record else { panic!("no authority") };
    let authority = Authority { mailboxes: vec![CAMDEN.parse().unwrap()], ..authority.clone() };
    let system = format!(
        r#"{{"version":1,"kind":"system","code":"OURS","name":"Ours","organisation":"X26","mailbox":"{OURS}"}}"#
    );
    let edits = vec![
        Edit { record: Record::Authority(authority), expected: held.version },
        Edit { record: Record::from_json(system.as_bytes()).unwrap(), expected: 0 },
    ];
    let operator = Caller {
        who: Who::System { client: "operator".into() },
        organisation: service.register.get().organisation("702".parse().unwrap()).unwrap(),
        site: None,
        rights: Rights { operator: true, ..Rights::default() },
    };
    change_all(&service, Arc::new(operator), edits, &"a test".parse().unwrap()).await.unwrap();
    let settings = MailSettings { service_mailbox: mailbox.to_owned(), ..MailSettings::default() };
    Post::new(service, wire(), settings)
}

/// A MESH server on a socket, with its address.
async fn server() -> (Arc<Post>, String) {
    let post = service("CPIS0HC001").await;
    let passwords = Passwords { store: &*post.service.store, keys: &post.service.keys };
    for mailbox in [OURS, CAMDEN] {
        passwords.set(mailbox, "password", post.service.clock.now()).await.unwrap();
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let door = Door::new(post.clone(), Zeroizing::new(KEY.to_vec()), Limits::default());
    tokio::spawn(async move { axum::serve(listener, router(door)).await });
    (post, url)
}

fn client(url: &str, mailbox: &str) -> Mesh {
    let settings = Settings::new(url, mailbox.parse().unwrap(), "password", KEY);
    Mesh::new(Settings { chunk_bytes: 400, time: Duration::from_secs(5), ..settings }, Arc::new(SystemClock)).unwrap()
}

fn number() -> NhsNumber {
    "9990000018".parse().unwrap()
}

fn upload(sequence: u64) -> Bytes {
    let person = Person {
        number: number(),
        local_id: None,
        name: PersonName::new("Robin", "Testcase"),
        birth: "2017-04-04".parse().unwrap(),
    };
    let dates = PlanDates { start: "2026-01-15".parse().unwrap(), end: None, delete: None };
    let plans = vec![UploadedPlan { kind: PlanKind::ChildProtection, dates }];
    let header = Header {
        created: "20261122093000+0000".to_owned(),
        sequence,
        declared_records: 1,
        authority: "702".parse().unwrap(),
        name: "CAMDEN".to_owned(),
        contact: Contact { emergency: "01632960001".parse().unwrap(), office: None },
    };
    let record = Uploaded { position: 1, subject: SubjectKind::Child, person, plans };
    cpis_format_hl7v3::encode_file(&header, &[record]).into()
}

fn envelope(to: &str, local: &str) -> Envelope {
    Envelope { local_id: Some(local.to_owned()), ..Envelope::new(to.parse().unwrap(), "CPIS_UPLOAD") }
}

#[tokio::test]
async fn an_upload_comes_by_another_s_server_and_its_answer_goes_back() {
    let (there, url) = server().await;
    let here = service(OURS).await;
    let (ours, camden) = (client(&url, OURS), client(&url, CAMDEN));
    for mesh in [&ours, &camden] {
        mesh.handshake().await.unwrap();
    }
    camden.send(&envelope(OURS, "UPLOAD-1"), upload(1)).await.unwrap();
    assert_eq!(ours.inbox().await.unwrap().len(), 1);
    assert_eq!(collect_all(&here, &ours, KEPT).await.unwrap(), 1);
    assert!(ours.inbox().await.unwrap().is_empty(), "acknowledged once it was durable here");
    assert_eq!(intake::round(&here).await.unwrap(), 1);
    assert_eq!(send_all(&here, &ours, KEPT).await.unwrap(), 1);
    assert_eq!(send_all(&here, &ours, KEPT).await.unwrap(), 0, "it left once");
    let answers = camden.inbox().await.unwrap();
    let answer = camden.collect(&answers[0]).await.unwrap();
    assert_eq!(answers.len(), 1);
    assert_eq!(answer.delivered.envelope.local_id.as_deref(), Some("UPLOAD-1"));
    assert_eq!(answer.delivered.from.unwrap().as_str(), OURS);
    let text = String::from_utf8(answer.content.to_vec()).unwrap();
    assert!(text.contains("CPF02"), "{text}");
    camden.acknowledge(&answers[0]).await.unwrap();
    assert!(there.waiting(CAMDEN).await.unwrap() == 0);
}

#[tokio::test]
async fn what_was_taken_before_a_restart_is_not_taken_twice() {
    let (_there, url) = server().await;
    let here = service(OURS).await;
    let (ours, camden) = (client(&url, OURS), client(&url, CAMDEN));
    let id = camden.send(&envelope(OURS, "UPLOAD-1"), upload(1)).await.unwrap();
    // It is durable here, and the acknowledgement never left.
    collect_all(&here, &ours, KEPT).await.unwrap();
    let again = camden.send(&envelope(OURS, "UPLOAD-1"), upload(1)).await.unwrap();
    assert_ne!(id, again);
    collect_all(&here, &ours, KEPT).await.unwrap();
    collect_all(&here, &ours, KEPT).await.unwrap();
    assert_eq!(intake::round(&here).await.unwrap(), 2, "two messages with the same file");
    assert_eq!(send_all(&here, &ours, KEPT).await.unwrap(), 2);
    for answer in camden.inbox().await.unwrap() {
        let answer = camden.collect(&answer).await.unwrap();
        assert!(String::from_utf8(answer.content.to_vec()).unwrap().contains("CPF02"));
    }
}

#[tokio::test]
async fn a_server_that_is_away_or_says_no_is_told_apart() {
    let (_there, url) = server().await;
    let wrong = Settings::new(&url, OURS.parse().unwrap(), "another", KEY);
    let wrong = Mesh::new(wrong, Arc::new(SystemClock)).unwrap();
    assert!(matches!(wrong.handshake().await, Err(MeshError::NotAdmitted(_))));
    let ours = client(&url, OURS);
    let unknown = ours.send(&envelope("X99OT001", "L"), upload(1)).await;
    assert!(matches!(unknown, Err(MeshError::Refused { status: 417, .. })), "{unknown:?}");
    assert_eq!(ours.collect(&"20200101000000000000_ABCDEF".parse().unwrap()).await.unwrap_err(), MeshError::Gone);
    assert_eq!(ours.find("never sent").await.unwrap(), None);
    let sent = ours.send(&envelope(CAMDEN, "sent/once"), upload(1)).await.unwrap();
    let found = ours.find("sent/once").await.unwrap().unwrap();
    assert!(found.is_whole && found.id == Some(sent));
    ours.send(&envelope(CAMDEN, "sent/once"), upload(1)).await.unwrap();
    assert_eq!(ours.find("sent/once").await.unwrap(), None, "which of the two is not known");
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    assert!(matches!(client(&url, OURS).inbox().await, Err(MeshError::Away(_))));
}
