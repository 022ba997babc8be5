//! Times as MESH writes them: digits in UTC, or ISO 8601.

use cpis_model::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The first second of the year 0: before it years have no four digits.
const FIRST_SECOND: i64 = -62_167_219_200;

/// `yyyyMMddHHmmss` in UTC, as headers and version 1 have it.
pub fn compact(at: Timestamp) -> String {
    at.strftime("%Y%m%d%H%M%S").to_string()
}

/// `yyyyMMddHHmm` in UTC, as tokens have it.
pub fn minute(at: Timestamp) -> String {
    at.strftime("%Y%m%d%H%M").to_string()
}

/// ISO 8601 in UTC with milliseconds, as version 2 has it.
pub fn iso(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// Reads any of them: 12 or 14 digits, or ISO 8601, which is in UTC where it has no offset.
///
/// ```
/// use cpis_format_mesh::time::{compact, read};
/// for text in ["20260314155901", "2026-03-14T15:59:01Z", "2026-03-14T16:59:01+01:00", "2026-03-14T15:59:01"] {
///     assert_eq!(read(text).map(compact).as_deref(), Some("20260314155901"));
/// }
/// ```
pub fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if matches!(text.len(), 12 | 14) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return digits(text);
    }
    let local = || TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok();
    text.parse().ok().or_else(local).filter(|at: &Timestamp| at.as_second() >= FIRST_SECOND)
}

fn digits(text: &str) -> Option<Timestamp> {
    let two = |from: usize| text.get(from..from + 2)?.parse::<i8>().ok();
    let year = text.get(..4)?.parse::<i16>().ok()?;
    let second = if text.len() == 14 { two(12)? } else { 0 };
    let civil = DateTime::new(year, two(4)?, two(6)?, two(8)?, two(10)?, second, 0).ok()?;
    TimeZone::UTC.to_timestamp(civil).ok()
}

/// A time in stored JSON: milliseconds since 1970.
pub(crate) mod millis {
    use cpis_model::Timestamp;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(at.as_millisecond())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        Timestamp::from_millisecond(i64::deserialize(deserializer)?).map_err(|_| D::Error::custom("not a time"))
    }
}
