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
}

/// One option of a check: command-line flag, environment variable and key of crosscheck.toml at once.
#[derive(Clone, Copy, Debug)]
pub struct Opt {
    /// The flag without dashes, kebab-case; the key is the same with underscores, in the section of the check.
    pub name: &'static str,
    /// What it takes.
    pub kind: OptKind,
    /// The default as it would be written; empty for none.
    pub default: &'static str,
    /// The help text.
    pub help: &'static str,
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
    /// The datasets.
    pub reads: &'static [Reads],
    /// The rules, in the order in which they are listed.
    pub rules: &'static [Rule],
    /// The options.
    pub options: &'static [Opt],
    /// The columns of the result table.
    pub columns: &'static [RowColumn],
}
