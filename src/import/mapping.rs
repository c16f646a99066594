//! Records become rows of datasets.
//!
//! A [`Mapping`] is made once for a file, from its header or shape, and applied to each record. What it gives is
//! validated and canonical ([`crate::import::validate`]). Rows are emitted one by one, each on its own: of a
//! record that gives several, a rejected one does not take the others with it.

pub use super::profile::{Format, JoinNeed, Joins, Lookup, MappingError, MissingColumn, Record};
use super::{
    detect::Detected,
    profile::{Compiled, Fold, Made, Place, PlainWay, Profile, RowFault, Scope, Stands},
    validate::{self, Reason},
    wide::{self, Sheet},
};
use crate::model::datasets::{self, Dataset, fold_name};
use serde_json::{Map, Value};
use std::{borrow::Cow, collections::HashMap, mem, sync::LazyLock};

/// How the records of one file become rows.
#[derive(Clone, Debug)]
pub struct Mapping {
    kind: Kind,
    datasets: Vec<&'static Dataset>,
    /// The file's name without its endings.
    file: String,
}

#[derive(Clone, Debug)]
enum Kind {
    /// The cell of each column.
    Cells {
        fields: Vec<Option<usize>>,
        header: Vec<String>,
    },
    /// Keys are columns.
    Keys,
    /// identities with one column a system: the account's cell, and system and cell.
    WideCells {
        account: usize,
        systems: Vec<(String, usize)>,
        header: Vec<String>,
    },
    /// The same with keys.
    WideKeys,
    Profile(Box<Compiled>),
}

/// What stands around the records of a plain array, of lines and of CSV.
static NOTHING: LazyLock<Value> = LazyLock::new(|| Value::Object(Map::new()));

/// How all columns of a dataset are found.
pub(super) struct PlainWays<'m> {
    /// In catalogue order: the ways to each column's value, first those that are tried first.
    pub columns: Vec<Vec<PlainWay<'m>>>,
    /// The dataset, where the records' keys are its columns.
    pub canonical: Option<&'static Dataset>,
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct OutRow<'r, 'a> {
    /// Which output of the mapping; see [`Mapping::datasets`].
    pub output: usize,
    /// Its dataset.
    pub dataset: &'static Dataset,
    /// The canonical values in catalogue order; `None` where there is none.
    pub values: &'r [Option<Cow<'a, str>>],
}

/// A row that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Which output of the mapping.
    pub output: usize,
    /// The dataset.
    pub dataset: &'static str,
    /// Its column at fault, the first in catalogue order (the currency before all others).
    pub column: &'static str,
    /// The position of the cell in the line, from 1; `None` in JSON or where no cell is to blame.
    pub field: Option<usize>,
    /// The header or path that the value came from; may be empty.
    pub source: String,
    /// The value: `•••` for personal columns, cut after 120 characters. Control characters are as they were.
    pub value: String,
    /// Why, as a clause.
    pub reason: Reason,
}

/// What became of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rows emitted.
    pub loaded: u32,
    /// Rows that the profile excludes; a record that no output takes counts as one.
    pub filtered: u32,
    /// Rows that cannot be used.
    pub rejected: Vec<Rejected>,
    /// The path that says that the export is cut here.
    pub cut: Option<String>,
}

/// Rows by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Emitted.
    pub loaded: u64,
    /// Excluded by the profile.
    pub filtered: u64,
    /// Not usable.
    pub rejected: u64,
}

/// What is learnt while a mapping is applied, and buffers that are used again. One for each thread; then
/// [`State::merge`].
#[derive(Clone, Debug)]
pub struct State {
    counts: Vec<Counts>,
    seen: Vec<Vec<bool>>,
    values: Vec<Option<Cow<'static, str>>>,
    keys: HashMap<String, Option<usize>, foldhash::fast::RandomState>,
}

impl State {
    /// The counts of each output.
    pub fn counts(&self) -> &[Counts] {
        &self.counts
    }

    /// Adds what another state of the same mapping has learnt.
    pub fn merge(&mut self, other: &State) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            mine.loaded += theirs.loaded;
            mine.filtered += theirs.filtered;
            mine.rejected += theirs.rejected;
        }
        for (mine, theirs) in self.seen.iter_mut().flatten().zip(other.seen.iter().flatten()) {
            *mine |= theirs;
        }
    }
}

impl Mapping {
    /// The mapping of a recognised file. `header`: `None` for JSON; `joins`: the tables that the profile needs.
    pub fn new(file: &Detected, header: Option<&[&str]>, joins: Joins) -> Result<Mapping, MappingError> {
        match file {
            Detected::Dataset(dataset) => Mapping::canonical(dataset, header),
            Detected::WideIdentities => Mapping::wide(header),
            Detected::Profile(profile) => Mapping::profile(profile, header, joins),
        }
    }

    fn of(kind: Kind, datasets: Vec<&'static Dataset>) -> Mapping {
        Mapping { kind, datasets, file: String::new() }
    }

    /// The same for a file of that name, which a profile may read an id from.
    pub fn for_file(self, name: &str) -> Mapping {
        let file = name.split('.').next().unwrap_or(name).to_owned();
        let mut kind = self.kind;
        if let Kind::Profile(compiled) = &mut kind {
            compiled.file.clone_from(&file);
        }
        Mapping { kind, file, ..self }
    }

    /// A canonical export: headers or keys are the dataset's columns; others are passed over.
    pub fn canonical(dataset: &'static Dataset, header: Option<&[&str]>) -> Result<Mapping, MappingError> {
        let Some(header) = header else { return Ok(Mapping::of(Kind::Keys, vec![dataset])) };
        let mut fields: Vec<Option<usize>> = vec![None; dataset.columns.len()];
        for (at, name) in header.iter().enumerate() {
            let Some(column) = dataset.match_header(name) else { continue };
            if let Some(first) = fields[column] {
                let column = (*name).to_owned();
                return Err(MappingError::DuplicateHeader { column, first: first + 1, second: at + 1 });
            }
            fields[column] = Some(at);
        }
        let missing = missing_columns(dataset, &|at| fields[at].is_some());
        if !missing.is_empty() {
            let missing = missing.into_iter().map(|c| MissingColumn::new(c, Vec::new(), header)).collect();
            return Err(MappingError::MissingColumns { what: format!("dataset {}", dataset.name), missing });
        }
        Ok(Mapping::of(Kind::Cells { fields, header: owned(header) }, vec![dataset]))
    }

    /// identities with the account and one column a system, each filled cell of which is a row.
    pub fn wide(header: Option<&[&str]>) -> Result<Mapping, MappingError> {
        let datasets: Vec<_> = datasets::find("identities").into_iter().collect();
        let Some(header) = header else { return Ok(Mapping::of(Kind::WideKeys, datasets)) };
        let Some(Sheet { account, systems }) = Sheet::of(header) else {
            let account = wide::account_of(header).is_none();
            let lacks = if account { "account_id" } else { "a column for each system" };
            let missing = vec![MissingColumn::new(lacks, Vec::new(), header)];
            return Err(MappingError::MissingColumns { what: "dataset identities".to_owned(), missing });
        };
        for (i, (name, first)) in systems.iter().enumerate() {
            if let Some((_, second)) = systems[i + 1..].iter().find(|(n, _)| n == name) {
                let column = header[*second].to_owned();
                return Err(MappingError::DuplicateHeader { column, first: first + 1, second: second + 1 });
            }
        }
        Ok(Mapping::of(Kind::WideCells { account, systems, header: owned(header) }, datasets))
    }

    /// A vendor's export.
    pub fn profile(
        profile: &Profile,
        header: Option<&[&str]>,
        joins: Joins,
    ) -> Result<Mapping, MappingError> {
        let compiled = Compiled::new(profile, header, joins)?;
        let datasets = compiled.outputs.iter().map(|o| o.dataset).collect();
        Ok(Mapping::of(Kind::Profile(Box::new(compiled)), datasets))
    }

    /// The dataset of each output. A profile may give one dataset by several outputs.
    pub fn datasets(&self) -> &[&'static Dataset] {
        &self.datasets
    }

    /// The columns that an output folds: its rows are then shares of rows, with what is to be counted or listed in them.
    pub(super) fn folds(&self, output: usize) -> &[(usize, Fold)] {
        match &self.kind {
            Kind::Profile(compiled) => compiled.outputs.get(output).map_or(&[], |o| &o.folds),
            _ => &[],
        }
    }

    /// Where each column of a canonical CSV file stands, in catalogue order; `None` for every other mapping.
    pub(super) fn fields(&self) -> Option<&[Option<usize>]> {
        match &self.kind {
            Kind::Cells { fields, .. } => Some(fields),
            _ => None,
        }
    }

    /// How the columns are found in JSON records, where that is plain: one row a record, no condition, and each
    /// value a scalar at a path of keys.
    pub(super) fn plain_ways(&self) -> Option<PlainWays<'_>> {
        match (&self.kind, self.datasets.as_slice()) {
            (Kind::Keys, [dataset]) => Some(PlainWays {
                columns: dataset.columns.iter().map(|c| vec![PlainWay::at(vec![c.name])]).collect(),
                canonical: Some(dataset),
            }),
            (Kind::Profile(compiled), [_]) => {
                Some(PlainWays { columns: compiled.plain_ways()?, canonical: None })
            }
            _ => None,
        }
    }

    /// Notes columns that stood in records which were taken another way.
    pub(super) fn note_seen(&self, state: &mut State, seen: &[bool]) {
        for (mine, theirs) in state.seen[0].iter_mut().zip(seen) {
            *mine |= theirs;
        }
    }

    /// A fresh state.
    pub fn state(&self) -> State {
        State {
            counts: vec![Counts::default(); self.datasets.len()],
            seen: self.datasets.iter().map(|d| vec![false; d.columns.len()]).collect(),
            values: Vec::new(),
            keys: HashMap::default(),
        }
    }

    /// The columns of a dataset that the file has, by position: in CSV by its header, in JSON the keys that stood
    /// in any record so far, an explicit null included. What a profile sets by itself is there.
    pub fn present(&self, state: &State, dataset: &Dataset) -> Vec<usize> {
        let has = |at: usize| {
            let outputs = self.datasets.iter().enumerate().filter(|(_, d)| d.name == dataset.name);
            outputs.map(|(o, _)| o).any(|output| {
                state.seen.get(output).is_some_and(|s| s[at])
                    || match &self.kind {
                        Kind::Cells { fields, .. } => fields[at].is_some(),
                        Kind::WideCells { .. } => true,
                        Kind::Keys | Kind::WideKeys => false,
                        Kind::Profile(c) => c.is_csv() && c.outputs[output].certain[at],
                    }
            })
        };
        (0..dataset.columns.len()).filter(|at| has(*at)).collect()
    }

    /// Gives the rows of one record.
    pub fn apply<'a>(
        &'a self,
        state: &mut State,
        record: Record<'a>,
        emit: &mut dyn FnMut(OutRow<'_, 'a>),
    ) -> Outcome {
        self.apply_within(state, record, &NOTHING, emit)
    }

    /// Gives the rows of one record of a list; `around`: the object that holds the list.
    pub fn apply_within<'a>(
        &'a self,
        state: &mut State,
        record: Record<'a>,
        around: &'a Value,
        emit: &mut dyn FnMut(OutRow<'_, 'a>),
    ) -> Outcome {
        let around = Scope { stands: Stands::Under(&self.file), ..Scope::whole(around) };
        let mut run = Run {
            datasets: &self.datasets,
            outcome: Outcome::default(),
            counts: mem::take(&mut state.counts),
            values: mem::take(&mut state.values),
            emit,
        };
        match (&self.kind, record) {
            (Kind::Cells { fields, header }, Record::Cells(cells)) => run.cells(fields, header, cells),
            (Kind::Keys, Record::Json(Value::Object(map))) => {
                run.keys(&mut state.keys, &mut state.seen[0], map)
            }
            (Kind::WideCells { account, systems, header }, Record::Cells(cells)) => {
                let filled = systems.iter().map(|(system, at)| {
                    let id = cells.get(*at).copied().unwrap_or_default();
                    (
                        Cow::Borrowed(system.as_str()),
                        Some(Cow::Borrowed(id)),
                        Some(at + 1),
                        header[*at].as_str(),
                    )
                });
                let account = cells.get(*account).copied().unwrap_or_default();
                run.wide(Ok(Cow::Borrowed(account)), filled);
            }
            (Kind::WideKeys, Record::Json(Value::Object(map))) => {
                state.seen[0].fill(true);
                let text = |v: &'a Value| match v {
                    Value::Null => Ok(Cow::Borrowed("")),
                    v => super::profile::scalar(v)
                        .ok_or(Reason::fixed("is a list or object; one value is expected")),
                };
                let names: Vec<&str> = map.keys().map(String::as_str).collect();
                let own = wide::account_of(&names).map(|at| names[at]);
                let account = own.and_then(|k| map.get(k)).map_or(Ok(Cow::Borrowed("")), text);
                let filled = map.iter().filter(|(k, _)| Some(k.as_str()) != own).filter_map(|(k, v)| {
                    Some((Cow::Owned(wide::system_of(k)?), text(v).ok(), None, k.as_str()))
                });
                run.wide(account, filled);
            }
            (Kind::Profile(compiled), record) => run.profile(compiled, &mut state.seen, record, &around),
            _ => run.reject(0, 0, None, "", "", Reason::fixed("is needed, and the record is no JSON object")),
        }
        let Run { outcome, counts, mut values, .. } = run;
        state.counts = counts;
        // An empty buffer may hold any lifetime; collecting in place keeps its memory.
        values.clear();
        state.values = values.into_iter().map(|_| None).collect();
        outcome
    }
}

/// One application of a mapping.
struct Run<'m, 'a, 'e> {
    datasets: &'m [&'static Dataset],
    outcome: Outcome,
    counts: Vec<Counts>,
    values: Vec<Option<Cow<'a, str>>>,
    emit: &'e mut dyn FnMut(OutRow<'_, 'a>),
}

impl<'a> Run<'_, 'a, '_> {
    fn load(&mut self, output: usize) {
        self.outcome.loaded += 1;
        self.counts[output].loaded += 1;
        (self.emit)(OutRow { output, dataset: self.datasets[output], values: &self.values });
    }

    fn filter(&mut self, output: usize) {
        self.outcome.filtered += 1;
        self.counts[output].filtered += 1;
    }

    fn reject(
        &mut self,
        output: usize,
        column: usize,
        field: Option<usize>,
        source: &str,
        raw: &str,
        reason: Reason,
    ) {
        let dataset = self.datasets[output];
        let column = &dataset.columns[column];
        self.counts[output].rejected += 1;
        self.outcome.rejected.push(Rejected {
            output,
            dataset: dataset.name,
            column: column.name,
            field,
            source: source.to_owned(),
            value: validate::shown(column.personal, raw),
            reason,
        });
    }

    fn start(&mut self, dataset: &Dataset) {
        self.values.clear();
        self.values.resize(dataset.columns.len(), None);
    }

    fn cells(&mut self, fields: &[Option<usize>], header: &[String], cells: &'a [&'a str]) {
        let dataset = self.datasets[0];
        self.start(dataset);
        for (at, (column, field)) in dataset.columns.iter().zip(fields).enumerate() {
            let Some(field) = *field else { continue };
            let raw = cells.get(field).copied().unwrap_or_default();
            match validate::check(column, raw) {
                Ok(value) => self.values[at] = value,
                Err(reason) => {
                    return self.reject(0, at, Some(field + 1), &header[field], raw, reason);
                }
            }
        }
        self.finish(0, |at| fields[at].map(|f| (f + 1, header[f].clone())));
    }

    /// Emits the row if it holds what a row must hold.
    fn finish(&mut self, output: usize, place: impl Fn(usize) -> Option<(usize, String)>) {
        match validate::lacking(self.datasets[output], &self.values) {
            None => self.load(output),
            Some((at, reason)) => {
                let (field, source) = place(at).unzip();
                self.reject(output, at, field, &source.unwrap_or_default(), "", reason);
            }
        }
    }

    fn keys(
        &mut self,
        known: &mut HashMap<String, Option<usize>, foldhash::fast::RandomState>,
        seen: &mut [bool],
        map: &'a Map<String, Value>,
    ) {
        const MOST_KEYS: usize = 10_000;
        let dataset = self.datasets[0];
        self.start(dataset);
        let mut fault: Option<(usize, &str, String, Reason)> = None;
        let mut given = vec![false; dataset.columns.len()];
        for (key, value) in map {
            let column = match known.get(key) {
                Some(column) => *column,
                None => {
                    let column = dataset.match_header(key);
                    if known.len() < MOST_KEYS {
                        known.insert(key.clone(), column);
                    }
                    column
                }
            };
            let Some(at) = column else { continue };
            seen[at] = true;
            let checked = if mem::replace(&mut given[at], true) {
                Err(Reason::fixed("stands twice in the record"))
            } else {
                validate::check_json(&dataset.columns[at], value)
            };
            match checked {
                Ok(value) => self.values[at] = value,
                Err(reason) if fault.as_ref().is_none_or(|f| at < f.0) => {
                    let raw =
                        super::profile::scalar(value).map_or_else(|| value.to_string(), Cow::into_owned);
                    fault = Some((at, key, raw, reason));
                }
                Err(_) => {}
            }
        }
        match fault {
            Some((at, key, raw, reason)) => self.reject(0, at, None, key, &raw, reason),
            None => self.finish(0, |_| None),
        }
    }

    fn wide<'k>(
        &mut self,
        account: Result<Cow<'a, str>, Reason>,
        filled: impl Iterator<Item = (Cow<'a, str>, Option<Cow<'a, str>>, Option<usize>, &'k str)>,
    ) {
        let dataset = self.datasets[0];
        let (mut rows, mut account_fault) = (0, None);
        let account = account.unwrap_or_else(|reason| {
            account_fault = Some(reason);
            Cow::Borrowed("")
        });
        for (system, id, field, source) in filled {
            if id.as_ref().is_some_and(|id| id.trim().is_empty()) {
                continue;
            }
            rows += 1;
            self.start(dataset);
            let Some(id) = id else {
                let reason = Reason::fixed("is a list or object; one value is expected");
                self.reject(0, 1, field, source, "", reason);
                continue;
            };
            let trim = |t: &Cow<'a, str>| match t {
                Cow::Borrowed(t) => Cow::Borrowed(t.trim()),
                Cow::Owned(t) => Cow::Owned(t.trim().to_owned()),
            };
            self.values[0] = Some(system);
            self.values[1] = Some(trim(&id));
            self.values[2] = Some(trim(&account)).filter(|a| !a.is_empty());
            match &account_fault {
                Some(reason) => self.reject(0, 2, None, "account_id", "", reason.clone()),
                None => self.finish(0, |_| None),
            }
        }
        if rows == 0 {
            self.filter(0);
        }
    }

    fn profile(
        &mut self,
        compiled: &'a Compiled,
        seen: &mut [Vec<bool>],
        record: Record<'a>,
        around: &Scope<'a, '_>,
    ) {
        let whole = |value| Scope { outer: Some(around), ..Scope::whole(value) };
        let mut made_any = false;
        for (at, output) in compiled.outputs.iter().enumerate() {
            let seen = &mut seen[at];
            match (record, &output.rows) {
                (Record::Cells(cells), _) => {
                    let place = Place::Cells(cells);
                    let made = compiled.row(output, &place, &mut self.values, seen);
                    made_any |= self.made(at, made);
                }
                (Record::Json(value), None) => {
                    let place = Place::Json(whole(value));
                    let made = compiled.row(output, &place, &mut self.values, seen);
                    made_any |= self.made(at, made);
                }
                (Record::Json(value), Some(rows)) => {
                    rows.each_row(&whole(value), &mut |scope| {
                        let made = compiled.row(output, &Place::Json(*scope), &mut self.values, seen);
                        made_any |= self.made(at, made);
                    });
                }
            }
        }
        if let Record::Json(value) = record {
            let cut = compiled.truncated.iter().find(|p| p.is_true(value));
            self.outcome.cut = cut.map(ToString::to_string);
        }
        if !made_any {
            self.filter(0);
        }
    }

    fn made(&mut self, output: usize, made: Made) -> bool {
        match made {
            Made::Row => self.load(output),
            Made::Filtered => self.filter(output),
            Made::NotMine => return false,
            Made::Rejected(RowFault { column, field, source, raw, reason }) => {
                self.reject(output, column, field, &source, &raw, reason);
            }
        }
        true
    }
}

/// The required columns that are not given, and the first of each group of alternatives of which none is.
pub(crate) fn missing_columns(dataset: &Dataset, has: &dyn Fn(usize) -> bool) -> Vec<&'static str> {
    let required = dataset.columns.iter().enumerate().filter(|(at, c)| c.required && !has(*at));
    let groups = dataset.one_of.iter().filter(|g| !g.iter().filter_map(|n| dataset.position(n)).any(has));
    required.map(|(_, c)| c.name).chain(groups.filter_map(|g| g.first().copied())).collect()
}

/// Whether the object around a JSON array says that there is more: `"has_more": true`.
pub fn says_cut(envelope: &Map<String, Value>) -> bool {
    envelope.iter().any(|(k, v)| fold_name(k) == "hasmore" && *v == Value::Bool(true))
}

fn owned(header: &[&str]) -> Vec<String> {
    header.iter().map(|h| (*h).to_owned()).collect()
}

#[cfg(test)]
mod tests;
