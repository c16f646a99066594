//! Personal values as they may be shown: enough to tell two apart, not enough to know them.

use std::{collections::HashSet, fmt};

/// What stands for what is hidden.
const HIDDEN: &str = "•••";

/// A personal value: it is compared, and never printed as it is.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Private(pub String);

impl Private {
    /// The value itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Masked, so that no message and no panic shows it.
impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// The first letter of a word.
fn word(text: &str) -> String {
    text.chars().next().map_or_else(String::new, |c| format!("{c}{HIDDEN}"))
}

/// `j•••@e•••.com`: the first letters of box and domain, and the domain's last label. What has no `@` is masked as
/// a word.
pub fn email(text: &str) -> String {
    let Some((mailbox, domain)) = text.rsplit_once('@') else { return word(text) };
    match domain.rsplit_once('.') {
        Some((name, last)) => format!("{}@{}.{last}", word(mailbox), word(name)),
        None => format!("{}@{}", word(mailbox), word(domain)),
    }
}

/// `N••• Q•••`: the first letter of each word.
pub fn name(text: &str) -> String {
    text.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

/// `•••87`: the last two digits.
pub fn phone(text: &str) -> String {
    let digits: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
    let shown = if digits.len() >= 7 { &digits[digits.len() - 2..] } else { &[] };
    format!("{HIDDEN}{}", shown.iter().collect::<String>())
}

/// `u•••`: the first letter.
pub fn id(text: &str) -> String {
    word(text.trim())
}

/// Knows personal values, finds them in texts in which they may stand, and takes them out.
#[derive(Default)]
pub struct Veil {
    /// As [`folded`].
    values: HashSet<String>,
    /// The first words of these.
    first: HashSet<String>,
    /// The last digits of phone numbers.
    phones: HashSet<String>,
    /// The most words that one of them has.
    words: usize,
}

impl fmt::Debug for Veil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Veil")
    }
}

/// So many last digits are the same however a phone number is written.
const LAST_DIGITS: usize = 7;

/// Lower case, with a space for whatever parts words in addresses, names and file names.
fn folded(text: &str) -> String {
    let lower = text.trim().to_lowercase().replace("%40", "@");
    let words = lower.split([' ', '_', '-', '.', '+', ',', '\u{a0}']).filter(|w| !w.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Where words begin and end, in bytes.
fn words(text: &str) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        match found.last_mut() {
            Some(last) if c.is_alphanumeric() && last.1 == at => last.1 = end,
            _ if c.is_alphanumeric() => found.push((at, end)),
            _ => {}
        }
    }
    found
}

/// The last digits of a number with what may stand between digits; `None` where there are too few.
fn last_digits(text: &str) -> Option<String> {
    let digits: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
    Some(digits[digits.len().checked_sub(LAST_DIGITS)?..].iter().collect())
}

/// Pieces of a text that could be phone numbers.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_digit() && !" +-()./".contains(c))
}

impl Veil {
    /// Knows these values, in any case and whatever parts their words; names in either order.
    pub fn of<'v>(values: impl IntoIterator<Item = &'v str>) -> Veil {
        let mut veil = Veil::default();
        for value in values {
            veil.add(folded(value));
            if let Some((rest, last)) = value.trim().rsplit_once(char::is_whitespace) {
                veil.add(folded(&format!("{last} {rest}")));
            }
            let phone = value.chars().all(|c| c.is_ascii_digit() || " +-()./".contains(c));
            veil.phones.extend(last_digits(value).filter(|_| phone));
        }
        veil
    }

    fn add(&mut self, value: String) {
        let found = words(&value);
        let Some((from, to)) = found.first() else { return };
        self.words = self.words.max(found.len());
        self.first.insert(value[*from..*to].to_owned());
        self.values.insert(value);
    }

    /// The words of a text that are a value: the number of the first and the last, the longest first.
    fn find(&self, text: &str, words: &[(usize, usize)], from: usize) -> Option<(usize, usize)> {
        (from..words.len()).find_map(|at| {
            if !self.first.contains(&text[words[at].0..words[at].1].to_lowercase()) {
                return None;
            }
            let mut lasts = (at..words.len().min(at + self.words)).rev();
            let piece = |last: usize| folded(&text[words[at].0..words[last].1]);
            lasts.find(|last| self.values.contains(&piece(*last))).map(|last| (at, last))
        })
    }

    /// Whether one of the values stands in a text: an address in any case, with or without a tag, a name in either
    /// order, an id as a word, a phone number by its last digits.
    pub fn holds(&self, text: &str) -> bool {
        let found = |text: &str| self.find(text, &words(text), 0).is_some();
        let tagged = || text.contains('+') && text.contains('@') && found(&untagged(text));
        let phone = |n: &str| last_digits(n).is_some_and(|d| self.phones.contains(&d));
        found(text) || tagged() || !self.phones.is_empty() && numbers(text).any(phone)
    }

    /// The text with each value masked that stands in it as whole words.
    pub fn hide(&self, text: &str) -> String {
        let words = words(text);
        let mut out = String::with_capacity(text.len());
        let (mut done, mut from) = (0, 0);
        while let Some((first, last)) = self.find(text, &words, from) {
            let (begin, end) = (words[first].0, words[last].1);
            out.push_str(&text[done..begin]);
            let found = &text[begin..end];
            out.push_str(&if found.contains('@') { email(found) } else { name(found) });
            done = end;
            from = last + 1;
        }
        out.push_str(&text[done..]);
        out
    }
}

/// Addresses without what stands between `+` and `@`.
fn untagged(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('+') {
        out.push_str(before);
        match after.split_once('@') {
            Some((_, domain)) => {
                out.push('@');
                rest = domain;
            }
            None => rest = after,
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_masked_to_their_first_letters() {
        assert_eq!(email("jane.doe@example.com"), "j•••@e•••.com");
        assert_eq!(email("jane@mail.example.co.uk"), "j•••@m•••.uk");
        assert_eq!(email("jane@localhost"), "j•••@l•••");
        assert_eq!(name("Ann  de Smith"), "A••• d••• S•••");
        assert_eq!(name("Élodie"), "É•••");
        assert_eq!(phone("+49 30 5550 187"), "•••87");
        assert_eq!(phone("187"), "•••");
        assert_eq!(id("usr_7755"), "u•••");
        assert_eq!((email(""), name(""), id("")), (String::new(), String::new(), String::new()));
    }

    #[test]
    fn a_private_value_is_not_in_its_debug_form() {
        assert_eq!(format!("{:?}", Some(Private("ann@example.com".into()))), "Some(•••)");
    }

    #[test]
    fn known_values_are_hidden_in_file_names() {
        let veil = Veil::of(["Nora Quill", "nora.quill@example.org", "usr_7755", ""]);
        assert_eq!(veil.hide("out/NORA.quill@example.org.json"), "out/N•••@e•••.org.json");
        assert_eq!(veil.hide("out/nora_quill-usr_7755.csv"), "out/n•••-u•••.csv");
        assert_eq!(veil.hide("out/honora_quill/usr_77551.csv"), "out/honora_quill/usr_77551.csv");
        assert_eq!(veil.hide("nora%40example.org"), "nora%40example.org");
        assert_eq!(Veil::default().hide("tickets.json"), "tickets.json");
    }

    #[test]
    fn a_value_is_found_however_it_is_written() {
        let veil = Veil::of(["Nora Quill", "nora.quill@example.org", "usr_7755", "+49 30 5550 187"]);
        for held in [
            "Mail to NORA.QUILL@example.org please",
            "nora.quill+news@example.org",
            "?to=nora.quill%40example.org",
            "Quill, Nora",
            "[\"usr_7755\"]",
            "call 030/5550187 or",
        ] {
            assert!(veil.holds(held), "{held}");
        }
        for other in [
            "xnora.quill@example.org",
            "nora@example.org",
            "Nora and Quill",
            "usr_77551",
            "187",
            "5551187",
            "",
        ] {
            assert!(!veil.holds(other), "{other}");
        }
        assert!(!Veil::default().holds("anything"));
    }

    proptest! {
        #[test]
        fn nothing_of_a_value_is_left_but_its_first_letters(
            a in "[a-z]{2,8}", b in "[a-z]{2,8}", before in "[a-z/]{0,5}/", after in "(\\.csv|)",
        ) {
            let value = format!("{a}.{b}@example.org");
            let hidden = Veil::of([value.as_str()]).hide(&format!("{before}{value}{after}"));
            prop_assert!(!hidden.contains(&value), "{hidden}");
            prop_assert!(hidden.starts_with(&before) && hidden.ends_with(&after), "{hidden}");
        }
    }
}
