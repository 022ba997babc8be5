//! The commands for local accounts.

use super::Where;
use clap::{Args, Subcommand};

/// `cpis account`.
#[derive(Debug, Args)]
pub struct Account {
    /// Which installation. The service must be stopped.
    #[command(flatten)]
    pub place: Where,
    /// What to do.
    #[command(subcommand)]
    pub action: AccountAction,
}

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub enum AccountAction {
    /// Make an account. The password is asked for, or read from standard input; the secret of its codes is shown once.
    Add(AccountAdd),
    /// List the accounts.
    List,
    /// Remove an account.
    Remove {
        /// Its name.
        login: String,
    },
}

/// A new account.
#[derive(Debug, Args)]
pub struct AccountAdd {
    /// The name with which its holder signs in.
    pub login: String,
    /// The holder's name, as authorities and other readers see it.
    #[arg(long)]
    pub name: String,
    /// ODS code of the organisation.
    #[arg(long, value_name = "ODS")]
    pub organisation: String,
    /// ODS code of a site where the account may be used. Without one: all sites of the organisation.
    #[arg(long, value_name = "ODS")]
    pub site: Vec<String>,
    /// What the account may do: view, view-silently, authority, privacy or operator.
    #[arg(long, value_name = "WORD", required = true)]
    pub activity: Vec<String>,
}
