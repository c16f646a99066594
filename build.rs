//! Lists the built-in profiles, so that a vendor's export is added by its TOML file alone.

use std::{
    env, fs,
    io::{self, Error},
    path::Path,
};

const FOLDER: &str = "src/import/profiles";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={FOLDER}");
    let root = env::var("CARGO_MANIFEST_DIR").map_err(Error::other)?;
    let mut profiles = Vec::new();
    for entry in fs::read_dir(Path::new(&root).join(FOLDER))? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default().to_owned();
        let Some((vendor, export)) = stem.split_once('-') else {
            return Err(Error::other(format!(
                "{}: a profile's file is named VENDOR-EXPORT.toml",
                path.display()
            )));
        };
        profiles.push((format!("{vendor}/{export}"), path));
    }
    profiles.sort();
    let entries = profiles.iter().map(|(name, path)| format!("({name:?}, include_str!({path:?})),\n"));
    let list = format!("&[\n{}]\n", entries.collect::<String>());
    fs::write(Path::new(&env::var("OUT_DIR").map_err(Error::other)?).join("profiles.rs"), list)
}
