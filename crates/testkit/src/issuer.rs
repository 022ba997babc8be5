//! A small real OpenID Connect issuer on a socket: discovery document, published keys, client credentials, and people
//! with CIS2-like claims who sign in with a browser. The service checks its tokens like any other issuer's; there is no
//! way around the check.
//!
//! It keeps nothing: keys, clients and sessions live as long as it runs. Who holds the [`Issuer`] mints bearer tokens;
//! who opens its page signs in as one of those that are [`Ready`], without a password.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use cpis_model::register::Register;
//! use cpis_testkit::issuer::{Issuer, SigningKey, people};
//!
//! let now: cpis_model::Timestamp = "2026-06-01T09:00:00Z".parse().unwrap();
//! let keys = vec![SigningKey::fresh("demo-1", &mut rand::rng())];
//! let issuer = Issuer::start("127.0.0.1:0".parse().unwrap(), keys, move || now).await.unwrap();
//! let token = issuer.mint(&people::clinician(&Register::built_in(), "RJ122", now));
//! assert_eq!(token.split('.').count(), 3);
//! issuer.stop().await;
//! # });
//! ```

mod keys;
mod pages;
pub mod people;
mod sign_in;

pub use keys::{SigningKey, TestRsa};
pub(crate) use sign_in::pairs;
pub use sign_in::{BrowserClient, Ready};

use cpis_model::Timestamp;
use pages::State;
use serde_json::{Value, json};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The audience of every token that does not say otherwise.
pub const AUDIENCE: &str = "cpis";

/// The issuer while it runs. Dropped, it stops at once; [`Issuer::stop`] answers first what was asked.
pub struct Issuer {
    address: SocketAddr,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

impl Issuer {
    /// Starts on this address; port 0 takes a free one. The last key signs, all are published. The clock is asked for
    /// tokens of the token endpoint only.
    pub async fn start(
        bind: SocketAddr,
        keys: Vec<SigningKey>,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> io::Result<Self> {
        if keys.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "an issuer needs a key"));
        }
        let listener = TcpListener::bind(bind).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State::new(format!("http://{address}"), keys, Box::new(clock)));
        let (stop, stopped) = oneshot::channel::<()>();
        let router = pages::router(state.clone());
        let server = tokio::spawn(async move {
            let serving = axum::serve(listener, router).with_graceful_shutdown(async move { drop(stopped.await) });
            drop(serving.await);
        });
        Ok(Self { address, state, stop: Some(stop), server })
    }

    /// The issuer as its tokens name it (`iss`).
    pub fn url(&self) -> &str {
        &self.state.url
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A token with these claims, signed with the newest key. `iss` and `aud` are added where the claims have none.
    pub fn mint(&self, claims: &Value) -> String {
        self.state.mint(claims)
    }

    /// The claims with `iss` and `aud`, for a token that a test signs by itself.
    pub fn complete(&self, claims: &Value) -> Value {
        self.state.complete(claims)
    }

    /// From now on this key signs. Earlier keys stay published until they are withdrawn.
    pub fn rotate(&self, key: SigningKey) {
        self.state.keys().push(key);
    }

    /// The key with this id is not published any more, and signs no more.
    pub fn withdraw(&self, id: &str) {
        self.state.keys().retain(|key| key.id() != id);
    }

    /// The published keys (JWK set).
    pub fn jwks(&self) -> Value {
        self.state.jwks()
    }

    /// A client that may ask the token endpoint for a token of its own.
    pub fn register_client(&self, id: &str, secret: &str) {
        let mut clients = self.state.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.insert(id.to_owned(), secret.to_owned());
    }

    /// A client that sends people here to sign in.
    pub fn register_browser_client(&self, client: BrowserClient) {
        self.state.sign_ins().clients.insert(client.id.clone(), client);
    }

    /// Those who are ready to sign in, in the order of their buttons.
    pub fn admit(&self, ready: Vec<Ready>) {
        self.state.sign_ins().ready = ready;
    }

    /// From now on the text of each ID token is written so from its claims, for tests of an issuer that is hostile.
    pub fn write_id_tokens_by(&self, write: impl Fn(&Value) -> String + Send + Sync + 'static) {
        self.state.sign_ins().write_id_token = Some(Box::new(write));
    }

    /// From now on the claims of user info are bent so, for tests of an issuer that is hostile.
    pub fn bend_userinfo_by(&self, bend: impl Fn(&Value) -> Value + Send + Sync + 'static) {
        self.state.sign_ins().bend_userinfo = Some(Box::new(bend));
    }

    /// The claims that end this session, as the back channel would carry them; `None` when there is no such session.
    pub fn logout_claims(&self, sid: &str) -> Option<Value> {
        let sign_ins = self.state.sign_ins();
        let session = sign_ins.sessions.get(sid)?;
        Some(sign_in::logout_claims(&self.state.url, sid, session, self.state.now()))
    }

    /// Ends this session here and tells its client through the back channel: the status that the client answers;
    /// `None` when there is no such session, no back channel, or no answer.
    pub async fn log_out(&self, sid: &str) -> Option<u16> {
        let claims = self.logout_claims(sid)?;
        let address = {
            let mut sign_ins = self.state.sign_ins();
            let session = sign_ins.sessions.remove(sid)?;
            sign_ins.clients.get(&session.client)?.back_channel.clone()?
        };
        let keys = self.state.keys().clone();
        let key = keys.last()?;
        let token = key.sign(&with(&header(key), "typ", "logout+jwt"), &claims);
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build().ok()?;
        let request = client.post(address).header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(format!("logout_token={token}")).send().await.ok()?;
        Some(answer.status().as_u16())
    }

    /// Answers every request for this path so, for tests of an issuer that is broken or hostile.
    pub fn answer_instead(&self, path: &str, status: u16, body: impl Into<String>) {
        let mut instead = self.state.instead.lock().unwrap_or_else(PoisonError::into_inner);
        instead.insert(path.to_owned(), (status, body.into()));
    }

    /// Answers this path by itself again.
    pub fn answer_well(&self, path: &str) {
        self.state.instead.lock().unwrap_or_else(PoisonError::into_inner).remove(path);
    }

    /// How many requests came so far.
    pub fn requests(&self) -> u64 {
        self.state.requests.load(Ordering::Relaxed)
    }

    /// The discovery document.
    pub fn discovery(&self) -> Value {
        self.state.discovery()
    }

    /// Answers what was asked and stops.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        drop((&mut self.server).await);
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A claim set with one claim changed; JSON null takes the claim away.
#[must_use]
pub fn with(claims: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims.clone();
    if let Some(object) = claims.as_object_mut() {
        match value.into() {
            Value::Null => drop(object.remove(name)),
            value => drop(object.insert(name.to_owned(), value)),
        }
    }
    claims
}

/// The header that [`Issuer::mint`] gives a token of this key.
pub fn header(key: &SigningKey) -> Value {
    json!({"alg": key.algorithm_name(), "typ": "JWT", "kid": key.id()})
}

#[cfg(test)]
mod tests;
