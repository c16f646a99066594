//! Every crate that is built in stands under a licence that deny.toml allows.
//!
//! `cargo deny check` says more (advisories, other platforms' crates); this needs nothing but cargo.

use crate::home::repository;
use serde_json::Value;
use std::{collections::BTreeSet, process::Command};

/// The allow list of deny.toml.
fn allowed() -> BTreeSet<String> {
    let text = std::fs::read_to_string(repository().join("deny.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    table["licenses"]["allow"].as_array().unwrap().iter().map(|l| l.as_str().unwrap().to_owned()).collect()
}

/// The words of an SPDX expression; `/` is the old way to write `OR`.
fn words(expression: &str) -> Vec<String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    spaced.split_whitespace().map(str::to_owned).collect()
}

/// Whether the licences allowed satisfy an SPDX expression; those of them that it names are added to `used`.
fn satisfied(expression: &str, allow: &BTreeSet<String>, used: &mut BTreeSet<String>) -> bool {
    let words = words(expression);
    let mut rest = &words[..];
    let good = either(&mut rest, allow, used);
    assert!(rest.is_empty(), "cannot read the licence '{expression}'");
    good
}

fn take(rest: &mut &[String], word: &str) -> bool {
    let there = rest.first().is_some_and(|w| w == word);
    if there {
        *rest = &rest[1..];
    }
    there
}

fn either(rest: &mut &[String], allow: &BTreeSet<String>, used: &mut BTreeSet<String>) -> bool {
    let mut good = both(rest, allow, used);
    while take(rest, "OR") {
        good |= both(rest, allow, used);
    }
    good
}

fn both(rest: &mut &[String], allow: &BTreeSet<String>, used: &mut BTreeSet<String>) -> bool {
    let mut good = one(rest, allow, used);
    while take(rest, "AND") {
        good &= one(rest, allow, used);
    }
    good
}

fn one(rest: &mut &[String], allow: &BTreeSet<String>, used: &mut BTreeSet<String>) -> bool {
    if take(rest, "(") {
        let good = either(rest, allow, used);
        return take(rest, ")") && good;
    }
    let Some((name, after)) = rest.split_first() else { return false };
    *rest = after;
    let mut name = name.clone();
    if take(rest, "WITH")
        && let Some((exception, after)) = rest.split_first()
    {
        name = format!("{name} WITH {exception}");
        *rest = after;
    }
    let good = allow.contains(&name);
    if good {
        used.insert(name);
    }
    good
}

/// The packages that are built on this machine.
fn packages() -> Vec<Value> {
    let version = Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version.lines().find_map(|l| l.strip_prefix("host: ")).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", host])
        .current_dir(repository())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

#[test]
fn every_crate_stands_under_an_allowed_licence() {
    let allow = allowed();
    let mut used = BTreeSet::new();
    let mut wrong = Vec::new();
    let packages = packages();
    assert!(packages.len() > 50);
    for p in &packages {
        let licence = p["license"].as_str().unwrap_or("");
        if licence.is_empty() || !satisfied(licence, &allow, &mut used) {
            wrong.push(format!("{} {}: '{licence}'", p["name"], p["version"]));
        }
    }
    assert!(wrong.is_empty(), "not among the licences that deny.toml allows:\n{}", wrong.join("\n"));
    assert_eq!(
        allow.difference(&used).collect::<Vec<_>>(),
        [""; 0],
        "are allowed in deny.toml, and no crate has them"
    );
}

#[test]
fn every_crate_comes_from_the_registry() {
    for p in packages() {
        let source = p["source"].as_str().unwrap_or("");
        let own = p["name"] == "crosscheck";
        assert!(
            own || source.starts_with("registry+https://github.com/rust-lang/crates.io-index"),
            "{}",
            p["name"]
        );
    }
}

#[test]
fn licence_expressions_are_read_as_spdx_means_them() {
    let allow = ["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned).into();
    let fits = |e: &str| satisfied(e, &allow, &mut BTreeSet::new());
    assert!(
        fits("MIT") && fits("GPL-3.0 OR MIT") && fits("Apache-2.0/MIT") && fits("(MIT OR GPL-3.0) AND Zlib")
    );
    assert!(fits("Apache-2.0 WITH LLVM-exception") && fits("GPL-2.0 AND BSD-3-Clause OR Zlib"));
    assert!(
        !fits("GPL-3.0") && !fits("MIT AND GPL-3.0") && !fits("Apache-2.0") && !fits("GPL-2.0 WITH x OR Y")
    );
    assert!(!fits("MIT AND (GPL-3.0 OR Apache-2.0)"));
}
