//! The national query, from a message with a certificate to what the journal and the authority know of it.
//! Source: spec/decisions.md 1 and 5; spec/hl7v3.md 3.4 and 8; design D1.

use super::world::{ASIDS, Answer, CAMDEN, CERTIFICATES, GREENWICH, SERVICE_ASID, SITE, World, number};
use crate::SOAP_PATH;
use crate::serve::PeerCertificate;
use axum::body::Body;
use cpis_app::lifecycle;
use cpis_format_hl7v3::soap::{Ask, Author, Place, QUERY, QUERY_BYTES_MAX, Reply, action, decode_reply, query_xml};
use cpis_model::Uuid;
use cpis_model::caller::{Declared, ResponsiblePerson, Staff};
use cpis_model::entry::HiddenFor;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::plan::PlanKind::{ChildProtection, LookedAfter};
use http::{Method, Request};
use http_body_util::BodyExt;
use tower::ServiceExt;

const MESSAGE: Uuid = Uuid::from_u128(0x5C3E_0B5A_6F2D_4E0C_9A41_0D3B_7C1E_2F10);

fn place() -> Place {
    Place { code: SITE.parse().unwrap(), is_site: false, name: "A hospital".to_owned() }
}

fn device(system: usize) -> Author {
    let responsible = vec![ResponsiblePerson {
        role_code: "R0050".into(),
        role_name: "Consultant".into(),
        name: "Dr Noor Example".into(),
    }];
    Author::Device { asid: ASIDS[system].to_owned(), responsible, place: place() }
}

fn nurse() -> Author {
    let staff = Staff {
        user_id: "555254240100".into(),
        role_profile_id: None,
        role_code: "R8001".into(),
        role_name: "Nurse".into(),
        name: "Ms Ada Example".into(),
    };
    Author::Person { staff, place: place() }
}

fn message(system: usize, author: &Author, number: NhsNumber, event: u128, declared: Declared) -> String {
    let ask = Ask {
        message: MESSAGE,
        made: super::world::start(),
        to: "https://cpis.example.org/syncservice",
        from: "https://hospital.example",
        receiver: SERVICE_ASID,
        sender: ASIDS[system],
        event: Uuid::from_u128(event),
        author,
        number,
        declared,
    };
    String::from_utf8(query_xml(&ask)).unwrap()
}

impl World {
    /// Sends a message with a certificate, if any.
    async fn soap(&self, certificate: Option<[u8; 32]>, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(Method::POST).uri(SOAP_PATH);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(certificate) = certificate {
            request = request.extension(PeerCertificate(certificate));
        }
        let response = self.soap.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes() }
    }

    /// Asks as a system does.
    async fn asks(&self, system: usize, author: &Author, number: NhsNumber, event: u128, declared: Declared) -> Answer {
        let body = message(system, author, number, event, declared);
        self.soap(Some(CERTIFICATES[system]), &good(), body).await
    }
}

fn good() -> [(&'static str, &'static str); 2] {
    [
        ("content-type", "text/xml; charset=utf-8"),
        ("soapaction", "\"urn:nhs:names:services:cpisquery/QUPC_IN000006GB01\""),
    ]
}

impl Answer {
    fn reply(&self, number: NhsNumber) -> Reply {
        assert_eq!(self.header("content-type"), "text/xml; charset=utf-8");
        assert_eq!(self.header("cache-control"), "no-store");
        decode_reply(&self.body, MESSAGE, number).unwrap_or_else(|fault| panic!("{fault:?}: {}", self.text()))
    }

    /// Plans and accesses.
    fn found(&self, number: NhsNumber) -> (usize, usize) {
        assert_eq!(self.status, 200);
        match self.reply(number) {
            Reply::Found { plans, accesses } => (plans.len(), accesses.len()),
            other => panic!("{other:?}"),
        }
    }

    /// Status and code of a fault of SOAP.
    fn fault(&self) -> (u16, String) {
        match self.reply(number(1)) {
            Reply::Fault { code, .. } => (self.status.as_u16(), code),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_look_of_a_system_is_listed_and_its_authorities_are_told() {
    let world = World::new().await;
    let child = number(1);
    world.load(CAMDEN, &[(child, ChildProtection)]).await;
    world.load(GREENWICH, &[(child, LookedAfter)]).await;
    let entries = world.entries().await;
    let answer = world.asks(0, &device(0), child, 7, Declared::Unscheduled).await;
    assert_eq!(answer.found(child), (2, 1), "two plans, and this look");
    let Reply::Found { plans, accesses } = answer.reply(child) else { panic!() };
    assert_eq!(plans[0].person.birth, Some(super::world::BIRTH.parse().unwrap()));
    assert_eq!((&*accesses[0].name, accesses[0].by_system), ("Dr Noor Example", true));
    assert_eq!(accesses[0].id, Some(Uuid::from_u128(7)));
    assert_eq!(world.entries().await, entries + 1);
    assert_eq!(world.listed(child).await, 1);
    for authority in [CAMDEN, GREENWICH] {
        let notices = world.notices(authority).await;
        assert_eq!(notices.len(), 1);
        assert_eq!(notices[0]["by"]["kind"], "system");
        assert_eq!(notices[0]["by"]["responsible"][0]["name"], "Dr Noor Example");
        assert_eq!(notices[0]["organisation"]["code"], SITE);
    }
}

#[tokio::test]
async fn answers_follow_the_table_of_what_is_stored() {
    let world = World::new().await;
    let (held, hidden, old, new) = (number(1), number(2), number(3), number(19));
    world.load(CAMDEN, &[(held, ChildProtection), (hidden, ChildProtection), (old, ChildProtection)]).await;
    lifecycle::hide(&world.service, hidden, Some(HiddenFor::Restricted)).await.unwrap();
    lifecycle::supersede(&world.service, old, new).await.unwrap();
    let entries = world.entries().await;
    for (place, (asked, plans)) in
        [(held, 1), (hidden, 0), (old, 1), (new, 1), (number(5), 0), (number(30), 0)].into_iter().enumerate()
    {
        let answer = world.asks(0, &device(0), asked, 7, Declared::Nothing).await;
        assert_eq!(answer.status, 200);
        match answer.reply(asked) {
            Reply::Found { plans: found, .. } => assert_eq!(found.len(), plans, "{place}"),
            Reply::NotFound => assert_eq!(plans, 0, "{place}"),
            other => panic!("{place}: {other:?}"),
        }
        assert_eq!(world.entries().await, entries + 1 + place as u64, "a miss is an entry, too");
    }
    assert_eq!(world.notices(CAMDEN).await.iter().filter(|notice| notice["kind"] == "access").count(), 2);
}

#[tokio::test]
async fn restricted_and_unknown_cannot_be_told_apart() {
    let world = World::new().await;
    world.load(CAMDEN, &[(number(2), ChildProtection)]).await;
    lifecycle::hide(&world.service, number(2), Some(HiddenFor::Restricted)).await.unwrap();
    let shape = async |asked| {
        let text = world.asks(0, &device(0), asked, 7, Declared::Nothing).await.text();
        // Ids of the answer's own differ.
        text.lines()
            .filter(|line| !line.contains("MessageID") && !line.starts_with("<id "))
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(shape(number(2)).await, shape(number(30)).await);
}

#[tokio::test]
async fn a_silent_read_is_answered_and_tells_nobody() {
    let world = World::new().await;
    let child = number(1);
    world.load(CAMDEN, &[(child, ChildProtection)]).await;
    let answer = world.asks(0, &device(0), child, 7, Declared::Scheduled).await;
    assert_eq!(answer.found(child), (1, 0));
    assert_eq!((world.listed(child).await, world.notices(CAMDEN).await.len()), (0, 0));
}

#[tokio::test]
async fn visits_are_told_apart_where_the_register_says_so() {
    let world = World::new().await;
    let (one, other) = (number(1), number(2));
    world.load(CAMDEN, &[(one, ChildProtection), (other, ChildProtection)]).await;
    // Marked: two visits are two, and one visit twice is one.
    for (event, listed) in [(7, 1), (7, 1), (8, 2), (8, 2), (7, 2)] {
        world.asks(1, &device(1), one, event, Declared::Nothing).await.found(one);
        assert_eq!(world.listed(one).await, listed, "{event}");
    }
    // Not marked: whatever its ids, one author within 24 hours.
    for event in [7, 8, 9] {
        world.asks(0, &device(0), other, event, Declared::Nothing).await.found(other);
        assert_eq!(world.listed(other).await, 1, "{event}");
    }
    world.pass(25);
    world.asks(0, &device(0), other, 7, Declared::Nothing).await.found(other);
    assert_eq!(world.listed(other).await, 2);
    assert_eq!(world.notices(CAMDEN).await.len(), 4);
}

#[tokio::test]
async fn accesses_stand_oldest_first_and_people_are_named() {
    let world = World::new().await;
    let child = number(1);
    world.load(CAMDEN, &[(child, ChildProtection)]).await;
    world.flags(child, &[]).await.bundle();
    world.pass(1);
    let answer = world.asks(0, &nurse(), child, 7, Declared::Nothing).await;
    let Reply::Found { accesses, .. } = answer.reply(child) else { panic!() };
    assert_eq!(accesses.len(), 2);
    assert!(accesses[0].at < accesses[1].at);
    assert_eq!((&*accesses[1].name, &*accesses[1].role, accesses[1].by_system), ("Ms Ada Example", "Nurse", false));
    let notices = world.notices(CAMDEN).await;
    assert!(notices.iter().any(|notice| notice["by"]["name"] == "Ms Ada Example"));
}

#[tokio::test]
async fn what_cannot_be_written_is_a_fault_and_never_no_record() {
    let world = World::new().await;
    world.load(CAMDEN, &[(number(1), ChildProtection)]).await;
    for asked in [number(1), number(5)] {
        world.faults.fail_all();
        let answer = world.asks(0, &device(0), asked, 7, Declared::Nothing).await;
        world.faults.disarm();
        assert_eq!(answer.fault(), (500, "503".to_owned()), "{}", answer.text());
        assert!(!answer.header("retry-after").is_empty());
        assert!(!answer.text().contains("QUQI_IN010000UK14") && !answer.text().contains(asked.digits()));
    }
}

#[tokio::test]
async fn only_the_system_that_the_register_has_the_certificate_for_is_answered() {
    let world = World::new().await;
    let child = number(1);
    world.load(CAMDEN, &[(child, ChildProtection)]).await;
    let entries = world.entries().await;
    let body = message(0, &device(0), child, 7, Declared::Nothing);
    for certificate in [None, Some(CERTIFICATES[1]), Some([1; 32])] {
        let answer = world.soap(certificate, &good(), body.clone()).await;
        assert_eq!(answer.fault(), (500, "403".to_owned()));
        assert!(!answer.text().contains(child.digits()));
    }
    let other = message(0, &device(1), child, 7, Declared::Nothing);
    let answer = world.soap(Some(CERTIFICATES[0]), &good(), other).await;
    assert_eq!(answer.fault(), (500, "403".to_owned()), "another system's number as the author");
    assert_eq!(world.entries().await, entries, "strangers are counted, not entered");
}

#[tokio::test]
async fn faults_of_a_question_come_all_at_once() {
    let world = World::new().await;
    let body = message(0, &device(0), number(1), 7, Declared::Nothing)
        .replace("displayName=\"Consultant\"", "displayName=\"\"")
        .replace(&format!("extension=\"{}\"", number(1).digits()), "extension=\"9990000019\"");
    let answer = world.soap(Some(CERTIFICATES[0]), &good(), body).await;
    assert_eq!(answer.status, 200);
    let Reply::Failed(reasons) = answer.reply(number(1)) else { panic!("{}", answer.text()) };
    let told: Vec<&str> = reasons.iter().map(|reason| &*reason.text).collect();
    assert_eq!(
        told,
        ["INVALID_DATA: NHS Number (its check digit is wrong)", "MANDATORY_DATA_MISSING: authorDevice.jobRoleName"]
    );
    assert!(!answer.text().contains("9990000019"));
}

#[tokio::test]
async fn messages_that_are_none_get_their_fault() {
    let world = World::new().await;
    let body = message(0, &device(0), number(1), 7, Declared::Nothing);
    let [kind, named] = good();
    let large = format!("<!--{}-->{body}", "x".repeat(QUERY_BYTES_MAX));
    let doctype = body.replace("<SOAP:Envelope", "<!DOCTYPE a [<!ENTITY b \"c\">]><SOAP:Envelope");
    for (headers, body, expected) in [
        (vec![kind, named], "", (500, "400")),
        (vec![kind, named], "{}", (500, "400")),
        (vec![kind, named], doctype.as_str(), (500, "400")),
        (vec![kind, named], large.as_str(), (413, "400")),
        (vec![("content-type", "application/json"), named], body.as_str(), (415, "400")),
        (vec![named], body.as_str(), (415, "400")),
        (vec![kind, named, ("content-encoding", "gzip")], body.as_str(), (415, "400")),
        (vec![kind, ("soapaction", "\"urn:other\"")], body.as_str(), (500, "101")),
        (vec![kind, named, ("soapaction", "urn:other")], body.as_str(), (500, "101")),
    ] {
        let answer = world.soap(Some(CERTIFICATES[0]), &headers, body.to_owned()).await;
        assert_eq!(answer.fault(), (expected.0, expected.1.to_owned()), "{headers:?}");
    }
    let ask = async |method: Method, path: &str| {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let response = world.soap.clone().oneshot(request).await.unwrap();
        let text = response.headers()["content-type"].to_str().unwrap().to_owned();
        (response.status().as_u16(), text)
    };
    let xml = "text/xml; charset=utf-8".to_owned();
    assert_eq!(ask(Method::GET, SOAP_PATH).await, (405, xml.clone()));
    assert_eq!(ask(Method::POST, "/cpis/FHIR/R4/CareTeam/_search").await, (404, xml));
    assert_eq!(action(QUERY), "urn:nhs:names:services:cpisquery/QUPC_IN000006GB01");
}

#[tokio::test]
async fn the_query_is_on_its_own_address_only() {
    let world = World::new().await;
    let body = message(0, &device(0), number(1), 7, Declared::Nothing);
    let request = Request::post(SOAP_PATH).extension(PeerCertificate(CERTIFICATES[0])).body(Body::from(body)).unwrap();
    assert_eq!(world.router.clone().oneshot(request).await.unwrap().status(), 404);
}
