//! Which workflows a list of an inbox is about.

use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Shortest and longest filter in characters.
pub const FILTER_CHARS: std::ops::RangeInclusive<usize> = 2..=255;

/// A filter by workflow id, in one of six forms.
///
/// | form | meaning |
/// |---|---|
/// | `W1`, `!W1` | equals, does not equal |
/// | `W*`, `!W*` | begins with, does not begin with |
/// | `*W*`, `!*W*` | contains, does not contain |
///
/// ```
/// use cpis_format_mesh::WorkflowFilter;
/// let filter: WorkflowFilter = "!CPIS_*".parse().unwrap();
/// assert!(filter.matches("OTHER") && !filter.matches("CPIS_UPLOAD"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowFilter {
    is_negated: bool,
    form: Form,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Equals,
    Begins,
    Contains,
}

/// A text is no filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a filter has 2 to 255 characters: W, W* or *W*, each also with ! before it")]
pub struct BadFilter;

impl WorkflowFilter {
    /// Whether a message with this workflow id is listed.
    pub fn matches(&self, workflow: &str) -> bool {
        let is_like = match self.form {
            Form::Equals => workflow == self.text,
            Form::Begins => workflow.starts_with(&self.text),
            Form::Contains => workflow.contains(&self.text),
        };
        is_like != self.is_negated
    }
}

impl FromStr for WorkflowFilter {
    type Err = BadFilter;

    fn from_str(filter: &str) -> Result<Self, BadFilter> {
        let (is_negated, rest) = filter.strip_prefix('!').map_or((false, filter), |rest| (true, rest));
        let (form, text) = match (rest.strip_suffix('*'), rest.strip_prefix('*')) {
            (Some(begin), None) => (Form::Begins, begin),
            (Some(_), Some(rest)) => (Form::Contains, rest.strip_suffix('*').ok_or(BadFilter)?),
            _ => (Form::Equals, rest),
        };
        let holds = FILTER_CHARS.contains(&filter.chars().count())
            && !text.is_empty()
            && !text.contains('*')
            && !text.contains(crate::header::is_control);
        if holds { Ok(Self { is_negated, form, text: text.to_owned() }) } else { Err(BadFilter) }
    }
}

impl fmt::Display for WorkflowFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = if self.is_negated { "!" } else { "" };
        match self.form {
            Form::Equals => write!(f, "{not}{}", self.text),
            Form::Begins => write!(f, "{not}{}*", self.text),
            Form::Contains => write!(f, "{not}*{}*", self.text),
        }
    }
}
