//! Every page in every state, with made-up people: for reviewers, and for the tests in a real browser. Among the made-up
//! values are nasty ones: names that would be script, very long names, names of other writings.

mod entry;
mod files;
mod notices;
mod people;
mod register;
mod viewer;

use crate::frame::{Brand, Frame, Idle, Section, SignedIn};
use crate::paths;
use askama::Template;
use cpis_model::Timestamp;
use std::sync::Arc;

/// A page of the gallery: its name, which says page and state, and its HTML.
pub type Exhibit = (&'static str, Vec<u8>);

/// The moment at which all pages of the gallery are made: a Wednesday afternoon.
const NOW: &str = "2026-11-25T14:02:00Z";

/// All pages in all states.
pub fn gallery() -> Result<Vec<Exhibit>, askama::Error> {
    let mut hall = Hall(Vec::new());
    entry::show(&mut hall)?;
    viewer::show(&mut hall)?;
    notices::show(&mut hall)?;
    files::show(&mut hall)?;
    register::show(&mut hall)?;
    Ok(hall.0)
}

/// Every name of a person in the gallery, which no title may hold.
pub fn names() -> Vec<String> {
    let people = people::all().into_iter().flat_map(|person| [person.name.family, person.name.given]);
    people.chain(["Sam Example".to_owned(), "Alex Demo".to_owned()]).collect()
}

struct Hall(Vec<Exhibit>);

impl Hall {
    fn hang(&mut self, name: &'static str, page: &impl Template) -> Result<(), askama::Error> {
        self.0.push((name, crate::render(page)?));
        Ok(())
    }
}

fn now() -> Timestamp {
    at(NOW)
}

/// A moment, written out; the beginning of time where it cannot be read.
fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

fn brand() -> Arc<Brand> {
    Arc::new(Brand {
        name: "Child protection check".to_owned(),
        organisation: Some("Ashbourne and Vale Hospitals".to_owned()),
        support: Some("Call the help desk on 01632 960999, day and night.".to_owned()),
        contact: Some("service@example.org".to_owned()),
        made_up: true,
    })
}

/// The frame of a page before sign-in.
fn outside() -> Frame {
    Frame {
        brand: brand(),
        person: None,
        section: Section::Elsewhere,
        csrf: "made-up-token".to_owned(),
        nonce: None,
        made: now(),
        idle: None,
    }
}

fn signed_in(section: Section, person: SignedIn) -> Frame {
    let idle = Some(Idle { seconds: 300, to: paths::SESSION_ENDED });
    Frame { person: Some(person), section, idle, ..outside() }
}

/// A clinician's frame.
fn clinician(section: Section) -> Frame {
    let person = SignedIn {
        name: "Sam Example".to_owned(),
        role: "Emergency nurse".to_owned(),
        place: "Ashbourne Royal, Emergency department".to_owned(),
        sections: vec![Section::Find, Section::Looks, Section::Reports],
    };
    signed_in(section, person)
}

/// A worker of an authority.
fn worker() -> Frame {
    let person = SignedIn {
        name: "Alex Demo".to_owned(),
        role: "Duty social worker".to_owned(),
        place: "Ashbourne County Council".to_owned(),
        sections: vec![Section::Notices, Section::Files],
    };
    signed_in(Section::Notices, person)
}

/// An operator of the register.
fn operator() -> Frame {
    let person = SignedIn {
        name: "Alex Demo".to_owned(),
        role: "Operator".to_owned(),
        place: "Ashbourne and Vale Hospitals".to_owned(),
        sections: vec![Section::Register],
    };
    signed_in(Section::Register, person)
}
