//! What is owed, as a table; and that the same facts owe nothing twice.

use super::*;
use crate::facts::{Local, Place};
use proptest::prelude::*;

const NUMBER: Key = [1; 16];
const OTHER: Key = [2; 16];
const IDENTITY: Key = [3; 16];
const NOW: &str = "2026-03-14T18:32:06Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn person() -> Person {
    Person {
        local: Local { number: "L1".into(), authority: "RR8".into(), feed: String::new() },
        number: Some("9990417008".parse().unwrap()),
        trouble: None,
        verified: Some(true),
        traced: false,
        sought: None,
        birth: Some("2019-07-22".parse().unwrap()),
        estimated_birth: false,
        family: String::new(),
        given: String::new(),
        sex: String::new(),
        unknown: false,
        at: at(NOW),
        earlier: Vec::new(),
    }
}

fn visit() -> Visit {
    Visit {
        key: [9; 16],
        person: [8; 16],
        feed: "pas".into(),
        site: "RR813".into(),
        state: State::Open,
        state_at: at(NOW),
        arrived: Some(at(NOW)),
        started: at(NOW),
        place: Place::default(),
        place_at: at(NOW),
        with: None,
        shown: None,
        unchecked: None,
        unchecked_at: None,
    }
}

/// What is owed, in a line.
fn told(visit: &Visit, person: &Person, asked: Option<Asked>) -> String {
    let question = asked.map(|asked| Question { number: NUMBER, identity: IDENTITY, asked });
    let known = Known {
        visit,
        person,
        number: person.number.map(|_| NUMBER),
        identity: IDENTITY,
        questions: question.as_slice(),
        window: Window::default(),
        now: at(NOW),
    };
    let Owed { ask, forget, withdraw, show, unchecked } = owed(&known);
    let words = [(ask, "ask"), (forget, "forget"), (withdraw, "withdraw"), (show, "show")];
    let mut words: Vec<&str> = words.into_iter().filter_map(|(is_so, word)| is_so.then_some(word)).collect();
    words.extend(unchecked.map(Unchecked::code));
    words.join(" ")
}

#[test]
#[expect(clippy::large_stack_arrays, reason = "a table")]
fn what_is_owed_follows_from_the_facts() {
    let shown = || Visit { shown: Some(NUMBER), ..visit() };
    let number = |trouble| Person { number: None, trouble, ..person() };
    let hours = |hours| Visit { started: at(NOW) + SignedDuration::from_hours(hours), ..visit() };
    let unverified = Person { verified: Some(false), ..person() };
    let waiting = Some(Asked::Waiting(None));
    for (visit, person, asked, expected) in [
        (visit(), person(), None, "ask waiting"),
        (visit(), person(), waiting, "waiting"),
        (visit(), person(), Some(Asked::Waiting(Some(Unchecked::Away))), "away"),
        (visit(), person(), Some(Asked::Record), "show"),
        (shown(), person(), Some(Asked::Record), ""),
        (visit(), person(), Some(Asked::NoRecord), ""),
        (shown(), person(), Some(Asked::NoRecord), "withdraw"),
        (visit(), person(), Some(Asked::Mismatch), "mismatch"),
        (shown(), person(), Some(Asked::Mismatch), "withdraw mismatch"),
        (shown(), person(), Some(Asked::Invalid), "invalid"),
        // Another number than the one that is shown: first away with that.
        (Visit { shown: Some(OTHER), ..visit() }, person(), None, "ask withdraw waiting"),
        (Visit { shown: Some(OTHER), ..visit() }, person(), Some(Asked::Record), "withdraw show"),
        // The visit ended, never was, or nothing but its end is known.
        (Visit { state: State::Ended, ..visit() }, person(), None, "ask waiting"),
        (Visit { state: State::Ended, ..visit() }, person(), Some(Asked::Record), ""),
        (Visit { state: State::Ended, ..shown() }, person(), Some(Asked::Record), "withdraw"),
        (Visit { state: State::Cancelled, ..visit() }, person(), waiting, "forget"),
        (Visit { state: State::Cancelled, ..shown() }, person(), Some(Asked::Record), "forget withdraw"),
        (Visit { arrived: None, ..visit() }, person(), None, "forget"),
        // No number to ask with.
        (visit(), number(None), None, "forget no-number"),
        (visit(), number(Some(NumberTrouble::Deleted)), None, "forget no-number"),
        (visit(), number(Some(NumberTrouble::Two)), None, "forget two-numbers"),
        (visit(), number(Some(NumberTrouble::Wrong)), None, "forget wrong-number"),
        (visit(), number(Some(NumberTrouble::Test)), None, "forget test-number"),
        (shown(), number(Some(NumberTrouble::Two)), Some(Asked::Record), "forget withdraw two-numbers"),
        (visit(), unverified.clone(), None, "ask waiting"),
        (visit(), unverified.clone(), Some(Asked::Record), "show"),
        (visit(), Person { birth: None, ..unverified.clone() }, None, "ask waiting"),
        (visit(), Person { birth: None, ..unverified.clone() }, Some(Asked::NoRecord), ""),
        (visit(), Person { birth: None, ..unverified }, Some(Asked::Record), "no-birth-date"),
        (visit(), Person { birth: None, ..person() }, None, "ask waiting"),
        // Not before its time, and not after it.
        (hours(-72), person(), None, "ask waiting"),
        (hours(-73), person(), None, "too-old"),
        (hours(-73), person(), Some(Asked::Record), "show"),
        (hours(1), person(), None, "ask waiting"),
        (hours(2), person(), None, "future"),
    ] {
        assert_eq!(told(&visit, &person, asked), expected, "{visit:?} {asked:?}");
    }
}

#[test]
fn an_answer_about_other_details_counts_for_nothing() {
    let (visit, person) = (visit(), person());
    for question in [
        Question { number: OTHER, identity: IDENTITY, asked: Asked::Record },
        Question { number: NUMBER, identity: OTHER, asked: Asked::Record },
    ] {
        let known = Known {
            visit: &visit,
            person: &person,
            number: Some(NUMBER),
            identity: IDENTITY,
            questions: &[question],
            window: Window::default(),
            now: at(NOW),
        };
        assert!(owed(&known).ask && !owed(&known).show);
    }
}

fn any_asked() -> impl Strategy<Value = Option<Asked>> {
    let all = [Asked::Waiting(None), Asked::Record, Asked::NoRecord, Asked::Mismatch, Asked::Invalid];
    proptest::option::of(proptest::sample::select(all.to_vec()))
}

proptest! {
    /// Whoever does what is owed owes nothing of it again, and never is anything shown that is not a record of an open visit.
    #[test]
    fn what_was_done_is_not_owed_again(
        state in proptest::sample::select(vec![State::Open, State::Ended, State::Cancelled]),
        shown in proptest::option::of(proptest::sample::select(vec![NUMBER, OTHER])),
        has_number in any::<bool>(), arrived in any::<bool>(), hours in -100_i64..5, asked in any_asked(),
    ) {
        let started = at(NOW) + SignedDuration::from_hours(hours);
        let mut visit = Visit { state, shown, started, arrived: arrived.then(|| at(NOW)), ..visit() };
        let person = Person { number: person().number.filter(|_| has_number), ..person() };
        let question = asked.map(|asked| Question { number: NUMBER, identity: IDENTITY, asked });
        let mut questions: Vec<Question> = question.into_iter().collect();
        let look = |visit: &Visit, questions: &[Question]| {
            let number = person.number.map(|_| NUMBER);
            owed(&Known { visit, person: &person, number, identity: IDENTITY, questions, window: Window::default(), now: at(NOW) })
        };
        let first = look(&visit, &questions);
        if first.show {
            prop_assert!(state == State::Open && asked == Some(Asked::Record) && has_number && arrived);
        }
        if first.ask {
            questions.push(Question { number: NUMBER, identity: IDENTITY, asked: Asked::Waiting(None) });
        }
        if first.withdraw {
            visit.shown = None;
        }
        if first.show {
            visit.shown = Some(NUMBER);
        }
        let second = look(&visit, &questions);
        prop_assert!(!second.ask && !second.withdraw && !second.show, "{first:?} then {second:?}");
        prop_assert_eq!(second.unchecked, first.unchecked);
        // What stands in the hospital's system is a record, of this number, of somebody who is there.
        if visit.shown.is_some() {
            let stands = matches!(asked, Some(Asked::Record | Asked::Waiting(_) | Asked::Invalid) | None);
            prop_assert!(state == State::Open && stands && visit.shown == Some(NUMBER));
        }
    }
}
