//! `crosscheck profile FILE`: drafts a profile for an unknown export.

use super::{Failure, Session};
use crate::{
    exit,
    import::{
        detect,
        draft::Draft,
        read::{Format, Open, ReadError, Source, csv, json},
    },
    report::Problem,
};
use std::{path::Path, sync::Arc};

/// Records that are looked at.
const SAMPLE: usize = 200;

/// Runs the command; returns the exit code.
pub fn run(session: &Session, file: &str) -> Result<u8, Failure> {
    let draft = draft(session, file)
        .map_err(|e| Failure::of(vec![Problem::new("usage/unreadable", e.to_string()).at(file, None)]))??;
    session.ui.print(|out| out.write_all(draft.text().as_bytes()))?;
    Ok(exit::OK)
}

fn draft(session: &Session, file: &str) -> Result<Result<Draft, Failure>, ReadError> {
    let path = Path::new(file);
    let name = path.file_name().map_or_else(|| file.to_owned(), |n| n.to_string_lossy().into_owned());
    let profiles = match session.profiles() {
        Ok(profiles) => profiles,
        Err(failure) => return Ok(Err(failure)),
    };
    let source = Source::File(path.to_owned());
    let text = source.open(&Open::default(), Arc::default())?;
    match Format::sniff(text.head()) {
        None => Err(ReadError::Empty),
        Some(Format::Csv) => {
            let known = |names: &[&str]| detect::score_header(names, &profiles);
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
            let header: Vec<&str> = header.iter().map(String::as_str).collect();
            let rows: Vec<Vec<&str>> = rows.iter().map(|r| r.iter().map(String::as_str).collect()).collect();
            Ok(Ok(Draft::from_rows(&name, &header, &rows)))
        }
        Some(Format::Json) => {
            let names = crate::model::datasets::DATASETS.iter().map(|d| d.name.to_owned()).collect();
            let mut splitter = json::Splitter::new(text, json::JsonOptions { names })?;
            let block = splitter.next_block()?;
            let records: Vec<serde_json::Value> = block
                .iter()
                .flat_map(json::Block::items)
                .take(SAMPLE)
                .filter_map(|item| item.ok()?.parse().ok())
                .collect();
            Ok(Ok(Draft::from_records(&name, &records)))
        }
    }
}
