//! Lines and cells of a text (RFC 4180, with any of three separators and any line end). Strict about quotation marks: where one
//! has no partner nobody can say which rows there are, and the file is refused.

use crate::{COLUMNS_MAX, LINES_MAX};
use cpis_model::upload::RECORD_BYTES_MAX;
use std::borrow::Cow;

/// A row that holds something.
pub(crate) struct Row<'t> {
    /// Line on which it begins, from 1.
    pub line: u32,
    /// Its cells as written, without their quotation marks.
    pub cells: Vec<Cow<'t, str>>,
}

/// Why reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// Line.
    pub line: u32,
    /// What is wrong there.
    pub what: &'static str,
}

/// The rows of a text. Lines without any character but blanks are passed over.
pub(crate) struct Rows<'t> {
    text: &'t str,
    at: usize,
    line: u32,
    separator: u8,
    broken: bool,
}

impl<'t> Rows<'t> {
    /// All rows of a text.
    pub fn new(text: &'t str, separator: u8) -> Self {
        Self { text, at: 0, line: 1, separator, broken: false }
    }

    /// Bytes that are read.
    pub fn read(&self) -> usize {
        self.at
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Steps over a line's end: a carriage return, a line feed, or both.
    fn line_end(&mut self) {
        if self.byte() == Some(b'\r') {
            self.at += 1;
        }
        if self.byte() == Some(b'\n') {
            self.at += 1;
        }
    }

    fn next_line(&mut self) -> Result<(), Broken> {
        self.line_end();
        self.line += 1;
        if self.line > LINES_MAX {
            return Err(Broken { line: self.line, what: "the file has too many lines" });
        }
        Ok(())
    }

    fn step(&mut self) -> Result<Option<Row<'t>>, Broken> {
        loop {
            let start = self.at;
            while self.byte().is_some_and(|byte| byte == b' ') {
                self.at += 1;
            }
            match self.byte() {
                None => return Ok(None),
                Some(b'\r' | b'\n') => self.next_line()?,
                Some(_) => {
                    self.at = start;
                    return self.row().map(Some);
                }
            }
        }
    }

    fn row(&mut self) -> Result<Row<'t>, Broken> {
        let (line, start) = (self.line, self.at);
        let mut cells = Vec::with_capacity(12);
        loop {
            if cells.len() == COLUMNS_MAX {
                return Err(Broken { line, what: "the row has more than 100 cells" });
            }
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let blanks = rest.iter().take_while(|byte| **byte == b' ').count();
            let is_quoted = rest.get(blanks) == Some(&b'"');
            cells.push(if is_quoted { self.quoted(blanks, start)? } else { self.bare(line, start)? });
            match self.byte() {
                Some(byte) if byte == self.separator => self.at += 1,
                Some(_) => {
                    self.next_line()?;
                    break;
                }
                None => break,
            }
        }
        Ok(Row { line, cells })
    }

    fn bare(&mut self, line: u32, row_start: usize) -> Result<Cow<'t, str>, Broken> {
        let start = self.at;
        while let Some(byte) = self.byte() {
            if byte == self.separator || matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.at += 1;
        }
        self.bounded(line, row_start)?;
        Ok(Cow::Borrowed(self.text.get(start..self.at).unwrap_or_default()))
    }

    /// A cell in quotation marks. Blanks outside them do not count.
    fn quoted(&mut self, blanks: usize, row_start: usize) -> Result<Cow<'t, str>, Broken> {
        let opened = self.line;
        self.at += blanks + 1;
        let start = self.at;
        let mut doubled = false;
        loop {
            self.bounded(opened, row_start)?;
            match self.byte() {
                None => return Err(Broken { line: opened, what: "a quotation mark has no partner" }),
                Some(b'"') if self.text.as_bytes().get(self.at + 1) == Some(&b'"') => {
                    doubled = true;
                    self.at += 2;
                }
                Some(b'"') => break,
                Some(b'\r' | b'\n') => self.next_line()?,
                Some(_) => self.at += 1,
            }
        }
        let inner = self.text.get(start..self.at).unwrap_or_default();
        self.at += 1;
        while self.byte().is_some_and(|byte| byte == b' ') {
            self.at += 1;
        }
        match self.byte() {
            Some(byte) if byte != self.separator && !matches!(byte, b'\r' | b'\n') => {
                let what = "a closing quotation mark is followed by something: one before it may have no partner";
                Err(Broken { line: self.line, what })
            }
            _ if doubled => Ok(Cow::Owned(inner.replace("\"\"", "\""))),
            _ => Ok(Cow::Borrowed(inner)),
        }
    }

    fn bounded(&self, line: u32, row_start: usize) -> Result<(), Broken> {
        if self.at - row_start > RECORD_BYTES_MAX {
            let what = "a row has more than 64 KiB; perhaps a quotation mark has no partner";
            return Err(Broken { line, what });
        }
        Ok(())
    }
}

impl<'t> Iterator for Rows<'t> {
    type Item = Result<Row<'t>, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.broken {
            return None;
        }
        let row = self.step();
        self.broken = row.is_err();
        row.transpose()
    }
}
