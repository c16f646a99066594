//! How code writes a key.

/// The words of a key, in lower case: cut at everything but letters and digits, and where a capital begins a word
/// (`newUI`, `HTMLExport`: new ui, html export). Digits stay with the letters before them.
pub fn words(key: &str) -> Vec<String> {
    let mut words = Vec::new();
    for part in key.split(|c: char| !c.is_alphanumeric()) {
        let chars: Vec<char> = part.chars().collect();
        let mut word = String::new();
        for (at, c) in chars.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|b| chars.get(b));
            let after_small = before.is_some_and(|b| !b.is_uppercase());
            let before_small = chars.get(at + 1).is_some_and(|a| a.is_lowercase());
            if c.is_uppercase() && before.is_some() && (after_small || before_small) {
                words.push(std::mem::take(&mut word));
            }
            word.extend(c.to_lowercase());
        }
        words.push(word);
    }
    words.retain(|w| !w.is_empty());
    words
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// The key as written, then in snake, kebab, camel, Pascal, upper snake and dotted case; each once.
pub fn spellings(key: &str) -> Vec<String> {
    let words = words(key);
    let pascal: String = words.iter().map(|w| capitalised(w)).collect();
    let camel: String =
        words.iter().take(1).cloned().chain(words.iter().skip(1).map(|w| capitalised(w))).collect();
    let snake = words.join("_");
    let upper = snake.to_uppercase();
    let mut all = vec![key.trim().to_owned(), snake, words.join("-"), camel, pascal, upper, words.join(".")];
    let mut seen = Vec::new();
    all.retain(|s| {
        !s.is_empty() && !seen.contains(s) && {
            seen.push(s.clone());
            true
        }
    });
    all
}

/// Letters of the longest key that is taken for an everyday word.
const EVERYDAY: usize = 6;

/// Whether a key is one short word such as `ui`, `new` or `search`, which code uses for other things as well: it is
/// only taken for the key where it stands in quotation marks.
pub fn is_everyday_word(key: &str) -> bool {
    let key = key.trim();
    key.chars().count() <= EVERYDAY && words(key).len() == 1 && key.chars().all(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_cut_into_words_however_it_is_written() {
        for key in
            ["new-report-ui", "new_report_ui", "newReportUi", "NewReportUI", "NEW_REPORT_UI", "new.report.ui"]
        {
            assert_eq!(words(key), ["new", "report", "ui"], "{key}");
        }
        assert_eq!(words("HTMLExport"), ["html", "export"]);
        assert_eq!(words("report-cache-v2"), ["report", "cache", "v2"]);
        assert_eq!(words("oauth2Login"), ["oauth2", "login"]);
        assert_eq!(words("élan-Ürün"), ["élan", "ürün"]);
        assert_eq!(words("--"), [""; 0]);
    }

    #[test]
    fn a_key_has_seven_spellings_each_once() {
        assert_eq!(
            spellings("new-report.ui"),
            [
                "new-report.ui",
                "new_report_ui",
                "new-report-ui",
                "newReportUi",
                "NewReportUi",
                "NEW_REPORT_UI",
                "new.report.ui"
            ]
        );
        assert_eq!(spellings("search"), ["search", "Search", "SEARCH"]);
        assert_eq!(spellings("**"), ["**"]);
    }

    #[test]
    fn only_one_short_word_is_an_everyday_word() {
        assert!(["ui", "new", "search", "Beta"].iter().all(|k| is_everyday_word(k)));
        assert!(["new-ui", "v2", "checkout", "newUi", "--"].iter().all(|k| !is_everyday_word(k)));
    }
}
