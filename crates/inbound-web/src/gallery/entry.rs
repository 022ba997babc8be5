//! Sign-in, messages and statements.

use super::people::SCRIPT;
use super::{Hall, clinician, outside};
use crate::form::{Choice, Faults};
use crate::frame::{Brand, Frame, Section};
use crate::view::api::Api;
use crate::view::message::{Message, What};
use crate::view::sign_in::{BreakGlass, ChooseRole, OPENS_NOTHING, Shift, SignIn, reasons, settings};
use crate::view::statements::{Accessibility, AnswersHelp, Licence, Privacy};
use cpis_model::setting::Setting;

/// The machine API's description, as it is served.
const OPENAPI: &str = include_str!("../../../inbound-http/openapi.json");

pub fn show(hall: &mut Hall) -> Result<(), askama::Error> {
    sign_in(hall)?;
    messages(hall)?;
    hall.hang("accessibility", &Accessibility { page: outside() })?;
    hall.hang("privacy", &Privacy { page: outside() })?;
    hall.hang("licence", &Licence { page: outside(), version: "0.1.0" })?;
    hall.hang("answers-help", &AnswersHelp { page: clinician(Section::Elsewhere) })?;
    let bare = Frame { brand: Brand { name: "OpenCPIS".to_owned(), ..Brand::default() }.into(), ..outside() };
    hall.hang("privacy-bare-brand", &Privacy { page: bare.clone() })?;
    hall.hang("accessibility-bare-brand", &Accessibility { page: bare })?;
    let api = Api::new(outside(), OPENAPI).map_err(askama::Error::custom)?;
    hall.hang("api", &api)
}

fn sign_in(hall: &mut Hall) -> Result<(), askama::Error> {
    let issuers = || {
        vec![
            Choice::new("national", "Continue with NHS CIS2"),
            Choice::new("trust", "Continue with the trust's account"),
        ]
    };
    let page =
        SignIn { page: outside(), issuers: issuers(), to: String::new(), break_glass: true, faults: Faults::default() };
    hall.hang("sign-in", &page)?;
    let faults = Faults::default().with("issuer", "The sign-in was not completed. Try again");
    hall.hang(
        "sign-in-failed",
        &SignIn { page: outside(), issuers: issuers(), to: String::new(), break_glass: false, faults },
    )?;
    let none = SignIn {
        page: outside(),
        issuers: Vec::new(),
        to: String::new(),
        break_glass: true,
        faults: Faults::default(),
    };
    hall.hang("sign-in-no-issuer", &none)?;
    hall.hang("break-glass", &BreakGlass { page: outside(), name: String::new(), faults: Faults::default() })?;
    let faults = Faults::default()
        .with("name", "Name, password or code is wrong")
        .with("code", "Enter the code of 6 digits that is valid now");
    hall.hang("break-glass-failed", &BreakGlass { page: outside(), name: SCRIPT.to_owned(), faults })?;

    let roles = || {
        vec![
            Choice::new("1", "Emergency nurse").meaning("Ashbourne Royal, Emergency department (ZZA01)"),
            Choice::new("2", "Children's ward nurse").meaning("Ashbourne Royal, Children's ward (ZZA02)"),
            Choice::new("3", "Health visitor").meaning(format!("Vale Community Services {SCRIPT} (ZZV10)")),
        ]
    };
    let mut before_choice = clinician(Section::Elsewhere);
    before_choice.person = before_choice.person.map(|mut person| {
        person.sections.clear();
        person
    });
    let choose = |chosen: &str, faults| ChooseRole {
        page: before_choice.clone(),
        roles: roles(),
        chosen: chosen.to_owned(),
        faults,
    };
    hall.hang("role", &choose("1", Faults::default()))?;
    hall.hang("role-none", &choose("", Faults::default().with("role", "Choose the role that you work in now")))?;

    hall.hang("role-opens-nothing", &choose("1", Faults::default().with("role", OPENS_NOTHING)))?;

    let some: Vec<Setting> = ["U01", "U05", "S05"].iter().filter_map(|code| code.parse().ok()).collect();
    let shift = |reason: &str, setting: &str, faults| Shift {
        page: before_choice.clone(),
        reasons: reasons(),
        reason: reason.to_owned(),
        settings: settings(some.iter().copied(), true),
        setting: setting.to_owned(),
        faults,
    };
    hall.hang("shift", &shift("care", "U01", Faults::default()))?;
    let faults =
        Faults::default().with("reason", "Choose why you look people up").with("setting", "Choose where you see them");
    hall.hang("shift-none", &shift("", "", faults))
}

fn messages(hall: &mut Hall) -> Result<(), askama::Error> {
    let reference = "5c1f0e0a-9d53-4c7e-8b5a-2f6f0e9b7a11".to_owned();
    for (name, page, what) in [
        ("signed-out", outside(), What::SignedOut),
        ("session-ended", outside(), What::SessionEnded),
        ("not-allowed", clinician(Section::Elsewhere), What::NotAllowed),
        ("not-found", clinician(Section::Elsewhere), What::NotFound),
        ("failed", clinician(Section::Elsewhere), What::Failed { reference }),
        ("too-many", clinician(Section::Find), What::TooMany { minutes: 5 }),
        ("unavailable", outside(), What::Unavailable),
    ] {
        hall.hang(name, &Message { page, what })?;
    }
    Ok(())
}
