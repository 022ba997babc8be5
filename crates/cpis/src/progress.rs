//! Progress of long work, on standard error; silent where that is no terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar over so many steps, with a word for what is done.
pub fn bar(what: &'static str, steps: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr_with_hz(10));
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar
}

/// For bytes.
pub const BYTES: &str = "{msg} {bar:30} {bytes} of {total_bytes}";
/// For counted things of which nobody knows how many there are.
pub const SIZE: &str = "{msg} {pos} rows";
/// For counted things.
pub const COUNT: &str = "{msg} {bar:30} {pos} of {len}";
