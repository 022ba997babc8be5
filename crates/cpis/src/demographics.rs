//! Demographics as the configuration says: the local register, or PDS with the keys that lie in files.

use crate::config::{Demographics as Settings, DemographicsSource, read_text};
use crate::fault::{Fault, Kind, Result};
use crate::open;
use cpis_app::SystemClock;
use cpis_app::demographics::Demographics;
use cpis_outbound_pds::{self as outbound, MachineTime, Pds};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// Largest file of a key in bytes.
const KEY_BYTES_MAX: u64 = 64 * 1024;

/// Where people are traced, if not in the local register.
pub fn elsewhere(settings: &Settings) -> Result<Option<Arc<dyn Demographics>>> {
    Ok(match settings.source {
        DemographicsSource::Local => None,
        DemographicsSource::Pds => Some(Arc::new(pds(settings)?)),
    })
}

/// PDS, as these settings say.
pub fn pds(settings: &Settings) -> Result<Pds> {
    let fault = |what: String| Fault::new(Kind::Configuration, format!("Access to PDS: {what}"));
    let mend = "See [demographics] in the configuration; cpis config prints it with its meaning.";
    let read = |path: &Option<PathBuf>, name: &str| {
        let path = path.as_ref().ok_or_else(|| fault(format!("`{name}` is missing")).mend(mend))?;
        let text = read_text(path, KEY_BYTES_MAX);
        let text = text.map_err(|what| fault(format!("the file {}: {what}", path.display())).mend(mend))?;
        Ok::<_, Fault>(Zeroizing::new(text))
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let api_key = read(&settings.api_key_file, "api_key_file")?;
    let checked = outbound::Settings {
        base_url: text(&settings.base_url),
        token_url: text(&settings.token_url),
        api_key: Zeroizing::new(api_key.trim().to_owned()),
        key_id: text(&settings.key_id),
        key: read(&settings.key_file, "key_file")?,
        organisation: settings.organisation.clone(),
        per_second: settings.requests_per_second,
        concurrent: settings.concurrent,
        timeout: Duration::from_millis(settings.timeout_ms.into()),
    };
    let time = Arc::new(MachineTime::new(Arc::new(SystemClock)));
    Pds::new(&checked, time, Arc::new(open::entropy()?)).map_err(|faults| fault(faults.to_string()).mend(mend))
}
