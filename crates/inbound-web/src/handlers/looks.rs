//! The caller's own looks of the last days, and what became of the notices of them.

use super::report::reference_of;
use crate::door::{Answer, Visit, rendered};
use crate::frame::Section;
use crate::lines::Line;
use crate::paths;
use crate::view::looks::{Looks, OwnLook, ToCall};
use crate::view::{Acknowledged, Pages};
use axum::http::StatusCode;
use cpis_app::followed::{self, Followed};
use cpis_model::organisation::AuthorityCode;

/// They name nobody.
pub(super) async fn own(visit: &mut Visit<'_>) -> Answer {
    let caller = visit.caller()?;
    let before = visit.field("before").parse().ok();
    let (looks, next) = followed::own(&visit.web().service, &caller, before).await?;
    let next = next.map(|number| format!("{}?before={number}", paths::LOOKS));
    let page = Looks {
        page: visit.frame(Section::Looks),
        to_call: to_call(visit, &looks),
        looks: looks.iter().map(|look| row(visit, look)).collect(),
        days: followed::DAYS,
        pages: Pages { next, ..Pages::default() },
    };
    rendered(StatusCode::OK, &page)
}

fn name(visit: &Visit<'_>, code: AuthorityCode) -> String {
    visit.web().register().authority_name(code).map_or_else(|| code.to_string(), ToString::to_string)
}

fn row(visit: &Visit<'_>, look: &Followed) -> OwnLook {
    let read = look.read.as_ref().map(|read| {
        let role = if read.role.is_empty() { "the authority" } else { &*read.role };
        Acknowledged { role: role.to_owned(), at: read.at }
    });
    OwnLook {
        reference: reference_of(look.id),
        at: look.at,
        authority: name(visit, look.authority),
        told: look.told,
        read,
        overdue: look.overdue,
        escalated: look.escalated,
    }
}

/// Each authority that has read nothing of a look for too long, once.
fn to_call(visit: &Visit<'_>, looks: &[Followed]) -> Vec<ToCall> {
    let mut found: Vec<(AuthorityCode, ToCall)> = Vec::new();
    for look in looks {
        let Some(minutes) = look.overdue else { continue };
        if let Some((_, one)) = found.iter_mut().find(|(code, _)| *code == look.authority) {
            one.minutes = one.minutes.max(minutes);
            continue;
        }
        let lines = look.reach.iter().map(|reach| Line::reaching(reach.clone(), visit.now)).collect();
        found.push((look.authority, ToCall { name: name(visit, look.authority), minutes, lines }));
    }
    found.into_iter().map(|(_, one)| one).collect()
}
