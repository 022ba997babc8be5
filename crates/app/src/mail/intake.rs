//! What comes for the service: one authority's uploads in their order, different authorities side by side.
//!
//! `take` reads top to bottom. A message is done when its answer lies in the sender's mailbox, in the same transaction; until
//! then it is taken again, which is harmless: the same file gets the same answer. A message whose upload has to wait is held
//! and answered once more when the upload took effect.

use super::expiry::report;
use super::{Letter, Mailbox, Message, Post};
use crate::error::AppError;
use crate::upload::{self, Received, UploadStatus, Wishes};
use bytes::{Bytes, BytesMut};
use cpis_model::codes::FileCode;
use cpis_model::organisation::AuthorityCode;
use cpis_model::upload::{Acknowledgement, UPLOAD_BYTES_MAX};
use cpis_store::{MailMove, MailRow, MailStatus, MailStep, NewMail, StoreError};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Authorities whose messages are taken at the same time. Each may hold the largest file in memory.
const SIDE_BY_SIDE: usize = 4;
/// Messages that one round looks at.
const AT_ONCE: u32 = 2000;
/// The first bytes of gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Takes what lies in the service's mailbox, and answers what was held and may be answered now. Says how many messages are
/// done.
pub async fn round(post: &Arc<Post>) -> Result<usize, AppError> {
    let mut done = answer_held(post, None).await?;
    let mailbox = post.settings.service_mailbox.to_uppercase();
    let rows = post.service.store.inbox(mailbox, MailStatus::Accepted, 0, AT_ONCE).await?;
    tell_age(post, &rows);
    let mut of_sender: BTreeMap<Option<String>, Vec<MailRow>> = BTreeMap::new();
    for row in rows {
        of_sender.entry(row.sender.clone()).or_default().push(row);
    }
    let (room, mut senders) = (Arc::new(Semaphore::new(SIDE_BY_SIDE)), JoinSet::new());
    for rows in of_sender.into_values() {
        let (post, room) = (post.clone(), room.clone());
        senders.spawn(async move {
            let Ok(_permit) = room.acquire_owned().await else { return 0 };
            let mut done = 0;
            for row in rows {
                let (id, sender) = (row.id.clone(), row.sender.clone());
                match take(&post, row).await {
                    Ok(true) => done += 1,
                    // The ones behind it wait for it.
                    Ok(false) => return done,
                    Err(error) => {
                        metrics::counter!("cpis_mail_failed_total").increment(1);
                        tracing::error!(%error, id, sender, "a message could not be taken; it is tried again");
                        return done;
                    }
                }
            }
            done
        });
    }
    while let Some(sender) = senders.join_next().await {
        done += sender.unwrap_or(0);
    }
    Ok(done)
}

fn tell_age(post: &Post, rows: &[MailRow]) {
    let age = rows.first().map_or(0, |row| post.service.clock.now().as_second() - row.at.as_second());
    metrics::gauge!("cpis_mail_waiting").set(rows.len() as f64);
    metrics::gauge!("cpis_mail_waiting_seconds").set(age.max(0) as f64);
}

/// Takes one message; says whether it is done with for now.
async fn take(post: &Arc<Post>, row: MailRow) -> Result<bool, AppError> {
    let Some(message) = post.message(&row.id).await? else { return Ok(true) };
    let letter = (post.wire.letter)(&message.envelope).unwrap_or_default();
    let sender = row.sender.as_deref().and_then(|sender| post.mailbox(sender));
    let Some((mailbox, _)) = sender.and_then(|mailbox| mailbox.authority.map(|authority| (mailbox, authority))) else {
        return refuse(post, &message, &letter, "16", "This mailbox is not an authority's").await;
    };
    if !post.settings.upload.contains(&row.workflow) {
        return refuse(post, &message, &letter, "17", "Workflow ID not registered for mailbox").await;
    }
    let Some(file) = file(post, &message, &letter).await? else {
        return refuse(post, &message, &letter, "15", "Bad CP-IS file: it cannot be unpacked, or is too large").await;
    };
    if !(post.wire.is_upload)(&file) {
        return refuse(post, &message, &letter, "15", "Bad CP-IS file: it is not an upload").await;
    }
    let caller = Arc::new(Post::caller(&mailbox));
    match upload::receive(&post.service, caller, file, Wishes::default()).await {
        Ok(Received::Answered(ack)) if ack.code == FileCode::DemographicsAway => {
            answer(post, &message, &letter, &mailbox, *ack, MailStatus::Held).await
        }
        Ok(Received::Answered(ack) | Received::TooLarge(ack)) => {
            // What it waited behind took effect before it, and is answered before it.
            answer_held(post, row.sender.as_deref()).await?;
            answer(post, &message, &letter, &mailbox, *ack, MailStatus::Acknowledged).await
        }
        Ok(Received::Waits(waiting)) => {
            let missing = waiting.missing.map_or_else(String::new, |missing| format!(" Upload {missing} is missing."));
            let words = format!("Upload {} is held.{missing}", waiting.sequence);
            let told = report(post, &message.row, &letter, "05", words).await?;
            end(post, &message, MailStatus::Held, Some(waiting.sequence), told).await
        }
        Ok(Received::Busy) => Ok(false),
        // Who sends another authority's file is told so, and nothing of it was stored.
        Err(AppError::Refused(_)) => {
            refuse(post, &message, &letter, "16", "The file is not of the authority whose mailbox this is").await
        }
        Err(error) => Err(error),
    }
}

/// The file in a message: its chunks, each unpacked by itself, then joined. `None`: it cannot be read.
async fn file(post: &Post, message: &Message, letter: &Letter) -> Result<Option<Bytes>, AppError> {
    let unpack = post.wire.unpack;
    let mut file = BytesMut::new();
    for chunk in 1..=message.row.chunks {
        let content = post.content(message, chunk).await?;
        let room = UPLOAD_BYTES_MAX.saturating_sub(file.len());
        if message.row.compressed {
            match blocking(move || unpack(&content, room)).await? {
                Ok(unpacked) => file.extend_from_slice(&unpacked),
                Err(_) => return Ok(None),
            }
        } else if content.len() > room {
            return Ok(None);
        } else {
            file.extend_from_slice(&content);
        }
    }
    let file = file.freeze();
    if letter.is_packed && file.starts_with(&GZIP) {
        return Ok(blocking(move || unpack(&file, UPLOAD_BYTES_MAX)).await?.ok().map(Bytes::from));
    }
    Ok(Some(file))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AppError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| AppError::Internal("a message was not read".to_owned()))
}

/// Answers an upload in its sender's mailbox.
async fn answer(
    post: &Post,
    message: &Message,
    letter: &Letter,
    mailbox: &Mailbox,
    ack: Acknowledgement,
    to: MailStatus,
) -> Result<bool, AppError> {
    let held = (to == MailStatus::Held).then_some(ack.sequence).flatten();
    let (write, name) =
        (post.wire.acknowledgement, ack.sequence.map_or_else(|| "upload".to_owned(), |n| n.to_string()));
    let content = blocking(move || write(&ack)).await?;
    let answer = Letter {
        to: mailbox.id.clone(),
        workflow: post.settings.acknowledgement.clone(),
        subject: Some("CP-IS upload acknowledgement".to_owned()),
        // The sender's own name for its file, so that its system can pair the two.
        local_id: letter.local_id.clone(),
        file_name: Some(format!("CPIS_ACK_{name}.xml")),
        ..Letter::default()
    };
    let answer = post.letter(answer, content.into()).await?;
    end(post, message, to, held, Some(answer)).await
}

async fn refuse(
    post: &Post,
    message: &Message,
    letter: &Letter,
    code: &'static str,
    words: &str,
) -> Result<bool, AppError> {
    tracing::warn!(id = message.row.id, sender = message.row.sender, code, "a message cannot be taken");
    metrics::counter!("cpis_mail_refused_total", "code" => code).increment(1);
    let told = report(post, &message.row, letter, code, words.to_owned()).await?;
    end(post, message, MailStatus::Failed, None, told).await
}

/// Ends a message, or holds it, together with what its sender is told. Says that it is done with, also where another node was
/// quicker.
async fn end(
    post: &Post,
    message: &Message,
    to: MailStatus,
    held: Option<u64>,
    told: Option<NewMail>,
) -> Result<bool, AppError> {
    let (id, from, at) = (message.row.id.clone(), message.row.status, post.service.clock.now());
    let moved = vec![MailMove { id, from, to, at, held }];
    let step = MailStep { moved, put: told.into_iter().collect(), delivered: None };
    match post.service.store.mail_step(step).await {
        Ok(()) | Err(StoreError::Stale) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// Answers held messages whose upload took effect or was given up: of one sender, or of all. One that waits still holds up
/// its sender's later ones, so that answers come in the order of the files.
async fn answer_held(post: &Arc<Post>, of: Option<&str>) -> Result<usize, AppError> {
    let (mailbox, mut after, mut done) = (post.settings.service_mailbox.to_uppercase(), 0, 0);
    let mut waiting = HashSet::new();
    loop {
        let rows = post.service.store.inbox(mailbox.clone(), MailStatus::Held, after, AT_ONCE).await?;
        let Some(last) = rows.last() else { return Ok(done) };
        after = last.place;
        for row in rows.into_iter().filter(|row| of.is_none_or(|of| row.sender.as_deref() == Some(of))) {
            let sender = row.sender.clone();
            if waiting.contains(&sender) {
                continue;
            }
            if answer_one_held(post, row).await? {
                done += 1;
            } else {
                waiting.insert(sender);
            }
        }
    }
}

async fn answer_one_held(post: &Arc<Post>, row: MailRow) -> Result<bool, AppError> {
    let sender = row.sender.as_deref().and_then(|sender| post.mailbox(sender));
    let Some((mailbox, authority)) = sender.and_then(|of| of.authority.map(|authority| (of, authority))) else {
        return Ok(false);
    };
    let Some(sequence) = row.held else { return Ok(false) };
    let Some((status, ack)) = standing(post, authority, sequence).await? else { return Ok(false) };
    let Some(message) = post.message(&row.id).await? else { return Ok(false) };
    let letter = (post.wire.letter)(&message.envelope).unwrap_or_default();
    match (status, ack) {
        (UploadStatus::Done, Some(ack)) => {
            answer(post, &message, &letter, &mailbox, ack, MailStatus::Acknowledged).await
        }
        (UploadStatus::Skipped, _) => {
            refuse(post, &message, &letter, "06", &format!("Upload {sequence} was given up")).await
        }
        _ => Ok(false),
    }
}

async fn standing(
    post: &Post,
    authority: AuthorityCode,
    sequence: u64,
) -> Result<Option<(UploadStatus, Option<Acknowledgement>)>, AppError> {
    let Some(row) = post.service.store.upload(authority, sequence).await? else { return Ok(None) };
    let ack = if row.status == UploadStatus::Done { Some(upload::acknowledgement(&post.service, &row)?) } else { None };
    Ok(Some((row.status, ack)))
}
