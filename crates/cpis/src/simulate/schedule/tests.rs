//! Each scenario: how many are due, and when.

use super::*;
use cpis_model::time::london_time;

fn play(scenario: Scenario, span: Option<u64>) -> Play {
    Play {
        scenario,
        date: "2027-01-11".parse().unwrap(),
        from: "10:00".parse().unwrap(),
        span: span.map(Duration::from_secs),
        factor: 1.0,
        rate: 200,
    }
}

/// Somebody comes each ten seconds; each tenth has a plan.
fn day(date: Date) -> impl Iterator<Item = Arrival> {
    let midnight = london_moment(date.to_datetime(Time::MIN)).unwrap();
    (0..8640u32).map(move |place| Arrival {
        at: midnight + Duration::from_secs(10) * place,
        number: cpis_synth::number(1, place).unwrap(),
        site: "RAL01".parse().unwrap(),
        has_plan: Some(place % 10 == 0),
    })
}

fn in_order(schedule: &Schedule) -> bool {
    schedule.looks.is_sorted_by_key(|(due, _)| *due) && schedule.looks.iter().all(|(due, _)| *due < schedule.length)
}

#[test]
fn a_day_is_played_as_it_comes_also_past_midnight() {
    let late = Play { from: "23:00".parse().unwrap(), ..play(Scenario::Day, Some(7_200)) };
    let schedule = super::schedule(&late, day).unwrap();
    assert!(in_order(&schedule));
    let dues: Vec<_> = schedule.looks.iter().map(|(due, _)| due.as_secs()).collect();
    assert_eq!(dues, (0..720).map(|place| place * 10).collect::<Vec<_>>());
    assert_eq!(schedule.looks.iter().filter(|(_, look)| look.has_plan == Some(true)).count(), 72);
    assert!(schedule.looks.iter().all(|(_, look)| !look.scheduled && look.reads_accesses));
}

#[test]
fn lists_are_fetched_whole_and_silently_within_the_time() {
    let schedule = super::schedule(&play(Scenario::Prefetch, Some(30)), day).unwrap();
    assert!(in_order(&schedule) && schedule.looks.len() == 36_000);
    assert!(schedule.looks.iter().all(|(_, look)| look.scheduled && !look.reads_accesses));
    let first_half = schedule.looks.iter().filter(|(due, _)| due.as_secs() < 15).count();
    assert!((16_000..20_000).contains(&first_half), "{first_half}");
    let short = super::schedule(&play(Scenario::Prefetch, Some(1)), day).unwrap();
    assert!(in_order(&short) && short.looks.len() == 36_000);
}

#[test]
fn what_waited_comes_at_its_rate_and_the_days_looks_with_it() {
    let schedule = super::schedule(&play(Scenario::Recovery, None), day).unwrap();
    // Four hours of a look each ten seconds are 1,440, which takes 7.2 s at 200 a second.
    assert_eq!(schedule.length, Duration::from_millis(7_200));
    assert!(in_order(&schedule) && schedule.looks.len() == 1_441);
    let cut = super::schedule(&play(Scenario::Recovery, Some(2)), day).unwrap();
    assert!(in_order(&cut) && cut.looks.len() == 401);
}

#[test]
fn nothing_due_and_too_much_due_are_told() {
    let none = super::schedule(&play(Scenario::Day, Some(60)), |_| std::iter::empty::<Arrival>()).err().unwrap();
    assert!(none.kind == Kind::Usage && none.mend.contains("--factor"));
    let number = (400_000_000..).find_map(NhsNumber::from_first_nine).unwrap();
    let real = |date| day(date).map(move |arrival| Arrival { number, ..arrival });
    assert!(super::schedule(&play(Scenario::Day, Some(60)), real).err().unwrap().what.contains("range 999"));
    let fault = schedule_of(&play(Scenario::Day, Some(600)), day, 59).err().unwrap();
    assert!(fault.mend.contains("--for") && schedule_of(&play(Scenario::Day, Some(600)), day, 60).is_ok());
}

#[test]
fn the_winter_monday_is_the_next_one() {
    for (today, monday) in [
        ("2026-11-28", "2027-01-11"),
        ("2027-01-11", "2027-01-11"),
        ("2027-01-12", "2028-01-10"),
        ("2028-01-01", "2028-01-10"),
    ] {
        assert_eq!(winter_monday(today.parse().unwrap()), monday.parse().unwrap(), "{today}");
    }
    let begin = london_moment(date_time("2026-07-01T08:00")).unwrap();
    assert_eq!(london_time(begin).hour(), 8);
}

fn date_time(text: &str) -> jiff::civil::DateTime {
    text.parse().unwrap()
}
