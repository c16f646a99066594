//! What a command line names: files, folders, standard input, `dataset=PATH`.

use crate::{
    model::datasets::{self, DATASETS},
    report::Problem,
    settings::Settings,
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// One file that is to be read.
#[derive(Clone, Debug)]
pub struct Export {
    /// Where it lies; `None` for standard input.
    pub path: Option<PathBuf>,
    /// As messages and reports name it.
    pub shown: String,
    /// What the user says it is.
    pub dataset: Option<&'static str>,
    /// Named itself, not found in a folder: not to know it is an error then.
    pub named: bool,
}

/// The files behind the arguments, and what is wrong with them.
#[derive(Clone, Debug, Default)]
pub struct Exports {
    /// The files, each once, folders in the order of their names.
    pub files: Vec<Export>,
    /// Paths that cannot be opened: exit code 2.
    pub errors: Vec<Problem>,
    /// What was passed over.
    pub warnings: Vec<String>,
}

/// File name endings of exports; `.gz` and `.zst` may follow.
const ENDINGS: &[&str] = &["csv", "tsv", "psv", "txt", "json", "jsonl", "ndjson"];

/// Whether a file name ends as an export's may.
pub fn is_export(name: &str) -> bool {
    let lower = name.to_lowercase();
    let plain = lower.strip_suffix(".gz").or_else(|| lower.strip_suffix(".zst")).unwrap_or(&lower);
    plain.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending))
        || (plain != lower && datasets::by_file_name(plain).is_some())
}

/// Finds the files behind the arguments: folders are read recursively without hidden entries and crosscheck's own.
pub fn expand(arguments: &[String]) -> Exports {
    let mut found = Exports::default();
    let mut seen = BTreeMap::new();
    for argument in arguments {
        let (dataset, path) = match split_dataset(argument) {
            Ok(pair) => pair,
            Err(problem) => {
                found.errors.push(problem);
                continue;
            }
        };
        if path == "-" {
            if found.files.iter().any(|f| f.path.is_none()) {
                let message =
                    "standard input is named twice and can be read once; put one of the two in a file";
                found.errors.push(Problem::new("usage/stdin", message));
            } else if dataset.is_none() {
                let problem = Problem::new(
                    "usage/stdin",
                    "standard input needs a name for what it holds: write dataset=-, for instance usage_events=-",
                );
                found.errors.push(problem);
            } else {
                let shown = argument.clone();
                found.files.push(Export { path: None, shown, dataset, named: true });
            }
            continue;
        }
        let path_buf = PathBuf::from(path);
        if path_buf.is_dir() {
            walk(&path_buf, dataset, &mut seen, &mut found);
        } else {
            let export = Export { path: Some(path_buf), shown: path.to_owned(), dataset, named: true };
            push(export, &mut seen, &mut found);
        }
    }
    found
}

/// `dataset=PATH`; a path that holds `=` and exists is a path.
fn split_dataset(argument: &str) -> Result<(Option<&'static str>, &str), Problem> {
    let Some((name, path)) = argument.split_once('=') else { return Ok((None, argument)) };
    if let Some(dataset) = datasets::find(name) {
        return Ok((Some(dataset.name), path));
    }
    let word = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if !word || Path::new(argument).exists() {
        return Ok((None, argument));
    }
    let near = datasets::nearest(name, DATASETS.iter().map(|d| d.name));
    let near = near.first().map_or_else(String::new, |n| format!("; did you mean {n}?"));
    Err(Problem::new(
        "usage/unknown-dataset",
        format!("there is no dataset {name}{near}; `crosscheck schema` lists them"),
    ))
}

/// A file, and what it was said to be.
type Seen = (PathBuf, Option<&'static str>);

fn push(export: Export, seen: &mut BTreeMap<Seen, usize>, found: &mut Exports) {
    let Some(path) = &export.path else { return };
    let canonical = path.canonicalize().unwrap_or_else(|_| path.clone());
    let same = |(p, d): &&Seen| *p == canonical && (*d == export.dataset || export.dataset.is_none());
    if let Some((_, at)) = seen.iter().find(|(file, _)| same(file)) {
        // Found in a folder and named as well: it is meant.
        found.files[*at].named |= export.named;
        return;
    }
    seen.insert((canonical, export.dataset), found.files.len());
    found.files.push(export);
}

fn walk(folder: &Path, dataset: Option<&'static str>, seen: &mut BTreeMap<Seen, usize>, found: &mut Exports) {
    let hidden = |e: &walkdir::DirEntry| e.depth() > 0 && e.file_name().to_string_lossy().starts_with('.');
    let entries = walkdir::WalkDir::new(folder).follow_links(true).sort_by_file_name();
    for entry in entries.into_iter().filter_entry(|e| !hidden(e)) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) if error.loop_ancestor().is_some() => {
                let at = error.path().unwrap_or(folder).display();
                found.warnings.push(format!("{at} links back to a folder above it and was passed over"));
                continue;
            }
            Err(error) => {
                let at = error.path().unwrap_or(folder).display().to_string();
                let why = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                let problem = Problem::new("usage/unreadable", format!("cannot be opened: {why}"));
                found.errors.push(problem.at(&at, None));
                continue;
            }
        };
        if entry.file_type().is_dir() {
            continue;
        }
        let shown = entry.path().display().to_string();
        let name = entry.file_name().to_string_lossy();
        if name == crate::settings::FILE_NAME {
            continue;
        }
        if !is_export(&name) {
            found.warnings.push(format!("{shown} was passed over: its name ends as no export's does"));
            continue;
        }
        push(Export { path: Some(entry.into_path()), shown, dataset, named: false }, seen, found);
    }
}

/// The place that an argument names, the same however it is written: for telling whether two calls read the same.
pub fn place(argument: &str) -> String {
    let (dataset, path) = split_dataset(argument).unwrap_or((None, argument));
    let whole = Path::new(path).canonicalize().or_else(|_| std::path::absolute(path));
    let path = match whole {
        Ok(whole) if path != "-" => whole.to_string_lossy().into_owned(),
        _ => path.to_owned(),
    };
    dataset.map_or(path.clone(), |d| format!("{d}={path}"))
}

/// The arguments, or, where there are none, the paths of crosscheck.toml; `None` where neither names any.
pub fn arguments(given: &[String], settings: &Settings) -> Option<Vec<String>> {
    if !given.is_empty() {
        return Some(given.to_vec());
    }
    if settings.data_paths.is_empty() { None } else { Some(settings.data_paths.clone()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dataset_may_stand_before_the_path() {
        assert_eq!(split_dataset("invoices=/tmp/x.csv").unwrap(), (Some("invoices"), "/tmp/x.csv"));
        assert_eq!(split_dataset("usage-events=-").unwrap(), (Some("usage_events"), "-"));
        assert_eq!(split_dataset("/data/a=b.csv").unwrap(), (None, "/data/a=b.csv"));
        assert!(split_dataset("usage_event=x.csv").unwrap_err().message.contains("usage_events"));
    }

    #[test]
    fn exports_are_told_by_their_endings() {
        for name in ["a.csv", "A.CSV.GZ", "b.ndjson.zst", "usage_events.gz"] {
            assert!(is_export(name), "{name}");
        }
        for name in ["README.md", "a.csv.bak", "notes.gz", "crosscheck.toml"] {
            assert!(!is_export(name), "{name}");
        }
    }
}
