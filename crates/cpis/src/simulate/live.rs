//! What is shown while a play runs: a view that stays in its place on a terminal, a line now and then elsewhere.

use super::figures::{Counts, Figures, Measured};
use crate::{progress, say};
use cpis_load::words::{time, whole};
use indicatif::ProgressBar;
use std::fmt::Write;
use std::io::IsTerminal;
use std::time::Duration;

/// Between two views on a terminal.
const PAUSE: Duration = Duration::from_millis(500);
/// Between two lines elsewhere.
const PAUSE_OF_LINES: Duration = Duration::from_secs(10);
/// The bar counts in seconds.
const BAR: &str = "{msg}\n{bar:40} ";

/// Where a play stands.
pub struct Now {
    elapsed: Duration,
    under_way: usize,
    all: Counts,
    recent: Measured,
    recent_seconds: u64,
}

impl Now {
    /// From what was counted.
    pub fn of(figures: &Figures, elapsed: Duration, under_way: usize) -> Self {
        let (recent, recent_seconds) = figures.recent.sum(elapsed.as_secs());
        Self { elapsed, under_way, all: figures.counts(), recent, recent_seconds }
    }

    fn rate(&self, count: u64) -> String {
        if self.recent_seconds == 0 { "–".to_owned() } else { whole(count as f64 / self.recent_seconds as f64) }
    }

    fn latencies(&self) -> [String; 3] {
        let latency = &self.recent.latency;
        let shown =
            |nanoseconds: u64| if latency.count() == 0 { "–".to_owned() } else { time(nanoseconds as f64 / 1e3) };
        [latency.quantile(0.5), latency.quantile(0.99), latency.max()].map(shown)
    }

    fn failures(&self) -> String {
        let kinds = self.all.kinds().map(|(failure, count)| format!("{} {}", whole(count as f64), failure.words()));
        let kinds = kinds.collect::<Vec<_>>().join(", ");
        if kinds.is_empty() { "none".to_owned() } else { kinds }
    }

    fn page(&self, length: Duration) -> String {
        let Self { all, recent, .. } = self;
        let [p50, p99, max] = self.latencies();
        let mut page = String::new();
        // Writing to a text cannot fail.
        let _ = writeln!(page, "            due       sent      answered  in flight");
        let _ = writeln!(
            page,
            "in all      {:<9} {:<9} {:<9} {}",
            whole(all.due as f64),
            whole(all.sent as f64),
            whole(all.answered() as f64),
            self.under_way
        );
        let _ = writeln!(
            page,
            "a second    {:<9} {:<9} {}",
            self.rate(recent.counts.due),
            self.rate(recent.counts.sent),
            self.rate(recent.counts.answered())
        );
        let _ = writeln!(page, "last 10 s   p50 {p50}, p99 {p99}, max {max}");
        let (record, none) = (whole(all.record as f64), whole(all.no_record as f64));
        let _ = writeln!(page, "answers     {record} record, {none} no record");
        let _ = writeln!(page, "failures    {}", self.failures());
        let _ = write!(
            page,
            "{} of {}, {} left",
            clock(self.elapsed),
            clock(length),
            clock(length.saturating_sub(self.elapsed))
        );
        page
    }

    fn line(&self, length: Duration) -> String {
        let [p50, p99, max] = self.latencies();
        format!(
            "{} of {}: due {}, answered {}, in flight {}; last 10 s: {} a second, p50 {p50}, p99 {p99}, max {max}; failures: {}",
            clock(self.elapsed),
            clock(length),
            whole(self.all.due as f64),
            whole(self.all.answered() as f64),
            self.under_way,
            self.rate(self.recent.counts.answered()),
            self.failures()
        )
    }
}

/// The view.
pub struct View {
    length: Duration,
    bar: Option<ProgressBar>,
}

impl View {
    /// For a play of this length.
    pub fn new(length: Duration) -> Self {
        let bar = std::io::stderr().is_terminal();
        Self { length, bar: bar.then(|| progress::bar("", length.as_millis() as u64, BAR)) }
    }

    /// Until it is to be shown again.
    pub fn pause(&self) -> Duration {
        if self.bar.is_some() { PAUSE } else { PAUSE_OF_LINES }
    }

    /// Shows where the play stands.
    pub fn show(&self, now: &Now) {
        if let Some(bar) = &self.bar {
            bar.set_position((now.elapsed.as_millis() as u64).min(self.length.as_millis() as u64));
            bar.set_message(now.page(self.length));
        } else {
            say::aside(now.line(self.length));
        }
    }

    /// Says that the end was asked for.
    pub fn ending(&self) {
        let words = "Ending: waiting for what was sent. A second signal ends at once, without a report.";
        match &self.bar {
            Some(bar) => bar.suspend(|| say::aside(words)),
            None => say::aside(words),
        }
    }

    /// Takes the view away.
    pub fn end(&self, now: &Now) {
        match &self.bar {
            Some(bar) => bar.finish_and_clear(),
            None => self.show(now),
        }
    }
}

/// A time as a clock shows it.
pub fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::door::{Door, Failure, Outcome};
    use crate::simulate::figures::Recorder;
    use expect_test::expect;
    use std::time::Instant;

    #[test]
    fn the_view_says_where_the_play_stands() {
        let start = Instant::now();
        let recorder = Recorder::new(start, Duration::from_mins(10));
        for millis in 0..4_000 {
            let due = start + Duration::from_millis(millis);
            recorder.due(Door::CareTeam, due);
            recorder.sent(Door::CareTeam, due, due);
            let outcome = match millis {
                0..100 => Outcome::Record,
                100..103 => Outcome::Failed(Failure::TimedOut),
                _ => Outcome::NoRecord,
            };
            recorder.came(Door::CareTeam, due, due + Duration::from_millis(2), outcome);
        }
        let now = recorder.read(|figures| Now::of(figures, Duration::from_secs(4), 7));
        expect![[r"
                        due       sent      answered  in flight
            in all      4,000     4,000     3,997     7
            a second    1,000     1,000     999
            last 10 s   p50 2.00 ms, p99 2.00 ms, max 2.00 ms
            answers     100 record, 3,897 no record
            failures    3 no answer in time
            0:04 of 10:00, 9:56 left"]]
        .assert_eq(&now.page(Duration::from_mins(10)));
        expect!["0:04 of 10:00: due 4,000, answered 3,997, in flight 7; last 10 s: 999 a second, p50 2.00 ms, p99 2.00 ms, max 2.00 ms; failures: 3 no answer in time"].assert_eq(&now.line(Duration::from_mins(10)));
        let none = recorder.read(|figures| Now::of(figures, Duration::from_secs(40), 0));
        assert!(none.page(Duration::from_mins(10)).contains("p50 –, p99 –, max –"));
        assert_eq!(clock(Duration::from_secs(3_725)), "1:02:05");
    }
}
