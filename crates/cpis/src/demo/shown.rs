//! What the demo prints at the end: addresses, and commands that can be copied; the token of each in a private file.

use super::ready::{Ready, Tokens};
use crate::fault::{Kind, OrFault, Result};
use crate::places::write_private;
use cpis_model::nhs_number::NhsNumber;
use std::path::{Path, PathBuf};

/// A private folder with a file for each token, as `curl --header @FILE` and `cpis --token-file FILE` read it. It goes with
/// the demo.
pub fn token_files(tokens: &Tokens) -> Result<tempfile::TempDir> {
    let what = "The demo's tokens cannot be written";
    let folder = tempfile::Builder::new().prefix("cpis-demo-tokens-").tempdir().or_fault(Kind::Failed, what)?;
    for (name, token) in tokens.named() {
        let text = format!("Authorization: Bearer {token}\n");
        write_private(&folder.path().join(name), text.as_bytes(), true).or_fault(Kind::Failed, what)?;
    }
    Ok(folder)
}

/// Addresses, commands and numbers.
pub fn addresses(ready: &Ready, tokens: &Path, ready_file: Option<&Path>) -> String {
    let Ready { fhir, authority_api, issuer, examples, upload, web, mesh, soap, mllp, .. } = ready;
    let Ready { gateway_status, demographics, .. } = ready;
    let (soap, asid) = (&soap.soap, &soap.soap_asid);
    let spaced = |number: &str| number.parse::<NhsNumber>().map(|number| number.spaced()).unwrap_or_default();
    let clinician: PathBuf = tokens.join("clinician");
    let authority: PathBuf = tokens.join("authority");
    let written = ready_file.map(|path| format!("  Ready file     {}\n", path.display())).unwrap_or_default();
    let base = fhir.trim_end_matches(cpis_inbound_http::FHIR_BASE);
    let (clinician, authority) = (clinician.display(), authority.display());
    format!(
        "\n\
         The service runs. Ctrl-C ends it.\n\
         \n\
         \x20 Pages          {web}\n\
         \x20 FHIR           {fhir}\n\
         \x20 Authority API  {authority_api}\n\
         \x20 Mailboxes      {mesh} (MESH)\n\
         \x20 SOAP           {soap} (with the certificate of {asid})\n\
         \x20 Gateway        {mllp} (MLLP, for ADT messages), page {gateway_status}\n\
         \x20 Issuer         {issuer}\n\
         \x20 Demographics   {demographics} (like PDS)\n\
         \x20 Tokens         {}\n\
         {written}\
         \n\
         In a browser, open {web} and choose one of these on the sign-in page:\n\
         \x20 Emergency nurse   find {}, open the record: its authority is told, and sees it among its notices\n\
         \x20 Health visitor    find the same number: nobody is told, and the nurse's look is in the list\n\
         \x20 Duty worker       read the notice of the look and acknowledge it\n\
         \n\
         Ask for a child. The token is in a file, and the number is in no address:\n\
         \x20 curl --header @{clinician} \\\n\
         \x20   --data-urlencode 'patient:identifier=https://fhir.nhs.uk/Id/nhs-number|{}' {fhir}/CareTeam/_search\n\
         \n\
         Who asked before:\n\
         \x20 curl --header @{clinician} \\\n\
         \x20   --data-urlencode 'patient:identifier=https://fhir.nhs.uk/Id/nhs-number|{}' {fhir}/AuditEvent/_search\n\
         \n\
         What {} was told:\n\
         \x20 curl --header @{authority} {authority_api}/notices\n\
         \n\
         The same at a prompt, and a file (the next one is number {}):\n\
         \x20 cpis query --url {base} --token-file {clinician}\n\
         \x20 cpis upload FILE --url {base} --token-file {authority}\n\
         \n\
         Numbers to ask for:\n\
         \x20 {}  child protection plan        {}  looked after\n\
         \x20 {}  unborn child's mother        {}  plan that ended\n\
         \x20 {}  plans of two authorities     {}  two plans of one authority\n\
         \x20 {}  no plan                      {}  replaced by another number\n\
         \x20 {}  restricted                   {}  known to nobody\n",
        tokens.display(),
        spaced(&examples.cpp),
        examples.cpp,
        examples.cpp,
        upload.name,
        upload.next_sequence,
        examples.cpp,
        examples.lac,
        examples.unborn,
        examples.ended,
        examples.two_authorities,
        examples.two_plans,
        examples.none,
        examples.superseded,
        examples.sensitive,
        examples.unknown,
    )
}
