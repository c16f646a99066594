//! Whole keys in a text, all of them in one pass.

use super::spelling::{is_everyday_word, spellings};
use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError, MatchKind};
use memchr::memchr_iter;
use std::collections::BTreeMap;

/// A key that stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Its place among the keys.
    pub key: usize,
    /// From 1.
    pub line: u64,
    /// False for an everyday word without quotation marks.
    pub certain: bool,
}

/// Keys, ready to be looked for.
#[derive(Debug)]
pub struct Keys {
    automaton: AhoCorasick,
    /// By pattern.
    patterns: Vec<Pattern>,
    /// By key.
    everyday: Vec<bool>,
}

#[derive(Debug)]
struct Pattern {
    /// Several keys may share a spelling; where it is one key as written, it is that one's alone.
    keys: Vec<usize>,
    /// Whether it holds a `-`, so that code cannot use it as a name.
    dashed: bool,
}

/// Above this the patterns' table would not fit the processor's caches, nor small machines.
const LARGE: usize = 400_000;

impl Keys {
    /// Keys with all their spellings; see [`spellings`].
    pub fn new<K: AsRef<str>>(keys: &[K]) -> Result<Keys, BuildError> {
        let mut owners: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, key) in keys.iter().enumerate() {
            for spelling in spellings(key.as_ref()) {
                owners.entry(spelling).or_default().push(at);
            }
        }
        let mut patterns = Vec::with_capacity(owners.len());
        for (text, all) in &owners {
            let written: Vec<usize> =
                all.iter().copied().filter(|at| keys[*at].as_ref().trim() == text).collect();
            let keys = if written.is_empty() { all.clone() } else { written };
            patterns.push(Pattern { keys, dashed: text.contains('-') });
        }
        let bytes: usize = owners.keys().map(String::len).sum();
        let kind = if bytes > LARGE { AhoCorasickKind::ContiguousNFA } else { AhoCorasickKind::DFA };
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(kind))
            .build(owners.keys().map(String::as_bytes))?;
        let everyday = keys.iter().map(|k| is_everyday_word(k.as_ref())).collect();
        Ok(Keys { automaton, patterns, everyday })
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.everyday.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.everyday.is_empty()
    }

    /// The keys that stand whole in a text, by key and line, each once a line.
    pub fn find(&self, text: &[u8]) -> Vec<Hit> {
        let mut spans: Vec<(usize, usize, usize)> = self
            .automaton
            .find_overlapping_iter(text)
            .map(|m| (m.start(), m.end(), m.pattern().as_usize()))
            .filter(|(start, end, pattern)| stands_alone(text, *start, *end, self.patterns[*pattern].dashed))
            .collect();
        // A key within a longer one is the longer one.
        spans.sort_unstable_by_key(|(start, end, _)| (*start, std::cmp::Reverse(*end)));
        let mut reach = 0;
        spans.retain(|(_, end, _)| {
            let own = *end > reach;
            reach = reach.max(*end);
            own
        });
        let mut hits = Vec::new();
        let (mut line, mut counted) = (1, 0);
        for (start, end, pattern) in spans {
            line += memchr_iter(b'\n', &text[counted..start]).count() as u64;
            counted = start;
            let quoted = is_quoted(text, start, end);
            let hit = |key: &usize| Hit { key: *key, line, certain: quoted || !self.everyday[*key] };
            hits.extend(self.patterns[pattern].keys.iter().map(hit));
        }
        // Of one key and line the certain one is kept.
        hits.sort_unstable_by_key(|h| (h.key, h.line, !h.certain));
        hits.dedup_by_key(|h| (h.key, h.line));
        hits
    }
}

/// Whether a spelling is a whole key where it stands. Letters, digits and `_` beside it make it a part of another
/// name; so do dashes that join it to one (`new-ui-v2`, `card--new-ui`, but not `--new-ui`). A `.` joins only a spelling with a
/// `-` (`new-ui.css`); beside others it is how code reaches a member (`flags.newUi`, `NEW_UI.key`).
fn stands_alone(text: &[u8], start: usize, end: usize, dashed: bool) -> bool {
    let (before, after) = (&text[..start], &text[end..]);
    let dashes = |bytes: &mut dyn Iterator<Item = &u8>| bytes.take_while(|b| **b == b'-').count();
    let (left, right) = (dashes(&mut before.iter().rev()), dashes(&mut after.iter()));
    !joins(left > 0, last_chars(&before[..before.len() - left]), dashed)
        && !joins(right > 0, first_chars(&after[right..]), dashed)
}

/// Whether what stands beside a spelling, dashes between them or not, makes it a part of another name.
fn joins(by_dashes: bool, mut beside: impl Iterator<Item = char>, dashed: bool) -> bool {
    let of_name = |c: char| c.is_alphanumeric() || c == '_';
    match beside.next() {
        Some(c) if of_name(c) => true,
        Some('.') => dashed && !by_dashes && beside.next().is_some_and(of_name),
        _ => false,
    }
}

/// The next characters; none where the text is no UTF-8.
fn first_chars(text: &[u8]) -> impl Iterator<Item = char> + '_ {
    let window = &text[..text.len().min(8)];
    window.utf8_chunks().next().map_or("", |c| c.valid()).chars()
}

/// The characters before, the nearest first; none where the text is no UTF-8.
fn last_chars(text: &[u8]) -> impl Iterator<Item = char> + '_ {
    let mut start = text.len().saturating_sub(8);
    while text.get(start).is_some_and(|b| b & 0xc0 == 0x80) {
        start += 1;
    }
    let chunk = text[start..].utf8_chunks().last();
    chunk.filter(|c| c.invalid().is_empty()).map_or("", |c| c.valid()).chars().rev()
}

fn is_quoted(text: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).and_then(|at| text.get(at));
    before == text.get(end) && before.is_some_and(|b| matches!(b, b'"' | b'\'' | b'`'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(keys: &[&str], text: &str) -> Vec<(usize, u64, bool)> {
        let keys = Keys::new(keys).unwrap();
        keys.find(text.as_bytes()).iter().map(|h| (h.key, h.line, h.certain)).collect()
    }

    fn stands(text: &str) -> bool {
        !found(&["new-ui"], text).is_empty()
    }

    #[test]
    fn every_spelling_is_found_with_its_line() {
        let text = "a\n\"new-ui\"\nflags.new_ui\nflags.newUi\nNewUi()\nFlags.NEW_UI.key\nfeatures.new.ui=1\n";
        let lines: Vec<u64> = found(&["new-ui"], text).iter().map(|h| h.1).collect();
        assert_eq!(lines, [2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn a_part_of_a_longer_name_is_no_key() {
        for text in
            ["new-ui-v2", "the-new-ui", "newUiOld", "isNewUi", "_NEW_UI", "NEW_UI_2", "new-ui.css", "énew-ui"]
        {
            assert!(!stands(text), "{text}");
        }
        for text in
            ["new-ui", "--new-ui=1", "(new-ui)", "new-ui.", "'new-ui'", "new-ui-", "“new-ui”", "日:new-ui"]
        {
            assert!(stands(text), "{text}");
        }
        assert!(!found(&["new-ui"], "\u{0}\nnew-ui").is_empty());
        assert!(!Keys::new(&["new-ui"]).unwrap().find(b"\xff\xfenew-ui\xff").is_empty());
    }

    #[test]
    fn a_key_within_a_longer_key_is_the_longer_one() {
        assert_eq!(found(&["billing", "billing.tax"], "\"billing.tax\""), [(1, 1, true)]);
        assert_eq!(found(&["billing", "billing.tax"], "\"billing.vat\""), [(0, 1, true)]);
    }

    #[test]
    fn what_is_one_key_as_written_is_not_another_one_spelt_differently() {
        assert_eq!(found(&["new-ui", "new_ui"], "new_ui new-ui NEW_UI"), [(0, 1, true), (1, 1, true)]);
        assert_eq!(found(&["new-ui", "new_ui"], "new_ui"), [(1, 1, true)]);
        assert_eq!(found(&["new-ui", "new_ui"], "NEW_UI"), [(0, 1, true), (1, 1, true)]);
    }

    #[test]
    fn an_everyday_word_is_certain_in_quotation_marks_alone() {
        assert_eq!(
            found(&["new"], "new Foo()\nflag('new')\nnew X('new')"),
            [(0, 1, false), (0, 2, true), (0, 3, true)]
        );
        assert_eq!(found(&["checkout"], "checkout()"), [(0, 1, true)]);
    }

    #[test]
    fn dashes_join_however_many_they_are() {
        assert_eq!(found(&["new-ui"], "card--new-ui new-ui----------v2"), []);
        assert_eq!(found(&["new-ui"], "run --new-ui"), [(0, 1, true)]);
    }

    #[test]
    fn no_keys_are_found_nowhere() {
        let none: [&str; 0] = [];
        assert!(Keys::new(&none).unwrap().is_empty());
        assert!(found(&none, "new-ui").is_empty());
    }

    proptest! {
        /// Against the plain definition: a name cut out at what is no letter, digit, `_` or `-`.
        #[test]
        fn whole_keys_agree_with_the_plain_definition(text in "[abA_\\-\" \n]{0,40}") {
            let spelt = spellings("a-b");
            let mut expected = Vec::new();
            for (at, line) in text.split('\n').enumerate() {
                let names = line.split(['"', ' ']).map(|name| name.trim_matches('-'));
                if names.into_iter().any(|name| spelt.iter().any(|s| s == name)) {
                    expected.push((0, at as u64 + 1, true));
                }
            }
            prop_assert_eq!(found(&["a-b"], &text), expected);
        }
    }
}
