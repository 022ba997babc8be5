//! Tells authorities of their notices in their mailboxes: what has come together since the last time, in one message.

use super::{AccessLetter, Letter, Mailbox, Post};
use crate::effects::random;
use crate::error::AppError;
use crate::notices;
use bytes::Bytes;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::notice::{Notice, ReportKind};
use cpis_model::organisation::AuthorityCode;
use cpis_model::{Timestamp, Uuid};
use cpis_store::{Delivery, MailStep, StoreError};
use std::collections::BTreeSet;

/// The way in which messages tell of notices.
pub const CHANNEL: &str = "mesh";
/// The way in which empty messages tell that there was nothing to tell.
pub(crate) const EMPTY: &str = "mesh-empty";
/// Notices that are told in one message at most.
const NOTICES_MAX: u32 = 500;
/// Notices that one look for new ones reads.
const NEW_MAX: u32 = 2000;
/// Seconds between two empty messages to an authority that wants them.
const EMPTY_SECONDS: i64 = 86_400;

/// Who has notices that were not told. Begin with [`Teller::default`].
#[derive(Debug, Default)]
pub struct Teller {
    seen: u64,
    begun: bool,
    due: BTreeSet<AuthorityCode>,
}

impl Teller {
    /// Tells every authority with a mailbox what is due; says how many messages that made.
    pub async fn round(&mut self, post: &Post) -> Result<usize, AppError> {
        if !self.begun {
            self.due = post.mailboxes().into_iter().filter_map(|mailbox| mailbox.authority).collect();
            self.begun = true;
        }
        loop {
            let rows = post.service.store.notices_after(self.seen, NEW_MAX).await?;
            let Some(last) = rows.last() else { break };
            self.seen = last.number;
            self.due.extend(rows.iter().map(|row| row.authority));
        }
        let mut told = 0;
        for authority in self.due.clone() {
            let Some(mailbox) = post.mailbox_of(authority) else {
                self.due.remove(&authority);
                continue;
            };
            match tell(post, &mailbox, authority).await {
                Ok(Told::Message) => told += 1,
                Ok(Told::Nothing) => drop(self.due.remove(&authority)),
                Ok(Told::Later) => {}
                Err(error) => {
                    metrics::counter!("cpis_mail_telling_failed_total").increment(1);
                    tracing::error!(%error, %authority, "an authority was not told of its notices; it is tried again");
                }
            }
        }
        for authority in &post.settings.empty_cycles {
            told += usize::from(tell_nothing(post, *authority).await?);
        }
        Ok(told)
    }
}

enum Told {
    /// A message was made; there may be more.
    Message,
    /// There is nothing to tell.
    Nothing,
    /// The last message is too young.
    Later,
}

/// One message for one authority.
async fn tell(post: &Post, mailbox: &Mailbox, authority: AuthorityCode) -> Result<Told, AppError> {
    let (store, now) = (&post.service.store, post.service.clock.now());
    let last = store.delivered(authority, CHANNEL.to_owned()).await?;
    let before = last.as_ref().map_or(0, |last| last.upto);
    let rows = store.notices(authority, before, NOTICES_MAX).await?;
    let Some(upto) = rows.last().map(|row| row.number) else { return Ok(Told::Nothing) };
    let full = rows.len() == NOTICES_MAX as usize;
    if !full && last.is_some_and(|last| is_young(last.at, now, post.settings.tell_seconds as i64)) {
        return Ok(Told::Later);
    }
    let (mut accesses, mut inactive) = (Vec::new(), Vec::new());
    for notice in notices::open(&post.service, &rows).await? {
        let upload = upload_of(post, authority, notice.number_of_person).await?;
        match notice.report.as_ref().map(|report| report.kind) {
            None => accesses.push((notice, upload)),
            Some(ReportKind::NumberReplaced | ReportKind::NumberWithdrawn) => inactive.push((notice, upload)),
            // The messages have no place for other reports; the portal and the interface have.
            Some(_) => {}
        }
    }
    let mut step = MailStep::default();
    let count = accesses.len() + inactive.len();
    for (of, notices) in [(Of::Accesses, accesses), (Of::InactiveNumbers, inactive)] {
        if !notices.is_empty() {
            step.put.push(message(post, mailbox, authority, now, of, notices).await?);
        }
    }
    let mail = step.put.first().map(|mail| mail.row.id.clone());
    step.delivered = Some((Delivery { authority, channel: CHANNEL.to_owned(), upto, at: now, mail }, before));
    match store.mail_step(step).await {
        Ok(()) => {
            metrics::counter!("cpis_mail_told_total").increment(count as u64);
            Ok(Told::Message)
        }
        // Another node told it.
        Err(StoreError::Stale) => Ok(Told::Message),
        Err(error) => Err(error.into()),
    }
}

fn is_young(at: Timestamp, now: Timestamp, seconds: i64) -> bool {
    let age = now.as_second() - at.as_second();
    (0..seconds).contains(&age)
}

/// What a message tells of.
#[derive(Clone, Copy)]
enum Of {
    Accesses,
    InactiveNumbers,
}

async fn message(
    post: &Post,
    mailbox: &Mailbox,
    authority: AuthorityCode,
    made: Timestamp,
    of: Of,
    accesses: Vec<(Notice, Option<u64>)>,
) -> Result<cpis_store::NewMail, AppError> {
    let (write, workflow, subject, file_name) = match of {
        Of::Accesses => {
            (post.wire.accesses, &post.settings.access, "CP-IS access to service notification", "CPIS_ACCESSES.xml")
        }
        Of::InactiveNumbers => (
            post.wire.inactive,
            &post.settings.inactive,
            "CP-IS inactive NHS number notification",
            "CPIS_INACTIVE_NUMBERS.xml",
        ),
    };
    let id = Uuid::from_bytes(random(&*post.service.keys.entropy));
    let content = write(&AccessLetter { id, made, authority, authority_name: &mailbox.name, accesses });
    let letter = Letter {
        to: mailbox.id.clone(),
        workflow: workflow.clone(),
        subject: Some(subject.to_owned()),
        file_name: Some(file_name.to_owned()),
        ..Letter::default()
    };
    post.letter(letter, Bytes::from(content)).await
}

/// The number of the upload that holds the authority's record of a person.
async fn upload_of(post: &Post, authority: AuthorityCode, number: NhsNumber) -> Result<Option<u64>, AppError> {
    let found = post.service.store.find(vec![post.service.keys.ring.find(number)]).await?;
    let plans = found.into_iter().flatten().flat_map(|found| found.plans);
    let newest = plans.filter(|plan| plan.authority == authority).max_by_key(|plan| plan.group);
    match newest {
        Some(plan) => Ok(post.service.store.upload_of(plan.group).await?),
        None => Ok(None),
    }
}

/// An empty message once a day for an authority that wants one.
async fn tell_nothing(post: &Post, authority: AuthorityCode) -> Result<bool, AppError> {
    let (store, now) = (&post.service.store, post.service.clock.now());
    let mut last: Option<Timestamp> = None;
    for channel in [CHANNEL, EMPTY] {
        let told = store.delivered(authority, channel.to_owned()).await?;
        last = last.max(told.map(|told| told.at));
    }
    let Some(mailbox) = post.mailbox_of(authority) else { return Ok(false) };
    if last.is_some_and(|last| is_young(last, now, EMPTY_SECONDS)) {
        return Ok(false);
    }
    let before = store.delivered(authority, EMPTY.to_owned()).await?.map_or(0, |told| told.upto);
    let put = vec![message(post, &mailbox, authority, now, Of::Accesses, Vec::new()).await?];
    let mail = put.first().map(|mail| mail.row.id.clone());
    let upto = u64::try_from(now.as_second()).unwrap_or(0);
    let delivered = Delivery { authority, channel: EMPTY.to_owned(), upto, at: now, mail };
    match store.mail_step(MailStep { put, delivered: Some((delivered, before)), moved: Vec::new() }).await {
        Ok(()) => Ok(true),
        Err(StoreError::Stale) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
