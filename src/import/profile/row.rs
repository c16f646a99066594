//! A profile compiled for one file, and how it makes rows of a record.

use super::{
    Condition, Fold, Format, JoinNeed, Joins, Path, Profile, Take, What,
    compile::Finder,
    path::{Found, Scope, scalar},
    recognise::fold_header,
    value,
};
use crate::{
    import::validate::{self, Reason},
    model::datasets::{Dataset, Type, nearest},
};
use chrono_tz::Tz;
use serde_json::Value;
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};
use thiserror::Error;

/// One record of an export.
#[derive(Clone, Copy, Debug)]
pub enum Record<'a> {
    /// The cells of a CSV line, as many as the header has.
    Cells(&'a [&'a str]),
    /// A JSON value.
    Json(&'a Value),
}

/// Why a file cannot be mapped at all.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MappingError {
    /// A column that is read stands twice in the header.
    #[error(
        "the column {column} stands twice in the header, as fields {first} and {second}; remove or rename one"
    )]
    DuplicateHeader {
        /// As the header has it.
        column: String,
        /// Position from 1.
        first: usize,
        /// Position from 1.
        second: usize,
    },
    /// Columns are missing without which every row would be rejected.
    #[error("{what} needs {}", list_missing(.missing))]
    MissingColumns {
        /// `dataset invoices`, `profile stripe/payments`.
        what: String,
        /// What is missing.
        missing: Vec<MissingColumn>,
    },
    /// The companion file was not given.
    #[error("profile {profile} needs {need}; give that file too")]
    MissingJoin {
        /// The profile.
        profile: String,
        /// The file it needs.
        need: Box<JoinNeed>,
    },
    /// A CSV profile for a JSON file or the other way round.
    #[error("profile {profile} reads {}, and this file is {}", .wants.name(), .is.name())]
    Format {
        /// The profile.
        profile: String,
        /// What it reads.
        wants: Format,
        /// What the file is.
        is: Format,
    },
}

/// A column that no header of the file gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingColumn {
    /// The dataset's column.
    pub column: String,
    /// The headers that would give it, where a profile says which.
    pub wanted: Vec<String>,
    /// The file's headers that look like it.
    pub nearest: Vec<String>,
}

fn list_missing(missing: &[MissingColumn]) -> String {
    let one = |m: &MissingColumn| {
        let mut text = m.column.clone();
        if !m.wanted.is_empty() {
            text.push_str(&format!(" (from {})", m.wanted.join(" or ")));
        }
        if !m.nearest.is_empty() {
            text.push_str(&format!(" (there is {})", m.nearest.join(", ")));
        }
        text
    };
    missing.iter().map(one).collect::<Vec<_>>().join("; ")
}

impl MissingColumn {
    /// A missing column with the headers that resemble it.
    pub(crate) fn new(column: &str, wanted: Vec<String>, header: &[&str]) -> MissingColumn {
        let names = header.iter().copied();
        let mut near = nearest(column, names.clone());
        if near.is_empty() {
            near = wanted.iter().flat_map(|w| nearest(w, names.clone())).collect();
            let mut seen = BTreeSet::new();
            near.retain(|n| seen.insert(*n));
            near.truncate(2);
        }
        let nearest = near.into_iter().filter(|n| !n.trim().is_empty()).map(str::to_owned).collect();
        MissingColumn { column: column.to_owned(), wanted, nearest }
    }
}

/// Where a field stands in this file.
#[derive(Clone, Debug)]
pub(super) enum Slot {
    Absent,
    Cell {
        at: usize,
        zone: Option<Tz>,
    },
    /// A list of cells.
    Cells(Vec<usize>),
    Path(Path),
    Fixed(String),
    File,
    Join {
        join: String,
        by: Box<Slot>,
        column: usize,
    },
}

/// What a slot holds in a record.
pub(super) enum Fetched<'a> {
    Missing,
    Null,
    Text(Cow<'a, str>),
    /// A JSON number.
    Number(&'a str),
    /// A JSON list or object.
    Nested(&'a Value),
}

impl<'a> Fetched<'a> {
    pub(super) fn has_value(&self) -> bool {
        !matches!(self, Fetched::Missing | Fetched::Null)
    }

    /// For conditions and rejects.
    pub(super) fn text(self) -> Cow<'a, str> {
        match self {
            Fetched::Missing | Fetched::Null => Cow::Borrowed(""),
            Fetched::Text(t) => t,
            Fetched::Number(n) => Cow::Borrowed(n),
            Fetched::Nested(v) => Cow::Owned(v.to_string()),
        }
    }
}

/// A row of a record: the cells, or the JSON value with the records around it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place<'a, 's> {
    Cells(&'a [&'a str]),
    Json(Scope<'a, 's>),
}

/// A profile compiled for one file.
#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    pub outputs: Vec<CompiledOutput>,
    csv: bool,
    header: Vec<String>,
    pub truncated: Vec<Path>,
    pub(super) minor_digits: BTreeMap<String, u32>,
    joins: Joins,
    /// The file's name without its endings.
    pub file: String,
}

/// One output of it.
#[derive(Clone, Debug)]
pub(crate) struct CompiledOutput {
    pub dataset: &'static Dataset,
    pub rows: Option<Path>,
    /// Whether it takes only some records.
    pub partial: bool,
    pub(super) when: Vec<Condition<Slot>>,
    pub(super) keep: Vec<Condition<Slot>>,
    pub(super) drop: Vec<Condition<Slot>>,
    /// By position in the catalogue.
    pub(super) columns: Vec<Vec<Take<Slot>>>,
    pub(super) currency: Option<usize>,
    /// The columns that the file has for certain, by position.
    pub certain: Vec<bool>,
    /// Columns whose values many records make together.
    pub folds: Vec<(usize, Fold)>,
}

/// A way to a column's value that only looks at paths of keys.
#[derive(Clone, Debug)]
pub(crate) struct PlainWay<'p> {
    /// The first that has a value gives it; with a separator all of them, joined.
    pub paths: Vec<Vec<&'p str>>,
    pub separator: Option<&'p str>,
    pub default: Option<&'p str>,
}

impl<'p> PlainWay<'p> {
    /// The value at a path.
    pub(crate) fn at(path: Vec<&'p str>) -> PlainWay<'p> {
        PlainWay { paths: vec![path], separator: None, default: None }
    }

    fn of(take: &'p Take<Slot>) -> Option<PlainWay<'p>> {
        let Take {
            what,
            when,
            strip,
            words,
            default,
            minor,
            thousandth,
            local,
            times,
            part,
            member,
            split,
            starting,
            time,
            plus,
            zone,
            inclusive,
            span,
        } = take;
        let bare = when.is_none()
            && strip.is_empty()
            && words.is_none()
            && !minor
            && !thousandth
            && !local
            && times.is_empty()
            && part.is_none()
            && member.is_none()
            && split.is_none()
            && starting.is_none()
            && time.is_none()
            && plus.is_none()
            && zone.is_none()
            && !inclusive
            && span.is_none();
        let (slots, separator) = match what {
            What::From(slots) => (slots, None),
            What::Concat(slots, separator) => (slots, Some(separator.as_str())),
            What::Const(_) | What::Minus(..) => return None,
        };
        let keys = |slot: &'p Slot| match slot {
            Slot::Path(path) => path.keys(),
            _ => None,
        };
        let paths = slots.iter().map(keys).collect::<Option<_>>()?;
        bare.then_some(PlainWay { paths, separator, default: default.as_deref() })
    }
}

/// Why a row is rejected.
#[derive(Debug)]
pub(crate) struct RowFault {
    /// Position in the catalogue.
    pub column: usize,
    /// Position of the cell, from 1.
    pub field: Option<usize>,
    /// The header or path.
    pub source: String,
    pub raw: String,
    pub reason: Reason,
}

/// What became of a row.
#[derive(Debug)]
pub(crate) enum Made {
    Row,
    Filtered,
    /// The output takes other records.
    NotMine,
    Rejected(RowFault),
}

impl Compiled {
    /// Finds the profile's fields in a file. `header`: `None` for JSON.
    pub(crate) fn new(
        profile: &Profile,
        header: Option<&[&str]>,
        joins: Joins,
    ) -> Result<Compiled, MappingError> {
        let is = if header.is_some() { Format::Csv } else { Format::Json };
        if is != profile.format {
            return Err(MappingError::Format { profile: profile.name.clone(), wants: profile.format, is });
        }
        for need in profile.joins() {
            let table = joins.get(&need.join);
            if !(need.optional && table.is_none())
                && table.is_none_or(|t| need.columns.iter().any(|c| t.column(c).is_none()))
            {
                return Err(MappingError::MissingJoin {
                    profile: profile.name.clone(),
                    need: Box::new(need),
                });
            }
        }
        let header = header.unwrap_or_default();
        let folded = fold_header(header);
        let finder = Finder { profile, header, folded: &folded, joins: &joins };
        let mut outputs = Vec::new();
        for output in &profile.outputs {
            outputs.extend(finder.output(output)?);
        }
        if outputs.is_empty() {
            return Err(finder.nothing());
        }
        Ok(Compiled {
            outputs,
            csv: is == Format::Csv,
            header: header.iter().map(|h| (*h).to_owned()).collect(),
            truncated: profile.truncated.clone(),
            minor_digits: profile.minor_digits.clone(),
            joins,
            file: String::new(),
        })
    }

    /// The ways to each column of the only output, where all are plain and it takes every record as one row.
    pub(crate) fn plain_ways(&self) -> Option<Vec<Vec<PlainWay<'_>>>> {
        let [output] = self.outputs.as_slice() else { return None };
        let all = output.rows.is_none()
            && !output.partial
            && output.keep.is_empty()
            && output.drop.is_empty()
            && self.truncated.is_empty();
        if self.csv || !all {
            return None;
        }
        output.columns.iter().map(|takes| takes.iter().map(PlainWay::of).collect()).collect()
    }

    pub(crate) fn is_csv(&self) -> bool {
        self.csv
    }

    pub(super) fn fetch<'a>(&'a self, slot: &'a Slot, place: &Place<'a, '_>) -> Fetched<'a> {
        match (slot, place) {
            (Slot::Cell { at, .. }, Place::Cells(cells)) => match cells.get(*at).map(|c| c.trim()) {
                None | Some("") => Fetched::Null,
                Some(text) => Fetched::Text(Cow::Borrowed(text)),
            },
            (Slot::Cells(all), Place::Cells(cells)) => {
                let filled = all.iter().filter_map(|at| cells.get(*at)).map(|c| c.trim());
                let filled: Vec<&str> = filled.filter(|c| !c.is_empty()).collect();
                serde_json::to_string(&filled).map_or(Fetched::Null, |t| Fetched::Text(Cow::Owned(t)))
            }
            (Slot::Path(path), Place::Json(scope)) => match path.find(scope) {
                Found::Missing => Fetched::Missing,
                Found::Null => Fetched::Null,
                Found::Name(name) => Fetched::Text(name),
                Found::One(Value::String(s)) if s.trim().is_empty() => Fetched::Null,
                Found::One(Value::Number(n)) => Fetched::Number(n.as_str()),
                Found::One(v) => scalar(v).map_or(Fetched::Nested(v), Fetched::Text),
                Found::Many(all) => {
                    let texts: Vec<_> = all.into_iter().filter_map(scalar).collect();
                    serde_json::to_string(&texts).map_or(Fetched::Null, |t| Fetched::Text(Cow::Owned(t)))
                }
            },
            (Slot::Fixed(text), _) => Fetched::Text(Cow::Borrowed(text)),
            (Slot::File, _) => Fetched::Text(Cow::Borrowed(&self.file)),
            (Slot::Join { join, by, column }, place) => {
                let key = self.fetch(by, place).text();
                let row = self.joins.get(join).and_then(|t| t.row(&key));
                match row.and_then(|r| r.get(*column)).and_then(Option::as_deref) {
                    Some(text) => Fetched::Text(Cow::Borrowed(text)),
                    None => Fetched::Null,
                }
            }
            _ => Fetched::Missing,
        }
    }

    pub(super) fn holds(&self, condition: &Condition<Slot>, place: &Place<'_, '_>) -> bool {
        condition.0.iter().all(|(slot, words)| {
            let text = self.fetch(slot, place).text();
            words.iter().any(|w| w.fits(&text))
        })
    }

    /// Makes one row. `values` is filled in catalogue order; `seen` notes the columns whose keys stand there.
    pub(crate) fn row<'a>(
        &'a self,
        output: &'a CompiledOutput,
        place: &Place<'a, '_>,
        values: &mut Vec<Option<Cow<'a, str>>>,
        seen: &mut [bool],
    ) -> Made {
        let any = |list: &[Condition<Slot>]| list.iter().any(|c| self.holds(c, place));
        if output.partial && !any(&output.when) {
            return Made::NotMine;
        }
        if !output.keep.is_empty() && !any(&output.keep) || any(&output.drop) {
            return Made::Filtered;
        }
        values.clear();
        values.resize(output.dataset.columns.len(), None);
        let rest = (0..output.columns.len()).filter(|at| Some(*at) != output.currency);
        for at in output.currency.into_iter().chain(rest) {
            let currency = output.currency.and_then(|c| values[c].clone());
            match self.column(output, at, place, currency.as_deref(), &mut seen[at]) {
                Ok(value) => values[at] = value,
                Err(fault) => return Made::Rejected(fault),
            }
        }
        match validate::lacking(output.dataset, values) {
            None => Made::Row,
            Some((column, reason)) => Made::Rejected(self.lacking(output, column, reason, place)),
        }
    }

    fn column<'a>(
        &'a self,
        output: &'a CompiledOutput,
        at: usize,
        place: &Place<'a, '_>,
        currency: Option<&str>,
        seen: &mut bool,
    ) -> Result<Option<Cow<'a, str>>, RowFault> {
        let mut column = output.dataset.columns[at];
        if output.folds.iter().any(|(folded, _)| *folded == at) {
            column.ty = Type::Text;
        }
        for take in &output.columns[at] {
            match value::take(self, take, &column, place, currency, seen) {
                Ok(None) => {}
                Ok(value) => return Ok(value),
                Err((slot, raw, reason)) => {
                    let (field, source) = self.source(slot);
                    return Err(RowFault { column: at, field, source, raw, reason });
                }
            }
        }
        Ok(None)
    }

    /// The position, from 1, and the name of the field that a value came from.
    fn source(&self, slot: Option<&Slot>) -> (Option<usize>, String) {
        match slot {
            Some(Slot::Cells(all)) => {
                let first = all.first().copied().unwrap_or_default();
                (Some(first + 1), self.header.get(first).cloned().unwrap_or_default())
            }
            Some(Slot::Cell { at, .. }) => (Some(at + 1), self.header.get(*at).cloned().unwrap_or_default()),
            Some(Slot::Path(path)) => (None, path.to_string()),
            Some(Slot::Join { join, by, .. }) => {
                let file = self.joins.get(join).map(|t| t.file().to_owned()).unwrap_or_default();
                (self.source(Some(by)).0, file)
            }
            Some(Slot::Absent | Slot::Fixed(_) | Slot::File) | None => (None, String::new()),
        }
    }

    fn lacking(
        &self,
        output: &CompiledOutput,
        column: usize,
        reason: Reason,
        place: &Place<'_, '_>,
    ) -> RowFault {
        let mut slots = output.columns[column].iter().flat_map(|t| match &t.what {
            What::From(all) | What::Concat(all, _) | What::Minus(all, _) => all.as_slice(),
            What::Const(_) => &[],
        });
        let first = slots.clone().find(|s| !matches!(s, Slot::Absent));
        let (field, source) = self.source(first);
        if let Some(Slot::Join { join, by, .. }) = slots.find(|s| matches!(s, Slot::Join { .. })) {
            let raw = self.fetch(by, place).text().into_owned();
            let reason = format!(
                "is a key without a row in {source}, which should give the {}",
                output.dataset.columns[column].name
            );
            if self.joins.get(join).is_none_or(|t| t.row(&raw).is_none()) {
                let source = self.source(Some(by)).1;
                return RowFault { column, field, source, raw, reason: Reason::new(reason) };
            }
        }
        RowFault { column, field, source, raw: String::new(), reason }
    }
}
