//! What comes over the wire, good and bad: acknowledged as the standard says, and one bad message never stops the next.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::pedantic, reason = "a panic is how a test fails")]

mod world;

use cpis_format_hl7v2::mllp::frame;
use cpis_gateway::feed::Limits;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use world::{Adt, PROFILE, Sender, World, said};

fn sample(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../format-hl7v2/samples");
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    text.trim_end().replace("\r\n", "\r").replace('\n', "\r")
}

#[tokio::test]
async fn the_twelve_samples_are_asked_about_as_they_should() {
    let world = World::new().await;
    let child = "9990417008";
    for (number, birth) in [(child, "2019-07-22"), ("9990417024", "2026-03-09"), ("9990417059", "2011-05-30")] {
        world.national.knows(number, birth);
    }
    let mut pas = world.sender().await;
    let before = sample("01-a04-arrival.hl7").replace("~9990417008^^^NHS^NH", "").replace("L4410021", "L4410977");
    let before =
        before.replace("AE26031400771", "AE26031400700").replace("20190722", "20260309").replace("NSTS01", "NSTS03");
    for (name, at, asked) in [
        ("03-a05-planned.hl7", "10:15:00", 0),
        ("05-a28-new-person.hl7", "18:10:00", 0),
        ("before", "18:15:00", 0),
        ("01-a04-arrival.hl7", "18:32:06", 1),
        // A corrected date of birth asks again; it disagrees, so what was shown goes.
        ("04-a08-correction.hl7", "19:00:13", 2),
        ("06-a31-number-found.hl7", "19:44:56", 3),
        ("08-a03-left.hl7", "21:58:13", 3),
        // The admission that follows belongs to the attendance: what is known of it holds.
        ("02-a01-admission.hl7", "21:59:12", 3),
        ("09-a04-maternity.hl7", "22:40:11", 4),
        ("10-a04-escapes.hl7", "23:01:56", 5),
        ("11-a11-cancelled.hl7", "23:10:03", 5),
        ("12-a04-older-system.hl7", "23:30:00", 6),
    ] {
        world.clock.set(&format!("2026-03-14T{at}Z"));
        let message = if name == "before" { before.clone() } else { sample(name) };
        pas.accepted(&message).await;
        let got = world.national.wait_asked(asked).await;
        assert_eq!(got.len(), asked, "{name}");
        world.wait_answered().await;
    }
    world.clock.set("2026-03-15T08:11:23Z");
    pas.accepted(&sample("07-a40-merge.hl7")).await;
    let asked = world.national.asked();
    assert_eq!(asked[0].event, asked[1].event, "the correction is no new event");
    let shown: Vec<_> = world.pas.wait(5).await.iter().map(|message| said(message)).collect();
    let of = |visit: &str| shown.iter().filter(|(_, _, of)| of == visit).map(|(what, ..)| *what).collect::<Vec<_>>();
    assert_eq!(of("AE26031400771"), ["shown", "withdrawn"]);
    assert_eq!(of("AE26031400700"), ["shown"]);
    assert_eq!(of("IP26031400112"), ["shown", "withdrawn"]);
    // Marked as a default date of birth, and the number is not verified: not shown.
    assert_eq!(of("AE26031400820"), [""; 0]);
}

#[tokio::test]
async fn acknowledgements_say_what_became_of_a_message() {
    let world = World::new().await;
    let mut pas = world.sender().await;
    let good = Adt { id: "20260314183205000101", ..Adt::default() }.text();
    for (message, code, id) in [
        (good.clone(), "AA", "20260314183205000101"),
        (good.replace("|P|2.4", "|T|2.4"), "AR", "20260314183205000101"),
        (good.replace("|P|2.4", "|P|3.0"), "AR", "20260314183205000101"),
        (good.replace("ADT^A04", "ADT^A60").replace("000101", "000102"), "AA", "20260314183205000102"),
        (good.replace("ADT^A04", "ORU^R01"), "AA", "20260314183205000101"),
        (good.replace("|PAS|RR8|CPGW", "|CPGW|RR8|PAS"), "AA", "20260314183205000101"),
        (good.replace("|20260314183205000101|", "||"), "AR", ""),
        ("BHS|^~\\&|PAS\rMSH|^~\\&|PAS|RR8|||1||ADT^A04|7|P|2.4\r".to_owned(), "AR", ""),
        ("hello".to_owned(), "AR", ""),
        (String::new(), "AR", ""),
        (good.clone(), "AA", "20260314183205000101"),
    ] {
        let (told, about) = pas.send(&message).await;
        assert_eq!((told.as_str(), about.as_str()), (code, id), "{message}");
    }
    // Nothing of the patient is in an answer.
    pas.write(&good.replace("|P|2.4", "|T|2.4")).await;
    let answer = pas.read().await.unwrap();
    assert!(!answer.contains("TESTCHILD") && !answer.contains("L4410021") && !answer.contains("9990417008"));
}

#[tokio::test]
async fn the_enhanced_mode_answers_what_is_asked() {
    let world = World::new().await;
    let mut pas = world.sender().await;
    let asking = |id: &str, accept: &str, application: &str| {
        Adt { id, ..Adt::default() }.text().replace("|P|2.4\r", &format!("|P|2.4|||{accept}|{application}\r"))
    };
    let code = |answer: &str| answer.split("MSA|").nth(1).unwrap()[..2].to_owned();
    pas.write(&asking("1", "AL", "AL")).await;
    let both = [pas.read().await.unwrap(), pas.read().await.unwrap()];
    assert_eq!(both.map(|answer| code(&answer)), ["CA", "AA"]);
    pas.write(&asking("2", "NE", "NE")).await;
    pas.write(&asking("3", "NE", "AL")).await;
    let answer = pas.read().await.unwrap();
    assert!(code(&answer) == "AA" && answer.contains("|3\r"), "the second has no answer: {answer}");
    pas.write(&asking("4", "SU", "ER")).await;
    assert_eq!(code(&pas.read().await.unwrap()), "CA");
}

#[tokio::test]
async fn an_acknowledgement_that_comes_in_is_not_answered() {
    let world = World::new().await;
    let mut pas = world.sender().await;
    pas.write("MSH|^~\\&|PAS|RR8|CPGW|RR8|1||ACK^A04|7|P|2.4\rMSA|AA|1\r").await;
    pas.accepted(&Adt::default().text()).await;
}

#[tokio::test]
async fn frames_may_be_split_joined_and_dirty() {
    let world = World::new().await;
    let mut pas = world.sender().await;
    let framed = |id: &str| frame(Adt { id, ..Adt::default() }.text().as_bytes());
    for byte in framed("1") {
        pas.stream.write_all(&[byte]).await.unwrap();
    }
    assert!(pas.read().await.unwrap().contains("MSA|AA|1"));
    // Junk before, three at once, the last without its CR and after an open one that never ended.
    let mut bytes = b"\r\n junk \n".to_vec();
    bytes.extend([framed("2"), framed("3")].concat());
    bytes.extend(b"\x0BMSH|^~\\&|PAS|never ended");
    bytes.extend(&framed("4")[..framed("4").len() - 1]);
    pas.stream.write_all(&bytes).await.unwrap();
    for id in ["2", "3", "4"] {
        assert!(pas.read().await.unwrap().contains(&format!("MSA|AA|{id}")));
    }
}

#[tokio::test]
async fn other_protocols_and_endless_frames_are_shut_out_and_others_go_on() {
    let limits = Limits { message_bytes_max: 16 * 1024, idle: Duration::from_millis(200), ..Limits::default() };
    let world = World::with(PROFILE, limits).await;
    for hello in
        [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"MSH|^~\\&|PAS|unframed"]
    {
        let mut stranger = world.sender().await;
        stranger.stream.write_all(hello).await.unwrap();
        assert_eq!(stranger.read().await, None);
    }
    // Too long: answered AR, then closed, with its rest unread.
    let mut long = world.sender().await;
    let message = format!("MSH|^~\\&|PAS|RR8|CPGW|RR8|1||ADT^A04|77|P|2.4\rOBX|1|ED|{}", "A".repeat(64 * 1024));
    let _ = long.stream.write_all(&frame(message.as_bytes())).await;
    let answer = long.read().await.unwrap_or_default();
    assert!(answer.contains("MSA|AR|77"), "{answer}");
    assert_eq!(long.read().await, None);
    // A frame that begins and goes nowhere.
    let mut slow = world.sender().await;
    slow.stream.write_all(b"\x0BMSH|^~\\&|PAS").await.unwrap();
    assert_eq!(slow.read().await, None);
    world.sender().await.accepted(&Adt::default().text()).await;
}

#[tokio::test]
async fn a_storm_of_connections_is_limited_and_passes() {
    let limits = Limits { connections_max: 3, ..Limits::default() };
    let world = World::with(PROFILE, limits).await;
    let mut held = Vec::new();
    for id in ["1", "2", "3"] {
        let mut sender = world.sender().await;
        sender.accepted(&Adt { id, ..Adt::default() }.text()).await;
        held.push(sender);
    }
    for _ in 0..50 {
        let mut surplus = world.sender().await;
        assert_eq!(surplus.read().await, None);
    }
    held[0].accepted(&Adt { id: "4", ..Adt::default() }.text()).await;
    held.clear();
    // Once they are gone there is room again.
    let until = async {
        loop {
            let mut next = Sender::connect(world.mllp).await;
            if next.stream.write_all(&frame(Adt { id: "5", ..Adt::default() }.text().as_bytes())).await.is_ok()
                && next.read().await.is_some()
            {
                return;
            }
        }
    };
    tokio::time::timeout(world::PATIENCE, until).await.unwrap();
}

#[tokio::test]
async fn a_sender_that_does_not_wait_is_answered_in_order_and_one_that_never_reads_is_closed() {
    let limits = Limits { unread: Duration::from_millis(100), ..Limits::default() };
    let world = World::with(PROFILE, limits).await;
    let pas = world.sender().await;
    let ids: Vec<String> = (0..200).map(|n| format!("M{n}")).collect();
    let all: Vec<u8> = ids.iter().flat_map(|id| frame(Adt { id, ..Adt::default() }.text().as_bytes())).collect();
    let (mut reading, mut writing) = pas.stream.into_split();
    let writer = tokio::spawn(async move {
        writing.write_all(&all).await.unwrap();
        writing
    });
    let mut answers = String::new();
    let mut bytes = [0; 4096];
    while !answers.contains("MSA|AA|M199") {
        let count = reading.read(&mut bytes).await.unwrap();
        assert!(count > 0, "closed");
        answers.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    let order: Vec<&str> = answers.split("MSA|AA|").skip(1).map(|rest| rest.split('\r').next().unwrap()).collect();
    assert_eq!(order, ids);
    drop(writer.await.unwrap());
    // Never reads: the gateway's answers fill the buffers, and the connection ends. Others do not notice.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut silent = socket.connect(world.mllp).await.unwrap();
    let message = frame(Adt::default().text().as_bytes());
    let until = async { while silent.write_all(&message).await.is_ok() {} };
    tokio::time::timeout(world::PATIENCE, until).await.expect("the connection ends");
    world.sender().await.accepted(&Adt { id: "other", ..Adt::default() }.text()).await;
}

#[tokio::test]
async fn the_page_shows_what_is_not_checked_and_whole_numbers_to_the_token_alone() {
    let world = World::new().await;
    let mut pas = world.sender().await;
    let message = Adt { number: None, local: "<b>L1234567", ..Adt::default() }.text();
    pas.accepted(&message).await;
    world.wait_unchecked(&[("<b>L1234567", "no-number")]).await;
    let get = async |line: &str, authorization: &str| {
        let mut stream = tokio::net::TcpStream::connect(world.page).await.unwrap();
        let request = format!("{line} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n{authorization}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let page = get("GET /", "").await;
    assert!(page.contains("1 patients are not checked") || page.contains("1 patient is not checked"), "{page}");
    assert!(page.contains("…567") && !page.contains("L1234567") && !page.contains("<script"));
    assert!(page.contains("content-security-policy") && page.contains("no-store"));
    assert!(get("GET /full", "").await.starts_with("HTTP/1.1 401"));
    assert!(get("GET /full", "Authorization: Bearer open sesam\r\n").await.starts_with("HTTP/1.1 401"));
    // "any:open sesame"
    let whole = get("GET /full", "Authorization: Basic YW55Om9wZW4gc2VzYW1l\r\n").await;
    assert!(whole.contains("L1234567") && whole.contains("&#60;b&#62;L1234567"), "{whole}");
    assert!(get("GET /health/ready", "").await.contains("ready"));
    assert!(get("POST /notes/1/done", "Content-Length: 0\r\n").await.starts_with("HTTP/1.1 401"));
    let bearer = "Authorization: Bearer open sesame\r\nContent-Length: 0\r\n";
    assert!(get("POST /notes/1/done", bearer).await.starts_with("HTTP/1.1 404"));
}
