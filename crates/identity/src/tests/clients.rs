//! Systems without a person. Source: spec/fhir.md section 4 and section 9, row 10; spec/decisions.md 6.

use super::*;
use cpis_model::caller::{Action, Decision, Declared, Mode, Refusal, Subject, Who, may};
use cpis_testkit::issuer::people;
use serde_json::json;

#[tokio::test]
async fn a_known_system_acts_for_its_organisation() {
    let issuer = issuer(vec![fresh("one")]).await;
    let verifier = verifier(&issuer);
    let own = Subject::Of("702".parse().unwrap());
    let caller = ask(&verifier, &issuer.mint(&people::authority_system("social-care", now())), now()).await.unwrap();
    assert_eq!(caller.who, Who::System { client: "social-care".into() });
    assert_eq!((&*caller.organisation.name, caller.site.is_none()), ("Camden", true));
    assert_eq!(may(&caller, Action::Upload, own), Decision::Allowed(Mode::Silent));
    assert_eq!(may(&caller, Action::Upload, Subject::Of("703".parse().unwrap())), Decision::Refused(Refusal::NotOwn));
    let look = Action::View(Declared::Unscheduled);
    assert_eq!(may(&caller, look, Subject::AnyChild), Decision::Refused(Refusal::PersonNeeded));
    let pas = ask(&verifier, &issuer.mint(&people::authority_system("pas", now())), now()).await.unwrap();
    assert_eq!((pas.place().as_str(), pas.rights.authority), ("RJ1", None));
    assert_eq!(may(&pas, look, Subject::AnyChild), Decision::Refused(Refusal::PersonNeeded));
    let at = ask_as(&verifier, &issuer.mint(&people::authority_system("pas", now())), None, Some("RJ122"), now()).await;
    assert_eq!(at.unwrap().place().as_str(), "RJ122");
}

#[tokio::test]
async fn what_makes_a_token_a_systems() {
    let issuer = issuer(vec![fresh("one")]).await;
    let verifier = verifier(&issuer);
    let none = IdentityError::Unauthorised("no userroles available, please check NHSD-Session-URID is valid");
    let bare = json!({"iat": now().as_second(), "exp": after(600).as_second()});
    let level3 = "urn:nhsd:apim:app:level3:cpis";
    let token = |more: Value| {
        let mut claims = bare.clone();
        claims.as_object_mut().unwrap().append(&mut more.as_object().unwrap().clone());
        issuer.mint(&claims)
    };
    let person = without(
        &without(&people::clinician(&Register::built_in(), "RJ122", now()), "nhsid_nrbac_roles"),
        "selected_roleid",
    );
    for (claims, expected) in [
        (json!({"sub": "pas", "client_id": "pas"}), None),
        (json!({"sub": "pas", "azp": "pas"}), None),
        (json!({"sub": "x", "azp": "pas", "gty": "client-credentials"}), None),
        (json!({"sub": "x", "client_id": "pas", "scope": format!("a {level3}")}), None),
        (json!({"client_id": "pas", "scp": [level3]}), None),
        (json!({"sub": "unknown", "client_id": "unknown"}), Some(INVALID)),
        (json!({"sub": "", "client_id": ""}), Some(INVALID)),
        (json!({"client_id": "pas"}), Some(INVALID)), // nothing says that there is no person
        (json!({"sub": "x", "azp": "pas"}), Some(INVALID)),
        (json!({"sub": "x", "azp": "pas", "gty": "password"}), Some(INVALID)),
        (json!({"sub": "pas", "client_id": ["pas"]}), Some(INVALID)),
        // a person who lost every role is not the system through which they signed in
        (put(&person, "azp", "social-care"), Some(none)),
        (put(&put(&person, "azp", "social-care"), "selected_roleid", "1"), Some(none)),
        // a person's roles go before a system's marks
        (json!({"sub": "pas", "client_id": "pas", "nhsid_nrbac_roles": []}), Some(INVALID)),
    ] {
        assert_eq!(ask(&verifier, &token(claims.clone()), now()).await.err(), expected, "{claims}");
    }
}

#[tokio::test]
async fn a_system_has_no_roles_and_only_its_own_places() {
    let issuer = issuer(vec![fresh("one")]).await;
    let verifier = verifier(&issuer);
    let token = issuer.mint(&people::authority_system("pas", now()));
    for (role, place, text) in [
        (Some("1"), None, "NHSD-Session-URID is invalid"),
        (None, Some("RR8"), "NHSD-End-User-Organisation-ODS is invalid"),
        (None, Some("?"), "NHSD-End-User-Organisation-ODS is invalid"),
    ] {
        let error = ask_as(&verifier, &token, role, place, now()).await.unwrap_err();
        assert_eq!(error, IdentityError::Unauthorised(text));
    }
}
