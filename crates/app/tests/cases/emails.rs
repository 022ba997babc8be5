//! E-mail to authorities: what is owed is sent once, late where a relay is, and never of what was read meanwhile.

use crate::world::{CAMDEN, CITY, World, child, clinician, cpp, social_worker, staff};
use async_trait::async_trait;
use cpis_app::emails::{EmailFault, Emailer, Emails, Kind, Letter, Mailer};
use cpis_app::followed::own;
use cpis_app::notices::{acknowledge, notices};
use cpis_app::organisations::{Edit, change_all};
use cpis_model::caller::Rights;
use cpis_model::organisation_record::{Authority, Record, RecordKind};
use cpis_model::upload::Person;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

const DIGEST: i64 = 15;

/// A relay that keeps letters, and answers as it is told.
#[derive(Default)]
struct Relay {
    taken: Mutex<Vec<(String, Kind, String)>>,
    fault: Mutex<Option<EmailFault>>,
    tries: Mutex<u32>,
}

#[async_trait]
impl Emailer for Relay {
    async fn send(&self, letter: &Letter<'_>) -> Result<(), EmailFault> {
        *self.tries.lock().unwrap() += 1;
        if let Some(fault) = self.fault.lock().unwrap().clone() {
            return Err(fault);
        }
        assert_eq!(letter.link, "https://cpis.example.org/notices");
        let told = (letter.to.as_str().to_owned(), letter.kind, letter.id.to_owned());
        self.taken.lock().unwrap().push(told);
        Ok(())
    }
}

struct Post {
    world: World,
    relay: Arc<Relay>,
    emails: Emails,
    mailer: Mailer,
    children: Vec<Person>,
}

impl Post {
    /// Children with plans of Camden, whose notices go to these addresses.
    async fn new(notice_emails: &[&str], duty_emails: &[&str]) -> Self {
        let world = World::new().await;
        let children: Vec<_> = (0..6).map(|nth| child(999_000_001 + nth * 100)).collect();
        let plans: Vec<_> = (1..).zip(&children).map(|(position, child)| cpp(position, child.clone())).collect();
        world.has_plans(CAMDEN, 1, &plans).await;
        let relay = Arc::new(Relay::default());
        let emails = Emails {
            service: world.service.clone(),
            emailer: relay.clone(),
            link: "https://cpis.example.org/notices".to_owned(),
            digest_minutes: DIGEST,
        };
        let mut post = Self { world, relay, emails, mailer: Mailer::default(), children };
        post.addresses(notice_emails, duty_emails).await;
        post
    }

    /// The operator changes the addresses of Camden.
    async fn addresses(&mut self, notice_emails: &[&str], duty_emails: &[&str]) {
        let service = &self.world.service;
        let held = service.register.get().record(RecordKind::Authority, CAMDEN).unwrap().clone();
        let Record::Authority(authority) = &*held.record else { unreachable!() };
        let read = |all: &[&str]| all.iter().map(|text| text.parse().unwrap()).collect();
        let (notice_emails, duty_emails) = (read(notice_emails), read(duty_emails));
        let record = Record::Authority(Authority { notice_emails, duty_emails, ..authority.clone() });
        let operator = staff("500000000099", "R0A", Rights { operator: true, ..Rights::default() });
        let edit = Edit { record, expected: held.version };
        change_all(service, operator, vec![edit], &"addresses".parse().unwrap()).await.unwrap();
    }

    async fn look(&self, nth: usize) {
        self.world.look(&clinician("555000000001"), self.children[nth].number).await;
        self.world.apply().await;
    }

    /// Lets the mailer have its turn and says what was taken.
    async fn round(&mut self) -> Vec<String> {
        self.mailer.round(&self.emails).await.unwrap();
        let taken = std::mem::take(&mut *self.relay.taken.lock().unwrap());
        taken.into_iter().map(|(to, kind, _)| format!("{} {kind:?}", to.split('@').next().unwrap())).collect()
    }

    fn answers(&self, fault: Option<EmailFault>) {
        *self.relay.fault.lock().unwrap() = fault;
    }

    fn tries(&self) -> u32 {
        std::mem::take(&mut *self.relay.tries.lock().unwrap())
    }

    async fn acknowledge_all(&self) {
        let worker = social_worker(CAMDEN);
        for notice in notices(&self.world.service, worker.clone(), 0, 100).await.unwrap().notices {
            acknowledge(&self.world.service, worker.clone(), notice.id).await.unwrap();
        }
    }
}

fn nothing() -> Vec<String> {
    Vec::new()
}

#[tokio::test]
async fn there_are_notices_is_said_once_and_again_after_the_digest() {
    let mut post = Post::new(&[], &[]).await;
    post.look(0).await;
    assert_eq!(post.round().await, nothing(), "nobody asked for e-mail");
    post.addresses(&["team@camden.example.org", "other@camden.example.org"], &[]).await;
    assert_eq!(post.round().await, nothing(), "what was there before is not told");
    post.look(1).await;
    assert_eq!(
        post.round().await.into_iter().collect::<BTreeSet<_>>(),
        ["other Notices", "team Notices"].map(str::to_owned).into()
    );
    post.look(2).await;
    assert_eq!(post.round().await, nothing(), "a digest");
    post.world.clock.forward(DIGEST - 1);
    assert_eq!(post.round().await, nothing());
    post.world.clock.forward(1);
    assert_eq!(post.round().await.len(), 2);
    post.world.clock.forward(DIGEST);
    assert_eq!(post.round().await, nothing(), "there is nothing new");
    post.look(3).await;
    post.acknowledge_all().await;
    assert_eq!(post.round().await, nothing(), "it was read already");
    // What the register does not have any more is forgotten; who comes back is told of what is new.
    post.addresses(&[], &[]).await;
    post.look(4).await;
    assert_eq!(post.round().await, nothing());
    post.addresses(&["team@camden.example.org"], &[]).await;
    assert_eq!(post.round().await, nothing());
    post.look(5).await;
    assert_eq!(post.round().await, ["team Notices"]);
    assert!(post.world.verify().await.is_clean());
}

#[tokio::test]
async fn a_duty_team_is_told_of_what_nobody_read_in_time_and_whoever_looked_sees_that() {
    let mut post = Post::new(&["team@camden.example.org"], &["duty@camden.example.org"]).await;
    post.round().await;
    post.look(0).await;
    assert_eq!(post.round().await, ["team Notices"]);
    post.world.clock.forward(29);
    post.look(1).await;
    assert_eq!(post.round().await, ["team Notices"]);
    post.world.clock.forward(1);
    assert_eq!(post.round().await, ["duty Unread { minutes: 30 }"], "the first one is late");
    let nurse = clinician("555000000001");
    let looks = own(&post.world.service, &nurse, None).await.unwrap().0;
    let escalated: Vec<_> = looks.iter().map(|look| look.escalated.map(|at| at.to_string())).collect();
    assert_eq!(escalated, [None, Some("2026-11-22T10:30:00Z".to_owned())]);
    assert!(looks.iter().all(|look| look.told.is_none()), "that a relay took a letter tells nobody");
    post.world.clock.forward(28);
    assert_eq!(post.round().await, nothing(), "the second one is not late yet");
    post.world.clock.forward(1);
    assert_eq!(post.round().await, ["duty Unread { minutes: 30 }"]);
    // Who reads in time is left alone.
    post.look(2).await;
    post.acknowledge_all().await;
    post.world.clock.forward(60);
    assert_eq!(post.round().await, nothing());
    assert!(post.world.verify().await.is_clean());
}

#[tokio::test]
async fn a_letter_is_owed_until_it_is_taken_and_keeps_its_id() {
    let mut post = Post::new(&["team@camden.example.org"], &[]).await;
    post.round().await;
    post.look(0).await;
    post.answers(Some(EmailFault::Later { why: "the relay puts off the recipient (450)".to_owned() }));
    assert_eq!((post.round().await, post.tries()), (nothing(), 1));
    assert_eq!((post.round().await, post.tries()), (nothing(), 0), "greylisting wants a pause");
    post.world.clock.forward(2);
    // Another node goes on.
    post.mailer = Mailer::default();
    post.answers(None);
    post.mailer.round(&post.emails).await.unwrap();
    let first = post.relay.taken.lock().unwrap().remove(0);
    assert_eq!(first.0, "team@camden.example.org");
    assert!(first.2.len() == 32 && !first.2.contains("999"));
    // What was read while the relay was away is not told.
    post.world.clock.forward(DIGEST);
    post.look(1).await;
    post.answers(Some(EmailFault::Away { why: "the relay does not answer".to_owned() }));
    assert_eq!(post.round().await, nothing());
    post.acknowledge_all().await;
    post.answers(None);
    post.world.clock.forward(2);
    assert_eq!(post.round().await, nothing());
}

#[tokio::test]
async fn a_relay_that_is_away_makes_all_wait_and_kills_no_address() {
    let mut post = Post::new(&["a@camden.example.org", "b@camden.example.org"], &[]).await;
    post.round().await;
    post.look(0).await;
    for fault in [
        EmailFault::Away { why: "the relay does not answer".to_owned() },
        EmailFault::Refused { why: "the relay refuses the login (535)".to_owned() },
    ] {
        post.answers(Some(fault));
        for _ in 0..30 {
            assert_eq!(post.round().await, nothing());
            assert!(post.tries() <= 1, "nobody else is tried");
            post.world.clock.forward(61);
        }
        post.world.clock.forward(80);
        assert_eq!((post.round().await, post.tries()), (nothing(), 1), "it is tried again for ever");
    }
    post.world.clock.forward(120);
    post.answers(None);
    assert_eq!(post.round().await.len(), 2);
}

#[tokio::test]
async fn a_dead_address_rests_until_its_record_is_saved_or_a_day_has_passed() {
    let mut post = Post::new(&["wrong@camden.example.org"], &[]).await;
    post.round().await;
    post.look(0).await;
    let never = Some(EmailFault::Never { why: "the relay refuses the recipient (550)".to_owned() });
    post.answers(never.clone());
    assert_eq!((post.round().await, post.tries()), (nothing(), 1));
    post.world.clock.forward(23 * 60);
    assert_eq!((post.round().await, post.tries()), (nothing(), 0));
    post.world.clock.forward(60);
    assert_eq!((post.round().await, post.tries()), (nothing(), 1), "a day has passed");
    post.addresses(&["wrong@camden.example.org", "right@camden.example.org"], &[]).await;
    assert_eq!((post.round().await, post.tries()), (nothing(), 1), "its record was saved");
    post.addresses(&["wrong@camden.example.org"], &[]).await;
    post.answers(None);
    assert_eq!(post.round().await, ["wrong Notices"], "somebody opened the mailbox at last");

    // One that is put off for a day is dead too.
    post.world.clock.forward(DIGEST);
    post.look(1).await;
    post.answers(Some(EmailFault::Later { why: "the relay puts off the recipient (452)".to_owned() }));
    for _ in 0..25 {
        post.round().await;
        post.world.clock.forward(76);
    }
    assert!(post.tries() >= 20);
    post.world.clock.forward(120);
    assert_eq!((post.round().await, post.tries()), (nothing(), 0));
}

#[tokio::test]
async fn an_authority_is_told_of_its_own_notices_only() {
    let mut post = Post::new(&["team@camden.example.org"], &["duty@camden.example.org"]).await;
    post.round().await;
    let robin = child(999_700_001);
    post.world.has_plans(CITY, 1, &[cpp(1, robin.clone())]).await;
    post.world.look(&clinician("555000000001"), robin.number).await;
    post.world.apply().await;
    post.world.clock.forward(60);
    assert_eq!(post.round().await, nothing());
}
