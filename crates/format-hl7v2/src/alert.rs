//! What is put back into the hospital's system: that information exists and where to look, and its withdrawal. Never what the
//! information is.

use crate::delimiters::Delimiters;
use crate::hidden::Hidden;
use crate::number::LocalId;
use crate::patient::Name;
use crate::visit::VisitNumber;
use crate::write::{Writer, stamp};
use cpis_model::demographics::Sex;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::{Date, Timestamp};
use serde::Deserialize;

/// The version of what is sent, which is the UK's.
pub const VERSION: &str = "2.4";

/// How it is put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// ADT^A08 with an OBX.
    A08,
    /// ORU^R01.
    R01,
}

/// From whom to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// MSH-3.
    pub application: String,
    /// MSH-4.
    pub facility: String,
    /// MSH-5.
    pub to_application: String,
    /// MSH-6.
    pub to_facility: String,
    /// MSH-11.
    pub processing_id: String,
}

/// The texts that staff see. They name no plan, no date and no authority.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wording {
    /// OBX-3.1, the local code.
    pub code: String,
    /// OBX-3.2.
    pub name: String,
    /// OBX-5.1.
    pub present_code: String,
    /// OBX-5.2.
    pub present: String,
}

impl Default for Wording {
    fn default() -> Self {
        Self {
            code: "CPIS".to_owned(),
            name: "Child protection information".to_owned(),
            present_code: "P".to_owned(),
            present: "Present, see viewer".to_owned(),
        }
    }
}

/// Of whom. `Debug` shows nothing personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The receiver's own identifiers, in the order in which they came.
    pub local: Vec<LocalId>,
    /// The NHS number.
    pub number: Option<NhsNumber>,
    /// The name as the receiver knows it.
    pub name: Option<Name>,
    /// Date of birth as the receiver knows it: nothing is corrected here.
    pub birth: Option<Birth>,
    /// Sex.
    pub sex: Option<Sex>,
    /// PV1-2 as it came.
    pub class: String,
    /// PV1-3 as it is written, with the usual delimiters.
    pub location: String,
    /// The visit.
    pub visit: Option<VisitNumber>,
}

/// A whole date of birth. `Debug` never shows it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Birth(pub Date);

impl std::fmt::Debug for Birth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Birth(…)")
    }
}

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Information exists, since the moment at which it was found.
    Present(Timestamp),
    /// What was said before is withdrawn, as of a moment.
    Withdrawn(Timestamp),
}

/// Writes a message, without its frame, in UTF-8 where a name is not of ASCII.
pub fn write(
    shape: Shape,
    route: &Route,
    wording: &Wording,
    subject: &Subject,
    said: Said,
    (id, now): (&str, Timestamp),
) -> Vec<u8> {
    let mut writer = Writer::new(Delimiters::default());
    let is_ascii = [subject.name.as_ref().map(|name| format!("{}{}", name.name.family, name.name.given))]
        .into_iter()
        .flatten()
        .all(|text| text.is_ascii());
    let (kind, event, structure) = match shape {
        Shape::A08 => ("ADT", "A08", "ADT_A01"),
        Shape::R01 => ("ORU", "R01", "ORU_R01"),
    };
    writer.segment("MSH");
    writer.raw(2, &Delimiters::default().encoding_characters());
    writer.text(3, &route.application);
    writer.text(4, &route.facility);
    writer.text(5, &route.to_application);
    writer.text(6, &route.to_facility);
    writer.text(7, &stamp(now));
    match shape {
        Shape::A08 => writer.components(9, &[kind, event, structure]),
        Shape::R01 => writer.components(9, &[kind, event]),
    }
    writer.text(10, id);
    writer.text(11, &route.processing_id);
    writer.text(12, VERSION);
    writer.text(15, "NE");
    writer.text(16, "AL");
    if !is_ascii {
        writer.text(18, "UNICODE UTF-8");
    }
    if shape == Shape::A08 {
        writer.segment("EVN");
        writer.text(1, event);
        writer.text(2, &stamp(now));
        writer.text(6, &stamp(now));
    }
    patient(&mut writer, subject);
    visit(&mut writer, subject);
    if shape == Shape::R01 {
        writer.segment("OBR");
        writer.text(1, "1");
        writer.components(3, &[id, &route.application]);
        writer.components(4, &[&wording.code, &wording.name, "L"]);
        writer.text(7, &stamp(moment(said)));
    }
    observation(&mut writer, wording, said);
    writer.finish().into_bytes()
}

fn moment(said: Said) -> Timestamp {
    match said {
        Said::Present(at) | Said::Withdrawn(at) => at,
    }
}

fn patient(writer: &mut Writer, subject: &Subject) {
    writer.segment("PID");
    writer.text(1, "1");
    let number = subject.number.map(|number| number.digits().to_owned());
    let local = subject.local.iter().map(|id| {
        vec![&*id.value, "", "", id.authority.as_deref().unwrap_or_default(), id.kind.as_deref().unwrap_or_default()]
    });
    let national = number.iter().map(|number| vec![number.as_str(), "", "", "NHS", "NH"]);
    writer.repetitions(3, &local.chain(national).collect::<Vec<_>>());
    if let Some(name) = &subject.name {
        // The given names stand together: the receiver knows how it parts them.
        writer.components(5, &[&name.name.family, &name.name.given]);
    }
    if let Some(Birth(day)) = subject.birth {
        writer.text(7, &day.strftime("%Y%m%d").to_string());
    }
    let sex = subject.sex.map(|sex| match sex {
        Sex::Female => "F",
        Sex::Male => "M",
        Sex::Indeterminate => "O",
    });
    writer.text(8, sex.unwrap_or_default());
}

fn visit(writer: &mut Writer, subject: &Subject) {
    writer.segment("PV1");
    writer.text(1, "1");
    writer.text(2, &subject.class);
    writer.raw(3, &subject.location);
    if let Some(number) = &subject.visit {
        writer.components(19, &[&number.value, "", "", number.authority.as_deref().unwrap_or_default(), "VN"]);
    }
}

fn observation(writer: &mut Writer, wording: &Wording, said: Said) {
    writer.segment("OBX");
    writer.text(1, "1");
    writer.text(2, "CE");
    writer.components(3, &[&wording.code, &wording.name, "L"]);
    let status = match said {
        Said::Present(_) => {
            writer.components(5, &[&wording.present_code, &wording.present, "L"]);
            "F"
        }
        Said::Withdrawn(_) => {
            writer.raw(5, "\"\"");
            "D"
        }
    };
    writer.text(11, status);
    writer.text(14, &stamp(moment(said)));
}

/// A text that a message may carry as it is written in PV1-3: only of a message with the usual delimiters.
pub fn location_as_usual(raw: &str, delimiters: &Delimiters) -> Hidden {
    if *delimiters == Delimiters::default() { raw.into() } else { Hidden::default() }
}

#[cfg(test)]
mod tests;
