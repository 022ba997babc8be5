//! Demographics is asked again about everybody with a plan, and what it says is followed.

use crate::world::*;
use cpis_app::AppError;
use cpis_app::demographics::{DemographicsFault, RegisterEntry};
use cpis_app::retrace::slice;
use cpis_model::demographics::Demographics as Known;
use cpis_model::plan::PlanKind;
use cpis_model::upload::{Person, Record};
use std::time::Duration;

const DAYS: i64 = 7;

fn known(person: &Person, restricted: bool, deceased: bool) -> RegisterEntry {
    let known = Known { name: person.name.clone(), birth: person.birth, restricted, deceased, sex: None };
    RegisterEntry { number: person.number, person: Some(known), superseded_by: None }
}

fn gone(person: &Person) -> RegisterEntry {
    RegisterEntry { number: person.number, person: None, superseded_by: None }
}

/// A whole round, and for how many people something changed.
async fn round(world: &World) -> usize {
    let mut changed = 0;
    loop {
        let done = slice(&world.service, DAYS).await.unwrap();
        changed += done.changed;
        if done.is_done {
            return changed;
        }
    }
}

async fn kinds(world: &World) -> Vec<&'static str> {
    world.apply().await;
    let page = cpis_app::notices::notices(&world.service, social_worker(CAMDEN), 0, 100).await.unwrap();
    page.notices.iter().filter_map(|notice| Some(notice.report.as_ref()?.kind.code())).collect()
}

async fn with_people(count: u64) -> (World, Vec<Person>) {
    let world = World::new().await;
    let people: Vec<Person> = (1..=count).map(|n| child(999_000_001 + n * 100)).collect();
    let records: Vec<_> = people.iter().enumerate().map(|(n, person)| cpp(n as u32 + 1, person.clone())).collect();
    world.has_plans(CAMDEN, 1, &records).await;
    // The first round begins after some days: everybody was asked about just now.
    assert_eq!(round(&world).await, 0);
    (world, people)
}

#[tokio::test]
async fn changes_are_followed_and_told_once() {
    let (world, people) = with_people(6).await;
    let surviving = number(999_500_000);
    world.register(RegisterEntry { number: people[0].number, person: None, superseded_by: Some(surviving) }).await;
    world.register(gone(&people[1])).await;
    world.register(known(&people[2], true, false)).await;
    world.register(known(&people[3], false, true)).await;
    assert_eq!(round(&world).await, 0, "not due yet");
    world.clock.forward(DAYS * 24 * 60);
    assert_eq!(round(&world).await, 4);
    let nurse = clinician("u1");
    let shown = async |number| world.look(&nurse, number).await.len();
    let [merged, withdrawn, restricted, deceased, same] = [0, 1, 2, 3, 4].map(|n: usize| people[n].number);
    assert_eq!([shown(merged).await, shown(surviving).await], [1, 1], "both numbers find the record for a year");
    assert_eq!(
        [shown(withdrawn).await, shown(restricted).await, shown(deceased).await, shown(same).await],
        [0, 0, 0, 1]
    );
    let told = ["number-replaced", "number-withdrawn", "restricted", "deceased"];
    let mut found = kinds(&world).await;
    found.sort_unstable();
    let mut expected = told.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected);
    // The next round finds nothing new, and what is over is shown again.
    world.clock.forward(DAYS * 24 * 60);
    assert_eq!(round(&world).await, 0);
    world.register(known(&people[2], false, false)).await;
    world.clock.forward(DAYS * 24 * 60);
    assert_eq!(round(&world).await, 1);
    assert_eq!(shown(restricted).await, 1);
    assert_eq!(kinds(&world).await.last(), Some(&"shown-again"));
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn demographics_that_knows_nobody_any_more_hides_nobody() {
    let (world, people) = with_people(8).await;
    for person in &people[..6] {
        world.register(gone(person)).await;
    }
    world.register(known(&people[6], true, false)).await;
    world.clock.forward(DAYS * 24 * 60);
    assert_eq!(round(&world).await, 1, "what it does know is followed");
    assert_eq!(world.look(&clinician("u1"), people[0].number).await.len(), 1);
    assert_eq!(kinds(&world).await, ["restricted"]);
}

#[tokio::test]
async fn a_round_goes_on_where_demographics_left_it() {
    let (world, people) = with_people(2).await;
    world.register(known(&people[0], true, false)).await;
    world.clock.forward(DAYS * 24 * 60);
    world.demographics.fails(Some(DemographicsFault::Away(Duration::from_mins(1))));
    assert_eq!(slice(&world.service, DAYS).await, Err(AppError::Unavailable { retry_after: 60 }));
    assert_eq!(world.look(&clinician("u1"), people[0].number).await.len(), 1);
    world.demographics.fails(None);
    assert_eq!(round(&world).await, 1);
}

#[tokio::test]
async fn a_number_that_replaced_another_is_asked_about_too_and_may_be_replaced_itself() {
    let (world, people) = with_people(2).await;
    let nurse = clinician("u1");
    let shown = async |number| world.look(&nurse, number).await.len();
    let [first, second, third] = [people[0].number, number(999_500_000), number(999_600_000)];
    let replaced = |old, new| RegisterEntry { number: old, person: None, superseded_by: Some(new) };
    let robin = |number| RegisterEntry { number, ..known(&people[0], false, false) };
    world.register(replaced(first, second)).await;
    world.register(robin(second)).await;
    world.clock.forward(DAYS * 24 * 60);
    assert_eq!(round(&world).await, 1);
    // The second number is restricted, and shown again.
    for (is_restricted, expected) in [(true, 0), (false, 1)] {
        let entry = RegisterEntry { number: second, ..known(&people[0], is_restricted, false) };
        world.register(entry).await;
        world.clock.forward(DAYS * 24 * 60);
        assert_eq!(round(&world).await, 1);
        assert_eq!([shown(first).await, shown(second).await], [expected, expected]);
    }
    // And then it is replaced.
    world.register(replaced(second, third)).await;
    world.register(robin(third)).await;
    world.clock.forward(DAYS * 24 * 60);
    assert_eq!(round(&world).await, 1);
    assert_eq!([shown(first).await, shown(second).await, shown(third).await], [1, 1, 1]);
    world.clock.forward(DAYS * 24 * 60);
    assert_eq!(round(&world).await, 0, "it is news once");
    assert!(world.verify().await.is_clean());
    // Each old number ends a year after it was replaced; the last one does not.
    world.clock.forward((366 - DAYS) * 24 * 60);
    assert_eq!([shown(first).await, shown(second).await, shown(third).await], [0, 0, 1]);
    // A register that has forgotten it, and not that it replaced another, withdraws nothing; one that knows neither does.
    let nobody = |number| RegisterEntry { number, person: None, superseded_by: None };
    world.register(nobody(third)).await;
    assert_eq!(round(&world).await, 0);
    assert_eq!(shown(third).await, 1);
    world.register(nobody(first)).await;
    world.clock.forward(DAYS * 24 * 60);
    assert_eq!(round(&world).await, 1);
    assert_eq!(shown(third).await, 0);
    let told = kinds(&world).await;
    let expected = ["number-replaced", "restricted", "shown-again", "number-replaced", "number-withdrawn"];
    assert_eq!(told, expected);
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn who_is_18_leaves_view_and_their_authority_is_told_but_an_unborn_childs_plan_stays() {
    let world = World::new().await;
    let nurse = clinician("u1");
    let born = |nine, birth: &str| Person { birth: day(birth), ..child(nine) };
    // Robin turns 18 in three days; Kim is 18 by what demographics has learnt since; Alex is a mother with plans of her own.
    let (robin, kim, alex) =
        (born(999_000_101, "2008-11-25"), born(999_000_201, "2010-05-05"), born(999_000_301, "2008-11-25"));
    let unborn = record(4, alex.clone(), plan(PlanKind::Unborn, "2026-10-01", "2027-01-10", ""));
    let plans = [cpp(1, robin.clone()), cpp(2, kim.clone()), cpp(3, alex.clone())];
    world.has_plans(CAMDEN, 1, &plans).await;
    world.has_plans(CITY, 1, &[Record { position: 1, ..unborn }]).await;
    assert_eq!(round(&world).await, 0);
    let grown = Person { birth: day("2005-05-05"), ..kim.clone() };
    world.register(known(&grown, false, false)).await;
    let shown = async |person: &Person| world.look(&nurse, person.number).await;
    assert_eq!(shown(&kim).await, ["702 CPP"]);
    world.clock.forward(DAYS * 24 * 60);
    assert_eq!(round(&world).await, 3);
    assert_eq!([shown(&robin).await.len(), shown(&kim).await.len()], [0, 0]);
    assert_eq!(shown(&alex).await, ["714 UCPP"], "a mother has no age limit");
    assert_eq!(kinds(&world).await, ["adult", "adult", "adult"], "the authority of the child's plans");
    let page = cpis_app::notices::notices(&world.service, social_worker(CITY), 0, 100).await.unwrap();
    assert!(page.notices.iter().all(|notice| notice.report.is_none()), "the other one has nothing to do");
    // A date of birth that was wrong is mended there, and found again.
    world.register(known(&kim, false, false)).await;
    world.clock.forward(DAYS * 24 * 60);
    assert_eq!(round(&world).await, 1);
    assert_eq!(shown(&kim).await, ["702 CPP"]);
    world.clock.forward(DAYS * 24 * 60);
    assert_eq!(round(&world).await, 0);
    assert!(world.verify().await.is_clean());
}
