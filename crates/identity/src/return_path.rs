//! Where a person goes after signing in: a page of ours, whatever the link that brought them said.

use reqwest::Url;
use reqwest::header::HeaderValue;
use std::fmt;
use std::str::FromStr;

/// Longest path with query in bytes.
pub const RETURN_PATH_BYTES_MAX: usize = 1024;

/// A path of ours, perhaps with a query. Nothing else parses, so no redirect to it leaves the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnPath(String);

/// The text leads elsewhere, or a browser might read it so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no path of ours")]
pub struct ReturnPathError;

impl ReturnPath {
    /// The first page.
    pub fn home() -> Self {
        Self("/".to_owned())
    }

    /// The path with its query.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ReturnPath {
    type Err = ReturnPathError;

    /// Only a path that the URL standard leaves as it is: `\`, dot segments, control characters and fragments fall out
    /// there. Empty segments and encoded separators fall out too, for the sake of whatever decodes them once more.
    fn from_str(text: &str) -> Result<Self, ReturnPathError> {
        let base = Url::parse("https://here.invalid/").map_err(|_| ReturnPathError)?;
        let url = base.join(text).map_err(|_| ReturnPathError)?;
        let path = url.path().to_ascii_lowercase();
        let is_canonical = text.starts_with('/') && url.as_str().strip_prefix("https://here.invalid") == Some(text);
        let is_plain = !path.contains("//") && !["%2f", "%5c", "%2e", "%00"].iter().any(|code| path.contains(code));
        let is_good = is_canonical && is_plain && url.fragment().is_none() && text.len() <= RETURN_PATH_BYTES_MAX;
        if is_good && HeaderValue::from_str(text).is_ok() { Ok(Self(text.to_owned())) } else { Err(ReturnPathError) }
    }
}

impl fmt::Display for ReturnPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_of_ours_is_a_return_path() {
        for good in
            ["/", "/notices", "/notices/12?page=2&order=newest", "/a-b_c~d/e", "/find?next=%2Fnotices", "/%c3%a9"]
        {
            assert_eq!(good.parse::<ReturnPath>().map(|path| path.to_string()), Ok(good.to_owned()));
        }
        let long = format!("/{}", "a".repeat(RETURN_PATH_BYTES_MAX));
        for bad in [
            "",
            " ",
            "notices",
            "?a=1",
            "#a",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "\\/evil.example",
            "https://evil.example/",
            "https:evil.example",
            "HTTPS://here.invalid/",
            "https://here.invalid/",
            "https://here.invalid.evil.example/",
            "//here.invalid/",
            "javascript:alert(1)",
            "data:text/html,x",
            "/%2f%2fevil.example",
            "/%2F/evil.example",
            "/%5cevil.example",
            "/a/%2e%2e//evil.example",
            "/a//evil.example",
            "/./notices",
            "/a/../b",
            "/.//evil.example",
            "/a/..//evil.example",
            "/notices#part",
            "/\tevil",
            "/\n/evil",
            "/\r\nLocation: https://evil.example",
            "\t//evil.example",
            " /notices",
            "/notices ",
            "/\u{0}",
            "/%00",
            "/\u{7f}",
            "/\u{a0}",
            "/é",
            "/\u{2028}",
            "/\u{ff0f}evil",
            "/@evil.example:80\\",
            "/a b",
            "/a\"b",
            "/a<b",
            "/?a=\"",
            "/?a='b",
            &long,
        ] {
            assert_eq!(bad.parse::<ReturnPath>(), Err(ReturnPathError), "{bad:?}");
        }
        assert_eq!(ReturnPath::home(), "/".parse().unwrap());
    }
}
