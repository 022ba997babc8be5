//! ER7, the encoding with bars: bytes to segments, fields, repetitions, components. Splitting is done when it is asked for.

use crate::charset::{self, Charset};
use crate::delimiters::Delimiters;
use crate::escape::unescape;
use crate::mllp::MESSAGE_BYTES_MAX;
use crate::oddity::{Oddity, OddityKind, Place};
use crate::refusal::Refusal;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::LazyLock;

/// Most segments of a message.
pub const SEGMENTS_MAX: usize = 1_000;
/// Most fields of a segment.
pub const FIELDS_MAX: usize = 500;
/// Most repetitions of a field, but for those of text, which are passed over.
pub const REPETITIONS_MAX: usize = 100;
/// Segments of text and results, whose repetitions are lines.
const OF_TEXT: [&str; 4] = ["OBX", "NTE", "DG1", "PR1"];
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A message in ER7. `Debug` shows nothing of it.
pub struct Message {
    text: String,
    segments: Vec<Range<usize>>,
    delimiters: Delimiters,
    charset: Charset,
    oddities: Vec<Oddity>,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Message({} segments)", self.segments.len())
    }
}

impl Message {
    /// Reads a message, without its frame.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(Refusal::TooLong);
        }
        let mut oddities = Vec::new();
        let mut odd = |kind, field| oddities.push(Oddity { kind, place: Place::new("MSH", field) });
        let bytes = start(bytes, |kind| odd(kind, 0))?;
        let (text, charset) = decode(bytes, |kind| odd(kind, 18));
        let after_msh = text.get(3..).unwrap_or_default();
        let (delimiters, oddity) = Delimiters::read(after_msh)?;
        if let Some(kind) = oddity {
            odd(kind, 2);
        }
        let mut message = Self {
            text: String::with_capacity(text.len()),
            segments: Vec::new(),
            delimiters,
            charset,
            oddities: Vec::new(),
        };
        message.split(&text, &mut oddities)?;
        message.oddities = oddities;
        message.within_limits()?;
        Ok(message)
    }

    /// Only the first line of a message that is too long to be read, so that it can be answered.
    pub fn parse_head(bytes: &[u8]) -> Option<Self> {
        let bytes = start(bytes, |_| {}).ok()?;
        let line = bytes.split(|byte| matches!(byte, b'\r' | b'\n')).next()?;
        Self::parse(line).ok()
    }

    /// Its delimiters.
    pub fn delimiters(&self) -> &Delimiters {
        &self.delimiters
    }

    /// The set of characters in which it came.
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// What was odd in how it is written.
    pub fn oddities(&self) -> &[Oddity] {
        &self.oddities
    }

    /// Its segments in order.
    pub fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        let ranges = self.segments.iter().cloned();
        ranges.filter_map(|range| Some(Segment { text: self.text.get(range)?, delimiters: &self.delimiters }))
    }

    /// All segments of a name, each with which one it is, from 1.
    pub fn all<'m>(&'m self, name: &'static str) -> impl Iterator<Item = (u16, Segment<'m>)> {
        (1..).zip(self.segments().filter(move |segment| segment.is(name)))
    }

    /// The first segment of a name.
    pub fn first(&self, name: &str) -> Option<Segment<'_>> {
        self.segments().find(|segment| segment.is(name))
    }

    /// The header.
    pub fn msh(&self) -> Segment<'_> {
        self.segments().next().unwrap_or(Segment { text: "MSH", delimiters: &self.delimiters })
    }

    /// Finds the segments. A line break begins one only where a segment's name follows: elsewhere it stands within a field.
    fn split(&mut self, text: &str, oddities: &mut Vec<Oddity>) -> Result<(), Refusal> {
        let mut feeds = false;
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(['\r', '\n']).unwrap_or(rest.len());
            let (line, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            feeds |= after.starts_with('\n');
            rest = after.strip_prefix("\r\n").or_else(|| after.strip_prefix(['\r', '\n'])).unwrap_or(after);
            self.line(line, oddities)?;
        }
        if feeds {
            oddities.push(Oddity { kind: OddityKind::LineFeeds, place: Place::new("MSH", 0) });
        }
        Ok(())
    }

    fn line(&mut self, line: &str, oddities: &mut Vec<Oddity>) -> Result<(), Refusal> {
        // A space at the end stays: it may belong to an identifier that is given back.
        let trimmed = line.trim_start();
        if trimmed.trim_end_matches([' ', '\0']).is_empty() {
            return Ok(());
        }
        if let Some(name) = segment_name(trimmed, self.delimiters.field) {
            if self.segments.len() >= SEGMENTS_MAX {
                return Err(Refusal::TooManySegments);
            }
            if name.bytes().any(|byte| byte.is_ascii_lowercase()) {
                oddities.push(Oddity { kind: OddityKind::LowerCase, place: Place::new(name, 0) });
            }
            let start = self.text.len();
            self.text.push_str(trimmed);
            self.segments.push(start..self.text.len());
            return Ok(());
        }
        // A part of the field in which the segment before ended.
        let Some(last) = self.segments.last_mut() else { return Err(Refusal::NoHeader) };
        let before = self.text.get(last.clone()).unwrap_or_default();
        let place = Place::new(before, before.matches(self.delimiters.field).count() as u16);
        oddities.push(Oddity { kind: OddityKind::LineBreak, place });
        self.text.push(' ');
        self.text.push_str(line);
        last.end = self.text.len();
        Ok(())
    }

    fn within_limits(&self) -> Result<(), Refusal> {
        for segment in self.segments() {
            if segment.text.matches(self.delimiters.field).count() > FIELDS_MAX {
                return Err(Refusal::TooManyFields);
            }
            let Some(repetition) = self.delimiters.repetition else { continue };
            if segment.text.len() < REPETITIONS_MAX || OF_TEXT.iter().any(|name| segment.is(name)) {
                continue;
            }
            let too_many = |field: &str| field.matches(repetition).count() >= REPETITIONS_MAX;
            if segment.text.split(self.delimiters.field).any(too_many) {
                return Err(Refusal::TooManyRepetitions);
            }
        }
        Ok(())
    }
}

/// The bytes from `MSH` on.
fn start(bytes: &[u8], mut odd: impl FnMut(OddityKind)) -> Result<&[u8], Refusal> {
    let mut rest = bytes;
    if let Some(after) = rest.strip_prefix(BYTE_ORDER_MARK) {
        odd(OddityKind::ByteOrderMark);
        rest = after;
    }
    let trimmed = rest.trim_ascii_start();
    if trimmed.len() != rest.len() {
        odd(OddityKind::BlankBefore);
    }
    let rest = trimmed.strip_prefix(BYTE_ORDER_MARK).unwrap_or(trimmed);
    match rest.get(..3) {
        Some(name) if name.eq_ignore_ascii_case(b"MSH") => Ok(rest),
        Some(name) if name.eq_ignore_ascii_case(b"FHS") || name.eq_ignore_ascii_case(b"BHS") => Err(Refusal::Batch),
        _ if rest.is_empty() => Err(Refusal::Empty),
        _ if rest.starts_with(b"<") => Err(Refusal::Xml),
        _ => Err(Refusal::NoHeader),
    }
}

/// The text, by what MSH-18 says of its character set.
fn decode(bytes: &[u8], mut odd: impl FnMut(OddityKind)) -> (Cow<'_, str>, Charset) {
    let separator = bytes.get(3).copied().unwrap_or(b'|');
    let line = bytes.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    let declared = line.split(|byte| *byte == separator).nth(17).unwrap_or_default();
    // The first of several sets is the one of the message.
    let declared = declared.split(|byte| matches!(byte, b'~' | b'^')).next().unwrap_or_default().trim_ascii();
    let declared = String::from_utf8_lossy(declared);
    if !declared.is_empty() && Charset::declared(&declared).is_none() {
        odd(OddityKind::CharsetUnknown);
    }
    let (text, charset, wrong) = charset::read(bytes, &declared);
    if wrong {
        odd(OddityKind::Charset);
    }
    (text, charset)
}

/// The names of the standard.
static NAMES: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    let lines = include_str!("../data/segments.txt").lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).collect()
});

/// A name of the standard or one that begins with Z, all in upper or all in lower case, and then a field or nothing.
fn segment_name(line: &str, separator: char) -> Option<&str> {
    let (name, rest) = line.split_at_checked(3)?;
    if !rest.trim_end().is_empty() && !rest.starts_with(separator) {
        return None;
    }
    if NAMES.contains(name) {
        return Some(name);
    }
    let upper = name.to_ascii_uppercase();
    let is_own = |upper: &str| upper.starts_with('Z') && upper.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let in_one_case = name == upper || name == name.to_ascii_lowercase();
    (in_one_case && (NAMES.contains(upper.as_str()) || is_own(&upper))).then_some(name)
}

/// One segment.
#[derive(Clone, Copy)]
pub struct Segment<'m> {
    text: &'m str,
    delimiters: &'m Delimiters,
}

impl<'m> Segment<'m> {
    /// Its name, as it is written.
    pub fn name(&self) -> &'m str {
        self.text.get(..3).unwrap_or(self.text)
    }

    /// Whether it has this name, in any case.
    pub fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    /// A field, from 1. Of `MSH` the first one is the separator itself. One that is not there is empty.
    pub fn field(&self, number: usize) -> Part<'m> {
        let place = if self.is("MSH") { number.saturating_sub(1) } else { number };
        let text = if place == 0 { "" } else { self.text.split(self.delimiters.field).nth(place).unwrap_or_default() };
        Part { text, delimiters: self.delimiters }
    }

    /// How many fields it has.
    pub fn fields(&self) -> usize {
        self.text.matches(self.delimiters.field).count() + usize::from(self.is("MSH"))
    }
}

/// A field, a repetition, a component or a subcomponent.
#[derive(Clone, Copy)]
pub struct Part<'m> {
    text: &'m str,
    delimiters: &'m Delimiters,
}

impl<'m> Part<'m> {
    /// As it is written.
    pub fn raw(&self) -> &'m str {
        self.text
    }

    /// Whether nothing stands here: leave the value as it is.
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Whether `""` stands here: delete the value.
    pub fn is_deleted(&self) -> bool {
        self.text.trim() == "\"\""
    }

    /// The repetitions that are not empty.
    pub fn repetitions(&self) -> impl Iterator<Item = Part<'m>> + use<'m> {
        let delimiters = self.delimiters;
        let sign = delimiters.repetition;
        let parts = self.text.split(move |c| Some(c) == sign);
        parts.map(move |text| Part { text, delimiters }).filter(|part| !part.is_empty())
    }

    /// A component, from 1.
    #[must_use]
    pub fn component(&self, number: usize) -> Part<'m> {
        self.nth(Some(self.delimiters.component), number)
    }

    /// A subcomponent, from 1.
    #[must_use]
    pub fn subcomponent(&self, number: usize) -> Part<'m> {
        self.nth(self.delimiters.subcomponent, number)
    }

    fn nth(&self, sign: Option<char>, number: usize) -> Part<'m> {
        let nth = number.checked_sub(1).and_then(|place| self.text.split(|c| Some(c) == sign).nth(place));
        Part { text: nth.unwrap_or_default(), delimiters: self.delimiters }
    }

    /// The text, without escapes, control characters and spaces around it; `None` where there is none or it is deleted.
    pub fn value(&self) -> Option<String> {
        if self.is_empty() || self.is_deleted() {
            return None;
        }
        let text = unescape(self.text, self.delimiters);
        let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Some(clean.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// The text of the first component and its first subcomponent.
    pub fn first(&self) -> Option<String> {
        self.component(1).subcomponent(1).value()
    }

    /// A code: the first component in upper case.
    pub fn code(&self) -> Option<String> {
        self.component(1).value().map(|text| text.to_uppercase())
    }

    /// Whether a control character stands in it.
    pub fn has_controls(&self) -> bool {
        self.text.contains(char::is_control)
    }
}
