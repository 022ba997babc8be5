//! The port's two questions, put to PDS.

use crate::ask::{Asker, Question, Said, id};
use crate::breaker::Breaker;
use crate::http;
use crate::judge::PdsError;
use crate::pace::{Pace, Urgency};
use crate::settings::{Faults, Settings};
use crate::time::Time;
use crate::token::Tokens;
use async_trait::async_trait;
use cpis_app::Entropy;
use cpis_app::demographics::{Demographics, DemographicsFault, Matches, Search};
use cpis_format_fhir::pds::{self, Found, NotUnderstood};
use cpis_model::demographics::{Sex, Trace};
use cpis_model::nhs_number::NhsNumber;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use reqwest::Url;
use std::sync::Arc;

/// PDS, as one installation is admitted to it.
pub struct Pds(Asker);

/// What a read found, for whoever looks after the installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// Somebody, under this or another number.
    Somebody,
    /// Nobody.
    Nobody,
}

impl Pds {
    /// A client with these settings; everything that is wrong with them otherwise. Nothing is asked yet.
    pub fn new(settings: &Settings, time: Arc<dyn Time>, entropy: Arc<dyn Entropy>) -> Result<Self, Faults> {
        let checked = settings.check()?;
        let addresses = [&checked.base_url, &checked.token_url];
        let client = http::client(addresses, settings.timeout, settings.concurrent as usize);
        Ok(Self(Asker {
            client: client.map_err(|fault| Faults(vec![fault]))?,
            pace: Pace::new(settings.per_second, settings.concurrent),
            settings: checked,
            tokens: Tokens::default(),
            breaker: Breaker::new(),
            time,
            entropy,
        }))
    }

    /// Whether a token can be had.
    pub async fn admitted(&self) -> Result<(), PdsError> {
        self.0.token().await.map(|_| ())
    }

    /// Whether a read is answered.
    pub async fn read(&self, number: NhsNumber) -> Result<Read, PdsError> {
        let traced = self.trace_one(number, Urgency::Person, &id(&*self.0.entropy)).await?;
        Ok(if traced == Trace::Unknown { Read::Nobody } else { Read::Somebody })
    }

    /// An address below the base. It holds what the interface asks for, and is never written anywhere else.
    fn address(&self, path: &[&str]) -> Result<Url, PdsError> {
        let mut url = self.0.settings.base_url.clone();
        match url.path_segments_mut() {
            Ok(mut segments) => drop(segments.pop_if_empty().extend(path)),
            Err(()) => return Err(PdsError::Refused("address")),
        }
        Ok(url)
    }

    async fn trace_one(&self, number: NhsNumber, urgency: Urgency, correlation: &str) -> Result<Trace, PdsError> {
        let url = self.address(&["Patient", number.digits()])?;
        let question = Question { operation: "read", url, urgency, correlation };
        Ok(match self.0.ask(&question, |body| Ok(pds::patient(body)?.trace(number))).await? {
            Said::Answer(trace) => trace,
            Said::Nobody => Trace::Unknown,
        })
    }

    /// People of this name and birth; of this sex only, if it is given.
    async fn find(&self, who: &Search, sex: Option<Sex>, correlation: &str) -> Result<Matches, PdsError> {
        let mut url = self.address(&["Patient"])?;
        // A star would stand for any letters.
        let family: String = who.family.chars().filter(|c| *c != '*').collect();
        url.query_pairs_mut()
            .append_pair("family", family.trim())
            .append_pair("birthdate", &format!("eq{}", who.birth));
        if let Some(sex) = sex {
            url.query_pairs_mut().append_pair("gender", pds::gender(sex));
        }
        // More than one is not shown to an application.
        url.query_pairs_mut().append_pair("_max-results", "1");
        let read = |body: &[u8]| {
            let Found::Patients(patients) = pds::search(body)? else { return Ok(Matches::TooMany) };
            let people = patients.into_iter().map(|patient| {
                let number = patient.number;
                // Who was found by name and birth has both.
                let person = patient.person().ok_or(NotUnderstood("incomplete"))?;
                Ok((number, person))
            });
            Ok(Matches::People(people.collect::<Result<_, NotUnderstood>>()?))
        };
        let question = Question { operation: "search", url, urgency: Urgency::Person, correlation };
        match self.0.ask(&question, read).await? {
            Said::Answer(matches) => Ok(matches),
            // A search that finds nobody says so with an empty set.
            Said::Nobody => Err(PdsError::Refused("address")),
        }
    }
}

#[async_trait]
impl Demographics for Pds {
    async fn trace(&self, numbers: &[NhsNumber]) -> Result<Vec<Trace>, DemographicsFault> {
        let urgency = if numbers.len() == 1 { Urgency::Person } else { Urgency::Batch };
        let correlation = id(&*self.0.entropy);
        let traces: Vec<_> = numbers.iter().map(|number| self.trace_one(*number, urgency, &correlation)).collect();
        let traced = stream::iter(traces).buffered(self.0.pace.batch_max()).try_collect().await;
        traced.map_err(|error: PdsError| told(&error))
    }

    async fn search(&self, who: &Search) -> Result<Matches, DemographicsFault> {
        let correlation = id(&*self.0.entropy);
        let of_sex = self.find(who, Some(who.sex), &correlation).await.map_err(|error| told(&error))?;
        if of_sex != Matches::People(Vec::new()) {
            return Ok(of_sex);
        }
        // Perhaps somebody whose sex is not known.
        match self.find(who, None, &correlation).await.map_err(|error| told(&error))? {
            Matches::People(mut people) => {
                people.retain(|(_, person)| person.sex.is_none_or(|sex| sex == who.sex));
                Ok(Matches::People(people))
            }
            Matches::TooMany => Ok(Matches::TooMany),
        }
    }
}

/// Says in the log what is not told to whoever asked.
fn told(error: &PdsError) -> DemographicsFault {
    match error {
        PdsError::Away { .. } => tracing::warn!(%error, "demographics does not answer"),
        PdsError::Refused(_) | PdsError::NotUnderstood(_) => {
            tracing::error!(%error, "demographics does not answer until this is mended; see cpis doctor");
        }
    }
    (*error).into()
}
