//! `crosscheck explain`: what a finding or a check means, why it matters, what to do.

use super::{Failure, Session};
use crate::{
    check::{CheckInfo, OptKind, Rule},
    checks,
    engine::SHARED_RULES,
    exit,
    model::datasets::nearest,
};
use serde_json::json;
use std::io::{self, Write};

/// Runs the command; returns the exit code.
pub fn run(session: &Session, name: &str) -> Result<u8, Failure> {
    let rules = || checks::ALL.iter().flat_map(|c| c.info.rules.iter()).chain(SHARED_RULES.iter().copied());
    let as_json = match session.settings.format {
        "json" => true,
        "table" | "markdown" => false,
        other => {
            return Err(Failure::usage(
                "usage/format",
                format!("explain prints table, json or markdown, not {other}"),
            ));
        }
    };
    if let Some(check) = checks::find(name) {
        session
            .ui
            .print(|out| if as_json { check_json(check.info, out) } else { check_text(check.info, out) })?;
        return Ok(exit::OK);
    }
    if let Some(rule) = rules().find(|r| r.code == name) {
        session.ui.print(|out| if as_json { rule_json(rule, out) } else { rule_text(rule, out) })?;
        return Ok(exit::OK);
    }
    let names: Vec<&str> = rules().map(|r| r.code).chain(checks::ALL.iter().map(|c| c.info.name)).collect();
    let near = nearest(name, names.iter().copied());
    let near = match near.first() {
        Some(n) => format!("; did you mean {n}?"),
        None => format!("; the codes are {}", names.join(", ")),
    };
    Err(Failure::usage("usage/unknown-code", format!("there is no finding or check {name}{near}")))
}

fn paragraph(label: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut line = format!("{label:<9}");
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > 90 {
            writeln!(out, "{}", line.trim_end())?;
            line = " ".repeat(9);
        }
        if !line.ends_with(' ') {
            line.push(' ');
        }
        line.push_str(word);
    }
    writeln!(out, "{}", line.trim_end())
}

fn rule_text(rule: &Rule, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{} ({})\n", rule.code, rule.severity.name())?;
    paragraph("What", rule.what, out)?;
    paragraph("Why", rule.why, out)?;
    paragraph("Next", rule.remedy, out)?;
    if !rule.needs.is_empty() {
        paragraph("Needs", &rule.needs.join(", ").replace('|', " or "), out)?;
    }
    Ok(())
}

fn rule_value(rule: &Rule) -> serde_json::Value {
    json!({
        "code": rule.code,
        "severity": rule.severity.name(),
        "what": rule.what,
        "why": rule.why,
        "remedy": rule.remedy,
        "needs": rule.needs,
    })
}

fn rule_json(rule: &Rule, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &rule_value(rule))?;
    writeln!(out)
}

fn check_text(info: &CheckInfo, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}: {}\n", info.name, info.about)?;
    paragraph("", info.doc, out)?;
    writeln!(out, "\nReads")?;
    for r in info.reads {
        let need = if r.needed { "needed" } else { "where present" };
        writeln!(out, "  {:<28} {need}", r.dataset.replace('|', " or "))?;
    }
    writeln!(out, "\nFindings")?;
    for r in info.rules {
        writeln!(out, "  {:<32} {:<8} {}", r.code, r.severity.name(), r.what)?;
    }
    writeln!(out, "\nOptions")?;
    for o in info.options {
        // The default of a table is a table: `crosscheck init` writes it out.
        let told = !o.default.is_empty() && o.kind.shape().is_none();
        let default = if told { format!(" (default {})", o.default) } else { String::new() };
        writeln!(out, "  {:<22} {}{default}", o.written_as(info.name), o.help)?;
        for field in o.kind.shape().map_or(&[][..], |s| s.fields) {
            writeln!(out, "      {:<18} {}", field.name, field.help)?;
        }
    }
    Ok(())
}

fn check_json(info: &CheckInfo, out: &mut dyn Write) -> io::Result<()> {
    let options: Vec<_> = info
        .options
        .iter()
        .map(|o| {
            let choices = if let OptKind::Choice(words) = o.kind { json!(words) } else { json!(null) };
            let fields: Option<Vec<_>> = o.kind.shape().map(|s| {
                s.fields.iter().map(|f| json!({"name": f.name, "needed": f.needed, "help": f.help})).collect()
            });
            let written = o.written_as(info.name);
            json!({"name": o.name, "written_as": written, "default": o.default, "help": o.help,
                   "choices": choices, "fields": fields})
        })
        .collect();
    let reads: Vec<_> =
        info.reads.iter().map(|r| json!({"dataset": r.dataset, "needed": r.needed})).collect();
    let columns: Vec<_> = info.columns.iter().map(|c| json!({"name": c.name, "doc": c.doc})).collect();
    let whole = json!({
        "check": info.name,
        "about": info.about,
        "doc": info.doc,
        "reads": reads,
        "rules": info.rules.iter().map(rule_value).collect::<Vec<_>>(),
        "options": options,
        "rows": columns,
    });
    serde_json::to_writer_pretty(&mut *out, &whole)?;
    writeln!(out)
}
