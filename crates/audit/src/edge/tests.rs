//! Tests of `edge`: published vectors, tables and properties.

use std::collections::BTreeMap;

use super::*;
use crate::proof::{LeafReader, inclusion_proof};
use crate::tile::grown_tiles;
use crate::vectors::many;

type Stored = BTreeMap<(u8, u64), Vec<Hash>>;

fn write(edge: &mut TileEdge, leaves: &[Hash], stored: &mut Stored) {
    for leaf in leaves {
        edge.push(*leaf, &mut |tile, hashes| drop(stored.insert((tile.level(), tile.index()), hashes.to_vec())));
    }
    for (tile, hashes) in edge.partial() {
        assert_eq!(hashes.len(), usize::from(tile.width()));
        stored.insert((tile.level(), tile.index()), hashes.to_vec());
    }
}

#[test]
fn written_tiles_are_the_tiles_of_the_log_and_can_be_loaded_again() {
    let leaves = many(66_500);
    let mut stored = Stored::new();
    let mut edge = TileEdge::new();
    let mut size = 0;
    for step in [0, 1, 254, 1, 1, 600, 64_000, 679, 964] {
        write(&mut edge, &leaves[size..size + step], &mut stored);
        size += step;
        let read = |tile: Tile| Ok(stored.get(&(tile.level(), tile.index())).cloned());
        assert_eq!(TileEdge::load(size as u64, &read).unwrap(), edge, "{size}");
        assert_eq!(edge.size(), size as u64);
    }
    assert_eq!(size, leaves.len());

    let expected: Vec<Tile> = grown_tiles(0, size as u64).collect();
    assert_eq!(stored.len(), expected.len());
    for tile in expected {
        let leaf_tile = LeafReader(&leaves).read(tile).unwrap().unwrap();
        assert_eq!(stored[&(tile.level(), tile.index())], leaf_tile, "{tile}");
    }

    let read = |tile: Tile| Ok(stored.get(&(tile.level(), tile.index())).cloned());
    for (index, size) in [(0, 66_500), (65_535, 66_000), (65_536, 65_537), (300, 301), (66_499, 66_500)] {
        let from_leaves = inclusion_proof(index, size, &LeafReader(&leaves)).unwrap();
        assert_eq!(inclusion_proof(index, size, &read).unwrap(), from_leaves, "{index} {size}");
    }
}

#[test]
fn a_missing_tile_is_named() {
    let none = |_: Tile| Ok(None);
    let error = TileEdge::load(300, &none).unwrap_err();
    assert_eq!(error.to_string(), "tile/0/001.p/44 is missing or too short");
    assert_eq!(TileEdge::load(0, &none).unwrap(), TileEdge::new());
}
