//! Each shape of answer against its file in `golden/`, and what must hold for all answers.
//! `UPDATE_EXPECT=1 cargo test -p cpis-format-fhir` writes the files anew.

use super::*;
use crate::link::{self_link_get, self_link_post};
use crate::query::Resource;
use cpis_model::answer::ShownAccess;
use cpis_model::caller::{Rights, Staff, Who};
use cpis_model::name::PersonName;
use cpis_model::organisation::{Contact, Organisation, Site};
use cpis_model::plan::{Plan, PlanDates, PlanKind};
use cpis_model::upload::Person;
use expect_test::expect_file;
use std::sync::Arc;

mod properties;
mod r4;

const BASE: &str = "https://cpis.example.org/cpis/FHIR/R4";
const BUNDLE: Uuid = Uuid::from_u128(0x7b0d_7a52_4a6f_4a0e_9a3c_0d8b_5a1f_2c10);

fn number() -> NhsNumber {
    "9990000018".parse().unwrap()
}

fn at() -> Timestamp {
    "2026-03-02T09:15:27Z".parse().unwrap()
}

fn link(resource: Resource) -> String {
    self_link_get(BASE, resource, "patient:identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018")
}

fn plan(id: u128, kind: PlanKind, authority: (&str, &str), start: &str, end: Option<&str>, ended: bool) -> ShownPlan {
    let dates = PlanDates { start: start.parse().unwrap(), end: end.map(|end| end.parse().unwrap()), delete: None };
    ShownPlan {
        plan: Plan { id: Uuid::from_u128(id), version: 1, authority: authority.0.parse().unwrap(), kind, dates },
        ended,
        person: Person {
            number: "9990000018".parse().unwrap(),
            local_id: Some("LOCAL-1".to_owned()),
            name: PersonName::new("Not", "Shown"),
            birth: "2017-04-04".parse().unwrap(),
        },
        authority_name: authority.1.into(),
        contact: Some(Contact {
            emergency: "01632 960199".parse().unwrap(),
            office: Some("01632 960101".parse().unwrap()),
        }),
    }
}

const SHIRE: (&str, &str) = ("ZZ001", "Exampleshire County Council");
const TOWN: (&str, &str) = ("ZZ002", "Borough of \"Sample\" & Muster \\ Tŵr");

fn shire_plan() -> ShownPlan {
    plan(1, PlanKind::ChildProtection, SHIRE, "2026-01-12", None, false)
}

fn person(user: &str, profile: Option<&str>, site: Option<(&str, &str)>) -> Arc<Caller> {
    let organisation = Organisation { code: "RZZ".parse().unwrap(), name: "EXAMPLE NHS TRUST".into() };
    Arc::new(Caller {
        who: Who::Person(Staff {
            user_id: user.into(),
            role_profile_id: profile.map(Into::into),
            role_code: "R0110".into(),
            role_name: "Specialist Registrar".into(),
            name: format!("Dr Robin SAMPLE{user}").into(),
        }),
        site: site.map(|(code, name)| Site {
            code: code.parse().unwrap(),
            name: name.into(),
            organisation: organisation.code,
            setting: "U01".parse().unwrap(),
        }),
        organisation,
        rights: Rights { view: true, ..Rights::default() },
    })
}

fn emergency_department(user: &str) -> Arc<Caller> {
    person(user, Some("555021935107"), Some(("RZZ01", "EXAMPLE GENERAL HOSPITAL - EMERGENCY DEPARTMENT")))
}

fn system() -> Arc<Caller> {
    let organisation = Organisation { code: "NZZ".parse().unwrap(), name: "EXAMPLE 111 SERVICE".into() };
    let who = Who::System { client: "200000000999".into() };
    Arc::new(Caller { who, organisation, site: None, rights: Rights::default() })
}

fn access(id: u128, minute: i64, caller: &Arc<Caller>) -> ShownAccess {
    let first: Timestamp = "2026-02-20T21:47:03Z".parse().unwrap();
    let at = Timestamp::from_second(first.as_second() + 60 * minute).unwrap();
    ShownAccess { id: Uuid::from_u128(0xa_0000 + id), at, caller: Arc::clone(caller) }
}

fn teams(plans: &[ShownPlan]) -> Vec<u8> {
    care_teams(BASE, &link(Resource::CareTeam), BUNDLE, at(), number(), plans)
}

fn history(list: &AccessList, count: Option<u32>) -> Vec<u8> {
    accesses(BASE, &link(Resource::AuditEvent), BUNDLE, at(), number(), list, count)
}

fn check(name: &str, bytes: &[u8]) {
    r4::check(bytes);
    expect_file![format!("{}/golden/{name}.json", env!("CARGO_MANIFEST_DIR"))].assert_eq(&indented(bytes));
}

/// The same document with line breaks: what is short stays on one line.
pub fn indented(bytes: &[u8]) -> String {
    fn write(out: &mut String, text: &str, depth: usize) {
        let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
        if text.len() <= 100 || !text.starts_with(['{', '[']) {
            out.push_str(text);
            return;
        }
        out.push_str(&text[..1]);
        for (index, member) in split(inner).into_iter().enumerate() {
            out.push_str(if index == 0 { "\n" } else { ",\n" });
            out.push_str(&"  ".repeat(depth + 1));
            let value = if text.starts_with('{') { member.find("\":").map_or(0, |colon| colon + 2) } else { 0 };
            out.push_str(&member[..value]);
            write(out, &member[value..], depth + 1);
        }
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
        out.push_str(&text[text.len() - 1..]);
    }
    /// At the commas that stand neither in a text nor in an inner object or array.
    fn split(inner: &str) -> Vec<&str> {
        let (mut members, mut start, mut depth, mut quoted, mut escaped) = (Vec::new(), 0, 0, false, false);
        for (place, byte) in inner.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = !quoted,
                _ if quoted => {}
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                b',' if depth == 0 => {
                    members.push(&inner[start..place]);
                    start = place + 1;
                }
                _ => {}
            }
        }
        members.push(&inner[start..]);
        members
    }
    let mut out = String::new();
    write(&mut out, std::str::from_utf8(bytes).unwrap(), 0);
    out.push('\n');
    out
}

#[test]
fn one_plan() {
    check("care_team_one", &teams(&[shire_plan()]));
}

#[test]
fn no_plan_is_a_total_of_nought_without_entries() {
    check("care_team_none", &teams(&[]));
}

#[test]
fn two_plans_of_two_authorities_the_later_first() {
    let mut looked_after = plan(2, PlanKind::LookedAfter, TOWN, "2026-02-01", Some("2026-12-31"), false);
    looked_after.contact = Some(Contact { emergency: "+441632960199".parse().unwrap(), office: None });
    check("care_team_two", &teams(&[shire_plan(), looked_after]));
}

#[test]
fn ended_unborn_and_yet_to_start() {
    let ended = plan(3, PlanKind::ChildProtection, SHIRE, "2025-01-12", Some("2026-02-28"), true);
    let mut unborn = plan(4, PlanKind::Unborn, SHIRE, "2026-02-14", Some("2026-06-30"), false);
    unborn.contact = None;
    check("care_team_ended", &teams(&[ended]));
    check("care_team_unborn", &teams(&[unborn]));
    let proposed = plan(5, PlanKind::ChildProtection, SHIRE, "2026-03-03", None, false);
    let text = String::from_utf8(teams(&[proposed])).unwrap();
    assert!(text.contains("\"status\":\"proposed\""));
}

#[test]
fn plans_that_start_together_stand_by_authority_then_kind() {
    let start = "2026-01-12";
    let plans = [
        plan(1, PlanKind::LookedAfter, TOWN, start, None, false),
        plan(2, PlanKind::LookedAfter, SHIRE, start, None, false),
        plan(3, PlanKind::ChildProtection, SHIRE, start, None, false),
        plan(4, PlanKind::ChildProtection, TOWN, "2026-01-13", None, false),
    ];
    let bundle: serde_json::Value = serde_json::from_slice(&teams(&plans)).unwrap();
    let ids = bundle["entry"].as_array().unwrap().iter().map(|entry| entry["resource"]["id"].as_str().unwrap());
    let expected = [4u128, 3, 2, 1].map(|id| Uuid::from_u128(id).to_string());
    assert_eq!(ids.collect::<Vec<_>>(), expected);
}

#[test]
fn an_answer_to_a_post_has_no_number_in_its_link() {
    let link = self_link_post(BASE, Resource::CareTeam);
    let bytes = care_teams(BASE, &link, BUNDLE, at(), number(), &[]);
    assert!(!String::from_utf8(bytes).unwrap().contains(number().digits()));
}

#[test]
fn one_access_and_none() {
    let one = AccessList { accesses: vec![access(1, 0, &emergency_department(""))], complete_to: None };
    check("audit_event_one", &history(&one, None));
    check("audit_event_none", &history(&AccessList { accesses: vec![], complete_to: None }, None));
}

#[test]
fn a_system_and_people_without_site_or_profile() {
    let accesses = vec![access(2, 5, &system()), access(1, 0, &person("1", None, Some(("RZZ", "EXAMPLE NHS TRUST"))))];
    check("audit_event_system", &history(&AccessList { accesses, complete_to: None }, None));
}

#[test]
fn a_list_that_lags_says_so() {
    let complete_to = Some("2026-03-02T09:14:00Z".parse().unwrap());
    let one = AccessList { accesses: vec![access(1, 0, &emergency_department(""))], complete_to };
    check("audit_event_lagging", &history(&one, None));
    check("audit_event_lagging_empty", &history(&AccessList { accesses: vec![], complete_to }, None));
}

/// Thirty accesses by three authors, oldest first, to be put right.
fn thirty() -> AccessList {
    let authors = [emergency_department("1"), emergency_department("2"), person("1", None, None)];
    let accesses = (0..30).map(|minute| access(minute as u128, minute, &authors[minute as usize % 3])).collect();
    AccessList { accesses, complete_to: None }
}

#[test]
fn of_many_accesses_the_newest_25_are_sent_and_each_author_once() {
    let bytes = history(&thirty(), None);
    r4::check(&bytes);
    check_lines("audit_event_many", &bytes);
    let cut = history(&thirty(), Some(2));
    r4::check(&cut);
    check_lines("audit_event_count_2", &cut);
    let none: serde_json::Value = serde_json::from_slice(&history(&thirty(), Some(0))).unwrap();
    assert_eq!((&none["total"], none.get("entry")), (&serde_json::json!(25), None));
}

/// One line for each entry.
fn check_lines(name: &str, bytes: &[u8]) {
    let bundle: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    let mut lines = format!("total {}\n", bundle["total"]);
    for entry in bundle["entry"].as_array().unwrap() {
        let resource = &entry["resource"];
        let what = resource.get("recorded").unwrap_or(&resource["practitioner"]["display"]).as_str().unwrap();
        let author = resource["agent"][1]["who"]["reference"].as_str().or(resource["id"].as_str()).unwrap();
        lines += &[entry["search"]["mode"].as_str().unwrap(), " ", what, " ", author, "\n"].concat();
    }
    expect_file![format!("{}/golden/{name}.txt", env!("CARGO_MANIFEST_DIR"))].assert_eq(&lines);
}

#[test]
fn an_author_is_told_apart_by_user_role_and_place_and_the_user_id_is_not_sent() {
    let id = |caller: &Caller| practitioner_role::id(caller);
    let same = emergency_department("555254240100");
    let other_profile = person("555254240100", None, Some(("RZZ01", "RENAMED")));
    assert_eq!(id(&same), id(&other_profile));
    let other_role = {
        let mut caller = (*same).clone();
        let Who::Person(staff) = &mut caller.who else { unreachable!() };
        staff.role_code = "R0260".into();
        caller
    };
    let others = [&*emergency_department("555254240101"), &person("555254240100", None, None), &other_role, &system()];
    for other in others {
        assert_ne!(id(&same), id(other));
    }
    let mut anonymous = (*same).clone();
    let Who::Person(staff) = &mut anonymous.who else { unreachable!() };
    staff.name = "Dr Robin SAMPLE".into();
    let list = AccessList { accesses: vec![access(1, 0, &Arc::new(anonymous))], complete_to: None };
    assert!(!String::from_utf8(history(&list, None)).unwrap().contains("555254240100"));
}
