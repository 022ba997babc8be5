//! What the forms of all pages share: faults of fields, choices, dates in three boxes.

use std::borrow::Cow;

/// A fault of one field.
#[derive(Clone)]
pub struct Fault {
    /// The id of the field, which the list of faults links to.
    pub field: Cow<'static, str>,
    /// What is wrong and how to mend it. It never repeats what was entered.
    pub text: Cow<'static, str>,
}

/// The faults of a form, in the order of its fields.
#[derive(Clone, Default)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// Adds a fault.
    #[must_use]
    pub fn with(mut self, field: impl Into<Cow<'static, str>>, text: impl Into<Cow<'static, str>>) -> Self {
        self.0.push(Fault { field: field.into(), text: text.into() });
        self
    }

    /// Whether the form is without fault.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first fault of a field; empty where there is none.
    pub fn of(&self, field: &str) -> &str {
        self.0.iter().find(|fault| fault.field == field).map_or("", |fault| &fault.text)
    }
}

/// One of several answers.
#[derive(Clone)]
pub struct Choice {
    /// What the form sends.
    pub value: String,
    /// What people read.
    pub text: String,
    /// What it means; may be empty.
    pub hint: String,
}

impl Choice {
    /// A choice that explains itself.
    pub fn new(value: impl Into<String>, text: impl Into<String>) -> Self {
        Self { value: value.into(), text: text.into(), hint: String::new() }
    }

    /// Says what it means.
    #[must_use]
    pub fn meaning(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

/// A date as it was entered, in three boxes named `day`, `month` and `year` after a prefix.
#[derive(Clone, Default)]
pub struct EnteredDate {
    /// Day of the month.
    pub day: String,
    /// Month.
    pub month: String,
    /// Year.
    pub year: String,
}
