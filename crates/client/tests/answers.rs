//! Both clients against a server that answers what it is told to: what each answer is worth, and how often it is asked for.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use cpis_client::{
    Answer, Author, Declared, FhirClient, FhirQuestion, FhirSettings, Place, Question, SoapClient, SoapSettings, Tries,
    Why,
};
use cpis_model::Uuid;
use cpis_model::plan::PlanKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const FOUND: &str = include_str!("../../format-hl7v3/tests/golden/soap/example_found.xml");
const NOT_FOUND: &str = include_str!("../../format-hl7v3/tests/golden/soap/example_not_found.xml");
const ERROR: &str = include_str!("../../format-hl7v3/tests/golden/soap/example_error.xml");
const INVALID: &str = include_str!("../../format-hl7v3/tests/golden/soap/error_mandatory_data.xml");
const FAULT: &str = include_str!("../../format-hl7v3/tests/golden/soap/fault_refused.xml");
const AWAY: &str = include_str!("../../format-hl7v3/tests/golden/soap/fault_cannot_tell.xml");
/// What our own service answers.
const TEAMS: &str = include_str!("../../format-fhir/golden/care_team_two.json");
/// The question that the examples answer.
const ASKED: &str = "5C3E0B5A-6F2D-4E0C-9A41-0D3B7C1E2F10";

/// Status, further headers and body.
type Given = (u16, &'static str, String);

/// Answers each request with the next of these, and the last again and again. The id of the question takes the place of the
/// examples'.
struct Server {
    address: String,
    asked: Arc<AtomicUsize>,
}

impl Server {
    async fn start(answers: Vec<Given>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                let mut part = [0; 4096];
                let text = loop {
                    let read = stream.read(&mut part).await.unwrap_or_default();
                    request.extend_from_slice(part.get(..read).unwrap());
                    let text = String::from_utf8_lossy(&request).into_owned();
                    let length = text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
                    let body = text.split_once("\r\n\r\n").map(|(_, body)| body.len());
                    if read == 0 || body.is_some_and(|body| length.and_then(|text| text.parse().ok()) == Some(body)) {
                        break text;
                    }
                };
                let place = count.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
                let Some((status, head, body)) = answers.get(place) else { continue };
                // Of ids with a root alone the message's own is the first.
                let mut ids = text.split("<id root=\"").skip(1).filter_map(|rest| rest.split("\"/>").next());
                let id = ids.find(|id| id.len() == 36).unwrap_or(ASKED);
                let body = body.replace(ASKED, id);
                let length = body.len();
                let head =
                    format!("HTTP/1.1 {status} X\r\n{head}content-length: {length}\r\nconnection: close\r\n\r\n");
                let _ = stream.write_all(head.as_bytes()).await;
                let _ = stream.write_all(body.as_bytes()).await;
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn now() -> cpis_model::Timestamp {
    "2026-03-04T10:15:00Z".parse().unwrap()
}

fn tries() -> Tries {
    Tries { first_pause: Duration::from_millis(10), ..Tries::default() }
}

fn question() -> Question {
    let place = Place { code: "ZZ1".parse().unwrap(), is_site: false, name: "A hospital".to_owned() };
    Question {
        number: "9990000018".parse().unwrap(),
        birth: Some("2017-04-04".parse().unwrap()),
        event: Uuid::from_u128(7),
        author: Author::Device { asid: "999999999902".to_owned(), responsible: Vec::new(), place },
        declared: Declared::Nothing,
    }
}

/// What a word says of an answer.
fn word(answer: &Answer) -> String {
    match answer {
        Answer::Record(record) => format!("record {}", record.plans.len()),
        Answer::NoRecord => "none".to_owned(),
        Answer::CannotTell(why) => why.code().to_owned(),
    }
}

async fn soap(answers: Vec<Given>, question: &Question) -> (String, usize) {
    let server = Server::start(answers).await;
    let settings = SoapSettings::new(&server.address, "999999999901", "999999999902", Arc::new(now));
    let client = SoapClient::new(SoapSettings { tries: tries(), ..settings }).unwrap();
    (word(&client.ask(question).await), server.asked())
}

#[tokio::test]
async fn each_answer_is_worth_what_it_says() {
    let born = |birth: &str| Question { birth: Some(birth.parse().unwrap()), ..question() };
    for (status, body, question, expected, asked) in [
        (200, FOUND, question(), "record 1", 1),
        (200, FOUND, Question { birth: None, ..question() }, "record 1", 1),
        (200, FOUND, born("2017-04-05"), "details-differ", 1),
        (200, FOUND, Question { number: "9990000026".parse().unwrap(), ..question() }, "unreadable", 1),
        (200, NOT_FOUND, question(), "none", 1),
        (200, INVALID, question(), "invalid", 1),
        (200, ERROR, question(), "away", 3),
        (500, FAULT, question(), "refused", 1),
        (500, AWAY, question(), "away", 3),
        (503, "<html>busy</html>", question(), "away", 3),
        (500, "", question(), "away", 3),
        (404, "", question(), "refused", 1),
        (302, NOT_FOUND, question(), "unreadable", 1),
        (500, NOT_FOUND, question(), "unreadable", 1),
        (200, "<html>welcome</html>", question(), "unreadable", 1),
        (200, "", question(), "unreadable", 1),
    ] {
        let told = soap(vec![(status, "", body.to_owned())], &question).await;
        assert_eq!(told, (expected.to_owned(), asked), "{status} {}", body.get(..60).unwrap_or(body));
    }
    let relates = FOUND.replace(ASKED, "6C3E0B5A-6F2D-4E0C-9A41-0D3B7C1E2F10");
    assert_eq!(soap(vec![(200, "", relates)], &question()).await.0, "unreadable", "another question's answer");
    let endless = "x".repeat(2 * 1024 * 1024);
    assert_eq!(soap(vec![(200, "", endless)], &question()).await.0, "away", "too long to be read");
}

#[tokio::test]
async fn a_service_that_comes_back_answers_the_same_question() {
    let answers = vec![(500, "", AWAY.to_owned()), (503, "", String::new()), (200, "", FOUND.to_owned())];
    assert_eq!(soap(answers, &question()).await, ("record 1".to_owned(), 3));
    let patient = vec![(500, "retry-after: 600\r\n", AWAY.to_owned()), (200, "", FOUND.to_owned())];
    assert_eq!(soap(patient, &question()).await, ("away".to_owned(), 1), "nobody waits for ten minutes");
}

#[tokio::test]
async fn without_a_service_nothing_is_known() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let settings = SoapSettings::new(&address, "999999999901", "999999999902", Arc::new(now));
    let client = SoapClient::new(SoapSettings { tries: Tries::once(), ..settings }).unwrap();
    let Answer::CannotTell(why) = client.ask(&question()).await else { panic!() };
    assert!(why.is_transient() && matches!(why, Why::Away { .. }));
    assert_eq!(why.to_string(), "there is no connection to the service");
}

async fn fhir(status: u16, body: String) -> (Answer, usize) {
    let server = Server::start(vec![(status, "", body)]).await;
    let settings = FhirSettings::new(&server.address, "token".to_owned().into(), Arc::new(now));
    let client = FhirClient::new(FhirSettings { tries: tries(), ..settings }).unwrap();
    let question = FhirQuestion { number: question().number, birth: None, declared: Declared::Scheduled };
    (client.ask(&question).await, server.asked())
}

#[tokio::test]
async fn fhir_has_the_same_three_answers() {
    let team = |code: &str, status: &str| {
        format!(
            r#"{{"resourceType": "Bundle", "total": 1, "entry": [{{"resource": {{"resourceType": "CareTeam", "status": "{status}",
            "category": [{{"coding": [{{"system": "http://snomed.info/sct", "code": "{code}"}}]}}], "name": "Camden", "period": {{"start": "2025-01-02"}},
            "telecom": [{{"value": "01632960001", "use": "work"}}, {{"value": "01632960000", "use": "mobile"}}]}}}}]}}"#
        )
    };
    let none = r#"{"resourceType": "Bundle", "total": 0}"#.to_owned();
    for (status, body, expected, asked) in [
        (200, team("764841000000100", "active"), "record 1", 1),
        (200, team("1", "inactive"), "record 1", 1),
        (200, none.clone(), "none", 1),
        (200, String::new(), "unreadable", 1),
        (200, r#"{"resourceType": "Bundle"}"#.to_owned(), "unreadable", 1),
        (200, r#"{"resourceType": "Bundle", "total": 2, "entry": [{}]}"#.to_owned(), "unreadable", 1),
        (200, r#"{"resourceType": "Bundle", "total": 1, "entry": [{}]}"#.to_owned(), "unreadable", 1),
        (200, r#"{"resourceType": "Bundle", "total": 0, "entry": [{}]}"#.to_owned(), "unreadable", 1),
        (200, r#"{"resourceType": "OperationOutcome", "total": 0}"#.to_owned(), "unreadable", 1),
        (409, none.clone(), "details-differ", 1),
        (400, none.clone(), "invalid", 1),
        (401, none.clone(), "refused", 1),
        (403, none.clone(), "refused", 1),
        (404, none.clone(), "refused", 1),
        (302, none.clone(), "refused", 1),
        (503, none.clone(), "away", 3),
        (500, none, "away", 3),
    ] {
        let (answer, requests) = fhir(status, body.clone()).await;
        assert_eq!((word(&answer).as_str(), requests), (expected, asked), "{status} {body}");
        if let Answer::Record(record) = &answer {
            let contact = record.contacts.first().unwrap();
            assert_eq!(contact.emergency.as_ref().unwrap().as_str(), "01632960000");
            assert_eq!(contact.office.as_ref().unwrap().as_str(), "01632960001");
        }
    }
}

#[tokio::test]
async fn what_our_service_answers_is_understood() {
    let (Answer::Record(record), _) = fhir(200, TEAMS.to_owned()).await else { panic!() };
    let plans: Vec<_> = record.plans.iter().map(|plan| (plan.kind, plan.authority.as_str(), plan.ended)).collect();
    assert_eq!(
        plans,
        [(Some(PlanKind::LookedAfter), "ZZ002", false), (Some(PlanKind::ChildProtection), "ZZ001", false)]
    );
    for kind in PlanKind::ALL {
        let one = TEAMS.replace(PlanKind::LookedAfter.concept(), kind.concept());
        let (Answer::Record(record), _) = fhir(200, one).await else { panic!() };
        assert_eq!(record.plans.first().and_then(|plan| plan.kind), Some(kind));
    }
}
