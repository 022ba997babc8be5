//! Writes every kind of message that is sent, one file each, for readers that are not ours: `e2e/hl7v2/read_test.py`.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a program for tests")]

use cpis_format_hl7v2::ack::{self, Outcome, Problem};
use cpis_format_hl7v2::alert::{self, Birth, Route, Said, Shape, Subject, Wording};
use cpis_format_hl7v2::number::LocalId;
use cpis_format_hl7v2::patient::Name;
use cpis_format_hl7v2::{Profile, Refusal, VisitNumber, adt};
use cpis_model::Timestamp;
use cpis_model::demographics::Sex;
use cpis_model::name::PersonName;
use std::path::Path;

const VERSIONS: [&str; 10] = ["2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8"];

fn main() {
    let folder = std::env::args().nth(1).expect("a folder");
    let folder = Path::new(&folder);
    let now: Timestamp = "2026-03-14T18:32:06Z".parse().expect("a time");
    for version in VERSIONS {
        for (name, outcome) in [
            ("accepted", Outcome::Accepted),
            ("failed", Outcome::Failed(Problem::NOT_STORED)),
            ("rejected", Outcome::refused(Refusal::ProcessingId)),
        ] {
            let modes = if version < "2.2" { &["original"][..] } else { &["original", "enhanced"] };
            for mode in modes {
                acknowledgements(folder, version, name, outcome, mode, now);
            }
        }
    }
    for (shape, shape_name) in [(Shape::A08, "a08"), (Shape::R01, "r01")] {
        for (said, name) in [(Said::Present(now), "present"), (Said::Withdrawn(now), "withdrawn")] {
            let message = alert::write(shape, &route(), &Wording::default(), &subject(), said, ("G0000000500", now));
            write(folder, &format!("alert-{shape_name}-{name}"), &message);
        }
    }
}

fn acknowledgements(folder: &Path, version: &str, name: &str, outcome: Outcome, mode: &str, now: Timestamp) {
    let conditions = if mode == "enhanced" { "|||AL|AL" } else { "" };
    let message = format!("MSH|^~\\&|PAS|RR8|CPGW|RR8|20260314183205||ADT^A04|ID\\T\\1|P|{version}{conditions}\r");
    let profile = Profile::default();
    let header = adt::head(message.as_bytes(), &profile);
    let answers = ack::answers(header.as_ref(), outcome, &profile, now, || "G0000000412".to_owned());
    for (n, answer) in answers.iter().enumerate() {
        write(folder, &format!("ack-{version}-{name}-{mode}-{n}"), answer);
    }
}

fn route() -> Route {
    let [application, facility, to_application, to_facility, processing_id] =
        ["CPGW", "RR8", "PAS", "RR8", "P"].map(str::to_owned);
    Route { application, facility, to_application, to_facility, processing_id }
}

fn subject() -> Subject {
    Subject {
        local: vec![LocalId { value: "L4410021".into(), authority: Some("RR8".into()), kind: Some("MR".into()) }],
        number: "9990417008".parse().ok(),
        name: Some(Name { name: PersonName::new("SE\u{c1}N D&A", "O'TEST|N\u{da}\u{d1}EZ^"), kind: String::new() }),
        birth: "2019-07-22".parse().ok().map(Birth),
        sex: Some(Sex::Male),
        class: "E".to_owned(),
        location: "ED^PAEDS^C04^RR813".to_owned(),
        visit: Some(VisitNumber { value: "AE26031400771".into(), authority: Some("RR8AE".into()) }),
    }
}

fn write(folder: &Path, name: &str, message: &[u8]) {
    std::fs::write(folder.join(format!("{name}.hl7")), message).expect("the folder can be written");
    println!("{name}");
}
