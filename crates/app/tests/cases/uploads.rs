//! Uploads through the use case: sequence, partial acceptance, demographics, held files.

use crate::world::*;
use cpis_app::Clock;
use cpis_app::demographics::{DemographicsFault, RegisterEntry};
use cpis_app::upload::{Received, Skipped, Waiting, process_waiting};
use cpis_model::demographics::Demographics as Known;
use cpis_model::name::PersonName;
use cpis_model::plan::PlanKind;
use cpis_model::upload::{Person, Record};
use std::sync::atomic::Ordering;
use std::time::Duration;

fn codes(ack: &cpis_model::upload::Acknowledgement) -> Vec<String> {
    ack.rejections
        .iter()
        .map(|rejection| {
            let detail = rejection.detail.map_or("", cpis_model::codes::Detail::code);
            format!("{} {}{detail}", rejection.position, rejection.code.code())
        })
        .collect()
}

/// Files that come while demographics is away, the first one too, take effect in the order of their numbers.
#[tokio::test]
async fn files_that_wait_for_demographics_keep_their_order() {
    for first in [1, 7] {
        let world = World::new().await;
        let people: Vec<Person> = (0..4).map(|n| child(999_000_001 + n * 100)).collect();
        world.knows(&people).await;
        let send = async |n: usize| {
            let records = [cpp(1, people[n].clone())];
            world.upload(CAMDEN, first + n as u64, &records).await.code.code().to_owned()
        };
        if first == 1 {
            assert_eq!(send(0).await, "CPF02");
        }
        let from = usize::from(first == 1);
        world.demographics.fails(Some(DemographicsFault::Away(Duration::ZERO)));
        for n in from..4 {
            assert_eq!(send(n).await, "CPF05", "{n}");
        }
        // One that is sent again keeps its place, and is not the next for that.
        assert_eq!(send(2).await, "CPF05");
        let state = world.service.store.upload_state(authority(CAMDEN)).await.unwrap();
        assert_eq!(state.waiting.len(), 4 - from);
        assert_eq!(state.missing_before(first + 9), state.last.map(|_| first + 4));
        world.demographics.fails(None);
        // The next file takes what waits along.
        let last = child(999_000_901);
        world.knows(std::slice::from_ref(&last)).await;
        let ack = world.upload(CAMDEN, first + 4, &[cpp(1, last)]).await;
        assert_eq!(ack.code.code(), "CPF02");
        let state = world.service.store.upload_state(authority(CAMDEN)).await.unwrap();
        assert_eq!((state.last, state.waiting), (Some(first + 4), Vec::new()));
    }
}

#[tokio::test]
async fn valid_records_take_effect_and_others_come_back_with_their_place() {
    let world = World::new().await;
    let known = |person: &Person, restricted, deceased| RegisterEntry {
        number: person.number,
        person: Some(Known { name: person.name.clone(), birth: person.birth, restricted, deceased, sex: None }),
        superseded_by: None,
    };
    let people: Vec<Person> = (0..8).map(|n| child(999_000_001 + n * 100)).collect();
    world.register(known(&people[0], false, false)).await;
    world.register(known(&people[2], true, false)).await;
    world.register(known(&people[3], false, true)).await;
    world
        .register(RegisterEntry { number: people[4].number, person: None, superseded_by: Some(number(999_400_000)) })
        .await;
    for (place, given, family, birth) in [
        (5, "Robin", "Other", "2017-04-04"),
        (6, "Robin", "Testcase", "2017-04-05"),
        (7, "Quentin", "Testcase", "2017-04-04"),
    ] {
        let mut other = people[place].clone();
        other.name = PersonName::new(given, family);
        other.birth = day(birth);
        world.register(known(&other, false, false)).await;
    }
    let records: Vec<Record> = people.iter().enumerate().map(|(n, person)| cpp(n as u32 + 1, person.clone())).collect();
    let ack = world.upload(CITY, 1042, &records).await;
    assert_eq!(ack.code.code(), "CPF03");
    assert_eq!((ack.records, ack.loaded, ack.failed), (Some(8), 1, 7));
    assert_eq!(codes(&ack), ["2 CPR01", "3 CPR02", "4 CPR07D14", "5 CPR05", "6 CPR03", "7 CPR03", "8 CPR03"]);
    assert_eq!(ack.returned.len(), 7);
    assert!(ack.rejections[4].location.contains("record[6]"), "{}", ack.rejections[4].location);
    let shown =
        [world.look(&clinician("u1"), people[0].number).await, world.look(&clinician("u1"), people[5].number).await];
    assert_eq!(shown, [vec!["714 CPP".to_owned()], Vec::new()]);
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn the_same_plans_again_change_nothing_and_a_change_is_a_new_version() {
    let world = World::new().await;
    world.has_plans(CITY, 1, &[cpp(1, child(999_000_001))]).await;
    let before = world.service.store.size().await.unwrap();
    world.has_plans(CITY, 2, &[cpp(1, child(999_000_001))]).await;
    assert_eq!(world.service.store.size().await.unwrap(), before + 1, "only the upload itself is an entry");
    let ended = record(1, child(999_000_001), plan(PlanKind::ChildProtection, "2026-01-15", "2026-11-01", ""));
    world.has_plans(CITY, 3, &[ended]).await;
    let flags = cpis_app::look::flags(&world.service, question(&clinician("u1"), number(999_000_001))).await.unwrap();
    assert!(flags.plans[0].ended && flags.plans[0].plan.version == 2);
    let removed =
        record(1, child(999_000_001), plan(PlanKind::ChildProtection, "2026-01-15", "2026-11-01", "2026-11-22"));
    world.has_plans(CITY, 4, &[removed]).await;
    assert!(world.look(&clinician("u1"), number(999_000_001)).await.is_empty());
    world.has_plans(CITY, 5, &[cpp(1, child(999_000_001))]).await;
    assert_eq!(world.look(&clinician("u1"), number(999_000_001)).await, ["714 CPP"], "deleted, then added again");
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn absence_from_a_file_ends_nothing_and_an_authority_changes_only_its_own() {
    let world = World::new().await;
    world.has_plans(CITY, 1, &[cpp(1, child(999_000_001)), cpp(2, child(999_000_101))]).await;
    world.has_plans(CITY, 2, &[cpp(1, child(999_000_101))]).await;
    assert_eq!(world.look(&clinician("u1"), number(999_000_001)).await, ["714 CPP"]);
    let removal = record(1, child(999_000_001), plan(PlanKind::ChildProtection, "2026-01-15", "", "2026-11-22"));
    let ack = world.upload(CAMDEN, 1, &[removal]).await;
    assert_eq!((ack.code.code(), codes(&ack)), ("CPF04", vec!["1 CPR07D05".to_owned()]));
    assert_eq!(world.look(&clinician("u1"), number(999_000_001)).await, ["714 CPP"]);
    let foreign = cpis_app::upload::receive(
        &world.service,
        social_worker(CAMDEN),
        file(CITY, 3, &[cpp(1, child(999_000_001))]).into(),
        cpis_app::upload::Wishes::default(),
    );
    assert!(matches!(foreign.await, Err(cpis_app::AppError::Refused(_))));
}

#[tokio::test]
async fn sequence_numbers_are_taken_in_order() {
    let world = World::new().await;
    let people: Vec<Person> = (0..6).map(|n| child(999_000_001 + n * 100)).collect();
    world.knows(&people).await;
    let one = |n: usize| vec![cpp(1, people[n].clone())];
    let first = world.upload(CITY, 40, &one(0)).await;
    assert_eq!(first.code.code(), "CPF02", "a first file may have any number");
    assert_eq!(world.upload(CITY, 40, &one(0)).await, first, "the same file gets the same answer");
    let other = world.upload(CITY, 40, &one(1)).await;
    assert_eq!(other.code.code(), "CPF01");
    assert_eq!(world.upload(CITY, 39, &one(1)).await.code.code(), "CPF01");

    let gap = world.receive(CITY, file(CITY, 43, &one(3))).await;
    assert!(matches!(&gap, Received::Waits(Waiting { sequence: 43, missing: Some(41) })), "{gap:?}");
    let gap = world.receive(CITY, file(CITY, 42, &one(2))).await;
    assert!(matches!(&gap, Received::Waits(Waiting { missing: Some(41), .. })));
    assert!(world.look(&clinician("u1"), people[3].number).await.is_empty());
    assert_eq!(world.upload(CITY, 41, &one(1)).await.code.code(), "CPF02");
    process_waiting(&world.service, Some(authority(CITY))).await.unwrap();
    for person in people.iter().take(4) {
        assert_eq!(world.look(&clinician("u1"), person.number).await, ["714 CPP"]);
    }
    let status = cpis_app::upload::status(&world.service, social_worker(CITY), 43).await.unwrap();
    assert_eq!(status.acknowledgement.map(|ack| ack.code.code()), Some("CPF02"));

    world.receive(CITY, file(CITY, 46, &one(5))).await;
    let skip = |sequence| cpis_app::upload::skip(&world.service, social_worker(CITY), sequence);
    assert_eq!(skip(45).await.unwrap(), Skipped::NotMissing { next: Some(44) });
    assert_eq!(skip(44).await.unwrap(), Skipped::Yes);
    assert_eq!(skip(45).await.unwrap(), Skipped::Yes);
    process_waiting(&world.service, Some(authority(CITY))).await.unwrap();
    assert_eq!(world.look(&clinician("u1"), people[5].number).await, ["714 CPP"]);
    assert_eq!(world.upload(CITY, 44, &one(4)).await.code.code(), "CPF01", "given up is given up");
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn demographics_away_keeps_the_file_and_uses_up_no_number() {
    let world = World::new().await;
    world.knows(&[child(999_000_001)]).await;
    world.demographics.fails(Some(DemographicsFault::Away(Duration::ZERO)));
    let ack = world.upload(CITY, 7, &[cpp(1, child(999_000_001))]).await;
    assert_eq!((ack.code.code(), ack.sequence), ("CPF05", Some(7)));
    assert_eq!(process_waiting(&world.service, None).await.unwrap(), 0);
    assert!(world.look(&clinician("u1"), number(999_000_001)).await.is_empty());
    world.demographics.fails(None);
    process_waiting(&world.service, Some(authority(CITY))).await.unwrap();
    assert_eq!(world.look(&clinician("u1"), number(999_000_001)).await, ["714 CPP"]);
    let status = cpis_app::upload::status(&world.service, social_worker(CITY), 7).await.unwrap();
    assert_eq!(status.acknowledgement.map(|ack| ack.code.code()), Some("CPF02"), "a second response");
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn what_waits_for_demographics_leaves_it_alone_for_a_while_and_then_is_taken_up_by_itself() {
    for (fault, minutes) in [
        (DemographicsFault::Away(Duration::from_mins(2)), 2),
        (DemographicsFault::Refused, 5),
        (DemographicsFault::NotUnderstood, 5),
    ] {
        let world = World::new().await;
        world.knows(&[child(999_000_001), child(999_000_101)]).await;
        world.demographics.fails(Some(fault));
        let ack = world.upload(CITY, 7, &[cpp(1, child(999_000_001))]).await;
        assert_eq!(ack.code.code(), "CPF05", "{fault}: nobody is rejected for it");
        let received = world.service.store.waiting().await.unwrap()[0].received;
        let asked = || world.demographics.asked.load(Ordering::SeqCst);
        assert_eq!((process_waiting(&world.service, None).await.unwrap(), asked()), (0, 1), "{fault}");
        world.clock.forward(minutes);
        assert_eq!(
            (process_waiting(&world.service, None).await.unwrap(), asked()),
            (0, 2),
            "{fault}: it is still away"
        );
        let waits = world.service.store.waiting().await.unwrap();
        assert_eq!(waits[0].received, received, "{fault}: what waits grows older");

        // A file of somebody else asks at once, and is not held up by the rest.
        world.demographics.fails(None);
        assert_eq!(world.upload(CAMDEN, 1, &[cpp(1, child(999_000_101))]).await.code.code(), "CPF02");
        assert_eq!(world.look(&clinician("u1"), number(999_000_001)).await, Vec::<String>::new(), "{fault}");
        world.clock.forward(minutes);
        assert_eq!(process_waiting(&world.service, None).await.unwrap(), 1, "{fault}");
        assert_eq!(world.look(&clinician("u1"), number(999_000_001)).await, ["714 CPP"]);
        assert!(world.verify().await.is_clean());
    }
}

#[tokio::test]
async fn a_file_with_somebody_who_cannot_be_read_holds_up_no_other_authority() {
    let world = World::new().await;
    world.knows(&[child(999_000_001), child(999_000_101)]).await;
    world.demographics.fails(Some(DemographicsFault::NotUnderstood));
    assert_eq!(world.upload(CITY, 1, &[cpp(1, child(999_000_001))]).await.code.code(), "CPF05");
    world.demographics.fails(Some(DemographicsFault::Away(Duration::ZERO)));
    assert_eq!(world.upload(CAMDEN, 1, &[cpp(1, child(999_000_101))]).await.code.code(), "CPF05");
    world.demographics.fails(None);
    assert_eq!(process_waiting(&world.service, None).await.unwrap(), 1);
    assert_eq!(world.look(&clinician("u1"), number(999_000_101)).await, ["702 CPP"]);
    assert_eq!(world.look(&clinician("u1"), number(999_000_001)).await, Vec::<String>::new());
    world.clock.forward(5);
    assert_eq!(process_waiting(&world.service, None).await.unwrap(), 1);
}

#[tokio::test]
async fn a_file_is_traced_before_anything_of_it_is_staged() {
    let world = World::new().await;
    let people: Vec<Person> = (0..1_203).map(|n| child(999_000_001 + n * 12)).collect();
    world.knows(&people).await;
    let records: Vec<Record> = people.iter().enumerate().map(|(n, person)| cpp(n as u32 + 1, person.clone())).collect();
    let ack = world.upload(CITY, 1, &records).await;
    assert_eq!((ack.code.code(), ack.loaded), ("CPF02", 1_203), "{:?}", ack.rejections.first());
    assert_eq!(world.demographics.asked.load(Ordering::SeqCst), 3, "500 at a time");
    world.demographics.fails(Some(DemographicsFault::Away(Duration::ZERO)));
    assert_eq!(world.upload(CITY, 2, &records).await.code.code(), "CPF05");
    world.clock.forward(60);
    let before = world.clock.now();
    assert!(world.service.store.stale_staging(before).await.unwrap().is_empty(), "nothing was staged");
}

#[tokio::test]
async fn duplicates_overlaps_and_calendar_faults_are_all_named() {
    let world = World::new().await;
    world.knows(&[child(999_000_001), child(999_000_101), mother(999_000_201)]).await;
    let records = [
        cpp(1, child(999_000_001)),
        cpp(2, child(999_000_001)),
        record(3, child(999_000_001), plan(PlanKind::ChildProtection, "2026-02-15", "", "")),
        record(4, child(999_000_101), plan(PlanKind::LookedAfter, "2026-12-15", "2026-11-15", "")),
        record(5, mother(999_000_201), plan(PlanKind::Unborn, "2026-08-01", "2027-02-01", "")),
        record(6, child(999_000_101), plan(PlanKind::ChildProtection, "2024-01-15", "2025-01-15", "")),
    ];
    let ack = world.upload(CITY, 1, &records).await;
    assert_eq!(codes(&ack), ["2 CPR07D08", "3 CPR07D06", "4 CPR07D04", "4 CPR07D03", "6 CPR06D15"]);
    assert_eq!((ack.code.code(), ack.loaded, ack.failed), ("CPF03", 3, 3));
    assert_eq!(world.look(&clinician("u1"), number(999_000_201)).await, ["714 UCPP"]);
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn the_new_number_of_a_merged_child_lands_on_the_same_child() {
    let world = World::new().await;
    world.has_plans(CITY, 1, &[cpp(1, child(999_000_001))]).await;
    let fresh = Person { number: number(999_200_000), ..child(999_000_001) };
    cpis_app::lifecycle::supersede(&world.service, number(999_000_001), fresh.number).await.unwrap();
    world.has_plans(CITY, 2, &[cpp(1, fresh.clone())]).await;
    assert_eq!(world.look(&clinician("u1"), fresh.number).await, ["714 CPP"], "not two");
    assert!(world.verify().await.is_clean());
}

const COLUMNS: &str = "nhs_number,given,family,birth_date,plan_type,start_date,edt phone\n";

fn row(person: &Person, number: &str) -> String {
    format!("{number},{},{},4/4/2017,CPP,15/1/2026,01632960001\n", person.name.given, person.name.family)
}

async fn send_table(world: &World, code: &str, text: &str) -> cpis_model::upload::Acknowledgement {
    let sent = text.to_owned().into_bytes().into();
    match cpis_app::upload::receive_table(
        &world.service,
        social_worker(code),
        sent,
        cpis_app::upload::Wishes::default(),
    )
    .await
    .unwrap()
    {
        Received::Answered(ack) => *ack,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn tables_have_numbers_of_their_own_and_say_what_stands_in_a_faulty_cell() {
    let world = World::new().await;
    let people: Vec<Person> = (0..4).map(|n| child(999_000_001 + n * 100)).collect();
    world.has_plans(CITY, 40, &[cpp(1, people[0].clone())]).await;
    world.knows(&people[..3]).await;
    let text = [
        COLUMNS.to_owned(),
        row(&people[1], people[1].number.digits()),
        row(&people[2], "9.99E+09"),
        row(&people[3], people[3].number.digits()),
    ];
    let ack = send_table(&world, CITY, &text.concat()).await;
    let first = cpis_model::upload::SEQUENCE_MAX + 1;
    assert_eq!((ack.sequence, ack.code.code(), ack.loaded, ack.failed), (Some(first), "CPF03", 1, 2));
    assert_eq!(codes(&ack), ["3 CPR07D13", "4 CPR01"]);
    let told = &ack.rejections[0];
    assert_eq!(
        (told.location.as_str(), told.shape.as_deref()),
        ("line 3, nhs_number", Some("a number in scientific notation"))
    );
    assert!(told.mend().starts_with("Format the column as text"), "{}", told.mend());
    assert_eq!(ack.rejections[1].location, "line 4, nhs_number");
    assert_eq!(world.look(&clinician("u1"), people[1].number).await, ["714 CPP"]);

    let mended =
        [COLUMNS.to_owned(), row(&people[1], people[1].number.digits()), row(&people[2], people[2].number.digits())];
    let ack = send_table(&world, CITY, &mended.concat()).await;
    assert_eq!((ack.sequence, ack.code.code()), (Some(first + 1), "CPF02"));
    assert_eq!(
        send_table(&world, CITY, &mended.concat()).await.sequence,
        Some(first + 2),
        "the same again is another file"
    );
    world.has_plans(CITY, 41, &[cpp(1, people[0].clone())]).await;
    let next = cpis_app::upload::sequence(&world.service, social_worker(CITY)).await.unwrap();
    assert_eq!((next.next, next.waiting), (Some(42), Vec::new()));
    let kept = cpis_app::upload::status(&world.service, social_worker(CITY), first).await.unwrap();
    assert_eq!(
        kept.acknowledgement.map(|ack| ack.rejections),
        Some(vec![told.clone(), ack_of(&world, first).await[1].clone()])
    );
    assert!(world.verify().await.is_clean());
}

async fn ack_of(world: &World, sequence: u64) -> Vec<cpis_model::upload::Rejection> {
    let status = cpis_app::upload::status(&world.service, social_worker(CITY), sequence).await.unwrap();
    status.acknowledgement.unwrap().rejections
}

#[tokio::test]
async fn a_table_without_an_emergency_number_takes_the_registered_one_or_is_refused() {
    use cpis_app::organisations::{Edit, change};
    use cpis_model::caller::Rights;
    use cpis_model::hours::Hours;
    use cpis_model::organisation_record::{AuthorityContact, ContactKind, Period, Record as Held, RecordKind};
    let world = World::new().await;
    world.knows(&[child(999_000_001)]).await;
    let text = format!(
        "nhs_number,given,family,birth_date,plan_type,start_date\n{},Robin,Testcase,4/4/2017,CPP,15/1/2026\n",
        number(999_000_001).digits()
    );
    let refused = send_table(&world, CITY, &text).await;
    assert_eq!((refused.code.code(), refused.sequence), ("CPF01", None), "no number is used up");
    assert_eq!(refused.file_faults[0].0, "emergency_phone");

    let register = world.service.register.get();
    let Some(Held::Authority(city)) = register.record(RecordKind::Authority, CITY).map(|held| (*held.record).clone())
    else {
        panic!("{CITY} is not there")
    };
    let mut city = city;
    let always = Period { from: Some(day("2020-01-01")), until: None };
    city.contacts = vec![AuthorityContact {
        kind: ContactKind::Emergency,
        phone: "01632960077".parse().unwrap(),
        hours: Hours::AtAllTimes,
        period: always,
    }];
    let operator = staff("u1", "R0A", Rights { operator: true, ..Rights::default() });
    let edit = Edit { record: Held::Authority(city), expected: 0 };
    change(&world.service, operator, edit, &"a duty team of its own".parse().unwrap()).await.unwrap();
    let ack = send_table(&world, CITY, &text).await;
    assert_eq!(ack.code.code(), "CPF02", "{:?}", ack.file_faults);
    assert_eq!(ack.contact.unwrap().emergency.as_str(), "01632960077");
}

#[tokio::test]
async fn what_came_earlier_takes_effect_first() {
    let world = World::new().await;
    let person = child(999_000_001);
    world.knows(std::slice::from_ref(&person)).await;
    let open = [COLUMNS.to_owned(), row(&person, person.number.digits())].concat();
    world.demographics.fails(Some(DemographicsFault::Away(Duration::ZERO)));
    let held = send_table(&world, CITY, &open).await;
    assert_eq!(held.code.code(), "CPF05");
    assert_eq!(send_table(&world, CITY, &open).await.sequence, held.sequence, "sent again, it keeps its place");
    world.clock.forward(60);
    let removal = record(1, person.clone(), plan(PlanKind::ChildProtection, "2026-01-15", "", "2026-11-22"));
    assert_eq!(world.upload(CITY, 1, std::slice::from_ref(&removal)).await.code.code(), "CPF05");

    world.demographics.fails(None);
    let later = open.replace("15/1/2026", "16/1/2026").replace("CPP", "LAC");
    assert_eq!(send_table(&world, CITY, &later).await.code.code(), "CPF02");
    assert_eq!(world.look(&clinician("u1"), person.number).await, ["714 LAC"], "opened, then removed, then the other");
    for sequence in [held.sequence.unwrap(), 1] {
        let status = cpis_app::upload::status(&world.service, social_worker(CITY), sequence).await.unwrap();
        assert_eq!(status.acknowledgement.map(|ack| ack.code.code()), Some("CPF02"));
    }
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn people_who_are_made_together_stand_side_by_side() {
    // A country is filled while the clock stands: surrogates that are drawn one by one would meet, as birthdays do.
    let world = World::new().await;
    let numbers: Vec<_> = (0..1000).map(number).collect();
    let at = world.service.clock.now();
    let people = world.service.keys.new_people(at, &numbers);
    assert!(people.windows(2).all(|pair| pair[1].id == pair[0].id.after(1)));
}
