//! First stage: crosscheck.toml as written. Keys are known and of the right TOML type; values are still texts.

use super::fault::{Fault, Origin, did_you_mean, nearest, quoted};
use super::keys::{Catalogue, TABLES};
use super::node::{Entry, Node, NodeValue};
use super::sections::{self, Sections};
use super::tables;
use super::values::{Kind, Value};
use std::collections::BTreeMap;

/// A value as texts, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Raw {
    pub(crate) texts: Vec<String>,
    /// Of a table or a list of tables, which are typed where they are read: the file is their only layer.
    pub(crate) table: Option<Value>,
    pub(crate) origin: Origin,
}

impl Raw {
    /// Of anything but tables.
    pub(crate) fn of(texts: Vec<String>, origin: Origin) -> Raw {
        Raw { texts, table: None, origin }
    }
}

/// A settings file as written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    /// By the key's position in the catalogue.
    pub(crate) values: BTreeMap<usize, Raw>,
    /// What no other layer can say.
    pub(crate) sections: Sections,
}

/// Reads the text of a settings file. What is at fault is left out; of broken TOML nothing is left.
pub(crate) fn read(file: &str, text: &str, known: &Catalogue, faults: &mut Vec<Fault>) -> Written {
    let mut written = Written::default();
    match Node::parse(file, text) {
        Ok(root) => {
            let mut reader = Reader { file, known, faults, written: &mut written };
            root.table().unwrap_or_default().iter().for_each(|entry| reader.top(entry));
        }
        Err(fault) => faults.push(fault),
    }
    written
}

struct Reader<'a> {
    file: &'a str,
    known: &'a Catalogue,
    faults: &'a mut Vec<Fault>,
    written: &'a mut Written,
}

impl Reader<'_> {
    fn fault(&mut self, line: u64, message: String) {
        self.faults.push(Fault::at(self.file, line, message));
    }

    fn top(&mut self, entry: &Entry) {
        let name = entry.key.as_str();
        if TABLES.iter().any(|(t, _)| *t == name) {
            sections::read(self.file, entry, self.known, &mut self.written.sections, self.faults);
        } else if let Some(at) = self.known.find("", name) {
            self.value(at, entry);
        } else if let Some(section) = self.known.section(name) {
            match entry.node.table() {
                Some(entries) => entries.iter().for_each(|e| self.within(section, e)),
                None => self.fault(entry.line, format!("'{name}' is a section, not a key: write [{name}]")),
            }
        } else {
            let message = self.unknown_at_top(entry);
            self.fault(entry.line, message);
        }
    }

    fn within(&mut self, section: &'static str, entry: &Entry) {
        match self.known.find(section, &entry.key) {
            Some(at) => self.value(at, entry),
            None => {
                let message = self.unknown_within(section, &entry.key);
                self.fault(entry.line, message);
            }
        }
    }

    fn value(&mut self, at: usize, entry: &Entry) {
        let slot = &self.known.slots[at];
        if !slot.in_file {
            let message =
                format!("'{}' belongs to one call: give --{} or {}", slot.name, slot.flag, slot.variable());
            return self.fault(entry.line, message);
        }
        if self.written.values.contains_key(&at) {
            let message =
                format!("{} stands twice, under the long and the short name of its section", slot.called());
            return self.fault(entry.line, message);
        }
        let origin = Origin::File { file: self.file.to_owned(), line: entry.line };
        if slot.kind.shape().is_some() {
            match tables::read(slot, entry, self.known) {
                Ok(value) => {
                    let raw = Raw { texts: Vec::new(), table: Some(value), origin };
                    self.written.values.insert(at, raw);
                }
                Err(wrong) => wrong.into_iter().for_each(|(line, message)| self.fault(line, message)),
            }
            return;
        }
        match texts_of(slot.kind, &entry.node) {
            Ok(texts) => {
                self.written.values.insert(at, Raw::of(texts, origin));
            }
            Err(why) => {
                let message = format!("{} {why}", slot.called());
                self.fault(entry.line, message);
            }
        }
    }

    fn unknown_at_top(&self, entry: &Entry) -> String {
        let name = entry.key.as_str();
        let sections: Vec<&str> =
            self.known.sections().into_iter().chain(TABLES.iter().map(|(t, _)| *t)).collect();
        if entry.node.table().is_some() {
            let near = nearest(name, sections).map(|n| format!("; did you mean [{n}]?")).unwrap_or_default();
            return format!("unknown section [{}]{near}", one_line(name));
        }
        let keys = self.known.slots.iter().filter(|s| s.section.is_empty() && s.in_file);
        let near = did_you_mean(name, keys.map(|s| s.name.as_str()).chain(sections));
        let near = if near.is_empty() { self.elsewhere(name) } else { near };
        format!("unknown key {}{near}", quoted(name))
    }

    fn unknown_within(&self, section: &str, name: &str) -> String {
        let keys = self.known.slots.iter().filter(|s| s.section == section);
        let near = did_you_mean(name, keys.map(|s| s.name.as_str()));
        let near = if near.is_empty() { self.elsewhere(name) } else { near };
        format!("unknown key {} in [{section}]{near}", quoted(name))
    }

    /// Where a key of exactly this name belongs.
    fn elsewhere(&self, name: &str) -> String {
        match self.known.slots.iter().find(|s| s.name == name && s.in_file) {
            Some(s) if s.section.is_empty() => {
                "; it stands at the top level, before the first [section]".into()
            }
            Some(s) => format!("; it belongs in [{}]", s.section),
            None => String::new(),
        }
    }
}

/// A name within brackets stays on its line.
pub(crate) fn one_line(name: &str) -> String {
    let quoted = quoted(name);
    quoted.trim_matches('\'').to_owned()
}

/// The texts of a value of the TOML type that the kind asks for; the error is the rest of a sentence.
pub(crate) fn texts_of(kind: Kind, node: &Node) -> Result<Vec<String>, String> {
    let must = || format!("must be {}, not {}", kind.expects(), node.shown());
    let one = |t: &str| Ok(vec![t.to_owned()]);
    match (kind, &node.value) {
        (k, NodeValue::List(items)) if k.is_list() => items
            .iter()
            .map(|i| {
                i.text()
                    .map(str::to_owned)
                    .ok_or_else(|| format!("must be an array of texts; {} is none", i.shown()))
            })
            .collect(),
        (k, NodeValue::Text(t)) if k.is_list() => {
            Err(format!("must be an array: write [\"{}\"]", one_line(t)))
        }
        (k, _) if k.is_list() => Err(must()),
        (Kind::Switch, NodeValue::Bool(b)) => one(&b.to_string()),
        (Kind::Switch, _) => Err(must()),
        (_, NodeValue::Text(t)) => one(t),
        (Kind::Percent | Kind::Decimal | Kind::Amount | Kind::Int | Kind::Duration, NodeValue::Number(n))
        | (Kind::Rejects | Kind::Limit | Kind::Count | Kind::Days, NodeValue::Number(n))
        | (Kind::Clock, NodeValue::Date(n))
        | (Kind::Moment | Kind::Text, NodeValue::Date(n)) => one(n),
        (Kind::Text, NodeValue::Number(n)) => Err(format!("must be a text: write \"{n}\"")),
        _ => Err(must()),
    }
}

#[cfg(test)]
pub(crate) fn read_alone(text: &str) -> Result<Sections, String> {
    let mut faults = Vec::new();
    let written = read("c.toml", text, &Catalogue::new(&[]), &mut faults);
    faults.sort_by_key(|f| f.line);
    if faults.is_empty() {
        Ok(written.sections)
    } else {
        Err(faults.iter().map(|f| format!("{f}\n")).collect())
    }
}
