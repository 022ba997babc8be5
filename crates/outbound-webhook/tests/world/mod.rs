//! Endpoints on sockets that behave as they are told, and names that resolve as they are told.
#![allow(dead_code, reason = "each test file uses its own part of the world")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs, reason = "support of tests")]

use async_trait::async_trait;
use bytes::Bytes;
use cpis_model::{Timestamp, Uuid};
use cpis_outbound_webhook::{Delivered, Delivery, Resolve, Settings, Webhook, WebhookFault};
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

pub const SECRET: &[u8] = b"a secret of the subscription";
pub const HOST: &str = "la.example.org";
/// After so long a test has failed, whatever it waits for.
pub const TOO_LONG: Duration = Duration::from_secs(30);

pub fn at() -> Timestamp {
    "2026-02-20T21:47:03Z".parse().unwrap()
}

/// What an endpoint does once it has read a request.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// Says this and closes.
    Says(String),
    /// Says nothing and waits.
    Silent,
    /// Says this, then one letter after another for ever.
    Drips(&'static str),
    /// Says this, then a gigabyte.
    Floods(&'static str),
}

pub fn status(line: &str) -> Behaviour {
    Behaviour::Says(format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n"))
}

#[derive(Clone, Debug)]
pub struct Request {
    pub head: String,
    pub body: Vec<u8>,
}

impl Request {
    /// The values of a header.
    pub fn header(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).collect()
    }
}

#[derive(Default)]
struct State {
    connections: AtomicUsize,
    ended: AtomicUsize,
    sent: AtomicUsize,
    requests: Mutex<Vec<Request>>,
}

pub struct Endpoint {
    pub address: SocketAddr,
    /// Its certificate, where it has one.
    pub certificate_pem: Vec<u8>,
    state: Arc<State>,
    server: JoinHandle<()>,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Endpoint {
    pub async fn plain(behaviour: Behaviour) -> Self {
        Self::start(behaviour, None).await
    }

    /// With a certificate for [`HOST`].
    pub async fn tls(behaviour: Behaviour) -> Self {
        let made = rcgen::generate_simple_self_signed(vec![HOST.to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let config = builder.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let mut endpoint = Self::start(behaviour, Some(acceptor)).await;
        endpoint.certificate_pem = made.cert.pem().into_bytes();
        endpoint
    }

    async fn start(behaviour: Behaviour, acceptor: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let served = state.clone();
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, behaviour, acceptor) = (served.clone(), behaviour.clone(), acceptor.clone());
                state.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let end = match acceptor {
                        None => serve(stream, &behaviour, &state).await,
                        Some(acceptor) => match acceptor.accept(stream).await {
                            Ok(stream) => serve(stream, &behaviour, &state).await,
                            Err(error) => Err(error),
                        },
                    };
                    drop(end);
                    state.ended.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        Self { address, certificate_pem: Vec::new(), state, server }
    }

    pub fn url(&self) -> String {
        format!("http://{}/notify?of=la", self.address)
    }

    /// By the name in its certificate.
    pub fn url_by_name(&self) -> String {
        format!("https://{HOST}:{}/notify?of=la", self.address.port())
    }

    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    pub fn sent(&self) -> usize {
        self.state.sent.load(Ordering::SeqCst)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().unwrap().clone()
    }

    /// Waits until every connection was closed.
    pub async fn all_closed(&self) {
        let mut ticks = tokio::time::interval(Duration::from_millis(5));
        let closed = async {
            while self.state.ended.load(Ordering::SeqCst) < self.connections() {
                ticks.tick().await;
            }
        };
        tokio::time::timeout(TOO_LONG, closed).await.unwrap();
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    behaviour: &Behaviour,
    state: &State,
) -> io::Result<()> {
    let request = read(&mut stream).await?;
    state.requests.lock().unwrap().push(request);
    match behaviour {
        Behaviour::Says(text) => {
            stream.write_all(text.as_bytes()).await?;
            stream.shutdown().await
        }
        Behaviour::Silent => stream.read_to_end(&mut Vec::new()).await.map(drop),
        Behaviour::Drips(start) => {
            stream.write_all(start.as_bytes()).await?;
            let mut ticks = tokio::time::interval(Duration::from_millis(20));
            loop {
                ticks.tick().await;
                stream.write_all(b"x").await?;
                stream.flush().await?;
            }
        }
        Behaviour::Floods(start) => {
            stream.write_all(start.as_bytes()).await?;
            let chunk = vec![b'x'; 64 * 1024];
            for _ in 0..(1 << 30) / chunk.len() {
                stream.write_all(&chunk).await?;
                state.sent.fetch_add(chunk.len(), Ordering::SeqCst);
            }
            stream.shutdown().await
        }
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Request> {
    let mut bytes: Vec<u8> = Vec::new();
    let end = loop {
        if let Some(place) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break place + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let mut request = Request { head: String::from_utf8(bytes[..end].to_vec()).unwrap(), body: bytes.split_off(end) };
    let length: usize = request.header("content-length")[0].parse().unwrap();
    while request.body.len() < length {
        if stream.read_buf(&mut request.body).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(request)
}

/// Answers each question for a name by the next list; the last one stays.
#[derive(Default)]
pub struct Names {
    answers: Mutex<VecDeque<Option<Vec<IpAddr>>>>,
    asked: Mutex<Vec<String>>,
}

impl Names {
    pub fn new(answers: &[Option<&[&str]>]) -> Arc<Self> {
        let addresses = |list: &[&str]| list.iter().map(|address| address.parse().unwrap()).collect();
        let answers = answers.iter().map(|answer| answer.map(addresses)).collect();
        Arc::new(Self { answers: Mutex::new(answers), asked: Mutex::default() })
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl Resolve for Names {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.lock().unwrap().push(host.to_owned());
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        answer.flatten().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// For endpoints without a certificate on this machine.
pub fn plain() -> Webhook {
    Webhook::new(Settings { plain_loopback: true, ..Settings::default() }).unwrap()
}

pub fn delivery(endpoint: &str) -> Delivery<'_> {
    Delivery {
        endpoint,
        headers: &[],
        body: Bytes::from_static(br#"{"resourceType":"Bundle"}"#),
        content_type: "application/fhir+json",
        secret: SECRET,
        id: Uuid::from_u128(0x3a7d_7d0c_5bfb_4d41_9c54_7a1b_1d6e_9a20),
        at: at(),
        timeout: Duration::from_secs(20),
    }
}

/// Posts; fails where that takes longer than any test may.
pub async fn post(webhook: &Webhook, delivery: &Delivery<'_>) -> Result<Delivered, WebhookFault> {
    tokio::time::timeout(TOO_LONG, webhook.post(delivery)).await.unwrap()
}
