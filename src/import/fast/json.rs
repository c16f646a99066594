//! Usage events in JSON: canonical ones, and those of a profile whose columns are scalars at plain paths.

use super::{
    Cells, DayCache,
    layout::{Layouts, Mark, Values},
    plain,
    sketch::{Found, Keys, PLACES, Places},
};
use crate::{
    import::mapping::Mapping,
    model::datasets::Dataset,
    usage::pack::{Form, Packer, SeriesCache, SeriesTable},
};
use std::collections::HashSet;

/// Columns of usage_events.
const COLUMNS: usize = 8;

/// The column that may be a number.
const QUANTITY: usize = 4;

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
    layouts: Layouts<Plan>,
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

/// Where a column's value stands in records of one layout.
#[derive(Clone, Copy, Debug, Default)]
enum Origin {
    /// Nowhere.
    #[default]
    None,
    /// At this place; whether it is a number.
    Place(usize, bool),
    /// At all places of this way, joined.
    Joined(usize),
    /// The default of this way.
    Default(usize),
}

/// Where all columns stand in records of one layout.
#[derive(Clone, Copy, Debug, Default)]
struct Plan {
    origins: [Origin; COLUMNS],
    /// Columns of which a key stands there.
    stood: [bool; COLUMNS],
}

impl Plan {
    fn of(columns: &[Vec<Take>; COLUMNS], found: &Places<'_>) -> Plan {
        let mut plan = Plan::default();
        for (at, takes) in columns.iter().enumerate() {
            plan.origins[at] = origin(takes, found, &mut plan.stood[at]);
        }
        plan
    }
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
        let mut values: Values<'_> = [""; PLACES];
        let plan = match layouts.read(text, &mut values) {
            Some(plan) => *plan,
            None => {
                let found = keys.read(text, &mut other, marks)?;
                let plan = Plan::of(columns, &found);
                layouts.learn(text, marks, plan);
                values = found.map(Found::value);
                plan
            }
        };
        for (at, joined) in joined.iter_mut().enumerate() {
            if let Origin::Joined(take) = plan.origins[at] {
                join(&columns[at][take], &values, joined)?;
            }
        }
        let text = |at: usize| match plan.origins[at] {
            Origin::None => Some(None),
            Origin::Place(_, true) if at != QUANTITY => None,
            Origin::Place(place, _) => Some(Some(values[place].as_bytes())),
            Origin::Joined(_) => Some(Some(joined[at].as_bytes())),
            Origin::Default(take) => Some(columns[at][take].default.as_deref().map(str::as_bytes)),
        };
        let cells = Cells {
            line,
            id: text(0)??,
            timestamp: text(1)??,
            account: text(2)??,
            metric: text(3)??,
            quantity: text(QUANTITY)?,
            ingested: text(5)?,
            unique: text(6)?,
            dimension: text(7)?,
        };
        let time = cells.pack(days, packer, cache, table)?;
        for (all, one) in seen.iter_mut().zip(plan.stood) {
            *all |= one;
        }
        Some(time)
    }
}

/// Where the first value stands that one of the ways gives. `stood`: whether one of its keys stands in the record.
fn origin(takes: &[Take], found: &Places<'_>, stood: &mut bool) -> Origin {
    for (at, take) in takes.iter().enumerate() {
        let mut has = |place: usize| {
            *stood |= found[place] != Found::Missing;
            !matches!(found[place], Found::Missing | Found::Null)
        };
        let origin = match &take.separator {
            None => {
                let place = take.places.iter().copied().find(|place| has(*place));
                place.map(|place| Origin::Place(place, matches!(found[place], Found::Number(_))))
            }
            Some(_) => take.places.iter().all(|place| has(*place)).then_some(Origin::Joined(at)),
        };
        *stood |= take.default.is_some();
        let default = take.default.as_ref().map(|_| Origin::Default(at));
        if let Some(origin) = origin.or(default) {
            return origin;
        }
    }
    Origin::None
}

/// The values of all places of a way, joined; `None` where one is not plain.
fn join(take: &Take, values: &Values<'_>, joined: &mut String) -> Option<()> {
    joined.clear();
    for (at, &place) in take.places.iter().enumerate() {
        if !plain(values[place].as_bytes()) {
            return None;
        }
        if at > 0 {
            joined.push_str(take.separator.as_deref().unwrap_or_default());
        }
        joined.push_str(values[place]);
    }
    Some(())
}
