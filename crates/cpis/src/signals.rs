//! When to end: SIGTERM or SIGINT asks for an orderly end, a second one ends at once.

use crate::fault::{Kind, OrFault, Result};
use crate::say;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Turns true at the first signal. At the second one the process ends.
pub fn watch() -> Result<watch::Receiver<bool>> {
    let what = "The program cannot be told to end";
    let mut terminate = signal(SignalKind::terminate()).or_fault(Kind::Failed, what)?;
    let mut interrupt = signal(SignalKind::interrupt()).or_fault(Kind::Failed, what)?;
    let (tell, told) = watch::channel(false);
    tokio::spawn(async move {
        either(&mut terminate, &mut interrupt).await;
        let _ = tell.send(true);
        either(&mut terminate, &mut interrupt).await;
        say::aside("cpis: ended at once, as asked twice. What was answered is stored.");
        #[expect(clippy::exit, reason = "the operator asked twice")]
        std::process::exit(1);
    });
    Ok(told)
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! { _ = one.recv() => {}, _ = other.recv() => {} }
}

/// Waits until the end is asked for.
pub async fn asked(stop: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, and with it the process.
    let _ = stop.wait_for(|stop| *stop).await;
}
