//! Which role, which place, which rights. Source: spec/fhir.md 4.3, 4.4 and section 9, rows 8, 9, 16.

use super::*;
use cpis_model::caller::{Action, Decision, Declared, Mode, Refusal, Rights, Staff, Subject, Who, may};
use cpis_testkit::issuer::people;
use serde_json::json;

pub(super) const NURSE: (&str, &str) =
    ("S8000:G8000:R8001", "\"Clinical\":\"Clinical Provision\":\"Nurse Access Role\"");
pub(super) const GUYS: (&str, &str) = ("RJ1", "A name from the token");
const MULTIPLE: &str = "multiple roles found in user info, please check NHSD-Session-URID";
const NONE: &str = "no userroles available, please check NHSD-Session-URID is valid";
const ROLES: &str = "nhsid_nrbac_roles is misconfigured/invalid";
const SELECTED: &str = "selected_roleid is misconfigured/invalid";
const URID: &str = "NHSD-Session-URID is invalid";
const PLACE: &str = "NHSD-End-User-Organisation-ODS is invalid";

pub(super) fn nurse() -> Value {
    people::clinician(&Register::built_in(), "RJ122", now())
}

/// The nurse with these roles and this selection.
pub(super) fn acting(roles: &Value, selected: &Value) -> Value {
    let claims = put(&nurse(), "nhsid_nrbac_roles", roles.clone());
    if selected.is_null() {
        without(&claims, "selected_roleid")
    } else {
        put(&claims, "selected_roleid", selected.clone())
    }
}

pub(super) fn staff(caller: &Caller) -> &Staff {
    match &caller.who {
        Who::Person(staff) => staff,
        Who::System { .. } | Who::Device(_) => panic!("a system"),
    }
}

#[tokio::test]
async fn the_role_is_the_sessions_then_the_selected_then_the_only_one() {
    let issuer = issuer(vec![fresh("one")]).await;
    let verifier = verifier(&issuer);
    let role = |id: &str| people::role(id, GUYS, None, NURSE, &["B0107"]);
    let (one, two) = (json!([role("1")]), json!([role("1"), role("2")]));
    let null = Value::Null;
    for (roles, selected, session, expected) in [
        (&one, &null, None, Ok("1")),
        (&one, &json!("1"), None, Ok("1")),
        (&one, &json!("1"), Some("1"), Ok("1")),
        (&one, &null, Some(" 1 "), Ok("1")),
        (&two, &json!("2"), None, Ok("2")),
        (&two, &null, Some("2"), Ok("2")),
        (&two, &json!("1"), Some("2"), Ok("2")),
        (&two, &json!("9"), Some("2"), Ok("2")),
        (&two, &null, None, Err(MULTIPLE)),
        (&two, &null, Some("3"), Err(URID)),
        (&one, &null, Some("2"), Err(URID)),
        (&one, &null, Some(""), Err(URID)),
        (&one, &json!("1"), Some("1 OR 1=1"), Err(URID)),
        (&two, &json!("3"), None, Err(SELECTED)),
        (&one, &json!("3"), None, Err(SELECTED)),
        (&one, &json!(1), None, Err(SELECTED)),
        (&one, &json!(""), None, Err(SELECTED)),
        (&one, &json!(["1"]), Some("1"), Err(SELECTED)),
        (&json!([]), &null, None, Err(NONE)),
        (&json!([]), &json!("1"), None, Err(NONE)),
        (&json!([]), &null, Some("1"), Err(NONE)),
        (&null, &null, None, Err(NONE)),
        (&json!([role("1"), role("1")]), &null, None, Err(MULTIPLE)),
        (&json!([role("1"), role("1")]), &json!("1"), None, Err(ROLES)),
        (&json!({"person_roleid": "1"}), &null, None, Err(ROLES)),
        (&json!("1"), &null, None, Err(ROLES)),
        (&json!([role("1"), "role"]), &json!("1"), None, Err(ROLES)),
    ] {
        let answer = ask_as(&verifier, &issuer.mint(&acting(roles, selected)), session, None, now()).await;
        let answer = answer.map(|caller| staff(&caller).role_profile_id.as_deref().map(str::to_owned));
        let expected = expected.map(|id| Some(id.to_owned())).map_err(IdentityError::Unauthorised);
        assert_eq!(answer, expected, "{roles:.300} {selected} {session:?}");
    }
    let token = issuer.mint(&without(&acting(&one, &null), "nhsid_nrbac_roles"));
    assert_eq!(ask(&verifier, &token, now()).await.err(), Some(IdentityError::Unauthorised(NONE)));
}

#[tokio::test]
async fn a_selection_can_be_made_compulsory() {
    let issuer = issuer(vec![fresh("one")]).await;
    let verifier = bent(&issuer, "selected_role_required = false", "selected_role_required = true");
    assert!(ask(&verifier, &issuer.mint(&nurse()), now()).await.is_ok());
    let error = ask(&verifier, &issuer.mint(&without(&nurse(), "selected_roleid")), now()).await.unwrap_err();
    assert_eq!(error, IdentityError::Unauthorised("selected_roleid is missing in your token"));
}

#[tokio::test]
async fn a_role_that_says_nonsense_is_refused() {
    let issuer = issuer(vec![fresh("one")]).await;
    let verifier = verifier(&issuer);
    let good = nurse()["nhsid_nrbac_roles"][0].clone();
    for (name, value) in [
        ("person_roleid", json!(1)),
        ("person_roleid", json!("")),
        ("person_roleid", json!("1 2")),
        ("org_code", json!("")),
        ("org_code", json!("R?1")),
        ("org_code", json!(null)),
        ("org_code", json!("ABCDEFGHIJKLM")),
        ("role_code", json!(["R8001"])),
        ("role_code", json!("R".repeat(65))),
        ("activity_codes", json!("B0107")),
        ("activity_codes", json!([107])),
        ("activity_codes", json!({})),
        ("site_code", json!(1)),
        ("site_code", json!(["RJ122", "?"])),
    ] {
        let token = issuer.mint(&put(&nurse(), "nhsid_nrbac_roles", json!([put(&good, name, value.clone())])));
        assert_eq!(
            ask(&verifier, &token, now()).await.err(),
            Some(IdentityError::Unauthorised(ROLES)),
            "{name} {value}"
        );
    }
    for name in ["person_roleid", "org_code", "role_code"] {
        let token = issuer.mint(&put(&nurse(), "nhsid_nrbac_roles", json!([without(&good, name)])));
        assert_eq!(ask(&verifier, &token, now()).await.err(), Some(IdentityError::Unauthorised(ROLES)), "{name}");
    }
}

#[tokio::test]
async fn activities_become_rights() {
    let issuer = issuer(vec![fresh("one")]).await;
    let verifier = verifier(&issuer);
    let camden = Some("702".parse().unwrap());
    let nothing = Rights::default();
    for (organisation, activities, expected) in [
        ("RJ1", json!([]), nothing),
        ("RJ1", json!(["B0108", "b0107", "B0107 "[..5].to_lowercase()]), nothing),
        ("RJ1", json!(["B0107"]), Rights { view: true, ..nothing }),
        ("RJ1", json!(["B0170"]), Rights { view_silently: true, ..nothing }),
        ("RJ1", json!(["B0107", "B0170", "B0107"]), Rights { view: true, view_silently: true, ..nothing }),
        ("RJ1", json!(["CPIS-PRIVACY"]), Rights { privacy: true, ..nothing }),
        ("RJ1", json!(["CPIS-OPERATOR"]), Rights { operator: true, ..nothing }),
        ("702", json!(["CPIS-LA"]), Rights { authority: camden, ..nothing }),
        ("702", json!(["B0107"]), Rights { view: true, ..nothing }),
        ("RJ1", json!(["CPIS-LA"]), nothing), // a trust is no authority
        ("799", json!(["CPIS-LA"]), nothing), // not in the register
    ] {
        let role =
            put(&people::role("1", (organisation, "Name"), None, NURSE, &[]), "activity_codes", activities.clone());
        let caller = ask(&verifier, &issuer.mint(&acting(&json!([role]), &Value::Null)), now()).await.unwrap();
        assert_eq!(caller.rights, expected, "{organisation} {activities}");
    }
    let role = without(&people::role("1", GUYS, None, NURSE, &[]), "activity_codes");
    let caller = ask(&verifier, &issuer.mint(&acting(&json!([role]), &Value::Null)), now()).await.unwrap();
    assert_eq!(
        may(&caller, Action::View(Declared::Nothing), Subject::AnyChild),
        Decision::Refused(Refusal::NoActivity)
    );
}

#[tokio::test]
async fn only_the_chosen_roles_activities_count() {
    let issuer = issuer(vec![fresh("one")]).await;
    let verifier = verifier(&issuer);
    let ward = people::role("1", GUYS, Some("RJ122"), NURSE, &["B0107"]);
    let clinic = people::role("2", ("RR8", "Leeds"), Some("RR801"), NURSE, &["B0170"]);
    let token = issuer.mint(&acting(&json!([ward, clinic]), &json!("1")));
    let (first, second) = (
        ask(&verifier, &token, now()).await.unwrap(),
        ask_as(&verifier, &token, Some("2"), None, now()).await.unwrap(),
    );
    assert!(first.rights.view && !first.rights.view_silently && second.rights.view_silently && !second.rights.view);
    assert_eq!((first.place().as_str(), second.place().as_str()), ("RJ122", "RR801"));
    assert_eq!(may(&second, Action::View(Declared::Unscheduled), Subject::AnyChild), Decision::Allowed(Mode::Silent));
}

#[tokio::test]
async fn the_place_is_one_of_their_own() {
    let issuer = issuer(vec![fresh("one")]).await;
    let verifier = verifier(&issuer);
    for (organisation, sites, named, expected) in [
        ("RJ1", json!(null), None, Ok(Some("RJ1"))),
        ("RJ1", json!("RJ122"), None, Ok(Some("RJ122"))),
        ("RJ1", json!(["RJ122"]), None, Ok(Some("RJ122"))),
        ("RJ1", json!(["RJ122", "RJ1E7"]), None, Ok(Some("RJ1"))),
        ("RJ1", json!(["RJ122", "RJ1E7"]), Some("RJ1E7"), Ok(Some("RJ1E7"))),
        ("RJ1", json!(["RJ122", "RJ1E7"]), Some("RJ1"), Ok(Some("RJ1"))),
        ("RJ1", json!("RJ122"), Some("rj122"), Ok(Some("RJ122"))),
        ("RJ1", json!("RJ122"), Some("RJ1E7"), Err(PLACE)), // the token holds them to one site
        ("RJ1", json!(null), Some("RJ1E7"), Ok(Some("RJ1E7"))), // the register says whose it is
        ("RJ1", json!(null), Some("RR801"), Err(PLACE)),
        ("RJ1", json!(null), Some("RR8"), Err(PLACE)),
        ("RJ1", json!(null), Some("702"), Err(PLACE)),
        ("RJ1", json!(null), Some(""), Err(PLACE)),
        ("RJ1", json!(null), Some("RJ1,RR8"), Err(PLACE)),
        ("RJ1", json!("ZZ999"), None, Ok(None)), // a site that the register does not hold has no setting
        ("ZZ998", json!(null), None, Ok(None)),
        ("702", json!(null), None, Ok(None)),
    ] {
        let role = people::role("1", (organisation, "Name"), None, NURSE, &["B0107"]);
        let role = put(&role, "site_code", sites.clone());
        let token = issuer.mint(&acting(&json!([role]), &Value::Null));
        let answer = ask_as(&verifier, &token, None, named, now()).await;
        let answer = answer.map(|caller| {
            assert_eq!(caller.organisation.code.as_str(), organisation);
            caller.site.as_ref().map(|site| site.code.to_string())
        });
        let expected = expected.map(|code| code.map(str::to_owned)).map_err(IdentityError::Unauthorised);
        assert_eq!(answer, expected, "{organisation} {sites} {named:?}");
    }
    // beside the role, for issuers that cannot put it there
    let role = people::role("1", GUYS, None, NURSE, &["B0107"]);
    let token = issuer.mint(&put(&acting(&json!([role]), &Value::Null), "site_code", "RJ122"));
    assert_eq!(ask(&verifier, &token, now()).await.unwrap().place().as_str(), "RJ122");
}

#[tokio::test]
async fn without_the_required_scope_a_person_is_known_and_may_nothing() {
    let issuer = issuer(vec![fresh("one")]).await;
    let line = "# required_scope = \"urn:nhsd:apim:user-nhs-cis2:aal3:cpis\"";
    let verifier = bent(&issuer, line, &line[2..]);
    let scope = "urn:nhsd:apim:user-nhs-cis2:aal3:cpis";
    for (claims, view) in [
        (nurse(), false),
        (put(&nurse(), "scope", format!("openid {scope}")), true),
        (put(&nurse(), "scope", format!("{scope}-other")), false),
        (put(&nurse(), "scp", json!(["openid", scope])), true),
    ] {
        let caller = ask(&verifier, &issuer.mint(&claims), now()).await.unwrap();
        assert_eq!(caller.rights.view, view);
    }
}
