//! JSON paths: `a.b`, `a[0].b`, `a[k.l=word].b`, `a[].b`, `a{}.b`, `a.*.b`, `^.a`, `#`.

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
    /// The first item of a list at whose path that word stands, without regard to case.
    Where(Path, String),
    Each,
    /// Each value of an object.
    Values,
    Any,
    /// The key or the position under which the row stands.
    Name,
}

/// What stands at a path.
#[derive(Clone, Debug)]
pub(crate) enum Found<'a> {
    /// No such key.
    Missing,
    /// An explicit null, there or on the way.
    Null,
    One(&'a Value),
    /// The key or the position under which the row stands.
    Name(Cow<'a, str>),
    /// The values of a path with `[]`.
    Many(Vec<&'a Value>),
}

/// A row with the records around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a, 's> {
    pub value: &'a Value,
    pub outer: Option<&'s Scope<'a, 's>>,
    pub stands: Stands<'a>,
}

/// Under what a row stands in the record around it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stands<'a> {
    Alone,
    /// As a value of an object; the object around a file's records stands under the file's name.
    Under(&'a str),
    /// As an item of a list, from 1.
    At(usize),
}

impl<'a, 's> Scope<'a, 's> {
    /// A record as a whole.
    pub(crate) fn whole(value: &'a Value) -> Scope<'a, 's> {
        Scope { value, outer: None, stands: Stands::Alone }
    }
}

impl Path {
    /// Reads a path; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Path, String> {
        let mut path = Path { up: 0, steps: Vec::new() };
        for part in parts(text) {
            if part == "^" && path.steps.is_empty() {
                path.up += 1;
                continue;
            }
            let (key, mut brackets) = part.split_at(part.find(['[', '{']).unwrap_or(part.len()));
            match key {
                "#" if path.steps.is_empty() => path.steps.push(Step::Name),
                "" if brackets.is_empty() => return Err(format!("the path {text} has an empty part")),
                "" => {}
                "*" => path.steps.push(Step::Any),
                key => path.steps.push(Step::Key(key.to_owned())),
            }
            while !brackets.is_empty() {
                if let Some(rest) = brackets.strip_prefix("{}") {
                    path.steps.push(Step::Values);
                    brackets = rest;
                    continue;
                }
                let Some(end) = brackets.find(']').filter(|_| brackets.starts_with('[')) else {
                    return Err(format!("the path {text} lacks a ]"));
                };
                path.steps.push(match &brackets[1..end] {
                    "" => Step::Each,
                    inner => match inner.split_once('=') {
                        Some((key, word)) if !word.is_empty() => {
                            let key = Path::parse(key)?;
                            if key.keys().is_none() {
                                return Err(format!("the path {text} needs plain keys before ="));
                            }
                            Step::Where(key, word.to_owned())
                        }
                        _ => Step::At(inner.parse().map_err(|_| {
                            format!("the path {text} has neither a number nor key=word in its brackets")
                        })?),
                    },
                });
                brackets = &brackets[end + 1..];
                if !brackets.is_empty() && !brackets.starts_with(['[', '{']) {
                    return Err(format!("the path {text} lacks a dot after ]"));
                }
            }
        }
        if path.steps.contains(&Step::Name) && path.steps.len() > 1 {
            return Err(format!("the path {text} goes on after #"));
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
            Step::At(_) | Step::Where(..) | Step::Each | Step::Values | Step::Any | Step::Name => None,
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
        if self.steps == [Step::Name] {
            return match scope.stands {
                Stands::Alone => Found::Missing,
                Stands::Under(name) => Found::Name(Cow::Borrowed(name)),
                Stands::At(position) => Found::Name(Cow::Owned(position.to_string())),
            };
        }
        walk(scope.value, &self.steps)
    }

    /// Whether `true` stands there, in a record as a whole.
    pub(crate) fn is_true(&self, record: &Value) -> bool {
        match self.find(&Scope::whole(record)) {
            Found::One(v) => *v == Value::Bool(true),
            Found::Many(all) => all.contains(&&Value::Bool(true)),
            Found::Missing | Found::Null | Found::Name(_) => false,
        }
    }

    /// Calls `row` with each item of the list (or value of the object) at this path, the records around it reachable.
    /// False where the path leads to none.
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
    let Some(at) = steps.iter().position(|s| matches!(s, Step::Each | Step::Values)) else { return false };
    let rest = &steps[at + 1..];
    let mut each = |value: &'a Value, stands: Stands<'a>| {
        let scope = Scope { value, outer: Some(outer), stands };
        if rest.is_empty() {
            row(&scope);
        } else {
            rows(&scope, value, rest, row);
        }
    };
    match (&steps[at], walk(value, &steps[..at])) {
        (Step::Each, Found::One(Value::Array(items))) => {
            (1..).zip(items).for_each(|(n, item)| each(item, Stands::At(n)));
        }
        (Step::Values, Found::One(Value::Object(map))) => {
            map.iter().for_each(|(name, value)| each(value, Stands::Under(name)));
        }
        _ => return false,
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
        (Step::Where(path, word), Value::Array(items)) => {
            let is_it = |item: &&Value| match path.find(&Scope::whole(item)) {
                Found::One(v) => scalar(v).is_some_and(|t| t.trim().eq_ignore_ascii_case(word)),
                _ => false,
            };
            items.iter().find(is_it).map_or(Found::Missing, |v| walk(v, rest))
        }
        (Step::Any, Value::Object(map)) => best(map.values().map(|v| walk(v, rest))),
        (Step::Each, Value::Array(items)) => many(items.iter(), rest),
        (Step::Values, Value::Object(map)) => many(map.values(), rest),
        _ => Found::Missing,
    }
}

/// The parts of a path between its dots; those in brackets do not count.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    text.split(move |c| {
        inside = c == '[' || inside && c != ']';
        c == '.' && !inside
    })
}

/// All values that `rest` leads to.
fn many<'a>(items: impl Iterator<Item = &'a Value>, rest: &[Step]) -> Found<'a> {
    let mut all = Vec::new();
    for item in items {
        match walk(item, rest) {
            Found::One(v) => all.push(v),
            Found::Many(more) => all.extend(more),
            Found::Missing | Found::Null | Found::Name(_) => {}
        }
    }
    Found::Many(all)
}

/// The first value, else a null, else nothing.
fn best<'a>(all: impl Iterator<Item = Found<'a>>) -> Found<'a> {
    let mut kept = Found::Missing;
    for found in all {
        match found {
            Found::One(_) | Found::Many(_) | Found::Name(_) => return found,
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
                Step::Name => write!(f, "{dot}#")?,
                Step::At(at) => write!(f, "[{at}]")?,
                Step::Where(path, word) => write!(f, "[{path}={word}]")?,
                Step::Each => f.write_str("[]")?,
                Step::Values => f.write_str("{}")?,
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
        match Path::parse(path).unwrap().find(&Scope::whole(value)) {
            Found::Missing | Found::Name(_) => "missing".to_owned(),
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
        let v =
            json!({"l": [{"k": {"t": "a"}, "x": 1}, {"k": {"t": "B"}, "x": 2}, {"k": {"t": "b"}, "x": 3}]});
        assert_eq!(show("l[k.t=b].x", &v), "2");
        assert_eq!(show("l[k.t=c].x", &v), "missing");
        assert_eq!(show("l[x=3].k.t", &v), "\"b\"");
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
        assert!(rows.each_row(&Scope::whole(&v), &mut |s| {
            seen.push([field("i", s), field("^.s", s), field("^.^.id", s)].join(" "));
        }));
        assert_eq!(seen, ["1 1 \"in\"", "2 1 \"in\""]);
        assert!(!Path::parse("none[]").unwrap().each_row(&Scope::whole(&v), &mut |_| {}));
    }

    #[test]
    fn values_of_an_object_are_rows_with_their_keys() {
        let v = json!({"id": "f", "env": {"production": {"on": true}, "staging": {"on": false}}});
        let mut seen = Vec::new();
        let field = |p: &str, s: &Scope<'_, '_>| match Path::parse(p).unwrap().find(s) {
            Found::One(v) => v.to_string(),
            Found::Name(name) => name.into_owned(),
            other => format!("{other:?}"),
        };
        let rows = Path::parse("env{}").unwrap();
        assert!(rows.each_row(&Scope::whole(&v), &mut |s| {
            seen.push([field("#", s), field("on", s), field("^.id", s), field("^.#", s)].join(" "));
        }));
        assert_eq!(seen, ["production true \"f\" Missing", "staging false \"f\" Missing"]);
        let v = json!({"tiers": [{"up_to": 10}, {"up_to": null}]});
        let mut seen = Vec::new();
        Path::parse("tiers[]").unwrap().each_row(&Scope::whole(&v), &mut |s| seen.push(field("#", s)));
        assert_eq!(seen, ["1", "2"]);
        let v = json!({"id": "f", "env": {"production": {"on": true}, "staging": {"on": false}}});
        assert_eq!(show("env{}.on", &v), "true+false");
        assert!(!Path::parse("id{}").unwrap().each_row(&Scope::whole(&v), &mut |_| {}));
    }

    #[test]
    fn a_path_is_shown_as_it_is_written_and_faults_are_named() {
        for path in ["a.b", "^.^.id", "l[0].x[].y", "p.*.f", "[0].a", "e{}.x", "#", "^.#", "l[a.b=c].x"] {
            assert_eq!(Path::parse(path).unwrap().to_string(), path);
        }
        for path in ["", "a..b", "a[", "a[x]", "a[0]b", "^", "a{", "a{x}", "#.a", "a[b=]", "a[b", "a[b[]=c]"]
        {
            assert!(Path::parse(path).is_err(), "{path}");
        }
    }
}
