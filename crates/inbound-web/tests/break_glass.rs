//! Emergency accounts: off by default, each use in the journal and counted, no code twice, and nobody is locked out by somebody else.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test support: a panic is how a test fails")]

mod world;

use cpis_app::sessions::{Account, Accounts};
use cpis_identity::{LOCAL_ISSUER, TOTP_SECRET_BYTES, TotpSecret, hash_password};
use cpis_inbound_web::{KeptAccount, Pace, paths};
use cpis_model::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use world::{Answer, Browser, World, number};

const PASSWORD: &str = "correct horse battery";
const SECRET: [u8; TOTP_SECRET_BYTES] = [7; TOTP_SECRET_BYTES];

/// The code of a moment (RFC 6238), as an authenticator shows it.
fn code(at: Timestamp) -> String {
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(&SECRET).unwrap();
    mac.update(&(at.as_second() as u64 / 30).to_be_bytes());
    let hash: [u8; 20] = mac.finalize().into_bytes().into();
    let offset = usize::from(hash[19] & 15);
    let word = u32::from_be_bytes(hash[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", word % 1_000_000)
}

async fn world_with_account() -> World {
    let world = World::with(Pace::default(), true).await;
    let account = serde_json::from_value(serde_json::json!({
        "id": "site.lead",
        "name": "Ms Emergency",
        "organisation": "RJ1",
        "sites": ["RJ122"],
        "activities": ["view"],
        "password": hash_password(PASSWORD, [1; 16]).unwrap().to_string(),
        "totp": TotpSecret::new(SECRET).to_base32(),
    }));
    let body = KeptAccount::new(account.unwrap()).to_bytes();
    let accounts = Accounts { store: &*world.service.store, keys: &world.service.keys };
    let fresh = Account { login: "site.lead".to_owned(), revision: 0, body };
    assert!(accounts.save(&fresh, world.now()).await.unwrap());
    world
}

async fn attempt(browser: &mut Browser<'_>, name: &str, password: &str, code: &str) -> Answer {
    browser.get(paths::BREAK_GLASS).await;
    browser.post(paths::BREAK_GLASS, &[("name", name), ("password", password), ("code", code)]).await
}

#[tokio::test]
async fn there_are_none_unless_the_operator_says_so() {
    let world = World::new().await;
    let mut lead = world.browser();
    assert_eq!(lead.get(paths::BREAK_GLASS).await.status, 404);
    assert_eq!(attempt(&mut lead, "site.lead", PASSWORD, "000000").await.status, 404);
    assert!(!lead.get(paths::SIGN_IN).await.body.contains(paths::BREAK_GLASS));
}

#[tokio::test]
async fn a_use_is_in_the_journal_before_anything_is_given() {
    let world = world_with_account().await;
    world.plans(&[1]).await;
    let before = world.entries().await;
    let mut lead = world.browser();
    let answer = attempt(&mut lead, "Site.Lead", PASSWORD, &code(world.now())).await;
    assert_eq!((answer.status.as_u16(), answer.to()), (303, paths::FIND), "{}", answer.body);
    assert_eq!(world.entries().await, before + 1);
    lead.get(paths::FIND).await;
    assert_eq!(lead.open(number(1)).await.heading(), "Child protection information is held");
    assert!(lead.get(paths::FIND).await.body.contains("Ms Emergency"));
}

#[tokio::test]
async fn no_code_is_taken_twice_and_nobody_is_locked_out() {
    let world = world_with_account().await;
    let good = code(world.now());
    let mut lead = world.browser();
    assert_eq!(attempt(&mut lead, "site.lead", PASSWORD, &good).await.status, 303);
    let mut thief = world.browser();
    assert_eq!(attempt(&mut thief, "site.lead", PASSWORD, &good).await.status, 422, "a code that was seen");
    world.pass(1);
    for (name, password) in [("site.lead", "wrong horse battery"), ("nobody", PASSWORD)] {
        let refused = attempt(&mut thief, name, password, &code(world.now())).await;
        assert!(refused.status == 422 && refused.body.contains("The name, password or code is wrong"), "{name}");
        assert!(!refused.body.contains(password));
    }
    // However many wrong ones came before: nobody is locked out by somebody else.
    for _ in 0..8 {
        assert_eq!(attempt(&mut thief, "site.lead", PASSWORD, "000000").await.status, 422);
    }
    assert_eq!(attempt(&mut lead, "site.lead", PASSWORD, &code(world.now())).await.status, 303);
}

#[tokio::test]
async fn a_removed_account_is_signed_out() {
    let world = world_with_account().await;
    let mut lead = world.browser();
    assert_eq!(attempt(&mut lead, "site.lead", PASSWORD, &code(world.now())).await.status, 303);
    assert_eq!(lead.get(paths::FIND).await.status, 200);
    let accounts = Accounts { store: &*world.service.store, keys: &world.service.keys };
    assert!(accounts.remove(LOCAL_ISSUER, "site.lead").await.unwrap());
    assert_eq!(lead.get(paths::FIND).await.to(), paths::SESSION_ENDED);
}
