//! Mailboxes: uploads come in and are answered once and in order, notices go out once, what nobody collects is reported.

use crate::world::*;
use cpis_app::demographics::DemographicsFault;
use cpis_app::lifecycle;
use cpis_app::mail::passwords::{Passwords, release_token, use_token};
use cpis_app::mail::tell::Teller;
use cpis_app::mail::{Letter, MailSettings, Message, New, Post, Sent, UnpackError, Wire, expiry, gaps, intake};
use cpis_app::organisations::{Edit, change_all};
use cpis_app::upload::process_waiting;
use cpis_model::caller::Rights;
use cpis_model::entry::HiddenFor;
use cpis_model::organisation_record::{Authority, Record as Registered, RecordKind};
use cpis_store::MailStatus;
use std::sync::Arc;
use std::time::Duration;

const SERVICE: &str = "CPIS0HC001";
const CAMDEN_BOX: &str = "702OT001";
const CITY_BOX: &str = "714OT001";

/// Messages as texts, so that tests read what they say.
fn wire() -> Wire {
    Wire {
        is_upload: |bytes| bytes.starts_with(b"<?xml") && bytes.windows(5).any(|part| part == b"<File"),
        acknowledgement: |ack| {
            format!("{} {}", ack.code.code(), ack.sequence.map_or_else(|| "-1".to_owned(), |n| n.to_string())).into()
        },
        accesses: |letter| {
            let told = letter.accesses.iter().map(|(notice, upload)| {
                format!("{} of {}", notice.number_of_person.digits(), upload.map_or(0, |upload| upload))
            });
            format!("accesses: {}", told.collect::<Vec<_>>().join(", ")).into()
        },
        inactive: |letter| {
            let told = letter.accesses.iter().map(|(notice, _)| {
                let new = notice.report.as_ref().and_then(|report| report.replaced_by);
                format!("{} {}", notice.number_of_person.digits(), new.map_or("-", |_| "new"))
            });
            format!("inactive: {}", told.collect::<Vec<_>>().join(", ")).into()
        },
        envelope: |letter| {
            let report = letter.report.as_ref();
            let told = report.map_or_else(String::new, |report| format!("{} {}", report.code, report.words));
            [letter.local_id.as_deref().unwrap_or(""), if letter.is_packed { "Y" } else { "" }, &told].join("|").into()
        },
        letter: |bytes| {
            let text = std::str::from_utf8(bytes).ok()?;
            let mut parts = text.split('|');
            let local_id = parts.next().filter(|id| !id.is_empty()).map(str::to_owned);
            Some(Letter { local_id, is_packed: parts.next() == Some("Y"), ..Letter::default() })
        },
        unpack: |bytes, max| match bytes.strip_prefix(b"packed:") {
            Some(rest) if rest.len() <= max => Ok(rest.to_vec()),
            _ => Err(UnpackError),
        },
    }
}

struct Mail {
    world: World,
    post: Arc<Post>,
    teller: Teller,
}

impl Mail {
    async fn new() -> Self {
        let world = World::new().await;
        let register = world.service.register.get();
        let edits = [(CAMDEN, CAMDEN_BOX), (CITY, CITY_BOX)].map(|(code, mailbox)| {
            let held = register.record(RecordKind::Authority, code).unwrap();
            let Registered::Authority(authority) = &*held.record else { panic!("no authority") };
            let record = Authority { mailboxes: vec![mailbox.parse().unwrap()], ..authority.clone() };
            Edit { record: Registered::Authority(record), expected: held.version }
        });
        let operator = staff("500000000099", "R0A", Rights { operator: true, ..Rights::default() });
        change_all(&world.service, operator, edits.into(), &"a test".parse().unwrap()).await.unwrap();
        let settings = MailSettings { empty_cycles: vec![authority(CITY)], ..MailSettings::default() };
        let post = Post::new(world.service.clone(), wire(), settings);
        Self { world, post, teller: Teller::default() }
    }

    /// Sends one chunk of a message.
    async fn send(&self, id: &str, from: &str, workflow: &str, content: impl Into<Vec<u8>>) -> Sent {
        let new = New {
            id: id.to_owned(),
            sender: Some(from.to_owned()),
            recipient: SERVICE.to_owned(),
            workflow: workflow.to_owned(),
            chunks: 1,
            compressed: false,
            local_id: Some(format!("local {id}")),
            envelope: format!("local {id}||").into(),
            content: content.into().into(),
        };
        self.post.put(new).await.unwrap()
    }

    async fn file(&self, id: &str, code: &str, sequence: u64) -> Sent {
        let mailbox = if code == CAMDEN { CAMDEN_BOX } else { CITY_BOX };
        self.send(id, mailbox, "CPIS_UPLOAD", file(code, sequence, &[cpp(1, child(999_000_001 + sequence * 100))]))
            .await
    }

    /// What lies in a mailbox: kind and words of each message. They are collected.
    async fn collect(&self, mailbox: &str) -> Vec<String> {
        let mut told = Vec::new();
        for row in self.post.inbox(mailbox, None, 100).await.unwrap().0 {
            let message = self.message(&row.id).await;
            let words = String::from_utf8(self.post.content(&message, 1).await.unwrap().to_vec()).unwrap();
            let envelope = String::from_utf8(message.envelope.clone()).unwrap();
            self.post.acknowledge(&message).await.unwrap();
            let kind = if row.sender.is_none() { "report" } else { &row.workflow };
            told.push(format!("{kind}|{envelope}|{words}"));
        }
        told
    }

    /// What Camden is told, once so many messages came: what waits behind a file is taken up beside its answer.
    async fn answers(&self, count: usize) -> Vec<String> {
        let all = async {
            let mut told = Vec::new();
            while told.len() < count {
                intake::round(&self.post).await.unwrap();
                told.extend(self.collect(CAMDEN_BOX).await);
                tokio::task::yield_now().await;
            }
            told
        };
        tokio::time::timeout(Duration::from_secs(20), all).await.unwrap()
    }

    async fn message(&self, id: &str) -> Message {
        self.post.message(id).await.unwrap().unwrap()
    }

    async fn status(&self, id: &str) -> MailStatus {
        self.message(id).await.row.status
    }

    async fn knows(&self, sequences: std::ops::Range<u64>) {
        let people: Vec<_> = sequences.map(|sequence| child(999_000_001 + sequence * 100)).collect();
        self.world.knows(&people).await;
    }
}

fn ack(id: &str, words: &str) -> String {
    format!("CPIS_UPLOAD_ACK|local {id}|||{words}")
}

#[tokio::test]
async fn an_upload_is_answered_once_in_its_sender_s_mailbox() {
    let mail = Mail::new().await;
    mail.knows(1..9).await;
    assert_eq!(mail.file("A", CAMDEN, 1).await, Sent::Complete);
    assert_eq!(mail.file("A", CAMDEN, 1).await, Sent::Known, "an id is used once");
    assert_eq!(mail.status("A").await, MailStatus::Accepted);
    assert_eq!(intake::round(&mail.post).await.unwrap(), 1);
    assert_eq!(mail.status("A").await, MailStatus::Acknowledged);
    assert_eq!(intake::round(&mail.post).await.unwrap(), 0);
    assert_eq!(mail.collect(CAMDEN_BOX).await, [ack("A", "CPF02 1")]);
    assert_eq!(mail.collect(CAMDEN_BOX).await, [""; 0], "what was collected is gone from the inbox");
    // The same file again gets the same answer; another one under the same number does not take effect.
    mail.file("B", CAMDEN, 1).await;
    mail.send("C", CAMDEN_BOX, "CPIS_UPLOAD", file(CAMDEN, 1, &[cpp(1, child(999_000_701))])).await;
    assert_eq!(intake::round(&mail.post).await.unwrap(), 2);
    assert_eq!(mail.collect(CAMDEN_BOX).await, [ack("B", "CPF02 1"), ack("C", "CPF01 1")]);
    // What the sender calls it finds it.
    let found = mail.post.by_local_id(CAMDEN_BOX, "local B").await.unwrap();
    assert_eq!(found.iter().map(|message| &*message.row.id).collect::<Vec<_>>(), ["B"]);
    assert!(mail.post.by_local_id(CITY_BOX, "local B").await.unwrap().is_empty(), "another's own names are others");
}

#[tokio::test]
async fn a_held_file_is_reported_at_once_and_answered_when_what_is_missing_came() {
    let mail = Mail::new().await;
    mail.knows(1..9).await;
    mail.file("A", CAMDEN, 1).await;
    mail.file("C", CAMDEN, 3).await;
    mail.file("X", CITY, 7).await;
    intake::round(&mail.post).await.unwrap();
    assert_eq!(mail.status("C").await, MailStatus::Held);
    let told = mail.collect(CAMDEN_BOX).await;
    assert_eq!(told, [ack("A", "CPF02 1"), "report|local C||05 Upload 3 is held. Upload 2 is missing.|".to_owned()]);
    assert_eq!(mail.collect(CITY_BOX).await, [ack("X", "CPF02 7")], "another authority does not wait");
    intake::round(&mail.post).await.unwrap();
    assert_eq!(mail.collect(CAMDEN_BOX).await, [""; 0]);
    mail.file("B", CAMDEN, 2).await;
    assert_eq!(mail.answers(2).await, [ack("B", "CPF02 2"), ack("C", "CPF02 3")]);
    // A number that was given up is told too.
    mail.file("F", CAMDEN, 6).await;
    intake::round(&mail.post).await.unwrap();
    mail.collect(CAMDEN_BOX).await;
    for sequence in [4, 5] {
        cpis_app::upload::skip(&mail.world.service, social_worker(CAMDEN), sequence).await.unwrap();
    }
    assert_eq!(mail.answers(1).await, [ack("F", "CPF02 6")]);
}

#[tokio::test]
async fn a_file_that_waits_for_demographics_gets_a_second_answer() {
    let mail = Mail::new().await;
    mail.knows(1..3).await;
    mail.world.demographics.fails(Some(DemographicsFault::Away(Duration::from_mins(1))));
    mail.file("A", CAMDEN, 1).await;
    intake::round(&mail.post).await.unwrap();
    assert_eq!(mail.collect(CAMDEN_BOX).await, [ack("A", "CPF05 1")]);
    mail.world.demographics.fails(None);
    mail.world.clock.forward(2);
    process_waiting(&mail.world.service, None).await.unwrap();
    intake::round(&mail.post).await.unwrap();
    assert_eq!(mail.collect(CAMDEN_BOX).await, [ack("A", "CPF02 1")]);
    assert_eq!(mail.status("A").await, MailStatus::Acknowledged);
}

#[tokio::test]
async fn what_is_no_upload_of_the_sender_s_is_reported_and_nothing_is_stored() {
    let mail = Mail::new().await;
    mail.knows(1..9).await;
    let own = file(CAMDEN, 1, &[cpp(1, child(999_000_101))]);
    mail.send("A", "NOBODY01", "CPIS_UPLOAD", own.clone()).await;
    mail.send("B", CAMDEN_BOX, "OTHER_WORKFLOW", own.clone()).await;
    mail.send("C", CAMDEN_BOX, "CPIS_UPLOAD", "no upload at all").await;
    mail.send("D", CITY_BOX, "CPIS_UPLOAD", own.clone()).await;
    let packed =
        New { compressed: true, content: [&b"packed:"[..], &own].concat().into(), ..new_of("E", CAMDEN_BOX, 1) };
    let broken = New { compressed: true, content: "broken".into(), ..new_of("F", CAMDEN_BOX, 1) };
    for new in [broken, packed] {
        mail.post.put(new).await.unwrap();
    }
    intake::round(&mail.post).await.unwrap();
    let reported = |id: &str, code: &str, words: &str| format!("report|local {id}||{code} {words}|");
    assert_eq!(mail.collect("NOBODY01").await, [reported("A", "16", "This mailbox is not an authority's")]);
    assert_eq!(
        mail.collect(CAMDEN_BOX).await,
        [
            reported("B", "17", "Workflow ID not registered for mailbox"),
            reported("C", "15", "Bad CP-IS file: it is not an upload"),
            reported("F", "15", "Bad CP-IS file: it cannot be unpacked, or is too large"),
            ack("E", "CPF02 1"),
        ]
    );
    let foreign = reported("D", "16", "The file is not of the authority whose mailbox this is");
    assert_eq!(mail.collect(CITY_BOX).await, [foreign]);
    assert!(mail.world.service.store.upload_state(authority(CITY)).await.unwrap().last.is_none());
    for id in ["A", "B", "C", "D", "F"] {
        assert_eq!(mail.status(id).await, MailStatus::Failed, "{id}");
    }
}

fn new_of(id: &str, from: &str, chunks: u32) -> New {
    New {
        id: id.to_owned(),
        sender: Some(from.to_owned()),
        recipient: SERVICE.to_owned(),
        workflow: "CPIS_UPLOAD".to_owned(),
        chunks,
        compressed: false,
        local_id: None,
        envelope: format!("local {id}||").into(),
        content: bytes::Bytes::new(),
    }
}

#[tokio::test]
async fn chunks_become_one_file_in_the_order_of_their_numbers() {
    let mail = Mail::new().await;
    mail.knows(1..9).await;
    let whole = file(CAMDEN, 1, &[cpp(1, child(999_000_101))]);
    let (first, rest) = whole.split_at(300);
    let (second, third) = rest.split_at(100);
    let sent = mail.post.put(New { content: first.to_vec().into(), ..new_of("A", CAMDEN_BOX, 3) }).await.unwrap();
    assert_eq!(sent, Sent::Uploading);
    let message = mail.message("A").await;
    assert!(mail.post.chunk(&message, 3, third.to_vec().into()).await.unwrap());
    assert_eq!(mail.post.chunks(&message).await.unwrap(), [1, 3]);
    intake::round(&mail.post).await.unwrap();
    assert_eq!(mail.status("A").await, MailStatus::Uploading, "half a message is nobody's");
    assert!(mail.post.chunk(&message, 2, b"wrong".as_slice().into()).await.unwrap());
    assert!(!mail.post.chunk(&message, 2, second.to_vec().into()).await.unwrap(), "it is complete");
    intake::round(&mail.post).await.unwrap();
    assert_eq!(mail.collect(CAMDEN_BOX).await, [ack("A", "CPF01 1")]);
    mail.post.put(New { content: first.to_vec().into(), ..new_of("B", CAMDEN_BOX, 3) }).await.unwrap();
    let message = mail.message("B").await;
    mail.post.chunk(&message, 3, b"wrong".as_slice().into()).await.unwrap();
    mail.post.chunk(&message, 3, third.to_vec().into()).await.unwrap();
    mail.post.chunk(&message, 2, second.to_vec().into()).await.unwrap();
    intake::round(&mail.post).await.unwrap();
    assert_eq!(mail.collect(CAMDEN_BOX).await, [ack("B", "CPF02 1")]);
}

#[tokio::test]
async fn notices_come_together_and_are_told_once() {
    let mut mail = Mail::new().await;
    let robin = child(999_000_101);
    mail.world.has_plans(CAMDEN, 41, &[cpp(1, robin.clone())]).await;
    let told = async |mail: &mut Mail| {
        mail.world.apply().await;
        mail.teller.round(&mail.post).await.unwrap();
        mail.collect(CAMDEN_BOX).await
    };
    assert_eq!(told(&mut mail).await, [""; 0]);
    mail.world.look(&clinician("u1"), robin.number).await;
    let of = |count: usize| {
        let line = format!("{} of 41", robin.number.digits());
        format!("CPIS_ACCESS_NOTIFICATION||||accesses: {}", vec![line; count].join(", "))
    };
    assert_eq!(told(&mut mail).await, [of(1)]);
    // What comes soon after waits for its turn, and comes together then.
    for user in ["u2", "u3"] {
        mail.world.look(&clinician(user), robin.number).await;
        assert_eq!(told(&mut mail).await, [""; 0]);
    }
    mail.world.clock.forward(1);
    assert_eq!(told(&mut mail).await, [of(2)]);
    // A node that starts anew knows what was told.
    mail.teller = Teller::default();
    mail.world.clock.forward(1);
    assert_eq!(told(&mut mail).await, [""; 0]);
    // Who asked for it hears once a day that there is nothing.
    assert_eq!(mail.collect(CITY_BOX).await, ["CPIS_ACCESS_NOTIFICATION||||accesses: "]);
    mail.world.clock.forward(25 * 60);
    told(&mut mail).await;
    told(&mut mail).await;
    assert_eq!(mail.collect(CITY_BOX).await.len(), 1);
    // Of each notice it is known when and in which message it was told.
    let page = cpis_app::notices::notices(&mail.world.service, social_worker(CAMDEN), 0, 10).await.unwrap();
    let by = mail.world.service.store.deliveries_of(authority(CAMDEN), page.notices[2].number).await.unwrap();
    assert_eq!(by.len(), 1);
    assert_eq!(mail.status(by[0].mail.as_deref().unwrap()).await, MailStatus::Acknowledged);
}

#[tokio::test]
async fn numbers_that_are_no_more_are_told() {
    let mut mail = Mail::new().await;
    let people: Vec<_> = (1..=4).map(|n| child(999_000_001 + n * 100)).collect();
    let records: Vec<_> = people.iter().enumerate().map(|(n, person)| cpp(n as u32 + 1, person.clone())).collect();
    mail.world.has_plans(CAMDEN, 1, &records).await;
    let service = &mail.world.service;
    lifecycle::supersede(service, people[0].number, number(999_500_000)).await.unwrap();
    lifecycle::hide(service, people[1].number, Some(HiddenFor::Invalidated)).await.unwrap();
    lifecycle::hide(service, people[2].number, Some(HiddenFor::Restricted)).await.unwrap();
    mail.world.apply().await;
    mail.teller.round(&mail.post).await.unwrap();
    let [old, withdrawn] = [0, 1].map(|n: usize| people[n].number);
    assert_eq!(
        mail.collect(CAMDEN_BOX).await,
        [format!("CPIS_INACTIVE_NHS_NUMBER||||inactive: {} new, {} -", old.digits(), withdrawn.digits())]
    );
    // The portal tells all of it.
    let page = cpis_app::notices::notices(service, social_worker(CAMDEN), 0, 10).await.unwrap();
    let kinds: Vec<_> = page.notices.iter().filter_map(|notice| Some(notice.report.as_ref()?.kind.code())).collect();
    assert_eq!(kinds, ["number-replaced", "number-withdrawn", "restricted"]);
    assert!(mail.world.verify().await.is_clean());
}

#[tokio::test]
async fn what_nobody_collects_is_reported_to_its_sender_and_goes_later() {
    let mail = Mail::new().await;
    let between = New {
        recipient: CITY_BOX.to_owned(),
        workflow: "ANY".to_owned(),
        content: "a letter".into(),
        ..new_of("A", CAMDEN_BOX, 1)
    };
    let half = New { recipient: CITY_BOX.to_owned(), content: "half".into(), ..new_of("B", CAMDEN_BOX, 2) };
    for new in [between, half] {
        mail.post.put(new).await.unwrap();
    }
    mail.file("C", CAMDEN, 1).await;
    mail.world.clock.forward(5 * 24 * 60 - 1);
    assert_eq!(expiry::end_due(&mail.post).await.unwrap(), 0);
    mail.world.clock.forward(1);
    expiry::end_due(&mail.post).await.unwrap();
    assert_eq!(mail.status("A").await, MailStatus::Undeliverable);
    assert_eq!(mail.status("B").await, MailStatus::Failed);
    assert_eq!(mail.status("C").await, MailStatus::Accepted, "what came for the service is taken, however late");
    assert_eq!(mail.collect(CITY_BOX).await, [""; 0]);
    let told = mail.collect(CAMDEN_BOX).await;
    assert_eq!(told, ["report|local A||14 Message not collected by recipient after 5 days|"]);
    // Acknowledging it now changes nothing.
    mail.post.acknowledge(&mail.message("A").await).await.unwrap();
    assert_eq!(mail.status("A").await, MailStatus::Undeliverable);
    mail.world.clock.forward(31 * 24 * 60);
    expiry::end_due(&mail.post).await.unwrap();
    assert!(mail.post.message("A").await.unwrap().is_none());
}

#[tokio::test]
async fn a_full_mailbox_takes_no_more() {
    let mut mail = Mail::new().await;
    let settings = MailSettings { inbox_messages_max: 2, ..MailSettings::default() };
    mail.post = Post::new(mail.world.service.clone(), wire(), settings);
    let sent = async |id: &str| {
        let new = New { recipient: CITY_BOX.to_owned(), content: "x".into(), ..new_of(id, CAMDEN_BOX, 1) };
        mail.post.put(new).await.unwrap()
    };
    assert_eq!([sent("A").await, sent("B").await, sent("C").await], [Sent::Complete, Sent::Complete, Sent::Full]);
    mail.post.acknowledge(&mail.message("A").await).await.unwrap();
    assert_eq!(sent("C").await, Sent::Complete);
}

#[tokio::test]
async fn passwords_open_one_mailbox_and_tokens_are_used_once() {
    let mail = Mail::new().await;
    let service = &mail.world.service;
    let passwords = Passwords { store: &*service.store, keys: &service.keys };
    assert!(passwords.of(CAMDEN_BOX).await.unwrap().is_none());
    let made = passwords.make();
    assert!(made.len() == 24 && *made != *passwords.make());
    let now = service.clock.now();
    passwords.set(CAMDEN_BOX, &made, now).await.unwrap();
    passwords.set(CITY_BOX, "correct-horse", now).await.unwrap();
    passwords.set(&CITY_BOX.to_lowercase(), "battery-staple", now).await.unwrap();
    assert_eq!(*passwords.of(&CAMDEN_BOX.to_lowercase()).await.unwrap().unwrap(), *made);
    assert_eq!(*passwords.of(CITY_BOX).await.unwrap().unwrap(), "battery-staple");
    assert_eq!(passwords.all().await.unwrap(), [CAMDEN_BOX, CITY_BOX]);
    assert!(passwords.remove(CITY_BOX).await.unwrap() && !passwords.remove(CITY_BOX).await.unwrap());
    let until = now.checked_add(Duration::from_hours(1)).unwrap();
    let used = async |count: &str| use_token(service, CAMDEN_BOX, "nonce", count, until).await.unwrap();
    assert_eq!([used("0").await, used("0").await, used("1").await], [true, false, true]);
    release_token(service, CAMDEN_BOX, "nonce", "0").await.unwrap();
    assert_eq!([used("0").await, used("0").await], [true, false]);
}

#[tokio::test]
async fn an_authority_is_told_once_of_a_number_that_stays_missing() {
    let mail = Mail::new().await;
    mail.knows(1..9).await;
    mail.file("A", CAMDEN, 1).await;
    mail.file("C", CAMDEN, 3).await;
    mail.file("D", CAMDEN, 4).await;
    mail.file("X", CITY, 7).await;
    intake::round(&mail.post).await.unwrap();
    mail.collect(CAMDEN_BOX).await;
    mail.collect(CITY_BOX).await;
    mail.world.clock.forward(72 * 60);
    assert_eq!(gaps::round(&mail.post).await.unwrap(), 0, "not yet");
    mail.world.clock.forward(1);
    assert_eq!(gaps::round(&mail.post).await.unwrap(), 1);
    let words = "Upload 2 has been missing for more than 72 hours; 2 uploads wait for it and are not in force. Send it, or give \
                 its number up.";
    assert_eq!(mail.collect(CAMDEN_BOX).await, [format!("report|||05 {words}|")]);
    assert_eq!(mail.collect(CITY_BOX).await, [""; 0]);
    mail.world.clock.forward(72 * 60);
    assert_eq!(gaps::round(&mail.post).await.unwrap(), 0, "once");
    // Another number is another matter, and nothing is released by a timer.
    assert_eq!(mail.status("D").await, MailStatus::Held);
    mail.file("B", CAMDEN, 2).await;
    assert_eq!(mail.answers(3).await.len(), 3);
    mail.file("F", CAMDEN, 6).await;
    intake::round(&mail.post).await.unwrap();
    mail.collect(CAMDEN_BOX).await;
    mail.world.clock.forward(73 * 60);
    assert_eq!(gaps::round(&mail.post).await.unwrap(), 1);
    assert!(
        mail.collect(CAMDEN_BOX).await[0].contains("Upload 5 has been missing for more than 72 hours; 1 upload waits")
    );
}
