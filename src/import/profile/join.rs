//! Companion files: another export whose rows give this one's rows some columns.

use super::{
    Condition, Field, Output, Profile, Record, Take, What,
    path::{Found, Path, Scope, scalar},
    recognise::fold_header,
};
use crate::model::datasets::fold_name;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
};

/// A companion file that a profile needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinNeed {
    /// The join's name in the profile.
    pub join: String,
    /// Any of the given exports that this profile recognises.
    pub profile: Option<String>,
    /// A pattern for the name of a file beside this one.
    pub file: Option<String>,
    /// The companion's field that the key stands in.
    pub key: String,
    /// The companion's fields that are asked for.
    pub columns: Vec<String>,
}

/// `invoices.csv … beside it` as messages name it.
impl fmt::Display for JoinNeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.profile, &self.file) {
            (Some(profile), _) => write!(f, "the export {profile}")?,
            (None, Some(file)) => write!(f, "a file {file} beside it")?,
            (None, None) => write!(f, "the file of join {}", self.join)?,
        }
        write!(f, " (with {}, {})", self.key, self.columns.join(", "))
    }
}

/// The tables by join name.
pub type Joins = BTreeMap<String, Lookup>;

/// A companion file's rows by their key.
#[derive(Clone, Debug)]
pub struct Lookup {
    file: String,
    columns: Vec<String>,
    key: Place,
    places: Vec<Place>,
    rows: HashMap<String, Vec<Option<String>>, foldhash::fast::RandomState>,
    conflicts: u64,
}

#[derive(Clone, Debug)]
enum Place {
    Cell(usize),
    Path(Path),
    Nowhere,
}

impl Lookup {
    /// An empty table for a need. `header`: the companion's, `None` where it is JSON. The error names the
    /// columns that the companion lacks.
    pub fn new(need: &JoinNeed, file: &str, header: Option<&[&str]>) -> Result<Lookup, String> {
        let folded = header.map(fold_header);
        let place = |name: &String| match &folded {
            Some(h) => h.iter().position(|c| *c == fold_name(name)).map_or(Place::Nowhere, Place::Cell),
            None => Path::parse(name).map_or(Place::Nowhere, Place::Path),
        };
        let (key, places) = (place(&need.key), need.columns.iter().map(place).collect::<Vec<_>>());
        let lacks = |p: &Place| matches!(p, Place::Nowhere);
        let missing: Vec<_> = std::iter::once((&need.key, &key))
            .chain(need.columns.iter().zip(&places))
            .filter(|(_, p)| lacks(p))
            .map(|(n, _)| n.as_str())
            .collect();
        if !missing.is_empty() {
            return Err(format!("{file} lacks the column {}", missing.join(", ")));
        }
        Ok(Lookup {
            file: file.to_owned(),
            columns: need.columns.clone(),
            key,
            places,
            rows: HashMap::default(),
            conflicts: 0,
        })
    }

    /// Adds one of the companion's records. One without a key is passed over; of several with one key the first
    /// counts, and one that differs from it is counted as a conflict.
    pub fn add(&mut self, record: &Record<'_>) {
        let Some(key) = self.key.text(record) else { return };
        let row: Vec<_> = self.places.iter().map(|p| p.text(record)).collect();
        match self.rows.get(&key) {
            Some(there) => self.conflicts += u64::from(*there != row),
            None => {
                self.rows.insert(key, row);
            }
        }
    }

    /// Adds another file of the same kind: exports come by the month. A key that is there already stays as it is.
    pub fn join(&mut self, other: Lookup) {
        for (key, row) in other.rows {
            match self.rows.get(&key) {
                Some(there) => self.conflicts += u64::from(*there != row),
                None => {
                    self.rows.insert(key, row);
                }
            }
        }
        self.conflicts += other.conflicts;
    }

    /// How many records contradict an earlier one of the same key.
    pub fn conflicts(&self) -> u64 {
        self.conflicts
    }

    /// The companion's name.
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c == name)
    }

    /// `None`: no row has this key.
    pub(super) fn row(&self, key: &str) -> Option<&[Option<String>]> {
        self.rows.get(key.trim()).map(Vec::as_slice)
    }
}

impl Place {
    fn text(&self, record: &Record<'_>) -> Option<String> {
        let text = match (self, record) {
            (Place::Cell(at), Record::Cells(cells)) => cells.get(*at).map(|c| c.trim().to_owned())?,
            (Place::Path(path), Record::Json(value)) => match path.find(&Scope::whole(value)) {
                Found::One(v) => scalar(v)?.trim().to_owned(),
                _ => return None,
            },
            _ => return None,
        };
        (!text.is_empty()).then_some(text)
    }
}

/// Calls `see` with every field that an output names.
fn each_field<'p>(output: &'p Output, see: &mut dyn FnMut(&'p Field)) {
    fn condition<'p>(c: &'p Condition<Field>, see: &mut dyn FnMut(&'p Field)) {
        c.0.iter().for_each(|(f, _)| see(f));
    }
    fn take<'p>(t: &'p Take<Field>, see: &mut dyn FnMut(&'p Field)) {
        match &t.what {
            What::From(all) | What::Concat(all, _) => all.iter().for_each(&mut *see),
            What::Minus(all, less) => {
                all.iter().for_each(&mut *see);
                see(less);
            }
            What::Const(_) => {}
        }
        t.when.iter().for_each(|c| condition(c, see));
    }
    for c in output.when.iter().chain(&output.keep).chain(&output.drop) {
        condition(c, see);
    }
    for t in output.columns.iter().flat_map(|(_, takes)| takes) {
        take(t, see);
    }
}

/// The companions of a profile.
pub(super) fn needs(profile: &Profile) -> Vec<JoinNeed> {
    let mut columns: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for output in &profile.outputs {
        each_field(output, &mut |f| {
            if let Field::Join { join, column } = f {
                columns.entry(join).or_default().insert(column);
            }
        });
    }
    columns
        .into_iter()
        .filter_map(|(join, columns)| {
            let spec = profile.joins.get(join)?;
            Some(JoinNeed {
                join: join.to_owned(),
                profile: spec.profile.clone(),
                file: spec.file.clone(),
                key: spec.key.clone(),
                columns: columns.into_iter().map(str::to_owned).collect(),
            })
        })
        .collect()
}

/// Every header or path that a profile reads or is recognised by, once.
pub(super) fn fields(profile: &Profile) -> Vec<String> {
    let mut all = BTreeSet::new();
    for output in &profile.outputs {
        each_field(output, &mut |f| {
            if matches!(f, Field::Header { .. } | Field::Path(_)) {
                all.insert(f.to_string());
            }
        });
    }
    let r = &profile.recognise;
    all.extend(r.all.iter().chain(r.any.iter().flatten()).map(ToString::to_string));
    all.into_iter().collect()
}
