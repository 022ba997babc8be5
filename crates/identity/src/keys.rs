//! The keys that an issuer publishes (RFC 7517), read strictly: what cannot verify a signature of ours is left out.

use crate::strict;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Most keys in a set.
pub(crate) const KEYS_MAX: usize = 32;
/// Longest key id in bytes.
pub(crate) const KEY_ID_BYTES_MAX: usize = 256;
/// RSA keys from 2048 to 8192 bits.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
    Ed25519,
}

/// One published key. It is withdrawn when a later set does not hold it any more; what it signed then stops working.
pub(crate) struct Key {
    id: Option<String>,
    kind: Kind,
    /// The one algorithm that it is published for, where it says so.
    only: Option<Algorithm>,
    fingerprint: [u8; 32],
    decoding: DecodingKey,
    withdrawn: AtomicBool,
}

impl Key {
    /// Whether a signature of this algorithm can be this key's: its kind fits and it is not published for another one.
    pub(crate) fn fits(&self, algorithm: Algorithm) -> bool {
        let kind = match algorithm {
            Algorithm::RS256
            | Algorithm::RS384
            | Algorithm::RS512
            | Algorithm::PS256
            | Algorithm::PS384
            | Algorithm::PS512 => Kind::Rsa,
            Algorithm::ES256 => Kind::P256,
            Algorithm::ES384 => Kind::P384,
            Algorithm::EdDSA => Kind::Ed25519,
            _ => return false,
        };
        self.kind == kind && self.only.is_none_or(|only| only == algorithm)
    }

    /// Whether this key made the signature (base64url without padding) over these bytes.
    pub(crate) fn verifies(&self, algorithm: Algorithm, signed: &[u8], signature: &str) -> bool {
        self.fits(algorithm) && crypto::verify(signature, signed, &self.decoding, algorithm).unwrap_or(false)
    }

    pub(crate) fn is_withdrawn(&self) -> bool {
        self.withdrawn.load(Ordering::Acquire)
    }

    fn is_same(&self, other: &Self) -> bool {
        self.id == other.id && self.only == other.only && self.fingerprint == other.fingerprint
    }
}

/// The keys of one issuer at one time.
#[derive(Default)]
pub(crate) struct KeySet(Vec<Arc<Key>>);

impl KeySet {
    /// Reads a JWK set. Keys for encryption, shared secrets and unknown kinds are left out.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let document = strict::object(bytes)?;
        let written = document.get("keys")?.as_array()?;
        if written.len() > KEYS_MAX {
            return None;
        }
        Some(Self(written.iter().filter_map(|key| key_of(key.as_object()?)).map(Arc::new).collect()))
    }

    /// The key with this id that fits the algorithm. Without an id: the only key of the set.
    pub(crate) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&Arc<Key>> {
        match (id, self.0.as_slice()) {
            (Some(id), keys) => keys.iter().find(|key| key.id.as_deref() == Some(id) && key.fits(algorithm)),
            (None, [key]) => Some(key).filter(|key| key.fits(algorithm)),
            (None, _) => None,
        }
    }

    /// This set in the place of an earlier one: a key that stays is the same key, one that is gone is withdrawn.
    pub(crate) fn replacing(mut self, earlier: &Self) -> Self {
        for key in &earlier.0 {
            match self.0.iter_mut().find(|new| new.is_same(key)) {
                Some(new) => *new = key.clone(),
                None => key.withdrawn.store(true, Ordering::Release),
            }
        }
        self
    }
}

fn key_of(jwk: &Map<String, Value>) -> Option<Key> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    if jwk.contains_key("use") && text("use") != Some("sig") {
        return None;
    }
    let may_verify = |ops: &Value| ops.as_array().is_some_and(|ops| ops.iter().any(|op| op == "verify"));
    if jwk.get("key_ops").is_some_and(|ops| !may_verify(ops)) {
        return None;
    }
    let only = if jwk.contains_key("alg") { Some(text("alg")?.parse().ok()?) } else { None };
    let id = if jwk.contains_key("kid") { Some(text("kid")?) } else { None };
    if id.is_some_and(|id| id.is_empty() || id.len() > KEY_ID_BYTES_MAX) {
        return None;
    }
    let (kind, material, decoding) = material(jwk)?;
    let fingerprint = Sha256::digest(material).into();
    let key = Key { id: id.map(str::to_owned), kind, only, fingerprint, decoding, withdrawn: AtomicBool::new(false) };
    only.is_none_or(|only| key.fits(only)).then_some(key)
}

fn material(jwk: &Map<String, Value>) -> Option<(Kind, Vec<u8>, DecodingKey)> {
    let text = |name: &str| jwk.get(name)?.as_str();
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
    match (text("kty")?, text("crv")) {
        ("RSA", _) => {
            let (modulus, exponent) = (bytes("n")?, bytes("e")?);
            let material = [modulus.as_slice(), &exponent].concat();
            RSA_BYTES
                .contains(&modulus.len())
                .then(|| (Kind::Rsa, material, DecodingKey::from_rsa_raw_components(&modulus, &exponent)))
        }
        ("EC", Some(curve)) => {
            let (kind, side) = match curve {
                "P-256" => (Kind::P256, 32),
                "P-384" => (Kind::P384, 48),
                _ => return None,
            };
            let (x, y) = (bytes("x")?, bytes("y")?);
            let point = [&[4], x.as_slice(), &y].concat();
            (x.len() == side && y.len() == side).then(|| (kind, point.clone(), DecodingKey::from_ec_der(&point)))
        }
        ("OKP", Some("Ed25519")) => {
            let x = bytes("x").filter(|x| x.len() == 32)?;
            Some((Kind::Ed25519, x.clone(), DecodingKey::from_ed_der(&x)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
