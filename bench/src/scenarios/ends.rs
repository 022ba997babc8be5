//! Stops, starts and the end: nothing that was answered is missing afterwards.

use super::{BURST_CONNECTIONS, Options, Results, Run};
use crate::judge::{Figure, Limit, Unit};
use crate::load::{Burst, Outcome};
use crate::serving::{Serving, Targets};
use anyhow::{Result, anyhow};
use cpis_load::words::whole;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// Plans that figures of start and memory are about.
const PLANS_FULL: u64 = 1_000_000;
/// Longest wait until a node that was killed is forgotten by its database.
const FORGET_PATIENCE: Duration = Duration::from_secs(30);
/// What the offline commands say until then.
const SERVED: &str = "A node of the service works on the database";

impl Run<'_> {
    /// Stops cleanly and starts again.
    pub(super) fn stopped_and_started(&mut self, why: &str) -> Result<()> {
        (self.say)(&format!("stopping and starting {why}"));
        self.serving.stop()?;
        self.start()
    }

    /// A clean stop and start; between them the journal's looks are counted.
    pub(super) fn restarted(&mut self) -> Result<()> {
        let stopped = self.serving.stop()?;
        (self.say)("counting the journal's looks");
        let figure =
            counted("looks answered and not in the journal", self.world.recorded()?, self.answered, self.failed);
        self.results.figures.push(figure);
        self.start()?;
        let (of, ready) = (self.of_plans(), self.serving.ready_after.as_secs_f64());
        self.push(
            Figure::new(format!("start with {of}, after a clean stop"), ready, Unit::Seconds)
                .beside(format!("the stop took {stopped:.2?}"))
                .asked(self.limits.start),
        );
        Ok(())
    }

    fn of_plans(&self) -> String {
        let rest = if self.sent.1 < PLANS_FULL { " (the limits are about 1 million)" } else { "" };
        self.plans() + rest
    }

    /// `kill -9` under load, and the start after it.
    pub(super) fn killed(&mut self) -> Result<()> {
        (self.say)("kill -9 under load");
        let outcome = kill_under_load(self.options, &mut self.serving, &self.targets, Duration::from_secs(3))?;
        self.start()?;
        self.answered += outcome.answers_200;
        // What was cut may be recorded without an answer; connections that were refused asked nothing.
        self.failed += outcome.errors() - outcome.refused;
        let (of, ready) = (self.of_plans(), self.serving.ready_after.as_secs_f64());
        self.push(
            Figure::new(format!("start with {of}, after kill -9 under load"), ready, Unit::Seconds)
                .beside(format!("{} looks answered before", whole(outcome.answers_200 as f64)))
                .asked(self.limits.start_killed),
        );
        Ok(())
    }

    /// Stops, counts, verifies the audit log.
    pub(super) fn end(mut self) -> Result<Results> {
        self.serving.stop()?;
        if self.wants("start") {
            let name = "looks answered and not in the journal, kill -9 included";
            let figure = counted(name, self.world.recorded()?, self.answered, self.failed);
            self.results.figures.push(figure);
        }
        if self.wants("verify") {
            (self.say)("verifying the audit log");
            let (output, took) = self.verified()?;
            let clean = f64::from(u8::from(!output.status.success()));
            (self.say)(String::from_utf8_lossy(&output.stdout).trim());
            (self.say)(String::from_utf8_lossy(&output.stderr).trim());
            let told = format!("exit {:?} after {:.1} s", output.status.code(), took.as_secs_f64());
            self.results.figures.push(
                Figure::new("faults of the audit log (cpis audit verify)", clean, Unit::Count)
                    .beside(told)
                    .floor(Limit::AtMost(0.0)),
            );
        }
        Ok(self.results)
    }

    /// What `cpis audit verify` says, and how long it took. A server still knows a node that was killed for some seconds.
    fn verified(&self) -> Result<(Output, Duration)> {
        let first = Instant::now();
        loop {
            let begun = Instant::now();
            let mut command = Command::new(&self.options.binary);
            let output = command.args(["audit", "verify", "--config"]).arg(&self.world.config).output()?;
            let served = String::from_utf8_lossy(&output.stderr).contains(SERVED);
            if !served || first.elapsed() > FORGET_PATIENCE {
                return Ok((output, begun.elapsed()));
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    }
}

/// Ends the service as a crash would, after so long a time of hits.
pub(crate) fn kill_under_load(
    options: &Options,
    serving: &mut Serving,
    targets: &Targets,
    after: Duration,
) -> Result<Outcome> {
    let (threads, target) = (options.client_threads, targets.hit.clone());
    // The client goes on a little: it must see the end.
    let duration_ms = after.as_millis() as u64 + 1_000;
    let burst = Burst { target, connections: BURST_CONNECTIONS, threads, warm_up_ms: 0, duration_ms };
    let program = options.program.clone();
    let driver = std::thread::spawn(move || crate::drive::in_own_process(&program, &burst));
    std::thread::sleep(after);
    serving.kill()?;
    driver.join().map_err(|_| anyhow!("the client died"))?
}

/// Answers that the journal does not hold, or entries that nothing explains: a look that was not answered well may stand there.
fn counted(name: &str, recorded: u64, answered: u64, failed: u64) -> Figure {
    let lost = answered.saturating_sub(recorded);
    let unexplained = recorded.saturating_sub(answered + failed);
    Figure::new(name, (lost + unexplained) as f64, Unit::Count)
        .beside(format!(
            "{} answered, {} recorded, {} not answered well",
            whole(answered as f64),
            whole(recorded as f64),
            whole(failed as f64)
        ))
        .floor(Limit::AtMost(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Verdict;

    #[test]
    fn counts_agree_or_the_run_fails() {
        for (recorded, answered, failed, verdict) in [
            (100, 100, 0, Verdict::FloorMet),
            (99, 100, 0, Verdict::FloorMissed),
            (101, 100, 0, Verdict::FloorMissed),
            (101, 100, 1, Verdict::FloorMet),
            (99, 100, 1, Verdict::FloorMissed),
        ] {
            assert_eq!(counted("a", recorded, answered, failed).verdict, verdict, "{recorded} {answered} {failed}");
        }
    }
}
