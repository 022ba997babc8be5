//! Signing in with a real issuer over sockets, in the place of the browser and of the door.

mod forged;
mod logout;
mod whole;

use super::*;
use crate::{Begun, Callback, Pending, ReturnPath, SignIn, SignInError, SignedIn};
use cpis_testkit::issuer::{BrowserClient, header, people, with};
use reqwest::Url;

const CLIENT: &str = "viewer.opencpis.apps.national";
const BACK: &str = "https://viewer.example/sign-in/back";
const PLACES: people::Places<'_> =
    people::Places { hospital: "RJ122", second: "RJ1E7", scheduled: "RP4", authority: "702" };

/// An issuer with ready people, its key, and a client of it.
pub(super) struct World {
    issuer: Issuer,
    key: SigningKey,
    sign_in: SignIn,
}

impl World {
    async fn new() -> Self {
        Self::at(now).await
    }

    async fn at(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let (key, client_key) = (fresh("one"), fresh("client-1"));
        let issuer = Issuer::start("127.0.0.1:0".parse().unwrap(), vec![key.clone()], clock).await.unwrap();
        issuer.register_browser_client(browser_client(&client_key, None));
        issuer.admit(people::ready(&Register::built_in(), PLACES, now()));
        let sign_in = sign_in(&issuer, &client_key);
        Self { issuer, key, sign_in }
    }

    async fn begin(&self, seed: u8) -> Begun {
        begin(&self.sign_in, seed).await
    }

    /// From the first click to the end, as this person.
    async fn enter(&self, hint: &str) -> Result<SignedIn, SignInError> {
        let begun = self.begin(1).await;
        self.finish(&begun.pending, &go(&begun.location, hint).await).await
    }

    async fn finish(&self, pending: &Pending, query: &str) -> Result<SignedIn, SignInError> {
        finish(&self.sign_in, pending, query, now()).await
    }

    /// From now on ID tokens have this claim; JSON null takes it away.
    fn bend(&self, name: &'static str, value: impl Into<Value>) {
        let (key, value) = (self.key.clone(), value.into());
        self.issuer.write_id_tokens_by(move |claims| key.sign(&header(&key), &with(claims, name, value.clone())));
    }
}

fn browser_client(key: &SigningKey, back_channel: Option<String>) -> BrowserClient {
    BrowserClient { id: CLIENT.to_owned(), redirects: vec![BACK.to_owned()], key: key.public().clone(), back_channel }
}

fn sign_in(issuer: &Issuer, client_key: &SigningKey) -> SignIn {
    let mapping = Mapping::standard(issuer.url(), AUDIENCE, clients()).unwrap();
    let mapping = mapping.signing_in(CLIENT, client_key.id(), &client_key.algorithm_name()).unwrap();
    let source = KeySource::published(&mapping).unwrap();
    SignIn::new(&mapping, &source, client_key.private_pem().as_bytes(), BACK).unwrap()
}

async fn begin(sign_in: &SignIn, seed: u8) -> Begun {
    let entropy = [[seed; 32], [seed + 1; 32], [seed + 2; 32]];
    sign_in.begin(&entropy, "/notices?page=2".parse().unwrap(), now()).await.unwrap()
}

async fn finish(sign_in: &SignIn, pending: &Pending, query: &str, at: Timestamp) -> Result<SignedIn, SignInError> {
    sign_in.finish(pending, &Callback::parse(query)?, at).await
}

/// The browser: goes where it is sent, and says with which query it comes back.
async fn go(location: &Url, hint: &str) -> String {
    let mut location = location.clone();
    location.query_pairs_mut().append_pair("login_hint", hint);
    let (status, back, _) = open(location).await;
    assert_eq!(status, 303);
    back.strip_prefix(BACK).and_then(|rest| rest.strip_prefix('?')).expect("back to us").to_owned()
}

/// Status, `Location` and body of a page.
async fn open(url: Url) -> (u16, String, String) {
    let client = browser();
    let answer = client.get(url).send().await.unwrap();
    read(answer).await
}

fn browser() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

async fn read(answer: reqwest::Response) -> (u16, String, String) {
    let back = answer.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
    (answer.status().as_u16(), back.unwrap_or_default(), answer.text().await.unwrap())
}
