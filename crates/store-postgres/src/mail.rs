//! Mailboxes: messages with their parts, and how far authorities were told of their notices.

use crate::PgStore;
use crate::copy::Copy;
use crate::told::Stop;
use crate::tx::{Bad, Tx};
use crate::values::{get_authority, get_optional_array, get_optional_time, get_small, get_time, get_u64};
use async_trait::async_trait;
use cpis_model::Timestamp;
use cpis_model::organisation::AuthorityCode;
use cpis_store::{Delivery, GroupId, Mail, MailMove, MailRow, MailStatus, MailStep, NewMail, StoreError};
use tokio_postgres::Row;

/// Messages that one transaction removes.
const REMOVED_AT_ONCE: i64 = 50;

macro_rules! columns {
    () => {
        "at, id, sender, recipient, workflow, status, place, expires, ended, chunks, compressed, bytes, local, held, key, envelope"
    };
}

fn mail(row: &Row) -> Result<MailRow, Bad> {
    Ok(MailRow {
        at: get_time(row, 0)?,
        id: row.try_get(1)?,
        sender: row.try_get(2)?,
        recipient: row.try_get(3)?,
        workflow: row.try_get(4)?,
        status: MailStatus::from_number(get_small(row, 5)?).ok_or(Bad)?,
        place: get_u64(row, 6)?,
        expires: get_time(row, 7)?,
        ended: get_optional_time(row, 8)?,
        chunks: get_small(row, 9)?,
        compressed: get_u64(row, 10)? != 0,
        bytes: get_u64(row, 11)?,
        local: get_optional_array(row, 12)?,
        held: row.try_get::<_, Option<i64>>(13)?.map(u64::try_from).transpose().map_err(|_| Bad)?,
        key: row.try_get(14)?,
        envelope: row.try_get(15)?,
    })
}

fn delivery(row: &Row) -> Result<Delivery, Bad> {
    Ok(Delivery {
        upto: get_u64(row, 0)?,
        authority: get_authority(row, 1)?,
        channel: row.try_get(2)?,
        at: get_time(row, 3)?,
        mail: row.try_get(4)?,
    })
}

/// Takes the lock under which messages become complete, so that places rise, and says which is next.
async fn next_place(tx: &Tx<'_>) -> Result<u64, Stop> {
    tx.execute("-- mail.lock\nSELECT pg_advisory_xact_lock(1129335123, 2)", &[]).await?;
    let sql = "-- mail.last_place\nSELECT place FROM mail ORDER BY place DESC LIMIT 1";
    Ok(tx.first(sql, &[], |row| get_u64(row, 0)).await?.unwrap_or(0) + 1)
}

async fn put_parts(tx: &Tx<'_>, id: &str, chunk: u32, parts: &[Vec<u8>]) -> Result<(), Stop> {
    if parts.is_empty() {
        return Ok(());
    }
    let mut rows = Copy::new(4);
    for (part, sealed) in (0_i64..).zip(parts) {
        rows.row().bytes(id.as_bytes()).integer(i64::from(chunk)).integer(part).bytes(sealed);
    }
    let sql = "-- mail_part.insert\nCOPY mail_part (mail_id, chunk, part, sealed) FROM STDIN BINARY";
    tx.copy(sql, rows.finish()).await.map(drop)
}

async fn put(tx: &Tx<'_>, new: &NewMail) -> Result<(), Stop> {
    let row = &new.row;
    let place = if row.status == MailStatus::Uploading { 0 } else { next_place(tx).await? };
    tx.execute(
        "-- mail.insert\nINSERT INTO mail (id, sender, recipient, workflow, status, place, at, expires, ended, chunks, \
         compressed, bytes, local, held, key, envelope) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        &[
            &row.id,
            &row.sender,
            &row.recipient,
            &row.workflow,
            &i64::from(row.status.number()),
            &(place as i64),
            &row.at.as_millisecond(),
            &row.expires.as_millisecond(),
            &row.ended.map(Timestamp::as_millisecond),
            &i64::from(row.chunks),
            &i64::from(row.compressed),
            &(row.bytes as i64),
            &row.local.map(|local| local.to_vec()),
            &row.held.map(|held| held as i64),
            &row.key,
            &row.envelope,
        ],
    )
    .await?;
    put_parts(tx, &row.id, 1, &new.parts).await
}

async fn go_on(tx: &Tx<'_>, moved: &MailMove) -> Result<(), Stop> {
    let changed = tx
        .execute(
            "-- mail.move\nUPDATE mail SET status = $1, ended = $2, held = $3 WHERE id = $4 AND status = $5",
            &[
                &i64::from(moved.to.number()),
                &moved.to.is_end().then(|| moved.at.as_millisecond()),
                &moved.held.map(|held| held as i64),
                &moved.id,
                &i64::from(moved.from.number()),
            ],
        )
        .await?;
    if changed == 0 { Err(StoreError::Stale.into()) } else { Ok(()) }
}

async fn step(tx: &Tx<'_>, step: &MailStep) -> Result<(), Stop> {
    tx.begin().await?;
    for moved in &step.moved {
        go_on(tx, moved).await?;
    }
    for new in &step.put {
        put(tx, new).await?;
    }
    let Some((new, before)) = &step.delivered else { return Ok(()) };
    // Whoever tells the same authority in the same way at this moment meets the other's row: the key is unique.
    let last = last_delivery(tx, new.authority, &new.channel).await?;
    if last.map_or(0, |last| last.upto) != *before {
        return Err(StoreError::Stale.into());
    }
    tx.execute(
        "-- delivery.insert\nINSERT INTO delivery (authority, channel, upto, at, mail_id) VALUES ($1, $2, $3, $4, $5)",
        &[&new.authority.0.as_str(), &new.channel, &(new.upto as i64), &new.at.as_millisecond(), &new.mail],
    )
    .await?;
    Ok(())
}

async fn chunk(tx: &Tx<'_>, id: &str, chunk: u32, bytes: u64, parts: &[Vec<u8>]) -> Result<bool, Stop> {
    tx.begin().await?;
    let row = tx
        .first(concat!("-- mail.locked\nSELECT ", columns!(), " FROM mail WHERE id = $1 FOR UPDATE"), &[&id], mail)
        .await?;
    let row = row.filter(|row| row.status == MailStatus::Uploading).ok_or(StoreError::Stale)?;
    tx.execute(
        "-- mail_part.replace\nDELETE FROM mail_part WHERE mail_id = $1 AND chunk = $2",
        &[&id, &i64::from(chunk)],
    )
    .await?;
    put_parts(tx, id, chunk, parts).await?;
    let complete = chunks(tx, id).await?.len() == row.chunks as usize;
    let (status, place) =
        if complete { (MailStatus::Accepted, next_place(tx).await?) } else { (MailStatus::Uploading, 0) };
    tx.execute(
        "-- mail.chunk\nUPDATE mail SET status = $1, place = $2, bytes = bytes + $3 WHERE id = $4",
        &[&i64::from(status.number()), &(place as i64), &(bytes as i64), &id],
    )
    .await?;
    Ok(complete)
}

async fn one(tx: &Tx<'_>, id: &str) -> Result<Option<MailRow>, Stop> {
    tx.first(concat!("-- mail.one\nSELECT ", columns!(), " FROM mail WHERE id = $1"), &[&id], mail).await
}

async fn chunks(tx: &Tx<'_>, id: &str) -> Result<Vec<u32>, Stop> {
    let sql = "-- mail_part.chunks\nSELECT DISTINCT chunk FROM mail_part WHERE mail_id = $1 ORDER BY chunk";
    tx.all(sql, &[&id], |row| get_small(row, 0)).await
}

async fn last_delivery(tx: &Tx<'_>, authority: AuthorityCode, channel: &str) -> Result<Option<Delivery>, Stop> {
    tx.first(
        "-- delivery.last\nSELECT upto, authority, channel, at, mail_id FROM delivery WHERE authority = $1 AND channel = $2 \
         ORDER BY upto DESC LIMIT 1",
        &[&authority.0.as_str(), &channel],
        delivery,
    )
    .await
}

async fn parts(tx: &Tx<'_>, id: &str, chunk: u32) -> Result<Vec<Vec<u8>>, Stop> {
    tx.all(
        "-- mail_part.sealed\nSELECT part, sealed FROM mail_part WHERE mail_id = $1 AND chunk = $2 ORDER BY part",
        &[&id, &i64::from(chunk)],
        |row| Ok(row.try_get(1)?),
    )
    .await
}

async fn inbox(
    tx: &Tx<'_>,
    recipient: &str,
    status: MailStatus,
    after: u64,
    rows_max: u32,
) -> Result<Vec<MailRow>, Stop> {
    tx.all(
        concat!(
            "-- mail.inbox\nSELECT ",
            columns!(),
            " FROM mail WHERE recipient = $1 AND status = $2 AND place > $3 ORDER BY place LIMIT $4"
        ),
        &[&recipient, &i64::from(status.number()), &(after as i64), &i64::from(rows_max)],
        mail,
    )
    .await
}

async fn inbox_size(tx: &Tx<'_>, recipient: &str) -> Result<(u64, u64), Stop> {
    let size = tx
        .first(
            "-- mail.inbox_size\nSELECT count(*), coalesce(sum(bytes), 0)::bigint FROM mail WHERE recipient = $1 AND status = 2",
            &[&recipient],
            |row| Ok((get_u64(row, 0)?, get_u64(row, 1)?)),
        )
        .await?;
    Ok(size.unwrap_or_default())
}

async fn by_local(tx: &Tx<'_>, local: [u8; 16], rows_max: u32) -> Result<Vec<MailRow>, Stop> {
    tx.all(
        concat!("-- mail.by_local\nSELECT ", columns!(), " FROM mail WHERE local = $1 ORDER BY at, id LIMIT $2"),
        &[&local.as_slice(), &i64::from(rows_max)],
        mail,
    )
    .await
}

async fn due(tx: &Tx<'_>, now: Timestamp, rows_max: u32) -> Result<Vec<MailRow>, Stop> {
    tx.all(
        concat!(
            "-- mail.due\nSELECT ",
            columns!(),
            " FROM mail WHERE status <= 2 AND expires <= $1 ORDER BY expires LIMIT $2"
        ),
        &[&now.as_millisecond(), &i64::from(rows_max)],
        mail,
    )
    .await
}

async fn remove_some(tx: &Tx<'_>, before: Timestamp) -> Result<u64, Stop> {
    tx.begin().await?;
    let removed = tx
        .first(
            "-- mail.remove\nWITH old AS (SELECT id FROM mail WHERE ended IS NOT NULL AND ended < $1 ORDER BY ended LIMIT $2 \
             FOR UPDATE), parts AS (DELETE FROM mail_part USING old WHERE mail_id = old.id), \
             removed AS (DELETE FROM mail USING old WHERE mail.id = old.id) SELECT count(*) FROM old",
            &[&before.as_millisecond(), &REMOVED_AT_ONCE],
            |row| get_u64(row, 0),
        )
        .await?;
    Ok(removed.unwrap_or(0))
}

async fn after(tx: &Tx<'_>, id: &str, rows_max: u32) -> Result<Vec<MailRow>, Stop> {
    tx.all(
        concat!("-- mail.after\nSELECT ", columns!(), " FROM mail WHERE id > $1 ORDER BY id LIMIT $2"),
        &[&id, &i64::from(rows_max)],
        mail,
    )
    .await
}

async fn reseal(tx: &Tx<'_>, keys: &[(String, Vec<u8>)]) -> Result<(), Stop> {
    tx.begin().await?;
    for (id, key) in keys {
        tx.execute("-- mail.reseal\nUPDATE mail SET key = $1 WHERE id = $2", &[key, id]).await?;
    }
    Ok(())
}

async fn deliveries_of(tx: &Tx<'_>, authority: AuthorityCode, number: u64) -> Result<Vec<Delivery>, Stop> {
    tx.all(
        "-- delivery.of\nSELECT DISTINCT ON (channel) upto, authority, channel, at, mail_id FROM delivery \
         WHERE authority = $1 AND upto >= $2 ORDER BY channel, upto",
        &[&authority.0.as_str(), &(number as i64)],
        delivery,
    )
    .await
}

async fn upload_of(tx: &Tx<'_>, group: GroupId) -> Result<Option<u64>, Stop> {
    let sql = "-- upload.of_group\nSELECT sequence FROM upload WHERE group_no = $1";
    tx.first(sql, &[&group.0], |row| get_u64(row, 0)).await
}

/// Runs what only reads on a connection of the pool.
macro_rules! read {
    ($self:ident, $tx:ident => $work:expr) => {{
        let $tx = $self.tx().await?;
        let done = $work.await;
        $tx.end_read(done).await
    }};
}

/// Runs a transaction on a connection of the pool and waits until it is on disk.
macro_rules! write {
    ($self:ident, $tx:ident => $work:expr) => {{
        let $tx = $self.tx().await?;
        let done = $work.await;
        $tx.end(done).await
    }};
}

#[async_trait]
impl Mail for PgStore {
    async fn mail_step(&self, all: MailStep) -> Result<(), StoreError> {
        write!(self, tx => step(&tx, &all))
    }

    async fn mail_chunk(&self, id: String, number: u32, bytes: u64, parts: Vec<Vec<u8>>) -> Result<bool, StoreError> {
        write!(self, tx => chunk(&tx, &id, number, bytes, &parts))
    }

    async fn mail(&self, id: String) -> Result<Option<MailRow>, StoreError> {
        read!(self, tx => one(&tx, &id))
    }

    async fn mail_chunks(&self, id: String) -> Result<Vec<u32>, StoreError> {
        read!(self, tx => chunks(&tx, &id))
    }

    async fn mail_parts(&self, id: String, chunk: u32) -> Result<Vec<Vec<u8>>, StoreError> {
        read!(self, tx => parts(&tx, &id, chunk))
    }

    async fn inbox(
        &self,
        recipient: String,
        status: MailStatus,
        after: u64,
        rows_max: u32,
    ) -> Result<Vec<MailRow>, StoreError> {
        read!(self, tx => inbox(&tx, &recipient, status, after, rows_max))
    }

    async fn inbox_size(&self, recipient: String) -> Result<(u64, u64), StoreError> {
        read!(self, tx => inbox_size(&tx, &recipient))
    }

    async fn mail_by_local(&self, local: [u8; 16], rows_max: u32) -> Result<Vec<MailRow>, StoreError> {
        read!(self, tx => by_local(&tx, local, rows_max))
    }

    async fn mail_due(&self, now: Timestamp, rows_max: u32) -> Result<Vec<MailRow>, StoreError> {
        read!(self, tx => due(&tx, now, rows_max))
    }

    /// In several transactions.
    async fn remove_mail(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let some = write!(self, tx => remove_some(&tx, before))?;
            removed += some;
            if some == 0 {
                return Ok(removed);
            }
        }
    }

    async fn mail_after(&self, id: String, rows_max: u32) -> Result<Vec<MailRow>, StoreError> {
        read!(self, tx => after(&tx, &id, rows_max))
    }

    async fn reseal_mail(&self, keys: Vec<(String, Vec<u8>)>) -> Result<(), StoreError> {
        write!(self, tx => reseal(&tx, &keys))
    }

    async fn delivered(&self, authority: AuthorityCode, channel: String) -> Result<Option<Delivery>, StoreError> {
        read!(self, tx => last_delivery(&tx, authority, &channel))
    }

    async fn deliveries_of(&self, authority: AuthorityCode, number: u64) -> Result<Vec<Delivery>, StoreError> {
        read!(self, tx => deliveries_of(&tx, authority, number))
    }

    async fn upload_of(&self, group: GroupId) -> Result<Option<u64>, StoreError> {
        read!(self, tx => upload_of(&tx, group))
    }
}
