//! The certificates of the listeners: readable, each with its own key, and how long they hold.

use crate::config::Config;
use crate::tls::{acceptor, validity};
use cpis_app::{Clock, SystemClock};
use cpis_store::{Finding, Weight};
use std::path::Path;

/// Days before its end from which on it should be renewed.
const DAYS_WARNING: i64 = 30;
const DAY: i64 = 86_400;

/// All findings.
pub fn check(config: &Config) -> Vec<Finding> {
    config.certificates().map(|(what, certificate, key)| one(what, certificate, key)).collect()
}

fn one(what: &str, certificate: &Path, key: &Path) -> Finding {
    if let Err(fault) = acceptor(certificate, key) {
        let mend = "The service does not start so. Put certificate and key back that belong together.";
        return Finding::bad(Weight::Fault, what, fault.what, mend);
    }
    let Some((begins, ends)) = validity(certificate) else {
        let found = format!("{} cannot be read as X.509", certificate.display());
        return Finding::bad(Weight::Fault, what, found, "Put a certificate there that can be read.");
    };
    judge(what, begins, ends, SystemClock.now().as_second())
}

fn judge(what: &str, begins: i64, ends: i64, now: i64) -> Finding {
    let day = |second: i64| {
        let time = jiff::Timestamp::from_second(second).map(|time| time.to_string()).unwrap_or_default();
        time.split('T').next().unwrap_or_default().to_owned()
    };
    let days = (ends - now).div_euclid(DAY);
    if now < begins {
        let found = format!("it begins on {} only", day(begins));
        Finding::bad(Weight::Fault, what, found, "Nobody can connect before: put one in force there, or set the clock.")
    } else if now >= ends {
        let found = format!("it ended on {}", day(ends));
        Finding::bad(Weight::Fault, what, found, "Nobody can connect: renew it and restart the service.")
    } else if days < DAYS_WARNING {
        let found = format!("it ends on {}, in {days} days", day(ends));
        Finding::bad(Weight::Warning, what, found, "Renew it and restart the service.")
    } else {
        Finding::good(what, format!("it ends on {}, in {days} days", day(ends)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_judged_by_its_days() {
        for (begins, ends, weight, words) in [
            (0, 40 * DAY, Weight::Good, "it ends on 1970-02-10, in 39 days"),
            (0, 31 * DAY, Weight::Good, "in 30 days"),
            (0, 30 * DAY, Weight::Warning, "in 29 days"),
            (0, 2 * DAY, Weight::Warning, "in 1 days"),
            (0, DAY, Weight::Fault, "it ended on 1970-01-02"),
            (2 * DAY, 90 * DAY, Weight::Fault, "it begins on 1970-01-03"),
        ] {
            let told = judge("certificate", begins, ends, DAY);
            assert!(told.weight == weight && told.found.contains(words), "{told:?}");
        }
    }
}
