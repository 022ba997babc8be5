//! The messages of a file, one at a time: MLLP frames, or text in which a message begins where a line begins with MSH.

use crate::fault::{Fault, Kind, OrFault, Result};
use cpis_format_hl7v2::mllp::{Decoder, Event, MESSAGE_BYTES_MAX, VT};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Lines of a batch around messages: passed over, because a feed gets messages one by one.
const OF_BATCHES: [&[u8]; 4] = [b"FHS", b"BHS", b"BTS", b"FTS"];

/// A file of messages.
pub struct Messages {
    path: PathBuf,
    reader: BufReader<File>,
    bytes: u64,
    position: u64,
    /// `None` for text.
    frames: Option<Decoder>,
    waiting: VecDeque<Vec<u8>>,
    /// The message that is being read, of a text.
    open: Vec<u8>,
    line: Vec<u8>,
    is_done: bool,
}

impl Messages {
    /// Opens it and sees which of the two it is.
    pub fn open(path: &Path) -> Result<Self> {
        let what = format!("The file {} cannot be read", path.display());
        let file = File::open(path).or_fault(Kind::Usage, &what)?;
        let bytes = file.metadata().or_fault(Kind::Usage, &what)?.len();
        let mut reader = BufReader::with_capacity(64 * 1024, file);
        let start = reader.fill_buf().or_fault(Kind::Usage, &what)?;
        let first = start.iter().find(|byte| !byte.is_ascii_whitespace() || **byte == VT);
        let frames = (first == Some(&VT)).then(Decoder::new);
        let (waiting, open, line) = (VecDeque::new(), Vec::new(), Vec::new());
        Ok(Self { path: path.to_owned(), reader, bytes, position: 0, frames, waiting, open, line, is_done: false })
    }

    /// Bytes of the file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many of them were read.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The next message, without a frame.
    pub fn next(&mut self) -> Result<Option<Vec<u8>>> {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                return Ok(Some(message));
            }
            if self.is_done {
                return Ok(None);
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> Result<()> {
        let what = format!("The file {} cannot be read", self.path.display());
        let chunk = self.reader.fill_buf().or_fault(Kind::Failed, &what)?.to_vec();
        self.reader.consume(chunk.len());
        self.position += chunk.len() as u64;
        self.is_done = chunk.is_empty();
        if let Some(decoder) = &mut self.frames {
            decoder.push(&chunk);
            for event in decoder {
                match event {
                    Event::Message(message) => self.waiting.push_back(message),
                    Event::TooLong { head } => self.waiting.push_back(head),
                    _ => {}
                }
            }
            return Ok(());
        }
        for byte in chunk {
            self.line.push(byte);
            if matches!(byte, b'\r' | b'\n') {
                self.end_line();
            }
        }
        if self.is_done {
            self.end_line();
            self.end_message();
        }
        if self.open.len() + self.line.len() > 2 * MESSAGE_BYTES_MAX {
            return Err(Fault::failed(format!("{} has a message without end.", self.path.display())));
        }
        Ok(())
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let name = line.trim_ascii_start();
        let name = name.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(name).get(..3).unwrap_or_default();
        if OF_BATCHES.iter().any(|batch| name.eq_ignore_ascii_case(batch)) {
            return;
        }
        if name.eq_ignore_ascii_case(b"MSH") {
            self.end_message();
        }
        // What stands before the first message is none.
        let begins = name.eq_ignore_ascii_case(b"MSH") || !self.open.is_empty();
        if begins && !line.trim_ascii().is_empty() {
            // Lines of a text are segments, and on the wire these end with a carriage return.
            let kept = line.strip_suffix(b"\n").or_else(|| line.strip_suffix(b"\r")).unwrap_or(&line);
            self.open.extend_from_slice(kept);
            self.open.push(b'\r');
        }
    }

    fn end_message(&mut self) {
        if !self.open.is_empty() {
            self.waiting.push_back(std::mem::take(&mut self.open));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(bytes: &[u8]) -> Vec<String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let mut messages = Messages::open(file.path()).unwrap();
        let all = std::iter::from_fn(|| messages.next().unwrap());
        all.map(|message| String::from_utf8(message).unwrap().replace('\r', "/")).collect()
    }

    #[test]
    fn messages_are_found_in_frames_and_in_text() {
        let two = ["MSH|1/PID|1/", "MSH|2/"];
        for bytes in [
            &b"MSH|1\rPID|1\rMSH|2\r"[..],
            b"MSH|1\nPID|1\n\nMSH|2",
            b"MSH|1\r\nPID|1\r\n\r\nMSH|2\r\n",
            b"FHS|x\nBHS|x\nMSH|1\nPID|1\nMSH|2\nBTS|2\nFTS|1\n",
            b"a line of a log\nMSH|1\nPID|1\nMSH|2\n",
            b"\x0BMSH|1\rPID|1\r\x1C\r\x0BMSH|2\r\x1C\r",
            b"\n\x0BMSH|1\rPID|1\r\x1C\r\n\x0BMSH|2\r\x1C",
        ] {
            assert_eq!(read(bytes), two, "{:?}", String::from_utf8_lossy(bytes));
        }
        assert!(read(b"").is_empty() && read(b"nothing\n").is_empty());
        assert_eq!(read(b"\xEF\xBB\xBFmsh|1\n").len(), 1);
    }
}
