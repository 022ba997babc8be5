//! One letter to the relay, command by command: what is refused, and at which step, decides what happens next.

use crate::judge::{Seen, Step, judge};
use crate::letter;
use crate::settings::{Checked, Faults, Security, Settings};
use async_trait::async_trait;
use cpis_app::emails::{EmailFault, Emailer, Letter};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use std::time::Duration;

/// Longest time until the connection stands.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for a goodbye after the letter was taken.
const GOODBYE: Duration = Duration::from_secs(2);

/// A relay to which letters go.
pub struct Smtp(Checked);

impl Smtp {
    /// A relay with these settings; everything that is wrong with them otherwise. Nothing is connected to yet.
    pub fn new(settings: &Settings) -> Result<Self, Faults> {
        settings.check().map(Self)
    }

    /// Greets the relay as for a letter, logs in, and leaves.
    pub async fn greet(&self) -> Result<(), EmailFault> {
        let greeted = async {
            let mut relay = self.connected().await?;
            let _ = tokio::time::timeout(GOODBYE, relay.quit()).await;
            Ok(())
        };
        let greeted = tokio::time::timeout(self.0.timeout, greeted).await;
        greeted.unwrap_or_else(|_| Err(EmailFault::Away { why: "the relay takes too long".to_owned() }))
    }

    async fn connected(&self) -> Result<AsyncSmtpConnection, EmailFault> {
        let Checked { host, port, hello, tls, .. } = &self.0;
        let at_once = (self.0.security == Security::Tls).then(|| tls.clone());
        let server = (host.as_str(), *port);
        let connected = AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT_TIMEOUT), hello, at_once, None).await;
        let mut relay = connected.map_err(at(Step::Connect))?;
        if self.0.security == Security::StartTls {
            if !relay.can_starttls() {
                return Err(judge(Step::StartTls, Seen::Lacks));
            }
            relay.starttls(tls.clone(), hello).await.map_err(at(Step::StartTls))?;
        }
        if let Some(login) = &self.0.login {
            let credentials = Credentials::new(login.user.clone(), login.password.to_string());
            relay.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await.map_err(at(Step::Login))?;
        }
        Ok(relay)
    }

    async fn attempt(&self, letter: &Letter<'_>) -> Result<(), EmailFault> {
        let unfit = || EmailFault::Never { why: "the address is none to which a letter can go".to_owned() };
        let to = letter.to.as_str().parse().map_err(|_| unfit())?;
        let message = letter::message(letter, &self.0).ok_or_else(unfit)?;
        let mut relay = self.connected().await?;
        relay.command(Mail::new(Some(self.0.from.clone()), Vec::new())).await.map_err(at(Step::Sender))?;
        relay.command(Rcpt::new(to, Vec::new())).await.map_err(at(Step::Recipient))?;
        relay.command(Data).await.map_err(at(Step::Content))?;
        relay.message(&message).await.map_err(at(Step::Content))?;
        // It is taken: what comes after that is courtesy.
        let _ = tokio::time::timeout(GOODBYE, relay.quit()).await;
        Ok(())
    }
}

fn at(step: Step) -> impl Fn(Error) -> EmailFault {
    move |error| judge(step, Seen::from(&error))
}

#[async_trait]
impl Emailer for Smtp {
    async fn send(&self, letter: &Letter<'_>) -> Result<(), EmailFault> {
        let sent = tokio::time::timeout(self.0.timeout, self.attempt(letter)).await;
        sent.unwrap_or_else(|_| Err(EmailFault::Away { why: "the relay takes too long".to_owned() }))
    }
}
