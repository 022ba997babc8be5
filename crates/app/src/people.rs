//! People's keys: wrapping, opening, and the places at which what belongs to a person is sealed.

use crate::codec;
use crate::effects::{Entropy, random};
use crate::error::AppError;
use crate::ring::KeyRing;
use crate::seal::{SealKey, place};
use cpis_model::access::AuthorKey;
use cpis_model::caller::{Caller, Who};
use cpis_model::entry::PersonId;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::upload::Person;
use cpis_model::{Timestamp, Uuid};
use cpis_store::{GroupId, NewPerson, PersonRow, PlanRow};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// Bits of the counter at the low end of a group's id; above them stand the milliseconds since 1970.
const GROUP_RANDOM_BITS: u32 = 21;

/// The key ring and randomness, shared by all use cases.
#[derive(Clone)]
pub struct Keys {
    /// The key ring.
    pub ring: Arc<KeyRing>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

fn row_of(person: PersonId) -> [u8; 8] {
    person.value().to_be_bytes()
}

/// The place of a person's wrapped data key.
pub(crate) fn data_key_place(person: PersonId) -> Vec<u8> {
    place("person.data_key", &[&row_of(person)])
}

/// The place of a person's sealed number.
pub(crate) fn number_place(person: PersonId) -> Vec<u8> {
    place("person.number", &[&row_of(person)])
}

/// The place of a month's wrapped key.
pub(crate) fn month_place(month: u32) -> Vec<u8> {
    place("month_key.key", &[&month.to_be_bytes()])
}

fn details_place(plan: Uuid, version: u32) -> Vec<u8> {
    place("plan.details", &[plan.as_bytes(), &version.to_be_bytes()])
}

fn alias_place(person: PersonId) -> Vec<u8> {
    place("alias.number", &[&row_of(person)])
}

impl Keys {
    /// A person's own key. `Damaged` where it cannot be opened or was destroyed.
    pub fn person(&self, row: &PersonRow) -> Result<SealKey, AppError> {
        let wrapped = row.data_key.as_deref().ok_or_else(|| AppError::damaged(format!("{:?} has no key", row.id)))?;
        let raw = self.ring.open(&data_key_place(row.id), wrapped);
        raw.and_then(|raw| SealKey::from_slice(&raw))
            .map_err(|_| AppError::damaged(format!("the key of {:?} does not open", row.id)))
    }

    /// New people behind numbers, each with a key of their own. Their surrogates stand side by side: one draw decides whether
    /// all of them are free, however many there are.
    pub fn new_people(&self, at: Timestamp, numbers: &[NhsNumber]) -> Vec<NewPerson> {
        let first = PersonId::new(at, u64::from_be_bytes(random(&*self.entropy)));
        let person = |(place, number): (u32, &NhsNumber)| {
            let id = first.after(place);
            NewPerson {
                id,
                keys: self.ring.find(*number),
                number: self.ring.seal(&*self.entropy, &number_place(id), number.digits().as_bytes()),
                data_key: self.wrap_person_key(id, &SealKey::random(&*self.entropy)),
            }
        };
        (0..).zip(numbers).map(person).collect()
    }

    /// A person's key, wrapped under the active key of the ring.
    pub(crate) fn wrap_person_key(&self, id: PersonId, key: &SealKey) -> Vec<u8> {
        self.ring.seal(&*self.entropy, &data_key_place(id), key.raw())
    }

    /// The number of a stored person.
    pub fn number(&self, id: PersonId, sealed: &[u8]) -> Result<NhsNumber, AppError> {
        let opened = self.ring.open(&number_place(id), sealed).ok();
        opened
            .and_then(|digits| std::str::from_utf8(&digits).ok().and_then(|digits| digits.parse().ok()))
            .ok_or_else(|| AppError::damaged(format!("the number of {id:?} does not open")))
    }

    /// Seals a person's second number under their own key.
    pub(crate) fn seal_alias(&self, id: PersonId, key: &SealKey, number: NhsNumber) -> Vec<u8> {
        key.seal(&*self.entropy, &alias_place(id), number.digits().as_bytes())
    }

    /// Opens a person's second number.
    pub(crate) fn open_alias(id: PersonId, key: &SealKey, sealed: &[u8]) -> Result<NhsNumber, AppError> {
        let opened = key.open(&alias_place(id), sealed).ok();
        opened
            .and_then(|digits| std::str::from_utf8(&digits).ok().and_then(|digits| digits.parse().ok()))
            .ok_or_else(|| AppError::damaged(format!("a second number of {id:?} does not open")))
    }

    /// Seals what an authority says of a person, for one version of a plan.
    pub(crate) fn seal_details(&self, key: &SealKey, plan: Uuid, version: u32, person: &Person) -> Vec<u8> {
        key.seal(&*self.entropy, &details_place(plan, version), &codec::encode_person(person))
    }

    /// Opens what an authority says of a person.
    pub(crate) fn open_details(key: &SealKey, row: &PlanRow) -> Result<Person, AppError> {
        let opened = key.open(&details_place(row.id, row.version), &row.details).ok();
        opened
            .and_then(|bytes| codec::decode_person(&bytes).ok())
            .ok_or_else(|| AppError::damaged(format!("the details of plan {} do not open", row.id)))
    }

    /// A new unique group id: milliseconds since 1970, and 21 bits of a counter.
    pub(crate) fn group(&self, now: Timestamp) -> GroupId {
        // Counted within the process, from a random start: only two processes in one millisecond could meet, and then the
        // database refuses the second.
        static NEXT: OnceLock<AtomicU64> = OnceLock::new();
        let next = NEXT.get_or_init(|| AtomicU64::new(u64::from_be_bytes(random(&*self.entropy)) >> 1));
        group_at(now, next.fetch_add(1, Ordering::Relaxed))
    }
}

/// The id of a group that is made at a moment, of which the low 21 bits of a counter tell it from others of its millisecond.
pub fn group_at(at: Timestamp, counter: u64) -> GroupId {
    let high = (at.as_millisecond().max(0) as u64) & 0x3ff_ffff_ffff;
    GroupId(((high << GROUP_RANDOM_BITS) | counter & ((1 << GROUP_RANDOM_BITS) - 1)) as i64)
}

/// When a group was made, in milliseconds since 1970.
pub(crate) fn millis(group: GroupId) -> u64 {
    group.0.unsigned_abs() >> GROUP_RANDOM_BITS
}

/// The author's key for the 24-hour rule: a digest under the person's own key, so that it says nothing without it.
/// A person is user and organisation; a system is client and site, and a device that sends one id per visit is the visit, too
/// (design D1).
pub fn author_key(key: &SealKey, caller: &Caller) -> AuthorKey {
    AuthorKey(match &caller.who {
        Who::Person(staff) => {
            key.digest(&[b"person", staff.user_id.as_bytes(), caller.organisation.code.as_str().as_bytes()])
        }
        Who::System { client } => key.digest(&[b"system", client.as_bytes(), caller.place().as_str().as_bytes()]),
        Who::Device(device) => {
            let (asid, place) = (device.asid.as_bytes(), caller.place());
            let visit = device.event.as_bytes().as_slice();
            let visit = if device.one_id_a_visit { visit } else { &[] };
            key.digest(&[b"device", asid, place.as_str().as_bytes(), visit])
        }
    })
}
