//! Messages that are sent: whole, or chunk by chunk. 202 leaves when what came is on disk.

use crate::admit::Refused;
use crate::body;
use crate::reply::{Asked, Reply};
use crate::stored::{Opened, Stored};
use axum::body::Body;
use cpis_app::mail::{New, Sent};
use cpis_format_mesh::header::names;
use cpis_format_mesh::{Assembly, ContentEncoding, Envelope, MeshFault, MessageId, answers};
use http::header::CONTENT_ENCODING;
use tokio::sync::OwnedSemaphorePermit;

type Room = Option<OwnedSemaphorePermit>;

/// A whole message, or its first chunk.
pub async fn first(asked: &Asked<'_>, room: Room, content: Body) -> Result<Reply, Refused> {
    let (door, mailbox) = (asked.door, &asked.admitted.mailbox);
    let envelope = Envelope::from_headers(&asked.headers).map_err(MeshFault::of_headers)?;
    if !asked.headers.are_from(mailbox) {
        return Err(MeshFault::FromDiffers.into());
    }
    let assembly = Assembly::begin(asked.headers.get(names::CHUNK_RANGE), encoding(asked))?;
    let recipient = door.post.mailbox(envelope.to.as_str()).ok_or(MeshFault::UnknownRecipient)?;
    if !door.post.takes(&recipient, &envelope.workflow) {
        return Err(MeshFault::WorkflowNotAllowed.into());
    }
    let held = read(asked, room, content).await?;
    if held.bytes.len() as u64 > door.post.settings.message_bytes_max {
        return Err(MeshFault::TooLarge.into());
    }
    let id: MessageId = door.post.new_id().parse().map_err(|_| MeshFault::Internal)?;
    let new = New {
        id: id.to_string(),
        sender: Some(mailbox.to_string()),
        recipient: recipient.id,
        workflow: envelope.workflow.clone(),
        chunks: assembly.total(),
        compressed: assembly.encoding() == ContentEncoding::Gzip,
        local_id: envelope.local_id.clone(),
        envelope: Stored { envelope, report: None }.to_bytes(),
        content: held.bytes.clone(),
    };
    match door.post.put(new).await? {
        Sent::Complete | Sent::Uploading => {
            tracing::info!(%id, sender = %mailbox, "a message was taken");
            Ok(Reply::json(202, asked.version, answers::sent(asked.version, &id)))
        }
        Sent::Full => Err(MeshFault::TooManyRequests.into()),
        // Two ids at the same microsecond: the client tries again.
        Sent::Known => Err(MeshFault::Unavailable.into()),
    }
}

/// A further chunk.
pub async fn chunk(asked: &Asked<'_>, id: &str, number: &str, room: Room, content: Body) -> Result<Reply, Refused> {
    let (door, mailbox) = (asked.door, &asked.admitted.mailbox);
    let message = door.post.message(id).await?.ok_or(MeshFault::NoSuchMessage)?;
    let opened = Opened::of(message)?;
    if opened.sender().as_ref() != Some(mailbox) {
        return Err(MeshFault::NotYours.into());
    }
    let number: u32 = number.parse().map_err(|_| MeshFault::NoSuchPath)?;
    let row = &opened.message.row;
    let stored = if row.compressed { ContentEncoding::Gzip } else { ContentEncoding::Identity };
    let have = if opened.message.is_uploading() {
        door.post.chunks(&opened.message).await?
    } else {
        (1..=row.chunks).collect()
    };
    let assembly = Assembly::restore(row.chunks, stored, have);
    assembly.judge(number, asked.headers.get(names::CHUNK_RANGE), encoding(asked))?;
    let held = read(asked, room, content).await?;
    if row.bytes + held.bytes.len() as u64 > door.post.settings.message_bytes_max {
        return Err(MeshFault::TooLarge.into());
    }
    if !door.post.chunk(&opened.message, number, held.bytes.clone()).await? {
        return Err(MeshFault::Complete.into());
    }
    Ok(Reply::json(202, asked.version, answers::chunk_sent(asked.version, &opened.id, number)))
}

fn encoding<'a>(asked: &'a Asked<'_>) -> Option<&'a str> {
    let value = asked.parts.headers.get(CONTENT_ENCODING)?;
    // What is no text is no encoding that is known.
    Some(value.to_str().unwrap_or("unreadable"))
}

async fn read(asked: &Asked<'_>, room: Room, content: Body) -> Result<body::Held, Refused> {
    let room = room.ok_or(MeshFault::TooManyRequests)?;
    let held = body::read(asked.door, room, content).await?;
    if held.bytes.is_empty() { Err(MeshFault::NoContent.into()) } else { Ok(held) }
}
