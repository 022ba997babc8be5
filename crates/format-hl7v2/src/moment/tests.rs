//! Times as they are sent.

use super::*;
use crate::delimiters::Delimiters;
use crate::er7::Message;

/// Earliest and latest moment with what was odd, of a time in MSH-7.
fn read(text: &str, zone: Zone, offsets: Offsets) -> String {
    let message = Message::parse(format!("MSH|^~\\&|||||{text}").as_bytes()).unwrap();
    assert_eq!(*message.delimiters(), Delimiters::default());
    let mut odd = Vec::new();
    let moment = Moment::read(message.msh().field(7), zone, offsets, &mut |kind: OddityKind| odd.push(kind.code()));
    let shown = moment.map_or("none".to_owned(), |moment| {
        let ambiguous = if moment.is_ambiguous() { " or another" } else { "" };
        format!("{} {:?}{ambiguous}", moment.earliest, moment.precision)
    });
    format!("{shown} {}", odd.join(" ")).trim_end().to_owned()
}

#[test]
fn times_are_read_in_every_form_that_is_sent() {
    for (text, expected) in [
        ("20260314183205", "2026-03-14T18:32:05Z Second"),
        ("202603141832", "2026-03-14T18:32:00Z Minute"),
        ("2026031418", "2026-03-14T18:00:00Z Hour"),
        ("20260314", "2026-03-14T00:00:00Z Day"),
        ("202603", "2026-03-01T00:00:00Z Month"),
        ("2026", "2026-01-01T00:00:00Z Year"),
        ("20260314230155.123+0000", "2026-03-14T23:01:55Z Second"),
        ("20260714183205", "2026-07-14T17:32:05Z Second"),
        ("20260714183205+0100", "2026-07-14T17:32:05Z Second"),
        ("20260714183205Z", "2026-07-14T18:32:05Z Second"),
        ("20260714183205-0500", "2026-07-14T23:32:05Z Second"),
        // The clocks go back on 25 October 2026: this hour happens twice.
        ("20261025013000", "2026-10-25T00:30:00Z Second or another time-twice"),
        ("20261025013000+0000", "2026-10-25T01:30:00Z Second"),
        ("20261025013000+0100", "2026-10-25T00:30:00Z Second"),
        // They go forward on 29 March 2026: this hour never happens.
        ("20260329013000", "2026-03-29T01:30:00Z Second time-never"),
        ("2025-05-05 23:23:32", "2025-05-05T22:23:32Z Second time-form"),
        ("2020-05-08T13:06:43", "2020-05-08T12:06:43Z Second time-form"),
        ("2020-05-08T13:06:43+01:00", "2020-05-08T12:06:43Z Second time-form"),
        ("2020-05-08", "2020-05-07T23:00:00Z Day time-form"),
        ("19760121+^D", "1976-01-21T00:00:00Z Day time-form"),
        ("20260314240000", "2026-03-15T00:00:00Z Second time-form"),
        ("20260630235960", "2026-06-30T22:59:59Z Second"),
        ("20260230", "none time-unreadable"),
        ("14/03/2026", "none time-unreadable"),
        ("202603141", "none time-unreadable"),
        ("20260314183205+9999", "none time-unreadable"),
        ("\"\"", "none"),
        ("", "none"),
    ] {
        assert_eq!(read(text, Zone::London, Offsets::AsWritten), expected, "{text}");
    }
}

#[test]
fn a_feed_may_mean_something_else_by_its_times() {
    assert_eq!(read("20260714183205", Zone::Utc, Offsets::AsWritten), "2026-07-14T18:32:05Z Second");
    assert_eq!(read("20260714183205+0000", Zone::London, Offsets::Ignored), "2026-07-14T17:32:05Z Second");
}
