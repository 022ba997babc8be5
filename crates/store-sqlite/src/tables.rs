//! The tables as a whole: reading them in the order of their keys, filling them, describing them.

use crate::SqliteStore;
use crate::queue::Lane::Background;
use crate::tx::{Bad, Stop, Tx};
use async_trait::async_trait;
use cpis_store::StoreError;
use cpis_store::tables::{Kind, NUMBERED, Part, Row, TABLES, Table, Tables, Value, describe};
use rusqlite::params_from_iter;
use rusqlite::types::{ToSqlOutput, Value as Stored, ValueRef};
use std::collections::HashMap;
use std::sync::LazyLock;
use tokio::sync::mpsc::Sender;

/// Tables that other backends have not: SQLite's own begin with `sqlite_`.
const OWN: [&str; 1] = ["schema_version"];

/// The statements of one table.
struct Statements {
    first_page: String,
    page: String,
    put: String,
    clear: String,
    last: String,
    count: String,
    highest: String,
}

static STATEMENTS: LazyLock<HashMap<&str, Statements>> =
    LazyLock::new(|| TABLES.iter().map(|table| (table.name, Statements::of(table))).collect());

impl Statements {
    fn of(table: &Table) -> Self {
        let (name, key) = (table.name, table.key.join(", "));
        let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
        let columns = names.join(", ");
        let marks = |count: usize| vec!["?"; count].join(", ");
        let descending = table.key.join(" DESC, ");
        Self {
            first_page: format!("-- {name}.first_rows\nSELECT {columns} FROM {name} ORDER BY {key} LIMIT ?"),
            page: format!(
                "-- {name}.rows_after\nSELECT {columns} FROM {name} WHERE ({key}) > ({}) ORDER BY {key} LIMIT ?",
                marks(table.key.len())
            ),
            // Only a row with the same key stands; one that breaks another rule is an error.
            put: format!(
                "-- {name}.put\nINSERT INTO {name} ({columns}) VALUES ({}) ON CONFLICT ({key}) DO NOTHING",
                marks(names.len())
            ),
            clear: format!("-- {name}.clear\nDELETE FROM {name}"),
            last: format!("-- {name}.last_key\nSELECT {key} FROM {name} ORDER BY {descending} DESC LIMIT 1"),
            count: format!("-- {name}.count\nSELECT count(*) FROM {name}"),
            highest: format!("-- {name}.highest\nSELECT max({key}) FROM {name}"),
        }
    }
}

fn statements(table: &Table) -> Result<&'static Statements, Stop> {
    let statements = LazyLock::force(&STATEMENTS).get(table.name);
    statements.ok_or_else(|| StoreError::Unavailable(format!("there is no table {}", table.name)).into())
}

#[async_trait]
impl Tables for SqliteStore {
    async fn rows_after(
        &self,
        table: &'static Table,
        after: Option<Vec<Value>>,
        rows_max: u32,
    ) -> Result<Vec<Row>, StoreError> {
        self.read(move |tx| rows_after(tx, table, after.as_deref(), rows_max)).await
    }

    async fn put_rows(&self, table: &'static Table, rows: Vec<Row>) -> Result<(), StoreError> {
        self.write(Background, move |tx| put(tx, table, &rows)).await
    }

    async fn clear(&self, table: &'static Table) -> Result<(), StoreError> {
        self.write(Background, move |tx| tx.execute(&statements(table)?.clear, [])).await.map(drop)
    }

    async fn replace(&self, table: &'static Table, rows: Vec<Row>) -> Result<(), StoreError> {
        self.write(Background, move |tx| {
            tx.execute(&statements(table)?.clear, [])?;
            put(tx, table, &rows)
        })
        .await
    }

    async fn last_key(&self, table: &'static Table) -> Result<Option<Vec<Value>>, StoreError> {
        self.read(move |tx| tx.first(&statements(table)?.last, [], |row| values(row, table.key.len()))).await
    }

    async fn count(&self, table: &'static Table) -> Result<u64, StoreError> {
        let count = self.read(move |tx| tx.first(&statements(table)?.count, [], |row| crate::values::get_u64(row, 0)));
        Ok(count.await?.unwrap_or_default())
    }

    async fn highest(&self, table: &'static Table) -> Result<u64, StoreError> {
        self.read(move |tx| highest(tx, table)).await
    }

    /// Rows of the other numbered tables are never removed singly, or their numbers mean nothing outside.
    async fn number_after(&self, table: &'static Table, after: u64) -> Result<(), StoreError> {
        if table.name != "notice" {
            return Ok(());
        }
        self.write(Background, move |tx| {
            let number = after.max(highest(tx, table)?);
            tx.execute("-- notice.forget_number\nDELETE FROM sqlite_sequence WHERE name = 'notice'", [])?;
            tx.execute(
                "-- notice.number_after\nINSERT INTO sqlite_sequence (name, seq) VALUES ('notice', ?)",
                [number as i64],
            )?;
            Ok(())
        })
        .await
    }

    async fn snapshot(&self, parts: Sender<Part>) -> Result<(), StoreError> {
        self.read(move |tx| snapshot(tx, &parts)).await
    }

    async fn described(&self) -> Result<Vec<String>, StoreError> {
        self.read(described).await
    }
}

fn rows_after(tx: &Tx<'_>, table: &Table, after: Option<&[Value]>, rows_max: u32) -> Result<Vec<Row>, Stop> {
    let statements = statements(table)?;
    let limit = ToSqlOutput::Owned(Stored::Integer(rows_max.into()));
    let (sql, key) = match after {
        None => (&statements.first_page, &[][..]),
        Some(key) => (&statements.page, key),
    };
    let params = key.iter().map(bound).chain([limit]);
    tx.all(sql, params_from_iter(params), |row| values(row, table.columns.len()))
}

/// All tables from one read transaction. The write-ahead log cannot begin anew before it ends.
fn snapshot(tx: &Tx<'_>, parts: &Sender<Part>) -> Result<(), Stop> {
    let hand_over = |part| -> Result<(), Stop> {
        let taken = parts.blocking_send(part);
        taken.map_err(|_| StoreError::Unavailable("nobody takes the rows any more".into()).into())
    };
    for table in TABLES {
        let mut after = None;
        loop {
            let rows = rows_after(tx, table, after.as_deref(), table.rows_at_once())?;
            let Some(last) = rows.last() else { break };
            after = Some(table.key_of(last));
            hand_over(Part::Rows(table, rows))?;
        }
        if NUMBERED.contains(&table.name) {
            hand_over(Part::Highest(table, highest(tx, table)?))?;
        }
    }
    Ok(())
}

fn put(tx: &Tx<'_>, table: &Table, rows: &[Row]) -> Result<(), Stop> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut put = tx.prepare(&statements(table)?.put)?;
    for row in rows {
        put.execute(params_from_iter(row.iter().map(bound)))?;
    }
    Ok(())
}

fn highest(tx: &Tx<'_>, table: &Table) -> Result<u64, Stop> {
    let stored = |sql| {
        let number = tx.first(sql, [], |row| Ok(row.get::<_, Option<i64>>(0)?));
        number.map(|number| number.flatten().map_or(0, |number| u64::try_from(number).unwrap_or_default()))
    };
    let stands = stored(&statements(table)?.highest)?;
    if table.name != "notice" {
        return Ok(stands);
    }
    Ok(stands.max(stored("-- notice.last_number\nSELECT seq FROM sqlite_sequence WHERE name = 'notice'")?))
}

fn bound(value: &Value) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(match value {
        Value::Null => ValueRef::Null,
        Value::Integer(value) => ValueRef::Integer(*value),
        Value::Text(text) => ValueRef::Text(text.as_bytes()),
        Value::Bytes(bytes) => ValueRef::Blob(bytes),
    })
}

fn values(row: &rusqlite::Row<'_>, columns: usize) -> Result<Row, Bad> {
    (0..columns)
        .map(|column| {
            Ok(match row.get_ref(column)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(value) => Value::Integer(value),
                ValueRef::Text(text) => Value::Text(String::from_utf8(text.to_vec()).map_err(|_| Bad)?),
                ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
                ValueRef::Real(_) => return Err(Bad),
            })
        })
        .collect()
}

/// From SQLite's own description. A column of the key is never empty, whether it says so or not.
fn described(tx: &Tx<'_>) -> Result<Vec<String>, Stop> {
    let names = tx.all(
        "-- tables.names\nSELECT 0, name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
        [],
        |row| Ok(row.get::<_, String>(1)?),
    )?;
    let mut lines = Vec::new();
    for name in names.iter().filter(|name| !OWN.contains(&name.as_str())) {
        let columns = tx.all(
            "-- tables.columns\nSELECT cid, name, type, \"notnull\", pk FROM pragma_table_info(?) ORDER BY cid",
            [name],
            |row| {
                let kind = match row.get_ref(2)?.as_str().map_err(|_| Bad)? {
                    "INTEGER" => Kind::Integer,
                    "TEXT" => Kind::Text,
                    "BLOB" => Kind::Bytes,
                    _ => return Err(Bad),
                };
                Ok((row.get::<_, String>(1)?, kind, row.get::<_, bool>(3)?, row.get::<_, u32>(4)?))
            },
        )?;
        let mut key: Vec<(u32, &str)> =
            columns.iter().filter(|column| column.3 > 0).map(|column| (column.3, column.0.as_str())).collect();
        key.sort_unstable();
        let key: Vec<&str> = key.into_iter().map(|(_, name)| name).collect();
        let columns: Vec<(&str, Kind, bool)> =
            columns.iter().map(|(name, kind, filled, place)| (name.as_str(), *kind, !filled && *place == 0)).collect();
        lines.push(describe(name, &key, &columns));
    }
    lines.sort();
    Ok(lines)
}
