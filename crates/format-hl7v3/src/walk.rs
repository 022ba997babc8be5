//! Through a file record by record. The head's elements stay in one tree; each record takes the place of the one before.

use crate::Mode;
use crate::fault::Broken;
use crate::tree::{Node, Tree};
use crate::xml::{Element, Space, Token, Tokens};
use cpis_model::upload::{RECORD_BYTES_MAX, RECORDS_MAX};

/// What came next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A record; it is in the tree where it was wanted.
    Record,
    /// An element of the head.
    Head,
    /// The end of a well-formed document.
    End,
}

/// A file being read.
pub(crate) struct Walk<'a> {
    tokens: Tokens<'a>,
    mode: Mode,
    head: Tree<'a>,
    record: Tree<'a>,
    head_bytes: usize,
    /// Records so far.
    pub count: u32,
    /// An element of the head stood after a record.
    pub late_head: bool,
}

impl<'a> Walk<'a> {
    /// Reads as far as the root element.
    pub fn new(bytes: &'a [u8], mode: Mode) -> Result<Self, Broken> {
        let tokens = Tokens::new(bytes)?;
        let (head, record) = (Tree::new(), Tree::new());
        let mut walk = Self { tokens, mode, head, record, head_bytes: 0, count: 0, late_head: false };
        if let Token::Open(element) = walk.tokens.next()? {
            if element.name != "File" || !walk.knows(element) {
                let text = "the document's element is not File of urn:hl7-org:v3";
                return Err(walk.tokens.broken(walk.tokens.start(), text));
            }
            walk.head.open(element, true, walk.tokens.attributes());
        }
        Ok(walk)
    }

    /// The head as far as it was read.
    pub fn file(&self) -> Option<Node<'_, 'a>> {
        self.head.root()
    }

    /// The record read last.
    pub fn record(&self) -> Option<Node<'_, 'a>> {
        self.record.root()
    }

    /// Goes on to the end of the next element of the file. Only wanted records are kept; the others are read past.
    pub fn step(&mut self, wanted: impl FnOnce(u32) -> bool) -> Result<Step, Broken> {
        loop {
            match self.tokens.next()? {
                Token::Open(element) if element.name == "record" && self.knows(element) => {
                    self.count += 1;
                    if self.count as usize > RECORDS_MAX {
                        let text = "the file has more than 150000 records";
                        return Err(Broken { place: "/File/record".into(), text: text.into(), too_large: true });
                    }
                    let wanted = wanted(self.count);
                    self.record.clear();
                    let place = format_args!("/File/record[{}]", self.count);
                    read(&mut self.tokens, wanted.then_some(&mut self.record), element, self.mode, 0, place)?;
                    return Ok(Step::Record);
                }
                Token::Open(element) => {
                    let known = self.knows(element);
                    self.late_head |= self.count > 0;
                    let tree = (known || self.mode == Mode::Strict).then_some(&mut self.head);
                    let before = self.head_bytes;
                    let read = read(&mut self.tokens, tree, element, self.mode, before, format_args!("/File"))?;
                    if known {
                        self.head_bytes += read;
                        return Ok(Step::Head);
                    }
                }
                Token::Close => {}
                Token::Text(text) => {
                    if self.mode == Mode::Strict {
                        self.head.text(text);
                    }
                }
                Token::End => return Ok(Step::End),
            }
        }
    }

    fn knows(&self, element: Element) -> bool {
        knows(element, self.mode)
    }
}

/// Whether an element is in the namespace of its name. Without any is good enough where reading is lenient.
fn knows(element: Element, mode: Mode) -> bool {
    match (element.space, mode) {
        (Space::Other | Space::Soap | Space::Addressing, _) => false,
        (_, Mode::Strict) if element.name == "contentId" => element.space == Space::Localisation,
        (Space::Hl7, _) | (Space::Absent, Mode::Lenient) => true,
        (Space::Localisation, Mode::Lenient) => element.name == "contentId",
        (Space::Localisation | Space::Absent, Mode::Strict) => false,
    }
}

/// Reads an element to its end, into a tree if there is one, and tells its size. Elements of foreign namespaces are left
/// out where reading is lenient.
fn read<'a>(
    tokens: &mut Tokens<'a>,
    mut tree: Option<&mut Tree<'a>>,
    element: Element<'a>,
    mode: Mode,
    before: usize,
    place: std::fmt::Arguments<'_>,
) -> Result<usize, Broken> {
    let start = tokens.start();
    if let Some(tree) = tree.as_deref_mut() {
        tree.open(element, knows(element, mode), tokens.attributes());
    }
    let (mut depth, mut foreign) = (1, 0);
    while depth > 0 {
        match tokens.next()? {
            Token::Open(element) => {
                depth += 1;
                let known = knows(element, mode);
                if foreign > 0 {
                    foreign += 1;
                } else if !known && mode == Mode::Lenient {
                    // Its place is kept, for the places of those beside it, and nothing in it.
                    foreign = 1;
                    if let Some(tree) = tree.as_deref_mut() {
                        tree.open(element, false, &[]);
                        tree.close();
                    }
                } else if let Some(tree) = tree.as_deref_mut() {
                    tree.open(element, known, tokens.attributes());
                }
            }
            Token::Close => {
                depth -= 1;
                if foreign > 0 {
                    foreign -= 1;
                } else if let Some(tree) = tree.as_deref_mut() {
                    tree.close();
                }
            }
            Token::Text(text) => {
                if foreign == 0
                    && let Some(tree) = tree.as_deref_mut()
                {
                    tree.text(text);
                }
            }
            Token::End => break,
        }
        if tokens.position() - start + before > RECORD_BYTES_MAX {
            let text = "a record, or the head of the file, is larger than 64 KiB".into();
            return Err(Broken { place: place.to_string(), text, too_large: true });
        }
    }
    Ok(tokens.position() - start)
}
