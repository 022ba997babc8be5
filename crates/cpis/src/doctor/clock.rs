//! The clock: entries carry its time, and the rule of 24 hours goes by it. It is held against what others say.

use cpis_model::Timestamp;
use cpis_store::{Finding, Weight};
use std::path::Path;

/// Seconds of difference from which on there is a warning. An HTTP date has whole seconds.
const WARNING_SECONDS: f64 = 2.0;
/// The same, for a fault.
const FAULT_SECONDS: f64 = 60.0;

/// The difference to the `Date` of an answer that came between two moments of ours.
pub fn compare(date: &str, asked: Timestamp, answered: Timestamp) -> Option<f64> {
    let theirs = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok()?;
    let seconds = |time: Timestamp| time.as_millisecond() as f64 / 1000.0;
    // Their clock stood somewhere within this second, at some moment between ours.
    let (first, last) = (seconds(theirs), seconds(theirs) + 1.0);
    let (asked, answered) = (seconds(asked), seconds(answered));
    Some(if asked > last {
        asked - last
    } else if answered < first {
        answered - first
    } else {
        0.0
    })
}

/// How a difference is to be taken. Positive: ours goes before.
pub fn judge(difference: f64, whose: &str) -> Finding {
    let what = "clock";
    let direction = if difference < 0.0 { "behind" } else { "before" };
    let found = format!("{:.1} seconds {direction} that of {whose}", difference.abs());
    let mend = "Set the clocks of all machines by NTP.";
    if difference.abs() > FAULT_SECONDS {
        Finding::bad(Weight::Fault, what, found, mend)
    } else if difference.abs() > WARNING_SECONDS {
        Finding::bad(Weight::Warning, what, found, mend)
    } else {
        Finding::good(what, format!("agrees with that of {whose}"))
    }
}

/// What the system says of its own synchronisation; nothing where it says nothing.
pub fn synchronised(folder: &Path) -> Option<Finding> {
    if !folder.is_dir() {
        return None;
    }
    Some(if folder.join("synchronized").exists() {
        Finding::good("time service", "the clock is synchronised")
    } else {
        let mend = "Look at it with: timedatectl";
        Finding::bad(Weight::Warning, "time service", "the clock has not been synchronised yet", mend)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_and_judged() {
        let date = "Sun, 22 Nov 2026 10:00:00 GMT";
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        for (asked, answered, difference, weight) in [
            ("2026-11-22T10:00:00.2Z", "2026-11-22T10:00:00.3Z", 0.0, Weight::Good),
            ("2026-11-22T09:59:58Z", "2026-11-22T10:00:05Z", 0.0, Weight::Good),
            ("2026-11-22T10:00:02Z", "2026-11-22T10:00:02.5Z", 1.0, Weight::Good),
            ("2026-11-22T10:00:11Z", "2026-11-22T10:00:12Z", 10.0, Weight::Warning),
            ("2026-11-22T09:59:50Z", "2026-11-22T09:59:51Z", -9.0, Weight::Warning),
            ("2026-11-22T11:00:01Z", "2026-11-22T11:00:02Z", 3600.0, Weight::Fault),
        ] {
            let told = compare(date, at(asked), at(answered)).unwrap();
            assert!((told - difference).abs() < 0.01, "{asked}: {told}");
            assert_eq!(judge(told, "the issuer").weight, weight, "{asked}");
        }
        assert!(judge(-9.0, "x").found.starts_with("9.0 seconds behind"));
        assert_eq!(compare("yesterday", at("2026-11-22T10:00:00Z"), at("2026-11-22T10:00:00Z")), None);
    }

    #[test]
    fn a_time_service_that_is_there_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(synchronised(&folder.path().join("none")), None);
        assert_eq!(synchronised(folder.path()).unwrap().weight, Weight::Warning);
        std::fs::write(folder.path().join("synchronized"), "").unwrap();
        assert_eq!(synchronised(folder.path()).unwrap().weight, Weight::Good);
    }
}
