//! Messages that are collected: the list of an inbox, one of them, its acknowledgement.

use crate::admit::Refused;
use crate::reply::{Asked, Reply};
use crate::stored::Opened;
use crate::wire::unpack;
use cpis_app::mail::Message;
use cpis_format_mesh::encoding::Outgoing;
use cpis_format_mesh::header::Pair;
use cpis_format_mesh::{
    ChunkRange, ContentEncoding, DeliveredKind, InboxPage, InboxQuery, MeshFault, MessageId, RichMessage, RichQuery,
    Version, answers, rich,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::ACCEPT_ENCODING;
use std::io::Write;

/// Bytes that one chunk may have unpacked.
const CHUNK_BYTES_MAX: usize = 1024 * 1024 * 1024;

/// The messages that wait.
pub async fn list(asked: &Asked<'_>) -> Result<Reply, Refused> {
    let (door, mailbox) = (asked.door, &asked.admitted.mailbox);
    let pairs = pairs(asked.parts.uri.query().unwrap_or_default());
    let query = InboxQuery::parse(pairs).map_err(MeshFault::Query)?;
    let after = query.continue_from.as_deref();
    let (rows, more) = door.post.inbox(mailbox.as_str(), after, query.max_results).await?;
    let next = if more { rows.last().map(|row| row.id.clone()) } else { None };
    let listed = rows.iter().filter(|row| query.filter.as_ref().is_none_or(|filter| filter.matches(&row.workflow)));
    let messages: Vec<MessageId> = listed.filter_map(|row| row.id.parse().ok()).collect();
    let approx_count =
        if asked.version == Version::V2 { door.post.waiting(mailbox.as_str()).await? } else { messages.len() as u64 };
    let page = InboxPage { mailbox, query: &query, messages: &messages, next: next.as_deref(), approx_count };
    Ok(Reply::json(200, asked.version, page.body(asked.version)))
}

/// The messages that wait, with what is said about each.
pub async fn rich(asked: &Asked<'_>) -> Result<Reply, Refused> {
    let (door, mailbox) = (asked.door, &asked.admitted.mailbox);
    let query = RichQuery::parse(pairs(asked.parts.uri.query().unwrap_or_default())).map_err(MeshFault::Query)?;
    let (rows, more) = door.post.inbox(mailbox.as_str(), query.continue_from.as_deref(), query.max_results).await?;
    let next = if more { rows.last().map(|row| row.id.clone()) } else { None };
    let name = |mailbox: &str| door.post.mailbox(mailbox).map(|found| found.name.to_string()).unwrap_or_default();
    let mut messages = Vec::with_capacity(rows.len());
    for row in rows.into_iter().filter(|row| query.start.is_none_or(|start| row.at >= start)) {
        let (chunks, expires_at) = (row.chunks, row.expires);
        let (sender_name, recipient_name) = (row.sender.as_deref().map(name).unwrap_or_default(), name(&row.recipient));
        let opened = Opened::of(door.post.open(row)?)?;
        let range = ChunkRange::new(1, chunks).map_err(|_| MeshFault::Internal)?;
        messages.push(RichMessage { delivered: opened.delivered(range), sender_name, recipient_name, expires_at });
    }
    let body = rich::body(mailbox, &query, &messages, next.as_deref(), door.post.service.clock.now());
    Ok(Reply::json(200, Version::V2, body))
}

/// The pairs of a query, decoded.
pub fn pairs(query: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// How many wait.
pub async fn count(asked: &Asked<'_>) -> Result<Reply, Refused> {
    let count = asked.door.post.waiting(asked.admitted.mailbox.as_str()).await?;
    let body = answers::count(asked.version, count, &asked.door.fresh_id());
    Ok(Reply::json(200, Version::V1, body))
}

/// A message that the caller may see.
async fn find(asked: &Asked<'_>, id: &str) -> Result<Message, Refused> {
    asked.door.post.message(id).await?.ok_or_else(|| MeshFault::NoSuchMessage.into())
}

/// A message, or one chunk of it.
pub async fn message(asked: &Asked<'_>, id: &str, chunk: Option<&str>, only_head: bool) -> Result<Reply, Refused> {
    let mailbox = asked.admitted.mailbox.as_str();
    let found = find(asked, id).await?;
    let is_recipient = found.row.recipient.eq_ignore_ascii_case(mailbox);
    let is_sender = found.row.sender.as_deref() == Some(mailbox);
    if !(is_recipient || (only_head && is_sender)) {
        return Err(MeshFault::NotYours.into());
    }
    if found.is_uploading() {
        return Err(MeshFault::NoSuchMessage.into());
    }
    if found.is_over() && !only_head {
        return Err(MeshFault::Gone.into());
    }
    let number: u32 = chunk.unwrap_or("1").parse().map_err(|_| MeshFault::NoSuchPath)?;
    let total = found.row.chunks;
    let range = ChunkRange::new(number, total).map_err(|_| MeshFault::NoSuchChunk)?;
    let opened = Opened::of(found)?;
    let delivered = opened.delivered(range);
    let mut headers: Vec<Pair> = delivered.to_headers(asked.version);
    let status = if number < total { 206 } else { 200 };
    if matches!(delivered.kind, DeliveredKind::Report(_)) {
        return Ok(Reply::content(status, headers, Vec::new()));
    }
    let accepted = asked.parts.headers.get(ACCEPT_ENCODING).and_then(|accepted| accepted.to_str().ok());
    let stored = if opened.message.row.compressed { ContentEncoding::Gzip } else { ContentEncoding::Identity };
    let outgoing = Outgoing::of(stored, accepted, asked.version);
    headers.extend(outgoing.encoding().header().map(|encoding| ("content-encoding", encoding.to_owned())));
    if only_head {
        return Ok(Reply::content(status, headers, Vec::new()));
    }
    let content = asked.door.post.content(&opened.message, number).await?;
    let work = move || match outgoing {
        Outgoing::AsStored(_) => Some(content),
        Outgoing::Decompress => unpack(&content, CHUNK_BYTES_MAX).ok().map(Into::into),
        Outgoing::Compress => {
            let mut encoder = GzEncoder::new(Vec::with_capacity(content.len() / 4), Compression::fast());
            encoder.write_all(&content).ok()?;
            encoder.finish().ok().map(Into::into)
        }
    };
    let content = tokio::task::spawn_blocking(work).await.map_err(|_| MeshFault::Internal)?;
    // What its sender compressed wrongly cannot be given to who takes no gzip.
    let content = content.ok_or(MeshFault::NoContent)?;
    Ok(Reply::content(status, headers, content))
}

/// The caller has the message.
pub async fn acknowledge(asked: &Asked<'_>, id: &str) -> Result<Reply, Refused> {
    let found = find(asked, id).await?;
    if found.is_uploading() {
        return Err(MeshFault::NoSuchMessage.into());
    }
    if !found.row.recipient.eq_ignore_ascii_case(asked.admitted.mailbox.as_str()) {
        return Err(MeshFault::NotYours.into());
    }
    asked.door.post.acknowledge(&found).await?;
    let id: MessageId = found.row.id.parse().map_err(|_| MeshFault::Internal)?;
    Ok(Reply::json(200, asked.version, answers::acknowledged(asked.version, &id)))
}
