//! Every limit of the door, named with its unit. What is answered past each: see the fields.

use std::time::Duration;

/// Limits of the door. The size of an upload is `cpis_model::upload::UPLOAD_BYTES_MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; further ones wait in the listener's queue.
    pub connections_max: usize,
    /// For a handshake, and for the head of a request from the end of the one before: also how long a connection may be
    /// idle. The connection is closed.
    pub header_seconds: u64,
    /// Bytes of a request's head. 431.
    pub head_bytes_max: usize,
    /// For a body other than an upload. 408.
    pub body_seconds: u64,
    /// Bytes of a body other than an upload. 413.
    pub body_bytes_max: usize,
    /// For a whole request other than an upload. 503.
    pub request_seconds: u64,
    /// Without a byte of an upload. 408.
    pub upload_idle_seconds: u64,
    /// For a whole upload, processing included; a file that is being processed goes on without its sender. 503.
    pub upload_seconds: u64,
    /// For room in memory and a free slot. 503.
    pub upload_wait_seconds: u64,
    /// Uploads at once. 503.
    pub upload_slots: usize,
    /// Uploads of one authority at once. 429.
    pub upload_slots_of_authority: usize,
    /// For requests that run when the service stops; what is still running then is cut.
    pub drain_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 4096,
            header_seconds: 30,
            head_bytes_max: 32 * 1024,
            body_seconds: 10,
            body_bytes_max: 64 * 1024,
            request_seconds: 15,
            upload_idle_seconds: 30,
            upload_seconds: 30 * 60,
            upload_wait_seconds: 5,
            upload_slots: 32,
            upload_slots_of_authority: 4,
            drain_seconds: 20,
        }
    }
}

impl Limits {
    pub(crate) fn body_time(self) -> Duration {
        Duration::from_secs(self.body_seconds)
    }

    pub(crate) fn upload_idle_time(self) -> Duration {
        Duration::from_secs(self.upload_idle_seconds)
    }

    pub(crate) fn upload_wait_time(self) -> Duration {
        Duration::from_secs(self.upload_wait_seconds)
    }
}
