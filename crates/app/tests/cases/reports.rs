//! Reports from clinicians to an authority, and what became of them.

use crate::world::{World, authority, child, clinician, cpp, question, scheduled, social_worker, staff};
use cpis_app::reports::{own_reports, report};
use cpis_app::{AppError, accesses, notices};
use cpis_model::caller::{Refusal, Rights};
use cpis_model::notice::{Notice, Report, ReportKind};

fn unanswered() -> Report {
    Report {
        kind: ReportKind::NoAnswer,
        phone: Some("01632960001".parse().unwrap()),
        text: Some("Rang three times".parse().unwrap()),
        replaced_by: None,
    }
}

fn told(notice: &Notice) -> (ReportKind, Option<&str>) {
    let report = notice.report.as_ref().unwrap();
    (report.kind, report.text.as_ref().map(cpis_model::notice::ReportText::as_str))
}

#[tokio::test]
async fn a_report_reaches_its_authority_and_its_sender_sees_who_acknowledged_it() {
    let world = World::new().await;
    let robin = child(999_000_001);
    world.has_plans("702", 1, &[cpp(1, robin.clone())]).await;
    let (nurse, visitor) = (clinician("555000000001"), scheduled("555000000002"));
    world.look(&nurse, robin.number).await;
    for caller in [&nurse, &visitor] {
        report(&world.service, caller.clone(), robin.number, authority("702"), unanswered()).await.unwrap();
    }
    world.apply().await;

    let page = notices::notices(&world.service, social_worker("702"), 0, 200).await.unwrap();
    assert_eq!(page.notices.len(), 3, "one of the look, two of the reports");
    assert!(page.notices[0].report.is_none());
    assert_eq!(told(&page.notices[1]), (ReportKind::NoAnswer, Some("Rang three times")));
    assert_eq!(page.notices[1].number_of_person, robin.number);

    let one = notices::notice(&world.service, social_worker("702"), page.notices[1].id).await.unwrap();
    assert!(one.acknowledged.is_none());
    let elsewhere = notices::notice(&world.service, social_worker("703"), page.notices[1].id).await;
    assert_eq!(elsewhere.err(), Some(AppError::NotFound));
    notices::acknowledge(&world.service, social_worker("702"), page.notices[1].id).await.unwrap();

    let (own, next) = own_reports(&world.service, &nurse, None).await.unwrap();
    assert_eq!((own.len(), next), (1, None), "not the visitor's");
    assert!(own[0].acknowledged.is_some());
    let by = own[0].acknowledged_by.as_ref().unwrap();
    assert_eq!(by.organisation.code.as_str(), "702");
    assert!(own_reports(&world.service, &visitor, None).await.unwrap().0[0].acknowledged_by.is_none());
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn a_report_changes_no_list_and_no_window() {
    let world = World::new().await;
    let robin = child(999_000_001);
    world.has_plans("702", 1, &[cpp(1, robin.clone())]).await;
    let nurse = clinician("555000000001");
    world.look(&nurse, robin.number).await;
    world.clock.forward(23 * 60);
    report(&world.service, nurse.clone(), robin.number, authority("702"), unanswered()).await.unwrap();
    world.apply().await;
    world.clock.forward(2 * 60);
    world.look(&nurse, robin.number).await;
    world.apply().await;
    assert_eq!(world.list(&nurse, robin.number).await.len(), 2, "the second look is past the first one's window");
    assert_eq!(world.notices("702").await.len(), 3);
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn nobody_learns_from_a_report_whether_a_child_has_a_plan() {
    let world = World::new().await;
    let (robin, other) = (child(999_000_001), child(999_000_002));
    world.has_plans("702", 1, &[cpp(1, robin.clone())]).await;
    let before = world.service.store.size().await.unwrap();
    let nurse = clinician("555000000001");
    let nobody = staff("555000000003", "R0A", Rights::default());
    for (caller, number, to, refusal) in [
        (&nurse, robin.number, "703", Refusal::NotOwn),
        (&nurse, other.number, "702", Refusal::NotOwn),
        (&nobody, robin.number, "702", Refusal::NoActivity),
        (&social_worker("702"), robin.number, "702", Refusal::NoActivity),
    ] {
        let refused = report(&world.service, caller.clone(), number, authority(to), unanswered()).await;
        assert_eq!(refused, Err(AppError::Refused(refusal)));
    }
    assert_eq!(world.service.store.size().await.unwrap(), before + 4, "each refusal is an entry");
    world.apply().await;
    assert!(world.notices("702").await.is_empty());
    assert!(world.verify().await.is_clean());
}

#[tokio::test]
async fn flags_and_accesses_together_are_one_look() {
    let world = World::new().await;
    let robin = child(999_000_001);
    world.has_plans("702", 1, &[cpp(1, robin.clone())]).await;
    let before = world.service.store.size().await.unwrap();
    let nurse = clinician("555000000001");
    let asked = question(&nurse, robin.number);
    let (flags, list) = accesses::flags_and_accesses(&world.service, asked).await.unwrap();
    assert_eq!((flags.plans.len(), crate::world::names(&list.unwrap())), (1, vec!["555000000001".to_owned()]));
    assert_eq!(world.service.store.size().await.unwrap(), before + 1);
}
