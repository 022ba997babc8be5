//! `cpis serve`: everything that can be wrong is found, with its words and exit code, before the first door opens.

use crate::cli;
use crate::config::{self, Config, Mesh, Soap, read_text};
use crate::email::Relay;
use crate::fault::{Fault, Kind, OrFault, Result};
use crate::pages::Issuer;
use crate::places::Places;
use crate::running::{Doors, Known, MeshDoor, MeshServer, Running, SoapDoor, listen};
use crate::{demographics, gauges, logs, open, say, signals, tls};
use cpis_app::SystemClock;
use cpis_app::mail::MailSettings;
use cpis_format_mesh::MailboxId;
use cpis_identity::Mapping;
use cpis_model::register::Register;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use zeroize::Zeroizing;

/// Largest mapping or table in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Serve,
    /// Only what runs beside the doors: lists, notices, the audit log's tree, housekeeping.
    Work,
}

/// Runs the service until it is told to end.
pub async fn run(arguments: &cli::Serve, role: Role) -> Result<ExitCode> {
    let mut stop = signals::watch()?;
    let config = Config::read(&arguments.config)?;
    logs::start(&config.logs);
    let known = Known {
        issuers: issuers(&config, &arguments.config)?,
        register: Arc::new(register(&config)?),
        demographics: demographics::elsewhere(&config.demographics)?,
    };
    let tls = config.tls.as_ref().map(|tls| tls::acceptor(&tls.certificate, &tls.key)).transpose()?;
    let places = Places::of(&config);
    let lock = places.lock_for_service()?;
    let opened = tokio::select! {
        opened = open::open(places.clone(), lock, config.readers, true) => opened?,
        () = signals::asked(&mut stop) => return Ok(ExitCode::SUCCESS),
    };
    opened.check_keys().await?;
    opened.check_not_behind().await?;
    let listener = match role {
        Role::Serve => Some(listen(config.listen, "`listen` in the configuration").await?),
        Role::Work => None,
    };
    let mesh = match (role, &config.mesh) {
        (Role::Serve, Some(mesh)) => Some(mesh_door(mesh).await?),
        _ => None,
    };
    let soap = match (role, &config.soap) {
        (Role::Serve, Some(soap)) => Some(soap_door(soap).await?),
        _ => None,
    };
    let mesh_server = config.mesh_server.as_ref().map(|server| mesh_server(server, &config)).transpose()?;
    let webhook = config.subscriptions.choices()?;
    let relay = config.email.as_ref().map(|email| Relay::of(email, &config.pages)).transpose()?;
    let inside = listen(config.inside_listen, "`inside_listen` in the configuration").await?;
    let address = listener.as_ref().map(TcpListener::local_addr).transpose();
    let address = address.or_fault(Kind::Address, "The listener has no address")?;
    let inside_address = inside.local_addr().or_fault(Kind::Address, "The listener has no address")?;
    let base_url = config.external_url(address.unwrap_or(config.listen));
    let mail = config.mesh.as_ref().map_or_else(MailSettings::default, Mesh::choices);
    let mesh_address = mesh.as_ref().map(|mesh| (mesh.listener.local_addr(), mesh.tls.is_some()));
    let soap_address = soap.as_ref().map(|door| door.soap.address.clone());
    let doors = Doors {
        listener,
        tls,
        inside: Some(inside),
        base_url: base_url.clone(),
        pages: config.pages.clone(),
        mesh,
        soap,
        mesh_server,
        webhook,
        relay,
    };
    let mut running = Running::start(opened, config.choices(places.checkpoints), mail, known, doors).await?;
    gauges::tell_certificates(config.certificates().map(|(_, certificate, _)| certificate));
    if let Some(folder) = &config.backup.folder {
        running.follow_backups(folder.clone());
    }
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    if let Some(address) = address {
        say::line(format_args!("Listening on {scheme}://{address} for hospitals and authorities, known as {base_url}"));
    }
    if let Some((Ok(address), is_secure)) = mesh_address {
        let scheme = if is_secure { "https" } else { "http" };
        say::line(format_args!("Listening on {scheme}://{address} for mailboxes of MESH"));
    }
    if let Some(address) = soap_address {
        say::line(format_args!("Listening for the national query over SOAP, known as {address}"));
    }
    say::line(format_args!("Listening on http://{inside_address} for health and metrics"));
    signals::asked(&mut stop).await;
    say::line("Ending: answering what was taken. A second signal ends at once.");
    running.stop(Duration::from_secs(u64::from(config.leave_seconds))).await;
    say::line("Ended. Everything is stored.");
    Ok(ExitCode::SUCCESS)
}

/// The mailboxes' door, as the configuration says.
async fn mesh_door(mesh: &Mesh) -> Result<MeshDoor> {
    let tls = match (&mesh.certificate, &mesh.key, &mesh.client_ca_file) {
        (Some(certificate), Some(key), Some(clients)) => Some(tls::mutual_acceptor(certificate, key, clients)?),
        (Some(certificate), Some(key), None) => Some(tls::acceptor(certificate, key)?),
        _ => None,
    };
    let shared_key = secret(mesh.shared_key_file.as_deref(), "The mailboxes' shared key")?;
    let listener = listen(mesh.listen, "`mesh.listen` in the configuration").await?;
    Ok(MeshDoor { listener, tls, shared_key })
}

/// The door of the national query, as the configuration says.
async fn soap_door(soap: &Soap) -> Result<SoapDoor> {
    let (Some(certificate), Some(key), Some(clients)) = (&soap.certificate, &soap.key, &soap.client_ca_file) else {
        return Err(Fault::new(Kind::Configuration, "[soap] needs `certificate`, `key` and `client_ca_file`"));
    };
    let tls = tls::mutual_acceptor(certificate, key, clients)?;
    let listener = listen(soap.listen, "`soap.listen` in the configuration").await?;
    let listens_on = listener.local_addr().or_fault(Kind::Address, "The listener has no address")?;
    let named = cpis_inbound_http::Soap { asid: soap.asid.trim().to_owned(), address: soap.address(listens_on) };
    Ok(SoapDoor { listener, tls, soap: named })
}

/// The client for a MESH server elsewhere, as the configuration says.
fn mesh_server(server: &config::MeshServer, config: &Config) -> Result<MeshServer> {
    let mail = config.mesh.as_ref().map_or_else(MailSettings::default, Mesh::choices);
    let mailbox = mail.service_mailbox.parse().or_fault(Kind::Configuration, "`mesh.mailbox`")?;
    let mesh = mesh_client(server, mailbox)?;
    Ok(MeshServer { mesh: Arc::new(mesh), poll: Duration::from_secs(u64::from(server.poll_seconds)) })
}

/// A client for a mailbox on a MESH server.
pub fn mesh_client(server: &config::MeshServer, mailbox: MailboxId) -> Result<cpis_outbound_mesh::Mesh> {
    let what = "The MESH server in the configuration";
    let password = secret(server.password_file.as_deref(), "The password of our mailbox on the MESH server")?;
    let shared_key = secret(server.shared_key_file.as_deref(), "The MESH server's shared key")?;
    let password = std::str::from_utf8(&password).or_fault(Kind::Configuration, what)?;
    let read = |path: &Option<PathBuf>| {
        let fault = |path: &Path, error: std::io::Error| {
            Fault::new(Kind::Configuration, format!("{what}: {} cannot be read ({error})", path.display()))
        };
        path.as_deref().map(|path| std::fs::read(path).map_err(|error| fault(path, error))).transpose()
    };
    let settings = cpis_outbound_mesh::Settings {
        authorities: read(&server.ca_file)?,
        identity: read(&server.identity_file)?.map(Zeroizing::new),
        proxy: server.proxy.clone(),
        ..cpis_outbound_mesh::Settings::new(&server.url, mailbox, password, &shared_key)
    };
    cpis_outbound_mesh::Mesh::new(settings, Arc::new(SystemClock)).or_fault(Kind::Configuration, what)
}

/// A secret from a file of one line.
fn secret(path: Option<&Path>, what: &str) -> Result<Zeroizing<Vec<u8>>> {
    let Some(path) = path else { return Err(Fault::new(Kind::Configuration, format!("{what}: no file is named"))) };
    let fault = |why: String| Fault::new(Kind::Configuration, format!("{what} {}: {why}", path.display()));
    let text = Zeroizing::new(read_text(path, 4096).map_err(fault)?);
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(fault("it is empty".to_owned()));
    }
    Ok(Zeroizing::new(secret.as_bytes().to_vec()))
}

fn issuers(config: &Config, path: &Path) -> Result<Vec<Issuer>> {
    if config.issuer.is_empty() {
        let what = format!("The configuration {}: there is no [[issuer]], so nobody could sign in", path.display());
        return Err(Fault::new(Kind::Configuration, what).mend("Add one with the file of its mapping."));
    }
    let read = |path: &Path| {
        let fault = |what: String| Fault::new(Kind::Issuer, format!("The issuer's mapping {}: {what}", path.display()));
        let text = read_text(path, FILE_BYTES_MAX).map_err(fault)?;
        Issuer::new(Mapping::parse(&text).map_err(|faults| fault(faults.to_string()))?, path)
    };
    config.issuer.iter().map(|issuer| read(&issuer.mapping)).collect()
}

/// The register of organisations, as the configuration says.
pub fn register(config: &Config) -> Result<Register> {
    let (Some(authorities), Some(sites)) = (&config.register.authorities, &config.register.sites) else {
        return Ok(Register::built_in());
    };
    let read = |path: &Path| {
        let fault = |what| Fault::new(Kind::Configuration, format!("The register's table {}: {what}", path.display()));
        read_text(path, FILE_BYTES_MAX).map_err(fault)
    };
    Register::parse(&read(authorities)?, &read(sites)?).map_err(|faults| {
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Fault::new(Kind::Configuration, format!("The register's tables have faults: {}", told.join("; ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn config(text: &str) -> Config {
        Config::parse(text).unwrap()
    }

    #[test]
    fn faults_of_an_issuer_are_named() {
        let fault = issuers(&config(""), &PathBuf::from("c.toml")).err().unwrap();
        assert!(fault.kind == Kind::Configuration && fault.what.contains("nobody could sign in"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("issuer.toml");
        let told = || {
            let mut config = config("[[issuer]]\nmapping = \"x\"");
            config.issuer[0].mapping.clone_from(&path);
            issuers(&config, &path)
        };
        let fault = told().err().unwrap();
        assert!(fault.kind == Kind::Issuer && fault.what.ends_with("there is no such file"));
        std::fs::write(&path, "issuer = \"http://issuer.example\"\naudience = [\"cpis\"]\n").unwrap();
        assert!(told().err().unwrap().what.contains("`issuer` must be an https address"));
        std::fs::write(&path, cpis_identity::DEFAULT_MAPPING).unwrap();
        assert_eq!(told().ok().unwrap().len(), 1);
    }

    #[test]
    fn faults_of_the_register_are_named_with_their_lines() {
        let folder = tempfile::tempdir().unwrap();
        let (authorities, sites) = (folder.path().join("a.csv"), folder.path().join("s.csv"));
        let mut config = config("");
        assert!(register(&config).unwrap().sites().len() > 100);
        config.register.authorities = Some(authorities.clone());
        config.register.sites = Some(sites.clone());
        assert!(register(&config).unwrap_err().what.ends_with("a.csv: there is no such file"));
        std::fs::write(&authorities, "code,name\n7,Short\n").unwrap();
        std::fs::write(&sites, "code,name,organisation,organisation_name,setting\nRJ1,A,RJ1,A,U99\n").unwrap();
        let fault = register(&config).unwrap_err();
        assert!(
            fault.kind == Kind::Configuration
                && fault.what.contains("authorities, line 2")
                && fault.what.contains("sites, line 2")
        );
    }

    #[tokio::test]
    async fn an_address_in_use_is_named() {
        let first = listen("127.0.0.1:0".parse().unwrap(), "--port").await.unwrap();
        let fault = listen(first.local_addr().unwrap(), "--port").await.unwrap_err();
        assert!(fault.kind == Kind::Address && fault.what.contains("is in use by another program"));
        let fault = listen("192.0.2.1:1".parse().unwrap(), "--port").await.unwrap_err();
        assert!(fault.what.contains("no address of this machine"), "{fault}");
    }
}
