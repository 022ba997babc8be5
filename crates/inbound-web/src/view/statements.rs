//! Pages that are the same for everybody: accessibility, privacy, licence, and what the answers mean.

use crate::frame::Frame;
use askama::Template;

/// The accessibility statement.
#[derive(Template)]
#[template(path = "accessibility.html")]
pub struct Accessibility {
    /// The frame.
    pub page: Frame,
}

/// Privacy.
#[derive(Template)]
#[template(path = "privacy.html")]
pub struct Privacy {
    /// The frame.
    pub page: Frame,
}

/// Licences.
#[derive(Template)]
#[template(path = "licence.html")]
pub struct Licence {
    /// The frame.
    pub page: Frame,
    /// The program's version.
    pub version: &'static str,
}

/// What the three answers mean.
#[derive(Template)]
#[template(path = "answers_help.html")]
pub struct AnswersHelp {
    /// The frame.
    pub page: Frame,
}
