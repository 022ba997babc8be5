//! Where and when figures were taken.

use serde::{Deserialize, Serialize};

/// The machine and the moment.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Machine {
    /// When, in UTC.
    pub date: String,
    /// Release of the kernel.
    pub kernel: String,
    /// Model of the CPU.
    pub cpu: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Memory in MiB.
    pub memory_mib: u64,
}

impl Machine {
    /// This machine, now.
    #[expect(clippy::disallowed_methods, reason = "figures are dated by the real clock")]
    pub fn here() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        Self {
            date: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            cpu: value_of(&read("/proc/cpuinfo"), "model name").unwrap_or("unknown").to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_mib: value_of(&read("/proc/meminfo"), "MemTotal")
                .and_then(|value| value.trim_end_matches(" kB").parse().ok())
                .map_or(0, |kib: u64| kib / 1024),
        }
    }
}

/// The value of the first line `name : value`.
fn value_of<'text>(text: &'text str, name: &str) -> Option<&'text str> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_says_what_it_is() {
        let machine = Machine::here();
        assert!(machine.date.ends_with('Z') && !machine.kernel.is_empty() && machine.cores > 0);
        assert_eq!(value_of("a: 1\nmodel name\t: A CPU @ 2 GHz\nmodel name: B\n", "model name"), Some("A CPU @ 2 GHz"));
    }
}
