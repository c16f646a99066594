//! `crosscheck show`: one finding whole.

use super::{Failure, Session};
use crate::{
    checks,
    data::Data,
    engine, exit,
    history::{History, Run},
    model::text::grouped,
    render::safe,
    report::{Finding, earlier::EarlierFinding},
};
use std::io::{self, Write};

/// Finds a finding by the beginning of its fingerprint: in the history, unless exports are named, else among all that
/// the checks find now; returns the exit code.
pub fn run(session: &Session, fingerprint: &str, given: &[String]) -> Result<u8, Failure> {
    let wanted = fingerprint.to_lowercase();
    if wanted.is_empty() || !wanted.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(Failure::usage(
            "usage/fingerprint",
            format!("'{fingerprint}' is no fingerprint: it is made of the digits 0-9 and a-f"),
        ));
    }
    if given.is_empty()
        && let Some(kept) = kept(session, &wanted)?
    {
        return tell(session, &kept.finding, Some(&kept));
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
    match &found[..] {
        [finding] => tell(session, &written(finding)?, None),
        [] => Err(none(format!(
            "no check finds {fingerprint} in these exports now; name the exports it was found in"
        ))),
        several => Err(none(too_few_digits(several.len(), fingerprint))),
    }
}

fn none(message: String) -> Failure {
    Failure::usage("usage/no-such-finding", message)
}

fn too_few_digits(found: usize, fingerprint: &str) -> String {
    format!("{found} findings begin with {fingerprint}; give more of its digits")
}

/// A finding of the history.
struct Kept {
    finding: EarlierFinding,
    /// The run that saw it last.
    last: Run,
    /// When a run saw it first, by the clock.
    first: String,
    /// Whether a later run with the same exports and options did not find it.
    gone: bool,
}

fn kept(session: &Session, wanted: &str) -> Result<Option<Kept>, Failure> {
    if !History::path(session.settings.state_dir()).exists() {
        return Ok(None);
    }
    let Some(history) = session.history() else { return Ok(None) };
    let mut found = history.find(wanted)?;
    if found.len() > 1 {
        return Err(none(too_few_digits(found.len(), wanted)));
    }
    let Some((finding, last, first)) = found.pop() else { return Ok(None) };
    let gone = history.candidates(&last.scope, None)?.iter().any(|run| run.id > last.id);
    Ok(Some(Kept { finding, last, first, gone }))
}

/// The finding as reports write it.
fn written(finding: &Finding) -> Result<EarlierFinding, Failure> {
    let value = serde_json::to_value(finding).map_err(anyhow::Error::from)?;
    Ok(serde_json::from_value(value).map_err(anyhow::Error::from)?)
}

fn tell(session: &Session, finding: &EarlierFinding, kept: Option<&Kept>) -> Result<u8, Failure> {
    if session.settings.format == "json" {
        session.ui.print(|out| {
            serde_json::to_writer_pretty(&mut *out, finding)?;
            writeln!(out)
        })?;
    } else {
        session.ui.print(|out| text(finding, kept, out))?;
    }
    Ok(exit::OK)
}

fn text(f: &EarlierFinding, kept: Option<&Kept>, out: &mut dyn Write) -> io::Result<()> {
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
    writeln!(out, "next      {} ({})", safe(&f.action), safe(&f.owner))?;
    if let Some(due) = &f.due {
        writeln!(out, "due       {}", safe(due))?;
    }
    if let Some(kept) = kept {
        let gone = if kept.gone { "; a later run did not find it any more" } else { "" };
        writeln!(
            out,
            "seen      first {}, last {} as of {} ({}){gone}",
            safe(&kept.first),
            safe(&kept.last.at),
            safe(&kept.last.as_of),
            f.state.name(),
        )?;
    }
    writeln!(out, "\nWhere the facts stand")?;
    for e in &f.evidence {
        writeln!(out, "  {}:{} ({})", safe(&e.file), e.line, e.dataset)?;
    }
    writeln!(out, "\ncrosscheck explain {} says what it means", f.code)
}
