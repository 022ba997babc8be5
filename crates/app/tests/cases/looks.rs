//! Looks, the list of accesses and notices, through the use cases.

use crate::world::*;
use cpis_app::AppError;
use cpis_model::caller::{Declared, Refusal, Rights};
use cpis_model::entry::HiddenFor;
use cpis_model::plan::PlanKind;

#[tokio::test]
async fn a_look_shows_the_plans_and_owes_one_notice_to_each_authority() {
    let world = World::new().await;
    world.has_plans(CITY, 1, &[cpp(1, child(999_000_001))]).await;
    let lac = record(1, child(999_000_001), plan(PlanKind::LookedAfter, "2025-01-15", "", ""));
    world.has_plans(CAMDEN, 5, &[lac]).await;
    let (nurse, number) = (clinician("u1"), number(999_000_001));
    let mut seen = world.look(&nurse, number).await;
    seen.sort();
    assert_eq!(seen, ["702 LAC", "714 CPP"]);
    world.look(&nurse, number).await;
    world.apply().await;
    assert_eq!(world.notices(CITY).await, [format!("{} at R0A", number.digits())]);
    assert_eq!(world.notices(CAMDEN).await.len(), 1);
    assert_eq!(world.list(&nurse, number).await, ["u1"]);
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn silent_reads_and_misses_leave_no_access_and_no_notice() {
    let world = World::new().await;
    world.has_plans(CITY, 1, &[cpp(1, child(999_000_001))]).await;
    let (held, free) = (number(999_000_001), number(999_100_000));
    assert_eq!(world.look(&scheduled("gp"), held).await, ["714 CPP"]);
    assert!(world.look(&clinician("u1"), free).await.is_empty());
    let mut quiet = question(&clinician("u1"), held);
    quiet.declared = Declared::Scheduled;
    assert_eq!(cpis_app::look::flags(&world.service, quiet).await.unwrap().plans.len(), 1);
    world.apply().await;
    assert!(world.notices(CITY).await.is_empty());
    assert!(world.list(&scheduled("gp"), held).await.is_empty());
    // The upload's two or three entries, four looks, one reading of notices.
    assert!(world.service.store.size().await.unwrap() >= 7);
}

#[tokio::test]
async fn the_list_is_the_same_whether_or_not_the_applier_has_come() {
    let world = World::new().await;
    world.has_plans(CITY, 1, &[cpp(1, child(999_000_001))]).await;
    let number = number(999_000_001);
    for user in 0..30 {
        world.look(&clinician(&format!("u{user:02}")), number).await;
        world.clock.forward(1);
        if user == 10 {
            world.apply().await;
        }
    }
    let before = world.list(&clinician("u29"), number).await;
    assert_eq!(before.len(), 25);
    assert_eq!(before.first().map(String::as_str), Some("u29"));
    world.apply().await;
    assert_eq!(world.list(&clinician("u29"), number).await, before);
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn reading_the_list_alone_is_a_look_unless_one_is_in_the_window() {
    let world = World::new().await;
    world.has_plans(CITY, 1, &[cpp(1, child(999_000_001))]).await;
    let number = number(999_000_001);
    assert_eq!(world.list(&clinician("u1"), number).await, ["u1"], "its own look is in it");
    assert_eq!(world.list(&clinician("u1"), number).await, ["u1"]);
    world.apply().await;
    assert_eq!(world.notices(CITY).await.len(), 1);
    world.clock.forward(24 * 60);
    assert_eq!(world.list(&clinician("u1"), number).await, ["u1", "u1"]);
}

#[tokio::test]
async fn a_wrong_date_of_birth_is_neither_a_hit_nor_a_miss() {
    let world = World::new().await;
    world.has_plans(CITY, 1, &[cpp(1, child(999_000_001))]).await;
    let ask = |birth: &str| {
        let mut question = question(&clinician("u1"), number(999_000_001));
        question.birth = Some(day(birth));
        cpis_app::look::flags(&world.service, question)
    };
    assert_eq!(ask("2017-04-05").await.unwrap_err(), AppError::BirthMismatch);
    world.apply().await;
    assert!(world.notices(CITY).await.is_empty());
    assert_eq!(ask("2017-04-04").await.unwrap().plans.len(), 1);
    world.apply().await;
    assert_eq!(world.notices(CITY).await.len(), 1, "the refused look opened no window");
}

#[tokio::test]
async fn a_restricted_person_is_answered_as_nothing() {
    let world = World::new().await;
    world.has_plans(CITY, 1, &[cpp(1, child(999_000_001))]).await;
    let number = number(999_000_001);
    assert_eq!(cpis_app::lifecycle::hide(&world.service, number, Some(HiddenFor::Restricted)).await.unwrap(), 1);
    let mut with_birth = question(&clinician("u1"), number);
    with_birth.birth = Some(day("1999-01-01"));
    let hidden = cpis_app::look::flags(&world.service, with_birth).await.unwrap();
    assert!(hidden.plans.is_empty(), "not even a mismatch shows that something is held");
    assert!(world.list(&clinician("u1"), number).await.is_empty());
    world.apply().await;
    let told = [format!("{} at X26", number.digits())];
    assert_eq!(world.notices(CITY).await, told, "that the record is hidden, and nothing of who asked");
    assert!(world.verify().await.is_clean());
    cpis_app::lifecycle::hide(&world.service, number, None).await.unwrap();
    assert_eq!(world.look(&clinician("u1"), number).await, ["714 CPP"]);
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn a_superseded_number_is_answered_under_both_for_a_year() {
    let world = World::new().await;
    world.has_plans(CITY, 1, &[cpp(1, child(999_000_001)), cpp(2, child(999_000_101))]).await;
    let (old, new, other) = (number(999_000_001), number(999_200_000), number(999_000_101));
    assert_eq!(cpis_app::lifecycle::supersede(&world.service, old, new).await.unwrap(), 1);
    let again = cpis_app::lifecycle::supersede(&world.service, old, new).await.unwrap();
    assert_eq!(again, 0, "demographics says it each time; it is news once");
    assert!(world.verify().await.is_clean());
    let nurse = clinician("u1");
    assert_eq!(world.look(&nurse, old).await, ["714 CPP"]);
    assert_eq!(world.look(&nurse, new).await, ["714 CPP"]);
    assert_eq!(world.list(&nurse, new).await, ["u1"], "one child, one list");
    // The new number is replaced too, by that of somebody who is stored already: both plans are shown under both numbers.
    assert_eq!(cpis_app::lifecycle::supersede(&world.service, new, other).await.unwrap(), 1);
    assert_eq!(cpis_app::lifecycle::supersede(&world.service, new, other).await.unwrap(), 0);
    assert_eq!(world.look(&nurse, other).await.len(), 2);
    assert_eq!(world.look(&nurse, new).await.len(), 2);
    assert_eq!(world.look(&nurse, old).await.len(), 1, "whose number it was");
    assert!(world.verify().await.is_clean());
    world.clock.forward(366 * 24 * 60);
    assert!(world.look(&nurse, old).await.is_empty() && world.look(&nurse, new).await.is_empty());
    assert_eq!(world.look(&nurse, other).await.len(), 2);
}

#[tokio::test]
async fn who_may_not_is_refused_and_that_is_recorded() {
    let world = World::new().await;
    world.has_plans(CITY, 1, &[cpp(1, child(999_000_001))]).await;
    let number = number(999_000_001);
    let before = world.service.store.size().await.unwrap();
    let nobody = staff("u9", "R0A", Rights::default());
    let refused = cpis_app::look::flags(&world.service, question(&nobody, number)).await.unwrap_err();
    assert_eq!(refused, AppError::Refused(Refusal::NoActivity));
    let own =
        |code: &str, number| cpis_app::accesses::accesses_of_own_child(&world.service, social_worker(code), number);
    assert_eq!(own(CAMDEN, number).await.unwrap_err(), AppError::Refused(Refusal::NotOwn));
    assert_eq!(own(CAMDEN, crate::world::number(999_300_000)).await.unwrap_err(), AppError::Refused(Refusal::NotOwn));
    assert_eq!(world.service.store.size().await.unwrap(), before + 3);
    world.look(&clinician("u1"), number).await;
    assert_eq!(names(&own(CITY, number).await.unwrap()), ["u1"]);
    world.apply().await;
    assert_eq!(names(&own(CITY, number).await.unwrap()), ["u1"], "an authority's reading is no access");
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn notices_are_the_authoritys_own_and_are_acknowledged_once() {
    let world = World::new().await;
    let children: Vec<_> = (0..5).map(|n| cpp(n + 1, child(999_000_001 + u64::from(n) * 100))).collect();
    world.has_plans(CITY, 1, &children).await;
    for record in &children {
        world.look(&clinician("u1"), record.person.number).await;
    }
    world.apply().await;
    let service = &world.service;
    let page = cpis_app::notices::notices(service, social_worker(CITY), 0, 2).await.unwrap();
    assert!(page.more && page.notices.len() == 2);
    let rest = cpis_app::notices::notices(service, social_worker(CITY), page.next, 100).await.unwrap();
    assert!(!rest.more && rest.notices.len() == 3);
    assert_eq!(page.notices[0].local_id.as_deref(), Some("L-999000001"));
    let id = page.notices[0].id;
    let other = cpis_app::notices::acknowledge(service, social_worker(CAMDEN), id).await.unwrap_err();
    assert_eq!(other, AppError::NotFound);
    let first = cpis_app::notices::acknowledge(service, social_worker(CITY), id).await.unwrap().acknowledged;
    world.clock.forward(5);
    let again = cpis_app::notices::acknowledge(service, social_worker(CITY), id).await.unwrap().acknowledged;
    assert!(first.is_some() && first == again);
    assert!(cpis_app::notices::notices(service, clinician("u1"), 0, 2).await.is_err());
}

#[tokio::test]
async fn an_erased_person_cannot_be_opened_and_the_log_still_holds() {
    let world = World::new().await;
    world.has_plans(CITY, 1, &[cpp(1, child(999_000_001)), cpp(2, child(999_000_101))]).await;
    let (gone, kept) = (number(999_000_001), number(999_000_101));
    world.look(&clinician("u1"), gone).await;
    world.look(&clinician("u1"), kept).await;
    world.apply().await;
    let people = cpis_app::lifecycle::people_behind(&world.service, gone).await.unwrap();
    for person in people {
        cpis_app::lifecycle::erase(&world.service, person, "privacy officer", "the authority asked for it")
            .await
            .unwrap();
    }
    assert!(world.look(&clinician("u1"), gone).await.is_empty());
    assert_eq!(world.look(&clinician("u1"), kept).await, ["714 CPP"]);
    assert_eq!(world.notices(CITY).await.len(), 1);
    world.apply().await;
    let report = world.verify().await;
    assert!(report.is_clean(), "{report}");
    assert!(report.erased > 0);
}

#[tokio::test]
async fn numbers_of_the_test_range_are_refused_by_a_live_installation() {
    let store = std::sync::Arc::new(cpis_store_sqlite::SqliteStore::open_memory().unwrap());
    let world = World::on(store, cpis_app::Settings::default()).await;
    let refused = cpis_app::look::flags(&world.service, question(&clinician("u1"), number(999_000_001))).await;
    assert_eq!(refused.unwrap_err(), AppError::TestNumber);
}
