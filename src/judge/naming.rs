//! Whether two exports speak of the same accounts, metrics or plans at all.
//!
//! Where under half of the names of one are known to the other, that is one message about the mismatch of names and
//! not a finding for each: the exports are of two systems, or of two times.

use crate::{
    model::{
        datasets::nearest,
        text::{counted, grouped},
    },
    report::Problem,
};
use std::{collections::HashMap, hash::Hash};

/// Naming that the message lists.
const LISTED: usize = 10;

/// How the message says it.
#[derive(Clone, Copy, Debug)]
pub struct Words<'w> {
    /// What is named: `account`, `accounts`.
    pub kind: (&'w str, &'w str),
    /// Where it is named and what follows: `in activity match no account, so nothing was judged`.
    pub clause: &'w str,
    /// What to do.
    pub remedy: &'w str,
}

/// The remedy where accounts are named differently.
pub const IDENTITIES: &str = "the two exports name accounts differently; give an identities export that says which \
                              id is which account";

/// The names that one export uses, against those that another knows: of any kind of text.
#[derive(Clone, Debug)]
pub struct Naming<'n, N: ?Sized = str> {
    /// The unknown ones with how often they are used, the most frequent first.
    pub unknown: Vec<(&'n N, u64)>,
    /// How many different names are used.
    pub all: usize,
}

impl<'n, N: Hash + Ord + AsRef<str> + ?Sized> Naming<'n, N> {
    /// Of names with how often they are used; one may come several times.
    pub fn of(used: impl IntoIterator<Item = (&'n N, u64)>, knows: impl Fn(&N) -> bool) -> Naming<'n, N> {
        let mut counts: HashMap<&N, u64, foldhash::fast::RandomState> = HashMap::default();
        for (name, times) in used {
            *counts.entry(name).or_default() += times;
        }
        let all = counts.len();
        let mut unknown: Vec<(&N, u64)> = counts.into_iter().filter(|(name, _)| !knows(name)).collect();
        unknown.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        Naming { unknown, all }
    }

    /// The problem where more than half are unknown: how many, and the most frequent with the nearest known name.
    /// Where the other side names none at all, there is nothing to compare with, and no problem.
    pub fn problem<'k>(
        &self,
        words: &Words<'_>,
        known: impl Iterator<Item = &'k str> + Clone,
    ) -> Option<Problem> {
        if self.unknown.len() * 2 <= self.all || known.clone().next().is_none() {
            return None;
        }
        let one = |(name, _): &(&N, u64)| {
            let name = name.as_ref();
            match nearest(name, known.clone()).first() {
                Some(near) => format!("{name} (nearest: {near})"),
                None => name.to_owned(),
            }
        };
        let list: Vec<String> = self.unknown.iter().take(LISTED).map(one).collect();
        let message = format!(
            "{} of {} {}: {}. Unknown: {}",
            grouped(&self.unknown.len().to_string()),
            counted(self.all as u64, words.kind.0, words.kind.1),
            words.clause,
            words.remedy,
            list.join(", ")
        );
        Some(Problem::new("data/unknown-names", message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: Words<'_> =
        Words { kind: ("plan", "plans"), clause: "are unknown", remedy: "name them alike" };

    #[test]
    fn more_than_half_unknown_is_one_problem_and_half_is_none() {
        let known = ["pro", "free"];
        let names = |used: &[&'static str]| {
            Naming::of(used.iter().map(|n| (*n, 1)), |n| known.contains(&n))
                .problem(&WORDS, known.into_iter())
        };
        assert!(names(&["pro", "Pro"]).is_none() && names(&[]).is_none());
        let problem = names(&["pro", "zz", "Pro2", "Pro2"]).unwrap();
        assert_eq!(
            problem.message,
            "2 of 3 plans are unknown: name them alike. Unknown: Pro2 (nearest: pro), zz"
        );
    }

    #[test]
    fn nothing_is_unknown_to_a_side_that_names_nothing() {
        let names = Naming::of([("a", 1), ("b", 5)], |_| false);
        assert_eq!(names.unknown, [("b", 5), ("a", 1)]);
        assert!(names.problem(&WORDS, std::iter::empty()).is_none());
    }

    #[test]
    fn ten_are_listed() {
        let used: Vec<String> = (0..30).map(|n| format!("name-{n:02}-{}", "x".repeat(n))).collect();
        let names = Naming::of(used.iter().map(|n| (n.as_str(), 1)), |_| false);
        let message = names.problem(&WORDS, ["q"].into_iter()).unwrap().message;
        assert!(message.contains("name-09") && !message.contains("name-10"), "{message}");
    }
}
