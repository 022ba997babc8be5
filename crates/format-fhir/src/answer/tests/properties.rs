//! Answers of arbitrary content keep the rules of R4 and say what they were given.

use super::*;
use cpis_model::time::days_after;
use proptest::prelude::*;
use serde_json::Value;

fn any_text() -> impl Strategy<Value = Arc<str>> {
    "(?s).{0,20}|[\u{0}-\u{7f}]{0,12}|[A-Z][a-z' -]{0,20}".prop_map(Arc::from)
}

prop_compose! {
    fn any_plan()(
        id: u128, kind in 0usize..3, authority in 1u16..5, start in 0i32..9000, length in prop::option::of(0i32..400),
        ended: bool, name in any_text(), office: bool, contact: bool,
    ) -> ShownPlan {
        let first = cpis_model::Date::new(2010, 1, 1).unwrap();
        let dates = PlanDates {
            start: days_after(first, start),
            end: length.map(|length| days_after(first, start + length)),
            delete: None,
        };
        let authority = format!("ZZ{authority:03}").parse().unwrap();
        let office = office.then(|| "01632960101".parse().unwrap());
        ShownPlan {
            plan: Plan { id: Uuid::from_u128(id), version: 1, authority, kind: PlanKind::ALL[kind], dates },
            ended,
            person: Person {
                number: "9990000018".parse().unwrap(),
                local_id: None,
                name: PersonName::new("Not", "Shown"),
                birth: "2017-04-04".parse().unwrap(),
            },
            authority_name: name,
            contact: contact.then(|| Contact { emergency: "01632960199".parse().unwrap(), office }),
        }
    }
}

prop_compose! {
    fn any_caller()(
        user in "[a-c]", profile in prop::option::of(any_text()),
        role in prop::sample::select(vec!["R0110", "", " R8001"]), role_name in any_text(), name in any_text(),
        site in prop::option::of((any_text(), "[A-C]{2,5}")),
        organisation in any_text(), code in "[A-C]{2,3}", person: bool,
    ) -> Arc<Caller> {
        let organisation = Organisation { code: code.parse().unwrap(), name: organisation };
        let user: Arc<str> = user.into();
        let who = if person {
            Who::Person(Staff { user_id: user, role_profile_id: profile, role_code: role.into(), role_name, name })
        } else {
            Who::System { client: user }
        };
        let site = site.map(|(name, code)| {
            let setting = "S01".parse().unwrap();
            Site { code: code.parse().unwrap(), name, organisation: organisation.code, setting }
        });
        Arc::new(Caller { who, organisation, site, rights: Rights::default() })
    }
}

fn entries(bundle: &Value) -> Vec<Value> {
    bundle.get("entry").and_then(Value::as_array).cloned().unwrap_or_default()
}

proptest! {
    #[test]
    fn care_teams_hold_every_plan(plans in prop::collection::vec(any_plan(), 0..6), second in 0i64..4_000_000_000) {
        let at = Timestamp::from_second(second).unwrap();
        let bytes = care_teams(BASE, &link(Resource::CareTeam), BUNDLE, at, number(), &plans);
        let bundle = r4::check(&bytes);
        prop_assert_eq!(bundle["total"].as_u64(), Some(plans.len() as u64));
        let entries = entries(&bundle);
        prop_assert_eq!(entries.len(), plans.len());
        let start = |entry: &Value| entry["resource"]["period"]["start"].as_str().unwrap().to_owned();
        prop_assert!(entries.iter().map(start).is_sorted_by(|earlier, later| earlier >= later));
        for shown in &plans {
            let id = shown.plan.id.to_string();
            let team = &entries.iter().find(|entry| entry["resource"]["id"] == id).unwrap()["resource"];
            prop_assert_eq!(team["status"] == "inactive", shown.ended);
            prop_assert_eq!(team["period"].get("end").is_some(), shown.plan.dates.end.is_some());
            prop_assert_eq!(team.get("telecom").is_some(), shown.contact.is_some());
        }
    }

    #[test]
    fn audit_events_resolve_and_are_counted_before_the_cut(
        callers in prop::collection::vec(any_caller(), 1..5),
        accesses in prop::collection::vec((any::<u64>(), 0i64..100, any::<prop::sample::Index>()), 0..40),
        count in prop::option::of(0u32..30),
        lag in prop::option::of(0i64..4_000_000_000),
    ) {
        let accesses: Vec<_> = accesses
            .into_iter()
            .map(|(id, minute, caller)| access(id.into(), minute, caller.get(&callers)))
            .collect();
        let given = accesses.len();
        let list = AccessList { accesses, complete_to: lag.map(|second| Timestamp::from_second(second).unwrap()) };
        let bundle = r4::check(&history(&list, count));
        prop_assert_eq!(bundle["total"].as_u64(), Some(given.min(25) as u64));
        let entries = entries(&bundle);
        let of_mode = |mode: &str| entries.iter().filter(|entry| entry["search"]["mode"] == mode).count();
        prop_assert_eq!(of_mode("match"), given.min(25).min(count.unwrap_or(25) as usize));
        prop_assert_eq!(of_mode("outcome"), usize::from(lag.is_some()));
        let recorded: Vec<Timestamp> =
            entries.iter().filter_map(|entry| entry["resource"]["recorded"].as_str()?.parse().ok()).collect();
        prop_assert!(recorded.is_sorted_by(|earlier, later| earlier >= later));
    }
}
