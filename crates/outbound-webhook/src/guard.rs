//! Names of hosts become addresses here and nowhere else: the client connects to what this hands it, so that nothing
//! can change between judging an address and connecting to it.

use crate::network::Network;
use crate::reach::may_reach;
use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolving};
use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Finds the addresses of a host.
#[async_trait]
pub trait Resolve: Send + Sync {
    /// All of them.
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// As the operating system does it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// Why a name gives no address to connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotResolved {
    #[error("no address")]
    Unknown,
    #[error("an address that may not be reached")]
    Inside,
}

impl NotResolved {
    /// The reason at the end of the client's error, where it is one of these.
    pub fn of(error: &reqwest::Error) -> Option<Self> {
        let mut link: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(error) = link {
            if let Some(own) = error.downcast_ref::<Self>() {
                return Some(*own);
            }
            link = error.source();
        }
        None
    }
}

/// The client's resolver.
pub(crate) struct Guard {
    pub resolver: Arc<dyn Resolve>,
    pub allowed: Arc<[Network]>,
}

impl reqwest::dns::Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (resolver, allowed) = (self.resolver.clone(), self.allowed.clone());
        Box::pin(async move {
            let found = found(&*resolver, name.as_str(), &allowed).await;
            found.map_err(|fault| Box::new(fault) as Box<dyn Error + Send + Sync>)
        })
    }
}

async fn found(resolver: &dyn Resolve, host: &str, allowed: &[Network]) -> Result<Addrs, NotResolved> {
    let found = resolver.addresses(host).await.map_err(|_| NotResolved::Unknown)?;
    if found.is_empty() {
        return Err(NotResolved::Unknown);
    }
    // One that may not be reached among others that may is how a name is made to change its mind.
    if !found.iter().all(|address| may_reach(*address, allowed)) {
        return Err(NotResolved::Inside);
    }
    // Port 0 stands for that of the address.
    Ok(Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0))))
}
