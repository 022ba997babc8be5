//! England made up: who has plans, what demographics says of everybody, and who attends on a day.
//!
//! Nothing is stored. A person is a pure function of seed, day and place, so that one authority, one child or one day is made
//! without the others. Plans are those of the day that is taken for today; later days are in [`England::authority_file`].

use crate::cases::{Case, Maker};
use crate::demographics::{Rates, RegisterRow, Shown, State, shown};
use crate::number::number;
use crate::others::{child, woman};
use crate::person::SynthPerson;
use crate::plans::record;
use crate::stories::{Layout, SPECIAL, Scale, Share, Story, layout};
use cpis_model::Date;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::organisation::AuthorityCode;
use cpis_model::plan::{PlanDates, PlanKind, visibility};
use cpis_model::upload::{Fault, Record, SubjectKind, UploadedPlan};

/// A synthetic England.
#[derive(Clone, Debug)]
pub struct England {
    pub(crate) seed: u64,
    pub(crate) today: Date,
    pub(crate) scale: Scale,
    pub(crate) rates: Rates,
    pub(crate) layout: Layout,
}

/// What demographics says of the people that faults of files are made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecialPerson {
    /// Their number was replaced.
    Superseded,
    /// Their record is restricted.
    Restricted,
    /// They have died.
    Deceased,
    /// They were born on another day.
    OtherBirth,
}

impl SpecialPerson {
    /// All of them, in the order of their places.
    pub const ALL: [Self; 4] = [Self::Superseded, Self::Restricted, Self::Deceased, Self::OtherBirth];
}

/// How many special people there are of each.
pub const SPECIAL_MAX: u32 = SPECIAL / SpecialPerson::ALL.len() as u32;

/// A plan of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SynthPlan {
    /// The person, as the authority writes them.
    pub person: SynthPerson,
    /// Whose plan it is.
    pub authority: AuthorityCode,
    /// Its kind.
    pub kind: PlanKind,
    /// Its dates.
    pub dates: PlanDates,
}

impl England {
    /// England of a seed, as it stands on a day.
    ///
    /// ```
    /// use cpis_synth::{England, Scale};
    /// let england = England::new(7, "2026-11-22".parse().unwrap(), Scale::plans(2_200));
    /// assert_eq!(england.plans().count(), 2_200);
    /// ```
    pub fn new(seed: u64, today: Date, scale: Scale) -> Self {
        Self { seed, today, scale, rates: Rates::default(), layout: layout(scale) }
    }

    /// The same with other faults of demographics.
    #[must_use]
    pub fn with_rates(self, rates: Rates) -> Self {
        Self { rates, ..self }
    }

    /// The day that is taken for today.
    pub fn today(&self) -> Date {
        self.today
    }

    /// How large it is.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    pub(crate) fn maker(&self) -> Maker<'_> {
        Maker { seed: self.seed, today: self.today, layout: &self.layout }
    }

    /// Everybody who has plans, authority by authority.
    pub fn cases(&self) -> impl Iterator<Item = Case> {
        self.layout.shares.iter().flat_map(|share| self.cases_of(share, &Story::ALL))
    }

    fn cases_of(&self, share: &Share, stories: &'static [Story]) -> impl Iterator<Item = Case> {
        let places = stories.iter().flat_map(|story| share.places_of(*story).map(|place| (*story, place)));
        places.filter_map(|(story, place)| self.case(share, story, place))
    }

    fn case(&self, share: &Share, story: Story, place: u32) -> Option<Case> {
        let mut case = self.maker().case(share, story, place)?;
        case.person = self.shown(case.person).person;
        Some(case)
    }

    /// The case at a place of the seed; `None` for people without plans.
    pub fn case_at(&self, place: u32) -> Option<Case> {
        let (share, story) = self.story_at(place)?;
        self.case(share, story, place)
    }

    pub(crate) fn story_at(&self, place: u32) -> Option<(&Share, Story)> {
        let starts = |share: &Share| share.places.first().is_some_and(|(_, places)| places.start <= place);
        let count = self.layout.shares.partition_point(starts);
        let share = self.layout.shares.get(count.checked_sub(1)?)?;
        let (story, _) = share.places.iter().find(|(_, places)| places.contains(&place))?;
        Some((share, *story))
    }

    /// How many people have plans: the places from 0 on are theirs.
    pub fn people_with_plans(&self) -> u32 {
        self.layout.with_plans
    }

    /// All plans, person by person.
    pub fn plans(&self) -> impl Iterator<Item = SynthPlan> {
        self.cases().flat_map(plans_of)
    }

    /// The plans of one authority; none for a code that is not in the table.
    pub fn authority_plans(&self, authority: AuthorityCode) -> impl Iterator<Item = SynthPlan> {
        self.authority_cases(authority).flat_map(plans_of).filter(move |plan| plan.authority == authority)
    }

    /// Everybody with a plan of this authority, also of another one beside it.
    pub fn authority_cases(&self, authority: AuthorityCode) -> impl Iterator<Item = Case> {
        let own = self.layout.shares.iter().find(|share| share.figures.code == authority);
        own.into_iter().flat_map(move |share| {
            let at = |place: usize, stories| {
                let neighbour = self.layout.shares.get(place);
                neighbour.into_iter().flat_map(move |share| self.cases_of(share, stories))
            };
            let moved = at(share.after, &[Story::MovedIn]);
            let cared_for = at(share.before, &[Story::TwoAuthorities]);
            self.cases_of(share, &Story::ALL).chain(moved).chain(cared_for)
        })
    }

    /// The records of an authority's first file, without positions.
    pub fn authority_records(&self, authority: AuthorityCode) -> impl Iterator<Item = Record> {
        self.authority_file(authority, 0).map(|(record, _)| record)
    }

    /// What an authority's file of a day holds, without positions, each record with what demographics has against it. Day 0 is
    /// today, and its file holds all plans; the file of a later day, up to [`DAYS_MAX`](crate::DAYS_MAX), what happened on it.
    pub fn authority_file(&self, authority: AuthorityCode, day: u32) -> impl Iterator<Item = (Record, Option<Fault>)> {
        let first = (day == 0).then(|| self.authority_cases(authority)).into_iter().flatten();
        let later = (day > 0).then(|| self.changes(authority, day)).into_iter().flatten();
        first.chain(later).flat_map(move |case| {
            let fault = self.shown(case.person.clone()).fault;
            records_of(&case, authority).into_iter().map(move |record| (record, fault))
        })
    }

    /// Somebody without a plan, whom demographics shows under another number, as restricted, as deceased or with another date of
    /// birth, with what an upload of them is answered. There are [`SPECIAL_MAX`] of each.
    pub fn special_person(&self, code: SpecialPerson, n: u32) -> Option<(SynthPerson, Fault)> {
        let shown = self.special(n.checked_mul(SpecialPerson::ALL.len() as u32)?.checked_add(code as u32)?)?;
        Some((shown.person, shown.fault?))
    }

    /// A number that demographics does not know; there are 400.
    pub fn unknown_number(&self, n: u32) -> Option<NhsNumber> {
        self.layout.unknown.clone().nth(n as usize).and_then(|place| number(self.seed, place))
    }

    /// How many rows the register has, at most: people who have two are few.
    pub fn register_rows(&self) -> u64 {
        let last = self.layout.shares.last().map_or(0, |share| share.others.end);
        u64::from(last.saturating_sub(self.layout.replacements.len() as u32))
    }

    /// What demographics says of everybody who may be asked about.
    pub fn register(&self) -> impl Iterator<Item = RegisterRow> {
        let cases = self.cases_as_made().map(|case| case.person);
        let shares = || self.layout.shares.iter();
        let newcomers = shares().flat_map(|share| {
            share.newcomers.clone().filter_map(|place| self.newcomer(share, place)).map(|new| new.case.person)
        });
        let women =
            shares().flat_map(|share| share.women.clone()).filter_map(|place| woman(self.seed, place, self.today));
        let children = shares().flat_map(|share| share.others.clone());
        let children = children.filter_map(|place| child(self.seed, place, self.today));
        let people = cases.chain(newcomers).chain(women).chain(children).map(|person| self.shown(person));
        people.chain((0..SPECIAL).filter_map(|n| self.special(n))).flat_map(|shown| shown.rows)
    }

    fn cases_as_made(&self) -> impl Iterator<Item = Case> {
        self.layout.shares.iter().flat_map(move |share| {
            let places = share.places.iter().flat_map(|(story, places)| places.clone().map(|place| (*story, place)));
            places.filter_map(move |(story, place)| self.maker().case(share, story, place))
        })
    }

    /// A person as demographics and authorities show them.
    pub(crate) fn shown(&self, person: SynthPerson) -> Shown {
        let zone = &self.layout.replacements;
        let own = zone.len() as u32 - SPECIAL;
        let replacement = self.rates.replacement(self.seed, person.place).filter(|n| *n < own);
        let (state, new) = match replacement.and_then(|n| number(self.seed, zone.start + n)) {
            new @ Some(_) => (State::Superseded, new),
            new => (State::of(self.seed, person.place, self.rates), new),
        };
        shown(self.seed, self.today, person, state, new)
    }

    /// One of the people that demographics shows in a special way whatever the rates.
    pub(crate) fn special(&self, n: u32) -> Option<Shown> {
        const STATES: [State; 4] = [State::Superseded, State::Restricted, State::Deceased, State::OtherBirth];
        let place = self.layout.special.clone().nth(n as usize)?;
        let state = *STATES.get(n as usize % STATES.len())?;
        let new = self.layout.replacements.end.checked_sub(n + 1).and_then(|place| number(self.seed, place));
        Some(shown(self.seed, self.today, child(self.seed, place, self.today)?, state, new))
    }

    /// Whether a plan of this case is shown on a day, after the authorities have sent their first files: the upload is accepted
    /// and the plan is not over for too long.
    pub fn has_plan(&self, case: &Case, day: Date) -> bool {
        let visible = |plan: &UploadedPlan| visibility(plan.kind, plan.dates, case.person.birth, day).is_visible();
        self.shown(case.person.clone()).fault.is_none() && case.plans.iter().any(|(_, plan)| visible(plan))
    }
}

/// The plans of one authority as records of an upload, without positions: one for a child, one for a mother's child.
pub(crate) fn records_of(case: &Case, authority: AuthorityCode) -> Vec<Record> {
    let plans = |unborn: bool| -> Vec<UploadedPlan> {
        let own =
            case.plans.iter().filter(|(own, plan)| *own == authority && (plan.kind == PlanKind::Unborn) == unborn);
        own.map(|(_, plan)| *plan).collect()
    };
    let kinds = [(SubjectKind::Child, plans(false)), (SubjectKind::Unborn, plans(true))];
    let records = kinds.into_iter().filter(|(_, plans)| !plans.is_empty());
    records.map(|(subject, plans)| Record { subject, ..record(0, &case.person, plans) }).collect()
}

fn plans_of(case: Case) -> impl Iterator<Item = SynthPlan> {
    let Case { person, plans, .. } = case;
    plans.into_iter().map(move |(authority, plan)| SynthPlan {
        person: person.clone(),
        authority,
        kind: plan.kind,
        dates: plan.dates,
    })
}

#[cfg(test)]
mod tests;
