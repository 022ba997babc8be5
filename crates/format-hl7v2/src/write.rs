//! Writes ER7: every text is escaped, empty fields at the end are left out, a segment ends with CR.

use crate::delimiters::Delimiters;
use crate::escape::escape;
use cpis_model::Timestamp;
use cpis_model::time::london_time;

/// A moment as `YYYYMMDDHHMMSS` in Europe/London.
pub(crate) fn stamp(at: Timestamp) -> String {
    london_time(at).strftime("%Y%m%d%H%M%S").to_string()
}

/// A message under construction. Fields of a segment are given in ascending order.
pub(crate) struct Writer {
    delimiters: Delimiters,
    text: String,
    /// The field after which the text ends; MSH begins with 1, which is the separator.
    field: usize,
}

impl Writer {
    pub(crate) fn new(delimiters: Delimiters) -> Self {
        Self { delimiters, text: String::new(), field: 0 }
    }

    /// Begins a segment.
    pub(crate) fn segment(&mut self, name: &str) {
        if !self.text.is_empty() {
            self.text.push('\r');
        }
        self.text.push_str(name);
        self.field = usize::from(name == "MSH");
    }

    /// A field that is written as it is given. Line ends cannot stand in it.
    pub(crate) fn raw(&mut self, field: usize, written: &str) {
        if written.is_empty() {
            return;
        }
        while self.field < field {
            self.text.push(self.delimiters.field);
            self.field += 1;
        }
        self.text.extend(written.chars().filter(|c| !matches!(c, '\r' | '\n' | '\u{b}' | '\u{1c}')));
    }

    /// A field with one text.
    pub(crate) fn text(&mut self, field: usize, text: &str) {
        self.raw(field, &escape(text, &self.delimiters));
    }

    /// A field with components.
    pub(crate) fn components(&mut self, field: usize, texts: &[&str]) {
        let written: Vec<String> = texts.iter().map(|text| escape(text, &self.delimiters)).collect();
        self.raw(field, &self.joined(&written));
    }

    /// A field with components that have subcomponents.
    pub(crate) fn parts(&mut self, field: usize, components: &[&[&str]]) {
        let separator = self.delimiters.subcomponent.unwrap_or('&').to_string();
        let one = |texts: &&[&str]| {
            let written: Vec<String> = texts.iter().map(|text| escape(text, &self.delimiters)).collect();
            written.join(&separator)
        };
        let written: Vec<String> = components.iter().map(one).collect();
        self.raw(field, &self.joined(&written));
    }

    /// A field with repetitions of components.
    pub(crate) fn repetitions(&mut self, field: usize, repetitions: &[Vec<&str>]) {
        let separator = self.delimiters.repetition.unwrap_or('~').to_string();
        let one = |texts: &Vec<&str>| {
            let written: Vec<String> = texts.iter().map(|text| escape(text, &self.delimiters)).collect();
            self.joined(&written)
        };
        let written: Vec<String> = repetitions.iter().map(one).collect();
        self.raw(field, &written.join(&separator));
    }

    /// Components, without empty ones at the end.
    fn joined(&self, written: &[String]) -> String {
        let joined = written.join(&self.delimiters.component.to_string());
        joined.trim_end_matches(self.delimiters.component).to_owned()
    }

    /// The message.
    pub(crate) fn finish(mut self) -> String {
        self.text.push('\r');
        self.text
    }
}
