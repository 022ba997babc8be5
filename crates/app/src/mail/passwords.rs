//! Passwords of mailboxes, and tokens that were used. A mailbox without a password is nobody's: it lets no one in, and
//! messages for it leave by the client of MESH, where there is one.

use crate::effects::random;
use crate::error::AppError;
use crate::people::Keys;
use crate::seal::place;
use crate::service::Service;
use cpis_model::Timestamp;
use cpis_store::{Forget, KeptKind, KeptRow, Store};
use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

/// Characters of a password that the service makes: none that are taken for others.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// How many it has: 120 bits.
const LETTERS_IN_PASSWORD: usize = 24;

#[derive(Encode, Decode)]
struct Wire {
    #[n(0)]
    mailbox: String,
    #[n(1)]
    password: String,
}

/// Passwords of the mailboxes of an installation.
pub struct Passwords<'a> {
    /// The database.
    pub store: &'a dyn Store,
    /// Keys and randomness.
    pub keys: &'a Keys,
}

impl Passwords<'_> {
    fn id(&self, mailbox: &str) -> [u8; 32] {
        let mut id = [0; 32];
        let digest = self.keys.ring.group(&["mailbox", &mailbox.to_uppercase()]);
        id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        id
    }

    /// A new password for a mailbox.
    pub fn make(&self) -> Zeroizing<String> {
        let bytes: [u8; LETTERS_IN_PASSWORD] = random(&*self.keys.entropy);
        let letter = |byte: u8| LETTERS.get(usize::from(byte % 32)).copied().unwrap_or(b'x');
        Zeroizing::new(bytes.into_iter().map(|byte| char::from(letter(byte))).collect())
    }

    /// Gives a mailbox a password in place of the one that it had.
    pub async fn set(&self, mailbox: &str, password: &str, now: Timestamp) -> Result<(), AppError> {
        let (id, mailbox) = (self.id(mailbox), mailbox.to_uppercase());
        let wire = Wire { mailbox, password: password.to_owned() };
        let bytes = Zeroizing::new(minicbor::to_vec(&wire).unwrap_or_default());
        let body = self.keys.ring.seal(&*self.keys.entropy, &place("kept.mailbox", &[&id]), &bytes);
        let revision = self.store.kept(KeptKind::Mailbox, id).await?.map_or(0, |row| row.revision) + 1;
        let row = KeptRow { kind: KeptKind::Mailbox, id, revision, groups: [None; 2], ends: None, body };
        if self.store.keep(row, now).await? { Ok(()) } else { Err(AppError::Conflict) }
    }

    /// A mailbox's password, if it has one.
    pub async fn of(&self, mailbox: &str) -> Result<Option<Zeroizing<String>>, AppError> {
        let row = self.store.kept(KeptKind::Mailbox, self.id(mailbox)).await?;
        row.map(|row| self.open(&row).map(|wire| Zeroizing::new(wire.password))).transpose()
    }

    /// Takes a mailbox's password away, so that nobody gets in, and says whether it had one.
    pub async fn remove(&self, mailbox: &str) -> Result<bool, AppError> {
        Ok(self.store.forget(KeptKind::Mailbox, Forget::One(self.id(mailbox))).await? > 0)
    }

    /// The mailboxes that have one.
    pub async fn all(&self) -> Result<Vec<String>, AppError> {
        let mut all: Vec<String> = self.rows().await?.into_iter().map(|wire| wire.mailbox).collect();
        all.sort();
        Ok(all)
    }

    /// Seals all passwords again under the active key.
    pub(crate) async fn reseal(&self) -> Result<u64, AppError> {
        let all = self.rows().await?;
        for wire in &all {
            self.set(&wire.mailbox, &wire.password, Timestamp::UNIX_EPOCH).await?;
        }
        Ok(all.len() as u64)
    }

    async fn rows(&self) -> Result<Vec<Wire>, AppError> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let rows = self.store.kept_after(KeptKind::Mailbox, after, 100).await?;
            let Some(last) = rows.last() else { return Ok(all) };
            after = Some(last.id);
            for row in &rows {
                all.push(self.open(row)?);
            }
        }
    }

    fn open(&self, row: &KeptRow) -> Result<Wire, AppError> {
        let opened = self.keys.ring.open(&place("kept.mailbox", &[&row.id]), &row.body).ok();
        let wire = opened.and_then(|bytes| minicbor::decode::<Wire>(&bytes).ok());
        wire.ok_or_else(|| AppError::damaged("the password of a mailbox does not open"))
    }
}

/// The parts that name a use of a token.
fn parts<'a>(mailbox: &'a str, nonce: &'a str, count: &'a str) -> [&'a str; 4] {
    ["mesh-token", mailbox, nonce, count]
}

/// Uses up a mailbox's token. Says whether it was not used before.
pub async fn use_token(
    service: &Service,
    mailbox: &str,
    nonce: &str,
    count: &str,
    until: Timestamp,
) -> Result<bool, AppError> {
    crate::sessions::use_once(service, &parts(mailbox, nonce, count), until).await
}

/// Lets a token be used again, where what it was used for was not even tried: a client repeats it then.
pub async fn release_token(service: &Service, mailbox: &str, nonce: &str, count: &str) -> Result<(), AppError> {
    crate::sessions::use_again(service, &parts(mailbox, nonce, count)).await
}
