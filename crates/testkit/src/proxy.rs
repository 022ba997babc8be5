//! A TCP proxy that a test can make fail: cut now, cut after so many bytes, stall, refuse.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

/// What ends a connection.
#[derive(Debug)]
struct Tap {
    /// Bytes that still go through; negative for no limit.
    left: AtomicI64,
    passed: AtomicI64,
    /// A text, and whether its first byte cuts the connections or stalls everything.
    text: std::sync::Mutex<Option<(Vec<u8>, At)>>,
}

/// What happens at a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Cut,
    Stall,
}

impl Tap {
    fn open() -> Self {
        Self { left: AtomicI64::new(-1), passed: AtomicI64::new(0), text: std::sync::Mutex::default() }
    }

    /// The place of the text that was waited for, and what happens there.
    fn found(&self, bytes: &[u8]) -> Option<(usize, At)> {
        let mut text = self.text.lock().ok()?;
        let (wanted, what) = text.as_ref()?;
        let at = bytes.windows(wanted.len()).position(|window| window == &**wanted)?;
        let what = *what;
        *text = None;
        Some((at, what))
    }

    /// How many of so many bytes go through before the cut.
    fn admit(&self, len: usize) -> usize {
        let (len, left) = (len as i64, self.left.load(Ordering::SeqCst));
        if left < 0 {
            return len as usize;
        }
        let admitted = left.min(len);
        // The last byte cuts, once.
        self.left.store(if admitted == left { -1 } else { left - admitted }, Ordering::SeqCst);
        if admitted == left { (admitted - 1).max(0) as usize } else { admitted as usize }
    }
}

#[derive(Debug)]
struct Shared {
    to_server: Tap,
    to_client: Tap,
    refuse: AtomicBool,
    /// Counts up when all connections are to be cut.
    cuts: watch::Sender<u64>,
    stalled: watch::Sender<bool>,
}

/// A proxy in front of one address. It ends when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free port of the loopback address and forwards to `target`.
    pub async fn start(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            to_server: Tap::open(),
            to_client: Tap::open(),
            refuse: AtomicBool::new(false),
            cuts: watch::Sender::new(0),
            stalled: watch::Sender::new(false),
        });
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if serving.refuse.load(Ordering::SeqCst) {
                    continue;
                }
                let Ok(server) = TcpStream::connect(target).await else { continue };
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
                tokio::spawn(pump(Arc::clone(&serving), Way::ToServer, from_client, to_server));
                tokio::spawn(pump(Arc::clone(&serving), Way::ToClient, from_server, to_client));
            }
        });
        Ok(Self { address, shared, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts every connection now.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Cuts every connection in place of the n-th next byte that goes one way, counted from 1 over all connections.
    pub fn cut_at_byte(&self, way: Way, n: u32) {
        self.tap(way).left.store(i64::from(n.max(1)), Ordering::SeqCst);
    }

    /// Cuts every connection in place of the first byte of a text that goes one way, if it comes in one piece.
    pub fn cut_at_text(&self, way: Way, text: &str) {
        if let Ok(mut wanted) = self.tap(way).text.lock() {
            *wanted = Some((text.as_bytes().to_vec(), At::Cut));
        }
    }

    /// Stalls in place of the first byte of a text that goes one way, if it comes in one piece.
    pub fn stall_at_text(&self, way: Way, text: &str) {
        if let Ok(mut wanted) = self.tap(way).text.lock() {
            *wanted = Some((text.as_bytes().to_vec(), At::Stall));
        }
    }

    /// Waits until everything is stalled.
    pub async fn stalled(&self) {
        let _ = self.shared.stalled.subscribe().wait_for(|stalled| *stalled).await;
    }

    /// Bytes that went one way so far.
    pub fn passed(&self, way: Way) -> u64 {
        self.tap(way).passed.load(Ordering::SeqCst) as u64
    }

    /// Holds all bytes back, or lets them go again.
    pub fn stall(&self, stalled: bool) {
        self.shared.stalled.send_replace(stalled);
    }

    /// Takes no new connection, or takes them again.
    pub fn refuse(&self, refuse: bool) {
        self.shared.refuse.store(refuse, Ordering::SeqCst);
    }

    fn tap(&self, way: Way) -> &Tap {
        if way == Way::ToServer { &self.shared.to_server } else { &self.shared.to_client }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

async fn pump(shared: Arc<Shared>, way: Way, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let mut cuts = shared.cuts.subscribe();
    let mut stalled = shared.stalled.subscribe();
    let tap = if way == Way::ToServer { &shared.to_server } else { &shared.to_client };
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            _ = cuts.changed() => break,
        };
        let Ok(read @ 1..) = read else { break };
        let Some(bytes) = buffer.get(..read) else { break };
        let admitted = match tap.found(bytes) {
            Some((at, At::Cut)) => at,
            Some((_, At::Stall)) => {
                shared.stalled.send_replace(true);
                read
            }
            None => tap.admit(read),
        };
        tokio::select! {
            _ = stalled.wait_for(|stalled| !stalled) => {}
            _ = cuts.changed() => break,
        }
        if let Some(bytes) = bytes.get(..admitted)
            && to.write_all(bytes).await.is_err()
        {
            break;
        }
        tap.passed.fetch_add(admitted as i64, Ordering::SeqCst);
        if admitted < read {
            shared.cuts.send_modify(|cuts| *cuts += 1);
            break;
        }
    }
    let _ = to.shutdown().await;
}
