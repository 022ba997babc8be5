//! Tests of the whole crate, one file each for its subjects.

mod corpus;
pub(crate) mod deviations;
mod properties;
mod samples;

use crate::{Adt, Profile, Received, read};

/// A feed that takes numbers for tests.
pub(crate) fn profile() -> Profile {
    Profile::from_toml("test_numbers = true").unwrap()
}

/// A message with line feeds as it goes over the wire.
pub(crate) fn wire(text: &str) -> Vec<u8> {
    text.replace('\n', "\r").into_bytes()
}

/// A message that is about a patient.
pub(crate) fn adt(text: &str, profile: &Profile) -> Adt {
    match read(&wire(text), profile) {
        Ok(Received::Adt(adt)) => *adt,
        other => panic!("{other:?}"),
    }
}
