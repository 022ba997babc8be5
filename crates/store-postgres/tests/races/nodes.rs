//! Two nodes that do the same thing at once: one of them does it.

use crate::common::samples::{
    entries, flip, group, keys, listed, new_person, node, notice, person, plan, rounds, slice, time, whole_journal,
};
use crate::common::{database, options};
use cpis_store::{Effect, Group, LookStep, NewPerson, NoticeRow, Store as _, StoreError};
use cpis_store_postgres::{PgStore, migrate};
use cpis_testkit::postgres::Cluster;
use cpis_testkit::proxy::{Proxy, Way};

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_that_meet_a_new_number_make_one_person() {
    let database = database().await;
    let (one, two) = (node(&database.service_url).await, node(&database.service_url).await);
    for round in rounds() {
        let people = |first: i64| -> Vec<NewPerson> {
            (0..20).map(|n| NewPerson { id: person(first + n), ..new_person(round * 100 + n + 1) }).collect()
        };
        let (first, mut second) = (people(round * 1000 + 1), people(round * 1000 + 501));
        second.reverse();
        let (first, second) = tokio::join!(one.create_people(first), two.create_people(second));
        let (first, mut second) = (first.unwrap(), second.unwrap());
        second.reverse();
        assert_eq!(first, second, "each number is one person's, whoever asked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_uploads_with_one_number_one_takes_effect() {
    let database = database().await;
    let (one, two) = (node(&database.service_url).await, node(&database.service_url).await);
    one.create_people(vec![new_person(1)]).await.unwrap();
    let mut flipped = 0;
    for round in rounds() {
        let stage = |store: std::sync::Arc<PgStore>, which: i64| async move {
            let of = group(2 * round + which);
            store.begin_staging(of, time(0)).await.unwrap();
            store.stage(of, slice(0, 0, vec![plan(1, round as u32 + 1, of)])).await.unwrap();
            store.flip(flip(of, (round > 0).then_some(round as u64), round as u64 + 1, 1)).await
        };
        let (first, second) = tokio::join!(stage(one.clone(), 0), stage(two.clone(), 1));
        let stale = [&first, &second].into_iter().filter(|done| **done == Err(StoreError::Stale)).count();
        let won = usize::from(first.is_ok()) + usize::from(second.is_ok());
        assert_eq!((won, stale), (1, 1), "{first:?}, {second:?}");
        flipped += 1;
        assert_eq!(one.find(vec![keys(1)]).await.unwrap()[0][0].plans[0].version, round as u32 + 1);
    }
    assert_eq!(whole_journal(&one).await.len(), flipped);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_acknowledged_at_once_by_two_has_one_time() {
    let database = database().await;
    let (one, two) = (node(&database.service_url).await, node(&database.service_url).await);
    for round in rounds() {
        let notice = notice(round, 1);
        let from = round as u64;
        one.apply_looks(LookStep { from, to: from + 1, notices: vec![notice.clone()], ..LookStep::default() })
            .await
            .unwrap();
        let (first, second) = tokio::join!(
            one.acknowledge(notice.authority, notice.id, time(1), vec![1]),
            two.acknowledge(notice.authority, notice.id, time(2), vec![2]),
        );
        assert_eq!(first.unwrap().unwrap().acknowledged, second.unwrap().unwrap().acknowledged);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_of_a_person_erased_at_the_same_time() {
    let database = database().await;
    let nodes =
        [node(&database.service_url).await, node(&database.service_url).await, node(&database.service_url).await];
    let [one, two, three] = &nodes;
    for round in rounds() {
        let (of, who, from) = (group(2 * round), person(round + 1), round as u64);
        one.create_people(vec![new_person(round + 1)]).await.unwrap();
        one.begin_staging(of, time(0)).await.unwrap();
        let mut part = slice(0, 0, vec![plan(round, 1, of)]);
        part.plans[0].0 = who;
        let looks = LookStep {
            from,
            to: from + 1,
            accesses: vec![(who, listed(from))],
            notices: vec![NoticeRow { person: who, ..notice(round, from) }],
            ..LookStep::default()
        };
        let erase = Box::new(move |_: &_| Group { effects: vec![Effect::Erase(who)], ..entries(1) });
        let (staged, erased, applied) = tokio::join!(
            one.stage(of, part),
            two.append(group(2 * round + 1), Vec::new(), erase),
            three.apply_looks(looks)
        );
        staged.unwrap();
        erased.unwrap();
        applied.unwrap();
        one.flip(flip(of, (round > 0).then_some(from), from + 1, 1)).await.unwrap();
        assert!(one.plans_after(None, 10).await.unwrap().is_empty(), "a plan");
        assert!(one.accesses_after(None, 10).await.unwrap().is_empty(), "an access");
        assert!(one.notices_after(0, 10).await.unwrap().is_empty(), "a notice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_three_nodes_that_migrate_one_does_it() {
    let database = Cluster::shared().await.empty_database().await;
    let options = options(&database.url);
    let planned = migrate(&options, true).await.unwrap();
    let newest = planned.to;
    assert_eq!((planned.from, planned.steps.len()), (0, newest as usize));
    let refused = PgStore::open(options.clone()).await.err();
    assert_eq!(refused, Some(StoreError::SchemaOlder { found: 0, needed: newest }), "nothing was made so far");
    let (a, b, c) = tokio::join!(migrate(&options, false), migrate(&options, false), migrate(&options, false));
    let made = [a.unwrap(), b.unwrap(), c.unwrap()];
    assert_eq!(made.iter().filter(|made| **made == planned).count(), 1, "{made:?}");
    assert_eq!(made.iter().filter(|made| made.steps.is_empty() && made.to == newest).count(), 2, "{made:?}");
    assert!(migrate(&options, true).await.unwrap().steps.is_empty());
    PgStore::open(options.clone()).await.unwrap();

    // What a newer program made is worked with if it says so.
    let admin = crate::common::admin(&database.url).await;
    let next = newest + 1;
    let newer = format!("INSERT INTO cpis.schema_version (version, serves, name) VALUES ({next}, {newest}, 'newer')");
    admin.batch_execute(&newer).await.unwrap();
    PgStore::open(options.clone()).await.unwrap();
    assert!(migrate(&options, false).await.unwrap().steps.is_empty());
    let serves = format!("UPDATE cpis.schema_version SET serves = {next} WHERE version = {next}");
    admin.batch_execute(&serves).await.unwrap();
    let newer = StoreError::SchemaNewer { found: next, serves: next, known: newest };
    assert_eq!(PgStore::open(options.clone()).await.err(), Some(newer.clone()));
    assert_eq!(migrate(&options, false).await, Err(newer));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_staging_that_broke_off_is_discarded_without_a_trace() {
    let database = database().await;
    let port = Cluster::shared().await.port();
    let proxy = Proxy::start(([127, 0, 0, 1], port).into()).await.unwrap();
    let url = database.service_url.replace(&format!(":{port}/"), &format!(":{}/", proxy.address().port()));
    let (store, other) = (node(&url).await, node(&database.service_url).await);
    store.create_people(vec![new_person(1)]).await.unwrap();
    for (round, text) in (0..).zip(["-- leaf.stage", "-- plan.stage", "-- commit\n"]) {
        let of = group(round);
        store.begin_staging(of, time(0)).await.unwrap();
        let plans = |first: i64| (first..first + 30).map(|number| plan(number, 1, of)).collect();
        store.stage(of, slice(0, 0, plans(0))).await.unwrap();
        proxy.cut_at_text(Way::ToServer, text);
        let broken = store.stage(of, slice(1, 30, plans(30))).await;
        assert!(matches!(broken, Err(StoreError::Unavailable(_) | StoreError::OutcomeUnknown)), "{text}: {broken:?}");
        // Another node cleans up.
        assert_eq!(other.stale_staging(time(1)).await.unwrap(), [of]);
        other.discard(of).await.unwrap();
        assert_eq!(store.flip(flip(of, None, 1, 60)).await, Err(StoreError::Stale));
        assert!(store.leaves(of, 0, 10).await.unwrap().is_empty());
        assert!(store.upload_bodies(of, 0, 10).await.unwrap().is_empty());
    }
    assert!(store.plans_after(None, 10).await.unwrap().is_empty());
    assert!(store.orphans().await.unwrap().is_empty());
}
