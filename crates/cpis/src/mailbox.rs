//! `cpis mailbox`: passwords of mailboxes. The service may run: it asks for a password at each request.

use crate::cli::{self, MailboxAction};
use crate::config::Mesh;
use crate::fault::{Fault, Kind, OrFault, Result};
use crate::open::{self, Opened, app};
use crate::{say, serve};
use cpis_app::mail::passwords::Passwords;
use cpis_app::mail::{MailSettings, Mailbox, mailboxes};
use cpis_app::{Clock, SystemClock, organisations};
use cpis_model::register::Register;
use cpis_model::time::london_day;
use std::io::Read;
use std::process::ExitCode;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Longest password that is read in bytes.
const PASSWORD_BYTES_MAX: u64 = 1024;
/// Shortest password in characters.
const PASSWORD_CHARS_MIN: usize = 8;

/// Does what was asked.
pub async fn run(arguments: cli::Mailbox) -> Result<ExitCode> {
    let (places, config) = arguments.place.places()?;
    let tables = config.as_ref().map_or_else(|| Ok(Register::built_in()), serve::register)?;
    let settings =
        config.as_ref().and_then(|config| config.mesh.as_ref()).map_or_else(MailSettings::default, Mesh::choices);
    let opened = open::open_for_change(places, config.map_or(2, |config| config.readers)).await?;
    opened.check_keys().await?;
    let done = act(&opened, &Arc::new(tables), &settings, arguments.action).await;
    opened.close().await;
    done?;
    Ok(ExitCode::SUCCESS)
}

async fn act(opened: &Opened, tables: &Arc<Register>, settings: &MailSettings, action: MailboxAction) -> Result<()> {
    let now = SystemClock.now();
    let register = organisations::load(&*opened.store, tables, london_day(now)).await.map_err(|error| app(&error))?;
    let all = mailboxes(&register, settings, london_day(now));
    let passwords = Passwords { store: &*opened.store, keys: &opened.keys };
    match action {
        MailboxAction::List => {
            let with = passwords.all().await.map_err(|error| app(&error))?;
            for mailbox in &all {
                let state = if mailbox.is_service {
                    "the service's own"
                } else if with.contains(&mailbox.id) {
                    "open"
                } else {
                    "no password"
                };
                say::line(format_args!("{}  {}  {} {}", mailbox.id, state, mailbox.organisation, mailbox.name));
            }
            say::line(format_args!("{} mailboxes", all.len()));
        }
        MailboxAction::Password { id, stdin } => {
            let mailbox = known(&all, &id)?;
            let password = if stdin { read_password()? } else { passwords.make() };
            passwords.set(&mailbox.id, &password, now).await.map_err(|error| app(&error))?;
            if stdin {
                say::line(format_args!("The mailbox {} of {} has this password now.", mailbox.id, mailbox.name));
            } else {
                say::line(format_args!(
                    "The password of the mailbox {} of {}; it is not shown again:",
                    mailbox.id, mailbox.name
                ));
                say::line(format_args!("  {}", *password));
            }
        }
        MailboxAction::Shut { id } => {
            if !passwords.remove(&id).await.map_err(|error| app(&error))? {
                return Err(Fault::failed("This mailbox has no password: nobody gets in."));
            }
            say::line("The mailbox is shut. What lies in it stays.");
        }
    }
    Ok(())
}

fn known<'a>(all: &'a [Mailbox], id: &str) -> Result<&'a Mailbox> {
    let found = all.iter().find(|mailbox| mailbox.id.eq_ignore_ascii_case(id) && !mailbox.is_service);
    found.ok_or_else(|| {
        let mend =
            "Add it to the authority or system in the register of organisations first; cpis mailbox list shows all.";
        Fault::new(Kind::Usage, format!("The register has no mailbox {id} that is in force")).mend(mend)
    })
}

fn read_password() -> Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    let what = "The password cannot be read";
    std::io::stdin().take(PASSWORD_BYTES_MAX).read_to_string(&mut text).or_fault(Kind::Usage, what)?;
    let password = Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
    if password.chars().count() < PASSWORD_CHARS_MIN || password.chars().any(char::is_control) {
        let what = format!("The password needs {PASSWORD_CHARS_MIN} characters at least, on one line");
        return Err(Fault::new(Kind::Usage, what));
    }
    Ok(password)
}
