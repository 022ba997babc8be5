//! Tables of returns, good and bad; the corpus of `fuzz/fuzz_targets/sign_in_returns.rs` is replayed elsewhere.

use super::*;
use crate::return_path::ReturnPath;

fn pending() -> Pending {
    let begun = "2026-06-01T09:00:00Z".parse().unwrap();
    Pending::new("https://issuer.example/oidc", &[[1; 32], [2; 32], [3; 32]], ReturnPath::home(), begun)
}

const STATE: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";

#[test]
fn the_return_is_read_strictly() {
    use SignInError::{Again, Away, Forged};
    let issuer = "https%3A%2F%2Fissuer.example%2Foidc";
    for (query, names_itself, expected) in [
        (format!("code=c&state={STATE}"), false, Ok("c")),
        (format!("code=c&state={STATE}&iss={issuer}&session_state=x&scope=openid"), true, Ok("c")),
        (format!("state={STATE}&code=a%2Bb+c"), false, Ok("a+b c")),
        (format!("code=c&state={STATE}"), true, Err(Forged("mixed-up"))),
        (format!("code=c&state={STATE}&iss=https://other.example"), false, Err(Forged("mixed-up"))),
        (format!("code=c&state={STATE}&iss={issuer}%2F"), false, Err(Forged("mixed-up"))),
        (format!("code=c&state={STATE}&iss="), false, Err(Forged("mixed-up"))),
        ("code=c&state=other".to_owned(), false, Err(Forged("state"))),
        (format!("code=c&state={}", STATE.to_lowercase()), false, Err(Forged("state"))),
        (format!("code=c&state={STATE}%00"), false, Err(Forged("state"))),
        ("code=c&state=".to_owned(), false, Err(Forged("state"))),
        ("code=c".to_owned(), false, Err(Forged("state"))),
        (String::new(), false, Err(Forged("state"))),
        (format!("state={STATE}"), false, Err(Forged("callback"))),
        (format!("code=&state={STATE}"), false, Err(Forged("callback"))),
        (format!("code=c&code=d&state={STATE}"), false, Err(Forged("callback"))),
        (format!("code=c&state={STATE}&state={STATE}"), false, Err(Forged("callback"))),
        (format!("code=c&state={STATE}&error=access_denied"), false, Err(Forged("callback"))),
        (format!("code={}&state={STATE}", "c".repeat(CALLBACK_BYTES_MAX)), false, Err(Forged("callback"))),
        (format!("error=access_denied&error_description=no&state={STATE}"), false, Err(Again("cancelled"))),
        ("error=access_denied&state=other".to_owned(), false, Err(Forged("state"))),
        (format!("error=temporarily_unavailable&state={STATE}"), false, Err(Away("issuer-error"))),
        (format!("error=unauthorized_client&state={STATE}"), false, Err(Away("request-refused"))),
        (format!("error=%ff%fe&state={STATE}"), false, Err(Away("request-refused"))),
    ] {
        let callback = Callback::parse(&query);
        let answer = callback.and_then(|callback| callback.code(&pending(), names_itself).map(str::to_owned));
        assert_eq!(answer, expected.map(str::to_owned), "{query:.200}");
    }
}
