//! `cpis query`: asks for one child and prints the answer for people, in three shapes that cannot be taken for each other.

use crate::cli;
use crate::client::{ANSWER_SECONDS, Role, Target};
use crate::fault::{Fault, Kind, OrFault, Result};
use crate::say;
use cpis_client::{Answer, Declared, FhirQuestion, Record};
use cpis_model::nhs_number::NhsNumber;
use cpis_model::plan::PlanKind;
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
    let client = target.clinician()?;
    let number = ask_number("NHS number: ")?;
    let declared = if arguments.silent { Declared::Scheduled } else { Declared::Nothing };
    let (text, code) = words(&client.ask(&FhirQuestion { number, birth: None, declared }).await);
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
    match answer {
        Answer::Record(found) => (record(found), ExitCode::SUCCESS),
        Answer::NoRecord => (no_record(), ExitCode::SUCCESS),
        Answer::CannotTell(why) => (cannot_tell(&why.to_string()), ExitCode::FAILURE),
    }
}

fn record(found: &Record) -> String {
    let mut out = String::from(
        "################################################################\n\
         #  CHILD PROTECTION RECORD HELD\n\
         ################################################################\n",
    );
    for plan in &found.plans {
        let kind = plan.kind.map_or("Plan of a kind that is not known here", PlanKind::name);
        let _ = writeln!(out, "#\n#  {kind}");
        let name = if plan.authority_name.is_empty() { "not known" } else { &plan.authority_name };
        let _ = writeln!(out, "#    Responsible authority:  {name}");
        let start = plan.start.map_or("not known".to_owned(), |start| start.to_string());
        let end = match plan.end {
            Some(end) if plan.ended => format!(", ended {end}"),
            Some(end) => format!(", until {end}"),
            None => String::new(),
        };
        let _ = writeln!(out, "#    From {start}{end}");
        let contacts = found.contacts.iter().filter(|contact| contact.name == plan.authority_name);
        for contact in contacts {
            for (label, phone) in
                [("Office hours:           ", &contact.office), ("Emergency duty team:    ", &contact.emergency)]
            {
                if let Some(phone) = phone {
                    let _ = writeln!(out, "#    {label}{}", phone.as_str());
                }
            }
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
    use cpis_client::{AuthorityContact, Plan, Why};
    use expect_test::expect;

    fn plan(kind: Option<PlanKind>, end: Option<&str>) -> Plan {
        Plan {
            kind,
            start: Some("2025-01-02".parse().unwrap()),
            end: end.map(|end| end.parse().unwrap()),
            ended: end.is_some(),
            authority: String::new(),
            authority_name: "Camden".to_owned(),
        }
    }

    #[test]
    fn a_record_shows_plan_authority_and_numbers() {
        let contact = AuthorityContact {
            authority: String::new(),
            name: "Camden".to_owned(),
            emergency: Some("01632960000".parse().unwrap()),
            office: Some("01632960001".parse().unwrap()),
        };
        let plans = vec![plan(Some(PlanKind::LookedAfter), Some("2026-01-02")), plan(None, None)];
        let record = Record { child: None, plans, contacts: vec![contact], accesses: Vec::new() };
        let (text, code) = words(&Answer::Record(Box::new(record)));
        assert_eq!(code, ExitCode::SUCCESS);
        expect![[r"
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
            #  Plan of a kind that is not known here
            #    Responsible authority:  Camden
            #    From 2025-01-02
            #    Office hours:           01632960001
            #    Emergency duty team:    01632960000
            #
            #  Follow your local safeguarding procedure.
            ################################################################
        "]]
        .assert_eq(&text);
    }

    #[test]
    fn no_record_says_what_it_does_not_mean() {
        let (text, _) = words(&Answer::NoRecord);
        assert!(text.starts_with("No child protection record") && text.contains("does not mean"));
    }

    #[test]
    fn everything_else_is_cannot_tell() {
        let away = Why::Away { what: "there is no connection to the service".to_owned(), retry_after: None };
        for why in [away, Why::DetailsDiffer, Why::Unreadable { what: "it is no Bundle".to_owned() }] {
            let (text, code) = words(&Answer::CannotTell(why.clone()));
            assert!(text.starts_with("?  WE COULD NOT CHECK") && code == ExitCode::FAILURE, "{why:?}");
            assert!(text.contains(&why.to_string()));
        }
    }
}
