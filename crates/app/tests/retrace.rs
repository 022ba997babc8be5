//! Demographics is asked again about everybody with a plan, and what it says is followed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod world;

use cpis_app::AppError;
use cpis_app::demographics::{DemographicsFault, RegisterEntry};
use cpis_app::retrace::slice;
use cpis_model::demographics::Demographics as Known;
use cpis_model::upload::Person;
use std::time::Duration;
use world::*;

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
