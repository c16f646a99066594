//! Workflow annotations of GitHub Actions: `::error file=…,line=…,title=…::message`.

use super::text::{count, plural, safe, verdict};
use super::words::{Group, at_stake, message, not_judged, problem, result};
use crate::report::{Finding, Problem, Report, Severity, State, run::RunReport};
use std::collections::BTreeSet;

/// GitHub shows ten annotations of a level and step, and drops the others in silence.
const MOST: usize = 10;
/// Of the notices one is the verdict, one counts what was left out, one tells what was not judged.
const MOST_NOTICES: usize = MOST - 3;

/// The annotations, a line each, the verdict first.
pub(super) fn annotations(report: &Report) -> String {
    let mut out = String::new();
    let money = at_stake(report).map(|m| format!("; at stake {m}")).unwrap_or_default();
    let title = format!("crosscheck {} {}", report.check, verdict(report));
    let text = format!("{}{money}\n{}", safe(&report.headline), result(report));
    annotate(&mut out, "notice", None, &title, &text);
    let problems: Vec<(Problem, bool)> =
        report.problems.iter().map(|p| (p.clone(), report.exit_code >= 2)).collect();
    worst(&mut out, report.check, &problems, report.findings.iter().collect());
    let unjudged = not_judged(report);
    if !unjudged.is_empty() {
        let title = match report.summary.not_judged {
            0 => "Not judged".to_owned(),
            n => format!("Not judged: {}", count(n)),
        };
        annotate(&mut out, "notice", None, &title, &unjudged.join("\n"));
    }
    out
}

/// The annotations of a run of several checks: the ten worst of a level, whosever they are.
pub(super) fn annotations_of_run(run: &RunReport, head: &str, result: &str) -> String {
    let mut out = String::new();
    annotate(&mut out, "notice", None, "crosscheck run", &format!("{head}\n{result}"));
    let mut problems: Vec<(Problem, bool)> = run.problems.iter().map(|p| (p.clone(), true)).collect();
    for report in &run.reports {
        let told = |p: &Problem| {
            let message = format!("{}: {}", report.check, p.message);
            (Problem { message, ..p.clone() }, report.exit_code >= 2)
        };
        problems.extend(report.problems.iter().map(told));
    }
    let mut findings: Vec<&Finding> = run.reports.iter().flat_map(|r| &r.findings).collect();
    // Each report's are in order; across checks money decides.
    let amount = |f: &Finding| f.impact.as_ref().map(|m| m.amount);
    findings.sort_by(|a, b| a.severity.cmp(&b.severity).then_with(|| amount(b).cmp(&amount(a))));
    worst(&mut out, "run", &problems, findings);
    out
}

/// The worst of each level, and what was left out. `problems` come with whether they keep the data from being
/// trusted.
fn worst(out: &mut String, of: &str, problems: &[(Problem, bool)], findings: Vec<&Finding>) {
    let live: Vec<&Finding> = findings.into_iter().filter(|f| f.state != State::Waived).collect();
    let mut left_out = Vec::new();
    for (severity, level, most) in [
        (Severity::Error, "error", MOST),
        (Severity::Warning, "warning", MOST),
        (Severity::Info, "notice", MOST_NOTICES),
    ] {
        let here = |grave: bool| severity == if grave { Severity::Error } else { Severity::Warning };
        let problems: Vec<&Problem> =
            problems.iter().filter(|(_, grave)| here(*grave)).map(|(p, _)| p).collect();
        let findings: Vec<&Finding> = live.iter().copied().filter(|f| f.severity == severity).collect();
        for p in problems.iter().take(most) {
            let place = p.file.as_deref().map(|f| (f, p.line));
            let text = problem(&Problem { file: None, ..(*p).clone() });
            annotate(out, level, place, &safe(&p.code), &text);
        }
        let (shown, hidden) = findings.split_at(findings.len().min(most.saturating_sub(problems.len())));
        shown.iter().for_each(|f| finding(out, level, f));
        let rest = (problems.len() + findings.len()).saturating_sub(most);
        if rest > 0 {
            left_out.push(format!("{}{}", plural(rest as u64, severity.name()), unseen(shown, hidden)));
        }
    }
    if !left_out.is_empty() {
        let text = format!(
            "Left out: {}. GitHub shows ten of a level; a json or markdown report has all.",
            left_out.join(", ")
        );
        annotate(out, "notice", None, &format!("crosscheck {of}"), &text);
    }
}

/// ` (among them CODE)`: the codes of what is left out that no annotation of the level has.
fn unseen(shown: &[&Finding], hidden: &[&Finding]) -> String {
    let seen: BTreeSet<&str> = shown.iter().map(|f| f.code).collect();
    let codes: BTreeSet<&str> = hidden.iter().map(|f| f.code).filter(|c| !seen.contains(c)).collect();
    let list: Vec<&str> = codes.into_iter().collect();
    if list.is_empty() { String::new() } else { format!(" (among them {})", list.join(", ")) }
}

fn finding(out: &mut String, level: &str, f: &Finding) {
    let mut lines = vec![message(f)];
    if let Some(c) = &f.cause {
        lines.push(format!("Cause: {}: {}", safe(&c.id), safe(&c.detail)));
    }
    if let Some(next) = (Group { findings: vec![f] }).next() {
        lines.push(format!("Next: {next}"));
    }
    let place = f.evidence.first().map(|e| (e.file.as_str(), Some(e.line)));
    annotate(out, level, place, &format!("{} {}", f.code, safe(&f.fingerprint)), &lines.join("\n"));
}

fn annotate(out: &mut String, level: &str, place: Option<(&str, Option<u64>)>, title: &str, text: &str) {
    let mut properties = Vec::new();
    if let Some((file, line)) = place {
        properties.push(format!("file={}", property(&safe(file))));
        properties.extend(line.map(|n| format!("line={n}")));
    }
    properties.push(format!("title={}", property(title)));
    out.push_str(&format!("::{level} {}::{}\n", properties.join(","), data(text)));
}

/// As `@actions/core` escapes a message.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// As `@actions/core` escapes a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn no_level_has_more_than_github_shows() {
        let mut report = sample::report();
        for severity in [Severity::Error, Severity::Warning, Severity::Info] {
            for f in &mut report.findings {
                f.severity = severity;
            }
            let text = annotations(&report);
            for level in ["::error ", "::warning ", "::notice "] {
                assert!(text.lines().filter(|l| l.starts_with(level)).count() <= MOST, "{text}");
            }
            assert!(text.contains("Left out: "), "{text}");
        }
    }

    #[test]
    fn a_message_cannot_begin_a_command_of_its_own() {
        let mut report = sample::report();
        report.findings.truncate(1);
        report.findings[0].message = "100 %\r\n::add-mask::x%0A".into();
        report.findings[0].evidence[0].file = "a,b:c\n::error::.csv".into();
        let text = annotations(&report);
        assert!(text.contains(r"100 %25\r\n::add-mask::x%250A"), "{text}");
        assert!(text.contains(r"file=a%2Cb%3Ac\n%3A%3Aerror%3A%3A.csv,"), "{text}");
        assert!(text.lines().all(|l| l.starts_with("::notice ") || l.starts_with("::error ")), "{text}");
    }

    #[test]
    fn a_waived_finding_is_not_annotated() {
        let mut report = sample::report();
        for f in &mut report.findings {
            f.state = State::Waived;
        }
        assert!(!annotations(&report).contains("::error"));
    }

    #[test]
    fn a_due_moment_stands_in_the_message() {
        let text = annotations(&sample::report());
        assert!(text.contains("by 2026-11-03T00:00Z"), "{text}");
    }
}
