//! Windows that are open while a database is brought to the schema in which looks say themselves what they owed.

use crate::Store;
use cpis_model::entry::PersonId;

/// Of somebody with one listed look: the notices that are in a window still, one of a report, and one from before.
const NOTICES: &str = "INSERT INTO notice (number, id, authority, person_id, entry_index, seq, at, author, kind) VALUES
    (11, @1, '703', 77, 1, 2, 1780000004000, @a, 0), (12, @2, '704', 77, 5, 6, 1780003600000, @a, 0),
    (13, @3, '704', 77, 6, 7, 1780003600000, @a, 1), (14, @4, '705', 77, 0, 1, 1779913600000, @a, 0)";

/// Statements that put them into a database of the schema before looks said what they owed. `quoted` writes bytes, given in hex.
pub fn notices(quoted: impl Fn(&str) -> String) -> String {
    let ids =
        (1..=4).fold(NOTICES.to_owned(), |sql, id| sql.replace(&format!("@{id}"), &quoted(&format!("{id:032x}"))));
    ids.replace("@a", &quoted(&"c1".repeat(16)))
}

/// What the person's looks say.
pub async fn followed(store: &dyn Store) -> (Vec<u64>, Vec<(u64, String)>) {
    let person = PersonId::from_stored(77).unwrap();
    let state = store.followed(vec![person]).await.unwrap().remove(0).derived.state;
    let owed = state.owed.iter().map(|owed| (owed.access.index, owed.authority.to_string()));
    (state.listed.iter().map(|access| access.index).collect(), owed.collect())
}

/// What they say when the notices were taken into them.
pub fn expected() -> (Vec<u64>, Vec<(u64, String)>) {
    (vec![1], [(1, "702"), (1, "703"), (5, "704")].map(|(index, code)| (index, code.to_owned())).to_vec())
}
