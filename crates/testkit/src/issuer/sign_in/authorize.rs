//! The authorization endpoint: the page of ready sign-ins, and the way back with a code.

use super::super::pages::State;
use super::{CODE_SECONDS, Grant, Ready, random_word};
use axum::extract::{RawQuery, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::collections::HashMap;
use std::sync::Arc;

/// The word of the button with which nobody signs in.
const NOBODY: &str = "nobody";

/// `GET`: sends on at once when the request names somebody, else shows the page.
pub(in super::super) async fn ask(Shared(state): Shared<Arc<State>>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let hint = pairs(&query).and_then(|pairs| pairs.get("login_hint").cloned());
    answer(&state, &query, hint.as_deref())
}

/// `POST`: somebody was chosen on the page. The request still stands in the address.
pub(in super::super) async fn chosen(
    Shared(state): Shared<Arc<State>>,
    RawQuery(query): RawQuery,
    body: String,
) -> Response {
    let hint = pairs(&body).and_then(|pairs| pairs.get("login_hint").cloned());
    answer(&state, &query.unwrap_or_default(), hint.as_deref())
}

fn answer(state: &State, query: &str, hint: Option<&str>) -> Response {
    let fault = |text: &str| (StatusCode::BAD_REQUEST, Html(page("Not signed in", &escaped(text)))).into_response();
    let Some(request) = pairs(query) else { return fault("A parameter stands twice or is no text.") };
    let get = |name: &str| request.get(name).map(String::as_str);
    // Until client and address are known to belong together, nobody is sent anywhere.
    let known = get("client_id").and_then(|id| state.sign_ins().clients.get(id).cloned());
    let redirect = get("redirect_uri");
    let (Some(client), Some(redirect)) = (known, redirect) else { return fault("The client is not registered.") };
    if !client.redirects.iter().any(|registered| registered == redirect) {
        return fault("The client does not come back there.");
    }
    let back = |name: &str, value: &str| {
        let pairs = [(name, value), ("state", get("state").unwrap_or_default()), ("iss", &state.url)];
        (StatusCode::SEE_OTHER, [(header::LOCATION, format!("{redirect}?{}", encoded(&pairs)))]).into_response()
    };
    let is_long = |name: &str, least: usize| get(name).is_some_and(|text| text.len() >= least);
    let is_openid = get("scope").is_some_and(|scope| scope.split(' ').any(|word| word == "openid"));
    let has_challenge = get("code_challenge_method") == Some("S256") && is_long("code_challenge", 43);
    if get("response_type") != Some("code") || !is_openid || !has_challenge {
        return back("error", "invalid_request");
    }
    if !is_long("state", 22) || !is_long("nonce", 22) {
        return back("error", "invalid_request");
    }
    let ready = state.sign_ins().ready.clone();
    match hint {
        Some(NOBODY) => back("error", "access_denied"),
        Some(hint) => match ready.iter().find(|ready| ready.hint == hint) {
            Some(ready) => {
                let code = random_word();
                let owned = |name: &str| get(name).unwrap_or_default().to_owned();
                let grant = Grant {
                    client: client.id,
                    redirect: redirect.to_owned(),
                    challenge: owned("code_challenge"),
                    nonce: owned("nonce"),
                    claims: ready.claims.clone(),
                    expires: state.now().as_second() + CODE_SECONDS,
                };
                state.sign_ins().grants.insert(code.clone(), grant);
                back("code", &code)
            }
            None => fault("Nobody of this name is ready to sign in."),
        },
        None => Html(page("Choose who you are", &buttons(query, &ready))).into_response(),
    }
}

fn buttons(query: &str, ready: &[Ready]) -> String {
    let nobody =
        Ready { hint: NOBODY.to_owned(), label: "Nobody: go back".to_owned(), claims: serde_json::Value::Null };
    let button = |ready: &Ready| {
        let (hint, label) = (escaped(&ready.hint), escaped(&ready.label));
        format!("<p><button name=\"login_hint\" value=\"{hint}\">{label}</button></p>\n")
    };
    let buttons: String = ready.iter().chain([&nobody]).map(button).collect();
    format!("<form method=\"post\" action=\"/oauth2/authorize?{}\">\n{buttons}</form>\n", escaped(query))
}

pub(super) fn page(title: &str, body: &str) -> String {
    let head = "<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">";
    let says = "This issuer is for tests and demonstrations. Everybody here is invented.";
    format!(
        "<!doctype html>\n<html lang=\"en\">\n{head}\n<title>{title} - test issuer</title>\n<main>\n<h1>{title}</h1>\n\
         <p>{says}</p>\n{body}</main>\n</html>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// The pairs of a query or form; nothing when a name stands twice.
pub(crate) fn pairs(text: &str) -> Option<HashMap<String, String>> {
    let mut pairs = HashMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if pairs.insert(decoded(name)?, decoded(value)?).is_some() {
            return None;
        }
    }
    Some(pairs)
}

fn decoded(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8().ok().map(Into::into)
}

pub(super) fn encoded(pairs: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| {
        let [name, value] = [name, value].map(|text| utf8_percent_encode(text, NON_ALPHANUMERIC));
        format!("{name}={value}")
    };
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}
