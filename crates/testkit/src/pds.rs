//! A small Personal Demographics Service on a socket, with people that a test or the demo gives it: the token endpoint of
//! application-restricted access, reads and searches. It is as strict as the real one is: a request without a token, or
//! without the headers that the interface asks for, is refused.
//!
//! It can be told to fail in every way that PDS and the network between have: see [`Trouble`]. What it is given lives as long
//! as it runs; who is kept elsewhere is asked for there ([`People`]).
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use cpis_testkit::pds::{Application, Entry, PdsServer, Somebody, application_key};
//!
//! let now: cpis_model::Timestamp = "2026-06-01T09:00:00Z".parse().unwrap();
//! let key = application_key("pds-1").unwrap();
//! let application = Application { api_key: "an-application".to_owned(), key: key.public().clone() };
//! let pds = PdsServer::start("127.0.0.1:0".parse().unwrap(), application, move || now).await.unwrap();
//! let number = "9990000018".parse().unwrap();
//! pds.put(number, Entry::Person(Somebody::new("Robin", "Testcase", "2017-04-04".parse().unwrap())));
//! assert!(pds.base_url().ends_with("/personal-demographics/FHIR/R4"));
//! pds.stop().await;
//! # });
//! ```

mod answers;
mod assertion;
mod people;
mod routes;
mod state;
mod trouble;

pub use people::{Away, Entry, Named, People, Security, Somebody};
pub use trouble::Trouble;

use crate::issuer::{SigningKey, TestRsa};
use cpis_model::Timestamp;
use cpis_model::nhs_number::NhsNumber;
use jsonwebtoken::Algorithm;
use serde_json::Value;
use state::State;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Where the interface begins.
pub(crate) const BASE: &str = "/personal-demographics/FHIR/R4";

/// An application that is admitted.
#[derive(Clone, Debug)]
pub struct Application {
    /// Its API key.
    pub api_key: String,
    /// The public half of the key with which it signs (JWK, with its `kid`).
    pub key: Value,
}

/// The fixed key of an application, which signs as PDS wants it. Its private half is public: for tests and the demo only.
pub fn application_key(id: &str) -> Option<SigningKey> {
    SigningKey::test_rsa(id, TestRsa::First, Algorithm::RS512)
}

/// The service while it runs. Dropped, it stops at once; [`PdsServer::stop`] answers first what was asked.
pub struct PdsServer {
    address: SocketAddr,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

impl PdsServer {
    /// Starts on this address; port 0 takes a free one. The clock judges assertions and tokens.
    pub async fn start(
        bind: SocketAddr,
        application: Application,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::start_with(bind, application, None, clock).await
    }

    /// The same with people who are kept elsewhere: who was not [put](Self::put) here is asked for there.
    pub async fn start_with(
        bind: SocketAddr,
        application: Application,
        elsewhere: Option<Arc<dyn People>>,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(bind).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State::new(format!("http://{address}"), application, elsewhere, Box::new(clock)));
        let (stop, stopped) = oneshot::channel::<()>();
        let router = routes::router(state.clone());
        let server = tokio::spawn(async move {
            let serving = axum::serve(listener, router).with_graceful_shutdown(async move { drop(stopped.await) });
            drop(serving.await);
        });
        Ok(Self { address, state, stop: Some(stop), server })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the interface.
    pub fn base_url(&self) -> String {
        format!("{}{BASE}", self.state.url)
    }

    /// The address of the token endpoint.
    pub fn token_url(&self) -> String {
        self.state.token_url()
    }

    /// From now on this is known of a number.
    pub fn put(&self, number: NhsNumber, entry: Entry) {
        self.state.people().insert(number, entry);
    }

    /// Lets the next requests, tokens not counted, meet this trouble.
    pub fn trouble_next(&self, count: u32, trouble: Trouble) {
        self.state.troubles().next = Some((count, trouble));
    }

    /// Lets every request, tokens not counted, meet this trouble; `None` for no trouble.
    pub fn trouble(&self, trouble: Option<Trouble>) {
        let mut troubles = self.state.troubles();
        troubles.always = trouble;
        troubles.next = None;
    }

    /// Lets the next requests for a token meet this trouble.
    pub fn trouble_tokens(&self, count: u32, trouble: Trouble) {
        self.state.troubles().tokens = Some((count, trouble));
    }

    /// How long tokens live from now on, in seconds.
    pub fn token_seconds(&self, seconds: u32) {
        self.state.token_seconds.store(seconds, Ordering::Relaxed);
    }

    /// Tokens that were given are not taken any more.
    pub fn forget_tokens(&self) {
        self.state.tokens().clear();
    }

    /// Takes so long for each answer.
    pub fn answer_after(&self, time: Duration) {
        *self.state.slow() = time;
    }

    /// How often each `operation status` was answered: `token`, `read`, `search`.
    pub fn answers(&self, what: &str) -> u64 {
        self.state.counts().get(what).copied().unwrap_or_default()
    }

    /// The `X-Request-ID` of each read and search, in order: the last of them, where there were many.
    pub fn request_ids(&self) -> Vec<String> {
        self.state.request_ids().iter().cloned().collect()
    }

    /// The most requests that it had at one time.
    pub fn most_at_once(&self) -> u64 {
        self.state.most.load(Ordering::Relaxed)
    }

    /// Answers what was asked and stops.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        drop((&mut self.server).await);
    }
}

impl Drop for PdsServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[cfg(test)]
mod tests;
