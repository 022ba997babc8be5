//! What people do on the pages, through the router and a real issuer.
#![allow(clippy::unwrap_used, reason = "test support: a panic is how a test fails")]

mod world;

use axum::body::Body;
use axum::http::header::ACCEPT;
use axum::http::{Request, StatusCode};
use cpis_inbound_web::{Pace, paths};
use cpis_store::fault::Fault;
use http_body_util::BodyExt;
use tower::ServiceExt;
use world::{World, number};

#[tokio::test]
async fn a_nurse_looks_and_the_authority_acknowledges() {
    let world = World::new().await;
    world.plans(&[1]).await;
    let mut nurse = world.reader("emergency-nurse").await;
    let before = world.entries().await;
    let confirm = nurse.find(number(1)).await;
    assert_eq!(world.entries().await, before, "finding somebody is no look");
    let answer = nurse.post(paths::OPEN, &[("person", &confirm)]).await;
    assert_eq!((answer.status.as_u16(), &*answer.heading()), (200, "Child protection information is held"));
    assert!(answer.body.contains("tel:01632960001") && answer.body.contains("(you)"));
    assert_eq!(world.entries().await, before + 1, "one look");
    world.apply().await;

    let mut worker = world.signed_in("duty-worker").await;
    let list = worker.get(paths::NOTICES).await;
    assert!(list.heading().starts_with("Open notices"), "{}", list.heading());
    let at = list.body.find("href=\"/notices/").unwrap() + 6;
    let path = list.body[at..].split('"').next().unwrap().to_owned();
    let notice = worker.get(&path).await;
    assert!(notice.body.contains("A record was opened") && notice.body.contains(&number(1).spaced()));
    let form = format!("{path}/acknowledgement");
    assert!(notice.body.contains(&format!("action=\"{form}\"")));
    assert_eq!(worker.post(&form, &[]).await.status, 422, "somebody must have read it");
    assert_eq!(worker.post(&form, &[("read", "yes")]).await.to(), path);
    assert!(worker.get("/notices?acknowledged=yes").await.body.contains(&path));
    assert!(!worker.get(paths::NOTICES).await.body.contains(&path));
}

#[tokio::test]
async fn a_nurse_sees_whom_it_was_told_to_and_who_read_it_and_is_told_to_call_where_nobody_did() {
    let world = World::new().await;
    world.plans(&[1, 2]).await;
    let mut nurse = world.reader("emergency-nurse").await;
    assert!(nurse.get(paths::LOOKS).await.body.contains("There is none."));
    let answer = nurse.open(number(1)).await;
    assert!(answer.body.contains("href=\"/looks\""), "the answer says where to see this later");
    nurse.open(number(2)).await;
    world.apply().await;
    let entries = world.entries().await;
    let page = nurse.get(paths::LOOKS).await;
    assert_eq!((page.heading(), page.body.matches("Not read yet").count()), ("My looks".to_owned(), 2));
    assert!(page.body.contains("Stands in the authority&#39;s list") && !page.body.contains("call the authority"));
    assert_eq!(world.entries().await, entries, "own looks are no look");

    world.tell(2).await;
    let mut worker = world.signed_in("duty-worker").await;
    let list = worker.get(paths::NOTICES).await.body;
    assert!(!list.contains("nread for"), "{list}");
    let at = list.find("href=\"/notices/").unwrap() + 6;
    let path = list[at..].split('"').next().unwrap().to_owned();
    world.pass(7);
    worker.post(&format!("{path}/acknowledgement"), &[("read", "yes")]).await;
    let page = nurse.get(paths::LOOKS).await;
    assert_eq!(page.body.matches("Told the authority at 10:00").count(), 2, "{}", page.body);
    assert!(page.body.contains("Read at 10:07 by Children&#39;s Social Worker"), "{}", page.body);
    assert!(!page.body.contains(&number(1).spaced()) && !page.body.contains("Testcase"), "it names nobody");

    world.pass(3);
    assert!(!nurse.get(paths::LOOKS).await.body.contains("call the authority"));
    world.pass(20);
    let mut nurse = world.reader("emergency-nurse").await;
    let page = nurse.get(paths::LOOKS).await;
    let heading = "<h2 class=\"nhsuk-card__heading nhsuk-heading-m\" id=\"call-1\"><bdi>";
    assert!(
        page.body.contains("Not read for 30 minutes: call the authority") && page.body.contains(heading),
        "{}",
        page.body
    );
    assert!(page.body.contains("tel:01632960001"));
    let mut worker = world.signed_in("duty-worker").await;
    let list = worker.get(paths::NOTICES).await;
    assert!(list.body.contains("1 notice from urgent care has been unread for too long"), "{}", list.body);
    assert_eq!(list.body.matches("Unread for 30 minutes").count(), 1);
    assert!(!worker.get("/notices?acknowledged=yes").await.body.contains("nread for"));
}

#[tokio::test]
async fn a_report_is_sent_from_the_page_and_its_acknowledgement_is_seen() {
    let world = World::new().await;
    world.plans(&[1]).await;
    let mut nurse = world.reader("emergency-nurse").await;
    let person = nurse.open(number(1)).await.hidden("person");
    let form = nurse.post(paths::REPORT, &[("person", &person), ("kind", "no-answer")]).await;
    assert!(form.body.contains("Emergency duty team"), "{}", form.body);
    let fields = |authority, number| {
        [("person", person.as_str()), ("kind", "no-answer"), ("authority", authority), ("number", number)]
    };
    let faulty = nurse.post(paths::REPORT_SEND, &fields("702", "")).await;
    assert!(faulty.status == 422 && faulty.body.contains("Choose the number of this authority"));
    assert_eq!(nurse.post(paths::REPORT_SEND, &fields("703", "")).await.status, 422, "not one of the record's");
    assert_eq!(nurse.post(paths::REPORT_SEND, &fields("702", "703 01632960001")).await.status, 422);
    let sent = nurse.post(paths::REPORT_SEND, &fields("702", "702 01632960001")).await;
    assert_eq!(sent.status, 200, "{}", sent.body);
    world.apply().await;
    let mut worker = world.signed_in("duty-worker").await;
    let list = worker.get(paths::NOTICES).await;
    assert!(list.body.contains("This number did not answer"));
    let at = list.body.find("href=\"/notices/").unwrap() + 6;
    let path = list.body[at..].split('"').next().unwrap().to_owned();
    assert!(worker.get(&path).await.body.contains("01632 960001"));
    worker.post(&format!("{path}/acknowledgement"), &[("read", "yes")]).await;
    let own = nurse.get(paths::REPORTS).await;
    assert!(own.body.contains("This number did not answer") && !own.body.contains(&number(1).spaced()));
}

#[tokio::test]
async fn the_three_answers_and_their_neighbours_are_told_apart() {
    let world = World::new().await;
    world.plans(&[1, 2]).await;
    let mut nurse = world.reader("emergency-nurse").await;
    let held = nurse.open(number(1)).await;
    let none = nurse.open(number(3)).await;
    assert_eq!(none.heading(), "No child protection record is held");
    assert!(none.body.contains("1 of 153 local authorities"), "{}", none.body);
    assert!(held.body.contains("data-answer=\"record\"") && none.body.contains("data-answer=\"none\""));
    let person = nurse.find(number(2)).await;
    // The session is read first.
    world.faults.arm(3, Fault::Fail);
    let away = nurse.post(paths::OPEN, &[("person", &person)]).await;
    world.faults.disarm();
    assert_eq!((away.status.as_u16(), &*away.heading()), (503, "We could not check"), "{}", away.body);
    for answer in [&held, &none, &away] {
        assert_eq!(answer.body.len() % (16 * 1024), 0, "lengths do not tell answers apart");
    }
    assert_eq!(none.body.len(), away.body.len());
    let restricted = nurse.post(paths::FIND_BY_NUMBER, &[("number", number(8).digits())]).await;
    assert_eq!(restricted.heading(), "This record is restricted");
    let nobody = nurse.post(paths::FIND_BY_NUMBER, &[("number", number(70).digits())]).await;
    assert_eq!(nobody.heading(), "No person found for this number");
}

#[tokio::test]
async fn a_number_that_cannot_be_one_is_told_with_its_reason() {
    let world = World::new().await;
    let mut nurse = world.reader("emergency-nurse").await;
    for (entered, told) in [
        ("", "Enter an NHS number"),
        ("999 000", "10 digits"),
        ("999 000 00a8", "without other numbers or letters"),
        ("9990000018 or 9990000026", "Enter one NHS number"),
        ("9990000019", "a digit is wrong"),
        (&*"9".repeat(10), "One digit ten times"),
    ] {
        let answer = nurse.post(paths::FIND_BY_NUMBER, &[("number", entered)]).await;
        assert!(answer.status == 422 && answer.body.contains(told), "{entered}: {}", answer.body);
    }
}

#[tokio::test]
async fn somebody_is_found_by_name_date_of_birth_and_sex() {
    let world = World::new().await;
    let mut nurse = world.reader("emergency-nurse").await;
    let born = [("day", "4"), ("month", "3"), ("year", "2015")];
    let ask = |family: &'static str, sex: &'static str| {
        let mut fields = vec![("family", family), ("sex", sex)];
        fields.extend(born);
        fields
    };
    let several = nurse.post(paths::FIND_BY_NAME, &ask("TESTCASE", "female")).await;
    assert_eq!(several.heading(), "7 people found", "not the restricted one");
    let one = several.hidden("person");
    assert_eq!(nurse.post(paths::CONFIRM, &[("person", &one)]).await.heading(), "Is this the right person?");
    assert_eq!(nurse.post(paths::FIND_BY_NAME, &ask("Testcase", "male")).await.heading(), "No person found");
    let faulty = nurse.post(paths::FIND_BY_NAME, &[("day", "31"), ("month", "2"), ("year", "2015")]).await;
    for told in ["Enter the family name", "Enter a date of birth", "Choose the sex"] {
        assert!(faulty.status == 422 && faulty.body.contains(told), "{told}");
    }
}

#[tokio::test]
async fn a_session_ends_without_use_by_signing_out_and_by_the_issuer() {
    let world = World::new().await;
    let mut nurse = world.reader("emergency-nurse").await;
    let stolen = nurse.clone();
    let out = nurse.post(paths::SIGN_OUT, &[]).await;
    assert!(out.to().contains("/oauth2/") || out.to() == paths::SIGNED_OUT, "{}", out.to());
    assert_eq!(stolen.clone().get(paths::FIND).await.to(), paths::SESSION_ENDED, "the old cookie is worth nothing");
    assert_eq!(nurse.get(paths::FIND).await.to(), "/sign-in?to=/find");

    let mut idle = world.reader("emergency-nurse").await;
    world.pass(14);
    assert_eq!(idle.get(paths::FIND).await.status, 200);
    world.pass(15);
    assert_eq!(idle.get(paths::FIND).await.to(), paths::SESSION_ENDED);
    assert_eq!(idle.get(paths::SESSION_ENDED).await.heading(), "Your session has ended");
    assert!(idle.cookies.is_empty());

    // An unused window takes nothing from one that is used in the same browser.
    let mut used = world.reader("emergency-nurse").await;
    let mut unused = used.clone();
    assert_eq!(unused.get(paths::SESSION_ENDED).await.heading(), "Your session has ended");
    assert_eq!(used.get(paths::FIND).await.status, 200);
}

#[tokio::test]
async fn a_number_that_was_replaced_finds_the_record_that_was_stored_before() {
    let world = World::new().await;
    world.plans(&[1]).await;
    world.supersede(number(1), number(30)).await;
    let mut nurse = world.reader("emergency-nurse").await;
    let answer = nurse.open(number(1)).await;
    assert_eq!(answer.heading(), "Child protection information is held", "{}", answer.body);
    assert!(answer.body.contains(&number(30).spaced()), "the number that is current");
}

#[tokio::test]
async fn a_flag_that_was_found_is_shown_whatever_fails_beside_it() {
    let world = World::new().await;
    world.plans(&[1]).await;
    let mut nurse = world.reader("emergency-nurse").await;
    let person = nurse.find(number(1)).await;
    let mut told = std::collections::BTreeSet::new();
    for step in 1..60 {
        let before = world.entries().await;
        world.faults.arm(step, Fault::Fail);
        let answer = nurse.post(paths::OPEN, &[("person", &person)]).await;
        let fired = !world.faults.disarm();
        let heading = answer.heading();
        assert_ne!(heading, "No child protection record is held", "at step {step}");
        if world.entries().await > before {
            assert_eq!(heading, "Child protection information is held", "at step {step}: {}", answer.body);
        }
        told.insert(heading);
        if !fired {
            break;
        }
    }
    assert!(told.len() > 1, "{told:?}");
}

#[tokio::test]
async fn a_role_and_place_are_chosen_among_ones_own() {
    let world = World::new().await;
    let mut two = world.browser();
    assert_eq!(two.sign_in("clinician-of-two").await.to(), paths::ROLE);
    assert_eq!(two.get(paths::FIND).await.to(), paths::ROLE, "nothing before a role is chosen");
    let form = two.get(paths::ROLE).await;
    let values: Vec<&str> = form.body.split("name=\"role\" type=\"radio\" value=\"").skip(1).collect();
    let values: Vec<&str> = values.iter().map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(values.len(), 3, "two sites of one role, one of the other");
    let old = two.clone();
    assert_eq!(two.post(paths::ROLE, &[("role", values[0])]).await.to(), paths::SHIFT);
    assert_eq!(old.clone().get(paths::ROLE).await.to(), paths::SESSION_ENDED, "the secret was changed");
}

#[tokio::test]
async fn too_many_searches_are_refused_for_a_while() {
    let world = World::with(Pace { person_an_hour: 3, ..Pace::default() }, false).await;
    let mut nurse = world.reader("emergency-nurse").await;
    for _ in 0..3 {
        assert_eq!(nurse.post(paths::FIND_BY_NUMBER, &[("number", number(70).digits())]).await.status, 200);
    }
    let refused = nurse.post(paths::FIND_BY_NUMBER, &[("number", number(70).digits())]).await;
    assert!(refused.status == 429 && !refused.header("retry-after").is_empty());
}

#[tokio::test]
async fn what_no_page_answers_is_the_machines_and_a_browser_is_told_that_there_is_no_page() {
    let world = World::new().await;
    let page = "There is no such page";
    for (path, accept, status, word) in [
        ("/cpis/known", "application/fhir+json", StatusCode::OK, "a machine's answer"),
        ("/cpis/known", "text/html", StatusCode::OK, "a machine's answer"),
        ("/cpis/unknown", "application/fhir+json", StatusCode::NOT_FOUND, "nothing for machines"),
        ("/cpis/unknown", "text/html", StatusCode::NOT_FOUND, "nothing for machines"),
        ("/unknown", "*/*", StatusCode::NOT_FOUND, "nothing for machines"),
        ("/unknown", "text/html,*/*;q=0.8", StatusCode::NOT_FOUND, page),
    ] {
        let request = Request::get(path).header(ACCEPT, accept).body(Body::empty()).unwrap();
        let response = world.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "{path} {accept}");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(String::from_utf8_lossy(&body).contains(word), "{path} {accept}");
    }
}
