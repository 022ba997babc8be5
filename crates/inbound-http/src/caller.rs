//! From a request's headers to its caller. Callers nobody knows are counted and, once a second at most, logged.

use crate::door::Door;
use cpis_identity::{IdentityError, RequestIdentity};
use cpis_model::caller::Caller;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Stands for a header that cannot be read or that contradicts itself: it names no role and no place.
const UNREADABLE: &str = "?";

/// Which interface is asked, as the words for refusals.
#[derive(Clone, Copy)]
pub struct Interface {
    without: &'static str,
    refused: &'static str,
}

/// The FHIR interface.
pub const FHIR: Interface = Interface { without: "fhir-without-token", refused: "fhir-token-refused" };
/// The authority's API.
pub const AUTHORITY: Interface = Interface { without: "authority-without-token", refused: "authority-token-refused" };

/// The verified caller.
pub async fn caller(door: &Door, interface: Interface, headers: &HeaderMap) -> Result<Arc<Caller>, IdentityError> {
    let mut values = headers.get_all(AUTHORIZATION).iter().map(http::HeaderValue::as_bytes);
    let (first, second) = (values.next(), values.next());
    let (one, two);
    let authorization: &[&[u8]] = match (first, second) {
        (None, _) => &[],
        (Some(first), None) => {
            one = [first];
            &one
        }
        // A third would change nothing: two are too many.
        (Some(first), Some(second)) => {
            two = [first, second];
            &two
        }
    };
    let request = RequestIdentity {
        authorization,
        session_role: single(headers, "nhsd-session-urid"),
        end_user_organisation: single(headers, "nhsd-end-user-organisation-ods"),
    };
    let judged = door.http.verifier.verify(&request, door.http.service.clock.now()).await;
    if let Err(IdentityError::Unauthorised(_)) = judged {
        door.strangers.refuse(door, if first.is_none() { interface.without } else { interface.refused });
    }
    judged
}

fn single<'h>(headers: &'h HeaderMap, name: &'static str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.any(|other| other != first) {
        return Some(UNREADABLE);
    }
    Some(first.to_str().unwrap_or(UNREADABLE))
}

/// The security log's limit.
#[derive(Default)]
pub struct Strangers {
    logged: AtomicI64,
    unlogged: AtomicU64,
}

impl Strangers {
    pub fn refuse(&self, door: &Door, word: &'static str) {
        door.http.service.refusals.count(word);
        let unlogged = self.unlogged.fetch_add(1, Ordering::Relaxed) + 1;
        let second = door.http.service.clock.now().as_second();
        if self.logged.swap(second, Ordering::Relaxed) != second {
            self.unlogged.fetch_sub(unlogged, Ordering::Relaxed);
            tracing::warn!(target: "security", last = word, count = unlogged, "callers without a valid token or certificate were refused");
        }
    }
}
