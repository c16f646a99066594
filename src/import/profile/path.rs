//! JSON paths: `a.b`, `a[0].b`, `a[].b`, `a.*.b`, `^.a`.

use serde_json::Value;
use std::{borrow::Cow, fmt};

/// A path into a JSON record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    /// How many records further out it starts.
    up: usize,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    At(usize),
    Each,
    Any,
}

/// What stands at a path.
#[derive(Clone, Debug)]
pub(crate) enum Found<'a> {
    /// No such key.
    Missing,
    /// An explicit null, there or on the way.
    Null,
    One(&'a Value),
    /// The values of a path with `[]`.
    Many(Vec<&'a Value>),
}

/// A row with the records around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a, 's> {
    pub value: &'a Value,
    pub outer: Option<&'s Scope<'a, 's>>,
}

impl Path {
    /// Reads a path; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Path, String> {
        let mut path = Path { up: 0, steps: Vec::new() };
        for part in text.split('.') {
            if part == "^" && path.steps.is_empty() {
                path.up += 1;
                continue;
            }
            let (key, mut brackets) = part.split_at(part.find('[').unwrap_or(part.len()));
            match key {
                "" if brackets.is_empty() => return Err(format!("the path {text} has an empty part")),
                "" => {}
                "*" => path.steps.push(Step::Any),
                key => path.steps.push(Step::Key(key.to_owned())),
            }
            while !brackets.is_empty() {
                let Some(end) = brackets.find(']') else { return Err(format!("the path {text} lacks a ]")) };
                path.steps.push(match &brackets[1..end] {
                    "" => Step::Each,
                    at => Step::At(
                        at.parse().map_err(|_| format!("the path {text} has no number in its brackets"))?,
                    ),
                });
                brackets = &brackets[end + 1..];
                if !brackets.is_empty() && !brackets.starts_with('[') {
                    return Err(format!("the path {text} lacks a dot after ]"));
                }
            }
        }
        if path.steps.is_empty() { Err(format!("the path {text} names no key")) } else { Ok(path) }
    }

    /// Its keys, where it has nothing else and starts at the row.
    pub(crate) fn keys(&self) -> Option<Vec<&str>> {
        if self.up > 0 {
            return None;
        }
        let keys = self.steps.iter().map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::At(_) | Step::Each | Step::Any => None,
        });
        keys.collect()
    }

    /// Whether it starts outside the row.
    pub(crate) fn climbs(&self) -> usize {
        self.up
    }

    /// What stands there.
    pub(crate) fn find<'a>(&self, scope: &Scope<'a, '_>) -> Found<'a> {
        let mut scope = *scope;
        for _ in 0..self.up {
            match scope.outer {
                Some(outer) => scope = *outer,
                None => return Found::Missing,
            }
        }
        walk(scope.value, &self.steps)
    }

    /// Whether `true` stands there, in a record as a whole.
    pub(crate) fn is_true(&self, record: &Value) -> bool {
        match self.find(&Scope { value: record, outer: None }) {
            Found::One(v) => *v == Value::Bool(true),
            Found::Many(all) => all.contains(&&Value::Bool(true)),
            Found::Missing | Found::Null => false,
        }
    }

    /// Calls `row` with each item of the list at this path, the records around it reachable. False where the
    /// path leads to no list.
    pub(crate) fn each_row<'a>(&self, scope: &Scope<'a, '_>, row: &mut dyn FnMut(&Scope<'a, '_>)) -> bool {
        rows(scope, scope.value, &self.steps, row)
    }
}

fn rows<'a>(
    outer: &Scope<'a, '_>,
    value: &'a Value,
    steps: &[Step],
    row: &mut dyn FnMut(&Scope<'a, '_>),
) -> bool {
    let Some(at) = steps.iter().position(|s| *s == Step::Each) else { return false };
    let Found::One(Value::Array(items)) = walk(value, &steps[..at]) else { return false };
    let rest = &steps[at + 1..];
    for item in items {
        let scope = Scope { value: item, outer: Some(outer) };
        if rest.is_empty() {
            row(&scope);
        } else {
            rows(&scope, item, rest, row);
        }
    }
    true
}

fn walk<'a>(value: &'a Value, steps: &[Step]) -> Found<'a> {
    let Some((step, rest)) = steps.split_first() else {
        return if value.is_null() { Found::Null } else { Found::One(value) };
    };
    match (step, value) {
        (_, Value::Null) => Found::Null,
        (Step::Key(key), Value::Object(map)) => map.get(key).map_or(Found::Missing, |v| walk(v, rest)),
        (Step::At(at), Value::Array(items)) => items.get(*at).map_or(Found::Missing, |v| walk(v, rest)),
        (Step::Any, Value::Object(map)) => best(map.values().map(|v| walk(v, rest))),
        (Step::Each, Value::Array(items)) => {
            let mut all = Vec::new();
            for item in items {
                match walk(item, rest) {
                    Found::One(v) => all.push(v),
                    Found::Many(more) => all.extend(more),
                    Found::Missing | Found::Null => {}
                }
            }
            Found::Many(all)
        }
        _ => Found::Missing,
    }
}

/// The first value, else a null, else nothing.
fn best<'a>(all: impl Iterator<Item = Found<'a>>) -> Found<'a> {
    let mut kept = Found::Missing;
    for found in all {
        match found {
            Found::One(_) | Found::Many(_) => return found,
            Found::Null => kept = Found::Null,
            Found::Missing => {}
        }
    }
    kept
}

/// As it is written in a profile.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut dot = "";
        for _ in 0..self.up {
            write!(f, "{dot}^")?;
            dot = ".";
        }
        for step in &self.steps {
            match step {
                Step::Key(key) => write!(f, "{dot}{key}")?,
                Step::Any => write!(f, "{dot}*")?,
                Step::At(at) => write!(f, "[{at}]")?,
                Step::Each => f.write_str("[]")?,
            }
            dot = ".";
        }
        Ok(())
    }
}

/// A scalar's text; `None` for lists and objects.
pub(crate) fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    Some(match value {
        Value::Null => Cow::Borrowed(""),
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        Value::Number(n) => Cow::Borrowed(n.as_str()),
        Value::String(s) => Cow::Borrowed(s),
        Value::Array(_) | Value::Object(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn show(path: &str, value: &Value) -> String {
        match Path::parse(path).unwrap().find(&Scope { value, outer: None }) {
            Found::Missing => "missing".to_owned(),
            Found::Null => "null".to_owned(),
            Found::One(v) => v.to_string(),
            Found::Many(all) => all.iter().map(ToString::to_string).collect::<Vec<_>>().join("+"),
        }
    }

    #[test]
    fn paths_reach_keys_items_lists_and_any_key() {
        let v =
            json!({"a": {"b": 1, "n": null}, "l": [{"x": 1}, {"x": 2}, {}], "p": {"q": {"f": true}, "r": 3}});
        assert_eq!(show("a.b", &v), "1");
        assert_eq!(show("a.n", &v), "null");
        assert_eq!(show("a.n.deep", &v), "null");
        assert_eq!(show("a.z", &v), "missing");
        assert_eq!(show("a.b.c", &v), "missing");
        assert_eq!(show("l[1].x", &v), "2");
        assert_eq!(show("l[7].x", &v), "missing");
        assert_eq!(show("l[].x", &v), "1+2");
        assert_eq!(show("p.*.f", &v), "true");
        assert_eq!(show("^.a", &v), "missing");
    }

    #[test]
    fn nested_rows_see_the_records_around_them() {
        let v = json!({"id": "in", "subs": [{"s": 1, "items": [{"i": 1}, {"i": 2}]}, {"s": 2, "items": []}]});
        let mut seen = Vec::new();
        let field = |p: &str, s: &Scope<'_, '_>| match Path::parse(p).unwrap().find(s) {
            Found::One(v) => v.to_string(),
            other => format!("{other:?}"),
        };
        let rows = Path::parse("subs[].items[]").unwrap();
        assert!(rows.each_row(&Scope { value: &v, outer: None }, &mut |s| {
            seen.push([field("i", s), field("^.s", s), field("^.^.id", s)].join(" "));
        }));
        assert_eq!(seen, ["1 1 \"in\"", "2 1 \"in\""]);
        assert!(!Path::parse("none[]").unwrap().each_row(&Scope { value: &v, outer: None }, &mut |_| {}));
    }

    #[test]
    fn a_path_is_shown_as_it_is_written_and_faults_are_named() {
        for path in ["a.b", "^.^.id", "l[0].x[].y", "p.*.f", "[0].a"] {
            assert_eq!(Path::parse(path).unwrap().to_string(), path);
        }
        for path in ["", "a..b", "a[", "a[x]", "a[0]b", "^"] {
            assert!(Path::parse(path).is_err(), "{path}");
        }
    }
}
