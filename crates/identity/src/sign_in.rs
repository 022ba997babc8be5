//! Signing in with an issuer, as NHS CIS2 does it: OpenID Connect, authorization code with PKCE and `private_key_jwt`.
//!
//! [`SignIn::begin`] sends the browser away, [`SignIn::finish`] takes it in again. Between the two the browser keeps what
//! must be known, sealed by the door ([`Pending`]); afterwards the door keeps [`SignedIn`] in a session.

use crate::callback::Callback;
use crate::endpoints::{Discovered, Endpoints};
use crate::exchange;
use crate::fetch;
use crate::id_token;
use crate::logout::{self, LogoutOf};
use crate::mapping::{Faults, Mapping, SignInSettings};
use crate::pending::{Entropy, Pending};
use crate::return_path::ReturnPath;
use crate::sign_in_error::{SignInError, counted};
use crate::signed_in::SignedIn;
use crate::source::KeySource;
use crate::token::Token;
use cpis_model::Timestamp;
use jsonwebtoken::EncodingKey;
use reqwest::{Client, Url};
use std::sync::Arc;

/// One issuer where people sign in.
pub struct SignIn {
    mapping: Mapping,
    settings: SignInSettings,
    source: KeySource,
    key: EncodingKey,
    redirect: Url,
    client: Client,
    discovered: Discovered,
}

/// A sign-in that has begun. `Debug` is absent: the address holds what must not be known beforehand.
#[derive(Clone)]
pub struct Begun {
    /// Where the browser goes now.
    pub location: Url,
    /// What it keeps meanwhile, sealed.
    pub pending: Pending,
}

impl SignIn {
    /// Signing in with the mapping's issuer, whose keys come from this source; with our private key (PEM), and the
    /// address of ours, registered there, where the browser comes back.
    pub fn new(mapping: &Mapping, source: &KeySource, key: &[u8], redirect: &str) -> Result<Self, Faults> {
        let fault = |text: String| Faults(vec![text]);
        let mapping = mapping.clone();
        let settings = mapping.sign_in.clone();
        let settings = settings.ok_or_else(|| fault("the mapping has no table `sign_in`".to_owned()))?;
        let key = exchange::key(key, &settings);
        let key = key.ok_or_else(|| {
            fault("`sign_in.key_file` holds no private key in PEM that signs as `sign_in.algorithm` says".to_owned())
        })?;
        let redirect = Url::parse(redirect).ok().filter(|url| fetch::is_safe(url) && url.fragment().is_none());
        let redirect = redirect.ok_or_else(|| {
            fault("the address where browsers come back must be https, or http of this machine".to_owned())
        })?;
        if source.issuer().is_some_and(|issuer| issuer != mapping.issuer()) {
            return Err(fault(format!("the keys for the issuer {} are read from another issuer", mapping.issuer())));
        }
        let client = fetch::client(&mapping.issuer_url).map_err(fault)?;
        let source = source.clone();
        Ok(Self { mapping, settings, source, key, redirect, client, discovered: Discovered::default() })
    }

    /// The issuer.
    pub fn issuer(&self) -> &str {
        self.mapping.issuer()
    }

    /// The text of the button.
    pub fn label(&self) -> &str {
        &self.settings.label
    }

    /// Begins: where to send the browser, and what it must bring back. Randomness must be fresh each time.
    pub async fn begin(
        &self,
        entropy: &Entropy,
        return_path: ReturnPath,
        now: Timestamp,
    ) -> Result<Begun, SignInError> {
        let endpoints = self.endpoints(now).await;
        // Only a failure ends a sign-in here.
        let endpoints = endpoints.or_else(|error| counted(Err(error)))?;
        let pending = Pending::new(self.issuer(), entropy, return_path, now);
        let settings = &self.settings;
        let mut location = endpoints.authorization.clone();
        let mut query = location.query_pairs_mut();
        query.append_pair("response_type", "code");
        query.append_pair("client_id", &settings.client_id);
        query.append_pair("redirect_uri", self.redirect.as_str());
        query.append_pair("scope", &settings.scope);
        query.append_pair("state", pending.state());
        query.append_pair("nonce", pending.nonce());
        query.append_pair("code_challenge", &pending.challenge());
        query.append_pair("code_challenge_method", "S256");
        if !settings.acr_values.is_empty() {
            query.append_pair("acr_values", &settings.acr_values);
        }
        if let Some(prompt) = &settings.prompt {
            query.append_pair("prompt", prompt);
        }
        drop(query);
        Ok(Begun { location, pending })
    }

    /// Takes the browser in again: who signed in, or why nobody did.
    pub async fn finish(
        &self,
        pending: &Pending,
        callback: &Callback,
        now: Timestamp,
    ) -> Result<SignedIn, SignInError> {
        counted(self.take_in(pending, callback, now).await)
    }

    /// Whose sessions end by this message of the issuer's, which came to our back channel.
    pub async fn log_out(&self, token: &[u8], now: Timestamp) -> Result<LogoutOf, SignInError> {
        let outcome = logout::read(token, &self.mapping, &self.settings, &self.source, now).await;
        let word = outcome.as_ref().map_or_else(|error| error.word(), |_| "accepted");
        metrics::counter!("cpis_back_channel_logouts_total", "outcome" => word).increment(1);
        outcome
    }

    /// Where to send the browser to end the session at the issuer too (OpenID Connect RP-Initiated Logout 1.0); nothing
    /// where the issuer has no such page. `back` is an address of ours, registered there. The person is named by their
    /// session's id, never by their ID token, which would stand in logs and histories.
    pub async fn end_session_url(&self, sid: Option<&str>, back: Option<&Url>, now: Timestamp) -> Option<Url> {
        let mut url = self.endpoints(now).await.ok()?.end_session.clone()?;
        let mut query = url.query_pairs_mut();
        query.append_pair("client_id", &self.settings.client_id);
        if let Some(sid) = sid {
            query.append_pair("logout_hint", sid);
        }
        if let Some(back) = back {
            query.append_pair("post_logout_redirect_uri", back.as_str());
        }
        drop(query);
        Some(url)
    }

    /// The origins to which browsers are sent: a page's policy must let its forms lead there. None while the issuer is away.
    pub async fn origins(&self, now: Timestamp) -> Vec<String> {
        let Ok(endpoints) = self.endpoints(now).await else { return Vec::new() };
        let urls = [Some(&endpoints.authorization), endpoints.end_session.as_ref()].into_iter().flatten();
        let mut origins: Vec<String> = urls.map(|url| url.origin().ascii_serialization()).collect();
        origins.dedup();
        origins
    }

    async fn endpoints(&self, now: Timestamp) -> Result<Arc<Endpoints>, SignInError> {
        self.discovered.get(&self.client, &self.mapping, &self.settings, now).await
    }

    async fn take_in(&self, pending: &Pending, callback: &Callback, now: Timestamp) -> Result<SignedIn, SignInError> {
        if pending.issuer() != self.issuer() {
            return Err(SignInError::Forged("mixed-up"));
        }
        let Self { mapping, settings, client, .. } = self;
        let endpoints = self.endpoints(now).await?;
        let code = callback.code(pending, endpoints.names_itself)?;
        if !pending.is_recent(now) {
            return Err(SignInError::Again("late"));
        }
        let code = (code, &self.redirect);
        let tokens = exchange::redeem(client, settings, &self.key, &endpoints, pending, code, now).await?;
        let mut claims = id_token::claims(&tokens, pending, mapping, settings, &self.source, now).await?;
        if !claims.contains_key(&mapping.written.claims.roles) {
            let subject = claims.get("sub").and_then(serde_json::Value::as_str).unwrap_or_default();
            let more = exchange::userinfo(client, &endpoints, &tokens.access_token, subject).await?;
            for (name, value) in more {
                claims.entry(name).or_insert(value); // what is signed stands
            }
        }
        SignedIn::of(&claims, mapping, now)
    }
}

/// All issuers where people sign in.
#[derive(Default)]
pub struct SignIns(Vec<SignIn>);

impl SignIns {
    /// These issuers, in the order of their buttons.
    pub fn new(issuers: Vec<SignIn>) -> Result<Self, Faults> {
        let twice = issuers
            .iter()
            .enumerate()
            .filter(|(at, one)| issuers.iter().take(*at).any(|earlier| earlier.issuer() == one.issuer()));
        let faults: Vec<_> =
            twice.map(|(_, one)| format!("people sign in with the issuer {} twice", one.issuer())).collect();
        if faults.is_empty() { Ok(Self(issuers)) } else { Err(Faults(faults)) }
    }

    /// Each of them.
    pub fn all(&self) -> &[SignIn] {
        &self.0
    }

    /// The one with this issuer.
    pub fn of(&self, issuer: &str) -> Option<&SignIn> {
        self.0.iter().find(|one| one.issuer() == issuer)
    }

    /// [`SignIn::finish`] with the issuer that the person was sent to.
    pub async fn finish(
        &self,
        pending: &Pending,
        callback: &Callback,
        now: Timestamp,
    ) -> Result<SignedIn, SignInError> {
        match self.of(pending.issuer()) {
            Some(one) => one.finish(pending, callback, now).await,
            None => counted(Err(SignInError::Again("issuer-gone"))),
        }
    }

    /// [`SignIn::log_out`] with the issuer that the message names.
    pub async fn log_out(&self, token: &[u8], now: Timestamp) -> Result<LogoutOf, SignInError> {
        let named = Token::parse(token, &["logout+jwt", "jwt", ""])?;
        let one = named.issuer().and_then(|issuer| self.of(issuer)).ok_or(SignInError::Forged("issuer"))?;
        one.log_out(token, now).await
    }
}
