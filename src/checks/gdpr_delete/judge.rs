//! Runs the check: loads, searches, judges each request, tells.

use super::{
    certificate,
    findings::{Teller, unknown_systems},
    inputs::{Has, Inputs},
    places::Places,
    policy::Policy,
    rows::{self, Verdict, overdue, residual, row, verdict},
    standing::{Answer, Case, Life, Stated, cases},
    subject::{subject, values},
    traces::{Trace, Traces, sort},
};
use crate::{
    data::{At, Data},
    engine::{Outcome, Purge},
    judge::erasure::{Extension, REGIMES},
    model::{
        mask::Veil,
        text::{counted, grouped},
    },
    report::{Finding, Problem, Severity},
    residue::{self, Scan},
};
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};

/// Names that a note lists.
const NAMED: usize = 8;

/// Runs the check.
pub(super) fn run(data: &Data<'_>) -> Result<Outcome> {
    let policy = Policy::of(data.settings)?;
    let inputs = Inputs::load(data, &policy)?;
    let mut out = Outcome { excluded: inputs.excluded, ..Outcome::default() };
    if let Some(problem) = inputs.names_differ(data) {
        out.not_judged = inputs.requests.len() as u64;
        out.problems.push(problem);
        "requests, systems and confirmations are named differently".clone_into(&mut out.headline);
        return Ok(out);
    }
    let cases = cases(&inputs, &policy, REGIMES[0]);
    let veil = Veil::of(inputs.requests.iter().flat_map(values));
    let places = Places::of(data, &inputs, &policy);
    let (scan, subjects) = search(&cases, &places)?;
    let traces = sort(data, &inputs, &policy, &cases, &places, &scan, &subjects)?;
    let mut told = Told {
        data,
        policy: &policy,
        veil: &veil,
        places: &places,
        has: inputs.has,
        out,
        verdicts: Vec::new(),
    };
    for (case, traces) in cases.iter().zip(&traces.by_case) {
        told.case(case, traces);
    }
    told.unknown(&inputs);
    told.notes(&cases, &scan);
    told.close(&cases, &traces);
    let Told { mut out, verdicts, .. } = told;
    out.own.insert("scanned".to_owned(), certificate::scanned(&policy, &veil, &places, &scan));
    // A folder can change without any export changing, and what is shown in clear is for this call alone.
    out.fleeting = !policy.scans.is_empty()
        || policy.reveal
        || policy.certificate.is_some()
        || policy.purge
        || traces.by_file_time;
    if let Some(folder) = &policy.certificate {
        let complete: Vec<(&Case<'_>, &[Trace])> = cases
            .iter()
            .zip(&traces.by_case)
            .zip(&verdicts)
            .filter(|(_, verdict)| **verdict == Some(Verdict::Complete))
            .map(|((case, traces), _)| (case, traces.as_slice()))
            .collect();
        let book = certificate::Book { data, policy: &policy, veil: &veil, places: &places, scan: &scan };
        out.notes.push(format!(
            "{} of complete requests written to {}",
            counted(complete.len() as u64, "certificate", "certificates"),
            folder.display()
        ));
        out.files = book.files(folder, &complete)?;
        out.folders = vec![folder.clone()];
    }
    if policy.purge {
        let gone = cases.iter().filter(|c| c.life == Life::Owed).flat_map(|c| values(c.request));
        out.purge =
            Some(Purge { values: gone.map(str::to_owned).map(crate::model::mask::Private).collect() });
    }
    Ok(out)
}

/// Searches all places for the people of all requests that are not closed, in one pass. Gives the case of each of the
/// scan's subjects.
fn search(cases: &[Case<'_>], places: &Places) -> Result<(Scan, Vec<usize>)> {
    let open = cases.iter().enumerate().filter(|(_, c)| c.life != Life::Closed);
    let (at, subjects): (Vec<usize>, Vec<residue::Subject>) =
        open.map(|(at, case)| (at, subject(case.request))).unzip();
    if at.is_empty() || places.list.is_empty() {
        return Ok((Scan::default(), at));
    }
    Ok((residue::scan(&subjects, &places.to_scan(), &residue::Options::default())?, at))
}

/// What is told so far.
struct Told<'t, 'd> {
    data: &'t Data<'d>,
    policy: &'t Policy,
    veil: &'t Veil,
    places: &'t Places,
    has: Has,
    out: Outcome,
    verdicts: Vec<Option<Verdict>>,
}

impl Told<'_, '_> {
    fn count(&mut self, code: &'static str, judged: usize, not: usize) {
        let counts = self.out.judged.entry(code).or_default();
        counts.0 += judged as u64;
        counts.1 += not as u64;
    }

    fn case(&mut self, case: &Case<'_>, traces: &[Trace]) {
        let teller =
            Teller { data: self.data, policy: self.policy, places: self.places, veil: self.veil, case };
        // A closed request was looked at: nothing is owed to it.
        self.out.checked += 1;
        let mut found: Vec<Finding> = Vec::new();
        if case.life != Life::Closed {
            self.dates(case, traces, &teller, &mut found);
            self.answers(case, &teller, &mut found);
            self.residues(case, traces, &teller, &mut found);
        }
        let verdict = verdict(case, traces, self.has.told);
        let rank = |s: Severity| match s {
            Severity::Error => 0,
            Severity::Warning => 1,
            Severity::Info => 2,
        };
        let worst = found.iter().map(|f| rank(f.severity)).min().unwrap_or(3);
        if self.data.settings.rows_needed != crate::report::RowsNeeded::None {
            self.out.rows.push(row(case, traces, verdict, worst));
        }
        self.verdicts.push(verdict);
        self.out.findings.extend(found);
    }

    /// What follows from the last day and from what the customer was told.
    fn dates(
        &mut self,
        case: &Case<'_>,
        traces: &[Trace],
        teller: &Teller<'_, '_>,
        found: &mut Vec<Finding>,
    ) {
        let owed = case.life == Life::Owed;
        self.count("gdpr-delete/overdue", 1, 0);
        self.count("gdpr-delete/due-soon", 1, 0);
        if overdue(case, traces, self.has.told) {
            found.push(teller.overdue(traces));
        }
        let open = !rows::erased(case, traces) || self.has.told && case.told.is_none();
        if owed && open && !case.past_due && case.days_left <= self.policy.soon {
            found.push(teller.due_soon());
        }
        self.count("gdpr-delete/told-too-early", 1, 0);
        if let Some(told) = case.told.filter(|_| self.has.told) {
            let before = case.told_before();
            if !before.is_empty() {
                found.push(teller.told_too_early(told, &before));
            }
        }
        self.count("gdpr-delete/extension-unreasoned", 1, 0);
        if matches!(case.deadline.extension, Extension::Unreasoned | Extension::TooLong) {
            found.extend(teller.extension());
        }
    }

    /// What each system has answered.
    fn answers(&mut self, case: &Case<'_>, teller: &Teller<'_, '_>, found: &mut Vec<Finding>) {
        let owed = case.life == Life::Owed;
        for reply in &case.replies {
            self.count("gdpr-delete/unconfirmed", usize::from(owed), 0);
            self.count("gdpr-delete/failed", usize::from(reply.confirmation.is_some()), 0);
            match reply.answer {
                Answer::Silent | Answer::Pending if owed => found.push(teller.unconfirmed(reply)),
                Answer::Failed => found.push(teller.failed(reply)),
                Answer::Retained(r) => {
                    self.count("gdpr-delete/retained-without-basis", 1, 0);
                    if r.stated() != Stated::Confirmed {
                        found.push(teller.without_basis(reply, r));
                    }
                    self.count(
                        "gdpr-delete/retention-ended",
                        usize::from(r.until.is_some()),
                        usize::from(r.until.is_none()),
                    );
                    if let Some(until) = r.until.filter(|_| r.ended) {
                        found.push(teller.retention_ended(reply, until));
                    }
                }
                _ => {}
            }
        }
    }

    /// What was found of the person. A system that confirmed and was not searched is not judged.
    fn residues(
        &mut self,
        case: &Case<'_>,
        traces: &[Trace],
        teller: &Teller<'_, '_>,
        found: &mut Vec<Finding>,
    ) {
        let searched = self.places.systems();
        let erased = || case.replies.iter().filter(|r| matches!(r.answer, Answer::Erased(_)));
        let yes = erased().filter(|r| searched.contains(&*r.system.system)).count();
        self.count("gdpr-delete/residual-data", yes, erased().count() - yes);
        found.extend(traces.iter().map(|t| teller.residual(t)));
    }

    /// Systems that are named and not on the list.
    fn unknown(&mut self, inputs: &Inputs) {
        let listed: BTreeSet<&str> = inputs.systems.iter().map(|s| &*s.system).collect();
        let mut named: BTreeSet<&str> = BTreeSet::new();
        let mut unknown: BTreeMap<&str, Vec<At>> = BTreeMap::new();
        for c in inputs.confirmations.values().flatten() {
            named.insert(&c.system);
            if !listed.contains(&*c.system) {
                unknown.entry(&c.system).or_default().push(c.at);
            }
        }
        let scanned: Vec<&str> = self.policy.scans.iter().map(|s| s.system.as_str()).collect();
        for name in &scanned {
            named.insert(name);
            if !listed.contains(name) {
                unknown.entry(name).or_default();
            }
        }
        unknown.values_mut().for_each(|places| places.sort_unstable());
        self.count("gdpr-delete/unknown-system", named.len(), 0);
        let found = unknown_systems(self.data, &unknown, &scanned, &inputs.systems);
        self.out.findings.extend(found);
    }

    /// What was not searched, and what is to be known of how the requests were read.
    fn notes(&mut self, cases: &[Case<'_>], scan: &Scan) {
        let living = || cases.iter().filter(|c| c.life != Life::Closed);
        let searched = self.places.systems();
        let unsearched: BTreeSet<&str> = living()
            .flat_map(|c| &c.replies)
            .filter(|r| matches!(r.answer, Answer::Erased(_)) && !searched.contains(&*r.system.system))
            .map(|r| &*r.system.system)
            .collect();
        if !unsearched.is_empty() {
            self.out.missing.entry("gdpr-delete/residual-data").or_default().push("--scan".to_owned());
            let names: Vec<&str> = unsearched.iter().copied().take(NAMED).collect();
            self.out.notes.push(format!(
                "confirmed and not searched: {}{}; --scan SYSTEM=PATH searches what a system still holds",
                names.join(", "),
                match unsearched.len() - names.len() {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                }
            ));
        }
        for file in &self.places.unread {
            self.out.notes.push(format!("{file} was not searched: it cannot be read a second time"));
        }
        for t in &scan.troubles {
            let place = &self.places.list[t.place];
            let file = place.file(&t.file);
            let file = if self.policy.reveal { file } else { self.veil.hide(&file) };
            let message = format!("{} was not searched wholly: it {}", place.name(), t.what);
            self.out.problems.push(Problem::new("gdpr-delete/unsearched", message).at(&file, None));
        }
        if !scan.unsearched.is_empty() {
            let mut why: Vec<&str> = scan.unsearched.iter().map(|u| u.why).collect();
            why.sort_unstable();
            why.dedup();
            self.out.notes.push(format!(
                "{} of requests not searched for: it {}",
                counted(scan.unsearched.len() as u64, "value", "values"),
                why.join("; or it ")
            ));
        }
        let unverified = cases.iter().filter(|c| c.life == Life::Unverified).count() as u64;
        if unverified > 0 {
            self.out.notes.push(format!(
                "of {} it is not verified who asks: nothing of them is late",
                counted(unverified, "request", "requests")
            ));
        }
        if self.policy.reveal {
            self.out.notes.push("personal values are shown in clear (--reveal)".to_owned());
        }
        if !self.has.told {
            for code in ["gdpr-delete/overdue", "gdpr-delete/due-soon"] {
                let missing = self.out.missing.entry(code).or_default();
                missing.push("deletion_requests.customer_told_at".to_owned());
            }
        }
    }

    fn close(&mut self, cases: &[Case<'_>], traces: &Traces) {
        let number = |v: Verdict| self.verdicts.iter().filter(|x| **x == Some(v)).count() as u64;
        let counts: Vec<(&str, u64)> =
            [Verdict::Overdue, Verdict::Incomplete, Verdict::Pending, Verdict::Complete]
                .into_iter()
                .map(|v| (v.name(), number(v)))
                .collect();
        let status = |s: &str| cases.iter().filter(|c| c.request.status.as_deref() == Some(s)).count() as u64;
        let lines: u64 = traces.by_case.iter().map(|t| residual(t)).sum();
        let closed = [("rejected", status("rejected")), ("withdrawn", status("withdrawn"))];
        let requests = cases.len() as u64 - closed.iter().map(|(_, n)| n).sum::<u64>();
        self.out.own.insert("requests".to_owned(), requests.into());
        for (name, n) in counts.iter().chain(&closed) {
            self.out.own.insert((*name).to_owned(), (*n).into());
        }
        self.out.own.insert("residual".to_owned(), lines.into());
        let told: Vec<String> = counts
            .iter()
            .chain(&closed)
            .filter(|(_, n)| *n > 0)
            .map(|(name, n)| format!("{} {name}", grouped(&n.to_string())))
            .collect();
        let mut headline = format!("{}: {}", counted(requests, "request", "requests"), told.join(", "));
        if cases.is_empty() {
            "no request".clone_into(&mut headline);
        }
        if lines > 0 {
            headline.push_str(&format!("; people are still found on {}", counted(lines, "line", "lines")));
        }
        self.out.headline = headline;
    }
}
