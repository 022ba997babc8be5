//! How sealed entries lie in a journal row: one after the other, each with the key it needs and its length.
//!
//! `key (8 bytes, big endian) ‖ length (4 bytes) ‖ sealed`. A positive key is a person's surrogate, a negative one a month
//! (minus year × 12 + month − 1). Sealed is `salt (16) ‖ canonical entry` under that key, at the place (group, ordinal, key).

use cpis_model::entry::PersonId;
use cpis_model::{Timestamp, time::london_day};
use cpis_store::GroupId;

/// Largest sealed entry in bytes.
pub const SEALED_BYTES_MAX: usize = 64 * 1024;
/// Bytes of the salt before the entry.
pub const SALT_BYTES: usize = 16;

/// Under whose key an entry is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyOf {
    /// A person's.
    Person(PersonId),
    /// A month's: year × 12 + month − 1.
    Month(u32),
}

/// The month of a moment, in Europe/London.
pub fn month_of(at: Timestamp) -> u32 {
    let day = london_day(at);
    (i32::from(day.year()) * 12 + i32::from(day.month()) - 1).max(1) as u32
}

/// An entry as it lies in the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Ordinal in the group.
    pub ordinal: u32,
    /// Under whose key.
    pub key: KeyOf,
    /// Nonce, text and tag.
    pub sealed: &'a [u8],
}

/// A row's body is not in this form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a journal row is not in the expected form")]
pub struct FrameError;

fn key_number(key: KeyOf) -> i64 {
    match key {
        KeyOf::Person(person) => person.value(),
        KeyOf::Month(month) => -i64::from(month),
    }
}

/// Adds an entry to a body.
pub fn push(body: &mut Vec<u8>, key: KeyOf, sealed: &[u8]) {
    body.extend_from_slice(&key_number(key).to_be_bytes());
    body.extend_from_slice(&(sealed.len() as u32).to_be_bytes());
    body.extend_from_slice(sealed);
}

/// The entries of a body, of which the first has the given ordinal.
pub fn frames(mut body: &[u8], first_ordinal: u32) -> impl Iterator<Item = Result<Frame<'_>, FrameError>> {
    let mut ordinal = first_ordinal;
    std::iter::from_fn(move || {
        if body.is_empty() {
            return None;
        }
        let next = one(body, ordinal);
        match next {
            Ok((frame, rest)) => {
                body = rest;
                ordinal = ordinal.wrapping_add(1);
                Some(Ok(frame))
            }
            Err(error) => {
                body = &[];
                Some(Err(error))
            }
        }
    })
}

fn one(body: &[u8], ordinal: u32) -> Result<(Frame<'_>, &[u8]), FrameError> {
    let (key, rest) = body.split_first_chunk::<8>().ok_or(FrameError)?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(FrameError)?;
    let length = u32::from_be_bytes(*length) as usize;
    if length > SEALED_BYTES_MAX {
        return Err(FrameError);
    }
    let (sealed, rest) = rest.split_at_checked(length).ok_or(FrameError)?;
    let key = match i64::from_be_bytes(*key) {
        month if month < 0 => KeyOf::Month(u32::try_from(month.unsigned_abs()).map_err(|_| FrameError)?),
        person => KeyOf::Person(PersonId::from_stored(person).ok_or(FrameError)?),
    };
    Ok((Frame { ordinal, key, sealed }, rest))
}

/// The place at which an entry is sealed.
pub fn place(group: GroupId, ordinal: u32, key: KeyOf) -> [u8; 27] {
    let mut place = *b"journal\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let parts = [group.0.to_be_bytes().as_slice(), &ordinal.to_be_bytes(), &key_number(key).to_be_bytes()].concat();
    place.iter_mut().skip(7).zip(parts).for_each(|(to, from)| *to = from);
    place
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_key() -> impl Strategy<Value = KeyOf> {
        prop_oneof![
            (1i64..).prop_map(|id| KeyOf::Person(PersonId::from_stored(id).unwrap())),
            (1u32..).prop_map(KeyOf::Month)
        ]
    }

    proptest! {
        #[test]
        fn what_was_pushed_comes_back(entries in proptest::collection::vec((any_key(), proptest::collection::vec(any::<u8>(), 0..300)), 0..20)) {
            let mut body = Vec::new();
            for (key, sealed) in &entries {
                push(&mut body, *key, sealed);
            }
            let read: Result<Vec<_>, _> = frames(&body, 7).collect();
            let read = read.unwrap();
            prop_assert_eq!(read.len(), entries.len());
            for (place, (frame, (key, sealed))) in read.iter().zip(&entries).enumerate() {
                prop_assert_eq!(frame, &Frame { ordinal: 7 + place as u32, key: *key, sealed: sealed.as_slice() });
            }
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = frames(&bytes, 0).count();
        }
    }

    #[test]
    fn places_differ_by_group_ordinal_and_key() {
        let person = KeyOf::Person(PersonId::from_stored(5).unwrap());
        let places = [
            place(GroupId(1), 0, person),
            place(GroupId(2), 0, person),
            place(GroupId(1), 1, person),
            place(GroupId(1), 0, KeyOf::Month(5)),
        ];
        for (a, b) in places.iter().enumerate().flat_map(|(n, a)| places.iter().skip(n + 1).map(move |b| (a, b))) {
            assert_ne!(a, b);
        }
    }
}
