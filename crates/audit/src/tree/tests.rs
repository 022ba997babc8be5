//! Tests of `tree`: published vectors, tables and properties.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;

use super::*;
use crate::leaf::rfc6962_leaf;
use crate::vectors::{leaves, many, root};

#[test]
fn published_roots() {
    assert_eq!(root_of([]), empty_root());
    for size in 1..=8 {
        assert_eq!(root_of(leaves().into_iter().take(size)), root(size as u64), "{size}");
    }
}

#[test]
fn damaged_frontiers_are_refused() {
    let good = many(6).into_iter().collect::<CompactRange>().to_bytes();
    assert_eq!(good.len(), 8 + 2 * 32);
    let mut wrong_size = good.clone();
    wrong_size[7] = 7;
    assert_eq!(CompactRange::from_bytes(&wrong_size), Err(TreeError::Hashes { size: 7, expected: 3, found: 2 }));
    let mut huge = good.clone();
    huge[0] = 0x80;
    assert_eq!(CompactRange::from_bytes(&huge), Err(TreeError::TooLarge((1 << 63) + 6)));
    for bad in [&[][..], &good[..7], &good[..good.len() - 1], &[&good[..], &[0]].concat()] {
        assert_eq!(CompactRange::from_bytes(bad), Err(TreeError::Shape), "{}", bad.len());
    }
    assert_eq!(CompactRange::from_bytes(&[0; 8]), Ok(CompactRange::new()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn roots_agree_with_another_implementation(
        entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..200),
    ) {
        let mut oracle = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        let mut range = CompactRange::new();
        for entry in entries {
            range.push(rfc6962_leaf(&entry));
            oracle.push(entry);
            prop_assert_eq!(range.root().to_vec(), oracle.root().as_bytes().to_vec());
            prop_assert_eq!(range.size(), oracle.len());
        }
    }

    #[test]
    fn a_stored_frontier_goes_on_where_it_stopped(before in 0..600_u64, after in 0..600_u64) {
        let leaves = many(before + after);
        let (first, second) = leaves.split_at(before as usize);
        let stored = first.iter().copied().collect::<CompactRange>();
        let mut read = CompactRange::from_bytes(&stored.to_bytes()).unwrap();
        prop_assert_eq!(&CompactRange::from_parts(before, stored.parts().to_vec()).unwrap(), &read);
        read.extend(second.iter().copied());
        prop_assert_eq!(read.root(), root_of(leaves));
    }
}
