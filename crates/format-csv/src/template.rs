//! The template: what each column holds, and rows as they may look. All in it is made up.

use crate::column::Column;
use crate::write::TableWriter;

/// Rows of the example: numbers of the range 999, which nobody has.
const EXAMPLES: [[&str; Column::ALL.len()]; 4] = [
    [
        "999 000 0018",
        "Robin",
        "Testcase",
        "4/4/2017",
        "CPP",
        "12/1/2026",
        "",
        "",
        "C-1001",
        "020 7946 0001",
        "020 7946 0002",
    ],
    ["999 000 0018", "Robin", "Testcase", "4/4/2017", "LAC", "2 Mar 2026", "", "", "C-1001", "", ""],
    [
        "999 000 0026",
        "Sam Alex",
        "O'Example",
        "2012-11-30",
        "looked after",
        "2025-06-01",
        "2026-02-20",
        "",
        "C-1002",
        "",
        "",
    ],
    ["999 000 0034", "Mary", "Sample", "11/06/1998", "UCPP", "1/2/2026", "30/9/2026", "", "M-2001", "", ""],
];

/// The template as text, with line ends of spreadsheets.
pub fn template() -> String {
    let lines = [
        "# OpenCPIS: plans of one authority. Lines that begin with # are passed over; all rows below are invented."
            .to_owned(),
        "# Columns may stand in any order, and others are not read. Mandatory ones are marked with *.".to_owned(),
    ];
    let columns = Column::ALL.into_iter().map(|column| {
        let star = if column.is_mandatory() { " *" } else { "" };
        format!("# {}{star}: {}.", column.name(), column.explanation())
    });
    let mut remarks = Vec::new();
    for line in lines.into_iter().chain(columns) {
        remarks.extend_from_slice(format!("\"{line}\"\r\n").as_bytes());
    }
    let mut writer = TableWriter::after(remarks, None);
    for row in &EXAMPLES {
        writer.cells(row);
    }
    String::from_utf8(writer.take()).unwrap_or_default()
}
