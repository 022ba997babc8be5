//! Rules for documents: links lead somewhere, the changelog is kept, a record of a decision has its three parts.

use super::{Fault, File, Tree};

const CHANGELOG: &str = "CHANGELOG.md";
const DECISIONS: &str = "docs/adr/";
const DECISION_PARTS: [&str; 3] = ["Context", "Decision", "Consequences"];

pub fn check(tree: &Tree) -> Vec<Fault> {
    let pages = tree.with_extension("md").flat_map(|page| links(page, tree).into_iter().chain(decision(page)));
    pages.chain(changelog(tree)).collect()
}

fn changelog(tree: &Tree) -> Option<Fault> {
    let mend = "say under `## Unreleased` what users, operators and integrators will notice";
    let Some(file) = tree.file(CHANGELOG) else {
        return Some(Fault::new(CHANGELOG, 1, "there is no changelog", mend));
    };
    let is_version = |title: &str| {
        let title = title.trim_start_matches(['[', 'v']);
        title.starts_with("Unreleased") || title.starts_with(|first: char| first.is_ascii_digit())
    };
    let kept = headings(file).any(|(_, title)| is_version(title));
    (!kept).then(|| Fault::new(CHANGELOG, 1, "no heading `Unreleased` or of a version", mend))
}

fn decision(page: &File) -> Vec<Fault> {
    let is_record = page.path.starts_with(DECISIONS) && !page.path.ends_with("/README.md");
    let missing = DECISION_PARTS.iter().filter(|part| !headings(page).any(|(_, title)| title.starts_with(**part)));
    missing
        .filter(|_| is_record)
        .map(|part| {
            let mend = format!("add the heading `## {part}` and what belongs under it");
            Fault::new(&page.path, 1, format!("the record has no part `{part}`"), mend)
        })
        .collect()
}

fn links(page: &File, tree: &Tree) -> Vec<Fault> {
    let folder = page.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut faults = Vec::new();
    for (number, line) in prose(page) {
        for target in targets(&without_code(line)) {
            if !resolve(folder, &target).is_some_and(|path| tree.has(&path)) {
                let what = format!("the link `{target}` leads nowhere");
                faults.push(Fault::new(&page.path, number, what, "mend the path, or take the link out"));
            }
        }
    }
    faults
}

/// The targets of `[text](target)` and `[name]: target` that lie within the repository, without their anchors.
fn targets(line: &str) -> Vec<String> {
    let inline = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let definition = line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).map(|(_, target)| target);
    let paths = inline.chain(definition).filter_map(|target| {
        let target = target.trim().trim_start_matches('<');
        let target = target.split([' ', '>', '#', '?']).next()?;
        let outside = target.contains(':') || target.is_empty();
        (!outside).then(|| target.replace("%20", " "))
    });
    paths.collect()
}

/// The path from the root of the repository; nothing when it leads out of it.
fn resolve(folder: &str, target: &str) -> Option<String> {
    let folder = if target.starts_with('/') { "" } else { folder };
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(target.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

fn headings(page: &File) -> impl Iterator<Item = (usize, &str)> {
    let marked = prose(page).filter(|(_, line)| line.starts_with('#'));
    marked.map(|(number, line)| (number, line.trim_start_matches('#').trim()))
}

/// The lines that are not within a fenced block.
fn prose(page: &File) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    page.lines().filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
        fenced ^= is_fence;
        !fenced && !is_fence
    })
}

/// Leaves out what stands between backticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}
