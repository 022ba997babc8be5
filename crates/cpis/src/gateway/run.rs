//! `cpis gateway run`: everything that can be wrong is found, with its words and exit code, before the first door opens.

use super::config::{self, Checked};
use super::settings::{FeedConfig, GatewayConfig, TargetConfig};
use crate::adt::Messages;
use crate::cli::GatewayLoad;
use crate::config::read_text;
use crate::fault::{Fault, Kind, OrFault, Result};
use crate::running::{listen, metrics_text};
use crate::{demographics, gauges, logs, metric_table, progress, say, signals, tls};
use cpis_app::{Clock, SystemClock, SystemEntropy};
use cpis_client::{Place, ResponsiblePerson, SoapClient, SoapSettings, Tries};
use cpis_gateway::answering::TargetSettings;
use cpis_gateway::asking::Pace;
use cpis_gateway::feed::{FeedSettings, Limits};
use cpis_gateway::finding::Finder;
use cpis_gateway::gateway::PageSettings;
use cpis_gateway::load::{self, Loaded};
use cpis_gateway::soap::{AskedFrom, Soap};
use cpis_gateway::store::Keep;
use cpis_gateway::{Gateway, Parts, Rules, Store, StoreError, Vault, replay};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::rustls::pki_types::ServerName;
use zeroize::Zeroizing;

/// Shortest token of the page.
const TOKEN_CHARACTERS_MIN: usize = 16;
/// The first pause after a failure.
const PAUSE_FIRST: Duration = Duration::from_secs(1);

/// Runs a gateway until it is told to end.
pub async fn run(path: &Path) -> Result<ExitCode> {
    let mut stop = signals::watch()?;
    let Checked { config, rules } = config::read(path)?;
    logs::start(&config.logs);
    let handle = metrics_text(metric_table::describe)?;
    gauges::tell_start();
    let store = open(&config, rules.clone())?;
    let token = config.page_token_file.as_deref().map(token).transpose()?;
    let mut feeds = Vec::new();
    for feed in &config.feed {
        feeds.push(open_feed(feed, &rules).await?);
    }
    let targets = config.target.iter().map(target).collect::<Result<Vec<_>>>()?;
    let listener = listen(config.page_listen, "`page_listen` in the configuration").await?;
    let page = listener.local_addr().or_fault(Kind::Address, "The listener has no address")?;
    let listens: Vec<String> = feeds
        .iter()
        .filter_map(|feed| {
            let address = feed.listener.local_addr().ok()?;
            Some(format!("Listening on {address} for the feed {}", feed.name))
        })
        .collect();
    let upkeep = handle.clone();
    let gateway = Gateway::start(Parts {
        store,
        feeds,
        targets,
        national: Arc::new(national(&config)?),
        finder: demographics::elsewhere(&config.demographics)?.map(|people| Arc::new(people) as Arc<dyn Finder>),
        pace: Pace {
            concurrent: config.national.concurrent as usize,
            pause_first: PAUSE_FIRST,
            pause_max: seconds(config.national.pause_seconds_max),
            ..Pace::default()
        },
        keep: Keep { visit_days: config.visit_days, raw_days: config.message_days, seen_days: config.known_days },
        page: Some(PageSettings {
            listener,
            token,
            name: config.name.clone(),
            metrics: Arc::new(move || {
                upkeep.run_upkeep();
                upkeep.render()
            }),
            certificates: certificates(&config),
        }),
        clock: Arc::new(SystemClock),
    });
    for line in listens {
        say::line(line);
    }
    say::line(format_args!("Listening on http://{page} for the page, health and metrics"));
    signals::asked(&mut stop).await;
    say::line("Ending: acknowledging what was taken. A second signal ends at once.");
    gateway.stop(seconds(config.leave_seconds)).await;
    say::line("Ended. Everything is stored; what waits goes on at the next start.");
    Ok(ExitCode::SUCCESS)
}

/// Applies what was set aside. The gateway must be stopped.
pub async fn replay(path: &Path) -> Result<ExitCode> {
    let Checked { config, rules } = config::read(path)?;
    let store = open(&config, rules)?;
    let replayed =
        replay::replay(&store, SystemClock.now()).await.map_err(|error| of_store(&error, &config.store()))?;
    store.close().await;
    say::line(format_args!("{} messages were applied, {} were left.", replayed.applied, replayed.left));
    if replayed.left > 0 {
        return Err(Fault::failed("Some messages still cannot be applied")
            .mend("They stay. Send them to whoever makes this program, with their control ids from the page."));
    }
    Ok(ExitCode::SUCCESS)
}

/// Loads messages of a file. The gateway must be stopped.
pub async fn load(arguments: &GatewayLoad) -> Result<ExitCode> {
    let Checked { config, rules } = config::read(&arguments.config)?;
    let names: Vec<String> = rules.feeds.keys().cloned().collect();
    let feed = match (&arguments.feed, names.as_slice()) {
        (Some(named), _) if names.contains(named) => named.clone(),
        (None, [one]) => one.clone(),
        _ => {
            let what = "Say which feed the messages are of: --feed NAME";
            return Err(Fault::new(Kind::Usage, what).mend(format!("The feeds are {}.", names.join(", "))));
        }
    };
    let mut messages = Messages::open(&arguments.file)?;
    let store = open(&config, rules)?;
    let bar = progress::bar("loading", messages.bytes(), progress::BYTES);
    let (mut applied, mut again, mut dropped, mut rejected) = (0_u64, 0_u64, 0_u64, 0_u64);
    while let Some(message) = messages.next()? {
        let loaded = load::load(&store, &feed, message, !arguments.notify, SystemClock.now()).await;
        let count = match loaded.map_err(|error| of_store(&error, &config.store()))? {
            Loaded::Applied => &mut applied,
            Loaded::Again => &mut again,
            Loaded::Dropped => &mut dropped,
            Loaded::Rejected => &mut rejected,
        };
        *count += 1;
        bar.set_position(messages.position());
    }
    bar.finish_and_clear();
    store.close().await;
    say::line(format_args!(
        "{applied} messages had an effect, {again} had it before, {dropped} are about nobody to check, {rejected} would be rejected."
    ));
    if applied + again + dropped == 0 || rejected > 0 {
        return Err(Fault::failed("Not every message could be loaded").mend("cpis gateway check FILE says why."));
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes a key file.
pub fn new_key(path: &Path) -> Result<ExitCode> {
    let entropy = SystemEntropy::new().or_fault(Kind::Failed, "The machine gives no random numbers")?;
    let text = Vault::new_text(&entropy);
    let written = crate::places::write_private(path, text.as_bytes(), false);
    written.or_fault(Kind::Keys, format_args!("The key file {} cannot be made", path.display()))?;
    say::line(format_args!(
        "The key is in {}. Keep a copy elsewhere: without it the gateway's file cannot be opened.",
        path.display()
    ));
    Ok(ExitCode::SUCCESS)
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds))
}

fn open(config: &GatewayConfig, rules: Rules) -> Result<Store> {
    let key = &config.key_file;
    let fault = |what: String| {
        Fault::new(Kind::Keys, format!("The key file {}: {what}", key.display()))
            .mend("cpis gateway key FILE makes one.")
    };
    let text = Zeroizing::new(read_text(key, 4096).map_err(&fault)?);
    let entropy = SystemEntropy::new().or_fault(Kind::Failed, "The machine gives no random numbers")?;
    let vault = Vault::parse(&text, entropy).map_err(|error| fault(error.to_string()))?;
    std::fs::create_dir_all(&config.data_dir)
        .or_fault(Kind::Data, format_args!("The folder {} cannot be made", config.data_dir.display()))?;
    let path = config.store();
    Store::open(&path, vault, rules).map_err(|error| of_store(&error, &path))
}

fn of_store(error: &StoreError, path: &Path) -> Fault {
    let kind = if *error == StoreError::Key { Kind::Keys } else { Kind::Data };
    Fault::new(kind, format!("{}: {error}", path.display()))
        .mend("Is another gateway running on the same folder? Is there room on the disk?")
}

fn token(path: &Path) -> Result<String> {
    let fault = |what: String| Fault::new(Kind::Configuration, format!("The page's token {}: {what}", path.display()));
    let text = read_text(path, 4096).map_err(&fault)?.trim().to_owned();
    if text.len() < TOKEN_CHARACTERS_MIN {
        return Err(fault(format!("it must have {TOKEN_CHARACTERS_MIN} characters at least")));
    }
    Ok(text)
}

async fn open_feed(feed: &FeedConfig, rules: &Rules) -> Result<FeedSettings> {
    let tls = match (&feed.certificate, &feed.key, &feed.client_ca_file) {
        (Some(certificate), Some(key), Some(clients)) => Some(tls::mutual_acceptor(certificate, key, clients)?),
        (Some(certificate), Some(key), None) => Some(tls::acceptor(certificate, key)?),
        _ => None,
    };
    let rules = rules.feeds.get(&feed.name).ok_or_else(|| Fault::failed("A feed has no rules"))?;
    Ok(FeedSettings {
        name: feed.name.clone(),
        listener: listen(feed.listen, &format!("`listen` of the feed {}", feed.name)).await?,
        tls,
        peers: feed.peers.iter().filter_map(|peer| peer.parse().ok()).collect(),
        limits: Limits {
            connections_max: feed.connections_max as usize,
            message_bytes_max: feed.message_kib_max as usize * 1024,
            idle: seconds(feed.idle_seconds),
            ..Limits::default()
        },
        release_2: feed.release_2,
        profile: rules.profile.clone(),
    })
}

fn target(target: &TargetConfig) -> Result<TargetSettings> {
    let tls = match &target.ca_file {
        None => None,
        Some(authorities) => {
            let own = target.certificate.as_deref().zip(target.key.as_deref());
            let host = target.address.rsplit_once(':').map_or("", |(host, _)| host).trim_matches(['[', ']']).to_owned();
            let what = format!("The address of the target {}", target.name);
            let name = ServerName::try_from(host).or_fault(Kind::Configuration, what)?;
            Some((tls::connector(authorities, own)?, name))
        }
    };
    Ok(TargetSettings {
        name: target.name.clone(),
        address: target.address.clone(),
        tls,
        answer: seconds(target.answer_seconds),
        pause_first: PAUSE_FIRST,
        pause_max: seconds(target.pause_seconds_max),
    })
}

fn national(config: &GatewayConfig) -> Result<Soap> {
    let national = &config.national;
    let read = |path: &Option<PathBuf>| {
        let fault = |path: &Path, error: std::io::Error| {
            Fault::new(Kind::Configuration, format!("[national]: {} cannot be read ({error})", path.display()))
        };
        path.as_deref().map(|path| std::fs::read(path).map_err(|error| fault(path, error))).transpose()
    };
    let settings = SoapSettings {
        identity: read(&national.identity_file)?.map(Zeroizing::new),
        authorities: read(&national.ca_file)?,
        proxy: national.proxy.clone(),
        timeout: Duration::from_millis(u64::from(national.timeout_ms)),
        // The gateway has a queue of its own.
        tries: Tries::once(),
        ..SoapSettings::new(&national.url, &national.service_asid, &national.own_asid, Arc::new(|| SystemClock.now()))
    };
    let client = SoapClient::new(settings).or_fault(Kind::Configuration, "[national]")?;
    let mut places = config.place.iter().filter_map(|place| {
        let asked_from = AskedFrom {
            place: Place { code: place.code.parse().ok()?, is_site: place.is_site, name: place.name.clone() },
            responsible: vec![ResponsiblePerson {
                role_code: place.role_code.as_str().into(),
                role_name: place.role_name.as_str().into(),
                name: place.responsible.as_str().into(),
            }],
        };
        Some((place.code.clone(), asked_from))
    });
    let first = places.next().ok_or_else(|| Fault::new(Kind::Configuration, "There is no [[place]]"))?;
    let other = first.1.clone();
    let places: BTreeMap<_, _> = std::iter::once(first).chain(places).collect();
    Ok(Soap::new(client, &national.own_asid, places, other))
}

/// When certificates and the ASID end, for the page; the metric is told too.
fn certificates(config: &GatewayConfig) -> Vec<(String, Timestamp)> {
    let national = config
        .national
        .identity_file
        .as_deref()
        .map(|path| ("The certificate for the national service".to_owned(), path));
    let feeds = config
        .feed
        .iter()
        .filter_map(|feed| Some((format!("The certificate of the feed {}", feed.name), feed.certificate.as_deref()?)));
    let ends = |(name, path): (String, &Path)| Some((name, Timestamp::from_second(tls::validity(path)?.1).ok()?));
    let mut all: Vec<(String, Timestamp)> = national.into_iter().chain(feeds).filter_map(ends).collect();
    let asid = config.national.asid_ends.as_ref().and_then(|day| day.parse::<cpis_model::Date>().ok());
    let asid = asid.and_then(|day| cpis_model::time::london_moment(day.at(0, 0, 0, 0)));
    all.extend(asid.map(|ends| ("The ASID of this gateway".to_owned(), ends)));
    if let Some(first) = all.iter().map(|(_, ends)| ends.as_second()).min() {
        metrics::gauge!("cpis_certificate_ends_timestamp_seconds").set(first as f64);
    }
    all
}
