//! What stands first: verdicts and money of all checks, who moves next, and what could not be judged and why.

use super::markup::Html;
use super::{figures, tables};
use crate::render::run::{lacks, lines, next_steps, not_trusted};
use crate::render::text::{count, verdict};
use crate::render::words::not_judged;
use crate::report::{BySeverity, InputReport, Report, run::RunReport};
use std::collections::BTreeMap;

/// The figures at the top of a check's page.
pub(super) fn of_check(h: &mut Html, report: &Report) {
    h.raw("<dl class=\"tiles\">");
    tile(h, "Verdict", verdict(report));
    severities(h, report.summary.by_severity);
    let all = report.summary.checked.saturating_add(report.summary.not_judged);
    tile(h, "Judged", &format!("{} of {}", count(report.summary.checked), count(all)));
    tile(h, "Rejected rows", &rejected(report.inputs.iter()));
    tile(h, "Exit code", &report.exit_code.to_string());
    h.raw("</dl>");
}

/// The summary of a run.
pub(super) fn of_run(h: &mut Html, run: &RunReport) {
    h.raw("<section aria-labelledby=\"h-summary\"><h2 id=\"h-summary\">Summary</h2><dl class=\"tiles\">");
    severities(h, run.by_severity());
    if run.since.is_some() {
        tile(h, "New", &count(run.new_findings()));
    }
    let unjudged = run.reports.iter().map(|r| r.summary.not_judged).fold(0, u64::saturating_add);
    tile(h, "Not judged", &count(unjudged));
    tile(h, "Rejected rows", &rejected(run.reports.iter().flat_map(|r| &r.inputs)));
    tile(h, "Exit code", &run.exit_code.to_string());
    h.raw("</dl>");
    checks(h, run);
    let charts = figures::at_stake(run);
    if !charts.is_empty() {
        h.raw("<h3>Money at stake</h3><p class=\"muted\">Amounts of different checks may tell of the same money; they are ");
        h.raw("not added.</p><div class=\"charts\">");
        charts.iter().for_each(|c| c.write(h));
        h.raw("</div>");
    }
    next(h, run);
    unjudged_and_why(h, run);
    h.raw("</section>");
}

fn severities(h: &mut Html, by: BySeverity) {
    tile(h, "Errors", &count(by.error));
    tile(h, "Warnings", &count(by.warning));
    tile(h, "Infos", &count(by.info));
}

fn tile(h: &mut Html, name: &'static str, figure: &str) {
    h.el("<div><dt>", name, "</dt>").el("<dd>", figure, "</dd></div>");
}

/// Rejected rows of the exports; one that several checks read counts once.
fn rejected<'r>(inputs: impl Iterator<Item = &'r InputReport>) -> String {
    let files: BTreeMap<(&str, &str), u64> =
        inputs.map(|i| ((i.file.as_str(), i.dataset.as_str()), i.rejected)).collect();
    count(files.values().copied().fold(0, u64::saturating_add))
}

/// A line a check: those that ran, then those that did not.
fn checks(h: &mut Html, run: &RunReport) {
    let lines = lines(run);
    if lines.is_empty() {
        return;
    }
    tables::open(h, "data cards", "Every check, its verdict, and the money at stake");
    let titles = ["Check", "Verdict", "Judged", "Errors", "Warnings", "New", "At stake", "Main reason"];
    tables::head(h, titles.iter().enumerate().map(|(at, t)| (*t, (2..=6).contains(&at))));
    h.raw("<tbody>");
    for (at, [name, verdict, judged, errors, warnings, new, _, reason]) in lines.iter().enumerate() {
        h.raw("<tr><th scope=\"row\">");
        let report = run.reports.get(at);
        match report {
            Some(r) => h.raw("<a").attr("href", &format!("#{}", r.check)).raw(">").text(name).raw("</a>"),
            None => h.text(name),
        };
        h.raw("</th><td>").badge(verdict).raw("</td>");
        for (title, figure) in titles[2..].iter().zip([judged, errors, warnings, new]) {
            h.raw("<td class=\"n\"").attr("data-t", title).raw(">").text(figure).raw("</td>");
        }
        h.raw("<td class=\"n\" data-t=\"At stake\">");
        tables::amounts(h, report.map_or(&[], |r| &r.summary.impact));
        h.el("</td><td class=\"reason\">", reason, "</td></tr>");
    }
    h.raw("</tbody></table></div>");
}

fn next(h: &mut Html, run: &RunReport) {
    let steps = next_steps(run);
    if steps.is_empty() {
        return;
    }
    h.raw("<h3>Next, by team</h3><ul class=\"steps\">");
    for (team, what, id) in steps {
        h.el("<li><b>", &team, "</b> ").text(&what).el(" <code>crosscheck show ", &id, "</code></li>");
    }
    h.raw("</ul>");
}

fn unjudged_and_why(h: &mut Html, run: &RunReport) {
    let trouble = not_trusted(run);
    if !trouble.is_empty() {
        h.raw("<div class=\"note bad-note\"><h3>");
        h.raw(if run.exit_code == 2 { "Not carried out" } else { "Not trusted" });
        h.raw("</h3>").list("<ul>", &trouble).raw("</div>");
    }
    let mut lines: Vec<String> =
        run.skipped.iter().map(|s| format!("{} was not run: it {}", s.check, lacks(s))).collect();
    for r in &run.reports {
        lines.extend(not_judged(r).into_iter().map(|line| format!("{}: {line}", r.check)));
    }
    h.raw("<div class=\"note\"><h3>What could not be judged, and why</h3>");
    if lines.is_empty() {
        h.raw("<p>Nothing: every rule had the data that it needs.</p>");
    }
    h.list("<ul>", &lines).raw("</div>");
}
