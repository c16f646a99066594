//! What a check found: plain data, without a thought for how it is shown.

pub mod earlier;
pub mod run;
pub mod schema;

use crate::model::{
    decimal::{self, Decimal},
    money::Money,
    time::{Instant, rfc3339},
};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use std::{cmp::Ordering, collections::BTreeMap, io, sync::Arc};

/// How bad a finding is. `Error` sorts first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Customers or money are hurt.
    Error,
    /// Somebody should look.
    Warning,
    /// Good to know.
    Info,
}

impl Severity {
    /// `error`, `warning`, `info`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
    }

    /// From its name.
    pub fn parse(text: &str) -> Option<Severity> {
        Some(match text {
            "error" => Severity::Error,
            "warning" => Severity::Warning,
            "info" => Severity::Info,
            _ => return None,
        })
    }
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// `invoice`, `event`, `metric`, …
    pub kind: String,
    /// Its id in the exports.
    pub id: String,
}

/// One figure that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diff {
    /// Which figure.
    pub field: String,
    /// What it should be.
    pub expected: Option<String>,
    /// What it is.
    pub actual: Option<String>,
    /// actual − expected, unrounded.
    pub delta: Option<String>,
    /// delta / expected × 100, half-up to two places; `None` where expected is 0.
    pub delta_percent: Option<String>,
}

impl Diff {
    /// A difference of two decimals.
    pub fn decimals(field: &str, expected: Decimal, actual: Decimal) -> Diff {
        let delta = decimal::sub(actual, expected);
        Diff {
            field: field.to_owned(),
            expected: Some(decimal::shortest(expected)),
            actual: Some(decimal::shortest(actual)),
            delta: delta.map(decimal::shortest),
            delta_percent: delta.and_then(|d| decimal::percent(d, expected)).map(format_percent),
        }
    }

    /// A difference of two texts.
    pub fn texts(field: &str, expected: Option<&str>, actual: Option<&str>) -> Diff {
        Diff {
            field: field.to_owned(),
            expected: expected.map(str::to_owned),
            actual: actual.map(str::to_owned),
            delta: None,
            delta_percent: None,
        }
    }
}

/// Two places, always: `16.67`, `-10.00`.
pub fn format_percent(percent: Decimal) -> String {
    let mut p = percent;
    p.rescale(2);
    if p.is_zero() {
        p.set_sign_positive(true);
    }
    p.to_string()
}

/// Why, where the data shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// A stable id of the check's catalogue of causes, or `ambiguous`.
    pub id: String,
    /// What was found, in words.
    pub detail: String,
}

/// Where in the exports a fact stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Evidence {
    /// The dataset.
    pub dataset: String,
    /// The file as it was named.
    pub file: String,
    /// The line in it, from 1; for JSON the line on which the record begins.
    pub line: u64,
}

/// Whether a finding was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Not in the last run of this check, or there is no history.
    New,
    /// In it, but smaller.
    Worsened,
    /// In it.
    Persisting,
    /// Accepted until a date.
    Waived,
}

impl State {
    /// `new`, `worsened`, `persisting`, `waived`.
    pub fn name(self) -> &'static str {
        match self {
            State::New => "new",
            State::Worsened => "worsened",
            State::Persisting => "persisting",
            State::Waived => "waived",
        }
    }
}

/// One thing that a check found.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// `check/rule`.
    pub code: &'static str,
    /// How bad.
    pub severity: Severity,
    /// Whose.
    pub account: Option<String>,
    /// What it is about.
    pub subject: Subject,
    /// What else tells it from its siblings.
    pub key: BTreeMap<String, String>,
    /// One sentence with the numbers in it.
    pub message: String,
    /// The figures.
    pub diff: Vec<Diff>,
    /// Why.
    pub cause: Option<Cause>,
    /// Money at stake, never negative.
    pub impact: Option<Money>,
    /// What to do next: one imperative sentence without customers' data.
    pub action: String,
    /// Whose move it is.
    pub owner: &'static str,
    /// By when.
    #[serde(serialize_with = "instant")]
    pub due: Option<Instant>,
    /// Where the facts stand.
    pub evidence: Vec<Evidence>,
    /// Stable across runs for the same code, account, subject and key.
    pub fingerprint: String,
    /// New, worsened, persisting or waived.
    pub state: State,
}

fn instant<S: Serializer>(t: &Option<Instant>, s: S) -> Result<S::Ok, S::Error> {
    t.map(rfc3339).serialize(s)
}

impl Finding {
    /// A finding whose fingerprint is set; the rest is filled in by the caller.
    pub fn new(code: &'static str, severity: Severity, account: Option<&str>, subject: Subject) -> Finding {
        let mut f = Finding {
            code,
            severity,
            account: account.map(str::to_owned),
            subject,
            key: BTreeMap::new(),
            message: String::new(),
            diff: Vec::new(),
            cause: None,
            impact: None,
            action: String::new(),
            owner: "",
            due: None,
            evidence: Vec::new(),
            fingerprint: String::new(),
            state: State::New,
        };
        f.seal();
        f
    }

    /// With one more part of the key.
    pub fn with_key(mut self, name: &str, value: impl Into<String>) -> Finding {
        self.key.insert(name.to_owned(), value.into());
        self.seal();
        self
    }

    /// Sets the fingerprint: 64 bits of BLAKE3 over code, account, subject and key, each with its length, as 16
    /// hexadecimal digits.
    fn seal(&mut self) {
        let mut hash = blake3::Hasher::new();
        let mut part = |text: &str| {
            hash.update(&(text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        };
        part(self.code);
        part(if self.account.is_some() { "1" } else { "0" });
        part(self.account.as_deref().unwrap_or(""));
        part(&self.subject.kind);
        part(&self.subject.id);
        for (k, v) in &self.key {
            part(k);
            part(v);
        }
        self.fingerprint = hash.finalize().to_hex()[..16].to_owned();
    }
}

/// The order of findings: severity, then impact (largest first), then account, subject, key.
pub fn sort_findings(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let amount = |f: &Finding| f.impact.as_ref().map_or(Decimal::ZERO, |m| m.amount);
        a.severity
            .cmp(&b.severity)
            .then_with(|| amount(b).cmp(&amount(a)))
            .then_with(|| a.account.cmp(&b.account))
            .then_with(|| a.subject.cmp(&b.subject))
            .then_with(|| a.key.cmp(&b.key))
            .then_with(|| a.code.cmp(b.code))
    });
}

/// The outcome in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All was judged, nothing at or above `--fail-on` was found.
    Pass,
    /// Something at or above `--fail-on` was found.
    Findings,
    /// Nothing was found, but not all could be judged.
    PartlyJudged,
    /// Nothing could be judged.
    NotJudged,
}

/// Something wrong with the data or the call, not with the customers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// `data/…`, `usage/…` or a check's own.
    pub code: String,
    /// What is wrong and what to do.
    pub message: String,
    /// The file, where there is one.
    pub file: Option<String>,
    /// The line, where there is one.
    pub line: Option<u64>,
}

impl Problem {
    /// A problem without a place.
    pub fn new(code: &str, message: impl Into<String>) -> Problem {
        Problem { code: code.to_owned(), message: message.into(), file: None, line: None }
    }

    /// The same with its place.
    pub fn at(self, file: &str, line: Option<u64>) -> Problem {
        Problem { file: Some(file.to_owned()), line, ..self }
    }
}

/// How far a rule could be judged.
#[derive(Clone, Debug, Serialize)]
pub struct RuleReport {
    /// The finding code.
    pub code: &'static str,
    /// The severity in force; `None` where the rule is off.
    pub severity: Option<Severity>,
    /// How many subjects were judged by it.
    pub judged: u64,
    /// How many could not be.
    pub not_judged: u64,
    /// `dataset` or `dataset.column` that were missing.
    pub missing: Vec<String>,
}

/// One dataset of one export as it was read.
#[derive(Clone, Debug, Serialize)]
pub struct InputReport {
    /// The dataset.
    pub dataset: String,
    /// The file as it was named.
    pub file: String,
    /// The profile that mapped it, if any.
    pub profile: Option<String>,
    /// Records in it: always loaded + rejected + filtered.
    pub rows: u64,
    /// Used (identical duplicates included).
    pub loaded: u64,
    /// Unusable, see `crosscheck rejects`.
    pub rejected: u64,
    /// Left out by the profile.
    pub filtered: u64,
    /// BLAKE3 of the file's bytes, hexadecimal.
    pub digest: String,
    /// The oldest event time.
    pub oldest: Option<String>,
    /// The newest event time.
    pub newest: Option<String>,
}

/// A cause and what stands behind it.
#[derive(Clone, Debug, Serialize)]
pub struct CauseSummary {
    /// The cause.
    pub id: String,
    /// What was found.
    pub detail: String,
    /// How many findings have it.
    pub findings: u64,
    /// Their money, a currency each.
    pub impact: Vec<Money>,
}

/// Counts by severity.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct BySeverity {
    /// Errors.
    pub error: u64,
    /// Warnings.
    pub warning: u64,
    /// Infos.
    pub info: u64,
}

/// The report in numbers.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Subjects judged.
    pub checked: u64,
    /// Findings, waived ones not counted.
    pub findings: u64,
    /// The same by severity.
    pub by_severity: BySeverity,
    /// The same by code.
    pub by_code: BTreeMap<String, u64>,
    /// Money at stake, a currency each.
    pub impact: Vec<Money>,
    /// Causes, most findings first.
    pub causes: Vec<CauseSummary>,
    /// Subjects that could not be judged.
    pub not_judged: u64,
    /// Accounts left out by scope.
    pub excluded: u64,
    /// Ids that match no account.
    pub unmatched_ids: u64,
    /// A check's own figures.
    #[serde(flatten)]
    pub own: Map<String, Value>,
}

/// One column of a check's result table.
#[derive(Clone, Copy, Debug)]
pub struct RowColumn {
    /// The field's name in JSON.
    pub name: &'static str,
    /// How a table shows it.
    pub show: Show,
    /// What it holds, for the JSON Schema and the docs.
    pub doc: &'static str,
}

/// How a result column is shown to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// Left-aligned text; gives way first when the table is too wide.
    Text,
    /// Right-aligned number with thousands separators.
    Number,
    /// Right-aligned, signed, with a per cent sign.
    Percent,
    /// A list of values from 0 to 100, shown as a sparkline; where it is too wide its end is shown.
    Trend,
    /// Not in the table, only in JSON, CSV and `--all-rows` of a wide terminal.
    Hidden,
}

/// One row of a check's result table: the values in the order of its columns.
#[derive(Clone, Debug)]
pub struct Row {
    /// Strings, numbers, booleans, arrays or null.
    pub values: Vec<Value>,
    /// The account, for `--account`.
    pub account: Option<String>,
    /// Whether a finding stands behind it (`--rows flagged`).
    pub flagged: bool,
    /// Order in a table: the worst first (0 first), then as given.
    pub rank: (u8, std::cmp::Reverse<Decimal>),
}

/// A longer text for a person, such as a calculation line by line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// What it is about.
    pub title: String,
    /// Its sentences, one a line.
    pub lines: Vec<String>,
    /// The account, for `--account`.
    pub account: Option<String>,
}

/// A check's whole answer.
#[derive(Clone, Debug)]
pub struct Report {
    /// The check.
    pub check: &'static str,
    /// The moment it is told for.
    pub as_of: Instant,
    /// The zone of day boundaries.
    pub timezone: String,
    /// In one word.
    pub verdict: Verdict,
    /// The process's exit code.
    pub exit_code: u8,
    /// What is wrong with the data or the call.
    pub problems: Vec<Problem>,
    /// The thresholds in force.
    pub parameters: Map<String, Value>,
    /// How far each rule could be judged.
    pub rules: Vec<RuleReport>,
    /// What was read.
    pub inputs: Vec<InputReport>,
    /// In numbers.
    pub summary: Summary,
    /// Sorted.
    pub findings: Vec<Finding>,
    /// The columns of `rows`.
    pub columns: &'static [RowColumn],
    /// The result table.
    pub rows: Vec<Row>,
    /// Further rows, made while they are written; see [`RowsNeeded::Each`].
    pub rows_later: Option<Arc<dyn RowSource>>,
    /// How many more rows it has that no output shows, by their outcome; no finding stands behind them.
    pub rows_left: BTreeMap<String, u64>,
    /// The verdict in a sentence, for people.
    pub headline: String,
    /// What a person should know of how the data was read and what was not judged.
    pub notes: Vec<String>,
    /// Longer texts that options asked for.
    pub passages: Vec<Passage>,
}

/// Rows that are made one by one each time they are asked for, in their order: more than memory should hold at once.
pub trait RowSource: std::fmt::Debug + Send + Sync {
    /// How many there are.
    fn count(&self) -> u64;
    /// Hands over each row; ends with the first error.
    fn each(&self, take: &mut dyn FnMut(Row) -> io::Result<()>) -> io::Result<()>;
}

/// Which rows of its result table a check must make: all that any output shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowsNeeded {
    /// None.
    None,
    /// Those behind which a finding stands, and the first few of the others; of the rest only how many there are.
    Telling,
    /// Every row, one after the other as they come: a check may leave them to a [`RowSource`].
    Each,
    /// Every row at once.
    All,
}

/// As many rows without a finding as a table for people shows where there are more.
pub const TOLD_ROWS: usize = 20;

/// Of `count` rows those that must be made where [`TOLD_ROWS`] of those that are not `flagged` are enough: the least
/// by `order`. In ascending order.
pub fn telling(
    count: usize,
    flagged: impl Fn(usize) -> bool,
    order: impl Fn(usize, usize) -> Ordering,
) -> Vec<usize> {
    let (mut made, mut others) = (Vec::new(), Vec::new());
    let keep = |others: &mut Vec<usize>| {
        if others.len() > TOLD_ROWS {
            others.select_nth_unstable_by(TOLD_ROWS, |a, b| order(*a, *b).then(a.cmp(b)));
            others.truncate(TOLD_ROWS);
        }
    };
    // The greatest of those kept when `others` was last cut down: what is not less than it never comes in.
    let mut bound: Option<usize> = None;
    for at in 0..count {
        if flagged(at) {
            made.push(at);
        } else if bound.is_none_or(|b| order(at, b) == Ordering::Less) {
            others.push(at);
            if others.len() == 8 * TOLD_ROWS {
                keep(&mut others);
                bound = others.iter().copied().max_by(|a, b| order(*a, *b).then(a.cmp(b)));
            }
        }
    }
    keep(&mut others);
    made.append(&mut others);
    made.sort_unstable();
    made
}

/// Sums money by currency, in the currencies' alphabetical order.
pub fn totals<'a>(amounts: impl IntoIterator<Item = &'a Money>) -> Vec<Money> {
    let mut by: BTreeMap<&str, Decimal> = BTreeMap::new();
    for m in amounts {
        let sum = by.entry(&m.currency).or_default();
        *sum = sum.saturating_add(m.amount);
    }
    by.into_iter().map(|(c, a)| Money::new(a, c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::decimal::parse;

    fn finding(code: &'static str, account: &str) -> Finding {
        let subject = Subject { kind: "invoice".into(), id: "in_1".into() };
        Finding::new(code, Severity::Error, Some(account), subject)
    }

    proptest::proptest! {
        #[test]
        fn the_rows_that_tell_something_are_the_flagged_and_the_least_of_the_others(
            rows in proptest::collection::vec((proptest::bool::weighted(0.1), 0u8..9), 0..600),
        ) {
            let made = telling(rows.len(), |at| rows[at].0, |a, b| rows[a].1.cmp(&rows[b].1));
            let mut others: Vec<usize> = (0..rows.len()).filter(|at| !rows[*at].0).collect();
            others.sort_by_key(|at| rows[*at].1);
            others.truncate(TOLD_ROWS);
            let mut expected: Vec<usize> = (0..rows.len()).filter(|at| rows[*at].0).chain(others).collect();
            expected.sort_unstable();
            proptest::prop_assert_eq!(made, expected);
        }
    }

    #[test]
    fn a_fingerprint_does_not_depend_on_figures_but_on_the_key() {
        let mut a = finding("reconcile/quantity-mismatch", "acct_1").with_key("metric", "api_calls");
        let b = a.clone();
        a.message = "other figures".into();
        a.impact = Some(Money::new(parse("5").unwrap(), "USD"));
        assert_eq!(a.fingerprint, b.fingerprint);
        assert_ne!(a.fingerprint, b.clone().with_key("metric", "storage").fingerprint);
        assert_ne!(a.fingerprint, finding("reconcile/quantity-mismatch", "acct_1").fingerprint);
        assert_eq!(a.fingerprint.len(), 16);
    }

    #[test]
    fn money_of_different_currencies_is_never_added() {
        let m = |a: &str, c: &str| Money::new(parse(a).unwrap(), c);
        let sums = totals(&[m("1.10", "USD"), m("5", "EUR"), m("2.2", "USD")]);
        assert_eq!(sums, [m("5", "EUR"), m("3.30", "USD")]);
    }

    #[test]
    fn findings_sort_by_severity_then_money() {
        let mut list = vec![finding("a/b", "z"), finding("a/b", "a"), finding("a/b", "m")];
        list[1].severity = Severity::Info;
        list[2].impact = Some(Money::new(parse("5").unwrap(), "USD"));
        sort_findings(&mut list);
        let order: Vec<_> = list.iter().map(|f| f.account.clone().unwrap()).collect();
        assert_eq!(order, ["m", "z", "a"]);
    }
}
