//! Ids, times, versions, filters.

use super::{at, mailbox};
use crate::time::{compact, iso, minute, read};
use crate::{BadAccept, MailboxId, MessageId, Version, WorkflowFilter};
use cpis_model::Timestamp;
use proptest::prelude::*;

#[test]
fn mailbox_ids_are_trimmed_and_in_upper_case() {
    let longest = "A".repeat(100);
    for (text, expected) in [
        ("X26HC005", Some("X26HC005")),
        ("rajé01", None),
        (" raj01ot001\t", Some("RAJ01OT001")),
        ("a_b-c.d", Some("A_B-C.D")),
        (longest.as_str(), Some(longest.as_str())),
        (&format!("{longest}A"), None),
        ("", None),
        ("  ", None),
        ("X26 HC005", None),
        ("X26:HC005", None),
        ("X26\0", None),
        ("gpprovider_X_20200101_SURNAME", None),
    ] {
        let id = text.parse::<MailboxId>().ok();
        assert_eq!(id.as_ref().map(MailboxId::as_str), expected, "{text}");
        assert_eq!(id.map(|id| id.to_string()).as_deref(), expected);
    }
}

#[test]
fn message_ids_are_opaque_and_in_upper_case() {
    for (text, expected) in [
        ("20200529155357895317_3573f8", Some("20200529155357895317_3573F8")),
        ("20220228174323222_ABCDEF", Some("20220228174323222_ABCDEF")),
        ("0123456789abcdef0123456789ABCDEF", Some("0123456789ABCDEF0123456789ABCDEF")),
        ("a-b_c", Some("A-B_C")),
        ("", None),
        (" A", None),
        ("a.b", None),
        ("../x", None),
    ] {
        assert_eq!(text.parse::<MessageId>().ok().as_ref().map(MessageId::as_str), expected, "{text}");
    }
    assert!("A".repeat(100).parse::<MessageId>().is_ok() && "A".repeat(101).parse::<MessageId>().is_err());
}

#[test]
fn our_ids_are_the_moment_and_six_digits() {
    for (moment, random, expected) in [
        ("2026-03-14T15:59:01.123456789Z", [0x0a, 0x1b, 0x2c], "20260314155901123456_0A1B2C"),
        ("2026-12-31T23:59:59.000001Z", [0, 0, 0xff], "20261231235959000001_0000FF"),
        ("2026-06-01T00:00:00+01:00", [1, 2, 3], "20260531230000000000_010203"),
    ] {
        assert_eq!(MessageId::new(at(moment), random).as_str(), expected);
    }
}

#[test]
fn times_are_written_in_utc_and_read_in_every_form() {
    let moment = at("2026-03-14T15:59:01.5Z");
    assert_eq!(compact(moment), "20260314155901");
    assert_eq!(minute(moment), "202603141559");
    assert_eq!(iso(moment), "2026-03-14T15:59:01.500Z");
    for (text, expected) in [
        ("20260314155901", Some("20260314155901")),
        (" 202603141559 ", Some("20260314155900")),
        ("2026-03-14T15:59:01.500Z", Some("20260314155901")),
        ("2026-03-14T15:59:01.500000+00:00", Some("20260314155901")),
        ("2026-03-14T15:59:01.500000", Some("20260314155901")),
        ("20261314155901", None),
        ("20260229155901", None),
        ("20260314245901", None),
        ("2026031415590", None),
        ("-002026-03-14T15:59:01Z", None),
        ("", None),
        ("soon", None),
    ] {
        assert_eq!(read(text).map(compact).as_deref(), expected, "{text}");
    }
}

#[test]
fn accept_chooses_the_version() {
    let (v1, v2, bad) = (Ok(Version::V1), Ok(Version::V2), Err(BadAccept));
    for (accept, expected) in [
        (None, v1),
        (Some(""), v1),
        (Some("*/*"), v1),
        (Some("application/json"), v1),
        (Some("text/html, application/xml;q=0.9"), v1),
        (Some("application/vnd.mesh.v1+json"), v1),
        (Some("application/vnd.mesh.v2+json"), v2),
        (Some("APPLICATION/vnd.mesh.V2+json"), v2),
        (Some("application/vnd.mesh.v2+json;q=0.9, */*"), v2),
        (Some("application/json, application/vnd.mesh.v2+json"), v2),
        (Some("application/json;application/vnd.mesh.v2+json"), v2),
        (Some("application/vnd.mesh+json"), bad),
        (Some("application/vnd.mesh.v2+xml"), bad),
        (Some("application/vnd.mesh.vx+json"), bad),
        (Some("application/vnd.mesh.v3+json"), bad),
        (Some("text/vnd.mesh.v2+json"), bad),
        (Some("vnd.mesh"), bad),
    ] {
        assert_eq!(Version::of_accept(accept), expected, "{accept:?}");
    }
    for version in [Version::V1, Version::V2] {
        assert_eq!(Version::of_accept(Some(version.accept())), Ok(version));
    }
}

#[test]
fn filters_have_six_forms() {
    let workflows = ["W1", "W12", "AW1", "B"];
    for (filter, listed) in [
        ("W1", &["W1"][..]),
        ("!W1", &["W12", "AW1", "B"]),
        ("W1*", &["W1", "W12"]),
        ("!W1*", &["AW1", "B"]),
        ("*W1*", &["W1", "W12", "AW1"]),
        ("!*W1*", &["B"]),
        ("!B", &["W1", "W12", "AW1"]),
        ("B*", &["B"]),
    ] {
        let parsed: WorkflowFilter = filter.parse().unwrap();
        let found: Vec<&str> = workflows.into_iter().filter(|workflow| parsed.matches(workflow)).collect();
        assert_eq!(found, listed, "{filter}");
        assert_eq!(parsed.to_string(), filter);
    }
    let longest = "W".repeat(255);
    assert!(longest.parse::<WorkflowFilter>().is_ok() && format!("{longest}W").parse::<WorkflowFilter>().is_err());
    for filter in ["", "W", "!", "*", "**", "!*", "!**", "*W", "A*B", "*A*B*", "***", "A\nB"] {
        assert!(filter.parse::<WorkflowFilter>().is_err(), "{filter:?}");
    }
}

proptest! {
    #[test]
    fn ids_and_filters_come_back(text in "(?s).{0,40}", id in "[a-zA-Z0-9_-]{1,100}", nanos in any::<i64>(), random in any::<[u8; 3]>()) {
        if let Ok(mailbox) = text.parse::<MailboxId>() {
            prop_assert_eq!(mailbox.as_str().parse::<MailboxId>().unwrap(), mailbox);
        }
        if let Ok(filter) = text.parse::<WorkflowFilter>() {
            prop_assert_eq!(filter.to_string(), text.as_str());
        }
        let _ = (read(&text), Version::of_accept(Some(&text)));
        prop_assert_eq!(id.parse::<MessageId>().unwrap().to_string(), id.to_ascii_uppercase());
        let own = MessageId::new(Timestamp::from_nanosecond(i128::from(nanos.unsigned_abs() / 2)).unwrap(), random);
        prop_assert_eq!(own.as_str().len(), 27);
        prop_assert_eq!(own.to_string().parse::<MessageId>().unwrap(), own);
        prop_assert_eq!(mailbox("X1"), mailbox(" x1 "));
    }
}
