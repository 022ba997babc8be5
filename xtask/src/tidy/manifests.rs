//! Rules for manifests: a dependency is named once, at the workspace's root, with its reason beside it.

use toml::{Table, Value};

use super::{Fault, File, Tree};

const ROOT: &str = "Cargo.toml";
const OURS: &str = "cpis";

pub fn check(tree: &Tree) -> Vec<Fault> {
    let members = tree.files().iter().filter(|file| {
        file.path.ends_with("/Cargo.toml") && !file.path.starts_with("fuzz/") && file.path.split('/').count() <= 3
    });
    tree.file(ROOT).into_iter().flat_map(reasons).chain(members.flat_map(inherited)).collect()
}

/// Each entry of `[workspace.dependencies]` has a comment on one of its lines; our own crates need none.
fn reasons(root: &File) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut inside = false;
    let mut open: Option<(usize, &str, bool)> = None;
    for (number, line) in root.lines().chain([(0, "[end]")]) {
        let starts_section = line.starts_with('[');
        let starts_entry = inside && line.contains('=') && line.starts_with(|first: char| first.is_alphanumeric());
        if (starts_section || starts_entry)
            && let Some((number, name, false)) = open.take()
        {
            let what = format!("the dependency `{name}` has no reason");
            faults.push(Fault::new(&root.path, number, what, "say behind it what it is for: `# reason`"));
        }
        if starts_section {
            inside = line.starts_with("[workspace.dependencies");
        } else if starts_entry {
            let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
            open = Some((number, name, name.starts_with(OURS)));
        }
        if let Some((_, _, reasoned)) = &mut open {
            *reasoned |= comment(line).is_some_and(|reason| line.trim_start().len() > reason.len() + 1);
        }
    }
    faults
}

/// Each dependency of a member is taken from the workspace.
fn inherited(manifest: &File) -> Vec<Fault> {
    let Ok(table) = manifest.text.parse::<Table>() else {
        return vec![Fault::new(&manifest.path, 1, "not a manifest", "mend its TOML")];
    };
    let targets = table.get("target").and_then(Value::as_table).into_iter().flatten();
    let tables: Vec<&Table> =
        std::iter::once(&table).chain(targets.filter_map(|(_, target)| target.as_table())).collect();
    let sections = ["dependencies", "dev-dependencies", "build-dependencies"];
    let entries = tables
        .iter()
        .flat_map(|table| sections.iter().filter_map(|section| table.get(*section)?.as_table()).flat_map(Table::iter));
    let own = entries.filter(|(_, entry)| entry.get("workspace").and_then(Value::as_bool) != Some(true));
    own.map(|(name, _)| {
        let line = manifest.lines().find(|(_, line)| line.starts_with(name.as_str())).map_or(1, |(number, _)| number);
        let what = format!("`{name}` is not taken from the workspace");
        let mend = format!("name it with its reason in the root's manifest and write `{name}.workspace = true`");
        Fault::new(&manifest.path, line, what, mend)
    })
    .collect()
}

/// What stands behind the first `#` that is not within quotes; nothing when it is empty.
fn comment(line: &str) -> Option<&str> {
    let mut quoted = false;
    for (index, character) in line.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '#' if !quoted => return line.get(index + 1..).filter(|reason| !reason.trim().is_empty()),
            _ => {}
        }
    }
    None
}
