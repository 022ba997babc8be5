//! Files that are complete are taken out of the folder in which they were found, each with a row of the journal.

use crate::folders::Place;
use crate::journal::{Outgoing, Stage};
use crate::outbox::{self, FILES_MAX, Found, Rules, Waiting};
use crate::{Agent, AgentError};
use cpis_format_mesh::control_file::CONTROL_FILE_BYTES_MAX;
use cpis_format_mesh::status::CODE_BAD_CONTROL;
use cpis_format_mesh::{ControlFile, Envelope, status};
use std::io::{Read, Seek, SeekFrom};
use std::sync::PoisonError;
use std::time::Instant;

/// Bytes at the end of a file that are looked at.
const END_BYTES: i64 = 512;

/// Why a file is not sent: code and text.
type Fault = (&'static str, String);

impl Agent {
    /// Finishes what was begun, and takes what is complete. Says how many files were taken.
    pub(crate) fn take(&self, now: Instant) -> Result<usize, AgentError> {
        self.settle()?;
        let listed = self.folders.list(Place::Out, FILES_MAX)?;
        let settings = &self.settings;
        let rules = Rules { alone: &settings.alone, settle: settings.settle, control_settle: settings.control_settle };
        let mut outbox = self.outbox.lock().unwrap_or_else(PoisonError::into_inner);
        let (found, mut waiting) = outbox.look(listed, rules, now);
        let mut taken = 0;
        for found in found {
            let alone = found.data.as_deref().filter(|_| found.control.is_none());
            if let Some(name) = alone
                && !self.ends_well(name)
            {
                outbox.again(name, now);
                waiting.push(Waiting { name: name.to_owned(), why: "its end is missing" });
                continue;
            }
            self.take_one(found)?;
            taken += 1;
        }
        drop(outbox);
        self.said().waiting = waiting;
        Ok(taken)
    }

    fn ends_well(&self, name: &str) -> bool {
        let end = || {
            let mut file = std::fs::File::open(self.folders.path(Place::Out, name))?;
            let bytes = i64::try_from(file.metadata()?.len()).unwrap_or(i64::MAX);
            file.seek(SeekFrom::End(-bytes.min(END_BYTES)))?;
            let mut end = Vec::new();
            file.take(END_BYTES.unsigned_abs()).read_to_end(&mut end)?;
            Ok::<_, std::io::Error>(end)
        };
        end().is_ok_and(|end| outbox::ends_well(name, &end))
    }

    fn take_one(&self, found: Found) -> Result<(), AgentError> {
        let control_bytes = match &found.control {
            Some(name) => self.folders.read(Place::Out, name)?,
            None => None,
        };
        let said = self.envelope(&found, control_bytes.as_deref());
        let own = format!("CPIS-{}", uuid::Uuid::new_v4().simple());
        let given = said.as_ref().ok().and_then(|envelope| envelope.local_id.clone());
        let mut file = Outgoing {
            id: 0,
            data: found.data,
            control: found.control,
            control_bytes,
            envelope: said.as_ref().ok().map(Envelope::to_json),
            own_id: given.is_none(),
            local_id: given.unwrap_or(own),
            doubtful: false,
            stage: Stage::Taking,
            message: None,
            code: said.as_ref().err().map(|(code, _)| (*code).to_owned()),
            why: said.err().map(|(_, why)| why),
            place: None,
            at: self.now_ms(),
        };
        file.id = self.journal.begin(&file)?;
        self.step()?;
        self.move_out(file)
    }

    /// Moves the files of a row that is being taken. One whose content is not there any more is forgotten: it is found again if
    /// it comes again.
    fn move_out(&self, mut file: Outgoing) -> Result<(), AgentError> {
        if let Some(data) = &file.data {
            let name = aside(file.id);
            if !self.folders.has(Place::Temp, &name) && !self.folders.shift(Place::Out, data, Place::Temp, &name)? {
                tracing::warn!(file = self.settings.shown(data), "a file was taken away while it was being taken");
                return self.journal.forget(file.id);
            }
            self.step()?;
        }
        if let (Some(name), Some(bytes)) = (&file.control, &file.control_bytes)
            && self.folders.read(Place::Out, name)?.as_ref() == Some(bytes)
        {
            self.folders.remove(Place::Out, name)?;
            self.step()?;
        }
        file.stage = if file.envelope.is_some() { Stage::Ready } else { Stage::Refused };
        self.journal.keep(&file)?;
        let name = file.data.as_deref().or(file.control.as_deref()).unwrap_or_default();
        tracing::info!(file = self.settings.shown(name), local_id = file.local_id, "a file was taken");
        self.step()
    }

    /// What is said about the message, or why it cannot be sent.
    fn envelope(&self, found: &Found, control: Option<&[u8]>) -> Result<Envelope, Fault> {
        let envelope = match control {
            None => Envelope::new(self.settings.to.clone(), &self.settings.workflow),
            Some(control) => self.said_by(control)?,
        };
        if found.data.is_none() || found.bytes == 0 {
            return Err((status::CODE_NO_DATA, "Data file is missing or inaccessible.".to_owned()));
        }
        if found.bytes > self.settings.file_bytes_max {
            return Err((status::CODE_BAD_CONTROL, "The data file is larger than this agent sends".to_owned()));
        }
        Ok(envelope)
    }

    fn said_by(&self, control: &[u8]) -> Result<Envelope, Fault> {
        let told = |faults: Vec<cpis_format_mesh::ControlFault>| {
            let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
            (CODE_BAD_CONTROL, format!("Malformed control file: {}", told.join("; ")))
        };
        if control.len() > CONTROL_FILE_BYTES_MAX {
            return Err((CODE_BAD_CONTROL, "Malformed control file: it is larger than 64 KiB".to_owned()));
        }
        let file = ControlFile::read(control).map_err(told)?;
        if file.is_report {
            return Err((status::CODE_BAD_TYPE, "Invalid Message Type for the transfer".to_owned()));
        }
        if file.from.as_ref().is_some_and(|from| *from != self.settings.mailbox) {
            return Err((status::CODE_BAD_SENDER, "Invalid From Address in the control file".to_owned()));
        }
        file.envelope().map_err(told)
    }

    /// Finishes what was begun before: files on their way out of the folder, messages on their way into one, files to put away.
    pub(crate) fn settle(&self) -> Result<(), AgentError> {
        for file in self.journal.at(&[Stage::Taking])? {
            // Not moved yet: whether it is complete is found out anew.
            if file.data.is_some() && !self.folders.has(Place::Temp, &aside(file.id)) {
                self.journal.forget(file.id)?;
            } else {
                self.move_out(file)?;
            }
        }
        self.place_all()?;
        self.put_away()
    }
}

/// What the content of a row is called aside.
pub fn aside(id: i64) -> String {
    format!("out-{id}.dat")
}
