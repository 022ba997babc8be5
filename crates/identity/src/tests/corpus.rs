//! What the fuzzer starts from, replayed: the same two questions as `fuzz/fuzz_targets/tokens.rs`.

use super::*;
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
