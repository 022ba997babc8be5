//! What the table `[soap]` must say.

use super::settings::Soap;
use cpis_model::record_text::Asid;
use std::net::SocketAddr;
use std::path::PathBuf;

impl Soap {
    /// Everything that is wrong, each in one sentence.
    pub(super) fn check(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (name, file) in
            [("certificate", &self.certificate), ("key", &self.key), ("client_ca_file", &self.client_ca_file)]
        {
            if file.is_none() {
                faults.push(format!("[soap] needs `{name}`"));
            }
        }
        if self.asid.parse::<Asid>().is_err() {
            faults.push("`soap.asid` must have 12 digits".to_owned());
        }
        if self.url.as_ref().is_some_and(|url| reqwest::Url::parse(url).is_ok_and(|url| url.scheme() != "https")) {
            faults.push("`soap.url` must be an https address".to_owned());
        }
        faults
    }

    /// Its paths.
    pub(super) fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let Self { certificate, key, client_ca_file, .. } = self;
        [certificate, key, client_ca_file].into_iter().flatten()
    }

    /// The address by which others reach it.
    pub fn address(&self, listens_on: SocketAddr) -> String {
        let path = cpis_inbound_http::SOAP_PATH;
        self.url.clone().unwrap_or_else(|| format!("https://{listens_on}{path}"))
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn faults_of_the_query_are_said_together() {
        let told = Config::parse("[soap]\nurl = \"http://cpis.example\"\n").unwrap().check().join("; ");
        for words in ["needs `certificate`", "needs `key`", "needs `client_ca_file`", "12 digits", "an https address"] {
            assert!(told.contains(words), "{words}: {told}");
        }
        let whole = "[soap]\ncertificate = \"c\"\nkey = \"k\"\nclient_ca_file = \"a\"\nasid = \"200000000001\"\n";
        let config = Config::parse(whole).unwrap();
        assert_eq!(config.check(), Vec::<String>::new());
        let address = config.soap.unwrap().address("10.0.0.1:8083".parse().unwrap());
        assert_eq!(address, "https://10.0.0.1:8083/syncservice");
    }
}
