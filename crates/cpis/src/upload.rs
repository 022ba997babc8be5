//! `cpis upload`: sends an authority's file and says in words what became of it.

use crate::cli::{self, UploadFormat};
use crate::client::{Answer, Role, Target, send};
use crate::fault::{Fault, Kind, Result};
use crate::{progress, say};
use bytes::Bytes;
use cpis_model::upload::UPLOAD_BYTES_MAX;
use futures_util::stream;
use reqwest::{Body, StatusCode};
use serde_json::Value;
use std::fmt::Write;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// Bytes that are read and sent at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// Sends the file.
pub async fn run(arguments: &cli::Upload) -> Result<ExitCode> {
    let target = Target::new(&arguments.server, Role::Authority, Duration::from_secs(arguments.timeout))?;
    let format = arguments.format.unwrap_or_else(|| by_name(&arguments.file));
    let file = read(arguments)?;
    let answer = deliver(&target, file, format).await?;
    if arguments.json {
        say::line(&answer.body);
    } else {
        say::text(words(&answer));
    }
    Ok(if is_all_loaded(&answer) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What a file is by its name.
fn by_name(path: &Path) -> UploadFormat {
    let ending = path.extension().unwrap_or_default();
    if ["csv", "tsv"].iter().any(|table| ending.eq_ignore_ascii_case(table)) {
        UploadFormat::Csv
    } else {
        UploadFormat::Hl7v3
    }
}

fn content_type(format: UploadFormat) -> &'static str {
    match format {
        UploadFormat::Hl7v3 => "application/xml",
        UploadFormat::Csv => "text/csv",
    }
}

/// Reads the file with a bar.
fn read(arguments: &cli::Upload) -> Result<Bytes> {
    let shown = arguments.file.display();
    let fault = |what: String| Fault::new(Kind::Usage, format!("The file {shown} {what}"));
    let mut file = std::fs::File::open(&arguments.file).map_err(|error| fault(format!("cannot be read: {error}")))?;
    let size = file.metadata().map_err(|error| fault(format!("cannot be read: {error}")))?;
    if !size.is_file() {
        return Err(fault("is not a file".to_owned()));
    }
    if size.len() > UPLOAD_BYTES_MAX as u64 {
        return Err(fault(format!("is larger than {} MiB, the most that is taken", UPLOAD_BYTES_MAX / 1024 / 1024)));
    }
    let bar = progress::bar("reading", size.len(), progress::BYTES);
    let mut bytes = Vec::with_capacity(size.len() as usize);
    while bytes.len() <= UPLOAD_BYTES_MAX {
        let taken = file.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut bytes);
        if taken.map_err(|error| fault(format!("cannot be read: {error}")))? == 0 {
            break;
        }
        bar.set_position(bytes.len() as u64);
    }
    bar.finish_and_clear();
    Ok(bytes.into())
}

/// Sends the file with a bar, and waits for the answer.
pub async fn deliver(target: &Target, file: Bytes, format: UploadFormat) -> Result<Answer> {
    let size = file.len();
    let bar = progress::bar("sending", size as u64, progress::BYTES);
    let sent = bar.clone();
    let chunks = stream::unfold(file, move |mut rest| {
        let sent = sent.clone();
        async move {
            if rest.is_empty() {
                sent.set_message("sent, waiting for the answer");
                return None;
            }
            let chunk = rest.split_to(rest.len().min(CHUNK_BYTES));
            sent.inc(chunk.len() as u64);
            Some((Ok::<_, std::io::Error>(chunk), rest))
        }
    });
    let request = target
        .post("/authority/v1/uploads")
        .header("content-type", content_type(format))
        .header("content-length", size)
        .header("accept", "application/json")
        .body(Body::wrap_stream(chunks));
    let answer = send(request).await;
    bar.finish_and_clear();
    answer
}

fn is_all_loaded(answer: &Answer) -> bool {
    answer.status == StatusCode::OK && answer.body.get("code").and_then(Value::as_str) == Some("CPF02")
}

/// What became of the file, for people.
fn words(answer: &Answer) -> String {
    let body = &answer.body;
    let text =
        |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let count = |name: &str| body.get(name).and_then(Value::as_u64).unwrap_or(0);
    let mut out = String::new();
    let code = text(body, "/code");
    let authority = text(body, "/authority/name");
    let sequence = body.get("sequence").and_then(Value::as_u64).map(|n| format!(" {n}")).unwrap_or_default();
    let _ = match (answer.status.as_u16(), code.as_str()) {
        (202, _) => {
            let missing = body.get("missing").and_then(Value::as_u64);
            let missing = missing.map(|n| format!(" The first one that is missing: {n}.")).unwrap_or_default();
            writeln!(out, "WAITS: file{sequence}. {}{missing}", text(body, "/text"))
        }
        (_, "CPF02") => {
            writeln!(out, "TAKEN: file{sequence} of {authority}. All {} records took effect.", count("loaded"))
        }
        (_, "CPF03") => writeln!(
            out,
            "TAKEN IN PART: file{sequence} of {authority}. {} of {} records took effect, {} were rejected.",
            count("loaded"),
            count("records"),
            count("failed")
        ),
        (_, "CPF04") => writeln!(
            out,
            "NOTHING TAKEN: file{sequence} of {authority}. All {} records were rejected.",
            count("failed")
        ),
        (_, "CPF05") => writeln!(
            out,
            "WAITS: file{sequence} of {authority} is kept and tried again by itself: numbers cannot be verified at the moment."
        ),
        (_, "CPF01" | "CPF06") => writeln!(out, "REFUSED: file{sequence} cannot be taken. Nothing of it was stored."),
        _ => writeln!(out, "NOT SENT: the service refused it with {}", answer.words()),
    };
    let mend = text(body, "/mend");
    if !mend.is_empty() {
        let _ = writeln!(out, "{mend}");
    }
    for fault in body.get("faults").and_then(Value::as_array).into_iter().flatten() {
        let _ = writeln!(out, "  {}\n    at {}", text(fault, "/text"), text(fault, "/location"));
    }
    for row in body.get("rejections").and_then(Value::as_array).into_iter().flatten() {
        let warning = row.get("warning") == Some(&Value::Bool(true));
        let number = row.get("record").and_then(Value::as_u64).unwrap_or(0);
        let (code, display) = match row.get("detail") {
            Some(detail) => (format!("{} {}", text(row, "/code"), text(detail, "/code")), text(detail, "/display")),
            None => (text(row, "/code"), text(row, "/display")),
        };
        let kind = if warning { "warning" } else { "rejected" };
        let shape = text(row, "/shape");
        let what = if shape.is_empty() { display } else { format!("{display}: {shape}") };
        let _ = writeln!(out, "  record {number} {kind} ({code}): {what}\n    at {}", text(row, "/location"));
        let mend = text(row, "/mend");
        if !mend.is_empty() {
            let _ = writeln!(out, "    {mend}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(status: u16, body: &str, all_loaded: bool, expected: &Expect) {
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            body: serde_json::from_str(body).unwrap_or_default(),
        };
        assert_eq!(is_all_loaded(&answer), all_loaded);
        expected.assert_eq(&words(&answer));
    }

    #[test]
    fn each_end_of_a_file_has_its_words() {
        let head = r#""sequence": 3, "authority": {"code": "702", "name": "Camden"}, "#;
        check(
            200,
            &format!(
                r#"{{{head} "code": "CPF02", "mend": "", "records": 5, "loaded": 5, "failed": 0, "rejections": [], "faults": []}}"#
            ),
            true,
            &expect![[r"
                TAKEN: file 3 of Camden. All 5 records took effect.
            "]],
        );
        check(
            200,
            &format!(
                r#"{{{head} "code": "CPF03", "mend": "Correct the rejected records and send them in the next file.",
                "records": 5, "loaded": 3, "failed": 2, "faults": [], "rejections": [
                {{"record": 2, "code": "CPR07", "display": "Rejected", "detail": {{"code": "D03", "display": "End before start"}},
                  "warning": false, "location": "/File/record[2]", "mend": "Correct the dates."}},
                {{"record": 4, "code": "CPR01", "display": "No match", "warning": false, "location": "/File/record[4]", "mend": ""}}]}}"#
            ),
            false,
            &expect![[r"
                TAKEN IN PART: file 3 of Camden. 3 of 5 records took effect, 2 were rejected.
                Correct the rejected records and send them in the next file.
                  record 2 rejected (CPR07 D03): End before start
                    at /File/record[2]
                    Correct the dates.
                  record 4 rejected (CPR01): No match
                    at /File/record[4]
            "]],
        );
        check(
            400,
            r#"{"sequence": null, "code": "CPF01", "mend": "Correct the file and send it again.", "faults": [{"location": "line 1, column 2", "text": "the document is not well formed"}]}"#,
            false,
            &expect![[r"
                REFUSED: file cannot be taken. Nothing of it was stored.
                Correct the file and send it again.
                  the document is not well formed
                    at line 1, column 2
            "]],
        );
        check(
            202,
            r#"{"sequence": 9, "status": "waits-for-gap", "missing": 8, "text": "The file is kept."}"#,
            false,
            &expect![[r"
                WAITS: file 9. The file is kept. The first one that is missing: 8.
            "]],
        );
        check(
            415,
            r#"{"detail": "A file is sent as XML."}"#,
            false,
            &expect![[r"
                NOT SENT: the service refused it with 415: A file is sent as XML.
            "]],
        );
    }
}
