//! What happens to visits and persons: when it is asked, with which event id, what is shown and withdrawn.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::pedantic, reason = "a panic is how a test fails")]

mod world;

use cpis_app::Clock;
use cpis_gateway::finding::Found;
use cpis_gateway::load::{Loaded, load};
use cpis_gateway::national::Told;
use world::{Adt, World, said};

const CHILD: &str = "9990417008";
const OTHER: &str = "9990417016";
const THIRD: &str = "9990417024";

#[tokio::test]
async fn a_child_arrives_is_asked_about_once_and_the_flag_is_back_until_they_leave() {
    let world = World::new().await;
    world.national.knows(CHILD, "2019-07-22");
    let mut pas = world.sender().await;
    let arrival = Adt::default().text();
    pas.accepted(&arrival).await;
    let shown = world.pas.wait(1).await;
    assert_eq!(said(&shown[0]), ("shown", "L4410021".into(), "AE1".into()));
    // Sent again, and once more with another control id: nothing follows.
    pas.accepted(&arrival).await;
    pas.accepted(&Adt { id: "2", ..Adt::default() }.text()).await;
    pas.accepted(&Adt { event: "A08", id: "3", at: "20260314183100", ..Adt::default() }.text()).await;
    pas.accepted(&Adt { event: "A03", id: "4", at: "20260314203000", ..Adt::default() }.text()).await;
    let all = world.pas.wait(2).await;
    assert_eq!(said(&all[1]), ("withdrawn", "L4410021".into(), "AE1".into()));
    // Back again: shown again, without a question.
    pas.accepted(&Adt { event: "A13", id: "5", at: "20260314203500", ..Adt::default() }.text()).await;
    assert_eq!(said(&world.pas.wait(3).await[2]).0, "shown");
    let asked = world.national.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!((asked[0].number.as_str(), asked[0].site.as_str()), (CHILD, "RR813"));
    assert_eq!(world.unchecked().await, []);
}

#[tokio::test]
async fn a_number_that_comes_later_is_asked_about_at_once() {
    let world = World::new().await;
    world.national.knows(CHILD, "2019-07-22");
    let mut pas = world.sender().await;
    pas.accepted(&Adt { number: None, status: "NSTS03", ..Adt::default() }.text()).await;
    world.wait_unchecked(&[("L4410021", "no-number")]).await;
    pas.accepted(&Adt { event: "A31", id: "2", at: "20260314194452", visit: "", ..Adt::default() }.text()).await;
    assert_eq!(said(&world.pas.wait(1).await[0]).0, "shown");
    assert_eq!(world.national.asked().len(), 1);
    world.wait_unchecked(&[]).await;
}

#[tokio::test]
async fn a_number_that_was_wrong_is_withdrawn_and_the_right_one_asked() {
    let world = World::new().await;
    world.national.knows(CHILD, "2019-07-22");
    world.national.knows(OTHER, "2019-07-22");
    let mut pas = world.sender().await;
    pas.accepted(&Adt::default().text()).await;
    world.pas.wait(1).await;
    pas.accepted(&Adt { event: "A08", id: "2", at: "20260314190000", number: Some(OTHER), ..Adt::default() }.text())
        .await;
    let all = world.pas.wait(3).await;
    assert_eq!([said(&all[1]).0, said(&all[2]).0], ["withdrawn", "shown"]);
    let asked = world.national.asked();
    assert_eq!(asked.len(), 2);
    assert_ne!(asked[0].event, asked[1].event);
}

#[tokio::test]
async fn a_date_of_birth_that_disagrees_shows_nothing() {
    let world = World::new().await;
    world.national.knows(CHILD, "2019-07-22");
    let mut pas = world.sender().await;
    pas.accepted(&Adt { birth: "20190727", ..Adt::default() }.text()).await;
    world.wait_unchecked(&[("L4410021", "mismatch")]).await;
    // Corrected: asked again with the same event id.
    pas.accepted(&Adt { event: "A08", id: "2", at: "20260314190000", ..Adt::default() }.text()).await;
    assert_eq!(said(&world.pas.wait(1).await[0]).0, "shown");
    // Corrected wrongly again: known by now, and withdrawn.
    pas.accepted(&Adt { event: "A08", id: "3", at: "20260314190100", birth: "20190727", ..Adt::default() }.text())
        .await;
    assert_eq!(said(&world.pas.wait(2).await[1]).0, "withdrawn");
    let asked = world.national.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].event, asked[1].event);
}

#[tokio::test]
async fn merges_join_and_go_back_and_withdraw_what_was_under_the_old_identity() {
    let world = World::new().await;
    world.national.knows(CHILD, "2019-07-22");
    let mut pas = world.sender().await;
    let merge = |id: &str, at: &str, into: &str, from: &str| {
        let more = format!("MRG|{from}^^^RR8^MR\r");
        Adt { event: "A40", id, at, local: into, visit: "", more: &more, ..Adt::default() }.text()
    };
    pas.accepted(&Adt { local: "A", ..Adt::default() }.text()).await;
    assert_eq!(said(&world.pas.wait(1).await[0]), ("shown", "A".into(), "AE1".into()));
    pas.accepted(&merge("2", "20260314190000", "B", "A")).await;
    let all = world.pas.wait(3).await;
    assert_eq!(said(&all[1]), ("withdrawn", "A".into(), "AE1".into()));
    assert_eq!(said(&all[2]), ("shown", "B".into(), "AE1".into()));
    pas.accepted(&merge("3", "20260314190100", "C", "B")).await;
    pas.accepted(&merge("4", "20260314190200", "A", "C")).await;
    pas.accepted(&merge("5", "20260314190300", "A", "A")).await;
    let all = world.pas.wait(7).await;
    assert_eq!(said(&all[6]), ("shown", "A".into(), "AE1".into()));
    // A message under an identity that went away still finds the visit, and it ends.
    pas.accepted(&Adt { event: "A03", id: "6", at: "20260314200000", local: "B", ..Adt::default() }.text()).await;
    assert_eq!(said(&world.pas.wait(8).await[7]), ("withdrawn", "A".into(), "AE1".into()));
    assert_eq!(world.national.asked().len(), 1);
}

#[tokio::test]
async fn a_merge_gives_the_open_visit_its_number() {
    let world = World::new().await;
    world.national.knows(THIRD, "2019-07-22");
    let mut pas = world.sender().await;
    pas.accepted(&Adt { local: "NEW", number: None, status: "NSTS03", ..Adt::default() }.text()).await;
    world.wait_unchecked(&[("NEW", "no-number")]).await;
    let merge = Adt {
        event: "A40",
        id: "2",
        at: "20260314190000",
        local: "OLD",
        number: Some(THIRD),
        visit: "",
        more: "MRG|NEW^^^RR8^MR\r",
        ..Adt::default()
    };
    pas.accepted(&merge.text()).await;
    assert_eq!(said(&world.pas.wait(1).await[0]), ("shown", "OLD".into(), "AE1".into()));
}

#[tokio::test]
async fn the_department_and_the_pas_announce_one_attendance() {
    let world = World::new().await;
    world.national.knows(CHILD, "2019-07-22");
    let mut pas = world.sender().await;
    pas.accepted(&Adt::default().text()).await;
    let second =
        Adt { id: "2", visit: "PAS7", local: "P77", at: "20260314183400", started: "20260314183400", ..Adt::default() };
    pas.accepted(&second.text()).await;
    let all = world.pas.wait(2).await;
    let mut visits: Vec<_> = all.iter().map(|message| said(message).2).collect();
    visits.sort();
    assert_eq!(visits, ["AE1", "PAS7"]);
    assert_eq!(world.national.asked().len(), 1);
    // The next day is another attendance.
    world.clock.set("2026-03-15T19:00:00Z");
    let third = Adt { id: "3", visit: "AE2", at: "20260315185000", started: "20260315185000", ..Adt::default() };
    pas.accepted(&third.text()).await;
    world.pas.wait(3).await;
    let asked: Vec<_> = world.national.asked().into_iter().filter(|got| !got.silent).collect();
    assert_eq!(asked.len(), 2);
    assert_ne!(asked[0].event, asked[1].event);
}

#[tokio::test]
async fn an_end_or_a_cancellation_may_come_before_the_beginning() {
    let world = World::new().await;
    world.national.knows(CHILD, "2019-07-22");
    world.national.knows(OTHER, "2019-07-22");
    let mut pas = world.sender().await;
    // Left before we heard of the arrival: asked, so that the authority is told, and not shown.
    pas.accepted(&Adt { event: "A03", id: "1", at: "20260314183100", ..Adt::default() }.text()).await;
    pas.accepted(&Adt { id: "2", ..Adt::default() }.text()).await;
    world.national.wait_asked(1).await;
    // Cancelled before we heard of it: not asked.
    let cancelled = Adt { visit: "AE9", local: "L9", number: Some(OTHER), ..Adt::default() };
    pas.accepted(&Adt { event: "A11", id: "3", at: "20260314183200", ..cancelled }.text()).await;
    let cancelled = Adt { visit: "AE9", local: "L9", number: Some(OTHER), ..Adt::default() };
    pas.accepted(&Adt { id: "4", ..cancelled }.text()).await;
    world.wait_unchecked(&[]).await;
    assert_eq!(world.national.asked().len(), 1);
    assert_eq!(world.pas.got.borrow().len(), 0);
}

#[tokio::test]
async fn old_and_future_visits_are_listed_and_not_asked_about() {
    let world = World::new().await;
    let mut pas = world.sender().await;
    pas.accepted(&Adt { at: "20260311183000", started: "20260311183000", ..Adt::default() }.text()).await;
    let future =
        Adt { id: "2", visit: "AE2", local: "L2", number: Some(OTHER), started: "20260314220000", ..Adt::default() };
    pas.accepted(&future.text()).await;
    world.wait_unchecked(&[("L2", "future"), ("L4410021", "too-old")]).await;
    assert_eq!(world.national.asked(), []);
    // Its time has come.
    world.clock.set("2026-03-14T21:30:00Z");
    world.store.look_again("2026-03-14T21:30:00Z".parse().unwrap()).await.unwrap();
    pas.accepted(
        &Adt {
            event: "A08",
            id: "3",
            visit: "AE2",
            local: "L2",
            number: Some(OTHER),
            at: "20260314213000",
            ..Adt::default()
        }
        .text(),
    )
    .await;
    world.national.wait_asked(1).await;
    world.wait_unchecked(&[("L4410021", "too-old")]).await;
}

#[tokio::test]
async fn nothing_is_kept_of_others() {
    let world = World::new().await;
    let mut pas = world.sender().await;
    pas.accepted(&Adt { birth: "19800101", ..Adt::default() }.text()).await;
    pas.accepted(&Adt { event: "A28", id: "2", visit: "", ..Adt::default() }.text()).await;
    pas.accepted(&Adt { event: "A31", id: "3", visit: "", ..Adt::default() }.text()).await;
    pas.accepted(&Adt { event: "A08", id: "4", visit: "X", birth: "19800101", ..Adt::default() }.text()).await;
    let status = world.store.status().await.unwrap();
    assert_eq!((status.open, status.asks.0), (0, 0));
    assert_eq!(world.store.rows().await.unwrap(), 0);
}

#[tokio::test]
async fn a_visit_gets_another_number_and_stays_one_attendance() {
    let world = World::new().await;
    world.national.knows(CHILD, "2019-07-22");
    let mut pas = world.sender().await;
    pas.accepted(&Adt::default().text()).await;
    world.pas.wait(1).await;
    let moved = Adt {
        event: "A45",
        id: "2",
        at: "20260314190000",
        visit: "AE5",
        more: "MRG|L4410021^^^RR8^MR||||AE1^^^RR8AE^VN\r",
        ..Adt::default()
    };
    pas.accepted(&moved.text()).await;
    pas.accepted(&Adt { event: "A03", id: "3", at: "20260314200000", visit: "AE5", ..Adt::default() }.text()).await;
    let all = world.pas.wait(2).await;
    assert_eq!(said(&all[1]), ("withdrawn", "L4410021".into(), "AE5".into()));
    assert_eq!(world.national.asked().len(), 1);
}

#[tokio::test]
async fn a_number_is_found_by_name_only_where_one_person_fits() {
    let world = World::new().await;
    world.national.knows(CHILD, "2019-07-22");
    world.finder.known.lock().unwrap().insert("TESTCHILD".into(), Found::One(CHILD.parse().unwrap()));
    let mut pas = world.sender().await;
    let without = |local, visit, id, more| {
        let message = Adt { number: None, status: "NSTS03", local, visit, id, ..Adt::default() }.text();
        message.replace("TESTCHILD", more)
    };
    pas.accepted(&without("L1", "AE1", "1", "TESTCHILD")).await;
    assert_eq!(said(&world.pas.wait(1).await[0]), ("shown", "L1".into(), "AE1".into()));
    // Nobody fits: listed, and not looked for again under the same details. Of the unknown nobody is looked for.
    pas.accepted(&without("L2", "AE2", "2", "NOBODY")).await;
    pas.accepted(&without("L2", "AE2", "3", "NOBODY")).await;
    pas.accepted(&without("L3", "AE3", "4", "TESTCHILD").replace("||NSTS03", "|Y|NSTS03")).await;
    world.wait_unchecked(&[("L2", "no-number"), ("L3", "no-number")]).await;
    let looked = async {
        while world.finder.asked.lock().unwrap().len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(world::PATIENCE, looked).await.unwrap();
    // The hospital finds another number: theirs counts.
    world.national.knows(OTHER, "2019-07-22");
    pas.accepted(
        &Adt {
            event: "A31",
            id: "5",
            at: "20260314190000",
            local: "L1",
            visit: "",
            number: Some(OTHER),
            ..Adt::default()
        }
        .text(),
    )
    .await;
    let all = world.pas.wait(3).await;
    assert_eq!([said(&all[1]).0, said(&all[2]).0], ["withdrawn", "shown"]);
    assert_eq!(*world.finder.asked.lock().unwrap(), ["TESTCHILD", "NOBODY"]);
}

#[tokio::test]
async fn a_flag_whose_record_ends_while_the_patient_stays_is_withdrawn_and_nobody_is_told() {
    let world = World::new().await;
    world.national.knows(CHILD, "2019-07-22");
    let mut pas = world.sender().await;
    pas.accepted(&Adt::default().text()).await;
    world.pas.wait(1).await;
    // It stands after a day: looked at again, silently, under an event of its own. Once is enough for another day.
    world.clock.set("2026-03-15T19:00:00Z");
    let asked = world.national.wait_asked(2).await;
    assert!(!asked[0].silent && asked[1].silent && asked[0].event != asked[1].event);
    // The national service away: what is shown stands.
    world.national.is_away(Some(Told::Away(None)));
    world.clock.set("2026-03-16T20:00:00Z");
    let away = world.national.wait_asked(4).await;
    assert!(away[2] == away[3] && away[2].silent, "the same question again");
    assert_eq!(world.pas.got.borrow().len(), 1);
    world.national.forgets(CHILD);
    world.national.is_away(None);
    assert_eq!(said(&world.pas.wait(2).await[1]), ("withdrawn", "L4410021".into(), "AE1".into()));
    // It is not asked about any more, and checked all the same.
    let count = world.national.asked().len();
    world.clock.set("2026-03-20T20:00:00Z");
    pas.accepted(&Adt { event: "A08", id: "2", at: "20260320200000", ..Adt::default() }.text()).await;
    world.wait_answered().await;
    assert_eq!((world.national.asked().len(), world.unchecked().await), (count, vec![]));
}

#[tokio::test]
async fn what_is_loaded_from_a_file_tells_nobody_unless_that_is_asked_for() {
    let world = World::new().await;
    for number in [CHILD, OTHER, THIRD] {
        world.national.knows(number, "2019-07-22");
    }
    let of = |id: &str, visit: &str, local: &str, number| {
        Adt { id, visit, local, number: Some(number), ..Adt::default() }.text().into_bytes()
    };
    let load =
        async |message: Vec<u8>, silent| load(&world.store, "pas", message, silent, world.clock.now()).await.unwrap();
    assert_eq!(load(of("1", "AE1", "L1", CHILD), true).await, Loaded::Applied);
    assert_eq!(load(of("2", "AE2", "L2", OTHER), false).await, Loaded::Applied);
    assert_eq!(load(of("1", "AE1", "L1", CHILD), true).await, Loaded::Again);
    let adult = Adt { id: "3", visit: "AE3", local: "L3", birth: "19700101", ..Adt::default() }.text();
    assert_eq!(load(adult.into_bytes(), true).await, Loaded::Dropped);
    assert_eq!(load(b"BHS|".to_vec(), true).await, Loaded::Rejected);
    // The feed itself goes on as ever.
    let mut pas = world.sender().await;
    pas.accepted(&String::from_utf8(of("4", "AE4", "L4", THIRD)).unwrap()).await;
    world.pas.wait(3).await;
    let mut asked: Vec<_> = world.national.asked().into_iter().map(|got| (got.number, got.silent)).collect();
    asked.sort();
    assert_eq!(asked, [(CHILD.to_owned(), true), (OTHER.to_owned(), false), (THIRD.to_owned(), false)]);
}

#[tokio::test]
async fn a_service_that_takes_no_silent_reads_leaves_flags_and_questions_as_they_are() {
    let world = World::new().await;
    for number in [CHILD, OTHER] {
        world.national.knows(number, "2019-07-22");
    }
    let mut pas = world.sender().await;
    pas.accepted(&Adt::default().text()).await;
    world.pas.wait(1).await;
    world.national.answers(CHILD, Told::Refused);
    world.clock.set("2026-03-15T19:00:00Z");
    world.national.wait_asked(2).await;
    let other = Adt { id: "2", visit: "AE2", local: "L2", number: Some(OTHER), at: "20260315185900", ..Adt::default() };
    pas.accepted(&Adt { started: "20260315185900", ..other }.text()).await;
    assert_eq!(said(&world.pas.wait(2).await[1]), ("shown", "L2".into(), "AE2".into()));
    assert_eq!((world.gateway.reach().hindered, world.unchecked().await), (None, vec![]));
    let again = world.national.asked().iter().filter(|got| got.silent).count();
    assert_eq!((again, world.pas.got.borrow().len()), (1, 2), "it is left alone, and stands");
}
