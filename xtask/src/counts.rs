//! How many tests passed and failed, read from what the test runners print.

use std::fmt;

/// The sum over the runners; `Display` is the closing line of a test run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: u64,
    pub failed: u64,
}

impl Counts {
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// Reads the last `Summary` of nextest, the closing lines of Node.js' runner, a plain closing line, or else the sum of all
/// `test result:` lines of `cargo test`.
pub fn read(output: &str) -> Counts {
    let plain = without_colours(output);
    let summary =
        plain.lines().rev().find_map(nextest_summary).or_else(|| node_summary(&plain)).or_else(|| own(&plain));
    summary.unwrap_or_else(|| {
        let mut sum = Counts::default();
        for line in plain.lines().filter_map(|line| line.strip_prefix("test result:")) {
            sum.add(phrases(line.split_once(". ").map_or(line, |(_, rest)| rest), ';'));
        }
        sum
    })
}

/// `Summary [   0.006s] 12 tests run: 10 passed (1 slow), 2 failed, 0 skipped`
fn nextest_summary(line: &str) -> Option<Counts> {
    let rest = line.trim_start().strip_prefix("Summary [")?;
    let (_, after) = rest.split_once("run:")?;
    Some(phrases(&without_parentheses(after), ','))
}

/// `ℹ pass 10` and `ℹ fail 2`; what was cancelled by a failure failed too.
fn node_summary(output: &str) -> Option<Counts> {
    let number = |what: &str| output.lines().rev().find_map(|line| line.strip_prefix(what)?.trim().parse::<u64>().ok());
    Some(Counts {
        passed: number("ℹ pass ")?, failed: number("ℹ fail ")? + number("ℹ cancelled ").unwrap_or_default()
    })
}

/// The line `10 passed, 2 failed` by itself.
fn own(output: &str) -> Option<Counts> {
    let line = output.lines().rev().find(|line| line.contains(" passed, ") && line.ends_with(" failed"))?;
    Some(phrases(line, ','))
}

fn phrases(text: &str, separator: char) -> Counts {
    let mut counts = Counts::default();
    for phrase in text.split(separator) {
        let Some((number, what)) = phrase.trim().split_once(' ') else { continue };
        let Ok(number) = number.parse::<u64>() else { continue };
        match what {
            "passed" => counts.passed += number,
            "failed" | "exec failed" | "timed out" => counts.failed += number,
            _ => {}
        }
    }
    counts
}

fn without_parentheses(text: &str) -> String {
    let mut depth = 0_u32;
    text.chars()
        .filter(|character| {
            match character {
                '(' => depth += 1,
                ')' => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
        .collect()
}

/// Drops terminal colour sequences: ESC `[` … letter.
fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut inside = false;
    for character in text.chars() {
        match (inside, character) {
            (false, '\u{1b}') => inside = true,
            (false, _) => plain.push(character),
            (true, _) => inside = !character.is_ascii_alphabetic(),
        }
    }
    plain
}

#[cfg(test)]
mod tests;
