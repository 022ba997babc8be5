//! Which schema a database has, and whether this program can work on it. Pure: backends run the SQL.
//!
//! Migrations are numbered and go forward only, in two steps: a release expands the schema so that the program before it
//! still works on it, a later one contracts it. So nodes can be replaced one after another, and an older program can take
//! over again after the first step.

use crate::StoreError;
use std::path::PathBuf;

/// One step from a schema to the next.
#[derive(Debug, PartialEq, Eq)]
pub struct Migration {
    /// The schema after it. The first one has version 1, each further one the next number.
    pub version: u32,
    /// The oldest program, by the schema version that it knows, that still works on the schema after it.
    pub serves: u32,
    /// What it does, for operators.
    pub name: &'static str,
    /// The statements.
    pub sql: &'static str,
}

/// What a database says of its schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Its version.
    pub version: u32,
    /// The oldest program that works on it.
    pub serves: u32,
}

/// How a database stands to this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is nothing in it: all of these must run.
    Empty(&'static [Migration]),
    /// It has the schema that this program knows.
    Ready,
    /// It has a newer schema, on which this program still works.
    Newer,
}

/// What a migration found and did, or would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The schema that was found; 0 for an empty database.
    pub from: u32,
    /// The schema afterwards.
    pub to: u32,
    /// The steps that ran or would run.
    pub steps: Vec<&'static Migration>,
    /// The copy of the database as it was before, where the backend makes one.
    pub backup: Option<PathBuf>,
}

/// The schema that a program with these migrations knows.
pub fn newest(known: &[Migration]) -> u32 {
    known.last().map_or(0, |last| last.version)
}

/// How a database stands to a program with these migrations. An error where the program must not touch it.
pub fn judge(found: Option<Stamp>, known: &'static [Migration]) -> Result<Standing, StoreError> {
    let needed = newest(known);
    match found {
        None => Ok(Standing::Empty(known)),
        Some(Stamp { version, .. }) if version < needed => Err(StoreError::SchemaOlder { found: version, needed }),
        Some(Stamp { version, .. }) if version == needed => Ok(Standing::Ready),
        Some(Stamp { serves, .. }) if serves <= needed => Ok(Standing::Newer),
        Some(Stamp { version, serves }) => Err(StoreError::SchemaNewer { found: version, serves, known: needed }),
    }
}

/// The migrations that a database still needs, in their order; none for a newer one that this program works on.
pub fn due(found: Option<Stamp>, known: &'static [Migration]) -> Result<&'static [Migration], StoreError> {
    match judge(found, known) {
        Ok(Standing::Empty(all)) => Ok(all),
        Ok(Standing::Ready | Standing::Newer) => Ok(&[]),
        Err(StoreError::SchemaOlder { found, .. }) => {
            let done = known.iter().take_while(|migration| migration.version <= found).count();
            Ok(known.get(done..).unwrap_or_default())
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn step(version: u32, serves: u32) -> Migration {
        Migration { version, serves, name: "a step", sql: "" }
    }

    static KNOWN: &[Migration] = &[step(1, 1), step(2, 1), step(3, 2)];

    fn at(version: u32, serves: u32) -> Stamp {
        Stamp { version, serves }
    }

    #[test]
    fn a_database_is_judged_by_its_version_and_by_whom_it_serves() {
        let older = |found| Err(StoreError::SchemaOlder { found, needed: 3 });
        let newer = |found, serves| Err(StoreError::SchemaNewer { found, serves, known: 3 });
        for (found, expected) in [
            (None, Ok(Standing::Empty(KNOWN))),
            (Some(at(1, 1)), older(1)),
            (Some(at(2, 1)), older(2)),
            (Some(at(3, 2)), Ok(Standing::Ready)),
            (Some(at(3, 3)), Ok(Standing::Ready)),
            (Some(at(4, 3)), Ok(Standing::Newer)),
            (Some(at(9, 1)), Ok(Standing::Newer)),
            (Some(at(4, 4)), newer(4, 4)),
            (Some(at(u32::MAX, u32::MAX)), newer(u32::MAX, u32::MAX)),
        ] {
            assert_eq!(judge(found, KNOWN), expected, "{found:?}");
        }
    }

    #[test]
    fn what_is_due_is_what_comes_after() {
        let versions = |found| due(found, KNOWN).map(|due| due.iter().map(|step| step.version).collect::<Vec<_>>());
        assert_eq!(versions(None), Ok(vec![1, 2, 3]));
        assert_eq!(versions(Some(at(1, 1))), Ok(vec![2, 3]));
        assert_eq!(versions(Some(at(2, 1))), Ok(vec![3]));
        assert_eq!(versions(Some(at(3, 2))), Ok(vec![]));
        assert_eq!(versions(Some(at(7, 3))), Ok(vec![]));
        assert!(versions(Some(at(7, 4))).is_err());
    }

    #[test]
    fn the_error_says_which_program_to_run() {
        let told = |found| judge(found, KNOWN).unwrap_err().to_string();
        assert!(
            told(Some(at(1, 1))).contains("schema version 1") && told(Some(at(1, 1))).contains("run `cpis migrate`")
        );
        assert!(told(Some(at(5, 5))).contains("schema version 5") && told(Some(at(5, 5))).contains("run a newer cpis"));
    }
}
