//! Tests of `checkpoint`: published vectors, tables and properties.

use proptest::prelude::*;

use super::CheckpointError::{Malformed, OtherLog, TooLarge};
use super::*;

const ORIGIN: &str = "cpis.example/log";

fn key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[9; 32]).unwrap()
}

/// Signs any text, also one that `sign` would refuse.
fn read(text: &str) -> Result<Checkpoint, CheckpointError> {
    parse_signed(&note::sign(text, &key()), &[key().verifying_key().clone()])
}

#[test]
fn the_published_text_is_read() {
    let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    let checkpoint = read_text(text).unwrap();
    assert_eq!((checkpoint.origin.as_str(), checkpoint.size), ("example.com/behind-the-sofa", 20_852_163));
    assert_eq!(checkpoint.to_string(), text);
}

#[test]
fn malformed_texts_are_refused() {
    let root = to_base64(&[7; 32]);
    let epoch = Epoch { number: 2, old_size: 5, old_root: [1; 32] };
    let text = |size: &str, rest: &str| format!("{ORIGIN}\n{size}\n{rest}");
    assert!(read(&text("5", &format!("{root}\n"))).is_ok());
    assert!(read(&text("5", &format!("{root}\n{epoch}\n"))).is_ok());
    let size = Malformed("the size is not a plain number");
    let bad_root = Malformed("the root is not 32 bytes in base64");
    let bad_epoch = Malformed("the epoch line cannot be read");
    for (text, fault) in [
        (format!("{ORIGIN}\n"), size),
        (format!("\n5\n{root}\n"), Malformed("there is no origin")),
        (text("", &format!("{root}\n")), size),
        (text("05", &format!("{root}\n")), size),
        (text("+5", &format!("{root}\n")), size),
        (text("5 ", &format!("{root}\n")), size),
        (text("0x5", &format!("{root}\n")), size),
        (text("9223372036854775808", &format!("{root}\n")), size),
        (text("99999999999999999999", &format!("{root}\n")), size),
        (text("5", ""), bad_root),
        (text("5", "\n"), bad_root),
        (text("5", &format!("{}\n", root.trim_end_matches('='))), bad_root),
        (text("5", &format!("{root} \n")), bad_root),
        (text("5", &format!("{}\n", to_base64(&[7; 31]))), bad_root),
        (text("5", &format!("{}\n", to_base64(&[7; 33]))), bad_root),
        (text("0", &format!("{root}\n")), Malformed("an empty log has another root")),
        (text("5", &format!("{root}\n\nmore\n")), Malformed("an extension line is empty")),
        (text("5", &format!("{root}\nmore\n\n")), Malformed("an extension line is empty")),
        (text("5", &format!("{root}\nepoch two\n")), bad_epoch),
        (text("5", &format!("{root}\nepoch 1 after 5 {root}\n")), bad_epoch),
        (text("5", &format!("{root}\nepoch 02 after 5 {root}\n")), bad_epoch),
        (text("5", &format!("{root}\nepoch 2 before 5 {root}\n")), bad_epoch),
        (text("5", &format!("{root}\n{epoch} more\n")), bad_epoch),
        (text("5", &format!("{root}\n{epoch}\n{epoch}\n")), bad_epoch),
        (text("5", &format!("{root}\n{}", "more\n".repeat(17))), TooLarge),
        (format!("other.example/log\n5\n{root}\n"), OtherLog),
    ] {
        assert_eq!(read(&text), Err(fault), "{text:?}");
    }
    assert!(read(&text("5", &format!("{root}\n{}", "more\n".repeat(16)))).is_ok());
}

#[test]
fn what_could_not_be_read_again_is_not_signed() {
    let good = Checkpoint::new(ORIGIN, 5, [7; 32]);
    let with = |line: &str| Checkpoint { extensions: vec![line.to_owned()], ..good.clone() };
    assert!(good.sign(&key()).is_ok() && with("more").sign(&key()).is_ok());
    for (bad, fault) in [
        (Checkpoint::new("other.example", 5, [7; 32]), OtherLog),
        (Checkpoint::new(ORIGIN, 0, [7; 32]), Malformed("an empty log has another root")),
        (Checkpoint::new(ORIGIN, u64::MAX, [7; 32]), Malformed("the size is not a plain number")),
        (with(""), Malformed("an extension line is empty")),
        (with("a\nb"), Malformed("there is a line break within a line")),
        (with("a\rb"), Malformed("there are control characters")),
        (with("epoch zero"), Malformed("the epoch line cannot be read")),
        (with(&"x".repeat(70_000)), TooLarge),
        (Checkpoint { extensions: vec!["more".to_owned(); 17], ..good.clone() }, TooLarge),
    ] {
        assert_eq!(bad.sign(&key()), Err(fault));
    }
}

#[test]
fn an_epoch_is_found_among_other_lines() {
    let epoch = Epoch { number: 3, old_size: 90, old_root: [3; 32] };
    let extensions = vec!["padding 1".to_owned(), epoch.to_string(), "epochal".to_owned()];
    let checkpoint = Checkpoint { extensions, ..Checkpoint::new(ORIGIN, 70, [4; 32]) };
    assert_eq!(read(&checkpoint.to_string()).unwrap().begins_epoch(), Some(epoch));
    assert_eq!(Checkpoint::new(ORIGIN, 70, [4; 32]).begins_epoch(), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_signed_checkpoint_is_read_again(
        size in 1..=SIZE_MAX,
        root in any::<Hash>(),
        extensions in prop::collection::vec("[a-zA-Z0-9 \u{2014}+=é]{1,40}", 0..=16),
        epoch in prop::option::of((2..u64::MAX, 0..=SIZE_MAX, any::<Hash>())),
    ) {
        let mut checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root, extensions };
        let epoch = epoch.map(|(number, old_size, old_root)| Epoch { number, old_size, old_root });
        if let Some(epoch) = epoch {
            checkpoint.extensions.truncate(15);
            checkpoint.extensions.push(epoch.to_string());
        }
        let note = checkpoint.sign(&key()).unwrap();
        let read = parse_signed(&note, &[key().verifying_key().clone()]).unwrap();
        prop_assert_eq!(read.begins_epoch(), epoch);
        prop_assert_eq!(read, checkpoint);
    }

    #[test]
    fn any_changed_byte_is_noticed(place in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let note = Checkpoint::new(ORIGIN, 123_456, [0x5a; 32]).sign(&key()).unwrap();
        let mut bytes = note.into_bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= flip;
        if let Ok(changed) = String::from_utf8(bytes) {
            prop_assert!(parse_signed(&changed, &[key().verifying_key().clone()]).is_err());
        }
    }

    #[test]
    fn no_text_is_too_odd(text in "(\\PC|\n|\u{2014} ){0,200}") {
        let _ = parse_signed(&text, &[key().verifying_key().clone()]);
        let _ = crate::parse_file(&text, &[key().verifying_key().clone()]);
        prop_assert!(crate::whole_records(&text) <= text.len());
        let _ = text.parse::<crate::ProofText>();
        let _ = text.parse::<VerifyingKey>();
        let _ = text.parse::<crate::Tile>();
    }
}
