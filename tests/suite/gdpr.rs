//! `gdpr-delete` on the built binary: nothing personal is shown or kept, certificates, searched places, wrong calls.

use crate::home::{Gave, Home, repository};
use crosscheck::render::Format;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

const AS_OF: &str = "2026-11-05T06:00:00Z";
/// Columns of deletion_requests that identify a person.
const PERSONAL: &[&str] = &["name", "email", "phone", "subject_id", "other_identifiers"];

fn acme() -> String {
    repository().join("fixtures/acme").to_str().unwrap().to_owned()
}

/// Every personal value of a folder's requests, in lower case.
fn values(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("deletion_requests.csv")).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut found = Vec::new();
    for line in lines {
        for (column, value) in header.iter().zip(line.split(',')) {
            if PERSONAL.contains(column) {
                found.extend(value.split(';').filter(|v| !v.is_empty()).map(str::to_lowercase));
            }
        }
    }
    assert!(found.len() >= 2, "{}", folder.display());
    found
}

/// The values that stand in a text.
fn shown<'v>(text: &str, values: &'v [String]) -> Vec<&'v str> {
    let text = text.to_lowercase();
    values.iter().map(String::as_str).filter(|v| text.contains(v)).collect()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// The files below a folder in whose bytes a value stands, plain or in UTF-16.
fn holding(folder: &Path, values: &[String]) -> Vec<PathBuf> {
    let mut found = files_below(folder);
    found.retain(|path| {
        let bytes = fs::read(path).unwrap().to_ascii_lowercase();
        values.iter().any(|v| bytes.windows(v.len()).any(|w| w == v.as_bytes()))
    });
    found
}

/// A story with its tickets in a file that is named after the person.
fn story(home: &Home) -> PathBuf {
    let from = repository().join("fixtures/gdpr-delete/story-all-confirmed");
    for path in files_below(&from) {
        let name = path.strip_prefix(&from).unwrap().to_str().unwrap();
        let name = name.replace("tickets.csv", "tickets-hedda.lindqvist@example.org.csv");
        home.write(&format!("story/{name}"), fs::read(&path).unwrap());
    }
    // A row that cannot be used.
    home.write(
        "story/deletion_requests-2.csv",
        "request_id,name,email,received_at\ndel_2,Hedda Lindqvist,hedda.lindqvist@example.org,yesterday\n",
    );
    home.path().join("story")
}

#[test]
fn no_output_shows_a_personal_value() {
    let home = Home::new();
    let story = story(&home);
    let held = story.join("held");
    let warehouse = format!("warehouse={}", held.join("warehouse").display());
    let newsletter = format!("newsletter={}", held.join("newsletter.html").display());
    let scan = ["--scan", warehouse.as_str(), "--scan", newsletter.as_str()];
    let acme = acme();
    for (folder, more) in [(acme.as_str(), &[][..]), (story.to_str().unwrap(), &scan[..])] {
        let values = values(Path::new(folder));
        for format in Format::ALL {
            let mut call = vec!["gdpr-delete", folder, "--as-of", AS_OF, "--format", format.name()];
            call.extend(["--verbose", "--all-rows", "--allow-rejects", "9", "--certificate", "filed"]);
            call.extend(more);
            let gave = home.run(&call);
            assert_eq!(gave.code, 1, "{gave:?}");
            // The file is named on the command line or lies in a folder; its name is the caller's own.
            assert_eq!(shown(&gave.out, &values), [""; 0], "{}: {}", format.name(), gave.out);
            assert!(
                format == Format::RowsCsv || gave.out.contains("residual-data"),
                "{}: {}",
                format.name(),
                gave.out
            );
        }
        for path in files_below(&home.path().join("filed")) {
            assert_eq!(shown(&fs::read_to_string(&path).unwrap(), &values), [""; 0], "{}", path.display());
        }
    }
    let gave = home.run(&["rejects", story.to_str().unwrap()]);
    assert!(
        gave.out.contains("received_at") && !gave.out.contains("hedda.lindqvist@example.org,"),
        "{gave:?}"
    );
}

#[test]
fn reveal_shows_them_for_one_call() {
    let home = Home::new();
    let gave = home.run(&["gdpr-delete", &acme(), "--as-of", AS_OF, "--reveal"]);
    assert!(gave.out.contains("nora.quill@example.org was told"), "{}", gave.out);
    let masked = home.run(&["gdpr-delete", &acme(), "--as-of", AS_OF]);
    assert!(masked.out.contains("n•••@e•••.org was told"), "{}", masked.out);
}

#[test]
fn complete_requests_are_certified_and_no_others() {
    let home = Home::new();
    let gave = home.run(&["gdpr-delete", &acme(), "--as-of", AS_OF, "--certificate", "filed/2026"]);
    assert_eq!(gave.code, 1, "{gave:?}");
    let filed = home.path().join("filed/2026");
    let names: Vec<String> =
        files_below(&filed).iter().map(|p| p.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["del_01.json", "del_01.md", "del_02.json", "del_02.md"]);
    let record: Value =
        serde_json::from_str(&fs::read_to_string(filed.join("del_01.json")).unwrap()).unwrap();
    assert_eq!(record["schema"], "crosscheck.certificate/1");
    assert_eq!(record["tool"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(record["as_of"], AS_OF);
    assert_eq!(record["request"]["due_at"], "2026-09-04");
    assert_eq!(record["request"]["email"], "a•••@e•••.org");
    let systems = record["systems"].as_array().unwrap();
    assert_eq!(systems.len(), 7);
    let ledger = systems.iter().find(|s| s["system"] == "ledger").unwrap();
    assert_eq!(ledger["retention_basis"], "tax law, ten years");
    assert_eq!(ledger["retained_until"], "2036-12-31");
    assert_eq!(ledger["confirmed_by"], "team ledger");
    let list = record["searched"]["list"].as_array().unwrap();
    let tickets = list.iter().find(|f| f["dataset"] == "tickets").unwrap();
    assert_eq!(tickets["system"], "helpdesk");
    assert_eq!(tickets["sha256"].as_str().unwrap().len(), 64);
    let size = fs::metadata(repository().join("fixtures/acme/tickets.json")).unwrap().len();
    assert_eq!(tickets["bytes"], size);
    assert!(
        list.iter().all(|f| f["dataset"] != "deletion_requests"),
        "the requests' own file is not searched"
    );
    let text = fs::read_to_string(filed.join("del_01.md")).unwrap();
    assert!(text.starts_with("# Certificate of deletion: del\\_01\n"), "{text}");
    assert!(
        text.contains("| ledger | retained | 2026-08-20T10:00:00Z | team ledger | tax law, ten years |"),
        "{text}"
    );
    assert!(text.contains(tickets["sha256"].as_str().unwrap()), "{text}");
}

#[test]
fn a_purge_leaves_no_byte_of_the_people_in_the_cache() {
    let home = Home::new();
    let acme = repository().join("fixtures/acme");
    let mut values = values(&acme);
    // Who withdrew is not to be deleted.
    values.retain(|v| !v.contains("perrin") && v != "usr_9450");
    for path in files_below(&acme) {
        home.write(
            &format!("exports/{}", path.file_name().unwrap().to_str().unwrap()),
            fs::read(&path).unwrap(),
        );
    }
    // Many rows, so that an answer is remembered; and a user's id in a packed event.
    let mut events = String::from("event_id,timestamp,account_id,metric,quantity,unique_key\n");
    for n in 0..30_000 {
        events.push_str(&format!(
            "nora.quill@example.org-{n},2026-10-01T00:00:00Z,acct_08,logins,1,usr_7755\n"
        ));
    }
    home.write("exports/usage_events-logins.csv", events);
    home.run(&["import", "exports"]);
    home.run(&["triage", "exports", "--as-of", AS_OF]);
    home.run(&["reconcile", "exports", "--as-of", AS_OF]);
    let cache = home.path().join("cache");
    assert!(!holding(&cache, &values).is_empty(), "the cache holds what the exports hold");
    let gave = home.run(&["gdpr-delete", "exports", "--as-of", AS_OF, "--purge-cache"]);
    assert_eq!(gave.code, 1, "{gave:?}");
    assert!(gave.err.contains("removed from the cache: 2 files in which they stood"), "{}", gave.err);
    assert_eq!(holding(&cache, &values), Vec::<PathBuf>::new(), "{}", gave.err);
    #[cfg(unix)]
    for path in files_below(&cache) {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }

    // What is registered stays so, and the next import says which exports still hold them.
    let status = home.run(&["status"]);
    assert_eq!(status.code, 0, "{status:?}");
    let (report, gave) = home.json(&["import", "exports"]);
    assert_eq!(report["still_hold"], serde_json::json!(["exports/tickets.json"]));
    assert!(gave.err.contains("exports/tickets.json still holds people"), "{}", gave.err);
    let tickets = fs::read_to_string(acme.join("tickets.json")).unwrap();
    let cleaned = tickets.replace("nora.quill@example.org", "-").replace("Nora Quill", "-");
    home.write("exports/tickets.json", cleaned);
    fs::remove_file(home.path().join("exports/usage_events-logins.csv")).unwrap();
    let (report, _) = home.json(&["import", "exports"]);
    assert_eq!(report["still_hold"], serde_json::json!([]));
    let (report, _) = home.json(&["gdpr-delete", "exports", "--as-of", AS_OF]);
    assert_eq!(report["summary"]["residual"], 0);
}

#[test]
fn a_purge_leaves_no_byte_of_the_people_in_the_history() {
    const NORA: &str = "nora.quill@example.org";
    let home = Home::new();
    let acme = repository().join("fixtures/acme");
    for name in ["deletion_requests.csv", "deletion_confirmations.csv", "systems.csv"] {
        home.write(&format!("exports/{name}"), fs::read(acme.join(name)).unwrap());
    }
    // An owner is shown as the export has it.
    let flags = format!("flag,owner,created_at\nold-banner,{NORA},2026-01-01\nnew-banner,,2026-01-02\n");
    home.write(&format!("{NORA}/flags.csv"), flags);
    let run = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        Gave::of(command.env_remove("CROSSCHECK_NO_HISTORY").args(["--as-of", AS_OF]).output().unwrap())
    };
    let people = [NORA.to_owned()];
    let kept = || -> Vec<PathBuf> {
        let own = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().contains("history");
        holding(home.path(), &people).into_iter().filter(own).collect()
    };
    assert_eq!(run(&["flags-audit", NORA]).code, 1);
    assert_ne!(kept(), Vec::<PathBuf>::new(), "the finding and the path are in the history");
    let gave = run(&["gdpr-delete", "exports", "--purge-cache"]);
    assert!(gave.err.contains("removed from the history: 3 findings in which they stood"), "{}", gave.err);
    assert_eq!(kept(), Vec::<PathBuf>::new(), "{}", gave.err);
    let list = home.command(&["history"]).env_remove("CROSSCHECK_NO_HISTORY").output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(list.contains("flags-audit") && list.contains("gdpr-delete"), "the runs stay listed: {list}");
}

#[test]
fn a_run_after_a_purge_finds_the_same() {
    let home = Home::new();
    let (before, _) = home.json(&["gdpr-delete", &acme(), "--as-of", AS_OF]);
    home.run(&["gdpr-delete", &acme(), "--as-of", AS_OF, "--purge-cache"]);
    let (after, _) = home.json(&["gdpr-delete", &acme(), "--as-of", AS_OF]);
    assert_eq!(before, after);
}

fn refused(home: &Home, more: &[&str], says: &str) {
    let acme = acme();
    let mut call = vec!["gdpr-delete", acme.as_str(), "--as-of", AS_OF];
    call.extend(more);
    let Gave { code, err, .. } = home.run(&call);
    assert!(code == 2 && err.contains(says), "{more:?}: {code} {err}");
}

#[test]
fn wrong_calls_are_told_from_findings() {
    let home = Home::new();
    refused(&home, &["--scan", "warehouse"], "--scan takes SYSTEM=PATH");
    refused(&home, &["--scan", "warehouse=no/such/dump"], "no/such/dump cannot be opened");
    refused(&home, &["--holidays", "25.12.2026"], "'25.12.2026', which is no date");
    home.write("crosscheck.toml", "[gdpr.regime]\nFR = \"hipaa\"\n");
    refused(&home, &[], "[gdpr.regime] FR is 'hipaa'");
    home.write("crosscheck.toml", "");
    home.write("file", "");
    refused(&home, &["--certificate", "file/below"], "file/below");
}

#[test]
fn paths_in_the_settings_are_seen_from_their_file() {
    let home = Home::new();
    home.write("project/crosscheck.toml", "[gdpr]\nscan = [\"warehouse=dump\"]\n");
    home.write("project/dump/users.log", "nora.quill@example.org\n");
    let config = home.path().join("project/crosscheck.toml");
    let call = ["gdpr-delete", &acme(), "--as-of", AS_OF, "--config", config.to_str().unwrap()];
    let (report, gave) = home.json(&call);
    assert_eq!(report["summary"]["residual"], 3, "{gave:?}");
}

#[test]
fn an_export_of_standard_input_is_told_as_not_searched() {
    let home = Home::new();
    let tickets = fs::File::open(repository().join("fixtures/acme/tickets.json")).unwrap();
    let folder = repository().join("fixtures/gdpr-delete/complete");
    let call = ["gdpr-delete", folder.to_str().unwrap(), "tickets=-", "--as-of", AS_OF];
    let gave = Gave::of(home.command(&call).stdin(tickets).output().unwrap());
    assert!(gave.out.contains("tickets=- was not searched"), "{gave:?}");
}

/// A new dump in a folder is a new answer, though no export has changed.
#[test]
fn what_is_searched_is_never_answered_from_memory() {
    let home = Home::new();
    home.write("dump/a.log", "nobody\n");
    let mut many = String::from("account_id,date,logins\n");
    for n in 0..12_000 {
        many.push_str(&format!("acct_{n},2026-10-01,1\n"));
    }
    home.write("activity.csv", many);
    let residual = || {
        let call = ["gdpr-delete", &acme(), "activity.csv", "--as-of", AS_OF, "--scan", "warehouse=dump"];
        home.json(&call).0["summary"]["residual"].as_u64().unwrap()
    };
    assert_eq!(residual(), 2);
    home.write("dump/b.log", "usr_7755\n");
    assert_eq!(residual(), 3);
}

/// Rows turned round and files cut in two: the same report but for the places.
#[test]
fn the_order_of_rows_and_files_changes_nothing() {
    let home = Home::new();
    let from = repository().join("fixtures/acme");
    for name in ["deletion_requests", "deletion_confirmations", "systems"] {
        let text = fs::read_to_string(from.join(format!("{name}.csv"))).unwrap();
        let (header, rows) = text.split_once('\n').unwrap();
        let mut rows: Vec<&str> = rows.lines().collect();
        rows.reverse();
        let cut = if name == "systems" { rows.len() } else { rows.len() / 2 };
        home.write(&format!("plain/{name}.csv"), &text);
        for (part, lines) in [("b", &rows[..cut]), ("a", &rows[cut..])] {
            if !lines.is_empty() {
                home.write(&format!("turned/{name}-{part}.csv"), format!("{header}\n{}\n", lines.join("\n")));
            }
        }
    }
    let report = |folder: &str| {
        let (mut report, _) = home.json(&["gdpr-delete", folder, "--as-of", AS_OF]);
        report["inputs"] = Value::Null;
        report["summary"]["scanned"] = Value::Null;
        for finding in report["findings"].as_array_mut().unwrap() {
            finding["evidence"] = Value::Null;
        }
        report
    };
    let plain = report("plain");
    assert_eq!(plain["summary"]["overdue"], 1);
    assert_eq!(plain, report("turned"));
}
