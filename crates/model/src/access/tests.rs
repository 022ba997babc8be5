//! The 24-hour rule by tables and properties.

use super::*;
use proptest::prelude::*;

const A: &str = "714";
const B: &str = "702";

fn authorities(codes: &[&str]) -> Vec<AuthorityCode> {
    codes.iter().map(|code| code.parse().unwrap()).collect()
}

fn look(index: u64, minute: i64, author: u8, codes: &[&str]) -> LookFact {
    LookFact {
        index,
        at: Timestamp::from_millisecond(1_790_000_000_000 + minute * 60_000).unwrap(),
        author: AuthorKey([author; 16]),
        purpose: Purpose::Flags,
        mode: Mode::Notifying,
        authorities: authorities(codes),
    }
}

fn silent(mut look: LookFact) -> LookFact {
    look.mode = Mode::Silent;
    look
}

fn list(mut look: LookFact) -> LookFact {
    look.purpose = Purpose::AccessList;
    look
}

#[test]
fn looks_of_one_author_within_24_hours_are_one_access() {
    // Source: DMS (same author, same record, 24 hours); spec/domain.md 12 case 10; design D1 for the two keys.
    const DAY: i64 = 24 * 60;
    // Each history: looks with (listed, notices, alarm) expected.
    let check = |name: &str, history: &[(LookFact, bool, &[&str], bool)]| {
        let mut state = Accesses::default();
        for (look, listed, owed, alarm) in history {
            let folded = state.fold(look);
            assert_eq!(folded.listed, *listed, "{name}: listed at {}", look.index);
            assert_eq!(folded.owed, authorities(owed), "{name}: owed at {}", look.index);
            assert_eq!(folded.clock_went_back, *alarm, "{name}: alarm at {}", look.index);
        }
    };
    check(
        "same author after 10 minutes",
        &[(look(1, 0, 1, &[A]), true, &[A], false), (look(2, 10, 1, &[A]), false, &[], false)],
    );
    check("another author", &[(look(1, 0, 1, &[A]), true, &[A], false), (look(2, 10, 2, &[A]), true, &[A], false)]);
    check("23 h 59 min", &[(look(1, 0, 1, &[A]), true, &[A], false), (look(2, DAY - 1, 1, &[A]), false, &[], false)]);
    check("24 h", &[(look(1, 0, 1, &[A]), true, &[A], false), (look(2, DAY, 1, &[A]), true, &[A], false)]);
    check("24 h 1 min", &[(look(1, 0, 1, &[A]), true, &[A], false), (look(2, DAY + 1, 1, &[A]), true, &[A], false)]);
    check(
        "a window is opened by a listed look only",
        &[
            (look(1, 0, 1, &[A]), true, &[A], false),
            (look(2, DAY - 1, 1, &[A]), false, &[], false),
            (look(3, DAY + 10, 1, &[A]), true, &[A], false),
        ],
    );
    check(
        "silent then notifying",
        &[(silent(look(1, 0, 1, &[A])), false, &[], false), (look(2, 1, 1, &[A]), true, &[A], false)],
    );
    check("miss then hit", &[(look(1, 0, 1, &[]), false, &[], false), (look(2, 1, 1, &[A]), true, &[A], false)]);
    check(
        "two authorities",
        &[(look(1, 0, 1, &[A, B]), true, &[A, B], false), (look(2, 1, 1, &[B, A]), false, &[], false)],
    );
    check(
        "an authority that appears later is told of a look that is not listed again",
        &[
            (look(1, 0, 1, &[A]), true, &[A], false),
            (look(2, 60, 1, &[A, B]), false, &[B], false),
            (look(3, 61, 1, &[A, B]), false, &[], false),
        ],
    );
    check(
        "reading the list alone within the window is no look",
        &[(look(1, 0, 1, &[A]), true, &[A], false), (list(look(2, 1, 1, &[A, B])), false, &[], false)],
    );
    check(
        "reading the list alone is a look otherwise",
        &[(list(look(1, 0, 1, &[A])), true, &[A], false), (look(2, 1, 1, &[A]), false, &[], false)],
    );
    check(
        "clock back 5 minutes",
        &[(look(1, 5, 1, &[A]), true, &[A], false), (look(2, 0, 1, &[A]), false, &[], false)],
    );
    check("clock back 6 minutes", &[(look(1, 6, 1, &[A]), true, &[A], false), (look(2, 0, 1, &[A]), true, &[A], true)]);
    check("the same authority twice in one look", &[(look(1, 0, 1, &[A, A]), true, &[A], false)]);
}

#[test]
fn twenty_five_are_shown_newest_first() {
    let mut state = Accesses::default();
    for n in 0..30 {
        state.fold(&look(n, n as i64, n as u8, &[A]));
    }
    let shown: Vec<u64> = state.newest().map(|access| access.index).collect();
    assert_eq!(shown, (5..30).rev().collect::<Vec<_>>());
}

fn any_look() -> impl Strategy<Value = (i64, u8, u8, bool, bool)> {
    (-300i64..400, 0u8..3, 0u8..4, any::<bool>(), any::<bool>())
}

proptest! {
    #[test]
    fn pruning_changes_no_later_answer(steps in proptest::collection::vec(any_look(), 1..80)) {
        let (mut kept, mut pruned) = (Accesses::default(), Accesses::default());
        let mut minute = 0;
        for (index, (step, author, which, quiet, listing)) in steps.into_iter().enumerate() {
            minute += step;
            let codes: &[&str] = match which { 0 => &[], 1 => &[A], 2 => &[B], _ => &[A, B] };
            let mut look = look(index as u64, minute, author, codes);
            if quiet { look = silent(look); }
            if listing { look = list(look); }
            prop_assert_eq!(kept.fold(&look), pruned.fold(&look));
            pruned.prune();
            prop_assert_eq!(kept.newest().collect::<Vec<_>>(), pruned.newest().collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_authority_is_told_at_most_once_in_a_window(minutes in proptest::collection::vec(0i64..3000, 1..60)) {
        let mut minutes = minutes;
        minutes.sort_unstable();
        let mut state = Accesses::default();
        for (index, minute) in minutes.iter().enumerate() {
            state.fold(&look(index as u64, *minute, 1, &[A]));
        }
        for pair in state.owed.windows(2) {
            prop_assert!(pair[1].access.at.as_millisecond() - pair[0].access.at.as_millisecond() >= WINDOW_MS);
        }
        prop_assert_eq!(state.owed.len(), state.listed.len());
    }
}
