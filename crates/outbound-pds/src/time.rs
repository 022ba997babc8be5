//! Time as an argument: what o'clock it is, how long ago something was, and waiting.

use async_trait::async_trait;
use cpis_app::Clock;
use cpis_model::Timestamp;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Tells the time and lets it pass.
#[async_trait]
pub trait Time: Send + Sync {
    /// What o'clock it is.
    fn now(&self) -> Timestamp;

    /// Time since some moment. It never goes back, also where the clock does.
    fn elapsed(&self) -> Duration;

    /// Waits.
    async fn pause(&self, time: Duration);
}

/// The machine's time, with the service's clock.
pub struct MachineTime {
    clock: Arc<dyn Clock>,
    began: Instant,
}

impl MachineTime {
    /// Time that begins now.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, began: Instant::now() }
    }
}

#[async_trait]
impl Time for MachineTime {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    async fn pause(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
