//! Profiles: how a vendor's export becomes datasets, written as data.
//!
//! A profile is TOML; the built-in ones lie in `profiles/`, a user's own stand in crosscheck.toml under
//! `[profile.NAME]` in the same words (and win over a built-in one that fits the same file):
//!
//! ```toml
//! title  = "Acme invoices, CSV"                     # also: docs (how to export it), url (where it is described)
//! format = "csv"                                    # or json: records are objects, fields are paths
//! system = "acme"                                   # whose ids its account ids are (dataset identities)
//! recognise.all = ["Invoice No", "Created (*)"]     # also: any = [[…]], none = […], equals = { object = "invoice" }
//! [[output]]                                        # one for each dataset that a record gives rows of
//! dataset = "invoices"                              # also: rows = "lines.data[]", when, keep, drop = { Mode = "test" }
//! columns.invoice_id = "Invoice No"                 # a field; ["A", "B"]: the first of them that has a value
//! columns.total = { from = "Total", unit = "minor" } # cents, by the row's currency
//! columns.issued_at = { from = "Created (*)", time = "minute" } # the zone is read from the header's brackets
//! columns.status = { from = "State", words = { settled = "paid", waiting = "open" } }
//! ```
//!
//! **Fields.** In CSV a field is a header, compared without regard to case, spaces, `-` and `_`; `Created (*)`
//! also fits `Created` and `Created (UTC)`; `Labels[]` is the list of all columns of that name. In JSON it is a path:
//! `status_transitions.paid_at`, `items.data[0].price.id`, `items.data[price.type=recurring].id` (the first item of which that holds),
//! `labels[].name` (a list), `parent.*.proration` (any key); in nested rows `^.id` is a field of the record around
//! the row, and outside of all records stands the object that holds the list of them. `@invoices.customer` is the
//! column of a companion file, see `join`; `=text` is that text itself, as a part of `concat`; `#` is the key under
//! which a row of an object stands, or its position in a list, from 1; `^.#` of a record is the file's name, in CSV as well.
//!
//! **Columns.** A column is a field, a list of fields or tables (the first that gives a value counts), or a table:
//! - `from` (one or several fields), `const` (a fixed text), `concat` with `separator` (absent if a part is);
//!   `minus` (a field that is subtracted from `from`); `times` (fields that it is multiplied by, or a number as `=12`;
//!   absent if one of them is);
//! - `when = { field = "word" }`: only where each named field is that word, or one of a list of words. A word is
//!   compared like a header; `*` stands for any text, alone for any value, `""` for none;
//! - `strip` (prefixes), `part = { at = "/", number = -1 }` (the last of the parts that `/` separates; 1 is the first),
//!   `split = ", "` (of a list: any of these characters separates its items),
//!   `starting = "cus_"` (the first run of letters and digits that begins so, with what it begins with; else no value),
//!   `words` (vendor's word → ours; `""`: no value; words that are ours already pass; another
//!   word rejects the row), `default` (where there is no value);
//! - `member = "usage.tokens"`: the field holds JSON text (in a CSV cell, say), and the value stands at this path in it;
//! - `unit`: `major` (default), `local` (the same, as people of any language write it, with all of the currency's minor
//!   places: `1,290.00`, `1.290,00`, `399,00`), `thousandth` (the number is divided by 1,000) or `minor`, by the row's currency (ISO 4217; `minor_digits = { ISK = 2 }` on the
//!   profile for a vendor who counts otherwise);
//! - `time`: `rfc3339` (default: all the forms of a canonical export), `minute` (`YYYY-MM-DD HH:MM`, seconds
//!   allowed), `named_zone` (`YYYY-MM-DD HH:MM:SS PST`: the abbreviations that name one offset, those of North America as
//!   RFC 5322 reads them; another rejects the row), `unix_s`, `unix_ms`, `day_first` (`31/12/2026`, also with `.` or `-`,
//!   with the month's English name, and with a clock of 12 or 24 hours behind it), `month_first` (`12/31/2026`),
//!   `either_first` (as the date itself tells; `5/6/2026` does not and is rejected; dots are day first), `month`
//!   (`YYYY-MM` or `YYYYMM`: its first day), `compact` (`YYYYMMDD`); `zone` (IANA) for times without an offset, else the
//!   zone in the header's brackets, else the file's; `inclusive = true`: an end that is part of the period (the day after
//!   it, or the second after a second 59, is the canonical, exclusive end); `plus_minutes = "field"`: so many minutes
//!   later; `plus`: a span that is added, such as `15m`, `1h`, `1d`, `1w`, `1mo` (the end of an hour that is named by its
//!   start).
//!
//! **Outputs.** `rows` names the nested list whose items are the rows, or as `environments{}` the object whose values. `when` limits an output to some records;
//! `keep` and `drop` (a condition, or a list of them of which one must hold) filter rows, and are counted.
//!
//! **Folds.** Where a column has `fold`, the records that agree in all other columns make one row: `distinct` counts the
//! different values of the column (`logins = { fold = "distinct", from = "messageId", when = { event = "Signed In" } }`,
//! so that an event that stands twice counts once), `list` lists them. Neither the order of records nor how often one
//! stands there matters; and a row that several files give a share of is united from them, see [`crate::cache::Folded`].
//!
//! **Joins.** `join.invoices = { profile = "lago/invoices", key = "lago_id", by = "invoice_lago_id" }`: another
//! export (all files recognised by that profile, or `file = "invoices*.csv"` beside this one), whose row with `key`
//! equal to this row's `by` gives `@invoices.COLUMN`. `by` may itself be a column of another join. Where the other
//! export is not there, this one is not read; with `optional = true` it is read without those columns.
//!
//! **Others.** `truncated = ["lines.has_more"]`: where true, the export is cut. `counted_by = "total"`: the
//! member of the object around the records that says how many there are; where it says more than stand in the file,
//! the export is cut. `more = { "paging.next" = "*" }` (or a list, of which one must hold; paths in that object and
//! their words as in `when`): what says that this page is not the last. `base = "openmeter/events"`: start
//! from that profile and replace only what is written here; outputs are matched by dataset, columns by name, and
//! `columns.x = []` takes a column away.

mod abbreviation;
mod compile;
mod join;
mod path;
mod recognise;
mod resolve;
mod row;
mod value;
mod words;

pub use join::{JoinNeed, Joins, Lookup};
pub use row::{MappingError, MissingColumn, Record};
pub use words::{Format, ProfileWords};

pub(crate) use path::{Path, Scope, Stands, scalar};
pub(crate) use recognise::header_zone;
pub(crate) use row::{Compiled, Made, Place, PlainWay, RowFault};
pub(crate) use words::Fold;

use crate::model::datasets::{Dataset, fold_name};
use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, LazyLock, OnceLock},
};
use thiserror::Error;

/// A profile, checked: its datasets, columns, words and zones exist.
#[derive(Clone, Debug)]
pub struct Profile {
    /// `vendor/export`, or the user's own name.
    pub name: String,
    /// What it reads, for lists.
    pub title: String,
    /// How to make the export, and what to mind.
    pub docs: String,
    /// Where the vendor describes the export.
    pub url: String,
    /// CSV or JSON.
    pub format: Format,
    /// The system whose ids its account ids are; `None`: the company's own.
    pub system: Option<String>,
    /// Comes with the program.
    pub builtin: bool,
    pub(crate) recognise: recognise::Recognise,
    pub(crate) outputs: Vec<Output>,
    pub(crate) joins: BTreeMap<String, words::Join>,
    pub(crate) truncated: Vec<Path>,
    pub(crate) counted_by: Option<String>,
    pub(crate) more: Vec<Condition<Path>>,
    pub(crate) minor_digits: BTreeMap<String, u32>,
    words: ProfileWords,
}

impl Profile {
    /// The datasets whose rows it gives, in its order; one may stand twice.
    pub fn datasets(&self) -> impl Iterator<Item = &'static Dataset> + '_ {
        self.outputs.iter().map(|o| o.dataset)
    }

    /// Whether it gives rows of a dataset, with values for a column where one is named.
    pub fn gives(&self, dataset: &str, column: Option<&str>) -> bool {
        self.outputs.iter().filter(|o| o.dataset.name == dataset).any(|output| {
            let position = column.map(|c| output.dataset.position(c));
            position.is_none_or(|at| output.columns.iter().any(|(p, _)| Some(*p) == at))
        })
    }

    /// The companion files it needs.
    pub fn joins(&self) -> Vec<JoinNeed> {
        join::needs(self)
    }

    /// Changes when anything in the profile does: part of the key of a cached file.
    pub fn digest(&self) -> String {
        blake3::hash(format!("{:?}", self.words).as_bytes()).to_hex().to_string()
    }

    /// Every header or path that it names, as written.
    pub(crate) fn fields(&self) -> Vec<String> {
        join::fields(self)
    }

    /// What in the object around the records says that there are more of them.
    pub fn says_more(&self, envelope: &serde_json::Value) -> Option<String> {
        let holds = |condition: &&Condition<Path>| {
            condition.0.iter().all(|(path, words)| {
                let text = match path.find(&Scope::whole(envelope)) {
                    path::Found::One(v) => scalar(v).unwrap_or_else(|| v.to_string().into()),
                    _ => "".into(),
                };
                words.iter().any(|w| w.fits(&text))
            })
        };
        let told = |condition: &Condition<Path>| {
            let paths = condition.0.iter().map(|(path, _)| path.to_string());
            paths.collect::<Vec<_>>().join(" and ")
        };
        self.more.iter().find(holds).map(told)
    }
}

/// What is wrong with a profile.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("profile {profile}: {}{message}", if .key.is_empty() { String::new() } else { format!("{}: ", .key) })]
pub struct ProfileError {
    /// Its name.
    pub profile: String,
    /// The key at fault, such as `output[0].columns.status.words.paid`; may be empty.
    pub key: String,
    /// What is wrong and what to write.
    pub message: String,
}

/// The rows of one dataset that a record gives.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub dataset: &'static Dataset,
    pub rows: Option<Path>,
    pub when: Vec<Condition<Field>>,
    pub keep: Vec<Condition<Field>>,
    pub drop: Vec<Condition<Field>>,
    /// By position in the catalogue.
    pub columns: Vec<(usize, Vec<Take<Field>>)>,
    /// Columns whose values many records make together.
    pub folds: Vec<(usize, Fold)>,
}

/// A place that a value comes from, as a profile names it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Field {
    /// A CSV header, folded and as written; with `(*)` it may be followed by brackets.
    Header { name: String, written: String, brackets: bool },
    /// All columns of a CSV header that stands several times.
    Headers { name: String, written: String },
    /// A JSON path.
    Path(Path),
    /// A text of its own, for `concat`.
    Fixed(String),
    /// The file's name without its endings.
    File,
    /// A column of a companion file.
    Join { join: String, column: String },
}

/// Fields that must each be one of some words.
#[derive(Clone, Debug)]
pub(crate) struct Condition<F>(pub Vec<(F, Vec<words::Word>)>);

/// One way to a column's value. `F`: a field as written, or resolved in a file.
#[derive(Clone, Debug)]
pub(crate) struct Take<F> {
    pub what: What<F>,
    pub when: Option<Condition<F>>,
    pub strip: Vec<String>,
    /// By folded word.
    pub words: Option<BTreeMap<String, String>>,
    pub default: Option<String>,
    pub minor: bool,
    pub thousandth: bool,
    pub local: bool,
    pub times: Vec<F>,
    pub part: Option<words::Part>,
    /// Where in the JSON text that the field holds.
    pub member: Option<Path>,
    /// The characters that separate a list's items.
    pub split: Option<String>,
    /// Of a text the first word that begins so.
    pub starting: Option<String>,
    pub time: Option<words::TimeForm>,
    /// Minutes that are added to a time.
    pub plus: Option<F>,
    pub zone: Option<chrono_tz::Tz>,
    pub inclusive: bool,
    /// What is added to a time.
    pub span: Option<words::Span>,
}

/// What a value is made of.
#[derive(Clone, Debug)]
pub(crate) enum What<F> {
    From(Vec<F>),
    Const(String),
    Concat(Vec<F>, String),
    Minus(Vec<F>, F),
}

/// Name and text of each file in `profiles/`, sorted by name; the build script lists them.
const BUILTIN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/profiles.rs"));

static BUILTINS: LazyLock<Vec<Arc<Profile>>> = LazyLock::new(|| {
    // A test holds that every built-in profile parses.
    BUILTIN.iter().filter_map(|(name, text)| parse_builtin(name, text).ok().map(Arc::new)).collect()
});

fn parse_builtin(name: &str, text: &str) -> Result<Profile, ProfileError> {
    let words = ProfileWords::parse(name, text)?;
    resolve::resolve(name, words, true)
}

/// The built-in profiles as one digest, without reading them.
static BUILTIN_DIGEST: LazyLock<blake3::Hash> = LazyLock::new(|| {
    let mut hash = blake3::Hasher::new();
    for (name, text) in BUILTIN {
        hash.update(name.as_bytes()).update(b"\0").update(text.as_bytes()).update(b"\0");
    }
    hash.finalize()
});

/// The profiles that a run knows: the built-in ones and the user's own. The built-in ones are read only when a file
/// must be recognised by them: most runs find all files as they were.
#[derive(Clone, Debug, Default)]
pub struct Profiles {
    own: Vec<Arc<Profile>>,
    all: OnceLock<Vec<Arc<Profile>>>,
    headers: OnceLock<Vec<HashSet<String>>>,
}

impl Profiles {
    /// The built-in ones, sorted by name.
    pub fn builtin() -> Profiles {
        Profiles::default()
    }

    /// The built-in ones and those of crosscheck.toml's `[profile]`. One of the same name replaces the built-in.
    pub fn with_user(own: BTreeMap<String, ProfileWords>) -> Result<Profiles, ProfileError> {
        let mut all = Profiles::default();
        for name in own.keys() {
            let words = Profiles::based(name, &own, 0)?;
            all.own.push(Arc::new(resolve::resolve(name, words, false)?));
        }
        Ok(all)
    }

    /// As [`Profiles::with_user`], from the table `[profile]` as TOML values.
    pub fn with_table(table: &toml::Table) -> Result<Profiles, ProfileError> {
        let mut own = BTreeMap::new();
        for (name, value) in table {
            own.insert(name.clone(), ProfileWords::from_value(name, value.clone())?);
        }
        Profiles::with_user(own)
    }

    /// A user's profile with what it takes from its base.
    fn based(
        name: &str,
        own: &BTreeMap<String, ProfileWords>,
        depth: usize,
    ) -> Result<ProfileWords, ProfileError> {
        let fault =
            |message: String| ProfileError { profile: name.to_owned(), key: "base".to_owned(), message };
        let words = own.get(name).cloned().unwrap_or_default();
        let Some(base) = words.base.clone() else { return Ok(words) };
        if depth > 8 {
            return Err(fault("goes round in a circle".to_owned()));
        }
        let builtin = BUILTINS.iter().find(|p| p.name == base);
        let under = match (base != name && own.contains_key(&base), builtin) {
            (true, _) => Profiles::based(&base, own, depth + 1)?,
            (false, Some(p)) => p.words.clone(),
            (false, None) => {
                let near = Profiles::builtin().did_you_mean(&base);
                return Err(fault(format!("there is no profile {base}{near}")));
            }
        };
        Ok(words.over(under))
    }

    fn all(&self) -> &[Arc<Profile>] {
        self.all.get_or_init(|| {
            let replaced = |p: &&Arc<Profile>| self.own.iter().any(|o| o.name == p.name);
            let builtin = BUILTINS.iter().filter(|p| !replaced(p));
            let mut all: Vec<Arc<Profile>> = builtin.chain(&self.own).map(Arc::clone).collect();
            all.sort_by(|a, b| a.name.cmp(&b.name));
            all
        })
    }

    /// All, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Profile>> {
        self.all().iter()
    }

    /// The user's own, sorted by name.
    pub fn own(&self) -> impl Iterator<Item = &Arc<Profile>> {
        self.own.iter()
    }

    /// The profile of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<Profile>> {
        self.own.iter().find(|p| p.name == name).or_else(|| self.iter().find(|p| p.name == name))
    }

    /// Changes when anything in any of them does: another profile may claim a file.
    pub fn digest(&self) -> String {
        let mut hash = blake3::Hasher::new();
        hash.update(BUILTIN_DIGEST.as_bytes());
        for p in &self.own {
            hash.update(p.digest().as_bytes());
        }
        hash.finalize().to_hex().to_string()
    }

    /// The headers that each profile of CSV files names, folded.
    pub(crate) fn headers(&self) -> &[HashSet<String>] {
        self.headers.get_or_init(|| {
            let of = |p: &Arc<Profile>| {
                p.fields().iter().map(|f| fold_name(f.trim_end_matches("(*)"))).collect::<HashSet<_>>()
            };
            self.iter().filter(|p| p.format == Format::Csv).map(of).collect()
        })
    }

    /// `; did you mean …?`, or nothing.
    pub(crate) fn did_you_mean(&self, name: &str) -> String {
        let names = self.iter().map(|p| p.name.as_str());
        crate::model::datasets::nearest(name, names)
            .first()
            .map(|n| format!("; did you mean {n}?"))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
