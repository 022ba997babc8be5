//! Subscriptions over the interface: made with a secret that is shown once, read without one, changed, asked, removed.

use super::world::{Answer, CAMDEN, FHIR, GREENWICH, World, number};
use cpis_app::subscriptions::Sender;
use cpis_format_fhir::subscription::Topic;
use cpis_model::plan::PlanKind::ChildProtection;
use http::Method;
use serde_json::{Value, json};

const TYPE: (&str, &str) = ("content-type", "application/fhir+json");

fn body(changes: &[(&str, Value)]) -> String {
    let mut body = json!({
        "resourceType": "Subscription", "status": "requested", "reason": "Notices for Camden",
        "criteria": Topic::AccessToService.canonical(),
        "channel": {
            "type": "rest-hook", "endpoint": "https://la.example.org/notify", "payload": "application/fhir+json",
            "header": ["Authorization: Bearer word"]
        }
    });
    for (place, value) in changes {
        *body.pointer_mut(place).unwrap() = value.clone();
    }
    body.to_string()
}

impl World {
    async fn subscribe(&self, authority: &str, body: &str) -> Answer {
        self.ask(Method::POST, &format!("{FHIR}/Subscription"), &self.worker(authority), &[TYPE], body).await
    }

    async fn subscribed(&self, authority: &str) -> String {
        let answer = self.subscribe(authority, &body(&[])).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    async fn tell(&self) {
        cpis_app::applier::apply_all(&self.service).await.unwrap();
        let mut sender = Sender::default();
        sender.round(&self.http.subscriptions).await.unwrap();
        sender.settle().await;
    }
}

fn parameter<'a>(status: &'a Value, name: &str) -> &'a Value {
    status["parameter"].as_array().unwrap().iter().find(|parameter| parameter["name"] == name).unwrap()
}

#[tokio::test]
async fn the_secret_is_shown_once_and_headers_never() {
    let world = World::new().await;
    let made = world.subscribe(CAMDEN, &body(&[])).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let secret = made.header("cpis-subscription-secret").to_owned();
    assert!(secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let json = made.json();
    assert_eq!((&json["resourceType"], &json["status"]), (&json!("Subscription"), &json!("requested")));
    let id = json["id"].as_str().unwrap();
    assert_eq!(made.header("location"), format!("https://cpis.example.org{FHIR}/Subscription/{id}"));
    let path = format!("{FHIR}/Subscription/{id}");
    let read = world.get(&path, &world.worker(CAMDEN), &[]).await;
    assert_eq!((read.status.as_u16(), read.json()), (200, json.clone()));
    let list = world.get(&format!("{FHIR}/Subscription"), &world.worker(CAMDEN), &[]).await;
    assert_eq!(list.bundle(), (1, vec!["Subscription".to_owned()]));
    for answer in [&made, &read, &list] {
        assert!(answer.text().contains("Authorization: ********") && !answer.text().contains("Bearer"));
        assert!(!answer.text().contains(&secret));
    }
    assert_eq!((read.header("cpis-subscription-secret"), list.header("cpis-subscription-secret")), ("", ""));
}

#[tokio::test]
async fn events_are_told_counted_and_lead_to_a_notice() {
    let world = World::new().await;
    world.load(CAMDEN, &[(number(1), ChildProtection)]).await;
    let id = world.subscribed(CAMDEN).await;
    let path = |operation: &str| format!("{FHIR}/Subscription/{id}/{operation}");
    world.tell().await;
    world.flags(number(1), &[]).await;
    world.tell().await;
    let token = world.worker(CAMDEN);
    let status = world.get(&path("$status"), &token, &[]).await;
    assert_eq!(status.bundle(), (1, vec!["Parameters".to_owned()]));
    let status = status.json()["entry"][0]["resource"].clone();
    assert_eq!(parameter(&status, "status")["valueCode"], "active");
    assert_eq!(parameter(&status, "events-since-subscription-start")["valueString"], "1");
    let events = world.get(&path("$events?eventsSinceNumber=1"), &token, &[]).await;
    let told = events.json()["entry"][0]["resource"].clone();
    assert_eq!(parameter(&told, "type")["valueCode"], "query-event");
    let parts = parameter(&told, "notification-event")["part"].as_array().unwrap();
    let focus = parts.last().unwrap()["valueReference"]["reference"].as_str().unwrap();
    let notice = world.get(focus.strip_prefix("https://cpis.example.org").unwrap(), &token, &[]).await;
    assert_eq!(notice.status, 200, "{}", notice.text());
    assert_eq!(notice.json(), world.notices(CAMDEN).await[0]);
    assert!(!events.text().contains(number(1).digits()));

    let asked = json!({"resourceType": "Parameters", "parameter": [{"name": "content", "valueCode": "empty"}]});
    let events = world.ask(Method::POST, &path("$events"), &token, &[TYPE], &asked.to_string()).await;
    assert!(events.status == 200 && !events.text().contains("focus") && events.text().contains("event-number"));
    let again = world.ask(Method::POST, &path("$resend?eventsSinceNumber=1"), &token, &[], "").await;
    assert_eq!(again.bundle().0, 1);
    let bad = world.get(&path("$events?eventsSinceNumber=x"), &token, &[]).await;
    assert_eq!(bad.outcome().0, 400);
}

#[tokio::test]
async fn a_subscription_is_changed_switched_off_and_removed() {
    let world = World::new().await;
    let id = world.subscribed(CAMDEN).await;
    let (path, token) = (format!("{FHIR}/Subscription/{id}"), world.worker(CAMDEN));
    let put = async |body: String| world.ask(Method::PUT, &path, &token, &[TYPE], &body).await;
    world.tell().await;
    assert_eq!(put(body(&[])).await.json()["status"], "requested");
    assert_eq!(put(body(&[("/status", json!("off"))])).await.json()["status"], "off");
    let stars = put(body(&[("/channel/header", json!(["Authorization: ********"]))])).await;
    assert_eq!(stars.outcome().0, 400, "what was hidden is not taken back");
    let other = put(body(&[("/criteria", json!(Topic::InactiveNumber.canonical()))])).await;
    assert_eq!(other.outcome().0, 422);
    let mut named: Value = serde_json::from_str(&body(&[])).unwrap();
    named["id"] = json!("another");
    assert_eq!(put(named.to_string()).await.outcome().0, 422);
    named["id"] = json!(id);
    assert_eq!(put(named.to_string()).await.status, 200);
    assert_eq!(world.ask(Method::POST, &format!("{path}/$resend"), &token, &[], "").await.outcome().0, 422);
    assert_eq!(world.ask(Method::DELETE, &path, &token, &[], "").await.status, 204);
    assert_eq!(world.get(&path, &token, &[]).await.outcome().0, 404);
}

#[tokio::test]
async fn another_authority_s_is_not_found_and_a_clinician_has_none() {
    let world = World::new().await;
    let id = world.subscribed(CAMDEN).await;
    let path = format!("{FHIR}/Subscription/{id}");
    for (method, path, body) in [
        (Method::GET, path.clone(), String::new()),
        (Method::PUT, path.clone(), body(&[])),
        (Method::DELETE, path.clone(), String::new()),
        (Method::GET, format!("{path}/$status"), String::new()),
        (Method::GET, format!("{path}/$events"), String::new()),
        (Method::POST, format!("{path}/$resend"), String::new()),
        (Method::GET, format!("{FHIR}/Subscription/none"), String::new()),
    ] {
        let answer = world.ask(method.clone(), &path, &world.worker(GREENWICH), &[TYPE], &body).await;
        assert_eq!(answer.outcome().0, 404, "{method} {path}");
        let answer = world.ask(method.clone(), &path, &world.clinician(), &[TYPE], &body).await;
        assert_eq!(answer.outcome().0, 403, "{method} {path}");
    }
    let list = world.get(&format!("{FHIR}/Subscription"), &world.worker(GREENWICH), &[]).await;
    assert_eq!(list.bundle().0, 0);
    let notice = format!("/authority/v1/notices/{id}");
    assert_eq!(world.get(&notice, &world.worker(CAMDEN), &[]).await.problem().0, 404);
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_words() {
    let world = World::new().await;
    for (changes, headers, status) in [
        (vec![("/status", json!("active"))], TYPE, 400),
        (vec![("/channel/endpoint", json!("http://la.example.org/"))], TYPE, 400),
        (vec![("/channel/endpoint", json!("http://127.0.0.1/"))], TYPE, 400),
        (vec![("/channel/endpoint", json!("https://10.0.0.1/"))], TYPE, 422),
        (vec![], ("content-type", "text/plain"), 415),
        (vec![("/reason", json!("x".repeat(70_000)))], TYPE, 413),
    ] {
        let path = format!("{FHIR}/Subscription");
        let answer = world.ask(Method::POST, &path, &world.worker(CAMDEN), &[headers], &body(&changes)).await;
        assert_eq!(answer.outcome().0, status, "{changes:?}");
    }
    for n in 1..=21 {
        let answer = world.subscribe(CAMDEN, &body(&[])).await;
        assert_eq!(answer.status, if n == 21 { 422 } else { 201 }, "{n}: {}", answer.text());
    }
}
