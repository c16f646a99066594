//! JSON: the whole report, or a finding a line.
//!
//! Objects that a person reads are indented; of the long lists each entry has its own line, so that a diff of two
//! reports shows what changed and a report of half a million rows is written as it goes.

use super::text::{is_hostile, may_begin_hostile};
use super::{RenderOptions, RowsWanted, wanted_rows};
use crate::model::time::rfc3339;
use crate::report::{Report, Row, RowSource, run::RunReport};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The name and version of the report's form.
pub(crate) const SCHEMA: &str = "crosscheck.report/1";

/// The contract's report object.
pub(super) fn report(report: &Report, options: &RenderOptions, out: &mut impl Write) -> io::Result<()> {
    let rows = wanted_rows(report, options);
    let mut summary = report.summary.clone();
    let later = report.rows_later.as_deref().filter(|_| options.rows == RowsWanted::All);
    let shown = rows.len() as u64 + later.map_or(0, RowSource::count);
    let all = report.rows.len() as u64 + report.rows_later.as_deref().map_or(0, RowSource::count);
    let total = all + report.rows_left.values().sum::<u64>();
    if shown < total {
        summary.own.insert("rows_total".to_owned(), total.into());
        summary.own.insert("rows_shown".to_owned(), shown.into());
    }
    let names: Vec<Vec<u8>> = report
        .columns
        .iter()
        .enumerate()
        .map(|(i, c)| format!("{}\"{}\":", if i == 0 { "{" } else { "," }, c.name).into_bytes())
        .collect();
    let mut write = Lines { out, line: Vec::new() };
    write.raw(b"{\n")?;
    write.field("schema", &SCHEMA)?;
    write.field("tool", &tool())?;
    write.field("check", &report.check)?;
    write.field("as_of", &rfc3339(report.as_of))?;
    write.field("timezone", &report.timezone)?;
    write.field("verdict", &report.verdict)?;
    write.field("exit_code", &report.exit_code)?;
    write.list("problems", &report.problems, true, json)?;
    write.indented("parameters", &report.parameters)?;
    write.list("rules", &report.rules, true, json)?;
    write.list("inputs", &report.inputs, true, json)?;
    write.indented("summary", &summary)?;
    write.list("findings", &report.findings, true, json)?;
    let one = |row: &Row, line: &mut Vec<u8>| {
        if names.is_empty() {
            line.push(b'{');
        }
        for (i, name) in names.iter().enumerate() {
            line.extend_from_slice(name);
            json(row.values.get(i).unwrap_or(&Value::Null), line)?;
        }
        line.push(b'}');
        Ok(())
    };
    write.begin("rows")?;
    let mut first = true;
    rows.iter().try_for_each(|row| write.item(&mut first, row, |row, line| one(row, line)))?;
    if let Some(later) = later {
        later.each(&mut |row| write.item(&mut first, &row, one))?;
    }
    write.end(first, false)?;
    write.raw(b"}\n")
}

/// The name and version of the form of a run's reports.
pub(crate) const RUN_SCHEMA: &str = "crosscheck.run/1";

/// The contract's run object: the reports whole, one below the other.
pub(super) fn run(run: &RunReport, options: &RenderOptions, out: &mut impl Write) -> io::Result<()> {
    let mut write = Lines { out, line: Vec::new() };
    write.raw(b"{\n")?;
    write.field("schema", &RUN_SCHEMA)?;
    write.field("tool", &tool())?;
    write.field("as_of", &rfc3339(run.as_of))?;
    write.field("timezone", &run.timezone)?;
    write.field("verdict", &run.verdict)?;
    write.field("exit_code", &run.exit_code)?;
    write.list("problems", &run.problems, true, json)?;
    let summary = serde_json::json!({
        "checks": run.reports.len(),
        "skipped": run.skipped.len(),
        "findings": run.reports.iter().map(|r| r.summary.findings).sum::<u64>(),
        "by_severity": run.by_severity(),
        "new": run.new_findings(),
        "compared_with": run.since,
        "exit_codes": run.reports.iter().map(|r| (r.check, r.exit_code)).collect::<BTreeMap<_, _>>(),
    });
    write.indented("summary", &summary)?;
    write.list("skipped", &run.skipped, true, json)?;
    write.raw(b"  \"reports\": [")?;
    for (i, one) in run.reports.iter().enumerate() {
        write.raw(if i == 0 { b"\n    " } else { b",\n    " })?;
        report(one, options, &mut Deeper { out: write.out, at_line_start: false })?;
    }
    write.raw(if run.reports.is_empty() { b"]\n" } else { b"\n  ]\n" })?;
    write.raw(b"}\n")
}

/// Moves what is written through it in by one report's depth; the last line break is left to the caller.
struct Deeper<'a, W: Write> {
    out: &'a mut W,
    at_line_start: bool,
}

impl<W: Write> Write for Deeper<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            if self.at_line_start {
                self.out.write_all(b"\n    ")?;
            }
            self.at_line_start = piece.ends_with(b"\n");
            self.out.write_all(piece.strip_suffix(b"\n").unwrap_or(piece))?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn tool() -> Value {
    serde_json::json!({"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")})
}

/// Any JSON, indented, with the same escapes.
pub(super) fn whole(value: &Value, out: &mut impl Write) -> io::Result<()> {
    let mut write = Lines { out, line: serde_json::to_vec_pretty(value)? };
    write.line.push(b'\n');
    write.send()
}

/// One finding a line.
pub(super) fn findings(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let mut write = Lines { out, line: Vec::new() };
    for finding in &report.findings {
        json(finding, &mut write.line)?;
        write.line.push(b'\n');
        write.send()?;
    }
    Ok(())
}

fn json(value: &impl Serialize, line: &mut Vec<u8>) -> io::Result<()> {
    Ok(serde_json::to_writer(line, value)?)
}

struct Lines<'a, W: Write> {
    out: &'a mut W,
    line: Vec<u8>,
}

impl<W: Write> Lines<'_, W> {
    fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)
    }

    /// Writes what was collected. JSON has escapes of its own for the characters that could drive a terminal, so
    /// that nothing is lost: outside of strings none of them can stand.
    fn send(&mut self) -> io::Result<()> {
        let text = if self.line.iter().any(|b| *b != b'\n' && may_begin_hostile(*b)) {
            std::str::from_utf8(&self.line).ok().filter(|t| t.chars().any(|c| c != '\n' && is_hostile(c)))
        } else {
            None
        };
        match text {
            None => self.out.write_all(&self.line)?,
            Some(text) => {
                let mut escaped = String::with_capacity(text.len() + 32);
                for c in text.chars() {
                    if c != '\n' && is_hostile(c) {
                        escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
                    } else {
                        escaped.push(c);
                    }
                }
                self.out.write_all(escaped.as_bytes())?;
            }
        }
        self.line.clear();
        Ok(())
    }

    fn field(&mut self, name: &str, value: &impl Serialize) -> io::Result<()> {
        write!(self.line, "  \"{name}\": ")?;
        json(value, &mut self.line)?;
        self.line.extend_from_slice(b",\n");
        self.send()
    }

    fn indented(&mut self, name: &str, value: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_string_pretty(value)?.replace('\n', "\n  ");
        writeln!(self.line, "  \"{name}\": {text},")?;
        self.send()
    }

    fn list<T>(
        &mut self,
        name: &str,
        items: &[T],
        more: bool,
        one: impl Fn(&T, &mut Vec<u8>) -> io::Result<()>,
    ) -> io::Result<()> {
        self.begin(name)?;
        let mut first = true;
        items.iter().try_for_each(|item| self.item(&mut first, item, &one))?;
        self.end(first, more)
    }

    /// The start of a list.
    fn begin(&mut self, name: &str) -> io::Result<()> {
        write!(self.line, "  \"{name}\": [")
    }

    /// An entry on its own line; after it, none is the first any more.
    fn item<T>(
        &mut self,
        first: &mut bool,
        item: &T,
        one: impl Fn(&T, &mut Vec<u8>) -> io::Result<()>,
    ) -> io::Result<()> {
        self.line.extend_from_slice(if *first { b"\n    " } else { b",\n    " });
        *first = false;
        one(item, &mut self.line)?;
        self.send()
    }

    /// The end of a list.
    fn end(&mut self, empty: bool, more: bool) -> io::Result<()> {
        self.line.extend_from_slice(if empty { b"]" } else { b"\n  ]" });
        self.line.extend_from_slice(if more { b",\n" } else { b"\n" });
        self.send()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Format, sample};

    fn parsed(report: &Report, options: &RenderOptions) -> Value {
        serde_json::from_str(&sample::text(report, Format::Json, options)).unwrap()
    }

    #[test]
    fn the_fields_stand_in_the_order_of_the_contract() {
        let value = parsed(&sample::report(), &RenderOptions::default());
        let names: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        let wanted = "schema tool check as_of timezone verdict exit_code problems parameters rules inputs summary \
                      findings rows";
        assert_eq!(names, wanted.split_whitespace().collect::<Vec<_>>());
        let row: Vec<&str> = value["rows"][0].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(row, sample::report().columns.iter().map(|c| c.name).collect::<Vec<_>>());
        assert_eq!(value["rows"].as_array().unwrap().len(), 1624);
        assert_eq!(value["summary"]["rows_total"], Value::Null);
    }

    #[test]
    fn a_report_without_anything_is_json_too() {
        let value = parsed(&sample::empty(), &RenderOptions::default());
        assert_eq!(value["findings"], serde_json::json!([]));
        assert_eq!(value["rows"], serde_json::json!([]));
    }

    #[test]
    fn a_limit_says_how_many_rows_there_are_and_keeps_the_worst() {
        let mut report = sample::report();
        report.rows.reverse();
        let value = parsed(&report, &RenderOptions { limit: Some(2), ..RenderOptions::default() });
        assert_eq!(value["summary"]["rows_total"], 1624);
        assert_eq!(value["summary"]["rows_shown"], 2);
        assert_eq!(value["rows"][0]["account"], "acct_42");
        let value = parsed(&report, &RenderOptions { rows: RowsWanted::Flagged, ..RenderOptions::default() });
        assert_eq!(value["rows"].as_array().unwrap().len(), 41);
        let value = parsed(&report, &RenderOptions { rows: RowsWanted::None, ..RenderOptions::default() });
        assert_eq!(value["summary"]["rows_shown"], 0);
    }

    #[test]
    fn hostile_characters_are_escaped_and_come_back_whole() {
        let mut report = sample::report();
        report.findings.truncate(1);
        report.findings[0].message = "a\u{9b}31m\u{202e}\u{7f}\u{1b}\n\"ü\\".into();
        let text = sample::text(&report, Format::Ndjson, &RenderOptions::default());
        assert!(text.contains(r#""a\u009b31m\u202e\u007f\u001b\n\"ü\\""#), "{text}");
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["message"], report.findings[0].message.as_str());
    }

    #[test]
    fn ndjson_has_a_line_a_finding() {
        let report = sample::report();
        let text = sample::text(&report, Format::Ndjson, &RenderOptions::default());
        assert_eq!(text.lines().count(), report.findings.len());
        assert!(text.lines().all(|l| serde_json::from_str::<Value>(l).is_ok()));
    }
}
