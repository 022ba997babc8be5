//! The register of organisations in the browser: an operator makes, changes and imports records; nobody else does.
#![allow(clippy::unwrap_used, reason = "test support: a panic is how a test fails")]

mod world;

use cpis_inbound_web::paths;
use cpis_model::organisation_record::RecordKind;
use world::{Answer, Browser, World, number};

const SCRIPT: &str = "<script>alert(1)</script>";
const SITE: &str = "/register/site";

/// A site's form with these fields in place of a good one's.
async fn save(operator: &mut Browser<'_>, changes: &[(&str, &str)]) -> Answer {
    let good =
        [("code", "XX122"), ("name", "A ward"), ("organisation", "RJ1"), ("setting", "U01"), ("reason", "a letter")];
    let mut fields: Vec<(&str, &str)> =
        good.into_iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name)).collect();
    fields.extend(changes);
    operator.post(SITE, &fields).await
}

/// A browser of an operator, at the register.
async fn at_register(world: &World) -> Browser<'_> {
    let mut browser = world.signed_in("operator").await;
    assert_eq!(browser.get(paths::REGISTER).await.heading(), "Register of organisations");
    browser
}

/// The name under which the register of this node holds a site.
fn held(world: &World, code: &str) -> Option<String> {
    world.service.register.get().record(RecordKind::Site, code).map(|held| held.record.name().to_string())
}

#[tokio::test]
async fn an_operator_finds_a_record_and_makes_another() {
    let world = World::new().await;
    let mut operator = at_register(&world).await;
    assert_eq!(operator.get(paths::HOME).await.to(), paths::REGISTER);
    let all = operator.get(paths::REGISTER).await;
    assert!(all.body.contains("records.") && all.body.contains("rel=\"next\""), "many sites, on several pages");
    let second = operator.get("/register?kind=site&q=&page=2").await;
    let first_code = |page: &Answer| page.body.split("cpis-nowrap\">").nth(1).unwrap()[..3].to_owned();
    assert!(second.body.contains("rel=\"prev\"") && first_code(&all) < first_code(&second), "pages follow one another");
    let found = operator.get("/register?kind=site&q=rj122").await;
    assert!(found.body.contains("1 record.") && found.body.contains("href=\"/register/site/RJ122\""), "{}", found.body);
    let one = operator.get("/register/site/RJ122").await;
    assert!(one.body.contains("never changed") && one.body.contains("the authority is told"), "{}", one.body);
    assert_eq!(operator.get("/register/site/NOBODY").await.status, 404);
    assert_eq!(operator.get("/register/council/RJ122").await.status, 404);

    let form = operator.get("/register/site/new").await;
    assert_eq!((form.heading(), form.hidden("version")), ("Add a site".to_owned(), String::new()));
    assert_eq!(save(&mut operator, &[]).await.to(), "/register/site/XX122?saved=yes");
    assert_eq!(held(&world, "XX122").as_deref(), Some("A ward"));
    let again = save(&mut operator, &[("name", "Another")]).await;
    assert!(again.status == 422 && again.body.contains("the register has it already"), "{}", again.body);
    assert_eq!(held(&world, "XX122").as_deref(), Some("A ward"), "a new record takes nobody's place");
}

#[tokio::test]
async fn a_changed_setting_counts_at_once_and_the_history_tells_it() {
    let world = World::new().await;
    let mut nurse = world.reader("emergency-nurse").await;
    let confirm =
        |answer: Answer| (answer.heading(), answer.body.contains("Opening this does not tell the authority."));
    let asked = nurse.post(paths::FIND_BY_NUMBER, &[("number", number(1).digits())]).await;
    assert_eq!(confirm(asked), ("Is this the right person?".to_owned(), false));

    let mut operator = at_register(&world).await;
    let form = operator.get("/register/site/RJ122/change").await;
    assert_eq!((form.hidden("code"), form.hidden("version")), ("RJ122".to_owned(), "0".to_owned()));
    let (name, why) = ("The clinic", "it became a clinic");
    let fields = [("code", "RJ122"), ("version", "0"), ("name", name), ("setting", "S02"), ("reason", why)];
    let saved = save(&mut operator, &fields).await;
    assert_eq!(saved.to(), "/register/site/RJ122?saved=yes", "{}", saved.body);
    let asked = nurse.post(paths::FIND_BY_NUMBER, &[("number", number(1).digits())]).await;
    assert_eq!(confirm(asked), ("Is this the right person?".to_owned(), true), "without a restart");

    let record = operator.get(saved.to()).await;
    for told in [
        "The change was saved",
        why,
        "Setting: <del>Emergency department (U01): the authority is told</del>",
        "(S02): the authority is not told</ins>",
        "<ins>The clinic</ins>",
        "Systems Support Access Role",
        "1 June 2026",
    ] {
        assert!(record.body.contains(told), "{told}: {}", record.body);
    }
    let fields = [("code", "RJ122"), ("version", "1"), ("name", name), ("setting", "S02"), ("reason", "again")];
    assert_eq!(save(&mut operator, &fields).await.to(), "/register/site/RJ122", "nothing new is not written");
}

#[tokio::test]
async fn who_comes_second_sees_what_the_first_changed() {
    let world = World::new().await;
    let mut operator = at_register(&world).await;
    save(&mut operator, &[]).await;
    let of = |version: &'static str, name: &'static str| [("version", version), ("name", name)];
    assert_eq!(save(&mut operator, &of("1", "The first's")).await.status, 303);
    let second = save(&mut operator, &of("1", "The second's")).await;
    assert_eq!(second.status, 409);
    for told in ["Somebody else changed this record", "<ins>The first&#39;s</ins>", "value=\"The second&#39;s\""] {
        assert!(second.body.contains(told), "{told}: {}", second.body);
    }
    assert_eq!((second.hidden("version"), held(&world, "XX122").as_deref()), ("2".to_owned(), Some("The first's")));
    assert_eq!(save(&mut operator, &of("2", "The second's")).await.status, 303, "knowing it, they may");
    assert_eq!(save(&mut operator, &of("9", "From nowhere")).await.status, 409);
}

#[tokio::test]
async fn every_fault_of_a_form_stands_at_its_field() {
    let world = World::new().await;
    let mut operator = at_register(&world).await;
    let before = world.entries().await;
    let fields = [
        ("code", "!"),
        ("name", ""),
        ("lead-phone", "1"),
        ("from_day", "31"),
        ("from_month", "2"),
        ("from_year", "2026"),
    ];
    let faulty = save(&mut operator, &[&fields[..], &[("reason", " ")]].concat()).await;
    assert_eq!(faulty.status, 422);
    for id in ["code", "name", "lead-phone", "from", "reason"] {
        assert!(faulty.body.contains(&format!("href=\"#{id}\"")), "{id} is told above");
        assert!(faulty.body.contains(&format!("id=\"{id}-error\"")), "{id} is told at its field");
    }
    assert!(faulty.body.contains("value=\"RJ1\"") && faulty.body.contains("value=\"31\""), "what was entered stays");
    let fields = [
        ("code", "714"),
        ("name", "City"),
        ("reason", "their letter"),
        ("version", "0"),
        ("contacts-1-kind", "office"),
        ("contacts-2-kind", "office"),
        ("contacts-2-phone", "01632960005"),
        ("contacts-2-hours", "in the morning"),
    ];
    let faulty = operator.post("/register/authority", &fields).await;
    assert!(faulty.status == 422 && faulty.body.contains("id=\"contacts-1-hours-error\""), "{}", faulty.body);
    assert_eq!(world.entries().await, before, "nothing was written");
}

#[tokio::test]
async fn numbers_of_the_register_are_shown_with_their_hours() {
    let world = World::new().await;
    world.plans(&[1]).await;
    let mut operator = at_register(&world).await;
    let fields = [
        ("code", world::CAMDEN),
        ("name", "Camden"),
        ("reason", "their letter"),
        ("version", "0"),
        ("contacts-1-kind", "office"),
        ("contacts-1-phone", "01632 960002"),
        ("contacts-1-hours", "Mon-Fri 09:00-17:00"),
        ("contacts-2-kind", "emergency"),
        ("contacts-2-phone", "01632 960001"),
        ("contacts-2-hours", "Mon-Fri 17:00-09:00; Sat-Sun 00:00-24:00"),
    ];
    let saved = operator.post("/register/authority", &fields).await;
    assert_eq!(saved.to(), "/register/authority/702?saved=yes", "{}", saved.body);
    let (name, phone) = (("responsible-name", "A Matron"), ("responsible-phone", "01632 960150"));
    let site = [
        ("code", "RJ122"),
        ("version", "0"),
        name,
        phone,
        ("responsible-role", "Matron"),
        ("lead-phone", "01632960151"),
    ];
    assert_eq!(save(&mut operator, &site).await.status, 303);

    let mut nurse = world.reader("emergency-nurse").await;
    let answer = nurse.open(number(1)).await;
    let at = |text: &str| answer.body.find(text).unwrap_or_else(|| unreachable!("{text}: {}", answer.body));
    // The first of June 2026 is a Monday; the clock shows ten.
    assert!(at("Open now, until 17:00") < at("Monday to Friday, 09:00 to 17:00"));
    assert!(at("tel:01632960002") < at("tel:01632960001") && at("tel:01632960001") < at("Closed now, opens 17:00"));
    world.apply().await;
    let mut worker = world.signed_in("duty-worker").await;
    let list = worker.get(paths::NOTICES).await;
    let start = list.body.find("href=\"/notices/").unwrap() + 6;
    let notice = worker.get(list.body[start..].split('"').next().unwrap()).await;
    for told in ["A Matron, Matron", "tel:01632960150", "Lead for safeguarding", "tel:01632960151"] {
        assert!(notice.body.contains(told), "{told}: {}", notice.body);
    }
}

#[tokio::test]
async fn a_file_is_checked_told_and_imported_as_a_whole() {
    let world = World::new().await;
    let mut operator = at_register(&world).await;
    let before = world.entries().await;
    let reason = [("kind", "sites"), ("reason", "the list of June")];
    let faulty = "code,name,organisation,setting\nXX122,A ward,RJ1,U99\nXX123,,RJ1,U01\n";
    let told = operator.upload(paths::REGISTER_IMPORT, &reason, faulty.as_bytes()).await;
    assert_eq!((told.status.as_u16(), &*told.heading()), (422, "The file has faults"));
    assert!(told.body.contains("2 faults") && told.body.contains("</span>3</td>"), "{}", told.body);
    for missing in [&reason[..1], &reason[1..]] {
        assert_eq!(operator.upload(paths::REGISTER_IMPORT, missing, b"code\n").await.status, 422);
    }
    assert_eq!(operator.upload(paths::REGISTER_IMPORT, &reason, b"").await.status, 422);

    let good = "code,name,organisation,setting,until\nXX122,A ward,RJ1,U05,\nRJ122,The clinic,RJ1,S07,2027-03-31\n";
    let check = operator.upload(paths::REGISTER_IMPORT, &reason, good.as_bytes()).await;
    assert_eq!(check.heading(), "Check before you import", "{}", check.body);
    for told in ["1 new, 1 changed, 1 of these given a last day", "site XX122", "<ins>The clinic</ins>"] {
        assert!(check.body.contains(told), "{told}: {}", check.body);
    }
    assert_eq!(world.entries().await, before, "a check changes nothing");
    let confirm = check.hidden("confirm");
    let mut other = at_register(&world).await;
    assert_eq!(other.post(paths::REGISTER_IMPORT, &[("confirm", &confirm)]).await.status, 403, "another session's");
    assert_eq!(operator.post(paths::REGISTER_IMPORT, &[("confirm", "x")]).await.status, 403);

    assert_eq!(save(&mut operator, &[("code", "XX9")]).await.status, 303);
    let again = operator.upload(paths::REGISTER_IMPORT, &[("confirm", &confirm)], b"").await;
    assert!(again.status == 409 && again.body.contains("since you checked the file"), "{}", again.body);
    let done = operator.upload(paths::REGISTER_IMPORT, &[("confirm", &again.hidden("confirm"))], b"").await;
    assert_eq!((done.status.as_u16(), &*done.heading()), (200, "The file was imported"), "{}", done.body);
    assert_eq!(
        (held(&world, "XX122").as_deref(), held(&world, "RJ122").as_deref()),
        (Some("A ward"), Some("The clinic"))
    );
    assert!(operator.get("/register/site/XX122").await.body.contains("the list of June"));
    let rows: Vec<String> =
        (1000..4000).map(|n| format!("XX{n},A ward of a long name for a large file,RJ1,U05,")).collect();
    let large = format!("code,name,organisation,setting,until\n{}\n", rows.join("\n"));
    let check = operator.upload(paths::REGISTER_IMPORT, &reason, large.as_bytes()).await;
    let done = operator.upload(paths::REGISTER_IMPORT, &[("confirm", &check.hidden("confirm"))], b"").await;
    assert_eq!(done.status, 200, "a large file comes back, too");
    let twice = operator.upload(paths::REGISTER_IMPORT, &reason, good.as_bytes()).await;
    assert_eq!(twice.heading(), "The file changes nothing");
    let check = operator.upload(paths::REGISTER_IMPORT, &reason, good.replace("A ward", "B").as_bytes()).await;
    let mut late = operator;
    // Within the session's time, past the check's.
    for _ in 0..5 {
        world.pass(13);
        late.get(paths::REGISTER).await;
    }
    assert_eq!(late.post(paths::REGISTER_IMPORT, &[("confirm", &check.hidden("confirm"))]).await.status, 422);
}

#[tokio::test]
async fn what_would_be_script_is_shown_as_text() {
    let world = World::new().await;
    let mut operator = at_register(&world).await;
    assert_eq!(save(&mut operator, &[("name", SCRIPT), ("reason", SCRIPT)]).await.status, 303);
    for path in ["/register?q=XX122", "/register/site/XX122", "/register/site/XX122/change"] {
        let page = operator.get(path).await;
        assert!(page.body.contains("alert(1)") && !page.body.contains(SCRIPT), "{path}");
    }
    let conflict = save(&mut operator, &[("name", SCRIPT), ("version", "0")]).await;
    assert!(conflict.status == 409 && conflict.body.contains("alert(1)") && !conflict.body.contains(SCRIPT));
}

#[tokio::test]
async fn nobody_else_reads_or_changes_the_register() {
    let world = World::new().await;
    let mut nurse = world.reader("emergency-nurse").await;
    let mut stranger = world.browser();
    let reads =
        ["/register", "/register/import", "/register/site/new", "/register/site/RJ122", "/register/site/RJ122/change"];
    for path in reads {
        assert_eq!(nurse.get(path).await.status, 403, "{path}");
        assert!(stranger.get(path).await.to().starts_with(paths::SIGN_IN), "{path}");
    }
    for browser in [&mut nurse, &mut stranger] {
        let answer = save(browser, &[]).await;
        assert!(answer.status == 403 || answer.to().starts_with(paths::SIGN_IN));
        let answer = browser.upload(paths::REGISTER_IMPORT, &[("kind", "sites"), ("reason", "a")], b"code\n").await;
        assert!(answer.status == 403 || answer.to().starts_with(paths::SIGN_IN));
    }
    assert_eq!(held(&world, "XX122"), None);
    let mut operator = at_register(&world).await;
    assert_eq!(save(&mut operator, &[("csrf", "wrong")]).await.status, 403);
    assert_eq!(held(&world, "XX122"), None);
}
