//! Tokens of a real issuer, good and forged, given to a verifier.

mod certificates;
mod clients;
mod corpus;
mod forged;
mod keys;
mod names;
mod people;
mod sign_ins;
mod times;

use crate::{Client, DEFAULT_MAPPING, IdentityError, KeySource, Mapping, RequestIdentity, Verifier};
use cpis_model::Timestamp;
use cpis_model::caller::Caller;
use cpis_model::register::Register;
use cpis_testkit::issuer::{AUDIENCE, Issuer, SigningKey};
use jsonwebtoken::Algorithm;
use serde_json::Value;
use std::sync::Arc;

const INVALID: IdentityError = IdentityError::Unauthorised("Invalid Access Token");

/// Ten o'clock in London.
fn now() -> Timestamp {
    "2026-06-01T09:00:00Z".parse().unwrap()
}

fn after(seconds: i64) -> Timestamp {
    Timestamp::from_second(now().as_second() + seconds).unwrap()
}

fn fresh(id: &str) -> SigningKey {
    SigningKey::fresh(id, &mut rand::rng())
}

async fn issuer(keys: Vec<SigningKey>) -> Issuer {
    Issuer::start("127.0.0.1:0".parse().unwrap(), keys, now).await.unwrap()
}

fn clients() -> Vec<Client> {
    let client = |id: &str, organisation: &str, authority| Client {
        id: id.to_owned(),
        organisation: organisation.to_owned(),
        authority,
    };
    vec![client("social-care", "702", true), client("pas", "RJ1", false)]
}

/// A verifier with the standard mapping that reads its keys from the issuer.
fn verifier(issuer: &Issuer) -> Verifier {
    let mapping = Mapping::standard(issuer.url(), AUDIENCE, clients()).unwrap();
    let source = KeySource::published(&mapping).unwrap();
    Verifier::new(vec![(mapping, source)], register()).unwrap()
}

/// A verifier whose mapping is the default text with one change, and whose keys are fixed.
fn bent(issuer: &Issuer, from: &str, to: &str) -> Verifier {
    let text = DEFAULT_MAPPING.replacen("https://issuer.example/oidc", issuer.url(), 1);
    assert!(text.contains(from), "{from}");
    let mapping = Mapping::parse(&text.replacen(from, to, 1)).unwrap();
    Verifier::new(vec![(mapping, KeySource::fixed(&issuer.jwks().to_string()).unwrap())], register()).unwrap()
}

fn register() -> Arc<Register> {
    Arc::new(Register::built_in())
}

async fn ask(verifier: &Verifier, token: &str, at: Timestamp) -> Result<Arc<Caller>, IdentityError> {
    ask_as(verifier, token, None, None, at).await
}

async fn ask_as(
    verifier: &Verifier,
    token: &str,
    session_role: Option<&str>,
    end_user_organisation: Option<&str>,
    at: Timestamp,
) -> Result<Arc<Caller>, IdentityError> {
    let header = format!("Bearer {token}");
    let request = RequestIdentity { authorization: &[header.as_bytes()], session_role, end_user_organisation };
    verifier.verify(&request, at).await
}

/// Puts a member into a header or a claim set, or replaces it.
fn put(object: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut object = object.clone();
    object.as_object_mut().unwrap().insert(name.to_owned(), value.into());
    object
}

fn without(object: &Value, name: &str) -> Value {
    let mut object = object.clone();
    object.as_object_mut().unwrap().remove(name);
    object
}

/// Each algorithm of the standard mapping, in one set with a key of each kind.
const RSA: [Algorithm; 3] = [Algorithm::RS256, Algorithm::RS512, Algorithm::PS256];
