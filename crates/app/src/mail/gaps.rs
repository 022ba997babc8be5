//! A number that has been missing for too long: its authority is told once more, in its mailbox. Operators see it in metrics;
//! nothing takes effect by it.

use super::expiry::REPORT_EVENT;
use super::{Letter, MailReport, Post};
use crate::error::AppError;
use bytes::Bytes;
use cpis_model::organisation::AuthorityCode;
use cpis_store::{Delivery, MailStep, StoreError, UploadStatus};
use std::collections::BTreeMap;

/// The way in which authorities are told of it: the numbers are those of uploads.
const CHANNEL: &str = "mesh-gap";
/// The code with which a file that is held is reported as well.
const CODE: &str = "05";

/// Tells every authority with a mailbox for whose files a number has been missing for longer than the alarm's time, once for each
/// number. Says how many were told.
pub async fn round(post: &Post) -> Result<usize, AppError> {
    let (service, now) = (&post.service, post.service.clock.now());
    let hours = service.settings.gap_alarm_hours;
    let mut waiting: BTreeMap<AuthorityCode, (u64, usize)> = BTreeMap::new();
    for row in service.store.waiting().await?.iter().filter(|row| row.status == UploadStatus::WaitsForGap) {
        if now.as_second() - row.received.as_second() > hours * 3600 {
            let (first, count) = waiting.entry(row.authority).or_insert((row.sequence, 0));
            *first = row.sequence.min(*first);
            *count += 1;
        }
    }
    let mut told = 0;
    for (authority, (first, count)) in waiting {
        let missing = service.store.upload_state(authority).await?.missing_before(first);
        if let Some(missing) = missing {
            told += usize::from(tell(post, authority, missing, count, hours).await?);
        }
    }
    Ok(told)
}

async fn tell(post: &Post, authority: AuthorityCode, missing: u64, count: usize, hours: i64) -> Result<bool, AppError> {
    let (store, at) = (&post.service.store, post.service.clock.now());
    let Some(mailbox) = post.mailbox_of(authority) else { return Ok(false) };
    let before = store.delivered(authority, CHANNEL.to_owned()).await?.map_or(0, |told| told.upto);
    if missing <= before {
        return Ok(false);
    }
    let wait = if count == 1 { "1 upload waits" } else { &format!("{count} uploads wait") };
    let words = format!(
        "Upload {missing} has been missing for more than {hours} hours; {wait} for it and are not in force. Send it, or give \
         its number up."
    );
    let report = MailReport { message: String::new(), code: CODE, event: REPORT_EVENT, words, at };
    let letter = Letter {
        to: mailbox.id,
        workflow: post.settings.upload.first().cloned().unwrap_or_default(),
        subject: Some("CP-IS upload is missing".to_owned()),
        report: Some(report),
        ..Letter::default()
    };
    let mail = post.letter(letter, Bytes::new()).await?;
    let delivered =
        Delivery { authority, channel: CHANNEL.to_owned(), upto: missing, at, mail: Some(mail.row.id.clone()) };
    let step = MailStep { put: vec![mail], delivered: Some((delivered, before)), moved: Vec::new() };
    match store.mail_step(step).await {
        Ok(()) => {
            tracing::warn!(%authority, missing, hours, "an authority is told that an upload is still missing");
            Ok(true)
        }
        // Another node told it.
        Err(StoreError::Stale) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
