//! What became of looks: for whoever looked, for the authority, and for operators.

use crate::world::{CAMDEN, World, authority, child, clinician, cpp, number, scheduled, social_worker};
use cpis_app::Settings;
use cpis_app::followed::{Overdue, PAGE_MAX, Watch, overdue_of, own};
use cpis_app::notices::{acknowledge, notices};
use cpis_app::reports::report;
use cpis_model::Timestamp;
use cpis_model::caller::{Caller, Who};
use cpis_model::notice::{Report, ReportKind};
use cpis_model::organisation::Site;
use cpis_store::{Delivery, MailMove, MailRow, MailStatus, MailStep, NewMail};
use cpis_store_sqlite::SqliteStore;
use std::sync::Arc;

fn at(time: &str) -> Timestamp {
    format!("2026-11-22T{time}:00Z").parse().unwrap()
}

/// The same person at a site of another kind of care; `None` at no site that the register knows.
fn elsewhere(caller: &Caller, setting: Option<&str>) -> Arc<Caller> {
    let site = caller.site.clone().zip(setting);
    let site = site.map(|(site, setting)| Site { setting: setting.parse().unwrap(), ..site });
    Arc::new(Caller { site, ..caller.clone() })
}

async fn tell(world: &World, channel: &str, upto: u64, time: &str, mail: Option<&str>) {
    let delivery = Delivery {
        authority: authority(CAMDEN),
        channel: channel.to_owned(),
        upto,
        at: at(time),
        mail: mail.map(ToOwned::to_owned),
    };
    let put = mail.iter().map(|id| NewMail { row: mail_row(id), parts: vec![vec![1]] }).collect();
    let step = MailStep { put, delivered: Some((delivery, 0)), ..MailStep::default() };
    world.service.store.mail_step(step).await.unwrap();
}

fn mail_row(id: &str) -> MailRow {
    MailRow {
        id: id.to_owned(),
        sender: None,
        recipient: "CAMDEN".to_owned(),
        workflow: "W".to_owned(),
        status: MailStatus::Accepted,
        place: 0,
        at: at("10:00"),
        expires: at("10:01"),
        ended: None,
        chunks: 1,
        compressed: false,
        bytes: 1,
        local: None,
        held: None,
        key: vec![1],
        envelope: vec![1],
    }
}

#[tokio::test]
async fn whoever_looked_sees_when_the_authority_was_told_and_who_read_it() {
    let world = World::new().await;
    let robin = child(999_000_001);
    world.has_plans(CAMDEN, 1, &[cpp(1, robin.clone())]).await;
    let nurse = clinician("555000000001");
    world.look(&nurse, robin.number).await;
    let entries = world.service.store.size().await.unwrap();
    world.apply().await;
    let first = async || own(&world.service, &nurse, None).await.unwrap().0.remove(0);

    let look = first().await;
    assert_eq!((look.at, look.authority), (at("10:00"), authority(CAMDEN)));
    assert_eq!((look.told, &look.read, look.overdue), (None, &None, None));
    world.clock.set("2026-11-22T10:29:59Z");
    assert_eq!(first().await.overdue, None);
    world.clock.set("2026-11-22T10:30:00Z");
    let look = first().await;
    assert_eq!(look.overdue, Some(30), "and whom to call:");
    assert!(look.reach.iter().any(|reach| reach.is_uploaded), "{:?}", look.reach);

    // An empty message tells of nothing, and one that nobody collected told nobody.
    let seconds = u64::try_from(at("10:31").as_second()).unwrap();
    tell(&world, "mesh-empty", seconds, "10:31", None).await;
    tell(&world, "mesh", 7, "10:32", Some("M1")).await;
    assert_eq!(first().await.told, Some(at("10:32")));
    let lost = MailMove {
        id: "M1".to_owned(),
        from: MailStatus::Accepted,
        to: MailStatus::Undeliverable,
        at: at("10:33"),
        held: None,
    };
    world.service.store.mail_step(MailStep { moved: vec![lost], ..MailStep::default() }).await.unwrap();
    assert_eq!(first().await.told, None);
    tell(&world, "a subscription made later", 9, "10:35", None).await;
    assert_eq!(first().await.told, None, "it was there before");
    tell(&world, "webhook", 9, "10:40", Some("M2")).await;
    assert_eq!(first().await.told, Some(at("10:40")));

    let worker = social_worker(CAMDEN);
    let id = notices(&world.service, worker.clone(), 0, 10).await.unwrap().notices[0].id;
    world.clock.set("2026-11-22T10:42:00Z");
    acknowledge(&world.service, worker, id).await.unwrap();
    let look = first().await;
    assert_eq!((look.id, look.told, look.overdue), (id, Some(at("10:40")), None));
    let read = look.read.unwrap();
    assert_eq!((read.at, &*read.role), (at("10:42"), "Nurse Access Role"));
    assert!(look.reach.is_empty(), "there is nobody to call any more");
    assert_eq!(world.service.store.size().await.unwrap(), entries + 2, "only the authority's reading made entries");
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn who_acknowledged_was_told_whatever_the_way() {
    let world = World::new().await;
    let robin = child(999_000_001);
    world.has_plans(CAMDEN, 1, &[cpp(1, robin.clone())]).await;
    let nurse = clinician("555000000001");
    world.look(&nurse, robin.number).await;
    world.apply().await;
    world.clock.forward(5);
    let worker = social_worker(CAMDEN);
    let id = notices(&world.service, worker.clone(), 0, 10).await.unwrap().notices[0].id;
    acknowledge(&world.service, worker, id).await.unwrap();
    assert_eq!(own(&world.service, &nurse, None).await.unwrap().0[0].told, Some(at("10:05")));
}

#[tokio::test]
async fn own_looks_are_ones_own_of_some_days_and_come_in_pages() {
    let world = World::new().await;
    let count = u64::from(PAGE_MAX) + 2;
    let children: Vec<_> = (0..count).map(|nth| child(999_000_001 + nth * 100)).collect();
    let plans: Vec<_> = (1..).zip(&children).map(|(position, child)| cpp(position, child.clone())).collect();
    world.has_plans(CAMDEN, 1, &plans).await;
    let nurse = clinician("555000000001");
    for child in &children {
        world.look(&nurse, child.number).await;
    }
    world.look(&scheduled("555000000002"), children[0].number).await;
    world.look(&nurse, number(999_800_000)).await;
    world.apply().await;
    let (page, next) = own(&world.service, &nurse, None).await.unwrap();
    assert_eq!(page.len(), PAGE_MAX as usize);
    let (rest, last) = own(&world.service, &nurse, next).await.unwrap();
    assert_eq!((rest.len(), last), (2, None), "neither the miss nor another's");
    let mut ids: Vec<_> = page.iter().chain(&rest).map(|look| look.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len() as u64, count);

    let somebody = clinician("555000000003");
    let abroad = Caller { organisation: social_worker(CAMDEN).organisation.clone(), ..(*nurse).clone() };
    let system = Caller { who: Who::System { client: "555000000001".into() }, ..(*nurse).clone() };
    for other in [&*somebody, &*scheduled("555000000002"), &abroad, &system] {
        assert_eq!(own(&world.service, other, None).await.unwrap(), (Vec::new(), None));
    }
    world.clock.forward(7 * 24 * 60 - 1);
    assert_eq!(own(&world.service, &nurse, None).await.unwrap().0.len(), PAGE_MAX as usize);
    world.clock.forward(1);
    assert_eq!(own(&world.service, &nurse, None).await.unwrap(), (Vec::new(), None));
    world.clock.forward(1);
    Watch::default().round(&world.service).await.unwrap();
    let stored = world.service.store.notices_after(0, 100).await.unwrap();
    assert!(stored.len() as u64 == count && stored.iter().all(|row| row.reader.is_none()), "nobody's any more");
    assert!(world.verify().await.is_clean());
}

/// A world in which Robin was looked at in an emergency department, Kim on a ward, Alex nobody knows where; and reported.
async fn unread(settings: Settings) -> World {
    let settings = Settings { test_numbers: true, ..settings };
    let world = World::on(Arc::new(SqliteStore::open_memory().unwrap()), settings).await;
    let children = [999_000_001, 999_000_101, 999_000_201].map(child);
    let plans: Vec<_> = (1..).zip(&children).map(|(position, child)| cpp(position, child.clone())).collect();
    world.has_plans(CAMDEN, 1, &plans).await;
    let nurse = clinician("555000000001");
    let [robin, kim, alex] = children;
    world.look(&nurse, robin.number).await;
    world.look(&elsewhere(&nurse, Some("U05")), kim.number).await;
    world.look(&elsewhere(&nurse, None), alex.number).await;
    let told = Report { kind: ReportKind::NotBrought, phone: None, text: None, replaced_by: None };
    report(&world.service, nurse.clone(), robin.number, authority(CAMDEN), told).await.unwrap();
    world.apply().await;
    world
}

#[tokio::test]
async fn only_what_is_urgent_and_unread_is_counted() {
    let world = unread(Settings::default()).await;
    let (worker, mut watch) = (social_worker(CAMDEN), Watch::default());
    let counted = async || overdue_of(&world.service, &worker).await.unwrap();
    assert_eq!((watch.round(&world.service).await.unwrap(), counted().await), (0, Overdue::default()));
    world.clock.forward(29);
    assert_eq!((watch.round(&world.service).await.unwrap(), counted().await.count), (0, 0));
    world.clock.forward(1);
    let two = Overdue { count: 2, may_be_more: false };
    assert_eq!(
        (watch.round(&world.service).await.unwrap(), counted().await),
        (2, two),
        "neither the ward nor the report"
    );
    assert_eq!(overdue_of(&world.service, &social_worker("703")).await.unwrap(), Overdue::default());
    assert_eq!(overdue_of(&world.service, &clinician("555000000001")).await.unwrap(), Overdue::default());

    let of_robin = notices(&world.service, worker.clone(), 0, 10).await.unwrap().notices[0].id;
    acknowledge(&world.service, worker.clone(), of_robin).await.unwrap();
    assert_eq!(counted().await.count, 1, "the page knows at once");
    assert_eq!(watch.round(&world.service).await.unwrap(), 2, "operators are told once a minute");
    world.clock.forward(1);
    assert_eq!(watch.round(&world.service).await.unwrap(), 1);
}

#[tokio::test]
async fn nothing_is_overdue_where_the_operator_says_never() {
    let world = unread(Settings { escalate_minutes: 0, ..Settings::default() }).await;
    world.clock.forward(24 * 60);
    assert_eq!(Watch::default().round(&world.service).await.unwrap(), 0);
    assert_eq!(overdue_of(&world.service, &social_worker(CAMDEN)).await.unwrap(), Overdue::default());
    let (looks, _) = own(&world.service, &clinician("555000000001"), None).await.unwrap();
    assert!(looks.len() == 3 && looks.iter().all(|look| look.overdue.is_none()));
}
