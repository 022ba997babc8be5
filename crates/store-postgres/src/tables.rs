//! The tables themselves, for moving a database. For the role that owns them: the service may read them, but neither empty nor
//! fill them.

use crate::PgStore;
use crate::options::unavailable;
use crate::told::Stop;
use crate::tx::{Bad, Params, Tx};
use crate::values::get_u64;
use async_trait::async_trait;
use cpis_store::StoreError;
use cpis_store::tables::{Kind, NUMBERED, Part, Row, TABLES, Table, Tables, Value, describe};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::mpsc::Sender;
use tokio_postgres::types::ToSql;

type Answer<T> = Result<T, StoreError>;

/// How long counting a large table may take.
const COUNT_WITHIN: Duration = Duration::from_mins(30);
/// How long one step of reading a snapshot may take, and how long it may wait for its reader.
const SNAPSHOT_WITHIN: Duration = Duration::from_mins(10);
/// Tables that this backend alone has.
const OWN: &[&str] = &["sequence", "group_id", "notice_number", "lease", "schema_version"];

fn columns(table: &Table) -> String {
    table.columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}

fn kind_of(table: &Table, name: &str) -> Kind {
    table.columns.iter().find(|column| column.name == name).map_or(Kind::Integer, |column| column.kind)
}

fn value(row: &tokio_postgres::Row, column: usize, kind: Kind) -> Result<Value, Bad> {
    let value = match kind {
        Kind::Integer => row.try_get::<_, Option<i64>>(column)?.map(Value::Integer),
        Kind::Text => row.try_get::<_, Option<String>>(column)?.map(Value::Text),
        Kind::Bytes => row.try_get::<_, Option<Vec<u8>>>(column)?.map(Value::Bytes),
    };
    Ok(value.unwrap_or(Value::Null))
}

fn param(value: &Value) -> Box<dyn ToSql + Sync + Send> {
    match value {
        Value::Null => Box::new(None::<i64>),
        Value::Integer(number) => Box::new(*number),
        Value::Text(text) => Box::new(text.clone()),
        Value::Bytes(bytes) => Box::new(bytes.clone()),
    }
}

/// The values of one column, as one array.
fn array(rows: &[Row], column: usize, kind: Kind) -> Box<dyn ToSql + Sync + Send> {
    let values = rows.iter().map(|row| row.get(column));
    match kind {
        Kind::Integer => Box::new(
            values
                .map(|value| if let Some(Value::Integer(number)) = value { Some(*number) } else { None })
                .collect::<Vec<_>>(),
        ),
        Kind::Text => Box::new(
            values
                .map(|value| if let Some(Value::Text(text)) = value { Some(text.clone()) } else { None })
                .collect::<Vec<_>>(),
        ),
        Kind::Bytes => Box::new(
            values
                .map(|value| if let Some(Value::Bytes(bytes)) = value { Some(bytes.clone()) } else { None })
                .collect::<Vec<_>>(),
        ),
    }
}

async fn rows_after(tx: &Tx<'_>, table: &Table, after: Option<&[Value]>, rows_max: u32) -> Result<Vec<Row>, Stop> {
    let key = table.key.join(", ");
    let places: Vec<String> = (1..=table.key.len()).map(|place| format!("${place}")).collect();
    let condition = after.map_or(String::new(), |_| format!("WHERE ({key}) > ({}) ", places.join(", ")));
    let sql = format!(
        "-- {}.rows\nSELECT {} FROM {} {condition}ORDER BY {key} LIMIT {rows_max}",
        table.name,
        columns(table),
        table.name
    );
    let owned: Vec<_> = after.unwrap_or_default().iter().map(param).collect();
    let params: Vec<&(dyn ToSql + Sync)> = owned.iter().map(|param| &**param as &(dyn ToSql + Sync)).collect();
    tx.all(&sql, &params, |row| {
        table.columns.iter().enumerate().map(|(at, column)| value(row, at, column.kind)).collect()
    })
    .await
}

/// All tables from one transaction.
async fn snapshot(tx: &Tx<'_>, parts: &Sender<Part>) -> Result<(), Stop> {
    for table in TABLES {
        let mut after = None;
        loop {
            let rows = rows_after(tx, table, after.as_deref(), table.rows_at_once()).await?;
            let Some(last) = rows.last() else { break };
            after = Some(table.key_of(last));
            hand_over(parts, Part::Rows(table, rows)).await?;
        }
        if NUMBERED.contains(&table.name) {
            hand_over(parts, Part::Highest(table, highest(tx, table).await?)).await?;
        }
    }
    Ok(())
}

async fn hand_over(parts: &Sender<Part>, part: Part) -> Result<(), Stop> {
    parts.send(part).await.map_err(|_| unavailable("nobody takes the rows any more").into())
}

async fn put_rows(tx: &Tx<'_>, table: &Table, rows: &[Row]) -> Result<(), Stop> {
    make_partitions(tx, table, rows).await?;
    let arrays: Vec<String> = table
        .columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let kind = match column.kind {
                Kind::Integer => "bigint",
                Kind::Text => "text",
                Kind::Bytes => "bytea",
            };
            format!("${}::{kind}[]", at + 1)
        })
        .collect();
    let sql = format!(
        "-- {}.put\nINSERT INTO {} ({}) SELECT * FROM unnest({}) ON CONFLICT ({}) DO NOTHING",
        table.name,
        table.name,
        columns(table),
        arrays.join(", "),
        table.key.join(", ")
    );
    let owned: Vec<_> = table.columns.iter().enumerate().map(|(at, column)| array(rows, at, column.kind)).collect();
    let params: Vec<&(dyn ToSql + Sync)> = owned.iter().map(|param| &**param as &(dyn ToSql + Sync)).collect();
    tx.execute(&sql, &params).await?;
    follow(tx, table, rows).await
}

/// Partitions for rows that come from elsewhere and may be old.
async fn make_partitions(tx: &Tx<'_>, table: &Table, rows: &[Row]) -> Result<(), Stop> {
    let (key, width): (&str, i64) = match table.name {
        "journal" => ("seq", 1 << 22),
        "leaf" | "upload_body" => ("group_no", 1 << 54),
        _ => return Ok(()),
    };
    let places: BTreeSet<i64> = integers(table, rows, key).iter().map(|number| number / width).collect();
    for place in places {
        let low = place * width;
        tx.execute("-- partition.make\nSELECT make_partitions($1, $2, $3, $3)", &[&table.name, &width, &low]).await?;
    }
    Ok(())
}

/// The integers of one column.
fn integers(table: &Table, rows: &[Row], name: &str) -> Vec<i64> {
    let at = table.columns.iter().position(|column| column.name == name);
    let value = |row: &Row| match at.and_then(|at| row.get(at)) {
        Some(Value::Integer(number)) => Some(*number),
        _ => None,
    };
    rows.iter().filter_map(value).collect()
}

/// What this backend keeps beside a table follows it.
async fn follow(tx: &Tx<'_>, table: &Table, rows: &[Row]) -> Result<(), Stop> {
    if table.name == "journal" {
        let seqs = integers(table, rows, "seq");
        tx.execute(
            "-- group_id.follow\nINSERT INTO group_id (group_no, seq, first_index, count) \
             SELECT group_no, seq, first_index, count FROM journal WHERE seq = ANY ($1) ON CONFLICT DO NOTHING",
            &[&seqs],
        )
        .await?;
    }
    let statements: &[&str] = match table.name {
        "journal" => &[
            "-- sequence.follow\nUPDATE sequence SET next_seq = last.seq + 1, next_index = last.first_index + last.count \
             FROM (SELECT seq, first_index, count FROM journal ORDER BY seq DESC LIMIT 1) AS last WHERE id = 1",
        ],
        "notice" => &["-- notice_number.follow\nUPDATE notice_number SET last = \
             greatest(last, (SELECT coalesce(max(number), 0) FROM notice)) WHERE id = 1"],
        "alias" => &["-- alias.follow\nSELECT setval(pg_get_serial_sequence('alias', 'id'), \
             greatest((SELECT coalesce(max(id), 0) FROM alias), nextval(pg_get_serial_sequence('alias', 'id'))))"],
        "register" => &["-- register.follow\nSELECT setval(pg_get_serial_sequence('register', 'id'), \
             greatest((SELECT coalesce(max(id), 0) FROM register), nextval(pg_get_serial_sequence('register', 'id'))))"],
        _ => &[],
    };
    for sql in statements {
        tx.execute(sql, &[]).await?;
    }
    Ok(())
}

async fn clear(tx: &Tx<'_>, table: &Table) -> Result<(), Stop> {
    tx.execute(&format!("-- {}.clear\nTRUNCATE {}", table.name, table.name), &[]).await?;
    let none: Params<'_> = &[];
    match table.name {
        "journal" => {
            tx.execute("-- group_id.clear\nTRUNCATE group_id", none).await?;
            tx.execute("-- sequence.clear\nUPDATE sequence SET next_seq = 1, next_index = 0 WHERE id = 1", none)
                .await?;
        }
        "notice" => {
            tx.execute("-- notice_number.clear\nUPDATE notice_number SET last = 0 WHERE id = 1", none).await?;
        }
        _ => {}
    }
    Ok(())
}

async fn replace(tx: &Tx<'_>, table: &Table, rows: &[Row]) -> Result<(), Stop> {
    clear(tx, table).await?;
    put_rows(tx, table, rows).await
}

/// The last number given, also where its row is gone.
async fn highest(tx: &Tx<'_>, table: &Table) -> Result<u64, Stop> {
    let sql = match table.name {
        "notice" => "-- notice.highest\nSELECT last FROM notice_number WHERE id = 1",
        "alias" => "-- alias.highest\nSELECT coalesce(max(id), 0) FROM alias",
        "register" => "-- register.highest\nSELECT coalesce(max(id), 0) FROM register",
        _ => return Err(unavailable("the rows of this table have no numbers").into()),
    };
    tx.first(sql, &[], |row| get_u64(row, 0)).await.map(Option::unwrap_or_default)
}

async fn number_after(tx: &Tx<'_>, table: &Table, highest: u64) -> Result<(), Stop> {
    if table.name == "notice" {
        let sql = "-- notice.number_after\nUPDATE notice_number SET last = greatest(last, $1) WHERE id = 1";
        tx.execute(sql, &[&(highest as i64)]).await?;
    }
    follow(tx, table, &[]).await
}

async fn last_key(tx: &Tx<'_>, table: &Table) -> Result<Option<Vec<Value>>, Stop> {
    let order: Vec<String> = table.key.iter().map(|name| format!("{name} DESC")).collect();
    let sql = format!(
        "-- {}.last_key\nSELECT {} FROM {} ORDER BY {} LIMIT 1",
        table.name,
        table.key.join(", "),
        table.name,
        order.join(", ")
    );
    tx.first(&sql, &[], |row| {
        table.key.iter().enumerate().map(|(at, name)| value(row, at, kind_of(table, name))).collect()
    })
    .await
}

const DESCRIBED: &str = "-- tables.described\nSELECT 0::bigint, relname::text, \
     array_agg(attname::text ORDER BY attnum), array_agg(format_type(atttypid, NULL) ORDER BY attnum), \
     array_agg(NOT attnotnull ORDER BY attnum), \
     (SELECT array_agg(key.attname::text ORDER BY place) FROM pg_index, unnest(indkey::smallint[]) WITH ORDINALITY AS one (num, place) \
      JOIN pg_attribute AS key ON key.attrelid = pg_class.oid AND key.attnum = num \
      WHERE indrelid = pg_class.oid AND indisprimary) \
     FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped \
     WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition \
     AND relname <> ALL ($1) GROUP BY pg_class.oid, relname ORDER BY relname COLLATE \"C\"";

async fn described(tx: &Tx<'_>) -> Result<Vec<String>, Stop> {
    tx.all(DESCRIBED, &[&OWN], |row| {
        let (name, columns, types): (String, Vec<String>, Vec<String>) =
            (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        let (nullable, key): (Vec<bool>, Option<Vec<String>>) = (row.try_get(4)?, row.try_get(5)?);
        let mut all = Vec::new();
        for ((column, kind), nullable) in columns.iter().zip(&types).zip(nullable) {
            let kind = match kind.as_str() {
                "bigint" => Kind::Integer,
                "text" => Kind::Text,
                "bytea" => Kind::Bytes,
                _ => return Err(Bad),
            };
            all.push((column.as_str(), kind, nullable));
        }
        let key = key.unwrap_or_default();
        Ok(describe(&name, &key.iter().map(String::as_str).collect::<Vec<_>>(), &all))
    })
    .await
}

#[async_trait]
impl Tables for PgStore {
    async fn rows_after(&self, table: &'static Table, after: Option<Vec<Value>>, rows_max: u32) -> Answer<Vec<Row>> {
        let tx = self.tx().await?;
        let done = rows_after(&tx, table, after.as_deref(), rows_max).await;
        tx.end_read(done).await
    }

    async fn put_rows(&self, table: &'static Table, rows: Vec<Row>) -> Answer<()> {
        let tx = self.tx().await?;
        let done = match tx.begin().await {
            Ok(()) => put_rows(&tx, table, &rows).await,
            Err(stop) => Err(stop),
        };
        tx.end(done).await
    }

    async fn clear(&self, table: &'static Table) -> Answer<()> {
        let tx = self.tx().await?;
        let done = match tx.begin().await {
            Ok(()) => clear(&tx, table).await,
            Err(stop) => Err(stop),
        };
        tx.end(done).await
    }

    async fn replace(&self, table: &'static Table, rows: Vec<Row>) -> Answer<()> {
        let tx = self.tx().await?;
        let done = match tx.begin().await {
            Ok(()) => replace(&tx, table, &rows).await,
            Err(stop) => Err(stop),
        };
        tx.end(done).await
    }

    async fn highest(&self, table: &'static Table) -> Answer<u64> {
        let tx = self.tx().await?;
        let done = highest(&tx, table).await;
        tx.end_read(done).await
    }

    async fn number_after(&self, table: &'static Table, highest: u64) -> Answer<()> {
        let tx = self.tx().await?;
        let done = match tx.begin().await {
            Ok(()) => number_after(&tx, table, highest).await,
            Err(stop) => Err(stop),
        };
        tx.end(done).await
    }

    async fn last_key(&self, table: &'static Table) -> Answer<Option<Vec<Value>>> {
        let tx = self.tx().await?;
        let done = last_key(&tx, table).await;
        tx.end_read(done).await
    }

    async fn count(&self, table: &'static Table) -> Answer<u64> {
        let mut tx = self.tx().await?;
        let done = match tx.begin_long(COUNT_WITHIN).await {
            Ok(()) => {
                let sql = format!("-- {}.count\nSELECT count(*) FROM {}", table.name, table.name);
                tx.first(&sql, &[], |row| get_u64(row, 0)).await.map(Option::unwrap_or_default)
            }
            Err(stop) => Err(stop),
        };
        tx.end_read(done).await
    }

    async fn snapshot(&self, parts: Sender<Part>) -> Answer<()> {
        let mut tx = self.tx().await?;
        let done = match tx.begin_long(SNAPSHOT_WITHIN).await {
            Ok(()) => snapshot(&tx, &parts).await,
            Err(stop) => Err(stop),
        };
        tx.end_read(done).await
    }

    async fn described(&self) -> Answer<Vec<String>> {
        let tx = self.tx().await?;
        let done = described(&tx).await;
        tx.end_read(done).await
    }
}
