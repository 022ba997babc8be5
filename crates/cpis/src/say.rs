//! What is printed for people: one line at a time, to standard output. A reader who goes away is no fault.

use std::fmt::Display;
use std::io::Write;

/// Prints a line.
pub fn line(text: impl Display) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints a text as it is, without a line's end of its own.
pub fn text(text: impl Display) {
    let mut out = std::io::stdout().lock();
    let _ = write!(out, "{text}");
    let _ = out.flush();
}

/// Prints a remark that is no result, to standard error.
pub fn aside(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
