//! Uploads that wait, and notices that nobody fetches.

use super::database::unreadable;
use crate::config::Config;
use cpis_app::{Clock, SystemClock};
use cpis_store::{Finding, Store, StoreError, UploadRow, UploadStatus, Weight};

/// Hours after which a file that only waits for us or for demographics is late.
const HOURS_LATE: i64 = 1;
const HOUR: i64 = 3600;

/// All findings.
pub async fn check(store: &dyn Store, config: Option<&Config>) -> Vec<Finding> {
    let gap_hours = config.map_or_else(|| Config::default().gap_alarm_hours, |config| config.gap_alarm_hours);
    match read(store, gap_hours.into()).await {
        Ok(findings) => findings,
        Err(error) => vec![unreadable("uploads", &error)],
    }
}

async fn read(store: &dyn Store, gap_hours: i64) -> Result<Vec<Finding>, StoreError> {
    let waiting = store.waiting().await?;
    let (open, oldest) = store.unacknowledged().await?;
    let now = SystemClock.now().as_second();
    let mut findings = judge(&waiting, now, gap_hours);
    let age = oldest.map(|at| format!(", the oldest for {} hours", (now - at.as_second()).max(0) / HOUR));
    findings.push(Finding::good("notices", format!("{open} not acknowledged{}", age.unwrap_or_default())));
    Ok(findings)
}

fn judge(waiting: &[UploadRow], now: i64, gap_hours: i64) -> Vec<Finding> {
    let hours = |row: &UploadRow| (now - row.received.as_second()).max(0) / HOUR;
    let oldest = |gap: bool| {
        let of_kind = waiting.iter().filter(|row| (row.status == UploadStatus::WaitsForGap) == gap);
        of_kind.max_by_key(|row| hours(row))
    };
    let mut findings = Vec::new();
    match oldest(true).filter(|row| hours(row) >= gap_hours) {
        Some(row) => {
            let found = format!(
                "authority {} sent file {} {} hours ago and not the one before it",
                row.authority,
                row.sequence,
                hours(row)
            );
            let mend = "Call the authority: what the file says is not in force.";
            findings.push(Finding::bad(Weight::Warning, "gaps", found, mend));
        }
        None => findings.push(Finding::good("gaps", format!("none for {gap_hours} hours or more"))),
    }
    match oldest(false).filter(|row| hours(row) >= HOURS_LATE) {
        Some(row) => {
            let found =
                format!("file {} of authority {} has waited for {} hours", row.sequence, row.authority, hours(row));
            let mend = "The running service takes it up by itself; read its log for what keeps it.";
            findings.push(Finding::bad(Weight::Warning, "uploads", found, mend));
        }
        None => findings.push(Finding::good("uploads", format!("{} wait", waiting.len()))),
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_too_long_is_named_with_its_authority() {
        let row = |sequence, status, hours: i64| UploadRow {
            authority: "702".parse().unwrap(),
            sequence,
            checksum: [0; 32],
            status,
            code: None,
            received: jiff::Timestamp::from_second(1_780_000_000 - hours * HOUR).unwrap(),
            file_key: None,
            acknowledgement: None,
            sender: Vec::new(),
        };
        let told = |rows: &[UploadRow]| judge(rows, 1_780_000_000, 72);
        assert!(told(&[]).iter().all(|finding| finding.weight == Weight::Good));
        let gap = row(5, UploadStatus::WaitsForGap, 71);
        assert!(told(&[gap]).iter().all(|finding| finding.weight == Weight::Good));
        let rows = [row(5, UploadStatus::WaitsForGap, 80), row(4, UploadStatus::Processing, 2)];
        let told = told(&rows);
        assert!(told[0].found.contains("authority 702 sent file 5 80 hours ago"), "{told:?}");
        assert!(told[1].found.contains("file 4 of authority 702 has waited for 2 hours"), "{told:?}");
        assert!(told.iter().all(|finding| finding.weight == Weight::Warning));
    }
}
