//! Export files into the cache: only what has changed is read again.

mod companions;

use companions::recognise;

use super::{
    detect::{self, Detected, Forced, Head, Unknown},
    exports::Export,
    load::{self, FileWork, Loaded},
    mapping::{Mapping, MappingError},
    profile::Profiles,
    read::{self, Charset, Open, ReadError, Source, csv, json},
};
use crate::{
    cache::{Cache, Content, ContentDraft, Input, KnownPath, Part, Stat},
    model::datasets::{self, Dataset},
    report::Problem,
    settings::{Settings, SourceRule},
};
use anyhow::Result;
use serde_json::Value;
use std::{
    cell::{OnceCell, RefCell},
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64},
};

/// How files are read, apart from the settings.
pub struct Options<'o> {
    /// The profiles that are known.
    pub profiles: &'o Profiles,
    /// Hash every file, whatever its stat says.
    pub verify: bool,
    /// The paths stay known to later runs that name none.
    pub register: bool,
    /// The datasets that are asked for; `None`: all. A large file of a folder that holds none of them is passed over.
    pub wanted: Option<&'o [&'static str]>,
    /// Standard input once it was read.
    pub stdin: &'o OnceCell<Source>,
    /// Told of rows and bytes while a file is read.
    pub progress: &'o dyn Fn(&str, u64) -> Box<dyn Meter>,
}

/// Shows how far a file is read.
pub trait Meter {
    /// Rows and bytes so far.
    fn at(&self, rows: u64, bytes: u64);
}

/// What reading the exports gave.
#[derive(Debug, Default)]
pub struct Ingested {
    /// The files, in the order given.
    pub inputs: Vec<Input>,
    /// Files that cannot be used at all, or are no export: exit code 2.
    pub errors: Vec<Problem>,
    /// Files whose data cannot be trusted: exit code 3.
    pub problems: Vec<Problem>,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// How many files were read; the others were known.
    pub read: usize,
}

impl Ingested {
    /// The contents in the cache.
    pub fn contents(&self) -> Vec<i64> {
        self.inputs.iter().map(|i| i.content.id).filter(|id| *id != UNUSABLE).collect()
    }
}

/// Rises when the same bytes give other rows than before.
const READER: &str = "crosscheck-reader/1";

/// The id of contents and parts that stand for a file that could not be used or was not read; the cache has none like it.
const UNUSABLE: i64 = -1;

/// Bytes from which a file is passed over where nothing in it is asked for; a smaller one is soon read.
const LARGE: u64 = 4 << 20;

/// Why one file gave nothing.
enum Fault {
    Read(ReadError),
    Unknown(Unknown),
    Mapping(MappingError),
    Join(String),
    Other(anyhow::Error),
}

impl From<ReadError> for Fault {
    fn from(e: ReadError) -> Fault {
        Fault::Read(e)
    }
}
impl From<load::LoadFault> for Fault {
    fn from(e: load::LoadFault) -> Fault {
        match e {
            load::LoadFault::Read(e) => Fault::Read(e),
            load::LoadFault::Other(e) => Fault::Other(e),
        }
    }
}
impl From<anyhow::Error> for Fault {
    fn from(e: anyhow::Error) -> Fault {
        Fault::Other(e)
    }
}
impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fault::Read(e) => e.fmt(f),
            Fault::Unknown(e) => e.fmt(f),
            Fault::Mapping(e) => e.fmt(f),
            Fault::Join(e) => f.write_str(e),
            Fault::Other(e) => write!(f, "{e:#}"),
        }
    }
}

struct Ingest<'i> {
    exports: &'i [Export],
    settings: &'i Settings,
    options: &'i Options<'i>,
    /// Digest of all profiles: another profile may claim a file.
    profiles: String,
    /// The profile of each file that was looked at as a companion.
    recognised: RefCell<HashMap<PathBuf, Option<String>>>,
}

/// Reads what has changed of the exports into the cache, in one transaction, and gives all of them.
pub fn ingest(
    cache: &mut Cache,
    exports: &[Export],
    settings: &Settings,
    options: &Options<'_>,
) -> Result<Ingested> {
    let profiles = options.profiles.digest();
    let job = Ingest { exports, settings, options, profiles, recognised: RefCell::default() };
    let mut out = Ingested::default();
    let mut known: Vec<Option<i64>> = Vec::with_capacity(exports.len());
    let mut unread: Vec<Vec<&'static Dataset>> = Vec::with_capacity(exports.len());
    for export in exports {
        let id = if options.register { None } else { job.unchanged(cache, export)? };
        unread.push(if id.is_none() { job.passed_over(export) } else { Vec::new() });
        known.push(id);
    }
    let settled = |at: usize| known[at].is_some() || !unread[at].is_empty();
    let packs = if (0..exports.len()).all(settled) {
        Vec::new()
    } else {
        cache.write(|cache| {
            for (at, export) in exports.iter().enumerate() {
                if known[at].is_none() && unread[at].is_empty() {
                    known[at] = job.store(cache, export, &mut out)?;
                }
            }
            cache.collect()
        })?
    };
    cache.remove_packs(&packs);
    for ((export, id), unread) in exports.iter().zip(known).zip(unread) {
        if !unread.is_empty() {
            out.inputs.push(without_rows(export, String::new(), unread, Vec::new()));
        }
        let Some(id) = id else { continue };
        let content = cache.content(id)?;
        for w in &content.warnings {
            out.warnings.push(format!("{}: {w}", export.shown));
        }
        let zone = job.rule(export).and_then(|r| r.timezone);
        out.inputs.push(Input { file: export.shown.clone(), content, zone });
    }
    Ok(out)
}

fn stat_of(stamp: read::Stamp) -> Stat {
    let size = i64::try_from(stamp.size).unwrap_or(i64::MAX);
    Stat { size, mtime: stamp.modified_ns, ctime: stamp.changed_ns, inode: stamp.inode.cast_signed() }
}

/// Whether a file has rested for two seconds, so that an equal stat will mean equal bytes.
#[allow(
    clippy::disallowed_methods,
    reason = "how fresh a file is decides only whether it is hashed again, never a result"
)]
fn settled(stat: Stat) -> bool {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.ok().and_then(|d| i64::try_from(d.as_nanos()).ok()).unwrap_or(i64::MAX);
    stat.mtime.max(stat.ctime) < now.saturating_sub(2_000_000_000)
}

impl Ingest<'_> {
    fn rule(&self, export: &Export) -> Option<&SourceRule> {
        self.settings.source_of(&export.shown)
    }

    /// The path as the cache knows it.
    fn key(export: &Export) -> String {
        match &export.path {
            Some(path) => path.canonicalize().unwrap_or_else(|_| path.clone()).to_string_lossy().into_owned(),
            None => format!("stdin:{}", export.dataset.unwrap_or("")),
        }
    }

    fn file_name(export: &Export) -> String {
        let name = export.path.as_deref().and_then(Path::file_name);
        name.map_or_else(String::new, |n| n.to_string_lossy().into_owned())
    }

    /// What decides how a file's bytes become rows, apart from companion files.
    fn recipe(&self, export: &Export) -> String {
        let rule = self.rule(export);
        let parts = [
            READER.to_owned(),
            self.profiles.clone(),
            Self::file_name(export),
            export.dataset.unwrap_or("").to_owned(),
            rule.and_then(|r| r.profile.clone()).unwrap_or_default(),
            rule.and_then(|r| r.dataset).unwrap_or("").to_owned(),
            rule.and_then(|r| r.encoding).map_or("", |e| e.name()).to_owned(),
            rule.and_then(|r| r.delimiter).map_or(String::new(), |d| d.to_string()),
        ];
        let mut hash = blake3::Hasher::new();
        for p in parts {
            hash.update(&(p.len() as u64).to_le_bytes());
            hash.update(p.as_bytes());
        }
        hash.finalize().to_hex().to_string()
    }

    /// The content of a file that is as it was when it was last read.
    fn unchanged(&self, cache: &Cache, export: &Export) -> Result<Option<i64>> {
        let Some(path) = &export.path else { return Ok(None) };
        let Some(known) = cache.known(&Self::key(export))? else { return Ok(None) };
        let same_recipe = known.recipe == self.recipe(export);
        if !same_recipe
            || self.options.verify
            || !known.settled
            || !self.companions_unchanged(export, &known.companions)
        {
            return Ok(None);
        }
        let stamp = Source::File(path.clone()).stamp().ok().flatten();
        let same = stamp.is_some_and(|s| stat_of(s) == known.stat) && cache.whole(known.content)?;
        Ok(same.then_some(known.content))
    }

    /// What a large file of a folder holds, where none of it is asked for: it is not read.
    fn passed_over(&self, export: &Export) -> Vec<&'static Dataset> {
        let held = || {
            let wanted = self.options.wanted?;
            let path = export
                .path
                .as_ref()
                .filter(|p| !export.named && p.metadata().is_ok_and(|m| m.len() >= LARGE))?;
            self.rule(export).is_none().then_some(())?;
            let held = recognise(path, self.options.profiles)?.datasets();
            held.iter().all(|d| !wanted.contains(&d.name)).then_some(held)
        };
        held().unwrap_or_default()
    }

    /// Reads a file into the cache where its bytes are not there yet; tells `out` where that fails.
    fn store(&self, cache: &Cache, export: &Export, out: &mut Ingested) -> Result<Option<i64>> {
        match cache.nested(|| self.read(cache, export, out).map_err(Nested::from)) {
            Ok(id) => Ok(Some(id)),
            Err(Nested(Fault::Other(error))) => Err(error.context(format!("cannot import {}", export.shown))),
            Err(Nested(fault)) => {
                cache.forget(&Self::key(export))?;
                self.tell(export, &fault, out);
                Ok(None)
            }
        }
    }

    /// Sorts a fault into error, problem or warning.
    fn tell(&self, export: &Export, fault: &Fault, out: &mut Ingested) {
        let named_after =
            export.dataset.or_else(|| datasets::by_file_name(&Self::file_name(export)).map(|d| d.name));
        let message = fault.to_string();
        let (code, untrusted) = match fault {
            Fault::Read(ReadError::FileChanged { .. }) => ("data/file-changed", true),
            Fault::Read(
                ReadError::CutShort { .. } | ReadError::Damaged { .. } | ReadError::JsonCutShort { .. },
            ) => ("data/cut-file", true),
            Fault::Read(ReadError::Empty) | Fault::Unknown(Unknown::Empty) if named_after.is_some() => {
                ("data/empty-file", true)
            }
            Fault::Read(
                ReadError::Missing
                | ReadError::NoAccess
                | ReadError::Folder
                | ReadError::Io(_)
                | ReadError::Spool(_),
            ) => ("usage/unreadable", false),
            Fault::Read(ReadError::NotAFile { .. }) if export.named => ("usage/unreadable", false),
            Fault::Read(ReadError::Binary { .. } | ReadError::NotAFile { .. })
            | Fault::Unknown(Unknown::Nothing { .. } | Unknown::NoRecord)
                if !export.named =>
            {
                out.warnings.push(format!("{} {message}; it was passed over", export.shown));
                return;
            }
            Fault::Unknown(Unknown::Lacks { .. }) | Fault::Mapping(_) | Fault::Join(_) if !export.named => {
                ("data/unusable-file", true)
            }
            Fault::Read(ReadError::Empty) | Fault::Unknown(Unknown::Empty) if !export.named => {
                out.warnings.push(format!("{} {message}; it was passed over", export.shown));
                return;
            }
            Fault::Read(_) if !export.named => ("data/unusable-file", true),
            _ => ("usage/unusable-file", false),
        };
        let problem = Problem::new(code, message.clone()).at(&export.shown, None);
        if !untrusted {
            out.errors.push(problem);
            return;
        }
        // Only checks that read the dataset cannot be trusted for it.
        match named_after.and_then(datasets::find) {
            Some(dataset) => {
                out.warnings.push(format!("{} {message}", export.shown));
                let bytes = export.path.clone().and_then(|p| digest(&Source::File(p)).ok());
                let bytes = bytes.unwrap_or_else(|| blake3::hash(b"").to_hex().to_string());
                let problems = vec![(code.to_owned(), message)];
                out.inputs.push(without_rows(export, bytes, vec![dataset], problems));
            }
            None => out.problems.push(problem),
        }
    }

    /// Standard input, kept so that it can be read more than once.
    fn stdin(&self) -> Result<Source, ReadError> {
        if let Some(source) = self.options.stdin.get() {
            return Ok(source.clone());
        }
        let source = Source::stdin(None)?;
        Ok(self.options.stdin.get_or_init(|| source).clone())
    }

    /// Whether a content can be used; one whose pack is gone is removed.
    fn whole(&self, cache: &Cache, content: i64) -> Result<bool> {
        let whole = cache.whole(content)?;
        if !whole {
            cache.discard(content)?;
        }
        Ok(whole)
    }

    fn read(&self, cache: &Cache, export: &Export, out: &mut Ingested) -> Result<i64, Fault> {
        let source = match &export.path {
            Some(path) => Source::File(path.clone()),
            None => self.stdin()?,
        };
        let recipe = self.recipe(export);
        let key = Self::key(export);
        let known = cache.known(&key)?;
        let before = source.stamp()?.map(stat_of).unwrap_or_default();
        let settled = export.path.is_some() && settled(before);
        let mut point = KnownPath {
            path: key,
            stat: before,
            settled,
            recipe: recipe.clone(),
            content: 0,
            registered: self.options.register && export.path.is_some(),
            companions: Vec::new(),
        };
        let fits = |k: &KnownPath| k.recipe == recipe && self.companions_unchanged(export, &k.companions);
        if let Some(known) = known.filter(fits)
            && self.whole(cache, known.content)?
        {
            let content = cache.content(known.content)?;
            let same = known.settled && known.stat == before && export.path.is_some() && !self.options.verify;
            if same || digest(&source).map_err(gone)? == content.digest {
                point.content = known.content;
                point.companions = known.companions;
                cache.point(&point)?;
                return Ok(known.content);
            }
        }
        let mut open = Open::default();
        if let Some(encoding) = self.rule(export).and_then(|r| r.encoding) {
            open.charset = Charset::Declared(encoding);
        }
        let load = |open: &Open| match self.load(cache, export, &source, open) {
            Err(Fault::Read(error)) => Err(Fault::Read(gone(error))),
            other => other,
        };
        let (mut loaded, companions) = match load(&open) {
            Err(Fault::Read(ReadError::NotUtf8 { .. })) => {
                open.charset = source.charset_after_not_utf8(&open).map_err(gone)?;
                load(&open)?
            }
            other => other?,
        };
        out.read += 1;
        let mut full = recipe;
        for c in &companions {
            full.push_str(&format!("+{}", c.1));
        }
        point.companions = companions;
        if let Some(twin) = cache.find_content(&loaded.digest, &full)?
            && self.whole(cache, twin)?
        {
            cache.discard(loaded.content)?;
            point.content = twin;
            cache.point(&point)?;
            return Ok(twin);
        }
        let draft = ContentDraft {
            digest: std::mem::take(&mut loaded.digest),
            recipe: full,
            profile: loaded.profile.take(),
            warnings: std::mem::take(&mut loaded.warnings),
            problems: std::mem::take(&mut loaded.problems),
        };
        let pack = loaded.blocks.finish(cache, loaded.content)?;
        cache.finish_content(loaded.content, &draft, pack.as_deref())?;
        point.content = loaded.content;
        cache.point(&point)?;
        Ok(loaded.content)
    }

    /// Recognises a file and reads its rows.
    fn load(
        &self,
        cache: &Cache,
        export: &Export,
        source: &Source,
        open: &Open,
    ) -> Result<(Loaded, Vec<(String, String)>), Fault> {
        let bytes = Arc::new(AtomicU64::new(0));
        let text = source.open(open, Arc::clone(&bytes))?;
        let decoding = text.decoding().warning();
        let Some(format) = read::Format::sniff(text.head()) else {
            return Err(Fault::Read(ReadError::Empty));
        };
        let rule = self.rule(export);
        let forced = export
            .dataset
            .map(Forced::Dataset)
            .or_else(|| rule.and_then(|r| r.profile.as_deref()).map(Forced::Profile))
            .or_else(|| rule.and_then(|r| r.dataset).map(Forced::Dataset));
        let name = Self::file_name(export);
        let meter = (self.options.progress)(&export.shown, source.stamp()?.map_or(0, |s| s.size));
        let work = |mapping, detected: &Detected| FileWork {
            cache,
            mapping,
            detected: detected.clone(),
            bytes: &bytes,
            meter: &*meter,
        };
        let (mut loaded, companions) = match format {
            read::Format::Csv => {
                let known = |names: &[&str]| detect::score_header(names, self.options.profiles);
                let dialect = rule
                    .and_then(|r| r.delimiter)
                    .map(|delimiter| csv::Dialect { delimiter, ..csv::Dialect::detect(text.head(), &known) });
                let splitter = csv::Splitter::new(text, csv::CsvOptions { dialect, known: Some(&known) })?;
                let names: Vec<String> = splitter.header().names.clone();
                let header: Vec<&str> = names.iter().map(String::as_str).collect();
                let detected = detect::detect(&name, &Head::Header(&header), forced, self.options.profiles)
                    .map_err(Fault::Unknown)?;
                let (joins, companions) = self.joins(export, &detected)?;
                let mapping = Mapping::new(&detected, Some(&header), joins).map_err(Fault::Mapping)?;
                let mapping = mapping.for_file(&name);
                (load::csv(&work(mapping, &detected), splitter)?, companions)
            }
            read::Format::Json => {
                let names = json_names();
                let mut splitter = json::Splitter::new(text, json::JsonOptions { names })?;
                let first = splitter.next_block()?;
                let sample = sample(first.as_ref());
                let container = splitter.key().map(str::to_owned);
                let head = Head::Records { first: &sample, container: container.as_deref() };
                let detected =
                    detect::detect(&name, &head, forced, self.options.profiles).map_err(Fault::Unknown)?;
                let (joins, companions) = self.joins(export, &detected)?;
                let mapping = Mapping::new(&detected, None, joins).map_err(Fault::Mapping)?;
                let mapping = mapping.for_file(&name);
                (load::json(&work(mapping, &detected), splitter, first)?, companions)
            }
        };
        loaded.warnings.extend(decoding);
        Ok((loaded, companions))
    }
}

/// A file of which no row is there: it could not be used, or was not asked for.
fn without_rows(
    export: &Export,
    digest: String,
    datasets: Vec<&'static Dataset>,
    problems: Vec<(String, String)>,
) -> Input {
    let content = Content {
        id: UNUSABLE,
        digest,
        recipe: String::new(),
        profile: None,
        pack: None,
        warnings: Vec::new(),
        problems,
        parts: datasets.into_iter().map(|dataset| Part::new(UNUSABLE, dataset)).collect(),
    };
    Input { file: export.shown.clone(), content, zone: None }
}

/// The first records of a JSON file, by which it is recognised.
fn sample(first: Option<&json::Block>) -> Vec<Value> {
    first
        .into_iter()
        .flat_map(json::Block::items)
        .take(20)
        .filter_map(|item| item.ok()?.parse().ok())
        .collect()
}

/// Names under which a JSON object may hold its records.
fn json_names() -> Vec<String> {
    datasets::DATASETS.iter().map(|d| d.name.to_owned()).collect()
}

/// A file that was there when its reading began, and is not now, was removed meanwhile.
fn gone(error: ReadError) -> ReadError {
    match error {
        ReadError::Missing => ReadError::FileChanged { what: "it was removed" },
        other => other,
    }
}

/// BLAKE3 of a source's bytes, hexadecimal.
fn digest(source: &Source) -> Result<String, ReadError> {
    Ok(blake3::Hash::from(source.identity()?.digest).to_hex().to_string())
}

/// A fault on its way out of a savepoint.
struct Nested(Fault);

impl From<Fault> for Nested {
    fn from(f: Fault) -> Nested {
        Nested(f)
    }
}
impl From<anyhow::Error> for Nested {
    fn from(e: anyhow::Error) -> Nested {
        Nested(Fault::Other(e))
    }
}
