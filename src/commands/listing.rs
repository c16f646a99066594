//! Lists that are no reports: what the cache holds, rejects, datasets, checks.

use super::{Failure, Session};
use crate::{model::text::grouped, render::safe};
use serde_json::{Map, Value};
use std::io::{self, Write};

/// A list with named columns.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// `crosscheck.status/1`: names the JSON form.
    pub schema: &'static str,
    /// Under which the rows stand in JSON.
    pub name: &'static str,
    /// The columns.
    pub columns: &'static [&'static str],
    /// The rows.
    pub rows: Vec<Vec<Value>>,
    /// What is written for people in the place of the table, to a width; the rows then are for programs.
    pub prose: Option<fn(&Listing, usize) -> Vec<String>>,
    /// What is said above the table, and what is said below.
    pub above: Vec<String>,
    /// What is said below the table.
    pub below: Vec<String>,
    /// Further members of the JSON object.
    pub own: Map<String, Value>,
}

/// The formats of lists.
pub const FORMATS: &[&str] = &["table", "json", "ndjson", "csv", "markdown"];

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(s) => safe(s).into_owned(),
        Value::Number(n) => grouped(&n.to_string()),
        Value::Array(list) => list.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

impl Listing {
    fn objects(&self) -> impl Iterator<Item = Value> + '_ {
        self.rows.iter().map(|row| {
            let pairs = self.columns.iter().zip(row).map(|(c, v)| ((*c).to_owned(), v.clone()));
            Value::Object(pairs.collect())
        })
    }

    /// Writes it to standard output in the format in force.
    pub fn print(&self, session: &Session) -> Result<(), Failure> {
        let format = session.settings.format;
        if !FORMATS.contains(&format) {
            return Err(Failure::usage(
                "usage/format",
                format!("this command prints {}, not {format}", FORMATS.join(", ")),
            ));
        }
        let width = session.ui.width();
        Ok(session.ui.print(|out| match format {
            "json" => self.json(out),
            "ndjson" => self.objects().try_for_each(|o| writeln!(out, "{o}")),
            "csv" => self.csv(out),
            "markdown" => self.markdown(out),
            _ => self.table(width, out),
        })?)
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut map = Map::new();
        map.insert("schema".to_owned(), Value::from(self.schema));
        map.extend(self.own.clone());
        map.insert(self.name.to_owned(), Value::Array(self.objects().collect()));
        serde_json::to_writer_pretty(&mut *out, &Value::Object(map))?;
        writeln!(out)
    }

    fn csv(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(self.columns)?;
        for row in &self.rows {
            let cells = row.iter().map(|v| match v {
                Value::String(s) => crate::render::cell(s).into_owned(),
                Value::Null => String::new(),
                Value::Array(list) => {
                    crate::render::cell(&list.iter().map(text).collect::<Vec<_>>().join(";")).into_owned()
                }
                other => other.to_string(),
            });
            writer.write_record(cells)?;
        }
        writer.flush()
    }

    fn markdown(&self, out: &mut dyn Write) -> io::Result<()> {
        let escape =
            |t: String| t.replace('\\', "\\\\").replace('|', "\\|").replace('`', "\\`").replace('<', "&lt;");
        for line in &self.above {
            writeln!(out, "{}\n", escape(safe(line).into_owned()))?;
        }
        writeln!(out, "| {} |", self.columns.join(" | "))?;
        writeln!(out, "|{}", " --- |".repeat(self.columns.len()))?;
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(|v| escape(text(v))).collect();
            writeln!(out, "| {} |", cells.join(" | "))?;
        }
        for line in &self.below {
            writeln!(out, "\n{}", escape(safe(line).into_owned()))?;
        }
        Ok(())
    }

    fn table(&self, width: usize, out: &mut dyn Write) -> io::Result<()> {
        use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width};
        for line in &self.above {
            writeln!(out, "{}", safe(line))?;
        }
        if let Some(prose) = self.prose {
            for line in prose(self, width) {
                writeln!(out, "{}", safe(&line))?;
            }
        }
        // A column that says nothing takes no room.
        let shown: Vec<usize> = (0..self.columns.len())
            .filter(|&at| self.prose.is_none() && self.rows.iter().any(|r| !text(&r[at]).is_empty()))
            .collect();
        if !shown.is_empty() {
            let mut table = Table::new();
            table.load_style(comfy_table::TableStyle::new());
            table.set_content_arrangement(ContentArrangement::Dynamic);
            table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
            table.set_header(shown.iter().map(|&at| self.columns[at].to_uppercase().replace('_', " ")));
            let widest = |at: usize| {
                let cells = self
                    .rows
                    .iter()
                    .map(|r| brief(self.columns[at], text(&r[at]), usize::MAX).chars().count());
                cells.max().unwrap_or(0).max(self.columns[at].len()) + 2
            };
            let fixed: usize =
                shown.iter().filter(|&&at| !is_flexible(self.columns[at])).map(|&at| widest(at)).sum();
            let others = shown.iter().filter(|&&at| is_flexible(self.columns[at])).count().max(1);
            let room = (width.saturating_sub(fixed + 2) / others).max(20);
            for row in &self.rows {
                table.add_row(shown.iter().map(|&at| brief(self.columns[at], text(&row[at]), room - 2)));
            }
            for (place, &at) in shown.iter().enumerate() {
                let numeric = self.rows.iter().any(|r| r[at].is_number());
                let Some(column) = table.column_mut(place) else { continue };
                if numeric {
                    column.set_cell_alignment(CellAlignment::Right);
                }
                column.set_constraint(if is_flexible(self.columns[at]) {
                    ColumnConstraint::LowerBoundary(Width::Fixed(u16::try_from(room.min(40)).unwrap_or(40)))
                } else {
                    ColumnConstraint::ContentWidth
                });
            }
            for line in table.lines() {
                writeln!(out, "{}", line.trim_end())?;
            }
        }
        for line in &self.below {
            writeln!(out, "{}", safe(line))?;
        }
        Ok(())
    }
}

/// Columns that give way where the table is too wide: a path loses its beginning, a sentence takes several lines.
fn is_flexible(column: &str) -> bool {
    matches!(
        column,
        "file"
            | "key"
            | "reason"
            | "value"
            | "reads"
            | "compares"
            | "a_row_is"
            | "words"
            | "export"
            | "datasets"
            | "missing"
            | "rules_not_judged"
            | "message"
            | "exports"
    )
}

/// What a table has room for: of a path its end, of a timestamp its day.
fn brief(column: &str, text: String, room: usize) -> String {
    let count = text.chars().count();
    if matches!(column, "file" | "exports") && count > room {
        let tail: String = text.chars().skip(count - room + 1).collect();
        return format!("…{tail}");
    }
    if column == "fingerprint" {
        return text.chars().take(8).collect();
    }
    let b = text.as_bytes();
    if matches!(column, "at" | "as_of") && b.len() == 20 && b.ends_with(b":00Z") {
        return format!("{}Z", &text[..16]);
    }
    if matches!(column, "oldest" | "newest") && b.len() > 16 && b[10] == b'T' {
        return text[..10].to_owned();
    }
    text
}
