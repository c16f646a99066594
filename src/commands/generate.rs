//! Completions and man pages, from the one command tree.

use super::{Failure, Session, files::write_whole};
use crate::{exit, ui::WriteError};
use clap::Command;
use clap_complete::Shell;
use std::{io, path::Path};

/// The shells.
pub const SHELLS: &[&str] = &["bash", "elvish", "fish", "powershell", "zsh"];

/// The completion script of a shell.
pub fn completion(shell: Shell, mut command: Command) -> Vec<u8> {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut command, "crosscheck", &mut bytes);
    bytes
}

/// The file name of a shell's completion script.
pub fn completion_name(shell: Shell) -> String {
    match shell {
        Shell::Bash => "crosscheck.bash".to_owned(),
        Shell::Elvish => "crosscheck.elv".to_owned(),
        Shell::Fish => "crosscheck.fish".to_owned(),
        Shell::PowerShell => "_crosscheck.ps1".to_owned(),
        _ => "_crosscheck".to_owned(),
    }
}

/// Prints the completion script of a shell.
pub fn completions(session: &Session, shell: Shell, command: Command) -> Result<u8, Failure> {
    let bytes = completion(shell, command);
    session.ui.print(|out| out.write_all(&bytes))?;
    Ok(exit::OK)
}

/// Name and text of every man page: one for the tool, one a subcommand.
pub fn man_pages(command: &Command) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut pages = vec![page(command.clone().disable_help_subcommand(true), "crosscheck".to_owned())?];
    for sub in command.get_subcommands().filter(|s| s.get_name() != "help") {
        let name = format!("crosscheck-{}", sub.get_name());
        pages.push(page(sub.clone().name(name.clone()).bin_name(name.replacen('-', " ", 1)), name)?);
    }
    Ok(pages)
}

fn page(command: Command, name: String) -> io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    clap_mangen::Man::new(command)
        .date("")
        .source(concat!("crosscheck ", env!("CARGO_PKG_VERSION")))
        .render(&mut bytes)?;
    Ok((format!("{name}.1"), bytes))
}

/// Writes the man pages into a folder.
pub fn man(session: &Session, folder: &Path, command: &Command) -> Result<u8, Failure> {
    let failed =
        |source: io::Error| -> Failure { WriteError { to: folder.display().to_string(), source }.into() };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let pages = man_pages(command).map_err(failed)?;
    for (name, bytes) in &pages {
        write_whole(&folder.join(name), |out| out.write_all(bytes)).map_err(failed)?;
    }
    session.ui.print(|out| writeln!(out, "wrote {} man pages to {}", pages.len(), folder.display()))?;
    Ok(exit::OK)
}
