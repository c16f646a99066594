//! `crosscheck show`: one finding whole.

use super::{Failure, Session};
use crate::{
    checks,
    data::Data,
    engine, exit,
    model::{text::grouped, time::rfc3339},
    render::safe,
    report::Finding,
};
use std::io::{self, Write};

/// Finds a finding by the beginning of its fingerprint, among all that the checks find now; returns the exit code.
pub fn run(session: &Session, fingerprint: &str, given: &[String]) -> Result<u8, Failure> {
    let wanted = fingerprint.to_lowercase();
    if wanted.is_empty() || !wanted.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(Failure::usage(
            "usage/fingerprint",
            format!("'{fingerprint}' is no fingerprint: it is made of the digits 0-9 and a-f"),
        ));
    }
    let found = session.with_cache(|cache| {
        let exports = session.exports(given, cache)?;
        let ingested = session.ingest(cache, &exports, false)?;
        let mut found: Vec<Finding> = Vec::new();
        for check in checks::ALL {
            let settings = session.settings.for_check(check.info.name);
            let (report, _) = cache.snapshot(&ingested.contents(), || {
                let data = Data::open(cache, &ingested.inputs, &settings)?;
                engine::judge(check, &data, Vec::new())
            })?;
            found.extend(report.findings.into_iter().filter(|f| f.fingerprint.starts_with(&wanted)));
        }
        Ok(found)
    })?;
    let [finding] = &found[..] else {
        let message = if found.is_empty() {
            format!("no check finds {fingerprint} in these exports now; name the exports it was found in")
        } else {
            format!("{} findings begin with {fingerprint}; give more of its digits", found.len())
        };
        return Err(Failure::usage("usage/no-such-finding", message));
    };
    if session.settings.format == "json" {
        session.ui.print(|out| {
            serde_json::to_writer_pretty(&mut *out, finding)?;
            writeln!(out)
        })?;
    } else {
        session.ui.print(|out| text(finding, out))?;
    }
    Ok(exit::OK)
}

fn text(f: &Finding, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{} ({})  {}", f.code, f.severity.name(), f.fingerprint)?;
    writeln!(out, "{}\n", safe(&f.message))?;
    if let Some(account) = &f.account {
        writeln!(out, "account   {}", safe(account))?;
    }
    writeln!(out, "subject   {} {}", f.subject.kind, safe(&f.subject.id))?;
    for (k, v) in &f.key {
        writeln!(out, "{k:<9} {}", safe(v))?;
    }
    for d in &f.diff {
        let show = |v: &Option<String>| v.as_deref().map_or_else(|| "-".to_owned(), |v| grouped(&safe(v)));
        write!(out, "{:<9} expected {}, is {}", d.field, show(&d.expected), show(&d.actual))?;
        if d.delta.is_some() {
            write!(out, ": {}", show(&d.delta))?;
        }
        if let Some(p) = &d.delta_percent {
            write!(out, " ({p} %)")?;
        }
        writeln!(out)?;
    }
    if let Some(m) = &f.impact {
        writeln!(out, "at stake  {} {}", grouped(&m.amount.to_string()), m.currency)?;
    }
    if let Some(c) = &f.cause {
        writeln!(out, "cause     {}: {}", c.id, safe(&c.detail))?;
    }
    writeln!(out, "next      {} ({})", f.action, f.owner)?;
    if let Some(due) = f.due {
        writeln!(out, "due       {}", rfc3339(due))?;
    }
    writeln!(out, "\nWhere the facts stand")?;
    for e in &f.evidence {
        writeln!(out, "  {}:{} ({})", safe(&e.file), e.line, e.dataset)?;
    }
    writeln!(out, "\ncrosscheck explain {} says what it means", f.code)
}
