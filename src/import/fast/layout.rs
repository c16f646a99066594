//! Records that are laid out as one before them: the same keys in the same order, the same blanks, and a text or a
//! number where that one had a text or a number.
//!
//! A record of an export's next line nearly always is. Then what stands between its values is compared as it is, and
//! only the ends of its values are looked for. Since the record before was valid JSON, this one is as well, and the
//! same keys lead to the same places.

use super::sketch::{PLACES, decimal, special};

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

/// The texts and numbers at the places of a record; empty where there is none.
pub(super) type Values<'t> = [&'t str; PLACES];

/// A value, and what stands before it.
#[derive(Clone, Debug)]
struct Slot {
    before: Box<[u8]>,
    text: bool,
    place: Option<usize>,
}

/// How a record is laid out, and what follows from that.
#[derive(Clone, Debug)]
struct Layout<P> {
    slots: Vec<Slot>,
    /// What stands behind the last value.
    tail: Box<[u8]>,
    plan: P,
}

impl<P> Layout<P> {
    /// The layout of a record that was read.
    fn of(record: &str, marks: &[Mark], plan: P) -> Option<Layout<P>> {
        let bytes = record.as_bytes();
        let mut at = 0;
        let mut slots = Vec::with_capacity(marks.len());
        for mark in marks {
            slots.push(Slot { before: bytes.get(at..mark.from)?.into(), text: mark.text, place: mark.place });
            at = mark.to;
        }
        Some(Layout { slots, tail: bytes.get(at..)?.into(), plan })
    }

    /// Reads the values of a record; `None` where it is laid out otherwise. What is asked for is never empty, and a
    /// number never has an exponent.
    #[inline]
    fn read<'t>(&self, record: &'t str, values: &mut Values<'t>) -> Option<()> {
        let mut rest = record;
        for slot in &self.slots {
            rest = rest.get(begins(rest.as_bytes(), &slot.before)?..)?;
            // A text ends in a quote, which is the first byte of what stands before the next value.
            let end = if slot.text { special(rest.as_bytes())? } else { decimal(rest.as_bytes())? };
            let (value, behind) = rest.split_at_checked(end)?;
            rest = behind;
            if let Some(place) = slot.place {
                if value.is_empty() {
                    return None;
                }
                values[place] = value;
            }
        }
        (*rest.as_bytes() == *self.tail).then_some(())
    }
}

/// The length of a beginning, where the bytes begin with it. It is short, and nearly always there.
#[inline]
fn begins(bytes: &[u8], beginning: &[u8]) -> Option<usize> {
    let head = bytes.get(..beginning.len())?;
    let same = match (head.first_chunk::<8>(), beginning.first_chunk::<8>()) {
        (Some(a), Some(b)) if head.len() <= 16 => {
            // Where the two words overlap they are equal.
            a == b && head.last_chunk::<8>() == beginning.last_chunk::<8>()
        }
        (Some(_), Some(_)) => head == beginning,
        _ => head.iter().zip(beginning).all(|(a, b)| a == b),
    };
    same.then_some(head.len())
}

/// The layouts of the last records, each with what follows from it.
#[derive(Clone, Debug)]
pub(super) struct Layouts<P> {
    /// The one that was right last stands first.
    known: Vec<Layout<P>>,
    /// Grows with records that are laid out like none of them.
    strange: u32,
    /// So many records are taken the ordinary way.
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

impl<P> Default for Layouts<P> {
    fn default() -> Layouts<P> {
        Layouts { known: Vec::new(), strange: 0, pause: 0 }
    }
}

impl<P> Layouts<P> {
    /// Reads the values of a record, and gives what follows from its layout; `None` where that is none of the known
    /// ones. Values that no layout has are left as they are.
    #[inline]
    pub(super) fn read<'t>(&mut self, record: &'t str, values: &mut Values<'t>) -> Option<&P> {
        if self.pause > 0 {
            self.pause -= 1;
            return None;
        }
        let at = self.known.iter().position(|layout| layout.read(record, values).is_some())?;
        if at > 0 {
            self.known.swap(0, at);
        }
        self.strange = self.strange.saturating_sub(1);
        self.known.first().map(|layout| &layout.plan)
    }

    /// Notes the layout of a record that had none of the known ones. What follows from it must follow from its keys,
    /// its nulls and empty texts, and from which of its values are numbers.
    pub(super) fn learn(&mut self, record: &str, marks: &[Mark], plan: P) {
        if self.pause > 0 || marks.len() > SLOTS {
            return;
        }
        self.strange += WEIGHT;
        if self.strange > STRANGE {
            *self = Layouts { pause: PAUSE, ..Layouts::default() };
            return;
        }
        self.known.truncate(MOST - 1);
        self.known.splice(..0, Layout::of(record, marks, plan));
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::sketch::{Found, Keys, Places},
        *,
    };
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
                let mut values = Values::default();
                if let Some(kinds) = layouts.read(&text, &mut values) {
                    prop_assert!(plain.is_some(), "{} is not plain", text);
                    let found = plain.unwrap();
                    prop_assert_eq!(*kinds, found.map(kind), "{}", text);
                    for (value, found) in values.into_iter().zip(found).filter(|(_, found)| kind(*found) > 1) {
                        prop_assert_eq!(value, found.value(), "{}", text);
                    }
                } else if let Some(found) = plain {
                    layouts.learn(&text, &marks, found.map(kind));
                    let exponent = marks.iter().any(|m| !m.text && text[m.from..m.to].contains(['e', 'E']));
                    prop_assert_eq!(layouts.read(&text, &mut values).is_none(), exponent, "{}", text);
                }
            }
        }
    }

    /// What must follow from a layout.
    fn kind(found: Found<'_>) -> u8 {
        match found {
            Found::Missing => 0,
            Found::Null => 1,
            Found::Text(_) => 2,
            Found::Number(_) => 3,
        }
    }

    fn learn(layouts: &mut Layouts<[u8; PLACES]>, record: &str) {
        let mut marks = Vec::new();
        let found: Places<'_> = keys().read(record, &mut |_| true, &mut marks).unwrap();
        layouts.learn(record, &marks, found.map(kind));
    }

    #[test]
    fn a_record_laid_out_as_the_one_before_is_read_by_its_layout() {
        let mut layouts = Layouts::default();
        learn(
            &mut layouts,
            r#"{"v":"1.0", "id":"a","x":[1,"b"],"event":null,"data":{"value":1,"unit":"h"}}"#,
        );
        let next =
            r#"{"v":"", "id":"b-c\u00e9","x":[-2.50,"é"],"event":null,"data":{"value":0.25,"unit":"km"}}"#;
        let mut values = Values::default();
        assert!(layouts.read(next, &mut values).is_none());
        let next = next.replace("\\u00e9", "é");
        let kinds = layouts.read(&next, &mut values).unwrap();
        assert_eq!((&kinds[..5], &values[..5]), (&[2, 3, 2, 1, 0][..], &["b-cé", "0.25", "km", "", ""][..]));
        for other in [
            r#"{"v":"1.0", "id":"a","x":[1,"b"],"event":null,"data":{"value":1,"unit":"h"}} "#,
            r#"{"v":"1.0","id":"a","x":[1,"b"],"event":null,"data":{"value":1,"unit":"h"}}"#,
            r#"{"v":"1.0", "id":"a","x":[1,"b"],"event":null,"data":{"unit":"h","value":1}}"#,
            r#"{"v":"1.0", "id":"a","x":[1,"b","c"],"event":null,"data":{"value":1,"unit":"h"}}"#,
            r#"{"v":"1.0", "id":"a","x":[1,"b"],"event":null,"data":{"value":01,"unit":"h"}}"#,
            r#"{"v":"1.0", "id":"a","x":[1,"b"],"event":null,"data":{"value":1e2,"unit":"h"}}"#,
            r#"{"v":"1.0", "id":"a","x":[1,"b"],"event":{},"data":{"value":1,"unit":"h"}}"#,
            r#"{"v":"1.0", "id":"a","x":[1,"b"],"event":null,"data":{"value":"1","unit":"h"}}"#,
            r#"{"v":"1.0", "id":"a","x":[1,"b"],"event":null,"data":{"value":1,"unit":""}}"#,
            "{\"v\":\"1.0\", \"id\":\"a\tb\",\"x\":[1,\"b\"],\"event\":null,\"data\":{\"value\":1,\"unit\":\"h\"}}",
        ] {
            assert!(layouts.read(other, &mut Values::default()).is_none(), "{other}");
        }
    }

    #[test]
    fn several_layouts_are_known_at_once_and_ever_new_ones_are_not_learnt() {
        let mut layouts = Layouts::default();
        for record in [r#"{"id":"a"}"#, r#"{"id":"a","k":1}"#, r#"{"k":1,"id":"a"}"#, r#"{"id":"a","l":1}"#] {
            learn(&mut layouts, record);
        }
        for record in [r#"{"id":"b"}"#, r#"{"k":2,"id":"b"}"#, r#"{"id":"b","l":2}"#] {
            let mut values = Values::default();
            assert!(layouts.read(record, &mut values).is_some(), "{record}");
            assert_eq!(values[0], "b", "{record}");
        }
        for kind in 0..100 {
            learn(&mut layouts, &format!(r#"{{"id":"a","n{kind}":1}}"#));
        }
        assert!(layouts.pause > 0 && layouts.read(r#"{"id":"b"}"#, &mut Values::default()).is_none());
    }
}
