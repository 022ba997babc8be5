//! The national service away, the hospital's system away, the gateway away, the disk full: nothing is lost and nothing doubled.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::pedantic, reason = "a panic is how a test fails")]

mod world;

use cpis_app::{Clock, SystemEntropy};
use cpis_gateway::national::Told;
use cpis_gateway::{Rules, Store, StoreError, Vault};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use world::{Adt, World, said};

const CHILD: &str = "9990417008";
const OTHER: &str = "9990417016";
const THIRD: &str = "9990417024";

#[tokio::test]
async fn what_waits_is_asked_in_order_once_the_service_is_back_and_late_flags_say_so() {
    let world = World::new().await;
    world.national.is_away(Some(Told::Away(None)));
    for number in [CHILD, OTHER, THIRD] {
        world.national.knows(number, "2019-07-22");
    }
    let mut pas = world.sender().await;
    for (n, number) in [CHILD, OTHER, THIRD].into_iter().enumerate() {
        let (id, visit, local) = (format!("{n}"), format!("AE{n}"), format!("L{n}"));
        let arrival = Adt { id: &id, visit: &visit, local: &local, number: Some(number), ..Adt::default() };
        pas.accepted(&arrival.text()).await;
    }
    world.wait_unchecked_reasons(&["away", "away", "away"]).await;
    let (since, _) = world.gateway.reach().hindered.unwrap();
    assert_eq!(since, world::NOW.parse().unwrap());
    let world = world.again().await;
    world.clock.set("2026-03-14T19:32:06Z");
    world.national.got.send_replace(Vec::new());
    world.national.is_away(None);
    let shown = world.pas.wait(3).await;
    assert!(shown.iter().all(|message| message.contains("found late") && said(message).0 == "shown"));
    world.wait_unchecked(&[]).await;
    let status = world.store.status().await.unwrap();
    assert_eq!((status.flags.shown, status.flags.late), (3, 3));
    assert_eq!(world.gateway.reach().hindered, None);
}

#[tokio::test]
async fn an_outage_of_days_tells_nobody_of_old_visits() {
    let world = World::new().await;
    world.national.is_away(Some(Told::Away(None)));
    let mut pas = world.sender().await;
    pas.accepted(&Adt::default().text()).await;
    world.wait_unchecked_reasons(&["away"]).await;
    world.clock.set("2026-03-17T18:33:00Z");
    world.wait_unchecked_reasons(&["too-old"]).await;
    world.national.is_away(None);
    world.wait_answered().await;
    world.wait_unchecked_reasons(&["too-old"]).await;
}

#[tokio::test]
async fn one_question_that_is_refused_does_not_hold_up_others() {
    let world = World::new().await;
    world.national.knows(OTHER, "2019-07-22");
    world.national.answers(CHILD, Told::Refused);
    world.national.answers(THIRD, Told::Invalid);
    let mut pas = world.sender().await;
    for (n, number) in [CHILD, THIRD, OTHER].into_iter().enumerate() {
        let (id, visit, local) = (format!("{n}"), format!("AE{n}"), format!("L{n}"));
        let arrival = Adt { id: &id, visit: &visit, local: &local, number: Some(number), ..Adt::default() };
        pas.accepted(&arrival.text()).await;
    }
    assert_eq!(said(&world.pas.wait(1).await[0]).1, "L2");
    world.wait_unchecked(&[("L0", "refused"), ("L1", "invalid")]).await;
    world.national.answers(CHILD, Told::NoRecord);
    world.wait_unchecked(&[("L1", "invalid")]).await;
}

#[tokio::test]
async fn an_error_is_sent_again_a_rejection_goes_to_the_list_and_the_next_is_not_held_up() {
    let world = World::new().await;
    world.national.knows(CHILD, "2019-07-22");
    world.national.knows(OTHER, "2019-07-22");
    world.pas.answers("AE");
    let mut pas = world.sender().await;
    pas.accepted(&Adt::default().text()).await;
    let tried = world.pas.wait(3).await;
    assert!(tried[0] == tried[1] && tried[1] == tried[2], "the same message with the same control id");
    world.pas.answers("AR");
    world.wait_notes(&["flag-rejected"]).await;
    world.pas.answers("AA");
    let next = Adt { id: "2", visit: "AE2", local: "L2", number: Some(OTHER), ..Adt::default() };
    pas.accepted(&next.text()).await;
    let until = async {
        let mut got = world.pas.got.subscribe();
        got.wait_for(|all| all.iter().any(|message| said(message).1 == "L2")).await.unwrap();
    };
    tokio::time::timeout(world::PATIENCE, until).await.unwrap();
}

#[tokio::test]
async fn a_restart_loses_and_doubles_nothing() {
    let mut world = World::new().await;
    world.national.knows(CHILD, "2019-07-22");
    world.sender().await.accepted(&Adt::default().text()).await;
    world.pas.wait(1).await;
    world = world.again().await;
    // The PAS sends again what it is not sure of.
    let mut pas = world.sender().await;
    pas.accepted(&Adt::default().text()).await;
    pas.accepted(&Adt { event: "A03", id: "2", at: "20260314190000", ..Adt::default() }.text()).await;
    let all = world.pas.wait(2).await;
    assert_eq!([said(&all[0]).0, said(&all[1]).0], ["shown", "withdrawn"]);
    assert_eq!(world.national.asked().len(), 1);
}

#[tokio::test]
async fn a_full_disk_is_an_error_for_what_must_be_stored_and_passes() {
    let world = World::new().await;
    let mut pas = world.sender().await;
    pas.accepted(&Adt::default().text()).await;
    world.store.limit_pages(Some(1)).await.unwrap();
    let mut refused = false;
    for n in 0..40 {
        let (id, visit, local) = (format!("F{n}"), format!("FE{n}"), format!("FL{n}"));
        let (code, _) =
            pas.send(&Adt { id: &id, visit: &visit, local: &local, number: None, ..Adt::default() }.text()).await;
        assert!(code == "AA" || code == "AE", "{code}");
        refused |= code == "AE";
    }
    assert!(refused);
    // What needs no storing is taken all the same.
    pas.accepted(&Adt { id: "adult", visit: "X", local: "X", birth: "19700101", ..Adt::default() }.text()).await;
    world.store.limit_pages(None).await.unwrap();
    for n in 0..40 {
        let (id, visit, local) = (format!("F{n}"), format!("FE{n}"), format!("FL{n}"));
        pas.accepted(&Adt { id: &id, visit: &visit, local: &local, number: None, ..Adt::default() }.text()).await;
    }
    assert_eq!(world.store.status().await.unwrap().open, 41);
}

#[tokio::test]
async fn a_stolen_file_names_nobody_and_opens_with_its_key_alone() {
    let world = World::new().await;
    world.national.knows(CHILD, "2019-07-22");
    let mut pas = world.sender().await;
    pas.accepted(&Adt { local: "LOCAL4410021", visit: "VISIT771", ..Adt::default() }.text()).await;
    world.pas.wait(1).await;
    let World { folder, store, gateway, key, .. } = world;
    drop(store);
    gateway.stop(world::PATIENCE).await;
    let mut found = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        found += bytes.len();
        for secret in ["LOCAL4410021", "VISIT771", CHILD, "TESTCHILD", "SAMUEL", "20190722", "2019-07-22", "PAEDS"] {
            let secret = secret.as_bytes();
            assert!(!bytes.windows(secret.len()).any(|part| part == secret), "{}", String::from_utf8_lossy(secret));
        }
    }
    assert!(found > 10_000);
    let entropy = || SystemEntropy::new().unwrap();
    let path = folder.path().join("gateway.sqlite");
    let other = Vault::parse(&Vault::new_text(&entropy()), entropy()).unwrap();
    assert_eq!(Store::open(&path, other, Rules::default()).err(), Some(StoreError::Key));
    let right = Vault::parse(&key, entropy()).unwrap();
    let store = Store::open(&path, right, Rules::default()).unwrap();
    let again = Vault::parse(&key, entropy()).unwrap();
    assert!(matches!(Store::open(&path, again, Rules::default()), Err(StoreError::Away(_))), "one gateway a file");
    // Kept for days and no longer.
    let keep = cpis_gateway::store::Keep::default();
    store.purge(keep, "2026-03-20T00:00:00Z".parse().unwrap()).await.unwrap();
    assert!(store.rows().await.unwrap() > 0);
    store.purge(keep, "2028-01-01T00:00:00Z".parse().unwrap()).await.unwrap();
    assert_eq!(store.rows().await.unwrap(), 0);
}

#[tokio::test]
async fn an_earlier_answer_that_information_is_held_stands_beside_who_is_not_checked_with_its_age() {
    let world = World::new().await;
    world.national.knows(CHILD, "2019-07-22");
    let mut pas = world.sender().await;
    let second = |id, visit, local, number| {
        let (at, started) = ("20260314234000", "20260314234000");
        Adt { id, at, started, visit, local, number: Some(number), ..Adt::default() }.text()
    };
    pas.accepted(&Adt::default().text()).await;
    pas.accepted(&Adt { id: "2", visit: "AE2", local: "L2", number: Some(OTHER), ..Adt::default() }.text()).await;
    world.pas.wait(1).await;
    world.wait_answered().await;
    world.national.is_away(Some(Told::Away(None)));
    world.clock.set("2026-03-14T23:45:00Z");
    pas.accepted(&second("3", "AE3", "L4410021", CHILD)).await;
    pas.accepted(&second("4", "AE4", "L2", OTHER)).await;
    world.wait_unchecked_reasons(&["away", "away"]).await;
    let record_at = async || {
        let mut rows = world.store.unchecked(world.clock.now()).await.unwrap();
        rows.sort_by(|one, other| one.local.cmp(&other.local));
        rows.into_iter().map(|row| row.record_at.map(|at| at.to_string())).collect::<Vec<_>>()
    };
    // That nothing was held is never said so.
    assert_eq!(record_at().await, [None, Some(world::NOW.to_owned())]);
    let page = async |path: &str| {
        let mut stream = tokio::net::TcpStream::connect(world.page).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nAuthorization: Bearer open sesame\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    assert!(page("/full").await.contains("At 18:32, 5 hours ago, information was held. It may have changed since"));
    assert!(!page("/").await.contains("information was held"));
    world.clock.set("2026-03-15T06:33:00Z");
    assert_eq!(record_at().await, [None, None], "it is remembered for twelve hours");
}

#[tokio::test]
async fn a_file_of_the_version_before_is_taken_over() {
    let folder = world::folder();
    let path = folder.path().join("gateway.sqlite");
    let entropy = || SystemEntropy::new().unwrap();
    let key = Vault::new_text(&entropy());
    let open = || Store::open(&path, Vault::parse(&key, entropy()).unwrap(), Rules::default());
    open().unwrap().close().await;
    let before =
        "ALTER TABLE ask DROP COLUMN silent; DROP INDEX ask_found; DROP INDEX ask_number; PRAGMA user_version = 1";
    rusqlite::Connection::open(&path).unwrap().execute_batch(before).unwrap();
    for _ in 0..2 {
        let store = open().unwrap();
        assert_eq!(store.asks_due(1, Vec::new(), world::NOW.parse().unwrap()).await.unwrap().len(), 0);
        store.close().await;
    }
    rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 3").unwrap();
    assert_eq!(open().err(), Some(StoreError::Schema(3)));
}
