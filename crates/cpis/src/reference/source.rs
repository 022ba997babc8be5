//! Finds what the sources count and log: each use of a macro of `metrics` or `tracing`, by its tokens.

use super::repository;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::path::Path;

/// Crates that are no part of the service.
const BESIDE: [&str; 2] = ["synth", "testkit"];

/// A macro with what stands between its brackets, at its commas.
pub struct Use {
    /// The crate's folder.
    pub krate: String,
    /// The macro's name.
    pub name: String,
    /// Its arguments.
    pub arguments: Vec<Vec<TokenTree>>,
}

/// Every use of a macro of a library, tests left out, in the order of files.
pub fn uses(library: &str) -> Vec<Use> {
    let mut found = Vec::new();
    let mut crates: Vec<_> = std::fs::read_dir(repository("crates")).unwrap().map(|entry| entry.unwrap()).collect();
    crates.sort_by_key(std::fs::DirEntry::file_name);
    for krate in crates {
        let name = krate.file_name().into_string().unwrap();
        if !BESIDE.contains(&&*name) {
            read_folder(&krate.path().join("src"), library, &name, &mut found);
        }
    }
    found
}

fn read_folder(folder: &Path, library: &str, krate: &str, found: &mut Vec<Use>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "tests" && name != "reference" {
                read_folder(&path, library, krate, found);
            }
        } else if path.extension().is_some_and(|end| end == "rs") && name != "tests.rs" {
            let text = std::fs::read_to_string(&path).unwrap();
            let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            walk(tokens, library, krate, found);
        }
    }
}

fn walk(tokens: TokenStream, library: &str, krate: &str, found: &mut Vec<Use>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if is_test(&tokens[at..]) {
            // Its item ends with a block, or with a semicolon.
            let ends = |token: &TokenTree| {
                matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
                    || token.to_string() == ";"
            };
            at += 2 + tokens[at + 2..].iter().position(ends).unwrap_or_default();
        } else if let [TokenTree::Ident(path), colon, _, TokenTree::Ident(name), bang, TokenTree::Group(inside), ..] =
            &tokens[at..]
            && path == library
            && colon.to_string() == ":"
            && bang.to_string() == "!"
        {
            found.push(Use { krate: krate.to_owned(), name: name.to_string(), arguments: split(inside.stream()) });
            walk(inside.stream(), library, krate, found);
            at += 5;
        } else if let TokenTree::Group(group) = token {
            walk(group.stream(), library, krate, found);
        }
        at += 1;
    }
}

fn is_test(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [hash, TokenTree::Group(what), ..] if hash.to_string() == "#" && what.stream().to_string().replace(' ', "") == "cfg(test)")
}

fn split(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut parts = vec![Vec::new()];
    for token in tokens {
        if token.to_string() == "," {
            parts.push(Vec::new());
        } else {
            parts.last_mut().unwrap().push(token);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// The text of a literal in quotes; nothing for other tokens.
pub fn text(token: &TokenTree) -> Option<String> {
    let TokenTree::Literal(literal) = token else { return None };
    let quoted = literal.to_string();
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    // A line that goes on.
    let joined: Vec<&str> =
        inner.split("\\\n").enumerate().map(|(n, part)| if n == 0 { part } else { part.trim_start() }).collect();
    Some(joined.concat().replace("\\\"", "\""))
}

#[test]
fn macros_are_found_and_tests_are_left_out() {
    let text = "fn a() { select! { x = y => { tracing::warn!(%error, n = f(1, 2), \"it \\\n   waits\"); } } }\n\
                #[cfg(test)] mod tests { fn b() { tracing::warn!(\"no\"); } } #[cfg(test)] mod c; fn d() { tracing::info!(\"yes\"); }";
    let mut found = Vec::new();
    walk(text.parse().unwrap(), "tracing", "x", &mut found);
    let told: Vec<_> = found
        .iter()
        .map(|used| {
            (&*used.name, used.arguments.len(), super::source::text(&used.arguments.last().unwrap()[0]).unwrap())
        })
        .collect();
    assert_eq!(told, [("warn", 3, "it waits".to_owned()), ("info", 1, "yes".to_owned())]);
}
