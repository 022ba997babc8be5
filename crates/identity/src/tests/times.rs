//! When a token is good, and for how long it is remembered.

use super::*;
use cpis_model::current_register::CurrentRegister;
use cpis_model::organisation_record::Record;
use cpis_model::register::Change;
use cpis_testkit::issuer::{TestRsa, header, people};

#[tokio::test]
async fn a_token_is_good_from_its_beginning_to_its_end_with_leeway_on_both_sides() {
    let issuer = issuer(vec![fresh("one")]).await;
    let claims = people::clinician(&Register::built_in(), "RJ122", now());
    let claims = put(&put(&claims, "exp", after(600).as_second()), "nbf", after(100).as_second());
    let token = issuer.mint(&claims);
    for (seconds, good) in [(69, false), (70, true), (100, true), (599, true), (629, true), (630, false), (900, false)]
    {
        // A verifier of its own each time, then one that remembers: both must say the same.
        let fresh = verifier(&issuer);
        assert_eq!(ask(&fresh, &token, after(seconds)).await.is_ok(), good, "{seconds}");
    }
    let remembering = verifier(&issuer);
    for (seconds, good) in
        [(590, true), (599, true), (600, true), (629, true), (630, false), (631, false), (100, true), (69, false)]
    {
        assert_eq!(ask(&remembering, &token, after(seconds)).await.is_ok(), good, "{seconds}");
    }
}

#[tokio::test]
async fn no_leeway_is_no_leeway() {
    let issuer = issuer(vec![fresh("one")]).await;
    let strict = bent(&issuer, "leeway_seconds = 30", "leeway_seconds = 0");
    let token = issuer.mint(&people::clinician(&Register::built_in(), "RJ122", now()));
    for (seconds, good) in [(-1, false), (0, true), (people::LIFE_SECONDS - 1, true), (people::LIFE_SECONDS, false)] {
        assert_eq!(ask(&strict, &token, after(seconds)).await.is_ok(), good, "{seconds}");
    }
}

#[tokio::test]
async fn a_repeated_question_gets_the_same_caller_without_a_second_check() {
    let issuer = issuer(vec![fresh("one")]).await;
    let verifier = verifier(&issuer);
    let token = issuer.mint(&people::clinician(&Register::built_in(), "RJ122", now()));
    let first = ask(&verifier, &token, now()).await.unwrap();
    let again = ask(&verifier, &token, after(59)).await.unwrap();
    assert!(Arc::ptr_eq(&first, &again));
    let later = ask(&verifier, &token, after(60)).await.unwrap();
    assert!(!Arc::ptr_eq(&first, &later), "after a minute it is judged anew");
    let elsewhere = ask_as(&verifier, &token, None, Some("RJ1"), after(60)).await.unwrap();
    assert_ne!(elsewhere.place(), later.place(), "what the request chooses is part of what is remembered");
}

#[tokio::test]
async fn every_algorithm_of_the_standard_mapping_works() {
    for algorithm in RSA {
        let key = SigningKey::test_rsa("rsa", TestRsa::Second, algorithm).unwrap();
        let issuer = issuer(vec![key.clone()]).await;
        let verifier = verifier(&issuer);
        let claims = issuer.complete(&people::clinician(&Register::built_in(), "RJ122", now()));
        assert!(ask(&verifier, &key.sign(&header(&key), &claims), now()).await.is_ok(), "{algorithm:?}");
        for (name, value) in [("typ", "at+jwt"), ("typ", "application/at+JWT"), ("typ", "jwt"), ("x5t", "abc")] {
            let token = key.sign(&put(&header(&key), name, value), &claims);
            assert!(ask(&verifier, &token, now()).await.is_ok(), "{name} {value}");
        }
        let nameless = key.sign(&without(&header(&key), "kid"), &claims);
        assert!(ask(&verifier, &nameless, now()).await.is_ok(), "the only key needs no id");
        let narrow =
            bent(&issuer, "algorithms = [\"RS256\", \"RS512\", \"PS256\", \"ES256\"]", "algorithms = [\"ES256\"]");
        assert_eq!(ask(&narrow, &issuer.mint(&claims), now()).await.err(), Some(INVALID), "not among those allowed");
    }
}

#[tokio::test]
async fn a_change_of_the_register_holds_for_a_token_that_is_remembered() {
    let issuer = issuer(vec![fresh("one")]).await;
    let mapping = Mapping::standard(issuer.url(), AUDIENCE, clients()).unwrap();
    let source = KeySource::published(&mapping).unwrap();
    let register = CurrentRegister::from(register());
    let verifier = Verifier::new(vec![(mapping, source)], register.clone()).unwrap();
    let token = issuer.mint(&people::clinician(&Register::built_in(), "RJ122", now()));
    let mut number = 0;
    let mut change = |setting: &str, until: &str| {
        number += 1;
        let text = format!(
            r#"{{"version":1,"kind":"site","code":"RJ122","name":"A","organisation":"RJ1","setting":"{setting}","until":"{until}"}}"#
        );
        let record = Some(Record::from_json(text.as_bytes()).unwrap());
        let changes = [Change { number, version: number as u32, record }];
        register.advance(register.get().with(changes, "2026-06-01".parse().unwrap()));
    };
    let mut seen = Vec::new();
    for (setting, until) in [("U01", "2026-06-01"), ("S01", "2026-06-01"), ("S01", "2026-05-31")] {
        change(setting, until);
        let caller = ask(&verifier, &token, now()).await.unwrap();
        seen.push(caller.site.as_ref().map_or("none", |site| site.setting.code()));
    }
    assert_eq!(seen, ["U01", "S01", "none"], "a closed site is no site");
}
