//! Ready-made people and systems with CIS2-like claims (spec/fhir.md 4.1, 4.3). All names and numbers are invented.
//!
//! Claims are plain JSON, so that a test can bend them; [`super::Issuer::mint`] adds `iss` and `aud`.

use super::Ready;
use cpis_model::Timestamp;
use cpis_model::organisation::{AuthorityCode, OdsCode};
use cpis_model::register::Register;
use serde_json::{Value, json};

/// Life of the claims in seconds.
pub const LIFE_SECONDS: i64 = 12 * 3600;

const NAMES: [(&str, &str, &str); 12] = [
    ("Ms", "Orla", "Fennimore"),
    ("Mr", "Tobias", "Quillfeather"),
    ("Dr", "Amina", "Larkspur"),
    ("Mrs", "Beatrix", "Oldershaw"),
    ("Mr", "Kwame", "Hollinbrook"),
    ("Dr", "Sunniva", "Marchbanks"),
    ("Ms", "Priyanka", "Thistlewood"),
    ("Mr", "Idris", "Penhallow-Reed"),
    ("Ms", "Coralie", "Wetherstone"),
    ("Dr", "Lucan", "Abberline"),
    ("Mrs", "Zainab", "Cattermole"),
    ("Mr", "Piotr", "Silverdale"),
];

/// Somebody in unscheduled care at this site of the register (B0107): the authority is told of each look.
pub fn clinician(register: &Register, site: &str, now: Timestamp) -> Value {
    let job = ("S8000:G8000:R8001", "\"Clinical\":\"Clinical Provision\":\"Nurse Access Role\"");
    at_site("clinician", register, site, job, &["B0107"], now)
}

/// Somebody in scheduled care at this site of the register (B0170): the authority is not told.
pub fn scheduled_clinician(register: &Register, site: &str, now: Timestamp) -> Value {
    let job = ("S8000:G8000:R8000", "\"Clinical\":\"Clinical Provision\":\"Clinical Practitioner Access Role\"");
    at_site("scheduled", register, site, job, &["B0170"], now)
}

/// The privacy officer of the organisation that runs this site of the register.
pub fn privacy_officer(register: &Register, site: &str, now: Timestamp) -> Value {
    let job = ("S8001:G8002:R8016", "\"Admin and Clerical\":\"Privacy Officer\":\"Privacy Officer\"");
    at_site("privacy", register, site, job, &["CPIS-PRIVACY"], now)
}

/// Somebody with two roles at two organisations and none selected: in unscheduled care at these sites, which are of one
/// organisation, and in scheduled care at the other.
pub fn clinician_of_two(register: &Register, sites: &[&str], other: &str, now: Timestamp) -> Value {
    let first = sites.first().copied().unwrap_or_default();
    let id = number(&["two", first, other]);
    let (nurse, visitor) = (clinician(register, first, now), scheduled_clinician(register, other, now));
    let role_of = |person: &Value, id: String, sites: &[&str]| {
        let role = person.pointer("/nhsid_nrbac_roles/0").cloned().unwrap_or_default();
        super::with(&super::with(&role, "person_roleid", id), "site_code", sites)
    };
    let (ward, clinic) = (role_of(&nurse, format!("{id}1"), sites), role_of(&visitor, format!("{id}2"), &[other]));
    let organisations =
        [&ward, &clinic].map(|role| json!({"org_code": role["org_code"], "org_name": role["org_name"]}));
    let claims = super::with(&person(&id, &ward, now), "nhsid_nrbac_roles", json!([ward, clinic]));
    super::with(&super::with(&claims, "nhsid_user_orgs", json!(organisations)), "selected_roleid", Value::Null)
}

/// Somebody who visits families from this site of the register (B0170): the authority is not told.
pub fn health_visitor(register: &Register, site: &str, now: Timestamp) -> Value {
    let job = ("S8000:G8000:R8001", "\"Clinical\":\"Clinical Provision\":\"Health Visitor\"");
    at_site("visitor", register, site, job, &["B0170"], now)
}

/// A clinician at this site of the register whose role has no activity: known, and may do nothing.
pub fn clinician_without_activity(register: &Register, site: &str, now: Timestamp) -> Value {
    let job = ("S8000:G8000:R8000", "\"Clinical\":\"Clinical Provision\":\"Clinical Practitioner Access Role\"");
    at_site("without", register, site, job, &[], now)
}

/// Who edits the register of organisations, at the organisation that runs this site of the register.
pub fn operator(register: &Register, site: &str, now: Timestamp) -> Value {
    let job = ("S8001:G8005:R8010", "\"Admin and Clerical\":\"Management\":\"Systems Support Access Role\"");
    at_site("operator", register, site, job, &["CPIS-OPERATOR"], now)
}

/// Where those work who are ready to sign in: codes of the register.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// A site of a hospital.
    pub hospital: &'a str,
    /// A second site of the same hospital.
    pub second: &'a str,
    /// A site of another organisation, in scheduled care.
    pub scheduled: &'a str,
    /// An authority.
    pub authority: &'a str,
}

/// One of each kind, ready to sign in.
pub fn ready(register: &Register, places: Places<'_>, now: Timestamp) -> Vec<Ready> {
    let Places { hospital, second, scheduled, authority } = places;
    let authority_name = authority_name(register, authority).unwrap_or_else(|| authority.to_owned());
    let site = |code: &str| {
        let site = code.parse::<OdsCode>().ok().and_then(|code| register.site(code));
        site.map_or_else(|| code.to_owned(), |site| site.name.to_string())
    };
    let (at, clinic) = (site(hospital), site(scheduled));
    let rows = [
        ("emergency-nurse", format!("Emergency nurse, {at}"), clinician(register, hospital, now)),
        (
            "clinician-of-two",
            format!("Clinician with two roles, {at} and {clinic}"),
            clinician_of_two(register, &[hospital, second], scheduled, now),
        ),
        ("health-visitor", format!("Health visitor, {clinic}"), health_visitor(register, scheduled, now)),
        (
            "duty-worker",
            format!("Duty worker, {authority_name} children's services"),
            authority_worker(authority, &authority_name, now),
        ),
        ("privacy-officer", format!("Privacy officer, {at}"), privacy_officer(register, hospital, now)),
        ("operator", format!("Operator of the register, {at}"), operator(register, hospital, now)),
        (
            "no-activity",
            format!("Clinician without any activity, {at}"),
            clinician_without_activity(register, hospital, now),
        ),
    ];
    rows.into_iter().map(|(hint, label, claims)| Ready { hint: hint.to_owned(), label, claims }).collect()
}

/// Somebody in an authority's children's services. The name is the authority's.
pub fn authority_worker(authority: &str, name: &str, now: Timestamp) -> Value {
    let job = ("S8001:G8003:R8008", "\"Admin and Clerical\":\"Social Care\":\"Children's Social Worker\"");
    let id = number(&["authority", authority]);
    person(&id, &role(&id, (authority, name), None, job, &["CPIS-LA"]), now)
}

/// An authority's system, as the token endpoint knows it. Which authority it acts for stands in the service's mapping.
pub fn authority_system(client: &str, now: Timestamp) -> Value {
    json!({
        "sub": client,
        "client_id": client,
        "gty": "client-credentials",
        "scope": "urn:nhsd:apim:app:level3:cpis",
        "iat": now.as_second(),
        "exp": now.as_second() + LIFE_SECONDS,
    })
}

/// One entry of `nhsid_nrbac_roles`: `organisation` is code and name, `job` is role code and role name.
pub fn role(id: &str, organisation: (&str, &str), site: Option<&str>, job: (&str, &str), activities: &[&str]) -> Value {
    let mut role = json!({
        "person_orgid": format!("6{id}"),
        "person_roleid": id,
        "org_code": organisation.0,
        "org_name": organisation.1,
        "role_code": job.0,
        "role_name": job.1,
        "activity_codes": activities,
    });
    if let (Some(site), Some(members)) = (site, role.as_object_mut()) {
        members.insert("site_code".to_owned(), site.into());
    }
    role
}

/// A person with one role, selected at sign-in. `id` is a number of 12 digits; the name follows from it.
pub fn person(id: &str, role: &Value, now: Timestamp) -> Value {
    let at = id.bytes().fold(0, |sum: usize, byte| sum + usize::from(byte)) % NAMES.len();
    let (title, given, family) = NAMES.get(at).copied().unwrap_or_default();
    json!({
        "sub": id,
        "uid": id,
        "nhsid_useruid": id,
        "title": title,
        "given_name": given,
        "family_name": family,
        "name": format!("{family} {given} ({title})"),
        "display_name": format!("{title} {given} {family}"),
        "id_assurance_level": "3",
        "authentication_assurance_level": "3",
        "acr": "AAL3_ANY",
        "amr": ["N3_SMARTCARD"],
        "azp": "demo.viewer.apps.national",
        "auth_time": now.as_second(),
        "iat": now.as_second(),
        "exp": now.as_second() + LIFE_SECONDS,
        "nhsid_user_orgs": [{"org_code": role.get("org_code"), "org_name": role.get("org_name")}],
        "selected_roleid": role.get("person_roleid"),
        "nhsid_nrbac_roles": [role],
    })
}

fn at_site(
    kind: &str,
    register: &Register,
    site: &str,
    job: (&str, &str),
    activities: &[&str],
    now: Timestamp,
) -> Value {
    let id = number(&[kind, site]);
    let code = site.parse::<OdsCode>().ok();
    let registered = code.and_then(|code| register.site(code));
    let organisation = registered.map(|site| site.organisation).or(code);
    let code = organisation.map_or_else(|| site.to_owned(), |code| code.to_string());
    let name = organisation
        .and_then(|code| register.organisation(code))
        .map_or_else(|| code.clone(), |found| found.name.to_string());
    person(&id, &role(&id, (&code, &name), Some(site), job, activities), now)
}

/// The registered name of an authority, for [`authority_worker`].
pub fn authority_name(register: &Register, authority: &str) -> Option<String> {
    let code = authority.parse::<AuthorityCode>().ok()?;
    register.authority(code).map(ToString::to_string)
}

/// Twelve digits that are always the same for the same words (FNV-1a).
fn number(words: &[&str]) -> String {
    let bytes = words.iter().flat_map(|word| word.bytes().chain([0]));
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("555{:09}", hash % 1_000_000_000)
}
