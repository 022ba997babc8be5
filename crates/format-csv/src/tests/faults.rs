//! A table for each rule of a cell: what stands there, its shape, its code.

use super::{HEAD, ROW, outcome, taken};
use crate::{Column, Shape};
use cpis_model::codes::{Detail, RecordCode};
use expect_test::expect;

/// The row without fault, but for one cell.
fn row(column: Column, cell: &str) -> String {
    let mut cells: Vec<&str> = ROW.trim_end().split(',').collect();
    cells[column as usize] = cell;
    let cells: Vec<String> = cells.into_iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
    cells.join(",") + "\n"
}

/// The shape of the only fault of a row with this cell, or `None` where it has none.
fn shape(column: Column, cell: &str) -> Option<Shape> {
    let table = taken(format!("{HEAD}{}", row(column, cell)).as_bytes()).unwrap();
    assert_eq!(table.records.len() + table.faults.len(), 1, "{} {:?}", column.name(), table.faults);
    let fault = table.faults.first()?;
    assert_eq!((fault.line, fault.column), (2, Some(column)));
    assert!(!fault.mend().is_empty());
    Some(fault.shape)
}

#[test]
fn numbers_survive_a_spreadsheet_or_say_how_they_did_not() {
    for (cell, expected) in [
        ("9990000018", None),
        (" 999 000 0018 ", None),
        ("999\u{a0}000\u{a0}0018\u{a0}", None),
        ("\u{feff}9990000018\u{200b}\t", None),
        ("'9990000018", None),
        ("999-000-0018", None),
        ("", Some(Shape::Empty)),
        ("\u{a0}", Some(Shape::Empty)),
        ("9.99E+09", Some(Shape::Scientific)),
        ("9,99E+09", Some(Shape::Scientific)),
        ("9e9", Some(Shape::Scientific)),
        ("9990000018.0", Some(Shape::Decimal)),
        ("999000018", Some(Shape::Digits(9))),
        ("99900000180", Some(Shape::Digits(11))),
        ("9990000019", Some(Shape::CheckDigit)),
        ("0000000000", Some(Shape::AllSame)),
        ("ABCD 123", Some(Shape::OldStyle)),
        ("999000001O", Some(Shape::Letters)),
        ("9,990,000,018", Some(Shape::NotDigits)),
        ("=\"9990000018\"", Some(Shape::Formula)),
        ("+9990000018", Some(Shape::Formula)),
        ("-9990000018", Some(Shape::Formula)),
        ("@9990000018", Some(Shape::Formula)),
        ("-", Some(Shape::Formula)),
        ("#N/A", Some(Shape::SpreadsheetError)),
        ("#ref!", Some(Shape::SpreadsheetError)),
        ("##########", Some(Shape::SpreadsheetError)),
        ("9990000018\n9990000026", Some(Shape::LineEnd)),
        ("999\u{7}0000018", Some(Shape::Control)),
    ] {
        assert_eq!(shape(Column::Number, cell), expected, "{cell:?}");
    }
}

#[test]
fn names_are_taken_as_they_are_unless_something_was_lost() {
    let long = "a".repeat(201);
    for (cell, expected) in [
        ("O'Example", None),
        ("'t Example", None),
        ("Núñez-李", None),
        ("  Sam \u{a0} Alex ", None),
        ("Null", None),
        ("", Some(Shape::Empty)),
        ("=HYPERLINK(\"x\")", Some(Shape::Formula)),
        ("\u{ff1d}cmd", Some(Shape::Formula)),
        ("\t@SUM(1)", Some(Shape::Formula)),
        ("#NAME?", Some(Shape::SpreadsheetError)),
        ("N\u{fffd}ez", Some(Shape::Lost)),
        ("N?ez", Some(Shape::Lost)),
        ("NÃºÃ±ez", Some(Shape::Garbled)),
        ("Oâ€™Example", Some(Shape::Garbled)),
        ("12", Some(Shape::NoLetter)),
        ("1.2E+05", Some(Shape::Scientific)),
        (long.as_str(), Some(Shape::TooLong(201))),
        ("Sam\r\nAlex", Some(Shape::LineEnd)),
    ] {
        for column in [Column::Given, Column::Family] {
            assert_eq!(shape(column, cell), expected, "{cell:?}");
        }
    }
}

#[test]
fn kinds_of_plan_have_their_words() {
    for (cell, expected) in [
        ("cpp", None),
        ("Child Protection Plan", None),
        ("LAC", None),
        ("Looked-after", None),
        ("CLA", None),
        ("", Some(Shape::Empty)),
        ("CIN", Some(Shape::UnknownKind)),
        ("CPP/LAC", Some(Shape::UnknownKind)),
        ("1", Some(Shape::UnknownKind)),
        ("=A1", Some(Shape::Formula)),
    ] {
        assert_eq!(shape(Column::Plan, cell), expected, "{cell:?}");
    }
    let table = taken(format!("{HEAD}{}", row(Column::Plan, "Pre-birth plan")).as_bytes()).unwrap();
    assert_eq!((table.faults[0].shape, table.faults[0].detail()), (Shape::NoDueDate, Some(Detail::NoDueDate)));
}

#[test]
fn dates_and_other_cells_have_their_shapes_too() {
    let long = "1".repeat(65);
    for (column, cell, expected) in [
        (Column::Birth, "", Some(Shape::Empty)),
        (Column::Birth, "'4/4/2017", None),
        (Column::Birth, "42829", Some(Shape::Serial)),
        (Column::Birth, "#VALUE!", Some(Shape::SpreadsheetError)),
        (Column::Start, "", Some(Shape::Empty)),
        (Column::Start, "12/1/26", Some(Shape::TwoDigitYear)),
        (Column::Start, "=TODAY()", Some(Shape::Formula)),
        (Column::End, "", None),
        (Column::End, "-", Some(Shape::Formula)),
        (Column::End, "open", Some(Shape::NotADate)),
        (Column::Delete, "1/13/2026", Some(Shape::MonthFirst)),
        (Column::LocalId, "C-1001", None),
        (Column::LocalId, "1E5", None),
        (Column::LocalId, "1.2E+05", Some(Shape::Scientific)),
        (Column::LocalId, "1001.0", Some(Shape::Decimal)),
        (Column::LocalId, "10.01", None),
        (Column::LocalId, &long, Some(Shape::TooLong(65))),
        (Column::EmergencyPhone, "020 7946 0001", None),
        (Column::EmergencyPhone, "+44 20\u{a0}7946 0001", None),
        (Column::EmergencyPhone, "101", None),
        (Column::EmergencyPhone, "2079460001", Some(Shape::Digits(10))),
        (Column::EmergencyPhone, "2.08E+09", Some(Shape::Scientific)),
        (Column::EmergencyPhone, "+=1", Some(Shape::Formula)),
        (Column::EmergencyPhone, "ask the team", Some(Shape::Letters)),
        (Column::OfficePhone, "02", Some(Shape::Digits(2))),
        (Column::OfficePhone, "020 7946 0001 / 2", Some(Shape::NotDigits)),
    ] {
        assert_eq!(shape(column, cell), expected, "{} {cell:?}", column.name());
    }
}

#[test]
fn old_style_numbers_have_a_code_of_their_own() {
    let table = taken(format!("{HEAD}{}", row(Column::Number, "ABCD 123")).as_bytes()).unwrap();
    let rejection = table.faults[0].rejection();
    assert_eq!((rejection.code, rejection.detail), (RecordCode::OldStyle, None));
    assert_eq!((rejection.position, rejection.location.as_str()), (2, "line 2, nhs_number"));
}

#[test]
fn every_fault_of_every_row_is_told_at_once() {
    let text = format!(
        "{HEAD}9.99E+09,,O'Example,42829,CIN,12/1/26,,,,,\n{ROW}999000018,Sam,#REF!,4/4/2017,CPP,,1/13/2026,=1,,0207,\n\
         9990000026,Sam,Sample,4/4/2017,UCPP,3/4/2026,,,,02079460001,,too,many\n9990000034,A,B,4/4/2017,LAC,1/2/2026,3/4/2026\n"
    );
    expect![[r#"
        3 Child 9990000018 "Robin" "Testcase" 2017-04-04 - CPP 2026-01-12/-/-
        CPR07 D13 line 2, nhs_number: a number in scientific notation. Format the column as text or as a number without decimals, and type the number again: its last digits are lost.
        CPR07 D01 line 2, given: nothing. Fill in the cell.
        CPR07 D02 line 2, birth_date: a date as a spreadsheet's count of days. Format the column as a date, such as 4/4/2017, before you save.
        CPR07 D18 line 2, plan_type: a word that is no kind of plan. Write CPP, LAC or UCPP, and a row for each plan.
        CPR07 D02 line 2, start_date: a date whose year has two digits. Write the year with four digits.
        CPR07 D13 line 4, nhs_number: 9 digits. An NHS number has 10 digits. A spreadsheet takes away leading zeros: format the column as text and compare with your records.
        CPR07 D18 line 4, family: the mark of a formula that failed. Mend the formula and replace it by its value.
        CPR07 D01 line 4, start_date: nothing. Fill in the cell.
        CPR07 D02 line 4, end_date: a date with its month first. Write the day before the month, in all dates of the column.
        CPR07 D02 line 4, delete_date: a formula, or something that begins like one (= + - @). Replace the formula by its value; leave the cell empty where there is no date.
        CPR07 D12 line 4, emergency_phone: another number than on line 3. A file has one number of a kind: give it in one row and leave the others empty.
        CPR07 D18 line 5: 2 cells more than there are headings. A value with a separator in it must stand in quotation marks; or a cell has slipped.
        CPR07 D10 line 5, end_date: no due date for an unborn child. Give the expected date of delivery as the end date.
        CPR07 D02 line 6, end_date: a date that may have its month first, as line 4 has it in this column. Correct line 4. If the whole column has the month first, change its format.
    "#]]
    .assert_eq(&outcome(text.as_bytes()));
}

#[test]
fn no_fault_repeats_what_a_cell_holds() {
    let secret = "Zebedee";
    let text = format!("{HEAD}{}\n", ["Zebedee"; 11].join(","));
    let told = format!("{}{:?}", outcome(text.as_bytes()), taken(text.as_bytes()));
    assert!(!told.contains(secret), "{told}");
    let text = format!("{HEAD}{}\n", ["=Zebedee\u{7}"; 14].join(","));
    assert!(!format!("{}{:?}", outcome(text.as_bytes()), taken(text.as_bytes())).contains(secret));
    // A file without headings tells nothing of its first row.
    let told = outcome(b"9990000018,Zebedee,Testcase,4/4/2017,CPP,12/1/2026\n");
    assert!(told.starts_with("refused") && !told.contains(secret) && !told.contains("999"), "{told}");
}
