//! The relay of e-mail: whether it is there and takes our login. No letter is sent.

use crate::config::Config;
use crate::email::smtp;
use cpis_app::emails::EmailFault;
use cpis_store::{Finding, Weight};

const WHAT: &str = "e-mail";

/// All findings; none without e-mail.
pub async fn check(config: &Config) -> Vec<Finding> {
    let Some(settings) = &config.email else { return Vec::new() };
    let smtp = match smtp(settings, &config.pages) {
        Ok(smtp) => smtp,
        Err(fault) => {
            let mend = "The service does not start so: mend the configuration.";
            return vec![Finding::bad(Weight::Fault, WHAT, fault.what, mend)];
        }
    };
    vec![match smtp.greet().await {
        Ok(()) => Finding::good(WHAT, "the relay answers; cpis email try sends a letter"),
        Err(EmailFault::Away { why } | EmailFault::Later { why }) => {
            let mend = "Letters wait and are sent by themselves; look at `email.host`, `email.port`, the relay and the way to it.";
            Finding::bad(Weight::Warning, WHAT, why, mend)
        }
        Err(EmailFault::Refused { why } | EmailFault::Never { why }) => {
            Finding::bad(Weight::Fault, WHAT, why, "Look at [email]: security, user, password and `ca_file`.")
        }
    }]
}
