//! The report as one page for a browser: plots, each with its table, in a file that needs nothing else.

use super::door::{Door, Failure};
use super::plot::{Line, Plot, Scale};
use super::report::{DoorTold, Latency, Report};
use cpis_load::words::{time, whole};
use std::fmt::Write;

const STYLE: &str = "\
body{font:18px/1.5 Arial,sans-serif;color:#212b32;background:#fff;margin:0}\
header{background:#005eb8;color:#fff;padding:16px}main,header div{max-width:960px;margin:0 auto;padding:0 16px}\
h1{margin:0;font-size:32px}h2{font-size:26px;margin:32px 0 8px}table{border-collapse:collapse;margin:8px 0 16px}\
th,td{text-align:left;padding:6px 16px 6px 0;border-bottom:1px solid #d8dde0;vertical-align:top}\
td.number,th.number{text-align:right}.good,.bad{border-left:8px solid #007f3b;padding:12px 16px;background:#f0f4f5}\
.bad{border-color:#d5281b}.plot{width:100%;height:auto}.plot text{font-size:13px;fill:#425563}\
.end{text-anchor:end}.middle{text-anchor:middle}.grid{stroke:#d8dde0}path{fill:none;stroke-width:2.5}\
.line0{stroke:#005eb8}.line1{stroke:#8a1538}.line2{stroke:#4c6272}.legend svg{width:36px;height:8px}\
.legend span{margin-right:24px}summary{color:#005eb8;cursor:pointer}.scroll{overflow-x:auto}";

/// The page.
pub fn page(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a text cannot fail.
    let _ = write_page(&mut out, report);
    out
}

fn write_page(out: &mut String, report: &Report) -> std::fmt::Result {
    let title = format!("Simulated looks: {}, × {}", report.parameters.scenario, report.parameters.factor);
    write!(
        out,
        "<!doctype html>\n<html lang=\"en-GB\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<header><div><h1>{title}</h1></div></header>\n<main>\n"
    )?;
    verdict(out, report)?;
    answers(out, report)?;
    for door in report.doors.iter().filter(|door| door.told.due > 0) {
        latencies(out, door)?;
        rates(out, door)?;
    }
    failures(out, report)?;
    about(out, report)?;
    writeln!(out, "</main>\n</body>\n</html>")
}

fn verdict(out: &mut String, report: &Report) -> std::fmt::Result {
    if report.is_good() {
        return writeln!(
            out,
            "<p class=\"good\"><strong>Good.</strong> Every look was answered, and all that was asked holds.</p>"
        );
    }
    writeln!(out, "<div class=\"bad\"><strong>Not good.</strong><ul>")?;
    for fault in &report.faults {
        writeln!(out, "<li>{}</li>", escaped(fault))?;
    }
    writeln!(out, "</ul></div>")
}

fn answers(out: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(
        out,
        "<h2>Answers</h2>\n<p>Latency is counted from the moment at which a look was due, not from when it was sent.</p>"
    )?;
    let heads = [
        "Door",
        "due",
        "sent",
        "record",
        "no record",
        "accesses",
        "cannot tell",
        "wrong",
        "p50",
        "p90",
        "p99",
        "p99.9",
        "max",
    ];
    let rows = report.doors.iter().map(|DoorTold { door, told, latency, .. }| {
        let counts = [told.due, told.sent, told.record, told.no_record, told.accesses, told.cannot_tell, told.wrong];
        let mut row = vec![door.name().to_owned()];
        row.extend(counts.map(|count| whole(count as f64)));
        row.extend(times(latency));
        row
    });
    table(out, "Answers by door", &heads, rows)?;
    let late = &report.client_late;
    writeln!(
        out,
        "<p>The client itself handed looks over late by p50 {}, p99 {}, max {}. Where these are large, its own machine was too slow.</p>",
        time(late.p50_us),
        time(late.p99_us),
        time(late.max_us)
    )
}

fn latencies(out: &mut String, door: &DoorTold) -> std::fmt::Result {
    let title = format!("{}: latency over time", door.door.name());
    let id = format!("latency-{}", door.door.name());
    let line = |name, pick: fn(&Latency) -> f64| {
        let timed = door.parts.iter().map(|part| Some(&part.latency).filter(|latency| latency.count > 0));
        Line { name, values: timed.map(|latency| latency.map(pick)).collect() }
    };
    let lines = [
        line("p50", |latency| latency.p50_us),
        line("p99", |latency| latency.p99_us),
        line("max", |latency| latency.max_us),
    ];
    plot(
        out,
        &Plot { id: &id, title: &title, moments: &moments(door), lines: &lines, scale: Scale::Powers, words: time },
    )?;
    let rows = door.parts.iter().filter(|part| part.latency.count > 0).map(|part| {
        let mut row = vec![clock(part.from_s), whole(part.latency.count as f64)];
        row.extend(times(&part.latency));
        row
    });
    details(out, &title, &["due from", "timed", "p50", "p90", "p99", "p99.9", "max"], rows)
}

fn rates(out: &mut String, door: &DoorTold) -> std::fmt::Result {
    let title = format!("{}: questions a second", door.door.name());
    let id = format!("rate-{}", door.door.name());
    let lines = [
        Line { name: "due", values: door.parts.iter().map(|part| Some(part.due_a_second)).collect() },
        Line { name: "answered", values: door.parts.iter().map(|part| Some(part.answered_a_second)).collect() },
    ];
    let words = |rate: f64| rate_words(rate);
    plot(out, &Plot { id: &id, title: &title, moments: &moments(door), lines: &lines, scale: Scale::Even, words })?;
    let rows = door
        .parts
        .iter()
        .map(|part| vec![clock(part.from_s), rate_words(part.due_a_second), rate_words(part.answered_a_second)]);
    details(out, &title, &["from", "due a second", "answered a second"], rows)
}

fn failures(out: &mut String, report: &Report) -> std::fmt::Result {
    let title = "Failures over time";
    let names: [&'static str; Door::ALL.len()] = Door::ALL.map(Door::name);
    let lines = report
        .doors
        .iter()
        .zip(names)
        .map(|(door, name)| Line { name, values: door.parts.iter().map(|part| Some(part.failures as f64)).collect() });
    let lines: Vec<Line> = lines.collect();
    let Some(first) = report.doors.first() else { return Ok(()) };
    let shown =
        Plot { id: "failures", title, moments: &moments(first), lines: &lines, scale: Scale::Even, words: rate_words };
    plot(out, &shown)?;
    let mut heads = vec!["from"];
    heads.extend(names);
    let rows = first.parts.iter().enumerate().map(|(place, part)| {
        let mut row = vec![clock(part.from_s)];
        let counts = report.doors.iter().filter_map(|door| door.parts.get(place));
        row.extend(counts.map(|part| whole(part.failures as f64)));
        row
    });
    details(out, title, &heads, rows)?;
    let kinds = Failure::ALL.into_iter().map(|failure| {
        let count = report.all.failures.get(failure.words()).copied().unwrap_or_default();
        vec![failure.words().to_owned(), whole(count as f64)]
    });
    table(out, "Failures by kind", &["Kind", "count"], kinds)
}

fn about(out: &mut String, report: &Report) -> std::fmt::Result {
    let machine = &report.machine;
    writeln!(out, "<h2>This run</h2>")?;
    let mut rows: Vec<Vec<String>> =
        report.parameters.rows().into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    let mut row = |name: &str, value: String| rows.push(vec![name.to_owned(), value]);
    row("Looks in the schedule", whole(report.planned as f64));
    row("Took", clock(report.seconds));
    row("Played whole", if report.complete { "yes" } else { "no" }.to_owned());
    row("Program", report.program.to_owned());
    row("Date", machine.date.clone());
    row(
        "Machine of the client",
        format!(
            "{}, {} cores, {} MiB, Linux {}",
            machine.cpu,
            machine.cores,
            whole(machine.memory_mib as f64),
            machine.kernel
        ),
    );
    table(out, "What was asked for, and where", &["What", "value"], rows.into_iter())
}

fn plot(out: &mut String, plot: &Plot<'_>) -> std::fmt::Result {
    write!(out, "<h2>{}</h2>\n{}", plot.title, plot.svg())
}

fn details(out: &mut String, title: &str, heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> std::fmt::Result {
    writeln!(out, "<details><summary>Table: {title}</summary>")?;
    table(out, title, heads, rows)?;
    writeln!(out, "</details>")
}

/// The first column says what a row is about; the others are figures.
fn table(out: &mut String, title: &str, heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> std::fmt::Result {
    let is_number = |place: usize| if place == 0 || heads.len() == 2 { "" } else { " class=\"number\"" };
    write!(out, "<div class=\"scroll\"><table><caption hidden>{title}</caption><thead><tr>")?;
    for (place, head) in heads.iter().enumerate() {
        write!(out, "<th scope=\"col\"{}>{head}</th>", is_number(place))?;
    }
    writeln!(out, "</tr></thead><tbody>")?;
    for row in rows {
        write!(out, "<tr>")?;
        for (place, cell) in row.iter().enumerate() {
            let cell = escaped(cell);
            if place == 0 {
                write!(out, "<th scope=\"row\">{cell}</th>")?;
            } else {
                write!(out, "<td{}>{cell}</td>", is_number(place))?;
            }
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></div>")
}

fn times(latency: &Latency) -> [String; 5] {
    let Latency { count, p50_us, p90_us, p99_us, p999_us, max_us } = *latency;
    [p50_us, p90_us, p99_us, p999_us, max_us].map(|us| if count == 0 { "–".to_owned() } else { time(us) })
}

fn moments(door: &DoorTold) -> Vec<f64> {
    door.parts.iter().map(|part| part.from_s).collect()
}

fn clock(seconds: f64) -> String {
    if seconds.fract() == 0.0 {
        super::live::clock(std::time::Duration::from_secs_f64(seconds))
    } else {
        format!("{seconds:.1} s")
    }
}

fn rate_words(rate: f64) -> String {
    if rate > 0.0 && rate < 10.0 { format!("{rate:.1}") } else { whole(rate) }
}

/// Text for a page.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Scenario;
    use crate::simulate::door::Outcome;
    use crate::simulate::figures::Recorder;
    use crate::simulate::report::{Asked, Run};
    use crate::simulate::run::{Limits, Ran};
    use crate::simulate::schedule::Play;
    use cpis_load::machine::Machine;
    use cpis_load::pace::End;
    use expect_test::expect;
    use std::time::{Duration, Instant};

    fn report(failing: bool) -> Report {
        let (start, length) = (Instant::now(), Duration::from_secs(4));
        let recorder = Recorder::new(start, length);
        for millis in (0..4_000).step_by(10) {
            let due = start + Duration::from_millis(millis);
            recorder.due(Door::CareTeam, due);
            recorder.sent(Door::CareTeam, due, due);
            let outcome = match millis {
                2_000.. if failing => Outcome::Failed(Failure::MissedRecord),
                0..100 => Outcome::Record,
                _ => Outcome::NoRecord,
            };
            recorder.came(Door::CareTeam, due, due + Duration::from_millis(2), outcome);
        }
        let play = Play {
            scenario: Scenario::Prefetch,
            date: "2027-01-11".parse().unwrap(),
            from: "08:00".parse().unwrap(),
            span: Some(length),
            factor: 0.5,
            rate: 200,
        };
        let limits = Limits { connections: 256, in_flight_max: 20_000, timeout: Duration::from_secs(10) };
        let asked = Asked { p99_max: Some(Duration::from_millis(50)), errors_max: 0 };
        let machine = Machine {
            date: "2026-11-22T10:00:00Z".into(),
            kernel: "6.1".into(),
            cpu: "A <CPU>".into(),
            cores: 2,
            memory_mib: 100,
        };
        let ran = Ran {
            figures: recorder.read(Clone::clone),
            slot: recorder.slot(),
            planned: 400,
            end: End::Done,
            took: length,
        };
        let run = Run {
            play: &play,
            length,
            england: (7, 2_200, "2026-11-28".parse().unwrap()),
            check: true,
            target: "http://127.0.0.1:1",
            askers: (64, 64),
            limits,
            asked,
        };
        Report::new(&ran, &run, machine)
    }

    #[test]
    fn the_words_say_what_came_of_it() {
        expect![[r"
            400 of 400 looks were due in 0:04.
            CareTeam    10 record, 390 no record, 0 cannot tell, 0 wrong
                        p50 2.00 ms, p90 2.00 ms, p99 2.00 ms, p99.9 2.00 ms, max 2.00 ms
            This program handed looks over late by p50 0.0 us, p99 0.0 us, max 0.0 us.
            Good: every look was answered, and all that was asked holds.
        "]]
        .assert_eq(&report(false).words());
        expect![[r"
            400 of 400 looks were due in 0:04.
            CareTeam    10 record, 190 no record, 0 cannot tell, 200 wrong
                        p50 2.00 ms, p90 2.00 ms, p99 2.00 ms, p99.9 2.00 ms, max 2.00 ms
            This program handed looks over late by p50 0.0 us, p99 0.0 us, max 0.0 us.
            Failure: wrong: no record, and there is a plan: 200
            Not good: wrong: no record, and there is a plan: 200.
            Not good: 200 looks failed, and 0 may.
        "]]
        .assert_eq(&report(true).words());
    }

    #[test]
    fn each_plot_has_its_table_and_the_page_needs_nothing_else() {
        for failing in [false, true] {
            let page = page(&report(failing));
            let plots = page.matches("class=\"plot\"").count();
            assert_eq!((plots, page.matches("<details>").count()), (3, 3));
            for outside in ["http://www", "https://", "<script", "src=", "href=", "@import", "url("] {
                assert!(!page.contains(outside), "{outside}");
            }
            assert!(page.contains("A &lt;CPU&gt;") && page.contains("http://127.0.0.1:1") && !page.contains("NaN"));
            assert_eq!(page.contains("class=\"bad\""), failing);
        }
        expect_test::expect_file!["page/report.html"].assert_eq(&page(&report(true)));
    }

    #[test]
    fn figures_for_programs_have_their_keys() {
        let value = serde_json::to_value(report(true)).unwrap();
        assert_eq!(value["doors"][0]["door"], "CareTeam");
        assert_eq!(value["doors"][0]["told"]["cannot_tell"], 0);
        assert_eq!(value["all"]["wrong"], 200);
        assert_eq!(value["doors"][0]["parts"].as_array().unwrap().len(), 8);
        assert_eq!(value["faults"].as_array().unwrap().len(), 2);
        assert!(report(false).is_good());
    }
}
