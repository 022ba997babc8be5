//! A feed: one listener for one of the hospital's systems, with its profile, its peers and its limits.

use crate::connection::{self, End};
use crate::signals::Signals;
use crate::store::{Store, Taken};
use cpis_app::Clock;
use cpis_format_hl7v2::{Profile, Refusal};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// Time for a handshake of TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Bytes of acknowledgements that the machine keeps for a sender that does not read them.
const SEND_BYTES: usize = 32 * 1024;
/// A connection that rests for so long is asked whether it is still there,
const KEEP_IDLE: Duration = Duration::from_mins(1);
/// so often,
const KEEP_INTERVAL: Duration = Duration::from_secs(20);
/// and closed after so many questions without an answer.
const KEEP_COUNT: u32 = 5;
/// Pause after the machine could not accept a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Limits of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time.
    pub connections_max: usize,
    /// Bytes of a message.
    pub message_bytes_max: usize,
    /// How long nothing may come within a message.
    pub idle: Duration,
    /// How long a sender may leave its acknowledgements unread.
    pub unread: Duration,
    /// Messages that are taken from a sender before the first of them is acknowledged.
    pub ahead_max: usize,
}

impl Limits {
    pub(crate) const FOR_EVER: Duration = Duration::from_hours(100 * 365 * 24);
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 32,
            message_bytes_max: 1024 * 1024,
            idle: Duration::from_secs(30),
            unread: Duration::from_secs(30),
            ahead_max: 64,
        }
    }
}

/// A network: an address and how many of its bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// No network is written so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an address such as 10.1.2.3, or a network such as 10.1.2.0/24, is expected")]
pub struct NetworkError;

impl std::str::FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| NetworkError)?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(all), |bits| bits.parse().map_err(|_| NetworkError))?;
        if bits > all { Err(NetworkError) } else { Ok(Self { address, bits }) }
    }
}

impl Network {
    /// Whether an address lies in it.
    pub fn holds(&self, address: IpAddr) -> bool {
        let same = |own: u128, other: u128, all: u8| {
            let shift = u32::from(all - self.bits);
            own.checked_shr(shift).unwrap_or(0) == other.checked_shr(shift).unwrap_or(0)
        };
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => same(u128::from(u32::from(own)), u128::from(u32::from(other)), 32),
            (IpAddr::V6(own), IpAddr::V6(other)) => same(u128::from(own), u128::from(other), 128),
            _ => false,
        }
    }
}

/// How a feed is opened.
pub struct FeedSettings {
    /// Its name in logs, metrics and on the page.
    pub name: String,
    /// Where it listens.
    pub listener: TcpListener,
    /// TLS, if the feed has it.
    pub tls: Option<TlsAcceptor>,
    /// Who may connect; anybody, where it is empty.
    pub peers: Vec<Network>,
    /// Limits.
    pub limits: Limits,
    /// Commit blocks of MLLP release 2 are sent before acknowledgements.
    pub release_2: bool,
    /// How messages are read.
    pub profile: Profile,
}

/// What was counted since the start.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub messages: AtomicU64,
    pub refused: AtomicU64,
    pub applied: AtomicU64,
    pub connections: AtomicUsize,
    /// When the last message came, in milliseconds since 1970.
    pub last: AtomicI64,
    ids: AtomicU64,
}

/// A running feed.
pub(crate) struct Feed {
    pub name: String,
    pub peers: Vec<Network>,
    pub limits: Limits,
    pub release_2: bool,
    pub profile: Profile,
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub signals: Signals,
    pub counts: Counts,
}

impl Feed {
    /// Counts what became of a message.
    pub fn count(&self, outcome: &'static str) {
        metrics::counter!("cpis_gateway_messages_total", "feed" => self.name.clone(), "outcome" => outcome)
            .increment(1);
    }

    /// Counts what is not as it should be on a connection.
    pub fn odd(&self, what: &'static str) {
        metrics::counter!("cpis_gateway_odd_total", "feed" => self.name.clone(), "what" => what).increment(1);
    }

    pub fn refused(&self, why: Refusal) {
        self.counts.refused.fetch_add(1, Ordering::Relaxed);
        self.count("refused");
        tracing::warn!(feed = self.name, why = why.word(), "a message is rejected");
    }

    /// Counts what the store made of a message, and wakes whoever has something to do.
    pub fn taken(&self, taken: Taken) {
        self.count(match taken {
            Taken::Dropped => "dropped",
            Taken::Again => "again",
            Taken::Applied => "applied",
            Taken::Noted => "noted",
        });
        if matches!(taken, Taken::Applied | Taken::Noted) {
            self.counts.applied.fetch_add(1, Ordering::Relaxed);
            self.signals.wake_all();
        }
    }

    /// The control id of an acknowledgement: unique among those of this installation as long as its clock goes forward.
    pub fn next_id(&self) -> String {
        let number = self.counts.ids.fetch_add(1, Ordering::Relaxed);
        format!("A{number:x}{:x}", self.clock.now().as_millisecond())
    }

    fn may_connect(&self, peer: IpAddr) -> bool {
        self.peers.is_empty() || self.peers.iter().any(|network| network.holds(peer))
    }
}

/// Takes connections until the end is asked for; then waits for those that are open.
pub(crate) async fn run(feed: Arc<Feed>, listener: TcpListener, tls: Option<TlsAcceptor>) {
    let mut open: JoinSet<()> = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = open.join_next() => continue,
            () = feed.signals.ending() => break,
        };
        let (stream, peer) = match accepted {
            Ok((stream, peer)) => (stream, peer.ip()),
            Err(error) => {
                tracing::warn!(feed = feed.name, error = ?error.kind(), "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        if !feed.may_connect(peer) {
            feed.odd("peer");
            tracing::warn!(feed = feed.name, %peer, "a connection of somebody who is not on the list is closed");
            continue;
        }
        if open.len() >= feed.limits.connections_max {
            feed.odd("too-many-connections");
            tracing::warn!(feed = feed.name, %peer, "a connection is closed: too many are open");
            continue;
        }
        let (feed, tls) = (Arc::clone(&feed), tls.clone());
        open.spawn(async move { one(stream, tls, feed).await });
    }
    while open.join_next().await.is_some() {}
}

/// A sender that went without a word is noticed after some minutes, and little is kept for one that does not read.
fn keep_alive(stream: &TcpStream) {
    use rustix::net::sockopt::{
        set_socket_keepalive, set_socket_send_buffer_size, set_tcp_keepcnt, set_tcp_keepidle, set_tcp_keepintvl,
    };
    let set = set_socket_keepalive(stream, true)
        .and_then(|()| set_tcp_keepidle(stream, KEEP_IDLE))
        .and_then(|()| set_tcp_keepintvl(stream, KEEP_INTERVAL))
        .and_then(|()| set_tcp_keepcnt(stream, KEEP_COUNT))
        .and_then(|()| set_socket_send_buffer_size(stream, SEND_BYTES));
    if let Err(error) = set {
        tracing::debug!(%error, "a connection has no limits of its own");
    }
}

async fn one(stream: TcpStream, tls: Option<TlsAcceptor>, feed: Arc<Feed>) {
    let _ = stream.set_nodelay(true);
    keep_alive(&stream);
    let told = |open: usize| {
        metrics::gauge!("cpis_gateway_connections", "feed" => feed.name.clone()).set(open as f64);
    };
    told(feed.counts.connections.fetch_add(1, Ordering::Relaxed) + 1);
    let end = match tls {
        None => connection::serve(stream, Arc::clone(&feed)).await,
        Some(tls) => {
            if let Ok(Ok(stream)) = timeout(HANDSHAKE, tls.accept(stream)).await {
                connection::serve(stream, Arc::clone(&feed)).await
            } else {
                feed.odd("handshake");
                End::Foreign
            }
        }
    };
    told(feed.counts.connections.fetch_sub(1, Ordering::Relaxed) - 1);
    if end != End::Closed {
        feed.odd(end.word());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        for (network, address, holds) in [
            ("10.1.2.0/24", "10.1.2.255", true),
            ("10.1.2.0/24", "10.1.3.0", false),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.4", false),
            ("0.0.0.0/0", "192.0.2.1", true),
            ("10.1.2.3", "::ffff:10.1.2.3", true),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "fe80::1", false),
            ("::/0", "10.1.2.3", false),
        ] {
            let parsed: Network = network.parse().unwrap();
            assert_eq!(parsed.holds(address.parse().unwrap()), holds, "{network} {address}");
        }
        for text in ["", "10.1.2", "10.1.2.3/33", "10.1.2.3/", "fd00::/129", "host"] {
            assert_eq!(text.parse::<Network>(), Err(NetworkError), "{text}");
        }
    }
}
