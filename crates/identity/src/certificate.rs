//! From a client's certificate to a caller: the register says which system has it, and for whom the system asks.
//!
//! A system vouches for the people at it, so what a query says of its author is believed as far as the register allows: the
//! place must be one of the system's own, and a device must be one of its own numbers.

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
    /// Where they are: an organisation or one of its sites.
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
    /// The place is not one of the system's.
    #[error("the place is not one of the system's")]
    Place,
}

impl NotVouched {
    /// The word for refusals.
    pub fn code(self) -> &'static str {
        match self {
            Self::System => "soap-unknown-system",
            Self::Certificate => "soap-other-certificate",
            Self::Author => "soap-other-author",
            Self::Place => "soap-other-place",
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
    let site = place(chosen, system.organisation, &system.sites, register).map_err(|_| NotVouched::Place)?;
    let organisation = register
        .organisation(system.organisation)
        .unwrap_or_else(|| Organisation { code: system.organisation, name: system.organisation.as_str().into() });
    let who = match who {
        Who::Device(device) => {
            if !system.asids.iter().any(|own| own.as_str() == &*device.asid) {
                return Err(NotVouched::Author);
            }
            let registered = site.as_ref().map_or(&organisation.name, |site| &site.name);
            let is_registered = |name: &str| name.eq_ignore_ascii_case(registered);
            let place_name = device.place_name.filter(|name| !is_registered(name.trim()));
            Who::Device(Device { one_id_a_visit: system.one_id_a_visit, place_name, ..device })
        }
        who @ (Who::Person(_) | Who::System { .. }) => who,
    };
    // What a query says about the care may narrow: a system that vouches for its people may look either way.
    let rights = Rights { view: true, view_silently: true, ..Rights::default() };
    Ok(Caller { who, organisation, site, rights })
}
