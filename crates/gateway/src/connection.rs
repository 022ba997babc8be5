//! One connection of a feed: frames in, each message to the store in its order, acknowledgements back in the same order once
//! what they promise is on disk. A sender that does not wait for them is read ahead only so far.

use crate::feed::{Feed, Limits};
use crate::reading;
use crate::store::{StoreError, Taken};
use cpis_format_hl7v2::mllp::{COMMIT_ACK, COMMIT_NAK, Decoder, Event, frame};
use cpis_format_hl7v2::{Adt, Header, Outcome, Problem, Received, Refusal, answers, read};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

/// Bytes that are read at once.
const READ_BYTES: usize = 64 * 1024;
/// A whole message may take this many times as long as nothing may come.
const SLOWEST: u32 = 4;

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The sender closed it, or we end.
    Closed,
    /// The sender sends nothing any more in the middle of a message.
    Idle,
    /// It is no MLLP.
    Foreign,
    /// A message was too long.
    TooLong,
    /// The sender does not read its acknowledgements.
    Unread,
}

impl End {
    pub fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Idle => "idle",
            Self::Foreign => "no-mllp",
            Self::TooLong => "too-long",
            Self::Unread => "unread",
        }
    }
}

/// A message whose acknowledgement is owed.
struct Owed {
    header: Option<Box<Header>>,
    outcome: oneshot::Receiver<Outcome>,
}

/// Serves a connection until it ends.
pub(crate) async fn serve(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, feed: Arc<Feed>) -> End {
    let (mut reader, writer) = tokio::io::split(stream);
    let (owe, owed) = mpsc::channel(feed.limits.ahead_max);
    let answering = tokio::spawn(acknowledge(writer, owed, Arc::clone(&feed)));
    let mut decoder = Decoder::new().with_limit(feed.limits.message_bytes_max).with_release_2(feed.release_2);
    let mut bytes = vec![0; READ_BYTES];
    let mut opened: Option<Instant> = None;
    let end = loop {
        // Between messages a connection may rest as long as it likes; within one it may not, nor come in drops.
        let limit = match opened {
            Some(since) => {
                feed.limits.idle.min((since + feed.limits.idle * SLOWEST).saturating_duration_since(Instant::now()))
            }
            None => Limits::FOR_EVER,
        };
        let read = tokio::select! {
            read = timeout(limit, reader.read(&mut bytes)) => read,
            () = feed.signals.ending() => break End::Closed,
            () = owe.closed() => break End::Unread,
        };
        let count = match read {
            Err(_) => break End::Idle,
            Ok(Err(_) | Ok(0)) => break End::Closed,
            Ok(Ok(count)) => count,
        };
        decoder.push(bytes.get(..count).unwrap_or_default());
        let events: Vec<Event> = decoder.by_ref().collect();
        let begun = opened.filter(|_| events.is_empty()).or(Some(Instant::now()));
        opened = begun.filter(|_| decoder.is_open());
        if let Some(end) = take_all(events, &owe, &feed).await {
            break end;
        }
    };
    drop(owe);
    // What was taken is acknowledged before the connection closes.
    match answering.await {
        Ok(true) | Err(_) => end,
        Ok(false) => End::Unread,
    }
}

/// Takes what has come as a whole; tells when the connection must end.
async fn take_all(events: Vec<Event>, owe: &mpsc::Sender<Owed>, feed: &Arc<Feed>) -> Option<End> {
    for event in events {
        match event {
            Event::Message(message) => {
                let Some(owed) = take(message, feed) else { continue };
                if owe.send(owed).await.is_err() {
                    return Some(End::Unread);
                }
            }
            Event::Junk { .. } => feed.odd("junk"),
            Event::Restarted { .. } => feed.odd("restarted"),
            Event::Commit(_) => feed.odd("commit-block"),
            Event::TooLong { head } => {
                feed.refused(Refusal::TooLong);
                let header = cpis_format_hl7v2::adt::head(&head, &feed.profile).map(Box::new);
                let _ = owe.send(at_once(header, Outcome::refused(Refusal::TooLong))).await;
                return Some(End::TooLong);
            }
            Event::Foreign(what) => {
                tracing::warn!(feed = feed.name, what = what.text(), "a connection is no MLLP and is closed");
                return Some(End::Foreign);
            }
        }
    }
    None
}

fn at_once(header: Option<Box<Header>>, outcome: Outcome) -> Owed {
    let (tell, told) = oneshot::channel();
    let _ = tell.send(outcome);
    Owed { header, outcome: told }
}

/// Reads a message and puts it into the store's queue. Nothing is owed for an acknowledgement.
fn take(message: Vec<u8>, feed: &Arc<Feed>) -> Option<Owed> {
    feed.counts.messages.fetch_add(1, Ordering::Relaxed);
    feed.counts.last.store(feed.clock.now().as_millisecond(), Ordering::Relaxed);
    match read(&message, &feed.profile) {
        Ok(Received::Adt(adt)) => Some(take_adt(*adt, message, feed)),
        Ok(Received::Other(header)) => {
            feed.count("other");
            Some(at_once(Some(header), Outcome::Accepted))
        }
        Ok(Received::Own(header)) => {
            feed.count("own");
            Some(at_once(Some(header), Outcome::Accepted))
        }
        Ok(Received::Acknowledgement(_)) => {
            feed.odd("acknowledgement");
            None
        }
        Err(refused) => {
            feed.refused(refused.why);
            Some(at_once(refused.header, Outcome::refused(refused.why)))
        }
    }
}

fn take_adt(adt: Adt, message: Vec<u8>, feed: &Arc<Feed>) -> Owed {
    let (tell, outcome) = oneshot::channel();
    let now = feed.clock.now();
    let happenings = reading::happenings(&adt, &feed.name, &feed.profile, now);
    let header = Some(Box::new(adt.header));
    let control_id = header.as_ref().map(|header| header.shown_control_id()).unwrap_or_default();
    let answered = Arc::clone(feed);
    let again = message.clone();
    let told = move |taken: Result<Taken, StoreError>| {
        let accepted = match taken {
            Ok(taken) => {
                answered.taken(taken);
                Outcome::Accepted
            }
            // It will never be applied as it is: it is set aside, and the next one is not held up.
            Err(StoreError::Row(_) | StoreError::Fault) => return set_aside(&answered, &control_id, again, tell),
            Err(_) => {
                answered.count("not-stored");
                Outcome::Failed(Problem::NOT_STORED)
            }
        };
        let _ = tell.send(accepted);
    };
    if feed.store.take(happenings, message, now, told).is_err() {
        // The queue is full, or we end; `told` is gone and with it the sending side.
        feed.count("busy");
    }
    Owed { header, outcome }
}

fn set_aside(feed: &Arc<Feed>, control_id: &str, message: Vec<u8>, tell: oneshot::Sender<Outcome>) {
    tracing::error!(feed = feed.name, control_id, "a message could not be applied and was set aside");
    let counted = Arc::clone(feed);
    let told = move |done: Result<(), StoreError>| {
        counted.count(if done.is_ok() { "set-aside" } else { "not-stored" });
        let outcome = if done.is_ok() { Outcome::Accepted } else { Outcome::Failed(Problem::NOT_STORED) };
        let _ = tell.send(outcome);
    };
    let now = feed.clock.now();
    let _ = feed.store.set_aside(&feed.name, control_id, "it could not be applied", message, now, told);
}

/// Writes acknowledgements in the order of the messages. False where the sender does not read them.
async fn acknowledge(mut writer: impl AsyncWrite + Unpin, mut owed: mpsc::Receiver<Owed>, feed: Arc<Feed>) -> bool {
    let mut waiting = VecDeque::new();
    while let Some(first) = owed.recv().await {
        waiting.push_back(first);
        let mut bytes = Vec::new();
        while let Some(Owed { header, outcome }) = waiting.pop_front() {
            // The sending side is gone where the store's queue was full.
            let outcome = outcome.await.unwrap_or(Outcome::Failed(Problem::BUSY));
            if feed.release_2 {
                bytes.extend_from_slice(if outcome == Outcome::Accepted { &COMMIT_ACK } else { &COMMIT_NAK });
            }
            let now = feed.clock.now();
            for answer in answers(header.as_deref(), outcome, &feed.profile, now, || feed.next_id()) {
                bytes.extend(frame(&answer));
            }
            // What is ready is written together.
            if bytes.len() < READ_BYTES
                && let Ok(next) = owed.try_recv()
            {
                waiting.push_back(next);
            }
        }
        let written = timeout(feed.limits.unread, async {
            writer.write_all(&bytes).await?;
            writer.flush().await
        });
        match written.await {
            Ok(Ok(())) => {}
            // Gone: there is nobody to tell.
            Ok(Err(_)) => return true,
            Err(_) => return false,
        }
    }
    true
}
