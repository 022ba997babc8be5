//! Demographics elsewhere: whether this installation is admitted, and whether a read is answered.

use crate::config::{Config, DemographicsSource};
use crate::demographics::pds;
use cpis_outbound_pds::{Pds, PdsError, Read};
use cpis_store::{Finding, Weight};

const WHAT: &str = "demographics";

/// All findings; none where the local register is used.
pub async fn check(config: &Config) -> Vec<Finding> {
    let settings = &config.demographics;
    if settings.source == DemographicsSource::Local {
        return Vec::new();
    }
    let pds = match pds(settings) {
        Ok(pds) => pds,
        Err(fault) => {
            let mend = "The service does not start so: mend the configuration.";
            return vec![Finding::bad(Weight::Fault, WHAT, fault.what, mend)];
        }
    };
    let mut findings = vec![match pds.admitted().await {
        Ok(()) => Finding::good(WHAT, "PDS gives a token"),
        Err(error) => return vec![failed("no token can be had", error)],
    }];
    findings.extend(read(&pds, config).await);
    findings
}

async fn read(pds: &Pds, config: &Config) -> Option<Finding> {
    let number = config.demographics.test_number()?;
    Some(match pds.read(number).await {
        Ok(Read::Somebody) => Finding::good(WHAT, "PDS answers a read of the test number"),
        Ok(Read::Nobody) => {
            let found = "PDS answers, but nobody has the test number";
            Finding::bad(Weight::Warning, WHAT, found, "Name a number in `test_number` that this PDS knows.")
        }
        Err(error) => failed("a read of the test number is not answered", error),
    })
}

fn failed(found: &str, error: PdsError) -> Finding {
    let mend = match error {
        PdsError::Away { .. } => {
            "Uploads wait (CPF05) and are taken up by themselves; look at the network and at the status of PDS."
        }
        PdsError::Refused("client" | "token") => {
            "Look at the API key, the key and its id, and at the public key that is registered for the application."
        }
        PdsError::Refused("forbidden") => "Look at what the application is approved for.",
        PdsError::Refused(_) | PdsError::NotUnderstood(_) => "Look at `base_url` and `token_url`.",
    };
    Finding::bad(Weight::Fault, WHAT, format!("{found}: {error}"), mend)
}
