//! Moves the times of messages to now, so that a gateway does not take old samples for old visits.

use cpis_format_hl7v2::Header;
use cpis_model::Timestamp;
use cpis_model::time::{london_moment, london_time};
use jiff::SignedDuration;
use jiff::civil::DateTime;

/// Fields that hold times of the message and the visit; not those of the person.
const FIELDS: &[(&str, usize)] =
    &[("MSH", 6), ("EVN", 2), ("EVN", 6), ("PV1", 44), ("PV1", 45), ("PV2", 8), ("ZU1", 4), ("OBX", 14), ("OBR", 7)];

/// By how much.
#[derive(Clone, Copy)]
pub struct Shift(SignedDuration);

impl Shift {
    /// So that a message with this header is sent now. Whole minutes, so that times keep their seconds.
    pub fn to(now: Timestamp, header: Option<&Header>) -> Self {
        let sent = header.and_then(|header| header.sent.as_ref()).map_or(now, cpis_format_hl7v2::Moment::at);
        Self(SignedDuration::from_mins(now.duration_since(sent).as_mins()))
    }

    /// The message with its times moved. What is no time stays as it is.
    pub fn apply(self, message: &[u8]) -> Vec<u8> {
        let separator = message.get(3).copied().unwrap_or(b'|');
        let segments = message.split_inclusive(|byte| matches!(byte, b'\r' | b'\n'));
        segments.flat_map(|segment| self.segment(segment, separator)).collect()
    }

    fn segment(self, segment: &[u8], separator: u8) -> Vec<u8> {
        let fields: Vec<Vec<u8>> = segment
            .split(|byte| *byte == separator)
            .enumerate()
            .map(|(place, field)| {
                let of = |(name, own): &(&str, usize)| *own == place && segment.starts_with(name.as_bytes());
                if FIELDS.iter().any(of) { self.field(field) } else { field.to_vec() }
            })
            .collect();
        fields.join(&separator)
    }

    /// The digits at the start of a field, of a day, a minute or a second.
    fn field(self, field: &[u8]) -> Vec<u8> {
        let count = field.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = field.split_at(count);
        let form = match count {
            8 => "%Y%m%d",
            12 => "%Y%m%d%H%M",
            14 => "%Y%m%d%H%M%S",
            _ => return field.to_vec(),
        };
        let text = std::str::from_utf8(digits).unwrap_or_default();
        let padded = format!("{text:0<14}");
        let moved = DateTime::strptime("%Y%m%d%H%M%S", &padded).ok().and_then(london_moment);
        let moved = moved.and_then(|at| at.checked_add(self.0).ok());
        let Some(moved) = moved else { return field.to_vec() };
        let mut written = london_time(moved).strftime(form).to_string().into_bytes();
        written.extend_from_slice(rest);
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpis_format_hl7v2::{Profile, adt};

    #[test]
    fn times_of_the_visit_move_and_those_of_the_person_stay() {
        let message = b"MSH|^~\\&|PAS||||20260314183205||ADT^A04|1|P|2.4\rEVN|A04|202603141832||||20260314183000\r\
            PID|1||L1||X^Y||20190722\rPV1|1|E||||||||||||||||||||||||||||||||||||||||||20260314183000|x\r";
        let header = adt::head(message, &Profile::default());
        let now = "2026-03-15T18:32:40Z".parse().unwrap();
        let moved = Shift::to(now, header.as_ref()).apply(message);
        let text = String::from_utf8(moved).unwrap();
        assert!(text.contains("|20260315183205||ADT") && text.contains("A04|202603151832||||20260315183000\r"));
        assert!(text.contains("|20190722\r") && text.contains("|20260315183000|x\r"));
        // Into the summer: the local times are those of the summer.
        let summer = Shift::to("2026-07-14T17:32:05Z".parse().unwrap(), header.as_ref()).apply(message);
        assert!(String::from_utf8(summer).unwrap().contains("||||20260714183205||ADT"));
    }
}
