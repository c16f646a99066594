//! SARIF 2.1.0: findings for code scanning.
//!
//! Of a run of several checks each check is a `run` element with a category of its own, `crosscheck/CHECK/`, and the
//! run itself another. GitHub refuses two elements of one tool and category, and takes an alert that a category no
//! longer holds as fixed: with one element for all, a check that is skipped for want of an export would close its
//! alerts. So `crosscheck run` and `crosscheck CHECK` also speak of the same alerts.

use super::json;
use super::run::lacks;
use super::text::safe;
use super::words::{message, missing, problem};
use crate::check::Rule;
use crate::model::time::rfc3339;
use crate::report::{
    Evidence, Finding, Problem, Report, RuleReport, Severity, State,
    run::{RunReport, Skipped},
};
use crate::{checks, engine, exit};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// The root of the exports' relative paths; whoever reads the file knows it.
const ROOT: &str = "%SRCROOT%";
/// GitHub refuses a result with more locations.
const MOST_LOCATIONS: usize = 1000;

/// One check's report.
pub(super) fn report(report: &Report, out: &mut impl Write) -> io::Result<()> {
    log(vec![check(report)], out)
}

/// A run of several checks. `head` is its verdict in a sentence.
pub(super) fn run(run: &RunReport, head: &str, out: &mut impl Write) -> io::Result<()> {
    log([whole(run, head)].into_iter().chain(run.reports.iter().map(check)).collect(), out)
}

fn log(runs: Vec<Value>, out: &mut impl Write) -> io::Result<()> {
    json::whole(&json!({"$schema": SCHEMA, "version": "2.1.0", "runs": runs}), out)
}

/// The element of the run itself: no results, but whether it could be carried out and what was skipped.
fn whole(run: &RunReport, head: &str) -> Value {
    let problems = run.problems.iter().map(|p| of_problem(p, run.exit_code));
    let skipped = |s: &Skipped| {
        let text = format!("{} was not run: {}", s.check, lacks(s));
        json!({"descriptor": {"id": "run/skipped"}, "level": "note", "message": {"text": words(&text)}})
    };
    json!({
        "tool": {"driver": driver(&[])},
        "automationDetails": {"id": "crosscheck/run/"},
        "invocations": [{
            "executionSuccessful": run.exit_code < exit::USAGE,
            "exitCode": run.exit_code,
            "exitCodeDescription": exit_in_words(run.exit_code),
            "toolExecutionNotifications":
                problems.chain(run.skipped.iter().map(skipped)).collect::<Vec<_>>(),
        }],
        "results": [],
        "properties": {
            "as_of": rfc3339(run.as_of), "timezone": run.timezone, "verdict": run.verdict,
            "headline": head, "compared_with": run.since,
        },
    })
}

/// The element of one check.
fn check(report: &Report) -> Value {
    let rules = Rules::of(report);
    let files = Files::of(report);
    let problems = report.problems.iter().map(|p| of_problem(p, report.exit_code));
    let unjudged = report.rules.iter().filter_map(|r| of_unjudged(r, &rules));
    json!({
        "tool": {"driver": driver(&rules.descriptors)},
        "automationDetails": {"id": format!("crosscheck/{}/", report.check)},
        "invocations": [{
            "executionSuccessful": report.exit_code < exit::USAGE,
            "exitCode": report.exit_code,
            "exitCodeDescription": exit_in_words(report.exit_code),
            "ruleConfigurationOverrides": rules.overrides(report),
            "toolExecutionNotifications": problems.chain(unjudged).collect::<Vec<_>>(),
        }],
        "artifacts": files.artifacts(),
        "results": report.findings.iter().map(|f| result(f, &rules, &files)).collect::<Vec<_>>(),
        "properties": {
            "as_of": rfc3339(report.as_of), "timezone": report.timezone, "verdict": report.verdict,
            "headline": report.headline, "notes": report.notes, "parameters": report.parameters,
            "summary": report.summary,
        },
    })
}

fn driver(rules: &[Value]) -> Value {
    let (name, version) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    json!({
        "name": name, "version": version, "semanticVersion": version,
        "shortDescription": {"text": format!("{}.", env!("CARGO_PKG_DESCRIPTION"))},
        "rules": rules,
    })
}

fn exit_in_words(code: u8) -> &'static str {
    match code {
        exit::OK => "the data is whole, and nothing at or above --fail-on was found",
        exit::FINDINGS => "something at or above --fail-on was found",
        exit::USAGE => "usage or configuration",
        _ => "the data cannot be trusted",
    }
}

/// The rules that results refer to, by their place.
struct Rules {
    descriptors: Vec<Value>,
    places: BTreeMap<&'static str, usize>,
    defaults: BTreeMap<&'static str, Severity>,
}

impl Rules {
    /// Those of the check, and those that any check may report.
    fn of(report: &Report) -> Rules {
        let mut rules = Rules { descriptors: Vec::new(), places: BTreeMap::new(), defaults: BTreeMap::new() };
        let own = checks::find(report.check).map_or(&[][..], |c| c.info.rules);
        for rule in own.iter().chain(engine::SHARED_RULES.iter().copied()) {
            rules.defaults.insert(rule.code, rule.severity);
            rules.add(rule.code, descriptor(rule, report.check));
        }
        let named = report.rules.iter().map(|r| r.code).chain(report.findings.iter().map(|f| f.code));
        for code in named {
            if !rules.places.contains_key(code) {
                rules.add(code, json!({"id": code}));
            }
        }
        rules
    }

    fn add(&mut self, code: &'static str, descriptor: Value) {
        self.places.insert(code, self.descriptors.len());
        self.descriptors.push(descriptor);
    }

    fn reference(&self, code: &str) -> Value {
        let mut reference = json!({"id": code});
        if let Some(at) = self.places.get(code) {
            reference["index"] = (*at).into();
        }
        reference
    }

    /// Where crosscheck.toml gives a rule another severity than its own, or turns it off.
    fn overrides(&self, report: &Report) -> Vec<Value> {
        let differs = |r: &&RuleReport| self.defaults.get(r.code).is_some_and(|own| r.severity != Some(*own));
        let one = |r: &RuleReport| {
            let configuration = match r.severity {
                Some(severity) => json!({"level": level(severity)}),
                None => json!({"enabled": false}),
            };
            json!({"descriptor": self.reference(r.code), "configuration": configuration})
        };
        report.rules.iter().filter(differs).map(one).collect()
    }
}

fn descriptor(rule: &Rule, check: &str) -> Value {
    let (what, why, remedy) = (rule.what, rule.why, rule.remedy);
    json!({
        "id": rule.code,
        "name": pascal(rule.code),
        "shortDescription": {"text": words(what)},
        "fullDescription": {"text": words(&format!("{what} {why}"))},
        "help": {
            "text": words(&format!("{what}\n\nWhy: {why}\n\nNext: {remedy}")),
            "markdown": words(&format!("{what}\n\n**Why:** {why}\n\n**Next:** {remedy}")),
        },
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": {"tags": ["crosscheck", check], "needs": rule.needs},
    })
}

/// `reconcile/late-events` → `ReconcileLateEvents`.
fn pascal(code: &str) -> String {
    code.split(['/', '-'])
        .flat_map(|word| {
            let mut letters = word.chars();
            letters.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(letters)
        })
        .collect()
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn result(f: &Finding, rules: &Rules, files: &Files<'_>) -> Value {
    let mut told = message(f);
    if !f.action.is_empty() {
        let _ = write!(told, "\nNext: {}", safe(&f.action));
    }
    let places = f.evidence.iter().take(MOST_LOCATIONS);
    let mut locations: Vec<Value> = places.map(|e| files.location(&e.file, Some(e.line))).collect();
    if locations.is_empty() {
        locations.extend(files.list.first().map(|first| files.location(first.name, None)));
    }
    let related = locations.split_off(locations.len().min(1)).into_iter().zip(f.evidence.iter().skip(1));
    let related = related.enumerate().map(|(at, (mut location, Evidence { dataset, .. }))| {
        location["id"] = (at + 1).into();
        location["message"] = json!({"text": words(&safe(dataset))});
        location
    });
    let suppressions = match f.state {
        State::Waived => {
            json!([{"kind": "external", "status": "accepted", "justification": "[[waiver]] in crosscheck.toml"}])
        }
        _ => json!([]),
    };
    json!({
        "ruleId": f.code,
        "ruleIndex": rules.places.get(f.code),
        "level": level(f.severity),
        "message": {"text": words(&told)},
        "locations": locations,
        "relatedLocations": related.collect::<Vec<_>>(),
        "partialFingerprints": {
            // What GitHub tells alerts apart by. It would take the hash of the line, which is another every day.
            "primaryLocationLineHash": format!("{}:1", f.fingerprint),
            "crosscheckFinding/v1": f.fingerprint,
        },
        "baselineState": match f.state {
            State::New => "new",
            State::Worsened => "updated",
            State::Persisting | State::Waived => "unchanged",
        },
        "suppressions": suppressions,
        "properties": properties(f),
    })
}

/// The finding's fields that SARIF has no name for.
fn properties(f: &Finding) -> Map<String, Value> {
    let all = serde_json::to_value(f).unwrap_or_default();
    let mut all = match all {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    // Said by ruleId, level, message and the locations' lines.
    for told in ["code", "severity", "message"] {
        all.shift_remove(told);
    }
    all
}

fn of_problem(p: &Problem, exit_code: u8) -> Value {
    let text = problem(&Problem { file: None, ..p.clone() });
    let mut told = json!({
        "descriptor": {"id": safe(&p.code)},
        "level": if exit_code >= exit::USAGE { "error" } else { "warning" },
        "message": {"text": words(&text)},
    });
    if let Some(file) = &p.file {
        told["locations"] = json!([location(file, None, p.line)]);
    }
    told
}

/// What could not be judged, by rule.
fn of_unjudged(r: &RuleReport, rules: &Rules) -> Option<Value> {
    if r.severity.is_none() || r.not_judged == 0 && r.missing.is_empty() {
        return None;
    }
    let why = if r.missing.is_empty() { String::new() } else { format!(": {}", missing(&r.missing)) };
    let text = format!("{}: {} judged, {} not judged{why}", r.code, r.judged, r.not_judged);
    Some(json!({
        "descriptor": {"id": "rule/not-judged"},
        "associatedRule": rules.reference(r.code),
        "level": "note",
        "message": {"text": words(&text)},
    }))
}

/// One export file, which may hold several datasets.
struct File<'r> {
    name: &'r str,
    digest: &'r str,
    datasets: Vec<&'r str>,
}

/// The exports, each file once.
struct Files<'r> {
    list: Vec<File<'r>>,
    places: BTreeMap<&'r str, usize>,
}

impl<'r> Files<'r> {
    fn of(report: &'r Report) -> Files<'r> {
        let mut files = Files { list: Vec::new(), places: BTreeMap::new() };
        for input in &report.inputs {
            let at = *files.places.entry(&input.file).or_insert_with(|| {
                files.list.push(File { name: &input.file, digest: &input.digest, datasets: Vec::new() });
                files.list.len() - 1
            });
            files.list[at].datasets.push(&input.dataset);
        }
        files
    }

    fn artifacts(&self) -> Vec<Value> {
        let one = |f: &File<'_>| {
            json!({
                "location": artifact(f.name, None),
                "roles": ["analysisTarget"],
                "hashes": {"blake3": f.digest},
                "properties": {"datasets": f.datasets},
            })
        };
        self.list.iter().map(one).collect()
    }

    fn location(&self, file: &str, line: Option<u64>) -> Value {
        location(file, self.places.get(file).copied(), line)
    }
}

fn location(file: &str, place: Option<usize>, line: Option<u64>) -> Value {
    let mut physical = json!({"artifactLocation": artifact(file, place)});
    // SARIF counts lines from 1, as we do; 0 is no line.
    if let Some(line) = line.filter(|n| *n > 0) {
        physical["region"] = json!({"startLine": line});
    }
    json!({"physicalLocation": physical})
}

fn artifact(file: &str, place: Option<usize>) -> Value {
    let uri = uri(file);
    let mut artifact = json!({"uri": uri});
    if !uri.starts_with("file:") {
        artifact["uriBaseId"] = ROOT.into();
    }
    if let Some(at) = place {
        artifact["index"] = at.into();
    }
    artifact
}

/// A path as a URI reference: percent-encoded, with forward slashes; absolute ones as `file:` URIs.
fn uri(path: &str) -> String {
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() };
    let drive = path.as_bytes().get(1) == Some(&b':') && cfg!(windows);
    let mut out = match (path.starts_with('/'), drive) {
        (true, _) => "file://".to_owned(),
        (false, true) => "file:///".to_owned(),
        (false, false) => String::new(),
    };
    for byte in path.strip_prefix("./").unwrap_or(&path).bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A text as SARIF's messages are read: braces stand for placeholders unless doubled, and `[words](target)` is a
/// link, which no text of an export may become.
fn words(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}").replace("](", "] (")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Format, RenderOptions, sample};

    fn log_of(report: &Report) -> Value {
        serde_json::from_str(&sample::text(report, Format::Sarif, &RenderOptions::default())).unwrap()
    }

    fn results(report: &Report) -> Vec<Value> {
        log_of(report)["runs"][0]["results"].as_array().unwrap().clone()
    }

    #[test]
    fn a_result_carries_the_finding_whole() {
        let report = sample::report();
        let results = results(&report);
        assert_eq!(results.len(), report.findings.len());
        let (f, r) = (&report.findings[0], &results[0]);
        assert_eq!(r["ruleId"], f.code);
        assert_eq!(r["level"], "error");
        assert!(r["message"]["text"].as_str().unwrap().starts_with(&f.message), "{r}");
        let place = &r["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], f.evidence[0].file.as_str());
        assert_eq!(place["region"]["startLine"], f.evidence[0].line);
        assert_eq!(r["relatedLocations"].as_array().unwrap().len(), f.evidence.len() - 1);
        assert_eq!(r["partialFingerprints"]["crosscheckFinding/v1"], f.fingerprint.as_str());
        let all = serde_json::to_value(f).unwrap();
        for (name, value) in all.as_object().unwrap() {
            match name.as_str() {
                "code" | "severity" | "message" => {}
                name => assert_eq!(r["properties"][name], *value, "{name}"),
            }
        }
    }

    #[test]
    fn a_rule_index_leads_to_the_rule() {
        let log = log_of(&sample::report());
        let run = &log["runs"][0];
        for r in run["results"].as_array().unwrap() {
            let at = r["ruleIndex"].as_u64().unwrap() as usize;
            assert_eq!(run["tool"]["driver"]["rules"][at]["id"], r["ruleId"]);
        }
    }

    #[test]
    fn a_finding_without_evidence_stands_at_the_first_input() {
        let mut report = sample::report();
        report.findings[0].evidence.clear();
        let place = &results(&report)[0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], report.inputs[0].file.as_str());
        assert_eq!(place["region"], Value::Null);
        report.inputs.clear();
        assert_eq!(results(&report)[0]["locations"], json!([]));
    }

    #[test]
    fn a_waived_finding_is_suppressed_and_no_other() {
        let mut report = sample::report();
        report.findings[1].state = State::Waived;
        let results = results(&report);
        assert_eq!(results[1]["suppressions"][0]["status"], "accepted");
        assert_eq!(results[0]["suppressions"], json!([]));
    }

    #[test]
    fn a_severity_that_was_set_overrides_the_rule_s_own() {
        let mut report = sample::report();
        report.rules[0].severity = Some(Severity::Info);
        report.rules[2].severity = None;
        let log = log_of(&report);
        let overrides = log["runs"][0]["invocations"][0]["ruleConfigurationOverrides"].as_array().unwrap();
        let of = |code: &str| overrides.iter().find(|o| o["descriptor"]["id"] == code).unwrap();
        assert_eq!(of("reconcile/quantity-mismatch")["configuration"], json!({"level": "note"}));
        assert_eq!(of("reconcile/period-gap")["configuration"], json!({"enabled": false}));
    }

    #[test]
    fn data_that_cannot_be_trusted_is_an_execution_that_failed() {
        let report = sample::untrusted();
        let log = log_of(&report);
        let invocation = &log["runs"][0]["invocations"][0];
        assert_eq!(invocation["executionSuccessful"], false);
        assert_eq!(invocation["exitCode"], 3);
        let told = invocation["toolExecutionNotifications"].as_array().unwrap();
        assert_eq!(told[0]["descriptor"]["id"], report.problems[0].code.as_str());
        assert_eq!(told[0]["level"], "error");
        assert_eq!(told[0]["locations"][0]["physicalLocation"]["region"]["startLine"], 88);
    }

    #[test]
    fn text_of_an_export_is_neither_link_nor_placeholder() {
        let mut report = sample::report();
        report.findings[0].message = "acct {0} [pay here](https://evil.example)".into();
        let text = results(&report)[0]["message"]["text"].as_str().unwrap().to_owned();
        assert!(text.starts_with("acct {{0}} [pay here] (https://evil.example)"), "{text}");
    }

    #[test]
    fn paths_are_uris() {
        assert_eq!(uri("exports/usage 1.csv"), "exports/usage%201.csv");
        assert_eq!(uri("./a:b/ü?#.csv"), "a%3Ab/%C3%BC%3F%23.csv");
        #[cfg(unix)]
        assert_eq!(uri("/tmp/x.csv"), "file:///tmp/x.csv");
    }
}
