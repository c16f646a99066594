//! The exports as a check sees them: records with shared names, each counted once, from the files it was given.

mod keyed;
mod load;
mod names;
mod portions;
mod record;
pub mod records;
mod united;
mod untranslated;

pub use names::Names;
pub use record::{At, Cell, Cells, Field, Naming, Own, Record, Source};
pub(crate) use record::{column, record};
pub use untranslated::Untranslated;

use crate::{
    cache::{Cache, Input, Part},
    model::{datasets, time::Stamp},
    report::{Evidence, InputReport, Problem},
    settings::Settings,
    usage::{Memo, MeterPart},
};
use anyhow::Result;
use chrono_tz::Tz;
use std::{cell::RefCell, collections::BTreeSet, ops::Deref, sync::Arc};

/// A record that several exports hold with different contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictingRecord {
    /// The dataset.
    pub dataset: &'static str,
    /// The key's values, joined.
    pub key: String,
    /// The account, where the dataset has one.
    pub account: Option<String>,
    /// Where the record that is used stands.
    pub used: At,
    /// Where the one that is not stands.
    pub unused: At,
    /// The first column in which they differ.
    pub column: &'static str,
}

/// What loading has noticed beside the records.
#[derive(Clone, Debug, Default)]
pub struct Noticed {
    /// Records with two contents.
    pub conflicts: Vec<ConflictingRecord>,
    /// What a person should know of how the data was read.
    pub notes: BTreeSet<String>,
}

/// What was given to one run: the files, what was asked for, and shared names. Any thread may read it.
pub struct Exports<'a> {
    /// The files.
    pub inputs: &'a [Input],
    /// What was asked for.
    pub settings: &'a Settings,
    /// Shared names.
    pub names: Arc<Names>,
}

/// The exports of one run, with the cache that they lie in.
pub struct Data<'a> {
    /// What was given.
    pub exports: Exports<'a>,
    /// The cache they lie in.
    pub cache: &'a Cache,
    noticed: RefCell<Noticed>,
    memos: RefCell<Vec<Memo>>,
}

impl<'a> Deref for Data<'a> {
    type Target = Exports<'a>;

    fn deref(&self) -> &Exports<'a> {
        &self.exports
    }
}

impl Exports<'_> {
    /// The parts of a dataset, with the index of their file.
    pub fn parts(&self, dataset: &str) -> impl Iterator<Item = (usize, &Part)> {
        let wanted = datasets::find(dataset).map_or("", |d| d.name);
        self.inputs.iter().enumerate().flat_map(move |(at, input)| {
            input.content.parts.iter().filter(move |p| p.dataset.name == wanted).map(move |p| (at, p))
        })
    }

    /// Whether an export of the dataset was given.
    pub fn has(&self, dataset: &str) -> bool {
        self.parts(dataset).next().is_some()
    }

    /// Whether an export of the dataset has the column; an empty cell is a value, an absent column is not.
    pub fn has_column(&self, dataset: &str, column: &str) -> bool {
        self.parts(dataset).any(|(_, p)| p.dataset.position(column).is_some_and(|c| p.present.contains(&c)))
    }

    /// Rows of a dataset that can be used, over all files.
    pub fn loaded(&self, dataset: &str) -> u64 {
        self.parts(dataset).map(|(_, p)| p.loaded).sum()
    }

    /// The zone of a file's timestamps without an offset.
    pub fn zone_of(&self, file: usize) -> Tz {
        self.inputs.get(file).and_then(|i| i.zone).unwrap_or(self.settings.timezone)
    }

    /// A problem of a dataset, told of its first file.
    pub fn blame(&self, dataset: &str, problem: Problem) -> Problem {
        match self.parts(dataset).map(|(file, _)| &*self.inputs[file].file).min() {
            Some(file) => problem.at(file, None),
            None => problem,
        }
    }

    /// Evidence of a place.
    pub fn evidence(&self, dataset: &str, at: At) -> Evidence {
        let file = self.inputs.get(at.file as usize).map_or_else(String::new, |i| i.file.clone());
        Evidence { dataset: dataset.to_owned(), file, line: at.line }
    }

    /// The usage events' parts.
    pub fn meter_parts(&self) -> Vec<MeterPart> {
        // A file that could not be read has a part without rows, and no events.
        self.parts("usage_events")
            .filter(|(_, part)| part.rows > 0)
            .map(|(file, part)| MeterPart {
                file,
                content: self.inputs[file].content.id,
                pack: self.inputs[file].content.pack.clone(),
                part: part.id,
                rows: part.loaded,
                zone: self.zone_of(file),
                identity: format!(
                    "{} {}",
                    self.inputs[file].content.digest, self.inputs[file].content.recipe
                ),
            })
            .collect()
    }

    /// The files as the report lists them.
    pub fn input_reports(&self, datasets: &[&str]) -> Vec<InputReport> {
        let wanted = |p: &&Part| datasets.contains(&p.dataset.name);
        let time = |file: usize, text: &Option<String>| {
            let stamp = Stamp::parse(text.as_deref()?).ok()?;
            Some(match stamp {
                Stamp::Date(d) => d.to_string(),
                other => crate::model::time::rfc3339(other.in_zone(self.zone_of(file))),
            })
        };
        let mut found: Vec<InputReport> = self
            .inputs
            .iter()
            .enumerate()
            .flat_map(|(at, input)| {
                input.content.parts.iter().filter(wanted).map(move |p| InputReport {
                    dataset: p.dataset.name.to_owned(),
                    file: input.file.clone(),
                    profile: input.content.profile.clone(),
                    rows: p.rows,
                    loaded: p.loaded,
                    rejected: p.rejected,
                    filtered: p.filtered,
                    digest: input.content.digest.clone(),
                    oldest: time(at, &p.oldest),
                    newest: time(at, &p.newest),
                })
            })
            .collect();
        found.sort_by(|a, b| (&a.dataset, &a.file).cmp(&(&b.dataset, &b.file)));
        found
    }
}

impl<'a> Data<'a> {
    /// The exports of these files.
    pub fn open(cache: &'a Cache, inputs: &'a [Input], settings: &'a Settings) -> Result<Data<'a>> {
        let names = Arc::new(Names::load(cache, inputs, settings)?);
        Ok(Data::of(cache, Exports { inputs, settings, names }))
    }

    fn of(cache: &'a Cache, exports: Exports<'a>) -> Data<'a> {
        Data { exports, cache, noticed: RefCell::default(), memos: RefCell::default() }
    }

    /// Adds a remark on how the data was read.
    pub fn note(&self, text: impl Into<String>) {
        self.noticed.borrow_mut().notes.insert(text.into());
    }

    /// Keeps results for [`Data::take_memos`].
    pub fn keep_memos(&self, memos: Vec<Memo>) {
        self.memos.borrow_mut().extend(memos);
    }

    /// Results that the cache should remember, once nobody reads it any more.
    pub fn take_memos(&self) -> Vec<Memo> {
        std::mem::take(&mut *self.memos.borrow_mut())
    }

    /// What loading has noticed so far.
    pub fn take_noticed(&self) -> Noticed {
        let mut noticed = std::mem::take(&mut *self.noticed.borrow_mut());
        noticed.conflicts.sort_by(|a, b| {
            (a.dataset, &a.key, a.used, a.unused).cmp(&(b.dataset, &b.key, b.used, b.unused))
        });
        noticed.conflicts.dedup();
        noticed
    }
}
