//! The threads of a store: one writer, some readers, and one that moves the write-ahead log into the file.

use crate::queue::{Lane, Shared};
use crate::schema::{Opening, Role, connect};
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Pages in the write-ahead log (of 4 KiB) that are not in the file yet, from which on they are moved: 4 MiB. More at a time
/// would keep the disk busy for so long that looks notice.
const WAL_PAGES_MOVED: i64 = 1024;
/// Pages from which on the writer moves the rest, so that the log begins anew: 48 MiB. Less than its file keeps: while it does
/// not grow, a flush is data alone.
const WAL_PAGES_FINISHED: i64 = 12_288;
/// Pages from which on the writer waits longer for readers: 256 MiB.
const WAL_PAGES_MAX: i64 = 65_536;
/// How often the log is looked at.
const WAL_LOOK: Duration = Duration::from_millis(50);
/// How long the writer waits for readers of the log's end, without whom it begins anew; it is tried again later.
const RESTART_WAIT: Duration = Duration::from_millis(4);
/// The same, when the log is so long that it must.
const RESTART_WAIT_MAX: Duration = Duration::from_millis(100);
/// How often the reserve is tried again.
const RESERVE_RETRY: Duration = Duration::from_secs(10);

/// Reads jobs until the store ends.
pub(crate) fn reader(
    path: PathBuf,
    opening: Opening,
    mut connection: Connection,
    shared: Arc<Shared>,
) -> std::io::Result<JoinHandle<()>> {
    Builder::new().name("store-reader".into()).spawn(move || {
        while let Some(job) = shared.readers.pop() {
            if shared.is_killed() {
                break;
            }
            job(&connection, &shared);
            replace_if_stuck(&mut connection, &path, Role::Reader, opening);
        }
    })
}

/// Writes jobs until the store ends, then waits for the other threads and leaves the file tidy.
pub(crate) fn writer(
    path: PathBuf,
    opening: Opening,
    mut connection: Connection,
    shared: Arc<Shared>,
    others: Vec<JoinHandle<()>>,
    file: Arc<File>,
    ended: watch::Sender<bool>,
) -> std::io::Result<JoinHandle<()>> {
    Builder::new().name("store-writer".into()).spawn(move || {
        while let Some(job) = shared.writer.pop() {
            if shared.is_killed() {
                break;
            }
            job(&connection, &shared);
            if shared.is_killed() {
                break;
            }
            replace_if_stuck(&mut connection, &path, Role::Writer, opening);
        }
        if shared.is_killed() {
            drop(connection);
        } else {
            for other in others {
                let _ = other.join();
            }
            let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
            if let Err((_, error)) = connection.close() {
                tracing::warn!(code = ?error.sqlite_error_code(), "the database was not closed tidily");
            }
        }
        // Not earlier: closing it gives up the locks that the connections hold on the same file.
        drop(file);
        let _ = ended.send(true);
    })
}

/// A connection whose transaction could not be rolled back is given up for a fresh one.
fn replace_if_stuck(connection: &mut Connection, path: &Path, role: Role, opening: Opening) {
    if !connection.is_autocommit()
        && let Ok(fresh) = connect(path, role, opening)
    {
        *connection = fresh;
    }
}

/// Moves the write-ahead log into the file and flushes it beside the writer, so that a look never waits for it. From time to
/// time it lets the writer move the little that came meanwhile: only then does the log begin anew.
pub(crate) fn checkpointer(
    connection: Connection,
    file: Arc<File>,
    shared: Arc<Shared>,
) -> std::io::Result<JoinHandle<()>> {
    Builder::new().name("store-checkpointer".into()).spawn(move || {
        let mut reserve_tried = Instant::now();
        while shared.pause(WAL_LOOK) {
            if let Some(reserve) = &shared.reserve
                && reserve.is_released()
                && reserve_tried.elapsed() > RESERVE_RETRY
            {
                reserve.restore();
                reserve_tried = Instant::now();
            }
            if !shared.take_dirty() {
                continue;
            }
            let (log, moved) = checkpoint(&connection, "-- checkpoint.look\nPRAGMA wal_checkpoint(NOOP)");
            if log - moved < WAL_PAGES_MOVED {
                continue;
            }
            checkpoint(&connection, "-- checkpoint.move\nPRAGMA wal_checkpoint(PASSIVE)");
            // SQLite flushes the file only when the whole log is in it, and then the writer would wait for all of that.
            if let Err(error) = file.sync_data() {
                tracing::warn!(error = ?error.kind(), "the database file could not be flushed; the writer tries it again");
            }
            if log >= WAL_PAGES_FINISHED {
                let _ = shared.writer.push(Lane::Urgent, Box::new(move |writer, _| finish(writer, log)));
            }
        }
    })
}

fn finish(writer: &Connection, log: i64) {
    let usual: i64 = writer.pragma_query_value(None, "busy_timeout", |row| row.get(0)).unwrap_or(5000);
    let _ = writer.busy_timeout(if log < WAL_PAGES_MAX { RESTART_WAIT } else { RESTART_WAIT_MAX });
    checkpoint(writer, "-- checkpoint.restart\nPRAGMA wal_checkpoint(RESTART)");
    let _ = writer.busy_timeout(Duration::from_millis(usual.unsigned_abs()));
}

/// Pages in the log, and how many of them are in the file already.
fn checkpoint(connection: &Connection, sql: &'static str) -> (i64, i64) {
    let pages = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_row([], |row| Ok((row.get(1)?, row.get(2)?))));
    pages.unwrap_or_else(|error| {
        tracing::warn!(code = ?error.sqlite_error_code(), "the write-ahead log could not be moved into the database");
        (0, 0)
    })
}
