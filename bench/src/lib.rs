//! Load driver: what the disk and a bare route give on this machine in this minute, and what a service gives beside them.
//!
//! Only ratios of one run mean anything: machines are shared. Reading order: [`settings`], [`rounds`], [`load`], [`table`].
//! It leaves out TLS, HTTP/2 and open-loop arrival: a connection asks again when it is answered.

pub mod bare;
pub mod drive;
pub mod histogram;
pub mod load;
pub mod machine;
pub mod probe;
pub mod process;
pub mod request;
pub mod response;
pub mod rounds;
pub mod settings;
pub mod table;
