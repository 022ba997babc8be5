//! The settings of a gateway, in the same table form as those of the service: `cpis gateway config` prints them.

use crate::config::settings::{Setting, Shown, settings, shown, toml_of, value};
use crate::config::{Demographics, Logs};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;

settings! {
    /// The configuration of a gateway.
    GatewayConfig {
        /// What this hospital is called on the page.
        name: String = default("This hospital".to_owned()),
        /// Folder for the gateway's file.
        data_dir: PathBuf = default(PathBuf::from("/var/lib/cpis-gateway")),
        /// File with the key that seals it: `cpis gateway key FILE` makes one. Keep a copy elsewhere, not beside the data.
        key_file: PathBuf = default(PathBuf::from("/etc/cpis/gateway.key")),
        /// Address of the page, health and metrics. Keep it inside: it asks nobody who they are.
        page_listen: SocketAddr = default(SocketAddr::from(([127, 0, 0, 1], 8090))),
        /// File with a token of 16 characters at least. Who has it sees local numbers in full; without it nobody does.
        page_token_file: Option<PathBuf> = example("\"/etc/cpis/gateway.token\""),
        /// An answer that comes so many minutes after the arrival is marked as late.
        late_minutes: u32 = default(15_u32),
        /// Days for which visits are kept after their last change.
        visit_days: u32 = default(30_u32),
        /// Days for which the messages themselves are kept, sealed, of visits that were asked about: for disputes.
        message_days: u32 = default(7_u32),
        /// Days for which a message that comes again is known, and for which notes stay on the list.
        known_days: u32 = default(14_u32),
        /// Seconds given to connections at the end.
        leave_seconds: u32 = default(10_u32),
        /// How log lines are written.
        logs: Logs = table(Logs),
        /// The national service.
        national: National = table(National),
        /// Where somebody who comes without an NHS number is looked for by name, date of birth and sex. With `local` nobody is.
        demographics: Demographics = table(Demographics),
        /// A place from which is asked, by the ODS code of the site. The first stands for sites that are not listed.
        place: Vec<PlaceConfig> = list(PlaceConfig),
        /// A feed of one of the hospital's systems.
        feed: Vec<FeedConfig> = list(FeedConfig),
        /// A system of the hospital that takes alerts.
        target: Vec<TargetConfig> = list(TargetConfig),
    }

    /// How the national service is asked.
    National {
        /// Its address.
        url: String = example("\"https://cpis.example.nhs.uk/syncservice-cpis/cpis\""),
        /// Its ASID.
        service_asid: String = example("\"999999999901\""),
        /// The ASID of this gateway, which belongs to its certificate.
        own_asid: String = example("\"999999999902\""),
        /// The day on which the ASID ends, if it does: for the page and an alert.
        asid_ends: Option<String> = example("\"2027-11-30\""),
        /// The gateway's certificate and its private key, in one PEM file.
        identity_file: Option<PathBuf> = example("\"/etc/cpis/gateway.pem\""),
        /// The authorities that may have signed the service's certificate, in PEM; without it those of the system.
        ca_file: Option<PathBuf> = example("\"/etc/cpis/national-ca.pem\""),
        /// A proxy.
        proxy: Option<String> = example("\"http://proxy.example.nhs.uk:3128\""),
        /// Milliseconds for one question.
        timeout_ms: u32 = default(10_000_u32),
        /// Questions at the same time.
        concurrent: u32 = default(8_u32),
        /// Seconds between two tries while it does not answer, at most. It begins with one.
        pause_seconds_max: u32 = default(60_u32),
        /// Hours after which the record behind an alert is looked at again while the patient is still here: an alert whose record
        /// ended is withdrawn. Looked at silently, so that no authority is told of it. 0 for never.
        look_again_hours: u32 = default(24_u32),
        /// Hours for which an earlier answer that information is held is shown, with its age, beside a patient who is not checked, to
        /// whoever has the page's token. Answers that nothing is held are never shown so. 0 for never.
        remember_hours: u32 = default(0_u32),
    }

    /// A place from which is asked.
    PlaceConfig {
        /// Its ODS code.
        code: String = example("\"RR813\""),
        /// Its name, as authorities see it.
        name: String = example("\"Example General Hospital\""),
        /// Whether the code is that of a site; false for that of an organisation.
        is_site: bool = default(true),
        /// Who answers for it, such as the named nurse: authorities see and may call them.
        responsible: String = example("\"Sister Robin Example\""),
        /// Their job role code.
        role_code: String = default("R0690".to_owned()),
        /// Their job role.
        role_name: String = default("Named nurse for safeguarding children".to_owned()),
    }

    /// A feed.
    FeedConfig {
        /// What it is called in logs, metrics and on the page: lower-case letters, digits and `-`.
        name: String = example("\"pas\""),
        /// Where it listens.
        listen: SocketAddr = default(SocketAddr::from(([127, 0, 0, 1], 2575))),
        /// ODS code of the site, where a message does not say.
        site: String = example("\"RR813\""),
        /// File with what this feed's messages have of their own; `cpis gateway profile` prints all of it.
        profile: Option<PathBuf> = example("\"/etc/cpis/pas.toml\""),
        /// Addresses and networks that may connect; anybody, where there is none, which only an address of this machine allows.
        peers: Vec<String> = default(Vec::<String>::new()),
        /// Certificate for TLS.
        certificate: Option<PathBuf> = example("\"/etc/cpis/mllp.crt\""),
        /// Its private key.
        key: Option<PathBuf> = example("\"/etc/cpis/mllp.key\""),
        /// Authorities that signed the certificates of those who may connect.
        client_ca_file: Option<PathBuf> = example("\"/etc/cpis/mllp-clients.pem\""),
        /// Name of the target for alerts of this feed's visits; without it they stand on the page alone.
        target: Option<String> = example("\"pas\""),
        /// Connections at the same time.
        connections_max: u32 = default(32_u32),
        /// Largest message in KiB.
        message_kib_max: u32 = default(1024_u32),
        /// Seconds for which nothing may come in the middle of a message.
        idle_seconds: u32 = default(30_u32),
        /// Send commit blocks of MLLP release 2 too. Rare.
        release_2: bool = default(false),
    }

    /// A target.
    TargetConfig {
        /// What it is called in logs, metrics and on the page.
        name: String = example("\"pas\""),
        /// Host and port.
        address: String = example("\"pas.example.nhs.uk:2576\""),
        /// What is sent: `a08` for ADT^A08 with an OBX, `r01` for ORU^R01.
        shape: String = default("a08".to_owned()),
        /// MSH-3 and MSH-4 of what is sent. A message that comes in with this MSH-3 is our own and is dropped.
        application: String = default("CPGW".to_owned()),
        /// MSH-4.
        facility: String = example("\"RR8\""),
        /// MSH-5 and MSH-6.
        to_application: String = example("\"PAS\""),
        /// MSH-6.
        to_facility: String = example("\"RR8\""),
        /// MSH-11.
        processing_id: String = default("P".to_owned()),
        /// What staff read. It names no plan, no date and no authority: labels and letters are printed from it.
        present: String = default("Present, see viewer".to_owned()),
        /// The same where the answer came late.
        present_late: String = default("Present, found late, see viewer".to_owned()),
        /// Seconds for an acknowledgement.
        answer_seconds: u32 = default(30_u32),
        /// Seconds between two tries while it does not accept, at most. It begins with one.
        pause_seconds_max: u32 = default(60_u32),
        /// Speak TLS: the authorities that may have signed its certificate.
        ca_file: Option<PathBuf> = example("\"/etc/cpis/pas-ca.pem\""),
        /// Our certificate, where it asks for one.
        certificate: Option<PathBuf> = example("\"/etc/cpis/gateway.crt\""),
        /// Its private key.
        key: Option<PathBuf> = example("\"/etc/cpis/gateway.key.pem\""),
    }
}
