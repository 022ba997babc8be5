//! What a mapping may say, and that every fault of one is named.

use super::*;

const SHORTEST: &str = "issuer = \"https://issuer.example/oidc\"\naudience = [\"cpis\"]\n";

#[test]
fn the_default_text_says_what_its_absence_means() {
    let default = Mapping::parse(DEFAULT_MAPPING).unwrap();
    let shortest = Mapping::parse(SHORTEST).unwrap();
    assert_eq!(default.written, shortest.written);
    assert_eq!(default.algorithms, [Algorithm::RS256, Algorithm::RS512, Algorithm::PS256, Algorithm::ES256]);
    assert_eq!(default.written.activities.len(), 5);
}

#[test]
fn the_commented_lines_of_the_default_text_are_good() {
    let settings = [
        "[[client]]",
        "jwks_uri =",
        "required_scope =",
        "id =",
        "organisation =",
        "authority =",
        "[sign_in]",
        "client_id =",
        "key_file =",
        "key_id =",
        "algorithm =",
        "label =",
        "scopes =",
        "acr_values =",
        "prompt =",
        "authorization_endpoint =",
        "token_endpoint =",
        "userinfo_endpoint =",
        "end_session_endpoint =",
    ];
    let uncomment = |line: &'static str| {
        let bare = line.trim_start_matches("# ");
        if settings.iter().any(|start| bare.starts_with(start)) { bare } else { line }
    };
    let text = DEFAULT_MAPPING.lines().map(uncomment).collect::<Vec<_>>().join("\n");
    let mapping = Mapping::parse(&text).unwrap();
    assert!(mapping.jwks_url.is_some() && mapping.written.required_scope.is_some());
    assert!(mapping.clients.get("authority-social-care-system").is_some_and(|client| client.authority));
    let sign_in = mapping.sign_in.as_ref().unwrap();
    let standard = Mapping::standard("https://issuer.example/oidc", "cpis", Vec::new()).unwrap();
    let standard = standard.signing_in(&sign_in.client_id, &sign_in.key_id, "RS512").unwrap().sign_in.unwrap();
    assert_eq!(
        (&sign_in.label, &sign_in.scope, &sign_in.acr_values, sign_in.algorithm),
        (&standard.label, &standard.scope, &standard.acr_values, standard.algorithm),
    );
    assert!(sign_in.prompt.is_some() && sign_in.end_session_endpoint.is_some());
    assert_eq!(mapping.sign_in_key_file(), Some(Path::new("/etc/cpis/sign-in.pem")));
}

#[test]
fn every_fault_is_named() {
    let text = r#"
        issuer = "http://issuer.example"
        audience = []
        jwks_uri = "https://user:secret@keys.example/"
        algorithms = ["none", "HS256", "RS256", "XS1"]
        leeway_seconds = 61
        refresh_seconds = 0
        lifetime_hours_max = 0
        required_scope = ""
        [claims]
        roles = "sub"
        [[client]]
        id = "a"
        organisation = "702"
        [[client]]
        id = "a"
        organisation = "703"
        [[client]]
        id = ""
        organisation = "?"
    "#;
    let faults = Mapping::parse(text).unwrap_err();
    let expected = [
        "`issuer` must be",
        "`jwks_uri` must be",
        "`audience` must hold",
        "`required_scope` holds",
        "name the same claim",
        "`leeway_seconds` must be 0 to 60",
        "`refresh_seconds` must be 5 to 3600",
        "`lifetime_hours_max` must be 1 to 168",
        "`none` is no signature",
        "HS256 signs with a shared secret",
        "XS1 is not known",
        "the client `a` stands twice",
        "an `id` that is empty",
        "an ODS code has",
    ];
    assert_eq!(faults.0.len(), expected.len(), "{faults}");
    for words in expected {
        assert!(faults.0.iter().any(|fault| fault.contains(words)), "{words} in {faults}");
    }
}

#[test]
fn every_fault_of_the_sign_in_is_named() {
    let table = r#"
        [sign_in]
        client_id = "a client"
        key_file = "k.pem"
        key_id = ""
        algorithm = "HS512"
        label = " "
        scopes = ["profile", "two words"]
        prompt = ""
        token_endpoint = "http://issuer.example/token"
    "#;
    let faults = Mapping::parse(&format!("{SHORTEST}{table}")).unwrap_err();
    let expected = [
        "`sign_in.client_id` must be",
        "`sign_in.key_id` must be",
        "`sign_in.algorithm`: HS512 signs with a shared secret",
        "`sign_in.label` must have",
        "`sign_in.scopes` must hold words",
        "`sign_in.scopes` must hold `openid`",
        "`sign_in.prompt` must hold words",
        "`sign_in.token_endpoint` must be an https address",
    ];
    assert_eq!(faults.0.len(), expected.len(), "{faults}");
    for words in expected {
        assert!(faults.0.iter().any(|fault| fault.contains(words)), "{words} in {faults}");
    }
    assert!(Mapping::parse(SHORTEST).unwrap().sign_in_key_file().is_none());
}

#[test]
fn a_word_that_is_not_known_is_a_fault() {
    for (line, words) in [
        ("issur = \"x\"", "issur"),
        ("[claims]\nuser = \"sub\"", "user"),
        ("[assurance]\nlevel = 3", "level"),
        ("[activities]\nB0107 = \"edit\"", "edit"),
        ("[[client]]\nid = \"a\"\norganisation = \"702\"\nadmin = true", "admin"),
        ("algorithms = \"RS256\"", "sequence"),
        ("leeway_seconds = \"30\"", "i64"),
        ("[sign_in]\nclient_id = \"a\"\nkey_id = \"k\"", "key_file"),
        ("[sign_in]\nclient_id = \"a\"\nkey_file = \"f\"\nkey_id = \"k\"\nsecret = \"s\"", "secret"),
    ] {
        let faults = Mapping::parse(&format!("{SHORTEST}{line}\n")).unwrap_err();
        assert!(faults.to_string().contains(words), "{words} in {faults}");
    }
    let faults = Mapping::parse("issuer = \"https://a.example\"\naudience = [\"cpis\"]\n\nissur = 1").unwrap_err();
    assert!(faults.to_string().starts_with("line 4: "), "{faults}");
    assert!(Mapping::parse("audience = [\"cpis\"]").unwrap_err().to_string().contains("issuer"));
}

#[test]
fn keys_come_from_beside_the_issuer_or_from_where_the_operator_said() {
    let url = |text: &str| Url::parse(text).unwrap();
    let beside = Mapping::parse(SHORTEST).unwrap();
    for (place, trusted) in [
        ("https://issuer.example/keys", true),
        ("https://issuer.example:443/oidc/keys", true),
        ("https://issuer.example:8443/keys", false),
        ("http://issuer.example/keys", false),
        ("https://keys.issuer.example/keys", false),
        ("https://issuer.example@other.example/keys", false),
    ] {
        assert_eq!(beside.trusts_keys_at(&url(place)), trusted, "{place}");
    }
    let told = Mapping::parse(&format!("{SHORTEST}jwks_uri = \"https://keys.example/jwks\"\n")).unwrap();
    assert!(told.trusts_keys_at(&url("https://keys.example/jwks")));
    assert!(!told.trusts_keys_at(&url("https://keys.example/other")));
}

#[test]
fn plain_http_is_for_this_machine_only() {
    for (issuer, good) in [
        ("http://127.0.0.1:8081", true),
        ("http://localhost:8081/a", true),
        ("http://[::1]:8081", true),
        ("http://10.0.0.1", false),
        ("http://localhost.example", false),
        ("ftp://127.0.0.1", false),
        ("issuer", false),
    ] {
        assert_eq!(Mapping::standard(issuer, "cpis", Vec::new()).is_ok(), good, "{issuer}");
    }
}
