//! What must not work, and the trace that it leaves.
#![allow(clippy::unwrap_used, reason = "test support: a panic is how a test fails")]

mod world;

use cpis_inbound_web::paths;
use world::{BASE, World, number};

#[tokio::test]
async fn a_form_without_its_token_or_from_elsewhere_is_refused() {
    let world = World::new().await;
    world.plans(&[1]).await;
    let mut nurse = world.reader("emergency-nurse").await;
    let person = nurse.find(number(1)).await;
    let before = world.entries().await;
    for token in ["", "wrong", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let refused = nurse.post(paths::OPEN, &[("csrf", token), ("person", &person)]).await;
        assert_eq!(refused.status, 403, "{token}");
    }
    let token = nurse.get(paths::FIND).await.hidden("csrf");
    for origin in ["https://evil.example", "null", "https://cpis.example.org.evil.example"] {
        nurse.origin = Some(origin.to_owned());
        let refused = nurse.post(paths::OPEN, &[("csrf", &token), ("person", &person)]).await;
        assert_eq!(refused.status, 403, "{origin}");
    }
    nurse.origin = Some(BASE.to_owned());
    assert_eq!(world.entries().await, before, "nothing was opened");
    assert_eq!(nurse.post(paths::OPEN, &[("csrf", &token), ("person", &person)]).await.status, 200);
}

#[tokio::test]
async fn a_session_that_somebody_put_there_is_not_gone_on_in() {
    let world = World::new().await;
    let attacker = world.reader("emergency-nurse").await;
    let mut victim = world.browser();
    victim.cookies = attacker.cookies.clone();
    victim.csrf = attacker.csrf.clone();
    victim.sign_in("health-visitor").await;
    assert_ne!(victim.cookies.get("__Host-cpis"), attacker.cookies.get("__Host-cpis"));
    assert_eq!(attacker.clone().get(paths::FIND).await.to(), paths::SESSION_ENDED);
    let mut guessed = world.browser();
    guessed.cookies.insert("__Host-cpis".to_owned(), "A".repeat(43));
    assert_eq!(guessed.get(paths::FIND).await.to(), paths::SESSION_ENDED);
}

#[tokio::test]
async fn a_sign_in_cannot_be_replayed_or_brought_to_another_browser() {
    let world = World::new().await;
    let mut nurse = world.browser();
    let back = nurse.at_issuer("emergency-nurse").await;
    let before_return = nurse.clone();
    let mut other = world.browser();
    assert_eq!(other.get(&back).await.status, 422, "another browser has not begun this sign-in");
    other.at_issuer("duty-worker").await;
    assert_eq!(other.get(&back).await.status, 403, "nor has one that began its own");
    assert_eq!(nurse.get(&back).await.status, 303);
    let replayed = before_return.clone().get(&back).await;
    assert!(replayed.status != 303 && !replayed.headers.contains_key("location"), "the code is used up");
    let forged = back.replace("code=", "code=x");
    assert_ne!(before_return.clone().get(&forged).await.status, 303);
}

#[tokio::test]
async fn nobody_is_led_elsewhere_after_signing_in() {
    let world = World::new().await;
    for to in
        ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/%2f%2fevil.example"]
    {
        let mut nurse = world.browser();
        let page = nurse
            .get(&format!("/sign-in?to={}", form_urlencoded::byte_serialize(to.as_bytes()).collect::<String>()))
            .await;
        assert_eq!(page.hidden("to"), "/", "{to}");
        let issuer = world.issuer.url().to_owned();
        let sent = nurse.post(paths::SIGN_IN, &[("issuer", &issuer), ("to", to)]).await;
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        let back = client.get(format!("{}&login_hint=duty-worker", sent.to())).send().await.unwrap();
        let back = back.headers().get("location").unwrap().to_str().unwrap().strip_prefix(BASE).unwrap().to_owned();
        assert_eq!(nurse.get(&back).await.to(), paths::NOTICES, "{to}");
    }
}

#[tokio::test]
async fn a_role_of_somebody_else_is_refused() {
    let world = World::new().await;
    let mut two = world.signed_in("clinician-of-two").await;
    two.get(paths::ROLE).await;
    for role in ["555000000001@RJ122", "operator@RJ122", "@", "x"] {
        assert_eq!(two.post(paths::ROLE, &[("role", role)]).await.status, 403, "{role}");
    }
    assert_eq!(two.get(paths::FIND).await.to(), paths::ROLE);
}

#[tokio::test]
async fn a_person_of_another_session_cannot_be_opened() {
    let world = World::new().await;
    world.plans(&[1]).await;
    let (mut one, mut other) = (world.reader("emergency-nurse").await, world.reader("health-visitor").await);
    let person = one.find(number(1)).await;
    let before = world.entries().await;
    assert_eq!(other.post(paths::OPEN, &[("person", &person)]).await.status, 403);
    assert_eq!(one.post(paths::OPEN, &[("person", &person.replace('A', "B"))]).await.status, 403);
    world.pass(14);
    one.get(paths::FIND).await;
    for _ in 0..4 {
        world.pass(14);
        one.get(paths::FIND).await;
    }
    assert_eq!(one.post(paths::OPEN, &[("person", &person)]).await.status, 403, "too old");
    assert_eq!(world.entries().await, before);
}

#[tokio::test]
async fn a_script_in_a_name_is_shown_and_not_run() {
    let world = World::new().await;
    world.plans(&[9]).await;
    let mut nurse = world.reader("emergency-nurse").await;
    let found = nurse.post(paths::FIND_BY_NUMBER, &[("number", number(9).digits())]).await;
    let answer = nurse.open(number(9)).await;
    for page in [&found, &answer] {
        assert!(!page.body.contains("<script>alert"), "{}", page.body);
        assert!(page.body.contains("&#60;script&#62;alert(1)"), "{}", page.body);
        assert!(page.header("content-security-policy").contains("script-src 'nonce-"));
    }
}

#[tokio::test]
async fn every_answer_is_guarded_and_nothing_personal_stands_in_titles_or_addresses() {
    let world = World::new().await;
    world.plans(&[1]).await;
    let mut nurse = world.reader("emergency-nurse").await;
    let pages = [
        nurse.get(paths::SIGN_IN).await,
        nurse.get(paths::FIND).await,
        nurse.post(paths::FIND_BY_NUMBER, &[("number", number(1).digits())]).await,
        nurse.open(number(1)).await,
        nurse.get("/nowhere").await,
    ];
    let mut nonces = std::collections::HashSet::new();
    for page in &pages {
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"));
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
        assert!(page.body.contains(&format!("nonce=\"{nonce}\"")), "its own script may run");
        assert!(nonces.insert(nonce.to_owned()), "each page has another");
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("x-frame-options"), "DENY");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert!(page.header("strict-transport-security").contains("max-age"));
        let title = page.body.split("<title>").nth(1).unwrap().split("</title>").next().unwrap();
        assert!(!title.contains("Testcase") && !title.contains("999"), "{title}");
        for address in page.body.split("href=\"").skip(1).chain(page.body.split("action=\"").skip(1)) {
            let address = address.split('"').next().unwrap();
            assert!(!address.contains("999") && !address.contains("Testcase"), "{address}");
        }
    }
}

#[tokio::test]
async fn the_issuer_ends_a_session_by_a_message_of_its_own_and_nobody_else_does() {
    let world = World::new().await;
    let sids = world.note_sessions();
    let mut nurse = world.signed_in("emergency-nurse").await;
    let mut visitor = world.signed_in("health-visitor").await;
    let sid = sids.lock().unwrap()[0].clone();
    let mut issuer = world.browser();
    issuer.origin = None;
    for token in ["", "x.y.z", "eyJhbGciOiJub25lIn0.e30."] {
        assert_eq!(issuer.post(paths::BACK_CHANNEL, &[("logout_token", token)]).await.status, 400);
    }
    let claims = world.issuer.logout_claims(&sid).unwrap();
    let unsigned = world.issuer.mint(&claims).rsplit_once('.').unwrap().0.to_owned() + ".AAAA";
    assert_eq!(issuer.post(paths::BACK_CHANNEL, &[("logout_token", &unsigned)]).await.status, 400);
    assert_eq!(nurse.get(paths::ROLE).await.status, 200);

    let token = world.issuer.mint(&claims);
    assert_eq!(issuer.post(paths::BACK_CHANNEL, &[("logout_token", &token)]).await.status, 200);
    assert_eq!(nurse.get(paths::ROLE).await.to(), paths::SESSION_ENDED);
    assert_eq!(visitor.get(paths::ROLE).await.status, 200, "another's goes on");
    assert_eq!(issuer.post(paths::BACK_CHANNEL, &[("logout_token", &token)]).await.status, 400, "once");
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session_of_the_person() {
    let world = World::new().await;
    let (mut one, mut two) = (world.signed_in("emergency-nurse").await, world.signed_in("emergency-nurse").await);
    let mut other = world.signed_in("health-visitor").await;
    one.get(paths::ROLE).await;
    one.post(paths::SIGN_OUT, &[("everywhere", "yes")]).await;
    assert_eq!(two.get(paths::ROLE).await.to(), paths::SESSION_ENDED);
    assert_eq!(other.get(paths::ROLE).await.status, 200);
}

#[tokio::test]
async fn nothing_personal_is_stored_in_the_clear() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::in_file(&folder.path().join("cpis.db")).await;
    world.plans(&[1]).await;
    let mut nurse = world.reader("emergency-nurse").await;
    nurse.open(number(1)).await;
    let person = nurse.open(number(1)).await.hidden("person");
    let report =
        [("person", &*person), ("kind", "not-brought"), ("authority", "702"), ("text", "quite unmistakable words")];
    assert_eq!(nurse.post(paths::REPORT_SEND, &report).await.status, 200);
    world.apply().await;
    let secret = nurse.cookies["__Host-cpis"].clone();
    let name = world.signed_in_name(&mut nurse).await;
    world.service.clone().close().await;
    let mut read = 0;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        read += bytes.len();
        for word in [number(1).digits(), &number(1).spaced(), "Testcase", "quite unmistakable", &secret, &name] {
            let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
            assert!(!found, "a word of {} bytes is found", word.len());
        }
    }
    assert!(read > 100_000, "the files of the database were read");
}
