//! The scalars of a JSON record that somebody asks for, without building the rest.
//!
//! It takes only what is plain: no escapes, no key twice, a scalar where one is asked for. Whatever it takes is
//! valid JSON; for all else it gives up, and the record goes the long way.

use super::layout::Mark;

/// What stands at a place that was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Found<'t> {
    /// No such key.
    #[default]
    Missing,
    /// A null there or on the way, or an empty text.
    Null,
    Text(&'t str),
    /// A number as it is written.
    Number(&'t str),
}

impl<'t> Found<'t> {
    /// The text, or the number as it is written; empty where there is none.
    pub(super) fn value(self) -> &'t str {
        match self {
            Found::Missing | Found::Null => "",
            Found::Text(value) | Found::Number(value) => value,
        }
    }
}

/// At most so many places can be asked for.
pub(super) const PLACES: usize = 24;

/// All places that were asked for, in the order in which they were.
pub(super) type Places<'t> = [Found<'t>; PLACES];

/// The keys that lead to the places.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    nodes: Vec<Node>,
    places: usize,
}

#[derive(Clone, Debug, Default)]
struct Node {
    children: Vec<(Box<str>, usize)>,
    place: Option<usize>,
}

/// Deeper records go the long way.
const DEPTH: usize = 16;

impl Keys {
    pub(super) fn new() -> Keys {
        Keys { nodes: vec![Node::default()], places: 0 }
    }

    /// Asks for the scalar at a path of keys; `None` where there are too many.
    pub(super) fn ask(&mut self, path: &[&str]) -> Option<usize> {
        let mut node = 0;
        for key in path {
            node = match self.nodes[node].children.iter().find(|(k, _)| **k == **key) {
                Some((_, child)) => *child,
                None => {
                    let child = self.nodes.len();
                    self.nodes.push(Node::default());
                    self.nodes[node].children.push(((*key).into(), child));
                    child
                }
            };
        }
        let next = self.places;
        let place = *self.nodes[node].place.get_or_insert(next);
        self.places += usize::from(place == next);
        (place < PLACES && self.nodes.len() <= 64).then_some(place)
    }

    /// Reads a record. `other` is told of every key of the record itself that nobody asked for; where it says no,
    /// or anything is not plain, there is `None`. `marks` gets the texts and numbers of the record, in order.
    pub(super) fn read<'t>(
        &self,
        text: &'t str,
        other: &mut dyn FnMut(&str) -> bool,
        marks: &mut Vec<Mark>,
    ) -> Option<Places<'t>> {
        marks.clear();
        let mut reader =
            Reader { keys: self, text, at: 0, found: Places::default(), visited: 0, other, marks };
        reader.blank();
        reader.object(Some(0), 0)?;
        reader.blank();
        (reader.at == text.len()).then_some(reader.found)
    }
}

struct Reader<'r, 't> {
    keys: &'r Keys,
    text: &'t str,
    at: usize,
    found: Places<'t>,
    /// Nodes whose key stood there.
    visited: u64,
    other: &'r mut dyn FnMut(&str) -> bool,
    marks: &'r mut Vec<Mark>,
}

impl<'t> Reader<'_, 't> {
    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn blank(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    #[inline]
    fn take(&mut self, byte: u8) -> Option<()> {
        (self.byte()? == byte).then(|| self.at += 1)
    }

    fn object(&mut self, node: Option<usize>, depth: usize) -> Option<()> {
        self.take(b'{')?;
        self.blank();
        if self.byte()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            let key = self.string()?;
            let children = node.map_or(&[][..], |n| &self.keys.nodes[n].children);
            let child = children.iter().find(|(k, _)| &**k == key).map(|(_, child)| *child);
            match child {
                Some(child) => {
                    if self.visited >> child & 1 == 1 {
                        return None;
                    }
                    self.visited |= 1 << child;
                }
                None if depth == 0 && !(self.other)(key) => return None,
                None => {}
            }
            self.blank();
            self.take(b':')?;
            self.blank();
            self.value(child, depth)?;
            self.blank();
            match self.byte()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
            self.blank();
        }
    }

    fn value(&mut self, node: Option<usize>, depth: usize) -> Option<()> {
        let place = node.and_then(|n| self.keys.nodes[n].place);
        match self.byte()? {
            b'"' => {
                let text = self.string()?;
                if !text.is_empty() {
                    let end = self.at - 1;
                    self.marks.push(Mark { from: end - text.len(), to: end, text: true, place });
                }
                if let Some(place) = place {
                    self.found[place] = if text.is_empty() { Found::Null } else { Found::Text(text) };
                }
            }
            b'{' if place.is_none() && depth < DEPTH => self.object(node, depth + 1)?,
            b'[' if node.is_none() && depth < DEPTH => self.list(depth)?,
            b'-' | b'0'..=b'9' => {
                let number = self.number()?;
                self.marks.push(Mark { from: self.at - number.len(), to: self.at, text: false, place });
                if let Some(place) = place {
                    // The library writes exponents in a form of its own.
                    if number.bytes().any(|b| matches!(b, b'e' | b'E')) {
                        return None;
                    }
                    self.found[place] = Found::Number(number);
                }
            }
            b'n' => {
                self.word("null")?;
                if let Some(node) = node {
                    self.nothing(node);
                }
            }
            b't' if place.is_none() => self.word("true")?,
            b'f' if place.is_none() => self.word("false")?,
            _ => return None,
        }
        Some(())
    }

    /// A null: there, and at all places behind it.
    fn nothing(&mut self, node: usize) {
        let keys = self.keys;
        let Node { children, place } = &keys.nodes[node];
        if let Some(place) = place {
            self.found[*place] = Found::Null;
        }
        for (_, child) in children {
            self.nothing(*child);
        }
    }

    fn list(&mut self, depth: usize) -> Option<()> {
        self.take(b'[')?;
        self.blank();
        if self.byte()? == b']' {
            self.at += 1;
            return Some(());
        }
        loop {
            self.value(None, depth + 1)?;
            self.blank();
            match self.byte()? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
            self.blank();
        }
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.text[self.at..].starts_with(word).then(|| self.at += word.len())
    }

    /// A text without escapes.
    #[inline]
    fn string(&mut self) -> Option<&'t str> {
        self.take(b'"')?;
        let rest = &self.text.as_bytes()[self.at..];
        let end = special(rest)?;
        let text = self.text.get(self.at..self.at + end)?;
        self.at += end;
        self.take(b'"')?;
        Some(text)
    }

    fn number(&mut self) -> Option<&'t str> {
        let from = self.at;
        self.at += number(&self.text.as_bytes()[from..])?;
        self.text.get(from..self.at)
    }
}

/// How many bytes the number takes that stands here.
fn number(bytes: &[u8]) -> Option<usize> {
    let at = decimal(bytes)?;
    if !matches!(bytes.get(at), Some(b'e' | b'E')) {
        return Some(at);
    }
    let signed = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
    digits(bytes, at + 1 + signed)
}

/// The same for a number, or the beginning of one, without an exponent.
#[inline]
pub(super) fn decimal(bytes: &[u8]) -> Option<usize> {
    let sign = usize::from(*bytes.first()? == b'-');
    let whole = if bytes.get(sign) == Some(&b'0') { sign + 1 } else { digits(bytes, sign)? };
    if bytes.get(whole) == Some(&b'.') { digits(bytes, whole + 1) } else { Some(whole) }
}

/// The end of the digits that stand there, at least one.
#[inline]
fn digits(bytes: &[u8], from: usize) -> Option<usize> {
    let some = bytes.get(from..)?.iter().take_while(|b| b.is_ascii_digit()).count();
    (some > 0).then_some(from + some)
}

/// The first quote, backslash or control character.
#[inline]
pub(super) fn special(bytes: &[u8]) -> Option<usize> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let below = |word: u64, n: u64| word.wrapping_sub(LOW * n) & !word & HIGH;
    let (words, tail) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The lowest bit set marks the first that fits; bits above it may err.
        let hit = below(word ^ (LOW * 0x22), 1) | below(word ^ (LOW * 0x5c), 1) | below(word, 0x20);
        if hit != 0 {
            return Some(at * 8 + hit.trailing_zeros() as usize / 8);
        }
    }
    let rest = tail.iter().position(|b| matches!(b, b'"' | b'\\' | 0..0x20))?;
    Some(words.len() * 8 + rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    const PATHS: [&str; 4] = ["id", "data.value", "data.unit", "event.id"];

    fn keys() -> Keys {
        let mut keys = Keys::new();
        for path in PATHS {
            keys.ask(&path.split('.').collect::<Vec<_>>()).unwrap();
        }
        keys
    }

    /// The same by building the whole value.
    fn plainly(text: &str) -> Option<Vec<Option<Value>>> {
        let value: Value = serde_json::from_str(text).ok()?;
        let at = |path: &str| {
            let mut value = &value;
            for key in path.split('.') {
                match value {
                    Value::Null => return Some(Value::Null),
                    Value::Object(map) => value = map.get(key)?,
                    _ => return None,
                }
            }
            Some(value.clone())
        };
        value.is_object().then(|| PATHS.into_iter().map(at).collect())
    }

    fn json() -> impl Strategy<Value = String> {
        let scalar = prop_oneof![
            "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?([eE][+-]?[0-9])?".prop_map(|n| n),
            "[0-9+.eE-]{1,4}".prop_map(|n| n),
            "\"[a-z \u{e9}\\\\\"]{0,12}\"".prop_map(|s| s),
            Just("null".to_owned()),
            Just("true".to_owned()),
            Just("[1, {\"a\": []}]".to_owned()),
            Just("".to_owned()),
        ];
        let key = prop_oneof![
            Just("id"),
            Just("data"),
            Just("event"),
            Just("value"),
            Just("unit"),
            Just("x"),
            Just("i\\u0064")
        ];
        scalar.prop_recursive(3, 12, 4, move |inner| {
            prop::collection::vec((key.clone(), inner, "[ \n]{0,2}"), 0..4).prop_map(|members| {
                let one = |(k, v, w): (&str, String, String)| format!("{w}\"{k}\":{w}{v}{w}");
                format!("{{{}}}", members.into_iter().map(one).collect::<Vec<_>>().join(","))
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]
        #[test]
        fn what_is_taken_is_what_the_library_finds(text in json()) {
            let Some(found) = keys().read(&text, &mut |_| true, &mut Vec::new()) else { return Ok(()) };
            let plain = plainly(&text);
            prop_assert!(plain.is_some(), "{text} is no JSON object");
            for (found, plain) in found.iter().zip(plain.unwrap()) {
                match (found, plain) {
                    (Found::Missing, None) | (Found::Null, Some(Value::Null)) => {}
                    (Found::Null, Some(Value::String(s))) => prop_assert!(s.is_empty()),
                    (Found::Text(a), Some(Value::String(b))) => prop_assert_eq!(*a, b),
                    (Found::Number(a), Some(Value::Number(b))) => prop_assert_eq!(*a, b.as_str()),
                    other => prop_assert!(false, "{:?} in {}", other, text),
                }
            }
        }
    }

    #[test]
    fn plain_records_are_taken_and_others_are_not() {
        fn read(text: &str) -> Option<Vec<Found<'_>>> {
            keys().read(text, &mut |key| key != "stop", &mut Vec::new()).map(|f| f[..4].to_vec())
        }
        let plain = r#" {"id": "a", "x": [1, {}], "data": {"value": 1.50, "unit": ""}, "event": null} "#;
        assert_eq!(read(plain).unwrap(), [Found::Text("a"), Found::Number("1.50"), Found::Null, Found::Null]);
        for other in [
            r#"{"id": "a\n"}"#,
            r#"{"id": "a", "id": "b"}"#,
            r#"{"id": ["a"]}"#,
            r#"{"id": true}"#,
            r#"{"data": {"value": {}}}"#,
            r#"{"id": 01}"#,
            r#"{"id": 1.}"#,
            r#"{"id": "a",}"#,
            r#"{"id": "a"} x"#,
            r#"["a"]"#,
            r#"{"id": "a"#,
            "{\"id\": \"a\tb\"}",
            r#"{"stop": 1}"#,
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
