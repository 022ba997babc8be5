//! Whatever PDS, or something that stands in its place, answers: reading it ends with people, an outcome or a word, never
//! with a panic; a person who is found has what verifying needs; and no fault repeats what stood in the answer.
#![no_main]

use cpis_format_fhir::pds::{Found, outcome, patient, search};
use cpis_model::demographics::Trace;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match patient(bytes) {
        Ok(read) => {
            assert!(outcome(bytes).is_none() && search(bytes).is_err());
            let (number, restricted) = (read.number, read.restricted);
            match read.trace(number) {
                Trace::Found(person) => {
                    assert_eq!(person.restricted, restricted);
                    assert!(!person.name.given.is_empty() || !person.name.family.is_empty());
                }
                Trace::Incomplete { restricted: said } => assert_eq!(said, restricted),
                Trace::Superseded(_) | Trace::Unknown => panic!("its own number is known"),
            }
        }
        Err(fault) => assert!(fault.to_string().len() < 100),
    }
    if let Ok(Found::Patients(patients)) = search(bytes) {
        assert!(patients.len() <= bytes.len());
    }
});
