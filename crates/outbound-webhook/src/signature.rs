//! The signature by which an endpoint knows that a delivery is ours, whole, and of now.

use cpis_model::{Timestamp, Uuid};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header with the signature.
pub const SIGNATURE_HEADER: &str = "CPIS-Signature";
/// The header with the delivery's id: the same however often it is sent.
pub const DELIVERY_HEADER: &str = "CPIS-Delivery";
/// Shortest secret in bytes.
pub const SECRET_BYTES_MIN: usize = 16;

/// The value of [`SIGNATURE_HEADER`]: `t=` seconds since 1970, `,v1=` and in hexadecimal the HMAC-SHA-256 of the
/// seconds, a full stop, the delivery's id, a full stop and the body. `None` for a secret shorter than
/// [`SECRET_BYTES_MIN`].
pub fn signature(secret: &[u8], id: Uuid, at: Timestamp, body: &[u8]) -> Option<String> {
    if secret.len() < SECRET_BYTES_MIN {
        return None;
    }
    let seconds = at.as_second();
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).ok()?;
    mac.update(format!("{seconds}.{}.", id.hyphenated()).as_bytes());
    mac.update(body);
    Some(format!("t={seconds},v1={}", HEXLOWER.encode(mac.finalize().into_bytes().as_slice())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE64URL_NOPAD;
    use jsonwebtoken::{Algorithm, EncodingKey, crypto};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn another_implementation_computes_the_same(
            secret in prop::collection::vec(any::<u8>(), 16..80), id: u128, seconds in 0i64..4_000_000_000,
            nanos in 0i32..1_000_000_000,
            body in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let (id, at) = (Uuid::from_u128(id), Timestamp::new(seconds, nanos).unwrap());
            let message = [format!("{seconds}.{id}.").as_bytes(), &body].concat();
            let hash = crypto::sign(&message, &EncodingKey::from_secret(&secret), Algorithm::HS256).unwrap();
            let hash = HEXLOWER.encode(&BASE64URL_NOPAD.decode(hash.as_bytes()).unwrap());
            prop_assert_eq!(signature(&secret, id, at, &body), Some(format!("t={seconds},v1={hash}")));
        }
    }

    #[test]
    fn a_short_secret_signs_nothing() {
        assert_eq!(signature(&[7; SECRET_BYTES_MIN - 1], Uuid::nil(), Timestamp::UNIX_EPOCH, b"{}"), None);
        assert!(signature(&[7; SECRET_BYTES_MIN], Uuid::nil(), Timestamp::UNIX_EPOCH, b"{}").is_some());
    }
}
