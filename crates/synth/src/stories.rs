//! How many people of which story each authority has, and at which places of the seed they stand.
//!
//! A story is why somebody has plans. Counts follow the published figures of each authority; where a story needs two
//! authorities the other one is its neighbour in the table, within the region. Places are handed out in the order of
//! authorities and stories, so that a person is made from a place alone.

use crate::number::PEOPLE_MAX;
use crate::published::{AuthorityFigures, PUBLISHED};
use std::ops::Range;

/// Visible plans of England, the figure that a scale is given in.
pub const PLANS_OF_ENGLAND: u32 = 220_000;
/// Fewest plans of a scale.
pub const PLANS_MIN: u32 = 100;
/// Most plans of a scale: numbers of the range 999 would not go further.
pub const PLANS_MAX: u32 = 450_000;

/// How large the synthetic England is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale(u32);

impl Scale {
    /// All of England.
    pub const ENGLAND: Self = Self(PLANS_OF_ENGLAND);

    /// With so many visible plans, held between [`PLANS_MIN`] and [`PLANS_MAX`].
    pub fn plans(plans: u32) -> Self {
        Self(plans.clamp(PLANS_MIN, PLANS_MAX))
    }

    /// This part of a number of England, to the nearest.
    pub(crate) fn of(self, number: u64) -> u64 {
        let england = u64::from(PLANS_OF_ENGLAND);
        (number * u64::from(self.0) + england / 2) / england
    }

    /// What share of England it is.
    pub fn share(self) -> f64 {
        f64::from(self.0) / f64::from(PLANS_OF_ENGLAND)
    }
}

/// Why somebody has plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Story {
    /// A child on a child protection plan.
    Protected,
    /// A looked after child.
    LookedAfter,
    /// A child who is both.
    Both,
    /// A looked after child whose child protection plan ended when care began.
    CareAfterPlan,
    /// A child whose child protection plan has ended.
    EndedPlan,
    /// A child who is no longer looked after.
    EndedCare,
    /// A child on a plan who came from the neighbouring authority, whose plan has ended or is about to.
    MovedIn,
    /// A child on a plan of this authority who is looked after by the neighbouring one.
    TwoAuthorities,
    /// The mother of an unborn child with a plan.
    Unborn,
    /// A mother under 18 who is looked after herself.
    YoungMother,
}

impl Story {
    /// All stories, in the order of their places.
    pub const ALL: [Self; 10] = [
        Self::Protected,
        Self::LookedAfter,
        Self::Both,
        Self::CareAfterPlan,
        Self::EndedPlan,
        Self::EndedCare,
        Self::MovedIn,
        Self::TwoAuthorities,
        Self::Unborn,
        Self::YoungMother,
    ];
}

/// The people of one authority.
#[derive(Clone, Debug)]
pub(crate) struct Share {
    pub(crate) figures: &'static AuthorityFigures,
    /// Place of the authority before and after in the region, among all shares.
    pub(crate) before: usize,
    pub(crate) after: usize,
    /// Places of each story.
    pub(crate) places: Vec<(Story, Range<u32>)>,
    /// People whose plans begin after today: first the children of the mothers, in their order, then others.
    pub(crate) newcomers: Range<u32>,
    /// Children without plans who may attend.
    pub(crate) others: Range<u32>,
    /// Women without plans who may attend.
    pub(crate) women: Range<u32>,
}

impl Share {
    pub(crate) fn places_of(&self, story: Story) -> Range<u32> {
        self.places.iter().find(|(own, _)| *own == story).map_or(0..0, |(_, places)| places.clone())
    }
}

/// Who stands at which places of the seed.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) shares: Vec<Share>,
    /// How many people have plans today.
    pub(crate) with_plans: u32,
    /// Numbers that replace others; the last ones those of special people.
    pub(crate) replacements: Range<u32>,
    /// People without plans, whom demographics shows in a special way: the faults of files are made with them.
    pub(crate) special: Range<u32>,
    /// Numbers that demographics does not know.
    pub(crate) unknown: Range<u32>,
}

/// Children and women without plans beside England's plans: as many as the numbers of the range 999 leave.
const OTHERS_OF_ENGLAND: u64 = 500_000;
const WOMEN_OF_ENGLAND: u64 = 70_000;
/// A year's new plans: protection plans, care, unborn children's; children of known mothers come on top of it.
const NEW_PLANS_OF_ENGLAND: u64 = 98_500;
/// Numbers that replace others.
const REPLACEMENTS_OF_ENGLAND: u64 = 20_000;
/// People that demographics shows in a special way, of whatever scale, and numbers that it does not know.
pub(crate) const SPECIAL: u32 = 800;
const UNKNOWN: u32 = 400;
/// Fewest children and women without plans, and numbers that replace others.
const FEW: u64 = 400;

struct Counts {
    protection: u32,
    looked_after: u32,
    ended_protection: u32,
    ended_care: u32,
    unborn: u32,
}

pub(crate) fn layout(scale: Scale) -> Layout {
    let authorities = &PUBLISHED.authorities;
    let counts = counts(scale, authorities);
    let neighbours: Vec<(usize, usize)> = (0..authorities.len()).map(|place| neighbours(authorities, place)).collect();
    let mut next = 0_u32;
    let mut zone = |count: u32| {
        let first = next;
        next = next.saturating_add(count).min(PEOPLE_MAX);
        first..next
    };
    let mut shares: Vec<Share> = Vec::with_capacity(authorities.len());
    for (place, figures) in authorities.iter().enumerate() {
        let (before, after) = neighbours.get(place).copied().unwrap_or_default();
        let (Some(its), Some(own), Some(their)) = (counts.get(before), counts.get(place), counts.get(after)) else {
            continue;
        };
        let places = Story::ALL.into_iter().zip(stories(its, own, their));
        let places = places.map(|(story, count)| (story, zone(count))).collect();
        shares.push(Share { figures, before, after, places, newcomers: 0..0, others: 0..0, women: 0..0 });
    }
    let with_plans = zone(0).start;
    let newcomers =
        column(authorities, |one| one.protection_plans + one.started_looked_after, scale.of(NEW_PLANS_OF_ENGLAND));
    for (share, count) in shares.iter_mut().zip(newcomers) {
        share.newcomers = zone(count + share.places_of(Story::Unborn).len() as u32);
    }
    let special = zone(SPECIAL);
    let unknown = zone(UNKNOWN);
    let replacements = zone(scale.of(REPLACEMENTS_OF_ENGLAND).max(FEW) as u32 + SPECIAL);
    // What is left goes to everybody else, women before children.
    let women = column(authorities, |one| one.children, scale.of(WOMEN_OF_ENGLAND).max(FEW));
    let left = u64::from(PEOPLE_MAX - replacements.end).saturating_sub(women.iter().map(|own| u64::from(*own)).sum());
    let others = column(authorities, |one| one.children, scale.of(OTHERS_OF_ENGLAND).max(FEW).min(left));
    for ((share, women), others) in shares.iter_mut().zip(women).zip(others) {
        share.women = zone(women);
        share.others = zone(others);
    }
    Layout { shares, with_plans, replacements, special, unknown }
}

/// Shares a sum out among authorities by their figures. It is rounded in running sums, so that it adds up.
pub(crate) fn column(authorities: &[AuthorityFigures], of: impl Fn(&AuthorityFigures) -> u32, all: u64) -> Vec<u32> {
    let sum: u64 = authorities.iter().map(|one| u64::from(of(one))).sum();
    let (mut before, mut done) = (0, 0);
    let part = |one: &AuthorityFigures| {
        before += u64::from(of(one));
        let upto = (before * all + sum / 2) / sum.max(1);
        let own = upto - done;
        done = upto;
        own as u32
    };
    authorities.iter().map(part).collect()
}

/// Plans of each authority.
fn counts(scale: Scale, authorities: &[AuthorityFigures]) -> Vec<Counts> {
    // The kinds are rounded in running sums too.
    let (mut before, mut done) = (0, 0);
    let mut column = |of: fn(&AuthorityFigures) -> u32, total: &str| {
        before += PUBLISHED.total(total);
        let all = scale.of(before) - done;
        done += all;
        column(authorities, of, all)
    };
    let protection = column(|one| one.protection_plans, "protection_plans");
    let looked_after = column(|one| one.looked_after, "looked_after");
    let ended_protection = column(|one| one.protection_plans, "visible_ended_protection_plans");
    let ended_care = column(|one| one.ceased_looked_after, "visible_ended_looked_after");
    let unborn = column(|one| one.protection_plans, "unborn");
    let rows = protection.into_iter().zip(looked_after).zip(ended_protection).zip(ended_care).zip(unborn);
    rows.map(|((((protection, looked_after), ended_protection), ended_care), unborn)| Counts {
        protection,
        looked_after,
        ended_protection,
        ended_care,
        unborn,
    })
    .collect()
}

/// The authorities before and after one in its region, in a ring.
fn neighbours(authorities: &[AuthorityFigures], place: usize) -> (usize, usize) {
    let region = authorities.get(place).map(|one| &one.region);
    let same: Vec<usize> =
        authorities.iter().enumerate().filter(|(_, one)| Some(&one.region) == region).map(|(own, _)| own).collect();
    let own = same.iter().position(|own| *own == place).unwrap_or_default();
    let at = |n: usize| same.get(n % same.len().max(1)).copied().unwrap_or(place);
    (at(own + same.len().saturating_sub(1)), at(own + 1))
}

/// Children on a plan of this authority who came from the one before (assumed: 2 of 100 plans).
fn moved_in(own: &Counts, before: &Counts) -> u32 {
    (own.protection / 50).min(before.ended_protection / 4)
}

/// Children on a plan of this authority whom the next one looks after (assumed: 1 of 100 plans).
fn two_authorities(own: &Counts, after: &Counts) -> u32 {
    (own.protection / 100).min(after.looked_after / 4)
}

/// How many people each story has, in the order of [`Story::ALL`]: the plans of an authority add up to its counts.
fn stories(before: &Counts, own: &Counts, after: &Counts) -> [u32; 10] {
    // Of 100 plans 8 are of children who are also looked after; 10 of 100 that ended did so because care began; 3 of 100
    // mothers are under 18 and looked after (all assumed).
    let both = (own.protection * 8 / 100).min(own.looked_after / 4);
    let care_after_plan = (own.ended_protection / 10).min(own.looked_after / 4);
    let young_mother = (own.unborn * 3 / 100).min(own.looked_after / 8);
    let moved_in = moved_in(own, before);
    let two = two_authorities(own, after);
    let protected = own.protection.saturating_sub(both + moved_in + two);
    let lent = two_authorities(before, own);
    let looked_after = own.looked_after.saturating_sub(both + care_after_plan + young_mother + lent);
    let left = self::moved_in(after, own);
    let ended_plan = own.ended_protection.saturating_sub(care_after_plan + left);
    let unborn = own.unborn - young_mother;
    [protected, looked_after, both, care_after_plan, ended_plan, own.ended_care, moved_in, two, unborn, young_mother]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_each_other_without_a_gap_at_every_scale() {
        for plans in [PLANS_MIN, 2_200, 20_000, PLANS_OF_ENGLAND, PLANS_MAX] {
            let layout = layout(Scale::plans(plans));
            let mut next = 0;
            let stories = layout.shares.iter().flat_map(|share| share.places.iter().map(|(_, places)| places.clone()));
            let newcomers = layout.shares.iter().map(|share| share.newcomers.clone());
            let zones = [&layout.special, &layout.unknown, &layout.replacements].map(Clone::clone);
            let others = layout.shares.iter().flat_map(|share| [share.women.clone(), share.others.clone()]);
            for places in stories.chain(newcomers).chain(zones).chain(others) {
                assert_eq!(places.start, next);
                next = places.end;
            }
            let others: usize = layout.shares.iter().map(|share| share.others.len()).sum();
            assert!(next <= PEOPLE_MAX && others >= 400, "{plans} {next} {others}");
        }
    }

    #[test]
    fn neighbours_are_a_ring_in_the_region() {
        let layout = layout(Scale::ENGLAND);
        for (place, share) in layout.shares.iter().enumerate() {
            let after = &layout.shares[share.after];
            assert_eq!(after.before, place);
            assert_eq!(after.figures.region, share.figures.region);
            assert_ne!(share.after, place);
        }
    }
}
