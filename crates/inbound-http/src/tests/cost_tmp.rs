use super::world::{CAMDEN, World, number, uri};
use cpis_app::look::{self, Question};
use cpis_model::plan::PlanKind::ChildProtection;
use http::Request;
use axum::body::Body;
use tower::ServiceExt;
fn cpu() -> u64 { std::fs::read_to_string("/proc/thread-self/schedstat").unwrap().split(' ').next().unwrap().parse().unwrap() }
#[tokio::test]
async fn cost() {
    let world = World::new().await;
    world.load(CAMDEN, &[(number(1), ChildProtection)]).await;
    let token = format!("Bearer {}", world.clinician());
    let uri = uri("CareTeam", number(1));
    let n = 5000u64;
    let req = || Request::get(&uri).header("authorization", &token).header("host", "x").header("accept", "application/fhir+json").header("X-Request-ID","60e0b220-8136-4ca5-ae46-1d97ef59d068").body(Body::empty()).unwrap();
    let headers = req().headers().clone();
    let auth = [headers["authorization"].as_bytes()];
    let id = cpis_identity::RequestIdentity { authorization: &auth, session_role: None, end_user_organisation: None };
    let caller = world.http.verifier.verify(&id, world.now()).await.unwrap();
    for _ in 0..2 {
        let a = cpu();
        for _ in 0..n {
            let q = Question { caller: caller.clone(), number: number(1), birth: None, declared: cpis_model::caller::Declared::Nothing, trace: None };
            look::flags(&world.service, q).await.unwrap();
        }
        let b = cpu();
        for _ in 0..n { assert_eq!(world.router.clone().oneshot(req()).await.unwrap().status(), 200); }
        let c = cpu();
        let live = || Request::get("/health/live").header("authorization", &token).body(Body::empty()).unwrap();
        for _ in 0..n { assert_eq!(world.router.clone().oneshot(live()).await.unwrap().status(), 200); }
        let d = cpu();
        for _ in 0..n { std::hint::black_box(req()); }
        let e = cpu();
        for _ in 0..n { std::hint::black_box(world.http.verifier.verify(&id, world.now()).await.unwrap()); }
        let f = cpu();
        for _ in 0..n { std::hint::black_box(number(1)); }
        let g = cpu();
        println!("look {} ns, careteam {} ns, live {} ns, building request {} ns, verify {} ns, number {} ns", (b-a)/n, (c-b)/n, (d-c)/n, (e-d)/n, (f-e)/n, (g-f)/n);
    }
}
