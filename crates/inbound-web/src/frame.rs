//! What all pages share: the brand, who is signed in, where one is, and the marks that forms and prints carry.

use crate::{assets, paths, words};
use cpis_model::Timestamp;
use std::sync::Arc;

/// How an installation calls itself. There is no logo: the NHS's own belongs to the NHS.
#[derive(Clone, Default)]
pub struct Brand {
    /// The service's name.
    pub name: String,
    /// Who runs it.
    pub organisation: Option<String>,
    /// Whom to call when the service cannot answer, such as a safeguarding lead or a help desk.
    pub support: Option<String>,
    /// Whom to write to about accessibility and privacy.
    pub contact: Option<String>,
    /// The people are made up; every page says so.
    pub made_up: bool,
}

/// A part of the service that the header leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Search and answers.
    Find,
    /// The reader's own looks.
    Looks,
    /// The sender's own reports.
    Reports,
    /// An authority's notices.
    Notices,
    /// An authority's files.
    Files,
    /// The register of organisations.
    Register,
    /// None of these.
    Elsewhere,
}

impl Section {
    /// What the header calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Find => "Find a person",
            Self::Looks => "My looks",
            Self::Reports => "My reports",
            Self::Notices => "Notices",
            Self::Files => "Send a file",
            Self::Register => "Register",
            Self::Elsewhere => "",
        }
    }

    /// Where it is.
    pub fn path(self) -> &'static str {
        match self {
            Self::Find => paths::FIND,
            Self::Looks => paths::LOOKS,
            Self::Reports => paths::REPORTS,
            Self::Notices => paths::NOTICES,
            Self::Files => paths::FILES,
            Self::Register => paths::REGISTER,
            Self::Elsewhere => paths::HOME,
        }
    }
}

/// Who is signed in, as the header and prints say it.
#[derive(Clone)]
pub struct SignedIn {
    /// Name.
    pub name: String,
    /// Role.
    pub role: String,
    /// Place: the site or the authority.
    pub place: String,
    /// What the person may open, in the order of the header.
    pub sections: Vec<Section>,
}

/// When an unused screen goes blank, and where it then leads.
#[derive(Clone, Copy)]
pub struct Idle {
    /// Seconds without use.
    pub seconds: u32,
    /// The page that takes its place.
    pub to: &'static str,
}

/// What stands around every page.
#[derive(Clone)]
pub struct Frame {
    /// The brand.
    pub brand: Arc<Brand>,
    /// Who is signed in.
    pub person: Option<SignedIn>,
    /// Where one is.
    pub section: Section,
    /// The token that forms carry against forged requests.
    pub csrf: String,
    /// The nonce of the content security policy, where the policy asks for one.
    pub nonce: Option<String>,
    /// When the page was made; prints name it.
    pub made: Timestamp,
    /// Set where the screen must not stand for ever.
    pub idle: Option<Idle>,
}

impl Frame {
    /// The line across a printed page.
    pub fn watermark(&self) -> String {
        let by = match &self.person {
            Some(person) => format!("Printed by {}, {}, {}, ", person.name, person.role, person.place),
            None => "Printed ".to_owned(),
        };
        format!("{by}{}. Do not file where a parent can read it.", words::moment(self.made))
    }

    /// The sheets of the page, the library's first.
    pub fn sheets(&self) -> [String; 2] {
        [assets::address(assets::LIBRARY_SHEET), assets::address(assets::SHEET)]
    }

    /// The script of the page.
    pub fn script(&self) -> String {
        assets::address(assets::SCRIPT)
    }

    /// The icon of the page.
    pub fn icon(&self) -> String {
        assets::address(assets::ICON)
    }
}
