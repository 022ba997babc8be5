//! A table as an upload of the service.

use crate::{location, mend, read};
use cpis_model::upload::{Fault, Reader, Rejection};

/// Tables as uploads. Rejected rows do not go back: the sender has them, and knows their lines.
pub const READER: Reader = Reader {
    decode: |bytes, given| {
        read(bytes, &given.sender, &mut |_, _| {})?.into_decoded(given.sequence, given.created.clone())
    },
    records: |_, _| Vec::new(),
    rejection: |position, _, fault| rejection(position, fault),
};

fn rejection(position: u32, fault: Fault) -> Rejection {
    let advice = fault.detail.map(|detail| mend(detail).to_owned());
    Rejection { advice, ..Rejection::coded(position, fault.code, fault.detail, location(position, fault.field)) }
}
