//! Messages that nobody collected: they leave the inbox, and the sender is told. What ended goes after its days.

use super::messages::later;
use super::{Letter, MailReport, New, Post};
use crate::effects::random;
use crate::error::AppError;
use bytes::Bytes;
use cpis_model::Timestamp;
use cpis_store::{MailMove, MailRow, MailStatus, MailStep, NewMail, StoreError};

/// The event of a report that the service makes.
pub(super) const REPORT_EVENT: &str = "SEND";
/// Messages that are ended in one round.
const AT_ONCE: u32 = 1000;

/// Ends what ran out and removes what ended long ago. Says how many were ended.
pub async fn end_due(post: &Post) -> Result<usize, AppError> {
    let now = post.service.clock.now();
    let due = post.service.store.mail_due(now, AT_ONCE).await?;
    // What came for the service is taken in the end, however late.
    let is_taken = |row: &&MailRow| {
        row.status == MailStatus::Accepted && row.recipient.eq_ignore_ascii_case(&post.settings.service_mailbox)
    };
    for row in due.iter().filter(|row| !is_taken(row)) {
        end(post, row, now).await?;
    }
    post.service.store.remove_mail(later(now, -post.settings.keep_days)).await?;
    Ok(due.len())
}

async fn end(post: &Post, row: &MailRow, now: Timestamp) -> Result<(), AppError> {
    let (id, from) = (row.id.clone(), row.status);
    let to = if from == MailStatus::Uploading { MailStatus::Failed } else { MailStatus::Undeliverable };
    let mut step = MailStep { moved: vec![MailMove { id, from, to, at: now, held: None }], ..MailStep::default() };
    // Half a message has nobody who waits for it; a report has no sender.
    if from == MailStatus::Accepted
        && let Some(message) = post.message(&row.id).await?
        && row.sender.is_some()
    {
        let words = format!("Message not collected by recipient after {} days", post.settings.expiry_days);
        let letter = (post.wire.letter)(&message.envelope).unwrap_or_default();
        step.put.extend(report(post, row, &letter, "14", words).await?);
    }
    match post.service.store.mail_step(step).await {
        Ok(()) => {
            metrics::counter!("cpis_mail_uncollected_total").increment(1);
            tracing::warn!(recipient = row.recipient, "a message was not collected in time");
            Ok(())
        }
        Err(StoreError::Stale) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A report about a message, for its sender; none where it has no sender.
pub(super) async fn report(
    post: &Post,
    row: &MailRow,
    letter: &Letter,
    code: &'static str,
    words: String,
) -> Result<Option<NewMail>, AppError> {
    let Some(sender) = row.sender.clone() else { return Ok(None) };
    let at = post.service.clock.now();
    let about = MailReport { message: row.id.clone(), code, event: REPORT_EVENT, words, at };
    let letter = Letter {
        to: sender.clone(),
        workflow: row.workflow.clone(),
        subject: Some(letter.subject.as_deref().map_or_else(|| "NDR".to_owned(), |subject| format!("NDR: {subject}"))),
        local_id: letter.local_id.clone(),
        report: Some(about),
        ..Letter::default()
    };
    post.letter(letter, Bytes::new()).await.map(Some)
}

impl Post {
    /// A message of the service's own.
    pub(super) async fn letter(&self, letter: Letter, content: Bytes) -> Result<NewMail, AppError> {
        let is_report = letter.report.is_some();
        self.new_mail(New {
            id: self.new_id(),
            sender: (!is_report).then(|| self.settings.service_mailbox.clone()),
            recipient: letter.to.clone(),
            workflow: letter.workflow.clone(),
            chunks: 1,
            compressed: false,
            local_id: letter.local_id.clone(),
            envelope: (self.wire.envelope)(&letter),
            content,
        })
        .await
    }

    /// An id for a message (spec/mesh.md section 10): 20 digits of the time, an underline, six digits to the base 16.
    pub fn new_id(&self) -> String {
        let (now, tail) = (self.service.clock.now(), random::<3>(&*self.service.keys.entropy));
        let micros = now.subsec_microsecond();
        let [a, b, c] = tail;
        format!("{}{micros:06}_{a:02X}{b:02X}{c:02X}", now.strftime("%Y%m%d%H%M%S"))
    }
}
