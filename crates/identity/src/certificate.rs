//! From a client's certificate to a caller: the register says which system has it, and for whom the system asks.
//!
//! A system vouches for the people at it. Whatever a query says of its author, the organisation is the one for which the register
//! has the system; what it says of the place chooses among the system's own sites. A device must be one of the system's own
//! numbers.

use crate::caller::place;
use cpis_model::caller::{Caller, Device, Rights, Who};
use cpis_model::organisation::{OdsCode, Organisation};
use cpis_model::organisation_record::System;
use cpis_model::register::Register;
use std::fmt::Write;

/// What a system says of a query's author, and what it showed.
#[derive(Clone, Debug)]
pub struct Vouched<'a> {
    /// SHA-256 of the certificate that it showed.
    pub fingerprint: [u8; 32],
    /// The ASID under which it sends.
    pub sender: &'a str,
    /// The author.
    pub who: Who,
    /// Where they are, as the query says: an organisation or one of its sites.
    pub place: OdsCode,
}

/// Why nobody is known by a certificate. The one who asks is told no more than that access is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotVouched {
    /// No system in force has this ASID.
    #[error("no system that is in force has this ASID")]
    System,
    /// The system has other certificates.
    #[error("the certificate is not one of the system's")]
    Certificate,
    /// The author is a device with an ASID that is not the system's.
    #[error("the author is another system")]
    Author,
}

impl NotVouched {
    /// The word for refusals.
    pub fn code(self) -> &'static str {
        match self {
            Self::System => "soap-unknown-system",
            Self::Certificate => "soap-other-certificate",
            Self::Author => "soap-other-author",
        }
    }
}

/// The caller for whom a system vouches.
pub fn vouched(register: &Register, vouched: Vouched<'_>) -> Result<Caller, NotVouched> {
    let Vouched { fingerprint, sender, who, place: named } = vouched;
    let mut shown = String::with_capacity(64);
    for byte in fingerprint {
        let _ = write!(shown, "{byte:02x}");
    }
    let mut systems = register.systems(sender).peekable();
    systems.peek().ok_or(NotVouched::System)?;
    let has_it = |system: &&System| system.certificates.iter().any(|own| own.as_str() == shown);
    let system = systems.find(has_it).ok_or(NotVouched::Certificate)?;
    let chosen = (named != system.organisation).then(|| named.as_str());
    let at = |named| place(named, system.organisation, &system.sites, register);
    let own = at(chosen);
    let is_own = own.is_ok();
    let site = own.or_else(|_| at(None)).unwrap_or_default();
    let organisation = register
        .organisation(system.organisation)
        .unwrap_or_else(|| Organisation { code: system.organisation, name: system.organisation.as_str().into() });
    let who = match who {
        Who::Device(device) => {
            if !system.asids.iter().any(|own| own.as_str() == &*device.asid) {
                return Err(NotVouched::Author);
            }
            let registered = site.as_ref().map_or(&organisation.name, |site| &site.name);
            let is_registered = |name: &str| is_own && name.eq_ignore_ascii_case(registered);
            let place_name = device.place_name.filter(|name| !is_registered(name.trim()));
            let place_name = place_name.map(|name| if is_own { name } else { format!("{name} ({named})").into() });
            Who::Device(Device { one_id_a_visit: system.one_id_a_visit, place_name, ..device })
        }
        who @ (Who::Person(_) | Who::System { .. }) => who,
    };
    // What a query says about the care may narrow: a system that vouches for its people may look either way.
    let rights = Rights { view: true, view_silently: true, ..Rights::default() };
    Ok(Caller { who, organisation, site, rights })
}
