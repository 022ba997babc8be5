//! What judging a token costs, first and again: `cargo run --release -p cpis-identity --example cost`.
#![allow(clippy::print_stdout)]

use cpis_identity::{KeySource, Mapping, RequestIdentity, Verifier};
use cpis_model::Timestamp;
use cpis_model::register::Register;
use cpis_testkit::issuer::{AUDIENCE, Issuer, SigningKey, TestRsa, people, with};
use jsonwebtoken::Algorithm;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

const TOKENS: u32 = 2_000;
const HITS: u32 = 20_000;
const WINDOWS: u32 = 100;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let now: Timestamp = "2026-06-01T09:00:00Z".parse()?;
    let register = Arc::new(Register::built_in());
    let rsa = SigningKey::test_rsa("rsa", TestRsa::First, Algorithm::RS256).ok_or("the test key is gone")?;
    for (name, key) in [("ES256", SigningKey::fresh("ec", &mut rand::rng())), ("RS256", rsa)] {
        let issuer = Issuer::start("127.0.0.1:0".parse()?, vec![key], move || now).await?;
        let mapping = Mapping::standard(issuer.url(), AUDIENCE, Vec::new())?;
        let source = KeySource::published(&mapping)?;
        let verifier = Verifier::new(vec![(mapping, source)], register.clone())?;
        verifier.refresh(now).await;
        let claims = people::clinician(&register, "RJ122", now);
        let headers: Vec<String> =
            (0..TOKENS).map(|n| format!("Bearer {}", issuer.mint(&with(&claims, "jti", n)))).collect();
        let ask = async |header: &str| {
            let request = RequestIdentity { authorization: &[header.as_bytes()], ..RequestIdentity::default() };
            verifier.verify(&request, now).await
        };
        let began = Instant::now();
        for header in &headers {
            ask(header).await?;
        }
        let first = began.elapsed() / TOKENS;
        let (mut best, mut sum) = (Duration::MAX, Duration::ZERO);
        for _ in 0..WINDOWS {
            let began = Instant::now();
            for header in headers.iter().cycle().take(HITS as usize) {
                std::hint::black_box(ask(header).await?);
            }
            sum += began.elapsed();
            best = best.min(began.elapsed() / HITS);
        }
        let again = sum / WINDOWS / HITS;
        let bytes = headers.first().map_or(0, String::len);
        println!("{name}: {bytes} bytes, first {first:?}, again {again:?}, best window {best:?}");
    }
    Ok(())
}
