//! The one table of keys: what may be set, where, and to what.

use super::fault::{did_you_mean, nearest};
use super::values::Kind;
use crate::check::CheckInfo;
use crate::report::Severity;

/// A key that does not belong to one check.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The section of crosscheck.toml; empty for its top level.
    pub section: &'static str,
    /// Snake case.
    pub name: &'static str,
    /// The flag without dashes; empty for none.
    pub flag: &'static str,
    /// Whether it may stand in crosscheck.toml.
    pub in_file: bool,
    /// What it takes.
    pub kind: Kind,
    /// The default as a flag would write it; empty for none.
    pub default: &'static str,
    /// What it means, in one line.
    pub doc: &'static str,
}

/// The zones that companies most often cut their billing windows in; tried in this order when a billed figure is
/// explained by a shifted window. UTC, the zones of the continental United States, and those of the largest
/// software companies elsewhere.
pub const USUAL_ZONES: &str = "UTC,America/New_York,America/Chicago,America/Denver,America/Los_Angeles,\
Europe/London,Europe/Berlin,Asia/Kolkata,Asia/Tokyo,Australia/Sydney";

/// The formats of reports.
pub const FORMATS: &[&str] =
    &["table", "json", "ndjson", "csv", "rows-csv", "markdown", "junit", "github", "sarif", "html"];
/// The dialects of pricing.
pub const DIALECTS: &[&str] = &["standard", "stripe", "lago", "openmeter", "killbill", "chargebee"];
/// The kinds of accounts (the words of `accounts.kind`).
pub const ACCOUNT_KINDS: &[&str] = &["customer", "internal", "test", "partner"];

/// A key of the top level that has a flag of the same name.
const fn top(
    name: &'static str,
    flag: &'static str,
    kind: Kind,
    default: &'static str,
    doc: &'static str,
) -> Key {
    Key { section: "", name, flag, in_file: true, kind, default, doc }
}

/// A key of a section, without a flag.
const fn within(
    section: &'static str,
    name: &'static str,
    kind: Kind,
    default: &'static str,
    doc: &'static str,
) -> Key {
    Key { section, name, flag: "", in_file: true, kind, default, doc }
}

impl Key {
    /// Of one call, not of a project: flag and variable only.
    const fn not_in_file(self) -> Key {
        Key { in_file: false, ..self }
    }
}

/// Every key that is not a check's own, in the order in which they are listed.
pub const KEYS: &[Key] = &[
    top(
        "timezone",
        "timezone",
        Kind::Zone,
        "UTC",
        "The IANA zone of timestamps without an offset and of day boundaries.",
    ),
    top(
        "as_of",
        "as-of",
        Kind::Moment,
        "",
        "The moment that stands for now; a day is its first instant in the timezone.",
    )
    .not_in_file(),
    top("format", "format", Kind::Choice(FORMATS), "table", "How results are printed."),
    top(
        "fail_on",
        "fail-on",
        Kind::Choice(&["error", "warning", "info", "never"]),
        "error",
        "The least severity that makes the exit code 1.",
    ),
    top(
        "min_impact",
        "min-impact",
        Kind::Amount,
        "0",
        "Findings with less money at stake, in any currency, are left out.",
    ),
    top(
        "allow_rejects",
        "allow-rejects",
        Kind::Rejects,
        "0",
        "Rows, or a share such as 1%, that may be unusable before the exit code is 3.",
    ),
    top(
        "rows",
        "rows",
        Kind::Choice(&["all", "flagged", "none"]),
        "all",
        "Which rows of the result table JSON carries.",
    ),
    top("limit", "limit", Kind::Limit, "all", "The most rows that JSON carries."),
    top("all_rows", "all-rows", Kind::Switch, "false", "Whether a table shows every row, however many."),
    top(
        "color",
        "color",
        Kind::Choice(&["auto", "always", "never"]),
        "auto",
        "Whether the terminal output is coloured.",
    ),
    top("select", "select", Kind::Codes, "", "Only findings of these codes (or checks); none: all."),
    top("ignore", "ignore", Kind::Codes, "", "No findings of these codes (or checks)."),
    top("account", "account", Kind::Texts, "", "Only findings and rows of these accounts.").not_in_file(),
    top(
        "exclude_account",
        "exclude-account",
        Kind::Texts,
        "",
        "Accounts that are left out, beside [scope] exclude.",
    )
    .not_in_file(),
    top(
        "only_new",
        "only-new",
        Kind::Switch,
        "false",
        "Only what the last fully judged run of the same check, paths and options did not find, or found smaller.",
    )
    .not_in_file(),
    top(
        "baseline",
        "baseline",
        Kind::Path,
        "",
        "An earlier report (JSON) that findings are compared with, instead of the history.",
    )
    .not_in_file(),
    top("no_history", "no-history", Kind::Switch, "false", "Neither read nor write the history of runs."),
    top("config", "config", Kind::Path, "", "The settings file.").not_in_file(),
    top("cache", "cache", Kind::Path, "", "The folder of cache and history.").not_in_file(),
    top("quiet", "quiet", Kind::Switch, "false", "Nothing on standard error but errors.").not_in_file(),
    top("verbose", "verbose", Kind::Switch, "false", "More on standard error.").not_in_file(),
    top("no_progress", "no-progress", Kind::Switch, "false", "No progress bars.").not_in_file(),
    Key {
        flag: "only",
        ..within("run", "only", Kind::Checks, "", "Of `run`, only these checks; one that cannot run is exit code 3.")
    }
    .not_in_file(),
    Key { flag: "skip", ..within("run", "skip", Kind::Checks, "", "Checks that `run` leaves out.") },
    Key {
        flag: "require",
        ..within(
            "run",
            "require",
            Kind::Checks,
            "",
            "Checks that `run` must be able to run: without their exports the exit code is 3.",
        )
    },
    within(
        "data",
        "paths",
        Kind::Texts,
        "",
        "The exports where a command line names none: files, folders, dataset=PATH.",
    ),
    within("scope", "exclude", Kind::Texts, "", "Accounts that no check judges; * stands for any text."),
    within(
        "scope",
        "kinds",
        Kind::Words(ACCOUNT_KINDS),
        "internal,test",
        "Kinds of accounts that no check judges.",
    ),
    within(
        "pricing",
        "dialect",
        Kind::Choice(DIALECTS),
        "standard",
        "Whose pricing rules apply where prices do not say.",
    ),
    within(
        "reconcile",
        "usual_zones",
        Kind::Zones,
        USUAL_ZONES,
        "The zones that a shifted billing window is looked for in, in this order.",
    ),
];

/// Findings that no single check has: their codes and severities.
pub const ENGINE_CODES: &[(&str, Severity)] = &[
    ("data/conflicting-record", Severity::Warning),
    ("waiver/expired", Severity::Warning),
    ("waiver/unused", Severity::Warning),
];

/// The sections that are read as tables of their own, with what they are for.
pub(crate) const TABLES: &[(&str, &str)] = &[
    ("source", "What the tool cannot see in a file; the first [[source]] whose pattern fits counts."),
    ("map", "Systems name one thing differently: [map.metric], [map.plan], [map.feature], theirs = ours."),
    ("rules", "The severity of a finding: off, info, warning, error."),
    ("waiver", "Findings that are accepted until a day (included)."),
    ("profile", "How an unknown export becomes a dataset; 'crosscheck profile FILE' drafts one."),
];

/// One thing that can be set: a [`Key`] or an option of a check.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    /// As in [`Key`]; for a check its name.
    pub(crate) section: &'static str,
    /// Snake case.
    pub(crate) name: String,
    /// Without dashes; empty for none.
    pub(crate) flag: &'static str,
    pub(crate) in_file: bool,
    pub(crate) kind: Kind,
    pub(crate) default: &'static str,
    pub(crate) doc: &'static str,
    /// Whether the section is a check's, and the key its option.
    pub(crate) of_check: bool,
}

impl Slot {
    /// `timezone`, `reconcile.threshold`.
    pub(crate) fn path(&self) -> String {
        if self.section.is_empty() { self.name.clone() } else { format!("{}.{}", self.section, self.name) }
    }

    /// What stands above a table: `[dunning.networks]`, `[[dunning.step]]`.
    pub(crate) fn header(&self) -> Option<String> {
        match self.kind {
            Kind::Table(_) => Some(format!("[{}]", self.path())),
            Kind::Tables(_) => Some(format!("[[{}]]", self.path())),
            _ => None,
        }
    }

    /// The variable of this key alone.
    pub(crate) fn variable(&self) -> String {
        let section = if self.section.is_empty() { String::new() } else { format!("{}_", self.section) };
        format!("CROSSCHECK_{section}{}", self.name).to_uppercase().replace('-', "_")
    }

    /// The variable that it shares with options of that name of other checks.
    pub(crate) fn shared_variable(&self) -> Option<String> {
        self.of_check.then(|| format!("CROSSCHECK_{}", self.name.to_uppercase()))
    }

    /// `'threshold' in [reconcile]`, `[[dunning.step]]`.
    pub(crate) fn called(&self) -> String {
        if let Some(header) = self.header() {
            header
        } else if self.section.is_empty() {
            format!("'{}'", self.name)
        } else {
            format!("'{}' in [{}]", self.name, self.section)
        }
    }
}

/// Everything that can be set, and every name that a value may refer to.
#[derive(Clone, Debug)]
pub(crate) struct Catalogue {
    pub(crate) slots: Vec<Slot>,
    pub(crate) checks: Vec<&'static str>,
    pub(crate) codes: Vec<&'static str>,
}

impl Catalogue {
    pub(crate) fn new(checks: &[&CheckInfo]) -> Catalogue {
        let slot = |k: &Key| Slot {
            section: k.section,
            name: k.name.to_owned(),
            flag: k.flag,
            in_file: k.in_file,
            kind: k.kind,
            default: k.default,
            doc: k.doc,
            of_check: false,
        };
        let mut slots: Vec<Slot> = KEYS.iter().map(slot).collect();
        for check in checks {
            for opt in check.options {
                let name = opt.name.replace('-', "_");
                // A key of the table that a check declares as well is one key, with the check's flag.
                if let Some(own) = slots.iter_mut().find(|s| s.section == check.name && s.name == name) {
                    own.flag = opt.name;
                    own.of_check = true;
                    continue;
                }
                slots.push(Slot {
                    section: check.name,
                    name,
                    flag: opt.name,
                    in_file: true,
                    kind: opt.kind.into(),
                    default: opt.default,
                    doc: opt.help,
                    of_check: true,
                });
            }
        }
        let engine = ENGINE_CODES.iter().map(|(code, _)| *code);
        let codes = checks.iter().flat_map(|c| c.rules).map(|r| r.code).chain(engine).collect();
        Catalogue { slots, checks: checks.iter().map(|c| c.name).collect(), codes }
    }

    /// The slot of a key.
    pub(crate) fn find(&self, section: &str, name: &str) -> Option<usize> {
        self.slots.iter().position(|s| s.section == section && s.name == name)
    }

    /// The sections that hold single keys, in order.
    pub(crate) fn sections(&self) -> Vec<&'static str> {
        let mut sections: Vec<&'static str> = Vec::new();
        for name in self.slots.iter().map(|s| s.section).chain(self.checks.iter().copied()) {
            if !name.is_empty() && !sections.contains(&name) {
                sections.push(name);
            }
        }
        sections
    }

    /// The section that a heading names: its own name, or the first word of a check's name where that word names no
    /// other (`[gdpr]` is `[gdpr-delete]`).
    pub(crate) fn section(&self, heading: &str) -> Option<&'static str> {
        let sections = self.sections();
        let by_first_word = |s: &&&'static str| {
            self.checks.contains(*s) && s.split_once('-').is_some_and(|(word, _)| word == heading)
        };
        let mut short = sections.iter().filter(by_first_word);
        let exact = sections.iter().find(|s| **s == heading);
        exact.or_else(|| short.next().filter(|_| short.next().is_none())).copied()
    }

    /// Whether `--select` with this text selects anything: a code, or a check for all its codes.
    pub(crate) fn selects_something(&self, text: &str) -> bool {
        self.codes.contains(&text) || self.checks.contains(&text)
    }

    /// `; did you mean …` for a misspelt code: the nearest code, first among those of its check.
    pub(crate) fn near_code(&self, text: &str) -> String {
        let prefix = text.split_once('/').map(|(check, _)| check).unwrap_or(text);
        let own = self.codes.iter().copied().filter(|c| c.split('/').next() == Some(prefix));
        match nearest(text, own) {
            Some(code) => format!("; did you mean '{code}'?"),
            None => did_you_mean(text, self.codes.iter().chain(&self.checks).copied()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::datasets::{self, Type};

    #[test]
    fn every_key_is_well_formed_and_its_default_is_a_value_of_it() {
        let known = Catalogue::new(&[]);
        for (i, k) in KEYS.iter().enumerate() {
            assert!(k.name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{}", k.name);
            assert!(
                !KEYS[..i].iter().any(|o| (o.section, o.name) == (k.section, k.name)),
                "{} twice",
                k.name
            );
            assert!(k.doc.ends_with('.') && !k.doc.contains('\n'), "{}", k.name);
            assert!(k.section.is_empty() || TABLES.iter().all(|(t, _)| *t != k.section), "{}", k.name);
            if !k.default.is_empty() {
                let texts = super::super::merged::default_texts(&known.slots[i]);
                assert!(k.kind.read(&texts, &known).is_ok(), "{}: {}", k.name, k.default);
            }
        }
    }

    #[test]
    fn the_words_are_those_of_the_datasets() {
        let words = |dataset: &str, column: &str| {
            let d = datasets::find(dataset).unwrap();
            d.columns[d.position(column).unwrap()].ty
        };
        assert_eq!(words("accounts", "kind"), Type::Enum(ACCOUNT_KINDS));
        assert_eq!(words("prices", "dialect"), Type::Enum(DIALECTS));
    }
}
