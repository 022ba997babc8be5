//! Logs to standard error, for people or as JSON; and panics that tell a place and nothing else.

use crate::config::{LogFormat, LogLevel, Logs};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Starts logging.
pub fn start(logs: &Logs) {
    let level = match logs.level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    };
    // The libraries below may know what we must not log: they speak only when something is wrong.
    let filter = EnvFilter::new(format!("warn,cpis={level},{}", ours(level)));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let builder = builder.with_ansi(std::io::stderr().is_terminal());
    let _ = match logs.format {
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).try_init(),
        LogFormat::Human => builder.with_target(false).try_init(),
    };
}

fn ours(level: &str) -> String {
    let crates = [
        "app",
        "audit",
        "client",
        "format_csv",
        "format_fhir",
        "format_hl7v3",
        "format_hl7v2",
        "gateway",
        "identity",
        "inbound_http",
        "inbound_mesh",
        "inbound_web",
        "mesh_agent",
        "outbound_mesh",
        "outbound_pds",
        "outbound_webhook",
        "store_postgres",
        "store_sqlite",
    ];
    crates.map(|name| format!("cpis_{name}={level}")).join(",")
}

/// A panic's message may hold what was being worked on; its place does not.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|at| format!(" at {}:{}", at.file(), at.line())).unwrap_or_default();
        crate::say::aside(format_args!("cpis: the program has a fault{place}. Please report this line."));
    }));
}
