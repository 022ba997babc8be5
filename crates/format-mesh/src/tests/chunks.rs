//! Ranges of chunks, how a message comes together, and how its bytes travel.

use super::headers;
use crate::encoding::{Outgoing, accepts_gzip};
use crate::{Assembly, CHUNKS_MAX, ChunkFault, ChunkRange, ContentEncoding, MeshFault, Progress, Version};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn refused(fault: ChunkFault) -> Result<Progress, MeshFault> {
    Err(MeshFault::InvalidHeaderChunks(fault))
}

#[test]
fn a_range_is_two_numbers_of_which_the_first_is_not_larger() {
    for (text, expected) in [
        ("1:1", Ok((1, 1))),
        (" 2:3 ", Ok((2, 3))),
        ("001:010", Ok((1, 10))),
        ("10000:10000", Ok((10_000, 10_000))),
        ("1:10001", Err(ChunkFault::TooMany)),
        ("1:99999999999", Err(ChunkFault::TooMany)),
        ("1:0", Err(ChunkFault::Range)),
        ("0:1", Err(ChunkFault::Range)),
        ("0:0", Err(ChunkFault::Range)),
        ("4:3", Err(ChunkFault::Range)),
        ("-1:3", Err(ChunkFault::Range)),
        ("+1:3", Err(ChunkFault::Range)),
        ("1 : 3", Err(ChunkFault::Range)),
        ("1:3:5", Err(ChunkFault::Range)),
        ("1", Err(ChunkFault::Range)),
        (":", Err(ChunkFault::Range)),
        ("", Err(ChunkFault::Range)),
        ("a:b", Err(ChunkFault::Range)),
        ("0000000001:0000000003", Err(ChunkFault::Range)),
    ] {
        let read = text.parse::<ChunkRange>();
        assert_eq!(read.map(|range| (range.number(), range.total())), expected, "{text}");
        if text != "1:0" {
            assert_eq!(ChunkRange::parse_received(text), read);
        }
    }
    assert_eq!(ChunkRange::parse_received(" 1:0 "), Ok(ChunkRange::WHOLE));
    assert_eq!(ChunkRange::new(2, 3).unwrap().to_string(), "2:3");
    assert!(ChunkRange::WHOLE.is_last() && !ChunkRange::new(2, 3).unwrap().is_last());
    assert_eq!(ChunkRange::of(&headers(&[("Mex-Chunk-Range", "1:2")])), Some("1:2"));
}

#[test]
fn a_message_begins_with_its_first_chunk() {
    let chunks = MeshFault::InvalidHeaderChunks;
    for (range, encoding, expected) in [
        (None, None, Ok((1, ContentEncoding::Identity, true))),
        (None, Some("gzip"), Ok((1, ContentEncoding::Gzip, true))),
        (Some("1:1"), Some(" GZIP "), Ok((1, ContentEncoding::Gzip, true))),
        (Some("1:3"), Some(""), Ok((3, ContentEncoding::Identity, false))),
        (Some("2:3"), None, Err(chunks(ChunkFault::NotFirst))),
        (Some("3:2"), None, Err(chunks(ChunkFault::Range))),
        (Some("1:20000"), None, Err(chunks(ChunkFault::TooMany))),
        (Some("1:3"), Some("br"), Err(MeshFault::UnsupportedEncoding)),
        (Some("x"), Some("gzip, gzip"), Err(MeshFault::UnsupportedEncoding)),
    ] {
        let begun = Assembly::begin(range, encoding);
        let seen = begun.map(|begun| (begun.total(), begun.encoding(), begun.is_complete()));
        assert_eq!(seen, expected, "{range:?} {encoding:?}");
    }
}

#[test]
fn each_chunk_is_judged_by_the_table() {
    let three = |have: &[u32]| Assembly::restore(3, ContentEncoding::Gzip, have.iter().copied());
    for (have, number, range, encoding, expected) in [
        (&[1][..], 2, Some("2:3"), Some("gzip"), Ok(Progress::Stored)),
        (&[1], 2, Some("2:3"), None, Ok(Progress::Stored)),
        (&[1, 2], 2, Some("2:3"), None, Ok(Progress::Stored)),
        (&[1, 2], 1, Some("1:3"), None, Ok(Progress::Stored)),
        (&[1, 2], 3, Some("3:3"), None, Ok(Progress::Complete)),
        (&[1], 3, Some("3:3"), None, refused(ChunkFault::Missing(2))),
        (&[2], 3, Some("3:3"), None, refused(ChunkFault::Missing(1))),
        (&[1, 3], 2, Some("2:3"), None, Ok(Progress::Complete)),
        (&[1], 2, None, None, refused(ChunkFault::Range)),
        (&[1], 2, Some("x"), None, refused(ChunkFault::Range)),
        (&[1], 2, Some("3:3"), None, refused(ChunkFault::Number)),
        (&[1], 0, Some("1:3"), None, refused(ChunkFault::Number)),
        (&[1], 2, Some("2:4"), None, refused(ChunkFault::Total)),
        (&[1], 4, Some("4:4"), None, Err(MeshFault::ChunkBeyondTotal)),
        (&[1], 4, Some("4:3"), None, refused(ChunkFault::Range)),
        (&[1], 2, Some("2:3"), Some("identity"), Err(MeshFault::EncodingChanged)),
        (&[1], 2, Some("2:3"), Some("deflate"), Err(MeshFault::UnsupportedEncoding)),
        (&[1, 2, 3], 3, Some("3:3"), None, Err(MeshFault::Complete)),
        (&[1, 2, 3], 4, Some("4:4"), None, Err(MeshFault::Complete)),
        (&[1, 2, 3], 3, None, None, refused(ChunkFault::Range)),
    ] {
        let mut assembly = three(have);
        let before = assembly.clone();
        assert_eq!(assembly.judge(number, range, encoding), expected, "{have:?} {number} {range:?} {encoding:?}");
        assert_eq!(assembly.accept(number, range, encoding), expected);
        assert_eq!(assembly.is_complete(), before.is_complete() || expected == Ok(Progress::Complete));
        if expected.is_err() {
            assert_eq!(assembly, before);
        }
    }
    let fault = three(&[1]).judge(3, Some("3:3"), None).unwrap_err();
    assert_eq!(fault.text(), "the last chunk came before chunk 2: send that first");
    assert_eq!((fault.status(), fault.code()), (417, "InvalidHeaderChunks"));
    assert_eq!(three(&[1, 2]).first_missing(), Some(3));
    assert_eq!(three(&[0, 1, 2, 3, 4]).first_missing(), None);
}

#[test]
fn bytes_are_packed_or_unpacked_as_the_client_takes_them() {
    use ContentEncoding::{Gzip, Identity};
    for (stored, accept, version, expected, encoding) in [
        (Gzip, Some("gzip"), Version::V1, Outgoing::AsStored(Gzip), Some("gzip")),
        (Gzip, Some("gzip, deflate"), Version::V2, Outgoing::AsStored(Gzip), Some("gzip")),
        (Gzip, None, Version::V1, Outgoing::Decompress, None),
        (Gzip, Some("identity"), Version::V2, Outgoing::Decompress, None),
        (Identity, Some("gzip"), Version::V1, Outgoing::AsStored(Identity), None),
        (Identity, Some("gzip"), Version::V2, Outgoing::Compress, Some("gzip")),
        (Identity, None, Version::V1, Outgoing::AsStored(Identity), None),
        (Identity, Some("br"), Version::V2, Outgoing::AsStored(Identity), None),
    ] {
        let outgoing = Outgoing::of(stored, accept, version);
        assert_eq!(outgoing, expected, "{stored:?} {accept:?} {version:?}");
        assert_eq!(outgoing.encoding().header(), encoding);
    }
    for (accept, expected) in [
        (None, false),
        (Some(""), false),
        (Some("GZIP"), true),
        (Some("br;q=1.0, gzip;q=0.5"), true),
        (Some("gzip;q=0"), false),
        (Some("gzip; q=0.000, *"), false),
        (Some("*"), true),
        (Some("*;q=0"), false),
        (Some("gzip;q=x"), true),
        (Some("xgzip"), false),
    ] {
        assert_eq!(accepts_gzip(accept), expected, "{accept:?}");
    }
}

proptest! {
    #[test]
    fn a_message_is_complete_once_and_only_when_all_its_chunks_are_there(
        total in 1u32..6, requests in proptest::collection::vec((0u32..8, 0u32..8, "(gzip|identity|)"), 0..40),
    ) {
        let mut assembly = Assembly::begin(Some(&format!("1:{total}")), Some("gzip")).unwrap();
        let mut have = BTreeSet::from([1]);
        let mut completed = u32::from(total == 1);
        for (number, said, encoding) in requests {
            match assembly.accept(number, Some(&format!("{number}:{said}")), Some(&encoding)) {
                Ok(progress) => {
                    prop_assert!(have.len() < total as usize, "taken after completion");
                    prop_assert!((1..=total).contains(&number) && said == total && encoding != "identity");
                    have.insert(number);
                    prop_assert_eq!(progress == Progress::Complete, have.len() == total as usize);
                    completed += u32::from(progress == Progress::Complete);
                }
                Err(fault) => prop_assert!(matches!(fault.status(), 406 | 417 | 423), "{}", fault),
            }
            let missing = (1..=total).find(|number| !have.contains(number));
            prop_assert_eq!(assembly.first_missing(), missing);
            prop_assert_eq!(assembly.is_complete(), completed == 1);
        }
        // In order, everything arrives.
        for number in assembly.first_missing().unwrap_or(total + 1)..=total {
            let range = format!("{number}:{total}");
            prop_assert!(assembly.accept(number, Some(&range), None).is_ok());
        }
        prop_assert!(assembly.is_complete());
    }

    #[test]
    fn ranges_come_back_and_noise_never_panics(number in 0u32..20_000, total in 0u32..20_000, noise in "[0-9: ]{0,24}|(?s).{0,24}") {
        let is_good = 0 < number && number <= total && total <= CHUNKS_MAX;
        let read = format!("{number}:{total}").parse::<ChunkRange>();
        prop_assert_eq!(read.is_ok(), is_good);
        if let Ok(range) = read {
            prop_assert_eq!(range.to_string().parse(), Ok(range));
        }
        let _ = (ChunkRange::parse_received(&noise), Assembly::begin(Some(&noise), Some(&noise)), accepts_gzip(Some(&noise)));
    }
}
