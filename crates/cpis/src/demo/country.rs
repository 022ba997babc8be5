//! A country around the demo's story: every authority's plans, and for the whole of England a year of accesses. It is made before
//! the doors open, through the same use cases, by a clock that begins in the past.

use super::world::World;
use crate::fault::{Fault, Result};
use crate::open::{Opened, app};
use crate::progress;
use bytes::Bytes;
use cpis_app::applier::{Tree, apply_all, apply_tree};
use cpis_app::demographics::{Demographics, LocalRegister, RegisterEntry};
use cpis_app::look::{Question, flags};
use cpis_app::upload::{Received, Wishes, receive};
use cpis_app::{Clock, Service, Settings};
use cpis_model::caller::{Caller, Declared, Rights, Staff, Who};
use cpis_model::nhs_number::NhsNumber;
use cpis_model::organisation::{AuthorityCode, Organisation, Site};
use cpis_model::register::Register;
use cpis_model::time::{days_after, london_day};
use cpis_model::upload::{Header, Record};
use cpis_model::{Date, Timestamp};
use cpis_synth::{Arrival, England, PLANS_OF_ENGLAND, RegisterRow, Scale, authority_contact, person};
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Another seed is another country.
const SEED: u64 = 1948;
/// People who work in the country's hospitals, for their names.
const STAFF_SEED: u64 = 1974;
/// Plans of the small country.
const SMALL_PLANS: u32 = 20_000;
/// Days of accesses.
const DAYS: i32 = 365;
/// Members of staff of a site who look.
const STAFF_OF_SITE: u64 = 12;
/// Entries that the register takes at once.
const REGISTER_CHUNK: usize = 5_000;
/// Looks that are under way at once.
const LOOKS_AT_ONCE: usize = 128;

/// How large the country around the story is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Country {
    /// About 20,000 plans of all authorities.
    Small,
    /// England: about 220,000 plans, and a year of accesses.
    England,
}

impl Country {
    /// The word under which the database keeps it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::England => "england",
        }
    }

    /// The country of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Small, Self::England].into_iter().find(|country| country.word() == word)
    }

    fn plans(self) -> u32 {
        if self == Self::Small { SMALL_PLANS } else { PLANS_OF_ENGLAND }
    }

    /// What it follows from, around the story of so many people that was made on a day.
    pub fn recipe(self, made: Date, people: u32) -> Recipe {
        let (begins, made) = (self.begins(made).to_string(), made.to_string());
        Recipe { seed: SEED, plans: self.plans(), begins, made, people }
    }

    /// The day as which it begins, where it is complete on this one.
    fn begins(self, made: Date) -> Date {
        if self == Self::Small { made } else { days_after(made, -DAYS) }
    }
}

/// What a country follows from, for those who make the same one elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// Its seed.
    pub seed: u64,
    /// Its plans.
    pub plans: u32,
    /// The day as which it was made.
    pub begins: String,
    /// The day on which the story was made.
    pub made: String,
    /// People of the story.
    pub people: u32,
}

impl Recipe {
    /// Numbers of the story's people, which nobody of the country has.
    pub fn taken(&self) -> Result<HashSet<NhsNumber>> {
        let made = self.made.parse().map_err(|_| Fault::failed("The day of the demo's story cannot be read"))?;
        World::new(made, self.people)?.numbers()
    }
}

/// A clock that is set by hand.
struct HandSet(AtomicI64);

impl Clock for HandSet {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

struct Filler<'a> {
    england: England,
    /// Numbers of the story's people, which nobody of the country has.
    taken: HashSet<NhsNumber>,
    service: Arc<Service>,
    clock: Arc<HandSet>,
    register: &'a Register,
    made: Date,
}

/// Fills a demo that was just made.
pub async fn fill(
    opened: &Opened,
    world: &World,
    register: &Register,
    country: Country,
    demographics: &Arc<dyn Demographics>,
    now: Timestamp,
) -> Result<()> {
    let made = london_day(now);
    let begins = country.begins(made);
    let start = now.as_millisecond() - i64::from(begins.until(made).map_or(0, |span| span.get_days())) * 86_400_000;
    let clock = Arc::new(HandSet(AtomicI64::new(start)));
    let settings = Settings { test_numbers: true, ..Settings::default() };
    // The files of England are verified twice against the register itself: over HTTP that alone would take minutes.
    let demographics = if country == Country::England { opened.local_register() } else { demographics.clone() };
    let service = opened.service_by(clock.clone(), settings, Arc::new(register.clone()).into(), demographics);
    let england = England::new(SEED, begins, Scale::plans(country.plans()));
    let filler = Filler { england, taken: world.numbers()?, service, clock, register, made };
    filler.demographics().await?;
    filler.files("plans of authorities", 1).await?;
    if country == Country::England {
        filler.year().await?;
        filler.clock.0.store(now.as_millisecond(), Ordering::SeqCst);
        filler.files("the same files, this morning", 2).await?;
    }
    filler.apply().await
}

impl Filler<'_> {
    async fn demographics(&self) -> Result<()> {
        let local = LocalRegister::new(self.service.store.clone(), self.service.keys.clone());
        let bar = progress::bar("demographics", u64::from(self.england.people_with_plans()), progress::COUNT);
        let mut rows = self.england.register().filter(|row| !self.taken.contains(&row.number)).map(entry).peekable();
        while rows.peek().is_some() {
            let chunk: Vec<RegisterEntry> = rows.by_ref().take(REGISTER_CHUNK).collect();
            local.put(&chunk).await.map_err(|error| app(&error))?;
            bar.inc(chunk.len() as u64);
            bar.set_length(bar.length().unwrap_or(0).max(bar.position()));
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// Every authority sends a full file.
    async fn files(&self, what: &'static str, sequence: u64) -> Result<()> {
        let authorities = self.register.authorities();
        let bar = progress::bar(what, authorities.len() as u64, progress::COUNT);
        for (code, name) in authorities {
            let records = self.england.authority_records(code).filter(|own| !self.taken.contains(&own.person.number));
            let records: Vec<Record> =
                (1..).zip(records).map(|(position, record)| Record { position, ..record }).collect();
            if !records.is_empty() {
                self.send(code, &name, sequence, &records).await?;
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(())
    }

    async fn send(&self, code: AuthorityCode, name: &Arc<str>, sequence: u64, records: &[Record]) -> Result<()> {
        let header = Header {
            created: self.clock.now().strftime("%Y%m%d%H%M%S+0000").to_string(),
            sequence,
            declared_records: records.len() as u64,
            authority: code,
            name: name.to_string(),
            contact: authority_contact(code),
        };
        let rights = Rights { authority: Some(code), ..Rights::default() };
        let organisation = Organisation { code: code.0, name: name.clone() };
        let caller = Caller { who: Who::System { client: "demo".into() }, organisation, site: None, rights };
        let file = Bytes::from(cpis_format_hl7v3::encode_file(&header, records));
        let received = receive(&self.service, Arc::new(caller), file, Wishes::default()).await;
        match received.map_err(|error| app(&error))? {
            Received::Answered(ack) if ack.loaded > 0 => Ok(()),
            _ => Err(Fault::failed(format!("The file of {name} was not taken"))),
        }
    }

    /// A year of looks at people with plans, in order of time.
    async fn year(&self) -> Result<()> {
        let bar = progress::bar("days of accesses", DAYS as u64, progress::COUNT);
        for day in 0..DAYS {
            let day = days_after(self.england.today(), day);
            let arrivals: Vec<Arrival> = self
                .england
                .day(day, 1.0)
                .filter(|arrival| arrival.has_plan && !self.taken.contains(&arrival.number))
                .collect();
            for some in arrivals.chunks(LOOKS_AT_ONCE) {
                let Some(last) = some.last() else { continue };
                self.clock.0.fetch_max(last.at.as_millisecond(), Ordering::SeqCst);
                let looks = stream::iter(some).map(|arrival| self.look(arrival)).buffer_unordered(LOOKS_AT_ONCE);
                let failed = looks.filter_map(async |done| done.err()).collect::<Vec<_>>().await;
                if let Some(fault) = failed.into_iter().next() {
                    return Err(fault);
                }
            }
            self.apply().await?;
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(())
    }

    async fn look(&self, arrival: &Arrival) -> Result<()> {
        let caller = Arc::new(self.staff(&arrival.site, arrival.visit.as_u128() as u64 % STAFF_OF_SITE));
        let question =
            Question { caller, number: arrival.number, birth: None, declared: Declared::Nothing, trace: None };
        flags(&self.service, question).await.map(|_| ()).map_err(|error| app(&error))
    }

    /// A member of a site's staff.
    fn staff(&self, site: &Arc<Site>, nth: u64) -> Caller {
        let place =
            site.code.as_str().bytes().fold(nth, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let name = person(STAFF_SEED, (place % 500_000) as u32, self.made).map(|person| person.name);
        let name = name.map(|name| format!("{} {}", name.given, name.family)).unwrap_or_default();
        let organisation = self.register.organisation(site.organisation);
        let organisation =
            organisation.unwrap_or_else(|| Organisation { code: site.organisation, name: site.name.clone() });
        let staff = Staff {
            user_id: format!("{:012}", 555_000_000_000 + place % 999_999_999).into(),
            role_profile_id: None,
            role_code: "R8001".into(),
            role_name: "Nurse Access Role".into(),
            name: name.into(),
        };
        let rights = Rights { view: true, ..Rights::default() };
        Caller { who: Who::Person(staff), organisation, site: Some((**site).clone()), rights }
    }

    /// Derives what follows from what was recorded.
    async fn apply(&self) -> Result<()> {
        apply_all(&self.service).await.map_err(|error| app(&error))?;
        apply_tree(&self.service, &mut Tree::default(), false).await.map_err(|error| app(&error))?;
        Ok(())
    }
}

fn entry(row: RegisterRow) -> RegisterEntry {
    RegisterEntry { number: row.number, person: row.person, superseded_by: row.superseded_by }
}
