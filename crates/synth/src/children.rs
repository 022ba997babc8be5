//! All children of England as a model: child number n is a function of seed and n, and nothing is stored of them. Those with plans,
//! and some others, have an NHS number; the range 999 has none for the rest.

use crate::england::England;
use crate::number::mixed;
use crate::others::{age_and_sex, child};
use crate::person::SynthPerson;
use crate::published::{PUBLISHED, authorities};
use crate::stories::{Scale, Story, column};
use cpis_model::Date;
use cpis_model::demographics::Sex;
use cpis_model::organisation::AuthorityCode;
use cpis_model::time::days_after;
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use std::ops::Range;

/// One of all children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// The authority whose child it is.
    pub authority: AuthorityCode,
    /// Date of birth.
    pub birth: Date,
    /// Sex.
    pub sex: Sex,
    /// Number and name; `None` for a child who is modelled and no more.
    pub person: Option<SynthPerson>,
    /// Whether the child has plans.
    pub has_plans: bool,
}

impl England {
    /// How many children there are: 12.2 million in all of England.
    pub fn children(&self) -> u64 {
        self.scale.of(PUBLISHED.total("children"))
    }

    /// One of them, counted from 0; `None` past the last one.
    ///
    /// ```
    /// use cpis_synth::{England, Scale};
    /// let england = England::new(7, "2026-11-22".parse().unwrap(), Scale::ENGLAND);
    /// assert_eq!(england.children(), 12_183_016);
    /// assert_eq!(england.child(12_000_000), england.child(12_000_000));
    /// assert!(england.child(12_183_016).is_none());
    /// ```
    pub fn child(&self, n: u64) -> Option<Child> {
        let (place, n_in_authority) = self.authority_of(n)?;
        let share = self.layout.shares.get(place)?;
        let authority = share.figures.code;
        let of_child = |(story, _): &&(Story, Range<u32>)| !matches!(story, Story::Unborn | Story::YoungMother);
        let mut left = n_in_authority;
        for (story, places) in share.places.iter().filter(of_child) {
            if left < places.len() as u64 {
                let person = self.maker().case(share, *story, places.start + left as u32)?.person;
                return Some(Child::known(authority, self.shown(person).person, true));
            }
            left -= places.len() as u64;
        }
        if left < share.others.len() as u64 {
            let person = child(self.seed, share.others.start + left as u32, self.today)?;
            return Some(Child::known(authority, self.shown(person).person, false));
        }
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(mixed(mixed(self.seed ^ 13 << 40) ^ n));
        let (days, sex) = age_and_sex(&mut rng);
        Some(Child { authority, birth: days_after(self.today, -days), sex, person: None, has_plans: false })
    }

    /// In which authority a child lives, and which of its children it is.
    fn authority_of(&self, n: u64) -> Option<(usize, u64)> {
        let mut left = n;
        for (place, count) in children_of(self.scale).into_iter().enumerate() {
            if left < u64::from(count) {
                return Some((place, left));
            }
            left -= u64::from(count);
        }
        None
    }
}

/// Children of each authority.
fn children_of(scale: Scale) -> Vec<u32> {
    column(authorities(), |one| one.children, scale.of(PUBLISHED.total("children")))
}

impl Child {
    fn known(authority: AuthorityCode, person: SynthPerson, has_plans: bool) -> Self {
        Self { authority, birth: person.birth, sex: person.sex, person: Some(person), has_plans }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_child_with_plans_is_one_of_all_children() {
        let england = England::new(5, "2026-11-23".parse().unwrap(), Scale::plans(500));
        let children: Vec<Child> = (0..england.children()).filter_map(|n| england.child(n)).collect();
        assert_eq!(children.len() as u64, england.children());
        let places = |child: &&Child| child.has_plans;
        let with_plans: HashSet<u32> =
            children.iter().filter(places).filter_map(|child| child.person.as_ref().map(|one| one.place)).collect();
        let cases = england.cases().filter(|case| !matches!(case.story, Story::Unborn | Story::YoungMother));
        assert_eq!(with_plans, cases.map(|case| case.person.place).collect());
        let boys = children.iter().filter(|child| child.sex == Sex::Male).count() as f64 / children.len() as f64;
        assert!((0.49..0.54).contains(&boys), "{boys}");
    }
}
