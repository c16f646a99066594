//! Whether a report says what the generator knows.

use serde_json::Value;
use std::collections::BTreeMap;

fn counts(value: &Value) -> BTreeMap<&str, u64> {
    let entries = value.as_object().into_iter().flatten();
    entries.filter_map(|(k, v)| Some((k.as_str(), v.as_u64()?))).filter(|(_, n)| *n > 0).collect()
}

/// How many events the report says were repeated, by metric.
fn repeated(report: &Value) -> BTreeMap<&str, u64> {
    let findings = report["findings"].as_array().into_iter().flatten();
    let findings = findings.filter(|f| f["code"] == "reconcile/duplicate-events");
    findings
        .filter_map(|f| Some((f["key"]["metric"].as_str()?, f["diff"][0]["actual"].as_str()?.parse().ok()?)))
        .collect()
}

/// What the report says otherwise than the answer, one sentence each.
///
/// `grain` is `month` or `day`; `rows` and `repeats` are the events given, and of them the repeated ones by metric.
pub(crate) fn differences(
    line: &str,
    report: &Value,
    answer: &Value,
    grain: &str,
    rows: u64,
    repeats: &BTreeMap<String, u64>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut compare = |what: &str, known: String, found: String| {
        if known != found {
            wrong.push(format!("{line}: {what} must be {known}, crosscheck says {found}"));
        }
    };
    let (known, found) = (counts(&answer[grain]["by_code"]), counts(&report["summary"]["by_code"]));
    compare("findings", format!("{known:?}"), format!("{found:?}"));
    let known: BTreeMap<&str, u64> =
        repeats.iter().map(|(m, n)| (m.as_str(), *n)).filter(|(_, n)| *n > 0).collect();
    compare("repeated events", format!("{known:?}"), format!("{:?}", repeated(report)));
    let inputs = report["inputs"].as_array().into_iter().flatten();
    let events = inputs.clone().filter(|i| i["dataset"] == "usage_events");
    let sum = |key: &str| events.clone().filter_map(|i| i[key].as_u64()).sum::<u64>();
    compare("loaded events", rows.to_string(), sum("loaded").to_string());
    let rejected: u64 = inputs.filter_map(|i| i["rejected"].as_u64()).sum();
    compare("rejected rows", "0".to_owned(), rejected.to_string());
    wrong
}
