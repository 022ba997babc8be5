//! One person with plans, made from seed and place alone: age, sex, name, siblings, and the plans of each authority.

use crate::households::household;
use crate::names;
use crate::number::{mixed, number};
use crate::person::SynthPerson;
use crate::published::{AuthorityFigures, Draw, PUBLISHED};
use crate::stories::{Layout, Share, Story};
use cpis_model::Date;
use cpis_model::demographics::Sex;
use cpis_model::organisation::AuthorityCode;
use cpis_model::plan::{PlanDates, PlanKind};
use cpis_model::time::days_after;
use cpis_model::upload::{SubjectKind, UploadedPlan};
use jiff::civil::Weekday;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};
use std::ops::RangeInclusive;

/// Of a hundred siblings this many have another family name (assumed).
const OTHER_FAMILY_NAME_PERCENT: u32 = 20;
/// Siblings are born so many days apart, or are twins.
const BETWEEN_SIBLINGS_DAYS: i32 = 290;
/// Of a hundred siblings this many are twins (assumed).
const TWINS_PERCENT: u32 = 3;
/// A plan of a new-born child begins at most this many days after birth.
const AFTER_BIRTH_DAYS: RangeInclusive<i32> = 0..=9;
/// An ended plan ended at most this many days ago: one day less than it is shown, so that nothing leaves view at midnight.
const ENDED_DAYS: RangeInclusive<i32> = 1..=364;
/// Due dates of unborn children's plans: from some days ago, which are over and still shown, to half a year ahead.
const DUE_DAYS: RangeInclusive<i32> = -25..=185;
/// An unborn child's plan begins so many days before the due date.
const BEFORE_DUE_DAYS: RangeInclusive<i32> = 40..=210;
/// Ages of mothers in days: 18 to 42 years; young mothers are 15 to 17.
const MOTHER_DAYS: RangeInclusive<i32> = 6_600..=15_704;
const YOUNG_MOTHER_DAYS: RangeInclusive<i32> = 5_500..=6_400;
/// Days before a child is 18; the youngest age at which the eighteenth birthday is not near.
const CHILD_DAYS_MAX: i32 = 6_568;

/// A person with plans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The person. For an unborn child it is the mother.
    pub person: SynthPerson,
    /// Why they have plans.
    pub story: Story,
    /// First place of the household: siblings share it.
    pub household: u32,
    /// The authority where they live; another one than the plans' where care is given elsewhere.
    pub lives_in: AuthorityCode,
    /// The plans, each with its authority.
    pub plans: Vec<(AuthorityCode, UploadedPlan)>,
}

/// Randomness that depends on nothing but seed, place and purpose.
pub(crate) fn source(seed: u64, place: u32, purpose: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(mixed(mixed(seed ^ purpose << 40) ^ u64::from(place)))
}

const OWN: u64 = 1;
const HOUSEHOLD: u64 = 2;
const BIRTH: u64 = 3;
const LEGAL_STATUS: u64 = 9;

/// The legal status of a looked after child, as often as published among those that are in scope of the service: detentions and
/// youth justice (230 children) are not. An upload has no place for it, so it is drawn apart from everything else.
pub(crate) fn legal_status(seed: u64, place: u32) -> &'static str {
    let figures = PUBLISHED.figures("looked_after_legal_status");
    let drawn = Draw::of(figures.iter().map(|figure| (figure.characteristic.as_str(), figure.number)));
    drawn.draw(&mut source(seed, place, LEGAL_STATUS)).copied().unwrap_or_default()
}

/// From which the cases are made.
pub(crate) struct Maker<'own> {
    pub(crate) seed: u64,
    pub(crate) today: Date,
    pub(crate) layout: &'own Layout,
}

/// What the children of a household have in common.
struct Home {
    family: String,
    /// Days since the plans began, and the end of a plan that is over.
    begun: i32,
    ended: i32,
}

impl Maker<'_> {
    /// The person at a place of a story. `None` only past the last number.
    pub(crate) fn case(&self, share: &Share, story: Story, place: u32) -> Option<Case> {
        match story {
            Story::Unborn | Story::YoungMother => self.mother(share, story, place),
            _ => self.child(share, story, place),
        }
    }

    fn mother(&self, share: &Share, story: Story, place: u32) -> Option<Case> {
        let mut rng = source(self.seed, place, OWN);
        let young = story == Story::YoungMother;
        let ages = if young { YOUNG_MOTHER_DAYS } else { MOTHER_DAYS };
        let birth = days_after(self.today, -rng.random_range(ages));
        let name = names::name(Sex::Female, &mut rng);
        let due = days_after(self.today, rng.random_range(DUE_DAYS));
        let start = days_after(due, -rng.random_range(BEFORE_DUE_DAYS)).min(days_after(self.today, -1));
        let own = share.figures.code;
        let mut plans = vec![(own, plan(PlanKind::Unborn, start, Some(due)))];
        if young {
            let begun = rng.random_range(30..1_500);
            plans.push((own, plan(PlanKind::LookedAfter, days_after(self.today, -begun), None)));
        }
        let number = number(self.seed, place)?;
        let person = SynthPerson { place, number, name, birth, sex: Sex::Female, subject: SubjectKind::Unborn };
        Some(Case { person, story, household: place, lives_in: own, plans })
    }

    fn child(&self, share: &Share, story: Story, place: u32) -> Option<Case> {
        let home_places = household(self.seed, story, &share.places_of(story), place);
        let mut rng = source(self.seed, place, OWN);
        let mut home = self.home(story, home_places.start);
        let mut birth = self.birth(share, story, home_places.start, place, &home);
        let baby_of = self.mother_of(share, story, place);
        if let Some(mother) = baby_of {
            let (_, due) = mother.plans.first()?;
            birth = due.dates.end?;
            home.family.clone_from(&mother.person.name.family);
        }
        let sex = sex(story, &mut rng);
        let mut name = names::name(sex, &mut rng);
        if place == home_places.start || !rng.random_ratio(OTHER_FAMILY_NAME_PERCENT, 100) {
            name.family = home.family;
        }
        let neighbour = |place: usize| self.layout.shares.get(place).map(|share| share.figures.code);
        let (before, after) = (neighbour(share.before)?, neighbour(share.after)?);
        let plans = self.plans(story, share.figures, (before, after), birth, (home.begun, home.ended), &mut rng);
        let lives_in = self.lives_in(share, story, &plans, &mut rng);
        let person =
            SynthPerson { place, number: number(self.seed, place)?, name, birth, sex, subject: SubjectKind::Child };
        Some(Case { person, story, household: home_places.start, lives_in, plans })
    }

    fn home(&self, story: Story, first: u32) -> Home {
        let mut rng = source(self.seed, first, HOUSEHOLD);
        let family = names::name(Sex::Female, &mut rng).family;
        let bands = |group: &str, rng: &mut Xoshiro256PlusPlus| PUBLISHED.bands(group).value(rng);
        let (begun, ended) = match story {
            Story::EndedPlan | Story::EndedCare => {
                let ended = rng.random_range(ENDED_DAYS);
                let group =
                    if story == Story::EndedPlan { "ended_protection_length_days" } else { "ended_care_length_days" };
                (ended + bands(group, &mut rng), ended)
            }
            Story::CareAfterPlan => {
                let ended = rng.random_range(ENDED_DAYS);
                (ended + bands("ended_protection_length_days", &mut rng), ended)
            }
            Story::LookedAfter => (bands("looked_after_duration_days", &mut rng), 0),
            _ => (bands("protection_duration_days", &mut rng), 0),
        };
        Home { family, begun, ended }
    }

    /// The date of birth: each child's is drawn alone; one that would be too near an elder sibling's is moved.
    fn birth(&self, share: &Share, story: Story, first: u32, place: u32, home: &Home) -> Date {
        let mut births: Vec<i32> = Vec::new();
        for sibling in first..=place {
            let mut rng = source(self.seed, sibling, BIRTH);
            let twin = sibling > first && rng.random_ratio(TWINS_PERCENT, 100);
            let mut age =
                if twin { births.last().copied().unwrap_or_default() } else { age(share, story, home, &mut rng) };
            let near = |age: i32| births.iter().any(|own| *own != age && (own - age).abs() < BETWEEN_SIBLINGS_DAYS);
            while !twin && near(age) && age > 0 {
                age -= BETWEEN_SIBLINGS_DAYS;
            }
            births.push(if age < 0 { births.last().copied().unwrap_or_default() } else { age });
        }
        days_after(self.today, -births.last().copied().unwrap_or_default())
    }

    /// The mother of this child, if her due date has passed: the first children on plans are those of the first mothers.
    fn mother_of(&self, share: &Share, story: Story, place: u32) -> Option<Case> {
        if story != Story::Protected {
            return None;
        }
        let mothers = share.places_of(Story::Unborn);
        let mother = mothers.start.checked_add(place.checked_sub(share.places_of(story).start)?)?;
        let mother = mothers.contains(&mother).then(|| self.mother(share, Story::Unborn, mother))??;
        let (_, plan) = mother.plans.first()?;
        plan.dates.end.is_some_and(|due| due < self.today).then_some(mother)
    }

    fn plans(
        &self,
        story: Story,
        own: &AuthorityFigures,
        (before, after): (AuthorityCode, AuthorityCode),
        birth: Date,
        (begun, ended): (i32, i32),
        rng: &mut impl Rng,
    ) -> Vec<(AuthorityCode, UploadedPlan)> {
        use PlanKind::{ChildProtection, LookedAfter};
        let ago = |days: i32| days_after(self.today, -days);
        let born = |rng: &mut dyn FnMut() -> i32| days_after(birth, rng()).min(self.today);
        let mut after_birth = || rng.random_range(AFTER_BIRTH_DAYS);
        let start = if ago(begun) < birth { born(&mut after_birth) } else { working_day(ago(begun), birth) };
        let own = own.code;
        match story {
            Story::Protected => vec![(own, plan(ChildProtection, start, None))],
            Story::LookedAfter => {
                let start = if ago(begun) < birth { start } else { ago(begun) };
                vec![(own, plan(LookedAfter, start, None))]
            }
            Story::Both => {
                let care = between(start, self.today, rng);
                vec![(own, plan(ChildProtection, start, None)), (own, plan(LookedAfter, care, None))]
            }
            Story::CareAfterPlan => {
                let end = ago(ended).max(start);
                vec![(own, plan(ChildProtection, start, Some(end))), (own, plan(LookedAfter, end, None))]
            }
            Story::EndedPlan => vec![(own, plan(ChildProtection, start, Some(ago(ended).max(start))))],
            Story::EndedCare => vec![(own, plan(LookedAfter, start, Some(ago(ended).max(start))))],
            Story::MovedIn => {
                // The former authority's plan ends on the day of the new one's, or some days later: an overlap is right.
                let began = between(start.max(ago(300)), ago(1).max(start), rng);
                let end = days_after(began, rng.random_range(0..=20)).min(ago(1)).max(began.min(ago(1))).max(birth);
                let first = days_after(began, -rng.random_range(60..=400)).max(birth).min(end);
                vec![(own, plan(ChildProtection, began, None)), (before, plan(ChildProtection, first, Some(end)))]
            }
            Story::TwoAuthorities => {
                let care = between(start, self.today, rng);
                vec![(own, plan(ChildProtection, start, None)), (after, plan(LookedAfter, care, None))]
            }
            Story::Unborn | Story::YoungMother => Vec::new(),
        }
    }

    /// Where a child lives: a looked after child is placed in another authority of the region as often as published.
    fn lives_in(
        &self,
        share: &Share,
        story: Story,
        plans: &[(AuthorityCode, UploadedPlan)],
        rng: &mut impl Rng,
    ) -> AuthorityCode {
        let own = share.figures.code;
        let carer = plans.iter().find(|(_, plan)| plan.kind == PlanKind::LookedAfter && plan.dates.end.is_none());
        let Some((carer, _)) = carer.filter(|_| story != Story::Unborn) else { return own };
        if PUBLISHED.is_so("looked_after_placement", "own authority", rng) {
            return *carer;
        }
        let elsewhere = self
            .layout
            .shares
            .iter()
            .filter(|other| other.figures.region == share.figures.region && other.figures.code != *carer);
        let elsewhere: Vec<AuthorityCode> = elsewhere.map(|other| other.figures.code).collect();
        let chosen = rng.random_range(0..elsewhere.len().max(1));
        elsewhere.get(chosen).copied().unwrap_or(own)
    }
}

/// An age in days. Children on plans that are long in force are not too young for them.
fn age(share: &Share, story: Story, home: &Home, rng: &mut impl Rng) -> i32 {
    let in_care = matches!(story, Story::LookedAfter | Story::CareAfterPlan | Story::EndedCare);
    let bands = if in_care { &share.figures.looked_after_ages } else { PUBLISHED.bands("protection_age_years") };
    let least = match story {
        Story::LookedAfter => 0,
        _ => home.begun,
    };
    // Redrawn a few times; the last resort is a child of the plan's age.
    for _ in 0..20 {
        let (low, high) = bands.draw(rng).copied().unwrap_or((0, 17));
        let days = rng.random_range(low * 1461 / 4..=((high + 1) * 1461 / 4 - 1).min(CHILD_DAYS_MAX));
        if days >= least {
            return days;
        }
    }
    least.min(CHILD_DAYS_MAX)
}

fn sex(story: Story, rng: &mut impl Rng) -> Sex {
    let in_care = matches!(story, Story::LookedAfter | Story::CareAfterPlan | Story::EndedCare);
    let group = if in_care { "looked_after_sex" } else { "protection_sex" };
    if PUBLISHED.is_so(group, "female", rng) { Sex::Female } else { Sex::Male }
}

fn plan(kind: PlanKind, start: Date, end: Option<Date>) -> UploadedPlan {
    UploadedPlan { kind, dates: PlanDates { start, end, delete: None } }
}

/// A day from the first to the last, both included.
pub(crate) fn between(first: Date, last: Date, rng: &mut impl Rng) -> Date {
    let days = first.until(last).map_or(0, |span| span.get_days());
    days_after(first, rng.random_range(0..=days.max(0)))
}

/// The day itself, or the Friday before: conferences that begin a plan are not held at the weekend.
fn working_day(day: Date, birth: Date) -> Date {
    let back = match day.weekday() {
        Weekday::Saturday => 1,
        Weekday::Sunday => 2,
        _ => 0,
    };
    let earlier = days_after(day, -back);
    if earlier < birth { day } else { earlier }
}
