//! How people are shown, and who the ready-made ones are.

use super::people::{NURSE, acting, nurse, staff};
use super::*;
use cpis_model::caller::{Action, Decision, Declared, Mode, Refusal, Subject, may};
use cpis_testkit::issuer::people;
use serde_json::json;

#[tokio::test]
async fn a_person_is_shown_as_registered() {
    let issuer = issuer(vec![fresh("one")]).await;
    let verifier = verifier(&issuer);
    let caller = ask(&verifier, &issuer.mint(&nurse()), now()).await.unwrap();
    let person = staff(&caller);
    assert_eq!((&*person.role_code, &*person.role_name), ("R8001", "Nurse Access Role"));
    assert_eq!(&*person.name, nurse()["display_name"].as_str().unwrap());
    assert_eq!(&*caller.organisation.name, "Guy's and St Thomas' NHS Foundation Trust", "not the token's name for it");
    let shown = format!("{caller:?}");
    assert!(!shown.contains(&*person.name) && !shown.contains(&*person.user_id), "{shown}");
}

#[tokio::test]
async fn names_are_found_where_there_are_any() {
    let issuer = issuer(vec![fresh("one")]).await;
    let verifier = verifier(&issuer);
    let bare = without(&without(&nurse(), "display_name"), "name");
    let parts = put(&put(&put(&bare, "title", "Dr"), "given_name", "Ada"), "family_name", "Oak");
    for (claims, name) in [
        (put(&nurse(), "display_name", "Dr\u{0} Ada\nOak "), "Dr AdaOak"),
        (put(&without(&nurse(), "display_name"), "name", "OAK Ada (Dr)"), "OAK Ada (Dr)"),
        (parts.clone(), "Dr Ada Oak"),
        (without(&without(&parts, "title"), "given_name"), "Oak"),
        (put(&parts, "display_name", " "), "Dr Ada Oak"),
        (put(&nurse(), "display_name", "é".repeat(500)), &*"é".repeat(200)),
    ] {
        let caller = ask(&verifier, &issuer.mint(&claims), now()).await.unwrap();
        assert_eq!(&*staff(&caller).name, name);
    }
    let role = without(&people::role("1", ("ZZ998", "Elsewhere"), None, NURSE, &[]), "org_name");
    let claims = acting(&json!([without(&role, "role_name")]), &Value::Null);
    let listed = put(&claims, "nhsid_user_orgs", json!([{"org_code": "ZZ998", "org_name": "Listed"}, 1]));
    for (claims, name) in [(listed, "Listed"), (without(&claims, "nhsid_user_orgs"), "ZZ998")] {
        let caller = ask(&verifier, &issuer.mint(&claims), now()).await.unwrap();
        assert_eq!((&*caller.organisation.name, &*staff(&caller).role_name), (name, "R8001"));
    }
}

#[tokio::test]
async fn the_ready_made_people_are_who_they_should_be() {
    let issuer = issuer(vec![fresh("one")]).await;
    let verifier = verifier(&issuer);
    let register = Register::built_in();
    let view = |declared| Action::View(declared);
    let own = Subject::Of("702".parse().unwrap());
    let name = people::authority_name(&register, "702").unwrap();
    for (claims, action, subject, decision) in [
        (
            people::clinician(&register, "RJ122", now()),
            view(Declared::Nothing),
            Subject::AnyChild,
            Decision::Allowed(Mode::Notifying),
        ),
        (people::clinician(&register, "RJ122", now()), Action::Upload, own, Decision::Refused(Refusal::NoActivity)),
        (
            people::scheduled_clinician(&register, "RJ1E7", now()),
            view(Declared::Unscheduled),
            Subject::AnyChild,
            Decision::Allowed(Mode::Silent),
        ),
        (people::authority_worker("702", &name, now()), Action::Upload, own, Decision::Allowed(Mode::Silent)),
        (people::authority_worker("703", "Greenwich", now()), Action::Upload, own, Decision::Refused(Refusal::NotOwn)),
        (
            people::authority_worker("702", &name, now()),
            view(Declared::Nothing),
            Subject::AnyChild,
            Decision::Refused(Refusal::NoActivity),
        ),
        (
            people::privacy_officer(&register, "RJ122", now()),
            view(Declared::Nothing),
            Subject::AnyChild,
            Decision::Refused(Refusal::NoActivity),
        ),
    ] {
        let caller = ask(&verifier, &issuer.mint(&claims), now()).await.unwrap();
        assert_eq!(may(&caller, action, subject), decision, "{action:?} {:?}", caller.who);
    }
    let caller =
        ask(&verifier, &issuer.mint(&people::privacy_officer(&register, "RJ122", now())), now()).await.unwrap();
    assert!(caller.rights.privacy && caller.organisation.code.as_str() == "RJ1");
}
