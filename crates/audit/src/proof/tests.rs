//! Tests of `proof`: published vectors, tables and properties.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use proptest::prelude::*;
use sha2::Sha256;

use super::*;
use crate::leaf::rfc6962_leaf;
use crate::vectors::{CONSISTENCY, INCLUSION, hashes, leaves, many, root};

fn bytes(proof: &[Hash]) -> Vec<u8> {
    proof.concat()
}

#[test]
fn published_inclusion_proofs() {
    let leaves = leaves();
    for (index, size, proof) in INCLUSION {
        let proof = hashes(proof);
        assert_eq!(inclusion_proof(index, size, &LeafReader(&leaves)).unwrap(), proof, "{index} of {size}");
        verify_inclusion(&leaves[index as usize], index, size, &proof, &root(size)).unwrap();
    }
}

#[test]
fn published_consistency_proofs() {
    let leaves = leaves();
    for (old, new, proof) in CONSISTENCY {
        let proof = hashes(proof);
        assert_eq!(consistency_proof(old, new, &LeafReader(&leaves)).unwrap(), proof, "{old} to {new}");
        verify_consistency(old, &root(old), new, &root(new), &proof).unwrap();
    }
}

#[test]
fn tampered_inclusion_proofs_fail() {
    let leaves = many(70);
    for (index, size) in [(0, 1), (0, 2), (1, 2), (2, 3), (0, 8), (6, 7), (40, 70), (69, 70), (64, 65)] {
        let root = root_of(leaves[..size as usize].iter().copied());
        let leaf = leaves[index as usize];
        let proof = inclusion_proof(index, size, &LeafReader(&leaves)).unwrap();
        let holds = |leaf: &Hash, index, size, proof: &[Hash], root: &Hash| {
            verify_inclusion(leaf, index, size, proof, root).is_ok()
        };
        assert!(holds(&leaf, index, size, &proof, &root));
        for wrong in tampered(&proof, &root) {
            assert!(!holds(&leaf, index, size, &wrong, &root), "{index} of {size}");
        }
        for wrong in [index + 1, index.wrapping_sub(1), index ^ 2] {
            assert!(!holds(&leaf, wrong, size, &proof, &root), "{index} of {size} as {wrong}");
        }
        for wrong in [0, size * 2, size / 2] {
            assert!(!holds(&leaf, index, wrong, &proof, &root), "{index} of {size} as of {wrong}");
        }
        assert!(!holds(&[1; 32], index, size, &proof, &root));
        assert!(!holds(&leaf, index, size, &proof, &empty_root()));
    }
}

#[test]
fn tampered_consistency_proofs_fail() {
    let leaves = many(70);
    for (old, new) in [(1, 2), (1, 8), (2, 5), (3, 7), (6, 8), (6, 7), (64, 65), (37, 70), (69, 70), (32, 70)] {
        let root = |size: u64| root_of(leaves[..size as usize].iter().copied());
        let (old_root, new_root) = (root(old), root(new));
        let proof = consistency_proof(old, new, &LeafReader(&leaves)).unwrap();
        let holds = |old: u64, old_root: &Hash, new: u64, new_root: &Hash, proof: &[Hash]| {
            verify_consistency(old, old_root, new, new_root, proof).is_ok()
        };
        assert!(holds(old, &old_root, new, &new_root, &proof));
        for wrong in tampered(&proof, &new_root) {
            assert!(!holds(old, &old_root, new, &new_root, &wrong), "{old} to {new}");
        }
        assert!(!holds(old, &old_root, new, &new_root, &[]));
        assert!(!holds(old, &new_root, new, &old_root, &proof));
        assert!(!holds(old, &[1; 32], new, &new_root, &proof));
        assert!(!holds(old, &old_root, new, &[1; 32], &proof));
        for wrong in [old - 1, old + 1, old ^ 2] {
            assert!(!holds(wrong, &old_root, new, &new_root, &proof), "{old} to {new} from {wrong}");
        }
        for wrong in [new * 2, new / 2] {
            assert!(!holds(old, &old_root, wrong, &new_root, &proof), "{old} to {new} as {wrong}");
        }
    }
}

/// The proof of a smaller tree must not pass for a larger one that someone built on top of it.
#[test]
fn a_proof_ends_where_the_size_says() {
    let leaves = many(8);
    let (root, on_top) = (root_of(leaves.iter().copied()), node_hash(&[5; 32], &root_of(leaves.iter().copied())));
    let mut proof = inclusion_proof(3, 8, &LeafReader(&leaves)).unwrap();
    proof.push([5; 32]);
    assert!(verify_inclusion(&leaves[3], 3, 8, &proof, &on_top).is_err());
    let mut proof = consistency_proof(8, 8, &LeafReader(&leaves)).unwrap();
    proof.push([5; 32]);
    assert!(verify_consistency(8, &root, 8, &on_top, &proof).is_err());
    let old_root = root_of(leaves[..3].iter().copied());
    let mut proof = consistency_proof(3, 8, &LeafReader(&leaves)).unwrap();
    proof.push([5; 32]);
    assert!(verify_consistency(3, &node_hash(&[5; 32], &old_root), 8, &on_top, &proof).is_err());
}

/// A hash too many or too few at either end, every bit flip of a sample, neighbours swapped.
fn tampered(proof: &[Hash], other: &Hash) -> Vec<Vec<Hash>> {
    let mut all = vec![[proof, &[*other]].concat(), [&[*other], proof].concat(), [proof, &[[0; 32]]].concat()];
    if let [shorter @ .., _] = proof {
        all.push(shorter.to_vec());
        all.push(proof[1..].to_vec());
    }
    for place in 0..proof.len() {
        for bit in [0, 100, 255] {
            let mut flipped = proof.to_vec();
            flipped[place][bit / 8] ^= 1 << (bit % 8);
            all.push(flipped);
        }
        if place > 0 {
            let mut swapped = proof.to_vec();
            swapped.swap(place - 1, place);
            all.push(swapped);
        }
    }
    all
}

#[test]
fn trivial_consistency() {
    let (a, b, empty) = ([1; 32], [2; 32], empty_root());
    assert!(verify_consistency(0, &empty, 0, &empty, &[]).is_ok());
    assert!(verify_consistency(0, &empty, 5, &a, &[]).is_ok());
    assert!(verify_consistency(5, &a, 5, &a, &[]).is_ok());
    for (old, old_root, new, new_root, proof) in [
        (0, a, 5, b, &[][..]),
        (0, empty, 0, a, &[]),
        (0, a, 0, a, &[]),
        (0, empty, 5, a, &[b]),
        (5, a, 5, b, &[]),
        (5, a, 5, a, &[b]),
        (1, a, 2, b, &[]),
        (3, a, 5, b, &[]),
        (2, a, 1, b, &[]),
        (1, a, 0, empty, &[]),
    ] {
        assert!(verify_consistency(old, &old_root, new, &new_root, proof).is_err(), "{old} to {new}");
    }
}

#[test]
fn impossible_questions() {
    let reader = LeafReader(&[]);
    for (index, size) in [(0, 0), (1, 0), (1, 1), (9, 8), (0, u64::MAX)] {
        assert!(matches!(inclusion_proof(index, size, &reader), Err(ProofError::OutOfRange { .. })), "{index} {size}");
    }
    for (old, new) in [(1, 0), (9, 8), (1, u64::MAX)] {
        assert!(matches!(consistency_proof(old, new, &reader), Err(ProofError::OutOfRange { .. })), "{old} {new}");
    }
}

#[test]
fn readers_that_fail() {
    let error = inclusion_proof(0, 300, &|_: Tile| Ok(None)).unwrap_err();
    assert_eq!(error.to_string(), "tile/0/000 is missing or too short");
    let error = inclusion_proof(0, 300, &|_: Tile| Ok(Some(vec![[0; 32]; 40]))).unwrap_err();
    assert_eq!(error.to_string(), "tile/0/000 is missing or too short");
    let error = inclusion_proof(0, 300, &|_: Tile| Err("disk".into())).unwrap_err();
    assert!(matches!(error, ProofError::Read(_)));
    // a tile that has grown since will do
    let leaves = many(600);
    let wide = |tile: Tile| Ok(Some(leaves[tile.index() as usize * 256..].to_vec()));
    assert_eq!(inclusion_proof(7, 200, &wide).unwrap(), inclusion_proof(7, 200, &LeafReader(&leaves)).unwrap());
}

#[test]
fn few_tiles_are_read_of_a_large_log() {
    let tiles = inclusion_tiles(5_000_000, 10_000_000).unwrap();
    assert!(tiles.len() <= 6, "{tiles:?}");
    assert!(consistency_tiles(5_000_000, 10_000_000).unwrap().len() <= 6);
    assert_eq!(inclusion_tiles(0, 1).unwrap(), []);
    assert_eq!(consistency_tiles(1_000, 1_000).unwrap(), []);
    let largest = crate::SIZE_MAX;
    assert!(inclusion_tiles(largest - 1, largest).unwrap().len() <= 8);
    assert!(consistency_tiles(largest - 1, largest).unwrap().len() <= 8);
}

fn oracle(size: u64) -> (MemoryBackedTree<Sha256, Vec<u8>>, Vec<Hash>) {
    let entries: Vec<Vec<u8>> = (0..size).map(|n| n.to_be_bytes().to_vec()).collect();
    let leaves = entries.iter().map(|entry| rfc6962_leaf(entry)).collect();
    let mut tree = MemoryBackedTree::new();
    for entry in entries {
        tree.push(entry);
    }
    (tree, leaves)
}

fn chunks(proof: &[u8]) -> Vec<Hash> {
    proof.chunks(32).map(|hash| hash.try_into().unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn inclusion_agrees_with_another_implementation(size in 1..700_u64, pick in any::<prop::sample::Index>()) {
        let index = pick.index(size as usize) as u64;
        let (tree, leaves) = oracle(size);
        let theirs = tree.prove_inclusion(index as usize);
        let ours = inclusion_proof(index, size, &LeafReader(&leaves)).unwrap();
        prop_assert_eq!(&bytes(&ours)[..], theirs.as_bytes());

        let their_root: Hash = tree.root().as_bytes()[..].try_into().unwrap();
        prop_assert!(verify_inclusion(&leaves[index as usize], index, size, &chunks(theirs.as_bytes()), &their_root).is_ok());
        let our_root = RootHash::<Sha256>::new(root_of(leaves).into(), size);
        let ours = InclusionProof::<Sha256>::from_bytes(bytes(&ours));
        prop_assert!(our_root.verify_inclusion(&index.to_be_bytes(), index, &ours).is_ok());
    }

    #[test]
    fn consistency_agrees_with_another_implementation(new in 1..700_u64, pick in any::<prop::sample::Index>()) {
        let old = pick.index(new as usize) as u64 + 1;
        let (tree, leaves) = oracle(new);
        let theirs = tree.prove_consistency((new - old) as usize);
        let ours = consistency_proof(old, new, &LeafReader(&leaves)).unwrap();
        prop_assert_eq!(&bytes(&ours)[..], theirs.as_bytes());

        let old_root = root_of(leaves[..old as usize].iter().copied());
        let new_root: Hash = tree.root().as_bytes()[..].try_into().unwrap();
        prop_assert!(verify_consistency(old, &old_root, new, &new_root, &chunks(theirs.as_bytes())).is_ok());
        if old < new {
            let ours = ConsistencyProof::<Sha256>::try_from_bytes(bytes(&ours)).unwrap();
            let old = RootHash::<Sha256>::new(old_root.into(), old);
            prop_assert!(tree.root().verify_consistency(&old, &ours).is_ok());
        }
    }

    /// The tiles that are announced are the tiles that are read.
    #[test]
    fn announced_tiles_are_enough(size in 1..2000_u64, pick in any::<prop::sample::Index>()) {
        let at = pick.index(size as usize) as u64;
        let leaves = many(size);
        let only = |tiles: Vec<Tile>| {
            move |tile: Tile| if tiles.contains(&tile) { Ok(Some(tile)) } else { Err(ReadError::from("not announced")) }
        };
        let leaf_reader = LeafReader(&leaves);
        let allowed = only(inclusion_tiles(at, size).unwrap());
        let reader = |tile: Tile| allowed(tile)?.map_or(Ok(None), |tile| leaf_reader.read(tile));
        prop_assert!(inclusion_proof(at, size, &reader).is_ok());
        let allowed = only(consistency_tiles(at, size).unwrap());
        let reader = |tile: Tile| allowed(tile)?.map_or(Ok(None), |tile| leaf_reader.read(tile));
        prop_assert!(consistency_proof(at, size, &reader).is_ok());
    }
}
