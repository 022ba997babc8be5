//! Sends what was taken, one file after the other, and puts it away.

use crate::folders::Place;
use crate::journal::{Outgoing, Received, Stage};
use crate::outbox::base;
use crate::take::aside;
use crate::{Agent, AgentError};
use cpis_format_mesh::status::{self, StatusRecord};
use cpis_format_mesh::{ControlFile, Envelope, MessageId};
use cpis_outbound_mesh::MeshError;

/// Names that are tried for a file that is put away.
const NAMES_MAX: u32 = 10_000;

impl Agent {
    /// Sends what waits, in the order in which it was taken. Says how many files were sent.
    pub(crate) async fn send_all(&self) -> Result<usize, AgentError> {
        let mut sent = 0;
        for file in crate::run::disk(|| self.journal.at(&[Stage::Ready, Stage::Sending]))? {
            sent += usize::from(self.send_one(file).await?);
        }
        Ok(sent)
    }

    /// Sends one file. An error leaves it where it is, and its fate is found out before it is sent again.
    async fn send_one(&self, mut file: Outgoing) -> Result<bool, AgentError> {
        let content = crate::run::disk(|| self.folders.read(Place::Temp, &aside(file.id)))?;
        let envelope = file.envelope.as_deref().map(Envelope::from_json).and_then(Result::ok);
        let (Some(mut envelope), Some(content)) = (envelope, content) else {
            self.refuse(&mut file, status::CODE_NO_DATA, "Data file is missing or inaccessible.")?;
            return Ok(false);
        };
        if file.stage == Stage::Sending && !file.doubtful {
            if let Some(found) = self.server.find(&file.local_id).await? {
                tracing::info!(local_id = file.local_id, "a file had arrived, though its answer was lost");
                self.sent(&mut file, found.id)?;
                return Ok(true);
            }
            // It had not: under a name that is ours alone, each try can be told from the one before.
            if file.own_id {
                file.local_id = format!("CPIS-{}", uuid::Uuid::new_v4().simple());
            }
        } else if !file.own_id && file.stage == Stage::Ready {
            // Another file of this name would be taken for this one.
            file.doubtful = self.server.find(&file.local_id).await?.is_some();
        }
        file.stage = Stage::Sending;
        crate::run::disk(|| self.journal.keep(&file))?;
        self.step()?;
        envelope.local_id = Some(file.local_id.clone());
        match self.server.send(&envelope, content.into()).await {
            Ok(id) => {
                self.step()?;
                self.sent(&mut file, Some(id))?;
                Ok(true)
            }
            Err(MeshError::Refused { refusal, status }) => {
                let code = Some(refusal.code).filter(|code| !code.is_empty());
                let code = code.unwrap_or_else(|| status::CODE_BAD_CONTROL.to_owned());
                let why = format!("The server refuses with {status}: {}", refusal.text);
                self.refuse(&mut file, &code, &why)?;
                Ok(false)
            }
            Err(MeshError::Settings(why)) => {
                self.refuse(&mut file, status::CODE_BAD_CONTROL, why)?;
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The server has a file.
    fn sent(&self, file: &mut Outgoing, id: Option<MessageId>) -> Result<(), AgentError> {
        file.message = id.map(String::from);
        file.stage = Stage::Sent;
        crate::run::disk(|| {
            self.journal.keep(file)?;
            self.step()?;
            metrics::counter!("cpis_agent_sent_total").increment(1);
            let name = file.data.as_deref().unwrap_or_default();
            let message = file.message.as_deref().unwrap_or_default();
            tracing::info!(file = self.settings.shown(name), local_id = file.local_id, message, "a file was sent");
            self.put_away_one(file.clone())
        })
    }

    /// A file will not be sent.
    fn refuse(&self, file: &mut Outgoing, code: &str, why: &str) -> Result<(), AgentError> {
        (file.code, file.why) = (Some(code.to_owned()), Some(why.to_owned()));
        file.stage = Stage::Refused;
        crate::run::disk(|| {
            self.journal.keep(file)?;
            self.step()?;
            self.put_away_one(file.clone())
        })
    }

    /// Puts away the files that were sent or will not be.
    pub(crate) fn put_away(&self) -> Result<(), AgentError> {
        for file in self.journal.at(&[Stage::Sent, Stage::Refused])? {
            self.put_away_one(file)?;
        }
        Ok(())
    }

    fn put_away_one(&self, mut file: Outgoing) -> Result<(), AgentError> {
        let is_sent = file.stage == Stage::Sent;
        let (folder, stage) = if is_sent { (Place::Sent, Stage::Done) } else { (Place::Failed, Stage::Failed) };
        if file.place.is_none() {
            file.place = Some(self.free(folder, &file)?);
            if !is_sent {
                file.message = Some(self.report_id().to_string());
            }
            self.journal.keep(&file)?;
            self.step()?;
        }
        let name = file.place.clone().unwrap_or_default();
        let (control, report) = self.control_files(&file);
        let control = control.or_else(|| file.control_bytes.clone());
        if let Some(control) = control {
            self.folders.write(folder, &format!("{name}.ctl"), &control)?;
            self.step()?;
        }
        if let Some(data) = &file.data {
            let kept = with_ending(&name, data);
            if self.folders.shift(Place::Temp, &aside(file.id), folder, &kept)? {
                self.folders.touch(folder, &kept, self.file_time());
            }
            self.step()?;
        }
        let received = report.map(|report| {
            let id = file.message.clone().unwrap_or_default();
            self.folders.write(Place::Temp, &format!("{id}.ctl"), &report)?;
            self.step()?;
            let (code, local_id) = (file.code.clone(), Some(file.local_id.clone()));
            Ok::<_, AgentError>(Received { id, what: "REPORT".to_owned(), local_id, code, at: self.now_ms() })
        });
        self.journal.end(&file, stage, received.transpose()?.as_ref(), self.now_ms())?;
        self.step()?;
        if !is_sent {
            metrics::counter!("cpis_agent_failed_total").increment(1);
            let shown = self.settings.shown(file.data.as_deref().unwrap_or_default());
            let (code, local_id) = (file.code.unwrap_or_default(), &file.local_id);
            tracing::error!(file = shown, code, local_id, "a file was not sent; it lies in FAILED with the reason");
        }
        self.place_all()
    }

    /// The control file to put beside a file, where one can be written, and the report where it failed.
    fn control_files(&self, file: &Outgoing) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
        let given = file.control_bytes.as_deref().map(ControlFile::read);
        let is_readable = !matches!(given, Some(Err(_)));
        let said = match (given, file.envelope.as_deref().map(Envelope::from_json)) {
            (Some(Ok(given)), _) => given,
            (_, Some(Ok(envelope))) => ControlFile::outgoing(&self.settings.mailbox, &envelope),
            _ => ControlFile {
                to: Some(self.settings.to.clone()),
                from: Some(self.settings.mailbox.clone()),
                workflow: Some(self.settings.workflow.clone()),
                ..ControlFile::default()
            },
        };
        let said = ControlFile { local_id: Some(file.local_id.clone()), ..said };
        let message = file.message.as_deref().and_then(|id| id.parse().ok());
        if file.stage == Stage::Sent {
            return (Some(said.sent(message, StatusRecord::transferred(self.clock.now())).write()), None);
        }
        let status = StatusRecord {
            at: Some(self.clock.now()),
            event: "COLLECT".to_owned(),
            is_success: false,
            code: file.code.clone().unwrap_or_default(),
            description: file.why.clone().unwrap_or_default(),
        };
        let kept = is_readable.then(|| said.clone().sent(None, status.clone()).write());
        let report = ControlFile { is_report: true, ..said.sent(message, status) };
        (kept, Some(report.write()))
    }

    /// A name that no file has where it is put away: its own, or with a number behind it.
    fn free(&self, folder: Place, file: &Outgoing) -> Result<String, AgentError> {
        let name = file.data.as_deref().or(file.control.as_deref()).unwrap_or_default();
        let own = base(name);
        let is_free = |candidate: &String| {
            let data = file.data.as_deref().map(|data| with_ending(candidate, data));
            data.into_iter().chain([format!("{candidate}.ctl")]).all(|name| !self.folders.has(folder, &name))
        };
        let numbered = (2..NAMES_MAX).map(|number| format!("{own}-{number}"));
        let found = std::iter::once(own.to_owned()).chain(numbered).find(is_free);
        let full = || AgentError::folder("a file cannot be put away")(std::io::Error::other("all its names are taken"));
        found.ok_or_else(full)
    }
}

/// A new name with the ending of another.
fn with_ending(name: &str, data: &str) -> String {
    data.rsplit_once('.').map_or_else(|| name.to_owned(), |(_, ending)| format!("{name}.{ending}"))
}
