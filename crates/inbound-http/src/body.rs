//! Reads the bodies of small requests, up to a limit and within a time.

use axum::body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::time::Duration;

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFault {
    /// Over the limit.
    TooLarge,
    /// It did not arrive in time.
    TooSlow,
    /// The connection broke, or the transfer coding is wrong.
    Broken,
}

/// The whole body.
pub async fn read(body: Body, bytes_max: usize, time: Duration) -> Result<bytes::Bytes, BodyFault> {
    match tokio::time::timeout(time, Limited::new(body, bytes_max).collect()).await {
        Err(_) => Err(BodyFault::TooSlow),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyFault::TooLarge),
        Ok(Err(_)) => Err(BodyFault::Broken),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
    }
}
