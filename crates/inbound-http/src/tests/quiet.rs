//! What must never be seen outside: NHS numbers, tokens and names in logs, metrics and errors; and what every body obeys.

use super::world::{CAMDEN, FHIR, World, number, uri};
use cpis_model::plan::PlanKind::ChildProtection;
use http::Method;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::Value;
use std::io;
use std::sync::{Arc, Mutex};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn row_20_every_fhir_body() {
    let world = World::new().await;
    world.load(CAMDEN, &[(number(1), ChildProtection)]).await;
    let clinician = world.clinician();
    let mut answers = vec![
        world.get(&format!("{FHIR}/metadata"), "", &[]).await,
        world.get(&format!("{FHIR}/CareTeam/x"), &clinician, &[]).await,
        world.get(&format!("{FHIR}/nothing"), "", &[]).await,
        world.ask(Method::DELETE, &format!("{FHIR}/AuditEvent"), "", &[], "").await,
    ];
    for resource in ["CareTeam", "AuditEvent"] {
        for n in [1, 2] {
            answers.push(world.get(&uri(resource, number(n)), &clinician, &[]).await);
        }
        answers.push(world.get(&uri(resource, number(1)), "", &[]).await);
        answers.push(world.get(&uri(resource, number(1)), &clinician, &[("accept", "text/html")]).await);
        answers.push(world.ask(Method::POST, &format!("{FHIR}/{resource}/_search"), &clinician, &[], "").await);
        answers.push(world.ask(Method::POST, &format!("{FHIR}/{resource}/_search"), &clinician, &[FORM], "").await);
    }
    for answer in answers {
        assert_eq!(answer.header("content-type"), "application/fhir+json");
        assert_eq!(answer.header("cache-control"), "no-store");
        let json = answer.json();
        assert!(json["resourceType"].is_string());
        assert_shape(&json);
    }
}

/// FHIR JSON has no empty arrays, objects or texts and no nulls (R4, json.html).
fn assert_shape(value: &Value) {
    match value {
        Value::Object(members) => {
            assert!(!members.is_empty());
            assert!(!members.contains_key("meta"), "no profile is claimed");
            members.values().for_each(assert_shape);
        }
        Value::Array(items) => {
            assert!(!items.is_empty());
            items.iter().for_each(assert_shape);
        }
        Value::String(text) => assert!(!text.is_empty()),
        Value::Null => panic!("null"),
        Value::Bool(_) | Value::Number(_) => {}
    }
}

#[tokio::test]
async fn row_21_no_number_in_logs_metrics_or_errors() {
    let log = Written::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _counting = metrics::set_default_local_recorder(&recorder);

    let world = World::new().await;
    world.load(CAMDEN, &[(number(1), ChildProtection)]).await;
    let digits = number(1).digits().to_owned();
    let clinician = world.clinician();
    let marked = [("TraceID", digits.as_str()), ("X-Correlation-ID", digits.as_str())];
    let mut errors = vec![
        world.get(&format!("{FHIR}/CareTeam?patient={digits}&patient=9990000026"), &clinician, &[]).await,
        world.get(&format!("{FHIR}/CareTeam?patient={digits}&birthdate={digits}"), &clinician, &[]).await,
        world.get(&format!("{FHIR}/CareTeam?patient=system%7C{digits}"), &clinician, &[]).await,
        world.get(&format!("{FHIR}/{digits}?x={digits}"), &clinician, &marked).await,
        world.get(&format!("{FHIR}/CareTeam/{digits}"), &clinician, &[("X-Request-ID", &digits)]).await,
        world.get(&uri("CareTeam", number(1)), &digits, &marked).await,
        world.get(&uri("CareTeam", number(1)), &clinician, &[("IsUnscheduledAccessEvent", &digits)]).await,
        world.get(&uri("CareTeam", number(1)), &clinician, &[("NHSD-Session-URID", &digits)]).await,
        world.get(&format!("/authority/v1/notices?after={digits}x"), &world.worker(CAMDEN), &[]).await,
        world.get(&format!("/authority/v1/notices?{digits}={digits}"), &world.worker(CAMDEN), &[]).await,
        world.get(&format!("/authority/v1/uploads/{digits}"), &world.worker(CAMDEN), &[]).await,
        world.upload(&world.worker(CAMDEN), &[], format!("<File>{digits}").as_bytes()).await,
    ];
    for fault in [1, 2, 3] {
        world.faults.arm(fault, cpis_store::fault::Fault::Fail);
        errors.push(world.get(&uri("CareTeam", number(1)), &clinician, &marked).await);
        world.faults.disarm();
    }
    for answer in errors.iter().filter(|answer| !answer.status.is_success()) {
        assert!(!answer.text().contains(&digits), "{}", answer.text());
    }
    assert_eq!(world.flags(number(1), &[("TraceID", "60e0b220-8136-4ca5-ae46-1d97ef59d068")]).await.status, 200);
    assert_eq!(world.get(&uri("AuditEvent", number(1)), &clinician, &[]).await.status, 200);
    assert_eq!(world.notices(CAMDEN).await.len(), 1);

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let metrics = metrics.render();
    let ours: Vec<&str> = log.lines().filter(|line| line.contains("cpis_")).collect();
    assert!(ours.iter().any(|line| line.contains("trace=60e0b220") && line.contains("/CareTeam")), "the log is read");
    assert!(
        log.lines().any(|line| line.contains("security: callers without a valid token or certificate were refused"))
    );
    assert!(
        metrics.contains("cpis_http_requests_total{route=\"/cpis/FHIR/R4/CareTeam\",method=\"GET\",status=\"200\"}")
    );
    let name = "Testcase";
    let token: String = clinician.chars().take(40).collect();
    for hidden in [digits.as_str(), name, &token, "nhs-number", "L-1", "2015-03-04"] {
        assert!(!log.contains(hidden), "{hidden} is logged");
        assert!(!metrics.contains(hidden), "{hidden} is a label");
    }
}
