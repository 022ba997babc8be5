//! No number in the repository may be a real child's: whatever could be an NHS number comes from the range 999,
//! which is never issued. Exceptions stand in `xtask/allow-numbers.txt`, each with its reason.

use super::{Fault, File, Tree};

const ALLOWED: &str = "xtask/allow-numbers.txt";
const NEVER_ISSUED: &str = "999";
const DIGITS: usize = 10;

pub fn check(tree: &Tree) -> Vec<Fault> {
    let allow_list = tree.file(ALLOWED);
    let (allowed, mut faults) = allow_list.map(read_allowed).unwrap_or_default();
    let searched = tree.files().iter().filter(|file| {
        file.path.starts_with("crates/") || file.path.starts_with("docs/") || file.path.starts_with("README")
    });
    for file in searched {
        for (line_number, line) in file.lines() {
            for number in candidates(line) {
                if is_nhs_number(&number) && !number.starts_with(NEVER_ISSUED) && !allowed.contains(&number) {
                    let what = format!("{number} could be somebody's NHS number");
                    let mend = format!("take one from 999 000 0000 on, or give the reason in {ALLOWED}");
                    faults.push(Fault::new(&file.path, line_number, what, mend));
                }
            }
        }
    }
    faults
}

/// Lines of `NUMBER reason`; empty lines and those that start with `#` are skipped.
fn read_allowed(file: &File) -> (Vec<String>, Vec<Fault>) {
    let (mut allowed, mut faults) = (Vec::new(), Vec::new());
    for (line_number, line) in file.lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.split_once(char::is_whitespace) {
            Some((number, reason)) if !reason.trim().is_empty() && is_nhs_number(number) => {
                allowed.push(number.to_owned());
            }
            _ => {
                let mend = "write ten digits whose check digit holds, a space, and the reason";
                faults.push(Fault::new(&file.path, line_number, "not an exception", mend));
            }
        }
    }
    (allowed, faults)
}

/// Runs of exactly ten digits, plain or as 3-3-4 groups with one kind of separator. Not within a longer number, a
/// decimal fraction or a hexadecimal text.
fn candidates(line: &str) -> Vec<String> {
    let characters: Vec<char> = line.chars().collect();
    let at = |index: usize| characters.get(index).copied();
    let before = |index: usize, back: usize| index.checked_sub(back).and_then(at);
    let is_digit = |found: Option<char>| found.is_some_and(|c| c.is_ascii_digit());
    let is_inside = |found: Option<char>| found.is_some_and(|c| c.is_ascii_alphanumeric());
    let mut found = Vec::new();
    for start in 0..characters.len() {
        let in_fraction = before(start, 1) == Some('.') && is_digit(before(start, 2));
        if !is_digit(at(start)) || is_inside(before(start, 1)) || in_fraction {
            continue;
        }
        for layout in ["dddddddddd", "ddd ddd dddd", "ddd-ddd-dddd", "ddd_ddd_dddd"] {
            let fits = layout.chars().enumerate().all(|(offset, wanted)| {
                let here = at(start + offset);
                if wanted == 'd' { is_digit(here) } else { here == Some(wanted) }
            });
            if fits && !is_inside(at(start + layout.len())) {
                let text = characters.iter().skip(start).take(layout.len());
                found.push(text.filter(|c| c.is_ascii_digit()).collect());
            }
        }
    }
    found
}

/// Ten digits of which the last is the check digit: weights 10 to 2, modulus 11, where 11 is written 0 and 10 is none.
fn is_nhs_number(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    if digits.len() != DIGITS || text.len() != DIGITS {
        return false;
    }
    // With weight 1 for the check digit the whole sum is a multiple of 11.
    let sum: u32 = digits.iter().zip((1..=10).rev()).map(|(digit, weight)| digit * weight).sum();
    sum.is_multiple_of(11)
}
