//! When the last backup was.

use crate::backup_folder::backups;
use crate::config::Config;
use cpis_model::Timestamp;
use cpis_store::{Finding, Weight};
use std::path::Path;

/// Hours after which a nightly backup should have come.
const LATE_HOURS: i64 = 26;

/// The newest backup in the folder of the configuration.
pub fn check(config: &Config, now: Timestamp) -> Finding {
    if let Some(folder) = &config.backup.folder {
        return judge(folder, backups(folder).map(|all| all.last().map(|found| found.made)), now);
    }
    let mend = "Set `folder` and `recipients` in [backup] and run cpis backup every night.";
    Finding::bad(Weight::Warning, "backup", "the configuration names no folder for backups", mend)
}

fn judge(folder: &Path, newest: std::io::Result<Option<Timestamp>>, now: Timestamp) -> Finding {
    let what = "backup";
    let mend = "Run cpis backup now, and look why the nightly one did not.";
    match newest {
        Ok(Some(made)) => {
            let hours = (now.as_second() - made.as_second()).max(0) / 3600;
            let found = format!("the last one is of {}, {hours} hours ago", made.strftime("%Y-%m-%d %H:%M UTC"));
            if now.as_second() - made.as_second() > LATE_HOURS * 3600 {
                Finding::bad(Weight::Warning, what, found, mend)
            } else {
                Finding::good(what, found)
            }
        }
        Ok(None) => Finding::bad(Weight::Warning, what, format!("there is none in {}", folder.display()), mend),
        Err(error) => {
            let mend = "Make the folder, or mount the disk that it lies on.";
            Finding::bad(Weight::Warning, what, format!("{} cannot be read: {error}", folder.display()), mend)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_of_the_day_before_yesterday_is_late() {
        let now: Timestamp = "2026-11-28T09:00:00Z".parse().unwrap();
        let judged = |made: Option<&str>| judge(Path::new("b"), Ok(made.map(|made| made.parse().unwrap())), now);
        let good = judged(Some("2026-11-28T02:00:00Z"));
        assert_eq!(
            (good.weight, good.found.as_str()),
            (Weight::Good, "the last one is of 2026-11-28 02:00 UTC, 7 hours ago")
        );
        assert_eq!(judged(Some("2026-11-27T07:00:00Z")).weight, Weight::Good);
        assert_eq!(judged(Some("2026-11-27T06:59:59Z")).weight, Weight::Warning);
        assert_eq!(judged(None).weight, Weight::Warning);
        let config = Config::default();
        assert!(check(&config, now).found.contains("names no folder"));
        let away = judge(Path::new("b"), Err(std::io::ErrorKind::NotFound.into()), now);
        assert!(away.weight == Weight::Warning && away.mend.contains("mount the disk"));
    }
}
