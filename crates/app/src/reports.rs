//! Reports: what somebody who saw a child's flag tells the authority, and what became of it.

use crate::error::AppError;
use crate::frame::KeyOf;
use crate::look::{self, still_found};
use crate::notices;
use crate::people::Keys;
use crate::service::Service;
use cpis_model::access::AuthorKey;
use cpis_model::caller::{Action, Caller, Decision, Refusal, Subject, Who, may};
use cpis_model::entry::{Entry, RefusedFor, What};
use cpis_model::nhs_number::NhsNumber;
use cpis_model::notice::{Notice, Report};
use cpis_model::organisation::AuthorityCode;
use cpis_model::plan::visibility;
use cpis_model::time::london_day;
use std::sync::Arc;

/// Reports on one page at most.
pub const PAGE_MAX: u32 = 50;

/// The key under which a caller's own reports are found.
fn reporter(service: &Service, caller: &Caller) -> Option<AuthorKey> {
    let Who::Person(staff) = &caller.who else { return None };
    Some(service.keys.ring.reporter(&staff.user_id, caller.organisation.code.as_str()))
}

/// Tells an authority something about a child of whom it has a visible plan. What is told becomes a notice once the applier
/// has come to it. Where the authority has no such plan that is refused, and the refusal is an entry: nobody learns here
/// silently whether a child has a plan.
pub async fn report(
    service: &Arc<Service>,
    caller: Arc<Caller>,
    number: NhsNumber,
    authority: AuthorityCode,
    report: Report,
) -> Result<(), AppError> {
    service.admit(number)?;
    let (decision, author) = (may(&caller, Action::Report, Subject::AnyChild), reporter(service, &caller));
    let (Decision::Allowed(_), Some(author)) = (decision, author) else {
        let refusal = if let Decision::Refused(refusal) = decision { refusal } else { Refusal::PersonNeeded };
        return look::refuse(service, caller, "report", refusal, Some(number)).await;
    };
    let at = service.clock.now();
    let today = london_day(at);
    let (month_of, month) = service.month_key(at).await?;
    let keys = service.keys.clone();
    let asked = keys.ring.find(number);
    service
        .recorder
        .record(Some(asked), move |batch, found| {
            for found in found.iter().filter(|found| still_found(found, today)) {
                let is_hidden = |kind| found.person.hidden.is_some_and(|reason| reason.hides(kind));
                let key = keys.person(&found.person)?;
                for plan in found.plans.iter().filter(|plan| plan.authority == authority) {
                    let details = Keys::open_details(&key, plan)?;
                    let visible = visibility(plan.kind, plan.dates, details.birth, today).is_visible();
                    if visible && !is_hidden(plan.kind) {
                        let what = What::Reported { caller, author, authority, report };
                        let person = found.person.id;
                        batch.add(&Entry { at, person: Some(person), what }, KeyOf::Person(person), &key);
                        return Ok(());
                    }
                }
            }
            let refusal = RefusedFor::Policy(Refusal::NotOwn);
            let what = What::Refused { caller, action: "report".to_owned(), refusal, number: Some(number) };
            batch.add(&Entry { at, person: None, what }, month_of, &month);
            Err(AppError::Refused(Refusal::NotOwn))
        })
        .await
}

/// The caller's own reports before a cursor, newest first, with what became of them; and the cursor of the next page.
pub async fn own_reports(
    service: &Service,
    caller: &Caller,
    before: Option<u64>,
) -> Result<(Vec<Notice>, Option<u64>), AppError> {
    let Some(author) = reporter(service, caller) else { return Ok((Vec::new(), None)) };
    let rows = service.store.reports_by(author, before.unwrap_or(u64::MAX), PAGE_MAX + 1).await?;
    let (shown, rest) = rows.split_at_checked(PAGE_MAX as usize).unwrap_or((&rows, &[]));
    let next = if rest.is_empty() { None } else { shown.last().map(|row| row.number) };
    Ok((notices::open(service, shown).await?, next))
}
