//! Companion files: other exports from which an export takes columns.

use super::{Fault, Ingest, digest, json_names, sample, stat_of};
use crate::import::{
    detect::{self, Detected, Head},
    exports::{Export, is_export},
    mapping::{JoinNeed, Joins, Lookup, Record},
    profile::Profiles,
    read::{self, Open, Source, csv, json},
};
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64},
};

/// Stands before a hash of the files beside an export, in place of a companion's path.
const NEIGHBOURS: &str = "beside:";

impl Ingest<'_> {
    /// The companion files' tables, and path and digest of each.
    pub(super) fn joins(
        &self,
        export: &Export,
        detected: &Detected,
    ) -> Result<(Joins, Vec<(String, String)>), Fault> {
        let mut joins = Joins::new();
        let mut companions: Vec<(String, String)> = Vec::new();
        let Some(profile) = detected.profile() else { return Ok((joins, companions)) };
        let needs = profile.joins();
        if !needs.is_empty() {
            companions.push((format!("{NEIGHBOURS}{}", self.neighbours(export)), String::new()));
        }
        for need in needs {
            let mut found: Option<Lookup> = None;
            for path in self.companions(export, need.file.as_deref()) {
                let Some((table, digest)) = self.lookup(&need, &path)? else { continue };
                companions.push((path.to_string_lossy().into_owned(), digest));
                match &mut found {
                    Some(first) => first.merge(table),
                    None => found = Some(table),
                }
                // A pattern names one file; a profile any number of pages.
                if need.file.is_some() {
                    break;
                }
            }
            match found {
                Some(table) => _ = joins.insert(need.join.clone(), table),
                None if need.optional => {}
                None => {
                    return Err(Fault::Join(format!(
                        "is read by profile {}, which needs {need}; put it beside this file or name it too",
                        profile.name
                    )));
                }
            }
        }
        Ok((joins, companions))
    }

    /// Files that may be the companion: those beside the export whose name fits, then the other exports.
    fn companions(&self, export: &Export, pattern: Option<&str>) -> Vec<PathBuf> {
        let pattern = pattern.and_then(|p| glob::Pattern::new(p).ok());
        let fits = |p: &Path| {
            let name = p.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            is_export(&name) && pattern.as_ref().is_none_or(|g| g.matches(&name))
        };
        let mut list: Vec<PathBuf> = Vec::new();
        if let Some(folder) = export.path.as_deref().map(|p| p.parent().unwrap_or(Path::new("."))) {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            if let Ok(entries) = std::fs::read_dir(folder) {
                list = entries.flatten().map(|e| e.path()).filter(|p| p.is_file() && fits(p)).collect();
                list.sort();
            }
        }
        list.extend(self.exports.iter().filter_map(|e| e.path.clone()));
        let mut seen: HashSet<PathBuf> = HashSet::new();
        let own = export.path.as_deref().map(|p| p.canonicalize().unwrap_or_else(|_| p.to_owned()));
        list.retain(|p| {
            let whole = p.canonicalize().unwrap_or_else(|_| p.clone());
            Some(&whole) != own.as_ref() && seen.insert(whole)
        });
        list
    }

    /// Changes when a file that may be a companion comes, goes or is written again.
    fn neighbours(&self, export: &Export) -> String {
        let mut hash = blake3::Hasher::new();
        for path in self.companions(export, None) {
            let stat = Source::File(path.clone()).stamp().ok().flatten().map(stat_of).unwrap_or_default();
            let line = format!("{}\0{}\0{}\0", path.display(), stat.size, stat.mtime);
            hash.update(line.as_bytes());
        }
        hash.finalize().to_hex().to_string()
    }

    /// Whether the companions of a known file are as they were.
    pub(super) fn companions_unchanged(&self, export: &Export, companions: &[(String, String)]) -> bool {
        companions.iter().all(|(path, known)| match path.strip_prefix(NEIGHBOURS) {
            Some(then) => self.neighbours(export) == then,
            None => digest(&Source::File(PathBuf::from(path))).is_ok_and(|d| d == *known),
        })
    }

    /// The name of the profile that reads a file, if one does.
    fn profile_of(&self, path: &Path) -> Option<String> {
        if let Some(known) = self.recognised.borrow().get(path) {
            return known.clone();
        }
        let found = recognise(path, self.options.profiles);
        let found = found.and_then(|d| Some(d.profile()?.name.clone()));
        self.recognised.borrow_mut().insert(path.to_owned(), found.clone());
        found
    }

    /// The companion's table and digest, if the file is one.
    fn lookup(&self, need: &JoinNeed, path: &Path) -> Result<Option<(Lookup, String)>, Fault> {
        if need.profile.is_some() && self.profile_of(path) != need.profile {
            return Ok(None);
        }
        let source = Source::File(path.to_owned());
        let Ok(text) = source.open(&Open::default(), Arc::new(AtomicU64::new(0))) else { return Ok(None) };
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let hex = |identity: read::Identity| blake3::Hash::from(identity.digest).to_hex().to_string();
        match read::Format::sniff(text.head()) {
            None => Ok(None),
            Some(read::Format::Csv) => {
                let known = |names: &[&str]| detect::score_header(names, self.options.profiles);
                let options = csv::CsvOptions { dialect: None, known: Some(&known) };
                let Ok(mut reader) = csv::Reader::new(text, options) else { return Ok(None) };
                let names = reader.header().names.clone();
                let header: Vec<&str> = names.iter().map(String::as_str).collect();
                let Ok(mut table) = Lookup::new(need, &name, Some(&header)) else { return Ok(None) };
                while let Some(row) = reader.next_row()? {
                    if let Ok(row) = row {
                        table.add(&Record::Cells(&row.iter().collect::<Vec<_>>()));
                    }
                }
                Ok(Some((table, hex(reader.finish()?))))
            }
            Some(read::Format::Json) => {
                let options = json::JsonOptions { names: json_names() };
                let Ok(mut splitter) = json::Splitter::new(text, options) else { return Ok(None) };
                let Ok(mut table) = Lookup::new(need, &name, None) else { return Ok(None) };
                while let Some(block) = splitter.next_block()? {
                    for value in block.items().filter_map(|item| item.ok()?.parse().ok()) {
                        table.add(&Record::Json(&value));
                    }
                }
                Ok(Some((table, hex(splitter.finish()?))))
            }
        }
    }
}

/// What a file is by its header or shape, if that tells.
pub(super) fn recognise(path: &Path, profiles: &Profiles) -> Option<Detected> {
    let text = Source::File(path.to_owned()).open(&Open::default(), Arc::new(AtomicU64::new(0))).ok()?;
    let name = path.file_name()?.to_string_lossy().into_owned();
    let found = match read::Format::sniff(text.head())? {
        read::Format::Csv => {
            let known = |names: &[&str]| detect::score_header(names, profiles);
            let options = csv::CsvOptions { dialect: None, known: Some(&known) };
            let reader = csv::Reader::new(text, options).ok()?;
            let names = reader.header().names.clone();
            let header: Vec<&str> = names.iter().map(String::as_str).collect();
            detect::detect(&name, &Head::Header(&header), None, profiles)
        }
        read::Format::Json => {
            let options = json::JsonOptions { names: json_names() };
            let mut splitter = json::Splitter::new(text, options).ok()?;
            let sample = sample(splitter.next_block().ok()?.as_ref());
            let head = Head::Records { first: &sample, container: splitter.key() };
            detect::detect(&name, &head, None, profiles)
        }
    };
    found.ok()
}
