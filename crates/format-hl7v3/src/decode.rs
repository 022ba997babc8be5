//! The ways into a file: its head, all of it, and the records that are to be returned.

use crate::fault::Broken;
use crate::schema::{CP_IS_RECORD, Class};
use crate::tree::Node;
use crate::walk::{Step, Walk};
use crate::xml::{escape_attribute, escape_text};
use crate::{header, record};
use cpis_model::upload::{Decoded, FileFault, Header, RECORD_BYTES_MAX};

/// How closely a file has to follow the schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Takes what can be understood without doubt: elements in any order, attributes and elements that the schema does
    /// not allow, names without a namespace, plan dates of 8 digits. Elements that tell of plans or people are never read
    /// past: standing where they do not belong, or twice, they reject their record.
    #[default]
    Lenient,
    /// As the schema. What it does not allow in a record rejects that record (D18, or D01 and D02); in the head, the file.
    Strict,
}

/// Bytes in which a head is looked for before the rest of the file is.
const HEAD_BYTES: usize = 128 * 1024;

/// Reads a file's head and no further: enough to tell whose file it is and whether its turn has come. Lenient, as a file
/// is refused for its form by [`decode`].
pub fn head(bytes: &[u8]) -> Result<Header, FileFault> {
    let cut = bytes.get(..HEAD_BYTES).and_then(|start| start.iter().rposition(|byte| *byte == b'>'));
    if let Some(header) = cut.and_then(|cut| bytes.get(..=cut)).and_then(|start| head_of(start).ok()) {
        return Ok(header);
    }
    head_of(bytes)
}

fn head_of(bytes: &[u8]) -> Result<Header, FileFault> {
    let mut walk = Walk::new(bytes, Mode::Lenient).map_err(|broken| refuse(None, broken))?;
    loop {
        match walk.step(|_| false) {
            Ok(Step::Head) if walk.file().is_some_and(header::is_complete) => break,
            Ok(Step::End) => break,
            Ok(_) => {}
            Err(broken) => return Err(refuse(Some(&walk), broken)),
        }
    }
    let sequence = walk.file().and_then(header::sequence);
    let faults = match walk.file() {
        Some(file) => header::read(file, Mode::Lenient),
        None => Err(Vec::new()),
    };
    faults.map_err(|faults| FileFault { faults, too_large: false, sequence })
}

/// Reads a file: its good records, and every fault of the others. A file is refused as a whole where it is not well
/// formed, passes a limit, has a faulty head or another number of records than it says.
pub fn decode(bytes: &[u8], mode: Mode) -> Result<Decoded, FileFault> {
    let mut walk = Walk::new(bytes, mode).map_err(|broken| refuse(None, broken))?;
    let (mut records, mut rejections) = (Vec::new(), Vec::new());
    loop {
        match walk.step(|_| true) {
            Ok(Step::Record) => {
                if let Some(node) = walk.record() {
                    record::read(node, walk.count, mode, &mut records, &mut rejections);
                }
            }
            Ok(Step::Head) => {}
            Ok(Step::End) => break,
            Err(broken) => return Err(refuse(Some(&walk), broken)),
        }
    }
    let Some(file) = walk.file() else {
        return Err(FileFault { faults: Vec::new(), too_large: false, sequence: None });
    };
    let sequence = header::sequence(file);
    let (header, mut faults) = match header::read(file, mode) {
        Ok(header) => (Some(header), Vec::new()),
        Err(faults) => (None, faults),
    };
    let count = walk.count;
    if walk.late_head && mode == Mode::Strict {
        faults.push(("/File/record".to_owned(), "an element of the head stands after a record".to_owned()));
    }
    if count == 0 {
        faults.push(("/File/record".to_owned(), "the file has no record".to_owned()));
    }
    if let Some(declared) = header::declared(file).filter(|declared| *declared != u64::from(count)) {
        let text = format!("the file says that it has {declared} records and has {count}");
        faults.push(("/File/transmissionQuantity/@value".to_owned(), text));
    }
    match header {
        Some(header) if faults.is_empty() => Ok(Decoded { header, records, rejections, count }),
        _ => Err(FileFault { faults, too_large: false, sequence }),
    }
}

fn refuse(walk: Option<&Walk>, broken: Broken) -> FileFault {
    FileFault {
        faults: vec![(broken.place, broken.text.into_owned())],
        too_large: broken.too_large,
        sequence: walk.and_then(Walk::file).and_then(header::sequence),
    }
}

/// The records at these places as they were uploaded, for the acknowledgement: what stands in `invalidCP-ISRecord`, in
/// the form of the schema. Values are copied; what was missing stays missing; attributes and elements that the schema does
/// not know are left out, and so is a record that would come out larger than the limit. In file order.
pub fn record_bytes(bytes: &[u8], positions: &[u32]) -> Vec<(u32, Vec<u8>)> {
    let mut sorted = positions.to_vec();
    sorted.sort_unstable();
    let mut list = Vec::new();
    let Some(last) = sorted.last().copied() else { return list };
    let Ok(mut walk) = Walk::new(bytes, Mode::Lenient) else { return list };
    while walk.count < last {
        match walk.step(|position| sorted.binary_search(&position).is_ok()) {
            Ok(Step::Record) => {
                let content = walk.record().and_then(|record| record.child("CP-ISRecord"));
                if let Some(content) = content {
                    let mut out = Vec::new();
                    write(&mut out, content, &CP_IS_RECORD);
                    if out.len() <= RECORD_BYTES_MAX {
                        list.push((walk.count, out));
                    }
                }
            }
            Ok(Step::Head) => {}
            Ok(Step::End) | Err(_) => break,
        }
    }
    list
}

/// Writes what an element holds, in the order of the schema.
fn write(out: &mut Vec<u8>, node: Node, class: &Class) {
    for (name, inner) in class.parts.iter().flat_map(|part| part.choices) {
        let prefix = if *name == "contentId" { "npfitlc:" } else { "" };
        for child in node.named(name) {
            let tag = |out: &mut Vec<u8>, begin: &str| {
                out.extend_from_slice([begin, prefix, name].concat().as_bytes());
            };
            tag(out, "<");
            for attribute in inner.sent {
                if let Some(value) = child.attribute(attribute) {
                    out.push(b' ');
                    out.extend_from_slice(attribute.as_bytes());
                    out.extend_from_slice(b"=\"");
                    escape_attribute(out, &value);
                    out.push(b'"');
                }
            }
            let start = out.len();
            out.push(b'>');
            if inner.text {
                escape_text(out, child.text());
            }
            write(out, child, inner);
            if out.len() == start + 1 {
                out.truncate(start);
                out.extend_from_slice(b"/>");
            } else {
                tag(out, "</");
                out.push(b'>');
            }
        }
    }
}
