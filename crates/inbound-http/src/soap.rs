//! The national query over SOAP (spec/hl7v3.md 2.3, 3.4 and 8; spec/decisions.md section 1), on an address of its own with
//! mutual TLS: for hospitals' systems, which ask for people at them or without any.
//!
//! Every answer is one of four: a record, no record, an acknowledgement with the question's faults, a fault of SOAP. What we
//! cannot tell is a fault, never "no record".

use crate::body::{self, BodyFault};
use crate::door::Door;
use crate::failure::RETRY_AFTER_SECONDS;
use crate::media;
use crate::serve::PeerCertificate;
use axum::body::Body;
use axum::response::Response;
use cpis_app::AppError;
use cpis_app::accesses::flags_and_accesses;
use cpis_app::look::Question;
use cpis_format_hl7v3::soap::{
    Author, Exchange, FaultKind, Found, Head, Invalid, QUERY_BYTES_MAX, Query, QueryFault, Reason, decode_query,
    error_xml, fault_xml, found_xml, not_found_xml,
};
use cpis_identity::{NotVouched, Vouched, vouched};
use cpis_model::caller::{Device, Who};
use http::header::{CONTENT_ENCODING, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use std::sync::Arc;

/// Where the query is taken.
pub const SOAP_PATH: &str = "/syncservice";

/// Names under which SOAP 1.1 travels, and what clients send instead.
const NAMES: &[&str] = &["text/xml", "application/xml", "application/soap+xml"];
const CONTENT_TYPE: &str = "text/xml; charset=utf-8";

/// The service as others address it.
#[derive(Clone, Debug)]
pub struct Soap {
    /// Our ASID.
    pub asid: String,
    /// The address, with the path.
    pub address: String,
}

/// What an answer is, for counting.
#[derive(Clone, Copy)]
enum Told {
    Record,
    NoRecord,
    Invalid,
    Unreadable,
    Unsupported,
    Refused,
    CannotTell,
}

impl Told {
    fn word(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::NoRecord => "no-record",
            Self::Invalid => "invalid",
            Self::Unreadable => "unreadable",
            Self::Unsupported => "unsupported",
            Self::Refused => "refused",
            Self::CannotTell => "cannot-tell",
        }
    }
}

/// Answers a query.
pub async fn query(door: &Door, request: &Parts, body: Body) -> Response {
    let (told, response) = match answered(door, request, body).await {
        Ok(answer) => answer,
        Err(refused) => (refused.told, refused.response()),
    };
    metrics::counter!("cpis_soap_answers_total", "answer" => told.word()).increment(1);
    response
}

/// A fault of SOAP.
pub struct Fault {
    told: Told,
    kind: FaultKind,
    status: StatusCode,
    place: String,
    text: String,
    retry_after: Option<u32>,
}

impl Fault {
    fn new(told: Told, kind: FaultKind, place: &str, text: &str) -> Self {
        let (status, retry_after) = (StatusCode::INTERNAL_SERVER_ERROR, None);
        Self { told, kind, status, place: place.to_owned(), text: text.to_owned(), retry_after }
    }

    fn unreadable(status: StatusCode, text: &str) -> Self {
        Self { status, ..Self::new(Told::Unreadable, FaultKind::Unreadable, "HTTP", text) }
    }

    fn unsupported(place: &str) -> Self {
        let text = "The service/interaction is not supported for the requested URI";
        Self::new(Told::Unsupported, FaultKind::Unsupported, place, text)
    }

    fn refused() -> Self {
        Self::new(Told::Refused, FaultKind::Refused, "TLS client certificate", "Access is denied")
    }

    /// We cannot tell: never to be read as "no record".
    pub fn cannot_tell(retry_after: u32) -> Self {
        let text = "We could not check. This does not mean that no record is held. Try again";
        let fault = Self::new(Told::CannotTell, FaultKind::CannotTell, "service", text);
        Self { retry_after: Some(retry_after), ..fault }
    }

    /// The path is not there.
    pub fn not_found() -> Self {
        Self { status: StatusCode::NOT_FOUND, ..Self::unsupported("HTTP request path") }
    }

    /// Only POST is offered.
    pub fn not_offered() -> Self {
        Self { status: StatusCode::METHOD_NOT_ALLOWED, ..Self::unsupported("HTTP method") }
    }

    /// As it goes out. SOAP 1.1, section 6.2: a fault has status 500; only what HTTP itself refuses has its own.
    pub fn response(self) -> Response {
        let mut response = media::reply(self.status, CONTENT_TYPE, fault_xml(self.kind, &self.place, &self.text));
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

async fn answered(door: &Door, request: &Parts, body: Body) -> Result<(Told, Response), Fault> {
    let soap = door.soap.as_ref().ok_or_else(Fault::not_found)?;
    let Some(PeerCertificate(fingerprint)) = request.extensions.get::<PeerCertificate>().copied() else {
        door.strangers.refuse(door, "soap-without-certificate");
        return Err(Fault::refused());
    };
    let bytes = read(door, &request.headers, body).await?;
    let action = soap_action(&request.headers)?;
    let query = match decode_query(&bytes, action) {
        Ok(query) => query,
        Err(QueryFault::Unreadable { place, text, too_large, version }) => {
            let kind = if version { FaultKind::Version } else { FaultKind::Unreadable };
            let text = format!("The message cannot be read: {text}");
            let fault = Fault::new(Told::Unreadable, kind, &place, &text);
            let status = if too_large { StatusCode::PAYLOAD_TOO_LARGE } else { fault.status };
            return Err(Fault { status, ..fault });
        }
        Err(QueryFault::Unsupported { place }) => return Err(Fault::unsupported(place)),
        Err(QueryFault::Invalid { head, faults }) => {
            let reasons: Vec<Reason> = faults.iter().map(Reason::invalid).collect();
            return Ok(acknowledged(door, soap, &head, Told::Invalid, &reasons));
        }
    };
    look(door, soap, fingerprint, query).await
}

/// The body, within its limits.
async fn read(door: &Door, headers: &HeaderMap, body: Body) -> Result<bytes::Bytes, Fault> {
    let coded = headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
    if coded || !media::is_content(headers, NAMES) {
        let text = "The message must be text/xml in UTF-8, not compressed";
        return Err(Fault::unreadable(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
    }
    let time = door.http.limits.body_time();
    body::read(body, QUERY_BYTES_MAX, time).await.map_err(|fault| match fault {
        BodyFault::TooLarge => Fault::unreadable(StatusCode::PAYLOAD_TOO_LARGE, "The message is too large"),
        BodyFault::TooSlow => Fault::unreadable(StatusCode::REQUEST_TIMEOUT, "The message did not arrive in time"),
        BodyFault::Broken => Fault::unreadable(StatusCode::BAD_REQUEST, "The message did not arrive whole"),
    })
}

/// The one action that the header names.
fn soap_action(headers: &HeaderMap) -> Result<Option<&str>, Fault> {
    let unsupported = || Fault::unsupported("HTTP Header - SOAPAction");
    let mut values = headers.get_all("soapaction").iter();
    let Some(first) = values.next() else { return Ok(None) };
    if values.any(|other| other != first) {
        return Err(unsupported());
    }
    first.to_str().map(Some).map_err(|_| unsupported())
}

async fn look(door: &Door, soap: &Soap, fingerprint: [u8; 32], query: Query) -> Result<(Told, Response), Fault> {
    let Query { head, event, author, number, declared } = query;
    let service = &door.http.service;
    let place = author.place().code;
    let who = match author {
        Author::Person { staff, .. } => Who::Person(staff),
        Author::Device { asid, responsible, place } => Who::Device(Device {
            asid: asid.into(),
            event,
            one_id_a_visit: false,
            responsible,
            place_name: Some(place.name.into()),
        }),
    };
    let asked = Vouched { fingerprint, sender: &head.sender, who, place };
    let caller = vouched(&service.register.get(), asked).map_err(|fault: NotVouched| {
        door.strangers.refuse(door, fault.code());
        Fault::refused()
    })?;
    // Which system vouched for a person, and which of its messages it was.
    let trace = Some(format!("{} {:X}", head.sender, head.message));
    let question = Question { caller: Arc::new(caller), number, birth: None, declared, trace };
    match flags_and_accesses(service, question).await {
        Ok((flags, _)) if flags.plans.is_empty() => {
            Ok((Told::NoRecord, answer(not_found_xml(&exchange(door, soap, &head)))))
        }
        Ok((flags, accesses)) => {
            let accesses = accesses.map(|list| list.accesses).unwrap_or_default();
            let found = Found { id: door.fresh_id(), number, plans: &flags.plans, accesses: &accesses };
            Ok((Told::Record, answer(found_xml(&exchange(door, soap, &head), &found))))
        }
        Err(error) => failed(door, soap, &head, error),
    }
}

/// What a use case's failure is answered with.
fn failed(door: &Door, soap: &Soap, head: &Head, error: AppError) -> Result<(Told, Response), Fault> {
    match error {
        AppError::Unavailable { retry_after } => Err(Fault::cannot_tell(retry_after)),
        AppError::Damaged(place) => {
            tracing::error!(place, "a stored value cannot be read");
            Err(Fault::cannot_tell(RETRY_AFTER_SECONDS))
        }
        AppError::Refused(_) => Err(Fault::refused()),
        AppError::TestNumber => {
            let why = "numbers of the test range are refused here";
            let fault = Invalid { name: "INVALID_DATA", parameter: "NHS Number", why };
            Ok(acknowledged(door, soap, head, Told::Invalid, &[Reason::invalid(&fault)]))
        }
        // None of these is about a look without a date of birth.
        AppError::BirthMismatch | AppError::NotFound | AppError::Conflict => {
            Ok(acknowledged(door, soap, head, Told::CannotTell, &[Reason::UNEXPECTED]))
        }
        AppError::Internal(cause) => {
            tracing::error!(id = %door.fresh_id(), cause, "a request failed");
            Ok(acknowledged(door, soap, head, Told::CannotTell, &[Reason::UNEXPECTED]))
        }
    }
}

fn exchange<'a>(door: &Door, soap: &'a Soap, head: &'a Head) -> Exchange<'a> {
    let (message, made) = (door.fresh_id(), door.http.service.clock.now());
    Exchange { message, made, address: &soap.address, asid: &soap.asid, head }
}

fn acknowledged(door: &Door, soap: &Soap, head: &Head, told: Told, reasons: &[Reason]) -> (Told, Response) {
    (told, answer(error_xml(&exchange(door, soap, head), reasons)))
}

fn answer(xml: Vec<u8>) -> Response {
    media::reply(StatusCode::OK, CONTENT_TYPE, xml)
}
