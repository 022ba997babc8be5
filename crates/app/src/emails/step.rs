//! One address goes on: what it is to be told is looked up anew before each attempt, so that nobody is told of what was read
//! meanwhile.

use super::kept::{Held, Purpose, Rows, State};
use super::{EmailFault, Emails, Kind, Letter};
use crate::effects::random;
use crate::error::AppError;
use crate::followed;
use crate::notices;
use cpis_model::Timestamp;
use cpis_store::{Delivery, MailStep, NoticeRow, StoreError};
use std::time::Duration;

/// Notices that are read together.
const ROWS: u32 = 500;
/// Pause after the first failure: greylisting takes the second try of a minute later.
const PAUSE_FIRST: Duration = Duration::from_mins(1);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_hours(1);
/// An address that has failed for so long is given up.
const DEAD_AFTER_SECONDS: i64 = 24 * 3600;
/// An address that was given up is tried again after so long, if there is something to tell.
const REVIVED_AFTER_SECONDS: i64 = 24 * 3600;
/// What the ways in which duty teams were told by e-mail begin with.
pub(crate) const DUTY: &str = "duty e-mail ";

/// What became of a turn.
pub(super) enum Stepped {
    /// There was nothing to do.
    Nothing,
    /// A letter was taken.
    Taken,
    /// The relay answered, and did not take it.
    Answered,
    /// The relay takes nothing now.
    Waits(EmailFault),
}

/// What there is to tell.
#[derive(Default)]
struct Found {
    /// The number of the first notice of which to tell.
    first: Option<u64>,
    /// The number of the last notice that was looked at.
    upto: u64,
}

pub(super) fn later(at: Timestamp, pause: Duration) -> Timestamp {
    let ms = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(at.as_millisecond().saturating_add(ms)).unwrap_or(at)
}

/// Whether more than so many seconds have passed since then.
fn is_past(since: Timestamp, seconds: i64, now: Timestamp) -> bool {
    now.as_second() - since.as_second() >= seconds
}

impl State {
    /// Whether nothing is sent to it now, whatever there is to tell.
    fn is_resting(&self, version: u64, digest_minutes: i64, now: Timestamp) -> bool {
        let is_dead = self.dead.is_some_and(|(of, since)| of == version && !is_past(since, REVIVED_AFTER_SECONDS, now));
        let is_paused = self.dead.is_none() && self.next_at.is_some_and(|next| now < next);
        let is_told = self.last_sent.is_some_and(|last| !is_past(last, digest_minutes * 60, now));
        is_dead || is_paused || is_told
    }
}

impl Emails {
    pub(super) fn rows(&self) -> Rows<'_> {
        Rows { store: &*self.service.store, keys: &self.service.keys }
    }

    /// The pause after so many failures, from 1: twice the one before, and up to a quarter more.
    pub(super) fn pause(&self, failures: u32) -> Duration {
        let doubled = PAUSE_FIRST.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(PAUSE_MAX);
        let jitter = u16::from_be_bytes(random(&*self.service.keys.entropy));
        doubled + doubled.mul_f64(0.25 * f64::from(jitter) / f64::from(u16::MAX))
    }

    /// Does what one address's turn is for.
    pub(super) async fn step(&self, held: &mut Held, version: u64) -> Result<Stepped, AppError> {
        let now = self.service.clock.now();
        if held.state.is_resting(version, self.digest_minutes, now) {
            return Ok(Stepped::Nothing);
        }
        let found = match held.state.purpose {
            Purpose::Notices => self.notices(&held.state).await?,
            Purpose::Unread => self.unread(&held.state).await?,
        };
        let Some(first) = found.first else {
            if found.upto > held.state.position {
                held.state.position = found.upto;
                self.rows().save(held, now).await?;
            }
            return Ok(Stepped::Nothing);
        };
        let sent = self.send(&held.state, first, now).await;
        let now = self.service.clock.now();
        match sent {
            Ok(()) => self.taken(held, found.upto, now).await,
            Err(EmailFault::Never { why }) => self.give_up(held, version, &why, now).await,
            Err(EmailFault::Later { why }) => {
                let first = *held.state.first_failure.get_or_insert(now);
                if is_past(first, DEAD_AFTER_SECONDS, now) {
                    return self.give_up(held, version, &why, now).await;
                }
                held.state.failures = held.state.failures.saturating_add(1);
                held.state.next_at = Some(later(now, self.pause(held.state.failures)));
                self.rows().save(held, now).await?;
                Ok(Stepped::Answered)
            }
            Err(fault) => Ok(Stepped::Waits(fault)),
        }
    }

    async fn taken(&self, held: &mut Held, upto: u64, now: Timestamp) -> Result<Stepped, AppError> {
        let state = &mut held.state;
        (state.position, state.last_sent) = (upto, Some(now));
        (state.dead, state.first_failure, state.failures, state.next_at) = (None, None, 0, None);
        self.rows().save(held, now).await?;
        if held.state.purpose == Purpose::Unread {
            self.note(&held.state, now).await?;
        }
        Ok(Stepped::Taken)
    }

    async fn give_up(&self, held: &mut Held, version: u64, why: &str, now: Timestamp) -> Result<Stepped, AppError> {
        let state = &mut held.state;
        state.dead = Some((version, now));
        (state.first_failure, state.failures, state.next_at) = (None, 0, None);
        tracing::error!(
            authority = %state.authority,
            why,
            "an e-mail address of an authority takes no letters: mend it in the register of organisations"
        );
        self.rows().save(held, now).await?;
        Ok(Stepped::Answered)
    }

    /// What the address has not been told of, unless it was read meanwhile.
    async fn notices(&self, state: &State) -> Result<Found, AppError> {
        let mut found = Found { first: None, upto: state.position };
        loop {
            let rows = self.service.store.notices(state.authority, found.upto, ROWS).await?;
            let Some(last) = rows.last() else { return Ok(found) };
            found.upto = last.number;
            let unread = rows.iter().find(|row| row.acknowledged.is_none());
            found.first = found.first.or(unread.map(|row| row.number));
        }
    }

    /// What nobody has read in time and the address has not been told of.
    async fn unread(&self, state: &State) -> Result<Found, AppError> {
        let mut found = Found { first: None, upto: state.position };
        let Some(before) = followed::due_before(&self.service) else { return Ok(found) };
        loop {
            let rows = self.service.store.notices(state.authority, found.upto, ROWS).await?;
            if rows.is_empty() {
                return Ok(found);
            }
            for row in rows {
                if row.access.at >= before {
                    return Ok(found);
                }
                found.upto = row.number;
                if found.first.is_none() && row.acknowledged.is_none() && self.is_urgent(&row).await? {
                    found.first = Some(row.number);
                }
            }
        }
    }

    async fn is_urgent(&self, row: &NoticeRow) -> Result<bool, AppError> {
        match notices::open(&self.service, std::slice::from_ref(row)).await {
            Ok(opened) => Ok(opened.first().is_some_and(followed::is_urgent)),
            // One that cannot be read must not hide the others: somebody should look at it in any case.
            Err(AppError::Damaged(_)) => Ok(true),
            Err(error) => Err(error),
        }
    }

    async fn send(&self, state: &State, first: u64, at: Timestamp) -> Result<(), EmailFault> {
        let kind = match state.purpose {
            Purpose::Notices => Kind::Notices,
            Purpose::Unread => Kind::Unread { minutes: self.service.settings.escalate_minutes },
        };
        let id = self.service.keys.ring.group(&["letter", &hex(self.rows().digest(state)), &first.to_string()]);
        let letter = Letter { to: &state.address, kind, link: &self.link, id: &hex(id), at };
        let sent = self.emailer.send(&letter).await;
        let outcome = match &sent {
            Ok(()) => "taken",
            Err(EmailFault::Away { .. }) => "away",
            Err(EmailFault::Refused { .. }) => "refused",
            Err(EmailFault::Later { .. }) => "later",
            Err(EmailFault::Never { .. }) => "never",
        };
        metrics::counter!("cpis_emails_total", "outcome" => outcome).increment(1);
        sent
    }

    /// Notes that a duty team was told, for whoever looked.
    async fn note(&self, state: &State, at: Timestamp) -> Result<(), AppError> {
        let (store, authority) = (&self.service.store, state.authority);
        let channel = format!("{DUTY}{}", hex(self.rows().digest(state)));
        let before = store.delivered(authority, channel.clone()).await?.map_or(0, |last| last.upto);
        if state.position <= before {
            return Ok(());
        }
        let delivery = Delivery { authority, channel, upto: state.position, at, mail: None };
        match store.mail_step(MailStep { delivered: Some((delivery, before)), ..MailStep::default() }).await {
            // Stale: another node noted it.
            Ok(()) | Err(StoreError::Stale) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn hex(bytes: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(bytes))
}
