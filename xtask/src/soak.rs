//! Long tests by name, too slow for every change. Each is a function with a line in the table below.

/// A long test: its name, what it shows, and the function that runs it and answers with the exit code.
struct Soak {
    name: &'static str,
    shows: &'static str,
    run: fn() -> u8,
}

const SOAKS: &[Soak] = &[];

/// Exit code of a name that is not in the table.
const UNKNOWN: u8 = 2;

/// Runs the named test; without a name lists them all.
pub fn run(name: Option<&str>) -> u8 {
    if let Some(name) = name {
        if let Some(soak) = SOAKS.iter().find(|soak| soak.name == name) {
            return (soak.run)();
        }
        eprintln!("xtask: there is no long test named `{name}`");
    }
    if SOAKS.is_empty() {
        println!("There are no long tests yet.");
    }
    for soak in SOAKS {
        println!("{:<20} {}", soak.name, soak.shows);
    }
    if name.is_some() { UNKNOWN } else { 0 }
}
