//! How the parts of a running gateway wake each other, and how they are told to end.

use tokio::sync::watch;

/// Shared by all parts.
#[derive(Clone, Debug)]
pub(crate) struct Signals {
    asks: watch::Sender<()>,
    pushes: watch::Sender<()>,
    end: watch::Sender<bool>,
}

impl Default for Signals {
    fn default() -> Self {
        Self { asks: watch::Sender::new(()), pushes: watch::Sender::new(()), end: watch::Sender::new(false) }
    }
}

impl Signals {
    /// Something may be owed.
    pub fn wake_all(&self) {
        self.asks.send_replace(());
        self.pushes.send_replace(());
    }

    /// A message may be owed to a hospital's system.
    pub fn wake_pushes(&self) {
        self.pushes.send_replace(());
    }

    pub fn asks(&self) -> watch::Receiver<()> {
        self.asks.subscribe()
    }

    pub fn pushes(&self) -> watch::Receiver<()> {
        self.pushes.subscribe()
    }

    /// Tells all parts to end.
    pub fn end(&self) {
        self.end.send_replace(true);
    }

    pub fn is_ending(&self) -> bool {
        *self.end.borrow()
    }

    /// Waits until the end is asked for.
    pub async fn ending(&self) {
        // An error means that nobody is left to ask for it, and then this sender would not be there either.
        let _ = self.end.subscribe().wait_for(|end| *end).await;
    }
}
