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

/// Takes personal values out of texts in which they may stand: file names, remarks.
#[derive(Default)]
pub struct Veil {
    /// Lower case, and as [`folded`].
    values: HashSet<String>,
    /// The most words that one of them has.
    words: usize,
}

impl fmt::Debug for Veil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Veil")
    }
}

/// Lower case, with what parts words in a file name as a space.
fn folded(text: &str) -> String {
    let lower = text.trim().to_lowercase();
    lower
        .replace("%40", "@")
        .split([' ', '_', '-', '.', '+'])
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
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

impl Veil {
    /// Hides these values, in any case and whatever parts their words.
    pub fn of<'v>(values: impl IntoIterator<Item = &'v str>) -> Veil {
        let mut veil = Veil::default();
        for value in values.into_iter().filter(|v| !v.trim().is_empty()) {
            veil.words = veil.words.max(words(value).len());
            veil.values.insert(folded(value));
        }
        veil
    }

    /// The text with each value hidden that stands in it as whole words.
    pub fn hide(&self, text: &str) -> String {
        let words = words(text);
        let mut out = String::with_capacity(text.len());
        let (mut done, mut at) = (0, 0);
        while at < words.len() {
            let mut longest = (at..words.len().min(at + self.words)).rev();
            let piece = |last: usize| &text[words[at].0..words[last].1];
            let Some(last) = longest.find(|last| self.values.contains(&folded(piece(*last)))) else {
                at += 1;
                continue;
            };
            let found = piece(last);
            out.push_str(&text[done..words[at].0]);
            out.push_str(&if found.contains('@') { email(found) } else { name(found) });
            done = words[last].1;
            at = last + 1;
        }
        out.push_str(&text[done..]);
        out
    }
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
