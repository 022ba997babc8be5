//! Tests of `tile`: published vectors, tables and properties.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[test]
fn paths() {
    for (level, index, width, path) in [
        (0, 0, 256, "tile/0/000"),
        (0, 999, 256, "tile/0/999"),
        (0, 1000, 256, "tile/0/x001/000"),
        (0, 1_234_067, 256, "tile/0/x001/x234/067"),
        (0, 67, 1, "tile/0/067.p/1"),
        (0, 1067, 255, "tile/0/x001/067.p/255"),
        (3, 5, 17, "tile/3/005.p/17"),
        (7, 0, 127, "tile/7/000.p/127"),
    ] {
        let tile = Tile::new(level, index, width).unwrap();
        assert_eq!(tile.path(), path);
        assert_eq!(path.parse(), Ok(tile));
    }
}

#[test]
fn malformed_paths_are_refused() {
    for path in [
        "",
        "tile/",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/1000",
        "tile/0/x000/001",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/x001/x000",
        "tile/0/+01",
        "tile/0/xx1/000",
        "tile/00/000",
        "tile/8/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/7/001",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/70000",
        "tile/0/000.p/",
        "tile/0/000.p/1/",
        "tile/0/000/",
        "tile/entries/000",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
    ] {
        assert_eq!(path.parse::<Tile>(), Err(TileError), "{path:?}");
    }
}

/// C2SP tlog-tiles, "Partial Tiles": the two examples.
#[test]
fn published_sizes() {
    let tiles: Vec<Tile> = grown_tiles(0, 70_000).collect();
    let full = |level| tiles.iter().filter(|tile| tile.level() == level && tile.is_full()).count();
    assert_eq!([full(0), full(1), full(2)], [273, 1, 0]);
    let partial: Vec<String> = tiles.iter().filter(|tile| !tile.is_full()).map(Tile::path).collect();
    assert_eq!(partial, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);

    let tiles: Vec<String> = grown_tiles(0, 256).map(|tile| tile.path()).collect();
    assert_eq!(tiles, ["tile/0/000", "tile/1/000.p/1"]);
}

#[test]
fn a_log_does_not_shrink() {
    assert_eq!(grown_tiles(500, 300).count(), 0);
    assert_eq!(grown_tiles(0, 0).count(), 0);
}

#[test]
fn the_largest_log_has_tiles() {
    let size = crate::SIZE_MAX;
    let paths: Vec<String> = grown_tiles(size - 1, size).map(|tile| tile.path()).collect();
    assert_eq!(paths.len(), 1);
    assert!(paths[0].ends_with(".p/255"), "{paths:?}");
    let all = (0..=LEVEL_MAX).map(|level| hashes_at(level, size) / 256).zip(0..);
    assert!(all.into_iter().all(|(index, level)| Tile::in_log(level, index, size).is_some()));
}

proptest! {
    #[test]
    fn a_path_leads_back(level in 0..=LEVEL_MAX, index in any::<u64>(), width in 0..300_u16) {
        if let Ok(tile) = Tile::new(level, index, width) {
            prop_assert_eq!(tile.path().parse(), Ok(tile));
        }
        let low = Tile::new(0, index >> 20, width.clamp(1, 256)).unwrap();
        prop_assert_eq!(low.path().parse(), Ok(low));
    }

    #[test]
    fn steps_touch_what_the_whole_growth_touches(steps in prop::collection::vec(0..40_000_u64, 1..6)) {
        let mut stored: BTreeMap<(u8, u64), u16> = BTreeMap::new();
        let mut size = 0;
        for step in steps {
            for tile in grown_tiles(size, size + step) {
                let before = stored.insert((tile.level(), tile.index()), tile.width());
                prop_assert!(before.is_none_or(|width| width < tile.width()));
            }
            size += step;
        }
        let whole: BTreeMap<_, _> = grown_tiles(0, size).map(|tile| ((tile.level(), tile.index()), tile.width())).collect();
        prop_assert_eq!(stored, whole);
    }
}
