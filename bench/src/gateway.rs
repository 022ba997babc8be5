//! A hospital's gateway: how long from an ADT message to the flag back in the hospital's system, at some rates, and how many messages a
//! second are accepted durably. The national service is one that answers at once, so that the gateway alone is measured.

use crate::judge::{Figure, Limit, Unit};
use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use cpis_app::{Clock, SystemClock, SystemEntropy};
use cpis_format_hl7v2::Profile;
use cpis_format_hl7v2::alert::{Route, Shape, Wording};
use cpis_format_hl7v2::mllp::{Decoder, Event, frame};
use cpis_gateway::answering::TargetSettings;
use cpis_gateway::asking::Pace;
use cpis_gateway::feed::{FeedSettings, Limits};
use cpis_gateway::national::{Ask, National, Told};
use cpis_gateway::store::Keep;
use cpis_gateway::{FeedRules, Gateway, Parts, Rules, Store, Target, Vault};
use cpis_model::nhs_number::NhsNumber;
use cpis_model::time::london_time;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

/// Messages a second.
const RATES: [u64; 3] = [1, 10, 100];
/// Connections that send as fast as they are answered.
const SENDERS: u64 = 16;
/// Longest wait for the last flag.
const PATIENCE: Duration = Duration::from_mins(1);
const NAME: &str = "bench";

/// Answers at once that there is a record.
struct AtOnce;

#[async_trait]
impl National for AtOnce {
    async fn ask(&self, _: &Ask) -> Told {
        Told::Record
    }
}

/// When the flag of each visit came back.
type Back = watch::Sender<BTreeMap<u64, Instant>>;

/// Measures; `time` for each rate.
pub fn run(folder: &Path, time: Duration) -> Result<Vec<Figure>> {
    let runtime = tokio::runtime::Runtime::new().context("no runtime")?;
    runtime.block_on(async {
        let folder = tempfile::tempdir_in(folder).context("no folder")?;
        let back = Back::new(BTreeMap::new());
        let (gateway, mllp) = start(folder.path(), pas(back.clone()).await?).await?;
        let mut figures = Vec::new();
        let mut next = 0;
        for rate in RATES {
            let count = (rate * time.as_secs()).max(5);
            let took = latencies(mllp, &back, next..next + count, rate).await?;
            next += count;
            let at =
                |share: f64| took.get(((took.len() - 1) as f64 * share).round() as usize).copied().unwrap_or_default();
            let name = |what| format!("gateway, ADT to flag at {rate}/s, {what}");
            figures.push(Figure::new(name("p50"), at(0.5), Unit::Seconds));
            let p99 = Figure::new(name("p99"), at(0.99), Unit::Seconds).beside(format!("{count} arrivals"));
            figures.push(if rate == 100 { p99.floor(Limit::AtMost(0.5)).aim(Limit::AtMost(0.1)) } else { p99 });
        }
        let accepted = accepted(mllp, next, time).await?;
        let figure = Figure::new("gateway, messages a second accepted durably", accepted, Unit::Count);
        let figure = figure.beside(format!("{SENDERS} connections, one message in flight each"));
        figures.push(figure.floor(Limit::AtLeast(500.0)).aim(Limit::AtLeast(3000.0)));
        gateway.stop(Duration::from_secs(5)).await;
        Ok(figures)
    })
}

/// A hospital's system that accepts flags and says when they came.
async fn pas(back: Back) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (mut decoder, mut bytes) = (Decoder::new(), vec![0; 4096]);
            while let Ok(count @ 1..) = stream.read(&mut bytes).await {
                decoder.push(bytes.get(..count).unwrap_or_default());
                for event in decoder.by_ref() {
                    let Event::Message(message) = event else { continue };
                    let text = String::from_utf8_lossy(&message);
                    let visit =
                        text.split("|V").nth(1).and_then(|rest| rest.split('^').next()).and_then(|n| n.parse().ok());
                    let now = Instant::now();
                    back.send_modify(|all| all.extend(visit.map(|visit: u64| (visit, now))));
                    let id = text.split('|').nth(9).unwrap_or_default();
                    let answer = format!("MSH|^~\\&|PAS|RR8|CPGW|RR8|1||ACK|P{id}|P|2.4\rMSA|AA|{id}\r");
                    let _ = stream.write_all(&frame(answer.as_bytes())).await;
                }
            }
        }
    });
    Ok(address)
}

async fn start(folder: &Path, pas: SocketAddr) -> Result<(Gateway, SocketAddr)> {
    let entropy = || SystemEntropy::new().map_err(anyhow::Error::msg);
    let vault = Vault::parse(&Vault::new_text(&entropy()?), entropy()?)?;
    let profile = Profile::from_toml("test_numbers = true\nsite = \"RR813\"\n")?;
    let party = || "BENCH".to_owned();
    let route = Route {
        application: "CPGW".to_owned(),
        facility: party(),
        to_application: party(),
        to_facility: party(),
        processing_id: "P".to_owned(),
    };
    let wording = Wording::default();
    let target =
        Target { name: NAME.to_owned(), shape: Shape::A08, route, present_late: wording.present.clone(), wording };
    let feed = FeedRules { profile: profile.clone(), target: Some(target) };
    let rules = Rules { feeds: BTreeMap::from([(NAME.to_owned(), feed)]), late: Rules::LATE, ..Rules::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mllp = listener.local_addr()?;
    let second = Duration::from_secs(1);
    let gateway = Gateway::start(Parts {
        store: Store::open(&folder.join("gateway.sqlite"), vault, rules)?,
        feeds: vec![FeedSettings {
            name: NAME.to_owned(),
            listener,
            tls: None,
            peers: Vec::new(),
            limits: Limits::default(),
            release_2: false,
            profile,
        }],
        targets: vec![TargetSettings {
            name: NAME.to_owned(),
            address: pas.to_string(),
            tls: None,
            answer: PATIENCE,
            pause_first: second,
            pause_max: second,
        }],
        national: Arc::new(AtOnce),
        finder: None,
        pace: Pace::default(),
        keep: Keep::default(),
        page: None,
        clock: Arc::new(SystemClock),
    });
    Ok((gateway, mllp))
}

/// An arrival of now.
fn message(visit: u64, with_number: bool) -> Vec<u8> {
    let now = london_time(SystemClock.now()).strftime("%Y%m%d%H%M%S");
    // One number in eleven has no check digit.
    let number = (0..2).find_map(|n| NhsNumber::from_first_nine(999_000_000 + visit * 2 % 900_000 + n));
    let number =
        number.filter(|_| with_number).map(|number| format!("~{}^^^NHS^NH", number.digits())).unwrap_or_default();
    let (gap, more) = ("|".repeat(24), "|".repeat(25));
    let text = format!(
        "MSH|^~\\&|PAS|RR8|CPGW|RR8|{now}||ADT^A04|B{visit}|P|2.4\rEVN|A04|{now}||||{now}\r\
         PID|1||L{visit}^^^RR8^MR{number}||TESTCHILD^SAMUEL||20190722|M{gap}NSTS01\r\
         PV1|1|E|ED^^^RR813|E||||||180|||||||||V{visit}^^^RR8AE^VN{more}{now}\r"
    );
    frame(text.as_bytes())
}

/// Sends at a rate, whatever becomes of it, and gives the seconds until each flag was back, the shortest first.
async fn latencies(mllp: SocketAddr, back: &Back, visits: std::ops::Range<u64>, rate: u64) -> Result<Vec<f64>> {
    let (mut reader, mut writer) = TcpStream::connect(mllp).await?.into_split();
    let acknowledgements = tokio::spawn(async move {
        let mut bytes = vec![0; 4096];
        while let Ok(1..) = reader.read(&mut bytes).await {}
    });
    let begun = Instant::now();
    let due = |visit: u64| begun + Duration::from_secs_f64((visit - visits.start) as f64 / rate as f64);
    for visit in visits.clone() {
        sleep_until(due(visit)).await;
        writer.write_all(&message(visit, true)).await?;
    }
    let mut came = back.subscribe();
    let all = timeout(PATIENCE, came.wait_for(|all| visits.clone().all(|visit| all.contains_key(&visit)))).await;
    let all = all.context("not every flag came back")??.clone();
    drop(writer);
    acknowledgements.abort();
    let mut took: Vec<f64> =
        visits.clone().filter_map(|visit| Some((*all.get(&visit)? - due(visit)).as_secs_f64())).collect();
    took.sort_by(f64::total_cmp);
    Ok(took)
}

/// Messages a second that are acknowledged, each of an arrival that is stored.
async fn accepted(mllp: SocketAddr, from: u64, time: Duration) -> Result<f64> {
    let end = Instant::now() + time;
    let senders = (0..SENDERS).map(|sender| {
        tokio::spawn(async move {
            let mut stream = TcpStream::connect(mllp).await?;
            let (mut decoder, mut bytes, mut count) = (Decoder::new(), vec![0; 4096], 0_u64);
            while Instant::now() < end {
                let visit = from + sender + SENDERS * (count + 1);
                stream.write_all(&message(visit, false)).await?;
                loop {
                    if let Some(Event::Message(answer)) = decoder.next() {
                        ensure!(String::from_utf8_lossy(&answer).contains("MSA|AA|"), "a message was not accepted");
                        break;
                    }
                    let read = stream.read(&mut bytes).await?;
                    ensure!(read > 0, "the gateway closed a connection");
                    decoder.push(bytes.get(..read).unwrap_or_default());
                }
                count += 1;
            }
            Ok::<_, anyhow::Error>(count)
        })
    });
    let mut all = 0;
    for sender in senders.collect::<Vec<_>>() {
        all += sender.await??;
    }
    Ok(all as f64 / time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateway_is_measured() {
        let folder = tempfile::tempdir().unwrap();
        let figures = run(folder.path(), Duration::from_secs(1)).unwrap();
        assert_eq!(figures.len(), 7);
        for figure in &figures {
            println!("{}: {}", figure.name, figure.unit.words(figure.value));
            assert!(figure.value > 0.0, "{}", figure.name);
        }
    }
}
