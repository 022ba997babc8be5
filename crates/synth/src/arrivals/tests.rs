//! Arrivals of a day against what the tables say.

use super::*;
use crate::Scale;
use cpis_model::time::{days_after, london_day};
use std::collections::{HashMap, HashSet};

fn england(plans: u32) -> England {
    England::new(5, "2026-11-23".parse().unwrap(), Scale::plans(plans))
}

#[test]
fn a_day_is_in_order_of_time_and_the_same_each_time() {
    let england = england(2_200);
    // A plain day, and those on which the clocks change.
    for day in ["2026-11-23", "2026-03-29", "2026-10-25"] {
        let day = day.parse().unwrap();
        let arrivals: Vec<Arrival> = england.day(day, 0.02).collect();
        assert!(arrivals.len() > 500, "{}", arrivals.len());
        assert!(arrivals.is_sorted_by_key(|arrival| arrival.at));
        assert!(
            arrivals.iter().all(|arrival| london_day(arrival.at) == day && arrival.person.number == arrival.number)
        );
        assert_eq!(arrivals, england.day(day, 0.02).collect::<Vec<_>>());
        let visits: HashSet<Uuid> = arrivals.iter().map(|arrival| arrival.visit).collect();
        assert_eq!(visits.len(), arrivals.len());
        assert!(visits.iter().all(|visit| visit.get_version_num() == 4));
    }
}

#[test]
fn the_number_of_arrivals_follows_the_factor() {
    let england = england(2_200);
    let day = "2026-11-23".parse().unwrap();
    let count = |factor| england.day(day, factor).count() as f64;
    let expected: f64 = ATTENDANCES.iter().flat_map(|one| (0..24).map(|hour| one.expected(day, hour))).sum();
    assert!((expected - 41_000.0).abs() < 8_000.0, "{expected}");
    assert!((count(0.1) / (expected * 0.1) - 1.0).abs() < 0.03);
    assert!(count(0.0) < 20.0, "only children seen at several places");
    assert!(england.day(day, -1.0).count() < 20);
}

#[test]
fn children_on_plans_attend_about_twice_as_often() {
    let england = england(20_000);
    let mut with_plans: HashSet<u32> = HashSet::new();
    england.cases().filter(|case| case.person.subject == SubjectKind::Child).for_each(|case| {
        with_plans.insert(case.person.place);
    });
    let (mut own, mut all) = (0, 0);
    for n in 0..4 {
        for arrival in england.day(days_after(england.today, n), 0.2).filter(|one| one.setting.code() != "U06") {
            all += 1;
            own += u32::from(with_plans.contains(&arrival.person.place));
        }
    }
    let share = with_plans.len() as f64 / england.scale.of(PUBLISHED.total("children")) as f64;
    let times = f64::from(own) / f64::from(all) / share;
    assert!((1.7..2.3).contains(&times), "{times}");
}

#[test]
fn has_plan_agrees_with_the_register_and_the_plans() {
    let england = england(2_200);
    let plans: HashMap<u32, bool> =
        england.cases().map(|case| (case.person.place, england.has_plan(&case, england.today))).collect();
    let mut shown = 0;
    for arrival in england.day(england.today, 0.3) {
        assert_eq!(arrival.has_plan, plans.get(&arrival.person.place).copied().unwrap_or(false));
        shown += u32::from(arrival.has_plan);
    }
    assert!(shown > 100, "{shown}");
}

#[test]
fn some_children_are_seen_at_several_places_within_a_week() {
    let england = england(20_000);
    let mut places: HashMap<u32, HashSet<String>> = HashMap::new();
    // 2026-11-19 is a Thursday, on which a week of patterns begins.
    for n in 0..7 {
        for arrival in england.patterns(days_after("2026-11-19".parse().unwrap(), n)) {
            places.entry(arrival.person.place).or_default().insert(arrival.site.code.to_string());
        }
    }
    let several = places.values().filter(|sites| sites.len() >= 3).count();
    assert!(several >= 8, "{several} of {}", places.len());
}

#[test]
fn every_kind_of_site_is_visited_and_none_that_is_for_scheduled_care() {
    let england = england(2_200);
    let mut settings: HashMap<&str, u32> = HashMap::new();
    for arrival in england.day(england.today, 0.2) {
        assert!(arrival.site.setting.notifies(), "{}", arrival.site.code);
        *settings.entry(arrival.setting.code()).or_default() += 1;
    }
    assert_eq!(settings.len(), 8, "{settings:?}");
}
