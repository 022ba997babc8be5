//! Checking records against demographics and what is held, and staging what is accepted.

use super::process::Job;
use crate::error::AppError;
use crate::frame::{self, KeyOf};
use crate::look::still_found;
use crate::people::Keys;
use crate::recorder::seal_entry;
use crate::seal::SealKey;
use crate::service::Service;
use cpis_audit::group_digest;
use cpis_model::codes::{Detail, RecordCode};
use cpis_model::demographics::{Mismatch, Trace, verify};
use cpis_model::entry::{Entry, PersonId, What};
use cpis_model::nhs_number::NhsNumber;
use cpis_model::organisation::AuthorityCode;
use cpis_model::plan::{Plan, PlanKind};
use cpis_model::time::london_day;
use cpis_model::upload::{
    Acknowledgement, Change, Fault, Field, Header, Person, Record, Rejection, SubjectKind, UploadedPlan, change, check,
};
use cpis_model::{Date, Timestamp, Uuid};
use cpis_store::{ContactRow, Found, GroupId, PlanRow, Slice, StoreError, Via};
use std::collections::{HashMap, HashSet};
use tokio::task::JoinHandle;

/// How often people are made with other surrogates where somebody was quicker.
const CREATE_TRIES: u32 = 5;

/// What is being staged for one file.
pub(super) struct Staging {
    group: GroupId,
    authority: AuthorityCode,
    /// How the file's format tells a fault.
    rejection: fn(u32, SubjectKind, Fault) -> Rejection,
    at: Timestamp,
    today: Date,
    ordinal: u32,
    slices: u32,
    leaves: Vec<[u8; 32]>,
    rejections: Vec<Rejection>,
    /// Plans that earlier records of this file made or changed.
    earlier: HashMap<NhsNumber, Vec<(Plan, Person)>>,
    seen: HashSet<(NhsNumber, PlanKind, Date)>,
    /// The slice before, which is saved while the next one is checked.
    saving: Option<JoinHandle<Result<(), StoreError>>>,
}

/// An accepted record with what it changes.
pub(super) struct Checked<'a> {
    record: &'a Record,
    person: Option<Known>,
    changes: Vec<(UploadedPlan, Option<Plan>)>,
}

#[derive(Clone)]
struct Known {
    id: PersonId,
    key: SealKey,
}

/// A person found behind a record's number, with this authority's plans opened.
struct Held {
    known: Known,
    plans: Vec<(Plan, Person)>,
}

impl Staging {
    pub async fn begin(service: &Service, head: &Header) -> Result<Self, AppError> {
        let at = service.clock.now();
        let group = service.keys.group(at);
        service.store.begin_staging(group, at).await?;
        Ok(Self {
            group,
            authority: head.authority,
            rejection: service.decode.of(head.sequence).rejection,
            at,
            today: london_day(at),
            ordinal: 0,
            slices: 0,
            leaves: Vec::new(),
            rejections: Vec::new(),
            earlier: HashMap::new(),
            seen: HashSet::new(),
            saving: None,
        })
    }

    pub fn group(&self) -> GroupId {
        self.group
    }

    pub fn count(&self) -> u32 {
        self.leaves.len() as u32
    }

    pub fn digest(&self) -> [u8; 32] {
        group_digest(self.leaves.iter().copied())
    }

    pub fn take_rejections(&mut self) -> Vec<Rejection> {
        std::mem::take(&mut self.rejections)
    }

    /// Takes back what was staged. Where even that fails, it stays invisible, and the worker removes it later.
    pub async fn discard(&mut self, service: &Service) {
        let _ = self.saved().await;
        if let Err(error) = service.store.discard(self.group).await {
            tracing::warn!(%error, "what was staged is removed later");
        }
    }

    /// Checks the records of a slice; what is rejected is noted with its place.
    pub async fn check<'a>(
        &mut self,
        service: &Service,
        records: &'a [Record],
        traced: &[Trace],
    ) -> Result<Vec<Checked<'a>>, AppError> {
        let asked = records.iter().map(|record| service.keys.ring.find(record.person.number)).collect();
        let found = service.store.find(asked).await?;
        let mut accepted: Vec<Checked<'a>> = Vec::with_capacity(records.len());
        let mut refused: HashSet<u32> = HashSet::new();
        let mut remembered = 0;
        for ((record, found), trace) in records.iter().zip(found).zip(traced) {
            let before = accepted.last().map(|last| last.record.position);
            if before.is_some_and(|position| position != record.position) {
                self.remember(accepted.iter().skip(remembered), &refused);
                remembered = accepted.len();
            }
            let held = self.held(service, &found, record)?;
            let (changes, faults) = self.judge(service, record, trace, held.as_ref());
            for fault in &faults {
                self.rejections.push((self.rejection)(record.position, record.subject, *fault));
            }
            if faults.iter().any(|fault| fault.code != RecordCode::Loaded) {
                refused.insert(record.position);
            }
            accepted.push(Checked { record, person: held.map(|held| held.known), changes });
        }
        self.remember(accepted.iter().skip(remembered), &refused);
        // A record with two subjects is taken as a whole or not at all.
        accepted.retain(|checked| !refused.contains(&checked.record.position));
        Ok(accepted)
    }

    /// Later records of the file are held against what earlier ones make.
    fn remember<'a>(&mut self, checked: impl Iterator<Item = &'a Checked<'a>>, refused: &HashSet<u32>) {
        for checked in checked.filter(|checked| !refused.contains(&checked.record.position)) {
            let record = checked.record;
            let earlier = self.earlier.entry(record.person.number).or_default();
            for (uploaded, before) in &checked.changes {
                let plan = next_version(self.authority, *uploaded, before.as_ref(), Uuid::nil());
                earlier.push((plan, record.person.clone()));
            }
        }
    }

    /// The person behind a record's number with this authority's plans.
    fn held(&self, service: &Service, found: &[Found], record: &Record) -> Result<Option<Held>, AppError> {
        let live = || found.iter().filter(|found| still_found(found, self.today));
        let ours = |found: &&Found| found.plans.iter().any(|plan| plan.authority == self.authority);
        let own = |found: &&Found| matches!(found.via, Via::Own(None));
        let Some(found) = live().find(ours).or_else(|| live().find(own)).or_else(|| live().next()) else {
            return Ok(None);
        };
        let key = service.keys.person(&found.person)?;
        let mut plans = Vec::new();
        for row in found.plans.iter().filter(|row| row.authority == self.authority) {
            let plan =
                Plan { id: row.id, version: row.version, authority: row.authority, kind: row.kind, dates: row.dates };
            plans.push((plan, Keys::open_details(&key, row)?));
        }
        plans.extend(self.earlier.get(&record.person.number).into_iter().flatten().cloned());
        Ok(Some(Held { known: Known { id: found.person.id, key }, plans }))
    }

    fn judge(
        &mut self,
        service: &Service,
        record: &Record,
        trace: &Trace,
        held: Option<&Held>,
    ) -> (Vec<(UploadedPlan, Option<Plan>)>, Vec<Fault>) {
        let mut faults = check(record, self.today);
        let removal = record.plans.iter().all(|plan| plan.dates.delete.is_some_and(|delete| delete <= self.today));
        let earlier = self.earlier.get(&record.person.number).map_or(&[][..], Vec::as_slice);
        let plans: Vec<(Plan, Person)> = held.map_or(earlier, |held| &held.plans).to_vec();
        let known: Vec<Plan> = plans.iter().map(|(plan, _)| plan.clone()).collect();
        if service.admit(record.person.number).is_err() {
            faults.push(Fault::demographics(RecordCode::NoMatch, Field::Number));
        } else if !removal {
            // An authority may always take away what it holds; everything else is verified.
            faults.extend(traced(record, trace));
        }
        let mut changes = Vec::new();
        for plan in &record.plans {
            if !self.seen.insert((record.person.number, plan.kind, plan.dates.start)) {
                faults.push(Fault::rejected(Detail::Duplicate, Field::Plan(plan.kind)));
                continue;
            }
            match change(*plan, &known, self.today) {
                Ok(Change::Unchanged) => {
                    let same = plans.iter().find(|(own, _)| own.kind == plan.kind && own.dates == plan.dates);
                    if let Some((own, _)) = same.filter(|(_, person)| *person != record.person) {
                        changes.push((*plan, Some(own.clone())));
                    }
                }
                Ok(Change::New) => changes.push((*plan, None)),
                Ok(Change::Update(at)) => changes.push((*plan, known.get(at).cloned())),
                Err(fault) => faults.push(fault),
            }
        }
        (changes, faults)
    }

    /// Stages the changes of accepted records: new people first, then sealed plan versions and entries.
    pub async fn stage(&mut self, service: &Service, checked: Vec<Checked<'_>>) -> Result<(), AppError> {
        let people = new_people(service, &checked).await?;
        let mut slice = Slice { number: self.slices, first_ordinal: self.ordinal, ..Slice::default() };
        for checked in checked {
            let number = checked.record.person.number;
            let Some(known) = checked.person.or_else(|| people.get(&number).cloned()) else { continue };
            for (uploaded, before) in checked.changes {
                let fresh =
                    uuid::Builder::from_random_bytes(crate::effects::random(&*service.keys.entropy)).into_uuid();
                let plan = next_version(self.authority, uploaded, before.as_ref(), fresh);
                let person = checked.record.person.clone();
                let details = service.keys.seal_details(&known.key, plan.id, plan.version, &person);
                slice.plans.push((
                    known.id,
                    PlanRow {
                        id: plan.id,
                        version: plan.version,
                        authority: plan.authority,
                        kind: plan.kind,
                        dates: plan.dates,
                        details,
                        group: self.group,
                    },
                ));
                let entry = Entry { at: self.at, person: Some(known.id), what: What::PlanChanged { plan, person } };
                self.add(service, &mut slice, &entry, KeyOf::Person(known.id), &known.key);
            }
        }
        self.save(service, slice).await
    }

    /// Stages the last slice: changed numbers of the authority, and the entry of the upload itself.
    pub async fn finish(
        &mut self,
        service: &Service,
        job: &Job,
        header: &Header,
        ack: &Acknowledgement,
    ) -> Result<(), AppError> {
        let (key_of, key) = service.month_key(self.at).await?;
        let mut slice = Slice { number: self.slices, first_ordinal: self.ordinal, ..Slice::default() };
        let contacts = service.store.contacts().await?;
        let own = contacts.iter().filter(|row| row.authority == self.authority).max_by_key(|row| row.version);
        if own.is_none_or(|row| row.contact != header.contact || row.name != header.name) {
            slice.contact = Some(ContactRow {
                authority: self.authority,
                version: own.map_or(1, |row| row.version + 1),
                name: header.name.clone(),
                contact: header.contact.clone(),
                group: self.group,
            });
            let what = What::ContactChanged {
                authority: self.authority,
                name: header.name.clone(),
                contact: header.contact.clone(),
            };
            self.add(service, &mut slice, &Entry { at: self.at, person: None, what }, key_of, &key);
        }
        let what = What::Uploaded {
            caller: job.caller.clone(),
            authority: self.authority,
            sequence: header.sequence,
            checksum: job.checksum,
            code: ack.code,
            counts: (ack.loaded, ack.failed),
        };
        self.add(service, &mut slice, &Entry { at: self.at, person: None, what }, key_of, &key);
        self.save(service, slice).await?;
        self.saved().await
    }

    fn add(&mut self, service: &Service, slice: &mut Slice, entry: &Entry, key_of: KeyOf, key: &SealKey) {
        let (sealed, leaf) = seal_entry(&service.keys, self.group, self.ordinal, entry, key_of, key);
        frame::push(&mut slice.body, key_of, &sealed);
        slice.leaves.push(leaf);
        self.leaves.push(leaf);
        self.ordinal += 1;
    }

    async fn save(&mut self, service: &Service, slice: Slice) -> Result<(), AppError> {
        self.saved().await?;
        if !slice.leaves.is_empty() {
            self.slices += 1;
            let (store, group) = (service.store.clone(), self.group);
            self.saving = Some(tokio::spawn(async move { store.stage(group, slice).await }));
        }
        Ok(())
    }

    /// Waits until what is under way is saved.
    async fn saved(&mut self) -> Result<(), AppError> {
        match self.saving.take() {
            Some(saving) => {
                let saved = saving.await.map_err(|_| AppError::Internal("a slice was not saved".to_owned()))?;
                Ok(saved?)
            }
            None => Ok(()),
        }
    }
}

fn next_version(authority: AuthorityCode, uploaded: UploadedPlan, before: Option<&Plan>, fresh: Uuid) -> Plan {
    Plan {
        id: before.map_or(fresh, |plan| plan.id),
        version: before.map_or(1, |plan| plan.version + 1),
        authority,
        kind: uploaded.kind,
        dates: uploaded.dates,
    }
}

/// What demographics says against a record.
fn traced(record: &Record, trace: &Trace) -> Option<Fault> {
    match trace {
        Trace::Unknown => Some(Fault::demographics(RecordCode::NoMatch, Field::Number)),
        Trace::Incomplete { restricted: true } => Some(Fault::demographics(RecordCode::Sensitive, Field::Number)),
        Trace::Incomplete { restricted: false } => Some(Fault::demographics(RecordCode::NotVerified, Field::Number)),
        Trace::Superseded(_) => Some(Fault::demographics(RecordCode::Superseded, Field::Number)),
        Trace::Found(known) if known.restricted => Some(Fault::demographics(RecordCode::Sensitive, Field::Number)),
        Trace::Found(known) if known.deceased => Some(Fault::rejected(Detail::Deceased, Field::Number)),
        Trace::Found(known) => {
            let field = match verify(&record.person.name, record.person.birth, known) {
                Ok(()) => return None,
                Err(Mismatch::Birth) => Field::Birth,
                Err(Mismatch::Family) => Field::Family,
                Err(Mismatch::Given) => Field::Given,
            };
            Some(Fault::demographics(RecordCode::NotVerified, field))
        }
    }
}

/// Makes people for numbers behind whom nobody stands yet. Where another upload was quicker, its person is taken.
async fn new_people(service: &Service, checked: &[Checked<'_>]) -> Result<HashMap<NhsNumber, Known>, AppError> {
    let mut seen = HashSet::new();
    let numbers: Vec<NhsNumber> = checked
        .iter()
        .filter(|checked| checked.person.is_none() && !checked.changes.is_empty())
        .map(|checked| checked.record.person.number)
        .filter(|number| seen.insert(*number))
        .collect();
    let at = service.clock.now();
    let create = || service.store.create_people(service.keys.new_people(at, &numbers));
    let mut rows = create().await;
    for _ in 1..CREATE_TRIES {
        // Another node took a surrogate or a number at the same moment.
        if !matches!(rows, Err(StoreError::Stale)) {
            break;
        }
        rows = create().await;
    }
    let rows = rows?;
    numbers
        .into_iter()
        .zip(rows)
        .map(|(number, row)| Ok((number, Known { id: row.id, key: service.keys.person(&row)? })))
        .collect()
}
