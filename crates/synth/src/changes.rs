//! What changes after the first files, day by day: plans that begin, that end, and that were entered in error.

use crate::cases::{Case, Maker, source};
use crate::england::England;
use crate::names;
use crate::number::number;
use crate::others::age_and_sex;
use crate::person::SynthPerson;
use crate::published::PUBLISHED;
use crate::stories::{Share, Story};
use cpis_model::Date;
use cpis_model::demographics::Sex;
use cpis_model::organisation::AuthorityCode;
use cpis_model::plan::{PlanDates, PlanKind};
use cpis_model::time::days_after;
use cpis_model::upload::{SubjectKind, UploadedPlan};
use rand::RngExt;

/// Days after today for which changes are made.
pub const DAYS_MAX: u32 = 365;
/// Of this many new plans one was entered in error, and is taken back on the next day (assumed).
const ERROR_OF: u32 = 60;
/// A day that is further away than any.
const NEVER: u32 = u32::MAX;

/// Somebody whose plan begins after today.
pub(crate) struct Newcomer {
    pub(crate) case: Case,
    /// The day on which it begins, counted from today.
    pub(crate) day: u32,
    pub(crate) in_error: bool,
}

impl England {
    /// Whose plans of an authority began, ended or turn out to be wrong on a day after today, which counts from 1.
    pub(crate) fn changes(&self, authority: AuthorityCode, day: u32) -> impl Iterator<Item = Case> {
        let share = self.layout.shares.iter().find(|share| share.figures.code == authority);
        let new = share.into_iter().flat_map(move |share| {
            let new = share.newcomers.clone().filter_map(|place| self.newcomer(share, place));
            new.filter_map(move |new| self.news(new, day))
        });
        let ended = self.authority_cases(authority).filter_map(move |case| self.ended(case, authority, day));
        ended.chain(new)
    }

    /// The plans of an authority that end on a day after today.
    fn ended(&self, mut case: Case, authority: AuthorityCode, day: u32) -> Option<Case> {
        let end = days_after(self.today, day as i32);
        case.plans.retain_mut(|(own, plan)| {
            let is_due =
                *own == authority && plan.dates.end.is_none() && self.ends(case.person.place, plan.kind) == day;
            plan.dates.end = plan.dates.end.or(Some(end));
            is_due
        });
        (!case.plans.is_empty()).then_some(case)
    }

    /// On which day after today a plan that is open today ends: as often in a year as was published.
    pub(crate) fn ends(&self, place: u32, kind: PlanKind) -> u32 {
        let total = |name: &str| PUBLISHED.total(name) as f64;
        let yearly = match kind {
            PlanKind::ChildProtection => total("ended_protection_plans_in_year") / total("protection_plans"),
            PlanKind::LookedAfter => total("ceased_looked_after_in_year") / total("looked_after"),
            PlanKind::Unborn => return NEVER,
        };
        let drawn: f64 = source(self.seed, place, 10 + u64::from(kind.number())).random();
        // Waiting times of something that may happen on any day.
        (-(1.0 - drawn).ln() / yearly * 365.0) as u32 + 1
    }

    /// What there is to say of a newcomer on a day.
    fn news(&self, mut new: Newcomer, day: u32) -> Option<Case> {
        let (_, plan) = new.case.plans.first_mut()?;
        let today = Some(days_after(self.today, day as i32));
        if new.day == day {
            return Some(new.case);
        }
        if new.in_error {
            plan.dates.delete = today;
            return (new.day + 1 == day).then_some(new.case);
        }
        plan.dates.end = plan.dates.end.or(today);
        (new.day.saturating_add(self.ends(new.case.person.place, plan.kind)) == day).then_some(new.case)
    }

    /// The person at a place of an authority's newcomers; `None` for the child of a mother whose due date has passed, who has a
    /// plan already.
    pub(crate) fn newcomer(&self, share: &Share, place: u32) -> Option<Newcomer> {
        let mothers = share.places_of(Story::Unborn);
        let n = place.checked_sub(share.newcomers.start)?;
        let mut new = if n < mothers.len() as u32 {
            self.baby(share, mothers.start + n, place)?
        } else {
            self.new_plan(share, place)?
        };
        new.case.person = self.shown(new.case.person).person;
        Some(new)
    }

    /// A child who is born after today: the plan begins at birth or some days later.
    fn baby(&self, share: &Share, mother: u32, place: u32) -> Option<Newcomer> {
        let maker = Maker { seed: self.seed, today: self.today, layout: &self.layout };
        let mother = maker.case(share, Story::Unborn, mother)?;
        let birth = mother.plans.first().and_then(|(_, plan)| plan.dates.end).filter(|due| *due >= self.today)?;
        let mut rng = source(self.seed, place, 5);
        let sex = if rng.random() { Sex::Female } else { Sex::Male };
        let mut name = names::name(sex, &mut rng);
        name.family = mother.person.name.family;
        let after = self.today.until(birth).map_or(0, |span| span.get_days()) + rng.random_range(1..=9);
        let start = days_after(self.today, after);
        let person =
            SynthPerson { place, number: number(self.seed, place)?, name, birth, sex, subject: SubjectKind::Child };
        Some(self.with_plan(share, person, Story::Protected, start, None, after as u32, false))
    }

    fn new_plan(&self, share: &Share, place: u32) -> Option<Newcomer> {
        let mut rng = source(self.seed, place, 5);
        let day = rng.random_range(1..=DAYS_MAX);
        let start = days_after(self.today, day as i32);
        let in_error = rng.random_ratio(1, ERROR_OF);
        // Of a year's new plans: protection plans of children who are born, care, unborn children's (assumed).
        let story = match rng.random_range(0..97_u32) {
            0..58 => Story::Protected,
            58..90 => Story::LookedAfter,
            _ => Story::Unborn,
        };
        let (days, sex) = match story {
            Story::Unborn => (rng.random_range(6_600..=15_704), Sex::Female),
            _ => age_and_sex(&mut rng),
        };
        // Nobody is 18 before the year is over.
        let days = if story == Story::Unborn { days } else { days.min(6_570 - DAYS_MAX as i32) };
        let due = (story == Story::Unborn).then(|| days_after(start, rng.random_range(60..=200)));
        let name = names::name(sex, &mut rng);
        let birth = days_after(self.today, -days);
        let subject = if story == Story::Unborn { SubjectKind::Unborn } else { SubjectKind::Child };
        let person = SynthPerson { place, number: number(self.seed, place)?, name, birth, sex, subject };
        Some(self.with_plan(share, person, story, start, due, day, in_error))
    }

    #[expect(clippy::too_many_arguments, clippy::unused_self, reason = "the parts of one value")]
    fn with_plan(
        &self,
        share: &Share,
        person: SynthPerson,
        story: Story,
        start: Date,
        end: Option<Date>,
        day: u32,
        in_error: bool,
    ) -> Newcomer {
        let kind = match story {
            Story::Unborn => PlanKind::Unborn,
            Story::LookedAfter => PlanKind::LookedAfter,
            _ => PlanKind::ChildProtection,
        };
        let code = share.figures.code;
        let plans = vec![(code, UploadedPlan { kind, dates: PlanDates { start, end, delete: None } })];
        let household = person.place;
        Newcomer { case: Case { person, story, household, lives_in: code, plans }, day, in_error }
    }
}
