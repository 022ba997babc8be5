//! The structs of a stored acknowledgement's bytes. Numbers are for ever.

use super::wire::Contact;
use cpis_model::{codes, upload};
use minicbor::{Decode, Encode};

#[derive(Encode, Decode)]
pub struct Rejection<'a> {
    #[n(0)]
    pub position: u32,
    #[b(1)]
    pub code: &'a str,
    #[b(2)]
    pub detail: Option<&'a str>,
    #[b(3)]
    pub location: &'a str,
    #[b(4)]
    pub shape: Option<&'a str>,
    #[b(5)]
    pub advice: Option<&'a str>,
}

#[derive(Encode, Decode)]
pub struct FileFault<'a> {
    #[b(0)]
    pub place: &'a str,
    #[b(1)]
    pub text: &'a str,
}

#[derive(Encode, Decode)]
pub struct Returned<'a> {
    #[n(0)]
    pub position: u32,
    #[b(1)]
    #[cbor(with = "minicbor::bytes")]
    pub bytes: &'a [u8],
}

#[derive(Encode, Decode)]
pub struct Acknowledgement<'a> {
    #[n(0)]
    pub created: i64,
    #[n(1)]
    pub sequence: Option<u64>,
    #[n(2)]
    pub records: Option<u32>,
    #[b(3)]
    pub code: &'a str,
    #[b(4)]
    pub authority: &'a str,
    #[b(5)]
    pub authority_name: &'a str,
    #[b(6)]
    pub contact: Option<Contact<'a>>,
    #[n(7)]
    pub loaded: u32,
    #[n(8)]
    pub failed: u32,
    #[b(9)]
    pub rejections: Vec<Rejection<'a>>,
    #[b(10)]
    pub file_faults: Vec<FileFault<'a>>,
    #[b(11)]
    pub returned: Vec<Returned<'a>>,
}

impl<'a> From<&'a upload::Acknowledgement> for Acknowledgement<'a> {
    fn from(ack: &'a upload::Acknowledgement) -> Self {
        Self {
            created: ack.created.as_millisecond(),
            sequence: ack.sequence,
            records: ack.records,
            code: ack.code.code(),
            authority: ack.authority.0.as_str(),
            authority_name: &ack.authority_name,
            contact: ack.contact.as_ref().map(Contact::from),
            loaded: ack.loaded,
            failed: ack.failed,
            rejections: ack
                .rejections
                .iter()
                .map(|rejection| Rejection {
                    position: rejection.position,
                    code: rejection.code.code(),
                    detail: rejection.detail.map(codes::Detail::code),
                    location: &rejection.location,
                    shape: rejection.shape.as_deref(),
                    advice: rejection.advice.as_deref(),
                })
                .collect(),
            file_faults: ack.file_faults.iter().map(|(place, text)| FileFault { place, text }).collect(),
            returned: ack.returned.iter().map(|(position, bytes)| Returned { position: *position, bytes }).collect(),
        }
    }
}
