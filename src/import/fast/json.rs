//! Usage events in JSON: canonical ones, and those of a profile whose columns are scalars at plain paths.

use super::{
    Cells, DayCache,
    layout::{Layouts, Mark},
    plain,
    sketch::{Found, Keys, Places},
};
use crate::{
    import::mapping::Mapping,
    model::datasets::Dataset,
    usage::pack::{Form, Packer, SeriesCache, SeriesTable},
};
use std::collections::HashSet;

/// Columns of usage_events.
const COLUMNS: usize = 8;

/// One way to a column's value.
#[derive(Clone, Debug)]
struct Take {
    /// The first of them that has a value; with a separator all of them, joined.
    places: Vec<usize>,
    separator: Option<String>,
    default: Option<String>,
}

/// Where the columns of usage_events stand in the records of a file.
#[derive(Clone, Debug)]
pub(in crate::import) struct JsonFields {
    keys: Keys,
    /// In catalogue order.
    columns: [Vec<Take>; COLUMNS],
    /// Canonical records: a key that nobody asked for may still be a column, written otherwise.
    canonical: Option<&'static Dataset>,
    /// How the last records were laid out.
    layouts: Layouts,
    /// Memory for the marks of a record.
    marks: Vec<Mark>,
    /// Keys that are no columns.
    ignored: HashSet<Box<str>, foldhash::fast::RandomState>,
    /// Memory for values that are joined, by column.
    joined: [String; COLUMNS],
    /// Columns whose keys stood in a record so far.
    pub(in crate::import) seen: [bool; COLUMNS],
}

/// Files with more unknown keys than this ask for each again.
const MOST_KEYS: usize = 1000;

enum Cell<'c> {
    None,
    Text(&'c str),
    Number(&'c str),
    Joined,
    /// Something that is not plain.
    Odd,
}

impl JsonFields {
    /// From a mapping; `None` where it is not plain.
    pub(in crate::import) fn of(mapping: &Mapping) -> Option<JsonFields> {
        let ways = mapping.plain_ways()?;
        let mut keys = Keys::new();
        let mut columns: [Vec<Take>; COLUMNS] = Default::default();
        if ways.columns.len() != COLUMNS {
            return None;
        }
        for (column, ways) in columns.iter_mut().zip(ways.columns) {
            for way in ways {
                column.push(Take {
                    places: way.paths.iter().map(|path| keys.ask(path)).collect::<Option<_>>()?,
                    separator: way.separator.map(str::to_owned),
                    default: way.default.map(str::to_owned),
                });
            }
        }
        Some(JsonFields {
            keys,
            columns,
            canonical: ways.canonical,
            layouts: Layouts::default(),
            marks: Vec::new(),
            ignored: HashSet::default(),
            joined: Default::default(),
            seen: [false; COLUMNS],
        })
    }

    /// Packs a record; `None` sends it the long way, nothing being packed then.
    pub(in crate::import) fn pack(
        &mut self,
        text: &str,
        line: u64,
        days: &mut DayCache,
        packer: &mut Packer,
        cache: &mut SeriesCache,
        table: &SeriesTable,
    ) -> Option<(i64, Form)> {
        let JsonFields { keys, columns, canonical, layouts, marks, ignored, joined, seen } = self;
        let mut other = |key: &str| {
            let Some(dataset) = canonical else { return true };
            if ignored.contains(key) {
                return true;
            }
            let other = dataset.match_header(key).is_none();
            if other && ignored.len() < MOST_KEYS {
                ignored.insert(key.into());
            }
            other
        };
        let found = match layouts.read(text) {
            Some(found) => found,
            None => {
                let found = keys.read(text, &mut other, marks)?;
                layouts.learn(text, marks, &found);
                found
            }
        };
        let mut stood = [false; COLUMNS];
        let mut cells: [Cell<'_>; COLUMNS] = [const { Cell::None }; COLUMNS];
        for (at, takes) in columns.iter().enumerate() {
            cells[at] = value(takes, &found, &mut joined[at], &mut stood[at]);
        }
        let text = |at: usize| match cells[at] {
            Cell::None => Some(None),
            Cell::Text(t) => Some(Some(t.as_bytes())),
            Cell::Joined => Some(Some(joined[at].as_bytes())),
            Cell::Number(_) | Cell::Odd => None,
        };
        let quantity = match cells[4] {
            Cell::Number(n) => Some(n.as_bytes()),
            _ => text(4)?,
        };
        let cells = Cells {
            line,
            id: text(0)??,
            timestamp: text(1)??,
            account: text(2)??,
            metric: text(3)??,
            quantity,
            ingested: text(5)?,
            unique: text(6)?,
            dimension: text(7)?,
        };
        let time = cells.pack(days, packer, cache, table)?;
        for (all, one) in seen.iter_mut().zip(stood) {
            *all |= one;
        }
        Some(time)
    }
}

/// The first value that one of the ways gives. `stood`: whether one of its keys stands in the record.
fn value<'c>(takes: &'c [Take], found: &Places<'c>, joined: &mut String, stood: &mut bool) -> Cell<'c> {
    for take in takes {
        *stood |= take.default.is_some();
        let cell = match &take.separator {
            None => first(&take.places, found, stood),
            Some(separator) => join(&take.places, separator, found, joined, stood),
        };
        match (cell, &take.default) {
            (Cell::None, None) => {}
            (Cell::None, Some(text)) => return Cell::Text(text),
            (cell, _) => return cell,
        }
    }
    Cell::None
}

fn first<'c>(places: &[usize], found: &Places<'c>, stood: &mut bool) -> Cell<'c> {
    for &place in places {
        *stood |= found[place] != Found::Missing;
        match found[place] {
            Found::Missing | Found::Null => {}
            Found::Number(n) => return Cell::Number(n),
            Found::Text(t) if plain(t.as_bytes()) => return Cell::Text(t),
            Found::Text(_) => return Cell::Odd,
        }
    }
    Cell::None
}

fn join<'c>(
    places: &[usize],
    separator: &str,
    found: &Places<'c>,
    joined: &mut String,
    stood: &mut bool,
) -> Cell<'c> {
    joined.clear();
    for (at, &place) in places.iter().enumerate() {
        *stood |= found[place] != Found::Missing;
        let part = match found[place] {
            Found::Missing | Found::Null => return Cell::None,
            Found::Text(t) if !plain(t.as_bytes()) => return Cell::Odd,
            Found::Text(t) | Found::Number(t) => t,
        };
        if at > 0 {
            joined.push_str(separator);
        }
        joined.push_str(part);
    }
    Cell::Joined
}
