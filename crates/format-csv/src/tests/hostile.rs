//! Files that are none, or that mean harm: refused with a place, within the limits.

use super::{HEAD, ROW, outcome, taken};
use crate::{COLUMNS_MAX, LINES_MAX};
use cpis_model::upload::{RECORD_BYTES_MAX, RECORDS_MAX, UPLOAD_BYTES_MAX};

fn refused(bytes: &[u8]) -> String {
    let told = outcome(bytes);
    told.strip_prefix("refused\n").unwrap_or_else(|| panic!("{told}")).to_owned()
}

#[test]
fn what_is_no_table_is_refused_with_what_it_is() {
    for (bytes, words) in [
        (&b""[..], "line 1: the file is empty"),
        (b"\xEF\xBB\xBF\r\n \r\n", "line 1: the file is empty"),
        (HEAD.as_bytes(), "line 1: the file has no row after its headings"),
        (b"PK\x03\x04rest", "workbook or an archive"),
        (b"\xD0\xCF\x11\xE0rest", "old workbook"),
        (b"%PDF-1.7", "this is a PDF"),
        (b"\x1F\x8B\x08", "packed file"),
        (b"<File/>", "XML or HTML"),
        (b"nhs_number\n\xEF\xBB\xBF\0", "line 2: the file has bytes that are not text"),
        (b"n\0h\0s\0", "line 1: the file has bytes that are not text"),
        (b"\xFF\xFEn\0h", "not text"),
        (b"\xFE\xFF\xD8\x00\0a", "not text"),
        (b"\xFF\xFE\0\0n\0\0\0", "not text"),
        (b"\xEF\xBB\xBFa\nb\xFF", "line 2: the file says that it is UTF-8"),
        (b"a\n\x81", "line 2: the file has bytes that are not text"),
        (b"sep=;", "nhs_number: this column is missing"),
    ] {
        let told = refused(bytes);
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn stray_quotation_marks_never_swallow_a_row() {
    for (rows, line) in [
        ("\"9990000018,Robin\n", "line 3: a quotation mark has no partner"),
        ("9990000018,\"Rob\"in,x\n", "line 3: a closing quotation mark is followed by something"),
        ("9990000018,\"Robin,x,1/1/2020\n9990000026,\"Sam\",x\n", "line 4: a closing quotation mark"),
    ] {
        let told = refused(format!("{HEAD}{ROW}{rows}{ROW}").as_bytes());
        assert!(told.starts_with(line), "{told}");
    }
    // Within a cell without quotation marks around it, one is a character like others.
    let table = taken(format!("{HEAD}{}", ROW.replace("Robin", "Rob \"Bobby\" in")).as_bytes()).unwrap();
    assert_eq!((table.records.len(), table.faults.len()), (1, 0));
}

#[test]
fn limits_are_limits() {
    let wide = |count: usize| {
        let more: String = (0..count - 11).map(|_| ",x").collect();
        format!("{}{more}\n{ROW}", HEAD.trim_end())
    };
    assert_eq!(taken(wide(COLUMNS_MAX).as_bytes()).unwrap().count, 1);
    assert!(refused(wide(COLUMNS_MAX + 1).as_bytes()).contains("more than 100 cells"));
    let long = format!("{HEAD}{}", ROW.replace("Robin", &"a".repeat(RECORD_BYTES_MAX + 1)));
    assert!(refused(long.as_bytes()).starts_with("line 2: a row has more than 64 KiB"));
    let quoted = format!("{HEAD}{}", ROW.replace("Robin", &format!("\"{}\"", "a\n".repeat(RECORD_BYTES_MAX / 2))));
    assert!(refused(quoted.as_bytes()).starts_with("line 2: a row has more than 64 KiB"));
    assert!(taken(&vec![b'a'; UPLOAD_BYTES_MAX + 1]).unwrap_err().too_large);
    let empty = format!("{HEAD}{}", "\n".repeat(LINES_MAX as usize));
    assert!(refused(empty.as_bytes()).contains("too many lines"));
}

#[test]
fn as_many_rows_as_are_allowed_are_read_and_no_more() {
    let full = format!("{HEAD}{}", "x,\n".repeat(RECORDS_MAX));
    let mut steps = Vec::new();
    let table = crate::read(full.as_bytes(), &super::sender(), &mut |done, all| steps.push((done, all))).unwrap();
    assert_eq!(table.count, RECORDS_MAX as u32);
    // What is kept is bounded, and yet no row is without a fault.
    let mut lines: Vec<u32> = table.faults.iter().map(|fault| fault.line).collect();
    lines.dedup();
    assert_eq!(lines.len(), RECORDS_MAX);
    assert!(table.faults.len() < 500_000, "{}", table.faults.len());
    assert!(steps.is_sorted() && steps.last().is_some_and(|(done, all)| done == all));
    assert!(refused(format!("{full}x,\n").as_bytes()).contains("more than 150,000 rows"));
}
