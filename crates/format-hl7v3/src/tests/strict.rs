//! The strict reader against the facts of spec/hl7v3.md 8.4.

use super::faults::check;
use crate::Mode;

#[test]
fn the_strict_reader_keeps_to_the_schema() {
    assert!(check(include_str!("../../tests/golden/faults_when_strict.txt"), Mode::Strict) >= 35);
}
