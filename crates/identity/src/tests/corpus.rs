//! What the fuzzer starts from, replayed: the same questions as `fuzz/fuzz_targets/tokens.rs` and `sign_in.rs` ask.

use super::*;
use crate::{Callback, Pending, ReturnPath, SignIn, SignedIn};
use cpis_testkit::issuer::header;
use serde_json::json;
use std::fs;
use std::path::Path;

#[tokio::test]
async fn the_corpus_is_refused_unless_we_sign_it() {
    let key = SigningKey::from_secret("fuzz", [7; 32]).unwrap();
    let mapping = Mapping::standard("https://issuer.example/oidc", "cpis", clients()).unwrap();
    let source = KeySource::fixed(&json!({"keys": [key.public()]}).to_string()).unwrap();
    let verifier = Verifier::new(vec![(mapping, source)], register()).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/tokens");
    let (mut files, mut accepted) = (0, 0);
    for entry in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        let request = RequestIdentity { authorization: &[&bytes], ..RequestIdentity::default() };
        assert!(verifier.verify(&request, now()).await.is_err());
        if let Ok(text) = std::str::from_utf8(&bytes) {
            let signed = key.sign_text(&header(&key).to_string(), text);
            accepted += usize::from(ask(&verifier, &signed, now()).await.is_ok());
        }
        files += 1;
    }
    assert!(files >= 12 && accepted >= 2, "{files} files, {accepted} accepted once signed");
}

#[tokio::test]
async fn the_corpus_of_the_sign_in_ends_no_session_unless_we_sign_it_and_leads_nowhere() {
    let key = SigningKey::from_secret("fuzz", [7; 32]).unwrap();
    let mapping = Mapping::standard("https://issuer.example/oidc", "cpis", clients()).unwrap();
    let mapping = mapping.signing_in("viewer", "fuzz", "ES256").unwrap();
    let source = KeySource::fixed(&json!({"keys": [key.public()]}).to_string()).unwrap();
    let sign_in = SignIn::new(&mapping, &source, key.private_pem().as_bytes(), "https://viewer.example/back").unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/sign_in");
    let (mut accepted, mut returns, mut paths, mut sealed) = (0, 0, Vec::new(), 0);
    for entry in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(sign_in.log_out(&bytes, now()).await.is_err());
        let pending = Pending::from_bytes(&bytes).map(|pending| pending.to_bytes());
        sealed += usize::from(pending.is_some_and(|bytes| Pending::from_bytes(&bytes).is_some()));
        let signed_in = SignedIn::from_bytes(&bytes).map(|signed_in| signed_in.to_bytes());
        sealed += usize::from(signed_in.is_some_and(|bytes| SignedIn::from_bytes(&bytes).is_some()));
        if let Ok(text) = std::str::from_utf8(&bytes) {
            let signed = key.sign_text(&header(&key).to_string(), text);
            accepted += usize::from(sign_in.log_out(signed.as_bytes(), now()).await.is_ok());
            returns += usize::from(Callback::parse(text).is_ok());
            paths.extend(text.parse::<ReturnPath>().map(|path| path.to_string()));
        }
    }
    assert_eq!((accepted, sealed, paths), (2, 2, vec!["/notices?page=2".to_owned()]));
    assert!(returns >= 3);
}
