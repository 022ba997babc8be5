//! Takes what lies in the mailbox: whole and aside first, then known, then where it belongs, then acknowledged.

use crate::folders::Place;
use crate::journal::Received;
use crate::{Agent, AgentError};
use cpis_format_mesh::{ControlFile, DeliveredKind, MessageId};
use cpis_outbound_mesh::{Collected, MeshError};

impl Agent {
    /// Takes everything. Says how many messages came.
    pub(crate) async fn collect_all(&self) -> Result<usize, AgentError> {
        let (mut came, mut unreadable) = (0, None);
        for id in self.server.inbox().await? {
            if !crate::run::disk(|| self.journal.knows(&id))? {
                match self.server.collect(&id).await {
                    Ok(collected) => crate::run::disk(|| self.store(&id, &collected))?,
                    // Collected by somebody else, or run out.
                    Err(MeshError::Gone) => continue,
                    // The others must not wait for it.
                    Err(error @ MeshError::NotUnderstood(_)) => {
                        unreadable = Some(error);
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                }
                came += 1;
            }
            crate::run::disk(|| self.place_all())?;
            self.server.acknowledge(&id).await?;
            self.step()?;
        }
        unreadable.map_or(Ok(came), |error| Err(error.into()))
    }

    fn store(&self, id: &MessageId, collected: &Collected) -> Result<(), AgentError> {
        let Collected { delivered, content } = collected;
        let report = match &delivered.kind {
            DeliveredKind::Data => None,
            DeliveredKind::Report(report) => Some(report),
        };
        let control = ControlFile::received(delivered).write();
        for place in [Place::Archive, Place::Temp] {
            if report.is_none() {
                self.folders.write(place, &format!("{id}.dat"), content)?;
                self.step()?;
            }
            self.folders.write(place, &format!("{id}.ctl"), &control)?;
            self.step()?;
        }
        let received = Received {
            id: id.to_string(),
            what: report.map_or_else(|| delivered.envelope.workflow.clone(), |_| "REPORT".to_owned()),
            local_id: delivered.envelope.local_id.clone(),
            code: report.map(|report| report.code.clone()),
            at: self.now_ms(),
        };
        self.journal.receive(&received)?;
        self.step()?;
        let Received { what, local_id, code, .. } = received;
        let kind = if report.is_some() { "report" } else { "data" };
        metrics::counter!("cpis_agent_received_total", "kind" => kind).increment(1);
        let local_id = local_id.unwrap_or_default();
        if let Some(code) = code {
            tracing::warn!(%id, code, local_id, "a report came: a file of this authority has not arrived as it should");
        } else {
            tracing::info!(%id, workflow = what, local_id, "a message came");
        }
        Ok(())
    }

    /// Moves the messages that are known to where they belong, the control file last.
    pub(crate) fn place_all(&self) -> Result<(), AgentError> {
        for id in self.journal.unplaced()? {
            for ending in ["dat", "ctl"] {
                let name = format!("{id}.{ending}");
                self.folders.shift(Place::Temp, &name, Place::In, &name)?;
                self.step()?;
            }
            self.journal.placed(&id)?;
            self.step()?;
        }
        Ok(())
    }
}
