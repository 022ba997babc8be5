//! The whole way, as it should go: each ready person, both forms of the page, the same caller as by a bearer token.

use super::*;
use crate::role::RoleChoice;
use crate::{ChoiceError, SignIns};
use cpis_model::caller::{Rights, Who};
use cpis_testkit::issuer::TestRsa;
use jsonwebtoken::Algorithm;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};

#[tokio::test]
async fn the_browser_is_sent_with_what_cis2_asks_for() {
    let world = World::new().await;
    let Begun { location, pending } = world.begin(1).await;
    assert_eq!(location.path(), "/oauth2/authorize");
    let query: HashMap<String, String> = location.query_pairs().into_owned().collect();
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", BACK),
        ("scope", "openid profile nationalrbacaccess selectedrole"),
        ("acr_values", "AAL2_OR_AAL3_ANY"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(query[name], value);
    }
    assert!(["state", "nonce", "code_challenge"].iter().all(|name| query[*name].len() == 43));
    assert_eq!(query.len(), 9, "no verifier, no return path");
    assert_eq!(Pending::from_bytes(&pending.to_bytes()), Some(pending.clone()));
    assert_eq!(pending.return_path().as_str(), "/notices?page=2");
    let other = world.begin(9).await;
    assert_ne!(other.location, location);
}

#[tokio::test]
async fn everybody_who_is_ready_signs_in_with_what_their_roles_give() {
    let world = World::new().await;
    let register = Register::built_in();
    let nothing = Rights::default();
    for (hint, settled, sites, rights) in [
        ("emergency-nurse", true, &["RJ122"][..], Rights { view: true, ..nothing }),
        ("clinician-of-two", false, &["RJ122", "RJ1E7"], Rights { view: true, ..nothing }),
        ("health-visitor", true, &["RP4"], Rights { view_silently: true, ..nothing }),
        ("duty-worker", true, &[], Rights { authority: Some("702".parse().unwrap()), ..nothing }),
        ("privacy-officer", true, &["RJ122"], Rights { privacy: true, ..nothing }),
        ("operator", true, &["RJ122"], Rights { operator: true, ..nothing }),
        ("no-activity", true, &["RJ122"], nothing),
    ] {
        let signed_in = world.enter(hint).await.unwrap();
        assert_eq!(signed_in.issuer, world.issuer.url());
        assert_eq!((signed_in.settled().is_some(), signed_in.authenticated_at), (settled, now()), "{hint}");
        assert_eq!((signed_in.acr.as_deref(), signed_in.subject.len()), (Some("AAL3_ANY"), 12), "{hint}");
        assert!(signed_in.sid.is_some() && !signed_in.name.is_empty());
        let role = &signed_in.choices[0];
        let codes: Vec<_> = role.sites(&register).iter().map(|site| site.code.to_string()).collect();
        assert_eq!(
            (codes, role.rights(&register)),
            (sites.iter().map(ToString::to_string).collect(), rights),
            "{hint}"
        );
        let back = SignedIn::from_bytes(&signed_in.to_bytes());
        assert_eq!(back.as_ref(), Some(&signed_in), "{hint}");
        let shown = format!("{signed_in:?}");
        assert!(!shown.contains(&signed_in.subject) && !shown.contains(&signed_in.name), "{shown}");
    }
    assert_eq!(world.enter("nobody").await, Err(SignInError::Again("cancelled")));
}

#[tokio::test]
async fn a_session_makes_the_caller_that_a_token_makes() {
    let world = World::new().await;
    let verifier = verifier(&world.issuer);
    let register = Register::built_in();
    for ready in people::ready(&register, PLACES, now()) {
        let signed_in = world.enter(&ready.hint).await.unwrap();
        let token = world.issuer.mint(&ready.claims);
        for role in &signed_in.choices {
            let sites: Vec<_> = role.sites(&register).iter().map(|site| Some(site.code)).collect();
            for site in sites.into_iter().chain([None, Some(role.organisation)]) {
                let by_session = signed_in.caller(&role.id, site, &register).unwrap();
                let named = site.map(|code| code.to_string());
                let by_token = ask_as(&verifier, &token, Some(&role.id), named.as_deref(), now()).await.unwrap();
                let parts = |caller: &Caller| {
                    (caller.who.clone(), caller.organisation.clone(), caller.site.clone(), caller.rights)
                };
                let same = parts(&by_session) == parts(&by_token);
                assert!(same, "{} as {role:?} at {site:?}", ready.hint);
            }
        }
    }
}

#[tokio::test]
async fn a_choice_is_one_of_their_own() {
    let world = World::new().await;
    let register = Register::built_in();
    let signed_in = world.enter("clinician-of-two").await.unwrap();
    let ids: Vec<_> = signed_in.choices.iter().map(|role: &RoleChoice| role.id.clone()).collect();
    let code = |text: &str| Some(text.parse().unwrap());
    for (role, site, expected) in [
        (&ids[0], code("RJ122"), Ok("RJ122")),
        (&ids[0], code("RJ1E7"), Ok("RJ1E7")),
        (&ids[0], code("RJ1"), Ok("RJ1")),
        (&ids[0], None, Ok("RJ1")),
        (&ids[1], None, Ok("RP4")),
        (&ids[1], code("RJ122"), Err(ChoiceError::Site)),
        (&ids[0], code("RP4"), Err(ChoiceError::Site)),
        (&ids[0], code("RR801"), Err(ChoiceError::Site)),
        (&"999".to_owned(), None, Err(ChoiceError::Role)),
        (&String::new(), None, Err(ChoiceError::Role)),
    ] {
        let caller = signed_in.caller(role, site, &register);
        let place = caller.as_ref().map(|caller| caller.place().to_string()).map_err(|error| *error);
        assert_eq!(place, expected.map(str::to_owned), "{role} at {site:?}");
    }
    let visitor = signed_in.caller(&ids[1], None, &register).unwrap();
    assert!(visitor.rights.view_silently && !visitor.rights.view, "only the chosen role's activities");
    assert!(matches!(&visitor.who, Who::Person(staff) if staff.role_profile_id.as_deref() == Some(&ids[1])));
}

#[tokio::test]
async fn the_page_works_without_script() {
    let world = World::new().await;
    let begun = world.begin(1).await;
    let (status, _, page) = open(begun.location.clone()).await;
    assert_eq!(status, 200);
    assert!(
        page.contains("<button name=\"login_hint\" value=\"emergency-nurse\">Emergency nurse, St Thomas&#39; Hospital")
    );
    assert!(!page.contains("<script"));
    let action = page.split("action=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().replace("&amp;", "&");
    let url = Url::parse(world.issuer.url()).unwrap().join(&action).unwrap();
    let form = browser().post(url).body("login_hint=emergency-nurse");
    let (status, back, _) = read(form.send().await.unwrap()).await;
    let query = back.split_once('?').unwrap().1;
    assert_eq!((status, world.finish(&begun.pending, query).await.is_ok()), (303, true));
}

#[tokio::test]
async fn an_issuer_that_puts_the_roles_into_the_id_token_is_not_asked_again() {
    let world = World::new().await;
    let (key, claims) = (world.key.clone(), people::ready(&Register::built_in(), PLACES, now()).remove(0).claims);
    world.issuer.write_id_tokens_by(move |token| {
        let names = ["nhsid_nrbac_roles", "display_name"];
        let claims = names.iter().fold(token.clone(), |token, name| with(&token, name, claims[*name].clone()));
        key.sign(&header(&key), &claims)
    });
    world.issuer.answer_instead("/oauth2/userinfo", 500, "");
    assert_eq!(world.enter("emergency-nurse").await.unwrap().choices.len(), 1);
}

#[tokio::test]
async fn an_issuer_that_is_away_is_asked_again_later() {
    let world = World::new().await;
    world.issuer.answer_instead("/.well-known/openid-configuration", 503, "");
    let entropy = [[1; 32], [2; 32], [3; 32]];
    let begin = async |at| world.sign_in.begin(&entropy, ReturnPath::home(), at).await.map(|_| ());
    assert_eq!(begin(now()).await, Err(SignInError::Away("discovery")));
    world.issuer.answer_well("/.well-known/openid-configuration");
    let requests = world.issuer.requests();
    assert_eq!(begin(after(1)).await, Err(SignInError::Away("discovery")));
    assert_eq!(world.issuer.requests(), requests, "not hammered");
    assert_eq!(begin(after(6)).await, Ok(()));
    world.issuer.answer_instead("/.well-known/openid-configuration", 503, "");
    assert_eq!(begin(after(4000)).await, Ok(()), "known addresses go on");
}

#[tokio::test]
async fn nobody_comes_in_while_the_issuers_keys_cannot_be_read() {
    let world = World::new().await;
    world.issuer.answer_instead("/jwks", 503, "");
    assert_eq!(world.enter("emergency-nurse").await, Err(SignInError::Away("keys-away")));
    world.issuer.answer_well("/jwks");
    let begun = world.begin(1).await;
    let query = go(&begun.location, "emergency-nurse").await;
    assert!(finish(&world.sign_in, &begun.pending, &query, after(11)).await.is_ok());
}

#[tokio::test]
async fn cis2_signs_with_rsa_and_so_may_we() {
    let rsa = |id: &str, which, algorithm| SigningKey::test_rsa(id, which, algorithm).unwrap();
    for (theirs, ours) in [
        (Algorithm::RS256, Algorithm::RS512),
        (Algorithm::RS512, Algorithm::RS256),
        (Algorithm::PS256, Algorithm::PS256),
    ] {
        let issuer = issuer(vec![rsa("one", TestRsa::First, theirs)]).await;
        let client_key = rsa("client-1", TestRsa::Second, ours);
        issuer.register_browser_client(browser_client(&client_key, None));
        issuer.admit(people::ready(&Register::built_in(), PLACES, now()));
        let sign_in = sign_in(&issuer, &client_key);
        let begun = begin(&sign_in, 1).await;
        let query = go(&begun.location, "emergency-nurse").await;
        assert!(finish(&sign_in, &begun.pending, &query, now()).await.is_ok(), "{theirs:?} {ours:?}");
    }
}

#[test]
fn what_cannot_work_is_said_at_the_start() {
    let mapping = Mapping::standard("https://issuer.example", AUDIENCE, Vec::new()).unwrap();
    let other = Mapping::standard("https://other.example", AUDIENCE, Vec::new()).unwrap();
    let signing_in = mapping.clone().signing_in(CLIENT, "k", "ES256").unwrap();
    let (source, elsewhere) = (KeySource::published(&mapping).unwrap(), KeySource::published(&other).unwrap());
    let (ec, rsa) = (fresh("k").private_pem(), include_str!("../../../../testkit/keys/test-only-rsa-1.pem"));
    for (mapping, source, pem, back, words) in [
        (&mapping, &source, ec.as_str(), BACK, "has no table `sign_in`"),
        (&signing_in, &source, "", BACK, "no private key in PEM"),
        (&signing_in, &source, rsa, BACK, "no private key in PEM"),
        (&signing_in, &source, &ec, "http://viewer.example/back", "must be https"),
        (&signing_in, &source, &ec, "https://viewer.example/back#part", "must be https"),
        (&signing_in, &source, &ec, "/back", "must be https"),
        (&signing_in, &elsewhere, &ec, BACK, "read from another issuer"),
    ] {
        let faults = SignIn::new(mapping, source, pem.as_bytes(), back).err().unwrap();
        assert!(faults.to_string().contains(words), "{words} in {faults}");
    }
    let two = || SignIn::new(&signing_in, &source, ec.as_bytes(), BACK).unwrap();
    assert!(SignIns::new(vec![two(), two()]).err().unwrap().to_string().contains("twice"));
}

#[tokio::test]
async fn a_code_lives_a_minute_and_a_sign_in_ten() {
    let clock = Arc::new(AtomicI64::new(now().as_second()));
    let theirs = clock.clone();
    let world = World::at(move || Timestamp::from_second(theirs.load(Ordering::Relaxed)).unwrap()).await;
    for (issuers, ours, expected) in [
        (59, 59, Ok(())),
        (60, 60, Err(SignInError::Again("code-refused"))),
        (0, 601, Err(SignInError::Again("late"))),
        (0, -1, Err(SignInError::Again("late"))),
    ] {
        clock.store(now().as_second(), Ordering::Relaxed);
        let begun = world.begin((issuers + 1) as u8).await;
        let query = go(&begun.location, "emergency-nurse").await;
        clock.store(after(issuers).as_second(), Ordering::Relaxed);
        let outcome = finish(&world.sign_in, &begun.pending, &query, after(ours)).await.map(|_| ());
        assert_eq!(outcome, expected, "{issuers} {ours}");
    }
}

#[tokio::test]
async fn the_issuer_that_was_begun_with_finishes() {
    let (one, other) = (World::new().await, World::new().await);
    let begun = begin(&other.sign_in, 1).await;
    let query = go(&begun.location, "operator").await;
    let sign_ins = SignIns::new(vec![one.sign_in, other.sign_in]).unwrap();
    let callback = Callback::parse(&query).unwrap();
    assert_eq!(sign_ins.finish(&begun.pending, &callback, now()).await.unwrap().issuer, other.issuer.url());
    let gone = SignIns::default().finish(&begun.pending, &callback, now()).await;
    assert_eq!(gone, Err(SignInError::Again("issuer-gone")));
    assert_eq!(sign_ins.all()[0].label(), "Sign in with NHS CIS2");
}
