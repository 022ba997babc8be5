//! `cpis audit`: the log verified, exported and proven, with the service stopped.

use crate::cli::{self, AuditAction};
use crate::config::read_text;
use crate::fault::{Fault, Kind, OrFault, Result};
use crate::open::{self, CHECKPOINTS_BYTES_MAX, Opened};
use crate::{epoch, progress, say};
use cpis_app::AppError;
use cpis_app::verify::{Witnesses, verify};
use cpis_audit::{Report, Restore};
use std::path::Path;
use std::process::ExitCode;

/// Does what was asked.
pub async fn run(arguments: cli::Audit) -> Result<ExitCode> {
    let (places, config) = arguments.place.places()?;
    let lock = places.lock()?;
    let opened = open::open(places, lock, config.map_or(2, |config| config.readers), false).await?;
    let done = match arguments.action {
        AuditAction::Verify { checkpoint } => check(&opened, checkpoint.as_deref()).await,
        AuditAction::Export { out } => export(&opened, &out).await,
        AuditAction::Prove { index } => prove(&opened, index).await,
        AuditAction::BeginEpoch => begin_epoch(&opened).await,
    };
    opened.close().await;
    done
}

/// Verifies, prints what was found, and says whether there was no fault.
pub async fn check(opened: &Opened, outside: Option<&Path>) -> Result<ExitCode> {
    let read = |path: &Path| {
        let what = |what| Fault::new(Kind::Usage, format!("The checkpoint {}: {what}", path.display()));
        read_text(path, CHECKPOINTS_BYTES_MAX).map_err(what)
    };
    let outside = outside.map(read).transpose()?;
    let file = opened.checkpoint_text()?;
    let witnesses = Witnesses {
        file: Some(&file).filter(|text| !text.is_empty()).map(String::as_str),
        outside: outside.as_deref(),
    };
    let bar = progress::bar("verifying entries", 0, progress::COUNT);
    let report = verify(&*opened.store, &opened.keys, witnesses, |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })
    .await;
    bar.finish_and_clear();
    match report {
        Ok(report) => Ok(told(&report, file.is_empty())),
        // What cannot even be read is a fault of the log, and the row is named.
        Err(error @ AppError::Damaged(_)) => {
            say::line(format_args!("The verification ended early, because {error}."));
            say::line("The audit log has a fault.");
            Ok(ExitCode::FAILURE)
        }
        Err(error) => Err(open::app(&error)),
    }
}

/// Prints a report; says whether there is no fault.
fn told(report: &Report, without_file: bool) -> ExitCode {
    say::text(words(report, without_file));
    if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn words(report: &Report, without_file: bool) -> String {
    let mut lines = vec![
        format!("{} entries were read; {} of them are of people who were erased.", report.entries, report.erased),
        format!("{} signed checkpoints hold.", report.checkpoints_checked),
    ];
    for Restore { at, epoch } in &report.restores {
        let (number, old) = (epoch.number, epoch.old_size);
        lines.push(if old > *at {
            format!(
                "The log was put back to {at} entries from {old}: epoch {number} began, and what stood between is lost."
            )
        } else {
            format!(
                "The log was put back to {at} entries: epoch {number} began, and nobody knew how many came after them."
            )
        });
    }
    if without_file {
        lines.push("There is no file of checkpoints: only those of the database itself were compared.".to_owned());
    }
    lines.push(match report.tail_proven_to {
        Some(size) => format!("The checkpoint from outside proves that nothing was cut off before entry {size}."),
        None => "Whether entries were cut off the end is not proven: give a checkpoint that was kept elsewhere (--checkpoint FILE)."
            .to_owned(),
    });
    if report.is_clean() {
        lines.push("No fault: nothing was altered, removed or reordered.".to_owned());
    } else {
        lines.push(format!("{} faults:", report.faults_found));
        lines.extend(report.faults.iter().map(|fault| format!("  {fault}")));
        let unnamed = report.faults_found.saturating_sub(report.faults.len() as u64);
        if unnamed > 0 {
            lines.push(format!("  and {unnamed} more"));
        }
        if let Some(first) = &report.first_fault {
            lines.push(format!("The first one: {first}"));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

async fn export(opened: &Opened, out: &Path) -> Result<ExitCode> {
    let last = cpis_app::audit::last_checkpoint(&*opened.store).await.map_err(|error| open::app(&error))?;
    let Some(last) = last else { return Err(Fault::failed("There is no signed checkpoint yet: the log is empty.")) };
    let fault = format!("The folder {} cannot be written", out.display());
    std::fs::create_dir_all(out).or_fault(Kind::Failed, &fault)?;
    let count = cpis_app::audit::export(&*opened.store, &last, out).await.map_err(|error| open::app(&error))?;
    let key = cpis_app::audit::verifying_key(&opened.keys.ring).map_err(|error| open::app(&error))?;
    std::fs::write(out.join("key"), format!("{key}\n")).or_fault(Kind::Failed, &fault)?;
    say::line(format_args!("Wrote {count} tiles below the checkpoint of {} entries to {}.", last.size, out.display()));
    say::line(format_args!("The public key is in the file `key` there: {key}"));
    Ok(ExitCode::SUCCESS)
}

async fn prove(opened: &Opened, index: u64) -> Result<ExitCode> {
    match cpis_app::audit::prove(&*opened.store, index).await {
        Ok(proof) => {
            say::text(proof);
            Ok(ExitCode::SUCCESS)
        }
        Err(AppError::NotFound) => Err(Fault::failed(format!("No signed checkpoint has an entry {index}."))),
        Err(error) => Err(open::app(&error)),
    }
}

/// Goes on after a restore that was not done with `cpis restore`.
async fn begin_epoch(opened: &Opened) -> Result<ExitCode> {
    let service = opened.command_service();
    let begun = epoch::begin(opened, &service, None).await;
    service.close().await;
    say::line(begun?);
    say::line(
        "Tell those who keep checkpoints of this log, and the authorities whose notices are among the lost entries.",
    );
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpis_audit::{CheckpointSource, FaultKind};

    fn report() -> Report {
        Report {
            entries: 12,
            erased: 1,
            root: [0; 32],
            first_fault: None,
            faults: Vec::new(),
            faults_found: 0,
            tail_proven: false,
            tail_proven_to: None,
            checkpoints_checked: 3,
            checkpoints_set_aside: 0,
            restores: Vec::new(),
        }
    }

    #[test]
    fn a_clean_report_says_what_is_not_proven() {
        let text = words(&report(), false);
        assert!(
            text.contains("No fault") && text.contains("is not proven") && !text.contains("no file of checkpoints")
        );
        let text = words(&Report { tail_proven: true, tail_proven_to: Some(12), ..report() }, true);
        assert!(text.contains("nothing was cut off before entry 12") && text.contains("no file of checkpoints"));
    }

    #[test]
    fn each_fault_has_a_line() {
        let what = FaultKind::TailCut { have: 12, expected: 15, from: CheckpointSource::Outside };
        let fault = cpis_audit::Fault { index: Some(12), seq: None, what };
        let faulty = Report {
            first_fault: Some(fault.clone()),
            faults: vec![fault.clone(), fault],
            faults_found: 5,
            ..report()
        };
        let text = words(&faulty, false);
        assert!(text.contains("5 faults:\n  entry 12: the log ends after 12 entries"), "{text}");
        assert!(text.contains("and 3 more\nThe first one: entry 12"), "{text}");
    }
}
