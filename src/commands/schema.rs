//! `crosscheck schema`: the datasets and their columns, the profiles, the report.

use super::{Failure, Session, listing::Listing};
use crate::{
    exit,
    model::datasets::{self, DATASETS, Dataset, Kind, Type},
};
use serde_json::{Map, Value, json};

/// Runs the command; returns the exit code.
pub fn run(session: &Session, name: Option<&str>, profiles: bool) -> Result<u8, Failure> {
    if profiles {
        return list_profiles(session);
    }
    match name {
        None => all(session),
        Some("report") => print_json(session, &crate::report::schema::report_schema()),
        Some("run") => print_json(session, &crate::report::schema::run_schema()),
        Some("finding") => print_json(session, &crate::report::schema::finding_schema()),
        Some(name) => {
            let Some(dataset) = datasets::find(name) else {
                let near = datasets::nearest(name, DATASETS.iter().map(|d| d.name));
                let near = near.first().map_or_else(String::new, |n| format!("; did you mean {n}?"));
                return Err(Failure::usage(
                    "usage/unknown-dataset",
                    format!("there is no dataset {name}{near}; `crosscheck schema` lists them"),
                ));
            };
            one(session, dataset)
        }
    }
}

fn print_json(session: &Session, value: &Value) -> Result<u8, Failure> {
    session.ui.print(|out| {
        serde_json::to_writer_pretty(&mut *out, value)?;
        writeln!(out)
    })?;
    Ok(exit::OK)
}

fn kind(d: &Dataset) -> &'static str {
    match d.kind {
        Kind::Snapshot => "snapshot",
        Kind::Log => "log",
    }
}

fn all(session: &Session) -> Result<u8, Failure> {
    if session.settings.format == "json" {
        let schemas: Map<String, Value> =
            DATASETS.iter().map(|d| (d.name.to_owned(), dataset_schema(d))).collect();
        let whole = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "The datasets that crosscheck reads",
            "$defs": schemas,
        });
        return print_json(session, &whole);
    }
    let rows = DATASETS
        .iter()
        .map(|d| {
            let key: Vec<&str> = d.key().map(|c| d.columns[c].name).collect();
            vec![json!(d.name), json!(kind(d)), json!(d.columns.len()), json!(key.join(" ")), json!(d.doc)]
        })
        .collect();
    let listing = Listing {
        schema: "crosscheck.datasets/1",
        name: "datasets",
        columns: &["dataset", "kind", "columns", "key", "a_row_is"],
        rows,
        below: vec![
            "crosscheck schema DATASET lists the columns; --format json gives JSON Schema".to_owned(),
        ],
        ..Listing::default()
    };
    listing.print(session)?;
    Ok(exit::OK)
}

fn one(session: &Session, d: &'static Dataset) -> Result<u8, Failure> {
    if session.settings.format == "json" {
        let mut schema = dataset_schema(d);
        schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
        return print_json(session, &schema);
    }
    let rows = d
        .columns
        .iter()
        .map(|c| {
            let words = if let Type::Enum(words) = c.ty { words.join(", ") } else { String::new() };
            let role = match (c.required, c.key) {
                (true, true) => "required, key",
                (true, false) => "required",
                (false, true) => "key",
                (false, false) => "",
            };
            vec![json!(c.name), json!(c.ty.name()), json!(role), json!(words)]
        })
        .collect();
    let listing = Listing {
        schema: "crosscheck.dataset/1",
        name: "columns",
        columns: &["column", "type", "role", "words"],
        rows,
        above: vec![format!("{} ({}): {}", d.name, kind(d), d.doc)],
        ..Listing::default()
    };
    listing.print(session)?;
    Ok(exit::OK)
}

fn list_profiles(session: &Session) -> Result<u8, Failure> {
    let profiles = session.profiles()?;
    let rows = profiles
        .iter()
        .map(|p| {
            let mut datasets: Vec<&str> = Vec::new();
            for name in p.datasets().map(|d| d.name) {
                if !datasets.contains(&name) {
                    datasets.push(name);
                }
            }
            vec![json!(p.name), json!(datasets.join(", ")), json!(p.system), json!(p.title)]
        })
        .collect();
    let listing = Listing {
        schema: "crosscheck.profiles/1",
        name: "profiles",
        columns: &["profile", "datasets", "system", "export"],
        rows,
        ..Listing::default()
    };
    listing.print(session)?;
    Ok(exit::OK)
}

/// JSON Schema of one record of a dataset in its canonical JSON form.
pub fn dataset_schema(d: &Dataset) -> Value {
    let mut properties = Map::new();
    for c in d.columns {
        let mut schema = match c.ty {
            Type::Text => json!({"type": ["string", "number", "null"]}),
            Type::Int => json!({"type": ["integer", "string", "null"], "pattern": "^[+-]?[0-9]+$"}),
            Type::Decimal => {
                json!({"type": ["number", "string", "null"], "pattern": "^[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)$"})
            }
            Type::Money => json!({
                "type": ["number", "string", "null"],
                "pattern": "^[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)$",
                "description": "major units; the currency stands in `currency`"
            }),
            Type::Time => json!({
                "type": ["string", "null"],
                "description": "RFC 3339, YYYY-MM-DD HH:MM:SS[.fff][offset], or YYYY-MM-DD"
            }),
            Type::Date => json!({"type": ["string", "null"], "format": "date"}),
            Type::Bool => json!({"type": ["boolean", "string", "integer", "null"]}),
            Type::List => json!({"type": ["array", "string", "null"], "items": {"type": "string"}}),
            Type::Enum(words) => {
                let mut all: Vec<Value> = words.iter().map(|w| json!(w)).collect();
                if !c.required {
                    all.push(Value::Null);
                }
                json!({"enum": all})
            }
            Type::Currency => json!({"type": ["string", "null"], "description": "ISO 4217"}),
            Type::Zone => json!({"type": ["string", "null"], "description": "IANA time zone"}),
        };
        if let Some(Value::Array(types)) = schema.get_mut("type").filter(|_| c.required) {
            types.retain(|t| t != "null");
        }
        properties.insert(c.name.to_owned(), schema);
    }
    let required: Vec<&str> = d.columns.iter().filter(|c| c.required).map(|c| c.name).collect();
    let mut schema = json!({
        "title": d.name,
        "description": d.doc,
        "type": "object",
        "properties": properties,
        "required": required,
    });
    if !d.one_of.is_empty() {
        let all: Vec<Value> = d
            .one_of
            .iter()
            .map(|group| json!({"anyOf": group.iter().map(|c| json!({"required": [c]})).collect::<Vec<_>>()}))
            .collect();
        schema["allOf"] = json!(all);
    }
    schema
}
