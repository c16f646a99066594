//! The reports of one run of several checks, as plain data.

use super::{BySeverity, Problem, Report, State, Verdict};
use crate::{exit, model::time::Instant};
use serde::Serialize;

/// A check that could not run for want of exports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// The check.
    pub check: &'static str,
    /// The datasets that it needs and that were not given, alternatives joined by `|`.
    pub missing: Vec<&'static str>,
}

/// The whole answer of `crosscheck run`.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// The moment it is told for.
    pub as_of: Instant,
    /// The zone of day boundaries.
    pub timezone: String,
    /// Of all together.
    pub verdict: Verdict,
    /// The process's exit code: 2 before 3 before 1 before 0.
    pub exit_code: u8,
    /// What is wrong with the run itself, beyond what each report tells.
    pub problems: Vec<Problem>,
    /// In the order of the register.
    pub reports: Vec<Report>,
    /// In the order of the register.
    pub skipped: Vec<Skipped>,
    /// The moment of the run that findings were compared with, where it was one.
    pub since: Option<String>,
}

impl RunReport {
    /// Draws verdict and exit code from the reports and the run's own problems.
    pub fn settle(&mut self) {
        let is = |v: Verdict| self.reports.iter().any(|r| r.verdict == v);
        self.verdict = if is(Verdict::Findings) {
            Verdict::Findings
        } else if self.reports.iter().all(|r| r.verdict == Verdict::NotJudged) {
            Verdict::NotJudged
        } else if is(Verdict::PartlyJudged) || is(Verdict::NotJudged) || !self.problems.is_empty() {
            Verdict::PartlyJudged
        } else {
            Verdict::Pass
        };
        let own = if self.problems.is_empty() { exit::OK } else { exit::UNTRUSTED };
        let codes = || self.reports.iter().map(|r| r.exit_code).chain([own]);
        let order = [exit::USAGE, exit::UNTRUSTED, exit::FINDINGS];
        self.exit_code = order.into_iter().find(|code| codes().any(|c| c == *code)).unwrap_or(exit::OK);
    }

    /// Findings of all checks by severity, waived ones not counted.
    pub fn by_severity(&self) -> BySeverity {
        self.reports.iter().fold(BySeverity::default(), |sum, r| {
            let by = r.summary.by_severity;
            BySeverity {
                error: sum.error + by.error,
                warning: sum.warning + by.warning,
                info: sum.info + by.info,
            }
        })
    }

    /// How many findings are new or have worsened.
    pub fn new_findings(&self) -> u64 {
        self.reports.iter().map(Report::new_findings).sum()
    }
}

impl Report {
    /// How many findings are new or have worsened.
    pub fn new_findings(&self) -> u64 {
        let new = |s: State| matches!(s, State::New | State::Worsened);
        self.findings.iter().filter(|f| new(f.state)).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    fn run(reports: Vec<Report>, problems: Vec<Problem>) -> (Verdict, u8) {
        let mut run = RunReport {
            as_of: Instant::UNIX_EPOCH,
            timezone: "UTC".to_owned(),
            verdict: Verdict::Pass,
            exit_code: 0,
            problems,
            reports,
            skipped: Vec::new(),
            since: None,
        };
        run.settle();
        (run.verdict, run.exit_code)
    }

    #[test]
    fn the_gravest_code_wins_two_before_three_before_one() {
        let of = |code: u8, verdict| Report { exit_code: code, verdict, ..sample::pass() };
        let (pass, fail) = (of(0, Verdict::Pass), of(1, Verdict::Findings));
        let (lost, wrong) = (of(3, Verdict::NotJudged), of(2, Verdict::NotJudged));
        let problem = || vec![Problem::new("run/required", "x")];
        assert_eq!(run(vec![pass.clone()], vec![]), (Verdict::Pass, 0));
        assert_eq!(run(vec![pass.clone(), fail.clone()], vec![]), (Verdict::Findings, 1));
        assert_eq!(run(vec![fail.clone(), lost.clone()], vec![]), (Verdict::Findings, 3));
        assert_eq!(run(vec![fail.clone(), lost, wrong], vec![]), (Verdict::Findings, 2));
        assert_eq!(run(vec![fail], problem()), (Verdict::Findings, 3));
        assert_eq!(run(vec![pass], problem()), (Verdict::PartlyJudged, 3));
        assert_eq!(run(vec![], problem()), (Verdict::NotJudged, 3));
    }
}
