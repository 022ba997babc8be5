//! Systems by their certificates. Source: spec/hl7v3.md 3 and 5.2; design D1.

use crate::certificate::{NotVouched, Vouched, vouched};
use cpis_model::Uuid;
use cpis_model::caller::{Caller, Device, Staff, Who};
use cpis_model::organisation_record::{About, Period, Record, System};
use cpis_model::register::{Change, Register};

const OWN: [u8; 32] = [0xab; 32];
const ASID: &str = "999999999902";

fn system(sites: &[&str]) -> System {
    System {
        code: "ward-system".parse().unwrap(),
        about: About::named("A ward system".parse().unwrap()),
        supplier: None,
        organisation: "R0A".parse().unwrap(),
        sites: sites.iter().map(|site| site.parse().unwrap()).collect(),
        asids: vec![ASID.parse().unwrap(), "999999999903".parse().unwrap()],
        client: None,
        certificates: vec!["cd".repeat(32).parse().unwrap(), "ab".repeat(32).parse().unwrap()],
        mailbox: None,
        one_id_a_visit: true,
    }
}

fn register(system: System) -> Register {
    let change = Change { number: 1, version: 1, record: Some(Record::System(system)) };
    Register::built_in().with([change], "2026-11-28".parse().unwrap())
}

fn device(asid: &str, place_name: &str) -> Who {
    Who::Device(Device {
        asid: asid.into(),
        event: Uuid::from_u128(7),
        one_id_a_visit: false,
        responsible: Vec::new(),
        place_name: Some(place_name.into()),
    })
}

fn nurse() -> Who {
    Who::Person(Staff {
        user_id: "555254240100".into(),
        role_profile_id: None,
        role_code: "R8001".into(),
        role_name: "Nurse".into(),
        name: "Ms Example".into(),
    })
}

fn ask(register: &Register, fingerprint: [u8; 32], sender: &str, who: Who, place: &str) -> Result<Caller, NotVouched> {
    vouched(register, Vouched { fingerprint, sender, who, place: place.parse().unwrap() })
}

#[test]
fn a_certificate_stands_for_its_system_and_no_other() {
    let register = register(system(&[]));
    for (fingerprint, sender, who, place, expected) in [
        (OWN, ASID, device(ASID, ""), "R0A", None),
        (OWN, "999999999903", device(ASID, ""), "R0A", None),
        (OWN, ASID, nurse(), "R0A", None),
        (OWN, "999999999909", device(ASID, ""), "R0A", Some(NotVouched::System)),
        (OWN, "", device(ASID, ""), "R0A", Some(NotVouched::System)),
        ([1; 32], ASID, device(ASID, ""), "R0A", Some(NotVouched::Certificate)),
        (OWN, ASID, device("999999999909", ""), "R0A", Some(NotVouched::Author)),
        (OWN, ASID, nurse(), "RJ1", None),
        (OWN, ASID, nurse(), "ZZ999", None),
    ] {
        let caller = ask(&register, fingerprint, sender, who, place);
        assert_eq!(caller.as_ref().err().copied(), expected, "{sender} {place}");
        if let Ok(caller) = caller {
            assert!(caller.rights.view && caller.rights.view_silently && caller.rights.authority.is_none());
            assert_eq!(caller.organisation.code.as_str(), "R0A", "whatever the query says");
        }
    }
}

#[test]
fn a_system_that_is_not_in_force_is_nobody() {
    let mut gone = system(&[]);
    gone.about.period = Period { from: None, until: Some("2026-11-27".parse().unwrap()) };
    let answer = ask(&register(gone), OWN, ASID, nurse(), "R0A");
    assert_eq!(answer.err(), Some(NotVouched::System));
}

#[test]
fn a_name_that_is_not_the_registered_one_is_kept() {
    let register = register(system(&["R0A"]));
    let registered = register.site("R0A".parse().unwrap()).unwrap().name.to_lowercase();
    let elsewhere = format!("{registered} (RJ1)");
    for (place, said, kept) in [
        ("R0A", registered.as_str(), None),
        ("R0A", "12 Example Road", Some("12 Example Road")),
        ("RJ1", "Another trust", Some("Another trust (RJ1)")),
        ("RJ1", registered.as_str(), Some(elsewhere.as_str())),
    ] {
        let caller = ask(&register, OWN, ASID, device(ASID, said), place).unwrap();
        assert_eq!(caller.place().as_str(), "R0A");
        let Who::Device(device) = &caller.who else { panic!("no device") };
        assert_eq!(device.place_name.as_deref(), kept);
        assert!(device.one_id_a_visit, "as the register says, whatever the query does");
    }
}
