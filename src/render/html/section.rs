//! One check's part of the page: verdict, money, what was not judged, charts, findings, result.

use super::markup::Html;
use super::{figures, tables};
use crate::checks;
use crate::render::RenderOptions;
use crate::render::text::verdict;
use crate::render::words::{not_judged, problem};
use crate::report::Report;

/// Writes it.
pub(super) fn section(h: &mut Html, report: &Report, options: &RenderOptions) {
    let id = format!("h-{}", report.check);
    h.raw("\n<section")
        .attr("id", report.check)
        .attr("aria-labelledby", &id)
        .raw("><h2")
        .attr("id", &id)
        .raw(">");
    h.text(report.check).raw(" ").badge(verdict(report)).raw("</h2>");
    if let Some(check) = checks::find(report.check) {
        h.el("<p class=\"muted about\">", &format!("{}.", check.info.about), "</p>");
    }
    h.el("<p class=\"lead\">", &report.headline, "</p>");
    if !report.summary.impact.is_empty() {
        h.raw("<p><b>At stake:</b> ");
        tables::amounts(h, &report.summary.impact);
        h.raw("</p>");
    }
    let problems: Vec<String> = report.problems.iter().map(problem).collect();
    if !problems.is_empty() {
        h.raw("<div class=\"note bad-note\"><h3>Problems with the data</h3>")
            .list("<ul>", &problems)
            .raw("</div>");
    }
    let unjudged = not_judged(report);
    if !unjudged.is_empty() {
        h.raw("<div class=\"note\"><h3>Not judged</h3>").list("<ul>", &unjudged).raw("</div>");
    }
    let charts = figures::of(report);
    if !charts.is_empty() {
        h.raw("<div class=\"charts\">");
        charts.iter().for_each(|c| c.write(h));
        h.raw("</div>");
    }
    tables::findings(h, report, options);
    tables::causes(h, report);
    tables::rows(h, report, options);
    for passage in &report.passages {
        h.el("<details><summary>", &passage.title, "</summary>")
            .list("<ul>", &passage.lines)
            .raw("</details>");
    }
    tables::background(h, report);
    if !report.notes.is_empty() {
        h.raw("<details><summary>Notes</summary>").list("<ul>", &report.notes).raw("</details>");
    }
    h.raw("</section>");
}
