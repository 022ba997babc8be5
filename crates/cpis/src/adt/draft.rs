//! A message of a hospital's system before it is written: fields that a deviation may change.

use cpis_format_hl7v2::delimiters::Delimiters;
use cpis_format_hl7v2::escape::escape;
use cpis_model::Timestamp;
use cpis_model::time::london_time;
use jiff::SignedDuration;
use std::collections::BTreeSet;

/// Something in which a message is written in another way than it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Odd {
    /// A byte order mark stands before it.
    ByteOrderMark,
    /// The last segment has no end.
    OpenEnd,
    /// Names of segments in lower case.
    LowerCase,
    /// MSH-2 as an engine doubles it.
    DoubledSigns,
    /// Windows-1252 instead of UTF-8.
    Windows1252,
    /// The first line of the address ends with a line break.
    BrokenAddress,
    /// The family name is not escaped.
    FamilyAsIs,
    /// PV1-44 is left out.
    NoStart,
    /// EVN is left out.
    NoEvn,
}

/// In which form times are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeForm {
    /// `YYYYMMDDHHMMSS`.
    #[default]
    Seconds,
    /// `YYYYMMDDHHMM`.
    Minutes,
    /// As in ISO 8601.
    Iso,
}

impl TimeForm {
    fn written(self, at: Timestamp) -> String {
        let form = match self {
            Self::Seconds => "%Y%m%d%H%M%S",
            Self::Minutes => "%Y%m%d%H%M",
            Self::Iso => "%Y-%m-%dT%H:%M:%S",
        };
        london_time(at).strftime(form).to_string()
    }
}

/// A message.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// MSH-10.
    pub control_id: String,
    /// MSH-9.2.
    pub event: &'static str,
    /// MSH-9.3; empty leaves it out.
    pub structure: &'static str,
    /// MSH-12.
    pub version: &'static str,
    /// PID-2.
    pub old_number: String,
    /// PID-3, written: repetitions.
    pub identifiers: Vec<String>,
    /// PID-5.1.
    pub family: String,
    /// PID-5.2.
    pub given: String,
    /// PID-7, written.
    pub birth: String,
    /// PID-8.
    pub sex: &'static str,
    /// PID-21, written.
    pub mother: String,
    /// PID-32, written.
    pub reliability: String,
    /// MRG-1, written; with it there is no PV1.
    pub merged: Option<String>,
    /// PV1-2.
    pub class: &'static str,
    /// PV1-3, written.
    pub location: String,
    /// PV1-4.
    pub method: &'static str,
    /// PV1-10.
    pub specialty: &'static str,
    /// PV1-19, written.
    pub visit: String,
    /// How long ago the visit began.
    pub began: SignedDuration,
    /// Whether PV1-45 says that the visit ends.
    pub ends: bool,
    /// ZU1-27.
    pub zu1_status: &'static str,
    /// Other segments, written.
    pub extra: Vec<&'static str>,
    /// Form of times.
    pub times: TimeForm,
    /// What ends a segment; a carriage return where it is empty.
    pub line_end: &'static str,
    /// What is odd in how it is written.
    pub odd: BTreeSet<Odd>,
}

impl Draft {
    fn is(&self, odd: Odd) -> bool {
        self.odd.contains(&odd)
    }

    /// The bytes of the message, as sent at a moment.
    pub fn bytes(&self, at: Timestamp) -> Vec<u8> {
        let end = if self.line_end.is_empty() { "\r" } else { self.line_end };
        let mut lines = self.segments(at);
        if self.is(Odd::LowerCase) {
            for line in &mut lines {
                let (name, rest) = line.split_at(line.len().min(3));
                *line = format!("{}{rest}", name.to_lowercase());
            }
        }
        let mut text = lines.join(end);
        if !self.is(Odd::OpenEnd) {
            text.push_str(end);
        }
        let mut bytes = if self.is(Odd::ByteOrderMark) { b"\xEF\xBB\xBF".to_vec() } else { Vec::new() };
        if self.is(Odd::Windows1252) {
            bytes.extend(cpis_format_hl7v2::charset::Charset::Windows1252.encode(&text));
        } else {
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes
    }

    fn segments(&self, at: Timestamp) -> Vec<String> {
        let sent = TimeForm::Seconds.written(at);
        let start = self.times.written(at.checked_sub(self.began).unwrap_or(at));
        let signs = if self.is(Odd::DoubledSigns) { "^~\\\\&" } else { "^~\\&" };
        let (event, version, id) = (self.event, self.version, &self.control_id);
        let structure = if self.structure.is_empty() { String::new() } else { format!("^{}", self.structure) };
        let mut lines = vec![format!("MSH|{signs}|PAS|RR8|CPGW|RR8|{sent}||ADT^{event}{structure}|{id}|P|{version}")];
        if !self.is(Odd::NoEvn) {
            lines.push(format!("EVN|{event}|{sent}||||{}", if self.ends { &sent } else { &start }));
        }
        lines.push(self.pid());
        if let Some(merged) = &self.merged {
            lines.push(format!("MRG|{merged}"));
            return lines;
        }
        lines.push(self.pv1(&start, if self.ends { &sent } else { "" }));
        if !self.zu1_status.is_empty() {
            lines.push(format!("ZU1{}{}", "|".repeat(27), self.zu1_status));
        }
        lines.extend(self.extra.iter().map(|&line| line.to_owned()));
        lines
    }

    fn pid(&self) -> String {
        let escaped = |text: &str| escape(text, &Delimiters::default());
        let family = if self.is(Odd::FamilyAsIs) { self.family.clone() } else { escaped(&self.family) };
        let name = format!("{family}^{}", escaped(&self.given));
        let street = if self.is(Odd::BrokenAddress) { "1 SAMPLE STREET\rFlat 2" } else { "1 SAMPLE STREET" };
        let address = format!("{street}^^TESTVILLE^^ZZ99 3WZ^826^H");
        let numbers = self.identifiers.join("~");
        let [old, birth, sex, mother] = [&self.old_number, &self.birth, self.sex, &self.mother];
        let reliability = &self.reliability;
        let line = format!(
            "PID|1|{old}|{numbers}||{name}||{birth}|{sex}|||{address}||||||||||{mother}|||||||||||{reliability}"
        );
        line.trim_end_matches('|').to_owned()
    }

    fn pv1(&self, start: &str, end: &str) -> String {
        let start = if self.is(Odd::NoStart) { "" } else { start };
        let [class, method, specialty] = [self.class, self.method, self.specialty];
        let (location, visit) = (&self.location, &self.visit);
        let line = format!(
            "PV1|1|{class}|{location}|{method}||||||{specialty}|||||||||{visit}{}{start}|{end}",
            "|".repeat(25)
        );
        line.trim_end_matches('|').to_owned()
    }
}
