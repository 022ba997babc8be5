//! Sessions, what may be used once, and local accounts.

use crate::world::World;
use cpis_app::sessions::{
    Account, Accounts, Lifetime, Owner, Secret, begin, end, end_of_sid, end_of_subject, find, forget_ended, renew,
    use_once,
};
use cpis_model::Timestamp;

const LIFETIME: Lifetime = Lifetime { idle_seconds: 15 * 60, absolute_seconds: 12 * 3600 };
const NURSE: Owner<'static> = Owner { issuer: "https://id.example", subject: "555000000001", sid: Some("s-1") };

#[tokio::test]
async fn a_session_ends_without_use_and_in_any_case() {
    let world = World::new().await;
    let session = begin(&world.service, NURSE, b"who".to_vec(), LIFETIME).await.unwrap();
    let there = async || find(&world.service, &session.secret, LIFETIME).await.unwrap();
    assert_eq!(there().await.unwrap().body, b"who");
    assert!(find(&world.service, &Secret::from_bytes([7; 32]), LIFETIME).await.unwrap().is_none());
    // Used every ten minutes it goes on for its whole life.
    for _ in 0..71 {
        world.clock.forward(10);
        assert!(there().await.is_some());
    }
    world.clock.forward(10);
    assert!(there().await.is_none(), "twelve hours");
    let session = begin(&world.service, NURSE, Vec::new(), LIFETIME).await.unwrap();
    world.clock.forward(15);
    assert!(find(&world.service, &session.secret, LIFETIME).await.unwrap().is_none(), "fifteen minutes without use");
}

#[tokio::test]
async fn a_renewed_session_has_another_secret_and_the_same_end() {
    let world = World::new().await;
    let first = begin(&world.service, NURSE, b"one".to_vec(), LIFETIME).await.unwrap();
    world.clock.forward(5);
    let second = renew(&world.service, first.clone(), b"two".to_vec()).await.unwrap().unwrap();
    assert!(second.secret != first.secret && second.ends == first.ends);
    assert!(find(&world.service, &first.secret, LIFETIME).await.unwrap().is_none());
    assert_eq!(find(&world.service, &second.secret, LIFETIME).await.unwrap().unwrap().body, b"two");
    assert!(renew(&world.service, first, b"three".to_vec()).await.unwrap().is_none(), "it was ended meanwhile");
}

#[tokio::test]
async fn sessions_are_ended_one_by_one_by_person_and_by_session_of_the_issuer() {
    let world = World::new().await;
    let service = &world.service;
    let other = Owner { subject: "555000000002", sid: None, ..NURSE };
    let mut secrets = Vec::new();
    for owner in [NURSE, Owner { sid: Some("s-2"), ..NURSE }, NURSE, other] {
        secrets.push(begin(service, owner, Vec::new(), LIFETIME).await.unwrap().secret);
    }
    let there = async || {
        let mut there = Vec::new();
        for secret in &secrets {
            there.push(find(service, secret, LIFETIME).await.unwrap().is_some());
        }
        there
    };
    end(service, &secrets[2]).await.unwrap();
    assert_eq!(there().await, [true, true, false, true]);
    assert_eq!(end_of_sid(service, NURSE.issuer, "s-1").await.unwrap(), 1);
    assert_eq!(there().await, [false, true, false, true]);
    assert_eq!(end_of_subject(service, "https://other.example", NURSE.subject).await.unwrap(), 0);
    assert_eq!(end_of_subject(service, NURSE.issuer, NURSE.subject).await.unwrap(), 1);
    assert_eq!(there().await, [false, false, false, true]);
    world.clock.forward(13 * 60);
    assert_eq!(forget_ended(service).await.unwrap(), 1);
}

#[tokio::test]
async fn what_may_be_used_once_is_used_once() {
    let world = World::new().await;
    let until: Timestamp = "2026-11-22T10:05:00Z".parse().unwrap();
    let take = async |jti: &str| use_once(&world.service, &["logout", "https://id.example", jti], until).await.unwrap();
    assert!(take("a").await);
    assert!(!take("a").await);
    assert!(take("b").await);
    world.clock.forward(6);
    assert_eq!(forget_ended(&world.service).await.unwrap(), 2);
}

#[tokio::test]
async fn accounts_are_changed_by_whoever_saw_them() {
    let world = World::new().await;
    let accounts = Accounts { store: &*world.service.store, keys: &world.service.keys };
    let now = "2026-11-22T10:00:00Z".parse().unwrap();
    let fresh = Account { login: "Site.Lead".to_owned(), revision: 0, body: b"hash".to_vec() };
    assert!(accounts.save(&fresh, now).await.unwrap());
    assert!(!accounts.save(&fresh, now).await.unwrap());
    let found = accounts.find(" site.lead ").await.unwrap().unwrap();
    assert_eq!((&*found.login, found.revision, &*found.body), ("Site.Lead", 1, &b"hash"[..]));
    assert!(accounts.save(&Account { body: b"other".to_vec(), ..found.clone() }, now).await.unwrap());
    assert!(!accounts.save(&found, now).await.unwrap(), "somebody changed it meanwhile");
    assert_eq!(accounts.all().await.unwrap().len(), 1);
    assert!(accounts.remove("local", "SITE.LEAD").await.unwrap());
    assert!(accounts.find("site.lead").await.unwrap().is_none());
}
