//! The parts of crosscheck.toml that only a file can say: sources, maps, severities, waivers, profiles.

use super::fault::{Fault, did_you_mean, quoted};
use super::keys::Catalogue;
use super::node::{Entry, Node, NodeValue};
use super::values::{parse_duration, parse_zone};
use super::waiver::{self, Waiver};
use super::written::one_line;
use crate::model::datasets::{self, DATASETS};
use crate::report::Severity;
use chrono::TimeDelta;
use chrono_tz::Tz;
use std::collections::BTreeMap;

/// One `[[source]]`: what the tool cannot see in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRule {
    /// The pattern as written.
    pub pattern: String,
    compiled: glob::Pattern,
    /// The profile that maps it; whether there is one of that name is for the importer to say, at `line`.
    pub profile: Option<String>,
    /// The dataset it holds.
    pub dataset: Option<&'static str>,
    /// The zone that its timestamps without an offset are written in.
    pub timezone: Option<Tz>,
    /// The age, by its newest record, above which it is not trusted (exit code 3).
    pub max_age: Option<TimeDelta>,
    /// Its character encoding.
    pub encoding: Option<&'static encoding_rs::Encoding>,
    /// Its field separator.
    pub delimiter: Option<u8>,
    /// The settings file as it is shown.
    pub file: String,
    /// The line of the `[[source]]`, from 1.
    pub line: u64,
}

impl SourceRule {
    /// Whether it speaks of a file: the pattern fits the path or a tail of it that begins at a folder or file
    /// name. `*` and `?` stop at a `/`, `**` does not.
    pub fn matches(&self, path: &str) -> bool {
        let options = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::new() };
        let tails = memchr::memchr_iter(b'/', path.as_bytes()).map(|i| &path[i + 1..]);
        std::iter::once(path).chain(tails).any(|tail| self.compiled.matches_with(tail, options))
    }
}

/// What systems name differently: their name to ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maps {
    /// `[map.metric]`.
    pub metric: BTreeMap<String, String>,
    /// `[map.plan]`.
    pub plan: BTreeMap<String, String>,
    /// `[map.feature]`.
    pub feature: BTreeMap<String, String>,
}

/// One `[profile.NAME]`, not looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawProfile {
    /// NAME.
    pub name: String,
    /// The settings file as it is shown.
    pub file: String,
    /// The line of its key, from 1.
    pub line: u64,
    /// The table, every part of which knows its line.
    pub table: Node,
}

/// What of a settings file has no flag and no variable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sections {
    /// `[[source]]`, in order.
    pub(crate) sources: Vec<SourceRule>,
    /// `[map.*]`.
    pub(crate) maps: Maps,
    /// `[rules]`: severities that differ from the rules' own; `None` is off.
    pub(crate) rules: BTreeMap<String, Option<Severity>>,
    /// `[[waiver]]`, in order.
    pub(crate) waivers: Vec<Waiver>,
    /// `[profile.*]`, in order.
    pub(crate) profiles: Vec<RawProfile>,
}

/// Reads one of these parts into `to`.
pub(crate) fn read(file: &str, entry: &Entry, known: &Catalogue, to: &mut Sections, faults: &mut Vec<Fault>) {
    let name = entry.key.as_str();
    let mut wrong = |line: u64, message: String| faults.push(Fault::at(file, line, message));
    let node = &entry.node;
    match (name, &node.value) {
        ("source", NodeValue::List(items)) => {
            for item in items {
                let mut fields = Fields::new(file, "[[source]]", item, SOURCE_KEYS, faults);
                to.sources.extend(source(&mut fields, item));
            }
        }
        ("waiver", NodeValue::List(items)) => {
            for item in items {
                let mut fields = Fields::new(file, "[[waiver]]", item, waiver::KEYS, faults);
                to.waivers.extend(waiver::read(&mut fields, item, known));
            }
        }
        ("source" | "waiver", _) => {
            wrong(entry.line, format!("'{name}' is a list of tables: write [[{name}]]"))
        }
        ("map", NodeValue::Table(entries)) => {
            for e in entries {
                let map = match e.key.as_str() {
                    "metric" => &mut to.maps.metric,
                    "plan" => &mut to.maps.plan,
                    "feature" => &mut to.maps.feature,
                    other => {
                        let near = did_you_mean(other, ["metric", "plan", "feature"]);
                        wrong(e.line, format!("unknown key {} in [map]{near}", quoted(other)));
                        continue;
                    }
                };
                match texts(&e.node) {
                    Ok(pairs) => map.extend(pairs),
                    Err((line, why)) => wrong(line.unwrap_or(e.line), format!("[map.{}] {why}", e.key)),
                }
            }
        }
        ("rules", NodeValue::Table(entries)) => {
            for e in entries {
                match rule(e, known) {
                    Ok(severity) => drop(to.rules.insert(e.key.clone(), severity)),
                    Err(message) => wrong(e.line, message),
                }
            }
        }
        ("profile", NodeValue::Table(entries)) => {
            for e in entries {
                if e.node.table().is_none() {
                    wrong(e.line, format!("[profile] holds tables: write [profile.{}]", one_line(&e.key)));
                    continue;
                }
                let (name, table) = (e.key.clone(), e.node.clone());
                to.profiles.push(RawProfile { name, file: file.to_owned(), line: e.line, table });
            }
        }
        _ => wrong(entry.line, format!("'{name}' is a section, not a key: write [{name}]")),
    }
}

type Pairs = Vec<(String, String)>;

/// The pairs of a table of texts; else the line and the rest of a sentence.
pub(crate) fn texts(node: &Node) -> Result<Pairs, (Option<u64>, String)> {
    let entries =
        node.table().ok_or_else(|| (None, format!("must be a table of texts, not {}", node.shown())))?;
    let pair = |e: &Entry| match e.node.text() {
        Some(t) => Ok((e.key.clone(), t.to_owned())),
        None => {
            let why = format!("must hold texts; {} is {}", quoted(&e.key), e.node.shown());
            Err((Some(e.line), why))
        }
    };
    entries.iter().map(pair).collect()
}

fn rule(e: &Entry, known: &Catalogue) -> Result<Option<Severity>, String> {
    if !known.codes.contains(&e.key.as_str()) {
        let near = known.near_code(&e.key);
        return Err(format!("unknown finding code {} in [rules]{near}", quoted(&e.key)));
    }
    match e.node.text() {
        Some("off") => Ok(None),
        Some(word) => match Severity::parse(word) {
            Some(severity) => Ok(Some(severity)),
            None => {
                let near = did_you_mean(word, ["off", "info", "warning", "error"]);
                let bad = quoted(word);
                Err(format!("'{}' in [rules] must be off, info, warning or error, not {bad}{near}", e.key))
            }
        },
        None => {
            let shown = e.node.shown();
            Err(format!(
                "'{}' in [rules] must be \"off\", \"info\", \"warning\" or \"error\", not {shown}",
                e.key
            ))
        }
    }
}

/// The keys of one table of a list, each taken at most once; what is unknown is a fault at once.
pub(crate) struct Fields<'a> {
    pub(crate) file: &'a str,
    section: &'static str,
    entries: &'a [Entry],
    faults: &'a mut Vec<Fault>,
    sound: bool,
}

impl<'a> Fields<'a> {
    fn new(
        file: &'a str,
        section: &'static str,
        node: &'a Node,
        keys: &[&str],
        faults: &'a mut Vec<Fault>,
    ) -> Fields<'a> {
        let mut fields =
            Fields { file, section, entries: node.table().unwrap_or_default(), faults, sound: true };
        if node.table().is_none() {
            fields.wrong(node.line, format!("{section} must be a table, not {}", node.shown()));
        }
        for e in fields.entries {
            if !keys.contains(&e.key.as_str()) {
                let near = did_you_mean(&e.key, keys.iter().copied());
                fields.wrong(e.line, format!("unknown key {} in {section}{near}", quoted(&e.key)));
            }
        }
        fields
    }

    fn wrong(&mut self, line: u64, message: String) {
        self.sound = false;
        self.faults.push(Fault::at(self.file, line, message));
    }

    /// A value that may be absent; the error of `read` is the rest of a sentence that begins with the key.
    pub(crate) fn maybe<T>(&mut self, key: &str, read: impl FnOnce(&Node) -> Result<T, String>) -> Option<T> {
        let e = self.entries.iter().find(|e| e.key == key)?;
        match read(&e.node) {
            Ok(value) => Some(value),
            Err(why) => {
                self.wrong(e.line, format!("'{key}' in {} {why}", self.section));
                None
            }
        }
    }

    /// A value that must be there, in the table that begins at `line`.
    pub(crate) fn needed<T>(
        &mut self,
        key: &str,
        line: u64,
        read: impl FnOnce(&Node) -> Result<T, String>,
    ) -> Option<T> {
        if !self.entries.iter().any(|e| e.key == key) {
            self.wrong(line, format!("{} lacks '{key}'", self.section));
        }
        self.maybe(key, read)
    }

    /// Two keys of which one excludes the other.
    fn not_both(&mut self, a: &str, b: &str) {
        let line = |key: &str| self.entries.iter().find(|e| e.key == key).map(|e| e.line);
        if let (Some(x), Some(y)) = (line(a), line(b)) {
            self.wrong(x.max(y), format!("{} has both '{a}' and '{b}': one of them says it", self.section));
        }
    }

    /// Whether nothing was wrong with this table.
    pub(crate) fn sound(&self) -> bool {
        self.sound
    }
}

/// A text that is not blank.
pub(crate) fn text(node: &Node) -> Result<String, String> {
    match node.text() {
        Some(t) if !t.trim().is_empty() => Ok(t.to_owned()),
        Some(_) => Err("must not be empty".to_owned()),
        None => Err(format!("must be a text, not {}", node.shown())),
    }
}

const SOURCE_KEYS: &[&str] = &["match", "profile", "dataset", "timezone", "max_age", "encoding", "delimiter"];

fn source(fields: &mut Fields<'_>, node: &Node) -> Option<SourceRule> {
    let pattern = fields.needed("match", node.line, |n| {
        let pattern = text(n)?;
        let from = pattern.strip_prefix("./").unwrap_or(&pattern);
        let compiled = glob::Pattern::new(from)
            .map_err(|e| format!("is no file pattern: {} at character {}", e.msg, e.pos + 1))?;
        Ok((compiled, pattern))
    });
    let profile = fields.maybe("profile", text);
    let dataset = fields.maybe("dataset", |n| {
        let name = text(n)?;
        let near = || did_you_mean(&name, DATASETS.iter().map(|d| d.name));
        datasets::find(&name)
            .map(|d| d.name)
            .ok_or_else(|| format!("names no dataset: {}{}", quoted(&name), near()))
    });
    fields.not_both("profile", "dataset");
    let timezone = fields.maybe("timezone", |n| parse_zone(&text(n)?));
    let max_age = fields.maybe("max_age", |n| {
        let bad = || format!("must be a duration such as 26h or 3d, not {}", n.shown());
        parse_duration(&text(n)?).filter(|d| *d > TimeDelta::zero()).ok_or_else(bad)
    });
    let encoding = fields.maybe("encoding", |n| {
        let label = text(n)?;
        encoding_rs::Encoding::for_label(label.as_bytes()).ok_or_else(|| {
            format!("must be an encoding such as utf-8, utf-16le or windows-1252, not {}", quoted(&label))
        })
    });
    let delimiter = fields.maybe("delimiter", |n| match n.text() {
        Some(",") => Ok(b','),
        Some(";") => Ok(b';'),
        Some("|") => Ok(b'|'),
        Some("\t" | "tab") => Ok(b'\t'),
        _ => Err(format!("must be one of \",\", \";\", \"|\" and \"tab\", not {}", n.shown())),
    });
    let (compiled, pattern) = pattern?;
    fields.sound().then(|| SourceRule {
        pattern,
        compiled,
        profile,
        dataset,
        timezone,
        max_age,
        encoding,
        delimiter,
        file: fields.file.to_owned(),
        line: node.line,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sections(text: &str) -> Result<Sections, String> {
        super::super::written::read_alone(text)
    }

    #[test]
    fn a_source_is_read_whole() {
        let s = sections(
            "[[source]]\nmatch = \"lago/*.csv\"\nprofile = \"lago/invoice_fees\"\ntimezone = \"Europe/Paris\"\n\
             max_age = \"26h\"\nencoding = \"latin1\"\ndelimiter = \"tab\"\n[[source]]\nmatch = \"*.tsv\"\n\
             dataset = \"usage-events\"\n",
        )
        .unwrap();
        let first = &s.sources[0];
        assert_eq!(first.profile.as_deref(), Some("lago/invoice_fees"));
        assert_eq!(first.timezone, Some(chrono_tz::Europe::Paris));
        assert_eq!(first.max_age, Some(TimeDelta::hours(26)));
        assert_eq!(first.encoding.map(|e| e.name()), Some("windows-1252"));
        assert_eq!((first.delimiter, first.line), (Some(b'\t'), 1));
        assert_eq!((s.sources[1].dataset, s.sources[1].line), (Some("usage_events"), 8));
    }

    #[test]
    fn a_pattern_fits_tails_of_a_path() {
        let rule = |m: &str| sections(&format!("[[source]]\nmatch = '{m}'\n")).unwrap().sources.remove(0);
        let lago = rule("lago/*.csv");
        assert!(lago.matches("lago/a.csv") && lago.matches("/x/lago/a.csv") && lago.matches("./lago/a.csv"));
        assert!(
            !lago.matches("lago/deep/a.csv")
                && !lago.matches("xlago/a.csv")
                && !lago.matches("lago/a.csv.gz")
        );
        assert!(rule("lago/**/*.csv").matches("x/lago/a/b.csv"));
        assert!(rule("*.csv").matches("x/y.csv"));
        assert!(rule("./a.csv").matches("a.csv"));
    }

    #[test]
    fn what_is_wrong_with_a_source_is_named_with_its_line() {
        let wrong = sections(
            "[[source]]\nmach = \"a\"\ndataset = \"invoces\"\n\n[[source]]\nmatch = \"[\"\nmax_age = \"0\"\n\
             timezone = \"Europe/Berln\"\nencoding = \"utf-9\"\ndelimiter = \"::\"\nprofile = \"p\"\ndataset = \"plans\"\n",
        )
        .unwrap_err();
        let lines: Vec<&str> = wrong.lines().collect();
        assert_eq!(lines[0], "c.toml:1: [[source]] lacks 'match'");
        assert_eq!(lines[1], "c.toml:2: unknown key 'mach' in [[source]]; did you mean 'match'?");
        assert_eq!(
            lines[2],
            "c.toml:3: 'dataset' in [[source]] names no dataset: 'invoces'; did you mean 'invoices'?"
        );
        assert!(lines[3].starts_with("c.toml:6: 'match' in [[source]] is no file pattern: "));
        assert_eq!(
            lines[4],
            "c.toml:7: 'max_age' in [[source]] must be a duration such as 26h or 3d, not '0'"
        );
        assert!(lines[5].starts_with("c.toml:8: 'timezone' in [[source]] must be an IANA"));
        assert!(
            lines[6].starts_with("c.toml:9: 'encoding'") && lines[7].starts_with("c.toml:10: 'delimiter'")
        );
        assert_eq!(lines[8], "c.toml:12: [[source]] has both 'profile' and 'dataset': one of them says it");
        assert_eq!(
            sections("[source]\nmatch = 'a'").unwrap_err(),
            "c.toml:1: 'source' is a list of tables: write [[source]]\n"
        );
    }

    #[test]
    fn maps_and_severities_are_tables_of_texts() {
        let s = sections(
            "[map.metric]\n\"API Requests\" = \"api_calls\"\n[map.plan]\nPro = \"pro\"\n\
             [rules]\n\"waiver/unused\" = \"off\"\n\"waiver/expired\" = \"error\"\n",
        )
        .unwrap();
        assert_eq!(s.maps.metric["API Requests"], "api_calls");
        assert_eq!(s.maps.plan["Pro"], "pro");
        assert_eq!(s.rules["waiver/unused"], None);
        assert_eq!(s.rules["waiver/expired"], Some(Severity::Error));
        let wrong = sections(
            "[map.metrics]\na = \"b\"\n[map.plan]\na = 1\n[rules]\n\"waiver/unusd\" = \"off\"\n\
             \"waiver/unused\" = \"warn\"\n\"waiver/expired\" = false\n",
        )
        .unwrap_err();
        let lines: Vec<&str> = wrong.lines().collect();
        assert_eq!(lines[0], "c.toml:1: unknown key 'metrics' in [map]; did you mean 'metric'?");
        assert_eq!(lines[1], "c.toml:4: [map.plan] must hold texts; 'a' is '1'");
        assert_eq!(
            lines[2],
            "c.toml:6: unknown finding code 'waiver/unusd' in [rules]; did you mean 'waiver/unused'?"
        );
        assert!(
            lines[3].starts_with("c.toml:7: 'waiver/unused' in [rules] must be off, info"),
            "{}",
            lines[3]
        );
        assert!(lines[4].starts_with("c.toml:8: 'waiver/expired' in [rules] must be"));
        assert_eq!(
            sections("rules = 1").unwrap_err(),
            "c.toml:1: 'rules' is a section, not a key: write [rules]\n"
        );
    }

    #[test]
    fn a_profile_is_kept_with_its_lines() {
        let s = sections("\n[profile.mine]\nany = \"thing\"\n[profile.mine.columns]\na = \"b\"\n").unwrap();
        let p = &s.profiles[0];
        assert_eq!((p.name.as_str(), p.file.as_str(), p.line), ("mine", "c.toml", 2));
        assert_eq!(p.table.get("columns").and_then(|c| c.get("a")).map(|n| n.line), Some(5));
        assert!(sections("profile.mine = 1").is_err());
    }
}
