//! What systems still hold of people who asked to be deleted: contacts, tickets and logs of mostly other people.
//!
//! In every hundredth line somebody who asked is named, in one form after another; how many lines of each form there
//! are is kept while they are written. All others share first names, domains and number blocks with them and nothing
//! that identifies.

use crate::{
    common::data::{Made, Table, made},
    rng::Dice,
};
use anyhow::Result;
use crosscheck::residue::{Phone, Subject};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::{fs, path::Path};

/// A line in so many names a subject.
const EVERY: u64 = 100;

const FIRST: [&str; 16] = [
    "Ann", "Bruno", "Clara", "David", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kira", "Luis",
    "Maria", "Noah", "Olga", "Paul",
];
const SYLLABLES: [&str; 16] =
    ["ba", "co", "du", "fi", "ga", "he", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va", "zi"];

/// The forms in their order; each is one kind of hit.
pub(crate) const FORMS: [&str; 7] = ["email", "tagged", "encoded", "sha256", "phone", "name", "id"];

/// Somebody.
struct Person(u64);

impl Person {
    fn first(&self) -> &'static str {
        FIRST[self.0 as usize % FIRST.len()]
    }

    /// Nobody else's.
    fn last(&self) -> String {
        let mut rest = self.0 / FIRST.len() as u64;
        let mut name = "De".to_owned();
        loop {
            name.push_str(SYLLABLES[rest as usize % SYLLABLES.len()]);
            rest /= SYLLABLES.len() as u64;
            if rest == 0 {
                return name;
            }
        }
    }

    fn local(&self) -> String {
        format!("{}.{}", self.first().to_lowercase(), self.last().to_lowercase())
    }

    fn domain(&self) -> String {
        format!("mail{}.example", self.0 % 7)
    }

    fn email(&self) -> String {
        format!("{}@{}", self.local(), self.domain())
    }

    /// After +49 30.
    fn phone(&self) -> u64 {
        20_000_000 + self.0
    }

    fn id(&self) -> String {
        format!("usr_{:08}", self.0)
    }
}

/// The people who asked.
pub(crate) fn subjects(many: u64) -> Vec<Subject> {
    let subject = |n| {
        let person = Person(n);
        let phone = Phone { written: format!("030 {}", person.phone()), country: Some("DE".to_owned()) };
        Subject {
            emails: vec![person.email()],
            phones: vec![phone],
            names: vec![format!("{} {}", person.first(), person.last())],
            ids: vec![person.id()],
        }
    };
    (0..many).map(subject).collect()
}

/// A tree of so many bytes, and the fixed strings by which another tool may look for the subjects in it.
pub(crate) fn residue(dir: &Path, bytes: u64, many: u64) -> Result<Made> {
    made(dir, &format!("residue-{bytes}-{many}"), |folder| {
        let tree = folder.join("tree");
        fs::create_dir_all(&tree)?;
        let mut patterns = Table::create(folder, "patterns", "")?;
        for person in (0..many).map(Person) {
            patterns.row(format_args!("{}", person.email()))?;
            patterns.row(format_args!("+49 30 {}", person.phone()))?;
            patterns.row(format_args!("{} {}", person.first(), person.last()))?;
            patterns.row(format_args!("{}", person.id()))?;
        }
        patterns.finish()?;
        let mut dice = Dice::new(20_261_123);
        let mut counts = [0_u64; FORMS.len()];
        let mut planted = 0;
        for (n, name) in
            ["contacts.csv", "tickets.ndjson", "access.log", "tickets-old.ndjson"].iter().enumerate()
        {
            let mut table = Table::create(&tree, name, "")?;
            let mut written = 0;
            let mut rows = 0_u64;
            while written < bytes / 4 {
                rows += 1;
                let other = Person(many + 1 + dice.below(50_000_000));
                let told = if rows.is_multiple_of(EVERY) {
                    let form = planted as usize % FORMS.len();
                    planted += 1;
                    counts[form] += 1;
                    telling(form, &Person(dice.below(many)))
                } else {
                    "renewed as agreed".to_owned()
                };
                let line = line(n, &other, &told, &mut dice);
                written += line.len() as u64 + 1;
                table.row(format_args!("{line}"))?;
            }
            table.finish()?;
        }
        Ok(json!({ "counts": counts }))
    })
}

/// One form of a subject.
fn telling(form: usize, person: &Person) -> String {
    let phone = person.phone();
    match FORMS[form] {
        "email" => person.email().to_uppercase(),
        "tagged" => format!("{}+news@{}", person.local(), person.domain()),
        "encoded" => format!("{}%40{}", person.local(), person.domain()),
        "sha256" => Sha256::digest(person.email()).iter().map(|b| format!("{b:02x}")).collect(),
        "phone" => format!("+49 (0)30 / {} {:04}", phone / 10_000, phone % 10_000),
        "name" => format!("{} {}", person.last(), person.first()),
        _ => person.id(),
    }
}

/// A line of the n-th file.
fn line(file: usize, other: &Person, told: &str, dice: &mut Dice) -> String {
    let (a, b, c) = (dice.below(1_000_000), dice.below(60), dice.below(24));
    match file {
        0 => format!(
            "{},{},{},{},+49 40 {},2026-10-11T{c:02}:{b:02}:14Z,active,{}.50,{told}",
            other.id(),
            other.first(),
            other.last(),
            other.email(),
            other.phone(),
            a
        ),
        2 => format!(
            "203.0.113.{b} - - [11/Oct/2026:{c:02}:{b:02}:14 +0000] \"GET /v1/items/{a}?user={}&n={told} HTTP/1.1\" 200 {a} \"-\" \
             \"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\" 0.0{b}",
            other.id()
        ),
        _ => format!(
            "{{\"ticket_id\":\"t_{a}\",\"requester\":\"{}\",\"created_at\":\"2026-10-11T{c:02}:{b:02}:14Z\",\"subject\":\"Invoice {a} \
             is too high\",\"body\":\"Hello, we were charged {a} EUR twice in this month, please look into it and tell us what \
             happened. Note: {told}. Kind regards, {} {}\",\"priority\":\"normal\"}}",
            other.email(),
            other.first(),
            other.last()
        ),
    }
}
