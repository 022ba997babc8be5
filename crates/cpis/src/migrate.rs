//! `cpis migrate`: the database brought to the schema that this version needs, with the service stopped.

use crate::cli;
use crate::database::{DatabasePlace, migrate_database};
use crate::fault::Result;
use crate::say;
use cpis_store::migrations::Migrated;
use std::process::ExitCode;

/// Does it, or says what would be done.
pub async fn run(arguments: &cli::Migrate) -> Result<ExitCode> {
    let (places, _) = arguments.place.places()?;
    let place = DatabasePlace::of(&places);
    // A look ahead changes nothing, so it may run beside the service. A server has a lock of its own, and its nodes may run on.
    let alone = !arguments.dry_run && matches!(place, DatabasePlace::File(_));
    let lock = if alone { Some(places.lock_after("migrating").await?) } else { None };
    let migrated = migrate_database(&place, arguments.dry_run).await?;
    drop(lock);
    say::text(words(&place, &migrated, arguments.dry_run));
    Ok(ExitCode::SUCCESS)
}

fn words(place: &DatabasePlace, migrated: &Migrated, dry_run: bool) -> String {
    let Migrated { from, to, steps, backup } = migrated;
    if steps.is_empty() {
        return format!("The database {place} has schema {from}. There is nothing to do.\n");
    }
    let mut lines = vec![if dry_run {
        format!("The database {place} has schema {from} and needs schema {to}. This would be done:")
    } else {
        format!("The database {place} had schema {from} and has schema {to} now. This was done:")
    }];
    lines.extend(steps.iter().map(|step| format!("  {}  {}", step.version, step.name)));
    if let Some(backup) = backup {
        lines.push(format!("The database as it was before lies in {}.", backup.display()));
        lines.push(
            "Remove it once the service runs well: it holds what was erased since, until its keys are gone.".to_owned(),
        );
    }
    if dry_run {
        let copied = if matches!(place, DatabasePlace::File(_)) {
            " A copy of the database is put beside it first."
        } else {
            ""
        };
        lines.push(format!("Nothing was changed.{copied}"));
    }
    lines.push(String::new());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpis_store::migrations::Migration;

    static STEP: Migration = Migration { version: 2, serves: 2, name: "a table", sql: "" };

    #[test]
    fn what_was_done_and_what_would_be_done_is_said() {
        let place = DatabasePlace::File("cpis.db".into());
        let migrated = Migrated { from: 1, to: 2, steps: vec![&STEP], backup: Some("cpis.db.schema-1".into()) };
        let text = words(&place, &migrated, false);
        assert!(text.contains("had schema 1 and has schema 2 now") && text.contains("\n  2  a table\n"));
        assert!(text.contains("lies in cpis.db.schema-1."));
        let text = words(&place, &Migrated { backup: None, ..migrated.clone() }, true);
        assert!(text.contains("has schema 1 and needs schema 2") && text.contains("Nothing was changed."));
        let text = words(&place, &Migrated { from: 2, steps: Vec::new(), backup: None, ..migrated }, false);
        assert!(text.ends_with("has schema 2. There is nothing to do.\n"));
    }
}
