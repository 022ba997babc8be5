//! `cargo xtask count`: how many instructions one look takes, against the number that is kept in `bench/look.count`.
//!
//! Time depends on the machine and on whoever shares it; instructions of one compiler on one kind of processor do not. The
//! program is built as for tests, so that counting it costs them little, and run twice at once with different numbers of looks: what lies
//! between is what the looks cost. What is released takes a fraction of it; what a look does more or less shows in both.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::process;

const KEPT: &str = "bench/look.count";
/// Looks of the two runs.
const LOOKS: [u64; 2] = [50, 250];
/// How far the count may move before somebody has to say why, in thousandths.
const ALLOWED_THOUSANDTHS: u64 = 30;

/// What to do with the count.
#[derive(clap::Args, Default)]
pub struct Options {
    /// Keep the count as the new one.
    #[arg(long)]
    record: bool,
}

pub fn run(root: &Path, options: &Options) -> Result<bool> {
    let found = Command::new("valgrind").arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).status();
    if !found.is_ok_and(|status| status.success()) {
        bail!("valgrind is not installed; on Debian: apt-get install valgrind (or leave it out: --fast)");
    }
    let program = process::built_programs(root)?.join("one-look");
    let (few, many) = std::thread::scope(|scope| {
        let few = scope.spawn(|| instructions(&program, LOOKS[0]));
        let many = instructions(&program, LOOKS[1]);
        (few.join(), many)
    });
    let few = few.unwrap_or_else(|_| bail!("the shorter run ended without a word"))?;
    let count = many?.saturating_sub(few) / (LOOKS[1] - LOOKS[0]);
    let compiler = format!("{}, {}", compiler(root)?, processor());
    let path = root.join(KEPT);
    if options.record {
        fs::write(&path, format!("{count} instructions a look, {compiler}\n"))?;
        println!("{count} instructions a look, kept in {KEPT}");
        return Ok(true);
    }
    let kept = fs::read_to_string(&path).with_context(|| format!("cannot read {KEPT}"))?;
    judge(count, &compiler, &kept)
}

fn judge(count: u64, compiler: &str, kept: &str) -> Result<bool> {
    let words = kept.trim().split_once(" instructions a look, ");
    let (before, with) = words.with_context(|| format!("{KEPT} is not as `cargo xtask count --record` writes it"))?;
    let before: u64 = before.parse().with_context(|| format!("{KEPT} begins with no number"))?;
    println!("{count} instructions a look; kept: {before}");
    if with != compiler {
        println!(
            "not judged: the kept number is of {with}, this one of {compiler}. Keep it by: cargo xtask count --record"
        );
        return Ok(true);
    }
    let moved = count.abs_diff(before) * 1_000 / before.max(1);
    if moved > ALLOWED_THOUSANDTHS {
        let way = if count > before { "more" } else { "fewer" };
        println!(
            "{}.{} % {way} than kept, and 3 % are allowed: mend it, or keep the new number and say why: cargo xtask count --record",
            moved / 10,
            moved % 10
        );
    }
    Ok(moved <= ALLOWED_THOUSANDTHS)
}

/// All instructions of a run.
fn instructions(program: &Path, looks: u64) -> Result<u64> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program).arg(looks.to_string());
    let done = command.stdin(Stdio::null()).output().context("valgrind does not start")?;
    let told = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "{looks} looks failed: {told}");
    let line = told.lines().rev().find_map(|line| line.split_once("Collected : ")).context("valgrind told no count")?;
    line.1.trim().parse().context("valgrind's count is no number")
}

fn compiler(root: &Path) -> Result<String> {
    let done = Command::new("rustc").arg("--version").current_dir(root).output().context("rustc does not start")?;
    Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
}

/// The processor's name: what it can do decides which code a library chooses.
fn processor() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = cpus.lines().find_map(|line| line.strip_prefix("model name"));
    name.map_or("another processor", |name| name.trim_start_matches([' ', '\t', ':'])).to_owned()
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn three_in_a_hundred_are_allowed_with_the_same_compiler() {
        let kept = "100000 instructions a look, rustc 1.95.0\n";
        for (count, compiler, good) in [
            (100_000, "rustc 1.95.0", true),
            (103_000, "rustc 1.95.0", true),
            (103_100, "rustc 1.95.0", false),
            (96_900, "rustc 1.95.0", false),
            (300_000, "rustc 1.96.0", true),
        ] {
            assert_eq!(judge(count, compiler, kept).ok(), Some(good), "{count} {compiler}");
        }
        assert!(judge(1, "rustc", "many").is_err());
    }
}
