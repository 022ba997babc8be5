//! The connection of a sending system: MLLP, one message in flight, time-outs, TLS where asked for.

use crate::cli::Feed;
use crate::fault::{Fault, Kind, Result};
use crate::tls;
use cpis_format_hl7v2::ack::{self, Code};
use cpis_format_hl7v2::header::{Condition, Header};
use cpis_format_hl7v2::mllp::{Decoder, Event, frame};
use std::fmt;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

/// Between two attempts at the same message.
const PAUSE: Duration = Duration::from_millis(500);
const BUFFER_BYTES: usize = 16 * 1024;

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It was answered. The first code, and the application's where that comes as a second one.
    Answered {
        /// Codes in order.
        codes: Vec<Code>,
        /// Code of the error, if one was named.
        error: Option<u16>,
        /// From the first byte until the last answer.
        took: Duration,
    },
    /// The message asks for no answer.
    Unanswered,
    /// What came back was no acknowledgement of it.
    Strange(&'static str),
    /// No answer in time.
    TimedOut,
    /// The connection was closed before the answer.
    Closed,
    /// Nobody listens there, or not with this TLS.
    Unreachable(String),
}

impl Delivery {
    /// Whether the last answer accepts it.
    pub fn is_accepted(&self) -> bool {
        match self {
            Self::Answered { codes, .. } => codes.last().is_some_and(|code| code.is_accepted()),
            Self::Unanswered => true,
            _ => false,
        }
    }

    /// Whether sending it again would change nothing.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Answered { codes, .. } => !codes.last().is_some_and(|code| code.is_retried()),
            Self::Unanswered => true,
            _ => false,
        }
    }

    /// A word for counters.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Answered { codes, .. } => codes.last().map_or("no code", |code| code.as_str()),
            Self::Unanswered => "no answer asked for",
            Self::Strange(_) => "no acknowledgement",
            Self::TimedOut => "no answer in time",
            Self::Closed => "closed",
            Self::Unreachable(_) => "not reached",
        }
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered { codes, error, took } => {
                let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
                write!(f, "{}", codes.join(" "))?;
                if let Some(error) = error {
                    write!(f, " {error}")?;
                }
                write!(f, " in {} ms", took.as_millis())
            }
            Self::Strange(what) => f.write_str(what),
            Self::Unreachable(why) => write!(f, "not reached: {why}"),
            other => f.write_str(other.word()),
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connection that is made when it is needed.
pub struct Link {
    to: String,
    timeout: Duration,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    open: Option<(Box<dyn Stream>, Decoder)>,
    connections: u64,
}

impl Link {
    /// Reads what TLS needs; connects later.
    pub fn new(feed: &Feed) -> Result<Self> {
        let Some((host, port)) = feed.to.rsplit_once(':').filter(|(host, _)| !host.is_empty()) else {
            return Err(Fault::new(Kind::Usage, "--to needs host and port, such as localhost:2575"));
        };
        if port.parse::<u16>().is_err() {
            return Err(Fault::new(Kind::Usage, "the port of --to is a number up to 65535"));
        }
        let tls = match &feed.tls_ca {
            None => None,
            Some(authorities) => {
                let own = feed.tls_cert.as_deref().zip(feed.tls_key.as_deref());
                let name = feed.tls_name.clone().unwrap_or_else(|| host.trim_matches(['[', ']']).to_owned());
                let name = ServerName::try_from(name)
                    .map_err(|_| Fault::new(Kind::Usage, "the name in the listener's certificate is no host name"))?;
                Some((tls::connector(authorities, own)?, name))
            }
        };
        let timeout = Duration::from_secs(feed.timeout);
        Ok(Self { to: feed.to.clone(), timeout, tls, open: None, connections: 0 })
    }

    /// How often it had to connect.
    pub fn connections(&self) -> u64 {
        self.connections
    }

    /// Waits a little before the same message is sent again.
    pub async fn pause(&self) {
        tokio::time::sleep(PAUSE).await;
    }

    /// Sends a message and reads the answers that its header asks for.
    pub async fn deliver(&mut self, message: &[u8], header: Option<&Header>) -> Delivery {
        let began = Instant::now();
        let until = began + self.timeout;
        let delivery = self.exchange(message, header, began, until).await;
        if !matches!(delivery, Delivery::Answered { .. } | Delivery::Unanswered) {
            // A late answer must not be taken for the one to the next message.
            self.open = None;
        }
        delivery
    }

    async fn exchange(&mut self, message: &[u8], header: Option<&Header>, began: Instant, until: Instant) -> Delivery {
        if self.open.is_none() {
            match timeout_at(until, self.connect()).await {
                Ok(Ok(stream)) => self.open = Some((stream, Decoder::new())),
                Ok(Err(error)) => return Delivery::Unreachable(error.to_string()),
                Err(_) => return Delivery::Unreachable("no connection in time".to_owned()),
            }
            self.connections += 1;
        }
        let Some((stream, decoder)) = &mut self.open else { return Delivery::Closed };
        let framed = frame(message);
        match timeout_at(until, async { stream.write_all(&framed).await.and(stream.flush().await) }).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Delivery::Closed,
            Err(_) => return Delivery::TimedOut,
        }
        let wanted = answers_wanted(header);
        let (mut codes, mut error) = (Vec::new(), None);
        while codes.len() < wanted {
            let answer = match timeout_at(until, next(stream, decoder)).await {
                Ok(Some(answer)) => answer,
                Ok(None) => return Delivery::Closed,
                Err(_) => return Delivery::TimedOut,
            };
            let Ok(answer) = ack::read(&answer) else {
                return Delivery::Strange("what came back is no acknowledgement");
            };
            if header.is_some_and(|header| header.control_id != answer.control_id) {
                return Delivery::Strange("an answer came to another message");
            }
            let Some(code) = answer.code else { return Delivery::Strange("an answer has no code") };
            codes.push(code);
            error = error.or(answer.error);
            if !code.is_accepted() {
                break;
            }
        }
        if wanted == 0 { Delivery::Unanswered } else { Delivery::Answered { codes, error, took: began.elapsed() } }
    }

    async fn connect(&self) -> std::io::Result<Box<dyn Stream>> {
        let stream = TcpStream::connect(&self.to).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            None => Ok(Box::new(stream)),
            Some((connector, name)) => Ok(Box::new(connector.connect(name.clone(), stream).await?)),
        }
    }
}

/// The next message that comes back; `None` when the connection ends.
async fn next(stream: &mut Box<dyn Stream>, decoder: &mut Decoder) -> Option<Vec<u8>> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        for event in decoder.by_ref() {
            if let Event::Message(answer) = event {
                return Some(answer);
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => decoder.push(buffer.get(..count).unwrap_or_default()),
        }
    }
}

/// How many answers are sure to come: one in the original mode, and one for each `AL` in the enhanced one.
fn answers_wanted(header: Option<&Header>) -> usize {
    let Some(header) = header.filter(|header| header.is_enhanced()) else { return 1 };
    let both = [header.accept, header.application];
    both.iter().filter(|condition| matches!(condition, Some(Condition::Always | Condition::Success))).count()
}
