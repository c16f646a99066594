//! `crosscheck init`: writes a commented crosscheck.toml with every default.

use super::{Failure, Session, files::write_whole, infos};
use crate::{exit, settings, ui::WriteError};
use std::path::Path;

/// Runs the command in a folder; returns the exit code.
pub fn run(session: &Session, folder: &Path) -> Result<u8, Failure> {
    let path = folder.join(settings::FILE_NAME);
    if path.exists() {
        return Err(Failure::usage(
            "usage/exists",
            format!("{} exists already; remove or rename it first", path.display()),
        ));
    }
    let text = settings::init_text(&infos());
    write_whole(&path, |out| out.write_all(text.as_bytes()))
        .map_err(|source| WriteError { to: path.display().to_string(), source })?;
    session.ui.print(|out| {
        writeln!(out, "wrote {}; every line is a default, and is commented out", path.display())
    })?;
    Ok(exit::OK)
}
