//! `cpis keys export`, `import` and `identity`: the key ring among several people, and back.

use crate::age_file::{Identities, encrypt_text, is_encrypted, new_identity, recipient};
use crate::backup_folder::{io_fault, read_erased};
use crate::cli::{KeyExport, KeyImport};
use crate::fault::{Fault, Kind, Result};
use crate::places::{Places, write_private};
use crate::{open, ring_file, say};
use cpis_app::custody::{CustodyError, Share, combine, parse, split};
use cpis_app::ring::KeyRing;
use cpis_app::{Clock, SystemClock};
use cpis_model::time::london_day;
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// Largest file of a share in bytes: the list of erased people is in it.
const SHARE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Writes the shares, reads them again, and makes the key ring of them once to see that they do.
pub fn export(places: &Places, arguments: &KeyExport) -> Result<()> {
    let KeyExport { shares, threshold, out, recipient: recipients } = arguments;
    if !recipients.is_empty() && recipients.len() != usize::from(*shares) {
        let what = format!("{} shares are made, and {} recipients are named", shares, recipients.len());
        return Err(Fault::new(Kind::Usage, what).mend("Give --recipient once for each share, or not at all."));
    }
    let read = |text: &String| recipient(text).map_err(|what| Fault::new(Kind::Usage, format!("A recipient: {what}")));
    let recipients = recipients.iter().map(read).collect::<Result<Vec<_>>>()?;
    let ring = ring_file::read(&places.key_ring)?;
    let made = split(&ring, *threshold, *shares, london_day(SystemClock.now()), &open::entropy()?);
    let texts = made.map_err(|error| Fault::new(Kind::Usage, format!("The key ring cannot be split so: {error}")))?;
    prove(&ring, &texts, usize::from(*threshold))?;
    let mut written = Vec::new();
    for (number, text) in (1..).zip(&texts) {
        let encrypted = recipients.get(number - 1);
        let end = if encrypted.is_some() { "txt.age" } else { "txt" };
        let path = out.join(format!("key-share-{number}-of-{shares}.{end}"));
        let bytes = match encrypted {
            Some(one) => encrypt_text(one, text).map(Zeroizing::new),
            None => Ok(Zeroizing::new(text.as_bytes().to_vec())),
        };
        let kept = bytes.and_then(|bytes| write_private(&path, &bytes, false));
        kept.map_err(|error| io_fault("The share cannot be written:", &path, &error))?;
        written.push(path);
    }
    for path in written {
        say::line(path.display());
    }
    say::line(format_args!(
        "Any {threshold} of these {shares} shares make the key ring again; fewer tell nothing. Give each to another person, and"
    ));
    say::line(
        "remove the files here. Export again after every change of the key; after an erasure the list is enough:",
    );
    say::line("cpis backup keeps one beside the backups.");
    Ok(())
}

/// Every share is needed in one of the sets that are tried.
fn prove(ring: &KeyRing, texts: &[Zeroizing<String>], threshold: usize) -> Result<()> {
    let fault =
        || Fault::failed("The program has a fault: the shares do not make the key ring again. None was written.");
    for set in texts.windows(threshold) {
        let set: Result<Vec<Share>, CustodyError> = set.iter().map(|text| parse(text)).collect();
        let again = set.and_then(|set| combine(&set, None)).map_err(|_| fault())?;
        if again.to_text() != ring.to_text() {
            return Err(fault());
        }
    }
    Ok(())
}

/// Makes the key ring's file from shares; never replaces one.
pub fn import(places: &Places, arguments: &KeyImport) -> Result<()> {
    let identities = Identities::read(&arguments.identity)?;
    let mut shares = Vec::new();
    for path in &arguments.share {
        let fault = |what: String| Fault::new(Kind::Usage, format!("The share {}: {what}", path.display()));
        let text = share_text(path, &identities).map_err(fault)?;
        shares.push(parse(&text).map_err(|error| fault(error.to_string()))?);
    }
    let erased = arguments.erased.as_deref().map(read_erased).transpose()?;
    let ring = combine(&shares, erased.as_deref()).map_err(|error| {
        let mend = match &error {
            CustodyError::ErasedList => {
                "Type the lines that begin with e too, or give the list of the day on which the shares were made (--erased FILE)."
            }
            CustodyError::TooFew { .. } => "Ask for another share. The same one twice counts once.",
            CustodyError::OtherSet(..) => "Shares of different exports do not go together.",
            _ => "",
        };
        Fault::new(Kind::Usage, format!("No key ring: {error}")).mend(mend)
    })?;
    places.create()?;
    ring_file::write_new(&places.key_ring, &ring)?;
    say::line(format_args!("Made the key ring {} from {} shares.", places.key_ring.display(), shares.len()));
    Ok(())
}

fn share_text(path: &Path, identities: &Identities) -> Result<Zeroizing<String>, String> {
    let file = std::fs::File::open(path).map_err(|error| format!("it cannot be read: {error}"))?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(SHARE_BYTES_MAX).read_to_end(&mut bytes).map_err(|error| format!("it cannot be read: {error}"))?;
    if is_encrypted(&bytes) {
        if identities.is_empty() {
            return Err("it is encrypted: give --identity FILE of its custodian".to_owned());
        }
        return identities.open_text(&bytes);
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Makes an identity, and says for whom others encrypt.
pub fn identity(out: &Path) -> Result<()> {
    let (text, public) = new_identity();
    let written = write_private(out, text.as_bytes(), false);
    written.map_err(|error| io_fault("The identity cannot be written:", out, &error))?;
    say::line(public);
    say::aside(format_args!(
        "The line above is the recipient, for others. {} opens what is encrypted for it: keep it, and a copy, from everybody else.",
        out.display()
    ));
    Ok(())
}
