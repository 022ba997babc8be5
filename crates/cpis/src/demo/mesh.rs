//! The demo's mailboxes: on the port after the issuer's, plain HTTP on this machine.

use super::ready::{Mailbox, Mailboxes};
use super::world::{AUTHORITIES, AUTHORITY, OTHER};
use crate::fault::{Fault, Kind, OrFault, Result};
use crate::open::app;
use crate::running::{MeshDoor, listen};
use bytes::Bytes;
use cpis_app::mail::MailSettings;
use cpis_app::mail::passwords::Passwords;
use cpis_app::people::Keys;
use cpis_app::{Service, SystemClock};
use cpis_format_mesh::Envelope;
use cpis_model::Timestamp;
use cpis_model::record_text::Id;
use cpis_outbound_mesh::{Mesh as MeshClient, MeshError};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// Longest wait for a message.
const WAIT: Duration = Duration::from_mins(1);
/// Pause between two looks into a mailbox.
const LOOK: Duration = Duration::from_millis(100);

/// Seconds between two messages with notices: somebody waits for the demo.
const TELL_SECONDS: u64 = 2;

/// Where the mailboxes are.
pub struct Mesh {
    /// Their address, without a path.
    pub url: String,
    /// The key that they share, new at each start.
    pub shared_key: String,
}

/// Choices for the mailboxes.
pub fn settings() -> MailSettings {
    MailSettings { tell_seconds: TELL_SECONDS, ..MailSettings::default() }
}

/// Opens the mailboxes' door on the port after the issuer's.
pub async fn open(port: u16, keys: &Keys) -> Result<(MeshDoor, Mesh)> {
    let port = if port == 0 { 0 } else { port.checked_add(2).unwrap_or(0) };
    let listener =
        listen(SocketAddr::from(([127, 0, 0, 1], port)), "--port; the mailboxes take the second port after it").await?;
    let address = listener.local_addr().or_fault(Kind::Address, "The listener has no address")?;
    let mut secret = [0; 16];
    keys.entropy.fill(&mut secret);
    let shared_key = format!("{:032x}", u128::from_be_bytes(secret));
    let door = MeshDoor { listener, tls: None, shared_key: Zeroizing::new(shared_key.clone().into_bytes()) };
    Ok((door, Mesh { url: format!("http://{address}"), shared_key }))
}

/// An authority's own system at its mailbox.
pub struct Client {
    mesh: MeshClient,
    settings: MailSettings,
}

impl Mesh {
    /// The system of one of the demo's authorities.
    pub async fn client(&self, service: &Service, authority: &str) -> Result<Client> {
        let id = mailbox_of(authority)?;
        let password = password_of(service, id.as_str()).await?;
        let mailbox = id.as_str().parse().map_err(|_| Fault::failed("A mailbox of the demo has no id"))?;
        let reached = cpis_outbound_mesh::Settings::new(&self.url, mailbox, &password, self.shared_key.as_bytes());
        let mesh = MeshClient::new(reached, Arc::new(SystemClock)).map_err(|error| told(&error))?;
        Ok(Client { mesh, settings: settings() })
    }
}

impl Client {
    /// Sends a file and waits for its answer, as a case system does.
    pub async fn deliver(&self, file: Bytes, sequence: u64) -> Result<()> {
        let service = self.settings.service_mailbox.parse();
        let service = service.map_err(|_| Fault::failed("The service's mailbox has no id"))?;
        let workflow = self.settings.upload.first().cloned().unwrap_or_default();
        let envelope = Envelope { local_id: Some(format!("UPLOAD-{sequence}")), ..Envelope::new(service, &workflow) };
        self.mesh.handshake().await.map_err(|error| told(&error))?;
        self.mesh.send(&envelope, file).await.map_err(|error| told(&error))?;
        self.wait_for(&self.settings.acknowledgement).await.map(drop)
    }

    /// Waits for a message of a kind and says its content. What else lies there is left.
    pub async fn wait_for(&self, workflow: &str) -> Result<Bytes> {
        let end = tokio::time::Instant::now() + WAIT;
        loop {
            for id in self.mesh.inbox().await.map_err(|error| told(&error))? {
                let found = self.mesh.collect(&id).await.map_err(|error| told(&error))?;
                if found.delivered.envelope.workflow == workflow {
                    self.mesh.acknowledge(&id).await.map_err(|error| told(&error))?;
                    return Ok(found.content);
                }
            }
            if tokio::time::Instant::now() > end {
                return Err(Fault::failed("A message that was due did not come into a mailbox of the demo"));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn told(error: &MeshError) -> Fault {
    Fault::failed(format!("The demo's mailboxes: {error}"))
}

async fn password_of(service: &Service, id: &str) -> Result<Zeroizing<String>> {
    let passwords = Passwords { store: &*service.store, keys: &service.keys };
    let password = passwords.of(id).await.map_err(|error| app(&error))?;
    password.ok_or_else(|| Fault::failed("A mailbox of the demo has no password"))
}

/// The mailbox of one of the demo's authorities.
pub fn mailbox_of(authority: &str) -> Result<Id> {
    format!("{authority}OT001").parse().map_err(|_| Fault::failed("A mailbox of the demo has no id"))
}

/// Gives every authority's mailbox a password, at the first start.
pub async fn give_passwords(service: &Service, now: Timestamp) -> Result<()> {
    let passwords = Passwords { store: &*service.store, keys: &service.keys };
    for authority in AUTHORITIES {
        let mailbox = mailbox_of(authority)?;
        passwords.set(mailbox.as_str(), &passwords.make(), now).await.map_err(|error| app(&error))?;
    }
    Ok(())
}

/// The mailboxes for the ready file.
pub async fn mailboxes(service: &Service) -> Result<Mailboxes> {
    let of = async |authority: &str| {
        let id = mailbox_of(authority)?.as_str().to_owned();
        let password = password_of(service, &id).await?.to_string();
        Ok::<_, Fault>(Mailbox { id, password })
    };
    Ok(Mailboxes {
        authority: of(AUTHORITY).await?,
        other_authority: of(OTHER).await?,
        service: settings().service_mailbox,
    })
}
