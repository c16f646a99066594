//! Tables in the sections of checks: `[dunning.networks]`, `[[dunning.step]]`. A check declares their shape; here
//! they are read by it.

use super::fault::{did_you_mean, quoted};
use super::keys::{Catalogue, Slot};
use super::node::{Entry, Node, NodeValue};
use super::values::{Kind, Value};
use super::written::texts_of;
use crate::check::{OptKind, Shape};
use crate::model::decimal::Decimal;
use chrono::TimeDelta;
use chrono_tz::Tz;
use serde_json::Value as Json;

/// A table of crosscheck.toml, typed by its shape: keys and values in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    entries: Vec<(String, Value)>,
}

/// The getters give nothing for a key that is not there; of which kind a key is, the shape says.
impl Table {
    /// Keys and values in their order.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.iter().find(|(k, _)| k == key).map(|(_, value)| value)
    }

    /// A text, a word of a choice, or a time of day as written.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Value::Text(t) | Value::Clock(t) => Some(t),
            Value::Word(w) => Some(w),
            _ => None,
        }
    }

    /// Several texts or words.
    pub fn texts(&self, key: &str) -> Vec<&str> {
        match self.get(key) {
            Some(Value::Texts(list)) => list.iter().map(String::as_str).collect(),
            Some(Value::Words(list)) => list.clone(),
            _ => Vec::new(),
        }
    }

    /// A whole number that is not negative.
    pub fn count(&self, key: &str) -> Option<u64> {
        if let Value::Count(n) = self.get(key)? { Some(*n) } else { None }
    }

    /// An exact decimal, or a share in per cent.
    pub fn decimal(&self, key: &str) -> Option<Decimal> {
        if let Value::Decimal(d) | Value::Percent(d) = self.get(key)? { Some(*d) } else { None }
    }

    /// A duration in whole seconds.
    pub fn duration(&self, key: &str) -> Option<TimeDelta> {
        if let Value::Duration(d) = self.get(key)? { Some(*d) } else { None }
    }

    /// A time zone.
    pub fn zone(&self, key: &str) -> Option<Tz> {
        if let Value::Zone(z) = self.get(key)? { Some(*z) } else { None }
    }

    /// Whether a switch is on; one that is not there is off.
    pub fn switch(&self, key: &str) -> bool {
        matches!(self.get(key), Some(Value::Switch(true)))
    }

    /// A table within this one.
    pub fn table(&self, key: &str) -> Option<&Table> {
        if let Value::Table(t) = self.get(key)? { Some(t) } else { None }
    }

    /// For reports.
    pub(crate) fn to_json(&self) -> Json {
        Json::Object(self.entries.iter().map(|(k, v)| (k.clone(), v.to_json())).collect())
    }
}

/// Lines and what is wrong there.
type Wrong = Vec<(u64, String)>;

/// Reads a table or a list of tables by the shape of its slot. The error holds every fault.
pub(crate) fn read(slot: &Slot, entry: &Entry, known: &Catalogue) -> Result<Value, Wrong> {
    let header = slot.called();
    let mut wrong = Wrong::new();
    let value = match (slot.kind, &entry.node.value) {
        (Kind::Tables(shape), NodeValue::List(items)) => {
            let tables: Vec<Table> =
                items.iter().map(|node| table(&header, shape, node, known, &mut wrong)).collect();
            alike(&header, shape, items, &mut wrong);
            Value::Tables(tables)
        }
        (Kind::Table(shape), NodeValue::Table(_)) => {
            Value::Table(table(&header, shape, &entry.node, known, &mut wrong))
        }
        (kind, _) => {
            let message = format!("'{}' is {}: write {header}", slot.name, kind.expects());
            return Err(vec![(entry.line, message)]);
        }
    };
    if wrong.is_empty() { Ok(value) } else { Err(wrong) }
}

/// The default of a slot; an empty table or list where it declares none. The error is the rest of a sentence.
pub(crate) fn default(slot: &Slot, known: &Catalogue) -> Result<Value, String> {
    let Some(entry) = default_entry(slot).map_err(|e| e.to_string())? else {
        return Ok(if matches!(slot.kind, Kind::Tables(_)) {
            Value::Tables(Vec::new())
        } else {
            Value::Table(Table::default())
        });
    };
    read(slot, &entry, known)
        .map_err(|wrong| wrong.iter().map(|(_, m)| m.as_str()).collect::<Vec<_>>().join("; "))
}

/// The default as it is written.
pub(crate) fn default_entry(slot: &Slot) -> Result<Option<Entry>, super::Fault> {
    let root = Node::parse("default", slot.default)?;
    Ok(root.table().unwrap_or_default().iter().find(|e| e.key == slot.name).cloned())
}

/// A list of the file replaces the default's; of a table each key.
pub(crate) fn laid_over(default: Value, file: Option<Value>) -> Value {
    match (default, file) {
        (default, None) => default,
        (Value::Table(mut below), Some(Value::Table(above))) => {
            for (key, value) in above.entries {
                match below.entries.iter_mut().find(|(k, _)| *k == key) {
                    Some(slot) => slot.1 = value,
                    None => below.entries.push((key, value)),
                }
            }
            Value::Table(below)
        }
        (_, Some(file)) => file,
    }
}

fn table(header: &str, shape: &Shape, node: &Node, known: &Catalogue, wrong: &mut Wrong) -> Table {
    let mut table = Table::default();
    let Some(entries) = node.table() else {
        wrong.push((node.line, format!("{header} must be a table, not {}", node.shown())));
        return table;
    };
    for e in entries {
        let kind = shape.fields.iter().find(|f| f.name == e.key).map(|f| f.kind).or(shape.others);
        match kind {
            None => {
                let near = did_you_mean(&e.key, shape.fields.iter().map(|f| f.name));
                wrong.push((e.line, format!("unknown key {} in {header}{near}", quoted(&e.key))));
            }
            Some(kind) => {
                table.entries.extend(cell(header, kind, e, known, wrong).map(|v| (e.key.clone(), v)))
            }
        }
    }
    for field in shape.fields.iter().filter(|f| f.needed) {
        if !entries.iter().any(|e| e.key == field.name) {
            wrong.push((node.line, format!("{header} lacks '{}'", field.name)));
        }
    }
    table
}

fn cell(header: &str, kind: OptKind, e: &Entry, known: &Catalogue, wrong: &mut Wrong) -> Option<Value> {
    let called = format!("{} in {header}", quoted(&e.key));
    if let Some(shape) = kind.shape() {
        return match (kind, &e.node.value) {
            (OptKind::Tables(_), NodeValue::List(items)) => Some(Value::Tables(
                items.iter().map(|node| table(&called, shape, node, known, wrong)).collect(),
            )),
            (OptKind::Table(_), NodeValue::Table(_)) => {
                Some(Value::Table(table(&called, shape, &e.node, known, wrong)))
            }
            _ => {
                let must = Kind::from(kind).expects();
                wrong.push((e.line, format!("{called} must be {must}, not {}", e.node.shown())));
                None
            }
        };
    }
    let kind = Kind::from(kind);
    match texts_of(kind, &e.node).and_then(|texts| kind.read(&texts, known)) {
        Ok(value) => Some(value),
        Err(why) => {
            wrong.push((e.line, format!("{called} {why}")));
            None
        }
    }
}

/// Two tables with one value of the key that tells them apart: the later one is at fault.
fn alike(header: &str, shape: &Shape, items: &[Node], wrong: &mut Wrong) {
    let value = |n: &Node| n.get(shape.distinct).map(|v| v.value.clone());
    for (at, node) in items.iter().enumerate() {
        let Some(own) = node.get(shape.distinct) else { continue };
        if items[..at].iter().any(|before| value(before).as_ref() == Some(&own.value)) {
            let message = format!(
                "{header} has a second table with '{}' = {}; give each its own",
                shape.distinct,
                own.shown()
            );
            wrong.push((own.line, message));
        }
    }
}

/// `00:00` to `24:00`, two digits each.
pub(crate) fn is_clock(text: &str) -> bool {
    let two =
        |t: &str| (t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit())).then(|| t.parse::<u32>().ok());
    let Some((hour, minute)) = text.split_once(':') else { return false };
    match (two(hour).flatten(), two(minute).flatten()) {
        (Some(24), Some(minute)) => minute == 0,
        (Some(hour), Some(minute)) => hour < 24 && minute < 60,
        _ => false,
    }
}
