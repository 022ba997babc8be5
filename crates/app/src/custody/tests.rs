//! Any k shares make the key ring, k - 1 do not; and what people mistype is named.

use super::*;
use crate::effects::SystemEntropy;
use proptest::prelude::*;

fn ring(seed: u64, erased: &[i64]) -> KeyRing {
    let entropy = SystemEntropy::seeded(seed);
    let ring = KeyRing::generate("cpis.example.nhs.uk/log", &entropy).unwrap();
    let ring = if seed.is_multiple_of(2) { ring } else { ring.with_new_key(&entropy).unwrap() };
    erased.iter().fold(ring, |ring, person| ring.with_erased(*person).unwrap())
}

fn shares(ring: &KeyRing, threshold: u8, count: u8) -> Vec<Zeroizing<String>> {
    let today = "2026-11-28".parse().unwrap();
    split(ring, threshold, count, today, &SystemEntropy::seeded(9)).unwrap()
}

fn of(texts: &[Zeroizing<String>]) -> Vec<Share> {
    texts.iter().map(|text| parse(text).unwrap()).collect()
}

fn error(shares: &[Share]) -> CustodyError {
    combine(shares, None).err().unwrap()
}

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_k_shares_make_the_ring_and_fewer_do_not(
        seed in any::<u64>(),
        (count, threshold) in (2_u8..9).prop_flat_map(|count| (Just(count), 2..=count)),
        erased in prop::collection::vec(1_i64.., 0..5),
        order in any::<prop::sample::Index>(),
        mixed in any::<bool>(),
    ) {
        let ring = ring(seed, &erased);
        let mut texts = shares(&ring, threshold, count);
        // Some order, of which the first k are taken.
        let by = order.index(texts.len());
        texts.rotate_left(by);
        if mixed { texts.reverse(); }
        let (k, _) = texts.split_at(threshold.into());
        let again = combine(&of(k), None).unwrap();
        prop_assert_eq!(again.to_text(), ring.to_text());
        let fewer = combine(&of(&k[1..]), None).err();
        prop_assert_eq!(fewer, Some(CustodyError::TooFew { have: k.len() - 1, need: threshold }));
        // Nor does it help to say that fewer are needed: what comes out is no key ring.
        if threshold > 2 {
            let mut lying = of(&k[1..]);
            for share in &mut lying { share.threshold -= 1; }
            prop_assert_eq!(error(&lying), CustodyError::NoRing);
        }
    }

    #[test]
    fn a_wrong_letter_is_named_with_its_line(at in any::<prop::sample::Index>(), by in 1_u8..32) {
        let text = shares(&ring(1, &[]), 2, 3)[0].clone();
        let body = text.find("\n\n").unwrap() + 2;
        let end = text.find("People erased").unwrap();
        let places: Vec<usize> = text.bytes().enumerate().take(end).skip(body)
            .filter(|(_, byte)| byte.is_ascii_uppercase()).map(|(place, _)| place).collect();
        let place = places[at.index(places.len())];
        let mut typed = text.as_bytes().to_vec();
        let letter = LETTERS.iter().position(|letter| *letter == typed[place]).unwrap();
        typed[place] = LETTERS[(letter + usize::from(by)) % 32];
        let typed = String::from_utf8(typed).unwrap();
        let line = typed[body..place].lines().count().max(1).to_string();
        match parse(&typed) {
            // Two letters let one mistake in a thousand pass; the check of the whole does not.
            Err(CustodyError::Line(named)) => prop_assert_eq!(named, line),
            other => prop_assert_eq!(other.err(), Some(CustodyError::Mixed)),
        }
    }
}

#[test]
fn a_share_is_read_however_it_is_typed() {
    let ring = ring(2, &[7, i64::MAX]);
    let texts = shares(&ring, 2, 3);
    assert!(texts[0].starts_with("OpenCPIS key share 1 of 3: any 2 of them make the key ring again\n"));
    assert!(texts[0].lines().all(|line| line.len() < 110) && texts[0].contains("erases again: 2"));
    let typed = |text: &str| {
        let body = text.split_once("\n\n").unwrap().1;
        body.to_lowercase().replace('o', "0").replace("  ", "   ").replace('b', "8")
    };
    // The words for people are left out or wrong; what looks alike was mixed up.
    let lines: Vec<String> = texts.iter().map(|text| typed(text)).collect();
    let again = combine(&[parse(&lines[2]).unwrap(), parse(&lines[0]).unwrap()], None).unwrap();
    assert_eq!(again.to_text(), ring.to_text());
}

#[test]
fn what_is_no_set_of_shares_says_why() {
    let (one, other) = (ring(3, &[4, 5]), ring(4, &[]));
    let (texts, others) = (shares(&one, 2, 3), shares(&other, 2, 3));
    assert_eq!(parse("").err(), Some(CustodyError::NoShare));
    assert_eq!(parse("a letter to the trust").err(), Some(CustodyError::NoShare));
    let mixed = [parse(&texts[0]).unwrap(), parse(&others[1]).unwrap()];
    // The same set number, for both were drawn from the same seed: the seal tells them apart.
    assert_eq!(error(&mixed), CustodyError::NoRing);
    let today = "2026-11-29".parse().unwrap();
    let later = split(&one, 2, 3, today, &SystemEntropy::seeded(10)).unwrap();
    assert_eq!(error(&[parse(&texts[0]).unwrap(), parse(&later[1]).unwrap()]), CustodyError::OtherSet(1, 2));
    let twice = [parse(&texts[0]).unwrap(), parse(&texts[0]).unwrap()];
    assert_eq!(error(&twice), CustodyError::TooFew { have: 1, need: 2 });
    let without: Vec<&str> = texts[0].lines().filter(|line| !line.starts_with("   2 ")).collect();
    assert_eq!(parse(&without.join("\n")).err(), Some(CustodyError::Missing("2".to_owned())));
    for (threshold, count) in [(1, 3), (4, 3), (2, 1), (2, SHARES_MAX + 1)] {
        let refused = split(&one, threshold, count, today, &SystemEntropy::seeded(1));
        assert_eq!(refused.err(), Some(CustodyError::Numbers), "{threshold} of {count}");
    }
}

#[test]
fn a_list_of_erased_people_that_is_not_whole_is_not_taken() {
    let ring = ring(5, &[11, 12, 13]);
    let texts = shares(&ring, 2, 2);
    let without = |drop: &str| -> Vec<Share> {
        let kept =
            |text: &str| text.lines().filter(|line| !line.trim().starts_with(drop)).collect::<Vec<_>>().join("\n");
        texts.iter().map(|text| parse(&kept(text))).collect::<Result<_, _>>().unwrap_or_default()
    };
    assert_eq!(error(&without("end")), CustodyError::ErasedList);
    let again = combine(&without("end"), Some(&[13, 11, 12])).unwrap();
    assert_eq!(again.erased(), [13, 11, 12]);
    assert_eq!(combine(&without("end"), Some(&[11, 12])).err(), Some(CustodyError::ErasedList));
    let list = erased_to_text(ring.erased());
    assert_eq!(erased_from_text(&list).unwrap(), ring.erased());
    assert_eq!(erased_from_text(&erased_to_text(&[])).unwrap(), Vec::<i64>::new());
    for drop in ["e1", "e2", "end"] {
        let kept: Vec<&str> = list.lines().filter(|line| !line.trim().starts_with(drop)).collect();
        assert!(erased_from_text(&kept.join("\n")).is_err(), "{drop}");
    }
}
