//! Where a message stands, for who sent it.

use crate::admit::Refused;
use crate::collect::pairs;
use crate::reply::{Asked, Reply};
use crate::stored::Opened;
use cpis_app::mail::{MailState, Message};
use cpis_format_mesh::{
    ContentEncoding, MailboxId, MeshFault, Party, QueryFault, StatusRecord, Tracked, TrackedStatus, Version,
};

/// By the message's id, which stands in the query.
pub async fn by_id(asked: &Asked<'_>) -> Result<Reply, Refused> {
    let pairs = pairs(asked.parts.uri.query().unwrap_or_default());
    let id =
        pairs.iter().find(|(name, _)| name.eq_ignore_ascii_case("messageid")).map(|(_, value)| value.to_uppercase());
    let missing = QueryFault { parameter: "messageID", msg: "it is missing" };
    let id = id.filter(|id| !id.is_empty()).ok_or_else(|| MeshFault::Query(vec![missing]))?;
    let found = asked.door.post.message(&id).await?;
    let own = found.filter(|found| found.row.sender.as_deref() == Some(asked.admitted.mailbox.as_str()));
    // Another's message is none.
    let tracked = tracked(asked, own.ok_or(MeshFault::NoSuchMessage)?)?;
    Ok(Reply::json(200, asked.version, tracked.body(asked.version)))
}

/// By the sender's own name for it. There is only the older form of this answer.
pub async fn by_local_id(asked: &Asked<'_>, local_id: &str) -> Result<Reply, Refused> {
    let mut found = asked.door.post.by_local_id(asked.admitted.mailbox.as_str(), local_id).await?;
    match (found.pop(), found.is_empty()) {
        (None, _) => Err(MeshFault::NoSuchMessage.into()),
        (Some(_), false) => Err(MeshFault::LocalIdNotUnique.into()),
        (Some(one), true) => Ok(Reply::json(200, Version::V1, tracked(asked, one)?.body(Version::V1))),
    }
}

fn tracked(asked: &Asked<'_>, message: Message) -> Result<Tracked, Refused> {
    let opened = Opened::of(message)?;
    let row = &opened.message.row;
    let state = opened.message.state();
    let (status, outcome) = match state {
        MailState::Uploading => (TrackedStatus::Uploading, None),
        MailState::Accepted => (TrackedStatus::Accepted, Some(StatusRecord::transferred(row.at))),
        MailState::Acknowledged => (TrackedStatus::Acknowledged, Some(StatusRecord::transferred(row.at))),
        MailState::Undeliverable => (TrackedStatus::Undeliverable, None),
        MailState::Failed => (TrackedStatus::Error, None),
    };
    let recipient: MailboxId = row.recipient.parse().map_err(|_| MeshFault::Internal)?;
    Ok(Tracked {
        id: opened.id.clone(),
        linked: None,
        sender: party(asked, &asked.admitted.mailbox),
        recipient: party(asked, &recipient),
        envelope: opened.stored.envelope.clone(),
        status,
        uploaded_at: Some(row.at),
        expires_at: Some(row.expires),
        downloaded_at: row.ended.filter(|_| state == MailState::Acknowledged),
        chunk_count: row.chunks,
        encoding: if row.compressed { ContentEncoding::Gzip } else { ContentEncoding::Identity },
        file_size: row.bytes,
        outcome,
    })
}

fn party(asked: &Asked<'_>, mailbox: &MailboxId) -> Party {
    let known = asked.door.post.mailbox(mailbox.as_str());
    let (code, name) =
        known.map_or_else(Default::default, |known| (known.organisation.to_string(), known.name.to_string()));
    Party { mailbox: mailbox.clone(), name: name.clone(), ods_code: code.clone(), org_code: code, org_name: name }
}
