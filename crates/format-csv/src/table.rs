//! What a file holds.

use crate::fault::CellFault;
use crate::note::Note;
use cpis_model::codes::Detail;
use cpis_model::organisation::{AuthorityCode, Contact};
use cpis_model::upload::{Decoded, FileFault, Header, Record};

/// A file that could be read.
#[derive(Clone, Debug)]
pub struct Table {
    /// The authority that sends it.
    pub authority: AuthorityCode,
    /// Its name.
    pub name: String,
    /// Its numbers; `None` where neither the file nor the register has an emergency number, and then it cannot be loaded.
    pub contact: Option<Contact>,
    /// Rows without a fault so far, one plan each, in file order. Their position is their line.
    pub records: Vec<Record>,
    /// Faults of the others, in file order.
    pub faults: Vec<CellFault>,
    /// What else is worth knowing.
    pub notes: Vec<Note>,
    /// How many rows there are, good and bad.
    pub count: u32,
}

impl Table {
    /// The table as an upload, with what the service adds: the number that it has given the file, and when it came.
    pub fn into_decoded(self, sequence: u64, created: String) -> Result<Decoded, FileFault> {
        let Some(contact) = self.contact else {
            let what = format!("{} (D12)", Detail::BadPhone.display());
            let faults = vec![("emergency_phone".to_owned(), what)];
            return Err(FileFault { faults, too_large: false, sequence: Some(sequence) });
        };
        let (authority, name, declared_records) = (self.authority, self.name, u64::from(self.count));
        Ok(Decoded {
            header: Header { created, sequence, declared_records, authority, name, contact },
            records: self.records,
            rejections: self.faults.iter().map(CellFault::rejection).collect(),
            count: self.count,
        })
    }
}
