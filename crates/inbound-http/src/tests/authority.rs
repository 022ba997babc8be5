//! Notices over HTTP.

use super::world::{CAMDEN, CLIENT, GREENWICH, SITE, World, number, start};
use cpis_app::reports;
use cpis_model::caller::{Caller, Rights, Staff, Who};
use cpis_model::notice::{Report, ReportKind};
use cpis_model::plan::PlanKind::ChildProtection;
use cpis_testkit::issuer::people;
use http::Method;
use std::sync::Arc;

const PATH: &str = "/authority/v1/notices";

#[tokio::test]
async fn a_notice_says_who_opened_the_record_and_where() {
    let world = World::new().await;
    world.load(CAMDEN, &[(number(1), ChildProtection)]).await;
    assert_eq!(world.flags(number(1), &[]).await.bundle().0, 1);
    let notices = world.notices(CAMDEN).await;
    let notice = &notices[0];
    assert_eq!(notice["nhs_number"], number(1).digits());
    assert_eq!(notice["local_id"], "L-1");
    assert_eq!(notice["accessed_at"], "2026-06-01T10:00:00+01:00");
    assert_eq!((&notice["by"]["kind"], &notice["by"]["role_code"]), (&"person".into(), &"R8001".into()));
    assert!(!notice["by"]["name"].as_str().unwrap().is_empty());
    assert_eq!(notice["organisation"]["code"], "R0A");
    assert_eq!((&notice["site"]["code"], &notice["site"]["setting"]["code"]), (&"R0A".into(), &"U01".into()));
    assert!(notice["acknowledged_at"].is_null() && notice["report"].is_null());
    assert_eq!(notice["kind"], "access");
    assert!(notice["text"].as_str().unwrap().contains("not that the person was there"));
    assert!(notice["cursor"].is_string());

    let path = format!("{PATH}/{}/acknowledgement", notice["id"].as_str().unwrap());
    world.pass(1);
    let first = world.ask(Method::POST, &path, &world.worker(CAMDEN), &[], "").await;
    assert_eq!((first.status.as_u16(), &first.json()["acknowledged_at"]), (200, &"2026-06-01T11:00:00+01:00".into()));
    world.pass(1);
    let again = world.ask(Method::POST, &path, &world.worker(CAMDEN), &[], "").await;
    assert_eq!(again.body, first.body, "the first time stands");

    // Another authority's, an unknown one and no id at all read the same.
    let bodies: Vec<_> = [
        world.ask(Method::POST, &path, &world.worker(GREENWICH), &[], "").await,
        world
            .ask(Method::POST, &format!("{PATH}/{}/acknowledgement", uuid::Uuid::nil()), &world.worker(CAMDEN), &[], "")
            .await,
        world.ask(Method::POST, &format!("{PATH}/x/acknowledgement"), &world.worker(CAMDEN), &[], "").await,
    ]
    .into_iter()
    .map(|answer| {
        assert_eq!(answer.problem(), (404, "not-found".into()));
        answer.body
    })
    .collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[tokio::test]
async fn a_report_says_what_it_is_and_is_no_access() {
    let world = World::new().await;
    world.load(CAMDEN, &[(number(1), ChildProtection)]).await;
    let site = world.register.site(SITE.parse().unwrap()).cloned().unwrap();
    let organisation = world.register.organisation(site.organisation).unwrap();
    let staff = Staff {
        user_id: "555000000001".into(),
        role_profile_id: None,
        role_code: "R8001".into(),
        role_name: "Nurse Access Role".into(),
        name: "Ms Sample".into(),
    };
    let rights = Rights { view: true, ..Rights::default() };
    let nurse = Arc::new(Caller { who: Who::Person(staff), organisation, site: Some(site), rights });
    let told = Report {
        kind: ReportKind::NoAnswer,
        phone: Some("01632960001".parse().unwrap()),
        text: Some("Rang twice".parse().unwrap()),
        replaced_by: None,
    };
    reports::report(&world.service, nurse, number(1), CAMDEN.parse().unwrap(), told).await.unwrap();
    let notices = world.notices(CAMDEN).await;
    let notice = &notices[0];
    assert_eq!(notice["kind"], "report");
    let report =
        serde_json::json!({ "kind": "no-answer", "phone": "01632960001", "words": "Rang twice", "replaced_by": null });
    assert_eq!(notice["report"], report);
    assert!(notice["text"].as_str().unwrap().contains("no referral") && notice["acknowledged_by"].is_null());
    let path = format!("{PATH}/{}/acknowledgement", notice["id"].as_str().unwrap());
    let acknowledged = world.ask(Method::POST, &path, &world.worker(CAMDEN), &[], "").await;
    assert!(acknowledged.json()["acknowledged_by"]["role_name"].is_string(), "{}", acknowledged.text());
}

#[tokio::test]
async fn pages_go_on_from_a_cursor() {
    let world = World::new().await;
    let plans: Vec<_> = (1..=5).map(|n| (number(n), ChildProtection)).collect();
    world.load(CAMDEN, &plans).await;
    for (number, _) in &plans {
        assert_eq!(world.flags(*number, &[]).await.bundle().0, 1);
    }
    assert_eq!(world.notices(CAMDEN).await.len(), 5);
    let token = world.mint(&people::authority_system(CLIENT, start()));
    let (mut cursor, mut seen, mut pages) = ("0".to_owned(), Vec::new(), 0);
    loop {
        let page = world.get(&format!("{PATH}?after={cursor}&limit=2"), &token, &[]).await.json();
        seen.extend(page["notices"].as_array().unwrap().iter().map(|notice| notice["id"].as_str().unwrap().to_owned()));
        cursor = page["next"].as_str().unwrap().to_owned();
        pages += 1;
        if page["more"] == false {
            break;
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!((seen.len(), pages), (5, 3));
    let empty = world.get(&format!("{PATH}?after={cursor}"), &token, &[]).await.json();
    assert_eq!(
        (&empty["notices"], &empty["next"], &empty["more"]),
        (&serde_json::json!([]), &cursor.into(), &false.into())
    );
    assert!(world.notices(GREENWICH).await.is_empty());
}

#[tokio::test]
async fn parameters_that_are_wrong_are_named() {
    let world = World::new().await;
    let token = world.worker(CAMDEN);
    for (query, parameter) in [
        ("after=x", "after"),
        ("after=", "after"),
        ("after=-1", "after"),
        ("after=9223372036854775808", "after"),
        ("after=99999999999999999999", "after"),
        ("after=1&after=1", "after"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=2.5", "limit"),
        ("limit=1&limit=2", "limit"),
        ("afer=3", "unknown"),
    ] {
        let answer = world.get(&format!("{PATH}?{query}"), &token, &[]).await;
        assert_eq!((answer.problem(), &answer.json()["parameter"]), ((400, "bad-parameter".into()), &parameter.into()));
    }
    assert_eq!(world.get(&format!("{PATH}?limit=200&after=9223372036854775807"), &token, &[]).await.status, 200);
}
