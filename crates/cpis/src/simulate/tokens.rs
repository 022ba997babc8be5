//! Who asks: the tokens of a file, and which of them asks from a site.

use crate::client::Target;
use crate::config::read_text;
use crate::demo::Recipe;
use crate::fault::{Fault, Kind, Result};
use cpis_model::organisation::OdsCode;
use serde::Deserialize;
use std::collections::HashMap;
use std::path::Path;
use zeroize::Zeroizing;

/// Largest file in bytes.
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// What the ready file of the demo says, as far as it is read here.
#[derive(Deserialize)]
struct Ready {
    fhir: String,
    tokens: Named,
    #[serde(default)]
    simulate_tokens: Vec<AtSite>,
    country: Option<Recipe>,
}

#[derive(Deserialize)]
struct Named {
    clinician: String,
    scheduled_clinician: String,
}

#[derive(Deserialize)]
struct AtSite {
    site: OdsCodeText,
    scheduled: bool,
    token: String,
}

/// A code as text: what is none is a fault of the file.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct OdsCodeText(OdsCode);

impl TryFrom<String> for OdsCodeText {
    type Error = cpis_model::organisation::OdsCodeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

/// Everybody who asks, and where the service is.
pub struct Askers {
    unscheduled: Place,
    scheduled: Place,
    country: Option<Recipe>,
}

#[derive(Default)]
struct Place {
    all: Vec<Target>,
    at_site: HashMap<OdsCode, usize>,
}

impl Askers {
    /// Reads the file. `url` goes before the address that it may name.
    pub fn read(path: &Path, url: Option<&str>) -> Result<Self> {
        let fault = |what: &str| Fault::new(Kind::Usage, format!("The file of tokens {}: {what}", path.display()));
        let text = Zeroizing::new(read_text(path, FILE_BYTES_MAX).map_err(|what| fault(&what))?);
        if text.trim_start().starts_with('{') {
            let ready: Ready = serde_json::from_str(&text).map_err(|_| {
                fault("it is no ready file of cpis demo").mend("A text file with one token a line is taken too.")
            })?;
            return Self::of_ready(ready, url);
        }
        let url = url.ok_or_else(|| Fault::new(Kind::Usage, "Say which service: --target URL"))?;
        // Files for `curl --header @FILE` hold whole headers.
        let plain = |line: &str| {
            line.trim().trim_start_matches("Authorization:").trim().trim_start_matches("Bearer ").trim().to_owned()
        };
        let tokens: Vec<String> = text.lines().map(plain).filter(|line| !line.is_empty()).collect();
        let first = tokens.first().ok_or_else(|| fault("it holds no token"))?;
        let service = Target::with_token(url, first.clone())?;
        let all: Vec<Target> = tokens.into_iter().map(|token| service.for_another(token)).collect();
        let place = || Place { all: all.clone(), at_site: HashMap::new() };
        Ok(Self { unscheduled: place(), scheduled: place(), country: None })
    }

    fn of_ready(ready: Ready, url: Option<&str>) -> Result<Self> {
        let service = Target::with_token(url.unwrap_or(&ready.fhir), ready.tokens.clinician)?;
        let (mut unscheduled, mut scheduled) = (Place::default(), Place::default());
        for AtSite { site, scheduled: is_scheduled, token } in ready.simulate_tokens {
            let place = if is_scheduled { &mut scheduled } else { &mut unscheduled };
            place.at_site.insert(site.0, place.all.len());
            place.all.push(service.for_another(token));
        }
        if scheduled.all.is_empty() {
            scheduled.all.push(service.for_another(ready.tokens.scheduled_clinician));
        }
        if unscheduled.all.is_empty() {
            unscheduled.all.push(service);
        }
        Ok(Self { unscheduled, scheduled, country: ready.country })
    }

    /// Who asks from this site: always the same person for the same site and kind of care.
    pub fn at(&self, site: OdsCode, scheduled: bool) -> Option<&Target> {
        let place = if scheduled { &self.scheduled } else { &self.unscheduled };
        let known = place.at_site.get(&site).copied();
        let sum =
            |code: OdsCode| code.as_str().bytes().fold(7usize, |sum, byte| sum.wrapping_mul(31) + usize::from(byte));
        place.all.get(known.or_else(|| sum(site).checked_rem(place.all.len()))?)
    }

    /// Where the service is.
    pub fn service(&self) -> Option<&Target> {
        self.unscheduled.all.first()
    }

    /// The country that the service was filled with, where the file says so.
    pub fn country(&self) -> Option<&Recipe> {
        self.country.as_ref()
    }

    /// How many people ask in unscheduled and in scheduled care.
    pub fn count(&self) -> (usize, usize) {
        (self.unscheduled.all.len(), self.scheduled.all.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, url: Option<&str>) -> Result<Askers> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        std::fs::write(&path, text).unwrap();
        Askers::read(&path, url)
    }

    #[test]
    fn a_site_has_its_own_token_and_others_always_the_same() {
        let ready = r#"{"country": {"seed": 1, "plans": 2, "begins": "2026-01-01", "made": "2026-11-28", "people": 300},
            "fhir": "http://127.0.0.1:1/cpis/FHIR/R4", "later": 1,
            "tokens": {"clinician": "a", "scheduled_clinician": "b", "authority": "c"},
            "simulate_tokens": [{"site": "RAL01", "scheduled": false, "token": "d"}, {"site": "RP4", "scheduled": false, "token": "e"}]}"#;
        let askers = read(ready, None).unwrap();
        assert_eq!(askers.count(), (2, 1));
        assert_eq!(askers.country().unwrap().plans, 2);
        assert_eq!(askers.service().unwrap().origin(), "http://127.0.0.1:1");
        let at = |site: &str| std::ptr::from_ref(askers.at(site.parse().unwrap(), false).unwrap());
        assert!(at("RAL01") != at("RP4") && at("RJZ01") == at("RJZ01"));
        let other = read(ready, Some("https://cpis.example")).unwrap();
        assert!(!other.service().unwrap().is_here() && askers.service().unwrap().is_here());
    }

    #[test]
    fn a_token_a_line_needs_an_address() {
        let lines = "Authorization: Bearer one\n\n two \n";
        let askers = read(lines, Some("http://localhost:1")).unwrap();
        assert_eq!(askers.count(), (2, 2));
        for (text, url, words) in [
            (lines, None, "--target"),
            ("\n", Some("http://localhost:1"), "no token"),
            ("{}", None, "no ready file"),
            (lines, Some("http://cpis.example"), "https"),
        ] {
            let fault = read(text, url).err().unwrap();
            assert!(fault.kind == Kind::Usage && fault.what.contains(words), "{fault}");
        }
    }
}
