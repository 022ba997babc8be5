//! A department's day as its system tells it: arrivals of an invented England, their corrections, admissions, merges and ends,
//! and adults among them.

use super::deviations::{DEVIATIONS, NUMBER_LATER};
use super::draft::{Draft, Odd};
use crate::cli::AdtDepartment;
use cpis_model::demographics::Sex;
use cpis_model::{Date, Timestamp};
use cpis_synth::{Arrival, England};
use jiff::{SignedDuration, ToSpan};

/// Settings of a hospital, whose system is played.
const SETTINGS: [&str; 5] = ["U01", "U02", "U03", "U05", "U06"];
/// Arrivals of a day in the whole country, of which the department's are taken: so many for each, because others go elsewhere.
const COUNTRY: f64 = 41_000.0;
const DRAWN_FOR_EACH: f64 = 4.0;
/// Of so many arrivals one is corrected, one is admitted, one turns out to be known under two numbers.
const CORRECTED_EACH: usize = 4;
const ADMITTED_EACH: usize = 9;
const MERGED_EACH: usize = 40;

/// A message of the day.
pub struct Planned {
    /// When it is due.
    pub at: Timestamp,
    /// What it says.
    pub draft: Draft,
    /// How it deviates.
    pub deviation: Option<&'static str>,
}

/// What the day holds.
pub struct Department {
    /// Its messages in order.
    pub messages: Vec<Planned>,
    /// Visits of children and pregnant women.
    pub visits: usize,
    /// Of whom the service shows a plan, once every authority's first file was taken in.
    pub with_plan: usize,
}

impl Department {
    /// Makes the day.
    pub fn of(england: &England, date: Date, arguments: &AdtDepartment) -> Self {
        let wanted = arguments.arrivals as usize;
        let all: Vec<Arrival> = england
            .day(date, wanted as f64 * DRAWN_FOR_EACH / COUNTRY)
            .filter(|arrival| SETTINGS.contains(&arrival.setting.code()))
            .collect();
        // Spread over the day, so that its hours keep their shares.
        let step = (all.len() / wanted.max(1)).max(1);
        let chosen: Vec<&Arrival> = all.iter().step_by(step).take(wanted).collect();
        let mut maker = Maker { site: arguments.site.to_string(), messages: Vec::new(), count: 0 };
        let mut deviant = Turns { share: arguments.deviations.0, owed: 0, next: 0 };
        for (n, arrival) in chosen.iter().enumerate() {
            maker.visit(n, arrival, deviant.next());
            for adult in 0..arguments.adults {
                maker.adult(n * 100 + adult as usize, arrival.at, date);
            }
        }
        let mut messages = maker.messages;
        messages.sort_by_key(|message| message.at);
        for (n, message) in messages.iter_mut().enumerate() {
            message.draft.control_id = format!("{}{n:08}", date.strftime("%Y%m%d"));
        }
        let with_plan = chosen.iter().filter(|arrival| arrival.has_plan).count();
        Self { messages, visits: chosen.len(), with_plan }
    }
}

/// Which arrivals deviate, evenly, and how: each kind in turn.
struct Turns {
    share: u32,
    owed: u32,
    next: usize,
}

impl Turns {
    fn next(&mut self) -> Option<usize> {
        self.owed += self.share;
        if self.owed < 10_000 {
            return None;
        }
        self.owed -= 10_000;
        self.next += 1;
        Some((self.next - 1) % DEVIATIONS.len().max(1))
    }
}

struct Maker {
    site: String,
    messages: Vec<Planned>,
    count: usize,
}

impl Maker {
    fn add(&mut self, at: Timestamp, draft: Draft, deviation: Option<&'static str>) {
        self.count += 1;
        self.messages.push(Planned { at, draft, deviation });
    }

    /// A visit of somebody who is asked about, from arrival to end.
    fn visit(&mut self, n: usize, arrival: &Arrival, deviation: Option<usize>) {
        let deviation = deviation.and_then(|place| DEVIATIONS.get(place));
        let whole = self.arrival(n, arrival);
        let mut draft = whole.clone();
        if let Some(deviation) = deviation {
            (deviation.apply)(&mut draft);
        }
        let name = deviation.map(|deviation| deviation.name);
        let (at, merged) = (arrival.at, n % MERGED_EACH == MERGED_EACH - 1);
        self.add(at, draft.clone(), name);
        let later = |minutes: i64| at.checked_add(minutes.minutes()).unwrap_or(at);
        let follow = |event, structure, minutes: i64| {
            let began = draft.began + SignedDuration::from_mins(minutes);
            Draft { event, structure, began, ..draft.clone() }
        };
        if name == Some(NUMBER_LATER) {
            let mut found = Draft { event: "A31", structure: "ADT_A05", class: "N", ..whole.clone() };
            (found.location, found.visit) = (String::new(), String::new());
            found.odd.insert(Odd::NoStart);
            self.add(later(20), found, None);
        }
        if n.is_multiple_of(CORRECTED_EACH) {
            self.add(later(12), follow("A08", "ADT_A01", 12), None);
        }
        if merged {
            let other = format!("L{:07}^^^RR8^MR", 7_000_000 + n);
            self.add(later(40), Draft { merged: Some(other), ..follow("A40", "ADT_A39", 40) }, None);
        }
        if n % ADMITTED_EACH == ADMITTED_EACH - 1 && whole.class == "E" {
            let visit = format!("IP{n:09}^^^RR8^VN");
            let location = format!("PAU^BAY1^B{}^{}", n % 9 + 1, self.site);
            let admitted = Draft { class: "I", method: "21", visit, location, specialty: "420", ..whole.clone() };
            self.add(later(95), Draft { event: "A01", structure: "ADT_A01", ..admitted }, None);
        }
        let stay = 60 + (n % 7) as i64 * 25;
        self.add(later(stay), Draft { ends: true, ..follow("A03", "ADT_A03", stay) }, None);
    }

    fn arrival(&self, n: usize, arrival: &Arrival) -> Draft {
        let (local, person) = (format!("L{n:07}^^^RR8^MR"), &arrival.person);
        let national = format!("{}^^^NHS^NH", arrival.number.digits());
        let (class, location, specialty, structure) = match arrival.setting.code() {
            "U05" => ("I", "PAU^BAY1^B1", "420", "ADT_A01"),
            "U06" => ("B", "MATTRIAGE^^", "501", "ADT_A01"),
            "U02" => ("E", "UTC^^", "180", "ADT_A01"),
            "U03" => ("E", "MIU^^", "180", "ADT_A01"),
            _ => ("E", "ED^PAEDS^C04", "180", "ADT_A01"),
        };
        Draft {
            event: if class == "I" { "A01" } else { "A04" },
            structure,
            version: "2.4",
            identifiers: vec![local, national],
            family: person.name.family.to_uppercase(),
            given: person.name.given.to_uppercase(),
            birth: person.birth.strftime("%Y%m%d").to_string(),
            sex: sex(person.sex),
            reliability: "NSTS01".to_owned(),
            class,
            location: format!("{location}^{}", self.site),
            method: if class == "I" { "21" } else { "" },
            specialty,
            visit: format!("AE{n:09}^^^RR8AE^VN"),
            began: SignedDuration::from_mins(2),
            ..Draft::default()
        }
    }

    /// An adult, who comes and goes.
    fn adult(&mut self, n: usize, beside: Timestamp, date: Date) {
        let at = beside.checked_add(((n % 50) as i64).minutes()).unwrap_or(beside);
        let age = 19 + (n * 37 % 70) as i64;
        let birth = date.saturating_sub(age.years()).saturating_sub(((n * 13 % 360) as i64).days());
        let draft = Draft {
            event: "A04",
            structure: "ADT_A01",
            version: "2.4",
            identifiers: vec![format!("L{:07}^^^RR8^MR", 5_000_000 + n)],
            family: "TESTADULT".to_owned(),
            given: "SAM".to_owned(),
            birth: birth.strftime("%Y%m%d").to_string(),
            sex: if n.is_multiple_of(2) { "F" } else { "M" },
            class: "E",
            location: format!("ED^MAJ^C{}^{}", n % 20 + 1, self.site),
            specialty: "180",
            visit: format!("AE{:09}^^^RR8AE^VN", 500_000_000 + n),
            began: SignedDuration::from_mins(3),
            ..Draft::default()
        };
        let end = at.checked_add(150.minutes()).unwrap_or(at);
        let left = Draft {
            event: "A03",
            structure: "ADT_A03",
            ends: true,
            began: SignedDuration::from_mins(150),
            ..draft.clone()
        };
        self.add(at, draft, None);
        self.add(end, left, None);
    }
}

fn sex(sex: Sex) -> &'static str {
    match sex {
        Sex::Female => "F",
        Sex::Male => "M",
        Sex::Indeterminate => "O",
    }
}
