//! What browsers fetch beside the pages. Names hold a hash of the content, so that an answer may be kept for ever.

/// The header `Cache-Control` of an asset.
pub const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// A file that is embedded in the program.
#[derive(Clone, Copy)]
pub struct Asset {
    /// Its name below [`crate::paths::ASSETS`].
    pub name: &'static str,
    /// Its content.
    pub bytes: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// All files.
pub fn all() -> &'static [Asset] {
    ALL
}

/// The file of a name.
pub fn find(name: &str) -> Option<Asset> {
    ALL.iter().find(|asset| asset.name == name).copied()
}

/// The address of a file.
pub(crate) fn address(name: &str) -> String {
    [crate::paths::ASSETS, name].concat()
}

impl Asset {
    /// The header `Content-Type`.
    pub fn content_type(&self) -> &'static str {
        match self.name.rsplit('.').next() {
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => "application/octet-stream",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_has_a_hash_a_type_and_no_foreign_address() {
        assert_eq!(all().len(), 5);
        for asset in all() {
            let (stem, _) = asset.name.rsplit_once('.').unwrap();
            let (_, hash) = stem.rsplit_once('-').unwrap();
            assert!(hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{}", asset.name);
            assert_ne!(asset.content_type(), "application/octet-stream", "{}", asset.name);
            assert_eq!(find(asset.name).unwrap().bytes, asset.bytes);
            let text = std::str::from_utf8(asset.bytes).unwrap();
            for foreign in ["Frutiger", "url(http", "url(\"http", "url(//", "@import", "sourceMappingURL"] {
                assert!(!text.contains(foreign), "{} holds {foreign}", asset.name);
            }
        }
        assert!(find("cpis.css").is_none());
    }

    #[test]
    fn the_script_imports_the_library_by_the_name_that_is_served() {
        let script = std::str::from_utf8(find(SCRIPT).unwrap().bytes).unwrap();
        let mut scripts = all().iter().filter(|asset| asset.content_type().starts_with("text/javascript"));
        let library = scripts.find(|asset| asset.name.starts_with("nhsuk-frontend-"));
        let library = library.unwrap();
        assert!(script.contains(&format!("./{}", library.name)));
        assert!(library.bytes.len() > 10_000);
    }
}
