//! Every number and name used is searched for in whatever leaves sealed storage: logs, metrics, errors, addresses, files.

use crate::installation::{Answer, Installation, SITE, now, person, question, request, try_send, upload_file};
use cpis_testkit::issuer::people;
use std::fmt::Write as _;
use std::path::Path;

/// Base64 without padding, of text that begins `skip` bytes into a group of three.
fn base64(text: &[u8], skip: usize) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let shifted = [&vec![0; skip], text].concat();
    let mut out = String::new();
    for group in shifted.chunks_exact(3) {
        let bits = u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
        for place in (0..4).rev() {
            out.push(DIGITS[(bits >> (place * 6) & 63) as usize] as char);
        }
    }
    // The first digits mix in what stands before, so only whole groups of the text itself are searched for.
    out.get(if skip == 0 { 0 } else { 4 }..).unwrap_or_default().to_owned()
}

fn forms(text: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![text.to_owned(), text.to_lowercase(), text.to_uppercase()];
    let hex = text.bytes().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    });
    forms.extend([hex.to_uppercase(), hex]);
    forms.extend((0..3).map(|skip| base64(text.as_bytes(), skip)));
    if text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let (a, b, c) = (&text[..3], &text[3..6], &text[6..]);
        forms.extend([" ", "-", "%20", "+", "\u{a0}", "%2D"].map(|between| [a, b, c].join(between)));
        forms.push(text.bytes().map(|byte| format!("%{byte:02x}")).collect());
    }
    forms.retain(|form| form.len() >= 6);
    forms.into_iter().map(String::into_bytes).collect()
}

fn search(place: &str, bytes: &[u8], needles: &[(String, Vec<Vec<u8>>)], hits: &mut Vec<String>) {
    for (which, forms) in needles {
        for (n, form) in forms.iter().enumerate() {
            if bytes.windows(form.len()).any(|window| window == form) {
                hits.push(format!("{which}, form {n}, in {place}"));
            }
        }
    }
}

fn search_folder(folder: &Path, needles: &[(String, Vec<Vec<u8>>)], hits: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search_folder(&path, needles, hits);
        } else if !path.ends_with("cpis.db.reserve") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            search(&name, &std::fs::read(&path).unwrap(), needles, hits);
        }
    }
}

#[test]
fn no_number_or_name_leaves_sealed_storage() {
    let held = person(999_123_450, "Zebulonia Xanthe", "Quartermainewright");
    let other = person(999_234_560, "Ottiliana", "Featherstonehaughly");
    let wrong = person(999_345_670, "Peregrinius", "Cholmondeleyson");
    let missed = person(999_456_780, "Nobodyatall", "Unrecordedson");
    let mut known = vec![held.clone(), other.clone(), wrong.clone()];
    known[2].name.family = "Anotherfamilyname".to_owned();
    let installation = Installation::new(&known);
    let service = installation.start();
    let (clinician, worker) = (installation.clinician(), installation.worker());
    let scheduled = installation.token(&people::scheduled_clinician(&installation.register, SITE, now()));
    let privacy = installation.token(&people::privacy_officer(&installation.register, SITE, now()));
    let mut needles: Vec<(String, Vec<Vec<u8>>)> = Vec::new();
    for (n, person) in [&held, &other, &wrong, &missed].into_iter().enumerate() {
        needles.push((format!("number {n}"), forms(person.number.digits())));
        needles.push((format!("family name {n}"), forms(&person.name.family)));
        needles.push((format!("given name {n}"), forms(person.name.given.split(' ').next().unwrap())));
        needles.push((format!("local id {n}"), forms(person.local_id.as_deref().unwrap())));
    }
    needles.push(("the name in demographics".to_owned(), forms("Anotherfamilyname")));
    for (which, claims) in [
        ("clinician", people::clinician(&installation.register, SITE, now())),
        ("scheduled clinician", people::scheduled_clinician(&installation.register, SITE, now())),
    ] {
        for claim in ["display_name", "family_name", "sub"] {
            if let Some(text) = claims[claim].as_str() {
                needles.push((format!("{claim} of the {which}"), forms(text)));
            }
        }
    }
    for (which, token) in [("clinician", &clinician), ("worker", &worker), ("privacy officer", &privacy)] {
        let signature = token.rsplit('.').next().unwrap();
        needles.push((format!("token of the {which}"), vec![signature.as_bytes().to_vec()]));
    }
    let invalid = "9991234567";
    needles.push(("a number with a wrong check digit".to_owned(), forms(invalid)));

    let send = |request: Vec<u8>| -> Answer { try_send(installation.address, &request).unwrap() };
    let xml = [("content-type", "application/xml"), ("accept", "application/json")];
    let first = upload_file(1, &[held.clone(), other.clone(), wrong.clone(), missed.clone()]);
    let accepted = send(request("POST", "/authority/v1/uploads", &worker, &xml, &first));
    assert_eq!(accepted.status, 200, "{}", accepted.text());
    assert!(accepted.text().contains("CPF03"), "{}", accepted.text());
    let digits = held.number.digits();
    let hit = send(question(&clinician, digits, "plain"));
    assert!(hit.status == 200 && hit.text().contains("\"total\":1"), "{}", hit.text());

    // Everything else that a caller can do with a number or a name in the wrong place.
    let system = "https%3A%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C";
    let spaced = format!("{}%20{}%20{}", &digits[..3], &digits[3..6], &digits[6..]);
    let get = |path: &str, token: &str| request("GET", path, token, &[], b"");
    let fhir = "/cpis/FHIR/R4";
    let answers: Vec<(&str, Answer)> = vec![
        ("GET hit", send(get(&format!("{fhir}/CareTeam?patient:identifier={system}{spaced}"), &clinician))),
        ("silent", send(question(&scheduled, digits, digits))),
        ("list", send(get(&format!("{fhir}/AuditEvent?patient:identifier={system}{digits}"), &clinician))),
        ("miss", send(question(&clinician, missed.number.digits(), "x"))),
        ("no token", send(get(&format!("{fhir}/CareTeam?patient:identifier={system}{digits}"), ""))),
        ("bad token", send(get(&format!("{fhir}/CareTeam?patient:identifier={system}{digits}"), &clinician[..60]))),
        ("no right", send(question(&privacy, digits, "x"))),
        ("bad digit", send(question(&clinician, invalid, "x"))),
        ("name as number", send(question(&clinician, &held.name.family, "x"))),
        ("number in the path", send(get(&format!("{fhir}/Patient/{digits}"), &clinician))),
        ("number as id", send(get(&format!("{fhir}/CareTeam/{digits}"), &clinician))),
        ("number as parameter name", send(get(&format!("{fhir}/CareTeam?{digits}={digits}"), &clinician))),
        (
            "number in a header",
            send(request(
                "GET",
                &format!("{fhir}/CareTeam?patient={digits}"),
                &clinician,
                &[("X-Request-ID", digits)],
                b"",
            )),
        ),
        (
            "header value",
            send(request(
                "GET",
                &format!("{fhir}/CareTeam?patient={digits}"),
                &clinician,
                &[("IsUnscheduledAccessEvent", digits)],
                b"",
            )),
        ),
        ("wrong birth date", send(get(&format!("{fhir}/CareTeam?patient={digits}&birthdate=1999-01-01"), &clinician))),
        (
            "wrong type",
            send(request("POST", "/authority/v1/uploads", &worker, &[("content-type", "text/plain")], &first)),
        ),
        ("broken file", send(request("POST", "/authority/v1/uploads", &worker, &xml, &first[..first.len() / 2]))),
        (
            "names as elements",
            send(request(
                "POST",
                "/authority/v1/uploads",
                &worker,
                &xml,
                format!("<File><{0} {0}=\"{1}\">{1}</{0}></File>", held.name.family, digits).as_bytes(),
            )),
        ),
        (
            "names as entities",
            send(request(
                "POST",
                "/authority/v1/uploads",
                &worker,
                &xml,
                format!("<!DOCTYPE {0}><File>&{0};</File>", held.name.family).as_bytes(),
            )),
        ),
        ("number as sequence", send(get(&format!("/authority/v1/uploads/{digits}"), &worker))),
        (
            "number as cursor",
            send(get(&format!("/authority/v1/notices?after={digits}&limit={}", held.name.family), &worker)),
        ),
        (
            "number as notice",
            send(request("POST", &format!("/authority/v1/notices/{digits}/acknowledgement"), &worker, &[], b"")),
        ),
        ("unknown path", send(get(&format!("/{}/{digits}", held.name.family), ""))),
        ("not HTTP", send(format!("NONSENSE {digits} {}\r\n\r\n", held.name.family).into_bytes())),
    ];
    let mut hits = Vec::new();
    for (what, answer) in &answers {
        if answer.status >= 400 {
            search(&format!("the answer to {what}"), &answer.body, &needles, &mut hits);
            let mirrored = *what == "number in a header";
            assert!(!mirrored || answer.status == 400, "{}", answer.head);
        }
        search(
            &format!("the head of the answer to {what}"),
            answer.head.as_bytes(),
            &needles.iter().filter(|_| *what != "silent").cloned().collect::<Vec<_>>(),
            &mut hits,
        );
    }
    let metrics = try_send(installation.inside, "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n".as_bytes()).unwrap();
    assert!(metrics.text().contains("cpis_"), "{}", metrics.text());
    search("metrics", &metrics.body, &needles, &mut hits);

    // The database with its log as it lies while the service runs, and again after the end.
    search_folder(&installation.data(), &needles, &mut hits);
    installation.stop(service);
    search_folder(&installation.data(), &needles, &mut hits);
    let (clean, report) = installation.verify();
    assert!(clean, "{report}");
    search("the report of the verifier", report.as_bytes(), &needles, &mut hits);
    search("the log", &std::fs::read(installation.log()).unwrap(), &needles, &mut hits);
    assert!(hits.is_empty(), "{} hits:\n{}", hits.len(), hits.join("\n"));
}

#[test]
fn the_search_finds_what_it_looks_for() {
    let needles = vec![("number".to_owned(), forms("9991234567")), ("name".to_owned(), forms("Quartermaine"))];
    for text in [
        "x 999 123 4567",
        "a=999%20123%204567",
        "OTk5MTIzNDU2Nw",
        "QUARTERMAINE",
        "39393931323334353637",
        "xUXVhcnRlcm1haW5l",
    ] {
        let mut hits = Vec::new();
        search("a text", text.as_bytes(), &needles, &mut hits);
        assert!(!hits.is_empty(), "{text}");
    }
}
