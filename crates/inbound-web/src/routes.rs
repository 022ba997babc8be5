//! What there is: one table from which the router is built, and which tests walk.

use crate::paths;

/// A page, or what a form of a page does.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// Method.
    pub method: &'static str,
    /// Path as a template.
    pub path: &'static str,
    /// Who may.
    pub who: Who,
    /// What it is, in a few words for the table of roles.
    pub what: &'static str,
    pub(crate) action: Action,
}

/// Who may. Everybody else is refused before anything of the request is looked at. The policy itself is
/// `cpis_model::caller::may`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Anybody.
    Anybody,
    /// Whoever signed in, also before they chose a role.
    SignedIn,
    /// A person who may view the flag, with or without telling the authority, and whose shift has begun.
    Reader,
    /// A person who acts for an authority.
    Authority,
    /// A person who edits the register of organisations.
    Operator,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Home,
    Asset,
    SignInForm,
    SignInGo,
    Callback,
    BackChannel,
    BreakGlassForm,
    BreakGlass,
    RoleForm,
    Role,
    ShiftForm,
    Shift,
    SignOut,
    SignedOut,
    SessionEnded,
    FindForm,
    FindByNumber,
    FindByName,
    Confirm,
    Open,
    ReportForm,
    ReportSend,
    Reports,
    Looks,
    Notices,
    Notice,
    Acknowledge,
    FilesForm,
    SendFile,
    FilesTemplate,
    Register,
    ImportForm,
    Import,
    NewRecord,
    Record,
    ChangeRecord,
    SaveRecord,
    Api,
    Accessibility,
    Privacy,
    Licence,
    Answers,
}

const fn route(method: &'static str, path: &'static str, who: Who, what: &'static str, action: Action) -> Route {
    Route { method, path, who, what, action }
}

/// All of them.
#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    route("GET",  paths::HOME,            Who::Anybody,   "begin",                          Action::Home),
    route("GET",  "/assets/{name}",       Who::Anybody,   "fetch a style sheet or icon",    Action::Asset),
    route("GET",  paths::SIGN_IN,         Who::Anybody,   "see where to sign in",           Action::SignInForm),
    route("POST", paths::SIGN_IN,         Who::Anybody,   "go to an issuer",                Action::SignInGo),
    route("GET",  paths::SIGN_IN_BACK,    Who::Anybody,   "come back from an issuer",       Action::Callback),
    route("POST", paths::BACK_CHANNEL,    Who::Anybody,   "an issuer ends sessions",        Action::BackChannel),
    route("GET",  paths::BREAK_GLASS,     Who::Anybody,   "see the emergency sign-in",      Action::BreakGlassForm),
    route("POST", paths::BREAK_GLASS,     Who::Anybody,   "sign in by an emergency account", Action::BreakGlass),
    route("GET",  paths::ROLE,            Who::SignedIn,  "see own roles",                  Action::RoleForm),
    route("POST", paths::ROLE,            Who::SignedIn,  "choose a role and place",        Action::Role),
    route("GET",  paths::SHIFT,           Who::SignedIn,  "see reasons and settings",       Action::ShiftForm),
    route("POST", paths::SHIFT,           Who::SignedIn,  "begin a shift",                  Action::Shift),
    route("POST", paths::SIGN_OUT,        Who::SignedIn,  "sign out",                       Action::SignOut),
    route("GET",  paths::SIGNED_OUT,      Who::Anybody,   "see that one is signed out",     Action::SignedOut),
    route("GET",  paths::SESSION_ENDED,   Who::Anybody,   "see that the session ended",     Action::SessionEnded),
    route("GET",  paths::FIND,            Who::Reader,    "see the search",                 Action::FindForm),
    route("POST", paths::FIND_BY_NUMBER,  Who::Reader,    "find a person by number",        Action::FindByNumber),
    route("POST", paths::FIND_BY_NAME,    Who::Reader,    "find a person by name",          Action::FindByName),
    route("POST", paths::CONFIRM,         Who::Reader,    "confirm a person",               Action::Confirm),
    route("POST", paths::OPEN,            Who::Reader,    "open a record",                  Action::Open),
    route("POST", paths::REPORT,          Who::Reader,    "see the form of a report",       Action::ReportForm),
    route("POST", paths::REPORT_SEND,     Who::Reader,    "send a report",                  Action::ReportSend),
    route("GET",  paths::REPORTS,         Who::Reader,    "see own reports",                Action::Reports),
    route("GET",  paths::LOOKS,           Who::Reader,    "see who read of own looks",      Action::Looks),
    route("GET",  paths::NOTICES,         Who::Authority, "see own notices",                Action::Notices),
    route("GET",  "/notices/{id}",        Who::Authority, "see one of own notices",         Action::Notice),
    route("POST", "/notices/{id}/acknowledgement",        Who::Authority, "acknowledge one of own notices", Action::Acknowledge),
    route("GET",  paths::FILES,           Who::Authority, "see where own files stand",      Action::FilesForm),
    route("POST", paths::FILES,           Who::Authority, "send a file",                    Action::SendFile),
    route("GET",  paths::FILES_TEMPLATE,  Who::Authority, "get an empty spreadsheet",       Action::FilesTemplate),
    route("GET",  paths::REGISTER,        Who::Operator,  "search the register of organisations", Action::Register),
    route("GET",  paths::REGISTER_IMPORT, Who::Operator,  "see the form for a file",        Action::ImportForm),
    route("POST", paths::REGISTER_IMPORT, Who::Operator,  "check and import a file",        Action::Import),
    route("GET",  "/register/{kind}/new", Who::Operator,  "see the form of a new record",   Action::NewRecord),
    route("GET",  "/register/{kind}/{code}",              Who::Operator,  "see a record and its history",  Action::Record),
    route("GET",  "/register/{kind}/{code}/change",       Who::Operator,  "see the form of a record",      Action::ChangeRecord),
    route("POST", "/register/{kind}",     Who::Operator,  "make or change a record",        Action::SaveRecord),
    route("GET",  paths::API,             Who::Anybody,   "read about the API",             Action::Api),
    route("GET",  paths::ACCESSIBILITY,   Who::Anybody,   "read about accessibility",       Action::Accessibility),
    route("GET",  paths::PRIVACY,         Who::Anybody,   "read about privacy",             Action::Privacy),
    route("GET",  paths::LICENCE,         Who::Anybody,   "read the licence",               Action::Licence),
    route("GET",  paths::ANSWERS,         Who::Anybody,   "read what the answers mean",     Action::Answers),
];
