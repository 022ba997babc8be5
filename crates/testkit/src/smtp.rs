//! A small mail relay on a socket (RFC 5321): it keeps the letters that it takes, and can be told to refuse, to put off, to be
//! slow, to close and to talk nonsense at every step.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use cpis_testkit::smtp::{Manner, SmtpServer, Step};
//!
//! let relay = SmtpServer::start("127.0.0.1:0".parse().unwrap(), None, None).await.unwrap();
//! relay.from_now_on(Manner::Say { at: Step::Recipient, line: "550 5.1.1 No such user".to_owned() });
//! assert!(relay.letters().is_empty());
//! # });
//! ```

mod talk;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// Where a talk with the relay stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Somebody connected.
    Greeting,
    /// EHLO.
    Hello,
    /// STARTTLS.
    StartTls,
    /// AUTH.
    Login,
    /// MAIL.
    Sender,
    /// RCPT.
    Recipient,
    /// DATA.
    Data,
    /// The letter was sent whole.
    End,
}

/// How the relay behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It takes what comes.
    Good,
    /// It says this line at this step.
    Say {
        /// When.
        at: Step,
        /// What, without the end of its line.
        line: String,
    },
    /// It puts off the first so many recipients, and then takes them, as greylisting does.
    Greylist {
        /// How many.
        first: u32,
    },
    /// It closes at this step.
    Close(Step),
    /// It says nothing more from this step on.
    Silent(Step),
    /// It takes so long for each answer.
    Slow(Duration),
    /// It says lines without end.
    Flood,
    /// It offers no STARTTLS.
    WithoutTls,
}

/// A letter that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// From whom, as the envelope has it.
    pub from: String,
    /// To whom.
    pub to: Vec<String>,
    /// The letter, with its header.
    pub text: String,
    /// Whether it came encrypted.
    pub encrypted: bool,
    /// Who had logged in.
    pub user: Option<String>,
}

impl Taken {
    /// The value of a field of its header.
    pub fn field(&self, name: &str) -> Option<&str> {
        let head = self.text.split("\r\n\r\n").next()?;
        let mut fields = head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Who may send.
#[derive(Clone)]
pub struct Account {
    /// Name.
    pub user: String,
    /// Password.
    pub password: String,
}

struct State {
    manner: Mutex<Manner>,
    letters: Mutex<Vec<Taken>>,
    connections: Mutex<u64>,
    tls: Option<TlsAcceptor>,
    account: Option<Account>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The relay while it runs. Dropped, it stops.
pub struct SmtpServer {
    address: SocketAddr,
    state: Arc<State>,
    server: JoinHandle<()>,
}

impl SmtpServer {
    /// Starts on this address; port 0 takes a free one. With TLS it offers STARTTLS; with an account it takes nothing from who
    /// has not logged in.
    pub async fn start(bind: SocketAddr, tls: Option<TlsAcceptor>, account: Option<Account>) -> io::Result<Self> {
        Self::start_as(bind, tls, account, false).await
    }

    /// The same with TLS from the first byte.
    pub async fn start_encrypted(bind: SocketAddr, tls: TlsAcceptor, account: Option<Account>) -> io::Result<Self> {
        Self::start_as(bind, Some(tls), account, true).await
    }

    async fn start_as(
        bind: SocketAddr,
        tls: Option<TlsAcceptor>,
        account: Option<Account>,
        at_once: bool,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(bind).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            manner: Mutex::new(Manner::Good),
            letters: Mutex::default(),
            connections: Mutex::default(),
            tls,
            account,
        });
        let served = state.clone();
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *locked(&served.connections) += 1;
                // Whoever hangs up in the middle is no fault of the relay.
                let state = served.clone();
                tokio::spawn(async move { drop(talk::serve(stream, state, at_once).await) });
            }
        });
        Ok(Self { address, state, server })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How it behaves from now on.
    pub fn from_now_on(&self, manner: Manner) {
        *locked(&self.state.manner) = manner;
    }

    /// What it took, in order.
    pub fn letters(&self) -> Vec<Taken> {
        locked(&self.state.letters).clone()
    }

    /// How often somebody connected.
    pub fn connections(&self) -> u64 {
        *locked(&self.state.connections)
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}
