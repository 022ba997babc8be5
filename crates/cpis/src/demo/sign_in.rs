//! Signing in at the demo: a real issuer with people who are ready, and how the service is known there.

use super::world::AUTHORITY;
use super::{HOSPITAL, SCHEDULED_CARE};
use crate::fault::{Kind, OrFault, Result};
use crate::pages::Issuer as Known;
use cpis_identity::Mapping;
use cpis_inbound_web::paths;
use cpis_model::Timestamp;
use cpis_model::register::Register;
use cpis_testkit::issuer::people::{self, Places};
use cpis_testkit::issuer::{AUDIENCE, BrowserClient, Issuer, Ready, SigningKey};
use serde::Serialize;

/// The service's id at the demo's issuer.
const CLIENT: &str = "opencpis-demo";
/// A second site of the hospital.
const SECOND: &str = "RAL26";

/// Somebody who is ready to sign in.
#[derive(Clone, Debug, Serialize)]
pub struct Offered {
    /// The word that picks them at the issuer (`login_hint`, or the button).
    pub hint: String,
    /// Who it is, where and as what.
    pub label: String,
}

fn ready(register: &Register, now: Timestamp) -> Vec<Ready> {
    let places = Places { hospital: HOSPITAL, second: SECOND, scheduled: SCHEDULED_CARE, authority: AUTHORITY };
    people::ready(register, places, now)
}

/// Who may sign in.
pub fn offered(register: &Register, now: Timestamp) -> Vec<Offered> {
    ready(register, now).into_iter().map(|Ready { hint, label, .. }| Offered { hint, label }).collect()
}

/// Makes the service known to the issuer, and the issuer to the service.
pub fn prepare(issuer: &Issuer, base: &str, register: &Register, now: Timestamp) -> Result<Known> {
    let key = SigningKey::fresh("opencpis-demo-1", &mut rand::rng());
    let address = |path: &str| format!("{base}{path}");
    issuer.register_browser_client(BrowserClient {
        id: CLIENT.to_owned(),
        redirects: vec![address(paths::SIGN_IN_BACK), address(paths::SIGNED_OUT)],
        key: key.public().clone(),
        back_channel: Some(address(paths::BACK_CHANNEL)),
    });
    issuer.admit(ready(register, now));
    let what = "The demo's issuer";
    let mapping = Mapping::standard(issuer.url(), AUDIENCE, Vec::new()).or_fault(Kind::Issuer, what)?;
    let mapping = mapping.signing_in(CLIENT, key.id(), &key.algorithm_name()).or_fault(Kind::Issuer, what)?;
    Ok(Known { mapping, key: Some(key.private_pem().into_bytes()) })
}
