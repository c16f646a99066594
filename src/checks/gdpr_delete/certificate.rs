//! Certificates of complete requests: what a compliance officer files.

use super::{
    inputs::{CONFIRMATIONS, REQUESTS},
    places::Places,
    policy::Policy,
    standing::{Answer, Case, Reply},
    subject::called,
    traces::{Proof, Trace},
};
use crate::{
    data::Data,
    model::{
        mask::{self, Private, Veil},
        time::rfc3339,
    },
    residue::Scan,
};
use anyhow::Result;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// A certificate lists so many searched files itself; more stand in one list beside all certificates.
const LISTED: usize = 50;

/// The list of searched files, where it is long.
const LIST: &str = "scanned.json";

/// What was searched, for the report: system or dataset, file, size and SHA-256.
pub(super) fn scanned(policy: &Policy, veil: &Veil, places: &Places, scan: &Scan) -> Value {
    files(policy, veil, places, scan, false)
}

fn files(policy: &Policy, veil: &Veil, places: &Places, scan: &Scan, times: bool) -> Value {
    let list = scan.inputs.iter().filter(|s| !places.is_own(&places.list[s.place], &s.file)).map(|s| {
        let place = &places.list[s.place];
        let file = place.file(&s.file);
        let mut one = Map::new();
        one.insert("system".to_owned(), json!(place.system));
        one.insert("dataset".to_owned(), json!(place.export.map(|(_, dataset)| dataset)));
        one.insert("file".to_owned(), json!(if policy.reveal { file } else { veil.hide(&file) }));
        one.insert("bytes".to_owned(), json!(s.bytes));
        one.insert("sha256".to_owned(), json!(s.sha256));
        if times {
            one.insert("modified".to_owned(), json!(s.modified.map(rfc3339)));
        }
        Value::Object(one)
    });
    Value::Array(list.collect())
}

/// All that certificates are made of.
pub(super) struct Book<'b, 'd> {
    pub data: &'b Data<'d>,
    pub policy: &'b Policy,
    pub veil: &'b Veil,
    pub places: &'b Places,
    pub scan: &'b Scan,
}

impl Book<'_, '_> {
    /// The files: for each complete request one of Markdown and one of JSON.
    pub(super) fn files(
        &self,
        folder: &Path,
        complete: &[(&Case<'_>, &[Trace])],
    ) -> Result<Vec<(PathBuf, Vec<u8>)>> {
        let list = files(self.policy, self.veil, self.places, self.scan, true);
        let length = list.as_array().map_or(0, Vec::len);
        let bytes: u64 = self.scan.inputs.iter().map(|s| s.bytes).sum();
        let mut found = Vec::with_capacity(complete.len() * 2 + 1);
        let searched = if length > LISTED {
            let text = pretty(&list)?;
            let digest = blake3::hash(&text).to_hex().to_string();
            found.push((folder.join(LIST), text));
            json!({ "files": length, "bytes": bytes, "list": LIST, "list_blake3": digest })
        } else {
            json!({ "files": length, "bytes": bytes, "list": list })
        };
        for (case, traces) in complete {
            let record = self.record(case, traces, &searched);
            let stem = file_stem(&case.request.request_id);
            found.push((folder.join(format!("{stem}.md")), markdown(&record).into_bytes()));
            found.push((folder.join(format!("{stem}.json")), pretty(&record)?));
        }
        Ok(found)
    }

    fn free(&self, text: Option<&str>) -> Option<String> {
        text.map(|t| if self.policy.reveal { t.to_owned() } else { self.veil.hide(t) })
    }

    fn value(&self, value: Option<&Private>, hide: fn(&str) -> String) -> Option<String> {
        value.map(|v| if self.policy.reveal { v.reveal().to_owned() } else { hide(v.reveal()) })
    }

    fn record(&self, case: &Case<'_>, traces: &[Trace], searched: &Value) -> Value {
        let r = case.request;
        let place = |dataset: &str, at| {
            let e = self.data.evidence(dataset, at);
            json!({ "file": self.free(Some(&e.file)), "line": e.line })
        };
        let digests: Vec<Value> = self
            .data
            .input_reports(&[REQUESTS, "systems", CONFIRMATIONS])
            .iter()
            .map(|i| json!({ "dataset": i.dataset, "file": self.free(Some(&i.file)), "blake3": i.digest }))
            .collect();
        let others: Vec<Option<String>> =
            r.other_identifiers.iter().flatten().map(|v| self.value(Some(v), mask::id)).collect();
        json!({
            "schema": "crosscheck.certificate/1",
            "tool": { "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") },
            "as_of": rfc3339(self.policy.as_of),
            "timezone": self.policy.zone.name(),
            "verdict": "complete",
            "request": {
                "id": &*r.request_id,
                "account": r.account_id.as_deref(),
                "kind": r.kind.as_deref(),
                "person": called(r, self.policy.reveal),
                "name": self.value(r.name.as_ref(), mask::name),
                "email": self.value(r.email.as_ref(), mask::email),
                "phone": self.value(r.phone.as_ref(), mask::phone),
                "subject_id": self.value(r.subject_id.as_ref(), mask::id),
                "other_identifiers": others,
                "country": r.country.as_deref(),
                "state": r.state.as_deref(),
                "received_at": rfc3339(r.received_at),
                "verified_at": r.verified_at.map(rfc3339),
                "due_at": case.deadline.due.to_string(),
                "law": case.regime.law,
                "law_source": case.regime.source,
                "extension_reason": self.free(r.extension_reason.as_deref()),
                "customer_told_at": case.told.map(rfc3339),
                "at": place(REQUESTS, r.at),
            },
            "systems": case.replies.iter().map(|reply| self.system(reply)).collect::<Vec<_>>(),
            "searched": searched,
            "remarks": remarks(traces),
            "exports": digests,
        })
    }

    fn system(&self, reply: &Reply<'_>) -> Value {
        let c = reply.confirmation;
        let retained = match reply.answer {
            Answer::Retained(r) => Some(r),
            _ => None,
        };
        let basis = retained.and_then(|_| {
            let own = c.and_then(|c| c.retention_basis.as_deref());
            own.or(reply.system.retention_basis.as_deref())
        });
        let at = c.map(|c| {
            let e = self.data.evidence(CONFIRMATIONS, c.at);
            json!({ "file": self.free(Some(&e.file)), "line": e.line })
        });
        let searched = self.places.systems().contains(&*reply.system.system);
        json!({
            "system": &*reply.system.system,
            "kind": reply.system.kind.as_deref(),
            "owner": reply.system.owner.as_deref(),
            "status": c.map(|c| &*c.status),
            "confirmed_at": c.and_then(|c| c.confirmed_at).map(rfc3339),
            "confirmed_by": self.free(c.and_then(|c| c.confirmed_by.as_deref())),
            "retention_basis": self.free(basis),
            "retained_until": retained.and_then(|r| r.until).map(|d| d.to_string()),
            "evidence": self.free(c.and_then(|c| c.evidence.as_deref())),
            "searched": searched,
            "at": at,
        })
    }
}

/// What was found and does not count against the deletion.
fn remarks(traces: &[Trace]) -> Vec<String> {
    let one = |t: &Trace| {
        let what = match t.proof {
            Proof::Retained => "kept for the legal reason named",
            Proof::NewAccount => "of an account created after the deletion",
            Proof::Returned => "possibly of an account created after the deletion",
            Proof::Name => "the full name alone, possibly of another person",
            Proof::Older => "in an export older than the confirmation",
            Proof::Held | Proof::Waiting => "still held",
        };
        format!("{}: found on {} lines, {what}", t.name, t.lines)
    };
    traces.iter().map(one).collect()
}

fn pretty(value: &Value) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    Ok(text)
}

/// A file name of a request's id: what may not stand in one is `_`, and the beginning of a digest keeps such ids apart.
fn file_stem(id: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let plain: String = id.chars().map(|c| if safe(c) { c } else { '_' }).take(100).collect();
    if plain == id { plain } else { format!("{plain}-{}", &blake3::hash(id.as_bytes()).to_hex()[..8]) }
}

/// A cell of a Markdown table, or a word of a sentence: nothing in it is markup.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => "–".to_owned(),
        Value::String(s) => s.clone(),
        Value::Bool(b) => if *b { "yes" } else { "no" }.to_owned(),
        other => other.to_string(),
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '\\' | '#' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn table(out: &mut String, titles: &[&str], keys: &[&str], list: &Value) {
    out.push_str(&format!("| {} |\n|{}\n", titles.join(" | "), " --- |".repeat(titles.len())));
    for item in list.as_array().into_iter().flatten() {
        let cells: Vec<String> = keys.iter().map(|k| cell(&item[*k])).collect();
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
}

fn markdown(record: &Value) -> String {
    let r = &record["request"];
    let mut out = format!("# Certificate of deletion: {}\n\n", cell(&r["id"]));
    out.push_str(&format!(
        "All {} systems that hold personal data have confirmed, and nothing that should be gone was found.\n\n",
        record["systems"].as_array().map_or(0, Vec::len)
    ));
    for (title, key) in [
        ("Account", "account"),
        ("Kind", "kind"),
        ("Name", "name"),
        ("E-mail", "email"),
        ("Phone", "phone"),
        ("Id", "subject_id"),
        ("Received", "received_at"),
        ("Verified", "verified_at"),
        ("Due", "due_at"),
        ("Law", "law"),
        ("Source", "law_source"),
        ("Reason of the extension", "extension_reason"),
        ("Customer told", "customer_told_at"),
    ] {
        if !r[key].is_null() {
            out.push_str(&format!("- {title}: {}\n", cell(&r[key])));
        }
    }
    out.push_str("\n## Systems\n\n");
    table(
        &mut out,
        &["System", "Status", "Confirmed", "By", "Legal basis", "Kept until", "Evidence", "Searched"],
        &[
            "system",
            "status",
            "confirmed_at",
            "confirmed_by",
            "retention_basis",
            "retained_until",
            "evidence",
            "searched",
        ],
        &record["systems"],
    );
    let searched = &record["searched"];
    out.push_str(&format!("\n## Searched\n\n{} files, {} bytes.\n", searched["files"], searched["bytes"]));
    if searched["list"].is_array() {
        out.push('\n');
        table(
            &mut out,
            &["System", "File", "Bytes", "Written", "SHA-256"],
            &["system", "file", "bytes", "modified", "sha256"],
            &searched["list"],
        );
    } else {
        out.push_str(&format!(
            "They are listed with their SHA-256 in {} (BLAKE3 {}).\n",
            LIST,
            cell(&searched["list_blake3"])
        ));
    }
    let remarks: Vec<&Value> = record["remarks"].as_array().into_iter().flatten().collect();
    if !remarks.is_empty() {
        out.push_str("\n## Remarks\n\n");
        remarks.iter().for_each(|r| out.push_str(&format!("- {}\n", cell(r))));
    }
    out.push_str("\n## Exports\n\n");
    table(&mut out, &["Dataset", "File", "BLAKE3"], &["dataset", "file", "blake3"], &record["exports"]);
    out.push_str(&format!(
        "\nMade by {} {} as of {} ({}).\n",
        cell(&record["tool"]["name"]),
        cell(&record["tool"]["version"]),
        cell(&record["as_of"]),
        cell(&record["timezone"])
    ));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_of_ids_are_safe_and_differ() {
        assert_eq!(file_stem("del_01"), "del_01");
        let (a, b) = (file_stem("../x"), file_stem("..:x"));
        assert!(a.starts_with("___x-") && b.starts_with("___x-") && a != b, "{a} {b}");
        assert!(file_stem(&"ä".repeat(500)).len() < 120);
    }

    #[test]
    fn cells_are_no_markup() {
        assert_eq!(cell(&json!("a|b <i>\n")), r"a\|b \<i\> ");
        assert_eq!(cell(&Value::Null), "–");
    }
}
