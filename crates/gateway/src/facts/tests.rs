//! What is learned of a person and a visit, whatever the order in which it comes.

use super::*;

const NUMBER: &str = "9990417008";
const OTHER: &str = "9990417016";

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_773_513_126 + minute * 60).unwrap()
}

fn said(number: Option<&str>, trouble: Option<NumberTrouble>, minute: i64) -> Person {
    Person {
        local: Local { number: "L1".into(), authority: "RR8".into(), feed: String::new() },
        number: number.map(|number| number.parse().unwrap()),
        trouble: trouble.or(number.is_none().then_some(NumberTrouble::Missing)),
        verified: number.map(|_| true),
        traced: false,
        sought: None,
        birth: None,
        estimated_birth: false,
        family: String::new(),
        given: String::new(),
        sex: String::new(),
        unknown: false,
        at: at(minute),
        earlier: Vec::new(),
    }
}

/// The number in the end, why there is none, and the earlier ones.
fn learned(all: &[Person]) -> (Option<String>, Option<NumberTrouble>, usize) {
    let mut person = all[0].clone();
    for said in &all[1..] {
        person.learn(said);
    }
    (person.number.map(|number| number.digits().to_owned()), person.trouble, person.earlier.len())
}

#[test]
fn the_newest_number_counts_and_a_missing_one_takes_none_away() {
    use NumberTrouble::{Deleted, Missing, Two, Wrong};
    let is = |number: &str| Some(number.to_owned());
    for (all, expected) in [
        (vec![said(None, None, 0), said(Some(NUMBER), None, 1)], (is(NUMBER), None, 0)),
        // An older message fills a gap, and overwrites nothing.
        (vec![said(None, None, 1), said(Some(NUMBER), None, 0)], (is(NUMBER), None, 0)),
        (vec![said(Some(NUMBER), None, 1), said(Some(OTHER), None, 0)], (is(NUMBER), None, 0)),
        (vec![said(Some(NUMBER), None, 0), said(Some(OTHER), None, 1)], (is(OTHER), None, 1)),
        (vec![said(Some(NUMBER), None, 0), said(None, Some(Missing), 1)], (is(NUMBER), None, 0)),
        (vec![said(Some(NUMBER), None, 0), said(None, Some(Deleted), 1)], (None, Some(Deleted), 1)),
        (vec![said(Some(NUMBER), None, 0), said(None, Some(Two), 1)], (None, Some(Two), 1)),
        (vec![said(None, Some(Two), 1), said(Some(NUMBER), None, 0)], (None, Some(Two), 0)),
        (vec![said(Some(NUMBER), None, 1), said(None, Some(Wrong), 0)], (is(NUMBER), None, 0)),
        (vec![said(Some(NUMBER), None, 0), said(None, Some(Two), 1), said(Some(OTHER), None, 2)], (is(OTHER), None, 1)),
    ] {
        assert_eq!(learned(&all), expected);
    }
}

#[test]
fn what_is_not_said_of_the_same_number_stays() {
    let unsaid = |number, minute| Person { verified: None, ..said(Some(number), None, minute) };
    let doubted = |minute| Person { verified: Some(false), ..said(Some(NUMBER), None, minute) };
    for (all, expected) in [
        (vec![said(Some(NUMBER), None, 0), unsaid(NUMBER, 1)], true),
        (vec![said(Some(NUMBER), None, 0), doubted(1), unsaid(NUMBER, 2)], false),
        (vec![said(Some(NUMBER), None, 0), unsaid(OTHER, 1)], false),
        (vec![unsaid(NUMBER, 0), said(Some(NUMBER), None, 1)], true),
    ] {
        let mut person = all[0].clone();
        for said in &all[1..] {
            person.learn(said);
        }
        assert_eq!(person.is_verified(), expected);
    }
}

#[test]
fn nothing_personal_shows() {
    let person = Person { family: "Testchild".into(), ..said(Some(NUMBER), None, 0) };
    let place = Place { number: "AE1".into(), ..Place::default() };
    assert_eq!(format!("{person:?} {:?} {place:?}", person.local), "Person(…) Local(…) Place(…)");
}

#[test]
fn an_older_state_changes_nothing() {
    use State::{Cancelled, Ended, Open};
    for (all, expected) in [
        (vec![(Open, 0), (Ended, 1)], Ended),
        (vec![(Ended, 1), (Open, 0)], Ended),
        (vec![(Open, 0), (Ended, 1), (Open, 2)], Open),
        (vec![(Cancelled, 3), (Ended, 1)], Cancelled),
    ] {
        let mut visit = Visit {
            key: [0; 16],
            person: [0; 16],
            feed: String::new(),
            site: String::new(),
            state: Open,
            state_at: at(-1),
            arrived: None,
            started: at(0),
            place: Place::default(),
            place_at: at(0),
            with: None,
            shown: None,
            unchecked: None,
            unchecked_at: None,
        };
        for (state, minute) in &all {
            visit.become_state(*state, at(*minute));
        }
        assert_eq!(visit.state, expected, "{all:?}");
    }
    for state in [Open, Ended, Cancelled] {
        assert_eq!(State::from_number(state.number()), Some(state));
    }
    assert_eq!(State::from_number(7), None);
    for reason in Unchecked::ALL {
        assert_eq!(Unchecked::from_code(reason.code()), Some(reason));
    }
}
