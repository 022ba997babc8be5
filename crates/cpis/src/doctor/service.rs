//! The running service: whether it says that it is ready.

use crate::config::Config;
use crate::places::Places;
use cpis_store::{Finding, Weight};
use reqwest::{Client, StatusCode};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

const WHAT: &str = "service";
/// Longest time for the answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// Asks it.
pub async fn check(config: &Config, places: &Places) -> Vec<Finding> {
    let address = reachable(config.inside_listen);
    if address.port() == 0 {
        return vec![Finding::good(WHAT, "not asked: `inside_listen` is any free port")];
    }
    vec![match ask(address).await {
        Ok(StatusCode::OK) => Finding::good(WHAT, "it is ready"),
        Ok(status) => {
            let found = format!("{address} answers {status}: it is not ready");
            Finding::bad(Weight::Fault, WHAT, found, "The other lines say why, or its log does.")
        }
        Err(true) => {
            let found = format!("no answer from {address} in {} seconds", ANSWER_LIMIT.as_secs());
            Finding::bad(Weight::Fault, WHAT, found, "It hangs, or something else listens there: read its log.")
        }
        Err(false) if is_held(places) => {
            let found = format!("a process has the data directory, and nobody answers on {address}");
            Finding::bad(Weight::Warning, WHAT, found, "It is starting, or another command of cpis runs.")
        }
        Err(false) => {
            let found = format!("it does not run: nobody listens on {address}");
            Finding::bad(Weight::Warning, WHAT, found, "Start it with cpis serve.")
        }
    }]
}

/// The answer's status, or whether it was waited for in vain.
async fn ask(address: SocketAddr) -> Result<StatusCode, bool> {
    let client = Client::builder().timeout(ANSWER_LIMIT).no_proxy().build().map_err(|_| false)?;
    let answer = client.get(format!("http://{address}/health/ready")).send().await;
    answer.map(|answer| answer.status()).map_err(|error| error.is_timeout())
}

/// An address that stands for all of a machine is reached on this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Whether a process has the lock. The system's list is read; trying the lock could keep a service out that just starts.
fn is_held(places: &Places) -> bool {
    let (Ok(lock), Ok(list)) =
        (std::fs::metadata(places.data_dir.join("lock")), std::fs::read_to_string("/proc/locks"))
    else {
        return false;
    };
    let place = format!(":{}", lock.ino());
    list.lines().any(|line| line.contains("FLOCK") && line.split_whitespace().any(|word| word.ends_with(&place)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_of_a_machine_is_reached_on_it() {
        for (listens, reached) in
            [("0.0.0.0:8081", "127.0.0.1:8081"), ("[::]:8081", "[::1]:8081"), ("10.1.2.3:8081", "10.1.2.3:8081")]
        {
            assert_eq!(reachable(listens.parse().unwrap()), reached.parse().unwrap());
        }
    }

    #[tokio::test]
    async fn a_service_that_hangs_or_is_away_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::in_folder(folder.path());
        // It takes connections and says nothing.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = Config { inside_listen: listener.local_addr().unwrap(), ..Config::default() };
        let told = check(&config, &places).await;
        assert!(told[0].weight == Weight::Fault && told[0].found.starts_with("no answer"), "{told:?}");
        drop(listener);
        let told = check(&config, &places).await;
        assert!(told[0].weight == Weight::Warning && told[0].found.contains("it does not run"), "{told:?}");
        let lock = places.lock().unwrap();
        let told = check(&config, &places).await;
        assert!(told[0].weight == Weight::Warning && told[0].found.contains("has the data directory"), "{told:?}");
        drop(lock);
        config.inside_listen.set_port(0);
        assert_eq!(check(&config, &places).await[0].weight, Weight::Good);
    }
}
