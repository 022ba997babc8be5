//! TLS of the listener: certificate and key from PEM files.

use crate::fault::{Fault, Kind, OrFault, Result};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// The acceptor for this certificate and key.
pub fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor> {
    accept(certificate, key, None)
}

/// The same for clients that show a certificate which one of these authorities signed; others do not get in.
pub fn mutual_acceptor(certificate: &Path, key: &Path, client_authorities: &Path) -> Result<TlsAcceptor> {
    accept(certificate, key, Some(client_authorities))
}

/// For a client that trusts these authorities, and shows a certificate of its own with its key if it has one.
pub fn connector(authorities: &Path, own: Option<(&Path, &Path)>) -> Result<TlsConnector> {
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().or_fault(Kind::Usage, "TLS cannot be set up")?;
    let builder = builder.with_root_certificates(roots(authorities, "The authorities", Kind::Usage)?);
    let config = match own {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let first = format!("The certificate {}", certificate.display());
            let chain = CertificateDer::pem_file_iter(certificate).or_fault(Kind::Usage, &first)?;
            let chain: Vec<_> = chain.collect::<Result<_, _>>().or_fault(Kind::Usage, &first)?;
            let what = format!("The private key {}", key.display());
            let secret = PrivateKeyDer::from_pem_file(key).or_fault(Kind::Usage, what)?;
            let both = "The certificate and the private key do not go together";
            builder.with_client_auth_cert(chain, secret).or_fault(Kind::Usage, both)?
        }
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

fn roots(path: &Path, what: &str, kind: Kind) -> Result<RootCertStore> {
    let first = format!("{what} {}", path.display());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).or_fault(kind, &first)? {
        let certificate = certificate.or_fault(kind, &first)?;
        roots.add(certificate).or_fault(kind, &first)?;
    }
    Ok(roots)
}

fn clients(path: &Path) -> Result<Arc<dyn ClientCertVerifier>> {
    let what = "The authorities of clients' certificates";
    let roots = roots(path, what, Kind::Configuration)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()));
    verifier.build().or_fault(Kind::Configuration, format_args!("{what} {}", path.display()))
}

fn accept(certificate: &Path, key: &Path, client_authorities: Option<&Path>) -> Result<TlsAcceptor> {
    let named = |what: &str, path: &Path| format!("{what} {}", path.display());
    let first = named("The certificate", certificate);
    let chain = CertificateDer::pem_file_iter(certificate).or_fault(Kind::Configuration, &first)?;
    let chain: Vec<_> = chain.collect::<Result<_, _>>().or_fault(Kind::Configuration, &first)?;
    if chain.is_empty() {
        return Err(Fault::new(Kind::Configuration, format!("{first}: there is none in it")));
    }
    let secret = PrivateKeyDer::from_pem_file(key).or_fault(Kind::Configuration, named("The private key", key))?;
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let builder =
        builder.with_safe_default_protocol_versions().or_fault(Kind::Configuration, "TLS cannot be set up")?;
    let builder = match client_authorities {
        None => builder.with_no_client_auth(),
        Some(path) => builder.with_client_cert_verifier(clients(path)?),
    };
    let mut config = builder
        .with_single_cert(chain, secret)
        .or_fault(Kind::Configuration, "The certificate and the private key do not go together")?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// When the chain of a file begins and when the first of it ends, in seconds since 1970.
pub fn validity(path: &Path) -> Option<(i64, i64)> {
    let mut found: Option<(i64, i64)> = None;
    for certificate in CertificateDer::pem_file_iter(path).ok()? {
        let certificate = certificate.ok()?;
        let (_, read) = x509_parser::parse_x509_certificate(&certificate).ok()?;
        let validity = read.validity();
        let (begins, ends) = (validity.not_before.timestamp(), validity.not_after.timestamp());
        found = Some(found.map_or((begins, ends), |(first, last)| (first.max(begins), last.min(ends))));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_missing_or_empty_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
        let told = || acceptor(&certificate, &key).err().unwrap();
        assert!(told().kind == Kind::Configuration && told().what.contains("c.pem"));
        std::fs::write(&certificate, "").unwrap();
        assert!(told().what.contains("there is none in it"));
        std::fs::write(&certificate, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        assert!(told().what.contains("k.pem"));
    }
}
