//! A document as a stream of start tags, texts and end tags that borrow from it. What is not well formed, or not taken
//! for safety (document types, entities, great depth), ends the stream.

use super::attributes::{Attribute, is_space, scan, split_name};
use super::characters::character;
use super::input;
use super::spaces::{Space, Spaces};
use crate::fault::Broken;
use cpis_model::upload::{DEPTH_MAX, RECORD_BYTES_MAX};
use quick_xml::Reader;
use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::events::Event;
use std::borrow::Cow;

const DOCTYPE: &str = "a document type declaration is not allowed";

/// One piece of a document. An empty element is a start and an end.
pub(crate) enum Token<'a> {
    /// A start tag; its attributes are with the stream.
    Open(Element<'a>),
    /// An end tag.
    Close,
    /// Text of an element, references resolved.
    Text(Cow<'a, str>),
    /// The end of the document.
    End,
}

/// An element's name.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    /// Without its prefix.
    pub name: &'a str,
    /// What the prefix means.
    pub space: Space,
}

/// The stream.
pub(crate) struct Tokens<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    spaces: Spaces<'a>,
    attributes: Vec<Attribute<'a>>,
    depth: usize,
    begun: bool,
    closing: bool,
    start: usize,
}

impl<'a> Tokens<'a> {
    /// Begins to read.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Broken> {
        let text = input::text(bytes)?;
        let mut reader = Reader::from_str(text);
        reader.config_mut().check_comments = true;
        Ok(Self {
            text,
            reader,
            spaces: Spaces::default(),
            attributes: Vec::new(),
            depth: 0,
            begun: false,
            closing: false,
            start: 0,
        })
    }

    /// The attributes of the start tag read last, without namespace declarations.
    pub fn attributes(&self) -> &[Attribute<'a>] {
        &self.attributes
    }

    /// The byte at which the piece read last begins.
    pub fn start(&self) -> usize {
        self.start
    }

    /// The byte after the piece read last.
    pub fn position(&self) -> usize {
        self.reader.buffer_position() as usize
    }

    /// A fault at a byte.
    pub fn broken(&self, offset: usize, text: &'static str) -> Broken {
        Broken::at(self.text.as_bytes(), offset, text)
    }

    /// The next piece.
    pub fn next(&mut self) -> Result<Token<'a>, Broken> {
        if self.closing {
            self.closing = false;
            return Ok(self.close());
        }
        loop {
            self.start = self.position();
            let event = self.reader.read_event().map_err(|error| self.unreadable(&error))?;
            let raw = self.text.get(self.start..self.position()).unwrap_or_default();
            match event {
                Event::Start(_) => return self.open(raw.get(1..raw.len().saturating_sub(1))),
                Event::Empty(_) => {
                    self.closing = true;
                    return self.open(raw.get(1..raw.len().saturating_sub(2)));
                }
                Event::End(_) => return Ok(self.close()),
                Event::Text(_) => {
                    let blank = raw.trim_start_matches(is_space).is_empty();
                    if self.depth > 0 {
                        if !blank && raw.contains("]]>") {
                            return Err(self.broken(self.start, "the end of a CDATA section without its start"));
                        }
                        return Ok(Token::Text(Cow::Borrowed(raw)));
                    } else if !blank {
                        return Err(self.broken(self.start, "text outside of the document's element"));
                    }
                }
                Event::CData(_) | Event::GeneralRef(_) if self.depth == 0 => {
                    return Err(self.broken(self.start, "text outside of the document's element"));
                }
                Event::CData(_) => {
                    let inner = raw.get(9..raw.len().saturating_sub(3)).unwrap_or_default();
                    return Ok(Token::Text(Cow::Borrowed(inner)));
                }
                Event::GeneralRef(_) => {
                    let name = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
                    let c = character(name).map_err(|bad| self.broken(self.start, bad.text()))?;
                    return Ok(Token::Text(Cow::Owned(c.to_string())));
                }
                Event::Decl(_) => self.declaration(raw)?,
                Event::PI(_) => {
                    let target = raw.get(2..raw.len().saturating_sub(2)).and_then(|inner| inner.split(is_space).next());
                    if target.is_none_or(|target| split_name(target).is_none() || target.eq_ignore_ascii_case("xml")) {
                        return Err(self.broken(self.start, "a processing instruction without a proper name"));
                    }
                }
                Event::Comment(_) => {}
                Event::DocType(_) => return Err(self.broken(self.start, DOCTYPE)),
                Event::Eof if self.depth > 0 => {
                    return Err(self.broken(self.text.len(), "the file ends before its last element is closed"));
                }
                Event::Eof if !self.begun => return Err(self.broken(0, "the file has no element")),
                Event::Eof => return Ok(Token::End),
            }
        }
    }

    fn open(&mut self, tag: Option<&'a str>) -> Result<Token<'a>, Broken> {
        let tag = tag.unwrap_or_default();
        if tag.len() > RECORD_BYTES_MAX {
            return Err(self.broken(self.start, "a start tag is larger than 64 KiB").limit());
        }
        if self.depth == 0 && self.begun {
            return Err(self.broken(self.start, "a second element beside the document's own"));
        }
        let (name, rest) = tag.split_at(tag.find(is_space).unwrap_or(tag.len()));
        let (prefix, name) =
            split_name(name).ok_or_else(|| self.broken(self.start, "an element without a proper name"))?;
        let begin = self.start + tag.len() - rest.len() + 1;
        scan(rest, &mut self.attributes).map_err(|(offset, text)| self.broken(begin + offset, text))?;
        self.depth += 1;
        self.begun = true;
        if self.depth > DEPTH_MAX {
            return Err(self.broken(self.start, "elements are nested more than 32 deep").limit());
        }
        self.spaces.open(self.depth, &mut self.attributes).map_err(|text| self.broken(self.start, text))?;
        let bound = |name: &str| name.split_once(':').is_none_or(|(prefix, _)| self.spaces.resolve(prefix).is_some());
        let space = self.spaces.resolve(prefix).filter(|_| self.attributes.iter().all(|(name, _)| bound(name)));
        match space {
            Some(space) => Ok(Token::Open(Element { name, space })),
            None => Err(self.broken(self.start, "a prefix that is bound to no namespace")),
        }
    }

    fn close(&mut self) -> Token<'a> {
        self.spaces.close(self.depth);
        self.depth = self.depth.saturating_sub(1);
        Token::Close
    }

    fn declaration(&mut self, raw: &'a str) -> Result<(), Broken> {
        let fault = |text| Err(Broken::at(self.text.as_bytes(), self.start, text));
        if self.start != 0 {
            return fault("the XML declaration does not stand at the start");
        }
        let inner = raw.get(5..raw.len().saturating_sub(2)).unwrap_or_default();
        scan(inner, &mut self.attributes).map_err(|(offset, text)| self.broken(5 + offset, text))?;
        let mut list = self.attributes.iter().peekable();
        if list.next() != Some(&("version", "1.0")) {
            return fault("the XML declaration does not say version 1.0");
        }
        if let Some((_, encoding)) = list.next_if(|(name, _)| *name == "encoding")
            && !["UTF-8", "UTF8", "US-ASCII"].iter().any(|own| own.eq_ignore_ascii_case(encoding))
        {
            return fault("the XML declaration names another encoding than UTF-8");
        }
        let _ = list.next_if(|(name, value)| *name == "standalone" && matches!(*value, "yes" | "no"));
        if list.next().is_some() {
            return fault("the XML declaration is not in its proper form");
        }
        Ok(())
    }

    fn unreadable(&self, error: &Error) -> Broken {
        let text = match error {
            Error::Syntax(SyntaxError::UnclosedDoctype) | Error::IllFormed(IllFormedError::MissingDoctypeName) => {
                DOCTYPE
            }
            Error::Syntax(SyntaxError::InvalidBangMarkup) => "markup that XML does not know",
            Error::Syntax(_) => "a tag, comment or section is not closed",
            Error::IllFormed(IllFormedError::MismatchedEndTag { .. } | IllFormedError::UnmatchedEndTag(_)) => {
                "an end tag that does not match its start tag"
            }
            Error::IllFormed(IllFormedError::DoubleHyphenInComment) => "two hyphens within a comment",
            Error::IllFormed(IllFormedError::UnclosedReference) => "an ampersand that begins no reference",
            _ => "the document is not well formed",
        };
        self.broken(self.reader.error_position() as usize, text)
    }
}
