//! The three answers. Their headlines, shapes, icons and words are never the same.

use crate::frame::Frame;
use crate::lines::Line;
use crate::view::find::Person;
use crate::words;
use askama::Template;
use cpis_model::pattern::Pattern;
use cpis_model::plan::{ENDED_VISIBLE_DAYS, PlanKind, UNBORN_GRACE_DAYS};
use cpis_model::setting::Setting;
use cpis_model::time::london_day;
use cpis_model::{Date, Timestamp};

/// "Child protection information is held."
#[derive(Template)]
#[template(path = "answer_record.html")]
pub struct Record {
    /// The frame.
    pub page: Frame,
    /// The person.
    pub person: Person,
    /// Stands for the person in forms.
    pub handle: String,
    /// Who holds plans; at least one.
    pub authorities: Vec<Holder>,
    /// Whether the authorities are told of this look.
    pub told: bool,
    /// The listed accesses; `None` where they cannot be read at the moment.
    pub accesses: Option<Accesses>,
    /// What stands out in them.
    pub pattern: Option<Pattern>,
}

/// An authority with plans for the person.
#[derive(Clone)]
pub struct Holder {
    /// Its name.
    pub name: String,
    /// Its plans.
    pub plans: Vec<ShownPlan>,
    /// Its telephone lines, the open ones first ([`cpis_model::reach::contacts_for`]).
    pub lines: Vec<Line>,
    /// When its last good file came.
    pub last_file: Option<Timestamp>,
    /// Whether its next file should have come.
    pub late: bool,
}

/// A plan as it is shown.
#[derive(Clone)]
pub struct ShownPlan {
    /// Its kind.
    pub kind: PlanKind,
    /// The day it began.
    pub start: Date,
    /// The day it ended, or on which the unborn child is due.
    pub end: Option<Date>,
    /// It is over, and still shown.
    pub ended: bool,
}

impl ShownPlan {
    /// The kind in words.
    pub fn name(&self) -> &'static str {
        match self.kind {
            PlanKind::ChildProtection => "Child protection plan",
            PlanKind::LookedAfter => "Looked after child",
            PlanKind::Unborn => "Unborn child's protection plan",
        }
    }

    fn is_unborn(&self) -> bool {
        self.kind == PlanKind::Unborn
    }

    /// Since when, and ended when.
    pub fn dates(&self) -> String {
        let since = format!("Since {}", words::day(self.start));
        match (self.end.map(words::day), self.is_unborn(), self.ended) {
            (Some(due), true, _) => format!("{since}. Baby due {due}; shown for {UNBORN_GRACE_DAYS} days after"),
            (Some(end), false, true) => {
                let start = words::day(self.start);
                format!("Began {start}. Ended on {end}; shown for {ENDED_VISIBLE_DAYS} days")
            }
            (Some(end), false, false) => format!("{since}, until {end}"),
            (None, ..) => since,
        }
    }
}

/// The accesses that are listed, newest first, at most 25.
#[derive(Clone, Default)]
pub struct Accesses {
    /// The accesses.
    pub rows: Vec<AccessRow>,
    /// Set where the list lags behind.
    pub complete_to: Option<Timestamp>,
}

/// One access.
#[derive(Clone)]
pub struct AccessRow {
    /// When.
    pub at: Timestamp,
    /// The place's name.
    pub place: String,
    /// The kind of care, where known.
    pub setting: Option<Setting>,
    /// The person's name, or the system's.
    pub who: String,
    /// Their role; empty for a system.
    pub role: String,
    /// It is the reader's own.
    pub own: bool,
}

impl AccessRow {
    fn setting(&self) -> &'static str {
        self.setting.map_or("Not known", Setting::name)
    }
}

/// The accesses of one day in London.
struct Day<'rows> {
    day: Date,
    rows: &'rows [AccessRow],
}

impl Accesses {
    fn days(&self) -> Vec<Day<'_>> {
        let same_day = |a: &AccessRow, b: &AccessRow| london_day(a.at) == london_day(b.at);
        let days = self.rows.chunk_by(same_day);
        days.filter_map(|rows| Some(Day { day: london_day(rows.first()?.at), rows })).collect()
    }
}

impl Record {
    /// The plans in one line, what is in force first.
    pub fn summary(&self) -> String {
        let mut kinds: Vec<(bool, &'static str)> = Vec::new();
        for plan in self.authorities.iter().flat_map(|holder| &holder.plans) {
            if !kinds.contains(&(plan.ended, plan.name())) {
                kinds.push((plan.ended, plan.name()));
            }
        }
        kinds.sort_by_key(|(ended, _)| *ended);
        let say = |(ended, name): &(bool, &str)| if *ended { format!("{name} (ended)") } else { (*name).to_owned() };
        kinds.iter().map(say).collect::<Vec<_>>().join(" · ")
    }

    fn pattern_sentence(&self) -> Option<String> {
        self.pattern.map(words::pattern)
    }
}

/// "No child protection record is held."
#[derive(Template)]
#[template(path = "answer_none.html")]
pub struct NoRecord {
    /// The frame.
    pub page: Frame,
    /// The person.
    pub person: Person,
    /// How many authorities have sent a file so far, where that can be told.
    pub sending: Option<usize>,
    /// How many there are.
    pub registered: usize,
    /// The oldest of the authorities' last files.
    pub data_from: Option<Timestamp>,
    /// How many authorities' files are late.
    pub late: usize,
}

impl NoRecord {
    fn some_are_missing(&self) -> bool {
        self.sending.is_some_and(|sending| sending < self.registered)
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The entry could not be written, or the service is overloaded or away.
    Unavailable,
    /// The date of birth is not the stored one.
    DetailsDoNotMatch,
}

/// "We could not check."
#[derive(Template)]
#[template(path = "answer_cannot_tell.html")]
pub struct CannotTell {
    /// The frame.
    pub page: Frame,
    /// Why.
    pub why: Why,
    /// Stands for the person, where trying again makes sense.
    pub again: Option<String>,
}
