//! `cpis account`: local accounts for the day on which no identity service answers, with the service stopped.

use crate::cli::{self, AccountAction};
use crate::fault::{Fault, Kind, OrFault, Result};
use crate::open::{self, Opened};
use crate::say;
use cpis_app::sessions::{Account, Accounts};
use cpis_app::{Clock, Entropy, SystemClock};
use cpis_identity::{LOCAL_ISSUER, LocalAccount, LocalError, TOTP_SECRET_BYTES, TotpSecret, hash_password};
use cpis_inbound_web::KeptAccount;
use std::io::{IsTerminal, Read};
use std::process::ExitCode;

/// Longest password that is read in bytes.
const PASSWORD_BYTES_MAX: u64 = 4096;

/// Does what was asked.
pub async fn run(arguments: cli::Account) -> Result<ExitCode> {
    let (places, config) = arguments.place.places()?;
    let lock = places.lock()?;
    let opened = open::open(places, lock, config.map_or(2, |config| config.readers), true).await?;
    opened.check_keys().await?;
    let done = act(&opened, arguments.action).await;
    opened.close().await;
    done?;
    Ok(ExitCode::SUCCESS)
}

async fn act(opened: &Opened, action: AccountAction) -> Result<()> {
    let accounts = Accounts { store: &*opened.store, keys: &opened.keys };
    match action {
        AccountAction::Add(add) => {
            let login = add.login.trim().to_owned();
            if accounts.find(&login).await.map_err(|error| open::app(&error))?.is_some() {
                let what = "There is an account of this name";
                return Err(Fault::new(Kind::Usage, what).mend("Remove it first, or choose another name."));
            }
            let (account, secret) = made(&add, &ask_password()?, &*opened.keys.entropy)?;
            let fresh = Account { login: login.clone(), revision: 0, body: KeptAccount::new(account).to_bytes() };
            let saved = accounts.save(&fresh, SystemClock.now()).await.map_err(|error| open::app(&error))?;
            if !saved {
                return Err(Fault::failed("Somebody else made an account of this name at the same moment."));
            }
            say::line("The account is there. Put this into an authenticator app now; it is not shown again:");
            say::line(format_args!("  {}", secret.enrolment_url("OpenCPIS", &login)));
            say::line(format_args!("  Secret {}", secret.to_base32()));
            say::line("It works once `break_glass = true` stands in [pages] of the configuration.");
        }
        AccountAction::List => {
            let all = accounts.all().await.map_err(|error| open::app(&error))?;
            for account in &all {
                let kept = KeptAccount::from_bytes(&account.body);
                let used = kept.is_some_and(|kept| kept.used.is_some());
                say::line(format_args!("{}  {}", account.login, if used { "used" } else { "never used" }));
            }
            say::line(format_args!("{} accounts", all.len()));
        }
        AccountAction::Remove { login } => {
            if !accounts.remove(LOCAL_ISSUER, &login).await.map_err(|error| open::app(&error))? {
                return Err(Fault::failed("There is no account of this name."));
            }
            say::line("The account is gone.");
        }
    }
    Ok(())
}

/// An account with a fresh secret for its codes.
fn made(add: &cli::AccountAdd, password: &str, entropy: &dyn Entropy) -> Result<(LocalAccount, TotpSecret)> {
    let usage = |error: LocalError| Fault::new(Kind::Usage, format!("The account cannot be made: {error}"));
    let (mut salt, mut secret) = ([0; 16], [0; TOTP_SECRET_BYTES]);
    entropy.fill(&mut salt);
    entropy.fill(&mut secret);
    let (hash, secret) = (hash_password(password, salt).map_err(usage)?, TotpSecret::new(secret));
    let written = serde_json::json!({
        "id": add.login.trim(),
        "name": add.name,
        "organisation": add.organisation,
        "sites": add.site,
        "activities": add.activity,
        "password": hash.to_string(),
        "totp": secret.to_base32(),
    });
    let account = serde_json::from_value(written).or_fault(Kind::Usage, "The account cannot be made")?;
    Ok((account, secret))
}

/// A password from the prompt, twice, or one line of standard input.
fn ask_password() -> Result<String> {
    let what = "The password cannot be read";
    if !std::io::stdin().is_terminal() {
        let mut text = String::new();
        std::io::stdin().take(PASSWORD_BYTES_MAX).read_to_string(&mut text).or_fault(Kind::Usage, what)?;
        return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
    }
    let once = rpassword::prompt_password("Password of the account: ").or_fault(Kind::Usage, what)?;
    let again = rpassword::prompt_password("The same again: ").or_fault(Kind::Usage, what)?;
    if once != again {
        return Err(Fault::new(Kind::Usage, "The two passwords differ"));
    }
    Ok(once)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpis_app::SystemEntropy;

    fn add(activity: &[&str]) -> cli::AccountAdd {
        cli::AccountAdd {
            login: "site.lead".to_owned(),
            name: "Ms Sample".to_owned(),
            organisation: "RJ1".to_owned(),
            site: vec!["RJ122".to_owned()],
            activity: activity.iter().map(|&word| word.to_owned()).collect(),
        }
    }

    #[test]
    fn an_account_is_made_or_the_fault_is_named() {
        let entropy = SystemEntropy::seeded(1);
        let (account, secret) = made(&add(&["view"]), "correct horse battery", &entropy).unwrap();
        assert_eq!(account.id(), "site.lead");
        assert!(secret.enrolment_url("OpenCPIS", "site.lead").starts_with("otpauth://totp/"));
        let kept = KeptAccount::from_bytes(&KeptAccount::new(account).to_bytes()).unwrap();
        assert_eq!(kept.used, None);
        for (activity, password) in
            [(&["view"][..], "short"), (&[], "correct horse battery"), (&["fly"], "correct horse battery")]
        {
            let fault = made(&add(activity), password, &entropy).err().unwrap();
            assert!(fault.kind == Kind::Usage && !fault.to_string().contains(password), "{fault}");
        }
    }
}
