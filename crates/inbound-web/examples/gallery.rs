//! Writes every page of the gallery, and what browsers fetch beside them, into a folder: for `cargo xtask shots` and the
//! tests in a real browser.

use cpis_inbound_web::{assets, gallery};
use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or("usage: gallery FOLDER")?);
    let assets_folder = folder.join("assets");
    fs::create_dir_all(&assets_folder)?;
    for asset in assets::all() {
        fs::write(assets_folder.join(asset.name), asset.bytes)?;
    }
    let mut names = Vec::new();
    for (name, html) in gallery::gallery()? {
        fs::write(folder.join(format!("{name}.html")), html)?;
        names.push(name);
    }
    let about = serde_json::json!({ "pages": names, "people": gallery::names() });
    fs::write(folder.join("gallery.json"), about.to_string())?;
    Ok(())
}
