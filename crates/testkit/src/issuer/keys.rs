//! Keys that sign tokens: fresh ES256 keys for the demo, fixed RSA keys for tests of the algorithms that CIS2 uses.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, AlgorithmFamily, EncodingKey, crypto};
use rand::CryptoRng;
use serde_json::{Value, json};

/// PKCS 8 around a P-256 key without its public half (RFC 5208, RFC 5915): what stands before the 32 bytes.
const P256_PKCS8: [u8; 35] = [
    0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20,
];

/// The two RSA keys of `keys/`. They are public: for tests only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestRsa {
    /// The first.
    First,
    /// The second.
    Second,
}

/// A private key with its id. `Debug` is absent.
#[derive(Clone)]
pub struct SigningKey {
    id: String,
    algorithm: Algorithm,
    encoding: EncodingKey,
    public: Value,
}

impl SigningKey {
    /// A fresh ES256 key.
    pub fn fresh(id: &str, random: &mut impl CryptoRng) -> Self {
        loop {
            let mut secret = [0; 32];
            random.fill_bytes(&mut secret);
            if let Some(key) = Self::from_secret(id, secret) {
                return key;
            }
        }
    }

    /// The ES256 key of this secret, for tests that need the same key each time; nothing for the one secret in 2^32
    /// that is no number below the curve's order.
    pub fn from_secret(id: &str, secret: [u8; 32]) -> Option<Self> {
        Self::new(id, Algorithm::ES256, EncodingKey::from_ec_der(&[P256_PKCS8.as_slice(), &secret].concat()))
    }

    /// A fixed RSA key that signs with this RSA algorithm; nothing for another algorithm.
    pub fn test_rsa(id: &str, which: TestRsa, algorithm: Algorithm) -> Option<Self> {
        let pem: &[u8] = match which {
            TestRsa::First => include_bytes!("../../keys/test-only-rsa-1.pem"),
            TestRsa::Second => include_bytes!("../../keys/test-only-rsa-2.pem"),
        };
        Self::new(id, algorithm, EncodingKey::from_rsa_pem(pem).ok()?)
    }

    fn new(id: &str, algorithm: Algorithm, encoding: EncodingKey) -> Option<Self> {
        if encoding.family() != algorithm.family() {
            return None;
        }
        let mut public = serde_json::to_value(Jwk::from_encoding_key(&encoding, algorithm).ok()?).ok()?;
        let members = public.as_object_mut()?;
        members.insert("kid".to_owned(), id.into());
        members.insert("use".to_owned(), "sig".into());
        Some(Self { id: id.to_owned(), algorithm, encoding, public })
    }

    /// The key's id (`kid`).
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The algorithm's name (`alg`).
    pub fn algorithm_name(&self) -> String {
        json!(self.algorithm).as_str().unwrap_or_default().to_owned()
    }

    /// The private half in PEM, as the file of a client has it.
    pub fn private_pem(&self) -> String {
        let kind = if self.algorithm.family() == AlgorithmFamily::Rsa { "RSA PRIVATE KEY" } else { "PRIVATE KEY" };
        let text = STANDARD.encode(self.encoding.as_bytes());
        let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n"))
    }

    /// The public half (JWK).
    pub fn public(&self) -> &Value {
        &self.public
    }

    /// A token of this header and these claims, whatever they say.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    /// A token of these two texts, whatever they are. Empty when the key cannot sign, which does not happen.
    pub fn sign_text(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        match crypto::sign(signed.as_bytes(), &self.encoding, self.algorithm) {
            Ok(signature) => format!("{signed}.{signature}"),
            Err(_) => String::new(),
        }
    }
}
