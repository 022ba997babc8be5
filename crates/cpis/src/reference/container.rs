//! The container's file keeps the rules that matter: nobody is root, nothing is unpinned, no secret and no shell is in it.

use super::read;

const FILE: &str = "ops/container/Containerfile";

/// Instructions with what follows, lines joined and comments left out.
fn instructions(text: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let joined = lines.join("\n").replace("\\\n", " ");
    let said = joined.lines().filter_map(|line| line.trim().split_once(' '));
    said.map(|(word, rest)| (word.to_owned(), rest.split_whitespace().collect::<Vec<_>>().join(" "))).collect()
}

fn all<'a>(said: &'a [(String, String)], word: &str) -> Vec<&'a str> {
    said.iter().filter(|(found, _)| found == word).map(|(_, rest)| &**rest).collect()
}

#[test]
fn the_containers_file_keeps_the_rules() {
    let text = read(FILE);
    let said = instructions(&text);
    let from = all(&said, "FROM");
    assert_eq!(from.len(), 2, "one stage builds, one is the image");
    for image in &from {
        let name = image.split(' ').next().unwrap();
        let (_, tag) = name.rsplit_once(':').unwrap_or_else(|| panic!("{name} has no tag"));
        assert_ne!(tag, "latest", "{name}");
    }
    let start = said.iter().rposition(|(word, _)| word == "FROM").unwrap();
    let (build, image) = said.split_at(start);

    // What is built is what the lock file says, with nothing left over from the package tool.
    let run = all(build, "RUN").join("\n");
    assert!(run.contains("cargo build --release --locked --package cpis"));
    for line in run.lines().filter(|line| line.contains("apt-get install")) {
        assert!(line.contains("--no-install-recommends") && line.contains("rm -rf /var/lib/apt/lists"), "{line}");
    }
    assert!(all(&said, "ADD").is_empty(), "COPY takes nothing from elsewhere and unpacks nothing");

    // The image: nothing runs while it is made, so it needs no shell; a number as user, so that a platform sees that it is not root.
    assert!(all(image, "RUN").is_empty());
    assert!(all(image, "COPY").iter().all(|copy| copy.starts_with("--from=build ")));
    let user = all(image, "USER");
    let (id, group) = user.last().unwrap().split_once(':').unwrap();
    assert!(id.parse::<u32>().unwrap() >= 10_000 && group.parse::<u32>().unwrap() >= 10_000, "{user:?}");
    for word in ["ENTRYPOINT", "CMD", "VOLUME"] {
        let list: Vec<String> = serde_json::from_str(all(image, word).last().unwrap()).unwrap();
        assert!(!list.is_empty(), "{word}");
    }
    assert_eq!(all(image, "STOPSIGNAL"), ["SIGTERM"]);
    for setting in all(&said, "ENV").into_iter().chain(all(&said, "ARG")) {
        let name = setting.split('=').next().unwrap().to_lowercase();
        assert!(["password", "secret", "token", "key"].iter().all(|word| !name.contains(word)), "{setting}");
    }
    let ignored = read("ops/container/containerignore");
    for path in [".git", "**/target", "**/node_modules"] {
        assert!(ignored.lines().any(|line| line == path), "{path} would be sent to the builder");
    }
}

#[test]
fn the_image_builds_with_the_compiler_of_the_workspace() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let version = manifest["workspace"]["package"]["rust-version"].as_str().unwrap();
    assert!(read(FILE).contains(&format!("/rust:{version}-")), "{FILE} does not build with {version}");
}
