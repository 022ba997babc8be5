//! A feed's profile: everything in which feeds differ, as data. A site's deviation is a line here, not a line of code.

use crate::event::Event;
use cpis_model::organisation::OdsCode;
use cpis_model::setting::Setting;
use serde::{Deserialize, Deserializer};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// The profile that a feed has where nothing else is said, with a comment on every line.
pub const DEFAULT: &str = include_str!("../data/profile.toml");

/// How one feed is read.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// What the profile is called in logs and metrics.
    pub name: String,
    /// Processing ids (MSH-11) that are taken.
    pub processing_ids: BTreeSet<String>,
    /// Whether numbers of the range 999, which no patient has, are taken.
    pub test_numbers: bool,
    /// The zone of times without an offset.
    pub time_zone: Zone,
    /// Whether offsets mean what they say.
    pub offsets: Offsets,
    /// The name under which the gateway sends: MSH-3. What comes back with it is dropped.
    pub own_application: String,
    /// The organisation under which it sends: MSH-4.
    pub own_facility: String,
    /// Who may send on this feed. Empty takes anybody who may connect.
    pub senders: Vec<Sender>,
    /// Whether and how messages are acknowledged.
    pub acknowledge: Acknowledge,
    /// Events that may begin a visit to ask about.
    pub triggers: BTreeSet<String>,
    /// Whether an A08 alone may be an arrival, as some systems send it.
    pub a08_is_arrival: bool,
    /// The site (ODS code) where a message names none.
    #[serde(default, deserialize_with = "optional")]
    pub site: Option<OdsCode>,
    /// The setting of visits whose location says none.
    #[serde(deserialize_with = "parsed")]
    pub setting: Setting,
    /// Where the NHS number may stand.
    pub number: NumberPlaces,
    /// What the patient classes of PV1-2 mean.
    pub classes: BTreeMap<String, Class>,
    /// What the admission methods of PV1-4 mean.
    pub admission_methods: BTreeMap<String, Care>,
    /// What the specialties of PV1-10 mean.
    pub specialties: BTreeMap<String, Care>,
    /// What the patient types of PV1-18 mean.
    #[serde(default)]
    pub patient_types: BTreeMap<String, Care>,
    /// Points of care of PV1-3, the first that fits.
    pub locations: Vec<LocationRule>,
    /// Whether somebody at a location that is not listed is asked about, where nothing else says what kind of care it is.
    pub ask_at_unknown_locations: bool,
    /// Most hours since the start of a visit that is asked about.
    pub hours_past_max: i64,
    /// Most hours until it.
    pub hours_ahead_max: i64,
    /// Age from which nobody is asked about, but for pregnancy.
    pub age: i16,
}

/// The zone of times without an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Zone {
    /// Local time.
    #[serde(rename = "Europe/London")]
    London,
    /// Universal time all year.
    #[serde(rename = "UTC")]
    Utc,
}

/// Whether offsets of times mean what they say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Offsets {
    /// They do.
    AsWritten,
    /// The sender writes `+0000` all year and means local time.
    Ignored,
}

/// Whether and how messages are acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Acknowledge {
    /// As MSH-15 and MSH-16 ask.
    AsAsked,
    /// One answer of the original mode, whatever the message asks.
    Original,
    /// Never.
    None,
}

/// A sender that is taken.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    /// MSH-3; empty fits any.
    #[serde(default)]
    pub application: String,
    /// MSH-4; empty fits any.
    #[serde(default)]
    pub facility: String,
}

/// Where an NHS number may stand beside a PID-3 that is labelled `NHS` and `NH`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberPlaces {
    /// Labels of CX-4 that are as good as `NHS`.
    pub authorities: BTreeSet<String>,
    /// Labels of CX-5 that are as good as `NH`.
    pub types: BTreeSet<String>,
    /// Labels of CX-4 or CX-5 that mark a number of Scotland or Northern Ireland.
    pub foreign: BTreeSet<String>,
    /// Fields of PID where a number without a label is an NHS number on this feed: 2, 3, 4 or 19.
    pub unlabelled_fields: BTreeSet<u16>,
}

/// What kind of care a code stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Care {
    /// Unscheduled: asked about.
    Unscheduled,
    /// Scheduled: not asked about.
    Scheduled,
    /// Unscheduled, and patients may be pregnant, so that adults are asked about too. Of a specialty, which has clinics as
    /// well, it says the second thing only.
    Maternity,
}

/// What a patient class means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Emergency: unscheduled.
    Emergency,
    /// Inpatient: the admission method or the ward decides.
    Inpatient,
    /// Outpatient: the location decides.
    Outpatient,
    /// Obstetrics: unscheduled, and may be pregnant.
    Obstetric,
    /// Planned, waiting or no attendance at all: never asked about.
    Never,
    /// Says nothing: the location decides.
    Unknown,
}

/// What a location means.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationRule {
    /// Points of care, PV1-3.1. `*` at the end of one stands for any ending.
    pub codes: Vec<String>,
    /// The facility that PV1-3.4 must name; empty fits any.
    #[serde(default)]
    pub facility: String,
    /// What kind of care is given there.
    pub care: Care,
    /// The care setting.
    #[serde(default, deserialize_with = "optional")]
    pub setting: Option<Setting>,
    /// The site, where it is not the one of the message.
    #[serde(default, deserialize_with = "optional")]
    pub site: Option<OdsCode>,
}

/// A profile that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProfileFault {
    /// It is not TOML, or not of this form.
    #[error("the profile cannot be read: {0}")]
    Form(String),
    /// A trigger that is no event which begins a visit.
    #[error("{0} cannot be a trigger: it begins no visit")]
    Trigger(String),
    /// A field in which no number is looked for.
    #[error("PID-{0} cannot hold an NHS number without a label: 2, 3, 4 or 19 are possible")]
    Field(u16),
    /// A length of time that makes no sense.
    #[error("{0} must be at least 0")]
    Negative(&'static str),
}

impl Default for Profile {
    /// The documented default.
    #[allow(clippy::expect_used)] // the file is part of the program, and a test reads it
    fn default() -> Self {
        Self::from_toml("").expect("the default profile is right")
    }
}

impl Profile {
    /// The default with what a TOML text says otherwise. Tables are merged by key; lists are replaced.
    pub fn from_toml(text: &str) -> Result<Self, ProfileFault> {
        let own = text.parse::<toml::Table>().map_err(|error| ProfileFault::Form(error.message().to_owned()))?;
        Self::from_table(own)
    }

    /// The same from a table that stands within another file.
    pub fn from_table(own: toml::Table) -> Result<Self, ProfileFault> {
        let form = |error: toml::de::Error| ProfileFault::Form(error.message().to_owned());
        let mut whole = DEFAULT.parse::<toml::Table>().map_err(form)?;
        merge(&mut whole, own);
        let mut profile: Self = whole.try_into().map_err(form)?;
        profile.fold();
        profile.check()?;
        Ok(profile)
    }

    /// Keys are compared in upper case.
    fn fold(&mut self) {
        fn keys<T>(map: &mut BTreeMap<String, T>) {
            *map = std::mem::take(map).into_iter().map(|(key, value)| (key.trim().to_uppercase(), value)).collect();
        }
        fn set(set: &mut BTreeSet<String>) {
            *set = std::mem::take(set).into_iter().map(|key| key.trim().to_uppercase()).collect();
        }
        keys(&mut self.classes);
        keys(&mut self.admission_methods);
        keys(&mut self.specialties);
        keys(&mut self.patient_types);
        set(&mut self.processing_ids);
        set(&mut self.triggers);
        set(&mut self.number.authorities);
        set(&mut self.number.types);
        set(&mut self.number.foreign);
    }

    fn check(&self) -> Result<(), ProfileFault> {
        let wrong = |code: &&String| !Event::from_code(code).effect().may_begin();
        if let Some(code) = self.triggers.iter().find(wrong) {
            return Err(ProfileFault::Trigger(code.clone()));
        }
        let fields = &self.number.unlabelled_fields;
        if let Some(field) = fields.iter().find(|field| !matches!(field, 2 | 3 | 4 | 19)) {
            return Err(ProfileFault::Field(*field));
        }
        for (name, hours) in [("hours_past_max", self.hours_past_max), ("hours_ahead_max", self.hours_ahead_max)] {
            if !(0..=100_000).contains(&hours) {
                return Err(ProfileFault::Negative(name));
            }
        }
        if self.age < 0 {
            return Err(ProfileFault::Negative("age"));
        }
        Ok(())
    }

    /// Whether a message of this event may begin a visit on this feed.
    pub fn triggers_on(&self, event: &Event) -> bool {
        (*event == Event::A08 && self.a08_is_arrival) || self.triggers.contains(event.code())
    }

    /// The first rule that fits a location.
    pub fn location(&self, point_of_care: &str, facility: Option<&str>) -> Option<&LocationRule> {
        let fits = |rule: &&LocationRule| {
            let here = point_of_care.trim();
            let is_here = |code: &String| match code.strip_suffix('*') {
                Some(start) => here.get(..start.len()).is_some_and(|own| own.eq_ignore_ascii_case(start)),
                None => here.eq_ignore_ascii_case(code),
            };
            rule.codes.iter().any(is_here)
                && (rule.facility.is_empty() || facility.is_some_and(|own| own.eq_ignore_ascii_case(&rule.facility)))
        };
        self.locations.iter().find(fits)
    }

    /// Whether this sender is one of the feed's.
    pub fn takes_sender(&self, application: &str, facility: &str) -> bool {
        let fits = |wanted: &str, own: &str| wanted.is_empty() || wanted.eq_ignore_ascii_case(own.trim());
        let one = |sender: &Sender| fits(&sender.application, application) && fits(&sender.facility, facility);
        self.senders.is_empty() || self.senders.iter().any(one)
    }
}

fn merge(whole: &mut toml::Table, own: toml::Table) {
    for (key, value) in own {
        match (whole.get_mut(&key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(own)) => merge(inner, own),
            (_, value) => {
                whole.insert(key, value);
            }
        }
    }
}

fn parsed<'de, D: Deserializer<'de>, T: std::str::FromStr<Err: std::fmt::Display>>(from: D) -> Result<T, D::Error> {
    String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
}

fn optional<'de, D: Deserializer<'de>, T: std::str::FromStr<Err: std::fmt::Display>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(serde::de::Error::custom) }
}
