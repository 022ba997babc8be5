//! One table for all settings: name, type, default and meaning. The structs that are read from TOML, their defaults and the
//! text that `cpis config` prints all come from it, so that they cannot drift apart.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

/// A row of the table, for printing.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// Its meaning, a line each.
    pub meaning: &'static [&'static str],
    /// Its value.
    pub shown: Shown,
}

/// How a setting is printed.
#[derive(Clone, Debug)]
pub enum Shown {
    /// The default, as TOML.
    Default(String),
    /// There is no default; an example, as TOML.
    Example(&'static str),
    /// A table with settings of its own.
    Table(Vec<Setting>),
    /// A table that need not be there.
    Optional(Vec<Setting>),
    /// Tables that may stand several times.
    List(Vec<Setting>),
}

/// A default as TOML writes it.
pub(crate) fn toml_of(value: impl Serialize) -> String {
    toml::Value::try_from(value).map(|value| value.to_string()).unwrap_or_default()
}

macro_rules! value {
    (default $value:expr) => {
        $value
    };
    (example $text:literal) => {
        Default::default()
    };
    ($kind:ident $table:ty) => {
        Default::default()
    };
}

macro_rules! shown {
    (default $value:expr) => {
        Shown::Default(toml_of($value))
    };
    (example $text:literal) => {
        Shown::Example($text)
    };
    (table $table:ty) => {
        Shown::Table(<$table>::settings())
    };
    (optional $table:ty) => {
        Shown::Optional(<$table>::settings())
    };
    (list $table:ty) => {
        Shown::List(<$table>::settings())
    };
}

macro_rules! settings {
    ($(
        #[doc = $about:literal]
        $name:ident { $($(#[doc = $meaning:literal])+ $field:ident: $type:ty = $kind:ident($($value:tt)+),)+ }
    )+) => { $(
        #[doc = $about]
        #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
        #[allow(clippy::struct_field_names, clippy::doc_markdown, reason = "names and meanings are the operator's")]
        #[serde(default, deny_unknown_fields)]
        pub struct $name { $($(#[doc = $meaning])+ pub $field: $type,)+ }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: value!($kind $($value)+),)+ }
            }
        }

        impl $name {
            /// Its rows of the table.
            pub fn settings() -> Vec<Setting> {
                vec![$(Setting {
                    name: stringify!($field),
                    meaning: &[$($meaning),+],
                    shown: shown!($kind $($value)+),
                },)+]
            }
        }
    )+ };
}

pub(crate) use {settings, shown, value};

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Human,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Somebody should get up.
    Error,
    /// Something was not as it should be.
    Warn,
    /// The story of a day.
    Info,
    /// For finding a fault.
    Debug,
    /// Everything.
    Trace,
}

/// Where people are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DemographicsSource {
    /// The local register.
    Local,
    /// The Personal Demographics Service.
    Pds,
}

/// How the connection to the relay of e-mail is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmailSecurity {
    /// STARTTLS, or nothing is sent.
    #[default]
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// None.
    Plain,
}

settings! {
    /// The whole configuration.
    Config {
        /// Address on which the interfaces for hospitals and authorities listen.
        listen: SocketAddr = default(SocketAddr::from(([127, 0, 0, 1], 8080))),
        /// Address for health, readiness and metrics. Keep it inside: it asks nobody who they are.
        inside_listen: SocketAddr = default(SocketAddr::from(([127, 0, 0, 1], 8081))),
        /// Address by which others reach the service, without a path; it stands in links.
        /// Without it: the address of `listen`.
        base_url: Option<String> = example("\"https://cpis.example.nhs.uk\""),
        /// Something before the service ends TLS, such as a load balancer. Only then may `listen` be
        /// an address of the network without `[tls]`.
        behind_proxy: bool = default(false),
        /// Folder for the database, the key ring, the checkpoints and the lock. Paths that are not
        /// absolute begin at the folder of this file.
        data_dir: PathBuf = default(PathBuf::from("/var/lib/cpis")),
        /// The key ring, if it lies elsewhere than in `data_dir` as key-ring.toml.
        /// Back it up apart from the database: without it nothing can be opened again.
        key_ring: Option<PathBuf> = example("\"/etc/cpis/key-ring.toml\""),
        /// The embedded database, if it lies elsewhere than in `data_dir` as cpis.db.
        database: Option<PathBuf> = example("\"/var/lib/cpis/cpis.db\""),
        /// Connections that read the embedded database.
        readers: u32 = default(4),
        /// A PostgreSQL database in place of the embedded one, for several nodes of the service.
        postgres: Option<Postgres> = optional(Postgres),
        /// Seconds that a node which was told to end still takes requests while its readiness says no, so
        /// that a load balancer sees that first. Longer than its time between two looks at readiness.
        leave_seconds: u32 = default(0),
        /// Take NHS numbers of the test range 999. Never on a live installation.
        test_numbers: bool = default(false),
        /// Journal entries that a list of accesses reads at most beyond what is applied already.
        /// Beyond them the list says up to when it is complete.
        tail_entries_max: u32 = default(20_000),
        /// Days after which the key of an uploaded file is destroyed.
        file_days: u32 = default(28),
        /// Hours after which a missing upload of an authority raises an alarm.
        gap_alarm_hours: u32 = default(72),
        /// Minutes after which a notice that nobody has read raises an alarm, if it is of a look in urgent or
        /// emergency care, from which children leave within hours. 0 is never.
        escalate_minutes: u32 = default(30),
        /// Days after which demographics is asked again about everybody with a plan: numbers that were
        /// replaced or withdrawn, people who were restricted, deaths. 0 is never.
        retrace_days: u32 = default(7),
        /// Seconds between signed checkpoints while the audit log grows.
        checkpoint_seconds: u32 = default(1),
        /// File to which checkpoints are appended, if it lies elsewhere than in `data_dir` as
        /// checkpoints. Best on another disk or machine: it shows when entries are lost.
        checkpoint_file: Option<PathBuf> = example("\"/mnt/witness/checkpoints\""),
        /// TLS of `listen`. Without this table plain HTTP is spoken.
        tls: Option<Tls> = optional(Tls),
        /// Who may sign in: a table for each issuer of tokens, at least one.
        issuer: Vec<Issuer> = list(Issuer),
        /// The pages that people open in a browser.
        pages: Pages = table(Pages),
        /// The register of organisations. The tables that come with the product are used without it.
        register: RegisterTables = table(RegisterTables),
        /// Demographics: against it people in uploads are verified, and on pages people are found.
        demographics: Demographics = table(Demographics),
        /// Notifications to authorities that subscribed to them.
        subscriptions: Subscriptions = table(Subscriptions),
        /// E-mail to authorities: that there are notices, and that nobody has read them in time.
        email: Option<Email> = optional(Email),
        /// Mailboxes of MESH, in which authorities' own systems send uploads and get answers and notices.
        mesh: Option<Mesh> = optional(Mesh),
        /// A MESH server elsewhere on which the service has its mailbox. Messages for mailboxes without a
        /// password of ours go there. Workflow ids stand in `[mesh]`.
        mesh_server: Option<MeshServer> = optional(MeshServer),
        /// The national query over SOAP, for hospitals' systems with a certificate. Which system has which certificate stands in
        /// the register of organisations.
        soap: Option<Soap> = optional(Soap),
        /// The recorder, which writes each look to the journal before it is answered.
        recorder: Recorder = table(Recorder),
        /// Publication of the audit log, so that others can check it.
        publish: Publish = table(Publish),
        /// Backups of the database, made with `cpis backup`.
        backup: Backup = table(Backup),
        /// Logs, written to standard error. They hold no personal data.
        logs: Logs = table(Logs),
    }

    /// A PostgreSQL database. It is made with `cpis migrate`.
    Postgres {
        /// Address, without a password. Several hosts may stand here with commas between them: the one
        /// that takes writes is used, so a fail-over needs no change.
        address: String = example("\"postgres://cpis_service@db1.example,db2.example/cpis\""),
        /// File with the password. It is read at each new connection.
        password_file: Option<PathBuf> = example("\"/etc/cpis/database-password\""),
        /// Authorities that may have signed the server's certificate, in PEM. With it the connection is
        /// encrypted, and certificate and name are verified. Needed unless the server is on this machine.
        ca_file: Option<PathBuf> = example("\"/etc/cpis/database-ca.pem\""),
        /// The schema with our tables.
        schema: String = default("cpis".to_owned()),
        /// Connections of this node; two more are for the journal and for being woken.
        connections: u32 = default(8),
        /// Address for the role that owns the tables. Only `cpis migrate` and `cpis copy` use it, so it
        /// need not stand in the configuration of every node.
        owner_address: Option<String> = example("\"postgres://cpis_owner@db1.example,db2.example/cpis\""),
        /// File with that role's password.
        owner_password_file: Option<PathBuf> = example("\"/etc/cpis/owner-password\""),
        /// The service's role, which `cpis migrate` grants what the service needs.
        service_role: String = default("cpis_service".to_owned()),
    }

    /// TLS of the listener.
    Tls {
        /// Certificates in PEM, our own first.
        certificate: PathBuf = example("\"certificate.pem\""),
        /// The private key in PEM.
        key: PathBuf = example("\"key.pem\""),
    }

    /// An issuer of tokens.
    Issuer {
        /// File that says which claims of this issuer's tokens make a caller.
        mapping: PathBuf = example("\"issuer.toml\""),
    }

    /// The pages.
    Pages {
        /// What the service is called on its pages.
        name: String = default("Child protection information sharing".to_owned()),
        /// Who runs it.
        organisation: Option<String> = example("\"Example NHS Foundation Trust\""),
        /// Whom to call when the service does not answer.
        support: Option<String> = example("\"Service desk, extension 2400\""),
        /// Whom to write to about accessibility and privacy.
        contact: Option<String> = example("\"cpis@example.nhs.uk\""),
        /// Minutes without use after which a screen goes blank and its session ends.
        idle_minutes: u32 = default(15),
        /// Hours after which a session ends in any case.
        shift_hours: u32 = default(13),
        /// Let people sign in by emergency accounts (cpis account). Each use raises an alarm.
        break_glass: bool = default(false),
        /// Searches and looks of one person in an hour.
        person_an_hour: u32 = default(240),
        /// Searches and looks of one organisation in an hour.
        organisation_an_hour: u32 = default(6000),
    }

    /// The register's tables.
    RegisterTables {
        /// Authorities: a CSV file with the columns code, name.
        authorities: Option<PathBuf> = example("\"authorities.csv\""),
        /// Sites: a CSV file with the columns code, name, organisation, organisation_name, setting.
        sites: Option<PathBuf> = example("\"sites.csv\""),
    }

    /// Demographics.
    Demographics {
        /// local or pds: the local register in the database (`cpis register`), or the NHS Personal
        /// Demographics Service with application-restricted access.
        source: DemographicsSource = default(DemographicsSource::Local),
        /// Address of PDS.
        base_url: Option<String> = example("\"https://api.service.nhs.uk/personal-demographics/FHIR/R4\""),
        /// Address of the token endpoint.
        token_url: Option<String> = example("\"https://api.service.nhs.uk/oauth2/token\""),
        /// File with the application's API key.
        api_key_file: Option<PathBuf> = example("\"/etc/cpis/pds-api-key\""),
        /// Id of the key with which this installation signs (`kid`), as it was registered.
        key_id: Option<String> = example("\"cpis-1\""),
        /// File with that private RSA key in PEM.
        key_file: Option<PathBuf> = example("\"/etc/cpis/pds-key.pem\""),
        /// ODS code of the organisation for which PDS is asked, where it wants one.
        organisation: Option<String> = example("\"RJ1\""),
        /// Requests a second of this node at most. PDS grants a new application five in all; ask for more
        /// before files with thousands of records come.
        requests_per_second: u32 = default(5),
        /// Requests at the same time at most; a quarter of them is kept for people at screens.
        concurrent: u32 = default(8),
        /// Milliseconds until an answer must have come.
        timeout_ms: u32 = default(5000),
        /// A number without a person behind it that `cpis doctor` may read.
        test_number: Option<String> = example("\"9990000018\""),
    }

    /// Notifications to subscribers, whose addresses authorities choose. They go to port 443 of the open internet.
    Subscriptions {
        /// Networks inside that may be reached nevertheless, such as the one of the authorities, as 10.20.0.0/16.
        allowed_networks: Vec<String> = default(Vec::<String>::new()),
        /// Ports besides 443.
        allowed_ports: Vec<u16> = default(Vec::<u16>::new()),
        /// Authorities that may have signed the endpoints' certificates besides those of the system, in PEM.
        ca_file: Option<PathBuf> = example("\"/etc/cpis/subscribers-ca.pem\""),
    }

    /// E-mail. Authorities' addresses stand in the register of organisations.
    Email {
        /// The relay (SMTP).
        host: String = example("\"smtp.example.nhs.uk\""),
        /// Its port.
        port: u16 = default(587),
        /// starttls, tls (from the first byte, mostly on port 465) or plain (a relay on this machine only).
        security: EmailSecurity = default(EmailSecurity::StartTls),
        /// User with whom to log in, where the relay asks for that.
        user: Option<String> = example("\"cpis\""),
        /// File with that user's password.
        password_file: Option<PathBuf> = example("\"/etc/cpis/email-password\""),
        /// Address from which letters come.
        from: String = example("\"cpis@example.nhs.uk\""),
        /// Authorities that may have signed the relay's certificate, in PEM. Without them those of the system.
        ca_file: Option<PathBuf> = example("\"/etc/cpis/email-ca.pem\""),
        /// Minutes between two letters of a kind to the same address at least.
        digest_minutes: u32 = default(15),
        /// Seconds that one letter may take.
        timeout_seconds: u32 = default(30),
    }

    /// Mailboxes of MESH. Authorities' mailboxes stand in the register of organisations; `cpis mailbox` gives them passwords.
    Mesh {
        /// Address on which they are reached.
        listen: SocketAddr = default(SocketAddr::from(([127, 0, 0, 1], 8082))),
        /// Certificates in PEM, our own first. Without them plain HTTP is spoken, on this machine only.
        certificate: Option<PathBuf> = example("\"/etc/cpis/mesh.pem\""),
        /// The private key in PEM.
        key: Option<PathBuf> = example("\"/etc/cpis/mesh-key.pem\""),
        /// Authorities that signed the clients' certificates, in PEM: only who has one gets in.
        client_ca_file: Option<PathBuf> = example("\"/etc/cpis/mesh-client-ca.pem\""),
        /// Let clients in without a certificate. Their passwords alone protect the mailboxes then.
        without_client_certificates: bool = default(false),
        /// File with the key that all mailboxes of this environment share.
        shared_key_file: Option<PathBuf> = example("\"/etc/cpis/mesh-shared-key\""),
        /// The service's own mailbox, to which authorities send.
        mailbox: String = default("CPIS0HC001".to_owned()),
        /// Workflow ids in which uploads come.
        upload_workflows: Vec<String> = default(vec!["CPIS_UPLOAD".to_owned()]),
        /// Workflow id of the answers to uploads.
        acknowledgement_workflow: String = default("CPIS_UPLOAD_ACK".to_owned()),
        /// Workflow id of messages that tell of accesses.
        access_workflow: String = default("CPIS_ACCESS_NOTIFICATION".to_owned()),
        /// Workflow id of messages that tell of NHS numbers that were replaced or withdrawn.
        inactive_workflow: String = default("CPIS_INACTIVE_NHS_NUMBER".to_owned()),
        /// Days for which a message waits for its recipient. Then its sender gets a report.
        expiry_days: u32 = default(5),
        /// Days for which a message is kept after that, or after it was collected.
        keep_days: u32 = default(30),
        /// Messages that may wait in one mailbox.
        inbox_messages_max: u32 = default(20_000),
        /// MiB that may wait in one mailbox.
        inbox_mib_max: u32 = default(4096),
        /// MiB of one message at most, as it comes.
        message_mib_max: u32 = default(256),
        /// Seconds between two messages with notices to the same authority.
        tell_seconds: u32 = default(30),
        /// ODS codes of authorities that want a message once a day even when there is nothing to tell.
        empty_cycles: Vec<String> = default(Vec::<String>::new()),
    }

    /// A MESH server elsewhere.
    MeshServer {
        /// Its address, without a path.
        url: String = example("\"https://mesh-sync.spineservices.nhs.uk\""),
        /// File with the password of our mailbox.
        password_file: Option<PathBuf> = example("\"/etc/cpis/mesh-password\""),
        /// File with the key that its mailboxes share.
        shared_key_file: Option<PathBuf> = example("\"/etc/cpis/mesh-server-shared-key\""),
        /// Authorities that may have signed its certificate, in PEM. Without them those of the system.
        ca_file: Option<PathBuf> = example("\"/etc/cpis/mesh-server-ca.pem\""),
        /// Our certificate and its private key in one file, in PEM.
        identity_file: Option<PathBuf> = example("\"/etc/cpis/mesh-identity.pem\""),
        /// A proxy through which it is reached.
        proxy: Option<String> = example("\"http://proxy.example:3128\""),
        /// Seconds between two looks into the mailbox.
        poll_seconds: u32 = default(300),
    }

    /// The national query over SOAP. Systems' numbers (ASIDs) and certificates stand in the register of organisations.
    Soap {
        /// Address on which it is reached, always with TLS.
        listen: SocketAddr = default(SocketAddr::from(([127, 0, 0, 1], 8083))),
        /// Certificates in PEM, our own first.
        certificate: Option<PathBuf> = example("\"/etc/cpis/soap.pem\""),
        /// The private key in PEM.
        key: Option<PathBuf> = example("\"/etc/cpis/soap-key.pem\""),
        /// Authorities that signed the clients' certificates, in PEM: only who has one gets in.
        client_ca_file: Option<PathBuf> = example("\"/etc/cpis/soap-client-ca.pem\""),
        /// Our own number on the Spine, the ASID: answers name it as their sender.
        asid: String = example("\"200000000001\""),
        /// The address by which others reach it, which answers name as their sender's; made of `listen` without it.
        url: Option<String> = example("\"https://cpisquery.example.nhs.uk/syncservice\""),
    }

    /// Limits of the recorder.
    Recorder {
        /// Looks that may wait. One more is told to try again.
        queue_max: u32 = default(4096),
        /// Looks that are written together.
        group_max: u32 = default(256),
        /// Milliseconds that a caller waits at most.
        wait_ms_max: u32 = default(5000),
    }

    /// Publication of the audit log.
    Publish {
        /// Folder that is published. Without it nothing is.
        folder: Option<PathBuf> = example("\"/srv/cpis-log\""),
        /// Seconds between publications.
        seconds: u32 = default(3600),
        /// A published size is a multiple of this, which hides how many looks a small site made.
        multiple: u32 = default(64),
    }

    /// Backups.
    Backup {
        /// Folder for backups, best on another machine. Without it `cpis backup` needs --folder.
        folder: Option<PathBuf> = example("\"/mnt/backup/cpis\""),
        /// Who may open them: recipients of age, which begin with age1. cpis keys identity makes one.
        recipients: Vec<String> = default(Vec::<String>::new()),
        /// File with more of them, one in each line.
        recipients_file: Option<PathBuf> = example("\"/etc/cpis/backup-recipients\""),
        /// Days after which a backup is removed, once a new one was read back.
        keep_days: u32 = default(35),
    }

    /// Logs.
    Logs {
        /// json or human.
        format: LogFormat = default(LogFormat::Json),
        /// error, warn, info, debug or trace.
        level: LogLevel = default(LogLevel::Info),
    }
}
