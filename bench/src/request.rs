//! The bytes of a request, made once for a connection; from then on only digits in them change.

use crate::settings::{NUMBER, SEQUENCE, Target};

const NUMBER_DIGITS: usize = 10;
const SEQUENCE_DIGITS: usize = 12;

/// A question as it is sent.
#[derive(Clone, Debug)]
pub struct Request {
    bytes: Vec<u8>,
    number_at: Vec<usize>,
    sequence_at: Vec<usize>,
}

impl Request {
    /// The request of one connection, which sends the token of its place.
    pub fn new(target: &Target, connection: usize) -> Self {
        let mut lines = String::new();
        let mut line = |text: &str| {
            lines.push_str(text);
            lines.push_str("\r\n");
        };
        let method = if target.body.is_some() { "POST" } else { "GET" };
        line(&format!("{method} {} HTTP/1.1", target.path));
        line(&format!("Host: {}", target.host));
        if let Some(token) = connection.checked_rem(target.tokens.len()).and_then(|place| target.tokens.get(place)) {
            line(&format!("Authorization: Bearer {token}"));
        }
        for header in &target.headers {
            line(header);
        }
        let body = target.body.as_deref().unwrap_or_default();
        if target.body.is_some() {
            let length = |mark: &str, digits: usize| {
                (body.matches(mark).count() * mark.len(), body.matches(mark).count() * digits)
            };
            let (number, digits) = length(NUMBER, NUMBER_DIGITS);
            let (sequence, more_digits) = length(SEQUENCE, SEQUENCE_DIGITS);
            line(&format!("Content-Length: {}", body.len() - number - sequence + digits + more_digits));
        }
        line("");
        lines.push_str(body);
        Self::spliced(&lines)
    }

    fn spliced(mut rest: &str) -> Self {
        let mut request =
            Self { bytes: Vec::with_capacity(rest.len()), number_at: Vec::new(), sequence_at: Vec::new() };
        while let Some(place) = rest.find('{') {
            let (before, after) = rest.split_at(place);
            request.bytes.extend_from_slice(before.as_bytes());
            let (mark, places, digits) = if after.starts_with(NUMBER) {
                (NUMBER.len(), &mut request.number_at, NUMBER_DIGITS)
            } else if after.starts_with(SEQUENCE) {
                (SEQUENCE.len(), &mut request.sequence_at, SEQUENCE_DIGITS)
            } else {
                request.bytes.push(b'{');
                rest = after.get(1..).unwrap_or_default();
                continue;
            };
            places.push(request.bytes.len());
            request.bytes.resize(request.bytes.len() + digits, b'0');
            rest = after.get(mark..).unwrap_or_default();
        }
        request.bytes.extend_from_slice(rest.as_bytes());
        request
    }

    /// The bytes to send.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Puts in a number of ten digits.
    pub fn set_number(&mut self, number: &str) {
        for place in &self.number_at {
            let Some(digits) = self.bytes.get_mut(*place..*place + NUMBER_DIGITS) else { continue };
            if number.len() == NUMBER_DIGITS {
                digits.copy_from_slice(number.as_bytes());
            }
        }
    }

    /// Puts in the last twelve decimal digits of a count.
    pub fn set_sequence(&mut self, sequence: u64) {
        for place in &self.sequence_at {
            let Some(digits) = self.bytes.get_mut(*place..*place + SEQUENCE_DIGITS) else { continue };
            let mut rest = sequence;
            for digit in digits.iter_mut().rev() {
                *digit = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
        }
    }
}

/// Cheap even numbers (the output function of `SplitMix64` over a count): which question comes next.
#[derive(Clone, Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// A value below `limit`, or 0.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        value ^= value >> 31;
        ((u128::from(value) * limit as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        let mut target = Target::plain("a", "127.0.0.1:1".parse().unwrap(), "/a?b=c%7C{number}");
        target.host = "localhost".into();
        target.tokens = vec!["one".into(), "two".into()];
        target.headers = vec!["X-Request-ID: 00000000-0000-4000-8000-{sequence}".into()];
        target
    }

    fn text(request: &Request) -> &str {
        std::str::from_utf8(request.bytes()).unwrap()
    }

    #[test]
    fn digits_go_where_their_marks_stood() {
        let mut request = Request::new(&target(), 3);
        request.set_number("9990000018");
        request.set_sequence(42);
        let expected = "GET /a?b=c%7C9990000018 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer two\r\n\
            X-Request-ID: 00000000-0000-4000-8000-000000000042\r\n\r\n";
        assert_eq!(text(&request), expected);
        request.set_number("9990000026");
        request.set_sequence(1_000_000_000_007);
        let expected = expected.replace("0018", "0026").replace("000000000042", "000000000007");
        assert_eq!(text(&request), expected);
    }

    #[test]
    fn the_length_of_a_body_counts_digits_and_not_marks() {
        let mut target = target();
        target.body = Some("{a}{number}, {number}, {sequence}{".into());
        let mut request = Request::new(&target, 0);
        request.set_number("9990000018");
        let (head, body) = text(&request).split_once("\r\n\r\n").unwrap();
        assert_eq!(body, "{a}9990000018, 9990000018, 000000000000{");
        assert!(head.starts_with("POST ") && head.ends_with(&format!("Content-Length: {}", body.len())), "{head}");
    }

    #[test]
    fn dice_are_even() {
        let mut dice = Dice(1);
        let mut counts = [0; 10];
        for _ in 0..10_000 {
            counts[dice.below(10)] += 1;
        }
        assert!(counts.iter().all(|count| (850..1_150).contains(count)), "{counts:?}");
        assert_eq!(dice.below(0), 0);
    }
}
