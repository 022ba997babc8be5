//! Writing a stream.

use super::{END, FORM, FRAME_BYTES, FRAME_ROWS, HIGHEST, Head, NAME, ROWS, Summary, encode_row};
use cpis_store::tables::{Part, Row, Table};
use minicbor::Encoder;
use sha2::{Digest, Sha256};
use std::io::{Error, Result, Write};

/// Writes a stream, part by part.
pub struct Writer<W> {
    out: W,
    digest: Sha256,
    summary: Summary,
    waiting: Option<Waiting>,
}

/// Rows that go into the next frame.
struct Waiting {
    table: &'static Table,
    count: u64,
    rows: Vec<u8>,
}

/// Encoding into memory does not fail.
fn encoded<E: std::fmt::Display>(error: E) -> Error {
    Error::other(error.to_string())
}

impl<W: Write> Writer<W> {
    /// Begins with what the stream says of itself.
    pub fn begin(out: W, head: &Head) -> Result<Self> {
        let mut writer = Self { out, digest: Sha256::new(), summary: Summary::default(), waiting: None };
        let mut item = Vec::new();
        let mut encoder = Encoder::new(&mut item);
        encoder.array(5).and_then(|to| to.str(NAME)?.u8(FORM)?.str(&head.program)).map_err(encoded)?;
        encoder.i64(head.made.as_millisecond()).and_then(|to| to.bytes(&head.schema)).map_err(encoded)?;
        writer.frame(&item)?;
        Ok(writer)
    }

    /// Adds a part.
    pub fn part(&mut self, part: &Part) -> Result<()> {
        match part {
            Part::Rows(table, rows) => self.rows(table, rows),
            Part::Highest(table, number) => {
                self.flush()?;
                let mut item = Vec::new();
                let mut encoder = Encoder::new(&mut item);
                encoder.array(3).and_then(|to| to.u8(HIGHEST)?.str(table.name)?.u64(*number)).map_err(encoded)?;
                self.frame(&item)
            }
        }
    }

    /// Rows of several parts stand in one frame, so that a restore writes many at a time.
    fn rows(&mut self, table: &'static Table, rows: &[Row]) -> Result<()> {
        if self.waiting.as_ref().is_some_and(|waiting| waiting.table != table) {
            self.flush()?;
        }
        for row in rows {
            self.summary.add(table, row);
            let waiting = self.waiting.get_or_insert_with(|| Waiting { table, count: 0, rows: Vec::new() });
            encode_row(&mut waiting.rows, row).map_err(encoded)?;
            waiting.count += 1;
            if waiting.rows.len() >= FRAME_BYTES || waiting.count >= FRAME_ROWS {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let Some(Waiting { table, count, rows }) = self.waiting.take() else { return Ok(()) };
        let mut item = Vec::with_capacity(rows.len() + 64);
        let mut encoder = Encoder::new(&mut item);
        encoder.array(3).and_then(|to| to.u8(ROWS)?.str(table.name)?.array(count)).map_err(encoded)?;
        item.extend_from_slice(&rows);
        self.frame(&item)
    }

    fn frame(&mut self, item: &[u8]) -> Result<()> {
        let length = u32::try_from(item.len()).map_err(|_| Error::other("a row is too long"))?.to_be_bytes();
        for bytes in [&length[..], item] {
            self.digest.update(bytes);
            self.out.write_all(bytes)?;
        }
        Ok(())
    }

    /// Ends the stream, and gives back what it was written to.
    pub fn finish(mut self) -> Result<(W, Summary)> {
        self.flush()?;
        let digest = self.digest.clone().finalize();
        let mut item = Vec::new();
        let mut encoder = Encoder::new(&mut item);
        encoder.array(3).and_then(|to| to.u8(END)?.u64(self.summary.rows)?.bytes(&digest)).map_err(encoded)?;
        self.frame(&item)?;
        Ok((self.out, self.summary))
    }
}
