//! Tests of `note`: published vectors, tables and properties.

use super::*;

const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const SIGNATURE: &str = "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=";

fn key() -> VerifyingKey {
    KEY.parse().unwrap()
}

fn published() -> String {
    format!("This is an example message.\n\n\u{2014} example.com/foo {SIGNATURE}\n")
}

/// C2SP signed-note, "Verifier keys", "Example".
#[test]
fn the_published_note_holds() {
    let (note, key) = (published(), key());
    let (text, signers) = open(&note, std::slice::from_ref(&key)).unwrap();
    assert_eq!(text, "This is an example message.\n");
    assert_eq!(signers, [&key]);
}

/// A tree head of the Go checksum database under its well-known key.
#[test]
fn a_note_from_the_wild_holds() {
    let key: VerifyingKey = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8".parse().unwrap();
    let note = "go.sum database tree\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\u{2014} sum.golang.org \
                Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
    assert!(open(note, std::slice::from_ref(&key)).is_ok());
    // its key is not named after the origin, and we ask for that
    assert_eq!(crate::parse_signed(note, &[key]), Err(CheckpointError::OtherLog));
}

#[test]
fn other_signatures_are_ignored_and_blank_lines_belong_to_the_text() {
    let key = SigningKey::from_seed("cpis.example/log", &[5; 32]).unwrap();
    let witness = SigningKey::from_seed("witness.example", &[6; 32]).unwrap();
    let text = "one\n\n\u{2014} two\n";
    let line = |key: &SigningKey| sign(text, key).rsplit_once("\n\n").unwrap().1.to_owned();
    let note = format!("{text}\n{}{}\u{2014} later.example AAAAAAA=\n", line(&witness), line(&key));
    let keys = [key.verifying_key().clone()];
    assert_eq!(open(&note, &keys).unwrap(), (text, vec![&keys[0]]));
    assert_eq!(open(&note, &[]), Err(CheckpointError::NoKnownSignature));
    // the same name with another key is another key
    let namesake = SigningKey::from_seed("cpis.example/log", &[7; 32]).unwrap();
    assert_eq!(open(&note, &[namesake.verifying_key().clone()]), Err(CheckpointError::NoKnownSignature));
    // one known signature that does not hold spoils the note, whatever the others say
    let forged = note.replace(&line(&witness), &sign("other\n", &witness)["other\n\n".len()..]);
    assert!(open(&forged, &keys).is_ok());
    let both = [keys[0].clone(), witness.verifying_key().clone()];
    assert_eq!(open(&forged, &both), Err(CheckpointError::BadSignature));
}

#[test]
fn malformed_notes_are_refused() {
    use CheckpointError::{BadSignature, Malformed, NoKnownSignature, TooLarge};
    const LINE: CheckpointError = Malformed("a signature line cannot be read");
    const BLANK: CheckpointError = Malformed("there is no blank line");
    let good = published();
    let with = |line: &str| format!("This is an example message.\n\n{line}");
    let cases = [
        (String::new(), Malformed("the last line has no end")),
        ("\n".to_owned(), BLANK),
        (good.trim_end().to_owned(), Malformed("the last line has no end")),
        (good.replace("\n\n", "\n"), BLANK),
        (good.replace('\n', "\r\n"), Malformed("there are control characters")),
        (good.replace("example m", "example\tm"), Malformed("there are control characters")),
        (good.replace("example m", "example\0m"), Malformed("there are control characters")),
        (format!("{good}\n"), LINE),
        (good.replace('\u{2014}', "-"), LINE),
        (good.replace('\u{2014}', "\u{2013}"), LINE),
        (good.replace("\u{2014} ", "\u{2014}"), LINE),
        (good.replace("foo Uw", "foo  Uw"), LINE),
        (good.replace("foo Uw", "foo\u{a0}Uw"), LINE),
        (good.replace("example.com/foo U", "example+com/foo U"), LINE),
        (good.replace("example.com/foo U", " U"), LINE),
        (good.replace("QM=", "QM"), LINE),
        (good.replace("QM=", "QN="), LINE),
        (good.replace("QM=", "QM= "), LINE),
        (with("\u{2014} example.com/foo Uw2QOg==\n"), LINE),
        (with("\u{2014} example.com/foo Uw2Q\n"), LINE),
        (with("\u{2014} example.com/foo\n"), LINE),
        (with("\u{2014} example.com/foo Uw2QOgAA\n"), BadSignature),
        (good.replace("This", "this"), BadSignature),
        (good.replace("message.\n", "message.\n\n"), BadSignature),
        (good.replace("Okn8", "Okn9"), BadSignature),
        (good.replace("com/foo U", "com/bar U"), NoKnownSignature),
        (good.replace("Uw2QOk", "Uw2QPk"), NoKnownSignature),
        (format!("{}{good}", "x".repeat(NOTE_BYTES_MAX)), TooLarge),
        (format!("{good}{}", "\u{2014} a.example AAAAAAA=\n".repeat(SIGNATURES_MAX)), TooLarge),
    ];
    for (note, fault) in cases {
        assert_eq!(open(&note, &[key()]), Err(fault), "{:?}", note.get(..200).unwrap_or(&note));
    }
    let many = format!("{good}{}", "\u{2014} a.example AAAAAAA=\n".repeat(SIGNATURES_MAX - 1));
    assert!(open(&many, &[key()]).is_ok());
}
