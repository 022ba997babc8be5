//! Subscriptions: a handshake first, each event once and in order whatever happens, heartbeats, and what ends them.

use crate::world::*;
use async_trait::async_trait;
use cpis_app::AppError;
use cpis_app::lifecycle;
use cpis_app::subscriptions::{
    Admitted, Changed, HookFault, Hooks, Kind, Made, Outgoing, Request, Resent, SUBSCRIPTIONS_MAX, Sender, Status,
    Subscriptions, Topic, Wire,
};
use cpis_model::entry::HiddenFor;
use cpis_model::{Timestamp, Uuid};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const CHILDREN: u64 = 9;
const ENDPOINT: &str = "https://la.example.org/notify";

/// Takes everything, unless it was told what to answer.
#[derive(Default)]
struct Endpoint {
    answers: Mutex<VecDeque<HookFault>>,
    always: Mutex<Option<HookFault>>,
    taken: Mutex<Vec<(Uuid, String)>>,
    tried: Mutex<Vec<Uuid>>,
}

#[async_trait]
impl Hooks for Endpoint {
    fn takes(&self, endpoint: &str) -> bool {
        !endpoint.contains("10.0.0.1")
    }

    fn pause(&self, failures: u32, _: u16) -> Duration {
        Duration::from_mins(u64::from(failures))
    }

    fn is_dead(&self, first_failure: Timestamp, now: Timestamp) -> bool {
        now.as_second() - first_failure.as_second() >= 86_400
    }

    async fn post(&self, outgoing: &Outgoing<'_>) -> Result<(), HookFault> {
        assert_eq!((outgoing.endpoint, outgoing.secret.len()), (ENDPOINT, 32));
        assert_eq!(outgoing.headers, [("X-Key".to_owned(), "word".to_owned())]);
        self.tried.lock().unwrap().push(outgoing.id);
        let fault = self.answers.lock().unwrap().pop_front().or_else(|| self.always.lock().unwrap().clone());
        fault.map_or(Ok(()), Err)?;
        self.taken.lock().unwrap().push((outgoing.id, String::from_utf8(outgoing.body.to_vec()).unwrap()));
        Ok(())
    }
}

fn wire() -> Wire {
    Wire {
        notification: |told| {
            let word = match told.kind {
                Kind::Handshake => "handshake",
                Kind::Heartbeat => "heartbeat",
                Kind::Events => "events",
            };
            let numbers: Vec<String> = told.events.iter().map(|event| event.number.to_string()).collect();
            format!("{word} {}: {}", told.events_since_start, numbers.join(" ")).trim_end().to_owned().into()
        },
    }
}

fn retry() -> HookFault {
    HookFault::Retry { after: None, why: "the endpoint answered with status 500".to_owned() }
}

fn request() -> Request {
    Request {
        on: true,
        reason: "a test".to_owned(),
        topic: Topic::AccessToService,
        endpoint: ENDPOINT.to_owned(),
        headers: vec![("X-Key".to_owned(), "word".to_owned())],
        empty: false,
        heartbeat_seconds: 86_400,
        timeout_seconds: 10,
        max_count: 1,
        end: None,
    }
}

struct Told {
    world: World,
    endpoint: Arc<Endpoint>,
    subscriptions: Arc<Subscriptions>,
    sender: Sender,
    by: Admitted,
}

impl Told {
    async fn new() -> Self {
        let world = World::new().await;
        let records: Vec<_> = (1..=CHILDREN).map(|n| cpp(n as u32, child(999_000_001 + n * 100))).collect();
        world.has_plans(CAMDEN, 1, &records).await;
        let endpoint = Arc::new(Endpoint::default());
        let subscriptions = Arc::new(Subscriptions {
            service: world.service.clone(),
            wire: wire(),
            hooks: endpoint.clone(),
            base_url: "https://cpis.example.org".to_owned(),
            plain_loopback: false,
        });
        let by = subscriptions.admit(social_worker(CAMDEN)).await.unwrap();
        Self { world, endpoint, subscriptions, sender: Sender::default(), by }
    }

    async fn create(&self, request: Request) -> Uuid {
        match self.subscriptions.create(&self.by, request).await.unwrap() {
            Made::Made(made, secret) => {
                assert_eq!(secret.len(), 32);
                made.id
            }
            Made::TooMany | Made::Endpoint => panic!("not made"),
        }
    }

    /// Somebody opens the records of these children.
    async fn looks(&self, children: std::ops::RangeInclusive<u64>) {
        for n in children {
            self.world.look(&clinician("nurse"), number(999_000_001 + n * 100)).await;
        }
        self.world.apply().await;
    }

    /// Lets the sender do what is due, and says what the endpoint took.
    async fn round(&mut self) -> Vec<String> {
        self.sender.round(&self.subscriptions).await.unwrap();
        self.sender.settle().await;
        self.endpoint.taken.lock().unwrap().drain(..).map(|(_, words)| words).collect()
    }

    fn tried(&self) -> Vec<Uuid> {
        std::mem::take(&mut *self.endpoint.tried.lock().unwrap())
    }

    fn answers(&self, faults: impl IntoIterator<Item = HookFault>) {
        self.endpoint.answers.lock().unwrap().extend(faults);
    }

    fn always(&self, fault: Option<HookFault>) {
        *self.endpoint.always.lock().unwrap() = fault;
    }

    /// Where it stands, why, and how many events there were.
    async fn stands(&self, id: Uuid) -> (Status, String, u64) {
        let stands = self.subscriptions.status(&self.by, id).await.unwrap();
        (stands.subscription.status, stands.subscription.error, stands.events_since_start)
    }

    async fn change(&self, id: Uuid, request: Request) {
        assert!(matches!(self.subscriptions.change(&self.by, id, request).await.unwrap(), Changed::Changed(_)));
    }
}

#[tokio::test]
async fn a_handshake_comes_first_and_then_each_event_once_and_in_order() {
    let mut told = Told::new().await;
    told.looks(1..=1).await;
    let id = told.create(request()).await;
    assert_eq!(told.stands(id).await, (Status::Requested, String::new(), 0), "what was before is no event");
    assert_eq!(told.round().await, ["handshake 0:"]);
    assert_eq!(told.stands(id).await.0, Status::Active);
    assert_eq!(told.round().await, [""; 0]);
    told.looks(2..=4).await;
    assert_eq!(told.round().await, ["events 1: 1", "events 2: 2", "events 3: 3"]);
    assert_eq!(told.round().await, [""; 0]);
    told.change(id, Request { max_count: 2, ..request() }).await;
    told.looks(5..=7).await;
    assert_eq!(told.round().await, ["handshake 0:", "events 5: 4 5", "events 6: 6"]);
    assert_eq!(told.stands(id).await, (Status::Active, String::new(), 6));
}

#[tokio::test]
async fn the_delivery_of_each_notice_is_known() {
    let mut told = Told::new().await;
    told.looks(1..=1).await;
    let id = told.create(request()).await;
    told.round().await;
    told.looks(2..=2).await;
    told.tried();
    told.round().await;
    let delivery = told.tried()[0];
    let numbers = told.world.service.store.notices(authority(CAMDEN), 0, 10).await.unwrap();
    let of = |place: usize| told.world.service.store.deliveries_of(authority(CAMDEN), numbers[place].number);
    let (before, after) = (of(0).await.unwrap(), of(1).await.unwrap());
    assert_eq!(before[0].mail, None, "it was there before the subscription");
    assert_eq!(
        (after[0].channel.clone(), after[0].mail.clone()),
        (format!("subscription {id}"), Some(delivery.to_string()))
    );
}

#[tokio::test]
async fn a_delivery_that_fails_is_sent_again_the_same_also_after_a_restart() {
    let mut told = Told::new().await;
    let id = told.create(request()).await;
    told.round().await;
    told.looks(1..=2).await;
    told.answers([retry(), HookFault::Retry { after: Some(Duration::from_mins(30)), why: "slow".to_owned() }]);
    told.tried();
    assert_eq!(told.round().await, [""; 0]);
    assert_eq!(told.round().await, [""; 0], "not before its pause is over");
    assert_eq!(told.tried().len(), 1);
    told.looks(3..=3).await;
    told.world.clock.forward(1);
    told.sender = Sender::default();
    assert_eq!(told.round().await, [""; 0]);
    told.world.clock.forward(29);
    assert_eq!(told.round().await, [""; 0], "the endpoint asked for half an hour");
    told.world.clock.forward(1);
    assert_eq!(told.round().await, ["events 1: 1", "events 2: 2", "events 3: 3"]);
    let tried = told.tried();
    assert_eq!(tried.len(), 4);
    assert_eq!(tried[0], tried[1], "the id stays");
    assert_eq!(told.stands(id).await, (Status::Active, String::new(), 3));
}

#[tokio::test]
async fn silence_is_broken_by_a_heartbeat() {
    let mut told = Told::new().await;
    told.create(Request { heartbeat_seconds: 3600, ..request() }).await;
    told.round().await;
    told.looks(1..=1).await;
    told.world.clock.forward(50);
    assert_eq!(told.round().await, ["events 1: 1"]);
    told.world.clock.forward(59);
    assert_eq!(told.round().await, [""; 0]);
    told.world.clock.forward(1);
    assert_eq!(told.round().await, ["heartbeat 1:"]);
    told.world.clock.forward(60);
    told.answers([retry()]);
    assert_eq!(told.round().await, [""; 0]);
    told.looks(2..=2).await;
    told.world.clock.forward(1);
    assert_eq!(told.round().await, ["events 2: 2"], "what happened goes before a heartbeat");
}

#[tokio::test]
async fn after_a_day_of_failures_it_is_dead_and_nothing_is_lost() {
    let mut told = Told::new().await;
    let id = told.create(request()).await;
    told.round().await;
    told.looks(1..=3).await;
    told.always(Some(retry()));
    for _ in 0..26 {
        told.round().await;
        told.world.clock.forward(60);
    }
    assert_eq!(told.stands(id).await, (Status::Error, "the endpoint answered with status 500".to_owned(), 3));
    told.looks(4..=4).await;
    told.tried();
    told.world.clock.forward(10_000);
    assert_eq!((told.round().await, told.tried()), (vec![], vec![]), "nothing comes back by itself");
    assert_eq!(told.stands(id).await.2, 4, "events are counted all the same");
    // The subscriber asks for it, while the endpoint still fails.
    told.change(id, request()).await;
    assert_eq!(told.round().await, [""; 0]);
    assert_eq!(told.stands(id).await.0, Status::Error, "the handshake failed");
    told.always(None);
    told.change(id, request()).await;
    let all = ["handshake 0:", "events 1: 1", "events 2: 2", "events 3: 3", "events 4: 4"];
    assert_eq!(told.round().await, all);
}

#[tokio::test]
async fn an_endpoint_that_is_gone_switches_it_off_and_one_that_refuses_stops_it() {
    let mut told = Told::new().await;
    let id = told.create(request()).await;
    told.round().await;
    told.looks(1..=1).await;
    told.answers([HookFault::Gone]);
    told.round().await;
    assert_eq!(told.stands(id).await.0, Status::Off);
    told.change(id, request()).await;
    told.answers([HookFault::GiveUp("the endpoint answered with status 302".to_owned())]);
    told.round().await;
    assert_eq!(told.stands(id).await, (Status::Error, "the endpoint answered with status 302".to_owned(), 1));
    told.change(id, Request { on: false, ..request() }).await;
    assert_eq!((told.round().await, told.stands(id).await.0), (vec![], Status::Off));
    told.change(id, request()).await;
    assert_eq!(told.round().await, ["handshake 0:", "events 1: 1"]);
    let end = Some("2026-12-01T00:00:00Z".parse().unwrap());
    told.change(id, Request { end, ..request() }).await;
    assert_eq!(told.round().await, ["handshake 0:"]);
    told.world.clock.set("2026-12-01T00:00:00Z");
    assert_eq!((told.round().await, told.stands(id).await.0), (vec![], Status::Off));
}

#[tokio::test]
async fn events_can_be_asked_for_and_sent_again() {
    let mut told = Told::new().await;
    let id = told.create(Request { max_count: 10, ..request() }).await;
    assert!(matches!(told.subscriptions.resend(&told.by, id, None, None).await.unwrap(), Resent::NotActive));
    told.round().await;
    told.looks(1..=3).await;
    assert_eq!(told.round().await, ["events 3: 1 2 3"]);
    told.looks(4..=5).await;
    let asked = |since, until| {
        let (subscriptions, by) = (&told.subscriptions, &told.by);
        async move {
            let found = subscriptions.events(by, id, since, until).await.unwrap();
            let numbers: Vec<u64> = found.events.iter().map(|event| event.number).collect();
            (found.events_since_start, numbers)
        }
    };
    assert_eq!(asked(None, None).await, (5, vec![1, 2, 3, 4, 5]));
    assert_eq!(asked(Some(2), Some(4)).await, (5, vec![2, 3, 4]));
    assert_eq!(asked(Some(9), None).await, (5, vec![]));
    let notices = told.world.service.store.notices(authority(CAMDEN), 0, 10).await.unwrap();
    let found = told.subscriptions.events(&told.by, id, Some(2), Some(2)).await.unwrap();
    assert_eq!(found.events[0].notice, notices[1].id);
    assert!(matches!(told.subscriptions.resend(&told.by, id, Some(2), Some(9)).await.unwrap(), Resent::Soon(_)));
    assert_eq!(told.round().await, ["events 3: 2 3", "events 5: 4 5"]);
    assert_eq!(told.round().await, [""; 0]);
}

#[tokio::test]
async fn each_notice_is_an_event_of_one_topic() {
    let mut told = Told::new().await;
    told.create(request()).await;
    let numbers = told.create(Request { topic: Topic::InactiveNumber, ..request() }).await;
    assert_eq!(told.round().await.len(), 2);
    told.looks(1..=2).await;
    let first = number(999_000_101);
    lifecycle::hide(&told.world.service, first, Some(HiddenFor::Restricted)).await.unwrap();
    lifecycle::hide(&told.world.service, first, None).await.unwrap();
    told.looks(3..=3).await;
    let mut taken = told.round().await;
    taken.sort();
    assert_eq!(taken, ["events 1: 1", "events 1: 1", "events 2: 2", "events 2: 2", "events 3: 3"]);
    assert_eq!(told.stands(numbers).await.2, 2);
    assert!(told.round().await.is_empty());
}

#[tokio::test]
async fn what_is_another_s_is_not_found_and_there_is_an_end_to_how_many() {
    let told = Told::new().await;
    let id = told.create(request()).await;
    let other = told.subscriptions.admit(social_worker(CITY)).await.unwrap();
    let all = &told.subscriptions;
    assert_eq!(all.read(&other, id).await.err(), Some(AppError::NotFound));
    assert_eq!(all.status(&other, id).await.err(), Some(AppError::NotFound));
    assert_eq!(all.events(&other, id, None, None).await.err(), Some(AppError::NotFound));
    assert_eq!(all.resend(&other, id, None, None).await.err(), Some(AppError::NotFound));
    assert_eq!(all.change(&other, id, request()).await.err(), Some(AppError::NotFound));
    assert_eq!(all.remove(&other, id).await.err(), Some(AppError::NotFound));
    assert!(all.list(&other).await.unwrap().is_empty());
    assert!(all.admit(clinician("nurse")).await.is_err(), "a clinician has none");
    let inside = Request { endpoint: "https://10.0.0.1/".to_owned(), ..request() };
    assert!(matches!(all.create(&told.by, inside.clone()).await.unwrap(), Made::Endpoint));
    assert!(matches!(all.change(&told.by, id, inside).await.unwrap(), Changed::Endpoint));
    let numbers = Request { topic: Topic::InactiveNumber, ..request() };
    assert!(matches!(all.change(&told.by, id, numbers).await.unwrap(), Changed::OtherTopic));
    // All at once, and one more than there may be.
    let at_once = (0..SUBSCRIPTIONS_MAX).map(|_| all.create(&told.by, request()));
    let made = futures_util::future::join_all(at_once).await;
    let many = made.into_iter().filter(|made| matches!(made, Ok(Made::TooMany))).count();
    assert_eq!(many, 1);
    assert_eq!(all.list(&told.by).await.unwrap().len(), SUBSCRIPTIONS_MAX);
    assert!(matches!(all.create(&told.by, request()).await.unwrap(), Made::TooMany));
    assert!(matches!(all.create(&other, request()).await.unwrap(), Made::Made(..)), "another authority has its own");
    all.remove(&told.by, id).await.unwrap();
    assert_eq!(all.read(&told.by, id).await.err(), Some(AppError::NotFound));
    told.create(request()).await;
}

#[tokio::test]
async fn many_are_sent_to_side_by_side() {
    let mut told = Told::new().await;
    for _ in 0..5 {
        told.create(request()).await;
    }
    assert_eq!(told.sender.round(&told.subscriptions).await.unwrap(), 5);
    told.sender.settle().await;
    told.looks(1..=CHILDREN).await;
    assert_eq!(told.round().await.len(), 5 + 5 * CHILDREN as usize);
}
