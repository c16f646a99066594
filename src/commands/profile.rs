//! `crosscheck profile FILE`: drafts a profile for an unknown export, and writes it into crosscheck.toml where asked to.

use super::{Failure, Session, files::write_whole, words_of};
use crate::{
    exit,
    import::{
        detect::{self, Head},
        draft::Draft,
        profile::Profiles,
        read::{Format, Open, ReadError, Source, csv, json},
    },
    model::datasets::DATASETS,
    report::Problem,
    settings,
    ui::WriteError,
};
use serde_json::Value;
use std::{fs, path::Path, sync::Arc};

/// Records that are looked at.
const SAMPLE: usize = 200;
/// Records by which a JSON file is recognised.
const TELLING: usize = 20;

/// The beginning of a file.
enum Seen {
    Rows { header: Vec<String>, rows: Vec<Vec<String>> },
    Records { records: Vec<Value>, container: Option<String> },
}

/// Runs the command; returns the exit code. `write`: into the crosscheck.toml in force, or a new one in the folder.
pub fn run(session: &Session, folder: &Path, file: &str, write: bool) -> Result<u8, Failure> {
    let profiles = session.profiles()?;
    let seen = look(&profiles, file)
        .map_err(|e| Failure::of(vec![Problem::new("usage/unreadable", e.to_string()).at(file, None)]))?;
    let name =
        Path::new(file).file_name().map_or_else(|| file.to_owned(), |n| n.to_string_lossy().into_owned());
    let draft = seen.draft(&name);
    if !write {
        session.ui.print(|out| out.write_all(draft.text().as_bytes()))?;
        return Ok(exit::OK);
    }
    if !draft.missing.is_empty() {
        return Err(Failure::usage(
            "usage/draft",
            format!(
                "nothing in {name} seems to give {} of {}: run it without --write, fill that in, and put it into {}",
                draft.missing.join(", "),
                draft.dataset.name,
                settings::FILE_NAME
            ),
        ));
    }
    let path =
        session.settings.config_path().map_or_else(|| folder.join(settings::FILE_NAME), Path::to_path_buf);
    let shown = path.display().to_string();
    if session.settings.profiles.iter().any(|p| p.name == draft.name) {
        return Err(Failure::usage(
            "usage/exists",
            format!("[profile.{}] stands in {shown} already; remove or rename it first", draft.name),
        ));
    }
    let mut own = std::collections::BTreeMap::new();
    for raw in &session.settings.profiles {
        own.insert(
            raw.name.clone(),
            words_of(raw).map_err(|e| Failure::usage("usage/profile", e.to_string()))?,
        );
    }
    let source = draft.source(&name, |words| {
        own.insert(draft.name.clone(), words);
        let with = Profiles::with_user(own)?;
        Ok(seen.recognised(&name, &with) == Some(draft.name.clone()))
    });
    let source = source.map_err(|e| Failure::usage("usage/profile", e.to_string()))?;
    let before = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(e) => return Err(Failure::usage("usage/unreadable", format!("{shown} cannot be read: {e}"))),
    };
    let gap = if before.is_empty() { "" } else { "\n" };
    let end = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    let text = format!("{before}{end}{gap}{}{source}", draft.toml);
    write_whole(&path, |out| out.write_all(text.as_bytes()))
        .map_err(|source| WriteError { to: shown.clone(), source })?;
    let told = format!(
        "wrote [profile.{}] into {shown}: {file} is read as {}; look it through, then crosscheck import {file}\n",
        draft.name, draft.dataset.name
    );
    session.ui.print(|out| out.write_all(told.as_bytes()))?;
    Ok(exit::OK)
}

impl Seen {
    fn draft(&self, name: &str) -> Draft {
        match self {
            Seen::Rows { header, rows } => {
                let header: Vec<&str> = header.iter().map(String::as_str).collect();
                let rows: Vec<Vec<&str>> =
                    rows.iter().map(|r| r.iter().map(String::as_str).collect()).collect();
                Draft::from_rows(name, &header, &rows)
            }
            Seen::Records { records, .. } => Draft::from_records(name, records),
        }
    }

    /// The name of the profile or dataset that the file is taken for.
    fn recognised(&self, name: &str, profiles: &Profiles) -> Option<String> {
        let header: Vec<&str>;
        let head = match self {
            Seen::Rows { header: names, .. } => {
                header = names.iter().map(String::as_str).collect();
                Head::Header(&header)
            }
            Seen::Records { records, container } => Head::Records {
                first: &records[..records.len().min(TELLING)],
                container: container.as_deref(),
            },
        };
        let found = detect::detect(name, &head, None, profiles).ok()?;
        found.profile().map(|p| p.name.clone())
    }
}

fn look(profiles: &Profiles, file: &str) -> Result<Seen, ReadError> {
    let source = Source::File(Path::new(file).to_owned());
    let text = source.open(&Open::default(), Arc::default())?;
    match Format::sniff(text.head()) {
        None => Err(ReadError::Empty),
        Some(Format::Csv) => {
            let known = |names: &[&str]| detect::score_header(names, profiles);
            let mut reader = csv::Reader::new(text, csv::CsvOptions { dialect: None, known: Some(&known) })?;
            let header: Vec<String> = reader.header().names.clone();
            let mut rows: Vec<Vec<String>> = Vec::new();
            while rows.len() < SAMPLE {
                match reader.next_row()? {
                    None => break,
                    Some(Ok(row)) => rows.push(row.iter().map(str::to_owned).collect()),
                    Some(Err(_)) => {}
                }
            }
            Ok(Seen::Rows { header, rows })
        }
        Some(Format::Json) => {
            let names = DATASETS.iter().map(|d| d.name.to_owned()).collect();
            let mut splitter = json::Splitter::new(text, json::JsonOptions { names })?;
            let block = splitter.next_block()?;
            let records: Vec<Value> = block
                .iter()
                .flat_map(json::Block::items)
                .take(SAMPLE)
                .filter_map(|item| item.ok()?.parse().ok())
                .collect();
            Ok(Seen::Records { records, container: splitter.key().map(str::to_owned) })
        }
    }
}
