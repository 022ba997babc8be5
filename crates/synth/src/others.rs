//! People without plans: children who attend like everybody, and women who may be pregnant.

use crate::cases::source;
use crate::names;
use crate::number::number;
use crate::person::SynthPerson;
use crate::published::PUBLISHED;
use cpis_model::Date;
use cpis_model::demographics::Sex;
use cpis_model::time::days_after;
use cpis_model::upload::SubjectKind;
use rand::{Rng, RngExt};
use std::ops::RangeInclusive;

/// Ages of women in days: 18 to 42 years.
const WOMAN_DAYS: RangeInclusive<i32> = 6_600..=15_704;

/// A child's age in days and sex, as the population has them.
pub(crate) fn age_and_sex(rng: &mut impl Rng) -> (i32, Sex) {
    let (years, female) = PUBLISHED.ages.draw(rng).copied().unwrap_or((9, true));
    let days = rng.random_range(years * 1461 / 4..=(years + 1) * 1461 / 4 - 1).min(6_570);
    (days, if female { Sex::Female } else { Sex::Male })
}

/// A child without a plan.
pub(crate) fn child(seed: u64, place: u32, today: Date) -> Option<SynthPerson> {
    let mut rng = source(seed, place, 4);
    let (days, sex) = age_and_sex(&mut rng);
    let (name, birth) = (names::name(sex, &mut rng), days_after(today, -days));
    Some(SynthPerson { place, number: number(seed, place)?, name, birth, sex, subject: SubjectKind::Child })
}

/// A woman without a plan. As a subject she would be a mother.
pub(crate) fn woman(seed: u64, place: u32, today: Date) -> Option<SynthPerson> {
    let mut rng = source(seed, place, 4);
    let birth = days_after(today, -rng.random_range(WOMAN_DAYS));
    let name = names::name(Sex::Female, &mut rng);
    Some(SynthPerson {
        place,
        number: number(seed, place)?,
        name,
        birth,
        sex: Sex::Female,
        subject: SubjectKind::Unborn,
    })
}
