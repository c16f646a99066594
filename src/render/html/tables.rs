//! Tables of findings and of the result: bounded, captioned, with what the script needs to sort them.

use super::charts::trend;
use super::markup::Html;
use crate::model::decimal;
use crate::render::table::{cell, is_signed, title};
use crate::render::text::{count, minutes, money, plain, safe};
use crate::render::words::{moment, waived};
use crate::render::{RenderOptions, filtered_rows};
use crate::report::{Finding, Report, Row, Show, State};
use serde_json::Value;

/// Rows of a table in the page, unless all are asked for.
const MOST_ROWS: usize = 100;
/// Findings, likewise.
const MOST_FINDINGS: usize = 200;

/// Begins a table that scrolls sideways by itself where it is wider than the page.
pub(super) fn open(h: &mut Html, class: &'static str, caption: &str) {
    h.raw("<div class=\"scroll\" role=\"region\" tabindex=\"0\"").attr("aria-label", caption).raw("><table");
    h.attr("class", class).raw(">").el("<caption>", caption, "</caption>");
}

/// The titles; those of figures stand on the right.
pub(super) fn head<'t>(h: &mut Html, titles: impl IntoIterator<Item = (&'t str, bool)>) {
    h.raw("<thead><tr>");
    for (title, figure) in titles {
        h.raw(if figure { "<th scope=\"col\" class=\"n\">" } else { "<th scope=\"col\">" })
            .text(title)
            .raw("</th>");
    }
    h.raw("</tr></thead>");
}

/// The findings, gravest first, those that are waived last.
pub(super) fn findings(h: &mut Html, report: &Report, options: &RenderOptions) {
    let live = report.findings.iter().filter(|f| f.state != State::Waived);
    let all: Vec<&Finding> = live.chain(waived(&report.findings)).collect();
    if all.is_empty() {
        return;
    }
    let most = if options.all_rows { usize::MAX } else { MOST_FINDINGS };
    h.raw("<h3>Findings</h3>");
    open(h, "data cards", &format!("Findings of {}", report.check));
    let titles = ["Severity", "Account", "Finding", "At stake", "Due", "State"];
    head(h, titles.map(|t| (t, t == "At stake")));
    h.raw("<tbody>");
    for f in all.iter().take(most) {
        finding(h, f);
    }
    h.raw("</tbody></table></div>");
    if all.len() > most {
        let told = format!(
            "The first {} of {} findings. All of them: crosscheck {} EXPORTS --format csv, or this page with \
             --all-rows.",
            count(most as u64),
            count(all.len() as u64),
            report.check
        );
        h.el("<p class=\"muted\">", &told, "</p>");
    }
}

fn finding(h: &mut Html, f: &Finding) {
    h.raw("<tr><td data-t=\"Severity\"").attr("data-s", &(f.severity as u8).to_string()).raw(">");
    h.badge(f.severity.name()).raw("</td>");
    h.el("<td data-t=\"Account\">", f.account.as_deref().unwrap_or("-"), "</td>");
    h.raw("<td class=\"what\">").text(&f.message);
    if let Some(cause) = &f.cause {
        let detail = if cause.detail.is_empty() { &cause.id } else { &cause.detail };
        h.el("<div class=\"more\"><b>Cause:</b> ", detail, "</div>");
    }
    if !f.action.is_empty() {
        h.el("<div class=\"more\"><b>Next:</b> ", &f.action, "");
        if !f.owner.is_empty() {
            h.text(&format!(" ({})", f.owner));
        }
        h.raw("</div>");
    }
    h.raw("<div class=\"muted\">").text(f.code);
    if let Some(e) = f.evidence.first() {
        h.text(&format!(" · {}:{}", e.file, e.line));
    }
    let short = f.fingerprint.get(..8).unwrap_or(&f.fingerprint);
    h.text(" · crosscheck show ").text(short).raw("</div></td>");
    // On a phone a finding is a card, which leaves out what there is not.
    match &f.impact {
        Some(m) => h.el("<td class=\"n\" data-t=\"At stake\">", &money(m), "</td>"),
        None => h.raw("<td class=\"n none\">-</td>"),
    };
    match f.due {
        Some(due) => {
            h.el("<td class=\"tight\" data-t=\"Due\">", &moment(due).replace("T00:00Z", ""), "</td>")
        }
        None => h.raw("<td class=\"none\">-</td>"),
    };
    h.raw("<td data-t=\"State\">");
    h.badge(f.state.name()).raw("</td></tr>");
}

/// The causes that were found.
pub(super) fn causes(h: &mut Html, report: &Report) {
    if report.summary.causes.is_empty() {
        return;
    }
    h.raw("<h3>Causes</h3>");
    open(h, "", &format!("Causes in {}", report.check));
    head(h, [("Cause", false), ("What was found", false), ("Findings", true), ("At stake", true)]);
    h.raw("<tbody>");
    for c in &report.summary.causes {
        h.el("<tr><th scope=\"row\">", &c.id, "</th>").el("<td>", &c.detail, "</td>");
        h.el("<td class=\"n\">", &count(c.findings), "</td><td class=\"n\">");
        amounts(h, &c.impact);
        h.raw("</td></tr>");
    }
    h.raw("</tbody></table></div>");
}

/// One amount a currency, none of them broken in the middle.
pub(super) fn amounts(h: &mut Html, list: &[crate::model::money::Money]) {
    if list.is_empty() {
        h.raw("-");
    }
    for m in list {
        h.el("<span class=\"amount\">", &money(m), "</span> ");
    }
}

/// The result table, the worst rows first.
pub(super) fn rows(h: &mut Html, report: &Report, options: &RenderOptions) {
    let mut rows = filtered_rows(report, options);
    rows.sort_by_key(|r| r.rank);
    let total = rows.len();
    let most = if options.all_rows { usize::MAX } else { MOST_ROWS };
    rows.truncate(options.limit.unwrap_or(most));
    let filled = |at: &usize| {
        let value = |r: &&Row| r.values.get(*at).is_some_and(|v| !v.is_null() && v.as_str() != Some(""));
        report.columns[*at].show != Show::Hidden && rows.iter().any(value)
    };
    let columns: Vec<usize> = (0..report.columns.len()).filter(filled).collect();
    if columns.is_empty() {
        return;
    }
    h.raw("<h3>Result</h3>");
    open(
        h,
        "data",
        &format!("Result of {}: {} rows, the worst first", report.check, count(rows.len() as u64)),
    );
    let titles: Vec<String> = columns.iter().map(|at| spoken(report.columns[*at].name)).collect();
    let figure = |at: usize| matches!(report.columns[at].show, Show::Number | Show::Percent);
    head(h, titles.iter().map(String::as_str).zip(columns.iter().map(|at| figure(*at))));
    h.raw("<tbody>");
    for row in &rows {
        h.raw(if row.flagged { "<tr class=\"flagged\">" } else { "<tr>" });
        for (nth, at) in columns.iter().enumerate() {
            let column = &report.columns[*at];
            let value = row.values.get(*at).unwrap_or(&Value::Null);
            if let (Show::Trend, Value::Array(list)) = (column.show, value) {
                let values: Vec<_> = list.iter().map(|v| decimal::parse(&plain(v)).ok()).collect();
                let last = values.iter().rev().find_map(|v| *v).map_or_else(String::new, |v| v.to_string());
                h.raw("<td").attr("data-s", &last).raw(">");
                trend(h, &values);
                h.raw("</td>");
                continue;
            }
            h.raw(match (nth, figure(*at)) {
                (0, _) => "<th scope=\"row\">",
                (_, true) => "<td class=\"n\">",
                (_, false) => "<td>",
            });
            h.text(&cell(value, column.show, is_signed(column.name), false));
            h.raw(if nth == 0 { "</th>" } else { "</td>" });
        }
        h.raw("</tr>");
    }
    h.raw("</tbody></table></div>");
    if rows.len() < total {
        let told = format!(
            "The {} worst of {} rows. All of them: crosscheck {} EXPORTS --format rows-csv, or this page with \
             --all-rows.",
            count(rows.len() as u64),
            count(total as u64),
            report.check
        );
        h.el("<p class=\"muted\">", &told, "</p>");
    }
}

/// `period_start` → `Period start`, `arr` → `ARR`.
fn spoken(name: &str) -> String {
    match name {
        "arr" => "ARR".to_owned(),
        "api" => "API".to_owned(),
        name => {
            let low = title(name).to_lowercase();
            let mut letters = low.chars();
            letters
                .next()
                .map(|c| c.to_uppercase().collect::<String>() + letters.as_str())
                .unwrap_or_default()
        }
    }
}

/// How far each rule could be judged, and what was read.
pub(super) fn background(h: &mut Html, report: &Report) {
    if !report.rules.is_empty() {
        h.raw("<details><summary>How far each rule was judged</summary>");
        open(h, "", &format!("Rules of {}", report.check));
        let titles = [
            ("Rule", false),
            ("Severity", false),
            ("Judged", true),
            ("Not judged", true),
            ("Missing", false),
        ];
        head(h, titles);
        h.raw("<tbody>");
        for r in &report.rules {
            h.el("<tr><th scope=\"row\">", r.code, "</th>");
            h.el("<td>", r.severity.map_or("off", |s| s.name()), "</td>");
            h.el("<td class=\"n\">", &count(r.judged), "</td>").el(
                "<td class=\"n\">",
                &count(r.not_judged),
                "</td>",
            );
            h.el("<td>", &r.missing.join(", ").replace('|', " or "), "</td></tr>");
        }
        h.raw("</tbody></table></div></details>");
    }
    if report.inputs.is_empty() {
        return;
    }
    h.raw("<details><summary>What was read</summary>");
    open(h, "", &format!("Exports read by {}", report.check));
    let titles = [("Dataset", false), ("File", false), ("Rows", true), ("Rejected", true), ("Newest", false)];
    head(h, titles);
    h.raw("<tbody>");
    for i in &report.inputs {
        h.el("<tr><th scope=\"row\">", &i.dataset, "</th>").el("<td class=\"file\">", &i.file, "</td>");
        h.el("<td class=\"n\">", &count(i.rows), "</td>").el("<td class=\"n\">", &count(i.rejected), "</td>");
        h.el("<td class=\"tight\">", &minutes(&safe(i.newest.as_deref().unwrap_or("-"))), "</td></tr>");
    }
    h.raw("</tbody></table></div></details>");
}
