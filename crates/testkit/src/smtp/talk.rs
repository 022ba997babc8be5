//! One talk of the relay with a client.

use super::{Manner, State, Step, Taken, locked};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Longest line in bytes.
const LINE_BYTES_MAX: u64 = 4096;
/// Longest letter in bytes.
const LETTER_BYTES_MAX: usize = 1024 * 1024;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What comes after an answer.
enum Next {
    GoOn,
    Encrypt,
    End,
}

struct Talk {
    state: Arc<State>,
    stream: BufReader<Box<dyn Stream>>,
    encrypted: bool,
    user: Option<String>,
    from: String,
    to: Vec<String>,
}

/// Talks until the client goes.
pub(super) async fn serve(stream: TcpStream, state: Arc<State>, at_once: bool) -> io::Result<()> {
    let stream: Box<dyn Stream> = match &state.tls {
        Some(tls) if at_once => Box::new(tls.accept(stream).await?),
        _ => Box::new(stream),
    };
    let (stream, user) = (BufReader::new(stream), None);
    let mut talk = Talk { state, stream, encrypted: at_once, user, from: String::new(), to: Vec::new() };
    talk.answer(Step::Greeting, "220 relay.example.org ESMTP").await?;
    loop {
        let Some(line) = talk.line().await? else { return Ok(()) };
        match talk.take(&line).await? {
            Next::GoOn => {}
            Next::End => return Ok(()),
            Next::Encrypt => talk = talk.encrypt().await?,
        }
    }
}

impl Talk {
    async fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = String::new();
        let read = (&mut self.stream).take(LINE_BYTES_MAX).read_line(&mut line).await?;
        Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
    }

    async fn write(&mut self, line: &str) -> io::Result<()> {
        let stream = self.stream.get_mut();
        stream.write_all(format!("{line}\r\n").as_bytes()).await?;
        stream.flush().await
    }

    /// Answers at a step, as the relay's manner is. Says whether it went well.
    async fn answer(&mut self, step: Step, good: &str) -> io::Result<bool> {
        let closed = || io::Error::from(io::ErrorKind::ConnectionAborted);
        let manner = locked(&self.state.manner).clone();
        match manner {
            Manner::Say { at, line } if at == step => {
                self.write(&line).await?;
                return Ok(false);
            }
            Manner::Greylist { first } if step == Step::Recipient && first > 0 => {
                *locked(&self.state.manner) = Manner::Greylist { first: first - 1 };
                self.write("450 4.2.0 Greylisted, come again").await?;
                return Ok(false);
            }
            Manner::Close(at) if at == step => return Err(closed()),
            Manner::Silent(at) if at == step => std::future::pending().await,
            Manner::Slow(time) => tokio::time::sleep(time).await,
            Manner::Flood => loop {
                self.write("220-and on and on and on").await?;
            },
            _ => {}
        }
        self.write(good).await?;
        Ok(true)
    }

    async fn take(&mut self, line: &str) -> io::Result<Next> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word.to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" => self.hello().await?,
            "STARTTLS" if self.offers_tls() => {
                return Ok(if self.answer(Step::StartTls, "220 Go ahead").await? { Next::Encrypt } else { Next::GoOn });
            }
            "AUTH" => self.login(rest).await?,
            "MAIL" if self.state.account.is_some() && self.user.is_none() => {
                self.write("530 5.7.0 Authentication required").await?;
            }
            "MAIL" => {
                if self.answer(Step::Sender, "250 OK").await? {
                    (self.from, self.to) = (address(rest), Vec::new());
                }
            }
            "RCPT" => {
                if self.answer(Step::Recipient, "250 OK").await? {
                    self.to.push(address(rest));
                }
            }
            "DATA" if self.to.is_empty() => self.write("503 5.5.1 No recipient").await?,
            "DATA" => {
                if self.answer(Step::Data, "354 Go ahead").await? {
                    self.letter().await?;
                }
            }
            "NOOP" | "RSET" => self.write("250 OK").await?,
            "QUIT" => {
                self.write("221 Bye").await?;
                return Ok(Next::End);
            }
            _ => self.write("500 5.5.2 Not understood").await?,
        }
        Ok(Next::GoOn)
    }

    fn offers_tls(&self) -> bool {
        self.state.tls.is_some() && !self.encrypted && *locked(&self.state.manner) != Manner::WithoutTls
    }

    async fn hello(&mut self) -> io::Result<()> {
        let mut lines = vec!["relay.example.org"];
        if self.offers_tls() {
            lines.push("STARTTLS");
        }
        if self.state.account.is_some() {
            lines.push("AUTH PLAIN");
        }
        lines.push("8BITMIME");
        let last = lines.len() - 1;
        let said = lines.iter().enumerate().map(|(n, line)| format!("250{}{line}", if n == last { ' ' } else { '-' }));
        let said = said.collect::<Vec<_>>().join("\r\n");
        self.answer(Step::Hello, &said).await.map(drop)
    }

    async fn login(&mut self, rest: &str) -> io::Result<()> {
        let given = rest.split_once(' ').and_then(|(_, text)| STANDARD.decode(text).ok());
        let given = given.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        let mut parts = given.split('\0').skip(1);
        let (user, password) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let is_known =
            self.state.account.as_ref().is_some_and(|known| known.user == user && known.password == password);
        if !is_known {
            return self.write("535 5.7.8 Authentication failed").await;
        }
        if self.answer(Step::Login, "235 OK").await? {
            self.user = Some(user.to_owned());
        }
        Ok(())
    }

    async fn letter(&mut self) -> io::Result<()> {
        let mut text = String::new();
        loop {
            let Some(line) = self.line().await? else { return Err(io::ErrorKind::UnexpectedEof.into()) };
            if line == "." {
                break;
            }
            if text.len() > LETTER_BYTES_MAX {
                return self.write("552 5.3.4 Too large").await;
            }
            text += line.strip_prefix('.').unwrap_or(&line);
            text += "\r\n";
        }
        if self.answer(Step::End, "250 2.0.0 Taken").await? {
            let (from, to, user) = (self.from.clone(), self.to.clone(), self.user.clone());
            locked(&self.state.letters).push(Taken { from, to, text, encrypted: self.encrypted, user });
        }
        Ok(())
    }

    /// Goes on encrypted. Who logged in before is forgotten, as is what was said.
    async fn encrypt(self) -> io::Result<Self> {
        let Some(tls) = self.state.tls.clone() else { return Err(io::ErrorKind::Unsupported.into()) };
        let stream: Box<dyn Stream> = Box::new(tls.accept(self.stream.into_inner()).await?);
        let (stream, user) = (BufReader::new(stream), None);
        Ok(Self { state: self.state, stream, encrypted: true, user, from: String::new(), to: Vec::new() })
    }
}

/// What stands between the angle brackets.
fn address(rest: &str) -> String {
    let inner = rest.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map(|(address, _)| address.to_owned()).unwrap_or_default()
}
