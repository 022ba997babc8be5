//! Tables, and records that stand before their rows.

use super::*;

fn record(text: &str) -> Record {
    let text = text.replacen('{', "{\"version\":1,", 1);
    Record::from_json(text.as_bytes()).unwrap()
}

fn changes(texts: &[&str]) -> Vec<Change> {
    let change = |(n, text): (usize, &&str)| Change { number: n as u64 + 1, version: 1, record: Some(record(text)) };
    texts.iter().enumerate().map(change).collect()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

#[test]
fn the_built_in_tables_read_without_a_fault() {
    let register =
        Register::parse(include_str!("../../data/authorities.csv"), include_str!("../../data/sites.csv")).unwrap();
    assert_eq!(register.authorities().len(), 153);
    assert!(register.sites().len() > 400);
    assert_eq!(register.authority("714".parse().unwrap()).map(AsRef::as_ref), Some("City of London"));
    assert!(register.sites().iter().all(|site| register.organisation(site.organisation).is_some()));
    let Record::Authority(city) = &*register.record(RecordKind::Authority, "714").unwrap().record else { panic!() };
    assert_eq!(city.dfe_code.as_ref().map(crate::record_text::DfeCode::as_str), Some("201"));
    assert!(city.gss_code.is_some() && city.region.is_some());
}

#[test]
fn every_fault_is_named_with_its_line() {
    let faults = Register::parse(
        "code,name\n7,Short\n714,A\n714,B\n702,\n",
        "code,name,organisation,organisation_name,setting\nRJ1,A,RJ1,A,U99\n",
    )
    .unwrap_err();
    let lines: Vec<_> = faults.iter().map(|fault| (fault.table, fault.line)).collect();
    assert_eq!(lines, [("authorities", 2), ("authorities", 4), ("authorities", 5), ("sites", 2)]);
}

fn small() -> Register {
    Register::parse(
        "code,name\n714,City\n702,Camden\n",
        "code,name,organisation,organisation_name,setting\nRJ1,A trust,RJ1,A trust,U01\nRJ121,A site,RJ1,A trust,U01\n",
    )
    .unwrap()
}

#[test]
fn a_record_stands_before_its_row_of_a_table() {
    let base = small();
    let site = r#"{"kind":"site","code":"RJ121","name":"Renamed","organisation":"RJ1","setting":"S01"}"#;
    let register = base.with(changes(&[site]), day("2026-11-25"));
    let found = register.site("RJ121".parse().unwrap()).unwrap();
    assert_eq!((&*found.name, found.setting.code()), ("Renamed", "S01"));
    let held = register.record(RecordKind::Site, "RJ121").unwrap();
    assert_eq!((held.version, &**held.base.as_ref().unwrap().name()), (1, "A site"));
    assert_eq!((register.number(), base.number()), (1, 0));
    assert_eq!(&*base.site("RJ121".parse().unwrap()).unwrap().name, "A site", "a snapshot stays as it is");
    let unreadable = [Change { number: 2, version: 2, record: None }];
    let later = register.with(unreadable, day("2026-11-25"));
    assert_eq!(later.number(), 2);
    assert_eq!(&*later.site("RJ121".parse().unwrap()).unwrap().name, "Renamed");
}

#[test]
fn what_is_not_in_force_on_the_day_is_not_found() {
    let texts = [
        r#"{"kind":"site","code":"RJ121","name":"A site","organisation":"RJ1","setting":"U01","until":"2026-03-31",
            "successors":[{"code":"RJ122","on":"2026-04-01"}]}"#,
        r#"{"kind":"site","code":"RJ122","name":"New","organisation":"RJ1","setting":"U01","from":"2026-04-01"}"#,
        r#"{"kind":"authority","code":"714","name":"City","until":"2026-03-31","successors":[{"code":"702","on":"2026-04-01"}]}"#,
    ];
    let (city, camden) = ("714".parse().unwrap(), "702".parse().unwrap());
    for (today, old, new, authorities) in [("2026-03-31", true, false, 2), ("2026-04-01", false, true, 1)] {
        let today = day(today);
        let register = small().with(changes(&texts), today);
        let site = |code: &str| register.site(code.parse().unwrap()).is_some();
        assert_eq!((site("RJ121"), site("RJ122")), (old, new), "{today}");
        assert_eq!((register.authority(city).is_some(), register.authority(camden).is_some()), (old, true));
        assert_eq!(register.authorities().len(), authorities);
        assert_eq!(register.authority_name(city).map(AsRef::as_ref), Some("City"), "plans still name it");
        assert_eq!(
            register.organisation("714".parse().unwrap()).map(|found| found.name.to_string()),
            Some("City".into())
        );
        assert_eq!(register.record_on(RecordKind::Site, "RJ121", today).is_some(), old);
        let codes = |kind, code| -> Vec<String> {
            register.successors(kind, code, today).iter().map(|record| record.code().to_owned()).collect()
        };
        assert_eq!(codes(RecordKind::Site, "RJ121"), if old { vec![] } else { vec!["RJ122"] });
        assert_eq!(codes(RecordKind::Authority, "714"), if old { vec![] } else { vec!["702"] });
        assert!(codes(RecordKind::Authority, "999").is_empty());
    }
}

#[test]
fn a_closed_provider_takes_only_the_site_of_its_own_code_along() {
    let closed = r#"{"kind":"provider","code":"RJ1","name":"A trust","until":"2026-03-31"}"#;
    let register = small().with(changes(&[closed]), day("2026-04-01"));
    assert!(register.site("RJ1".parse().unwrap()).is_none());
    assert!(register.site("RJ121".parse().unwrap()).is_some());
    assert!(register.organisation("RJ1".parse().unwrap()).is_some(), "its name stays");
}

#[test]
fn numbers_of_an_authority_have_their_days() {
    let text = r#"{"kind":"authority","code":"714","name":"City","contacts":[
        {"kind":"office","phone":"01632960001","hours":"Mon-Fri 09:00-17:00","until":"2026-03-31"},
        {"kind":"office","phone":"01632960002","hours":"Mon-Fri 09:00-17:00","from":"2026-04-01"},
        {"kind":"emergency","phone":"01632960003","hours":"at all times"}]}"#;
    let register = small().with(changes(&[text]), day("2026-01-01"));
    for (on, expected) in
        [("2026-03-31", ["01632960001", "01632960003"]), ("2026-04-01", ["01632960002", "01632960003"])]
    {
        let contacts = register.contacts_of("714".parse().unwrap(), day(on));
        assert_eq!(contacts.iter().map(|contact| contact.phone.as_str()).collect::<Vec<_>>(), expected);
    }
    assert!(register.contacts_of("702".parse().unwrap(), day("2026-01-01")).is_empty());
}

#[test]
fn a_search_finds_codes_by_their_beginning_and_names_by_any_part() {
    let register = small();
    for (text, kind, expected) in [
        ("rj1", None, &["RJ1", "RJ1", "RJ121"][..]),
        ("RJ1", Some(RecordKind::Site), &["RJ1", "RJ121"]),
        ("CAMD", None, &["702"]),
        ("14", None, &[]),
        ("", Some(RecordKind::Authority), &["702", "714"]),
    ] {
        let page = register.search(text, kind, 0, 50);
        let codes: Vec<_> = page.records.iter().map(|held| held.record.code()).collect();
        assert_eq!((codes, page.total), (expected.to_vec(), expected.len()), "{text}");
    }
    let page = register.search("", None, 1, 2);
    assert_eq!((page.records.len(), page.total), (2, 5));
}
