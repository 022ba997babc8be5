//! The demo's people and plans, the same for the same day and number of people. Nothing of it is kept: the second start
//! makes it up again to find the examples.

use crate::fault::{Fault, Result};
use cpis_app::demographics::RegisterEntry;
use cpis_model::Date;
use cpis_model::demographics::Demographics;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::organisation::{AuthorityCode, Contact};
use cpis_model::organisation_record::{AuthorityContact, ContactKind, Period};
use cpis_model::plan::{PlanDates, PlanKind};
use cpis_model::register::Register;
use cpis_model::time::days_after;
use cpis_model::upload::{Header, Record, SubjectKind, UploadedPlan};
use cpis_synth::{PEOPLE_MAX, SynthPerson, authority_contact, number, plan_source, plans_for, record};
use std::collections::{HashMap, HashSet};
use std::fmt::Write;

/// Another seed is another world.
const SEED: u64 = 8650;
/// Of ten people without a part this many have plans.
const WITH_PLANS_OF_TEN: u32 = 6;
/// Children with a part are between these ages, so that no birthday spoils the demo.
const AGES_DAYS: std::ops::RangeInclusive<i32> = 400..=4000;

/// The demo's authority.
pub const AUTHORITY: &str = "702";
/// Another one.
pub const OTHER: &str = "706";
/// The one whose file has faults.
pub const FAULTY: &str = "724";
/// All that send files.
pub const AUTHORITIES: [&str; 6] = [AUTHORITY, OTHER, FAULTY, "717", "704", "709"];

/// Parts that people play, named as the ready file names its examples; the story has its own, so that the examples are fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    Cpp,
    Lac,
    Unborn,
    Ended,
    TwoAuthorities,
    TwoPlans,
    NoPlan,
    Superseded,
    Sensitive,
    StoryChild,
    StoryTwo,
    StorySuperseded,
    StoryRestricted,
    StoryNone,
}

const PARTS: [Part; 14] = [
    Part::Cpp,
    Part::Lac,
    Part::Unborn,
    Part::Ended,
    Part::TwoAuthorities,
    Part::TwoPlans,
    Part::NoPlan,
    Part::Superseded,
    Part::Sensitive,
    Part::StoryChild,
    Part::StoryTwo,
    Part::StorySuperseded,
    Part::StoryRestricted,
    Part::StoryNone,
];

/// An authority's invented numbers with invented hours.
pub fn contacts(authority: AuthorityCode) -> Result<Vec<AuthorityContact>> {
    let Contact { office, emergency } = authority_contact(authority);
    let with = |kind, phone, hours: &str| {
        let hours = hours.parse().map_err(|_| Fault::failed("The demo's hours are wrong"))?;
        Ok(AuthorityContact { kind, phone, hours, period: Period::default() })
    };
    let office = office.map(|phone| with(ContactKind::Office, phone, "Mon-Fri 09:00-17:00"));
    let duty = with(ContactKind::Emergency, emergency, "Mon-Fri 17:00-09:00; Sat-Sun 00:00-24:00; Mon 00:00-09:00");
    office.into_iter().chain([duty]).collect()
}

/// The world of one demo.
pub struct World {
    made: Date,
    people: Vec<SynthPerson>,
    parts: HashMap<Part, usize>,
}

impl World {
    /// The world that was made on a day.
    pub fn new(made: Date, count: u32) -> Result<Self> {
        let people = cpis_synth::population(SEED, count as usize, made).map(|all| all.people).unwrap_or_default();
        let mut parts: HashMap<Part, usize> = HashMap::new();
        let mut places = people.iter().enumerate();
        for part in PARTS {
            let place = if part == Part::Unborn {
                people.iter().position(|person| person.subject == SubjectKind::Unborn)
            } else {
                places.find(|(_, person)| is_child_of_the_ages(person, made)).map(|(place, _)| place)
            };
            let place = place.ok_or_else(|| Fault::failed("The demo has too few people for its story"))?;
            parts.insert(part, place);
        }
        Ok(Self { made, people, parts })
    }

    fn person(&self, part: Part) -> Option<&SynthPerson> {
        self.parts.get(&part).and_then(|place| self.people.get(*place))
    }

    /// The number that a part was stored under.
    pub fn number(&self, part: Part) -> Result<NhsNumber> {
        self.person(part).map(|person| person.number).ok_or_else(|| Fault::failed("A part of the demo is missing"))
    }

    /// The number that replaced a superseded one.
    pub fn surviving(part: Part) -> Result<NhsNumber> {
        reserved(if part == Part::Superseded { 1 } else { 2 })
    }

    /// A number that nobody knows.
    pub fn unknown() -> Result<NhsNumber> {
        reserved(3)
    }

    /// All numbers that the story knows.
    pub fn numbers(&self) -> Result<HashSet<NhsNumber>> {
        let reserved = (1..=4).map(reserved).collect::<Result<Vec<_>>>()?;
        Ok(self.people.iter().map(|person| person.number).chain(reserved).collect())
    }

    /// The local register before the first file.
    pub fn register(&self) -> Vec<RegisterEntry> {
        self.people.iter().map(|person| found(person, false)).collect()
    }

    /// What demographics says later: two numbers were replaced, two people restricted.
    pub fn register_later(&self) -> Result<Vec<RegisterEntry>> {
        let mut entries = Vec::new();
        for part in [Part::Superseded, Part::StorySuperseded] {
            let new = Self::surviving(part)?;
            entries.push(RegisterEntry { number: self.number(part)?, person: None, superseded_by: Some(new) });
            entries.extend(self.person(part).map(|person| RegisterEntry { number: new, ..found(person, false) }));
        }
        for part in [Part::Sensitive, Part::StoryRestricted] {
            entries.extend(self.person(part).map(|person| found(person, true)));
        }
        Ok(entries)
    }

    /// An authority's file under a sequence number.
    pub fn file(&self, register: &Register, authority: &str, sequence: u64) -> Result<Vec<u8>> {
        let code: AuthorityCode =
            authority.parse().map_err(|_| Fault::failed("A code of the demo's authorities is wrong"))?;
        let mut records: Vec<Record> = Vec::new();
        for (place, person) in self.people.iter().enumerate() {
            let plans = self.plans(place, person, authority);
            if !plans.is_empty() {
                records.push(record(records.len() as u32 + 1, person, plans));
            }
        }
        if authority == FAULTY {
            self.add_faults(&mut records)?;
        }
        let header = Header {
            created: format!("{}080000+0000", self.made.strftime("%Y%m%d")),
            sequence,
            declared_records: records.len() as u64,
            authority: code,
            name: register.authority(code).map(ToString::to_string).unwrap_or_default(),
            contact: authority_contact(code),
        };
        Ok(cpis_format_hl7v3::encode_file(&header, &records))
    }

    /// A spreadsheet of the demo's authority, for newcomers: two good rows, then a kind of plan that there is not, a year with two
    /// digits, and a plan that ends before it starts.
    pub fn spreadsheet(&self) -> Result<String> {
        let mut text = String::from("nhs_number,given,family,birth_date,plan_type,start_date,end_date\n");
        let is_plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b' ');
        let spare = self.spare().filter(|person| is_plain(&person.name.given) && is_plain(&person.name.family));
        let mut spare: Vec<_> = spare.collect();
        let uk = |days: i32| days_after(self.made, days).strftime("%d/%m/%Y").to_string();
        for (kind, year, end) in [
            ("CPP", "%Y", String::new()),
            ("LAC", "%Y", String::new()),
            ("CPX", "%Y", String::new()),
            ("CPP", "%y", String::new()),
            ("CPP", "%Y", uk(-60)),
        ] {
            let person = spare.pop().ok_or_else(|| Fault::failed("The demo has too few people for its spreadsheet"))?;
            let birth = person.birth.strftime(&format!("%d/%m/{year}")).to_string();
            let (number, name) = (person.number.digits(), &person.name);
            let start = uk(-30);
            let _ = writeln!(text, "{number},{},{},{birth},{kind},{start},{end}", name.given, name.family);
        }
        Ok(text)
    }

    /// Children without a part and without plans.
    fn spare(&self) -> impl Iterator<Item = &SynthPerson> {
        self.people.iter().enumerate().filter_map(|(place, person)| {
            let has_part = PARTS.iter().any(|part| self.parts.get(part) == Some(&place));
            (!has_part && !has_plans(person) && is_child_of_the_ages(person, self.made)).then_some(person)
        })
    }

    /// The plans that an authority has for somebody.
    fn plans(&self, place: usize, person: &SynthPerson, authority: &str) -> Vec<UploadedPlan> {
        let plan = |kind, from: i32, to: Option<i32>| UploadedPlan {
            kind,
            dates: PlanDates {
                start: days_after(self.made, from),
                end: to.map(|days| days_after(self.made, days)),
                delete: None,
            },
        };
        let protection = || plan(PlanKind::ChildProtection, -120, None);
        let looked_after = || plan(PlanKind::LookedAfter, -300, None);
        let part = PARTS.into_iter().find(|part| self.parts.get(part) == Some(&place));
        match (part, authority) {
            (
                Some(Part::Cpp | Part::Superseded | Part::Sensitive | Part::StoryChild | Part::StorySuperseded),
                AUTHORITY,
            ) => {
                vec![protection()]
            }
            (Some(Part::TwoPlans), AUTHORITY) => vec![protection(), looked_after()],
            (Some(Part::Lac | Part::TwoAuthorities | Part::StoryTwo), AUTHORITY) => vec![looked_after()],
            (Some(Part::TwoAuthorities | Part::StoryTwo | Part::StoryRestricted), OTHER) => vec![protection()],
            (Some(Part::Unborn), OTHER) => vec![plan(PlanKind::Unborn, -60, Some(90))],
            (Some(Part::Ended), OTHER) => vec![plan(PlanKind::ChildProtection, -200, Some(-30))],
            (Some(_), _) => Vec::new(),
            (None, _) => {
                let own = AUTHORITIES.get(person.place as usize % AUTHORITIES.len()) == Some(&authority);
                if own && has_plans(person) {
                    plans_for(person, &mut plan_source(SEED, person), self.made)
                } else {
                    Vec::new()
                }
            }
        }
    }

    /// A number that nobody knows, a name that is another person's, a plan that ends before it starts.
    fn add_faults(&self, records: &mut Vec<Record>) -> Result<()> {
        let mut spare = self.spare();
        let mut add = |change: &dyn Fn(&mut Record) -> Result<()>| -> Result<()> {
            let Some(person) = spare.next() else { return Ok(()) };
            let dates = PlanDates { start: days_after(self.made, -30), end: None, delete: None };
            let plans = vec![UploadedPlan { kind: PlanKind::ChildProtection, dates }];
            let mut record = record(records.len() as u32 + 1, person, plans);
            change(&mut record)?;
            records.push(record);
            Ok(())
        };
        add(&|record| {
            record.person.number = reserved(4)?;
            Ok(())
        })?;
        add(&|record| {
            record.person.name.family.push_str("-Elsewhere");
            Ok(())
        })?;
        add(&|record| {
            record.plans.iter_mut().for_each(|plan| plan.dates.end = Some(days_after(plan.dates.start, -5)));
            Ok(())
        })
    }
}

fn has_plans(person: &SynthPerson) -> bool {
    // Not the remainder by ten alone: it would go together with the authorities, which are drawn by place too.
    person.place / 6 % 10 < WITH_PLANS_OF_TEN
}

fn is_child_of_the_ages(person: &SynthPerson, made: Date) -> bool {
    let days = person.birth.until(made).map_or(0, |span| span.get_days());
    person.subject == SubjectKind::Child && AGES_DAYS.contains(&days)
}

/// Numbers from the end of the seed, which no person of the demo has.
fn reserved(from_the_end: u32) -> Result<NhsNumber> {
    number(SEED, PEOPLE_MAX - from_the_end).ok_or_else(|| Fault::failed("The demo's reserved numbers are missing"))
}

fn found(person: &SynthPerson, restricted: bool) -> RegisterEntry {
    let (name, birth, sex) = (person.name.clone(), person.birth, Some(person.sex));
    let demographics = Demographics { name, birth, restricted, deceased: false, sex };
    RegisterEntry { number: person.number, person: Some(demographics), superseded_by: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_played_by_different_people_who_do_not_change_with_the_day() {
        for count in [100, 300, 1000] {
            let numbers = |day: &str| {
                let world = World::new(day.parse().unwrap(), count).unwrap();
                PARTS.map(|part| world.number(part).unwrap())
            };
            let first = numbers("2026-11-22");
            assert_eq!(first.iter().collect::<HashSet<_>>().len(), PARTS.len());
            assert_eq!(first, numbers("2028-02-29"));
        }
    }

    #[test]
    fn files_are_as_the_story_tells() {
        let register = Register::built_in();
        let world = World::new("2026-11-22".parse().unwrap(), 300).unwrap();
        for authority in AUTHORITIES {
            assert!(register.authority(authority.parse().unwrap()).is_some());
            let file = world.file(&register, authority, 1).unwrap();
            assert_eq!(file, world.file(&register, authority, 1).unwrap());
            let decoded = cpis_format_hl7v3::decode(&file, cpis_format_hl7v3::Mode::Strict).unwrap();
            assert!(decoded.records.len() > 10 && decoded.rejections.is_empty(), "{authority}");
            for record in &decoded.records {
                let faults = cpis_model::upload::check(record, world.made);
                assert!(faults.is_empty() || authority == FAULTY, "{authority} {faults:?}");
            }
        }
        let reserved: HashSet<_> = (1..=4).map(|n| reserved(n).unwrap()).collect();
        assert!(reserved.len() == 4 && world.people.iter().all(|person| !reserved.contains(&person.number)));
        let table = world.spreadsheet().unwrap();
        let sender = cpis_model::upload::Sender {
            authority: AUTHORITY.parse().unwrap(),
            name: String::new(),
            emergency: "101".parse().ok(),
            office: None,
        };
        let table = cpis_format_csv::read(table.as_bytes(), &sender, &mut |_, _| {}).unwrap();
        let places: Vec<String> = table.faults.iter().map(cpis_format_csv::CellFault::location).collect();
        assert_eq!((table.count, places), (5, vec!["line 4, plan_type".to_owned(), "line 5, birth_date".to_owned()]));
        assert_eq!(world.register().len(), 300);
        assert_eq!(world.register_later().unwrap().len(), 6);
    }
}
