//! `cpis adt`: messages of a hospital's system to a feed, from a file or made up. Nothing that it prints is of a patient.

mod day;
mod deviations;
mod draft;
mod file;
mod link;
mod simulate;
mod tally;
mod times;

pub use day::Department;
pub use file::Messages;

use crate::cli::{Adt, AdtAction, AdtSend};
use crate::fault::{Fault, Result};
use crate::{progress, say};
use cpis_app::{Clock, SystemClock};
use cpis_format_hl7v2::{Profile, adt};
use link::{Delivery, Link};
use std::process::ExitCode;
use tally::Tally;
use times::Shift;

/// Runs one of the commands.
pub async fn run(arguments: Adt) -> Result<ExitCode> {
    match arguments.action {
        AdtAction::Send(arguments) => send(&arguments).await,
        AdtAction::Simulate(arguments) => simulate::run(&arguments).await,
    }
}

async fn send(arguments: &AdtSend) -> Result<ExitCode> {
    let mut link = Link::new(&arguments.feed)?;
    let mut messages = Messages::open(&arguments.file)?;
    let bar = progress::bar("sending", messages.bytes(), progress::BYTES);
    let mut tally = Tally::default();
    let mut shift = None;
    let profile = Profile::default();
    while let Some(message) = messages.next()? {
        let header = adt::head(&message, &profile);
        let message = if arguments.as_of_now {
            let shift = shift.get_or_insert_with(|| Shift::to(SystemClock.now(), header.as_ref()));
            shift.apply(&message)
        } else {
            message
        };
        let mut delivery = link.deliver(&message, header.as_ref()).await;
        for _ in 1..arguments.attempts {
            if delivery.is_final() {
                break;
            }
            tally.again();
            link.pause().await;
            delivery = link.deliver(&message, header.as_ref()).await;
        }
        if !arguments.json {
            bar.suspend(|| say::line(line(header.as_ref(), &delivery)));
        }
        tally.add(header.as_ref(), &delivery);
        bar.set_position(messages.position());
        if matches!(delivery, Delivery::Unreachable(_)) {
            break;
        }
    }
    bar.finish_and_clear();
    if tally.sent() == 0 {
        return Err(Fault::failed(format!("No message is in {}.", arguments.file.display()))
            .mend("A message begins with MSH. Is it the right file?"));
    }
    say::line(if arguments.json { tally.json().to_string() } else { tally.words() });
    Ok(if tally.all_accepted() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One message and what became of it.
fn line(header: Option<&cpis_format_hl7v2::Header>, delivery: &Delivery) -> String {
    let id = header.map(cpis_format_hl7v2::Header::shown_control_id).unwrap_or_default();
    let event = header.map(|header| format!("{}^{}", header.message_type, header.trigger)).unwrap_or_default();
    format!("{} {event} {delivery}", if id.is_empty() { "-" } else { &id })
}
