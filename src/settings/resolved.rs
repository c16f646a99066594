//! Third stage: typed settings.

use super::discover::Places;
use super::fault::{Fault, Origin, SettingsError};
use super::keys::{Catalogue, Slot};
use super::merged::Merged;
use super::sections::{Maps, RawProfile, Sections, SourceRule};
use super::tables;
use super::values::{AllowRejects, Value};
use super::waiver::Waiver;
use super::written::Raw;
use crate::check::Rule;
use crate::model::datasets::DATASETS;
use crate::model::decimal::Decimal;
use crate::model::time::{Instant, Stamp};
use crate::report::{RowsNeeded, Severity};
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Which rows of the result table JSON carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsShown {
    /// Every row.
    All,
    /// Rows behind which a finding stands.
    Flagged,
    /// None.
    None,
}

/// Whether terminal output is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// On a terminal, as the environment wishes.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether to paint. `Auto` honours `NO_COLOR` (any text), then `CLICOLOR_FORCE` (any text but `0`), then
    /// `TERM=dumb`, then whether the output is a terminal.
    pub fn paints(self, environment: &super::Environment, terminal: bool) -> bool {
        let set = |name: &str| environment.get(name).filter(|v| !v.is_empty());
        match self {
            Color::Always => true,
            Color::Never => false,
            Color::Auto if set("NO_COLOR").is_some() => false,
            Color::Auto if set("CLICOLOR_FORCE").is_some_and(|v| v != "0") => true,
            Color::Auto => terminal && set("TERM").is_none_or(|v| v != OsStr::new("dumb")),
        }
    }
}

/// A pattern for account ids, in which `*` stands for any text, none included. Nothing else is special.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountPattern(String);

impl AccountPattern {
    /// Of a text.
    pub fn new(text: impl Into<String>) -> AccountPattern {
        AccountPattern(text.into())
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an account id fits.
    pub fn matches(&self, account: &str) -> bool {
        let mut parts = self.0.split('*');
        let Some(mut rest) = account.strip_prefix(parts.next().unwrap_or_default()) else { return false };
        let mut parts: Vec<&str> = parts.collect();
        let Some(last) = parts.pop() else { return rest.is_empty() };
        for part in parts {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

/// Which accounts no check judges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// `[scope] exclude`.
    pub exclude: Vec<AccountPattern>,
    /// `[scope] kinds`: words of `accounts.kind`.
    pub kinds: Vec<&'static str>,
    /// `--exclude-account`: exactly these ids.
    pub accounts: BTreeSet<String>,
}

impl Scope {
    /// Whether an account is left out; `kind` where it is known.
    pub fn excludes(&self, account: &str, kind: Option<&str>) -> bool {
        self.accounts.contains(account)
            || kind.is_some_and(|k| self.kinds.contains(&k))
            || self.exclude.iter().any(|p| p.matches(account))
    }
}

/// Which checks `run` runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunChecks {
    /// Only these; empty: all.
    pub only: Vec<String>,
    /// Not these.
    pub skip: Vec<String>,
    /// These must be able to run.
    pub require: Vec<String>,
}

/// One value in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// `timezone`, `reconcile.threshold`.
    pub key: String,
    /// Typed.
    pub value: Value,
    /// Where it came from.
    pub origin: Origin,
    /// For an option of a check, the check and the flag.
    pub(crate) option: Option<(&'static str, &'static str)>,
}

/// The settings of one run, typed and complete.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The moment that stands for now.
    pub as_of: Instant,
    /// The zone of timestamps without an offset and of day boundaries.
    pub timezone: Tz,
    /// One of the formats of reports.
    pub format: &'static str,
    /// The least severity that fails the run; `None` is never.
    pub fail_on: Option<Severity>,
    /// Findings with less money at stake are left out; in major units of each finding's currency.
    pub min_impact: Decimal,
    /// Rows that may be rejected.
    pub allow_rejects: AllowRejects,
    /// Rows that JSON carries.
    pub rows: RowsShown,
    /// The rows that any output shows; a check with few rows may make them all the same.
    pub rows_needed: RowsNeeded,
    /// The most rows that JSON carries.
    pub limit: Option<u64>,
    /// Whether a table shows every row.
    pub all_rows: bool,
    /// Colour.
    pub color: Color,
    /// Nothing on standard error but errors.
    pub quiet: bool,
    /// More on standard error.
    pub verbose: bool,
    /// No progress bars.
    pub no_progress: bool,
    /// Codes, or checks for all their codes; empty: all. See [`Settings::selects`].
    pub select: Vec<String>,
    /// Codes, or checks for all their codes, that are left out.
    pub ignore: Vec<String>,
    /// Only what is new or has worsened is shown, and fails the run.
    pub only_new: bool,
    /// The report that findings are compared with, instead of the history.
    pub baseline: Option<PathBuf>,
    /// Whether the history of runs is neither read nor written.
    pub no_history: bool,
    /// Only these accounts are shown; empty: all. A filter after judging.
    pub accounts: BTreeSet<String>,
    /// Of `run`.
    pub run: RunChecks,
    /// Whether all checks run whose data is there: else a waiver without a match tells nothing.
    pub whole: bool,
    /// Accounts that are not judged.
    pub scope: Scope,
    /// What systems name differently.
    pub maps: Maps,
    /// Severities that differ from the rules' own; `None` is off.
    pub rules: BTreeMap<String, Option<Severity>>,
    /// What files do not say; see [`Settings::source_of`].
    pub sources: Vec<SourceRule>,
    /// The user's profiles, not looked into.
    pub profiles: Vec<RawProfile>,
    /// Accepted findings; expired ones too.
    pub waivers: Vec<Waiver>,
    /// The exports where a command line names none, seen from the current folder; `dataset=PATH` among them.
    pub data_paths: Vec<String>,
    /// Zones that a shifted window is looked for in, in this order.
    pub usual_zones: Vec<Tz>,
    /// Whose pricing rules apply where prices do not say.
    pub dialect: &'static str,
    /// Settings file, cache and history.
    pub places: Places,
    /// What is odd but no error, for standard error.
    pub warnings: Vec<String>,
    pub(crate) values: Vec<InForce>,
    pub(crate) check: Option<String>,
}

impl Settings {
    /// The severity in force of a rule; `None` is off.
    pub fn severity(&self, rule: &Rule) -> Option<Severity> {
        self.severity_of(rule.code, rule.severity)
    }

    /// The severity in force of a code whose own is `default`; `None` is off.
    pub fn severity_of(&self, code: &str, default: Severity) -> Option<Severity> {
        self.rules.get(code).copied().unwrap_or(Some(default))
    }

    /// Whether `--select` and `--ignore` let a code through; `ignore` wins.
    pub fn selects(&self, code: &str) -> bool {
        let named = |list: &[String]| {
            list.iter()
                .any(|n| code.strip_prefix(n.as_str()).is_some_and(|r| r.is_empty() || r.starts_with('/')))
        };
        (self.select.is_empty() || named(&self.select)) && !named(&self.ignore)
    }

    /// Whether a finding of this severity makes the exit code 1.
    pub fn fails(&self, severity: Severity) -> bool {
        self.fail_on.is_some_and(|least| severity <= least)
    }

    /// The first `[[source]]` that speaks of a file.
    pub fn source_of(&self, path: &str) -> Option<&SourceRule> {
        self.sources.iter().find(|s| s.matches(path))
    }

    /// The settings file that was read.
    pub fn config_path(&self) -> Option<&Path> {
        self.places.config.as_ref().map(|c| c.path.as_path())
    }

    /// The folder of the cache.
    pub fn cache_dir(&self) -> &Path {
        &self.places.cache_dir
    }

    /// The folder of the history.
    pub fn state_dir(&self) -> &Path {
        &self.places.state_dir
    }

    /// Every value in force and where it came from, in the order of the table of keys.
    pub fn in_force(&self) -> &[InForce] {
        &self.values
    }

    /// A path of a settings file is seen from that file; one of a flag or variable from the current folder.
    pub(crate) fn path_of(&self, origin: &Origin, text: &str) -> PathBuf {
        path_from(&self.places, origin, text)
    }
}

fn path_from(places: &Places, origin: &Origin, text: &str) -> PathBuf {
    match (origin, &places.config) {
        (Origin::File { .. }, Some(config)) => config.base.join(text),
        _ => PathBuf::from(text),
    }
}

/// Types the merged values; with what was at fault before, all is told at once.
pub(crate) fn resolve(
    known: &Catalogue,
    merged: Merged,
    sections: Sections,
    places: Places,
    check: Option<&str>,
    mut faults: Vec<Fault>,
) -> Result<Settings, SettingsError> {
    for (at, raw) in &merged.beaten {
        faults.extend(typed(&known.slots[*at], raw, known).err());
    }
    let mut values = Vec::with_capacity(known.slots.len());
    for (slot, raw) in known.slots.iter().zip(merged.values) {
        match typed(slot, &raw, known) {
            Ok(value) => {
                let option = slot.of_check.then_some((slot.section, slot.flag));
                values.push(InForce { key: slot.path(), value, origin: raw.origin, option });
            }
            Err(fault) => faults.push(fault),
        }
    }
    if let Some(paths) = values.iter().find(|v| v.key == "data.paths") {
        faults.extend(standard_input(paths));
    }
    if !faults.is_empty() {
        faults.sort_by_key(|f| f.line.unwrap_or(u64::MAX));
        faults.dedup();
        return Err(SettingsError { faults });
    }
    Ok(assemble(Values(values), sections, places, merged.warnings, check))
}

fn typed(slot: &Slot, raw: &Raw, known: &Catalogue) -> Result<Value, Fault> {
    if slot.kind.shape().is_some() {
        let default = tables::default(slot, known)
            .map_err(|why| Fault::new(format!("the default of {} {why}", slot.called())))?;
        return Ok(tables::laid_over(default, raw.table.clone()));
    }
    let blank = raw.texts.iter().all(|t| t.trim().is_empty());
    if blank && slot.default.is_empty() && !slot.kind.is_list() {
        return Ok(Value::Unset);
    }
    slot.kind.read(&raw.texts, known).map_err(|why| match &raw.origin {
        Origin::File { file, line } => Fault::at(file, *line, format!("{} {why}", slot.called())),
        Origin::Default => Fault::new(format!("the default of {} {why}", slot.called())),
        origin => Fault::new(format!("{origin} {why}")),
    })
}

/// Standard input is for a command line to name: a cron job has none.
fn standard_input(paths: &InForce) -> Option<Fault> {
    let Value::Texts(list) = &paths.value else { return None };
    let bad = list.iter().find(|p| split_dataset(p).1 == "-")?;
    let message = format!("'paths' in [data] cannot name standard input: '{bad}'");
    Some(match &paths.origin {
        Origin::File { file, line } => Fault::at(file, *line, message),
        _ => Fault::new(message),
    })
}

/// `dataset=PATH`: the part up to `=`, and the path.
fn split_dataset(text: &str) -> (&str, &str) {
    match text.split_once('=') {
        Some((name, path)) if DATASETS.iter().any(|d| d.name == name) => {
            text.split_at(text.len() - path.len())
        }
        _ => ("", text),
    }
}

/// The typed values, by key. A key that is not there or of another kind gives nothing; a test asks for all.
pub(crate) struct Values(pub(crate) Vec<InForce>);

impl Values {
    fn get(&self, key: &str) -> &Value {
        self.0.iter().find(|v| v.key == key).map_or(&Value::Unset, |v| &v.value)
    }
    fn switch(&self, key: &str) -> bool {
        *self.get(key) == Value::Switch(true)
    }
    fn word(&self, key: &str) -> &'static str {
        if let Value::Word(word) = self.get(key) { word } else { "" }
    }
    fn texts(&self, key: &str) -> Vec<String> {
        if let Value::Texts(list) = self.get(key) { list.clone() } else { Vec::new() }
    }
}

fn assemble(
    v: Values,
    sections: Sections,
    places: Places,
    warnings: Vec<String>,
    check: Option<&str>,
) -> Settings {
    let timezone = if let Value::Zone(zone) = v.get("timezone") { *zone } else { Tz::UTC };
    let as_of = match v.get("as_of") {
        Value::Moment(stamp) => Stamp::in_zone(*stamp, timezone),
        _ => super::now(),
    };
    let paths_origin =
        v.0.iter().find(|x| x.key == "data.paths").map_or(Origin::Default, |x| x.origin.clone());
    let data_path = |text: String| {
        let (dataset, path) = split_dataset(&text);
        format!("{dataset}{}", path_from(&places, &paths_origin, path).display())
    };
    Settings {
        as_of,
        timezone,
        format: v.word("format"),
        fail_on: Severity::parse(v.word("fail_on")),
        min_impact: if let Value::Decimal(d) = v.get("min_impact") { *d } else { Decimal::ZERO },
        allow_rejects: if let Value::Rejects(r) = v.get("allow_rejects") {
            *r
        } else {
            AllowRejects::Count(0)
        },
        rows_needed: RowsNeeded::All,
        rows: match v.word("rows") {
            "flagged" => RowsShown::Flagged,
            "none" => RowsShown::None,
            _ => RowsShown::All,
        },
        limit: if let Value::Limit(limit) = v.get("limit") { *limit } else { None },
        all_rows: v.switch("all_rows"),
        color: match v.word("color") {
            "always" => Color::Always,
            "never" => Color::Never,
            _ => Color::Auto,
        },
        quiet: v.switch("quiet"),
        verbose: v.switch("verbose"),
        no_progress: v.switch("no_progress"),
        select: v.texts("select"),
        ignore: v.texts("ignore"),
        only_new: v.switch("only_new"),
        baseline: if let Value::Path(path) = v.get("baseline") { Some(path.into()) } else { None },
        no_history: v.switch("no_history"),
        accounts: v.texts("account").into_iter().collect(),
        run: RunChecks {
            only: v.texts("run.only"),
            skip: v.texts("run.skip"),
            require: v.texts("run.require"),
        },
        whole: true,
        scope: Scope {
            exclude: v.texts("scope.exclude").into_iter().map(AccountPattern::new).collect(),
            kinds: if let Value::Words(kinds) = v.get("scope.kinds") { kinds.clone() } else { Vec::new() },
            accounts: v.texts("exclude_account").into_iter().collect(),
        },
        maps: sections.maps,
        rules: sections.rules,
        sources: sections.sources,
        profiles: sections.profiles,
        waivers: sections.waivers,
        data_paths: v.texts("data.paths").into_iter().map(data_path).collect(),
        usual_zones: if let Value::Zones(zones) = v.get("reconcile.usual_zones") {
            zones.clone()
        } else {
            Vec::new()
        },
        dialect: v.word("pricing.dialect"),
        places,
        warnings,
        values: v.0,
        check: check.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_star_stands_for_any_text_and_nothing_else_is_special() {
        let fits = |p: &str, a: &str| AccountPattern::new(p).matches(a);
        assert!(fits("acct_internal*", "acct_internal_7") && fits("acct_internal*", "acct_internal"));
        assert!(fits("*test*", "my_test_1") && fits("*", "") && fits("a*b*c", "aXbYbc"));
        assert!(!fits("acct", "acct_1") && !fits("a*a", "a") && !fits("a?c", "abc") && fits("a[b]", "a[b]"));
        assert!(!fits("", "a") && fits("", ""));
    }

    #[test]
    fn colour_follows_the_conventions() {
        let env =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).into())).collect();
        let auto = |pairs: &[(&str, &str)], terminal| Color::Auto.paints(&env(pairs), terminal);
        assert!(auto(&[("TERM", "xterm")], true) && !auto(&[], false));
        assert!(!auto(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], true));
        assert!(auto(&[("CLICOLOR_FORCE", "1")], false) && !auto(&[("CLICOLOR_FORCE", "0")], false));
        assert!(!auto(&[("TERM", "dumb")], true) && auto(&[("NO_COLOR", "")], true));
        assert!(
            Color::Always.paints(&env(&[("NO_COLOR", "1")]), false) && !Color::Never.paints(&env(&[]), true)
        );
    }

    proptest! {
        #[test]
        fn a_pattern_agrees_with_the_plain_definition(p in "[ab*]{0,6}", a in "[ab]{0,7}") {
            fn plain(p: &[u8], a: &[u8]) -> bool {
                match (p.first(), a.first()) {
                    (None, None) => true,
                    (Some(b'*'), _) => plain(&p[1..], a) || (!a.is_empty() && plain(p, &a[1..])),
                    (Some(x), Some(y)) => x == y && plain(&p[1..], &a[1..]),
                    _ => false,
                }
            }
            let found = AccountPattern::new(p.as_str()).matches(&a);
            prop_assert_eq!(found, plain(p.as_bytes(), a.as_bytes()));
        }
    }
}
