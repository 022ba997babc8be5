//! `cpis query`: asks for one child and prints the answer for people, in three shapes that cannot be taken for each other.

use crate::cli;
use crate::client::{ANSWER_SECONDS, Answer, Role, Target, send};
use crate::fault::{Fault, Kind, OrFault, Result};
use crate::say;
use cpis_model::nhs_number::NhsNumber;
use reqwest::StatusCode;
use serde_json::Value;
use std::fmt::Write;
use std::io::{IsTerminal, Read};
use std::process::ExitCode;
use std::time::Duration;
use zeroize::Zeroizing;

/// Longest text that is read as a number.
const NUMBER_BYTES_MAX: u64 = 200;

/// Asks.
pub async fn run(arguments: &cli::Query) -> Result<ExitCode> {
    let role = if arguments.silent { Role::ScheduledClinician } else { Role::Clinician };
    let target = Target::new(&arguments.server, role, Duration::from_secs(ANSWER_SECONDS))?;
    let number = ask_number("NHS number: ")?;
    let mut request = target.search("CareTeam", number);
    if arguments.silent {
        request = request.header("IsUnscheduledAccessEvent", "false");
    }
    let answer = send(request).await;
    let (text, code) = match &answer {
        Ok(answer) => words(answer),
        Err(fault) => (cannot_tell(&fault.what), ExitCode::FAILURE),
    };
    say::text(text);
    Ok(code)
}

/// Reads a number from a prompt without echo, or from standard input where that is no terminal.
pub fn ask_number(prompt: &str) -> Result<NhsNumber> {
    let text = Zeroizing::new(if std::io::stdin().is_terminal() {
        rpassword::prompt_password(prompt).or_fault(Kind::Usage, "The number cannot be read from the terminal")?
    } else {
        let mut text = String::new();
        let read = std::io::stdin().lock().take(NUMBER_BYTES_MAX).read_to_string(&mut text);
        read.or_fault(Kind::Usage, "The number cannot be read from standard input")?;
        text
    });
    text.trim().parse().map_err(|error| Fault::new(Kind::Usage, format!("This is not an NHS number: {error}")))
}

fn words(answer: &Answer) -> (String, ExitCode) {
    let entries = answer.body.get("entry").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let bundle = answer.body.get("resourceType").and_then(Value::as_str) == Some("Bundle");
    let total = answer.body.get("total").and_then(Value::as_u64);
    match (answer.status, bundle, total) {
        (StatusCode::OK, true, Some(0)) if entries.is_empty() => (no_record(), ExitCode::SUCCESS),
        (StatusCode::OK, true, Some(total)) if total > 0 && total == entries.len() as u64 => {
            (record(entries), ExitCode::SUCCESS)
        }
        (StatusCode::OK, ..) => (cannot_tell("the answer cannot be read"), ExitCode::FAILURE),
        (StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, ..) => {
            (cannot_tell(&format!("the service refused the question with {}", answer.words())), ExitCode::FAILURE)
        }
        _ => (cannot_tell(&format!("the service answered {}", answer.words())), ExitCode::FAILURE),
    }
}

fn record(entries: &[Value]) -> String {
    let mut out = String::from(
        "################################################################\n\
         #  CHILD PROTECTION RECORD HELD\n\
         ################################################################\n",
    );
    for entry in entries {
        let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str);
        let plan = text("/resource/category/0/coding/0/display").unwrap_or("Plan of a kind that is not known here");
        let _ = writeln!(out, "#\n#  {plan}");
        let _ = writeln!(out, "#    Responsible authority:  {}", text("/resource/name").unwrap_or("not known"));
        let start = text("/resource/period/start").unwrap_or("not known");
        let ended = text("/resource/status") == Some("inactive");
        let end = match text("/resource/period/end") {
            Some(end) if ended => format!(", ended {end}"),
            Some(end) => format!(", until {end}"),
            None => String::new(),
        };
        let _ = writeln!(out, "#    From {start}{end}");
        for telecom in entry.pointer("/resource/telecom").and_then(Value::as_array).into_iter().flatten() {
            let value = telecom.get("value").and_then(Value::as_str).unwrap_or_default();
            let label = match telecom.get("use").and_then(Value::as_str) {
                Some("work") => "Office hours:           ",
                _ => "Emergency duty team:    ",
            };
            let _ = writeln!(out, "#    {label}{value}");
        }
    }
    out.push_str("#\n#  Follow your local safeguarding procedure.\n");
    out.push_str("################################################################\n");
    out
}

fn no_record() -> String {
    "No child protection record is held for this number.\n\
     \n\
     This does not mean that the child is not at risk, nor that no authority knows the child.\n\
     If you are worried about the child, follow your local safeguarding procedure.\n"
        .to_owned()
}

fn cannot_tell(why: &str) -> String {
    format!(
        "?  WE COULD NOT CHECK  ?\n\
         ?\n\
         ?  Nothing is known about whether a record is held: {why}.\n\
         ?  Try again. If it stays so, call the authority or your safeguarding lead.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(status: u16, body: &str, expected: &Expect) {
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            body: serde_json::from_str(body).unwrap_or_default(),
        };
        let (text, code) = words(&answer);
        expected.assert_eq(&text);
        assert_eq!(code == ExitCode::FAILURE, text.starts_with('?'));
    }

    #[test]
    fn a_record_shows_plan_authority_and_numbers() {
        check(
            200,
            r#"{"resourceType": "Bundle", "total": 1, "entry": [{"resource": {"status": "inactive",
                "category": [{"coding": [{"display": "Looked after child"}]}], "name": "Camden",
                "period": {"start": "2025-01-02", "end": "2026-01-02"},
                "telecom": [{"value": "01632960001", "use": "work"}, {"value": "01632960000", "use": "mobile"}]}}]}"#,
            &expect![[r"
                ################################################################
                #  CHILD PROTECTION RECORD HELD
                ################################################################
                #
                #  Looked after child
                #    Responsible authority:  Camden
                #    From 2025-01-02, ended 2026-01-02
                #    Office hours:           01632960001
                #    Emergency duty team:    01632960000
                #
                #  Follow your local safeguarding procedure.
                ################################################################
            "]],
        );
    }

    #[test]
    fn no_record_says_what_it_does_not_mean() {
        let (text, _) =
            words(&Answer { status: StatusCode::OK, body: serde_json::json!({"resourceType": "Bundle", "total": 0}) });
        assert!(text.starts_with("No child protection record") && text.contains("does not mean"));
    }

    #[test]
    fn everything_else_is_cannot_tell() {
        for (status, body) in [
            (503, r#"{"issue": [{"diagnostics": "try again"}]}"#),
            (500, ""),
            (200, ""),
            (200, r#"{"resourceType": "Bundle"}"#),
            (200, r#"{"resourceType": "Bundle", "total": 2, "entry": [{}]}"#),
            (200, r#"{"resourceType": "Bundle", "total": 0, "entry": [{}]}"#),
            (200, r#"{"resourceType": "OperationOutcome", "total": 0}"#),
            (403, r#"{"issue": [{"details": {"coding": [{"display": "no"}]}}]}"#),
            (404, ""),
            (302, ""),
        ] {
            let answer = Answer {
                status: StatusCode::from_u16(status).unwrap(),
                body: serde_json::from_str(body).unwrap_or_default(),
            };
            let (text, code) = words(&answer);
            assert!(text.starts_with("?  WE COULD NOT CHECK") && code == ExitCode::FAILURE, "{status} {body}");
        }
    }
}
