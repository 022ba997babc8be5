//! The mailer: which addresses there are, whose turn it is, and how long all wait where the relay takes nothing.

use super::kept::{Held, Purpose, State};
use super::step::Stepped;
use super::{EmailFault, Emails};
use crate::error::AppError;
use crate::notices;
use cpis_model::Timestamp;
use cpis_model::organisation::AuthorityCode;
use cpis_model::organisation_record::Record;
use cpis_model::record_text::Email;
use cpis_model::time::london_day;

/// An address that the register has.
struct Wanted {
    authority: AuthorityCode,
    address: Email,
    purpose: Purpose,
    /// The version of the authority's record.
    version: u64,
}

/// Sends letters while this node leads. Begin with [`Mailer::default`].
#[derive(Default)]
pub struct Mailer {
    /// Nothing is sent before: the relay takes nothing.
    rests: Option<Timestamp>,
    failures: u32,
}

impl Mailer {
    /// Sends what is due, and says how many letters were taken.
    pub async fn round(&mut self, emails: &Emails) -> Result<usize, AppError> {
        let now = emails.service.clock.now();
        if self.rests.is_some_and(|until| now < until) {
            return Ok(0);
        }
        let mut taken = 0;
        for (mut held, version) in turns(emails, now).await? {
            match emails.step(&mut held, version).await? {
                Stepped::Nothing => {}
                Stepped::Taken => {
                    taken += 1;
                    self.mended();
                }
                Stepped::Answered => self.mended(),
                Stepped::Waits(fault) => {
                    self.rest(emails, &fault);
                    break;
                }
            }
        }
        Ok(taken)
    }

    fn mended(&mut self) {
        (self.failures, self.rests) = (0, None);
        metrics::gauge!("cpis_email_away").set(0.0);
    }

    /// The relay takes nothing: all letters wait.
    fn rest(&mut self, emails: &Emails, fault: &EmailFault) {
        self.failures = self.failures.saturating_add(1);
        let pause = emails.pause(self.failures);
        self.rests = Some(super::step::later(emails.service.clock.now(), pause));
        metrics::gauge!("cpis_email_away").set(1.0);
        match fault {
            EmailFault::Refused { why } => {
                tracing::error!(why, "no e-mail is sent until this is mended: look at [email] and at the relay");
            }
            EmailFault::Away { why } | EmailFault::Later { why } | EmailFault::Never { why } => {
                tracing::warn!(why, "e-mail is sent later");
            }
        }
    }
}

/// The addresses whose turn it is, those of emergency duty teams first, then who waited longest; each with the version of its
/// authority's record. What the register does not have any more is forgotten.
async fn turns(emails: &Emails, now: Timestamp) -> Result<Vec<(Held, u64)>, AppError> {
    let wanted = wanted(emails, now);
    let mut known = emails.rows().all().await?;
    let is_wanted = |held: &Held| {
        let mut of = wanted.iter();
        of.any(|wanted| held.state.is_of(wanted.authority, &wanted.address, wanted.purpose))
    };
    for gone in known.iter().filter(|held| !is_wanted(held)) {
        emails.rows().remove(&gone.state).await?;
    }
    let mut turns = Vec::with_capacity(wanted.len());
    for Wanted { authority, address, purpose, version } in wanted {
        let place = known.iter().position(|held| held.state.is_of(authority, &address, purpose));
        let held = match (place, purpose) {
            (Some(place), _) => known.swap_remove(place),
            // Nobody is told of what was there before their address; a notice that waits now is another matter.
            (None, Purpose::Unread) => Held::fresh(State::fresh(authority, address, purpose, 0)),
            (None, Purpose::Notices) => {
                let newest = notices::last_number(&emails.service, authority).await?;
                let mut held = Held::fresh(State::fresh(authority, address, purpose, newest));
                emails.rows().save(&mut held, now).await?;
                held
            }
        };
        turns.push((held, version));
    }
    let count = |status: &str, is: &dyn Fn(&State) -> bool| {
        let count = turns.iter().filter(|(held, _)| is(&held.state)).count();
        metrics::gauge!("cpis_email_addresses", "status" => status.to_owned()).set(count as f64);
    };
    count("dead", &|state| state.dead.is_some());
    count("waiting", &|state| state.dead.is_none() && state.failures > 0);
    count("good", &|state| state.dead.is_none() && state.failures == 0);
    turns.sort_by_key(|(held, _)| (held.state.purpose == Purpose::Notices, held.state.last_sent));
    Ok(turns)
}

fn wanted(emails: &Emails, now: Timestamp) -> Vec<Wanted> {
    let (register, today) = (emails.service.register.get(), london_day(now));
    let mut all: Vec<Wanted> = Vec::new();
    for held in register.records() {
        let Record::Authority(authority) = &*held.record else { continue };
        if !authority.about.period.holds(today) {
            continue;
        }
        let of = [(Purpose::Unread, &authority.duty_emails), (Purpose::Notices, &authority.notice_emails)];
        for (purpose, address) in of.into_iter().flat_map(|(purpose, all)| all.iter().map(move |one| (purpose, one))) {
            let is_there = all.iter().any(|wanted| {
                wanted.authority == authority.code && wanted.purpose == purpose && wanted.address == *address
            });
            if !is_there {
                let (authority, address) = (authority.code, address.clone());
                all.push(Wanted { authority, address, purpose, version: held.version.into() });
            }
        }
    }
    all
}
