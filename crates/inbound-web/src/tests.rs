//! Tests of pages as a whole: what every page holds, that nothing made up runs as script, how a few pages read.

use crate::gallery::{gallery, names};
use crate::{pad_to, words};
use expect_test::expect;

fn pages() -> Vec<(&'static str, String)> {
    let pages = gallery().unwrap();
    pages.into_iter().map(|(name, html)| (name, String::from_utf8(html).unwrap())).collect()
}

fn page(wanted: &str) -> String {
    pages().into_iter().find(|(name, _)| *name == wanted).unwrap().1
}

/// The text between the first `open` and the next `close`.
fn between<'html>(html: &'html str, open: &str, close: &str) -> &'html str {
    html.split_once(open).unwrap().1.split_once(close).unwrap().0
}

/// What a reader reads of a part of a page, one block a line.
fn text(html: &str) -> String {
    let mut text = String::new();
    let mut in_tag = false;
    for character in html.chars() {
        match character {
            '<' => in_tag = true,
            '>' => in_tag = false,
            other if !in_tag => text.push(other),
            _ => {}
        }
    }
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_state_is_shown_once() {
    let pages = pages();
    assert!(pages.len() > 60, "{}", pages.len());
    let mut sorted: Vec<&str> = pages.iter().map(|(name, _)| *name).collect();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), pages.len());
}

#[test]
fn every_page_has_one_heading_a_language_and_a_title_that_names_nobody() {
    let names = names();
    for (name, html) in pages() {
        assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"en-GB\""), "{name}");
        assert_eq!(html.matches("<h1").count(), 1, "{name}");
        let title = between(&html, "<title>", "</title>");
        assert!(title.ends_with(" - Child protection check") || title.ends_with(" - OpenCPIS"), "{name}: {title}");
        assert!(!names.iter().any(|person| title.contains(person.as_str())), "{name}: {title}");
        let digits: String = title.chars().filter(char::is_ascii_digit).collect();
        assert!(digits.len() < 6, "{name}: {title}");
    }
}

#[test]
fn a_page_obeys_a_strict_content_security_policy() {
    for (name, html) in pages() {
        let scripts: Vec<&str> = html.split("<script").skip(1).collect();
        assert_eq!(scripts.len(), 1, "{name}");
        assert!(scripts[0].starts_with(" type=\"module\" src=\"/assets/cpis-"), "{name}");
        for banned in [" style=\"", "<style", "javascript:", " onclick", " onload", "http://", "https://"] {
            let html = html.replace("http://www.w3.org/2000/svg", "").replace("https://fhir.nhs.uk/Id/", "");
            assert!(!html.contains(banned), "{name} holds {banned}");
        }
    }
}

#[test]
fn nothing_personal_stands_in_an_address_and_personal_forms_are_posted() {
    for (name, html) in pages() {
        for address in html.split(" href=\"").skip(1).chain(html.split(" action=\"").skip(1)) {
            let address = address.split('"').next().unwrap();
            let digits = address.chars().filter(char::is_ascii_digit).count();
            assert!(
                address.starts_with("tel:") || address.contains("/notices/") || !address.contains("999") || digits < 10,
                "{name}: {address}"
            );
        }
        for form in html.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap();
            let is_search_of_register = form.contains("method=\"get\"") && form.contains("action=\"/register\"");
            assert!(is_search_of_register || form.contains("method=\"post\""), "{name}");
            assert!(is_search_of_register || form.contains("name=\"csrf\" value=\"made-up-token\""), "{name}");
        }
    }
}

#[test]
fn the_watermark_names_the_reader_and_the_time() {
    let html = page("answer-record");
    assert_eq!(
        between(&html, "<p class=\"cpis-watermark\">", "</p>"),
        "Printed by Sam Example, Emergency nurse, Ashbourne Royal, Emergency department, 25 November 2026, 14:02. \
         Do not file where a parent can read it."
    );
    for (name, html) in pages() {
        assert_eq!(html.contains("cpis-watermark"), html.contains("Sign out"), "{name}");
    }
}

#[test]
fn a_page_is_padded_to_a_multiple_and_stays_a_page() {
    let weigh = |name: &str, multiple| {
        let mut html = page(name).into_bytes();
        let before = html.len();
        pad_to(&mut html, multiple);
        assert!(html.len() >= before && html.len() < before + multiple.max(1));
        assert!(String::from_utf8(html.clone()).unwrap().trim_end().ends_with("</html>"));
        html.len()
    };
    assert_eq!(weigh("answer-none", 16 * 1024), weigh("answer-cannot-tell", 16 * 1024));
    assert_eq!(weigh("answer-none", 16 * 1024), 16 * 1024);
    assert_eq!(weigh("answer-none", 0), page("answer-none").len());
    assert_eq!(weigh("answer-none", 1), page("answer-none").len());
}

#[test]
fn the_three_answers_read_differently() {
    let banner = |name: &str| text(between(&page(name), "<div class=\"cpis-answer__text\">", "</div>"));
    expect![[r"
        Child protection information is held
        Child protection plan"]]
    .assert_eq(&banner("answer-record"));
    expect![[r"
        Child protection information is held
        Unborn child&#39;s protection plan · Looked after child · Child protection plan"]]
    .assert_eq(&banner("answer-record-unborn"));
    expect![[r"
        No child protection record is held
        This is not a statement that there is no concern."]]
    .assert_eq(&banner("answer-none"));
    expect![[r"
        We could not check
        You do not know whether a record is held."]]
    .assert_eq(&banner("answer-cannot-tell"));
}

#[test]
fn a_holder_reads_as_plans_lines_and_age_of_the_data() {
    let html = page("answer-record-two-authorities-lagging");
    let holders: Vec<String> = html
        .split("<section class=\"nhsuk-card cpis-holder\"")
        .skip(1)
        .map(|part| text(&format!("<{}", part.split("</section>").next().unwrap())))
        .collect();
    expect![[r"
        Ashbourne County Council
        Child protection plan
        Since 12 January 2026
        Child protection plan Ended
        Began 1 February 2024. Ended on 31 March 2026; shown for 365 days
        Call the authority
        Children&#39;s services office
        01632 960101
        Open now, until 17:00
        Monday to Friday, 08:45 to 17:00
        Emergency duty team
        01632 960199
        Closed now, opens 17:00
        every day, 17:00 to 08:45
        Age of the data: last file 25 November 2026, 02:14
        ---
        Vale City Council
        Looked after child
        Since 3 September 2024
        Call the authority
        Emergency duty team
        01632 960199
        Open now, until tomorrow 08:45
        every day, 17:00 to 08:45
        Children&#39;s services office
        01632 960101
        Closed now, opens tomorrow 08:45
        Monday to Friday, 08:45 to 17:00
        Age of the data: last file 22 November 2026, 02:20 (later than usual)"]]
    .assert_eq(&holders.join("\n---\n"));
}

#[test]
fn dates_of_plans_say_what_they_are() {
    use crate::view::answer::ShownPlan;
    use cpis_model::plan::PlanKind::{ChildProtection, LookedAfter, Unborn};
    let (start, end) = ("2026-01-12".parse().unwrap(), "2026-03-31".parse().unwrap());
    for (kind, end, ended, expected) in [
        (ChildProtection, None, false, "Since 12 January 2026"),
        (LookedAfter, Some(end), false, "Since 12 January 2026, until 31 March 2026"),
        (ChildProtection, Some(end), true, "Began 12 January 2026. Ended on 31 March 2026; shown for 365 days"),
        (Unborn, Some(end), false, "Since 12 January 2026. Baby due 31 March 2026; shown for 28 days after"),
        (Unborn, Some(end), true, "Since 12 January 2026. Baby due 31 March 2026; shown for 28 days after"),
    ] {
        assert_eq!(ShownPlan { kind, start, end, ended }.dates(), expected);
    }
}

#[test]
fn own_looks_say_who_was_told_and_who_read_it() {
    let html = page("looks");
    let rows = html.split("<tr class=\"nhsuk-table__row\" role=\"row\">\n");
    let rows: Vec<String> = rows.skip(1).map(|row| text(row.split("</tr>").next().unwrap())).collect();
    expect![[r"
        When 25 November 2026, 14:01Reference 4F8A03C1
        Authority Ashbourne County Council
        Told Stands in the authority&#39;s list
        Read Not read yet
        ---
        When 25 November 2026, 13:50Reference 4F8A03C1
        Authority Ashbourne County Council
        Told Told the authority at 13:51
        Read Read at 13:58 by Duty social worker
        ---
        When 25 November 2026, 13:17Reference 4F8A03C1
        Authority Vale City Council
        Told Told the authority at 13:18E-mail to the emergency duty team at 13:47
        Read Not read for 45 minutes: call the authority
        ---
        When 24 November 2026, 23:40Reference 4F8A03C1
        Authority &#60;script&#62;document.title=&#39;broken&#39;&#60;/script&#62;&#34;&#39;&#38;
        Told Told the authority on 24 November 2026 at 23:41
        Read Not read for 14 hours: call the authority
        ---
        When 24 November 2026, 22:05Reference 4F8A03C1
        Authority Ashbourne County Council
        Told Told the authority on 24 November 2026 at 22:06
        Read Read at 08:50 by Duty social worker"]]
    .assert_eq(&rows.join("\n---\n"));
    let calls: Vec<String> = html
        .split("<section class=\"nhsuk-card cpis-holder\"")
        .skip(1)
        .map(|part| text(&format!("<{}", part.split("</section>").next().unwrap())))
        .collect();
    expect![[r"
        Vale City Council
        Not read for 45 minutes: call the authority
        Children&#39;s services office
        01632 960101
        Open now, until 17:00
        Monday to Friday, 08:45 to 17:00
        Emergency duty team
        01632 960199
        Closed now, opens 17:00
        every day, 17:00 to 08:45
        ---
        &#60;script&#62;document.title=&#39;broken&#39;&#60;/script&#62;&#34;&#39;&#38;
        Not read for 14 hours: call the authority
        No telephone number can be shown. Call the authority's switchboard."]]
    .assert_eq(&calls.join("\n---\n"));
    assert!(page("answer-record").contains("<a href=\"/looks\">See later who read it</a>"));
    assert!(!page("answer-record-silent").contains("See later who read it"));
    assert!(!page("answer-record").contains("The NHS number was replaced"), "that is for demographics to say");
}

#[test]
fn what_nobody_read_is_marked_and_counted_above_the_list() {
    let html = page("notices");
    assert!(html.contains("<strong>1 notice from urgent care has been unread for too long.</strong>"));
    assert_eq!(html.matches("Unread for 42 minutes").count(), 1);
    assert!(!page("notices-acknowledged").contains("nread for") && !page("notices-none").contains("nread for"));
}

#[test]
fn the_pattern_is_one_sentence() {
    use cpis_model::pattern::Pattern;
    assert_eq!(words::pattern(Pattern::Places(3)), "Seen at 3 places in 7 days");
    assert_eq!(words::pattern(Pattern::Days(4)), "Seen on 4 different days in 30 days");
    assert!(page("answer-record").contains("<strong>Seen at 3 places in 7 days.</strong>"));
    assert!(!page("answer-record-first-look").contains("Seen at"));
}

#[test]
fn every_operation_of_the_api_has_its_answers() {
    let html = page("api");
    let document: serde_json::Value = serde_json::from_str(include_str!("../../inbound-http/openapi.json")).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        assert!(html.contains(&format!("<code class=\"cpis-path\">{path}</code>")), "{path}");
        for (_, operation) in item.as_object().unwrap() {
            assert!(!operation["responses"].as_object().unwrap().is_empty());
        }
    }
    assert!(!html.contains(
        "role=\"cell\"><span class=\"nhsuk-table__heading\" aria-hidden=\"true\">Meaning </span><span></span>"
    ));
}
