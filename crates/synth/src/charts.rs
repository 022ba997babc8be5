//! Charts as inline SVG: pairs of bars, and points of two figures. Each has a text for whoever does not see it; the table
//! beside it says the same.

use crate::statistics::{Comparison, Line};
use std::fmt::Write;

const WIDTH: f64 = 640.0;
const LABEL: f64 = 220.0;
const ROW: f64 = 34.0;
const BAR: f64 = 12.0;
const PLOT: f64 = 320.0;

/// Text in a page.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Two bars for each line, the expected one above.
pub(crate) fn bars(id: usize, comparison: &Comparison) -> String {
    let most = comparison.lines.iter().flat_map(|line| [line.expected, line.synthetic]).fold(1e-9, f64::max);
    let height = comparison.lines.len() as f64 * ROW + 6.0;
    let mut out = head(id, comparison, WIDTH, height);
    let length = |value: f64| (WIDTH - LABEL - 70.0) * value / most;
    for (n, line) in comparison.lines.iter().enumerate() {
        let top = n as f64 * ROW + 4.0;
        let label = escaped(&line.label);
        let _ =
            write!(out, "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>", LABEL - 8.0, top + 17.0);
        for (class, value, y) in [("published", line.expected, top), ("synthetic", line.synthetic, top + BAR + 1.0)] {
            let _ = write!(
                out,
                "<rect class=\"{class}\" x=\"{LABEL}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{BAR}\"/>\
                 <text class=\"value\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                length(value).max(0.5),
                LABEL + length(value) + 5.0,
                y + 10.0,
                number(comparison, value),
            );
        }
    }
    out + "</svg>"
}

/// A point for each line: expected to the right, synthetic upwards. On the diagonal they are equal.
pub(crate) fn points(id: usize, comparison: &Comparison) -> String {
    let most = comparison.lines.iter().flat_map(|line| [line.expected, line.synthetic]).fold(1.0, f64::max);
    let mut out = head(id, comparison, PLOT + 60.0, PLOT + 40.0);
    let (x, y) = (|value: f64| 50.0 + PLOT * value / most, |value: f64| 4.0 + PLOT * (1.0 - value / most));
    let _ = write!(
        out,
        "<path class=\"axis\" d=\"M50 4V{0:.0}H{1:.0}M50 {0:.0}L{1:.0} 4\"/>\
         <text x=\"44\" y=\"16\" text-anchor=\"end\">{most:.0}</text><text x=\"44\" y=\"{0:.0}\" text-anchor=\"end\">0</text>\
         <text x=\"{1:.0}\" y=\"{2:.0}\" text-anchor=\"end\">published</text><text x=\"54\" y=\"18\">synthetic</text>",
        4.0 + PLOT,
        50.0 + PLOT,
        24.0 + PLOT,
    );
    for Line { expected, synthetic, .. } in &comparison.lines {
        let _ = write!(out, "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\"/>", x(*expected), y(*synthetic));
    }
    out + "</svg>"
}

fn head(id: usize, comparison: &Comparison, width: f64, height: f64) -> String {
    let (worst, apart) = comparison.worst();
    let unit = if comparison.is_share { "percentage points" } else { "per cent" };
    format!(
        "<svg viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" aria-labelledby=\"t{id} d{id}\">\
         <title id=\"t{id}\">{}</title><desc id=\"d{id}\">The figures stand in the table below. They differ most at {}, \
         by {apart:.1} {unit}.</desc>",
        escaped(comparison.title),
        escaped(worst),
    )
}

/// A figure as a table or a chart shows it.
pub(crate) fn number(comparison: &Comparison, value: f64) -> String {
    if comparison.is_share {
        return format!("{value:.1}%");
    }
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
