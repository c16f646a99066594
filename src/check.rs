//! What a check is: a static record of what it reads and may report, and two functions.

use crate::report::{RowColumn, Severity};

/// A rule of a check: one kind of finding.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// `check/rule`.
    pub code: &'static str,
    /// The severity where nothing else is said.
    pub severity: Severity,
    /// What it means, in one or two sentences.
    pub what: &'static str,
    /// Why it matters to customers.
    pub why: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// The datasets and columns without which it cannot be judged (`dataset` or `dataset.column`).
    pub needs: &'static [&'static str],
}

/// The kind of value an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptKind {
    /// `5` or `5%`: a share in per cent.
    Percent,
    /// An exact decimal.
    Decimal,
    /// A whole number.
    Int,
    /// `90s`, `15m`, `26h`, `3d`.
    Duration,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Any text.
    Text,
    /// May be given several times; in crosscheck.toml an array of texts.
    Texts,
    /// A file that is written.
    OutFile,
    /// True or false; a flag without a value.
    Switch,
    /// A whole number that is not negative.
    Count,
    /// Whole days: `40` or `40d`; 0 for none.
    Days,
    /// Files or folders that are read; may be given several times.
    Paths,
    /// Several of these words.
    Words(&'static [&'static str]),
    /// A time of day, `09:00`; `24:00` is the day's end.
    Clock,
    /// An IANA time zone.
    Zone,
    /// `[check.name]`: a table that only crosscheck.toml can say, without flag and variable. Its keys are laid over
    /// those of the default.
    Table(&'static Shape),
    /// `[[check.name]]`: a list of such tables, which replaces the default whole.
    Tables(&'static Shape),
}

impl OptKind {
    /// The shape of a table or a list of tables.
    pub fn shape(self) -> Option<&'static Shape> {
        match self {
            OptKind::Table(shape) | OptKind::Tables(shape) => Some(shape),
            _ => None,
        }
    }
}

/// What a table in the section of a check may hold.
#[derive(Debug)]
pub struct Shape {
    /// The keys with a name, in the order in which they are written.
    pub fields: &'static [Field],
    /// What a key of any other name takes; `None`: there are no others.
    pub others: Option<OptKind>,
    /// A key that tells the tables of a list apart: no two have the same value. Empty for none.
    pub distinct: &'static str,
}

/// Two shapes are the same where they are one and the same.
impl PartialEq for Shape {
    fn eq(&self, other: &Shape) -> bool {
        std::ptr::eq(self, other)
    }
}
impl Eq for Shape {}

/// One key of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Snake case.
    pub name: &'static str,
    /// What it takes; tables within tables are allowed.
    pub kind: OptKind,
    /// Whether every table must have it.
    pub needed: bool,
    /// The help text, without a full stop.
    pub help: &'static str,
}

/// One option of a check: command-line flag, environment variable and key of crosscheck.toml at once.
#[derive(Clone, Copy, Debug)]
pub struct Opt {
    /// The flag without dashes, kebab-case; the key is the same with underscores, in the section of the check.
    pub name: &'static str,
    /// What it takes.
    pub kind: OptKind,
    /// The default as it would be written; empty for none. For tables the TOML of the check's section: `[name]` or
    /// `[[name]]` and its keys.
    pub default: &'static str,
    /// The help text.
    pub help: &'static str,
}

impl Opt {
    /// How a person sets it: `--threshold`, or `[dunning.networks]` and `[[dunning.step]]` in crosscheck.toml.
    pub fn written_as(&self, check: &str) -> String {
        let key = self.name.replace('-', "_");
        match self.kind {
            OptKind::Table(_) => format!("[{check}.{key}]"),
            OptKind::Tables(_) => format!("[[{check}.{key}]]"),
            _ => format!("--{}", self.name),
        }
    }
}

/// A dataset that a check reads.
#[derive(Clone, Copy, Debug)]
pub struct Reads {
    /// Its name.
    pub dataset: &'static str,
    /// Whether the check cannot run without it (`usage_events|usage_totals`: one of them).
    pub needed: bool,
}

/// One check of the playbook.
#[derive(Clone, Copy, Debug)]
pub struct CheckInfo {
    /// The subcommand.
    pub name: &'static str,
    /// One line for lists.
    pub about: &'static str,
    /// What it compares and what goes wrong without it.
    pub doc: &'static str,
    /// Whether it looks into every file that is given, whatever that holds.
    pub searches: bool,
    /// The datasets.
    pub reads: &'static [Reads],
    /// The rules, in the order in which they are listed.
    pub rules: &'static [Rule],
    /// The options.
    pub options: &'static [Opt],
    /// The columns of the result table.
    pub columns: &'static [RowColumn],
}
