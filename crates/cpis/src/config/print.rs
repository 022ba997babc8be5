//! The configuration that `cpis config` prints: every setting with its meaning and default, itself a valid configuration.

use super::MeshAgent;
use super::settings::{Config, Setting, Shown};
use std::fmt::Write;

/// The text for the service.
pub fn printed() -> String {
    printed_of("OpenCPIS", &Config::settings())
}

/// The text for an agent.
pub fn agent_printed() -> String {
    printed_of("the MESH agent", &MeshAgent::settings())
}

/// The text of a table of settings.
pub fn printed_of(what: &str, settings: &[Setting]) -> String {
    let mut out = format!(
        "# Configuration of {what}: every setting with its meaning and its default.\n\
         # A line that is commented out has no default and shows an example.\n",
    );
    let is_table = |setting: &&Setting| !matches!(setting.shown, Shown::Default(_) | Shown::Example(_));
    for setting in settings.iter().filter(|setting| !is_table(setting)) {
        write_line(&mut out, setting, false);
    }
    for setting in settings.iter().filter(is_table) {
        write_table(&mut out, setting);
    }
    out
}

fn meaning(out: &mut String, setting: &Setting) {
    out.push('\n');
    for line in setting.meaning {
        let _ = writeln!(out, "# {}", line.trim());
    }
}

fn write_line(out: &mut String, setting: &Setting, commented: bool) {
    meaning(out, setting);
    let _ = match &setting.shown {
        Shown::Default(value) if !commented => writeln!(out, "{} = {value}", setting.name),
        Shown::Default(value) => writeln!(out, "# {} = {value}", setting.name),
        Shown::Example(value) => writeln!(out, "# {} = {value}", setting.name),
        Shown::Table(_) | Shown::Optional(_) | Shown::List(_) => Ok(()),
    };
}

fn write_table(out: &mut String, setting: &Setting) {
    let (head, rows, commented) = match &setting.shown {
        Shown::Table(rows) => (format!("[{}]", setting.name), rows, false),
        Shown::Optional(rows) => (format!("# [{}]", setting.name), rows, true),
        Shown::List(rows) => (format!("# [[{}]]", setting.name), rows, true),
        Shown::Default(_) | Shown::Example(_) => return,
    };
    meaning(out, setting);
    let _ = writeln!(out, "{head}");
    for row in rows {
        write_line(out, row, commented);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_text_is_a_configuration_with_the_defaults() {
        let text = printed();
        assert_eq!(Config::parse(&text).unwrap(), Config::default());
        assert!(text.contains("listen = \"127.0.0.1:8080\"") && text.contains("# [[issuer]]"));
    }

    #[test]
    fn what_is_commented_out_can_be_used() {
        // Each commented setting and table head, uncommented, is read.
        let is_setting = |line: &str| {
            line.starts_with("# [")
                || line.split_once(" = ").is_some_and(|(name, _)| !name.trim_start_matches("# ").contains(' '))
        };
        let text: String = printed()
            .lines()
            .map(|line| if is_setting(line) { line.trim_start_matches("# ") } else { line })
            .collect::<Vec<_>>()
            .join("\n");
        let config = Config::parse(&text).unwrap();
        assert!(config.tls.is_some() && config.issuer.len() == 1 && config.publish.folder.is_some());
        assert_eq!(config.base_url.as_deref(), Some("https://cpis.example.nhs.uk"));
        assert!(config.register.sites.is_some() && config.database.is_some() && config.checkpoint_file.is_some());
    }

    #[test]
    fn every_setting_has_a_meaning() {
        fn check(settings: &[Setting]) {
            for setting in settings {
                assert!(setting.meaning.iter().all(|line| line.trim().len() > 5), "{}", setting.name);
                match &setting.shown {
                    Shown::Default(value) => assert!(!value.is_empty(), "{}", setting.name),
                    Shown::Example(_) => {}
                    Shown::Table(rows) | Shown::Optional(rows) | Shown::List(rows) => check(rows),
                }
            }
        }
        check(&Config::settings());
    }
}
