//! Each role at each page: what the table says is what happens. The table for people is written from it.
#![allow(clippy::unwrap_used, reason = "test support: a panic is how a test fails")]

mod world;

use cpis_inbound_web::{ROUTES, Route, Who, paths};
use expect_test::expect_file;
use std::fmt::Write;
use world::{Browser, World};

const ROLES: [(&str, &str); 7] = [
    ("nobody", "Not signed in"),
    ("emergency-nurse", "Emergency nurse"),
    ("health-visitor", "Health visitor"),
    ("duty-worker", "Duty worker"),
    ("operator", "Operator"),
    ("privacy-officer", "Privacy officer"),
    ("no-activity", "No activity"),
];

fn may(role: &str, who: Who) -> bool {
    match who {
        Who::Anybody => true,
        Who::SignedIn => role != "nobody",
        Who::Reader => matches!(role, "emergency-nurse" | "health-visitor"),
        Who::Authority => role == "duty-worker",
        Who::Operator => role == "operator",
    }
}

fn address(route: &Route) -> String {
    route
        .path
        .replace("{id}", "00000000-0000-4000-8000-000000000000")
        .replace("{kind}", "site")
        .replace("{code}", "RJ122")
        .replace("{name}", "x")
}

async fn browser<'a>(world: &'a World, role: &str) -> Browser<'a> {
    match role {
        "nobody" => world.browser(),
        "emergency-nurse" | "health-visitor" => world.reader(role).await,
        _ => world.signed_in(role).await,
    }
}

#[tokio::test]
async fn every_role_gets_what_is_theirs_and_nothing_else() {
    let world = World::new().await;
    let mut table = String::from(
        "# Who may do what on the pages\n\nWritten by the test `every_role_gets_what_is_theirs_and_nothing_else`, which tries each \
         role at each page. What a role may do follows from its activities: see the mapping of your issuer.\n\n| Page | What |",
    );
    for (_, name) in ROLES {
        write!(table, " {name} |").unwrap();
    }
    table += "\n|---|---|";
    table += &":-:|".repeat(ROLES.len());
    table.push('\n');
    let mut lines: Vec<String> =
        ROUTES.iter().map(|route| format!("| {} `{}` | {} |", route.method, route.path, route.what)).collect();
    for (role, _) in ROLES {
        let signed_in = browser(&world, role).await;
        for (route, line) in ROUTES.iter().zip(&mut lines) {
            // Signing out would end the session that other pages need.
            let mut own = signed_in.clone();
            if matches!(route.path, paths::SIGN_OUT | paths::SESSION_ENDED | paths::ROLE | paths::SHIFT)
                && route.method == "POST"
                || route.path == paths::SESSION_ENDED
            {
                own = browser(&world, role).await;
            }
            let answer = if route.method == "GET" {
                own.get(&address(route)).await
            } else {
                own.post(&address(route), &[]).await
            };
            let allowed = may(role, route.who);
            let status = answer.status.as_u16();
            let led_away = answer.to().starts_with(paths::SIGN_IN) && answer.to() != paths::SIGN_IN
                || answer.to() == paths::ROLE && route.who != Who::SignedIn && route.who != Who::Anybody;
            let refused = match role {
                "nobody" => led_away,
                _ => status == 403 || led_away,
            };
            if route.who != Who::Anybody {
                assert_eq!(
                    refused && !(allowed && status == 403),
                    !allowed,
                    "{role} at {} {}: {status} {}",
                    route.method,
                    route.path,
                    answer.to()
                );
            }
            assert_ne!(status, 500, "{role} at {} {}", route.method, route.path);
            write!(line, " {} |", if allowed { "yes" } else { "–" }).unwrap();
        }
    }
    table += &lines.join("\n");
    table.push('\n');
    expect_file!["../../../docs/roles.md"].assert_eq(&table);
}

#[tokio::test]
async fn a_role_that_opens_no_page_says_so_instead_of_asking_again() {
    let world = World::new().await;
    for role in ["no-activity", "privacy-officer"] {
        let mut somebody = world.signed_in(role).await;
        let page = somebody.get(paths::ROLE).await;
        assert!(page.body.contains("opens no page of this service"), "{role}: {}", page.body);
        let value = page.body.split("name=\"role\"").nth(1).unwrap().split("value=\"").nth(1).unwrap();
        let value = value.split('"').next().unwrap().to_owned();
        assert_eq!(somebody.post(paths::ROLE, &[("role", &value)]).await.to(), paths::ROLE);
    }
    let mut nurse = world.reader("emergency-nurse").await;
    assert!(!nurse.get(paths::ROLE).await.body.contains("opens no page"));
}
