//! The source holds to the map in `src/lib.rs`: who may import whom, and what stands in one place only.

use crate::home::repository;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// A source file with comments, the contents of literals, and all test code taken out.
struct Source {
    /// Below `src/`.
    path: PathBuf,
    code: String,
}

impl Source {
    /// The top-level module that it belongs to.
    fn module(&self) -> String {
        let first = self.path.components().next().unwrap().as_os_str().to_str().unwrap();
        first.trim_end_matches(".rs").to_owned()
    }

    /// How many modules deep it stands: `src/cache/mod.rs` and `src/cache.rs` 1, `src/cache/rows.rs` 2.
    fn depth(&self) -> usize {
        let names = self.path.components().count();
        if self.path.ends_with("mod.rs") { names - 1 } else { names }
    }

    fn lines_with<'s>(&'s self, wanted: impl Fn(&str) -> bool + 's) -> impl Iterator<Item = String> + 's {
        let lines = self.code.lines().enumerate().filter(move |(_, l)| wanted(l));
        lines.map(|(n, l)| format!("src/{}:{}: {}", self.path.display(), n + 1, l.trim()))
    }
}

/// Blanks comments and the contents of string and character literals; lines keep their numbers.
fn bare(text: &str) -> String {
    let c: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    let blank = |out: &mut String, from: usize, to: usize| {
        out.extend(c[from..to].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
    };
    while i < c.len() {
        let from = i;
        let starts = |at: usize, what: &str| what.chars().enumerate().all(|(n, w)| c.get(at + n) == Some(&w));
        let in_word = i > 0 && (c[i - 1].is_alphanumeric() || c[i - 1] == '_');
        if starts(i, "//") {
            while i < c.len() && c[i] != '\n' {
                i += 1;
            }
            blank(&mut out, from, i);
        } else if starts(i, "/*") {
            let mut open = 0;
            while i < c.len() {
                if starts(i, "/*") {
                    open += 1;
                    i += 2;
                } else if starts(i, "*/") {
                    open -= 1;
                    i += 2;
                    if open == 0 {
                        break;
                    }
                } else {
                    i += 1;
                }
            }
            blank(&mut out, from, i);
        } else if !in_word && (starts(i, "r\"") || starts(i, "r#") || starts(i, "br\"") || starts(i, "br#")) {
            let hashes = c[i..].iter().skip_while(|c| c.is_alphabetic()).take_while(|c| **c == '#').count();
            let quote = i + c[i..].iter().take_while(|c| c.is_alphabetic()).count() + hashes;
            if c.get(quote) != Some(&'"') {
                // A raw identifier, r#type.
                out.push(c[i]);
                i += 1;
                continue;
            }
            let end = format!("\"{}", "#".repeat(hashes));
            i = quote + 1;
            while i < c.len() && !starts(i, &end) {
                i += 1;
            }
            i = (i + end.len()).min(c.len());
            blank(&mut out, from, i);
        } else if c[i] == '"' {
            i += 1;
            while i < c.len() && c[i] != '"' {
                i += if c[i] == '\\' { 2 } else { 1 };
            }
            i = (i + 1).min(c.len());
            blank(&mut out, from, i);
        } else if c[i] == '\'' && c.get(i + 1) == Some(&'\\') {
            i += 3;
            while i < c.len() && c[i] != '\'' {
                i += 1;
            }
            i = (i + 1).min(c.len());
            blank(&mut out, from, i);
        } else if c[i] == '\'' && c.get(i + 2) == Some(&'\'') {
            i += 3;
            blank(&mut out, from, i);
        } else {
            out.push(c[i]);
            i += 1;
        }
    }
    out
}

/// Takes out every item under `#[cfg(test)]`; adds the names of test modules that lie in files of their own.
fn without_tests(code: &str, elsewhere: &mut Vec<String>) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::new();
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        out.push_str(&rest[..at]);
        let item = &rest[at + MARK.len()..];
        let end = item.find(['{', ';']).unwrap_or(item.len());
        let end = if item[end..].starts_with('{') {
            let mut open = 0;
            let closed = item.char_indices().skip_while(|(i, _)| *i < end).find(|(_, c)| {
                open += i32::from(*c == '{') - i32::from(*c == '}');
                open == 0
            });
            closed.map_or(item.len(), |(i, _)| i + 1)
        } else {
            if let Some(name) = item[..end].split("mod ").nth(1) {
                elsewhere.push(name.trim().to_owned());
            }
            (end + 1).min(item.len())
        };
        out.extend(item[..end].chars().filter(|c| *c == '\n'));
        rest = &item[end..];
    }
    out.push_str(rest);
    out
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Every file of the program but its entry points, without tests.
fn sources() -> Vec<Source> {
    let src = repository().join("src");
    let mut paths = Vec::new();
    walk(&src, &mut paths);
    paths.sort();
    let mut test_files = BTreeSet::new();
    let mut found = Vec::new();
    for path in paths {
        let mut elsewhere = Vec::new();
        let code = without_tests(&bare(&fs::read_to_string(&path).unwrap()), &mut elsewhere);
        let is_mod = path.ends_with("mod.rs");
        let own = if is_mod { path.parent().unwrap().to_owned() } else { path.with_extension("") };
        test_files.extend(elsewhere.iter().map(|name| own.join(name).with_extension("rs")));
        let short = path.strip_prefix(&src).unwrap().to_owned();
        if short != Path::new("lib.rs") && short != Path::new("main.rs") {
            found.push(Source { path: short, code });
        }
    }
    found.retain(|s| !test_files.contains(&src.join(&s.path)));
    assert!(found.len() > 50, "the sources are gone");
    found
}

/// The modules in the order of the list in `src/lib.rs`.
fn order() -> Vec<String> {
    let text = fs::read_to_string(repository().join("src/lib.rs")).unwrap();
    let items = text.lines().filter_map(|l| l.strip_prefix("//! - "));
    let names = items.flat_map(|l| {
        let head = l.split(": ").next().unwrap();
        head.split(", ").map(|n| n.trim_matches('`').to_owned()).collect::<Vec<_>>()
    });
    names.collect()
}

/// The top-level modules that `code` names as `crate::x` or in `use crate::{…}`.
fn named(code: &str) -> BTreeSet<String> {
    let word =
        |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if !rest.starts_with('{') {
            found.insert(word(rest));
            continue;
        }
        let (mut open, mut expected) = (0, true);
        for (i, c) in rest.char_indices() {
            match c {
                '{' => open += 1,
                '}' => {
                    open -= 1;
                    if open == 0 {
                        break;
                    }
                }
                ',' if open == 1 => expected = true,
                c if open == 1 && expected && c.is_alphabetic() => {
                    found.insert(word(&rest[i..]));
                    expected = false;
                }
                _ => {}
            }
        }
    }
    found
}

#[test]
fn the_map_names_every_module_once() {
    let order = order();
    let text = fs::read_to_string(repository().join("src/lib.rs")).unwrap();
    let declared: BTreeSet<&str> = text
        .lines()
        .filter_map(|l| l.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'))
        .collect();
    assert_eq!(order.iter().map(String::as_str).collect::<BTreeSet<_>>(), declared);
    assert_eq!(order.len(), declared.len(), "one is named twice: {order:?}");
}

#[test]
fn modules_import_only_from_those_above_them() {
    let order = order();
    let rank: BTreeMap<&str, usize> = order.iter().enumerate().map(|(n, m)| (m.as_str(), n)).collect();
    let mut wrong = Vec::new();
    let mut edges = 0;
    for source in sources() {
        let own = source.module();
        for other in named(&source.code).into_iter().filter(|o| *o != own) {
            match rank.get(other.as_str()) {
                Some(r) if *r < rank[own.as_str()] => edges += 1,
                Some(_) => wrong.push(format!("src/{} ({own}) imports {other}", source.path.display())),
                // A macro, or an item of the crate's root.
                None => wrong.push(format!("src/{} names crate::{other}, no module", source.path.display())),
            }
        }
        let upward = "super::".repeat(source.depth());
        wrong.extend(
            source.lines_with(|l| l.contains(&upward)).map(|l| format!("{l} reaches the root by super")),
        );
    }
    assert!(wrong.is_empty(), "{}\nThe order stands in src/lib.rs.", wrong.join("\n"));
    assert!(edges > 100, "no imports were seen");
}

/// Lines that contain one of the texts, in modules that may not.
fn elsewhere(texts: &[&str], allowed: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in sources() {
        let path = source.path.to_str().unwrap().to_owned();
        if !allowed.iter().any(|a| path.starts_with(a)) {
            wrong.extend(source.lines_with(|l| texts.iter().any(|t| has(l, t))));
        }
    }
    wrong
}

/// Whether the text stands in the line, not as the end of a longer word.
fn has(line: &str, text: &str) -> bool {
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(text).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + text.len()..].chars().next();
        let open = |c: char| text.ends_with(in_word) && in_word(c);
        let starts = |c: char| text.starts_with(in_word) && in_word(c);
        !before.is_some_and(starts) && !after.is_some_and(open)
    })
}

#[test]
fn only_cache_and_history_name_sqlite() {
    // history: a database that must outlive every cache has tables, versions and durability of its own.
    assert_eq!(elsewhere(&["rusqlite"], &["cache", "history"]), [""; 0]);
}

#[test]
fn only_ui_touches_the_terminal() {
    let handles = ["stdout", "stderr", "print!", "println!", "eprint!", "eprintln!", "dbg!"];
    assert_eq!(elsewhere(&handles, &["ui.rs"]), [""; 0]);
}

#[test]
fn only_settings_asks_for_the_time() {
    assert_eq!(elsewhere(&["Utc::now", "Local::now"], &["settings.rs"]), [""; 0]);
    // ingest: whether a file has rested long enough for its times to be trusted; no result depends on it.
    assert_eq!(elsewhere(&["SystemTime::now"], &["import/ingest.rs"]), [""; 0]);
    // ui: progress bars, and how long a check took.
    assert_eq!(elsewhere(&["Instant::now"], &["ui.rs"]), [""; 0]);
}

#[test]
fn there_is_no_binary_floating_point() {
    assert_eq!(elsewhere(&["f64", "f32"], &[]), [""; 0]);
}

#[test]
fn nothing_panics_by_design() {
    let panics = [".unwrap()", ".expect(", "panic!", "todo!", "unimplemented!", "unreachable!"];
    assert_eq!(elsewhere(&panics, &[]), [""; 0]);
}

#[test]
fn comments_literals_and_tests_are_not_code() {
    let text = "a(\"f64 \\\" // x\"); // f64\n/* f64 /* */ f64 */ r#\"f64\"#; 'f'; '\\''; <'a>\n#[cfg(test)]\nmod tests { { f64 } }\nb;\n#[cfg(test)]\npub(crate) mod sample;\nc";
    let mut files = Vec::new();
    let code = without_tests(&bare(text), &mut files);
    assert!(!code.contains("f64") && !code.contains("'f'"), "{code}");
    assert!(code.contains("<'a>") && code.contains("\nb;") && code.ends_with('c'), "{code}");
    assert_eq!(code.lines().count(), text.lines().count());
    assert_eq!(files, ["sample"]);
    let uses = named("use crate::{ a::{b, c}, d, e::f }; crate::g::h()");
    assert_eq!(uses, ["a", "d", "e", "g"].map(str::to_owned).into());
    assert!(has("x.f64()", "f64") && !has("buf64", "f64") && !has("print_stdout_x", "stdout"));
}
