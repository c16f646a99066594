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
        let id = |row: &str| {
            let (_, from) = row.split_once(" account_id=")?;
            // A name may hold spaces: it ends where the next column begins.
            let words = from.split(' ').skip(1).take_while(|w| !w.contains('='));
            let length = from.split(' ').next()?.len() + words.map(|w| w.len() + 1).sum::<usize>();
            Some(from[..length].to_owned())
        };
        rows.lines().filter_map(id).collect()
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

#[test]
fn checks_says_which_export_would_bring_what_lacks() {
    let home = Home::new();
    let profiles = repository().join("fixtures/profiles");
    home.write("exports/flags.json", fs::read(profiles.join("unleash/export.json")).unwrap());
    let gave = home.run(&["checks", "exports"]);
    assert_eq!((gave.code, gave.err.as_str()), (0, ""), "{gave:?}");
    assert!(gave.out.lines().all(|l| l.chars().count() <= 100), "{}", gave.out);
    says(
        &gave.out,
        &[
            "flags-audit   feature flags",
            "  reads       billed_usage, usage_events or usage_totals\n",
            "amount-mismatch for want of billed_usage.amount, prices",
            "exports that bring what lacks",
            "no vendor's, but a table of your own: access_changes",
        ],
    );
    let (told, _) = home.json(&["checks", "exports"]);
    let check = told["checks"].as_array().unwrap().iter().find(|c| c["check"] == "flags-audit").unwrap();
    assert_eq!(check["can_run"], "yes");
    let expired =
        check["rules"].as_array().unwrap().iter().find(|r| r["code"] == "flags-audit/expired").unwrap();
    assert_eq!(expired["lacks"], json!(["flags.created_at|flags.expires_at|flags.extended_until"]));
    // The vendor whose files are here comes first.
    let brought = check["brought_by"]["flags.created_at"].as_array().unwrap();
    assert_eq!(brought[0], "unleash/search");
    assert!(brought.contains(&json!("launchdarkly/flags")), "{brought:?}");
    // What an export cannot know is not brought by it.
    assert!(!brought.contains(&json!("unleash/export")), "{brought:?}");
    let (told, _) = home.json(&["checks", "exports/flags.json"]);
    let health = told["checks"].as_array().unwrap().iter().find(|c| c["check"] == "health").unwrap();
    assert_eq!(health["can_run"], "no");
    assert!(
        health["brought_by"]["activity"].as_array().unwrap().contains(&json!("segment/events")),
        "{health:#}"
    );
}

/// A profile of one's own for CSV with the columns `No` and `Sum`.
fn own(name: &str) -> String {
    format!(
        "[profile.{name}]\nformat = \"csv\"\nrecognise.all = [\"No\", \"Sum\"]\n[[profile.{name}.output]]\n\
         dataset = \"metrics\"\ncolumns.metric = \"No\"\n"
    )
}

#[test]
fn where_two_profiles_could_claim_a_file_the_line_to_write_is_given_and_settles_it() {
    let home = Home::new();
    home.write("exports/q3 [final].csv", "No,Sum,Memo\nm1,1,x\n");
    let profiles = own("one") + &own("two");
    home.write("crosscheck.toml", &profiles);
    for arguments in
        [&["import", "exports"][..], &["import", "exports/q3 [final].csv"], &["checks", "exports"]]
    {
        let gave = home.run(arguments);
        assert_eq!(gave.code, 2, "{arguments:?}: {gave:?}");
        says(&gave.err, &["could be profile one or profile two", "[[source]]", "# or profile = \"two\""]);
    }
    let (told, gave) = home.json(&["import", "exports"]);
    assert_eq!(gave.code, 2);
    let problem = &told["problems"][0];
    assert_eq!(problem["file"], "exports/q3 [final].csv");
    let lines = problem["message"].as_str().unwrap().split_once("crosscheck.toml:\n").unwrap().1;
    home.write("crosscheck.toml", format!("{profiles}{lines}\n"));
    let (told, gave) = home.json(&["import", "exports"]);
    assert_eq!((gave.code, &told["imports"][0]["profile"]), (0, &json!("one")), "{gave:?}");
}

#[test]
fn a_profile_of_ones_own_goes_before_the_built_in_one_that_fits_too() {
    let home = Home::new();
    let sample = repository().join("fixtures/profiles/stripe/payments.csv");
    home.write("exports/payments from stripe.csv", fs::read(sample).unwrap());
    let profile = || home.json(&["import", "exports"]).0["imports"][0]["profile"].clone();
    assert_eq!(profile(), "stripe/payments");
    home.write("crosscheck.toml", "[profile.ours]\nbase = \"stripe/payments\"\n");
    assert_eq!(profile(), "ours");
}

#[test]
fn an_export_that_says_it_is_cut_is_not_trusted() {
    let home = Home::new();
    let invoice = |more: bool| {
        format!(
            r#"{{"id":"in_1","object":"invoice","customer":"cus_1","status":"paid","currency":"kwd","total":1234,"created":1767225600,"lines":{{"data":[{{"id":"il_1","amount":1234,"currency":"kwd","period":{{"start":1767225600,"end":1769904000}}}}],"has_more":{more}}}}}"#
        )
    };
    let import = |page: &str, lines: bool| {
        let list = format!(r#"{{"object":"list","data":[{}],"has_more":{page}}}"#, invoice(lines));
        // As it is saved on Windows.
        home.write(
            "exports/list.json",
            format!("\u{feff}{}\r\n", list.replace(",\"has_more", ",\r\n\"has_more")),
        );
        home.json(&["import", "exports"])
    };
    let (told, gave) = import("false", false);
    assert_eq!(gave.code, 0, "{gave:?}");
    let datasets: Vec<&Value> = told["imports"].as_array().unwrap().iter().map(|i| &i["dataset"]).collect();
    assert_eq!(datasets, ["invoices", "invoice_lines", "billed_usage"]);
    for (page, lines, path) in [("true", false, "has_more"), ("false", true, "lines.has_more")] {
        let (told, gave) = import(page, lines);
        assert_eq!(gave.code, 3, "{gave:?}");
        let cut =
            told["problems"].as_array().unwrap().iter().find(|p| p["code"] == "data/cut-export").unwrap();
        says(cut["message"].as_str().unwrap(), &[path, "export all pages"]);
    }
}

#[test]
fn the_traps_of_exports_do_not_change_what_is_loaded() {
    let plain = "id,Created (UTC),Amount,Amount Refunded,Currency,Status,Customer ID,Invoice ID,Description\n\
                 ch_1,2026-10-01 08:00,29.00,0.00,usd,Paid,cus_1,in_1,\"Acme, Inc. \"\"monthly\"\" plan\"\n\
                 ch_2,2026-10-02 08:00,1000,0,jpy,Failed,cus_2,in_2,\n\
                 ch_3,2026-10-03 08:00,1.234,0.000,kwd,Paid,cus_3,in_3,\n";
    let added: String = plain
        .lines()
        .enumerate()
        .map(|(n, line)| {
            let more = if n == 0 { "plan (metadata),team name (metadata)" } else { "pro,\"a, b\"" };
            format!("{line},{more}\n")
        })
        .collect();
    let report = |text: &str| {
        let home = Home::new();
        home.write("exports/unified.csv", text);
        home.write("exports/invoices.csv", "invoice_id,account_id,status,total,currency\nin_1,cus_1,paid,29,USD\nin_2,cus_2,open,1000,JPY\nin_3,cus_3,paid,1.234,KWD\n");
        let (report, gave) = home.json(&["dunning", "exports", "--as-of", AS_OF]);
        assert_ne!(gave.code, 2, "{gave:?}");
        let inputs = report["inputs"]
            .as_array()
            .unwrap()
            .iter()
            .find(|i| i["dataset"] == "payments")
            .cloned()
            .unwrap();
        let loaded = (inputs["loaded"].clone(), inputs["oldest"].clone(), inputs["newest"].clone());
        (loaded, report["rows"].clone(), report["summary"].clone())
    };
    let whole = report(plain);
    assert_eq!(whole.0, (json!(3), json!("2026-10-01T08:00:00Z"), json!("2026-10-03T08:00:00Z")));
    assert_eq!(whole.1.as_array().unwrap().len(), 1, "{:#}", whole.1);
    for (trap, text) in [
        ("byte order mark", format!("\u{feff}{plain}")),
        ("CRLF", plain.replace('\n', "\r\n")),
        ("metadata columns", added),
        ("semicolons", plain.replace("\"Acme, Inc. \"\"monthly\"\" plan\"", "plan").replace(',', ";")),
        ("another zone in the header", plain.replace("(UTC)", "(Europe/Paris)").replace(" 08:00", " 10:00")),
    ] {
        assert_eq!(report(&text), whole, "{trap}");
    }
}
