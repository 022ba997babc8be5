//! What a look costs with a hundred times the data: two services side by side, measured in turn.

use crate::judge::{Figure, Unit};
use crate::limits;
use crate::load::Burst;
use crate::process;
use crate::rounds;
use crate::scenarios::{Options, fill, wait_for_applier};
use crate::serving::{Serving, Targets};
use crate::settings::Target;
use crate::world::World;
use anyhow::{Result, ensure};
use cpis_load::words::{time, whole};
use std::time::Instant;

/// The scenario's name.
pub const NAME: &str = "scale";
/// So many times the data.
const TIMES: u64 = 100;
/// Looks at each person in the year before.
const LOOKS: u32 = 25;
/// Rounds of which the medians are compared.
const ROUNDS: usize = 5;

/// A question of which the cost is compared.
struct Row {
    name: &'static str,
    connections: usize,
    target: fn(&Targets) -> &Target,
}

const ROWS: [Row; 3] = [
    Row { name: "hit", connections: 1, target: |targets| &targets.hit },
    Row { name: "hit", connections: 64, target: |targets| &targets.hit },
    Row { name: "list of accesses", connections: 16, target: |targets| &targets.list },
];

/// A service over so much data.
struct Side {
    world: World,
    serving: Serving,
    targets: Targets,
}

impl Side {
    fn make(options: &Options, plans: u64, say: &dyn Fn(&str)) -> Result<Self> {
        let mut world = World::make(&options.folder, options.database, plans, say)?;
        let mut serving = Serving::start(&options.binary, &world)?;
        fill(&mut world, &serving, say)?;
        serving.stop()?;
        let begun = Instant::now();
        world.load_history(LOOKS, say)?;
        say(&format!("{} plans with {LOOKS} accesses each, loaded in {:.0?}", whole(plans as f64), begun.elapsed()));
        let serving = Serving::start(&options.binary, &world)?;
        wait_for_applier(&serving)?;
        let targets = serving.targets(&world, &world.tokens());
        Ok(Self { world, serving, targets })
    }

    fn facts(&self) -> Result<String> {
        let entries = self.serving.metric("cpis_journal_entries")?.unwrap_or(0.0);
        let gib = self.world.database.bytes()? as f64 / f64::from(1 << 30);
        let memory = process::private_bytes(self.serving.pid())? as f64 / f64::from(1 << 20);
        Ok(format!(
            "{} plans, {} entries, {gib:.1} GiB, {memory:.0} MiB private",
            whole(self.world.plans as f64),
            whole(entries)
        ))
    }
}

/// Runs it.
pub fn run(options: &Options, say: &dyn Fn(&str)) -> Result<Vec<Figure>> {
    let make = |plans| Side::make(options, plans, say);
    let mut sides = [make(options.scale_plans)?, make(options.scale_plans * TIMES)?];
    let mut costs = [const { [const { Vec::new() }; 2] }; ROWS.len()];
    for round in 1..=ROUNDS {
        for (row, costs) in ROWS.iter().zip(&mut costs) {
            for (side, costs) in sides.iter().zip(costs) {
                say(&format!("round {round} of {ROUNDS}: {}, {} connections", row.name, row.connections));
                costs.push(cost(options, side, row)?);
            }
        }
    }
    let [few, many] = &sides;
    let beside = format!("{} beside {}", many.facts()?, few.facts()?);
    let asked = limits::of(options.database).scale;
    let mut figures = vec![Figure::new("data beside each other, times", TIMES as f64, Unit::Count).beside(beside)];
    for (row, [few, many]) in ROWS.iter().zip(&costs) {
        let of = |costs: &[f64]| rounds::middle(costs.iter().copied()).unwrap_or(f64::NAN);
        let (few, many) = (of(few), of(many));
        let what = if row.connections == 1 { "p50" } else { "time for each answer" };
        let name = format!("{}, {}: {what} with {TIMES} times the data", row.name, clients(row.connections));
        figures.push(
            Figure::new(name, many / few, Unit::Share)
                .beside(format!("{} beside {}", time(many), time(few)))
                .asked(asked),
        );
    }
    for side in &mut sides {
        side.serving.stop()?;
    }
    Ok(figures)
}

fn clients(connections: usize) -> String {
    if connections == 1 { "one client".to_owned() } else { format!("{connections} connections") }
}

/// Microseconds: of one client, half of its answers; of many, those between one answer and the next.
fn cost(options: &Options, side: &Side, row: &Row) -> Result<f64> {
    let (target, connections) = ((row.target)(&side.targets).clone(), row.connections);
    let duration_ms = options.burst.as_millis() as u64;
    let threads = options.client_threads;
    let burst = Burst { target, connections, threads, warm_up_ms: duration_ms / 4, duration_ms };
    let outcome = rounds::one(&burst, None, |burst| crate::drive::in_own_process(&options.program, burst))?.outcome;
    ensure!(outcome.errors() == 0, "{} answers were wrong", outcome.errors());
    // What the applier does later is not to burden the other side.
    wait_for_applier(&side.serving)?;
    Ok(if connections == 1 { outcome.p50_us } else { 1e6 / outcome.answers_per_second })
}
