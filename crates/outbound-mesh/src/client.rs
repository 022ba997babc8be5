//! One request each: hello, send, list, collect, acknowledge.

use crate::chunks::{pack, split, unpack};
use crate::{MeshError, Settings};
use bytes::{Bytes, BytesMut};
use cpis_app::Clock;
use cpis_format_mesh::fault::is_retried;
use cpis_format_mesh::handshake::Handshake;
use cpis_format_mesh::header::{Pair, names};
use cpis_format_mesh::received::{ANSWER_BYTES_MAX, InboxList, Refusal, TrackedMessage, sent_id};
use cpis_format_mesh::{
    ChunkRange, ContentEncoding, Delivered, DeliveredKind, Envelope, Headers, InboxQuery, MessageId, Version, path,
    sign,
};
use futures_util::StreamExt;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_ENCODING, HeaderMap, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Pages of an inbox that are read at a time.
const PAGES_MAX: usize = 20;
/// Tries of a request that may be repeated.
const TRIES: u32 = 4;
/// Pause before the second try; twice as long before each further one.
const PAUSE: Duration = Duration::from_millis(500);

/// A mailbox on a MESH server.
pub struct Mesh {
    http: reqwest::Client,
    settings: Settings,
    clock: Arc<dyn Clock>,
    nonce: String,
    used: AtomicU64,
}

/// A message with its content.
#[derive(Debug)]
pub struct Collected {
    /// What is said about it.
    pub delivered: Delivered,
    /// Its content; empty for a report.
    pub content: Bytes,
}

impl Mesh {
    /// A client. Nothing is sent yet.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, MeshError> {
        let (http, nonce) = (settings.client()?, uuid::Uuid::new_v4().to_string());
        Ok(Self { http, settings, clock, nonce, used: AtomicU64::new(0) })
    }

    /// Our mailbox there.
    pub fn mailbox(&self) -> &cpis_format_mesh::MailboxId {
        &self.settings.mailbox
    }

    /// A request with a token of its own, so that a repeated one is no replay.
    fn request(&self, method: Method, path: &str, headers: &[Pair]) -> RequestBuilder {
        let Settings { url, mailbox, password, shared_key, time, .. } = &self.settings;
        let count = self.used.fetch_add(1, Ordering::Relaxed);
        let token = sign(mailbox, &self.nonce, count, self.clock.now(), shared_key, password.as_bytes());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                map.append(*name, value);
            }
        }
        let request = self.http.request(method, format!("{url}{path}")).timeout(*time);
        request.header(ACCEPT, Version::V2.accept()).header(AUTHORIZATION, token).headers(map)
    }

    /// Sends what `make` makes, again while the server is away or busy. For what may be done twice.
    async fn repeat(&self, make: impl Fn() -> RequestBuilder) -> Result<Response, MeshError> {
        let mut tried = 0;
        loop {
            tried += 1;
            let away = match make().send().await {
                Ok(response) if is_retried(response.status().as_u16()) => MeshError::Away("it is busy"),
                Ok(response) => return accepted(response).await,
                Err(error) => away(&error),
            };
            if tried == TRIES {
                return Err(away);
            }
            tokio::time::sleep(PAUSE * 2u32.pow(tried - 1)).await;
        }
    }

    /// Says hello: the server says that the mailbox is good.
    pub async fn handshake(&self) -> Result<(), MeshError> {
        let hello = Handshake {
            client_version: concat!("OpenCPIS ", env!("CARGO_PKG_VERSION")).to_owned(),
            os_name: std::env::consts::OS.to_owned(),
            os_version: std::env::consts::ARCH.to_owned(),
        };
        let (path, headers) = (path::handshake(&self.settings.mailbox), hello.to_headers());
        self.repeat(|| self.request(Method::POST, &path, &headers)).await.map(drop)
    }

    /// Sends a message and says the id that the server gave it. `Unknown`: it may have been taken; further chunks are repeated,
    /// the first is not.
    pub async fn send(&self, envelope: &Envelope, content: Bytes) -> Result<MessageId, MeshError> {
        let mailbox = &self.settings.mailbox;
        let chunks = split(&content, self.settings.chunk_bytes);
        let total = u32::try_from(chunks.len()).map_err(|_| MeshError::Settings("the content is too large"))?;
        let mut id: Option<MessageId> = None;
        for (chunk, number) in chunks.into_iter().zip(1..) {
            let range = ChunkRange::new(number, total).map_err(|_| MeshError::Settings("the content is too large"))?;
            let packed: Bytes = blocking(move || pack(&chunk)).await?.into();
            let make = |path: &str, headers: &[Pair]| {
                let request = self.request(Method::POST, path, headers).timeout(self.settings.time * 10);
                request.header(CONTENT_ENCODING, "gzip").body(packed.clone())
            };
            match &id {
                None => {
                    let path = path::outbox(mailbox);
                    let sent = make(&path, &envelope.to_headers(mailbox, range)).send().await;
                    let response = match sent {
                        Ok(response) if is_retried(response.status().as_u16()) => {
                            return Err(MeshError::Away("it is busy"));
                        }
                        Ok(response) if response.status().is_server_error() => return Err(MeshError::Unknown),
                        Ok(response) => accepted(response).await?,
                        Err(error) if error.is_connect() => return Err(away(&error)),
                        Err(_) => return Err(MeshError::Unknown),
                    };
                    let body = body(response, ANSWER_BYTES_MAX).await.map_err(|_| MeshError::Unknown)?;
                    id = Some(sent_id(&body).map_err(|_| MeshError::Unknown)?);
                }
                Some(id) => {
                    let path = path::outbox_chunk(mailbox, id, number);
                    let headers = [
                        (names::CHUNK_RANGE, range.to_string()),
                        (CONTENT_TYPE_NAME, "application/octet-stream".to_owned()),
                    ];
                    match self.repeat(|| make(&path, &headers)).await {
                        Ok(_) => {}
                        // The last chunk came before, and its answer was lost.
                        Err(MeshError::Refused { status: COMPLETE, .. }) if number == total => {}
                        Err(error) => return Err(error),
                    }
                }
            }
        }
        id.ok_or(MeshError::Settings("the content has no chunk"))
    }

    /// The message that we sent under this name of ours and that came whole. There is none where only a part came; where
    /// several have the name nothing is known of either.
    pub async fn find(&self, local_id: &str) -> Result<Option<TrackedMessage>, MeshError> {
        let path = path::tracking_by_local_id(&self.settings.mailbox, local_id);
        let response = match self.repeat(|| self.request(Method::GET, &path, &[])).await {
            Ok(response) => response,
            Err(MeshError::Gone | MeshError::Refused { status: 300, .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let found = TrackedMessage::read(&body(response, ANSWER_BYTES_MAX).await?);
        let found = found.map_err(|_| MeshError::NotUnderstood("where a message stands"))?;
        Ok(Some(found).filter(|found| found.is_whole))
    }

    /// What waits in our mailbox, oldest first.
    pub async fn inbox(&self) -> Result<Vec<MessageId>, MeshError> {
        let mut all = Vec::new();
        let mut next = Some(InboxQuery::default().link(&self.settings.mailbox));
        for _ in 0..PAGES_MAX {
            let Some(path) = next.take() else { break };
            let response = self.repeat(|| self.request(Method::GET, &path, &[])).await?;
            let list = InboxList::read(&body(response, ANSWER_BYTES_MAX).await?);
            let list = list.map_err(|_| MeshError::NotUnderstood("the list of the inbox"))?;
            all.extend(list.messages);
            next = list.next;
        }
        Ok(all)
    }

    /// A message with its whole content.
    pub async fn collect(&self, id: &MessageId) -> Result<Collected, MeshError> {
        let (mailbox, received) = (&self.settings.mailbox, self.clock.now());
        let (mut content, mut number, mut first) = (BytesMut::new(), 1, None);
        loop {
            let path = if number == 1 { path::message(mailbox, id) } else { path::chunk(mailbox, id, number) };
            let make = || {
                let request = self.request(Method::GET, &path, &[]).timeout(self.settings.time * 10);
                request.header("accept-encoding", "gzip")
            };
            let response = self.repeat(make).await?;
            let pairs: Vec<(String, Vec<u8>)> =
                response.headers().iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
            let headers = Headers::new(pairs.iter().map(|(name, value)| (name.as_str(), value.as_slice())));
            let delivered = Delivered::from_headers(&headers, received);
            let delivered = delivered.map_err(|_| MeshError::NotUnderstood("a message's headers"))?;
            if matches!(delivered.kind, DeliveredKind::Report(_)) {
                return Ok(Collected { delivered, content: Bytes::new() });
            }
            let range = delivered.chunk;
            if range.number() != number {
                return Err(MeshError::NotUnderstood("another chunk than was asked for"));
            }
            let total = first.get_or_insert(delivered).chunk.total();
            if range.total() != total {
                return Err(MeshError::NotUnderstood("the number of chunks changes"));
            }
            let encoding = response.headers().get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
            let is_packed = ContentEncoding::parse(encoding) == Ok(Some(ContentEncoding::Gzip));
            let room = self.settings.content_bytes_max.saturating_sub(content.len());
            let chunk = body(response, room).await?;
            if is_packed {
                content.extend_from_slice(&blocking(move || unpack(&chunk, room)).await??);
            } else {
                content.extend_from_slice(&chunk);
            }
            if number == total {
                break;
            }
            number += 1;
        }
        let delivered = first.ok_or(MeshError::NotUnderstood("a message without a chunk"))?;
        Ok(Collected { delivered, content: content.freeze() })
    }

    /// We have a message.
    pub async fn acknowledge(&self, id: &MessageId) -> Result<(), MeshError> {
        let path = path::acknowledged(&self.settings.mailbox, id);
        match self.repeat(|| self.request(Method::PUT, &path, &[])).await {
            Ok(_) | Err(MeshError::Gone) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Status of a chunk that comes after the message is complete.
const COMPLETE: u16 = 423;
const CONTENT_TYPE_NAME: &str = "content-type";

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, MeshError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| MeshError::Away("this process ends"))
}

fn away(error: &reqwest::Error) -> MeshError {
    MeshError::Away(if error.is_timeout() {
        "it does not answer in time"
    } else if error.is_connect() {
        "it is not reached"
    } else {
        "the connection broke"
    })
}

/// An answer that does what was asked; others by what they mean.
async fn accepted(response: Response) -> Result<Response, MeshError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let date = response.headers().get("date").and_then(|date| date.to_str().ok()).map(str::to_owned);
    let refusal = match body(response, ANSWER_BYTES_MAX).await {
        Ok(body) => Refusal::read(&body),
        Err(_) => Refusal::default(),
    };
    Err(match status {
        StatusCode::FORBIDDEN => {
            // A clock that is wrong is the usual cause that nobody thinks of.
            let clock = date.map_or_else(String::new, |date| format!("; its clock says {date}"));
            MeshError::NotAdmitted(format!(": {refusal}{clock}"))
        }
        StatusCode::NOT_FOUND | StatusCode::GONE => MeshError::Gone,
        status if status.is_server_error() => MeshError::Away("it fails"),
        status => MeshError::Refused { status: status.as_u16(), refusal },
    })
}

/// A body up to a limit.
async fn body(response: Response, bytes_max: usize) -> Result<Bytes, MeshError> {
    let mut bytes = BytesMut::new();
    let mut stream = response.bytes_stream();
    while let Some(part) = stream.next().await {
        let part = part.map_err(|error| away(&error))?;
        if bytes.len() + part.len() > bytes_max {
            return Err(MeshError::NotUnderstood("it is too large"));
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes.freeze())
}
