//! The second list: what a backend must do as tables. [`tables_contract_tests!`](crate::tables_contract_tests) makes a test
//! of each.

use crate::Database;
use crate::tables::{Column, Kind, NUMBERED, Part, Row, TABLES, Table, Value, described, table};
use async_trait::async_trait;
use std::sync::Arc;

/// A database of a backend as tables, empty at first.
#[async_trait]
pub trait TablesBackend: Send + Sync {
    /// Opens the database, or opens it again.
    async fn open(&self) -> Arc<dyn Database>;
}

/// Makes one `tokio` test of each function of the second list. The expression makes a fresh backend.
#[macro_export]
macro_rules! tables_contract_tests {
    ($backend:expr) => {
        $crate::contract_tests! { @each $backend;
            every_table_comes_back
            pages_follow_the_key_however_odd_it_is
            rows_put_twice_are_put_once
            another_row_in_its_place_is_refused
            tables_are_cleared_and_replaced
            a_number_is_never_given_again
            the_tables_are_as_they_are_described
            a_snapshot_is_of_one_moment
        }
    };
}

/// For the numbers of rows and groups, by which a backend may divide its tables: positive, and not too far apart.
const PLACES: [i64; 7] = [1, 2, 1 << 23, (1 << 23) + 1, (1 << 54) - 1, 1 << 54, (1 << 54) + 1];
const SEQS: [i64; 7] = [1, 2, 3, (1 << 22) - 1, 1 << 22, (1 << 22) + 1, 1 << 23];
const INTEGERS: [i64; 7] = [i64::MIN, -1, 0, 1, 1 << 33, i64::MAX - 1, i64::MAX];
const TEXTS: [&str; 7] = ["", "A", "B b", "a", "\u{e9}", "\u{ffff}", "\u{1d11e}"];
const BYTES: [&[u8]; 7] = [&[], &[0], &[0, 0], &[0x7f], &[0x80, 1], &[0xff], &[0xff, 0xff]];

fn in_key(table: &Table, column: &Column) -> bool {
    table.key.contains(&column.name)
}

/// A value that is different for each number, so that it also fits columns that must differ from row to row; where only yes and no
/// are allowed, one of them.
fn value(column: &Column, number: i64) -> Value {
    match column.kind {
        _ if column.name == "listed" => Value::Integer(number % 2),
        _ if column.nullable && number % 3 == 0 => Value::Null,
        Kind::Integer => Value::Integer(number),
        Kind::Text => Value::Text(format!("n\u{e9} {number}")),
        Kind::Bytes => Value::Bytes([&number.to_be_bytes()[..], &[0, 0xff]].concat()),
    }
}

fn row(table: &Table, number: i64) -> Row {
    table.columns.iter().map(|column| value(column, number)).collect()
}

/// Rows in the order of their keys. The tree has one row only.
fn plain_rows(table: &Table) -> Vec<Row> {
    (1..if table.name == "tree" { 2 } else { 10 }).map(|number| row(table, number)).collect()
}

/// A row for every mixture of odd values in its key, in the order of the keys.
fn odd_rows(table: &Table) -> Vec<Row> {
    if table.name == "tree" {
        return plain_rows(table);
    }
    let mut keys: Vec<Vec<Value>> = vec![Vec::new()];
    for name in table.key {
        let kind = table.columns.iter().find(|column| column.name == *name).unwrap().kind;
        // Four parts of seven each would be too many.
        let taken = if table.key.len() > 2 { [0, 1, 5, 6].as_slice() } else { &[0, 1, 2, 3, 4, 5, 6] };
        keys = keys
            .iter()
            .flat_map(|key| {
                taken.iter().map(move |n| {
                    let odd = match kind {
                        Kind::Integer if *name == "seq" => Value::Integer(SEQS[*n]),
                        Kind::Integer if *name == "group_no" => Value::Integer(PLACES[*n]),
                        Kind::Integer => Value::Integer(INTEGERS[*n]),
                        Kind::Text => Value::Text(TEXTS[*n].to_owned()),
                        Kind::Bytes => Value::Bytes(BYTES[*n].to_vec()),
                    };
                    [key.as_slice(), &[odd]].concat()
                })
            })
            .collect();
    }
    (1..)
        .zip(keys)
        .map(|(number, key)| {
            let place = |column: &Column| table.key.iter().position(|name| *name == column.name);
            let value = |column| place(column).map_or_else(|| value(column, number), |place| key[place].clone());
            table.columns.iter().map(value).collect()
        })
        .collect()
}

async fn all_rows(database: &dyn Database, table: &'static Table, rows_max: u32) -> Vec<Row> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = database.rows_after(table, after, rows_max).await.unwrap();
        assert!(page.len() <= rows_max as usize);
        let Some(last) = page.last() else { return rows };
        after = Some(table.key_of(last));
        rows.extend(page);
    }
}

/// What is put into a table is there after the next start, whatever kind its columns are, and in no other table.
pub async fn every_table_comes_back(backend: &dyn TablesBackend) {
    let database = backend.open().await;
    for table in TABLES {
        database.clear(table).await.unwrap();
        assert_eq!(database.last_key(table).await.unwrap(), None, "{}", table.name);
    }
    for table in TABLES {
        assert_eq!(database.count(table).await.unwrap(), 0, "{}", table.name);
        database.put_rows(table, plain_rows(table)).await.unwrap();
    }
    database.close().await;
    let database = backend.open().await;
    for table in TABLES {
        let expected = plain_rows(table);
        assert_eq!(all_rows(&*database, table, 1000).await, expected, "{}", table.name);
        assert_eq!(database.count(table).await.unwrap(), expected.len() as u64, "{}", table.name);
    }
}

/// Pages of every length follow the order of the keys: integers with their sign, texts and bytes by their bytes.
pub async fn pages_follow_the_key_however_odd_it_is(backend: &dyn TablesBackend) {
    let database = backend.open().await;
    for table in TABLES {
        database.clear(table).await.unwrap();
        let expected = odd_rows(table);
        let mut mixed = expected.clone();
        mixed.rotate_left(expected.len() / 3);
        mixed.reverse();
        database.put_rows(table, mixed).await.unwrap();
        for rows_max in [1, 3, 1000] {
            assert_eq!(all_rows(&*database, table, rows_max).await, expected, "{} by {rows_max}", table.name);
        }
        let last = expected.last().map(|row| table.key_of(row));
        assert_eq!(database.last_key(table).await.unwrap(), last, "{}", table.name);
        assert_eq!(database.rows_after(table, last, 10).await.unwrap(), Vec::<Row>::new(), "{}", table.name);
    }
}

/// The same rows twice are the same rows; one that stands is not changed.
pub async fn rows_put_twice_are_put_once(backend: &dyn TablesBackend) {
    let database = backend.open().await;
    for table in TABLES {
        database.clear(table).await.unwrap();
        let rows = plain_rows(table);
        database.put_rows(table, rows.clone()).await.unwrap();
        database.put_rows(table, rows.clone()).await.unwrap();
        let mut changed = rows.clone();
        for row in &mut changed {
            for (value, column) in row.iter_mut().zip(table.columns) {
                if !in_key(table, column) {
                    *value = self::value(column, 1000);
                }
            }
        }
        database.put_rows(table, changed).await.unwrap();
        assert_eq!(all_rows(&*database, table, 4).await, rows, "{}", table.name);
    }
}

/// A row that breaks another rule than that of its key is an error, and nothing of its slice is put.
pub async fn another_row_in_its_place_is_refused(backend: &dyn TablesBackend) {
    let database = backend.open().await;
    let person = table("person").unwrap();
    database.put_rows(person, vec![row(person, 1)]).await.unwrap();
    // Somebody else with the same number.
    let mut second = row(person, 1);
    second[0] = Value::Integer(2);
    database.put_rows(person, vec![row(person, 4), second]).await.unwrap_err();
    assert_eq!(database.count(person).await.unwrap(), 1);
    let tile = table("tile").unwrap();
    database.put_rows(tile, vec![vec![Value::Integer(1), Value::Integer(1), Value::Null]]).await.unwrap_err();
    assert_eq!(database.count(tile).await.unwrap(), 0);
}

/// A small table is emptied, and its rows are replaced whole or not at all.
pub async fn tables_are_cleared_and_replaced(backend: &dyn TablesBackend) {
    let database = backend.open().await;
    let setting = table("setting").unwrap();
    database.put_rows(setting, (1..5).map(|number| row(setting, number)).collect()).await.unwrap();
    database.replace(setting, vec![row(setting, 7)]).await.unwrap();
    assert_eq!(all_rows(&*database, setting, 10).await, [row(setting, 7)]);
    database.replace(setting, vec![row(setting, 8), vec![Value::Null, Value::Null]]).await.unwrap_err();
    assert_eq!(all_rows(&*database, setting, 10).await, [row(setting, 7)], "whole or not at all");
    database.replace(setting, Vec::new()).await.unwrap();
    database.replace(setting, vec![row(setting, 9)]).await.unwrap();
    database.clear(setting).await.unwrap();
    assert_eq!(database.count(setting).await.unwrap(), 0);
}

/// A number that the database gave once is known and never given again, also where the row is gone.
pub async fn a_number_is_never_given_again(backend: &dyn TablesBackend) {
    let database = backend.open().await;
    for name in NUMBERED {
        let table = table(name).unwrap();
        assert_eq!(database.highest(table).await.unwrap(), 0, "{name}");
        database.put_rows(table, vec![row(table, 41)]).await.unwrap();
        database.number_after(table, 40).await.unwrap();
        assert!(database.highest(table).await.unwrap() >= 41, "{name}");
    }
    let notice = table("notice").unwrap();
    database.number_after(notice, 90).await.unwrap();
    assert_eq!(database.highest(notice).await.unwrap(), 90);
    // Rows that come later and are older change nothing of it.
    database.put_rows(notice, vec![row(notice, 7)]).await.unwrap();
    assert_eq!(database.highest(notice).await.unwrap(), 90);
    let owed = super::samples::notice(
        1,
        super::samples::authority(1),
        super::samples::person(1),
        super::samples::access(0, 0),
    );
    let step = crate::LookStep { from: 0, to: 1, notices: vec![owed], ..crate::LookStep::default() };
    database.apply_looks(step).await.unwrap();
    let notices = database.notices_after(41, 10).await.unwrap();
    assert_eq!(notices.last().map(|notice| notice.number), Some(91));
}

/// The database has the tables that all backends have, with the same columns and keys, and says so itself.
pub async fn the_tables_are_as_they_are_described(backend: &dyn TablesBackend) {
    assert_eq!(backend.open().await.described().await.unwrap(), described());
}

/// Tables are handed over as they were when it began, whatever is written meanwhile; and it ends when nobody takes them.
pub async fn a_snapshot_is_of_one_moment(backend: &dyn TablesBackend) {
    let database = backend.open().await;
    for table in TABLES {
        database.clear(table).await.unwrap();
        database.put_rows(table, plain_rows(table)).await.unwrap();
    }
    let notice = table("notice").unwrap();
    database.number_after(notice, 90).await.unwrap();
    // One part fits: the second one waits until the first is taken, and by then others have written.
    let (send, mut parts) = tokio::sync::mpsc::channel(1);
    let (reader, from) = (Arc::clone(&database), send);
    let reading = tokio::spawn(async move { reader.snapshot(from).await });
    let mut taken = vec![parts.recv().await.unwrap()];
    let late = i64::from(u32::MAX);
    database.put_rows(table("quarantine").unwrap(), vec![row(table("quarantine").unwrap(), late)]).await.unwrap();
    database.put_rows(notice, vec![row(notice, 91)]).await.unwrap();
    while let Some(part) = parts.recv().await {
        taken.push(part);
    }
    reading.await.unwrap().unwrap();
    let mut expected = Vec::new();
    for table in TABLES {
        expected.push(Part::Rows(table, plain_rows(table)));
        if NUMBERED.contains(&table.name) {
            expected.push(Part::Highest(table, if table.name == "notice" { 90 } else { 9 }));
        }
    }
    assert_eq!(taken, expected);

    let (send, parts) = tokio::sync::mpsc::channel(1);
    drop(parts);
    database.snapshot(send).await.unwrap_err();
}
