//! Messages as uploads of the service.

use crate::{Mode, decode, location, record_bytes};
use cpis_model::upload::{Reader, Rejection};

/// Messages as uploads, read leniently. They say themselves who sends them.
pub const READER: Reader = Reader {
    decode: |bytes, _| decode(bytes, Mode::Lenient),
    records: record_bytes,
    rejection: |position, subject, fault| {
        Rejection::coded(position, fault.code, fault.detail, location(position, subject, fault.field))
    },
};
