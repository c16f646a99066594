//! A first profile for an export that nobody knows: what stands in it, what it resembles, and TOML to edit.

mod alike;
mod plan;
mod write;

use super::{
    detect::{Near, nearest_datasets},
    profile::{Format, ProfileError, ProfileWords, header_zone},
};
use crate::model::{
    datasets::{DATASETS, Dataset, fold_name},
    decimal,
    time::Stamp,
};
use plan::Plan;
use serde_json::Value;
use std::fmt::Write;

const MOST_COLUMNS: usize = 200;

/// One column of the unknown export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftColumn {
    /// Header or path.
    pub name: String,
    /// Up to three different values, safe to print; `•••` where they look personal.
    pub samples: Vec<String>,
    /// What it seems to be: the unit, the form of a time, the zone.
    pub guess: String,
}

/// What is found out about an export.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its columns.
    pub columns: Vec<DraftColumn>,
    /// The datasets by the names that they share, nearest first.
    pub nearest: Vec<Near>,
    /// The dataset that the mapping is drafted for.
    pub dataset: &'static Dataset,
    /// The profile's name.
    pub name: String,
    /// Required columns that nothing in the file seems to give: to be filled in.
    pub missing: Vec<&'static str>,
    /// `[profile.NAME]`, to edit. It is a well-formed profile; required columns without a guess are `FILL_IN`.
    pub toml: String,
}

impl Draft {
    /// From a CSV export's header and first lines.
    pub fn from_rows(file_name: &str, header: &[&str], rows: &[Vec<&str>]) -> Draft {
        let columns = header.iter().enumerate().map(|(at, name)| {
            Found::new(
                (*name).to_owned(),
                rows.iter().filter_map(|r| r.get(at)).map(|v| ((*v).to_owned(), false)),
            )
        });
        draft(file_name, Format::Csv, columns.collect(), &[])
    }

    /// From a JSON export's first records.
    pub fn from_records(file_name: &str, records: &[Value]) -> Draft {
        let mut leaves: Vec<(String, Vec<(String, bool)>)> = Vec::new();
        let mut lists = Vec::new();
        for record in records {
            flatten(record, String::new(), &mut leaves, &mut lists);
        }
        // A list that is empty in one record and holds objects in another is no column.
        leaves.retain(|(path, _)| !lists.contains(path));
        let columns = leaves.into_iter().map(|(name, values)| Found::new(name, values.into_iter())).collect();
        draft(file_name, Format::Json, columns, &lists)
    }

    /// The `[[source]]` that the file needs beside the profile, or nothing. `recognised`: whether the file is taken for
    /// the profile by its shape, given the profile's words.
    pub fn source(
        &self,
        file_name: &str,
        recognised: impl FnOnce(ProfileWords) -> Result<bool, ProfileError>,
    ) -> Result<String, ProfileError> {
        let wrong = |e: toml::de::Error| ProfileError {
            profile: self.name.clone(),
            key: String::new(),
            message: e.to_string(),
        };
        let table: toml::Table = self.toml.parse().map_err(wrong)?;
        let own = table.get("profile").and_then(|p| p.get(&self.name)).cloned();
        let words = ProfileWords::from_value(&self.name, own.unwrap_or(toml::Value::Boolean(false)))?;
        if recognised(words)? {
            return Ok(String::new());
        }
        let pattern = quoted(&glob::Pattern::escape(file_name));
        Ok(format!(
            "\n# Its columns or its name would say otherwise.\n[[source]]\nmatch = {pattern}\nprofile = \"{}\"\n",
            self.name
        ))
    }

    /// All of it as TOML: what is known stands in comments above the mapping.
    pub fn text(&self) -> String {
        let width = self.columns.iter().map(|c| safe(&c.name).chars().count()).max().unwrap_or(0).min(40);
        let mut text = String::from("# Columns, up to three of their values, and what they seem to be\n");
        for c in &self.columns {
            let guess = if c.guess.is_empty() { String::new() } else { format!("  ({})", c.guess) };
            let line = format!("#   {:width$}  {}{guess}", safe(&c.name), c.samples.join(" | "));
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text.push_str("#\n# Nearest datasets by the names they share\n");
        for n in &self.nearest {
            let lacks = if n.lacks.is_empty() { "none".to_owned() } else { n.lacks.join(", ") };
            let _ = writeln!(
                text,
                "#   {}: {} of its columns are there; required and not there: {lacks}",
                n.dataset, n.has
            );
        }
        if self.nearest.is_empty() {
            text.push_str("#   none\n");
        }
        text.push_str("#\n# Put this into crosscheck.toml (crosscheck profile FILE --write does it) and look it through;\n");
        text.push_str("# `crosscheck schema` lists what each column holds.\n\n");
        text.push_str(&self.toml);
        text
    }
}

/// A column as it was found. `numbers`: its values are JSON numbers.
struct Found {
    name: String,
    values: Vec<String>,
    numbers: bool,
    personal: bool,
}

impl Found {
    fn new(name: String, values: impl Iterator<Item = (String, bool)>) -> Found {
        let mut kept: Vec<String> = Vec::new();
        let mut numbers = true;
        for (value, number) in values {
            let value = value.trim().to_owned();
            if value.is_empty() || kept.contains(&value) || kept.len() >= 20 {
                continue;
            }
            numbers &= number;
            kept.push(value);
        }
        let personal = looks_personal(&name, &kept);
        Found { numbers: numbers && !kept.is_empty(), values: kept, personal, name }
    }

    fn all(&self, test: impl Fn(&str) -> bool) -> bool {
        !self.values.is_empty() && self.values.iter().all(|v| test(v))
    }

    /// Whether a profile can name it.
    fn usable(&self, format: Format) -> bool {
        let name = &self.name;
        !fold_name(name).is_empty()
            && !name.starts_with(['@', '='])
            && (format == Format::Csv || !name.contains(['*', '^']))
    }

    fn minor(&self) -> bool {
        let folded = fold_name(&self.name);
        let whole = |v: &str| v.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit());
        (folded.contains("cents") || folded.contains("minor") || self.numbers) && self.all(whole)
    }

    fn time_form(&self) -> Option<&'static str> {
        let digits = |n: usize| self.all(|v| v.len() == n && v.bytes().all(|b| b.is_ascii_digit()));
        if digits(10) {
            Some("unix_s")
        } else if digits(13) {
            Some("unix_ms")
        } else if self.all(|v| v.len() == 8 && v.starts_with("20") && compact(v).is_some()) {
            Some("compact")
        } else if self
            .all(|v| v.len() == 7 && v.as_bytes()[4] == b'-' && Stamp::parse(&format!("{v}-01")).is_ok())
        {
            Some("month")
        } else if self.all(|v| v.len() == 16 && Stamp::parse(&format!("{v}:00")).is_ok()) {
            Some("minute")
        } else if self.all(|v| Stamp::parse(v).is_ok()) {
            Some("rfc3339")
        } else {
            None
        }
    }

    fn is_number(&self) -> bool {
        self.all(|v| decimal::parse_json_number(v).is_ok())
    }

    /// Whether its name is that of a key.
    fn is_id(&self) -> bool {
        let folded = fold_name(&self.name);
        folded == "id"
            || folded.ends_with("id") && self.name.to_lowercase().contains(['_', ' '])
            || folded.ends_with("key")
    }

    fn guess(&self) -> String {
        let mut parts = Vec::new();
        if let Some(form) = self.time_form() {
            parts.push(format!("time: {form}"));
            match header_zone(&self.name) {
                Some(zone) => parts.push(format!("zone {}", zone.name())),
                None if self.is_civil() => {
                    parts.push("no zone: say it with timezone in [[source]]".to_owned());
                }
                None => {}
            }
        } else if self.is_number() {
            let cents = fold_name(&self.name).contains("cents");
            parts.push(if cents { "number in minor units".to_owned() } else { "number".to_owned() });
        }
        parts.join(", ")
    }
}

/// A day written `YYYYMMDD`.
fn compact(text: &str) -> Option<Stamp> {
    let day = format!("{}-{}-{}", text.get(..4)?, text.get(4..6)?, text.get(6..)?);
    Stamp::parse(&day).ok()
}

fn looks_personal(name: &str, values: &[String]) -> bool {
    const NAMES: &[&str] = &[
        "email",
        "mail",
        "phone",
        "address",
        "firstname",
        "lastname",
        "fullname",
        "username",
        "displayname",
        "customername",
        "contact",
        "recipient",
        "subjectline",
        "body",
        "description",
        "message",
        "comment",
        "note",
        "birth",
        "taxid",
        "taxidentification",
        "vat",
        "last4",
        "iban",
        "ipaddress",
        "street",
        "zip",
        "postcode",
    ];
    let folded = fold_name(name);
    let last = folded.rsplit('.').next().unwrap_or(&folded);
    last == "name"
        || last == "ip"
        || NAMES.iter().any(|n| folded.contains(n))
        || values.iter().any(|v| v.contains('@'))
}

fn flatten(
    value: &Value,
    path: String,
    leaves: &mut Vec<(String, Vec<(String, bool)>)>,
    lists: &mut Vec<String>,
) {
    const DEEPEST: usize = 4;
    let nameable = |k: &str| !k.is_empty() && !k.contains(['.', '[', ']', '^', '*']);
    let mut leaf = |path: String, values: Vec<(String, bool)>| {
        let room = leaves.len() < MOST_COLUMNS && !path.is_empty();
        match leaves.iter_mut().find(|(p, _)| *p == path) {
            Some((_, there)) => there.extend(values),
            None if room => leaves.push((path, values)),
            None => {}
        }
    };
    match value {
        Value::Object(map) if path.matches('.').count() < DEEPEST => {
            for (key, inner) in map.iter().filter(|(k, _)| nameable(k)) {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(inner, path, leaves, lists);
            }
        }
        Value::Object(_) => {}
        Value::Array(items) if items.iter().any(Value::is_object) => {
            let path = format!("{path}[]");
            if !lists.contains(&path) {
                lists.push(path);
            }
        }
        Value::Array(items) => {
            let texts = items.iter().filter_map(super::profile::scalar).map(|t| (t.into_owned(), false));
            leaf(format!("{path}[]"), texts.collect());
        }
        scalar => {
            let text = super::profile::scalar(scalar).unwrap_or_default().into_owned();
            leaf(path, vec![(text, scalar.is_number())]);
        }
    }
}

fn draft(file_name: &str, format: Format, found: Vec<Found>, lists: &[String]) -> Draft {
    let names: Vec<&str> = found.iter().map(|f| f.name.as_str()).collect();
    let hint = plan::hint(file_name);
    let plans = DATASETS.iter().map(|d| Plan::new(d, &found, format, hint == Some(d.name)));
    let best = plans.max_by_key(|p| p.score);
    let columns = found.iter().map(|f| DraftColumn {
        name: f.name.clone(),
        samples: f
            .values
            .iter()
            .take(3)
            .map(|v| if f.personal { "•••".to_owned() } else { cut(&safe(v)) })
            .collect(),
        guess: f.guess(),
    });
    let file = write::File { name: file_name, format, found: &found, lists };
    let (dataset, missing, toml) = match best {
        Some(plan) => (plan.dataset, file.missing(&plan), file.profile(&plan)),
        None => (&DATASETS[0], Vec::new(), String::new()),
    };
    let name = profile_name(file_name);
    Draft { columns: columns.collect(), nearest: nearest_datasets(&names), dataset, name, missing, toml }
}

fn profile_name(file_name: &str) -> String {
    let stem = file_name.split('.').next().unwrap_or_default().to_lowercase();
    let name: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let name = name.trim_matches('_');
    if name.is_empty() { "mine".to_owned() } else { name.to_owned() }
}

/// A TOML text on one line that is harmless to print and reads back as it was.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if harmful(c) => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Control characters and those that turn the direction of text.
fn harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{feff}')
}

/// For comments.
fn safe(text: &str) -> String {
    text.chars().map(|c| if harmful(c) { '\u{fffd}' } else { c }).collect()
}

fn cut(text: &str) -> String {
    const LONGEST: usize = 32;
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
