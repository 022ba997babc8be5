//! What runs beside the doors: the applier, checkpoints, what waits, and what must be destroyed in time.

use crate::applier::{Applied, STEP_ENTRIES_MAX, Tree, apply_looks, apply_tree};
use crate::emails::{Emails, Mailer};
use crate::error::AppError;
use crate::followed::Watch;
use crate::freshness;
use crate::lifecycle;
use crate::mail::{self, Post};
use crate::nodes;
use crate::organisations;
use crate::refusals;
use crate::retrace;
use crate::service::Service;
use crate::subscriptions::{Sender, Subscriptions};
use crate::upload::process_waiting;
use cpis_model::Timestamp;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Longest pause of the applier when nobody wakes it.
const IDLE: Duration = Duration::from_millis(500);
/// Pause after a failure.
const PAUSE: Duration = Duration::from_secs(1);
/// Entries that a step takes while looks come and the applier keeps up.
const STEP_ENTRIES: f64 = 32.0;
/// The same, when it does not: looks wait for as long as it takes to save them.
const STEP_ENTRIES_BEHIND: f64 = 256.0;
/// While more waits than a step takes and looks still come, the applier leaves the database to them for this many times as long as the
/// step took.
const BREATH: f64 = 8.0;
/// Entries from which on it does not, so that lists do not fall behind without end: they say up to when they are complete, and a look
/// that waits cannot. The worst hour of the nation is far below; this is some ten seconds of all that two processors can take.
const BREATHLESS_ENTRIES: f64 = 150_000.0;
/// Time for which the applier lets entries gather: each step costs the disk a flush, as each group of looks does.
const GATHER: Duration = Duration::from_millis(20);
/// Pause between two rounds of the housekeeping.
const ROUND: Duration = Duration::from_secs(5);
/// Time between two entries that count refusals of unknown callers.
const SUMMARY: Duration = Duration::from_mins(1);
/// A staging that is older than this many seconds was left by a crash: an upload takes seconds.
const STAGING_SECONDS_MAX: i64 = 900;

/// What an installation has beside its doors.
#[derive(Default)]
pub struct Beside {
    /// Mailboxes.
    pub post: Option<Arc<Post>>,
    /// Subscriptions of authorities.
    pub subscriptions: Option<Arc<Subscriptions>>,
    /// E-mail to authorities.
    pub emails: Option<Arc<Emails>>,
}

/// What works beside the doors.
pub struct Working {
    /// The tasks; they end after they were told to.
    pub tasks: Vec<tokio::task::JoinHandle<()>>,
    /// Whether this node is the one that does what only one does.
    pub leads: watch::Receiver<bool>,
}

/// Starts the applier, the housekeeping, the mailboxes' and the subscriptions' work, which go on while this node leads, and what
/// every node does. They end after `stop` turns true.
pub fn start(service: &Arc<Service>, beside: Beside, stop: watch::Receiver<bool>) -> Working {
    let (lead, leads) = watch::channel(false);
    let turn = Pace { leads: leads.clone(), stop: stop.clone() };
    let mail = beside.post.map(|post| {
        [tokio::spawn(take_mail(post.clone(), turn.clone())), tokio::spawn(tell_by_mail(post, turn.clone()))]
    });
    let emailed = beside.emails.map(|emails| tokio::spawn(tell_by_email(emails, turn.clone())));
    let told = beside.subscriptions.map(|all| tokio::spawn(tell_subscribers(all, turn.clone())));
    let mut tasks = vec![
        tokio::spawn(nodes::follow_lead(service.clone(), lead, stop.clone())),
        tokio::spawn(nodes::follow_others(service.clone(), stop.clone())),
        tokio::spawn(organisations::follow(service.clone(), stop.clone())),
        tokio::spawn(follow_looks(service.clone(), turn.clone())),
        tokio::spawn(follow_tree(service.clone(), turn.clone())),
        tokio::spawn(take_up_uploads(service.clone(), turn.clone())),
        tokio::spawn(ask_again(service.clone(), turn.clone())),
        tokio::spawn(housekeep(service.clone(), turn)),
        tokio::spawn(count_refusals(service.clone(), stop)),
    ];
    tasks.extend(mail.into_iter().flatten());
    tasks.extend(told);
    tasks.extend(emailed);
    Working { tasks, leads }
}

/// When a task of the worker goes on.
#[derive(Clone)]
struct Pace {
    leads: watch::Receiver<bool>,
    stop: watch::Receiver<bool>,
}

impl Pace {
    /// Waits until this node leads. Says whether to go on.
    async fn lead(&mut self) -> bool {
        tokio::select! {
            _ = self.leads.wait_for(|leads| *leads) => {}
            _ = self.stop.wait_for(|stop| *stop) => {}
        }
        !*self.stop.borrow()
    }

    /// Waits for the pause, or for work if `wake` says so, and then until this node leads. Says whether to go on.
    async fn wait(&mut self, service: &Service, pause: Duration, wake: bool) -> bool {
        if *self.stop.borrow() {
            return false;
        }
        tokio::select! {
            () = service.committed.notified(), if wake => {}
            () = tokio::time::sleep(pause) => {}
            _ = self.stop.changed() => {}
        }
        self.lead().await
    }
}

async fn follow_looks(service: Arc<Service>, mut pace: Pace) {
    if !pace.lead().await {
        return;
    }
    let (mut entries, mut saved, mut size) = (step(0.0), service.store.saved_max(), 0);
    loop {
        let begun = Instant::now();
        let applied = apply_looks(&service, entries, saved).await.inspect(tell_lag);
        let pause = match applied {
            Ok(applied) => {
                let is_quiet = std::mem::replace(&mut size, applied.size) == applied.size;
                let pause = pause(begun.elapsed(), entries as u64, applied, is_quiet);
                entries = if is_quiet { STEP_ENTRIES_MAX } else { step(applied.behind as f64) };
                saved = if is_quiet || is_breathless(applied.behind as f64) {
                    // Even where it was quiet: a look that comes meanwhile waits for what is saved at once.
                    service.store.saved_max().max(STEP_ENTRIES_BEHIND as usize)
                } else {
                    service.store.saved_max()
                };
                pause
            }
            Err(error) => {
                tracing::warn!(%error, "lists and notices wait");
                PAUSE
            }
        };
        if !pace.wait(&service, pause, pause == IDLE).await {
            return;
        }
        if pause == IDLE && !pace.wait(&service, GATHER, false).await {
            return;
        }
    }
}

/// The pause after a step of so many entries that took so long. Where it is quiet, no look came during the step.
fn pause(took: Duration, entries: u64, applied: Applied, is_quiet: bool) -> Duration {
    match applied.taken {
        0 => IDLE,
        taken if taken < entries => GATHER,
        _ if is_quiet => Duration::ZERO,
        _ => breath(took, applied.behind as f64),
    }
}

/// Entries of a step while looks come: the more, the further the applier is behind, up to when it does not breathe.
fn step(behind: f64) -> usize {
    (STEP_ENTRIES + (STEP_ENTRIES_BEHIND - STEP_ENTRIES) * (behind / BREATHLESS_ENTRIES).min(1.0)) as usize
}

/// Whether the applier is so far behind that it saves whole steps though looks come: they cost less for each entry.
fn is_breathless(behind: f64) -> bool {
    behind >= BREATHLESS_ENTRIES
}

/// The pause after a step while looks come: they go first, the less so the further the applier is behind.
fn breath(took: Duration, behind: f64) -> Duration {
    took.mul_f64(BREATH * (1.0 - behind / BREATHLESS_ENTRIES).max(0.0))
}

/// Says in metrics how far the derivations are behind.
fn tell_lag(applied: &Applied) {
    metrics::gauge!("cpis_applier_lag_entries").set(applied.behind as f64);
    metrics::gauge!("cpis_tree_lag_entries").set(applied.tree_behind as f64);
    metrics::gauge!("cpis_journal_entries").set(applied.size as f64);
}

async fn follow_tree(service: Arc<Service>, mut pace: Pace) {
    if !pace.lead().await {
        return;
    }
    let mut tree = Tree::default();
    let period = Duration::from_secs(service.settings.checkpoint_seconds.max(1));
    loop {
        if let Err(error) = grow(&service, &mut tree).await {
            tracing::warn!(%error, "the audit log's tree waits");
        }
        if !pace.wait(&service, period, false).await {
            break;
        }
    }
    // A last checkpoint, so that the log outside says all that was committed.
    loop {
        match grow(&service, &mut tree).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(%error, "the last checkpoint was not signed");
                return;
            }
        }
    }
}

/// Grows the tree to the journal's end, or first to the size that is to be published, and signs a checkpoint there. Says whether
/// there was anything to grow by.
async fn grow(service: &Service, tree: &mut Tree) -> Result<bool, AppError> {
    let Some(note) = apply_tree(service, tree, true).await? else { return Ok(false) };
    crate::audit::append_checkpoint(service, note).await?;
    Ok(true)
}

/// Takes up uploads that wait. Tracing the people of one may take minutes: neither the housekeeping nor the end of the service
/// waits for it. What is broken off is taken up at the next start.
async fn take_up_uploads(service: Arc<Service>, mut pace: Pace) {
    if !pace.lead().await {
        return;
    }
    let mut stop = pace.stop.clone();
    loop {
        let taken = tokio::select! {
            taken = process_waiting(&service, None) => taken,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        if let Err(error) = taken {
            tracing::warn!(%error, "waiting uploads are tried again");
        }
        if !pace.wait(&service, ROUND, false).await {
            return;
        }
    }
}

/// Asks demographics again about everybody with a plan, once in so many days.
async fn ask_again(service: Arc<Service>, mut pace: Pace) {
    let days = service.settings.retrace_days;
    if days == 0 || !pace.lead().await {
        return;
    }
    let mut stop = pace.stop.clone();
    loop {
        let asked = tokio::select! {
            asked = retrace::slice(&service, days) => asked,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        let pause = match asked {
            Ok(retraced) if retraced.is_done => SUMMARY,
            Ok(_) => GATHER,
            Err(AppError::Unavailable { retry_after }) => Duration::from_secs(u64::from(retry_after)).max(ROUND),
            Err(error) => {
                tracing::error!(%error, "people with plans were not asked about again; it is tried later");
                SUMMARY
            }
        };
        if !pace.wait(&service, pause, false).await {
            return;
        }
    }
}

/// Takes what comes into the service's mailbox. What is broken off is taken again.
async fn take_mail(post: Arc<Post>, mut pace: Pace) {
    if !pace.lead().await {
        return;
    }
    let mut stop = pace.stop.clone();
    loop {
        let taken = tokio::select! {
            taken = mail::intake::round(&post) => taken,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        if let Err(error) = taken {
            tracing::warn!(%error, "messages for the service are taken later");
        }
        let arrived = tokio::time::timeout(PAUSE, post.arrived.notified());
        tokio::select! {
            _ = arrived => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        if !pace.lead().await {
            return;
        }
    }
}

/// Tells authorities of their notices and of uploads that stay missing in their mailboxes, and ends what nobody collected.
async fn tell_by_mail(post: Arc<Post>, mut pace: Pace) {
    if !pace.lead().await {
        return;
    }
    let mut teller = mail::tell::Teller::default();
    loop {
        if let Err(error) = teller.round(&post).await {
            tracing::warn!(%error, "authorities are told of their notices later");
        }
        if let Err(error) = mail::gaps::round(&post).await {
            tracing::warn!(%error, "authorities are told of missing uploads later");
        }
        if let Err(error) = mail::expiry::end_due(&post).await {
            tracing::warn!(%error, "messages that ran out are ended later");
        }
        if !pace.wait(&post.service, PAUSE, false).await {
            return;
        }
    }
}

/// Sends subscribers what is due. What is on its way when this node ends or stops leading is sent again.
async fn tell_subscribers(subscriptions: Arc<Subscriptions>, mut pace: Pace) {
    if !pace.lead().await {
        return;
    }
    let mut sender = Sender::default();
    loop {
        if let Err(error) = sender.round(&subscriptions).await {
            tracing::warn!(%error, "subscribers are told later");
        }
        if !pace.wait(&subscriptions.service, PAUSE, false).await {
            return;
        }
    }
}

/// Tells authorities by e-mail that there are notices, or that nobody has read them. A letter on its way when this node ends is
/// sent again.
async fn tell_by_email(emails: Arc<Emails>, mut pace: Pace) {
    if !pace.lead().await {
        return;
    }
    let mut stop = pace.stop.clone();
    let mut mailer = Mailer::default();
    loop {
        let sent = tokio::select! {
            sent = mailer.round(&emails) => sent,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        if let Err(error) = sent {
            tracing::warn!(%error, "authorities are told by e-mail later");
        }
        if !pace.wait(&emails.service, ROUND, false).await {
            return;
        }
    }
}

async fn housekeep(service: Arc<Service>, mut pace: Pace) {
    if !pace.lead().await {
        return;
    }
    if let Err(error) = after_start(&service).await {
        tracing::warn!(%error, "what an earlier run left is tidied up later");
    }
    let mut published = service.clock.now();
    let mut unread = Watch::default();
    loop {
        for (what, done) in [
            ("gap alarms", gap_alarms(&service).await),
            ("ages of authorities' data", tell_ages(&service).await),
            ("entries set aside", tell_quarantine(&service).await),
            ("notices that nobody read", unread.round(&service).await),
            ("left-over staging", discard_leftovers(&service).await),
            ("raw files", destroy_files(&service).await),
            ("ended sessions", crate::sessions::forget_ended(&service).await.map(|gone| gone as usize)),
            ("room in the database", service.store.maintain().await.map(|()| 0).map_err(AppError::from)),
        ] {
            if let Err(error) = done {
                tracing::warn!(%error, what, "housekeeping is tried again");
            }
        }
        let now = service.clock.now();
        let due = now.as_second() - published.as_second() >= service.settings.publish_seconds as i64;
        if due && service.settings.publish_folder.is_some() {
            published = now;
            if let Err(error) = crate::audit::publish(&service).await {
                tracing::warn!(%error, "the log was not published");
            }
        }
        if !pace.wait(&service, ROUND, false).await {
            return;
        }
    }
}

/// Writes the refusals of unknown callers that this node counted, once a minute and at the end.
async fn count_refusals(service: Arc<Service>, mut stop: watch::Receiver<bool>) {
    loop {
        let ends = tokio::select! {
            () = tokio::time::sleep(SUMMARY) => false,
            _ = stop.wait_for(|stop| *stop) => true,
        };
        if let Err(error) = refusals::write_summary(&service).await {
            tracing::warn!(%error, "refusals of unknown callers are counted in the next summary");
        }
        if ends {
            return;
        }
    }
}

async fn after_start(service: &Arc<Service>) -> Result<(), AppError> {
    let erased = lifecycle::replay_erasures(service).await?;
    if erased > 0 {
        tracing::warn!(erased, "people who were erased before were erased again");
    }
    Ok(())
}

/// Removes what uploads staged that never took effect, because the service or their transaction died.
async fn discard_leftovers(service: &Service) -> Result<usize, AppError> {
    let now = service.clock.now();
    let before = Timestamp::from_second(now.as_second() - STAGING_SECONDS_MAX).unwrap_or(now);
    let groups = service.store.stale_staging(before).await?;
    for group in &groups {
        service.store.discard(*group).await?;
    }
    Ok(groups.len())
}

async fn gap_alarms(service: &Service) -> Result<usize, AppError> {
    let now = service.clock.now();
    let mut count = 0;
    let mut oldest = 0;
    for row in service.store.waiting().await? {
        let seconds = now.as_second() - row.received.as_second();
        oldest = oldest.max(seconds);
        if row.status == cpis_store::UploadStatus::WaitsForGap && seconds > service.settings.gap_alarm_hours * 3600 {
            count += 1;
        }
    }
    metrics::gauge!("cpis_upload_waiting_seconds").set(oldest as f64);
    metrics::gauge!("cpis_upload_gaps_overdue").set(count as f64);
    Ok(count)
}

/// Says in metrics when each authority's last file took effect. The ages are asked of the database once a minute.
async fn tell_ages(service: &Service) -> Result<usize, AppError> {
    let all = freshness::of_all(service).await?;
    for of in all.iter() {
        metrics::gauge!("cpis_authority_last_file_timestamp_seconds", "authority" => of.authority.to_string())
            .set(of.last.as_second() as f64);
    }
    Ok(all.len())
}

async fn tell_quarantine(service: &Service) -> Result<usize, AppError> {
    let count = service.store.quarantined().await?.len();
    metrics::gauge!("cpis_quarantine_entries").set(count as f64);
    Ok(count)
}

async fn destroy_files(service: &Service) -> Result<usize, AppError> {
    let now = service.clock.now();
    let before =
        Timestamp::from_second(now.as_second() - i64::from(service.settings.file_days) * 86_400).unwrap_or(now);
    let count = service.store.destroy_files(before).await?;
    if count > 0 {
        tracing::info!(count, "raw files were destroyed in time");
    }
    let (unread, oldest) = service.store.unacknowledged().await?;
    metrics::gauge!("cpis_notices_unacknowledged").set(unread as f64);
    metrics::gauge!("cpis_notices_oldest_seconds")
        .set(oldest.map_or(0.0, |at| (now.as_second() - at.as_second()) as f64));
    Ok(count as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_go_first_until_the_applier_is_far_behind() {
        let took = Duration::from_millis(4);
        assert_eq!(breath(took, 0.0), took.mul_f64(BREATH));
        assert_eq!(breath(took, BREATHLESS_ENTRIES / 2.0), took.mul_f64(BREATH / 2.0));
        assert_eq!(breath(took, BREATHLESS_ENTRIES), Duration::ZERO);
        assert_eq!(breath(took, 10.0 * BREATHLESS_ENTRIES), Duration::ZERO);
        assert_eq!([0.0, 0.5, 1.0, 10.0].map(|part| step(part * BREATHLESS_ENTRIES)), [32, 144, 256, 256]);
        assert_eq!(
            [0.0, 0.5, 1.0, 10.0].map(|part| is_breathless(part * BREATHLESS_ENTRIES)),
            [false, false, true, true]
        );
    }
}
