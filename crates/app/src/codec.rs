//! Entries as canonical bytes (CBOR arrays, RFC 8949, definite lengths), the same on every backend and for ever.
//!
//! The bytes are what a leaf of the audit log commits to, so a field is never renumbered: a new one gets the next number and
//! may be absent. `wire` holds the structs; this file turns them into `model` values and back.

mod answered;
mod wire;

use cpis_model::access::{AuthorKey, Purpose};
use cpis_model::caller::{Caller, Device, Mode, Refusal, ResponsiblePerson, Rights, Staff, Who};
use cpis_model::codes::FileCode;
use cpis_model::demographics::{Demographics, Sex};
use cpis_model::entry::{Entry, HiddenFor, Look, Outcome, PersonId, RefusedFor, Seen, What};
use cpis_model::name::PersonName;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::notice::{Report, ReportKind};
use cpis_model::organisation::{AuthorityCode, Contact, Organisation, Site};
use cpis_model::plan::{Plan, PlanDates, PlanKind};
use cpis_model::upload::{Acknowledgement, Person, Rejection};
use cpis_model::{Date, Timestamp, Uuid};
use std::sync::Arc;

/// Bytes that are not an entry, or an entry of a newer program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stored bytes are not in the expected form")]
pub struct CodecError;

type Result<T> = std::result::Result<T, CodecError>;

/// Largest encoded value that is read.
pub const BYTES_MAX: usize = 64 * 1024;

fn to_bytes<T: minicbor::Encode<()>>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    add(&mut bytes, value);
    bytes
}

fn add<T: minicbor::Encode<()>>(bytes: &mut Vec<u8>, value: &T) {
    // Writing to a vector does not fail.
    let _ = minicbor::encode(value, bytes);
}

/// Reads a value that takes up all bytes, and only in the one canonical form.
fn from_bytes<'b, T: minicbor::Decode<'b, ()> + minicbor::Encode<()>>(bytes: &'b [u8]) -> Result<T> {
    if bytes.len() > BYTES_MAX {
        return Err(CodecError);
    }
    let value: T = minicbor::decode(bytes).map_err(|_| CodecError)?;
    if to_bytes(&value) == bytes { Ok(value) } else { Err(CodecError) }
}

/// An entry's canonical bytes.
pub fn encode(entry: &Entry) -> Vec<u8> {
    to_bytes(&written(entry))
}

/// Adds an entry's canonical bytes.
pub fn encode_to(bytes: &mut Vec<u8>, entry: &Entry) {
    add(bytes, &written(entry));
}

fn written(entry: &Entry) -> wire::Entry<'_> {
    wire::Entry {
        version: wire::VERSION,
        at: entry.at.as_millisecond(),
        person: entry.person.map(PersonId::value),
        what: (&entry.what).into(),
    }
}

/// Reads an entry: all bytes, and only in the one canonical form.
pub fn decode(bytes: &[u8]) -> Result<Entry> {
    if bytes.len() > BYTES_MAX {
        return Err(CodecError);
    }
    let wire: wire::Entry<'_> = minicbor::decode(bytes).map_err(|_| CodecError)?;
    if wire.version != wire::VERSION {
        return Err(CodecError);
    }
    let entry = Entry {
        at: time(wire.at)?,
        person: wire.person.map(|id| PersonId::from_stored(id).ok_or(CodecError)).transpose()?,
        what: what(wire.what)?,
    };
    if encode(&entry) == bytes { Ok(entry) } else { Err(CodecError) }
}

/// A person as an authority describes them, as bytes to be sealed.
pub fn encode_person(person: &Person) -> Vec<u8> {
    to_bytes(&wire::Person::from(person))
}

/// Reads a person.
pub fn decode_person(bytes: &[u8]) -> Result<Person> {
    from_bytes::<wire::Person<'_>>(bytes)?.try_into()
}

/// A caller as bytes to be sealed.
pub fn encode_caller(caller: &Caller) -> Vec<u8> {
    to_bytes(&wire::Caller::from(caller))
}

/// Reads a caller.
pub fn decode_caller(bytes: &[u8]) -> Result<Caller> {
    caller(from_bytes(bytes)?)
}

/// A person as demographics knows them, or the number's successor, as bytes to be sealed.
pub fn encode_register(entry: &crate::demographics::RegisterEntry) -> Vec<u8> {
    to_bytes(&wire::Register {
        number: entry.number.digits(),
        person: entry.person.as_ref().map(|person| wire::Demographics {
            given: &person.name.given,
            family: &person.name.family,
            birth: day_number(person.birth),
            restricted: person.restricted,
            deceased: person.deceased,
            sex: person.sex.map(Sex::number),
        }),
        superseded_by: entry.superseded_by.as_ref().map(NhsNumber::digits),
    })
}

/// Reads what [`encode_register`] wrote.
pub fn decode_register(bytes: &[u8]) -> Result<crate::demographics::RegisterEntry> {
    let entry: wire::Register<'_> = from_bytes(bytes)?;
    Ok(crate::demographics::RegisterEntry {
        number: number(entry.number)?,
        person: entry
            .person
            .map(|person| {
                Ok(Demographics {
                    name: PersonName { given: person.given.to_owned(), family: person.family.to_owned() },
                    birth: day(person.birth)?,
                    restricted: person.restricted,
                    deceased: person.deceased,
                    sex: person.sex.map(|sex| Sex::from_number(sex).ok_or(CodecError)).transpose()?,
                })
            })
            .transpose()?,
        superseded_by: entry.superseded_by.map(number).transpose()?,
    })
}

/// An acknowledgement as bytes to be sealed.
pub fn encode_acknowledgement(ack: &Acknowledgement) -> Vec<u8> {
    to_bytes(&answered::Acknowledgement::from(ack))
}

/// Reads an acknowledgement. Its size is bounded by the upload that it answers.
pub fn decode_acknowledgement(bytes: &[u8]) -> Result<Acknowledgement> {
    minicbor::decode::<answered::Acknowledgement<'_>>(bytes).map_err(|_| CodecError)?.try_into()
}

fn time(ms: i64) -> Result<Timestamp> {
    Timestamp::from_millisecond(ms).map_err(|_| CodecError)
}

fn day_number(day: Date) -> u32 {
    (i32::from(day.year()) * 10_000 + i32::from(day.month()) * 100 + i32::from(day.day())).max(0) as u32
}

fn day(number: u32) -> Result<Date> {
    let part = |value: u32| i8::try_from(value).map_err(|_| CodecError);
    let year = i16::try_from(number / 10_000).map_err(|_| CodecError)?;
    Date::new(year, part(number / 100 % 100)?, part(number % 100)?).map_err(|_| CodecError)
}

fn number(digits: &str) -> Result<NhsNumber> {
    digits.parse().map_err(|_| CodecError)
}

fn authority(code: &str) -> Result<AuthorityCode> {
    code.parse().map_err(|_| CodecError)
}

fn uuid(bytes: &[u8]) -> Result<Uuid> {
    Uuid::from_slice(bytes).map_err(|_| CodecError)
}

fn caller(wire: wire::Caller<'_>) -> Result<Caller> {
    let who = match (wire.client, wire.staff, wire.device) {
        (Some(client), None, None) => Who::System { client: client.into() },
        (None, None, Some(device)) => Who::Device(self::device(&device)?),
        (None, Some(staff), None) => Who::Person(Staff {
            user_id: staff.user.into(),
            role_profile_id: staff.role_profile.map(Into::into),
            role_code: staff.role_code.into(),
            role_name: staff.role_name.into(),
            name: staff.name.into(),
        }),
        _ => return Err(CodecError),
    };
    let organisation =
        Organisation { code: wire.organisation.parse().map_err(|_| CodecError)?, name: wire.organisation_name.into() };
    let site = wire.site.map(|site| {
        Ok(Site {
            code: site.code.parse().map_err(|_| CodecError)?,
            name: site.name.into(),
            organisation: organisation.code,
            setting: site.setting.parse().map_err(|_| CodecError)?,
        })
    });
    let rights = Rights {
        view: wire.rights & 1 != 0,
        view_silently: wire.rights & 2 != 0,
        privacy: wire.rights & 4 != 0,
        operator: wire.rights & 8 != 0,
        authority: wire.authority.map(authority).transpose()?,
    };
    Ok(Caller { who, site: site.transpose()?, organisation, rights })
}

fn device(wire: &wire::Device<'_>) -> Result<Device> {
    let responsible = wire.responsible.iter().map(|person| ResponsiblePerson {
        role_code: person.role_code.into(),
        role_name: person.role_name.into(),
        name: person.name.into(),
    });
    Ok(Device {
        asid: wire.asid.into(),
        event: uuid(wire.event)?,
        one_id_a_visit: wire.one_id_a_visit,
        responsible: responsible.collect(),
        place_name: wire.place_name.map(Into::into),
    })
}

fn contact(wire: &wire::Contact<'_>) -> Result<Contact> {
    Ok(Contact {
        emergency: wire.emergency.parse().map_err(|_| CodecError)?,
        office: wire.office.map(|office| office.parse().map_err(|_| CodecError)).transpose()?,
    })
}

fn shared(wire: wire::Caller<'_>) -> Result<Arc<Caller>> {
    caller(wire).map(Arc::new)
}

fn plan(wire: &wire::Plan<'_>) -> Result<Plan> {
    Ok(Plan {
        id: uuid(wire.id)?,
        version: wire.version,
        authority: authority(wire.authority)?,
        kind: PlanKind::from_number(wire.kind).ok_or(CodecError)?,
        dates: PlanDates {
            start: day(wire.start)?,
            end: wire.end.map(day).transpose()?,
            delete: wire.delete.map(day).transpose()?,
        },
    })
}

fn what(wire: wire::What<'_>) -> Result<What> {
    use wire::What as W;
    Ok(match wire {
        W::Look(look) => What::Look(Look {
            caller: shared(look.caller)?,
            author: look.author.map(|key| key.try_into().map(AuthorKey).map_err(|_| CodecError)).transpose()?,
            purpose: if look.access_list { Purpose::AccessList } else { Purpose::Flags },
            mode: if look.silent { Mode::Silent } else { Mode::Notifying },
            declared_against_activity: look.declared_against_activity,
            outcome: match (look.hidden, look.shown) {
                (true, shown) if shown.is_empty() => Outcome::Hidden,
                (false, shown) if shown.is_empty() => Outcome::Nothing,
                (false, shown) => Outcome::Shown(shown.iter().map(seen).collect::<Result<_>>()?),
                (true, _) => return Err(CodecError),
            },
            number: look.number.map(number).transpose()?,
            trace: look.trace.map(str::to_owned),
        }),
        W::Refused(refused) => What::Refused {
            caller: shared(refused.caller)?,
            action: refused.action.to_owned(),
            refusal: refusal(refused.refusal)?,
            number: refused.number.map(number).transpose()?,
        },
        W::PlanChanged(changed) => What::PlanChanged { plan: plan(&changed.plan)?, person: changed.person.try_into()? },
        W::ContactChanged(changed) => What::ContactChanged {
            authority: authority(changed.authority)?,
            name: changed.name.to_owned(),
            contact: contact(&changed.contact)?,
        },
        W::Uploaded(uploaded) => What::Uploaded {
            caller: shared(uploaded.caller)?,
            authority: authority(uploaded.authority)?,
            sequence: uploaded.sequence,
            checksum: uploaded.checksum.try_into().map_err(|_| CodecError)?,
            code: FileCode::from_code(uploaded.code).ok_or(CodecError)?,
            counts: (uploaded.loaded, uploaded.failed),
        },
        W::SequenceSkipped(skipped) => What::SequenceSkipped {
            caller: shared(skipped.caller)?,
            authority: authority(skipped.authority)?,
            sequence: skipped.sequence,
        },
        W::NumberSuperseded(change) => What::NumberSuperseded { old: number(change.old)?, new: number(change.new)? },
        W::Hidden(hidden) => {
            What::Hidden(hidden.reason.map(|reason| HiddenFor::from_number(reason).ok_or(CodecError)).transpose()?)
        }
        W::Erased(erased) => What::Erased {
            erased: PersonId::from_stored(erased.person).ok_or(CodecError)?,
            by: erased.by.to_owned(),
            why: erased.why.to_owned(),
        },
        W::AuthorityRead(read) => What::AuthorityRead {
            caller: shared(read.caller)?,
            authority: authority(read.authority)?,
            what: read.what.to_owned(),
            count: read.count,
        },
        W::RefusedUnknown(refused) => What::RefusedUnknown {
            counts: refused.counts.into_iter().map(|count| (count.kind.to_owned(), count.count)).collect(),
        },
        W::EpochBegun(epoch) => What::EpochBegun { tip: epoch.tip.to_owned() },
        W::Padding(()) => What::Padding,
        W::Reported(reported) => What::Reported {
            caller: shared(reported.caller)?,
            author: reported.author.try_into().map(AuthorKey).map_err(|_| CodecError)?,
            authority: authority(reported.authority)?,
            report: Report {
                kind: ReportKind::from_number(reported.kind).ok_or(CodecError)?,
                phone: reported.phone.map(|phone| phone.parse().map_err(|_| CodecError)).transpose()?,
                text: reported.text.map(|text| text.parse().map_err(|_| CodecError)).transpose()?,
                replaced_by: reported.replaced_by.map(|number| number.parse().map_err(|_| CodecError)).transpose()?,
            },
        },
        W::OrganisationChanged(changed) => What::OrganisationChanged {
            caller: shared(changed.caller)?,
            kind: changed.kind,
            code: changed.code.to_owned(),
            record: changed.record.to_vec(),
            why: changed.why.to_owned(),
        },
        W::BreakGlass(used) => What::BreakGlass { caller: shared(used.caller)?, why: used.why.to_owned() },
    })
}

fn seen(wire: &wire::Seen<'_>) -> Result<Seen> {
    Ok(Seen { plan: uuid(wire.plan)?, version: wire.version, authority: authority(wire.authority)? })
}

fn refusal(number: u8) -> Result<RefusedFor> {
    Ok(match number {
        1 => RefusedFor::Policy(Refusal::PersonNeeded),
        2 => RefusedFor::Policy(Refusal::NoActivity),
        3 => RefusedFor::Policy(Refusal::NotOwn),
        4 => RefusedFor::BirthMismatch,
        _ => return Err(CodecError),
    })
}

fn refusal_number(refusal: RefusedFor) -> u8 {
    match refusal {
        RefusedFor::Policy(Refusal::PersonNeeded) => 1,
        RefusedFor::Policy(Refusal::NoActivity) => 2,
        RefusedFor::Policy(Refusal::NotOwn) => 3,
        RefusedFor::BirthMismatch => 4,
    }
}

impl TryFrom<wire::Person<'_>> for Person {
    type Error = CodecError;

    fn try_from(wire: wire::Person<'_>) -> Result<Self> {
        Ok(Self {
            number: number(wire.number)?,
            local_id: wire.local_id.map(str::to_owned),
            name: PersonName { given: wire.given.to_owned(), family: wire.family.to_owned() },
            birth: day(wire.birth)?,
        })
    }
}

impl TryFrom<answered::Acknowledgement<'_>> for Acknowledgement {
    type Error = CodecError;

    fn try_from(wire: answered::Acknowledgement<'_>) -> Result<Self> {
        use cpis_model::codes::{Detail, RecordCode};
        Ok(Self {
            created: time(wire.created)?,
            sequence: wire.sequence,
            records: wire.records,
            code: FileCode::from_code(wire.code).ok_or(CodecError)?,
            authority: authority(wire.authority)?,
            authority_name: wire.authority_name.to_owned(),
            contact: wire.contact.as_ref().map(contact).transpose()?,
            loaded: wire.loaded,
            failed: wire.failed,
            rejections: wire
                .rejections
                .into_iter()
                .map(|rejection| {
                    Ok(Rejection {
                        position: rejection.position,
                        code: RecordCode::from_code(rejection.code).ok_or(CodecError)?,
                        detail: rejection.detail.map(|code| Detail::from_code(code).ok_or(CodecError)).transpose()?,
                        location: rejection.location.to_owned(),
                        shape: rejection.shape.map(str::to_owned),
                        advice: rejection.advice.map(str::to_owned),
                    })
                })
                .collect::<Result<_>>()?,
            file_faults: wire
                .file_faults
                .into_iter()
                .map(|fault| (fault.place.to_owned(), fault.text.to_owned()))
                .collect(),
            returned: wire.returned.into_iter().map(|record| (record.position, record.bytes.to_vec())).collect(),
        })
    }
}

#[cfg(test)]
mod tests;
