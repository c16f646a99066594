//! A TOML document as a tree in which everything knows its line.

use super::fault::{Fault, quoted};
use toml::de::{DeInteger, DeTable, DeValue};

/// A value and the line on which it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// From 1.
    pub line: u64,
    /// The value.
    pub value: NodeValue,
}

/// A TOML value. Numbers stay texts, so that decimals never pass through binary floating point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeValue {
    /// `"text"`.
    Text(String),
    /// An integer or float in decimal notation, as written but for `_`.
    Number(String),
    /// `true`, `false`.
    Bool(bool),
    /// A date, time or timestamp, as TOML writes it.
    Date(String),
    /// `[…]`, or the tables of `[[…]]`.
    List(Vec<Node>),
    /// A table, in the order of the file.
    Table(Vec<Entry>),
}

/// A key of a table with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key without quotes.
    pub key: String,
    /// The line of the key, from 1.
    pub line: u64,
    /// The value.
    pub node: Node,
}

impl Node {
    /// Reads a TOML document; a byte-order mark and CRLF are allowed. Broken TOML is a fault with file, line and
    /// column.
    pub fn parse(file: &str, text: &str) -> Result<Node, Fault> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = Lines::of(text);
        match DeTable::parse(text) {
            Ok(table) => Ok(Node { line: 1, value: lines.table(table.get_ref()) }),
            Err(e) => Err(broken(file, text, &lines, &e)),
        }
    }

    /// The entries of a table.
    pub fn table(&self) -> Option<&[Entry]> {
        match &self.value {
            NodeValue::Table(entries) => Some(entries),
            _ => None,
        }
    }

    /// The items of an array.
    pub fn list(&self) -> Option<&[Node]> {
        match &self.value {
            NodeValue::List(items) => Some(items),
            _ => None,
        }
    }

    /// The text of a text.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            NodeValue::Text(t) => Some(t),
            _ => None,
        }
    }

    /// The value of a key of a table.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.table()?.iter().find(|e| e.key == key).map(|e| &e.node)
    }

    /// The value in a message: itself where it is short and plain, else what it is.
    pub(crate) fn shown(&self) -> String {
        match &self.value {
            NodeValue::Text(t) => quoted(t),
            NodeValue::Number(t) | NodeValue::Date(t) => quoted(t),
            NodeValue::Bool(b) => b.to_string(),
            NodeValue::List(_) => "an array".to_owned(),
            NodeValue::Table(_) => "a table".to_owned(),
        }
    }
}

/// Turns byte offsets into lines and columns.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Lines<'a> {
        let starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|i| i + 1));
        Lines { text, starts: starts.collect() }
    }

    fn line(&self, offset: usize) -> u64 {
        self.starts.partition_point(|s| *s <= offset) as u64
    }

    /// In characters, from 1.
    fn column(&self, offset: usize) -> u64 {
        let start = self.starts.iter().rev().find(|s| **s <= offset).copied().unwrap_or(0);
        let before = self.text.as_bytes().get(start..offset).unwrap_or_default();
        1 + before.iter().filter(|b| **b & 0xc0 != 0x80).count() as u64
    }

    fn table(&self, table: &DeTable<'_>) -> NodeValue {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(k, _)| k.span().start);
        let entry = |(k, v): (&toml::Spanned<toml::de::DeString<'_>>, &toml::Spanned<DeValue<'_>>)| Entry {
            key: k.get_ref().to_string(),
            line: self.line(k.span().start),
            node: self.node(v),
        };
        NodeValue::Table(entries.into_iter().map(entry).collect())
    }

    fn node(&self, value: &toml::Spanned<DeValue<'_>>) -> Node {
        let line = self.line(value.span().start);
        let value = match value.get_ref() {
            DeValue::String(t) => NodeValue::Text(t.to_string()),
            DeValue::Integer(i) => NodeValue::Number(integer(i)),
            DeValue::Float(x) => NodeValue::Number(x.as_str().replace('_', "")),
            DeValue::Boolean(b) => NodeValue::Bool(*b),
            DeValue::Datetime(d) => NodeValue::Date(d.to_string()),
            DeValue::Array(items) => NodeValue::List(items.iter().map(|i| self.node(i)).collect()),
            DeValue::Table(t) => self.table(t),
        };
        Node { line, value }
    }
}

/// In decimal notation; one that is too large for it keeps its own, which no number accepts.
fn integer(i: &DeInteger<'_>) -> String {
    let digits = i.as_str().replace('_', "");
    match i.radix() {
        10 => digits,
        radix => i128::from_str_radix(&digits, radix).map_or_else(|_| i.to_string(), |n| n.to_string()),
    }
}

fn broken(file: &str, text: &str, lines: &Lines<'_>, e: &toml::de::Error) -> Fault {
    let offset = e.span().map_or(text.len(), |s| s.start).min(text.len());
    let line = lines.line(offset);
    let here = text.get(e.span().unwrap_or_default()).unwrap_or_default();
    let mut message = format!("broken TOML: {}", e.message());
    if e.message().starts_with("duplicate key") {
        message = format!("{} stands twice", quoted(here.trim_matches(['"', '\''])));
    }
    // A finding code is the one key of this file that TOML wants in quotes.
    let whole = text.lines().nth(usize::try_from(line).unwrap_or(1).saturating_sub(1)).unwrap_or_default();
    let bare = whole.split('=').next().unwrap_or_default().trim();
    if bare.contains('/') && !bare.contains(['"', '\'', '#', '[']) {
        message.push_str("; a key with a slash stands in quotes: \"");
        message.push_str(bare);
        message.push('"');
    }
    Fault { column: Some(lines.column(offset)), ..Fault::at(file, line, message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_and_value_knows_its_line() {
        let text = "\u{feff}a = 1_000.50\r\n\r\n[b.c]\r\nd = [\r\n  'x',\r\n  2026-12-31,\r\n]\r\n[[e]]\r\n[[e]]\r\nf=0x1F\r\n";
        let root = Node::parse("x.toml", text).unwrap();
        let entries = root.table().unwrap();
        let places: Vec<_> = entries.iter().map(|e| (e.key.as_str(), e.line, e.node.line)).collect();
        assert_eq!(places[0], ("a", 1, 1));
        assert_eq!((places[1].0, places[1].1, places[2].0, places[2].1), ("b", 3, "e", 8));
        assert_eq!(root.get("a").unwrap().value, NodeValue::Number("1000.50".into()));
        let d = root.get("b").and_then(|b| b.get("c")).and_then(|c| c.get("d")).unwrap();
        let items: Vec<_> = d.list().unwrap().iter().map(|n| (n.line, n.shown())).collect();
        assert_eq!(items, [(5, "'x'".into()), (6, "'2026-12-31'".into())]);
        let e = root.get("e").unwrap().list().unwrap();
        assert_eq!((e[0].line, e[1].line), (8, 9));
        assert_eq!(e[1].get("f").unwrap().value, NodeValue::Number("31".into()));
    }

    #[test]
    fn broken_toml_is_named_with_line_and_column() {
        let show = |t: &str| Node::parse("x.toml", t).unwrap_err().to_string();
        assert!(
            show("a = 1\r\nb = \r\n").starts_with("x.toml:2:5: broken TOML: "),
            "{}",
            show("a = 1\r\nb = \r\n")
        );
        assert!(show("é = 1\n").starts_with("x.toml:1:1: broken TOML: "));
        assert!(show("[a]\nb = \"é\" c\n").starts_with("x.toml:2:9: "), "{}", show("[a]\nb = \"é\" c\n"));
        assert_eq!(show("a = 1\n\na = 2\n"), "x.toml:3:1: 'a' stands twice");
        assert!(
            show("[a]\n[b]\n[a]\n").starts_with("x.toml:3:2: 'a' stands twice"),
            "{}",
            show("[a]\n[b]\n[a]\n")
        );
        let slash = show("[rules]\nhealth/low = \"off\"\n");
        assert!(slash.starts_with("x.toml:2:") && slash.ends_with("quotes: \"health/low\""), "{slash}");
        assert!(show("a = [1").starts_with("x.toml:1:"));
    }
}
