//! What a look costs with a hundred times the data: two services side by side, measured in turn.

use crate::judge::{Figure, Unit};
use crate::limits;
use crate::process;
use crate::rounds;
use crate::scenarios::{Options, fill};
use crate::serving::Targets;
use crate::settings::Target;
use crate::side::Side;
use anyhow::Result;
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
fn make(options: &Options, plans: u64, say: &dyn Fn(&str)) -> Result<Side> {
    let mut side = Side::make(options, &options.binary, plans, say)?;
    let files = 0..side.world.batches.len();
    fill(&mut side.world, &side.serving, files, say)?;
    side.serving.stop()?;
    let begun = Instant::now();
    side.world.load_history(LOOKS, say)?;
    say(&format!("{} plans with {LOOKS} accesses each, loaded in {:.0?}", whole(plans as f64), begun.elapsed()));
    side.start()?;
    Ok(side)
}

fn facts(side: &Side) -> Result<String> {
    let entries = side.serving.metric("cpis_journal_entries")?.unwrap_or(0.0);
    let gib = side.world.database.bytes()? as f64 / f64::from(1 << 30);
    let memory = process::private_bytes(side.serving.pid())? as f64 / f64::from(1 << 20);
    Ok(format!(
        "{} plans, {} entries, {gib:.1} GiB, {memory:.0} MiB private",
        whole(side.world.plans as f64),
        whole(entries)
    ))
}

/// Runs it.
pub fn run(options: &Options, say: &dyn Fn(&str)) -> Result<Vec<Figure>> {
    let mut sides = [make(options, options.scale_plans, say)?, make(options, options.scale_plans * TIMES, say)?];
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
    let beside = format!("{} beside {}", facts(many)?, facts(few)?);
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
    let outcome = side.burst(options, (row.target)(&side.targets), row.connections, options.burst)?.outcome;
    side.settle()?;
    Ok(if row.connections == 1 { outcome.p50_us } else { 1e6 / outcome.answers_per_second })
}
