//! The demo's national query over SOAP: on the port after the mailboxes', with certificates of an authority of its own, which are made
//! once and kept in the data directory.

use crate::fault::{Fault, Kind, OrFault, Result};
use crate::organisations;
use crate::places::write_private;
use crate::running::{SoapDoor, listen};
use crate::{open::app, tls};
use cpis_app::Service;
use cpis_app::organisations::{Edit, change_all};
use cpis_model::organisation_record::{About, Record, RecordKind, System};
use cpis_model::record_text::{Fingerprint, Text};
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The service's ASID.
pub const SERVICE_ASID: &str = "999999999901";
/// The ASID of the hospital's system.
pub const CLIENT_ASID: &str = "999999999902";
/// The code of the hospital's system in the register.
const SYSTEM: &str = "demo-hospital-system";

/// How the query is asked, for the ready file.
#[expect(clippy::struct_field_names, reason = "the names are the keys of the ready file")]
#[derive(Clone, Debug, Serialize)]
pub struct Soap {
    /// Its address.
    pub soap: String,
    /// ASID of the hospital's system.
    pub soap_asid: String,
    /// Its certificate, in PEM.
    pub soap_client_cert: PathBuf,
    /// Its private key, in PEM.
    pub soap_client_key: PathBuf,
    /// The authority that signed the service's certificate and the client's, in PEM.
    pub soap_ca: PathBuf,
}

/// Opens the door on the port after the mailboxes'.
pub async fn open(port: u16, data_dir: &Path) -> Result<(SoapDoor, Soap)> {
    let folder = data_dir.join("soap");
    let path = |name: &str| folder.join(name);
    let names = ["ca.pem", "server.pem", "server-key.pem", "client.pem", "client-key.pem"];
    if !names.iter().all(|name| path(name).exists()) {
        std::fs::create_dir_all(&folder).or_fault(Kind::Failed, "The demo's certificates cannot be written")?;
        for (name, text) in names.iter().zip(make()?) {
            let written = write_private(&path(name), text.as_bytes(), true);
            written.or_fault(Kind::Failed, "The demo's certificates cannot be written")?;
        }
    }
    let port = if port == 0 { 0 } else { port.checked_add(3).unwrap_or(0) };
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let listener = listen(address, "--port; the national query takes the third port after it").await?;
    let address = listener.local_addr().or_fault(Kind::Address, "The listener has no address")?;
    let url = format!("https://{address}{}", cpis_inbound_http::SOAP_PATH);
    let tls = tls::mutual_acceptor(&path("server.pem"), &path("server-key.pem"), &path("ca.pem"))?;
    let named = cpis_inbound_http::Soap { asid: SERVICE_ASID.to_owned(), address: url.clone() };
    let soap = Soap {
        soap: url,
        soap_asid: CLIENT_ASID.to_owned(),
        soap_client_cert: path("client.pem"),
        soap_client_key: path("client-key.pem"),
        soap_ca: path("ca.pem"),
    };
    Ok((SoapDoor { listener, tls, soap: named }, soap))
}

/// An authority, and what it signed: the service's certificate and key, the client's certificate and key.
fn make() -> Result<[String; 5]> {
    let what = "The demo's certificates cannot be made";
    let params = |name: &str, names: &[&str]| {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).or_fault(Kind::Failed, what)?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        Ok::<_, Fault>(params)
    };
    let key = || KeyPair::generate().or_fault(Kind::Failed, what);
    let (ca_key, server_key, client_key) = (key()?, key()?, key()?);
    let mut authority = params("OpenCPIS demo authority", &[])?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = authority.self_signed(&ca_key).or_fault(Kind::Failed, what)?.pem();
    let issuer = Issuer::new(authority, ca_key);
    let signed = |params: CertificateParams, key: &KeyPair| {
        params.signed_by(key, &issuer).or_fault(Kind::Failed, what).map(|certificate| certificate.pem())
    };
    let server = signed(params("OpenCPIS demo", &["localhost", "127.0.0.1"])?, &server_key)?;
    let client = signed(params("OpenCPIS demo hospital", &["hospital.example"])?, &client_key)?;
    Ok([ca, server, server_key.serialize_pem(), client, client_key.serialize_pem()])
}

/// SHA-256 of the first certificate of a file.
fn fingerprint(path: &Path) -> Result<Fingerprint> {
    let what = "The demo's certificate cannot be read";
    let certificate = CertificateDer::from_pem_file(path).or_fault(Kind::Failed, what)?;
    let hex: Vec<String> = Sha256::digest(&certificate).iter().map(|byte| format!("{byte:02x}")).collect();
    hex.concat().parse().or_fault(Kind::Failed, what)
}

/// Sees to it that the register binds the hospital's system to its certificate.
pub async fn register(service: &Service, soap: &Soap, site: &str) -> Result<()> {
    let wrong = || Fault::failed("The demo's hospital system cannot be registered");
    let register = service.register.get();
    let certificates = vec![fingerprint(&soap.soap_client_cert)?];
    let held = register.record(RecordKind::System, SYSTEM);
    if let Some(Record::System(system)) = held.map(|held| &*held.record)
        && system.certificates == certificates
    {
        return Ok(());
    }
    let code = site.parse().map_err(|_| wrong())?;
    let organisation = register.site(code).ok_or_else(wrong)?.organisation;
    let name: Text = "The demo hospital's patient system".parse().map_err(|_| wrong())?;
    let system = System {
        code: SYSTEM.parse().map_err(|_| wrong())?,
        about: About::named(name),
        supplier: None,
        organisation,
        sites: vec![code],
        asids: vec![CLIENT_ASID.parse().map_err(|_| wrong())?],
        client: None,
        certificates,
        mailbox: None,
        one_id_a_visit: true,
    };
    let edit = Edit { record: Record::System(system), expected: held.map_or(0, |held| held.version) };
    let why: Text = "a system that asks by the national query, for the demo".parse().map_err(|_| wrong())?;
    change_all(service, organisations::caller()?, vec![edit], &why).await.map_err(|error| app(&error))?;
    Ok(())
}
