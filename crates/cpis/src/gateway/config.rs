//! The configuration of a gateway: read from one TOML file, checked as a whole.

use super::settings::{FeedConfig, GatewayConfig, National, PlaceConfig, TargetConfig};
use crate::config::read_text;
use crate::fault::{Fault, Kind, Result};
use cpis_format_hl7v2::Profile;
use cpis_format_hl7v2::alert::{Route, Shape, Wording};
use cpis_gateway::feed::Network;
use cpis_gateway::{FeedRules, Rules, Target};
use cpis_model::Date;
use cpis_model::organisation::OdsCode;
use jiff::SignedDuration;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Largest configuration or profile in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// A checked configuration, with what its profiles say.
pub struct Checked {
    /// As it was written.
    pub config: GatewayConfig,
    /// What is decided by.
    pub rules: Rules,
}

impl GatewayConfig {
    /// Reads a text. The error names the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| {
            let message = error.message().replace("unknown field", "unknown setting");
            let line = error.span().map(|span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
            line.map_or(message.clone(), |line| format!("line {line}: {message}"))
        })
    }

    /// Everything that is wrong, each in one sentence.
    pub fn check(&self) -> Vec<String> {
        let mut faults = Vec::new();
        ranges(
            &mut faults,
            "",
            &[
                ("late_minutes", self.late_minutes, 1, 1440),
                ("visit_days", self.visit_days, 4, 400),
                ("message_days", self.message_days, 1, 90),
                ("known_days", self.known_days, 4, 90),
                ("leave_seconds", self.leave_seconds, 1, 300),
            ],
        );
        if !self.page_listen.ip().is_loopback() {
            faults
                .push("`page_listen` must be an address of this machine: the page asks nobody who they are".to_owned());
        }
        faults.extend(self.national.check());
        faults.extend(self.demographics.check());
        if self.place.is_empty() {
            faults.push("there is no [[place]], so nobody could be named as responsible".to_owned());
        }
        faults.extend(self.place.iter().flat_map(PlaceConfig::check));
        if self.feed.is_empty() {
            faults.push("there is no [[feed]], so nothing could be heard".to_owned());
        }
        let targets: BTreeSet<&str> = self.target.iter().map(|target| target.name.as_str()).collect();
        faults.extend(self.feed.iter().flat_map(|feed| feed.check(&targets)));
        faults.extend(self.target.iter().flat_map(TargetConfig::check));
        for (what, names) in [
            ("feed", self.feed.iter().map(|feed| &feed.name).collect::<Vec<_>>()),
            ("target", self.target.iter().map(|target| &target.name).collect()),
        ] {
            let different: BTreeSet<_> = names.iter().collect();
            if different.len() < names.len() {
                faults.push(format!("two of the [[{what}]] have one name"));
            }
        }
        faults
    }

    /// Lets relative paths begin at a folder.
    fn resolve(&mut self, folder: &Path) {
        let Self { data_dir, key_file, page_token_file, national, demographics, feed, target, .. } = self;
        let people = [&mut demographics.api_key_file, &mut demographics.key_file];
        let feeds = feed
            .iter_mut()
            .flat_map(|feed| [&mut feed.profile, &mut feed.certificate, &mut feed.key, &mut feed.client_ca_file]);
        let targets =
            target.iter_mut().flat_map(|target| [&mut target.ca_file, &mut target.certificate, &mut target.key]);
        let all = feeds.chain(targets).chain(people).chain([
            page_token_file,
            &mut national.identity_file,
            &mut national.ca_file,
        ]);
        for path in all.filter_map(Option::as_mut).chain([data_dir, key_file]) {
            *path = folder.join(&*path);
        }
    }

    /// The gateway's file.
    pub fn store(&self) -> PathBuf {
        self.data_dir.join("gateway.sqlite")
    }
}

/// Reads and checks a file, and the profiles that it names. All faults come together.
pub fn read(path: &Path) -> Result<Checked> {
    let fault = |what: String| {
        let mend = "cpis gateway config prints every setting with its default and its meaning.";
        Fault::new(Kind::Configuration, format!("The configuration {}: {what}", path.display())).mend(mend)
    };
    let text = read_text(path, FILE_BYTES_MAX).map_err(&fault)?;
    let mut config = GatewayConfig::parse(&text).map_err(&fault)?;
    let mut faults = config.check();
    config.resolve(path.parent().unwrap_or(Path::new("")));
    let mut feeds = BTreeMap::new();
    for feed in &config.feed {
        match feed.profile() {
            Ok(profile) => {
                let target = config.target.iter().find(|target| Some(&target.name) == feed.target.as_ref());
                feeds.insert(feed.name.clone(), FeedRules { profile, target: target.map(TargetConfig::rules) });
            }
            Err(what) => faults.push(what),
        }
    }
    if !faults.is_empty() {
        return Err(fault(faults.join("; ")));
    }
    let late = SignedDuration::from_mins(i64::from(config.late_minutes));
    let hours = |hours: u32| (hours > 0).then(|| SignedDuration::from_hours(i64::from(hours)));
    let (look_again, remember) = (hours(config.national.look_again_hours), hours(config.national.remember_hours));
    Ok(Checked { config, rules: Rules { feeds, late, look_again, remember } })
}

fn ranges(faults: &mut Vec<String>, of: &str, rows: &[(&str, u32, u32, u32)]) {
    for (name, value, least, most) in rows {
        if !(least..=most).contains(&value) {
            faults.push(format!("`{of}{name}` must be {least} to {most}"));
        }
    }
}

fn is_name(name: &str) -> bool {
    let part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.len() <= 32 && name.bytes().all(part)
}

impl National {
    fn check(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.url.is_empty() {
            faults.push("[national] needs `url`".to_owned());
        }
        for (name, asid) in [("service_asid", &self.service_asid), ("own_asid", &self.own_asid)] {
            if asid.len() != 12 || !asid.bytes().all(|byte| byte.is_ascii_digit()) {
                faults.push(format!("`national.{name}` must be twelve digits"));
            }
        }
        if self.asid_ends.as_ref().is_some_and(|day| day.parse::<Date>().is_err()) {
            faults.push("`national.asid_ends` must be a day such as 2027-11-30".to_owned());
        }
        ranges(
            &mut faults,
            "national.",
            &[
                ("timeout_ms", self.timeout_ms, 100, 60_000),
                ("concurrent", self.concurrent, 1, 64),
                ("pause_seconds_max", self.pause_seconds_max, 1, 3600),
                ("look_again_hours", self.look_again_hours, 0, 720),
                ("remember_hours", self.remember_hours, 0, 168),
            ],
        );
        faults
    }
}

impl PlaceConfig {
    fn check(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.code.parse::<OdsCode>().is_err() {
            faults.push("each [[place]] needs an ODS code as `code`".to_owned());
        }
        if [&self.name, &self.responsible, &self.role_code, &self.role_name].iter().any(|text| text.trim().is_empty()) {
            faults.push("each [[place]] needs `name`, `responsible`, `role_code` and `role_name`".to_owned());
        }
        faults
    }
}

impl FeedConfig {
    fn check(&self, targets: &BTreeSet<&str>) -> Vec<String> {
        let mut faults = Vec::new();
        let name = &self.name;
        if !is_name(name) {
            faults.push("each [[feed]] needs a `name` of lower-case letters, digits and -".to_owned());
        }
        if self.site.parse::<OdsCode>().is_err() {
            faults.push(format!("feed {name}: `site` must be an ODS code"));
        }
        for peer in self.peers.iter().filter(|peer| peer.parse::<Network>().is_err()) {
            faults.push(format!(
                "feed {name}: {peer} is no address such as 10.1.2.3, and no network such as 10.1.2.0/24"
            ));
        }
        if self.certificate.is_some() != self.key.is_some() {
            faults.push(format!("feed {name} needs both `certificate` and `key`, or neither"));
        }
        if self.client_ca_file.is_some() && self.certificate.is_none() {
            faults.push(format!("feed {name}: `client_ca_file` needs `certificate` and `key`"));
        }
        if !self.listen.ip().is_loopback() && self.peers.is_empty() && self.client_ca_file.is_none() {
            faults.push(format!(
                "feed {name} listens on the network, and anybody could send: say who may connect with `peers` or `client_ca_file`"
            ));
        }
        if let Some(target) = self.target.as_deref().filter(|target| !targets.contains(target)) {
            faults.push(format!("feed {name}: there is no [[target]] {target}"));
        }
        let of = format!("feed {name}: ");
        ranges(
            &mut faults,
            &of,
            &[
                ("connections_max", self.connections_max, 1, 1000),
                ("message_kib_max", self.message_kib_max, 16, 65_536),
                ("idle_seconds", self.idle_seconds, 1, 3600),
            ],
        );
        faults
    }

    /// The profile: what its file says, with the site of the configuration where it names none.
    fn profile(&self) -> Result<Profile, String> {
        let told = |what: String| format!("the profile of feed {}: {what}", self.name);
        let text = self.profile.as_deref().map(|path| read_text(path, FILE_BYTES_MAX)).transpose().map_err(&told)?;
        let mut profile = Profile::from_toml(&text.unwrap_or_default()).map_err(|fault| told(fault.to_string()))?;
        profile.site = profile.site.or(self.site.parse().ok());
        Ok(profile)
    }
}

impl TargetConfig {
    fn check(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let name = &self.name;
        if !is_name(name) {
            faults.push("each [[target]] needs a `name` of lower-case letters, digits and -".to_owned());
        }
        if self.address.rsplit_once(':').is_none_or(|(host, port)| host.is_empty() || port.parse::<u16>().is_err()) {
            faults.push(format!("target {name}: `address` must be host:port"));
        }
        if self.shape().is_none() {
            faults.push(format!("target {name}: `shape` must be a08 or r01"));
        }
        if self.application.is_empty() || self.facility.is_empty() {
            faults.push(format!("target {name} needs `application` and `facility`"));
        }
        if self.certificate.is_some() != self.key.is_some() {
            faults.push(format!("target {name} needs both `certificate` and `key`, or neither"));
        }
        let of = format!("target {name}: ");
        let rows =
            [("answer_seconds", self.answer_seconds, 1, 600), ("pause_seconds_max", self.pause_seconds_max, 1, 3600)];
        ranges(&mut faults, &of, &rows);
        faults
    }

    fn shape(&self) -> Option<Shape> {
        match self.shape.as_str() {
            "a08" => Some(Shape::A08),
            "r01" => Some(Shape::R01),
            _ => None,
        }
    }

    fn rules(&self) -> Target {
        Target {
            name: self.name.clone(),
            shape: self.shape().unwrap_or(Shape::A08),
            route: Route {
                application: self.application.clone(),
                facility: self.facility.clone(),
                to_application: self.to_application.clone(),
                to_facility: self.to_facility.clone(),
                processing_id: self.processing_id.clone(),
            },
            wording: Wording { present: self.present.clone(), ..Wording::default() },
            present_late: self.present_late.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[national]\nurl = \"https://cpis.example\"\nservice_asid = \"999999999901\"\nown_asid = \"999999999902\"\n\
                        [[place]]\ncode = \"RR813\"\nname = \"A\"\nresponsible = \"B\"\n";
    const FEED: &str = "[[feed]]\nname = \"pas\"\nsite = \"RR813\"\n";

    fn faults(text: &str) -> String {
        GatewayConfig::parse(text).unwrap().check().join("; ")
    }

    #[test]
    fn a_feed_of_the_network_says_who_may_send() {
        let good = format!("{GOOD}{FEED}");
        assert_eq!(faults(&good), "");
        let open = format!("{good}listen = \"0.0.0.0:2575\"\n");
        assert!(faults(&open).contains("anybody could send"));
        assert_eq!(faults(&format!("{open}peers = [\"10.1.2.0/24\"]\n")), "");
    }

    #[test]
    fn faults_are_named() {
        let good = format!("{GOOD}{FEED}");
        for (text, words) in [
            (String::new(), "there is no [[feed]]"),
            (String::new(), "there is no [[place]]"),
            (good.replace("999999999902", "9"), "`national.own_asid` must be twelve digits"),
            (good.replace("https://cpis.example", ""), "[national] needs `url`"),
            (format!("page_listen = \"0.0.0.0:1\"\n{good}"), "must be an address of this machine"),
            (format!("{good}target = \"epr\"\n"), "there is no [[target]] epr"),
            (format!("{good}peers = [\"pas\"]\n"), "pas is no address"),
            (format!("{good}key = \"k\"\n"), "needs both `certificate` and `key`"),
            (format!("{good}{FEED}"), "two of the [[feed]] have one name"),
            (format!("{good}idle_seconds = 0\n"), "`feed pas: idle_seconds` must be 1 to 3600"),
            (format!("{good}[[target]]\nname = \"epr\"\naddress = \"x\"\nshape = \"a09\"\n"), "must be host:port"),
        ] {
            assert!(faults(&text).contains(words), "{words}: {}", faults(&text));
        }
        assert_eq!(GatewayConfig::parse("x = 1\n").unwrap_err().split(',').next(), Some("line 1: unknown setting `x`"));
    }

    #[test]
    fn the_sample_is_a_gateway_and_the_printed_text_its_defaults() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/samples/gateway");
        let checked = read(&folder.join("gateway.toml")).map_err(|fault| fault.to_string()).unwrap();
        assert!(checked.rules.feeds.values().any(|feed| feed.target.is_some()));
        let printed = crate::config::printed_of("a gateway", &GatewayConfig::settings());
        assert_eq!(GatewayConfig::parse(&printed).unwrap(), GatewayConfig::default());
    }
}
