//! Forgeries of header and claims under a good signature: what a careless issuer might sign.

use super::*;
use serde_json::json;

/// Headers that ask for more than we understand, or are none.
pub(super) fn of_header(world: &World) -> Vec<Forgery> {
    let World { ec, head, claims, .. } = world;
    let mut forged = Vec::new();
    let mut add = |name: &str, token: String| forged.push((name.to_owned(), token));

    // a header that asks for more than we understand, or is none
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("typ", json!("JOSE")),
        ("typ", json!("logout+jwt")),
        ("typ", json!("secevent+jwt")),
        ("typ", json!("")),
        ("typ", json!(1)),
        ("typ", json!("application/json")),
    ] {
        add("header", ec.sign(&put(head, name, value), claims));
    }
    add("no type", ec.sign(&without(head, "typ"), claims));
    let body = &claims.to_string();
    for text in ["", "{}", "[]", "null", "{", "\"ES256\"", "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"ec\"} ."] {
        add("header is none", ec.sign_text(text, body));
    }
    add("algorithm twice", ec.sign_text(r#"{"alg":"none","typ":"JWT","kid":"ec","alg":"ES256"}"#, body));
    add("key id twice", ec.sign_text(r#"{"alg":"ES256","typ":"JWT","kid":"x","kid":"ec"}"#, body));
    forged
}

/// Claims that are wrong, doubtful or missing.
pub(super) fn of_claims(world: &World) -> Vec<Forgery> {
    let World { ec, head, claims, url, .. } = world;
    let mut forged = Vec::new();
    let mut add = |name: &str, token: String| forged.push((name.to_owned(), token));
    let (second, body) = (now().as_second(), claims.to_string());
    // whose, for whom, when
    for value in [
        json!("https://issuer.example"),
        json!(format!("{url}/")),
        json!(url.to_uppercase()),
        json!(""),
        json!(null),
        json!([url]),
        json!(1),
        json!(format!(" {url}")),
    ] {
        add("issuer", ec.sign(head, &put(claims, "iss", value)));
    }
    for value in [
        json!("other"),
        json!("cpis2"),
        json!("CPIS"),
        json!(""),
        json!([]),
        json!(["other"]),
        json!(["cpis", 1]),
        json!({"cpis": true}),
        json!(1),
        json!(null),
    ] {
        add("audience", ec.sign(head, &put(claims, "aud", value)));
    }
    for value in [
        json!(second - 30),
        json!(second - 3600),
        json!(0),
        json!(-1),
        json!((second + 600).to_string()),
        json!(null),
        json!(1e10),
        json!(true),
        json!([second + 600]),
        json!((second + 600) * 1000),
        json!(u64::MAX),
        json!(i64::MAX),
    ] {
        add("expiry", ec.sign(head, &put(claims, "exp", value)));
    }
    for name in ["nbf", "iat"] {
        for value in [
            json!(second + 31),
            json!(second + 86_400),
            json!(second.to_string()),
            json!(null),
            json!(1.5),
            json!(i64::MAX),
        ] {
            add(name, ec.sign(head, &put(claims, name, value)));
        }
    }
    add("begins after it ends", ec.sign(head, &put(&put(claims, "iat", second + 20), "exp", second + 10)));
    for name in ["iss", "aud", "exp", "sub", "id_assurance_level", "authentication_assurance_level"] {
        add("claim missing", ec.sign(head, &without(claims, name)));
    }
    for (name, value) in [
        ("sub", json!("")),
        ("sub", json!(1)),
        ("sub", json!("a b")),
        ("sub", json!("a\nb")),
        ("sub", json!("s".repeat(65))),
        ("authentication_assurance_level", json!(1)),
        ("authentication_assurance_level", json!("high")),
        ("id_assurance_level", json!("2")),
        ("id_assurance_level", json!(-3)),
        ("site_code", json!(7)),
    ] {
        let claims = put(claims, name, value);
        let role = without(&claims["nhsid_nrbac_roles"][0], "site_code");
        add("claim", ec.sign(head, &put(&claims, "nhsid_nrbac_roles", json!([role]))));
    }
    let nameless =
        ["name", "display_name", "family_name"].iter().fold(claims.clone(), |claims, name| without(&claims, name));
    add("nobody's", ec.sign(head, &nameless));

    // said twice
    let opening = body.strip_prefix('{').unwrap();
    for twice in [
        format!("{{\"exp\":{},{opening}", second + 60),
        format!("{{\"sub\":\"555000000009\",{opening}"),
        format!("{{\"i\\u0073s\":\"{url}\",{opening}"),
        format!("{{\"nhsid_nrbac_roles\":[],{opening}"),
        body.replacen("\"org_code\"", "\"org_code\":\"702\",\"org_code\"", 1),
    ] {
        add("said twice", ec.sign_text(&head.to_string(), &twice));
    }
    for text in
        ["", "{}", "[]", "null", "claims", &format!("{body}{{}}"), &format!("[{body}]"), &body[..body.len() - 1]]
    {
        add("claims are none", ec.sign_text(&head.to_string(), text));
    }
    forged
}
