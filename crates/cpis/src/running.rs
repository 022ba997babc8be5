//! The running service: use cases, worker and doors wired together; and its orderly end. `serve` and `demo` both run it.

use crate::config::Pages;
use crate::email::Relay;
use crate::fault::{Fault, Kind, OrFault, Result};
use crate::gauges;
use crate::hooks;
use crate::metric_table;
use crate::open::{self, Opened};
use crate::pages::{self, Issuer};
use cpis_app::demographics::Demographics;
use cpis_app::mail::{MailSettings, Post};
use cpis_app::worker::{Beside, Working};
use cpis_app::{AppError, Clock, Service, Settings, SystemClock, nodes, organisations, worker};
use cpis_identity::{KeySource, Verifier};
use cpis_inbound_http::{Http, Limits, ServeEnd, Soap, inside_router, router, soap_router};
use cpis_model::current_register::CurrentRegister;
use cpis_model::register::Register;
use cpis_model::time::london_day;
use cpis_model::upload::UPLOAD_BYTES_MAX;
use cpis_outbound_mesh::Mesh;
use cpis_outbound_mesh::exchange::{self, Kept};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

/// Pause between two looks at whether the issuers' keys are fresh.
const KEYS_PAUSE: Duration = Duration::from_secs(5);
/// The same, while keys are missing.
const KEYS_WAIT: Duration = Duration::from_secs(2);
/// Bytes of uploads in memory at once: two of the largest.
const UPLOAD_BYTES: usize = 2 * UPLOAD_BYTES_MAX;
/// Seconds for messages that are on their way when the service ends; a client sends a chunk again.
const MESH_DRAIN_SECONDS: u64 = 10;
/// Limits of a histogram of seconds.
const SECONDS: [f64; 14] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 30.0];
/// Limits of a histogram of group sizes.
const SIZES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// Where the service listens.
pub struct Doors {
    /// For hospitals and authorities; none for a process that only works beside the doors.
    pub listener: Option<TcpListener>,
    /// TLS of that listener.
    pub tls: Option<TlsAcceptor>,
    /// Health and metrics.
    pub inside: Option<TcpListener>,
    /// The address by which others reach the service.
    pub base_url: String,
    /// The pages of that listener.
    pub pages: Pages,
    /// Mailboxes of MESH.
    pub mesh: Option<MeshDoor>,
    /// The national query over SOAP.
    pub soap: Option<SoapDoor>,
    /// A MESH server elsewhere.
    pub mesh_server: Option<MeshServer>,
    /// Where subscribers' endpoints may be.
    pub webhook: cpis_outbound_webhook::Settings,
    /// What takes e-mail.
    pub relay: Option<Relay>,
}

/// A MESH server elsewhere, with our mailbox on it.
pub struct MeshServer {
    /// The client.
    pub mesh: Arc<Mesh>,
    /// Time between two looks into the mailbox.
    pub poll: Duration,
}

/// What both doors of MESH keep about a message.
const KEPT: Kept = Kept { write: cpis_inbound_mesh::keep, read: cpis_inbound_mesh::kept };

/// The mailboxes of MESH.
pub struct MeshDoor {
    /// Where they are reached.
    pub listener: TcpListener,
    /// TLS of that listener.
    pub tls: Option<TlsAcceptor>,
    /// The key that they share.
    pub shared_key: Zeroizing<Vec<u8>>,
}

/// The national query over SOAP.
pub struct SoapDoor {
    /// Where it is reached.
    pub listener: TcpListener,
    /// TLS of that listener, which asks clients for their certificates.
    pub tls: TlsAcceptor,
    /// How the service names itself in answers.
    pub soap: Soap,
}

/// Who is known: mappings, the register of organisations, demographics.
pub struct Known {
    /// The issuers.
    pub issuers: Vec<Issuer>,
    /// Organisations, as the tables have them.
    pub register: Arc<Register>,
    /// Where people are traced; without it in the local register.
    pub demographics: Option<Arc<dyn Demographics>>,
}

/// The running service.
pub struct Running {
    /// The use cases.
    pub service: Arc<Service>,
    opened: Opened,
    draining: Arc<AtomicBool>,
    outside: Option<Door>,
    inside: Option<Door>,
    mesh: Option<Door>,
    soap: Option<Door>,
    stop_worker: watch::Sender<bool>,
    worker: Vec<JoinHandle<()>>,
    refresh: JoinHandle<()>,
}

/// A door that is open.
struct Door {
    stop: watch::Sender<bool>,
    serving: JoinHandle<ServeEnd>,
}

impl Door {
    fn open<F: Future<Output = ServeEnd> + Send + 'static>(serve: impl FnOnce(watch::Receiver<bool>) -> F) -> Self {
        let (stop, stopped) = watch::channel(false);
        Self { stop, serving: tokio::spawn(serve(stopped)) }
    }

    /// Answers what it took, and closes.
    async fn close(self) {
        let _ = self.stop.send(true);
        if let Ok(end) = self.serving.await {
            tracing::info!(accepted = end.accepted, cut = end.cut, "a door is closed");
        }
    }
}

/// Listens on an address.
pub async fn listen(address: SocketAddr, setting: &str) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let what = match error.kind() {
            std::io::ErrorKind::AddrInUse => format!("{address} is in use by another program"),
            std::io::ErrorKind::PermissionDenied => format!("{address} may not be listened on by this user"),
            std::io::ErrorKind::AddrNotAvailable => format!("{address} is no address of this machine"),
            _ => format!("{address} cannot be listened on: {error}"),
        };
        Fault::new(Kind::Address, what).mend(format!("Stop the other program, or change {setting}."))
    })
}

impl Running {
    /// Starts everything. What fails here has changed nothing.
    pub async fn start(
        opened: Opened,
        settings: Settings,
        mail: MailSettings,
        known: Known,
        doors: Doors,
    ) -> Result<Self> {
        let metrics = metrics_text(metric_table::describe)?;
        gauges::tell_start();
        let now = SystemClock.now();
        let register = organisations::load(&*opened.store, &known.register, london_day(now)).await;
        let register = CurrentRegister::from(Arc::new(register.map_err(|error| open::app(&error))?));
        let issuers = published(known.issuers)?;
        let sign_ins = pages::sign_ins(&issuers, &doors.base_url)?;
        let verifier = Arc::new(verifier(issuers, register.clone())?);
        let made_up = settings.test_numbers;
        let demographics = known.demographics.unwrap_or_else(|| opened.local_register());
        let service = opened.service(settings, register, demographics);
        // Opens the month's key, or makes it: a key ring that does not fit shows here.
        if let Err(error) = service.month_key(now).await {
            return Err(match &error {
                AppError::Damaged(place) => Fault::new(
                    Kind::Keys,
                    format!(
                        "The key ring does not open what is stored ({place}): it is another installation's, or a key is missing"
                    ),
                ),
                _ => open::app(&error),
            });
        }
        let subscriptions = hooks::subscriptions(service.clone(), doors.webhook, doors.base_url.clone())?;
        let held = Arc::new(AtomicBool::new(false));
        let (stop_worker, worker_stop) = watch::channel(false);
        let refresh = tokio::spawn(refresh(verifier.clone(), held.clone(), worker_stop.clone()));
        let draining = Arc::new(AtomicBool::new(false));
        let ready = {
            let draining = draining.clone();
            move || held.load(Ordering::Relaxed) && !draining.load(Ordering::Relaxed)
        };
        let limits = Limits::default();
        let http = Arc::new(Http {
            service: service.clone(),
            subscriptions: subscriptions.clone(),
            verifier,
            base_url: doors.base_url.clone(),
            metrics: Arc::new(move || metrics.render()),
            ready: Arc::new(ready),
            upload_bytes: Arc::new(Semaphore::new(UPLOAD_BYTES)),
            limits,
        });
        let has_mail = doors.mesh.is_some() || doors.mesh_server.is_some();
        let post = has_mail.then(|| Post::new(service.clone(), cpis_inbound_mesh::wire(), mail));
        let emails = doors.relay.map(|relay| relay.emails(service.clone(), &doors.base_url));
        let beside = Beside { post: post.clone(), subscriptions: Some(subscriptions), emails };
        let Working { tasks: mut worker, leads } = worker::start(&service, beside, worker_stop.clone());
        if let (Some(server), Some(post)) = (doors.mesh_server, post.clone()) {
            let exchange = exchange::run(post, server.mesh, KEPT, server.poll, leads, worker_stop.clone());
            worker.push(tokio::spawn(exchange));
        }
        worker.push(tokio::spawn(gauges::follow(service.clone(), opened.places.clone(), worker_stop)));
        let serve = cpis_inbound_http::serve;
        let inner = inside_router(http.clone());
        let web = pages::web(service.clone(), sign_ins, &doors.pages, doors.base_url, made_up);
        let soap = doors.soap.map(|door| {
            let router = soap_router(http.clone(), door.soap);
            Door::open(|stop| serve(door.listener, Some(door.tls), router, limits, stop))
        });
        let outer = cpis_inbound_web::router(web, router(http));
        let tls = doors.tls;
        let outside = doors.listener.map(|door| Door::open(|stop| serve(door, tls, outer, limits, stop)));
        let inside = doors.inside.map(|door| Door::open(|stop| serve(door, None, inner, limits, stop)));
        let mesh = doors.mesh.zip(post).map(|(door, post)| {
            let limits = Limits { drain_seconds: MESH_DRAIN_SECONDS, ..limits };
            let mailboxes = cpis_inbound_mesh::Door::new(post, door.shared_key, cpis_inbound_mesh::Limits::default());
            let router = cpis_inbound_mesh::router(mailboxes);
            Door::open(|stop| serve(door.listener, door.tls, router, limits, stop))
        });
        Ok(Self { service, opened, draining, outside, inside, mesh, soap, stop_worker, worker, refresh })
    }

    /// Tells from now on when the newest backup in this folder was made.
    pub fn follow_backups(&mut self, folder: PathBuf) {
        let follow = gauges::follow_backups(folder, self.stop_worker.subscribe());
        self.worker.push(tokio::spawn(follow));
    }

    /// Ends in order: says that it is not ready, goes on taking requests for the time to leave, answers what it took, signs the
    /// last checkpoint, closes the database. Readiness says no until only that is left.
    pub async fn stop(self, leave: Duration) {
        let Self { service, opened, draining, outside, inside, mesh, soap, stop_worker, worker, refresh } = self;
        draining.store(true, Ordering::Relaxed);
        if outside.is_some() {
            tokio::time::sleep(leave).await;
        }
        for door in [outside, mesh, soap].into_iter().flatten() {
            door.close().await;
        }
        let _ = stop_worker.send(true);
        for task in worker {
            let _ = task.await;
        }
        let _ = refresh.await;
        // The worker's tasks end side by side: what one wrote last, another may not have signed.
        if let Err(fault) = open::sign(&service).await {
            tracing::warn!(%fault, "the last checkpoint was not signed");
        }
        nodes::end_lead(&service).await;
        // The last that has a hold on the service.
        if let Some(door) = inside {
            door.close().await;
        }
        service.close().await;
        opened.close().await;
    }
}

/// Reads the issuers' keys until the end, and says in readiness and log whether all are held.
async fn refresh(verifier: Arc<Verifier>, held: Arc<AtomicBool>, mut stop: watch::Receiver<bool>) {
    let mut told = None;
    loop {
        let all = tokio::select! {
            all = verifier.refresh(SystemClock.now()) => all,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        held.store(all, Ordering::Relaxed);
        if told != Some(all) {
            told = Some(all);
            if all {
                tracing::info!("the keys of every issuer are held");
            } else {
                tracing::warn!(
                    "not ready: the keys of an issuer cannot be had; they are asked for again every few seconds"
                );
            }
        }
        metrics::gauge!("cpis_issuer_keys_held").set(if all { 1.0 } else { 0.0 });
        if let Some(handle) = METRICS.get() {
            handle.run_upkeep();
        }
        let pause = if all { KEYS_PAUSE } else { KEYS_WAIT };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// The issuers, each with the source of its keys, which tokens and sign-ins share.
fn published(issuers: Vec<Issuer>) -> Result<Vec<(Issuer, KeySource)>> {
    let with_source = |issuer: Issuer| {
        let source = KeySource::published(&issuer.mapping);
        source.map(|source| (issuer, source)).or_fault(Kind::Issuer, "An issuer's mapping cannot be used")
    };
    issuers.into_iter().map(with_source).collect()
}

fn verifier(issuers: Vec<(Issuer, KeySource)>, register: CurrentRegister) -> Result<Verifier> {
    let issuers = issuers.into_iter().map(|(issuer, source)| (issuer.mapping, source)).collect();
    Verifier::new(issuers, register).or_fault(Kind::Issuer, "An issuer's mapping cannot be used")
}

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// The recorder of metrics, one a process, with what `describe` says of them.
pub fn metrics_text(describe: fn()) -> Result<PrometheusHandle> {
    if let Some(handle) = METRICS.get() {
        return Ok(handle.clone());
    }
    let what = "Metrics cannot be recorded";
    let builder = PrometheusBuilder::new();
    let builder = builder.set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS);
    let builder = builder.or_fault(Kind::Failed, what)?;
    let builder = builder.set_buckets_for_metric(Matcher::Full("cpis_group_size".to_owned()), &SIZES);
    let handle = builder.or_fault(Kind::Failed, what)?.install_recorder().or_fault(Kind::Failed, what)?;
    describe();
    Ok(METRICS.get_or_init(|| handle).clone())
}
