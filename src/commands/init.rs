//! `crosscheck init`: looks at the exports, and writes a commented crosscheck.toml that names what it recognised.

use super::{Failure, Session, checks as can_run, files::write_whole, infos, listing::Listing};
use crate::{
    cache::{Cache, Input},
    checks,
    data::{Data, Untranslated},
    exit,
    import::exports::{self, Export},
    model::text::{counted, grouped},
    report::Problem,
    settings::{self, FoundSource},
    ui::WriteError,
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// So many recognised, and so many unknown files are listed.
const MOST_LISTED: usize = 40;

/// Runs the command in a folder; returns the exit code. Without exports it looks at the folder's own files and those
/// of its folders, not deeper: what lies there may be anything.
pub fn run(session: &Session, folder: &Path, given: &[String]) -> Result<u8, Failure> {
    let path = folder.join(settings::FILE_NAME);
    if path.exists() {
        return Err(Failure::usage(
            "usage/exists",
            format!("{} exists already; remove or rename it first", path.display()),
        ));
    }
    let looked = if given.is_empty() { here(folder) } else { named(given)? };
    let mut cache = Cache::temporary()?;
    let ingested = session.ingest_quietly(&mut cache, &looked.files)?;
    let known: Vec<&Input> = ingested.inputs.iter().filter(|i| recognised(i)).collect();
    let unknown: Vec<&Input> = ingested.inputs.iter().filter(|i| !recognised(i)).collect();
    let unread: Vec<String> = looked
        .files
        .iter()
        .filter(|f| !ingested.inputs.iter().any(|i| i.file == f.shown))
        .map(|f| f.shown.clone())
        .chain(unknown.iter().map(|i| i.file.clone()))
        .collect();
    let paths = if known.is_empty() { Vec::new() } else { looked.paths(&known) };
    let data = Data::open(&cache, &ingested.inputs, &session.settings)?;
    let sheet = Sheet::wanted(&data, &paths, folder)?;
    let found = settings::Found {
        sources: sources(&known),
        unknown: unread.iter().take(MOST_LISTED).cloned().collect(),
        sheet: sheet.as_ref().map(|s| (s.path.clone(), s.header())),
        paths,
    };
    let text = settings::init_text(&infos(), &found);
    write_whole(&path, |out| out.write_all(text.as_bytes()))
        .map_err(|source| WriteError { to: path.display().to_string(), source })?;

    let mut listing = Listing {
        schema: "crosscheck.init/1",
        name: "checks",
        columns: &["check", "can_run", "still_needs"],
        ..Listing::default()
    };
    listing.own.insert("written".to_owned(), json!(path.display().to_string()));
    listing.own.insert("recognised".to_owned(), known.iter().map(|i| facts(i)).collect());
    listing.own.insert("unknown".to_owned(), json!(unread));
    listing.own.insert("identity_sheet".to_owned(), sheet.as_ref().map_or(Value::Null, Sheet::facts));
    if known.is_empty() {
        listing
            .above
            .push(format!("wrote {}; every line is a default, and is commented out", path.display()));
        listing.above.extend(told_unknown(&unread));
        listing.below.push(
            "no export was recognised here: put exports into a folder and name it, crosscheck init FOLDER, or \
             list what would be: crosscheck schema, crosscheck schema --profiles"
                .to_owned(),
        );
    } else {
        listing.above.push(format!("wrote {}, which names what was recognised:", path.display()));
        listing.above.extend(known.iter().take(MOST_LISTED).map(|i| told(i)));
        if known.len() > MOST_LISTED {
            listing.above.push(format!("  … {} more", known.len() - MOST_LISTED));
        }
        listing.above.extend(told_unknown(&unread));
        listing.above.push(String::new());
        listing.rows = checks::ALL
            .iter()
            .map(|c| {
                let lacks = can_run::missing(c.info, &data);
                let needs: Vec<String> = lacks.iter().map(|d| d.replace('|', " or ")).collect();
                vec![json!(c.info.name), json!(if lacks.is_empty() { "yes" } else { "no" }), json!(needs)]
            })
            .collect();
        if let Some(sheet) = &sheet {
            listing.below.extend(sheet.told());
        }
        listing
            .below
            .push("now: crosscheck run (no paths needed any more); crosscheck checks says more".to_owned());
    }
    listing.print(session)?;
    Ok(exit::OK)
}

/// The identity sheet that the exports lack.
struct Sheet {
    /// Where it is to lie.
    path: String,
    /// Whether `[data] paths` must name it besides.
    named: bool,
    systems: Vec<Untranslated>,
}

impl Sheet {
    fn wanted(data: &Data<'_>, paths: &[String], folder: &Path) -> Result<Option<Sheet>, Failure> {
        let systems = data.untranslated()?;
        if systems.is_empty() {
            return Ok(None);
        }
        let within = paths.iter().find(|p| folder.join(p).is_dir());
        let path = match within.map(String::as_str) {
            None | Some(".") => "identities.csv".to_owned(),
            Some(within) => Path::new(within).join("identities.csv").display().to_string(),
        };
        Ok(Some(Sheet { path, named: within.is_none(), systems }))
    }

    fn header(&self) -> String {
        self.systems.iter().fold("account_id".to_owned(), |line, s| format!("{line},{}", s.system))
    }

    fn told(&self) -> Vec<String> {
        let one = |s: &Untranslated| {
            format!("{} ({} of {})", s.system, grouped(&s.ids.to_string()), grouped(&s.of.to_string()))
        };
        let systems: Vec<String> = self.systems.iter().map(one).collect();
        let also = if self.named { ", to be named in [data] paths," } else { "," };
        vec![
            String::new(),
            format!("ids that nothing connects with the other exports: {}", systems.join(", ")),
            format!("write {}{also} a line for each account with its ids in these systems, under", self.path),
            format!("  {}", self.header()),
        ]
    }

    fn facts(&self) -> Value {
        let one = |s: &Untranslated| json!({"system": s.system, "untranslated": s.ids, "ids": s.of});
        json!({
            "path": self.path,
            "header": self.header(),
            "systems": self.systems.iter().map(one).collect::<Vec<_>>(),
        })
    }
}

/// What was looked at.
struct Looked {
    files: Vec<Export>,
    /// The exports as the call named them.
    given: Vec<String>,
    /// Whether the folder holds nothing that was not looked at.
    whole: bool,
}

impl Looked {
    /// `[data] paths` for these files: as they were named; else the folders they lie in, the folder itself where
    /// that leads to nothing else.
    fn paths(&self, known: &[&Input]) -> Vec<String> {
        if !self.given.is_empty() {
            return self.given.clone();
        }
        let parents = known.iter().map(|i| Path::new(&i.file).parent().unwrap_or(Path::new("")));
        let mut folders: Vec<PathBuf> = parents.map(Path::to_path_buf).collect();
        folders.sort();
        folders.dedup();
        let own = Path::new("");
        if folders.iter().any(|f| f == own) {
            if self.whole {
                return vec![".".to_owned()];
            }
            let files = known.iter().filter(|i| Path::new(&i.file).parent() == Some(own));
            let files: Vec<String> = files.map(|i| i.file.clone()).collect();
            folders.retain(|f| f != own);
            return files.into_iter().chain(folders.iter().map(|f| f.display().to_string())).collect();
        }
        folders.iter().map(|f| f.display().to_string()).collect()
    }
}

fn named(given: &[String]) -> Result<Looked, Failure> {
    let found = exports::expand(given);
    if !found.errors.is_empty() {
        return Err(Failure::of(found.errors));
    }
    let gone = |f: &&Export| f.path.as_ref().is_some_and(|p| !p.exists());
    if let Some(file) = found.files.iter().find(gone) {
        let problem = Problem::new("usage/unreadable", "does not exist").at(&file.shown, None);
        return Err(Failure::of(vec![problem]));
    }
    let files = found.files.into_iter().map(|f| Export { named: false, ..f }).collect();
    Ok(Looked { files, given: given.to_vec(), whole: true })
}

/// The files of a folder and of its folders, seen from it.
fn here(folder: &Path) -> Looked {
    let mut looked = Looked { files: Vec::new(), given: Vec::new(), whole: true };
    let mut folders = Vec::new();
    look_into(folder, Path::new(""), &mut looked.files, &mut folders);
    for inner in folders {
        let mut deeper = Vec::new();
        look_into(folder, &inner, &mut looked.files, &mut deeper);
        looked.whole &= deeper.is_empty();
    }
    looked
}

/// Adds the files of one folder, and the folders in it. What cannot be listed is passed over: nobody named it.
fn look_into(root: &Path, inner: &Path, files: &mut Vec<Export>, folders: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(root.join(inner)) else { return };
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = inner.join(&name);
        if name.starts_with('.') {
            continue;
        }
        if entry.path().is_dir() {
            folders.push(path);
        } else if exports::is_export(&name) && entry.path().is_file() {
            files.push(Export {
                shown: path.display().to_string(),
                path: Some(path),
                dataset: None,
                named: false,
            });
        }
    }
}

fn recognised(input: &Input) -> bool {
    input.content.parts.iter().any(|p| p.rows > 0)
}

/// `exports/invoices.csv: invoices, 120 rows`.
fn told(input: &Input) -> String {
    let parts: Vec<String> = input
        .content
        .parts
        .iter()
        .map(|p| {
            let rejected = if p.rejected > 0 { format!(" ({} rejected)", p.rejected) } else { String::new() };
            format!("{}, {}{rejected}", p.dataset.name, counted(p.rows, "row", "rows"))
        })
        .collect();
    let by = input.content.profile.as_deref().map_or_else(String::new, |p| format!(" by {p}"));
    format!("  {}: {}{by}", input.file, parts.join("; "))
}

fn told_unknown(unknown: &[String]) -> Option<String> {
    let shown: Vec<&str> = unknown.iter().take(5).map(String::as_str).collect();
    let rest = unknown.len().saturating_sub(shown.len());
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    let first = shown.first()?;
    Some(format!("not recognised: {}{more}; crosscheck profile {first} drafts a profile", shown.join(", ")))
}

fn facts(input: &Input) -> Value {
    let parts: Vec<Value> = input
        .content
        .parts
        .iter()
        .map(|p| json!({"dataset": p.dataset.name, "rows": p.rows, "rejected": p.rejected}))
        .collect();
    json!({"file": input.file, "profile": input.content.profile, "datasets": parts})
}

/// A `[[source]]` for each kind of file: names that differ in a date or number are one.
fn sources(known: &[&Input]) -> Vec<FoundSource> {
    let holds = |i: &Input| (i.content.profile.clone(), i.content.parts.first().map(|p| p.dataset.name));
    let mut kinds: BTreeMap<String, Vec<&Input>> = BTreeMap::new();
    for input in known {
        kinds.entry(pattern(&input.file)).or_default().push(input);
    }
    let mut found = Vec::new();
    for (pattern, files) in kinds {
        let alike = files.iter().all(|f| holds(f) == holds(files[0]));
        let groups: Vec<(String, &Input)> = if alike {
            vec![(pattern, files[0])]
        } else {
            files.iter().map(|f| (f.file.clone(), *f)).collect()
        };
        for (pattern, file) in groups {
            let (profile, dataset) = holds(file);
            found.push(FoundSource { pattern, profile, dataset });
        }
    }
    found
}

/// A file's path with `*` for what changes from export to export: a run of at least four digits, with what joins
/// digits between them.
fn pattern(file: &str) -> String {
    let mut out = String::new();
    let mut rest = file.trim_start_matches("./");
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let joined = |c: char| c.is_ascii_digit() || matches!(c, '-' | '_' | 'T' | ':');
        let end = from.find(|c: char| !joined(c)).unwrap_or(from.len());
        let run = from[..end].trim_end_matches(|c: char| !c.is_ascii_digit());
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        out.push_str(if digits >= 4 { "*" } else { run });
        rest = &from[run.len()..];
    }
    // What stands for itself in a path must not be read as a pattern.
    let fixed = |t: &str| t.replace('[', "[[]").replace('?', "[?]");
    out.push_str(rest);
    if file.contains(['[', '?']) { fixed(&out) } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_from_export_to_export_is_left_open() {
        for (file, wanted) in [
            ("exports/invoices.csv", "exports/invoices.csv"),
            ("exports/usage-2026-10-01.csv.gz", "exports/usage-*.csv.gz"),
            ("./fees_20261001T0600.csv", "fees_*.csv"),
            ("s3/part-7.csv", "s3/part-7.csv"),
            ("2026-10/stripe_2026.csv", "*/stripe_*.csv"),
            ("odd[1].csv", "odd[[]1].csv"),
        ] {
            assert_eq!(pattern(file), wanted);
            let rule = glob::Pattern::new(&pattern(file)).unwrap();
            assert!(rule.matches(file.trim_start_matches("./")), "{file}");
        }
    }
}
