//! What each page does: one file for each part of the service.

mod answer;
mod files;
mod find;
mod looks;
mod notices;
mod register;
mod report;
mod sign_in;
mod statements;

use crate::door::{Answer, Visit};
use crate::routes::Action;

/// Does what a route is for.
pub(crate) async fn run(visit: &mut Visit<'_>, action: Action) -> Answer {
    match action {
        Action::Home => sign_in::home(visit),
        Action::Asset => statements::asset(visit),
        Action::SignInForm => sign_in::form(visit).await,
        Action::SignInGo => sign_in::go(visit).await,
        Action::Callback => sign_in::callback(visit).await,
        Action::BackChannel => sign_in::back_channel(visit).await,
        Action::BreakGlassForm => sign_in::break_glass_form(visit),
        Action::BreakGlass => sign_in::break_glass(visit).await,
        Action::RoleForm => sign_in::role_form(visit),
        Action::Role => sign_in::role(visit).await,
        Action::ShiftForm => sign_in::shift_form(visit),
        Action::Shift => sign_in::shift(visit).await,
        Action::SignOut => sign_in::sign_out(visit).await,
        Action::SignedOut => Ok(visit.message(crate::view::message::What::SignedOut)),
        Action::SessionEnded => Ok(sign_in::session_ended(visit)),
        Action::FindForm => find::form(visit),
        Action::FindByNumber => find::by_number(visit).await,
        Action::FindByName => find::by_name(visit).await,
        Action::Confirm => find::confirm(visit),
        Action::Open => answer::open(visit).await,
        Action::ReportForm => report::form(visit),
        Action::ReportSend => report::send(visit).await,
        Action::Reports => report::own(visit).await,
        Action::Looks => looks::own(visit).await,
        Action::Notices => notices::list(visit).await,
        Action::Notice => notices::one(visit).await,
        Action::Acknowledge => notices::acknowledge(visit).await,
        Action::FilesForm => files::form(visit).await,
        Action::SendFile => files::send(visit).await,
        Action::FilesTemplate => Ok(files::template()),
        Action::Register => register::list(visit).await,
        Action::ImportForm => register::import::form(visit),
        Action::Import => register::import::import(visit).await,
        Action::NewRecord => register::change::new(visit),
        Action::Record => register::one(visit).await,
        Action::ChangeRecord => register::change::change(visit),
        Action::SaveRecord => register::change::save(visit).await,
        Action::Api => statements::api(visit),
        Action::Accessibility => statements::accessibility(visit),
        Action::Privacy => statements::privacy(visit),
        Action::Licence => statements::licence(visit),
        Action::Answers => statements::answers(visit),
    }
}
