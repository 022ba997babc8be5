//! The codes of an upload's acknowledgement, from `data/upload_codes.csv`.

use std::sync::LazyLock;

static TABLE: LazyLock<Vec<[String; 3]>> = LazyLock::new(|| {
    crate::register::rows(include_str!("../data/upload_codes.csv"))
        .map(|row| [0, 1, 2].map(|column| row.get(column).unwrap_or_default().to_owned()))
        .collect()
});

fn look_up(code: &str, column: usize) -> &'static str {
    TABLE
        .iter()
        .find(|row| row.first().is_some_and(|own| own == code))
        .and_then(|row| row.get(column))
        .map_or("", String::as_str)
}

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $code:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// All codes in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as it travels.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The text that goes with it.
            pub fn display(self) -> &'static str {
                look_up(self.code(), 1)
            }

            /// What to do about it; empty where there is nothing to do.
            pub fn mend(self) -> &'static str {
                look_up(self.code(), 2)
            }

            /// The code of this text.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|own| own.code() == code)
            }
        }
    };
}

codes! {
    /// What became of a file (CP-ISUploadFileResponse, version 2.0).
    FileCode {
        /// Corrupt, malformed or not to be taken.
        FileFault = "CPF01",
        /// All records loaded.
        AllLoaded = "CPF02",
        /// Valid records loaded, others rejected.
        SomeLoaded = "CPF03",
        /// No record loaded.
        NoneLoaded = "CPF04",
        /// Demographics away: kept and tried again.
        DemographicsAway = "CPF05",
        /// The client is too old.
        ClientTooOld = "CPF06",
    }
}

codes! {
    /// What became of a record (CP-ISUploadRecordResponse, version 3.0).
    RecordCode {
        /// Demographics does not know the number.
        NoMatch = "CPR01",
        /// The person is restricted.
        Sensitive = "CPR02",
        /// Name or date of birth disagree.
        NotVerified = "CPR03",
        /// Old-style number.
        OldStyle = "CPR04",
        /// The number has been replaced.
        Superseded = "CPR05",
        /// Loaded.
        Loaded = "CPR06",
        /// Rejected for the reason in the detail code.
        Rejected = "CPR07",
    }
}

codes! {
    /// Why a record was rejected with CPR07, or warned of.
    Detail {
        /// Mandatory element missing.
        Missing = "D01",
        /// Bad date.
        BadDate = "D02",
        /// End before start.
        EndBeforeStart = "D03",
        /// Start in the future.
        FutureStart = "D04",
        /// Plan to remove not found.
        PlanNotFound = "D05",
        /// Open plan of the same kind.
        Overlap = "D06",
        /// Authority unknown or not allowed.
        NotAuthorised = "D07",
        /// Duplicate in the file.
        Duplicate = "D08",
        /// Unborn plan without due date.
        NoDueDate = "D10",
        /// Due date not plausible.
        ImplausibleDueDate = "D11",
        /// Telephone number missing or wrong.
        BadPhone = "D12",
        /// Number not valid.
        BadNumber = "D13",
        /// Person has died.
        Deceased = "D14",
        /// Ended long ago: a warning.
        LateEnd = "D15",
        /// Person is an adult.
        Adult = "D16",
        /// Kind of plan and kind of subject do not go together.
        WrongSubject = "D17",
        /// Value too long or not allowed.
        BadValue = "D18",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_row() {
        assert!(FileCode::ALL.iter().all(|code| !code.display().is_empty()));
        assert!(RecordCode::ALL.iter().all(|code| !code.display().is_empty()));
        assert!(Detail::ALL.iter().all(|code| !code.display().is_empty() && !code.mend().is_empty()));
        assert_eq!(FileCode::from_code("CPF03"), Some(FileCode::SomeLoaded));
        assert_eq!(RecordCode::Sensitive.display(), "PDS Error - NHS Number Matched, but Sensitive Record");
    }
}
