//! Words that do not belong in the repository, all in this one place. Each is put together from two halves, so that
//! this file passes its own rule.

use super::{Fault, File, Tree};

/// How a banned text is found in a line.
#[derive(Clone, Copy)]
enum Find {
    /// As a whole word, in this case.
    Word,
    /// Anywhere, in any case.
    Anywhere,
    /// As the first folder of an absolute path.
    Folder,
}

/// In which files it is banned.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Everywhere,
    Rust,
    RustTests,
}

struct Banned {
    text: &'static str,
    find: Find,
    place: Place,
    mend: &'static str,
}

const DO_IT: &str = "do it now, or write it down where users see it (docs, CHANGELOG.md)";
const NO_PATH: &str = "write the path relative to the repository, or a made-up one";
const NO_HOST: &str = "name the package, not the host that serves it";
const NO_OFFICE: &str = "speak of the project, not of how the work on it is organised";
const NO_SLEEP: &str = "wait for the event, or move the mock clock (else say why: `// tidy: sleeps because …`)";

const BANNED: &[Banned] = &[
    Banned { text: concat!("TO", "DO"), find: Find::Word, place: Place::Everywhere, mend: DO_IT },
    Banned { text: concat!("FIX", "ME"), find: Find::Word, place: Place::Everywhere, mend: DO_IT },
    Banned {
        text: concat!("#[ign", "ore"),
        find: Find::Anywhere,
        place: Place::Rust,
        mend: "make the test pass, make it a long test of `cargo xtask soak`, or delete it",
    },
    Banned { text: concat!("thread::", "sleep("), find: Find::Anywhere, place: Place::RustTests, mend: NO_SLEEP },
    Banned { text: concat!("time::", "sleep("), find: Find::Anywhere, place: Place::RustTests, mend: NO_SLEEP },
    Banned { text: concat!("/wo", "rk"), find: Find::Folder, place: Place::Everywhere, mend: NO_PATH },
    Banned { text: concat!("/ro", "ot"), find: Find::Folder, place: Place::Everywhere, mend: NO_PATH },
    Banned { text: concat!("index.crates", ".io"), find: Find::Anywhere, place: Place::Everywhere, mend: NO_HOST },
    Banned { text: concat!("static.crates", ".io"), find: Find::Anywhere, place: Place::Everywhere, mend: NO_HOST },
    Banned { text: concat!("registry.npm", "js.org"), find: Find::Anywhere, place: Place::Everywhere, mend: NO_HOST },
    Banned { text: concat!("pypi", ".org"), find: Find::Anywhere, place: Place::Everywhere, mend: NO_HOST },
    Banned { text: concat!("python", "hosted.org"), find: Find::Anywhere, place: Place::Everywhere, mend: NO_HOST },
    Banned { text: concat!("deb.", "debian.org"), find: Find::Anywhere, place: Place::Everywhere, mend: NO_HOST },
    Banned { text: concat!("CE", "O"), find: Find::Word, place: Place::Everywhere, mend: NO_OFFICE },
    Banned { text: concat!("this work", "place"), find: Find::Anywhere, place: Place::Everywhere, mend: NO_OFFICE },
    Banned { text: concat!("coding ", "agent"), find: Find::Anywhere, place: Place::Everywhere, mend: NO_OFFICE },
    Banned { text: concat!("sub", "agent"), find: Find::Anywhere, place: Place::Everywhere, mend: NO_OFFICE },
];

/// A line that carries this, or the line above, may wait in a test; the reason stands behind it.
const SLEEP_WAIVER: &str = "tidy: sleeps because ";

/// Ends of type names that say nothing.
const EMPTY_NAMES: &[&str] = &["Manager", "Helper"];

/// Words before a number that make it a reference to a list outside the repository.
const REFERRERS: &[&str] = &["issue ", "issues ", "closes ", "fixes ", "refs ", "ticket ", "pull request ", "("];

pub fn check(tree: &Tree) -> Vec<Fault> {
    tree.files().iter().flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Fault> {
    let is_rust = file.has_extension("rs");
    let first_test_line = if is_rust { first_test_line(file) } else { usize::MAX };
    let named_types = is_rust && file.path.starts_with("crates/") && file.path.contains("/src/");
    let mut faults = Vec::new();
    let mut line_above = "";
    for (number, line) in file.lines() {
        let waived = line.contains(SLEEP_WAIVER) || line_above.contains(SLEEP_WAIVER);
        let here = BANNED.iter().filter(|banned| match banned.place {
            Place::Everywhere => true,
            Place::Rust => is_rust,
            Place::RustTests => number >= first_test_line && !waived,
        });
        for banned in here.filter(|banned| banned.is_in(line)) {
            faults.push(Fault::new(&file.path, number, format!("`{}`", banned.text), banned.mend));
        }
        if named_types && let Some(name) = empty_type_name(line) {
            let what = format!("the name `{name}` does not say what it is");
            faults.push(Fault::new(&file.path, number, what, "name the thing in the domain's words, or use functions"));
        }
        if let Some(reference) = issue_reference(line) {
            let mend = "say what it was about: the number means nothing outside its list";
            faults.push(Fault::new(&file.path, number, format!("`{reference}`"), mend));
        }
        line_above = line;
    }
    faults
}

impl Banned {
    fn is_in(&self, line: &str) -> bool {
        if matches!(self.find, Find::Anywhere) {
            return line.to_ascii_lowercase().contains(&self.text.to_ascii_lowercase());
        }
        line.match_indices(self.text).any(|(start, found)| {
            let before = line.get(..start).unwrap_or_default().chars().next_back();
            let after = line.get(start + found.len()..).unwrap_or_default().chars().next();
            let is_letter = |neighbour: Option<char>| neighbour.is_some_and(|c| c.is_alphanumeric() || c == '_');
            let in_path = matches!(self.find, Find::Folder)
                && (before.is_some_and(|c| "./-}>)]*~$".contains(c)) || after.is_some_and(|c| c == '-'));
            !is_letter(before) && !is_letter(after) && !in_path
        })
    }
}

/// A file of tests is one from its first line; elsewhere tests begin where a test module is opened, and end the file.
fn first_test_line(file: &File) -> usize {
    if file.path.contains("/tests/") || file.path.ends_with("/tests.rs") {
        return 1;
    }
    let mut lines = file.lines().skip_while(|(_, line)| line.trim() != "#[cfg(test)]");
    let start = lines.next().map(|(number, _)| number);
    let opens = lines.find(|(_, line)| !line.trim_start().starts_with("#["));
    match (start, opens) {
        (Some(number), Some((_, line))) if line.contains("mod ") && line.trim_end().ends_with('{') => number,
        _ => usize::MAX,
    }
}

fn empty_type_name(line: &str) -> Option<&str> {
    let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    if line.trim_start().starts_with("//") {
        return None;
    }
    words.find(|word| matches!(*word, "struct" | "enum" | "trait" | "type" | "union"))?;
    words.next().filter(|name| EMPTY_NAMES.iter().any(|end| name.ends_with(end)))
}

fn issue_reference(line: &str) -> Option<String> {
    line.match_indices('#').find_map(|(start, _)| {
        let digits: String = line.get(start + 1..)?.chars().take_while(char::is_ascii_digit).collect();
        let before = line.get(..start)?.to_ascii_lowercase();
        let refers = REFERRERS.iter().any(|word| before.ends_with(word));
        let closed = !before.ends_with('(') || line.get(start + 1 + digits.len()..)?.starts_with(')');
        (!digits.is_empty() && refers && closed).then(|| format!("#{digits}"))
    })
}
