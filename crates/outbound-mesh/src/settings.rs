//! How a MESH server is reached.

use crate::MeshError;
use cpis_format_mesh::MailboxId;
use std::fmt;
use std::time::Duration;
use zeroize::Zeroizing;

/// Bytes of a chunk, before it is compressed. Servers take 100 MB of a request.
const CHUNK_BYTES: usize = 20 * 1024 * 1024;
/// For a request that moves nothing large.
const SMALL: Duration = Duration::from_secs(30);

/// How a MESH server is reached. `Debug` shows no secret.
#[derive(Clone)]
pub struct Settings {
    /// The server's address, without a path.
    pub url: String,
    /// Our mailbox on it.
    pub mailbox: MailboxId,
    /// Its password.
    pub password: Zeroizing<String>,
    /// The key that the server's mailboxes share.
    pub shared_key: Zeroizing<Vec<u8>>,
    /// Authorities that may have signed the server's certificate, in PEM; without them those of the system.
    pub authorities: Option<Vec<u8>>,
    /// Our certificate and its private key, in PEM.
    pub identity: Option<Zeroizing<Vec<u8>>>,
    /// A proxy.
    pub proxy: Option<String>,
    /// For a request that moves nothing large; one with content may take ten times as long.
    pub time: Duration,
    /// Bytes of a chunk, before it is compressed.
    pub chunk_bytes: usize,
    /// Largest content that is collected, in bytes, unpacked.
    pub content_bytes_max: usize,
}

impl Settings {
    /// A server with its address, a mailbox and its secrets; the rest as usual.
    pub fn new(url: &str, mailbox: MailboxId, password: &str, shared_key: &[u8]) -> Self {
        Self {
            url: url.trim_end_matches('/').to_owned(),
            mailbox,
            password: Zeroizing::new(password.to_owned()),
            shared_key: Zeroizing::new(shared_key.to_vec()),
            authorities: None,
            identity: None,
            proxy: None,
            time: SMALL,
            chunk_bytes: CHUNK_BYTES,
            content_bytes_max: 256 * 1024 * 1024,
        }
    }

    /// The HTTP client for them.
    pub(crate) fn client(&self) -> Result<reqwest::Client, MeshError> {
        let wrong = |what: &'static str| move |_| MeshError::Settings(what);
        let mut builder = reqwest::Client::builder()
            .connect_timeout(self.time)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("OpenCPIS/", env!("CARGO_PKG_VERSION")));
        builder = match &self.proxy {
            Some(proxy) => builder.proxy(reqwest::Proxy::all(proxy).map_err(wrong("the proxy's address"))?),
            None => builder.no_proxy(),
        };
        if let Some(pem) = &self.authorities {
            let all = reqwest::Certificate::from_pem_bundle(pem).map_err(wrong("the server's authorities"))?;
            builder = builder.tls_certs_only(all);
        }
        if let Some(pem) = &self.identity {
            let identity = reqwest::Identity::from_pem(pem).map_err(wrong("our certificate and key"))?;
            builder = builder.identity(identity);
        }
        builder.build().map_err(wrong("TLS"))
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("url", &self.url).field("mailbox", &self.mailbox).finish_non_exhaustive()
    }
}
