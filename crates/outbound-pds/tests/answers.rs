//! Every answer of PDS over real HTTP, and what the port makes of it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod world;

use cpis_app::demographics::{Demographics as _, Matches, Search};
use cpis_model::demographics::{Demographics, Sex, Trace};
use cpis_model::name::PersonName;
use cpis_testkit::pds::{Entry, Security, Somebody};
use world::*;

fn known() -> Demographics {
    Demographics {
        name: PersonName::new("Robin Alex", "Testcase"),
        birth: "2017-04-04".parse().unwrap(),
        restricted: false,
        deceased: false,
        sex: Some(Sex::Female),
    }
}

#[tokio::test]
async fn each_number_of_a_file_is_answered_in_its_place() {
    let world = World::new().await;
    let numbers: Vec<_> = (0..12).map(|n| number(999_000_001 + 100 * n)).collect();
    let person = |change: fn(&mut Somebody)| {
        let mut person = robin();
        change(&mut person);
        Entry::Person(person)
    };
    for (n, entry) in [
        (0, person(|_| {})),
        (1, person(|robin| robin.security = Security::Restricted)),
        (2, person(|robin| robin.security = Security::VeryRestricted)),
        (3, person(|robin| robin.security = Security::Redacted)),
        (4, person(|robin| robin.died = Some("2026-10-22".parse().unwrap()))),
        (5, Entry::Superseded(numbers[0])),
        (6, Entry::Invalidated),
        (8, person(|robin| robin.birth = "2017".to_owned())),
        (9, person(|robin| (robin.given, robin.family) = Default::default())),
        (10, Entry::Superseded(numbers[5])),
        (
            11,
            person(|robin| {
                robin.birth = String::new();
                robin.security = Security::Restricted;
            }),
        ),
    ] {
        world.server.put(numbers[n], entry);
    }
    let restricted = Trace::Found(Demographics { restricted: true, ..known() });
    let traced = world.pds.trace(&numbers).await.unwrap();
    assert_eq!(
        traced,
        [
            Trace::Found(known()),
            restricted.clone(),
            restricted.clone(),
            restricted,
            Trace::Found(Demographics { deceased: true, ..known() }),
            Trace::Superseded(numbers[0]),
            Trace::Unknown,
            Trace::Unknown,
            Trace::Incomplete { restricted: false },
            Trace::Incomplete { restricted: false },
            Trace::Superseded(numbers[0]),
            Trace::Incomplete { restricted: true },
        ]
    );
    assert_eq!((world.server.answers("token 200"), world.server.answers("read 404")), (1, 2), "one token for all");
    assert!(world.pds.trace(&[]).await.unwrap().is_empty());
}

fn search(family: &str, sex: Sex) -> Search {
    Search { family: family.to_owned(), birth: "2017-04-04".parse().unwrap(), sex }
}

#[tokio::test]
async fn a_search_finds_one_nobody_or_too_many() {
    let world = World::new().await;
    let (one, other) = (number(999_000_001), number(999_000_101));
    world.knows(one);
    let found = |number, sex| Matches::People(vec![(number, Demographics { sex, ..known() })]);
    let nobody = Matches::People(Vec::new());
    assert_eq!(world.pds.search(&search("testcase", Sex::Female)).await.unwrap(), found(one, Some(Sex::Female)));
    assert_eq!(world.pds.search(&search("Testcase", Sex::Male)).await.unwrap(), nobody, "another sex is known");
    assert_eq!(world.pds.search(&search("O'Nobody & Sons", Sex::Male)).await.unwrap(), nobody);
    assert_eq!(world.pds.search(&search("Te*", Sex::Female)).await.unwrap(), nobody, "a star is no letter");

    // Somebody whose sex is not known is found, whatever was asked for.
    world.server.put(one, Entry::Person(Somebody { gender: "unknown", ..robin() }));
    assert_eq!(world.pds.search(&search("Testcase", Sex::Male)).await.unwrap(), found(one, None));
    world.knows(one);
    world.knows(other);
    assert_eq!(world.pds.search(&search("Testcase", Sex::Female)).await.unwrap(), Matches::TooMany);
    // A restricted person is found as one, and says so.
    world.server.put(other, Entry::Invalidated);
    world.server.put(one, Entry::Person(Somebody { security: Security::Restricted, ..robin() }));
    let Matches::People(people) = world.pds.search(&search("Testcase", Sex::Female)).await.unwrap() else { panic!() };
    assert!(people[0].1.restricted);
}

#[tokio::test]
async fn each_request_has_an_id_of_its_own() {
    let world = World::new().await;
    let numbers: Vec<_> = (0..20).map(|n| number(999_000_001 + 100 * n)).collect();
    world.pds.trace(&numbers).await.unwrap();
    let mut ids = world.server.request_ids();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 20);
}
