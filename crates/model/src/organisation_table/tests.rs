//! What tables change, and how their faults are told.

use super::*;
use crate::register::Change;
use proptest::prelude::*;

fn table(kind: TableKind, text: &str) -> Table<'_> {
    Table { name: "table.csv", kind, bytes: text.as_bytes() }
}

fn planned(kind: TableKind, text: &str, register: &Register) -> Plan {
    plan(&[table(kind, text)], register).unwrap()
}

fn faults(kind: TableKind, text: &str) -> Vec<(u64, String)> {
    let faults = plan(&[table(kind, text)], &Register::built_in()).unwrap_err();
    faults.into_iter().map(|fault| (fault.line, fault.column)).collect()
}

fn applied(register: &Register, plan: &Plan) -> Register {
    let change = |(n, planned): (usize, &PlannedChange)| Change {
        number: register.number() + n as u64 + 1,
        version: planned.expected + 1,
        record: Some(planned.record.clone()),
    };
    register.with(plan.changes.iter().enumerate().map(change), "2026-11-25".parse().unwrap())
}

fn told(plan: &Plan) -> Vec<String> {
    let difference = |one: &Difference| {
        format!("{}: {} -> {}", one.field, one.before.as_deref().unwrap_or(""), one.after.as_deref().unwrap_or(""))
    };
    plan.changes
        .iter()
        .flat_map(|change| {
            change.differences.iter().map(move |one| format!("{} {}", change.record.code(), difference(one)))
        })
        .collect()
}

#[test]
fn a_table_of_providers_names_types_and_closes() {
    let text = "ods_code,name,type,parent_ods_code,postcode,closed,source\n\
        R0A,MANCHESTER UNIVERSITY NHS FOUNDATION TRUST,ACUTE_TRUST,,M13 9WL,,x\n\
        RVJ,NORTH BRISTOL NHS TRUST,ACUTE_TRUST,,BS10 5NB,20260630,x\n\
        QQQ1,\"A centre, of minor injuries\",MINOR_INJURY_UNIT,R0A,,,x\n";
    let register = Register::built_in();
    let plan = planned(TableKind::Providers, text, &register);
    assert_eq!((plan.counts(), plan.unchanged), ((1, 2, 1), 0));
    let told = told(&plan);
    assert!(told.contains(&"R0A type:  -> ACUTE_TRUST".to_owned()), "{told:?}");
    assert!(told.contains(&"RVJ until:  -> 2026-06-30".to_owned()), "{told:?}");
    assert!(!told.iter().any(|one| one.starts_with("R0A name")), "a name that differs in case only stays: {told:?}");
    let after = applied(&register, &plan);
    let again = planned(TableKind::Providers, text, &after);
    assert_eq!((again.changes.len(), again.unchanged), (0, 3), "a second import changes nothing");
    let next = planned(TableKind::Providers, "ods_code,name,closed\nRVJ,North Bristol,\n", &after);
    assert_eq!(next.changes[0].expected, 1);
    assert_eq!(next.changes[0].differences.len(), 2, "a column that is not there changes nothing: {:?}", next.changes);
}

#[test]
fn authorities_without_an_ods_code_are_known_by_their_dfe_code() {
    let register = Register::built_in();
    let cumberland = register.search("Cumberland", Some(RecordKind::Authority), 0, 1).records.pop().unwrap().record;
    let Record::Authority(cumberland) = &*cumberland else { panic!() };
    let dfe = cumberland.dfe_code.as_ref().unwrap();
    let text = format!("name,dfe_code,gss_code,ods_code,region_name\nCumberland,{dfe},E06000063,,The North West\n");
    let plan = planned(TableKind::Authorities, &text, &register);
    assert_eq!(plan.changes[0].record.code(), cumberland.code.0.as_str());
    assert_eq!(faults(TableKind::Authorities, "name,dfe_code,ods_code\nNowhere,000,\n"), [(2, "ods_code".to_owned())]);
}

#[test]
fn what_a_table_of_authorities_does_not_name_stays() {
    let text = r#"{"version":1,"kind":"authority","code":"714","name":"City of London","mailboxes":["X26OT001"],
        "contacts":[{"kind":"office","phone":"01632960001","hours":"at all times"}]}"#
        .replace('\n', "");
    let register = Register::built_in();
    let register = applied(&register, &planned(TableKind::Records, &text, &register));
    let plan = planned(TableKind::Authorities, "ods_code,name\n714,The City\n", &register);
    assert_eq!(told(&plan), ["714 name: City of London -> The City"]);
    assert_eq!(plan.changes[0].expected, 1);
}

#[test]
fn sites_and_systems_have_columns_of_our_own() {
    let sites = "code,name,organisation,setting,responsible_name,responsible_role,responsible_phone,lead_phone,lead_email,from,until,successors\n\
        XX101,A ward,R0A,U05,Robin Testcase,Lead nurse,01632 960005,,lead@example.org,2026-04-01,,\n\
        XX102,A clinic,R0A,S02,,,,,,,2026-03-31,XX101 2026-04-01\n";
    let systems = "code,name,supplier,organisation,sites,asids,client,certificates,mailbox,one_id_a_visit\n\
        ward-system,A system,YGM24,R0A,XX101 XX102,200000000001,client-1,,X26OT001,yes\n";
    let (register, tables) = (
        Register::built_in(),
        [
            Table { name: "sites.csv", kind: TableKind::Sites, bytes: sites.as_bytes() },
            table(TableKind::Systems, systems),
        ],
    );
    let plan = plan(&tables, &register).unwrap();
    assert_eq!(plan.counts(), (3, 0, 1));
    let [Record::Site(ward), Record::Site(clinic), Record::System(system)] =
        [&plan.changes[0].record, &plan.changes[1].record, &plan.changes[2].record]
    else {
        panic!("{plan:?}")
    };
    assert!(ward.responsible.is_some() && ward.lead.email.is_some() && ward.about.period.from.is_some());
    assert!(clinic.responsible.is_none());
    assert_eq!(clinic.about.successors[0].code.as_str(), "XX101");
    assert!(system.one_id_a_visit && system.sites.len() == 2 && system.asids.len() == 1);
}

#[test]
fn every_fault_has_its_line_and_column() {
    let column = |line, name: &str| (line, name.to_owned());
    let sites = "code,name,organisation,setting,responsible_name,successors,from\n\
        R,,R0A,X99,Robin,,\n\
        XX101,A,R0A,U01,,XX102,20260230\n\
        XX102,A,R0A,U01,,,\n\
        XX102,A,R0A,U01,,,\n\
        XX103,A\n";
    assert_eq!(
        faults(TableKind::Sites, sites),
        [
            column(2, "name"),
            column(2, "code"),
            column(2, "setting"),
            column(2, "responsible_role"),
            column(3, "successors"),
            column(3, "from"),
            column(5, "code"),
            column(6, ""),
        ]
    );
    assert_eq!(
        faults(TableKind::Sites, "code,name,colour\n"),
        [column(1, "organisation"), column(1, "setting"), column(1, "column 3")]
    );
    assert_eq!(faults(TableKind::Providers, "ods_code,name,name\n"), [column(1, "column 3")]);
    assert_eq!(
        faults(TableKind::Systems, "code,name,organisation,asids,one_id_a_visit\nx1,A,R0A,1 2,maybe\n"),
        [column(2, "one_id_a_visit"), column(2, "asids"), column(2, "asids")]
    );
    assert_eq!(
        faults(TableKind::Records, "\n{}\n[]\n"),
        [column(2, "version"), column(2, "kind"), column(2, "name"), column(3, "")]
    );
    let rows: Vec<String> = (0..=ROWS_MAX).map(|n| format!("Q{n},A")).collect();
    let many = format!("ods_code,name\n{}\n", rows.join("\n"));
    assert!(faults(TableKind::Providers, &many).iter().all(|(line, _)| *line == ROWS_MAX as u64 + 2 || *line < 12));
    let text = plan(&[table(TableKind::Sites, sites)], &Register::built_in()).unwrap_err();
    assert!(text.iter().all(|fault| !fault.to_string().contains("Robin")), "{text:?}");
    assert_eq!(text[0].to_string(), "table.csv, line 2, name: it is missing");
}

#[test]
fn all_records_come_back_from_their_export() {
    let register = Register::built_in();
    let lines: Vec<String> = register.records().take(ROWS_MAX).map(|held| held.record.json().to_string()).collect();
    let plan = planned(TableKind::Records, &lines.join("\n"), &register);
    assert_eq!((plan.changes.len(), plan.unchanged), (0, lines.len()));
}

proptest! {
    #[test]
    fn no_table_panics(text in "(code|name|ods_code|setting|,|\n|\"|[A-Z0-9]{1,4}){0,40}", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let register = Register::default();
        for kind in TableKind::ALL {
            let _ = plan(&[table(kind, &text)], &register);
            let _ = plan(&[Table { name: "x", kind, bytes: &bytes }], &register);
        }
    }
}
