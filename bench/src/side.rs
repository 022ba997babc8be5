//! One of two services that are measured in turn.

use crate::load::Burst;
use crate::rounds::{self, Measured};
use crate::scenarios::{Options, wait_for_applier};
use crate::serving::{Serving, Targets};
use crate::settings::Target;
use crate::world::World;
use anyhow::{Result, ensure};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A world, and the service over it.
pub struct Side {
    /// Its world, with an empty database at first.
    pub world: World,
    /// The service.
    pub serving: Serving,
    /// What it is asked.
    pub targets: Targets,
    binary: PathBuf,
}

impl Side {
    /// Makes a world that `binary` fills and serves; its plans are not sent yet.
    pub fn make(options: &Options, binary: &Path, plans: u64, say: &dyn Fn(&str)) -> Result<Self> {
        let mut world = World::make(binary, &options.folder, options.database, (plans, plans), say)?;
        if options.keep {
            world.keep();
            say(&format!("everything lies in {}", world.folder().display()));
        }
        let serving = Serving::start(binary, &world)?;
        let targets = serving.targets(&world, &world.tokens());
        Ok(Self { world, serving, targets, binary: binary.to_owned() })
    }

    /// Starts the service again, with fresh tokens.
    pub fn start(&mut self) -> Result<()> {
        self.serving = Serving::start(&self.binary, &self.world)?;
        self.targets = self.serving.targets(&self.world, &self.world.tokens());
        self.settle()
    }

    /// Waits until nothing is left to do, so that what one side does later is not a burden to the other.
    pub fn settle(&self) -> Result<()> {
        wait_for_applier(&self.serving).map(drop)
    }

    /// A burst of which every answer must be right.
    pub fn burst(&self, options: &Options, target: &Target, connections: usize, time: Duration) -> Result<Measured> {
        let measured = rounds::one(&burst(options, target, connections, time), Some(self.serving.pid()), |burst| {
            crate::drive::in_own_process(&options.program, burst)
        })?;
        ensure!(measured.outcome.errors() == 0, "{} answers were wrong", measured.outcome.errors());
        Ok(measured)
    }
}

/// A burst with a quarter of its time before it as warm-up.
pub fn burst(options: &Options, target: &Target, connections: usize, time: Duration) -> Burst {
    let duration_ms = time.as_millis() as u64;
    let threads = options.client_threads;
    Burst { target: target.clone(), connections, threads, warm_up_ms: duration_ms / 4, duration_ms }
}
