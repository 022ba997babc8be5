//! What every driver of load needs, beside the service: a clock that sends when something is due ([`pace`]), latencies in buckets
//! ([`histogram`]), figures in words ([`words`]), and the machine on which they were taken ([`machine`]).
//!
//! It leaves out what is asked and how: that is the driver's.

pub mod histogram;
pub mod machine;
pub mod pace;
pub mod words;
