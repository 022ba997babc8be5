//! A look: a caller asks for a child's flags. The answer leaves only after the entry is on disk.

use crate::error::AppError;
use crate::frame::KeyOf;
use crate::people::{Keys, author_key};
use crate::recorder::Batch;
use crate::seal::SealKey;
use crate::service::Service;
use cpis_model::access::{LookFact, Purpose};
use cpis_model::answer::ShownPlan;
use cpis_model::caller::{Action, Caller, Decision, Declared, Mode, Refusal, Subject, may};
use cpis_model::entry::{Entry, HiddenFor, Look, Outcome, PersonId, RefusedFor, Seen, What};
use cpis_model::nhs_number::NhsNumber;
use cpis_model::plan::{Plan, visibility};
use cpis_model::register::Register;
use cpis_model::time::london_day;
use cpis_model::{Date, Timestamp};
use cpis_store::{Found, PlanRow, Via};
use std::sync::Arc;

/// A question about one child.
#[derive(Clone, Debug)]
pub struct Question {
    /// Who asks.
    pub caller: Arc<Caller>,
    /// About whom.
    pub number: NhsNumber,
    /// A date of birth as a check.
    pub birth: Option<Date>,
    /// What the request says about the care.
    pub declared: Declared,
    /// The caller's own reference.
    pub trace: Option<String>,
}

/// The flags.
#[derive(Clone, Debug)]
pub struct Flags {
    /// When the question came.
    pub at: Timestamp,
    /// Plans visible today; none is "no record".
    pub plans: Vec<ShownPlan>,
}

/// Answers with the flags.
pub async fn flags(service: &Arc<Service>, question: Question) -> Result<Flags, AppError> {
    let looked = look(service, question, Purpose::Flags).await?;
    Ok(Flags { at: looked.at, plans: looked.plans })
}

/// A person who stands behind the number, as the look found them.
pub(crate) struct LookedAt {
    pub person: PersonId,
    pub key: SealKey,
    pub fact: LookFact,
}

/// What a look found and recorded.
pub(crate) struct Looked {
    pub at: Timestamp,
    pub plans: Vec<ShownPlan>,
    /// People with visible plans.
    pub people: Vec<LookedAt>,
}

/// What is frozen about the one who looks.
struct Frozen {
    at: Timestamp,
    today: Date,
    caller: Arc<Caller>,
    number: NhsNumber,
    birth: Option<Date>,
    purpose: Purpose,
    mode: Mode,
    against_activity: bool,
    trace: Option<String>,
    month: (KeyOf, SealKey),
    register: Arc<Register>,
}

/// Asks the policy, looks, and records. Used by every door and for the list of accesses too.
pub(crate) async fn look(service: &Arc<Service>, question: Question, purpose: Purpose) -> Result<Looked, AppError> {
    service.admit(question.number)?;
    let at = service.clock.now();
    let month = service.month_key(at).await?;
    let mode = match may(&question.caller, Action::View(question.declared), Subject::AnyChild) {
        Decision::Allowed(mode) => mode,
        Decision::Refused(refusal) => {
            return refuse(service, question.caller, "view", refusal, Some(question.number)).await;
        }
    };
    let rights = question.caller.rights;
    let frozen = Frozen {
        at,
        today: london_day(at),
        purpose,
        mode,
        against_activity: rights.view && !rights.view_silently && question.declared == Declared::Scheduled,
        caller: question.caller,
        number: question.number,
        birth: question.birth,
        trace: question.trace,
        month,
        register: service.register.get(),
    };
    let asked = service.keys.ring.find(question.number);
    let own = service.clone();
    service.recorder.record(Some(asked), move |batch, found| decide(&own, batch, found, &frozen)).await
}

/// Records that a known caller was refused something that is about no child.
pub async fn note_refused(
    service: &Service,
    caller: Arc<Caller>,
    action: &'static str,
    refusal: Refusal,
) -> Result<(), AppError> {
    match refuse::<()>(service, caller, action, refusal, None).await {
        Err(AppError::Refused(_)) => Ok(()),
        other => other,
    }
}

/// Records that a known caller was refused, and refuses.
pub(crate) async fn refuse<T>(
    service: &Service,
    caller: Arc<Caller>,
    action: &'static str,
    refusal: Refusal,
    number: Option<NhsNumber>,
) -> Result<T, AppError> {
    metrics::counter!("cpis_refused_total", "action" => action, "refusal" => refusal.code()).increment(1);
    let what = What::Refused { caller, action: action.to_owned(), refusal: RefusedFor::Policy(refusal), number };
    service.record_one(what).await?;
    Err(AppError::Refused(refusal))
}

/// Whether a number still finds a person on a day.
pub(crate) fn still_found(found: &Found, today: Date) -> bool {
    let (Via::Own(until) | Via::Alias(until)) = found.via;
    until.is_none_or(|until| until >= today) && found.person.data_key.is_some()
}

fn plan_of(row: &PlanRow) -> Plan {
    Plan { id: row.id, version: row.version, authority: row.authority, kind: row.kind, dates: row.dates }
}

/// A person behind the number, opened: what the look will say of them.
struct Opened {
    person: PersonId,
    key: SealKey,
    /// Why something of theirs is not shown.
    hidden: Option<HiddenFor>,
    shown: Vec<ShownPlan>,
}

fn open(service: &Service, batch: &Batch<'_>, found: &Found, frozen: &Frozen) -> Result<(Opened, bool), AppError> {
    let key = service.keys.person(&found.person)?;
    let mut opened = Opened { person: found.person.id, key, hidden: found.person.hidden, shown: Vec::new() };
    let mut birth_agrees = true;
    for row in &found.plans {
        if opened.hidden.is_some_and(|reason| reason.hides(row.kind)) {
            continue;
        }
        let details = Keys::open_details(&opened.key, row)?;
        let visible = visibility(row.kind, row.dates, details.birth, frozen.today);
        if !visible.is_visible() {
            continue;
        }
        birth_agrees &= frozen.birth.is_none_or(|birth| birth == details.birth);
        let contact = batch.contact(row.authority);
        let registered = frozen.register.authority_name(row.authority).cloned();
        opened.shown.push(ShownPlan {
            plan: plan_of(row),
            ended: visible == cpis_model::plan::Visibility::Ended,
            person: details,
            authority_name: registered
                .or_else(|| contact.map(|contact| contact.name.as_str().into()))
                .unwrap_or_else(|| row.authority.to_string().into()),
            contact: contact.map(|contact| contact.contact.clone()),
        });
    }
    Ok((opened, birth_agrees))
}

fn decide(service: &Service, batch: &mut Batch<'_>, found: &[Found], frozen: &Frozen) -> Result<Looked, AppError> {
    let mut people = Vec::with_capacity(found.len());
    let mut birth_agrees = true;
    for found in found.iter().filter(|found| still_found(found, frozen.today)) {
        let (opened, agrees) = open(service, batch, found, frozen)?;
        birth_agrees &= agrees;
        people.push(opened);
    }
    let entry = |person: Option<PersonId>, what| Entry { at: frozen.at, person, what };
    let what = |author, outcome, number| {
        What::Look(Look {
            caller: frozen.caller.clone(),
            author,
            purpose: frozen.purpose,
            mode: frozen.mode,
            declared_against_activity: frozen.against_activity,
            outcome,
            number,
            trace: frozen.trace.clone(),
        })
    };
    let mut looked = Looked { at: frozen.at, plans: Vec::new(), people: Vec::new() };
    if people.is_empty() {
        let (key_of, key) = &frozen.month;
        batch.add(&entry(None, what(None, Outcome::Nothing, Some(frozen.number))), *key_of, key);
    }
    for opened in people {
        let key_of = KeyOf::Person(opened.person);
        if !birth_agrees {
            let refused = What::Refused {
                caller: frozen.caller.clone(),
                action: "view".to_owned(),
                refusal: RefusedFor::BirthMismatch,
                number: None,
            };
            batch.add(&entry(Some(opened.person), refused), key_of, &opened.key);
            continue;
        }
        let author = author_key(&opened.key, &frozen.caller);
        let seen = opened
            .shown
            .iter()
            .map(|shown| Seen { plan: shown.plan.id, version: shown.plan.version, authority: shown.plan.authority })
            .collect::<Vec<_>>();
        let outcome = match (opened.hidden, seen.is_empty()) {
            (_, false) => Outcome::Shown(seen),
            (Some(_), true) => Outcome::Hidden,
            (None, true) => Outcome::Nothing,
        };
        let index = batch.add(&entry(Some(opened.person), what(Some(author), outcome, None)), key_of, &opened.key);
        if !opened.shown.is_empty() {
            let mut authorities: Vec<_> = opened.shown.iter().map(|shown| shown.plan.authority).collect();
            authorities.dedup();
            let fact =
                LookFact { index, at: frozen.at, author, purpose: frozen.purpose, mode: frozen.mode, authorities };
            looked.people.push(LookedAt { person: opened.person, key: opened.key, fact });
            looked.plans.extend(opened.shown);
        }
    }
    if birth_agrees { Ok(looked) } else { Err(AppError::BirthMismatch) }
}

/// What the 24-hour rule needs of a journal entry; `None` where it is no look that could be listed.
pub(crate) fn fact(index: u64, entry: &Entry) -> Option<LookFact> {
    let What::Look(look) = &entry.what else { return None };
    if look.mode == Mode::Silent {
        return None;
    }
    let (Outcome::Shown(seen), Some(author)) = (&look.outcome, look.author) else { return None };
    let authorities = seen.iter().map(|seen| seen.authority).collect();
    Some(LookFact { index, at: entry.at, author, purpose: look.purpose, mode: look.mode, authorities })
}
