//! `cpis copy`: a whole database to another place or another kind of database, with the service stopped.

use crate::cli;
use crate::database::{DatabasePlace, How, open_database};
use crate::fault::{Fault, Kind, Result};
use crate::places::{Lock, Places};
use crate::{progress, say, signals};
use cpis_app::copy::{Copied, CopyError, Progress, Step, copy};
use cpis_audit::Checkpoint;
use cpis_store::Database;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// Connections that read each database.
const READERS: u32 = 2;

/// Copies and compares.
pub async fn run(arguments: &cli::Copy) -> Result<ExitCode> {
    let mut stop = signals::watch()?;
    let from = Side::of(&arguments.from, arguments.from_password_file.as_deref(), arguments.from_ca_file.as_deref())?;
    let to = Side::of(&arguments.to, arguments.to_password_file.as_deref(), arguments.to_ca_file.as_deref())?;
    if from.is(&to) {
        return Err(Fault::new(Kind::Usage, "--from and --to are the same database"));
    }
    if let DatabasePlace::File(path) = &from.place
        && !path.exists()
    {
        return Err(Fault::new(Kind::Data, format!("There is no database {}", from.place)));
    }
    if let Some(places) = &to.places {
        places.create()?;
    }
    let locks = (from.lock()?, to.lock()?);
    let source = open_database(&from.place, How::CopyFrom, READERS).await?;
    let target = open_database(&to.place, How::CopyTo, READERS).await?;
    let done = tokio::select! {
        done = copied(&source, &target) => Some(done),
        () = signals::asked(&mut stop) => None,
    };
    source.close().await;
    target.close().await;
    drop(locks);
    match done {
        Some(Ok(done)) => {
            say::text(words(&to.place, &done));
            Ok(ExitCode::SUCCESS)
        }
        Some(Err(error)) => Err(fault(&error)),
        None => Err(Fault::failed("The copy was interrupted. Nothing uses what is there so far")
            .mend("Run the same command again: it goes on where it ended.")),
    }
}

/// One of the two databases, and the data directory in which it lies.
struct Side {
    place: DatabasePlace,
    places: Option<Places>,
}

impl Side {
    fn of(text: &str, password_file: Option<&Path>, ca_file: Option<&Path>) -> Result<Self> {
        if let Some(place) = DatabasePlace::server(text, password_file, ca_file)? {
            return Ok(Self { place, places: None });
        }
        let path = Path::new(text);
        // What ends in a slash, or is there as a folder, or has no ending, is a data directory.
        let is_folder = path.is_dir() || text.ends_with('/') || (!path.exists() && path.extension().is_none());
        let places = if is_folder {
            Places::in_folder(path)
        } else {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Places { database: path.to_owned(), ..Places::in_folder(folder) }
        };
        Ok(Self { place: DatabasePlace::of(&places), places: Some(places) })
    }

    fn is(&self, other: &Self) -> bool {
        let whole = |side: &Self| match &side.place {
            DatabasePlace::File(path) => std::fs::canonicalize(path).ok(),
            DatabasePlace::Server(_) => None,
        };
        self.place == other.place || (whole(self).is_some() && whole(self) == whole(other))
    }

    fn lock(&self) -> Result<Option<Lock>> {
        self.places.as_ref().map(Places::lock).transpose()
    }
}

async fn copied(source: &Arc<dyn Database>, target: &Arc<dyn Database>) -> Result<Copied, CopyError> {
    let bar = progress::bar("copying", 0, progress::COUNT);
    let mut shown = Step::Copying;
    let done = copy(&**source, &**target, None, &mut |at: Progress| {
        if shown != at.step {
            shown = at.step;
            bar.set_message(match at.step {
                Step::Copying => "copying",
                Step::Comparing => "comparing",
                Step::Proving => "proving the audit log",
            });
        }
        bar.set_length(at.all);
        bar.set_position(at.done);
    })
    .await;
    bar.finish_and_clear();
    done
}

fn fault(error: &CopyError) -> Fault {
    let mend = match error {
        CopyError::SourceUnfinished => "Copy the database from which it was begun.",
        CopyError::NotEmpty(_) => "Name a place where there is no database yet.",
        CopyError::OtherSource { .. } => "Empty the target, or name another one, and begin again.",
        CopyError::SourceChanged => "Stop every process of the service, empty the target and begin again.",
        CopyError::Differs { .. } => "The copy must not be used. Empty the target and begin again.",
        CopyError::SourceDamaged(_) => "Run cpis audit verify on the source. A copy would hide nothing of it.",
        CopyError::Store(_) => "",
    };
    let kind = if matches!(error, CopyError::Differs { .. }) { Kind::Failed } else { Kind::Data };
    Fault::new(kind, format!("The database was not copied: {error}")).mend(mend)
}

fn words(place: &DatabasePlace, done: &Copied) -> String {
    // As it stands in a checkpoint of this size.
    let checkpoint = Checkpoint::new("copy", done.entries, done.root).to_string();
    let root = checkpoint.lines().nth(2).unwrap_or_default();
    format!(
        "Copied {} rows to {place}. Every row was compared, and the audit log of {} entries has the same root:\n  {root}\n\
         The key ring and the file of checkpoints are no part of the database: put them where the new installation looks for \
         them. Then: cpis audit verify\n",
        done.rows, done.entries
    )
}
