//! Every kind of entry comes back as it was written, and no bytes panic.

use super::*;
use proptest::prelude::*;

pub(crate) fn nurse() -> Arc<Caller> {
    Arc::new(Caller {
        who: Who::Person(Staff {
            user_id: "555254240100".into(),
            role_profile_id: Some("555254241102".into()),
            role_code: "R8001".into(),
            role_name: "Nurse Access Role".into(),
            name: "Ms Robin SAMPLE".into(),
        }),
        organisation: Organisation { code: "RJ1".parse().unwrap(), name: "A trust".into() },
        site: Some(Site {
            code: "RJ121".parse().unwrap(),
            name: "A hospital".into(),
            organisation: "RJ1".parse().unwrap(),
            setting: "U01".parse().unwrap(),
        }),
        rights: Rights { view: true, ..Rights::default() },
    })
}

fn every_kind() -> Vec<What> {
    let caller = nurse();
    let authority: AuthorityCode = "714".parse().unwrap();
    let number: NhsNumber = "9990000018".parse().unwrap();
    let plan = Plan {
        id: Uuid::from_u128(7),
        version: 2,
        authority,
        kind: PlanKind::LookedAfter,
        dates: PlanDates {
            start: "2026-01-12".parse().unwrap(),
            end: Some("2026-03-01".parse().unwrap()),
            delete: None,
        },
    };
    let look = |outcome, number| {
        What::Look(Look {
            caller: caller.clone(),
            author: Some(AuthorKey([9; 16])),
            purpose: Purpose::AccessList,
            mode: Mode::Notifying,
            declared_against_activity: true,
            outcome,
            number,
            trace: Some("trace".to_owned()),
        })
    };
    let mut system = (*caller).clone();
    system.who = Who::System { client: "la".into() };
    system.site = None;
    system.rights =
        Rights { authority: Some(authority), view_silently: true, privacy: true, operator: true, view: false };
    let mut device = (*caller).clone();
    device.who = Who::Device(Device {
        asid: "999999999902".into(),
        event: Uuid::from_u128(11),
        one_id_a_visit: true,
        responsible: vec![ResponsiblePerson {
            role_code: "R0050".into(),
            role_name: "Consultant".into(),
            name: "Dr Noor Example".into(),
        }],
        place_name: Some("12 Example Road".into()),
    });
    let contact = Contact { emergency: "01632960001".parse().unwrap(), office: None };
    let person = Person {
        number,
        local_id: Some("EX-1".to_owned()),
        name: PersonName::new("Robin", "Sample"),
        birth: "2017-04-04".parse().unwrap(),
    };
    vec![
        look(Outcome::Shown(vec![Seen { plan: plan.id, version: 2, authority }]), None),
        look(Outcome::Nothing, Some(number)),
        look(Outcome::Hidden, None),
        What::Refused {
            caller: caller.clone(),
            action: "view".to_owned(),
            refusal: RefusedFor::BirthMismatch,
            number: Some(number),
        },
        What::PlanChanged { plan, person },
        What::ContactChanged { authority, name: "City".to_owned(), contact },
        What::Uploaded {
            caller: Arc::new(system.clone()),
            authority,
            sequence: 1042,
            checksum: [3; 32],
            code: FileCode::SomeLoaded,
            counts: (4, 1),
        },
        What::Refused {
            caller: Arc::new(device),
            action: "view".to_owned(),
            refusal: RefusedFor::BirthMismatch,
            number: None,
        },
        What::SequenceSkipped { caller: caller.clone(), authority, sequence: 7 },
        What::NumberSuperseded { old: number, new: "9990000026".parse().unwrap() },
        What::Hidden(Some(HiddenFor::Restricted)),
        What::Hidden(None),
        What::Erased {
            erased: PersonId::from_stored(99).unwrap(),
            by: "privacy officer".to_owned(),
            why: "court order".to_owned(),
        },
        What::AuthorityRead { caller: Arc::new(system), authority, what: "notices".to_owned(), count: 3 },
        What::RefusedUnknown { counts: vec![("bad-token".to_owned(), 12)] },
        What::EpochBegun { tip: "tip".to_owned() },
        What::Padding,
        What::Reported {
            caller: caller.clone(),
            author: AuthorKey([4; 16]),
            authority,
            report: Report {
                kind: ReportKind::NoAnswer,
                phone: Some("01632960001".parse().unwrap()),
                text: Some("Rang twice".parse().unwrap()),
                replaced_by: Some("9990000018".parse().unwrap()),
            },
        },
        What::Reported {
            caller: caller.clone(),
            author: AuthorKey([4; 16]),
            authority,
            report: Report { kind: ReportKind::NotBrought, phone: None, text: None, replaced_by: None },
        },
        What::OrganisationChanged {
            caller: caller.clone(),
            kind: 3,
            code: "RJ122".to_owned(),
            record: vec![1, 2, 3],
            why: "moved".to_owned(),
        },
        What::BreakGlass { caller, why: "the identity service is away".to_owned() },
    ]
}

#[test]
fn every_kind_of_entry_comes_back() {
    for what in every_kind() {
        let entry = Entry {
            at: Timestamp::from_millisecond(1_790_000_000_123).unwrap(),
            person: Some(PersonId::from_stored(12345).unwrap()),
            what,
        };
        let bytes = encode(&entry);
        let back = decode(&bytes).unwrap();
        assert_eq!(encode(&back), bytes);
        assert_eq!(format!("{back:?}"), format!("{entry:?}"));
        for cut in 0..bytes.len() {
            assert!(decode(&bytes[..cut]).is_err());
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(decode(&longer).is_err(), "nothing may follow");
    }
}

#[test]
fn the_fuzzers_corpus_reads_or_is_refused() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/journal_entry");
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let _ = crate::frame::frames(&bytes, 0).take_while(std::result::Result::is_ok).count();
        if let Ok(entry) = decode(&bytes) {
            assert_eq!(encode(&entry), bytes);
            count += 1;
        }
    }
    assert!(count >= 16, "{count} entries only");
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(&bytes);
        let _ = decode_acknowledgement(&bytes);
        let _ = decode_register(&bytes);
    }

    #[test]
    fn a_changed_byte_is_another_entry_or_none(which in 0usize..16, at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let what = every_kind().swap_remove(which);
        let bytes = encode(&Entry { at: Timestamp::UNIX_EPOCH, person: None, what });
        let mut changed = bytes.clone();
        changed[at.index(bytes.len())] ^= 1 << bit;
        if let Ok(entry) = decode(&changed) {
            prop_assert_eq!(encode(&entry), changed);
        }
    }
}
