//! Signing in: which issuer, the emergency account, role and place, reason and setting.

use crate::form::{Choice, Faults};
use crate::frame::Frame;
use askama::Template;

/// The list of issuers.
#[derive(Template)]
#[template(path = "sign_in.html")]
pub struct SignIn {
    /// The frame; nobody is signed in.
    pub page: Frame,
    /// One button each, in the order of the configuration.
    pub issuers: Vec<Choice>,
    /// Where one goes afterwards.
    pub to: String,
    /// Whether there are emergency accounts.
    pub break_glass: bool,
    /// Why the last attempt failed; its field is `issuer`.
    pub faults: Faults,
}

/// Name, password and code of an emergency account.
#[derive(Template)]
#[template(path = "break_glass.html")]
pub struct BreakGlass {
    /// The frame; nobody is signed in.
    pub page: Frame,
    /// The account's name as entered. Password and code are never shown again.
    pub name: String,
    /// Fields: `name`, `password`, `code`.
    pub faults: Faults,
}

/// Which of several roles, and where.
#[derive(Template)]
#[template(path = "choose_role.html")]
pub struct ChooseRole {
    /// The frame.
    pub page: Frame,
    /// One choice for each role at each place.
    pub roles: Vec<Choice>,
    /// The value of the role that is in force.
    pub chosen: String,
    /// Field: `role`.
    pub faults: Faults,
}

/// What somebody reads whose role has none of this service's activities.
pub const OPENS_NOTHING: &str = "The role that you chose opens no page of this service. Choose another one, or ask whoever gives out \
    smartcards at your organisation to add the activity";

/// Reason and setting, once a shift.
#[derive(Template)]
#[template(path = "shift.html")]
pub struct Shift {
    /// The frame.
    pub page: Frame,
    /// Why records are opened; [`reasons`] are ours.
    pub reasons: Vec<Choice>,
    /// The chosen reason's value.
    pub reason: String,
    /// The settings that the person may choose among; [`settings`] says what each means.
    pub settings: Vec<Choice>,
    /// The chosen setting's value.
    pub setting: String,
    /// Fields: `reason`, `setting`.
    pub faults: Faults,
}

/// The reasons that are offered, with what each means. No national list was found; these are ours.
pub fn reasons() -> Vec<Choice> {
    vec![
        Choice::new("care", "I look after them").meaning("You see, treat or triage them, or they are expected today."),
        Choice::new("safeguarding", "I advise on safeguarding")
            .meaning("A colleague asked you, or you review the people who were seen."),
        Choice::new("follow-up", "I follow up a visit")
            .meaning("They left, were not brought, or their record has to be completed."),
    ]
}

/// Settings as choices that say whether the authority is told.
pub fn settings(settings: impl IntoIterator<Item = cpis_model::setting::Setting>, tells: bool) -> Vec<Choice> {
    let meaning =
        if tells { "Opening a record tells the authority." } else { "Opening a record does not tell the authority." };
    settings.into_iter().map(|setting| Choice::new(setting.code(), setting.name()).meaning(meaning)).collect()
}
