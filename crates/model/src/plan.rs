//! Plans and when they are visible.

use crate::organisation::AuthorityCode;
use crate::time::{birthday, days_after};
use crate::{Date, Uuid};

/// Days for which an ended plan stays visible, the last one included (spec/domain.md 2.2).
pub const ENDED_VISIBLE_DAYS: i32 = 365;
/// Days after the due date for which an unborn child's plan stays visible, the last one included (spec/domain.md 2.2).
pub const UNBORN_GRACE_DAYS: i32 = 28;
/// Age in years at which a child's plans leave view.
pub const ADULT_AGE: i16 = 18;

/// The three kinds of plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PlanKind {
    /// Child protection plan (CPP).
    ChildProtection,
    /// Looked after child (LAC).
    LookedAfter,
    /// Child protection plan for an unborn child (UCPP); the mother is the person.
    Unborn,
}

impl PlanKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::ChildProtection, Self::LookedAfter, Self::Unborn];

    /// The short name of the field: `CPP`, `LAC` or `UCPP`.
    pub fn code(self) -> &'static str {
        match self {
            Self::ChildProtection => "CPP",
            Self::LookedAfter => "LAC",
            Self::Unborn => "UCPP",
        }
    }

    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::ChildProtection => "Child protection plan",
            Self::LookedAfter => "Looked after child",
            Self::Unborn => "Unborn child protection plan",
        }
    }

    /// The SNOMED CT concept (UK edition), by `ValueSet` England-ChildProtectionPlan 1.0.0.
    pub fn concept(self) -> &'static str {
        match self {
            Self::ChildProtection => "342191000000101",
            Self::LookedAfter => "764841000000100",
            Self::Unborn => "818901000000100",
        }
    }

    /// The number under which databases and journals keep the kind.
    pub fn number(self) -> u8 {
        match self {
            Self::ChildProtection => 1,
            Self::LookedAfter => 2,
            Self::Unborn => 3,
        }
    }

    /// The kind of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

/// Start, end and delete date of a plan. The end of an unborn child's plan is the due date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlanDates {
    /// The day the plan began.
    pub start: Date,
    /// The day it ended, or the due date.
    pub end: Option<Date>,
    /// The day from which it is to leave view: it was entered in error.
    pub delete: Option<Date>,
}

/// One version of a plan of one person by one authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Stays the same over all versions.
    pub id: Uuid,
    /// 1 for the first, one more for each change.
    pub version: u32,
    /// Who made it.
    pub authority: AuthorityCode,
    /// Its kind.
    pub kind: PlanKind,
    /// Its dates.
    pub dates: PlanDates,
}

/// Whether a plan is shown on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// In force.
    Current,
    /// Over, and still shown.
    Ended,
    /// Not shown any more.
    Gone(Gone),
}

/// Why a plan is not shown any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// Its delete date has come.
    Deleted,
    /// It ended, or the child was due, too long ago.
    Expired,
    /// The child is 18.
    Adult,
}

impl Visibility {
    /// Whether the plan is shown.
    pub fn is_visible(self) -> bool {
        !matches!(self, Self::Gone(_))
    }
}

/// Whether a plan is shown on a day of Europe/London. `birth` is the birth date of the person who holds the plan (for an
/// unborn child's plan the mother, whose age does not matter). A start in the future hides nothing.
///
/// ```
/// use cpis_model::plan::{PlanDates, PlanKind, Visibility, visibility};
/// use cpis_model::Date;
/// let day = |text: &str| text.parse::<Date>().unwrap();
/// let dates = PlanDates { start: day("2026-01-12"), end: Some(day("2026-03-01")), delete: None };
/// let on = |today| visibility(PlanKind::ChildProtection, dates, day("2017-04-04"), day(today));
/// assert_eq!(on("2026-03-01"), Visibility::Current);
/// assert_eq!(on("2027-03-01"), Visibility::Ended);
/// assert!(!on("2027-03-02").is_visible());
/// ```
pub fn visibility(kind: PlanKind, dates: PlanDates, birth: Date, today: Date) -> Visibility {
    if dates.delete.is_some_and(|delete| delete <= today) {
        return Visibility::Gone(Gone::Deleted);
    }
    let grace = if kind == PlanKind::Unborn {
        UNBORN_GRACE_DAYS
    } else {
        if birthday(birth, ADULT_AGE).is_some_and(|adult| adult <= today) {
            return Visibility::Gone(Gone::Adult);
        }
        ENDED_VISIBLE_DAYS
    };
    match dates.end {
        Some(end) if days_after(end, grace) < today => Visibility::Gone(Gone::Expired),
        Some(end) if end < today => Visibility::Ended,
        _ => Visibility::Current,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PlanKind::{ChildProtection as Cpp, LookedAfter as Lac, Unborn};
    use Visibility::{Current, Ended, Gone as Not};

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn plans_are_visible_as_long_as_the_guides_say() {
        // Sources: SCRa user guide (365 and 28 days); spec/domain.md 2.1, 2.2 and 12 (cases 4, 5, 8).
        for (kind, start, end, delete, birth, today, expected) in [
            (Cpp, "2026-01-12", "", "", "2017-04-04", "2026-11-22", Current),
            (Cpp, "2026-01-12", "2026-11-22", "", "2017-04-04", "2026-11-22", Current),
            (Cpp, "2026-01-12", "2026-11-21", "", "2017-04-04", "2026-11-22", Ended),
            (Lac, "2024-01-12", "2025-11-22", "", "2017-04-04", "2026-11-22", Ended),
            (Lac, "2024-01-12", "2025-11-21", "", "2017-04-04", "2026-11-22", Not(Gone::Expired)),
            (Cpp, "2023-01-12", "2024-02-29", "", "2017-04-04", "2025-02-28", Ended),
            (Cpp, "2023-01-12", "2024-02-29", "", "2017-04-04", "2025-03-01", Not(Gone::Expired)),
            (Unborn, "2026-02-01", "2026-09-30", "", "1998-06-11", "2026-09-30", Current),
            (Unborn, "2026-02-01", "2026-09-30", "", "1998-06-11", "2026-10-28", Ended),
            (Unborn, "2026-02-01", "2026-09-30", "", "1998-06-11", "2026-10-29", Not(Gone::Expired)),
            (Unborn, "2026-02-01", "2026-12-30", "", "1908-06-11", "2026-10-29", Current),
            (Cpp, "2026-01-12", "", "", "2008-11-22", "2026-11-21", Current),
            (Cpp, "2026-01-12", "", "", "2008-11-22", "2026-11-22", Not(Gone::Adult)),
            (Lac, "2026-01-12", "2026-02-01", "", "2008-02-29", "2026-02-28", Ended),
            (Lac, "2026-01-12", "2026-02-01", "", "2008-02-29", "2026-03-01", Not(Gone::Adult)),
            (Cpp, "2026-01-12", "", "2026-11-22", "2017-04-04", "2026-11-22", Not(Gone::Deleted)),
            (Cpp, "2026-01-12", "", "2026-11-23", "2017-04-04", "2026-11-22", Current),
            (Unborn, "2026-01-12", "2026-12-01", "2026-11-01", "1998-06-11", "2026-11-22", Not(Gone::Deleted)),
            (Cpp, "2026-12-01", "", "", "2017-04-04", "2026-11-22", Current),
        ] {
            let optional = |text: &str| (!text.is_empty()).then(|| day(text));
            let dates = PlanDates { start: day(start), end: optional(end), delete: optional(delete) };
            assert_eq!(
                visibility(kind, dates, day(birth), day(today)),
                expected,
                "{kind:?} {dates:?} {birth} on {today}"
            );
        }
    }

    #[test]
    fn stored_numbers_name_their_kind() {
        assert!(PlanKind::ALL.into_iter().all(|kind| PlanKind::from_number(kind.number()) == Some(kind)));
        assert_eq!(PlanKind::from_number(0), None);
    }
}
