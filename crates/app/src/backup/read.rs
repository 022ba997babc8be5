//! Reading a stream: every frame is held against the tables, and the end against all before it.

use super::{BackupError, END, FORM, FRAME_BYTES_MAX, HIGHEST, Head, NAME, ROWS, Summary};
use cpis_model::Timestamp;
use cpis_store::tables::{Column, Kind, Part, Row, Table, Value, table};
use minicbor::Decoder;
use minicbor::data::Type;
use sha2::{Digest, Sha256};
use std::io::Read;

/// Reads a stream, part by part.
pub struct Reader<R> {
    input: R,
    digest: Sha256,
    summary: Summary,
    ended: bool,
}

/// A frame that does not decode.
struct Bad;

impl From<minicbor::decode::Error> for Bad {
    fn from(_: minicbor::decode::Error) -> Self {
        Self
    }
}

impl<R: Read> Reader<R> {
    /// Reads the beginning. Refuses what this program cannot restore.
    pub fn open(input: R) -> Result<(Self, Head), BackupError> {
        let mut reader = Self { input, digest: Sha256::new(), summary: Summary::default(), ended: false };
        let item = reader.frame()?;
        reader.note(&item);
        let mut decoder = Decoder::new(&item);
        let named =
            decoder.array().is_ok_and(|length| length == Some(5)) && decoder.str().is_ok_and(|name| name == NAME);
        if !named {
            return Err(BackupError::Other);
        }
        let damaged = |_| BackupError::Damaged("its beginning cannot be read");
        let form = decoder.u8().map_err(damaged)?;
        let program = decoder.str().map_err(damaged)?.to_owned();
        if form != FORM {
            return Err(BackupError::Newer(form, program));
        }
        let made = Timestamp::from_millisecond(decoder.i64().map_err(damaged)?);
        let made = made.map_err(|_| BackupError::Damaged("its moment cannot be read"))?;
        let head = Head::new(made, &program);
        if decoder.bytes().map_err(damaged)? != head.schema {
            return Err(BackupError::OtherTables(program));
        }
        Ok((reader, head))
    }

    /// The next part; nothing once the end was reached and holds.
    pub fn part(&mut self) -> Result<Option<Part>, BackupError> {
        if self.ended {
            return Ok(None);
        }
        let item = self.frame()?;
        let mut decoder = Decoder::new(&item);
        let damaged = || BackupError::Damaged("a frame cannot be read");
        let kind = decoder.array().and_then(|_| decoder.u8()).map_err(|_| damaged())?;
        if kind == END {
            let rows = decoder.u64().map_err(|_| damaged())?;
            let digest = decoder.bytes().map_err(|_| damaged())?;
            if rows != self.summary.rows || digest != self.digest.clone().finalize().as_slice() {
                return Err(BackupError::Damaged("its end does not fit what stands before it"));
            }
            if self.input.read(&mut [0])? != 0 {
                return Err(BackupError::Damaged("something follows its end"));
            }
            self.ended = true;
            return Ok(None);
        }
        self.note(&item);
        let part = decode(kind, &mut decoder).map_err(|Bad| damaged())?;
        if let Part::Rows(table, rows) = &part {
            for row in rows {
                self.summary.add(table, row);
            }
        }
        Ok(Some(part))
    }

    /// What was in the stream, once [`Reader::part`] has come to the end.
    pub fn summary(self) -> Summary {
        self.summary
    }

    fn note(&mut self, item: &[u8]) {
        self.digest.update((item.len() as u32).to_be_bytes());
        self.digest.update(item);
    }

    fn frame(&mut self) -> Result<Vec<u8>, BackupError> {
        let ended = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => BackupError::Damaged("it ends too early"),
            _ => BackupError::Io(error),
        };
        let mut length = [0; 4];
        self.input.read_exact(&mut length).map_err(ended)?;
        let length = u32::from_be_bytes(length) as usize;
        if length > FRAME_BYTES_MAX {
            return Err(BackupError::Other);
        }
        // Grows with what is there, not with what a damaged length says.
        let mut item = Vec::new();
        let read = self.input.by_ref().take(length as u64).read_to_end(&mut item).map_err(ended)?;
        if read == length { Ok(item) } else { Err(BackupError::Damaged("it ends too early")) }
    }
}

fn decode(kind: u8, decoder: &mut Decoder<'_>) -> Result<Part, Bad> {
    let table = table(decoder.str()?).ok_or(Bad)?;
    match kind {
        ROWS => {
            let count = decoder.array()?.ok_or(Bad)?;
            let rows: Result<Vec<Row>, Bad> = (0..count).map(|_| decode_row(table, decoder)).collect();
            Ok(Part::Rows(table, rows?))
        }
        HIGHEST => Ok(Part::Highest(table, decoder.u64()?)),
        _ => Err(Bad),
    }
}

fn decode_row(table: &Table, decoder: &mut Decoder<'_>) -> Result<Row, Bad> {
    if decoder.array()? != Some(table.columns.len() as u64) {
        return Err(Bad);
    }
    table.columns.iter().map(|column| decode_value(column, decoder)).collect()
}

fn decode_value(column: &Column, decoder: &mut Decoder<'_>) -> Result<Value, Bad> {
    if decoder.datatype()? == Type::Null {
        decoder.null()?;
        return if column.nullable { Ok(Value::Null) } else { Err(Bad) };
    }
    Ok(match column.kind {
        Kind::Integer => Value::Integer(decoder.i64()?),
        Kind::Text => Value::Text(decoder.str()?.to_owned()),
        Kind::Bytes => Value::Bytes(decoder.bytes()?.to_vec()),
    })
}
