//! `cpis organisations`: the register of organisations.

use super::Where;
use clap::{Args, Subcommand};
use cpis_model::organisation_record::RecordKind;
use cpis_model::organisation_table::TableKind;
use std::path::PathBuf;

/// `cpis organisations`.
#[derive(Debug, Args)]
pub struct Organisations {
    /// Which installation. The service must be stopped.
    #[command(flatten)]
    pub place: Where,
    /// What to do.
    #[command(subcommand)]
    pub action: OrganisationsAction,
}

/// What can be done with the register of organisations.
#[derive(Debug, Subcommand)]
pub enum OrganisationsAction {
    /// Make or change records from tables, all of them or none. Columns are described in docs/ops/organisations.md.
    Import {
        /// The tables, as CSV in UTF-8 with their columns in the first line; exported records, as JSON lines.
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        /// What they hold: authorities, providers, sites, systems or records.
        #[arg(long, value_name = "KIND")]
        kind: TableKind,
        /// Say what would change, and change nothing.
        #[arg(long)]
        dry_run: bool,
        /// Why. It stays in the history of each record and in the audit log.
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    /// List records: kind, code, version, name and days. Version 0 is a row of a table that nobody has changed.
    List {
        /// The beginning of a code, or a part of a name.
        #[arg(value_name = "TEXT", default_value = "")]
        text: String,
        /// Only records of this kind: authority, provider, site, supplier or system.
        #[arg(long, value_name = "KIND")]
        kind: Option<RecordKind>,
    },
    /// Print the records under a code, as JSON.
    Show {
        /// The code.
        #[arg(value_name = "CODE")]
        code: String,
    },
    /// Print who changed the records under a code, when, why, and what.
    History {
        /// The code.
        #[arg(value_name = "CODE")]
        code: String,
    },
    /// Print all records as JSON lines, which `import --kind records` takes in.
    Export {
        /// Only records of this kind: authority, provider, site, supplier or system.
        #[arg(long, value_name = "KIND")]
        kind: Option<RecordKind>,
        /// Only what was changed here, not the tables.
        #[arg(long)]
        changed: bool,
    },
}
