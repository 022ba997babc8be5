//! `cpis gateway`: the hospital side.

mod check;
mod config;
mod run;
mod settings;

use crate::cli::{Gateway, GatewayAction};
use crate::config::printed_of;
use crate::fault::{Fault, Kind, Result};
use crate::say;
use settings::GatewayConfig;
use std::process::ExitCode;

/// Runs one of the commands.
pub async fn run(arguments: Gateway) -> Result<ExitCode> {
    match (arguments.action, arguments.config) {
        (Some(GatewayAction::Run(arguments)), _) => run::run(&arguments.config).await,
        (Some(GatewayAction::Replay(arguments)), _) => run::replay(&arguments.config).await,
        (Some(GatewayAction::Load(arguments)), _) => run::load(&arguments).await,
        (Some(GatewayAction::Check(arguments)), _) => check::run(&arguments),
        (Some(GatewayAction::Key { file }), _) => run::new_key(&file),
        (Some(GatewayAction::Config), _) => {
            say::text(printed_of("a gateway", &GatewayConfig::settings()));
            Ok(ExitCode::SUCCESS)
        }
        (Some(GatewayAction::Profile), _) => {
            say::text(cpis_format_hl7v2::profile::DEFAULT.to_owned());
            Ok(ExitCode::SUCCESS)
        }
        (None, Some(config)) => run::run(&config).await,
        (None, None) => Err(Fault::new(Kind::Usage, "Say which gateway: --config FILE")),
    }
}
