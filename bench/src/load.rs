//! The load: connections that each ask, read, check, and ask again, at low cost to the machine that they share with the service.

use crate::process;
use crate::request::{Dice, Request};
use crate::response::{Answer, Parsed, contains, parse};
use crate::settings::Target;
use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

mod counts;
use counts::Counts;
pub use counts::Outcome;

/// How long the last answers may take after the burst: until then a question without an answer is not counted as lost.
pub const DRAIN: Duration = Duration::from_secs(10);
/// Wait before a connection that failed is tried again.
const RETRY: Duration = Duration::from_millis(10);
/// First size of a connection's buffer in bytes; it grows with the answers.
const BUFFER_BYTES: usize = 8 * 1024;
/// Each connection has this many sequence numbers for itself.
const SEQUENCE_STRIDE: u64 = 1_000_000_000;

/// One load.
#[derive(Clone, Deserialize, Serialize)]
pub struct Burst {
    /// Whom to ask, and what.
    pub target: Target,
    /// Connections at a time.
    pub connections: usize,
    /// Threads of the client.
    pub threads: usize,
    /// Milliseconds before answers are timed.
    pub warm_up_ms: u64,
    /// Milliseconds during which answers are timed.
    pub duration_ms: u64,
}

#[derive(Clone, Copy)]
struct Times {
    warm: Instant,
    end: Instant,
}

/// Runs a load in this process and waits for its end. Takes warm-up, duration and at most [`DRAIN`].
pub fn run(burst: &Burst) -> Result<Outcome> {
    let threads = burst.threads.clamp(1, burst.connections.max(1));
    let warm = Instant::now() + Duration::from_millis(burst.warm_up_ms);
    let times = Times { warm, end: warm + Duration::from_millis(burst.duration_ms) };
    let mut sum = Counts::default();
    let mut cpu_seconds = 0.0;
    std::thread::scope(|scope| -> Result<()> {
        let drivers: Vec<_> = (0..threads)
            .map(|thread| {
                let places = (0..burst.connections).filter(move |place| place % threads == thread);
                scope.spawn(move || drive(&burst.target, places, times))
            })
            .collect();
        std::thread::sleep(times.warm.saturating_duration_since(Instant::now()));
        let before = process::own_cpu_seconds()?;
        std::thread::sleep(times.end.saturating_duration_since(Instant::now()));
        cpu_seconds = process::own_cpu_seconds()? - before;
        for driver in drivers {
            let counts = driver.join().map_err(|_| anyhow!("a thread of the client died"))??;
            sum.add(&counts);
        }
        Ok(())
    })?;
    Ok(sum.outcome(burst.duration_ms, cpu_seconds))
}

/// One thread of the client with its share of the connections.
fn drive(target: &Target, places: impl Iterator<Item = usize>, times: Times) -> Result<Counts> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("the client's runtime")?;
    let counts = Arc::new(Mutex::new(Counts::default()));
    let target = Arc::new(target.clone());
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for place in places {
            let mut connection = Connection {
                request: Request::new(&target, place),
                target: Arc::clone(&target),
                counts: Arc::clone(&counts),
                times,
                dice: Dice(place as u64),
                sequence: place as u64 * SEQUENCE_STRIDE,
                number_hint: 0,
                marker_hint: 0,
            };
            tasks.spawn(async move {
                if tokio::time::timeout_at(times.end + DRAIN, connection.converse()).await.is_err() {
                    connection.count(|counts| counts.unanswered += 1);
                }
            });
        }
        tasks.join_all().await;
    });
    let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(std::mem::take(&mut *counts))
}

enum End {
    Time,
    Closed,
    Cut,
    Malformed,
}

struct Connection {
    target: Arc<Target>,
    request: Request,
    counts: Arc<Mutex<Counts>>,
    times: Times,
    dice: Dice,
    sequence: u64,
    number_hint: usize,
    marker_hint: usize,
}

impl Connection {
    /// Locks are never waited for: all connections of a thread share its counts and nothing else does.
    fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Asks until the time is over, over new connections where old ones end.
    async fn converse(&mut self) {
        while Instant::now() < self.times.end {
            let stream = match TcpStream::connect(self.target.address).await {
                Ok(stream) if stream.set_nodelay(true).is_ok() => stream,
                _ => {
                    self.count(|counts| counts.refused += 1);
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            };
            match self.talk(stream).await {
                End::Time => return,
                End::Closed => {}
                End::Cut => self.count(|counts| counts.cut += 1),
                End::Malformed => self.count(|counts| counts.malformed += 1),
            }
        }
    }

    async fn talk(&mut self, mut stream: TcpStream) -> End {
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut asked = Instant::now();
        loop {
            let (number, hit) = self.next_number();
            let request = &mut self.request;
            request.set_number(self.target.numbers(hit).get(number).map_or("", String::as_str));
            request.set_sequence(self.sequence);
            self.sequence += 1;
            if stream.write_all(request.bytes()).await.is_err() {
                return End::Cut;
            }
            let mut filled = 0;
            let answer = loop {
                if filled == buffer.len() {
                    buffer.resize(2 * filled, 0);
                }
                match stream.read(buffer.get_mut(filled..).unwrap_or_default()).await {
                    Ok(read) if read > 0 => filled += read,
                    _ => return End::Cut,
                }
                match parse(buffer.get(..filled).unwrap_or_default()) {
                    Parsed::Partial => {}
                    Parsed::Whole(answer) => break answer,
                    Parsed::Malformed => return End::Malformed,
                }
            };
            let now = Instant::now();
            let right = answer.status == 200 && self.is_right(&buffer, &answer, number, hit);
            self.record(&answer, right, asked, now);
            if now >= self.times.end {
                return End::Time;
            }
            if answer.close {
                return End::Closed;
            }
            asked = now;
        }
    }

    fn next_number(&mut self) -> (usize, bool) {
        let misses = usize::from(self.target.misses_percent);
        let hit = misses == 0 || self.dice.below(100) >= misses;
        (self.dice.below(self.target.numbers(hit).len()), hit)
    }

    fn is_right(&mut self, buffer: &[u8], answer: &Answer, number: usize, hit: bool) -> bool {
        let body = buffer.get(answer.body.clone()).unwrap_or_default();
        let number = self.target.numbers(hit).get(number).filter(|_| hit);
        let named = number.is_none_or(|number| contains(body, number.as_bytes(), &mut self.number_hint));
        let marked = match &self.target.hit_marker {
            Some(marker) => contains(body, marker.as_bytes(), &mut self.marker_hint) == hit,
            None => true,
        };
        named && marked
    }

    fn record(&self, answer: &Answer, right: bool, asked: Instant, now: Instant) {
        let timed = right && now >= self.times.warm && now < self.times.end;
        self.count(|counts| {
            match answer.status {
                200 => counts.answers_200 += 1,
                status => *counts.others.entry(status).or_default() += 1,
            }
            counts.wrong += u64::from(answer.status == 200 && !right);
            if timed {
                counts.histogram.record(now.duration_since(asked).as_nanos() as u64);
            }
        });
    }
}

impl Target {
    fn numbers(&self, hit: bool) -> &[String] {
        if hit { &self.hits } else { &self.misses }
    }
}

#[cfg(test)]
mod tests;
