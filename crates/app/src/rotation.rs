//! Rotation: everything that the key ring sealed is sealed again under its active key, in slices, while the service runs.

use crate::demographics::LocalRegister;
use crate::emails;
use crate::error::AppError;
use crate::mail::passwords::Passwords;
use crate::people::{Keys, data_key_place, month_place, number_place};
use crate::service::open_month;
use crate::sessions::Accounts;
use crate::subscriptions::Rows;
use cpis_store::{NumberKeys, Store, StoredAlias, StoredPerson};
use std::sync::Arc;

/// Rows that one slice takes.
const SLICE_ROWS: u32 = 500;

/// What a rotation did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    /// People whose columns were sealed again.
    pub people: u64,
    /// Second numbers.
    pub aliases: u64,
    /// Months' keys.
    pub months: u64,
    /// Uploads.
    pub uploads: u64,
    /// Rows of the local register.
    pub register: u64,
    /// Local accounts.
    pub accounts: u64,
    /// Messages in mailboxes.
    pub messages: u64,
    /// Passwords of mailboxes.
    pub mailboxes: u64,
    /// Subscriptions.
    pub subscriptions: u64,
    /// E-mail addresses of authorities.
    pub emails: u64,
}

/// Seals everything again under the active key and fills its look-up column. May be stopped and started again. The digests
/// of keys that are not in the ring any more are emptied.
pub async fn rotate(
    store: &Arc<dyn Store>,
    keys: &Keys,
    mut progress: impl FnMut(Rotated),
) -> Result<Rotated, AppError> {
    let mut done = Rotated::default();
    let mut after = None;
    loop {
        let people = store.people_after(after, SLICE_ROWS).await?;
        let Some(last) = people.last() else { break };
        after = Some(last.row.id);
        let fresh = people.into_iter().filter_map(|person| reseal_person(keys, person).transpose());
        let fresh = fresh.collect::<Result<Vec<_>, _>>()?;
        done.people += fresh.len() as u64;
        store.reseal_people(fresh).await?;
        progress(done);
    }
    let mut after = 0;
    loop {
        let aliases = store.aliases_after(after, SLICE_ROWS).await?;
        let Some(last) = aliases.last() else { break };
        after = last.id;
        let people = store.people(aliases.iter().map(|alias| alias.person).collect()).await?;
        let mut fresh = Vec::new();
        for alias in aliases {
            let Some(person) = people.iter().find(|person| person.row.id == alias.person) else { continue };
            let key = keys.person(&person.row)?;
            let number = Keys::open_alias(alias.person, &key, &alias.number)?;
            fresh.push(StoredAlias { keys: keys.ring.find(number), ..alias });
        }
        done.aliases += fresh.len() as u64;
        store.reseal_aliases(fresh).await?;
        progress(done);
    }
    let mut fresh = Vec::new();
    for (month, wrapped) in store.month_keys().await? {
        if !keys.ring.is_current(&wrapped) {
            let key = open_month(keys, month, &wrapped)?;
            fresh.push((month, keys.ring.seal(&*keys.entropy, &month_place(month), key.raw())));
        }
    }
    done.months = fresh.len() as u64;
    store.reseal_month_keys(fresh).await?;
    let mut after = None;
    loop {
        let uploads = store.uploads_after(after, SLICE_ROWS).await?;
        let Some(last) = uploads.last() else { break };
        after = Some((last.authority, last.sequence));
        let fresh = uploads.into_iter().map(|row| crate::upload::reseal(keys, row)).collect::<Result<Vec<_>, _>>()?;
        done.uploads += fresh.len() as u64;
        store.reseal_uploads(fresh).await?;
        progress(done);
    }
    done.register = LocalRegister::new(store.clone(), keys.clone()).reseal(SLICE_ROWS).await?;
    let accounts = Accounts { store: &**store, keys };
    done.accounts = accounts.reseal().await?;
    let mut after = String::new();
    loop {
        let rows = store.mail_after(after.clone(), SLICE_ROWS).await?;
        let Some(last) = rows.last() else { break };
        after.clone_from(&last.id);
        let fresh = rows.iter().filter_map(|row| crate::mail::reseal(keys, row).transpose());
        let fresh = fresh.collect::<Result<Vec<_>, _>>()?;
        done.messages += fresh.len() as u64;
        store.reseal_mail(fresh).await?;
        progress(done);
    }
    done.mailboxes = Passwords { store: &**store, keys }.reseal().await?;
    done.subscriptions = Rows { store: &**store, keys }.reseal().await?;
    done.emails = emails::Rows { store: &**store, keys }.reseal().await?;
    progress(done);
    Ok(done)
}

/// A person's columns under the active key; `None` where they are already, or the person is erased.
fn reseal_person(keys: &Keys, person: StoredPerson) -> Result<Option<StoredPerson>, AppError> {
    let (Some(number), Some(data_key)) = (person.number.as_deref(), person.row.data_key.as_deref()) else {
        return Ok(None);
    };
    let id = person.row.id;
    let plain = keys.number(id, number)?;
    let find: NumberKeys = keys.ring.find(plain);
    if find == person.keys && keys.ring.is_current(number) && keys.ring.is_current(data_key) {
        return Ok(None);
    }
    let key = keys.person(&person.row)?;
    let mut fresh = person;
    fresh.keys = find;
    fresh.number = Some(keys.ring.seal(&*keys.entropy, &number_place(id), plain.digits().as_bytes()));
    fresh.row.data_key = Some(keys.ring.seal(&*keys.entropy, &data_key_place(id), key.raw()));
    Ok(Some(fresh))
}
