//! Records of the register of organisations: what an operator keeps of authorities, providers, sites, suppliers and systems.
//! All values are parsed; `organisation_json` reads and writes them.

use crate::Date;
use crate::hours::Hours;
use crate::organisation::{AuthorityCode, OdsCode, Phone};
use crate::record_text::{Asid, Code, DfeCode, Email, Fingerprint, GssCode, Id, Text};
use crate::setting::Setting;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Kinds of records. Their numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKind {
    /// An authority with children's services.
    Authority,
    /// An organisation that runs sites.
    Provider,
    /// A place where patients are seen.
    Site,
    /// A maker of systems.
    Supplier,
    /// A system that asks or sends.
    System,
}

/// No kind has this word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("authority, provider, site, supplier or system is expected")]
pub struct UnknownKind;

impl RecordKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Authority, Self::Provider, Self::Site, Self::Supplier, Self::System];

    /// The number under which it is stored.
    pub fn number(self) -> u8 {
        match self {
            Self::Authority => 1,
            Self::Provider => 2,
            Self::Site => 3,
            Self::Supplier => 4,
            Self::System => 5,
        }
    }

    /// The kind of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// A word for interfaces and forms.
    pub fn code(self) -> &'static str {
        match self {
            Self::Authority => "authority",
            Self::Provider => "provider",
            Self::Site => "site",
            Self::Supplier => "supplier",
            Self::System => "system",
        }
    }
}

impl FromStr for RecordKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.code() == text).ok_or(UnknownKind)
    }
}

/// Days on which something is in force: from the first to the last, both of them included. Without a day it is open there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub from: Option<Date>,
    /// The last day.
    pub until: Option<Date>,
}

impl Period {
    /// Whether this day is one of them.
    pub fn holds(self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }

    /// Whether its last day lies before its first.
    pub fn is_upside_down(self) -> bool {
        self.from.zip(self.until).is_some_and(|(from, until)| until < from)
    }
}

/// Who goes on in somebody's place, from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Successor {
    /// Their code; their record is of the same kind.
    pub code: Code,
    /// The first day.
    pub on: Date,
}

/// What every record has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Name for people.
    pub name: Text,
    /// When it is in force.
    pub period: Period,
    /// Who goes on in its place: several, where one was divided.
    pub successors: Vec<Successor>,
}

/// Whom a number of an authority reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ContactKind {
    /// The office, in hours.
    Office,
    /// A team of its own, such as one for looked after children.
    Team,
    /// The emergency duty team.
    Emergency,
}

/// No kind of contact has this word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("office, team or emergency is expected")]
pub struct UnknownContact;

impl ContactKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Office, Self::Team, Self::Emergency];

    /// A word for interfaces and forms.
    pub fn code(self) -> &'static str {
        match self {
            Self::Office => "office",
            Self::Team => "team",
            Self::Emergency => "emergency",
        }
    }
}

impl FromStr for ContactKind {
    type Err = UnknownContact;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.code() == text).ok_or(UnknownContact)
    }
}

/// A telephone number of an authority, with its hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityContact {
    /// Whom it reaches.
    pub kind: ContactKind,
    /// The number.
    pub phone: Phone,
    /// When somebody answers.
    pub hours: Hours,
    /// When it is in force.
    pub period: Period,
}

/// An authority with children's services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// ODS code.
    pub code: AuthorityCode,
    /// Name, days, successors.
    pub about: About,
    /// Its numbers.
    pub contacts: Vec<AuthorityContact>,
    /// Mailboxes to which messages for it go.
    pub mailboxes: Vec<Id>,
    /// E-mail addresses that are told when there are notices.
    pub notice_emails: Vec<Email>,
    /// E-mail addresses of the emergency duty team, which are told when nobody has read a notice in time.
    pub duty_emails: Vec<Email>,
    /// The Department for Education's code. It may be another council's ODS code.
    pub dfe_code: Option<DfeCode>,
    /// The statistics office's code.
    pub gss_code: Option<GssCode>,
    /// Region.
    pub region: Option<Text>,
}

/// An organisation that runs sites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// ODS code.
    pub code: OdsCode,
    /// Name, days (the last one is the day on which it closed), successors.
    pub about: About,
    /// What kind of provider, in the words of its source.
    pub kind: Option<Text>,
    /// The organisation that it belongs to.
    pub parent: Option<OdsCode>,
}

/// Who answers for looks of systems without a person at them. `Debug` shows no name.
#[derive(Clone, PartialEq, Eq)]
pub struct Responsible {
    /// Name.
    pub name: Text,
    /// Job role.
    pub role: Text,
    /// How to reach them.
    pub phone: Option<Phone>,
}

impl fmt::Debug for Responsible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Responsible(…)")
    }
}

/// How to reach the site's lead for safeguarding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lead {
    /// Telephone.
    pub phone: Option<Phone>,
    /// E-mail.
    pub email: Option<Email>,
}

/// A place where patients are seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteRecord {
    /// ODS code.
    pub code: OdsCode,
    /// Name, days, successors.
    pub about: About,
    /// The organisation that runs it.
    pub organisation: OdsCode,
    /// The kind of care given there.
    pub setting: Setting,
    /// Who answers for looks of systems.
    pub responsible: Option<Responsible>,
    /// The lead for safeguarding.
    pub lead: Lead,
}

/// A maker of systems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supplier {
    /// Code: its ODS code, or one of the operator's.
    pub code: Code,
    /// Name, days, successors.
    pub about: About,
    /// E-mail of its help desk.
    pub email: Option<Email>,
}

/// A system that asks or sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// The operator's code for it.
    pub code: Code,
    /// Name, days, successors.
    pub about: About,
    /// Who made it.
    pub supplier: Option<Code>,
    /// For whom it acts.
    pub organisation: OdsCode,
    /// Where it stands; none: everywhere in the organisation.
    pub sites: Vec<OdsCode>,
    /// Its ids on the Spine.
    pub asids: Vec<Asid>,
    /// Its id at the issuer of tokens.
    pub client: Option<Id>,
    /// SHA-256 of its certificates.
    pub certificates: Vec<Fingerprint>,
    /// Its mailbox.
    pub mailbox: Option<Id>,
    /// Whether it sends one id for a whole visit, by which looks are shown together.
    pub one_id_a_visit: bool,
}

/// A record of the register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// An authority.
    Authority(Authority),
    /// A provider.
    Provider(Provider),
    /// A site.
    Site(SiteRecord),
    /// A supplier.
    Supplier(Supplier),
    /// A system.
    System(System),
}

impl Record {
    /// What kind it is.
    pub fn kind(&self) -> RecordKind {
        match self {
            Self::Authority(_) => RecordKind::Authority,
            Self::Provider(_) => RecordKind::Provider,
            Self::Site(_) => RecordKind::Site,
            Self::Supplier(_) => RecordKind::Supplier,
            Self::System(_) => RecordKind::System,
        }
    }

    /// The code under which it is known.
    pub fn code(&self) -> &str {
        match self {
            Self::Authority(authority) => authority.code.0.as_str(),
            Self::Provider(provider) => provider.code.as_str(),
            Self::Site(site) => site.code.as_str(),
            Self::Supplier(supplier) => supplier.code.as_str(),
            Self::System(system) => system.code.as_str(),
        }
    }

    /// Name, days, successors.
    pub fn about(&self) -> &About {
        match self {
            Self::Authority(authority) => &authority.about,
            Self::Provider(provider) => &provider.about,
            Self::Site(site) => &site.about,
            Self::Supplier(supplier) => &supplier.about,
            Self::System(system) => &system.about,
        }
    }

    /// The same, to be changed.
    pub fn about_mut(&mut self) -> &mut About {
        match self {
            Self::Authority(authority) => &mut authority.about,
            Self::Provider(provider) => &mut provider.about,
            Self::Site(site) => &mut site.about,
            Self::Supplier(supplier) => &mut supplier.about,
            Self::System(system) => &mut system.about,
        }
    }

    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        self.about().name.shared()
    }
}

impl About {
    /// A name that is in force always.
    pub fn named(name: Text) -> Self {
        Self { name, period: Period::default(), successors: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_number_and_word() {
        for (place, kind) in RecordKind::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(kind.number()), place + 1, "numbers are stored");
            assert_eq!(RecordKind::from_number(kind.number()), Some(kind));
            assert_eq!(kind.code().parse(), Ok(kind));
        }
        assert_eq!(RecordKind::from_number(0), None);
        assert_eq!("council".parse::<RecordKind>(), Err(UnknownKind));
        assert!(ContactKind::ALL.iter().all(|kind| kind.code().parse() == Ok(*kind)));
    }

    #[test]
    fn a_period_holds_its_first_and_its_last_day() {
        let day = |text: &str| (!text.is_empty()).then(|| text.parse::<Date>().unwrap());
        for (from, until, on, holds) in [
            ("", "", "2026-11-25", true),
            ("2026-11-25", "2026-11-25", "2026-11-25", true),
            ("2026-11-26", "", "2026-11-25", false),
            ("", "2026-11-24", "2026-11-25", false),
            ("2026-01-01", "2026-12-31", "2026-12-31", true),
        ] {
            let period = Period { from: day(from), until: day(until) };
            assert_eq!(period.holds(day(on).unwrap()), holds, "{from} to {until} on {on}");
            assert!(!period.is_upside_down());
        }
        assert!(Period { from: day("2026-01-02"), until: day("2026-01-01") }.is_upside_down());
    }
}
