//! Puts flags back: one connection to each of the hospital's systems, one message in flight, in order, until it is accepted. An error
//! is tried again, a rejection goes to the work list, and the next message is not held up by it.

use crate::signals::Signals;
use crate::store::{Delivered, Store, StoreError, Waiting};
use cpis_app::Clock;
use cpis_format_hl7v2::ack;
use cpis_format_hl7v2::mllp::{Decoder, Event, frame};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

/// Messages that are read from the store at once.
const BATCH: usize = 64;
/// Bytes that are read at once.
const READ_BYTES: usize = 8 * 1024;
/// Answers that are passed over before the one that is waited for: of a sender that answers late.
const OTHERS_MAX: usize = 16;
/// How often is looked for messages that nobody was woken for.
const LOOK: Duration = Duration::from_secs(5);
/// A connection that was not used for so long is opened anew: something between may have forgotten it.
const REST: Duration = Duration::from_mins(1);

/// How a system is reached.
#[derive(Clone)]
pub struct TargetSettings {
    /// Its name in the rules, in logs, in metrics and on the page.
    pub name: String,
    /// Host and port.
    pub address: String,
    /// TLS, if it has it, with the name that its certificate must have.
    pub tls: Option<(TlsConnector, ServerName<'static>)>,
    /// How long an acknowledgement may take.
    pub answer: Duration,
    /// The first pause after a failure; it doubles with each that follows.
    pub pause_first: Duration,
    /// The longest.
    pub pause_max: Duration,
}

/// Why a message was not delivered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Failed {
    #[error("the system cannot be reached")]
    Connect,
    #[error("the connection ended")]
    Ended,
    #[error("no acknowledgement came in time")]
    Silent,
    #[error("the system answered with an error")]
    Error,
    #[error("the answer is no acknowledgement of our message")]
    Answer,
    #[error(transparent)]
    Store(#[from] StoreError),
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// An open connection, and when it was last used.
struct Line {
    stream: Box<dyn Stream>,
    used: Instant,
}

pub(crate) struct Answering {
    pub store: Store,
    pub target: TargetSettings,
    pub clock: Arc<dyn Clock>,
    pub signals: Signals,
}

impl Answering {
    /// Until the end is asked for.
    pub async fn run(self) {
        let mut wake = self.signals.pushes();
        let mut line = None;
        let mut pause = self.target.pause_first;
        let mut is_failing = false;
        while !self.signals.is_ending() {
            let not_before = match self.deliver(&mut line).await {
                Ok(true) => {
                    pause = self.target.pause_first;
                    is_failing = false;
                    continue;
                }
                Ok(false) => Instant::now(),
                Err(error) => {
                    line = None;
                    metrics::counter!("cpis_gateway_push_failed_total", "target" => self.target.name.clone())
                        .increment(1);
                    if !is_failing {
                        tracing::warn!(target_name = self.target.name, %error, "a flag could not be delivered; it is sent again");
                    }
                    is_failing = true;
                    let not_before = Instant::now() + pause;
                    pause = (pause * 2).min(self.target.pause_max);
                    not_before
                }
            };
            if is_failing {
                tokio::select! { () = self.signals.ending() => {}, () = sleep_until(not_before) => {} }
            } else {
                tokio::select! {
                    () = self.signals.ending() => {}
                    _ = wake.changed() => {}
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
        }
    }

    /// Delivers what waits; true if there was something and all of it ended one way or the other.
    async fn deliver(&self, line: &mut Option<Line>) -> Result<bool, Failed> {
        let waiting = self.store.pushes_waiting(&self.target.name, BATCH).await?;
        if waiting.is_empty() {
            return Ok(false);
        }
        let mut ended = Vec::new();
        let mut failed = None;
        for message in &waiting {
            if self.signals.is_ending() {
                break;
            }
            match self.send(line, message).await {
                Ok(delivered) => {
                    self.count(message, delivered);
                    ended.push((message.id, delivered));
                }
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        // What was accepted is noted even if the next one failed; what was not noted is sent again with the same control id.
        if !ended.is_empty() {
            self.store.pushed(ended, self.clock.now()).await?;
        }
        failed.map_or(Ok(true), Err)
    }

    fn count(&self, message: &Waiting, delivered: Delivered) {
        let name = || self.target.name.clone();
        let outcome = if delivered == Delivered::Accepted { "accepted" } else { "rejected" };
        let what = if message.shows { "shown" } else { "withdrawn" };
        metrics::counter!("cpis_gateway_pushed_total", "target" => name(), "what" => what, "outcome" => outcome)
            .increment(1);
        let seconds = self.clock.now().duration_since(message.made).as_secs_f64().max(0.0);
        metrics::histogram!("cpis_gateway_push_seconds", "target" => name()).record(seconds);
        if delivered == Delivered::Rejected {
            tracing::error!(
                target_name = self.target.name,
                control_id = message.control_id,
                "the hospital's system rejects a flag"
            );
        }
    }

    async fn send(&self, line: &mut Option<Line>, message: &Waiting) -> Result<Delivered, Failed> {
        if line.as_ref().is_none_or(|line| line.used.elapsed() > REST) {
            *line = Some(self.connect().await?);
        }
        let Some(open) = line.as_mut() else { return Err(Failed::Connect) };
        let exchanged = timeout(self.target.answer, exchange(&mut open.stream, message)).await;
        open.used = Instant::now();
        exchanged.unwrap_or(Err(Failed::Silent))
    }

    async fn connect(&self) -> Result<Line, Failed> {
        let connecting = async {
            let stream = TcpStream::connect(&self.target.address).await.map_err(|_| Failed::Connect)?;
            let _ = stream.set_nodelay(true);
            let stream: Box<dyn Stream> = match &self.target.tls {
                None => Box::new(stream),
                Some((connector, name)) => {
                    Box::new(connector.connect(name.clone(), stream).await.map_err(|_| Failed::Connect)?)
                }
            };
            Ok(Line { stream, used: Instant::now() })
        };
        timeout(self.target.answer, connecting).await.unwrap_or(Err(Failed::Connect))
    }
}

/// Sends a message and waits for its acknowledgement.
async fn exchange(stream: &mut Box<dyn Stream>, message: &Waiting) -> Result<Delivered, Failed> {
    stream.write_all(&frame(&message.message)).await.map_err(|_| Failed::Ended)?;
    stream.flush().await.map_err(|_| Failed::Ended)?;
    let mut decoder = Decoder::new();
    let mut bytes = vec![0; READ_BYTES];
    let mut others = 0;
    loop {
        for event in decoder.by_ref() {
            let Event::Message(answer) = event else {
                if matches!(event, Event::Foreign(_) | Event::TooLong { .. }) {
                    return Err(Failed::Answer);
                }
                continue;
            };
            let answer = ack::read(&answer).map_err(|_| Failed::Answer)?;
            if answer.control_id != message.control_id {
                others += 1;
                if others > OTHERS_MAX {
                    return Err(Failed::Answer);
                }
                continue;
            }
            return match answer.code {
                Some(code) if code.is_accepted() => Ok(Delivered::Accepted),
                Some(code) if code.is_retried() => Err(Failed::Error),
                Some(_) => Ok(Delivered::Rejected),
                None => Err(Failed::Answer),
            };
        }
        match stream.read(&mut bytes).await {
            Ok(0) | Err(_) => return Err(Failed::Ended),
            Ok(count) => decoder.push(bytes.get(..count).unwrap_or_default()),
        }
    }
}
