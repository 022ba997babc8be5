//! What the journal says that the derived tables must hold: plans, contacts, accesses, notices, uploads.

use super::people::People;
use super::{Faults, ROWS};
use crate::applier::{notice_id, reported};
use crate::codec;
use crate::error::AppError;
use crate::followed::reader;
use crate::frame::{Frame, KeyOf};
use crate::lifecycle::SUPERSEDED_DAYS;
use crate::look::fact;
use crate::people::Keys;
use crate::ring::KeyRing;
use cpis_model::access::{Access, Accesses, AuthorKey, Owed};
use cpis_model::entry::{Entry, HiddenFor, PersonId, What};
use cpis_model::nhs_number::NhsNumber;
use cpis_model::organisation::AuthorityCode;
use cpis_model::plan::Plan;
use cpis_model::time::{days_after, london_day};
use cpis_model::{Date, Uuid};
use cpis_store::{AccessRow, ContactRow, HeldAccess, JournalRow, Store, UploadStatus};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

type PlanId = (PersonId, Uuid, u32, i64);

/// What the tables must hold, folded from the journal.
pub(super) struct Expected {
    looks_until: u64,
    ring: Arc<KeyRing>,
    pub erased: HashSet<PersonId>,
    pub hidden: HashMap<PersonId, Option<HiddenFor>>,
    pub own_until: HashMap<(PersonId, NhsNumber), Date>,
    pub superseded: Vec<(PersonId, NhsNumber, NhsNumber, Date)>,
    plans: HashMap<PlanId, (Plan, Vec<u8>)>,
    contacts: Vec<(AuthorityCode, String, cpis_model::organisation::Contact, i64)>,
    accesses: HashMap<PersonId, Accesses>,
    seqs: HashMap<u64, u64>,
    notices: HashMap<(u64, AuthorityCode), (PersonId, Owed, Uuid, u8)>,
    readers: HashMap<u64, AuthorKey>,
    organisations: Vec<(u8, String, Vec<u8>, i64)>,
    uploads: BTreeMap<(AuthorityCode, u64), Option<[u8; 32]>>,
}

impl Expected {
    pub fn new(looks_until: u64, ring: Arc<KeyRing>) -> Self {
        Self {
            looks_until,
            ring,
            erased: HashSet::new(),
            hidden: HashMap::new(),
            own_until: HashMap::new(),
            superseded: Vec::new(),
            plans: HashMap::new(),
            contacts: Vec::new(),
            accesses: HashMap::new(),
            seqs: HashMap::new(),
            notices: HashMap::new(),
            readers: HashMap::new(),
            organisations: Vec::new(),
            uploads: BTreeMap::new(),
        }
    }

    /// Folds one entry.
    pub fn entry(&mut self, index: u64, row: &JournalRow, frame: &Frame<'_>, entry: &Entry) {
        let person = if let KeyOf::Person(person) = frame.key { Some(person) } else { None };
        match (&entry.what, person) {
            (What::Look(_), Some(person)) if index < self.looks_until => self.look(index, row, person, entry),
            (What::Reported { .. }, Some(person)) if index < self.looks_until => {
                let Some(notice) = reported(row, index, person, entry) else { return };
                let access = Access { index, at: entry.at, author: notice.access.author };
                let owed = Owed { access, authority: notice.authority };
                self.seqs.insert(index, row.place.seq);
                self.notices.insert((index, notice.authority), (person, owed, notice.id, notice.kind));
            }
            (What::OrganisationChanged { kind, code, record, .. }, _) => {
                self.organisations.push((*kind, code.clone(), record.clone(), row.group.0));
            }
            (What::PlanChanged { plan, person: details }, Some(person)) => {
                let id = (person, plan.id, plan.version, row.group.0);
                self.plans.insert(id, (plan.clone(), codec::encode_person(details)));
            }
            (What::Hidden(reason), Some(person)) => drop(self.hidden.insert(person, *reason)),
            (What::NumberSuperseded { old, new }, Some(person)) => {
                let until = days_after(london_day(entry.at), SUPERSEDED_DAYS);
                self.own_until.insert((person, *old), until);
                self.superseded.push((person, *old, *new, until));
            }
            (What::ContactChanged { authority, name, contact }, _) => {
                self.contacts.push((*authority, name.clone(), contact.clone(), row.group.0));
            }
            (What::Erased { erased, .. }, _) => drop(self.erased.insert(*erased)),
            (What::Uploaded { authority, sequence, checksum, .. }, _) => {
                self.uploads.insert((*authority, *sequence), Some(*checksum));
            }
            (What::SequenceSkipped { authority, sequence, .. }, _) => {
                self.uploads.insert((*authority, *sequence), None);
            }
            _ => {}
        }
    }

    fn look(&mut self, index: u64, row: &JournalRow, person: PersonId, entry: &Entry) {
        let Some(fact) = fact(index, entry) else { return };
        let state = self.accesses.entry(person).or_default();
        let folded = state.fold(&fact);
        self.seqs.insert(index, row.place.seq);
        if !folded.owed.is_empty() {
            self.readers.extend(reader(&self.ring, entry).map(|reader| (index, reader)));
        }
        for authority in folded.owed {
            let access = Access { index, at: fact.at, author: fact.author };
            let ordinal = (index - row.place.first_index) as u32;
            let id = notice_id(row.group, ordinal, authority.0.as_str());
            self.notices.insert((index, authority), (person, Owed { access, authority }, id, 0));
        }
        state.prune();
    }

    /// Holds the tables against it.
    pub async fn compare(&mut self, store: &dyn Store, people: &People, faults: &mut Faults) -> Result<(), AppError> {
        self.compare_plans(store, people, faults).await?;
        self.compare_contacts(store, faults).await?;
        self.compare_accesses(store, faults).await?;
        self.compare_notices(store, faults).await?;
        self.compare_organisations(store, faults).await?;
        self.compare_uploads(store, faults).await
    }

    async fn compare_plans(&mut self, store: &dyn Store, people: &People, faults: &mut Faults) -> Result<(), AppError> {
        let mut after = None;
        loop {
            let rows = store.plans_after(after, ROWS).await?;
            let Some((person, last)) = rows.last() else { break };
            after =
                Some(cpis_store::PlanKey { person: *person, plan: last.id, version: last.version, group: last.group });
            for (person, row) in rows {
                let mut fault = |what: &str| {
                    faults.push(("plan", format!("{} version {}", row.id, row.version), what.to_owned()));
                };
                let Some((plan, details)) = self.plans.remove(&(person, row.id, row.version, row.group.0)) else {
                    fault("the journal does not know it");
                    continue;
                };
                let stored = (row.authority, row.kind, row.dates);
                if stored != (plan.authority, plan.kind, plan.dates) {
                    fault("it is not what the journal says");
                }
                let opened = people.key(person).and_then(|key| Keys::open_details(key, &row).ok());
                if opened.is_none_or(|person| codec::encode_person(&person) != details) {
                    fault("its details are not what the journal says");
                }
            }
        }
        for (_, plan, version, _) in self.plans.keys().filter(|(person, ..)| !self.erased.contains(person)) {
            faults.push(("plan", format!("{plan} version {version}"), "it is missing".to_owned()));
        }
        Ok(())
    }

    async fn compare_contacts(&mut self, store: &dyn Store, faults: &mut Faults) -> Result<(), AppError> {
        let stored = store.contacts().await?;
        let mut versions: HashMap<AuthorityCode, u32> = HashMap::new();
        let mut expected: Vec<ContactRow> = self
            .contacts
            .iter()
            .map(|(authority, name, contact, group)| {
                let version = versions.entry(*authority).or_default();
                *version += 1;
                ContactRow {
                    authority: *authority,
                    version: *version,
                    name: name.clone(),
                    contact: contact.clone(),
                    group: cpis_store::GroupId(*group),
                }
            })
            .collect();
        for row in stored {
            let place = expected.iter().position(|own| *own == row);
            if let Some(place) = place {
                expected.swap_remove(place);
            } else {
                let at = format!("{} version {}", row.authority, row.version);
                faults.push(("contact", at, "the journal does not know it".to_owned()));
            }
        }
        for row in expected {
            faults.push(("contact", format!("{} version {}", row.authority, row.version), "it is missing".to_owned()));
        }
        Ok(())
    }

    async fn compare_accesses(&mut self, store: &dyn Store, faults: &mut Faults) -> Result<(), AppError> {
        let mut stored: HashMap<(PersonId, u64), HeldAccess> = HashMap::new();
        let mut after = None;
        loop {
            let rows = store.accesses_after(after, ROWS).await?;
            let Some((person, last)) = rows.last() else { break };
            after = Some((*person, last.access.index));
            for (person, row) in rows {
                if !self.holds(person, &row) {
                    let at = format!("entry {}", row.access.index);
                    faults.push(("access", at, "it is not what the journal says".to_owned()));
                }
                stored.insert((person, row.access.index), row);
            }
        }
        for (person, state) in self.accesses.iter().filter(|(person, _)| !self.erased.contains(person)) {
            let row = |index: u64| stored.get(&(*person, index));
            let listed = state.listed.iter().filter(|access| row(access.index).is_none_or(|row| !row.listed));
            let owed = state.owed.iter().filter(|owed| row(owed.access.index).is_none());
            let missing: BTreeSet<u64> =
                listed.chain(owed.map(|owed| &owed.access)).map(|access| access.index).collect();
            faults.extend(missing.iter().map(|index| ("access", format!("entry {index}"), "it is missing".to_owned())));
        }
        for ((index, authority), (person, .., kind)) in &self.notices {
            let row = stored.get(&(*person, *index)).filter(|_| *kind == 0);
            if row.is_some_and(|row| !row.owed.contains(authority)) {
                faults.push(("access", format!("entry {index}"), format!("it does not say that {authority} is told")));
            }
        }
        Ok(())
    }

    /// Whether the journal says what a stored access says.
    fn holds(&self, person: PersonId, row: &HeldAccess) -> bool {
        let AccessRow { index, seq, at, author } = row.access;
        let access = Access { index, at, author };
        let is_listed = || self.accesses.get(&person).is_some_and(|state| state.listed.contains(&access));
        let is_owed = |authority: &AuthorityCode| {
            let notice = self.notices.get(&(index, *authority));
            notice.is_some_and(|(of, owed, _, kind)| (*of, owed.access, *kind) == (person, access, 0))
        };
        let told: BTreeSet<AuthorityCode> = row.owed.iter().copied().collect();
        self.seqs.get(&index) == Some(&seq)
            && if row.listed { is_listed() } else { !row.owed.is_empty() }
            && told.len() == row.owed.len()
            && row.owed.iter().all(is_owed)
    }

    async fn compare_notices(&mut self, store: &dyn Store, faults: &mut Faults) -> Result<(), AppError> {
        let (mut after, mut newest) = (0, 0);
        loop {
            let rows = store.notices_after(after, ROWS).await?;
            let Some(last) = rows.last() else { break };
            after = last.number;
            for row in rows {
                let expected = self.notices.remove(&(row.access.index, row.authority));
                // Notices from before schema 4 do not say whose look it was.
                let reader = row.reader.or_else(|| self.readers.get(&row.access.index).copied());
                let agrees = expected.is_some_and(|(person, owed, id, kind)| {
                    (person, id, kind) == (row.person, row.id, row.kind)
                        && owed.access.at == row.access.at
                        && owed.access.author == row.access.author
                        && reader == self.readers.get(&row.access.index).copied()
                }) && self.seqs.get(&row.access.index) == Some(&row.access.seq)
                    && row.access.index >= newest;
                newest = newest.max(row.access.index);
                if !agrees {
                    faults.push(("notice", row.number.to_string(), "it is not what the journal says".to_owned()));
                }
            }
        }
        for ((index, authority), _) in self.notices.iter().filter(|(_, (person, ..))| !self.erased.contains(person)) {
            faults.push(("notice", format!("entry {index} to {authority}"), "it is missing".to_owned()));
        }
        Ok(())
    }

    /// Versions are numbered in the order of the journal.
    async fn compare_organisations(&mut self, store: &dyn Store, faults: &mut Faults) -> Result<(), AppError> {
        let (mut after, mut versions) = (0, HashMap::<(u8, String), u32>::new());
        let mut expected = std::mem::take(&mut self.organisations).into_iter();
        loop {
            let rows = store.organisations_after(after, ROWS).await?;
            let Some(last) = rows.last() else { break };
            after = last.number;
            for row in rows {
                let version = versions.entry((row.kind, row.code.clone())).or_default();
                *version += 1;
                let stored = (row.kind, row.code, row.record, row.group.0);
                if row.version != *version || expected.next() != Some(stored) {
                    faults.push(("organisation", row.number.to_string(), "it is not what the journal says".to_owned()));
                }
            }
        }
        let missing = expected.map(|(_, code, ..)| ("organisation", code, "it is missing".to_owned()));
        faults.extend(missing);
        Ok(())
    }

    async fn compare_uploads(&mut self, store: &dyn Store, faults: &mut Faults) -> Result<(), AppError> {
        let mut after = None;
        loop {
            let rows = store.uploads_after(after, ROWS).await?;
            let Some(last) = rows.last() else { break };
            after = Some((last.authority, last.sequence));
            for row in rows {
                let expected = self.uploads.remove(&(row.authority, row.sequence));
                let agrees = match (row.status, expected) {
                    (UploadStatus::Done, Some(Some(checksum))) => checksum == row.checksum,
                    (UploadStatus::Skipped, Some(None)) => true,
                    (UploadStatus::Done | UploadStatus::Skipped, _) | (_, Some(_)) => false,
                    (_, None) => true,
                };
                if !agrees {
                    let at = format!("{} {}", row.authority, row.sequence);
                    faults.push(("upload", at, "it is not what the journal says".to_owned()));
                }
            }
        }
        for (authority, sequence) in self.uploads.keys() {
            faults.push(("upload", format!("{authority} {sequence}"), "it is missing".to_owned()));
        }
        Ok(())
    }
}
