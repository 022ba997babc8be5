//! Finding a person and confirming that it is the right one. Demographics answers; nothing here is a look.

use crate::door::{Answer, Stop, Visit, rendered};
use crate::form::{EnteredDate, Faults};
use crate::frame::Section;
use crate::guard;
use crate::kept::{self, Meant};
use crate::pace::What as Paced;
use crate::view::find::{Confirm, Entered, Find, Found, Outcome, Person, Results, TEST_NUMBER_FAULT, number_fault};
use crate::view::message::What;
use axum::http::StatusCode;
use cpis_app::demographics::{Matches, Search};
use cpis_app::lifecycle;
use cpis_model::Date;
use cpis_model::caller::{Action, Caller, Decision, Declared, Mode, Subject, Who, may};
use cpis_model::demographics::{Demographics, Sex, Trace};
use cpis_model::nhs_number::NhsNumber;
use cpis_model::time::london_day;

/// Steps from a number to the one that replaced it.
const SUPERSEDED_MAX: usize = 4;

pub(super) fn form(visit: &Visit<'_>) -> Answer {
    rendered(StatusCode::OK, &Find::new(visit.frame(Section::Find), Entered::default(), Faults::default()))
}

/// Who a caller is, for counting.
pub(super) fn key(caller: &Caller) -> String {
    match &caller.who {
        Who::Person(staff) => format!("{}@{}", staff.user_id, caller.organisation.code),
        Who::System { client } => client.to_string(),
        Who::Device(device) => device.asid.to_string(),
    }
}

/// Counts a search or a look, and refuses one too many.
pub(super) fn paced(visit: &Visit<'_>, caller: &Caller) -> Result<(), Stop> {
    let (counts, pace, now) = (&visit.door.counts, &visit.web().pace, visit.now);
    let organisation = caller.organisation.code.to_string();
    for (what, key) in [(Paced::Person, key(caller)), (Paced::Organisation, organisation)] {
        counts.allow(pace, what, &key, now).map_err(|minutes| {
            metrics::counter!("cpis_too_many_total", "of" => if what == Paced::Person { "person" } else { "organisation" })
                .increment(1);
            tracing::warn!(organisation = %caller.organisation.code, "too many searches and looks");
            Stop::Say(What::TooMany { minutes })
        })?;
    }
    Ok(())
}

/// Counts what looks like trying numbers out, and alarms once.
pub(super) fn watch(visit: &Visit<'_>, caller: &Caller, what: Paced) {
    if visit.door.counts.alarms(&visit.web().pace, what, &key(caller), visit.now) {
        metrics::counter!("cpis_enumeration_alarms_total").increment(1);
        tracing::error!(organisation = %caller.organisation.code, "somebody may be trying numbers out");
    }
}

pub(super) async fn by_number(visit: &mut Visit<'_>) -> Answer {
    let caller = visit.caller()?;
    paced(visit, &caller)?;
    let entered = visit.field("number").to_owned();
    let refuse = |visit: &Visit<'_>, text: &'static str| {
        let entered = Entered { number: entered.clone(), ..Entered::default() };
        let page = Find::new(visit.frame(Section::Find), entered, Faults::default().with("number", text));
        rendered(StatusCode::UNPROCESSABLE_ENTITY, &page)
    };
    let number = match NhsNumber::pasted(&entered) {
        Ok(number) => number,
        Err(error) => {
            watch(visit, &caller, Paced::Nobody);
            return refuse(visit, number_fault(error));
        }
    };
    if visit.web().service.admit(number).is_err() {
        return refuse(visit, TEST_NUMBER_FAULT);
    }
    match trace(visit, number).await? {
        Traced::Somebody(number, person) => known(visit, number, &person),
        Traced::Restricted => results(visit, Outcome::Restricted),
        Traced::Nobody => {
            watch(visit, &caller, Paced::Nobody);
            results(visit, Outcome::NobodyByNumber)
        }
    }
}

/// Who stands behind a number.
enum Traced {
    Somebody(NhsNumber, Demographics),
    Restricted,
    Nobody,
}

/// Whom demographics knows under a number, or under the one that replaced it.
async fn trace(visit: &Visit<'_>, mut number: NhsNumber) -> Result<Traced, Stop> {
    for _ in 0..SUPERSEDED_MAX {
        let traced = visit.web().service.demographics.trace(&[number]).await;
        match traced.map_err(|_| Stop::Say(What::Unavailable))?.pop() {
            Some(Trace::Found(person)) => return Ok(Traced::Somebody(number, person)),
            Some(Trace::Superseded(next)) => {
                // Whoever is stored under the old number is found under the new one from now on. Until that is done we
                // cannot tell.
                lifecycle::supersede(&visit.web().service, number, next).await?;
                number = next;
            }
            Some(Trace::Incomplete { restricted: true }) => return Ok(Traced::Restricted),
            // There is somebody, but nobody could confirm who: that is not "nobody", and not "no record".
            Some(Trace::Incomplete { restricted: false }) => return Err(Stop::Say(What::Unavailable)),
            Some(Trace::Unknown) | None => return Ok(Traced::Nobody),
        }
    }
    Ok(Traced::Nobody)
}

fn results(visit: &Visit<'_>, outcome: Outcome) -> Answer {
    rendered(StatusCode::OK, &Results { page: visit.frame(Section::Find), outcome })
}

fn shown(visit: &Visit<'_>, number: NhsNumber, person: &Demographics) -> Person {
    Person { name: person.name.clone(), born: person.birth, number, today: london_day(visit.now) }
}

fn handle(visit: &Visit<'_>, number: NhsNumber, person: &Demographics) -> Result<String, Stop> {
    let (given, family) = (person.name.given.clone(), person.name.family.clone());
    let meant = Meant { number, birth: person.birth, given, family, holders: Vec::new() };
    Ok(kept::handle(visit.web(), &visit.found()?.session, &meant, visit.now))
}

fn known(visit: &Visit<'_>, number: NhsNumber, person: &Demographics) -> Answer {
    if person.restricted {
        return results(visit, Outcome::Restricted);
    }
    let handle = handle(visit, number, person)?;
    confirm_page(visit, shown(visit, number, person), handle)
}

fn confirm_page(visit: &Visit<'_>, person: Person, handle: String) -> Answer {
    let caller = visit.caller()?;
    let decision = may(&caller, Action::View(Declared::Nothing), Subject::AnyChild);
    let tells = decision == Decision::Allowed(Mode::Notifying);
    rendered(StatusCode::OK, &Confirm { page: visit.frame(Section::Find), person, handle, tells })
}

pub(super) async fn by_name(visit: &mut Visit<'_>) -> Answer {
    let caller = visit.caller()?;
    paced(visit, &caller)?;
    let field = |name: &str| visit.field(name).trim().to_owned();
    let born = EnteredDate { day: field("day"), month: field("month"), year: field("year") };
    let entered = Entered { number: String::new(), family: field("family"), born, sex: field("sex") };
    let mut faults = Faults::default();
    if entered.family.is_empty() {
        faults = faults.with("family", "Enter the family name");
    } else if entered.family.chars().count() > cpis_model::name::NAME_CHARS_MAX {
        faults = faults.with("family", "Enter a shorter family name");
    }
    let birth = date(&entered.born);
    match birth {
        None => faults = faults.with("day", "Enter a date of birth, for example 4 9 2017"),
        Some(birth) if birth > london_day(visit.now) => {
            faults = faults.with("day", "The date of birth must not be in the future");
        }
        Some(_) => {}
    }
    let sex: Option<Sex> = entered.sex.parse().ok();
    if sex.is_none() {
        faults = faults.with("sex", "Choose the sex that is recorded");
    }
    let (Some(birth), Some(sex), true) = (birth, sex, faults.is_empty()) else {
        let page = Find::new(visit.frame(Section::Find), entered, faults);
        return rendered(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let search = Search { family: entered.family, birth, sex };
    let found = visit.web().service.demographics.search(&search).await.map_err(|_| Stop::Say(What::Unavailable))?;
    let Matches::People(found) = found else { return results(visit, Outcome::TooMany) };
    match found.as_slice() {
        [] => {
            watch(visit, &caller, Paced::Nobody);
            results(visit, Outcome::NobodyByName)
        }
        [(number, person)] => known(visit, *number, person),
        many => {
            // A restricted person is not offered among others: which of them it is would say too much.
            let open = many.iter().filter(|(_, person)| !person.restricted);
            let people = open.map(|(number, person)| {
                Ok(Found { handle: handle(visit, *number, person)?, person: shown(visit, *number, person) })
            });
            let people = people.collect::<Result<Vec<_>, Stop>>()?;
            results(visit, if people.is_empty() { Outcome::Restricted } else { Outcome::Found(people) })
        }
    }
}

/// A date in three boxes.
pub(super) fn date(entered: &EnteredDate) -> Option<Date> {
    let (day, month) = (entered.day.parse().ok()?, entered.month.parse().ok()?);
    let year: i16 = entered.year.parse().ok().filter(|year| *year >= 1900)?;
    Date::new(year, month, day).ok()
}

/// The person that a form of this session means.
pub(super) fn meant(visit: &Visit<'_>) -> Result<Meant, Stop> {
    let value = visit.field("person");
    kept::meant(visit.web(), &visit.found()?.session, value, visit.now)
        .ok_or_else(|| if value.is_empty() { Stop::Say(What::NotFound) } else { guard::forged("person") })
}

/// How pages show a person that a form means.
pub(super) fn person_of(visit: &Visit<'_>, meant: &Meant) -> Person {
    let name = cpis_model::name::PersonName::new(&meant.given, &meant.family);
    Person { name, born: meant.birth, number: meant.number, today: london_day(visit.now) }
}

/// One of several people was chosen.
pub(super) fn confirm(visit: &Visit<'_>) -> Answer {
    let meant = meant(visit)?;
    confirm_page(visit, person_of(visit, &meant), visit.field("person").to_owned())
}
