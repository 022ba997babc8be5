//! A server's comparison: `pgbench` over a copy of the data, measured in the same rounds as the service.

use super::{BURST_CONNECTIONS, Run, wait_for_applier};
use crate::judge::{Figure, Unit};
use crate::pgbench::{Pgbench, Script};
use crate::rounds::{Beside, Report};
use crate::serving::Serving;
use anyhow::Result;
use cpis_load::words::whole;
use std::time::Duration;

/// Time of the looks of whose size in the journal pgbench's rows are.
const SAMPLE: Duration = Duration::from_millis(100);

impl Run<'_> {
    /// Makes the copy for pgbench, with the service stopped.
    pub(super) fn make_pgbench(&mut self) -> Result<()> {
        if self.world.database.server().is_none() {
            return Ok(());
        }
        let target = self.targets.hit.clone();
        self.load(&target, 1, SAMPLE)?;
        wait_for_applier(&self.serving)?;
        (self.say)("copying the database for pgbench");
        self.serving.stop()?;
        if let Some(server) = self.world.database.server() {
            self.pgbench = Some(Pgbench::prepare(server, self.world.folder())?);
        }
        self.start()
    }

    /// Starts the service again.
    pub(super) fn start(&mut self) -> Result<()> {
        self.serving = Serving::start(&self.options.binary, &self.world)?;
        self.targets = self.serving.targets(&self.world, &self.world.tokens());
        self.earlier = self.answered;
        Ok(())
    }

    /// What is measured in the same rounds as the service.
    pub(super) fn beside(&self) -> Vec<Beside> {
        let Some(pgbench) = &self.pgbench else { return Vec::new() };
        let of = |script: Script| {
            let (pgbench, time) = (pgbench.clone(), self.options.burst);
            let run = Box::new(move |clients| pgbench.run(script, clients, time));
            Beside { name: script.row(), connections_max: BURST_CONNECTIONS, run }
        };
        Script::ALL.into_iter().map(of).collect()
    }

    /// Hits a second at 64 connections against the best that pgbench did in any round with any number of clients.
    pub(super) fn against_pgbench(&mut self, rate: f64, reports: &[&Report]) {
        let asked = self.limits.pgbench;
        for script in [Script::Locked, Script::Unlocked] {
            let rates: Vec<_> = reports.iter().flat_map(|report| report.rates(script.row())).collect();
            let Some(figure) = share(script.row(), rate, &rates) else { continue };
            self.push(figure.asked(asked));
        }
    }
}

fn share(row: &str, rate: f64, rates: &[(f64, usize)]) -> Option<Figure> {
    let best_of =
        |rates: &mut dyn Iterator<Item = &(f64, usize)>| rates.max_by(|one, other| one.0.total_cmp(&other.0)).copied();
    let (best, clients) = best_of(&mut rates.iter())?;
    let (burst, _) = best_of(&mut rates.iter().filter(|(_, clients)| *clients == BURST_CONNECTIONS))?;
    let at_burst = format!("its best at {BURST_CONNECTIONS} is {}/s", whole(burst));
    Some(
        Figure::new(format!("hit, 64 connections: share of the best of {row}"), rate / best, Unit::Share)
            .beside(format!("{}/s against {}/s at {clients} clients; {at_burst}", whole(rate), whole(best))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_every_round_and_number_of_clients_is_what_we_are_held_against() {
        let rates = [(1_000.0, 1), (6_000.0, 16), (4_000.0, 64), (5_000.0, 64), (4_500.0, 64)];
        let figure = share("pgbench", 9_000.0, &rates).unwrap();
        assert!((figure.value - 1.5).abs() < 1e-9);
        assert_eq!(figure.beside, "9,000/s against 6,000/s at 16 clients; its best at 64 is 5,000/s");
        assert_eq!(share("pgbench", 9_000.0, &[]), None);
    }
}
