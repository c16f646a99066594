//! Runs the check: loads, searches the code, assesses each flag, tells.

use super::{
    assess::{Assessment, assess},
    ends::End,
    findings::Teller,
    inputs::{Has, Inputs, Known, load},
    policy::{Policy, Preset},
    references::{Code, Referenced, code, everyday},
    rows,
    verdict::{Verdict, rule},
};
use crate::{
    data::Data,
    engine::Outcome,
    model::text::{counted, grouped},
    report::{Problem, Row},
};
use anyhow::Result;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

/// Things that could not be searched, or names, that a note lists; the summary has all.
const LISTED: usize = 20;

/// Runs the check.
pub(super) fn run(data: &Data<'_>) -> Result<Outcome> {
    let policy = Policy::of(data.settings)?;
    let mut inputs = load(data, &policy)?;
    let as_of = data.settings.as_of;
    let all = inputs.flags.len();
    inputs.flags.retain(|k| k.flag.created_at.is_none_or(|created| created <= as_of));
    let mut out = Outcome { fleeting: !policy.code.is_empty(), ..Outcome::default() };
    let ahead = (all - inputs.flags.len()) as u64;
    if ahead > 0 {
        let flags = counted(ahead, "flag was", "flags were");
        out.notes.push(format!("{flags} created after the moment that is judged, and left out"));
    }
    let mut code = code(&inputs, &policy.code, &read_files(data))?;
    let mut unsearched = 0;
    if let Some(searched) = code.as_ref().and_then(|c| c.searched.as_ref())
        && searched.files == 0
    {
        let message = format!(
            "no file in {} could be searched; give the folder that holds the source code",
            policy.code.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join(", ")
        );
        out.problems.push(Problem::new("code/nothing-searched", message));
        // What the flags themselves tell stands; what the code would have told does not.
        unsearched = inputs.flags.len() as u64;
        code = code.filter(|c| c.references_given);
    }
    notes(&policy, &inputs, code.as_ref(), &mut out);
    let searched = code.as_ref().map_or_else(String::new, told_searched);
    // Where nobody asks about the code, that is no lack of data.
    for code in ["flags-audit/unreferenced", "flags-audit/archived-in-code"] {
        out.judged.insert(code, (0, unsearched));
    }
    let has = Has::of(data);
    if !has.evaluated && policy.preset == Preset::None && data.has_column("flags", "created_at") {
        out.missing.insert("flags-audit/stale", vec!["flags.last_evaluated_at".to_owned()]);
    }
    let mut told = Told { out, counts: Counts::default(), rows: Vec::new() };
    for (at, known) in inputs.flags.iter().enumerate() {
        let referenced = code.as_ref().and_then(|c| c.flags.get(at));
        let found = assess(known, has, &policy, as_of, referenced);
        told.flag(data, &policy, known, &found, referenced, &searched);
    }
    if let Some(code) = &code {
        told.out.own.insert("code".to_owned(), summed(code));
    }
    Ok(told.close())
}

/// The files that were read: a tree that holds the flags' own export would name every flag.
fn read_files(data: &Data<'_>) -> Vec<PathBuf> {
    let exports = data.inputs.iter().map(|i| PathBuf::from(&i.file));
    exports.chain(data.settings.config_path().map(PathBuf::from)).collect()
}

/// `src, lib (120 files)`, and what could not be searched.
fn told_searched(code: &Code) -> String {
    let mut told = Vec::new();
    if let Some(searched) = &code.searched {
        let troubles = match searched.troubles.len() as u64 {
            0 => String::new(),
            n => format!("; {} could not be", counted(n, "path", "paths")),
        };
        let files = counted(searched.files, "file", "files");
        told.push(format!("{} ({files} searched{troubles})", code.folders.join(", ")));
    }
    if code.searched.is_none() || code.references_given {
        told.push("the code references that were given".to_owned());
    }
    told.join(" and ")
}

/// How the data was read and what it lacks.
fn notes(policy: &Policy, inputs: &Inputs, code: Option<&Code>, out: &mut Outcome) {
    if let Some(others) = &inputs.other_environments {
        out.notes.push(format!(
            "no flag has an environment called {}, so its rollouts are not known; there are {}: give --environment",
            policy.environment,
            listed(others.iter().map(|n| n.to_string()))
        ));
    }
    let Some(code) = code else {
        out.notes.push("the code was not searched; --code DIR says where each flag stands in it".to_owned());
        return;
    };
    let words = everyday(&inputs.flags, code);
    if !words.is_empty() {
        out.notes.push(format!(
            "{} of one everyday word: only in quotation marks is it taken for the flag, other lines are counted as \
             uncertain: {}",
            counted(words.len() as u64, "flag has a key", "flags have keys"),
            listed(words.iter().map(ToString::to_string))
        ));
    }
    if code.unknown > 0 {
        let references = counted(code.unknown, "code reference is", "code references are");
        out.notes.push(format!("{references} of flags that the export of flags does not have"));
    }
    let Some(searched) = &code.searched else { return };
    if searched.binary > 0 {
        let files = counted(searched.binary, "binary file was", "binary files were");
        out.notes.push(format!("{files} passed over"));
    }
    if !searched.troubles.is_empty() {
        let paths = counted(searched.troubles.len() as u64, "path was", "paths were");
        let each = searched.troubles.iter().map(|t| format!("{} {}", t.path, t.what));
        out.notes.push(format!("{paths} not searched: {}", listed(each)));
    }
}

fn listed(mut names: impl ExactSizeIterator<Item = String>) -> String {
    let all = names.len();
    let mut text = names.by_ref().take(LISTED).collect::<Vec<_>>().join(", ");
    if all > LISTED {
        text.push_str(&format!(" and {} more", all - LISTED));
    }
    text
}

/// The search in the summary.
fn summed(code: &Code) -> Value {
    let searched = code.searched.as_ref();
    let troubles = searched.map_or(&[][..], |s| &s.troubles);
    json!({
        "folders": code.folders,
        "files": searched.map(|s| s.files),
        "binary": searched.map(|s| s.binary),
        "not_searched": troubles.iter().map(|t| json!({"path": t.path, "why": t.what})).collect::<Vec<_>>(),
    })
}

#[derive(Default)]
struct Counts {
    flags: u64,
    past_end: u64,
    age_unknown: u64,
    verdicts: BTreeMap<Verdict, u64>,
    /// Whole days past the end, of those past it.
    overdue: BTreeSet<i64>,
    /// Removals that need care for what they name: billing, auth, security.
    careful: BTreeMap<String, u64>,
}

struct Told {
    out: Outcome,
    counts: Counts,
    /// With the flag's name.
    rows: Vec<(String, Row)>,
}

impl Told {
    /// Counts a rule where it applies to the flag at all.
    fn count(&mut self, code: &'static str, judged: bool) {
        let (yes, no) = self.out.judged.entry(code).or_default();
        *(if judged { yes } else { no }) += 1;
    }

    fn flag(
        &mut self,
        data: &Data<'_>,
        policy: &Policy,
        known: &Known,
        found: &Assessment,
        referenced: Option<&Referenced>,
        searched: &str,
    ) {
        let as_of = data.settings.as_of;
        let ruling = rule(known, found, policy, as_of, referenced);
        let teller = Teller { data, policy, known, found, ruling: &ruling, referenced, searched };
        let findings = teller.all();
        self.counts.flags += 1;
        self.counts.past_end += u64::from(found.overdue.is_some());
        *self.counts.verdicts.entry(ruling.verdict).or_default() += 1;
        self.counts.overdue.extend(found.overdue_days());
        if let Some(word) = &ruling.careful {
            *self.counts.careful.entry(word.clone()).or_default() += 1;
        }
        self.judged(known, found, referenced);
        let row = rows::row(known, found, &ruling, referenced, !findings.is_empty());
        self.rows.push((known.flag.flag.to_string(), row));
        self.out.findings.extend(findings);
    }

    fn judged(&mut self, known: &Known, found: &Assessment, referenced: Option<&Referenced>) {
        let archived = known.is_archived();
        if archived || found.is_judged() {
            self.out.checked += 1;
        }
        if let (true, Some(_)) = (archived, referenced) {
            self.count("flags-audit/archived-in-code", found.archived_in_code.is_some());
        }
        if archived {
            return;
        }
        let dated = found.end != End::Unknown;
        if !dated {
            // Whatever else is known of it, it is never taken for fresh.
            self.out.not_judged += 1;
            self.counts.age_unknown += 1;
        }
        self.count("flags-audit/expired", dated);
        self.count("flags-audit/expiring", dated);
        self.count("flags-audit/no-owner", found.no_owner.is_some());
        self.count("flags-audit/extended-unjustified", found.extended_unjustified.is_some());
        self.count("flags-audit/permanent-unjustified", found.permanent_unjustified.is_some());
        self.count("flags-audit/finished", found.finished.is_some());
        self.count("flags-audit/stale", found.stale.is_some());
        if referenced.is_some() {
            self.count("flags-audit/unreferenced", found.unreferenced.is_some());
        }
    }

    fn close(mut self) -> Outcome {
        self.rows.sort_by(|(a, x), (b, y)| (&x.rank, a).cmp(&(&y.rank, b)));
        self.out.rows = self.rows.into_iter().map(|(_, row)| row).collect();
        let counts = &self.counts;
        let of = |verdict: Verdict| counts.verdicts.get(&verdict).copied().unwrap_or(0);
        let own = &mut self.out.own;
        own.insert("flags".to_owned(), counts.flags.into());
        own.insert("past_end".to_owned(), counts.past_end.into());
        let (least, most) = (counts.overdue.first(), counts.overdue.last());
        own.insert("overdue_days".to_owned(), json!({"least": least, "most": most}));
        own.insert("careful".to_owned(), json!(counts.careful));
        own.insert("age_unknown".to_owned(), counts.age_unknown.into());
        let verdicts: serde_json::Map<String, Value> =
            Verdict::ALL.iter().map(|v| (v.name().to_owned(), of(*v).into())).collect();
        own.insert("verdicts".to_owned(), Value::Object(verdicts));
        let flags = counted(counts.flags, "flag", "flags");
        let are = if counts.past_end == 1 { "is past its end" } else { "are past their end" };
        let mut headline = format!("{} of {flags} {are}", grouped(&counts.past_end.to_string()));
        if let (Some(least), Some(most)) = (least, most) {
            let from = if least == most { String::new() } else { format!("{least} to ") };
            headline.push_str(&format!(" by {from}{}", counted(most.unsigned_abs(), "day", "days")));
        }
        let named: Vec<String> = counts.careful.iter().map(|(word, n)| format!("{n} for {word}")).collect();
        let named = if named.is_empty() { String::new() } else { format!(" ({})", named.join(", ")) };
        let what = [
            (of(Verdict::Remove), "can be removed".to_owned()),
            (of(Verdict::RemoveWithCare), format!("with care{named}")),
            (of(Verdict::Extend), "to finish or extend".to_owned()),
        ];
        let told: Vec<String> =
            what.iter().filter(|(n, _)| *n > 0).map(|(n, w)| format!("{n} {w}")).collect();
        if !told.is_empty() {
            headline.push_str(&format!("; {}", told.join(", ")));
        }
        if counts.age_unknown > 0 {
            headline.push_str(&format!("; age unknown of {}", counts.age_unknown));
        }
        self.out.headline = headline;
        self.out
    }
}
