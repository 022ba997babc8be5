//! The service's mailbox on somebody else's server: what comes there is put into the mailbox here and takes the same path as
//! everything else; what the service writes to mailboxes that are not ours leaves from here.
//!
//! A message is acknowledged there once it is durable here, and known here by its id, so that a restart loses nothing and takes
//! nothing twice. A message may be sent twice when its fate was not known; notices have stable ids, and an answer says which
//! file it is about.

use crate::{Collected, Mesh, MeshError};
use bytes::Bytes;
use cpis_app::AppError;
use cpis_app::mail::passwords::Passwords;
use cpis_app::mail::{Message, New, Post, Sent};
use cpis_format_mesh::{DeliveredKind, Envelope, MessageId};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// A hello is due once in so much time.
const HELLO: Duration = Duration::from_hours(12);
/// Pause after a failure, and between two looks at what has to leave.
const PAUSE: Duration = Duration::from_secs(5);
/// Messages of one mailbox that leave in one round.
const AT_ONCE: u32 = 500;

/// What is kept about a message, made and read by the door that shares it.
#[derive(Clone, Copy)]
pub struct Kept {
    /// What is kept of an envelope.
    pub write: fn(&Envelope) -> Vec<u8>,
    /// The envelope in it; none for a report.
    pub read: fn(&[u8]) -> Option<Envelope>,
}

/// Keeps both mailboxes together until `stop` turns true. `leads` says whether this node does it.
pub async fn run(
    post: Arc<Post>,
    mesh: Arc<Mesh>,
    kept: Kept,
    poll: Duration,
    mut leads: watch::Receiver<bool>,
    mut stop: watch::Receiver<bool>,
) {
    let (mut polled, mut greeted) = (None::<tokio::time::Instant>, None::<tokio::time::Instant>);
    loop {
        tokio::select! {
            lead = leads.wait_for(|leads| *leads) => if lead.is_err() { return },
            _ = stop.wait_for(|stop| *stop) => return,
        }
        let round = async {
            if greeted.is_none_or(|at| at.elapsed() > HELLO) {
                mesh.handshake().await?;
                greeted = Some(tokio::time::Instant::now());
            }
            send_all(&post, &mesh, kept).await?;
            if polled.is_none_or(|at| at.elapsed() >= poll) {
                collect_all(&post, &mesh, kept).await?;
                polled = Some(tokio::time::Instant::now());
            }
            Ok::<_, ExchangeError>(())
        };
        let done = tokio::select! {
            done = round => done,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        metrics::gauge!("cpis_mesh_server_reached").set(if done.is_ok() { 1.0 } else { 0.0 });
        if let Err(error) = done {
            tracing::warn!(%error, "the MESH server is tried again");
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// What went wrong: there, or here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// There.
    #[error("{0}")]
    Mesh(#[from] MeshError),
    /// Here.
    #[error("{0}")]
    App(#[from] AppError),
}

/// Takes what waits in our mailbox there. Says how many messages it took.
pub async fn collect_all(post: &Post, mesh: &Mesh, kept: Kept) -> Result<usize, ExchangeError> {
    let mut taken = 0;
    for id in mesh.inbox().await? {
        if post.message(id.as_str()).await?.is_none() {
            match mesh.collect(&id).await {
                Ok(collected) => taken += usize::from(put(post, &id, collected, kept).await?),
                // Collected by somebody else, or run out.
                Err(MeshError::Gone) => continue,
                Err(error) => return Err(error.into()),
            }
        }
        mesh.acknowledge(&id).await?;
    }
    Ok(taken)
}

async fn put(post: &Post, id: &MessageId, collected: Collected, kept: Kept) -> Result<bool, ExchangeError> {
    let Collected { delivered, content } = collected;
    if let DeliveredKind::Report(report) = &delivered.kind {
        metrics::counter!("cpis_mesh_server_reports_total").increment(1);
        tracing::error!(code = report.code, linked = ?report.linked, "a message that was sent did not arrive");
        return Ok(false);
    }
    let new = New {
        id: id.to_string(),
        sender: delivered.from.map(|from| from.to_string()),
        recipient: post.settings.service_mailbox.to_uppercase(),
        workflow: delivered.envelope.workflow.clone(),
        chunks: 1,
        compressed: false,
        local_id: delivered.envelope.local_id.clone(),
        envelope: (kept.write)(&delivered.envelope),
        content,
    };
    match post.put(new).await? {
        Sent::Complete | Sent::Uploading | Sent::Known => Ok(true),
        Sent::Full => Err(AppError::unavailable().into()),
    }
}

/// Sends what the service wrote to mailboxes that are not ours. Says how many messages left.
pub async fn send_all(post: &Post, mesh: &Mesh, kept: Kept) -> Result<usize, ExchangeError> {
    let passwords = Passwords { store: &*post.service.store, keys: &post.service.keys };
    let (ours, own) = (passwords.all().await?, post.settings.service_mailbox.to_uppercase());
    let mut sent = 0;
    for mailbox in post.mailboxes().into_iter().filter(|mailbox| !mailbox.is_service && !ours.contains(&mailbox.id)) {
        let (rows, _) = post.inbox(&mailbox.id, None, AT_ONCE).await?;
        for row in rows.into_iter().filter(|row| row.sender.as_deref().is_none_or(|sender| sender == own)) {
            let Some(message) = post.message(&row.id).await? else { continue };
            sent += usize::from(send(post, mesh, &message, kept).await?);
        }
    }
    Ok(sent)
}

async fn send(post: &Post, mesh: &Mesh, message: &Message, kept: Kept) -> Result<bool, ExchangeError> {
    // A report of ours is no message for somebody else's server: the sender was told by the answer where there is one.
    let Some(mut envelope) = (kept.read)(&message.envelope) else {
        post.acknowledge(message).await?;
        return Ok(false);
    };
    let own_name = envelope.local_id.is_none();
    if own_name {
        envelope.local_id = Some(message.row.id.clone());
    }
    // Under a name that is ours alone it can be looked for when its fate was not known.
    if own_name && mesh.find(&message.row.id).await?.is_some() {
        post.acknowledge(message).await?;
        return Ok(false);
    }
    let content: Bytes = post.content(message, 1).await?;
    match mesh.send(&envelope, content).await {
        Ok(id) => {
            tracing::info!(%id, own = message.row.id, "a message left for the MESH server");
            post.acknowledge(message).await?;
            Ok(true)
        }
        Err(error @ MeshError::Refused { .. }) => {
            metrics::counter!("cpis_mesh_server_refused_total").increment(1);
            tracing::error!(%error, own = message.row.id, "the MESH server does not take a message; it stays here");
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}
