//! Telephone numbers of authorities from the range that Ofcom keeps for drama, 01632 960000 to 960999: nobody is called.

use cpis_model::organisation::{AuthorityCode, Contact, Phone};
use cpis_model::register::Register;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Numbers of the range; each authority has two.
const NUMBERS: usize = 1_000;

/// Registered authorities in the order of their codes: their numbers are distinct.
static PLACES: LazyLock<HashMap<AuthorityCode, usize>> = LazyLock::new(|| {
    let authorities = Register::built_in().authorities();
    authorities.into_iter().enumerate().map(|(place, (code, _))| (code, place)).collect()
});

/// How to reach an authority, the same for the same code. Codes that are not registered share the numbers that are left.
pub fn authority_contact(code: AuthorityCode) -> Contact {
    let left = (NUMBERS / 2).saturating_sub(PLACES.len()).max(1);
    let sum = || code.0.as_str().bytes().fold(0, |sum: usize, byte| (sum * 37 + usize::from(byte)) % left);
    let place = PLACES.get(&code).copied().unwrap_or_else(|| (PLACES.len() + sum()) % (NUMBERS / 2));
    Contact { emergency: phone(2 * place), office: Some(phone(2 * place + 1)) }
}

#[expect(clippy::expect_used, reason = "eleven digits are a telephone number")]
fn phone(place: usize) -> Phone {
    format!("01632960{:03}", place % NUMBERS).parse().expect("eleven digits are a telephone number")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn registered_authorities_have_numbers_of_their_own() {
        let authorities = Register::built_in().authorities();
        let mut seen = HashSet::new();
        for (code, _) in &authorities {
            let contact = authority_contact(*code);
            for phone in [contact.emergency, contact.office.unwrap()] {
                assert!(phone.as_str().starts_with("01632960") && phone.as_str().len() == 11);
                assert!(seen.insert(phone.as_str().to_owned()));
            }
        }
        assert_eq!(seen.len(), 2 * authorities.len());
    }

    #[test]
    fn another_code_takes_a_number_that_is_left() {
        let other = authority_contact("XX999".parse().unwrap());
        assert_eq!(other, authority_contact("XX999".parse().unwrap()));
        let authorities = Register::built_in().authorities();
        assert!(authorities.iter().all(|(code, _)| authority_contact(*code) != other));
    }
}
