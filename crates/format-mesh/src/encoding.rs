//! How the bytes of a message travel, which is another thing than whether the content itself is compressed.

use crate::fault::MeshFault;
use crate::version::Version;

/// The encoding of a body as it travels, and in which it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContentEncoding {
    /// As it is.
    Identity,
    /// Compressed with gzip, each chunk on its own.
    Gzip,
}

impl ContentEncoding {
    /// What `Content-Encoding` says; nothing where it is absent or empty.
    pub fn parse(header: Option<&str>) -> Result<Option<Self>, MeshFault> {
        match header.map(|header| header.trim().to_ascii_lowercase()).as_deref() {
            None | Some("") => Ok(None),
            Some("identity") => Ok(Some(Self::Identity)),
            Some("gzip" | "x-gzip") => Ok(Some(Self::Gzip)),
            Some(_) => Err(MeshFault::UnsupportedEncoding),
        }
    }

    /// The value of `Content-Encoding`; none where the header is left out.
    pub fn header(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
        }
    }
}

/// What is done with stored bytes before they go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// They go out as they are stored, with the encoding in which they are.
    AsStored(ContentEncoding),
    /// They are compressed first, and go out with `gzip`.
    Compress,
    /// They are decompressed first, and go out without an encoding.
    Decompress,
}

impl Outgoing {
    /// What to do, by how the chunk is stored, what the client takes and the version that it asks for.
    pub fn of(stored: ContentEncoding, accept_encoding: Option<&str>, version: Version) -> Self {
        match (stored, accepts_gzip(accept_encoding), version) {
            (ContentEncoding::Identity, true, Version::V2) => Self::Compress,
            (ContentEncoding::Gzip, false, _) => Self::Decompress,
            (stored, ..) => Self::AsStored(stored),
        }
    }

    /// The encoding with which they go out.
    pub fn encoding(self) -> ContentEncoding {
        match self {
            Self::AsStored(encoding) => encoding,
            Self::Compress => ContentEncoding::Gzip,
            Self::Decompress => ContentEncoding::Identity,
        }
    }
}

/// Whether `Accept-Encoding` has gzip.
pub fn accepts_gzip(accept_encoding: Option<&str>) -> bool {
    let wanted = |name: &str| {
        accept_encoding.unwrap_or_default().split(',').find_map(|entry| {
            let (coding, rest) = entry.split_once(';').unwrap_or((entry, ""));
            coding.trim().eq_ignore_ascii_case(name).then(|| weight(rest) > 0.0)
        })
    };
    wanted("gzip").or_else(|| wanted("*")).unwrap_or(false)
}

/// The weight of an entry; one that cannot be read is no reason to refuse.
fn weight(parameters: &str) -> f32 {
    let mut weights = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
    let weight = weights.find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    weight.and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(1.0)
}
