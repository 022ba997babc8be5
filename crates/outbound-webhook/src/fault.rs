//! What became of an attempt, by what the caller does next.

use crate::guard::NotResolved;
use std::time::Duration;

/// The longest time that an endpoint may ask us to wait.
pub const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);

/// Why a delivery was not made. No part of an address, header or body stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookFault {
    /// Send it again later.
    #[error("{why}")]
    Retry {
        /// Not before this time has passed, where the endpoint says so.
        after: Option<Duration>,
        /// What happened.
        why: Why,
    },
    /// The endpoint says that it is gone for good: send it nothing any more.
    #[error("the endpoint is gone")]
    Gone,
    /// Sending it again would end the same: somebody has to change the subscription or the settings.
    #[error("{0}")]
    GiveUp(Why),
}

/// What happened. `Display` is fit for the subscriber's eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// It took too long.
    #[error("the endpoint did not answer in time")]
    TooSlow,
    /// No connection, or none that can be trusted.
    #[error("no connection to the endpoint, or its certificate is not trusted")]
    NoConnection,
    /// The connection ended before there was an answer, or the answer is not HTTP.
    #[error("the endpoint's answer was cut off or is no HTTP")]
    CutOff,
    /// The host's name has no address.
    #[error("the host of the endpoint is not known")]
    NoAddress,
    /// Another status than it takes for success.
    #[error("the endpoint answered with status {0}")]
    Status(u16),
    /// The address is none, or has a name or a password in it.
    #[error("the endpoint is not an address to which something can be sent")]
    Address,
    /// Another scheme.
    #[error("the endpoint is not an https address")]
    NotHttps,
    /// Another port.
    #[error("the port of the endpoint is not allowed")]
    Port,
    /// The host lies in a network that may not be reached.
    #[error("the host of the endpoint is not on the open internet")]
    Inside,
    /// A header that cannot be one, or is not the subscriber's.
    #[error("a header of the subscription cannot be sent")]
    Header,
    /// The secret is too short to sign with.
    #[error("the secret of the subscription is too short")]
    Secret,
    /// The body is over the limit.
    #[error("the notification is too long")]
    TooLong,
}

/// Judges the status of an answer: `Ok` for a delivery that was taken.
pub(crate) fn judge(status: u16, retry_after: Option<Duration>) -> Result<(), WebhookFault> {
    let why = Why::Status(status);
    match status {
        200..=299 => Ok(()),
        410 => Err(WebhookFault::Gone),
        429 | 503 => Err(WebhookFault::Retry { after: retry_after.map(|pause| pause.min(RETRY_AFTER_MAX)), why }),
        // Their operator may mend a lost permission or route within the day; a request that is wrong stays wrong.
        401 | 403 | 404 | 408 | 409 | 421 | 423 | 425 | 500..=599 => Err(WebhookFault::Retry { after: None, why }),
        _ => Err(WebhookFault::GiveUp(why)),
    }
}

/// Judges an attempt that had no answer. The client's own words may hold the address and are not passed on.
pub(crate) fn unanswered(error: &reqwest::Error) -> WebhookFault {
    let retry = |why| WebhookFault::Retry { after: None, why };
    match NotResolved::of(error) {
        Some(NotResolved::Inside) => WebhookFault::GiveUp(Why::Inside),
        Some(NotResolved::Unknown) => retry(Why::NoAddress),
        None if error.is_timeout() => retry(Why::TooSlow),
        None if error.is_connect() => retry(Why::NoConnection),
        None => retry(Why::CutOff),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_says_what_to_do_next() {
        for status in 100..=999 {
            let judged = judge(status, Some(Duration::from_hours(30)));
            let why = Why::Status(status);
            let expected = match status {
                200..=299 => Ok(()),
                410 => Err(WebhookFault::Gone),
                429 | 503 => Err(WebhookFault::Retry { after: Some(Duration::from_hours(1)), why }),
                401 | 403 | 404 | 408 | 409 | 421 | 423 | 425 | 500..=599 => {
                    Err(WebhookFault::Retry { after: None, why })
                }
                _ => Err(WebhookFault::GiveUp(why)),
            };
            assert_eq!(judged, expected, "{status}");
        }
        assert_eq!(judge(503, None), Err(WebhookFault::Retry { after: None, why: Why::Status(503) }));
        let short = Some(Duration::from_secs(7));
        assert_eq!(judge(429, short), Err(WebhookFault::Retry { after: short, why: Why::Status(429) }));
    }
}
