//! `cpis restore`: a backup put into an empty place, and made ready for the service: a new epoch of the audit log, people who
//! were erased since erased again, everything verified.

use crate::age_file::Identities;
use crate::backup::read_through;
use crate::backup_folder::{backups, erased_list, read_erased};
use crate::config::read_text;
use crate::database::{DatabasePlace, How, open_database};
use crate::epoch::{self, Begun};
use crate::fault::{Fault, Kind, Result};
use crate::open::{self, CHECKPOINTS_BYTES_MAX, Opened};
use crate::places::{Places, write_private};
use crate::{audit, cli, progress, ring_file, say, signals};
use cpis_app::backup::{BackupError, Head, Reader, RestoreError, Restored, Resume, restore, resume};
use cpis_app::copy::{CopyError, Progress, Step};
use cpis_app::{Clock, SystemClock, lifecycle};
use cpis_model::Timestamp;
use cpis_store::Database;
use cpis_store::tables::Part;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::sync::{mpsc, watch};

/// Parts that wait to be put into the database.
const PARTS: usize = 4;
/// Bytes that are read at a time.
const BUFFER: usize = 256 * 1024;
/// Connections that read the database.
const READERS: u32 = 2;

/// Restores, or only looks at a backup.
pub async fn run(arguments: &cli::Restore) -> Result<ExitCode> {
    let path = newest(&arguments.backup)?;
    let identities = Identities::read(&arguments.identity)?;
    if arguments.check {
        return check(&path, &identities);
    }
    let (places, _) = arguments.place.places()?;
    places.create()?;
    let lock = places.lock()?;
    ring_file::read(&places.key_ring).map_err(|fault| {
        let mend = "Make it from its shares with cpis keys import, or put a copy of it back. Then run this again.";
        Fault::new(Kind::Keys, fault.what).mend(mend)
    })?;
    // Before anything is written, whatever may be wrong with them.
    let beside = path.parent().map(erased_list).unwrap_or_default();
    let mut erased = read_erased(&beside)?;
    if let Some(list) = &arguments.erased {
        if !list.exists() {
            return Err(Fault::new(Kind::Usage, format!("There is no file {}", list.display())));
        }
        erased.extend(read_erased(list)?);
    }
    keep_checkpoints(&places, arguments.checkpoints.as_deref())?;
    let mut stop = signals::watch()?;
    let filled = fill(&places, &path, &identities, &mut stop).await?;
    ring_file::change(&places.key_ring, |ring| ring.with_all_erased(&erased))?;

    let opened = open::open(places.clone(), lock, READERS, false).await?;
    opened.check_keys().await?;
    let service = opened.command_service();
    let ready = make_ready(&opened, &service).await;
    service.close().await;
    opened.close().await;
    let (begun, again) = ready?;
    say::text(words(&path, &places, filled.as_ref(), begun, again));

    say::line("Verifying the audit log:");
    let lock = places.lock()?;
    let opened = open::open(places, lock, READERS, false).await?;
    let verified = tokio::select! {
        verified = audit::check(&opened, arguments.checkpoints.as_deref()) => Some(verified),
        () = signals::asked(&mut stop) => None,
    };
    opened.close().await;
    let Some(verified) = verified else {
        let what = "The verification was interrupted. Everything is restored, and nobody has verified it";
        return Err(Fault::failed(what).mend("Before the service starts: cpis audit verify"));
    };
    let verified = verified?;
    if verified == ExitCode::SUCCESS {
        say::text(NEXT);
    } else {
        say::line("Do not start the service before somebody has looked at these faults.");
    }
    Ok(verified)
}

/// What is left for people.
const NEXT: &str = "\
What to do next:
  1. Start the service, and look: cpis doctor.
  2. Tell every authority to send its files since the recovery point again, oldest first. One that has them no more sends its
     newest: the first file of an authority after a restore is taken whatever its number.
  3. Tell the authorities and the sites that looks since the recovery point, and notices of them, are lost here.
  4. Look through local accounts (cpis account list) and the register: they are as they were at the recovery point.
  5. Take a backup now, and never start what was restored from.
";

/// The backup itself, or the newest one of a folder.
fn newest(path: &Path) -> Result<PathBuf> {
    if !path.is_dir() {
        return if path.exists() {
            Ok(path.to_owned())
        } else {
            Err(Fault::new(Kind::Usage, format!("There is no backup {}", path.display())))
        };
    }
    let all = backups(path)
        .map_err(|error| Fault::new(Kind::Usage, format!("The folder {} cannot be read: {error}", path.display())))?;
    let newest = all.into_iter().next_back().map(|found| found.path);
    newest.ok_or_else(|| Fault::new(Kind::Usage, format!("There is no backup in {}", path.display())))
}

/// Opens the encrypted stream.
fn stream(path: &Path, identities: &Identities) -> Result<impl Read + Send + use<>> {
    let fault = |what: String| Fault::new(Kind::Usage, format!("The backup {}: {what}", path.display()));
    let file = File::open(path).map_err(|error| fault(format!("it cannot be read: {error}")))?;
    identities.open(BufReader::with_capacity(BUFFER, file)).map_err(fault)
}

/// Reads everything and changes nothing.
fn check(path: &Path, identities: &Identities) -> Result<ExitCode> {
    let (head, summary) = read_through(stream(path, identities)?).map_err(|error| unusable(path, &error))?;
    say::line(format_args!("{} is whole.", path.display()));
    say::line(format_args!("Recovery point {}, written by cpis {}.", shown(head.made), head.program));
    say::line(format_args!(
        "{} rows, {} entries of the audit log, {} people erased.",
        summary.rows,
        summary.entries,
        summary.erased.len()
    ));
    Ok(ExitCode::SUCCESS)
}

fn unusable(path: &Path, error: &BackupError) -> Fault {
    let mend = match error {
        BackupError::OtherTables(_) => "Restore it with that version, then bring it up with cpis migrate.",
        BackupError::Newer(..) => "Restore it with that version, or a later one.",
        BackupError::Damaged(_) => "Use another backup.",
        BackupError::Other | BackupError::Io(_) => "",
    };
    Fault::new(Kind::Data, format!("The backup {} cannot be used: {error}", path.display())).mend(mend)
}

/// Where the installation has no file of checkpoints, one that was kept elsewhere takes its place: the new epoch names its tip.
fn keep_checkpoints(places: &Places, kept: Option<&Path>) -> Result<()> {
    let Some(kept) = kept else { return Ok(()) };
    let fault = |what: String| Fault::new(Kind::Usage, format!("The checkpoints {}: {what}", kept.display()));
    let text = read_text(kept, CHECKPOINTS_BYTES_MAX).map_err(fault)?;
    let whole = text.get(..cpis_audit::whole_records(&text)).unwrap_or_default();
    // A single checkpoint is no record of a file yet.
    let records = if whole.is_empty() { cpis_audit::file_record(&text) } else { whole.to_owned() };
    if places.checkpoints.exists() {
        return Ok(());
    }
    write_private(&places.checkpoints, records.as_bytes(), false).map_err(|error| {
        let what = format!("The file of checkpoints {} cannot be written: {error}", places.checkpoints.display());
        Fault::new(Kind::Data, what)
    })
}

/// Fills the database; nothing where an earlier run has filled it and was interrupted after that.
async fn fill(
    places: &Places,
    path: &Path,
    identities: &Identities,
    stop: &mut watch::Receiver<bool>,
) -> Result<Option<(Head, Restored)>> {
    let place = DatabasePlace::of(places);
    if let DatabasePlace::File(file) = &place
        && !file.exists()
    {
        let log = Path::new(file).with_extension("db-wal");
        if log.exists() {
            let what = format!("{} is left of another database", log.display());
            return Err(Fault::new(Kind::Data, what).mend("Name an empty folder, or move that file away."));
        }
    }
    let stream = stream(path, identities)?;
    let (reader, head) = Reader::open(stream).map_err(|error| unusable(path, &error))?;
    let to = open_database(&place, How::CopyTo, READERS).await?;
    let owed = resume(&*to).await.map_err(|error| open::database(&error))?;
    if owed.is_some_and(|owed| owed.owed) {
        to.close().await;
        return Ok(None);
    }
    let done = tokio::select! {
        done = put(reader, &head, &*to) => Some(done),
        () = signals::asked(stop) => None,
    };
    to.close().await;
    match done {
        Some(Ok(done)) => Ok(Some((head, done))),
        Some(Err(RestoreError::Backup(error))) => Err(unusable(path, &error)),
        Some(Err(RestoreError::Target(error))) => Err(target_fault(&place, &error)),
        None => Err(Fault::failed("The restore was interrupted. Nothing uses what is there so far")
            .mend("Run the same command again: it begins anew.")),
    }
}

fn target_fault(place: &DatabasePlace, error: &CopyError) -> Fault {
    let (kind, mend) = match error {
        CopyError::NotEmpty(_) => {
            (Kind::Data, "Name an empty folder or an empty database: nothing is restored over another one.")
        }
        CopyError::Differs { .. } => {
            (Kind::Failed, "What is there must not be used. Look at the disk, and run the same command again.")
        }
        _ => (Kind::Data, "Run the same command again: it begins anew."),
    };
    Fault::new(kind, format!("The backup was not restored to {place}: {error}")).mend(mend)
}

async fn put<R: Read + Send + 'static>(
    mut reader: Reader<R>,
    head: &Head,
    to: &dyn Database,
) -> Result<Restored, RestoreError> {
    let (send, parts) = mpsc::channel(PARTS);
    let reading = tokio::task::spawn_blocking(move || {
        loop {
            let next: Option<Result<Part, BackupError>> = reader.part().transpose();
            let Some(next) = next else { return };
            let failed = next.is_err();
            if send.blocking_send(next).is_err() || failed {
                return;
            }
        }
    });
    let bar = progress::bar("restoring", 0, progress::SIZE);
    let mut step = Step::Copying;
    let done = restore(head, parts, to, SystemClock.now(), &mut |at: Progress| {
        if step != at.step {
            step = at.step;
            bar.set_message(match at.step {
                Step::Copying => "restoring",
                Step::Comparing => "comparing",
                Step::Proving => "proving the audit log",
            });
        }
        bar.set_position(at.done);
    })
    .await;
    bar.finish_and_clear();
    let _ = reading.await;
    done
}

/// Begins the log's new epoch, erases again who was erased since, and only then lets the service have the database. Says how
/// many were erased again.
async fn make_ready(opened: &Opened, service: &cpis_app::Service) -> Result<(Begun, usize)> {
    let owed = resume(&*opened.store).await.map_err(|error| open::database(&error))?;
    let owed = owed.ok_or_else(|| Fault::new(Kind::Data, "The database does not say that it was restored"))?;
    let begun = epoch::begin(opened, service, Some(owed)).await?;
    let again = lifecycle::replay_erasures(service).await.map_err(|error| open::app(&error))?;
    open::sign(service).await?;
    let done = Resume { epoch: begun.epoch.number, owed: false, ..owed };
    done.save(&*opened.store).await.map_err(|error| open::database(&error))?;
    Ok((begun, again))
}

fn shown(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn words(path: &Path, places: &Places, filled: Option<&(Head, Restored)>, begun: Begun, again: usize) -> String {
    let place = DatabasePlace::of(places);
    let mut lines = Vec::new();
    if let Some((head, done)) = filled {
        lines.push(format!("Restored {} rows from {} to {place}.", done.summary.rows, path.display()));
        lines.push("Every row was compared, and the audit log has the root that was signed.".to_owned());
        let made = shown(head.made);
        lines
            .push(format!("Recovery point: {made}. What was answered before it is there; what came after it is lost."));
    } else {
        lines.push(format!("An earlier run had restored the rows to {place}; the rest was done now."));
    }
    lines.push(begun.to_string());
    lines.push(format!("{again} people who were erased since the backup were erased again. Everybody is signed out."));
    lines.push(String::new());
    lines.join("\n")
}
