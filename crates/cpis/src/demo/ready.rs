//! The ready file: where the demo runs, tokens and examples, for programs. Written once all is up, for its owner alone.

use super::country::Recipe;
use super::sign_in::Offered;
use super::soap::Soap;
use super::world::{AUTHORITY, Part, World};
use crate::fault::{Fault, Kind, Result};
use crate::places::write_private;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The file. Later versions add keys; these stay.
#[derive(Debug, Serialize)]
pub struct Ready {
    /// Address of the pages.
    pub web: String,
    /// Who is ready to sign in there.
    pub sign_ins: Vec<Offered>,
    /// Base address of the FHIR interface.
    pub fhir: String,
    /// Base address of the authority's interface.
    pub authority_api: String,
    /// The issuer of tokens.
    pub issuer: String,
    /// Where demographics is: a server that answers as the Personal Demographics Service does.
    pub demographics: String,
    /// The next file of the demo's authority.
    pub upload: NextUpload,
    /// Tokens of people; they last 12 hours and no longer than this start.
    pub tokens: Tokens,
    /// Tokens of many clinicians, for `cpis simulate`.
    pub simulate_tokens: Vec<AtSite>,
    /// What the country around the story follows from; null where there is none.
    pub country: Option<Recipe>,
    /// NHS numbers to ask for.
    pub examples: Examples,
    /// Address of the mailboxes, without `/messageexchange`.
    pub mesh: String,
    /// The key that they share.
    pub mesh_shared_key: String,
    /// Mailboxes.
    pub mailboxes: Mailboxes,
    /// The national query over SOAP: `soap`, `soap_asid`, `soap_client_cert`, `soap_client_key`, `soap_ca`.
    #[serde(flatten)]
    pub soap: Soap,
    /// Host and port of a feed of the gateway: MLLP without TLS, for any sender.
    pub mllp: String,
    /// Address of the gateway's page.
    pub gateway_status: String,
    /// A spreadsheet of the demo's authority with three faults, beside this file.
    pub spreadsheet: PathBuf,
}

/// Mailboxes.
#[derive(Clone, Debug, Serialize)]
pub struct Mailboxes {
    /// Of the demo's authority.
    pub authority: Mailbox,
    /// Of another authority.
    pub other_authority: Mailbox,
    /// The id of the service's own.
    pub service: String,
}

/// A mailbox.
#[derive(Clone, Serialize)]
pub struct Mailbox {
    /// Its id.
    pub id: String,
    /// Its password.
    pub password: String,
}

impl std::fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mailbox({})", self.id)
    }
}

/// A clinician's token.
#[derive(Clone, Serialize)]
pub struct AtSite {
    /// Where they work.
    pub site: String,
    /// Whether in scheduled care.
    pub scheduled: bool,
    /// Their token.
    pub token: String,
}

impl std::fmt::Debug for AtSite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AtSite(…)")
    }
}

/// What the next file must carry.
#[derive(Debug, Serialize)]
pub struct NextUpload {
    /// Code of the authority.
    pub ods_code: String,
    /// Its name.
    pub name: String,
    /// The number that is expected.
    pub next_sequence: u64,
}

/// Tokens.
#[derive(Clone, Serialize)]
pub struct Tokens {
    /// A clinician in unscheduled care.
    pub clinician: String,
    /// A clinician in scheduled care.
    pub scheduled_clinician: String,
    /// Somebody of the demo's authority.
    pub authority: String,
    /// Somebody of another authority.
    pub other_authority: String,
    /// A privacy officer.
    pub privacy_officer: String,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(…)")
    }
}

impl Tokens {
    /// Each with its name.
    pub fn named(&self) -> [(&'static str, &str); 5] {
        [
            ("clinician", &self.clinician),
            ("scheduled_clinician", &self.scheduled_clinician),
            ("authority", &self.authority),
            ("other_authority", &self.other_authority),
            ("privacy_officer", &self.privacy_officer),
        ]
    }
}

/// NHS numbers as text.
#[derive(Clone, Serialize)]
pub struct Examples {
    /// Under a child protection plan.
    pub cpp: String,
    /// Looked after.
    pub lac: String,
    /// A mother whose unborn child is under a plan.
    pub unborn: String,
    /// A plan that ended some weeks ago.
    pub ended: String,
    /// Plans of two authorities.
    pub two_authorities: String,
    /// Two plans of one authority.
    pub two_plans: String,
    /// Known to demographics, without a plan.
    pub none: String,
    /// The old number of a stored child, since replaced.
    pub superseded: String,
    /// A stored child who was restricted later.
    pub sensitive: String,
    /// Known to nobody.
    pub unknown: String,
}

impl std::fmt::Debug for Examples {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Examples(…)")
    }
}

impl Examples {
    /// The examples of a world.
    pub fn of(world: &World) -> Result<Self> {
        let number = |part| world.number(part).map(|number| number.digits().to_owned());
        Ok(Self {
            cpp: number(Part::Cpp)?,
            lac: number(Part::Lac)?,
            unborn: number(Part::Unborn)?,
            ended: number(Part::Ended)?,
            two_authorities: number(Part::TwoAuthorities)?,
            two_plans: number(Part::TwoPlans)?,
            none: number(Part::NoPlan)?,
            superseded: number(Part::Superseded)?,
            sensitive: number(Part::Sensitive)?,
            unknown: World::unknown()?.digits().to_owned(),
        })
    }
}

impl NextUpload {
    /// The demo authority's next file.
    pub fn new(name: &str, next_sequence: u64) -> Self {
        Self { ods_code: AUTHORITY.to_owned(), name: name.to_owned(), next_sequence }
    }
}

/// Where a ready file may be written: anywhere but in the data directory, which must hold nothing in the clear.
pub fn place(path: &Path, data_dir: &Path) -> Result<PathBuf> {
    let fault = |what: &str| Fault::new(Kind::Usage, format!("The ready file {} {what}", path.display()));
    let name = path.file_name().ok_or_else(|| fault("has no name"))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().map_err(|_| fault("lies in a folder that is not there"))?;
    let data = data_dir.canonicalize().unwrap_or_else(|_| data_dir.to_owned());
    if folder.starts_with(&data) {
        let mend = "It holds numbers and tokens in the clear: choose a place outside.";
        return Err(fault("must not lie in the data directory").mend(mend));
    }
    let path = folder.join(name);
    if path.is_dir() {
        return Err(fault("is a folder"));
    }
    Ok(path)
}

/// Where the spreadsheet lies: beside the ready file.
pub fn spreadsheet(ready_file: &Path) -> PathBuf {
    ready_file.with_extension("plans.csv")
}

/// Takes both files away.
pub fn remove(ready_file: &Path) {
    for path in [ready_file, &spreadsheet(ready_file)] {
        let _ = std::fs::remove_file(path);
    }
}

/// Writes the spreadsheet, then the file: whoever waits for the file finds both.
pub fn write(path: &Path, ready: &Ready, spreadsheet: &str) -> Result<()> {
    let mut text = serde_json::to_vec_pretty(ready).unwrap_or_default();
    text.push(b'\n');
    for (path, bytes) in [(&*ready.spreadsheet, spreadsheet.as_bytes()), (path, &text)] {
        write_private(path, bytes, true).map_err(|error| {
            Fault::new(Kind::Usage, format!("The file {} cannot be written: {error}", path.display()))
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::os::unix::fs::PermissionsExt;

    fn ready(folder: &Path) -> Ready {
        let world = World::new("2026-11-22".parse().unwrap(), 300).unwrap();
        let token = || "token".to_owned();
        let mailbox = |id: &str| Mailbox { id: id.to_owned(), password: "password".to_owned() };
        Ready {
            web: "http://127.0.0.1:8080".to_owned(),
            sign_ins: vec![Offered { hint: "emergency-nurse".to_owned(), label: "Emergency nurse".to_owned() }],
            fhir: "http://127.0.0.1:8650/cpis/FHIR/R4".to_owned(),
            authority_api: "http://127.0.0.1:8650/authority/v1".to_owned(),
            issuer: "http://127.0.0.1:8651".to_owned(),
            demographics: "http://127.0.0.1:8653/personal-demographics/FHIR/R4".to_owned(),
            upload: NextUpload::new("Camden", 2),
            tokens: Tokens {
                clinician: token(),
                scheduled_clinician: token(),
                authority: token(),
                other_authority: token(),
                privacy_officer: token(),
            },
            country: None,
            simulate_tokens: vec![AtSite { site: "RAL01".to_owned(), scheduled: false, token: token() }],
            examples: Examples::of(&world).unwrap(),
            mesh: "http://127.0.0.1:8652".to_owned(),
            mesh_shared_key: "key".to_owned(),
            mailboxes: Mailboxes {
                authority: mailbox("702OT001"),
                other_authority: mailbox("706OT001"),
                service: "S".to_owned(),
            },
            soap: Soap {
                soap: "https://127.0.0.1:8653/syncservice".to_owned(),
                soap_asid: "999999999902".to_owned(),
                soap_client_cert: folder.join("client.pem"),
                soap_client_key: folder.join("client-key.pem"),
                soap_ca: folder.join("ca.pem"),
            },
            mllp: "127.0.0.1:8654".to_owned(),
            gateway_status: "http://127.0.0.1:8655/".to_owned(),
            spreadsheet: folder.join("ready.plans.csv"),
        }
    }

    #[test]
    fn the_file_has_its_keys_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ready.json");
        write(&path, &ready(folder.path()), "a table").unwrap();
        assert_eq!(std::fs::read_to_string(spreadsheet(&path)).unwrap(), "a table");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let value: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let keys = |pointer: &str| {
            let object = value.pointer(pointer).and_then(Value::as_object).unwrap();
            object.keys().cloned().collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            keys(""),
            "authority_api country demographics examples fhir gateway_status issuer mailboxes mesh mesh_shared_key mllp \
             sign_ins simulate_tokens soap soap_asid soap_ca soap_client_cert soap_client_key spreadsheet tokens upload web"
        );
        assert_eq!(keys("/mailboxes"), "authority other_authority service");
        assert_eq!(keys("/mailboxes/authority"), "id password");
        assert_eq!(keys("/upload"), "name next_sequence ods_code");
        assert_eq!(keys("/simulate_tokens/0"), "scheduled site token");
        assert_eq!(keys("/tokens"), "authority clinician other_authority privacy_officer scheduled_clinician");
        assert_eq!(
            keys("/examples"),
            "cpp ended lac none sensitive superseded two_authorities two_plans unborn unknown"
        );
        let examples = value["examples"].as_object().unwrap();
        assert!(examples.values().all(|number| number.as_str().is_some_and(|n| n.len() == 10 && n.starts_with("999"))));
        assert_eq!(format!("{:?}", ready(folder.path()).examples), "Examples(…)");
    }

    #[test]
    fn the_file_does_not_lie_in_the_data_directory() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir_all(data.join("inner")).unwrap();
        for inside in ["data/r.json", "data/inner/r.json", "data/inner/../r.json"] {
            let fault = place(&folder.path().join(inside), &data).unwrap_err();
            assert!(fault.what.contains("must not lie in the data directory"), "{inside}");
        }
        assert!(place(&folder.path().join("r.json"), &data).is_ok());
        assert!(place(&folder.path().join("none/r.json"), &data).unwrap_err().what.contains("not there"));
        std::os::unix::fs::symlink(&data, folder.path().join("link")).unwrap();
        assert!(place(&folder.path().join("link/r.json"), &data).is_err());
    }
}
