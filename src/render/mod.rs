//! A report as bytes, one file a format. Nothing here prints: the caller hands in what is written to.

mod csv;
mod github;
mod html;
mod json;
mod junit;
mod markdown;
mod metrics;
mod run;
#[cfg(test)]
pub(crate) mod sample;
mod sarif;
mod table;
mod text;
mod words;

pub use csv::harmless as cell;
pub use metrics::metrics;
pub use run::render_run;
pub(crate) use text::Paint;
pub use text::safe;

use crate::report::{Report, Row, RowsNeeded, Severity, TOLD_ROWS};
use std::io::{self, BufWriter, Write};

/// The forms in which a report can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// For a person at a terminal.
    Table,
    /// The whole report.
    Json,
    /// One finding a line, as JSON.
    Ndjson,
    /// The findings, for a spreadsheet.
    Csv,
    /// The result table, for a spreadsheet.
    RowsCsv,
    /// For a job summary or a chat.
    Markdown,
    /// For a CI server: a test case a rule.
    Junit,
    /// Workflow annotations.
    Github,
    /// For code scanning.
    Sarif,
    /// A page for a browser.
    Html,
}

impl Format {
    /// All of them, in the order in which help lists them.
    pub const ALL: [Format; 10] = [
        Format::Table,
        Format::Json,
        Format::Ndjson,
        Format::Csv,
        Format::RowsCsv,
        Format::Markdown,
        Format::Junit,
        Format::Github,
        Format::Sarif,
        Format::Html,
    ];

    /// As it is written after `--format`.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Table => "table",
            Format::Json => "json",
            Format::Ndjson => "ndjson",
            Format::Csv => "csv",
            Format::RowsCsv => "rows-csv",
            Format::Markdown => "markdown",
            Format::Junit => "junit",
            Format::Github => "github",
            Format::Sarif => "sarif",
            Format::Html => "html",
        }
    }

    /// From its name.
    pub fn parse(text: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|f| f.name() == text)
    }

    /// Which rows of the result table it shows. `whole`: the rows of all accounts are wanted.
    pub fn rows_needed(self, options: &RenderOptions, whole: bool) -> RowsNeeded {
        let for_people = match self {
            Format::Table | Format::Markdown => true,
            Format::Json | Format::RowsCsv => false,
            // Its charts tell of all rows.
            Format::Html => return RowsNeeded::All,
            Format::Ndjson | Format::Csv | Format::Junit | Format::Github | Format::Sarif => {
                return RowsNeeded::None;
            }
        };
        let few = options.rows != RowsWanted::All
            || for_people && !options.all_rows && options.limit.is_none_or(|l| l <= TOLD_ROWS);
        match (few && whole, for_people || !whole || options.limit.is_some()) {
            (true, _) => RowsNeeded::Telling,
            (false, true) => RowsNeeded::All,
            (false, false) => RowsNeeded::Each,
        }
    }

    /// Every name, for help and messages.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Format::ALL.into_iter().map(Format::name)
    }
}

/// Which rows of the result table are given (`--rows`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowsWanted {
    /// None.
    None,
    /// Those that a finding stands behind.
    Flagged,
    /// All.
    #[default]
    All,
}

impl RowsWanted {
    /// From `none`, `flagged`, `all`.
    pub fn parse(text: &str) -> Option<RowsWanted> {
        Some(match text {
            "none" => RowsWanted::None,
            "flagged" => RowsWanted::Flagged,
            "all" => RowsWanted::All,
            _ => return None,
        })
    }
}

/// What a caller may choose about the output.
#[derive(Clone, Copy, Debug)]
pub struct RenderOptions {
    /// Columns of the terminal; only the table heeds it.
    pub width: usize,
    /// Whether ANSI colours may be used; only the table does.
    pub color: bool,
    /// Every row and every finding of a table or Markdown text, however long.
    pub all_rows: bool,
    /// Which rows.
    pub rows: RowsWanted,
    /// At most so many rows. Where it cuts, the worst are kept, worst first.
    pub limit: Option<usize>,
    /// Every finding, and each one's code, in a table.
    pub verbose: bool,
    /// Of a run of several checks, each check's whole report below the summary.
    pub details: bool,
    /// The level that fails a run; `None` is `--fail-on never`. JUnit's failures follow it.
    pub fail_on: Option<Severity>,
}

impl Default for RenderOptions {
    fn default() -> RenderOptions {
        RenderOptions {
            width: 100,
            color: false,
            all_rows: false,
            rows: RowsWanted::All,
            limit: None,
            verbose: false,
            details: false,
            fail_on: Some(Severity::Error),
        }
    }
}

/// Writes a report in a format. The same report and options give the same bytes. The only thing that can fail
/// is `out`, and its error is handed on as it came.
pub fn render(
    report: &Report,
    format: Format,
    options: &RenderOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, out);
    match format {
        Format::Table => out.write_all(table::table(report, options).as_bytes())?,
        Format::Json => json::report(report, options, &mut out)?,
        Format::Ndjson => json::findings(report, &mut out)?,
        Format::Csv => csv::findings(&report.findings, &mut out)?,
        Format::RowsCsv => csv::rows(report, options, &mut out)?,
        Format::Markdown => out.write_all(markdown::markdown(report, options).as_bytes())?,
        Format::Junit => out.write_all(junit::junit(report, options)?.as_bytes())?,
        Format::Github => out.write_all(github::annotations(report).as_bytes())?,
        Format::Sarif => sarif::report(report, &mut out)?,
        Format::Html => out.write_all(html::report(report, options).as_bytes())?,
    }
    out.flush()
}

/// The rows that `--rows` asks for, as they stand in the report.
fn filtered_rows<'a>(report: &'a Report, options: &RenderOptions) -> Vec<&'a Row> {
    let wanted = |row: &&Row| match options.rows {
        RowsWanted::None => false,
        RowsWanted::Flagged => row.flagged,
        RowsWanted::All => true,
    };
    report.rows.iter().filter(wanted).collect()
}

/// The same, or the worst of them where `--limit` cuts.
fn wanted_rows<'a>(report: &'a Report, options: &RenderOptions) -> Vec<&'a Row> {
    let mut rows = filtered_rows(report, options);
    if let Some(limit) = options.limit.filter(|l| *l < rows.len()) {
        rows.sort_by_key(|r| r.rank);
        rows.truncate(limit);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same report with only the rows that tell something made.
    fn told(whole: &Report) -> Report {
        let mut report = whole.clone();
        let rows = &whole.rows;
        let made =
            crate::report::telling(rows.len(), |at| rows[at].flagged, |a, b| rows[a].rank.cmp(&rows[b].rank));
        for (at, row) in rows.iter().enumerate().filter(|(at, _)| !made.contains(at)) {
            let status = report.columns.iter().position(|c| c.name == "status").unwrap();
            assert!(!row.flagged, "row {at}");
            *report.rows_left.entry(row.values[status].as_str().unwrap().to_owned()).or_default() += 1;
        }
        report.rows = made.iter().map(|at| rows[*at].clone()).collect();
        report
    }

    #[test]
    fn rows_that_are_not_made_are_missed_by_no_output_that_says_so() {
        for whole in [sample::report(), sample::pass()] {
            let few = told(&whole);
            assert!(few.rows.len() < whole.rows.len());
            for format in Format::ALL.iter().copied() {
                for rows in [RowsWanted::All, RowsWanted::Flagged, RowsWanted::None] {
                    for limit in [None, Some(3)] {
                        let options = RenderOptions { rows, limit, ..RenderOptions::default() };
                        if format.rows_needed(&options, true) == RowsNeeded::All {
                            continue;
                        }
                        let text = |report: &Report| sample::text(report, format, &options);
                        assert_eq!(text(&whole), text(&few), "{format:?} {options:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_format_is_found_by_its_name() {
        for format in Format::ALL {
            assert_eq!(Format::parse(format.name()), Some(format));
        }
        assert_eq!(Format::parse("pdf"), None);
        assert_eq!(Format::names().count(), 10);
    }

    #[test]
    fn the_error_of_the_writer_is_handed_on_as_it_came() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for format in Format::ALL {
            let error =
                render(&sample::report(), format, &RenderOptions::default(), &mut Closed).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{}", format.name());
        }
    }

    #[test]
    fn no_format_lets_a_control_character_through() {
        let report = sample::naughty();
        for format in Format::ALL {
            for (width, all_rows) in [(80, false), (300, true)] {
                let options =
                    RenderOptions { width, all_rows, verbose: all_rows, ..RenderOptions::default() };
                let text = sample::text(&report, format, &options);
                let hostile: Vec<char> =
                    text.chars().filter(|c| *c != '\n' && text::is_hostile(*c)).collect();
                assert!(hostile.is_empty(), "{}: {hostile:?}", format.name());
            }
        }
    }

    #[test]
    fn the_formats_look_as_they_were_looked_at() {
        let report = sample::report();
        let normal = RenderOptions::default();
        let wide = |width| RenderOptions { width, ..normal };
        sample::snapshot("table-80", &sample::text(&report, Format::Table, &wide(80)));
        sample::snapshot("table-100", &sample::text(&report, Format::Table, &wide(100)));
        sample::snapshot("table-140", &sample::text(&report, Format::Table, &wide(140)));
        let verbose = RenderOptions { verbose: true, ..normal };
        sample::snapshot("table-100-verbose", &sample::text(&report, Format::Table, &verbose));
        sample::snapshot("table-100-pass", &sample::text(&sample::pass(), Format::Table, &normal));
        sample::snapshot("table-100-untrusted", &sample::text(&sample::untrusted(), Format::Table, &normal));
        sample::snapshot("table-100-naughty", &sample::text(&sample::naughty(), Format::Table, &normal));
        sample::snapshot("markdown", &sample::text(&report, Format::Markdown, &normal));
        sample::snapshot("markdown-naughty", &sample::text(&sample::naughty(), Format::Markdown, &normal));
        sample::snapshot("junit", &sample::text(&report, Format::Junit, &normal));
        sample::snapshot("junit-untrusted", &sample::text(&sample::untrusted(), Format::Junit, &normal));
        sample::snapshot("github", &sample::text(&report, Format::Github, &normal));
        sample::snapshot("github-untrusted", &sample::text(&sample::untrusted(), Format::Github, &normal));
        sample::snapshot("csv", &sample::text(&report, Format::Csv, &normal));
        let few = RenderOptions { limit: Some(5), ..normal };
        sample::snapshot("rows-csv-5", &sample::text(&report, Format::RowsCsv, &few));
    }
}
