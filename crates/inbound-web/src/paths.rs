//! The addresses of the pages, for templates and routes alike. No address ever holds anything personal.

/// Where everybody begins: to the search, or to sign-in.
pub const HOME: &str = "/";
/// Embedded files; a file's name follows.
pub const ASSETS: &str = "/assets/";
/// Sign-in: the list of issuers (GET), one chosen (POST `issuer`).
pub const SIGN_IN: &str = "/sign-in";
/// Break-glass accounts (GET, POST `name`, `password`, `code`).
pub const BREAK_GLASS: &str = "/sign-in/break-glass";
/// Role and place (GET, POST `role`, whose value stands for both).
pub const ROLE: &str = "/role";
/// Once a shift: reason and setting (GET, POST `reason`, `setting`).
pub const SHIFT: &str = "/shift";
/// Sign out (POST; with `everywhere=yes` out of all sessions).
pub const SIGN_OUT: &str = "/sign-out";
/// Where an issuer sends the browser back (GET).
pub const SIGN_IN_BACK: &str = "/sign-in/back";
/// Where an issuer says that sessions have ended (POST `logout_token`).
pub const BACK_CHANNEL: &str = "/sign-in/ended";
/// Where one is after signing out (GET).
pub const SIGNED_OUT: &str = "/signed-out";
/// Where an idle screen goes.
pub const SESSION_ENDED: &str = "/session-ended";
/// The search form (GET).
pub const FIND: &str = "/find";
/// Search by number (POST `number`).
pub const FIND_BY_NUMBER: &str = "/find/number";
/// Search by name (POST `family`, `day`, `month`, `year`, `sex`).
pub const FIND_BY_NAME: &str = "/find/name";
/// One of several found people is chosen (POST `person`).
pub const CONFIRM: &str = "/confirm";
/// The record is opened (POST `person`).
pub const OPEN: &str = "/open";
/// The form of a report (POST `person`, and perhaps `kind`).
pub const REPORT: &str = "/report";
/// A report is sent (POST `person`, `kind`, `authority`, `number`, `text`).
pub const REPORT_SEND: &str = "/report/send";
/// The sender's own reports (GET).
pub const REPORTS: &str = "/reports";
/// Own looks of the last days, and who read of them (GET `before`).
pub const LOOKS: &str = "/looks";
/// An authority's notices (GET); a notice's id follows.
pub const NOTICES: &str = "/notices";
/// Sending an authority's file, and where its files stand (GET, POST `file`).
pub const FILES: &str = "/files";
/// A spreadsheet with every column (GET).
pub const FILES_TEMPLATE: &str = "/files/template.csv";
/// The register of organisations (GET `kind`, `q`, `page`). A kind follows (POST: a record is made or changed), then `new`, or
/// a code, then perhaps `change`.
pub const REGISTER: &str = "/register";
/// Import of a file into the register (GET, POST `kind`, `file`, `reason`; then POST `confirm`).
pub const REGISTER_IMPORT: &str = "/register/import";
/// The machine API's description for people.
pub const API: &str = "/api";
/// Accessibility statement.
pub const ACCESSIBILITY: &str = "/accessibility";
/// Privacy.
pub const PRIVACY: &str = "/privacy";
/// Licences.
pub const LICENCE: &str = "/licence";
/// What the three answers mean.
pub const ANSWERS: &str = "/what-the-answers-mean";
