//! Where in a JSON text the records are.

use super::scan::{Scan, Step};
use memchr::memchr;
use serde::de::IgnoredAny;

/// How records lie in a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `[{…}, {…}]`, or several such arrays one after another.
    Array,
    /// One object a line.
    Lines,
    /// Objects one after another, or a single one, over any number of lines.
    Objects,
    /// `{"data": [{…}, {…}], "has_more": false}`, or several such pages one after another.
    Envelope,
}

/// Names under which an envelope holds records, beside those that the caller gives: first those of lists in general,
/// then those of single vendors. What an envelope holds under several is read from the earliest; a caller's go first.
const KEYS: [&str; 12] = [
    "data",
    "results",
    "items",
    "events",
    "features",
    "records",
    "issues",
    "conversations",
    "organizations",
    "ticket_metrics",
    "list",
    "fees",
];

/// Members by which an object calls itself a page of a list.
const PAGE: [&str; 4] = ["has_more", "next_offset", "next_page", "pagination_metadata"];

/// Whether records may lie under this name.
pub(super) fn is_key(name: &str, names: &[String]) -> bool {
    rank(name, names).is_some()
}

/// How soon the records are looked for under this name; lower is sooner.
fn rank(name: &str, names: &[String]) -> Option<usize> {
    if names.iter().any(|n| n == name) {
        return Some(0);
    }
    KEYS.iter().position(|k| *k == name).map(|at| at + 1)
}

/// The shape of a text that begins with `{`, and an envelope's name of records; `None` if more bytes are needed.
///
/// An object that holds an array may be an envelope or a record: it is a record if other objects follow it, unless
/// it calls itself a page of a list ([`PAGE`], or `"object": "list"`). What is longer than a record may be is an
/// envelope.
pub(super) fn guess(
    bytes: &[u8],
    names: &[String],
    last: bool,
    limit: usize,
) -> Option<(Shape, Option<String>)> {
    let envelope = |list: Option<(String, bool)>, otherwise| match list {
        Some((key, _)) => (Shape::Envelope, Some(key)),
        None => (otherwise, None),
    };
    // exactly so much is looked at, however much there is, so that the answer does not depend on it
    let over = bytes.len() > limit;
    let bytes = bytes.get(..=limit).unwrap_or(bytes);
    let all = last || over;
    let step = Scan::new(true).feed(bytes);
    let Step::Done(end) = step else {
        if step == Step::More && !all {
            return None;
        }
        if has_lines(bytes, all)? {
            return Some((Shape::Lines, None));
        }
        let otherwise = if step == Step::More && over { Shape::Envelope } else { Shape::Objects };
        let seen = match step {
            Step::Broken(at) => bytes.get(..at).unwrap_or_default(),
            _ => bytes,
        };
        return Some(envelope(find_list(seen, names), otherwise));
    };
    let (object, rest) = bytes.split_at_checked(end)?;
    let list = find_list(object, names);
    let Some(next) = rest.iter().position(|b| !b.is_ascii_whitespace()) else {
        return all.then(|| envelope(list, Shape::Objects));
    };
    let own_line =
        memchr(b'\n', object).is_none() && rest.get(..next).is_some_and(|between| between.contains(&b'\n'));
    let objects_follow = rest.get(next) == Some(&b'{');
    let lines = own_line || !objects_follow && has_lines(bytes, all)?;
    let several = if lines { Shape::Lines } else { Shape::Objects };
    Some(match list {
        Some((_, false)) if objects_follow => (several, None),
        list => envelope(list, several),
    })
}

/// Whether the second line is an object on its own, so that what is wrong with the first is its own affair;
/// `None` if more bytes are needed.
fn has_lines(bytes: &[u8], all: bool) -> Option<bool> {
    let mut lines = bytes.split_inclusive(|b| *b == b'\n');
    let first = lines.next().unwrap_or_default();
    if matches!(first.trim_ascii_end().last(), Some(b'{' | b'[' | b',' | b':')) && first.ends_with(b"\n") {
        return Some(false);
    }
    let Some(second) = lines.find(|line| !line.trim_ascii().is_empty()) else {
        return all.then_some(false);
    };
    if !second.ends_with(b"\n") && !all {
        return None;
    }
    Some(second.starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(second).is_ok())
}

/// The array of records of an object, which may be cut: its name, and whether the object calls itself a page.
fn find_list(object: &[u8], names: &[String]) -> Option<(String, bool)> {
    let mut full: Option<(usize, String)> = None;
    let mut empty: Option<(usize, String)> = None;
    let mut page = false;
    let sooner = |best: &mut Option<(usize, String)>, rank: usize, name: String| {
        if best.as_ref().is_none_or(|(r, _)| rank < *r) {
            *best = Some((rank, name));
        }
    };
    for (name, value) in members(object) {
        page |= name == "meta" && members(value).iter().any(|(inner, _)| PAGE.contains(&&**inner));
        page |= PAGE.contains(&&*name) || name == "object" && value.starts_with(b"\"list\"");
        if let (Some(rank), Some(inside)) = (rank(&name, names), value.strip_prefix(b"[")) {
            match inside.trim_ascii_start().first() {
                Some(b'{') => sooner(&mut full, rank, name),
                Some(b']') => sooner(&mut empty, rank, name),
                _ => {}
            }
        }
    }
    full.or(empty).map(|(_, name)| (name, page))
}

/// The members of an object as far as they can be told apart: names, and text from where each value begins.
fn members(object: &[u8]) -> Vec<(String, &[u8])> {
    let mut found = Vec::new();
    let mut rest = object.strip_prefix(b"{").unwrap_or_default();
    loop {
        rest = rest.trim_ascii_start();
        let Step::Done(end) = Scan::new(false).feed(rest) else { return found };
        let Some((name, after)) = rest.split_at_checked(end) else { return found };
        let Ok(name) = serde_json::from_slice::<String>(name) else { return found };
        let Some(value) = after.trim_ascii_start().strip_prefix(b":") else { return found };
        let value = value.trim_ascii_start();
        found.push((name, value));
        let Step::Done(end) = Scan::new(false).feed(value) else { return found };
        let after = value.get(end..).unwrap_or_default().trim_ascii_start();
        let Some(next) = after.strip_prefix(b",") else { return found };
        rest = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> (Shape, Option<String>) {
        guess(text.as_bytes(), &["invoices".to_owned()], true, 1 << 20).unwrap()
    }

    #[test]
    fn an_envelope_is_known_by_its_array_of_objects() {
        let under = |key: &str| (Shape::Envelope, Some(key.to_owned()));
        assert_eq!(shape(r#"{"object":"list","data":[{"id":1}],"has_more":true}"#), under("data"));
        assert_eq!(shape(r#"{"meta":{"data":[{}]},"invoices":[{"id":1}]}"#), under("invoices"));
        assert_eq!(shape(r#"{"items":[],"results":[{"id":1}]}"#), under("results"));
        assert_eq!(shape(r#"{"items":[]}"#), under("items"));
        assert_eq!(shape("{\"data\":[{\"id\":1}],\"has_more\":true}\n{\"data\":[]}"), under("data"));
        let side_loaded = r#"{"organizations":[{"id":1}],"invoices":[{"id":2}],"next_page":null}"#;
        assert_eq!(shape(side_loaded), under("invoices"), "what stands beside the records is not them");
        assert_eq!(shape("{\"data\":[{\"id\":1},"), under("data"), "cut short");
    }

    #[test]
    fn objects_with_arrays_of_their_own_are_records_where_there_are_several() {
        assert_eq!(shape("{\"id\":1,\"items\":[{\"x\":1}]}\n{\"id\":2,\"items\":[]}\n").0, Shape::Lines);
        assert_eq!(shape("{\"id\":1,\"items\":[\"a\"]}").0, Shape::Objects);
        assert_eq!(shape("{\"id\":1}{\"id\":2}").0, Shape::Objects);
        assert_eq!(shape("{\n\"id\":1\n}\n{\n\"id\":2\n}").0, Shape::Objects);
    }

    #[test]
    fn a_member_that_leads_to_a_further_page_tells_pages_from_records() {
        let pages = |more: &str| format!("{{\"invoices\":[{{}}],{more}}}\n{{\"invoices\":[{{}}],{more}}}");
        for more in ["\"next_offset\":null", "\"meta\":{\"next_page\":2}", "\"pagination_metadata\":{}"] {
            assert_eq!(shape(&pages(more)), (Shape::Envelope, Some("invoices".to_owned())), "{more}");
        }
        for other in ["\"meta\":{\"page\":2}", "\"meta\":\"next_page\"", "\"next\":1"] {
            assert_eq!(shape(&pages(other)).0, Shape::Lines, "{other}");
        }
    }

    #[test]
    fn a_first_line_at_fault_does_not_hide_that_there_are_lines() {
        for first in ["{\"a\":\"x", "{\"a\":[1}", "{\"a\":1", "{\"a\":1}}"] {
            assert_eq!(shape(&format!("{first}\n{{\"a\":2}}\n")).0, Shape::Lines, "{first}");
        }
        assert_eq!(shape("{\"a\":1}\noops\n{\"a\":2}\n").0, Shape::Lines);
    }

    #[test]
    fn more_bytes_are_asked_for_until_the_first_object_is_whole_or_too_long() {
        let text = format!("{{\"x\":\"{}\",\"data\":[{{}}", "y".repeat(100));
        assert_eq!(guess(text.as_bytes(), &[], false, 1000), None);
        assert_eq!(guess(text.as_bytes(), &[], false, 50), Some((Shape::Envelope, None)));
        assert_eq!(guess(text.as_bytes(), &[], false, 116), Some((Shape::Envelope, Some("data".to_owned()))));
    }
}
