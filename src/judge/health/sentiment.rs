//! What a ticket sounds like, −1 to 1.
//!
//! The ticket's own `sentiment` counts, else its `csat`; else, where it is asked for, its text is read by VADER
//! (Hutto and Gilbert 2014, by a crate that is held to the reference's vectors). VADER was made for short public
//! posts: 'can't log in since the deploy' is neutral to it. So a small lexicon of support phrases, [`PHRASES`], adds
//! their valences to VADER's sum; a text without any of them scores exactly as VADER scores it.

use crate::{
    data::records::{Text, Ticket},
    model::decimal::{self, Decimal},
};
use std::collections::HashMap;
use vader_parity::SentimentIntensityAnalyzer;

/// What the support lexicon adds: words and valence in tenths on VADER's scale of −4 to 4. Where two phrases overlap, the one
/// that begins first counts, of these the longer. Words are compared in lower case; `cannot`, `can not` and `cant`
/// are `can't`, and so on.
pub const PHRASES: &[(&str, i32)] = &[
    // locked out
    ("can't log in", -25),
    ("can't login", -25),
    ("can't sign in", -25),
    ("can't access", -20),
    ("unable to log in", -25),
    ("unable to access", -20),
    ("locked out", -20),
    // broken
    ("still broken", -15),
    ("broken since", -10),
    ("still not working", -25),
    ("not working", -20),
    ("doesn't work", -20),
    ("don't work", -20),
    ("didn't work", -15),
    ("won't load", -20),
    ("doesn't load", -20),
    ("won't open", -15),
    ("stopped working", -25),
    ("no longer works", -25),
    ("nothing works", -25),
    ("is down", -20),
    ("are down", -20),
    ("keeps failing", -10),
    ("keeps crashing", -20),
    ("keeps happening", -15),
    ("timing out", -15),
    ("times out", -15),
    ("timed out", -15),
    ("unusable", -25),
    ("blocking us", -20),
    ("blocked by this", -15),
    ("since the deploy", -5),
    ("since the update", -5),
    ("since the release", -5),
    // waiting
    ("no response", -15),
    ("no reply", -15),
    ("still waiting", -15),
    ("any update on this", -10),
    ("third time", -10),
    // money
    ("charged twice", -20),
    ("double charged", -20),
    ("overcharged", -20),
    ("want a refund", -20),
    ("our money back", -20),
    // leaving: said politely, with 'please' and 'thanks', and still bad news
    ("cancel our subscription", -35),
    ("cancel my subscription", -35),
    ("cancel the subscription", -35),
    ("cancel our account", -35),
    ("cancel my account", -35),
    ("cancel our plan", -35),
    ("cancel our contract", -35),
    ("close our account", -35),
    ("not renew", -30),
    ("won't renew", -30),
    ("to a competitor", -25),
    ("looking at alternatives", -20),
    ("evaluating alternatives", -20),
    // well again
    ("works now", 15),
    ("works again", 15),
    ("working again", 15),
    ("that fixed it", 20),
    ("solved it", 15),
    ("up and running", 10),
];

/// VADER's normalisation: a sum s becomes s / √(s² + α).
const ALPHA: i128 = 15;
/// Sums are kept in 10^−9.
const BILLION: i128 = 1_000_000_000;

/// Reads texts.
pub struct TextSentiment {
    vader: SentimentIntensityAnalyzer,
    /// By first word: the phrase's words and its valence, longest first.
    phrases: HashMap<&'static str, Vec<(Vec<&'static str>, i32)>>,
}

impl Default for TextSentiment {
    fn default() -> TextSentiment {
        let mut phrases: HashMap<&str, Vec<(Vec<&str>, i32)>> = HashMap::new();
        for (text, valence) in PHRASES {
            let words: Vec<&str> = text.split(' ').collect();
            phrases.entry(words[0]).or_default().push((words, *valence));
        }
        for list in phrases.values_mut() {
            list.sort_by_key(|(words, _)| std::cmp::Reverse(words.len()));
        }
        TextSentiment { vader: SentimentIntensityAnalyzer::new(), phrases }
    }
}

impl TextSentiment {
    /// The sentiment of a text, −1 to 1, to four places as VADER gives it.
    pub fn of(&self, text: &str) -> Decimal {
        let compound = ten_thousandths(&format!("{:.4}", self.vader.polarity_scores(text).compound));
        let words = words(text);
        let mut added = 0;
        let mut at = 0;
        while at < words.len() {
            let found = self.phrases.get(words[at].as_str()).and_then(|list| {
                list.iter().find(|(p, _)| {
                    words[at..].len() >= p.len() && words[at..].iter().zip(p).all(|(a, b)| a == b)
                })
            });
            if let Some((phrase, valence)) = found {
                added += valence;
                at += phrase.len();
            } else {
                at += 1;
            }
        }
        let scored = if added == 0 { compound } else { with_added(compound, added) };
        Decimal::from_i128_with_scale(scored, 4)
    }
}

/// A text of four places in 10^−4.
fn ten_thousandths(text: &str) -> i128 {
    decimal::parse(text).map_or(0, |mut d| {
        d.rescale(4);
        d.mantissa()
    })
}

/// A compound of the sum that this one was made of and of valences in tenths; both in 10^−4, rounded half-up. VADER's
/// own rounding to ±1 stands for a very long text.
fn with_added(compound: i128, tenths: i32) -> i128 {
    let one = 10_000;
    let bound = compound.clamp(1 - one, one - 1);
    let square = one * one;
    let root = (ALPHA * square * BILLION * BILLION / (square - bound * bound)).isqrt();
    let sum = bound * root / one + i128::from(tenths) * BILLION / 10;
    let norm = (sum * sum + ALPHA * BILLION * BILLION).isqrt();
    let half = if sum < 0 { -norm } else { norm };
    (2 * sum * one + half) / (2 * norm)
}

/// Words in lower case without punctuation, negations in one form.
fn words(text: &str) -> Vec<String> {
    let straight = text.to_lowercase().replace(['\u{2019}', '\u{2018}'], "'");
    let mut words: Vec<String> = Vec::new();
    for word in straight.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|w| !w.is_empty()) {
        let word = word.trim_matches('\'');
        let joined = match (words.last().map(String::as_str), word) {
            (_, "cannot" | "cant") => Some(("can't", false)),
            (_, "wont") => Some(("won't", false)),
            (_, "doesnt") => Some(("doesn't", false)),
            (_, "dont") => Some(("don't", false)),
            (Some("can"), "not") => Some(("can't", true)),
            (Some("does"), "not") => Some(("doesn't", true)),
            (Some("do"), "not") => Some(("don't", true)),
            (Some("did"), "not") => Some(("didn't", true)),
            (Some("will"), "not") => Some(("won't", true)),
            _ => None,
        };
        if let Some((whole, with_last)) = joined {
            if with_last {
                words.pop();
            }
            words.push(whole.to_owned());
        } else if !word.is_empty() {
            words.push(word.to_owned());
        }
    }
    words
}

/// The sentiment of a ticket: its own column, else its csat (good 1, bad −1, 1 … 5 evenly from −1 to 1), else of its
/// subject and body where texts are read. `None` where none of them says anything.
pub fn of_ticket(ticket: &Ticket, texts: Option<&TextSentiment>) -> Option<Decimal> {
    let read = || {
        let parts: Vec<&str> =
            [&ticket.subject, &ticket.body].into_iter().flatten().map(|t: &Text| &**t).collect();
        let text = parts.join("\n");
        texts.filter(|_| !text.trim().is_empty()).map(|t| t.of(&text))
    };
    ticket.sentiment.or_else(|| ticket.csat.as_deref().and_then(of_csat)).or_else(read)
}

fn of_csat(word: &str) -> Option<Decimal> {
    Some(match word {
        "good" | "5" => Decimal::ONE,
        "4" => Decimal::new(5, 1),
        "3" => Decimal::ZERO,
        "2" => Decimal::new(-5, 1),
        "bad" | "1" => Decimal::NEGATIVE_ONE,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{data::At, model::decimal::parse};

    fn read(text: &str) -> Decimal {
        TextSentiment::default().of(text)
    }

    fn d(text: &str) -> Decimal {
        parse(text).unwrap()
    }

    /// Sentences and compounds of the reference's own documentation.
    #[test]
    fn texts_without_a_support_phrase_score_as_the_reference_scores_them() {
        let vectors = [
            ("VADER is smart, handsome, and funny.", "0.8316"),
            ("VADER is smart, handsome, and funny!", "0.8439"),
            ("VADER is very smart, handsome, and funny.", "0.8545"),
            ("VADER is VERY SMART, handsome, and FUNNY.", "0.9227"),
            ("VADER is VERY SMART, handsome, and FUNNY!!!", "0.9342"),
            ("VADER is not smart, handsome, nor funny.", "-0.7424"),
            ("The book was good.", "0.4404"),
            ("At least it isn't a horrible book.", "0.431"),
            ("The book was only kind of good.", "0.3832"),
            (
                "The plot was good, but the characters are uncompelling and the dialog is not great.",
                "-0.7042",
            ),
            ("Today SUX!", "-0.5461"),
            ("Today only kinda sux! But I'll get by, lol", "0.5249"),
            ("Make sure you :) or :D today!", "0.8633"),
            ("Not bad at all", "0.431"),
        ];
        for (text, compound) in vectors {
            assert_eq!(read(text), d(compound), "{text}");
        }
    }

    #[test]
    fn what_customers_write_before_they_leave_is_not_neutral() {
        let sad = [
            "can't log in since the deploy",
            "We cannot log in since this morning",
            "I can\u{2019}t log in",
            "still broken",
            "It is still not working.",
            "cancel our subscription",
            "We would like to cancel our subscription, thanks",
            "The export does not work",
            "Dashboards won\u{2019}t load",
            "nothing works",
            "is the API down? it is down for us",
            "we are moving to a competitor",
        ];
        for text in sad {
            assert!(read(text) <= d("-0.05"), "{text}: {}", read(text));
        }
        for text in ["Export works now", "How do I add a user?", "Which fields does the connector map"] {
            assert!(read(text) >= Decimal::ZERO, "{text}: {}", read(text));
        }
    }

    #[test]
    fn overlapping_phrases_count_once() {
        // −2.5 / √(6.25 + 15) for the longer alone.
        assert_eq!(read("still not working"), d("-0.5423"));
        assert_eq!(read("the printer is not working"), d("-0.4588"));
    }

    fn ticket(sentiment: Option<&str>, csat: Option<&str>, subject: &str) -> Ticket {
        Ticket {
            at: At::default(),
            ticket_id: "tk_1".into(),
            account_id: None,
            created_at: chrono::DateTime::UNIX_EPOCH,
            updated_at: None,
            first_response_at: None,
            solved_at: None,
            status: None,
            priority: None,
            subject: Some(subject.into()),
            body: None,
            feature_area: None,
            kind: None,
            channel: None,
            tags: None,
            sentiment: sentiment.map(d),
            csat: csat.map(Into::into),
            assignee: None,
            queue: None,
            requester_email: None,
        }
    }

    #[test]
    fn the_column_comes_before_csat_and_csat_before_the_text() {
        let texts = TextSentiment::default();
        let of = |t: &Ticket| of_ticket(t, Some(&texts));
        assert_eq!(of(&ticket(Some("0.3"), Some("bad"), "still broken")), Some(d("0.3")));
        assert_eq!(of(&ticket(None, Some("4"), "still broken")), Some(d("0.5")));
        assert!(of(&ticket(None, None, "still broken")).unwrap() < Decimal::ZERO);
        assert_eq!(of_ticket(&ticket(None, None, "still broken"), None), None);
        let csat = ["1", "2", "3", "4", "5", "good", "bad"].map(|c| of_csat(c).unwrap());
        assert_eq!(csat, ["-1", "-0.5", "0", "0.5", "1", "1", "-1"].map(d));
        assert_eq!(of(&ticket(None, None, " ")), None, "nothing was written");
    }
}
