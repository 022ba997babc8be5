//! What became of notices of looks: when the authority was told and who read it there, for whoever looked; and what nobody has
//! read for too long, for the authority and for operators.
//!
//! Who comes to urgent care leaves within hours, so a notice of such a look must be read soon. Others may wait for the morning.

use crate::emails::DUTY;
use crate::error::AppError;
use crate::mail::tell::EMPTY;
use crate::notices;
use crate::ring::KeyRing;
use crate::service::Service;
use cpis_model::access::AuthorKey;
use cpis_model::caller::{Caller, Who};
use cpis_model::entry::{Entry, What};
use cpis_model::notice::Notice;
use cpis_model::organisation::AuthorityCode;
use cpis_model::reach::{Reach, contacts_for};
use cpis_model::{Timestamp, Uuid};
use cpis_store::{MailStatus, NoticeRow};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// Own looks on one page at most.
pub const PAGE_MAX: u32 = 50;
/// Days for which own looks are listed. Then the digest by which they are found is forgotten.
pub const DAYS: i64 = 7;
/// Notices that are looked through at most to say how many of an authority's nobody has read.
const OWN_MAX: u32 = 500;
/// The same, of all authorities: the oldest count.
const ALL_MAX: u32 = 10_000;
/// Seconds between two counts of the housekeeping.
const COUNT_SECONDS: i64 = 60;

/// A look of one's own, and what became of the notice of it. It names nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// The notice's id.
    pub id: Uuid,
    /// Who is told.
    pub authority: AuthorityCode,
    /// When the record was opened.
    pub at: Timestamp,
    /// When the authority was first told, in whichever way.
    pub told: Option<Timestamp>,
    /// Who read it there.
    pub read: Option<Read>,
    /// When the emergency duty team was told by e-mail that nobody had.
    pub escalated: Option<Timestamp>,
    /// Minutes for which nobody has read it, where that is too long.
    pub overdue: Option<i64>,
    /// The authority's numbers where that is so, the open ones first.
    pub reach: Vec<Reach>,
}

/// That somebody at the authority read a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// When.
    pub at: Timestamp,
    /// Their role; empty where that was not noted, or a system did.
    pub role: Arc<str>,
}

/// How many of an authority's notices nobody has read for too long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overdue {
    /// So many.
    pub count: usize,
    /// Whether there may be more: not all were looked through.
    pub may_be_more: bool,
}

/// The key under which whoever looked finds the notice of a look; none for a system, which opens no page.
pub(crate) fn reader(ring: &KeyRing, entry: &Entry) -> Option<AuthorKey> {
    let What::Look(look) = &entry.what else { return None };
    key_of(ring, &look.caller)
}

fn key_of(ring: &KeyRing, caller: &Caller) -> Option<AuthorKey> {
    let Who::Person(staff) = &caller.who else { return None };
    Some(ring.reader(&staff.user_id, caller.organisation.code.as_str()))
}

/// Whether a notice is of a look in urgent care. Where the kind of care is not known it counts as urgent.
pub(crate) fn is_urgent(notice: &Notice) -> bool {
    notice.report.is_none() && notice.site.as_ref().is_none_or(|site| site.setting.is_urgent())
}

/// Minutes for which nobody has read a notice of a look in urgent care, where that is too long.
pub fn overdue_minutes(service: &Service, notice: &Notice) -> Option<i64> {
    let (max, now) = (service.settings.escalate_minutes, service.clock.now());
    let minutes = (now.as_second() - notice.at.as_second()) / 60;
    (max > 0 && minutes >= max && notice.acknowledged.is_none() && is_urgent(notice)).then_some(minutes)
}

/// The moment before which a look must have been for its notice to have waited too long; none where it never has.
pub(crate) fn due_before(service: &Service) -> Option<Timestamp> {
    let max = service.settings.escalate_minutes;
    let now = service.clock.now();
    // The second in which it falls due belongs to it.
    (max > 0).then(|| Timestamp::from_second(now.as_second() - max * 60 + 1).unwrap_or(now))
}

/// The caller's own looks of the last days before a cursor, newest first, with what became of the notices of them; and the
/// cursor of the next page.
///
/// This makes no entry, as the list of own reports makes none: it says nothing about anybody but the caller and the authority,
/// names no child and opens no record.
pub async fn own(
    service: &Service,
    caller: &Caller,
    before: Option<u64>,
) -> Result<(Vec<Followed>, Option<u64>), AppError> {
    let Some(key) = key_of(&service.keys.ring, caller) else { return Ok((Vec::new(), None)) };
    let now = service.clock.now();
    let is_recent = |row: &NoticeRow| now.as_second() - row.access.at.as_second() < DAYS * 86_400;
    let mut rows = service.store.looks_by(key, before.unwrap_or(u64::MAX), PAGE_MAX + 1).await?;
    rows.retain(is_recent);
    let has_more = rows.len() > PAGE_MAX as usize;
    rows.truncate(PAGE_MAX as usize);
    let next = rows.last().filter(|_| has_more).map(|row| row.number);
    let mut looks = Vec::with_capacity(rows.len());
    for notice in notices::open(service, &rows).await? {
        if is_by(&notice, caller) {
            looks.push(follow(service, &notice).await?);
        }
    }
    if looks.iter().any(|look| look.overdue.is_some()) {
        let (uploaded, register) = (service.store.contacts().await?, service.register.get());
        for look in looks.iter_mut().filter(|look| look.overdue.is_some()) {
            let newest = uploaded.iter().filter(|row| row.authority == look.authority).max_by_key(|row| row.version);
            look.reach = contacts_for(&register, look.authority, newest.map(|row| &row.contact), now);
        }
    }
    Ok((looks, next))
}

/// Whether the entry itself says that it was the caller: a digest alone is not believed.
fn is_by(notice: &Notice, caller: &Caller) -> bool {
    let (Who::Person(by), Who::Person(own)) = (&notice.who, &caller.who) else { return false };
    by.user_id == own.user_id && notice.organisation.code == caller.organisation.code
}

async fn follow(service: &Service, notice: &Notice) -> Result<Followed, AppError> {
    let role = notice.acknowledged_by.as_ref().and_then(|by| match &by.who {
        Who::Person(staff) => Some(staff.role_name.clone()),
        Who::System { .. } | Who::Device(_) => None,
    });
    let (told, escalated) = told(service, notice).await?;
    Ok(Followed {
        id: notice.id,
        authority: notice.authority,
        at: notice.at,
        told,
        escalated,
        read: notice.acknowledged.map(|at| Read { at, role: role.unwrap_or_default() }),
        overdue: overdue_minutes(service, notice),
        reach: Vec::new(),
    })
}

/// When an authority was first told of a notice, and when its duty team was told that nobody had read it. Who acknowledged it was
/// told.
async fn told(service: &Service, notice: &Notice) -> Result<(Option<Timestamp>, Option<Timestamp>), AppError> {
    let (mut told, mut escalated) = (notice.acknowledged, None);
    let earlier = |at: Timestamp, than: Option<Timestamp>| Some(than.map_or(at, |than| than.min(at)));
    for delivery in service.store.deliveries_of(notice.authority, notice.number).await? {
        if delivery.channel == EMPTY {
            continue;
        }
        if delivery.channel.starts_with(DUTY) {
            escalated = earlier(delivery.at, escalated);
            continue;
        }
        // Where nothing was sent, as for what was there before a subscription, nobody was told.
        let Some(id) = delivery.mail else { continue };
        // A message that nobody collected in time told nobody. The id of a subscription's delivery is that of no message.
        let mail = service.store.mail(id).await?;
        let is_lost = mail.is_some_and(|mail| matches!(mail.status, MailStatus::Undeliverable | MailStatus::Failed));
        if !is_lost {
            told = earlier(delivery.at, told);
        }
    }
    Ok((told, escalated))
}

/// How many notices of the caller's authority nobody has read for too long. It is said above the list of notices, whose
/// reading is an entry.
pub async fn overdue_of(service: &Service, caller: &Caller) -> Result<Overdue, AppError> {
    let (Some(authority), Some(before)) = (caller.rights.authority, due_before(service)) else {
        return Ok(Overdue::default());
    };
    let rows = service.store.overdue(Some(authority), before, OWN_MAX).await?;
    let count = notices::open(service, &rows).await?.iter().filter(|notice| is_urgent(notice)).count();
    Ok(Overdue { count, may_be_more: rows.len() >= OWN_MAX as usize })
}

/// Counts for operators what nobody has read for too long. Begin with [`Watch::default`].
#[derive(Debug, Default)]
pub struct Watch {
    /// Whether notices that wait are of urgent care: that never changes, so each is opened once.
    urgent: HashMap<u64, bool>,
    /// Of whom something was told.
    told: BTreeSet<AuthorityCode>,
    count: usize,
    counted: Option<Timestamp>,
}

impl Watch {
    /// Counts once a minute, says it in metrics, and gives the count. Whose looks notices are of is forgotten on the way, once
    /// it is not shown any more.
    pub async fn round(&mut self, service: &Service) -> Result<usize, AppError> {
        let now = service.clock.now();
        let is_young = |at: Timestamp| (0..COUNT_SECONDS).contains(&(now.as_second() - at.as_second()));
        if self.counted.is_some_and(is_young) {
            return Ok(self.count);
        }
        let shown_from = Timestamp::from_second(now.as_second() - DAYS * 86_400).unwrap_or(Timestamp::MIN);
        service.store.forget_readers(shown_from).await?;
        let rows = match due_before(service) {
            Some(before) => service.store.overdue(None, before, ALL_MAX).await?,
            None => Vec::new(),
        };
        let waiting: HashSet<u64> = rows.iter().map(|row| row.number).collect();
        self.urgent.retain(|number, _| waiting.contains(number));
        let mut counts: BTreeMap<AuthorityCode, usize> = self.told.iter().map(|authority| (*authority, 0)).collect();
        for row in &rows {
            if self.is_urgent(service, row).await? {
                *counts.entry(row.authority).or_default() += 1;
            }
        }
        for (authority, count) in &counts {
            metrics::gauge!("cpis_authority_notices_overdue", "authority" => authority.to_string()).set(*count as f64);
        }
        self.count = counts.values().sum();
        metrics::gauge!("cpis_notices_overdue").set(self.count as f64);
        self.told = counts.into_keys().collect();
        self.counted = Some(now);
        Ok(self.count)
    }

    async fn is_urgent(&mut self, service: &Service, row: &NoticeRow) -> Result<bool, AppError> {
        if let Some(urgent) = self.urgent.get(&row.number) {
            return Ok(*urgent);
        }
        let urgent = match notices::open(service, std::slice::from_ref(row)).await {
            Ok(opened) => opened.first().is_some_and(is_urgent),
            // One that cannot be read must not hide the others: somebody should look at it in any case.
            Err(AppError::Damaged(_)) => true,
            Err(error) => return Err(error),
        };
        self.urgent.insert(row.number, urgent);
        Ok(urgent)
    }
}
