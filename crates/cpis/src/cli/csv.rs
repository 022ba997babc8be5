//! `cpis csv`: an authority's spreadsheet, checked before it is sent anywhere.

use clap::{Args, Subcommand};
use cpis_model::organisation::AuthorityCode;
use std::path::PathBuf;

/// `cpis csv`.
#[derive(Debug, Args)]
pub struct Csv {
    /// What to do.
    #[command(subcommand)]
    pub action: CsvAction,
}

/// What can be done with spreadsheets.
#[derive(Debug, Subcommand)]
pub enum CsvAction {
    /// Print a table with every column explained and rows of invented people.
    Template {
        /// Write it to this file, which must not be there yet.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Check a spreadsheet saved as CSV, on this machine alone. Exits with 0 only when every row could be sent.
    Check(Check),
}

/// `cpis csv check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The file: CSV or tab separated text.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Whose plans they are: ODS code of the authority.
    #[arg(long, value_name = "CODE")]
    pub authority: AuthorityCode,
    /// Show every fault, not only the first 50.
    #[arg(long)]
    pub all: bool,
    /// Print the findings as JSON, every fault among them.
    #[arg(long)]
    pub json: bool,
}
