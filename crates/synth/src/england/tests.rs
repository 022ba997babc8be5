//! England against the published figures and against itself.

use super::*;
use crate::{PLANS_OF_ENGLAND, authorities};
use cpis_model::demographics::Trace;
use cpis_model::nhs_number::Range;
use cpis_model::plan::ADULT_AGE;
use cpis_model::time::birthday;
use cpis_model::upload::check;
use std::collections::{HashMap, HashSet};

fn england(plans: u32) -> England {
    England::new(5, "2026-11-23".parse().unwrap(), Scale::plans(plans))
}

#[test]
fn every_plan_passes_the_checks_of_an_upload_and_is_shown() {
    for today in ["2026-11-23", "2024-02-29", "2028-03-01"] {
        let england = England::new(9, today.parse().unwrap(), Scale::plans(6_000));
        let mut plans = 0;
        for case in england.cases() {
            let birth = case.person.birth;
            assert!(birth <= england.today, "{:?}", case.story);
            for (_, plan) in &case.plans {
                plans += 1;
                let shown = visibility(plan.kind, plan.dates, birth, england.today);
                assert!(shown.is_visible(), "{:?} {plan:?} {birth}", case.story);
                assert!(
                    plan.dates.start >= birth && plan.dates.start <= england.today,
                    "{:?} {plan:?} {birth}",
                    case.story
                );
            }
            if case.person.subject == SubjectKind::Child {
                assert!(birthday(birth, ADULT_AGE).unwrap() > england.today);
            }
        }
        assert_eq!(plans, 6_000);
        for authority in authorities() {
            for record in england.authority_records(authority.code) {
                assert_eq!(check(&record, england.today), [], "{} {record:?}", authority.name);
            }
        }
    }
}

#[test]
fn the_plans_of_the_authorities_are_all_plans() {
    let england = england(5_000);
    let key = |plan: SynthPlan| (plan.authority, plan.person.number, plan.kind, plan.dates.start);
    let all: Vec<_> = england.plans().map(key).collect();
    let by_authority: HashSet<_> =
        authorities().iter().flat_map(|one| england.authority_plans(one.code).map(key).collect::<Vec<_>>()).collect();
    assert_eq!(all.len(), 5_000);
    assert_eq!(all.iter().copied().collect::<HashSet<_>>(), by_authority);
    assert_eq!(by_authority.len(), all.len(), "no authority has two plans of a kind for one person");
    assert_eq!(england.authority_plans("ZZ999".parse().unwrap()).count(), 0);
}

#[test]
fn the_same_seed_gives_the_same_england() {
    let plans = |seed| England::new(seed, "2026-11-23".parse().unwrap(), Scale::plans(500)).plans().collect::<Vec<_>>();
    assert_eq!(plans(1), plans(1));
    let numbers = |seed| plans(seed).iter().map(|plan| plan.person.number).collect::<HashSet<_>>();
    assert!(numbers(1).intersection(&numbers(2)).count() < 20);
    let england = england(500);
    let cases: Vec<Case> = england.cases().collect();
    assert_eq!(cases.len(), england.people_with_plans() as usize);
    assert!((0..).zip(&cases).all(|(place, case)| england.case_at(place).as_ref() == Some(case)));
    assert_eq!(england.case_at(england.people_with_plans()), None);
}

#[test]
fn the_register_has_each_number_once_and_says_who_is_accepted() {
    let england = england(5_000);
    let mut traces = HashMap::new();
    for row in england.register() {
        assert_eq!(row.number.range(), Range::Test);
        let trace = match (row.superseded_by, row.person) {
            (Some(new), None) => Trace::Superseded(new),
            (None, Some(person)) => Trace::Found(person),
            odd => panic!("{odd:?}"),
        };
        assert!(traces.insert(row.number, trace).is_none(), "a number stands twice");
    }
    let mut refused = 0;
    for case in england.cases() {
        let accepted = match traces.get(&case.person.number) {
            Some(Trace::Found(known)) => {
                let same = cpis_model::demographics::verify(&case.person.name, case.person.birth, known).is_ok();
                same && !known.restricted && !known.deceased
            }
            _ => false,
        };
        assert_eq!(england.has_plan(&case, england.today), accepted, "{:?}", case.story);
        refused += u32::from(!accepted);
    }
    let superseded = traces.values().filter(|trace| matches!(trace, Trace::Superseded(_))).count();
    assert!(superseded > 200 && (40..400).contains(&refused), "{superseded} {refused}");
    assert!(traces.values().all(|trace| match trace {
        Trace::Superseded(new) => matches!(traces.get(new), Some(Trace::Found(_))),
        _ => true,
    }));
}

#[test]
fn rates_of_nought_make_a_register_without_a_fault() {
    let england = england(1_000).with_rates(Rates::NONE);
    assert!(england.cases().all(|case| england.has_plan(&case, england.today)));
}

#[test]
fn siblings_have_one_family_and_do_not_share_an_age_by_chance() {
    let mut homes: HashMap<u32, Vec<Case>> = HashMap::new();
    let england = england(20_000).with_rates(Rates::NONE);
    england.cases().for_each(|case| homes.entry(case.household).or_default().push(case));
    let (mut same, mut siblings) = (0, 0);
    for home in homes.values() {
        for pair in home.windows(2) {
            siblings += 1;
            same += u32::from(pair[0].person.name.family == pair[1].person.name.family);
        }
    }
    assert!(siblings > 4_000 && (70..95).contains(&(same * 100 / siblings)), "{same} of {siblings}");
}

#[test]
fn every_scale_has_the_plans_that_it_says() {
    for plans in [crate::PLANS_MIN, 777, 2_200, 5_000] {
        assert_eq!(england(plans).plans().count(), plans as usize);
    }
}

#[test]
fn a_whole_england_fits_the_numbers() {
    let england = england(PLANS_OF_ENGLAND);
    assert!(england.people_with_plans() > 190_000);
    let last = england.layout.shares.last().unwrap();
    assert!(last.others.end <= crate::PEOPLE_MAX && last.others.len() > 100);
}
