//! The demo's story: what the service is for, step by step, each through the interface that its user has.

use super::gateway::DemoGateway;
use super::mesh::Mesh;
use super::world::{AUTHORITY, OTHER, Part, World};
use crate::client::{Answer, Target, send};
use crate::fault::{Fault, Result};
use crate::open::app;
use crate::say;
use cpis_app::Service;
use cpis_app::verify::{Witnesses, verify};
use cpis_model::Timestamp;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::register::Register;
use cpis_testkit::issuer::{Issuer, people};
use serde_json::Value;
use std::time::Duration;

/// Hospitals of the story: other people work there than those who get tokens.
const FIRST_HOSPITAL: &str = "RRV03";
const SECOND_HOSPITAL: &str = "RKEQ4";
const SCHEDULED_CARE: &str = "RP4";
/// What each access in a message begins with.
const ACCESS: &[u8] = b"<pertinentCP-ISNHSQuery>";
/// Longest wait for what is derived after a look.
const WAIT: Duration = Duration::from_secs(10);
/// Longest wait for a verification during which nothing is written.
const VERIFY_WAIT: Duration = Duration::from_mins(3);

/// What the story needs.
pub struct Stage<'a> {
    /// The service, for the verification.
    pub service: &'a Service,
    /// Its address.
    pub base: &'a str,
    /// Gives out tokens.
    pub issuer: &'a Issuer,
    /// Organisations.
    pub register: &'a Register,
    /// People and plans.
    pub world: &'a World,
    /// The national query.
    pub soap: &'a super::soap::Soap,
    /// The mailboxes.
    pub mesh: &'a Mesh,
    /// A hospital's gateway.
    pub hospital: &'a DemoGateway,
    /// Address of demographics.
    pub demographics: String,
    /// Now.
    pub now: Timestamp,
}

struct Teller {
    step: u32,
}

impl Teller {
    fn step(&mut self, text: &str) {
        self.step += 1;
        say::line(format_args!("\n{:>2}. {text}", self.step));
    }
}

fn answer(text: impl std::fmt::Display) {
    say::line(format_args!("      {text}"));
}

impl Stage<'_> {
    fn clinician(&self, site: &str) -> Result<Target> {
        Target::with_token(self.base, self.issuer.mint(&people::clinician(self.register, site, self.now)))
    }

    /// Somebody of an authority.
    pub fn worker(&self, authority: &str) -> Result<Target> {
        let claims = people::authority_worker(authority, &self.authority(authority), self.now);
        Target::with_token(self.base, self.issuer.mint(&claims))
    }

    fn site(&self, code: &str) -> String {
        let site = code.parse().ok().and_then(|code| self.register.site(code));
        site.map_or_else(|| code.to_owned(), |site| site.name.to_string())
    }

    /// An authority's name.
    pub fn authority(&self, code: &str) -> String {
        people::authority_name(self.register, code).unwrap_or_else(|| code.to_owned())
    }

    /// Tells the story. The files were sent already; `sent` is what came of each.
    pub async fn tell(&self, sent: &[(String, Value)]) -> Result<()> {
        let mut teller = Teller { step: 0 };
        teller.step(
            "Authorities' own systems send their files by MESH, and find the answers in their mailboxes. Records with faults \
             come back, the others take effect.",
        );
        for (authority, ack) in sent {
            tell_file(authority, ack);
        }
        let child = self.world.number(Part::StoryChild)?;
        let (first, second) = (self.clinician(FIRST_HOSPITAL)?, self.clinician(SECOND_HOSPITAL)?);
        let site = self.site(FIRST_HOSPITAL);
        teller.step(&format!("A child comes to {site}. A nurse asks: POST /cpis/FHIR/R4/CareTeam/_search."));
        tell_plans(&care_team(&first, child).await?)?;
        teller.step(&format!("Later the child is at {}. A nurse there asks.", self.site(SECOND_HOSPITAL)));
        tell_plans(&care_team(&second, child).await?)?;
        teller.step("That nurse also sees who asked before: POST /cpis/FHIR/R4/AuditEvent/_search.");
        tell_accesses(&ok(send(second.search("AuditEvent", child)).await?)?);
        let claims = people::scheduled_clinician(self.register, SCHEDULED_CARE, self.now);
        let scheduled = Target::with_token(self.base, self.issuer.mint(&claims))?;
        let site = self.site(SCHEDULED_CARE);
        teller
            .step(&format!("A planned appointment at {site}: the flag is shown, but not listed, and nobody is told."));
        tell_plans(&care_team(&scheduled, child).await?)?;
        let list = ok(send(second.search("AuditEvent", child)).await?)?;
        answer(format_args!("The list still has {} accesses.", list.get("total").and_then(Value::as_u64).unwrap_or(0)));
        self.notices(&mut teller).await?;
        self.other_answers(&mut teller, &first).await?;
        teller.step(
            "The audit log is verified: every entry is opened, every hash computed again, every list derived again.",
        );
        self.verified().await
    }

    async fn notices(&self, teller: &mut Teller) -> Result<()> {
        let own = self.authority(AUTHORITY);
        teller.step(&format!("{own} reads its notices and acknowledges the first: GET /authority/v1/notices."));
        let worker = self.worker(AUTHORITY)?;
        let end = tokio::time::Instant::now() + WAIT;
        let notices = loop {
            let notices = self.fresh_notices(&worker).await?;
            if notices.len() >= 2 || tokio::time::Instant::now() > end {
                break notices;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        for notice in &notices {
            answer(format_args!(
                "{} {}, {}",
                text(notice, "/accessed_at"),
                text(notice, "/by/role_name"),
                text(notice, "/site/name")
            ));
        }
        let told = self.mesh.client(self.service, AUTHORITY).await?.wait_for(&super::mesh::settings().access).await?;
        let count = told.windows(ACCESS.len()).filter(|part| *part == ACCESS).count();
        answer(format_args!("Its own system finds a message with {count} accesses in its mailbox."));
        let id = notices.first().map(|notice| text(notice, "/id")).unwrap_or_default();
        let path = format!("/authority/v1/notices/{id}/acknowledgement");
        let read = ok(send(worker.post(&path)).await?)?;
        answer(format_args!("acknowledged at {}", text(&read, "/acknowledged_at")));
        let other = send(self.worker(OTHER)?.post(&path)).await?;
        answer(format_args!(
            "{} asks for the same notice and gets {}: it is not theirs.",
            self.authority(OTHER),
            other.status.as_u16()
        ));
        Ok(())
    }

    /// The notices of looks since the demo started: a country around the story has many more, and demographics said something
    /// of people too.
    async fn fresh_notices(&self, worker: &Target) -> Result<Vec<Value>> {
        let (mut fresh, mut after) = (Vec::new(), "0".to_owned());
        loop {
            let page = ok(send(worker.page("/authority/v1/notices", &[("limit", "200"), ("after", &after)])).await?)?;
            let is_fresh = |notice: &&Value| {
                let at = text(notice, "/accessed_at").parse::<Timestamp>();
                text(notice, "/kind") == "access" && at.is_ok_and(|at| at.as_second() >= self.now.as_second())
            };
            let notices = page.get("notices").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            fresh.extend(notices.iter().filter(is_fresh).cloned());
            if page.get("more").and_then(Value::as_bool) != Some(true) {
                return Ok(fresh);
            }
            after = text(&page, "/next");
        }
    }

    async fn other_answers(&self, teller: &mut Teller, clinician: &Target) -> Result<()> {
        teller.step("A child without a plan. \"No record\" is an answer of its own, and it is in the audit log too.");
        tell_plans(&care_team(clinician, self.world.number(Part::StoryNone)?).await?)?;
        teller.step("A child whose NHS number was replaced: the old and the new number both find the plan.");
        tell_plans(&care_team(clinician, self.world.number(Part::StorySuperseded)?).await?)?;
        tell_plans(&care_team(clinician, World::surviving(Part::StorySuperseded)?).await?)?;
        teller.step("A child who was restricted in demographics after the upload: hidden at once, kept sealed.");
        tell_plans(&care_team(clinician, self.world.number(Part::StoryRestricted)?).await?)?;
        teller.step("A child with plans of two authorities: both are shown, and both are told.");
        tell_plans(&care_team(clinician, self.world.number(Part::StoryTwo)?).await?)?;
        teller.step("Someone asks without being signed in. \"Cannot tell\" never looks like \"no record\".");
        let stranger = Target::with_token(self.base, String::new())?;
        let refused = send(stranger.search("CareTeam", self.world.number(Part::StoryChild)?)).await?;
        answer(refused.words());
        Ok(())
    }

    /// Waits until everything is derived and signed, then verifies.
    async fn verified(&self) -> Result<()> {
        let store = &*self.service.store;
        let end = tokio::time::Instant::now() + WAIT;
        loop {
            let size = store.size().await.map_err(|error| app(&error.into()))?;
            let marks = store.watermarks().await.map_err(|error| app(&error.into()))?;
            if (marks.looks == size && marks.tree == size) || tokio::time::Instant::now() > end {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let mut report;
        // What is written while it reads looks like a fault: with a country around the story it reads for a while.
        loop {
            let before = store.size().await.map_err(|error| app(&error.into()))?;
            let read = verify(store, &self.service.keys, Witnesses::default(), |_, _| {}).await;
            report = read.map_err(|error| app(&error))?;
            let same = store.size().await.map_err(|error| app(&error.into()))? == before;
            if report.is_clean() || same || tokio::time::Instant::now() > end + VERIFY_WAIT {
                break;
            }
        }
        let words = if report.is_clean() { "No fault".to_owned() } else { format!("{} faults", report.faults_found) };
        answer(format_args!(
            "{} entries, signed checkpoints that hold: {}. {words}.",
            report.entries, report.checkpoints_checked
        ));
        if report.is_clean() { Ok(()) } else { Err(Fault::failed("The demo's audit log has faults.")) }
    }
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn ok(answer: Answer) -> Result<Value> {
    if answer.status.is_success() {
        Ok(answer.body)
    } else {
        Err(Fault::failed(format!("The demo's service answered {}", answer.words())))
    }
}

async fn care_team(who: &Target, number: NhsNumber) -> Result<Value> {
    ok(send(who.search("CareTeam", number)).await?)
}

fn tell_file(authority: &str, ack: &Value) {
    let count = |name: &str| ack.get(name).and_then(Value::as_u64).unwrap_or(0);
    answer(format_args!(
        "{authority}: {}, {} of {} records took effect",
        text(ack, "/code"),
        count("loaded"),
        count("records")
    ));
    for row in ack.get("rejections").and_then(Value::as_array).into_iter().flatten() {
        let detail =
            row.pointer("/detail/display").and_then(Value::as_str).map_or_else(|| text(row, "/display"), str::to_owned);
        answer(format_args!("  {} at {}: {detail}", text(row, "/code"), text(row, "/location")));
    }
}

fn tell_plans(bundle: &Value) -> Result<()> {
    let total = bundle.get("total").and_then(Value::as_u64);
    let total = total.ok_or_else(|| Fault::failed("The demo's service gave an answer that is none"))?;
    if total == 0 {
        answer("No record is held.");
    }
    for entry in bundle.get("entry").and_then(Value::as_array).into_iter().flatten() {
        let phones = entry.pointer("/resource/telecom").and_then(Value::as_array).into_iter().flatten();
        let emergency =
            phones.filter(|phone| text(phone, "/use") == "mobile").map(|phone| text(phone, "/value")).next();
        answer(format_args!(
            "{}: {}, since {}, emergency duty team {}",
            text(entry, "/resource/category/0/coding/0/display"),
            text(entry, "/resource/name"),
            text(entry, "/resource/period/start"),
            emergency.unwrap_or_default()
        ));
    }
    Ok(())
}

fn tell_accesses(bundle: &Value) {
    let entries = bundle.get("entry").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let role_of = |reference: &str| {
        entries.iter().map(|entry| &entry["resource"]).find(|resource| {
            resource["resourceType"] == "PractitionerRole" && reference.ends_with(&text(resource, "/id"))
        })
    };
    for event in
        entries.iter().map(|entry| &entry["resource"]).filter(|resource| resource["resourceType"] == "AuditEvent")
    {
        let role = role_of(&text(event, "/source/observer/reference"));
        let role = role
            .map(|role| format!("{}, {}", text(role, "/code/0/coding/0/display"), text(role, "/organization/display")));
        answer(format_args!("{} {}", text(event, "/recorded"), role.unwrap_or_default()));
    }
}
