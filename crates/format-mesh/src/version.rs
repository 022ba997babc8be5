//! The two versions of MESH's answers, chosen by `Accept`.

use thiserror::Error;

/// Content type of version 1, and of some answers of both.
pub const JSON: &str = "application/json";
const VERSION_2: &str = "application/vnd.mesh.v2+json";

/// The version of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Plain JSON with names of old.
    V1,
    /// `application/vnd.mesh.v2+json`.
    V2,
}

/// `Accept` names a version of MESH that there is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("Accept names no version of MESH: write application/vnd.mesh.v1+json or application/vnd.mesh.v2+json")]
pub struct BadAccept;

impl Version {
    /// The version that a request asks for; the first one named where there are several.
    ///
    /// ```
    /// use cpis_format_mesh::Version;
    /// assert_eq!(Version::of_accept(None), Ok(Version::V1));
    /// assert_eq!(Version::of_accept(Some("application/vnd.mesh.v2+json")), Ok(Version::V2));
    /// assert!(Version::of_accept(Some("application/vnd.mesh+json")).is_err());
    /// ```
    pub fn of_accept(accept: Option<&str>) -> Result<Self, BadAccept> {
        let ranges = accept.unwrap_or_default().split([',', ';']).map(|range| range.trim().to_ascii_lowercase());
        let mut named = ranges.filter(|range| range.contains("vnd.mesh"));
        let Some(named) = named.next() else { return Ok(Self::V1) };
        let digits = named.strip_prefix("application/vnd.mesh.v").and_then(|rest| rest.strip_suffix("+json"));
        match digits {
            Some("1") => Ok(Self::V1),
            Some("2") => Ok(Self::V2),
            _ => Err(BadAccept),
        }
    }

    /// The content type of most answers; those of [`crate::answers::count`] and of look-ups are always [`JSON`].
    pub fn content_type(self) -> &'static str {
        match self {
            Self::V1 => JSON,
            Self::V2 => VERSION_2,
        }
    }

    /// What a client writes into `Accept`.
    pub fn accept(self) -> &'static str {
        self.content_type()
    }
}
