//! Where a JSON value ends, by brackets and quotes alone.

use crate::import::read::find::find2;
use memchr::memchr3;

/// A value that is being scanned; its bytes may come in parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan {
    depth: usize,
    /// A bit for each level, the innermost last: 1 for an array.
    kinds: u128,
    /// Whether it was ever deeper than `kinds` can tell. The parser refuses such a value; its kinds do not matter.
    deep: bool,
    inside: Inside,
    /// Whether a newline inside a text is a fault. JSON has none there; between records it tells where one broke.
    strict: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    Start,
    Structure,
    Text,
    Escape,
    Bare,
}

/// What comes of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The value ends before this byte of the part; 0 if there is none.
    Done(usize),
    /// A bracket that closes another kind, or a newline in a text; at this byte.
    Broken(usize),
    /// The value goes on behind the part.
    More,
}

impl Scan {
    pub(super) fn new(strict: bool) -> Scan {
        Scan { depth: 0, kinds: 0, deep: false, inside: Inside::Start, strict }
    }

    /// Whether the end of the file may end the value: a number, `true`, `false`, `null`.
    pub(super) fn is_bare(&self) -> bool {
        self.inside == Inside::Bare
    }

    /// Takes the next part; the first begins with the value's first byte.
    pub(super) fn feed(&mut self, part: &[u8]) -> Step {
        let mut at = 0;
        while let Some(&byte) = part.get(at) {
            match self.inside {
                Inside::Start => match byte {
                    b'{' | b'[' => self.inside = Inside::Structure,
                    b'"' => {
                        self.inside = Inside::Text;
                        at += 1;
                    }
                    _ => self.inside = Inside::Bare,
                },
                Inside::Bare => {
                    if matches!(
                        byte,
                        b',' | b']' | b'}' | b'{' | b'[' | b'"' | b':' | b' ' | b'\t' | b'\r' | b'\n'
                    ) {
                        return Step::Done(at);
                    }
                    at += 1;
                }
                Inside::Escape => {
                    self.inside = Inside::Text;
                    at += 1;
                }
                Inside::Text => {
                    let rest = part.get(at..).unwrap_or_default();
                    let found = match self.strict {
                        true => memchr3(b'"', b'\\', b'\n', rest),
                        false => find2(rest, b'"', b'\\'),
                    };
                    let Some(found) = found else { return Step::More };
                    at += found;
                    match part.get(at) {
                        Some(b'\\') => self.inside = Inside::Escape,
                        Some(b'\n') => return Step::Broken(at),
                        _ => self.inside = Inside::Structure,
                    }
                    at += 1;
                    if self.inside == Inside::Structure && self.depth == 0 {
                        return Step::Done(at);
                    }
                }
                Inside::Structure => {
                    at += 1;
                    match byte {
                        b'"' => self.inside = Inside::Text,
                        b'{' | b'[' => {
                            self.kinds = self.kinds << 1 | u128::from(byte == b'[');
                            self.depth += 1;
                            self.deep |= self.depth > 128;
                        }
                        b'}' | b']' => {
                            let array = self.kinds & 1 == 1;
                            if !self.deep && array != (byte == b']') {
                                return Step::Broken(at - 1);
                            }
                            self.kinds >>= 1;
                            self.depth -= 1;
                            if self.depth == 0 {
                                return Step::Done(at);
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
        Step::More
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(text: &str, parts: usize) -> (Step, usize) {
        let mut scan = Scan::new(true);
        let mut before = 0;
        for part in text.as_bytes().chunks(parts) {
            match scan.feed(part) {
                Step::More => before += part.len(),
                step => return (step, before),
            }
        }
        (Step::More, before)
    }

    #[test]
    fn a_value_ends_where_its_brackets_do_however_it_is_cut() {
        for value in [r#"{"a":[1,{"b":"}]\""}],"c":"\\"}"#, r#""x\"y""#, "[]", "[[[]],{}]", "12.5e3", "null"]
        {
            let text = format!("{value}, more");
            for parts in 1..text.len() {
                match feed(&text, parts) {
                    (Step::Done(n), before) => assert_eq!(before + n, value.len(), "{value} by {parts}"),
                    other => panic!("{value}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn brackets_that_do_not_match_and_newlines_in_text_are_broken() {
        assert_eq!(feed(r#"{"a":[1}"#, 100).0, Step::Broken(7));
        assert_eq!(feed("{\"a\":\"x\n\"}", 100).0, Step::Broken(7));
        assert_eq!(feed(r#"{"a":"#, 100).0, Step::More);
        assert_eq!(feed(",", 1).0, Step::Done(0));
    }

    #[test]
    fn any_depth_is_followed() {
        let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
        assert_eq!(feed(&deep, 20_000).0, Step::Done(10_000));
    }
}
