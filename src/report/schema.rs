//! JSON Schema (2020-12) of the report. It is as strict as the contract: no field that it does not name, every
//! word out of its list, decimals as texts, timestamps with `Z`.

use serde_json::{Map, Value, json};

/// The report of one check, `crosscheck.report/1`.
pub fn report_schema() -> Value {
    let mut schema = object(json!({
        "schema": {"const": "crosscheck.report/1"},
        "tool": object(json!({"name": {"const": "crosscheck"}, "version": text()})),
        "check": {"type": "string", "pattern": "^[a-z][a-z0-9-]*$"},
        "as_of": timestamp(),
        "timezone": {"type": "string", "minLength": 1, "description": "IANA zone of day boundaries"},
        "verdict": {"enum": ["pass", "findings", "partly_judged", "not_judged"]},
        "exit_code": {"type": "integer", "minimum": 0, "maximum": 3},
        "problems": list(problem()),
        "parameters": {"type": "object", "description": "the thresholds in force"},
        "rules": list(object(json!({
            "code": code(),
            "severity": {"enum": ["error", "warning", "info", null], "description": "null: switched off"},
            "judged": count(),
            "not_judged": count(),
            "missing": list(json!({
                "type": "string",
                "pattern": "^(--[a-z-]+|[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)?(\\|[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)?)*)$",
                "description": "dataset or dataset.column, or an option that was not given",
            })),
        }))),
        "inputs": list(object(json!({
            "dataset": text(),
            "file": text(),
            "profile": nullable(text()),
            "rows": count(),
            "loaded": count(),
            "rejected": count(),
            "filtered": count(),
            "digest": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "BLAKE3 of the file"},
            "oldest": nullable(stamp()),
            "newest": nullable(stamp()),
        }))),
        "summary": summary(),
        "findings": list(json!({"$ref": "#/$defs/finding"})),
        "rows": list(json!({
            "type": "object",
            "additionalProperties": {"type": ["string", "number", "boolean", "array", "null"]},
            "description": "the check's result table, its columns as crosscheck explain names them",
        })),
    }));
    head(&mut schema, "crosscheck.report/1", "The report of one check of crosscheck");
    if let Value::Object(map) = &mut schema {
        map.insert("$defs".to_owned(), json!({"finding": finding()}));
    }
    schema
}

/// The reports of one run of several checks, `crosscheck.run/1`.
pub fn run_schema() -> Value {
    let mut report = report_schema();
    let mut schema = object(json!({
        "schema": {"const": "crosscheck.run/1"},
        "tool": object(json!({"name": {"const": "crosscheck"}, "version": text()})),
        "as_of": timestamp(),
        "timezone": {"type": "string", "minLength": 1, "description": "IANA zone of day boundaries"},
        "verdict": {"enum": ["pass", "findings", "partly_judged", "not_judged"]},
        "exit_code": {"type": "integer", "minimum": 0, "maximum": 3},
        "problems": list(problem()),
        "summary": object(json!({
            "checks": count(),
            "skipped": count(),
            "findings": count(),
            "by_severity": object(json!({"error": count(), "warning": count(), "info": count()})),
            "new": describe(count(), "findings that are new or have worsened"),
            "compared_with": describe(nullable(timestamp()), "the moment of the run before"),
            "exit_codes": {
                "type": "object",
                "propertyNames": {"pattern": "^[a-z][a-z0-9-]*$"},
                "additionalProperties": {"type": "integer", "minimum": 0, "maximum": 3},
            },
        })),
        "skipped": list(object(json!({
            "check": text(),
            "missing": describe(list(text()), "datasets; of alternatives joined by | one is enough"),
        }))),
        "reports": list(json!({"$ref": "#/$defs/report"})),
    }));
    head(&mut schema, "crosscheck.run/1", "The reports of one run of crosscheck");
    if let (Value::Object(map), Value::Object(inner)) = (&mut schema, &mut report) {
        let mut defs = match inner.remove("$defs") {
            Some(Value::Object(defs)) => defs,
            _ => Map::new(),
        };
        for own in ["$schema", "$id"] {
            inner.remove(own);
        }
        defs.insert("report".to_owned(), report);
        map.insert("$defs".to_owned(), defs.into());
    }
    schema
}

/// One finding: a line of `--format ndjson`, an entry of the report's `findings`.
pub fn finding_schema() -> Value {
    let mut schema = finding();
    head(&mut schema, "crosscheck.finding/1", "One finding of a check of crosscheck");
    schema
}

fn head(schema: &mut Value, id: &str, title: &str) {
    if let Value::Object(map) = schema {
        map.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
        map.insert("$id".to_owned(), format!("urn:crosscheck:{id}").into());
        map.insert("title".to_owned(), title.into());
    }
}

fn problem() -> Value {
    object(json!({
        "code": code(),
        "message": text(),
        "file": nullable(text()),
        "line": nullable(line()),
    }))
}

fn finding() -> Value {
    object(json!({
        "code": code(),
        "severity": {"enum": ["error", "warning", "info"]},
        "account": nullable(json!({"type": "string"})),
        "subject": object(json!({"kind": text(), "id": {"type": "string"}})),
        "key": {"type": "object", "additionalProperties": {"type": "string"}},
        "message": text(),
        "diff": list(object(json!({
            "field": text(),
            "expected": nullable(json!({"type": "string"})),
            "actual": nullable(json!({"type": "string"})),
            "delta": nullable(decimal()),
            "delta_percent": nullable(json!({"type": "string", "pattern": "^-?[0-9]+\\.[0-9]{2}$"})),
        }))),
        "cause": nullable(object(json!({"id": text(), "detail": {"type": "string"}}))),
        "impact": nullable(money()),
        "action": text(),
        "owner": text(),
        "due": nullable(timestamp()),
        "evidence": list(object(json!({"dataset": text(), "file": text(), "line": line()}))),
        "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
        "state": {"enum": ["new", "worsened", "persisting", "waived"]},
    }))
}

fn summary() -> Value {
    let mut summary = object(json!({
        "checked": count(),
        "findings": count(),
        "by_severity": object(json!({"error": count(), "warning": count(), "info": count()})),
        "by_code": {"type": "object", "propertyNames": code(), "additionalProperties": count()},
        "impact": list(money()),
        "causes": list(object(json!({
            "id": text(),
            "detail": {"type": "string"},
            "findings": count(),
            "impact": list(money()),
        }))),
        "not_judged": count(),
        "excluded": count(),
        "unmatched_ids": count(),
    }));
    // A check's own figures stand beside these, and how many rows were shown where not all were.
    if let Value::Object(map) = &mut summary {
        map.insert("additionalProperties".to_owned(), true.into());
        if let Some(Value::Object(properties)) = map.get_mut("properties") {
            properties.insert("rows_total".to_owned(), count());
            properties.insert("rows_shown".to_owned(), count());
        }
    }
    summary
}

/// An object of exactly these fields.
fn object(properties: Value) -> Value {
    let names: Vec<Value> = match &properties {
        Value::Object(map) => map.keys().map(|k| Value::from(k.as_str())).collect(),
        _ => Vec::new(),
    };
    let mut schema = Map::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties);
    schema.insert("required".to_owned(), names.into());
    schema.insert("additionalProperties".to_owned(), false.into());
    Value::Object(schema)
}

fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

fn nullable(schema: Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

fn text() -> Value {
    json!({"type": "string", "minLength": 1})
}

fn code() -> Value {
    json!({"type": "string", "pattern": "^[a-z][a-z0-9-]*/[a-z][a-z0-9-]*$"})
}

fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

fn line() -> Value {
    json!({"type": "integer", "minimum": 1})
}

fn decimal() -> Value {
    json!({"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$"})
}

/// An amount at stake is never negative.
fn money() -> Value {
    let schema = object(json!({
        "amount": {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$"},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
    }));
    describe(schema, "major units, ISO 4217")
}

fn timestamp() -> Value {
    let pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?Z$";
    describe(json!({"type": "string", "pattern": pattern}), "RFC 3339, UTC")
}

/// As the export writes it: an instant, a civil time or a date.
fn stamp() -> Value {
    let pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?Z?)?$";
    json!({"type": "string", "pattern": pattern})
}

fn describe(mut schema: Value, description: &str) -> Value {
    if let Value::Object(map) = &mut schema {
        map.insert("description".to_owned(), description.into());
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Format, RenderOptions, RowsWanted, sample};

    fn rendered(report: &crate::report::Report, options: &RenderOptions) -> Value {
        serde_json::from_str(&sample::text(report, Format::Json, options)).unwrap()
    }

    fn errors(value: &Value) -> Vec<String> {
        let validator = jsonschema::validator_for(&report_schema()).unwrap();
        validator.iter_errors(value).map(|e| format!("{} {e}", e.instance_path())).collect()
    }

    #[test]
    fn the_schemas_are_schemas() {
        for schema in [report_schema(), finding_schema()] {
            assert!(jsonschema::meta::is_valid(&schema));
        }
    }

    #[test]
    fn reports_as_they_are_written_are_valid() {
        let cut = RenderOptions { limit: Some(3), rows: RowsWanted::Flagged, ..RenderOptions::default() };
        for report in [sample::report(), sample::pass(), sample::untrusted(), sample::empty()] {
            for options in [RenderOptions::default(), cut] {
                assert_eq!(errors(&rendered(&report, &options)), [""; 0]);
            }
        }
    }

    #[test]
    fn findings_as_they_are_written_are_valid() {
        let validator = jsonschema::validator_for(&finding_schema()).unwrap();
        let text = sample::text(&sample::report(), Format::Ndjson, &RenderOptions::default());
        for line in text.lines() {
            assert!(validator.is_valid(&serde_json::from_str(line).unwrap()), "{line}");
        }
    }

    #[test]
    fn whatever_breaks_the_contract_is_not_valid() {
        let good = rendered(&sample::report(), &RenderOptions { limit: Some(1), ..RenderOptions::default() });
        let broken: [(&str, Value); 14] = [
            ("/schema", "crosscheck.report/2".into()),
            ("/as_of", "2026-11-01T06:00:00+00:00".into()),
            ("/verdict", "fail".into()),
            ("/exit_code", 4.into()),
            ("/rules/0/judged", "1601".into()),
            ("/rules/0/severity", "fatal".into()),
            ("/inputs/0/digest", "abc".into()),
            ("/findings/0/code", "Mismatch".into()),
            ("/findings/0/impact/amount", json!(800.0)),
            ("/findings/0/impact/amount", "-800.00".into()),
            ("/findings/0/diff/0/delta_percent", "16.7".into()),
            ("/findings/0/state", "old".into()),
            ("/findings/0/evidence/0/line", 0.into()),
            ("/rows/0/account", json!({})),
        ];
        for (at, value) in broken {
            let mut report = good.clone();
            *report.pointer_mut(at).unwrap() = value;
            assert_ne!(errors(&report), [""; 0], "{at}");
        }
        for at in ["", "/tool", "/findings/0", "/findings/0/subject", "/inputs/0", "/summary/by_severity"] {
            let mut report = good.clone();
            report.pointer_mut(at).unwrap().as_object_mut().unwrap().insert("more".into(), 1.into());
            assert_ne!(errors(&report), [""; 0], "{at}");
        }
        let mut report = good;
        report.as_object_mut().unwrap().remove("summary");
        assert_ne!(errors(&report), [""; 0]);
    }
}
