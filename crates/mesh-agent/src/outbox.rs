//! Which files in the folder to send are complete, and which wait for what.
//!
//! A file with a control file is complete once both have not changed for a moment: the control file is written last. A file
//! whose ending needs none is complete once it has not changed for longer and ends as XML does. Names that begin with a full
//! stop or a tilde, or end with a usual ending of files that are being written, are left alone. Time is measured here, since
//! the clock of a folder on the network may be another one.

use crate::folders::Listed;
use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

/// Files that are looked at in one round.
pub const FILES_MAX: usize = 10_000;
/// Endings of files that are being written.
const UNFINISHED: [&str; 6] = ["tmp", "part", "partial", "filepart", "crdownload", "swp"];
/// Ending of a control file.
pub const CONTROL: &str = "ctl";
/// Ending of the file beside it.
pub const DATA: &str = "dat";

/// A file to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The content; none where a control file is alone.
    pub data: Option<String>,
    /// The control file.
    pub control: Option<String>,
    /// Bytes of the content.
    pub bytes: u64,
    /// When the last of both was changed, for the order.
    changed: SystemTime,
}

/// A file that is not complete yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its name.
    pub name: String,
    /// For what it waits.
    pub why: &'static str,
}

/// Since when each file is as it is.
#[derive(Debug, Default)]
pub struct Outbox {
    seen: HashMap<String, (Listed, Instant)>,
}

/// For how long files must not have changed.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'r> {
    /// Endings that need no control file.
    pub alone: &'r [String],
    /// Without a control file.
    pub settle: Duration,
    /// With one.
    pub control_settle: Duration,
}

impl Outbox {
    /// Looks at a listing: complete files, oldest first, and the others.
    pub fn look(&mut self, listed: Vec<Listed>, rules: Rules<'_>, now: Instant) -> (Vec<Found>, Vec<Waiting>) {
        let mut seen: HashMap<String, (Listed, Instant)> = HashMap::new();
        for file in listed {
            let since = match self.seen.get(&file.name) {
                Some((before, since)) if *before == file => *since,
                _ => now,
            };
            seen.insert(file.name.clone(), (file, since));
        }
        self.seen = seen;
        let still = |name: &str, time: Duration| {
            self.seen.get(name).is_some_and(|(_, since)| now.saturating_duration_since(*since) >= time)
        };
        let (mut found, mut waiting) = (Vec::new(), Vec::new());
        for (name, (file, _)) in &self.seen {
            let Some((base, ending)) = parts(name) else { continue };
            let mut wait = |why| waiting.push(Waiting { name: name.clone(), why });
            if ending == CONTROL {
                let data = self.beside(base, rules.alone);
                let data_name = data.map(|data| data.name.as_str());
                let both = data_name.into_iter().chain([name.as_str()]).all(|name| still(name, rules.control_settle));
                // A control file alone has longer: its content may be on its way after all.
                if !both || (data.is_none() && !still(name, rules.settle)) {
                    wait("it may still be written");
                    continue;
                }
                found.push(Found {
                    data: data_name.map(str::to_owned),
                    control: Some(name.clone()),
                    bytes: data.map_or(0, |data| data.bytes),
                    changed: data.map_or(file.changed, |data| data.changed.max(file.changed)),
                });
            } else if self.control_of(base).is_some_and(|_| self.beside(base, rules.alone) == Some(file)) {
                // It goes with its control file.
            } else if rules.alone.contains(&ending) {
                if still(name, rules.settle) {
                    let changed = file.changed;
                    found.push(Found { data: Some(name.clone()), control: None, bytes: file.bytes, changed });
                } else {
                    wait("it may still be written");
                }
            } else if ending == DATA {
                wait("its control file is missing");
            } else {
                wait("its ending is not one of those that are sent");
            }
        }
        found.sort_by(|one, other| {
            (one.changed, &one.data, &one.control).cmp(&(other.changed, &other.data, &other.control))
        });
        waiting.sort_by(|one, other| one.name.cmp(&other.name));
        (found, waiting)
    }

    /// A file was found not to be complete: it has to be still anew.
    pub fn again(&mut self, name: &str, now: Instant) {
        if let Some((_, since)) = self.seen.get_mut(name) {
            *since = now;
        }
    }

    /// The content that goes with a control file of this name.
    fn beside(&self, base: &str, alone: &[String]) -> Option<&Listed> {
        let endings = std::iter::once(DATA).chain(alone.iter().map(String::as_str));
        let mut files =
            endings.flat_map(|ending| [format!("{base}.{ending}"), format!("{base}.{}", ending.to_uppercase())]);
        files.find_map(|name| self.seen.get(&name)).map(|(file, _)| file)
    }

    fn control_of(&self, base: &str) -> Option<&Listed> {
        let names = [format!("{base}.{CONTROL}"), format!("{base}.{}", CONTROL.to_uppercase())];
        names.iter().find_map(|name| self.seen.get(name)).map(|(file, _)| file)
    }
}

/// Name without its ending, and the ending in lower case; none for a name that is left alone.
fn parts(name: &str) -> Option<(&str, String)> {
    let (base, ending) = name.rsplit_once('.')?;
    let ending = ending.to_lowercase();
    let is_left = name.starts_with(['.', '~']) || UNFINISHED.contains(&ending.as_str()) || base.is_empty();
    (!is_left).then_some((base, ending))
}

/// The name without its ending.
pub fn base(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(base, _)| base)
}

/// Whether a content may be whole: XML ends with a tag.
pub fn ends_well(name: &str, content: &[u8]) -> bool {
    let is_xml = parts(name).is_some_and(|(_, ending)| ending == "xml");
    !is_xml || content.trim_ascii_end().ends_with(b">")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn file(name: &str, bytes: u64) -> Listed {
        Listed { name: name.to_owned(), bytes, changed: SystemTime::UNIX_EPOCH + SECOND * bytes as u32 }
    }

    struct Look {
        outbox: Outbox,
        began: Instant,
    }

    impl Look {
        fn new() -> Self {
            Self { outbox: Outbox::default(), began: Instant::now() }
        }

        /// Names of complete files, and names of the others with the reason.
        fn at(&mut self, seconds: u64, files: &[Listed]) -> (Vec<String>, Vec<String>) {
            let alone = ["xml".to_owned()];
            let rules = Rules { alone: &alone, settle: SECOND * 10, control_settle: SECOND };
            let now = self.began + Duration::from_secs(seconds);
            let (found, waiting) = self.outbox.look(files.to_vec(), rules, now);
            let named = |found: Found| [found.data, found.control].into_iter().flatten().collect::<Vec<_>>().join("+");
            let waits = |waiting: Waiting| format!("{}: {}", waiting.name, waiting.why);
            (found.into_iter().map(named).collect(), waiting.into_iter().map(waits).collect())
        }
    }

    #[test]
    fn a_file_is_complete_once_it_is_still() {
        let mut look = Look::new();
        let written = "plans.xml: it may still be written";
        assert_eq!(look.at(0, &[file("plans.xml", 5)]), (vec![], vec![written.to_owned()]));
        assert_eq!(look.at(9, &[file("plans.xml", 5)]).0, [""; 0]);
        assert_eq!(look.at(11, &[file("plans.xml", 6)]).0, [""; 0], "it grew");
        assert_eq!(look.at(20, &[file("plans.xml", 6)]).0, [""; 0]);
        assert_eq!(look.at(21, &[file("plans.xml", 6)]).0, ["plans.xml"]);
        look.outbox.again("plans.xml", look.began + SECOND * 21);
        assert_eq!(look.at(30, &[file("plans.xml", 6)]).0, [""; 0]);
        assert_eq!(look.at(31, &[]), (vec![], vec![]));
        assert_eq!(look.at(99, &[file("plans.xml", 6)]).0, [""; 0], "it is another one");
    }

    #[test]
    fn a_control_file_says_that_its_content_is_complete() {
        let mut look = Look::new();
        let missing = "a.dat: its control file is missing";
        assert_eq!(look.at(0, &[file("a.dat", 5)]).1, [missing]);
        assert_eq!(look.at(99, &[file("a.dat", 5)]), (vec![], vec![missing.to_owned()]));
        let both = [file("a.dat", 5), file("a.ctl", 2)];
        assert_eq!(look.at(100, &both).0, [""; 0]);
        assert_eq!(look.at(101, &both), (vec!["a.dat+a.ctl".to_owned()], vec![]));
        let upper = [file("B.DAT", 5), file("B.CTL", 2)];
        look.at(200, &upper);
        assert_eq!(look.at(201, &upper), (vec!["B.DAT+B.CTL".to_owned()], vec![]));
        let with_xml = [file("c.xml", 5), file("c.ctl", 2)];
        look.at(300, &with_xml);
        assert_eq!(look.at(301, &with_xml).0, ["c.xml+c.ctl"]);
        let alone = [file("d.ctl", 2)];
        look.at(400, &alone);
        assert_eq!(look.at(402, &alone).0, [""; 0], "its content may come");
        assert_eq!(look.at(410, &alone).0, ["d.ctl"]);
    }

    #[test]
    fn the_oldest_goes_first_and_others_are_left_alone() {
        let mut look = Look::new();
        let files = [
            file("b.xml", 3),
            file("a.xml", 4),
            file("c.xml", 3),
            file(".d.xml", 1),
            file("~e.xml", 1),
            file("f.xml.part", 1),
            file("g.tmp", 1),
            file("h.docx", 1),
            file("noending", 1),
        ];
        look.at(0, &files);
        let (found, waiting) = look.at(10, &files);
        assert_eq!(found, ["b.xml", "c.xml", "a.xml"]);
        assert_eq!(waiting, ["h.docx: its ending is not one of those that are sent"]);
    }

    #[test]
    fn half_a_document_is_not_complete() {
        for (name, content, expected) in [
            ("a.xml", "<a></a>\r\n ", true),
            ("a.xml", "<a></", false),
            ("a.XML", "<a>", true),
            ("a.xml", "", false),
            ("a.dat", "anything", true),
        ] {
            assert_eq!(ends_well(name, content.as_bytes()), expected, "{name} {content}");
        }
    }
}
