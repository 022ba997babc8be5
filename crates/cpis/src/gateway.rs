//! `cpis gateway`: the hospital side.

mod check;

use crate::cli::{Gateway, GatewayAction};
use crate::fault::Result;
use std::process::ExitCode;

/// Runs one of the commands.
pub fn run(arguments: Gateway) -> Result<ExitCode> {
    match arguments.action {
        GatewayAction::Check(arguments) => check::run(&arguments),
    }
}
