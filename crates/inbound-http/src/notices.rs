//! The authority's notices: read in pages by a cursor, acknowledged one by one.

use crate::caller::{self, caller};
use crate::door::Door;
use crate::failure;
use crate::media::{self, Form};
use crate::problem::Problem;
use axum::response::Response;
use cpis_app::notices::{PAGE_DEFAULT, PAGE_MAX, acknowledge as acknowledge_one, notice, notices};
use cpis_model::Uuid;
use cpis_model::caller::{ResponsiblePerson, Who};
use cpis_model::notice::Notice;
use cpis_model::organisation::{Organisation, Site};
use cpis_model::time::london_instant;
use http::StatusCode;
use http::request::Parts;
use serde::Serialize;

const REPORTED: &str = "This is a message of somebody who saw the record. It is no referral.";
const TEXT: &str = "This says that a record was opened, not that the person was there, nor why it was opened.";

#[derive(Serialize)]
struct Page {
    notices: Vec<Written>,
    next: String,
    more: bool,
}

#[derive(Serialize)]
struct Written {
    id: String,
    cursor: String,
    nhs_number: String,
    local_id: Option<String>,
    kind: &'static str,
    accessed_at: String,
    report: Option<Told>,
    by: By,
    organisation: Named,
    site: Option<At>,
    acknowledged_at: Option<String>,
    acknowledged_by: Option<Role>,
    text: &'static str,
}

/// What was reported.
#[derive(Serialize)]
struct Told {
    kind: &'static str,
    phone: Option<String>,
    words: Option<String>,
    replaced_by: Option<String>,
}

/// Who acknowledged a notice: a role, where a person did.
#[derive(Serialize)]
struct Role {
    role_name: String,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum By {
    Person {
        role_code: String,
        role_name: String,
        name: String,
    },
    System {
        #[serde(skip_serializing_if = "Vec::is_empty")]
        responsible: Vec<Responsible>,
    },
}

/// Who answers for a system, as it says.
#[derive(Serialize)]
struct Responsible {
    role_code: String,
    role_name: String,
    name: String,
}

#[derive(Serialize)]
struct Named {
    code: String,
    name: String,
}

#[derive(Serialize)]
struct At {
    code: String,
    name: String,
    setting: Named,
}

/// `GET /authority/v1/notices`
pub async fn list(door: &Door, request: &Parts) -> Result<Response, Problem> {
    let caller = caller(door, caller::AUTHORITY, &request.headers).await.map_err(failure::unknown_problem)?;
    let (after, limit) = parameters(request.uri.query().unwrap_or_default())?;
    let page =
        notices(&door.http.service, caller, after, limit).await.map_err(|error| failure::problem(door, error))?;
    let notices = page.notices.iter().map(written).collect();
    json(door, &Page { notices, next: page.next.to_string(), more: page.more })
}

/// `GET /authority/v1/notices/{id}`
pub async fn one(door: &Door, request: &Parts) -> Result<Response, Problem> {
    let caller = caller(door, caller::AUTHORITY, &request.headers).await.map_err(failure::unknown_problem)?;
    let found = notice(&door.http.service, caller, id(request)).await;
    json(door, &written(&found.map_err(|error| failure::problem(door, error))?))
}

/// `POST /authority/v1/notices/{id}/acknowledgement`
pub async fn acknowledge(door: &Door, request: &Parts) -> Result<Response, Problem> {
    let caller = caller(door, caller::AUTHORITY, &request.headers).await.map_err(failure::unknown_problem)?;
    let acknowledged = acknowledge_one(&door.http.service, caller, id(request)).await;
    json(door, &written(&acknowledged.map_err(|error| failure::problem(door, error))?))
}

/// The notice's id. One that is none is looked for all the same, so that the policy answers first.
fn id(request: &Parts) -> Uuid {
    media::segment(request.uri.path(), 3).and_then(|text| Uuid::try_parse(text).ok()).unwrap_or_default()
}

fn json(door: &Door, value: &impl Serialize) -> Result<Response, Problem> {
    match serde_json::to_vec(value) {
        Ok(body) => Ok(media::reply(StatusCode::OK, Form::Json.content_type(), body)),
        Err(_) => Err(failure::internal(door.fresh_id())),
    }
}

/// The cursor and the limit.
fn parameters(query: &str) -> Result<(u64, u32), Problem> {
    let (mut after, mut limit) = (None, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        match name {
            "after" if after.is_none() && digits => {
                let cursor = value.parse().ok().filter(|&cursor| i64::try_from(cursor).is_ok());
                after = Some(cursor.ok_or_else(|| bad("after", "after is a cursor that this service gave out."))?);
            }
            "after" => return Err(bad("after", "after is one cursor that this service gave out.")),
            "limit" if limit.is_none() && digits => {
                let wanted = value.parse().ok().filter(|wanted| (1..=PAGE_MAX).contains(wanted));
                limit = Some(wanted.ok_or_else(|| bad("limit", "limit is a whole number from 1 to 200."))?);
            }
            "limit" => return Err(bad("limit", "limit is one whole number from 1 to 200.")),
            // Passed over, a misspelt cursor would read everything again.
            _ => return Err(bad("unknown", "The parameters are after and limit.")),
        }
    }
    Ok((after.unwrap_or(0), limit.unwrap_or(PAGE_DEFAULT)))
}

fn bad(parameter: &'static str, words: &'static str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad-parameter", words).with("parameter", parameter)
}

fn written(notice: &Notice) -> Written {
    Written {
        id: notice.id.to_string(),
        cursor: notice.number.to_string(),
        nhs_number: notice.number_of_person.digits().to_owned(),
        local_id: notice.local_id.clone(),
        kind: if notice.report.is_some() { "report" } else { "access" },
        accessed_at: london_instant(notice.at),
        report: notice.report.as_ref().map(|report| Told {
            kind: report.kind.code(),
            phone: report.phone.as_ref().map(|phone| phone.as_str().to_owned()),
            words: report.text.as_ref().map(|text| text.as_str().to_owned()),
            replaced_by: report.replaced_by.map(|number| number.digits().to_owned()),
        }),
        by: match &notice.who {
            Who::Person(staff) => By::Person {
                role_code: staff.role_code.to_string(),
                role_name: staff.role_name.to_string(),
                name: staff.name.to_string(),
            },
            Who::System { .. } => By::System { responsible: Vec::new() },
            Who::Device(device) => By::System { responsible: device.responsible.iter().map(responsible).collect() },
        },
        organisation: organisation(&notice.organisation),
        site: notice.site.as_ref().map(site),
        acknowledged_at: notice.acknowledged.map(london_instant),
        acknowledged_by: notice.acknowledged_by.as_ref().and_then(|caller| match &caller.who {
            Who::Person(staff) => Some(Role { role_name: staff.role_name.to_string() }),
            Who::System { .. } | Who::Device(_) => None,
        }),
        text: if notice.report.is_some() { REPORTED } else { TEXT },
    }
}

fn responsible(person: &ResponsiblePerson) -> Responsible {
    Responsible {
        role_code: person.role_code.to_string(),
        role_name: person.role_name.to_string(),
        name: person.name.to_string(),
    }
}

fn organisation(organisation: &Organisation) -> Named {
    Named { code: organisation.code.to_string(), name: organisation.name.to_string() }
}

fn site(site: &Site) -> At {
    let setting = Named { code: site.setting.code().to_owned(), name: site.setting.name().to_owned() };
    At { code: site.code.to_string(), name: site.name.to_string(), setting }
}
