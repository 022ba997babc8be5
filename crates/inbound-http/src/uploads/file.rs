//! Reads an uploaded file within its limits. Its bytes count against the memory for uploads until the last use of them ends.

use crate::door::Door;
use crate::problem::Problem;
use axum::body::Body;
use bytes::Bytes;
use cpis_model::upload::UPLOAD_BYTES_MAX;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

/// A file whose length is not announced takes memory in such steps (4 MiB).
const STEP_BYTES: usize = 4 * 1024 * 1024;

/// The bytes and the memory that they were granted.
struct Granted {
    bytes: Vec<u8>,
    permit: Option<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for Granted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The whole file.
pub async fn read(door: &Door, headers: &HeaderMap, mut body: Body) -> Result<Bytes, Problem> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > UPLOAD_BYTES_MAX) {
        return Err(too_large());
    }
    let mut file = Granted { bytes: Vec::new(), permit: None };
    grow(door, &mut file, announced.unwrap_or(0)).await?;
    loop {
        let frame = match timeout(door.http.limits.upload_idle_time(), body.frame()).await {
            Err(_) => return Err(Problem::timeout()),
            Ok(None) => break,
            Ok(Some(Err(_))) => {
                let words = "The file did not arrive whole.";
                return Err(Problem::new(StatusCode::BAD_REQUEST, "broken-off", words));
            }
            Ok(Some(Ok(frame))) => frame,
        };
        let Ok(data) = frame.into_data() else { continue };
        let length = file.bytes.len() + data.len();
        if length > UPLOAD_BYTES_MAX {
            return Err(too_large());
        }
        if length > file.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits) {
            let step = STEP_BYTES.max(data.len()).min(UPLOAD_BYTES_MAX - file.bytes.len());
            grow(door, &mut file, step).await?;
        }
        file.bytes.extend_from_slice(&data);
    }
    Ok(Bytes::from_owner(file))
}

/// Waits for room for so many more bytes.
async fn grow(door: &Door, file: &mut Granted, bytes: usize) -> Result<(), Problem> {
    let Some(permits) = u32::try_from(bytes).ok().filter(|&permits| permits > 0) else { return Ok(()) };
    let asked = door.http.upload_bytes.clone().acquire_many_owned(permits);
    let Ok(Ok(permit)) = timeout(door.http.limits.upload_wait_time(), asked).await else {
        tracing::warn!("an upload was refused: no room in memory");
        return Err(Problem::busy());
    };
    match &mut file.permit {
        Some(held) => held.merge(permit),
        none => *none = Some(permit),
    }
    file.bytes.reserve_exact(bytes);
    Ok(())
}

fn too_large() -> Problem {
    let words = "A file has at most 200 MiB.";
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", words).with("bytes_max", UPLOAD_BYTES_MAX)
}
