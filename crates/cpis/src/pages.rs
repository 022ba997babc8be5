//! The pages of the running service: how it calls itself, how long sessions last, where people sign in.

use crate::config::{Pages, read_text};
use crate::fault::{Fault, Kind, OrFault, Result};
use cpis_app::Service;
use cpis_app::sessions::Lifetime;
use cpis_identity::{KeySource, Mapping, SignIn, SignIns};
use cpis_inbound_web::frame::Brand;
use cpis_inbound_web::{Pace, Web, paths};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Largest file of a private key in bytes.
const KEY_BYTES_MAX: u64 = 64 * 1024;
/// Longest time for one page.
const PAGE_TIME: Duration = Duration::from_secs(15);

/// An issuer: which claims make a caller, and our private key with it (PEM) where people sign in there.
pub struct Issuer {
    /// The mapping.
    pub mapping: Mapping,
    /// The key.
    pub key: Option<Vec<u8>>,
}

impl Issuer {
    /// A mapping that lies in a file, with the key that it names.
    pub fn new(mapping: Mapping, file: &Path) -> Result<Self> {
        let key = mapping.sign_in_key_file().map(|key| {
            let path = file.parent().unwrap_or(Path::new("")).join(key);
            let fault = |what| Fault::new(Kind::Issuer, format!("The key for signing in {}: {what}", path.display()));
            read_text(&path, KEY_BYTES_MAX).map(String::into_bytes).map_err(fault)
        });
        Ok(Self { key: key.transpose()?, mapping })
    }

    /// Where people sign in with this issuer, whose keys come from this source.
    fn sign_in(&self, source: &KeySource, base_url: &str) -> Result<Option<SignIn>> {
        let Some(key) = &self.key else { return Ok(None) };
        let redirect = format!("{base_url}{}", paths::SIGN_IN_BACK);
        let sign_in = SignIn::new(&self.mapping, source, key, &redirect);
        sign_in.map(Some).or_fault(Kind::Issuer, "An issuer cannot be used for signing in")
    }
}

/// Where people sign in.
pub fn sign_ins(issuers: &[(Issuer, KeySource)], base_url: &str) -> Result<SignIns> {
    let all = issuers.iter().filter_map(|(issuer, source)| issuer.sign_in(source, base_url).transpose());
    SignIns::new(all.collect::<Result<Vec<_>>>()?).or_fault(Kind::Issuer, "The issuers cannot be used for signing in")
}

/// What the pages need.
pub fn web(service: Arc<Service>, sign_ins: SignIns, settings: &Pages, base_url: String, made_up: bool) -> Arc<Web> {
    Arc::new(Web {
        service,
        sign_ins,
        brand: Arc::new(Brand {
            name: settings.name.clone(),
            organisation: settings.organisation.clone(),
            support: settings.support.clone(),
            contact: settings.contact.clone(),
            made_up,
        }),
        base_url,
        lifetime: Lifetime {
            idle_seconds: i64::from(settings.idle_minutes) * 60,
            absolute_seconds: i64::from(settings.shift_hours) * 3_600,
        },
        break_glass: settings.break_glass,
        pace: Pace {
            person_an_hour: settings.person_an_hour,
            organisation_an_hour: settings.organisation_an_hour,
            ..Pace::default()
        },
        openapi: cpis_inbound_http::OPENAPI,
        time: PAGE_TIME,
    })
}
