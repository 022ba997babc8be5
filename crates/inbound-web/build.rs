//! Embeds what browsers fetch: the compiled components of the NHS design system, and our own sheet, script and icon.
//! The package comes from npm at build time and lies in the git-ignored `node_modules` beside this file, so that
//! `cargo clean` leaves it. Its web fonts are taken out: they are the NHS's own, and would be fetched from elsewhere.

use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const PACKAGE: &str = "nhsuk-frontend";
/// An unpacked copy of the package, for builds without npm or network.
const COPY: &str = "CPIS_NHSUK_FRONTEND";
/// What the package's sheet names first, and what we put in its place.
const FONTS: (&str, &str) =
    ("Frutiger W01,arial,sans-serif", "system-ui,-apple-system,Segoe UI,Roboto,Arial,sans-serif");
/// Where our script names the package's, whose real name has a hash.
const LIBRARY: &str = "./nhsuk-frontend.js";

type Outcome<T> = Result<T, String>;

fn main() {
    println!("cargo::rerun-if-env-changed={COPY}");
    for path in ["build.rs", "package.json", "package-lock.json", "assets"] {
        println!("cargo::rerun-if-changed={path}");
    }
    if let Err(fault) = run() {
        for line in fault.lines() {
            println!("cargo::error={line}");
        }
        std::process::exit(1);
    }
}

fn run() -> Outcome<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo names no manifest folder")?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo names no output folder")?);
    let package = package(&here)?;
    println!("cargo::rerun-if-changed={}", package.join("package.json").display());
    let sheet = without_web_fonts(&read(&package.join("dist/nhsuk/nhsuk-frontend.min.css"))?)?;
    let library = read(&package.join("dist/nhsuk/nhsuk-frontend.min.js"))?;

    let mut table = Table { out, rows: String::new(), constants: String::new() };
    table.add(Some("LIBRARY_SHEET"), "nhsuk-frontend", "css", without_source_map(&sheet))?;
    let library_name = table.add(None, "nhsuk-frontend", "js", without_source_map(&library))?;
    table.add(Some("SHEET"), "cpis", "css", &read(&here.join("assets/cpis.css"))?)?;
    let script = read(&here.join("assets/cpis.js"))?;
    if !script.contains(LIBRARY) {
        return Err(format!("assets/cpis.js does not import {LIBRARY}"));
    }
    table.add(Some("SCRIPT"), "cpis", "js", &script.replace(LIBRARY, &format!("./{library_name}")))?;
    table.add(Some("ICON"), "icon", "svg", &read(&here.join("assets/icon.svg"))?)?;
    table.write()
}

/// The folder of the package, which npm fills where it is missing or of another version.
fn package(here: &Path) -> Outcome<PathBuf> {
    let wanted = version(&here.join("package.json"), &["dependencies", PACKAGE])?;
    if let Some(copy) = env::var_os(COPY).map(PathBuf::from) {
        return match version(&copy.join("package.json"), &["version"]) {
            Ok(found) if found == wanted => Ok(copy),
            Ok(found) => Err(format!("{COPY} holds {PACKAGE} {found}; {wanted} is needed")),
            Err(fault) => Err(format!("{COPY} does not name an unpacked {PACKAGE}: {fault}")),
        };
    }
    let folder = here.join("node_modules").join(PACKAGE);
    let is_there = || version(&folder.join("package.json"), &["version"]).is_ok_and(|found| found == wanted);
    if is_there() {
        return Ok(folder);
    }
    let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    let failure = match Command::new("npm").args(arguments).current_dir(here).output() {
        Ok(output) if output.status.success() && is_there() => return Ok(folder),
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => format!("npm could not be started: {error}"),
    };
    Err(format!(
        "the pages need the npm package {PACKAGE} {wanted}, which could not be fetched.\n\
         With a network: install Node.js with npm (Debian: apt-get install nodejs npm) and build again, or run \
         `npm ci --ignore-scripts` in {}.\n\
         Without: unpack {PACKAGE}-{wanted}.tgz anywhere and name its folder in {COPY}.\n{failure}",
        here.display()
    ))
}

fn version(manifest: &Path, keys: &[&str]) -> Outcome<String> {
    let json: Value = serde_json::from_str(&read(manifest)?).map_err(|error| error.to_string())?;
    let value = keys.iter().try_fold(&json, |value, key| value.get(key)).and_then(Value::as_str);
    value.map(str::to_owned).ok_or_else(|| format!("{} names no version", manifest.display()))
}

fn read(path: &Path) -> Outcome<String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Takes every `@font-face` out and names the system's own typeface instead.
fn without_web_fonts(sheet: &str) -> Outcome<String> {
    let mut rest = sheet;
    let mut text = String::with_capacity(sheet.len());
    while let Some((before, face)) = rest.split_once("@font-face{") {
        text.push_str(before);
        rest = face.split_once('}').ok_or("the sheet of the package has a @font-face without an end")?.1;
    }
    text.push_str(rest);
    let text = text.replace(FONTS.0, FONTS.1);
    if ["Frutiger", "//assets.nhs.uk"].iter().any(|left| text.contains(left)) {
        return Err("the sheet of the package names web fonts in a way that build.rs does not know".to_owned());
    }
    Ok(text)
}

/// Takes the comment at the end out that names a map, which nobody is served.
fn without_source_map(text: &str) -> &str {
    let end = text.rfind("sourceMappingURL=").and_then(|found| text.get(..found)).unwrap_or(text);
    end.trim_end_matches(['/', '*', '#', ' ', '\n'])
}

/// The table that `src/assets.rs` includes.
struct Table {
    out: PathBuf,
    rows: String,
    constants: String,
}

impl Table {
    /// Keeps a file under a name with the hash of its content, perhaps in a constant, and returns that name.
    fn add(&mut self, constant: Option<&str>, stem: &str, extension: &str, text: &str) -> Outcome<String> {
        let digest = Sha256::digest(text.as_bytes());
        let hash = digest.iter().take(8).fold(String::new(), |mut hash, byte| {
            let _ = write!(hash, "{byte:02x}");
            hash
        });
        let name = format!("{stem}-{hash}.{extension}");
        let path = self.out.join(&name);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        let _ = writeln!(
            self.rows,
            "    Asset {{ name: {name:?}, bytes: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\")) }},"
        );
        if let Some(constant) = constant {
            let _ = writeln!(self.constants, "pub(crate) const {constant}: &str = {name:?};");
        }
        Ok(name)
    }

    fn write(&self) -> Outcome<()> {
        let text = format!("{}const ALL: &[Asset] = &[\n{}];\n", self.constants, self.rows);
        fs::write(self.out.join("assets.rs"), text).map_err(|error| error.to_string())
    }
}
