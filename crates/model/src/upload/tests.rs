//! The record rules by tables.

use super::*;
use crate::Uuid;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn dates(start: &str, end: &str, delete: &str) -> PlanDates {
    let optional = |text: &str| (!text.is_empty()).then(|| day(text));
    PlanDates { start: day(start), end: optional(end), delete: optional(delete) }
}

const TODAY: &str = "2026-11-22";

#[test]
fn records_are_checked_against_the_calendar() {
    // Sources: spec/domain.md 2.2 and 4 (detail codes), spec/decisions.md 2 and 3.
    use PlanKind::{ChildProtection as Cpp, LookedAfter as Lac, Unborn};
    use SubjectKind::{Child, Unborn as Mother};
    for (subject, kind, birth, start, end, delete, expected) in [
        (Child, Cpp, "2017-04-04", "2026-01-15", "", "", vec![]),
        (Child, Cpp, "2017-04-04", TODAY, TODAY, "", vec![]),
        (Child, Lac, "2017-04-04", "2026-01-15", "2026-01-14", "", vec![("D03", Field::End(Lac))]),
        (Child, Cpp, "2017-04-04", "2026-11-23", "", "", vec![("D04", Field::Start(Cpp))]),
        (Child, Cpp, "2017-04-04", "2026-01-15", "2026-11-23", "", vec![("D02", Field::End(Cpp))]),
        (Child, Cpp, "2017-04-04", "2024-01-15", "2025-11-21", "", vec![("D15", Field::End(Cpp))]),
        (Child, Cpp, "2017-04-04", "2024-01-15", "2025-11-22", "", vec![]),
        (Child, Cpp, "2017-04-04", "2024-01-15", "2025-01-15", "2026-11-22", vec![]),
        (Child, Cpp, "2008-11-22", "2026-01-15", "", "", vec![("D16", Field::Birth)]),
        (Child, Cpp, "2008-11-23", "2026-01-15", "", "", vec![]),
        (Child, Cpp, "2008-11-22", "2026-01-15", "", TODAY, vec![]),
        (Child, Cpp, "2026-11-23", "2026-01-15", "", "", vec![("D02", Field::Birth)]),
        (Child, Unborn, "2017-04-04", "2026-01-15", "2026-09-30", "", vec![("D17", Field::Plan(Unborn))]),
        (Mother, Cpp, "1998-06-11", "2026-01-15", "", "", vec![("D17", Field::Plan(Cpp))]),
        (Mother, Unborn, "1998-06-11", "2026-08-01", "2027-02-28", "", vec![]),
        (Mother, Unborn, "1998-06-11", "2026-08-01", "", "", vec![("D10", Field::End(Unborn))]),
        (Mother, Unborn, "1998-06-11", "2026-08-01", "2027-05-23", "", vec![("D11", Field::End(Unborn))]),
        (Mother, Unborn, "1998-06-11", "2026-02-01", "2026-10-25", "", vec![]),
        (Mother, Unborn, "1998-06-11", "2026-02-01", "2026-10-24", "", vec![("D11", Field::End(Unborn))]),
        (
            Child,
            Cpp,
            "2008-01-01",
            "2026-12-01",
            "2026-11-01",
            "",
            vec![("D16", Field::Birth), ("D04", Field::Start(Cpp)), ("D03", Field::End(Cpp))],
        ),
    ] {
        let record = Record {
            position: 1,
            subject,
            person: Person {
                number: "9990000018".parse().unwrap(),
                local_id: None,
                name: PersonName::new("Robin", "Sample"),
                birth: day(birth),
            },
            plans: vec![UploadedPlan { kind, dates: dates(start, end, delete) }],
        };
        let found: Vec<_> =
            check(&record, day(TODAY)).iter().map(|fault| (fault.detail.unwrap().code(), fault.field)).collect();
        assert_eq!(found, expected, "{subject:?} {kind:?} {birth} {start} {end} {delete}");
    }
}

#[test]
fn a_plan_is_new_changed_unchanged_or_refused() {
    // Source: spec/domain.md 4 (key, idempotency) and 12 (case 8).
    use PlanKind::{ChildProtection as Cpp, LookedAfter as Lac, Unborn};
    let held = |kind, dates| Plan { id: Uuid::nil(), version: 1, authority: "714".parse().unwrap(), kind, dates };
    let own = [
        held(Cpp, dates("2026-01-15", "", "")),
        held(Lac, dates("2025-01-15", "2025-06-01", "")),
        held(Unborn, dates("2025-01-15", "2025-09-01", "")),
    ];
    for (kind, start, end, delete, expected) in [
        (Cpp, "2026-01-15", "", "", Ok(Change::Unchanged)),
        (Cpp, "2026-01-15", "2026-11-01", "", Ok(Change::Update(0))),
        (Cpp, "2026-01-15", "", TODAY, Ok(Change::Update(0))),
        (Cpp, "2026-02-01", "", "", Err("D06")),
        (Cpp, "2025-02-01", "2025-12-01", "", Ok(Change::New)),
        (Cpp, "2026-02-01", "", TODAY, Err("D05")),
        (Lac, "2025-06-01", "", "", Ok(Change::New)),
        (Lac, "2025-03-01", "", "", Err("D06")),
        (Unborn, "2026-08-15", "2027-02-01", "", Ok(Change::New)),
    ] {
        let plan = UploadedPlan { kind, dates: dates(start, end, delete) };
        let found = change(plan, &own, day(TODAY)).map_err(|fault| fault.detail.unwrap().code());
        assert_eq!(found, expected, "{kind:?} {start} {end} {delete}");
    }
    let deleted = [held(Cpp, dates("2026-01-15", "", "2026-03-01"))];
    let again = UploadedPlan { kind: Cpp, dates: dates("2026-01-15", "", "") };
    assert_eq!(change(again, &deleted, day(TODAY)), Ok(Change::Update(0)), "deleted, then added again");
}

#[test]
fn the_file_code_follows_from_the_counts() {
    for (loaded, failed, expected) in [(5, 0, "CPF02"), (4, 1, "CPF03"), (0, 5, "CPF04"), (0, 0, "CPF01")] {
        assert_eq!(file_code(loaded, failed).code(), expected);
    }
}
