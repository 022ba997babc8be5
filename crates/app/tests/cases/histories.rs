//! Random histories: readers who fold the tail and readers who find everything applied see the same, at every cut.

use crate::world::*;
use cpis_model::caller::{Caller, Declared};
use cpis_store_sqlite::SqliteStore;
use proptest::prelude::*;
use std::sync::Arc;

#[derive(Clone, Debug)]
enum Step {
    Look { user: u8, child: u8, quiet: bool },
    List { user: u8, child: u8 },
    Wait { minutes: i64 },
    Apply,
    Plan { child: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0u8..4, 0u8..2, any::<bool>()).prop_map(|(user, child, quiet)| Step::Look { user, child, quiet }),
        3 => (0u8..4, 0u8..2).prop_map(|(user, child)| Step::List { user, child }),
        2 => (1i64..900).prop_map(|minutes| Step::Wait { minutes }),
        2 => Just(Step::Apply),
        1 => (0u8..2).prop_map(|child| Step::Plan { child }),
    ]
}

fn user(n: u8) -> Arc<Caller> {
    clinician(&format!("u{n}"))
}

fn child_of(n: u8) -> cpis_model::upload::Person {
    child(999_000_001 + u64::from(n) * 100)
}

async fn world() -> World {
    let store = Arc::new(SqliteStore::open_memory().unwrap());
    let settings = cpis_app::Settings { test_numbers: true, ..cpis_app::Settings::default() };
    let world = World::on(store, settings).await;
    world.has_plans(CITY, 1, &[cpp(1, child_of(0)), cpp(2, child_of(1))]).await;
    world
}

async fn run(steps: Vec<Step>) {
    // One world is applied where the history says so, one after every step, one never before the end.
    let (some, always, never) = (world().await, world().await, world().await);
    let worlds = [&some, &always, &never];
    let mut sequences = 1;
    for step in steps {
        let mut seen = Vec::new();
        for world in worlds {
            seen.push(match &step {
                Step::Look { user: n, child, quiet } => {
                    let mut question = question(&user(*n), child_of(*child).number);
                    question.declared = if *quiet { Declared::Scheduled } else { Declared::Nothing };
                    let flags = cpis_app::look::flags(&world.service, question).await.unwrap();
                    vec![flags.plans.len().to_string()]
                }
                Step::List { user: n, child } => world.list(&user(*n), child_of(*child).number).await,
                Step::Wait { minutes } => {
                    world.clock.forward(*minutes);
                    Vec::new()
                }
                Step::Apply => Vec::new(),
                Step::Plan { child } => {
                    world.has_plans(CAMDEN, sequences, &[cpp(1, child_of(*child))]).await;
                    Vec::new()
                }
            });
        }
        assert_eq!(seen[0], seen[1], "{step:?}");
        assert_eq!(seen[1], seen[2], "{step:?}");
        sequences += u64::from(matches!(step, Step::Plan { .. }));
        if matches!(step, Step::Apply) {
            some.apply().await;
        }
        always.apply().await;
    }
    let mut told = Vec::new();
    for world in worlds {
        world.apply().await;
        told.push((world.notices(CITY).await, world.notices(CAMDEN).await));
        let report = world.verify().await;
        assert!(report.is_clean(), "{report}");
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[1], told[2]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn readers_and_applier_agree_at_every_cut(steps in proptest::collection::vec(step(), 1..40)) {
        tokio::runtime::Runtime::new().unwrap().block_on(run(steps));
    }
}
