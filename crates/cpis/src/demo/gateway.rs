//! A hospital's gateway beside the demo: a feed that takes any sender, processing ids P and T and numbers of the test range, and a page.
//! It asks the demo's service over SOAP, as the system of a hospital with somebody who answers for it.

use super::HOSPITAL;
use super::soap::{CLIENT_ASID, SERVICE_ASID, Soap};
use crate::fault::{Fault, Kind, OrFault, Result};
use crate::metric_table;
use crate::running::{listen, metrics_text};
use cpis_app::{Clock, SystemClock, SystemEntropy};
use cpis_client::{Place, ResponsiblePerson, SoapClient, SoapSettings, Tries};
use cpis_format_hl7v2::Profile;
use cpis_gateway::asking::Pace;
use cpis_gateway::feed::{FeedSettings, Limits};
use cpis_gateway::gateway::PageSettings;
use cpis_gateway::soap::{AskedFrom, Soap as Asking};
use cpis_gateway::store::Keep;
use cpis_gateway::{FeedRules, Gateway, Parts, Rules, Store, Vault};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// Ports after the service's own.
const MLLP: u16 = 4;
const PAGE: u16 = 5;
/// What the feed takes that a live one does not.
const PROFILE: &str = "name = \"demo\"\nprocessing_ids = [\"P\", \"T\"]\ntest_numbers = true\n";
/// Time to end.
const LEAVE: Duration = Duration::from_secs(2);

/// A gateway that runs.
pub struct DemoGateway {
    gateway: Gateway,
    /// Host and port of its feed.
    pub mllp: String,
    /// Address of its page.
    pub status: String,
}

impl DemoGateway {
    /// Starts it on ports after the service's, with its file in the demo's folder.
    pub async fn start(soap: &Soap, port: u16, folder: &Path) -> Result<Self> {
        let open = async |after: u16| {
            let port = if port == 0 { 0 } else { port.checked_add(after).unwrap_or(0) };
            let listener =
                listen(SocketAddr::from(([127, 0, 0, 1], port)), "--port; the gateway takes ports after it").await?;
            let address = listener.local_addr().or_fault(Kind::Address, "The listener has no address")?;
            Ok::<_, Fault>((listener, address))
        };
        let ((listener, mllp), (page, status)) = (open(MLLP).await?, open(PAGE).await?);
        let profile = Profile::from_toml(&format!("{PROFILE}site = \"{HOSPITAL}\"\n"));
        let profile = profile.map_err(|_| Fault::failed("The profile of the demo's feed is wrong"))?;
        let rules = Rules {
            feeds: BTreeMap::from([("demo".to_owned(), FeedRules { profile: profile.clone(), target: None })]),
            late: Rules::LATE,
            ..Rules::default()
        };
        let handle = metrics_text(metric_table::describe)?;
        let gateway = Gateway::start(Parts {
            store: store(folder, rules)?,
            feeds: vec![FeedSettings {
                name: "demo".to_owned(),
                listener,
                tls: None,
                peers: Vec::new(),
                limits: Limits::default(),
                release_2: false,
                profile,
            }],
            targets: Vec::new(),
            national: Arc::new(national(soap)?),
            finder: None,
            pace: Pace::default(),
            keep: Keep::default(),
            page: Some(PageSettings {
                listener: page,
                token: None,
                name: "Demonstration".to_owned(),
                metrics: Arc::new(move || handle.render()),
                certificates: Vec::new(),
            }),
            clock: Arc::new(SystemClock),
        });
        Ok(Self { gateway, mllp: mllp.to_string(), status: format!("http://{status}/") })
    }

    /// Ends it.
    pub async fn stop(self) {
        self.gateway.stop(LEAVE).await;
    }
}

/// The gateway's file and its key, made at the first start.
fn store(folder: &Path, rules: Rules) -> Result<Store> {
    let entropy = || SystemEntropy::new().or_fault(Kind::Failed, "The machine gives no random numbers");
    let key = folder.join("gateway.key");
    if !key.exists() {
        let text = Vault::new_text(&entropy()?);
        crate::places::write_private(&key, text.as_bytes(), false)
            .or_fault(Kind::Keys, "The key of the demo's gateway")?;
    }
    let text = crate::config::read_text(&key, 4096).or_fault(Kind::Keys, "The key of the demo's gateway")?;
    let vault = Vault::parse(&text, entropy()?).or_fault(Kind::Keys, "The key of the demo's gateway")?;
    Store::open(&folder.join("gateway.sqlite"), vault, rules).or_fault(Kind::Data, "The file of the demo's gateway")
}

/// Asks as the hospital's system does: over SOAP, with its certificate.
fn national(soap: &Soap) -> Result<Asking> {
    let what = "The demo's gateway cannot ask over SOAP";
    let read = |path: &Path| std::fs::read(path).or_fault(Kind::Failed, what);
    let identity = Zeroizing::new([read(&soap.soap_client_cert)?, read(&soap.soap_client_key)?].concat());
    let settings = SoapSettings {
        identity: Some(identity),
        authorities: Some(read(&soap.soap_ca)?),
        // The gateway has a queue of its own.
        tries: Tries::once(),
        ..SoapSettings::new(&soap.soap, SERVICE_ASID, CLIENT_ASID, Arc::new(|| SystemClock.now()))
    };
    let client = SoapClient::new(settings).or_fault(Kind::Failed, what)?;
    let code = HOSPITAL.parse().map_err(|_| Fault::failed(what))?;
    let responsible = ResponsiblePerson {
        role_code: "R0050".into(),
        role_name: "Consultant".into(),
        name: "Dr Robin Example".into(),
    };
    let place = Place { code, is_site: true, name: "The demo's hospital".to_owned() };
    let from = AskedFrom { place, responsible: vec![responsible] };
    Ok(Asking::new(client, CLIENT_ASID, BTreeMap::new(), from))
}
