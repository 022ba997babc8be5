//! The issuers of tokens: whether their keys can be read, and what their clocks say.

use super::{CHECK_LIMIT, clock, read, within};
use crate::config::{Config, read_text};
use crate::serve;
use cpis_app::{Clock, SystemClock};
use cpis_identity::{KeySource, Mapping, Verifier};
use cpis_model::register::Register;
use cpis_store::{Finding, Weight};
use reqwest::{Client, Url};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Largest mapping in bytes.
const MAPPING_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Longest time for one answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// All findings, issuer by issuer.
pub async fn check(config: &Config) -> Vec<Finding> {
    if config.issuer.is_empty() {
        let mend = "Add an [[issuer]] with the file of its mapping.";
        return vec![Finding::bad(Weight::Fault, "issuer", "there is none, so nobody could sign in", mend)];
    }
    let (here, mut findings) = (config.clone(), Vec::new());
    let (register, mappings) = match read("issuers", move || (serve::register(&here), mappings(&here))).await {
        Ok(read) => read,
        Err(late) => return vec![late],
    };
    let register = Arc::new(register.unwrap_or_else(|fault| {
        findings.push(Finding::bad(Weight::Fault, "register", fault.what, "The service does not start so: mend it."));
        Register::built_in()
    }));
    for mapping in mappings {
        match mapping {
            Ok(mapping) => {
                let what = format!("issuer {}", mapping.issuer());
                findings.extend(within(&what, CHECK_LIMIT, one(&what, mapping, register.clone())).await);
            }
            Err(found) => {
                let mend = "The service does not start so: mend the mapping.";
                findings.push(Finding::bad(Weight::Fault, "issuer", found, mend));
            }
        }
    }
    findings
}

fn mappings(config: &Config) -> Vec<Result<Mapping, String>> {
    config.issuer.iter().map(|issuer| mapping(&issuer.mapping)).collect()
}

fn mapping(path: &Path) -> Result<Mapping, String> {
    let named = |what: String| format!("the mapping {}: {what}", path.display());
    let text = read_text(path, MAPPING_BYTES_MAX).map_err(named)?;
    Mapping::parse(&text).map_err(|faults| named(faults.to_string()))
}

async fn one(what: &str, mapping: Mapping, register: Arc<Register>) -> Vec<Finding> {
    let issuer = mapping.issuer().to_owned();
    let mut findings = vec![match Box::pin(keys(mapping, register)).await {
        Ok(true) => Finding::good(what, "its keys can be read"),
        Ok(false) => {
            let mend =
                "Until they can, nobody with its tokens can sign in: look at its address, the network and its TLS.";
            Finding::bad(Weight::Fault, what, "its keys cannot be read", mend)
        }
        Err(found) => Finding::bad(Weight::Fault, what, found, "The service does not start so: mend the mapping."),
    }];
    findings.extend(difference(&issuer).await.map(|difference| clock::judge(difference, &issuer)));
    findings
}

/// Reads its keys just as the service does.
async fn keys(mapping: Mapping, register: Arc<Register>) -> Result<bool, String> {
    let source = KeySource::published(&mapping).map_err(|faults| faults.to_string())?;
    let verifier = Verifier::new(vec![(mapping, source)], register);
    let verifier = verifier.map_err(|faults| faults.to_string())?;
    Ok(verifier.refresh(SystemClock.now()).await)
}

/// How many seconds our clock goes before the issuer's; nothing where it gives no date.
async fn difference(issuer: &str) -> Option<f64> {
    let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let address = Url::parse(&address).ok()?;
    let builder = Client::builder().timeout(ANSWER_LIMIT).redirect(reqwest::redirect::Policy::none());
    let host = address.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    let client = if here { builder.no_proxy() } else { builder }.build().ok()?;
    // The first request makes the connection, so that the second one's answer is quick.
    client.get(address.clone()).send().await.ok()?;
    let asked = SystemClock.now();
    let answer = client.get(address).send().await.ok()?;
    let answered = SystemClock.now();
    clock::compare(answer.headers().get("date")?.to_str().ok()?, asked, answered)
}
