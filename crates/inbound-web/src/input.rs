//! What a request brings: the fields of a form or of the address, and the parts of its path.

use crate::door::Stop;
use crate::view::message::What;
use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use http_body_util::{BodyExt, Limited};
use std::collections::HashMap;

/// Longest form in bytes.
const FORM_BYTES_MAX: usize = 128 * 1024;
/// Longest form with a file in bytes.
const FILE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most fields of a form. The largest is that of an authority with all the contacts that it may have.
const FIELDS_MAX: usize = 3_000;

/// The fields of a request. A field that stands twice counts once, by its first value.
#[derive(Default)]
pub(crate) struct Input {
    fields: HashMap<String, String>,
    /// A file that came with the form.
    pub body: Vec<u8>,
    /// The address's query as it came.
    pub query: String,
}

impl Input {
    /// A field; empty where there is none.
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// More fields than a form has are refused: to leave some out would change what the others say.
    fn put(&mut self, name: String, value: String) -> Result<(), Stop> {
        if self.fields.len() >= FIELDS_MAX {
            return Err(Stop::Say(What::NotAllowed));
        }
        self.fields.entry(name).or_insert(value);
        Ok(())
    }
}

/// The parts of the path that its template names.
pub(crate) async fn places(parts: &mut Parts) -> HashMap<String, String> {
    let Ok(params) = RawPathParams::from_request_parts(parts, &()).await else { return HashMap::new() };
    params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Reads the fields of the address, or of the form; with `files` a form may carry a file.
pub(crate) async fn read(
    headers: &HeaderMap,
    uri: &Uri,
    body: Body,
    is_form: bool,
    files: bool,
) -> Result<Input, Stop> {
    let mut input = Input { query: uri.query().unwrap_or_default().to_owned(), ..Input::default() };
    if !is_form {
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            input.put(name.into_owned(), value.into_owned())?;
        }
        return Ok(input);
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_file = files && kind.starts_with("multipart/form-data");
    let limit = if is_file { FILE_BYTES_MAX } else { FORM_BYTES_MAX };
    let bytes = Limited::new(body, limit).collect().await.map_err(|_| Stop::Say(What::NotAllowed))?.to_bytes();
    if is_file {
        let boundary = multer::parse_boundary(kind).map_err(|_| Stop::Say(What::NotAllowed))?;
        let stream = futures_util::stream::once(async move { Ok::<_, std::io::Error>(bytes) });
        let mut parts = multer::Multipart::new(stream, boundary);
        while let Ok(Some(part)) = parts.next_field().await {
            let name = part.name().unwrap_or_default().to_owned();
            match part.bytes().await {
                Ok(bytes) if name == "file" => input.body = bytes.to_vec(),
                // A checked file comes back sealed in a field of its own.
                Ok(bytes) if name == "confirm" || bytes.len() <= FORM_BYTES_MAX => {
                    input.put(name, String::from_utf8_lossy(&bytes).into_owned())?;
                }
                Ok(_) | Err(_) => return Err(Stop::Say(What::NotAllowed)),
            }
        }
    } else {
        for (name, value) in form_urlencoded::parse(&bytes) {
            input.put(name.into_owned(), value.into_owned())?;
        }
    }
    Ok(input)
}
