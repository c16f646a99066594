//! Markdown for a job summary or a chat (GitHub's flavour).

use super::table::{cell, is_signed, title};
use super::text::{count, moneys, plural, safe, verdict};
use super::words::{at_stake, groups, message, not_judged, pick_rows, problem, result, waived};
use super::{RenderOptions, filtered_rows};
use crate::report::{Report, Severity, Show};
use serde_json::Value;
use std::fmt::Write;

/// Findings of one kind that are listed, unless all are asked for. A job summary is cut at 1 MiB.
const MOST_OF_A_KIND: usize = 10;

/// The whole text.
pub(super) fn markdown(report: &Report, options: &RenderOptions) -> String {
    let mut out = String::new();
    let all = options.all_rows || options.verbose;
    line(&mut out, &format!("### {}: {}\n", escaped(report.check), verdict(report)));
    line(&mut out, &format!("{}\n", escaped(&safe(&report.headline))));
    if let Some(money) = at_stake(report) {
        line(&mut out, &format!("**At stake:** {}\n", escaped(&money)));
    }
    if !report.problems.is_empty() {
        line(&mut out, "**Problems with the data**\n");
        for p in &report.problems {
            line(&mut out, &format!("- {} (`{}`)", escaped(&problem(p)), code(&p.code)));
        }
        out.push('\n');
    }
    causes(&mut out, report);
    rows(&mut out, report, options);
    for severity in [Severity::Error, Severity::Warning, Severity::Info] {
        findings(&mut out, report, severity, all);
    }
    let waived = waived(&report.findings);
    if !waived.is_empty() {
        line(&mut out, &format!("**{} waived**\n", plural(waived.len() as u64, "finding")));
        for f in waived.iter().take(if all { usize::MAX } else { MOST_OF_A_KIND }) {
            line(&mut out, &format!("- `{}` {}", f.code, escaped(&safe(&f.message))));
        }
        more(&mut out, "- ", waived.len(), all);
        out.push('\n');
    }
    for passage in &report.passages {
        line(&mut out, &format!("**{}**\n", escaped(&safe(&passage.title))));
        for l in &passage.lines {
            line(&mut out, &format!("- {}", escaped(&safe(l))));
        }
        out.push('\n');
    }
    let lines = not_judged(report);
    if !lines.is_empty() {
        line(&mut out, "**Not judged**\n");
        for l in &lines {
            line(&mut out, &format!("- {}", escaped(l)));
        }
        out.push('\n');
    }
    if !report.notes.is_empty() {
        line(&mut out, "**Notes**\n");
        for note in &report.notes {
            line(&mut out, &format!("- {}", escaped(&safe(note))));
        }
        out.push('\n');
    }
    line(&mut out, &format!("**Result:** {}", escaped(&result(report))));
    out
}

pub(super) fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn more(out: &mut String, before: &str, total: usize, all: bool) {
    if !all && total > MOST_OF_A_KIND {
        line(out, &format!("{before}… {} more", count((total - MOST_OF_A_KIND) as u64)));
    }
}

fn rows(out: &mut String, report: &Report, options: &RenderOptions) {
    let (rows, more) = pick_rows(report, filtered_rows(report, options), options);
    let shown = |i: &usize| {
        let value = |r: &&crate::report::Row| {
            r.values.get(*i).is_some_and(|v| !v.is_null() && v.as_str() != Some(""))
        };
        report.columns[*i].show != Show::Hidden && rows.iter().any(value)
    };
    let columns: Vec<usize> = (0..report.columns.len()).filter(shown).collect();
    if columns.is_empty() {
        return;
    }
    let titles = columns.iter().map(|i| title(report.columns[*i].name).to_lowercase()).collect();
    let right = columns.iter().map(|i| report.columns[*i].show != Show::Text).collect::<Vec<_>>();
    head(out, titles, &right);
    for row in rows {
        out.push('|');
        for i in &columns {
            let value = row.values.get(*i).unwrap_or(&Value::Null);
            let text = cell(value, report.columns[*i].show, is_signed(report.columns[*i].name), false);
            let _ = write!(out, " {} |", escaped(&text));
        }
        out.push('\n');
    }
    out.push('\n');
    if let Some(more) = more {
        line(out, &format!("… {}\n", escaped(&more)));
    }
}

fn causes(out: &mut String, report: &Report) {
    if report.summary.causes.is_empty() {
        return;
    }
    let titles = ["cause", "what was found", "findings", "at stake"].map(str::to_owned).to_vec();
    head(out, titles, &[false, false, true, true]);
    for c in &report.summary.causes {
        let (id, detail) = (safe(&c.id), safe(&c.detail));
        let cells = [escaped(&id), escaped(&detail), count(c.findings), escaped(&moneys(&c.impact))];
        line(out, &format!("| {} |", cells.join(" | ")));
    }
    out.push('\n');
}

pub(super) fn head(out: &mut String, titles: Vec<String>, right: &[bool]) {
    line(out, &format!("| {} |", titles.join(" | ")));
    let rules: Vec<&str> = right.iter().map(|r| if *r { "---:" } else { "---" }).collect();
    line(out, &format!("| {} |", rules.join(" | ")));
}

fn findings(out: &mut String, report: &Report, severity: Severity, all: bool) {
    let groups = groups(&report.findings, severity);
    if groups.is_empty() {
        return;
    }
    let total: usize = groups.iter().map(|g| g.findings.len()).sum();
    line(out, &format!("**{}**\n", plural(total as u64, severity.name())));
    for group in &groups {
        let money = group.money();
        let money = if money.is_empty() { String::new() } else { format!(", {}", escaped(&money)) };
        line(out, &format!("- `{}` × {}{money}", group.first().code, count(group.findings.len() as u64)));
        for f in group.findings.iter().take(if all { usize::MAX } else { MOST_OF_A_KIND }) {
            line(out, &format!("  - {} (`{}`)", escaped(&message(f)), code(&f.fingerprint)));
        }
        more(out, "  - ", group.findings.len(), all);
        if let Some(cause) = group.cause() {
            line(out, &format!("  - cause: {}", escaped(&cause)));
        }
        if let Some(next) = group.next() {
            line(out, &format!("  - **next:** {}", escaped(&next)));
        }
    }
    out.push('\n');
}

/// Text that Markdown takes for nothing but text: no table bars, code, markup, HTML, links, mentions, formulas.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    // What begins a heading, list or rule at the start of a line, `1.` too.
    let mut start = true;
    while let Some(c) = rest.next() {
        let after = rest.peek().copied().unwrap_or(' ');
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A mention would ping people.
            '@' => out.push_str("@&#8203;"),
            // Nor does an address become a link.
            ':' if after == '/' => out.push_str("&#58;"),
            '.' if out.to_ascii_lowercase().ends_with("www") => out.push_str("&#46;"),
            '\\' | '|' | '`' | '*' | '[' | ']' | '~' | '$' => out.extend(['\\', c]),
            // Inside a word, as in acct_42, it is only an underscore.
            '_' if !(before.is_alphanumeric() && after.is_alphanumeric()) => out.push_str("\\_"),
            '#' | '=' if start => out.extend(['\\', c]),
            '+' | '-' if start && matches!(after, ' ' | '-') => out.extend(['\\', c]),
            '.' | ')' if start && before.is_ascii_digit() && after == ' ' => out.extend(['\\', c]),
            c => out.push(c),
        }
        start = start && (c.is_ascii_digit() || c == ' ');
        before = c;
    }
    out
}

/// Text of ours, or nearly so, between backticks.
fn code(text: &str) -> String {
    safe(text).chars().map(|c| if c == '`' || c == '|' { '\'' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_of_customers_is_text() {
        for (text, shown) in [
            ("acct_42 of Globex", "acct_42 of Globex"),
            ("a|b`c`", r"a\|b\`c\`"),
            ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
            ("[x](javascript:alert(1))", r"\[x\](javascript:alert(1))"),
            ("![](http://evil/p.png)", r"!\[\](http&#58;//evil/p.png)"),
            ("see https://evil www.evil.com", "see https&#58;//evil www&#46;evil.com"),
            ("@octocat *bold* _it_", r"@&#8203;octocat \*bold\* \_it\_"),
            ("# heading", r"\# heading"),
            ("- item", r"\- item"),
            ("1. item", r"1\. item"),
            ("---", r"\---"),
            ("1.5 USD", "1.5 USD"),
            ("-10.00 %", "-10.00 %"),
            ("$x$ &lt; \\", r"\$x\$ &amp;lt; \\"),
        ] {
            assert_eq!(escaped(text), shown);
        }
    }

    #[test]
    fn every_row_of_a_table_has_as_many_cells_as_its_head() {
        let text = markdown(&crate::render::sample::naughty(), &RenderOptions::default());
        let bars = |l: &str| l.replace("\\\\", "").replace("\\|", "").matches('|').count();
        let mut head = 0;
        for l in text.lines() {
            match (l.starts_with('|'), head) {
                (true, 0) => head = bars(l),
                (true, n) => assert_eq!(bars(l), n, "{l}"),
                (false, _) => head = 0,
            }
        }
    }
}
