//! E-mail as the configuration says; and `cpis email`, which tries it.

use crate::cli;
use crate::config::{Config, Email as Settings, Pages};
use crate::fault::{Fault, Kind, Result};
use crate::say;
use cpis_app::emails::{EmailFault, Emailer, Emails, Kind as LetterKind, Letter};
use cpis_app::{Clock, Service, SystemClock};
use cpis_model::record_text::Email;
use cpis_outbound_email::Smtp;
use std::process::ExitCode;
use std::sync::Arc;

/// Where an authority reads its notices, below the service's address.
const NOTICES: &str = "/notices";

/// A relay, and how often the same address is written to.
pub struct Relay {
    emailer: Arc<dyn Emailer>,
    digest_minutes: i64,
}

impl Relay {
    /// The relay of the configuration.
    pub fn of(settings: &Settings, pages: &Pages) -> Result<Self> {
        let digest_minutes = i64::from(settings.digest_minutes);
        Ok(Self { emailer: Arc::new(smtp(settings, pages)?), digest_minutes })
    }

    /// The e-mail of a service that others reach at an address.
    pub fn emails(self, service: Arc<Service>, base_url: &str) -> Arc<Emails> {
        let Self { emailer, digest_minutes } = self;
        Arc::new(Emails { service, emailer, link: format!("{base_url}{NOTICES}"), digest_minutes })
    }
}

/// The relay of the configuration. Nothing is connected to yet.
pub fn smtp(settings: &Settings, pages: &Pages) -> Result<Smtp> {
    let choices = settings.choices(&pages.name)?;
    Smtp::new(&choices).map_err(|faults| {
        let mend = "See [email] in the configuration; cpis config prints it with its meaning.";
        Fault::new(Kind::Configuration, format!("E-mail: {faults}")).mend(mend)
    })
}

/// Sends a letter that says nothing, and says what the relay answered.
pub async fn run(arguments: &cli::Email) -> Result<ExitCode> {
    let config = Config::read(&arguments.config)?;
    let Some(settings) = &config.email else {
        let what = format!("The configuration {} has no [email]", arguments.config.display());
        return Err(Fault::new(Kind::Configuration, what).mend("cpis config prints it with its meaning."));
    };
    let cli::EmailAction::Try { address } = &arguments.action;
    let to: Email = address.parse().map_err(|error| Fault::new(Kind::Usage, format!("The address: {error}")))?;
    let smtp = smtp(settings, &config.pages)?;
    let link = config.external_url(config.listen);
    let at = SystemClock.now();
    let id = format!("trial-{}", at.as_millisecond());
    let sent = smtp.send(&Letter { to: &to, kind: LetterKind::Trial, link: &link, id: &id, at }).await;
    let (why, mend) = match sent {
        Ok(()) => {
            say::line("The relay took the letter. Look whether it arrives.");
            return Ok(ExitCode::SUCCESS);
        }
        Err(EmailFault::Later { why }) => {
            (why, "The service sends such a letter again by itself. Try again in some minutes.")
        }
        Err(EmailFault::Never { why }) => {
            (why, "Look at the address, and at what the relay lets this installation send to.")
        }
        Err(EmailFault::Away { why }) => (why, "Look at `email.host`, `email.port`, the relay and the way to it."),
        Err(EmailFault::Refused { why }) => (why, "Look at [email]: security, user, password, `from` and `ca_file`."),
    };
    Err(Fault::failed(format!("The letter was not taken: {why}")).mend(mend))
}
