//! What the table `[subscriptions]` must say, and what it says to what sends.

use super::read_text;
use super::settings::Subscriptions;
use crate::fault::{Fault, Kind, Result};
use cpis_outbound_webhook::{Network, Settings};

/// Largest file of certificates in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

impl Subscriptions {
    /// Everything that is wrong, each in one sentence.
    pub(super) fn check(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for text in &self.allowed_networks {
            if let Err(fault) = text.parse::<Network>() {
                faults.push(format!("`subscriptions.allowed_networks`: {text}: {fault}"));
            }
        }
        if self.allowed_ports.contains(&0) {
            faults.push("`subscriptions.allowed_ports` must be 1 to 65535".to_owned());
        }
        faults
    }

    /// The choices of what sends.
    pub fn choices(&self) -> Result<Settings> {
        let networks = self.allowed_networks.iter().filter_map(|text| text.parse().ok());
        let authorities_pem = match &self.ca_file {
            Some(path) => {
                let fault = |what| {
                    let what = format!("`subscriptions.ca_file` {}: {what}", path.display());
                    Fault::new(Kind::Configuration, what)
                };
                read_text(path, FILE_BYTES_MAX).map_err(fault)?.into_bytes()
            }
            None => Vec::new(),
        };
        Ok(Settings {
            allowed_networks: networks.collect(),
            allowed_ports: self.allowed_ports.clone(),
            authorities_pem,
            ..Settings::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    #[test]
    fn networks_and_ports_are_checked() {
        let config = |text: &str| Config::parse(text).unwrap().subscriptions;
        assert!(config("").check().is_empty() && config("").allowed_networks.is_empty());
        let good = config("[subscriptions]\nallowed_networks = [\"10.20.0.0/16\"]\nallowed_ports = [8443]\n");
        assert!(good.check().is_empty());
        let choices = good.choices().unwrap();
        assert_eq!(
            (choices.allowed_networks.len(), choices.allowed_ports, choices.plain_loopback),
            (1, vec![8443], false)
        );
        let bad = config("[subscriptions]\nallowed_networks = [\"10.20.0.1/16\", \"intranet\"]\nallowed_ports = [0]\n");
        assert_eq!(bad.check().len(), 3, "{:?}", bad.check());
    }

    #[test]
    fn certificates_that_are_not_there_are_named() {
        let settings = Subscriptions { ca_file: Some("/nowhere/ca.pem".into()), ..Subscriptions::default() };
        assert!(settings.choices().err().unwrap().what.contains("/nowhere/ca.pem: there is no such file"));
    }
}
