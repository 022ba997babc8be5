//! The command line.

mod accounts;
mod adt;
mod agent;
mod backup;
mod csv;
mod email;
mod gateway;
mod mailbox;
mod organisations;
mod simulate;
mod synth;
mod upkeep;

pub use self::csv::{Check as CsvCheck, Csv, CsvAction};
pub use accounts::{Account, AccountAction, AccountAdd};
pub use adt::{Adt, AdtAction, AdtSend, AdtSimulate, Department as AdtDepartment, Feed};
pub use agent::{MeshAgent, MeshAgentAction};
pub use backup::{Backup, KeyExport, KeyImport, Restore};
pub use email::{Email, EmailAction};
pub use gateway::{Gateway, GatewayAction, GatewayCheck, GatewayLoad};
pub use mailbox::{Mailbox, MailboxAction};
pub use organisations::{Organisations, OrganisationsAction};
pub use simulate::{Scenario, Simulate};
pub use synth::{
    AuthorityFile as SynthFile, Day as SynthDay, DayFormat as SynthDayFormat, Format as SynthFormat, Synth,
    SynthAction, World as SynthWorld,
};
pub use upkeep::{Copy, Doctor, Migrate};

use crate::config::Config;
use crate::demo::Country;
use crate::fault::{EXIT_CODES, Fault, Kind, Result};
use crate::places::Places;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Child Protection - Information Sharing: authorities say which children are protected, and NHS staff are told when such
/// a child arrives.
#[derive(Debug, Parser)]
#[command(name = "cpis", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the service.
    Serve(Serve),
    /// Run only what works beside the doors, for an installation of several nodes: lists, notices, the audit log's tree.
    Work(Serve),
    /// Print every setting with its default and its meaning.
    Config,
    /// Look at a live installation, beside the running service, and say what to do.
    Doctor(Doctor),
    /// Bring the database to the schema that this version needs, with the service stopped.
    Migrate(Migrate),
    /// Copy a whole database to another place or another kind of database, with the service stopped.
    Copy(Copy),
    /// Write the whole database, as it is now, into one encrypted file, beside the running service.
    Backup(Backup),
    /// Put a backup into an empty place, begin a new epoch of the audit log, and verify it.
    Restore(Restore),
    /// Make, list and change the keys that seal the database.
    Keys(Keys),
    /// Do something with one person's record.
    Person(Person),
    /// Make, list and remove local accounts for the day on which nobody can sign in as usual.
    Account(Account),
    /// Give mailboxes of MESH their passwords, list them, and shut them.
    Mailbox(Mailbox),
    /// For an authority without MESH software: send what lies in a folder, and lay what comes into another.
    MeshAgent(MeshAgent),
    /// Try whether e-mail arrives.
    Email(Email),
    /// Fill the local demographics register, against which uploads are verified.
    Register(Register),
    /// Look at the register of organisations and change it: names, numbers and settings come from there.
    Organisations(Organisations),
    /// Send an authority's file and say what became of it.
    Upload(Upload),
    /// Print the template of a spreadsheet, and check one on this machine before it is sent anywhere.
    Csv(Csv),
    /// Ask for the record of one NHS number. It is read from a prompt or from standard input.
    Query(Query),
    /// Verify, export and prove the audit log.
    Audit(Audit),
    /// Make up an England: authorities' files, a demographics register, a day's arrivals.
    Synth(Synth),
    /// The hospital side: a gateway that hears ADT messages, asks about each child who arrives and puts alerts back.
    Gateway(Gateway),
    /// Show the whole service with invented people, on this machine only.
    Demo(Demo),
    /// Be a hospital's system: send messages of HL7 v2 to a feed, from a file or a made-up day.
    Adt(Adt),
    /// Play the looks of an invented England against a service of your own and say how it answered.
    Simulate(Box<Simulate>),
}

/// `cpis serve` and `cpis work`.
#[derive(Debug, Args)]
pub struct Serve {
    /// The configuration, in TOML. `cpis config` prints one.
    #[arg(long, env = "CPIS_CONFIG", value_name = "FILE")]
    pub config: PathBuf,
}

/// Which installation.
#[derive(Clone, Debug, Args)]
pub struct Where {
    /// The configuration of the installation.
    #[arg(long, env = "CPIS_CONFIG", value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// The data directory, where there is no configuration. Goes before --config.
    #[arg(long, value_name = "DIR", global = true)]
    pub data_dir: Option<PathBuf>,
}

impl Where {
    /// Where its files lie, and its configuration if there is one.
    pub fn places(&self) -> Result<(Places, Option<Config>)> {
        match (&self.data_dir, &self.config) {
            (Some(folder), _) => Ok((Places::in_folder(folder), None)),
            (None, Some(path)) => {
                let config = Config::read(path)?;
                Ok((Places::of(&config), Some(config)))
            }
            (None, None) => {
                let what = "Say which installation: --config FILE or --data-dir DIR";
                Err(Fault::new(Kind::Usage, what))
            }
        }
    }
}

/// `cpis keys`.
#[derive(Debug, Args)]
pub struct Keys {
    /// Which installation.
    #[command(flatten)]
    pub place: Where,
    /// Which step.
    #[command(subcommand)]
    pub step: KeyStep,
}

/// Steps with keys. To change them: add, then promote, then rotate, then retire; the service is stopped for the last
/// two and restarted after each.
#[derive(Debug, Subcommand)]
pub enum KeyStep {
    /// Make the data directory and a key ring with one key, for a new installation.
    Init {
        /// Name of the audit log in its checkpoints, such as cpis.example.nhs.uk/log.
        #[arg(long, default_value = "localhost/log")]
        name: String,
    },
    /// List the keys: number, column and state. No secret is shown.
    List,
    /// Add a key for reading. Every process must have it before it is promoted.
    Add,
    /// Seal with the newest key from now on.
    Promote,
    /// Seal everything that is stored again under the active key.
    Rotate,
    /// Take the old key out, after everything was sealed again.
    Retire,
    /// Split the key ring into shares for several people, some of whom make it again. The service may run.
    Export(KeyExport),
    /// Make the key ring again from shares, where there is none.
    Import(KeyImport),
    /// Make an identity, with which somebody opens backups or shares, and print its recipient.
    Identity {
        /// File for the identity. It is a secret.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// `cpis person`.
#[derive(Debug, Args)]
pub struct Person {
    /// Which installation.
    #[command(flatten)]
    pub place: Where,
    /// What to do.
    #[command(subcommand)]
    pub action: PersonAction,
}

/// `cpis register`.
#[derive(Debug, Args)]
pub struct Register {
    /// Which installation.
    #[command(flatten)]
    pub place: Where,
    /// What to do.
    #[command(subcommand)]
    pub action: RegisterAction,
}

/// What can be done with the local register.
#[derive(Debug, Subcommand)]
pub enum RegisterAction {
    /// Add people from a table, or bring them up to date. Columns: `nhs_number`, given, family, `birth_date` (2017-04-04),
    /// restricted (yes or no), deceased (yes or no), `superseded_by`. The service must be stopped. Remove the table
    /// afterwards: it holds what the database seals.
    Import {
        /// The table, as CSV in UTF-8 with these columns in its first line.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// What can be done with one person.
#[derive(Debug, Subcommand)]
pub enum PersonAction {
    /// Destroy the key of everything that is stored of a person. It cannot be undone. The NHS number is read from a
    /// prompt or from standard input; the service must be stopped.
    Erase {
        /// Why. It stays in the audit log: write nothing there that tells who the person is.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Who asked for it.
        #[arg(long, value_name = "TEXT")]
        by: String,
    },
}

/// Which service to talk to.
#[derive(Clone, Debug, Args)]
pub struct Server {
    /// Address of the service, such as <https://cpis.example.nhs.uk>.
    #[arg(long, env = "CPIS_URL", value_name = "URL")]
    pub url: Option<String>,
    /// File with the access token.
    #[arg(long, env = "CPIS_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Take address and token from the ready file of `cpis demo`.
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
}

/// `cpis upload`.
#[derive(Debug, Args)]
pub struct Upload {
    /// The file to send: HL7v3 in XML, or a spreadsheet saved as CSV.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// What the file is. Without it the name decides: .csv and .tsv are spreadsheets.
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<UploadFormat>,
    /// Which service.
    #[command(flatten)]
    pub server: Server,
    /// Print the service's answer as JSON.
    #[arg(long)]
    pub json: bool,
    /// Seconds to wait for the answer at most.
    #[arg(long, value_name = "SECONDS", default_value_t = 1800, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub timeout: u64,
}

/// What an uploaded file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum UploadFormat {
    /// HL7v3 in XML, with a sequence number of the authority's own.
    Hl7v3,
    /// A spreadsheet saved as CSV; the service gives it a number.
    Csv,
}

/// `cpis query`.
#[derive(Debug, Args)]
pub struct Query {
    /// Which service.
    #[command(flatten)]
    pub server: Server,
    /// This is scheduled care: the look is not listed and no authority is told.
    #[arg(long)]
    pub silent: bool,
}

/// `cpis audit`.
#[derive(Debug, Args)]
pub struct Audit {
    /// Which installation. The service must be stopped.
    #[command(flatten)]
    pub place: Where,
    /// What to do.
    #[command(subcommand)]
    pub action: AuditAction,
}

/// What can be done with the audit log.
#[derive(Debug, Subcommand)]
pub enum AuditAction {
    /// Prove that nothing was altered, removed or reordered. Exits with 0 only when there is no fault.
    Verify {
        /// A checkpoint, or a file of them, that was kept elsewhere: it also proves that no entries were cut off the end.
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
    },
    /// Write the log's tiles, its last checkpoint and its public key to a folder, for others to check. No entry is in it.
    Export {
        /// The folder. It is made if it is not there.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Print a proof that an entry stands in the log.
    Prove {
        /// Which entry, from 0.
        index: u64,
    },
    /// Go on after a restore from an older backup: says in the log, for everybody to see, what was lost.
    BeginEpoch,
}

/// Which database the demo uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Database {
    /// The embedded one: a file.
    Embedded,
    /// A PostgreSQL server, made with Debian's package postgresql.
    Postgres,
}

/// `cpis demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Folder for the demo's data. [default: cpis-demo in the folder for temporary files]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The service listens here; the issuer of tokens, the mailboxes, the national query, the gateway and demographics on the
    /// next six ports. 0 takes free ones.
    #[arg(long, value_name = "N", default_value_t = 8650)]
    pub port: u16,
    /// Which database: the embedded one, or a PostgreSQL server of the demo's own in its folder.
    #[arg(long, value_enum, default_value_t = Database::Embedded)]
    pub database: Database,
    /// Write addresses, tokens and example numbers to this file once all is up. Not in the data directory.
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
    /// How many people are made up, at the first start.
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(100..=20_000))]
    pub people: u32,
    /// A country around the story's people, at the first start: `small` takes some seconds, `england` some minutes.
    #[arg(long, value_enum, value_name = "SIZE")]
    pub scale: Option<Country>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn every_command_and_flag_has_a_help_text() {
        fn check(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments() {
                let given = argument.get_help().is_some();
                assert!(given || matches!(argument.get_id().as_str(), "help" | "version"), "{argument}");
            }
            command.get_subcommands().for_each(check);
        }
        let command = Cli::command();
        command.clone().debug_assert();
        check(&command);
        assert!(EXIT_CODES.lines().count() == 9);
    }

    #[test]
    fn a_number_cannot_be_an_argument() {
        for line in [&["cpis", "query", "x"][..], &["cpis", "person", "erase", "x", "--reason", "r", "--by", "b"][..]] {
            assert!(Cli::try_parse_from(line).is_err());
        }
    }

    #[test]
    fn an_installation_must_be_named() {
        let nowhere = Where { config: None, data_dir: None };
        assert_eq!(nowhere.places().unwrap_err().kind, Kind::Usage);
        let folder = Where { config: Some("c".into()), data_dir: Some("d".into()) };
        assert_eq!(folder.places().unwrap().0, Places::in_folder("d".as_ref()));
    }
}
