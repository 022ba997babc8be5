//! A night of the nation: every authority sends its file by MESH, people are traced by PDS over HTTP, and each file is answered
//! in its authority's mailbox; then looks, of which the authorities are told in their mailboxes.
//!
//! Everything goes over sockets: authorities are clients of MESH in this process, and so is the PDS-like server; the service is
//! the release binary. They share the machine's cores.

mod authority;
mod world;

use crate::judge::{Figure, Unit};
use crate::limits;
use crate::nation::authority::Answered;
use crate::nation::world::Nation;
use crate::scenarios::Options;
use crate::serving::Serving;
use crate::settings::CARE_TEAM_PATH;
use anyhow::{Context, Result, ensure};
use cpis_load::words::whole;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// The scenario's name.
pub const NAME: &str = "nation";
/// Looks at a time.
const LOOKERS: usize = 16;
/// Longest wait for all answers, and for all notices.
const PATIENCE: Duration = Duration::from_mins(30);
/// Nothing more is told for so long: all is told.
const QUIET: Duration = Duration::from_secs(5);
const MIB: f64 = 1024.0 * 1024.0;

/// Runs it.
pub fn run(options: &Options, say: &dyn Fn(&str)) -> Result<Vec<Figure>> {
    let nation = Nation::make(options, say)?;
    let serving = Serving::start_in(&options.binary, nation.folder(), &nation.config, &nation.tables)?;
    say(&format!("the service was ready after {:.1?}", serving.ready_after));
    let (mut figures, asked) = (Vec::new(), limits::of(options.database).nation);
    let begun = Instant::now();
    let night = nation.runtime.block_on(send_all(&nation, 0, say))?;
    let taken = begun.elapsed();
    let first = format!("a night of the nation by MESH, {}", night.words());
    figures.push(Figure::new(first, taken.as_secs_f64(), Unit::Seconds).beside(night.rates(taken)).asked(asked));
    say(&format!("{} took {taken:.1?}", night.words()));

    let begun = Instant::now();
    let changes = nation.runtime.block_on(send_all(&nation, 1, say))?;
    let taken = begun.elapsed();
    let second = format!("the changes of the next day by MESH, {}", changes.words());
    figures.push(Figure::new(second, taken.as_secs_f64(), Unit::Seconds).beside(changes.rates(taken)));

    figures.push(told(&nation, &serving, options.nation_looks as usize, say)?);
    let mut serving = serving;
    serving.stop()?;
    Ok(figures)
}

/// What came of a round of files.
struct Night {
    files: usize,
    records: u64,
    loaded: u64,
    bytes: usize,
    /// From the first file to the answer to each, in order.
    answered_after: Vec<Duration>,
}

impl Night {
    fn words(&self) -> String {
        format!("{} records in {} files", whole(self.records as f64), self.files)
    }

    fn rates(&self, taken: Duration) -> String {
        let seconds = taken.as_secs_f64().max(f64::EPSILON);
        let half = self.answered_after.get(self.files / 2).copied().unwrap_or_default();
        format!(
            "{:.1} files/s, {} records/s, {:.0} MiB; {} records taken; half of the authorities had their answer after {half:.0?}",
            self.files as f64 / seconds,
            whole(self.records as f64 / seconds),
            self.bytes as f64 / MIB,
            whole(self.loaded as f64),
        )
    }
}

/// Every authority sends its file of a day and waits for the answer.
async fn send_all(nation: &Nation, day: u32, say: &dyn Fn(&str)) -> Result<Night> {
    let files = nation.files(day)?;
    say(&format!("{} files of day {day} are made; they are sent", files.len()));
    let mut night = Night { files: files.len(), records: 0, loaded: 0, bytes: 0, answered_after: Vec::new() };
    let (begun, mut work) = (Instant::now(), JoinSet::new());
    for (authority, file, records) in files {
        night.records += records;
        night.bytes += file.len();
        work.spawn(async move {
            let answered = authority.send(file).await?;
            ensure!(u64::from(answered.loaded + answered.failed) == records, "an answer is about other records");
            Ok::<Answered, anyhow::Error>(answered)
        });
    }
    while let Some(done) = tokio::time::timeout(PATIENCE, work.join_next()).await.context("no answer comes")? {
        let answered = done.context("an authority died")??;
        night.loaded += u64::from(answered.loaded);
        night.answered_after.push(begun.elapsed());
    }
    Ok(night)
}

/// Looks at people with plans, once each, while all authorities collect; how many notices a second were told and collected.
fn told(nation: &Nation, serving: &Serving, looks: usize, say: &dyn Fn(&str)) -> Result<Figure> {
    let owed_before = serving.metric("cpis_notices_owed_total")?.unwrap_or(0.0);
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let collected = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let collecting = nation.runtime.block_on(async {
        let mut collecting = JoinSet::new();
        for authority in nation.authorities()? {
            let (stopped, collected) = (stopped.clone(), collected.clone());
            collecting.spawn(async move { authority.collect_notices(&collected, stopped).await });
        }
        look_at_all(nation, serving, looks).await?;
        Ok::<_, anyhow::Error>(collecting)
    })?;
    let looked = begun.elapsed();
    say(&format!("{looks} looks were answered after {looked:.1?}"));
    let (mut count, mut last) = (0, Instant::now());
    let mut collecting = collecting;
    while last.elapsed() < QUIET || count < looks {
        ensure!(begun.elapsed() < PATIENCE, "notices are not told: {count} of {looks}");
        std::thread::sleep(Duration::from_millis(50));
        let now = collected.load(Ordering::Relaxed);
        if now != count {
            (count, last) = (now, Instant::now());
        }
    }
    let seconds = (last - begun).as_secs_f64();
    let _ = stop.send(true);
    nation.runtime.block_on(async {
        while let Some(done) = collecting.join_next().await {
            done.context("an authority died")??;
        }
        Ok::<_, anyhow::Error>(())
    })?;
    let owed = serving.metric("cpis_notices_owed_total")?.unwrap_or(0.0) - owed_before;
    ensure!((owed - count as f64).abs() < 0.5, "{owed} notices were owed and {count} collected");
    let beside = format!(
        "{} notices of {} looks, collected {seconds:.1} s after the first look, which were answered within {:.1} s; told every second",
        whole(count as f64),
        whole(looks as f64),
        looked.as_secs_f64()
    );
    Ok(Figure::new("notices delivered a second, in mailboxes", count as f64 / seconds, Unit::Count).beside(beside))
}

async fn look_at_all(nation: &Nation, serving: &Serving, looks: usize) -> Result<()> {
    let numbers = Arc::new(nation.numbers(looks)?);
    let (tokens, next) = (Arc::new(nation.clinicians()), Arc::new(AtomicUsize::new(0)));
    let mut lookers = JoinSet::new();
    for looker in 0..LOOKERS {
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(1).build()?;
        let (numbers, tokens, next, address) = (numbers.clone(), tokens.clone(), next.clone(), serving.address);
        lookers.spawn(async move {
            let token = tokens.get(looker % tokens.len()).context("there is no clinician")?;
            while let Some(number) = numbers.get(next.fetch_add(1, Ordering::Relaxed)) {
                let url = format!("http://{address}{}", CARE_TEAM_PATH.replace(crate::settings::NUMBER, number));
                let request = client.get(url).bearer_auth(token).header("IsUnscheduledAccessEvent", "true");
                let request = request.header("X-Request-ID", format!("00000000-0000-4000-8000-{looker:012}"));
                let answer = request.send().await?;
                ensure!(answer.status() == 200, "a look was answered {}", answer.status());
                answer.bytes().await?;
            }
            Ok(())
        });
    }
    while let Some(done) = lookers.join_next().await {
        done.context("a looker died")??;
    }
    Ok(())
}
