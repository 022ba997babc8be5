//! An authority's system subscribes at the demo and is told: a handshake, then each event, signed; and again after it failed.

use crate::child::Demo;
use crate::installation::{question, request, try_send};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
const TYPE: (&str, &str) = ("content-type", "application/fhir+json");
const SUBSCRIPTION: &str = "/cpis/FHIR/R4/Subscription";

/// What came to the authority's system.
struct Came {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Came {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn parameter(&self, name: &str) -> Value {
        let json = self.json();
        let parameters = json["entry"][0]["resource"]["parameter"].as_array().unwrap();
        parameters.iter().find(|parameter| parameter["name"] == name).cloned().unwrap_or_default()
    }

    fn number(&self) -> u64 {
        let event = self.parameter("notification-event");
        event["part"][0]["valueString"].as_str().unwrap().parse().unwrap()
    }

    /// Checks the signature as the page for integrators says.
    fn is_signed(&self, secret: &[u8]) -> bool {
        let signature = self.header("cpis-signature");
        let (time, hash) = signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
        mac.update([time, ".", self.header("cpis-delivery"), "."].concat().as_bytes());
        mac.update(&self.body);
        mac.verify_slice(&data_encoding::HEXLOWER.decode(hash.as_bytes()).unwrap()).is_ok()
    }
}

/// The authority's system: answers 200, or what it was told to answer next.
struct System {
    address: SocketAddr,
    next: Arc<Mutex<VecDeque<u16>>>,
    came: Receiver<Came>,
}

impl System {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let next: Arc<Mutex<VecDeque<u16>>> = Arc::default();
        let (send, came) = channel();
        let answers = next.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut headers = Vec::new();
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
                        break;
                    }
                    let (name, value) = line.split_once(':').unwrap_or((&line, ""));
                    headers.push((name.to_lowercase(), value.trim().to_owned()));
                }
                let length = headers.iter().find(|(name, _)| name == "content-length");
                let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
                reader.read_exact(&mut body).unwrap();
                let status = answers.lock().unwrap().pop_front().unwrap_or(200);
                let _ = write!(stream, "HTTP/1.1 {status} So\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                if send.send(Came { headers, body }).is_err() {
                    return;
                }
            }
        });
        Self { address, next, came }
    }

    fn next(&self) -> Came {
        self.came.recv_timeout(PATIENCE).unwrap()
    }
}

#[test]
fn an_authority_s_system_is_told_and_told_again_after_it_failed() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(&folder.path().join("data"), folder.path());
    let ready = demo.ready();
    let (web, token) = (ready["web"].as_str().unwrap(), ready["tokens"]["authority"].as_str().unwrap());
    let address: SocketAddr = web.strip_prefix("http://").unwrap().trim_end_matches('/').parse().unwrap();
    let system = System::start();
    let body = json!({
        "resourceType": "Subscription", "status": "requested", "reason": "a journey",
        "criteria": "https://cpis.example.org/SubscriptionTopic/access-to-service",
        "channel": {
            "type": "rest-hook", "endpoint": format!("http://{}/notify", system.address),
            "payload": "application/fhir+json", "header": ["X-Key: a word"]
        }
    });
    let made = request("POST", SUBSCRIPTION, token, &[TYPE], body.to_string().as_bytes());
    let made = try_send(address, &made).unwrap();
    assert_eq!(made.status, 201, "{}", made.head);
    let head = made.head.to_lowercase();
    let secret = head.lines().find_map(|line| line.strip_prefix("cpis-subscription-secret: ")).unwrap();
    let secret = data_encoding::HEXLOWER.decode(secret.trim().as_bytes()).unwrap();
    let id = serde_json::from_slice::<Value>(&made.body).unwrap()["id"].as_str().unwrap().to_owned();

    let handshake = system.next();
    assert_eq!(handshake.parameter("type")["valueCode"], "handshake");
    assert!(handshake.is_signed(&secret) && !handshake.is_signed(&[1; 32]));
    assert_eq!((handshake.header("content-type"), handshake.header("x-key")), ("application/fhir+json", "a word"));

    system.next.lock().unwrap().extend([200, 500, 500, 500]);
    let nurse = ready["tokens"]["clinician"].as_str().unwrap();
    let children = ["cpp", "lac", "two_plans", "two_authorities"].map(|name| ready["examples"][name].as_str().unwrap());
    for child in children {
        assert_eq!(
            try_send(address, &question(nurse, child, "60e0b220-8136-4ca5-ae46-1d97ef59d068")).unwrap().status,
            200
        );
    }
    let first = system.next();
    assert_eq!((first.parameter("type")["valueCode"].as_str(), first.number()), (Some("event-notification"), 1));
    assert!(first.is_signed(&secret));
    let words = String::from_utf8(first.body.clone()).unwrap();
    assert!(children.iter().all(|child| !words.contains(child)), "no number leaves");
    // What happened is fetched under the authority's own token.
    let event = first.parameter("notification-event");
    let focus = event["part"][2]["valueReference"]["reference"].as_str().unwrap();
    let fetched = try_send(address, &request("GET", focus.strip_prefix(web).unwrap(), token, &[], b"")).unwrap();
    let notice: Value = serde_json::from_slice(&fetched.body).unwrap();
    assert!(fetched.status == 200 && children.contains(&notice["nhs_number"].as_str().unwrap()), "{notice}");

    let tries: Vec<Came> = (0..4).map(|_| system.next()).collect();
    for tried in &tries {
        assert_eq!((tried.number(), tried.header("cpis-delivery")), (2, tries[0].header("cpis-delivery")));
        assert!(tried.body == tries[0].body && tried.is_signed(&secret), "the same to the byte, signed anew");
    }
    assert_ne!(first.header("cpis-delivery"), tries[0].header("cpis-delivery"));

    let status = request("GET", &format!("{SUBSCRIPTION}/{id}/$status"), token, &[], b"");
    let status = try_send(address, &status).unwrap();
    assert!(status.status == 200 && String::from_utf8(status.body).unwrap().contains("\"active\""));
    demo.end();
}
