//! A plot as a picture in the page: lines over time. No script, no fonts, no files; what it shows stands in a table beside it.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 40.0;
/// Marks of the time.
const TIME_MARKS: u32 = 6;

/// How heights are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// From nought.
    Even,
    /// Each power of ten as high as the next.
    Powers,
}

/// A line: name and value at each moment; `None` where there is none.
pub struct Line {
    /// Its name.
    pub name: &'static str,
    /// A value for each moment.
    pub values: Vec<Option<f64>>,
}

/// Lines over the same moments.
pub struct Plot<'a> {
    /// Of the picture, unique in its page.
    pub id: &'a str,
    /// What it shows, for those who do not see it too.
    pub title: &'a str,
    /// Seconds of each moment.
    pub moments: &'a [f64],
    /// At most three.
    pub lines: &'a [Line],
    /// How heights are drawn.
    pub scale: Scale,
    /// A value in words.
    pub words: fn(f64) -> String,
}

/// Lines differ by dashes as well as by colour.
const DASHES: [&str; 3] = ["", "7 4", "2 3"];

impl Plot<'_> {
    /// The picture and what its lines mean.
    pub fn svg(&self) -> String {
        let mut out = String::new();
        // Writing to a text cannot fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let Self { id, title, .. } = self;
        writeln!(
            out,
            r#"<svg role="img" aria-labelledby="{id}-title" viewBox="0 0 {WIDTH} {HEIGHT}" class="plot"><title id="{id}-title">{title}</title>"#
        )?;
        let (low, high) = self.range();
        for mark in marks(self.scale, low, high) {
            let y = self.y(mark, low, high);
            writeln!(out, r#"<line class="grid" x1="{LEFT}" x2="{}" y1="{y:.1}" y2="{y:.1}"/>"#, WIDTH - RIGHT)?;
            writeln!(out, r#"<text x="{}" y="{:.1}" class="end">{}</text>"#, LEFT - 6.0, y + 4.0, (self.words)(mark))?;
        }
        let last = self.last();
        for place in 0..=TIME_MARKS {
            let moment = last * f64::from(place) / f64::from(TIME_MARKS);
            let clock = super::live::clock(std::time::Duration::from_secs_f64(moment));
            writeln!(
                out,
                r#"<text x="{:.1}" y="{}" class="middle">{clock}</text>"#,
                self.x(moment),
                HEIGHT - BOTTOM + 18.0
            )?;
        }
        for (place, line) in self.lines.iter().enumerate() {
            let dash = DASHES.get(place).copied().unwrap_or_default();
            let path = self.path(line, low, high);
            writeln!(out, r#"<path class="line{place}" stroke-dasharray="{dash}" d="{path}"/>"#)?;
        }
        writeln!(out, "</svg>")?;
        writeln!(out, r#"<p class="legend" aria-hidden="true">"#)?;
        for (place, line) in self.lines.iter().enumerate() {
            let dash = DASHES.get(place).copied().unwrap_or_default();
            writeln!(
                out,
                r#"<span><svg viewBox="0 0 36 8"><path class="line{place}" stroke-dasharray="{dash}" d="M0 4H36"/></svg> {}</span>"#,
                line.name
            )?;
        }
        writeln!(out, "</p>")
    }

    fn values(&self) -> impl Iterator<Item = f64> {
        self.lines.iter().flat_map(|line| line.values.iter().flatten().copied()).filter(|value| value.is_finite())
    }

    fn range(&self) -> (f64, f64) {
        let highest = self.values().fold(0.0, f64::max);
        match self.scale {
            Scale::Even => (0.0, if highest > 0.0 { highest * 1.05 } else { 1.0 }),
            Scale::Powers => {
                let lowest = self.values().filter(|value| *value > 0.0).fold(f64::INFINITY, f64::min);
                let low = if lowest.is_finite() { 10f64.powf(lowest.log10().floor()) } else { 1.0 };
                (low, 10f64.powf(highest.max(low * 10.0).log10().ceil()))
            }
        }
    }

    fn last(&self) -> f64 {
        self.moments.last().copied().unwrap_or_default().max(1.0)
    }

    fn x(&self, moment: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * moment / self.last()
    }

    fn y(&self, value: f64, low: f64, high: f64) -> f64 {
        let share = match self.scale {
            Scale::Even => (value - low) / (high - low),
            Scale::Powers => (value.max(low) / low).log10() / (high / low).log10(),
        };
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share
    }

    fn path(&self, line: &Line, low: f64, high: f64) -> String {
        let mut path = String::new();
        let mut drawn = false;
        for (moment, value) in self.moments.iter().zip(&line.values) {
            let Some(value) = value.filter(|value| value.is_finite()) else {
                drawn = false;
                continue;
            };
            let (x, y) = (self.x(*moment), self.y(value, low, high));
            // A dot where nothing stands beside a value.
            let _ = if drawn { write!(path, "L{x:.1} {y:.1}") } else { write!(path, "M{x:.1} {y:.1}h0.1") };
            drawn = true;
        }
        path
    }
}

/// Values at which a line is drawn across.
fn marks(scale: Scale, low: f64, high: f64) -> Vec<f64> {
    match scale {
        Scale::Even => {
            let rough = high / 5.0;
            let power = 10f64.powf(rough.log10().floor());
            let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|part| part * power).find(|step| *step >= rough);
            let step = step.unwrap_or(rough);
            (0..=5).map(|place| f64::from(place) * step).filter(|mark| *mark <= high).collect()
        }
        Scale::Powers => {
            let powers = (high / low).log10().round() as i32;
            (0..=powers).map(|power| low * 10f64.powi(power)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_lie_in_the_picture() {
        assert_eq!(marks(Scale::Even, 0.0, 1_260.0), [0.0, 500.0, 1_000.0]);
        assert_eq!(marks(Scale::Even, 0.0, 1.05), [0.0, 0.5, 1.0]);
        assert_eq!(marks(Scale::Powers, 100.0, 100_000.0), [100.0, 1_000.0, 10_000.0, 100_000.0]);
    }

    #[test]
    fn a_gap_is_no_line_and_nothing_at_all_is_no_fault() {
        let plot = |values: Vec<Option<f64>>, scale| {
            let lines = [Line { name: "a", values }];
            let words = |value: f64| format!("{value}");
            Plot { id: "p", title: "t", moments: &[0.0, 1.0, 2.0, 3.0], lines: &lines, scale, words }.svg()
        };
        let drawn = plot(vec![Some(1.0), None, Some(10.0), Some(20.0)], Scale::Powers);
        let path = drawn.lines().find(|line| line.contains("class=\"line0\"")).unwrap();
        assert_eq!((path.matches('M').count(), path.matches('L').count()), (2, 1), "{path}");
        for scale in [Scale::Even, Scale::Powers] {
            let empty = plot(vec![None; 4], scale);
            assert!(empty.contains("<svg") && !empty.contains("NaN") && !empty.contains("inf"), "{empty}");
            let nought = plot(vec![Some(0.0); 4], scale);
            assert!(!nought.contains("NaN") && !nought.contains("inf"), "{nought}");
        }
    }
}
