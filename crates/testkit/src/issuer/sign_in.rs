//! The issuer's side of signing in with a browser: a page of ready sign-ins, codes, tokens, user info, sessions and their
//! end. As strict as the service's side is: what a client does wrong is refused here, too.

mod authorize;
mod redeem;
mod session;

pub(crate) use authorize::pairs;
pub(super) use authorize::{ask, chosen};
pub(super) use redeem::redeem;
pub(super) use session::{end, logout_claims, userinfo};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cpis_model::Timestamp;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Life of a code in seconds.
pub(super) const CODE_SECONDS: i64 = 60;

/// A client that sends people here: the service's viewer.
#[derive(Clone, Debug)]
pub struct BrowserClient {
    /// Its id.
    pub id: String,
    /// The addresses where browsers may go back, after signing in and after signing out.
    pub redirects: Vec<String>,
    /// The public half of the key with which it proves who it is (JWK).
    pub key: Value,
    /// Where it wants to hear that a session has ended.
    pub back_channel: Option<String>,
}

/// Somebody who is ready to sign in: no password, one button.
#[derive(Clone, Debug)]
pub struct Ready {
    /// The word that picks them: `login_hint` of the request, or the button of the page.
    pub hint: String,
    /// What the button says: who it is, where and as what.
    pub label: String,
    /// Their claims; times are those of the sign-in.
    pub claims: Value,
}

/// What a code stands for.
pub(super) struct Grant {
    pub client: String,
    pub redirect: String,
    pub challenge: String,
    pub nonce: String,
    pub claims: Value,
    pub expires: i64,
}

/// A session here, which the client may have to hear about.
pub(super) struct Session {
    pub client: String,
    pub subject: String,
}

/// Writes the text of an ID token from its claims, in the place of the issuer.
pub(super) type WriteIdToken = Box<dyn Fn(&Value) -> String + Send + Sync>;
/// Bends the claims of user info.
pub(super) type BendUserinfo = Box<dyn Fn(&Value) -> Value + Send + Sync>;

/// Everything about sign-ins that the issuer remembers.
#[derive(Default)]
pub(super) struct SignIns {
    pub clients: HashMap<String, BrowserClient>,
    pub ready: Vec<Ready>,
    pub grants: HashMap<String, Grant>,
    pub assertions: HashSet<String>,
    pub access: HashMap<String, (Value, i64)>,
    pub sessions: HashMap<String, Session>,
    pub write_id_token: Option<WriteIdToken>,
    pub bend_userinfo: Option<BendUserinfo>,
}

/// A word that nobody can guess.
pub(super) fn random_word() -> String {
    let mut bytes = [0; 32];
    rand::Rng::fill_bytes(&mut rand::rng(), &mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The claims with the times of now.
pub(super) fn timed(claims: &Value, now: Timestamp, seconds: i64) -> Value {
    let claims = super::with(claims, "iat", now.as_second());
    super::with(&claims, "exp", now.as_second() + seconds)
}
