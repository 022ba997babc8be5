//! Files with faults are read back: each fault is found where the side list says, and nothing else is.

use super::*;
use crate::synth::faults::FAULT_KINDS;
use cpis_format_hl7v3::{Mode, decode};
use cpis_model::demographics::{Demographics, verify};
use cpis_model::nhs_number::NhsNumber;
use cpis_model::plan::PlanKind;
use cpis_model::upload::Record;
use cpis_model::upload::Sender;
use cpis_synth::Scale;
use std::collections::{BTreeSet, HashMap, HashSet};

type Found = BTreeSet<(u32, RecordCode, Option<Detail>)>;

fn england() -> England {
    England::new(3, "2026-11-23".parse().unwrap(), Scale::plans(22_000))
}

fn arguments(format: SynthFormat, day: u32, faults: &str) -> SynthFile {
    let authority = "820".parse().unwrap();
    SynthFile { authority, format, day, sequence: None, faults: faults.parse().unwrap(), faults_list: None, out: None }
}

fn upload(england: &England, arguments: &SynthFile) -> Upload<'static> {
    let day = days_after(england.today(), arguments.day as i32);
    let records = made(england, arguments, day);
    Upload { authority: arguments.authority, name: "Kent", sequence: 1, day, format: arguments.format, records }
}

fn expected(upload: &Upload<'_>) -> Found {
    let faults = upload.positions().flat_map(|(position, made)| made.faults.iter().map(move |fault| (position, fault)));
    faults.map(|(position, fault)| (position, fault.code, fault.detail)).collect()
}

/// What the service finds in records that could be read: by the calendar, the rest of the file and demographics.
fn found(england: &England, records: &[Record], day: Date) -> Found {
    let known: HashMap<NhsNumber, Option<Demographics>> =
        england.register().map(|row| (row.number, row.person)).collect();
    let mut seen: HashSet<(NhsNumber, PlanKind, Date)> = HashSet::new();
    let mut found = Found::new();
    for record in records {
        let mut add = |code, detail| {
            found.insert((record.position, code, detail));
        };
        let faults = check(record, day);
        for fault in &faults {
            add(fault.code, fault.detail);
        }
        if faults.iter().any(|fault| fault.code != RecordCode::Loaded) {
            continue;
        }
        let person = &record.person;
        let rejected = RecordCode::Rejected;
        if record.plans.iter().any(|plan| !seen.insert((person.number, plan.kind, plan.dates.start))) {
            add(rejected, Some(Detail::Duplicate));
        }
        match known.get(&person.number) {
            None => add(RecordCode::NoMatch, None),
            Some(None) => add(RecordCode::Superseded, None),
            Some(Some(known)) if known.restricted => add(RecordCode::Sensitive, None),
            Some(Some(known)) if known.deceased => add(rejected, Some(Detail::Deceased)),
            Some(Some(known)) if verify(&person.name, person.birth, known).is_err() => {
                add(RecordCode::NotVerified, None);
            }
            Some(Some(_)) => {}
        }
        if record.plans.iter().any(|plan| plan.dates.delete.is_some()) {
            add(rejected, Some(Detail::PlanNotFound));
        }
    }
    found
}

#[test]
fn the_list_names_every_fault_that_is_found_in_the_message_and_no_other() {
    let england = england();
    let upload = upload(&england, &arguments(SynthFormat::Hl7v3, 0, "20%"));
    let mut text = Vec::new();
    upload.write(&mut text).unwrap();
    let decoded = decode(&text, Mode::Strict).unwrap();
    assert_eq!(decoded.count as usize, upload.records.len());
    let mut all = found(&england, &decoded.records, upload.day);
    all.extend(decoded.rejections.iter().map(|one| (one.position, one.code, one.detail)));
    assert_eq!(all, expected(&upload));
    let kinds: HashSet<_> = all.iter().map(|(_, code, detail)| (*code, *detail)).collect();
    // All but an overlap, which needs a file before.
    assert_eq!(kinds.len(), FAULT_KINDS.len() - 1, "{kinds:?}");

    let mut list = Vec::new();
    upload.list(&mut list).unwrap();
    let list = String::from_utf8(list).unwrap();
    assert_eq!(list.lines().count(), all.len() + 1);
    for made in &upload.records {
        assert!(!list.contains(made.record.person.number.digits()), "a number stands in the list");
    }
}

#[test]
fn the_list_names_the_faults_of_a_spreadsheet() {
    let england = england();
    let upload = upload(&england, &arguments(SynthFormat::Csv, 0, "20%"));
    let mut text = Vec::new();
    upload.write(&mut text).unwrap();
    let sender = Sender { authority: upload.authority, name: upload.name.to_owned(), emergency: None, office: None };
    let table = cpis_format_csv::read(&text, &sender, &mut |_, _| {}).unwrap();
    let mut all = found(&england, &table.records, upload.day);
    all.extend(table.faults.iter().map(|one| (one.line, one.code(), one.detail())));
    let expected = expected(&upload);
    let missing: Vec<_> = expected.difference(&all).collect();
    assert!(missing.is_empty() && expected.len() > 40, "{missing:?} of {}", expected.len());
    // A second plan of a person has a row, and faults, of its own.
    assert!(all.len() - expected.len() < 10);
}

#[test]
fn later_files_hold_what_happened_and_a_file_without_faults_is_good() {
    let england = england().with_rates(cpis_synth::Rates::NONE);
    let mut records = 0;
    for day in 1..=20 {
        let upload = upload(&england, &arguments(SynthFormat::Hl7v3, day, "0%"));
        records += upload.records.len();
        for made in &upload.records {
            let removal = made.record.plans.iter().any(|plan| plan.dates.delete.is_some());
            assert!(removal || made.faults.is_empty(), "{:?}", made.faults);
        }
    }
    assert!((5..120).contains(&records), "{records}");
    let first = upload(&england, &arguments(SynthFormat::Hl7v3, 0, "0%"));
    assert!(expected(&first).is_empty() && first.records.len() > 100);
}
