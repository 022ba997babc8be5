//! The policy as a matrix: every kind of caller against every action.

use super::*;
use Decision::{Allowed, Refused};
use Mode::{Notifying, Silent};
use Refusal::{NoActivity, NotOwn, PersonNeeded};

fn code(text: &str) -> OdsCode {
    text.parse().unwrap()
}

fn caller(person: bool, rights: Rights, setting: Option<&str>) -> Caller {
    let organisation = Organisation { code: code("RJ1"), name: "An example trust".into() };
    let who = if person {
        Who::Person(Staff {
            user_id: "555254240100".into(),
            role_profile_id: None,
            role_code: "R8001".into(),
            role_name: "Nurse Access Role".into(),
            name: "Ms Example".into(),
        })
    } else {
        Who::System { client: "la-system".into() }
    };
    let site = setting.map(|setting| Site {
        code: code("RJ121"),
        name: "A site".into(),
        organisation: organisation.code,
        setting: setting.parse().unwrap(),
    });
    Caller { who, organisation, site, rights }
}

#[test]
fn the_policy_matrix() {
    let none = Rights::default();
    let notify = Rights { view: true, ..none };
    let silent = Rights { view_silently: true, ..none };
    let both = Rights { view: true, view_silently: true, ..none };
    let own = Rights { authority: Some(AuthorityCode(code("714"))), ..none };
    let privacy = Rights { privacy: true, ..none };
    let operator = Rights { operator: true, ..none };
    let (emergency, gp, unknown) = (Some("U01"), Some("S01"), None);

    // Viewing: [declared unscheduled, nothing declared, declared scheduled].
    for (rights, setting, expected) in [
        (notify, emergency, [Allowed(Notifying), Allowed(Notifying), Allowed(Silent)]),
        (notify, gp, [Allowed(Notifying), Allowed(Silent), Allowed(Silent)]),
        (notify, unknown, [Allowed(Notifying), Allowed(Notifying), Allowed(Silent)]),
        (silent, emergency, [Allowed(Silent); 3]),
        (silent, gp, [Allowed(Silent); 3]),
        (silent, unknown, [Allowed(Silent); 3]),
        (both, emergency, [Allowed(Notifying), Allowed(Notifying), Allowed(Silent)]),
        (both, gp, [Allowed(Notifying), Allowed(Silent), Allowed(Silent)]),
        (none, emergency, [Refused(NoActivity); 3]),
        (own, unknown, [Refused(NoActivity); 3]),
        (privacy, emergency, [Refused(NoActivity); 3]),
        (operator, emergency, [Refused(NoActivity); 3]),
    ] {
        let declared = [Declared::Unscheduled, Declared::Nothing, Declared::Scheduled];
        let person = caller(true, rights, setting);
        let decided = declared.map(|declared| may(&person, Action::View(declared), Subject::AnyChild));
        assert_eq!(decided, expected, "{rights:?} at {setting:?}");
        let system = caller(false, rights, setting);
        for declared in declared {
            assert_eq!(may(&system, Action::View(declared), Subject::AnyChild), Refused(PersonNeeded));
        }
    }

    // An authority's own affairs: [own, another's, any child].
    let (ours, theirs) = (Subject::Of(AuthorityCode(code("714"))), Subject::Of(AuthorityCode(code("702"))));
    for action in [Action::ReadOwnChild, Action::Upload, Action::Notices] {
        for person in [true, false] {
            for (rights, expected) in [
                (own, [Allowed(Silent), Refused(NotOwn), Refused(NotOwn)]),
                (notify, [Refused(NoActivity); 3]),
                (silent, [Refused(NoActivity); 3]),
                (privacy, [Refused(NoActivity); 3]),
                (operator, [Refused(NoActivity); 3]),
                (none, [Refused(NoActivity); 3]),
            ] {
                let caller = caller(person, rights, None);
                let decided = [ours, theirs, Subject::AnyChild].map(|subject| may(&caller, action, subject));
                assert_eq!(decided, expected, "{rights:?} {action:?}");
            }
        }
    }

    // The register of organisations, from a page or by a command.
    for rights in [none, both, own, privacy, operator] {
        let expected = if rights.operator { Allowed(Silent) } else { Refused(NoActivity) };
        for person in [true, false] {
            let caller = caller(person, rights, emergency);
            assert_eq!(may(&caller, Action::EditRegister, Subject::AnyChild), expected, "{rights:?}");
        }
    }
}

#[test]
fn a_device_looks_as_a_person_with_the_right_does_and_does_nothing_else() {
    let device = |rights, setting| {
        let responsible = vec![ResponsiblePerson {
            role_code: "R0050".into(),
            role_name: "Consultant".into(),
            name: "Dr Example".into(),
        }];
        let (asid, event) = ("999999999902".into(), Uuid::from_u128(7));
        let who = Who::Device(Device {
            asid,
            event,
            one_id_a_visit: true,
            responsible,
            place_name: Some("12 Example Road".into()),
        });
        Caller { who, ..caller(false, rights, setting) }
    };
    let both = Rights { view: true, view_silently: true, ..Rights::default() };
    for (setting, declared, expected) in [
        (Some("U01"), Declared::Nothing, Allowed(Notifying)),
        (Some("U01"), Declared::Scheduled, Allowed(Silent)),
        (Some("S01"), Declared::Nothing, Allowed(Silent)),
        (Some("S01"), Declared::Unscheduled, Allowed(Notifying)),
        (None, Declared::Nothing, Allowed(Notifying)),
    ] {
        let decided = may(&device(both, setting), Action::View(declared), Subject::AnyChild);
        assert_eq!(decided, expected, "{setting:?} {declared:?}");
    }
    let own = Subject::Of(AuthorityCode(code("714")));
    for action in [Action::ReadOwnChild, Action::Upload, Action::Notices, Action::EditRegister] {
        assert_eq!(may(&device(both, None), action, own), Refused(NoActivity), "{action:?}");
    }
    assert_eq!(may(&device(both, None), Action::Report, Subject::AnyChild), Refused(PersonNeeded));
    assert_eq!(
        may(&device(Rights::default(), None), Action::View(Declared::Nothing), Subject::AnyChild),
        Refused(NoActivity)
    );
    let text = format!("{:?}", device(both, None));
    assert!(!text.contains("Dr Example") && !text.contains("Road"), "{text}");
}

#[test]
fn debug_shows_no_name_of_staff() {
    let text = format!("{:?}", caller(true, Rights::default(), Some("U01")));
    assert!(!text.contains("Ms Example") && !text.contains("555254240100"), "{text}");
}
