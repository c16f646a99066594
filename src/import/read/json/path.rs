//! Places in a JSON value, and scalars as text.

use serde_json::Value;
use std::str::FromStr;
use thiserror::Error;

/// A place in a JSON value: `a.b[0].c`, `lines.data[]` (each element), `metadata["odd.name"]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Name(String),
    Index(usize),
    Each,
}

/// A path that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{path}` is no path: {what}; write names and places as in a.b[0].c, lines.data[] or metadata[\"x.y\"]"
)]
pub struct BadPath {
    path: String,
    what: &'static str,
}

impl FromStr for Path {
    type Err = BadPath;

    fn from_str(path: &str) -> Result<Path, BadPath> {
        let bad = |what| BadPath { path: path.to_owned(), what };
        let mut steps = Vec::new();
        let mut rest = path;
        while !rest.is_empty() {
            if let Some(quoted) = rest.strip_prefix("[\"") {
                let (name, after) = quoted.split_once("\"]").ok_or(bad("`[\"` is not closed"))?;
                steps.push(Step::Name(name.to_owned()));
                rest = after;
            } else if let Some(inside) = rest.strip_prefix('[') {
                let (index, after) = inside.split_once(']').ok_or(bad("`[` is not closed"))?;
                steps.push(match index {
                    "" => Step::Each,
                    n => Step::Index(n.parse().map_err(|_| bad("what stands in `[]` is no whole number"))?),
                });
                rest = after;
            } else {
                let name = match (rest.strip_prefix('.'), steps.is_empty()) {
                    (Some(_), true) => return Err(bad("it begins with a point")),
                    (Some(name), false) => name,
                    (None, true) => rest,
                    (None, false) => return Err(bad("a point is missing after `]`")),
                };
                let end = name.find(['.', '[']).unwrap_or(name.len());
                let (name, after) = name.split_at(end);
                if name.is_empty() {
                    return Err(bad("a name is empty"));
                }
                steps.push(Step::Name(name.to_owned()));
                rest = after;
            }
        }
        if steps.is_empty() { Err(bad("it is empty")) } else { Ok(Path(steps)) }
    }
}

impl Path {
    /// The value there; of several (`[]`) the first. `None` if there is none.
    pub fn get<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(root, |value, step| match step {
            Step::Name(name) => value.get(name),
            Step::Index(i) => value.get(i),
            Step::Each => value.get(0),
        })
    }

    /// All values there, in order.
    pub fn all<'v>(&self, root: &'v Value) -> Vec<&'v Value> {
        let mut values = vec![root];
        for step in &self.0 {
            values = match step {
                Step::Name(name) => values.into_iter().filter_map(|v| v.get(name)).collect(),
                Step::Index(i) => values.into_iter().filter_map(|v| v.get(i)).collect(),
                Step::Each => values.into_iter().filter_map(Value::as_array).flatten().collect(),
            };
        }
        values
    }
}

/// What a JSON value is as the value of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar<'v> {
    /// `null`: not given.
    Absent,
    /// A text as it is; `true`, `false`; a number by the very digits of the file.
    Text(&'v str),
    /// An array or object, which is no column's value.
    Nested,
}

/// A scalar as text.
pub fn scalar(value: &Value) -> Scalar<'_> {
    match value {
        Value::Null => Scalar::Absent,
        Value::Bool(true) => Scalar::Text("true"),
        Value::Bool(false) => Scalar::Text("false"),
        Value::Number(n) => Scalar::Text(n.as_str()),
        Value::String(s) => Scalar::Text(s),
        Value::Array(_) | Value::Object(_) => Scalar::Nested,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value() -> Value {
        let text = r#"{"a":{"b":[{"c":1},{"c":2}]},"x.y":{"z":true},"n":null,
            "big":123456789012345678901234567890.1234567890,"e":1e3,"m":-0,"t":"1.50","f":1.50}"#;
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_path_leads_to_a_value() {
        let v = value();
        let get = |path: &str| path.parse::<Path>().unwrap().get(&v).map(ToString::to_string);
        assert_eq!(get("a.b[1].c").as_deref(), Some("2"));
        assert_eq!(get("a.b[].c").as_deref(), Some("1"));
        assert_eq!(get("[\"x.y\"].z").as_deref(), Some("true"));
        assert_eq!(get("a.b[2].c"), None);
        assert_eq!(get("a.b.c"), None);
        assert_eq!("a.b[].c".parse::<Path>().unwrap().all(&v).len(), 2);
        assert_eq!("a.b[]".parse::<Path>().unwrap().all(&v).len(), 2);
        assert!("a.q[]".parse::<Path>().unwrap().all(&v).is_empty());
    }

    #[test]
    fn a_path_that_cannot_be_read_is_refused() {
        for path in ["", ".a", "a..b", "a[", "a[x]", "a[0]b", "a[\"b", "a."] {
            assert!(path.parse::<Path>().is_err(), "{path}");
        }
    }

    #[test]
    fn scalars_keep_their_digits() {
        let v = value();
        assert_eq!(scalar(&v["big"]), Scalar::Text("123456789012345678901234567890.1234567890"));
        assert_eq!(scalar(&v["f"]), Scalar::Text("1.50"));
        assert_eq!(scalar(&v["m"]), Scalar::Text("-0"));
        assert!(matches!(scalar(&v["e"]), Scalar::Text("1e3" | "1e+3")));
        assert_eq!(scalar(&v["t"]), Scalar::Text("1.50"));
        assert_eq!(scalar(&v["n"]), Scalar::Absent);
        assert_eq!(scalar(&v["x.y"]["z"]), Scalar::Text("true"));
        assert_eq!(scalar(&v["a"]), Scalar::Nested);
    }
}
