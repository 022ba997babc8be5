//! One-time codes of an authenticator app (RFC 6238): SHA-1, six digits, thirty seconds, which every app knows.
//! SHA-1 is sound here: HMAC does not rest on its resistance to collisions.

use cpis_model::Timestamp;
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use std::fmt;
use std::str::FromStr;
use subtle::ConstantTimeEq;
use zeroize::ZeroizeOnDrop;

/// Length of a secret: the hash's (RFC 4226, 4, R6).
pub const TOTP_SECRET_BYTES: usize = 20;

const STEP_SECONDS: i64 = 30;
const DIGITS: usize = 6;

/// What an authenticator app and we both know. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, ZeroizeOnDrop)]
pub struct TotpSecret([u8; TOTP_SECRET_BYTES]);

/// Not a secret of ours in base32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secret for one-time codes has 32 characters A to Z and 2 to 7")]
pub struct TotpSecretError;

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret")
    }
}

impl FromStr for TotpSecret {
    type Err = TotpSecretError;

    /// Reads base32 as people copy it: any case, with spaces.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let compact: String = text.chars().filter(|c| *c != ' ').collect::<String>().to_ascii_uppercase();
        let bytes = BASE32_NOPAD.decode(compact.as_bytes()).map_err(|_| TotpSecretError)?;
        bytes.try_into().map(Self).map_err(|_| TotpSecretError)
    }
}

impl fmt::Display for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_base32())
    }
}

impl TotpSecret {
    /// A secret of these random bytes.
    pub fn new(random: [u8; TOTP_SECRET_BYTES]) -> Self {
        Self(random)
    }

    /// The secret for typing into an app.
    pub fn to_base32(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    /// The address that an app reads from a square code: who asks, and for which account.
    pub fn enrolment_url(&self, service: &str, account: &str) -> String {
        let [service, account] = [service, account].map(|text| utf8_percent_encode(text, NON_ALPHANUMERIC));
        let secret = self.to_base32();
        format!(
            "otpauth://totp/{service}:{account}?secret={secret}&issuer={service}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}"
        )
    }

    /// The step of time to which this code belongs, when it is the present one, the one before or the one after, and
    /// later than the step that was used last. The caller keeps it: each code is good once (RFC 6238, 5.2).
    pub fn accepts(&self, code: &str, used: Option<u64>, now: Timestamp) -> Option<u64> {
        let present = u64::try_from(now.as_second() / STEP_SECONDS).ok()?;
        let mut accepted = None;
        for step in present.saturating_sub(1)..=present + 1 {
            let is_right: bool = self.code(step).as_bytes().ct_eq(code.as_bytes()).into();
            if is_right && used.is_none_or(|used| step > used) {
                accepted = Some(step);
            }
        }
        accepted
    }

    /// The code of a step (RFC 4226, 5.3).
    fn code(&self, step: u64) -> String {
        let Ok(mut mac) = <Hmac<Sha1> as KeyInit>::new_from_slice(&self.0) else { return String::new() };
        mac.update(&step.to_be_bytes());
        let hash = mac.finalize().into_bytes();
        let offset = usize::from(hash.last().copied().unwrap_or_default() & 0x0f);
        let chosen = hash.iter().skip(offset).take(4).fold(0, |number: u32, byte| number << 8 | u32::from(*byte));
        format!("{:0DIGITS$}", (chosen & 0x7fff_ffff) % 10_u32.pow(DIGITS as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> TotpSecret {
        TotpSecret::new(*b"12345678901234567890")
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn codes_are_those_of_the_rfcs() {
        // RFC 4226, appendix D.
        for (step, code) in ["755224", "287082", "359152", "969429", "338314", "254676", "287922"].iter().enumerate() {
            assert_eq!(secret().code(step as u64), *code);
        }
        // RFC 6238, appendix B: the last six digits of its eight.
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret().accepts(code, None, at(second)), Some(second as u64 / 30), "{second}");
        }
    }

    #[test]
    fn a_code_is_good_for_a_step_around_now_and_once() {
        let code = "081804"; // of step 37037036
        for (second, used, accepted) in [
            (1_111_111_080 - 31, None, false),
            (1_111_111_080 - 1, None, true),
            (1_111_111_109, None, true),
            (1_111_111_139, None, true),
            (1_111_111_140, None, false),
            (1_111_111_109, Some(37_037_035), true),
            (1_111_111_109, Some(37_037_036), false),
            (1_111_111_109, Some(37_037_037), false),
        ] {
            assert_eq!(secret().accepts(code, used, at(second)).is_some(), accepted, "{second} {used:?}");
        }
        for wrong in ["", "81804", "081805", "0818040", "08180 ", "٠٨١٨٠٤"] {
            assert_eq!(secret().accepts(wrong, None, at(1_111_111_109)), None);
        }
    }

    #[test]
    fn an_app_can_be_told() {
        assert_eq!(secret().to_base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!("gezd gnbv gy3t qojq gezd gnbv gy3t qojq".parse(), Ok(secret()));
        for bad in ["", "GEZD", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZD"] {
            assert_eq!(bad.parse::<TotpSecret>(), Err(TotpSecretError));
        }
        assert_eq!(
            secret().enrolment_url("OpenCPIS at A & E", "night:1"),
            "otpauth://totp/OpenCPIS%20at%20A%20%26%20E:night%3A1?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=OpenCPIS%20at%20A%20%26%20E&algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(format!("{:?}", secret()), "TotpSecret");
    }
}
