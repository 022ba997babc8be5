//! The page that shows the synthetic England beside what was published: one file without script, each chart with its table.

use crate::charts::{bars, escaped, number, points};
use crate::england::England;
use crate::statistics::{Basis, Comparison};
use std::fmt::Write;

/// Comparisons with more lines than this are drawn as points.
const BARS_MAX: usize = 30;

const STYLE: &str = include_str!("report.css");

impl England {
    /// The page, as HTML.
    pub fn report(&self) -> String {
        self.report_with(&mut |_, _| {})
    }

    /// The same, and says how many of how many steps are done.
    pub fn report_with(&self, progress: &mut dyn FnMut(u64, u64)) -> String {
        let comparisons = self.comparisons_with(progress);
        let agree = comparisons.iter().filter(|one| one.agrees()).count();
        let all = comparisons.len();
        let mut out = format!(
            "<!doctype html>\n<html lang=\"en-GB\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <title>Synthetic England beside published figures</title><style>{STYLE}</style></head><body><main>\
             <h1>Synthetic England beside published figures</h1>\
             <p>Everybody here is made up. No figure is about a person who exists.</p>\
             <dl><dt>Seed</dt><dd>{}</dd><dt>Taken for today</dt><dd>{}</dd><dt>Size</dt><dd>{:.1}% of England</dd>\
             <dt>Within tolerance</dt><dd>{agree} of {all} comparisons</dd></dl>",
            self.seed,
            self.today,
            self.scale.share() * 100.0,
        );
        let _ = write!(
            out,
            "<p>Published figures: Department for Education, children in need and children looked after, 31 March 2025; \
             Office for National Statistics, mid-2024. Contains public sector information licensed under the Open Government \
             Licence v3.0. They are scaled to the size above. Assumed figures were chosen by this project where no public \
             table was to hand.</p><h2>Contents</h2><ul>"
        );
        for (id, one) in comparisons.iter().enumerate() {
            let _ = write!(out, "<li><a href=\"#s{id}\">{}</a></li>", escaped(one.title));
        }
        out.push_str("</ul>");
        comparisons.iter().enumerate().for_each(|(id, one)| section(&mut out, id, one));
        out + "</main></body></html>\n"
    }
}

fn section(out: &mut String, id: usize, one: &Comparison) {
    let basis = if one.basis == Basis::Published { "Published" } else { "Assumed" };
    let chart = if one.lines.len() > BARS_MAX { points(id, one) } else { bars(id, one) };
    let (worst, apart) = one.worst();
    let unit = if one.is_share { "percentage points" } else { "per cent" };
    let verdict = if one.agrees() { "Within tolerance" } else { "Outside tolerance" };
    let _ = write!(
        out,
        "<section aria-labelledby=\"s{id}\"><h2 id=\"s{id}\">{}</h2>\
         <p><strong>{verdict}:</strong> at most {:.1} {unit} apart; the largest difference is {apart:.1}, at {}.</p>\
         <p class=\"key\"><span class=\"published\"></span> {basis} <span class=\"synthetic\"></span> Synthetic</p>\
         <figure>{chart}</figure>",
        escaped(one.title),
        one.tolerance,
        escaped(worst),
    );
    let long = one.lines.len() > BARS_MAX;
    if long {
        let _ = write!(out, "<details><summary>Table of all {} lines</summary>", one.lines.len());
    }
    let _ = write!(
        out,
        "<table><caption>{}</caption><thead><tr><th scope=\"col\">Group</th><th scope=\"col\">{basis}</th>\
         <th scope=\"col\">Synthetic</th></tr></thead><tbody>",
        escaped(one.title),
    );
    for line in &one.lines {
        let _ = write!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>",
            escaped(&line.label),
            number(one, line.expected),
            number(one, line.synthetic),
        );
    }
    out.push_str("</tbody></table>");
    out.push_str(if long { "</details></section>" } else { "</section>" });
}

#[cfg(test)]
mod tests {
    use crate::{England, Scale};

    #[test]
    fn the_page_stands_alone_and_each_chart_has_its_table() {
        let page = England::new(1, "2026-11-23".parse().unwrap(), Scale::plans(500)).report();
        let count = |text: &str| page.matches(text).count();
        assert_eq!((count("<svg"), count("<table"), count("role=\"img\"")), (16, 16, 16));
        assert_eq!(count("<caption>"), 16);
        for outside in ["<script", "http", "<link", "src=", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert!(!page.contains("NaN"));
    }
}
