//! Letters over a real socket to a relay that takes, refuses, puts off, is slow, closes and talks nonsense.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

use cpis_app::emails::{EmailFault, Emailer, Kind, Letter};
use cpis_model::Timestamp;
use cpis_model::record_text::Email;
use cpis_outbound_email::{Login, Security, Settings, Smtp};
use cpis_testkit::smtp::{Account, Manner, SmtpServer, Step};
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

const LINK: &str = "https://cpis.example.org/notices";

/// A certificate for localhost, and what serves it.
fn tls() -> (Vec<u8>, TlsAcceptor) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = builder.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    (made.cert.pem().into_bytes(), TlsAcceptor::from(Arc::new(config)))
}

fn account() -> Account {
    Account { user: "cpis".to_owned(), password: "a password of tests".to_owned() }
}

fn settings(relay: &SmtpServer, security: Security, authorities_pem: &[u8]) -> Settings {
    Settings {
        host: "localhost".to_owned(),
        port: relay.address().port(),
        security,
        login: None,
        from: "cpis@nhs.example.org".parse().unwrap(),
        name: "Child protection information sharing".to_owned(),
        authorities_pem: authorities_pem.to_vec(),
        timeout: Duration::from_secs(20),
    }
}

fn at() -> Timestamp {
    "2026-02-20T21:47:03Z".parse().unwrap()
}

async fn send(smtp: &Smtp, kind: Kind) -> Result<(), EmailFault> {
    let to: Email = "duty@camden.example.org".parse().unwrap();
    smtp.send(&Letter { to: &to, kind, link: LINK, id: "4f2a", at: at() }).await
}

async fn plain() -> (SmtpServer, Smtp) {
    let relay = SmtpServer::start("127.0.0.1:0".parse().unwrap(), None, None).await.unwrap();
    let smtp = Smtp::new(&settings(&relay, Security::Plain, &[])).unwrap();
    (relay, smtp)
}

#[tokio::test]
async fn a_letter_says_that_there_are_notices_and_where_and_nothing_else() {
    let (relay, smtp) = plain().await;
    send(&smtp, Kind::Notices).await.unwrap();
    send(&smtp, Kind::Unread { minutes: 30 }).await.unwrap();
    send(&smtp, Kind::Trial).await.unwrap();
    let letters = relay.letters();
    assert_eq!(letters[0].from, "cpis@nhs.example.org");
    assert_eq!(letters[0].to, ["duty@camden.example.org"]);
    let fields = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type"];
    let found = fields.map(|name| letters[0].field(name).unwrap_or_default());
    assert_eq!(
        found,
        [
            "cpis@nhs.example.org",
            "duty@camden.example.org",
            "You have notices to read",
            "Fri, 20 Feb 2026 21:47:03 +0000",
            "<4f2a@nhs.example.org>",
            "auto-generated",
            "text/plain; charset=utf-8",
        ]
    );
    let body = letters[0].text.split_once("\r\n\r\n").unwrap().1;
    assert_eq!(
        body,
        "There are notices for your authority.\r\n\r\nSign in to read them:\r\nhttps://cpis.example.org/notices\r\n\r\n\
         This e-mail is sent by a machine: do not reply to it.\r\n\
         On purpose, it does not say what a notice is about.\r\n\r\nChild protection information sharing\r\n\r\n"
    );
    assert_eq!(letters[1].field("Subject"), Some("Notices have not been read"));
    assert!(letters[1].text.contains("Nobody has read notices from urgent care for 30 minutes or more."));
    assert!(letters[2].text.contains("This is a test") && letters[2].text.contains(LINK));
}

#[tokio::test]
async fn a_letter_goes_encrypted_with_a_login_or_not_at_all() {
    let (pem, acceptor) = tls();
    let bind = "127.0.0.1:0".parse().unwrap();
    let relay = SmtpServer::start(bind, Some(acceptor.clone()), Some(account())).await.unwrap();
    let login = |password: &str| Some(Login { user: "cpis".to_owned(), password: password.to_owned().into() });
    let with = |security, pem: &[u8], password: &str| {
        Smtp::new(&Settings { login: login(password), ..settings(&relay, security, pem) }).unwrap()
    };
    let good = with(Security::StartTls, &pem, "a password of tests");
    send(&good, Kind::Notices).await.unwrap();
    let letter = relay.letters().remove(0);
    assert!(letter.encrypted && letter.user.as_deref() == Some("cpis"));

    let refused = async |smtp: &Smtp| matches!(send(smtp, Kind::Notices).await, Err(EmailFault::Refused { .. }));
    assert!(refused(&with(Security::StartTls, &pem, "another")).await, "another password");
    let (other, _) = tls();
    assert!(refused(&with(Security::StartTls, &other, "a password of tests")).await, "another authority's certificate");
    relay.from_now_on(Manner::WithoutTls);
    assert!(refused(&good).await, "STARTTLS was taken out on the way");
    relay.from_now_on(Manner::Say { at: Step::StartTls, line: "454 4.7.0 Not now".to_owned() });
    assert!(matches!(send(&good, Kind::Notices).await, Err(EmailFault::Away { .. })));
    assert_eq!(relay.letters().len(), 1);

    let relay = SmtpServer::start_encrypted(bind, acceptor, None).await.unwrap();
    let smtp = Smtp::new(&settings(&relay, Security::Tls, &pem)).unwrap();
    send(&smtp, Kind::Notices).await.unwrap();
    assert!(relay.letters()[0].encrypted);
}

#[tokio::test]
async fn what_a_relay_says_is_told_apart_and_its_words_are_not_repeated() {
    let (relay, smtp) = plain().await;
    let says = |at, line: &str| Manner::Say { at, line: line.to_owned() };
    for (manner, expected) in [
        (says(Step::Greeting, "554 duty@camden.example.org is not welcome"), "Refused"),
        (says(Step::Greeting, "421 closing"), "Away"),
        (says(Step::Sender, "550 who are you"), "Refused"),
        (says(Step::Sender, "451 later"), "Away"),
        (says(Step::Recipient, "450 4.2.0 duty@camden.example.org is greylisted"), "Later"),
        (says(Step::Recipient, "550 5.1.1 duty@camden.example.org is unknown"), "Never"),
        (says(Step::Recipient, "421 closing"), "Away"),
        (says(Step::Data, "452 full"), "Later"),
        (says(Step::End, "451 come again"), "Later"),
        (says(Step::End, "554 duty@camden.example.org gets no such thing"), "Never"),
        (says(Step::Hello, "no answer of SMTP"), "Away"),
        (Manner::Close(Step::Greeting), "Away"),
        (Manner::Close(Step::Recipient), "Away"),
        (Manner::Close(Step::End), "Away"),
        (Manner::Flood, "Away"),
    ] {
        relay.from_now_on(manner.clone());
        let fault = send(&smtp, Kind::Notices).await.unwrap_err();
        let told = format!("{fault:?}");
        assert!(told.starts_with(expected), "{manner:?}: {told}");
        assert!(!told.contains('@') && !told.contains("camden"), "{told}");
    }
    relay.from_now_on(Manner::Greylist { first: 2 });
    let mut tries = 0;
    while send(&smtp, Kind::Notices).await.is_err() {
        tries += 1;
    }
    assert_eq!((tries, relay.letters().len()), (2, 1));
}

#[tokio::test]
async fn nobody_waits_for_a_relay_that_is_slow_and_none_is_away() {
    let (relay, _) = plain().await;
    let short = Settings { timeout: Duration::from_millis(300), ..settings(&relay, Security::Plain, &[]) };
    let smtp = Smtp::new(&short).unwrap();
    for manner in [Manner::Silent(Step::Greeting), Manner::Silent(Step::End), Manner::Slow(Duration::from_secs(5))] {
        relay.from_now_on(manner);
        assert!(matches!(send(&smtp, Kind::Notices).await, Err(EmailFault::Away { .. })));
    }
    assert!(relay.letters().is_empty() && relay.connections() == 3);
    drop(relay);
    assert!(matches!(send(&smtp, Kind::Notices).await, Err(EmailFault::Away { .. })));
}
