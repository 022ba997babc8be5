//! What can be wrong before anything is asked.

/// Settings with which nothing can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The address.
    #[error("the service's address must begin with https, but for one on this machine, and hold no password")]
    Address,
    /// The proxy's address.
    #[error("the proxy's address cannot be used")]
    Proxy,
    /// The authorities that may have signed the server's certificate.
    #[error("the authorities of the service's certificate cannot be read")]
    Authorities,
    /// Our certificate and key.
    #[error("our certificate and its private key cannot be read")]
    Identity,
    /// TLS.
    #[error("the HTTP client cannot be set up")]
    Client,
}
