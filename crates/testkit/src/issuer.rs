//! A small real OpenID Connect issuer on a socket: discovery document, published keys, client credentials, and people
//! with CIS2-like claims. The service checks its tokens like any other issuer's; there is no way around the check.
//!
//! It keeps nothing: keys and clients live as long as it runs. There is no sign-in page; who holds the [`Issuer`] mints.
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

pub use keys::{SigningKey, TestRsa};

use cpis_model::Timestamp;
use pages::State;
use serde_json::{Value, json};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
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
