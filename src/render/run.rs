//! The reports of a run of several checks: the summary for people, and every format with all checks' findings.

use super::{
    Format, RenderOptions, csv, github, html, json, junit, markdown, sarif,
    table::{self, Column, Page, needed},
    text::{count, cut, grouped, moneys, plural, safe, verdict, wrap},
    words::{Group, by_severity, groups, moment, not_judged, problem},
};
use crate::report::{
    Finding, Report, Severity, Show, State, Verdict,
    run::{RunReport, Skipped},
};
use std::io::{self, BufWriter, Write};

/// Writes a run in a format. The same run and options give the same bytes.
pub fn render_run(
    run: &RunReport,
    format: Format,
    options: &RenderOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, out);
    match format {
        Format::Table => out.write_all(summary(run, options).as_bytes())?,
        Format::Json => json::run(run, options, &mut out)?,
        Format::Ndjson => run.reports.iter().try_for_each(|r| json::findings(r, &mut out))?,
        Format::Csv => csv::findings(run.reports.iter().flat_map(|r| &r.findings), &mut out)?,
        // One check's alone: the tables of several have different columns.
        Format::RowsCsv => run.reports.iter().try_for_each(|r| csv::rows(r, options, &mut out))?,
        Format::Markdown => out.write_all(in_markdown(run, options).as_bytes())?,
        Format::Junit => out.write_all(in_junit(run, options)?.as_bytes())?,
        Format::Github => {
            out.write_all(github::annotations_of_run(run, &head(run), &result(run)).as_bytes())?
        }
        Format::Sarif => sarif::run(run, &head(run), &mut out)?,
        Format::Html => out.write_all(html::run(run, &head(run), &result(run), options).as_bytes())?,
    }
    out.flush()
}

const TITLES: [&str; 8] = ["CHECK", "VERDICT", "JUDGED", "ERR", "WARN", "NEW", "AT STAKE", "MAIN REASON"];
/// The columns of figures.
const FIGURES: std::ops::RangeInclusive<usize> = 2..=6;
/// The least of a reason that says anything.
const SHORTEST_REASON: usize = 24;

/// A line a check: those that ran, then those that did not.
pub(super) fn lines(run: &RunReport) -> Vec<[String; 8]> {
    let dash = || "-".to_owned();
    let mut lines: Vec<[String; 8]> = run
        .reports
        .iter()
        .map(|r| {
            let s = &r.summary;
            let all = s.checked.saturating_add(s.not_judged);
            let money = if s.impact.is_empty() { dash() } else { moneys(&s.impact) };
            [
                r.check.to_owned(),
                word(r).to_owned(),
                format!("{}/{}", count(s.checked), count(all)),
                count(s.by_severity.error),
                count(s.by_severity.warning),
                count(r.new_findings()),
                money,
                reason(r),
            ]
        })
        .collect();
    for s in &run.skipped {
        let mut line = [0; TITLES.len()].map(|_| dash());
        (line[0], line[1]) = (s.check.to_owned(), "NOT RUN".to_owned());
        (line[2], line[TITLES.len() - 1]) = (String::new(), lacks(s));
        lines.push(line);
    }
    lines
}

/// `lacks invoices, usage_events or usage_totals`.
pub(super) fn lacks(skipped: &Skipped) -> String {
    format!("lacks {}", skipped.missing.join(", ").replace('|', " or "))
}

/// The verdict in a column's width.
fn word(report: &Report) -> &'static str {
    match report.verdict {
        Verdict::PartlyJudged => "PARTLY",
        _ => verdict(report),
    }
}

/// What stands behind the verdict, in few words: why the data is not trusted, else the foremost cause or finding,
/// else what was not judged.
fn reason(r: &Report) -> String {
    if let Some(p) = r.problems.first() {
        return safe(&p.message).into_owned();
    }
    let gravest = |s: Severity| groups(&r.findings, s).into_iter().next();
    let worst = [Severity::Error, Severity::Warning].into_iter().find_map(gravest);
    match worst {
        Some(group) => {
            let rule = group.first().code.rsplit('/').next().unwrap_or_default();
            let size = count(group.findings.len() as u64);
            match &group.first().cause {
                Some(cause) => format!("{size} {rule}: {}", safe(&cause.detail)),
                None => format!("{size} {rule}"),
            }
        }
        None => not_judged(r).into_iter().next().unwrap_or_default(),
    }
}

/// `9 checks: 3 fail, 3 pass, 2 partly judged, 1 not run`.
fn head(run: &RunReport) -> String {
    let of = |v: Verdict| run.reports.iter().filter(|r| r.verdict == v).count() as u64;
    let parts: Vec<String> = [
        (of(Verdict::Findings), "fail"),
        (of(Verdict::Pass), "pass"),
        (of(Verdict::PartlyJudged), "partly judged"),
        (of(Verdict::NotJudged), "not judged"),
        (run.skipped.len() as u64, "not run"),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, what)| format!("{} {what}", count(n)))
    .collect();
    let checks = plural((run.reports.len() + run.skipped.len()) as u64, "check");
    if parts.is_empty() { checks } else { format!("{checks}: {}", parts.join(", ")) }
}

/// The next step of each team: of its findings those with one answer that are new and gravest; and how many more there
/// are.
pub(super) fn next_steps(run: &RunReport) -> Vec<(String, String, String)> {
    let mut teams: Vec<(&str, Vec<Group<'_>>)> = Vec::new();
    for severity in [Severity::Error, Severity::Warning] {
        for report in &run.reports {
            for group in groups(&report.findings, severity) {
                let owner = group.first().owner;
                match teams.iter_mut().find(|(team, _)| *team == owner) {
                    Some((_, list)) => list.push(group),
                    None => teams.push((owner, vec![group])),
                }
            }
        }
    }
    let step = |(team, mut list): (&str, Vec<Group<'_>>)| {
        let total: usize = list.iter().map(|g| g.findings.len()).sum();
        let new = |g: &Group<'_>| g.findings.iter().any(|f| matches!(f.state, State::New | State::Worsened));
        // Within a severity they stand as the checks do, the most expensive of each first.
        list.sort_by_key(|g| (!new(g), g.first().severity));
        let group = &list[0];
        let first = group.first();
        let size = group.findings.len();
        let due = group.findings.iter().filter_map(|f| f.due).min();
        let due = due.map_or_else(String::new, |t| format!(", by {}", moment(t)));
        let rest = match total - size {
            0 => String::new(),
            n => format!("; {} more", grouped(&n.to_string())),
        };
        let what = format!("{} ({size} {}{due}{rest})", safe(&first.action), first.code);
        (team.to_owned(), what, short(first))
    };
    teams.into_iter().map(step).collect()
}

fn short(f: &Finding) -> String {
    safe(f.fingerprint.get(..8).unwrap_or(&f.fingerprint)).into_owned()
}

/// Why the data of a check, or of the run, cannot be trusted.
pub(super) fn not_trusted(run: &RunReport) -> Vec<String> {
    let own = run.problems.iter().map(problem);
    let of =
        |r: &Report| r.problems.iter().map(|p| format!("{}: {}", r.check, problem(p))).collect::<Vec<_>>();
    own.chain(run.reports.iter().flat_map(of)).collect()
}

/// The last line: what was counted, and why the exit code is what it is.
fn result(run: &RunReport) -> String {
    let mut found = by_severity(run.by_severity());
    if let Some(since) = &run.since {
        found.push(format!("{} new since {}", count(run.new_findings()), safe(since)));
    }
    let waived = run.reports.iter().flat_map(|r| &r.findings).filter(|f| f.state == State::Waived).count();
    if waived > 0 {
        found.push(format!("{} waived", count(waived as u64)));
    }
    let mut codes = Vec::new();
    for code in [1, 2, 3] {
        let n = run.reports.iter().filter(|r| r.exit_code == code).count() as u64;
        if n > 0 {
            codes.push(format!("{} with {code}", plural(n, "check")));
        }
    }
    let why = match run.exit_code {
        2 => " (usage)",
        3 => " (the data cannot be trusted)",
        _ => "",
    };
    let codes = if codes.is_empty() { String::new() } else { format!("; {}", codes.join(", ")) };
    format!("{}{codes}; as of {}; exit {}{why}", found.join(", "), moment(run.as_of), run.exit_code)
}

/// The page for a terminal.
fn summary(run: &RunReport, options: &RenderOptions) -> String {
    let mut page = Page::new(options);
    let painted = page.paint.bold("run");
    page.labelled("run  ", &painted, &head(run), "  ");
    let lines = lines(run);
    if !lines.is_empty() {
        page.out.push('\n');
        page.grid(&columns(&lines, options.width));
    }
    if options.details {
        for report in &run.reports {
            page.out.push_str(&format!("\n{}\n", "─".repeat(options.width.clamp(20, 100))));
            page.out.push_str(&table::table(report, options));
        }
        page.out.push_str(&format!("\n{}\n", "─".repeat(options.width.clamp(20, 100))));
    }
    let steps = next_steps(run);
    if !steps.is_empty() {
        page.section("Next");
        let widest = steps.iter().map(|(team, ..)| team.len()).max().unwrap_or(0);
        for (team, what, id) in &steps {
            let first = format!("  {team:<widest$}  ");
            page.text(&format!("{what}  crosscheck show {id}"), &first, &" ".repeat(widest + 4));
        }
    }
    let wrong = not_trusted(run);
    if !wrong.is_empty() {
        page.section(if run.exit_code == 2 { "Not carried out" } else { "Not trusted" });
        wrong.iter().for_each(|line| page.text(line, "  ! ", "    "));
    }
    if !options.details && !run.reports.is_empty() {
        page.out.push('\n');
        page.text("One check whole: crosscheck CHECK EXPORTS; all of them: --details", "", "  ");
    }
    page.out.push('\n');
    let painted = page.paint.bold("Result:");
    page.labelled("Result: ", &painted, &result(run), "  ");
    page.out
}

/// The summary's columns; the reason gives way where they are too wide.
fn columns(lines: &[[String; 8]], max: usize) -> Vec<Column> {
    let column = |at: usize| {
        let show = if FIGURES.contains(&at) { Show::Number } else { Show::Text };
        Column::new(TITLES[at].to_owned(), show, lines.iter().map(|l| l[at].clone()).collect())
    };
    let mut columns: Vec<Column> = (0..TITLES.len() - 1).map(column).collect();
    let room = max.saturating_sub(needed(columns.iter().map(|c| c.natural)) + 2).max(SHORTEST_REASON);
    let reasons = lines.iter().map(|l| in_two_lines(&l[TITLES.len() - 1], room));
    columns.push(Column::new(TITLES[TITLES.len() - 1].to_owned(), Show::Text, reasons.collect()));
    columns
}

/// A text broken once, and cut where that is not enough.
fn in_two_lines(text: &str, room: usize) -> String {
    let lines = wrap(text, room, "", "");
    match lines.split_first() {
        Some((first, rest)) if !rest.is_empty() => format!("{first}\n{}", cut(&rest.join(" "), room)),
        _ => text.to_owned(),
    }
}

fn in_markdown(run: &RunReport, options: &RenderOptions) -> String {
    use markdown::{escaped, head as table_head, line};
    let mut out = String::new();
    line(&mut out, &format!("## crosscheck: {}\n", escaped(&head(run))));
    let right: Vec<bool> = (0..TITLES.len()).map(|at| FIGURES.contains(&at)).collect();
    table_head(&mut out, TITLES.iter().map(|t| t.to_lowercase()).collect(), &right);
    for cells in lines(run) {
        line(&mut out, &format!("| {} |", cells.map(|c| escaped(&c)).join(" | ")));
    }
    out.push('\n');
    let steps = next_steps(run);
    if !steps.is_empty() {
        line(&mut out, "**Next**\n");
        for (team, what, id) in steps {
            line(&mut out, &format!("- {}: {} `{id}`", escaped(&team), escaped(&what)));
        }
        out.push('\n');
    }
    let wrong = not_trusted(run);
    if !wrong.is_empty() {
        line(&mut out, "**Not trusted**\n");
        wrong.iter().for_each(|w| line(&mut out, &format!("- {}", escaped(w))));
        out.push('\n');
    }
    line(&mut out, &format!("**Result:** {}", escaped(&result(run))));
    for report in &run.reports {
        out.push('\n');
        out.push_str(&markdown::markdown(report, options));
    }
    out
}

/// A suite a check, and one of the checks that did not run: skipped, or an error where they had to.
fn in_junit(run: &RunReport, options: &RenderOptions) -> io::Result<String> {
    use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
    let mut own = TestSuite::new("crosscheck run");
    own.set_timestamp(run.as_of).set_system_out(format!("{}\n{}", head(run), result(run)));
    for p in &run.problems {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(problem(p)).set_type(safe(&p.code).into_owned());
        own.add_test_case(TestCase::new(safe(&p.code).into_owned(), status));
    }
    for s in &run.skipped {
        let mut status = TestCaseStatus::skipped();
        status.set_message(lacks(s));
        own.add_test_case(TestCase::new(s.check, status));
    }
    for case in &mut own.test_cases {
        case.set_classname("crosscheck.run");
    }
    let checks = run.reports.iter().map(|r| junit::suite(r, options));
    junit::document(run.as_of, [own].into_iter().filter(|s| !s.test_cases.is_empty()).chain(checks).collect())
}
