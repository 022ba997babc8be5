//! Every metric of the service with its kind, unit, labels and meaning. `/metrics` describes itself from this table, and
//! docs/ops/metrics.md is written from it; a test holds it against every place that counts something.

mod describe;

pub use describe::{describe, describe_agent};

use metrics::Unit;

/// How a metric behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, and begins at nought when the process starts.
    Counter,
    /// The value of the moment.
    Gauge,
    /// Counts by size, with a sum.
    Histogram,
}

/// Which process tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Node {
    /// Each node for itself.
    Each,
    /// The node that leads. One that led before keeps the last value: ask for `cpis_leads` beside it.
    Leader,
    /// The MESH agent of an authority.
    Agent,
}

/// A metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// What its value counts.
    pub unit: Unit,
    /// Names of its labels. Their values are fixed words, or codes of organisations from the register.
    pub labels: &'static [&'static str],
    /// Who tells it.
    pub node: Node,
    /// What it means.
    pub meaning: &'static str,
    /// When somebody should look; empty for what is good for trends only.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the page that is written from the table"))]
    pub look: &'static str,
}

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    meaning: &'static str,
    look: &'static str,
) -> Metric {
    Metric { name, kind: Kind::Counter, unit: Unit::Count, labels, node: Node::Each, meaning, look }
}

const fn gauge(
    name: &'static str,
    unit: Unit,
    labels: &'static [&'static str],
    meaning: &'static str,
    look: &'static str,
) -> Metric {
    Metric { name, kind: Kind::Gauge, unit, labels, node: Node::Each, meaning, look }
}

const fn histogram(name: &'static str, unit: Unit, labels: &'static [&'static str], meaning: &'static str) -> Metric {
    Metric { name, kind: Kind::Histogram, unit, labels, node: Node::Each, meaning, look: "" }
}

const fn of_agent(name: &'static str, unit: Unit, meaning: &'static str, look: &'static str) -> Metric {
    gauge(name, unit, &[], meaning, look).of_agent()
}

impl Metric {
    const fn of_leader(self) -> Self {
        Self { node: Node::Leader, ..self }
    }

    const fn of_agent(self) -> Self {
        Self { node: Node::Agent, ..self }
    }
}

/// All of them, by what they are about.
pub const METRICS: &[Metric] = &[
    // the process
    gauge("cpis_build_info", Unit::Count, &["version"], "always 1; the label says which version runs", ""),
    gauge(
        "cpis_started_timestamp_seconds",
        Unit::Seconds,
        &[],
        "when the process started, in seconds since 1970",
        "it changes again and again: the service restarts",
    ),
    gauge(
        "cpis_leads",
        Unit::Count,
        &[],
        "1 on the node that does the work beside the doors, 0 on the others",
        "no node says 1: lists, notices and checkpoints stand still",
    ),
    gauge(
        "cpis_disk_free_bytes",
        Unit::Bytes,
        &["of"],
        "room that the service may still use on the disk of its data, its database or its checkpoints",
        "it falls below 2 GiB: when the disk is full, no look can be answered",
    ),
    gauge(
        "cpis_certificate_ends_timestamp_seconds",
        Unit::Seconds,
        &[],
        "when the certificate that is in use ends, in seconds since 1970; only with [tls]",
        "less than 30 days are left",
    ),
    gauge(
        "cpis_backup_last_timestamp_seconds",
        Unit::Seconds,
        &[],
        "when the newest backup in the folder of [backup] was made, in seconds since 1970; 0 while there is none or the folder cannot be read; only where that folder is set",
        "it is more than 26 hours ago: one is made every night",
    ),
    gauge(
        "cpis_issuer_keys_held",
        Unit::Count,
        &[],
        "1 while the keys of every issuer are held, else 0",
        "it is 0: the node is not ready",
    ),
    // doors
    counter(
        "cpis_http_requests_total",
        &["route", "method", "status"],
        "requests to the interfaces",
        "503 or 500 on a FHIR route: somebody was told \"cannot tell\"",
    ),
    histogram("cpis_http_seconds", Unit::Seconds, &["route"], "duration of requests to the interfaces"),
    gauge("cpis_http_connections", Unit::Count, &[], "open connections", "it stays at its limit, 4096"),
    counter("cpis_pages_total", &["route", "status"], "pages, by class of status", "5xx"),
    histogram("cpis_page_seconds", Unit::Seconds, &["route"], "duration of pages"),
    // looks
    counter(
        "cpis_recorder_refused_total",
        &[],
        "looks turned away since the queue was full; their callers were told \"cannot tell\"",
        "it rises",
    ),
    counter(
        "cpis_groups_failed_total",
        &[],
        "groups of looks that could not be written; their callers were told \"cannot tell\"",
        "it rises",
    ),
    gauge(
        "cpis_recorder_queue",
        Unit::Count,
        &[],
        "looks that wait to be written at this moment",
        "it stays above 0: the disk or the database hangs",
    ),
    histogram("cpis_group_size", Unit::Count, &[], "looks that were written together"),
    gauge("cpis_journal_entries", Unit::Count, &[], "entries in the journal", "").of_leader(),
    counter(
        "cpis_clock_went_back_total",
        &[],
        "how often the clock went back by more than five minutes between two looks",
        "it is not 0: check the time of all nodes",
    ),
    // lists, notices, the audit log
    gauge(
        "cpis_applier_lag_entries",
        Unit::Count,
        &[],
        "entries that lists and notices do not have yet",
        "it does not come down",
    )
    .of_leader(),
    gauge("cpis_tree_lag_entries", Unit::Count, &[], "entries without a checkpoint", "it does not come down")
        .of_leader(),
    counter("cpis_quarantined_total", &[], "entries that could not be read, since the start", "it is not 0"),
    gauge(
        "cpis_quarantine_entries",
        Unit::Count,
        &[],
        "entries that could not be read and are set aside in the database",
        "it is not 0: run cpis audit verify",
    )
    .of_leader(),
    counter("cpis_notices_owed_total", &[], "notices made", ""),
    gauge("cpis_notices_unacknowledged", Unit::Count, &[], "notices that no authority has acknowledged", "")
        .of_leader(),
    gauge(
        "cpis_notices_oldest_seconds",
        Unit::Seconds,
        &[],
        "age of the oldest of them",
        "it grows: an authority has stopped fetching",
    )
    .of_leader(),
    gauge(
        "cpis_notices_overdue",
        Unit::Count,
        &[],
        "notices of looks in urgent care that nobody has read for `escalate_minutes`",
        "it is not 0: call the authority",
    )
    .of_leader(),
    gauge(
        "cpis_authority_notices_overdue",
        Unit::Count,
        &["authority"],
        "the same of one authority; none before its first one",
        "it is not 0: call the authority",
    )
    .of_leader(),
    // uploads
    counter("cpis_uploads_total", &["code"], "files by CPF code", "CPF01, CPF04 or CPF05 repeat"),
    // the national query
    counter(
        "cpis_soap_answers_total",
        &["answer"],
        "answers to the national query over SOAP: record, no-record, invalid, unreadable, unsupported, refused, cannot-tell",
        "refused or invalid rise: a system whose certificate, number or messages are not right; cannot-tell is an outage",
    ),
    // mailboxes
    counter(
        "cpis_mesh_requests_total",
        &["what", "status"],
        "requests of MESH by what they are about and by status",
        "status 403 rises: a wrong password, or a client whose clock is more than two hours wrong",
    ),
    histogram("cpis_mesh_seconds", Unit::Seconds, &["what"], "how long a request of MESH took, with its body"),
    counter("cpis_mail_messages_total", &["way"], "messages that came into mailboxes, and that were collected", ""),
    gauge("cpis_mail_waiting", Unit::Count, &[], "messages for the service that were not taken yet", "it grows")
        .of_leader(),
    gauge(
        "cpis_mail_waiting_seconds",
        Unit::Seconds,
        &[],
        "age of the oldest message for the service that was not taken yet",
        "it grows: an authority's files do not take effect",
    )
    .of_leader(),
    counter(
        "cpis_mail_failed_total",
        &[],
        "tries to take a message for the service that failed; it holds up its sender's later ones",
        "it rises: the log names the message",
    ),
    counter(
        "cpis_mail_refused_total",
        &["code"],
        "messages that are no upload of their sender's, by the code of their report",
        "it rises: call the authority",
    ),
    counter(
        "cpis_mail_uncollected_total",
        &[],
        "messages that nobody collected in time",
        "it rises: somebody does not look into their mailbox",
    ),
    counter("cpis_mail_told_total", &[], "notices that were told in mailboxes", ""),
    counter(
        "cpis_mail_telling_failed_total",
        &[],
        "tries to tell an authority of its notices that failed",
        "it rises: the log names the authority",
    ),
    gauge(
        "cpis_mesh_server_reached",
        Unit::Count,
        &[],
        "1 while the MESH server on which the service has its mailbox answers",
        "it is 0: nothing comes from it, and nothing leaves",
    )
    .of_leader(),
    counter(
        "cpis_mesh_server_reports_total",
        &[],
        "reports of the MESH server about messages that did not arrive",
        "it rises: the log names code and message",
    ),
    counter(
        "cpis_mesh_server_refused_total",
        &[],
        "messages that the MESH server does not take",
        "it rises: the log says why",
    ),
    // subscriptions
    gauge(
        "cpis_subscriptions",
        Unit::Count,
        &["status"],
        "subscriptions of authorities by where they stand",
        "some are in status error: nothing is sent to them until their subscriber asks anew",
    )
    .of_leader(),
    counter(
        "cpis_subscription_posts_total",
        &["outcome"],
        "attempts to send a notification to a subscriber, by what became of them",
        "most of them are retried: the way out of this network is closed",
    ),
    // e-mail
    counter(
        "cpis_emails_total",
        &["outcome"],
        "attempts to send an e-mail to an authority, by what the relay did",
        "most are away or refused: nobody is told by e-mail; look at [email] and at the relay",
    ),
    gauge(
        "cpis_email_addresses",
        Unit::Count,
        &["status"],
        "e-mail addresses of authorities by where they stand",
        "some are dead: nothing is sent to them until their record is changed, or a day has passed",
    )
    .of_leader(),
    gauge(
        "cpis_email_away",
        Unit::Count,
        &[],
        "1 while the relay takes no e-mail",
        "it stays 1: look at [email] and at the relay",
    )
    .of_leader(),
    // demographics asked again
    gauge(
        "cpis_retrace_last_timestamp_seconds",
        Unit::Seconds,
        &[],
        "when demographics was last asked again about everybody with a plan, in seconds since 1970",
        "it is older than twice `retrace_days`",
    )
    .of_leader(),
    counter("cpis_retraced_total", &["found"], "people for whom demographics says something else than before", ""),
    gauge(
        "cpis_retrace_suspicious",
        Unit::Count,
        &[],
        "1 while demographics knows nothing of so many people with plans that nobody is hidden for it",
        "it is 1: demographics is wrong",
    )
    .of_leader(),
    gauge("cpis_upload_records", Unit::Count, &[], "records of the last file", ""),
    gauge(
        "cpis_upload_waiting_seconds",
        Unit::Seconds,
        &[],
        "age of the oldest file that waits for a missing one, for demographics or for its turn",
        "it grows",
    )
    .of_leader(),
    counter(
        "cpis_upload_waiting_failed_total",
        &[],
        "tries to process a kept file that failed",
        "it rises: the log names authority and number",
    ),
    gauge(
        "cpis_upload_gaps_overdue",
        Unit::Count,
        &[],
        "files that have waited for a missing number longer than `gap_alarm_hours`",
        "it is not 0: call the authority",
    )
    .of_leader(),
    gauge(
        "cpis_authority_last_file_timestamp_seconds",
        Unit::Seconds,
        &["authority"],
        "when the last file of an authority took effect, in seconds since 1970; none before its first file",
        "it is more than 26 hours ago: the authority sends one a day",
    )
    .of_leader(),
    // who is let in
    counter(
        "cpis_refused_total",
        &["action", "refusal"],
        "known callers who were refused; each is an entry of the audit log",
        "it jumps",
    ),
    counter(
        "cpis_refused_unknown_total",
        &["kind"],
        "requests without a token that is believed; written as summaries",
        "it jumps",
    ),
    counter(
        "cpis_tokens_refused_total",
        &["reason"],
        "what was wrong with refused tokens",
        "after a change at the issuer",
    ),
    counter(
        "cpis_token_key_readings_total",
        &["outcome"],
        "readings of issuers' published keys",
        "the outcome is not `read`",
    ),
    counter(
        "cpis_sign_ins_total",
        &["outcome"],
        "how sign-ins with a browser ended; `signed-in` is good",
        "`signature`, `nonce`, `state` or `mixed-up`: somebody tampers. `client-refused`, `token-endpoint`, `discovery`: nobody can sign in",
    ),
    counter(
        "cpis_back_channel_logouts_total",
        &["outcome"],
        "messages of issuers that end sessions",
        "the outcome is not `accepted`",
    ),
    counter(
        "cpis_break_glass_total",
        &["outcome"],
        "emergency accounts: `used`, or `refused`",
        "any: find out about each",
    ),
    counter(
        "cpis_enumeration_alarms_total",
        &[],
        "somebody looked up many numbers that nobody has, or many people without a record",
        "any: the log names the organisation, the audit log the person. Ask who and why",
    ),
    counter(
        "cpis_forged_requests_total",
        &["how"],
        "forms from elsewhere, forged sign-ins, roles and people that were tampered with",
        "it rises",
    ),
    counter(
        "cpis_pages_refused_total",
        &["route"],
        "pages that somebody who had signed in was not allowed to open",
        "it jumps",
    ),
    counter("cpis_too_many_total", &["of"], "searches that were told to wait, by person or organisation", "it jumps"),
    // demographics from PDS
    counter(
        "cpis_pds_requests_total",
        &["operation", "outcome"],
        "requests to PDS: token, read, search; answered, not-found, invalidated and busy are everyday",
        "client, token, forbidden, address, request or not-understood appear",
    ),
    histogram("cpis_pds_seconds", Unit::Seconds, &["operation"], "duration of requests to PDS"),
    gauge(
        "cpis_pds_breaker",
        Unit::Count,
        &[],
        "0 while PDS answers, 2 while it is left alone, 1 while one request finds out for all",
        "it stays at 2",
    ),
    // the register of organisations
    counter(
        "cpis_register_unreadable_total",
        &[],
        "records of the register of organisations that could not be read and are passed over",
        "it is not 0: the log names the record",
    ),
    // a hospital's gateway
    counter(
        "cpis_gateway_messages_total",
        &["feed", "outcome"],
        "messages of a hospital's system by what became of them: dropped (not about a visit to check), applied, again, noted, other, own, refused, set-aside, not-stored, busy",
        "refused, set-aside, not-stored or busy grow",
    ),
    counter(
        "cpis_gateway_odd_total",
        &["feed", "what"],
        "what was not as it should be on a feed's connections: junk, restarted, peer, handshake, idle, unread, too-many-connections and others",
        "it grows",
    ),
    gauge(
        "cpis_gateway_connections",
        Unit::Count,
        &["feed"],
        "open connections of a feed",
        "it is 0: nothing is heard",
    ),
    gauge(
        "cpis_gateway_last_message_timestamp_seconds",
        Unit::Seconds,
        &["feed"],
        "when the last message of a feed came, in seconds since 1970; when the gateway started, before the first",
        "it is an hour ago, by day",
    ),
    gauge(
        "cpis_gateway_national_away",
        Unit::Count,
        &[],
        "1 while the national service does not answer a gateway, or does not take its questions",
        "it is 1: nobody is checked",
    ),
    counter(
        "cpis_gateway_asked_total",
        &["outcome"],
        "questions to the national service: record, no-record, mismatch, away, refused, invalid, unreadable",
        "refused, invalid or unreadable appear",
    ),
    counter(
        "cpis_gateway_traced_total",
        &["outcome"],
        "people without an NHS number who were looked for by name: found, nobody, away",
        "away grows",
    ),
    histogram("cpis_gateway_ask_seconds", Unit::Seconds, &[], "duration of questions to the national service"),
    histogram("cpis_gateway_checked_seconds", Unit::Seconds, &[], "time from a question being owed to its answer"),
    gauge("cpis_gateway_asks_waiting", Unit::Count, &[], "questions that wait", "it grows"),
    gauge("cpis_gateway_asks_waiting_seconds", Unit::Seconds, &[], "age of the oldest one", "it is over 60"),
    counter(
        "cpis_gateway_pushed_total",
        &["target", "what", "outcome"],
        "alerts to a hospital's system: shown or withdrawn, accepted or rejected",
        "rejected grows: somebody does not see an alert",
    ),
    counter("cpis_gateway_push_failed_total", &["target"], "alerts that are sent again", "it grows for minutes"),
    histogram("cpis_gateway_push_seconds", Unit::Seconds, &["target"], "time from an alert being owed to its end"),
    gauge("cpis_gateway_pushes_waiting", Unit::Count, &["target"], "alerts that wait for a system", "it grows"),
    gauge(
        "cpis_gateway_pushes_waiting_seconds",
        Unit::Seconds,
        &["target"],
        "age of the oldest alert that waits",
        "it is over 300",
    ),
    gauge(
        "cpis_gateway_unchecked",
        Unit::Count,
        &["reason"],
        "visits that should be checked and are not, by reason",
        "away, refused or invalid are not 0; the others are for the department",
    ),
    gauge(
        "cpis_gateway_notes",
        Unit::Count,
        &["kind"],
        "what somebody should look at: nobody, unnumbered, unknown-location, identifiers-moved, flag-rejected, not-applied",
        "flag-rejected or not-applied are not 0",
    ),
    gauge("cpis_gateway_flags_shown", Unit::Count, &[], "alerts that stand in a hospital's systems now", ""),
    // the MESH agent of an authority
    of_agent(
        "cpis_agent_works",
        Unit::Count,
        "1 while the agent works, 0 while it tries something again and again; its status page says what",
        "it stays at 0",
    ),
    of_agent(
        "cpis_agent_reached_timestamp_seconds",
        Unit::Seconds,
        "when the MESH server answered last, in seconds since 1970",
        "it is more than 15 minutes ago",
    ),
    of_agent(
        "cpis_agent_files_waiting",
        Unit::Count,
        "files that are not complete or were not sent yet",
        "it stays above 0: the status page says why",
    ),
    of_agent(
        "cpis_agent_file_waiting_seconds",
        Unit::Seconds,
        "age of the oldest file that was taken and not sent yet",
        "it grows",
    ),
    counter("cpis_agent_sent_total", &[], "files that were sent", "").of_agent(),
    counter("cpis_agent_failed_total", &[], "files that were not sent and lie in FAILED", "it rises").of_agent(),
    counter("cpis_agent_received_total", &["kind"], "messages that came: `data` or `report`", "`report` rises")
        .of_agent(),
];
