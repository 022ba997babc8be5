//! Whatever the bytes, reading a table ends with its rows and faults or with the faults of the file, never with a panic; no row is
//! lost: each is either read or has a fault; and what is read is written and read again as it was.
#![no_main]

use cpis_format_csv::{TableWriter, read};
use cpis_model::upload::Record;
use cpis_model::upload::Sender;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(authority) = "714".parse() else { return };
    let sender = Sender { authority, name: "City of London".to_owned(), emergency: None, office: None };
    let Ok(table) = read(bytes, &sender, &mut |_, _| {}) else { return };
    let mut lines: Vec<u32> = table.records.iter().map(|record| record.position).collect();
    lines.extend(table.faults.iter().map(|fault| fault.line));
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), table.count as usize);
    if table.records.is_empty() {
        return;
    }
    let mut writer = TableWriter::new(table.contact.as_ref());
    table.records.iter().for_each(|record| writer.record(record));
    let again = read(&writer.take(), &sender, &mut |_, _| {}).map(|table| table.records);
    let moved = (2u32..).zip(table.records).map(|(position, record)| Record { position, ..record });
    assert!(again.is_ok_and(|again| again.into_iter().eq(moved)));
});
