//! The structs of the journal's bytes. Numbers are for ever.

use super::{day_number, refusal_number};
use cpis_model::access::Purpose;
use cpis_model::caller::{Mode, Who};
use cpis_model::entry::{Outcome, What as ModelWhat};
use cpis_model::nhs_number::NhsNumber;
use cpis_model::{caller, notice, organisation, plan, upload};
use minicbor::{Decode, Encode};

/// Version of the entry's form.
pub const VERSION: u8 = 1;

#[derive(Encode, Decode)]
pub struct Entry<'a> {
    #[n(0)]
    pub version: u8,
    #[n(1)]
    pub at: i64,
    #[n(2)]
    pub person: Option<i64>,
    #[b(3)]
    pub what: What<'a>,
}

#[derive(Encode, Decode)]
pub enum What<'a> {
    #[n(1)]
    Look(#[b(0)] Box<Look<'a>>),
    #[n(2)]
    Refused(#[b(0)] Refused<'a>),
    #[n(3)]
    PlanChanged(#[b(0)] PlanChanged<'a>),
    #[n(4)]
    ContactChanged(#[b(0)] ContactChanged<'a>),
    #[n(5)]
    Uploaded(#[b(0)] Uploaded<'a>),
    #[n(6)]
    SequenceSkipped(#[b(0)] SequenceSkipped<'a>),
    #[n(7)]
    NumberSuperseded(#[b(0)] NumberSuperseded<'a>),
    #[n(8)]
    Hidden(#[n(0)] Hidden),
    #[n(9)]
    Erased(#[b(0)] Erased<'a>),
    #[n(10)]
    AuthorityRead(#[b(0)] AuthorityRead<'a>),
    #[n(11)]
    RefusedUnknown(#[b(0)] RefusedUnknown<'a>),
    #[n(12)]
    EpochBegun(#[b(0)] EpochBegun<'a>),
    #[n(13)]
    Padding(#[n(0)] ()),
    #[n(14)]
    Reported(#[b(0)] Reported<'a>),
    #[n(15)]
    OrganisationChanged(#[b(0)] OrganisationChanged<'a>),
    #[n(16)]
    BreakGlass(#[b(0)] BreakGlass<'a>),
}

#[derive(Encode, Decode)]
pub struct Staff<'a> {
    #[b(0)]
    pub user: &'a str,
    #[b(1)]
    pub role_profile: Option<&'a str>,
    #[b(2)]
    pub role_code: &'a str,
    #[b(3)]
    pub role_name: &'a str,
    #[b(4)]
    pub name: &'a str,
}

#[derive(Encode, Decode)]
pub struct Site<'a> {
    #[b(0)]
    pub code: &'a str,
    #[b(1)]
    pub name: &'a str,
    #[b(2)]
    pub setting: &'a str,
}

#[derive(Encode, Decode)]
pub struct Responsible<'a> {
    #[b(0)]
    pub role_code: &'a str,
    #[b(1)]
    pub role_name: &'a str,
    #[b(2)]
    pub name: &'a str,
}

#[derive(Encode, Decode)]
pub struct Device<'a> {
    #[b(0)]
    pub asid: &'a str,
    #[b(1)]
    #[cbor(with = "minicbor::bytes")]
    pub event: &'a [u8],
    #[n(2)]
    pub one_id_a_visit: bool,
    #[b(3)]
    pub responsible: Vec<Responsible<'a>>,
    #[b(4)]
    pub place_name: Option<&'a str>,
}

impl<'a> From<&'a caller::Device> for Device<'a> {
    fn from(device: &'a caller::Device) -> Self {
        let responsible = device.responsible.iter().map(|person| Responsible {
            role_code: &person.role_code,
            role_name: &person.role_name,
            name: &person.name,
        });
        Self {
            asid: &device.asid,
            event: device.event.as_bytes(),
            one_id_a_visit: device.one_id_a_visit,
            responsible: responsible.collect(),
            place_name: device.place_name.as_deref(),
        }
    }
}

#[derive(Encode, Decode)]
pub struct Caller<'a> {
    #[b(0)]
    pub staff: Option<Staff<'a>>,
    #[b(1)]
    pub client: Option<&'a str>,
    #[b(2)]
    pub organisation: &'a str,
    #[b(3)]
    pub organisation_name: &'a str,
    #[b(4)]
    pub site: Option<Site<'a>>,
    #[n(5)]
    pub rights: u8,
    #[b(6)]
    pub authority: Option<&'a str>,
    #[b(7)]
    pub device: Option<Device<'a>>,
}

impl<'a> From<&'a caller::Caller> for Caller<'a> {
    fn from(caller: &'a caller::Caller) -> Self {
        let (staff, client, device) = match &caller.who {
            Who::Person(staff) => (
                Some(Staff {
                    user: &staff.user_id,
                    role_profile: staff.role_profile_id.as_deref(),
                    role_code: &staff.role_code,
                    role_name: &staff.role_name,
                    name: &staff.name,
                }),
                None,
                None,
            ),
            Who::System { client } => (None, Some(&**client), None),
            Who::Device(device) => (None, None, Some(device.into())),
        };
        let rights = &caller.rights;
        Self {
            staff,
            client,
            organisation: caller.organisation.code.as_str(),
            organisation_name: &caller.organisation.name,
            site: caller.site.as_ref().map(|site| Site {
                code: site.code.as_str(),
                name: &site.name,
                setting: site.setting.code(),
            }),
            rights: u8::from(rights.view)
                | u8::from(rights.view_silently) << 1
                | u8::from(rights.privacy) << 2
                | u8::from(rights.operator) << 3,
            authority: rights.authority.as_ref().map(|code| code.0.as_str()),
            device,
        }
    }
}

#[derive(Encode, Decode)]
pub struct Seen<'a> {
    #[b(0)]
    #[cbor(with = "minicbor::bytes")]
    pub plan: &'a [u8],
    #[n(1)]
    pub version: u32,
    #[b(2)]
    pub authority: &'a str,
}

#[derive(Encode, Decode)]
#[expect(clippy::struct_excessive_bools, reason = "the form of the stored bytes")]
pub struct Look<'a> {
    #[b(0)]
    pub caller: Caller<'a>,
    #[b(1)]
    #[cbor(with = "minicbor::bytes")]
    pub author: Option<&'a [u8]>,
    #[n(2)]
    pub access_list: bool,
    #[n(3)]
    pub silent: bool,
    #[n(4)]
    pub declared_against_activity: bool,
    #[n(5)]
    pub hidden: bool,
    #[b(6)]
    pub shown: Vec<Seen<'a>>,
    #[b(7)]
    pub number: Option<&'a str>,
    #[b(8)]
    pub trace: Option<&'a str>,
}

#[derive(Encode, Decode)]
pub struct Refused<'a> {
    #[b(0)]
    pub caller: Caller<'a>,
    #[b(1)]
    pub action: &'a str,
    #[n(2)]
    pub refusal: u8,
    #[b(3)]
    pub number: Option<&'a str>,
}

#[derive(Encode, Decode)]
pub struct Plan<'a> {
    #[b(0)]
    #[cbor(with = "minicbor::bytes")]
    pub id: &'a [u8],
    #[n(1)]
    pub version: u32,
    #[b(2)]
    pub authority: &'a str,
    #[n(3)]
    pub kind: u8,
    #[n(4)]
    pub start: u32,
    #[n(5)]
    pub end: Option<u32>,
    #[n(6)]
    pub delete: Option<u32>,
}

#[derive(Encode, Decode)]
pub struct Person<'a> {
    #[b(0)]
    pub number: &'a str,
    #[b(1)]
    pub local_id: Option<&'a str>,
    #[b(2)]
    pub given: &'a str,
    #[b(3)]
    pub family: &'a str,
    #[n(4)]
    pub birth: u32,
}

impl<'a> From<&'a upload::Person> for Person<'a> {
    fn from(person: &'a upload::Person) -> Self {
        Self {
            number: person.number.digits(),
            local_id: person.local_id.as_deref(),
            given: &person.name.given,
            family: &person.name.family,
            birth: day_number(person.birth),
        }
    }
}

#[derive(Encode, Decode)]
pub struct PlanChanged<'a> {
    #[b(0)]
    pub plan: Plan<'a>,
    #[b(1)]
    pub person: Person<'a>,
}

#[derive(Encode, Decode)]
pub struct Contact<'a> {
    #[b(0)]
    pub emergency: &'a str,
    #[b(1)]
    pub office: Option<&'a str>,
}

impl<'a> From<&'a organisation::Contact> for Contact<'a> {
    fn from(contact: &'a organisation::Contact) -> Self {
        Self { emergency: contact.emergency.as_str(), office: contact.office.as_ref().map(organisation::Phone::as_str) }
    }
}

#[derive(Encode, Decode)]
pub struct ContactChanged<'a> {
    #[b(0)]
    pub authority: &'a str,
    #[b(1)]
    pub name: &'a str,
    #[b(2)]
    pub contact: Contact<'a>,
}

#[derive(Encode, Decode)]
pub struct Uploaded<'a> {
    #[b(0)]
    pub caller: Caller<'a>,
    #[b(1)]
    pub authority: &'a str,
    #[n(2)]
    pub sequence: u64,
    #[b(3)]
    #[cbor(with = "minicbor::bytes")]
    pub checksum: &'a [u8],
    #[b(4)]
    pub code: &'a str,
    #[n(5)]
    pub loaded: u32,
    #[n(6)]
    pub failed: u32,
}

#[derive(Encode, Decode)]
pub struct SequenceSkipped<'a> {
    #[b(0)]
    pub caller: Caller<'a>,
    #[b(1)]
    pub authority: &'a str,
    #[n(2)]
    pub sequence: u64,
}

#[derive(Encode, Decode)]
pub struct NumberSuperseded<'a> {
    #[b(0)]
    pub old: &'a str,
    #[b(1)]
    pub new: &'a str,
}

#[derive(Encode, Decode)]
pub struct Hidden {
    #[n(0)]
    pub reason: Option<u8>,
}

#[derive(Encode, Decode)]
pub struct Erased<'a> {
    #[n(0)]
    pub person: i64,
    #[b(1)]
    pub by: &'a str,
    #[b(2)]
    pub why: &'a str,
}

#[derive(Encode, Decode)]
pub struct AuthorityRead<'a> {
    #[b(0)]
    pub caller: Caller<'a>,
    #[b(1)]
    pub authority: &'a str,
    #[b(2)]
    pub what: &'a str,
    #[n(3)]
    pub count: u32,
}

#[derive(Encode, Decode)]
pub struct Count<'a> {
    #[b(0)]
    pub kind: &'a str,
    #[n(1)]
    pub count: u64,
}

#[derive(Encode, Decode)]
pub struct RefusedUnknown<'a> {
    #[b(0)]
    pub counts: Vec<Count<'a>>,
}

#[derive(Encode, Decode)]
pub struct EpochBegun<'a> {
    #[b(0)]
    pub tip: &'a str,
}

#[derive(Encode, Decode)]
pub struct Reported<'a> {
    #[b(0)]
    pub caller: Caller<'a>,
    #[b(1)]
    #[cbor(with = "minicbor::bytes")]
    pub author: &'a [u8],
    #[b(2)]
    pub authority: &'a str,
    #[n(3)]
    pub kind: u8,
    #[b(4)]
    pub phone: Option<&'a str>,
    #[b(5)]
    pub text: Option<&'a str>,
    #[b(6)]
    pub replaced_by: Option<&'a str>,
}

#[derive(Encode, Decode)]
pub struct OrganisationChanged<'a> {
    #[b(0)]
    pub caller: Caller<'a>,
    #[n(1)]
    pub kind: u8,
    #[b(2)]
    pub code: &'a str,
    #[b(3)]
    #[cbor(with = "minicbor::bytes")]
    pub record: &'a [u8],
    #[b(4)]
    pub why: &'a str,
}

#[derive(Encode, Decode)]
pub struct BreakGlass<'a> {
    #[b(0)]
    pub caller: Caller<'a>,
    #[b(1)]
    pub why: &'a str,
}

#[derive(Encode, Decode)]
pub struct Demographics<'a> {
    #[b(0)]
    pub given: &'a str,
    #[b(1)]
    pub family: &'a str,
    #[n(2)]
    pub birth: u32,
    #[n(3)]
    pub restricted: bool,
    #[n(4)]
    pub deceased: bool,
    #[n(5)]
    pub sex: Option<u8>,
}

#[derive(Encode, Decode)]
pub struct Register<'a> {
    #[b(0)]
    pub number: &'a str,
    #[b(1)]
    pub person: Option<Demographics<'a>>,
    #[b(2)]
    pub superseded_by: Option<&'a str>,
}

impl<'a> From<&'a plan::Plan> for Plan<'a> {
    fn from(plan: &'a plan::Plan) -> Self {
        Self {
            id: plan.id.as_bytes(),
            version: plan.version,
            authority: plan.authority.0.as_str(),
            kind: plan.kind.number(),
            start: day_number(plan.dates.start),
            end: plan.dates.end.map(day_number),
            delete: plan.dates.delete.map(day_number),
        }
    }
}

impl<'a> From<&'a ModelWhat> for What<'a> {
    fn from(what: &'a ModelWhat) -> Self {
        match what {
            ModelWhat::Look(look) => {
                let shown = match &look.outcome {
                    Outcome::Shown(seen) => seen.as_slice(),
                    Outcome::Nothing | Outcome::Hidden => &[],
                };
                Self::Look(Box::new(Look {
                    caller: (&*look.caller).into(),
                    author: look.author.as_ref().map(|author| author.0.as_slice()),
                    access_list: look.purpose == Purpose::AccessList,
                    silent: look.mode == Mode::Silent,
                    declared_against_activity: look.declared_against_activity,
                    hidden: look.outcome == Outcome::Hidden,
                    shown: shown
                        .iter()
                        .map(|seen| Seen {
                            plan: seen.plan.as_bytes(),
                            version: seen.version,
                            authority: seen.authority.0.as_str(),
                        })
                        .collect(),
                    number: look.number.as_ref().map(NhsNumber::digits),
                    trace: look.trace.as_deref(),
                }))
            }
            ModelWhat::Refused { caller, action, refusal, number } => Self::Refused(Refused {
                caller: (&**caller).into(),
                action,
                refusal: refusal_number(*refusal),
                number: number.as_ref().map(NhsNumber::digits),
            }),
            ModelWhat::PlanChanged { plan, person } => {
                Self::PlanChanged(PlanChanged { plan: plan.into(), person: person.into() })
            }
            ModelWhat::ContactChanged { authority, name, contact } => {
                Self::ContactChanged(ContactChanged { authority: authority.0.as_str(), name, contact: contact.into() })
            }
            ModelWhat::Uploaded { caller, authority, sequence, checksum, code, counts } => Self::Uploaded(Uploaded {
                caller: (&**caller).into(),
                authority: authority.0.as_str(),
                sequence: *sequence,
                checksum,
                code: code.code(),
                loaded: counts.0,
                failed: counts.1,
            }),
            ModelWhat::SequenceSkipped { caller, authority, sequence } => Self::SequenceSkipped(SequenceSkipped {
                caller: (&**caller).into(),
                authority: authority.0.as_str(),
                sequence: *sequence,
            }),
            ModelWhat::NumberSuperseded { old, new } => {
                Self::NumberSuperseded(NumberSuperseded { old: old.digits(), new: new.digits() })
            }
            ModelWhat::Hidden(reason) => {
                Self::Hidden(Hidden { reason: reason.map(cpis_model::entry::HiddenFor::number) })
            }
            ModelWhat::Erased { erased, by, why } => Self::Erased(Erased { person: erased.value(), by, why }),
            ModelWhat::AuthorityRead { caller, authority, what, count } => Self::AuthorityRead(AuthorityRead {
                caller: (&**caller).into(),
                authority: authority.0.as_str(),
                what,
                count: *count,
            }),
            ModelWhat::RefusedUnknown { counts } => Self::RefusedUnknown(RefusedUnknown {
                counts: counts.iter().map(|(kind, count)| Count { kind, count: *count }).collect(),
            }),
            ModelWhat::EpochBegun { tip } => Self::EpochBegun(EpochBegun { tip }),
            ModelWhat::Padding => Self::Padding(()),
            ModelWhat::Reported { caller, author, authority, report } => Self::Reported(Reported {
                caller: (&**caller).into(),
                author: &author.0,
                authority: authority.0.as_str(),
                kind: report.kind.number(),
                phone: report.phone.as_ref().map(organisation::Phone::as_str),
                text: report.text.as_ref().map(notice::ReportText::as_str),
                replaced_by: report.replaced_by.as_ref().map(NhsNumber::digits),
            }),
            ModelWhat::OrganisationChanged { caller, kind, code, record, why } => {
                Self::OrganisationChanged(OrganisationChanged {
                    caller: (&**caller).into(),
                    kind: *kind,
                    code,
                    record,
                    why,
                })
            }
            ModelWhat::BreakGlass { caller, why } => Self::BreakGlass(BreakGlass { caller: (&**caller).into(), why }),
        }
    }
}
