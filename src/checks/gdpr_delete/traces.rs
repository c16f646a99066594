//! What the scan found, sorted by request, system and by what it proves.

use super::{
    inputs::{Account, Inputs},
    places::{Place, Places},
    policy::Policy,
    records::Records,
    standing::{Answer, Case, Life, Reply},
};
use crate::{
    data::Data,
    model::time::Instant,
    residue::{Hit, HitKind, Scan},
};
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What a trace proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Proof {
    /// The system said that it is gone, or its time to say so is over: an error.
    Held,
    /// The system has not answered, and has time to.
    Waiting,
    /// What was searched is older than the confirmation: it shows how things were.
    Older,
    /// The person has a new account since, and what was found may be of that.
    Returned,
    /// A name alone: others may be called the same.
    Name,
    /// The system may keep it.
    Retained,
    /// It belongs to an account created after the deletion.
    NewAccount,
}

/// What is left of one person in one system, of one kind of proof.
#[derive(Debug)]
pub(super) struct Trace {
    pub proof: Proof,
    /// The system, or the dataset of an export that may be of any.
    pub name: String,
    pub system: Option<String>,
    /// File and line, in order; the lines beyond those that are kept are in `lines` alone.
    pub places: BTreeSet<(usize, String, u64)>,
    /// How many lines.
    pub lines: u64,
    /// By form.
    pub forms: BTreeMap<HitKind, u64>,
    /// The age of what was searched, where it decided.
    pub of: Option<Instant>,
    /// Whether that is a file's time, and not its newest record's.
    pub by_file_time: bool,
}

/// All traces by request, in the order of the cases.
pub(super) struct Traces {
    pub by_case: Vec<Vec<Trace>>,
    /// Whether a file's time decided anything: then the same exports may be judged differently elsewhere.
    pub by_file_time: bool,
}

/// The lines on which one person's data stands, in one file.
type Line<'s> = (usize, usize, &'s str, u64);

struct Sorter<'s> {
    policy: &'s Policy,
    cases: &'s [Case<'s>],
    places: &'s Places,
    modified: HashMap<(usize, &'s str), Option<Instant>>,
    accounts: HashMap<String, Vec<&'s Account>>,
    records: Records<'s>,
    found: Vec<BTreeMap<(String, Proof), Trace>>,
    by_file_time: bool,
}

/// Sorts the hits of a scan; `subjects` gives the case of each of its subjects.
pub(super) fn sort(
    data: &Data<'_>,
    inputs: &Inputs,
    policy: &Policy,
    cases: &[Case<'_>],
    places: &Places,
    scan: &Scan,
    subjects: &[usize],
) -> Result<Traces> {
    // What the requests' own files hold is no residue.
    let own: HashSet<(usize, &str)> = scan
        .inputs
        .iter()
        .filter(|s| places.is_own(&places.list[s.place], &s.file))
        .map(|s| (s.place, &*s.file))
        .collect();
    let counts = |place: usize, file: &str| !own.contains(&(place, on_disk(file)));
    let mut lines: BTreeMap<Line<'_>, BTreeSet<HitKind>> = BTreeMap::new();
    for hit in &scan.hits {
        if counts(hit.place, &hit.file) && !of_an_address(hit) {
            let line = (subjects[hit.subject], hit.place, &*hit.file, hit.line);
            lines.entry(line).or_default().insert(hit.kind);
        }
    }
    let modified = scan.inputs.iter().map(|s| ((s.place, &*s.file), s.modified)).collect();
    let mut sorter = Sorter {
        policy,
        cases,
        places,
        modified,
        accounts: inputs.by_address(),
        records: Records::of(data),
        found: cases.iter().map(|_| BTreeMap::new()).collect(),
        by_file_time: false,
    };
    for (line, kinds) in &lines {
        sorter.line(*line, kinds)?;
    }
    for b in &scan.beyond {
        if counts(b.place, &b.file) {
            sorter.beyond(subjects[b.subject], b.place, &b.file, b.kind, b.lines);
        }
    }
    let by_case = sorter.found.into_iter().map(|traces| traces.into_values().collect()).collect();
    Ok(Traces { by_case, by_file_time: sorter.by_file_time })
}

/// The file that holds a member of an archive or a table of a database.
fn on_disk(file: &str) -> &str {
    file.split("!/").next().unwrap_or(file)
}

/// Words of a name that only dots or the like part: `ann.smith` stands in the address of whoever is called so.
fn of_an_address(hit: &Hit) -> bool {
    let parts = |c: char| c.is_whitespace() || ",;|\"".contains(c);
    hit.kind == HitKind::Name
        && !hit.matched.contains(parts)
        && hit.matched.contains(|c: char| c.is_ascii_punctuation())
}

fn hashed(kind: HitKind) -> bool {
    matches!(kind, HitKind::EmailMd5 | HitKind::EmailSha1 | HitKind::EmailSha256)
}

impl<'s> Sorter<'s> {
    fn line(&mut self, (case, place, file, line): Line<'s>, kinds: &BTreeSet<HitKind>) -> Result<()> {
        let kinds: Vec<HitKind> = kinds.iter().copied().filter(|k| !self.spared(place, *k)).collect();
        if kinds.is_empty() {
            return Ok(());
        }
        let proof = match self.newer_account(case, place, line)? {
            Some(proof) => (proof, None),
            None => self.proof(case, place, file, &kinds),
        };
        let Some(trace) = self.trace(case, place, proof) else { return Ok(()) };
        for kind in kinds {
            *trace.forms.entry(kind).or_default() += 1;
        }
        trace.lines += 1;
        trace.places.insert((place, file.to_owned(), line));
        Ok(())
    }

    /// Lines of which only the number is known.
    fn beyond(&mut self, case: usize, place: usize, file: &str, kind: HitKind, lines: u64) {
        if self.spared(place, kind) {
            return;
        }
        let proof = self.proof(case, place, file, &[kind]);
        let Some(trace) = self.trace(case, place, proof) else { return };
        *trace.forms.entry(kind).or_default() += lines;
        trace.lines += lines;
    }

    /// A hash in a system that keeps hashes so as to write to nobody again.
    fn spared(&self, place: usize, kind: HitKind) -> bool {
        let system = self.places.list[place].system.as_deref();
        hashed(kind) && system.is_some_and(|s| self.policy.suppression.contains(s))
    }

    /// Where it is told of; `None` where there is nothing to tell: nobody owes the deletion before it is known who asks.
    fn trace(&mut self, case: usize, place: usize, (proof, age): (Proof, Option<Age>)) -> Option<&mut Trace> {
        if self.cases[case].life == Life::Unverified && proof == Proof::Waiting {
            return None;
        }
        let at = &self.places.list[place];
        let trace = self.found[case].entry((at.name().to_owned(), proof)).or_insert_with(|| Trace {
            proof,
            name: at.name().to_owned(),
            system: at.system.clone(),
            places: BTreeSet::new(),
            lines: 0,
            forms: BTreeMap::new(),
            of: None,
            by_file_time: false,
        });
        if let Some(age) = age {
            trace.of = trace.of.max(Some(age.at));
            trace.by_file_time |= age.by_file_time;
        }
        Some(trace)
    }

    fn proof(&mut self, case: usize, place: usize, file: &str, kinds: &[HitKind]) -> (Proof, Option<Age>) {
        let (c, p) = (&self.cases[case], &self.places.list[place]);
        let known = Known::of(c, p);
        if known.retains {
            return (Proof::Retained, None);
        }
        if kinds.iter().all(|k| *k == HitKind::Name) {
            return (Proof::Name, None);
        }
        if p.export.is_none() && self.newcomer(case, known.since).is_some() {
            return (Proof::Returned, None);
        }
        let age = self.age(place, file);
        self.by_file_time |= age.is_some_and(|a| a.by_file_time);
        if age.is_none_or(|a| known.since.is_some_and(|since| a.at < since)) {
            return (Proof::Older, age);
        }
        let late = c.past_due && c.life == Life::Owed;
        (if known.erased || late { Proof::Held } else { Proof::Waiting }, None)
    }

    /// The newest record of an export, else the time of the file.
    fn age(&self, place: usize, file: &str) -> Option<Age> {
        if let Some(at) = self.places.list[place].newest {
            return Some(Age { at, by_file_time: false });
        }
        let at = self.modified.get(&(place, on_disk(file))).copied().flatten()?;
        Some(Age { at, by_file_time: true })
    }

    /// An account of the person's address that was created after a moment.
    fn newcomer(&self, case: usize, since: Option<Instant>) -> Option<&'s Account> {
        let email = self.cases[case].request.email.as_ref()?.reveal().trim().to_lowercase();
        let newer = |a: &&&Account| a.created_at > since;
        self.accounts.get(&email)?.iter().find(newer).copied()
    }

    /// Whether the record on a line of an export is an account created after the deletion, or belongs to one.
    fn newer_account(&mut self, case: usize, place: usize, line: u64) -> Result<Option<Proof>> {
        let p = &self.places.list[place];
        let Some((input, dataset)) = p.export else { return Ok(None) };
        let since = Known::of(&self.cases[case], p).since;
        let newcomer = self.newcomer(case, since);
        if dataset != "accounts" && newcomer.is_none() {
            return Ok(None);
        }
        let record = self.records.at(input, line)?;
        let created_later = dataset == "accounts" && record.created_at.is_some() && record.created_at > since;
        let belongs = newcomer.is_some_and(|a| record.account.as_deref() == Some(&*a.account_id));
        Ok((created_later || belongs).then_some(Proof::NewAccount))
    }
}

/// How old what was searched is.
#[derive(Clone, Copy, Debug)]
struct Age {
    at: Instant,
    by_file_time: bool,
}

/// What is known of a system, or of the systems of which an export may be.
struct Known {
    /// It may keep the data.
    retains: bool,
    /// It has said that the data is gone.
    erased: bool,
    /// Since when that should be so: the confirmation, else the receipt of the request, before which nobody knew.
    since: Option<Instant>,
}

impl Known {
    fn of(case: &Case<'_>, place: &Place) -> Known {
        let received = case.request.received_at;
        if let Some(system) = &place.system {
            let reply = case.replies.iter().find(|r| *r.system.system == **system);
            let erased = reply.is_some_and(|r| matches!(r.answer, Answer::Erased(_)));
            return Known {
                retains: reply.is_some_and(Reply::retains),
                erased,
                since: reply.filter(|_| erased).map_or(Some(received), |r| r.at().or(Some(received))),
            };
        }
        // Of one of several systems of a kind: what one of them may keep, this may be.
        let of_kind = |r: &&Reply<'_>| place.kind.is_some() && r.system.kind.as_deref() == place.kind;
        Known {
            retains: case.replies.iter().filter(of_kind).any(Reply::retains),
            erased: case.all_confirmed(),
            since: case.last_erased().or(Some(received)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_an_address_is_no_name() {
        let hit = |matched: &str| Hit {
            place: 0,
            file: "a.csv".into(),
            line: 1,
            subject: 0,
            kind: HitKind::Name,
            matched: matched.into(),
        };
        for name in
            ["Ann Smith", "Smith, Ann", "Ann\u{a0}Smith", "\"Ann\",\"Smith\"", "A. Smith", "Ann", "王小明"]
        {
            assert!(!of_an_address(&hit(name)), "{name}");
        }
        assert!(of_an_address(&hit("ann.smith")) && of_an_address(&hit("ann-smith")));
        assert!(!of_an_address(&Hit { kind: HitKind::Email, ..hit("ann.smith@example.com") }));
    }
}
