//! Writes answers, strictly as the schema (spec/hl7v3.md 3.4, 4.4 and 9.5 to 9.7).

use super::fault::Reason;
use super::query::Head;
use super::wrapper::{VERSION, VERSION_OF_FAILURES, Wrapper};
use super::{ACKNOWLEDGEMENT, FAILURE, RESPONSE};
use crate::author;
use crate::names::{answer_element, subject_element, template as plan_template};
use crate::notification::{moment_and_id, named, template};
use crate::write::{attribute, element, organisation, person_ids, raw};
use crate::xml::allowed;
use cpis_model::answer::{ShownAccess, ShownPlan};
use cpis_model::caller::Who;
use cpis_model::nhs_number::NhsNumber;
use cpis_model::organisation::AuthorityCode;
use cpis_model::plan::PlanKind;
use cpis_model::upload::SubjectKind;
use cpis_model::{Date, Timestamp, Uuid};
use std::io::Write;

/// Most plans of one record.
const PLANS_OF_RECORD_MAX: usize = 3;

/// One answer's place in the exchange.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// Id of the answer.
    pub message: Uuid,
    /// When it is made.
    pub made: Timestamp,
    /// The service's address.
    pub address: &'a str,
    /// The service's ASID.
    pub asid: &'a str,
    /// What is repeated of the question.
    pub head: &'a Head,
}

/// What was found.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// Id of what is told.
    pub id: Uuid,
    /// The number that was asked for.
    pub number: NhsNumber,
    /// The plans: one at least, or there is nothing to be written.
    pub plans: &'a [ShownPlan],
    /// The accesses, newest first.
    pub accesses: &'a [ShownAccess],
}

impl Exchange<'_> {
    fn wrapper(&self, interaction: &'static str, is_failure: bool) -> Wrapper<'_> {
        Wrapper {
            interaction,
            version: if is_failure { VERSION_OF_FAILURES } else { VERSION },
            message: self.message,
            made: self.made,
            to: "",
            from: self.address,
            reply_to: false,
            relates_to: Some(&self.head.message_id),
            acknowledges: is_failure.then_some(self.head.message),
            receiver: &self.head.sender,
            sender: self.asid,
            processing: self.head.processing,
        }
    }
}

/// The answer with a record. The accesses stand oldest first (spec/decisions.md section 5).
pub fn found_xml(exchange: &Exchange, found: &Found) -> Vec<u8> {
    let records = records(found.plans);
    let out = &mut Vec::with_capacity(4096 + 1536 * (found.accesses.len() + records.len()));
    exchange.wrapper(RESPONSE, false).write(out, |out| {
        raw(out, "<subject typeCode=\"SUBJ\"><CP-ISNHSQueryResponse>\n");
        moment_and_id(out, exchange.made, found.id);
        raw(out, "\n");
        total(out, "pertinentInformation11", "pertinentTotalReturnedAccessRecords", found.accesses.len());
        let count = records.iter().map(|(_, parts)| parts.len()).sum();
        total(out, "pertinentInformation12", "pertinentTotalReturnedChildRecords", count);
        for access in found.accesses.iter().rev() {
            raw(out, "<pertinentInformation13><pertinentCP-ISNHSQuery>");
            write_access(out, access, found.number);
            raw(out, "</pertinentCP-ISNHSQuery></pertinentInformation13>\n");
        }
        for (_, parts) in &records {
            raw(out, "<pertinentInformation14><pertinentCP-ISRecordControlAct>\n");
            for plans in parts {
                write_record(out, plans, found.number);
            }
            raw(out, "</pertinentCP-ISRecordControlAct></pertinentInformation14>\n");
        }
        raw(out, "</CP-ISNHSQueryResponse></subject>\n");
        raw(out, "<queryAck type=\"QueryAck\"><queryResponseCode code=\"OK\"/></queryAck>\n");
    });
    std::mem::take(out)
}

/// The answer that nothing is held for the number.
pub fn not_found_xml(exchange: &Exchange) -> Vec<u8> {
    let out = &mut Vec::with_capacity(4096);
    exchange.wrapper(FAILURE, true).write(out, |out| {
        Reason::NOT_FOUND.write(out);
        raw(out, "<queryAck type=\"QueryAck\"><queryResponseCode code=\"ID\"/></queryAck>\n");
    });
    std::mem::take(out)
}

/// The answer that the question has faults, or that the service has: nothing is told about the child.
pub fn error_xml(exchange: &Exchange, reasons: &[Reason]) -> Vec<u8> {
    let out = &mut Vec::with_capacity(4096);
    exchange.wrapper(ACKNOWLEDGEMENT, true).write(out, |out| reasons.iter().for_each(|reason| reason.write(out)));
    std::mem::take(out)
}

fn total(out: &mut Vec<u8>, holder: &str, name: &str, count: usize) {
    let _ = writeln!(out, "<{holder}><{name}><value value=\"{count}\"/></{name}></{holder}>");
}

/// The id of an access is the one that its own query gave it, where it came by one.
fn write_access(out: &mut Vec<u8>, access: &ShownAccess, number: NhsNumber) {
    let caller = &access.caller;
    let id = match &caller.who {
        Who::Device(device) => device.event,
        Who::Person(_) | Who::System { .. } => access.id,
    };
    moment_and_id(out, access.at, id);
    author::write(out, &caller.who, &caller.organisation, caller.site.as_ref());
    raw(out, "<queryByParameter><person.NHSnumber><value");
    attribute(out, "extension", number.digits());
    raw(out, "/></person.NHSnumber></queryByParameter>");
}

type Record<'a> = Vec<&'a ShownPlan>;

/// The plans of each authority, in records that hold one plan of a kind at most.
fn records(plans: &[ShownPlan]) -> Vec<(AuthorityCode, Vec<Record<'_>>)> {
    let mut all: Vec<(AuthorityCode, Vec<Record>)> = Vec::new();
    for shown in plans {
        let authority = shown.plan.authority;
        let place = all.iter().position(|(own, _)| *own == authority).unwrap_or_else(|| {
            all.push((authority, Vec::new()));
            all.len() - 1
        });
        let Some((_, records)) = all.get_mut(place) else { continue };
        let fits = |record: &&mut Record| {
            record.len() < PLANS_OF_RECORD_MAX && record.iter().all(|other| other.plan.kind != shown.plan.kind)
        };
        match records.iter_mut().find(fits) {
            Some(record) => record.push(shown),
            None => records.push(vec![shown]),
        }
    }
    all
}

fn write_record(out: &mut Vec<u8>, plans: &[&ShownPlan], number: NhsNumber) {
    let Some(first) = plans.first() else { return };
    raw(out, "<record><communicationFunctionSnd>");
    let authority = first.plan.authority;
    organisation(out, authority, &named(&first.authority_name, authority.0.as_str()), first.contact.as_ref());
    raw(out, "</communicationFunctionSnd><CP-ISRecord>\n");
    for shown in plans {
        write_plan(out, shown);
    }
    for subject in [SubjectKind::Child, SubjectKind::Unborn] {
        if let Some(shown) = plans.iter().find(|shown| subject.holds(shown.plan.kind)) {
            write_subject(out, subject, shown, number);
        }
    }
    raw(out, "</CP-ISRecord></record>\n");
}

fn write_plan(out: &mut Vec<u8>, shown: &ShownPlan) {
    let (kind, dates) = (shown.plan.kind, shown.plan.dates);
    let names = plan_template(kind);
    // The schema wants the end of an unborn child's plan; uploads without it are refused.
    let end = dates.end.or((kind == PlanKind::Unborn).then_some(dates.start));
    raw(out, "<pertinentInformation15>");
    template(out, answer_element(kind), |out| {
        for (holder, name, day) in [("component", names.start, Some(dates.start)), ("component1", names.end, end)] {
            if let Some(day) = day {
                let day = compact(day);
                let _ = write!(out, "<{holder}><{name}><value value=\"{day}0000\"/></{name}></{holder}>");
            }
        }
    });
    raw(out, "</pertinentInformation15>\n");
}

/// The child, or the mother of an unborn child, as the authority names them. The authority's own id for them stays with it.
fn write_subject(out: &mut Vec<u8>, subject: SubjectKind, shown: &ShownPlan, number: NhsNumber) {
    let person = |out: &mut Vec<u8>| {
        let _ = write!(out, "<birthTime value=\"{}\"/><name>", compact(shown.person.birth));
        element(out, "given", &allowed(&shown.person.name.given));
        element(out, "family", &allowed(&shown.person.name.family));
        raw(out, "</name>");
    };
    let ids = |out: &mut Vec<u8>| person_ids(out, "id", number, None, "");
    raw(out, "<subject>");
    template(out, subject_element(subject), |out| match subject {
        SubjectKind::Child => {
            ids(out);
            raw(out, "<childPerson>");
            person(out);
            raw(out, "</childPerson>");
        }
        SubjectKind::Unborn => {
            raw(out, "<parentMotherPerson>");
            person(out);
            raw(out, "<playedMother>");
            ids(out);
            raw(out, "</playedMother></parentMotherPerson>");
        }
    });
    raw(out, "</subject>\n");
}

fn compact(day: Date) -> String {
    format!("{:04}{:02}{:02}", day.year(), day.month(), day.day())
}
