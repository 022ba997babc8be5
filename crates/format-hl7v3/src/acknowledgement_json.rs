//! An acknowledgement as JSON: the same facts as `FileResponse`, with what to do about each, for people and scripts.

use cpis_model::upload::{Acknowledgement, Rejection};
use serde::Serialize;

#[derive(Serialize)]
struct Response<'a> {
    sequence: Option<u64>,
    code: &'a str,
    display: &'a str,
    mend: &'a str,
    records: Option<u32>,
    loaded: u32,
    failed: u32,
    created: String,
    authority: Authority<'a>,
    rejections: Vec<Row<'a>>,
    faults: Vec<Fault<'a>>,
}

#[derive(Serialize)]
struct Authority<'a> {
    code: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct Row<'a> {
    record: u32,
    code: &'a str,
    display: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Code<'a>>,
    warning: bool,
    location: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    shape: Option<&'a str>,
    mend: &'a str,
}

#[derive(Serialize)]
struct Code<'a> {
    code: &'a str,
    display: &'a str,
}

#[derive(Serialize)]
struct Fault<'a> {
    location: &'a str,
    text: &'a str,
}

/// The acknowledgement as JSON. `mend` says what to do, and is empty where there is nothing to do; `shape` what stands at the
/// place, where the format of the file tells it. The rejected records themselves are not in it.
pub fn acknowledgement_json(acknowledgement: &Acknowledgement) -> Vec<u8> {
    let ack = acknowledgement;
    let code = ack.authority.0;
    let response = Response {
        sequence: ack.sequence,
        code: ack.code.code(),
        display: ack.code.display(),
        mend: ack.code.mend(),
        records: ack.records,
        loaded: ack.loaded,
        failed: ack.failed,
        created: ack.created.to_string(),
        authority: Authority { code: code.as_str(), name: &ack.authority_name },
        rejections: ack.rejections.iter().map(row).collect(),
        faults: ack.file_faults.iter().map(|(location, text)| Fault { location, text }).collect(),
    };
    // Numbers, texts and lists only: serde_json has nothing here that it could refuse.
    serde_json::to_vec(&response).unwrap_or_default()
}

fn row(rejection: &Rejection) -> Row<'_> {
    Row {
        record: rejection.position,
        code: rejection.code.code(),
        display: rejection.code.display(),
        detail: rejection.detail.map(|detail| Code { code: detail.code(), display: detail.display() }),
        warning: rejection.is_warning(),
        location: &rejection.location,
        shape: rejection.shape.as_deref(),
        mend: rejection.mend(),
    }
}
