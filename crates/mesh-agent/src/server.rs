//! What the agent asks of a MESH server.

use async_trait::async_trait;
use bytes::Bytes;
use cpis_format_mesh::received::TrackedMessage;
use cpis_format_mesh::{Envelope, MessageId};
use cpis_outbound_mesh::{Collected, Mesh, MeshError};

/// A MESH server, seen from one mailbox.
#[async_trait]
pub trait Server: Send + Sync {
    /// Says hello.
    async fn handshake(&self) -> Result<(), MeshError>;
    /// Sends a message.
    async fn send(&self, envelope: &Envelope, content: Bytes) -> Result<MessageId, MeshError>;
    /// The message that came whole under this name of ours.
    async fn find(&self, local_id: &str) -> Result<Option<TrackedMessage>, MeshError>;
    /// What waits, oldest first.
    async fn inbox(&self) -> Result<Vec<MessageId>, MeshError>;
    /// A message with its content.
    async fn collect(&self, id: &MessageId) -> Result<Collected, MeshError>;
    /// We have a message.
    async fn acknowledge(&self, id: &MessageId) -> Result<(), MeshError>;
}

#[async_trait]
impl Server for Mesh {
    async fn handshake(&self) -> Result<(), MeshError> {
        Self::handshake(self).await
    }

    async fn send(&self, envelope: &Envelope, content: Bytes) -> Result<MessageId, MeshError> {
        Self::send(self, envelope, content).await
    }

    async fn find(&self, local_id: &str) -> Result<Option<TrackedMessage>, MeshError> {
        Self::find(self, local_id).await
    }

    async fn inbox(&self) -> Result<Vec<MessageId>, MeshError> {
        Self::inbox(self).await
    }

    async fn collect(&self, id: &MessageId) -> Result<Collected, MeshError> {
        Self::collect(self, id).await
    }

    async fn acknowledge(&self, id: &MessageId) -> Result<(), MeshError> {
        Self::acknowledge(self, id).await
    }
}
