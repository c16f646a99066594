//! A download folder with many vendors' files: what `init` makes of it, and what it needs for the checks to run.

use crate::{
    company::says,
    home::{Home, repository},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

const AS_OF: &str = "2026-12-01";

/// What a download folder should be good for.
const CHECKS: &[&str] = &["reconcile", "charges", "dunning", "health", "renewals", "triage", "flags-audit"];

/// One vendor's file, made up for the tests of its profile.
struct Sample {
    /// `VENDOR-EXPORT.csv`: no name of a dataset.
    name: String,
    profile: String,
    system: Option<String>,
    path: PathBuf,
}

impl Sample {
    /// The account ids in the rows that it gives.
    fn accounts(&self) -> BTreeSet<String> {
        let beside = fs::read_to_string(self.path.with_extension("toml")).unwrap();
        let table: toml::Table = beside.parse().unwrap();
        let rows = table.get("rows").and_then(toml::Value::as_str).unwrap_or_default();
        let ids = rows.split_whitespace().filter_map(|w| w.strip_prefix("account_id="));
        ids.map(str::to_owned).collect()
    }
}

fn samples() -> Vec<Sample> {
    let mut all = Vec::new();
    for vendor in fs::read_dir(repository().join("fixtures/profiles")).unwrap().map(|e| e.unwrap().path()) {
        let vendor_name = vendor.file_name().unwrap().to_str().unwrap().to_owned();
        for path in fs::read_dir(&vendor).unwrap().map(|e| e.unwrap().path()) {
            if path.extension().is_none_or(|e| e == "toml") {
                continue;
            }
            let file = path.file_name().unwrap().to_str().unwrap().to_owned();
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let export = stem.split('-').next().unwrap();
            let words = format!("src/import/profiles/{vendor_name}-{export}.toml");
            let words: toml::Table = fs::read_to_string(repository().join(words)).unwrap().parse().unwrap();
            let system = words.get("system").and_then(toml::Value::as_str).map(str::to_owned);
            let profile = format!("{vendor_name}/{export}");
            all.push(Sample { name: format!("{vendor_name}-{file}"), profile, system, path });
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// A folder `downloads` with all of them.
fn downloads(samples: &[Sample]) -> Home {
    let home = Home::new();
    for sample in samples {
        home.write(&format!("downloads/{}", sample.name), fs::read(&sample.path).unwrap());
    }
    home
}

/// The checks that can run on a folder, among those that it should be good for; the others lack a dataset that no
/// vendor's profile gives.
fn runnable(home: &Home, told: &Value) -> Vec<&'static str> {
    let (schema, _) = home.json(&["schema", "--profiles"]);
    let given: BTreeSet<&str> = schema["profiles"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|p| p["datasets"].as_str().unwrap().split(", "))
        .collect();
    let row = |check: &str| {
        let rows = told["checks"].as_array().unwrap();
        rows.iter().find(|r| r["check"] == check).unwrap_or_else(|| panic!("{check}: {told:#}"))
    };
    let can = |check: &&&str| {
        let row = row(check);
        let lacks = row["still_needs"].as_array().unwrap().iter().map(|n| n.as_str().unwrap());
        let by_nobody = lacks.clone().all(|n| n.split(" or ").all(|d| !given.contains(d)));
        assert!(by_nobody, "{check}: {row:#}");
        row["can_run"] == "yes"
    };
    CHECKS.iter().filter(can).copied().collect()
}

#[test]
fn a_folder_of_many_vendors_is_recognised_file_by_file_and_lacks_only_the_identity_sheet() {
    let samples = samples();
    let home = downloads(&samples);
    let (told, gave) = home.json(&["init"]);
    assert_eq!(gave.code, 0, "{gave:?}");
    assert_eq!(told["unknown"], json!([]), "{told:#}");
    let recognised: BTreeMap<String, String> = told["recognised"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["file"].as_str().unwrap().to_owned(), r["profile"].as_str().unwrap_or("").to_owned()))
        .collect();
    let wanted: BTreeMap<String, String> =
        samples.iter().map(|s| (format!("downloads/{}", s.name), s.profile.clone())).collect();
    assert_eq!(recognised, wanted);

    // The sheet that lacks: a column for each system whose ids nothing connects.
    let sheet = &told["identity_sheet"];
    assert_eq!(sheet["path"], "downloads/identities.csv", "{sheet}");
    let systems: Vec<&str> =
        sheet["systems"].as_array().unwrap().iter().map(|s| s["system"].as_str().unwrap()).collect();
    let header = format!("account_id,{}", systems.join(","));
    assert_eq!(sheet["header"], json!(header));
    let mut ids: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for sample in &samples {
        if let Some(system) = &sample.system {
            ids.entry(system).or_default().extend(sample.accounts());
        }
    }
    for (system, ids) in &ids {
        let elsewhere =
            |id| samples.iter().any(|s| s.system.as_deref() != Some(system) && s.accounts().contains(id));
        assert_eq!(systems.contains(system), ids.iter().any(|id| !elsewhere(id)), "{system}: {ids:?}");
    }
    let text = fs::read_to_string(home.path().join("crosscheck.toml")).unwrap();
    says(&text, &["Still needed: \"downloads/identities.csv\"", &header]);
    text.parse::<toml::Table>().unwrap();

    // With it, every check that the folder is good for runs on the settings that were written.
    let most = ids.values().map(BTreeSet::len).max().unwrap();
    let mut lines = vec![header.clone()];
    for n in 0..most {
        let cell = |s: &&str| ids[*s].iter().nth(n).cloned().unwrap_or_default();
        let cells: Vec<String> = systems.iter().map(cell).collect();
        lines.push(format!("acct_{n},{}", cells.join(",")));
    }
    home.write("downloads/identities.csv", lines.join("\n") + "\n");
    for check in runnable(&home, &told) {
        let (report, gave) = home.json(&[check, "--as-of", AS_OF]);
        match gave.code {
            0 | 1 => {}
            3 => assert_ne!(report["problems"], json!([]), "{check}: {gave:?}"),
            code => panic!("{check}: {code} {gave:?}"),
        }
        let missing: Vec<&Value> = report["problems"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|p| p["code"] == "data/missing-dataset")
            .collect();
        assert!(missing.is_empty(), "{check}: {missing:?}");
    }
    // Nothing is untranslated any more.
    fs::remove_file(home.path().join("crosscheck.toml")).unwrap();
    let (told, _) = home.json(&["init"]);
    assert_eq!(told["identity_sheet"], Value::Null);
}

#[test]
fn a_file_is_joined_with_all_its_companions_and_read_again_when_one_comes() {
    let lago = repository().join("fixtures/profiles/lago");
    let invoices = fs::read_to_string(lago.join("invoices.csv")).unwrap();
    let lines: Vec<&str> = invoices.lines().collect();
    let (header, rows) = lines.split_first().unwrap();
    let (first, second) = rows.split_at(rows.len() / 2);
    let file = |rows: &[&str]| format!("{header}\n{}\n", rows.join("\n"));
    let rejects = |home: &Home| {
        let (told, gave) = home.json(&["import", "exports"]);
        let fees = told["imports"].as_array().unwrap().iter().find(|f| f["file"] == "exports/fees.csv");
        fees.unwrap_or_else(|| panic!("{gave:?}"))["rejected"].as_u64().unwrap()
    };
    let fees = fs::read(lago.join("invoice_fees.csv")).unwrap();
    let whole = Home::new();
    whole.write("exports/fees.csv", &fees);
    whole.write("exports/all.csv", &invoices);
    let parts = Home::new();
    parts.write("exports/fees.csv", &fees);
    parts.write("exports/october.csv", file(first));
    let alone = rejects(&parts);
    parts.write("exports/november.csv", file(second));
    assert!(alone > rejects(&whole), "{alone}");
    assert_eq!(rejects(&parts), rejects(&whole));
}
