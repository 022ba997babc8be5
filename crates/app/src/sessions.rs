//! What doors keep for somebody who signed in: sealed, found by the digest of a secret that only the browser holds, gone after
//! a time without use and after a time in any case. Also what may be used once, and the local accounts.
//!
//! What a session holds is the door's own business: bytes.

use crate::effects::random;
use crate::error::AppError;
use crate::seal::place;
use crate::service::Service;
use cpis_model::Timestamp;
use cpis_model::caller::Caller;
use cpis_model::entry::What;
use cpis_store::{Forget, KeptGroup, KeptKind, KeptRow};
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Bytes of the secret.
pub const SECRET_BYTES: usize = 32;
/// A session's last use is written down at most once in so many seconds.
const TOUCH_SECONDS: i64 = 30;

/// How long sessions last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// Seconds without use.
    pub idle_seconds: i64,
    /// Seconds in all.
    pub absolute_seconds: i64,
}

/// What the browser holds. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; SECRET_BYTES]);

impl Secret {
    /// A secret as the browser sent it.
    pub fn from_bytes(bytes: [u8; SECRET_BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes, for the browser.
    pub fn bytes(&self) -> &[u8; SECRET_BYTES] {
        &self.0
    }

    fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A session.
#[derive(Clone)]
pub struct Session {
    /// What finds it.
    pub secret: Secret,
    /// When it began: the sign-in, also after its secret was changed.
    pub begun: Timestamp,
    /// When it ends in any case.
    pub ends: Timestamp,
    /// What the door keeps in it.
    pub body: Vec<u8>,
    groups: [Option<[u8; 16]>; 2],
    revision: u64,
}

/// Whose a session is, so that all of them can be ended.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// The person at the issuer.
    pub subject: &'a str,
    /// The session at the issuer.
    pub sid: Option<&'a str>,
}

#[derive(Encode, Decode)]
struct Wire {
    #[n(0)]
    begun: i64,
    #[n(1)]
    seen: i64,
    #[cbor(n(2), with = "minicbor::bytes")]
    body: Vec<u8>,
}

fn session_place(id: &[u8; 32]) -> Vec<u8> {
    place("kept.session", &[id])
}

fn group(service: &Service, parts: &[&str]) -> [u8; 16] {
    service.keys.ring.group(parts)
}

fn groups(service: &Service, owner: Owner<'_>) -> [Option<[u8; 16]>; 2] {
    let sid = owner.sid.map(|sid| group(service, &["sid", owner.issuer, sid]));
    [Some(group(service, &["subject", owner.issuer, owner.subject])), sid]
}

async fn save(service: &Service, session: &Session, seen: Timestamp) -> Result<bool, AppError> {
    let id = session.secret.digest();
    let wire = Wire { begun: session.begun.as_second(), seen: seen.as_second(), body: session.body.clone() };
    let bytes = minicbor::to_vec(&wire).map_err(|_| AppError::Internal("a session cannot be written".to_owned()))?;
    let body = service.keys.ring.seal(&*service.keys.entropy, &session_place(&id), &bytes);
    let (groups, ends) = (session.groups, Some(session.ends));
    let row = KeptRow { kind: KeptKind::Session, id, revision: session.revision, groups, ends, body };
    Ok(service.store.keep(row, seen).await?)
}

/// Begins a session.
pub async fn begin(
    service: &Service,
    owner: Owner<'_>,
    body: Vec<u8>,
    lifetime: Lifetime,
) -> Result<Session, AppError> {
    let now = service.clock.now();
    let session = Session {
        secret: Secret(random(&*service.keys.entropy)),
        begun: now,
        ends: now + jiff::SignedDuration::from_secs(lifetime.absolute_seconds),
        body,
        groups: groups(service, owner),
        revision: 1,
    };
    save(service, &session, now).await?;
    Ok(session)
}

/// The session of a secret, unless it was ended, not used for long, or is too old. Its use is noted.
pub async fn find(service: &Service, secret: &Secret, lifetime: Lifetime) -> Result<Option<Session>, AppError> {
    let (id, now) = (secret.digest(), service.clock.now());
    let Some(row) = service.store.kept(KeptKind::Session, id).await? else { return Ok(None) };
    let opened = service.keys.ring.open(&session_place(&id), &row.body).ok();
    let wire = opened.and_then(|bytes| minicbor::decode::<Wire>(&bytes).ok());
    let (Some(wire), Some(ends)) = (wire, row.ends) else {
        return Err(AppError::damaged("a session does not open"));
    };
    let idle = now.as_second() - wire.seen;
    if now >= ends || idle >= lifetime.idle_seconds {
        service.store.forget(KeptKind::Session, Forget::One(id)).await?;
        return Ok(None);
    }
    let begun = Timestamp::from_second(wire.begun).map_err(|_| AppError::damaged("a session's time"))?;
    let mut session =
        Session { secret: secret.clone(), begun, ends, body: wire.body, groups: row.groups, revision: row.revision };
    if idle >= TOUCH_SECONDS {
        session.revision += 1;
        // Somebody else may have noted it at the same time: that serves as well.
        save(service, &session, now).await?;
    }
    Ok(Some(session))
}

/// Gives a session another content and another secret, so that whoever knew the old one knows nothing: after a sign-in, a
/// choice of role, a change of what is allowed. Its end stays. `None`: it was ended meanwhile.
pub async fn renew(service: &Service, old: Session, body: Vec<u8>) -> Result<Option<Session>, AppError> {
    let now = service.clock.now();
    let id = old.secret.digest();
    let session = Session { secret: Secret(random(&*service.keys.entropy)), body, revision: 1, ..old };
    save(service, &session, now).await?;
    // Whoever ends all sessions of the person at this moment finds the new one, or the old one is gone here.
    if service.store.forget(KeptKind::Session, Forget::One(id)).await? == 0 {
        end(service, &session.secret).await?;
        return Ok(None);
    }
    Ok(Some(session))
}

/// Ends a session.
pub async fn end(service: &Service, secret: &Secret) -> Result<(), AppError> {
    service.store.forget(KeptKind::Session, Forget::One(secret.digest())).await?;
    Ok(())
}

/// Ends all sessions of a person, and says how many.
pub async fn end_of_subject(service: &Service, issuer: &str, subject: &str) -> Result<u64, AppError> {
    let group = group(service, &["subject", issuer, subject]);
    Ok(service.store.forget(KeptKind::Session, Forget::Group(KeptGroup::First, group)).await?)
}

/// Ends the sessions that came from one session at the issuer, and says how many.
pub async fn end_of_sid(service: &Service, issuer: &str, sid: &str) -> Result<u64, AppError> {
    let group = group(service, &["sid", issuer, sid]);
    Ok(service.store.forget(KeptKind::Session, Forget::Group(KeptGroup::Second, group)).await?)
}

/// Seals a value that a browser carries for us, for one purpose and bound to some bytes, such as those of a session.
pub fn seal_carried(service: &Service, purpose: &str, bound: &[u8], value: &[u8]) -> Vec<u8> {
    let place = place("carried", &[purpose.as_bytes(), bound]);
    service.keys.ring.seal(&*service.keys.entropy, &place, value)
}

/// Opens what [`seal_carried`] sealed for this purpose and these bytes.
pub fn open_carried(service: &Service, purpose: &str, bound: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let place = place("carried", &[purpose.as_bytes(), bound]);
    service.keys.ring.open(&place, sealed).ok().map(|opened| opened.to_vec())
}

fn used_id(service: &Service, parts: &[&str]) -> [u8; 32] {
    let mut id = [0; 32];
    let digest = group(service, parts);
    id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    id
}

/// Uses up something that may be used once, such as the id of a token. Says whether it was not used yet.
pub async fn use_once(service: &Service, parts: &[&str], until: Timestamp) -> Result<bool, AppError> {
    let id = used_id(service, parts);
    let row = KeptRow { kind: KeptKind::Used, id, revision: 1, groups: [None; 2], ends: Some(until), body: Vec::new() };
    Ok(service.store.keep(row, service.clock.now()).await?)
}

/// Lets something be used once more.
pub(crate) async fn use_again(service: &Service, parts: &[&str]) -> Result<(), AppError> {
    service.store.forget(KeptKind::Used, Forget::One(used_id(service, parts))).await?;
    Ok(())
}

/// Forgets what has ended. The worker calls it.
pub async fn forget_ended(service: &Service) -> Result<u64, AppError> {
    let now = service.clock.now();
    let sessions = service.store.forget(KeptKind::Session, Forget::Ended(now)).await?;
    Ok(sessions + service.store.forget(KeptKind::Used, Forget::Ended(now)).await?)
}

/// Records that somebody signed in by a local account, past the identity service, before anything is given to them.
pub async fn record_break_glass(service: &Service, caller: Arc<Caller>, why: String) -> Result<(), AppError> {
    service.record_one(What::BreakGlass { caller, why }).await
}

/// A local account. What it holds is the door's own business.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// How its owner names it.
    pub login: String,
    /// Revision, from 1; 0 before it is saved.
    pub revision: u64,
    /// What the door keeps in it.
    pub body: Vec<u8>,
}

#[derive(Encode, Decode)]
struct AccountWire {
    #[n(0)]
    login: String,
    #[cbor(n(1), with = "minicbor::bytes")]
    body: Vec<u8>,
}

fn account_id(keys: &crate::people::Keys, login: &str) -> [u8; 32] {
    let mut id = [0; 32];
    let digest = keys.ring.group(&["account", &login.trim().to_lowercase()]);
    id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    id
}

fn open_account(keys: &crate::people::Keys, row: &KeptRow) -> Result<Account, AppError> {
    let opened = keys.ring.open(&place("kept.account", &[&row.id]), &row.body).ok();
    let wire = opened.and_then(|bytes| minicbor::decode::<AccountWire>(&bytes).ok());
    let wire = wire.ok_or_else(|| AppError::damaged("a local account does not open"))?;
    Ok(Account { login: wire.login, revision: row.revision, body: wire.body })
}

fn seal_account(keys: &crate::people::Keys, account: &Account, revision: u64) -> Result<KeptRow, AppError> {
    let wire = AccountWire { login: account.login.clone(), body: account.body.clone() };
    let bytes = minicbor::to_vec(&wire).map_err(|_| AppError::Internal("an account cannot be written".to_owned()))?;
    let id = account_id(keys, &account.login);
    let body = keys.ring.seal(&*keys.entropy, &place("kept.account", &[&id]), &bytes);
    Ok(KeptRow { kind: KeptKind::Account, id, revision, groups: [None; 2], ends: None, body })
}

/// The local accounts of an installation.
pub struct Accounts<'a> {
    /// The database.
    pub store: &'a dyn cpis_store::Store,
    /// Keys and randomness.
    pub keys: &'a crate::people::Keys,
}

impl Accounts<'_> {
    /// An account by the name that its owner gives.
    pub async fn find(&self, login: &str) -> Result<Option<Account>, AppError> {
        let row = self.store.kept(KeptKind::Account, account_id(self.keys, login)).await?;
        row.map(|row| open_account(self.keys, &row)).transpose()
    }

    /// All accounts.
    pub async fn all(&self) -> Result<Vec<Account>, AppError> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let rows = self.store.kept_after(KeptKind::Account, after, 100).await?;
            let Some(last) = rows.last() else { return Ok(all) };
            after = Some(last.id);
            for row in &rows {
                all.push(open_account(self.keys, row)?);
            }
        }
    }

    /// Saves an account, if nobody changed it since it was read. Says whether it did.
    pub async fn save(&self, account: &Account, now: Timestamp) -> Result<bool, AppError> {
        Ok(self.store.keep(seal_account(self.keys, account, account.revision + 1)?, now).await?)
    }

    /// Removes an account with all its sessions, which name `issuer` as theirs, and says whether there was one.
    pub async fn remove(&self, issuer: &str, login: &str) -> Result<bool, AppError> {
        if let Some(account) = self.find(login).await? {
            let group = self.keys.ring.group(&["subject", issuer, &account.login]);
            self.store.forget(KeptKind::Session, Forget::Group(KeptGroup::First, group)).await?;
        }
        Ok(self.store.forget(KeptKind::Account, Forget::One(account_id(self.keys, login))).await? > 0)
    }

    /// Seals all accounts again under the active key, and ends all sessions, which lie under the old one.
    pub(crate) async fn reseal(&self) -> Result<u64, AppError> {
        self.store.forget(KeptKind::Session, Forget::All).await?;
        let all = self.all().await?;
        for account in &all {
            self.save(account, Timestamp::UNIX_EPOCH).await?;
        }
        Ok(all.len() as u64)
    }
}
