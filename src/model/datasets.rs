//! The dataset catalogue: what every export holds.
//!
//! One table. The SQLite schema, validation, header and file-name detection, `schema`, its JSON Schema
//! and the documentation follow from it.

mod table;

pub use table::DATASETS;

/// How the files of a dataset add up when several are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The state at one moment: of several exports the newest is taken whole.
    Snapshot,
    /// What happened: several exports are united.
    Log,
}

/// How the rows of a dataset are kept in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// One SQLite row a record.
    Rows,
    /// Packed column blocks: for exports of tens of millions of rows.
    Packed,
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Any text.
    Text,
    /// A whole number that fits 64 bits.
    Int,
    /// An exact decimal of at most 28 digits.
    Decimal,
    /// A decimal in major units; its currency stands in the column `currency`.
    Money,
    /// A timestamp (see [`crate::model::time`]).
    Time,
    /// A calendar date.
    Date,
    /// `true`/`false`, `yes`/`no`, `1`/`0`.
    Bool,
    /// A JSON array of texts, or texts separated by `;`.
    List,
    /// One of these words.
    Enum(&'static [&'static str]),
    /// An ISO 4217 code.
    Currency,
    /// An IANA time zone.
    Zone,
}

impl Type {
    /// The type's name as `schema` prints it.
    pub fn name(self) -> &'static str {
        match self {
            Type::Text => "text",
            Type::Int => "int",
            Type::Decimal => "decimal",
            Type::Money => "money",
            Type::Time => "time",
            Type::Date => "date",
            Type::Bool => "bool",
            Type::List => "list",
            Type::Enum(_) => "enum",
            Type::Currency => "currency",
            Type::Zone => "zone",
        }
    }
}

/// One column of a dataset.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Canonical name, snake case.
    pub name: &'static str,
    /// What its cells hold.
    pub ty: Type,
    /// A row without a value is rejected.
    pub required: bool,
    /// Part of the record's key.
    pub key: bool,
    /// Personal data: masked in rejects and errors.
    pub personal: bool,
}

impl Column {
    /// Required.
    const fn req(self) -> Self {
        Column { required: true, ..self }
    }
    /// Part of the key.
    const fn key(self) -> Self {
        Column { key: true, ..self }
    }
    /// Required and part of the key.
    const fn id(self) -> Self {
        self.req().key()
    }
    /// Holds personal data.
    const fn pii(self) -> Self {
        Column { personal: true, ..self }
    }
}

const fn col(name: &'static str, ty: Type) -> Column {
    Column { name, ty, required: false, key: false, personal: false }
}
const fn text(name: &'static str) -> Column {
    col(name, Type::Text)
}
const fn int(name: &'static str) -> Column {
    col(name, Type::Int)
}
const fn dec(name: &'static str) -> Column {
    col(name, Type::Decimal)
}
const fn money(name: &'static str) -> Column {
    col(name, Type::Money)
}
const fn time(name: &'static str) -> Column {
    col(name, Type::Time)
}
const fn date(name: &'static str) -> Column {
    col(name, Type::Date)
}
const fn flag(name: &'static str) -> Column {
    col(name, Type::Bool)
}
const fn list(name: &'static str) -> Column {
    col(name, Type::List)
}
const fn word(name: &'static str, words: &'static [&'static str]) -> Column {
    col(name, Type::Enum(words))
}
const fn currency() -> Column {
    col("currency", Type::Currency)
}
const fn zone() -> Column {
    col("timezone", Type::Zone)
}

/// One dataset.
#[derive(Clone, Copy, Debug)]
pub struct Dataset {
    /// Its name: also the stem of a canonical file.
    pub name: &'static str,
    /// The group it is listed under.
    pub group: &'static str,
    /// Snapshot or log.
    pub kind: Kind,
    /// How the cache keeps it.
    pub store: Store,
    /// The column that says when a record happened: gives oldest, newest and coverage.
    pub event_time: Option<&'static str>,
    /// At least one of these must stand in a row, where the dataset has alternatives.
    pub one_of: &'static [&'static [&'static str]],
    /// The columns that make the key of a row whose key columns are all empty; none: the whole row.
    pub fallback_key: &'static [&'static str],
    /// What a row is, in one sentence.
    pub doc: &'static str,
    /// The columns in catalogue order.
    pub columns: &'static [Column],
}

impl Dataset {
    /// The position of a column, by canonical name.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == column)
    }

    /// The column that a header names, without regard to case, spaces, `-` and `_`.
    pub fn match_header(&self, header: &str) -> Option<usize> {
        let wanted = fold_name(header);
        self.columns.iter().position(|c| fold_eq(&wanted, c.name))
    }

    /// The columns that tell a row from the others, given which of its cells are filled: the key's that are, else those
    /// of the fallback, else all.
    pub fn identifying(&self, filled: impl Fn(usize) -> bool) -> Vec<usize> {
        let key: Vec<usize> = self.key().filter(|c| filled(*c)).collect();
        if !key.is_empty() {
            return key;
        }
        match self.fallback_key {
            [] => (0..self.columns.len()).collect(),
            names => names.iter().filter_map(|name| self.position(name)).collect(),
        }
    }

    /// All columns that [`Dataset::identifying`] may name.
    pub fn ever_identifying(&self) -> Vec<usize> {
        let mut columns: Vec<usize> = self.key().collect();
        if !columns.iter().any(|c| self.columns[*c].required) {
            columns.extend(self.identifying(|_| false));
        }
        columns
    }

    /// The key columns' positions.
    pub fn key(&self) -> impl Iterator<Item = usize> + '_ {
        self.columns.iter().enumerate().filter(|(_, c)| c.key).map(|(i, _)| i)
    }
}

/// A name reduced to what counts when names are compared: lower case, without spaces, `-` and `_`.
pub fn fold_name(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, ' ' | '-' | '_' | '\u{feff}')).flat_map(char::to_lowercase).collect()
}

fn fold_eq(folded: &str, name: &str) -> bool {
    let mut left = folded.bytes();
    let mut right = name.bytes().filter(|b| *b != b'_');
    loop {
        match (left.next(), right.next()) {
            (None, None) => return true,
            (a, b) if a == b => {}
            _ => return false,
        }
    }
}

/// The dataset of that name; `-` and case do not matter.
pub fn find(name: &str) -> Option<&'static Dataset> {
    let wanted = fold_name(name);
    DATASETS.iter().find(|d| fold_eq(&wanted, d.name))
}

/// The dataset whose name begins a file's stem (`invoices-2026-10.csv.gz`, `usage_events.part3.csv`); the
/// longest name that fits.
pub fn by_file_name(file_name: &str) -> Option<&'static Dataset> {
    let lower = file_name.to_lowercase().replace('-', "_");
    DATASETS
        .iter()
        .filter(|d| {
            lower
                .strip_prefix(d.name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(|c: char| !c.is_alphanumeric()))
        })
        .max_by_key(|d| d.name.len())
}

/// The names nearest to a misspelt one, nearest first, at most three.
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let folded = fold_name(wanted);
    let mut scored: Vec<_> = names
        .into_iter()
        .map(|n| (strsim::damerau_levenshtein(&folded, &fold_name(n)), n))
        .filter(|(d, n)| *d <= 1 + n.len().max(folded.len()) / 3)
        .collect();
    scored.sort();
    scored.into_iter().take(3).map(|(_, n)| n).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dataset_is_well_formed() {
        let mut names: Vec<_> = DATASETS.iter().map(|d| d.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), DATASETS.len(), "a dataset stands twice");
        for d in DATASETS {
            let mut columns: Vec<_> = d.columns.iter().map(|c| c.name).collect();
            columns.sort_unstable();
            columns.dedup();
            assert_eq!(columns.len(), d.columns.len(), "{}: a column stands twice", d.name);
            if let Some(time) = d.event_time {
                let at = d.position(time).unwrap_or_else(|| panic!("{}: no column {time}", d.name));
                assert!(matches!(d.columns[at].ty, Type::Time | Type::Date), "{}.{time} is no time", d.name);
            }
            for name in d.one_of.iter().flat_map(|g| g.iter()).chain(d.fallback_key) {
                assert!(d.position(name).is_some(), "{}: no column {name}", d.name);
            }
            let money = d.columns.iter().any(|c| c.ty == Type::Money);
            assert!(!money || d.position("currency").is_some(), "{}: money without a currency", d.name);
            assert!(d.doc.ends_with('.') && !d.columns.is_empty());
        }
    }

    #[test]
    fn a_file_name_gives_the_longest_dataset() {
        let name = |f| by_file_name(f).map(|d| d.name);
        assert_eq!(name("invoices-2026-10.json"), Some("invoices"));
        assert_eq!(name("invoices.part3.csv.gz"), Some("invoices"));
        assert_eq!(name("invoice_lines.csv"), Some("invoice_lines"));
        assert_eq!(name("usage-events.csv"), Some("usage_events"));
        assert_eq!(name("flagship.csv"), None);
        assert_eq!(name("plans"), Some("plans"));
    }

    #[test]
    fn headers_match_without_regard_to_case_spaces_and_dashes() {
        let d = find("billed-usage").unwrap();
        let name = |h| d.match_header(h).map(|i| d.columns[i].name);
        assert_eq!(name("Account ID"), Some("account_id"));
        assert_eq!(name("PERIOD-START"), Some("period_start"));
        assert_eq!(name("period"), None);
        assert_eq!(nearest("usage_event", DATASETS.iter().map(|d| d.name))[0], "usage_events");
    }
}
