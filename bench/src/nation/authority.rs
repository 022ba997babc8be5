//! An authority's system: sends by MESH, and collects answers and notices.

use anyhow::{Context, Result, bail};
use cpis_format_mesh::Envelope;
use cpis_outbound_mesh::{Collected, Mesh, MeshError};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// The mailbox of the service.
pub const SERVICE: &str = "CPIS0HC001";
/// Pause between two looks into a mailbox.
const PAUSE: Duration = Duration::from_secs(2);

/// An authority's system.
#[derive(Clone)]
pub struct Authority {
    mesh: Arc<Mesh>,
}

/// What an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Records that were taken.
    pub loaded: u32,
    /// Records that were not.
    pub failed: u32,
}

impl Authority {
    /// A system with a mailbox.
    pub fn new(mesh: Mesh) -> Self {
        Self { mesh: Arc::new(mesh) }
    }

    /// Sends a file and waits for its answer.
    pub async fn send(&self, file: Vec<u8>) -> Result<Answered> {
        let envelope = Envelope::new(SERVICE.parse()?, "CPIS_UPLOAD");
        let content = bytes::Bytes::from(file);
        loop {
            match self.mesh.send(&envelope, content.clone()).await {
                Ok(_) => break,
                // The service says that it has no room for the moment, and has taken nothing.
                Err(MeshError::Away(_)) => tokio::time::sleep(PAUSE).await,
                Err(error) => return Err(error.into()),
            }
        }
        loop {
            tokio::time::sleep(PAUSE).await;
            for found in self.collect().await? {
                if found.delivered.envelope.workflow != "CPIS_UPLOAD_ACK" {
                    bail!("something else than an answer came");
                }
                let answered = answered(&found.content)?;
                // Of a file that waits for demographics nothing is counted yet; a second answer follows.
                if answered.loaded + answered.failed > 0 {
                    return Ok(answered);
                }
            }
        }
    }

    /// Collects messages that tell of accesses, and counts those that they tell of, until it is told to stop.
    pub async fn collect_notices(&self, count: &AtomicUsize, mut stop: watch::Receiver<bool>) -> Result<()> {
        loop {
            for found in self.collect().await? {
                count.fetch_add(accesses(&found.content), Ordering::Relaxed);
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
            }
        }
    }

    /// Everything that waits.
    async fn collect(&self) -> Result<Vec<Collected>> {
        let mut all = Vec::new();
        for id in self.mesh.inbox().await? {
            all.push(self.mesh.collect(&id).await?);
            self.mesh.acknowledge(&id).await?;
        }
        Ok(all)
    }
}

/// The counts of message 02.
fn answered(content: &[u8]) -> Result<Answered> {
    let text = std::str::from_utf8(content)?;
    let value = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}><value value=\""))?;
        rest.split_once('"')?.0.parse().ok()
    };
    let both = value("successfulReturnedCP-ISRecords").zip(value("failedReturnedCP-ISRecords"));
    let (loaded, failed) = both.context("an answer without counts")?;
    Ok(Answered { loaded, failed })
}

/// How many accesses message 05 tells of.
fn accesses(content: &[u8]) -> usize {
    const MARK: &[u8] = b"<pertinentCP-ISRecordAccess>";
    content.windows(MARK.len()).filter(|part| *part == MARK).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_messages() {
        let answer = include_bytes!("../../../crates/format-hl7v3/tests/golden/acknowledgement.xml");
        assert_eq!(answered(answer).unwrap(), Answered { loaded: 2, failed: 1 });
        let told = include_bytes!("../../../crates/format-hl7v3/tests/golden/access_notification.xml");
        assert_eq!((accesses(told), accesses(answer)), (1, 0));
        assert!(answered(told).is_err());
    }
}
