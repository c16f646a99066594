//! Records that are laid out as one before them: the same keys in the same order, the same blanks, and a text or a
//! number where that one had a text or a number.
//!
//! A record of an export's next line nearly always is. Then what stands between its values is compared as it is, and
//! only the ends of its values are looked for. Since the record before was valid JSON, this one is as well, and the
//! same keys lead to the same places.

use super::sketch::{Found, Places, number, special};

/// A text or a number in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Its first byte; of a text without the quote.
    pub from: usize,
    /// The byte after its last.
    pub to: usize,
    /// Whether it is a text and no number.
    pub text: bool,
    /// The place, where somebody asks for it.
    pub place: Option<usize>,
}

/// A value, and what stands before it.
#[derive(Clone, Debug)]
struct Slot {
    before: Box<[u8]>,
    text: bool,
    place: Option<usize>,
}

/// How a record is laid out.
#[derive(Clone, Debug)]
struct Layout {
    slots: Vec<Slot>,
    /// What stands behind the last value.
    tail: Box<[u8]>,
    /// The places that no value can change: missing, or null.
    rest: Places<'static>,
}

impl Layout {
    /// The layout of a record that was read.
    fn of(record: &str, marks: &[Mark], found: &Places<'_>) -> Option<Layout> {
        let bytes = record.as_bytes();
        let mut at = 0;
        let mut slots = Vec::with_capacity(marks.len());
        for mark in marks {
            slots.push(Slot { before: bytes.get(at..mark.from)?.into(), text: mark.text, place: mark.place });
            at = mark.to;
        }
        let mut rest = Places::default();
        for (rest, found) in rest.iter_mut().zip(found) {
            if *found == Found::Null {
                *rest = Found::Null;
            }
        }
        Some(Layout { slots, tail: bytes.get(at..)?.into(), rest })
    }

    /// Reads a record; `None` where it is laid out otherwise.
    #[inline]
    fn read<'t>(&self, record: &'t str) -> Option<Places<'t>> {
        let bytes = record.as_bytes();
        let mut found = self.rest;
        let mut at = 0;
        for slot in &self.slots {
            at += begins(&bytes[at..], &slot.before)?;
            let from = at;
            // A text ends in a quote, which is the first byte of what stands before the next value.
            at += if slot.text { special(&bytes[at..])? } else { number(&bytes[at..])? };
            if let Some(place) = slot.place {
                found[place] = value(record.get(from..at)?, slot.text)?;
            }
        }
        (bytes[at..] == *self.tail).then_some(found)
    }
}

/// The value of a place, as a sketch has it; a number with an exponent is not plain.
#[inline]
fn value(value: &str, text: bool) -> Option<Found<'_>> {
    match text {
        true if value.is_empty() => Some(Found::Null),
        true => Some(Found::Text(value)),
        false if value.bytes().any(|b| matches!(b, b'e' | b'E')) => None,
        false => Some(Found::Number(value)),
    }
}

/// The length of a beginning, where the bytes begin with it.
#[inline]
fn begins(bytes: &[u8], beginning: &[u8]) -> Option<usize> {
    bytes.starts_with(beginning).then_some(beginning.len())
}

/// The layouts of the last records.
#[derive(Clone, Debug, Default)]
pub(super) struct Layouts {
    /// The one that was right last stands first.
    known: Vec<Layout>,
    /// Grows with records that are laid out like none of them.
    strange: u32,
    /// So many records are not held against them.
    pause: u32,
}

/// Exports of several kinds of events have as many layouts, in turn.
const MOST: usize = 4;

/// Records with more values are not worth it.
const SLOTS: usize = 64;

/// What a strange record weighs against one that is not.
const WEIGHT: u32 = 8;

/// After so many strange ones, without others between them …
const STRANGE: u32 = 16 * WEIGHT;

/// … this many are taken the ordinary way.
const PAUSE: u32 = 10_000;

impl Layouts {
    /// What stands at the places of a record; `None` where it has a layout of its own.
    #[inline]
    pub(super) fn read<'t>(&mut self, record: &'t str) -> Option<Places<'t>> {
        if self.pause > 0 {
            self.pause -= 1;
            return None;
        }
        let (at, found) = self.known.iter().enumerate().find_map(|(at, l)| Some((at, l.read(record)?)))?;
        self.known[..=at].rotate_right(1);
        self.strange = self.strange.saturating_sub(1);
        Some(found)
    }

    /// Notes the layout of a record that had none of the known ones.
    pub(super) fn learn(&mut self, record: &str, marks: &[Mark], found: &Places<'_>) {
        if self.pause > 0 || marks.len() > SLOTS {
            return;
        }
        self.strange += WEIGHT;
        if self.strange > STRANGE {
            *self = Layouts { pause: PAUSE, ..Layouts::default() };
            return;
        }
        self.known.truncate(MOST - 1);
        self.known.splice(..0, Layout::of(record, marks, found));
    }
}

#[cfg(test)]
mod tests {
    use super::{super::sketch::Keys, *};
    use proptest::prelude::*;

    fn keys() -> Keys {
        let mut keys = Keys::new();
        for path in ["id", "data.value", "data.unit", "event.id"] {
            keys.ask(&path.split('.').collect::<Vec<_>>()).unwrap();
        }
        keys
    }

    /// Its members as they are given, and the values that stand in them.
    fn record(shape: &[(&str, usize, &str)], values: &[String]) -> String {
        let member = |(key, value, blank): &(&str, usize, &str)| {
            format!("{blank}\"{key}\":{blank}{}", values[value % values.len()])
        };
        format!("{{{}}}", shape.iter().map(member).collect::<Vec<_>>().join(","))
    }

    fn value() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => "\"[a-z\u{e9}]{0,9}\"".prop_map(|v| v),
            4 => "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?".prop_map(|v| v),
            1 => "[0-9+.eE-]{1,4}".prop_map(|v| v),
            1 => "\"[a-z\\\\\"\n\0]{0,4}\"".prop_map(|v| v),
            1 => prop::sample::select(vec!["null", "true", "{}", "[1,\"a\"]", "{\"value\":3}", "{\"unit\":\"h\",\"value\":\"\"}", "{\"id\":7}", ""])
                .prop_map(str::to_owned),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]
        #[test]
        fn what_is_read_by_its_layout_is_what_is_read_without(
            shape in prop::collection::vec(
                (prop::sample::select(vec!["id", "data", "event", "x", "y"]), 0usize..8, prop::sample::select(vec!["", "", " "])),
                0..5,
            ),
            worlds in prop::collection::vec((prop::collection::vec(value(), 8), "|||x|\\}|\r"), 2..12),
        ) {
            let keys = keys();
            let mut layouts = Layouts::default();
            let mut marks = Vec::new();
            for (values, end) in &worlds {
                let text = record(&shape, values) + end;
                let plain = keys.read(&text, &mut |_| true, &mut marks);
                if let Some(found) = layouts.read(&text) {
                    prop_assert_eq!(Some(found), plain, "{}", text);
                } else if let Some(found) = plain {
                    layouts.learn(&text, &marks, &found);
                    prop_assert_eq!(layouts.read(&text), Some(found), "{}", text);
                }
            }
        }
    }

    fn learn(record: &str) -> Layouts {
        let (mut layouts, mut marks) = (Layouts::default(), Vec::new());
        let found = keys().read(record, &mut |_| true, &mut marks).unwrap();
        layouts.learn(record, &marks, &found);
        layouts
    }

    #[test]
    fn a_record_laid_out_as_the_one_before_is_read_by_its_layout() {
        let mut layouts =
            learn(r#"{"v":"1.0", "id":"a","x":[1,"b"],"event":null,"data":{"value":1,"unit":"h"}}"#);
        let next =
            r#"{"v":"", "id":"b-c\u00e9","x":[-2.50,"é"],"event":null,"data":{"value":0.25,"unit":""}}"#;
        assert_eq!(layouts.read(next), None);
        let next = next.replace("\\u00e9", "é");
        let found = layouts.read(&next).unwrap();
        assert_eq!(found[..4], [Found::Text("b-cé"), Found::Number("0.25"), Found::Null, Found::Null]);
        for other in [
            r#"{"v":"1.0", "id":"a","x":[1,"b"],"event":null,"data":{"value":1,"unit":"h"}} "#,
            r#"{"v":"1.0","id":"a","x":[1,"b"],"event":null,"data":{"value":1,"unit":"h"}}"#,
            r#"{"v":"1.0", "id":"a","x":[1,"b"],"event":null,"data":{"unit":"h","value":1}}"#,
            r#"{"v":"1.0", "id":"a","x":[1,"b","c"],"event":null,"data":{"value":1,"unit":"h"}}"#,
            r#"{"v":"1.0", "id":"a","x":[1,"b"],"event":null,"data":{"value":01,"unit":"h"}}"#,
            r#"{"v":"1.0", "id":"a","x":[1,"b"],"event":null,"data":{"value":1e2,"unit":"h"}}"#,
            r#"{"v":"1.0", "id":"a","x":[1,"b"],"event":{},"data":{"value":1,"unit":"h"}}"#,
            r#"{"v":"1.0", "id":"a","x":[1,"b"],"event":null,"data":{"value":"1","unit":"h"}}"#,
            "{\"v\":\"1.0\", \"id\":\"a\tb\",\"x\":[1,\"b\"],\"event\":null,\"data\":{\"value\":1,\"unit\":\"h\"}}",
        ] {
            assert_eq!(layouts.read(other), None, "{other}");
        }
    }

    #[test]
    fn several_layouts_are_known_at_once_and_ever_new_ones_are_not_learnt() {
        let mut layouts = learn(r#"{"id":"a"}"#);
        let mut marks = Vec::new();
        for kind in 0..3 {
            let record = format!(r#"{{"id":"a","k{kind}":1}}"#);
            let found = keys().read(&record, &mut |_| true, &mut marks).unwrap();
            layouts.learn(&record, &marks, &found);
        }
        for record in [r#"{"id":"b"}"#, r#"{"id":"b","k0":2}"#, r#"{"id":"b","k2":2}"#] {
            assert_eq!(layouts.read(record).unwrap()[0], Found::Text("b"), "{record}");
        }
        for kind in 0..100 {
            let record = format!(r#"{{"id":"a","n{kind}":1}}"#);
            let found = keys().read(&record, &mut |_| true, &mut marks).unwrap();
            layouts.learn(&record, &marks, &found);
        }
        assert!(layouts.pause > 0 && layouts.read(r#"{"id":"b"}"#).is_none());
    }
}
