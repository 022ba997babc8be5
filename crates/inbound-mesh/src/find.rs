//! The handshake, and mailboxes that are looked for.

use crate::Door;
use crate::admit::Refused;
use crate::reply::{Asked, Reply};
use cpis_app::mail::Mailbox;
use cpis_format_mesh::answers::{FoundMailbox, lookup, workflow_search};
use cpis_format_mesh::handshake::{self, Handshake};
use cpis_format_mesh::{MeshFault, Version};

/// A client says what it is, and that its mailbox is good is the answer.
pub fn handshake(asked: &Asked<'_>) -> Result<Reply, Refused> {
    let told = Handshake::from_headers(&asked.headers).map_err(MeshFault::Headers)?;
    let Handshake { client_version, os_name, os_version } = told;
    tracing::info!(mailbox = %asked.admitted.mailbox, client_version, os_name, os_version, "a mailbox's client said hello");
    Ok(Reply::json(200, asked.version, handshake::body(asked.version, &asked.admitted.mailbox)))
}

/// The mailboxes of an organisation that take a workflow.
pub fn by_code(door: &Door, version: Version, code: &str, workflow: &str) -> Reply {
    let found = found(door, workflow, |mailbox| mailbox.organisation.as_str() == code);
    Reply::json(200, Version::V1, lookup(version, &door.fresh_id(), &found))
}

/// The mailboxes that take a workflow. Any may be sent to any authority's, so only the service's own says something by it.
pub fn by_workflow(door: &Door, workflow: &str) -> Reply {
    let found = found(door, workflow, |mailbox| mailbox.is_service);
    Reply::json(200, Version::V1, workflow_search(&found))
}

fn found(door: &Door, workflow: &str, wanted: impl Fn(&Mailbox) -> bool) -> Vec<FoundMailbox> {
    let all = door.post.mailboxes().into_iter();
    let good = all.filter(|mailbox| wanted(mailbox) && door.post.takes(mailbox, workflow));
    good.filter_map(|mailbox| Some(FoundMailbox { mailbox: mailbox.id.parse().ok()?, name: mailbox.name.to_string() }))
        .collect()
}
