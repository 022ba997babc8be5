//! What feeds send that is not as it should be, over the wire: what is acknowledged, asked, told to the PAS and left for somebody to look
//! at. Each in a hospital of its own; all of it in one golden file.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::pedantic,
    reason = "a panic is how a test fails"
)]

mod world;

use cpis_format_hl7v2::ack;
use cpis_format_hl7v2::mllp::frame;
use cpis_gateway::feed::Limits;
use expect_test::expect_file;
use std::fmt::Write;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use world::{PATIENCE, PROFILE, Sender, World, said};

/// An arrival as it should be.
const ARRIVAL: &str = "\
MSH|^~\\&|PAS|RR8|CPGW|RR8|20260314183205||ADT^A04^ADT_A01|77|P|2.4
EVN|A04|20260314183203||||20260314183000
PID|1||L4410021^^^RR8^MR~9990417008^^^NHS^NH||TESTCHILD^SAMUEL||20190722|M||||||||||||||||||||||||NSTS01
PV1|1|E|ED^PAEDS^C04^RR813|||||||180|||||||||AE1^^^RR8AE^VN|||||||||||||||||||||||||20260314183000
";

/// A merge as it should be.
const MERGE: &str = "\
MSH|^~\\&|PAS|RR8|CPGW|RR8|20260314183205||ADT^A40^ADT_A39|78|P|2.4
EVN|A40|20260314183203||||20260314183100
PID|1||L4410021^^^RR8^MR~9990417008^^^NHS^NH||TESTCHILD^SAMUEL||20190722|M
MRG|L4399016^^^RR8^MR~9990417040^^^NHS^NH
";

/// The record that is merged away.
const OLD: Edits = &[("L4410021", "L4399016"), ("9990417008", "9990417040"), ("AE1^", "AE9^"), ("NSTS01", "NSTS02")];

type Edits<'a> = &'a [(&'a str, &'a str)];

/// What is sent at a time.
enum Step {
    /// A framed message, and what is answered.
    Message(Vec<u8>),
    /// A framed message to which nothing is answered.
    Quiet(Vec<u8>),
    /// Bytes as they are, until the connection is closed.
    Raw(Vec<u8>),
    /// The clock.
    At(&'static str),
}

fn edited(base: &str, edits: Edits) -> String {
    let mut text = base.to_owned();
    for (from, to) in edits {
        assert!(text.contains(from), "the message has no {from:?}");
        text = text.replacen(from, to, 1);
    }
    text.replace('\n', "\r")
}

fn arrival(edits: Edits) -> Step {
    Step::Message(edited(ARRIVAL, edits).into_bytes())
}

fn merge(edits: Edits) -> Step {
    Step::Message(edited(MERGE, edits).into_bytes())
}

/// The arrival as another event, some minutes later.
fn later(event: &str, minute: u32, edits: Edits) -> Step {
    let text = edited(ARRIVAL, &[("ADT^A04^ADT_A01", &format!("ADT^{event}")), ("EVN|A04", &format!("EVN|{event}"))]);
    let text = text.replacen("20260314183203", &format!("202603141{:02}03", 832 + minute), 1);
    let at = format!("|||202603141{:02}00\rPID", 830 + minute);
    let text = text.replacen("|||20260314183000\rPID", &at, 1);
    Step::Message(edited(&text, edits).into_bytes())
}

async fn conversation(steps: &[Step]) -> String {
    let limits = Limits { idle: Duration::from_millis(200), ..Limits::default() };
    let world = World::with(PROFILE, limits).await;
    for (number, birth) in [("9990417008", "2019-07-22"), ("9990417016", "2019-07-22"), ("9990417040", "2019-07-22")] {
        world.national.knows(number, birth);
    }
    let mut told = String::new();
    let mut pas = world.sender().await;
    for step in steps {
        match step {
            Step::At(time) => {
                world.clock.set(time);
                writeln!(told, "at {time}").unwrap();
            }
            Step::Quiet(message) => {
                pas.stream.write_all(&frame(message)).await.unwrap();
                writeln!(told, "> {} < nothing", name(message)).unwrap();
            }
            Step::Message(message) => {
                pas.stream.write_all(&frame(message)).await.unwrap();
                let answer = pas.read().await.expect("an answer");
                writeln!(told, "> {} < {}", name(message), answered(&answer)).unwrap();
                settled(&world).await;
            }
            Step::Raw(bytes) => {
                let mut other = Sender::connect(world.mllp).await;
                // It may be closed before all of it is taken.
                let _ = other.stream.write_all(bytes).await;
                let mut answers = Vec::new();
                while let Some(answer) = other.read().await {
                    answers.push(answered(&answer) + ", ");
                }
                writeln!(told, "> {} bytes < {}closed", bytes.len(), answers.concat()).unwrap();
            }
        }
    }
    // One bad message never stops the next: on the same connection an adult, who needs nothing.
    let adult = edited(ARRIVAL, &[("|77|", "|999|"), ("20190722", "19700101"), ("L4410021", "L1"), ("AE1^", "AE0^")]);
    pas.accepted(&adult).await;
    settled(&world).await;
    for got in world.national.asked() {
        let birth = got.birth.map_or("no date of birth".to_owned(), |birth| birth.to_string());
        writeln!(told, "asked {} {birth} at {}", got.number, got.site).unwrap();
    }
    for message in world.pas.got.borrow().iter() {
        let (what, local, visit) = said(message);
        writeln!(told, "{what} {local} {visit}").unwrap();
    }
    for (local, reason) in world.unchecked().await {
        writeln!(told, "not checked {local}: {reason}").unwrap();
    }
    for kind in world.notes().await {
        writeln!(told, "to look at: {kind}").unwrap();
    }
    told
}

/// Waits until no question waits that can be answered, and the PAS has all that it is owed.
async fn settled(world: &World) {
    let until = async {
        loop {
            let status = world.store.status().await.unwrap();
            if status.asks.0 == 0 && status.pushes.iter().all(|(_, waiting, _)| *waiting == 0) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, until).await.expect("all is asked and told");
}

fn name(message: &[u8]) -> String {
    let text = String::from_utf8_lossy(message);
    let line = text.split('\r').next().unwrap();
    match line.split('|').nth(8) {
        Some(event) => format!("{event} {}", line.split('|').nth(9).unwrap_or_default()).trim_end().to_owned(),
        None => "?".to_owned(),
    }
}

fn answered(answer: &str) -> String {
    let read = ack::read(answer.as_bytes()).unwrap();
    let code = read.code.map_or("??", ack::Code::as_str);
    let about = if read.control_id.is_empty() { "-".to_owned() } else { read.control_id };
    read.error.map_or(format!("{code} {about}"), |error| format!("{code} {about} {error}"))
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn all() -> Vec<(&'static str, Vec<Step>)> {
    let number = "~9990417008^^^NHS^NH";
    let flood = || {
        let person = |n: usize| {
            let (local, id) = (format!("L90{n:03}"), format!("|7{n:03}|"));
            edited(
                ARRIVAL,
                &[("ADT^A04^ADT_A01", "ADT^A28"), ("EVN|A04", "EVN|A28"), ("L4410021", &local), ("|77|", &id)],
            )
        };
        let no_visit = |text: String| text.split("PV1|").next().unwrap().to_owned();
        let mut steps = vec![arrival(&[])];
        steps.extend((0..20).map(|n| Step::Message(no_visit(person(n)).into_bytes())));
        steps
    };
    let without_visit = |text: String| Step::Message(text.split("PV1|").next().unwrap().as_bytes().to_vec());
    let long = format!("{}OBX|1|ED|{}\r", edited(ARRIVAL, &[]), "A".repeat(10 * 1024 * 1024));
    let latin: Vec<u8> = edited(ARRIVAL, &[("SAMUEL", "ZO\u{cb}")]).chars().map(|c| c as u8).collect();
    vec![
        ("as it should be", vec![arrival(&[])]),
        ("structure of another event in MSH-9", vec![arrival(&[("ADT_A01", "ADT_A05")])]),
        ("the event in EVN-1 alone", vec![arrival(&[("ADT^A04^ADT_A01", "ADT")])]),
        ("merge with structure ADT_A39", vec![arrival(&[]), arrival(OLD), merge(&[])]),
        ("merge with structure ADT_A40", vec![arrival(&[]), arrival(OLD), merge(&[("ADT_A39", "ADT_A40")])]),
        ("merge with structure ADT_A34", vec![arrival(&[]), arrival(OLD), merge(&[("ADT_A39", "ADT_A34")])]),
        ("merge in the old form", vec![arrival(OLD), merge(&[("A40^ADT_A39", "A34^ADT_A30"), ("EVN|A40", "EVN|A34")])]),
        (
            "PV1 after MRG",
            vec![arrival(OLD), merge(&[("NH\n", "NH\n"), ("9990417040^^^NHS^NH\n", "9990417040^^^NHS^NH\nPV1|1|N\n")])],
        ),
        ("a bare number in MRG-1", vec![arrival(OLD), merge(&[("L4399016^^^RR8^MR~9990417040^^^NHS^NH", "L4399016")])]),
        (
            "two persons in one merge",
            vec![
                arrival(OLD),
                merge(&[("9990417040^^^NHS^NH\n", "9990417040^^^NHS^NH\nPID|2||L5^^^RR8^MR\nMRG|L6^^^RR8^MR\n")]),
            ],
        ),
        ("a merge before the arrival", vec![merge(&[]), arrival(OLD)]),
        ("merged into herself", vec![arrival(&[]), merge(&[("L4399016", "L4410021"), ("9990417040", "9990417008")])]),
        (
            "a merge of two open visits",
            vec![
                arrival(&[]),
                arrival(&[("L4410021", "L4399016"), ("AE1^", "AE9^"), ("RR813", "RR814")]),
                merge(&[("~9990417040^^^NHS^NH", "")]),
            ],
        ),
        (
            "a chain of merges",
            vec![
                arrival(&[("L4410021", "A1"), (number, "")]),
                merge(&[("L4410021", "B1"), (number, ""), ("L4399016", "A1"), ("~9990417040^^^NHS^NH", "")]),
                merge(&[("L4410021", "C1"), ("L4399016", "B1"), ("~9990417040^^^NHS^NH", ""), ("|78|", "|79|")]),
            ],
        ),
        (
            "a chain of merges that leads back",
            vec![
                arrival(&[("L4410021", "A1")]),
                merge(&[("L4410021", "B1"), ("L4399016", "A1"), ("~9990417040^^^NHS^NH", "")]),
                merge(&[("L4410021", "A1"), ("L4399016", "B1"), ("~9990417040^^^NHS^NH", ""), ("|78|", "|79|")]),
            ],
        ),
        (
            "a wrong identifier corrected",
            vec![
                arrival(&[("9990417008", "9990417040")]),
                merge(&[("A40^ADT_A39", "A47^ADT_A30"), ("EVN|A40", "EVN|A47"), ("MRG|L4399016^^^RR8^MR~", "MRG|")]),
            ],
        ),
        (
            "persons linked",
            vec![
                arrival(&[]),
                merge(&[("A40^ADT_A39", "A24^ADT_A24"), ("EVN|A40", "EVN|A24"), ("MRG|L4399016", "PID|2||L4399016")]),
            ],
        ),
        (
            "PV1 missing on an update",
            vec![
                arrival(&[(number, ""), ("NSTS01", "NSTS03")]),
                without_visit(edited(
                    ARRIVAL,
                    &[("ADT^A04^ADT_A01", "ADT^A08"), ("EVN|A04", "EVN|A08"), ("183000\n", "184000\n")],
                )),
            ],
        ),
        ("two PV1s", vec![arrival(&[("PV1|1|E", "PV1|1|E|ED^^^RR813||||||||||||||||AE2^^^RR8AE^VN\nPV1|2|E")])]),
        ("only a local number", vec![arrival(&[(number, "")])]),
        ("the number in PID-2", vec![arrival(&[(number, ""), ("PID|1||", "PID|1|9990417008|")])]),
        ("the number in PID-4", vec![arrival(&[(number, ""), ("RR8^MR||", "RR8^MR|9990417008^^^NHS^NH|")])]),
        (
            "the number in PID-19",
            vec![arrival(&[(number, ""), ("M||||||||||||||||||||||||", "M|||||||||||9990417008|||||||||||||")])],
        ),
        ("a number with a wrong check digit", vec![arrival(&[("9990417008", "9990417009")])]),
        ("a number with letters", vec![arrival(&[("9990417008", "99904I7008")])]),
        ("a number with spaces", vec![arrival(&[("9990417008", "999 041 7008")])]),
        ("a Scottish number", vec![arrival(&[("9990417008^^^NHS^NH", "9990417008^^^CHI^NH")])]),
        ("a Northern Irish number", vec![arrival(&[("9990417008^^^NHS^NH", "9990417008^^^HCN^NI")])]),
        ("CX-5 says NHS, CX-4 nothing", vec![arrival(&[("^^^NHS^NH", "^^^^NHS")])]),
        ("NH with the trust as authority", vec![arrival(&[("^^^NHS^NH", "^^^RR8^NH")])]),
        ("two NHS numbers", vec![arrival(&[(number, "~9990417008^^^NHS^NH~9990417016^^^NHS^NH")])]),
        ("a number that is deleted", vec![arrival(&[]), later("A08", 5, &[(number, "~\"\"^^^NHS^NH")])]),
        ("status as PDS01", vec![arrival(&[("NSTS01", "PDS01")])]),
        ("status in ZU1-27", vec![arrival(&[("NSTS01", ""), ("PV1|1", "ZU1|||||||||||||||||||||||||||01\nPV1|1")])]),
        ("status in CX-5", vec![arrival(&[("NSTS01", ""), ("NHS^NH|", "NHS^NH{01}|")])]),
        ("status in CX-2", vec![arrival(&[("NSTS01", ""), ("9990417008^^^", "9990417008^01^^")])]),
        ("status bare in PID-32", vec![arrival(&[("NSTS01", "01")])]),
        ("not verified and without a date of birth", vec![arrival(&[("NSTS01", "NSTS02"), ("20190722", "")])]),
        ("a baby without a name", vec![arrival(&[("TESTCHILD^SAMUEL", ""), ("20190722", "20260314"), (number, "")])]),
        (
            "a baby with the mother's name",
            vec![arrival(&[
                ("TESTCHILD^SAMUEL", "BABY OF TESTMOTHER^BABY"),
                ("20190722", "20260314"),
                (number, ""),
                ("NSTS01", "NSTS08"),
            ])],
        ),
        (
            "twins",
            vec![
                arrival(&[(number, "")]),
                arrival(&[("L4410021", "L4410022"), ("9990417008", "9990417016"), ("AE1^", "AE2^"), ("|77|", "|78|")]),
            ],
        ),
        ("an estimated date of birth", vec![arrival(&[("20190722", "20190101"), ("NSTS01", "ED~NSTS01")])]),
        ("another date of birth", vec![arrival(&[("20190722", "20190723")])]),
        ("a date of birth in the future", vec![arrival(&[("20190722", "20290722")])]),
        (
            "pregnant and under 18",
            vec![arrival(&[
                ("20190722", "20100722"),
                ("|M|", "|F|"),
                ("|1|E|ED^PAEDS^C04^RR813", "|1|B|MAT^^^RR813"),
                ("|180|", "|501|"),
            ])],
        ),
        ("18 today", vec![arrival(&[("20190722", "20080314")])]),
        ("18 tomorrow", vec![arrival(&[("20190722", "20080315")])]),
        ("an adult with a child's number", vec![arrival(&[("20190722", "19800101")])]),
        ("the end before the arrival", vec![later("A03", 30, &[("|77|", "|76|")]), arrival(&[])]),
        ("an unknown visit cancelled", vec![later("A11", 1, &[])]),
        ("an arrival cancelled", vec![arrival(&[]), later("A11", 5, &[])]),
        ("left, and left not", vec![arrival(&[]), later("A03", 5, &[]), later("A13", 10, &[("|77|", "|78|")])]),
        (
            "a visit's number used again next year",
            vec![
                arrival(&[]),
                later("A03", 5, &[]),
                Step::At("2027-03-14T18:32:06Z"),
                Step::Message(
                    edited(ARRIVAL, &[])
                        .replace("20260314", "20270314")
                        .replace("9990417008", "9990417016")
                        .into_bytes(),
                ),
            ],
        ),
        ("a location that is not known", vec![arrival(&[("ED^PAEDS^C04^RR813", "XQ7")])]),
        ("outpatient's class in the department", vec![arrival(&[("PV1|1|E", "PV1|1|O")])]),
        ("the department's patients as inpatients", vec![arrival(&[("PV1|1|E", "PV1|1|I")])]),
        (
            "an admission seconds after the arrival",
            vec![
                arrival(&[]),
                later("A01", 0, &[("AE1^^^RR8AE", "IP7^^^RR8IP"), ("PV1|1|E", "PV1|1|I"), ("|77|", "|78|")]),
            ],
        ),
        ("a flood of new persons", flood()),
        ("a name that shifts components", vec![arrival(&[("TESTCHILD^SAMUEL", "TEST^CHILD^SAM^UEL^^^^^^^^^")])]),
        ("free text that breaks a segment", vec![arrival(&[("PV1|1", "NTE|1||seen by\nsomebody else\nPV1|1")])]),
        ("tab, NUL and control characters", vec![arrival(&[("TESTCHILD^SAMUEL", "TEST\tCHILD^SAM\u{0}UEL\u{7}")])]),
        ("line feeds for segment ends", vec![Step::Message(edited(ARRIVAL, &[]).replace('\r', "\n").into_bytes())]),
        ("a byte-order mark", vec![Step::Message(format!("\u{feff}{}", edited(ARRIVAL, &[])).into_bytes())]),
        ("Windows letters, and a set that is none", vec![Step::Message(latin)]),
        ("delimiters doubled by an engine", vec![arrival(&[("MSH|^~\\&|", "MSH|^~\\\\&|")])]),
        ("other delimiters", vec![Step::Message(edited(ARRIVAL, &[]).replace('|', "!").into_bytes())]),
        ("segments in lower case", vec![arrival(&[("EVN|", "evn|"), ("PID|", "pid|"), ("PV1|", "pv1|")])]),
        ("MSH repeated", vec![arrival(&[("EVN|", "MSH|^~\\&|PAS|RR8|CPGW|RR8|1||ADT^A04|88|P|2.4\nEVN|")])]),
        ("10 MB in one segment", vec![Step::Raw(frame(long.as_bytes()))]),
        ("an empty message", vec![Step::Message(Vec::new())]),
        ("no MSH", vec![Step::Message(edited(ARRIVAL, &[("MSH|", "XXX|")]).into_bytes())]),
        ("a batch", vec![Step::Message(format!("BHS|^~\\&|PAS\r{}BTS|1\r", edited(ARRIVAL, &[])).into_bytes())]),
        (
            "an acknowledgement",
            vec![Step::Quiet(b"MSH|^~\\&|PAS|RR8|CPGW|RR8|1||ACK^A04|7|P|2.4\rMSA|AA|1\r".to_vec())],
        ),
        ("our own message", vec![arrival(&[("|PAS|RR8|CPGW|RR8|", "|CPGW|RR8|PAS|RR8|")])]),
        ("a message for tests", vec![arrival(&[("|P|2.4", "|T|2.4")])]),
        ("a version that is not 2", vec![arrival(&[("|P|2.4", "|P|3.0")])]),
        ("no control id", vec![arrival(&[("|77|", "||")])]),
        ("HTTP", vec![Step::Raw(b"GET / HTTP/1.1\r\nHost: gateway\r\n\r\n".to_vec())]),
        ("TLS", vec![Step::Raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec())]),
        ("a frame that never ends", vec![Step::Raw(b"\x0bMSH|^~\\&|PAS|RR8".to_vec())]),
        ("the same message twice", vec![arrival(&[]), arrival(&[])]),
        (
            "a control id used again",
            vec![arrival(&[]), arrival(&[("L4410021", "L7"), ("9990417008", "9990417016"), ("AE1^", "AE7^")])],
        ),
        ("the same visit under another control id", vec![arrival(&[]), arrival(&[("|77|", "|78|")])]),
        (
            "a visit of a week ago",
            vec![arrival(&[
                ("|||20260314183000\nPID", "|||20260307183000\nPID"),
                ("||20260314183000\n", "||20260307183000\n"),
            ])],
        ),
        (
            "a clock that is a day ahead",
            vec![arrival(&[
                ("|||20260314183000\nPID", "|||20260315183000\nPID"),
                ("||20260314183000\n", "||20260315183000\n"),
            ])],
        ),
        (
            "an older correction overtaken",
            vec![
                arrival(&[]),
                later("A08", 10, &[("|77|", "|79|"), ("20190722", "20190721")]),
                later("A08", 5, &[("|77|", "|78|")]),
            ],
        ),
        (
            "a second system announces the arrival",
            vec![
                arrival(&[]),
                arrival(&[
                    ("|PAS|RR8|", "|EDIS|RR8|"),
                    ("L4410021^^^RR8", "E12^^^EDIS"),
                    ("AE1^^^RR8AE", "900^^^EDIS"),
                ]),
            ],
        ),
    ]
}

#[tokio::test]
async fn conversations() {
    let mut told = String::new();
    for (name, steps) in all() {
        writeln!(told, "== {name}\n{}", conversation(&steps).await).unwrap();
    }
    expect_file!["./conversations.txt"].assert_eq(&told);
}
