//! Mailboxes: messages with their parts, and how far authorities were told of their notices.

use crate::SqliteStore;
use crate::queue::Lane::Background;
use crate::tx::{Bad, Stop, Tx};
use crate::values::{get_authority, get_optional_time, get_small, get_time, get_u64};
use async_trait::async_trait;
use cpis_model::Timestamp;
use cpis_model::organisation::AuthorityCode;
use cpis_store::{Delivery, GroupId, Mail, MailMove, MailRow, MailStatus, MailStep, NewMail, StoreError};
use rusqlite::{Row, params};

/// Messages that one transaction removes.
const REMOVED_AT_ONCE: u32 = 50;

macro_rules! columns {
    () => {
        "at, id, sender, recipient, workflow, status, place, expires, ended, chunks, compressed, bytes, local, held, key, envelope"
    };
}

fn mail(row: &Row<'_>) -> Result<MailRow, Bad> {
    Ok(MailRow {
        at: get_time(row, 0)?,
        id: row.get(1)?,
        sender: row.get(2)?,
        recipient: row.get(3)?,
        workflow: row.get(4)?,
        status: MailStatus::from_number(get_small(row, 5)?).ok_or(Bad)?,
        place: get_u64(row, 6)?,
        expires: get_time(row, 7)?,
        ended: get_optional_time(row, 8)?,
        chunks: u32::try_from(get_u64(row, 9)?).map_err(|_| Bad)?,
        compressed: get_u64(row, 10)? != 0,
        bytes: get_u64(row, 11)?,
        local: row.get(12)?,
        held: row.get::<_, Option<i64>>(13)?.map(u64::try_from).transpose().map_err(|_| Bad)?,
        key: row.get(14)?,
        envelope: row.get(15)?,
    })
}

fn delivery(row: &Row<'_>) -> Result<Delivery, Bad> {
    Ok(Delivery {
        upto: get_u64(row, 0)?,
        authority: get_authority(row, 1)?,
        channel: row.get(2)?,
        at: get_time(row, 3)?,
        mail: row.get(4)?,
    })
}

fn next_place(tx: &Tx<'_>) -> Result<u64, Stop> {
    let last =
        tx.first("-- mail.last_place\nSELECT place FROM mail ORDER BY place DESC LIMIT 1", [], |row| get_u64(row, 0))?;
    Ok(last.unwrap_or(0) + 1)
}

fn put_parts(tx: &Tx<'_>, id: &str, chunk: u32, parts: &[Vec<u8>]) -> Result<(), Stop> {
    let mut insert =
        tx.prepare("-- mail_part.insert\nINSERT INTO mail_part (mail_id, chunk, part, sealed) VALUES (?, ?, ?, ?)")?;
    for (part, sealed) in (0_u32..).zip(parts) {
        insert.execute(params![id, chunk, part, sealed])?;
    }
    Ok(())
}

fn put(tx: &Tx<'_>, new: &NewMail) -> Result<(), Stop> {
    let row = &new.row;
    let place = if row.status == MailStatus::Uploading { 0 } else { next_place(tx)? };
    tx.execute(
        "-- mail.insert\nINSERT INTO mail (id, sender, recipient, workflow, status, place, at, expires, ended, chunks, \
         compressed, bytes, local, held, key, envelope) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            row.id,
            row.sender,
            row.recipient,
            row.workflow,
            row.status.number(),
            place as i64,
            row.at.as_millisecond(),
            row.expires.as_millisecond(),
            row.ended.map(Timestamp::as_millisecond),
            row.chunks,
            row.compressed,
            row.bytes as i64,
            row.local,
            row.held.map(|held| held as i64),
            row.key,
            row.envelope,
        ],
    )?;
    put_parts(tx, &row.id, 1, &new.parts)
}

fn go_on(tx: &Tx<'_>, moved: &MailMove) -> Result<(), Stop> {
    let changed = tx.execute(
        "-- mail.move\nUPDATE mail SET status = ?1, ended = ?2, held = ?3 WHERE id = ?4 AND status = ?5",
        params![
            moved.to.number(),
            moved.to.is_end().then(|| moved.at.as_millisecond()),
            moved.held.map(|held| held as i64),
            moved.id,
            moved.from.number(),
        ],
    )?;
    if changed == 0 { Err(StoreError::Stale.into()) } else { Ok(()) }
}

fn step(tx: &Tx<'_>, step: &MailStep) -> Result<(), Stop> {
    step.moved.iter().try_for_each(|moved| go_on(tx, moved))?;
    step.put.iter().try_for_each(|new| put(tx, new))?;
    let Some((new, before)) = &step.delivered else { return Ok(()) };
    if last_delivery(tx, new.authority, &new.channel)?.map_or(0, |last| last.upto) != *before {
        return Err(StoreError::Stale.into());
    }
    tx.execute(
        "-- delivery.insert\nINSERT INTO delivery (authority, channel, upto, at, mail_id) VALUES (?, ?, ?, ?, ?)",
        params![new.authority.0.as_str(), new.channel, new.upto as i64, new.at.as_millisecond(), new.mail],
    )?;
    Ok(())
}

fn chunk(tx: &Tx<'_>, id: &str, chunk: u32, bytes: u64, parts: &[Vec<u8>]) -> Result<bool, Stop> {
    let row = one(tx, id)?.filter(|row| row.status == MailStatus::Uploading).ok_or(StoreError::Stale)?;
    tx.execute("-- mail_part.replace\nDELETE FROM mail_part WHERE mail_id = ? AND chunk = ?", params![id, chunk])?;
    put_parts(tx, id, chunk, parts)?;
    let complete = chunks(tx, id)?.len() == row.chunks as usize;
    let (status, place) = if complete { (MailStatus::Accepted, next_place(tx)?) } else { (MailStatus::Uploading, 0) };
    tx.execute(
        "-- mail.chunk\nUPDATE mail SET status = ?, place = ?, bytes = bytes + ? WHERE id = ?",
        params![status.number(), place as i64, bytes as i64, id],
    )?;
    Ok(complete)
}

fn one(tx: &Tx<'_>, id: &str) -> Result<Option<MailRow>, Stop> {
    tx.first(concat!("-- mail.one\nSELECT ", columns!(), " FROM mail WHERE id = ?"), [id], mail)
}

fn chunks(tx: &Tx<'_>, id: &str) -> Result<Vec<u32>, Stop> {
    let sql = "-- mail_part.chunks\nSELECT DISTINCT chunk FROM mail_part WHERE mail_id = ? ORDER BY chunk";
    tx.all(sql, [id], |row| Ok(row.get(0)?))
}

fn last_delivery(tx: &Tx<'_>, authority: AuthorityCode, channel: &str) -> Result<Option<Delivery>, Stop> {
    tx.first(
        "-- delivery.last\nSELECT upto, authority, channel, at, mail_id FROM delivery WHERE authority = ? AND channel = ? \
         ORDER BY upto DESC LIMIT 1",
        params![authority.0.as_str(), channel],
        delivery,
    )
}

fn remove_some(tx: &Tx<'_>, before: Timestamp) -> Result<u64, Stop> {
    let old: Vec<String> = tx.all(
        "-- mail.old\nSELECT ended, id FROM mail WHERE ended IS NOT NULL AND ended < ? ORDER BY ended LIMIT ?",
        params![before.as_millisecond(), REMOVED_AT_ONCE],
        |row| Ok(row.get(1)?),
    )?;
    let mut parts = tx.prepare("-- mail_part.remove\nDELETE FROM mail_part WHERE mail_id = ?")?;
    let mut mail = tx.prepare("-- mail.remove\nDELETE FROM mail WHERE id = ?")?;
    for id in &old {
        parts.execute([id])?;
        mail.execute([id])?;
    }
    Ok(old.len() as u64)
}

#[async_trait]
impl Mail for SqliteStore {
    async fn mail_step(&self, all: MailStep) -> Result<(), StoreError> {
        self.write(Background, move |tx| step(tx, &all)).await
    }

    async fn mail_chunk(&self, id: String, number: u32, bytes: u64, parts: Vec<Vec<u8>>) -> Result<bool, StoreError> {
        self.write(Background, move |tx| chunk(tx, &id, number, bytes, &parts)).await
    }

    async fn mail(&self, id: String) -> Result<Option<MailRow>, StoreError> {
        self.read(move |tx| one(tx, &id)).await
    }

    async fn mail_chunks(&self, id: String) -> Result<Vec<u32>, StoreError> {
        self.read(move |tx| chunks(tx, &id)).await
    }

    async fn mail_parts(&self, id: String, chunk: u32) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read(move |tx| {
            let sql =
                "-- mail_part.sealed\nSELECT part, sealed FROM mail_part WHERE mail_id = ? AND chunk = ? ORDER BY part";
            tx.all(sql, params![id, chunk], |row| Ok(row.get(1)?))
        })
        .await
    }

    async fn inbox(
        &self,
        recipient: String,
        status: MailStatus,
        after: u64,
        rows_max: u32,
    ) -> Result<Vec<MailRow>, StoreError> {
        self.read(move |tx| {
            tx.all(
                concat!(
                    "-- mail.inbox\nSELECT ",
                    columns!(),
                    " FROM mail WHERE recipient = ? AND status = ? AND place > ? ORDER BY place LIMIT ?"
                ),
                params![recipient, status.number(), after as i64, rows_max],
                mail,
            )
        })
        .await
    }

    async fn inbox_size(&self, recipient: String) -> Result<(u64, u64), StoreError> {
        let size = self.read(move |tx| {
            tx.first(
                "-- mail.inbox_size\nSELECT count(*), coalesce(sum(bytes), 0) FROM mail WHERE recipient = ? AND status = 2",
                [recipient],
                |row| Ok((get_u64(row, 0)?, get_u64(row, 1)?)),
            )
        });
        Ok(size.await?.unwrap_or_default())
    }

    async fn mail_by_local(&self, local: [u8; 16], rows_max: u32) -> Result<Vec<MailRow>, StoreError> {
        self.read(move |tx| {
            tx.all(
                concat!("-- mail.by_local\nSELECT ", columns!(), " FROM mail WHERE local = ? ORDER BY at, id LIMIT ?"),
                params![local, rows_max],
                mail,
            )
        })
        .await
    }

    async fn mail_due(&self, now: Timestamp, rows_max: u32) -> Result<Vec<MailRow>, StoreError> {
        self.read(move |tx| {
            tx.all(
                concat!(
                    "-- mail.due\nSELECT ",
                    columns!(),
                    " FROM mail WHERE status <= 2 AND expires <= ? ORDER BY expires LIMIT ?"
                ),
                params![now.as_millisecond(), rows_max],
                mail,
            )
        })
        .await
    }

    /// In several transactions.
    async fn remove_mail(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let some = self.write(Background, move |tx| remove_some(tx, before)).await?;
            removed += some;
            if some == 0 {
                return Ok(removed);
            }
        }
    }

    async fn mail_after(&self, id: String, rows_max: u32) -> Result<Vec<MailRow>, StoreError> {
        self.read(move |tx| {
            tx.all(
                concat!("-- mail.after\nSELECT ", columns!(), " FROM mail WHERE id > ? ORDER BY id LIMIT ?"),
                params![id, rows_max],
                mail,
            )
        })
        .await
    }

    async fn reseal_mail(&self, keys: Vec<(String, Vec<u8>)>) -> Result<(), StoreError> {
        self.write(Background, move |tx| {
            let mut update = tx.prepare("-- mail.reseal\nUPDATE mail SET key = ? WHERE id = ?")?;
            for (id, key) in &keys {
                update.execute(params![key, id])?;
            }
            Ok(())
        })
        .await
    }

    async fn delivered(&self, authority: AuthorityCode, channel: String) -> Result<Option<Delivery>, StoreError> {
        self.read(move |tx| last_delivery(tx, authority, &channel)).await
    }

    async fn deliveries_of(&self, authority: AuthorityCode, number: u64) -> Result<Vec<Delivery>, StoreError> {
        self.read(move |tx| {
            tx.all(
                "-- delivery.of\nSELECT min(upto), authority, channel, at, mail_id FROM delivery \
                 WHERE authority = ? AND upto >= ? GROUP BY channel ORDER BY channel",
                params![authority.0.as_str(), number as i64],
                delivery,
            )
        })
        .await
    }

    async fn upload_of(&self, group: GroupId) -> Result<Option<u64>, StoreError> {
        self.read(move |tx| {
            tx.first("-- upload.of_group\nSELECT sequence FROM upload WHERE group_no = ?", [group.0], |row| {
                get_u64(row, 0)
            })
        })
        .await
    }
}
