//! Care settings: the kind of place the patient is, from `data/settings.csv`.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

struct Row {
    code: String,
    name: String,
    notifies: bool,
    urgent: bool,
}

static TABLE: LazyLock<Vec<Row>> = LazyLock::new(|| {
    crate::register::rows(include_str!("../data/settings.csv"))
        .map(|row| Row {
            code: row.get(0).unwrap_or_default().to_owned(),
            name: row.get(1).unwrap_or_default().to_owned(),
            notifies: row.get(3) == Some("yes"),
            urgent: row.get(4) == Some("yes"),
        })
        .collect()
});

/// A row of the table of settings.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Setting(u8);

/// No row of the table has this code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this code is not in the table of care settings")]
pub struct UnknownSetting;

impl Setting {
    /// All settings in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..TABLE.len() as u8).map(Self)
    }

    fn row(self) -> Option<&'static Row> {
        TABLE.get(usize::from(self.0))
    }

    /// The code, such as `U01`.
    pub fn code(self) -> &'static str {
        self.row().map_or("", |row| &row.code)
    }

    /// The name, such as `Emergency department`.
    pub fn name(self) -> &'static str {
        self.row().map_or("", |row| &row.name)
    }

    /// Whether looks from here are listed and the authority is told, unless the caller says that care is scheduled.
    pub fn notifies(self) -> bool {
        self.row().is_some_and(|row| row.notifies)
    }

    /// Whether it is urgent or emergency care, from which people leave within hours: what an authority is told from here must
    /// be read while they are still there. A ward or a maternity unit keeps them for longer.
    pub fn is_urgent(self) -> bool {
        self.row().is_some_and(|row| row.urgent)
    }
}

impl FromStr for Setting {
    type Err = UnknownSetting;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Self::all().find(|setting| setting.code().eq_ignore_ascii_case(code.trim())).ok_or(UnknownSetting)
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unscheduled_settings_notify_and_scheduled_ones_are_silent() {
        // Source: spec/domain.md section 7.
        assert_eq!(Setting::all().count(), 16);
        for setting in Setting::all() {
            assert_eq!(setting.notifies(), setting.code().starts_with('U'), "{setting:?}");
            assert!(setting.notifies() || !setting.is_urgent(), "{setting:?}");
            assert_eq!(setting.code().parse(), Ok(setting));
            assert!(!setting.name().is_empty());
        }
        let urgent: Vec<&str> = Setting::all().filter(|setting| setting.is_urgent()).map(Setting::code).collect();
        assert_eq!(urgent, ["U01", "U02", "U03", "U04", "U07", "U08"], "not the ward, not the maternity unit");
        assert_eq!("X01".parse::<Setting>(), Err(UnknownSetting));
    }
}
