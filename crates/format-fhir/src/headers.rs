//! Request headers that FHIR and the platform define. `Authorization` is not among them: identity reads it.

use crate::outcome::Issue;
use cpis_model::Uuid;
use cpis_model::caller::Declared;

/// Longest `X-Correlation-ID` or `TraceID` in characters.
pub const REFERENCE_CHARS_MAX: usize = 200;

/// What `IsUnscheduledAccessEvent` says, of all its values (spec/fhir.md 1.4). Absent, it says nothing.
///
/// ```
/// use cpis_format_fhir::{headers::parse_unscheduled, outcome::Issue};
/// use cpis_model::caller::Declared;
/// assert_eq!(parse_unscheduled([b" False".as_slice()].into_iter()), Ok(Declared::Scheduled));
/// assert_eq!(parse_unscheduled([b"maybe".as_slice()].into_iter()), Err(Issue::BadHeader));
/// ```
pub fn parse_unscheduled<'v>(values: impl Iterator<Item = &'v [u8]>) -> Result<Declared, Issue> {
    let mut declared = Declared::Nothing;
    for value in values {
        let this = match value.trim_ascii() {
            value if value.eq_ignore_ascii_case(b"true") => Declared::Unscheduled,
            value if value.eq_ignore_ascii_case(b"false") => Declared::Scheduled,
            _ => return Err(Issue::BadHeader),
        };
        if declared != Declared::Nothing && declared != this {
            return Err(Issue::BadHeader);
        }
        declared = this;
    }
    Ok(declared)
}

/// A header that comes back with the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mirrored {
    /// `X-Request-ID`, a UUID.
    RequestId,
    /// `X-Correlation-ID`, free.
    CorrelationId,
    /// `TraceID`, free.
    TraceId,
}

impl Mirrored {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::RequestId, Self::CorrelationId, Self::TraceId];

    /// The header's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::RequestId => "X-Request-ID",
            Self::CorrelationId => "X-Correlation-ID",
            Self::TraceId => "TraceID",
        }
    }
}

/// The value to send back, without the space around it. `X-Request-ID` must be a UUID with its hyphens; the others must
/// be 1 to [`REFERENCE_CHARS_MAX`] printable ASCII characters.
pub fn mirrored(header: Mirrored, value: &[u8]) -> Result<&str, Issue> {
    let fault = Issue::InvalidHeaderValue(header.name());
    let text = std::str::from_utf8(value.trim_ascii()).map_err(|_| fault)?;
    let holds = match header {
        Mirrored::RequestId => text.len() == 36 && Uuid::try_parse(text).is_ok(),
        Mirrored::CorrelationId | Mirrored::TraceId => {
            (1..=REFERENCE_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        }
    };
    if holds { Ok(text) } else { Err(fault) }
}

/// Whether the client takes what we send: FHIR JSON of R4. Several `Accept` headers are to be joined with commas.
pub fn accepts_json(accept: Option<&str>) -> bool {
    let Some(accept) = accept.filter(|accept| !accept.trim().is_empty()) else { return true };
    // The most specific range decides for each of the two names of our format (RFC 9110 §12.5.1).
    ["application/fhir+json", "application/json"].into_iter().any(|ours| {
        let ranges = accept.split(',').filter_map(|range| weighed(range, ours));
        ranges.max().is_some_and(|(_, wanted)| wanted)
    })
}

/// How specific a media range is about a type of ours and whether it wants it; `None` where it is about something else.
fn weighed(range: &str, ours: &str) -> Option<(u8, bool)> {
    let mut parts = range.split(';').map(str::trim);
    let media = parts.next()?;
    let specificity = match media {
        "*/*" => 0,
        _ if media.eq_ignore_ascii_case("application/*") => 1,
        _ if media.eq_ignore_ascii_case(ours) => 2,
        _ => return None,
    };
    let mut wanted = true;
    for (name, value) in parts.filter_map(|part| part.split_once('=')) {
        let value = value.trim().trim_matches('"');
        if name.trim().eq_ignore_ascii_case("q") {
            // A weight that cannot be read is no reason to refuse.
            wanted = value.parse::<f32>().map_or(true, |weight| weight > 0.0);
        } else if name.trim().eq_ignore_ascii_case("fhirVersion") && !matches!(value, "4.0" | "4.0.0" | "4.0.1") {
            return None;
        }
    }
    Some((specificity, wanted))
}

/// Whether the values of `Prefer` hold `handling=strict`; the first `handling` decides (RFC 7240 §2).
pub fn prefer_strict<'v>(values: impl Iterator<Item = &'v [u8]>) -> bool {
    let mut preferences = values.flat_map(|value| value.split(|&byte| byte == b','));
    let handling = |preference: &'v [u8]| {
        let preference = preference.split(|&byte| byte == b';').next()?;
        let equals = preference.iter().position(|&byte| byte == b'=')?;
        let (name, value) = preference.split_at(equals);
        let value = value.strip_prefix(b"=")?.trim_ascii();
        name.trim_ascii().eq_ignore_ascii_case(b"handling").then_some(value)
    };
    preferences.find_map(handling).is_some_and(|value| {
        let unquoted = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
        unquoted.eq_ignore_ascii_case(b"strict")
    })
}

#[cfg(test)]
mod tests;
