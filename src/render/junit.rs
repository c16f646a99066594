//! JUnit XML: the check is a suite, each rule a case.

use super::text::{count, minutes, safe, verdict};
use super::words::{message, missing, problem, result};
use super::{RenderOptions, words};
use crate::model::time::Instant;
use crate::report::{Finding, Report, RuleReport, State};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;
use std::io;

/// Findings that a case lists: CI servers keep these texts in memory.
const MOST_LISTED: usize = 100;

/// The whole document.
pub(super) fn junit(report: &Report, options: &RenderOptions) -> io::Result<String> {
    document(report.as_of, vec![suite(report, options)])
}

/// The suites as one document.
pub(super) fn document(as_of: Instant, suites: Vec<TestSuite>) -> io::Result<String> {
    let mut whole = quick_junit::Report::new("crosscheck");
    whole.set_timestamp(as_of);
    whole.add_test_suites(suites);
    whole.to_string().map_err(io::Error::other)
}

/// The suite of one check.
pub(super) fn suite(report: &Report, options: &RenderOptions) -> TestSuite {
    let mut by_code: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for f in &report.findings {
        by_code.entry(f.code).or_default().push(f);
    }
    let mut suite = TestSuite::new(format!("crosscheck {}", report.check));
    suite.set_timestamp(report.as_of);
    suite.set_system_out(format!("{}: {}\n{}", verdict(report), safe(&report.headline), result(report)));
    if let Some(case) = data(report) {
        suite.add_test_case(case);
    }
    for rule in &report.rules {
        let findings = by_code.remove(rule.code).unwrap_or_default();
        suite.add_test_case(case(rule.code, Some(rule), &findings, options));
    }
    // Codes of no rule of the check: waivers that expired, conflicting records.
    for (code, findings) in by_code {
        suite.add_test_case(case(code, None, &findings, options));
    }
    for case in &mut suite.test_cases {
        case.set_classname(format!("crosscheck.{}", report.check));
    }
    suite
}

/// The case that stands for the data itself.
fn data(report: &Report) -> Option<TestCase> {
    if report.problems.is_empty() && report.exit_code < 2 {
        return None;
    }
    let lines: Vec<String> =
        report.problems.iter().map(|p| format!("{} ({})", problem(p), safe(&p.code))).collect();
    let name = if report.exit_code == 2 { "usage" } else { "data" };
    let mut case = TestCase::new(name, TestCaseStatus::success());
    if report.exit_code < 2 {
        case.set_system_out(lines.join("\n"));
        return Some(case);
    }
    case.status = TestCaseStatus::non_success(NonSuccessKind::Error);
    let first = lines.first().cloned().unwrap_or_else(|| "the data cannot be trusted".to_owned());
    case.status.set_message(first).set_type(name).set_description(lines.join("\n"));
    Some(case)
}

fn case(code: &str, rule: Option<&RuleReport>, findings: &[&Finding], options: &RenderOptions) -> TestCase {
    let fails =
        |f: &&Finding| f.state != State::Waived && options.fail_on.is_some_and(|level| f.severity <= level);
    let (bad, mild): (Vec<&Finding>, Vec<&Finding>) = findings.iter().copied().partition(fails);
    let mut case = TestCase::new(code, TestCaseStatus::success());
    if let Some(worst) = bad.first() {
        case.status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let rest = match bad.len() {
            1 => String::new(),
            n => format!(" (and {} more)", count(n as u64 - 1)),
        };
        case.status.set_message(format!("{}{rest}", message(worst)));
        case.status.set_type(worst.severity.name()).set_description(list(&bad));
    } else if let Some(rule) = rule.filter(|r| r.severity.is_none()) {
        case.status = TestCaseStatus::skipped();
        case.status.set_message(format!("{} is off in the configuration", rule.code));
    } else if let Some(why) = rule.and_then(unjudged) {
        case.status = TestCaseStatus::non_success(NonSuccessKind::Error);
        case.status.set_message(why).set_type("not judged");
    }
    if !mild.is_empty() {
        case.set_system_out(list(&mild));
    }
    case
}

/// Why a rule could not be judged at all.
fn unjudged(rule: &RuleReport) -> Option<String> {
    match (rule.judged, rule.not_judged, rule.missing.as_slice()) {
        (0, 0, []) => None,
        (0, n, []) => Some(format!("not judged: none of {} could be judged", count(n))),
        (0, _, lack) => Some(format!("not judged: {}", missing(lack))),
        _ => None,
    }
}

fn list(findings: &[&Finding]) -> String {
    let mut out = String::new();
    for f in findings.iter().take(MOST_LISTED) {
        let waived = if f.state == State::Waived { "waived: " } else { "" };
        out.push_str(&format!("{waived}{} [{}]\n", message(f), safe(&f.fingerprint)));
        if let Some(c) = &f.cause {
            out.push_str(&format!("  cause: {}: {}\n", safe(&c.id), safe(&c.detail)));
        }
        if let Some(next) = (words::Group { findings: vec![f] }).next() {
            out.push_str(&format!("  next: {}\n", minutes(&next)));
        }
        for e in f.evidence.iter().take(3) {
            out.push_str(&format!("  {}:{} ({})\n", safe(&e.file), e.line, safe(&e.dataset)));
        }
    }
    if findings.len() > MOST_LISTED {
        out.push_str(&format!("… {} more\n", count((findings.len() - MOST_LISTED) as u64)));
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;
    use crate::report::Severity;

    /// Failures, errors and cases.
    fn counts(text: &str) -> (usize, usize, usize) {
        let n = |tag: &str| text.matches(tag).count();
        (n("<failure"), n("<error"), n("<testcase"))
    }

    fn xml(report: &Report, fail_on: Option<Severity>) -> String {
        junit(report, &RenderOptions { fail_on, ..RenderOptions::default() }).unwrap()
    }

    #[test]
    fn failures_follow_the_level_that_fails_a_run() {
        let report = sample::report();
        assert_eq!(counts(&xml(&report, None)).0, 0);
        assert_eq!(counts(&xml(&report, Some(Severity::Error))).0, 1);
        assert_eq!(counts(&xml(&report, Some(Severity::Warning))).0, 2);
        assert_eq!(counts(&xml(&report, Some(Severity::Info))).0, 3);
    }

    #[test]
    fn a_rule_without_its_data_is_an_error_and_a_rule_that_is_off_is_skipped() {
        let mut report = sample::report();
        report.findings.clear();
        assert!(
            xml(&report, Some(Severity::Error)).contains("not judged: no column usage_events.ingested_at")
        );
        let before = counts(&xml(&report, Some(Severity::Error))).1;
        for rule in &mut report.rules {
            rule.severity = None;
        }
        let text = xml(&report, Some(Severity::Error));
        assert_eq!((before, counts(&text).1), (1, 0));
        assert_eq!(text.matches("<skipped").count(), report.rules.len());
    }

    #[test]
    fn data_that_cannot_be_trusted_is_an_error_of_its_own() {
        let text = xml(&sample::untrusted(), Some(Severity::Error));
        assert!(text.contains(r#"<testcase name="data""#) && text.contains("<error message="), "{text}");
    }

    #[test]
    fn a_waived_finding_fails_nothing() {
        let mut report = sample::report();
        for f in &mut report.findings {
            f.state = State::Waived;
        }
        assert_eq!(counts(&xml(&report, Some(Severity::Info))).0, 0);
    }

    #[test]
    fn a_finding_of_no_rule_has_a_case_of_its_own() {
        let mut report = sample::report();
        report.findings[0].code = "waiver/expired";
        assert!(xml(&report, Some(Severity::Error)).contains(r#"<testcase name="waiver/expired""#));
    }
}
