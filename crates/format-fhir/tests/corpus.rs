//! Every input of the fuzz targets `fhir_parameters`, `fhir_subscription` and `pds_answers`, with the ordinary tests: a
//! question is read the same again by way of the self link, a subscription as it was written, answers end with people, an
//! outcome or a word, and nothing panics.

use cpis_format_fhir::headers::{Mirrored, accepts_json, mirrored, parse_unscheduled, prefer_strict};
use cpis_format_fhir::link::self_link_get;
use cpis_format_fhir::pds::{Found, outcome, patient, search};
use cpis_format_fhir::query::{QUERY_BYTES_MAX, Resource, parse_query};
use cpis_format_fhir::subscription::{
    SubscriptionStatus, SubscriptionView, Wanted, parse_events_parameters, parse_events_query, parse_subscription,
    subscription,
};
use cpis_model::demographics::Trace;
use std::fs;

#[test]
fn the_corpus_is_read_without_a_panic() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/fhir_parameters");
    let (mut read, mut refused) = (0, 0);
    for file in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        let mut lines = bytes.split(|&byte| byte == b'\n');
        let query = String::from_utf8_lossy(lines.next().unwrap());
        let values: Vec<&[u8]> = lines.collect();
        for strict in [false, true] {
            let parsed = parse_query(Resource::AuditEvent, &query, strict);
            let link = self_link_get("", Resource::AuditEvent, &query);
            let again = link.split_once('?').map_or("", |(_, query)| query);
            if again.len() <= QUERY_BYTES_MAX {
                assert_eq!(parse_query(Resource::AuditEvent, again, strict), parsed, "{query}");
            }
            *if parsed.is_ok() { &mut read } else { &mut refused } += 1;
        }
        let _ = parse_unscheduled(values.iter().copied());
        let _ = prefer_strict(values.iter().copied());
        for value in values {
            let _ = accepts_json(std::str::from_utf8(value).ok());
            assert!(Mirrored::ALL.into_iter().filter_map(|header| mirrored(header, value).ok()).all(str::is_ascii));
        }
    }
    assert!(read >= 15 && refused >= 15, "{read} read, {refused} refused");
}

#[test]
fn the_answers_of_the_corpus_are_read_without_a_panic() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/pds_answers");
    let (mut people, mut outcomes, mut refused) = (0, 0, 0);
    for file in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        match (patient(&bytes), search(&bytes), outcome(&bytes)) {
            (Ok(read), Err(_), None) => {
                let number = read.number;
                assert!(!matches!(read.trace(number), Trace::Superseded(_) | Trace::Unknown));
                people += 1;
            }
            (Err(_), Ok(Found::Patients(_)), None) => people += 1,
            (Err(_), Ok(Found::TooMany) | Err(_), Some(_)) => outcomes += 1,
            (Err(_), Err(_), None) => refused += 1,
            other => panic!("read in two ways: {other:?}"),
        }
    }
    assert!(people >= 10 && outcomes >= 4 && refused >= 8, "{people} {outcomes} {refused}");
}

#[test]
fn the_subscriptions_of_the_corpus_are_written_and_read_again() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/fhir_subscription");
    let (mut read, mut asked, mut refused) = (0, 0, 0);
    for file in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        match parse_subscription(&bytes, true) {
            Ok(mut request) => {
                request.headers.clear();
                let id = request.id.get_or_insert_with(|| "an-id".to_owned()).clone();
                let off = request.wanted == Wanted::Off;
                let status = if off { SubscriptionStatus::Off } else { SubscriptionStatus::Requested };
                let written = subscription(&SubscriptionView { id: &id, status, error: "", request: &request });
                assert_eq!(parse_subscription(&written, true), Ok(request));
                read += 1;
            }
            Err(faults) => {
                assert!(serde_json::from_slice::<serde_json::Value>(&faults.body()).is_ok());
                refused += 1;
            }
        }
        asked += usize::from(parse_events_parameters(&bytes).is_ok());
        asked += usize::from(parse_events_query(&String::from_utf8_lossy(&bytes)).is_ok());
    }
    assert!(read >= 6 && asked >= 3 && refused >= 10, "{read} {asked} {refused}");
}
