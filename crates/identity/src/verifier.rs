//! The one way in: from a request's headers to a verified caller.

use crate::cache::{self, Cache};
use crate::caller;
use crate::error::{Fault, IdentityError};
use crate::mapping::{Faults, Mapping};
use crate::source::KeySource;
use crate::token::{self, Token};
use cpis_model::Timestamp;
use cpis_model::caller::Caller;
use cpis_model::current_register::CurrentRegister;
use cpis_model::organisation::AuthorityCode;
use std::sync::Arc;

/// What a request's headers say about who is asking.
#[derive(Clone, Copy, Default)]
pub struct RequestIdentity<'a> {
    /// The values of all `Authorization` headers, as they came.
    pub authorization: &'a [&'a [u8]],
    /// `NHSD-Session-URID`: which of their roles a person acts in.
    pub session_role: Option<&'a str>,
    /// `NHSD-End-User-Organisation-ODS`: at which of their own places.
    pub end_user_organisation: Option<&'a str>,
}

/// Judges tokens of the configured issuers.
pub struct Verifier {
    issuers: Vec<(Mapping, KeySource)>,
    register: CurrentRegister,
    cache: Cache,
}

impl Verifier {
    /// A verifier for these issuers. Faults that only show when mappings and register come together are returned here.
    pub fn new(issuers: Vec<(Mapping, KeySource)>, register: impl Into<CurrentRegister>) -> Result<Self, Faults> {
        let register = register.into();
        let (held, mut faults) = (register.get(), Vec::new());
        if issuers.is_empty() {
            faults.push("no issuer is configured, so nobody could sign in".to_owned());
        }
        for (at, (mapping, source)) in issuers.iter().enumerate() {
            let issuer = mapping.issuer();
            if issuers.iter().take(at).any(|(earlier, _)| earlier.issuer() == issuer) {
                faults.push(format!("the issuer {issuer} stands twice; name all its audiences in one mapping"));
            }
            if source.issuer().is_some_and(|other| other != issuer) {
                faults.push(format!("the keys for the issuer {issuer} are read from another issuer"));
            }
            let unknown = mapping.clients.iter().filter(|(_, client)| {
                client.authority && held.authority_name(AuthorityCode(client.organisation)).is_none()
            });
            faults.extend(unknown.map(|(id, client)| {
                format!(
                    "the client `{id}` acts for {}, which the register does not hold as an authority",
                    client.organisation
                )
            }));
        }
        faults.sort();
        if faults.is_empty() { Ok(Self { issuers, register, cache: Cache::default() }) } else { Err(Faults(faults)) }
    }

    /// The caller whom the request's token describes.
    pub async fn verify(&self, request: &RequestIdentity<'_>, now: Timestamp) -> Result<Arc<Caller>, IdentityError> {
        self.judge(request, now).await.map_err(Fault::refuse)
    }

    /// Reads the published keys again where it is time to (`refresh_seconds` of each mapping). The binary calls it at
    /// the start and then every few seconds. Says whether the keys of every issuer are held.
    pub async fn refresh(&self, now: Timestamp) -> bool {
        let mut all = true;
        for (_, source) in &self.issuers {
            all &= source.refresh(now).await;
        }
        all
    }

    async fn judge(&self, request: &RequestIdentity<'_>, now: Timestamp) -> Result<Arc<Caller>, Fault> {
        let token = token::bearer(request.authorization)?;
        let fingerprint = cache::fingerprint(token, request.session_role, request.end_user_organisation);
        let register = self.register.get();
        if let Some(caller) = self.cache.get(&fingerprint, &register, now) {
            return Ok(caller);
        }
        let token = Token::parse(token, &["jwt", "at+jwt"])?;
        let issuer = token.issuer().ok_or(Fault::Issuer)?;
        let (mapping, source) =
            self.issuers.iter().find(|(mapping, _)| mapping.issuer() == issuer).ok_or(Fault::Issuer)?;
        token.check_use(mapping, &mapping.written.audience)?;
        let expires = token.check_times(mapping, now)?;
        let key = source.key(token.key_id.as_deref(), token.algorithm, now).await?;
        if !key.verifies(token.algorithm, token.signed, token.signature) {
            return Err(Fault::Signature);
        }
        // Nothing above this line is believed; everything below is the issuer's word.
        let caller = Arc::new(caller::of(&token.claims, mapping, &register, request)?);
        self.cache.put(fingerprint, caller.clone(), key, &register, now, expires);
        Ok(caller)
    }
}
