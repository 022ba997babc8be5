//! `cpis backup`: the whole database, as it is at one moment, into one encrypted file. The service may run meanwhile.

use crate::age_file::{Identities, Recipient, begins_encrypted, encrypt, recipient, recipients_of};
use crate::backup_folder::{Folder, PART, add_erased, io_fault};
use crate::cli;
use crate::config::Config;
use crate::database::{DatabasePlace, How, open_database};
use crate::fault::{Fault, Kind, Result};
use crate::{open, progress, say, signals};
use cpis_app::backup::{BackupError, Head, Reader, Summary, Writer};
use cpis_app::{Clock, SystemClock};
use cpis_store::tables::Part;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};

/// Parts that wait to be written.
const PARTS: usize = 4;
/// Bytes that are read or written at a time.
const BUFFER: usize = 256 * 1024;
/// Days for which backups are kept where nothing else is said: none is removed.
const KEEP_ALL: u32 = 0;

/// What to do, from the command line and the configuration.
struct Plan {
    folder: PathBuf,
    recipients: Vec<Recipient>,
    keep_days: u32,
    identities: Identities,
}

impl Plan {
    fn of(arguments: &cli::Backup, config: Option<&Config>) -> Result<Self> {
        let settings = config.map(|config| config.backup.clone()).unwrap_or_default();
        let Some(folder) = arguments.folder.clone().or(settings.folder) else {
            let what = "Nothing says where backups go";
            return Err(Fault::new(Kind::Usage, what).mend("Give --folder, or set `folder` in [backup]."));
        };
        let given = !arguments.recipient.is_empty() || arguments.recipients_file.is_some();
        let (texts, file, kind) = if given {
            (&arguments.recipient, arguments.recipients_file.as_ref(), Kind::Usage)
        } else {
            (&settings.recipients, settings.recipients_file.as_ref(), Kind::Configuration)
        };
        let read = |text: &String| recipient(text).map_err(|what| Fault::new(kind, format!("A recipient: {what}")));
        let mut recipients = texts.iter().map(read).collect::<Result<Vec<_>>>()?;
        if let Some(file) = file {
            recipients.extend(recipients_of(file)?);
        }
        if recipients.is_empty() {
            let what = "Nothing says who may open the backup";
            let mend = "Give --recipient, or set `recipients` in [backup]. cpis keys identity makes one.";
            return Err(Fault::new(Kind::Usage, what).mend(mend));
        }
        let in_config = config.map_or(KEEP_ALL, |config| config.backup.keep_days);
        let identities = Identities::read(&arguments.identity)?;
        Ok(Self { folder, recipients, keep_days: arguments.keep.unwrap_or(in_config), identities })
    }
}

/// Backs up, reads back what was written, and only then removes what is too old.
pub async fn run(arguments: &cli::Backup) -> Result<ExitCode> {
    let mut stop = signals::watch()?;
    let (places, config) = arguments.place.places()?;
    let plan = Plan::of(arguments, config.as_ref())?;
    let folder = Folder::open(&plan.folder)?;
    let place = DatabasePlace::of(&places);
    let began = Instant::now();
    let store = open_database(&place, How::Beside, 1).await?;
    open::refuse_unfinished(&*store, &place).await?;

    // Before the snapshot begins: what was answered before it is in it.
    let head = Head::new(SystemClock.now(), env!("CARGO_PKG_VERSION"));
    let made = head.made;
    let (send, parts) = mpsc::channel(PARTS);
    let (tell, whole) = oneshot::channel();
    let from = Arc::clone(&store);
    let reading = tokio::spawn(async move {
        let read = from.snapshot(send).await;
        let _ = tell.send(read.is_ok());
        read
    });
    let stopped = Arc::new(AtomicBool::new(false));
    let job = Job { folder, head, plan, stopped: Arc::clone(&stopped) };
    let mut writing = tokio::task::spawn_blocking(move || job.run(parts, whole));
    let written = tokio::select! {
        written = &mut writing => written,
        () = signals::asked(&mut stop) => {
            stopped.store(true, Ordering::Relaxed);
            writing.await
        }
    };
    let read = reading.await;
    store.close().await;
    let written = written.map_err(|_| Fault::failed("The program has a fault: writing ended unexpectedly"))?;
    // Why the rows did not come tells more than that they did not.
    match (read, written) {
        (Ok(Err(error)), Err(Stop::NotWhole)) => Err(open::database(&error)),
        (_, Err(Stop::NotWhole)) => Err(Fault::failed("The database was not read to its end")),
        (_, Err(Stop::Fault(fault))) => Err(fault),
        (_, Ok((job, done))) => {
            add_erased(job.folder.path(), &done.summary.erased)?;
            let keep = job.plan.keep_days;
            let removed = if keep == KEEP_ALL { 0 } else { job.folder.remove_older(keep, made)? };
            say::text(words(&done, began.elapsed().as_secs_f64(), removed, keep));
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// A backup that is there whole.
struct Done {
    path: PathBuf,
    summary: Summary,
    bytes: u64,
    digest: [u8; 32],
    /// Somebody's identity opened it and every row was read.
    opened: bool,
}

fn words(done: &Done, seconds: f64, removed: usize, keep: u32) -> String {
    let Summary { rows, entries, .. } = done.summary;
    let digest = data_encoding::HEXLOWER.encode(&done.digest);
    let mut lines = vec![
        format!("Backed up {rows} rows, with {entries} entries of the audit log, to {}", done.path.display()),
        format!("{} bytes in {seconds:.1} s, SHA-256 {digest}", done.bytes),
    ];
    lines.push(
        if done.opened {
            "It was read back and decrypted, and every row stands in it."
        } else {
            "It was read back and is what was written. Nobody has decrypted it: try that from time to time (cpis restore --check)."
        }
        .to_owned(),
    );
    if removed > 0 {
        lines.push(format!("Removed {removed} older than {keep} days."));
    }
    lines.push("The key ring is not in it: see cpis keys export.\n".to_owned());
    lines.join("\n")
}

/// Why nothing was written.
enum Stop {
    /// The rows did not come to their end.
    NotWhole,
    Fault(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

struct Job {
    folder: Folder,
    head: Head,
    plan: Plan,
    stopped: Arc<AtomicBool>,
}

impl Job {
    /// Writes under another name, reads back, and only then gives it its own. What does not come so far is gone.
    fn run(self, mut parts: mpsc::Receiver<Part>, whole: oneshot::Receiver<bool>) -> Result<(Self, Done), Stop> {
        let folder = self.folder.path().to_owned();
        let fault = |error: &std::io::Error| io_fault("The backup cannot be written to", &folder, error);
        // Readable by its owner alone from its first moment.
        let file = tempfile::Builder::new().prefix(PART.0).suffix(PART.1).tempfile_in(&folder);
        let file = file.map_err(|error| fault(&error))?;
        let (summary, bytes, digest) = self.write(file.as_file(), &mut parts, whole, &fault)?;
        // What still comes is not waited for.
        drop(parts);
        self.read_back(file.path(), &summary, bytes, digest)?;
        let path = self.folder.place(self.head.made);
        file.persist_noclobber(&path).map_err(|error| fault(&error.error))?;
        self.folder.sync().map_err(|error| fault(&error))?;
        let opened = !self.plan.identities.is_empty();
        Ok((self, Done { path, summary, bytes, digest, opened }))
    }

    fn write(
        &self,
        file: &File,
        parts: &mut mpsc::Receiver<Part>,
        whole: oneshot::Receiver<bool>,
        fault: &dyn Fn(&std::io::Error) -> Fault,
    ) -> Result<(Summary, u64, [u8; 32]), Stop> {
        let bar = progress::bar("backing up", 0, progress::SIZE);
        let sink = Digesting { out: BufWriter::with_capacity(BUFFER, file), digest: Sha256::new(), bytes: 0 };
        let written = (|| {
            let mut writer = Writer::begin(encrypt(&self.plan.recipients, sink)?, &self.head)?;
            let mut rows = 0;
            while let Some(part) = parts.blocking_recv() {
                if self.stopped.load(Ordering::Relaxed) {
                    return Ok(None);
                }
                if let Part::Rows(_, more) = &part {
                    rows += more.len() as u64;
                    bar.set_position(rows);
                }
                writer.part(&part)?;
            }
            if whole.blocking_recv() != Ok(true) {
                return Ok(None);
            }
            let (stream, summary) = writer.finish()?;
            let mut sink = stream.finish()?;
            sink.flush()?;
            file.sync_all()?;
            Ok(Some((summary, sink.bytes, sink.digest.finalize().into())))
        })();
        bar.finish_and_clear();
        match written {
            Ok(Some(done)) => Ok(done),
            Ok(None) if self.stopped.load(Ordering::Relaxed) => {
                Err(Fault::failed("The backup was interrupted, and nothing of it is kept").into())
            }
            Ok(None) => Err(Stop::NotWhole),
            Err(error) => Err(fault(&error).into()),
        }
    }

    /// Reads from the disk what was written and holds it against what should stand there.
    fn read_back(&self, path: &Path, summary: &Summary, bytes: u64, digest: [u8; 32]) -> Result<()> {
        let shown = self.folder.path().display();
        let fault = |what: String| {
            Fault::failed(format!("What was written to {shown} is not what is read back: {what}"))
                .mend("Nothing of it is kept. Look at the disk, or name a folder on another one.")
        };
        let open = || -> Result<File> {
            let file = File::open(path).map_err(|error| fault(error.to_string()))?;
            // Read from the disk, not from memory.
            let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
            Ok(file)
        };
        let mut file = open()?;
        let (mut read, mut seen, mut buffer) = (0, Sha256::new(), vec![0; BUFFER]);
        loop {
            match file.read(&mut buffer).map_err(|error| fault(error.to_string()))? {
                0 => break,
                count => {
                    seen.update(buffer.get(..count).unwrap_or_default());
                    read += count as u64;
                }
            }
        }
        if read != bytes || *seen.finalize() != digest {
            return Err(fault(format!("{read} of {bytes} bytes, or others")));
        }
        begins_encrypted(BufReader::new(open()?)).map_err(&fault)?;
        if self.plan.identities.is_empty() {
            return Ok(());
        }
        let stream = self.plan.identities.open(BufReader::with_capacity(BUFFER, open()?));
        let stream = stream.map_err(|what| {
            Fault::new(Kind::Usage, format!("The identity does not open the backup: {what}"))
                .mend("Give the identity of one of the recipients, or none. Nothing is kept.")
        })?;
        let again = read_through(stream).map_err(|error| fault(error.to_string()))?.1;
        if again == *summary { Ok(()) } else { Err(fault("other rows".to_owned())) }
    }
}

/// Reads a stream to its end, every row of it.
pub fn read_through(stream: impl Read) -> Result<(Head, Summary), BackupError> {
    let (mut reader, head) = Reader::open(stream)?;
    while reader.part()?.is_some() {}
    Ok((head, reader.summary()))
}

/// Digests what goes through.
struct Digesting<W> {
    out: W,
    digest: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.digest.update(bytes.get(..count).unwrap_or_default());
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}
