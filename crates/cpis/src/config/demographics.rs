//! What the table `[demographics]` must say, as far as that can be told without its files.

use super::settings::{Demographics, DemographicsSource};
use cpis_model::nhs_number::NhsNumber;
use cpis_outbound_pds::is_safe;

impl Demographics {
    /// Everything that is wrong, each in one sentence.
    pub(crate) fn check(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.source == DemographicsSource::Local {
            return faults;
        }
        let needed = [
            ("base_url", self.base_url.is_some()),
            ("token_url", self.token_url.is_some()),
            ("api_key_file", self.api_key_file.is_some()),
            ("key_id", self.key_id.is_some()),
            ("key_file", self.key_file.is_some()),
        ];
        let missing = needed.iter().filter(|(_, given)| !given).map(|(name, _)| format!("`{name}`"));
        let missing = missing.collect::<Vec<_>>().join(", ");
        if !missing.is_empty() {
            faults.push(format!("[demographics] with `source = \"pds\"` needs {missing}"));
        }
        for (name, address) in [("base_url", &self.base_url), ("token_url", &self.token_url)] {
            let is_good = |text: &String| reqwest::Url::parse(text).is_ok_and(|url| is_safe(&url));
            if address.as_ref().is_some_and(|text| !is_good(text)) {
                faults.push(format!("`demographics.{name}` must be an https address"));
            }
        }
        if self.test_number.is_some() && self.test_number().is_none() {
            faults.push("`demographics.test_number` must be an NHS number".to_owned());
        }
        faults
    }

    /// The number that `cpis doctor` reads.
    pub fn test_number(&self) -> Option<NhsNumber> {
        self.test_number.as_ref()?.parse().ok()
    }
}
