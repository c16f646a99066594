//! The HTML page in headless Chromium. Skipped, loudly, where there is none.

use crate::home::{Home, repository};
use serde_json::Value;
use std::{
    fs::File,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const AS_OF: &str = "2026-11-05T06:00:00Z";
const PROBE: &str = include_str!("browser/probe.js");
/// For one page: a machine under load takes its time to start a browser.
const PATIENCE: Duration = Duration::from_secs(120);

/// The browser's program; without it a note on standard error that the test's capture does not swallow.
fn chromium() -> Option<&'static str> {
    let there = |name: &&str| {
        Command::new(name)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|s| s.success())
    };
    let found = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(there);
    if found.is_none() {
        let _ = std::io::stderr().write_all(
            b"\n!!!! SKIPPED: no Chromium here (Debian: apt-get install chromium); the HTML page was looked at in no \
              browser.\n",
        );
    }
    found
}

/// What the browser printed (the page as it then stood), and what it logged.
fn browse(home: &Home, chromium: &str, page: &Path, width: u32, dark: bool) -> (String, String) {
    let (out, log) = (home.path().join("dom.html"), home.path().join("chromium.log"));
    let mut child = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"])
        .args(["--disable-background-networking", "--disable-extensions", "--no-first-run", "--dump-dom"])
        .args(["--enable-logging=stderr", "--log-level=0"])
        .arg(format!("--user-data-dir={}", home.path().join("profile").display()))
        .arg(format!("--window-size={width},900"))
        .arg(format!("--blink-settings=preferredColorScheme={}", u8::from(!dark)))
        .arg(format!("file://{}", page.display()))
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("{chromium} does not end: {}", std::fs::read_to_string(&log).unwrap());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    (std::fs::read_to_string(out).unwrap(), std::fs::read_to_string(log).unwrap())
}

/// What the page wrote on the browser's console: errors, and what its policy refused.
fn console(log: &str) -> Vec<&str> {
    log.lines().filter(|l| l.contains("CONSOLE")).collect()
}

fn page(home: &Home, arguments: &[&str]) -> String {
    let mut all = arguments.to_vec();
    all.extend(["--format", "html", "--as-of", AS_OF]);
    home.run(&all).out
}

/// Measures a page; its policy, which would keep the probe out, is taken away.
fn probe(home: &Home, chromium: &str, html: &str, width: u32, dark: bool) -> Value {
    let policy = html.find("<meta http-equiv").unwrap();
    let end = policy + html[policy..].find('>').unwrap() + 1;
    let open = format!("{}{}", &html[..policy], &html[end..]);
    let probed = open.replace("</body>", &format!("<script>{PROBE}</script></body>"));
    // A window cannot be as narrow as a phone, a frame can.
    let host = format!(
        "<!DOCTYPE html><meta name=\"color-scheme\" content=\"light dark\"><body><iframe width=\"{width}\" \
         height=\"900\" frameborder=\"0\" srcdoc=\"{}\"></iframe></body>",
        probed.replace('&', "&amp;").replace('"', "&quot;")
    );
    let file = home.write("probed.html", host);
    let (dom, log) = browse(home, chromium, &file, 1500, dark);
    let found = dom.split_once("<pre id=\"probe\">").unwrap_or_else(|| panic!("no probe: {log}")).1;
    serde_json::from_str(found.split_once("</pre>").unwrap().0).unwrap()
}

/// Everything that holds for every page at every width and in both lights.
fn assert_sound(found: &Value, width: u32, dark: bool) {
    assert_eq!((&found["width"], &found["dark"]), (&width.into(), &dark.into()));
    assert_eq!(found["scroll"], width, "the page scrolls sideways: {}", found["wide"]);
    assert_eq!(found["resources"], serde_json::json!([]), "something was asked for");
    assert!(found["texts"].as_u64().unwrap() > 20);
    for fault in ["pale", "overlong", "doubled"] {
        assert_eq!(found[fault], serde_json::json!([]), "{fault} at {width}, dark: {dark}");
    }
    for fault in ["nameless", "uncaptioned", "unscoped", "dead"] {
        assert_eq!(found[fault], 0, "{fault}");
    }
    assert_eq!(found["landmarks"], serde_json::json!([1, 1, 1, 1]));
}

fn acme() -> String {
    repository().join("fixtures/acme").to_str().unwrap().to_owned()
}

#[test]
fn the_page_reads_well_at_both_widths_and_in_both_lights() {
    let Some(chromium) = chromium() else { return };
    let home = Home::new();
    let html = page(&home, &["run", &acme()]);
    for (width, dark) in [(360, false), (360, true), (1400, false), (1400, true)] {
        let found = probe(&home, chromium, &html, width, dark);
        assert_sound(&found, width, dark);
        let (sorted, filtered) = (&found["sorted"], &found["filtered"]);
        let list = |name: &str| -> Vec<String> { serde_json::from_value(sorted[name].clone()).unwrap() };
        let mut up = list("before");
        up.sort_by_key(|t| t.to_lowercase());
        assert_eq!(list("up"), up);
        up.reverse();
        assert_eq!(list("down"), up);
        assert_eq!(sorted["said"], "descending");
        let shown = filtered["shown"].as_array().unwrap();
        assert!(!shown.is_empty() && shown.len() < up.len(), "{filtered}");
        assert!(shown.iter().all(|r| r.as_str().unwrap().contains(filtered["wanted"].as_str().unwrap())));
        assert!(filtered["said"].as_str().unwrap().contains(&format!("of {}", up.len())));
    }
}

#[test]
fn hostile_and_overlong_texts_break_nothing() {
    let Some(chromium) = chromium() else { return };
    let home = Home::new();
    let long = "an_account_without_any_place_to_break_".repeat(6);
    let evil = "<img src=http://evil.example/x onerror=document.title=1><script>document.title=1</script>\"'";
    home.write(
        "in/billed_usage.csv",
        format!(
            "line_id,account_id,metric,period_start,period_end,quantity,amount,currency\n\
             l1,{long},api_calls,2026-10-01,2026-11-01,777777777777777777.123456,7,USD\n\
             l2,\"{}\",api_calls,2026-10-01,2026-11-01,7,7,USD\n",
            evil.replace('"', "\"\"")
        ),
    );
    home.write(
        "in/usage_events.csv",
        format!(
            "event_id,account_id,metric,timestamp,quantity\ne1,{long},api_calls,2026-10-01T00:00:00Z,1\n\
             e2,{long},api_calls,2026-11-02T00:00:00Z,1\ne3,\"{}\",api_calls,2026-10-05T00:00:00Z,1\n",
            evil.replace('"', "\"\"")
        ),
    );
    let html = page(&home, &["reconcile", "in"]);
    assert!(html.contains("&lt;img src=http://evil.example/x"), "{html}");
    let found = probe(&home, chromium, &html, 360, false);
    assert_sound(&found, 360, false);
    let (dom, log) = browse(&home, chromium, &home.write("page.html", &html), 360, false);
    assert!(dom.contains("<title>crosscheck reconcile"), "a script of the export ran");
    assert_eq!(console(&log), [""; 0]);
}

#[test]
fn the_policy_lets_the_page_s_own_script_run_and_nothing_else() {
    let Some(chromium) = chromium() else { return };
    let home = Home::new();
    let html = page(&home, &["run", &acme()]);
    let (dom, log) = browse(&home, chromium, &home.write("page.html", &html), 1400, false);
    assert_eq!(console(&log), [""; 0]);
    assert!(dom.contains("aria-label=\"Filter: "), "the page's script did not run");
    for foreign in ["<script>document.title = 'foreign'</script>", "<img src=\"http://127.0.0.1:9/x.png\">"] {
        let with = html.replace("</body>", &format!("{foreign}</body>"));
        let (dom, log) = browse(&home, chromium, &home.write("page.html", with), 1400, false);
        assert!(console(&log).iter().any(|l| l.contains("Content Security Policy")), "{foreign}: {log}");
        assert!(!dom.contains("<title>foreign"), "{foreign}");
    }
}
