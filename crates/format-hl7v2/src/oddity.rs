//! What was read although it is not as it should be, with its place: for those who connect a feed.

use std::fmt;

/// Where in a message: segment, which of that name, field.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    segment: [u8; 3],
    occurrence: u16,
    field: u16,
}

impl Place {
    /// A field of the first segment of a name; field 0 is the segment itself.
    pub fn new(segment: &str, field: u16) -> Self {
        Self::nth(segment, 1, field)
    }

    /// A field of a segment that stands more than once, counted from 1.
    pub fn nth(segment: &str, occurrence: u16, field: u16) -> Self {
        let mut name = [b' '; 3];
        for (letter, own) in name.iter_mut().zip(segment.bytes()) {
            *letter = if own.is_ascii_alphanumeric() { own.to_ascii_uppercase() } else { b'?' };
        }
        Self { segment: name, occurrence, field }
    }

    /// The segment's name.
    pub fn segment(&self) -> &str {
        std::str::from_utf8(&self.segment).unwrap_or_default()
    }

    /// Which of the segments with this name, from 1.
    pub fn occurrence(&self) -> u16 {
        self.occurrence
    }

    /// The field; 0 for the segment itself.
    pub fn field(&self) -> u16 {
        self.field
    }
}

/// As people write it: `PID-3`, `PV1 (2)-19`, `EVN`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.segment())?;
        if self.occurrence > 1 {
            write!(f, " ({})", self.occurrence)?;
        }
        if self.field > 0 {
            write!(f, "-{}", self.field)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Something odd, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oddity {
    /// Where.
    pub place: Place,
    /// What.
    pub kind: OddityKind,
}

macro_rules! kinds {
    ($($(#[$meta:meta])* $name:ident = $code:literal: $text:literal,)+) => {
        /// What is odd. None of them says anything of the person.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum OddityKind { $(#[doc = $text] $name,)+ }

        impl OddityKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// A short word for tables and counters.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// What it is, in words.
            pub fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

kinds! {
    ByteOrderMark = "byte-order-mark": "A byte order mark stands before the message.",
    BlankBefore = "blank-before": "Blank lines or spaces stand before the message.",
    LineFeeds = "line-feeds": "Segments end with a line feed.",
    LowerCase = "lower-case": "The segment's name is written in lower case.",
    LineBreak = "line-break": "A line break stands within a field.",
    DelimitersDoubled = "delimiters-doubled": "The signs of MSH-2 are escaped once more than they should be.",
    DelimitersFew = "delimiters-few": "MSH-2 has fewer than four signs.",
    Charset = "charset": "The message is not in the character set that it names.",
    CharsetUnknown = "charset-unknown": "The character set that is named is not known.",
    ControlCharacter = "control-character": "A control character stands within a field.",
    HeaderTwice = "header-twice": "The header stands twice.",
    Structure = "structure": "The message structure is not the one of the event.",
    EventDiffers = "event-differs": "The event of EVN is not the one of the header.",
    EventFromEvn = "event-from-evn": "The header has no event; it was taken from EVN.",
    Version = "version": "The version is missing.",
    ProcessingId = "processing-id": "The processing id is missing.",
    ControlIdLong = "control-id-long": "The control id is longer than 20 characters.",
    SegmentMissing = "segment-missing": "The segment is missing.",
    SegmentTwice = "segment-twice": "The segment stands more than once; one of them was used.",
    TimeForm = "time-form": "The time is not in the form of HL7 and was read all the same.",
    TimeUnreadable = "time-unreadable": "The time cannot be read.",
    TimeTwice = "time-twice": "The time happens twice on this night, because the clocks go back.",
    TimeNever = "time-never": "The time does not happen on this night, because the clocks go forward.",
    BirthMissing = "birth-missing": "There is no date of birth.",
    BirthPartial = "birth-partial": "The date of birth is not a whole date.",
    BirthFuture = "birth-future": "The date of birth is after the message.",
    BirthEstimated = "birth-estimated": "The date of birth is marked as estimated or unknown.",
    NameMissing = "name-missing": "There is no name.",
    SexUnknown = "sex-unknown": "The code for sex is not known.",
    LocalMissing = "local-missing": "There is no local identifier.",
    NumberLabel = "number-label": "The NHS number is labelled in another way than `NHS` and `NH`.",
    NumberPlace = "number-place": "The NHS number stands in another field than PID-3.",
    NumberUnlabelled = "number-unlabelled": "A number stands here that could be an NHS number and is not labelled as one.",
    NumberInvalid = "number-invalid": "A number is labelled as an NHS number and is none.",
    NumberForeign = "number-foreign": "A number of Scotland or Northern Ireland is given.",
    NumberConflict = "number-conflict": "Two different NHS numbers are given.",
    NumberExpired = "number-expired": "An NHS number is given that is not in use any more.",
    NumberSpaced = "number-spaced": "The NHS number is written with spaces or hyphens.",
    StatusPlace = "status-place": "The status of the NHS number stands in another place than PID-32.",
    StatusConflict = "status-conflict": "Two different statuses of the NHS number are given.",
    ClassUnknown = "class-unknown": "The patient class is not in the profile.",
    ClassMissing = "class-missing": "There is no patient class.",
    LocationUnknown = "location-unknown": "The location is not in the profile.",
    LocationMissing = "location-missing": "There is no location.",
    MethodUnknown = "method-unknown": "The admission method is not in the profile.",
    VisitNumberMissing = "visit-number-missing": "There is no visit number.",
    StartMissing = "start-missing": "There is no start of the visit.",
    MergeMissing = "merge-missing": "The event needs MRG, and there is none.",
    MergedIntoSelf = "merged-into-self": "A person is merged into themselves.",
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.kind.text())
    }
}
