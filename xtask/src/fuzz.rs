//! `cargo xtask fuzz`: each target of `fuzz/Cargo.toml` for a number of seconds.
//!
//! cargo-fuzz needs compiler flags that the stable compiler keeps behind `RUSTC_BOOTSTRAP=1`; with it set the pinned
//! toolchain is enough and no nightly is asked for.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::process;

/// What to fuzz and how long.
#[derive(clap::Args)]
pub struct Options {
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// List the targets and stop.
    #[arg(long)]
    list: bool,
    /// The targets to run; all when none is named.
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
}

pub fn run(root: &Path, options: &Options) -> Result<u8> {
    let manifest = fs::read_to_string(root.join("fuzz/Cargo.toml")).context("cannot read fuzz/Cargo.toml")?;
    let known = targets(&manifest).context("fuzz/Cargo.toml")?;
    println!("fuzz targets: {}", if known.is_empty() { "none yet".to_owned() } else { known.join(", ") });
    if let Some(unknown) = options.targets.iter().find(|target| !known.contains(target)) {
        eprintln!("xtask: fuzz/Cargo.toml has no [[bin]] named `{unknown}`");
        return Ok(2);
    }
    let chosen = if options.targets.is_empty() { &known } else { &options.targets };
    if options.list || chosen.is_empty() {
        return Ok(0);
    }
    if !process::has_cargo_subcommand(root, "fuzz") {
        bail!("cargo-fuzz is not installed; install it with: cargo install cargo-fuzz --locked");
    }
    let limit = format!("-max_total_time={}", options.seconds);
    for target in chosen {
        println!("\n== fuzz {target}, {} s", options.seconds);
        let mut command = process::cargo(root, &["fuzz", "run", "--fuzz-dir", "fuzz", target, "--", &limit]);
        if !process::succeeds(command.env("RUSTC_BOOTSTRAP", "1"))? {
            bail!("{target} failed; the input that did it lies in fuzz/artifacts/{target}/");
        }
    }
    Ok(0)
}

/// The names of the manifest's `[[bin]]` sections.
fn targets(manifest: &str) -> Result<Vec<String>> {
    let table: toml::Table = manifest.parse().context("not a manifest")?;
    let bins = table.get("bin").and_then(toml::Value::as_array);
    let names = bins.into_iter().flatten().filter_map(|bin| bin.get("name")?.as_str());
    Ok(names.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::targets;

    #[test]
    fn targets_are_the_bin_sections() {
        let cases: [(&str, &[&str]); 3] = [
            ("[package]\nname = \"fuzz\"\n", &[]),
            ("[[bin]]\nname = \"tokens\"\n", &["tokens"]),
            ("[[bin]]\nname = \"b\"\ntest = false\n[[bin]]\nname = \"a\"\n", &["b", "a"]),
        ];
        for (manifest, expected) in cases {
            assert_eq!(targets(manifest).unwrap(), expected, "{manifest}");
        }
        assert!(targets("[[bin").is_err());
    }
}
