//! `cpis synth`: a made-up England as a page, a demographics register, an authority's upload, or a day's arrivals.

mod faults;
mod file;

use crate::adt::Department;
use crate::cli::{Synth, SynthAction, SynthDay, SynthDayFormat, SynthWorld};
use crate::fault::{Fault, Kind, OrFault, Result};
use crate::{progress, say};
use cpis_app::{Clock, SystemClock};
use cpis_format_hl7v2::mllp::frame;
use cpis_model::time::london_day;
use cpis_model::{Date, Timestamp};
use cpis_synth::{Arrival, England, Scale};
use serde_json::json;
use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::Instant;

/// Rows of the register between two steps of the bar.
const ROWS_STEP: u64 = 1_000;

/// Makes what was asked for.
pub async fn run(arguments: Synth) -> Result<ExitCode> {
    let england = england(&arguments.world);
    match arguments.action {
        SynthAction::Report { out } => {
            let mut file = new_file(&out)?;
            let bar = progress::bar("counting", 0, progress::COUNT);
            let page = england.report_with(&mut |done, all| {
                bar.set_length(all);
                bar.set_position(done);
            });
            bar.finish_and_clear();
            written(file.write_all(page.as_bytes()).and_then(|()| file.flush()), &out)?;
            say::line(format_args!("The page is in {}.", out.display()));
        }
        SynthAction::Register { out: Some(path) } => {
            let mut file = new_file(&path)?;
            let bar = progress::bar("writing people", england.register_rows(), progress::COUNT);
            let count = written(register(&england, &mut file, |rows| bar.set_position(rows)), &path)?;
            bar.finish_and_clear();
            say::line(format_args!("{count} numbers are in {}.", path.display()));
        }
        SynthAction::Register { out: None } => {
            let done = register(&england, &mut BufWriter::new(std::io::stdout().lock()), |_| {});
            return printed(done.map(|_| ()));
        }
        SynthAction::AuthorityFile(arguments) => return file::run(&england, &arguments),
        SynthAction::Day(arguments) if arguments.format == SynthDayFormat::Hl7v2 => {
            return printed(feed(&england, &arguments));
        }
        SynthAction::Day(arguments) => return printed(day(&england, &arguments).await),
    }
    Ok(ExitCode::SUCCESS)
}

/// The England of these words.
pub fn england(world: &SynthWorld) -> England {
    let today = world.today.unwrap_or_else(|| london_day(SystemClock.now()));
    England::new(world.seed, today, Scale::plans(world.plans)).with_rates(world.rates())
}

/// A file that was not there.
fn new_file(path: &Path) -> Result<BufWriter<File>> {
    let file = File::create_new(path).or_fault(Kind::Usage, format_args!("The file {} cannot be made", path.display()));
    file.map(BufWriter::new).map_err(|fault| fault.mend("Remove it, or choose another name."))
}

fn written<T>(done: std::io::Result<T>, path: &Path) -> Result<T> {
    done.or_fault(Kind::Failed, format_args!("The file {} cannot be written", path.display()))
}

/// A reader who goes away is no fault.
fn printed(done: std::io::Result<()>) -> Result<ExitCode> {
    match done {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Fault::failed(format!("What was made cannot be printed: {error}")))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Writes the register's table, and says how many rows it has.
fn register(england: &England, out: &mut impl Write, progress: impl Fn(u64)) -> std::io::Result<u64> {
    let mut table = csv::Writer::from_writer(out);
    let head = ["nhs_number", "given", "family", "birth_date", "restricted", "deceased", "superseded_by", "sex"];
    table.write_record(head)?;
    let yes = |is_so| if is_so { "yes" } else { "" };
    let mut count = 0;
    for row in england.register() {
        let (number, new) = (row.number.digits(), row.superseded_by);
        if let Some(person) = &row.person {
            let birth = person.birth.to_string();
            let sex = person.sex.map_or("", cpis_model::demographics::Sex::code);
            let (restricted, deceased) = (yes(person.restricted), yes(person.deceased));
            let name = &person.name;
            table.write_record([number, &name.given, &name.family, &birth, restricted, deceased, "", sex])?;
        } else {
            let new = new.map(|new| new.digits().to_owned()).unwrap_or_default();
            table.write_record([number, "", "", "", "", "", &new, ""])?;
        }
        count += 1;
        if count % ROWS_STEP == 0 {
            progress(count);
        }
    }
    table.flush()?;
    Ok(count)
}

/// Prints a day's arrivals.
async fn day(england: &England, arguments: &SynthDay) -> std::io::Result<()> {
    let date = arguments.date.unwrap_or_else(|| england.today());
    let start = midnight(date);
    let began = Instant::now();
    let mut out = BufWriter::new(std::io::stdout());
    for arrival in england.day(date, arguments.factor) {
        if let Some(speed) = arguments.speed {
            let into_day = arrival.at.duration_since(start).as_secs_f64().max(0.0);
            let due = began + Duration::from_secs_f64(into_day / speed);
            if due > Instant::now() {
                out.flush()?;
                tokio::time::sleep_until(due).await;
            }
        }
        writeln!(out, "{}", line(&arrival, arguments.answers))?;
    }
    out.flush()
}

/// Prints a department's day in frames, one on a line of its own.
fn feed(england: &England, arguments: &SynthDay) -> std::io::Result<()> {
    let date = arguments.date.unwrap_or_else(|| england.today());
    let mut out = BufWriter::new(std::io::stdout().lock());
    for message in Department::of(england, date, &arguments.department).messages {
        out.write_all(&frame(&message.draft.bytes(message.at)))?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

fn midnight(date: Date) -> Timestamp {
    cpis_model::time::london_moment(date.at(0, 0, 0, 0)).unwrap_or(Timestamp::MIN)
}

fn line(arrival: &Arrival, answers: bool) -> serde_json::Value {
    let person = &arrival.person;
    let mut line = json!({
        "time": format!("{:.3}", arrival.at),
        "visit": arrival.visit.to_string(),
        "nhs_number": arrival.number.digits(),
        "given": person.name.given,
        "family": person.name.family,
        "birth_date": person.birth.to_string(),
        "setting": arrival.setting.code(),
        "site": arrival.site.code.as_str(),
        "site_name": &*arrival.site.name,
        "arrival": arrival.way.code(),
    });
    if let (true, Some(fields)) = (answers, line.as_object_mut()) {
        fields.insert("has_plan".to_owned(), json!(arrival.has_plan));
    }
    line
}
