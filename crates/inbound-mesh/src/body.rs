//! Bodies: read up to a limit, with room in memory set aside before the first byte.

use crate::admit::Refused;
use crate::{BODY_BYTES_MAX, Door};
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use cpis_format_mesh::MeshFault;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

/// Room set aside for a body that does not say how long it is, before more of it is read.
const STEP_BYTES: usize = 1024 * 1024;

/// A body with its room, which is given back with it.
pub struct Held {
    /// The bytes.
    pub bytes: Bytes,
    _room: Vec<OwnedSemaphorePermit>,
}

/// Whether a body says that it is larger than is taken.
pub fn is_too_large(headers: &HeaderMap) -> bool {
    declared(headers).is_some_and(|length| length > BODY_BYTES_MAX as u64)
}

fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// Room for a body as long as it says, or for its beginning. 429 where there is none in time.
pub async fn room(door: &Door, headers: &HeaderMap) -> Result<OwnedSemaphorePermit, Refused> {
    if is_too_large(headers) {
        return Err(MeshFault::TooLarge.into());
    }
    let bytes = declared(headers).map_or(STEP_BYTES, |length| usize::try_from(length).unwrap_or(BODY_BYTES_MAX));
    permit(door, bytes).await
}

async fn permit(door: &Door, bytes: usize) -> Result<OwnedSemaphorePermit, Refused> {
    let permits = u32::try_from(bytes.clamp(1, BODY_BYTES_MAX)).unwrap_or(u32::MAX);
    match timeout(door.limits.wait, door.room.clone().acquire_many_owned(permits)).await {
        Ok(Ok(permit)) => Ok(permit),
        _ => Err(MeshFault::TooManyRequests.into()),
    }
}

/// Reads a body. Its length is what comes, whatever it says.
pub async fn read(door: &Door, first: OwnedSemaphorePermit, mut body: Body) -> Result<Held, Refused> {
    let mut have = first.num_permits();
    let mut room = vec![first];
    let mut bytes = BytesMut::new();
    loop {
        let frame = match timeout(door.limits.idle, body.frame()).await {
            Ok(None) => break,
            Ok(Some(Ok(frame))) => frame,
            // The client is gone, or silent: nobody reads the answer.
            Ok(Some(Err(_))) | Err(_) => return Err(MeshFault::TimedOut.into()),
        };
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > BODY_BYTES_MAX {
            return Err(MeshFault::TooLarge.into());
        }
        while have < bytes.len() + data.len() {
            let more = permit(door, STEP_BYTES).await?;
            have += more.num_permits();
            room.push(more);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Held { bytes: bytes.freeze(), _room: room })
}
