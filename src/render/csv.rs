//! CSV: the findings, or the result table.

use super::text::{is_hostile, is_plain_number, may_begin_hostile, plain};
use super::{RenderOptions, RowsWanted, wanted_rows};
use crate::model::time::rfc3339;
use crate::report::{Diff, Finding, Report, Row};
use csv::{ErrorKind, Writer};
use std::borrow::Cow;
use std::io::{self, Write};

const FINDING_COLUMNS: [&str; 23] = [
    "code",
    "severity",
    "account",
    "subject_kind",
    "subject_id",
    "key",
    "message",
    "field",
    "expected",
    "actual",
    "delta",
    "delta_percent",
    "more_diffs",
    "cause",
    "cause_detail",
    "impact_amount",
    "impact_currency",
    "action",
    "owner",
    "due",
    "fingerprint",
    "state",
    "evidence",
];

/// The findings, one a line. The first figure has its own columns, the others stand in `more_diffs` as
/// `field: expected -> actual`; `key` is `name=value` and `evidence` `dataset file:line`, each joined by `;`.
pub(super) fn findings<'f>(
    findings: impl IntoIterator<Item = &'f Finding>,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut csv = Writer::from_writer(out);
    csv.write_record(FINDING_COLUMNS).map_err(written)?;
    for finding in findings {
        for cell in cells(finding) {
            csv.write_field(harmless(&cell).as_bytes()).map_err(written)?;
        }
        csv.write_record(None::<&[u8]>).map_err(written)?;
    }
    csv.flush()
}

/// The result table, a header of column names first. An empty cell is an absent value.
pub(super) fn rows(report: &Report, options: &RenderOptions, out: &mut impl Write) -> io::Result<()> {
    let mut csv = Writer::from_writer(out);
    if report.columns.is_empty() {
        return csv.flush();
    }
    csv.write_record(report.columns.iter().map(|c| c.name)).map_err(written)?;
    let mut one = |row: &Row| {
        for value in row.values.iter().take(report.columns.len()) {
            csv.write_field(harmless(&plain(value)).as_bytes()).map_err(written)?;
        }
        csv.write_record(None::<&[u8]>).map_err(written)
    };
    wanted_rows(report, options).into_iter().try_for_each(&mut one)?;
    if let Some(later) = report.rows_later.as_deref().filter(|_| options.rows == RowsWanted::All) {
        later.each(&mut |row| one(&row))?;
    }
    csv.flush()
}

/// The error of the writer underneath, so that a closed pipe is known as one.
fn written(error: csv::Error) -> io::Error {
    match error.into_kind() {
        ErrorKind::Io(e) => e,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn cells(f: &Finding) -> [Cow<'_, str>; 23] {
    let text = |t: &'_ Option<String>| Cow::Owned(t.clone().unwrap_or_default());
    let diff = |part: fn(&Diff) -> &Option<String>| text(&f.diff.first().and_then(|d| part(d).clone()));
    let state = f.state.name();
    [
        f.code.into(),
        f.severity.name().into(),
        text(&f.account),
        f.subject.kind.as_str().into(),
        f.subject.id.as_str().into(),
        key(f).into(),
        f.message.as_str().into(),
        f.diff.first().map_or("", |d| &d.field).into(),
        diff(|d| &d.expected),
        diff(|d| &d.actual),
        diff(|d| &d.delta),
        diff(|d| &d.delta_percent),
        more_diffs(f).into(),
        f.cause.as_ref().map_or("", |c| &c.id).into(),
        f.cause.as_ref().map_or("", |c| &c.detail).into(),
        f.impact.as_ref().map(|m| m.amount.to_string()).unwrap_or_default().into(),
        f.impact.as_ref().map_or("", |m| &m.currency).into(),
        f.action.as_str().into(),
        f.owner.into(),
        f.due.map(rfc3339).unwrap_or_default().into(),
        f.fingerprint.as_str().into(),
        state.into(),
        evidence(f).into(),
    ]
}

/// `metric=api_calls;period=2026-10`; a `;`, `=` or `\` of a value has a `\` before it.
fn key(f: &Finding) -> String {
    let mut out = String::new();
    for (name, value) in &f.key {
        if !out.is_empty() {
            out.push(';');
        }
        out.push_str(name);
        out.push('=');
        for c in value.chars() {
            if matches!(c, ';' | '=' | '\\') {
                out.push('\\');
            }
            out.push(c);
        }
    }
    out
}

fn more_diffs(f: &Finding) -> String {
    let text = |t: &'_ Option<String>| t.clone().unwrap_or_default();
    let one = |d: &Diff| format!("{}: {} -> {}", d.field, text(&d.expected), text(&d.actual));
    f.diff.iter().skip(1).map(one).collect::<Vec<_>>().join("; ")
}

fn evidence(f: &Finding) -> String {
    let one = |e: &crate::report::Evidence| format!("{} {}:{}", e.dataset, e.file, e.line);
    f.evidence.iter().map(one).collect::<Vec<_>>().join(";")
}

/// A cell that no spreadsheet takes for a formula and no terminal for a command: what begins like a formula gets
/// an apostrophe in front unless it is a plain number, control characters become visible escapes, line breaks
/// stay. See OWASP, 'CSV Injection'.
pub fn harmless(cell: &str) -> Cow<'_, str> {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let quote = formula && !is_plain_number(cell);
    let hostile = |c: char| c != '\n' && is_hostile(c);
    let controls = cell.bytes().any(may_begin_hostile) && cell.chars().any(hostile);
    if !quote && !controls {
        return Cow::Borrowed(cell);
    }
    let mut out = String::with_capacity(cell.len() + 16);
    if quote {
        out.push('\'');
    }
    for c in cell.chars() {
        match c {
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if hostile(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Format, sample};

    #[test]
    fn a_cell_is_no_formula() {
        for (cell, shown) in [
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("@SUM(1)", "'@SUM(1)"),
            ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
            ("+1.5", "+1.5"),
            ("-1400000", "-1400000"),
            ("-07:00", "'-07:00"),
            ("\t=1", "'\\t=1"),
            ("\r=1", "'\\r=1"),
            ("＝1", "'＝1"),
            ("-", "'-"),
            ("acct=1", "acct=1"),
            ("two\nlines", "two\nlines"),
            ("a\x1b]0;x\x07", "a\\u{1b}]0;x\\u{7}"),
        ] {
            assert_eq!(harmless(cell), shown, "{cell:?}");
        }
    }

    #[test]
    fn the_key_can_be_taken_apart_again() {
        let mut f = sample::report().findings[0].clone();
        f.key = [("metric", "a=b;c\\d"), ("period", "2026-10")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into_iter()
            .collect();
        assert_eq!(key(&f), r"metric=a\=b\;c\\d;period=2026-10");
    }

    #[test]
    fn every_line_has_every_column() {
        let report = sample::report();
        let options = RenderOptions::default();
        for (format, columns, lines) in [
            (Format::Csv, 23, report.findings.len()),
            (Format::RowsCsv, report.columns.len(), report.rows.len()),
        ] {
            let text = sample::text(&report, format, &options);
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            assert_eq!(reader.headers().unwrap().len(), columns);
            assert_eq!(reader.records().map(|r| r.unwrap()).filter(|r| r.len() == columns).count(), lines);
        }
    }
}
