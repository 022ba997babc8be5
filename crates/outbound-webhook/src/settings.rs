//! What an installation says about where its deliveries may go.

use crate::backoff::Backoff;
use crate::network::Network;

/// Where deliveries may go besides port 443 of the open internet. The default is: nowhere.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Networks that are not of the open internet and may be reached nevertheless, such as the one of the authorities.
    pub allowed_networks: Vec<Network>,
    /// Ports besides 443.
    pub allowed_ports: Vec<u16>,
    /// Whether plain HTTP to a loopback address is taken, on any port: for tests and the demo.
    pub plain_loopback: bool,
    /// Certificates, in PEM, of authorities to trust besides those of the system. May be empty.
    pub authorities_pem: Vec<u8>,
    /// When to try again.
    pub backoff: Backoff,
}

/// Deliveries cannot be made with these settings or on this machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("webhooks cannot be sent: {0}")]
pub struct Unusable(pub String);
