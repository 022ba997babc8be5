//! What a session keeps, the cookies that find it, and values that forms carry sealed.

use crate::Web;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cpis_app::AppError;
use cpis_app::sessions::{self, Secret, Session, open_carried, seal_carried};
use cpis_identity::{LOCAL_ISSUER, Pending, SignedIn};
use cpis_model::caller::Caller;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::organisation::OdsCode;
use cpis_model::{Date, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The cookie of a session.
pub(crate) const SESSION: &str = "__Host-cpis";
/// The cookie of a sign-in that has begun.
pub(crate) const PENDING: &str = "__Host-cpis-sign-in";
/// Seconds for which a value that stands for a person is good: as long as a page may stand open.
const HANDLE_SECONDS: i64 = 3_600;

/// What a session keeps.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    /// Who signed in.
    pub who: SignedIn,
    /// The role that they act in, once chosen.
    pub role: Option<String>,
    /// The site where, where the role has several.
    pub site: Option<String>,
    /// Why they open records, once they said so.
    pub reason: Option<String>,
    /// The issuer's origins, to which signing out leads.
    #[serde(default)]
    pub origins: Vec<String>,
}

impl Kept {
    /// A session after a sign-in: a role that needs no choice is chosen.
    pub fn new(web: &Web, who: SignedIn) -> Self {
        let settled = who.settled().map(|role| role.id.clone());
        let mut kept = Self { who, role: None, site: None, reason: None, origins: Vec::new() };
        if let Some(role) = settled {
            let places: Vec<_> = kept.places(web).into_iter().filter(|place| place.role == role).collect();
            if let [only] = places.as_slice() {
                kept.role = Some(role);
                kept.site = only.site.map(|site| site.to_string());
            }
        }
        kept
    }

    /// Every role at every place where it may be acted in.
    pub fn places(&self, web: &Web) -> Vec<Placed> {
        let register = web.register();
        let mut places = Vec::new();
        for role in &self.who.choices {
            let sites: Vec<_> = role.sites(&register).iter().map(|site| site.code).collect();
            let whole = sites.is_empty().then_some(None);
            for site in sites.into_iter().map(Some).chain(whole) {
                if let Ok(caller) = self.who.caller(&role.id, site, &register) {
                    places.push(Placed { role: role.id.clone(), site, caller });
                }
            }
        }
        places
    }

    /// The caller that they are; nothing before a role is chosen, or where it is theirs no more.
    pub fn caller(&self, web: &Web) -> Option<Arc<Caller>> {
        let site = match &self.site {
            Some(site) => Some(site.parse::<OdsCode>().ok()?),
            None => None,
        };
        self.who.caller(self.role.as_ref()?, site, &web.register()).ok().map(Arc::new)
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

/// A role at a place.
pub(crate) struct Placed {
    pub role: String,
    pub site: Option<OdsCode>,
    pub caller: Caller,
}

impl Placed {
    /// What the form sends.
    pub fn value(&self) -> String {
        format!("{}@{}", self.role, self.site.map(|site| site.to_string()).unwrap_or_default())
    }
}

/// A session that was found.
#[derive(Clone)]
pub(crate) struct Found {
    pub session: Session,
    pub kept: Kept,
}

/// The value of a cookie.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let values = headers.get_all(axum::http::header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let found = pairs.find(|(found, _)| *found == name)?.1;
    // Twice under one name: somebody put one there.
    if pairs.any(|(again, _)| again == name) { None } else { Some(found) }
}

fn set(name: &str, value: &str, rest: &str) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite={rest}")).ok()
}

/// Gives the browser the secret of its session, for as long as the browser runs.
pub(crate) fn session_cookie(session: &Session) -> Option<HeaderValue> {
    set(SESSION, &URL_SAFE_NO_PAD.encode(session.secret.bytes()), "Lax")
}

/// Takes a cookie from the browser.
pub(crate) fn no_cookie(name: &str) -> Option<HeaderValue> {
    set(name, "", "Lax; Max-Age=0")
}

/// The secret that a request brings.
pub(crate) fn secret(headers: &HeaderMap) -> Option<Secret> {
    let bytes = URL_SAFE_NO_PAD.decode(cookie(headers, SESSION)?).ok()?;
    bytes.try_into().ok().map(Secret::from_bytes)
}

/// The session of a request.
pub(crate) async fn find(web: &Web, headers: &HeaderMap) -> Result<Option<Found>, AppError> {
    let Some(secret) = secret(headers) else { return Ok(None) };
    let Some(session) = sessions::find(&web.service, &secret, web.lifetime).await? else { return Ok(None) };
    let found = Kept::from_bytes(&session.body).map(|kept| Found { session, kept });
    // An issuer that was taken out of the configuration brings nobody in any more, nor do emergency accounts once they are off.
    let is_known = |kept: &Kept| match &*kept.who.issuer {
        LOCAL_ISSUER => web.break_glass,
        issuer => web.sign_ins.of(issuer).is_some(),
    };
    Ok(found.filter(|found| is_known(&found.kept)))
}

/// The token that forms of a session carry. It follows from the session's secret and says nothing about it.
pub(crate) fn csrf(session: &Session) -> String {
    let hash = Sha256::new().chain_update(b"csrf").chain_update(session.secret.bytes()).finalize();
    URL_SAFE_NO_PAD.encode(hash)
}

/// Keeps a sign-in that has begun in the browser, sealed, for ten minutes.
pub(crate) fn pending_cookie(web: &Web, pending: &Pending) -> Option<HeaderValue> {
    let sealed = seal_carried(&web.service, "sign-in", &[], &pending.to_bytes());
    // The issuer sends the browser back by a link: `Lax` lets the cookie come with it.
    set(PENDING, &URL_SAFE_NO_PAD.encode(sealed), "Lax; Max-Age=600")
}

/// The sign-in that a browser has begun.
pub(crate) fn pending(web: &Web, headers: &HeaderMap) -> Option<Pending> {
    let sealed = URL_SAFE_NO_PAD.decode(cookie(headers, PENDING)?).ok()?;
    Pending::from_bytes(&open_carried(&web.service, "sign-in", &[], &sealed)?)
}

/// What stands for a person in the forms of one session: the number and the date of birth that demographics gave, sealed.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Handle {
    number: String,
    birth: String,
    given: String,
    family: String,
    #[serde(default)]
    holders: Vec<Holder>,
    until: i64,
}

/// An authority that was shown with its numbers, each with what it is.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Holder {
    pub code: String,
    pub name: String,
    pub phones: Vec<(String, String)>,
}

/// A person of a handle.
#[derive(Clone)]
pub(crate) struct Meant {
    pub number: NhsNumber,
    pub birth: Date,
    pub given: String,
    pub family: String,
    /// Who holds plans, once the record was opened.
    pub holders: Vec<Holder>,
}

/// Makes a value that stands for a person in this session's forms.
pub(crate) fn handle(web: &Web, session: &Session, meant: &Meant, now: Timestamp) -> String {
    let handle = Handle {
        number: meant.number.digits().to_owned(),
        birth: meant.birth.to_string(),
        given: meant.given.clone(),
        family: meant.family.clone(),
        holders: meant.holders.clone(),
        until: now.as_second() + HANDLE_SECONDS,
    };
    let bytes = serde_json::to_vec(&handle).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(seal_carried(&web.service, "person", csrf(session).as_bytes(), &bytes))
}

/// The person that a value stands for in this session.
pub(crate) fn meant(web: &Web, session: &Session, value: &str, now: Timestamp) -> Option<Meant> {
    let sealed = URL_SAFE_NO_PAD.decode(value).ok()?;
    let opened = open_carried(&web.service, "person", csrf(session).as_bytes(), &sealed)?;
    let handle: Handle = serde_json::from_slice(&opened).ok()?;
    if now.as_second() > handle.until {
        return None;
    }
    let (number, birth) = (handle.number.parse().ok()?, handle.birth.parse().ok()?);
    Some(Meant { number, birth, given: handle.given, family: handle.family, holders: handle.holders })
}
